"""Edits of a text: made all at once, each where it is meant to be, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.model import is_same
from linter.syntax.edits import Edit, Overlap, Taken, apply_edits, apply_to, break_near, grouped, index_in, value_at
from linter.text import Span, Text


def edit(start: int, end: int, text: str) -> Edit:
    return Edit(Span(start, end), text)


EDITS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.text("xyz", max_size=2)), max_size=4).map(
    lambda given: [edit(start, min(start + length, 10), text) for start, length, text in given]
)


@given(st.lists(st.tuples(st.text("ab\r\n", max_size=3), st.text("cd", min_size=1, max_size=3), st.text("xy", max_size=2)), max_size=6))
def test_text_between_edits_stays(parts: list[tuple[str, str, str]]) -> None:
    content, edits = "", []
    for kept, old, new in parts:
        content += kept
        edits.append(edit(len(content), len(content) + len(old), new))
        content += old
    assert apply_edits(content, reversed(edits)) == "".join(kept + new for kept, _, new in parts)


@given(EDITS)
def test_edits_overlap_when_they_cannot_all_be_made(edits: list[Edit]) -> None:
    wanted = [index for one in set(edits) for index in range(*one.span)]
    inserted = [one.span.start for one in set(edits) if one.span.start == one.span.end]
    within = any(one.span.start < at < one.span.end for one in edits for at in inserted)
    if len(set(wanted)) < len(wanted) or len(set(inserted)) < len(inserted) or within:
        with pytest.raises(Overlap):
            apply_edits("0123456789", edits)
    else:
        apply_edits("0123456789", edits)


@given(st.lists(EDITS, max_size=4), EDITS)
def test_edits_meet_when_some_that_only_one_side_has_touch(taken: list[list[Edit]], others: list[Edit]) -> None:
    edits, known = Taken(), set[Edit]()
    for one in taken:
        try:
            apply_edits("0123456789", [*known, *one])
        except Overlap:
            continue
        edits.add(one)
        known |= {*one}
    new = set(others)
    touching = any(one.span.start <= other.span.end and other.span.start <= one.span.end for one in known - new for other in new - known)
    assert edits.meet(others) is touching


def test_an_overlap_says_where_and_not_what() -> None:
    with pytest.raises(Overlap, match=r"^the edits of characters 1 to 3 and of characters 2 to 2 overlap$"):
        apply_edits("abcd", [edit(2, 2, "hunter2"), edit(1, 3, "")])


def test_an_edit_that_is_wanted_twice_is_made_once() -> None:
    assert apply_edits("ab", [edit(1, 1, "x"), edit(1, 1, "x")]) == "axb"


def test_insertions_go_before_and_after_a_replacement() -> None:
    assert apply_edits("abc", [edit(1, 2, "x"), edit(1, 1, "1"), edit(2, 2, "2")]) == "a1x2c"


def test_a_byte_order_mark_is_kept_unless_it_is_taken_off() -> None:
    marked, unmarked = Text("\ufeff{}\r\n"), Text("{}\r\n")
    assert apply_to(marked, [edit(1, 1, "1")]) == "\ufeff{1}\r\n"
    assert apply_to(unmarked, [edit(1, 1, "1")]) == "{1}\r\n"
    assert apply_to(marked, [], without_mark=True) == "{}\r\n"


@pytest.mark.parametrize(
    ("names", "index"),
    [("", 0), ("ad", 1), ("da", 2), ("bd", 1), ("bad", 1), ("xad", 2), ("dx", 0), ("ex", 0), ("ed", 1), ("x", 1)],
)
def test_a_new_name_goes_after_those_that_precede_it(names: str, index: int) -> None:
    assert index_in("abcde", names, "c") == index


def test_new_names_at_one_place_are_in_order() -> None:
    assert grouped("abcdef", "bx", "zedac") == {0: ["a"], 1: ["c", "d", "e"], 2: ["z"]}


def test_what_is_the_same_in_json() -> None:
    assert is_same({"a": [1, 1.5, None]}, {"a": [1.0, 1.5, None]})
    assert is_same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    for value, other in ((1, True), (0, False), ([1], [True]), ("1", 1), ({"a": 1}, {"a": 1, "b": 2}), ([], {}), ([1], [1, 2])):
        assert not is_same(value, other)


def test_values_are_compared_however_deeply_they_are_nested() -> None:
    def nested(value: object) -> object:
        for _ in range(10_000):
            value = {"a": [value]}
        return value

    assert is_same(nested(1), nested(1.0))
    assert not is_same(nested(1), nested(True))


@pytest.mark.parametrize("path", [("x",), (0,), ("a", "b"), ("a", 2), ("a", -1), ("a", 0, "b")])
def test_no_value_at_a_path_that_leads_nowhere(path: tuple[str | int, ...]) -> None:
    with pytest.raises(LookupError):
        value_at({"a": [1, 2]}, path)


@pytest.mark.parametrize(
    ("content", "at", "end"),
    [("a", 0, "\n"), ("a\r\nb", 3, "\r\n"), ("a\r\nb", 0, "\r\n"), ("a\rb\nc", 4, "\n"), ("a\rb\nc", 2, "\r"), ("\nb", 1, "\n")],
)
def test_line_ends_are_those_around(content: str, at: int, end: str) -> None:
    assert break_near(content, at) == end
