"""YAML as configuration tools read it, with places: values, mistakes, and little time and memory."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from linter.documents.source import SourceFile
from linter.documents.variables.in_yaml import Block, Node, has_prefixed
from linter.model import UNKNOWN
from linter.syntax.places import JsonPath
from linter.syntax.yaml import EXPANDED_PER_CHARACTER, FEW_EXPANDED, Tagged, Yaml, parse_yaml, scalars
from linter.syntax.yaml_events import DEEPEST
from linter.syntax.yaml_places import YamlPlaces
from linter.text import Span, Text

# --- What is dumped comes back, and every place holds what it should. ----------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from(
        ["", "on", "no", "0123", "1_000", "2024-01-01", "null", "true", "a: b", "- a", "# a", "a\nb\n", "\ta", "é\U0001f600", "<<"]
    ),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff") | st.just("\n"), max_size=12
    ),
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20)
STYLES = st.sampled_from([None, "'", '"', "|", ">"])


def raw_of(places: YamlPlaces, path: JsonPath) -> str | None:
    scalar = places.scalar(path)
    return scalar.raw if scalar is not None else None


def style_of(places: YamlPlaces, path: JsonPath) -> str | None:
    scalar = places.scalar(path)
    return scalar.style if scalar is not None else None


def dumped(value: Any, style: str | None, flow: bool | None, width: int) -> str:
    return yaml.safe_dump(value, default_style=style, default_flow_style=flow, width=width, allow_unicode=True, sort_keys=False)


def assert_places(text: str, parsed: Yaml, path: JsonPath = ()) -> None:
    """Each place holds YAML of just the value that was read there."""
    place = parsed.places.find(path)
    assert place is not None
    value: Any = parsed.value
    for step in path:
        value = value[step]
    written = text[slice(*place.value)]
    if isinstance(value, dict | list):
        for step in value if isinstance(value, dict) else range(len(value)):
            assert_places(text, parsed, (*path, step))
            inner = parsed.places.find((*path, step))
            assert inner is not None and place.value.start <= inner.value.start <= inner.value.end <= place.value.end
    elif style_of(parsed.places, path) in ("plain", "single", "double"):
        assert [one.value for one in parse_yaml(written)] == ([value] if written else [])
    else:
        assert written[0] in "|>!"
    if path and isinstance(path[-1], str):
        assert place.key is not None
        key = text[slice(*place.key)]
        assert key[0] in "|>" or [raw_of(name.places, ()) for name in parse_yaml(key)] == [path[-1]]


@given(VALUES, STYLES, st.sampled_from([True, False, None]), st.sampled_from([20, 80, 10_000]))
def test_what_is_dumped_comes_back(value: Any, style: str | None, flow: bool | None, width: int) -> None:
    text = dumped(value, style, flow, width)
    (parsed,) = parse_yaml(text)
    if style is None:
        assert parsed.value == value
        assert not parsed.problems and parsed.whole
    assert_places(text, parsed)


@given(
    st.text()
    | st.lists(st.sampled_from(list("{}[]:,\"'#&*!|>%@`-?~ \t\r\n\x00a1") + ["a: ", "- ", "<<: *a", "&a ", "---\n", "\\x", "\ud800"])).map(
        "".join
    )
)
def test_no_text_raises(text: str) -> None:
    for parsed in parse_yaml(text):
        assert parsed.whole or parsed.problems
        assert all(0 <= problem.span.start <= problem.span.end <= len(text) for problem in parsed.problems)
        place = parsed.places.find(())
        assert place is None or 0 <= place.value.start <= place.value.end <= len(text)
    list(scalars(parse_yaml(text)))


WORDS = [
    *(
        "a",
        "b: ",
        "'c': ",
        "<<: ",
        "? ",
        "- ",
        "- - ",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        " # x",
        "---\n",
        "...\n",
        "|\n  x\n",
        ">-\n  y\n",
        "'z'",
        '"\\n"',
    ),
    *(
        "&a ",
        "&b ",
        "*a",
        "*b",
        "*a : ",
        "!Ref ",
        "!!str ",
        "[1, 'c']",
        "{a: 1}",
        "{a: 1, a: 1}",
        "{{ x }}",
        "[*a, *b]",
        "null",
        "1.5",
        "é",
    ),
]
"""Of which many a text is one that can be read, and has what few have."""


def composed(text: str, loader: Any) -> list[Any]:
    """The nodes that PyYAML itself makes of a text, each as what must be found in its place; nothing where it refuses the text."""
    try:
        return [described(node) for node in yaml.compose_all(text, Loader=loader)]
    except (yaml.YAMLError, RecursionError):
        return []


def described(node: yaml.Node) -> Any:
    start = node.start_mark.index
    if isinstance(node, yaml.ScalarNode):
        return (start, node.value)
    if isinstance(node, yaml.SequenceNode):
        return (start, {index: described(item) for index, item in enumerate(node.value)})
    members: dict[str, Any] = {}
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag == "tag:yaml.org,2002:merge":
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        elif isinstance(key, yaml.ScalarNode):
            members.pop(key.value, None)
            members[key.value] = described(value)
    for one in merged:
        for name, member in described(one)[1].items() if one.tag == "tag:yaml.org,2002:map" else ():
            members.setdefault(name, member)
    return (start, members)


def found(parsed: Yaml, path: JsonPath = ()) -> Any:
    """The same of what was read."""
    member = parsed.places.member(path)
    assert member is not None
    node = member[1].resolved
    if node.members is None:
        return (node.start, node.raw)
    return (node.start, {step: found(parsed, (*path, step)) for step in node.members})


@given(st.lists(st.sampled_from(WORDS), max_size=16).map("".join))
@example("a: &a {x: 1}\nb:\n  <<: *a\n  c: [*a]\n")
@example("? [a, b]\n: c\n? {d: e}\n: f\ng: 'h'\n")
@example("- &a x\n- *a : y\n  <<: {z: 1}\n- *a\n")
def test_what_is_read_is_what_pyyaml_composes(text: str) -> None:
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        nodes = composed(text, loader)
        if nodes:
            documents = [parsed for parsed in parse_yaml(text) if parsed.places.find(()) is not None]
            assert all(parsed.whole for parsed in documents)
            assert [found(parsed) for parsed in documents] == nodes


# --- Values. ------------------------------------------------------------------------------------------------------------------------


def one(text: str) -> Yaml:
    (parsed,) = parse_yaml(text)
    return parsed


MEANT = [
    ("true", True),
    ("FALSE", False),
    ("~", None),
    ("null", None),
    ("8103", 8103),
    ("-0", 0),
    ("1e6", 1e6),
    (".5", 0.5),
    ("9" * 400, float("inf")),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("0123", "0123"),
    ("0x1F", "0x1F"),
    ("0o17", "0o17"),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    (".inf", ".inf"),
    ("2024-01-01", "2024-01-01"),
    ("=", "="),
    ("'8103'", "8103"),
    ("!!str 8103", "8103"),
    ("! 8103", "8103"),
    ('!!int "8103"', 8103),
    ("!Ref Name", Tagged("!Ref", "Name")),
    ("!If [a, !Ref b]", Tagged("!If", ["a", Tagged("!Ref", "b")])),
    ("!!python/object/apply:os.system [x]", Tagged("tag:yaml.org,2002:python/object/apply:os.system", ["x"])),
    ("!!binary aGk=", Tagged("tag:yaml.org,2002:binary", "aGk=")),
    ("{{ .Values.port }}", UNKNOWN),
    ("{1: a, null: b, true: c, [x]: d}", {"1": "a", "null": "b", "true": "c"}),
    ("&a {x: 1, <<: {x: 2, y: 3}}", {"x": 1, "y": 3}),
    ("{'<<': 1}", {"<<": 1}),
    ("[&a {x: 1}, &b {x: 2, y: 2}, {<<: [*a, *b], z: 3}]", [{"x": 1}, {"x": 2, "y": 2}, {"z": 3, "x": 1, "y": 2}]),
    ("[&a 1, {*a : *a}]", [1, {"1": 1}]),
]


def test_values() -> None:
    parsed = [(text, one(text)) for text, _ in MEANT]
    assert [(text, repr(document.value)) for text, document in parsed] == [(text, repr(value)) for text, value in MEANT]
    assert [text for text, document in parsed if document.problems or not document.whole] == []


def test_the_text_and_the_quoting_of_a_scalar_are_kept() -> None:
    places = one("a: 0123\nb: '0123'\nc: \"\\n\"\nd: |\n  x\ne: >-\n  x\nf:\ng: [on]").places
    assert [raw_of(places, (name,)) for name in "abcdefg"] == ["0123", "0123", "\n", "x\n", "x", "", None]
    assert [style_of(places, (name,)) for name in "abcdefg"] == ["plain", "single", "double", "literal", "folded", "plain", None]
    assert raw_of(places, ("g", 0)) == "on"
    assert raw_of(places, ("x",)) is None and style_of(places, ("a", "b")) is None


def test_places_between_anchors_and_blanks() -> None:
    text = "a: &x\n  q: 1  # a comment\n\nb: *x\nc:\n  <<: *x\nd: !Sub 'x' # y\ne: |\n  line\n\n\nf:\n- 1\n\n# the end\n"
    places = one(text).places

    def found(*path: str | int) -> tuple[str, str]:
        place = places.find(path)
        assert place is not None
        return text[slice(*place.value)], text[slice(*place.key)] if place.key is not None else ""

    assert found("a") == ("&x\n  q: 1", "a")
    assert found("b") == ("*x", "b")
    assert found("b", "q") == found("c", "q") == found("a", "q") == ("1", "q")
    assert found("d") == ("!Sub 'x'", "d")
    assert found("e") == ("|\n  line", "e")
    assert found("f") == ("- 1", "f")
    assert places.find(("f",)) is not None and places.find(("f", 1)) is None


def test_columns_are_code_points() -> None:
    text = "é\U0001f600: a\r\nb: \U0001f600 c\rd: e\n"
    parsed = one(text)
    place = parsed.places.find(("d",))
    assert place is not None and Text(text).position(place.value.start) == (3, 4)


def test_a_stream_of_documents() -> None:
    text = "a: &x 1\n---\nb: *x\n...\n---\n- c\n---\nd: [\n"
    documents = parse_yaml(text)
    assert [parsed.value for parsed in documents] == [{"a": 1}, {"b": UNKNOWN}, ["c"], {"d": []}]
    assert [parsed.whole for parsed in documents] == [True, True, True, False]
    place = documents[2].places.find((0,))
    assert place is not None and text[slice(*place.value)] == "c"
    assert parse_yaml("") == parse_yaml("# nothing\n") == []


# --- What is wrong. -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("a:\n\tb: 1", "\t", "a tab"),
        ("a: b: c", ": c", '": "'),
        ("a: @x", "@", "needs quotes"),
        ("a: 'x\nb: c\n", "'x", "never closed|not closed"),
        ("a: [1,\nb: 2\n", "[1", '"]"|not closed|comma'),
        ("- a\nb: c", "b", "list item"),
        ("a:\n  - b\n c: d", "c", "a name is expected"),
        ('a: "C:\\temp\\users"', "\\u", "incomplete escape"),
        ('a: "\\q"', "\\q", "single quotes"),
        ("a: b\nhunter2\nc: d", "hunter2", 'lacks its ": "'),
        ("a: x\x07", "\x07", "control characters"),
        ("é: 'é\x07'", "\x07", "control characters"),
        ("a: *b", "*b", "no anchor"),
        ("a: &b [*b]", "*b", "what contains it"),
        ("<<: 1", "<<", "must be a mapping"),
        ("a: !x!y z", "!x", "prefix"),
    ],
)
def test_mistakes(text: str, at: str, words: str) -> None:
    import re

    (problem,) = (problem for parsed in parse_yaml(text) for problem in parsed.problems)
    assert problem.name == "invalid-yaml"
    assert abs(problem.span.start - text.index(at)) <= 3, text[problem.span.start :]
    assert re.search(words, problem.message), problem.message
    assert "hunter2" not in problem.message


def test_a_duplicate_name() -> None:
    parsed = one("a:\n  - b: 1\n    b: 2\n    'b': 3\n")
    assert parsed.value == {"a": [{"b": 3}]}
    assert [(problem.name, problem.span, problem.path) for problem in parsed.problems] == [
        ("yaml-duplicate-key", Span(16, 17), ("a", 0, "b")),
        ("yaml-duplicate-key", Span(25, 28), ("a", 0, "b")),
    ]
    place = parsed.places.find(("a", 0, "b"))
    assert place is not None and place.value == Span(30, 31)


def test_the_parser_without_c_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a: &x {b: [1, 'c']}\nd: *x\ne: |\n  f\n\ng:\n", "a:\n\tb", "a: 'x", "a: x\x07", "[" * 300, "a: \ud800", "- a\nb: c"]
    fast = [parse_yaml(text) for text in texts]
    monkeypatch.delattr(yaml, "CSafeLoader")
    for text, expected in zip(texts, fast, strict=True):
        found = parse_yaml(text)
        assert [parsed.value for parsed in found] == [parsed.value for parsed in expected] or not expected[-1].whole
        assert [problem.span for parsed in found for problem in parsed.problems] == [
            problem.span for parsed in expected for problem in parsed.problems
        ]
        for path in ((), ("a",), ("a", "b", 1), ("d",), ("e",), ("g",)):
            if expected[0].whole:
                assert found[0].places.find(path) == expected[0].places.find(path)


# --- Extremes. ----------------------------------------------------------------------------------------------------------------------


def bomb(levels: int, width: int) -> str:
    lines = [f"a0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels)]
    return "\n".join([*lines, "port: 8103"])


@pytest.mark.parametrize(
    "text",
    [bomb(30, 9), bomb(9, 200), "\n".join(["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: *a{n - 1}}}" for n in range(1, 200))])],
)
def test_an_alias_bomb_is_refused_in_little_memory(text: str) -> None:
    tracemalloc.start()
    parsed = one(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not parsed.whole
    assert f" {max(FEW_EXPANDED, EXPANDED_PER_CHARACTER * len(text)):,} values" in parsed.problems[-1].message
    assert peak < 20_000_000


def test_aliases_of_a_usual_file_are_not_a_bomb() -> None:
    parsed = one("x: &x {a: 1, b: [1, 2]}\nlist:\n" + "- *x\n" * 10_000)
    assert parsed.whole and len(parsed.value["list"]) == 10_000


@pytest.mark.parametrize("opener", ["[", "- ", "{a: ", "? ", "[{a: "])
def test_100_000_levels(opener: str) -> None:
    parsed = one(opener * 100_000)
    assert not parsed.whole
    assert str(DEEPEST) in parsed.problems[-1].message


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("with_c", [True, False])
@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ("- ", ""), ("{a: ", "}"), ("&x [", "]")])
def test_as_many_levels_as_are_read(opener: str, closer: str, with_c: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_c:
        monkeypatch.delattr(yaml, "CSafeLoader")
    text = opener * DEEPEST + "v" + closer * DEEPEST
    parsed = one(text)
    place = parsed.places.find(("a" if "a:" in opener else 0,) * DEEPEST)
    assert parsed.whole and place is not None and text[slice(*place.value)] == "v"
    assert not one(opener * (DEEPEST + 1) + "v" + closer * (DEEPEST + 1)).whole


def test_merge_keys_of_merge_keys() -> None:
    inner = one("{<<: " * (DEEPEST - 1) + "{x: y}" + "}" * (DEEPEST - 1))
    assert inner.whole and inner.value == {"x": "y"} and raw_of(inner.places, ("x",)) == "y"
    chain = one("a0: &a0 {x: y}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 3_000)))
    assert chain.whole and raw_of(chain.places, ("a2999", "x")) == "y"


def test_indentation_of_3_000_levels() -> None:
    assert str(DEEPEST) in one("\n".join(f"{' ' * level}a:" for level in range(3_000))).problems[-1].message


LONG = {
    "parameters": "".join(f"- Name: /medplum/prod/x{index}\n  Value: '{index}'\n" for index in range(10_000)),
    "one line": "{" + ", ".join(f"k{index}: {{x: [{index}]}}" for index in range(10_000)) + "}",
    "same name": "a: 1\n" * 10_000,
    "a text": "a: " + "x " * 100_000,
    "a block": "a: |\n" + "  x\n" * 50_000,
    "blank lines in blocks": "".join("a: |\n  x\n" + "\n" * 100 for _ in range(500)),
    "anchors": "".join(f"a{index}: &a{index} x\n" for index in range(10_000)),
    "documents": "---\na: 1\n" * 10_000,
    "comments": "# x\n" * 50_000 + "a: 1",
}


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("name", LONG)
def test_a_long_text_takes_linear_time(name: str) -> None:
    start = time.process_time()
    documents = parse_yaml(LONG[name])
    assert documents[-1].whole
    assert time.process_time() - start < 3  # less than half a second here; quadratic time would be minutes


# --- When it is read at all. --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.yaml", "a", True),
        ("<stdin>", "Parameters:\n- Name: x\n", True),
        ("<stdin>", "- Name: x\n", True),
        ("<stdin>", "/medplum/prod/port: '8103'\r\n", True),
        ("<stdin>", '"a": 1', True),
        ("<stdin>", "---\n- a\n", True),
        ("a.json", '"a": 1', False),
        ("a.yaml", '{"a": 1}', False),
        ("a.yaml", "{a: 1}", True),
        ("<stdin>", '{\n"a": 1}', False),
        (".env", "A=http://x: y\nB=C: D", False),
        (".env", "# a: b\nB=C", False),
        ("<stdin>", "", False),
    ],
)
def test_what_looks_like_yaml(name: str, text: str, expected: bool) -> None:
    assert SourceFile(name, text.encode()).looks_like_yaml is expected


def test_json_is_read_without_importing_yaml() -> None:
    script = (
        "import sys; from pathlib import Path; from linter.documents.inputs import Input; from linter.run.load import load;"
        "load(Input('m.json', b'{\"baseUrl\": \"https://a.example/\", \"port\": 1}', Path('m.json')), None);"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


# --- What of it can be a server's. --------------------------------------------------------------------------------------------------

VARIABLES = st.sampled_from(["MEDPLUM_PORT", "MEDPLUM_PORT=1", "MEDPLUM_", "MEDPLUM", "PORT", "PORT=MEDPLUM_X", " MEDPLUM_X", ""])
ITEMS = VARIABLES | st.none() | st.fixed_dictionaries({}, optional={"name": VARIABLES | st.integers(), "value": TEXTS})


@given(st.dictionaries(VARIABLES, SCALARS, max_size=3) | st.lists(ITEMS, max_size=3) | SCALARS)
def test_no_variable_of_a_server_is_skipped(given_here: Any) -> None:
    text = dumped({"env": given_here}, None, None, 80)
    part = Node(SourceFile("a.yaml", text.encode("utf-8", "surrogatepass")), one(text), ("env",))
    named = [variable.name for variable in Block(part).variables]
    assert has_prefixed(part) or not any(name.startswith("MEDPLUM_") for name in named)
    assert not has_prefixed(part) or "MEDPLUM_" in text
