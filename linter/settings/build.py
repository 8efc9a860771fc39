"""Builds ``_built/settings.json`` from the YAML files of this folder, and finds mistakes in their form.

How to write a setting
----------------------

Each entry is a name and its fields, in the form of ``schema.yaml``. ``meaning`` is all that every entry must have; leave out a field that
is at its default. The fields are those of :class:`linter.settings.Setting`, except that these are shorter:

``type``          the JSON type that the server wants; a list when it takes several, the wanted one first. An obsolete name has the one
                  that it had in the releases that read it, and none where no release from 3.0.0 on did
``coercion``      what the server does with the text that Parameter Store or the environment gives: a word of ``schema.yaml``; or by source,
                  ``{ssm: integer, env: object}``. What is not named is ``none``: the text stays text. Of ``unknown`` nothing is claimed
``first``         the first release that reads it; left out where that is 3.0.0 or an older one. A member without one has that of what
                  holds it. Where only that much is known, ``{after: 5.1.38, by: 5.2.13}``: 5.1.38 does not read it, 5.2.13 does, and of
                  those between nothing is claimed
``proved``        the last release of which its type, default, coercion and values were seen to be as they are here; left out where that
                  is ``LAST_READ``, or a later ``first``. They hold for later releases too, until a change is known
``last``          the last release that reads it; left out where the newest does, and of a name that none from 3.0.0 on has read
``back_ported``   the first release of an older line that reads it too: ``4.1.16``
``link``          the heading under which the page describes a setting without a heading of its own, as an anchor
``members_of``    the name of another setting: the members of that, in the same form, are those of this one too
``unsafe_when``   of a switch: ``true`` or ``false``, the state that endangers data or keeps a part from working, or both as a list. A value
                  that is read as its opposite is an error if that is such a state, and else a warning (``tests/data/switches.tsv``)
``tags``          only tags that do not follow from other fields

What depends on the release of the server is a mapping from the first release in which it holds, in order: ``coercion: {4.3.5: integer}``
(before: ``none``), ``coercion: {ssm: {4.3.5: integer}, env: {5.1.14: boolean, main: none}}``, ``real_default: {3.0.0: 100, 5.1.22: 50}``.
So are the clauses of ``consequence``, ``if_true`` and ``if_false``. ``main`` is what came after the newest release. Where it was always so
there is no mapping. The ``coercion`` of an obsolete name ends with its last release. A word of
``enum`` that older releases do not know has its first release in ``enum_first``, which can be ``{after, by}`` too.

``consequence`` is what happens because of a mistake, as a clause without a full stop that reads well behind "port must be at most 65,535:".
It is a mapping from the kinds of mistake that ``schema.yaml`` lists, or one clause where that is true of every mistake. Each is true of
every value with such a mistake, and says nothing of other values; a kind of which nothing is known is left out. ``stops`` lists those kinds
because of which the server does not start.

These are worked out: ``status`` (from the file, unless it is given), ``env`` and ``env_unsettable`` (from the name and the sections of
``env_names.py``), ``holds_secrets``, and the tags that are made of other fields. A member of an object or a list needs an entry for what
holds it: ``redis.tls`` needs ``redis``. The step ``*`` is any member of a list, or of an object whose members users name.
"""

from __future__ import annotations

import json
import os.path
import re
from itertools import pairwise

from .. import _built
from ..release import LAST_READ, MAIN
from ..typed import Any, Final, NamedTuple
from .env_names import landings, variable_of
from .releases import parse_release

Entry = dict[str, Any]


class CatalogueFile(NamedTuple):
    """A YAML file: the kind of document whose settings it has, their default status, and their page."""

    name: str
    kind: str
    status: str
    page: str


FILES: Final = (
    CatalogueFile("server.yaml", "server", "documented", "server-config"),
    CatalogueFile("server-undocumented.yaml", "server", "undocumented", ""),
    CatalogueFile("server-obsolete.yaml", "server", "obsolete", ""),
    CatalogueFile("infra.yaml", "infra", "documented", "aws-cdk-settings"),
    CatalogueFile("secret-database.yaml", "secret/database", "documented", "server-config"),
    CatalogueFile("secret-redis.yaml", "secret/redis", "documented", "server-config"),
    CatalogueFile("workload.yaml", "workload", "undocumented", ""),
    CatalogueFile("live.yaml", "live", "undocumented", ""),
)
_SCHEMA: Final = "schema.yaml"
PROVIDERS: Final = "providers.yaml"
_FORM: Final = (
    "type format enum ignore_case min max advised_min advised_max special unit secret pass_through digits_until zero_means_default "
    "coercion unsafe_when tags meaning"
).split()
"""The fields that the members of a setting have in another one too, see ``members_of``: what is true of each value, wherever it stands."""
_LOOKS_LIKE_A_RELEASE: Final = re.compile(r"v?[0-9][0-9.]*|main")
_HERE: Final = os.path.dirname(__file__)


def build() -> str:
    """The text of the built file: one setting per line, so that a diff shows one line per changed setting."""
    kinds = []
    for kind, rows in read_catalogue().items():
        lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(row, ensure_ascii=False, separators=(',', ':'))}" for name, row in rows.items())
        kinds.append(f"{json.dumps(kind)}:{{\n{lines}\n}}")
    return _built.text("{\n" + ",\n".join(kinds) + "\n}", made_of())


def build_providers() -> str:
    """The text of the built table of providers."""
    return _built.text(json.dumps(read_yaml(PROVIDERS), indent=0), made_of())


def made_of() -> list[str]:
    """The paths of everything that the built file depends on: the YAML files and the code that reads them."""
    own = (_SCHEMA, PROVIDERS, "build.py", "env_names.py", "releases.py")
    return [os.path.join(_HERE, file) for file in (*(file.name for file in FILES), *own)]


def read_yaml(file: str) -> Any:
    """The content of a YAML file of this folder."""
    return _built.read_yaml(os.path.join(_HERE, file))


def read_catalogue() -> dict[str, dict[str, Entry]]:
    """The settings of each kind of document, complete.

    Raises ValueError, naming file and setting, for a mistake in the form of an entry. ``tests/test_catalogue.py`` checks that the entries
    agree with each other.
    """
    entries = {file: _checked(read_yaml(file.name), file) for file in FILES}
    kinds: dict[str, dict[str, Entry]] = {}
    for file in FILES:
        rows = kinds.setdefault(file.kind, {})
        current = [entries[other] for other in FILES if other.kind == file.kind and other.status != "obsolete"]
        for name, entry in _with_members(entries[file], {name: one for each in current for name, one in each.items()}).items():
            try:
                if name in rows:
                    raise ValueError("is already in another file")
                rows[name] = _row(name, entry, file)
            except ValueError as error:
                raise ValueError(f"{file.name}: {name}: {error}") from None
    for rows in kinds.values():
        for name, row in rows.items():
            _relate(name, row, rows)
    return kinds


def _checked(data: Any, file: CatalogueFile) -> dict[str, Entry]:
    """The entries of a file, each with its status."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if isinstance(data, dict):
        data = {name: {"status": file.status, **entry} if isinstance(entry, dict) else entry for name, entry in data.items()}
    error = best_match(Draft202012Validator(read_yaml(_SCHEMA)).iter_errors(data))
    if error is not None:
        raise ValueError(": ".join([file.name, *map(str, error.absolute_path), error.message]))
    return dict(data)


def anchor(heading: str) -> str:
    """The anchor that the documentation gives to a heading: ``port (required)`` → ``port-required``."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _with_members(entries: dict[str, Entry], current: dict[str, Entry]) -> dict[str, Entry]:
    """The entries of a file, with the entries of ``members_of`` expanded after each."""
    every: dict[str, Entry] = {}
    for name, entry in entries.items():
        other = entry.pop("members_of", None)
        every[name] = entry
        for member, its_entry in current.items() if other is not None else ():
            if member.startswith(f"{other}."):
                form = {field: its_entry[field] for field in _FORM if field in its_entry}
                every[f"{name}{member.removeprefix(str(other))}"] = {"status": entry["status"], **form}
    return every


def _row(name: str, entry: Entry, file: CatalogueFile) -> Entry:
    """The fields of a setting as :class:`linter.settings.Setting` has them, but for those that depend on other settings."""
    row = dict(entry)
    for field in {"proved", "last", "back_ported", "digits_until"} & row.keys():
        parse_release(row[field])
    if "type" in row:
        row["types"] = _as_list(row.pop("type"))
    if "unsafe_when" in row:
        row["unsafe_when"] = _as_list(row["unsafe_when"])
    given = row.pop("coercion", "none")
    by_source = given if isinstance(given, dict) and {"ssm", "env"}.issuperset(given) else {"ssm": given, "env": given}
    row.update({f"{source}_coercion": _history(coercion) for source, coercion in by_source.items() if coercion != "none"})
    if _is_by_release(row.get("real_default")):
        row["default_history"] = _history(row["real_default"])
        row["real_default"] = _newest(row["default_history"])
    if "first" in row:
        row.update(_beginning(row["first"]))
    words = {word: _beginning(first) for word, first in row.get("enum_first", {}).items()}
    for field in ("first", "after"):
        if by_word := {word: one[field] for word, one in words.items() if field in one}:
            row[f"enum_{field}"] = by_word
    if clauses := row.get("consequence"):
        by_mistake = clauses if isinstance(clauses, dict) and not _is_by_release(clauses) else {"": clauses}
        row["consequence"] = {mistake: _history(clause) for mistake, clause in by_mistake.items()}
    row.update({field: _history(row[field]) for field in ("if_true", "if_false") if field in row})
    if "default" in row:
        row["default"] = str(row["default"]).lower() if isinstance(row["default"], bool) else str(row["default"])
    mark = " (required)" if row.get("required") else " (deprecated)" if row.get("deprecated") else ""
    heading = name + (mark if file.kind == "server" else "")
    row["link"] = f"{file.page}#{row.get('link') or anchor(heading)}" if row["status"] == "documented" else ""
    if file.kind != "server":
        row["readable_from"] = []
    elif "*" not in name:
        path = tuple(name.split("."))
        row["env"] = variable_of(path)
        landed = {str(release): "" if place == path else ".".join(place) for release, place in landings(row["env"]).items()}
        if any(landed.values()):
            row["env_unsettable"] = landed
    return row


def _relate(name: str, row: Entry, rows: dict[str, Entry]) -> None:
    """Compute the fields that depend on other settings."""
    steps = name.split(".")
    holders = [".".join(steps[:length]) for length in range(len(steps) - 1, 0, -1)]
    above = next((rows[one] for one in holders if "first" in rows.get(one, {})), {})
    if "first" not in row and row["status"] != "obsolete":
        row.update({field: above[field] for field in ("first", "after") if field in above})
    if "first" in row and LAST_READ < parse_release(row["first"]) < MAIN:
        row.setdefault("proved", row["first"])
    if any(member.startswith(name + ".") and other.get("secret") for member, other in rows.items()):
        row["holds_secrets"] = True
    row["tags"] = sorted({*row.get("tags", ()), *_implied_tags(row)})


def _beginning(given: Any) -> Entry:
    """``first``, and ``after`` if given, of a release or of ``{after, by}``."""
    if isinstance(given, str):
        return {"first": str(parse_release(given))}
    first, after = parse_release(given["by"]), parse_release(given["after"])
    if after >= first:
        raise ValueError(f"after ({after}) is not before by ({first})")
    return {"first": str(first), "after": str(after)}


def _is_by_release(value: Any) -> bool:
    """Whether a value is a mapping from releases, and not an object that is the value itself."""
    return isinstance(value, dict) and bool(value) and all(_LOOKS_LIKE_A_RELEASE.fullmatch(str(key)) for key in value)


def _history(given: Any) -> Any:
    """A fact; a mapping from releases is checked: each release exists, is later than the one before, and changes something."""
    if not isinstance(given, dict):
        return given
    known = [(parse_release(str(release)), value) for release, value in given.items()]
    for (release, value), (following, its_value) in pairwise(known):
        if release >= following or value == its_value:
            raise ValueError(f"{following} comes after {release}: write the releases in order, and only where something changes")
    return {str(release): value for release, value in known}


def _newest(built: Any) -> Any:
    return list(built.values())[-1] if isinstance(built, dict) else built


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _implied_tags(row: Entry) -> set[str]:
    tags = {row["status"], *(flag for flag in ("secret", "required", "deprecated", "removed") if row.get(flag))}
    if row["status"] == "obsolete":
        return tags | {row["origin"]}
    readable = row.get("readable_from", ())
    # If the newest server does not understand the text of Parameter Store or the environment:
    uncoerced = () if "string" in row["types"] or "env" not in row else ("ssm", "env")
    further = {
        "-or-".join(row["types"]): True,
        "needs-type": "string" not in row["types"] and "takes-digits" not in row.get("tags", ()),
        "public": not row.get("secret"),
        str(row.get("format")): "format" in row,
        f"{readable[0]}-only" if readable else "": len(readable) == 1,
        f"{row.get('created_by')}-created": row.get("created_by"),
        **{f"{source}-uncoerced": _newest(row.get(f"{source}_coercion", "none")) == "none" for source in uncoerced},
        "env-unsettable": _newest(row.get("env_unsettable", "")),
    }
    return tags | {tag for tag, holds in further.items() if holds}
