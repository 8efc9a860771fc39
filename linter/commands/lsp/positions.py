"""Between offsets in a text and positions of the protocol: a line from 0, and a number of units, which client and server agree on."""

from __future__ import annotations

from lsprotocol import types

from ...text import Span, Text
from ...typed import Final

_BYTES: Final = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
"""The codec of each position encoding, and the bytes of a unit of it."""


class Positions:
    """The positions in one text. ``encoding`` is one of the protocol's: utf-8, utf-16 or utf-32."""

    def __init__(self, text: Text, encoding: str) -> None:
        self._text = text
        self._codec, self._size = _BYTES[encoding]

    def position(self, offset: int) -> types.Position:
        """The position of a character."""
        at = self._text.position(offset)
        start = self._text.line_span(at.line).start
        before = self._mark(at.line) + self._text.content[start : start + at.column - 1]
        return types.Position(at.line - 1, len(before.encode(self._codec, "surrogatepass")) // self._size)

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def offset(self, position: types.Position) -> int:
        """The character at a position; the end of its line, or of the text, if there is none."""
        try:
            start, end = self._text.line_span(position.line + 1)
        except IndexError:
            return len(self._text.content)
        mark = self._mark(position.line + 1)
        before = (mark + self._text.content[start:end]).encode(self._codec, "surrogatepass")[: position.character * self._size]
        return start + max(0, len(before.decode(self._codec, "ignore")) - len(mark))

    def _mark(self, line: int) -> str:
        """The byte order mark before a line (from 1), which an editor counts."""
        return self._text.bom if line == 1 else ""
