"""``medplum-lint accepted``: the acceptances of findings, with their age, and which of them match nothing any more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date

from ..acceptance import Listed
from ..acceptance.acceptors import SOON
from ..options import Given
from ..output import width_of, write_standard_output
from ..output.say import say_all
from ..reporters._columns import wrapped
from ..reporters._words import acceptance_terms, acceptance_text, as_text, line
from ..text import count
from .check import checker, run_options
from .layout import columns, json_text


def run(given: Given) -> int:
    """List what is accepted, by whom and until when.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched. The list has the
    suppression comments, the tables [[accept]] and the entries of the baseline that are for these files.

    Examples:
      medplum-lint accepted deploy
      # For a program
      medplum-lint accepted deploy --format json
    """
    options = run_options(given)
    outcome = checker(given.paths or (".",), options._replace(overrides=options.overrides._replace(fail_on="never")))(None)
    listed = sorted(outcome.acceptances(), key=lambda one: (one[0].file, one[0].line or 0, one[0].rule))
    if given.format == "json" and outcome.started:
        write_standard_output(json_text({"acceptances": [_row(one, options.today) for one in listed]}))
    elif listed or not outcome.errors:
        write_standard_output(_table(listed, options.today) if listed else "Nothing is accepted.\n")
    say_all(outcome.errors, outcome.bugs)
    return outcome.exit_code


def _age(since: date | None, today: date) -> int | None:
    """The days since a day; None if it is not known or still to come."""
    return (today - since).days if since is not None and since <= today else None


def _row(listed: Listed, today: date) -> dict[str, object]:
    one, is_used, why_not = listed
    about = {"rule": one.rule, "files": one.path, "setting": one.setting, "environment": one.environment, "accepted_by": one.source}
    state = {"age_days": _age(one.since, today), "expired": one.is_over(today), "matches": is_used or (False if why_not else None)}
    return {**about, "acceptance": acceptance_terms(one, one.file), **state}


def _cells(listed: Listed, today: date) -> tuple[str, str, str]:
    """The age, the state, and what is accepted, why and by whom."""
    one, is_used, why_not = listed
    age, left = _age(one.since, today), one.days_left(today)
    state = "matches" if is_used else "matches nothing" if why_not else "not known"
    if left is not None and left <= SOON and not why_not:
        state = "ends soon" if left >= 0 else "expired"
    return "unknown" if age is None else count(age, "day"), state, line(f"{one.described}: {acceptance_text(one, one.file)}")


def _table(listed: Sequence[Listed], today: date) -> str:
    rows = columns([("age", "state", "accepted"), *(_cells(one, today) for one in listed)])
    start, width = len(rows[0]) - len("accepted"), width_of(sys.stdout) or 100
    return as_text(part for row in rows for part in wrapped(row, width, indent=start))
