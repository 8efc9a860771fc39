"""Conditions that can never hold, and operands that nothing has, are mistakes of a rule: each is reported with what was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.rules import built_in_files

from linter.policy.rule_file import read_rule_file

ITSELF = "exclude each other"


def mistake(tmp_path: Path, asked: Any, where: str = "when") -> str:
    """What is wrong with a rule that asks something, in its ``when`` or in its ``must``; empty for nothing."""
    rule = {
        "id": "acme/tried",
        "title": "Tried",
        "severity": "error",
        "for": ["server", "infra"],
        "must": {"port": {"max": 8103}},
        "what": "${@path} ${@reason}",
        "examples": {"good": [{"data": {"port": 1}}], "bad": [{"data": {"port": 9000}, "finds": ["port"]}]},
        where: asked,
    }
    path = tmp_path / "tried.yaml"
    path.write_text(json.dumps(rule), encoding="utf-8")
    errors = read_rule_file(path).errors
    return errors[0].removeprefix(f"{path}:1: ") if errors else ""


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"logLevel": {"equals": "INFO", "not": {"equals": "INFO"}}}, f"its conditions on logLevel {ITSELF}"),
        ({"logLevel": {"one_of": ["INFO", "WARN"], "not": {"one_of": ["WARN", "INFO"]}}}, ITSELF),
        ({"logLevel": {"present": False, "equals": "INFO"}}, ITSELF),
        ({"port": {"min": 5, "max": 4}}, ITSELF),
        ({"supportEmail": {"min_length": 5, "max_length": 4}}, ITSELF),
        ({"baseUrl": {"equals": "https://a.example", "ends_with": "/"}}, ITSELF),
        ({"baseUrl": {"equals": "a", "format": "url"}}, ITSELF),
        ({"logLevel": [{"present": False, "min": 2}, {"equals": "INFO", "not": {"equals": "INFO"}}]}, ITSELF),
        ({"port": {"if": {"equals": 1, "not": {"equals": 1}}, "then": {"max": 3}}}, ITSELF),
        ({"logLevel": {"equals": "VERBOSE"}}, 'logLevel is never "VERBOSE", only NONE or ERROR or WARN or INFO or DEBUG'),
        (
            {"logLevel": {"one_of": ["INFO", "WRN"]}},
            'logLevel is never "WRN", only NONE or ERROR or WARN or INFO or DEBUG; did you mean "WARN"?',
        ),
        ({"logLevel": {"by_environment": {"prod": ["WARN", "LOUD"]}}}, 'logLevel is never "LOUD"'),
        ({"logLevel": {"min": "LOUD"}}, 'logLevel is never "LOUD"'),
        ({"registerEnabled": {"equals": "false"}}, 'registerEnabled is never "false", only true or false'),
        ({"$@target": {"equals": "prod"}}, '$@target is never "prod", only production or development'),
        ({"serverImage": {"min": "newer"}}, '"newer" is neither a number nor a word with an order here'),
        (
            {"database.host": {"provider": {"kind": "database", "tsl": "required"}}},
            'no provider in the table has "tsl: required"; did you mean "tls: required"?',
        ),
        (
            {"database.host": {"provider": {"kind": "database", "tls": "requird"}}},
            'no provider in the table has "tls: requird"; did you mean "tls: required"?',
        ),
        ({"port": {"min": ".5"}}, 'or a word that has an order, not ".5"'),
        ({"port": {"same_as": "filee"}}, 'has no member "filee"; did you mean "file"?'),
        ({"port": "presnt"}, 'not "presnt"; did you mean "present"?'),
        ({"port": {"min": "high"}}, '"high" is neither a number nor a word with an order'),
    ],
)
def test_impossible_conditions_are_mistakes(tmp_path: Path, asked: Any, says: str) -> None:
    assert says in mistake(tmp_path, asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"logLevel": {"equals": "info"}},
        {"logLevel": [{"equals": "INFO"}, {"equals": "INFO", "not": {"equals": "INFO"}}]},
        {'"logLevel"': {"equals": "VERBOSE"}},
        {"$@environment": {"equals": "prod"}},
        {"baseUrl": {"starts_with": "https://", "not": {"host": "local"}}},
        {"baseUrl": {"equals": "${issuer}", "ends_with": "/"}},
        {"rdsInstanceType": {"min": "db.t3.large"}},
        {"vpcId": {"equals": False}},
        {"defaultRateLimit": {"equals": -1}},
        {"database.queryTimeout": {"one_of": [60000, "60s"]}},
        {"database.ssl": {"equals": "true"}},
        {"port": {"min": 5, "max": 5}},
        {"logLevel": {"not": {"one_of": ["TRACE", "DEBUG"]}}},
    ],
)
def test_possible_conditions_are_not_mistakes(tmp_path: Path, asked: Any) -> None:
    assert mistake(tmp_path, asked) == ""


def test_no_condition_of_the_built_in_rules_is_impossible() -> None:
    assert [error for file in built_in_files() for error in file.errors] == []
