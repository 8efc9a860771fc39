"""Edits of YAML that keep the text as it is written: comments, quotes, anchors, blank lines, and the other documents.

Each function takes a text and one of the documents that were read of it, and returns the edits, of which there are none where nothing needs
to change. A value is a scalar, or for an item of a list a mapping of scalars. None is returned where nothing can be done at the path, and
where the edited text would not be read as just the edited value: it is read before the edits are given. So what an anchor shares is never
changed, nor what a merge key brings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..text import Span
from ..typed import Any, NamedTuple
from .brackets import Brackets, Item, Separator, fill, insert, separator_at, take_out
from .edits import (
    Edit,
    apply_edits,
    behind_blanks,
    behind_break,
    break_near,
    index_in,
    is_same,
    line_end,
    line_start,
    nearest,
    value_at,
    without_lines,
)
from .escapes import yaml_like
from .places import JsonPath
from .yaml import Yaml, documents_of
from .yaml_places import Member, Style, YamlNode
from .yaml_scalars import block, text, written

_UNIT = 2
"""Spaces of one level of indentation, where the text shows no other number."""
_COMMENT = re.compile(r"#[^\n\r]*")
_COLON = re.compile(r"[ \t]*:")
_COMMA = re.compile(r"(?:[ \t\r\n]|#[^\n\r]*[\n\r])*,")
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_ANCHOR = re.compile(r"&\S+\s+")
_HEADER = re.compile(r"[|>][-+0-9]*")
_INDENT = re.compile(r"[ \r\n]*")
_NO_KEY = ("?", "&", "*", "!")
_DASHES = re.compile(r" *(?:- +)*")
_QUOTES: Mapping[str, Style] = {"'": "single", '"': "double"}


def set_value(content: str, parsed: Yaml, path: JsonPath, value: Any, order: Sequence[str] = ()) -> list[Edit] | None:
    """Give the entry or item at ``path`` a value, or put a new entry into a mapping, at its place in ``order``; that may be new too.

    A scalar keeps its quotes if they can hold the text, else it gets double quotes. A new entry is written as its siblings are. Raises
    :exc:`ValueError` or :exc:`TypeError` for what YAML cannot say.
    """

    def change(holder: Any, step: Any) -> None:
        holder[step] = value

    if len(path) > 1 and parsed.places.find(path[:-1]) is None:
        is_new = isinstance(path[-1], str) and not isinstance(value, dict)
        return set_value(content, parsed, path[:-1], {path[-1]: value}, order) if is_new else None
    return _made(content, parsed, path, change, lambda editor: editor.set(path, value, order))


def insert_item(content: str, parsed: Yaml, path: JsonPath, value: Any) -> list[Edit] | None:
    """Put an item into a list, in front of the one at ``path``, or behind the last one."""

    def change(items: Any, index: Any) -> None:
        if index not in range(len(items) + 1):
            raise LookupError(index)
        items.insert(index, value)

    return _made(content, parsed, path, change, lambda editor: editor.insert(path[:-1], path[-1], [("", value)]))


def remove(content: str, parsed: Yaml, path: JsonPath) -> list[Edit] | None:
    """Take out the entry or item at ``path``, and with it the lines and the comments that are its alone."""

    def change(holder: Any, step: Any) -> None:
        del holder[step]

    return _made(content, parsed, path, change, lambda editor: editor.remove(path))


def rename(content: str, parsed: Yaml, path: JsonPath, name: str) -> list[Edit] | None:
    """Give the entry at ``path`` another name, which no other entry of the mapping has."""

    def change(holder: Any, step: Any) -> None:
        if not isinstance(holder, dict) or (name in holder and name != step):
            raise LookupError(name)
        holder[name] = holder.pop(step)

    return _made(content, parsed, path, change, lambda editor: editor.rename(path, name))


def replace(content: str, parsed: Yaml, path: JsonPath, new: Sequence[tuple[str, Any]]) -> list[Edit] | None:
    """Put entries by their names and values, or items, in place of the one at ``path``; the comment behind it stays behind the first."""

    def change(holder: Any, step: Any) -> None:
        if isinstance(holder, list):
            holder[step : step + 1] = [value for _, value in new]
            return
        del holder[step]
        if not holder.keys().isdisjoint(dict(new)):
            raise LookupError(step)
        holder.update(new)

    return _made(content, parsed, path, change, lambda editor: editor.replace(path, new))


# --- What an edited text must be read as -----------------------------------------------------------------------------------------------


class _Refused(Exception):
    """Something is written in a way that is left alone."""


def _made(
    content: str, parsed: Yaml, path: JsonPath, change: Callable[[Any, Any], None], edit: Callable[[_Editor], list[Edit]]
) -> list[Edit] | None:
    """The edits, if what is read of the edited text is the value after the change."""
    try:
        expected = _changed(parsed.value, path, change)
        edits = edit(_Editor(content, parsed))
    except (LookupError, _Refused):
        return None
    return edits if _leads_to(content, parsed, edits, expected) else None


def _changed(value: Any, path: JsonPath, change: Callable[[Any, Any], None]) -> Any:
    """A value with a change of what holds the last step of a path. What aliases share with the rest is not changed there."""
    if not path or not isinstance(value, dict | list) or isinstance(value, dict) is not isinstance(path[0], str):
        raise LookupError(path)
    copy: Any = value.copy()
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = _changed(copy[path[0]], path[1:], change)
    return copy


def _leads_to(content: str, parsed: Yaml, edits: list[Edit], expected: Any) -> bool:
    """Whether the edited text is read as the expected value, the other documents as before, and nothing is wrong that was not."""
    before, after = documents_of(content), documents_of(apply_edits(content, edits))
    place = parsed.places.find(())
    if len(after) != len(before) or not all(one.whole and not any(problem.lossy for problem in one.problems) for one in before):
        return False
    return all(
        new.whole
        and is_same(new.value, expected if old.places.find(()) == place else old.value)
        and [problem.name for problem in old.problems] == [problem.name for problem in new.problems]
        for old, new in zip(before, after, strict=True)
    )


# --- Edits ----------------------------------------------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """A member of a collection where it stands: ``start`` is where its name, its dash or, between brackets, its value begins."""

    step: str | int
    member: Member
    start: int
    end: int


class _Look(NamedTuple):
    """How a value is to be written: the quotes of a text, those of the members of a mapping, and whether that stands in brackets."""

    style: Style = "plain"
    members: Mapping[Any, Style] = {}
    in_flow: bool = False
    pad: str = ""
    """What stands inside of the brackets."""


def _quotes(node: YamlNode) -> Style:
    return node.style if node.style in ("single", "double") else "plain"


def _pair(name: str, value: Any, style: Style, *, in_flow: bool) -> str:
    return f"{text(name, 'plain', in_flow=in_flow)}: {written(value, style, in_flow=in_flow)}"


def _item(value: Any, look: _Look, indent: str) -> str:
    """An item of a list, or a mapping in a mapping; its members are on lines of their own, or in brackets."""
    if not isinstance(value, dict):
        return written(value, look.style, in_flow=look.in_flow)
    pairs = [_pair(name, one, look.members.get(name, look.style), in_flow=look.in_flow) for name, one in value.items()]
    return f"{{{look.pad}{', '.join(pairs)}{look.pad}}}" if look.in_flow else f"\n{indent}".join(pairs)


def _indent_of_block(content: str, line: int) -> str:
    """The indentation of the first line of a block that has something in it."""
    first = _INDENT.match(content, line)
    assert first is not None  # it matches nothing too
    return " " * (first.end() - line_start(content, first.end()))


def _next_dash(content: str, at: int) -> int:
    """The dash of the next item: it begins a line, behind comments."""
    at = _line_end(content, at)
    while content[at : at + 1] in ("\r", "\n"):
        line = behind_blanks(content, behind_break(content, at))
        if content[line : line + 1] == "-":
            return line
        at = _line_end(content, line)
    raise _Refused


def _line_end(content: str, at: int) -> int:
    """The end of a line on which nothing but a comment follows."""
    rest = _REST.match(content, at)
    if rest is None:
        raise _Refused
    return rest.end()


def _begins_line(content: str, at: int) -> bool:
    """Whether an entry stands behind nothing but spaces; dashes of the lists that it begins an item of may stand there too."""
    prefix = content[line_start(content, at) : at]
    if _DASHES.fullmatch(prefix) is None:
        raise _Refused
    return not prefix.strip()


class _Editor:
    """Makes edits of one document. What it cannot say without doubt it refuses; that the rest is right is seen when it is read."""

    def __init__(self, content: str, parsed: Yaml) -> None:
        self._content = content
        self._parsed = parsed

    def _member(self, path: JsonPath) -> Member:
        """What stands at a path, if that is where it is written."""
        member = self._parsed.places.member(path)
        if member is None or member.alias is not None:
            raise _Refused
        return member

    # --- Values

    def set(self, path: JsonPath, value: Any, order: Sequence[str] = ()) -> list[Edit]:
        """See :func:`set_value`."""
        if self._parsed.places.member(path) is None:
            name, names = str(path[-1]), [str(entry.step) for entry in self._entries(path[:-1])]
            return self.insert(path[:-1], index_in(order, names, name), [(name, value)])
        node = self._member(path).node
        start, end = self._bare(node)
        content, in_flow = self._content, self._is_in_flow(path[:-1])
        if content[start:end] == str(value) if type(value) is int else is_same(value_at(self._parsed.value, path), value):
            return []
        if node.members is not None:
            raise _Refused
        if start == end:
            return [Edit(Span(start, end), f" {written(value, 'plain', in_flow=in_flow)}")]
        if node.style in ("literal", "folded"):
            return self._set_block(Span(start, end), node.style, value)
        if node.style == "double" and isinstance(value, str):
            inner = yaml_like(content[start + 1 : end - 1], value, lambda new: text(new, "double", in_flow=in_flow)[1:-1])
            return [Edit(Span(start, end), f'"{inner}"')]
        return [Edit(Span(start, end), written(value, node.style, in_flow=in_flow))]

    def _set_block(self, span: Span, style: Style, value: Any) -> list[Edit]:
        """Change the sign and the lines of a block; what stands behind the sign stays."""
        header = _HEADER.match(self._content, span.start)
        assert header is not None  # a block begins with it
        first = line_end(self._content, header.end())
        body = behind_break(self._content, first)
        made = None
        if isinstance(value, str) and body < span.end:
            made = block(value, style, _indent_of_block(self._content, body), self._content[first:body])
        if made is None:
            gone = Span(min(first, span.end), span.end)
            return [Edit(Span(*header.span()), written(value, "double", in_flow=False)), Edit(gone, "")]
        return [Edit(Span(*header.span()), made[0]), Edit(Span(body, span.end), made[1])]

    def rename(self, path: JsonPath, name: str) -> list[Edit]:
        """See :func:`rename`."""
        key = self._member(path).key
        if name == path[-1]:
            return []
        if key is None or self._content[key.start] in _NO_KEY or self._content[: key.start].rstrip()[-1:] == "?":
            raise _Refused
        style = _QUOTES.get(self._content[key.start], "plain")
        return [Edit(key, text(name, style, in_flow=self._is_in_flow(path[:-1])))]

    def replace(self, path: JsonPath, new: Sequence[tuple[str, Any]]) -> list[Edit]:
        """See :func:`replace`."""
        (name, value), *others = new
        edits = self.rename(path, name) if isinstance(path[-1], str) else []
        members = value.items() if isinstance(value, dict) else ()
        edits += [edit for step, one in members for edit in self.set((*path, step), one)] if members else self.set(path, value)
        return [*edits, *(self.insert(path[:-1], self._index(self._entries(path[:-1]), path) + 1, others) if others else ())]

    # --- What is there

    def _bare(self, node: YamlNode) -> Span:
        """Where a value stands, without its anchor. What has a tag is left alone."""
        match = _ANCHOR.match(self._content, node.start, node.end)
        start = match.end() if match is not None else node.start
        if self._content[start : start + 1] in ("&", "!") and start < node.end:
            raise _Refused
        return Span(start, node.end)

    def _is_flow(self, node: YamlNode) -> bool:
        start, end = self._bare(node)
        return self._content[start : start + 1] + self._content[end - 1 : end] in ("{}", "[]")

    def _is_in_flow(self, path: JsonPath) -> bool:
        """Whether a collection stands between brackets."""
        nodes = (self._parsed.places.member(path[:length]) for length in range(len(path) + 1))
        return any(member is not None and member.node.members is not None and self._is_flow(member.node) for member in nodes)

    def _entries(self, path: JsonPath) -> list[_Entry]:
        """The members of a collection that are written in it, in their order."""
        node = self._member(path).node
        if node.members is None:
            raise _Refused
        entries = []
        for step, member in node.members.items():
            span = member.alias or Span(member.node.start, member.node.end)
            start = span.start if member.key is None else member.key.start
            if node.start <= start and span.end <= node.end:
                entries.append(_Entry(step, member, start, max(span.end, start if member.key is None else member.key.end)))
        entries.sort(key=lambda entry: entry.start)
        if not isinstance(value_at(self._parsed.value, path), list) or self._is_in_flow(path):
            return entries
        dashes = [self._bare(node).start, *(_next_dash(self._content, entry.end) for entry in entries[:-1])]
        return [entry._replace(start=dash) for entry, dash in zip(entries, dashes, strict=True)]

    @staticmethod
    def _index(entries: Sequence[_Entry], path: JsonPath) -> int:
        """Which of the members of a collection stands at a path."""
        index = next((index for index, entry in enumerate(entries) if entry.step == path[-1]), None)
        if index is None:
            raise _Refused
        return index

    def _head_end(self, path: JsonPath) -> int:
        """Behind the colon or dash in front of a value."""
        key = self._member(path).key
        if key is None:
            entries = self._entries(path[:-1])
            return entries[self._index(entries, path)].start + 1
        colon = _COLON.match(self._content, key.end)
        if colon is None:
            raise _Refused
        return colon.end()

    def _brackets(self, path: JsonPath, entries: Iterable[_Entry]) -> Brackets:
        start, end = self._bare(self._member(path).node)
        commas = [(entry, _COMMA.match(self._content, entry.end)) for entry in entries]
        items = tuple(Item(entry.start, entry.end, -1 if comma is None else comma.end() - 1) for entry, comma in commas)
        return Brackets(self._content, start, end - 1, items, _COMMENT)

    # --- Putting in

    def insert(self, path: JsonPath, index: Any, new: Sequence[tuple[str, Any]]) -> list[Edit]:
        """Put entries into a mapping, or items into a list, in front of the member at an index."""
        value = value_at(self._parsed.value, path)
        entries, in_flow = self._entries(path), self._is_in_flow(path)
        is_list = isinstance(value, list)
        if len(value) != len(entries) if is_list else not isinstance(value, dict):
            raise _Refused
        look = self._look_near(path, entries, index)
        if is_list:
            texts = [_item(one, look._replace(in_flow=look.in_flow or in_flow), "  ") for _, one in new]
        else:
            texts = [self._entry(path, name, one, look._replace(in_flow=in_flow)) for name, one in new]
        if in_flow:
            brackets = self._brackets(path, entries)
            if entries:
                return insert(brackets, index, texts, separator_at(brackets, index, " "))
            return [fill(brackets, texts, Separator("", " "), "")]
        if not entries:
            raise _Refused
        return [self._insert_lines(entries, index, [f"- {one}" for one in texts] if is_list else texts)]

    def _entry(self, path: JsonPath, name: str, value: Any, look: _Look) -> str:
        """An entry of a mapping, which can be a mapping itself."""
        if not isinstance(value, dict):
            return _pair(name, value, look.style, in_flow=look.in_flow)
        indent = "" if look.in_flow else "\n" + self._unit(path)
        return f"{text(name, 'plain', in_flow=look.in_flow)}:{indent or ' '}{_item(value, look, indent[1:])}"

    def _unit(self, path: JsonPath) -> str:
        """One level of indentation, as it is between the name of a mapping and its entries."""
        key, entries = self._member(path).key, self._entries(path)
        columns = [at - line_start(self._content, at) for at in (entries[0].start, key.start)] if key is not None and entries else []
        return " " * (columns[0] - columns[1] if columns else _UNIT)

    def _insert_lines(self, entries: Sequence[_Entry], index: int, texts: Sequence[str]) -> Edit:
        first = entries[0].start
        indent = " " * (first - line_start(self._content, first))
        lines = [indent + line for one in texts for line in one.split("\n")]
        at = _line_end(self._content, entries[index - 1].end) if index else first
        end = line_end(self._content, entries[0].end if index == 0 else at)
        newline = self._content[end : behind_break(self._content, end)] or break_near(self._content, at)
        if index:
            return Edit(Span(at, at), "".join(newline + line for line in lines))
        _begins_line(self._content, first)
        return Edit(Span(at, at), "".join(line + newline for line in lines)[len(indent) :] + indent)

    def _look_near(self, path: JsonPath, entries: Sequence[_Entry], index: int) -> _Look:
        """How what is nearest to an index is written: a text, or a mapping in a list, of which each member has its own quotes."""
        for entry in nearest(entries, index):
            node, value = entry.member.node, value_at(self._parsed.value, (*path, entry.step))
            if entry.member.alias is not None:
                continue
            if isinstance(value, str):
                return _Look(_quotes(node))
            if isinstance(value, dict) and isinstance(entry.step, int) and node.members:
                members = {name: _quotes(one.node) for name, one in node.members.items() if isinstance(value.get(name), str)}
                start, _ = self._bare(node)
                pad = self._content[start + 1 : behind_blanks(self._content, start + 1)]
                return _Look(members=members, in_flow=self._is_flow(node), pad=pad if self._is_flow(node) else "")
        return _Look()

    # --- Taking out

    def remove(self, path: JsonPath) -> list[Edit]:
        """See :func:`remove`."""
        entries = self._entries(path[:-1])
        index = self._index(entries, path)
        if self._is_in_flow(path[:-1]):
            return take_out(self._brackets(path[:-1], entries), [index])
        if len(entries) == 1:
            return self._emptied(path[:-1], entries[0])
        entry = entries[index]
        end = _line_end(self._content, entry.end)
        if _begins_line(self._content, entry.start):
            return [without_lines(self._content, line_start(self._content, entry.start), end)]
        following = entries[index + 1].start  # it takes the place behind the dash
        if self._content[end:following].strip():
            raise _Refused
        return [Edit(Span(entry.start, following), "")]

    def _emptied(self, path: JsonPath, entry: _Entry) -> list[Edit]:
        """Take out the only member of a collection: it stays, with nothing in it."""
        node = self._member(path).node
        empty = "{}" if isinstance(entry.step, str) else "[]"
        start, end = entry.start, _line_end(self._content, entry.end)
        if path and self._bare(node).start == node.start:
            head = self._head_end(path)
            if not self._content[head:start].strip():
                return [Edit(Span(head, end), f" {empty}")]
            if _begins_line(self._content, start):
                return [Edit(Span(head, head), f" {empty}"), without_lines(self._content, line_start(self._content, start), end)]
        return [Edit(Span(start, end), empty)]
