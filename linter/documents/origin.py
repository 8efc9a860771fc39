"""From settings back to the text of a JSON file: shared by the sources whose members are the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice

from .. import settings
from ..model import Change, Fact, Part, SettingPath, children
from ..syntax.places import Json, Places
from ..text import Edits, Excerpt, Piece, Span, Text, lookup
from ..typed import TYPE_CHECKING, Any, Final, Literal
from .lines import Lines
from .source import Editor, SourceFile

if TYPE_CHECKING:
    from ..redaction.values import Hidden, Public, Visibility
    from ..syntax.json_in_text import InnerJson


def first_character(places: Places, path: SettingPath = ()) -> Span:
    """The first character of what is at a path, or of the nearest object above it, for a setting that this lacks."""
    holders = (places.find(path[:length]) for length in range(len(path), -1, -1))
    holder = next((holder for holder in holders if holder is not None), None)
    return Span(holder.value.start, holder.value.start + 1) if holder is not None else Span(0, 0)


def visibility(known: settings.Catalogue, parsed: Json) -> Visibility:
    """What may be shown of a JSON text with the settings of a catalogue."""
    from ..redaction.values import Visibility

    names: frozenset[Any] = frozenset(step for name in known.names() for step in name.split("."))
    # If the text is not intact, a misplaced quote can have turned a value into a name.
    known_name = (lambda _name: True) if parsed.intact else names.__contains__
    placed = cache(lambda: dict(_placed(known, parsed)))
    return Visibility(
        lambda name: settings.public_settings(name, known.kind),
        known_name,
        lookup(partial(_closed, known, parsed)),
        lambda offset: placed().get(offset),
    )


_MOST_PLACED: Final = 10_000
"""The maximum number of values whose position is looked up."""


def _placed(known: settings.Catalogue, parsed: Json) -> Iterator[tuple[int, Public]]:
    """The values of a JSON text that are public by position though not by name, by their offsets.

    These are items of lists, and values whose name is a secret's elsewhere, such as ``database`` in ``database``.
    """
    from ..redaction.values import public_setting

    def found(path: SettingPath, value: Any) -> Iterator[tuple[SettingPath, settings.Setting]]:
        if isinstance(value, dict | list):
            if not path or known.get(path) is not None:  # and so never deeper than settings are
                for step, member in children(value):
                    yield from found((*path, step), member)
        elif path and (isinstance(path[-1], int) or settings.public_settings(path[-1], known.kind) is None):
            setting = public_setting(known, path)
            if setting is not None:
                yield path, setting

    # In a text that is not intact a misplaced quote moves values elsewhere.
    for path, setting in islice(found((), parsed.value), _MOST_PLACED) if parsed.intact else ():
        place = parsed.places.find(path)
        if place is not None:
            holder = known.get(path[:-1]) if isinstance(path[-1], int) and known.is_public(path[:-1]) else None
            yield place.value.start, ((setting,) if holder is None else (setting, holder))


def _closed(known: settings.Catalogue, parsed: Json) -> Iterator[tuple[Span, Hidden]]:
    """What is hidden even though every name there is public.

    These are the values for which the catalogue has no public setting, and those that JSON drops for a later one.
    """
    waiting: list[tuple[SettingPath, Any]] = [((), parsed.value)]
    while waiting:
        above, holder = waiting.pop()
        for step, value in children(holder):
            hidden = _hidden(known, (*above, step), is_holder=isinstance(value, dict | list))
            if hidden == "nothing":
                waiting.append(((*above, step), value))
            elif hidden is not None and (place := parsed.places.find((*above, step))) is not None:
                yield place.value, hidden
    yield from ((problem.dropped, "values") for problem in parsed.problems if problem.dropped is not None)


def _hidden(known: settings.Catalogue, path: SettingPath, *, is_holder: bool) -> Hidden | Literal["nothing"] | None:
    """The part of a value that is hidden; ``nothing`` if its members decide, None if its name does."""
    setting = known.get(path)
    if not is_holder:
        # Settings of the CDK in a server's file, and vice versa, are public by name.
        return "values" if len(path) > 1 and isinstance(path[-1], str) and not known.is_public(path) else None
    if setting is None:
        return "values" if path != ("bots",) else None
    if setting.is_container:
        return "nothing"
    return "all" if setting.secret else "values"


def public_at(known: settings.Catalogue, path: SettingPath | None) -> Public | None:
    """The setting at a path, if its value may be shown; else None."""
    setting = known.get(path) if path and known.is_public(path) else None
    return None if setting is None else (setting,)


def editor_of(file: SourceFile, catalogue: str) -> Editor | None:
    """The editor for a JSON file whose members are the settings of a catalogue; none if invalid UTF-8 would be lost.

    There is none either for a text inside another file, or for members without braces around them.
    """

    def edit(changes: Sequence[Change]) -> Edits:
        from .editing.json import json_edits  # only for a finding that has a fix

        return json_edits(file.text.content, file.json, catalogue, changes)

    return edit if file.encoding_error is None and file.part is None and not file.json.is_bare else None


class JsonOrigin:
    """The origin of a document whose settings are the members of a JSON text; ``catalogue`` names its settings.

    The text is that of the file, or an ``inner`` one: then ``outer`` are the lines of the file around it.
    """

    def __init__(self, text: Text, parsed: Json, catalogue: str = "server", inner: InnerJson | None = None, outer: Lines | None = None):
        self._text = text
        self._parsed = parsed
        self._known = known = settings.catalogue(catalogue)
        self._inner = inner
        self._lines = Lines(text if inner is None else inner.text, lambda: visibility(known, parsed))
        self._outer = outer if outer is not None else self._lines

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        place = self._parsed.places.find(path)
        span = place.span(part) if place is not None else first_character(self._parsed.places, path[:-1])
        return span if self._inner is None else self._inner.outward(span)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """JSON has no facts beside the values."""
        return {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`; of an inner text unescaped, which is easier to read."""
        inner = self._inner
        if inner is not None and not inner.span.start <= span.start < inner.span.end:
            return self._outer.masked.excerpt(span)
        within = span if inner is None else inner.inward(span)

        def anchor() -> int:
            """The offset from which to show a long line: the start of the member's name, else of the span."""
            place = self._parsed.places.find(path) if path else None
            return place.key.start if place is not None and place.key is not None else within.start

        shown = self._lines.masked.excerpt(within, public_at(self._known, path), anchor)
        return shown if inner is None else shown._replace(line=self._text.position(span.start).line)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return self._outer.masked.pieces(part)
