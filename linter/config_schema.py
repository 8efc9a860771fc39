"""The configuration file as JSON Schema, for editors, and as a file to begin with: both say of each option what it does.

The schema is of draft 7, which editors of TOML know (taplo, Even Better TOML). It knows names, types and choices; whether a glob or a
version can be read, only :mod:`linter.config_file` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .config import FAIL_ON_CHOICES, TARGET_CHOICES
from .model import LEVELS, TARGETS
from .typed import Any, Final, NamedTuple

Schema = dict[str, Any]

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_ID: Final = "https://medplum-lint.invalid/medplum-lint.schema.json"
_OWN_NAME: Final = "^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)?$"
"""What the ids of policies of one's own, and their categories, look like."""


class Option(NamedTuple):
    """An option of the configuration file: its type, what it does, and an example in TOML."""

    name: str
    schema: Schema
    says: str
    example: str


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


_TEXT: Final[Schema] = {"type": "string"}
_PATH: Final[Schema] = {"type": "string", "minLength": 1}
_SELECTORS: Final = _list({"$ref": "#/definitions/selector"})
_LEVEL: Final[Schema] = {"enum": [*LEVELS, "off"]}

_SOME: Final = (
    Option(
        "select",
        {**_SELECTORS, "minItems": 1},
        "Check these rules only, by id or category.",
        'select = ["syntax", "tls", "missing-setting"]',
    ),
    Option(
        "extend-select",
        _SELECTORS,
        "Check these rules too, also those that are off until they are asked for.",
        'extend-select = ["disabled-audit-trail"]',
    ),
    Option("ignore", _SELECTORS, "Do not check these rules.", 'ignore = ["invalid-encoding"]'),
    Option(
        "target",
        {"enum": list(TARGET_CHOICES)},
        "What the configuration is for; auto: development if all of its URLs are local.",
        'target = "auto"',
    ),
    Option("pedantic", {"type": "boolean"}, "Also give advice that applies to almost every installation.", "pedantic = true"),
    Option(
        "server-version",
        _TEXT,
        "The server that reads the configuration: a release such as 5.1.23, a range, or latest.",
        'server-version = ">=5.1,<5.2"',
    ),
    Option(
        "severity",
        {"$ref": "#/definitions/severity"},
        "The severity of rules or categories: error, warning, note or off, or one for each target.",
        'severity = { hardening = "warning", missing-setting = { production = "error", development = "off" } }',
    ),
)
"""What can be given for all files, for some, and for an environment."""

OPTIONS: Final = (
    Option("rules", _list(_TEXT), "Folders of policies of your own, relative to this file.", 'rules = ["policies"]'),
    *_SOME[:3],
    Option(
        "include",
        _list(_TEXT),
        "Globs of files that a search takes too, whatever they are called.",
        'include = ["deploy/*.conf"]',
    ),
    Option("exclude", _list(_TEXT), "Globs of files and folders that a search passes over.", 'exclude = ["old/**", "*.bak.json"]'),
    Option("force-exclude", {"type": "boolean"}, "Pass over what is excluded also where it is named.", "force-exclude = true"),
    Option(
        "secret-names",
        _list({"type": "string", "pattern": r"^(?!MEDPLUM_)[A-Za-z_][A-Za-z0-9_-]*(\.(\*|[A-Za-z_][A-Za-z0-9_-]*))*$"}),
        "Settings that hold a secret, beside those that are known to.",
        'secret-names = ["acme.apiToken", "externalAuthProviders.*.acmeKey"]',
    ),
    Option("baseline", _PATH, "Report only findings that are not in this baseline.", 'baseline = "known-findings.jsonl"'),
    Option(
        "fail-on",
        {"enum": list(FAIL_ON_CHOICES)},
        "The lowest severity that gives exit code 1.",
        'fail-on = "warning"',
    ),
    *_SOME[3:],
    Option(
        "per-file",
        {"type": "object", "additionalProperties": {"$ref": "#/definitions/some"}},
        "What holds for the files that a glob fits; of several globs the later wins.",
        '[per-file."staging/*.json"]\nignore = ["plaintext-secret"]',
    ),
    Option(
        "environment",
        {"type": "object", "additionalProperties": {"$ref": "#/definitions/some"}},
        "What holds for the documents of an environment; it wins over what holds for files.",
        '[environment.staging]\ntarget = "development"\nseverity.tls = "note"',
    ),
    Option(
        "accept",
        _list({"$ref": "#/definitions/acceptance"}),
        "Findings that are right as they are.",
        '[[accept]]\nrule = "missing-trailing-slash"\npath = "legacy/medplum.config.json"\nsetting = "baseUrl"\n'
        'reason = "the proxy adds the slash"\nuntil = 2030-06-30',
    ),
)
"""Every option, in the order in which a file has them: tables come last."""

_ACCEPTANCE: Final = (
    Option("rule", {"$ref": "#/definitions/rule"}, "The id of the rule whose findings are accepted.", ""),
    Option("reason", {"type": "string", "pattern": r"\S"}, "Why they are accepted, for whoever reads it later.", ""),
    Option("path", _PATH, "A glob of the files in which they are; without it all.", ""),
    Option("setting", _TEXT, "The setting, such as database.ssl, that they are about; empty for none, without it all.", ""),
    Option("environment", _PATH, "The environment, or the service, container or job, in which they are; without it all.", ""),
    Option("until", {"type": "string", "format": "date"}, "The last day on which they are accepted, such as 2030-06-30.", ""),
)


def schema_text(rules: Iterable[str], categories: Iterable[str]) -> str:
    """The schema as a JSON document; editors propose the given rules and categories."""
    return json.dumps(configuration_schema(rules, categories), indent=2, ensure_ascii=False) + "\n"


def configuration_schema(rules: Iterable[str], categories: Iterable[str]) -> Schema:
    """The schema of ``.medplum-lint.toml``, and of the table ``[tool.medplum-lint]``."""
    ids, groups = sorted(rules), sorted(categories)
    both = {"type": "object", "required": list(TARGETS), **_closed(dict.fromkeys(TARGETS, _LEVEL))}
    return {
        "$schema": _DIALECT,
        "$id": _ID,
        "title": "The configuration of medplum-lint",
        "description": "The file .medplum-lint.toml, or the table [tool.medplum-lint] of a pyproject.toml.",
        "type": "object",
        **_closed(dict(_described(OPTIONS))),
        "definitions": {
            "rule": {"anyOf": [{"enum": ids}, {"type": "string", "pattern": _OWN_NAME}]},
            "selector": {"anyOf": [{"enum": [*groups, *ids]}, {"type": "string"}]},
            "level": {"anyOf": [_LEVEL, both]},
            "severity": {
                "type": "object",
                "properties": {name: {"$ref": "#/definitions/level"} for name in [*groups, *ids]},
                "additionalProperties": {"$ref": "#/definitions/level"},
            },
            "some": {"type": "object", **_closed(dict(_described(_SOME)))},
            "acceptance": {"type": "object", "required": ["rule", "reason"], **_closed(dict(_described(_ACCEPTANCE)))},
        },
    }


def _closed(properties: Schema) -> Schema:
    return {"properties": properties, "additionalProperties": False}


def _described(options: Iterable[Option]) -> Iterator[tuple[str, Schema]]:
    for option in options:
        # Beside a reference nothing counts in draft 7, so it goes into a list of one.
        schema = {"allOf": [option.schema]} if "$ref" in option.schema else option.schema
        yield option.name, {"description": option.says, **schema}


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
    parts = [BEGINNING]
    for option in OPTIONS:
        parts.append(f"\n# {option.says}\n" + "".join(f"# {line}\n" for line in option.example.split("\n")))
    return "".join(parts)
