"""Source lines of YAML and of lists of variables that are safe to show.

A source says which parts of its text are names and values; all else but signs and blanks is masked, and so is every line on which a
value goes on. A value is shown only behind a name that is known to be no secret's, and a name only when it is known, for what was
meant to be a secret can turn out to be a name (``password: {hunter2}``).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..model import MASK, Excerpt, Span, Text, printable, without_credentials
from ._excerpt import Piece, Visibility, column_of

if TYPE_CHECKING:
    from ._yaml import Scalar

_WIDEST = 160
_SHOWN_OF_LONG = 100
_BETWEEN = re.compile(
    r"""(?P<signs>(?:[\s\-:{}\[\],?="']|\bexport\b)*)(?:(?P<comment>#.*)|(?P<other>.*?)(?P<behind>[\s{\[]*))""",
    re.DOTALL,
)
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]{0,2}")
_HARMLESS = frozenset({"true", "false", "null", '""', "''"})
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)=")


class Token(NamedTuple):
    """A name, or a value behind a ``name``, where it stands (quotes included). ``text`` is what is meant: without quotes and escapes."""

    span: Span
    role: Literal["name", "value"]
    name: str
    text: str


class LineExcerpts:
    """Excerpts of a text whose ``tokens``, in their order and without overlaps, are known."""

    def __init__(self, text: Text, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._starts = [token.span.start for token in tokens]

    def excerpt(self, span: Span, visibility: Visibility, *, show: bool) -> Excerpt:
        """The line on which ``span`` starts, masked.

        ``show`` lets the value at ``span`` itself be seen although its name does not tell that it is public (``value:`` below
        ``name: MEDPLUM_PORT``). ``visibility.known`` must name the names that are known, not all of them.
        """
        line = self._text.position(span.start).line
        whole = self._text.line_span(line)
        shown = Span(*whole) if whole.end - whole.start <= _WIDEST else self._part(whole, span)
        reader = _Reader(self._text.content, visibility, span, show=show)
        pieces = list(reader.pieces(shown, self._tokens_in(shown)))
        lead, tail = "…" if shown.start > whole.start else "", "…" if shown.end < whole.end else ""
        under_start = len(lead) + column_of(pieces, span.start, at_end=False)
        under_end = len(lead) + column_of(pieces, min(span.end, shown.end), at_end=True)
        return Excerpt(line, lead + "".join(piece.text for piece in pieces) + tail, under_start, max(under_end, under_start + 1))

    def in_token(self, offset: int) -> bool:
        """Whether a character is part of a name or value: a "#" that is not may begin a comment."""
        return bool(self._tokens_in(Span(offset, offset + 1)))

    def _part(self, whole: Span, span: Span) -> Span:
        """The part of a long line that is shown: from the name before the span on, if that is near."""
        start = next(self._names_before(max(whole.start, span.start - _SHOWN_OF_LONG + 1), span.start), span.start)
        return Span(start, min(whole.end, start + _SHOWN_OF_LONG))

    def _names_before(self, first: int, last: int) -> Iterator[int]:
        """Where the names start that begin in a part of the text, the last one first."""
        index = bisect_right(self._starts, last) - 1
        while index >= 0 and self._starts[index] >= first:
            if self._tokens[index].role == "name":
                yield self._starts[index]
            index -= 1

    def _tokens_in(self, part: Span) -> Sequence[Token]:
        """The tokens of which something stands in a part of the text."""
        first = bisect_left(self._starts, part.start)
        if first and self._tokens[first - 1].span.end > part.start:
            first -= 1
        return self._tokens[first : bisect_left(self._starts, part.end)]


def yaml_tokens(content: str, *, assignments: bool = False, given: Iterable[Scalar] | None = None) -> list[Token]:
    """The names and values of a YAML text up to the first mistake in it.

    ``assignments``: list items such as ``NAME=value`` are a name and a value. ``given`` are the scalars of the text, where they are known.
    """
    from ._yaml import scalars

    tokens: list[Token] = []
    for one in scalars(content) if given is None else given:
        split = _ASSIGNMENT.match(one.text) if assignments and one.in_list and one.style in ("plain", "single", "double") else None
        at = one.span.start + (one.style != "plain")
        if split is not None and content.startswith(one.text, at):
            end = at + split.end() - 1
            tokens.append(Token(Span(at, end), "name", split[1], split[1]))
            tokens.append(Token(Span(end + 1, at + len(one.text)), "value", split[1], one.text[split.end() :]))
        elif one.span.end > one.span.start:
            tokens.append(Token(one.span, "name" if one.is_key else "value", one.name, one.text))
    return tokens


class _Reader:
    """Goes through a line."""

    def __init__(self, content: str, visibility: Visibility, span: Span, *, show: bool) -> None:
        self._content = content
        self._visibility = visibility
        self._span = span
        self._show = show

    def pieces(self, part: Span, tokens: Sequence[Token]) -> Iterator[Piece]:
        """The parts of ``part`` with the text to show for each."""
        at = part.start
        for token in tokens:
            if token.span.start > at:
                yield from self._gap(Span(at, token.span.start))
            start, at = max(token.span.start, part.start), min(token.span.end, part.end)
            if start > token.span.start:  # a line on which a value goes on
                indented = start + len(self._content[start:at]) - len(self._content[start:at].lstrip())
                yield Piece(start, indented, " " * (indented - start))
                yield Piece(indented, at, MASK)
            else:
                yield Piece(start, at, self._token(token, Span(start, at))[:_SHOWN_OF_LONG])
        if at < part.end:
            yield from self._gap(Span(at, part.end))

    def _gap(self, gap: Span) -> Iterator[Piece]:
        """What stands between tokens: signs and blanks are shown. Nobody knows what a comment, or anything else, holds."""
        match = _BETWEEN.fullmatch(self._content, *gap)
        assert match is not None  # the pattern matches everything
        for part in ("signs", "comment", "other", "behind"):
            start, end = match.span(part)
            if start < end:
                shown = {"comment": f"# {MASK}", "other": MASK}.get(part)
                yield Piece(start, end, shown or printable(match[part].replace("\t", " ")))

    def _token(self, token: Token, seen: Span) -> str:
        """A token, of which ``seen`` stands in the part that is shown."""
        written = self._content[seen.start : seen.end]
        if token.role == "name":
            visible = seen == token.span and self._is_nameable(token)
            return printable(written.replace("\t", " ")) if visible else MASK
        if self._goes_on(token):
            return written if _BLOCK_HEADER.fullmatch(written) else MASK
        if written in _HARMLESS:
            return written
        return self._value(token, written) if self._is_public(token) else _quoted_mask(written)

    def _goes_on(self, token: Token) -> bool:
        """Whether a value takes more than one line."""
        return any(self._content.find(end, *token.span) >= 0 for end in "\r\n")

    def _is_nameable(self, token: Token) -> bool:
        return token.span == self._span or self._visibility.known(token.name) or self._visibility.public(token.name)

    def _is_public(self, token: Token) -> bool:
        if self._visibility.public(token.name):
            return True
        return self._show and token.span.start <= self._span.start and self._span.end <= token.span.end

    def _value(self, token: Token, written: str) -> str:
        """A value that is public, but for a password in a URL, and a private key where none belongs."""
        shown = without_credentials(token.text)
        if "PRIVATE KEY" in token.text:
            return _quoted_mask(written)
        if shown == token.text:
            return printable(written.replace("\t", " "))
        quote = written[0] if written[0] in "\"'" else ""
        return printable(f"{quote}{shown}{quote}")


def _quoted_mask(written: str) -> str:
    quote = written[0] if written[:1] in ('"', "'") else ""
    return f"{quote}{MASK}{quote}"
