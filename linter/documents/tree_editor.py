"""Edits of variables in YAML and JSON: in a mapping, in a list of ``NAME=value``, in a list of ``name`` and ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ..model import Change
from ..syntax.edits import index_in
from ..syntax.json import parse_json
from ..syntax.json_edits import JsonEditor
from ..syntax.places import Json, JsonPath
from ..syntax.yaml import Yaml, documents_of
from ..syntax.yaml_edits import YamlEditor
from ..text import Edit, Text
from ..typed import Any, Final
from .source import SourceFile
from .variables import Variable
from .variables_editor import variable_edits
from .variables_in_yaml import Node, VariablePart

Reader = Callable[[Node], Sequence[Variable]]
Parts = Callable[[Node], Iterable[VariablePart]]

_SHORT_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
"""A number that every reader of YAML makes the same text of: Helm writes a longer one with an exponent."""

_MOST_READ: Final = 2_000_000
"""Characters of a file that are read again for its fixes, at most: a file of thousands of containers can have one in each."""


def tree_edits(holder: Node, read: Reader, parts: Parts, changes: Sequence[Change]) -> list[Edit] | None:
    """The edits of a file that make the changes; see :func:`linter.documents.editors.editor_in`."""
    file = holder.file
    spent: list[int] = file.cached("characters read for fixes", lambda: [0])
    spent[0] += len(file.text.content) * len(changes)
    if spent[0] > _MOST_READ:
        return None
    index = next(number for number, one in enumerate(file.documents) if one is holder.tree)

    def read_again(content: str) -> _Tree | None:
        node = holder
        if content is not file.text.content:
            trees: Sequence[Yaml | Json] = [parse_json(content)] if isinstance(holder.tree, Json) else documents_of(content)
            if len(trees) != len(file.documents):
                return None
            node = Node(SourceFile(file.uri, Text(content), file.server), trees[index], holder.path)
        return _Tree(node, list(read(node)), list(parts(node)))

    return variable_edits(file.text.content, read_again, file.release, changes)


class _Tree:
    """See :class:`linter.documents.variables_editor.Variables`."""

    def __init__(self, holder: Node, given: Sequence[Variable], parts: Sequence[VariablePart]) -> None:
        self.given = given
        self._root = holder._replace(path=())
        self._parts = parts
        content, tree = holder.file.text.content, holder.tree
        self._editor = YamlEditor(content, tree) if isinstance(tree, Yaml) else JsonEditor(content, tree)

    def style(self, variable: Variable, /) -> str | None:
        """How a YAML value is quoted."""
        return self._root.tree.places.style(self._value_at(variable)) if isinstance(self._root.tree, Yaml) else None

    def set(self, variable: Variable, text: str, _requote: bool, /) -> list[Edit] | None:
        part, path = self._part_of(variable), self._value_at(variable)
        item = self._root.at(*path).value
        if part is None or not isinstance(item, str | int | float):
            return None  # what is neither a text, a number nor a switch is left alone
        written = part.write(text)
        is_pair = path == variable.at and isinstance(path[-1], int)
        return self._editor.set(path, f"{variable.name}={written}" if is_pair else _scalar(item, written, part))

    def _value_at(self, variable: Variable) -> JsonPath:
        """Where the value stands: in an item of ``name`` and ``value``, it is a member of that."""
        is_item = isinstance(variable.at[-1], int) and isinstance(self._value(variable), dict)
        return (*variable.at, "value") if is_item else variable.at

    def add(self, name: str, text: str, order: Sequence[str]) -> list[Edit] | None:
        part = self._home(name)
        if part is None:
            return None
        written = part.write(text)
        if part.members is not None:
            order = [part.members[one] for one in order if one in part.members]
            name = part.members[name]
        elif not isinstance(part.at.value, dict):
            return self._insert(part, name, written, order)
        return self._editor.set((*part.at.path, name), written, order)

    def replace(self, variable: Variable, new: Sequence[tuple[str, str]]) -> list[Edit] | None:
        part, item = self._part_of(variable), self._value(variable)
        if part is None:
            return None
        written: list[tuple[str, Any]] = [(self._member(part, name), part.write(text)) for name, text in new]
        if isinstance(variable.at[-1], int):
            written = [(name, {"name": name, "value": text} if isinstance(item, dict) else f"{name}={text}") for name, text in written]
        return self._editor.replace(variable.at, written) if all(name for name, _ in written) else None

    def remove(self, variable: Variable) -> list[Edit] | None:
        return None if self._part_of(variable) is None else self._editor.remove(variable.at)

    def rename(self, variable: Variable, name: str) -> list[Edit] | None:
        part, item = self._part_of(variable), self._value(variable)
        if part is None or item is None or (isinstance(item, str) and isinstance(variable.at[-1], int) and "=" not in item):
            return None  # without a value it hands on one that has this name elsewhere
        if isinstance(variable.at[-1], str):
            member = self._member(part, name)
            return self._editor.rename(variable.at, member) if member else None
        if isinstance(item, dict):
            return self._editor.set((*variable.at, "name"), name)
        return self._editor.set(variable.at, f"{name}={item.partition('=')[2]}")

    # --- Where variables stand

    def _value(self, variable: Variable) -> Any:
        return self._root.at(*variable.at).value

    def _part_of(self, variable: Variable) -> VariablePart | None:
        return next((part for part in self._parts if part.at.path == variable.at[:-1]), None)

    @staticmethod
    def _member(part: VariablePart, name: str) -> str:
        """What a variable is called in a part that has names of its own; empty where it has none."""
        return name if part.members is None else part.members.get(name, "")

    def _variables_of(self, part: VariablePart) -> list[Variable]:
        return [one for one in self.given if one.at[:-1] == part.at.path]

    def _home(self, name: str) -> VariablePart | None:
        """Where a new variable goes: where its name is a member, else where most others are."""
        named = next((part for part in self._parts if part.members is not None and name in part.members), None)
        others = [part for part in self._parts if part.members is None and self._variables_of(part)]
        return named or max(others, key=lambda part: len(self._variables_of(part)), default=None)

    def _insert(self, part: VariablePart, name: str, written: str, order: Sequence[str]) -> list[Edit] | None:
        """Put an item into a list, written as the one beside it."""
        siblings = self._variables_of(part)
        index = index_in(order, [one.name for one in siblings], name)
        sibling = siblings[max(index - 1, 0)]
        is_pair = isinstance(self._value(sibling), dict)
        item: Any = {"name": name, "value": written} if is_pair else f"{name}={written}"
        return self._editor.insert((*part.at.path, int(sibling.at[-1]) + (index > 0)), item)


def _scalar(old: Any, written: str, part: VariablePart) -> Any:
    """What is to stand in place of a scalar: a number or a switch without quotes stays one where the reader takes it for text."""
    if part.booleans and isinstance(old, bool) and written in ("true", "false"):
        return written == "true"
    if part.numbers and isinstance(old, int | float) and not isinstance(old, bool) and _SHORT_NUMBER.fullmatch(written):
        return int(written)
    return written
