"""The configuration file as JSON Schema, for editors, and as a file to begin with; both are made of the table of options.

The schema is of draft 7, which editors of TOML know (taplo, Even Better TOML). It knows names, types and choices; whether a glob or a
version can be read, only :mod:`linter.config_file` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from .config_file import OF_ACCEPTANCES, OPTIONS, ConfigOption, Schema
from .model import LEVELS, TARGETS
from .typed import Any, Final

_ID: Final = "https://medplum-lint.invalid/medplum-lint.schema.json"
_OWN_NAME: Final = "^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)?$"
"""What the ids of policies of one's own, and their categories, look like."""


def schema_text(rules: Iterable[str], categories: Iterable[str]) -> str:
    """The schema as a JSON document; editors propose the given rules and categories."""
    return json.dumps(configuration_schema(rules, categories), indent=2, ensure_ascii=False) + "\n"


def configuration_schema(rules: Iterable[str], categories: Iterable[str]) -> Schema:
    """The schema of ``.medplum-lint.toml``, and of the table ``[tool.medplum-lint]``."""
    ids, groups = sorted(rules), sorted(categories)
    level: Schema = {"enum": [*LEVELS, "off"]}
    levels = {"type": "object", "required": list(TARGETS), "properties": dict.fromkeys(TARGETS, level), "additionalProperties": False}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": _ID,
        "title": "The configuration of medplum-lint",
        "description": "The file .medplum-lint.toml, or the table [tool.medplum-lint] of a pyproject.toml.",
        **_table(OPTIONS),
        "definitions": {
            "rule": {"anyOf": [{"enum": ids}, {"type": "string", "pattern": _OWN_NAME}]},
            "selector": {"anyOf": [{"enum": [*groups, *ids]}, {"type": "string"}]},
            "level": {"anyOf": [level, levels]},
            "severity": {
                "type": "object",
                "properties": {name: {"$ref": "#/definitions/level"} for name in [*groups, *ids]},
                "additionalProperties": {"$ref": "#/definitions/level"},
            },
            "some": _table(one for one in OPTIONS if one.some),
            "acceptance": _table(OF_ACCEPTANCES, required=["rule", "reason"]),
        },
    }


def _table(options: Iterable[ConfigOption], **more: Any) -> Schema:
    # Beside a reference nothing counts in draft 7, so it goes into a list of one.
    schemas = ((one, {"allOf": [one.schema]} if "$ref" in one.schema else one.schema) for one in options)
    properties = {one.name: {"description": one.description, **schema} for one, schema in schemas}
    return {"type": "object", **more, "properties": properties, "additionalProperties": False}


BEGINNING: Final = """\
# What medplum-lint checks here, and how: delete the number sign before what you want to say.
# The nearest such file above a checked file counts, and the command line overrides it.
# medplum-lint --show-settings FILE prints what holds for a file, and medplum-lint --show-files what a search takes.
#
# For completion in your editor run medplum-lint schema configuration > .medplum-lint.schema.json, and use this line:
# #:schema ./.medplum-lint.schema.json
"""


def beginning() -> str:
    """A configuration file that says nothing yet, with each option in a comment."""
    lines = [["", one.description, *one.example.split("\n")] for one in OPTIONS]
    return BEGINNING + "".join(f"# {line}\n" if line else "\n" for option in lines for line in option)
