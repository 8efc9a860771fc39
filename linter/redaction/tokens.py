"""The names and values of a text, for masking its lines: in JSON, YAML, lists of variables and Dockerfiles."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from ..patterns import pattern
from ..text import Span
from ..typed import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from ..syntax.yaml import Yaml

_TOKEN: Final = pattern(
    r'(?P<string>"(?:[^"\\\n\r]|\\.)*(?P<closed>")?)|(?P<blank>[^\S\n\r]+)|(?P<sign>[{}\[\]:,])'
    r'|(?P<word>(?:(?!//|/\*)[^\s{}\[\]:,"])+)|(?P<comment>/.)',
    re.DOTALL,
)
_COLON: Final = pattern(r"[ \t\r\n]*:")
_ENDS_WELL: Final = pattern(r"[^\S\r\n]*(?:[,\]}\r\n]|//|/\*|\Z)")
_WITHIN_A_STRING: Final = pattern(r"[\x00-\x1f\\\ufffd]")
"""What a place inside of a string begins with: a character that must be escaped, a wrong escape, or what is not UTF-8."""
_ASSIGNMENT: Final = pattern(r"([A-Za-z_][A-Za-z0-9_.]*)=")
_ON_ONE_LINE: Final = ("plain", "single", "double")


class Token(NamedTuple):
    """A name, or a value after a ``name``, with its place (quotes included).

    ``role`` distinguishes a ``member`` of JSON from other names, and a ``word`` of JSON, which has no quotes, from other values. ``name``
    is None for a value whose name is not known. ``text`` is the unquoted, unescaped text; None if that cannot be known. A ``doubtful``
    token can be something else than it seems, and is shown only whole.
    """

    span: Span
    role: Literal["name", "member", "value", "word", "comment"]
    name: str | None
    text: str | None
    doubtful: bool = False


class ListedTokens:
    """Tokens that are all known, in order and without overlaps."""

    farthest = 2_000
    """The number of characters after a place that are examined for a line."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._starts = [token.span.start for token in tokens]

    def within(self, part: Span) -> Iterator[Token]:
        """The tokens that overlap a part of a line, in order."""
        first = bisect_left(self._starts, part.start)
        if first and self._tokens[first - 1].span.end > part.start:
            first -= 1
        for index in range(first, bisect_left(self._starts, part.end)):
            yield self._tokens[index]

    def name_before(self, first: int, last: int) -> int | None:
        """The start of the last name that begins in a part of the text; None if there is none."""
        tokens = reversed(list(self.within(Span(first, last + 1))))
        return next((token.span.start for token in tokens if token.role == "name" and token.span.start >= first), None)


class JsonTokens:
    """The tokens of JSON, read line by line: a text that is not valid JSON reveals no more than one that is.

    A value belongs to the name right before it, or to the one before its list. ``lost``: the tokens make no sense any more, or the line
    does not begin with one; then no value is assigned to a name.
    """

    farthest = 10_000

    def __init__(self, content: str) -> None:
        self._content = content

    def name_before(self, _first: int, _last: int) -> int | None:
        """Nothing: the start of a string cannot be found from within a line."""
        return None

    def within(self, part: Span) -> Iterator[Token]:
        """See :meth:`ListedTokens.within`. Only the text before a token in the part tells whose value it is."""
        content, end = self._content, min(part.end, part.start + self.farthest)
        is_within_line = content[max(part.start - 1, 0) : part.start] not in ("", "\n", "\r")
        lost = is_within_line and _WITHIN_A_STRING.match(content, part.start) is not None
        name: str | None = None
        lists, due, colon_due = 0, True, False
        at = part.start
        while (match := _TOKEN.search(content, at, end)) is not None:  # in a long line only the shown part is examined
            kind, token, span, at = match.lastgroup, match[0], Span(*match.span()), match.end()
            if kind == "comment":
                # A comment can contain anything, and end anywhere.
                yield Token(Span(span.start, part.end), "comment", None, None)
                return
            if token == ":":
                lost, colon_due = lost or not colon_due, False
            elif kind == "sign":
                lists = lists + 1 if token == "[" else max(lists - 1, 0) if token == "]" else lists
                name = name if token == "[" or (token in ",]" and lists > 0) else None
                due = token in ",[{"
            elif kind != "blank":
                lost = lost or not due or colon_due
                if match["closed"] and _COLON.match(content, span.end):
                    yield Token(span, "member", token[1:-1], None, doubtful=lost)
                    name, lists, due, colon_due = token[1:-1], 0, True, True
                else:
                    yield self._value(match, span, None if lost else name)
                    name, due = name if lists > 0 else None, False
                name = None if lost else name
        if end < part.end:
            yield Token(Span(end, part.end), "word", None, None)

    def _value(self, match: re.Match[str], span: Span, name: str | None) -> Token:
        if match["word"]:
            return Token(span, "word", name, match[0], doubtful=True)
        text: str | None = None
        has_escapes = "\\" in match[0]
        if match["closed"] and _ENDS_WELL.match(self._content, span.end):
            with suppress(ValueError):  # a wrong escape
                text = json.loads(match[0], strict=False) if has_escapes else match[0][1:-1]
        return Token(span, "value", name, text, doubtful=has_escapes)


Tokens = ListedTokens | JsonTokens


def yaml_tokens(content: str, documents: Iterable[Yaml], *, assignments: bool = False) -> ListedTokens:
    """The names and values of a YAML text up to its first mistake. ``assignments``: list items ``NAME=value`` are both."""
    from ..syntax.yaml import scalars

    tokens: list[Token] = []
    for one in scalars(documents):
        split = _ASSIGNMENT.match(one.text) if assignments and one.in_list and one.style in _ON_ONE_LINE else None
        at = one.span.start + (one.style != "plain")
        if split is not None and content.startswith(split[0], at):
            end = at + split.end() - 1
            tokens.append(Token(Span(at, end), "name", split[1], split[1]))
            if end + 1 < (close := one.span.end - (one.style != "plain")):
                tokens.append(Token(Span(end + 1, close), "value", split[1], one.text[split.end() :]))
        elif one.span.end > one.span.start:
            tokens.append(Token(one.span, "name" if one.is_key else "value", one.name, one.text))
    return ListedTokens(tokens)
