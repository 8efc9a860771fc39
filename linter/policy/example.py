"""Examples of rules: documents, and what a rule finds in them: ``finds: {baseUrl: 2 error unsafe}``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ..model import LEVELS, Target
from ..typed import Any, Final, NamedTuple
from .errors import RuleError, did_you_mean
from .operators import listed
from .severity import PEDANTIC
from .tree import Place

SEVERITIES: Final = ("stops", *LEVELS, PEDANTIC)
"""The severities that an example can name; ``stops`` is an error that keeps the server from starting."""
FIXES: Final = ("safe", "unsafe", "unfixed")
"""Whether the fix of a finding is safe, or that it has none."""
_KINDS: Final = {"severity": SEVERITIES, "part": ("value", "key", "type", "tier"), "fix": FIXES}
JOINED: Final = " + "
"""What stands between the names of settings that one finding is about."""


class Expected(NamedTuple):
    """A finding as an example describes it: the name of the setting, or for a source's findings ``line:column``; the number of the case
    that finds it, from 1; its severity; the part of the setting that it is at; and whether its fix is safe. None for what it leaves open.
    """

    name: str
    case: int | None = None
    severity: str | None = None
    part: str | None = None
    fix: str | None = None

    @property
    def text(self) -> str:
        """The finding as an example writes it, in one line."""
        words = " ".join(str(word) for word in self[1:] if word is not None)
        return f"{self.name}: {words}" if words else self.name

    def like(self, other: Expected) -> Expected:
        """This finding without what another one leaves open."""
        left_open: dict[str, Any] = dict.fromkeys(field for field, value in other._asdict().items() if value is None)
        return self._replace(**left_open)


class Example(NamedTuple):
    """A document that shows what a rule finds.

    ``content`` is its text, or its data as JSON. ``finds`` names the findings of a bad example (:class:`Expected`). ``fixed`` is the result
    of safe fixes, ``fixed_unsafely`` that of all. ``yields_to`` names the rules to which the rule leaves the findings of a good example.
    The other fields are facts that the content does not show; ``beside`` is a dump of parameters
    that is checked with it; ``mounted``: a file named in the server's start argument gives it;
    ``partial``: it is only a part of a configuration.
    """

    place: Place
    is_good: bool
    content: Any
    is_text: bool
    name: str = ""
    kind: str = ""
    server: str = ""
    environment: str | None = None
    file: str = "rule"
    beside: Mapping[str, Any] | None = None
    mounted: bool = False
    partial: bool = False
    target: Target | None = None
    now: str = ""
    encoding: str = "utf-8"
    finds: Sequence[str] | Mapping[str, Any] = ()
    fixed: Any = None
    fixed_unsafely: Any = None
    yields_to: Sequence[str] = ()

    @property
    def expected(self) -> list[Expected]:
        """The findings that it says it has."""
        return list(parse_expected(self.finds, (*self.place, "finds")))

    def text(self, indent: int | None = None) -> str:
        """The text of the document."""
        return self.content if self.is_text else json.dumps(self.content, ensure_ascii=False, indent=indent)


def parse_expected(finds: Any, place: Place) -> Iterator[Expected]:
    """What an example finds: a list of names, or a mapping from each to words. Raises :class:`RuleError` for an unknown word."""
    if not isinstance(finds, Mapping):
        yield from (Expected(str(name)) for name in finds)
        return
    for name, phrases in finds.items():
        for phrase in listed(phrases):
            yield Expected(name)._replace(**_words(str(phrase), (*place, name)))


def _words(phrase: str, place: Place) -> dict[str, Any]:
    """The fields that some words set, in any order."""
    fields: dict[str, Any] = {}
    for word in phrase.split():
        field = "case" if word.isdecimal() else next((field for field, words in _KINDS.items() if word in words), None)
        if field is None:
            known = [known for words in _KINDS.values() for known in words]
            expected = f"the number of a case, or one of {', '.join(known)}"
            raise RuleError(f'"{word}" says nothing about a finding: expected {expected}{did_you_mean(word, known)}', place)
        if field in fields:
            raise RuleError(f'"{phrase}" names two values for the {field} of a finding', place)
        fields[field] = int(word) if field == "case" else word
    return fields
