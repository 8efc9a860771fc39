"""Entries that give a member of an object that another entry gives as a whole: the loader sets both, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import UNKNOWN, SettingPath, gathered, sentence
from ..release import Release
from ..server.loader import Stop, coercion_of, converted, is_false
from ..settings.kinds import Coercion
from ..text import Span
from ..typed import Any, Final
from .source import BESIDE, Problem


def beside_members(given: Mapping[SettingPath, tuple[Any, str, Span]], by: Coercion, release: Release, order: str) -> Iterator[Problem]:
    """The problem of each whole value whose members are given too.

    ``given`` are the texts of entries, which a ``release`` of the server loads, each with its name and place. ``order`` is a clause that
    says why their order is not known; empty if the server sets them in order. Then adding members to an object or a list that comes before
    all of them is not a mistake.
    """
    ordered = not order
    wholes = gathered((path[:length], path) for path in given for length in range(1, len(path)) if path[:length] in given)
    places = {path: number for number, path in enumerate(given)} if ordered and wholes else {}
    for whole, members in wholes.items():
        member = max(members, key=places.__getitem__) if ordered else members[0]
        coercion = coercion_of(whole, by, release)
        text, name, _ = given[whole]
        held = converted(text, coercion)
        container = isinstance(held, dict | list) or (held is UNKNOWN and coercion == "object")
        if ordered and container and all(places[whole] < places[member] for member in members):
            continue
        effect, remedy, stops = _effect(held, container, by, places[whole] < places[member] if ordered else None)
        why, what_to_do = (sentence.format(whole=name, order=order) for sentence in (effect, remedy))
        message = sentence(f"{given[member][1]} is given next to {name}", why, what_to_do, stops=stops is True)
        yield Problem(_OVERRIDDEN if stops is False else _CAN_STOP, message, given[member][2], member)


def _effect(held: Any, container: bool, by: Coercion, first: bool | None) -> tuple[str, str, bool | None]:
    """The consequence, what to do, and whether it keeps the server from starting; None if that depends on the order."""
    if isinstance(held, Stop):
        return "the server fails to parse {whole}, which must be JSON, and does not start", "", True
    if container and first is not None:
        return "the server sets {whole} after a member of it, which it loses", "put the members into {whole}", False
    if container:
        return "whichever the server receives last overrides the other{order}", "put the members into {whole}", False
    replaced = held is None if by == "env_coercion" else is_false(held)
    if first is None and replaced:
        return "the members count if the server receives {whole} first, else it loses them", "delete {whole}", False
    if first is None:
        return f"if the server receives {{whole}} first, it {_STOPS}, else it loses the members", "delete {whole}", None
    if not first:
        return "the server sets {whole} last, and loses the members", "delete {whole}", False
    if replaced:
        return "the server replaces {whole} by the members", "delete it", False
    return f"the server sets {{whole}} first, {_STOPS}", "delete it", True


_CAN_STOP, _OVERRIDDEN = BESIDE
_STOPS: Final = 'fails with "Cannot create property" and does not start'
