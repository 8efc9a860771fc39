"""The findings in the format ``text``, document by document, starting with those that keep the server from starting.

Findings at one place share its source lines. Missing settings share one block, because their place is only a brace. The consequence and the
remedy of a rule are printed in full once; later findings repeat them only if theirs are different.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from ..model import Document, Finding, Fix, Related, Result, SettingPath, Style, dotted
from ..text import Excerpt, printable
from ..typed import Final
from ._changes import changed_lines
from ._columns import UNKNOWN, fitting, width, wrapped
from ._drawing import Mark, drawn, note
from ._words import as_text, by_document, notes_of, of_holder, paint, place

_MOST_PLACES: Final = 6
"""The maximum number of second places of a finding in its own document that are drawn; the others are named."""


def by_file(findings: Iterable[Finding], result: Result, style: Style) -> Iterator[str]:
    """The parts of a text report about findings, in the order of their documents, each of whole lines."""
    writer = _Writer(result, style)
    for document, facts, groups in by_document(findings):
        yield as_text([*writer.headline(printable(document.uri), facts), ""])
        for is_missing, group in groups:
            yield as_text([*(writer.missing(group) if is_missing else writer.place(group)), ""])


class _Writer:
    """Writes findings, and remembers what it has printed for each rule."""

    def __init__(self, result: Result, style: Style) -> None:
        self._rules = result.rules
        self._style = style
        self._columns = style.width or UNKNOWN
        self._said: set[tuple[str, str, str]] = set()
        """What has been printed: the rule, the part of the finding, and its text without variable parts."""

    def headline(self, path: str, facts: str) -> Iterator[str]:
        """The lines about a document: its name, and how many of its findings keep the server from starting."""
        first, *others = wrapped(f"{path}{facts}", self._columns, indent=4)
        yield paint(path, "place", self._style) + first[len(path) :] if first.startswith(path) else paint(first, "place", self._style)
        yield from others

    def missing(self, findings: Iterable[Finding]) -> Iterator[str]:
        """The missing settings, without source lines, which would not show them."""
        yield paint("Missing here:", "place", self._style)
        for finding in findings:
            yield from self._label(finding)
            if finding.path is not None and len(finding.path) > 1:
                yield self._arrow(1, place(finding.document, finding.span))
            yield from self._elsewhere(finding)
            yield from self._notes(finding, 1)

    def place(self, findings: Sequence[Finding]) -> Iterator[str]:
        """The findings at one place, with its source lines after the headline of the first."""
        digits = 1
        for number, finding in enumerate(findings):
            document = finding.document
            yield from self._label(finding)
            here = [one for one in finding.related if one.document is document]
            marks = [Mark(finding.path, finding.span, finding.severity, "^")] if number == 0 else []
            marks += map(_mark_of_related, here[:_MOST_PLACES])
            if marks:
                lines, digits = drawn(document, marks, self._style)
                yield from (self._arrow(digits, place(document, marks[0].span)), *lines)
            if here[_MOST_PLACES:]:
                numbers = list(dict.fromkeys(document.position(one.span.start).line for one in here[_MOST_PLACES:]))
                listed = ", ".join(map(str, numbers[:12])) + (", …" if len(numbers) > 12 else "")
                yield from note("also", f"{'line' if len(numbers) == 1 else 'lines'} {listed}", digits, self._style)
            yield from self._elsewhere(finding)
            yield from self._notes(finding, digits)

    def _elsewhere(self, finding: Finding) -> Iterator[str]:
        """Places in other documents, each with its own source line."""
        for one in finding.related:
            if one.document is not finding.document:
                lines, digits = drawn(one.document, [_mark_of_related(one)], self._style)
                yield from (self._arrow(digits, f"{place(one.document, one.span)}{of_holder(one.document)}"), *lines)

    def _arrow(self, digits: int, where: str) -> str:
        return f"{' ' * digits}{paint('-->', 'gutter', self._style)} {where}"

    def _label(self, finding: Finding) -> Iterator[str]:
        """The severity, the rule and what is wrong."""
        before, rule, level = f"{finding.severity}[", printable(finding.rule), finding.severity
        text = wrapped(printable(finding.says.what), self._columns, len(before) + len(rule) + 3, 4)
        painted = paint(f"{before}{rule}]", level, self._style)
        if self._style.links:  # the id of a rule links to its documentation
            info = self._rules.get(finding.rule)
            address = next((link for link in info.links if re.fullmatch(r"https?://[!-~]+", link)), "") if info is not None else ""
            name = paint(rule, level, self._style)
            linked = f"\033]8;;{address}\033\\{name}\033]8;;\033\\" if address else name
            painted = f"{paint(before, level, self._style)}{linked}{paint(']', level, self._style)}"
        yield from (f"{painted}: {text[0]}", *text[1:])

    def _notes(self, finding: Finding, digits: int) -> Iterator[str]:
        """The consequence and the remedy, once per rule, whatever the setting; the other notes; the change that a fix makes."""
        setting = dotted(finding.path or ())
        for what, text in notes_of(finding):
            known = (finding.rule, what, _without_variable_parts(text.replace(setting, "_") if setting else text))
            if text and (known not in self._said or what not in ("why", "fix")):
                self._said.add(known)
                yield from note(what, text, digits, self._style)
        if finding.fix is not None:
            yield from self._fix(finding.document, finding.path, finding.fix, digits)

    def _fix(self, document: Document, setting: SettingPath | None, fix: Fix, digits: int) -> Iterator[str]:
        """The edits of a fix as a diff, or the commands that make it."""
        margin = " " * (digits + 3)
        lines = changed_lines(document, setting, fix)
        columns = self._style.width - len(margin) - 2
        same = len(os.path.commonprefix([line[2:] for line in lines]))
        for sign, text in ((line[:2], line[2:]) for line in lines):
            if self._style.width and width(text) > columns:  # cut around the difference; commands are never cut, because people copy them
                text = fitting(Excerpt(0, text, min(same, len(text)), len(text)), columns).text
            yield f"{margin}{paint(sign + text, 'error' if sign[0] == '-' else 'added', self._style)}"
        for command in fix.commands or ():
            yield from (f"{margin}{paint(printable(line), 'added', self._style)}" for line in command.printed)


def _mark_of_related(related: Related) -> Mark:
    """The mark of a second place, without its text if that is the name in the line anyway."""
    return Mark(related.path, related.span, "note", "-", "" if related.message == dotted(related.path) else related.message)


@lru_cache(maxsize=1_000)
def _without_variable_parts(text: str) -> str:
    """A text without the parts that vary between the findings of a rule: quoted texts, addresses, numbers."""
    return re.sub(r'"[^"]*"|\([^()]*\)|https?://\S+|\d+', "_", text)
