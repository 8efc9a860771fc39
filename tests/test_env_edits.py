"""Edits of ``.env`` files: a value that is written is read again, and nothing else of the text has changed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.documents.editing.lines import Lines
from linter.documents.variables import files as dotenv
from linter.documents.variables.documents import Variable
from linter.syntax.edits import Edit, apply_edits
from linter.text import Text


def entries(text: str) -> Sequence[Variable]:
    """The variables of a file, as its source reads them."""
    return dotenv.EnvironmentLines(Text(text)).variables


def read(text: str) -> list[tuple[str, str | None]]:
    return [(variable.name, variable.text) for variable in dotenv.EnvironmentLines(Text(text)).variables]


def lines(text: str) -> Lines:
    return Lines(text, entries(text))


def entry(text: str, name: str) -> Variable:
    return next(one for one in entries(text) if one.name == name)


def applied(text: str, edits: list[Edit] | None) -> str | None:
    return None if edits is None else apply_edits(text, edits)


@pytest.mark.parametrize(
    ("line", "text", "after"),
    [
        ("A=b", "c", "A=c"),
        ("A=b", "b", "A=b"),
        ("export A=b # why", "c", "export A=c # why"),
        ("  A = b  ", "", "  A =   "),
        ("A=", "b", "A=b"),
        ("A=  # why", "b", "A=b  # why"),
        ("A = # why", "b c", "A ='b c' # why"),
        ("A=#why", "b", None),
        ("A=''", "b", "A='b'"),
        ('A="b"', "", 'A=""'),
        ("A='b'", "it's", 'A="it\'s"'),
        ('A="b"', 'say "x"', "A='say \"x\"'"),
        ('A="b"', "C:\\x", "A='C:\\x'"),
        ('A="b"', "it's $5", None),  # nothing that all programs read alike
        ("A=b", "p#w x'y$z", None),
        ("A=b", "it's a \\", None),
        ("A=b", "it's `x`", None),
        ("A=b", 'say\n"x"', None),
        ("A=b", "a b", "A='a b'"),
        ("A=b", "b#c", "A='b#c'"),
        ("A=b", "https://x/?a=b&c=d", "A='https://x/?a=b&c=d'"),
        ("A=https://x/?a=b&c=d", "https://y/?a=b&c=d", "A=https://y/?a=b&c=d"),
        ("A=b", "MEDPLUM_PORT", "A='MEDPLUM_PORT'"),
        ("A=b", "a\nb", 'A="a\\nb"'),
        ("A='b'", "a\r\nb\t'", 'A="a\\r\\nb\t\'"'),
        ('A="1\n2" # why', "3", 'A="3" # why'),
        ("A=b", "${B}", None),
        ("A=b", "p${X}", "A='p${X}'"),
        ('A="b"', "p${X}$`", "A='p${X}$`'"),
        ("A=b", "it's ${X}", None),
        ("A=b", "{{ b }}", None),
        ("A=b", "\0", None),
        ("A=b", "\ud800", None),
        ("A='b' c", "d", None),
        ("A='b", "c", None),
        ("A=${B}", "c", "A=c"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_value(line: str, text: str, after: str | None, end: str) -> None:
    content = line + end
    edits = lines(content).put(entry(content, "A"), [("A", text)])
    assert applied(content, edits) == (None if after is None else after + end)
    if after is not None:
        assert read(after) == [("A", text)]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("A=1\nB=2\nC=3\n", "A=1\nC=3\n"),
        ("A=1\r\n# why\r\n\r\nB='2\r\n3' # so\r\nC=3", "A=1\r\n# why\r\n\r\nC=3"),
        ("A=1\nexport B=", "A=1"),
        ("A=1\r\nB=2", "A=1"),
        ("B=2\n", ""),
        ("B=2", ""),
        ("A=1\nB='2' 3\n", None),
    ],
)
def test_what_is_removed(text: str, after: str | None) -> None:
    assert applied(text, lines(text).remove(entry(text, "B"))) == after


@pytest.mark.parametrize(
    ("text", "order", "after"),
    [
        ("", "", "N=x\n"),
        ("# none\n", "", "# none\nN=x\n"),
        ("# none", "", "# none\nN=x"),
        ("A=1\nB=2\n", "", "A=1\nB=2\nN=x\n"),
        ("A=1\r\nB=2", "", "A=1\r\nB=2\r\nN=x"),
        ("A=1 # why\nB=2\n", "ANB", "A=1 # why\nN=x\nB=2\n"),
        ("# top\nB=2", "NB", "# top\nN=x\nB=2"),
        ("  export A = '1'\nB=2\n", "ANB", "  export A = '1'\n  export N = 'x'\nB=2\n"),
        ('A="1\n2"\nB=', "AN", 'A="1\n2"\nN="x"\nB='),
        ("A='1\nB=2\n", "AN", None),
        ("N=1\n", "", None),
    ],
)
def test_what_is_added(text: str, order: str, after: str | None) -> None:
    assert applied(text, lines(text).add("N", "x", order)) == after


def test_names() -> None:
    text = "export A = 1 # A\n"
    assert applied(text, lines(text).put(entry(text, "A"), [("B.C", None)])) == "export B.C = 1 # A\n"
    assert lines(text).put(entry(text, "A"), [("A", None)]) == []
    for name in ("", "1", "A B", "A=", "é", "A\n"):
        assert lines(text).put(entry(text, "A"), [(name, None)]) is None
        assert lines(text).add(name, "x") is None
    assert lines(text).add("B", "{{x}}") is None
    assert Lines("", []).add("B", "\0") is None


# --- Files made at random -------------------------------------------------------------------------------------------------------------

ODD = ["", "b", "a b", "it's", '"', "\\", "$x", "${x}", "a#b", " #", "a\nB=c", "\r", "`x`", "C_", "\x85", "\u2028"]
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r\t'\"\\$# ")
TEXTS = st.sampled_from(ODD) | st.text(CHARACTERS, max_size=8)
LINES = st.sampled_from(
    ["", "  ", "# A=b", "{}={}", "{}={}", "export {} = {} # why", "  {}='{}'", '{}="{}"  # why', "{}=", "{}=''", '{}="x\ny"', "{}=a b #c"]
)
FILES = st.tuples(st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()).map(
    lambda given: given[1].join(
        line.format(f"N{index}", f"v{index}") if "{}" in line else line for index, line in enumerate(given[0])
    ) + given[1] * given[2]
)  # fmt: skip
MANY = settings(max_examples=1_500)


def is_unwritable(value: str) -> bool:
    """Whether no quotes hold a value so that all programs read it alike."""
    fits_single = not any(sign in value for sign in "'\n\r") and not (value.lstrip().startswith("${") and value.rstrip().endswith("}"))
    return "{{" in value or (not fits_single and any(sign in value for sign in '\\"$`'))


def check_that_files_are_edited(text: str, value: str) -> None:
    before, variables = read(text), entries(text)
    order = [f"N{index}" for index in range(3)] + ["NEW"] + [f"N{index}" for index in range(3, 6)]
    edits = lines(text).add("NEW", value, order)
    assert (edits is None) == is_unwritable(value)
    if edits is not None:
        after = apply_edits(text, edits)
        assert sorted(map(repr, read(after))) == sorted(map(repr, [*before, ("NEW", value)]))
        assert [name for name, _ in read(after)] == sorted([name for name, _ in before] + ["NEW"], key=order.index)
        assert applied(after, lines(after).remove(entry(after, "NEW"))) == text
    for index, one in enumerate(variables):
        edits = lines(text).put(one, [(one.name, value)])
        assert (edits is None) == is_unwritable(value)
        if edits is not None:
            assert read(apply_edits(text, edits)) == [*before[:index], (one.name, value), *before[index + 1 :]]
        removed = apply_edits(text, lines(text).remove(one) or [])
        assert read(removed) == [*before[:index], *before[index + 1 :]]
        renamed = apply_edits(text, lines(text).put(one, [("NEW", None)]) or [])
        assert read(renamed) == [*before[:index], ("NEW", before[index][1]), *before[index + 1 :]]


@settings(max_examples=50)
@given(FILES, TEXTS)
def test_files_are_edited(text: str, value: str) -> None:
    check_that_files_are_edited(text, value)


@pytest.mark.slow
@MANY
@given(FILES, TEXTS)
def test_many_files(text: str, value: str) -> None:
    check_that_files_are_edited(text, value)
