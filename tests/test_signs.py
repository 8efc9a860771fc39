"""What is looked for by a sign before a pattern is compiled, or without one, is what one pattern for all of it finds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.conformance.secrets import is_called_secret
from linter.formats import hosts, placeholders
from linter.policy import node
from linter.redaction import values
from linter.text import _NAMES, _uncapitalized, as_clause

ops: Any = import_module("re._constants" if sys.version_info >= (3, 11) else "sre_constants")
parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

HOST = r"(?:\*?\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?|localhost|\[[0-9A-Fa-f:.]+\])(?::\d{0,6})?"
URL = rf"\s*(?://{HOST}\S*|[A-Za-z][A-Za-z0-9+.-]{{0,12}}:?[/\\]{{1,3}}\S.*|(?:https?|wss?):\S*|{HOST}(?:[/\\?#]\S*)?)\s*"
UNIT = (
    r"(?i:/?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|[kmgtp]i?b?|b"
    r"|(?:kilo|mega|giga|tera|kibi|mebi|gibi)?bytes?|points?|requests?|per|tcp|udp|px|%))"
)
GROUPS = r"[0-9]{1,3}(?:[ '\u00a0\u202f][0-9]{3}){1,4}"
NUMBER = rf"[\s+-]*(?:[0-9][0-9_.,eE+-]{{0,24}}|{GROUPS}|[.,][0-9]+|0x[0-9a-fA-F]+|Infinity|NaN)(?:\s*{UNIT}){{0,4}}\s*"
SECRET = "secret|passw|passphrase|passcode|private.?key|token|api.?key|credential"
PRIVATE_NAME = r"(?:.*\.)?(?:internal|svc|local|lan|home|intern|private|docker)|.*\.svc\..*"

LATIN: Final = st.characters(max_codepoint=0xFF)  # beyond it are letters that only a pattern takes for those of a word


def like(pattern: str, flags: int = 0) -> st.SearchStrategy[str]:
    """Texts that a pattern finds, also with a part taken out, doubled or put in."""
    found = st.from_regex(re.compile(pattern, flags), fullmatch=True, alphabet=LATIN)
    changed = st.tuples(found, st.integers(0, 40), st.integers(0, 3), st.sampled_from(["", *" /:.-_0xdb\n%'", "\u202f", "://", "®"]))
    return found | changed.map(lambda one: one[0][: one[1]] + one[3] + one[0][one[1] + one[2] :])


def words(pattern: str) -> list[str]:
    """Texts that a pattern finds, one for each of its ways: of what can be repeated as few as can be, of a range the first."""
    return ["".join(parts) for parts in _sequences(parser.parse(pattern))]


def _sequences(tree: Any) -> list[tuple[str, ...]]:
    return list(product(*(list(dict.fromkeys(_ways(kind, given))) for kind, given in tree)))


def _ways(kind: Any, given: Any) -> Iterator[str]:
    if kind is ops.LITERAL:
        yield chr(given)
    elif kind is ops.IN:
        for inner, one in given:
            yield chr(one) if inner is ops.LITERAL else chr(one[0]) if inner is ops.RANGE else "a" if str(one) == "CATEGORY_WORD" else " "
    elif kind is ops.BRANCH:
        for branch in given[1]:
            yield from map("".join, _sequences(branch))
    elif kind is ops.SUBPATTERN:
        yield from map("".join, _sequences(given[3]))
    elif kind in (ops.MAX_REPEAT, ops.MIN_REPEAT):
        least, most, inner = given
        once = list(map("".join, _sequences(inner)))
        yield from (one * least for one in once)
        if least == 0 and most == 1:
            yield from once
    else:  # the text around a place
        yield ""


def fits(pattern: str, text: str, flags: int = 0) -> bool:
    return re.fullmatch(pattern, text, flags) is not None


@given(like(NUMBER, re.DOTALL) | st.text("0123456789abdxsmkKB/ .,'\u00a0\u202f+-%e", max_size=16))
def test_a_number_with_units(text: str) -> None:
    expected = len(text) <= 1_000 and sum(map(str.isdigit, text)) <= 15 and fits(NUMBER, text, re.DOTALL)
    assert values._is_legible(text, "bytes") is expected


@pytest.mark.parametrize(
    ("text", "is_number"),
    [
        *[(text, True) for text in ("5", "-5 MB/s", "0x1F", "0x10days", "0xdms", "1\u202f000 kB", "100 per m", "1 requests per minute")],
        *[(text, False) for text in ("", "many", "81o3", "5 parsecs", "5 m m m m m", "5 /", "1 000 0000", "0xg", "0xdays", "1 0000", "--")],
    ],
)
def test_what_is_a_number_with_units(text: str, is_number: bool) -> None:
    assert values._is_legible(text, "bytes") is is_number is fits(NUMBER, text)


@pytest.mark.parametrize("unit", words(UNIT))
def test_each_unit(unit: str) -> None:
    assert values._is_legible(f"5 {unit}", "bytes")
    assert values._is_legible(f"0x1{unit.upper()}", "bytes")


@given(like(URL, re.DOTALL) | st.text("htpsw:/\\. a*[1]@#?\n-", max_size=20))
def test_what_is_like_a_url(text: str) -> None:
    is_like_a_url = fits(URL, text, re.DOTALL)
    assert values._is_legible(text, "url") is is_like_a_url
    assert re.search(r"[,;\s]", text.strip()) or values._is_legible(text, "hostname") is (
        is_like_a_url or fits(r"[A-Za-z0-9-]+:\d{1,6}|/[\w./-]+", text)
    )


@given(like(r"\$\{\{ ?secrets\.[A-Z]{1,3} ?\|\| ?'(?:[^']|'')*' ?\}\}|\$\{[A-Z]{1,3}:?[-=].*\}|\$\{[A-Z]{1,3}\}"))
def test_the_default_of_a_reference(text: str) -> None:
    otherwise = re.fullmatch(r"\$\{\{[^{}']*\|\|\s*'((?:[^']|'')*)'\s*\}\}", text)
    match = re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*:?[-=](.*)\}", text, re.DOTALL)
    if otherwise is not None:
        assert placeholders.fallback_of(text) == otherwise[1].replace("''", "'")
    elif match is None:
        assert placeholders.fallback_of(text) == ""
    elif not set("${}").intersection(match[1]) and not placeholders.is_reference(match[1]):
        assert placeholders.fallback_of(text) == match[1]


@given(like(placeholders._WORD.pattern, placeholders._WORD.flags & (re.IGNORECASE | re.DOTALL)))
def test_what_a_person_has_to_replace(text: str) -> None:
    if text[:1] in "TtCcRrFfPp \t" and placeholders._WORD.fullmatch(text):
        assert placeholders.is_blank(text)


@pytest.mark.parametrize("text", words(placeholders._WORD.pattern))
def test_each_word_for_what_a_person_has_to_replace(text: str) -> None:
    assert placeholders.is_blank(text)
    assert placeholders.is_blank(f"\t{text.lower()} it")


@pytest.mark.parametrize("name", words("internal|svc|local|lan|home|intern|private|docker"))
def test_each_name_that_only_a_private_network_knows(name: str) -> None:
    assert hosts._is_private(name)
    assert hosts._is_private(f"a.{name}")
    assert not hosts._is_private(f"a{name}")


@given(like(PRIVATE_NAME) | like(hosts._PRIVATE_ADDRESS.pattern))
def test_what_only_a_private_network_knows(text: str) -> None:
    assert hosts._is_private(text) is (fits(PRIVATE_NAME, text) or hosts._PRIVATE_ADDRESS.fullmatch(text) is not None)


@pytest.mark.parametrize("word", words(SECRET.replace(".?", "[_-]?")))
def test_each_word_of_a_secret(word: str) -> None:
    assert is_called_secret(f"My{word.title()}1")
    assert is_called_secret(f"\u0394{word}")


@given(like(SECRET, re.IGNORECASE))
def test_names_that_look_like_secrets(text: str) -> None:
    if re.search(SECRET, text, re.IGNORECASE):
        assert is_called_secret(text)


@pytest.mark.parametrize("word", words("example|sample|template|tmpl|tpl|dist"))
def test_each_word_of_a_template(word: str) -> None:
    assert node._OF_TEMPLATES.search(f"a/{word}.json")
    assert node._OF_TEMPLATES.search(f"a.{word.upper()}")
    assert not node._OF_TEMPLATES.search(f"a/x{word}/b.json")


@given(like("[A-Z][a-z]*(?![^ ,])", re.ASCII) | st.text("aAä, .1\n", max_size=8))
def test_a_sentence_without_its_capital(text: str) -> None:
    word = re.match("[A-Z][a-z]*(?![^ ,])", text)
    assert _uncapitalized(text) == (text if word is None or word[0] in _NAMES else text[:1].lower() + text[1:])


@given(st.text("aA. \n", max_size=12))
def test_sentences_that_become_a_clause(text: str) -> None:
    parts = re.split(r"(?<=[^\s.])\.\s+(?=[A-Z])", text.strip().removesuffix("."))
    assert as_clause(text).count("; ") == len(parts) - 1
