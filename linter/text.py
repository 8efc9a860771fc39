"""Texts, their lines and positions, and how to print them safely. Imports nothing of this package."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property, lru_cache

from .patterns import pattern
from .typed import TYPE_CHECKING, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from datetime import date

T = TypeVar("T")
BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""The characters that JavaScript's ``trim`` and ``parseInt`` skip. Python's own set lacks U+FEFF, and has U+001C to U+001F and U+0085."""


class Span(NamedTuple):
    """A part of a text: ``start`` and ``end`` in characters (code points) from 0; the end is exclusive."""

    start: int
    end: int


def lookup(find: Callable[[], Iterable[tuple[Span, T]]]) -> Callable[[int], T | None]:
    """A function that gives what belongs to the span around an offset; None if there is no span.

    The spans are found on first use; of nested ones the outermost counts.
    """

    @cache
    def outermost() -> list[tuple[Span, T]]:
        outer: list[tuple[Span, T]] = []
        for span, one in sorted(find(), key=lambda item: item[0]):
            if not outer or span.start >= outer[-1][0].end:
                outer.append((span, one))
        return outer

    def at(offset: int) -> T | None:
        index = bisect_right(outermost(), offset, key=lambda item: item[0].start) - 1
        return outermost()[index][1] if index >= 0 and offset < outermost()[index][0].end else None

    return at


class Position(NamedTuple):
    """A place for people: ``line`` and ``column`` (code points) count from 1."""

    line: int
    column: int


class Edit(NamedTuple):
    """A replacement for the characters of ``span``; an empty span inserts, an empty text deletes.

    Spans count the characters of :attr:`Text.content`, which keeps the line ends of the file and leaves out the byte order mark.
    """

    span: Span
    text: str


Edits = list[Edit] | None
"""The edits of a text that make a change, perhaps none at all; None if it cannot be made, or only with side effects."""


class Piece(NamedTuple):
    """A part of a line, in characters of the text, and what to show for it; ``masked``: some of it is not shown."""

    start: int
    end: int
    text: str
    masked: bool = False


class Excerpt(NamedTuple):
    """One source line, safe to show: secrets are masked, control characters made visible.

    ``start`` and ``end`` are the characters of ``text`` to underline; ``masked``: some of what they stand for is not shown.
    """

    line: int
    text: str
    start: int
    end: int
    masked: bool = False


BOM: Final = "\ufeff"


class Text:
    """The text of one file and its lines.

    ``content`` never has the byte order mark (columns must not depend on it: SARIF 2.1.0, 3.30.2); ``bom`` is what the file starts with:
    nothing, the mark, or several, as programs leave that each add one. ``encoding`` is that of the file. Only LF, CR and CRLF end a line.
    """

    def __init__(self, content: str, encoding: str = "utf-8") -> None:
        self.encoding = encoding
        self.content = content.lstrip(BOM)
        self.bom = content[: len(content) - len(self.content)]

    @cached_property
    def _starts(self) -> Sequence[int]:
        """Where each line starts."""
        starts = array("q", [0])
        starts.extend(match.end() for match in re.finditer(r"\r\n|\r|\n", self.content))
        return starts

    @property
    def encoded(self) -> bytes:
        """The bytes of the text in UTF-8, with its byte order mark."""
        return f"{self.bom}{self.content}".encode()

    def position(self, offset: int) -> Position:
        """The line and column of the character at ``offset`` (from 0). CRLF ends a line as a whole: no column is beyond it."""
        offset -= self.content[offset - 1 : offset + 1] == "\r\n"
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def positions(self, span: Span) -> tuple[Position, Position]:
        """The positions of the start and the end of a span; see :meth:`position`."""
        return self.position(span.start), self.position(span.end)

    def extent(self, span: Span) -> dict[str, dict[str, int]]:
        """The same for programs."""
        return {name: at._asdict() for name, at in zip(("start", "end"), self.positions(span), strict=True)}

    def is_in_a_line(self, span: Span) -> bool:
        """Whether no line ends within a span."""
        start, end = span
        return start <= end and self.content.find("\n", start, end) < 0 and self.content.find("\r", start, end) < 0

    def line_around(self, offset: int) -> tuple[int, Span]:
        """The line of the character at ``offset``, as in :meth:`position`, and its characters without the line end."""
        line = self.position(offset).line
        return line, self.line_span(line)

    def line_span(self, line: int) -> Span:
        """The characters of a line (from 1), without its line end. Raises :exc:`IndexError` if there is no such line."""
        if line < 1:
            raise IndexError(line)
        start = self._starts[line - 1]
        if line == len(self._starts):
            return Span(start, len(self.content))
        end = self._starts[line]
        return Span(start, end - (2 if self.content.endswith("\r\n", start, end) else 1))


MASK = "••••••"
"""Shown in place of anything that may be secret."""


def clipped(text: str, most: int) -> str:
    """A text of at most so many characters, with an ellipsis where it is cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with a noun, such as ``1 finding`` or ``2 findings``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def inert(text: str) -> str:
    """Lines of output, changed so that none is a command to a CI runner, which scans what a job prints.

    GitHub's takes ``::error::`` at the start of a line and ``##[error]`` anywhere (actions/runner, ``ActionCommand.cs``), that of Azure
    Pipelines ``##vso[…]`` and ``##[error]`` anywhere (azure-pipelines-agent, ``Command.cs``). The first character is escaped as in
    :func:`printable`.
    """
    if "::" not in text and "##" not in text:  # as in nearly all: the pattern takes longer to compile than a report to write
        return text
    return re.sub(
        r"(?:(?<=\n)|\A)(?P<blank>[^\S\n]*):(?=:)|#(?=#(?:[vV][sS][oO])?\[)",
        lambda match: f"{match['blank'] or ''}\\u{ord(match[0][-1]):04x}",
        text,
    )


def printable_lines(text: str) -> str:
    """A text of several lines, each passed through :func:`printable` and :func:`inert`."""
    return inert("\n".join(printable(line) for line in text.split("\n")))


_NAMES = frozenset({"Aurora", "Medplum", "Redis"})
"""Names at the start of a sentence that have no other capital to show that they are names."""


@lru_cache(maxsize=64)
def as_clause(text: str) -> str:
    """Sentences as one clause of a longer sentence: semicolons in place of full stops, and none at the end."""
    text = text.strip().removesuffix(".")
    sentences = re.split(r"(?<=[^\s.])\.\s+(?=[A-Z])", text) if "." in text else [text]
    return "; ".join(map(_uncapitalized, sentences))


def _uncapitalized(sentence: str) -> str:
    word = sentence.partition(" ")[0].partition(",")[0]
    is_word = word.isascii() and word.isalpha() and word.istitle()
    return sentence[:1].lower() + sentence[1:] if is_word and word not in _NAMES else sentence


_UNSAFE: Final = pattern("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]")


def printable(text: str) -> str:
    r"""``text`` with control, direction and surrogate characters written as ``\uXXXX``, so that a file cannot steer a terminal."""
    if text.isprintable():  # as nearly all are: the pattern takes longer to compile than a file to read
        return text
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def day_of(text: str) -> date | None:
    """The day that a text such as ``2026-01-31`` names; None where it names none."""
    from datetime import date  # only for a text that should name one

    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None
