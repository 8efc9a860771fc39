"""What the server's loaders make of the text of a parameter (``packages/server/src/config/utils.ts``, newest generation)."""

from __future__ import annotations

import re
from typing import Any

from ..settings import Setting
from ..syntax.json import INVALID, valid_value, whole_number

_PARSE_INT = re.compile(r"[\s\ufeff]*([+-]?[0-9]+)")


def coerce(text: str, coercion: str) -> Any:
    """The value that the server holds for a text: a number, a boolean, what the JSON says, or the text itself.

    Text that should be JSON and is not stays text here; the server does not start with it.
    """
    if coercion == "integer":
        return parse_int(text)
    if coercion == "boolean":
        return text == "true"
    if coercion == "object":
        value = valid_value(text)
        return text if value is INVALID else value
    return text


def ssm_value(text: str, setting: Setting | None) -> Any:
    """What the Parameter Store loader makes of a parameter's text; a name that it does not know stays text."""
    return loaded_value(text, setting, setting.ssm_coercion.newest) if setting is not None else text


def loaded_value(text: str, setting: Setting, coercion: str) -> Any:
    """What rules are to judge: the value that the server holds, but true for a switch that stays the text "true", and so is on."""
    if coercion == "none" and setting.types[:1] == ("boolean",) and text == "true":
        return True
    return coerce(text, coercion)


def parse_int(text: str) -> int | float:
    """JavaScript's ``parseInt(text, 10)``: leading blanks, a sign and digits; what follows is dropped; NaN without a digit."""
    match = _PARSE_INT.match(text)
    if match is None:
        return float("nan")
    return whole_number(match[1])
