"""JSON with places: the C parser for well-formed texts, our own only if it gives up.

Places in a well-formed text are found afterwards, on demand: from the root to the wanted member, with the C scanner skipping everything
between.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]

from ..model import Mark
from ..patterns import pattern
from ..text import Span
from ..typed import Any, Final
from .places import Json, JsonPath, Place, Places, whole_number


def _refuse(_name: str) -> Any:
    raise ValueError


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


_read: Final = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse, parse_int=whole_number).raw_decode
"""Parses a value like ``JSON.parse``; fails if that does, and if an object has a duplicate name."""
_skip: Final = json.JSONDecoder(object_pairs_hook=len, parse_int=len, parse_float=len, strict=False).raw_decode
"""Skips a value, building as little of it as the C scanner can."""
_NEXT: Final = pattern(r"[\r\n][{\[]")
"""Where the next document can begin when one cannot be parsed to its end."""
_MOST_READ_TWICE: Final = 8
"""How many times the whole text may be parsed in vain for documents that begin in what looked like a part of others."""
_NEAR: Final = 256
"""The distance within which parsing again is cheaper than remembering."""

INVALID: Final = Mark("INVALID")
"""Stands for text that is not JSON."""


def is_valid_json(text: str) -> bool:
    """Whether ``JSON.parse`` accepts a text; see :func:`valid_value`."""
    return valid_value(text) is not INVALID


def valid_value(text: str) -> Any:
    """The result of ``JSON.parse`` for a text, however deeply it is nested; ``INVALID`` if it fails."""
    parsed = parse_json(text)
    return parsed.value if parsed.whole and not any(problem.fatal for problem in parsed.problems) else INVALID


def parse_json(content: str, start: int = 0, end: int | None = None) -> Json:
    """Parse a text (without byte order mark), or a part of one, like ``JSON.parse``.

    It continues after mistakes if that makes sense, and never raises.
    """
    end = len(content) if end is None else end
    at = _after_blanks(content, start)
    try:
        value, stop = _read(content, at)
    except (ValueError, RecursionError):
        stop = -1
    if stop >= 0 and _after_blanks(content, stop) >= end:
        return Json(value, (), ScannedPlaces(content, Span(at, stop)), True)
    from .json_tolerant import parse_tolerantly  # only for few texts

    return parse_tolerantly(content, start, end)


def json_documents(content: str, first: Json) -> list[Json]:
    """The documents of a text, concatenated or one per line (JSON Lines).

    ``first`` is the text parsed as one document, and the only result unless something follows its end.
    """
    root = first.places.find(())
    if first.whole or root is None or root.value.end >= len(content.rstrip()):
        return [first]
    documents: list[Json] = []
    at, in_vain = _after_blanks(content, 0), 0
    while at < len(content):
        try:
            end = _skip(content, at)[1]
        except (ValueError, RecursionError) as error:
            following = _NEXT.search(content, at)
            end = following.end() - 1 if following is not None else len(content)
            # If each line opens a bracket that is never closed, each would be parsed up to the end of the text.
            in_vain += (error.pos if isinstance(error, json.JSONDecodeError) else len(content)) - end
            if in_vain > _MOST_READ_TWICE * len(content):
                end = len(content)
        documents.append(parse_json(content, at, end))
        at = _after_blanks(content, end)
    return documents


def _after_blanks(content: str, at: int) -> int:
    """The start of the next token."""
    if content[at : at + 1] > " ":
        return at
    return int(WHITESPACE.match(content, at).end())


class ScannedPlaces:
    """Places in a well-formed value of a text; ``span`` is the value's place."""

    __slots__ = ("_content", "_known", "_recorded", "_span")

    def __init__(self, content: str, span: Span) -> None:
        self._content = content
        self._span = span
        self._known: dict[int, dict[str | int, Place]] = {}
        """The members of long objects and lists, by where these start."""
        self._recorded: Places | None = None
        """The places of a value that is nested too deeply for the scanner."""

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`Places.find`."""
        if self._recorded is None:
            try:
                return self._walk(path)
            except RecursionError:  # the text was parsed with fewer calls on the stack
                from .json_tolerant import parse_tolerantly

                self._recorded = parse_tolerantly(self._content, *self._span).places
        return self._recorded.find(path)

    def _walk(self, path: JsonPath) -> Place | None:
        place = Place(self._span, None)
        for step in path:
            start, end = place.value
            members = self._known.get(start)
            if members is None and end - start > _NEAR:
                members = self._known[start] = dict(_places_of_members(self._content, start))
            if members is not None:
                found = members.get(step)
            else:
                found = next((one for name, one in _places_of_members(self._content, start) if name == step), None)
            if found is None:
                return None
            place = found
        return place


def _places_of_members(content: str, start: int) -> Iterator[tuple[str | int, Place]]:
    """The members of the object or list that starts at a character."""
    opener = content[start]
    at = _after_blanks(content, start + 1)
    count = 0
    while opener in "{[" and content[at] not in "}]":
        step: str | int = count
        key = None
        if opener == "{":
            step, end = scanstring(content, at + 1)
            key = Span(at, end)
            at = _after_blanks(content, _after_blanks(content, end) + 1)
        end = _skip(content, at)[1]
        yield step, Place(Span(at, end), key)
        at = _after_blanks(content, end)
        at = _after_blanks(content, at + 1) if content[at] == "," else at
        count += 1
