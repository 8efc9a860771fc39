"""Texts between double quotes, rewritten with their present escapes: unchanged parts stay as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from os.path import commonprefix

from ..patterns import pattern
from ..typed import Final

_JSON: Final = pattern(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)
_YAML: Final = pattern(r"\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|[^\\]", re.DOTALL)
_OF_YAML: Final = dict(zip('0abtnvfre "/\\N_LP\t', '\0\a\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029\t', strict=True))
_LONGEST: Final = 10_000
"""The maximum length of a text that is examined, in characters."""


def json_like(raw: str, text: str, write: Callable[[str], str]) -> str:
    """A text between the quotes of JSON: parts in common with the old one, ``raw``, as they are, others as ``write`` does."""
    return _like(raw, text, _JSON, lambda unit: str(json.loads(f'"{unit}"', strict=False)), write)


def yaml_like(raw: str, text: str, write: Callable[[str], str]) -> str:
    """The same between the double quotes of YAML. Folded lines are written again."""
    return write(text) if "\n" in raw or "\r" in raw else _like(raw, text, _YAML, _of_yaml, write)


def _of_yaml(unit: str) -> str:
    if unit[0] != "\\":
        return unit
    return chr(int(unit[2:], 16)) if len(unit) > 2 else _OF_YAML[unit[1]]


def _like(raw: str, text: str, unit: re.Pattern[str], read: Callable[[str], str], write: Callable[[str], str]) -> str:
    if "\\" not in raw or len(raw) > _LONGEST or len(text) > _LONGEST:
        return write(text)
    units = unit.findall(raw)
    try:
        old = list(map(read, units))
    except (KeyError, ValueError):  # an invalid escape
        return write(text)
    start = len(commonprefix((old, list(text))))
    end = min(len(commonprefix((old[::-1], list(text)[::-1]))), len(old) - start, len(text) - start)
    return "".join((*units[:start], write(text[start : len(text) - end]), *units[len(units) - end :]))
