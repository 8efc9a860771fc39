"""Cron expressions, as the npm package ``cron-parser`` 4.9 reads them, which BullMQ uses."""

from __future__ import annotations

import re

from ..model import Message, sentence
from ..patterns import pattern
from ..typed import Final, NamedTuple
from . import format

_SAMPLE: Final = "must be a cron expression of five fields, such as 0 3 * * *"
_PREDEFINED: Final = ("@yearly", "@monthly", "@weekly", "@daily", "@hourly")
_SIGNS: Final = frozenset("0123456789,*/-")
_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_DAYS: Final = tuple("sun mon tue wed thu fri sat".split())
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class _Field(NamedTuple):
    """The values of a field; ``signs`` beside digits, commas, hyphens, slashes and stars."""

    name: str
    low: int
    high: int
    signs: str = ""
    words: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31, "?L"),
    _Field("month", 1, 12, "", _MONTHS),
    _Field("day of the week", 0, 7, "?L#", _DAYS),
)


_LEGIBLE: Final = r"[\s\d*/,\-?LW#]+|@(?:hourly|daily|weekly|monthly|yearly)"


@format("cron", "A cron expression of five fields, or six with seconds, as the npm package `cron-parser` reads it.", _LEGIBLE)
def cron(text: str) -> Message | str | None:
    if text in _PREDEFINED:
        return None
    given = text.split()
    if not 5 <= len(given) <= 6:
        return _SAMPLE
    fields = _FIELDS[-len(given) :]
    wrong = next((field for field, part in zip(fields, given, strict=True) if not _fits(part, field)), None)
    if wrong is not None:
        return sentence(_SAMPLE, f"the {wrong.name} goes from {wrong.low} to {wrong.high}")
    day, month = given[-3], given[-2].lower()
    number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month) if month.isdigit() else 0
    if number and re.fullmatch("[0-9]{1,2}", day) and int(day) > _LONGEST_MONTHS[number - 1]:
        return sentence(_SAMPLE, f"no such month has a day {int(day)}")
    return None


def _fits(text: str, field: _Field) -> bool:
    if field.words:
        numbers = {word: str(number) for number, word in enumerate(field.words, field.low)}
        text = re.sub("[A-Za-z]{3}", lambda word: numbers.get(word[0].lower(), word[0].lower()), text)
    if not set(text) <= _SIGNS.union(field.signs):
        return False
    day, *counts = text.split("#")
    if counts and (len(counts) > 1 or re.search("[,/-]", text) or not re.fullmatch("0*[1-5]", counts[0])):
        return False
    return all(_is_part(part, field) for part in day.split(","))


_PART: Final = pattern(r"(?:[*?]|[^/L-]*L[^/-]*|(?P<low>[0-9]{1,9})(?:-(?P<high>[0-9]{1,9}))?)(?:/0*[1-9][0-9]*)?")


def _is_part(part: str, field: _Field) -> bool:
    """Whether one entry of a list fits: a number, a range or all, each with or without a step."""
    match = _PART.fullmatch(part)
    if match is None or match["low"] is None:
        return match is not None
    return field.low <= int(match["low"]) <= int(match["high"] or match["low"]) <= field.high
