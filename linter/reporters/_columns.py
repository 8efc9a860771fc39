"""Columns of a terminal: the width of a text, lines that are wrapped at blanks, and excerpts that are cut to fit."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, takewhile

from ..text import MASK, Excerpt
from ..typed import Final

UNKNOWN: Final = 80
"""The columns to wrap at without a terminal."""
_OUR_OWN: Final = f"{MASK}…"
"""Characters of one column that nearly every report has: the mask, and the ellipsis."""
_NARROWEST: Final = 24
"""The minimum width to wrap at, however narrow the terminal is: a column of single words is harder to read than long lines."""


def width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_width_of, text))


def _width_of(char: str) -> int:
    if char.isascii() or char in _OUR_OWN:
        return 1
    import unicodedata  # only for non-ASCII text

    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(text: str, columns: int, first: int = 0, indent: int = 0) -> list[str]:
    """A text as lines of at most so many columns, broken at blanks only: a longer id or path makes a longer line.

    The caller has written ``first`` columns before the first line; the others are indented by ``indent`` blanks.
    """
    columns = max(columns, _NARROWEST)
    if first + width(text) <= columns:
        return [text]
    lines: list[str] = []
    line: list[str] = []
    at = first
    for word in _words(text):
        wide = width(word)
        if line and at + 1 + wide > columns:
            lines.append(" ".join(line))
            line, at = [], indent - 1
        at += wide + (1 if line or lines else 0)
        line.append(word)
    lines.append(" ".join(line))
    return [lines[0], *(" " * indent + line for line in lines[1:])]


def _words(text: str) -> list[str]:
    """The words of a text; a closing quote after a blank is not a word of its own."""
    words: list[str] = []
    for word in text.split(" "):
        if words and word.startswith('"') and not word.strip('",;:.)'):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def folded(text: str, columns: int) -> list[str]:
    """A text as lines of at most so many columns, broken anywhere."""
    lines: list[str] = []
    while text:
        at = max(_number_in(text, max(columns, _NARROWEST)), 1)
        lines.append(text[:at])
        text = text[at:]
    return lines


def fitting(excerpt: Excerpt, columns: int) -> Excerpt:
    """An excerpt of at most so many columns, with the start of the marked part visible; with 0 the excerpt as it is."""
    text = excerpt.text
    if not columns or width(text) <= (columns := max(columns, 4)):  # a wide character, and an ellipsis on either side
        return excerpt
    start, end = min(excerpt.start, len(text)), min(excerpt.end, len(text))
    first = 0 if width(text[:end]) < columns else start - _number_in(reversed(text[:start]), columns // 3)
    last = first + _number_in(text[first:], columns - 1 - bool(first))
    if last == len(text):
        first = last - _number_in(reversed(text), columns - 2)
    left, right = "…" if first else "", "…" if last < len(text) else ""
    shift = len(left) - first
    stop = len(left) + last - first + (len(right) if end > last else 0)
    return excerpt._replace(text=f"{left}{text[first:last]}{right}", start=start + shift, end=max(min(end + shift, stop), start + shift))


def _number_in(text: Iterable[str], columns: int) -> int:
    """How many of the first characters of a text fit into so many columns."""
    return sum(1 for _ in takewhile(columns.__ge__, accumulate(map(_width_of, text))))
