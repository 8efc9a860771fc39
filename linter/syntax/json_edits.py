"""Edits of JSON that keep the text as it is written: indentation, line ends, comments, spelling.

Each function takes a text and what was read of it, and returns the edits, of which there are none where nothing needs to change. None is
returned where the text cannot be relied on, or where nothing can be done at the path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from ..patterns import pattern
from ..text import Span
from ..typed import Any, Final, NamedTuple, TypeVar
from .brackets import Brackets, Item, Separator, fill, insert, keep_comments, separator_at, take_out
from .edits import (
    Edit,
    Order,
    before_blanks,
    behind_blanks,
    behind_break,
    grouped,
    has_break,
    indentation,
    is_same,
    line_end,
    line_start,
    nearest,
    value_at,
)
from .escapes import json_like
from .json import parse_json
from .json_style import Style, is_empty, is_spread, style_at, written
from .places import Json, JsonPath
from .quotes import closing_quote

T = TypeVar("T")
DEEPEST: Final = 100
"""Levels of nesting at most. No configuration has as many, and looking at what is around a value takes time for each."""

_COMMENT = pattern(r"//[^\n\r]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TOKEN = pattern(r'[{}\[\],:"]|//[^\n\r]*|/\*.*?(?:\*/|\Z)|[^\s{}\[\],:"/]+', re.DOTALL)


def set_value(content: str, parsed: Json, path: JsonPath, value: Any, order: Order = ()) -> list[Edit] | None:
    """Give the member at ``path`` a value, with the objects on the way to it; what an object has beside the members of ``value`` stays.

    A new member is written in the layout of its siblings, at its place in ``order``. An index behind the last item of a list adds one.
    Raises :exc:`ValueError` for what JSON cannot say.
    """
    return _made(content, parsed, path, lambda editor: editor.set(path, value, order))


def insert_item(content: str, parsed: Json, path: JsonPath, value: Any) -> list[Edit] | None:
    """Put an item into a list, in front of the one at ``path``, or behind the last one."""
    return _made(content, parsed, path, lambda editor: editor.insert_item(path, value))


def replace(content: str, parsed: Json, path: JsonPath, new: Sequence[tuple[str, Any]]) -> list[Edit] | None:
    """Put members by their names and values, or items, in place of the one at ``path``, each written as its siblings are.

    A comment behind it stays behind the first. Raises :exc:`ValueError` for what JSON cannot say.
    """
    return _made(content, parsed, path, lambda editor: editor.replace(path, new))


def remove(content: str, parsed: Json, path: JsonPath) -> list[Edit] | None:
    """Take out the member or item at ``path``, and with it the lines and the comments that are its alone."""

    def edit(editor: _Editor) -> list[Edit]:
        holder, indexes = editor.found(path)
        return take_out(holder.brackets, indexes)

    return _made(content, parsed, path, edit)


def remove_earlier(content: str, parsed: Json, path: JsonPath) -> list[Edit] | None:
    """Take out the members of one name but the last, which is the one that counts.

    The setting stays, so comments do: those beside what is taken out. None where there is one within.
    """

    def edit(editor: _Editor) -> list[Edit]:
        holder, indexes = editor.found(path)
        brackets, earlier = holder.brackets, indexes[:-1]
        comments = [problem.span for problem in parsed.problems if problem.name == "json-comment"]
        gone = [brackets.items[index] for index in earlier]
        if not gone or any(item.start <= comment.start < item.end for item in gone for comment in comments):
            raise _Refused
        return keep_comments(content, take_out(brackets, earlier), comments)

    return _made(content, parsed, path, edit)


def repeats_itself(content: str, parsed: Json, path: JsonPath) -> bool:
    """Whether a name is given several times, each time with the same value."""

    def compare(editor: _Editor) -> bool:
        holder, indexes = editor.found(path)
        items = [holder.brackets.items[index] for index in indexes]
        values = [parse_json(content[item.value : item.end]).value for item in items]
        return len(values) > 1 and all(is_same(value, values[0]) for value in values)

    return _made(content, parsed, path, compare) or False


def rename(content: str, parsed: Json, path: JsonPath, name: str) -> list[Edit] | None:
    """Give the member at ``path`` another name, which no other member of the object has."""
    return _made(content, parsed, path, lambda editor: editor.rename(path, name))


class _Refused(Exception):
    """Nothing can be done at a path."""


def _made(content: str, parsed: Json, path: JsonPath, edit: Callable[[_Editor], T]) -> T | None:
    if not parsed.intact or len(path) > DEEPEST:
        return None
    try:
        return edit(_Editor(content, parsed))
    except (LookupError, _Refused):
        return None


# --- From what is tolerated to JSON ---------------------------------------------------------------------------------------------------


def remove_comments(content: str, parsed: Json, spans: Iterable[Span] | None = None) -> list[Edit]:
    """Take out comments: those at ``spans``, else all. Of comments beside each other the lines and blanks between them go too."""
    groups: list[Span] = []
    for start, end in sorted(spans if spans is not None else (one.span for one in parsed.problems if one.name == "json-comment")):
        if groups and behind_blanks(content, groups[-1].end) == start:
            start = groups.pop().start  # noqa: PLW2901
        groups.append(Span(start, end))
    return [Edit(_with_blanks(content, group), "") for group in groups]


def _with_blanks(content: str, span: Span) -> Span:
    """A part of a text to be taken out: with its line where nothing else stands on it, else with the blanks before it."""
    before, behind = before_blanks(content, span.start), behind_blanks(content, span.end)
    starts, ends = line_start(content, span.start) == before, line_end(content, behind) == behind
    if starts and ends:
        return Span(before, behind_break(content, behind))
    if starts or before == span.start:
        return Span(span.start, behind)
    return Span(before, behind if ends else span.end)


def remove_trailing_commas(content: str, parsed: Json, spans: Iterable[Span] | None = None) -> list[Edit]:
    """Take out commas behind the last member of an object or list: those at ``spans``, else all."""
    commas = spans if spans is not None else (problem.span for problem in parsed.problems if problem.name == "json-trailing-comma")
    return [Edit(_alone(content, comma), "") for comma in commas]


def _alone(content: str, comma: Span) -> Span:
    """A comma, with its line where nothing else stands on it."""
    whole = _with_blanks(content, comma)
    return whole if whole.start < comma.start and has_break(content[comma.end : whole.end]) else comma


# --- What is there --------------------------------------------------------------------------------------------------------------------


class _Holder(NamedTuple):
    """An object or a list; of members of one name all. ``named`` says which members have a name."""

    brackets: Brackets
    named: Mapping[str, list[int]]

    @property
    def is_object(self) -> bool:
        return self.brackets.content[self.brackets.opener] == "{"

    def openers_near(self, index: int, bracket: str) -> list[int]:
        """Where the values begin that show how one with such a bracket is written; of a list, in which objects can be, also an object."""
        content = self.brackets.content
        filled = [item.value for item in nearest(self.brackets.items, index) if not is_empty(content, item.value)]
        starts = [next((start for start in filled if content[start] == one), None) for one in ("[{" if bracket == "[" else "{")]
        return [start for start in starts if start is not None]

    def indexes(self, step: str | int) -> list[int]:
        """Which members have a name; an item has its number."""
        if isinstance(step, int):
            return [step] if not self.is_object and step in range(len(self.brackets.items)) else []
        return self.named.get(step, [])


@lru_cache(maxsize=256)
def _read(content: str, opener: int) -> _Holder:
    """The members between a bracket and its partner. Each may have a finding whose edits are asked for, so they are read once."""
    named: dict[str, list[int]] = {}
    items: list[Item] = []
    tokens: list[Span] = []  # the key, if there is one, the colon, and the value
    depth = 0
    for token in _tokens(content, opener + 1):
        sign = content[token.start]
        if depth == 0 and sign in ",]}":
            if tokens:
                key = tokens[0] if len(tokens) > 1 else None
                named.setdefault(json.loads(content[slice(*key)]) if key is not None else "", []).append(len(items))
                items.append(Item(tokens[0].start, tokens[-1].end, token.start if sign == "," else -1, key, tokens[-1].start))
                tokens = []
            if sign != ",":
                return _Holder(Brackets(content, opener, token.start, tuple(items), _COMMENT), named)
            continue
        depth += (sign in "{[") - (sign in "}]")
        if tokens and content[tokens[-1].start] != ":" and (sign != ":" or depth):
            tokens[-1] = Span(tokens[-1].start, token.end)
        else:
            tokens.append(token)
    raise AssertionError("a text without mistakes has a closing bracket")


def _tokens(content: str, at: int) -> Iterator[Span]:
    """Brackets, signs, strings and words; comments are left out."""
    while (match := _TOKEN.search(content, at)) is not None:
        at = closing_quote(content, match.start()) + 1 if match[0] == '"' else match.end()
        if match[0][0] != "/":
            yield Span(match.start(), at)


# --- Edits ----------------------------------------------------------------------------------------------------------------------------


class _Editor:
    """Makes edits of one text."""

    def __init__(self, content: str, parsed: Json) -> None:
        self._content = content
        self._parsed = parsed

    def holder(self, path: JsonPath) -> _Holder:
        """The object or list that has, or could have, the value at a path."""
        place = self._parsed.places.find(path[:-1]) if path else None
        if place is None or self._content[place.value.start] not in "{[":
            raise _Refused
        return _read(self._content, place.value.start)

    def found(self, path: JsonPath) -> tuple[_Holder, list[int]]:
        """The object or list around a path, and which of its members stand there: several of one name."""
        holder = self.holder(path)
        indexes = holder.indexes(path[-1])
        if not indexes:
            raise _Refused
        return holder, indexes

    def set(self, path: JsonPath, value: Any, order: Order) -> list[Edit]:
        """See :func:`set_value`."""
        known = path
        while self._parsed.places.find(known) is None:
            known = known[:-1]
        if known == path:
            return self._replace(path, value, order)
        for step in reversed(path[len(known) + 1 :]):
            if not isinstance(step, str):
                raise _Refused
            value = {step: value}
        holder, step = value_at(self._parsed.value, known), path[len(known)]
        if isinstance(holder, dict) and isinstance(step, str):
            return self._add(known, {step: value}, order)
        return self.insert_item((*known, step), value)

    def insert_item(self, path: JsonPath, value: Any) -> list[Edit]:
        """See :func:`insert_item`."""
        holder, index = self.holder(path), path[-1]
        if not isinstance(index, int) or holder.is_object or not 0 <= index <= len(holder.brackets.items):
            raise _Refused
        return self._insert(path[:-1], index, [("", value)])

    def rename(self, path: JsonPath, name: str) -> list[Edit]:
        """See :func:`rename`."""
        holder, indexes = self.found(path)
        key = holder.brackets.items[indexes[0]].key
        if len(indexes) != 1 or key is None or (name != path[-1] and holder.indexes(name)):
            raise _Refused
        return [Edit(key, written(name))] if name != path[-1] else []

    def replace(self, path: JsonPath, new: Sequence[tuple[str, Any]]) -> list[Edit]:
        """See :func:`replace`."""
        holder, indexes = self.found(path)
        (name, value), *others = new
        if len(indexes) != 1 or (holder.is_object and any(holder.indexes(one) for one, _ in new)):
            raise _Refused
        edits = [*(self.rename(path, name) if holder.is_object else ()), *self._replace(path, value, ())]
        return [*edits, *(self._insert(path[:-1], indexes[0] + 1, others) if others else ())]

    def _replace(self, path: JsonPath, value: Any, order: Order) -> list[Edit]:
        content, old = self._content, value_at(self._parsed.value, path)
        if isinstance(value, dict) and isinstance(old, dict):
            edits = self._add(path, {name: member for name, member in value.items() if name not in old}, order)
            inner = [edit for name in old.keys() & value.keys() for edit in self._replace((*path, name), value[name], order)]
            return sorted([*edits, *inner])
        place = self._parsed.places.find(path)
        assert place is not None  # a value stands there
        start, end = place.value
        if is_same(old, value):
            return []
        if isinstance(value, str) and isinstance(old, str):
            return [Edit(place.value, f'"{json_like(content[start + 1 : end - 1], value, lambda text: written(text)[1:-1])}"')]
        if not isinstance(value, dict | list):
            return [Edit(place.value, written(value))]
        if content[start] in "{[" and not is_empty(content, start):
            near, spread = list[int](), is_spread(content, start)
        else:
            near, spread = self._like(path, _bracket(value))
        indent = indentation(content, start if place.key is None else place.key.start)
        return [Edit(place.value, self._style(path, near).write(value, indent, spread=spread))]

    def _add(self, path: JsonPath, new: Mapping[str, Any], order: Order) -> list[Edit]:
        """Put members into an object that has none of their names."""
        holder = self.holder((*path, ""))
        names = {index: name for name, indexes in holder.named.items() for index in indexes}
        groups = grouped(order(path) if callable(order) else order, [names[index] for index in range(len(names))], new) if new else {}
        return [edit for index, added in groups.items() for edit in self._insert(path, index, [(name, new[name]) for name in added])]

    def _insert(self, path: JsonPath, index: int, new: Sequence[tuple[str, Any]]) -> list[Edit]:
        """Put members, or items, in front of the member at an index."""
        holder = self.holder((*path, ""))
        content, brackets = self._content, holder.brackets
        style = self._style(path)
        outer = indentation(content, brackets.opener)
        if brackets.items:
            separator = separator_at(brackets, index, style.comma)
        elif has_break(brackets.inside) or self._like(path, content[brackets.opener])[1]:
            separator = Separator("", style.newline + outer + style.unit)
        else:
            separator = Separator("", style.comma)
        indent = separator.indent if separator.breaks else outer
        texts: list[str] = []
        for name, value in new:
            near = holder.openers_near(index, _bracket(value))
            spread = is_spread(content, near[0]) if near else separator.breaks
            head = f"{written(name)}{style.colon}" if holder.is_object else ""
            texts.append(head + self._style(path, near).write(value, indent, spread=spread))
        if brackets.items:
            return insert(brackets, index, texts, separator)
        return [fill(brackets, texts, separator, style.newline + outer, style.pads.get(content[brackets.opener], ""))]

    def _style(self, path: JsonPath, near: Iterable[int] = ()) -> Style:
        """The style of what is around a value; that of the objects or lists ``near`` to it counts first."""
        places = (self._parsed.places.find(path[:length]) for length in range(len(path), -1, -1))
        around = (one.value.start for one in places if one is not None and self._content[one.value.start] in "{[")
        return style_at(self._content, chain(near, around))

    def _like(self, path: JsonPath, bracket: str) -> tuple[list[int], bool]:
        """What shows how a value with a bracket at a path is written, and whether its members are to have lines of their own.

        They have as with its siblings, else if it has one itself.
        """
        if not path:
            return [], has_break(self._content)  # it is all of the text, which can be that of a variable
        holder, (*_, index) = self.found(path)
        near = holder.openers_near(index, bracket)
        if near:
            return near, is_spread(self._content, near[0])
        brackets = holder.brackets
        before = brackets.items[index - 1].end if index else brackets.opener
        has_line = has_break(self._content[before : brackets.items[index].start])
        return near, has_line and is_spread(self._content, brackets.opener)


def _bracket(value: Any) -> str:
    return "[" if isinstance(value, list) else "{"
