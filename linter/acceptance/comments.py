"""Suppression comments: which findings they cover, and which comments cover nothing.

As with ruff's ``noqa``, an unneeded comment is itself reported, so that it cannot hide a later mistake; only rules that were checked count.
A comment that names no rule is reported too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from ..documents.source import Suppression
from ..model import Acceptance, Document, Finding, Message, Notice, gathered, sentence
from ..suggest import did_you_mean
from ..text import Span
from ..typed import NamedTuple
from . import Checked, Listed, Reach


class Unused(NamedTuple):
    """A suppression comment, or a part of one, that covers nothing. ``document`` is the first of its file."""

    document: Document
    span: Span
    message: Message


class Comments:
    """The suppression comments of a file, which apply to all of its documents."""

    def __init__(self, documents: list[Checked]) -> None:
        self._first = documents[0]
        self._checked = frozenset[str]().union(*(checked.rules for checked in documents))
        self._anchors = {checked.document: checked.loaded.anchors for checked in documents}
        self._used: set[tuple[int, str]] = set()
        self._about = gathered((rule, suppression) for suppression in self._first.loaded.suppressions for rule in suppression.rules)
        """The comments about each rule, in their order, so that no later one ends, or begins, before an earlier one."""

    def acceptance(self, finding: Finding) -> Acceptance | None:
        """What the first comment says that covers a finding, or the name of the variable in whose value it is."""
        at, anchors, about = finding.span.start, self._anchors[finding.document], self._about.get(finding.rule, [])
        before = bisect_right(anchors, at, key=lambda anchor: anchor[0].start) - 1 if about else -1
        places = (at, anchors[before][1]) if before >= 0 and at < anchors[before][0].end else (at,)
        for place in places:
            index = bisect_right(about, place, key=lambda one: one.span.end)
            if index < len(about) and about[index].span.start <= place:
                self._used.add((about[index].place.start, finding.rule))
                return self._written(about[index], finding.rule)
        return None

    def _written(self, suppression: Suppression, rule: str) -> Acceptance:
        line = self._first.document.position(suppression.place.start).line
        return Acceptance(rule, suppression.reason, line=line, file=self._first.document.uri, source="comment", **suppression.terms)

    def listed(self, _reach: Reach) -> Iterator[Listed]:
        """See :class:`~linter.acceptance.acceptors.Acceptor`; each rule of a comment is one."""
        for rule, one in ((rule, one) for rule, about in self._about.items() for one in about):
            is_used = (one.place.start, rule) in self._used
            why_not = "the rule finds nothing here" if rule in self._checked or rule not in self._first.known else None
            yield self._written(one, rule), is_used, None if is_used else why_not

    def notices(self, _reach: Reach) -> tuple[Notice, ...]:
        """Nothing: an unneeded comment is a finding."""
        return ()

    def unused(self) -> Iterator[Unused]:
        """The comments, and parts of comments, that no finding needs, once :meth:`acceptance` has seen every finding."""
        known = self._first.known
        for suppression in self._first.loaded.suppressions:
            for rule in sorted(suppression.rules):
                if rule not in known:
                    is_category = any(info.category == rule for info in known.values())
                    near = "" if is_category else did_you_mean(rule, known).removeprefix("; ")
                    what = f'the suppression comment names the rule "{rule}", which does not exist'
                    message = sentence(what, "that is a category" if is_category else "", near)
                elif rule in self._checked and (suppression.place.start, rule) not in self._used:
                    what = f"the suppression comment for {rule} is unused"
                    message = sentence(what, "the rule finds nothing here", "delete it", by=", because ")
                else:
                    continue
                yield Unused(self._first.document, suppression.place, message)
