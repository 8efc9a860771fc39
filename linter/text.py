"""Texts, their lines and places, and what of them is safe to print. Imports nothing of ours."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from functools import lru_cache

from .typed import Final, NamedTuple

BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""The characters that JavaScript's ``trim`` and ``parseInt`` skip. Python's own set lacks U+FEFF, and has U+001C to U+001F and U+0085."""


class Span(NamedTuple):
    """A part of a text: ``start`` and ``end`` in characters (code points) from 0; the end is exclusive."""

    start: int
    end: int


class Position(NamedTuple):
    """A place for people: ``line`` and ``column`` (code points) count from 1."""

    line: int
    column: int


class Edit(NamedTuple):
    """What is to stand in place of the characters of ``span``; an empty span puts something in, an empty text takes something out.

    Spans count the characters of :attr:`Text.content`, in which line ends are as in the file and a byte order mark is not.
    """

    span: Span
    text: str


class Piece(NamedTuple):
    """A part of a line, in characters of the text, and what to show for it; ``masked``: that is not all that stands there."""

    start: int
    end: int
    text: str
    masked: bool = False


class Excerpt(NamedTuple):
    """One source line, safe to show: secrets are masked, control characters made visible.

    ``start`` and ``end`` are the characters of ``text`` to underline; ``masked``: something of what they stand for is not shown.
    """

    line: int
    text: str
    start: int
    end: int
    masked: bool = False


BOM: Final = "\ufeff"
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLOCK: Final = 256
"""Characters of a text at most in which the lines are counted to find one."""


class Text:
    """The text of one file and its lines.

    ``content`` never holds the byte order mark (columns must not depend on it: SARIF 2.1.0, 3.30.2); ``bom`` is what the file begins
    with: nothing, the mark, or several of them, as programs leave that each add one. Only LF, CR and CRLF end a line.
    """

    __slots__ = ("_blocks", "_long", "bom", "content")

    def __init__(self, content: str) -> None:
        bare = content.lstrip(BOM)
        self.bom = content[: len(content) - len(bare)]
        self.content = bare
        self._blocks: _Blocks | None = None
        self._long: dict[int, Span] = {}
        """The lines that are longer than a block."""

    def _lines(self) -> _Blocks:
        if self._blocks is None:
            self._blocks = _Blocks(self.content)
        return self._blocks

    @property
    def encoded(self) -> bytes:
        """The bytes of the text in UTF-8, with its byte order mark."""
        return f"{self.bom}{self.content}".encode()

    def position(self, offset: int) -> Position:
        """The line and column of the character at ``offset`` (from 0). Between CR and LF a line has ended: no column is beyond its end."""
        offset = self._in_line(offset)
        line, start = self._lines().line_at(offset)
        return Position(line, offset - start + 1)

    def positions(self, span: Span) -> tuple[Position, Position]:
        """The positions of the start and the end of a span; see :meth:`position`."""
        start = self.position(span.start)
        if self.is_in_a_line(span):  # as most are
            return start, Position(start.line, start.column + span.end - span.start)
        return start, self.position(span.end)

    def is_in_a_line(self, span: Span) -> bool:
        """Whether no line ends within a span."""
        start, end = span
        return start <= end and self.content.find("\n", start, end) < 0 and self.content.find("\r", start, end) < 0

    def line_around(self, offset: int) -> tuple[int, Span]:
        """The line of the character at ``offset``, as :meth:`position` has it, and the characters of that, without its line end."""
        line, start = self._lines().line_at(self._in_line(offset))
        span = self._long.get(line)
        return line, self._kept(line, start) if span is None else span

    def _in_line(self, offset: int) -> int:
        """The same offset, but for one between CR and LF that of the CR."""
        return offset - 1 if self.content[offset - 1 : offset + 1] == "\r\n" else offset

    def line_span(self, line: int) -> Span:
        """The characters of a line (from 1), without its line end. Raises :exc:`IndexError` for a line that the text does not have."""
        span = self._long.get(line)
        return self._kept(line, self._lines().start_of(line)) if span is None else span

    def line_from(self, start: int) -> tuple[Span, int | None]:
        """The characters of the line that starts somewhere, and where the next one starts; None where there is none."""
        end, following = self._lines().end_from(start)
        return Span(start, end), following if following > end else None

    def _kept(self, line: int, start: int) -> Span:
        """The characters of a line that starts somewhere, which are remembered where it takes long to find its end."""
        span = Span(start, self._lines().end_from(start)[0])
        if span.end - start > _BLOCK:
            self._long[line] = span
        return span


class _Blocks:
    """Where the lines of a text are: how many begin before each part of it, as far as somebody asked."""

    __slots__ = ("_begun", "_content", "_has_cr", "_last", "_starts")

    def __init__(self, content: str) -> None:
        self._content = content
        self._has_cr = "\r" in content
        self._starts = array("q", [0])
        self._begun = array("q", [0])
        """How many line ends there are before each block."""
        self._last = array("q", [0])
        """Where the line starts that a block begins in."""

    def _next(self) -> int:
        """Where the next block starts; none starts within a CRLF."""
        end = self._starts[-1] + _BLOCK
        return end + 1 if self._has_cr and self._content[end - 1 : end + 1] == "\r\n" else end

    def _extend(self) -> None:
        """Look at the next block."""
        end = self._next()
        line, start = self._line_in(len(self._starts) - 1, end)
        self._starts.append(end)
        self._begun.append(line - 1)
        self._last.append(start)

    def line_at(self, offset: int) -> tuple[int, int]:
        """The number of the line of a character, which must not be the LF of a CRLF, and where the line starts."""
        while self._next() <= offset:
            self._extend()
        return self._line_in(bisect_right(self._starts, offset) - 1, offset)

    def _line_in(self, block: int, offset: int) -> tuple[int, int]:
        """The same, by the lines of a block that starts before the character."""
        content, start = self._content, self._starts[block]
        ends = content.count("\n", start, offset)
        last = content.rfind("\n", start, offset)
        if self._has_cr:
            ends += content.count("\r", start, offset) - content.count("\r\n", start, offset)
            last = max(last, content.rfind("\r", start, offset))
        return self._begun[block] + ends + 1, last + 1 if last >= 0 else self._last[block]

    def start_of(self, line: int) -> int:
        """Where a line starts. Raises :exc:`IndexError` for one that there is not."""
        if line < 1:
            raise IndexError(line)
        if line == 1:
            return 0
        while self._begun[-1] < line - 1 and self._next() < len(self._content):
            self._extend()
        block = bisect_left(self._begun, line - 1) - 1
        at = self._starts[block]
        for _ in range(line - 1 - self._begun[block]):
            end, at = self.end_from(at)
            if end == at:
                raise IndexError(line)
        return at

    def end_from(self, at: int) -> tuple[int, int]:
        """Where the next line end starts and ends; both are the end of the text where there is none."""
        if self._has_cr:
            match = _LINE_END.search(self._content, at)
            return match.span() if match is not None else (len(self._content), len(self._content))
        end = self._content.find("\n", at)
        return (end, end + 1) if end >= 0 else (len(self._content), len(self._content))


MASK = "••••••"
"""What stands in place of whatever may be secret."""


def inert(text: str) -> str:
    """Lines of output, changed so that none is a command to a runner of CI, which searches what a job prints.

    GitHub's takes ``::error::`` at the start of a line and ``##[error]`` anywhere (actions/runner, ``ActionCommand.cs``), that of Azure
    Pipelines ``##vso[…]`` and ``##[error]`` anywhere (azure-pipelines-agent, ``Command.cs``). The first sign is written as in
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
    """A text of several lines, each as :func:`printable` and :func:`inert`."""
    return inert("\n".join(printable(line) for line in text.split("\n")))


_NAMES = frozenset({"Aurora", "Medplum", "Redis"})
"""Names at the start of a sentence that no other letter shows to be one."""


@lru_cache(maxsize=64)
def as_clause(text: str) -> str:
    """Sentences as one clause of a longer sentence: semicolons for the full stops between them, and none at the end."""
    text = text.strip().removesuffix(".")
    sentences = re.split(r"(?<=[^\s.])\.\s+(?=[A-Z])", text) if "." in text else [text]
    return "; ".join(map(_uncapitalized, sentences))


def _uncapitalized(sentence: str) -> str:
    word = sentence.partition(" ")[0].partition(",")[0]
    is_word = word.isascii() and word.isalpha() and word.istitle()
    return sentence[:1].lower() + sentence[1:] if is_word and word not in _NAMES else sentence


def printable(text: str) -> str:
    r"""``text`` with control, direction and surrogate characters written as ``\uXXXX``: what a file says cannot steer a terminal."""
    if text.isprintable():  # as nearly all are: the pattern takes longer to compile than a file to read
        return text
    return re.sub(
        "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]",
        lambda match: f"\\u{ord(match[0]):04x}",
        text,
    )
