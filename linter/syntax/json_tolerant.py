"""A reader for texts that are almost JSON, or too deeply nested for the C parser: it names each mistake with its place and goes on.

It reads in a loop, not by recursion, and remembers the place of everything. It is an order of magnitude slower than the C parser.
"""

from __future__ import annotations

import json
import re

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any
from .places import Json, JsonPath, Place, SyntaxProblem, whole_number
from .quotes import closing_quote, replace_escapes

_BLANK = re.compile(r"[ \t\n\r]*")
_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NO_BLANK = re.compile(r"(?:[^\S \t\n\r]|[\ufeff\u200b\u2060])+")
"""What looks like blanks, or like nothing, and is no white space to JSON: a no-break space out of a web page, U+2028."""
_PLAIN = re.compile(r'"[^"\\\x00-\x1f]*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.+-])")
_WORD = re.compile(r"""[^\s,\[\]{}:"/]+""")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_AFTER_STRING = re.compile(r"[ \t\n\r]*(?:[,:\]}]|//|/\*|\Z)")
DEEPEST_NAMED = 100
"""Levels down to which a mistake is reported with the names that lead to it: no configuration has as many, and each level has its own."""
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}


class RecordedPlaces:
    """The places that the reader noted: a tree of the same shape as the value."""

    def __init__(self, root: _Container | None, place: Place | None) -> None:
        self._root = root
        self._place = place

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`linter.syntax.places.Places.find`."""
        place, container = self._place, self._root
        for step in path:
            if container is None or step not in container.places:
                return None
            place = container.places[step]
            container = container.inner.get(step)
        return place


class _Container:
    """An object or array that is being read, or was."""

    __slots__ = ("inner", "key", "key_span", "places", "start", "step", "value")

    def __init__(self, value: dict[str, Any] | list[Any], start: int) -> None:
        self.value = value
        self.start = start
        self.step: str | int = 0
        """Where it stands in the container around it."""
        self.places: dict[str | int, Place] = {}
        self.inner: dict[str | int, _Container] = {}
        self.key = ""
        self.key_span: Span | None = None

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    def put(self, value: Any, span: Span) -> str | int:
        """Take the member that was just read, or has just begun; the step to it."""
        step: str | int
        if isinstance(self.value, dict):
            step = self.key
            self.value[step] = value
        else:
            step = len(self.value)
            self.value.append(value)
        self.places[step] = Place(span, self.key_span)
        self.inner.pop(step, None)
        return step


class _Broken(Exception):
    """What follows cannot be read."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.problem = SyntaxProblem("invalid-json", message, span)


def parse_tolerantly(content: str) -> Json:
    """Read a text as JSON, naming what is wrong with it; never raises."""
    return _TolerantReader(content).read()


def what_follows(content: str, end: int) -> tuple[tuple[SyntaxProblem, ...], bool]:
    """What is wrong behind the end of a well-formed object or list, and whether nothing of another value is there."""
    reader = _TolerantReader(content)
    reader.at = end
    try:
        reader.read_end()
    except _Broken as broken:
        return (*reader.problems, broken.problem), False
    return tuple(reader.problems), True


class _TolerantReader:
    def __init__(self, content: str) -> None:
        self.content = content
        self.at = 0
        self.problems: list[SyntaxProblem] = []
        self.open: list[_Container] = []
        self.root: Any = UNKNOWN
        self.root_container: _Container | None = None
        self.root_place: Place | None = None

    def read(self) -> Json:
        whole = True
        try:
            self._read_all()
        except _Broken as broken:
            self.problems.append(broken.problem)
            whole = False
        places = RecordedPlaces(self.root_container, self.root_place)
        return Json(self.root, tuple(sorted(self.problems, key=lambda problem: problem.span)), places, whole)

    def _read_all(self) -> None:
        self._skip()
        if self.at == len(self.content):
            raise _Broken("the file is empty", Span(0, 0))
        self._value()
        while self.open:
            self._member()
        self.read_end()

    def read_end(self) -> None:
        """Read what stands behind the value."""
        self._skip()
        if self.at < len(self.content):
            raise _Broken("something follows the end of the JSON value", self._token_span())

    def _member(self) -> None:
        """Read what comes next in the innermost open container: its end, or one more member."""
        container = self.open[-1]
        self._skip()
        if self._closes(container):
            return
        if container.places:
            self._separator(container)
            if self._closes(container):
                return
        if container.is_object:
            self._key(container)
        self._value()

    def _closes(self, container: _Container) -> bool:
        closer = "}" if container.is_object else "]"
        if self.at < len(self.content) and self.content[self.at] == closer:
            self.at += 1
            self._close()
            return True
        if self.at == len(self.content):
            opener = "{" if container.is_object else "["
            raise _Broken(f'the file ends before the "{closer}" that closes this "{opener}"', Span(container.start, container.start + 1))
        if self.content[self.at] in "]}":
            raise _Broken(f'a "{closer}" is expected here', Span(self.at, self.at + 1))
        return False

    def _separator(self, container: _Container) -> None:
        if self.content[self.at] != ",":
            if container.is_object and self.content[self.at] != '"':
                raise _Broken('a comma or "}" is expected here', self._token_span())
            self.problems.append(SyntaxProblem("invalid-json", "a comma is missing before this", self._token_span()))
            return
        comma = Span(self.at, self.at + 1)
        self.at += 1
        self._skip()
        if self.at < len(self.content) and self.content[self.at] == ("}" if container.is_object else "]"):
            self.problems.append(SyntaxProblem("json-trailing-comma", "a comma follows the last member", comma, lossy=False))

    def _key(self, container: _Container) -> None:
        start = self.at
        if self.content[start] != '"':
            if self.content[start] == ",":
                raise _Broken("a member is missing before this comma", Span(start, start + 1))
            raise _Broken("the name of a member is expected here, in double quotes", self._token_span())
        key = self._string()
        container.key, container.key_span = key, Span(start, self.at)
        if key in container.places:
            path = (*(holder.step for holder in self.open[1:]), key) if len(self.open) <= DEEPEST_NAMED else None
            dropped = container.places[key].value if key in container.inner else None
            message, at = "this name is given twice in one object", container.key_span
            self.problems.append(SyntaxProblem("json-duplicate-key", message, at, path, fatal=False, lossy=False, dropped=dropped))
        self._skip()
        if self.at == len(self.content) or self.content[self.at] != ":":
            raise _Broken("a colon is expected after the name of a member", self._token_span())
        self.at += 1

    def _value(self) -> None:
        self._skip()
        content, start = self.content, self.at
        if start == len(content):
            raise _Broken("the file ends where a value is expected", Span(max(start - 1, 0), start))
        first = content[start]
        if first in "{[":
            self.at += 1
            self._open(_Container({} if first == "{" else [], start))
        elif first == '"':
            self._put(self._string(), start)
        elif first in ",:]}":
            raise _Broken("a value is missing here", Span(start, start + 1))
        elif first == "'":
            raise _Broken("strings are written in double quotes", self._token_span())
        else:
            self._put(self._scalar(), start)

    def _scalar(self) -> Any:
        number = _NUMBER.match(self.content, self.at)
        if number:
            self.at = number.end()
            return _number(number[0])
        span = self._token_span()
        word = self.content[span.start : span.end]
        self.at = span.end
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        self.problems.append(SyntaxProblem("invalid-json", _word_message(word), span))
        return UNKNOWN

    def _string(self) -> str:
        start = self.at
        plain = _PLAIN.match(self.content, start)
        if plain:
            self.at = plain.end()
            return plain[0][1:-1]
        end = closing_quote(self.content, start)
        if end < 0:
            raise _Broken("a string is not closed", self._token_span())
        body = self.content[start + 1 : end]
        control = re.search(r"[\x00-\x1f]", body)
        line_break = re.search(r"[\n\r]", body)
        if line_break and not _AFTER_STRING.match(self.content, end + 1):
            raise _Broken("a string is not closed on its line", Span(start, start + 1 + line_break.start()))
        self.at = end + 1
        if control:
            at = start + 1 + control.start()
            what = "a line break" if control[0] in "\n\r" else "a tab" if control[0] == "\t" else "a control character"
            escape = {"\n": "\\n", "\r": "\\r\\n", "\t": "\\t"}.get(control[0], f"\\u{ord(control[0]):04x}")
            self.problems.append(SyntaxProblem("invalid-json", f"a string contains {what} (write it as {escape})", Span(at, at + 1)))
        return self._unescaped(body, start + 1)

    def _unescaped(self, body: str, start: int) -> str:
        bad = next((match for match in re.finditer(r"\\.", body, re.DOTALL) if not _ESCAPE.match(body, match.start())), None)
        if bad is not None:
            at = start + bad.start()
            message = "a string contains an invalid escape (write the backslash itself as \\\\)"
            self.problems.append(SyntaxProblem("invalid-json", message, Span(at, at + 2)))
            body = replace_escapes(body, lambda match: match[0] if _ESCAPE.match(match.string, match.start()) else "\\\\" + match[0][1])
        return str(json.loads(f'"{body}"', strict=False))

    def _open(self, container: _Container) -> None:
        """Begin a container. It is part of what was read from now on, and reaches to the end of the text until it is closed."""
        span = Span(container.start, len(self.content))
        if self.open:
            holder = self.open[-1]
            container.step = holder.put(container.value, span)
            holder.inner[container.step] = container
        else:
            self.root, self.root_place, self.root_container = container.value, Place(span, None), container
        self.open.append(container)

    def _close(self) -> None:
        container = self.open.pop()
        span = Span(container.start, self.at)
        if self.open:
            places = self.open[-1].places
            places[container.step] = Place(span, places[container.step].key)
        else:
            self.root_place = Place(span, None)

    def _put(self, value: Any, start: int) -> None:
        """Give a scalar that was read to whom it belongs."""
        span = Span(start, self.at)
        if self.open:
            self.open[-1].put(value, span)
        else:
            self.root, self.root_place = value, Place(span, None)

    def _skip(self) -> None:
        """Pass over white space, and over comments and what merely looks like white space, which are noted."""
        while True:
            blank = _BLANK.match(self.content, self.at)
            assert blank is not None  # the pattern also matches nothing
            self.at = blank.end()
            comment = _COMMENT.match(self.content, self.at)
            other = comment or _NO_BLANK.match(self.content, self.at)
            if other is None:
                return
            span = Span(self.at, other.end())
            if comment is not None:
                self.problems.append(SyntaxProblem("json-comment", "JSON has no comments", span, lossy=False))
            else:
                message = f"U+{ord(other[0][0]):04X} is not white space in JSON (only spaces, tabs and line breaks are)"
                self.problems.append(SyntaxProblem("invalid-json", message, span))
            self.at = other.end()

    def _token_span(self) -> Span:
        """The word that stands here, for a place; at the end of the text its last character."""
        if self.at == len(self.content):
            return Span(max(self.at - 1, 0), self.at)
        word = _WORD.match(self.content, self.at)
        return Span(self.at, word.end() if word else self.at + 1)


def _number(text: str) -> int | float:
    return float(text) if any(sign in text for sign in ".eE") else whole_number(text)


def _word_message(word: str) -> str:
    """What is wrong with a word; the word itself is not repeated: it may be a secret that lacks its quotes."""
    if word in ("NaN", "Infinity", "-Infinity", "undefined", "None"):
        return f"{word} is not a value in JSON"
    if word.lower() in _CONSTANTS:
        return f"JSON writes {word.lower()} in lower case"
    if word[0] in "0123456789+-.":
        return "this is not a number in JSON"
    return "this is not a value in JSON (a string needs double quotes)"
