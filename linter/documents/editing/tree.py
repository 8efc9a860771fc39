"""Edits of variables in YAML and JSON: in a mapping, in a list of ``NAME=value``, in a list of ``name`` and ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ...model import Change, gathered
from ...syntax.edits import index_in
from ...syntax.json import parse_json
from ...syntax.json_edits import JsonEditor
from ...syntax.places import Json
from ...syntax.yaml import Yaml, documents_of
from ...syntax.yaml_edits import YamlEditor
from ...text import Edits, Text
from ...typed import Any, Final
from ..source import SourceFile
from ..variables.documents import Variable
from ..variables.in_yaml import Block, Node, variables_in
from .variables import Reading, variable_edits

_SHORT_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
"""A number that every YAML reader converts to the same text: Helm writes a longer one with an exponent."""

_MOST_READ: Final = 2_000_000
"""The maximum number of characters of a file that are parsed again for its fixes: thousands of containers can have one each."""


def tree_edits(holder: Node, blocks: Callable[[Node], Iterable[Block]], changes: Sequence[Change]) -> Edits:
    """The edits of a file that make the changes; see :func:`linter.documents.containers.documents.holder_in`."""
    file = holder.file
    spent: list[int] = file.cached("characters read for fixes", lambda: [0])
    spent[0] += len(file.text.content) * len(changes)
    if spent[0] > _MOST_READ:
        return None
    index = next(number for number, tree in enumerate(file.documents) if tree is holder.tree)

    def read_again(content: str) -> _Tree | None:
        node = holder
        if content is not file.text.content:
            trees: Sequence[Yaml | Json] = [parse_json(content)] if isinstance(holder.tree, Json) else documents_of(content)
            if len(trees) != len(file.documents):
                return None
            node = Node(SourceFile(file.uri, Text(content), file.server), trees[index], holder.path)
        return _Tree(node, list(blocks(node)))

    return variable_edits(file.text.content, read_again, file.release, changes)


class _Tree:
    """See :class:`linter.documents.editing.variables.Variables`."""

    def __init__(self, holder: Node, blocks: Sequence[Block]) -> None:
        self.given = variables_in(blocks)
        self._root = holder._replace(path=())
        self._blocks = [block for block in blocks if block.is_editable]
        content, tree = holder.file.text.content, holder.tree
        self._editor = YamlEditor(content, tree) if isinstance(tree, Yaml) else JsonEditor(content, tree)

    def put(self, variable: Variable, new: Sequence[Reading], requote: bool) -> Edits:
        at, item, (name, text) = variable.at, self._root.at(*variable.at).value, new[0]
        block = next((block for block in self._blocks if block.at.path == at[:-1]), None)
        if block is None:
            return None
        if len(new) > 1:
            return self._replace(block, variable, new)
        if name != variable.name:
            return self._rename(block, variable, name)
        is_object = isinstance(at[-1], int) and isinstance(item, dict)
        path = (*at, "value") if is_object else at
        old = self._root.at(*path).value
        if text is None or not isinstance(old, str | int | float):
            return None  # anything but a text, a number or a switch is left alone
        value = block.write(text)
        is_pair = isinstance(path[-1], int)
        edits = self._editor.set(path, f"{name}={value}" if is_pair else _scalar(old, value, block))
        is_requoted = edits and _style(edits[0].text) != _style(self._root.file.text.content[edits[0].span.start : edits[0].span.start + 1])
        return None if is_requoted and not requote else edits

    def _replace(self, block: Block, variable: Variable, new: Sequence[Reading]) -> Edits:
        items: list[tuple[str, Any]] = [(block.name_of(name), block.write(text)) for name, text in new if text is not None]
        if isinstance(variable.at[-1], int):
            is_object = isinstance(self._root.at(*variable.at).value, dict)
            items = [(name, _listed(name, text, is_object=is_object)) for name, text in items]
        return self._editor.replace(variable.at, items) if all(name for name, _ in items) else None

    def _rename(self, block: Block, variable: Variable, name: str) -> Edits:
        at, item = variable.at, self._root.at(*variable.at).value
        if isinstance(at[-1], str):
            member = block.name_of(name)
            return self._editor.rename(at, member) if member and item is not None else None
        if isinstance(item, dict):
            return self._editor.set((*at, "name"), name)
        _, sign, value = item.partition("=")  # without a value it passes on one that has this name elsewhere
        return self._editor.set(at, f"{name}={value}") if sign else None

    def remove(self, variable: Variable) -> Edits:
        is_here = any(block.at.path == variable.at[:-1] for block in self._blocks)
        return self._editor.remove(variable.at) if is_here else None

    def add(self, name: str, text: str, order: Sequence[str]) -> Edits:
        """Add a variable where its name is a member, else where most others are; in a list, in the style of its neighbour."""
        named = next((block for block in self._blocks if block.names is not None and block.name_of(name)), None)
        if named is not None:
            order = [own for path in order if (own := named.name_of(path))]
            return self._editor.set((*named.at.path, named.name_of(name)), named.write(text), order)
        standing = gathered((variable.at[:-1], variable) for variable in self.given)
        given = [(block, standing[block.at.path]) for block in self._blocks if block.names is None and block.at.path in standing]
        if not given:
            return None
        block, siblings = max(given, key=lambda pair: (len(pair[1]), pair[0].write is str))
        if isinstance(block.at.value, dict):
            return self._editor.set((*block.at.path, name), block.write(text), order)
        index = index_in(order, [sibling.name for sibling in siblings], name)
        sibling = siblings[max(index - 1, 0)].at
        item = _listed(name, block.write(text), is_object=isinstance(self._root.at(*sibling).value, dict))
        return self._editor.insert((*block.at.path, int(sibling[-1]) + (index > 0)), item)


def _style(text: str) -> str:
    """How a value in YAML is quoted, by its first character."""
    return text[:1] if text[:1] in ("'", '"', "|", ">") else ""


def _listed(name: str, text: str, *, is_object: bool) -> Any:
    """A variable as an item of a list."""
    return {"name": name, "value": text} if is_object else f"{name}={text}"


def _scalar(old: Any, text: str, block: Block) -> Any:
    """The replacement for a scalar: an unquoted number or switch stays one if the reader turns it into text."""
    if block.booleans and isinstance(old, bool) and text in ("true", "false"):
        return text == "true"
    if block.numbers and isinstance(old, int | float) and not isinstance(old, bool) and _SHORT_NUMBER.fullmatch(text):
        return int(text)
    return text
