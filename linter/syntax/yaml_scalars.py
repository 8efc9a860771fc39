"""Scalars in YAML, written so that no program reads a text as a number, whichever version of YAML it supports."""

from __future__ import annotations

import json
import re

from ..typed import Any, Final
from .yaml_places import Style

_WORD = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|~|[-+]?\.inf|\.nan|=|<<)", re.IGNORECASE)
"""A word that YAML 1.1 or 1.2 does not read as a text."""
_NUMBER = re.compile(r"[-+]?[0-9.][0-9a-fA-FxXoO_.:+-]*")
"""A text that one of them may read as a number or a date; with two points it is neither."""
_PLAIN = re.compile(r"(?:[^\s?:,\[\]{}#&*!|>'\"%@`-]|-+(?=[^\s,\[\]{}-]))[^\r\n\t]*")
_IN_THE_WAY = re.compile(r":(?:\s|\Z)|\s#|\s\Z")
_IN_FLOW = re.compile(r"[?,\[\]{}]|:(?=[,\[\]{}])")
_BREAKS = re.compile(r"\n+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def serialized(value: Any, style: Style, *, in_flow: bool) -> str:
    """A value on one line, a text in the quotes of ``style`` if possible, else in double quotes.

    Raises :exc:`ValueError` or :exc:`TypeError` for a value that YAML cannot express.
    """
    return text(value, style, in_flow=in_flow) if isinstance(value, str) else json.dumps(value)


def text(value: str, style: Style, *, in_flow: bool) -> str:
    """A text on one line, in the quotes of ``style`` if possible. Raises :exc:`ValueError` for a lone surrogate."""
    if _SURROGATE.search(value) is not None:
        raise ValueError("YAML cannot hold a lone surrogate")
    if style == "plain" and is_plain(value, in_flow=in_flow):
        return value
    if style == "single" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def is_plain(value: str, *, in_flow: bool) -> bool:
    """Whether a text needs no quotes."""
    if not value.isprintable() or _PLAIN.fullmatch(value) is None or _IN_THE_WAY.search(value) is not None:
        return False
    if _WORD.fullmatch(value) is not None or (_NUMBER.fullmatch(value) is not None and value.count(".") < 2):
        return False
    return not in_flow or _IN_FLOW.search(value) is None


def block(value: str, style: Style, indent: str, newline: str) -> tuple[str, str] | None:
    """The indicator and the lines of a block scalar, without the last line end; None if a block cannot hold the text."""
    lines = value.removesuffix("\n").split("\n")
    if not all(line.isprintable() for line in lines) or not lines[0] or not lines[-1] or lines[0][0] == " ":
        return None
    if style == "folded":
        if any(line[:1] == " " or line[-1:] == " " for line in lines):
            return None
        lines = _BREAKS.sub(lambda breaks: breaks[0] + "\n", "\n".join(lines)).split("\n")  # the first break of each row stands for a blank
    sign = ("|" if style == "literal" else ">") + ("" if value.endswith("\n") else "-")
    return sign, newline.join(indent + line if line else "" for line in lines)
