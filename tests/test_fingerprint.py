"""The line hash that GitHub knows alerts by, against recorded values and against a literal reading of its definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.reporters._fingerprint import counted, raw_hashes
from linter.text import Text


def hashes(content: str, last: int = 10**9) -> list[str]:
    return [f"{value:x}:{number}" for value, number in counted(raw_hashes(Text(content), last))]


def reference(file: bytes) -> list[str]:
    """The definition, step by step, from the bytes of a file: slow, and with nothing in common with the code it checks."""
    utf16 = file.decode("utf-8", "replace").encode("utf-16-be")
    units: list[int] = []
    starts: list[int] = []
    after_cr, at_line_start = False, True
    for unit in (int.from_bytes(utf16[place : place + 2], "big") for place in range(0, len(utf16), 2)):
        if unit in (0x20, 0x09) or (after_cr and unit == 0x0A):
            after_cr = False
            continue
        after_cr = unit == 0x0D
        if at_line_start:
            starts.append(len(units))
        units.append(0x0A if after_cr else unit)
        at_line_start = units[-1] == 0x0A
    if at_line_start:
        starts.append(len(units))
    units += [65535] + [0] * 100
    found: list[int] = []
    values = []
    for start in starts:
        found.append(sum(units[start + k] * 37 ** (99 - k) for k in range(100)) % 2**64)
        values.append(f"{found[-1]:x}:{found.count(found[-1])}")
    return values


PROGRAM = "x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n"
PROGRAM_HASHES = [
    "e54938cc54b302f1:1",
    "bb609acbe9138d60:1",
    "1131fd5871777f34:1",
    "5c482a0f8b35ea28:1",
    "54517377da7028d2:1",
    "2c644846cb18d53e:1",
    "f1b89f20de0d133:1",
    "c129715d7a2bc9a3:1",
]
LOREM_HASHES = [*(f"a7f2ff13bc495cf2:{count}" for count in range(1, 7)), "a7f2ff1481e87703:1"]


def test_recorded_values() -> None:
    """From the tests of github/codeql-action (src/fingerprints.test.ts)."""
    assert hashes("") == ["c129715d7a2bc9a3:1"]
    assert hashes(PROGRAM) == PROGRAM_HASHES
    assert hashes("Lorem ipsum dolor sit amet.\n" * 10)[:7] == LOREM_HASHES


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_blanks_and_the_kind_of_line_end_do_not_matter(line_end: str) -> None:
    assert hashes(PROGRAM.replace(" ", " \t ").replace("\n", f"\t {line_end}")) == PROGRAM_HASHES


def test_a_blank_between_cr_and_lf_makes_them_two_line_ends() -> None:
    assert hashes("a\r \nb") == hashes("a\n\nb")
    assert hashes("a\r\nb") == hashes("a\nb")


def test_other_line_separators_are_ordinary_characters() -> None:
    assert len(hashes("a\u2028b\x0cc\x85d\x1ee")) == 1


def test_a_byte_order_mark_counts() -> None:
    assert hashes("\ufeffa\n") == reference(b"\xef\xbb\xbfa\n") != hashes("a\n")


def test_lines_are_counted_by_hash_not_by_content() -> None:
    """``Af`` and ``BA`` differ, yet 65 * 37 + 102 is 66 * 37 + 65."""
    assert [value.split(":")[1] for value in hashes("Af\n" + "x" * 100 + "\nBA\n" + "x" * 100)] == ["1", "1", "2", "2"]


def test_no_more_lines_than_requested() -> None:
    assert hashes(PROGRAM, 3) == PROGRAM_HASHES[:3]
    assert hashes(PROGRAM, 0) == []


PIECES = st.sampled_from(
    [
        "\r",
        "\n",
        "\r\n",
        " ",
        "\t",
        "\ufeff",
        "\U0001f600",
        "\u2028",
        "\x0c",
        "\x00",
        "\uffff",
        "\ufffd",
        "é",
        "a",
        "b",
        "x" * 99,
        "y" * 100,
    ]
)
WHATEVER = st.characters(exclude_categories=())
TEXTS = st.lists(PIECES | WHATEVER, max_size=400).map("".join)
BYTES = st.lists(PIECES.map(str.encode) | st.binary(max_size=4), max_size=400).map(b"".join)


@given(BYTES)
def test_any_bytes(file: bytes) -> None:
    """Bytes that are not UTF-8 reach us as lone surrogates (PEP 383), or already replaced."""
    assert hashes(file.decode("utf-8", "surrogateescape")) == reference(file)
    assert hashes(file.decode("utf-8", "replace")) == reference(file)


def as_bytes(char: str) -> bytes:
    return char.encode("utf-8", "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass")


@given(TEXTS, st.integers(0, 30))
def test_any_text(content: str, last: int) -> None:
    """Lone surrogates that do not stand for a byte work too."""
    expected = reference(b"".join(map(as_bytes, content)))
    assert hashes(content) == expected
    assert hashes(content, last) == expected[:last]


@given(TEXTS)
def test_lines_are_those_of_the_text(content: str) -> None:
    text = Text(content)
    assert len(raw_hashes(text, 10**9)) == text.position(len(text.content)).line
