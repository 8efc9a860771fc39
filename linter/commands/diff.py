"""``medplum-lint diff``: compare two configurations as the server loads them, defaults included."""

from __future__ import annotations

import os.path
import sys
from collections.abc import Iterator, Mapping

from ..model import ABSENT, UNKNOWN, Document, SettingPath, is_same
from ..options import Given
from ..output import width_of, write_standard_output
from ..output.say import Failed, fail_for, say
from ..redaction.mask import environment_text
from ..redaction.numbers import number_text
from ..release import ANY_SERVER
from ..reporters._columns import folded, width, wrapped
from ..reporters._words import document_terms
from ..run import LoadedDocuments, load_documents
from ..server.effective import effective_settings, leaves, visible_effective
from ..server.shown import HIDDEN, catalogue_of, shown_name, visible
from ..text import clipped, count, inert, printable
from ..typed import Any, NamedTuple
from .inputs import inputs
from .layout import columns, document_name, json_text
from .show import LONGEST, json_value, value_cell

VERSION = 1
_ALL = sys.maxsize
_BEFORE = 20
"""The minimum number of characters of a long value shown before the difference."""


def run(given: Given) -> int:
    """Compare two configurations as the server sees them.

    FIRST and SECOND are files; dump.json#prod is one environment of a file, or one of its services or containers;
    aws:eu-west-1:/medplum/prod/ is what is deployed. The exit code is 1 if they differ.

    Examples:
      # Two environments of one dump
      medplum-lint diff dump.json#staging dump.json#prod
      # What is in the repository, and what is deployed
      medplum-lint diff medplum.config.json dump.json#prod
    """
    both = [_loaded(path, given) for path in (given.first, given.second)]
    say("note", *(notice.text for loaded in both for notice in loaded.notices))
    first, second = (loaded.documents[0] for loaded in both)
    text = as_json(first, second) if given.format == "json" else as_text(first, second, width_of(sys.stdout))
    write_standard_output(text)
    return 1 if differences(first, second) else 0


def _loaded(path: str, given: Given) -> LoadedDocuments:
    """The only document of a file, of an environment in it, or of what is deployed."""
    found = inputs([path], given, tasks=False)
    loaded = load_documents([*found.files, *found.read], None, given.max_size, ANY_SERVER, start=found.start)
    fail_for(loaded.errors, loaded.bugs)
    if len(loaded.documents) != 1:
        names = ", ".join(environment_text(document.environment) for document in loaded.documents if document.environment)
        raise Failed(f"{path}: there are several environments: write {path}#NAME with one of {names}")
    return loaded


class Side(NamedTuple):
    """The value of a setting in one configuration; ``value`` is ``ABSENT`` if it has none.

    ``shown`` is the part of it that may be shown, ``HIDDEN`` if there is none.
    """

    value: Any
    shown: Any
    default: bool


_NOTHING = Side(ABSENT, ABSENT, False)


def differences(first: Document, second: Document) -> list[tuple[SettingPath, Side, Side]]:
    """Every setting that differs, sorted by name, except those that cannot be read on either side."""
    left, right = _leaves(first), _leaves(second)
    paths = sorted(left.keys() | right.keys(), key=lambda path: [str(step) for step in path])
    rows = ((path, _side(first, left, path), _side(second, right, path)) for path in paths)
    return [row for row in rows if UNKNOWN not in (row[1].value, row[2].value) and not _equal(first, row[0], row[1].value, row[2].value)]


def _side(document: Document, known: Mapping[SettingPath, Side], path: SettingPath) -> Side:
    """The side of a setting; its value is not known if its section is one that a secret fills which was not read."""
    side = known.get(path, _NOTHING)
    may_be_given = any(at[:1] == path[:1] for at in document.unread)
    return side._replace(value=UNKNOWN) if may_be_given and (side is _NOTHING or side.default) else side


def _equal(document: Document, path: SettingPath, left: Any, right: Any) -> bool:
    if is_same(left, right):
        return True
    setting = catalogue_of(document).get(path)
    digits_in_quotes = setting is not None and {"integer", "string"} <= set(setting.types)
    return digits_in_quotes and number_text(left) == number_text(right)


def _leaves(document: Document) -> Mapping[SettingPath, Side]:
    known = catalogue_of(document)
    return {
        path: Side(
            value,
            visible_effective(known, row) if value is row.effective else visible(known, path, value),
            row.line is None,
        )
        for row in effective_settings(document, defaults=True)
        for path, value in leaves(row.path, row.effective)  # so that an object in one parameter is compared with separate members
        if value is not ABSENT
    }


def as_json(first: Document, second: Document) -> str:
    """The contract that docs/json.md describes: values in JSON's own types; secrets and absent values are null."""
    rows = [
        {
            "setting": shown_name(catalogue_of(first), path),
            "first": json_value(one.shown),
            "second": json_value(other.shown),
            "only_in": "second" if one.value is ABSENT else "first" if other.value is ABSENT else None,
            "secret": HIDDEN in (one.shown, other.shown),
        }
        for path, one, other in differences(first, second)
    ]
    return json_text({"version": VERSION, "first": document_terms(first), "second": document_terms(second), "differences": rows})


def as_text(first: Document, second: Document, terminal: int = 0) -> str:
    """A line for each setting that differs: its value here and there; below each other if that is too wide for the terminal."""
    every = differences(first, second)
    if not every:
        return "No differences.\n"
    known = catalogue_of(first)
    rows = [("", document_name(first), document_name(second))]
    rows += ((printable(shown_name(known, path)), *_cells(one, other)) for path, one, other in every)
    lines = columns(rows)
    if terminal and max(map(width, lines)) > terminal:
        lines = [line for row in rows for line in _below_each_other(row, terminal)]
    return inert("\n".join([*map(str.rstrip, lines), f"{count(len(every), 'setting differs', 'settings differ')}.", ""]))


def _below_each_other(row: tuple[str, str, str], terminal: int) -> Iterator[str]:
    """A row as lines for a terminal: the name, if there is one, and the values, wrapped at the terminal's width."""
    name, *values = row
    yield from [name] if name else []
    for sign, value in zip("-+", values, strict=True):
        pieces = [piece for line in wrapped(value, terminal - 4) for piece in folded(line, terminal - 4)]
        yield from (f"  {' ' if number else sign} {piece}" for number, piece in enumerate(pieces))


def _cells(first: Side, second: Side) -> tuple[str, str]:
    """The values here and there; a long one is cut around the first character that differs."""
    here, there = _cell(first, _ALL), _cell(second, _ALL)
    same = len(os.path.commonprefix((here, there))) - _BEFORE
    if same > _BEFORE and max(len(here), len(there)) > LONGEST:
        here, there = (clipped(f"…{text[same:]}", LONGEST) for text in (here, there))
    else:
        here, there = _cell(first), _cell(second)
    return (here, there) if here != there else (f"{here} (differs)", f"{there} (differs)")


def _cell(side: Side, most: int = LONGEST) -> str:
    if side.value is ABSENT:
        return "(not given)"
    text = value_cell(side.shown, most)
    return f"{text} (default)" if side.default and side.shown is not HIDDEN else text
