"""Texts that examples name in place of writing them out."""

from __future__ import annotations

from typing import Any

import pytest

from linter.policy.errors import RuleError
from linter.policy.rule_file import filled, sample_names


def test_a_text_has_a_length_and_a_beginning() -> None:
    assert filled({"a": [{"text": {"length": 3}}]}, ()) == {"a": ["MMM"]}
    assert filled({"text": {"length": 6, "begins": "---"}}, ()) == "---MMM"


@pytest.mark.parametrize("name", sample_names())
def test_a_sample_is_pem(name: str) -> None:
    assert str(filled({"text": {"sample": name}}, ())).startswith("-----BEGIN ")


@pytest.mark.parametrize("value", ["x", {"text": "x"}, {"text": {"sample": "certificate"}, "other": 1}, {}, None, 1])
def test_anything_else_stays_as_it_is(value: Any) -> None:
    assert filled(value, ()) == value


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ({"sample": "certificat"}, ("x", "text", "sample"), 'there is no sample "certificat"; did you mean "certificate"?'),
        ({"length": 100_001}, ("x", "text"), 'a text is named by its "length" (up to 100,000) and what it "begins" with, or by the '),
        ({"length": 1, "begins": "ab"}, ("x", "text"), "a text is named by"),
        ({"lenght": 3}, ("x", "text"), "a text is named by"),
        ({}, ("x", "text"), "a text is named by"),
    ],
)
def test_what_names_no_text(text: Any, place: tuple[str, ...], says: str) -> None:
    with pytest.raises(RuleError) as caught:
        filled({"x": {"text": text}}, ())
    assert (caught.value.path, caught.value.message[: len(says)]) == (place, says)
