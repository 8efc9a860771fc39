"""Edits of JSON that keep the text as it is written: indentation, line ends, comments, spelling.

Each function takes a text and what was read of it, and returns the edits, of which there are none where nothing needs to change. None is
returned where the text cannot be relied on, or where nothing can be done at the path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from ..patterns import pattern
from ..text import Span
from ..typed import Any, ClassVar, Final, NamedTuple
from .brackets import Brackets, Item, Separator, fill, insert, keep_comments, separator_at, take_out
from .edits import (
    Edit,
    Order,
    Token,
    before_blanks,
    behind_blanks,
    behind_break,
    grouped,
    has_break,
    indentation,
    is_same,
    line_end,
    line_start,
    names_at,
    value_at,
)
from .escapes import json_like
from .json import parse_json
from .json_style import Style, colon_at, is_empty, is_spread, style_at, written
from .places import Json, JsonPath
from .quotes import closing_quote

DEEPEST: Final = 100
"""Levels of nesting at most. No configuration has as many, and looking at what is around a value takes time for each."""

_COMMENT = pattern(r"//[^\n\r]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TOKEN = pattern(r'[{}\[\],:"]|//[^\n\r]*|/\*.*?(?:\*/|\Z)|[^\s{}\[\],:"/]+', re.DOTALL)


def set_value(content: str, parsed: Json, path: JsonPath, value: Any, order: Order = ()) -> list[Edit] | None:
    """Give the member at ``path`` a value, with the objects on the way to it; what an object has beside the members of ``value`` stays.

    A new member is written in the layout of its siblings, at its place in ``order``. An index behind the last item of a list adds one.
    Raises :exc:`ValueError` for what JSON cannot say.
    """
    if not _is_sound(parsed, path):
        return None
    known = _known(parsed, path)
    if len(known) == len(path):
        return _replace(content, parsed, path, value, order)
    for step in reversed(path[len(known) + 1 :]):
        if not isinstance(step, str):
            return None
        value = {step: value}
    holder, step = value_at(parsed.value, known), path[len(known)]
    if isinstance(holder, dict) and isinstance(step, str):
        return _add(content, parsed, known, {step: value}, order)
    return insert_item(content, parsed, (*known, step), value) if isinstance(holder, list) else None


def insert_item(content: str, parsed: Json, path: JsonPath, value: Any) -> list[Edit] | None:
    """Put an item into a list, in front of the one at ``path``, or behind the last one."""
    holder = _holder(content, parsed, path)
    if holder is None or not isinstance(path[-1], int) or holder.is_object or not 0 <= path[-1] <= len(holder.members):
        return None
    return [*_insert(content, parsed, path[:-1], holder, path[-1], {"": value})]


def replace(content: str, parsed: Json, path: JsonPath, new: Mapping[str, Any]) -> list[Edit] | None:
    """Put members in place of the one at ``path``, each written as its siblings are; a comment behind it stays behind the first.

    Raises :exc:`ValueError` for what JSON cannot say.
    """
    holder = _holder(content, parsed, path)
    if holder is None or not new or any(holder.indexes(name) for name in new):
        return None
    (name, value), *others = new.items()
    head, first = rename(content, parsed, path, name), _replace(content, parsed, path, value, ())
    if head is None or first is None:
        return None
    index = holder.indexes(path[-1])[0] + 1
    return [*head, *first, *(_insert(content, parsed, path[:-1], holder, index, dict(others)) if others else ())]


def replace_item(content: str, parsed: Json, path: JsonPath, new: Sequence[Any]) -> list[Edit] | None:
    """Put items in place of the one at ``path``, each written as its siblings are; a comment behind it stays behind the first.

    Raises :exc:`ValueError` for what JSON cannot say.
    """
    holder = _holder(content, parsed, path)
    if holder is None or not new or len(holder.indexes(path[-1])) != 1:
        return None
    first = _replace(content, parsed, path, new[0], ())
    others = {str(number): one for number, one in enumerate(new[1:])}
    if first is None:
        return None
    return [*first, *(_insert(content, parsed, path[:-1], holder, holder.indexes(path[-1])[0] + 1, others) if others else ())]


def remove(content: str, parsed: Json, path: JsonPath) -> list[Edit] | None:
    """Take out the member or item at ``path``, and with it the lines and the comments that are its alone."""
    holder = _holder(content, parsed, path)
    gone = holder.indexes(path[-1]) if holder is not None else []
    return take_out(holder.brackets, gone) if holder is not None and gone else None


def remove_earlier(content: str, parsed: Json, path: JsonPath) -> list[Edit] | None:
    """Take out the members of one name but the last, which is the one that counts.

    The setting stays, so comments do: those beside what is taken out. None where there is one within.
    """
    holder = _holder(content, parsed, path)
    earlier = holder.indexes(path[-1])[:-1] if holder is not None else []
    if holder is None or not earlier:
        return None
    comments = [problem.span for problem in parsed.problems if problem.name == "json-comment"]
    gone = [holder.brackets.items[index] for index in earlier]
    if any(item.start <= comment.start < item.end for item in gone for comment in comments):
        return None
    return keep_comments(content, take_out(holder.brackets, earlier), comments)


def repeats_itself(content: str, parsed: Json, path: JsonPath) -> bool:
    """Whether a name is given several times, each time with the same value."""
    holder = _holder(content, parsed, path)
    values = [parse_json(content[slice(*holder.members[index].value)]).value for index in holder.indexes(path[-1])] if holder else []
    return len(values) > 1 and all(is_same(value, values[0]) for value in values)


def rename(content: str, parsed: Json, path: JsonPath, name: str) -> list[Edit] | None:
    """Give the member at ``path`` another name, which no other member of the object has."""
    holder = _holder(content, parsed, path)
    if holder is None or len(holder.indexes(path[-1])) != 1 or not holder.is_object:
        return None
    if name == path[-1]:
        return []
    member = holder.members[holder.indexes(path[-1])[0]]
    assert member.key is not None  # it is a member of an object
    return None if holder.indexes(name) else [Edit(member.key, written(name))]


def replace_token(content: str, parsed: Json, path: JsonPath, token: str) -> list[Edit] | None:
    """Write a number in place of the value at ``path``, spelt as it is given."""
    return None if parsed.places.find(path) is None else set_value(content, parsed, path, Token(token))


# --- From what is tolerated to JSON ---------------------------------------------------------------------------------------------------


def remove_comments(content: str, parsed: Json, spans: Iterable[Span] | None = None) -> list[Edit]:
    """Take out comments: those at ``spans``, else all. Of comments beside each other the lines and blanks between them go too."""
    comments = sorted(spans if spans is not None else (problem.span for problem in parsed.problems if problem.name == "json-comment"))
    return [Edit(_with_blanks(content, group), "") for group in _groups(content, comments)]


def _groups(content: str, comments: Iterable[Span]) -> Iterator[Span]:
    """Comments with nothing but blanks between them, on one line, as one."""
    group: Span | None = None
    for comment in comments:
        if group is not None and behind_blanks(content, group.end) == comment.start:
            group = Span(group.start, comment.end)
            continue
        if group is not None:
            yield group
        group = comment
    if group is not None:
        yield group


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


class _Member(NamedTuple):
    """A member of an object, or an item of a list, which has no name."""

    name: str | None
    key: Span | None
    value: Span


class _Holder(NamedTuple):
    """An object or a list; of members of one name all."""

    brackets: Brackets
    members: tuple[_Member, ...]
    named: Mapping[str, list[int]]
    """Which members have a name."""

    @property
    def is_object(self) -> bool:
        return self.brackets.content[self.brackets.opener] == "{"

    @property
    def is_loose(self) -> bool:
        """Whether its members may have lines of their own: the first one has, if there is one."""
        return not self.members or is_spread(self.brackets.content, self.brackets.opener)

    def _near(self, index: int) -> Iterator[_Member]:
        """The members, those next to an index first."""
        for distance in range(len(self.members)):
            yield from self.members[max(index - distance - 1, 0) : max(index - distance, 0)]
            yield from self.members[index + distance : index + distance + 1]

    def style_near(self, index: int, style: Style) -> Style:
        """A style with the colon of the members next to an index."""
        keys = (member.key for member in self._near(index) if member.key is not None)
        colon = next(filter(None, (colon_at(self.brackets.content, key.end) for key in keys)), None)
        return style if colon is None else style._replace(colon=colon)

    def opener_near(self, index: int, bracket: str) -> int | None:
        """Where the value with such a bracket, and something in it, begins that is next to an index."""
        content = self.brackets.content
        starts = (member.value.start for member in self._near(index))
        return next((start for start in starts if content[start] == bracket and not is_empty(content, start)), None)

    def openers_near(self, index: int, bracket: str) -> list[int]:
        """Where the values begin that show how one with such a bracket is written; of a list, in which objects can be, also an object."""
        found = [self.opener_near(index, one) for one in ((bracket, "{") if bracket == "[" else (bracket,))]
        return [start for start in found if start is not None]

    def spreads(self, index: int, bracket: str, *, usual: bool) -> bool:
        """Whether the values with such a bracket next to an index are spread over lines; ``usual`` where there is none.

        A list is written as objects are where there is no other.
        """
        near = next(iter(self.openers_near(index, bracket)), None)
        return usual if near is None else is_spread(self.brackets.content, near)

    def indexes(self, step: str | int) -> list[int]:
        """Which members have a name; an item has its number."""
        if isinstance(step, int):
            return [step] if not self.is_object and step in range(len(self.members)) else []
        return self.named.get(step, [])


def _is_sound(parsed: Json, path: JsonPath) -> bool:
    return parsed.intact and len(path) <= DEEPEST


def _known(parsed: Json, path: JsonPath) -> JsonPath:
    """As much of a path as there is."""
    while parsed.places.find(path) is None:
        path = path[:-1]
    return path


def _holder(content: str, parsed: Json, path: JsonPath) -> _Holder | None:
    """The object or list that has, or could have, the value at a path."""
    place = parsed.places.find(path[:-1]) if path and _is_sound(parsed, path) else None
    return None if place is None or content[place.value.start] not in "{[" else _read(content, place.value.start)


class _Kept:
    """What was read of the last text: each member of an object may have a finding whose edits are asked for."""

    content = ""
    holders: ClassVar[dict[int, _Holder]] = {}


def _read(content: str, opener: int) -> _Holder:
    """The members between a bracket and its partner."""
    if _Kept.content is not content:
        _Kept.content = content
        _Kept.holders = {}
    if opener not in _Kept.holders:
        _Kept.holders[opener] = _read_members(content, opener)
    return _Kept.holders[opener]


def _read_members(content: str, opener: int) -> _Holder:
    members: list[_Member] = []
    named: dict[str, list[int]] = {}
    items: list[Item] = []
    tokens: list[Span] = []  # the key, if there is one, and the value
    depth, at = 0, opener + 1
    for token in _tokens(content, at):
        sign = content[token.start]
        if depth == 0 and sign in ",]}":
            if tokens:
                members.append(_member(content, tokens))
                named.setdefault(members[-1].name or "", []).append(len(members) - 1)
                items.append(Item(tokens[0].start, tokens[-1].end, token.start if sign == "," else None))
                tokens = []
            if sign != ",":
                return _Holder(Brackets(content, opener, token.start, tuple(items), _COMMENT), tuple(members), named)
            continue
        depth += (sign in "{[") - (sign in "}]")
        if sign == ":" and depth == 0:
            tokens.append(token)
        elif tokens and content[tokens[-1].start] != ":":
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


def _member(content: str, tokens: list[Span]) -> _Member:
    if len(tokens) == 1:
        return _Member(None, None, tokens[0])
    key, _, value = tokens
    return _Member(json.loads(content[slice(*key)]), key, value)


# --- Putting in -----------------------------------------------------------------------------------------------------------------------


def _replace(content: str, parsed: Json, path: JsonPath, value: Any, order: Order) -> list[Edit] | None:
    old = value_at(parsed.value, path)
    if isinstance(value, dict) and isinstance(old, dict):
        return _merge(content, parsed, path, old, value, order)
    place = parsed.places.find(path)
    assert place is not None  # a value stands there
    start = place.value.start
    if content[start : place.value.end] == value if isinstance(value, Token) else is_same(old, value):
        return []
    if isinstance(value, str) and not isinstance(value, Token) and isinstance(old, str):
        return [Edit(place.value, f'"{json_like(content[start + 1 : place.value.end - 1], value, lambda text: written(text)[1:-1])}"')]
    if not isinstance(value, dict | list):
        return [Edit(place.value, written(value))]
    bracket = _bracket(value)
    holder = _holder(content, parsed, path)
    if content[start] in "{[" and not is_empty(content, start):
        spread, near = is_spread(content, start), []
    else:
        spread = _is_to_be_spread(content, parsed, path, bracket)
        near = holder.openers_near(holder.indexes(path[-1])[-1], bracket) if holder is not None else []
    style = _style(content, parsed, path, near)
    return [Edit(place.value, style.write(value, indentation(content, start if place.key is None else place.key.start), spread=spread))]


def _merge(content: str, parsed: Json, path: JsonPath, old: dict[str, Any], value: dict[str, Any], order: Order) -> list[Edit] | None:
    edits = _add(content, parsed, path, {name: member for name, member in value.items() if name not in old}, order)
    for name in old.keys() & value.keys():
        inner = _replace(content, parsed, (*path, name), value[name], order)
        if inner is None:
            return None
        edits += inner
    return sorted(edits)


def _add(content: str, parsed: Json, path: JsonPath, new: dict[str, Any], order: Order) -> list[Edit]:
    """Put members into an object that has none of their names."""
    place = parsed.places.find(path)
    assert place is not None  # an object stands there
    if not new:
        return []
    holder = _read(content, place.value.start)
    groups = grouped(names_at(order, path), [member.name or "" for member in holder.members], new)
    return [
        edit
        for index, names in groups.items()
        for edit in _insert(content, parsed, path, holder, index, {name: new[name] for name in names})
    ]


def _insert(content: str, parsed: Json, path: JsonPath, holder: _Holder, index: int, new: dict[str, Any]) -> list[Edit]:
    """Put members, or an item, in front of the member at an index."""
    brackets = holder.brackets
    style = holder.style_near(index, _style(content, parsed, path))
    styles = {bracket: _style(content, parsed, path, holder.openers_near(index, bracket)) for bracket in set(map(_bracket, new.values()))}
    outer = indentation(content, brackets.opener)
    if holder.members:
        separator = separator_at(brackets, index, style.comma)
    elif has_break(brackets.inside) or _is_to_be_spread(content, parsed, path, content[brackets.opener]):
        separator = Separator("", style.newline + outer + style.unit)
    else:
        separator = Separator("", style.comma)
    texts = [
        (f"{written(name)}{style.colon}" if holder.is_object else "")
        + styles[_bracket(value)].write(
            value,
            separator.indent if separator.breaks else outer,
            spread=holder.spreads(index, _bracket(value), usual=separator.breaks and holder.is_loose),
        )
        for name, value in new.items()
    ]
    return (
        insert(brackets, index, texts, separator)
        if holder.members
        else [fill(brackets, texts, separator, style.newline + outer, style.pads.get(content[brackets.opener], ""))]
    )


def _bracket(value: Any) -> str:
    return "[" if isinstance(value, list) else "{"


def _style(content: str, parsed: Json, path: JsonPath, near: Iterable[int] = ()) -> Style:
    """The style of what is around a value; that of the objects or lists ``near`` to it counts first."""
    return style_at(content, chain(near, _openers(content, parsed, path)))


def _openers(content: str, parsed: Json, path: JsonPath) -> Iterator[int]:
    for length in range(len(path), -1, -1):
        place = parsed.places.find(path[:length])
        if place is not None and content[place.value.start] in "{[":
            yield place.value.start


def _is_to_be_spread(content: str, parsed: Json, path: JsonPath, bracket: str) -> bool:
    """Whether the members of a new value at a path are to have lines of their own: as with its siblings, else if it has one itself."""
    holder = _holder(content, parsed, path)
    if holder is None:
        return has_break(content)  # it is all of the text, which can be that of a variable
    index = holder.indexes(path[-1])[-1]
    start = holder.brackets.items[index - 1].end if index else holder.brackets.opener
    return holder.spreads(index, bracket, usual=holder.is_loose and has_break(content[start : holder.brackets.items[index].start]))
