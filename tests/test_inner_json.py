"""JSON inside of a JSON string: each place inside leads to the characters outside that spell it, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.syntax.json_in_text import InnerJson
from linter.text import Span

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def inside(literal: str, before: str = '{"SecretString": ', value: str | None = None) -> InnerJson:
    """The inner JSON of a literal after some text."""
    text = json.loads(literal) if value is None else value
    return InnerJson(f"{before}{literal}}}", Span(len(before), len(before) + len(literal)), text)


def spelt(inner: InnerJson, span: Span) -> str:
    """What the characters of the outer text spell."""
    outer = inner.outward(span)
    return str(json.loads(f'"{inner._outer[outer.start : outer.end]}"'))


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for key, member in members for below in paths(member, (*path, key)))]


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_each_place_is_spelt_by_the_characters_it_leads_to(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    inner = inside(json.dumps(text, ensure_ascii=ascii_only))
    for path in paths(value):
        place = inner.json.places.find(path)
        assert place is not None
        assert spelt(inner, place.value) == text[place.value.start : place.value.end]
        assert inner.inward(inner.outward(place.value)) == place.value
        if place.key is not None:
            assert json.loads(spelt(inner, place.key)) == path[-1]


@given(TEXT.filter(lambda text: not text.startswith("\ufeff")), st.integers(0, 8), st.integers(0, 8))
def test_any_span_leads_out_and_back(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    span = Span(start, min(start + length, len(text)))
    inner = inside(json.dumps(text), value=text)
    assert spelt(inner, span) == text[span.start : span.end]
    if span.start < span.end:
        assert inner.inward(inner.outward(span)) == span


@pytest.mark.parametrize(
    ("literal", "wanted"),
    [
        (r'"{\"a\":1}"', r"1"),
        (r'"{\u0022a\u0022:1}"', r"1"),
        (r'"{\"\ud83d\ude00\":1,\"a\":2}"', r"2"),
        (r'"{\"é\":\"\/\",\"a\":\"\\n\"}"', r"\"\\n\""),
        ('"\ufeff{\\"a\\": 1}"', "1"),
    ],
)
def test_every_way_to_write_a_character(literal: str, wanted: str) -> None:
    inner = inside(literal)
    place = inner.json.places.find(("a",))
    assert place is not None
    assert inner._outer[slice(*inner.outward(place.value))] == wanted


@pytest.mark.parametrize("literal", ["'{\"a\": 1}'", '{"a": 1}'])
def test_unescaped_text(literal: str) -> None:
    inner = inside(literal, before="SecretString: ", value='{"a": 1}')
    place = inner.json.places.find(("a",))
    assert place is not None
    assert inner._outer[slice(*inner.outward(place.value))] == "1"


def test_without_a_known_spelling_the_whole_value_is_the_place() -> None:
    inner = inside("'it''s'", before="SecretString: ", value="it's")
    assert inner.outward(Span(1, 2)) == inner.span
    assert inner.inward(Span(16, 17)) == Span(0, 4)
