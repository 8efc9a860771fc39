"""How a value fits its setting: its type, its choices, its range and its format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import inf

from ..formats import FORMATS
from ..model import Message, sentence
from ..patterns import pattern
from ..redaction.numbers import is_short, number_text, short_number_text
from ..release import Release
from ..settings import Setting
from ..typed import Any, Final
from .names import near_name
from .reader import Mismatch, Reader

_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
}


HARMFUL_TYPE: Final = "harmful-type"
"""The part of the aspect ``type`` that has the values of which it is known what fails because of them."""

FALSE_MEANS_NONE = "false-means-none"
"""The tag of settings that the CDK leaves out if they are falsy in JavaScript."""

ONLY_FALSE_IS_OFF = "only-false-is-off"
"""The tag of the switches that are compared with false, so that 0 leaves them on."""

EMPTY_SWITCH: Final = Mismatch(
    "boolean-spelling", "must be true or false, not an empty text, which counts as false in some places and as not given in others"
)

MEANS_FALSE = frozenset({"false", "no", "off", "0", "n", "f", "disabled", "none"})
MEANS_TRUE = frozenset({"true", "yes", "on", "1", "y", "t", "enabled"})


def external_secret(value: Any, _setting: Setting, _reader: Reader) -> Mismatch | None:
    """The mismatch of an external secret (``system``, ``key``, ``type``) outside the CDK's own config; None for other values."""
    if isinstance(value, dict) and {"system", "key"} <= value.keys() <= {"system", "key", "type"}:
        return Mismatch("own-value", "is an external secret, which only the CDK resolves, and only in its own config")
    return None


def boolean_in_json(value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a text or number in place of a boolean, in a file whose values are not converted; None if it fits."""
    if "boolean" not in setting.types or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if "type-checked" in setting.tags:
        return None  # the CDK's library checks its type when it writes the template, and accepts all others as they are
    on, who = outcome(setting, True, reader.release), reader.who
    if isinstance(value, str):
        word = value.strip().lower()
        if setting.types[0] != "boolean" and value.lower() not in MEANS_FALSE | MEANS_TRUE:
            return None
        if not value:
            return EMPTY_SWITCH
        if word in MEANS_TRUE:
            reason = sentence("must be true without quotes", f"{who} reads this text as true, like any other", by="; ")
            return Mismatch("boolean-spelling", reason)
        what = f"is text, and {who} reads any text as true"
        return misread_switch(setting, True, sentence(what, on, "write true or false without quotes", by=", so "))
    if "integer" in setting.types:
        return None
    if value == 0 and ONLY_FALSE_IS_OFF in setting.tags:
        return misread_switch(setting, True, sentence(f"is 0, and {who} takes only false for false", on, "write false", by=", so "))
    which = f"the number {number_text(value)}" if value in (0, 1) else "this number"  # any other can be a secret in the wrong place
    reason = sentence("must be true or false", f"{who} reads {which} as {number_text(bool(value))}", by="; ")
    return Mismatch("boolean-spelling", reason)


def misread_switch(setting: Setting, read_as: bool, reason: Message) -> Mismatch:
    """The mismatch of a switch that is read as the opposite of what is written."""
    return Mismatch("boolean", reason, part="unsafe-boolean" if read_as in setting.unsafe_when else "harmless-boolean")


def outcome(setting: Setting, value: bool, release: Release) -> str:
    """The effect of a switch being on or off in a release, as a clause; empty if that is not known."""
    return (setting.if_true if value else setting.if_false).at(release)


def so(effect: str) -> str:
    """An effect as the end of a clause; empty if there is none."""
    return f", so {effect}" if effect else ""


def left_out(value: Any, setting: Setting, _reader: Reader) -> Mismatch | None:
    """The mismatch of a value of another type that the CDK treats as if the setting were left out; None for other values."""
    if FALSE_MEANS_NONE not in setting.tags or not isinstance(value, str | int | float) or value or _is_one_of(value, setting.types):
        return None
    written = "an empty text" if value == "" else number_text(value)
    return Mismatch("boolean-spelling", sentence(f"is {written}, which the CDK takes for left out", remedy="leave it out", then=": "))


def inexact_number(value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a value that is not a whole number but works all the same, because the server's library accepts it; else None."""
    server, tags = reader.server, setting.tags
    reason: Message | None = None
    if isinstance(value, float) and not value.is_integer() and value - value == 0 and "takes-fractions" in tags:
        reason = sentence("should be a whole number", "the server makes one of it")
    takes_digits = "takes-digits" in tags or (setting.digits_until is not None and server.release <= setting.digits_until)
    if isinstance(value, str) and takes_digits and re.fullmatch("[0-9]{1,15}", value):
        reason = sentence("should be a number without quotes", "that the server reads this text as one is an accident")
    if reason is not None:
        return out_of_range(value, setting, reader) or Mismatch("integer-spelling", reason)
    if not (isinstance(value, str) and "takes-durations" in tags and _DURATION.fullmatch(value)):
        return None
    has_unit = value[-1:].isalpha()
    if has_unit and server.release < _TAKES_DURATIONS:
        return None
    older = has_unit and server.may_be_before(_TAKES_DURATIONS)
    but = f", but servers before {_TAKES_DURATIONS} set no limit with it" if older else ""
    return Mismatch("integer-spelling", sentence("should be a number of milliseconds", f"PostgreSQL reads this text as a time{but}"))


_TAKES_DURATIONS: Final = Release((5, 1, 4))
"""The first release that passes the time on as a connection option; older ones put it into a statement as it is."""
_DURATION: Final = pattern(r"[0-9]{1,10}(?:\.[0-9]{1,10})?(?:e[0-9])?(?:us|ms|s|min|h|d)?", re.ASCII)
"""A time in the units of PostgreSQL, by default milliseconds, as a connection option can contain it: without a blank."""


_PLAIN: Final[Mapping[str, type]] = {"string": str, "boolean": bool, "object": dict, "array": list}
"""The types that accept any value of one class."""


def wrong_type(value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a value that has none of the setting's types; None if it has one."""
    types = setting.types
    # The port of a client library: each of them reads digits in quotes (V: pg, ioredis, nodemailer).
    is_port = types[0] == "integer" and isinstance(value, str) and "string" in types
    if value.isascii() and value.isdecimal() if is_port else _is_one_of(value, types):
        return None
    wanted = _TYPE_NAMES["integer"] if is_port else " or ".join(_TYPE_NAMES[name] for name in types)
    is_fraction = isinstance(value, float) and abs(value) < inf and value % 1 and "integer" in types
    kind = "a fraction" if is_fraction else _kind_of(value)
    mistake = "text" if isinstance(value, str) else "number" if _has_type(value, "number") else "type"
    is_harmful = setting.consequence_of(mistake, reader.release)
    return Mismatch("type", f"must be {wanted}, not {kind}", part=HARMFUL_TYPE if is_harmful else "", kind=mistake)


def _is_one_of(value: Any, types: Iterable[str]) -> bool:
    return any(_has_type(value, name) for name in types)


def _has_type(value: Any, name: str) -> bool:
    if name == "integer":
        return type(value) is int or (isinstance(value, float) and value.is_integer())
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _PLAIN[name])


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return number_text(value)
    if isinstance(value, str):
        return "a number in quotes" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else "text" if value else "an empty text"
    if isinstance(value, int | float):
        return "a number" if abs(value) != inf else f"{number_text(value)}, which is how the server reads a number this large"
    return "an array" if isinstance(value, list) else "an object"


def not_allowed(value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a value that is not one of the setting's choices in a release; None if it is, is empty, or there are none.

    A server newer than all known releases may allow a word that resembles none of them.
    """
    if not setting.enum or isinstance(value, dict | list) or value == "":
        return None
    allowed = [str(one) for one in setting.enum_in(reader.release)]
    given = str(value)
    if given in allowed or (setting.ignore_case and given.upper() in (one.upper() for one in allowed)):
        return None
    near = near_name(given, tuple(allowed)) if isinstance(value, str) else ""
    hint = f" (did you mean {near}?)" if near else ""
    known = ", as far as this version of medplum-lint knows" if reader.server.newer and not near else ""
    choices = f"{'one of ' if len(allowed) > 1 else ''}{', '.join(allowed)}"
    return Mismatch("value", f"must be {choices}{hint}{known}", may_be_newer=bool(known))


def out_of_range(value: Any, setting: Setting, _reader: Reader) -> Mismatch | None:
    """The mismatch of a number (in quotes too) that cannot work (``range``) or should not be used (``advice``); else None."""
    if isinstance(value, str) and setting.types[0] == "integer" and re.fullmatch(r"[0-9]{1,1000}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value in setting.special or value != value:
        return None
    for aspect, low, high, verb in (
        ("range", setting.min, setting.max, "must be"),
        ("advice", setting.advised_min, setting.advised_max, "should be"),
    ):
        if low is not None and value < low:
            mistake = "absent" if value == 0 and setting.zero_means_default else "below" if aspect == "range" else "low"
            return Mismatch(aspect, f"{verb} at least {_counted(low, setting.unit)}, not {short_number_text(value)}", kind=mistake)
        if high is not None and value > high:
            what = f"{verb} at most {_counted(high, setting.unit)}, not {short_number_text(value)}"
            return Mismatch(aspect, sentence(what, _tolerance(value, setting)), kind="above")
    return None


def _counted(number: int, unit: str) -> str:
    """A number with its unit: ``1 point per minute``, ``60,000 points per minute``."""
    counted = re.sub(r"s\b", "", unit, count=1) if number == 1 else unit
    return f"{number:,} {counted}".rstrip()


def _tolerance(value: float, setting: Setting) -> str:
    step = re.fullmatch(r"time steps of (\d+) seconds", setting.unit) if abs(value) != inf and is_short(number_text(value)) else None
    return f"codes up to {number_text(value * int(step[1]))} seconds old or early are accepted" if step else ""


def wrong_format(value: Any, setting: Setting, _reader: Reader) -> Mismatch | None:
    """The mismatch of a text that does not have the setting's format; None if it has, or if there is no format."""
    if not setting.format or not isinstance(value, str) or (value == "" and setting.format != "bytes"):
        return None
    reason = FORMATS[setting.format].reason(value)
    return Mismatch("format", reason) if reason is not None else None
