"""Suppression comments: which findings they cover, and which of them cover nothing.

As ruff does with ``noqa``: a comment that nothing needs is itself reported, so that it cannot hide a later mistake; only rules that were
checked count. A comment that names no rule is reported too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from .documents.source import Loaded, Suppression
from .model import Document, Finding, RuleInfo
from .policy.rule_set import meant_rule
from .text import Span
from .typed import Final, NamedTuple

RULE: Final = "unused-suppression"
"""The rule under whose id such comments are reported."""


class Unused(NamedTuple):
    """A suppression comment, or a part of one, that is not needed. ``document`` is the first of its file that it is about."""

    document: Document
    span: Span
    message: str


class _File:
    """The suppression comments of a file. They are about all of its documents, and each is reported once."""

    def __init__(self, document: Document, suppressions: tuple[Suppression, ...]) -> None:
        self.document = document
        self.checked: frozenset[str] = frozenset()
        """The rules that some document of the file is checked with."""
        self.known: Mapping[str, RuleInfo] = {}
        self.used: set[tuple[int, str]] = set()
        """Where comments stand that something needs, with the rule."""
        self.suppressions = suppressions
        self._covers = {rule: _Cover(group) for rule, group in _by_rule(suppressions).items()}

    def reason(self, rule: str, places: Iterable[int]) -> str | None:
        """The reason of the first comment about a rule that covers one of these places."""
        cover = self._covers.get(rule)
        comment = next((one for place in places if (one := cover.at(place)) is not None), None) if cover is not None else None
        if comment is None:
            return None
        self.used.add((comment.place.start, rule))
        return comment.reason


def _by_rule(suppressions: Iterable[Suppression]) -> dict[str, list[Suppression]]:
    by_rule: dict[str, list[Suppression]] = {}
    for suppression in suppressions:
        for rule in suppression.rules:
            by_rule.setdefault(rule, []).append(suppression)
    return by_rule


class _Cover:
    """Suppression comments about one rule, of which the first that covers a place is found without looking at the others."""

    def __init__(self, suppressions: list[Suppression]) -> None:
        self._suppressions = sorted(suppressions, key=lambda one: one.span.start)
        self._reach = list(accumulate((one.span.end for one in self._suppressions), max))
        """How far the comments up to each one reach."""

    def at(self, place: int) -> Suppression | None:
        """The first comment that covers a place."""
        index = bisect_right(self._reach, place)
        if index == len(self._suppressions) or self._suppressions[index].span.start > place:
            return None
        return self._suppressions[index]


class Suppressions:
    """The suppression comments of all files of a run."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._anchors: dict[Document, tuple[tuple[Span, int], ...]] = {}

    @property
    def are_there(self) -> bool:
        """Whether any file has one."""
        return bool(self._files)

    def take(self, loaded: Loaded, checked: frozenset[str], known: Mapping[str, RuleInfo]) -> None:
        """Note the suppression comments about a document; ``checked`` are the rules that it is checked with, ``known`` all."""
        if not loaded.suppressions:
            return
        file = self._files.setdefault(loaded.document.uri, _File(loaded.document, loaded.suppressions))
        file.checked |= checked
        file.known = known
        self._anchors[loaded.document] = loaded.anchors

    def apply(self, finding: Finding) -> Finding:
        """The finding, with the reason of the first comment that covers it, or the name of the variable in whose value it is."""
        file = self._files.get(finding.document.uri)
        anchors = self._anchors.get(finding.document)
        if file is None or anchors is None:
            return finding
        reason = file.reason(finding.rule, _places(finding.span.start, anchors))
        return finding if reason is None else finding._replace(suppressed=reason, accepted_by="comment")

    def unused(self) -> Iterator[Unused]:
        """The comments, and parts of them, that no finding needs; to be asked when :meth:`apply` has seen every finding."""
        for file in self._files.values():
            for suppression in file.suppressions:
                yield from _unused(file, suppression)


def _places(at: int, anchors: tuple[tuple[Span, int], ...]) -> Iterator[int]:
    """A place, and where the name of the value in which it is stands."""
    yield at
    before = bisect_right(anchors, at, key=lambda anchor: anchor[0].start) - 1
    if before >= 0 and at < anchors[before][0].end:
        yield anchors[before][1]


def _unused(file: _File, suppression: Suppression) -> Iterator[Unused]:
    for rule in sorted(suppression.rules):
        if rule not in file.known:
            is_category = any(info.category == rule for info in file.known.values())
            meant = ": that is a category" if is_category else meant_rule(rule, file.known, file.known.values())
            message = f'the suppression comment names the rule "{rule}", which does not exist{meant}'
        elif rule in file.checked and (suppression.place.start, rule) not in file.used:
            message = f"the suppression comment for {rule} is unused, because the rule finds nothing here; delete it"
        else:
            continue
        yield Unused(file.document, suppression.place, message)
