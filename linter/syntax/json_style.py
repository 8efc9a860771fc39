"""How a JSON text is formatted around a place, for a value that is inserted there."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..patterns import pattern
from ..typed import Any, Final, NamedTuple
from .edits import after_blanks, break_near, has_break, indentation

_USUAL_UNIT: Final = "  "
_SPREAD = pattern(r"[\[{][ \t]*(?://[^\n\r]*)?[\r\n]")
_EMPTY = pattern(r"[\[{][ \t\r\n]*[\]}]")
_COLON = pattern(r"[ \t]*:[ \t]*(?=[^ \t\r\n/])")
_SURROGATE = pattern("[\ud800-\udfff]")


class Style(NamedTuple):
    """How values are formatted: line ends, one level of indentation, and the text of a colon, after a comma, and inside brackets."""

    newline: str
    unit: str
    colon: str
    comma: str
    pads: dict[str, str]

    def write(self, value: Any, indent: str, *, spread: bool) -> str:
        """A value as text; ``spread`` says whether its members have lines of their own, indented by more than ``indent``.

        Raises :exc:`ValueError` for a value that JSON cannot express.
        """
        if spread:
            return serialized(value, indent=self.unit, separators=(",", self.colon)).replace("\n", self.newline + indent)
        return self._on_one_line(value)

    def _on_one_line(self, value: Any) -> str:
        if not isinstance(value, dict | list) or not value:
            return serialized(value)
        if isinstance(value, dict):
            brackets, texts = "{}", [f"{serialized(name)}{self.colon}{self._on_one_line(one)}" for name, one in value.items()]
        else:
            brackets, texts = "[]", list(map(self._on_one_line, value))
        pad = self.pads.get(brackets[0], "")
        return f"{brackets[0]}{pad}{f',{self.comma}'.join(texts)}{pad}{brackets[1]}"


def serialized(value: Any, **layout: Any) -> str:
    """A value on one line, or in a layout of :func:`json.dumps`; text is escaped only if JSON or UTF-8 requires it.

    Raises :exc:`ValueError` for a value that JSON cannot express.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **layout)
    return text if text.isascii() else _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def style_at(content: str, openers: Iterable[int]) -> Style:
    """The style of the objects and lists with the given brackets; the first that shows something counts."""
    unit = colon = None
    pads: dict[str, str] = {}
    start = 0
    for opener in openers:
        start = start or opener
        if is_empty(content, opener):
            continue
        unit = unit or _unit(content, opener)
        colon = colon or _colon(content, opener)
        if not is_spread(content, opener):
            pads.setdefault(content[opener], content[opener + 1 : after_blanks(content, opener + 1)])
    colon = colon or ": "
    return Style(break_near(content, start), unit or _USUAL_UNIT, colon, " " if colon.endswith((" ", "\t")) else "", pads)


def is_spread(content: str, opener: int) -> bool:
    """Whether the first item after a bracket begins on a line of its own."""
    return _SPREAD.match(content, opener) is not None


def is_empty(content: str, opener: int) -> bool:
    """Whether there is nothing between a bracket and its partner, not even a comment."""
    return _EMPTY.match(content, opener) is not None


def _unit(content: str, opener: int) -> str | None:
    """One level of indentation, as between the lines of a bracket and of the first item inside."""
    first = after_blanks(content, opener + 1, " \t\r\n")
    outer, inner = indentation(content, opener), indentation(content, first)
    return inner.removeprefix(outer) if has_break(content[opener:first]) and inner.startswith(outer) else None


def _colon(content: str, opener: int) -> str | None:
    """The colon after the first name, with the blanks around it; None if there is a line end or a comment."""
    first = after_blanks(content, opener + 1, " \t\r\n")
    if content[opener] != "{" or content[first] != '"':
        return None
    match = _COLON.match(content, json.decoder.scanstring(content, first + 1)[1])  # type: ignore[attr-defined]
    return match[0] if match is not None else None
