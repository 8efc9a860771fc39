"""Edits of YAML that keep comments, quotes, anchors, blank lines, and the other documents as they are; see :mod:`.tree_edits`.

Edited text is parsed before the edits are returned, and refused unless it gives exactly the edited value. So a value that an anchor shares
is never changed, nor one from a merge key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model import is_same
from ..text import Edit, Span
from ..typed import Any
from .brackets import Brackets, Item, insert, separator_at
from .edits import after_blanks, after_break, apply_edits, line_end, line_start, nearest, newline_at, without_lines
from .escapes import yaml_like
from .places import JsonPath
from .tree_edits import Block, New, Order, TreeEditor
from .yaml import Yaml, documents_of
from .yaml_places import Style, YamlNode
from .yaml_scalars import block, serialized, text

_UNIT = 2
"""The spaces of one level of indentation, if the text shows no other number."""
_COMMENT = re.compile(r"#[^\n\r]*")
_SIGN = re.compile(r"[ \t]*[:-]")
_NEXT = re.compile(r"(?:[ \t\r\n]|#[^\n\r]*[\n\r])*[,-]")
"""A comma between brackets or the dash of the next item, with what may precede it."""
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
"""What may follow on the last line of an entry: a comment."""
_ANCHOR = re.compile(r"&\S+\s+")
_HEADER = re.compile(r"[|>][-+0-9]*")
_INDENT = re.compile(r"[ \r\n]*")
_NO_KEY = ("?", "&", "*", "!")
_DASHES = re.compile(r" *(?:- +)*")
_QUOTES: Mapping[str, Style] = {"'": "single", '"': "double"}


class YamlEditor(TreeEditor):
    """Makes edits of one document, verified by parsing the result."""

    def __init__(self, content: str, parsed: Yaml) -> None:
        super().__init__(content, parsed.value, parsed.places)
        self._member = parsed.places.member

    def _checked(self, edits: list[Edit], path: JsonPath, new: New, gone: int = 1) -> list[Edit]:
        """The edits, if parsing the result gives the expected value, the same other documents, and no new problem."""
        expected = _changed(self._value, path, new, gone)
        before, after = documents_of(self._content), documents_of(apply_edits(self._content, edits))
        place = self._places.find(())
        if not all(one.whole and not any(problem.lossy for problem in one.problems) for one in before) or len(after) != len(before):
            raise LookupError(path)
        for old, made in zip(before, after, strict=True):
            wanted = expected if old.places.find(()) == place else old.value
            names = [[problem.name for problem in one.problems] for one in (old, made)]
            if not made.whole or names[0] != names[1] or not is_same(made.value, wanted):
                raise LookupError(path)
        return edits

    # --- Existing nodes

    def _node(self, path: JsonPath) -> YamlNode:
        """The node at a path, if it is written there."""
        _, node = self._member(path) or (None, None)
        if node is None or node.is_alias:
            raise LookupError(path)
        return node

    def _bare(self, node: YamlNode) -> Span:
        """The place of a value, without its anchor. A tagged value is left alone."""
        match = _ANCHOR.match(self._content, node.start, node.end)
        start = match.end() if match is not None else node.start
        if self._content[start : start + 1] in ("&", "!") and start < node.end:
            raise LookupError
        return Span(start, node.end)

    def _holder(self, path: JsonPath) -> Brackets | Block:
        content, node = self._content, self._node(path)
        if node.children is None:
            raise LookupError(path)
        items = [Item(name, key.start, max(one.end, key.end), key=key.span) for name, (key, one) in node.entries.items()]
        if node.is_list:
            items = [Item(index, one.start, one.end) for index, one in enumerate(node.children)]
        if node.is_flow:
            start, end = self._bare(node)
            signs = [_NEXT.match(content, item.end) for item in items]
            found = [item if sign is None else item._replace(comma=sign.end() - 1) for item, sign in zip(items, signs, strict=True)]
            return Brackets(content, start, end - 1, tuple(found), _COMMENT)
        if node.is_list:
            dashes = [self._bare(node).start, *(_behind(_NEXT, content, item.end) - 1 for item in items[:-1])]
            items = [item._replace(start=dash) for item, dash in zip(items, dashes, strict=True)]
        return Block(items, node.is_list)

    # --- Values

    def _set(self, path: JsonPath, value: Any, order: Order) -> list[Edit]:
        content, node, in_flow = self._content, self._node(path), self._node(path[:-1]).is_flow
        start, end = self._bare(node)
        if content[start:end] == str(value) if type(value) is int else is_same(node.value, value):
            return []
        if node.children is not None:
            members = value.items() if isinstance(value, dict) else ()
            if not members:
                raise LookupError(path)
            return [edit for step, one in members for edit in self._set((*path, step), one, ())]
        if start == end:
            return [Edit(Span(start, end), f" {serialized(value, 'plain', in_flow=in_flow)}")]
        if node.style in ("literal", "folded"):
            return self._set_block(Span(start, end), node.style, value)
        if node.style == "double" and isinstance(value, str):
            inner = yaml_like(content[start + 1 : end - 1], value, lambda new: text(new, "double", in_flow=in_flow)[1:-1])
            return [Edit(Span(start, end), f'"{inner}"')]
        return [Edit(Span(start, end), serialized(value, node.style, in_flow=in_flow))]

    def _set_block(self, span: Span, style: Style, value: Any) -> list[Edit]:
        """Change the indicator and the lines of a block; the rest of the indicator's line stays."""
        content, header = self._content, Span(span.start, _behind(_HEADER, self._content, span.start))
        first = line_end(content, header.end)
        body = after_break(content, first)
        made = None
        if isinstance(value, str) and body < span.end:
            text_start = _behind(_INDENT, content, body)
            made = block(value, style, " " * (text_start - line_start(content, text_start)), content[first:body])
        if made is None:
            gone = Span(min(first, span.end), span.end)
            return [Edit(header, serialized(value, "double", in_flow=False)), Edit(gone, "")]
        return [Edit(header, made[0]), Edit(Span(body, span.end), made[1])]

    def _name(self, path: JsonPath, key: Span, name: str) -> str:
        first = self._content[key.start]
        if first in _NO_KEY or self._content[: key.start].rstrip()[-1:] == "?":
            raise LookupError(path)
        return text(name, _QUOTES.get(first, "plain"), in_flow=self._node(path[:-1]).is_flow)

    # --- Inserting

    def _insert(self, path: JsonPath, index: int, new: New) -> list[Edit]:
        holder = self._holder(path)
        model = self._model(path, holder, index)
        in_flow = isinstance(holder, Brackets) or (model is not None and model.is_flow)
        texts: list[str] = []
        for name, value in new:
            is_block = isinstance(value, dict) and not in_flow
            unit = self._unit(path, holder) if is_block and not holder.is_list else "  "
            head = "" if holder.is_list else f"{text(name, 'plain', in_flow=in_flow)}:" + (f"\n{unit}" if is_block else " ")
            texts.append(head + self._serialized(value, model, unit, in_flow=in_flow))
        if isinstance(holder, Brackets):
            return insert(holder, index, texts, separator_at(holder, index, " "))
        first = holder.items[0].start
        indent = " " * (first - line_start(self._content, first))
        lines = [indent + line for one in texts for line in (f"- {one}" if holder.is_list else one).split("\n")]
        at = _behind(_REST, self._content, holder.items[index - 1].end) if index else first
        end = line_end(self._content, at if index else holder.items[0].end)
        newline = newline_at(self._content, end, at)
        if index:
            return [Edit(Span(at, at), "".join(newline + line for line in lines))]
        _begins_line(self._content, first)
        return [Edit(Span(at, at), "".join(line + newline for line in lines)[len(indent) :] + indent)]

    def _model(self, path: JsonPath, holder: Brackets | Block, index: int) -> YamlNode | None:
        """The member nearest to an index that shows how another one is written: a text, or in a list a mapping."""
        for item in nearest(holder.items, index):
            _, node = self._member((*path, item.step)) or (None, None)
            if node is not None and not node.is_alias:
                is_mapping = holder.is_list and isinstance(node.value, dict) and node.members
                if is_mapping or isinstance(node.value, str):
                    return node
        return None

    def _serialized(self, value: Any, model: YamlNode | None, indent: str, *, in_flow: bool) -> str:
        """A scalar, or a mapping of scalars, with members on lines of their own, or in brackets."""
        if not isinstance(value, dict):
            return serialized(value, _quotes(model), in_flow=in_flow)
        members = model.members if model is not None else None
        nodes = {name: node.resolved for name, (_, node) in members.items()} if members is not None else dict.fromkeys(value, model)
        styles = {name: _quotes(nodes.get(name)) for name in value}
        pairs = [f"{text(name, 'plain', in_flow=in_flow)}: {serialized(one, styles[name], in_flow=in_flow)}" for name, one in value.items()]
        if not in_flow:
            return f"\n{indent}".join(pairs)
        start = self._bare(model).start + 1 if model is not None and model.is_flow else 0
        pad = self._content[start : after_blanks(self._content, start)] if start else ""
        return f"{{{pad}{', '.join(pairs)}{pad}}}"

    def _unit(self, path: JsonPath, holder: Brackets | Block) -> str:
        """One level of indentation, as between the name of a mapping and its entries."""
        key, _ = self._member(path) or (None, None)
        starts = [holder.items[0].start, key.start] if key is not None else []
        columns = [at - line_start(self._content, at) for at in starts]
        return " " * (columns[0] - columns[1] if columns else _UNIT)

    # --- Removing

    def _take_out(self, path: JsonPath, holder: Any, indexes: list[int]) -> list[Edit]:
        if isinstance(holder, Brackets):
            return super()._take_out(path, holder, indexes)
        content, (index,) = self._content, indexes
        item = holder.items[index]
        if len(holder.items) == 1:
            return self._emptied(path, item)
        end = _behind(_REST, content, item.end)
        if _begins_line(content, item.start):
            return [without_lines(content, line_start(content, item.start), end)]
        following = holder.items[index + 1].start  # it takes the place after the dash
        if content[end:following].strip():
            raise LookupError(path)
        return [Edit(Span(item.start, following), "")]

    def _emptied(self, path: JsonPath, item: Item) -> list[Edit]:
        """Remove the only member of a collection, which stays, empty."""
        content, node, empty = self._content, self._node(path), "{}" if isinstance(item.step, str) else "[]"
        start, end = item.start, _behind(_REST, content, item.end)
        if path and self._bare(node).start == node.start:
            holder, (index,) = self._found(path)
            own = holder.items[index]
            head = _behind(_SIGN, content, own.start if own.key is None else own.key.end)
            if not content[head:start].strip():
                return [Edit(Span(head, end), f" {empty}")]
            if _begins_line(content, start):
                return [Edit(Span(head, head), f" {empty}"), without_lines(content, line_start(content, start), end)]
        return [Edit(Span(start, end), empty)]


def _quotes(node: YamlNode | None) -> Style:
    """The quotes of a text; none for other values."""
    return node.style if node is not None and isinstance(node.value, str) and node.style in ("single", "double") else "plain"


def _changed(value: Any, path: JsonPath, new: New, gone: int) -> Any:
    """A value with ``new`` in place of the removed members at a path. Values shared by aliases do not change elsewhere."""
    if not path or not isinstance(value, dict | list) or isinstance(value, dict) is not isinstance(path[0], str):
        raise LookupError(path)
    copy: Any = value.copy()
    step = path[0]
    if len(path) > 1:
        copy[step] = _changed(copy[step], path[1:], new, gone)
    elif isinstance(step, int):
        copy[step : step + gone] = [one for _, one in new]
    else:
        copy.pop(step, None)
        if not copy.keys().isdisjoint(dict(new)):
            raise LookupError(path)
        copy.update(new)
    return copy


def _behind(what: re.Pattern[str], content: str, at: int) -> int:
    """The offset after the node at a place."""
    match = what.match(content, at)
    if match is None:
        raise LookupError(at)
    return match.end()


def _begins_line(content: str, at: int) -> bool:
    """Whether only spaces, and dashes of lists whose item it begins, precede an entry on its line."""
    prefix = content[line_start(content, at) : at]
    if _DASHES.fullmatch(prefix) is None:
        raise LookupError(at)
    return not prefix.strip()
