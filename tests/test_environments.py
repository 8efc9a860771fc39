"""One environment of a file, which a command line names after a hash sign: ``dump.json#prod``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linter.cli import cli
from linter.run import Options, Outcome, lint_paths

NAMES = {"staging": "https://staging.clinic.health", "prod": "https://api.clinic.health", "dev": "https://dev.clinic.health/"}
DUMP = json.dumps({"Parameters": [{"Name": f"/medplum/{name}/baseUrl", "Value": url} for name, url in NAMES.items()]}, indent=1)
COMPOSE = """\
x-common: &common {image: "medplum/medplum-server:5.1.23", command: [env]}
services:
  db: {image: "postgres:16"}
  first:
    <<: *common
    env_file: [common.env]
    environment:
      MEDPLUM_BASE_URL: https://first.clinic.health # medplum-lint: ignore[missing-trailing-slash] it is left as it is
  second:
    <<: *common
    env_file: [common.env]
    environment: {MEDPLUM_BASE_URL: "https://second.clinic.health"}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("dump.json", DUMP)


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def outcome(*paths: str) -> Outcome:
    return lint_paths(list(paths), Options())


def found(*paths: str, rule: str = "missing-trailing-slash") -> list[tuple[str | None, int]]:
    every = outcome(*paths).result.findings
    return [(one.document.environment, one.document.position(one.span.start).line) for one in every if one.rule == rule]


def test_it_alone_is_checked() -> None:
    assert found("dump.json") == [("staging", 5), ("prod", 9)]
    assert found("dump.json#prod") == [("prod", 9)]
    assert found("dump.json#dev") == []
    assert {file.environment for file in outcome("dump.json#prod").result.files} == {"prod"}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["dump.json#prod", "dump.json#staging", "dump.json#prod"], [("staging", 5), ("prod", 9)]),
        (["dump.json#dev", "dump.json"], [("staging", 5), ("prod", 9)]),
        (["dump.json", "./dump.json#dev"], [("staging", 5), ("prod", 9)]),
        ([".", "dump.json#staging"], [("staging", 5)]),
    ],
)
def test_a_file_that_is_named_twice_is_checked_once(paths: list[str], expected: list[object]) -> None:
    assert found(*paths) == expected


def test_a_file_may_have_such_a_name() -> None:
    write("dump.json#prod", DUMP.replace("prod", "live"))
    assert found("dump.json#prod") == [("staging", 5), ("live", 9)]
    assert found("dump.json#prod#live") == [("live", 9)]
    assert {one.document.uri for one in outcome("dump.json#prod#live").result.findings} == {"dump.json#prod"}


COMMANDS = "check", "check --allow-unrecognized", "show", "upgrade --from 5.1.13", "diff dump.json#dev"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["prdo", ""])
def test_one_that_is_not_there_is_an_error_that_lists_those_there_are(command: str, name: str) -> None:
    result = lint(*command.split(), f"dump.json#{name}")
    shown = name or '""'
    assert f"error: dump.json: there is no environment {shown}: write dump.json#NAME with one of staging, prod, dev\n" in result.stderr
    assert (result.exit_code, "clinic.health" in result.stdout) == (2, False)


def test_a_file_without_environments_has_none() -> None:
    write("server.json", '{"baseUrl": "https://api.example.com/", "database": {}, "redis": {}}')
    assert "no environment prod: write server.json, which has one configuration without a name" in lint("server.json#prod").stderr
    write("bots.json", '{"bots": [{"name": "a", "id": "b", "source": "c"}]}')
    result = lint("bots.json#prod")
    assert (result.exit_code, "bots.json: there is no environment prod: " in result.stderr) == (2, True)
    assert "dump.json/#prod: no such file or folder" in lint("dump.json/#prod").stderr and ".#prod: no such file" in lint(".#prod").stderr


def test_all_commands_know_it() -> None:
    assert json.loads(lint("show", "-f", "json", "dump.json#prod").stdout)["documents"][0]["environment"] == "prod"
    assert lint("diff", "dump.json#staging", "dump.json#prod").exit_code == 1
    assert "there are several environments: write dump.json#NAME with one of" in lint("diff", "dump.json", "dump.json#prod").stderr
    assert lint("upgrade", "--from", "5.1.13", "dump.json#dev").stdout.count("allowUnsafeOutbound is not given") == 1
    assert lint("explain", "missing-trailing-slash", "dump.json#dev").stdout.count("dump.json#") == 1


def test_reports_have_the_path_of_the_file_and_the_environment_apart() -> None:
    (first, *_) = json.loads(lint("-f", "json", "--select", "missing-trailing-slash", "dump.json#prod").stdout)["findings"]
    assert (first["path"], first["environment"]) == ("dump.json", "prod")
    sarif = lint("-f", "sarif", "--select", "missing-trailing-slash", "dump.json#prod").stdout
    assert '"uri": "dump.json"' in sarif and "#prod" not in sarif


def test_a_baseline_keeps_what_it_knows_of_the_others() -> None:
    assert lint("--write-baseline", "known.jsonl", "dump.json").exit_code == 0
    before = Path("known.jsonl").read_text(encoding="utf-8")
    assert lint("--baseline", "known.jsonl", "--fail-on-stale-baseline", "dump.json#prod").exit_code == 0
    lint("--write-baseline", "known.jsonl", "dump.json#prod")
    assert Path("known.jsonl").read_text(encoding="utf-8") == before


def test_mistakes_in_the_text_are_reported_with_each() -> None:
    write("dump.json", DUMP[:-2] + "],}")
    assert [found(f"dump.json{name}", rule="invalid-json") for name in ("", "#staging", "#prod")] == [
        [("staging", 15)],
        [("staging", 15)],
        [("prod", 15)],
    ]
    write("compose.yaml", COMPOSE.replace("  db:", "  db: {}\n  db:"))
    assert [len(found(f"compose.yaml{name}", rule="duplicate-key")) for name in ("", "#first", "#second")] == [1, 1, 1]


def test_a_service_and_what_it_shares_with_others() -> None:
    write("compose.yaml", COMPOSE)
    write("common.env", "MEDPLUM_APP_BASE_URL=https://app.clinic.health\n# medplum-lint: ignore[local-url] as it is\nA=b\n")
    findings = outcome("compose.yaml#second").result.findings
    assert {one.document.environment for one in findings if one.document.uri == "compose.yaml"} == {"second"}
    assert {name for one in findings for _, name in one.holders or ()} <= {"second"}
    assert found("compose.yaml", "common.env", rule="unused-suppression") == [(None, 2)]
    assert [found(f"compose.yaml#{name}", "common.env", rule="unused-suppression") for name in ("first", "second")] == [[], []]
    before = Path("compose.yaml").read_text(encoding="utf-8"), Path("common.env").read_text(encoding="utf-8")
    lint("--fix", "--unsafe-fixes", "compose.yaml#second", "common.env")
    assert (Path("compose.yaml").read_text(encoding="utf-8"), Path("common.env").read_text(encoding="utf-8")) == before


def test_what_is_read_of_a_dump_is_fixed_by_its_commands() -> None:
    lint("--fix-script", "fix.sh", "--unsafe-fixes", "dump.json#prod")
    script = Path("fix.sh").read_text(encoding="utf-8")
    assert "/medplum/prod/baseUrl" in script and "/medplum/staging/" not in script
