"""Parameters in the JSON of ``terraform show`` and in state files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.model import UNKNOWN
from linter.run import Options, Outcome, lint_input


def lint(value: Any, name: str = "plan.json") -> tuple[str, Outcome]:
    text = json.dumps(value, indent=2)
    outcome = lint_input(Input(name, text.encode(), Path("/nowhere") / name), Options(EVERY_RULE))
    assert outcome.bugs == ()
    return text, outcome


def resource(name: str, value: str | None, kind: str = "String", **more: Any) -> dict[str, Any]:
    values = {"name": name, "type": kind, "tier": "Standard", "value": value, "insecure_value": None} | more
    return {"address": "aws_ssm_parameter.x", "mode": "managed", "type": "aws_ssm_parameter", "name": "x", "values": values}


def change(name: str, after: str | None, actions: list[str], unknown: Any = None) -> dict[str, Any]:
    values = {"name": name, "type": "String", "tier": "Standard", "value": after}
    inner = {"actions": actions, "before": None, "after": values if actions != ["delete"] else None, "after_unknown": unknown or {}}
    return {"address": "aws_ssm_parameter.x", "mode": "managed", "type": "aws_ssm_parameter", "name": "x", "change": inner}


def state(*resources: Any, children: list[Any] | None = None, top: str = "values") -> dict[str, Any]:
    module = {"resources": list(resources), "child_modules": children or []}
    return {"format_version": "1.0", "terraform_version": "1.9.5", top: {"root_module": module}}


@pytest.mark.parametrize("top", ["values", "planned_values"])
def test_modules(top: str) -> None:
    inner = {"address": "module.a", "child_modules": [{"resources": [resource("/medplum/prod/port", "8103")]}]}
    text, outcome = lint(state(resource("/medplum/prod/baseUrl", "https://a.example"), children=[inner, None], top=top))
    (document,) = outcome.result.documents
    assert (document.kind, document.environment, document.complete) == ("server/ssm", "prod", False)
    assert document.data == {"baseUrl": "https://a.example", "port": 8103}
    assert text[slice(*document.locate(("port",)))] == '"8103"'
    assert text[slice(*document.locate(("port",), "tier"))] == '"Standard"'
    assert text[slice(*document.locate(("port",), "key"))] == '"/medplum/prod/port"'
    assert [finding.rule for finding in outcome.result.findings] == ["missing-trailing-slash"]


def test_a_plan_is_what_will_be() -> None:
    changes = [
        change("/medplum/prod/baseUrl", "https://a.example", ["update"]),
        change("/medplum/prod/port", "x", ["delete"]),
        change("/medplum/prod/appBaseUrl", None, ["create"], {"value": True}),
        change("/medplum/prod/logLevel", "INFO", ["create"], {"arn": True, "value": False}),
        change("/medplum/prod/supportEmail", "x", ["delete", "create"], {"value": True}),
        {"type": "aws_ssm_parameter", "mode": "managed", "change": None},
        None,
    ]
    text, outcome = lint(state(resource("/medplum/prod/x", "x"), top="planned_values") | {"resource_changes": changes})
    (document,) = outcome.result.documents
    assert document.data == {"baseUrl": "https://a.example", "appBaseUrl": UNKNOWN, "logLevel": "INFO", "supportEmail": UNKNOWN}
    assert text[slice(*document.locate(("baseUrl",)))] == '"https://a.example"'
    assert document.locate(("baseUrl",)).start > text.index("resource_changes")


def test_a_state_file() -> None:
    attributes = {"name": "/medplum/prod/port", "type": "SecureString", "value": "8103", "tier": "Standard"}
    instances = [{"attributes": attributes}, {"attributes": None}, None]
    resources = [{"mode": "managed", "type": "aws_ssm_parameter", "name": "x", "instances": instances}, {"type": "x"}, None]
    text, outcome = lint({"version": 4, "terraform_version": "1.9.5", "resources": resources}, "terraform.tfstate")
    (document,) = outcome.result.documents
    assert document.data == {"port": 8103}
    assert text[slice(*document.locate(("port",), "type"))] == '"SecureString"'


def test_values_that_are_not_sensitive_are_elsewhere() -> None:
    text, outcome = lint(state(resource("/medplum/prod/baseUrl", None, insecure_value="https://a.example")))
    (document,) = outcome.result.documents
    assert text[slice(*document.locate(("baseUrl",)))] == '"https://a.example"'


def test_secrets_are_checked_and_never_shown() -> None:
    _, outcome = lint(state(resource("/medplum/prod/signingKey", "hunter2"), resource("/medplum/prod/smtp.auth.pass", "hunter2")))
    findings = outcome.result.findings
    assert {"unencrypted-parameter", "malformed-pem"} <= {finding.rule for finding in findings}
    for finding in findings:
        assert "hunter2" not in finding.message + finding.document.origin.excerpt(finding.path, finding.span).text


@pytest.mark.parametrize(
    "value",
    [
        state(resource("/billing/port", "1")),
        state({"type": "aws_instance", "mode": "managed", "values": {"name": "/medplum/prod/port"}}),
        state(resource("/medplum/prod/port", "1") | {"mode": "data"}),
        {"terraform_version": "1.9.5", "resource_changes": [None, {}, {"change": {}}]},
        {"terraform_version": "1.9.5", "values": []},
        {"terraform_version": "1.9.5", "values": {"root_module": []}},
        {"terraform_version": "1.9.5", "values": {"root_module": {"resources": {}, "child_modules": [1]}}},
        {"terraform_version": "1.9.5"},
        {"terraform_version": "1.9.5", "x": "aws_ssm_parameter", "resources": 1},
    ],
)
def test_others_are_left_alone(value: Any) -> None:
    _, outcome = lint(value)
    assert [(file.status, file.kind) for file in outcome.result.files] == [("ignored", None)]
