"""Edits of the text of a JSON file whose members are the settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from .. import settings
from ..model import Change
from ..syntax.edits import Order, apply_edits, is_same, value_at
from ..syntax.json import parse_json
from ..syntax.json_edits import remove, rename, set_value
from ..syntax.places import Json, JsonPath
from ..text import Edit
from .changes import edits_of


def json_edits(content: str, parsed: Json, catalogue: str, changes: Sequence[Change]) -> list[Edit] | None:
    """The edits that make the changes; a new member is put where the documentation has it."""
    order = _names_of(catalogue)
    changes = [step for change in changes for step in _steps(parsed, change)]
    return edits_of(content, changes, lambda text, change: _edits(text, parsed if text is content else parse_json(text), change, order))


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


@cache
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
