"""Parts of a configuration, as documentation shows what to add to one, and configurations that lack nearly everything."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from linter import cli
from linter.syntax.json import parse_json


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, ["--isolated", *arguments])


def findings(name: str, text: str, *arguments: str) -> list[dict[str, Any]]:
    Path(name).write_text(text, encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(run(name, "--format", "json", *arguments).stdout)["findings"]
    return found


def found(name: str, text: str) -> list[tuple[str, Any, int, int]]:
    return [(one["rule"], one["setting"], *one["range"]["start"].values()) for one in findings(name, text)]


# --- A part ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        {"rdsInstances": 2, "rdsProxyEnabled": True},
        {"rdsClusterParameters": {"max_connections": "500"}},
        {"fargateAutoScaling": {"maxCapacity": 10, "targetUtilizationPercent": 50, "scaleInCooldown": 60, "scaleOutCooldown": 60}},
        {"name": "staging", "region": "us-east-1", "stackName": "MedplumStagingStack", "environment": {}, "additionalContainers": []},
        {"loadBalancerLoggingBucket": "medplum-logs-us-east-1", "loadBalancerLoggingPrefix": "elb-staging"},
    ],
    ids=lambda data: next(iter(data)),
)
def test_nothing_is_missing_in_a_part_of_an_infra_config(data: dict[str, Any]) -> None:
    assert found("medplum.staging.config.json", json.dumps(data)) == []
    whole = findings("x.json", json.dumps(data), "--kind", "infra/json", "--select", "missing-infra-setting")
    assert [one["rule"] for one in whole] == ["missing-infra-setting"]


# --- Many missing settings ------------------------------------------------------------------------------------------------------------

BASE = "https://api.clinic.example/"
SOURCES = {
    "medplum.config.json": json.dumps({"baseUrl": BASE, "maxJsonSize": "1mb", "logLevel": "INFO", "emailProvider": "awsses"}),
    "dump.yaml": f"/medplum/prod/baseUrl: {BASE}\n",
    "dump.json": json.dumps({"Parameters": [{"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": BASE}]}),
    "compose.yml": f"services: {{s: {{image: medplum/medplum-server:5, command: env, environment: {{MEDPLUM_BASE_URL: '{BASE}'}}}}}}\n",
    "medplum.prod.config.json": json.dumps({"name": "prod", "region": "us-east-1", "accountNumber": "123456789012", "maxAzs": 2}),
}


@pytest.mark.parametrize("name", SOURCES)
def test_more_than_three_missing_settings_are_one_finding(name: str) -> None:
    [one] = findings(name, SOURCES[name], "--select", "missing-setting,missing-infra-setting")
    names = [one["setting"], *(other["message"].split(" ")[0] for other in one["related"])]
    assert len(names) == len(set(names)) > 3 and one["severity"] == "error"
    assert re.search(rf"\b{len(names)} settings (are missing|have no value): ", one["message"])
    assert all(name in one["message"] for name in names)


def test_what_stops_the_server_comes_first() -> None:
    text = json.dumps({"logLevel": "INFO", "emailProvider": "awsses", "maxJsonSize": "1mb", "port": 8103})
    [one] = findings("medplum.config.json", text, "--select", "missing-setting")
    assert one["setting"] == "baseUrl" and one["message"].startswith("baseUrl is missing: the server does not start without it")


def test_three_missing_settings_are_three_findings() -> None:
    data = {"baseUrl": BASE, "port": 8103, "appBaseUrl": BASE, "database": {"host": "db"}, "logLevel": "INFO"}
    rules = [one["setting"] for one in findings("medplum.config.json", json.dumps(data), "--select", "missing-setting")]
    assert sorted(rules) == ["binaryStorage", "redis", "supportEmail"]


def test_an_empty_setting_is_a_finding_of_its_own() -> None:
    data = dict.fromkeys(("name", "region", "stackName", "accountNumber", "domainName"), "")
    given = findings("x.json", json.dumps(data), "--kind", "infra/json", "--select", "missing-infra-setting")
    assert sorted(one["setting"] for one in given if "settings have no value" not in one["message"]) == sorted(data)


def test_a_baseline_knows_them_one_by_one() -> None:
    Path("compose.yml").write_text(SOURCES["compose.yml"], encoding="utf-8")
    options = ["compose.yml", "--select", "missing-setting"]
    run(*options, "--write-baseline", "known.jsonl")
    lines = Path("known.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 6
    Path("known.jsonl").write_text("".join(line for line in lines if "appBaseUrl" not in line), encoding="utf-8")
    result = json.loads(run(*options, "--baseline", "known.jsonl", "--format", "json").stdout)
    assert [one["setting"] for one in result["findings"] if not one.get("suppressed")] == ["appBaseUrl"]


def test_what_can_be_fixed_of_them_is_fixed() -> None:
    text = json.dumps({"baseUrl": BASE, "binaryStorage": "file:./binary/", "logLevel": "INFO", "emailProvider": "awsses"})
    [one] = findings("medplum.config.json", text, "--select", "missing-setting")
    assert "fix database, " in one["fix"]["description"]
    run("medplum.config.json", "--fix", "--unsafe-fixes", "--select", "missing-setting")
    assert json.loads(Path("medplum.config.json").read_text(encoding="utf-8"))["storageBaseUrl"] == f"{BASE}storage/"


# --- Members without braces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['"port": "x"', '"port": "x",', ' \n"port": "x"\n,\n', '"port": "x"}'])
def test_members_without_braces_are_one_finding_and_are_checked(text: str) -> None:
    at = text.index('"')
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    [first, second] = findings("medplum.config.json", text)
    assert (first["rule"], *first["range"]["start"].values()) == ("invalid-json", line, column)
    assert first["message"].endswith('write "{" before the first one and "}" after the last, without a comma before it')
    assert (second["rule"], second["setting"]) == ("wrong-type", "port")


def test_several_members_of_the_cdk() -> None:
    text = '"rdsInstances": 2,\n"serverImage": "medplum/medplum-server:5.1.23",\n'
    assert found("medplum.prod.config.json", text) == [("invalid-json", None, 1, 1)]


def test_nothing_is_fixed_in_them() -> None:
    text = '"appBaseUrl": "https://app.clinic.example",\n"port": 8103\n'
    [_, second] = findings("medplum.config.json", text)
    assert second["rule"] == "missing-trailing-slash" and second["fix"]["edits"] is None
    run("medplum.config.json", "--fix", "--unsafe-fixes")
    assert Path("medplum.config.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("text", "value", "whole", "names"),
    [
        ('"a": {"b": 1}', {"a": {"b": 1}}, True, ["json-without-braces"]),
        ('"a": 1, "a": 2,', {"a": 2}, True, ["json-without-braces", "json-duplicate-key"]),
        ('"a": 1\n"b": [1,]', {"a": 1, "b": [1]}, True, ["json-without-braces", "invalid-json", "json-trailing-comma"]),
        ('"a": 1} x', {"a": 1}, False, ["json-without-braces", "invalid-json"]),
        ('"a": 1]', {"a": 1}, False, ["json-without-braces", "invalid-json"]),
        ('"a": {"b": 1', {"a": {"b": 1}}, False, ["json-without-braces", "invalid-json"]),
        ('"a":', {}, False, ["json-without-braces", "invalid-json"]),
        ('"a", "b"', "a", False, ["invalid-json"]),
        ('// x\n"a": 1', {"a": 1}, True, ["json-comment", "json-without-braces"]),
    ],
)
def test_how_members_without_braces_are_read(text: str, value: Any, whole: bool, names: list[str]) -> None:
    parsed = parse_json(text)
    assert (parsed.value, parsed.whole, [one.name for one in parsed.problems]) == (value, whole, names)
    root = parsed.places.find(())
    assert root is None or 0 <= root.value.start <= root.value.end <= len(text)


def test_yaml_with_quoted_names_is_not_json() -> None:
    text = f'"baseUrl": "{BASE}"\n"database": {{"host": "db"}}\n'
    Path("values.yaml").write_text(text, encoding="utf-8")
    assert "not recognised" in run("values.yaml").output
