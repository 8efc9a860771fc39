"""``medplum-lint upgrade``: what it says of each kind of change, what it leaves out, and that what it knows is well formed.

The golden files of ``tests/golden/upgrade`` were held against the server's source line by line; ``evidence`` in
``linter/upgrade/notes.yaml`` names the files and commits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support.canaries import Planted, planted_files, printed
from support.checkout import ROOT
from support.helpers import GOLDEN, compare_with

from linter import settings
from linter.cli import cli
from linter.commands import upgrade as planned
from linter.documents.inputs import Input
from linter.model import Document, dotted
from linter.release import NEWEST, OLDEST, Release, ServerVersion
from linter.run import load_documents
from linter.settings.releases import KNOWN, RELEASES
from linter.upgrade.notes import FILE, Notes, read_notes
from linter.upgrade.plan import Plan

DATA = ROOT / "tests" / "data" / "upgrade"
AGE = f"medplum-lint: note: knows the {KNOWN}\n"
PLAIN = {
    "port": 8103,
    "baseUrl": "https://api.hospital.example/",
    "binaryStorage": "s3:example-storage",
    "storageBaseUrl": "https://storage.hospital.example/binary/",
    "database": {"host": "db.hospital.example"},
    "redis": {"host": "cache.hospital.example"},
}


def upgrade(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["upgrade", *arguments], input=given)


def found(folder: Path, oldest: str, newest: str, name: str = "medplum.config.json", **data: Any) -> list[dict[str, Any]]:
    """The changes for a plain configuration with some more settings, or for a text of another kind."""
    path = folder / name
    path.write_text(data["text"] if "text" in data else json.dumps({**PLAIN, **data}), encoding="utf-8")
    result = upgrade("--from", oldest, "--to", newest, "--format", "json", str(path))
    assert result.exit_code in (0, 1), result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)["changes"]
    assert result.exit_code == any(row["needs_hand"] for row in rows)
    return rows


def about(rows: list[dict[str, Any]], setting: str) -> list[tuple[Any, ...]]:
    """Release, kind and values of the changes that are about a setting."""
    return [(row["release"], row["kind"], row["before"], row["after"]) for row in rows if row["setting"] == setting]


# --- Whole configurations ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["medplum.config.json", "parameters.json", "compose.yaml"])
def test_a_configuration_of_4_1_goes_to_the_newest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    result = upgrade("--from", "4.1.5", name)
    assert result.exit_code == 1
    compare_with(GOLDEN / "upgrade" / f"{name}.text", result.stdout)


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_the_other_formats_say_the_same(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    result = upgrade("--from", "4.1.5", "--format", form, "compose.yaml")
    assert result.exit_code == 1
    compare_with(GOLDEN / "upgrade" / f"compose.yaml.{form}", result.stdout)


def test_the_files_of_one_server_are_one_configuration(tmp_path: Path) -> None:
    """What the variables give, the file need not."""
    variables = tmp_path / "server.env"
    variables.write_text("MEDPLUM_MAX_SEARCH_OFFSET=20000\nMEDPLUM_DATABASE_HOST=db\nMEDPLUM_REDIS_HOST=cache\n", encoding="utf-8")
    assert about(found(tmp_path, "4.3.14", "4.3.15"), "maxSearchOffset") == [("4.3.15", "default", None, 10000)]
    arguments = ("--from", "4.3.14", "--to", "4.3.15", "--format", "json")
    result = upgrade(*arguments, str(tmp_path / "medplum.config.json"), str(variables))
    assert about(json.loads(result.stdout)["changes"], "maxSearchOffset") == []


# --- Nothing to do ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize(("oldest", "newest"), [("5.1.19", "5.1.20"), ("5.1.20", "5.1.21"), ("5.1.23", "5.1.23"), ("4.3.5", "4.3.6")])
def test_nothing_to_do_is_one_line(form: str, oldest: str, newest: str, tmp_path: Path) -> None:
    assert found(tmp_path, oldest, newest) == []
    result = upgrade("--from", oldest, "--to", newest, "--format", form, str(tmp_path / "medplum.config.json"))
    assert (result.exit_code, result.stdout) == (0, f"From {oldest} to {newest} nothing changes for this configuration.\n")


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "fixtures").glob("clean-production-*/input*")), ids=lambda path: path.parent.name)
def test_a_clean_configuration_goes_to_the_next_patch_without_a_hand(path: Path) -> None:
    result = upgrade("--from", "5.1.20", "--to", "5.1.21", str(path))
    is_part = path.parent.name.endswith(("-helm", "-systemd"))  # which can get more from elsewhere
    what = "in these files. Only these" if is_part else "for this configuration.\n"
    assert result.exit_code == 0 and result.stdout.startswith(f"From 5.1.20 to 5.1.21 nothing changes {what}")


def test_a_default_that_only_has_to_be_known_needs_no_hand(tmp_path: Path) -> None:
    [row] = found(tmp_path, "5.1.21", "5.1.22")
    assert (row["setting"], row["before"], row["after"], row["needs_hand"]) == ("database.maxConnections", 100, 50, False)


# --- Each kind of change ----------------------------------------------------------------------------------------------------------------


def test_a_removed_setting(tmp_path: Path) -> None:
    rows = found(tmp_path, "4.5.2", "5.0.0", auditEventLogGroup="audit")
    assert about(rows, "auditEventLogGroup") == [("5.0.0", "removed", "audit", None)]
    [row] = [row for row in rows if row["setting"] == "auditEventLogGroup"]
    assert row["range"] == {"start": {"line": 1, "column": 273}, "end": {"line": 1, "column": 280}}


def test_a_new_setting(tmp_path: Path) -> None:
    assert about(found(tmp_path, "5.1.21", "5.1.22", rateLimitsEnabled=False), "rateLimitsEnabled") == [("5.1.22", "added", None, False)]


def test_a_new_section_is_one_change(tmp_path: Path) -> None:
    rows = found(tmp_path, "5.1.13", "5.1.14", dataWarehouse={"enabled": False, "cron": "0 0 * * *"})
    assert [row["setting"] for row in rows if row["kind"] == "added"] == ["dataWarehouse"]


def test_a_variable_that_reaches_its_setting(tmp_path: Path) -> None:
    text = "MEDPLUM_BASE_URL=https://api.hospital.example/\nMEDPLUM_DATABASE_HOST=db\nMEDPLUM_DATABASE_SSL_REQUIRE=true\n"
    rows = found(tmp_path, "5.1.13", "5.1.14", "server.env", text=text)
    assert about(rows, "database.ssl.require") == [("5.1.14", "added", None, True)]
    assert "MEDPLUM_DATABASE_SSL_REQUIRE begins to take effect in 5.1.14" in next(row["message"] for row in rows if row["kind"] == "added")


def parameters(**texts: str) -> str:
    return json.dumps({"Parameters": [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in texts.items()]})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("heartbeatMilliseconds", "10s", [("4.3.5", "read-differently", "10s", 10)]),
        ("heartbeatMilliseconds", "fast", [("4.3.5", "read-differently", "fast", "NaN")]),
        ("heartbeatMilliseconds", "10000", []),
        ("autoDownloadEnabled", "true", []),
        ("defaultProjectFeatures", '["email"]', [("5.1.12", "read-differently", '["email"]', ["email"])]),
        ("defaultProjectFeatures", "email,bots", [("5.1.12", "read-differently", None, None)]),
    ],
)
def test_a_value_that_is_read_differently(name: str, text: str, expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    given = parameters(baseUrl="https://api.hospital.example/", **{name: text})
    assert about(found(tmp_path, "4.3.4", "5.1.23", "dump.json", text=given), name) == expected


def test_a_text_that_stops_the_server(tmp_path: Path) -> None:
    given = parameters(baseUrl="https://api.hospital.example/", externalAuthProviders="none")
    [row] = [row for row in found(tmp_path, "5.1.8", "5.1.9", "dump.json", text=given) if row["setting"] == "externalAuthProviders"]
    assert "the server fails to parse this value and does not start" in row["message"]


@pytest.mark.parametrize(
    ("oldest", "newest", "more", "expected"),
    [
        ("5.1.21", "5.1.22", {}, [("5.1.22", "default", 100, 50)]),
        ("3.1.0", "5.1.23", {}, [("5.1.22", "default", 10, 50)]),
        ("3.1.5", "5.1.23", {}, []),
        ("5.1.21", "5.1.22", {"database": {"host": "db", "maxConnections": 80}}, []),
    ],
)
def test_connections(oldest: str, newest: str, more: dict[str, Any], expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """50, 100 and 50 again: what counts is what the server has before and after."""
    rows = found(tmp_path, oldest, newest, **more)
    assert about(rows, "database.maxConnections") == expected
    assert about(rows, "readonlyDatabase.maxConnections") == []


def test_the_reader_counts_where_there_is_one(tmp_path: Path) -> None:
    rows = found(tmp_path, "5.1.21", "5.1.22", readonlyDatabase={"host": "reader"})
    assert about(rows, "readonlyDatabase.maxConnections") == [("5.1.22", "default", 100, 50)]


def test_a_part_of_a_configuration_lacks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "part.json"
    path.write_text('{"baseUrl": "https://api.hospital.example/", "maxBatchSize": "50mb"}', encoding="utf-8")
    result = upgrade("--from", "4.3.14", "--to", "4.3.15", str(path))
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "From 4.3.14 to 4.3.15 nothing changes in these files. Only these files were checked, and they are not a whole"
    )


VARIABLES = {"MEDPLUM_BASE_URL": "https://api.clinic.example/", "MEDPLUM_DATABASE_HOST": "db", "MEDPLUM_REDIS_HOST": "cache"}
DOTENV = "".join(f"{name}={text}\n" for name, text in VARIABLES.items())
IMAGE = "medplum/medplum-server:4.3.4"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "medplum"}, "data": VARIABLES}
POD = {"containers": [{"name": "server", "image": IMAGE, "args": ["env"], "envFrom": [{"configMapRef": {"name": "medplum"}}]}]}
KUBERNETES = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "medplum"}, "spec": {"template": {"spec": POD}}}
TASK = {"name": "server", "image": IMAGE, "environment": [{"name": name, "value": text} for name, text in VARIABLES.items()]}


@pytest.mark.parametrize(
    "files",
    [
        {".env": DOTENV},
        {".env": DOTENV, "compose.yaml": yaml.safe_dump({"services": {"server": {"image": IMAGE, "env_file": ".env"}}})},
        {"medplum.yaml": yaml.safe_dump_all([CONFIG_MAP, KUBERNETES])},
        {"task-definition.json": json.dumps({"family": "medplum", "containerDefinitions": [TASK]})},
        {"a.env": "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_REDIS_HOST=cache\n", "b.env": "MEDPLUM_DATABASE_HOST=db\n"},
    ],
    ids=[".env", "Compose", "Kubernetes", "ECS", "two parts"],
)
def test_what_gives_address_and_database_is_whole(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in files]
    result = upgrade("--from", "4.3.4", "--format", "json", *paths)
    report = json.loads(result.stdout)
    told = {row["setting"] for row in report["changes"] if row["kind"] == "default"}
    limits = {"base64BinaryMaxBytes", "defaultLoginRateLimit", "defaultMaxUserWebSocketSubscriptions", "allowUnsafeOutbound"}
    assert report["whole"] and told >= {"database.maxConnections", *limits}


def test_a_part_beside_a_whole_gives_what_that_lacks(tmp_path: Path) -> None:
    (tmp_path / "medplum.env").write_text(DOTENV, encoding="utf-8")
    (tmp_path / "more.env").write_text("MEDPLUM_DATABASE_MAX_CONNECTIONS=80\n", encoding="utf-8")
    result = upgrade("--from", "5.1.21", "--to", "5.1.22", "--format", "json", str(tmp_path / "medplum.env"), str(tmp_path / "more.env"))
    assert (result.exit_code, json.loads(result.stdout)["changes"]) == (0, [])


def test_a_file_that_only_mounts_the_configuration_is_a_part(tmp_path: Path) -> None:
    server = {"image": "medplum/medplum-server:5.1.20", "volumes": ["./medplum.config.json:/usr/src/medplum/medplum.config.json"]}
    path = tmp_path / "compose.yaml"
    path.write_text(yaml.safe_dump({"services": {"server": server}}), encoding="utf-8")
    for form in ("text", "markdown"):
        result = upgrade("--to", "5.1.23", "--format", form, str(path))
        assert result.exit_code == 0 and "Only these files were checked" in result.stdout and "this configuration." not in result.stdout
    assert json.loads(upgrade("--format", "json", str(path)).stdout)["whole"] is False


def steps(rows: list[dict[str, Any]]) -> list[str]:
    return [row["release"] for row in rows if row["kind"] == "step"]


@pytest.mark.parametrize(
    ("oldest", "newest", "expected"),
    [
        ("3.0.0", "5.1.23", ["3.3.0", "4.0.4", "4.1.12", "4.2.6", "4.3.15", "4.4.3", "4.5.2", "5.0.15"]),
        ("4.3.5", "4.3.15", []),
        ("4.3.5", "4.4.0", ["4.3.15"]),
        ("4.3.15", "4.4.3", ["4.3.15"]),
        ("4.4.3", "4.5.2", []),
        ("4.1.17", "4.2.6", ["4.1.17"]),
        ("5.1.23", "5.1.44", []),
        ("5.1.23", "5.2.13", ["5.1.44"]),
        ("5.1.44", "5.2.0", ["5.1.44"]),
        ("5.1.45", "5.2.5", ["5.1.45"]),
        ("5.2.0", "5.2.13", []),
    ],
)
def test_stops(oldest: str, newest: str, expected: list[str], tmp_path: Path) -> None:
    assert steps(found(tmp_path, oldest, newest)) == expected


def test_migrations_that_are_not_started(tmp_path: Path) -> None:
    rows = found(tmp_path, "4.3.15", "4.4.0", database={"host": "db", "runMigrations": False})
    assert about(rows, "database.runMigrations") == [("4.3.15", "step", False, None)]
    assert about(found(tmp_path, "4.3.5", "4.3.15", database={"host": "db", "runMigrations": False}), "database.runMigrations") == []


def test_a_variable_that_releases_before_5_1_1_do_not_take_for_false_stops_no_migration(tmp_path: Path) -> None:
    text = "MEDPLUM_BASE_URL=https://api.hospital.example/\nMEDPLUM_DATABASE_HOST=db\nMEDPLUM_DATABASE_RUN_MIGRATIONS=false\n"
    rows = found(tmp_path, "4.3.5", "5.1.23", "server.env", text=text)
    assert about(rows, "database.runMigrations") == [("5.1.1", "read-differently", "false", False)]


@pytest.mark.parametrize("text", ["true", "false"])
def test_a_variable_that_holds_migrations_back_whatever_it_says(text: str, tmp_path: Path) -> None:
    """Until 5.1.1 it is text, which is never false."""
    given = f"{DOTENV}MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS={text}\n"
    rows = found(tmp_path, "4.3.15", "5.1.23", "server.env", text=given)
    later = [("5.1.1", "read-differently", "false", False)] if text == "false" else []
    assert about(rows, "database.disableRunPostDeployMigrations") == [("4.3.15", "step", text, None), *later]
    rows = found(tmp_path, "4.3.15", "4.4.0", database={"host": "db", "disableRunPostDeployMigrations": text})
    assert about(rows, "database.disableRunPostDeployMigrations") == [("4.3.15", "step", text, None)]


def test_a_switch_that_was_text_says_what_follows(tmp_path: Path) -> None:
    rows = found(tmp_path, "4.3.15", "5.1.1", "server.env", text=f"{DOTENV}MEDPLUM_DATABASE_RUN_MIGRATIONS=false\n")
    [row] = [row for row in rows if row["kind"] == "read-differently"]
    start = "database.runMigrations is off from 5.1.1 on, so a new version runs on old tables until another server has migrated"
    assert row["message"] == f"{start} the database: until then it was text, which counted as true"


def requirements(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["release"], row["setting"], row["before"], row["after"]) for row in rows if row["kind"] == "requirement" and row["after"]]


def compose(*, postgres: str, redis: str, **server: Any) -> str:
    variables = {"MEDPLUM_BASE_URL": "https://api.hospital.example/", "MEDPLUM_DATABASE_HOST": "db", "MEDPLUM_REDIS_HOST": "cache"}
    services = {"db": {"image": postgres}, "cache": {"image": redis}}
    return yaml.safe_dump(
        {"services": {"server": {"image": "medplum/medplum-server:4.5.2", "environment": variables, **server}, **services}}
    )


@pytest.mark.parametrize(
    ("postgres", "redis", "expected"),
    [
        ("postgres:16-alpine", "redis:7.2", []),
        ("postgres:13.4", "docker.io/library/redis:6", [("5.0.0", None, "13.4", "14"), ("5.0.0", None, "6", "7")]),
        ("postgres:latest", "valkey/valkey:8", [("5.0.0", None, None, "14"), ("5.0.0", None, None, "7")]),
    ],
)
def test_what_runs_beside_the_server(postgres: str, redis: str, expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    rows = found(tmp_path, "4.5.2", "5.0.0", "compose.yaml", text=compose(postgres=postgres, redis=redis))
    assert sorted(requirements(rows), key=str) == sorted(expected, key=str)


def test_the_engines_of_the_cdk(tmp_path: Path) -> None:
    infra = {"name": "prod", "stackName": "MedplumProd", "accountNumber": "123456789012", "region": "us-east-1", "apiPort": 8103}
    text = json.dumps({**infra, "serverImage": "medplum/medplum-server:4.5.2", "rdsInstanceVersion": "13.9", "cacheEngineVersion": "7.1"})
    rows = found(tmp_path, "4.5.2", "5.0.0", "medplum.prod.config.json", text=text)
    assert requirements(rows) == [("5.0.0", "rdsInstanceVersion", "13.9", "14")]


def test_the_cdk_is_upgraded_with_the_server(tmp_path: Path) -> None:
    infra = {"name": "prod", "stackName": "MedplumProd", "accountNumber": "123456789012", "region": "us-east-1", "apiPort": 8103}
    text = json.dumps({**infra, "serverImage": "medplum/medplum-server:4.3.5", "containerInsights": True})
    rows = found(tmp_path, "4.3.5", "5.1.1", "medplum.prod.config.json", text=text)
    assert about(rows, "rdsInstanceVersion") == [("4.3.14", "default", "12.9", "16.9")]
    assert about(rows, "containerInsights") == [("5.0.0", "removed", True, None)]
    assert about(rows, "cacheEngineVersion") == [("5.0.0", "requirement", "6.x", "7")]
    assert messages(rows, "upgrade it in AWS before the server, because the CDK reads cacheEngineVersion only from 5.1.1 on") == ["5.0.0"]
    assert messages(rows, "but no longer than to 5.0.0, which needs PostgreSQL 14") == ["4.3.14"]
    rows = found(tmp_path, "3.3.0", "4.0.0", "medplum.prod.config.json", text=text)
    assert about(rows, "rdsInstanceVersion") == [("4.0.0", "requirement", "12.9", "13")]
    assert messages(rows, "without rdsInstanceVersion the CDK creates 12.9: upgrade it before the server") == ["4.0.0"]


def test_node_matters_only_to_those_who_run_it(tmp_path: Path) -> None:
    without = [row for row in found(tmp_path, "4.5.2", "5.0.0") if "Node.js" in row["message"]]
    assert [(row["after"], row["needs_hand"]) for row in without] == [("22.18, or 24.2 or later", False)]
    text = compose(postgres="postgres:16", redis="redis:7")
    assert "Node.js" not in str(found(tmp_path, "4.5.2", "5.0.0", "compose.yaml", text=text))


# --- What holds under a condition -------------------------------------------------------------------------------------------------------


def messages(rows: list[dict[str, Any]], words: str) -> list[str]:
    return [row["release"] for row in rows if words in row["message"]]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, []),
        ({"entrypoint": ["sh", "-c", "node packages/server/dist/index.js env"]}, ["5.0.11"]),
        ({"healthcheck": {"test": "node check.js"}}, ["5.0.11"]),
        ({"healthcheck": {"test": ["CMD", "node", "check.js"]}}, []),
        ({"healthcheck": {"test": ["CMD", "curl", "-f", "http://localhost:8103/healthcheck"]}}, ["5.0.11"]),
        ({"healthcheck": {"test": ["NONE"]}}, []),
        ({"entrypoint": "./docker-entrypoint.sh"}, ["5.0.11"]),
        ({"entrypoint": ["npm", "start"]}, ["5.0.11"]),
        ({"entrypoint": ["/usr/local/bin/node", "packages/server/dist/index.js"]}, []),
        ({"command": ["env", "sh"]}, []),
    ],
)
def test_an_image_without_a_shell(server: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    text = compose(postgres="postgres:16", redis="redis:7", **server)
    assert messages(found(tmp_path, "5.0.10", "5.0.11", "compose.yaml", text=text), "no shell") == expected


def test_a_dockerfile_that_needs_a_shell(tmp_path: Path) -> None:
    lines = ["FROM medplum/medplum-server:4.5.2", "ENV MEDPLUM_BASE_URL=https://api.hospital.example/ MEDPLUM_DATABASE_HOST=db"]
    for more, expected in (
        (["RUN mkdir /data"], ["5.0.11"]),
        (['CMD ["env"]'], []),
        (['HEALTHCHECK --interval=30s CMD ["curl","-f","http://localhost:8103/healthcheck"]'], ["5.0.11"]),
        (['HEALTHCHECK --interval=30s CMD ["node","check.js"]'], []),
        (["HEALTHCHECK NONE"], []),
    ):
        rows = found(tmp_path, "5.0.10", "5.0.11", "Dockerfile", text="\n".join([*lines, *more, ""]))
        assert messages(rows, "no shell") == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"livenessProbe": {"exec": {"command": ["curl", "-f", "http://localhost:8103/healthcheck"]}}}, ["5.0.11"]),
        ({"lifecycle": {"preStop": {"exec": {"command": ["/bin/sleep", "10"]}}}}, ["5.0.11"]),
        ({"command": ["sh", "-c", "node packages/server/dist/index.js env"]}, ["5.0.11"]),
        ({"args": ["env", "sh"]}, []),
    ],
)
def test_a_pod_that_needs_another_program_than_node(more: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    environment = [{"name": name, "value": text} for name, text in VARIABLES.items()]
    pod = {"containers": [{"name": "server", "image": IMAGE, "env": environment, **more}]}
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "medplum"}, "spec": pod})
    assert messages(found(tmp_path, "5.0.10", "5.0.11", "pod.yaml", text=text), "no shell") == expected


def test_other_things_that_an_image_has_no_more(tmp_path: Path) -> None:
    folder = "/usr/src/medplum/packages/server"
    instrumented = ["node", "--require", "./packages/server/dist/otel/instrumentation.js", "packages/server/dist/index.js"]
    for server, release, words in (
        ({"user": "medplum"}, "5.0.11", "no user medplum"),
        ({"volumes": [f"./medplum.config.json:{folder}/medplum.config.json:ro"]}, "5.0.0", "where it is started without a command"),
        ({"entrypoint": instrumented}, "5.1.18", "--import and a hook for modules, not with --require"),
    ):
        text = compose(postgres="postgres:16", redis="redis:7", **server)
        assert messages(found(tmp_path, "4.5.2", "5.1.23", "compose.yaml", text=text), words) == [release]
        text = compose(postgres="postgres:16", redis="redis:7", command="env")
        assert messages(found(tmp_path, "4.5.2", "5.1.23", "compose.yaml", text=text), words) == []


def test_a_configuration_at_a_relative_path(tmp_path: Path) -> None:
    assert messages(found(tmp_path, "4.5.2", "5.0.0"), "relative path") == ["5.0.0"]
    for command, expected in (("file:medplum.config.json,env", ["5.0.0"]), ("file:/etc/medplum.json,env", [])):
        text = compose(postgres="postgres:16", redis="redis:7", command=command)
        assert messages(found(tmp_path, "4.5.2", "5.0.0", "compose.yaml", text=text), "relative path") == expected


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ({"host": "m.proxy-abc.eu-central-1.rds.amazonaws.com"}, ["5.1.4"]),
        ({"host": "m.proxy-abc.eu-central-1.rds.amazonaws.com", "disableConnectionConfiguration": True}, []),
        ({"host": "m.abc.eu-central-1.rds.amazonaws.com"}, []),
    ],
)
def test_a_database_behind_a_proxy(database: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert messages(found(tmp_path, "5.1.3", "5.1.4", database=database), "behind a proxy") == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"readonlyDatabase": {"host": "m.proxy-ro-abc.eu-central-1.rds.amazonaws.com"}}, "The read-only database is behind a proxy"),
        ({"readonlyDatabase": {}, "readonlyDatabaseProxyEndpoint": "m.proxy-ro"}, "The read-only database is behind a proxy"),
        ({"database": {"host": "pgbouncer"}}, "The database seems to be behind PgBouncer"),
        ({"database": {"host": "db", "port": 6432}}, "The database seems to be behind PgBouncer"),
        ({"readonlyDatabase": {"host": "db", "port": 6432}}, "The read-only database seems to be behind PgBouncer"),
    ],
)
def test_other_proxies(more: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert messages(found(tmp_path, "5.1.3", "5.1.4", **more), words) == ["5.1.4"]


@pytest.mark.parametrize(("enabled", "expected"), [(["cron"], ["5.1.4"]), (["cron", "dispatch"], []), (["*"], []), (["reindex"], [])])
def test_workers_without_dispatch(enabled: list[str], expected: list[str], tmp_path: Path) -> None:
    assert messages(found(tmp_path, "5.1.3", "5.1.4", workers={"enabled": enabled}), "dispatch") == expected


@pytest.mark.parametrize(("limit", "expected"), [("60000/minute", ["5.1.8"]), (60000, []), (None, [])])
def test_a_rate_limit_as_text(limit: Any, expected: list[str], tmp_path: Path) -> None:
    more = {} if limit is None else {"defaultRateLimit": limit}
    assert messages(found(tmp_path, "5.1.7", "5.1.8", **more), "defaultRateLimit is text") == expected


def test_a_limit_that_stays_text_does_not_count_as_given(tmp_path: Path) -> None:
    texts = parameters(baseUrl="https://api.hospital.example/", **{"database.host": "db", "defaultLoginRateLimit": "20"})
    for rows in (found(tmp_path, "5.1.7", "5.1.8", "dump.json", text=texts), found(tmp_path, "5.1.7", "5.1.8", defaultLoginRateLimit="20")):
        assert about(rows, "defaultLoginRateLimit") == [("5.1.8", "default", None, 5)]
        assert messages(rows, "defaultLoginRateLimit is text, which the server ignores, and from 5.1.8 on") == ["5.1.8"]


def test_a_switch_that_begins_to_count_as_text(tmp_path: Path) -> None:
    texts = parameters(baseUrl="https://api.hospital.example/", autoDownloadEnabled="false")
    rows = found(tmp_path, "4.1.5", "4.1.6", "dump.json", text=texts)
    assert messages(rows, "autoDownloadEnabled counts as true, because the server keeps it as text") == ["4.1.6"]


@pytest.mark.parametrize(
    ("setting", "value", "newest", "words"),
    [
        ("rateLimitsEnabled", False, "5.1.22", "it is off, so nothing slows down password guessing"),
        ("allowInsecureRestHookUrl", False, "5.1.14", "it is off, so the server refuses plain http addresses"),
        ("defaultSuperAdminPassword", "from-the-vault", "5.0.0", "only where it seeds an empty database"),
    ],
)
def test_a_value_that_begins_to_count_says_what_follows(setting: str, value: Any, newest: str, words: str, tmp_path: Path) -> None:
    rows = found(tmp_path, {"5.1.22": "5.1.21", "5.1.14": "5.1.13"}.get(newest, "4.5.2"), newest, **{setting: value})
    [row] = [row for row in rows if row["setting"] == setting]
    assert words in row["message"] and row["needs_hand"] == (newest != "5.0.0")


@pytest.mark.parametrize(("text", "expected"), [("-1", [("4.1.5", "read-differently", "-1", -1)]), ("5000", [])])
def test_a_quoted_negative_number_is_not_a_number(text: str, expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    given = parameters(baseUrl="https://api.hospital.example/", defaultRateLimit=text)
    rows = found(tmp_path, "4.1.4", "4.1.5", "dump.json", text=given)
    assert about(rows, "defaultRateLimit") == expected
    assert messages(rows, "is that number from 4.1.5 on: older releases hold it as text, and the server allows") == ["4.1.5"] * len(
        expected
    )


def test_a_time_with_a_unit(tmp_path: Path) -> None:
    given = parameters(baseUrl="https://api.hospital.example/", **{"database.queryTimeout": "30s"})
    rows = found(tmp_path, "4.3.4", "4.3.5", "dump.json", text=given)
    assert messages(rows, "write the number of milliseconds alone, 30000") == ["4.3.5"]
    rows = found(tmp_path, "5.1.3", "5.1.4", database={"host": "db", "queryTimeout": "30s"})
    assert about(rows, "database.queryTimeout") == [("5.1.4", "read-differently", "30s", None)]


@pytest.mark.parametrize(
    ("oldest", "newest", "more", "setting"),
    [
        ("3.0.0", "3.1.3", {}, "emailProvider"),
        ("3.0.0", "3.1.3", {"smtp": {"host": "mail"}}, "emailProvider"),
        ("3.0.0", "3.1.3", {"redis": {"host": "cache", "tls": {}, "db": 2}}, "redis.tls"),
        ("3.0.0", "3.1.3", {"redis": {"host": "cache", "tls": {}, "db": 2}}, "redis.db"),
        ("5.1.21", "5.1.22", {"rateLimitsEnabled": None}, "rateLimitsEnabled"),
    ],
)
def test_what_an_older_release_does_already(oldest: str, newest: str, more: dict[str, Any], setting: str, tmp_path: Path) -> None:
    assert about(found(tmp_path, oldest, newest, **more), setting) == []


def test_the_reader_that_variables_bring_has_its_defaults_from_the_start(tmp_path: Path) -> None:
    rows = found(tmp_path, "4.1.0", "5.1.23", "server.env", text=f"{DOTENV}MEDPLUM_READONLY_DATABASE_HOST=reader\n")
    assert about(rows, "readonlyDatabase.host") != [] and about(rows, "readonlyDatabase.maxConnections") == []


def test_null_is_not_given(tmp_path: Path) -> None:
    rows = found(tmp_path, "5.0.11", "5.1.23", base64BinaryMaxBytes=None, allowInsecureRestHookUrl=None, database={"maxConnections": None})
    told = {row["setting"] for row in rows if row["kind"] == "default"}
    assert told >= {"base64BinaryMaxBytes", "allowInsecureRestHookUrl", "database.maxConnections"}


@pytest.mark.parametrize(("value", "expected"), [(0, [("5.0.11", "read-differently", 0, True)]), (False, [])])
def test_a_heartbeat_that_only_false_switches_off(value: Any, expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    assert about(found(tmp_path, "5.0.10", "5.0.11", heartbeatEnabled=value), "heartbeatEnabled") == expected


def test_another_folder_is_another_server(tmp_path: Path) -> None:
    """As in a check: neither names an environment."""
    found(tmp_path, "5.1.13", "5.1.14")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".env").write_text(f"{DOTENV}MEDPLUM_ALLOW_INSECURE_REST_HOOK_URL=true\n", encoding="utf-8")
    for paths in ([str(tmp_path)], [str(tmp_path / "medplum.config.json"), str(tmp_path / "other" / ".env")]):
        result = upgrade("--from", "5.1.13", "--to", "5.1.14", *paths)
        assert result.stdout.count("allowInsecureRestHookUrl is not given") == 1


@pytest.mark.parametrize("base", ["http://localhost:8103/", "https://api.hospital.example/"])
def test_private_receivers_are_refused_whether_the_server_is_public_or_not(base: str, tmp_path: Path) -> None:
    what = "to localhost or a private IP address"
    assert messages(found(tmp_path, "5.1.22", "5.1.23", baseUrl=base), what) == ["5.1.23"]
    assert messages(found(tmp_path, "5.1.13", "5.1.26", baseUrl=base, allowInsecureRestHookUrl=False), what) == ["5.1.23"]
    assert messages(found(tmp_path, "5.1.22", "5.1.23", baseUrl=base, allowInsecureRestHookUrl=True), what) == []
    # Later releases have a setting of another name, and say so; the part of a configuration does not show what the rest of it gives.
    assert messages(found(tmp_path, "5.1.22", "5.1.27", baseUrl=base), what) == []
    assert (
        messages(found(tmp_path, "5.1.22", "5.1.23", "server.env", text=f"MEDPLUM_BASE_URL={base}\nMEDPLUM_REDIS_HOST=redis\n"), what) == []
    )


@pytest.mark.parametrize(
    ("oldest", "newest", "expected"),
    [
        ("5.1.23", "5.2.13", [("5.2.13", "added", None, False)]),
        ("5.1.38", "5.2.13", [("5.2.13", "added", None, False)]),
        ("5.1.23", "5.1.38", []),
        ("5.1.23", "5.2.12", []),  # whether 5.2.12 reads it is not known
        ("5.1.39", "5.2.13", []),  # nor whether 5.1.39 did
        ("5.2.5", "5.2.5", []),
    ],
)
def test_a_setting_that_came_with_a_release_that_is_not_known(oldest: str, newest: str, expected: list[Any], tmp_path: Path) -> None:
    assert about(found(tmp_path, oldest, newest, storeBotInput=False), "storeBotInput") == expected


def test_a_span_is_reported(tmp_path: Path) -> None:
    start = (
        "storeBotInput begins to take effect in 5.2.13 at the latest, and releases up to 5.1.38 ignore it: it is off, so what bots receive"
    )
    [row] = [row for row in found(tmp_path, "5.1.23", "5.2.13", storeBotInput=False) if row["setting"] == "storeBotInput"]
    assert row["message"] == f"{start} is not kept"


def test_one_switch_for_all_outbound_requests(tmp_path: Path) -> None:
    [row] = [row for row in found(tmp_path, "5.1.23", "5.1.27", allowInsecureRestHookUrl=True) if row["kind"] == "removed"]
    assert row["message"] == "allowInsecureRestHookUrl has no effect from 5.1.27 on: write allowUnsafeOutbound instead"
    assert about(found(tmp_path, "5.1.23", "5.1.27"), "allowUnsafeOutbound") == [("5.1.27", "default", None, False)]
    assert about(found(tmp_path, "5.1.23", "5.1.27", allowUnsafeOutbound=True), "allowUnsafeOutbound") == [("5.1.27", "added", None, True)]
    older, newer = "allowInsecureRestHookUrl is not given", "allowUnsafeOutbound is not given"
    for oldest, newest, expected in (("5.1.13", "5.1.26", [1, 0]), ("5.1.13", "5.1.27", [0, 1]), ("5.1.27", "5.2.13", [0, 0])):
        rows = found(tmp_path, oldest, newest)
        assert [len(messages(rows, words)) for words in (older, newer)] == expected


def test_the_nodes_of_the_cdk(tmp_path: Path) -> None:
    text = json.dumps(
        {"stackName": "Prod", "accountNumber": "123456789012", "maxAzs": 2, "rdsInstances": 1, "cacheRedis": {"engineVersion": "7.1"}}
    )
    rows = found(tmp_path, "5.1.26", "5.1.27", "medplum.prod.config.json", text=text)
    changed = ("5.1.27", "default", "cache.t2.medium", "cache.t4g.medium")
    assert [about(rows, name) for name in ("cacheNodeType", "cacheRedis.nodeType", "pubSubRedis.nodeType")] == [[changed], [changed], []]


@pytest.mark.parametrize("more", [{"defaultRateLimit": -1}, {"defaultLoginRateLimit": 50}])
def test_logins_without_a_limit_of_their_own(more: dict[str, Any], tmp_path: Path) -> None:
    assert messages(found(tmp_path, "5.1.7", "5.1.8"), "5 logins") == ["5.1.8"]
    assert messages(found(tmp_path, "5.1.7", "5.1.8", **more), "5 logins") == []
    assert messages(found(tmp_path, "5.1.7", "5.1.22"), "5 logins") == ["5.1.8"]
    assert messages(found(tmp_path, "5.1.7", "5.1.22", rateLimitsEnabled=False), "5 logins") == []


@pytest.mark.parametrize(
    ("newest", "more", "expected"),
    [
        ("4.1.9", {}, ["4.1.9"]),
        ("4.5.2", {}, ["4.5.2"]),
        ("4.5.2", {"signingKey": "${KEY}", "signingKeyPassphrase": "${PASSPHRASE}"}, []),
        ("4.1.9", {"signingKey": "-----BEGIN RSA PRIVATE KEY-----"}, ["4.1.9"]),
    ],
)
def test_attachments_below_the_base_url(newest: str, more: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    """That is so too where no address of the storage is given."""
    for url in ("https://api.hospital.example/storage/", None):
        rows = found(tmp_path, "4.1.8", newest, binaryStorage="file:./binary/", storageBaseUrl=url, **more)
        assert [release for release, *_ in about(rows, "signingKey")] == expected


def test_attachments_in_a_bucket_without_an_address(tmp_path: Path) -> None:
    rows = found(tmp_path, "4.1.8", "4.1.9", storageBaseUrl=None)
    assert about(rows, "storageBaseUrl") == [("4.1.9", "read-differently", "https://api.hospital.example/storage", None)]
    assert [release for release, *_ in about(rows, "signingKey")] == ["4.1.9"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://login.hospital.example/me", []), ("http://login.hospital.example/me", ["5.1.23"]), ("https://localhost/me", ["5.1.23"])],
)
def test_external_sign_in(url: str, expected: list[str], tmp_path: Path) -> None:
    providers = [{"issuer": "https://login.hospital.example", "userInfoUrl": url}]
    assert messages(found(tmp_path, "5.1.22", "5.1.23", externalAuthProviders=providers), "userInfoUrl") == expected


def test_the_inner_address_of_external_sign_in_counts(tmp_path: Path) -> None:
    secure, insecure = "https://login.hospital.example/me", "http://login.hospital.example/me"
    for inner, outer, expected in ((secure, insecure, []), (insecure, secure, ["5.1.23"]), (None, insecure, ["5.1.23"])):
        providers = [{"issuer": "https://login.hospital.example", "userInfoUrl": outer, "identityProvider": {"userInfoUrl": inner}}]
        assert messages(found(tmp_path, "5.1.22", "5.1.23", externalAuthProviders=providers), "userInfoUrl") == expected


# --- The versions -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "4.1.13"], "--from: 4.1.13 is not a known release of the server; did you mean 4.1.12?"),
        (["--from", "4.3"], "--from: 4.3 is not one release of the server: give all three numbers, such as 4.3.15"),
        (["--from", "latest"], f"--from latest is not one fixed release: give the number of one, such as {NEWEST}"),
        (["--from", "4.3.5", "--to", "main"], f"--to main is not one fixed release: give the number of one, such as {NEWEST}"),
        (["--from", ">=4.3,<5"], f"--from >=4.3,<5 is a range: give the number of one release, such as {NEWEST}"),
        (
            ["--from", "5.1.0", "--to", "4.3.5"],
            "--from 5.1.0 is later than --to 4.3.5: give the release that the server has now as --from; downgrades are not supported",
        ),
        ([], "no file says which release the server has: add --from with the release that the server has now, such as --from 4.3.5"),
        (["--from", ""], f"--from: '' is not a release of the server, such as {NEWEST}"),
    ],
)
def test_an_invalid_version(arguments: list[str], message: str) -> None:
    result = upgrade(*arguments, str(DATA / "medplum.config.json"))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"medplum-lint: error: {message}\n")


def test_the_release_may_be_written_as_its_tag(tmp_path: Path) -> None:
    result = upgrade("--from", f"v{NEWEST}", str(DATA / "medplum.config.json"))
    assert (result.exit_code, result.stdout) == (0, f"From {NEWEST} to {NEWEST} nothing changes for this configuration.\n")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("medplum/medplum-server:4.5.2", ""),
        ("medplum/medplum-server:latest", "no file says which release the server has"),
        ("medplum/medplum-server:4.5", "the image in compose.yaml says one of 4.5.0 to 4.5.2"),
        ("medplum/medplum-server:9.0.0", "the image in compose.yaml says 9.0.0, which is not known"),
    ],
)
def test_the_release_that_the_image_says(image: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = compose(postgres="postgres:16", redis="redis:7").replace("medplum/medplum-server:4.5.2", image)
    Path("compose.yaml").write_text(text, encoding="utf-8")
    result = upgrade("compose.yaml")
    wanted = "add --from with the release that the server has now, such as --from 4.3.5"
    assert result.stderr == (f"medplum-lint: error: {message}: {wanted}\n" if message else AGE)
    assert result.stdout.startswith(f"From 4.5.2 to {NEWEST}:\n") if not message else result.exit_code == 2


def test_the_variable_names_the_release_before_an_image_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(compose(postgres="postgres:16", redis="redis:7"), encoding="utf-8")
    monkeypatch.setenv("MEDPLUM_LINT_SERVER_VERSION", "5.1.21")
    assert upgrade("compose.yaml").stdout.startswith(f"From 5.1.21 to {NEWEST}:\n")
    assert upgrade("--from", "5.1.22", "compose.yaml").stdout.startswith(f"From 5.1.22 to {NEWEST}")
    monkeypatch.setenv("MEDPLUM_LINT_SERVER_VERSION", "bogus")
    result = upgrade("compose.yaml")
    assert result.exit_code == 2 and "MEDPLUM_LINT_SERVER_VERSION: 'bogus' is not a release of the server" in result.stderr


def test_a_release_of_an_image_that_is_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(compose(postgres="postgres:16", redis="redis:7"), encoding="utf-8")
    result = upgrade("--to", "4.0.0", "compose.yaml")
    way_out = "give the release that the server has now as --from; downgrades are not supported"
    wanted = f"the image in compose.yaml says 4.5.2, which is later than --to 4.0.0: {way_out}"
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {wanted}\n")


def test_one_change_is_counted_as_one(tmp_path: Path) -> None:
    found(tmp_path, "5.1.21", "5.1.22")
    result = upgrade("--from", "5.1.21", "--to", "5.1.22", str(tmp_path / "medplum.config.json"))
    assert result.stdout.endswith("\n1 change, which needs no action.\n")


def test_files_of_several_releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, tag in (("compose-staging.yaml", "5.0.0"), ("compose.yaml", "4.5.2")):
        text = compose(postgres="postgres:16", redis="redis:7").replace(":4.5.2", f":{tag}")
        Path(name).write_text(text, encoding="utf-8")
    result = upgrade("compose-staging.yaml", "compose.yaml")
    assert result.exit_code == 2
    assert "several releases, 5.0.0 (the image in compose-staging.yaml) and 4.5.2 (the image in compose.yaml): add --from" in result.stderr


def test_standard_input() -> None:
    text = (DATA / "parameters.json").read_text(encoding="utf-8")
    result = upgrade("--from", "4.3.4", "--to", "4.3.5", "-", given=text)
    assert result.exit_code == 1 and "<stdin>:13:80" in result.stdout


def test_a_file_that_cannot_be_read_is_an_error_beside_the_others(tmp_path: Path) -> None:
    result = upgrade("--from", str(NEWEST), str(tmp_path / "missing.json"), str(DATA / "medplum.config.json"))
    assert result.exit_code == 2 and "nothing changes" in result.stdout and "missing.json: no such file or folder" in result.stderr


def test_without_a_configuration_nothing_is_reported(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Read me\n", encoding="utf-8")
    result = upgrade("--from", "5.1.22", str(tmp_path / "README.md"))
    assert (result.exit_code, result.stdout) == (2, "") and "README.md: " in result.stderr


# --- Secrets ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("planted", planted_files(0)[::4], ids=lambda planted: planted.name)
def test_no_format_prints_a_canary(planted: Planted) -> None:
    given = Input(planted.name, planted.content.encode(), Path(planted.name))

    def load(release: Release) -> list[Document]:
        return load_documents([given], planted.kind, server=ServerVersion(release, release, "the test")).documents

    plan = Plan(load, OLDEST, NEWEST)
    rows = plan.changes()
    for form in (planned.as_text, planned.as_json, planned.as_markdown):
        assert printed(form(plan, rows)) == []


def test_what_the_examples_keep_secret_stays_so() -> None:
    for path in sorted((GOLDEN / "upgrade").iterdir()):
        assert "kept-by-the-vault" not in path.read_text(encoding="utf-8")


def test_a_file_name_is_not_markdown(tmp_path: Path) -> None:
    name = "a`b](x)*.json"
    (tmp_path / name).write_text(json.dumps({**PLAIN, "rateLimitsEnabled": True}), encoding="utf-8")
    result = upgrade("--from", "5.1.21", "--to", "5.1.22", "--format", "markdown", str(tmp_path / name))
    assert f"``{tmp_path / name}:1:" in result.stdout


# --- What is known ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notes() -> Notes:
    return read_notes()


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(Path(FILE).read_text(encoding="utf-8"))
    return read


def test_every_stop_is_the_last_patch_that_leads_on(notes: Notes) -> None:
    """Of 4.1 that is 4.1.12: the three patches after it are later than 4.2."""
    leading_on = [release for release in RELEASES if not (4, 1, 16) <= release <= (4, 1, 18)]
    for stop in notes.stops:
        assert stop.release == max(release for release in leading_on if release[:2] == stop.release[:2])
        assert stop.before == leading_on[leading_on.index(stop.release) + 1]
    minors = {release[:2] for release in RELEASES if release >= (3, 3, 0)}
    assert {stop.release[:2] for stop in notes.stops} == minors - {NEWEST[:2]}


def test_every_setting_that_is_named_is_one(notes: Notes) -> None:
    for kind, own in notes.settings.items():
        for name in own:
            assert settings.catalogue(kind).get(tuple(name.split("."))) is not None, name
    for note in notes.notes:
        assert not note.path or settings.catalogue("server").get(note.path) is not None, dotted(note.path)


def test_everything_says_where_it_is_known_from(written: dict[str, Any]) -> None:
    of_settings = [fields for own in written["settings"].values() for fields in own.values()]
    for fields in (*written["stops"], *written["requirements"], *written["notes"], *of_settings):
        assert fields.get("evidence", "S/config.ts"), fields
        assert "link" not in fields or fields["link"].startswith("https://"), fields
        assert not fields.get("message", "").endswith("."), fields


# --- Which files, and which release ----------------------------------------------------------------------------------------------------

COMPOSE = """\
services:
  db: {image: "postgres:12"}
  server:
    image: medplum/medplum-server:4.5.2
    entrypoint: ["sh", "-c", "node dist/index.js file:/config.json"]
"""


def test_a_folder_is_searched_and_its_compose_file_names_the_release(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / "medplum.config.json").write_text('{"baseUrl": "https://api.clinic.example/", "cacheRedis": {"db": 2}}', encoding="utf-8")
    (tmp_path / "tsconfig.json").write_text("{}", encoding="utf-8")
    result = upgrade("--format", "json", str(tmp_path))
    report = json.loads(result.stdout)
    assert (result.exit_code, result.stderr, report["from"]) == (1, AGE, "4.5.2")
    of_files = [
        (one["release"], one["kind"], Path(one["path"]).name, one["range"]["start"]["line"]) for one in report["changes"] if one["range"]
    ]
    assert of_files == [
        ("5.0.0", "requirement", "compose.yaml", 2),
        ("5.0.11", "requirement", "compose.yaml", 5),
        ("5.1.1", "added", "medplum.config.json", 1),
    ]


def test_a_compose_file_without_settings_alone(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE, encoding="utf-8")
    result = upgrade(str(path))
    assert result.exit_code == 1 and "5.0.0 needs PostgreSQL 14 or later, and the image is 12" in result.stdout and result.stderr == AGE
    path.write_text(COMPOSE.replace("node dist/index.js file:/config.json", "./start.sh"), encoding="utf-8")
    shown = CliRunner().invoke(cli, ["show", str(path)])
    assert (shown.exit_code, shown.stdout) == (2, "") and "a Compose file without a Medplum server" in shown.stderr


def test_the_configuration_file_names_the_release(tmp_path: Path) -> None:
    text = '{"baseUrl": "https://api.clinic.example/", "database": {}, "redis": {}}'
    (tmp_path / "medplum.config.json").write_text(text, encoding="utf-8")
    (tmp_path / ".medplum-lint.toml").write_text('server-version = "5.1.20"', encoding="utf-8")
    result = upgrade("--to", "5.1.21", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "From 5.1.20 to 5.1.21 nothing changes for this configuration.\n")
    (tmp_path / ".medplum-lint.toml").write_text('server-version = "5.1.99x"', encoding="utf-8")
    assert upgrade(str(tmp_path)).exit_code == 2


def test_what_other_programs_keep_in_a_folder_that_is_searched_by_content(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "default.json").write_text('{"port": 3000, "database": {}, "redis": {}}', encoding="utf-8")
    result = upgrade("--from", "4.3.5", str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "") and "no file is a Medplum configuration" in result.stderr


def test_an_empty_folder(tmp_path: Path) -> None:
    result = upgrade("--from", "4.3.5", str(tmp_path))
    assert (result.exit_code, result.stdout) == (
        2,
        "",
    ) and "no file in this folder has the name of a Medplum configuration" in result.stderr


def test_from_the_last_release_whose_source_was_read_to_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    path.write_text(json.dumps({"baseUrl": "https://api.clinic.example/", "database": {}, "redis": {}, "acmeFlag": True}), encoding="utf-8")
    result = upgrade("--from", "5.1.23", "--to", str(NEWEST), "--format", "json", str(path))
    rows = json.loads(result.stdout)["changes"]
    assert (result.exit_code, result.stderr) == (1, AGE)
    assert [(row["release"], row["kind"], row["setting"]) for row in rows if row["needs_hand"]] == [
        ("5.1.27", "default", "allowUnsafeOutbound"),
        ("5.1.28", "requirement", "defaultProjectFeatures"),
        ("5.1.44", "step", None),
    ]
    assert "acmeFlag" not in result.stdout  # of a name that no known release reads nothing is claimed
