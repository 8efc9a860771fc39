"""Several JSON documents in one text, one behind the other or one a line (JSON Lines), as a shell loop writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..text import Span
from ..typed import Final
from .json import ScannedText, ShiftedPlaces, StrictReader, blank, parse_json, shifted
from .places import Json, whole_number

_NEXT = re.compile(r"[\r\n][{\[]")
"""Where the next document can begin when one cannot be read to its end."""
_MOST_READ_TWICE: Final = 8
"""How many times the whole text is read in vain at most, for documents that begin in what looked like a part of others."""


def json_documents(content: str, first: Json) -> list[Json]:
    """The documents of a text; ``first`` is the text read as one document, and the only answer unless something follows behind its end."""
    root = first.places.find(())
    if first.whole or root is None or root.value.end >= len(content.rstrip()):
        return [first]
    return list(_documents(content))


def _documents(content: str) -> Iterator[Json]:
    """Each document; one without a mistake is read by the way, without a copy of its text."""
    strict = StrictReader(content, many=True)
    text = ScannedText(content)
    decoder = json.JSONDecoder(strict=False, parse_int=whole_number)
    at = blank(content, 0)
    in_vain = 0
    while at < len(content):
        start = at
        try:
            value, end = strict.value_at(start)
            yield Json(value, (), text.places(start, end), True)
        except ValueError:
            try:
                end = decoder.raw_decode(content, start)[1]
            except (ValueError, RecursionError) as error:
                following = _NEXT.search(content, start)
                end = following.end() - 1 if following is not None else len(content)
                # Where each line opens what none closes, each is read up to the end before it turns out to be none.
                in_vain += (error.pos if isinstance(error, json.JSONDecodeError) else len(content)) - end
                if in_vain > _MOST_READ_TWICE * len(content):
                    end = len(content)
            yield _document(content, Span(start, end))
        at = blank(content, end)


def _document(content: str, span: Span) -> Json:
    """A document that has mistakes, or is nested deeply."""
    parsed = parse_json(content[span.start : span.end])
    problems = (problem._replace(span=shifted(problem.span, span.start)) for problem in parsed.problems)
    return Json(parsed.value, tuple(problems), ShiftedPlaces(parsed.places, span.start), parsed.whole)
