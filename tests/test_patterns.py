"""No regular expression of ours takes more than linear time: each is run by a matcher that counts its steps, on texts made to mislead it.

Python's own matcher tries one way after the other, as the one here does; it does not say how often.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from support.quick import part_and_all

from linter.formats import FORMATS
from linter.formats.shapes import Shape
from linter.patterns import Uncompiled, pattern

ops: Any = import_module("re._constants" if sys.version_info >= (3, 11) else "sre_constants")
parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

LINTER: Final = Path(__file__).parent.parent / "linter"
_LENGTH: Final = 240
_MOST_STEPS: Final = 60
"""Steps for each character at most. In quadratic time there are more than ``_LENGTH / 2`` of them."""
_OWN_WORDS: Final = frozenset({"linter.options.config_file", "linter.options.globs"})
"""Modules whose patterns are given nothing but what people write in a configuration of their own; a glob has at most 1,024 characters."""
_ENDS: Final = ("", "\0", "/", " ")
"""The end of a misleading text: nothing, and characters that most patterns do not match."""
_METHODS: Final = frozenset({"match", "fullmatch", "search", "finditer", "findall", "sub", "split"})
_CALL: Final = re.compile(rf"\.(?:{'|'.join(sorted(_METHODS))})\(")


class Use(NamedTuple):
    """A pattern, and how it is used: what ``re`` calls the method."""

    where: str
    pattern: re.Pattern[str]
    method: str

    def __str__(self) -> str:
        return f"{self.where} {self.method}"


# --- The patterns ---------------------------------------------------------------------------------------------------------------------


def uses() -> Iterator[Use]:
    """Every use of a pattern in the package: of one that has a name in its module, or that stands in the call itself."""
    for path in sorted(LINTER.rglob("*.py")):
        name = ".".join(part for part in path.relative_to(LINTER.parent).with_suffix("").parts if part != "__init__")
        text = path.read_text(encoding="utf-8")
        if name in _OWN_WORDS or _CALL.search(text) is None:
            continue
        tree = ast.parse(text)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        found = dict.fromkeys(filter(None, (_use(name, call) for call in calls)))
        yield from (Use(f"{name}:{where}", pattern, method) for where, pattern, method in found)
        tables = {where: value for where, value in vars(import_module(name)).items() if isinstance(value, Mapping)}
        yield from (Use(f"{name}:{where}", one, "fullmatch") for where, table in tables.items() for one in _patterns_in(table))

    for name, form in FORMATS.items():
        yield from (Use(f"format {name}", one, "fullmatch") for one in (form.legible, form.shown) for one in _patterns_in(one))


@cache
def by_place() -> dict[str, list[Use]]:
    """The uses in each module, and those of each format."""
    found: dict[str, list[Use]] = {}
    for use in uses():
        found.setdefault(use.where.partition(":")[0], []).append(use)
    return found


def _patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    """The patterns of a table, each of which must match a whole text."""
    if isinstance(value, Uncompiled):
        yield value.compiled()
    elif isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Shape):
        yield from _patterns_in(value.checks)
    elif isinstance(value, Mapping | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _patterns_in(one)


def _use(module: str, call: ast.Call) -> tuple[str, re.Pattern[str], str] | None:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in _METHODS or not isinstance(function.value, ast.Name):
        return None
    if function.value.id != "re":
        pattern = getattr(import_module(module), function.value.id, None)
        if isinstance(pattern, Uncompiled):
            pattern = pattern.compiled()
        return (function.value.id, pattern, function.attr) if isinstance(pattern, re.Pattern) else None
    assert isinstance(call.args[0], ast.Constant), f"{module}:{call.lineno}: give a pattern that is made of others a name in the module"
    flags = [ast.unparse(one) for one in [*call.args[2:], *(word.value for word in call.keywords)] if ast.unparse(one).startswith("re.")]
    text = str(call.args[0].value)
    return str(call.lineno), re.compile(text, eval(flags[0], {"re": re}) if flags else 0), function.attr


# --- A matcher that counts -------------------------------------------------------------------------------------------------------------


class _TooManySteps(Exception):
    pass


class Matcher:
    """Tries a pattern as Python does, and counts the characters that it looks at."""

    def __init__(self, pattern: re.Pattern[str], text: str, most: int) -> None:
        self._tree = _tree_of(pattern.pattern, pattern.flags)
        self._flags = pattern.flags
        self._text = text
        self._most = most
        self._groups: dict[int, tuple[int, int]] = {}
        self.steps = 0

    def run(self, method: str) -> int:
        """The steps of a use of the pattern."""
        if method in ("match", "fullmatch"):
            whole = len(self._text) if method == "fullmatch" else None
            next((end for end in self._sequence(self._tree, 0) if whole is None or end == whole), None)
            return self.steps
        at = 0
        while at <= len(self._text):
            end = next(self._sequence(self._tree, at), None)
            if end is not None and method == "search":
                break
            at = max(at + 1, end or 0)
        return self.steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self._most:
            raise _TooManySteps

    def _sequence(self, nodes: list[Any], at: int) -> Iterator[int]:
        if not nodes:
            yield at
            return
        for end in self._node(nodes[0], at):
            yield from self._sequence(nodes[1:], end)

    def _node(self, node: Any, at: int) -> Iterator[int]:
        self._step()
        kind, given = node
        if kind in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            least, most, inner = given
            yield from self._repeat(inner.data, least, int(most), at, greedy=kind is ops.MAX_REPEAT)
        elif kind is ops.BRANCH:
            for branch in given[1]:
                yield from self._sequence(branch.data, at)
        elif kind is ops.SUBPATTERN:
            for end in self._sequence(given[3].data, at):
                if given[0] is not None:
                    self._groups[given[0]] = (at, end)
                yield end
        elif kind in (ops.ASSERT, ops.ASSERT_NOT):
            direction, inner = given
            start = at if direction >= 0 else at - inner.getwidth()[0]
            holds = start >= 0 and next(self._sequence(inner.data, start), None) is not None
            if holds is (kind is ops.ASSERT):
                yield at
        elif kind is ops.AT:
            if self._stands(given, at):
                yield at
        elif kind is ops.GROUPREF:
            known = self._text[slice(*self._groups[given])] if given in self._groups else None
            if known is not None and self._text.startswith(known, at):
                yield at + len(known)
        elif at < len(self._text) and self._fits(node, self._text[at]):
            yield at + 1

    def _repeat(self, inner: list[Any], least: int, most: int, at: int, *, greedy: bool) -> Iterator[int]:
        if len(inner) == 1 and inner[0][0] in (ops.IN, ops.LITERAL, ops.NOT_LITERAL, ops.ANY):
            end = at
            while end < len(self._text) and end - at < most and self._fits(inner[0], self._text[end]):
                self._step()
                end += 1
            ends = range(at + least, end + 1)
            for one in reversed(ends) if greedy else ends:
                self._step()
                yield one
            return
        if least == 0 and not greedy:
            yield at
        if most > 0:
            for end in self._sequence(inner, at):
                if end > at:
                    yield from self._repeat(inner, max(least - 1, 0), most - 1, end, greedy=greedy)
        if least == 0 and greedy:
            yield at

    def _fits(self, node: Any, char: str) -> bool:
        known = _fitting.setdefault(id(node), {})
        if char not in known:
            known[char] = re.compile(_spelt(node), self._flags).fullmatch(char) is not None
        return known[char]

    def _stands(self, where: Any, at: int) -> bool:
        text, name = self._text, str(where)
        is_line_start, is_line_end = at == 0 or text[at - 1] == "\n", at == len(text) or text[at] == "\n"
        multiline = bool(self._flags & re.MULTILINE)
        word = [0 <= index < len(text) and (text[index].isalnum() or text[index] == "_") for index in (at - 1, at)]
        return {
            "AT_BEGINNING": at == 0 or (multiline and is_line_start),
            "AT_BEGINNING_STRING": at == 0,
            "AT_END": is_line_end if multiline else at == len(text) or (at == len(text) - 1 and is_line_end),
            "AT_END_STRING": at == len(text),
            "AT_BOUNDARY": word[0] != word[1],
            "AT_NON_BOUNDARY": word[0] == word[1],
        }[name]


_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_fitting: Final[dict[int, dict[str, bool]]] = {}
"""Whether a node that takes one character takes this one; by its identity, since each tree is kept."""


@cache
def _tree_of(pattern: str, flags: int) -> list[Any]:
    """The nodes of a pattern; not to be changed."""
    nodes: list[Any] = parser.parse(pattern, flags).data
    return nodes


def _spelt(node: Any) -> str:
    kind, given = node
    if kind is ops.ANY:
        return "."
    if kind is ops.LITERAL:
        return re.escape(chr(given))
    if kind is ops.NOT_LITERAL:
        return f"[^{re.escape(chr(given))}]"
    return "[" + "".join(_member(one) for one in given) + "]"


def _member(node: Any) -> str:
    kind, given = node
    if kind is ops.NEGATE:
        return "^"
    if kind is ops.RANGE:
        return f"{re.escape(chr(given[0]))}-{re.escape(chr(given[1]))}"
    return _CATEGORIES[str(given)] if kind is ops.CATEGORY else re.escape(chr(given))


# --- Texts that mislead ----------------------------------------------------------------------------------------------------------------


def _signs(tree: Any) -> Iterator[str]:
    """A character for each place of a pattern that takes some."""
    for kind, given in tree:
        if kind is ops.LITERAL:
            yield chr(given)
        elif kind in (ops.IN, ops.NOT_LITERAL, ops.ANY):
            pattern = re.compile(_spelt((kind, given)))
            yield from [char for char in "a0- .:/\n\r\"'#@=\\A" if pattern.fullmatch(char)][:2]
        elif kind in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            yield from _signs(given[2])
        elif kind is ops.BRANCH:
            for branch in given[1]:
                yield from _signs(branch)
        elif kind is ops.SUBPATTERN:
            yield from _signs(given[3])


def _beginning(tree: Any) -> tuple[str, bool]:
    """What the shortest match begins with, up to its first repetition without end; and whether there is none."""
    text, whole = "", True
    for kind, given in tree:
        part, ends = "", True
        if kind is ops.LITERAL:
            part = chr(given)
        elif kind is ops.IN:
            part = next(iter(_signs([(kind, given)])), "a")
        elif kind is ops.SUBPATTERN:
            part, ends = _beginning(given[3])
        elif kind is ops.BRANCH:
            part, ends = _beginning(given[1][0])
        elif kind in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            part, ends = _beginning(given[2])[0] * given[0], given[1] < _LENGTH
        text, whole = text + part, whole and ends
        if not ends:
            break
    return text[:40], whole


def misleading(pattern: re.Pattern[str]) -> Iterator[str]:
    """Texts of one length that a pattern nearly matches: signs of its own again and again, and at the end one that does not fit."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    signs = list(dict.fromkeys(_signs(tree)))[:9]
    for pair, start, end in product(product(signs, repeat=2), dict.fromkeys(["", _beginning(tree)[0]]), _ENDS):
        yield start + "".join(pair) * (_LENGTH // 2) + end
    whole = _beginning(tree)[0] or "a"
    yield from (whole * (_LENGTH // len(whole)) + end for end in _ENDS)


@pytest.fixture
def deep_recursion() -> Iterator[None]:
    """Calls that are nested as deeply as a pattern repeats."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.quick_cases(23)
@pytest.mark.parametrize("part", part_and_all(34))
@pytest.mark.parametrize("where", list(by_place()))
@pytest.mark.usefixtures("deep_recursion")
def test_a_pattern_takes_linear_time(where: str, part: slice) -> None:
    slow = []
    for use in by_place()[where]:
        for text in [*misleading(use.pattern)][part]:
            try:
                Matcher(use.pattern, text, _MOST_STEPS * len(text)).run(use.method)
            except _TooManySteps:
                slow.append(f"{use}: {use.pattern.pattern!r} takes too many steps on {text[:40]!r}…{text[-5:]!r}")
                break
    assert slow == [], f"more than {_MOST_STEPS} steps a character"


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:x", "fullmatch"),
        (r"\S+[:@][^/\s]+", "fullmatch"),
        (r"\$\{[^}]*\}", "search"),
        (r"-BEGIN\r?\n(?:[^-].*\r?\n|\r?\n)+-END", "search"),
    ],
)
def test_the_matcher_sees_one_that_does_not(pattern: str, method: str) -> None:
    compiled = re.compile(pattern)
    with pytest.raises(_TooManySteps):
        for text in misleading(compiled):
            Matcher(compiled, text, _MOST_STEPS * len(text)).run(method)


@pytest.mark.parametrize(
    ("pattern", "text"), [(r"a(b|c)*d", "abcbcd"), (r"(?P<x>a+)-(?P=x)", "aa-aa"), (r"[^\S\n]*x(?=y)", "  xy"), (r"(?<!b)a\b", "a")]
)
def test_the_matcher_agrees_with_python(pattern: str, text: str) -> None:
    compiled = re.compile(pattern)
    found = compiled.match(text)
    assert found is not None
    matcher = Matcher(compiled, text, 1_000)
    assert next(matcher._sequence(matcher._tree, 0)) == found.end()


def test_a_pattern_is_compiled_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = re.compile

    def count(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return compile_(text, flags)

    monkeypatch.setattr(re, "compile", count)
    word = pattern("a+(b)?", re.IGNORECASE)
    assert compiled == []
    now = compile_("a+(b)?", re.IGNORECASE)
    for text in ("AAb", "b", "aab aB"):
        for method in ("search", "match", "fullmatch"):
            found, wanted = getattr(word, method)(text), getattr(now, method)(text)
            assert (found and (found.span(), found[1])) == (wanted and (wanted.span(), wanted[1]))
        assert [one.span() for one in word.finditer(text)] == [one.span() for one in now.finditer(text)]
        assert (word.findall(text), word.split(text)) == (now.findall(text), now.split(text))
        assert (word.sub("-", text), word.subn("-", text)) == (now.sub("-", text), now.subn("-", text))
    assert (word.pattern, word.flags, word.groups) == (now.pattern, now.flags, now.groups)
    assert compiled == ["a+(b)?"]
