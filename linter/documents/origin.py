"""The way back from settings to the text of a file of JSON: shared by the sources whose members are the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from .. import settings
from ..model import Fact, Part, SettingPath
from ..redaction.json_line import Visibility, excerpt, line_pieces
from ..redaction.values import Public
from ..syntax.json import Json, Place, Places
from ..text import Excerpt, Piece, Span, Text


def locate_in(places: Places, path: SettingPath, part: Part) -> Span:
    """Where a setting stands; for one that is absent the first character of what lacks it."""
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
    names: frozenset[Any] = frozenset(step for name in known.names() for step in name.split("."))
    return Visibility(lambda name: settings.public_settings(name, known.kind), (lambda _name: True) if intact else names.__contains__)


def public_at(known: settings.Catalogue, path: SettingPath | None) -> Public | None:
    """The setting at a path as one whose value may be shown; None where it may not."""
    setting = known.get(path) if path and known.is_public(path) else None
    return None if setting is None else (setting,)


def anchor_of(place: Place | None, span: Span) -> int:
    """Where the name of a member starts, or else what is pointed at."""
    return place.key.start if place is not None and place.key is not None else span.start


class JsonLines:
    """Lines of a JSON file; see :class:`linter.documents.entries.Lines`."""

    def __init__(self, text: Text, visibility: Visibility) -> None:
        self._text = text
        self._visibility = visibility

    def excerpt(self, span: Span, *, show: Public | None) -> Excerpt:
        """See :meth:`linter.documents.entries.Lines.excerpt`."""
        return excerpt(self._text, span, span.start, self._visibility, show=show)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return line_pieces(self._text, part, self._visibility)


class JsonOrigin:
    """The origin of a document whose settings are the members of a JSON file; ``catalogue`` names the settings that it has."""

    def __init__(self, text: Text, parsed: Json, catalogue: str = "server") -> None:
        self._text = text
        self._parsed = parsed
        self._catalogue = catalogue

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        return locate_in(self._parsed.places, path, part)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """A JSON file says nothing beside the values."""
        return {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`."""
        place = self._parsed.places.find(path) if path else None
        show = public_at(settings.catalogue(self._catalogue), path)
        return excerpt(self._text, span, anchor_of(place, span), self._visibility, show=show)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return line_pieces(self._text, part, self._visibility)

    @cached_property
    def _visibility(self) -> Visibility:
        """Worked out once: it looks at everything that is wrong with the text."""
        return visibility(settings.catalogue(self._catalogue), intact=self._parsed.intact)
