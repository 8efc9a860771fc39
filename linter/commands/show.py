"""``medplum-lint show``: the effective configuration, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ..conformance.mismatch import MISREAD, OF_NAMES, mismatches
from ..conformance.reader import Mismatch
from ..model import ABSENT, UNKNOWN, Document, SettingPath, prefixes
from ..options import Given
from ..output import write_standard_output
from ..output.say import fail_for, say
from ..redaction.mask import holder_text
from ..redaction.numbers import number_text
from ..reporters._words import document_terms
from ..run import load_documents
from ..server.effective import Effective, effective_settings, visible_effective
from ..server.shown import HIDDEN, catalogue_of, not_read, shown_name, visible
from ..settings import Catalogue
from ..text import MASK, clipped, inert, printable
from ..typed import Any
from .inputs import inputs
from .layout import json_text, not_read_text

VERSION = 1
LONGEST = 80
"""The maximum length of a value in a table, in characters."""


def run(given: Given) -> None:
    """Print the configuration as the server sees it.

    Secrets are masked. dump.json#prod is one environment of a file, or one of its services or containers.
    aws:eu-west-1:/medplum/prod/ is what is deployed.

    Examples:
      # Only settings whose value in the server differs from what is written
      medplum-lint show --only-changed medplum.config.json
      # What one release reads, with its defaults
      medplum-lint show --defaults --server-version 4.3.5 dump.json
      # A server that reads Parameter Store, overridden by variables
      medplum-lint show --start 'aws:eu-west-1:/medplum/prod/,env' dump.json .env
    """
    found = inputs(given.paths, given)
    start = given.start or found.start
    loaded = load_documents([*found.files, *found.read], given.kind, given.max_size, given.server, start=start)
    in_tables = {why for document in loaded.documents for why in not_read(document)}
    say("note", *(notice.text for notice in loaded.notices if notice.message not in in_tables))
    text = as_json if given.format == "json" else as_text
    write_standard_output(text(loaded.documents, only_changed=given.only_changed, defaults=given.defaults))
    fail_for(loaded.errors, loaded.bugs)


def rows(document: Document, *, only_changed: bool, defaults: bool) -> list[Effective]:
    """The settings of a document to show."""
    return [row for row in effective_settings(document, defaults=defaults) if row.changed or not only_changed]


def as_json(documents: Iterable[Document], *, only_changed: bool, defaults: bool) -> str:
    """The contract that docs/json.md describes.

    ``effective`` has JSON's own types; NaN is the text "NaN", and a value that is hidden or absent is null. In a value that may be shown in
    part, such as a URL with a password, the rest is masked.
    """
    shown = [
        {
            **document_terms(document),
            "server_version": document.server.text,
            "server_version_from": document.server.why,
            "settings": [_json_row(document, row) for row in rows(document, only_changed=only_changed, defaults=defaults)],
            "not_read": [{"why": why, "settings": names} for why, names in not_read(document).items()],
        }
        for document in documents
    ]
    return json_text({"version": VERSION, "documents": shown})


def _json_row(document: Document, one: Effective) -> dict[str, Any]:
    known = catalogue_of(document)
    written, effective = visible(known, one.path, one.written), visible_effective(known, one)
    return {
        "setting": shown_name(known, one.path),
        "written": json_value(written),
        "effective": json_value(effective),
        "from": "default" if one.written is ABSENT and one.line is None else "written",
        "line": one.line,
        "file": one.uri or None,
        **({"source": document.layer(one.path).kind} if len(document.layers) > 1 and one.line is not None else {}),
        "secret": HIDDEN in (written, effective),
    }


def json_value(value: Any) -> Any:
    """A value in JSON's own types: NaN and the infinities are texts; what is absent, unknown or hidden is null."""
    if value is ABSENT or value is UNKNOWN or value is HIDDEN:
        return None
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return number_text(value)
    if isinstance(value, dict):
        return {key: json_value(member) for key, member in value.items()}
    return [json_value(member) for member in value] if isinstance(value, list) else value


def as_text(documents: Iterable[Document], *, only_changed: bool, defaults: bool) -> str:
    """A table for each document; values that the server reads differently are marked with an arrow."""
    return inert("\n".join(_table(document, rows(document, only_changed=only_changed, defaults=defaults)) for document in documents))


def _table(document: Document, shown: list[Effective]) -> str:
    holder = holder_text(document)
    environment = f", {holder}" if holder else ""
    newer = f", the newest known release for {document.server.newer}" if document.server.newer else ""
    server = f", server {document.server.text}{newer}" if document.server.is_known else ""
    kinds = " + ".join(dict.fromkeys(document.kinds))
    lines = [f"{printable(document.uri)} ({kinds}{environment}{server})"]
    misread = mismatches(document)
    known = catalogue_of(document)
    cells = [(printable(shown_name(known, one.path)), _value(known, one), _place(document, one) + _note(one, misread)) for one in shown]
    name_width = max((len(name) for name, _, _ in cells), default=0)
    value_width = min(max((len(value) for _, value, _ in cells), default=0), 60)
    lines += [f"  {name.ljust(name_width)}  {value.ljust(value_width)}  {place}" for name, value, place in cells]
    lines += [f"  {not_read_text(why, names)}" for why, names in not_read(document).items()]
    return "\n".join(lines if cells else [*lines, "  nothing to show"]) + "\n"


def _place(document: Document, effective: Effective) -> str:
    """The line of a setting, and its file or source if the document has several."""
    if effective.line is None:
        return "default"
    source = f" ({document.layer(effective.path).kind.rpartition('/')[2]})" if len(document.layers) > 1 else ""
    return f"line {effective.line}" if document.parts is None else f"{printable(effective.uri)}:{effective.line}{source}"


def _note(effective: Effective, misread: Mapping[SettingPath, Mismatch]) -> str:
    """What the server makes of a value that it misreads, or of a name, or an object's, that it does not know. Defaults have no note."""
    found = (misread[path] for path in prefixes(effective.path) if path in misread) if effective.line is not None else ()
    mismatch = next(iter(found), None)
    shown = mismatch is not None and mismatch.aspect in MISREAD | OF_NAMES - {"all-loaders"}  # which is about other releases
    return f"  ! {printable(mismatch.reason.text)}" if mismatch is not None and shown else ""


def _value(known: Catalogue, one: Effective) -> str:
    """What the server makes of a value, behind what is written if that is something else."""
    is_known = one.effective is not UNKNOWN or one.written is UNKNOWN
    effective = value_cell(visible_effective(known, one)) if is_known else "(not known)"
    return f"{value_cell(visible(known, one.path, one.written))} → {effective}" if one.changed else effective


def value_cell(value: Any, most: int = LONGEST) -> str:
    """The visible part of a value for a table: as JSON, on one line, with at most so many characters."""
    if value is UNKNOWN:
        return "(value not in the input)"
    if value is ABSENT:
        return "(nothing)"
    if value is HIDDEN:
        return MASK
    if isinstance(value, str):
        return f'"{clipped(printable(value), most)}"'
    return clipped(json.dumps(json_value(value), ensure_ascii=False), most) if isinstance(value, dict | list) else number_text(value)
