"""``medplum-lint show``: the effective configuration, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .effective import Effective, effective_settings
from .model import ABSENT, MASK, UNKNOWN, Document, inert, printable
from .policy.display import number_text, public_text
from .policy.judgement import MISREAD, Misfit, misfits

VERSION = 1


def rows(document: Document, *, only_changed: bool, defaults: bool) -> list[Effective]:
    """The settings of a document to show."""
    return [one for one in effective_settings(document, defaults=defaults) if one.changed or not only_changed]


def as_json(documents: Iterable[Document], *, only_changed: bool, defaults: bool) -> str:
    """The contract that README.md describes: ``effective`` has JSON's own types, NaN is the text "NaN", the values of secrets are null."""
    shown = [
        {
            "path": document.uri,
            "kind": document.kind,
            "environment": document.environment,
            "settings": [_json_row(one) for one in rows(document, only_changed=only_changed, defaults=defaults)],
        }
        for document in documents
    ]
    return inert(json.dumps({"version": VERSION, "documents": shown}, indent=2)) + "\n"


def _json_row(one: Effective) -> dict[str, Any]:
    return {
        "setting": one.name,
        "written": None if one.secret else json_value(one.written),
        "effective": None if one.secret else json_value(one.effective),
        "from": "default" if one.written is ABSENT and one.line is None else "written",
        "line": one.line,
        "secret": one.secret,
    }


def json_value(value: Any) -> Any:
    """A value in JSON's own types: NaN and the infinities are texts, what is absent or unknown is null."""
    if value is ABSENT or value is UNKNOWN:
        return None
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return number_text(value)
    if isinstance(value, dict):
        return {key: json_value(member) for key, member in value.items()}
    return [json_value(member) for member in value] if isinstance(value, list) else value


def as_text(documents: Iterable[Document], *, only_changed: bool, defaults: bool) -> str:
    """A table for each document; what the server holds differently is marked with an arrow."""
    return inert("\n".join(_table(document, rows(document, only_changed=only_changed, defaults=defaults)) for document in documents))


def _table(document: Document, shown: list[Effective]) -> str:
    environment = f", environment {printable(document.environment)}" if document.environment else ""
    lines = [f"{printable(document.uri)} ({document.kind}{environment})"]
    misread = misfits(document)
    cells = [(printable(one.name), _value_cell(one), _place(one) + _remark(misread.get(one.path))) for one in shown]
    name_width = max((len(name) for name, _, _ in cells), default=0)
    value_width = min(max((len(value) for _, value, _ in cells), default=0), 60)
    lines += [f"  {name.ljust(name_width)}  {value.ljust(value_width)}  {place}" for name, value, place in cells]
    return "\n".join(lines if cells else [*lines, "  nothing to show"]) + "\n"


def _place(one: Effective) -> str:
    return "default" if one.line is None else f"line {one.line}"


def _remark(misfit: Misfit | None) -> str:
    """What the server makes of a value that it misreads, or of a name that it does not know."""
    return f"  ! {printable(misfit.reason)}" if misfit is not None and misfit.aspect in (*MISREAD, "known", "variable", "current") else ""


def _value_cell(one: Effective) -> str:
    return "".join(_value_parts(one))


def _value_parts(one: Effective) -> Iterator[str]:
    if one.written is not ABSENT and (one.changed or one.secret):
        yield _shown(one.written, one.secret)
        if one.changed:
            yield f" → {_shown(one.effective, one.secret)}"
    else:
        yield _shown(one.effective, one.secret)


def _shown(value: Any, secret: bool) -> str:
    if value is UNKNOWN:
        return "(value not in the input)"
    if secret:
        return f"{MASK} ({len(value):,} characters)" if isinstance(value, str) else MASK
    if isinstance(value, str):
        return f'"{public_text(value)}"'
    return json.dumps(json_value(value)) if isinstance(value, dict | list) else number_text(value)
