"""Dockerfiles: their instructions, the words of one, and the meaning of a word, each with its place.

Parsed like BuildKit (``frontend/dockerfile/parser`` and ``shell/lex.go``): an instruction continues after an escape character at the end of
its line, over comments and blank lines; the escape character is a backslash or set by the directive ``escape``; the lines of a heredoc
belong to the instruction before them.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache

from ..model import gathered
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
_REFERENCE: Final = re.compile(r"\$[A-Za-z0-9_{@*#?$!-]")
"""A dollar and the beginning of the variable's name after it."""


class Instruction(NamedTuple):
    """An instruction: its ``keyword`` in capitals, its lines joined into one, and where the arguments begin in that.

    ``pieces`` are the starts of the parts in the joined line, and in the text.
    """

    keyword: str
    line: str
    arguments: int
    pieces: tuple[tuple[int, int], ...]

    def offset(self, at: int) -> int:
        """The place in the text of a character of the joined line."""
        start, offset = self.pieces[bisect_right(self.pieces, (at, sys.maxsize)) - 1]
        return offset + at - start

    def span(self, start: int, end: int) -> Span:
        """The place in the text of a part of the joined line, which is not empty."""
        return Span(self.offset(start), self.offset(end - 1) + 1)

    @property
    def rest(self) -> str:
        """The arguments as they are written."""
        return self.line[self.arguments :]


class Dockerfile(NamedTuple):
    """The instructions of a text, its comments, where a line continues, and its escape character."""

    instructions: tuple[Instruction, ...]
    comments: tuple[Span, ...]
    continuations: tuple[Span, ...]
    escape: str


def read_dockerfile(content: str) -> Dockerfile:
    """Every instruction of a text; an invalid one has a keyword that is not in :data:`KEYWORDS`."""
    lines = [Span(match.start(), match.start("end")) for match in _LINE.finditer(content)]
    escape = _escape(content, lines)
    ends = _ends_of_heredocs(content, lines) if "<<" in content else {}
    instructions: list[Instruction] = []
    comments: list[Span] = []
    continuations: list[Span] = []
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    at = length = 0
    while at < len(lines):
        line = lines[at]
        text = content[slice(*line)].rstrip(" \t")
        at += 1
        if not text.strip() or text.lstrip().startswith("#"):
            start = line.end - len(content[slice(*line)].lstrip())
            comments += [Span(start, line.end)] if start < line.end else []
            goes_on = bool(pieces)
        else:
            goes_on = text.endswith(escape) and not text.endswith(2 * escape)
            part = text[:-1] if goes_on else content[slice(*line)]
            if part or not pieces:
                pieces.append((length, line.start))
                parts.append(part)
                length += len(part)
            continuations += [Span(line.start + len(part), line.start + len(part) + 1)] if goes_on else []
        if pieces and (not goes_on or at == len(lines)):
            instructions.append(_instruction("".join(parts).rstrip(), tuple(pieces)))
            at = _after_heredocs(instructions[-1], ends, at)
            parts, pieces, length = [], [], 0
    return Dockerfile(tuple(instructions), tuple(comments), tuple(continuations), escape)


def _instruction(line: str, pieces: tuple[tuple[int, int], ...]) -> Instruction:
    keyword = _KEYWORD.match(line)
    return Instruction("", line, len(line), pieces) if keyword is None else Instruction(keyword[1].upper(), line, keyword.end(), pieces)


def _ends_of_heredocs(content: str, lines: list[Span]) -> dict[tuple[bool, str], list[int]]:
    """The lines that can end a heredoc, by the word on them; after a dash there can be tabs before the word."""
    texts = (content[slice(*line)] for line in lines)
    return gathered((key, number) for number, text in enumerate(texts) for key in ((False, text), (True, text.lstrip("\t"))))


def _after_heredocs(instruction: Instruction, ends: dict[tuple[bool, str], list[int]], at: int) -> int:
    """The line after the heredocs of an instruction; one that never ends is not a heredoc, as for other readers of "<<"."""
    for heredoc in _HEREDOC.finditer(instruction.line) if instruction.keyword in _WITH_HEREDOCS else ():
        numbers = ends.get((bool(heredoc["dash"]), heredoc["single"] or heredoc["double"] or heredoc["plain"]), [])
        first = bisect_left(numbers, at)
        at = numbers[first] + 1 if first < len(numbers) else at
    return at


def _escape(content: str, lines: list[Span]) -> str:
    """The escape character, from a directive at the very start."""
    for line in lines:
        directive = _DIRECTIVE.fullmatch(content[slice(*line)].strip())
        if directive is None:
            break
        if directive["name"].lower() == "escape" and directive["value"] == "`":
            return "`"
    return "\\"


# --- Words ---------------------------------------------------------------------------------------------------------------------------


@lru_cache
def _units(escape: str) -> re.Pattern[str]:
    """The units of a word: quoted parts, the last of which may be unclosed, escaped characters, and others."""
    sign = re.escape(escape)
    quoted = rf"""'[^']*(?P<single>')?|"(?:[^"{sign}]|{sign}.)*(?P<double>")?"""
    return re.compile(rf"(?P<quoted>{quoted})|{sign}(?P<escaped>.?)|(?P<other>.)", re.DOTALL)


def words(instruction: Instruction, escape: str) -> Iterator[Span]:
    """The words of an instruction, in the joined line, split at unquoted, unescaped blanks."""
    start = at = instruction.arguments
    for unit in _units(escape).finditer(instruction.line, at):
        at = unit.end()
        if (unit["other"] or "x").isspace():
            if start < unit.start():
                yield Span(start, unit.start())
            start = at
    if start < at:
        yield Span(start, at)


class Assignment(NamedTuple):
    """A variable of an ``ENV`` or ``ARG``; ``value`` is None where none is given."""

    name: Span
    value: Span | None


def assignments(instruction: Instruction, escape: str) -> Iterator[Assignment]:
    """The variables of an instruction: several ``NAME=value``, or ``NAME`` with the rest of the line as one value."""
    line = instruction.line
    for number, word in enumerate(words(instruction, escape)):
        sign = line.find("=", *word)
        if sign < 0 and number == 0:
            value = word.end + len(line[word.end :]) - len(line[word.end :].lstrip())
            yield Assignment(word, Span(value, len(line)) if value < len(line) else None)
            return
        name = Span(word.start, sign if sign >= 0 else word.end)
        yield Assignment(name, Span(sign + 1, word.end) if sign >= 0 else None)


class Meaning(NamedTuple):
    """The meaning of a word. ``text`` is None if it contains a reference; ``closed``: every quote in it is closed."""

    text: str | None
    closed: bool = True


def meaning(written: str, escape: str) -> Meaning:
    """The meaning of a word, without its quotes and escape characters.

    In double quotes only a quote, a dollar and the escape character itself can be escaped; ``\\n`` is never a line break.
    """
    escaped = re.compile(rf'{re.escape(escape)}(["${re.escape(escape)}])')
    parts: list[str] = []
    is_known = True
    for unit in _units(escape).finditer(written):
        inner = unit[0][1:-1]
        if unit["quoted"] and not (unit["single"] or unit["double"]):
            return Meaning(None, closed=False)
        if unit["single"]:
            parts.append(inner)
        elif unit["double"]:
            is_known = is_known and _REFERENCE.search(escaped.sub(" ", inner)) is None
            parts.append(escaped.sub(r"\1", inner))
        elif unit["other"]:
            is_known = is_known and _REFERENCE.match(written, unit.start()) is None
            parts.append(unit["other"])
        else:
            parts.append(unit["escaped"])
    return Meaning("".join(parts) if is_known else None)
