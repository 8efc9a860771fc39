"""``shards``: users name its members, and what is beneath these is what the catalogue says of every one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from linter.cli import cli
from linter.model import dotted
from linter.options.config import Overrides
from linter.release import MAIN
from linter.run import Options, lint_paths
from linter.settings import catalogue
from linter.settings.json_schema import config_schema
from linter.settings.releases import parse_server_version

UNREAD = ("5.1.23", "5.1.38")
UNCLEAR = ("5.1.39", "5.1.44", "5.2.12")
READ = ("5.2.13", "")
SHARD = {"isDefaultShard": True, "database": {"host": "db", "port": 5432, "ssl": {"rejectUnauthorized": True}}}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(shards: Any, server: str) -> list[tuple[str, str, str]]:
    """The findings at and beneath ``shards``: severity, rule and setting."""
    Path("medplum.config.json").write_text(json.dumps({"baseUrl": "https://api.clinic.example/", "shards": shards}))
    return about_shards("medplum.config.json", server)


def about_shards(name: str, server: str) -> list[tuple[str, str, str]]:
    version = parse_server_version(server, "--server-version") if server else None
    outcome = lint_paths([name], Options(Overrides(server=version)))
    assert outcome.errors == () and outcome.bugs == ()
    places = [(one.severity, one.rule, dotted(one.path or ())) for one in outcome.result.findings]
    return [one for one in places if one[2].startswith("shards")]


@pytest.mark.parametrize("server", [*UNCLEAR, *READ])
def test_a_correct_shard_is_silent(server: str) -> None:
    assert found({"east-1": SHARD, "west": {**SHARD, "readonlyDatabase": {"host": "copy"}}}, server) == []


@pytest.mark.parametrize("server", UNREAD)
def test_a_server_that_does_not_read_it_gets_one_finding(server: str) -> None:
    assert found({"east-1": {"isDefaultShard": 1, "databse": {}}}, server) == [("warning", "unknown-setting", "shards")]


@pytest.mark.parametrize("member", ["database.password", "database.ssl.key", "readonlyDatabase.password", "readonlyDatabase.ssl.key"])
@pytest.mark.parametrize("server", [*UNREAD, *UNCLEAR, *READ])
def test_a_secret_in_plain_text(member: str, server: str) -> None:
    connection, _, name = member.partition(".")
    held: Any = {"key": "hunter2hunter2"} if name == "ssl.key" else "hunter2hunter2"
    shard = {connection: {name.partition(".")[0]: held}}
    assert ("error", "plaintext-secret", f"shards.east-1.{member}") in found({"east-1": shard}, server)
    for command in ("check", "show"):
        assert "hunter2" not in CliRunner().invoke(cli, [command, "medplum.config.json"]).output


@pytest.mark.parametrize(
    ("shard", "severity", "rule", "setting"),
    [
        ("east", "warning", "wrong-type", "shards.a"),
        ({"database": []}, "warning", "wrong-type", "shards.a.database"),
        ({"database": {"host": 5}}, "warning", "wrong-type", "shards.a.database.host"),
        ({"database": {"port": "x"}}, "warning", "wrong-type", "shards.a.database.port"),
        ({"database": {"maxConnections": 0}}, "error", "number-out-of-range", "shards.a.database.maxConnections"),
        ({"readonlyDatabase": {"ssl": {"ca": "x"}}}, "error", "malformed-pem", "shards.a.readonlyDatabase.ssl.ca"),
        ({"database": {"runMigrations": "false"}}, "error", "misread-boolean", "shards.a.database.runMigrations"),
        ({"DatabaseSecrets": "clinic/shard"}, "error", "misplaced-setting", "shards.a.DatabaseSecrets"),
    ],
)
def test_what_does_not_fit(shard: Any, severity: str, rule: str, setting: str) -> None:
    by_server = {server: {one for one in found({"a": shard}, server) if one[1] == rule} for server in (*UNREAD, "5.1.39", "5.2.13")}
    assert by_server["5.2.13"] == {(severity, rule, setting)} and by_server["5.1.39"] == {("warning", rule, setting)}


@pytest.mark.parametrize(
    ("shard", "hint"),
    [
        ({"database": {"passwrod": 1}}, "shards.east-1.database.password"),
        ({"database": {"ssl": {"rejectUnauthorised": True}}}, "shards.east-1.database.ssl.rejectUnauthorized"),
        ({"databse": {"host": "x"}}, "shards.east-1.database"),
        ({"isDefaultShrad": True}, "shards.east-1.isDefaultShard"),
    ],
)
def test_a_misspelt_member(shard: Any, hint: str) -> None:
    found({"east-1": shard}, "")
    report = CliRunner().invoke(cli, ["medplum.config.json", "--format", "concise", "--select", "unknown-setting"]).output
    assert f"did you mean {hint}?" in report


def test_parameters() -> None:
    values = {
        "isDefaultShard": "yes",
        "database.port": "5432x",
        "database.maxConnections": "20",
        "database.password": "hunter2hunter2",
        "DatabaseSecrets": "not the name of a secret",
        "database.maxConections": "5",
    }
    entries = [{"Name": f"/medplum/prod/shards.east-1.{name}", "Type": "String", "Value": value} for name, value in values.items()]
    Path("ssm.json").write_text(json.dumps([{"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://a.clinic/"}, *entries]))
    assert sorted((rule, setting.removeprefix("shards.east-1.")) for _, rule, setting in about_shards("ssm.json", "5.2.13")) == [
        ("invalid-arn", "DatabaseSecrets"),
        ("misread-boolean", "isDefaultShard"),
        ("misread-number", "database.port"),
        ("unencrypted-parameter", "database.password"),
        ("unknown-setting", "database.maxConections"),
    ]


def test_each_member_is_as_that_of_the_connection_at_the_top() -> None:
    known = catalogue()
    for connection in ("database", "readonlyDatabase"):
        members = [path for path in known.current() if path[0] == connection and len(path) > 1]
        assert len(members) > 10
        for path in members:
            here, there = known.get(path), known.get(("shards", "any-1", *path))
            assert here is not None and there is not None
            assert here.ssm_coercion.at(MAIN) == there.ssm_coercion.at(MAIN)
            for field in ("types", "format", "min", "max", "secret"):
                assert getattr(here, field) == getattr(there, field), there.name
    assert known.get(("shards", "any-1", "database", "pass")) is None


def test_the_schema_closes_each_shard() -> None:
    shard = config_schema()["properties"]["shards"]["additionalProperties"]
    assert shard["properties"].keys() == {"isDefaultShard", "database", "readonlyDatabase"} and shard["additionalProperties"] is False
