"""Suppression comments: which findings they cover, and which of them cover nothing.

As with ruff's ``noqa`` a comment that nothing needs is itself reported, so that it cannot hide a later mistake; only rules that were
checked count. A comment that names no rule is reported too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from ..documents.source import Suppression
from ..model import Document, Finding, Message, sentence
from ..policy.rule_set import meant_rule
from ..text import Span
from ..typed import NamedTuple
from . import Checked


class Unused(NamedTuple):
    """A suppression comment, or a part of one, that is not needed. ``document`` is the first of its file."""

    document: Document
    span: Span
    message: Message


class _Cover:
    """Suppression comments about one rule, of which the first that covers a place is found without looking at the others."""

    def __init__(self, suppressions: list[Suppression]) -> None:
        self._suppressions = sorted(suppressions, key=lambda one: one.span.start)
        self._ends = list(accumulate((one.span.end for one in self._suppressions), max))

    def at(self, place: int) -> Suppression | None:
        """The first comment that covers a place."""
        index = bisect_right(self._ends, place)
        found = self._suppressions[index : index + 1]
        return found[0] if found and found[0].span.start <= place else None


class _File:
    """The suppression comments of a file, which are about all of its documents."""

    def __init__(self, first: Checked) -> None:
        self.first = first
        self.checked: set[str] = set()
        self.used: set[tuple[int, str]] = set()
        by_rule: dict[str, list[Suppression]] = {}
        for suppression in first.loaded.suppressions:
            for rule in suppression.rules:
                by_rule.setdefault(rule, []).append(suppression)
        self.covers = {rule: _Cover(group) for rule, group in by_rule.items()}

    def unused(self, suppression: Suppression) -> Iterator[Unused]:
        """What of a comment no finding needs."""
        known = self.first.known
        for rule in sorted(suppression.rules):
            if rule not in known:
                is_category = any(info.category == rule for info in known.values())
                near = "" if is_category else meant_rule(rule, known, known.values()).removeprefix("; ")
                what = f'the suppression comment names the rule "{rule}", which does not exist'
                message = sentence(what, "that is a category" if is_category else "", near)
            elif rule in self.checked and (suppression.place.start, rule) not in self.used:
                what = f"the suppression comment for {rule} is unused"
                message = sentence(what, "the rule finds nothing here", "delete it", by=", because ")
            else:
                continue
            yield Unused(self.first.document, suppression.place, message)


class Suppressions:
    """The suppression comments of all files of a run."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._anchors: dict[Document, tuple[tuple[Span, int], ...]] = {}

    def take(self, checked: Checked) -> None:
        """Add the comments about a document that was checked."""
        if checked.loaded.suppressions:
            file = self._files.setdefault(checked.document.uri, _File(checked))
            file.checked |= checked.rules
            self._anchors[checked.document] = checked.loaded.anchors

    def reason(self, finding: Finding) -> str | None:
        """The reason of the first comment that covers a finding, or the name of the variable in whose value it is."""
        anchors = self._anchors.get(finding.document)
        file = self._files[finding.document.uri] if anchors is not None else None
        if file is None or anchors is None or (cover := file.covers.get(finding.rule)) is None:
            return None
        comment = next(filter(None, map(cover.at, _places(finding.span.start, anchors))), None)
        if comment is None:
            return None
        file.used.add((comment.place.start, finding.rule))
        return comment.reason

    def unused(self) -> Iterator[Unused]:
        """The comments, and parts of them, that no finding needs, once :meth:`reason` has seen every finding."""
        for file in self._files.values():
            for suppression in file.first.loaded.suppressions:
                yield from file.unused(suppression)


def _places(at: int, anchors: tuple[tuple[Span, int], ...]) -> Iterable[int]:
    """A place, and where the name of the value in which it is stands."""
    before = bisect_right(anchors, at, key=lambda anchor: anchor[0].start) - 1
    return (at, anchors[before][1]) if before >= 0 and at < anchors[before][0].end else (at,)
