"""Days, and when something runs."""

from __future__ import annotations

import re

from . import format


@format("cron", "A cron expression of five fields, or six with seconds.")
def cron(text: str) -> str | None:
    return None if re.fullmatch(r"\S+( +\S+){4,5}", text.strip()) else "must be a cron expression of five fields, such as 0 3 * * *"


@format("date-time", "A date, or a date and time, in ISO 8601.")
def date_time(text: str) -> str | None:
    fits = re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", text, re.ASCII)
    return None if fits else "must be a date such as 2025-01-31 or 2025-01-31T00:00:00Z"
