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
with such a mistake, and says nothing of other values; a kind of which nothing is known is left out.

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

TYPES: Final = ("string", "integer", "number", "boolean", "object", "array")

STATUSES: Final = ("documented", "undocumented", "obsolete")
ORIGINS: Final = ("older-version", "docs-typo", "near-miss", "never-read")
COERCIONS: Final = ("none", "integer", "number", "boolean", "object", "csv", "secret", "unknown")
MISTAKES: Final = ("absent", "below", "low", "above", "type", "text", "number", "word", "form")
"""The setting is missing, or its value counts as none; the number is too small or too large, ``low`` where it works but is less than
advised and that has another consequence; the value has the wrong JSON type, of which ``text`` and ``number`` say more where they are
given; it is not one of the allowed values; the text has the wrong form."""

_FIELDS: Final[dict[str, type | tuple[type, ...]]] = {
    "status": str,
    "type": (str, list),
    "format": str,
    "enum": list,
    "enum_first": dict,
    "ignore_case": bool,
    "min": int,
    "max": int,
    "advised_min": int,
    "advised_max": int,
    "special": list,
    "unit": str,
    "required": bool,
    "unread_beside": str,
    "created_by": str,
    "default": (str, int, bool),
    "real_default": (str, int, bool, list, dict),
    "secret": bool,
    "pass_through": bool,
    "digits_until": str,
    "zero_means_default": bool,
    "readable_from": list,
    "coercion": (str, dict),
    "first": (str, dict),
    "proved": str,
    "last": str,
    "back_ported": str,
    "deprecated": bool,
    "removed": bool,
    "use": str,
    "origin": str,
    "link": str,
    "meaning": str,
    "consequence": (str, dict),
    "if_true": (str, dict),
    "if_false": (str, dict),
    "unsafe_when": (bool, list),
    "page_differs": str,
    "members_of": str,
    "tags": list,
}
_FORM: Final = (
    *("type", "format", "enum", "ignore_case", "min", "max", "advised_min", "advised_max", "special", "unit", "secret"),
    *("pass_through", "digits_until", "zero_means_default", "coercion", "unsafe_when", "tags", "meaning"),
)
"""The fields that the members of a setting have in another one too, see ``members_of``: what is true of each value, wherever it stands."""
_CHOICES: Final[dict[str, Container[str]]] = {
    "status": STATUSES,
    "type": TYPES,
    "format": FORMATS,
    "created_by": ("init", "cdk"),
    "readable_from": ("json", "ssm", "env"),
    "origin": ORIGINS,
}
_NAME: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*)(?:\.(?:[A-Za-z][A-Za-z0-9]*|\*))*")
_LOOKS_LIKE_A_RELEASE: Final = re.compile(r"v?[0-9][0-9.]*|main")
_HERE: Final = os.path.dirname(__file__)


def build() -> str:
    """The text of the built file: one setting a line, so that a change of one is a change of one line."""
    kinds = []
    for kind, rows in read_catalogue().items():
        lines = ",\n".join(f"{json.dumps(name)}:{_compact(row)}" for name, row in rows.items())
        kinds.append(f"{json.dumps(kind)}:{{\n{lines}\n}}")
    return _built.text("{\n" + ",\n".join(kinds) + "\n}", made_of())


def made_of() -> list[str]:
    """The paths of all that the built file depends on: the YAML files and what reads them."""
    return [os.path.join(_HERE, file) for file in (*(file.name for file in FILES), "build.py", "env_names.py", "history.py", "releases.py")]


def read_catalogue() -> dict[str, dict[str, Entry]]:
    """The settings of each kind of document, checked and complete. Raises ValueError, naming file and setting, for a mistake."""
    kinds: dict[str, dict[str, Entry]] = {}
    entries = {file: _parse(file.name) for file in FILES}
    for file in FILES:
        rows = kinds.setdefault(file.kind, {})
        current = [entries[other] for other in FILES if other.kind == file.kind and other.status != "obsolete"]
        for name, entry in _with_members(entries[file], {name: one for each in current for name, one in each.items()}).items():
            try:
                if name in rows:
                    raise ValueError("is already in another file")
                _check(name, entry)
                rows[name] = _complete(name, entry, file)
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


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read(file: str) -> bytes:
    with open(os.path.join(_HERE, file), "rb") as stream:
        return stream.read().replace(b"\r\n", b"\n")


def _parse(file: str) -> dict[str, Entry]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key that is given twice in one mapping, which YAML libraries silently merge."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value]
            for key in keys:
                if keys.count(key) > 1 and key != "<<":
                    raise ValueError(f"{file}: {key}: is given twice")
            return super().construct_mapping(node, deep)

    entries = yaml.load(_read(file), Loader)
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise ValueError(f"{file}: is not a mapping of names to fields")
    return entries


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


def _check(name: str, entry: Entry) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("is not a dotted name")
    for field, value in entry.items():
        if field not in _FIELDS:
            raise ValueError(f"has the unknown field {field!r}")
        if not isinstance(value, _FIELDS[field]):
            raise ValueError(f"{field} is a {type(value).__name__}")
        for each in value if isinstance(value, list) else [value]:
            if each not in _CHOICES.get(field, (each,)):
                raise ValueError(f"{field} cannot be {each!r}")
    if not entry.get("meaning"):
        raise ValueError("has no meaning")
    for field in ("proved", "last", "back_ported", "digits_until"):
        if field in entry:
            parse_release(entry[field])
    clauses = {field: entry.get(field, "") for field in ("if_true", "if_false")} | _consequence(entry.get("consequence", {}))
    for field, clause in clauses.items():
        if not isinstance(clause, str) and not (_is_by_release(clause) and all(isinstance(text, str) for text in clause.values())):
            raise ValueError(f"{field} is neither a text nor a mapping from releases to texts")
    for word in entry.get("enum_first", ()):
        if word not in entry.get("enum", ()):
            raise ValueError(f"enum_first: {word!r} is not in enum")


def _complete(name: str, entry: Entry, file: CatalogueFile) -> Entry:
    """The fields of a setting as :class:`linter.settings.Setting` has them."""
    row = {"status": file.status, **entry}
    if row["status"] == "obsolete":
        _require("origin" in row, "an obsolete name has an origin")
        _require(("type" in row) == ("last" in row), "an obsolete name has a type if it has a last release, and else none")
    else:
        _require("type" in row and "origin" not in row, "a setting has a type and no origin")
    if "type" in row:
        types = row.pop("type")
        row["types"] = types if isinstance(types, list) else [types]
    if "unsafe_when" in row:
        given = row["unsafe_when"]
        row["unsafe_when"] = given if isinstance(given, list) else [given]
        _require("boolean" in row["types"] and set(row["unsafe_when"]) <= {True, False}, "unsafe_when is true, false or both, of a switch")
    for source_name, coercion in _coercions(row.pop("coercion", "none")).items():
        if coercion != "none":
            row[f"{source_name}_coercion"] = coercion
    if _is_by_release(row.get("real_default")):
        row["default_history"] = _in_order(row["real_default"])
        row["real_default"] = list(row["default_history"].values())[-1]
    if "first" in row:
        row.update(_beginning(row["first"]))
    if "enum_first" in row:
        words = {word: _beginning(first) for word, first in row["enum_first"].items()}
        row["enum_first"] = {word: one["first"] for word, one in words.items()}
        if after := {word: one["after"] for word, one in words.items() if "after" in one}:
            row["enum_after"] = after
    if "consequence" in row:
        row["consequence"] = {mistake: _clause(one) for mistake, one in _consequence(row["consequence"]).items()}
    for field in ("if_true", "if_false"):
        if field in row:
            row[field] = _clause(row[field])
    if "default" in row:
        row["default"] = _as_printed(row["default"])
    row["link"] = _link(name, row, file)
    if file.kind == "server":
        row.update(_variable(name))
    else:
        row["readable_from"] = []
    return row


def _relate(name: str, row: Entry, rows: dict[str, Entry]) -> None:
    """Check and work out what depends on other settings."""
    holder = name.rpartition(".")[0]
    _require(not holder or holder in rows, f"there is no entry for {holder}, which holds it")
    for field in ("use", "unread_beside"):
        _require(field not in row or row[field] in rows, f"{field}: there is no entry for {row.get(field)}")
    above = _beginning_above(name, rows)
    if "first" not in row and row["status"] != "obsolete":
        row.update(above)
    _check_span(row, above.get("first", ""))
    if LAST_READ < (first := parse_release(row.get("first", str(OLDEST)))) < MAIN:
        row.setdefault("proved", str(first))
    if any(member.startswith(name + ".") and other.get("secret") for member, other in rows.items()):
        row["holds_secrets"] = True
    row["tags"] = sorted({*row.get("tags", ()), *_implied_tags(row)})


def _beginning(given: Any) -> Entry:
    """``first``, and ``after`` where there is one, of a release or of ``{after, by}``."""
    span = given if isinstance(given, dict) else {"by": given}
    _require(span.keys() in ({"by"}, {"after", "by"}), f"{given} is neither a release nor {{after: …, by: …}}")
    release = {end: parse_release(str(text)) for end, text in span.items()}
    if "after" not in release:
        return {"first": str(release["by"])}
    _require(release["after"] < release["by"], f"after ({release['after']}) is not before by ({release['by']})")
    return {"first": str(release["by"]), "after": str(release["after"])}


def _beginning_above(name: str, rows: dict[str, Entry]) -> Entry:
    """``first`` and ``after`` of what holds a setting; empty where that is as old as anything."""
    while name := name.rpartition(".")[0]:
        if name in rows and "first" in rows[name]:
            return {field: rows[name][field] for field in ("first", "after") if field in rows[name]}
    return {}


def _check_span(row: Entry, held_since: str) -> None:
    """Check the releases that read a setting."""
    first, last = parse_release(row.get("first", str(OLDEST))), parse_release(row.get("last", str(MAIN)))
    _require(first <= last, f"first ({first}) is later than last ({last})")
    _require(row["status"] != "obsolete" or "first" not in row or last != MAIN, "an obsolete name that has a first release has a last one")
    _require(row["status"] != "obsolete" or "after" not in row, "an obsolete name has one first release")
    _require("first" not in row or first >= parse_release(held_since or str(OLDEST)), f"what holds it is read since {held_since} only")
    _require("back_ported" not in row or parse_release(row["back_ported"]) < first, "back_ported is an earlier release than first")


def _coercions(given: Any) -> dict[str, Any]:
    """``coercion`` of each source: one that always holds, or by the first release in which it holds."""
    by_source = given if isinstance(given, dict) and {"ssm", "env"}.issuperset(given) else {"ssm": given, "env": given}
    for coercion in by_source.values():
        values = set(_in_order(coercion).values()) if isinstance(coercion, dict) else {coercion}
        unknown = sorted(values - set(COERCIONS), key=str)
        _require(not unknown, f"coercion cannot have {unknown}")
    return by_source


def _consequence(given: str | dict[str, Any]) -> dict[str, Any]:
    """The clauses of ``consequence`` by the kind of mistake, whether each is by release or not."""
    if isinstance(given, str) or _is_by_release(given):
        return {"": given}
    unknown = sorted(given.keys() - set(MISTAKES), key=str)
    _require(not unknown, f"consequence cannot be of {unknown}")
    return given


def _clause(given: str | dict[str, str]) -> str | dict[str, str]:
    """A clause, or one for each release from which on another holds."""
    return _in_order(given) if isinstance(given, dict) else given


def _is_by_release(value: Any) -> bool:
    """Whether a value is a mapping from releases, and not an object that is the value itself."""
    return isinstance(value, dict) and bool(value) and all(_LOOKS_LIKE_A_RELEASE.fullmatch(str(key)) for key in value)


def _in_order(steps: dict[Any, Any]) -> dict[str, Any]:
    """A mapping from releases, checked: each exists, each is later than the one before, and each changes something."""
    known = [(parse_release(str(release)), value) for release, value in steps.items()]
    for (release, value), (following, its_value) in pairwise(known):
        _require(release < following, f"{following} comes after {release}: write the releases in order")
        _require(value != its_value, f"{following} changes nothing")
    return {str(release): value for release, value in known}


def _as_printed(default: str | int | bool) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _link(name: str, row: Entry, file: CatalogueFile) -> str:
    if row["status"] != "documented":
        return ""
    mark = ""
    if file.kind == "server":
        mark = " (required)" if row.get("required") else " (deprecated)" if row.get("deprecated") else ""
    return f"{file.page}#{row.get('link') or anchor(name + mark)}"


def _variable(name: str) -> Entry:
    """The variable of a setting, and where it lands instead in the releases that do not put it there."""
    path = tuple(name.split("."))
    if "*" in path:
        return {}
    variable = variable_of(path)
    landed = {str(release): "" if place == path else ".".join(place) for release, place in landings(variable).items()}
    return {"env": variable, "env_unsettable": landed} if any(landed.values()) else {"env": variable}


def _implied_tags(row: Entry) -> set[str]:
    tags = {row["status"], *(flag for flag in ("secret", "required", "deprecated", "removed") if row.get(flag))}
    if row["status"] == "obsolete":
        return tags | {row["origin"]}
    tags.add("-or-".join(row["types"]))
    if not row.get("secret"):
        tags.add("public")
    if "format" in row:
        tags.add(row["format"])
    if len(row.get("readable_from", ())) == 1:
        tags.add(f"{row['readable_from'][0]}-only")
    if row.get("created_by"):
        tags.add(f"{row['created_by']}-created")
    if "env" in row:
        tags |= {tag for tag, holds in _traps(row).items() if holds}
    return tags


def _traps(row: Entry) -> dict[str, bool]:
    """Where the newest server does not understand what Parameter Store or the environment gives it."""
    text_will_do = "string" in row["types"]
    return {
        "ssm-uncoerced": not text_will_do and _newest(row.get("ssm_coercion", "none")) == "none",
        "env-uncoerced": not text_will_do and _newest(row.get("env_coercion", "none")) == "none",
        "env-unsettable": _newest(row.get("env_unsettable", "")) != "",
    }


def _newest(built: Any) -> Any:
    return list(built.values())[-1] if isinstance(built, dict) else built


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
