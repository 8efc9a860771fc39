"""Days and times."""

from __future__ import annotations

import re
from calendar import monthrange

from ..patterns import pattern
from ..typed import Final
from . import format

_DATE_TIME: Final = pattern(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?|24:00)(?:Z|[+-](?:0\d|1\d|2[0-3])(?::?[0-5]\d)?)?)?",
    re.ASCII,
)


@format("date-time", "A date, or a date and time, in ISO 8601: one that `validator` 13 and DuckDB both read.", r"[\dTZ:+./ -]{4,40}")
def date_time(text: str) -> str | None:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return "must be a date such as 2025-01-31 or 2025-01-31T00:00:00Z"
    year, month, day = map(int, match.groups())
    is_one = 1 <= month <= 12 and 1 <= day <= monthrange(year or 4, month)[1]
    return None if is_one else "must be a day of the calendar, such as 2025-01-31"
