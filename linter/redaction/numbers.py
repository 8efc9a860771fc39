"""Scalars as JavaScript prints them, and numbers that are too short to be secret."""

from __future__ import annotations

import json

from ..patterns import pattern
from ..typed import Any, Final

_WITH_UNIT: Final = pattern(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*[A-Za-z/%]{0,12}")
_MOST_DIGITS: Final = 15
"""The maximum number of digits of a count or a measure; a longer number can be a secret."""


def is_long_number(text: str) -> bool:
    """Whether a text is a number, with or without a unit, with more digits than a count or a measure."""
    text = text.strip()
    return not text[:1].isalpha() and not is_short(text) and _WITH_UNIT.fullmatch(text) is not None


def is_short(number: str) -> bool:
    """Whether a number has no more digits than a count or a measure."""
    return sum(map(str.isdigit, number)) <= _MOST_DIGITS


def short_number_text(value: float) -> str:
    """A number as JavaScript prints it, for a message; a description if it has so many digits that it can be a secret."""
    text = number_text(value)
    return text if is_short(text) else f"a number of more than {_MOST_DIGITS} digits"


def number_text(value: Any) -> str:
    """A scalar as JavaScript prints it: ``true``, ``null``, ``NaN``, ``60000``."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        from decimal import Decimal  # only for a whole number that is written as another one

        return str(int(Decimal(repr(value))))  # its significant digits as a double, and zeros
    return json.dumps(value) if value is None or isinstance(value, bool | float) else str(value)
