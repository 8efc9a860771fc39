"""From changes of settings to edits of variables, in any format.

The text is parsed again after each change, and must give exactly the variables that were meant. A variable whose value is not in this text,
such as a reference, is left alone, but can be renamed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from ... import settings
from ...model import Change, SettingPath, is_same
from ...release import Release
from ...server.loader import loaded_value
from ...settings.env_names import setting_of, variable_of
from ...syntax.edits import apply_edits
from ...syntax.json import INVALID, parse_json, valid_value
from ...text import Edits
from ...typed import Any, NamedTuple, Protocol
from ..variables.documents import Variable, is_misread, variable_names
from .accepted_secrets import with_accepted
from .changes import as_one, edits_of, split_of
from .json import json_edit

Reading = tuple[str, "str | None"]
"""The name of a variable, and its text; None if that is not known."""


class Variables(Protocol):
    """The variables of a text, and the edits that change them there; None if that is not possible."""

    @property
    def given(self) -> Sequence[Variable]:
        """All of them, in order."""

    def put(self, variable: Variable, new: Sequence[Reading], requote: bool) -> Edits:
        """Replace one by others, in its style. A single replacement has the same name or the same text.

        ``requote``: use other quotes, if the present ones cannot hold its value.
        """

    def add(self, name: str, text: str, order: Sequence[str]) -> Edits:
        """Add one in the style of its neighbours, at its place in an order of names."""

    def remove(self, variable: Variable) -> Edits:
        """Remove one, with the lines that belong to it alone."""


Read = Callable[[str], "Variables | None"]
"""Finds the variables in a text; returns None if they can no longer be read."""


def variable_edits(content: str, read: Read, release: Release, changes: Sequence[Change]) -> Edits:
    """The edits that make changes of the settings that a release of the server reads from variables."""
    variables = read(content)
    if variables is None:
        return None
    ranks = {name: rank for rank, name in enumerate(variable_names(release))}

    def rank(change: Change) -> int | None:
        step = _step(variables, release, change)
        return ranks.get(step.new[0][0], len(ranks)) if step is not None and step.old is None else None

    every = [part for change in changes for part in _apart(variables, release, change)]
    return edits_of(content, every, split_of(every, rank), lambda text, steps: _edits(text, read, release, steps))


def _apart(variables: Variables, release: Release, change: Change) -> Iterator[Change]:
    """A change; the removal of an object that is given as its members becomes one change for each of these."""
    paths = dict.fromkeys(setting_of(variable.name, release) for variable in variables.given)
    members = [path for path in paths if len(path) > len(change.path) and path[: len(change.path)] == change.path]
    if change.action != "remove" or not members:
        yield change
        return
    yield from ([change] if change.path in paths else [])
    yield from (Change("remove", path) for path in members)


def _edits(content: str, read: Read, release: Release, changes: Sequence[Change]) -> Edits:
    """The edits of one change, or of those that split one variable, if the edited text reads as meant."""
    variables = read(content)
    steps = [] if variables is None else [_step(variables, release, change) for change in changes]
    if variables is None or None in steps:
        return None
    (old, new, requote), *others = (step for step in steps if step is not None)
    if others:
        if new:
            return None  # a member in the JSON of a variable
        new = tuple(reading for other in others for reading in other.new)
    edits: Edits = []
    if old is None:
        ((name, text),) = new
        edits = variables.add(name, text, variable_names(release)) if text is not None else None
    elif new != (_read_as(old),):
        edits = variables.put(old, new, requote) if new else variables.remove(old)
    if edits is None:
        return None
    expected = Counter(map(_read_as, variables.given)) - Counter([] if old is None else [_read_as(old)]) + Counter(new)
    changed = {name for name, text in new if text is not None}

    def read_as_meant(text: str) -> Variables | None:
        made = read(text)
        if made is None or Counter(map(_read_as, made.given)) != expected:
            return None
        return None if any(is_misread(variable) for variable in made.given if variable.name in changed) else made

    after = apply_edits(content, edits)
    made = read_as_meant(after)
    if made is None:
        return None
    secret = next((name for name, _ in new if settings.catalogue().is_secret(setting_of(name, release))), "") if others else ""
    moved = with_accepted(after, made.given, new[0][0], secret) if secret else after
    return as_one(content, moved) if moved != after and read_as_meant(moved) else edits


def _read_as(variable: Variable) -> Reading:
    return variable.name, variable.text


class _Step(NamedTuple):
    """The change of one variable: others in its place, or none.

    ``old`` is None if there is none yet. A renamed variable keeps its value, whose text can be unknown. ``requote``: see
    :class:`Variables`.
    """

    old: Variable | None
    new: tuple[Reading, ...]
    requote: bool = True


def _step(variables: Variables, release: Release, change: Change) -> _Step | None:
    """A change of a setting as a change of one variable; None if there is none, or if several variables are involved."""
    path, target = change.path, change.value if change.action == "rename" else change.path
    placed = [(setting_of(variable.name, release), variable) for variable in variables.given]
    givers: list[tuple[SettingPath, Variable]] = [(at, variable) for at, variable in placed if at and path[: len(at)] == at]
    if len(givers) > 1:
        return None
    at, old = givers[0] if givers else (path, None)
    if old is not None and (old.mistake is not None or (old.text is None and (at != path or change.action != "rename"))):
        return None  # elsewhere, or not written as it was meant
    if old is not None and at != path:
        return _inner_step(at, old, release, change)
    if change.action == "remove":
        return _Step(old, ()) if old is not None else None
    if any(other[: len(target)] == target[: len(other)] for other, variable in placed if other and variable is not old):
        return None  # it, or a part of it, is given
    name = old.name if old is not None and change.action == "set" else _variable(target, release)
    if change.action == "rename":
        return _Step(old, ((name, old.text),)) if old is not None and name else None
    text = text_of(path, change.value, release)
    return _Step(old, ((name, text),)) if text is not None and name else None


def _inner_step(path: SettingPath, whole: Variable, release: Release, change: Change) -> _Step | None:
    """A change of a member of an object that a variable gives as JSON; the rest stays as it is written."""
    setting, old = settings.catalogue().get(path), whole.text
    assert old is not None  # an unknown value is refused before
    if setting is None or setting.env_coercion.at(release) != "object" or valid_value(old) is INVALID:
        return None
    if change.action == "rename" and change.value[:-1] != change.path[:-1]:
        return None
    edits = json_edit(old, parse_json(old), [change._replace(path=change.path[len(path) :])])
    return None if edits is None else _Step(whole, ((whole.name, apply_edits(old, edits)),), requote=False)


def _variable(path: SettingPath, release: Release) -> str:
    """The variable that a release maps to a setting; empty if there is none."""
    setting = settings.catalogue().get(path)
    if setting is None or setting.env_unsettable.at(release) or not all(isinstance(step, str) for step in path):
        return ""
    name = variable_of(tuple(map(str, path)), release)
    return name if setting_of(name, release) == path else ""


def text_of(path: SettingPath, value: Any, release: Release) -> str | None:
    """The text of a variable that the loader of a release reads as a value; None if there is none."""
    setting = settings.catalogue().get(path)
    if setting is None:
        return value if isinstance(value, str) else None
    coercion = setting.env_coercion.at(release)
    text = _variable_text(value, coercion)
    return text if text is not None and is_same(loaded_value(text, setting, coercion), value) else None


def _variable_text(value: Any, coercion: str) -> str | None:
    if coercion == "object":
        return json.dumps(value, ensure_ascii=False)
    if coercion == "csv" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, int | float) else None
