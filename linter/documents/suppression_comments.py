"""Suppression comments, by which a file accepts findings: ``# medplum-lint: ignore[rule-id, other-id] reason``.

At the end of a line a comment is about that line, on a line of its own about the next line that holds something. A comment without a reason
has no effect: whoever reads the file later shall know why.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from ..model import sentence
from ..text import Span, Text
from ..typed import NamedTuple
from .source import Problem, Suppression

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#+[ \t]*medplum-lint[ \t]*:[ \t]*(?P<rest>[^\r\n]*)", re.MULTILINE)
_IGNORE = re.compile(r"ignore[ \t]*\[(?P<ids>[^\]]*)\][ \t]*(?P<reason>.*)")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?")


class SuppressionComments(NamedTuple):
    """What the suppression comments of a file accept, and what is wrong with those that accept nothing."""

    suppressions: tuple[Suppression, ...]
    problems: tuple[Problem, ...]


def read_suppression_comments(text: Text, is_comment: Callable[[int], bool]) -> SuppressionComments:
    """Every suppression comment of a text. ``is_comment`` tells whether a "#" at an offset begins a comment and is no part of a value."""
    suppressions: list[Suppression] = []
    problems: list[Problem] = []
    lines = _Lines(text)
    if "medplum-lint" not in text.content:
        return SuppressionComments((), ())
    for match in _COMMENT.finditer(text.content):
        if not is_comment(match.start()):
            continue
        read = _read(match, lines)
        if isinstance(read, Suppression):
            suppressions.append(read)
        else:
            problems.append(read)
    return SuppressionComments(tuple(suppressions), tuple(problems))


def within(spans: Iterable[Span]) -> Callable[[int], bool]:
    """A function that says whether an offset lies in one of some spans; no two of them may overlap."""
    ordered = sorted(spans)
    starts = [span.start for span in ordered]

    def is_within(at: int) -> bool:
        before = bisect_right(starts, at)
        return before > 0 and at < ordered[before - 1].end

    return is_within


def _read(match: re.Match[str], lines: _Lines) -> Suppression | Problem:
    ignore = _IGNORE.fullmatch(match["rest"].rstrip())
    if ignore is None:
        return _problem(match, 'write "# medplum-lint: ignore[rule-id] reason"')
    ids = [one.strip() for one in ignore["ids"].split(",")]
    if not all(_ID.fullmatch(one) for one in ids):
        return _problem(match, "write rule ids in its brackets, separated by commas")
    if not ignore["reason"].strip():
        return _problem(match, "write a reason after its brackets")
    return Suppression(lines.covered(match.start()), frozenset(ids), ignore["reason"].strip(), Span(*match.span()))


def _problem(match: re.Match[str], advice: str) -> Problem:
    message = sentence("this suppression comment has no effect", remedy=advice, then=": ")
    return Problem("invalid-suppression", message, Span(*match.span()))


class _Lines:
    """The lines of a text that suppression comments are about."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._last = 0
        self._next: Span | None = None
        """The line that the last comment was about, if that was one behind it."""

    def covered(self, at: int) -> Span:
        """The line of a comment; for one that has a line of its own that and the next line that holds something else than a comment."""
        line = self._text.position(at).line
        start, end = self._text.line_span(line)
        if self._text.content[start:at].strip():
            return self._with_line_end(start, end)
        following = self._behind(line)
        return self._with_line_end(start, following.end if following is not None else end)

    def _with_line_end(self, start: int, end: int) -> Span:
        return Span(start, min(end + 1, len(self._text.content)))

    def _behind(self, line: int) -> Span | None:
        """Comments come in their order: one that stands before the line that was found last is about it too."""
        if line >= self._last:
            lines = _lines_after(self._text, line)
            self._next = next((one for one in lines if _is_no_comment(self._text.content[one.start : one.end].strip())), None)
            self._last = self._text.position(self._next.start).line if self._next is not None else sys.maxsize
        return self._next


def _is_no_comment(content: str) -> bool:
    return bool(content) and not content.startswith("#")


def _lines_after(text: Text, line: int) -> Iterator[Span]:
    while True:
        line += 1
        try:
            yield text.line_span(line)
        except IndexError:
            return
