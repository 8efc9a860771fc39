r"""JSON inside a JSON string, such as ``{"SecretString": "{\"host\": \"db\"}"}``, with its places in the outer text.

A character of the inner text is one or more characters of the outer one (``\"``, ``\u00e9``, a surrogate pair as twelve). If the inner text
is not in a JSON string (but in YAML, or in JSON with mistakes), every place is the whole value.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from ..text import Span, Text
from .json import parse_json
from .places import Json

_UNIT = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\?.", re.DOTALL)
"""The spelling of one character: RFC 8259, section 7."""


class InnerJson:
    """The JSON in a value. ``span`` is the place of the value in ``outer``, its quotes included; ``value`` is its text."""

    def __init__(self, outer: str, span: Span, value: str) -> None:
        self.span = span
        self.text = Text(value)
        self._outer = outer
        self._value = value

    @cached_property
    def json(self) -> Json:
        """The value parsed as JSON."""
        return parse_json(self.text.content)

    def outward(self, inner: Span) -> Span:
        """The characters of the outer text for some of the inner one."""
        starts, mark = self._starts, len(self.text.bom)
        return self.span if starts is None else Span(starts[inner.start + mark], starts[inner.end + mark])

    def inward(self, outer: Span) -> Span:
        """The characters of the inner text for some of the outer one; all of them if that cannot be known."""
        starts, mark, last = self._starts, len(self.text.bom), len(self.text.content)
        if starts is None:
            return Span(0, last)
        start = max(bisect_right(starts, outer.start) - 1 - mark, 0)
        end = bisect_right(starts, max(outer.end - 1, outer.start)) - mark
        return Span(min(start, last), min(max(end, start), last))

    @cached_property
    def _starts(self) -> Sequence[int] | None:
        """The start of each character in the outer text, and the end of the last one; None if that is not known."""
        literal, start = self._outer[self.span.start : self.span.end], self.span.start
        if len(literal) > 1 and literal[0] == literal[-1] == '"':
            starts = array("q", (start + match.start() for match in _UNIT.finditer(literal, 1, len(literal) - 1)))
            starts.append(self.span.end - 1)
            return starts if len(starts) == len(self._value) + 1 else None
        # It is unescaped, plain or between single quotes.
        at = 1 if literal[:1] == literal[-1:] == "'" else 0
        return range(start + at, self.span.end - at + 1) if literal[at : len(literal) - at] == self._value else None
