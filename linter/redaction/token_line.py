"""Source lines of YAML and of lists of variables that are safe to show.

A source says which parts of its text are names and values; all else but signs and blanks is masked, and so is every line on which a
value goes on. A value is shown only behind a name that is known to be no secret's, and a name only when it is known, for what was
meant to be a secret can turn out to be a name (``password: {hunter2}``).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from ..text import MASK, Excerpt, Piece, Span, Text, printable
from ..typed import TYPE_CHECKING, Literal, NamedTuple, Protocol
from .credentials import without_credentials
from .json_line import SHOWN_OF_LONG, WIDEST, excerpt_of, is_shown_whole
from .values import LONGEST_LEGIBLE, Public, Visibility, shown_again, visible_text

if TYPE_CHECKING:
    from ..syntax.yaml import Yaml

_FARTHEST = 2_000
"""Characters behind a place of a long line that are looked at."""
_BETWEEN = re.compile(
    r"""(?P<signs>(?:[\s\-:{}\[\],?="']|\bexport\b)*)(?:(?P<comment>#.*)|(?P<other>.*?)(?P<behind>[\s{\[]*))""",
    re.DOTALL,
)
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]{0,2}")
_SUPPRESSION = re.compile(r"#+[ \t]*medplum-lint[ \t]*:.*", re.DOTALL)
_HARMLESS = frozenset({"true", "false", "null", '""', "''"})
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)=")


class Token(NamedTuple):
    """A name, or a value behind a ``name``, where it stands (quotes included). ``text`` is what is meant: without quotes and escapes."""

    span: Span
    role: Literal["name", "value"]
    name: str
    text: str


class Tokens(Protocol):
    """The tokens of a text, by where they stand."""

    def within(self, part: Span) -> Sequence[Token]:
        """The tokens of which something stands in a part of the text, in their order."""


class ListedTokens:
    """Tokens that are all known, in their order and without overlaps."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._starts = [token.span.start for token in tokens]

    def within(self, part: Span) -> Sequence[Token]:
        """See :meth:`Tokens.within`."""
        first = bisect_left(self._starts, part.start)
        if first and self._tokens[first - 1].span.end > part.start:
            first -= 1
        return self._tokens[first : bisect_left(self._starts, part.end)]


class LineExcerpts:
    """Excerpts of a text whose ``tokens`` are known: all of them, or those near a place."""

    def __init__(self, text: Text, tokens: Tokens) -> None:
        self._text = text
        self._tokens = tokens
        self._shown_whole: dict[int, bool] = {}

    def excerpt(self, span: Span, visibility: Visibility, *, show: Public | None) -> Excerpt:
        """The line on which ``span`` starts, masked.

        ``show`` lets the value at ``span`` itself be seen, as one of these settings, although its name does not tell that it is public
        (``value:`` below ``name: MEDPLUM_PORT``). ``visibility.known`` must name the names that are known, not all of them.
        """
        line = self._text.position(span.start).line
        whole = self._text.line_span(line)
        start, width, part = whole.start, WIDEST, Span(*whole)
        if not self._is_shown_whole(line, whole, visibility):
            start = next(self._names_before(max(whole.start, span.start - SHOWN_OF_LONG + 1), span.start), span.start)
            width, part = SHOWN_OF_LONG, Span(start, min(whole.end, span.start + _FARTHEST))
        pieces = _LineReader(self._text, visibility, span, show).pieces(part, self._tokens.within(part))
        return excerpt_of(line, whole, span, pieces, start, width)

    def _is_shown_whole(self, line: int, whole: Span, visibility: Visibility) -> bool:
        """Whether a line is short; found out once for each, for there can be as many findings in one as it has characters."""
        if line not in self._shown_whole:
            self._shown_whole[line] = is_shown_whole(whole, self.pieces(whole, visibility))
        return self._shown_whole[line]

    def pieces(self, part: Span, visibility: Visibility) -> Iterator[Piece]:
        """A part of one line, from its start on, in pieces; see :meth:`linter.model.Origin.pieces`."""
        return _LineReader(self._text, visibility, Span(0, 0), None).pieces(part, self._tokens.within(part))

    def _names_before(self, first: int, last: int) -> Iterator[int]:
        """Where the names start that begin in a part of the text, the last one first."""
        tokens = reversed(self._tokens.within(Span(first, last + 1)))
        return (token.span.start for token in tokens if token.role == "name" and token.span.start >= first)


def yaml_tokens(content: str, documents: Iterable[Yaml], *, assignments: bool = False) -> list[Token]:
    """The names and values of a YAML text up to the first mistake in it.

    ``assignments``: list items such as ``NAME=value`` are a name and a value.
    """
    from ..syntax.yaml import scalars

    tokens: list[Token] = []
    for one in scalars(documents):
        split = _ASSIGNMENT.match(one.text) if assignments and one.in_list and one.style in ("plain", "single", "double") else None
        at = one.span.start + (one.style != "plain")
        if split is not None and content.startswith(split[0], at):
            end = at + split.end() - 1
            tokens.append(Token(Span(at, end), "name", split[1], split[1]))
            if end + 1 < (close := one.span.end - (one.style != "plain")):
                tokens.append(Token(Span(end + 1, close), "value", split[1], one.text[split.end() :]))
        elif one.span.end > one.span.start:
            tokens.append(Token(one.span, "name" if one.is_key else "value", one.name, one.text))
    return tokens


class _LineReader:
    """Goes through a line."""

    def __init__(self, text: Text, visibility: Visibility, span: Span, show: Public | None) -> None:
        self._text = text
        self._content = text.content
        self._visibility = visibility
        self._span = span
        self._show = show

    def pieces(self, part: Span, tokens: Iterable[Token]) -> Iterator[Piece]:
        """The parts of ``part`` with the text to show for each."""
        at = part.start
        for token in tokens:
            if token.span.start > at:
                yield from self._gap(Span(at, token.span.start))
            start, at = max(token.span.start, part.start), min(token.span.end, part.end)
            if start > token.span.start and not self._is_shown_whole(token):  # a line on which a value goes on
                indented = start + len(self._content[start:at]) - len(self._content[start:at].lstrip())
                yield Piece(start, indented, " " * (indented - start))
                yield Piece(indented, at, MASK, masked=True)
            else:
                text, masked = self._token(token, Span(start, at))
                yield Piece(start, at, text[:SHOWN_OF_LONG], masked)
        if at < part.end:
            yield from self._gap(Span(at, part.end))

    def _gap(self, gap: Span) -> Iterator[Piece]:
        """What stands between tokens: signs and blanks are shown. Nobody knows what a comment, or anything else, holds."""
        match = _BETWEEN.fullmatch(self._content, *gap)
        assert match is not None  # the pattern matches everything
        for part in ("signs", "comment", "other", "behind"):
            start, end = match.span(part)
            if start == end:
                continue
            if part == "comment":
                yield _comment(start, end, match[part])
            elif part == "other":
                yield Piece(start, end, MASK, masked=True)
            else:
                yield Piece(start, end, printable(match[part].replace("\t", " ")))

    def _token(self, token: Token, seen: Span) -> tuple[str, bool]:
        """What to show for a token, of which ``seen`` stands in the part that is shown, and whether that is not all of it."""
        written = self._content[seen.start : seen.end]
        if token.role == "name":
            visible = seen == token.span and self._is_nameable(token)
            return (printable(written.replace("\t", " ")), False) if visible else (MASK, True)
        if self._goes_on(token):
            return self._part(token, seen, written)
        if written in _HARMLESS:
            return written, False
        return _value(token, written, self._public(token))

    def _goes_on(self, token: Token) -> bool:
        """Whether a value takes more than one line. The lines are known, so that a long value is not read anew for each excerpt."""
        first, last = (self._text.position(at).line for at in token.span)
        return first < last

    def _part(self, token: Token, seen: Span, written: str) -> tuple[str, bool]:
        """What to show for a line of a value that takes several, and whether that is not all of it."""
        is_header = _BLOCK_HEADER.fullmatch(written) is not None
        if seen.start == token.span.start and written[:1] in ("|", ">") and not is_header:  # with a comment
            return MASK, True
        if self._is_shown_whole(token):
            return printable(written.replace("\t", " ")), False
        return (written, True) if is_header else (MASK, True)

    def _is_shown_whole(self, token: Token) -> bool:
        """Whether a value that takes several lines is shown: only JSON, of which a quote that is not closed makes none."""
        if token.role != "value" or len(token.text) > LONGEST_LEGIBLE or not token.text.lstrip().startswith(("[", "{")):
            return False
        public = self._public(token)
        return public is not None and not callable(public) and shown_again(token.text, public) == token.text

    def _is_nameable(self, token: Token) -> bool:
        named = token.span == self._span or self._visibility.known(token.name)
        return named or self._visibility.public(token.name) is not None

    def _public(self, token: Token) -> Public | None:
        """The settings of which a value can be; None where it may not be shown."""
        public = self._visibility.value_at(token.span.start, self._visibility.public(token.name))
        if public is None and token.span.start <= self._span.start and self._span.end <= token.span.end:
            return self._show
        return public


def _value(token: Token, written: str, public: Public | None) -> tuple[str, bool]:
    """A value as it may be shown, and whether something of it is masked."""
    quote = written[0] if written[:1] in ('"', "'") else ""
    shown = visible_text(token.text, public)
    if shown is None:
        return f"{quote}{MASK}{quote}", True
    if shown == token.text:
        return printable(written.replace("\t", " ")), False
    return printable(f"{quote}{shown}{quote}"), True


def _comment(start: int, end: int, written: str) -> Piece:
    """A comment, of which nobody knows what it holds, unless it is one by which a finding is accepted."""
    if _SUPPRESSION.fullmatch(written) is None:
        return Piece(start, end, f"# {MASK}", masked=True)
    shown = without_credentials(written)
    return Piece(start, end, printable(shown.replace("\t", " ")), shown != written)
