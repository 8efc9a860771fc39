"""Scalars as JavaScript prints them."""

from __future__ import annotations

from typing import Any


def number_text(value: Any) -> str:
    """A scalar as JavaScript prints it: ``true``, ``null``, ``NaN``, ``60000``."""
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        if value.is_integer() and abs(value) < 1e21:
            return _digits(value)
    return str(value)


def _digits(value: float) -> str:
    """A whole number below 10^21: the digits that tell it from other doubles, and zeros."""
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return str(int(value))
    sign, digits = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    return sign + digits.replace(".", "").ljust(int(exponent) + 1, "0")
