"""The JSON config file of a Medplum server as JSON Schema, for editors: made from the catalogue, and from nothing else.

It knows names, types, choices and limits. It demands no setting, for which are needed depends on what the server is for: rules check that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..typed import Any, Final
from . import Setting, catalogue

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final = "https://medplum-lint.invalid/medplum-server-config.schema.json"
_COMMENT: Final = "^(_comment|//)"
_BOTS: Final = {"type": "array", "title": "bots", "description": "The bots that the CLI deploys. The server ignores them."}
"""Names that nothing reads, where people leave comments."""


def schema_text() -> str:
    """The schema as a JSON document."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def config_schema() -> Schema:
    """The schema (JSON Schema 2020-12) of the file that the server loads with ``file:medplum.config.json``."""
    known = catalogue("server")
    top = _Members()
    for name in known.names():
        path = tuple(name.split("."))
        setting = known.get(path)
        if setting is not None and setting.status != "obsolete" and "json" in setting.readable_from:
            top.add(path, setting)
    return {
        "$schema": _DIALECT,
        "$id": _ID,
        "title": "The configuration of a Medplum server",
        "description": "The JSON file that a self-hosted Medplum server reads its configuration from.",
        "type": "object",
        "properties": {"$schema": {"type": "string"}, "bots": _BOTS, **top.properties()},
        "patternProperties": {_COMMENT: True},
        "additionalProperties": False,
    }


class _Members:
    """The settings beneath a setting, by name; ``*`` stands for every member of a list, or of an object whose members users name."""

    def __init__(self, setting: Setting | None = None) -> None:
        self.setting = setting
        self.members: dict[str, _Members] = {}

    def add(self, path: tuple[str, ...], setting: Setting) -> None:
        """Put a setting at its place. The catalogue has an entry for each setting that holds others, though perhaps after them."""
        here = self
        for step in path:
            here = here.members.setdefault(step, _Members())
        here.setting = setting

    def properties(self) -> Schema:
        """The schemas of the members."""
        return {name: member.schema() for name, member in self.members.items()}

    def schema(self) -> Schema:
        """The schema of the setting, with all beneath it."""
        if self.setting is None:  # beneath a setting that a JSON file cannot have
            return {}
        return {**_schema_of(self.setting), **self._structure(self.setting)}

    def _structure(self, setting: Setting) -> Schema:
        if "*" in self.members and "array" in setting.types:
            return {"items": self.members["*"].schema()}
        if "object" not in setting.types or not self.members:
            return {}
        if "*" in self.members:
            return {"patternProperties": {_COMMENT: True}, "additionalProperties": self.members["*"].schema()}
        closed = {} if setting.pass_through else {"patternProperties": {_COMMENT: True}, "additionalProperties": False}
        return {"properties": self.properties(), **closed}


def _schema_of(setting: Setting) -> Schema:
    schema: Schema = {"title": setting.name, "description": _description(setting)}
    types = [name for name in setting.types if name != "string" or "takes-digits" not in setting.tags]
    schema["type"] = types[0] if len(types) == 1 else types
    schema.update(_limits(setting))
    if has_literal_default(setting):
        schema["default"] = setting.real_default
    if setting.deprecated or setting.removed:
        schema["deprecated"] = True
    if setting.secret and "object" not in setting.types:
        schema["writeOnly"] = True
    return schema


def has_literal_default(setting: Setting) -> bool:
    """Whether the server's default is a value that may be shown, and not a description of one."""
    value = setting.real_default
    if value is None or setting.secret or setting.holds_secrets:
        return False
    if not isinstance(value, str):
        return True
    return "string" in setting.types and " " not in value and catalogue("server").get((value,)) is None


def _description(setting: Setting) -> str:
    sentences = [setting.meaning]
    if setting.deprecated and setting.use:
        sentences.append(f"Deprecated: use {setting.use} instead.")
    if setting.removed:
        sentences.append("Current servers ignore it.")
    if isinstance(setting.real_default, str) and not setting.secret and not has_literal_default(setting):
        sentences.append(f"Default: {setting.real_default}.")
    if setting.unit:
        sentences.append(f"Unit: {setting.unit}.")
    return " ".join([*sentences, *consequences(setting)])


_WHEN: Final = {
    "": "wrong",
    "absent": "missing",
    "below": "too small",
    "above": "too large",
    "type": "of the wrong type",
    "text": "text",
    "number": "a number",
    "word": "not one of the values",
    "form": "malformed",
}


def consequences(setting: Setting) -> Iterator[str]:
    """What a switch does in each state, and what happens because of a mistake, in the newest release: ``If missing: no e-mail is sent.``"""
    clauses: dict[str, list[str]] = {}
    for when, clause in (("true", setting.if_true), ("false", setting.if_false)):
        clauses.setdefault(clause.newest, []).append(when)
    for mistake, when in _WHEN.items():
        if mistake in setting.consequence:
            clauses.setdefault(setting.consequence[mistake].newest, []).append(when)
    yield from (f"If {' or '.join(whens)}: {clause}." for clause, whens in clauses.items() if clause)


def _limits(setting: Setting) -> Schema:
    if setting.enum:
        cased = [other for value in setting.enum if isinstance(value, str) for other in (value.upper(), value.lower())]
        return {"enum": list(dict.fromkeys([*setting.enum, *(cased if setting.ignore_case else [])]))}
    bounds = {"minimum": setting.min, "maximum": setting.max}
    range_ = {name: bound for name, bound in bounds.items() if bound is not None}
    if range_ and setting.special:
        return {"anyOf": [range_, {"enum": list(setting.special)}]}
    return range_
