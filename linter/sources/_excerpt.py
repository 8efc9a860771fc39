"""Source lines that are safe to show.

A value is shown only right behind its name, and when that is known to be no secret's: an unknown name may be a misspelt secret. Where
the text could not be read, even names are shown only when they are known, for a quote in the wrong place can turn a secret into a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..model import MASK, Excerpt, Span, Text, printable, without_credentials

_WIDEST = 160
_SHOWN_OF_LONG = 100
_FARTHEST = 10_000
"""Characters behind the shown part of a long line in which the end of its last token is looked for."""
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\n\r]|\\.)*(?P<closed>")?)|(?P<blank>[^\S\n\r]+)|(?P<sign>[{}\[\]:,])'
    r'|(?P<word>(?:(?!//|/\*)[^\s{}\[\]:,"])+)|(?P<comment>/.)',
    re.DOTALL,
)
_COLON = re.compile(r"[ \t\r\n]*:")
_ENDS_WELL = re.compile(r"[^\S\r\n]*(?:[,\]}\r\n]|//|/\*|\Z)")
_WITHIN_A_STRING = re.compile(r"[\x00-\x1f\\\ufffd]")
"""What a place inside of a string begins with: a character that must be escaped, a wrong escape, or what is not UTF-8."""
_HARMLESS_WORDS = frozenset({"true", "false", "null"})


class Visibility(NamedTuple):
    """What of a text may be shown: ``public`` tells whether the value of a name may, ``known`` whether a name itself may be."""

    public: Callable[[str], bool]
    known: Callable[[str], bool]


class Piece(NamedTuple):
    """A part of a line, and the text to show for it; where that has another length, something is masked."""

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
    line_reader = _Line(text.content, min(whole.end, end + _FARTHEST), visibility, span if show else None)
    line_reader.lost = start > whole.start and _WITHIN_A_STRING.match(text.content, start) is not None
    pieces = list(line_reader.pieces(start, end))
    shown = lead + "".join(piece.text for piece in pieces) + tail
    under_start = len(lead) + column_of(pieces, span.start, at_end=False)
    under_end = len(lead) + column_of(pieces, min(span.end, end), at_end=True)
    return Excerpt(line, shown, under_start, max(under_end, under_start + 1))


def column_of(pieces: list[Piece], offset: int, *, at_end: bool) -> int:
    """Where a character of the text stands in the masked line; inside a masked piece its start or its end."""
    column = 0
    for piece in pieces:
        if offset < piece.end or (at_end and offset == piece.end):
            if len(piece.text) == piece.end - piece.start:
                return column + max(offset - piece.start, 0)
            return column + (len(piece.text) if at_end else 0)
        column += len(piece.text)
    return column


class _Line:
    """Goes through the tokens of a line and keeps track of whose value each of them is."""

    def __init__(self, content: str, limit: int, visibility: Visibility, shown: Span | None) -> None:
        self._content = content
        self._limit = limit
        self._visibility = visibility
        self._shown = shown
        self._public = False
        """Whether the value that comes next, or the list that was begun, may be shown."""
        self._lists = 0
        """How many lists of the value are open."""
        self._due = True
        """Whether a value can come next."""
        self._colon_due = False
        self.lost = False
        """Whether the tokens make no sense any more, or the line does not begin with one: then no value is taken for public."""

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        """The tokens from ``start`` to ``end`` with the text to show for each."""
        at = start
        while at < end:
            match = _TOKEN.match(self._content, at, self._limit)
            assert match is not None  # the kinds of token leave out no character of a line
            text = self._text(match)
            stop = min(match.end(), end)
            if match.end() > end:
                text = text[: max(end - at, len(MASK) + 2)]
            yield Piece(at, stop, text)
            at = stop
            if match.lastgroup == "comment" and at < end:
                # Nobody knows what a comment holds, or where it ends.
                yield Piece(at, end, f" {MASK}")
                return

    def _text(self, match: re.Match[str]) -> str:
        token = match[0]
        if match.lastgroup == "blank":
            return printable(token.replace("\t", " "))
        if match.lastgroup == "comment":
            return printable(token)
        if match.lastgroup == "sign":
            self._sign(token)
            return token
        if match["closed"] and _COLON.match(self._content, match.end()):
            return self._name(token)
        visible = self._value() or self._shown == Span(*match.span())
        if match["string"]:
            whole = match["closed"] and _ENDS_WELL.match(self._content, match.end())
            return _without_secrets(token) if visible and whole else f'"{MASK}"'
        return printable(token) if visible or token in _HARMLESS_WORDS else MASK

    def _name(self, token: str) -> str:
        name = token[1:-1]
        public = self._visibility.public(name)
        self._expected()
        self._public = public and not self.lost
        self._lists, self._due, self._colon_due = 0, True, True
        return printable(token) if self._visibility.known(name) and (public or not self.lost) else f'"{MASK}"'

    def _value(self) -> bool:
        """Take a value; whether it may be shown."""
        self._expected()
        visible = self._public and not self.lost
        self._due = False
        self._public = visible and self._lists > 0
        return visible

    def _expected(self) -> None:
        """A name or a value comes: behind another one without a comma between, nobody knows what is what."""
        self.lost = self.lost or not self._due or self._colon_due

    def _sign(self, sign: str) -> None:
        if sign == ":":
            self.lost = self.lost or not self._colon_due
            self._colon_due = False
            return
        if sign == "[":
            self._lists += 1
        elif sign == "]":
            self._lists = max(self._lists - 1, 0)
        stays_in_list = sign == "[" or (sign in ",]" and self._lists > 0)
        self._public = self._public and stays_in_list
        self._due = sign in ",[{"


def _without_secrets(token: str) -> str:
    """A string that is public, but for a password in a URL, and a private key where none belongs."""
    try:
        value = str(json.loads(token, strict=False))
    except ValueError:  # a wrong escape
        return f'"{MASK}"'
    shown = without_credentials(value)
    if "PRIVATE KEY" in value or (shown != value and "\\" in token):
        return f'"{MASK}"'
    return printable(token if shown == value else f'"{shown}"')
