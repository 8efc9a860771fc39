"""Edits of variables in YAML and JSON: in a mapping, in a list of ``NAME=value``, in a list of ``name`` and ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ..model import Change
from ..syntax import json_edits, yaml_edits
from ..syntax.edits import apply_edits, index_in
from ..syntax.json import parse_json
from ..syntax.places import Json, JsonPath
from ..syntax.yaml import Yaml, documents_of
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
    if _is_spent(file, len(changes)):
        return None
    index = next(number for number, one in enumerate(file.documents) if one is holder.tree)

    def parse(content: str) -> Yaml | Json | None:
        return _parsed(content, index, len(file.documents), holder.tree)

    def read_again(content: str) -> _Tree | None:
        if content is file.text.content:
            return _Tree(content, holder, list(read(holder)), list(parts(holder)), parse)
        parsed = parse(content)
        if parsed is None:
            return None
        again = Node(SourceFile(file.uri, Text(content), file.server), parsed, holder.path)
        return _Tree(content, again, list(read(again)), list(parts(again)), parse)

    return variable_edits(file.text.content, read_again, file.release, changes)


def _is_spent(file: SourceFile, changes: int) -> bool:
    """Whether a file has been read too often for one more fix."""
    spent: list[int] = file.cached("characters read for fixes", lambda: [0])
    spent[0] += len(file.text.content) * changes
    return spent[0] > _MOST_READ


def _parsed(content: str, index: int, count: int, before: Yaml | Json) -> Yaml | Json | None:
    """One document of an edited text; None where it no longer has as many."""
    if isinstance(before, Json):
        return parse_json(content)
    documents = documents_of(content)
    return documents[index] if len(documents) == count else None


class _Tree:
    """See :class:`linter.documents.variables_editor.Variables`."""

    def __init__(
        self, content: str, holder: Node, given: Sequence[Variable], parts: Sequence[VariablePart], parse: Callable[[str], Any]
    ) -> None:
        self.given = given
        self._content = content
        self._root = holder._replace(path=())
        self._parsed = holder.tree
        self._parts = parts
        self._parse = parse
        self._edits: Any = yaml_edits if isinstance(holder.tree, Yaml) else json_edits

    def set(self, variable: Variable, text: str, *, requote: bool) -> list[Edit] | None:
        part = self._part_of(variable)
        if part is None:
            return None
        path, item, written = variable.at, self._value(variable), part.write(text)
        if isinstance(path[-1], int):
            if not isinstance(item, dict):
                return self._set_scalar(path, f"{variable.name}={written}", requote=requote)
            path, item = (*path, "value"), item.get("value")
        return self._set_scalar(path, _scalar(item, written, part), requote=requote)

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
        return self._made(self._edits.set_value, (*part.at.path, name), written, order)

    def replace(self, variable: Variable, new: Sequence[tuple[str, str]]) -> list[Edit] | None:
        part, item = self._part_of(variable), self._value(variable)
        if part is None:
            return None
        written: list[tuple[str, Any]] = [(self._member(part, name), part.write(text)) for name, text in new]
        if isinstance(variable.at[-1], int):
            written = [(name, {"name": name, "value": text} if isinstance(item, dict) else f"{name}={text}") for name, text in written]
        return self._made(self._edits.replace, variable.at, written) if all(name for name, _ in written) else None

    def remove(self, variable: Variable) -> list[Edit] | None:
        return None if self._part_of(variable) is None else self._made(self._edits.remove, variable.at)

    def rename(self, variable: Variable, name: str) -> list[Edit] | None:
        part, item = self._part_of(variable), self._value(variable)
        if part is None or item is None or (isinstance(item, str) and isinstance(variable.at[-1], int) and "=" not in item):
            return None  # without a value it hands on one that has this name elsewhere
        if isinstance(variable.at[-1], str):
            member = self._member(part, name)
            return self._made(self._edits.rename, variable.at, member) if member else None
        if isinstance(item, dict):
            return self._made(self._edits.set_value, (*variable.at, "name"), name)
        return self._made(self._edits.set_value, variable.at, f"{name}={item.partition('=')[2]}")

    def _made(self, edit: Callable[..., list[Edit] | None], path: JsonPath, *values: Any) -> list[Edit] | None:
        try:
            return edit(self._content, self._parsed, path, *values)
        except (TypeError, ValueError):  # a text that cannot be written
            return None

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
        return self._made(self._edits.insert_item, (*part.at.path, int(sibling.at[-1]) + (index > 0)), item)

    def _set_scalar(self, path: JsonPath, value: Any, *, requote: bool) -> list[Edit] | None:
        """Give a text, a number or a switch another value; what is neither is left alone."""
        if not isinstance(self._root.at(*path).value, str | int | float):
            return None
        edits = self._made(self._edits.set_value, path, value)
        return edits if requote or edits is None or self._keeps_quotes(path, edits) else None

    def _keeps_quotes(self, path: JsonPath, edits: list[Edit]) -> bool:
        if not isinstance(self._parsed, Yaml):
            return True
        after = self._parse(apply_edits(self._content, edits))
        return isinstance(after, Yaml) and after.places.style(path) == self._parsed.places.style(path)


def _scalar(old: Any, written: str, part: VariablePart) -> Any:
    """What is to stand in place of a scalar: a number or a switch without quotes stays one where the reader takes it for text."""
    if part.booleans and isinstance(old, bool) and written in ("true", "false"):
        return written == "true"
    if part.numbers and isinstance(old, int | float) and not isinstance(old, bool) and _SHORT_NUMBER.fullmatch(written):
        return int(written)
    return written
