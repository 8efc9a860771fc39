"""What a start argument names, joined: files that are mounted, variables over them, dumps and secrets that are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from linter import check as check_files
from linter import cli
from linter.model import ABSENT, Document
from linter.run import Options, Outcome, lint_paths, load_documents

COMPOSE = """\
services:
  server:
    image: medplum/medplum-server:5.1.12
    command: {argument}
    volumes: ["./medplum.config.json:/usr/src/medplum/medplum.config.json:ro"]
    environment:
      MEDPLUM_BASE_URL: https://api.hospital.health/
"""
CONFIGURATION = """\
{
  "baseUrl": "https://api.hospital.health",
  "appBaseUrl": "https://app.hospital.health/",
  "logRequests": "false"
}
"""


def write(folder: Path, files: dict[str, str]) -> list[str]:
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return [str(folder / name) for name in files]


def check(folder: Path, files: dict[str, str], *names: str, start: str | None = None) -> Outcome:
    paths = write(folder, files)
    return lint_paths([str(folder / name) for name in names] or paths, Options(start=start))


def found(outcome: Outcome) -> list[str]:
    """The findings as ``file:line:column rule severity``."""
    positions = ((one, one.document.position(one.span.start)) for one in outcome.result.findings)
    return [f"{Path(one.document.uri).name}:{at.line}:{at.column} {one.rule} {one.severity}" for one, at in positions]


def of(outcome: Outcome, *rules: str) -> list[str]:
    return [one for one in found(outcome) if one.split()[1] in rules]


def joined(*paths: str, start: str | None = None) -> Document:
    loaded = load_documents(list(paths), None, start=start)
    assert not loaded.bugs
    (document,) = loaded.documents
    return document


def test_variables_count_over_a_mounted_file(tmp_path: Path) -> None:
    files = {"compose.yml": COMPOSE.format(argument="file:medplum.config.json,env"), "medplum.config.json": CONFIGURATION}
    outcome = check(tmp_path, files, "compose.yml")
    # The slash is missing only in a value that is overridden; the switch is text in JSON, and would be none in a variable.
    assert of(outcome, "missing-trailing-slash", "misread-boolean") == ["medplum.config.json:4:18 misread-boolean error"]
    assert of(outcome, "missing-setting")[0] == "medplum.config.json:1:1 missing-setting error"
    assert sorted(Path(file.path).name for file in outcome.result.files) == ["compose.yml", "medplum.config.json"]
    assert outcome.errors == outcome.bugs == ()


def test_the_order_of_the_sources_counts(tmp_path: Path) -> None:
    files = {"compose.yml": COMPOSE.format(argument="env,file:medplum.config.json"), "medplum.config.json": CONFIGURATION}
    outcome = check(tmp_path, files, "compose.yml")
    assert of(outcome, "missing-trailing-slash") == ["medplum.config.json:2:14 missing-trailing-slash error"]


def test_a_file_alone_is_what_a_server_reads_without_an_argument(tmp_path: Path) -> None:
    compose = COMPOSE.replace("    command: {argument}\n", "").partition("    environment")[0]
    outcome = check(tmp_path, {"compose.yml": compose, "medplum.config.json": CONFIGURATION}, "compose.yml")
    assert of(outcome, "missing-trailing-slash", "ignored-environment", "misplaced-config-file") == [
        "medplum.config.json:2:14 missing-trailing-slash error"
    ]


def test_a_file_that_is_given_too_is_checked_once(tmp_path: Path) -> None:
    files = {"compose.yml": COMPOSE.format(argument="file:medplum.config.json,env"), "medplum.config.json": CONFIGURATION}
    assert found(check(tmp_path, files)) == found(check(tmp_path, files, "compose.yml"))


def test_two_services_with_different_arguments_are_two_servers(tmp_path: Path) -> None:
    one = COMPOSE.format(argument="file:medplum.config.json,env")
    other = COMPOSE.format(argument="file:medplum.config.json").partition("services:\n")[2].replace("server:\n", "worker:\n")
    other = other.partition("    environment")[0]
    outcome = check(tmp_path, {"compose.yml": one + other, "medplum.config.json": CONFIGURATION}, "compose.yml")
    findings = [one for one in outcome.result.findings if one.rule in ("missing-trailing-slash", "misread-boolean")]
    assert [(one.rule, one.holders) for one in findings] == [
        ("missing-trailing-slash", (("service", "worker"),)),
        ("misread-boolean", (("service", "server"), ("service", "worker"))),
    ]


def test_services_are_not_compared_with_what_another_one_is_started_with(tmp_path: Path) -> None:
    one = COMPOSE.format(argument="file:medplum.config.json")
    other = "  other:\n    image: medplum/medplum-server:5.1.12\n    command: env\n    environment: {MEDPLUM_APP_BASE_URL: https://two.hospital.health/}\n"
    outcome = check(tmp_path, {"compose.yml": one + other, "medplum.config.json": CONFIGURATION})
    assert (outcome.result.deployments, of(outcome, "variable-differs-from-config")) == ((), [])


def test_each_server_is_checked_with_its_own_sources(tmp_path: Path) -> None:
    """Both hold the same port, which the one has from JSON, and the other from a variable that the server misreads."""
    service = "image: medplum/medplum-server:latest, command: 'file:/c.json,env'"
    compose = (
        f"services:\n  one: {{{service}, volumes: ['./one.json:/c.json'], environment: {{MEDPLUM_LOG_LEVEL: WARN}}}}\n"
        f"  two: {{{service}, volumes: ['./two.json:/c.json'], environment: {{MEDPLUM_LOG_LEVEL: WARN, MEDPLUM_PORT: 8103abc}}}}\n"
    )
    files = {"compose.yml": compose, "one.json": '{"port": 8103}', "two.json": '{"port": 8103}'}
    assert of(check(tmp_path, files), "misread-number") == ["compose.yml:3:162 misread-number error"]


def test_a_secret_that_is_overridden_is_still_in_the_file(tmp_path: Path) -> None:
    compose = COMPOSE.format(argument="file:medplum.config.json,env") + "      MEDPLUM_DATABASE_PASSWORD: ${PASSWORD}\n"
    text = '{"database": {"host": "db.hospital.health", "password": "hunter2hunter2"}}'
    outcome = check(tmp_path, {"compose.yml": compose, "medplum.config.json": text}, "compose.yml")
    assert of(outcome, "plaintext-secret") == ["medplum.config.json:1:57 plaintext-secret error"]


def test_variables_that_are_not_read_are_not_checked(tmp_path: Path) -> None:
    compose = (
        COMPOSE.format(argument="file:medplum.config.json") + "      MEDPLUM_PORT: 80a\n      MEDPLUM_REDIS_PASSWORD: hunter2hunter2\n"
    )
    outcome = check(tmp_path, {"compose.yml": compose, "medplum.config.json": CONFIGURATION}, "compose.yml")
    # What the file lacks is missing, but for redis: the variable is what was meant to give it.
    assert [one.path for one in outcome.result.findings if one.rule == "missing-setting"] == [
        ("binaryStorage",),
        ("database",),
        ("supportEmail",),
    ]
    assert [one for one in found(outcome) if "missing-setting" not in one] == [
        "compose.yml:4:5 ignored-environment warning",
        "compose.yml:9:31 plaintext-secret error",
        "medplum.config.json:2:14 missing-trailing-slash error",
        "medplum.config.json:4:18 misread-boolean error",
    ]


def test_an_argument_that_is_not_known_is_noted(tmp_path: Path) -> None:
    outcome = check(
        tmp_path, {"compose.yml": COMPOSE.format(argument='["${SOURCE}"]'), "medplum.config.json": CONFIGURATION}, "compose.yml"
    )
    why = "how the service server is started is not known here, so what its argument names beside its variables is not checked with them"
    assert [notice.text for notice in outcome.result.notices] == [f"{tmp_path}/compose.yml:4: {why}"]
    assert found(outcome) == []


def test_nothing_expands_a_reference_in_a_file_that_is_mounted(tmp_path: Path) -> None:
    text = '{"appBaseUrl": "${APP}",\n"database": {"password": "${PASSWORD}"},\n"redis": {"host": "$REDIS"}}'
    files = {"compose.yml": COMPOSE.format(argument="file:medplum.config.json,env"), "medplum.config.json": text}
    (finding,) = (one for one in check(tmp_path, files).result.findings if one.rule == "unfilled-placeholder")
    assert [Path(finding.document.uri).name, finding.path, *(one.path for one in finding.related)] == [
        "medplum.config.json",
        ("appBaseUrl",),
        ("database", "password"),
        ("redis", "host"),
    ]


def test_what_is_not_given_leaves_the_sum_incomplete(tmp_path: Path) -> None:
    files = {
        "compose.yml": COMPOSE.format(argument="aws:/medplum/prod/,file:medplum.config.json,env"),
        "medplum.config.json": CONFIGURATION,
    }
    assert of(check(tmp_path, files), "missing-setting", "misread-boolean") == ["medplum.config.json:4:18 misread-boolean error"]


def test_a_dump_stands_for_parameter_store(tmp_path: Path) -> None:
    parameters = [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in (("baseUrl", "x"), ("port", "80a"))]
    files = {
        "compose.yml": COMPOSE.format(argument="aws:eu-west-1:/medplum/prod/,env"),
        "dump.json": json.dumps({"Parameters": parameters}),
    }
    outcome = check(tmp_path, files)
    assert of(outcome, "misread-number", "invalid-url") == ["dump.json:1:142 misread-number error"]
    other = check(tmp_path, {**files, "compose.yml": COMPOSE.format(argument="aws:eu-west-1:/medplum/test/,env")})
    assert len(of(other, "misread-number", "invalid-url")) == 2  # another environment's dump is checked by itself


# --- Where files are mounted ----------------------------------------------------------------------------------------------------------

MOUNTS = {
    "a folder": 'volumes: ["./config:/config"]',
    "the long form": "volumes: [{type: bind, source: ./config/server.json, target: /config/server.json}]",
    "a config": "configs: [{source: server, target: /config/server.json}]",
    "a secret": "secrets: [{source: server, target: /config/server.json}]",
}


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS.keys())
def test_mounts_of_compose_are_followed(mount: str, tmp_path: Path) -> None:
    compose = (
        f"services:\n  server:\n    image: medplum/medplum-server:5.1.12\n    command: file:/config/server.json\n    {mount}\n"
        "configs: {server: {file: ./config/server.json}}\nsecrets: {server: {file: config/server.json}}\n"
    )
    outcome = check(tmp_path, {"compose.yml": compose, "config/server.json": CONFIGURATION}, "compose.yml")
    assert of(outcome, "missing-trailing-slash", "misplaced-config-file") == ["server.json:2:14 missing-trailing-slash error"]


def test_the_content_of_a_config_is_checked_in_place(tmp_path: Path) -> None:
    content = "".join(f"      {line}\n" for line in CONFIGURATION.splitlines())
    compose = (
        "services:\n  server:\n    image: medplum/medplum-server:5.1.12\n    command: file:/server\n    configs: [server]\n"
        f"configs:\n  server:\n    content: |\n{content}"
    )
    assert of(check(tmp_path, {"compose.yml": compose}), "missing-trailing-slash") == ["compose.yml:10:20 missing-trailing-slash error"]


def test_nothing_outside_the_repository_is_read(tmp_path: Path) -> None:
    (tmp_path / "medplum.config.json").write_text(CONFIGURATION)
    compose = COMPOSE.format(argument="file:medplum.config.json,env").replace("./medplum", "../medplum")
    outcome = check(tmp_path / "repository", {"compose.yml": compose})
    assert of(outcome, "missing-trailing-slash", "misread-boolean", "missing-setting") == []
    assert [Path(file.path).name for file in outcome.result.files] == ["compose.yml"]


MANIFEST = """\
apiVersion: v1
kind: {kind}
metadata: {{name: medplum}}
{data}:
  server.json: |-
    {{"baseUrl": "https://api.hospital.health"}}
---
apiVersion: v1
kind: Pod
metadata: {{name: medplum}}
spec:
  containers:
    - name: server
      image: medplum/medplum-server:5.1.12
      args: ["file:/config/server.json"]
      volumeMounts: [{mount}]
  volumes: [{{name: config, {volume}}}]
"""
VOLUMES = {
    "a folder": ("{name: config, mountPath: /config}", "configMap: {name: medplum}"),
    "a part": ("{name: config, mountPath: /config/server.json, subPath: server.json}", "configMap: {name: medplum}"),
    "a secret": ("{name: config, mountPath: /config}", "secret: {secretName: medplum}"),
    "another name": (
        "{name: config, mountPath: /config/server.json, subPath: x}",
        "configMap: {name: medplum, items: [{key: server.json, path: x}]}",
    ),
}


@pytest.mark.parametrize(("mount", "volume"), VOLUMES.values(), ids=VOLUMES.keys())
def test_mounted_objects_are_checked_in_place(mount: str, volume: str, tmp_path: Path) -> None:
    is_secret = "secretName" in volume
    data = "stringData" if is_secret else "data"
    text = MANIFEST.format(kind="Secret" if is_secret else "ConfigMap", data=data, mount=mount, volume=volume)
    assert of(check(tmp_path, {"pod.yaml": text}), "missing-trailing-slash") == ["pod.yaml:6:17 missing-trailing-slash error"]


def test_json_with_other_characters_than_its_text_is_left_alone(tmp_path: Path) -> None:
    mount, volume = VOLUMES["a folder"]
    text = MANIFEST.format(kind="ConfigMap", data="data", mount=mount, volume=volume)
    escaped = text.replace('|-\n    {"baseUrl": "https://api.hospital.health"}', json.dumps('{"baseUrl": "https://api.hospital.health"}'))
    assert found(check(tmp_path, {"pod.yaml": escaped})) == []


# --- By hand --------------------------------------------------------------------------------------------------------------------------


def test_an_argument_by_hand(tmp_path: Path) -> None:
    parameters = {"Parameters": [{"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://one.hospital.health/"}]}
    dump, variables = write(tmp_path, {"dump.json": json.dumps(parameters), ".env": "MEDPLUM_BASE_URL=https://two.hospital.health/\n"})
    over = joined(dump, variables, start="aws:eu-west-1:/medplum/prod/,env")
    under = joined(dump, variables, start="env,aws:eu-west-1:/medplum/prod/")
    assert (over.data, under.data) == ({"baseUrl": "https://two.hospital.health/"}, {"baseUrl": "https://one.hospital.health/"})
    assert over.kinds == ("server/ssm", "server/env")


def test_what_the_argument_names_is_a_servers_though_a_client_could_have_it(tmp_path: Path) -> None:
    files = {
        "medplum.config.json": '{"baseUrl": "https://one.hospital.health/", "clientId": "x"}',
        ".env": "MEDPLUM_BASE_URL=https://two.example/\n",
    }
    document = joined(*write(tmp_path, files), start="env,file:medplum.config.json")
    assert document.data == {"baseUrl": "https://one.hospital.health/", "clientId": "x"}
    assert document.kinds == ("server/env", "server/json")


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("aws:/medplum/prod", "--start: the argument names a path that does not end with a slash: no setting is found under it"),
        ("hunter2", "--start: the argument begins with none of env, file, aws, gcp and azure"),
        ("file:other.json", "--start: no input is one of the sources that it names"),
    ],
)
def test_an_argument_by_hand_that_joins_nothing(start: str, says: str, tmp_path: Path) -> None:
    outcome = check(tmp_path, {".env": "MEDPLUM_BASE_URL=https://two.hospital.health/\nMEDPLUM_DATABASE_HOST=db\n"}, start=start)
    assert (outcome.errors, outcome.exit_code) == ((says,), 2)


def test_show_says_which_source_gives_a_setting(tmp_path: Path) -> None:
    files = {"compose.yml": COMPOSE.format(argument="file:medplum.config.json,env"), "medplum.config.json": CONFIGURATION}
    compose, configuration = write(tmp_path, files)
    printed = CliRunner().invoke(cli.cli, ["show", compose]).output.replace(f"{tmp_path}/", "")
    assert printed == (
        "compose.yml (server/json + server/env, service server, server 5.1.12)\n"
        '  appBaseUrl   "https://app.hospital.health/"  medplum.config.json:3 (json)\n'
        '  logRequests  "false"                         medplum.config.json:4 (json)'
        "  ! is text, and the server reads any text as true, so each request is logged, with the names and identifiers of patients that"
        " search URLs contain; write true or false without quotes\n"
        '  baseUrl      "https://api.hospital.health/"  compose.yml:7 (env)\n'
    )
    rows = json.loads(CliRunner().invoke(cli.cli, ["show", "--format", "json", compose]).output)["documents"][0]["settings"]
    assert [(row["setting"], row["source"], row["line"]) for row in rows] == [
        ("appBaseUrl", "server/json", 3),
        ("logRequests", "server/json", 4),
        ("baseUrl", "server/env", 7),
    ]
    assert configuration


def test_arrays_are_replaced_and_objects_merged(tmp_path: Path) -> None:
    text = json.dumps({"allowedOrigins": ["a", "b"], "database": {"host": "one", "port": 1}, "redis": {"host": "r"}})
    files = {
        "medplum.config.json": text,
        ".env": "MEDPLUM_DATABASE_HOST=two\nMEDPLUM_REDIS=5\nMEDPLUM_BASE_URL=https://x.hospital.health/\n",
    }
    configuration, variables = write(tmp_path, files)
    document = joined(configuration, variables, start="file:medplum.config.json,env")
    assert document.data["database"] == {"host": "two", "port": 1}
    kinds = [document.layer(path).kind for path in (("database", "host"), ("database", "port"), ("redis", "host"), ("allowedOrigins", 1))]
    assert kinds == ["server/env", "server/json", "server/env", "server/json"]
    assert document.get(("database", "dbname")) is ABSENT


OF_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: medplum}}
spec:
{selector}  template:
    metadata: {{annotations: {annotations}}}
    spec:
      containers:
        - name: server
          image: medplum/medplum-server:5.1.12
          args: ["file:/vault/secrets/medplum.json"]
"""


@pytest.mark.parametrize(
    ("selector", "annotations", "wanted"),
    [
        ("  selector: {}\n", "{}", ["pod.yaml:12:11 misplaced-config-file error"]),
        ("", "{}", []),  # a patch of kustomize
        ("  selector: {}\n", "{vault.hashicorp.com/agent-inject: 'true'}", []),
    ],
)
def test_files_that_others_may_mount_are_not_missing(selector: str, annotations: str, wanted: list[str], tmp_path: Path) -> None:
    assert found(check(tmp_path, {"pod.yaml": OF_DEPLOYMENT.format(selector=selector, annotations=annotations)})) == wanted


def test_variables_of_node_are_not_reported_as_ignored(tmp_path: Path) -> None:
    compose = COMPOSE.replace("    command: {argument}\n", "").replace("MEDPLUM_BASE_URL: https://api.hospital.health/", "TZ: UTC")
    outcome = check(tmp_path, {"compose.yml": compose, "medplum.config.json": CONFIGURATION}, "compose.yml")
    assert of(outcome, "ignored-environment", "missing-trailing-slash") == ["medplum.config.json:2:14 missing-trailing-slash error"]


def test_what_one_server_lacks_does_not_depend_on_another_one(tmp_path: Path) -> None:
    """Both read the same secret; the variables of the one are not all known."""
    vault = {"baseUrl": "https://api.hospital.health/", "database.host": "db.hospital.health", "database.ssl.require": "true"}
    service = "services: {%s: {image: 'medplum/medplum-server:5.1.23', command: 'azure:hospital.vault.azure.net:medplum,env', %s}}\n"
    files = {
        "a/compose.yaml": service % ("unknown", "environment: {MEDPLUM_PORT: '8103'}, env_file: [missing.env]"),
        "b/compose.yaml": service % ("known", "environment: {MEDPLUM_PORT: '8103'}"),
        "medplum-vault.json": json.dumps(vault),
    }
    paths = write(tmp_path, files)
    for order in (paths, paths[::-1]):
        found = [one for one in lint_paths(order, Options()).result.findings if one.rule == "missing-setting"]
        assert [one.holders or one.document.holders for one in found] == [(("service", "known"),)]


def test_a_secret_is_joined_with_the_dump_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its members come first, parameters override them, and it is checked by itself too."""
    monkeypatch.chdir(tmp_path)
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod-db"
    dump = {"/medplum/prod/DatabaseSecrets": arn, "/medplum/prod/database.port": "5433", "/medplum/prod/port": "8103"}
    secret = {"host": "db.hospital.org", "port": 5432, "dbname": "medplum", "username": "medplum", "password": "kUnpyqW7rTz2"}
    (tmp_path / "ssm.json").write_text(json.dumps(dump), encoding="utf-8")
    answer = {"ARN": f"{arn}-AbCdEf", "Name": "prod-db", "SecretString": json.dumps(secret)}
    (tmp_path / "secret.json").write_text(json.dumps(answer), encoding="utf-8")
    shown = CliRunner().invoke(cli.cli, ["show", "ssm.json", "secret.json"]).output
    assert [line.split() for line in shown.splitlines()[1:6]] == [
        ["database.host", '"db.hospital.org"', "secret.json:1", "(secret)"],
        ["database.dbname", '"medplum"', "secret.json:1", "(secret)"],
        ["database.username", '"medplum"', "secret.json:1", "(secret)"],
        ["database.password", "••••••", "secret.json:1", "(secret)"],
        ["DatabaseSecrets", f'"{arn}"', "ssm.json:1", "(ssm)"],
    ]
    found = {(one.rule, one.path, one.setting) for one in check_files("ssm.json", "secret.json").findings}
    assert ("unencrypted-database", "ssm.json", "database.ssl") in found
    assert ("parameter-differs-from-secret", "ssm.json", "database.port") in found
    (tmp_path / "secret.json").write_text(
        json.dumps({**answer, "SecretString": json.dumps({**secret, "ssl": {"require": True}})}), encoding="utf-8"
    )
    assert "unencrypted-database" not in {one.rule for one in check_files("ssm.json", "secret.json").findings}


PARAMETERS = {"baseUrl": "https://api.hospital.health/", "DatabaseSecrets": "medplum/prod/database", "RedisSecrets": "medplum/prod/redis"}
STARTED = """\
services:
  server:
    image: medplum/medplum-server:5.1.12
    command: {argument}
"""
VARIABLE = "    environment: {MEDPLUM_LOG_LEVEL: INFO}\n"


def dump(**parameters: str) -> str:
    return json.dumps(
        {"Parameters": [{"Name": f"/medplum/prod/{name}", "Type": "SecureString", "Value": text} for name, text in parameters.items()]}
    )


@pytest.mark.parametrize("argument", ["aws:/medplum/prod/,env", "env,aws:/medplum/prod/", "aws:/medplum/prod/"])
@pytest.mark.parametrize("variable", ["", VARIABLE])
def test_a_server_of_parameters_and_variables_lacks_what_the_parameters_lack(argument: str, variable: str, tmp_path: Path) -> None:
    """A secret that the parameters name and nobody gave is not missing; a variable that the server does not read changes nothing."""
    alone = check(tmp_path / "alone", {"dump.json": dump(**PARAMETERS)})
    both = check(tmp_path / "both", {"dump.json": dump(**PARAMETERS), "compose.yml": STARTED.format(argument=argument) + variable})
    missing = ["dump.json:1:1 missing-setting error", "dump.json:1:1 unencrypted-database warning"]
    assert found(alone) == missing
    ignored = ["compose.yml:4:5 ignored-environment warning"] if variable and "env" not in argument.split(",") else []
    assert found(both) == [*ignored, *missing]


def dump_of(region: str) -> str:
    parameters = json.loads(dump(**PARAMETERS))["Parameters"]
    return json.dumps({"Parameters": [{**one, "ARN": f"arn:aws:ssm:{region}:123456789012:parameter{one['Name']}"} for one in parameters]})


def misnamed(outcome: Outcome) -> list[tuple[str, str]]:
    places = zip(found(outcome), outcome.result.findings, strict=True)
    return [(place, one.message) for place, one in places if one.rule in ("misnamed-parameter-path", "invalid-start-argument")]


AT = "compose.yml:4:5 misnamed-parameter-path error"


@pytest.mark.parametrize(
    ("argument", "region", "message"),
    [
        (
            "aws:us-east-1:/medplum/Prod/",
            "",
            "the start argument names aws:us-east-1:/medplum/Prod/, but the parameters are at /medplum/prod/: the server finds none of them"
            " and does not start; write aws:us-east-1:/medplum/prod/",
        ),
        (
            "env,aws:eu-west-1:/medplum//prod/",
            "eu-west-1",
            "the start argument names aws:eu-west-1:/medplum//prod/, but the parameters are at /medplum/prod/: the server finds none of"
            " them; write aws:eu-west-1:/medplum/prod/",
        ),
        (
            "aws:/medplum/prod/",
            "eu-west-1",
            "the start argument names aws:us-east-1:/medplum/prod/, but the parameters are at /medplum/prod/ in eu-west-1: the server finds"
            " none of them and does not start; write aws:eu-west-1:/medplum/prod/",
        ),
    ],
)
def test_a_path_that_is_nearly_one_that_is_read(argument: str, region: str, message: str, tmp_path: Path) -> None:
    text = dump_of(region) if region else dump(**PARAMETERS)
    outcome = check(tmp_path, {"dump.json": text, "compose.yml": STARTED.format(argument=argument)})
    assert misnamed(outcome) == [(AT, message)]
    assert not [one for one in outcome.result.notices if "aws:" in one.message]
    by_hand = check(tmp_path / "by-hand", {"dump.json": text}, start=argument)
    assert (by_hand.errors, misnamed(by_hand), by_hand.exit_code) == ((f"--start: {message}",), [], 2)


@pytest.mark.parametrize(
    ("argument", "rules"),
    [
        ("aws:eu-west-1:/medplum/prod/", []),
        ("aws:eu-west-1:/medplum/prod", ["invalid-start-argument"]),  # which is wrong in itself
        ("aws:/Medplum/prod", ["invalid-start-argument"]),
        ("aws:eu-west-1:medplum/prod/", ["invalid-start-argument"]),
        ("aws:eu-west-1:/medplum/staging/", []),
        ("${SOURCE}", []),
    ],
)
def test_a_path_that_is_another_one_or_wrong_in_itself(argument: str, rules: list[str], tmp_path: Path) -> None:
    outcome = check(tmp_path, {"dump.json": dump_of("eu-west-1"), "compose.yml": STARTED.format(argument=argument)})
    assert [place.split()[1] for place, _ in misnamed(outcome)] == rules


def test_a_region_of_its_own_beside_a_server_that_reads_the_dump(tmp_path: Path) -> None:
    """The path may well be there too, unless the server names no region, or the path is another one."""
    api = STARTED.format(argument="aws:eu-west-1:/medplum/prod/")
    for argument, lines in (
        ("aws:us-east-1:/medplum/prod/", []),
        ("aws:/medplum/prod/", ["7:5"]),
        ("aws:us-east-1:/medplum/Prod/", ["7:5"]),
    ):
        second = f"  other:\n    image: medplum/medplum-server:5.1.12\n    command: {argument}\n"
        outcome = check(tmp_path, {"dump.json": dump_of("eu-west-1"), "compose.yml": api + second})
        assert [place.split()[0] for place, _ in misnamed(outcome)] == [f"compose.yml:{line}" for line in lines], argument


def test_an_argument_in_another_file_than_the_service(tmp_path: Path) -> None:
    base = STARTED.format(argument="aws:/medplum/PROD/").replace("server:", "base:", 1)
    service = "services:\n  server:\n    extends: {file: base.yml, service: base}\n    environment: {MEDPLUM_LOG_LEVEL: INFO}\n"
    files = {"compose.yml": service, "base.yml": base, "dump.json": dump(**PARAMETERS)}
    outcome = check(tmp_path, files, "compose.yml", "dump.json")
    assert [place for place, _ in misnamed(outcome)] == ["base.yml:4:5 misnamed-parameter-path error"]
    unit = "[Service]\nEnvironment=MEDPLUM_LOG_LEVEL=INFO\nExecStart=/usr/bin/node packages/server/dist/index.js aws:/medplum/PROD/\n"
    outcome = check(tmp_path / "unit", {"medplum.service": unit, "dump.json": dump(**PARAMETERS)})
    assert [place for place, _ in misnamed(outcome)] == ["medplum.service:3:1 misnamed-parameter-path error"]


@pytest.mark.parametrize("argument", ["aws:/medplum/prod/,file:medplum.config.json", "file:medplum.config.json,aws:/medplum/prod/"])
def test_what_only_parameter_store_has_is_asked_of_the_source_that_gives_it(argument: str, tmp_path: Path) -> None:
    files = {
        "dump.json": dump(DatabaseSecrets="medplum/prod/database"),
        "medplum.config.json": '{"baseUrl": "https://a.hospital.health/", "port": 8103, "redis": {}}',
    }
    outcome = check(tmp_path, files, start=argument)
    assert of(outcome, "misplaced-setting") == []
    assert "database" not in " ".join(one.message for one in outcome.result.findings if one.rule == "missing-setting")


def test_an_api_and_its_worker_are_each_compared_with_the_stack(tmp_path: Path) -> None:
    infra = {"name": "prod", "region": "us-east-1", "accountNumber": "123456789012", "apiPort": 8103, "storageBucketName": "other-bucket"}
    secret = {
        "ARN": "a",
        "Name": "medplum/prod/database",
        "SecretString": json.dumps({"host": "db.hospital.health", "port": 5432, "dbname": "medplum"}),
    }
    files = {
        "dump.json": dump(**PARAMETERS, port="8104", binaryStorage="s3:hospital", **{"database.host": "db2.hospital.health"}),
        "medplum.prod.config.json": json.dumps(infra),
        "secret.json": json.dumps(secret),
    }
    tasks = {
        f"{name}.json": json.dumps(
            {"family": name, "containerDefinitions": [{"name": name, "image": "medplum/medplum-server:5.1.20", "command": [argument]}]}
        )
        for name, argument in (("api", "aws:us-east-1:/medplum/prod/"), ("worker", "aws:us-east-1:/medplum/prod/,env"))
    }
    compared = ("server-differs-from-infra", "parameter-differs-from-secret")
    alone = check(tmp_path / "alone", files)
    assert [one.split()[1] for one in of(alone, *compared)] == [
        "server-differs-from-infra",
        "server-differs-from-infra",
        "parameter-differs-from-secret",
    ]
    both = check(tmp_path / "both", files | tasks)
    assert found(both) == found(check(tmp_path / "one", {**files, "api.json": tasks["api.json"]})) == found(alone)
    [(rule, holders), *_] = [(one.rule, one.holders) for one in both.result.findings if one.rule in compared]
    assert (rule, holders) == (compared[0], (("task definition", "api"), ("task definition", "worker")))
    assert [(one.name, len(one.documents)) for one in both.result.deployments] == [("prod", 3), ("prod", 3)]


REDIS = {"host": "master.abc.x1y2z3.use1.cache.amazonaws.com", "port": "6379", "password": "${PASSWORD}"}

NO_HOST = {**REDIS, "host": ""}


def secret(name: str, **members: str) -> str:
    return json.dumps(
        {"ARN": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf", "Name": name, "SecretString": json.dumps(members)}
    )


@pytest.mark.parametrize(
    ("parameters", "members", "findings"),
    [
        ({}, REDIS, ["dump.json:1:1 unencrypted-redis error"]),
        ({"redis.tls": "true"}, REDIS, []),
        ({"redis.tls": "true"}, {**REDIS, "port": "many"}, ["secret.json:1:207 wrong-type error"]),
        ({"redis.tls": "true", "redis.port": "6379"}, {**REDIS, "port": "many"}, []),
        ({"redis.tls": "true"}, NO_HOST, ["secret.json:1:149 incomplete-connection-secret error"]),
        ({"redis.tls": "true", "redis.host": "cache.hospital.health"}, NO_HOST, []),
    ],
)
def test_a_secret_is_judged_as_its_server_reads_it(
    parameters: dict[str, str], members: dict[str, str], findings: list[str], tmp_path: Path
) -> None:
    """What a parameter gives is not missing from the secret, and what a parameter replaces is not checked there."""
    files = {"dump.json": dump(RedisSecrets="medplum/prod/redis", **parameters), "secret.json": secret("medplum/prod/redis", **members)}
    outcome = check(tmp_path, files)
    rules = ("unencrypted-redis", "wrong-type", "incomplete-connection-secret", "parameter-differs-from-secret")
    assert [one for one in of(outcome, *rules) if "parameter-differs" not in one] == findings


READERS = """\
services:
  api:
    image: medplum/medplum-server:5.1.23
    command: "aws:us-east-1:/medplum/prod/,env"
    environment: {{{}}}
  worker:
    image: medplum/medplum-server:5.1.23
    command: "aws:us-east-1:/medplum/prod/,env"
    environment: {{{}}}
"""


@pytest.mark.parametrize(
    ("api", "worker", "findings"),
    [
        ("MEDPLUM_REDIS_HOST: cache", "MEDPLUM_REDIS_HOST: cache", []),
        ("MEDPLUM_REDIS_HOST: cache", "MEDPLUM_REDIS_PORT: 6379", ["secret.json:1:138 incomplete-connection-secret error"]),
        ("MEDPLUM_REDIS_PORT: 6379", "MEDPLUM_REDIS_PORT: 6379", ["secret.json:1:138 incomplete-connection-secret error"]),
        ("MEDPLUM_REDIS_HOST: cache", "", ["secret.json:1:138 incomplete-connection-secret error"]),
    ],
)
def test_what_each_reader_of_a_secret_is_given_is_not_missing(api: str, worker: str, findings: list[str], tmp_path: Path) -> None:
    """A variable of one service gives nothing to the other, and what the secret lacks is said once, there."""
    parameters = {**PARAMETERS, "RedisSecrets": "medplum/prod/redis", "redis.tls": "true"}
    files = {
        "dump.json": dump(**parameters),
        "secret.json": secret("medplum/prod/redis", port="6379", password="${PASSWORD}"),
        "compose.yml": READERS.format(api, worker),
    }
    assert of(check(tmp_path, files), "incomplete-connection-secret", "missing-host") == findings


def test_what_one_secret_lacks_hides_nothing_that_another_section_lacks(tmp_path: Path) -> None:
    files = {
        "dump.json": dump(**PARAMETERS, CacheRedisSecrets="medplum/prod/cache"),
        "secret.json": secret("medplum/prod/cache", port="6379", password="${PASSWORD}"),
        "compose.yml": READERS.format("MEDPLUM_PUBSUB_REDIS_PORT: 6379", "MEDPLUM_CACHE_REDIS_PORT: 6379"),
    }
    expected = ["compose.yml:5:5 missing-host error", "secret.json:1:138 incomplete-connection-secret error"]
    assert of(check(tmp_path, files), "incomplete-connection-secret", "missing-host") == expected


WHOLE = {"baseUrl": "http://localhost:8103/", "database": {"host": "localhost"}, "redis": {"host": "localhost"}}
LAYER = {
    "port": 8104,
    "baseUrl": "http://localhost:8104/",
    "appBaseUrl": "http://localhost:3001",
    "storageBaseUrl": "http://localhost:8104/storage/",
}


@pytest.mark.parametrize(
    ("name", "base", "is_layer"),
    [
        ("medplum-e2e.config.json", "medplum.config.json", True),
        ("medplum.e2e.config.json", "medplum.config.json", True),
        ("medplum.e2e.config.json", "medplum.prod.config.json", False),  # of another environment
        ("medplum-e2e.config.json", "other/medplum.config.json", False),
    ],
)
def test_a_file_without_connections_beside_a_whole_one_is_a_layer(name: str, base: str, is_layer: bool, tmp_path: Path) -> None:
    outcome = check(tmp_path, {name: json.dumps(LAYER), base: json.dumps(WHOLE)})
    of_layer = [one.split()[1] for one in found(outcome) if one.startswith(name)]
    assert of_layer == (
        ["missing-trailing-slash"] if is_layer else ["missing-setting", "missing-setting", "missing-setting", "missing-trailing-slash"]
    )
    notes = [notice.text.partition(": ")[2] for notice in outcome.result.notices]
    way_out = f"--start file:{base},file:{name} checks both as one server"
    assert notes == ([f"checked as a part of a configuration, because {base} has the rest; {way_out}"] if is_layer else [])
    alone = check(tmp_path / "alone", {name: json.dumps(LAYER)})
    assert "missing-setting" in " ".join(found(alone)) and not alone.result.notices


def test_of_files_with_one_name_the_path_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("x/medplum.config.json", "y/medplum.config.json")
    write(
        tmp_path,
        {
            names[0]: json.dumps({"port": 8103, "baseUrl": "https://a.hospital.health"}),
            names[1]: '{"baseUrl": "https://b.hospital.health"}',
        },
    )
    outcome = lint_paths(list(names), Options(start=",".join(f"file:{name}" for name in names)))
    assert outcome.errors == ()
    assert of(outcome, "missing-trailing-slash") == ["medplum.config.json:1:13 missing-trailing-slash error"]


@pytest.mark.parametrize("start", ["azure:hospital.vault.azure.net:medplum", "gcp:hospital:medplum"])
def test_the_start_argument_says_what_a_vault_holds(start: str, tmp_path: Path) -> None:
    """The server reads texts from a vault as from Parameter Store, so that this switch is off."""
    text = json.dumps({"baseUrl": "https://api.hospital.health/", "logLevel": "INFO", "registerEnabled": "false"})
    outcome = check(tmp_path, {"secret.json": text}, start=start)
    assert [(file.kind, outcome.errors) for file in outcome.result.files] == [("server/azure", ())]
    assert of(outcome, "misread-boolean") == []


def test_an_answer_of_secrets_manager_is_no_vault(tmp_path: Path) -> None:
    files = {
        "vault.json": json.dumps({"baseUrl": "https://api.hospital.health/", "logLevel": "INFO"}),
        "other.json": secret("other", token="x"),
    }
    outcome = check(tmp_path, files, start="azure:hospital.vault.azure.net:medplum")
    assert [(Path(file.path).name, file.kind) for file in outcome.result.files] == [("other.json", None), ("vault.json", "server/azure")]


def test_what_a_file_that_is_not_here_may_give_is_not_missing(tmp_path: Path) -> None:
    """The variables are no more than what was meant to be read."""
    compose = (
        COMPOSE.replace("    command: {argument}\n", "")
        + "      MEDPLUM_DATABASE_HOST: db\n      MEDPLUM_DATABASE_PASSWORD: ${PASSWORD}\n      MEDPLUM_REDIS_HOST: redis\n"
    )
    outcome = check(tmp_path, {"compose.yml": compose})
    assert found(outcome) == ["compose.yml:5:5 ignored-environment warning"]
    assert [notice.text.rpartition("compose.yml: ")[2] for notice in outcome.result.notices] == [
        "file:medplum.config.json is not read: give the file too"
    ]
    given = check(tmp_path / "given", {"compose.yml": compose, "medplum.config.json": CONFIGURATION})
    assert {"missing-trailing-slash", "missing-setting"} <= {one.rule for one in given.result.findings}


def test_variables_that_a_store_replaces_are_only_ignored(tmp_path: Path) -> None:
    compose = (
        STARTED.format(argument="aws:/medplum/prod/")
        + "    environment: {MEDPLUM_BASE_URL: https://a.hospital.health, MEDPLUM_REDIS_PASSWORD: hunter2hunter2}\n"
    )
    outcome = check(tmp_path, {"compose.yml": compose})
    assert found(outcome) == ["compose.yml:4:5 ignored-environment warning", "compose.yml:5:88 plaintext-secret error"]
    [notice] = outcome.result.notices
    assert notice.text.endswith("aws:/medplum/prod/ is not read: give the output of aws ssm get-parameters-by-path too")


NAMED = """\
{"Parameters": [
  {"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://api.hospital.health/"},
  {"Name": "/medplum/prod/DatabaseSecrets", "Type": "String", "Value": "medplum/prod/database"}
]}
"""
SECRET = '{"Name": "medplum/prod/database", "SecretString": "{\\"host\\": \\"db.hospital.health\\", \\"dbname\\": \\"medplum\\"}"}'
WHAT_IS_NOT_READ = (
    "the secret that DatabaseSecrets names is not read: give the output of aws secretsmanager get-secret-value too "
    "(database.host, database.port, database.dbname, database.username, database.password, database.queryTimeout)"
)


def test_show_and_explain_say_what_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"dump.json": NAMED, "secret.json": SECRET})
    monkeypatch.chdir(tmp_path)

    def output(*arguments: str) -> list[str]:
        return CliRunner().invoke(cli.cli, arguments).output.splitlines()

    assert output("show", "dump.json")[1:] == [
        '  baseUrl          "https://api.hospital.health/"  line 2',
        '  DatabaseSecrets  "medplum/prod/database"         line 3',
        f"  {WHAT_IS_NOT_READ}",
    ]
    assert f"  not read     {WHAT_IS_NOT_READ}" in output("explain", "missing-setting", "dump.json")
    assert not [line for line in output("show", "dump.json", "secret.json") if "not read" in line]


def test_show_as_json_says_what_is_not_read(tmp_path: Path) -> None:
    paths = write(tmp_path, {"compose.yaml": COMPOSE.format(argument='["aws:us-east-1:/medplum/prod/,env"]')})
    (shown,) = json.loads(CliRunner().invoke(cli.cli, ["show", "--format", "json", *paths]).output)["documents"]
    why = "aws:us-east-1:/medplum/prod/ is not read: give the output of aws ssm get-parameters-by-path too"
    assert shown["not_read"] == [{"why": why, "settings": []}]


def test_diff_does_not_compare_with_a_secret_that_is_not_read(tmp_path: Path) -> None:
    whole = {"baseUrl": "https://api.hospital.health/", "database": {"host": "db.hospital.health"}}
    paths = write(tmp_path, {"dump.json": NAMED, "medplum.config.json": json.dumps(whole)})
    found = json.loads(CliRunner().invoke(cli.cli, ["diff", "--format", "json", *paths]).stdout)["differences"]
    assert [one["setting"] for one in found if one["setting"].startswith("database.")] == []


def test_upgrade_joins_what_a_start_argument_names(tmp_path: Path) -> None:
    files = {"compose.yaml": COMPOSE.format(argument="[file:medplum.config.json,env]"), "medplum.config.json": CONFIGURATION}
    result = CliRunner().invoke(cli.cli, ["upgrade", "--from", "5.1.12", *write(tmp_path, files), "--format", "json"])
    assert json.loads(result.stdout)["whole"]


def test_a_text_at_which_the_server_stops_is_reported_where_it_is_overridden(tmp_path: Path) -> None:
    """It parses every variable before it merges its sources."""
    files = {
        ".env": "MEDPLUM_BASE_URL=https://api.hospital.health/\nMEDPLUM_REDIS_TLS=nonsense\n",
        "b.json": json.dumps({"appBaseUrl": "https://app.hospital.health/", "redis": {"tls": {}}}),
    }
    assert of(check(tmp_path, files, start="env,file:b.json"), "misread-object") == [".env:2:19 misread-object error"]
