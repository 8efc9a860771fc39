"""How files are recognised, by content more than by name, and the reason for one that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from linter import cli
from linter.documents.inputs import Input
from linter.run.load import Reading, load

NOT_RECOGNISED = "not recognised as a Medplum configuration: "
OF_NO_FORMAT = f"{NOT_RECOGNISED}it is neither JSON nor YAML nor a list of variables of a Medplum server"
BOTS = [{"name": "intake", "id": "7b1f0c52-91de-4a55-8a86-4a3c1f6d2b90", "source": "src/intake.ts", "dist": "dist/intake.js"}]
SERVER: dict[str, Any] = {
    "port": 8103,
    "baseUrl": "http://localhost:8103/",
    "appBaseUrl": "http://localhost:3000/",
    "binaryStorage": "file:./binary/",
    "storageBaseUrl": "http://localhost:8103/storage/",
    "supportEmail": "dev@ward.example",
    "database": {"host": "localhost", "port": 5432, "dbname": "medplum", "username": "medplum", "password": "medplum"},
    "redis": {"host": "localhost", "port": 6379, "password": "medplum"},
}
CDK: dict[str, Any] = {
    "stackName": "Clinic",
    "accountNumber": "123456789012",
    "apiDomainName": "api.clinic.example",
    "appDomainName": "app.clinic.example",
    "storageDomainName": "storage.clinic.example",
    "maxAzs": 2,
    "rdsInstances": 1,
    "desiredServerCount": 2,
}


def read(name: str, content: str | dict[str, Any], *, kind: str | None = None, searched: bool = False) -> Reading:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    return load(Input(name, text.encode(), Path(name), searched=searched), kind)


def taken_for(name: str, content: str | dict[str, Any], *, searched: bool = False) -> str:
    """The kind of the documents of a file, with ``…`` where more of the configuration is elsewhere; else the reason."""
    reading = read(name, content, searched=searched)
    documents = [one.document for one in reading.loaded]
    kinds = [f"{document.kind}{'' if document.complete else ' …'}" for document in documents]
    return ", ".join(kinds) or f"{'unread' if reading.unread else 'ignored'}: {reading.note}"


def findings(name: str, content: str | dict[str, Any], folder: Path, *options: str) -> list[str]:
    """``rule setting`` of all that is reported of a file."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    report = json.loads(CliRunner().invoke(cli.cli, ["--format", "json", *options, str(path)]).stdout)
    return [f"{finding['rule']} {finding['setting']}" for finding in report["findings"]]


# --- The bots of the CLI in the file of the server ----------------------------------------------------------------------------------

A_BOTS_CONFIG = "ignored: a bots configuration"
OF_THE_CLI = {"baseUrl": "https://api.medplum.com", "clientId": "a", "botLayerName": "b", "botConfigEnabled": True}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({**SERVER, "bots": BOTS}, "server/json"),
        ({"bots": BOTS, "database": {}, "redis": {}}, "server/json"),
        ({"baseUrl": "https://api.clinic.example/", "port": 8103, "allowedOrigins": "*", "bots": BOTS}, "server/json …"),
        ({"bots": BOTS}, A_BOTS_CONFIG),
        ({"baseUrl": "https://api.medplum.com", "bots": BOTS}, A_BOTS_CONFIG),
        (
            {"baseUrl": "https://api.medplum.com", "clientId": "a", "bots": BOTS, "botLayerName": "b", "botConfigEnabled": True},
            A_BOTS_CONFIG,
        ),
        ({"port": 8103, "bots": BOTS}, A_BOTS_CONFIG),
        ({**CDK, "bots": BOTS}, A_BOTS_CONFIG),
    ],
)
@pytest.mark.parametrize("searched", [False, True])
def test_bots(content: dict[str, Any], expected: str, searched: bool) -> None:
    assert taken_for("medplum.config.json", content, searched=searched) == expected


def test_the_server_skips_its_bots(tmp_path: Path) -> None:
    assert findings("medplum.config.json", {**SERVER, "bots": BOTS}, tmp_path) == []
    assert findings("medplum.config.json", {**SERVER, "bots": {"name": "a"}}, tmp_path) == ["unknown-setting bots"]
    assert findings("medplum.config.json", {**SERVER, "redis": {"host": "r", "bots": BOTS}}, tmp_path) == []
    assert findings("medplum.config.json", {**SERVER, "database": {**SERVER["database"], "bots": BOTS}}, tmp_path) == [
        "unknown-setting database.bots"
    ]


# --- Fragments -----------------------------------------------------------------------------------------------------------------------

ORIGINS = {"allowedOrigins": "https://portal.clinic.example"}
URL_AND_PORT = {"baseUrl": "https://api.clinic.example", "port": 8103}


@pytest.mark.parametrize("content", [ORIGINS, URL_AND_PORT, {**URL_AND_PORT, **ORIGINS}, {**ORIGINS, "_comment": "of the portal"}])
@pytest.mark.parametrize(
    ("name", "searched"),
    [("medplum.config.json", False), ("medplum.config.json", True), ("clinic.config.json", True), ("origins.json", False)],
)
def test_a_fragment_is_checked_for_what_it_has(content: dict[str, Any], name: str, searched: bool) -> None:
    assert taken_for(name, content, searched=searched) == "server/json …"


def test_what_a_fragment_lacks_is_elsewhere(tmp_path: Path) -> None:
    assert findings("medplum.config.json", ORIGINS, tmp_path) == []
    assert findings("part.json", URL_AND_PORT, tmp_path) == ["missing-trailing-slash baseUrl"]


def test_what_a_fragment_lacks_is_reported_where_the_user_says_that_it_is_the_whole(tmp_path: Path) -> None:
    found = findings("part.json", URL_AND_PORT, tmp_path, "--kind", "server/json")
    assert "missing-setting database" in found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("medplum.config.json", {**URL_AND_PORT, "database": {}}),
        ("medplum.config.json", {**URL_AND_PORT, **ORIGINS, "appBaseUrl": "https://app.clinic.example/"}),
        ("medplum.config.json", {}),
    ],
)
def test_a_configuration_that_is_not_a_fragment_lacks_the_rest(name: str, content: dict[str, Any]) -> None:
    assert taken_for(name, content) == "server/json"


@pytest.mark.parametrize(
    ("content", "lacking"),
    [
        ({}, "it is empty"),
        ({"foo": 1}, "its only name is not a setting"),
        ({"foo": 1, "$schema": "x"}, "its only name is not a setting"),
        ({"foo": 1, "bar": 2}, "none of its 2 names is a setting"),
        ({"port": 8103}, "port alone can be another program's"),
        ({"port": 3000, **{f"name{number}": 1 for number in range(13)}}, "port is the only setting among its 14 names"),
        (
            {"port": 3000, "logLevel": "info", "host": "x"},
            "only 2 of its 3 names are settings, and other programs have logLevel and port too",
        ),
        (
            {"port": 1, "baseUrl": "x", "a": 1, "b": 2},
            "only 2 of its 4 names are settings, and other programs have baseUrl and port too",
        ),
        ({"port": 1, "baseUrl": "x", "clientId": "y"}, "only 2 of its 3 names are settings, and other programs have baseUrl and port too"),
    ],
)
def test_too_little_to_know(content: dict[str, Any], lacking: str) -> None:
    expected = f"unread: {NOT_RECOGNISED}{lacking}; say with --kind what it is, or leave it out"
    assert taken_for("some.json", content) == expected
    assert taken_for("some.json", content, searched=True) == "ignored: "


def test_a_name_from_the_guide_to_rollbacks_is_a_servers(tmp_path: Path) -> None:
    content = {"disablePostDeployMigrations": True}
    assert taken_for("medplum.config.json", content) == "server/json …"
    assert findings("medplum.config.json", content, tmp_path) == ["unknown-setting disablePostDeployMigrations"]


def test_members_without_braces_are_those_of_the_object_that_they_lack() -> None:
    """Blocks of documentation: the timing of a bot, and mail of a server."""
    timing, mail = '"cronTiming": {"repeat": {"period": 1}}', '"smtp": {"host": "mail.example.com"}, "supportEmail": "a@b.example"'
    expected = f"unread: {NOT_RECOGNISED}its only name is not a setting; say with --kind what it is, or leave it out"
    assert taken_for("some.json", timing) == taken_for("some.json", f"{{{timing}}}") == expected
    assert taken_for("some.json", mail).split()[0] == taken_for("some.json", f"{{{mail}}}").split()[0] == "server/json"


@pytest.mark.parametrize("name", ["some.json", "config.json"])
def test_a_search_takes_no_fragment_that_may_be_another_programs(name: str) -> None:
    assert taken_for(name, URL_AND_PORT, searched=True) == "ignored: "
    assert taken_for("app.config.json", {"port": 3000, "database": {}}, searched=True) == "ignored: "
    assert taken_for("app.config.json", {"port": 3000, "database": {}}) == "server/json"


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("medplum.config.json", OF_THE_CLI, "a configuration of the Medplum app or of a client"),
        ("app.config.json", {"baseUrl": "https://api.clinic.example"}, "a configuration of the Medplum app or of a client"),
        ("package.json", {"name": "x", "version": "1.0.0"}, "not a Medplum configuration"),
    ],
)
@pytest.mark.parametrize("searched", [False, True])
def test_what_is_something_else(name: str, content: dict[str, Any], note: str, searched: bool) -> None:
    assert taken_for(name, content, searched=searched) == f"ignored: {note}"


# --- Settings of the CDK in the file of the server ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({**SERVER, **CDK}, "server/json"),
        ({"baseUrl": "https://api.clinic.example/", "database": {}, "redis": {}, **CDK}, "server/json"),
        ({"binaryStorage": "s3:x", "database": {}, **CDK}, "server/json"),
        (CDK, "infra/json"),
        ({**CDK, "database": {}, "supportEmail": "a@clinic.example"}, "infra/json"),
    ],
)
def test_how_a_mixture_is_recognised(content: dict[str, Any], expected: str) -> None:
    assert taken_for("medplum.config.json", content) == expected


def test_settings_of_the_cdk_are_one_finding(tmp_path: Path) -> None:
    assert findings("medplum.config.json", {**SERVER, **CDK}, tmp_path) == ["misplaced-setting stackName"]
    common = {"name": "prod", "region": "eu-west-1", "maxConnections": 5}
    assert findings("medplum.config.json", {**SERVER, **common, **CDK}, tmp_path) == ["misplaced-setting name"]
    assert findings("medplum.config.json", {**SERVER, "name": "prod", "region": "eu-west-1"}, tmp_path) == [
        "unknown-setting name",  # and region, in one
    ]


# --- Texts that are not JSON ----------------------------------------------------------------------------------------------------------

NO_CONFIGURATIONS = [
    ("README.md", "# Running\n\n```json\n{\n  \"baseUrl\": \"http://localhost:8103\",\n  \"port\": 8103\n}\n```\n"),
    ("README.md", '{"baseUrl": "http://localhost:8103", "port": 8103}\n\nCopy this, then run `docker compose up`.\n'),
    ("README", '{"baseUrl": "http://localhost:8103"\n'),
    ("nginx.conf", "server {\n    listen 443 ssl;\n    location / {\n        proxy_pass http://medplum:8103;\n    }\n}\n"),
    ("nginx.conf", "{\n    listen 443 ssl;\n}\n"),
    ("site.conf", '{ "port": 8103,\n  listen 443;\n}\n'),
    ("Caddyfile", '{\n\temail "a@b.example"\n}\napi.clinic.example {\n\treverse_proxy medplum:8103\n}\n'),
    ("deploy.sh", "#!/bin/sh\nset -e\nif true; then {\n  echo \"x\"\n}; fi\n"),
    ("deploy.sh", '{ "port": 8103\n} > medplum.config.json\n'),
    ("main.tf", 'locals {\n  a = "b"\n}\n'),
    ("LICENSE", '{ "a": 1 }\nCopyright\n'),
    ("LICENSE", "Apache License\n\n[brackets] {yyyy}\n"),
    ("notes", '{ "a": 1 }\nsome prose\n'),
    ("notes", "{ x: 1\n"),
    ("values.tpl", '{{ define "medplum.name" }}\n{{ .Release.Name }}\n{{ end }}\n'),
    ("config.json.tmpl", '{"baseUrl": "{{ .BaseUrl }}", "port": {{ .Port }}}\n'),
    ("index.js", '{ "baseUrl": location.origin }\n'),
    ("page.html", "<script>var a = { \"port\": 1 };</script>\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), NO_CONFIGURATIONS)
def test_a_text_that_only_has_braces(name: str, content: str) -> None:
    reading = read(name, content)
    assert (reading.loaded, reading.unread) == ([], True)
    assert read(name, content, searched=True) == Reading([], silent=True)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("README.md", '{"port": 8103}\n\nCopy this.\n', OF_NO_FORMAT),
        ("config.json.tmpl", '{"port": {{ .Port }}}\n', f"{NOT_RECOGNISED}it is a template: give the file that is made from it"),
        ("main.tf", "locals {\n}\n", "this is Terraform's own language: give the output of terraform show -json"),
        ("notes", '{ "a": 1 }\nsome prose\n', "not valid JSON (line 2, column 1: something follows the end of the JSON value)"),
    ],
)
def test_the_reason_says_what_it_is(name: str, content: str, reason: str) -> None:
    assert taken_for(name, content) == f"unread: {reason}"


@pytest.mark.parametrize("name", ["README.md", "nginx.conf", "notes", "config.json.tmpl"])
def test_valid_json_is_read_whatever_its_name(name: str) -> None:
    assert taken_for(name, SERVER) == "server/json"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("medplum.config.json", '{"baseUrl": "https://api.clinic.example/", "port": {{ .Port }}}'),
        ("medplum.config.json", "{\n  baseUrl: x\n}\n"),
        ("medplum.config.json", "server {\n  listen 80;\n}\n"),
        ("prod.config.json", '{"a": 1, '),
        ("server.json.bak", '{"a": '),
        ("server", '{"port": 8103, "database": {},}'),
        ("<stdin>", '{"baseUrl": "https://api.clinic.example/", "stackName": "x"'),
    ],
)
def test_what_is_meant_as_json_is_a_finding(name: str, content: str) -> None:
    reading = read(name, content)
    assert not reading.unread
    assert [problem.name for one in reading.loaded for problem in one.problems][:1] in (["invalid-json"], ["json-trailing-comma"])


# --- Variables of a client, and of a server ------------------------------------------------------------------------------------------

WITH_KIND = "; --kind server/env checks the variables that clients have too"
CLIENTS = "an environment file with variables of a client, not of a server"


@pytest.mark.parametrize(
    ("names", "note"),
    [
        ("BASE_URL CLIENT_ID", CLIENTS),
        ("BASE_URL CLIENT_ID REGISTER_ENABLED AWS_TEXTRACT_ENABLED GOOGLE_CLIENT_ID RECAPTCHA_SITE_KEY", CLIENTS),
        ("BASE_URL TOKEN_URL AUTHORIZE_URL FHIR_URL_PATH CLIENT_ACCESS_TOKEN", CLIENTS),
        ("BASE_URL CLIENT_ID CLIENT_SECRET AGENT_ID LOG_LEVEL", CLIENTS),
        ("BASE_URL PORT APP_BASE_URL CLIENT_ID", CLIENTS),
        ("CLIENT_ID", CLIENTS),
        ("VERSION CONFIG_PATH DB_PASSWORD", CLIENTS),
        ("API_URL", CLIENTS),
        ("BASE_URL", CLIENTS + WITH_KIND),
        ("BASE_URL REGISTER_ENABLED", CLIENTS + WITH_KIND),
        ("BASE_URL TOKEN_URL AUTHORIZE_URL JWKS_URL", CLIENTS + WITH_KIND),
        ("API_BASE_URL INTROSPECTION_URL", CLIENTS + WITH_KIND),
        ("PORT", CLIENTS + WITH_KIND),
    ],
)
def test_the_variables_of_a_client(names: str, note: str) -> None:
    lines = "".join(f"MEDPLUM_{name}=x\n" for name in names.split())
    assert taken_for(".env", lines) == taken_for(".env", lines, searched=True) == f"ignored: {note}"


@pytest.mark.parametrize(
    "names", ["DATABASE_HOST", "CLIENT_ID REDIS_HOST", "PORT APP_BASE_URL", "SUPPORT_EMAIL STORAGE_BASE_URL", "DATABSE_HOST"]
)
def test_the_variables_of_a_server(names: str) -> None:
    assert taken_for(".env", "".join(f"MEDPLUM_{name}=x\n" for name in names.split())) == "server/env …"


MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  MEDPLUM_BASE_URL: https://api.clinic.example\n"
COMPOSE = "services:\n  a:\n    image: acme/a\n    environment:\n      MEDPLUM_BASE_URL: https://api.clinic.example\n"
VALUES = "env:\n- name: MEDPLUM_BASE_URL\n  value: https://api.clinic.example\n"
OF_THE_APP = "Compose file without a Medplum server that is configured by variables"


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        (".env", "MEDPLUM_BASE_URL=https://api.clinic.example\n", CLIENTS),
        ("map.yaml", MANIFEST, "Kubernetes manifests without variables of a Medplum server"),
        ("compose.yaml", COMPOSE, f"a {OF_THE_APP}"),
        ("values.yaml", VALUES, "the values of a chart with variables of a client, not of a server"),
    ],
)
def test_what_a_client_may_have_too_is_checked_where_the_user_says_so(name: str, content: str, note: str, tmp_path: Path) -> None:
    assert taken_for(name, content) == f"ignored: {note}{WITH_KIND}"
    assert findings(name, content, tmp_path) == []
    assert findings(name, content, tmp_path, "--kind", "server/env") == ["missing-trailing-slash baseUrl"]


def test_only_what_a_server_has_is_checked_where_there_is_one(tmp_path: Path) -> None:
    both = f"{COMPOSE}  b:\n    image: acme/b\n    environment:\n      MEDPLUM_REDIS_PORT: x\n"
    assert findings("compose.yaml", both, tmp_path, "--kind", "server/env") == ["misread-number redis.port"]


@pytest.mark.parametrize("image", ["medplum/medplum-app", "medplum/medplum-app:5.1.23", "registry.example/medplum-app@sha256:abc"])
def test_the_app_is_never_a_server(image: str) -> None:
    variables = "{MEDPLUM_BASE_URL: https://a, MEDPLUM_APP_BASE_URL: https://b, MEDPLUM_PORT: 1}"
    compose = f"services: {{app: {{image: '{image}', environment: {variables}}}}}\n"
    pod = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: '{image}', env: [{{name: MEDPLUM_REDIS_HOST, value: r}}]}}]}}\n"
    assert taken_for("compose.yaml", compose) == f"ignored: a {OF_THE_APP}"
    assert taken_for("pod.yaml", pod) == "ignored: Kubernetes manifests without variables of a Medplum server"
    for name, content in (("compose.yaml", compose), ("pod.yaml", pod)):
        assert read(name, content, kind="server/env").note == "no variable of a Medplum server (MEDPLUM_…) can be read from it"


@pytest.mark.parametrize(
    "start", ["npm start -- env", "docker run --rm medplum/medplum-server:5.1.14 env", "node index.js $MEDPLUM_SOURCE"]
)
def test_a_unit_whose_start_is_not_known(start: str) -> None:
    unit = f"[Service]\nExecStart=/usr/bin/{start}\nSyslogIdentifier=medplum\n"
    assert taken_for("medplum.service", unit) == "ignored: a systemd unit without variables of a Medplum server"
    (loaded,) = read("medplum.service", f"{unit}Environment=MEDPLUM_DATABASE_HOST=db\n").loaded
    assert not loaded.document.complete


def test_a_unit_with_drop_ins_is_a_part(tmp_path: Path) -> None:
    unit = "[Service]\nExecStart=/usr/bin/node /opt/medplum/index.js env\nEnvironment=MEDPLUM_DATABASE_HOST=db\n"
    assert any("missing-setting" in one for one in findings("medplum.service", unit, tmp_path))
    (tmp_path / "medplum.service.d").mkdir()
    assert not any("missing-setting" in one for one in findings("medplum.service", unit, tmp_path))
