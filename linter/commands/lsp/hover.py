"""What an editor shows of a setting: what it is, and what the server makes of it. No secret is in it."""

from __future__ import annotations

from functools import cache

from ... import _built
from ...model import ABSENT, UNKNOWN
from ...server.effective import Effective, visible_effective
from ...server.shown import catalogue_of, shown_name, visible
from ...settings import Catalogue
from ...settings.described import facts, prose
from ...text import printable
from .places import Place


def hover(place: Place) -> str:
    """Markdown about a setting."""
    document, path = place.document, place.path
    known = catalogue_of(document)
    setting = known.get(path)
    name = printable(shown_name(known, path)).replace("`", "'")  # it may be anything, and must not be read as Markdown
    lines = [f"**`{name}`**"]
    if setting is None:
        lines.append("Not a setting that medplum-lint knows.")
    else:
        lines += [prose(setting), "\n".join(f"- {fact}" for fact in facts(setting))]
        rules = (_rules().get(known.kind) or {}).get(setting.name, ())
        lines += [f"Rules: {', '.join(f'`{rule}`' for rule in rules)}"] if rules else []
    lines += [_effect(known, place.row, document.server.text)] if place.row is not None and setting is not None else []
    return "\n\n".join(filter(None, lines))


def _effect(known: Catalogue, row: Effective, server: str) -> str:
    """What a server makes of a written value."""
    from ..show import value_cell

    if row.written is ABSENT or row.effective is UNKNOWN:
        return ""
    effective = value_cell(visible_effective(known, row))
    written = f" of `{value_cell(visible(known, row.path, row.written))}`" if row.changed else ""
    return f"Server {server} reads `{effective}`{written}."


@cache
def _rules() -> dict[str, dict[str, list[str]]]:
    """The rules about each setting, by the kind of its catalogue and its name; in a checkout whose rules have changed, as last built."""
    return _built.read("subjects", None, dict)
