"""The Code Quality report for GitLab: its form, and what GitLab knows a finding by from one run to the next."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from click.testing import CliRunner
from support.checkout import ROOT

from linter.cli import cli

SCHEMA: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1, "pattern": r"^[^\n\r]*$"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}(:[0-9]+)?$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^(\./|/)"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation says of the form, and what else we promise of it."""
BAD: Final = '{"baseUrl": "https://api.hospital.example", "database": {"password": "hunter2", "host": "db"}, "redis": {"port": "6379"}}'


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, as the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def report(*arguments: str, **more: Any) -> list[dict[str, Any]]:
    """The issues of a run; the report is of the form that GitLab reads."""
    result = CliRunner().invoke(cli, [*arguments, "--format", "gitlab"], **more)
    assert result.exit_code in (0, 1), result.output
    issues: list[dict[str, Any]] = json.loads(result.stdout)
    jsonschema.validate(issues, SCHEMA)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def fingerprints(*arguments: str) -> list[tuple[str, str]]:
    return sorted((issue["check_name"], issue["fingerprint"]) for issue in report(*arguments))


# --- Its form ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in (ROOT / "tests/fixtures").glob("*-mistakes/input.*")), ids=lambda path: path.name
)
def test_every_report_has_the_form(folder: Path) -> None:
    (path,) = folder.glob("input.*")
    assert report(str(path), "--pedantic")


def test_a_finding() -> None:
    write("medplum.config.json", "\n\n" + BAD)
    assert report("medplum.config.json", "--select", "missing-trailing-slash") == [
        {
            "description": 'missing-trailing-slash: baseUrl must end with "/": where the server appends a path, '
            "the slash is missing (https://api.hospital.examplefhir/R4)",
            "check_name": "missing-trailing-slash",
            "fingerprint": "84eb364521f6b8df345da52dc4fc44bd:1",
            "severity": "critical",
            "location": {"path": "medplum.config.json", "lines": {"begin": 3}},
        }
    ]


def test_nothing_found_is_an_empty_list() -> None:
    write("medplum.template.json", (ROOT / "tests/fixtures/clean-production-json/input.template.json").read_text(encoding="utf-8"))
    assert CliRunner().invoke(cli, ["medplum.template.json", "--format", "gitlab"]).stdout == "[]\n"


@pytest.mark.parametrize(("severity", "written"), [("error", "critical"), ("warning", "major"), ("note", "info")])
def test_severities(severity: str, written: str) -> None:
    write(".medplum-lint.toml", f'[severity]\nmissing-trailing-slash = "{severity}"\n')
    write("medplum.config.json", BAD)
    issue, _configuration = report("medplum.config.json", "--select", "missing-trailing-slash")
    assert issue["severity"] == written


def test_the_environment_is_reported() -> None:
    parameters = [{"Name": f"/medplum/{name}/baseUrl", "Type": "String", "Value": "https://api.hospital.example"} for name in ("a", "b")]
    write("ssm.json", json.dumps({"Parameters": parameters}))
    issues = report("ssm.json", "--select", "missing-trailing-slash")
    assert [issue["description"][-15:] for issue in issues] == ["(environment a)", "(environment b)"]


def test_what_is_accepted_is_left_out() -> None:
    write(
        "server.env",
        "MEDPLUM_BASE_URL=https://api.hospital.example # medplum-lint: ignore[missing-trailing-slash] the proxy adds it\n",
    )
    assert report("server.env", "--select", "missing-trailing-slash") == []


def test_a_file_that_cannot_be_read() -> None:
    write("empty.json", "")
    result = CliRunner().invoke(cli, ["empty.json", "--format", "gitlab"])
    assert result.exit_code == 2
    (issue,) = json.loads(result.stdout)
    assert issue["description"] == "file-not-read: this file could not be read: the file is empty"
    assert (issue["severity"], issue["location"]) == ("critical", {"path": "empty.json", "lines": {"begin": 1}})


def test_a_configuration_that_takes_more_away_is_another_issue() -> None:
    """So that a merge request shows it."""
    write("medplum.config.json", BAD)
    descriptions = {}
    for ignored in ("[]", '["missing-trailing-slash"]', '["missing-setting"]'):
        write(".medplum-lint.toml", f"ignore = {ignored}\n")
        (issue,) = (one for one in report("medplum.config.json") if one["check_name"] == "configuration-used")
        assert (issue["severity"], issue["location"]["path"]) == ("info", ".medplum-lint.toml")
        descriptions[issue["fingerprint"]] = issue["description"]
    assert list(descriptions.values()) == [
        f"configuration-used: this file configures medplum-lint: rules off: {number}, paths excluded: 0" for number in (0, 1, 1)
    ]


# --- Paths ---------------------------------------------------------------------------------------------------------------------------


def test_paths_are_relative_to_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("deploy/prod/medplum.config.json", BAD)
    for folder, given in (
        (".", "deploy"),
        (".", "./deploy/prod/medplum.config.json"),
        ("deploy", "."),
        ("deploy/prod", "medplum.config.json"),
        ("deploy", str(repository / "deploy/prod/medplum.config.json")),
        ("deploy/prod", "../prod/medplum.config.json"),
    ):
        monkeypatch.chdir(repository / folder)
        issues = report(given)
        assert {issue["location"]["path"] for issue in issues} == {"deploy/prod/medplum.config.json"}


def test_names_that_an_address_would_quote() -> None:
    write("ä b%20/medplum #1.config.json", BAD)
    assert {issue["location"]["path"] for issue in report(".")} == {"ä b%20/medplum #1.config.json"}


def test_standard_input() -> None:
    assert {issue["location"]["path"] for issue in report("-", "--kind", "server/json", input=BAD)} == {"<stdin>"}


# --- Fingerprints --------------------------------------------------------------------------------------------------------------------


def test_they_stay_when_lines_move_and_values_change() -> None:
    write("medplum.config.json", BAD)
    first = fingerprints("medplum.config.json")
    assert len(first) > 3
    write("medplum.config.json", "\n\n\n" + json.dumps(dict(reversed(json.loads(BAD).items())), indent=4))
    assert fingerprints("medplum.config.json") == first
    write("medplum.config.json", BAD.replace("hunter2", "another-secret").replace("hospital", "clinic"))
    assert fingerprints("medplum.config.json") == first


def test_they_depend_on_the_file_the_rule_and_the_setting(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a/medplum.config.json", BAD)
    write("b/medplum.config.json", BAD)
    one, other = fingerprints("a/medplum.config.json"), fingerprints("b/medplum.config.json")
    assert [rule for rule, _ in one] == [rule for rule, _ in other] and not set(one) & set(other)
    assert fingerprints("a", "b") == sorted([*one, *other])
    monkeypatch.chdir(repository / "a")
    assert fingerprints(os.path.abspath("medplum.config.json")) == one


def test_one_rule_that_finds_a_setting_twice_has_two() -> None:
    write(
        "medplum.config.json",
        '{"baseUrl": "https://api.hospital.example/", "port": 1, "port": 2, "port": 8103, "database": {}, "redis": {}}',
    )
    issues = report("medplum.config.json", "--select", "duplicate-key")
    assert [issue["fingerprint"].partition(":")[2] for issue in issues] == ["1", "2"]
    assert len({issue["fingerprint"].partition(":")[0] for issue in issues}) == 1
