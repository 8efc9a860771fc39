r"""JSON inside of a JSON string, such as ``{"SecretString": "{\"host\": \"db\"}"}``, with its places in the outer text.

A character of the inner text is spelt by one or more of the outer one (``\"``, ``\u00e9``, a surrogate pair in twelve). Where the inner
text stands otherwise than as a JSON string (in YAML, or in JSON with mistakes), all places are that of the whole value.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from functools import cached_property

from ..text import Span, Text
from .json import parse_json
from .places import Json, JsonPath, Place

_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.",
    re.DOTALL,
)
"""What spells one character otherwise than as itself: RFC 8259, section 7."""


class InnerJson:
    """The JSON that a value holds. ``span`` is where the value stands in ``outer``, its quotes included; ``value`` is its text."""

    def __init__(self, outer: str, span: Span, value: str) -> None:
        self.span = span
        self.text = Text(value)
        self._outer = outer
        self._value = value

    @cached_property
    def json(self) -> Json:
        """The value read as JSON."""
        return parse_json(self.text.content)

    def find(self, path: JsonPath) -> Place | None:
        """Where a member of the inner JSON stands in the outer text."""
        place = self.json.places.find(path)
        return None if place is None else Place(self.outward(place.value), None if place.key is None else self.outward(place.key))

    def outward(self, inner: Span) -> Span:
        """The characters of the outer text that spell some of the inner one."""
        spelling = self._spelling
        if spelling is None:
            return self.span
        mark = len(self.text.bom)
        return Span(spelling.outward(inner.start + mark), spelling.outward(inner.end + mark))

    def inward(self, outer: Span) -> Span:
        """The characters of the inner text that some of the outer one spells; all of them where that cannot be known."""
        spelling = self._spelling
        if spelling is None:
            return Span(0, len(self.text.content))
        mark = len(self.text.bom)
        last = len(self.text.content)
        start = max(spelling.inward(outer.start) - mark, 0)
        end = spelling.inward(max(outer.end - 1, outer.start)) + 1 - mark
        return Span(min(start, last), min(max(end, start), last))

    @cached_property
    def _spelling(self) -> _Spelling | None:
        """How the outer text spells the inner one; None where that is not known."""
        literal = self._outer[self.span.start : self.span.end]
        if len(literal) < 2 or literal[0] != '"' or literal[-1] != '"':
            return self._verbatim(literal)
        spelling = _Spelling(self.span.start + 1)
        for match in _ESCAPE.finditer(literal, 1, len(literal) - 1):
            spelling.add(self.span.start + match.start(), match.end() - match.start())
        return spelling if spelling.outward(len(self._value)) == self.span.end - 1 else None

    def _verbatim(self, literal: str) -> _Spelling | None:
        """The same for a value that stands as it is, plain or between single quotes."""
        at = 1 if literal[:1] == "'" and literal[-1:] == "'" else 0
        return _Spelling(self.span.start + at) if literal[at : len(literal) - at] == self._value else None


class _Spelling:
    """Where the characters of a text stand that is spelt with escapes. Only the escapes are kept: what lies between is as long as it is."""

    def __init__(self, start: int) -> None:
        self._inner = array("q", [0])
        """The characters behind which the distance between the two texts is another one."""
        self._outer = array("q", [start])
        """Where those stand in the outer text."""

    def add(self, at: int, length: int) -> None:
        """Note an escape; they come in their order."""
        inner = self._inner[-1] + at - self._outer[-1] + 1
        self._inner.append(inner)
        self._outer.append(at + length)

    def outward(self, inner: int) -> int:
        """Where the spelling of a character starts."""
        index = bisect_right(self._inner, inner) - 1
        return self._outer[index] + inner - self._inner[index]

    def inward(self, outer: int) -> int:
        """The character that a character of the outer text spells, or helps to spell."""
        index = max(bisect_right(self._outer, outer) - 1, 0)
        inner = self._inner[index] + outer - self._outer[index]
        return min(inner, self._inner[index + 1] - 1) if index + 1 < len(self._inner) else inner
