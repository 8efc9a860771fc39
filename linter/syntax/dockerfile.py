"""Dockerfiles: their instructions, the words of one, and what a word stands for, each with its place.

Read as BuildKit reads them (``frontend/dockerfile/parser`` and ``shell/lex.go``): an instruction goes on behind an escape character at the
end of its line, over comments and blank lines; the escape character is a backslash or what the directive ``escape`` says; the lines of a
heredoc belong to the instruction before them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from ..text import Span
from ..typed import Final, NamedTuple

KEYWORDS: Final = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split()
)
_LINE: Final = re.compile(r"[^\n]*?(?P<end>\r?\n|\Z)")
_DIRECTIVE: Final = re.compile(r"#\s*(?P<name>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?P<value>\S.*)")
_KEYWORD: Final = re.compile(r"\s*(?P<keyword>\S+)\s*")
_HEREDOC: Final = re.compile(r"""(?:\A|(?<=\s))\d*<<(?P<dash>-?)(?:'(?P<single>[^'\s]+)'|"(?P<double>[^"\s]+)"|(?P<plain>[A-Za-z_]\w*))""")
_WITH_HEREDOCS: Final = frozenset({"ADD", "COPY", "ONBUILD", "RUN"})
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_{@*#?$!-]")
"""What begins the name of a variable behind a dollar."""


class Piece(NamedTuple):
    """A part of the joined lines of an instruction: where it begins among them, and in the text."""

    start: int
    offset: int


class Instruction(NamedTuple):
    """An instruction: its ``keyword`` in capitals, its lines joined to one, and where the arguments begin in that."""

    keyword: str
    line: str
    arguments: int
    pieces: tuple[Piece, ...]

    def offset(self, at: int) -> int:
        """Where a character of the joined line stands in the text."""
        piece = self.pieces[bisect_right(self.pieces, at, key=lambda one: one.start) - 1]
        return piece.offset + at - piece.start

    def span(self, start: int, end: int) -> Span:
        """Where a part of the joined line, which is not empty, stands in the text."""
        return Span(self.offset(start), self.offset(end - 1) + 1)

    @property
    def rest(self) -> str:
        """The arguments as they are written."""
        return self.line[self.arguments :]


class Word(NamedTuple):
    """One of several words of an instruction, as it is written, in the joined line."""

    start: int
    end: int


class Dockerfile(NamedTuple):
    """The instructions of a text, its comments, where a line goes on, and its escape character."""

    instructions: tuple[Instruction, ...]
    comments: tuple[Span, ...]
    continuations: tuple[Span, ...]
    escape: str


def read_dockerfile(content: str) -> Dockerfile:
    """Every instruction of a text; what is none has a keyword that is not in :data:`KEYWORDS`."""
    return _Reader(content).read()


class _Reader:
    def __init__(self, content: str) -> None:
        self.content = content
        self.lines = [Span(match.start(), match.start("end")) for match in _LINE.finditer(content)]
        self.escape = _escape(content, self.lines)
        self.instructions: list[Instruction] = []
        self.comments: list[Span] = []
        self.continuations: list[Span] = []
        self.ends: dict[bool, dict[str, list[int]]] = {}

    def read(self) -> Dockerfile:
        at = self._behind_blank(0)
        while at < len(self.lines):
            at = self._behind_blank(self._instruction(at))
        return Dockerfile(tuple(self.instructions), tuple(self.comments), tuple(self.continuations), self.escape)

    def _behind_blank(self, at: int) -> int:
        """The next line that is neither blank nor a comment."""
        while at < len(self.lines):
            line = self.lines[at]
            text = self.content[slice(*line)].lstrip()
            if text and not text.startswith("#"):
                break
            if text:
                self.comments.append(Span(line.end - len(text), line.end))
            at += 1
        return at

    def _instruction(self, at: int) -> int:
        """Read the instruction that begins on a line; returns the line behind it."""
        parts: list[str] = []
        pieces: list[Piece] = []
        length = 0
        while at < len(self.lines):
            line = self.lines[at]
            cut = _continued(self.content, line, self.escape)
            part = self.content[line.start : line.end if cut is None else cut]
            if part or not pieces:
                pieces.append(Piece(length, line.start))
                parts.append(part)
                length += len(part)
            at += 1
            if cut is None:
                break
            self.continuations.append(Span(cut, cut + 1))
            at = self._behind_blank(at)
        joined = "".join(parts).rstrip()
        keyword = _KEYWORD.match(joined)
        name, start = (keyword["keyword"].upper(), keyword.end()) if keyword is not None else ("", len(joined))
        self.instructions.append(Instruction(name, joined, start, tuple(pieces)))
        return self._behind_heredocs(self.instructions[-1], at)

    def _behind_heredocs(self, instruction: Instruction, at: int) -> int:
        """The line behind the heredocs of an instruction; of one that never ends there is none, as other readers of a "<<" have it."""
        if instruction.keyword not in _WITH_HEREDOCS or "<<" not in instruction.line:
            return at
        for heredoc in _HEREDOC.finditer(instruction.line):
            name = heredoc["single"] or heredoc["double"] or heredoc["plain"]
            ends = self._ends(behind_tabs=bool(heredoc["dash"])).get(name, [])
            first = bisect_left(ends, at)
            at = ends[first] + 1 if first < len(ends) else at
        return at

    def _ends(self, *, behind_tabs: bool) -> dict[str, list[int]]:
        """The lines that can end a heredoc, by the word on them; ``behind_tabs``: those with tabs before it too."""
        if behind_tabs not in self.ends:
            ends: dict[str, list[int]] = {}
            for number, line in enumerate(self.lines):
                text = self.content[slice(*line)]
                ends.setdefault(text.lstrip("\t") if behind_tabs else text, []).append(number)
            self.ends[behind_tabs] = ends
        return self.ends[behind_tabs]


def _escape(content: str, lines: list[Span]) -> str:
    """The escape character: what a directive before all else says."""
    for line in lines:
        directive = _DIRECTIVE.fullmatch(content[slice(*line)].strip())
        if directive is None:
            break
        if directive["name"].lower() == "escape" and directive["value"] == "`":
            return "`"
    return "\\"


def _continued(content: str, line: Span, escape: str) -> int | None:
    """Where the escape character stands by which a line goes on; None where it ends."""
    written = content[slice(*line)].rstrip(" \t")
    if not written.endswith(escape) or written.endswith(2 * escape):
        return None
    return line.start + len(written) - 1


# --- Words ---------------------------------------------------------------------------------------------------------------------------


def words(instruction: Instruction, escape: str) -> Iterator[Word]:
    """The words of an instruction: blanks part them that are neither in quotes nor behind an escape character."""
    line, at = instruction.line, instruction.arguments
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        start = at
        at = _word_end(line, at, escape)
        yield Word(start, at)


def _word_end(line: str, at: int, escape: str) -> int:
    while at < len(line) and not line[at].isspace():
        sign = line[at]
        if sign == escape:
            at += 2
        elif sign in "'\"":
            end = _closing(line, at, escape)
            at = end + 1 if end >= 0 else len(line)
        else:
            at += 1
    return min(at, len(line))


def _closing(line: str, start: int, escape: str) -> int:
    """Where the quote that opens at ``start`` is closed; -1 where it never is. In double quotes the escape character hides one."""
    quote = line[start]
    end = line.find(quote, start + 1)
    while quote == '"' and end >= 0 and _is_escaped(line, start + 1, end, escape):
        end = line.find(quote, end + 1)
    return end


def _is_escaped(line: str, start: int, at: int, escape: str) -> bool:
    before = at
    while before > start and line[before - 1] == escape:
        before -= 1
    return (at - before) % 2 == 1


class Assignment(NamedTuple):
    """A variable of an ``ENV`` or ``ARG``; ``value`` is None where none is given."""

    name: Word
    value: Word | None


def assignments(instruction: Instruction, escape: str) -> Iterator[Assignment]:
    """The variables of an instruction: ``NAME=value`` several times, or ``NAME`` and all behind it as one value."""
    line = instruction.line
    for number, word in enumerate(words(instruction, escape)):
        sign = line.find("=", *word)
        if sign < 0 and number == 0:
            value = word.end + len(line[word.end :]) - len(line[word.end :].lstrip())
            yield Assignment(word, Word(value, len(line)) if value < len(line) else None)
            return
        name = Word(word.start, sign if sign >= 0 else word.end)
        yield Assignment(name, Word(sign + 1, word.end) if sign >= 0 else None)


class Meaning(NamedTuple):
    """What a word stands for. ``text`` is None where a reference stands in it; ``closed``: every quote in it is closed."""

    text: str | None
    closed: bool = True


def meaning(written: str, escape: str) -> Meaning:
    """What a word stands for, without its quotes and escape characters.

    In double quotes only a quote, a dollar and the escape character itself can be escaped; ``\\n`` is no line break anywhere.
    """
    parts: list[str] = []
    is_known, at = True, 0
    while at < len(written):
        sign = written[at]
        at += 1
        if sign == "'" or sign == '"':
            end = _closing(written, at - 1, escape)
            if end < 0:
                return Meaning(None, closed=False)
            inner = Meaning(written[at:end]) if sign == "'" else _in_double_quotes(written[at:end], escape)
            is_known = is_known and inner.text is not None
            parts.append(inner.text or "")
            at = end + 1
        elif sign == escape:
            parts.append(written[at : at + 1])
            at += 1
        else:
            is_known = is_known and not (sign == "$" and _REFERENCE.match(written, at))
            parts.append(sign)
    return Meaning("".join(parts) if is_known else None)


def _in_double_quotes(written: str, escape: str) -> Meaning:
    parts: list[str] = []
    at = 0
    while at < len(written):
        sign = written[at]
        at += 1
        if sign == escape and written[at : at + 1] in ('"', "$", escape):
            sign = written[at]
            at += 1
        elif sign == "$" and _REFERENCE.match(written, at):
            return Meaning(None)
        parts.append(sign)
    return Meaning("".join(parts))
