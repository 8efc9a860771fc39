"""Remarks in files that accept findings: which findings they cover, and which of them cover nothing.

As ruff does with ``noqa``: a remark that nothing needs is itself found, so that it cannot hide a later mistake; only rules that were
checked count. A remark that names no rule is found too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from .model import Document, Finding, Span
from .policy.errors import did_you_mean
from .sources._source import Loaded, Suppression

RULE: Final = "unused-suppression"
"""The rule under whose id such remarks are found."""


class Unused(NamedTuple):
    """A remark, or a part of one, that is not needed. ``document`` is the first of its file that it is about."""

    document: Document
    span: Span
    message: str


class _Remark(NamedTuple):
    document: Document
    suppression: Suppression
    checked: frozenset[str]
    known: Collection[str]


class Suppressions:
    """The remarks of all files of a run."""

    def __init__(self) -> None:
        self._of_document: dict[int, list[_Remark]] = {}
        self._used: set[tuple[str, int, str]] = set()

    def take(self, loaded: Loaded, checked: frozenset[str], known: Collection[str]) -> None:
        """Note the remarks about a document; ``checked`` are the rules that it is checked with, ``known`` all that there are."""
        if loaded.suppressions:
            remarks = [_Remark(loaded.document, one, checked, known) for one in loaded.suppressions]
            self._of_document[id(loaded.document)] = remarks

    def apply(self, finding: Finding) -> Finding:
        """The finding, with the reason of the first remark that covers it."""
        for remark in self._of_document.get(id(finding.document), ()):
            suppression = remark.suppression
            if finding.rule in suppression.rules and suppression.span.start <= finding.span.start < suppression.span.end:
                self._used.add((*_place(remark), finding.rule))
                return finding._replace(suppressed=suppression.reason)
        return finding

    def unused(self) -> Iterator[Unused]:
        """What is not needed, when all findings are known. A file's remarks are about all of its documents: each is told once."""
        remarks = [remark for several in self._of_document.values() for remark in several]
        checked: dict[tuple[str, int], frozenset[str]] = {}
        for remark in remarks:
            place = _place(remark)
            checked[place] = checked.get(place, frozenset()) | remark.checked
        told: set[tuple[str, int]] = set()
        for remark in remarks:
            place = _place(remark)
            if place not in told:
                told.add(place)
                yield from self._unused(remark, checked[place])

    def _unused(self, remark: _Remark, checked: frozenset[str]) -> Iterator[Unused]:
        span = remark.suppression.place
        for rule in sorted(remark.suppression.rules):
            if rule not in remark.known:
                message = f'the remark suppresses the rule "{rule}", and there is none{did_you_mean(rule, remark.known)}'
            elif rule in checked and (*_place(remark), rule) not in self._used:
                message = f"the remark suppresses {rule}, of which nothing is found here; delete it"
            else:
                continue
            yield Unused(remark.document, span, message)


def _place(remark: _Remark) -> tuple[str, int]:
    return remark.document.uri, remark.suppression.place.start
