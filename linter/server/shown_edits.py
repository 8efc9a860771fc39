"""Which edits may be shown: those that remove, span and insert only visible text.

The length of masked text must not be revealed either, so no edit may begin or end within it or right beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from ..model import Change, Document, Mark
from ..patterns import pattern
from ..settings.env_names import variable_of
from ..settings.kinds import catalogue_kind
from ..syntax.edits import after_break
from ..text import Edit, Piece, Span
from ..typed import Final
from .shown import catalogue_of, is_shown_whole, visible

_LONGEST_LINE: Final = 10_000
"""The maximum length of a line that is examined for an edit."""
_MOST_LINES: Final = 50
"""The maximum number of lines that an edit removes."""
_SIGNS: Final = pattern(r"[\s{}\[\]:,\"'=]+")
"""The characters between the words of an inserted text, which reveal nothing."""
_WORDS_OF_FORMATS: Final = frozenset({"", "-", "name", "value", "true", "false", "null"})


def as_shown(document: Document, changes: Sequence[Change], edits: Sequence[Edit]) -> tuple[tuple[Edit, ...], bool]:
    """The edits that make changes, and whether they may be shown.

    An edit that removes the masked end of a line, such as a comment, also removes the line end and puts it back, so that its own end
    reveals nothing.
    """
    if changes and len(edits) >= len(changes) and all(is_shown_whole(document, change) for change in changes):
        return tuple(edits), True  # the text between two changes may be secret
    wider = tuple(_with_line_end(document, edit) for edit in edits)
    if not all(_is_visible(document, edit.span) for edit in wider):
        return tuple(edits), False
    known = {word for text in (*_seen(document, wider), *_public(document, changes)) for word in _SIGNS.split(text)} | _WORDS_OF_FORMATS
    shown = all(known.issuperset(_SIGNS.split(edit.text)) for edit in wider)
    return (wider, True) if shown else (tuple(edits), False)


def _public(document: Document, changes: Iterable[Change]) -> Iterator[str]:
    """The texts that changes add to a document and that may be shown: names of settings, and values of public ones."""
    known, release = catalogue_of(document), document.server.release
    for change in changes:
        path = change.value if change.action == "rename" else change.path
        if known.get(path) is not None:
            yield from map(str, path)
            if catalogue_kind(document.kind) == "server" and all(isinstance(step, str) for step in path):
                yield variable_of(tuple(map(str, path)), release)
        value = change.value
        is_value = change.action == "set" and not isinstance(value, dict | Mark)
        if is_value and known.is_public(path) and visible(known, path, value) == value:
            yield from (str(value), json.dumps(value), json.dumps(value, ensure_ascii=False))


def _with_line_end(document: Document, edit: Edit) -> Edit:
    """An edit that removes the masked end of a line, extended by the line end."""
    content, (start, end) = document.text.content, edit.span
    behind = after_break(content, end)
    if edit.text or end == behind or not any(piece.masked and piece.end == end for piece in _pieces(document, end)):
        return edit
    return Edit(Span(start, behind), content[end:behind])


def _is_visible(document: Document, span: Span) -> bool:
    """Whether nothing at or beside a span is masked, except on a line whose whole rest is in the span."""
    first, last = (document.position(at).line for at in span)
    if last - first >= _MOST_LINES:
        return False
    hidden = 0
    for number in range(first, last + 1):
        whole = document.text.line_span(number)
        if whole.end - whole.start > _LONGEST_LINE:
            return False
        masked = [one for one in _pieces(document, whole.start) if one.masked and one.start <= span.end and span.start <= one.end]
        if any(one.start < span.start or span.end <= whole.end for one in masked):
            return False
        hidden += bool(masked)
    return hidden < 2


def _seen(document: Document, edits: Iterable[Edit]) -> Iterator[str]:
    """The visible text that edits remove."""
    for start, end in (edit.span for edit in edits):
        for number in range(document.position(start).line, document.position(end).line + 1):
            for piece in _pieces(document, document.text.line_span(number).start):
                if not piece.masked:
                    yield document.text.content[max(piece.start, start) : min(piece.end, end)]


def _pieces(document: Document, at: int) -> list[Piece]:
    """The pieces of the line of a character, computed once per line."""
    line = document.text.line_span(document.position(at).line)
    if line.end - line.start > _LONGEST_LINE:
        return []
    return document.cached(f"pieces of the line at {line.start}", lambda: list(document.origin.pieces(line)))
