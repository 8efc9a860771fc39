"""Edits of YAML that keep the text as it is written: comments, quotes, anchors, blank lines, and the other documents.

Each function takes a text and one of the documents that were read of it, and returns the edits, of which there are none where nothing needs
to change. None is returned where nothing can be done at the path, and where the edited text would not be read as just the edited value: it
is read before the edits are given. So what an anchor shares is never changed, nor what a merge key brings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from ..text import Span
from ..typed import Any, Final, NamedTuple
from .brackets import Brackets, Item, Separator, fill, insert, separator_at, take_out
from .edits import (
    Edit,
    Order,
    Token,
    apply_edits,
    behind_blanks,
    behind_break,
    break_near,
    grouped,
    has_break,
    is_same,
    line_end,
    line_start,
    names_at,
    value_at,
)
from .escapes import yaml_like
from .places import JsonPath
from .yaml import Yaml, documents_of
from .yaml_places import Member, Style, YamlNode
from .yaml_scalars import block, text, written

_UNIT: Final = 2
"""Spaces of one level of indentation, where the text shows no other number."""
_COMMENT = re.compile(r"#[^\n\r]*")
_COLON = re.compile(r"[ \t]*:")
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_ANCHOR = re.compile(r"&\S+\s+")
_HEADER = re.compile(r"[|>][-+0-9]*")
_INDENT = re.compile(r"[ \r\n]*")
_NO_KEY = ("?", "&", "*", "!")
_DASHES = re.compile(r" *(?:- +)*")


def set_value(content: str, parsed: Yaml, path: JsonPath, value: Any, order: Order = ()) -> list[Edit] | None:
    """Give the entry at ``path`` a value, with the mappings on the way to it; what a mapping has beside the entries of ``value`` stays.

    A scalar keeps its quotes if they can hold the text, else it gets double quotes. A new entry is written as its siblings are, at its
    place in ``order``. An index behind the last item of a list adds one. Raises :exc:`ValueError` or :exc:`TypeError` for what YAML cannot
    say.
    """
    try:
        expected = _with_value(parsed.value, path, _resolved(value))
        for keep_style in (True, False):
            edits = _Editor(content, parsed, order, keep_style=keep_style).set(path, value)
            if _leads_to(content, parsed, edits, expected):
                return edits
    except (LookupError, _Refused):
        pass
    return None


def insert_item(content: str, parsed: Yaml, path: JsonPath, value: Any) -> list[Edit] | None:
    """Put an item into a list, in front of the one at ``path``, or behind the last one."""

    def change(items: Any, index: Any) -> None:
        if not isinstance(items, list) or index not in range(len(items) + 1):
            raise LookupError(index)
        items.insert(index, _resolved(value))

    return _made(content, parsed, path, change, lambda editor: editor.insert(path[:-1], path[-1], {"": value}))


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


def replace(content: str, parsed: Yaml, path: JsonPath, new: Mapping[str, Any]) -> list[Edit] | None:
    """Put entries in place of the one at ``path``, each written as that is; the comment behind it stays behind the first."""

    def change(holder: Any, step: Any) -> None:
        del holder[step]
        if not isinstance(holder, dict) or not new.keys().isdisjoint(holder):
            raise LookupError(step)
        holder.update(new)

    return _made(content, parsed, path, change, lambda editor: editor.replace_entry(path, new), (True, False))


def replace_item(content: str, parsed: Yaml, path: JsonPath, new: Sequence[Any]) -> list[Edit] | None:
    """Put items in place of the one at ``path``, each written as that is; the comment behind it stays behind the first."""

    def change(holder: Any, step: Any) -> None:
        holder[step : step + 1] = new

    return _made(content, parsed, path, change, lambda editor: editor.replace_item(path, new), (True, False))


# --- What an edited text must be read as -----------------------------------------------------------------------------------------------


class _Refused(Exception):
    """Something is written in a way that is left alone."""


def _made(
    content: str,
    parsed: Yaml,
    path: JsonPath,
    change: Callable[[Any, Any], None],
    edit: Callable[[_Editor], list[Edit]],
    styles: Iterable[bool] = (True,),
) -> list[Edit] | None:
    """The edits, if what is read of the edited text is the value after the change: in the first way of quoting by which it is."""
    try:
        expected = _changed(parsed.value, path, change)
        for keep_style in styles:
            edits = edit(_Editor(content, parsed, (), keep_style=keep_style))
            if _leads_to(content, parsed, edits, expected):
                return edits
    except (LookupError, _Refused):
        pass
    return None


def _changed(value: Any, path: JsonPath, change: Callable[[Any, Any], None]) -> Any:
    """A value with a change of what holds the last step of a path. What aliases share with the rest is not changed there."""
    if not path:
        raise LookupError("the whole document has no name")
    if not isinstance(value, dict | list):
        raise LookupError(path[0])
    copy: Any = value.copy()
    if len(path) == 1:
        if isinstance(value, dict) is not isinstance(path[0], str):
            raise LookupError(path[0])
        change(copy, path[0])
    else:
        value_at(value, path[:1])
        copy[path[0]] = _changed(copy[path[0]], path[1:], change)
    return copy


def _with_value(value: Any, path: JsonPath, new: Any) -> Any:
    """A value with another one at a path, mappings merged and made on the way."""
    if not path:
        return _merged(value, new)
    step = path[0]
    if isinstance(value, dict) and isinstance(step, str):
        inner = _with_value(value[step], path[1:], new) if step in value else _nested(path[1:], new)
        return {**value, step: inner}
    if isinstance(value, list) and isinstance(step, int) and 0 <= step <= len(value):
        inner = _with_value(value[step], path[1:], new) if step < len(value) else _nested(path[1:], new)
        return [*value[:step], inner, *value[step + 1 :]]
    raise LookupError(step)


def _merged(value: Any, new: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(new, dict):
        return new
    return {**value, **{name: _merged(value[name], member) if name in value else member for name, member in new.items()}}


def _nested(path: JsonPath, value: Any) -> Any:
    """A value within mappings that have nothing else."""
    for step in reversed(path):
        if not isinstance(step, str):
            raise LookupError(step)
        value = {step: value}
    return value


def _resolved(value: Any) -> Any:
    """A value with numbers in place of how they are to be written."""
    if isinstance(value, Token):
        return float(value)
    if isinstance(value, dict):
        return {name: _resolved(member) for name, member in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value


def _leads_to(content: str, parsed: Yaml, edits: list[Edit], expected: Any) -> bool:
    """Whether the edited text is read as the expected value, the other documents as before, and nothing is wrong that was not."""
    before, after = documents_of(content), documents_of(apply_edits(content, edits))
    place = parsed.places.find(())
    if len(after) != len(before) or not all(one.whole and not any(problem.lossy for problem in one.problems) for one in before):
        return False
    for old, new in zip(before, after, strict=True):
        wanted = expected if old.places.find(()) == place else old.value
        if not new.whole or not is_same(new.value, wanted):
            return False
        if [problem.name for problem in old.problems] != [problem.name for problem in new.problems]:
            return False
    return True


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


class _Editor:
    """Makes edits of one document. What it cannot say without doubt it refuses; that the rest is right is seen when it is read."""

    def __init__(self, content: str, parsed: Yaml, order: Order, *, keep_style: bool) -> None:
        self._content = content
        self._parsed = parsed
        self._places = parsed.places
        self._order = order
        self._keep_style = keep_style

    def set(self, path: JsonPath, value: Any) -> list[Edit]:
        """See :func:`set_value`."""
        known = path
        while known and self._places.member(known) is None:
            known = known[:-1]
        if len(known) == len(path):
            return self._replace(path, value)
        value = _nested(path[len(known) + 1 :], value)
        step = path[len(known)]
        return self._add(known, {step: value}) if isinstance(step, str) else self.insert(known, step, {"": value})

    def _member(self, path: JsonPath) -> Member:
        """What stands at a path, if that is where it is written."""
        member = self._places.member(path)
        if member is None or member.alias is not None:
            raise _Refused
        return member

    # --- Values

    def _replace(self, path: JsonPath, value: Any) -> list[Edit]:
        old = value_at(self._parsed.value, path)
        if isinstance(value, dict) and isinstance(old, dict):
            return self._merge(path, old, value)
        member = self._member(path)
        start, end = self._bare(member.node)
        if self._content[start:end] == value if isinstance(value, Token) else is_same(old, value):
            return []
        in_flow = self._is_in_flow(path[:-1])
        if member.node.members is None and not (isinstance(value, dict | list) and value):
            return self._replace_scalar(path, member, value, in_flow)
        if in_flow or not path:
            if not in_flow and value:
                raise _Refused
            return [Edit(Span(start, end), self._flow(value))]
        head = self._head_end(path)
        if self._content[head:start].strip() or start != member.node.start:
            raise _Refused
        first, *lines = self._lines("", value, self._column(path), "plain")
        newline, at = break_near(self._content, start), self._line_end(end)
        return [Edit(Span(head, end), first), *([Edit(Span(at, at), "".join(newline + line for line in lines))] if lines else [])]

    def _merge(self, path: JsonPath, old: dict[str, Any], value: dict[str, Any]) -> list[Edit]:
        new = {name: member for name, member in value.items() if name not in old}
        edits = self._add(path, new) if new else []
        for name in old.keys() & value.keys():
            edits += self._replace((*path, name), value[name])
        return sorted(edits)

    def _bare(self, node: YamlNode) -> Span:
        """Where a value stands, without its anchor. What has a tag is left alone."""
        match = _ANCHOR.match(self._content, node.start, node.end)
        start = match.end() if match is not None else node.start
        if self._content[start : start + 1] in ("&", "!") and start < node.end:
            raise _Refused
        return Span(start, node.end)

    def _replace_scalar(self, path: JsonPath, member: Member, value: Any, in_flow: bool) -> list[Edit]:
        start, end = self._bare(member.node)
        style: Style = member.node.style if self._keep_style else "double"
        if start < end and member.node.style in ("literal", "folded"):
            return self._replace_block(Span(start, end), style, value)
        if (
            isinstance(value, str)
            and not isinstance(value, Token)
            and self._content[start:end][:1] == '"'
            and member.node.style == "double"
        ):
            raw = self._content[start + 1 : end - 1]
            return [Edit(Span(start, end), f'"{yaml_like(raw, value, lambda new: text(new, "double", in_flow=in_flow)[1:-1])}"')]
        new = self._flow(value) if isinstance(value, dict | list) else written(value, style, in_flow=in_flow)
        if start < end:
            return [Edit(Span(start, end), new)]
        if path and start != self._head_end(path):
            raise _Refused  # a name without a colon
        return [Edit(Span(start, end), f" {new}" if path else new)]

    def _replace_block(self, span: Span, style: Style, value: Any) -> list[Edit]:
        """Change the sign and the lines of a block; what stands behind the sign stays."""
        header = _HEADER.match(self._content, span.start)
        assert header is not None  # a block begins with it
        first = line_end(self._content, header.end())
        body = behind_break(self._content, first)
        newline = self._content[first:body]
        if isinstance(value, str) and not isinstance(value, Token) and style != "double" and body < span.end:
            indent = self._indent_of_block(body)
            made = block(value, style, indent, newline)
            if made is not None:
                return [Edit(Span(*header.span()), made[0]), Edit(Span(body, span.end), made[1])]
        new = self._flow(value) if isinstance(value, dict | list) else written(value, "double", in_flow=False)
        return [Edit(Span(*header.span()), new), Edit(Span(min(first, span.end), span.end), "")]

    def _indent_of_block(self, line: int) -> str:
        """The indentation of the first line of a block that has something in it."""
        first = _INDENT.match(self._content, line)
        assert first is not None  # it matches nothing too
        return " " * (first.end() - line_start(self._content, first.end()))

    def _flow(self, value: Any, look: _Look | None = None) -> str:
        """A value on one line."""
        look = look or _Look()
        if isinstance(value, dict):
            pad = look.pad if value else ""
            pairs = (self._pair(name, member, _Look(look.members.get(name, "plain"))) for name, member in value.items())
            return f"{{{pad}{', '.join(pairs)}{pad}}}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._flow, value)) + "]"
        return written(value, look.style, in_flow=True)

    def _lines(self, head: str, value: Any, column: int, style: Style) -> list[str]:
        """The lines of a value behind its name or dash, which stands in ``column``."""
        if isinstance(value, dict) and value:
            inner = column + self._unit
            entries = [self._lines(f"{' ' * inner}{self._name(name)}:", member, inner, style) for name, member in value.items()]
        elif isinstance(value, list) and value:
            inner = column + self._list_offset
            entries = [self._item(f"{' ' * inner}-", item, inner, _Look(style)) for item in value]
        else:
            scalar = self._flow(value) if isinstance(value, dict | list) else written(value, style, in_flow=False)
            return [f"{head} {scalar}"]
        return [head, *(line for entry in entries for line in entry)]

    def _item(self, head: str, value: Any, column: int, look: _Look) -> list[str]:
        """The lines of an item of a list; the first entry of a mapping stands behind the dash."""
        if (isinstance(value, list) and value) or (isinstance(value, dict) and look.in_flow):
            return [f"{head} {self._flow(value, look)}"]
        if not isinstance(value, dict) or not value:
            return self._lines(head, value, column, look.style)
        inner = column + 2
        entries = [
            self._lines(f"{' ' * inner}{self._name(name)}:", member, inner, look.members.get(name, look.style))
            for name, member in value.items()
        ]
        lines = [line for entry in entries for line in entry]
        return [f"{head} {lines[0][inner:]}", *lines[1:]]

    @staticmethod
    def _name(name: str) -> str:
        return text(name, "plain", in_flow=False)

    # --- What is there

    def _is_flow(self, node: YamlNode) -> bool:
        start, end = self._bare(node)
        return self._content[start : start + 1] + self._content[end - 1 : end] in ("{}", "[]")

    def _is_in_flow(self, path: JsonPath) -> bool:
        """Whether a collection stands between brackets."""
        nodes = (self._places.member(path[:length]) for length in range(len(path) + 1))
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
        if isinstance(value_at(self._parsed.value, path), list) and not self._is_in_flow(path):
            return self._with_dashes(self._bare(node).start, entries)
        return entries

    def _with_dashes(self, first: int, entries: list[_Entry]) -> list[_Entry]:
        """Items that begin with their dashes, of which the first is known."""
        dashes = [first, *(self._next_dash(entry.end) for entry in entries[:-1])]
        return [entry._replace(start=dash) for entry, dash in zip(entries, dashes, strict=True)]

    def _next_dash(self, at: int) -> int:
        """The dash of the next item: it begins a line, behind comments."""
        content = self._content
        at = self._line_end(at)
        while content[at : at + 1] in ("\r", "\n"):
            line = behind_blanks(content, behind_break(content, at))
            if content[line : line + 1] == "-":
                return line
            at = self._line_end(line)
        raise _Refused

    def _head_end(self, path: JsonPath) -> int:
        """Behind the colon or dash in front of a value."""
        key = self._member(path).key
        if key is None:
            return next(entry.start for entry in self._entries(path[:-1]) if entry.step == path[-1]) + 1
        colon = _COLON.match(self._content, key.end)
        if colon is None:
            raise _Refused
        return colon.end()

    def _column(self, path: JsonPath) -> int:
        """The column of the name or dash in front of a value."""
        entry = next(entry for entry in self._entries(path[:-1]) if entry.step == path[-1])
        return entry.start - line_start(self._content, entry.start)

    @cached_property
    def _unit(self) -> int:
        """Spaces of one level of indentation: those of the first mapping within a mapping."""
        return self._first_offset(is_list=False) or _UNIT

    @cached_property
    def _list_offset(self) -> int:
        """The spaces by which a list stands to the right of its name: those of the first list in a mapping."""
        offset = self._first_offset(is_list=True)
        return self._unit if offset is None else offset

    def _first_offset(self, *, is_list: bool) -> int | None:
        content = self._content
        for key, node in _blocks(self._places.member(())):
            at = node.start
            if has_break(content[key.end : at]) and (content.startswith("- ", at) or content.startswith("-\n", at)) is is_list:
                return at - line_start(content, at) - (key.start - line_start(content, key.start))
        return None

    # --- Putting in

    def _add(self, path: JsonPath, new: dict[str, Any]) -> list[Edit]:
        """Put entries into a mapping that has none of their names."""
        if not isinstance(value_at(self._parsed.value, path), dict):
            raise _Refused
        names = [str(entry.step) for entry in self._entries(path)]
        groups = grouped(names_at(self._order, path), names, new)
        return [edit for index, added in groups.items() for edit in self.insert(path, index, {name: new[name] for name in added})]

    def insert(self, path: JsonPath, index: Any, new: dict[str, Any]) -> list[Edit]:
        """Put entries into a mapping, or an item into a list, in front of the member at an index."""
        value = value_at(self._parsed.value, path)
        entries = self._entries(path)
        is_list = isinstance(value, list)
        if is_list and (len(value) != len(entries) or index not in range(len(value) + 1)):
            raise _Refused
        look = self._look_near(path, entries, index)
        if self._is_in_flow(path):
            texts = [self._flow(one, look) if is_list else self._pair(name, one, look) for name, one in new.items()]
            return self._insert_in_flow(path, entries, index, texts)
        if not entries:
            raise _Refused
        column = entries[0].start - line_start(self._content, entries[0].start)
        pad = " " * column
        lines: list[str] = []
        for name, one in new.items():
            lines += (
                self._item(f"{pad}-", one, column, look) if is_list else self._lines(f"{pad}{self._name(name)}:", one, column, look.style)
            )
        return [self._insert_lines(entries, index, column, lines)]

    def _pair(self, name: str, value: Any, look: _Look) -> str:
        return f"{text(name, 'plain', in_flow=True)}: {self._flow(value, look)}"

    def _insert_lines(self, entries: list[_Entry], index: int, column: int, lines: list[str]) -> Edit:
        if index > 0:
            at = self._line_end(entries[index - 1].end)
            newline = self._content[at : behind_break(self._content, at)] or break_near(self._content, at)
            return Edit(Span(at, at), "".join(newline + line for line in lines))
        at = entries[0].start
        self._check_prefix(at)
        end = line_end(self._content, entries[0].end)
        newline = self._content[end : behind_break(self._content, end)] or break_near(self._content, at)
        return Edit(Span(at, at), "".join(line + newline for line in lines)[column:] + " " * column)

    def _line_end(self, at: int) -> int:
        """The end of a line on which nothing but a comment follows."""
        rest = _REST.match(self._content, at)
        if rest is None:
            raise _Refused
        return rest.end()

    def _check_prefix(self, at: int) -> str:
        """What stands before an entry on its line: spaces, and dashes of the lists that it begins an item of."""
        prefix = self._content[line_start(self._content, at) : at]
        if _DASHES.fullmatch(prefix) is None:
            raise _Refused
        return prefix

    def _look_near(self, path: JsonPath, entries: list[_Entry], index: int) -> _Look:
        """How what is nearest to an index is written: a text, or a mapping in a list, of which each member has its own quotes."""
        for _, entry in sorted(enumerate(entries), key=lambda numbered: abs(numbered[0] + 0.5 - index)):
            at, node = (*path, entry.step), entry.member.node
            value = value_at(self._parsed.value, at)
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

    def _insert_in_flow(self, path: JsonPath, entries: list[_Entry], index: int, texts: list[str]) -> list[Edit]:
        brackets = self._brackets(path, entries)
        if entries:
            return insert(brackets, index, texts, separator_at(brackets, index, " "))
        return [fill(brackets, texts, Separator("", " "), "")]

    def _brackets(self, path: JsonPath, entries: list[_Entry]) -> Brackets:
        start, end = self._bare(self._member(path).node)
        if self._content[start] not in "{[":
            raise _Refused  # a mapping of one entry between the brackets of a list
        items = tuple(Item(entry.start, entry.end, self._comma(entry.end)) for entry in entries)
        return Brackets(self._content, start, end - 1, items, _COMMENT)

    def _comma(self, at: int) -> int | None:
        """The comma behind an item."""
        content = self._content
        while at < len(content):
            if content[at] == ",":
                return at
            comment = _COMMENT.match(content, at)
            if comment is None and content[at] not in " \t\r\n":
                return None
            at = at + 1 if comment is None else comment.end()
        return None

    # --- One in place of another

    def replace_entry(self, path: JsonPath, new: Mapping[str, Any]) -> list[Edit]:
        """See :func:`replace`."""
        (name, value), *others = new.items()
        index = self._index(path)
        return [
            *self.rename(path, name),
            *self._replace(path, value),
            *(self.insert(path[:-1], index + 1, dict(others)) if others else ()),
        ]

    def replace_item(self, path: JsonPath, new: Sequence[Any]) -> list[Edit]:
        """See :func:`replace_item`."""
        first, *others = new
        index = self._index(path)
        return [
            *self._replace(path, first),
            *(self.insert(path[:-1], index + 1, {str(number): one for number, one in enumerate(others)}) if others else ()),
        ]

    def _index(self, path: JsonPath) -> int:
        """Which member of its collection stands at a path."""
        index = next((index for index, entry in enumerate(self._entries(path[:-1])) if entry.step == path[-1]), None)
        if index is None:
            raise _Refused
        return index

    # --- Taking out, and names

    def remove(self, path: JsonPath) -> list[Edit]:
        """See :func:`remove`."""
        entries, index = self._entries(path[:-1]), self._index(path)
        if self._is_in_flow(path[:-1]):
            return take_out(self._brackets(path[:-1], entries), [index])
        if len(entries) == 1:
            return self._emptied(path[:-1], entries[0])
        entry = entries[index]
        end = self._line_end(entry.end)
        if not self._check_prefix(entry.start).strip():
            return [self._without_lines(line_start(self._content, entry.start), end)]
        following = entries[index + 1].start  # it takes the place behind the dash
        if self._content[end:following].strip():
            raise _Refused
        return [Edit(Span(entry.start, following), "")]

    def _without_lines(self, start: int, end: int) -> Edit:
        if end < len(self._content):
            return Edit(Span(start, behind_break(self._content, end)), "")
        before = start - 2 if self._content.endswith("\r\n", 0, start) else start - 1
        return Edit(Span(max(before, 0), end), "")  # a text that ends without a line end goes on to do so

    def _emptied(self, path: JsonPath, entry: _Entry) -> list[Edit]:
        """Take out the only member of a collection: it stays, with nothing in it."""
        member = self._member(path)
        empty = "{}" if isinstance(entry.step, str) else "[]"
        start, end = entry.start, self._line_end(entry.end)
        if path and self._bare(member.node).start == member.node.start:
            head = self._head_end(path)
            if not self._content[head:start].strip():
                return [Edit(Span(head, end), f" {empty}")]
            if not self._check_prefix(start).strip():
                return [Edit(Span(head, head), f" {empty}"), self._without_lines(line_start(self._content, start), end)]
        return [Edit(Span(start, end), empty)]

    def rename(self, path: JsonPath, name: str) -> list[Edit]:
        """See :func:`rename`."""
        key = self._member(path).key
        if name == path[-1]:
            return []
        if key is None or self._content[key.start] in _NO_KEY or self._content[: key.start].rstrip()[-1:] == "?":
            raise _Refused
        style: Style = {"'": "single", '"': "double"}.get(self._content[key.start], "plain")  # type: ignore[assignment]
        return [Edit(key, text(name, style, in_flow=self._is_in_flow(path[:-1])))]


def _blocks(root: Member | None) -> Iterator[tuple[Span, YamlNode]]:
    """The collections of a document that have a name, with it, in their order."""
    waiting = [root] if root is not None else []
    while waiting:
        member = waiting.pop()
        if member.alias is None and member.node.members is not None:
            if member.key is not None:
                yield member.key, member.node
            start, end = member.node.start, member.node.end
            waiting += reversed([one for one in member.node.members.values() if start <= one.node.start and one.node.end <= end])
