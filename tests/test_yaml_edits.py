"""Edits of YAML: what is read of the edited text is the edited value, and nothing else of the text has changed."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edit_operations import Operation, Operations
from support.helpers import golden

from linter.model import is_same
from linter.syntax.edits import Edit, apply_edits
from linter.syntax.places import JsonPath
from linter.syntax.yaml import Yaml, parse_yaml
from linter.syntax.yaml_edits import YamlEditor
from linter.syntax.yaml_places import Style
from linter.syntax.yaml_scalars import is_plain
from linter.syntax.yaml_scalars import text as written

operations = Operations(YamlEditor)
setting, inserting, removing, renaming = operations.setting, operations.inserting, operations.removing, operations.renaming


# --- Texts before and after, to be read -----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A text, what is done to its first document, and how that is called."""

    name: str
    text: str
    operation: Operation


COMPOSE = """\
# The server
services:
  server:
    image: medplum/medplum-server:5.1.0  # pinned
    environment:
      PORT: 8103
      HOST: 'a.example'   # where it is
      # the database
      NAME: "medplum"

      KEY: |
        line 1

        line 2
      NOTE: >-
        folded
        text
      EMPTY:
    ports: ["8103:8103", "9000:9000"]  # both
    labels: {a: 1, b: 'x'}
    extra: {}
  redis: &redis
    image: redis
"""
LIST = """\
containers:
- name: server  # the server
  env:
  - name: A
    value: "1"
  - name: B  # about b
    value: "2"
  args:
  - A=1
  - 'B=2'

  - C=3
"""
FLOW = "a: {\n  b: 1,  # about b\n  c: [x, y],\n}\n"
STREAM = "%YAML 1.1\n---\na: 1\n...\n---\na: 2\n"
CRLF = "a: 1\r\nb:\r\n    c: 2\r\n"
ENV = ("services", "server", "environment")
ARGS = ("containers", 0, "args")

ESCAPED = 'a: "https://a\\x2db.acme\\u00E9\\/x\\t"\n'
FOLDED = 'a: "one\\x20\n  two"\n'
CASES = [
    Case("a number", COMPOSE, setting(*ENV, "PORT", value=8104)),
    Case("a text in place of a number", COMPOSE, setting(*ENV, "PORT", value="8104")),
    Case("a text in single quotes", COMPOSE, setting(*ENV, "HOST", value="it's")),
    Case("a text that single quotes cannot hold", COMPOSE, setting(*ENV, "HOST", value="a\nb\x85")),
    Case("a text in double quotes", COMPOSE, setting(*ENV, "NAME", value='say "\\"')),
    Case("a text with the escapes that it has", ESCAPED, setting("a", value="https://a-b.acme\u00e9/x\t/")),
    Case("a text in folded lines", FOLDED, setting("a", value="one two -")),
    Case("a literal block", COMPOSE, setting(*ENV, "KEY", value="new 1\nnew 2\n\nnew 4")),
    Case("a literal block that cannot hold the text", COMPOSE, setting(*ENV, "KEY", value=" leading\n")),
    Case("a folded block", COMPOSE, setting(*ENV, "NOTE", value="one\ntwo\n\nthree\n")),
    Case("a block that becomes a number", COMPOSE, setting(*ENV, "NOTE", value=1)),
    Case("a value that is left out", COMPOSE, setting(*ENV, "EMPTY", value="x")),
    Case("a plain text", COMPOSE, setting("services", "server", "image", value="a/b:1")),
    Case("a plain text that needs quotes", COMPOSE, setting("services", "server", "image", value="yes")),
    Case("an entry behind a sibling", COMPOSE, setting(*ENV, "NEW", value="x", order=("NAME", "NEW"))),
    Case("an entry behind a block", COMPOSE, setting(*ENV, "NEW", value="x", order=("KEY", "NEW"))),
    Case("an entry in front of the first", COMPOSE, setting(*ENV, "NEW", value="x", order=("NEW", "PORT"))),
    Case("an entry at the end", COMPOSE, setting(*ENV, "NEW", value=True)),
    Case("an entry of a flow mapping", COMPOSE, setting("services", "server", "labels", "c", value="a, b")),
    Case("an entry of an empty one", COMPOSE, setting("services", "server", "extra", "c", value=None)),
    Case("an item of a flow list", COMPOSE, inserting("services", "server", "ports", 1, value="1:1")),
    Case("remove", COMPOSE, removing(*ENV, "HOST")),
    Case("remove a block", COMPOSE, removing(*ENV, "KEY")),
    Case("remove the last", COMPOSE, removing(*ENV, "EMPTY")),
    Case("remove what has entries", COMPOSE, removing(*ENV)),
    Case("remove from a flow list", COMPOSE, removing("services", "server", "ports", 0)),
    Case("remove from a flow mapping", COMPOSE, removing("services", "server", "labels", "b")),
    Case("remove what has an anchor", COMPOSE, removing("services", "redis")),
    Case("rename", COMPOSE, renaming(*ENV, "HOST", name="on")),
    Case("an item of NAME=value", LIST, setting(*ARGS, 1, value="B=it's")),
    Case("an item behind others", LIST, inserting(*ARGS, 3, value="D=4")),
    Case("an item between others", LIST, inserting(*ARGS, 1, value="D=4")),
    Case("an item in front of the first", LIST, inserting(*ARGS, 0, value="D=4")),
    Case("an item of name and value", LIST, inserting("containers", 0, "env", 2, value={"name": "C", "value": "3"})),
    Case("the value of a name", LIST, setting("containers", 0, "env", 1, "value", value="x")),
    Case("remove an item of name and value", LIST, removing("containers", 0, "env", 1)),
    Case("remove an item", LIST, removing(*ARGS, 1)),
    Case("remove the first item", LIST, removing(*ARGS, 0)),
    Case("remove what stands behind a dash", LIST, removing("containers", 0, "name")),
    Case("rename what stands behind a dash", LIST, renaming("containers", 0, "name", name="n")),
    Case("an entry in front of it", LIST, setting("containers", 0, "image", value="x", order=("image", "name"))),
    Case("an entry over lines between brackets", FLOW, setting("a", "new", value=1, order=("b", "new"))),
    Case("remove one of them", FLOW, removing("a", "b")),
    Case("remove the last of them", FLOW, removing("a", "c")),
    Case("the first document of several", STREAM, setting("b", value=1)),
    Case("remove its only entry", STREAM, removing("a")),
    Case("with CRLF", CRLF, setting("b", "d", value=1)),
    Case("with CRLF, the only entry", CRLF, removing("b", "c")),
    Case("without a line end", "a: 1\nb: 2", setting("c", value=3)),
    Case("without a line end, the last", "a: 1\nb: 2", removing("b")),
    Case("an anchor that nobody uses", "a: &x 1\nb: 2\n", setting("a", value=3)),
]  # fmt: skip


def shown(text: str) -> Iterator[str]:
    """The lines of a text with what cannot be seen."""
    for line in text.split("\n"):
        kept = line.rstrip(" ")
        yield f"    {kept}{'·' * (len(line) - len(kept))}".replace("\r", "␍").replace("\t", "→").rstrip(" ")


def edited(text: str, operation: Operation) -> str:
    edits = operation(text, parse_yaml(text)[0])
    assert edits is not None
    return apply_edits(text, edits)


def differing(before: str, after: str) -> Iterator[str]:
    """The lines that differ, with those around them."""
    old, new = [*shown(before)], [*shown(after)]
    first = next((index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
    common = 0
    while common < min(len(old), len(new)) - first and old[-1 - common] == new[-1 - common]:
        common += 1
    start = max(first - 1, 0)
    yield from (f"  - {line[4:]}".rstrip(" ") for line in old[start : len(old) - common + 1])
    yield from (f"  + {line[4:]}".rstrip(" ") for line in new[start : len(new) - common + 1])


def test_texts_before_and_after() -> None:
    lines: list[str] = []
    before = ""
    for case in CASES:
        if case.text != before:
            lines += ["", "before", *shown(case.text)]
            before = case.text
        lines += ["", case.name, *differing(case.text, edited(case.text, case.operation))]
    golden("yaml-edits.txt", lines[1:])


# --- Texts made at random -------------------------------------------------------------------------------------------------------------


class Styled:
    """Writes a value as people do: blocks and brackets, quotes of every sort, comments, blank lines, several documents."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.unit = chance.choice([1, 2, 2, 4])
        self.list_offset = chance.choice([0, self.unit])
        self.newline = chance.choice(["\n", "\n", "\r\n"])
        self.comments = chance.choice([0.0, 0.2])
        self.flow = chance.choice([0.0, 0.2])
        self.quotes: list[Style] = chance.choice([["plain"], ["single"], ["double"], ["plain", "single", "double", "literal", "folded"]])

    def text(self, value: Any) -> str:
        lines = self._block(value, 0)
        head = self.chance.choice([[], [], ["# top"], ["---"], ["other: 1", "---"], ["%YAML 1.1", "---"]])
        tail = self.chance.choice([[], [], ["# end"], ["---", "- other"], ["..."], [""]])
        return self.newline.join([*head, *lines, *tail]) + self.chance.choice(["", self.newline])

    def _block(self, value: Any, column: int, *, may_flow: bool = True) -> list[str]:
        """The lines of a value that begins on a line of its own."""
        pad = " " * column
        if not isinstance(value, dict | list) or not value or (may_flow and self.chance.random() < self.flow):
            return [pad + self._flow(value)]
        lines: list[str] = []
        steps: Any = value if isinstance(value, dict) else range(len(value))
        for step in steps:
            lines += self._between(pad)
            if isinstance(value, dict):
                lines += self._behind(f"{pad}{written(step, self._quote(), in_flow=False)}:", value[step], column, in_list=False)
            else:
                lines += self._behind(f"{pad}-", value[step], column, in_list=True)
        return lines

    def _behind(self, head: str, value: Any, column: int, *, in_list: bool) -> list[str]:
        """The lines of a value after a name or a dash."""
        is_block = isinstance(value, dict | list) and bool(value) and self.chance.random() >= self.flow
        if is_block and in_list and self.chance.random() < 0.8:
            inner = self._block(value, column + 2)
            if inner[0].startswith(" " * (column + 2)) and inner[0].strip()[:1] != "#" and inner[0].strip():
                return [head + inner[0][column + 1 :], *inner[1:]]
        if is_block:
            offset = self.unit if in_list or isinstance(value, dict) else self.list_offset
            return [head + self._comment(), *self._block(value, column + offset, may_flow=offset > 0)]
        if isinstance(value, str) and value.isprintable() and value.strip() and value[0] != " " and self._quote() in ("literal", "folded"):
            return [f"{head} {self.chance.choice(['|-', '>-'])}{self._comment()}", " " * (column + self.unit) + value]
        if value is None and self.chance.random() < 0.5:
            return [head + self._comment()]
        return [f"{head} {self._flow(value)}{self._comment()}"]

    def _flow(self, value: Any) -> str:
        if isinstance(value, dict):
            pairs = (f"{written(name, self._quote(), in_flow=True)}: {self._flow(one)}" for name, one in value.items())
            return "{" + ", ".join(pairs) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._flow, value)) + "]"
        if isinstance(value, str):
            return written(value, self._quote(), in_flow=True)
        return json.dumps(value)

    def _quote(self) -> Style:
        return self.chance.choice(self.quotes)

    def _comment(self) -> str:
        return '  # it\'s: "{"' if self.chance.random() < self.comments else ""

    def _between(self, pad: str) -> list[str]:
        return [self.chance.choice(["", f"{pad}# - a: b"])] if self.chance.random() < self.comments else []  # fmt: skip


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\ufffe\uffff")
ODD = [
    "",
    "on",
    "y",
    "0123",
    "1_000",
    "2024-01-01",
    "1:30",
    "10.0.0.1",
    "a: b",
    "- a",
    "a #b",
    "a\nb",
    "<<",
    "=",
    "-x",
    "[a",
    "a,b",
    "\ta",
]
TEXTS = st.sampled_from(ODD) | st.text(CHARACTERS, max_size=5) | st.sampled_from(["a", "b", "x y", "https://a.example/?b=c"])
NAMES = st.sampled_from(["a", "b", "c", "host", "port", "on", "é", "a b", "0"])
SCALARS = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8)
ITEMS = SCALARS | st.dictionaries(NAMES, SCALARS, min_size=1, max_size=2)
DOCUMENTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4) | st.lists(VALUES, min_size=1, max_size=3)
ORDERS = st.permutations(["a", "b", "c", "host", "port", "new"])
SEEDS = st.integers(0, 2**32)


def main_document(text: str, document: Any) -> Yaml:
    """The document of a text that holds a value."""
    return next(parsed for parsed in parse_yaml(text) if is_same(parsed.value, document))


def paths(value: Any, path: JsonPath = ()) -> Iterator[JsonPath]:
    yield path
    if isinstance(value, dict | list):
        for step in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[step], (*path, step))


def at(value: Any, path: JsonPath) -> Any:
    for step in path:
        value = value[step]
    return value


def checked(text: str, document: Any, edits: list[Edit] | None, expected: Any) -> str:
    """The edited text: one document is as it should be, the others are as they were."""
    assert edits is not None
    after = apply_edits(text, edits)
    before = parse_yaml(text)
    index = before.index(next(one for one in before if is_same(one.value, document)))
    values = [parsed.value for parsed in before]
    values[index] = expected
    assert is_same([parsed.value for parsed in parse_yaml(after)], values)
    assert not any(parsed.problems for parsed in parse_yaml(after))
    return after


def comments(text: str) -> int:
    return text.count("# it's") + text.count("# - a: b") + text.count("# top") + text.count("# end")


def check_that_a_scalar_is_set(document: Any, value: Any, seed: int) -> None:
    chance = random.Random(seed)
    text = Styled(chance).text(document)
    steps = [path for path in paths(document) if path and not isinstance(at(document, path), dict | list)]
    if not steps:
        return
    path = chance.choice(steps)
    expected = copy.deepcopy(document)
    at(expected, path[:-1])[path[-1]] = value
    parsed = main_document(text, document)
    scalar = parsed.places.scalar(path)
    style = scalar.style if scalar is not None else None
    after = checked(text, document, YamlEditor(text, parsed).set(path, value), expected)
    assert comments(after) == comments(text)
    reread = main_document(after, expected)
    if style in ("single", "double") and isinstance(value, str) and value != at(document, path):
        written = reread.places.scalar(path)
        assert written is not None and written.style == (style if value.isprintable() else "double")
    assert YamlEditor(after, reread).set(path, value) == []


def check_that_what_is_added_can_be_removed(document: Any, scalar: Any, item: Any, order: list[str], seed: int) -> None:
    chance = random.Random(seed)
    text = Styled(chance).text(document)
    parsed = main_document(text, document)
    path = chance.choice([path for path in paths(document) if isinstance(at(document, path), dict | list)])
    holder = at(document, path)
    expected = copy.deepcopy(document)
    if isinstance(holder, dict):
        path = (*path, "new")
        at(expected, path[:-1])["new"] = scalar
        edits = YamlEditor(text, parsed).set(path, scalar, order)
    else:
        path = (*path, chance.randrange(len(holder) + 1))
        at(expected, path[:-1]).insert(path[-1], item)
        edits = YamlEditor(text, parsed).insert(path, item)
    after = checked(text, document, edits, expected)
    assert edits is not None and comments(after) == comments(text)
    assert apply_edits(after, YamlEditor(after, main_document(after, expected)).remove(path) or []) == text


def check_that_a_member_is_removed(document: Any, seed: int) -> None:
    chance = random.Random(seed)
    text = Styled(chance).text(document)
    path = chance.choice([path for path in paths(document) if path])
    expected = copy.deepcopy(document)
    del at(expected, path[:-1])[path[-1]]
    edits = YamlEditor(text, main_document(text, document)).remove(path)
    if edits is None:  # a comment is where the next entry would go
        assert "# - a: b" in text
        return
    checked(text, document, edits, expected)
    assert all(edit.text in ("", " {}", " []", "{}", "[]") for edit in edits)


def check_that_a_member_is_renamed(document: Any, name: str, seed: int) -> None:
    text = Styled(random.Random(seed)).text(document)
    parsed = main_document(text, document)
    for path in paths(document):
        edits = YamlEditor(text, parsed).rename(path, name)
        if not path or not isinstance(path[-1], str) or (name in at(document, path[:-1]) and name != path[-1]):
            assert edits is None
            continue
        expected = copy.deepcopy(document)
        holder = at(expected, path[:-1])
        holder[name] = holder.pop(path[-1])
        after = checked(text, document, edits, expected)
        assert after.count("\n") == text.count("\n")


def check_all(document: Any, scalar: Any, item: Any, order: list[str], name: str, seed: int) -> None:
    check_that_a_scalar_is_set(document, scalar, seed)
    check_that_what_is_added_can_be_removed(document, scalar, item, order, seed)
    check_that_a_member_is_removed(document, seed)
    check_that_a_member_is_renamed(document, name, seed)


@settings(max_examples=50)
@given(DOCUMENTS, SCALARS, ITEMS, ORDERS, NAMES, SEEDS)
def test_texts_are_edited(document: Any, scalar: Any, item: Any, order: list[str], name: str, seed: int) -> None:
    check_all(document, scalar, item, order, name, seed)


@pytest.mark.slow
@settings(max_examples=1_500)
@given(DOCUMENTS, SCALARS, ITEMS, ORDERS, NAMES, SEEDS)
def test_many_texts(document: Any, scalar: Any, item: Any, order: list[str], name: str, seed: int) -> None:
    check_all(document, scalar, item, order, name, seed)


@given(TEXTS, st.sampled_from(["plain", "single", "double"]), st.booleans())
def test_what_is_written_is_a_text_to_every_reader(value: str, style: Style, in_flow: bool) -> None:
    text = f"[{written(value, style, in_flow=True)}, x]" if in_flow else f"- {written(value, style, in_flow=False)}\n- x"
    assert yaml.safe_load(text) == [value, "x"]
    assert [parsed.value for parsed in parse_yaml(text)] == [[value, "x"]]


@pytest.mark.parametrize(
    "word", ["", "~", "NO", "Off", "y", "N", ".5", "+1", "1.5e+3", "0x1F", "0o17", "1_0", "1:30:00", "2024-01-01", ".inf", "="]
)
def test_ambiguous_texts_get_quotes(word: str) -> None:
    assert not is_plain(word, in_flow=False)


@pytest.mark.parametrize(
    "word", ["a", "10.0.0.1", "127.0.0.1:80", "https://x/?a=b#c", "/a", "a, b", "5.1.0-rc1", "-----BEGIN KEY", "nope", "é"]
)
def test_unambiguous_texts_need_no_quotes(word: str) -> None:
    assert is_plain(word, in_flow=False)


# --- What is refused, and what it takes -----------------------------------------------------------------------------------------------


SHARED = """\
base: &base
  a: 1
  list: &list [x]
other:
  <<: *base
  b: *list
  c: !Sub x
  ? d
  : e
  ? [f]
  : g
twice: 1
twice: 2
block: |+
  kept

last: {x, y: 1}
"""


@pytest.mark.parametrize(
    "operation",
    [
        setting("base", "a", value=2),
        setting("base", "new", value=2),
        setting("base", "list", value="x"),
        setting("other", "a", value=2),
        setting("other", "b", value=2),
        setting("other", "b", 0, value="y"),
        setting("other", "c", value="y"),
        setting("other", "d", "x", value=1),
        setting("block", "x", value=1),
        setting("base", "list", 2, value="x"),
        setting("base", 0, value="x"),
        setting("new", 0, value="x"),
        setting("last", "x", value=1),
        removing("base"),
        removing("base", "list"),
        removing("other", "a"),
        removing("twice"),
        removing("x"),
        removing(),
        removing("base", "list", 1),
        renaming("base", "a", name="list"),
        renaming("base", "list", 0, name="x"),
        renaming("other", "a", name="x"),
        renaming("other", "d", name="x"),
        renaming("twice", name="once"),
        renaming(name="x"),
        inserting("base", "list", 0, value="y"),
        inserting("base", 0, value="y"),
        inserting(value=1),
        setting("new", value=1, order=("block", "new")),
    ],
)
def test_what_cannot_be_done_safely_is_refused(operation: Operation) -> None:
    assert operation(SHARED, parse_yaml(SHARED)[0]) is None


def test_what_can_be_done_beside_it_is_done() -> None:
    after = edited(SHARED, setting("other", "new", value="x", order=("b", "new")))
    assert after == SHARED.replace("  b: *list\n", "  b: *list\n  new: x\n")
    assert edited(SHARED, renaming("base", name="root")) == SHARED.replace("base:", "root:")
    assert edited(SHARED, setting("last", "y", value=2)) == SHARED.replace("y: 1", "y: 2")


@pytest.mark.parametrize("text", ["a: [1", "a: 1\n\tb: 2", "a: 1\n---\nb: [", 'a: "\\q"', "a: *x"])
def test_a_text_that_cannot_be_read_is_left_alone(text: str) -> None:
    parsed = parse_yaml(text)[0]
    assert YamlEditor(text, parsed).set(("a",), 2) is None
    assert YamlEditor(text, parsed).set(("new",), 2) is None
    assert YamlEditor(text, parsed).remove(("a",)) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object()])
def test_what_yaml_cannot_say_is_never_written(value: Any) -> None:
    text = "a: 1\nb: {c: 1}\n"
    for path in (("a",), ("new",), ("b", "c"), ("b", "new")):
        assert YamlEditor(text, parse_yaml(text)[0]).set(path, value) is None


@pytest.mark.parametrize(
    ("value", "after"),
    [
        (0.5, "0.5"),
        (None, "null"),
        (True, "true"),
    ],
)
def test_what_a_scalar_becomes(value: Any, after: str) -> None:
    assert edited("a: x # why\n", setting("a", value=value)) == f"a: {after} # why\n"


def test_the_other_documents_stay() -> None:
    text = "a: 1\n---\na: 1\n---\na: 1\n"
    edits = YamlEditor(text, parse_yaml(text)[1]).set(("a",), 2)
    assert edits is not None and apply_edits(text, edits) == "a: 1\n---\na: 2\n---\na: 1\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "k1: 0\n" + "".join(f"x{index}:\n  - {{a: [{index}]}}  # it\n" for index in range(5_000)),
        "k1: 1" + "\n" * 100_000 + "x: 1\n",
        "k1: |\n" + "  line\n" * 20_000 + "x: 1\n",
        "{" + ", ".join(f"k{index}: {index}" for index in range(10_000)) + "}",
        "k1:\n" + "- a\n# it\n" * 20_000,
    ],
    ids=["entries", "blanks", "a block", "flow", "items"],
)
def test_a_long_text_takes_linear_time(text: str) -> None:
    (parsed,) = parse_yaml(text)
    start = time.process_time()
    for operation in (setting("k1", value="x"), setting("new", value=1), removing("k1"), renaming("k1", name="x1")):
        operation(text, parsed)
    assert time.process_time() - start < 30  # less than 3 s here; quadratic time would be many minutes
