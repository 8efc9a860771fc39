"""How values are named in messages. A value is shown only when the catalogue knows its setting and knows it to be no secret."""

from __future__ import annotations

from typing import Any

from .. import settings
from ..model import ABSENT, MASK, UNKNOWN, Document, SettingPath, printable, without_credentials
from .node import catalogue_kind

_LONGEST = 80


def shown(document: Document, path: SettingPath, value: Any) -> str:
    """The value of a setting for a message: cut at 80 characters, on one line, and masked unless it is known to be public."""
    if value is ABSENT:
        return "(absent)"
    if value is UNKNOWN:
        return "(unknown)"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if not may_be_shown(document, path):
        return MASK
    if isinstance(value, str):
        return public_text(value)
    return number_text(value)


def may_be_shown(document: Document, path: SettingPath) -> bool:
    """Whether the catalogue knows a setting, and knows it to be no secret."""
    owner, inner = document.owner(path)
    kind = catalogue_kind(owner.kind)
    return bool(inner) and kind in settings.KINDS and settings.catalogue(kind).is_public(inner)


def public_text(text: str) -> str:
    """A text that is no secret, safe for one line of output; a password inside a URL or a private key is masked all the same."""
    text = printable(_masked(text)[: _LONGEST + 1])  # no sign becomes shorter
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _masked(text: str) -> str:
    return MASK if "PRIVATE KEY" in text else without_credentials(text)


def holds_credentials(text: str) -> bool:
    """Whether a text that is no secret by its setting holds one all the same, so that it is shown masked."""
    return _masked(text) != text


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
