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
            return str(int(value))
    return str(value)
