"""Values of Secrets Manager: what is recognised, what is found in them and where, and that nothing of them is ever shown."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.reporters import json as json_report
from linter.reporters import sarif, text
from linter.run import Options, Outcome, lint_input, lint_paths, load_documents
from linter.sources.secrets_manager import DATABASE, REDIS, environment_of

POSTGRES = {"host": "db.example.com", "port": 5432, "dbname": "medplum", "username": "clusteradmin", "password": "hunter2"}
CACHE: dict[str, Any] = {"host": "redis.example.com", "port": "6379", "password": "hunter2", "tls": {}}
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"


def lint(content: Any, name: str = "secret.json", *, kind: str | None = None) -> Outcome:
    written = content if isinstance(content, str) else json.dumps(content)
    outcome = lint_input(Input(name, written.encode(), Path(name)), Options(EVERY_RULE, kind))
    assert outcome.bugs == () and outcome.errors == ()
    return outcome


def kinds(outcome: Outcome) -> list[str | None]:
    return [file.kind for file in outcome.result.files]


def found(outcome: Outcome) -> list[str]:
    """Each finding as its rule and the outer text at its place."""
    return [f"{one.rule} {one.document.text.content[one.span.start : one.span.end]}" for one in outcome.result.findings]


def printed(secret: Any, name: str = "medplum/prod/database") -> dict[str, Any]:
    """What ``get-secret-value`` prints."""
    written = secret if isinstance(secret, str) else json.dumps(secret)
    return {"ARN": f"{ARN}{name}-AbCdEf", "Name": name, "VersionId": "1", "SecretString": written, "VersionStages": ["AWSCURRENT"]}


RECOGNISED = [
    (POSTGRES, [DATABASE]),
    (CACHE, [REDIS]),
    ({**CACHE, "username": "app"}, [REDIS]),
    ({"host": "x.cache.amazonaws.com", "password": "hunter2"}, [REDIS]),
    (printed(POSTGRES, "anything"), [DATABASE]),
    (printed({"username": "postgres", "password": "hunter2"}, "rds!cluster-0f1e"), [DATABASE]),
    (printed({"host": "h", "password": "hunter2"}, "BackEndRedisSecrets-0f1e"), [REDIS]),
    ({"SecretValues": [printed(CACHE, "r"), printed(POSTGRES, "d")], "Errors": []}, [DATABASE, REDIS]),
    ([printed(POSTGRES)], [DATABASE]),
    (json.dumps(json.dumps(POSTGRES)), [DATABASE]),
    (printed("hunter2", "medplum/prod/redis"), [REDIS]),
]


def test_what_is_recognised() -> None:
    assert [(content, sorted(kinds(lint(content)), key=str)) for content, _ in RECOGNISED] == RECOGNISED


@pytest.mark.parametrize(
    "content",
    [
        printed("hunter2", "payroll/api"),
        printed({"apiKey": "hunter2"}, "medplum/prod/database-api"),
        printed({"password": "hunter2"}, "BackEndRedisPassword-0f1e"),
    ],
)
def test_secrets_of_other_programs_are_left_alone(content: Any) -> None:
    outcome = lint(content)
    assert [(file.status, file.note) for file in outcome.result.files] == [
        ("ignored", "a value of Secrets Manager without the connection of a Medplum server")
    ]


def test_other_files_are_not_secrets() -> None:
    assert kinds(lint({"apiVersion": "v1", "kind": "Secret", "data": {"password": "aHVudGVyMg=="}})) == [None]
    assert kinds(lint({"database": POSTGRES, "redis": CACHE, "baseUrl": "https://api.example.com/"}, "medplum.config.json")) == [
        "server/json"
    ]


def test_a_clean_secret_is_clean() -> None:
    for content in (POSTGRES, CACHE, printed(POSTGRES), printed({**POSTGRES, "engine": "postgres", "queryTimeout": 60000})):
        assert found(lint(content)) == []
    assert found(lint({**POSTGRES, "port": "5432", "masterarn": ARN, "ssl": {"require": True}})) == []
    assert found(lint({**CACHE, "unused": "hunter2", "family": 6, "connectTimeout": 1000})) == []


def test_places_point_into_the_text() -> None:
    wrong = printed({**POSTGRES, "queryTimeout": 0, "engine": "mysql"})
    assert found(lint(wrong)) == ["unlimited-query-time 0", r"wrong-database-engine \"mysql\""]
    assert found(lint(json.dumps(wrong, indent=4))) == found(lint(wrong))


def test_yaml_as_the_cli_prints_it() -> None:
    wrong = json.dumps({**POSTGRES, "queryTimeout": 0})
    outcome = lint(f"ARN: {ARN}medplum/prod/database-AbCdEf\nName: medplum/prod/database\nSecretString: '{wrong}'\n", "secret.yaml")
    assert kinds(outcome) == [DATABASE]
    assert found(outcome) == ["unlimited-query-time 0"]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"queryTimeout": 0}, ["unlimited-query-time"]),
        ({"queryTimeout": 60_000}, []),
        ({"queryTimeout": 120_000}, ["long-request-timeout"]),
        ({"queryTimeout": 600_000}, ["inadvisable-number"]),
        ({"queryTimeout": "60s"}, ["inexact-value"]),
        ({"queryTimeout": "60 sec"}, ["wrong-type"]),
        ({"queryTimeout": -1}, ["number-out-of-range"]),
        ({"host": "postgres://db"}, ["invalid-hostname"]),
        ({"port": 0}, ["number-out-of-range"]),
        ({"port": "many"}, ["wrong-type"]),
        ({"port": None}, ["missing-setting"]),
        ({"host": ""}, ["incomplete-connection-secret"]),
        ({"dbname": None, "database": "medplum"}, ["incomplete-connection-secret", "unknown-setting"]),
        ({"password": "CHANGEME"}, ["unfilled-placeholder"]),
        ({"engine": "Aurora-PostgreSQL"}, []),
        ({"engine": "mariadb"}, ["wrong-database-engine"]),
    ],
)
def test_a_wrong_value_of_the_database(change: dict[str, Any], rules: list[str]) -> None:
    assert [one.rule for one in lint({**POSTGRES, **change}, kind=DATABASE).result.findings] == rules


def without(secret: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in secret.items() if name not in names}


@pytest.mark.parametrize(
    ("missing", "rules"),
    [
        (["host"], ["incomplete-connection-secret"]),
        (["dbname"], ["incomplete-connection-secret"]),
        (["username"], ["incomplete-connection-secret"]),
        (["password"], ["incomplete-connection-secret"]),
        (["port"], ["missing-setting"]),
        (["host", "port", "dbname"], ["incomplete-connection-secret"]),
    ],
)
def test_a_missing_member_of_the_database(missing: list[str], rules: list[str]) -> None:
    assert [one.rule for one in lint(without(POSTGRES, *missing), kind=DATABASE).result.findings] == rules


@pytest.mark.parametrize(
    ("secret", "rules"),
    [
        (without(CACHE, "host"), ["incomplete-connection-secret"]),
        (without(CACHE, "port", "tls"), []),
        ({**without(CACHE, "tls"), "host": "master.x.use1.cache.amazonaws.com"}, ["unencrypted-redis"]),
        ({**CACHE, "tls": "false"}, ["misread-boolean"]),
        ({**CACHE, "tls": True}, []),
        ({**CACHE, "port": 6379}, []),
        ({**CACHE, "port": "6379 "}, ["wrong-type"]),
        ({**CACHE, "host": "redis.example.com:6379"}, ["invalid-hostname"]),
    ],
)
def test_the_secret_of_redis(secret: dict[str, Any], rules: list[str]) -> None:
    assert [one.rule for one in lint(secret, kind=REDIS).result.findings] == rules


@pytest.mark.parametrize(
    ("label", "environment"),
    [
        ("medplum/prod/redis", "prod"),
        ("/medplum/eu-prod.1/database", "eu-prod.1"),
        (f"{ARN}medplum/prod/redis-AbCdEf", "prod"),
        ("prod/medplum-database", "prod"),
        (f"{ARN}staging/db-AbCdEf", "staging"),
        ("medplum/redis", None),
        ("reproduction/db", None),
        ("", None),
    ],
)
def test_the_environment_is_read_from_the_name(label: str, environment: str | None) -> None:
    assert environment_of(label) == environment


@pytest.mark.parametrize(
    "content",
    [
        printed({**POSTGRES, "passwort": "hunter2", "ssl": {"key": "hunter2", "ca": "x"}, "queryTimeout": 0}),
        printed({**CACHE, "tls": "hunter2"}, "medplum/prod/redis"),
        printed("hunter2", "medplum/prod/redis"),
        printed('{"host": "db.example.com", "password": "hunter2" "dbname": "medplum"}'),
        printed('{"password": hunter2, "dbname": "medplum"'),
        printed('{"host": "db, "password": "hunter2", "dbname": "medplum"}'),
        printed('"hunter2"', "medplum/prod/redis"),
        json.dumps(printed({"username": "postgres", "password": "hunter2"})).replace(', "VersionStages"', ' "VersionStages"'),
        json.dumps(printed({**POSTGRES, "queryTimeout": 0}), indent=2) + "}",
        {**POSTGRES, "passwd": "hunter2", "queryTimeout": 0},
    ],
)
def test_no_output_holds_a_secret(content: Any) -> None:
    outcome = lint(content, kind=None)
    assert outcome.result.findings
    for report in (json_report, sarif, text):
        stream = io.StringIO()
        report.report(outcome.result, stream)
        assert "hunter2" not in stream.getvalue()
    assert not any("hunter2" in one.message for one in outcome.result.findings)


def test_a_broken_secret_is_reported_with_its_consequence() -> None:
    (finding,) = lint(printed(json.dumps(POSTGRES)[:-1] + ",}")).result.findings
    assert finding.rule == "invalid-json"
    assert "the server reads the secret with JSON.parse" in finding.message
    (finding,) = lint(printed("[1]", "medplum/prod/redis")).result.findings
    assert finding.rule == "invalid-json"


NOTHING = {DATABASE: "incomplete-connection-secret host dbname username password", REDIS: "incomplete-connection-secret host"}
NO_OBJECT = {DATABASE: "invalid-json stops", REDIS: "invalid-json"}
PARAMETERS = {DATABASE: "DatabaseSecrets", REDIS: "CacheRedisSecrets"}
TASK = {"containerDefinitions": [{"name": "api", "image": "medplum/medplum-server:5.1.20", "command": ["aws:us-east-1:/medplum/prod/"]}]}


def in_secret(outcome: Outcome) -> list[str]:
    """What is found in the secret: the rule, the settings, and whether the server stops at what is no object."""
    found = [one for one in outcome.result.findings if one.document.uri == "secret.json"]
    assert all(one.severity == "error" and "hunter2" not in one.message for one in found)
    settings = {one.rule: [".".join(map(str, path)) for path in (one.path, *(more.path for more in one.related)) if path] for one in found}
    return [
        " ".join([one.rule, *settings[one.rule], *(["stops"] if one.rule == "invalid-json" and one.says.stops else [])]) for one in found
    ]


@pytest.mark.parametrize("kind", [DATABASE, REDIS])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{}", NOTHING),
        ("null", NOTHING),
        ("[]", NOTHING),
        ('""', NOTHING),
        ("false", NOTHING),
        ('"hunter2"', NO_OBJECT),
        ("5", NO_OBJECT),
        ("[1]", NO_OBJECT),
    ],
)
def test_a_secret_without_a_connection(
    text: str, wanted: dict[str, str], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, and by the parameter that names it; ``show`` says the same of what stops the server."""
    monkeypatch.chdir(tmp_path)
    name, other = f"medplum/prod/{kind.rpartition('/')[2]}", "prod-0f1e"
    Path("secret.json").write_text(json.dumps(printed(text, name)), encoding="utf-8")
    assert in_secret(lint_paths(["secret.json"], Options())) == [wanted[kind]]
    Path("task.json").write_text(json.dumps(TASK), encoding="utf-8")
    for called in (name, other):
        Path("secret.json").write_text(json.dumps(printed(text, called)), encoding="utf-8")
        for value in (called, f"{ARN}{called}", f"{ARN}{called}-AbCdEf"):
            parameters = {"baseUrl": "https://api.example.com/", PARAMETERS[kind]: value}
            named = [{"Name": f"/medplum/prod/{key}", "Value": given} for key, given in parameters.items()]
            Path("ssm.json").write_text(json.dumps({"Parameters": named}), encoding="utf-8")
            for files in (["ssm.json", "secret.json"], ["secret.json", "task.json", "ssm.json"]):
                assert in_secret(lint_paths(files, Options())) == [wanted[kind]]
    errors = load_documents(["secret.json", "ssm.json"], None).errors
    assert ["the server stops" in error for error in errors] == ([wanted[kind].endswith("stops")] if wanted is NO_OBJECT else [])


def test_parameters_beside_a_secret_without_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the server null is an object without members, which parameters may add."""
    monkeypatch.chdir(tmp_path)
    Path("secret.json").write_text(json.dumps(printed("null", "prod-0f1e")), encoding="utf-8")
    members = {"host": "db.example.com", "dbname": "medplum", "username": "medplum", "password": "hunter2"}
    parameters = {"DatabaseSecrets": "prod-0f1e", **{f"database.{name}": value for name, value in members.items()}}
    Path("ssm.json").write_text(json.dumps({f"/medplum/prod/{name}": value for name, value in parameters.items()}), encoding="utf-8")
    assert in_secret(lint_paths(["ssm.json", "secret.json"], Options())) == []


def test_a_login_that_a_parameter_names_lacks_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the CDK calls RedisPassword is another program's secret until a parameter names it."""
    monkeypatch.chdir(tmp_path)
    Path("secret.json").write_text(json.dumps(printed({"password": "hunter2"}, "BackEndRedisPassword-0f1e")), encoding="utf-8")
    Path("ssm.json").write_text(json.dumps({"/medplum/prod/RedisSecrets": "BackEndRedisPassword-0f1e"}), encoding="utf-8")
    assert in_secret(lint_paths(["ssm.json", "secret.json"], Options())) == ["incomplete-connection-secret host"]


def test_the_line_that_is_shown_is_the_secrets_own() -> None:
    (finding,) = lint("\n\n" + json.dumps(printed({**POSTGRES, "queryTimeout": 0}))).result.findings
    shown = finding.document.origin.excerpt(finding.path, finding.span)
    assert shown.line == 3
    assert shown.text[shown.start : shown.end] == "0"
    assert '"password": "••••••"' in shown.text
