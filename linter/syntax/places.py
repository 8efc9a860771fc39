"""What every reader of this package returns: values, where they stand, and what is wrong with the text."""

from __future__ import annotations

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any, Final, NamedTuple, Protocol

JsonPath = tuple[str | int, ...]


class Place(NamedTuple):
    """Where a value stands, with its member name (quotes included) if it has one."""

    value: Span
    key: Span | None

    def span(self, part: str) -> Span:
        """Where its ``key`` stands if that is asked for and it has one, else its value."""
        return self.key if part == "key" and self.key is not None else self.value


class SyntaxProblem(NamedTuple):
    """A deviation from JSON (RFC 8259) or YAML: its name, one plain sentence, the place, and the path if it is about a member.

    The case of a rule that reports it has its name in ``found_by``.

    ``fatal``: a strict reader of the text gets no further. ``lossy``: what is read of the text may not be what is written there.
    ``repeated`` is where the same scalar stands under the same name before, from the name to its end; ``dropped`` is where the object or
    list stands that JSON drops for this member.
    """

    name: str
    message: str
    span: Span
    path: JsonPath | None = None
    fatal: bool = True
    lossy: bool = True
    repeated: Span | None = None
    dropped: Span | None = None


class Places(Protocol):
    """Finds values again by their paths."""

    def find(self, path: JsonPath) -> Place | None:
        """The place of a value, or None where nothing stands at the path."""


class Json(NamedTuple):
    """A text read as JSON. ``whole`` is False when it broke off, so that ``value`` holds only what stood before."""

    value: Any
    problems: tuple[SyntaxProblem, ...]
    places: Places
    whole: bool

    @property
    def intact(self) -> bool:
        """Whether nothing can have been taken for something else: a quote in the wrong place makes a name of a value."""
        return self.whole and not any(problem.lossy for problem in self.problems)

    @property
    def is_bare(self) -> bool:
        """Whether the text has the members of an object without braces around them, as documentation shows what to add to an object."""
        return any(problem.name == "json-without-braces" for problem in self.problems)


class _NoPlaces:
    def find(self, _path: JsonPath) -> Place | None:
        return None


NOTHING = Json(UNKNOWN, (), _NoPlaces(), False)
"""What is read in a file that is no text."""


_EXACT_DIGITS: Final = 15
"""Digits of the longest whole numbers of which a double holds every one."""


def whole_number(text: str) -> int | float:
    """A whole number as ``JSON.parse`` reads it: a large one is rounded to the nearest double, and beyond their range infinite."""
    if len(text) <= _EXACT_DIGITS:
        return int(text)
    number = float(text)
    return int(number) if abs(number) <= 2**53 else number
