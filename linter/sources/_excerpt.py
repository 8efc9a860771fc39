"""Source lines that are safe to show.

A value is shown only when its name is known to be no secret's: an unknown name may be a misspelt secret. Where the text could not be
read, even names are shown only when they are known, for a quote in the wrong place can turn a secret into a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..model import Excerpt, Span, Text, printable

MASK = "••••••"
_WIDEST = 160
_SHOWN_OF_LONG = 100
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\n\r]|\\.)*"?)|(?P<blank>[ \t]+)|(?P<sign>[{}\[\]:,])|(?P<word>(?:(?!//|/\*)[^\s{}\[\]:,"])+)|(?P<rest>.)',
    re.DOTALL,
)
_COLON = re.compile(r"[ \t\r\n]*:")
_CREDENTIALS = re.compile(r"(?<=://)[^/?#@\s\"]+@")
_HARMLESS_WORDS = frozenset({"true", "false", "null"})


class Visibility(NamedTuple):
    """What of a text may be shown: ``public`` tells whether the value of a name may, ``known`` whether a name itself may be."""

    public: Callable[[str], bool]
    known: Callable[[str], bool]


class _Piece(NamedTuple):
    start: int
    end: int
    text: str


def excerpt(text: Text, span: Span, anchor: int, visibility: Visibility, *, show: bool) -> Excerpt:
    """The line on which ``span`` starts, masked.

    ``anchor`` is where the member's name starts if that is on the same line; a long line is shown from there on. ``show`` lets the
    value at ``span`` itself be seen although it stands under a name that this line does not give.
    """
    line = text.position(span.start).line
    whole = text.line_span(line)
    start, end = whole
    lead = tail = ""
    if end - start > _WIDEST:
        start = anchor if whole.start <= anchor <= span.start and span.start - anchor < _SHOWN_OF_LONG else span.start
        cut = min(end, start + _SHOWN_OF_LONG)
        lead, tail = "…" if start > whole.start else "", "…" if cut < end else ""
        end = cut
    pieces = list(_pieces(text.content, start, end, visibility, span if show else None))
    shown = lead + "".join(piece.text for piece in pieces) + tail
    under_start = len(lead) + _column(pieces, span.start, at_end=False)
    under_end = len(lead) + _column(pieces, min(span.end, end), at_end=True)
    return Excerpt(line, shown, under_start, max(under_end, under_start + 1))


def _column(pieces: list[_Piece], offset: int, *, at_end: bool) -> int:
    """Where a character of the text stands in the masked line; inside a masked piece its start or its end."""
    column = 0
    for piece in pieces:
        if offset < piece.end or (at_end and offset == piece.end):
            if len(piece.text) == piece.end - piece.start:
                return column + max(offset - piece.start, 0)
            return column + (len(piece.text) if at_end else 0)
        column += len(piece.text)
    return column


def _pieces(content: str, start: int, end: int, visibility: Visibility, shown: Span | None) -> Iterator[_Piece]:
    """The tokens of a line with the text to show for each; a piece of another length than its text was changed."""
    public = False
    at = start
    while at < end:
        match = _TOKEN.match(content, at, end)
        assert match is not None  # the last alternative takes any character
        kind, token = match.lastgroup, match[0]
        stop = match.end()
        if kind == "string" and len(token) > 1 and token.endswith('"') and _COLON.match(content, stop):
            name = token[1:-1]
            public = visibility.public(name)
            yield _Piece(at, stop, printable(token) if visibility.known(name) else f'"{MASK}"')
        elif kind == "string":
            visible = (public or shown == Span(at, stop)) and "PRIVATE KEY" not in token
            yield _Piece(at, stop, printable(_CREDENTIALS.sub(f"{MASK}@", token)) if visible else f'"{MASK}"')
        elif kind == "word":
            visible = public or token in _HARMLESS_WORDS or shown == Span(at, stop)
            yield _Piece(at, stop, printable(token) if visible else MASK)
        elif kind == "rest":
            # A comment, or what nobody can read: nothing more of this line is shown.
            lead = token if token != "/" else content[at : at + 2]
            yield _Piece(at, at + len(lead), printable(lead))
            if at + len(lead) < end:
                yield _Piece(at + len(lead), end, f" {MASK}")
            return
        elif kind == "blank":
            yield _Piece(at, stop, " " * len(token))
        else:
            yield _Piece(at, stop, token)
        at = stop
