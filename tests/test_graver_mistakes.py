"""A small mistake (blanks, quotes, a misspelt parent) keeps no graver one from being seen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.checkout import missing
from support.quick import part_and_all

from linter import settings
from linter.documents.inputs import Input
from linter.fixes.plan import fixed, left
from linter.model import Finding
from linter.run import Options, checks, lint_input, lint_paths


def findings(text: str, name: str = "compose.yml", kind: str | None = None) -> tuple[Finding, ...]:
    outcome = lint_input(Input(name, text.encode(), Path(name)), Options(kind=kind))
    assert outcome.bugs == ()
    return outcome.result.findings


def service(*lines: str) -> str:
    head = ["services:", "  server:", "    image: medplum/medplum-server:5.2.13", "    command: env", "    environment:"]
    return "\n".join([*head, *(f"      {line}" for line in lines), ""])


def about(setting: str, *lines: str) -> list[tuple[str, bool]]:
    """The rules that report a setting of a Compose file, each with whether it says that the server does not start."""
    found = [one for one in findings(service(*lines)) if ".".join(map(str, one.path or ())) == setting]
    return sorted((one.rule, one.says.stops) for one in found)


# --- A line break at the end of a variable ---------------------------------------------------------------------------------------------


def test_what_json_parse_does_at_the_end_of_a_text() -> None:
    if shutil.which("node") is None:
        missing("Node.js")
    script = (
        "for (const t of ['[]\\n', '{}\\r\\n', '{}\\\\n', '{a: 1}\\n']) { try { JSON.parse(t); console.log(1) } catch { console.log(0) } }"
    )
    result = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["1", "1", "0", "0"]


@pytest.mark.parametrize(
    ("variable", "text", "setting", "expected"),
    [
        ("DATABASE_SSL", '{"require": true}', "database.ssl", []),
        ("DATABASE_SSL", "{require: true}", "database.ssl", [("misread-object", True)]),
        ("DEFAULT_PROJECT_FEATURES", '["ai",]', "defaultProjectFeatures", [("misread-object", True)]),
        ("PORT", "8103", "port", []),
        ("PORT", "web", "port", [("misread-number", False)]),
        ("REGISTER_ENABLED", "true", "registerEnabled", [("misread-boolean", False)]),
        ("LOG_LEVEL", "INFO", "logLevel", [("mangled-variable", True)]),
        ("EMAIL_PROVIDER", "smtp", "emailProvider", [("mangled-variable", False)]),
        ("DATABASE_PASSWORD", "12345678", "database.password", [("mangled-variable", False), ("plaintext-secret", False)]),
        ("DATABASE_PASSWORD", "${PASSWORD}", "database.password", []),
    ],
)
def test_a_line_break_at_the_end(variable: str, text: str, setting: str, expected: list[Any]) -> None:
    assert about(setting, f"MEDPLUM_{variable}: |", f"  {text}") == expected


# --- Quotes and backslashes that became part of a value --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "setting", "expected"),
    [
        ('- MEDPLUM_BASE_URL="https://api.clinic.example/"', "baseUrl", [("mangled-variable", True)]),
        ('- MEDPLUM_APP_BASE_URL="https://app.clinic.example/"', "appBaseUrl", [("mangled-variable", False)]),
        ('- MEDPLUM_LOG_LEVEL="INFO"', "logLevel", [("mangled-variable", True)]),
        ("- MEDPLUM_DATABASE_SSL='{}'", "database.ssl", [("mangled-variable", True)]),
        ('- MEDPLUM_DATABASE_SSL="{}"', "database.ssl", [("mangled-variable", False)]),
        ('- MEDPLUM_DATABASE_PASSWORD="hunter2"', "database.password", [("mangled-variable", False), ("plaintext-secret", False)]),
        ('- MEDPLUM_DATABASE_PASSWORD="${PASSWORD}"', "database.password", [("mangled-variable", False)]),
        ('- MEDPLUM_DATABASE_PASSWORD=""', "database.password", [("mangled-variable", False)]),
        (
            '- \'MEDPLUM_SMTP={\\"host\\": \\"mail.clinic.example\\", \\"password\\": \\"hunter2\\"}\'',
            "smtp",
            [("mangled-variable", True), ("plaintext-secret", False)],
        ),
        ('- \'MEDPLUM_SMTP={\\"host\\": \\"mail.clinic.example\\"}\'', "smtp", [("mangled-variable", True)]),
    ],
)
def test_what_is_part_of_the_value(line: str, setting: str, expected: list[Any]) -> None:
    assert about(setting, line) == expected


# --- A misspelt parent -----------------------------------------------------------------------------------------------------------------


def hints(name: str, text: str, kind: str | None = None) -> list[str]:
    found = [one for one in findings(text, name, kind) if one.rule in ("misnamed-setting", "unknown-setting", "ignored-parameter")]
    return [message for one in found for message in (one.message, *(other.message for other in one.related))]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("databse.maxConnections", "database.maxConnections"),
        ("databse.maxConections", "database.maxConnections"),
        ("redsi.host", "redis.host"),
        ("databse.ssl.ca", "database.ssl.ca"),
        ("shards.east.databse.host", "shards.east.database.host"),
        ("acme.host", ""),
        ("database2x.host", ""),
    ],
)
def test_a_misspelt_parent_is_suggested_as_a_name_is(name: str, meant: str) -> None:
    dump = json.dumps({"Parameters": [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": "5"}]})
    vault = json.dumps({"baseUrl": "https://api.clinic.example/", name: "5"})
    for given in (("dump.json", dump), ("vault.json", vault, "server/azure")):
        [hint] = hints(*given)
        assert (f"did you mean {meant}?" in hint) if meant else ("did you mean" not in hint)
    [hint] = hints("medplum.config.json", json.dumps({"baseUrl": "https://api.clinic.example/", "database": {}, name: 5}))
    assert (f"write {meant} as an object" in hint) if meant else ("did you mean" not in hint)


WHOLE: dict[str, Any] = {
    "port": 8103,
    "baseUrl": "https://api.clinic.example/",
    "appBaseUrl": "https://app.clinic.example/",
    "binaryStorage": "file:./binary/",
    "storageBaseUrl": "https://api.clinic.example/storage/",
    "emailProvider": "smtp",
    "supportEmail": "help@clinic.example",
    "smtp": {"host": "mail.clinic.example", "port": "587", "user": "clinic", "password": "Kq8vZ2pLw9xR4tYb"},
    "database": {"host": "db.clinic.example", "prot": 5432, "user": "clinic", "ssl": {"rejectUnauthorized": "false"}},
    "readonlyDatabase": {"hostname": "db2.clinic.example"},
    "redis": {"hostname": "cache.clinic.example", "port": "6379"},
    "bullmq": {"concurency": 5, "removeOnFail": 0},
    "cacheRedis": {"hostname": "cache.clinic.example", "port": "6379"},
}
DUMPED = {
    "baseUrl": "https://api.clinic.example/",
    "database.host": "db.clinic.example",
    "database.port": "5432x",
    "database.password": "Kq8vZ2pLw9xR4tYb",
    "database.ssl.rejectUnauthorized": "no",
    "redis.host": "cache.clinic.example",
}
INFRA = {"apiDomainName": "api.clinic.example", "fargateAutoScaling": {"minCapacity": "2", "maxCapcity": 5}}
OF_DATABASE = [name for name in DUMPED if name.startswith("database.")]


def places(text: str, kind: str) -> set[tuple[str, str, str, int]]:
    """The rule, the severity, the setting and the place of each finding, also of those that are put together."""
    found = findings(text, "x.json", kind)
    every = [(one, one.path or (), one.span.start) for one in found]
    every += [(one, other.path, other.span.start) for one in found for other in one.related]
    return {(one.rule, one.severity, ".".join(map(str, path)), start) for one, path, start in every}


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "rule", "severity", "settings"),
    [
        ("server/json", "database", "databsae", "misnamed-setting", "error", ["database"]),
        ("server/json", "redis", "redsi", "misnamed-setting", "error", ["redis"]),
        ("server/json", "smtp", "smpt", "misnamed-setting", "error", ["smtp"]),
        ("server/json", "ssl", "sls", "misnamed-setting", "error", ["database.ssl"]),
        ("server/json", "bullmq", "bulmlq", "misnamed-setting", "warning", ["bullmq"]),
        ("server/json", "readonlyDatabase", "readonlyDatabsae", "misnamed-setting", "warning", ["readonlyDatabase"]),
        ("server/json", "cacheRedis", "cacheRedsi", "misnamed-setting", "warning", ["cacheRedis"]),
        ("server/ssm", "database", "databsae", "misnamed-setting", "error", OF_DATABASE),
        ("server/ssm", "redis", "redsi", "misnamed-setting", "error", ["redis.host"]),
        ("server/ssm", "ssl", "sls", "misnamed-setting", "error", ["database.ssl.rejectUnauthorized"]),
        ("infra/json", "fargateAutoScaling", "fargateAutoSacling", "unknown-setting", "warning", ["fargateAutoScaling"]),
    ],
)
def test_a_misspelt_object_is_reported_where_it_is_and_its_members_as_under_the_right_name(
    kind: str, right: str, wrong: str, rule: str, severity: str, settings: list[str]
) -> None:
    parameters = [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in DUMPED.items()]
    text = json.dumps({"server/json": WHOLE, "infra/json": INFRA}.get(kind, {"Parameters": parameters}))
    misspelt = re.sub(rf'(?<=["/.]){right}(?=":|[.])', wrong, text)  # as long as the right name, so that no place moves
    as_right = {  # a parameter that is missing has its right name
        (*one, path if kind == "server/ssm" and not start else re.sub(rf"\b{right}\b", wrong, path), start)
        for *one, path, start in places(text, kind)
    }
    found = places(misspelt, kind)
    assert as_right - found == set()
    assert sorted(one[:3] for one in found - as_right) == [(rule, severity, name.replace(right, wrong)) for name in sorted(settings)]
    assert all(re.match(rf'"[\w./]*{wrong}', misspelt[start:]) for *_, start in found - as_right)


def test_the_edits_for_a_misspelt_object_and_its_members(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    path.write_text('{"databse": {"host": "postgres", "user": "a", "sll": {"rejectUnauthorized": "false"}}, "smpt": {"host": "mail"}}')
    made = fixed(checks([str(path)], Options(kind="server/json")), unsafe=True)
    [file] = made.files
    assert made.bugs == made.refused == ()
    assert (
        file.after == b'{"database": {"host": "postgres", "username": "a", "ssl": {"rejectUnauthorized": false}}, "smtp": {"host": "mail"}}'
    )


def test_a_diff_still_reports_the_members_of_an_object_that_it_renames(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    path.write_text('{"baseUrl": "https://api.clinic.example/", "Database": {"host": "postgres", "user": "a"}}')
    result = left(fixed(checks([str(path)], Options(kind="server/json")), unsafe=False)).result
    assert [(one.rule, one.path, one.span.start) for one in result.findings if one.path and one.path[0] == "Database"] == [
        ("misnamed-setting", ("Database", "user"), 76)
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"database": {"host": "postgres"}, "databse": {"host": "postgres", "port": "x"}},  # the right name is there too
        {"db": {"host": "postgres", "port": "x"}},  # not near
        {"databse": "postgres"},  # no object
    ],
)
def test_an_object_of_which_it_is_not_clear_what_is_meant(data: Any) -> None:
    found = findings(json.dumps({"baseUrl": "https://api.clinic.example/", **data}), "x.json", "server/json")
    assert [one.rule for one in found if one.path and one.path[0] in ("db", "databse")] == ["unknown-setting"]
    assert any(one.rule == "missing-setting" and "database" in one.message for one in found) == ("database" not in data)


def test_a_missing_parameter_has_its_right_name_beside_a_misspelt_one() -> None:
    given = {"baseUrl": "https://api.clinic.example/", "DatabaseSecrets": "medplum/prod/database", "databse.port": "5432"}
    parameters = [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in given.items()]
    found = findings(json.dumps({"Parameters": parameters}), "dump.json", "server/ssm")
    [missing_tls] = (one for one in found if one.rule == "unencrypted-database")
    assert (missing_tls.message.split(":")[0], missing_tls.path) == ("database.ssl is missing", ("database", "ssl"))


def test_a_misspelt_object_in_one_of_several_sources(tmp_path: Path) -> None:
    (tmp_path / "medplum.config.json").write_text('{"databse": {"host": "postgres", "port": "54x2"}}')
    (tmp_path / ".env").write_text("MEDPLUM_REDIS_HOST=redis\nMEDPLUM_PORT=web\n")
    files = [str(tmp_path / "medplum.config.json"), str(tmp_path / ".env")]
    outcome = lint_paths(files, Options(start="file:medplum.config.json,env"))
    found = {(one.rule, Path(one.document.uri).name, ".".join(map(str, one.path or ()))) for one in outcome.result.findings}
    assert {one for one in found if one[0] in ("misnamed-setting", "misread-number", "wrong-type")} == {
        ("misnamed-setting", "medplum.config.json", "databse"),
        ("wrong-type", "medplum.config.json", "databse.port"),
        ("misread-number", ".env", "port"),
    }
    assert not any(one.rule == "missing-setting" and "database" in one.message for one in outcome.result.findings)


@pytest.mark.parametrize(("name", "meant"), [("redsi/host", "redis.host"), ("database/hostt", "database.host"), ("acme/host", "")])
def test_a_misspelt_parent_of_a_nested_name(name: str, meant: str) -> None:
    dump = json.dumps({"Parameters": [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": "db.clinic.example"}]})
    [found] = [one for one in findings(dump, "dump.json") if one.rule == "ignored-parameter"]
    assert (found.fix.description if found.fix is not None else "") == (f"rename {name} to {meant}" if meant else "")


# --- null ------------------------------------------------------------------------------------------------------------------------------

CLEAN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures" / "clean-production-providers" / "input.template.json").read_text(encoding="utf-8")
)
HELD_BY_NULL = {"bullmq.concurrency", "misnamed-setting", "unknown-setting", "ignored-setting"}
"""A setting at which null stops the server, and rules about names, which nothing reads whatever they hold."""


def with_null(name: str, *, given: bool) -> dict[str, Any] | None:
    """The clean configuration with a setting that is null, or absent; None if its parent is not an object."""
    data: dict[str, Any] = json.loads(json.dumps(CLEAN))
    *above, last = name.split(".")
    holder: Any = data
    for step in above:
        holder = holder.setdefault(step, {}) if isinstance(holder, dict) else None
    if not isinstance(holder, dict):
        return None
    holder.pop(last, None)
    holder.update({last: None} if given else {})
    return data


@cache
def found_in(text: str) -> set[tuple[str, str]]:
    found = findings(text, "medplum.config.json", "server/json")
    names = {(one.rule, ".".join(map(str, path))) for one in found for path in (one.path or (), *(other.path for other in one.related))}
    return {(rule, name) for rule, name in names if rule not in HELD_BY_NULL and name not in HELD_BY_NULL}


@pytest.mark.parametrize("part", part_and_all(12))
def test_null_is_the_same_as_absent_to_the_server(part: slice) -> None:
    names = [name for name in settings.catalogue("server").names() if "*" not in name]
    for name in names[part]:
        null, absent = with_null(name, given=True), with_null(name, given=False)
        if null is not None and absent is not None and not name.endswith(".hostname"):
            assert found_in(json.dumps(null)) == found_in(json.dumps(absent)), name


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ({"baseUrl": None}, "missing-setting"),
        ({"database": None}, "missing-setting"),
        ({"defaultSuperAdminPassword": None}, "default-super-admin-password"),
    ],
)
def test_null_hides_nothing(data: dict[str, Any], rule: str) -> None:
    found = findings(json.dumps(CLEAN | data), "medplum.config.json", "server/json")
    [one] = [one for one in found if one.rule == rule]
    [name] = data
    assert one.path == (name,)
    start, end = one.span
    assert one.document.text.content[start:end] == "null"


def test_a_misspelt_section_of_the_chart() -> None:
    text = (Path(__file__).parent / "fixtures" / "helm-mistakes" / "input.yaml").read_text(encoding="utf-8")
    changed = text.replace("  database:", "  databse:", 1).replace("  redis:", "  acme:", 1)
    assert changed != text
    messages = [one.message for one in findings(changed, "values.yaml") if one.rule == "unknown-chart-value"]
    assert "config.databse is not a value of the Medplum chart, so no template reads it; use config.database" in messages
    assert not any("acme" in message for message in messages)
