"""The JSON config file of a Medplum server as JSON Schema, for editors, generated from the catalogue alone.

It has names, types, choices and limits. It requires no setting, because which are needed depends on the purpose of the server: rules check
that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..model import SettingPath
from ..release import MAIN
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
    members: dict[SettingPath, dict[str, Setting]] = {}
    for path in known.current():
        setting = known.get(path)
        if setting is not None and "json" in setting.readable_from:
            members.setdefault(path[:-1], {})[str(path[-1])] = setting

    def properties(above: SettingPath) -> Schema:
        return {name: schema_of((*above, name), setting) for name, setting in members.get(above, {}).items()}

    def schema_of(path: SettingPath, setting: Setting) -> Schema:
        below = properties(path)
        open_to_comments = {"patternProperties": {_COMMENT: True}, "additionalProperties": below.get("*", False)}
        if "*" in below and "array" in setting.types:
            structure = {"items": below["*"]}
        elif "*" in below:
            structure = open_to_comments
        else:
            structure = {"properties": below, **({} if setting.pass_through else open_to_comments)} if below else {}
        return {**_fields(setting), **structure}

    return {
        "$schema": _DIALECT,
        "$id": _ID,
        "title": "The configuration of a Medplum server",
        "description": "The JSON file that a self-hosted Medplum server reads its configuration from.",
        "type": "object",
        "properties": {"$schema": {"type": "string"}, "bots": _BOTS, **properties(())},
        "patternProperties": {_COMMENT: True},
        "additionalProperties": False,
    }


def _fields(setting: Setting) -> Schema:
    """The schema of a setting itself."""
    types = [name for name in setting.types if name != "string" or "takes-digits" not in setting.tags]
    fields = {
        "title": setting.name,
        "description": _description(setting),
        "type": types[0] if len(types) == 1 else types,
        **_limits(setting),
        "default": setting.real_default if has_literal_default(setting) else None,
        "deprecated": setting.deprecated or setting.removed or None,
        "writeOnly": (setting.secret and "object" not in setting.types) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def has_literal_default(setting: Setting) -> bool:
    """Whether the server's default is a value that may be shown, and not a description of one."""
    return setting.literal_default_in(MAIN) is not None and not setting.secret and not setting.holds_secrets


def _description(setting: Setting) -> str:
    has_words = isinstance(setting.real_default, str) and not setting.secret and not has_literal_default(setting)
    further = {
        f"Deprecated: use {setting.use} instead.": setting.deprecated and setting.use,
        "Current servers ignore it.": setting.removed,
        f"Default: {setting.real_default}.": has_words,
        f"Unit: {setting.unit}.": setting.unit,
    }
    return " ".join([setting.meaning, *(text for text, holds in further.items() if holds), *consequences(setting)])


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
    """The effect of a switch in each state, and the consequence of a mistake, in the newest release: ``If missing: no e-mail is sent.``"""
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
    limits: Schema = {name: bound for name, bound in bounds.items() if bound is not None}
    return {"anyOf": [limits, {"enum": list(setting.special)}]} if limits and setting.special else limits
