"""A parser for texts that are almost JSON, or too deeply nested for the C parser: it reports each mistake with its place and goes on.

It loops instead of recursing, and records the place of everything. It is an order of magnitude slower than the C parser.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any
from .places import NOTHING, Json, JsonPath, Place, SyntaxProblem, whole_number
from .quotes import closing_quote, replace_escapes

_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NO_BLANK = re.compile(r"(?:[^\S \t\n\r]|[\ufeff\u200b\u2060])+")
"""Characters that look like blanks, or like nothing, but are not white space in JSON: a no-break space from a web page, U+2028."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.+-])")
_WORD = re.compile(r"""[^\s,\[\]{}:"/]+""")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_AFTER_STRING = re.compile(r"[ \t\n\r]*(?:[,:\]}]|//|/\*|\Z)")
_BARE_MEMBER = re.compile(r'"[^"\\\r\n]*"[ \t]*:')
"""The name of a member and its colon."""
DEEPEST_NAMED = 100
"""The depth to which a mistake is reported with the names that lead to it: no configuration is as deep, and each level has a name."""
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}


class RecordedPlaces:
    """A parsed value, with the values in it.

    An unfinished container extends to the end of the text until it is closed. ``step`` is its place in the container around it.
    """

    __slots__ = ("members", "place", "step", "value")

    def __init__(self, value: Any, place: Place, step: str | int) -> None:
        self.value = value
        self.place = place
        self.step = step
        self.members: dict[str | int, RecordedPlaces] = {}

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`linter.syntax.places.Places.find`."""
        node: RecordedPlaces | None = self
        for step in path:
            node = None if node is None else node.members.get(step)
        return None if node is None else node.place


class _Broken(Exception):
    """The rest cannot be parsed: a message, and a span."""


def parse_tolerantly(content: str, start: int = 0, end: int | None = None) -> Json:
    """Parse a text, or a part of one, as JSON, reporting its mistakes; never raises."""
    return _TolerantReader(content, start, len(content) if end is None else end).read()


class _TolerantReader:
    def __init__(self, content: str, start: int, end: int) -> None:
        self.content = content
        self.at = start
        self.end = end
        self.problems: list[SyntaxProblem] = []
        self.open: list[RecordedPlaces] = []
        self.root: RecordedPlaces | None = None
        self.is_bare = False
        """Whether the text begins with a member, so that its root is an object without its opening brace."""

    def read(self) -> Json:
        whole = True
        try:
            self._read_all()
        except _Broken as broken:
            self._report(*broken.args)
            whole = False
        value, places = (UNKNOWN, NOTHING.places) if self.root is None else (self.root.value, self.root)
        return Json(value, tuple(sorted(self.problems, key=lambda problem: problem.span)), places, whole)

    def _read_all(self) -> None:
        self._skip()
        if self.at == self.end:
            raise _Broken("the file is empty", Span(0, 0))
        if _BARE_MEMBER.match(self.content, self.at, self.end):
            self.root = RecordedPlaces({}, Place(Span(self.at, self.end), None), 0)
            self.open.append(self.root)
            self.is_bare = True
            self._report("there are no braces around the members", self._token_span(), "json-without-braces", lossy=False)
        else:
            self._value(None)
        while self.open:
            self._member(self.open[-1])
        self._skip()
        if self.at < self.end and self.problems and self.root is not None and not isinstance(self.root.value, dict | list):
            first = self.problems.pop()  # the text is no JSON at all, which is one mistake
            raise _Broken(first.message, first.span)
        if self.at < self.end:
            raise self._broken("something follows the end of the JSON value")

    def _report(self, message: str, span: Span, name: str = "invalid-json", **more: Any) -> None:
        self.problems.append(SyntaxProblem(name, message, span, **more))

    def _broken(self, message: str) -> _Broken:
        """The mistake in the next word that stops the parser."""
        return _Broken(message, self._token_span())

    @property
    def _next(self) -> str:
        """The next character; empty at the end of the text."""
        return self.content[self.at] if self.at < self.end else ""

    def _member(self, container: RecordedPlaces) -> None:
        """Read the next part of the innermost open container: its end, or one more member."""
        opener, closer = "{}" if isinstance(container.value, dict) else "[]"
        self._skip()
        if container.members and self._next == ",":
            comma = Span(self.at, self.at + 1)
            self.at += 1
            self._skip()
            if self._next == closer:
                self._report("a comma follows the last member", comma, "json-trailing-comma", lossy=False)
        elif container.members and self._next not in ("", *"]}"):
            if opener == "{" and self._next != '"':
                raise self._broken('a comma or "}" is expected here')
            self._report("a comma is missing before this", self._token_span())
        if self._next == closer or (self.is_bare and container is self.root and not self._next):
            self.at += len(self._next)
            container.place = Place(Span(container.place.value.start, self.at), container.place.key)
            self.open.pop()
        elif not self._next:
            start = container.place.value.start
            raise _Broken(f'the file ends before the "{closer}" that closes this "{opener}"', Span(start, start + 1))
        elif self._next in "]}":
            raise self._broken(f'a "{closer}" is expected here')
        else:
            self._value(self._key(container) if opener == "{" else None)

    def _key(self, container: RecordedPlaces) -> tuple[str, Span]:
        """Read the name of a member and the colon after it."""
        start = self.at
        if self._next != '"':
            if self._next == ",":
                raise self._broken("a member is missing before this comma")
            raise self._broken("the name of a member is expected here, in double quotes")
        name = self._string()
        span = Span(start, self.at)
        if name in container.members:
            known = container.members[name]
            path = (*(holder.step for holder in self.open[1:]), name) if len(self.open) <= DEEPEST_NAMED else None
            dropped = known.place.value if isinstance(known.value, dict | list) else None
            message = "this name is given twice in one object"
            self._report(message, span, "json-duplicate-key", path=path, fatal=False, lossy=False, dropped=dropped)
        self._skip()
        if self._next != ":":
            raise self._broken("a colon is expected after the name of a member")
        self.at += 1
        return name, span

    def _value(self, key: tuple[str, Span] | None) -> None:
        """Read a value, or the opening bracket of one."""
        self._skip()
        start, first = self.at, self._next
        if not first:
            raise self._broken("the file ends where a value is expected")
        if first in ",:]}":
            raise self._broken("a value is missing here")
        if first == "'":
            raise self._broken("strings are written in double quotes")
        opens = first in "{["
        value: Any = {} if first == "{" else [] if opens else self._string() if first == '"' else self._scalar()
        self.at += opens
        step, key_span = (len(self.open[-1].members) if self.open else 0, None) if key is None else key
        node = RecordedPlaces(value, Place(Span(start, self.end if opens else self.at), key_span), step)
        if not self.open:
            self.root = node
        else:
            holder = self.open[-1]
            holder.members[step] = node
            if key is None:
                holder.value.append(value)
            else:
                holder.value[step] = value
        if opens:
            self.open.append(node)

    def _scalar(self) -> Any:
        number = _NUMBER.match(self.content, self.at, self.end)
        if number:
            self.at = number.end()
            return json.loads(number[0], parse_int=whole_number)
        span = self._token_span()
        word = self.content[span.start : span.end]
        self.at = span.end
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        self._report(_word_message(word), span)
        return UNKNOWN

    def _string(self) -> str:
        start = self.at
        with suppress(ValueError):
            text, end = scanstring(self.content, start + 1)
            if end <= self.end:
                self.at = end
                return str(text)
        end = closing_quote(self.content, start)
        if not 0 <= end < self.end:
            raise self._broken("a string is not closed")
        body = self.content[start + 1 : end]
        control = re.search(r"[\x00-\x1f]", body)
        line_break = re.search(r"[\n\r]", body)
        if line_break and not _AFTER_STRING.match(self.content, end + 1, self.end):
            raise _Broken("a string is not closed on its line", Span(start, start + 1 + line_break.start()))
        self.at = end + 1
        if control:
            at = start + 1 + control.start()
            what = "a line break" if control[0] in "\n\r" else "a tab" if control[0] == "\t" else "a control character"
            escape = {"\n": "\\n", "\r": "\\r\\n", "\t": "\\t"}.get(control[0], f"\\u{ord(control[0]):04x}")
            self._report(f"a string contains {what} (write it as {escape})", Span(at, at + 1))
        return self._unescaped(body, start + 1)

    def _unescaped(self, body: str, start: int) -> str:
        bad = next((match for match in re.finditer(r"\\.", body, re.DOTALL) if not _ESCAPE.match(body, match.start())), None)
        if bad is not None:
            at = start + bad.start()
            self._report("a string contains an invalid escape (write the backslash itself as \\\\)", Span(at, at + 2))
            body = replace_escapes(body, lambda match: match[0] if _ESCAPE.match(match.string, match.start()) else "\\\\" + match[0][1])
        return str(json.loads(f'"{body}"', strict=False))

    def _skip(self) -> None:
        """Skip white space, and report comments and characters that merely look like white space."""
        while True:
            self.at = WHITESPACE.match(self.content, self.at, self.end).end()
            comment = _COMMENT.match(self.content, self.at, self.end)
            other = comment or _NO_BLANK.match(self.content, self.at, self.end)
            if other is None:
                return
            if comment is not None:
                self._report("JSON has no comments", Span(*comment.span()), "json-comment", lossy=False)
            else:
                message = f"U+{ord(other[0][0]):04X} is not white space in JSON (only spaces, tabs and line breaks are)"
                self._report(message, Span(*other.span()))
            self.at = other.end()

    def _token_span(self) -> Span:
        """The next word, as a place; at the end of the text its last character."""
        if not self._next:
            return Span(max(self.at - 1, 0), self.at)
        word = _WORD.match(self.content, self.at, self.end)
        return Span(self.at, word.end() if word else self.at + 1)


def _word_message(word: str) -> str:
    """What is wrong with a word; the word itself is not repeated: it may be a secret that lacks its quotes."""
    if word in ("NaN", "Infinity", "-Infinity", "undefined", "None"):
        return f"{word} is not a value in JSON"
    if word.lower() in _CONSTANTS:
        return f"JSON writes {word.lower()} in lower case"
    if word[0] in "0123456789+-.":
        return "this is not a number in JSON"
    return "this is not a value in JSON (a string needs double quotes)"
