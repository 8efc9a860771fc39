"""Services of compose files: which run a server, what they give it, and how it is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_variables import found, lint, messages

from linter.documents.containers.command_lines import arguments_of
from linter.documents.source import SourceFile
from linter.model import UNKNOWN, Document
from linter.release import MAIN
from linter.run import Options, lint_paths
from linter.server.start import argument_of, reads_variables
from linter.sources import compose

IMAGE = "medplum/medplum-server:5"


def service(environment: str, rest: str = "command: env") -> str:
    return f"services:\n  server:\n    image: {IMAGE}\n    {rest}\n    environment:\n{environment}\n"


def document(text: str) -> Document:
    (loaded,) = compose.load(SourceFile("compose.yml", text.encode()), "server/env")
    return loaded.document


# --- What a service gives ------------------------------------------------------------------------------------------------------------

MAPPING = """\
      MEDPLUM_PORT: 8103
      MEDPLUM_REGISTER_ENABLED: true
      MEDPLUM_DATABASE_HOST: 'db'
      MEDPLUM_DATABASE_PASSWORD: "a$$b"
      MEDPLUM_REDIS_HOST:
      MEDPLUM_REDIS_PASSWORD: ${PASSWORD:?}
      MEDPLUM_LOG_LEVEL: $LEVEL
      MEDPLUM_REDIS_TLS: "{}"
      MEDPLUM_CLIENT_ID: x
      POSTGRES_USER: y"""
LIST = """\
      - MEDPLUM_PORT=8103
      - "MEDPLUM_REGISTER_ENABLED=true"
      - 'MEDPLUM_DATABASE_HOST=db'
      - MEDPLUM_DATABASE_PASSWORD=a$$b
      - MEDPLUM_REDIS_HOST
      - MEDPLUM_REDIS_PASSWORD=${PASSWORD:?}
      - MEDPLUM_LOG_LEVEL=$LEVEL
      - MEDPLUM_REDIS_TLS={}
      - MEDPLUM_CLIENT_ID=x
      - POSTGRES_USER=y"""


@pytest.mark.parametrize("environment", [MAPPING, LIST], ids=["mapping", "list"])
def test_mapping_and_list_say_the_same(environment: str) -> None:
    text = service(environment)
    made = document(text)
    assert (made.kind, made.environment, made.complete) == ("server/env", "server", True)
    assert made.data == {
        "port": 8103,
        "registerEnabled": True,
        "database": {"host": "db", "password": "a$b"},
        "redis": {"host": UNKNOWN, "password": UNKNOWN, "tls": {}},
        "logLevel": UNKNOWN,
    }
    assert text[slice(*made.locate(("port",)))] == "8103"
    assert text[slice(*made.locate(("port",), "key"))] == "MEDPLUM_PORT"
    assert text[slice(*made.locate(("registerEnabled",)))] == "true"
    assert text[slice(*made.locate(("database", "host")))].strip("'") == "db"
    assert text[slice(*made.locate(("redis", "host")))] == "MEDPLUM_REDIS_HOST"
    assert text[slice(*made.locate(("smtp",)))] == "environment"


def test_anchors_and_merges_are_followed() -> None:
    text = (
        f"x-server: &server\n  MEDPLUM_DATABASE_HOST: db\n  MEDPLUM_PORT: 1\nservices:\n"
        f"  a: {{image: {IMAGE}, command: env, environment: *server}}\n"
        f"  b:\n    image: {IMAGE}\n    command: env\n    environment:\n      <<: *server\n      MEDPLUM_PORT: 2\n"
    )
    loaded = compose.load(SourceFile("compose.yml", text.encode()), "server/env")
    assert [(one.document.environment, one.document.data) for one in loaded] == [
        ("a", {"database": {"host": "db"}, "port": 1}),
        ("b", {"database": {"host": "db"}, "port": 2}),
    ]


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        ("'{\\\"require\\\":true}'", ["mangled-variable database.ssl"]),
        ('"{\\"require\\":true}"', []),
        ("'{\"require\":true}'", []),
        ('|-\n        {"require":true}', []),
        ('|\n        {"require":true}', []),
    ],
)
def test_an_object_in_yaml(value: str, rules: list[str]) -> None:
    assert found(service(f"      MEDPLUM_DATABASE_SSL: {value}", "command: env\n    env_file: a"), "compose.yml") == rules


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (
            "'-----BEGIN X-----\\nA\\n-----END X-----'",
            "put the value in double quotes, in which \\n is a line break, or in a block after |-",
        ),
        ("-----BEGIN X-----\\nA\\n-----END X-----", "put the value in double quotes, in which \\n is a line break, or in a block after |-"),
        ('"-----BEGIN X-----\\\\nA\\\\n-----END X-----"', "write one backslash, not two"),
        ("|-\n        -----BEGIN X-----\\nA\\n-----END X-----", "break the lines in the block, without backslashes"),
    ],
)
def test_a_key_whose_line_breaks_are_lost(value: str, advice: str) -> None:
    text = service(f"      MEDPLUM_SIGNING_KEY: {value}", "command: env\n    env_file: a")
    assert found(text, "compose.yml")[0] == "mangled-variable signingKey"
    assert advice in messages(text, "compose.yml")


def test_a_duplicate_name() -> None:
    twice = "      MEDPLUM_REDIS_HOST: a\n      MEDPLUM_REDIS_HOST: b"
    assert found(service(twice, "command: env\n    env_file: a"), "compose.yml")[0].startswith("duplicate-key")
    listed = "      - MEDPLUM_REDIS_HOST=a\n      - MEDPLUM_REDIS_HOST=b"
    assert found(service(listed, "command: env\n    env_file: a"), "compose.yml") == ["duplicate-key redis.host"]


# --- How it is started ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entrypoint", "command", "reads"),
    [
        (None, None, "never"),
        (None, "env", "only"),
        (None, ["env"], "only"),
        (None, "'env'", "only"),
        (["node", "packages/server/dist/index.js", "env"], None, "only"),
        ("node packages/server/dist/index.js", ["env"], "only"),
        (None, "file:medplum.config.json", "never"),
        (None, "file:medplum.config.json,env", "too"),
        (None, ["aws:eu-west-1:/medplum/prod/,env"], "too"),
        (None, "azure:vault.vault.azure.net:secret", "never"),
        (None, "${SOURCE}", "unknown"),
        (["sh", "-c", "exec node index.js env"], None, "only"),
        (["sh", "-c", "exec node index.js $SOURCE"], None, "unknown"),
        (None, "node index.js env", "never"),
        (None, ["env", "file:a.json"], "never"),
        (["/start.sh"], "env", "unknown"),
        (None, "'", "unknown"),
        (None, ["env", 1], "unknown"),
        (None, {"a": "b"}, "unknown"),
        (UNKNOWN, None, "unknown"),
    ],
)
def test_what_the_arguments_say(entrypoint: object, command: object, reads: str) -> None:
    arguments = arguments_of(IMAGE, entrypoint, command)
    assert reads_variables(None if arguments is None else argument_of(arguments), MAIN) == reads


@pytest.mark.parametrize(
    ("rest", "rule"),
    [
        ("restart: always", True),
        ("command: file:a.json", True),
        ("command: env", False),
        ("extends: {service: base}", False),
        ("build: .", False),
        ("entrypoint: [sh, start.sh]", False),
        ("entrypoint: node packages/server/dist/index.js", True),
        ("entrypoint: [node, --require, ./otel.js, --enable-source-maps, packages/server/dist/index.js]", True),
        ("entrypoint: [/usr/bin/node, packages/server/dist/index.js, 'file:a.json']", True),
        ("entrypoint: node packages/server/dist/index.js env", False),
        ("entrypoint: node packages/server/dist/index.js\n    command: env", False),
        ("entrypoint: node packages/server/dist/index.js\n    command: file:a.json", True),
        ("entrypoint: node start.js", False),
        ("entrypoint: node packages/server/dist/index.js ${SOURCE}", False),
        ("entrypoint: []\n    command: node packages/server/dist/index.js", True),
        ("entrypoint: []\n    command: node packages/server/dist/index.js env", False),
        ("entrypoint: node", False),
    ],
)
def test_variables_that_are_never_read(rest: str, rule: bool) -> None:
    text = service("      MEDPLUM_REDIS_HOST: redis", rest)
    assert ("ignored-environment" in found(text, "compose.yml")) == rule
    assert "ignored-environment" not in found(text.replace(IMAGE, "acme/fhir"), "compose.yml")


@pytest.mark.parametrize(
    ("rest", "complete"),
    [
        ("command: env", True),
        ("command: [env]\n    env_file: server.env", False),
        ("command: file:a,env", False),
        ("entrypoint: a b", False),
    ],
)
def test_only_variables_alone_are_the_whole_configuration(rest: str, complete: bool) -> None:
    assert document(service("      MEDPLUM_REDIS_HOST: redis", rest)).complete == complete
    assert ("missing-setting baseUrl" in found(service("      MEDPLUM_REDIS_HOST: redis", rest), "compose.yml")) == complete


NEARLY_ALL = "".join(
    f"      MEDPLUM_{name}: {value}\n"
    for name, value in {
        "BASE_URL": "http://localhost:8103/",
        "APP_BASE_URL": "http://localhost:3000/",
        "DATABASE_HOST": "postgres",
        "DATABASE_PASSWORD": "medplum",
        "REDIS_HOST": "redis",
        "REDIS_PASSWORD": "medplum",
    }.items()
)


@pytest.mark.parametrize(
    ("rest", "rules"),
    [
        ("command: env", ["missing-setting binaryStorage", "missing-setting supportEmail"]),
        ("command: env\n    env_file: .env", []),
        ("command: env\n    extends: {service: base}", []),
        ("env_file: .env", ["ignored-environment"]),
    ],
)
def test_what_an_environment_file_may_hold_is_not_missing(rest: str, rules: list[str]) -> None:
    every = found(service(NEARLY_ALL.rstrip("\n"), rest), "compose.yml")
    assert [one for one in every if one.startswith(("missing-", "ignored-environment"))] == rules


def test_a_server_without_any_variable_lacks_all() -> None:
    assert "missing-setting baseUrl" in found(f"services:\n  s:\n    image: {IMAGE}\n    command: env\n", "compose.yml")


# --- Whose file ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "known"),
    [
        (service("      MEDPLUM_BASE_URL: http://localhost"), "server/env", True),
        ("services: {s: {image: acme/fhir, environment: {MEDPLUM_DATABASE_HOST: db}}}", "server/env", True),
        ("services: {s: {image: '${IMAGE:-medplum/medplum-server}', environment: {MEDPLUM_PORT: 1}}}", "server/env", True),
        (f"services: {{s: {{image: {IMAGE}}}}}", None, True),
        ("services: {s: {image: medplum/medplum-app, environment: {MEDPLUM_BASE_URL: a, MEDPLUM_REGISTER_ENABLED: b}}}", None, True),
        ("services: {s: {image: acme/bot, environment: [MEDPLUM_CLIENT_ID=a, MEDPLUM_BASE_URL=b]}}", None, True),
        ("services: {db: {image: postgres, environment: {POSTGRES_USER: medplum}}}", None, True),
        ("services: {db: {image: postgres}}", None, False),
        ("services: [medplum]", None, False),
        ("services: medplum", None, False),
        ("medplum: {services: a}", None, False),
        ("- medplum", None, False),
        ("medplum", None, False),
        ("# medplum", None, False),
        ('{"services": {"medplum": {}}}', None, True),
    ],
)
def test_which_files_are_recognised(text: str, kind: str | None, known: bool) -> None:
    answer = compose.detect(SourceFile("compose.yml", text.encode()))
    assert answer is None or answer.kind == kind
    assert (answer is not None) == known or text.startswith("{")


@pytest.mark.parametrize(
    "services",
    [
        "{s: null}",
        "{s: [1]}",
        "{s: {image: 1, environment: 2}}",
        "{s: {image: medplum/medplum-server, environment: {MEDPLUM_PORT: {a: b}, MEDPLUM_A: [1], 1: 2, MEDPLUM_B: !x y}}}",
        "{s: {image: medplum/medplum-server, command: [env], environment: [1, {a: b}, [c], null, '=', 'MEDPLUM_BASE_URL=a\n\n  b']}}",
        "{s: {image: medplum/medplum-server, environment: {MEDPLUM_PORT: 1}",
    ],
)
def test_odd_services_do_not_crash(services: str) -> None:
    outcome = lint(f"services: {services}\n# medplum", "compose.yml")
    assert outcome.bugs == () and outcome.errors == ()


def test_a_folder_is_searched_for_them(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", "docker-compose.prod.yaml", "compose.yaml", "compose.override.yml"):
        (tmp_path / name).write_text(service("      MEDPLUM_REDIS_HOST: redis"))
    (tmp_path / "docker-compose.other.yml").write_text("services: {a: {image: b}}\n")
    files = lint_paths([str(tmp_path)], Options()).result.files
    assert [file.status for file in files] == ["checked"] * 4


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ("file:medplum.config.json", "command: file:medplum.config.json,env"),
        ("aws:eu-west-1:/medplum/prod/", "command: aws:eu-west-1:/medplum/prod/,env"),
        ('["aws:us-east-1:/medplum/prod/", env]', "command: aws:us-east-1:/medplum/prod/,env"),
        ("node packages/server/dist/index.js env", "command: env"),
        ('["file:my config.json"]', "command: …,env"),
        ('["file:a #b.json"]', "command: …,env"),
        ("file:https://u:hunter2SecretXyz@h/x.json?sig=hunter2SecretXyz", "command: …,env"),
        ("file:hunter2SecretXyz", "command: …,env"),
        ("gcp:hunter2SecretXyz:hunter2SecretXyz", "command: …,env"),
        ("file:AKIAIOSFODNN7EXAMPLE.json", "command: …,env"),
    ],
)
def test_the_remedy_shows_only_the_public_part_of_a_start_argument(command: str, remedy: str) -> None:
    text = service("      MEDPLUM_REDIS_HOST: cache", f"command: {command}")
    (message,) = messages(text, "compose.yml").splitlines()
    assert message.endswith(f"write {remedy}") and "hunter2" not in message and "AKIA" not in message


def test_a_custom_image_can_take_other_arguments() -> None:
    text = service("      MEDPLUM_REDIS_HOST: cache", "command: serve --all")
    assert found(text.replace("medplum/medplum-server", "acme/medplum-server"), "compose.yml") == []
    assert found(text, "compose.yml") == ["ignored-environment"]


def test_a_service_that_only_another_release_reads() -> None:
    text = f"services:\n  s:\n    image: {IMAGE.partition(':')[0]}:5.1.1\n    command: env,env\n"
    assert lint(text, "compose.yml").bugs == ()


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("command: [node, packages/server/dist/index.js, env]", ["ignored-environment"]),
        ("entrypoint: file:medplum.config.json", ["missing-program"]),
        ("command: ['${SOURCE}']", []),
    ],
)
def test_a_service_without_variables_that_is_started_wrongly(start: str, wanted: list[str]) -> None:
    assert found(f"services:\n  s:\n    image: {IMAGE}\n    {start}\n", "compose.yml") == wanted
