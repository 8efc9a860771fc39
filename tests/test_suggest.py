"""Suggestions are those of ``difflib``, only cheaper."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter import settings
from linter.suggest import Words, did_you_mean, nearest

NAMES = settings.catalogue().names()
KNOWN = Words(NAMES)


@st.composite
def misspelt(draw: st.DrawFn) -> str:
    """A known name with a few slips in it."""
    letters = list(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(letters)))
        letters[at : at + draw(st.integers(0, 2))] = draw(st.text("abcABC._é", max_size=2))
    return "".join(letters) * draw(st.sampled_from([1, 1, 1, 2, 30]))


@given(misspelt() | st.text(max_size=40), st.sampled_from([0.6, 0.7, 0.8, 0.85, 0.01, 1.0]))
def test_the_answer_is_that_of_difflib(word: str, cutoff: float) -> None:
    assert [one for one in [KNOWN.nearest(word, cutoff)] if one is not None] == difflib.get_close_matches(word, NAMES, n=1, cutoff=cutoff)


@given(st.text("ab", max_size=6), st.lists(st.text("ab", max_size=6), max_size=8), st.sampled_from([0.0, 0.3, 0.6, 1.0]))
def test_the_answer_is_that_of_difflib_for_any_words(word: str, known: list[str], cutoff: float) -> None:
    expected = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    assert [one for one in [nearest(word, known, cutoff)] if one is not None] == expected


def test_a_word_without_end_is_compared_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difflib, "get_close_matches", None)
    assert KNOWN.nearest("maxBatchSize" * 100_000, 0.6) is None
    assert KNOWN.nearest("zzzzqqqq", 0.6) is None


def test_in_words() -> None:
    assert did_you_mean("baseURL", NAMES) == '; did you mean "baseUrl"?'
    assert did_you_mean("zzzzqqqq", NAMES) == ""
