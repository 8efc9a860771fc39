"""Which setting is at a character of a text."""

from __future__ import annotations

from collections.abc import Iterator

from ...model import Document, Part, SettingPath, prefixes
from ...server.effective import Effective, effective_settings
from ...text import Span
from ...typed import NamedTuple
from .session import Checked


class Place(NamedTuple):
    """A setting that a text gives: its name or its value is at ``span``; ``row`` is None for an object with members."""

    document: Document
    path: SettingPath
    span: Span
    part: Part
    row: Effective | None


def settings_in(checked: Checked, name: str) -> Iterator[Place]:
    """The settings that a file gives, each with its key and its value; objects before their members."""
    for document in checked.documents.get(name, ()):
        rows: dict[SettingPath, Effective | None] = {}
        for row in effective_settings(document, defaults=False):
            for path in prefixes(row.path):
                rows.setdefault(path, row if path == row.path else None)
        for path, own in rows.items():
            holder, inner = document.written_in(path)
            if holder.uri == name:
                parts: tuple[Part, ...] = ("key", "value") if own is not None else ("key",)
                yield from (Place(document, path, holder.locate(inner, part), part, own) for part in parts)


def setting_at(checked: Checked, name: str, offset: int) -> Place | None:
    """The setting whose name or value is at a character; the innermost of several, which one name can give."""
    found = [setting for setting in settings_in(checked, name) if setting.span.start <= offset <= setting.span.end]
    return min(found, key=lambda one: (one.span.end - one.span.start, -len(one.path)), default=None)
