"""E-mail addresses."""

from __future__ import annotations

import re

from ..patterns import pattern
from ..typed import Final
from . import format
from .urls import HOST_LIKE

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = pattern(rf"[^\s@<>()\[\]\\,;:\"]+@{_LABEL}(?:\.{_LABEL})*")


_LEGIBLE: Final = rf"(?i:\s*mailto:)?(?:[^<>@:]*<)?(?i:\s*mailto:)?\s*[^\s<>@:]+@{HOST_LIKE}>?\s*"


@format("email", "One bare address, `name@example.com`.", _LEGIBLE, mail=True)
def email(text: str) -> str | None:
    if _ADDRESS.fullmatch(text):
        return None
    return "must be one e-mail address such as support@example.com"


@format(
    "mailbox",
    'One address, bare or with a display name: `"Example" <support@example.com>` (RFC 5322, section 3.4).',
    _LEGIBLE,
    lists=True,
    mail=True,
)
def mailbox(text: str) -> str | None:
    named = re.fullmatch(r"[^<>]*<([^<>]*)>\s*", text)
    if email(named[1] if named else text.strip()) is None:
        return None
    return 'must be one e-mail address such as support@example.com or "Example" <support@example.com>'


@format("email-list", "Bare addresses, separated by commas without spaces: the server does not trim them.", _LEGIBLE, lists=True, mail=True)
def email_list(text: str) -> str | None:
    for number, one in enumerate(text.split(","), 1):
        if one != one.strip():
            return f"must have no spaces around entry {number}"
        if email(one) is not None:
            return f"entry {number} {email(one)}"
    return None
