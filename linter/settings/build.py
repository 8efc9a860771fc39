"""Builds ``_built/settings.json`` from the YAML files of this folder, and finds the mistakes in them.

How to write a setting
----------------------

Each entry is a name and its fields. ``meaning`` is all that every entry must have; leave out a field that is at its default. The fields
are those of :class:`linter.settings.Setting`, except that these are shorter:

``type``          the JSON type that the server wants; a list when it takes several, the wanted one first. An obsolete name has the one
                  that it had in the releases that read it, and none where no release from 3.0.0 on did
``coercion``      what the server does with the text that Parameter Store or the environment gives: one of ``COERCIONS``; or by source,
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
It is a mapping from the kinds of mistake of ``MISTAKES``, or one clause where that is true of every mistake. Each is true of every value
with such a mistake, and says nothing of other values; a kind of which nothing is known is left out. ``stops`` lists those kinds because of
which the server does not start.

These are worked out: ``status`` (from the file, unless it is given), ``env`` and ``env_unsettable`` (from the name and the sections of
``env_names.py``), ``holds_secrets``, and the tags that are made of other fields. A member of an object or a list needs an entry for what
holds it: ``redis.tls`` needs ``redis``. The step ``*`` is any member of a list, or of an object whose members users name.
"""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Container
from itertools import pairwise

from .. import _built
from ..formats import FORMATS
from ..release import LAST_READ, MAIN, OLDEST
from ..typed import Any, Final, NamedTuple
from .env_names import landings, variable_of
from .releases import parse_release

Entry = dict[str, Any]


class CatalogueFile(NamedTuple):
    """A YAML file: the kind of document whose settings it holds, their status unless an entry says otherwise, and the page of them."""

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
)

ORIGINS: Final = ("older-version", "docs-typo", "near-miss", "never-read")
COERCIONS: Final = ("none", "integer", "number", "boolean", "object", "csv", "secret", "unknown")
MISTAKES: Final = ("absent", "below", "low", "above", "type", "text", "number", "word", "form")
"""The setting is missing, or its value counts as none; the number is too small or too large, ``low`` where it works but is less than
advised and that has another consequence; the value has the wrong JSON type, of which ``text`` and ``number`` say more where they are
given; it is not one of the allowed values; the text has the wrong form."""

_FIELDS: Final[dict[str, Any]] = {
    field: types
    for types, fields in (
        (str, "status format unit unread_beside created_by digits_until proved last back_ported use origin link meaning page_differs"),
        (str, "members_of"),
        (bool, "ignore_case required secret pass_through zero_means_default deprecated removed"),
        (int, "min max advised_min advised_max"),
        (list, "enum special readable_from stops tags"),
        (dict, "enum_first"),
        ((str, list), "type"),
        ((str, dict), "coercion first consequence if_true if_false"),
        ((bool, list), "unsafe_when"),
        ((str, int, bool), "default"),
        ((str, int, bool, list, dict), "real_default"),
    )
    for field in fields.split()
}
"""The types of the fields of an entry."""
_CHOICES: Final[dict[str, Container[str]]] = {
    "status": ("documented", "undocumented", "obsolete"),
    "type": ("string", "integer", "number", "boolean", "object", "array"),
    "format": FORMATS,
    "created_by": ("init", "cdk"),
    "readable_from": ("json", "ssm", "env"),
    "origin": ORIGINS,
}
_FORM: Final = (
    "type format enum ignore_case min max advised_min advised_max special unit secret pass_through digits_until zero_means_default "
    "coercion unsafe_when tags meaning"
).split()
"""The fields that the members of a setting have in another one too, see ``members_of``: what is true of each value, wherever it stands."""
_NAME: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*)(?:\.(?:[A-Za-z][A-Za-z0-9]*|\*))*")
_LOOKS_LIKE_A_RELEASE: Final = re.compile(r"v?[0-9][0-9.]*|main")
_HERE: Final = os.path.dirname(__file__)


def build() -> str:
    """The text of the built file: one setting a line, so that a change of one is a change of one line."""
    kinds = []
    for kind, rows in read_catalogue().items():
        lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(row, ensure_ascii=False, separators=(',', ':'))}" for name, row in rows.items())
        kinds.append(f"{json.dumps(kind)}:{{\n{lines}\n}}")
    return _built.text("{\n" + ",\n".join(kinds) + "\n}", made_of())


def made_of() -> list[str]:
    """The paths of all that the built file depends on: the YAML files and what reads them."""
    return [os.path.join(_HERE, file) for file in (*(file.name for file in FILES), "build.py", "env_names.py", "releases.py")]


def read_catalogue() -> dict[str, dict[str, Entry]]:
    """The settings of each kind of document, checked and complete. Raises ValueError, naming file and setting, for a mistake."""
    kinds: dict[str, dict[str, Entry]] = {}
    entries = {file: _parse(file.name) for file in FILES}
    for file in FILES:
        rows = kinds.setdefault(file.kind, {})
        current = [entries[other] for other in FILES if other.kind == file.kind and other.status != "obsolete"]
        for name, entry in _with_members(entries[file], {name: one for each in current for name, one in each.items()}).items():
            try:
                _require((name not in rows, "is already in another file"), (_NAME.fullmatch(name), "is not a dotted name"))
                _check_fields(entry)
                rows[name] = _row(name, entry, file)
            except ValueError as error:
                raise ValueError(f"{file.name}: {name}: {error}") from None
    for kind, rows in kinds.items():
        for name, row in rows.items():
            try:
                _relate(name, row, rows)
            except ValueError as error:
                raise ValueError(f"{kind}: {name}: {error}") from None
    return kinds


def anchor(heading: str) -> str:
    """The anchor that the documentation gives to a heading: ``port (required)`` → ``port-required``."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _require(*demands: tuple[object, str]) -> None:
    """Raise ValueError with the sentence of the first demand that is not met."""
    for is_met, otherwise in demands:
        if not is_met:
            raise ValueError(otherwise)


def _parse(file: str) -> dict[str, Entry]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key that is given twice in one mapping, which YAML libraries silently merge."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value]
            for key in keys:
                _require((keys.count(key) == 1 or key == "<<", f"{file}: {key}: is given twice"))
            return super().construct_mapping(node, deep)

    with open(os.path.join(_HERE, file), "rb") as stream:
        entries = yaml.load(stream, Loader)
    is_mapping = isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values())
    _require((is_mapping, f"{file}: is not a mapping of names to fields"))
    return dict(entries)


def _with_members(entries: dict[str, Entry], current: dict[str, Entry]) -> dict[str, Entry]:
    """The entries of a file, and behind each with ``members_of`` the members that it has of another of the current settings."""
    every: dict[str, Entry] = {}
    for name, entry in entries.items():
        other = entry.pop("members_of", None)
        every[name] = entry
        for member, its_entry in current.items() if other is not None else ():
            if member.startswith(f"{other}."):
                every[f"{name}{member.removeprefix(str(other))}"] = {field: its_entry[field] for field in _FORM if field in its_entry}
    return every


def _check_fields(entry: Entry) -> None:
    for field, value in entry.items():
        _require((field in _FIELDS, f"has the unknown field {field!r}"))
        _require((isinstance(value, _FIELDS[field]), f"{field} is a {type(value).__name__}"))
        for each in _as_list(value):
            _require((each in _CHOICES.get(field, (each,)), f"{field} cannot be {each!r}"))
    _require((entry.get("meaning"), "has no meaning"))
    for field in {"proved", "last", "back_ported", "digits_until"} & entry.keys():
        parse_release(entry[field])
    for word in entry.get("enum_first", ()):
        _require((word in entry.get("enum", ()), f"enum_first: {word!r} is not in enum"))


def _row(name: str, entry: Entry, file: CatalogueFile) -> Entry:
    """The fields of a setting as :class:`linter.settings.Setting` has them, but for those that depend on other settings."""
    row = {"status": file.status, **entry}
    is_obsolete = row["status"] == "obsolete"
    _require(
        (not is_obsolete or "origin" in row, "an obsolete name has an origin"),
        (not is_obsolete or ("type" in row) == ("last" in row), "an obsolete name has a type if it has a last release, and else none"),
        (is_obsolete or ("type" in row and "origin" not in row), "a setting has a type and no origin"),
    )
    if "type" in row:
        row["types"] = _as_list(row.pop("type"))
    if "unsafe_when" in row:
        row["unsafe_when"] = _as_list(row["unsafe_when"])
        is_of_switch = "boolean" in row["types"] and set(row["unsafe_when"]) <= {True, False}
        _require((is_of_switch, "unsafe_when is true, false or both, of a switch"))
    _add_coercions(row, row.pop("coercion", "none"))
    if _is_by_release(row.get("real_default")):
        row["default_history"] = _history(row["real_default"])
        row["real_default"] = _newest(row["default_history"])
    if "first" in row:
        row.update(_beginning(row["first"]))
    words = {word: _beginning(first) for word, first in row.get("enum_first", {}).items()}
    for field in ("first", "after"):
        if by_word := {word: one[field] for word, one in words.items() if field in one}:
            row[f"enum_{field}"] = by_word
    _normalise_clauses(row)
    _require((set(row.get("stops", ())) <= set(row.get("consequence", ())), "stops has only mistakes that have a consequence"))
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


def _add_coercions(row: Entry, given: Any) -> None:
    by_source = given if isinstance(given, dict) and {"ssm", "env"}.issuperset(given) else {"ssm": given, "env": given}
    for source, coercion in by_source.items():
        history = _history(coercion)
        unknown = sorted({*(history.values() if isinstance(history, dict) else [history])}.difference(COERCIONS), key=str)
        _require((not unknown, f"coercion cannot have {unknown}"))
        if history != "none":
            row[f"{source}_coercion"] = history


def _normalise_clauses(row: Entry) -> None:
    """Check the clauses of a setting, and bring those of ``consequence`` into the form of a mapping from kinds of mistake."""
    given = row.get("consequence", {})
    by_mistake = dict(given) if isinstance(given, dict) and not _is_by_release(given) else {"": given}
    unknown = sorted(by_mistake.keys() - {*MISTAKES, ""}, key=str)
    _require((not unknown, f"consequence cannot be of {unknown}"))
    if given:
        row["consequence"] = by_mistake
    for holder, field in [(row, "if_true"), (row, "if_false"), *((by_mistake, mistake) for mistake in by_mistake)]:
        clause = holder.get(field, "")
        texts = clause.values() if _is_by_release(clause) else [clause]
        _require((all(isinstance(text, str) for text in texts), f"{field} is neither a text nor a mapping from releases to texts"))
        if field in holder:
            holder[field] = _history(clause)


def _relate(name: str, row: Entry, rows: dict[str, Entry]) -> None:
    """Check and work out what depends on other settings."""
    steps = name.split(".")
    holders = [".".join(steps[:length]) for length in range(len(steps) - 1, 0, -1)]
    is_obsolete = row["status"] == "obsolete"
    _require((all(one in rows for one in holders[:1]), f"there is no entry for {''.join(holders[:1])}, which holds it"))
    for field in ("use", "unread_beside"):
        _require((row.get(field, name) in rows, f"{field}: there is no entry for {row.get(field)}"))
    above = next((rows[one] for one in holders if "first" in rows.get(one, {})), {})
    if "first" not in row and not is_obsolete:
        row.update({field: above[field] for field in ("first", "after") if field in above})
    first, last, held_since = (
        parse_release(one) for one in (row.get("first", _OLDEST), row.get("last", str(MAIN)), above.get("first", _OLDEST))
    )
    _require(
        (first <= last, f"first ({first}) is later than last ({last})"),
        (not is_obsolete or "first" not in row or last != MAIN, "an obsolete name that has a first release has a last one"),
        (not is_obsolete or "after" not in row, "an obsolete name has one first release"),
        ("first" not in row or first >= held_since, f"what holds it is read since {held_since} only"),
        ("back_ported" not in row or parse_release(row["back_ported"]) < first, "back_ported is an earlier release than first"),
    )
    if LAST_READ < first < MAIN:
        row.setdefault("proved", str(first))
    if any(member.startswith(name + ".") and other.get("secret") for member, other in rows.items()):
        row["holds_secrets"] = True
    row["tags"] = sorted({*row.get("tags", ()), *_implied_tags(row)})


_OLDEST: Final = str(OLDEST)


def _beginning(given: Any) -> Entry:
    """``first``, and ``after`` where there is one, of a release or of ``{after, by}``."""
    span = given if isinstance(given, dict) else {"by": given}
    _require((span.keys() in ({"by"}, {"after", "by"}), f"{given} is neither a release nor {{after: …, by: …}}"))
    first, after = parse_release(str(span["by"])), parse_release(str(span["after"])) if "after" in span else None
    _require((after is None or after < first, f"after ({after}) is not before by ({first})"))
    return {"first": str(first)} if after is None else {"first": str(first), "after": str(after)}


def _is_by_release(value: Any) -> bool:
    """Whether a value is a mapping from releases, and not an object that is the value itself."""
    return isinstance(value, dict) and bool(value) and all(_LOOKS_LIKE_A_RELEASE.fullmatch(str(key)) for key in value)


def _history(given: Any) -> Any:
    """A fact; of a mapping from releases the checked one: each release exists, is later than the one before, and changes something."""
    if not isinstance(given, dict):
        return given
    known = [(parse_release(str(release)), value) for release, value in given.items()]
    for (release, value), (following, its_value) in pairwise(known):
        _require((release < following, f"{following} comes after {release}: write the releases in order"))
        _require((value != its_value, f"{following} changes nothing"))
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
    # Where the newest server does not understand what Parameter Store or the environment gives it:
    uncoerced = () if "string" in row["types"] or "env" not in row else ("ssm", "env")
    further = {
        "-or-".join(row["types"]): True,
        "public": not row.get("secret"),
        str(row.get("format")): "format" in row,
        f"{readable[0]}-only" if readable else "": len(readable) == 1,
        f"{row.get('created_by')}-created": row.get("created_by"),
        **{f"{source}-uncoerced": _newest(row.get(f"{source}_coercion", "none")) == "none" for source in uncoerced},
        "env-unsettable": _newest(row.get("env_unsettable", "")),
    }
    return tags | {tag for tag, holds in further.items() if holds}
