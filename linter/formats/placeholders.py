"""Values that somebody, or something, still has to fill in: ``${PORT}``, ``{{ .Values.host }}``, ``<your domain>``, ``TODO``.

Nobody can know what they will become, so no rule checks them as values. The forms are those found in public Medplum configurations.
"""

from __future__ import annotations

import re
from typing import Any

from . import format

_REFERENCES = (("${", "}"), ("{{", "}}"), ("$(", ")"))
_BRACKETS = re.compile(r"<([^<>@]*)>")
_LETTER = re.compile("[A-Za-z]")
_WORD = re.compile(r"\s*(?:TODO\b.*|FIXME\b.*|CHANGE[-_ ]?ME\s*|REPLACE[-_ ]?ME\s*)", re.IGNORECASE | re.DOTALL)


def is_reference(value: Any) -> bool:
    """Whether a text holds something that a program replaces: ``${NAME}``, ``{{ name }}``, ``$(name)``."""
    return type(value) is str and any(_holds(value, start, end) for start, end in _REFERENCES)


def _holds(text: str, start: str, end: str) -> bool:
    """Whether one sign stands somewhere, and the other somewhere behind it."""
    at = text.find(start)
    return at >= 0 and text.find(end, at + len(start)) >= 0


def is_blank(value: Any) -> bool:
    """Whether a text holds something that a person has to replace: ``<your domain>``, ``TODO``, ``CHANGEME``."""
    if type(value) is not str:
        return False
    if "<" in value and any(_LETTER.search(match[1]) for match in _BRACKETS.finditer(value)):
        return True
    return value[:1] in "TtCcRrFf \t" and _WORD.fullmatch(value) is not None


def is_unresolved(value: Any) -> bool:
    """Whether a value is, or holds, a reference or a blank to fill in."""
    return is_reference(value) or is_blank(value)


@format("resolved", "A value that no program still has to fill in: not `${PORT}` or `{{ name }}`.", sees_placeholders=True)
def resolved(text: str) -> str | None:
    return "is a reference that still has to be replaced by its value" if is_reference(text) else None


@format("filled-in", "A value that no one still has to fill in: not `<your domain>` or `TODO`.", sees_placeholders=True)
def filled_in(text: str) -> str | None:
    return "still has to be filled in" if is_blank(text) else None
