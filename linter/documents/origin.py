"""The way back from settings to the text of a file of JSON: shared by the sources whose members are the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .. import settings
from ..model import Fact, Part, SettingPath
from ..syntax.places import Json, Place, Places
from ..text import Excerpt, Piece, Span, Text
from .lines import JsonLines

if TYPE_CHECKING:
    from ..redaction.values import Public, Visibility


def locate_in(places: Places, path: SettingPath, part: Part) -> Span:
    """The characters of a setting's value or key; for one that is absent the first character of what lacks it."""
    place = places.find(path)
    if place is not None:
        return place.key if part == "key" and place.key is not None else place.value
    for length in range(len(path) - 1, -1, -1):
        holder = places.find(path[:length])
        if holder is not None:
            return Span(holder.value.start, holder.value.start + 1)
    return Span(0, 0)


def visibility(known: settings.Catalogue, *, intact: bool) -> Visibility:
    """What may be shown of a JSON text with the settings of a catalogue; ``intact``: names are surely names, and values values."""
    from ..redaction.values import Visibility

    names: frozenset[Any] = frozenset(step for name in known.names() for step in name.split("."))
    return Visibility(lambda name: settings.public_settings(name, known.kind), (lambda _name: True) if intact else names.__contains__)


def public_at(known: settings.Catalogue, path: SettingPath | None) -> Public | None:
    """The setting at a path as one whose value may be shown; None where it may not."""
    setting = known.get(path) if path and known.is_public(path) else None
    return None if setting is None else (setting,)


def anchor_of(place: Place | None, span: Span) -> int:
    """The offset from which to show a long line: where the name of the member starts, else where the span does."""
    return place.key.start if place is not None and place.key is not None else span.start


class JsonOrigin:
    """The origin of a document whose settings are the members of a JSON file; ``catalogue`` names the settings that it has."""

    def __init__(self, text: Text, parsed: Json, catalogue: str = "server") -> None:
        self._parsed = parsed
        self._known = known = settings.catalogue(catalogue)
        self._lines = JsonLines(text, lambda: visibility(known, intact=parsed.intact))

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        return locate_in(self._parsed.places, path, part)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """A JSON file says nothing beside the values."""
        return {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`."""
        place = self._parsed.places.find(path) if path else None
        return self._lines.excerpt(span, show=public_at(self._known, path), anchor=anchor_of(place, span))

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return self._lines.pieces(part)
