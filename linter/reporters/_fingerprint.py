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
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from itertools import accumulate, count

from ..model import Document, Finding, dotted
from ..redaction.mask import name_in_file
from ..text import Piece, Span, Text
from ..typed import Final, NamedTuple, TypeVar

_WINDOW = 100
_FARTHEST = 10_000
"""Characters of a line in which what fills the window is looked for."""
_SHORT = 1_000
"""Characters of a line that is looked at as a whole."""
_BASE = 37
_MASK = 2**64 - 1
_LEAVING = pow(_BASE, _WINDOW, 2**64)
_UTF16 = f"utf-16-{sys.byteorder[0]}e"
_END = b"\xff\xff" + bytes(2 * _WINDOW)
_AT_ONCE: Final = 10_000
"""Code units of which the hashes are worked out before they are packed."""


def line_hashes(findings: Iterable[Finding]) -> list[str]:
    """For each finding the hash of its line: GitHub's own, or that of the masked text if what GitHub hashes touches a mask."""
    reader = cache(lambda document: lru_cache(maxsize=2 * _WINDOW)(partial(_read, document)))
    places = [(one.document, one.document.position(one.span.start).line) for one in findings]
    masked: dict[Text, dict[int, int | None]] = {}
    for document, line in places:
        known = masked.setdefault(document.text, {})
        if line not in known:  # several documents of one text mask the same
            known[line] = _masked_hash(reader(document), line)
    hashes = {text: _hashes(text, known) for text, known in masked.items()}
    return [hashes[document.text][line] for document, line in places]


def _hashes(text: Text, masked: Mapping[int, int | None]) -> dict[int, str]:
    """The hash of each line that ``masked`` has, which gives that of the masked text or None."""
    raw = {line: one for line, one in enumerate(counted(raw_hashes(text, max(masked))), 1) if line in masked}
    others = [(line, value) for line, value in sorted(masked.items()) if value is not None]
    own = dict(zip((line for line, _ in others), counted(value for _, value in others), strict=True))
    return {line: f"{value:x}:{number}" for line, (value, number) in (raw | own).items()}


def raw_hashes(text: Text, last: int) -> array[int]:
    """GitHub's hash of each line of a file, from the first to line ``last`` (from 1) or the end of the file."""
    try:
        end: int | None = text.line_span(last + _WINDOW + 1).start
    except IndexError:
        end = None
    # The action decodes a byte that is no UTF-8, here a lone surrogate (PEP 383), as U+FFFD.
    as_read = f"{text.bom}{text.content[:end]}".encode(errors="surrogateescape").decode(errors="replace")
    return _rolling(*_units(as_read, last))


class _Line(NamedTuple):
    """As much of a line as can fill a window, without blanks.

    ``clear`` is how many of its code units precede the first masked one, None if nothing is masked.
    """

    text: str
    clear: int | None


def _masked_hash(read: Callable[[int], _Line | None], first: int) -> int | None:
    """The hash of the masked text from a line on; None if the code units of the file that GitHub hashes touch no mask.

    The window is filled by the shown text, so that it ends at the same place whatever the length of the masked text. The lines that fill
    the window of one line fill those of the next: ``read`` keeps these.
    """
    touched, window = False, ""
    for number in count(first):
        units = _width(window)
        if units >= _WINDOW or (line := read(number)) is None:
            break
        touched = touched or (line.clear is not None and units + line.clear < _WINDOW)
        window += f"{line.text}\n"
    return _rolling(*_units(window, 1))[0] if touched else None


def _read(document: Document, number: int) -> _Line | None:
    """The text of a document's line for a window; None after the last one."""
    try:
        start, end = document.text.line_span(number)
    except IndexError:
        return None
    content = document.text.content
    part = Span(start, min(end, start + _FARTHEST))
    pieces: Iterable[Piece] = document.origin.pieces(part)
    if part.end - start <= _SHORT:
        pieces = list(pieces)
        if not any(piece.masked for piece in pieces):
            pieces = [Piece(*part, "")]
    clear: int | None = None
    written = ""
    for piece in pieces:
        clear = _width(written) if clear is None and piece.masked else clear
        written += _without_blanks(piece.text if piece.masked else content[slice(*_shortest(content, Span(piece.start, piece.end)))])
        if _width(written) >= _WINDOW:
            break
    return _Line(written, clear)


def _without_blanks(text: str) -> str:
    return text.replace(" ", "").replace("\t", "")


_FIRST_UNITS = re.compile(rf"(?:[ \t]*[^ \t]){{{_WINDOW}}}")


def _shortest(content: str, part: Span) -> Span:
    """As much of a part of a line as fills the window."""
    match = _FIRST_UNITS.match(content, *part) if part.end - part.start > _WINDOW else None
    return Span(part.start, match.end()) if match is not None else part


def _width(text: str) -> int:
    """UTF-16 code units of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _units(content: str, most: int) -> tuple[array[int], list[int]]:
    """The code units to hash, and where each of the first lines starts.

    No window reaches past the first 100 units of a line (it starts at that line or before), nor past the 100th line after the last wanted
    one (each line has its LF at least), so nothing beyond is kept: a long line costs no more than a short one.
    """
    lines = _without_blanks(content.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    last = lines.pop()
    kept = [*[f"{line}\n"[:_WINDOW] for line in lines], last[:_WINDOW]]
    starts = list(accumulate(map(_width, kept), initial=0))
    units = array("H", "".join(kept).encode(_UTF16, "surrogatepass"))
    units.frombytes(_END)
    return units, starts[: min(most, len(kept))]


def _rolling(units: array[int], starts: list[int]) -> array[int]:
    """The hash of the 100 units from each start, as the difference of two prefixes: every unit is processed once, not 100 times."""
    hash_ = 0
    prefixes = array("Q", [hash_])
    for at in range(0, len(units), _AT_ONCE):
        prefixes.extend([hash_ := (hash_ * _BASE + unit) & _MASK for unit in units[at : at + _AT_ONCE]])
    return array("Q", [(prefixes[start + _WINDOW] - prefixes[start] * _LEAVING) & _MASK for start in starts])


# --- Identities of findings ----------------------------------------------------------------------------------------------------------


Hash = TypeVar("Hash")


def identities(findings: Iterable[Finding], uri: Callable[[str], str]) -> list[str]:
    """For each finding a hash of what it is about, as far as that may be shown; unique within a run.

    It is about the rule, the file (its path as ``uri`` makes it, the same on every machine), the kind of the document, its name there, and
    the setting.
    """
    abouts = ((finding, finding.identity) for finding in findings)
    subjects = ((one.rule, uri(one.uri), one.kind, name_in_file(finding.document), dotted(one.path)) for finding, one in abouts)
    return [f"{value}:{number}" for value, number in counted(map(hash_of, subjects))]


def counted(hashes: Iterable[Hash]) -> Iterator[tuple[Hash, int]]:
    """Hashes, each with its count so far, itself included."""
    seen: dict[Hash, int] = {}
    for value in hashes:
        seen[value] = number = seen.get(value, 0) + 1
        yield value, number


def hash_of(subject: Iterable[str]) -> str:
    """32 hexadecimal digits of SHA-256 over the parts of an identity."""
    from hashlib import sha256

    return sha256("\0".join(subject).encode("utf-8", "surrogatepass")).hexdigest()[:32]
