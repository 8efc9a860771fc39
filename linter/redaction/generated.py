"""Generated texts, such as tokens and keys of services, recognised by how often letters and digits alternate."""

from __future__ import annotations

import re
from itertools import pairwise

from ..patterns import pattern
from ..typed import Final
from .numbers import is_long_number

_RUN: Final = pattern("[A-Za-z0-9_+=]{16,}")
_RUN_WITH_SLASHES: Final = pattern("[A-Za-z0-9_+=/]{16,}")
"""Candidates for generated texts: in a URL, where slashes separate, and elsewhere."""
_GROUPS: Final = pattern(r"(?<![A-Za-z0-9-])(?:[A-Za-z0-9]{2,6}-){4,}[A-Za-z0-9]{2,6}(?![A-Za-z0-9-])")
"""A key in groups: ``Ab3-xY9-Kq2-Zz8-Lm4``."""
_DIGITS: Final = pattern(r"\d{4}(?:[-_ ]\d{4}){3,}|\d{1,3}(?:_\d{3}){5,}")
_PUBLIC: Final = pattern(r"(?:aus|0oa)[A-Za-z0-9]{17}|B2C_1A?_\w+")
"""Ids of the authorization servers and clients of Okta, and user flows of Azure: they are in the URLs of every sign-in."""
_OF_CDK: Final = pattern(r"(?<=[a-z])[0-9A-F]{8}(?![A-Za-z0-9])")
"""The suffix that the CDK adds to the name of a resource."""
_PARTS: Final = pattern("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_OFTEN: Final = 0.36
"""The share of characters before which the kind changes between small letter, capital and digit: 0.5 to 0.62 in a random text, 0.2 to 0.33
in names of several words that end in a number."""
_OFTEN_IN_WORDS: Final = 0.44
"""The same where no two digits are apart from each other: ``AuditEventLogGroup2`` has 0.42."""
_OFTEN_OF_ONE_CASE: Final = 0.3
"""The same of texts with letters of one case: 0.4 in a random one, below 0.25 in the names of buckets and databases that the CDK makes."""
_SHORTEST_OF_ONE_CASE: Final = 20


def generated_at(text: str) -> list[int]:
    """The offset of the first letter or digit of each generated run, in no order."""
    runs = (_RUN if "://" in text else _RUN_WITH_SLASHES).finditer(text)
    found = [run.start() for run in runs if _is_random(run[0]) and not _is_named(text, run)]
    found += [group.start() for group in _GROUPS.finditer(text) if _is_of_three_kinds(group[0].replace("-", ""))]
    return found + [digits.start() for digits in _DIGITS.finditer(text)]


def _is_named(text: str, run: re.Match[str]) -> bool:
    """Whether the context of a run shows what it is: the digest of an image, or a part of a host's name."""
    if text.endswith(("sha256:", "sha512:"), 0, run.start()):
        return True
    return text[run.end() : run.end() + 1] == "." and run[0] == run[0].lower() and re.fullmatch("[0-9a-f]{32,}", run[0]) is None


def _is_random(run: str) -> bool:
    if is_long_number(run) or re.fullmatch("[0-9a-f]{32,}|[0-9A-F]{32,}", run) is not None:
        return True
    if _PUBLIC.fullmatch(run) is not None:
        return False
    run = _OF_CDK.sub("", run)
    if run in (run.lower(), run.upper()):
        return len(run) >= _SHORTEST_OF_ONE_CASE and _share_of_changes(run) >= _OFTEN_OF_ONE_CASE
    if _is_of_words(run):
        return False
    digits = len(re.findall("[0-9]+", run))
    return _share_of_changes(run) >= (_OFTEN if digits > 1 else _OFTEN_IN_WORDS)


def _is_of_words(run: str) -> bool:
    """Whether a run consists of words of three letters or more, initials, and perhaps a number: ``BackEndAuditEventLogGroup2``."""
    parts = _PARTS.findall(run)
    if parts and parts[-1].isdecimal() and len(parts[-1]) <= 4:
        parts.pop()
    return len("".join(parts)) >= len(run) - 4 and all(len(part) > 2 or (part.isupper() and len(part) > 1) for part in parts)


def _is_of_three_kinds(text: str) -> bool:
    return all(any(map(kind, text)) for kind in (str.islower, str.isupper, str.isdigit)) and _share_of_changes(text) >= _OFTEN


def _share_of_changes(text: str) -> float:
    kinds = ["a" if char.islower() else "A" if char.isupper() else "0" for char in text if char.isalnum()]
    return sum(one != other for one, other in pairwise(kinds)) / max(len(text), 1)
