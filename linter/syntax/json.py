"""JSON with places: the C parser for what is well formed, our own only where it gives up.

Places of a well-formed text are found afterwards, and only those that are asked for: from the root to the wanted member, with the C
scanner skipping what lies between.
"""

from __future__ import annotations

import gc
import json
from array import array
from bisect import bisect_left, bisect_right
from functools import cache
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
    """Whole numbers by their texts: those that a text has again and again are one object, and take no call. Long ones are not kept."""

    def __missing__(self, text: str) -> int | float:
        number = whole_number(text)
        if len(text) <= _LONGEST_NUMBER:
            if len(self) >= _MOST_NUMBERS:
                self.clear()
            self[text] = number
        return number


_LARGE: Final = 1_000_000
"""Characters of a text from which on it matters how much it takes to read it."""
_SPARSE: Final = 1_000
"""Characters for each object of a text, from which on some of its objects are large ones."""
_SHORT: Final = 12
"""Characters of a text at most that many values can have: as long as ``SecureString``."""
_MOST_NUMBERS: Final = 10_000
"""Different numbers at most that are remembered."""
_LONGEST_NUMBER: Final = 16
"""Characters at most of a number that is remembered: a time in microseconds has as many."""


class StrictReader:
    """Reads values in a text as ``JSON.parse`` does, without places and without mistakes.

    ``many``: there are many values in it, the members of which have the same names, and some the same short texts: each is held once, as a
    name is within one value.
    """

    def __init__(self, content: str, *, many: bool = False) -> None:
        self._content = content
        self._texts: dict[str, str] = {}
        self._scan = _scanner(object_pairs_hook=self._shared) if many else _strict_scanner()
        self._is_sparse = not many and len(content) >= _LARGE and content.count("{") * _SPARSE < len(content)

    def _shared(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        share = self._texts.setdefault
        return _members(
            [(share(name, name), share(value, value) if type(value) is str and len(value) <= _SHORT else value) for name, value in pairs]
        )

    def value_at(self, start: int) -> tuple[Any, int]:
        """The value that starts at a character, and its end. Raises :exc:`ValueError` where it has a mistake, or is nested too deeply."""
        try:
            value, end = (self._counted(start) if self._is_sparse else None) or self._scan(self._content, start)
        except (StopIteration, _NotStrict, RecursionError):
            raise ValueError from None
        return value, end

    def _counted(self, start: int) -> tuple[Any, int] | None:
        """The same for the one value of a text; None where a name can stand twice in an object.

        That is told by how many members there are. To look at each one, all of those of an object have to be held in a list beside it,
        which of a large object takes as much as its text.
        """
        members = 0

        def count(made: dict[str, Any]) -> dict[str, Any]:
            nonlocal members
            members += len(made)
            return made

        found: tuple[Any, int] = _scanner(object_hook=count)(self._content, start)
        return found if members == _most_members(self._content) else None


def _scanner(**hook: Any) -> Any:
    return json.JSONDecoder(parse_constant=_constant, parse_int=_Numbers().__getitem__, **hook).scan_once  # type: ignore[attr-defined]


@cache
def _strict_scanner() -> Any:
    """The scanner of all texts with one value: many files have the same numbers."""
    return _scanner(object_pairs_hook=_members)


def _most_members(content: str) -> int:
    """How many members the objects of a well-formed text have at most.

    The colon of each stands behind a quote or a blank. In a text such a quote stands behind a backslash, which none stands before.
    """
    most = sum(content.count(f"{sign}:") for sign in '" \t\n\r' if sign in content)
    return most if "\\" not in content or '\\\\":' in content else most - content.count('\\":')


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
        return Json(value, (), ScannedText(content).places(start, end), True)
    from .json_tolerant import parse_tolerantly, what_follows

    if content[start] not in "{[":  # what follows can be a part of a number
        return parse_tolerantly(content)
    problems, whole = what_follows(content, end)
    return Json(value, problems, ScannedText(content).places(start, end), whole)


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


class ScannedText:
    """A text with well-formed values, and what was found in it on the way to places.

    Only that is remembered which spares the way through many characters.
    """

    __slots__ = ("_behind", "_containers", "_ends", "_starts", "content", "recorded")

    def __init__(self, content: str) -> None:
        self.content = content
        self._starts = array("q")
        """Where each of the values starts, in their order."""
        self._behind = array("q")
        """Where each of them ends."""
        self._ends: dict[int, int] = {}
        """Where long values end, by where they start."""
        self._containers: dict[int, _Members | _Items] = {}
        self.recorded: dict[int, Places] = {}
        """The places of values that are nested too deeply to be walked to, by where they start."""

    def places(self, start: int, end: int) -> ScannedPlaces:
        """The places in the value from ``start`` to ``end``, which is behind all that were asked for before."""
        self._starts.append(start)
        self._behind.append(end)
        return ScannedPlaces(self, start)

    def behind(self, start: int) -> int:
        """Where the value ends of which the places were asked for; it need not be read again for that."""
        return self._behind[bisect_left(self._starts, start)]

    def end_of(self, start: int) -> int:
        """Where the value that starts at a character ends."""
        end = self._ends.get(start)
        if end is None:
            end = int(_skip(self.content, start)[1])
            if end - start > _NEAR:
                self._ends[start] = end
        return end

    def find(self, start: int, step: str | int) -> tuple[int | None, int] | None:
        """Where the name and the value of a member start that an object or list has; ``start`` is where that one starts."""
        container = self._containers.get(start)
        if container is None:
            opener = self.content[start]
            if opener not in "{[":
                return None
            container = _Members(self.content, start) if opener == "{" else _Items(self.content, start)
        found = container.find(step)
        if container.at - start > _NEAR:
            self._containers[start] = container
        return found


class ScannedPlaces:
    """Places in the value that starts at a character of a text."""

    __slots__ = ("_start", "_text")

    def __init__(self, text: ScannedText, start: int) -> None:
        self._text = text
        self._start = start

    def find(self, path: JsonPath) -> Place | None:
        """See :meth:`Places.find`."""
        recorded = self._text.recorded.get(self._start)
        if recorded is not None:
            return recorded.find(path)
        try:
            return self._walk(path)
        except RecursionError:  # the text was read with fewer calls on the stack than there are now
            from .json_tolerant import parse_tolerantly

            text, start = self._text, self._start
            places = parse_tolerantly(text.content[start : text.behind(start)]).places
            recorded = text.recorded[start] = ShiftedPlaces(places, start)
            return recorded.find(path)

    def _walk(self, path: JsonPath) -> Place | None:
        text, start = self._text, self._start
        if not path:
            return Place(Span(start, text.behind(start)), None)
        key: int | None = None
        for step in path:
            found = text.find(start, step)
            if found is None:
                return None
            key, start = found
        return Place(Span(start, text.end_of(start)), None if key is None else Span(key, scanstring(text.content, key + 1)[1]))


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
