"""From settings back to the entries of a file that give them: parameters, variables, the members of a vault's secret.

An entry gives one setting, or as JSON one with all its members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..model import Fact, Part, SettingPath
from ..text import Excerpt, Piece, Span
from ..typed import TYPE_CHECKING, Protocol
from .lines import Lines
from .source import Cached

if TYPE_CHECKING:
    from ..redaction.values import Public


class Entry(Protocol):
    """An entry that gives a setting: one parameter, variable, or member of a vault's secret."""

    @property
    def text(self) -> str | None:
        """The JSON in which the places of members are looked for; None if all of them are the place of the whole value."""

    def span(self, part: Part) -> Span:
        """The place of a part of it; the place of its name if the part is not given."""

    def facts(self) -> Mapping[str, Fact]:
        """The facts that rules can ask for."""

    def shown_as(self, path: SettingPath, span: Span) -> Public | None:
        """The setting as which the text at a span of it may be shown, if it gives the setting at ``path``; None if it may not be."""


class EntriesOrigin(Cached):
    """The origin of a document whose settings are given by entries. ``start`` is where to point for absent settings."""

    def __init__(self, entries: Mapping[SettingPath, Entry], lines: Lines, start: Callable[[], Span]) -> None:
        self._entries = entries
        self._lines = lines
        self._start = start

    def _holder(self, path: SettingPath) -> SettingPath | None:
        """The setting of the entry whose value holds a setting: its own, or that of an object above it."""
        return next((path[:length] for length in range(len(path), 0, -1) if path[:length] in self._entries), None)

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        holder = self._holder(path)
        if holder is not None:
            entry = self._entries[holder]
            return entry.span(part) if holder == path else self._inside(holder, entry, path[len(holder) :], part)
        beneath = next((entry for at, entry in self._entries.items() if path and at[: len(path)] == path), None)
        return beneath.span("key") if beneath is not None else self._start()

    def _inside(self, holder: SettingPath, entry: Entry, path: SettingPath, part: Part) -> Span:
        """A place in the JSON that an entry holds."""
        span, text = entry.span("value"), entry.text
        if text is None:
            return span if part != "key" else entry.span("key")
        from ..syntax.json_in_text import InnerJson  # only for what is found within a value

        inner = self.cached(("inner", holder), lambda: InnerJson(self._lines.text.content, span, text))
        find = inner.json.places.find
        place = next((place for length in range(len(path), 0, -1) if (place := find(path[:length])) is not None), None)
        return span if place is None else inner.outward(place.span(part))

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """The facts that the entry of exactly this setting has beside the value, such as its type.

        A value inside the JSON of an entry has no facts: one parameter of the wrong type is one mistake.
        """
        return self._entries[path].facts() if path in self._entries else {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`."""
        holder = self._holder(path) if path else None
        if holder is None:
            return self._lines.masked.excerpt(span)
        entry = self._entries[holder]
        value = entry.span("value")
        if value.start <= span.start and span.end <= value.end:  # a separate text, whose parts are not known
            return self.cached(("excerpt", holder), lambda: self._lines.masked.excerpt(value, entry.shown_as(holder, value)))
        return self._lines.masked.excerpt(span, entry.shown_as(holder, span))

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return self._lines.masked.pieces(part)
