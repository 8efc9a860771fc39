"""Rewritten texts with escapes: they are read as they should be, and unchanged parts are written as before."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linter.syntax.escapes import json_like, yaml_like
from linter.syntax.json_style import serialized
from linter.syntax.yaml_scalars import text as yaml_text

CHARACTERS = st.sampled_from('ab/-"\\\n\té😀 .:')
TEXTS = st.text(CHARACTERS, max_size=12)
INNER = st.text(st.sampled_from("XYZ"), max_size=12)
"""Of other letters, so that an inserted one cannot be confused with one of those around it."""


def in_json(text: str) -> str:
    return serialized(text)[1:-1]


def in_yaml(text: str) -> str:
    return yaml_text(text, "double", in_flow=False)[1:-1]


def escaped_json(text: str, escapes: list[bool]) -> str:
    """A text in JSON, some of whose characters are escaped needlessly."""
    units = [json.dumps(char)[1:-1] if len(json.dumps(char)) > 3 else f"\\u{ord(char):04X}" for char in text]
    return "".join(unit if escape else in_json(char) for char, unit, escape in zip(text, units, escapes, strict=False))


def escaped_yaml(text: str, escapes: list[bool]) -> str:
    return "".join(f"\\U{ord(char):08X}" if escape else in_yaml(char) for char, escape in zip(text, escapes, strict=False))


ESCAPES = st.lists(st.booleans(), min_size=12, max_size=12)


@given(TEXTS, INNER, INNER, TEXTS, ESCAPES)
def test_json(before: str, old: str, new: str, behind: str, escapes: list[bool]) -> None:
    raw = escaped_json(before + old + behind, escapes * 3)
    made = json_like(raw, before + new + behind, in_json)
    assert json.loads(f'"{made}"') == before + new + behind
    if "\\" in raw:
        head, tail = escaped_json(before, escapes * 3), escaped_json(behind, (escapes * 3)[len(before + old) :])
        assert made.startswith(head) and made.endswith(tail)


@given(TEXTS, INNER, INNER, TEXTS, ESCAPES)
def test_yaml(before: str, old: str, new: str, behind: str, escapes: list[bool]) -> None:
    raw = escaped_yaml(before + old + behind, escapes * 3)
    made = yaml_like(raw, before + new + behind, in_yaml)
    assert yaml.safe_load(f'"{made}"') == before + new + behind
    if "\\" in raw:
        head, tail = escaped_yaml(before, escapes * 3), escaped_yaml(behind, (escapes * 3)[len(before + old) :])
        assert made.startswith(head) and made.endswith(tail)


@pytest.mark.parametrize("raw", ["a\\q", "\\x4", "a\\", "one\\x20\n  two"])
def test_other_texts_are_rewritten(raw: str) -> None:
    assert re.fullmatch("one two/", yaml_like(raw, "one two/", in_yaml))


@given(st.text(max_size=30), TEXTS)
def test_any_old_text(raw: str, new: str) -> None:
    for function, write in ((json_like, in_json), (yaml_like, in_yaml)):
        assert isinstance(function(raw, new, write), str)
