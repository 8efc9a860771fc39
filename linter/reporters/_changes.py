"""The changes of fixes, as diffs. Long lines are cut around each change, as in excerpts."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from ..model import Change, Document, Finding, Fix, SettingPath
from ..text import Edit, Excerpt, Piece, Span, printable
from ..typed import Final

_MOST_LINES: Final = 6
"""The maximum number of lines of an edit that are shown: a longer one is for a diff."""
_WIDEST: Final = 160
"""The maximum length of a changed line that is shown whole."""
_NEAR: Final = 60
"""The maximum distance from the start to the end of changes that are shown together."""
_BEFORE: Final = 20
"""The number of characters of a long value that are shown before the change."""
_SHOWN_OF_LONG: Final = 100
"""The maximum length of an inserted text."""


def change_of(finding: Finding) -> list[str]:
    """The change that the fix of a finding makes, if it has one: its edits as a diff, and its commands."""
    if finding.fix is None:
        return []
    commands = [printable(line) for command in finding.fix.commands or () for line in command.printed]
    return [*changed_lines(finding.document, finding.path, finding.fix), *commands]


def changed_lines(document: Document, path: SettingPath | None, fix: Fix) -> list[str]:
    """The change that the fix of a finding about ``path`` makes, as a diff; nothing if that may not be shown, or is long."""
    edits = sorted(fix.edits or ()) if fix.shown else []
    if not edits:
        return []
    first, last = document.position(edits[0].span.start).line, document.position(edits[-1].span.end).line
    if last - first >= _MOST_LINES:
        return []
    spans = [document.text.line_span(number) for number in range(first, last + 1)]
    if max(*(span.end - span.start for span in spans), *(len(edit.text) for edit in edits)) <= _WIDEST:
        texts = [_whole_lines(document, edits, spans)]
    else:
        texts = list(islice(_cut_lines(document, path, fix.changes, edits), _MOST_LINES))
    return [line for old, new in texts for line in _difference(old, new)][: 2 * _MOST_LINES]


def _difference(old: str, new: str) -> list[str]:
    """The lines of two texts as a diff, without common lines at the start and the end."""
    gone, come = old.splitlines(), new.splitlines()
    while gone and come and gone[-1] == come[-1]:
        gone, come = gone[:-1], come[:-1]
    while gone and come and gone[0] == come[0]:
        gone, come = gone[1:], come[1:]
    return [*(f"- {printable(line)}" for line in gone), *(f"+ {printable(line)}" for line in come)]


def _whole_lines(document: Document, edits: Sequence[Edit], lines: Sequence[Span]) -> tuple[str, str]:
    """Lines before and after edits, masked."""
    pieces = list(document.origin.pieces(lines[0]))
    for before, line in pairwise(lines):
        pieces += [Piece(before.end, line.start, "\n", masked=True), *document.origin.pieces(line)]

    def shown(start: int, end: int) -> str:
        return "".join(_clipped(piece, start, end) for piece in pieces if piece.start < end and start < piece.end) if start < end else ""

    starts = [lines[0].start, *(edit.span.end for edit in edits)]
    ends = [*(edit.span.start for edit in edits), lines[-1].end]
    kept = [shown(start, end) for start, end in zip(starts, ends, strict=True)]
    return shown(starts[0], ends[-1]), "".join([kept[0], *(edit.text + behind for edit, behind in zip(edits, kept[1:], strict=True))])


def _clipped(piece: Piece, start: int, end: int) -> str:
    """The part of a piece that is in a part of its line; the whole of a piece that is masked, or not shown as it is written."""
    if piece.masked or len(piece.text) != piece.end - piece.start:
        return piece.text
    return piece.text[max(start - piece.start, 0) : end - piece.start]


def _cut_lines(document: Document, path: SettingPath | None, changes: Sequence[Change], edits: Sequence[Edit]) -> Iterator[tuple[str, str]]:
    """The lines before and after edits, with adjacent edits together. ``path`` is the setting that the finding is about."""

    def about(edit: Edit) -> SettingPath | None:
        """The setting that an edit changes; else the finding's."""
        places = ((change.path, document.locate(change.path, "key").start, document.locate(change.path).end) for change in changes)
        return next((changed for changed, start, end in places if start <= edit.span.start <= end), path)

    group: list[Edit] = []
    for edit in edits:
        if group and not _is_one_excerpt(document, about(group[0]), _span_of([group[0], edit])):
            yield from _cut_group(document, about(group[0]), group)
            group = []
        group.append(edit)
    yield from _cut_group(document, about(group[0]), group)


def _is_one_excerpt(document: Document, path: SettingPath | None, span: Span) -> bool:
    """Whether edits within a span are near each other on one line, with nothing masked between them."""
    if span.end - span.start > _NEAR or not document.text.is_in_a_line(span):
        return False
    excerpt = document.origin.excerpt(path, span)
    return not excerpt.masked and excerpt.end - excerpt.start == span.end - span.start


def _cut_group(document: Document, path: SettingPath | None, group: Sequence[Edit]) -> Iterator[tuple[str, str]]:
    """The lines of edits that are near each other; nothing if they may not be shown."""
    span = _span_of(group)
    is_long = len(group) == 1 and max(span.end - span.start, len(group[0].text)) > _SHOWN_OF_LONG
    if is_long and path is not None and document.locate(path) == span and document.text.is_in_a_line(span):
        first = document.origin.excerpt(path, Span(span.start, span.start + 1))
        if not first.masked:
            yield _cut_value(document, first, group[0])
            return
    excerpt = document.origin.excerpt(path, span)
    if excerpt.masked or _is_exact(document, excerpt, span):
        yield _cut(document, excerpt, group)


def _cut_value(document: Document, excerpt: Excerpt, edit: Edit) -> tuple[str, str]:
    """The line of a long visible value, cut around the change."""
    old, new = document.text.content[edit.span.start : edit.span.end], edit.text
    same = len(os.path.commonprefix((old, new)))
    start = same - _BEFORE if same > _NEAR else 0
    goes_on = edit.span.end < document.text.line_around(edit.span.end)[1].end
    lead = excerpt.text[: excerpt.start] + ("…" if start else "")
    return lead + _shortened(old[start:], goes_on=goes_on), lead + _shortened(new[start:], goes_on=goes_on)


def _span_of(edits: Sequence[Edit]) -> Span:
    return Span(edits[0].span.start, edits[-1].span.end)


def _is_exact(document: Document, excerpt: Excerpt, span: Span) -> bool:
    """Whether the columns of an excerpt show exactly the text at a span, perhaps cut off: only the first part of a long value is shown."""
    shown = excerpt.text[excerpt.start : excerpt.end if span.end > span.start else excerpt.start + 1].rstrip("…")
    return document.text.content.startswith(shown, span.start)


def _cut(document: Document, excerpt: Excerpt, edits: Sequence[Edit]) -> tuple[str, str]:
    """The lines of edits that are near each other, as an excerpt shows them.

    Both the excerpt and the text that the edits insert are safe to show: nothing more needs masking.
    """
    span = _span_of(edits)
    new, at = [excerpt.text[: excerpt.start]], span.start
    for edit in edits:
        new += [excerpt.text[excerpt.start + at - span.start : excerpt.start + edit.span.start - span.start], _shortened(edit.text)]
        at = edit.span.end
    if document.text.is_in_a_line(span):
        old, behind = [excerpt.text], excerpt.text[excerpt.end if span.end > span.start else excerpt.start :]
    else:
        last = document.origin.excerpt(None, Span(span.end, span.end))
        old, behind = [excerpt.text, *_between(document, span), last.text], last.text[last.start :]
    return "\n".join(old), "".join([*new, behind])


def _between(document: Document, span: Span) -> Iterator[str]:
    """The lines strictly between those on which a span starts and ends."""
    for number in range(document.position(span.start).line + 1, document.position(span.end).line):
        start = document.text.line_span(number).start
        yield document.origin.excerpt(None, Span(start, start)).text


def _shortened(text: str, *, goes_on: bool = False) -> str:
    """The start of a text, with an ellipsis if that is not all of it, or if it ``goes_on``."""
    return f"{text[:_SHOWN_OF_LONG]}…" if goes_on or len(text) > _SHOWN_OF_LONG else text
