"""Sizes, as the npm package ``bytes`` reads them."""

from __future__ import annotations

import re
from math import isinf

from ..model import Message, sentence
from ..patterns import pattern
from ..typed import Final
from . import format

_SIZE_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}
_SIZE = pattern(r"([-+]?[0-9]+(?:\.[0-9]+)?) *(kb|mb|gb|tb|pb|b)", re.IGNORECASE | re.ASCII)
_NUMBER = pattern(r"(?:[^\S\x1c-\x1f\x85]|\ufeff)*([-+]?[0-9]+)")
"""The prefix that ``parseInt`` reads, after JavaScript blanks."""
_UNIT = pattern(r"(?:\.[0-9]+)?[\s/-]*(?:[kmgtp]i?b?|b|(?:kilo|mega|giga|tera)?bytes?|[kmgt]ib|%)?", re.IGNORECASE)
"""What people write after a number as its unit. Anything else may be part of a secret whose other part is the number."""
_MOST_DIGITS = 15
"""No server has a number of bytes with more digits."""


def size_with_unit(text: str) -> float | None:
    """The bytes in a size such as ``50mb``; None for any other text.

    A number beyond the range of a double is infinite, as in JavaScript.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    size = float(match[1]) * _SIZE_UNITS[match[2].lower()]
    return size if isinf(size) else float(int(size))


def parsed_size(text: str) -> float | None:
    """The bytes that the npm package ``bytes`` reads in a text, even without a unit; None if it finds no number."""
    size = size_with_unit(text)
    number = _NUMBER.match(text) if size is None else None
    return float(number[1]) if number is not None else size


_UNIT_LIKE: Final = (
    r"/?\s*(?ai:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|[kmgtp]i?b?|b"
    r"|(?:kilo|mega|giga|tera|kibi|mebi|gibi)?bytes?|points?|requests?|per|tcp|udp|px|%)"
)
NUMBER_LIKE: Final = (
    r"(?!(?:\D*\d){16})[\s+-]*(?:[0-9][0-9_.,eE+-]{0,24}|[0-9]{1,3}(?:[ '\u00a0\u202f][0-9]{3}){1,4}|[.,][0-9]+"
    rf"|0x[0-9a-fA-F]+|Infinity|NaN)(?:\s*{_UNIT_LIKE}){{0,4}}\s*"
)
"""A number with or without units, of at most 15 digits, enough to count or measure with."""


@format("bytes", "A size as the npm package `bytes` reads it: a number and b, kb, mb, gb, tb or pb.", NUMBER_LIKE)
def size_in_bytes(text: str) -> Message | str | None:
    """It ignores what it does not know: "1m" is one byte. Without a leading number the result is null, which the body parser refuses since
    2.3 and read as no limit before (``bytes.parse`` and ``body-parser``, tested).
    """
    match = _SIZE.fullmatch(text)
    if match:
        return None if float(match[1]) > 0 else sentence("must be more than 0", "every request is larger", by=", because ")
    number = _NUMBER.match(text)
    if number is None:
        return sentence("is not a size", "servers since 5.1.22 refuse it, and older ones set no limit at all", "write one such as 50mb")
    size = _byte_count(number[1])
    is_known = len(size) == 1 or _UNIT.fullmatch(text.rstrip(), number.end())
    amount = f"{size} {'byte' if size == '1' else 'bytes'}" if is_known else "another size"
    what = f"is {amount} to the server, which refuses every larger request"
    return sentence(what, "it knows only b, kb, mb, gb, tb and pb right after the number", "write one such as 50mb")


def _byte_count(number: str) -> str:
    digits = number.lstrip("+-0") or "0"
    if len(digits) > _MOST_DIGITS:
        return f"{'under -' if number[0] == '-' else 'over '}10^{_MOST_DIGITS}"
    return f"{'-' if number[0] == '-' else ''}{int(digits):,}"
