"""JSON config files as JSON Schemas, for editors, generated from the catalogue alone: those of the server and of the CDK.

They have names, types, choices, limits and forms. They refuse only what a rule reports as an error, and values of another type with which
the server copes. They require no setting, because which are needed depends on the purpose of the server: rules check that. They are in
draft-07, which all editors read, with one type at a time, as SchemaStore wants it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..formats import placeholders
from ..formats.shapes import SHAPES
from ..model import SettingPath, gathered
from ..release import MAIN
from ..typed import Any, Final
from . import Setting, catalogue

Schema = dict[str, Any]

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_COMMENT: Final = "^(_comment|//)"
"""Names that nothing reads, where people leave comments."""
_BOTS: Final = {"type": "array", "title": "bots", "description": "The bots that the CLI deploys. The server ignores them."}
TITLES: Final = {
    "server": ("The configuration of a Medplum server", "The JSON file that a self-hosted Medplum server reads its configuration from."),
    "infra": ("The infrastructure of a Medplum server", "The JSON file from which Medplum's CDK creates the stack in AWS."),
}
"""The title and the description of each kind of file."""


def file_name(kind: str) -> str:
    """The name of the file of a schema."""
    return f"medplum-{kind}-config.schema.json"


def schema_text(kind: str = "server") -> str:
    """The schema of a kind of file as a JSON document."""
    return json.dumps(config_schema(kind), indent=2, ensure_ascii=False) + "\n"


def config_schema(kind: str = "server") -> Schema:
    """The schema (JSON Schema draft-07) of ``medplum.config.json``, or of the CDK's ``medplum.TAG.config.json``."""
    known, is_infra = catalogue(kind), kind == "infra"
    members: dict[SettingPath, dict[str, Setting]] = {}
    for path in known.current():
        setting = known.get(path)
        if setting is not None and (is_infra or "json" in setting.readable_from):
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
        forms = list(_forms(setting, structure))
        if is_infra and "literal-only" not in setting.tags and not setting.is_container:
            forms.append({"$ref": "#/definitions/externalSecret"})
        return {**_fields(setting), **(forms[0] if len(forms) == 1 else {"anyOf": forms})}

    title, description = TITLES[kind]
    return {
        "$schema": _DIALECT,
        "$id": f"https://medplum-lint.invalid/{file_name(kind)}",
        "title": title,
        "description": description,
        "type": "object",
        "properties": {"$schema": {"type": "string"}, **({} if is_infra else {"bots": _BOTS}), **properties(())},
        "patternProperties": {_COMMENT: True},
        "additionalProperties": False,
        "definitions": {"placeholder": _placeholder(), **({"externalSecret": _EXTERNAL_SECRET} if is_infra else {})},
    }


_EXTERNAL_SECRET: Final = {
    "description": "A value that the CDK fetches from Parameter Store.",
    "type": "object",
    "properties": {
        "system": {"enum": ["aws_ssm_parameter_store"]},
        "key": {"description": "The full name of the parameter.", "type": "string"},
        "type": {"enum": ["string", "number", "boolean"]},
    },
    "required": ["system", "key", "type"],
}


def _placeholder() -> Schema:
    """The schema of an empty text, and of all texts with a sign of :mod:`linter.formats.placeholders`: they are still to be replaced."""
    words = [sign for sign in placeholders.SIGNS if sign.isalpha()]
    lower, upper = "|".join(filter(str.islower, words)), "|".join(map(str.upper, words))
    titles = "|".join(map(str.capitalize, filter(str.islower, words)))
    signs = (
        *("^$", r"[$][{(A-Z_]", r"\{\{", "%[A-Z_]", "@@", "<[^<>@]*[A-Za-z][^<>@]*>"),
        *("__", "[xX]{3}", r"\.\.\.", r"\*\*\*", r"[\u2026\u2022\u25cf]", "[yY][oO][uU][rR]"),
        *(f"(^|[^A-Za-z])({lower})([^a-z]|$)", f"({titles})([^a-z]|$)", f"(^|[^A-Z])({upper})([^A-Za-z]|$)"),
    )
    return {"description": "A text that is still to be replaced.", "type": "string", "pattern": "|".join(signs)}


_PATH: Final = r"://[^/\\?# \t\r\n][^ \t\r\n]*"
_URL: Final = f"[hH][tT][tT][pP][sS]?{_PATH}"
_HOST: Final = "[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
_ORIGIN: Final = r"[^!-~]*https?://[^/\\?#*,A-Z]+"
_ADDRESS: Final = r'[^ \t\r\n@<>()\[\]\\,;:"]+@[A-Za-z0-9][A-Za-z0-9.-]*'
_PEM: Final = r"-----BEGIN [A-Z0-9 ]+-----[ \t]*\r?\n"
_PATTERNS: Final = {
    "binary-storage": r"^((s3|gs):[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]|azure:[^:]+:[^:]+)$|^file:[\s\S]",
    "bytes": r"^[-+]?[0-9]+(\.[0-9]+)? *[kKmMgGtTpP]?[bB]$",
    "email": f"^{_ADDRESS}$",
    "host-or-socket": f"^/|^({_HOST})$",
    "hostname": f"^({_HOST})$",
    "mailbox": rf"^([^<>]*<)?[ \t\r\n]*{_ADDRESS}>?[^!-~]*$",
    "origins": rf"^(\*|{_ORIGIN}(,{_ORIGIN})*)$",
    "pem-certificates": _PEM,
    "pem-private-key": _PEM,
    "redirect-uri": "^[A-Za-z][A-Za-z0-9+.-]*:[^*]*$",
    "secret-id": "^(?!arn:)|^arn:aws[a-z-]*:secretsmanager:",
    "url": f"^{_URL}$",
    "websocket-url": f"^[wW][sS][sS]?{_PATH}$",
}
"""By format, what ECMA-262 can say of it; all that has the format matches. Formats that give only a warning have none."""
_SHAPES: Final = ("arn", "aws-account", "aws-region", "environment-name", "s3-bucket", "stack-name", "vpc-id")
"""The same for formats whose first expression ECMA-262 reads as Python does."""


def _pattern(setting: Setting) -> str:
    """The pattern of a text; empty if any text may fit."""
    if "integer" in setting.types:
        return "^[0-9]+$"
    if "server-url" in setting.tags:
        return f"^{_URL}/$"
    return f"^({SHAPES[setting.format].checks[0][0].pattern})$" if setting.format in _SHAPES else _PATTERNS.get(setting.format, "")


def _forms(setting: Setting, structure: Schema) -> Iterator[Schema]:
    """The forms that a value of a setting may have; ``structure`` is that of its members."""
    names = [name for name in setting.types if name != "string" or "takes-digits" not in setting.tags]
    for name in names:
        yield {"type": name, **_limits(setting, name), **(structure if name in ("object", "array") else {})}
    if setting.special:
        yield {"enum": list(setting.special)}
    if "string" in names and "pattern" in _limits(setting, "string"):
        yield {"$ref": "#/definitions/placeholder"}


def _fields(setting: Setting) -> Schema:
    """What the schema of a setting says whatever its forms are."""
    fields = {
        "title": setting.name,
        "description": _description(setting),
        "default": setting.real_default if has_literal_default(setting) else None,
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
    states = (("true", setting.if_true), ("false", setting.if_false))
    mistakes = ((when, setting.consequence[mistake]) for mistake, when in _WHEN.items() if mistake in setting.consequence)
    clauses = gathered((clause.newest, when) for when, clause in (*states, *mistakes))
    yield from (f"If {' or '.join(whens)}: {clause}." for clause, whens in clauses.items() if clause)


def _limits(setting: Setting, name: str) -> Schema:
    """The limits of a value of one type. There are none where another setting can keep it from being read."""
    if setting.unread_beside or name not in ("string", "integer", "number"):
        return {}
    if setting.enum:
        values = [str(value) if name == "string" else value for value in setting.enum]
        cased = [other for value in values if isinstance(value, str) for other in (value.upper(), value.lower())]
        return {"enum": list(dict.fromkeys([*values, *(cased if setting.ignore_case else [])]))}
    if name == "string":
        return {"pattern": pattern} if (pattern := _pattern(setting)) else {}
    bounds = {"minimum": setting.min, "maximum": setting.max}
    return {name: bound for name, bound in bounds.items() if bound is not None}
