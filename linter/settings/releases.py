"""The known releases of the server, and the notation for one or a range of them: ``4.3.5``, ``4.3``, ``>=4.3,<5``, ``latest``.

Only code that parses releases imports this; the rest makes do with :mod:`linter.release`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from os.path import commonprefix

from ..release import LAST_READ, MAIN, NEWEST, OLDEST, Clause, Release, ServerVersion
from ..typed import Final

__all__ = ["DATES", "KNOWN", "MAIN", "NEWEST", "OLDEST", "RELEASES", "Release", "parse_range", "parse_release", "parse_server_version"]

_TABLE: Final = """
3.0.0 2024-01-17  3.0.1 2024-01-21  3.0.2 2024-01-31  3.0.3 2024-02-08  3.0.4 2024-02-19  3.0.5 2024-02-23  3.0.6 2024-02-28
3.0.7 2024-03-01  3.0.8 2024-03-06  3.0.9 2024-03-07  3.0.10 2024-03-14  3.0.11 2024-03-20  3.0.12 2024-03-27  3.0.13 2024-03-29
3.1.0 2024-04-02  3.1.1 2024-04-05  3.1.2 2024-04-08  3.1.3 2024-04-22  3.1.4 2024-04-26  3.1.5 2024-04-30  3.1.6 2024-05-25
3.1.7 2024-06-02  3.1.8 2024-06-10  3.1.9 2024-06-22  3.1.10 2024-06-22  3.1.11 2024-06-28
3.2.0 2024-07-05  3.2.1 2024-07-10  3.2.2 2024-07-18  3.2.3 2024-07-22  3.2.4 2024-07-29  3.2.5 2024-08-07  3.2.6 2024-08-09
3.2.7 2024-08-20  3.2.8 2024-08-27  3.2.9 2024-09-10  3.2.10 2024-09-11  3.2.11 2024-09-12  3.2.12 2024-09-16  3.2.13 2024-09-18
3.2.14 2024-09-19  3.2.15 2024-09-24  3.2.16 2024-09-26  3.2.17 2024-10-07  3.2.18 2024-10-28  3.2.19 2024-11-05  3.2.20 2024-11-08
3.2.21 2024-11-13  3.2.22 2024-11-14  3.2.23 2024-11-19  3.2.24 2024-12-02  3.2.25 2024-12-14  3.2.26 2024-12-18  3.2.27 2025-01-03
3.2.28 2025-01-25  3.2.29 2025-01-31  3.2.30 2025-02-03  3.2.31 2025-02-06  3.2.32 2025-02-13  3.2.33 2025-02-20
3.3.0 2025-02-21
4.0.0 2025-02-21  4.0.1 2025-02-26  4.0.2 2025-03-01  4.0.3 2025-03-06  4.0.4 2025-03-22
4.1.0 2025-04-16  4.1.1 2025-04-23  4.1.2 2025-04-28  4.1.3 2025-05-02  4.1.4 2025-05-05  4.1.5 2025-05-15  4.1.6 2025-05-29
4.1.7 2025-06-11  4.1.8 2025-06-16  4.1.9 2025-06-17  4.1.10 2025-06-19  4.1.11 2025-06-25  4.1.12 2025-06-25  4.1.16 2025-12-13
4.1.17 2026-01-15  4.1.18 2026-01-23
4.2.0 2025-06-26  4.2.1 2025-06-27  4.2.2 2025-06-27  4.2.3 2025-06-28  4.2.4 2025-06-28  4.2.6 2025-06-30
4.3.0 2025-06-30  4.3.1 2025-07-02  4.3.2 2025-07-03  4.3.3 2025-07-04  4.3.4 2025-07-14  4.3.5 2025-07-16  4.3.6 2025-07-17
4.3.7 2025-07-31  4.3.8 2025-08-04  4.3.9 2025-08-08  4.3.10 2025-08-13  4.3.11 2025-08-21  4.3.12 2025-09-08  4.3.13 2025-09-11
4.3.14 2025-09-19  4.3.15 2025-09-22
4.4.0 2025-09-23  4.4.1 2025-09-24  4.4.2 2025-10-07  4.4.3 2025-10-14
4.5.0 2025-10-17  4.5.1 2025-10-17  4.5.2 2025-10-24
5.0.0 2025-11-04  5.0.1 2025-11-10  5.0.2 2025-11-10  5.0.3 2025-11-13  5.0.4 2025-11-21  5.0.5 2025-11-30  5.0.6 2025-12-04
5.0.7 2025-12-05  5.0.8 2025-12-09  5.0.9 2025-12-11  5.0.10 2025-12-15  5.0.11 2026-01-21  5.0.12 2026-01-23  5.0.13 2026-01-28
5.0.14 2026-02-04  5.0.15 2026-02-20
5.1.0 2026-02-25  5.1.1 2026-02-27  5.1.2 2026-03-07  5.1.3 2026-03-07  5.1.4 2026-03-20  5.1.5 2026-03-28  5.1.6 2026-03-30
5.1.7 2026-04-08  5.1.8 2026-04-14  5.1.9 2026-04-24  5.1.10 2026-05-01  5.1.11 2026-05-06  5.1.12 2026-05-17  5.1.13 2026-05-20
5.1.14 2026-06-01  5.1.15 2026-06-03  5.1.16 2026-06-09  5.1.17 2026-06-09  5.1.18 2026-06-15  5.1.19 2026-06-20  5.1.20 2026-06-21
5.1.21 2026-06-21  5.1.22 2026-06-25  5.1.23 2026-07-01  5.1.24 2026-07-06  5.1.25 2026-07-10  5.1.26 2026-07-10  5.1.27 2026-07-24
5.1.28 2026-08-04  5.1.29 2026-08-09  5.1.30 2026-08-13  5.1.31 2026-08-20  5.1.32 2026-08-25  5.1.33 2026-08-27  5.1.34 2026-08-27
5.1.35 2026-08-27  5.1.36 2026-08-28  5.1.37 2026-09-04  5.1.38 2026-09-15  5.1.39 2026-09-16  5.1.40 2026-09-28  5.1.41 2026-09-28
5.1.42 2026-09-28  5.1.43 2026-10-02  5.1.44 2026-10-02
5.2.0 2026-10-02  5.2.1 2026-10-06  5.2.2 2026-10-30  5.2.4 2026-10-30  5.2.13 2026-10-30
"""
"""Each release and its day, or the last possible day. 4.1.16 to 4.1.18 are later than many with greater numbers: they are 4.1.12 with a few
things of 5.0."""

_WORDS: Final = _TABLE.split()
DATES: Final = {Release.of(text): date for text, date in zip(_WORDS[::2], _WORDS[1::2], strict=True)}
"""The day of each release, as in ``2026-07-01``."""
KNOWN: Final = f"releases of Medplum up to {NEWEST} ({DATES[NEWEST]})"
"""The known releases, with the day of the data, for a sentence."""
RELEASES: Final = tuple(DATES)
"""Every known release, in order. From 3.0.0: no older one was examined."""

LONGEST_RANGE: Final = 100
"""The maximum length of a range, in characters."""
_NUMBER: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")


def parse_release(text: str) -> Release:
    """The release of a text such as ``4.3.5``, or ``main``; one between those of the table counts as known.

    Raises ValueError, with the nearest release, for an unknown one.
    """
    numbers = _numbers(text)
    if text == str(MAIN):
        return MAIN
    if numbers is None:
        raise ValueError(f"{text!r} is not a release of the server, such as {NEWEST}{_hint(text)}")
    if len(numbers) < len(NEWEST):
        raise ValueError(f"{text} is not one release of the server: give all three numbers, such as {_nearest(numbers)}")
    if numbers not in DATES and not _lies_between(numbers):
        raise ValueError(f"{text} is not a known release of the server{_hint(text)}")
    return numbers


def parse_range(text: str) -> tuple[Release, ...]:
    """The releases that a text stands for, in order and at least one.

    ``4.3.5`` is one, ``4.3`` all of its patches, ``>=4.3,<5`` all that are in both. A range without an upper bound includes ``MAIN``, for
    the releases that are newer than this table. ``latest`` is the newest release and ``MAIN``, because the image of that name is also built
    from the main branch (``scripts/cicd-deploy.sh``), and ``main`` is ``MAIN`` alone. Raises ValueError, with the nearest release, for an
    invalid range or one without a release.
    """
    if text.strip() in ("latest", str(MAIN)):
        return (MAIN,) if text.strip() == str(MAIN) else (NEWEST, MAIN)
    clauses = [(clause.strip(), Clause.of(clause)) for clause in text.split(",")]
    named = (number for _, clause in clauses if (number := _numbers(clause.number)) is not None and _lies_between(number))
    found = tuple(sorted({*RELEASES, MAIN, *named}))
    for written, clause in clauses:
        bound = _bound_of(clause, written)
        found = tuple(release for release in found if clause.holds_for(release, bound))
        if not found:
            raise ValueError(f"no known release of the server is in {text.strip()}{_hint(text)}")
    return found


def without_v(text: str) -> str:
    """A release without the prefix of its git tag: ``v5.1.2``."""
    return text.removeprefix("v") if text[1:2].isdigit() else text


def parse_server_version(text: str, reason: str) -> ServerVersion:
    """The server of a release or range; a release newer than the table is checked against the newest one.

    Raises ValueError like :func:`parse_range`.
    """
    text = text.strip()
    if len(text) > LONGEST_RANGE:
        raise ValueError(f"a release of the server, or a range of them, has at most {LONGEST_RANGE} characters")
    if _is_newer(text):
        return ServerVersion(NEWEST, MAIN, reason, text)
    meant = parse_range(without_v(text))
    return ServerVersion(meant[0], meant[-1], reason)


def _is_newer(text: str) -> bool:
    """Whether a release or range has only releases in it that are newer than the table."""
    clauses = [Clause.of(clause) for clause in text.removeprefix("v").split(",")]
    bounds = [(sign, number, NEWEST[: len(number)]) for sign, number in ((one.sign, _numbers(one.number)) for one in clauses) if number]
    begins_later = (sign not in ("<", "<=") and (number > newest or (sign == ">" and number == newest)) for sign, number, newest in bounds)
    return len(bounds) == len(clauses) and any(begins_later)


def _lies_between(numbers: Release) -> bool:
    """Whether these are the three numbers of a release that is missing from the table, and lies between two in it.

    Some releases after ``LAST_READ`` are only known to exist from the numbers of the others.
    """
    return len(numbers) == len(NEWEST) and LAST_READ < numbers < NEWEST and numbers not in DATES


def _bound_of(clause: Clause, written: str) -> Release:
    """The numbers of one clause of a range. Raises ValueError if no release begins with them, and the clause needs one."""
    bound = _numbers(clause.number)
    if bound is None:
        example = f"{NEWEST}, 4.3, latest or >=4.3,<5"
        raise ValueError(f"{written!r} is neither a release of the server nor a range such as {example}{_hint(written)}")
    known = _lies_between(bound) or any(release[: len(bound)] == bound for release in RELEASES)
    if not known and (clause.sign == "=" or bound < NEWEST):
        raise ValueError(f"{clause.number} is not a known release of the server{_hint(clause.number)}")
    return bound


def _numbers(text: str) -> Release | None:
    """The numbers of a release or a prefix of one; None if the text is anything else, such as ``4.03``."""
    if not _NUMBER.fullmatch(text):
        return None
    numbers = Release(map(int, text.split(".")))
    return numbers if ".".join(map(str, tuple(numbers))) == text else None


def _hint(text: str) -> str:
    match = _NUMBER.search(text)
    return f"; did you mean {_nearest(Release(map(int, match[0].split('.'))))}?" if match else ""


def _nearest(numbers: Release) -> Release:
    """The last release that begins with these numbers; else that before or after them which has more of them, the one before if both do."""
    within = [release for release in RELEASES if release[: len(numbers)] == numbers]
    place = bisect_left(RELEASES, numbers)
    beside = [RELEASES[max(place - 1, 0)], RELEASES[min(place, len(RELEASES) - 1)]]
    return within[-1] if within else max(beside, key=lambda release: len(commonprefix([release, numbers])))
