"""Whether a secret setting holds a secret (not an empty text, placeholder, bare object or address), and whether a name is a secret's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .. import settings
from ..formats.placeholders import is_unresolved
from ..model import SettingPath, children, gathered
from ..patterns import pattern
from ..redaction.numbers import is_short, number_text
from ..settings import Catalogue
from ..syntax.json import valid_value
from ..typed import Any, Final

_DEEPEST: Final = 20
"""The depth to which an object is searched; anything nested more deeply counts as a secret."""
_WITHOUT_SECRET: Final = pattern(
    r"[A-Z]?[a-z-]{0,19}|TRUE|FALSE|YES|NO|ON|OFF|NULL|NONE"
    r"|(?:[a-z-]{1,20}|(?:[a-z0-9_-]{1,63}\.)+[a-z]{2,20}|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?"
)
"""What people write in place of an object without giving a secret away: a word, a switch, a host. A longer or mixed text may be a key."""


def holds_secret(known: Catalogue, path: SettingPath, value: Any) -> bool:
    """Whether a value of the secret setting at ``path`` is a secret, or as an object, or as JSON, has one among its members."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        parsed = valid_value(value)
        value = parsed if isinstance(parsed, dict | list) else value
    return _has_secret(known, path, value) if isinstance(value, dict | list) else _is_secret_at(known, path, value)


def _has_secret(known: Catalogue, path: SettingPath, value: Any) -> bool:
    """Whether an object or a list has a secret among its members, or is a secret itself."""
    if isinstance(value, dict | list) and (not value or len(path) <= _DEEPEST):
        return any(_has_secret(known, (*path, step), member) for step, member in children(value))
    return _may_be_secret(known, path) and _is_secret_at(known, path, value)


def _is_secret_at(known: Catalogue, path: SettingPath, value: Any) -> bool:
    """Whether a scalar is a secret where it stands: in place of an object or a list, a word, a host or a short number is not."""
    is_secret, setting = _is_secret(value), known.get(path)
    if not is_secret or setting is None or not setting.is_container:
        return is_secret
    text = value.strip().strip("\"'") if isinstance(value, str) else number_text(value)
    is_number = text.isdecimal() or not isinstance(value, str)
    return not is_short(text) if is_number else _WITHOUT_SECRET.fullmatch(text) is None


def _is_secret(value: Any) -> bool:
    """Whether a scalar is a secret; a URL is not, unless it has a user, a password or options, which could be one."""
    if not isinstance(value, str):
        return value is not None
    return value != "" and not is_unresolved(value) and re.fullmatch(r"[a-z][a-z0-9+.-]*://[^@?#\s]*", value, re.IGNORECASE) is None


def _may_be_secret(known: Catalogue, path: SettingPath) -> bool:
    """Whether a member is secret; a name that the catalogue does not know counts if it looks like a secret's."""
    if len(path) > _DEEPEST or known.is_secret(path):
        return True
    names = " ".join(step for step in path[1:] if isinstance(step, str))
    return not known.is_public(path) and re.search("pass|secret|token|credential|auth|key|dsn|url|uri", names, re.IGNORECASE) is not None


# --- Names -----------------------------------------------------------------------------------------------------------------------------


def is_called_secret(name: str) -> bool:
    """Whether a name of a variable or setting is a secret's in any kind of document, or most similar to one.

    No public setting may be suggested for it: the secret would be published.
    """
    if re.search("secret|passw|passphrase|passcode|private.?key|token|api.?key|credential", name, re.IGNORECASE):
        return True
    from ..suggest import nearest  # only after a mistake

    known = _last_names()
    plain = name.replace("_", "").lower()
    return known.get(plain if plain in known else nearest(plain, known, 0.7) or "", False)


def is_name_of_secret(name: str) -> bool:
    """Whether a secret setting of any kind of document has this name."""
    return _last_names().get(name.lower(), False)


@settings.derived
def _last_names() -> Mapping[str, bool]:
    """The last step of every plain setting of every kind in lower case, and whether a setting of this name is secret."""
    every = ((catalogue, path) for catalogue in map(settings.catalogue, settings.KINDS) for path in catalogue.current())
    plain = ((known, path) for known, path in every if {"object", "array"}.isdisjoint(known.types(path)))
    names = gathered((str(path[-1]).lower(), known.is_secret(path)) for known, path in plain)
    return {name: any(secret) for name, secret in names.items()}
