"""The parts of a message: what is wrong, what comes of it, what to do, and which settings besides are meant.

A message is one sentence: "SETTING, what is wrong: what comes of it; what to do". Colons and semicolons part it, and of what follows the
first of them a clause that begins as an order is the remedy. Texts in quotes and brackets, and the name of the setting, are skipped.
``tests/test_clauses.py`` has every message of the rules taken apart, and fails for one that does not say what comes of the mistake.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..model import LEVELS, Finding
from ..patterns import pattern
from ..typed import Final, NamedTuple


class Clauses(NamedTuple):
    """A message taken apart; all but ``headline`` may be empty. The words are those of the message, without what joined the parts."""

    headline: str
    why: str = ""
    fix: str = ""
    also: str = ""


ORDERS: Final = frozenset(
    "add ask begin change check choose close complete convert copy correct create decide define delete drop encode encrypt end escape "
    "export fetch fill generate give have indent inject join keep leave let limit list lower make mount move name pass pick plan point "
    "put raise remove rename repeat replace replicate request revoke run save scan set specify spell split start store swap switch turn "
    "update upgrade use wait write".split()
)
"""The words with which a remedy begins."""

_SKIPPED: Final = pattern(r'(?<!\\)"(?:[^"\\]|\\.?)*(?:"|\Z)|\([^()]*\)?|\{\{.*?(?:\}\}|\Z)', re.DOTALL)
"""What is skipped. What is never closed is skipped as well: else it would be looked for anew from each beginning."""
_PARTED: Final = pattern(r"(?:(?<!\bs3)(?<!\bgs)(?<!\bazure):|;) ")
"""What parts a message, but for the names of storages, which end with a colon themselves."""
_JOINED: Final = pattern(r", (?:so (?!that\b)|because |where (?=anyone\b))")
"""What joins a consequence, or a reason, to what is wrong where no colon does."""
_OF_CONDITIONS: Final = ("to ", "for ", "in ", "until ", "where ", "if ")
"""How what may stand before an order begins; it ends with its first comma."""
_OTHER_REMEDIES: Final = ("did you mean ", "they can be deleted", "the line has no effect and can be deleted")
_COUNTED: Final = pattern(r"(?:(?:this is true of|the [\w-]+(?: [\w-]+)? (?:contains|ignores)) )?\d+ [^:]*: ")
"""The start of a clause that lists settings."""

_NAMES: Final = pattern(r"[^\s,]+(?:, [^\s,]+)*(?: and (?:[^\s,]+|\d+ others))?")
"""Names of settings as a message lists them."""


def clauses(message: str, setting: str = "") -> Clauses:
    """The parts of a message about a setting, whose name it may begin with."""
    several = message[:1].isdigit()
    if not setting or not message.startswith(setting):
        return _taken_apart(message, _without_texts(message), several=several)
    behind = message[len(setting) :]
    parts = _taken_apart(f"_{behind}", f"_{_without_texts(behind)}", several=several)
    return parts._replace(headline=setting + parts.headline[1:])


@lru_cache(maxsize=1_000)
def _taken_apart(message: str, bare: str, *, several: bool) -> Clauses:
    """The parts of a message, which without the names of settings are often the same; ``bare`` is it without what is skipped."""
    cuts = [match.span() for match in _PARTED.finditer(bare)]
    end = cuts[0][0] if cuts else len(message)
    joined = _JOINED.search(bare, 0, end)
    headline = message[: joined.start() if joined else end]
    why = [message[joined.end() : end]] if joined else []
    fix: list[str] = []
    also = ""
    starts = [stop for _, stop in cuts[:1]] + [stop for start, stop in cuts[1:] if _parts(bare, start, stop)]
    ends = [start for start, stop in cuts[1:] if _parts(bare, start, stop)] + [len(message)]
    for start, stop in zip(starts, ends, strict=False):
        clause = message[start:stop]
        if stop == len(message) and ": " in bare[start:] and _COUNTED.match(bare, start):
            also = clause
            continue
        if stop == len(message) and several:  # about several settings, which it lists at its end
            if _NAMES.fullmatch(clause):
                also = clause
                continue
            at = next((cut for cut, _ in cuts[1:] if start < cut), stop)
            clause, also = message[start:at], message[at + 2 : stop]
        (fix if _is_remedy(bare[start:stop]) else why).append(clause)
    return Clauses(headline, "; ".join(why), "; ".join(fix), also)


def _without_texts(text: str) -> str:
    """A text in which quotes and brackets hold nothing that parts a message."""
    if '"' not in text and "(" not in text and "{{" not in text:
        return text
    return _SKIPPED.sub(lambda match: "_" * len(match[0]), text)


def _parts(bare: str, start: int, stop: int) -> bool:
    """Whether a cut behind the first one begins another clause: a colon does so only before an order."""
    return bare[start] == ";" or _is_remedy(bare[stop:])


def _is_remedy(clause: str) -> bool:
    """Whether a clause tells what to do: it begins with an order, perhaps behind what that is for."""
    condition, comma, order = clause.partition(", ") if clause.startswith(_OF_CONDITIONS) else ("", "", "")
    if not comma or "," in condition:
        order = clause
    return order.split(" ", 1)[0].rstrip(",;") in ORDERS or clause.startswith(_OTHER_REMEDIES)


_STOPS: Final = pattern(
    r"(?<!\bif the )\bserver\b[^;:]*?(?<! or the server)"
    r" (?:does not start|stops at start|fetches a secret with this name at start, and fails)"
)
_STOPS_THEN: Final = pattern(r"\bserver\b[^;:]* and stops(?= *(?:;|$))")


def gravity(finding: Finding) -> int:
    """How far down a finding stands among others: 0 for an error that keeps the server from starting, then by severity."""
    stops = finding.severity == "error" and keeps_from_starting(finding.message)
    return 0 if stops else 1 + LEVELS.index(finding.severity)


def keeps_from_starting(message: str) -> bool:
    """Whether a message says that the server does not start, not only that it may be so."""
    if "start" not in message and "stops" not in message:
        return False
    bare = _without_texts(message)
    if ", so it does not start" in bare or ", which stops the server" in bare or _STOPS.search(bare) is not None:
        return True
    return " and stops" in bare and _STOPS_THEN.search(bare) is not None
