"""The results of every parser of this package: values, their places, and the mistakes in the text."""

from __future__ import annotations

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any, Final, NamedTuple, Protocol

JsonPath = tuple[str | int, ...]


class Place(NamedTuple):
    """The place of a value, with that of its member name (quotes included) if it has one."""

    value: Span
    key: Span | None

    def span(self, part: str) -> Span:
        """The place of its ``key`` if that is asked for and it has one, else of its value."""
        return self.key if part == "key" and self.key is not None else self.value


class SyntaxProblem(NamedTuple):
    """A deviation from JSON (RFC 8259) or YAML: its name, one plain sentence, the place, and the path if it is about a member.

    The case of a rule that reports it has its name in ``found_by``. ``fatal``: a strict parser gets no further. ``lossy``: the parsed value
    may not be what the text says. ``repeated`` is the earlier place of the same scalar under the same name, from the name to its end;
    ``dropped`` is the place of the object or list that JSON drops for this member.
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
    """Locates values by their paths."""

    def find(self, path: JsonPath) -> Place | None:
        """The place of a value, or None if there is none at the path."""


class Json(NamedTuple):
    """A text parsed as JSON. ``whole`` is False if it broke off, so that ``value`` has only the part before."""

    value: Any
    problems: tuple[SyntaxProblem, ...]
    places: Places
    whole: bool

    @property
    def intact(self) -> bool:
        """Whether no token can have been mistaken for another: a misplaced quote turns a value into a name."""
        return self.whole and not any(problem.lossy for problem in self.problems)

    @property
    def is_bare(self) -> bool:
        """Whether the text has the members of an object without braces around them, as documentation shows additions to an object."""
        return any(problem.name == "json-without-braces" for problem in self.problems)


class _NoPlaces:
    def find(self, _path: JsonPath) -> Place | None:
        return None


NOTHING = Json(UNKNOWN, (), _NoPlaces(), False)
"""The result for a binary file."""


_EXACT_DIGITS: Final = 15
"""The number of digits up to which a double represents every whole number."""


def whole_number(text: str) -> int | float:
    """A whole number as ``JSON.parse`` reads it: a large one is rounded to the nearest double, and infinite beyond their range."""
    if len(text) <= _EXACT_DIGITS:
        return int(text)
    number = float(text)
    return int(number) if abs(number) <= 2**53 else number
