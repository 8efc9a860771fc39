"""The evident meaning of a text that is not written as the server reads it; None whenever there could be another meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..formats import FORMATS
from ..formats.urls import authority_of, without_login
from ..model import ABSENT
from ..patterns import pattern
from ..syntax.json import valid_value
from ..typed import Any, Final
from .values import MEANS_FALSE, MEANS_TRUE

_LONGEST: Final = 10_000
"""The maximum length of a text that is interpreted; people write no longer values."""


def switch(text: str) -> bool | None:
    """The true or false that a word stands for."""
    word = text.strip().lower()
    return True if word in MEANS_TRUE else False if word in MEANS_FALSE - {"none"} else None


# --- Numbers --------------------------------------------------------------------------------------------------------------------------

_GROUP_OR_FRACTION: Final = r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}"
"""A number that differs by a factor of a thousand between locales."""
_IS_GROUP_OR_FRACTION: Final = pattern(_GROUP_OR_FRACTION)
_NUMBER = pattern(
    rf"(?!{_GROUP_OR_FRACTION}\Z)(?:[+-]?(?:0|[1-9][0-9]{{0,15}})(?:\.0+)?"
    "|(?P<grouped>[1-9][0-9]{0,2}(?:(?P<sign>[_ '\u00a0\u202f])[0-9]{3})(?:(?P=sign)[0-9]{3})*)"
    r"|(?P<digits>[1-9][0-9]{0,14})[eE]\+?(?P<zeros>0?[0-9]|1[0-5]))",
    re.ASCII,
)
"""A whole number: plain, with digits in groups of three (but not separated by commas or dots, which can mark a fraction), or times a power
of ten."""
_PER_MINUTE = pattern(r"([0-9]+)\s*(?:/|per)\s*(?:1\s*)?(?:m|min|minute)", re.ASCII | re.IGNORECASE)
_TIME = pattern(r"([0-9]+)\s*([a-z]+)", re.ASCII | re.IGNORECASE)
_MILLISECONDS: Final = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1_000),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
}
_UNITS: Final = {"milliseconds": 1, "seconds": 1_000, "days": 86_400_000}
_MOST: Final = 10**15
"""Beyond this no number is exact in JavaScript, and none makes sense."""


def whole_number(text: str, unit: str = "") -> int | None:
    """The whole number that a text stands for, in the unit of its setting; None for ``10,000``, ``10.000``, ``0x10`` and ``007``."""
    text = text.strip()
    if text[:1] not in "0123456789+-":
        return None
    number = _plain(text) if len(text) <= _LONGEST else None
    if number is None and unit.endswith("per minute") and (match := _PER_MINUTE.fullmatch(text)):
        number = _plain(match[1])
    if number is None and unit in _UNITS and (match := _TIME.fullmatch(text)):
        amount, milliseconds = _plain(match[1]), _MILLISECONDS.get(match[2].lower())
        if amount is not None and milliseconds is not None and amount * milliseconds % _UNITS[unit] == 0:
            number = amount * milliseconds // _UNITS[unit]
    return number if number is not None and abs(number) < _MOST else None


def _plain(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    if match["zeros"]:
        return int(f"{match['digits']}{'0' * int(match['zeros'])}")
    return int(re.sub(r"[^0-9]", "", text)[:16]) if match["grouped"] else int(text.partition(".")[0])


_SIZE: Final = pattern(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt])(?:i?b|bytes?|(?:ilo|ega|iga|era)bytes?)?", re.ASCII | re.IGNORECASE)


def _size(text: str) -> str | None:
    """A size with a unit that the package ``bytes`` does not know: its megabyte is a mebibyte."""
    match = _SIZE.fullmatch(text.strip())
    is_clear = match is not None and not _IS_GROUP_OR_FRACTION.fullmatch(match[1])
    return f"{match[1]}{match[2].lower()}b" if match is not None and is_clear else None


_LEAST_LIMIT: Final = 65_536
"""The minimum of a request limit in bytes; a smaller number has another unit."""


def size_of(number: int) -> str | None:
    """A number of bytes as a size with a unit; None if it is implausible."""
    if not _LEAST_LIMIT <= number < _MOST:
        return None
    return next(f"{number >> shift}{unit}" for unit, shift in (("gb", 30), ("mb", 20), ("kb", 10), ("b", 0)) if number % (1 << shift) == 0)


def holder(text: str) -> Any:
    """The object or list that a text is the JSON of, else ``ABSENT``."""
    value = valid_value(text)
    return value if isinstance(value, dict | list) else ABSENT


# --- Forms ----------------------------------------------------------------------------------------------------------------------------


def in_form(name: str, text: str) -> str | None:
    """The text in a format that another one stands for, a URL without credentials; None if there is none, or in doubt."""
    limit = _LONGEST if not name.startswith("pem-") else 100 * _LONGEST
    if len(text) > limit:
        return None
    made = _FORMS[name](text) if name in _FORMS else rewritten(name, text)
    for candidate in (text.strip(), made):
        if candidate and candidate != text and FORMATS[name].reason(candidate) is None:
            return without_login(candidate) if name in _URLS else candidate
    return None


_HOST: Final = pattern(r"(?ai)(?:(?:https?|tcp|postgres|postgresql|redis)://)?([A-Za-z0-9._-]+)(?::([0-9]{1,5}))?/?")
_ARN_OF_BUCKET: Final = r"arn:aws[a-z-]*:s3:::"
_REWRITES: Final[Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]] = {
    "binary-storage": (
        (pattern(r"(?i)(s3|gs):/{0,3}([^/\s:]+)/?"), r"\1:\2"),
        (pattern(rf"{_ARN_OF_BUCKET}([^/\s]+)"), r"s3:\1"),
    ),
    "host-or-socket": ((_HOST, r"\1"),),
    "hostname": ((_HOST, r"\1"),),
    "lambda-layer-name": ((pattern(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:([A-Za-z0-9_-]+)"), r"\1"),),
    "s3-bucket": ((pattern(rf"(?:s3://|s3:|{_ARN_OF_BUCKET})([^/\s]+)/?"), r"\1"),),
    "url": ((pattern(r"(?i)(https?):/(?:/{2})?([^/\s].*)"), r"\1://\2"),),  # with one or three slashes behind its scheme
    "websocket-url": ((pattern(r"(?i)http(.*)"), r"ws\1"),),
}
"""By format, the forms that are rewritten, and what they stand for; the scheme becomes lower case."""


def rewritten(name: str, text: str) -> str | None:
    """What a text stands for in a format; None if it has none of the forms that are rewritten."""
    for expression, template in _REWRITES.get(name, ()):
        if (match := expression.fullmatch(text.strip())) is not None:
            scheme, colon, rest = match.expand(template).partition(":")
            return f"{scheme.lower()}:{rest}" if colon else scheme
    return None


def port_of(text: str) -> str | None:
    """The port in a host; None if it has none."""
    match = _HOST.fullmatch(text.strip())
    return match[2] if match is not None else None


def _origins(text: str) -> str | None:
    """Origins as browsers send them: without a path, in lower case, without the default port, without duplicates."""
    entries = {_origin(entry): None for entry in re.split(r"[,;]|\s+", text) if entry}
    return None if None in entries else (", " if ", " in text else ",").join(map(str, entries))


def _origin(text: str) -> str | None:
    where = authority_of(text)
    if where is None or "*" in text or FORMATS["url"].reason(text) is not None:
        return None
    if "@" in text[where.end :]:
        return None  # a credential can contain a character that ends an authority, and the part before that is not a host
    scheme, host = text.partition(":")[0].lower(), text[where.host : where.end].lower()
    return f"{scheme}://{host.removesuffix(':443' if scheme == 'https' else ':80').removesuffix(':')}"


def _address(text: str) -> str:
    return re.sub(r"^mailto:", "", text.strip(), flags=re.IGNORECASE)


def _addresses(text: str) -> str:
    return ",".join(filter(None, map(_address, re.split("[,;]", text))))


def _pem(text: str) -> str | None:
    """PEM with blanks around its lines, or with line breaks that became something else: a backslash and an n, or blanks on one line."""
    text = text.strip().strip("\"'").replace("\\r\\n", "\n").replace("\\n", "\n")
    if "\n" in text.strip():
        return re.sub(r"(?m)^[ \t]+|[ \t]+$", "", text)
    blocks = re.findall(r"-----BEGIN ([A-Z0-9 ]+)-----[ \t]*([A-Za-z0-9+/= \t]+?)[ \t]*-----END \1-----", text)
    if not blocks or re.sub(r"-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/= \t]+-----END \1-----", "", text).strip():
        return None
    return "".join(f"-----BEGIN {label}-----\n{_lines(body)}\n-----END {label}-----\n" for label, body in blocks)


def _lines(base64: str) -> str:
    """Base64 in lines: split at blanks, else into 64 characters each (RFC 7468)."""
    parts = base64.split()
    return "\n".join(parts if len(parts) > 1 else (base64[at : at + 64] for at in range(0, len(base64), 64)))


def without_separators(text: str) -> str:
    """A number without blanks and hyphens."""
    return re.sub(r"[\s-]", "", text)


_FORMS: Final[dict[str, Callable[[str], str | None]]] = {
    "aws-account": without_separators,
    "aws-region": lambda text: re.sub(r"(?<=[0-9])[a-z]$", "", text.strip().lower()),  # an availability zone
    "bytes": _size,
    "email": _address,
    "email-list": _addresses,
    "header-name": str.lower,
    "mailbox": _address,
    "origins": _origins,
    "pem-certificates": _pem,
    "pem-private-key": _pem,
    "pem-public-key": _pem,
}

_URLS: Final = frozenset({"base-url", "redirect-uri", "url", "websocket-url"})
LISTS: Final = frozenset({"email-list", "origins"})
"""The formats of texts that are comma-separated lists."""
