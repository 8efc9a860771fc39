"""The tables of ``docs/policy-words.md``: operators, formats, aspects, tags and classes, as the code has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from linter.conformance.mismatch import ASPECTS
from linter.formats import FORMATS
from linter.policy.operators import OPERATORS
from linter.policy.severity import CLASSES
from linter.settings import KINDS, catalogue


def _operators() -> str:
    """The operators by name; those that say the same in one row, at the first of them."""
    rows: dict[str, list[str]] = {}
    for name, one in OPERATORS.items():
        rows.setdefault(one.says, []).append(f"`{name}: {one.operand}`")
    return _table(("operator", "holds when the value"), ((", ".join(names), says) for says, names in rows.items()))


def _formats() -> str:
    return _table(("format", "what fits"), ((f"`{name}`", form.describes) for name, form in FORMATS.items()))


def _aspects() -> str:
    return _table(("aspect", "what it asks"), ((f"`{name}`", asks) for name, asks in ASPECTS.items()))


def _tags() -> str:
    tags: dict[str, list[str]] = {}
    for kind in KINDS:
        for tag in catalogue(kind).tags():
            tags.setdefault(tag, []).extend(".".join(map(str, path)) for path in catalogue(kind).tagged(tag))
    return _table(("tag", "settings"), ((f"`<{tag}>`", _some(list(dict.fromkeys(names)))) for tag, names in sorted(tags.items())))


def _some(names: list[str], most: int = 3) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _table(head: tuple[str, str], rows: Iterator[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | --- |", *(f"| {name} | {says} |".replace("\\", "\\\\") for name, says in rows)]
    return "\n".join(lines) + "\n"


def _classes() -> str:
    rows = [f"| `{name}` | {one.says} | {one.production} | {one.development} |" for name, one in CLASSES.items()]
    return "\n".join(["| class | what happens because of it | in production | in development |", "| --- | --- | --- | --- |", *rows, ""])


TABLES: dict[str, Callable[[], str]] = {
    "operators": _operators,
    "formats": _formats,
    "aspects": _aspects,
    "tags": _tags,
    "classes": _classes,
}
