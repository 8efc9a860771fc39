"""Edits of JSON, with tolerated comments and commas; see :mod:`.tree_edits`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain

from ..model import is_same
from ..patterns import pattern
from ..text import Edit, Edits, Span
from ..typed import Any, Final
from .brackets import Brackets, Item, Separator, insert, separator_at
from .edits import (
    after_blanks,
    after_break,
    before_blanks,
    has_break,
    indentation,
    line_end,
    line_start,
    nearest,
    value_at,
)
from .escapes import json_like
from .json import parse_json
from .json_style import Style, is_empty, is_spread, serialized, style_at
from .places import NOTHING, Json, JsonPath
from .quotes import closing_quote
from .tree_edits import New, Order, TreeEditor

DEEPEST: Final = 100
"""The maximum depth of nesting. No configuration is as deep, and examining what surrounds a value takes time for each level."""

_COMMENT = pattern(r"//[^\n\r]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TOKEN = pattern(r'[{}\[\],:"]|//[^\n\r]*|/\*.*?(?:\*/|\Z)|[^\s{}\[\],:"/]+', re.DOTALL)


class JsonEditor(TreeEditor):
    """Makes edits of a text. An object never replaces one that has other members."""

    def __init__(self, content: str, parsed: Json) -> None:
        self._comments = [problem.span for problem in parsed.problems if problem.name == "json-comment"]
        relied_on = parsed if parsed.intact else NOTHING
        super().__init__(content, relied_on.value, relied_on.places)

    def remove_earlier(self, path: JsonPath) -> Edits:
        """Remove the members of one name but the last, which is the one that counts.

        The setting stays, and so do comments beside the removed members. None if there is a comment within, or if the values differ.
        """
        with suppress(LookupError):
            holder, indexes = self._found(path)
            items = [holder.items[index] for index in indexes]
            values = [parse_json(self._content[item.value : item.end]).value for item in items]
            is_commented = any(item.start <= comment.start < item.end for item in items[:-1] for comment in self._comments)
            if len(items) > 1 and not is_commented and all(is_same(value, values[0]) for value in values):
                apart = [item for item in items[:-1] if self._content[item.end : item.comma].strip()]  # a comment precedes the comma
                parts = [Span(item.start, item.end if item in apart else item.comma + 1) for item in items[:-1]]
                commas = [edit for item in apart for edit in remove_comma(self._content, Span(item.comma, item.comma + 1))]
                return [*remove_parts(self._content, parts), *commas]
        return None

    def _holder(self, path: JsonPath) -> Brackets:
        place = self._places.find(path)
        if place is None or self._content[place.value.start] not in "{[":
            raise LookupError(path)
        return _read(self._content, place.value.start)

    def _name(self, path: JsonPath, key: Span, name: str) -> str:
        return serialized(name)

    def _set(self, path: JsonPath, value: Any, order: Order) -> list[Edit]:
        content, old = self._content, value_at(self._value, path)
        if isinstance(value, dict) and isinstance(old, dict):
            if not old.keys() <= value.keys():
                raise LookupError(path)
            edits = self._add(path, {name: member for name, member in value.items() if name not in old}, order)
            inner = [edit for name in old.keys() & value.keys() for edit in self._set((*path, name), value[name], order)]
            return sorted([*edits, *inner])
        place = self._places.find(path)
        if place is None or is_same(old, value):
            return []
        start, end = place.value
        if isinstance(value, str) and isinstance(old, str):
            return [Edit(place.value, f'"{json_like(content[start + 1 : end - 1], value, lambda text: serialized(text)[1:-1])}"')]
        if not isinstance(value, dict | list):
            return [Edit(place.value, serialized(value))]
        if content[start] in "{[" and not is_empty(content, start):
            near, spread = list[int](), is_spread(content, start)
        else:
            near, spread = self._like(path, _bracket(value))
        indent = indentation(content, start if place.key is None else place.key.start)
        return [Edit(place.value, self._style(path, near).write(value, indent, spread=spread))]

    def _insert(self, path: JsonPath, index: int, new: New) -> list[Edit]:
        content, holder = self._content, self._holder(path)
        style = self._style(path)
        outer = indentation(content, holder.opener)
        if holder.items:
            separator = separator_at(holder, index, style.comma)
        elif has_break(holder.inside) or self._like(path, content[holder.opener])[1]:
            separator = Separator("", style.newline + outer + style.unit)
        else:
            separator = Separator("", style.comma)
        indent = separator.indent if separator.breaks else outer
        texts: list[str] = []
        for name, value in new:
            near = _openers_near(holder, index, _bracket(value))
            spread = is_spread(content, near[0]) if near else separator.breaks
            head = "" if holder.is_list else f"{serialized(name)}{style.colon}"
            texts.append(head + self._style(path, near).write(value, indent, spread=spread))
        return insert(holder, index, texts, separator, style.newline + outer, style.pads.get(content[holder.opener], ""))

    def _style(self, path: JsonPath, near: Iterable[int] = ()) -> Style:
        """The style around a value; objects or lists ``near`` it count first."""
        if len(path) > DEEPEST:
            raise LookupError(path)
        places = (self._places.find(path[:length]) for length in range(len(path), -1, -1))
        around = (one.value.start for one in places if one is not None and self._content[one.value.start] in "{[")
        return style_at(self._content, chain(near, around))

    def _like(self, path: JsonPath, bracket: str) -> tuple[list[int], bool]:
        """An example for a bracketed value at a path, and whether its members go on lines of their own.

        They do as in its siblings, else as in itself.
        """
        if not path:
            return [], has_break(self._content)  # it is the whole text, perhaps a variable's
        holder, (*_, index) = self._holder(path[:-1]), self._found(path)[1]
        near = _openers_near(holder, index, bracket)
        if near:
            return near, is_spread(self._content, near[0])
        before = holder.items[index - 1].end if index else holder.opener
        has_line = has_break(self._content[before : holder.items[index].start])
        return near, has_line and is_spread(self._content, holder.opener)


def _bracket(value: Any) -> str:
    return "[" if isinstance(value, list) else "{"


def _openers_near(holder: Brackets, index: int, bracket: str) -> list[int]:
    """The starts of values that show how one with such a bracket is written; for a list, which can have objects in it, also an object."""
    content = holder.content
    filled = [item.value for item in nearest(holder.items, index) if not is_empty(content, item.value)]
    starts = [next((start for start in filled if content[start] == one), None) for one in ("[{" if bracket == "[" else "{")]
    return [start for start in starts if start is not None]


@lru_cache(maxsize=256)
def _read(content: str, opener: int) -> Brackets:
    """The members between a bracket and its partner, parsed once, because each may have a finding whose edits are needed."""
    items: list[Item] = []
    tokens: list[Span] = []  # the key, if any, the colon, and the value
    depth = 0
    for token in _tokens(content, opener + 1):
        sign = content[token.start]
        if depth == 0 and sign in ",]}":
            if tokens:
                key = tokens[0] if len(tokens) > 1 else None
                step = len(items) if key is None else json.loads(content[slice(*key)])
                items.append(Item(step, tokens[0].start, tokens[-1].end, token.start if sign == "," else -1, key, tokens[-1].start))
                tokens = []
            if sign != ",":
                return Brackets(content, opener, token.start, tuple(items), _COMMENT)
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


# --- From tolerated syntax to JSON ---------------------------------------------------------------------------------------------------


def remove_parts(content: str, parts: Sequence[Span]) -> list[Edit]:
    """Remove parts of a text, given in order. Blanks between adjacent parts on a line are removed too."""
    groups: list[Span] = []
    for start, end in parts:
        if groups and after_blanks(content, groups[-1].end) == start:
            groups[-1] = Span(groups[-1].start, end)
        else:
            groups.append(Span(start, end))
    return [Edit(_with_blanks(content, group), "") for group in groups]


def remove_comma(content: str, comma: Span) -> list[Edit]:
    """Remove a comma, with its line if nothing else is on it."""
    whole = _with_blanks(content, comma)
    return [Edit(whole if whole.start < comma.start and has_break(content[comma.end : whole.end]) else comma, "")]


def _with_blanks(content: str, span: Span) -> Span:
    """A part of a text to remove: with its line if nothing else is on it, else with the blanks before it."""
    before, behind = before_blanks(content, span.start), after_blanks(content, span.end)
    starts, ends = line_start(content, span.start) == before, line_end(content, behind) == behind
    if starts and ends:
        return Span(before, after_break(content, behind))
    if starts or before == span.start:
        return Span(span.start, behind)
    return Span(before, behind if ends else span.end)
