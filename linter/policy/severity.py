"""How severe a finding is: the severities that rules and configuration write, and the classes of consequences that rules name."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import TARGETS, Level, Target
from ..typed import Any, Final, NamedTuple

PEDANTIC: Final = "pedantic"
"""The severity of an opinion, or of advice that applies to almost every installation: a note that is only given when it is asked for."""


class Severity(NamedTuple):
    """The level on each target, None where a rule is off, and the targets on which it is only checked when it is asked for."""

    levels: Mapping[Target, Level | None]
    pedantic: frozenset[Target]


class Consequence(NamedTuple):
    """A class of consequences: what it means, and how severe it is in production and in development."""

    says: str
    production: str
    development: str


CLASSES: Final[Mapping[str, Consequence]] = {
    "stops": Consequence("the server does not start, or AWS refuses the deployment", "error", "error"),
    "broken": Consequence("a documented feature does not work, or data is lost", "error", "error"),
    "opposite": Consequence("a value does the opposite of what it says where that is unsafe", "error", "error"),
    "exposed": Consequence("a secret or patient data of a public server is exposed", "error", "off"),
    "leaked": Consequence("a credential is exposed that others can use, wherever this server runs", "error", "error"),
    "unguarded": Consequence("a protection is weakened or off", "warning", "off"),
    "unintended": Consequence("it works, but not as intended", "warning", "warning"),
    "deprecated": Consequence("it works, but is deprecated", "warning", "warning"),
    "notable": Consequence("worth knowing", "note", "note"),
    "hygiene": Consequence("an opinion, or advice that applies to almost every installation", PEDANTIC, PEDANTIC),
    "off": Consequence("nothing comes of it on this target", "off", "off"),
}
"""The classes of consequences by their names. Rules of one class agree about how severe a finding is."""


_LEVELS: Final[Mapping[str, Level | None]] = {"error": "error", "warning": "warning", "note": "note", PEDANTIC: "note", "off": None}


def severity_of(data: Mapping[str, Any]) -> Severity:
    """The severity of a rule or case: that of its ``class``, or the ``severity`` that it writes out."""
    if "class" in data:
        words = {target: str(getattr(CLASSES[name], target)) for target, name in _by_target(data["class"]).items()}
    else:
        words = _by_target(data["severity"])
    return Severity({target: _LEVELS[word] for target, word in words.items()}, frozenset(one for one in TARGETS if words[one] == PEDANTIC))


def _by_target(data: Any) -> dict[Target, str]:
    """A word for each target, of one word for all of them or a mapping that has each."""
    given = data if isinstance(data, dict) else dict.fromkeys(TARGETS, data)
    return {target: "off" if given.get(target) is False else str(given.get(target)) for target in TARGETS}  # YAML 1.1 reads off as false
