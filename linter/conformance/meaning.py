"""The evident meaning of a value that does not fit its setting, for rules that compare with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from ..formats import FORMATS
from ..model import UNKNOWN
from ..settings import Setting
from ..typed import Any, Final
from .mismatch import MISREAD
from .reader import Reader
from .spellings import rewritten, whole_number, without_separators
from .values import MEANS_TRUE

_HOSTS: Final = ("hostname", "host-or-socket")


def meaning_of(value: Any, setting: Setting | None, aspect: str, reader: Reader | None) -> Any:
    """The evident meaning of a value of a setting that does not fit in an aspect (empty if it does); ``UNKNOWN`` if there is none.

    ``"accountNumber": 123456789012`` is reported once, as a number where text belongs, and still reveals an ARN of another account.
    """
    if setting is None or (not aspect and not isinstance(value, str)):
        return UNKNOWN if aspect in MISREAD else value
    if aspect in MISREAD:
        if value == "" and aspect == "boolean-spelling" and reader is not None and reader.who == "the CDK":
            return False  # the CDK only tests every switch for JavaScript truth
        return _spelt_otherwise(value, setting, aspect)
    if aspect == "format":
        return _read_otherwise(value, setting)
    if "server-url" in setting.tags:
        is_base = isinstance(value, str) and not value.endswith("/") and FORMATS["base-url"].reason(value) is None
        return f"{value}/" if is_base else value  # the missing slash is reported, but the address is known
    if not aspect and setting.types[:1] == ("integer",):
        # Where the server accepts both, as for a port; any other text, such as the path of a socket, stands for itself.
        return int(value) if re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else value
    return value.removesuffix(".") if setting.format in _HOSTS and isinstance(value, str) else value


def _spelt_otherwise(value: Any, setting: Setting, aspect: str) -> Any:
    """The meaning of a value of the wrong type, if evident: digits, and words that the server too reads as true."""
    if aspect == "boolean-spelling":
        if isinstance(value, str):
            return True if value.strip().lower() in MEANS_TRUE else UNKNOWN
        return bool(value)
    if aspect not in ("type", "integer-spelling") or isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int | float):
        return value if setting.types[0] != "string" else _digits(value, setting)
    number = whole_number(value) if isinstance(value, str) and {"integer", "number"}.intersection(setting.types) else None
    return UNKNOWN if number is None else number


def _digits(value: float, setting: Setting) -> Any:
    """The text that a number was meant to be. An account number may have lost leading zeros; few have more than one."""
    if not 0 <= value < 1e15 or value != int(value):
        return UNKNOWN
    text = str(int(value))
    if setting.format != "aws-account":
        return text
    return text.zfill(12) if 9 <= len(text) <= 12 else UNKNOWN


_LONGEST_NAME: Final = 1_000
"""More characters than any name of a host, bucket, region or account has."""


def _read_otherwise(value: Any, setting: Setting) -> Any:
    """A text in the wrong form that can still be compared."""
    if not isinstance(value, str) or setting.format not in _READABLE:
        return value
    text = _READABLE[setting.format](value) if len(value) <= _LONGEST_NAME else None
    return text if text is not None and FORMATS[setting.format].reason(text) is None else UNKNOWN


def _host(text: str) -> str | None:
    around = re.fullmatch(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/\\?#\s]*@)?([^/\\?#@:\s]+?)\.?(?::[0-9]*)?(?:[/\\?#]\S*)?\s*", text)
    return around[1] if around is not None else None


_READABLE: Final[Mapping[str, Callable[[str], str | None]]] = {
    "aws-account": without_separators,
    "aws-region": lambda text: text.strip().lower(),
    "s3-bucket": partial(rewritten, "s3-bucket"),
    **dict.fromkeys(_HOSTS, _host),
}
"""The readable meaning of a text, by the format that it should have."""
