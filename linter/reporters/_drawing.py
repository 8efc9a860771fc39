"""Source lines as people see them in a report: with numbers, underlined marks, and gaps left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..model import Document, SettingPath, Style
from ..text import Excerpt, Span, printable
from ..typed import Final, NamedTuple
from ._columns import UNKNOWN, fitting, width, wrapped
from ._words import paint


class Mark(NamedTuple):
    """Characters to underline with a sign, and what to write after that. Without a sign the line is only shown."""

    path: SettingPath | None
    span: Span
    color: str
    sign: str = ""
    label: str = ""


_LEAST: Final = 24
"""The minimum width of the marked part beside the name of its setting."""


def drawn(document: Document, marks: Sequence[Mark], style: Style) -> tuple[list[str], int]:
    """The lines of a document that have marks, and the number of digits of the highest line number."""
    excerpts = [document.origin.excerpt(mark.path, mark.span) for mark in marks]
    digits = len(str(max(excerpt.line for excerpt in excerpts)))
    columns = style.width - digits - 3 if style.width else 0
    rows = [(fitting(one, columns), mark) for one, mark in zip(excerpts, marks, strict=True)]
    named = _name_of(document, marks[0], rows[0][0])
    if named is not None and named.line == excerpts[0].line:
        rows[0] = (_behind(named, excerpts[0], columns), marks[0])
    elif named is not None:
        digits = max(digits, len(str(named.line)))
        rows.append((fitting(named, columns), marks[0]._replace(sign="")))
    return list(_lines(rows, digits, style)), digits


def _name_of(document: Document, mark: Mark, excerpt: Excerpt) -> Excerpt | None:
    """The name of the setting, if the line of its value does not show it: a dump of parameters has them on separate lines."""
    if not mark.path:
        return None
    key = document.locate(mark.path, "key")
    if key.start <= mark.span.start < max(key.end, key.start + 1) or key.start == key.end:
        return None
    is_cut = "…" in (excerpt.text[:1], excerpt.text[-1:])
    if document.position(key.start).line == excerpt.line and not is_cut:
        return None
    named = document.origin.excerpt(mark.path, key)
    name = named.text[named.start : named.end]
    return None if not name or named.masked or (named.line == excerpt.line and name in excerpt.text) else named


def _behind(named: Excerpt, excerpt: Excerpt, columns: int) -> Excerpt:
    """A long line with the name of the setting in front of the marked part; without the name if there is no room."""
    lead = "…" if named.start else ""
    name = f"{lead}{named.text[named.start : named.end]}"
    start, end = (at - named.start + len(lead) for at in (excerpt.start, excerpt.end))
    line = f"{lead}{excerpt.text[named.start :]}"
    if columns and line.startswith(name) and start > 0 and width(line[:start]) <= columns // 2:  # it is close before
        shown = fitting(Excerpt(excerpt.line, line, 0, 0), columns)
        return shown._replace(start=start, end=min(end, len(shown.text)))
    if columns and width(name) > columns - _LEAST:
        return fitting(excerpt, columns)
    shown = fitting(excerpt, max(columns - width(name), 0))
    lead = "" if shown.text.startswith("…") else "…"
    return shown._replace(text=f"{name}{lead}{shown.text}", start=shown.start + len(name + lead), end=shown.end + len(name + lead))


def _lines(rows: Iterable[tuple[Excerpt, Mark]], digits: int, style: Style) -> Iterator[str]:
    margin, bar = " " * digits, paint("|", "gutter", style)
    yield f"{margin} {bar}"
    before: Excerpt | None = None
    for excerpt, mark in sorted(rows, key=lambda row: (row[0].line, row[1].span.start)):
        if before is None or (excerpt.line, excerpt.text) != (before.line, before.text):
            if before is not None and excerpt.line > before.line + 1:
                yield paint("...", "gutter", style)
            number = paint(f"{excerpt.line:>{digits}}", "gutter", style)
            yield f"{number} {bar} {excerpt.text}".rstrip()
        before = excerpt
        if mark.sign:
            columns = (style.width or UNKNOWN) - digits - 3
            yield from (f"{margin} {bar} {line}" for line in _underlined(excerpt, mark, columns, style))


def _underlined(excerpt: Excerpt, mark: Mark, columns: int, style: Style) -> Iterator[str]:
    """The signs beneath a line, followed by the remark about the place, or with it below if it does not fit."""
    at = width(excerpt.text[: excerpt.start])
    long = max(width(excerpt.text[excerpt.start : excerpt.end]), 1)
    if style.width:
        at = max(min(at, columns - 1), 0)
        long = max(min(long, columns - at), 1)
    label = printable(mark.label)
    beside = f" {label}" if label and at + long + 1 + width(label) <= columns else ""
    yield f"{' ' * at}{paint(f'{mark.sign * long}{beside}', mark.color, style)}"
    if label and not beside:
        yield from (paint(line, mark.color, style) for line in wrapped(label, columns))


def note(what: str, text: str, digits: int, style: Style) -> Iterator[str]:
    """A further note on a finding, beneath the numbers of its lines, the highest of which has so many ``digits``."""
    start = digits + 5 + len(what)
    first, *others = wrapped(printable(text), style.width or UNKNOWN, start, start)
    yield f"{' ' * digits} {paint('=', 'gutter', style)} {what}: {first}"
    yield from others
