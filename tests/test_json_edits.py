"""Edits of JSON: what is read of the edited text is the edited value, and nothing else of the text has changed."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edit_operations import Operation, Operations
from support.helpers import golden

from linter.model import is_same
from linter.syntax.edits import Edit, apply_edits, apply_to
from linter.syntax.json import parse_json
from linter.syntax.json_edits import JsonEditor, remove_comma, remove_parts
from linter.syntax.places import Json, JsonPath
from linter.text import Text


def edited(text: str, *operations: Operation) -> str:
    """A text after operations that are possible, one after the other."""
    for operation in operations:
        edits = operation(text, parse_json(text))
        assert edits is not None
        text = apply_edits(text, edits)
    return text


operations = Operations(JsonEditor)
setting, inserting, removing, renaming = operations.setting, operations.inserting, operations.removing, operations.renaming


def once(*path: str) -> Operation:
    return lambda text, parsed: JsonEditor(text, parsed).remove_earlier(path)


def without_comments(text: str, parsed: Json) -> list[Edit]:
    return remove_parts(text, [problem.span for problem in parsed.problems if problem.name == "json-comment"])


def without_trailing_commas(text: str, parsed: Json) -> list[Edit]:
    commas = [problem.span for problem in parsed.problems if problem.name == "json-trailing-comma"]
    return [edit for comma in commas for edit in remove_comma(text, comma)]


# --- Texts before and after, to be read -----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A text, what is done to it, and how that is called."""

    name: str
    text: str
    operation: Operation


TWO = '{\n  "baseUrl": "https://a.example/",\n  "port": 8103\n}\n'
NESTED = '{\n    "database": {\n        "host": "db",\n        "port": 5432\n    },\n    "redis": {}\n}\n'
TABS = '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 2\n\t}\n}'
CRLF = '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'
DENSE = '{"a":1,"b":{"c":[1,2]}}'
AIRY = '{ "a" : 1, "b" : { "c" : [ 1, 2 ] } }'
INLINE = '{\n  "providers": { "a": 1 },\n  "port": 8103\n}\n'
LISTS = '{\n  "short": ["a", "b"],\n  "long": [\n    "a",\n    "b"\n  ],\n  "none": []\n}\n'
COMMENTS = (
    "{ // the server\n"
    "  // where it is\n"
    '  "a": 1, // about a\n'
    '  "b": 2, /* about b */\n'
    "\n"
    "  /* about\n"
    "     c */\n"
    '  "c": 3 // about c\n'
    "  // the end\n"
    "}\n"
)
COMMA_FIRST = '{ "a": 1\n, "b": 2 // about b\n, "c": 3\n}\n'
TRAILING = '{\n  "a": 1,\n  "b": [1, 2,],\n}\n'
TWICE = '{\n  "a": 1, // dropped\n  "b": 2,\n  "a": 3,\n  "a": 4\n}\n'
ESCAPED = '{"a": "https:\\/\\/a\\u00E9.example\\/x\\uD83D\\uDE00\\n"}'
TWO_WITH_COMMENTS = (
    '{\n  // why one\n  "a": 1, // ticket 1\n  /* before */ "a": 1, /* behind */\n  "b": 2,\n  // the last\n  "a": 1 // ticket 2\n}\n'
)
ORDER = ("baseUrl", "appBaseUrl", "port", "database", "redis")

CASES = [
    Case("a value", TWO, setting("port", value=8104)),
    Case("the same value", TWO, setting("port", value=8103)),
    Case("a text that needs escapes", TWO, setting("baseUrl", value='é "\\ \n \x7f \u2028 \ud800')),
    Case("a text with the escapes that it has", ESCAPED, setting("a", value="https://a\u00e9.example/x\U0001f600\n/")),
    Case("a text with the same end", ESCAPED, setting("a", value="http://a\u00e9.example/x\U0001f600\n")),
    Case("a text of which nothing is left", ESCAPED, setting("a", value='"')),
    Case("a member at the end", TWO, setting("x", value=True)),
    Case("a member in its order", TWO, setting("appBaseUrl", value="https://b.example/", order=ORDER)),
    Case("a member in front of the first", TWO, setting("first", value=None, order=("first", "baseUrl"))),
    Case("a member that the order does not know", TWO, setting("x", value=1, order=ORDER)),
    Case("an object with its members", TWO, setting("database", "ssl", "ca", value="x", order=ORDER)),
    Case("an object into an object", NESTED, setting("database", value={"host": "db", "port": 1, "ssl": {"ca": "x"}, "dbname": "m"})),
    Case("a member of an empty object", NESTED, setting("redis", "host", value="cache")),
    Case("an object in place of a number", NESTED, setting("database", "port", value={"a": [1, {"b": 2}], "c": {}})),
    Case("with tabs", TABS, setting("b", "d", value={"e": 1})),
    Case("with CRLF", CRLF, setting("x", "y", value=1)),
    Case("on one line", DENSE, setting("b", "d", value={"e": 1, "f": [1, 2]})),
    Case("on one line with blanks", AIRY, setting("b", "d", value={"e": 1, "f": [1, 2]})),
    Case("an empty text", "{}", setting("a", "b", value=[1, 2])),
    Case("an empty text with a line end", "{}\n", setting("a", "b", value=[1, 2])),
    Case("an object in place of one on a line of its own", INLINE, setting("providers", value=[{"a": 1, "b": 2}])),
    Case("a list beside an object on a line of its own", INLINE, setting("port", value=[{"a": 1}])),
    Case("an object beside one on a line of its own", INLINE, setting("other", "a", value=1)),
    Case("an object in place of a text beside one", INLINE, setting("port", value={"a": 1})),
    Case("an object where the first line begins with a bracket", '{ "a": 1\n, "b": 2 }\n', setting("b", value={"c": [3]})),
    Case("an item beside others of another style", '{"a": [\n { "b":1 },\n { "c":2 }\n]}', inserting("a", 1, value={"d": 3, "e": 4})),
    Case("an empty text over lines", "{\r\n}\r\n", setting("a", value=1)),
    Case("an empty object with a comment", "{\n  // nothing yet\n}\n", setting("a", value=1)),
    Case("an empty object with a comment on its line", "{ /* nothing yet */ }", setting("a", value=1)),
    Case("an item on one line", LISTS, setting("short", 2, value="c")),
    Case("an item in front", LISTS, inserting("long", 0, value="c")),
    Case("an item between", LISTS, inserting("long", 1, value={"x": 1})),
    Case("an item of an empty list", LISTS, setting("none", 0, value="c")),
    Case("a list as its siblings are", LISTS, setting("more", value=[1, 2], order=("short", "more"))),
    Case("behind a comment", COMMENTS, setting("x", value=1, order=("a", "x"))),
    Case("behind a comment at the end", COMMENTS, setting("x", value=1)),
    Case("in front of the first with comments", COMMENTS, setting("x", value=1, order=("x", "a"))),
    Case("behind a comma that begins a line", COMMA_FIRST, setting("x", value=1, order=("b", "x"))),
    Case("in front of a comma that begins a line", COMMA_FIRST, setting("x", value=1, order=("x", "a"))),
    Case("behind a trailing comma", TRAILING, setting("x", value=1)),
    Case("an item behind a trailing comma", TRAILING, setting("b", 2, value=3)),
    Case("a member given twice", TWICE, setting("a", value=5)),
    Case("remove the first", TWO, removing("baseUrl")),
    Case("remove the last", TWO, removing("port")),
    Case("remove an object", NESTED, removing("database")),
    Case("remove the only one", TABS, removing("b", "c")),
    Case("remove with CRLF", CRLF, removing("b")),
    Case("no first of two, each behind a comma", '{ "a": 1\n, "a": 1\n, "b": 2 }', once("a")),
    Case("no first of two behind one comma at the start of a line", '{ "b": 2\n, "a": 1, "a": 1\n, "c": 3 }', once("a")),
    Case("no first of two behind the last comma", '{ "b": 2\n, "a": 1, "a": 1\n}', once("a")),
    Case("remove what begins a line behind a comma", "[1\n, 2, 3\n, 4]", removing(1)),
    Case("remove that with comments", "[1 // one\n, 2 /* two */, /* three */ 3\n, 4]", removing(1)),
    Case("remove what stands before a comment on another", '{ "a": 1 // a\n// about b\n, "b": 2\n, "c": 3 }', removing("a")),
    Case("remove on one line", DENSE, removing("a")),
    Case("remove the last on one line", DENSE, removing("b")),
    Case("remove the only one on one line", AIRY, removing("b", "c")),
    Case("remove an item", AIRY, removing("b", "c", 0)),
    Case("remove the last item", LISTS, removing("long", 1)),
    Case("remove what has a comment", COMMENTS, removing("a")),
    Case("remove what has a comment behind its comma", COMMENTS, removing("b")),
    Case("remove the last that has a comment", COMMENTS, removing("c")),
    Case("remove the only one between comments", "{\n  // one\n  \"a\": 1 // two\n  // three\n}\n", removing("a")),
    Case("remove between comments on one line", "[/* 1 */ 1 /* one */, /* 2 */ 2 /* two */, /* 3 */ 3]", removing(1)),
    Case("remove the last between comments on one line", "[/* 1 */ 1 /* one */, /* 2 */ 2 /* two */]", removing(1)),
    Case("remove the first between comments on one line", "[/* 1 */ 1 /* one */, /* 2 */ 2 /* two */]", removing(0)),
    Case("remove what shares its line", '{\n  "a": 1, "b": 2,\n  "c": 3, "d": 4\n}', removing("b")),
    Case("remove the first that shares its line", '{\n  "a": 1, "b": 2,\n  "c": 3, "d": 4\n}', removing("c")),
    Case("remove what ends on the line of the bracket", '{"a": 1, // about a\n "b": 2}', removing("b")),
    Case("remove what begins on the line of the bracket", '{"a": 1, // about a\n "b": 2}', removing("a")),
    Case("remove behind a comma that begins a line", COMMA_FIRST, removing("b")),
    Case("remove that behind another comment", COMMA_FIRST.replace("1", "1 /* about a */"), removing("b")),
    Case("remove the last behind a comma that begins a line", COMMA_FIRST, removing("c")),
    Case("remove the first before a comma that begins a line", COMMA_FIRST, removing("a")),
    Case("remove before a trailing comma", TRAILING, removing("b")),
    Case("remove a member given several times", TWICE, removing("a")),
    Case("no first of several", TWICE.replace("1", "4").replace("3", "4"), once("a")),
    Case("no first of two with comments", TWO_WITH_COMMENTS, once("a")),
    Case("no first of two on a line with another", '{ "a": 1, /* about b */ "b": 2, /* about a */ "a": 1 }', once("a")),
    Case("no first of two before a comment at the end", '{"b": 2, /* one */ "a": 1 /* two */, // three\n "a": 1}', once("a")),
    Case("remove before a comment about the next", '{\n  "a": 1, /* about b */ "b": 2,\n  "c": 3\n}\n', removing("a")),
    Case("remove between comments about others", '{\n  "a": 1, /* about b */ "b": 2, /* about c */ "c": 3\n}\n', removing("b")),
    Case("rename", NESTED, renaming("database", "host", name='"h"')),
    Case("no comments", COMMENTS, without_comments),
    Case("no comments on one line", "[/* 1 */ 1 /* one */, /* 2 */ /* 3 */ 2 /* two */]//end", without_comments),
    Case("no trailing commas", TRAILING, without_trailing_commas),
    Case("no trailing comma on a line of its own", "[\n  1\n  ,\n]\n", without_trailing_commas),
]  # fmt: skip


def shown(text: str) -> Iterator[str]:
    """The lines of a text with what cannot be seen."""
    for line in text.splitlines(keepends=True) if text.isprintable() else text.replace("\u2028", "\\u2028").splitlines(keepends=True):
        body = line.rstrip("\r\n")
        visible = body.replace("\t", "→").replace("\x7f", "\\x7f")
        visible = visible[: len(visible.rstrip(" "))] + "·" * (len(visible) - len(visible.rstrip(" ")))
        yield f"    {visible}{line[len(body) :].replace(chr(13), '␍').replace(chr(10), '')}"
    if not text.endswith("\n"):
        yield "    (no line end)"


def test_texts_before_and_after() -> None:
    lines: list[str] = []
    before = ""
    for case in CASES:
        if case.text != before:
            lines += ["", "before", *shown(case.text)]
            before = case.text
        lines += ["", case.name, *shown(edited(case.text, case.operation))]
    golden("json-edits.txt", lines[1:])


# --- Texts made at random -------------------------------------------------------------------------------------------------------------


class Styled:
    """Writes a value as people do: each object and list on one line or several, with commas here or there, comments, and names twice."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.unit = chance.choice(["  ", "    ", "\t", "   ", ""])
        self.newlines = chance.choice(["\n", "\n", "\r\n", "\r", "\n\r\n"])
        self.colon = chance.choice([": ", ":", " : ", "  :\t"])
        self.pad = chance.choice(["", " "])
        self.comma = chance.choice([", ", ",", " , "])
        self.spread = chance.choice([0.0, 0.5, 0.9, 1.0])
        self.comma_first = chance.random() < 0.15
        self.trailing = chance.random() < 0.2
        self.comments = chance.choice([0.0, 0.0, 0.3])
        self.twice = chance.random() < 0.2

    def text(self, value: Any) -> str:
        body = self._value(value, "")
        return self._comments("") + body + self.chance.choice(["", self._line(), " "])

    def _line(self) -> str:
        ends = self.newlines
        return ends if ends == "\r\n" else self.chance.choice(["\n", "\r\n"]) if len(ends) > 1 else ends

    def _value(self, value: Any, indent: str) -> str:
        if not isinstance(value, dict | list) or not value:
            empty = self.chance.choice(["{}", "{}", "{ }", "{\n}"]) if isinstance(value, dict) else "[]"
            return json.dumps(value, ensure_ascii=self.chance.random() < 0.5) if value != {} else empty
        spread = self.chance.random() < self.spread
        inner = indent + self.unit if spread else indent
        if isinstance(value, dict):
            names = [*value]
            if self.twice:
                names = [name for name in names for _ in range(self.chance.choice([1, 1, 2]))]
                self.chance.shuffle(names)
            texts = [f"{json.dumps(name)}{self.colon}{self._value(value[name], inner)}" for name in names]
        else:
            texts = [self._value(item, inner) for item in value]
        opener, closer = "{}" if isinstance(value, dict) else "[]"
        return opener + (self._on_lines(texts, indent, inner) if spread else self._on_a_line(texts)) + closer

    def _on_a_line(self, texts: list[str]) -> str:
        texts = [self._block(" ") + text + self._block(" ") for text in texts]
        return self.pad + self.comma.join(texts) + ("," if self.trailing else "") + self.pad

    def _on_lines(self, texts: list[str], indent: str, inner: str) -> str:
        parts = []
        for index, text in enumerate(texts):
            is_last = index == len(texts) - 1
            if self.comma_first:
                parts.append((f"{self._line()}{inner}, " if index else self._line() + inner) + text + self._behind())
            else:
                gap = self._line() if self.chance.random() < 0.1 else ""
                comma = "," if not is_last or self.trailing else ""
                parts.append(gap + self._line() + self._comments(inner) + inner + self._block("") + text + comma + self._behind())
        return "".join(parts) + self._line() + self._comments(inner) + indent

    def _behind(self) -> str:
        return self.chance.choice([' // about, "it"', " /* {it */"]) if self.chance.random() < self.comments else ""

    def _comments(self, indent: str) -> str:
        if self.chance.random() >= self.comments:
            return ""
        return indent + self.chance.choice(["// [a", '/* "a */', "/* a */ // b"]) + self._line()

    def _block(self, pad: str) -> str:
        return f"/* a */{pad}" if self.chance.random() < self.comments / 2 else ""  # fmt: skip


NAMES = st.sampled_from(["a", "b", "c", "host", "port", "", "é\U0001f600", 'q"', "a b"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["https://x/", "// no comment", "/*", "\ud800", '"', ",", "]"])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5) | st.lists(VALUES, max_size=4)
CHANCE = st.integers(0, 2**32).map(random.Random)
ORDERS = st.permutations(["a", "b", "c", "host", "port", "new"])
FEW = settings(max_examples=50)
MANY = settings(max_examples=1_500)


def paths(value: Any, path: JsonPath = ()) -> Iterator[JsonPath]:
    """The paths of all that a value holds, its own first."""
    yield path
    if isinstance(value, dict | list):
        for step in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[step], (*path, step))


def at(value: Any, path: JsonPath) -> Any:
    for step in path:
        value = value[step]
    return value


def loses_members(old: Any, new: Any) -> bool:
    """Whether an object stands in place of one that has other members."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return not old.keys() <= new.keys() or any(loses_members(old[name], new[name]) for name in old)


def with_value(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a value in which ``new`` is at the path."""
    if not path:
        return new
    value = copy.deepcopy(value)
    node = value
    for step in path[:-1]:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    if isinstance(node, list) and path[-1] == len(node):
        node.append(new)
    else:
        node[path[-1]] = new
    return value


def checked(text: str, edits: list[Edit] | None, expected: Any) -> str:
    """The edited text, which is read as it should be."""
    assert edits is not None
    after = apply_edits(text, edits)
    parsed = parse_json(after)
    assert is_same(parsed.value, expected)
    assert parsed.intact
    before = [problem.name for problem in parse_json(text).problems]
    assert all(before.count(problem.name) >= 1 for problem in parsed.problems)
    return after


def blank_ends(text: str) -> int:
    """Lines that end with blanks, or hold nothing else."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return sum(line != line.rstrip(" \t") for line in lines[:-1])


def check_that_a_value_is_set(document: Any, value: Any, chance: random.Random) -> None:
    text = Styled(chance).text(document)
    path = chance.choice([*paths(document)])
    edits = JsonEditor(text, parse_json(text)).set(path, value)
    if loses_members(at(document, path), value):
        assert edits is None
        return
    after = checked(text, edits, with_value(document, path, value))
    assert JsonEditor(after, parse_json(after)).set(path, value) == []


def check_that_what_is_added_can_be_removed(document: Any, value: Any, order: list[str], chance: random.Random) -> None:
    text = Styled(chance).text(document)
    parsed = parse_json(text)
    path = chance.choice([path for path in paths(document) if isinstance(at(document, path), dict | list)])
    holder = at(document, path)
    if isinstance(holder, dict):
        path = (*path, "new")
        edits = JsonEditor(text, parsed).set(path, value, order)
        expected = with_value(document, path, value)
    else:
        path = (*path, chance.randrange(len(holder) + 1))
        edits = JsonEditor(text, parsed).insert(path, value)
        expected = copy.deepcopy(document)
        at(expected, path[:-1]).insert(path[-1], value)
    after = checked(text, edits, expected)
    assert edits is not None
    assert blank_ends(after) == blank_ends(text)
    if not holder:
        return  # what was empty has no blanks inside afterwards
    assert all(edit.span.start == edit.span.end for edit in edits)
    assert apply_edits(after, JsonEditor(after, parse_json(after)).remove(path) or []) == text


def check_that_a_member_is_removed(document: Any, chance: random.Random) -> None:
    styled = Styled(chance)
    text = styled.text(document)
    parsed = parse_json(text)
    steps = [path for path in paths(document) if path]
    if not steps:
        assert JsonEditor(text, parsed).remove(("a",)) is None
        return
    path = chance.choice(steps)
    expected = copy.deepcopy(document)
    del at(expected, path[:-1])[path[-1]]
    edits = JsonEditor(text, parsed).remove(path)
    checked(text, edits, expected)
    assert edits is not None and not any(edit.text for edit in edits)
    if styled.twice:
        return
    place = parsed.places.find(path)
    assert place is not None
    member = (place.key or place.value).start, place.value.end
    taken = [index for edit in edits for index in range(*edit.span) if not member[0] <= index < member[1]]
    rest = "".join(text[index] for index in taken)
    assert "".join(one for one in rest if one not in " \t\r\n") in ("", ",") or "/" in rest


def check_that_a_member_is_renamed(document: Any, name: str, chance: random.Random) -> None:
    text = Styled(chance).text(document)
    parsed = parse_json(text)
    for path in paths(document):
        edits = JsonEditor(text, parsed).rename(path, name)
        if edits is None:
            continue
        expected = copy.deepcopy(document)
        holder = at(expected, path[:-1])
        holder[name] = holder.pop(path[-1])
        checked(text, edits, expected)
        assert len(edits) <= 1


def comments_of(text: str) -> list[str]:
    return sorted(text[slice(*problem.span)] for problem in parse_json(text).problems if problem.name == "json-comment")


def check_that_comments_stay_beside_what_is_given_twice(document: Any, chance: random.Random) -> None:
    text = Styled(chance).text(document)
    parsed = parse_json(text)
    for problem in parsed.problems:
        edits = JsonEditor(text, parsed).remove_earlier(problem.path) if problem.name == "json-duplicate-key" and problem.path else None
        if edits is not None:
            after = checked(text, edits, document)
            assert comments_of(after) == comments_of(text)
            assert blank_ends(after) <= blank_ends(text)


def check_that_strict_json_is_made(document: Any, chance: random.Random) -> None:
    text = Styled(chance).text(document)
    parsed = parse_json(text)
    edits = without_comments(text, parsed) + without_trailing_commas(text, parsed)
    after = apply_edits(text, edits)
    strict = parse_json(after)
    assert is_same(strict.value, document) and {problem.name for problem in strict.problems} <= {"json-duplicate-key"}
    assert blank_ends(after) <= blank_ends(text)
    while strict.problems:
        path = min((problem.path or () for problem in strict.problems), key=len)  # what is twice in what is dropped goes with it
        after = checked(after, JsonEditor(after, strict).remove_earlier(path), document)
        strict = parse_json(after)
    assert is_same(json.loads(after), document)


@FEW
@given(DOCUMENTS, VALUES, CHANCE)
def test_a_value_is_set(document: Any, value: Any, chance: random.Random) -> None:
    check_that_a_value_is_set(document, value, chance)


@FEW
@given(DOCUMENTS, VALUES, ORDERS, CHANCE)
def test_what_is_added_can_be_removed(document: Any, value: Any, order: list[str], chance: random.Random) -> None:
    check_that_what_is_added_can_be_removed(document, value, order, chance)


@FEW
@given(DOCUMENTS, CHANCE)
def test_a_member_is_removed(document: Any, chance: random.Random) -> None:
    check_that_a_member_is_removed(document, chance)


@FEW
@given(DOCUMENTS, NAMES, CHANCE)
def test_a_member_is_renamed(document: Any, name: str, chance: random.Random) -> None:
    check_that_a_member_is_renamed(document, name, chance)


@FEW
@given(DOCUMENTS, CHANCE)
def test_comments_stay_beside_what_is_given_twice(document: Any, chance: random.Random) -> None:
    check_that_comments_stay_beside_what_is_given_twice(document, chance)


@FEW
@given(DOCUMENTS, CHANCE)
def test_strict_json_is_made(document: Any, chance: random.Random) -> None:
    check_that_strict_json_is_made(document, chance)


@pytest.mark.slow
@MANY
@given(DOCUMENTS, VALUES, ORDERS, NAMES, st.integers(0, 2**32))
def test_many_texts(document: Any, value: Any, order: list[str], name: str, seed: int) -> None:
    check_that_a_value_is_set(document, value, random.Random(seed))
    check_that_what_is_added_can_be_removed(document, value, order, random.Random(seed))
    check_that_a_member_is_removed(document, random.Random(seed))
    check_that_a_member_is_renamed(document, name, random.Random(seed))
    check_that_strict_json_is_made(document, random.Random(seed))
    check_that_comments_stay_beside_what_is_given_twice(document, random.Random(seed))


# --- What is refused, and what it takes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['{"a": 1', '{"a": hunter2}', '{"a": 1 "b": 2}', "", '{"a": "x\ny"}', '{"a": 1} {}', "{'a': 1}"])
def test_a_text_that_cannot_be_relied_on_is_left_alone(text: str) -> None:
    parsed = parse_json(text)
    assert JsonEditor(text, parsed).set(("a",), 2) is None
    assert JsonEditor(text, parsed).remove(("a",)) is None
    assert JsonEditor(text, parsed).rename(("a",), "b") is None
    assert JsonEditor(text, parsed).insert((0,), 2) is None


@pytest.mark.parametrize(
    "operation",
    [
        setting("a", "x", value=1),
        setting("n", "x", value=1),
        setting("l", 3, value=1),
        setting("l", -1, value=1),
        setting("l", "x", value=1),
        setting("new", 0, value=1),
        setting("o", 0, value=1),
        setting(*"a" * 101, value=1),
        inserting("l", 3, value=1),
        inserting("l", "x", value=1),
        inserting("o", 0, value=1),
        inserting(value=1),
        removing(),
        removing("x"),
        removing("l", 2),
        removing("l", -1),
        removing("o", 0),
        renaming("a", name="b"),
        renaming("twice", name="new"),
        renaming("l", 0, name="new"),
        renaming("x", name="new"),
        lambda text, parsed: JsonEditor(text, parsed).remove_earlier(("a",)),
    ],
)
def test_what_leads_nowhere_is_refused(operation: Operation) -> None:
    text = '{"a": 1, "b": 2, "n": null, "l": [1, 2], "o": {"0": 1}, "twice": 1, "twice": 2}'
    assert operation(text, parse_json(text)) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_never_written(value: Any) -> None:
    text = '{"a": 1}'
    for path in (("a",), ("b",)):
        assert JsonEditor(text, parse_json(text)).set(path, value) is None


def test_a_number_that_is_spelt_so_already_is_left_alone() -> None:
    text = '{"a": 1e6, "b": 1000000}'
    assert setting("a", value=1_000_000)(text, parse_json(text)) == []


def test_the_order_can_depend_on_the_object() -> None:
    orders: dict[JsonPath, tuple[str, ...]] = {(): ("a", "b", "c"), ("b",): ("y", "x")}
    text = '{"a":1,"c":3}'
    edits = JsonEditor(text, parse_json(text)).set(("b",), {"x": 1}, lambda path: orders[path])
    after = apply_edits(text, edits or [])
    assert after == '{"a":1,"b":{"x":1},"c":3}'
    edits = JsonEditor(after, parse_json(after)).set(("b", "y"), 2, lambda path: orders[path])
    assert apply_edits(after, edits or []) == '{"a":1,"b":{"y":2,"x":1},"c":3}'


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "{" + ",\n".join(f'"k{index}": {{"x": [{index}]}}' for index in range(50_000)) + "}",
        "{" + "\n" * 500_000 + '"k1": 1' + " " * 500_000 + "}",
        '{"k1": 1' + "/**/" * 100_000 + "}",
        '{"k1": "' + '\\"' * 250_000 + '"}',
        "{" + ",".join(['"k1": 1'] * 50_000) + "}",
        '{"k1": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=["members", "blanks", "comments", "quotes", "one name", "nesting"],
)
def test_a_long_text_takes_linear_time(text: str) -> None:
    parsed = parse_json(text)
    start = time.process_time()
    for operation in (setting("k1", value=2), setting("new", "x", value=[1]), removing("k1")):
        operation(text, parsed)
    JsonEditor(text, parsed).remove_earlier(("k1",))
    without_comments(text, parsed)
    assert time.process_time() - start < 5  # less than 1 s here; quadratic time would be many minutes


def test_spans_count_characters_after_a_byte_order_mark() -> None:
    text = Text('\ufeff{"\U0001f600": 1}')
    edits = JsonEditor(text.content, parse_json(text.content)).set(("\U0001f600",), 2)
    assert edits is not None and apply_to(text, edits) == '\ufeff{"\U0001f600": 2}'
