"""JSON as ``JSON.parse`` reads it, with places: values, mistakes, and linear time."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import deep, golden

from linter.model import UNKNOWN
from linter.syntax import json as json_module
from linter.syntax.json import ScannedPlaces, json_documents, parse_json
from linter.syntax.json_tolerant import RecordedPlaces, parse_tolerantly
from linter.syntax.places import Json, JsonPath, Place
from linter.text import Span, Text

NODE = shutil.which("node")

# --- A renderer that writes JSON in many ways and notes where it put what. ----------------------------------------------------------


class Pairs(list[tuple[str, Any]]):
    """An object as it is written: a name can stand in it twice."""


def plain(value: Any) -> Any:
    """The value that a reader must find: of two members of one name the last counts."""
    if isinstance(value, Pairs):
        return {name: plain(member) for name, member in value}
    return [plain(member) for member in value] if isinstance(value, list) else value


class Renderer:
    """Writes a value with blanks, line ends and escapes by chance; ``places`` is where each path came to stand."""

    def __init__(self, chance: random.Random, blanks: str = " \t\n\r") -> None:
        self.chance = chance
        self.blanks = blanks
        self.text = ""
        self.places: dict[JsonPath, Place] = {}

    def render(self, value: Any) -> str:
        self._blank()
        self._value((), value, None)
        self._blank()
        return self.text

    def _blank(self) -> None:
        self.text += "".join(self.chance.choice(self.blanks) for _ in range(self.chance.randrange(3))) if self.blanks else ""

    def _value(self, path: JsonPath, value: Any, key: Span | None) -> None:
        for known in [known for known in self.places if known[: len(path)] == path]:
            del self.places[known]  # a member of this name stood before
        start = len(self.text)
        if isinstance(value, Pairs):
            self._members("{}", path, value)
        elif isinstance(value, list):
            self._members("[]", path, list(enumerate(value)))
        else:
            self.text += self._string(value) if isinstance(value, str) else json.dumps(value)
        self.places[path] = Place(Span(start, len(self.text)), key)

    def _members(self, brackets: str, path: JsonPath, members: list[tuple[Any, Any]]) -> None:
        self.text += brackets[0]
        self._blank()
        for index, (step, member) in enumerate(members):
            if index:
                self.text += ","
                self._blank()
            key = self._key(step) if brackets == "{}" else None
            self._value((*path, step), member, key)
            self._blank()
        self.text += brackets[1]

    def _key(self, name: str) -> Span:
        start = len(self.text)
        self.text += self._string(name)
        span = Span(start, len(self.text))
        self._blank()
        self.text += ":"
        self._blank()
        return span

    def _string(self, text: str) -> str:
        return f'"{"".join(self._char(char) for char in text)}"'

    def _char(self, char: str) -> str:
        code = ord(char)
        if char in '"\\' or code < 0x20 or 0xD800 <= code < 0xE000 or self.chance.random() < 0.1:
            return "".join(f"\\u{unit:04x}" for unit in self._units(code))
        return "\\/" if char == "/" and self.chance.random() < 0.5 else char

    @staticmethod
    def _units(code: int) -> list[int]:
        return [code] if code < 0x10000 else [0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)]


NAMES = st.one_of(
    st.sampled_from(["a", "b", "a.b", "", "0", "baseUrl", "\U0001f600", "\u2028", "a\tb", '"']),
    st.text(max_size=4),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "https://x/", "\U0001f600", "\ud800", "\udfff\ud83d", "{[\"//'\\", "\x00\x7f\u2028"]),
    st.text(max_size=6),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.lists(st.tuples(NAMES, inner), max_size=4).map(Pairs)),
    max_leaves=25,
)
CHANCE = st.integers(0, 2**32).map(random.Random)
BLANKS = st.sampled_from(["", " ", "\n", "\r\n\t ", " \t\n\r"])


def rules_of(parsed: Json) -> list[str]:
    return [problem.name for problem in parsed.problems]


def assert_places(parsed: Json, places: dict[JsonPath, Place]) -> None:
    assert {path: parsed.places.find(path) for path in places} == places
    for path in places:
        assert parsed.places.find((*path, "no such member")) is None
        assert parsed.places.find((*path, 99)) is None


@given(VALUES, CHANCE, BLANKS)
def test_every_place_is_found_again(value: Any, chance: random.Random, blanks: str) -> None:
    renderer = Renderer(chance, blanks)
    text = renderer.render(value)
    tolerant, parsed = parse_tolerantly(text), parse_json(text)
    assert json.loads(text) == plain(value) == tolerant.value == parsed.value
    assert set(rules_of(tolerant)) <= {"json-duplicate-key"}
    assert tolerant.whole and parsed.whole
    assert tolerant.problems == parsed.problems
    assert isinstance(parsed.places, RecordedPlaces if parsed.problems else ScannedPlaces)
    assert_places(parsed, renderer.places)
    assert_places(tolerant, renderer.places)


@given(VALUES, CHANCE, BLANKS, st.integers(0, 8))
def test_remembered_places_have_the_right_content(value: Any, chance: random.Random, blanks: str, near: int) -> None:
    """Of long containers it is remembered where members stand: here of short ones, which are asked in any order, again and again."""
    renderer = Renderer(chance, blanks)
    text = renderer.render(value)
    asked = [*renderer.places, *renderer.places, *((*path, step) for path in renderer.places for step in ("no such member", 99, -1))]
    chance.shuffle(asked)
    with patch.object(json_module, "_NEAR", near):
        places = parse_json(text).places
        assert [places.find(path) for path in asked] == [renderer.places.get(path) for path in asked]


@given(st.lists(VALUES, min_size=2, max_size=5), CHANCE, st.sampled_from(["\n", "\r\n", " ", "\n\n"]))
def test_documents_of_a_stream_are_as_each_is_alone(values: list[Any], chance: random.Random, between: str) -> None:
    renderers = [Renderer(chance, " \n") for _ in values]
    texts = [renderer.render([value]) for renderer, value in zip(renderers, values, strict=True)]
    content = between.join(texts)
    documents = json_documents(content, parse_json(content))
    assert len(documents) == len(texts)
    offset = 0
    for document, text, renderer in zip(documents, texts, renderers, strict=True):
        alone = parse_json(text)
        assert (document.value, document.whole) == (alone.value, alone.whole)
        problems = [(one.name, one.span.start - offset, one.span.end - offset) for one in document.problems]
        assert problems == [(one.name, *one.span) for one in alone.problems]
        for path, place in renderer.places.items():
            found = document.places.find(path)
            assert found is not None
            assert (found.value.start - offset, found.value.end - offset) == place.value
            assert place.key == (None if found.key is None else (found.key.start - offset, found.key.end - offset))
        offset += len(text) + len(between)


@given(VALUES, CHANCE, st.lists(st.sampled_from(["//x", "/* a */", "\n", "\xa0", "{", "}", "1", '"a"', ",", " "]), max_size=4).map("".join))
def test_what_follows_a_value_is_as_the_tolerant_reader_has_it(value: Any, chance: random.Random, following: str) -> None:
    renderer = Renderer(chance)
    text = renderer.render(value) + following
    quick, tolerant = parse_json(text), parse_tolerantly(text)
    assert (repr(quick.value), quick.problems, quick.whole) == (repr(tolerant.value), tolerant.problems, tolerant.whole)
    for path in renderer.places:
        assert quick.places.find(path) == tolerant.places.find(path)


def test_a_duplicate_name() -> None:
    text = '{"a": {"b": 1, "b": {"c": 2}, "b": 3}}'
    parsed = parse_json(text)
    assert parsed.value == {"a": {"b": 3}}
    assert [(problem.name, text[slice(*problem.span)], problem.span.start, problem.path) for problem in parsed.problems] == [
        ("json-duplicate-key", '"b"', 15, ("a", "b")),
        ("json-duplicate-key", '"b"', 30, ("a", "b")),
    ]
    assert parsed.places.find(("a", "b")) == Place(Span(35, 36), Span(30, 33))
    assert parsed.places.find(("a", "b", "c")) is None


def test_a_duplicate_name_within_lists() -> None:
    (problem,) = parse_json('[0, [1, {"x": [2, {"b": 1, "b": 1}]}]]').problems
    assert problem.path == (1, 1, "x", 1, "b")


def test_members_after_a_duplicate_are_the_new_ones() -> None:
    parsed = parse_json('{"a": {"b": 1}, "a": {"c": 1}}')
    assert parsed.places.find(("a", "b")) is None
    assert parsed.places.find(("a", "c")) == Place(Span(27, 28), Span(22, 25))


# --- What is wrong, where, and what can be read all the same. -----------------------------------------------------------------------

BROKEN = {
    "nothing at all": "",
    "blanks only": " \t\r\n ",
    "comma missing between members": '{"a": 1\n "b": 2}',
    "comma missing between items": "[1 2]",
    "comma missing, and no name follows": '{"a": 1 b: 2}',
    "trailing comma": '{"a": [1, 2,],}',
    "two commas": '{"a": 1,, "b": 2}',
    "two commas in a list": "[1,,2]",
    "comma first": '{, "a": 1}',
    "comments": '{// one\r\n"a": /* two */ 1 # three\n}',
    "comment never closed": '{"a": 1 /* the end',
    "name without quotes": "{a: 1}",
    "name in single quotes": "{'a': 1}",
    "string in single quotes": "{\"a\": 'b'}",
    "colon missing": '{"a" 1}',
    "colon missing at the end": '{"a"',
    "value missing": '{"a": }',
    "value missing at the end": '{"a":',
    "word without quotes": '{"a": hunter2, "b": 1}',
    "constants of other languages": "[NaN, Infinity, -Infinity, undefined, None, True, NULL]",
    "numbers of other languages": "[01, +1, .5, 1., 0x1F, 1_000, 1e, -]",
    "line break in a string": '{"a": "x\ny", "b": 1}',
    "tab and NUL in a string": '["\t", "\x00"]',
    "string not closed on its line": '{"a": "x,\n"b": 1}',
    "string not closed": '{"a": "x',
    "bad escapes": '["C:\\temp\\users", "\\x", "\\u12", "\\"]',
    "never closed": '{"a": {"b": [1',
    "closed by the wrong bracket": '{"a": [1}}',
    "something follows": '{"a": 1} {"b": 2}',
    "no-break space": '{\xa0\xa0"a":\u20281}',
    "byte order mark in the middle": '\ufeff{"a": 1}',
    "lone closing bracket": "}",
    "lone comma": ",",
    "lone slash": '{"a": /}',
}


def described(text: str) -> Iterator[str]:
    parsed = parse_tolerantly(text)
    lines = Text(text)
    for problem in parsed.problems:
        start, end = lines.position(problem.span.start), lines.position(problem.span.end)
        yield f"    {start.line}:{start.column}-{end.line}:{end.column} {problem.name}: {problem.message}"
    yield f"    read: {parsed.value}" if parsed.whole else f"    read up to there: {parsed.value}"


def test_mistakes_and_their_places() -> None:
    golden("json-mistakes.txt", [line for name, text in BROKEN.items() for line in (f"{name}: {text!r}", *described(text))])


def test_values_before_the_break_are_found() -> None:
    text = '{"Parameters": [{"Name": "a"}, {"Name": "b", "Value": "never clo'
    parsed = parse_json(text)
    assert parsed.value == {"Parameters": [{"Name": "a"}, {"Name": "b"}]}
    assert not parsed.whole
    assert parsed.places.find(()) == Place(Span(0, len(text)), None)
    assert parsed.places.find(("Parameters", 0)) == Place(Span(16, 29), None)
    assert parsed.places.find(("Parameters", 1)) == Place(Span(31, len(text)), None)
    assert parsed.places.find(("Parameters", 1, "Name")) == Place(Span(40, 43), Span(32, 38))


def test_a_word_without_quotes_is_unknown_and_never_repeated() -> None:
    parsed = parse_json('{"password": hunter2, "port": 1}')
    assert parsed.value == {"password": UNKNOWN, "port": 1}
    assert "hunter2" not in parsed.problems[0].message


SHARDS = list("{}[]:,\"\\/*#'-+.eE0127utfnab \t\n\r\x00\x0b\xa0\u2028\ufeff\ud800\U0001f600") + [
    "true",
    "null",
    "NaN",
    "//",
    "/*",
    "*/",
    '""',
    '"a":',
    "\\u00",
    "1e5",
]


@given(st.lists(st.sampled_from(SHARDS), max_size=30).map("".join) | st.text())
def test_no_text_raises(text: str) -> None:
    parsed = parse_json(text)
    again = parse_tolerantly(text)
    assert all(0 <= problem.span.start <= problem.span.end <= len(text) for problem in again.problems)
    assert parsed.whole or parsed.problems
    try:
        value = json.loads(text, parse_constant=lambda _name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert set(rules_of(again)) - {"json-duplicate-key"}
    else:
        assert repr(parsed.value) == repr(again.value) == repr(value)  # repr: 1 is not true, -0.0 is not 0
        assert set(rules_of(again)) <= {"json-duplicate-key"}


def mutated(chance: random.Random, text: str) -> str:
    """A text with one to three characters, or stretches, taken out or put in."""
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(text) + 1)
        if chance.random() < 0.5:
            text = text[:at] + text[at + chance.choice([1, 1, 1, 2, 5]) :]
        else:
            text = text[:at] + chance.choice(SHARDS) + text[at:]
    return text


SEEDS = [
    '{"baseUrl": "https://api.example.com/", "port": 8103, "x": [1, 2.5e-3, true, null, "\\u00e9\\n"], "y": {"z": {}}}',
    '[{"Name": "/medplum/prod/database.ssl.ca", "Value": "a\\"b\\\\"}, [], "", -0, [[1], {"a": false}]]',
    '{\r\n\t"a" : "\U0001f600\u2028" ,\r\n\t"b" : [ ]\r\n}\r\n',
    "0",
    '"x"',
]


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
def test_something_is_wrong_exactly_where_node_says_so() -> None:
    chance = random.Random(1)
    texts = SEEDS + list(BROKEN.values()) + [mutated(chance, chance.choice(SEEDS)) for _ in range(6000)]
    wrong = [text for text, accepted in zip(texts, accepted_by_node(texts), strict=True) if is_json(text) != accepted]
    assert not wrong


def is_json(text: str) -> bool:
    """Whether both readers take a text for JSON."""
    answers = {set(rules_of(parsed)) <= {"json-duplicate-key"} for parsed in (parse_tolerantly(text), parse_json(text))}
    assert len(answers) == 1
    return answers.pop()


def accepted_by_node(texts: list[str]) -> list[bool]:
    script = """
        const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        const accepts = text => { try { JSON.parse(text); return true } catch { return false } };
        console.log(JSON.stringify(texts.map(accepts)))
    """
    assert NODE is not None
    done = subprocess.run([NODE, "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=60)
    answers: list[bool] = json.loads(done.stdout)
    return answers


# --- Extremes. ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("opener", "closer", "step"), [('{"a":', "}", "a"), ("[", "]", 0), ('[{"a": [', "]}]", None)])
def test_100_000_levels(opener: str, closer: str, step: str | int | None) -> None:
    text = deep(33_334 if step is None else 100_000, "1", opener, closer)
    parsed = parse_json(text)
    assert not parsed.problems and parsed.whole
    path: JsonPath = (0, "a", 0) * 33_334 if step is None else (step,) * 100_000
    place = parsed.places.find(path)
    assert place is not None and text[slice(*place.value)] == "1"


@pytest.mark.parametrize("levels", range(900, 1000, 7))
def test_nesting_near_the_recursion_limit(levels: int) -> None:
    """What could be read with a short stack must be found with a longer one."""
    text = f'{{"first": {deep(levels)}, "last": 2}}'
    parsed = parse_json(text)

    def find(calls: int) -> Place | None:
        return parsed.places.find(("last",)) if calls == 0 else find(calls - 1)

    assert find(60) == Place(Span(len(text) - 2, len(text) - 1), Span(len(text) - 10, len(text) - 4))


def test_a_number_of_5_000_digits_is_one_to_javascript() -> None:
    parsed = parse_json('{"port": ' + "9" * 5000 + ', "small": 1e-999, "other": -' + "9" * 5000 + "}")
    assert not parsed.problems
    assert parsed.value == {"port": math.inf, "small": 0.0, "other": -math.inf}


def test_only_cr_lf_and_crlf_end_a_line() -> None:
    text = '{"a":\r1,\r\n"b":\n"\u2028\x0b\x85", "c": 1}'
    place = parse_json(text).places.find(("c",))
    assert place is not None and Text(text).position(place.value.start) == (4, 13)


LONG = {
    "opening brackets": "[" * 50_000,
    "opening braces": '{"a":' * 25_000,
    "closing brackets": "]" * 100_000,
    "names": '"a":' * 25_000,
    "quotes": '"' * 100_000,
    "quotes in a list": "[" + '"' * 100_000,
    "strings without commas": "[" + '""' * 50_000 + "]",
    "backslashes": '["' + "\\" * 100_000,
    "bad escapes": '["' + "\\q" * 50_000 + '"]',
    "comments": "{" + "/**/" * 25_000 + "}",
    "comments never closed": "{" + "/*" * 50_000,
    "slashes": "{" + "/" * 100_000,
    "slashes apart": "[" + "/ " * 50_000,
    "digits": "[" + "1" * 100_000 + "x]",
    "fractions": "[" + "1." * 50_000 + "]",
    "a word": "[" + "a" * 100_000 + "]",
    "blanks": " " * 100_000,
    "blanks that are none": "{" + "\xa0" * 100_000 + "}",
    "lines in a string": '["' + "a\n" * 50_000 + '"]',
    "strings over lines": "[" + '"\n",' * 20_000 + "1]",
    "same name": "{" + ",".join(['"a":1'] * 20_000) + "}",
    "minified": "{" + ",".join(f'"k{index}":{{"x":[{index}]}}' for index in range(20_000)) + "}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_long_text_takes_linear_time(name: str) -> None:
    text = LONG[name]
    start = time.process_time()
    parse_tolerantly(text)
    assert time.process_time() - start < 5  # less than 0.5 s here; quadratic time would be many minutes


def test_many_places_of_a_huge_line_take_linear_time() -> None:
    text = LONG["minified"]
    parsed = parse_json(text)
    assert isinstance(parsed.places, ScannedPlaces)
    start = time.process_time()
    for index in range(0, 20_000, 4):
        place = parsed.places.find((f"k{index}", "x", 0))
        assert place is not None and text[slice(*place.value)] == str(index)
    assert time.process_time() - start < 5


def test_the_tolerant_reader_needs_no_recursion() -> None:
    limit = sys.getrecursionlimit()
    assert limit <= 10_000
    assert parse_tolerantly(deep(limit * 3)).whole


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_no_position_is_beyond_the_end_of_its_line(end: str) -> None:
    text = Text(f"ab{end}c{end}")
    for offset in range(len(text.content) + 1):
        line, column = text.position(offset)
        whole = text.line_span(line)
        assert 1 <= column <= whole.end - whole.start + 1


@given(st.lists(st.sampled_from(["\r", "\n", "\r\n", "a", "bc", "\u2028", "\U0001f600"]), max_size=40).map("".join))
def test_lines_are_where_their_ends_say(content: str) -> None:
    starts = [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", content))]
    ends = [*(end.start() for end in re.finditer(r"\r\n|\r|\n", content)), len(content)]
    text = Text(content)
    for offset in range(len(content) + 1):
        at = offset - 1 if content[offset - 1 : offset + 1] == "\r\n" else offset
        line = sum(start <= at for start in starts)
        assert text.position(offset) == (line, at - starts[line - 1] + 1)
        assert text.line_around(offset) == (line, (starts[line - 1], ends[line - 1]))
    for start, end in combinations_with_replacement(range(len(content) + 1), 2):
        assert text.positions(Span(start, end)) == (text.position(start), text.position(end))
    for line in range(len(starts), 0, -1):
        assert text.line_span(line) == (starts[line - 1], ends[line - 1])
    for line in (0, len(starts) + 1):
        with pytest.raises(IndexError):
            text.line_span(line)


# --- Many values ------------------------------------------------------------------------------------------------------


def test_places_in_many_values_of_one_text() -> None:
    content = '{"a":[1,{"b":2}]}{"a":3}\n [4]' + "{}" * 3
    documents = json_documents(content, parse_json(content))
    assert [one.value for one in documents] == [{"a": [1, {"b": 2}]}, {"a": 3}, [4], {}, {}, {}]
    spans = [one.places.find(()) for one in documents]
    assert "".join(content[slice(*place.value)] for place in spans if place is not None) == content.replace("\n ", "")
    assert content[slice(*documents[1].places.find(("a",)).value)] == "3"  # type: ignore[union-attr]
    assert content[slice(*documents[0].places.find(("a", 1, "b")).value)] == "2"  # type: ignore[union-attr]


def test_places_in_one_of_many_values_that_is_nested_too_deeply_to_be_walked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    content = '{"a":1}{"a":{"b":2}}{"a":3}'
    documents = json_documents(content, parse_json(content))

    def fail(*_arguments: object) -> None:
        raise RecursionError

    monkeypatch.setattr(ScannedPlaces, "_walk", fail)
    found = [[one.places.find(path) for path in ((), ("a",), ("a", "b"))] for one in documents]
    texts = [[None if place is None else content[slice(*place.value)] for place in places] for places in found]
    assert texts == [['{"a":1}', "1", None], ['{"a":{"b":2}}', '{"b":2}', "2"], ['{"a":3}', "3", None]]
