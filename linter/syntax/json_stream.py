"""Several JSON documents in one text, one behind the other or one a line (JSON Lines), as a shell loop writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..text import Span
from ..typed import Final
from .json import parse_json
from .places import Json, JsonPath, Place, Places, SyntaxProblem, whole_number

_BLANK = re.compile(r"[ \t\r\n]*")
_NEXT = re.compile(r"[\r\n][{\[]")
"""Where the next document can begin when one cannot be read to its end."""
_MOST_READ_TWICE: Final = 8
"""How many times the whole text is read in vain at most, for documents that begin in what looked like a part of others."""


class _ShiftedPlaces:
    """Places of a document that begins somewhere in a text."""

    def __init__(self, places: Places, offset: int) -> None:
        self._places = places
        self._offset = offset

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`linter.syntax.places.Places.find`."""
        place = self._places.find(path)
        if place is None:
            return None
        return Place(_shift(place.value, self._offset), None if place.key is None else _shift(place.key, self._offset))


def _shift(span: Span, offset: int) -> Span:
    return Span(span.start + offset, span.end + offset)


def json_documents(content: str, first: Json) -> list[Json]:
    """The documents of a text; ``first`` is the text read as one document, and the only answer unless something follows behind its end."""
    root = first.places.find(())
    if first.whole or root is None or root.value.end >= len(content.rstrip()):
        return [first]
    return [_document(content, span) for span in _documents(content)]


def _documents(content: str) -> Iterator[Span]:
    decoder = json.JSONDecoder(strict=False, parse_int=whole_number)
    at = _skip(content, 0)
    in_vain = 0
    while at < len(content):
        try:
            end = decoder.raw_decode(content, at)[1]
        except (ValueError, RecursionError) as error:
            following = _NEXT.search(content, at)
            end = following.end() - 1 if following is not None else len(content)
            # Where each line opens what none closes, each is read up to the end before it turns out to be none.
            in_vain += (error.pos if isinstance(error, json.JSONDecodeError) else len(content)) - end
            if in_vain > _MOST_READ_TWICE * len(content):
                end = len(content)
        yield Span(at, end)
        at = _skip(content, end)


def _skip(content: str, at: int) -> int:
    blank = _BLANK.match(content, at)
    assert blank is not None  # the pattern also matches nothing
    return blank.end()


def _document(content: str, span: Span) -> Json:
    parsed = parse_json(content[span.start : span.end])
    problems = (_moved(problem, span.start) for problem in parsed.problems)
    return Json(parsed.value, tuple(problems), _ShiftedPlaces(parsed.places, span.start), parsed.whole)


def _moved(problem: SyntaxProblem, offset: int) -> SyntaxProblem:
    return problem._replace(span=_shift(problem.span, offset))
