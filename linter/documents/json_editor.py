"""Edits of the text of a JSON file whose members are the settings."""

from __future__ import annotations

from collections.abc import Sequence

from .. import settings
from ..model import Change
from ..syntax.edits import Order, apply_edits, is_same, value_at
from ..syntax.json import parse_json
from ..syntax.json_edits import remove, rename, replace, set_value
from ..syntax.places import Json, JsonPath
from ..text import Edit
from ..typed import Any, Final
from .changes import edits_of


def json_edits(content: str, parsed: Json, catalogue: str, changes: Sequence[Change]) -> list[Edit] | None:
    """The edits that make the changes; a new member is put where the documentation has it."""
    order = _names_of(catalogue)
    every = [step for change in changes for step in _steps(parsed, change)]
    split = _split(parsed, every, order)

    def edit(text: str, steps: tuple[Change, ...]) -> list[Edit] | None:
        read = parsed if text is content else parse_json(text)
        return _edits(text, read, steps[0], order) if len(steps) == 1 else _replaced(text, read, steps)

    made = edits_of(content, [split, *((one,) for one in every if one not in split)], edit) if split else None
    return edits_of(content, [(one,) for one in every], edit) if made is None else made


def _split(parsed: Json, changes: Sequence[Change], order: Sequence[str]) -> tuple[Change, ...]:
    """The changes that put new members in place of one, in the documentation's order, behind the one that removes that; or none."""
    removed = [change for change in changes if change.action == "remove"]
    if len(removed) != 1 or not isinstance(removed[0].path[-1], str):
        return ()
    above = removed[0].path[:-1]
    ranks = {name: rank for rank, name in enumerate(_members(order, above))}
    new = [one for one in changes if one.action == "set" and one.path[:-1] == above and parsed.places.find(one.path) is None]
    new.sort(key=lambda one: ranks.get(str(one.path[-1]), len(ranks)))
    return (removed[0], *new) if new else ()


def _replaced(content: str, parsed: Json, steps: Sequence[Change]) -> list[Edit] | None:
    try:
        return replace(content, parsed, steps[0].path, [(str(one.path[-1]), one.value) for one in steps[1:]])
    except ValueError:  # a value that JSON has no text for
        return None


def _steps(parsed: Json, change: Change) -> list[Change]:
    """A change as steps that an object can take: what moves to another one is set there and removed here."""
    if change.action != "rename" or change.value[:-1] == change.path[:-1]:
        return [change]
    return [Change("set", change.value, value_at(parsed.value, change.path)), Change("remove", change.path)]


def _edits(content: str, parsed: Json, change: Change, order: Sequence[str]) -> list[Edit] | None:
    try:
        if change.action == "set":
            return set_whole(content, parsed, change.path, change.value, lambda path: _members(order, path))
    except ValueError:  # a value that JSON has no text for
        return None
    if change.action == "remove":
        return remove(content, parsed, change.path)
    return rename(content, parsed, change.path, str(change.value[-1]))


def set_whole(content: str, parsed: Json, path: JsonPath, value: Any, order: Order = ()) -> list[Edit] | None:
    """Give the member at ``path`` a value, of which nothing else is left; see :func:`~linter.syntax.json_edits.set_value`, which merges."""
    edits = set_value(content, parsed, path, value, order)
    if edits is None or not isinstance(value, dict):
        return edits
    return edits if is_same(value_at(parse_json(apply_edits(content, edits)).value, path), value) else None


@settings.derived
def _names_of(catalogue: str) -> Sequence[str]:
    """The dotted names of the settings, as the documentation orders them."""
    return settings.catalogue(catalogue).names() if catalogue in settings.KINDS else ()


_LIKE: Final = {"readonlyDatabase": "database"}
"""Sections whose members are those of another one, in whose order they are best read: the documentation describes a few of them only."""


def _members(order: Sequence[str], path: JsonPath) -> list[str]:
    path = tuple(_LIKE.get(str(step), step) if at == 0 else step for at, step in enumerate(path))
    above = "".join(f"{'*' if isinstance(step, int) else step}." for step in path)
    names = (name.removeprefix(above).partition(".")[0] for name in order if name.startswith(above))
    return list(dict.fromkeys(names))
