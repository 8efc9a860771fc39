"""JSON with places: the C parser for what is well formed, our own only where it gives up.

Places of a well-formed text are found afterwards, and only those that are asked for: from the root to the wanted member, with the C
scanner skipping what lies between.
"""

from __future__ import annotations

import gc
import json
from array import array
from bisect import bisect_right
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]

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


class _Numbers(dict[str, "int | float"]):
    """Whole numbers by their texts: those that a text has again and again are one object, and take no call."""

    def __missing__(self, text: str) -> int | float:
        number = whole_number(text)
        if len(self) < _MOST_NUMBERS:
            self[text] = number
        return number


_MOST_NUMBERS: Final = 10_000
"""Different numbers of one text at most that are remembered."""


class StrictReader:
    """Reads values in a text as ``JSON.parse`` does, without places and without mistakes.

    ``many``: there are many values in it, the members of which have the same names: these are one text, as they are within one value.
    """

    def __init__(self, content: str, *, many: bool = False) -> None:
        self._content = content
        self._names: dict[str, str] = {}
        members = self._shared if many else _members
        decoder = json.JSONDecoder(object_pairs_hook=members, parse_constant=_constant, parse_int=_Numbers().__getitem__)
        self._scan = decoder.scan_once  # type: ignore[attr-defined]

    def _shared(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        share = self._names.setdefault
        return _members([(share(name, name), value) for name, value in pairs])

    def value_at(self, start: int) -> tuple[Any, int]:
        """The value that starts at a character, and its end. Raises :exc:`ValueError` where it has a mistake, or is nested too deeply."""
        try:
            value, end = self._scan(self._content, start)
        except (StopIteration, _NotStrict, RecursionError):
            raise ValueError from None
        return value, end


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
    collects = gc.isenabled()
    gc.disable()  # what is made here is no garbage, and to look for some again and again takes a third of the time
    start = blank(content, 0)
    try:
        value, end = StrictReader(content).value_at(start)
    except ValueError:
        from .json_tolerant import parse_tolerantly  # only for the few texts that need it

        return parse_tolerantly(content)
    finally:
        if collects:
            gc.enable()
    if blank(content, end) == len(content):
        return Json(value, (), ScannedPlaces(content), True)
    from .json_tolerant import parse_tolerantly, what_follows

    if content[start] not in "{[":  # what follows can be a part of a number
        return parse_tolerantly(content)
    problems, whole = what_follows(content, end)
    return Json(value, problems, ScannedPlaces(content, start, end), whole)


def blank(content: str, at: int) -> int:
    """Where the next token starts."""
    if content[at : at + 1] > " ":
        return at
    end: int = WHITESPACE.match(content, at).end()
    return end


class ShiftedPlaces:
    """Places of a text that begins somewhere in another one."""

    def __init__(self, places: Places, offset: int) -> None:
        self._places = places
        self._offset = offset

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`Places.find`."""
        place = self._places.find(path)
        if place is None:
            return None
        return Place(shifted(place.value, self._offset), None if place.key is None else shifted(place.key, self._offset))


def shifted(span: Span, offset: int) -> Span:
    """A span that counts from a character as one that counts from the start of the text."""
    return Span(span.start + offset, span.end + offset)


_skip = json.JSONDecoder(object_pairs_hook=len, parse_int=len, parse_float=len).scan_once  # type: ignore[attr-defined]
"""Passes over a well-formed value; as little is made of it as the C scanner can."""
_NEAR: Final = 256
"""Characters that are read again, which takes less than to remember what stands in them."""


class ScannedPlaces:
    """Places in a well-formed text, or in the part of it with the value from ``start`` to ``end``.

    Of what was found on the way only that is remembered which spares the way through many characters.
    """

    __slots__ = ("_containers", "_content", "_end", "_ends", "_recorded", "_start")

    def __init__(self, content: str, start: int = 0, end: int | None = None) -> None:
        self._content = content
        self._start = start
        self._end = end
        self._ends: dict[int, int] | None = None
        """Where long values end, by where they start."""
        self._containers: dict[int, _Members | _Items] | None = None
        self._recorded: Places | None = None

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`Places.find`."""
        if self._recorded is not None:
            return self._recorded.find(path)
        try:
            return self._walk(path)
        except RecursionError:  # the text was read with fewer calls on the stack than there are now
            from .json_tolerant import parse_tolerantly

            places = parse_tolerantly(self._content[self._start : self._end]).places
            self._recorded = places if self._start == 0 else ShiftedPlaces(places, self._start)
            return self._recorded.find(path)

    def _walk(self, path: JsonPath) -> Place | None:
        start = blank(self._content, self._start)
        if not path:
            return Place(Span(start, self._last() if self._end is None else self._end), None)
        key: int | None = None
        for step in path:
            found = self._find(start, step)
            if found is None:
                return None
            key, start = found
        return Place(Span(start, self._end_of(start)), None if key is None else Span(key, scanstring(self._content, key + 1)[1]))

    def _last(self) -> int:
        """Where the text ends, but for blanks."""
        end = len(self._content)
        while end and self._content[end - 1] in " \t\n\r":
            end -= 1
        return end

    def _end_of(self, start: int) -> int:
        """Where the value that starts at a character ends."""
        if self._ends is None:
            self._ends = {}
        end = self._ends.get(start)
        if end is None:
            end = int(_skip(self._content, start)[1])
            if end - start > _NEAR:
                self._ends[start] = end
        return end

    def _find(self, start: int, step: str | int) -> tuple[int | None, int] | None:
        """Where the name and the value of a member start that an object or list has; ``start`` is where that one starts."""
        if self._containers is None:
            self._containers = {}
        container = self._containers.get(start)
        if container is None:
            opener = self._content[start]
            if opener not in "{[":
                return None
            container = _Members(self._content, start) if opener == "{" else _Items(self._content, start)
        found = container.find(step)
        if container.at - start > _NEAR:
            self._containers[start] = container
        return found


class _Members:
    """Where the members of an object start, as far as somebody asked. ``at`` is how far it was read."""

    __slots__ = ("_content", "_starts", "at")

    def __init__(self, content: str, start: int) -> None:
        self._content = content
        self._starts: dict[str | int, int] = {}
        self.at = blank(content, start + 1)

    def find(self, name: str | int) -> tuple[int, int] | None:
        """Where the name of a member and its value start."""
        content, starts = self._content, self._starts
        if name in starts:
            at = starts[name]
            return at, self._value(scanstring(content, at + 1)[1])
        while content[self.at] == '"':
            at = self.at
            key, end = scanstring(content, at + 1)
            value = self._value(end)
            if key == name:  # which is read again when another one is asked for: it can be long, and the last
                return at, value
            starts[key] = at
            behind = blank(content, _skip(content, value)[1])
            self.at = blank(content, behind + 1) if content[behind] == "," else behind
        return None

    def _value(self, end: int) -> int:
        """Where the value stands whose name ends at a character."""
        return blank(self._content, blank(self._content, end) + 1)


_SPACING: Final = 64
"""Characters between the items of a list of which the place is remembered."""


class _Items:
    """Where the items of a list start, as far as somebody asked; of many short ones that of a few. ``at`` is how far it was read."""

    __slots__ = ("_content", "_indexes", "_next", "_starts", "at")

    def __init__(self, content: str, start: int) -> None:
        self._content = content
        self.at = blank(content, start + 1)
        self._next = 0
        """The number of the item that starts there."""
        self._indexes = array("q", [0])
        self._starts = array("q", [self.at])

    def find(self, index: str | int) -> tuple[None, int] | None:
        """Where an item starts."""
        if not isinstance(index, int) or index < 0:
            return None
        content = self._content
        number, at = self._next, self.at
        if index < number:
            known = bisect_right(self._indexes, index) - 1
            number, at = self._indexes[known], self._starts[known]
        while number < index and content[at] != "]":
            at = self._behind(at)
            number += 1
            if number > self._next:
                self._next, self.at = number, at
                if at - self._starts[-1] >= _SPACING:
                    self._indexes.append(number)
                    self._starts.append(at)
        return None if content[at] == "]" else (None, at)

    def _behind(self, at: int) -> int:
        """Where the next item starts, or the list ends."""
        behind = blank(self._content, _skip(self._content, at)[1])
        return blank(self._content, behind + 1) if self._content[behind] == "," else behind


class _NoPlaces:
    def find(self, _path: JsonPath) -> Place | None:
        return None


NOTHING = Json(UNKNOWN, (), _NoPlaces(), False)
"""What is read in a file that is no text."""
