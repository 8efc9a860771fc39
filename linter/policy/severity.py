"""Severities, as rules and configurations write them, and the classes of consequences that rules name."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import TARGETS, Target
from ..typed import Any, Final, NamedTuple

PEDANTIC: Final = "pedantic"
"""The severity of an opinion, or of advice that applies to almost every installation: a note that is only given when it is asked for."""


STOPS: Final = "stops"
"""The class of what keeps the server from starting. Reports begin with such findings."""


class Consequence(NamedTuple):
    """A class of consequences: its meaning, and its severity in production and in development."""

    says: str
    production: str
    development: str


CLASSES: Final[Mapping[str, Consequence]] = {
    STOPS: Consequence("the server does not start", "error", "error"),
    "refused": Consequence("AWS or the CDK refuses it, and the deployment fails", "error", "error"),
    "unreadable": Consequence("what reads the file fails at it, or its end cannot be checked", "error", "error"),
    "fails": Consequence("a documented feature does not work", "error", "error"),
    "lost": Consequence("data is lost", "error", "error"),
    "opposite": Consequence("a value does the opposite of what it says where that is unsafe", "error", "error"),
    "exposed": Consequence("a secret or patient data of a public server is exposed", "error", "off"),
    "leaked": Consequence("a credential is exposed that others can use, wherever this server runs", "error", "error"),
    "unguarded": Consequence("a protection is weakened or off", "warning", "off"),
    "ignored": Consequence("nothing reads the value, or it has no effect", "warning", "warning"),
    "unintended": Consequence("it works, but not as intended", "warning", "warning"),
    "deprecated": Consequence("it works, but is deprecated", "warning", "warning"),
    "notable": Consequence("worth knowing", "note", "note"),
    "hygiene": Consequence("an opinion, or advice that applies to almost every installation", PEDANTIC, PEDANTIC),
    "off": Consequence("it has no effect on this target", "off", "off"),
}
"""The classes of consequences by their names. Rules of one class agree about how severe a finding is."""


def stops_server(data: Mapping[str, Any]) -> bool:
    """Whether the server does not start because of what a rule or case finds."""
    given: Any = data.get("class", "")
    return STOPS in (given.values() if isinstance(given, dict) else (given,))


def severities(data: Mapping[str, Any]) -> dict[Target, Any]:
    """The severity of a rule or case on each target: a level, ``pedantic`` or ``off``, from its ``class`` or its ``severity``."""
    given: Any = data.get("class", data.get("severity"))
    by_target = given if isinstance(given, dict) else dict.fromkeys(TARGETS, given)
    words = {target: by_target[target] or "off" for target in TARGETS}  # YAML 1.1 reads off as false
    return {target: getattr(CLASSES[word], target) for target, word in words.items()} if "class" in data else words
