"""The grammar of rule files as JSON Schema (2020-12): keys of a rule, its examples, and the words and operators of its assertions.

A user's rules are validated against it, with a sentence for each violation (:mod:`linter.policy.rule_file`), and editors use it: it is what
``medplum-lint schema rule`` prints, and ``schemas/medplum-lint-rule.schema.json``. A ``description`` says what a value must be, to be read
after its name, if the schema alone is not clear.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from ..model import LEVELS, TARGETS
from ..typed import Any, Final
from .operators import ASSERTION, MEMBERS, OPERATORS, TEXT
from .severity import CLASSES, PEDANTIC
from .tree import MOST_CASES, MOST_CLAUSES, WORDS

SCHEMA_ID: Final = "https://medplum-lint.invalid/medplum-lint-rule.schema.json"


def _one_or_list(schema: Any) -> dict[str, Any]:
    """One thing or a list of several. It checks the type first, so that a mistake is reported for the right alternative."""
    return {"if": {"type": "array"}, "then": {"items": schema, "minItems": 1}, "else": schema}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", **needed, "properties": properties, "additionalProperties": False}


def _list(items: Any, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, **({"minItems": least} if least else {})}


def _by_target(each: Any, otherwise: Any) -> dict[str, Any]:
    """One thing for all targets (``otherwise``), or a mapping with one for each."""
    mapping = {"properties": dict.fromkeys(TARGETS, each), "required": list(TARGETS), "additionalProperties": False}
    return {"if": {"type": "object"}, "then": mapping, "else": otherwise}


_NAME: Final = r"[a-z0-9]+(-[a-z0-9]+)*"
_AN_ASSERTION: Final = f"must be one of the words {', '.join(WORDS)}, a mapping of operators, or a list of these"
_ADDRESS: Final = {"type": "string", "pattern": "^https://", "description": "must be an https address"}
_A_RANGE: Final = {"type": "string", "minLength": 1, "description": 'must be a range of releases in quotes, such as ">=5.0"'}
_EXAMPLE: Final = {
    "name": TEXT,
    "kind": TEXT,
    "server": TEXT,
    "environment": TEXT,
    "file": TEXT,
    "beside": {"type": "object"},
    "mounted": {"type": "boolean"},
    "partial": {"type": "boolean"},
    "target": {"enum": list(TARGETS)},
    "data": True,
    "text": {"type": "string"},
    "encoding": {"enum": ["utf-8", "latin-1", "utf-16"]},
    "now": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "a date such as 2026-01-31"},
}
_FINDS: Final = {
    "if": {"type": "object"},
    "then": {
        "minProperties": 1,
        "additionalProperties": _one_or_list(
            {
                "type": ["string", "integer"],
                "description": "must say what is found: the number of the case, its severity, and safe, unsafe or unfixed",
            }
        ),
    },
    "else": {**_list(TEXT, 1), "description": "must name settings, in a list or in a mapping from each to what is found there"},
}
_FIXED: Final = {"type": ["object", "string"]}
_ONE_CONTENT: Final = {
    "oneOf": [{"required": ["data"]}, {"required": ["text"]}],
    "description": 'needs either "data" or "text", and not both',
}
_OF_A_CASE: Final = {
    "severity": _by_target({"$ref": "#/$defs/levelOrOff"}, {"$ref": "#/$defs/level"}),
    "class": _by_target({"$ref": "#/$defs/class"}, {"$ref": "#/$defs/class"}),
    "for": _one_or_list(TEXT),
    "found_by": _one_or_list(TEXT),
    "when": {"$ref": "#/$defs/conditions"},
    "must": MEMBERS,
    "what": TEXT,
    "why": TEXT,
    "remedy": TEXT,
    "message": TEXT,
    "together": {
        "if": {"type": "object"},
        "then": {
            **_object({"what": TEXT, "why": TEXT, "remedy": TEXT, "also": TEXT, "over": {"type": "integer", "minimum": 1}}),
            "anyOf": [{"required": ["what"]}, {"required": ["also"]}],
        },
        "else": TEXT,
    },
    "yields_to": _list(TEXT, 1),
    "fix": _one_or_list({"$ref": "#/$defs/fix"}),
    "security_severity": {
        "type": "string",
        "pattern": r"^([1-9]\.[0-9]|0\.[1-9]|10\.0)$",
        "description": 'must be a text from "0.1" to "10.0", as GitHub code scanning reads it',
    },
}
"""The keys that a rule has once, or each of its cases for itself."""
_KEYS: Final = {
    **_OF_A_CASE,
    "id": {
        "type": "string",
        "pattern": f"^({_NAME}/)?{_NAME}$",
        "description": "must be a name of lower-case words joined by hyphens, such as missing-trailing-slash or acme/own-rule",
    },
    "title": {"type": "string", "minLength": 1, "maxLength": 120},
    "cases": {**_list({"$ref": "#/$defs/case"}, 1), "maxItems": MOST_CASES},
    "docs": TEXT,
    "links": _list(_ADDRESS),
    "evidence": {
        "type": "object",
        "minProperties": 1,
        "properties": {"read": _one_or_list(_ADDRESS)},
        "additionalProperties": _one_or_list(TEXT),
        "propertyNames": {
            "pattern": r"^[\w-]+(/[\w-]+)*$",
            "description": 'must be a folder of Medplum\'s repository, "run" for what was run, or "read" for https addresses',
        },
    },
    "tags": _list(TEXT),
    "controls": {
        "if": {"type": "object"},
        "then": {"minProperties": 1, "additionalProperties": TEXT},
        "else": {"enum": ["none"], "description": 'must be "none", or a mapping of controls that says why the rule supports each'},
    },
    "precision": {"enum": ["very-high", "high", "medium", "low"]},
    "enabled": {"type": "boolean"},
    "equivalent": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
    "examples": _object(
        {"good": _list({"$ref": "#/$defs/goodExample"}, 1), "bad": _list({"$ref": "#/$defs/badExample"}, 1)},
        "good",
        "bad",
    ),
}


def _operators() -> dict[str, Any]:
    return {
        "title": "operators",
        "type": "object",
        "description": _AN_ASSERTION,
        "minProperties": 1,
        "properties": {name: one.schema for name, one in OPERATORS.items()},
        "dependentRequired": {name: [one.needs] for name, one in OPERATORS.items() if one.needs},
        "additionalProperties": False,
    }


def _complete() -> dict[str, Any]:
    """The required keys of a rule as a whole, or of each of its cases combined with the rule's own keys."""
    of_source = '"found_by" is for rules whose findings medplum-lint makes itself: leave it out, or "must" and the texts'
    return {
        "required": ["for"],
        "allOf": [
            {
                "if": {"required": ["found_by"]},
                "then": _without(("must", "message", "what"), of_source),
                "else": {
                    "required": ["must"],
                    "if": {"required": ["message"]},
                    "then": _without(*_SAID_TWICE),
                    "else": {"required": ["what"]},
                },
            },
            {"if": {"required": ["class"]}, "then": _without(*_GRADED_TWICE), "else": {"required": ["severity"]}},
        ],
    }


_SAID_TWICE: Final = (("what", "why", "remedy"), 'write either "message", or "what", "why" and "remedy"')
_GRADED_TWICE: Final = (("severity",), 'write either "severity", or the "class" that it follows from')


def _without(keys: Sequence[str], description: str) -> dict[str, Any]:
    return {"not": {"anyOf": [{"required": [key]} for key in keys]}, "description": description}


def case_schema() -> dict[str, Any]:
    """The grammar of one of several cases, combined with the rule's own keys."""
    return {"$ref": "#/$defs/complete", "$defs": rule_schema()["$defs"]}


@cache
def rule_schema() -> dict[str, Any]:
    """The grammar as a schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "A policy of medplum-lint",
        **_object(_KEYS, "id", "title", "examples"),
        "if": {"type": "object", "not": {"required": ["cases"]}},
        "then": {"$ref": "#/$defs/complete"},
        "$defs": {
            "complete": _complete(),
            "text": {"type": "string", "minLength": 1},
            "texts": _one_or_list(TEXT),
            "numberOrSetting": {
                "type": ["number", "string"],
                "pattern": r"\$\{",
                "description": 'must be a number, or the number of another setting: "${path}"',
            },
            "level": {"enum": [*LEVELS, PEDANTIC]},
            "levelOrOff": {"enum": [*LEVELS, PEDANTIC, "off"]},
            "class": {"enum": list(CLASSES)},
            "case": _object(_OF_A_CASE),
            "conditions": _one_or_list({"$ref": "#/$defs/conditionClauses"}),
            "clauses": {"type": "object", "minProperties": 1, "maxProperties": MOST_CLAUSES, "additionalProperties": ASSERTION},
            "conditionClauses": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": MOST_CLAUSES,
                "properties": {"server": {"if": {"type": ["object", "array"]}, "then": ASSERTION, "else": _A_RANGE}},
                "additionalProperties": ASSERTION,
            },
            "assertion": {
                "if": {"type": "string"},
                "then": {"enum": list(WORDS), "description": _AN_ASSERTION},
                "else": {**_one_or_list(ASSERTION), "else": {"$ref": "#/$defs/operators"}},
            },
            "operators": _operators(),
            "fix": _object(
                {
                    "safe": {"type": "boolean"},
                    "reason": TEXT,
                    "when": {"$ref": "#/$defs/conditions"},
                    "set": {"type": "object", "minProperties": 1},
                    "remove": _list(TEXT, 1),
                    "rename": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
                    "split": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
                    "store": {"enum": ["SecureString"]},
                },
                "safe",
            ),
            "goodExample": {**_object({**_EXAMPLE, "yields_to": _list(TEXT, 1)}), **_ONE_CONTENT},
            "badExample": {**_object({**_EXAMPLE, "finds": _FINDS, "fixed": _FIXED, "fixed_unsafely": _FIXED}, "finds"), **_ONE_CONTENT},
        },
    }


def schema_text() -> str:
    """The schema as a JSON document, for editors."""
    return json.dumps(rule_schema(), indent=2, ensure_ascii=False) + "\n"
