"""Edits of the text of a JSON file whose members are the settings."""

from __future__ import annotations

from collections.abc import Sequence

from ... import settings
from ...model import Change
from ...syntax.edits import value_at
from ...syntax.json import parse_json
from ...syntax.json_edits import JsonEditor
from ...syntax.places import Json, JsonPath
from ...syntax.tree_edits import Order
from ...text import Edits
from ...typed import Final
from .changes import edits_of, split_of


def json_edits(content: str, parsed: Json, catalogue: str, changes: Sequence[Change]) -> Edits:
    """The edits that make the changes; a new member goes where the documentation has it."""
    order = _names_of(catalogue)
    every = [step for change in changes for step in _steps(parsed, change)]
    above = next((change.path[:-1] for change in every if change.action == "remove" and isinstance(change.path[-1], str)), None)
    ranks = {name: rank for rank, name in enumerate(_members(order, above or ()))}

    def rank(change: Change) -> int | None:
        is_beside = change.path[:-1] == above and parsed.places.find(change.path) is None
        return ranks.get(str(change.path[-1]), len(ranks)) if is_beside else None

    def edit(text: str, steps: Sequence[Change]) -> Edits:
        return json_edit(text, parsed if text is content else parse_json(text), steps, lambda path: _members(order, path))

    return edits_of(content, every, split_of(every, rank), edit)


def _steps(parsed: Json, change: Change) -> list[Change]:
    """A change as steps that an object supports: a move to another object is a set there and a removal here."""
    if change.action != "rename" or change.value[:-1] == change.path[:-1]:
        return [change]
    return [Change("set", change.value, value_at(parsed.value, change.path)), Change("remove", change.path)]


def json_edit(content: str, parsed: Json, steps: Sequence[Change], order: Order = ()) -> Edits:
    """The edits of one change in an object, or of a removal and its replacement."""
    editor, (change, *others) = JsonEditor(content, parsed), steps
    if others:
        return editor.replace(change.path, [(str(other.path[-1]), other.value) for other in others])
    if change.action == "set":
        return editor.set(change.path, change.value, order)
    return editor.remove(change.path) if change.action == "remove" else editor.rename(change.path, str(change.value[-1]))


@settings.derived
def _names_of(catalogue: str) -> Sequence[str]:
    """The dotted names of the settings, in the order of the documentation."""
    return settings.catalogue(catalogue).names() if catalogue in settings.KINDS else ()


_LIKE: Final = {"readonlyDatabase": "database"}
"""Sections with the same members as another one, whose order is used for them: the documentation describes only a few."""


def _members(order: Sequence[str], path: JsonPath) -> list[str]:
    path = tuple(_LIKE.get(str(step), step) if at == 0 else step for at, step in enumerate(path))
    above = "".join(f"{'*' if isinstance(step, int) else step}." for step in path)
    names = (name.removeprefix(above).partition(".")[0] for name in order if name.startswith(above))
    return list(dict.fromkeys(names))
