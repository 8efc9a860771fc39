"""What a value that does not fit its setting plainly stands for, for those who compare with it."""

from __future__ import annotations

import re

from .. import settings
from ..formats import FORMATS
from ..model import UNKNOWN, Document, SettingPath
from ..settings import Setting
from ..settings.kinds import catalogue_kind
from ..typed import Any, Final
from .mismatch import MISREAD, is_unread, mismatch_of
from .values import MEANS_TRUE

_HOSTS: Final = ("hostname", "host-or-socket")


def meant(document: Document, path: SettingPath, value: Any) -> Any:
    """What a value that does not fit plainly stands for, for those who compare with it; ``UNKNOWN`` where nobody can tell.

    ``"accountNumber": 123456789012`` is reported once, as a number where text belongs, and hides no ARN of another account.
    """
    if is_unread(document, path):
        return UNKNOWN
    owner, inner = document.owner(path)
    mismatch = mismatch_of(owner, inner)
    kind = catalogue_kind(owner.kind)
    setting = settings.catalogue(kind).get(inner) if kind in settings.KINDS else None
    if setting is None or (mismatch is None and not isinstance(value, str)):
        return UNKNOWN if mismatch is not None and mismatch.aspect in MISREAD else value
    if mismatch is not None and mismatch.aspect in MISREAD:
        if value == "" and mismatch.aspect == "boolean-spelling" and kind == "infra":
            return False  # the CDK asks of every switch only whether JavaScript takes it for true
        return _spelt_otherwise(value, setting, mismatch.aspect)
    if mismatch is not None and mismatch.aspect == "format":
        return _read_otherwise(value, setting)
    if "server-url" in setting.tags:
        return _with_slash(value)
    if mismatch is None and setting.types[:1] == ("integer",):
        return _number(value)
    return value.removesuffix(".") if setting.format in _HOSTS and isinstance(value, str) else value


def switch(document: Document, path: SettingPath, value: Any) -> Any:
    """The state of a switch whose value is misspelt but read as meant, such as ``"true"``; ``UNKNOWN`` for any other value."""
    owner, inner = document.owner(path)
    mismatch = mismatch_of(owner, inner)
    if mismatch is None or mismatch.aspect != "boolean-spelling":
        return UNKNOWN
    setting = settings.catalogue(catalogue_kind(owner.kind)).get(inner)
    return meant(document, path, value) if setting is not None and setting.types == ("boolean",) else UNKNOWN


def _number(value: str) -> Any:
    """The number that a text stands for where the server takes either, as of a port; any other, such as the path of a socket, is itself."""
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else value


def _spelt_otherwise(value: Any, setting: Setting, aspect: str) -> Any:
    """A value of the wrong type whose meaning is plain: digits, and words for true that the server too takes for true."""
    if aspect == "boolean-spelling":
        if isinstance(value, str):
            return True if value.strip().lower() in MEANS_TRUE else UNKNOWN
        return bool(value)
    if aspect not in ("type", "integer-spelling") or isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int | float):
        return value if setting.types[0] != "string" else _digits(value, setting)
    digits = re.fullmatch(r"\s*([+-]?[0-9]{1,18})\s*", value) if isinstance(value, str) else None
    return int(digits[1]) if digits is not None and {"integer", "number"}.intersection(setting.types) else UNKNOWN


def _digits(value: float, setting: Setting) -> Any:
    """The text that a number was meant to be; that of an account has lost its leading zeros, of which few have more than one."""
    if not 0 <= value < 1e15 or value != int(value):
        return UNKNOWN
    text = str(int(value))
    if setting.format != "aws-account":
        return text
    return text.zfill(12) if 9 <= len(text) <= 12 else UNKNOWN


_LONGEST_NAME: Final = 1_000
"""Characters that no name of a host, bucket, region or account has."""


def _read_otherwise(value: Any, setting: Setting) -> Any:
    """A text in another form than it should have, in which what others compare with can be read all the same."""
    if not isinstance(value, str) or setting.format not in ("aws-account", "aws-region", "s3-bucket", *_HOSTS):
        return value
    if len(value) > _LONGEST_NAME:
        return UNKNOWN
    if setting.format == "aws-account":
        text = re.sub(r"[\s-]", "", value)
    elif setting.format == "aws-region":
        text = value.strip().lower()
    else:
        around = _around_host(value) if setting.format in _HOSTS else _around_bucket(value)
        text = around[1] if around is not None else ""
    return text if FORMATS[setting.format].reason(text) is None else UNKNOWN


def _around_host(value: str) -> re.Match[str] | None:
    return re.fullmatch(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/\\?#\s]*@)?([^/\\?#@:\s]+?)\.?(?::[0-9]*)?(?:[/\\?#]\S*)?\s*", value)


def _around_bucket(value: str) -> re.Match[str] | None:
    return re.fullmatch(r"\s*(?:s3://|s3:|arn:aws[a-z-]*:s3:::)([^/\s]+)/?\s*", value)


def _with_slash(url: Any) -> Any:
    """A base URL with the slash that it should end with: that it lacks is reported, and what is beneath it is known all the same."""
    return f"{url}/" if isinstance(url, str) and not url.endswith("/") and FORMATS["base-url"].reason(url) is None else url
