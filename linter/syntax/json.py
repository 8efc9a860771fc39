"""JSON with places: the C parser for what is well formed, our own only where it gives up.

Places of a well-formed text are found afterwards, and only those that are asked for: from the root to the wanted member, with the C
scanner skipping what lies between.
"""

from __future__ import annotations

import json
from json.decoder import scanstring  # type: ignore[attr-defined]

from ..model import UNKNOWN, Mark
from ..text import Span
from ..typed import Any, Final
from .places import Json, JsonPath, Place, Places, whole_number


class _NotStrict(Exception):
    """The C parser accepted something that JSON.parse does not, or dropped a member."""


def _constant(_name: str) -> Any:
    raise _NotStrict


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotStrict
    return members


def is_valid_json(text: str) -> bool:
    """Whether ``JSON.parse`` reads a text; see :func:`valid_value`."""
    return valid_value(text) is not INVALID


def valid_value(text: str) -> Any:
    """What ``JSON.parse`` makes of a text, however deeply it is nested; ``INVALID`` where it fails."""
    parsed = parse_json(text)
    return parsed.value if parsed.whole and not any(problem.fatal for problem in parsed.problems) else INVALID


INVALID: Final = Mark("INVALID")
"""What is no JSON."""


def parse_json(content: str) -> Json:
    """Read a text (without byte order mark) as ``JSON.parse`` does, and go on behind mistakes where that makes sense. Never raises."""
    try:
        value = json.loads(content, object_pairs_hook=_members, parse_constant=_constant, parse_int=whole_number)
    except (_NotStrict, ValueError, RecursionError):
        from .json_tolerant import parse_tolerantly  # only for the few texts that need it

        return parse_tolerantly(content)
    return Json(value, (), ScannedPlaces(content), True)


class ScannedPlaces:
    """Places in a well-formed text. The members of each object or array on the way are scanned once and remembered."""

    def __init__(self, content: str) -> None:
        self._content = content
        self._scan = json.JSONDecoder(parse_int=whole_number).scan_once  # type: ignore[attr-defined]
        self._root: Place | None = None
        self._containers: dict[int, dict[str | int, Place]] = {}
        self._recorded: Places | None = None

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`Places.find`."""
        if self._recorded is not None:
            return self._recorded.find(path)
        try:
            return self._walk(path)
        except RecursionError:  # the text was read with fewer calls on the stack than there are now
            from .json_tolerant import parse_tolerantly

            self._recorded = parse_tolerantly(self._content).places
            return self._recorded.find(path)

    def _walk(self, path: JsonPath) -> Place | None:
        if self._root is None:
            self._root = Place(Span(self._blank(0), len(self._content.rstrip(" \t\n\r"))), None)
        place = self._root
        for step in path:
            member = self._container(place.value.start).get(step)
            if member is None:
                return None
            place = member
        return place

    def _blank(self, at: int) -> int:
        content = self._content
        while at < len(content) and content[at] in " \t\n\r":
            at += 1
        return at

    def _container(self, start: int) -> dict[str | int, Place]:
        if start not in self._containers:
            opener = self._content[start]
            self._containers[start] = self._object(start) if opener == "{" else self._array(start) if opener == "[" else {}
        return self._containers[start]

    def _object(self, start: int) -> dict[str | int, Place]:
        content = self._content
        members: dict[str | int, Place] = {}
        at = self._blank(start + 1)
        while content[at] == '"':
            key, key_end = scanstring(content, at + 1)
            value_start = self._blank(self._blank(key_end) + 1)
            value_end = self._scan(content, value_start)[1]
            members[key] = Place(Span(value_start, value_end), Span(at, key_end))
            at = self._blank(value_end)
            if content[at] == ",":
                at = self._blank(at + 1)
        return members

    def _array(self, start: int) -> dict[str | int, Place]:
        content = self._content
        members: dict[str | int, Place] = {}
        at = self._blank(start + 1)
        while content[at] != "]":
            end = self._scan(content, at)[1]
            members[len(members)] = Place(Span(at, end), None)
            at = self._blank(end)
            if content[at] == ",":
                at = self._blank(at + 1)
        return members


class _NoPlaces:
    def find(self, _path: JsonPath) -> Place | None:
        return None


NOTHING = Json(UNKNOWN, (), _NoPlaces(), False)
"""What is read in a file that is no text."""
