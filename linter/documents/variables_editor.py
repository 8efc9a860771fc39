"""Edits of variables out of changes of settings, wherever the variables are written.

The text is read again after each change, and must give the variables that were meant and no others. What is not said in this text, such as
a reference, is left alone, but can get another name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache

from .. import settings
from ..model import Change, SettingPath
from ..release import Release
from ..server.loader import loaded_value
from ..settings.env_names import setting_of, variable_of
from ..syntax.edits import apply_edits, is_same
from ..syntax.json import INVALID, parse_json, valid_value
from ..syntax.json_edits import remove, rename
from ..text import Edit
from ..typed import Any, Protocol
from .accepted_secrets import with_accepted
from .changes import as_one, edits_of
from .json_editor import set_whole
from .variables import Variable, is_misread


class Variables(Protocol):
    """The variables of a text, and the edits that change them there; None where that cannot be done."""

    @property
    def given(self) -> Sequence[Variable]:
        """All of them, in their order."""

    def set(self, variable: Variable, text: str, *, requote: bool) -> list[Edit] | None:
        """Give one another value; ``requote``: in other quotes, if its own cannot hold it."""

    def add(self, name: str, text: str, order: Sequence[str]) -> list[Edit] | None:
        """Give one more, written as those beside it, at its place in an order of names."""

    def replace(self, variable: Variable, new: Sequence[tuple[str, str]]) -> list[Edit] | None:
        """Give others in place of one, by their names and values, each written as that is."""

    def remove(self, variable: Variable) -> list[Edit] | None:
        """Take one out, with the lines that are its alone."""

    def rename(self, variable: Variable, name: str) -> list[Edit] | None:
        """Give one another name."""


Read = Callable[[str], "Variables | None"]
"""What finds the variables in a text; None where they can no longer be read."""


def variable_edits(content: str, read: Read, release: Release, changes: Sequence[Change]) -> list[Edit] | None:
    """The edits that make changes of the settings that a release of the server reads from variables."""
    variables = read(content)
    if variables is None:
        return None
    every = [one for change in changes for one in _apart(variables, release, change)]
    split = _split(variables, release, every)
    if split:
        rest = [(change,) for change in every if change not in split]
        made = edits_of(content, [split, *rest], lambda text, step: _made(text, read, release, step))
        if made is not None:
            return made
    return edits_of(content, every, lambda text, change: _checked(text, read, release, change))


def _split(variables: Variables, release: Release, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that put new variables in place of one, in the documentation's order, behind the one that removes that; or none."""
    removed = [change for change in changes if change.action == "remove"]
    step = _step(variables, release, removed[0]) if len(removed) == 1 else None
    if step is None or step.old is None or step.text is not None:
        return ()  # a member in the JSON of a variable
    new = [
        (one.name, change) for change in changes if change.action == "set" and (one := _step(variables, release, change)) and not one.old
    ]
    ranks = {name: rank for rank, name in enumerate(_order(release))}
    new.sort(key=lambda one: ranks.get(one[0], len(ranks)))
    return (removed[0], *(change for _, change in new)) if new else ()


def _made(content: str, read: Read, release: Release, changes: Sequence[Change]) -> list[Edit] | None:
    """The edits of one change, or of those that put variables in place of one."""
    if len(changes) == 1:
        return _checked(content, read, release, changes[0])
    variables = read(content)
    steps = [] if variables is None else [_step(variables, release, change) for change in changes]
    if variables is None or steps[0] is None or steps[0].old is None:
        return None
    old = steps[0].old
    new = [(step.name, step.text) for step in steps[1:] if step is not None and step.text is not None]
    edits = variables.replace(old, new) if len(new) == len(changes) - 1 else None
    if edits is None:
        return None
    expected = Counter(map(_read_as, variables.given)) - Counter([_read_as(old)]) + Counter[Reading](new)
    after = apply_edits(content, edits)
    made = read(after)
    if made is None or not _is_as_meant(made, expected, dict(new), release):
        return None
    secret = next((name for name, _ in new if settings.catalogue().is_secret(setting_of(name, release))), "")
    moved = with_accepted(after, made.given, new[0][0], secret) if secret else after
    if moved == after:
        return edits
    made = read(moved)
    return as_one(content, moved) if made is not None and _is_as_meant(made, expected, dict(new), release) else edits


def _is_as_meant(made: Variables, expected: Counter[Reading], new: Collection[str], release: Release) -> bool:
    """Whether variables are those that were meant, and the new ones are not misread."""
    return Counter(map(_read_as, made.given)) == expected and not any(one.name in new and is_misread(one) for one in made.given)


def _apart(variables: Variables, release: Release, change: Change) -> Iterator[Change]:
    """A change; to remove an object that is given as its members, one change for each of these."""
    paths = dict.fromkeys(setting_of(one.name, release) for one in variables.given)
    members = [path for path in paths if len(path) > len(change.path) and path[: len(change.path)] == change.path]
    if change.action != "remove" or not members:
        yield change
        return
    yield from ([change] if change.path in paths else [])
    yield from (Change("remove", path) for path in members)


def _checked(content: str, read: Read, release: Release, change: Change) -> list[Edit] | None:
    """The edits of one change, if what is read of the edited text is what was meant."""
    variables = read(content)
    step = None if variables is None else _step(variables, release, change)
    if variables is None or step is None:
        return None
    edits = step.edits(variables)
    after = None if edits is None else read(apply_edits(content, edits))
    new = () if step.text is None else (step.name,)
    return edits if after is not None and _is_as_meant(after, step.expected(variables.given), new, release) else None


Reading = tuple[str, "str | None"]


def _read_as(variable: Variable) -> Reading:
    return variable.name, variable.text


class _Step:
    """What is to become of one variable: ``old`` is what is there, ``name`` and ``text`` are what is to be; None where nothing is.

    What gets another name keeps its value, of which nobody has to know the text.
    """

    def __init__(self, old: Variable | None, name: str = "", text: str | None = None, *, order: Sequence[str] = ()) -> None:
        self.old = old
        self.name = name
        self.text = text
        self.order = order
        self.requote = True

    @property
    def _renames(self) -> bool:
        return self.old is not None and bool(self.name) and self.name != self.old.name

    def edits(self, variables: Variables) -> list[Edit] | None:
        """See :class:`Variables`."""
        if self.old is None:
            return None if self.text is None else variables.add(self.name, self.text, self.order)
        if self._renames:
            return variables.rename(self.old, self.name)
        if self.text is None:
            return variables.remove(self.old)
        return [] if self.text == self.old.text else variables.set(self.old, self.text, requote=self.requote)

    def expected(self, given: Sequence[Variable]) -> Counter[Reading]:
        """How all variables are to be read afterwards."""
        expected = Counter(map(_read_as, given))
        if self.old is not None:
            expected[_read_as(self.old)] -= 1
        if self.text is not None or self._renames:
            expected[self.name, self.text] += 1
        return +expected


def _step(variables: Variables, release: Release, change: Change) -> _Step | None:
    """What a change of a setting is as one of a variable; None where it is none, or where several variables have a say."""
    placed = [(setting_of(one.name, release), one) for one in variables.given]
    own = [one for path, one in placed if path == change.path]
    above = [(path, one) for path, one in placed if path and len(path) < len(change.path) and change.path[: len(path)] == path]
    if len(own) + len(above) > 1:
        return None
    concerned = [*own, *(one for _, one in above)]
    if any(one.mistake is not None for one in concerned) or (
        any(one.text is None for one in concerned) and (above or change.action != "rename")
    ):
        return None  # what is not said here, or not as it was meant
    if above:
        (path, whole), *_ = above
        return _inner_step(path, whole, release, change)
    if change.action == "set":
        return _set(placed, own[0] if own else None, release, change)
    if not own:
        return None
    return _Step(own[0]) if change.action == "remove" else _rename(placed, own[0], release, change.value)


def _set(placed: Sequence[tuple[SettingPath, Variable]], old: Variable | None, release: Release, change: Change) -> _Step | None:
    if any(len(path) > len(change.path) and path[: len(change.path)] == change.path for path, _ in placed):
        return None  # it is given as its members
    text = text_of(change.path, change.value, release)
    name = old.name if old is not None else _variable(change.path, release)
    return None if text is None or not name else _Step(old, name, text, order=_order(release))


def _rename(placed: Sequence[tuple[SettingPath, Variable]], old: Variable, release: Release, target: SettingPath) -> _Step | None:
    name = _variable(target, release)
    lengths = [(path, min(len(path), len(target))) for path, one in placed if path and one is not old]
    if not name or any(path[:length] == target[:length] for path, length in lengths):
        return None  # it is given, or a part of it
    return _Step(old, name, old.text)


def _variable(path: SettingPath, release: Release) -> str:
    """The variable that a release puts on a setting; empty where there is none."""
    setting = settings.catalogue().get(path)
    if setting is None or setting.env_unsettable.at(release) or not all(isinstance(step, str) for step in path):
        return ""
    name = variable_of(tuple(map(str, path)), release)
    return name if setting_of(name, release) == path else ""


def text_of(path: SettingPath, value: Any, release: Release) -> str | None:
    """The text of a variable that the loader of a release reads as a value; None where it reads none so."""
    setting = settings.catalogue().get(path)
    if setting is None:
        return value if isinstance(value, str) else None
    coercion = setting.env_coercion.at(release)
    text = _written(value, coercion)
    return text if text is not None and is_same(loaded_value(text, setting, coercion), value) else None


def _written(value: Any, coercion: str) -> str | None:
    if coercion == "object":
        return json.dumps(value, ensure_ascii=False)
    if coercion == "csv" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, int | float) else None


@lru_cache(maxsize=8)
def _order(release: Release) -> Sequence[str]:
    """The names of the variables, as the documentation orders their settings."""
    return tuple(variable_of(tuple(name.split(".")), release) for name in settings.catalogue().names() if "*" not in name)


# --- Within the JSON of a variable ----------------------------------------------------------------------------------------------------


def _inner_step(path: SettingPath, whole: Variable, release: Release, change: Change) -> _Step | None:
    """A change of a member of an object that a variable gives as JSON, of which all else stays as it is written."""
    setting, old = settings.catalogue().get(path), whole.text
    assert old is not None  # what is not known is refused before
    if setting is None or setting.env_coercion.at(release) != "object" or valid_value(old) is INVALID:
        return None
    edits = _inner_edits(old, change._replace(path=change.path[len(path) :]), len(path), change.path)
    if edits is None:
        return None
    step = _Step(whole, whole.name, apply_edits(old, edits))
    step.requote = False
    return step


def _inner_edits(text: str, change: Change, above: int, path: SettingPath) -> list[Edit] | None:
    parsed = parse_json(text)
    if change.action == "set":
        try:
            return set_whole(text, parsed, change.path, change.value)
        except (TypeError, ValueError):  # a value that JSON has no text for
            return None
    if change.action == "remove":
        return remove(text, parsed, change.path)
    return rename(text, parsed, change.path, str(change.value[-1])) if change.value[:-1] == path[:-1] else None
