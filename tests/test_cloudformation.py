"""Parameters in CloudFormation templates: what is written is checked, what CloudFormation works out is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.model import UNKNOWN, Document, dotted
from linter.run import Options, Outcome, lint_input


def lint(text: str, name: str = "template.yaml") -> Outcome:
    outcome = lint_input(Input(name, text.encode(), Path("/nowhere") / name), Options(EVERY_RULE))
    assert outcome.bugs == ()
    return outcome


def template(properties: str) -> str:
    """A template with one parameter, whose properties are YAML in one line."""
    return f"Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {properties}\n"


def one(text: str, name: str = "template.yaml") -> Document:
    (document,) = lint(text, name).result.documents
    assert document.kind == "server/ssm"
    return document


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ("https://api.hospital.example/", "https://api.hospital.example/"),
        ("!Ref Url", UNKNOWN),
        ("{Ref: Url}", UNKNOWN),
        ("!Sub 'https://${Domain}/'", UNKNOWN),
        ("!Sub https://api.hospital.example/", "https://api.hospital.example/"),
        ("!Sub ['https://${D}/', {D: x}]", UNKNOWN),
        ("!Join ['', [https://, !Ref Domain]]", UNKNOWN),
        ("!Join ['', [https://, api.hospital.example, /]]", "https://api.hospital.example/"),
        ("!Join x", UNKNOWN),
        ("{'Fn::ImportValue': x}", UNKNOWN),
        ("!ImportValue x", UNKNOWN),
        ("!GetAtt a.b", UNKNOWN),
        ("!If [a, b, c]", UNKNOWN),
        ("'{{resolve:ssm:/x}}'", UNKNOWN),
        ("[a]", UNKNOWN),
        ("''", ""),
    ],
)
def test_values(value: str, data: Any) -> None:
    assert one(template(f"{{Name: /medplum/prod/baseUrl, Type: String, Value: {value}}}")).data == {"baseUrl": data}


@pytest.mark.parametrize(("value", "data"), [("8103", 8103), ("'8103'", 8103), ("0123", 123), ("true", None)])
def test_scalars_are_texts_to_cloudformation(value: str, data: Any) -> None:
    document = one(template(f"{{Name: /medplum/prod/port, Type: String, Value: {value}}}"))
    assert document.data["port"] == data or document.origin.facts(("port",))["raw"] == value


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("/medplum/prod/baseUrl", "prod"),
        ("!Sub '/medplum/${Env}/baseUrl'", "${Env}"),
        ("{'Fn::Sub': '/medplum/${Env}/baseUrl'}", "${Env}"),
        ("!Sub ['/medplum/${E}/baseUrl', {E: x}]", "${E}"),
        ("!Join [/, ['', medplum, !Ref Env, baseUrl]]", "${Env}"),
        ("!Join ['', [/medplum/, !ImportValue x, /baseUrl]]", "${…}"),
    ],
)
def test_names(name: str, environment: str) -> None:
    text = template(f"{{Name: {name}, Type: String, Value: x}}")
    document = one(text)
    assert (document.environment, document.data, document.complete) == (environment, {"baseUrl": "x"}, False)
    assert text[slice(*document.locate(("baseUrl",)))] == "x"
    assert text[slice(*document.locate(("baseUrl",), "key"))] == name
    assert not [finding for finding in lint(text).result.findings if finding.rule == "refused-parameter"]


@pytest.mark.parametrize("name", ["!Ref Name", "!ImportValue x", "[a]", "!Sub '${Prefix}/baseUrl'", "/billing/port"])
def test_names_that_are_not_known(name: str) -> None:
    outcome = lint(template(f"{{Name: {name}, Type: String, Value: x}}"))
    assert [(file.status, file.kind) for file in outcome.result.files] == [("ignored", None)]


def test_a_secret_is_reported_once() -> None:
    for kind in ("String", "SecureString", "!Ref Type"):
        text = template(f"{{Name: /medplum/prod/database.password, Type: {kind}, Value: hunter2}}")
        findings = [finding for finding in lint(text).result.findings if finding.path == ("database", "password")]
        assert [(finding.rule, finding.severity) for finding in findings] == [("unencrypted-parameter", "error")]
        assert "hunter2" not in findings[0].document.origin.excerpt(findings[0].path, findings[0].span).text


def test_json_templates() -> None:
    properties = {"Name": {"Fn::Join": ["/", ["", "medplum", {"Ref": "Env"}, "port"]]}, "Type": "String", "Tier": "Advanced", "Value": "x"}
    text = json.dumps({"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": properties}}}, indent=2)
    document = one(text, "template.json")
    assert document.environment == "${Env}"
    facts = document.origin.facts(("port",))
    assert (facts["type"], facts["tier"], facts["limit"]) == ("String", "Advanced", 8192)
    assert text[slice(*document.locate(("port",), "tier"))] == '"Advanced"'


@pytest.mark.parametrize(
    "text",
    [
        "AWSTemplateFormatVersion: '2010-09-09'\nResources: []\n",
        "Resources:\n  A: {Type: 'AWS::S3::Bucket'}\n  B: x\n  C: {Type: 'AWS::SSM::Parameter'}\n",
        "Resources:\n  A: {Type: 'AWS::SSM::Parameter', Properties: x}\n",
        "- AWS::SSM::Parameter\n",
        "Resources: !Transform {Name: AWS::Include}\n",
    ],
)
def test_other_templates_are_left_alone(text: str) -> None:
    assert not lint(text).result.documents


def test_a_template_that_breaks_off() -> None:
    text = template("{Name: /medplum/prod/baseUrl, Type: String, Value: https://api.hospital.example}") + "  Q:\n\tx: 1\n"
    rules = {finding.rule for finding in lint(text).result.findings}
    assert rules == {"invalid-yaml", "missing-trailing-slash"}


def test_findings_point_into_the_template() -> None:
    text = template("{Name: /medplum/prod/port, Type: String, Value: 1e3}")
    found = [(dotted(finding.path or ()), text[slice(*finding.span)]) for finding in lint(text).result.findings]
    assert found == [("port", "1e3")]
