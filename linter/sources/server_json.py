"""``server/json``: the server's JSON config file, as ``file:PATH`` loads it: ``JSON.parse``, and no coercion of any value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import settings
from ..model import UNKNOWN, Document, Excerpt, Fact, Part, SettingPath, Span, Text
from ._excerpt import Visibility, excerpt
from ._json import Json
from ._problems import encoding_problems, json_problems
from ._recognise import is_medplum_name, recognise_object
from ._source import Loaded, Problem, Recognised, SourceFile

KINDS = ("server/json",)
NAMES = ("medplum*.json", "*medplum*.json", "*.config.json", "config.json")

_CONSEQUENCE = "the server reads its config with JSON.parse, fails at this and does not start"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a server's configuration, or one of the other files that go by the same names."""
    parsed = file.json
    if isinstance(parsed.value, dict):
        return recognise_object(parsed.value, file.name)
    if parsed.value is UNKNOWN or is_medplum_name(file.name):
        return Recognised("server/json", 5, "no JSON")
    return None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the file, with what is wrong with its text."""
    parsed = file.json
    problems = [*encoding_problems(file, _CONSEQUENCE), *json_problems(parsed, _CONSEQUENCE)]
    data = parsed.value
    if not isinstance(data, dict):
        if data is not UNKNOWN:
            problems.append(_not_an_object(parsed))
        data = {}
    document = Document(file.uri, kind, file.text, data, JsonOrigin(file.text, parsed))
    return [Loaded(document, tuple(problems), judge=parsed.whole and isinstance(parsed.value, dict))]


def _not_an_object(parsed: Json) -> Problem:
    place = parsed.places.find(())
    span = place.value if place is not None else Span(0, 1)
    message = "the configuration must be a JSON object of settings; the server finds no baseUrl in this and does not start"
    return Problem("json-not-an-object", message, Span(span.start, span.start + 1))


class JsonOrigin:
    """The way back from settings to the text of a JSON file whose members are the settings."""

    def __init__(self, text: Text, parsed: Json) -> None:
        self._text = text
        self._parsed = parsed

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        place = self._parsed.places.find(path)
        if place is not None:
            return place.key if part == "key" and place.key is not None else place.value
        for length in range(len(path) - 1, -1, -1):
            holder = self._parsed.places.find(path[:length])
            if holder is not None:
                return Span(holder.value.start, holder.value.start + 1)
        return Span(0, 0)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """A JSON file says nothing beside the values."""
        return {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`."""
        known = settings.catalogue()
        place = self._parsed.places.find(path) if path else None
        anchor = place.key.start if place is not None and place.key is not None else span.start
        show = bool(path) and known.is_public(path or ())
        return excerpt(self._text, span, anchor, _visibility(self._parsed.whole), show=show)


def _visibility(whole: bool) -> Visibility:
    public = settings.known_public_names()
    names: frozenset[Any] = frozenset(step for name in settings.catalogue().names() for step in name.split("."))
    return Visibility(public.__contains__, (lambda _name: True) if whole else names.__contains__)
