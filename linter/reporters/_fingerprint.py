"""The ``primaryLocationLineHash`` by which GitHub code scanning knows an alert again after its line has moved.

GitHub's own action computes it when a result lacks it (github/codeql-action, ``src/fingerprints.ts``), logs a difference, and keeps ours;
the REST API computes nothing. So it is computed here, exactly:

* The file is read as UTF-8; a byte order mark stays, invalid bytes become U+FFFD, and UTF-16 code units are counted.
* Spaces and tabs are dropped. LF, CR and CRLF each count as one LF, and nothing else ends a line.
* At the end follow one unit 65535 and as many zeros as are looked at.
* The hash of a line is ``sum(unit[k] * 37 ** (99 - k))`` over the 100 units from its first one, into the lines that follow, modulo 2**64.
* The value is that in hexadecimal, not padded, a colon, and how many lines so far had the same hash.

That hash can be inverted: who knows all but a few characters of a line reads them from it. So where the 100 units touch anything that
reports mask, it is made of the masked text instead, which GitHub keeps as well: it need only be the same in the next run.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, chain, islice

from ..text import Piece, Span, Text
from ..typed import NamedTuple

_WINDOW = 100
_FARTHEST = 10_000
"""Characters of a line in which what fills the window is looked for."""
_BASE = 37
_MASK = 2**64 - 1
_LEAVING = pow(_BASE, _WINDOW, 2**64)
_UTF16 = f"utf-16-{sys.byteorder[0]}e"
_END = b"\xff\xff" + bytes(2 * _WINDOW)
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANKS = {ord(" "): None, ord("\t"): None}


Wanted = dict[int, Callable[[Span], Iterator[Piece]]]
"""Lines (from 1), each with what masks a part of it; see :meth:`linter.model.Origin.pieces`."""


def line_hashes(text: Text, wanted: Wanted) -> Mapping[int, str]:
    """The hash of each wanted line (from 1) of a file: GitHub's own, or that of the masked text where GitHub's would be one of a secret."""
    raw = raw_line_hashes(text, max(wanted, default=0))
    seen: dict[int, int] = {}
    hashes: dict[int, str] = {}
    starts = _Starts(text)
    for line in sorted(wanted):
        masked = _masked_window(starts, line, wanted[line])
        if masked is None:
            hashes[line] = raw[line - 1]
        else:
            value = _hash(masked)
            hashes[line] = f"{value:x}:{_count(seen, value)}"
    return hashes


def raw_line_hashes(text: Text, last: int) -> list[str]:
    """The hash that GitHub has for each line of a file, from the first to line ``last`` (from 1) or the end of the file."""
    starts, units = _units(_as_read(text), last)
    seen: dict[int, int] = {}
    return [f"{value:x}:{_count(seen, value)}" for value in _rolling(units, starts)]


class _Written(NamedTuple):
    """What is hashed of a piece of a line: its text without blanks, of how many units that is, and whether it is masked."""

    text: str
    units: int
    masked: bool


class _Starts:
    """The starts of lines, as far as they can fill a window. That of a line is filled by those that follow: so they are kept a while."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._kept: dict[tuple[int, Callable[[Span], Iterator[Piece]]], list[_Written] | None] = {}

    def of(self, line: int, pieces: Callable[[Span], Iterator[Piece]]) -> list[_Written] | None:
        """The first pieces of a line; None where there is no such line."""
        key = (line, pieces)
        if key not in self._kept:
            if len(self._kept) > 2 * _WINDOW:
                self._kept.clear()
            self._kept[key] = self._read(line, pieces)
        return self._kept[key]

    def _read(self, line: int, pieces: Callable[[Span], Iterator[Piece]]) -> list[_Written] | None:
        whole = _line_span(self._text, line)
        if whole is None:
            return None
        content, units = self._text.content, 0
        written: list[_Written] = []
        for piece in pieces(Span(whole.start, min(whole.end, whole.start + _FARTHEST))):
            shown = piece.text if piece.masked else content[slice(*_shortest(content, Span(piece.start, piece.end)))]
            shown = shown.translate(_BLANKS)
            written.append(_Written(shown, _width(shown), piece.masked))
            units += written[-1].units
            if units >= _WINDOW:
                break
        return written


def _masked_window(starts: _Starts, line: int, pieces: Callable[[Span], Iterator[Piece]]) -> str | None:
    """The masked text, without blanks, of which the first units are hashed; None where those of the file touch nothing masked.

    It is filled by what is shown, so that it ends at the same place whatever the length of what is masked.
    """
    units = 0
    touched = False
    window: list[str] = []
    while units < _WINDOW and (start := starts.of(line, pieces)) is not None:
        for piece in start:
            if units >= _WINDOW:
                break
            touched = touched or piece.masked
            window.append(piece.text)
            units += piece.units
        window.append("\n")
        units, line = units + 1, line + 1
    return "".join(window) if touched else None


def _line_span(text: Text, line: int) -> Span | None:
    try:
        return text.line_span(line)
    except IndexError:
        return None


_FIRST_UNITS = re.compile(rf"(?:[ \t]*[^ \t]){{{_WINDOW}}}")


def _shortest(content: str, part: Span) -> Span:
    """As much of a part of a line as fills the window."""
    match = _FIRST_UNITS.match(content, *part) if part.end - part.start > _WINDOW else None
    return Span(part.start, match.end()) if match is not None else part


def _width(text: str) -> int:
    """UTF-16 code units of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _hash(window: str) -> int:
    units = array("H", f"{window}".encode(_UTF16, "surrogatepass")[: 2 * _WINDOW])
    units.extend([0xFFFF, *[0] * _WINDOW][: _WINDOW - len(units)])
    return next(_rolling(units, [0]))


def _as_read(text: Text) -> str:
    """The text as the action decodes the file: a byte that was kept as a lone surrogate (PEP 383) is U+FFFD there."""
    content = "\ufeff" + text.content if text.bom else text.content
    try:
        content.encode()
    except UnicodeEncodeError:
        return _bytes(content).decode(errors="replace")
    return content


def _bytes(content: str) -> bytes:
    """The bytes of a text in which some could not be decoded; a surrogate that stands for no byte keeps its own three."""
    try:
        return content.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return b"".join(char.encode(errors="surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass") for char in content)


def _units(content: str, last: int) -> tuple[list[int], array[int]]:
    """Where each wanted line starts, and the code units to look at.

    No window reaches past the first 100 units of a line (it starts at that line or before), nor past the 100th line after the last
    wanted one (each line has its LF at least), so nothing beyond is kept: a long line costs no more than a short one.
    """
    lines = _LINE_END.split(content, maxsplit=last + _WINDOW)
    cut = len(lines) > last + _WINDOW
    kept = [f"{line.translate(_BLANKS)}\n"[:_WINDOW].encode(_UTF16) for line in lines[:-1]]
    if not cut:
        kept.append(lines[-1].translate(_BLANKS)[:_WINDOW].encode(_UTF16))
    starts = accumulate((len(line) // 2 for line in kept), initial=0)
    return list(islice(starts, min(last, len(kept)))), array("H", b"".join(chain(kept, [_END])))


def _rolling(units: array[int], starts: list[int]) -> Iterator[int]:
    """The hash of the 100 units from each start, as the difference of two prefixes: every unit is taken once, not 100 times."""
    prefixes = array("Q", accumulate(units, lambda hash_, unit: (hash_ * _BASE + unit) & _MASK, initial=0))
    return ((prefixes[start + _WINDOW] - prefixes[start] * _LEAVING) & _MASK for start in starts)


def _count(seen: dict[int, int], value: int) -> int:
    seen[value] = seen.get(value, 0) + 1
    return seen[value]
