"""What is called a secret in plain text, in every source: secrets and the defaults of references, no placeholder, no bare address."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.helpers import EVERY_RULE, rule_data, written

from linter.documents.inputs import Input
from linter.model import dotted
from linter.policy.engine import check
from linter.policy.rule import Rule
from linter.run import Options, lint_input
from linter.text import MASK

URL = "https://api.hospital.example/"
Written = Callable[[dict[str, str]], str]


def yaml(variables: dict[str, str], indent: int) -> str:
    return "".join(f"{' ' * indent}{name}: {json.dumps(text)}\n" for name, text in variables.items())


def env(variables: dict[str, str]) -> str:
    return "".join(f"{name}={text}\n" if '"' not in text else f"{name}='{text}'\n" for name, text in variables.items())


def dockerfile(variables: dict[str, str]) -> str:
    quoted = {name: f"'{text}'" if '"' in text else f'"{text}"' for name, text in variables.items()}  # a reference counts in double quotes
    return "FROM medplum/medplum-server:5.1.0\n" + "".join(f"ENV {name}={text}\n" for name, text in quoted.items())


def task_definition(variables: dict[str, str]) -> str:
    given = [{"name": name, "value": text} for name, text in variables.items()]
    return json.dumps(
        {"family": "medplum", "containerDefinitions": [{"name": "s", "image": "medplum/medplum-server", "environment": given}]}
    )


def workflow(variables: dict[str, str], *lines: str) -> str:
    more = "".join(f"    {line}\n" for line in lines)
    return f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n{more}    env:\n{yaml(variables, 6)}"


SOURCES: dict[str, tuple[str, Written, str]] = {
    "dotenv": (".env", env, "plaintext-secret"),
    "compose": (
        "compose.yaml",
        lambda given: f"services:\n  s:\n    image: medplum/medplum-server\n    environment:\n{yaml(given, 6)}",
        "plaintext-secret",
    ),
    "config map": (
        "k.yaml",
        lambda given: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: medplum}}\ndata:\n{yaml(given, 2)}",
        "plaintext-secret",
    ),
    "helm": ("values.yaml", lambda given: f"global:\n  x: medplum\nenv:\n{yaml(given, 2)}", "plaintext-secret"),
    "ecs": ("task-definition.json", task_definition, "plaintext-secret"),
    "dockerfile": ("Dockerfile", dockerfile, "plaintext-secret"),
    "workflow": ("deploy.yml", workflow, "plaintext-secret"),
}
ABOUT_SECRETS = {
    "live-credential",
    "plaintext-secret",
    "published-credential",
    "unencrypted-parameter",
    "unfilled-placeholder",
}
PLACEHOLDERS = ["changeme", "CHANGEME", "<password>", "your-password", "TODO"]


def found(text: str, name: str) -> list[tuple[str, str]]:
    """Each finding about a secret or placeholder: its severity and rule, and its setting."""
    outcome = lint_input(Input(name, text.encode(), Path("/nowhere") / name), Options(EVERY_RULE))
    assert outcome.bugs == ()
    return [(f"{one.severity} {one.rule}", dotted(one.path or ())) for one in outcome.result.findings if one.rule in ABOUT_SECRETS]


def given(source: str, **more: str) -> list[tuple[str, str]]:
    name, write, _ = SOURCES[source]
    return found(write({"MEDPLUM_BASE_URL": URL, "MEDPLUM_DATABASE_HOST": "db.hospital.example", **more}), name)


@pytest.mark.parametrize("source", SOURCES)
def test_a_secret_is_one_in_every_source(source: str) -> None:
    assert given(source, MEDPLUM_DATABASE_PASSWORD="hunter2") == [(f"error {SOURCES[source][2]}", "database.password")]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_is_not_a_secret(source: str, text: str) -> None:
    assert given(source, MEDPLUM_DATABASE_PASSWORD=text) == [("warning unfilled-placeholder", "database.password")]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_in_parameter_store_is_not_a_secret(text: str) -> None:
    dump = {"Parameters": [{"Name": "/medplum/prod/database.password", "Type": "String", "Value": text}]}
    assert found(json.dumps(dump), "ssm.json") == [("warning unfilled-placeholder", "database.password")]
    template = (
        f"Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {{Name: /medplum/prod/database.password, Value: '{text}'}}\n"
    )
    assert found(template, "template.yaml") == [("warning unfilled-placeholder", "database.password")]


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ('{"host":"db"}', False),
        ('{"host":"db","port":5432,"ssl":{"require":true}}', False),
        ('{"host":"db","password":""}', False),
        ('{"host":"db","password":"changeme"}', False),
        ('{"host":"db","password":"hunter2"}', True),
        ('{"host":"db","ssl":{"key":"k3y"}}', True),
        ('{"host":"db","pass":"hunter2"}', True),
        ("postgres://db:5432/medplum", False),
        ("postgres://app:hunter2@db:5432/medplum", True),
        ("host=db password=hunter2", True),
    ],
)
def test_an_object_is_a_secret_where_a_member_is_one(source: str, text: str, is_secret: bool) -> None:
    name, write, rule = SOURCES[source]
    wanted = [(f"error {rule}", "database")] if is_secret else []
    every = found(write({"MEDPLUM_BASE_URL": URL, "MEDPLUM_REDIS_HOST": "cache", "MEDPLUM_DATABASE": text}), name)
    assert [one for one in every if "placeholder" not in one[0]] == wanted


@pytest.mark.parametrize(("text", "is_secret"), [('{"host":"db"}', False), ('{"host":"db","password":"hunter2"}', True)])
def test_an_object_in_parameter_store(text: str, is_secret: bool) -> None:
    dump = {"Parameters": [{"Name": "/medplum/prod/database", "Type": "String", "Value": text}]}
    assert found(json.dumps(dump), "ssm.json") == ([("error unencrypted-parameter", "database")] if is_secret else [])


IN_PLACE_OF_AN_OBJECT = [
    ("smtp.hospital.example", False),
    ("smtp.hospital.example:587", False),
    ("db-1.c9akciq32.us-east-1.rds.amazonaws.com", False),
    ("10.0.0.5:6379", False),
    ("redis:6379", False),
    ('"localhost"', False),
    ("x", False),
    ("TRUE", False),
    ("5", False),
    ("4711471147114711", True),
    ("hunter2", True),
    ("admin:hunter2", True),
    ("smtps://app:hunter2@smtp.hospital.example", True),
    ("app:hunter2@smtp.hospital.example:587", True),
    ("smtp.hospital.example?token=hunter", True),
    ("aHVudGVyMg==", True),
    ("aHVudGVyaHVudGVy", True),
    ("correct-horse-battery-staple", True),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", True),
    ("key.0f1e2d3c4b5a69788796a5b4c3d2e1f0", True),
    ('{"host":"db","password":"hunter', True),
    ("{host: db, password: hunter2}", True),
    ("smtp.hospital.example\nhunter2", True),
]
"""Texts in place of an object or a list, and whether they may hold a secret."""


@pytest.mark.parametrize("setting", ["smtp", "database", "defaultOAuthClients", "shards"])
@pytest.mark.parametrize(("text", "is_secret"), IN_PLACE_OF_AN_OBJECT)
def test_a_text_in_place_of_an_object_is_a_secret_only_if_it_may_hold_one(setting: str, text: str, is_secret: bool) -> None:
    dump = {"Parameters": [{"Name": f"/medplum/prod/{setting}", "Type": "String", "Value": text}]}
    assert found(json.dumps(dump), "ssm.json") == ([("error unencrypted-parameter", setting)] if is_secret else [])
    template = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/medplum/prod/{setting}", "Type": "String", "Value": text}}
    assert [one for _, one in found(json.dumps({"Resources": {"P": template}}), "template.json")] == [setting] * is_secret


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("text", "is_secret"), [one for one in IN_PLACE_OF_AN_OBJECT if "\n" not in one[0]])
def test_a_text_in_place_of_an_object_in_every_source(source: str, text: str, is_secret: bool) -> None:
    wanted = [(f"error {SOURCES[source][2]}", "smtp")] if is_secret else []
    assert given(source, MEDPLUM_SMTP=text) == wanted


@pytest.mark.parametrize(("number", "is_secret"), [(5, False), (4711471147114711, True)])
@pytest.mark.parametrize("setting", ["smtp", "redis", "defaultOAuthClients"])
def test_a_number_in_place_of_an_object(setting: str, number: int, is_secret: bool) -> None:
    config = {"baseUrl": URL, "database": {"host": "db"}, "redis": {"host": "cache"}, setting: number}
    assert found(json.dumps(config), "medplum.config.json") == ([("error plaintext-secret", setting)] if is_secret else [])


@pytest.mark.parametrize(("text", "_is_secret"), IN_PLACE_OF_AN_OBJECT)
def test_a_text_in_place_of_an_object_is_never_shown(text: str, _is_secret: bool) -> None:
    dump = {"Parameters": [{"Name": "/medplum/prod/smtp", "Type": "String", "Value": text}]}
    outcome = lint_input(Input("ssm.json", json.dumps(dump).encode(), Path("/nowhere/ssm.json")), Options(EVERY_RULE))
    shown = " ".join(one.message for one in outcome.result.findings)
    assert len(text) < 6 or text not in shown


@pytest.mark.parametrize(("text", "is_secret"), [("redis://cache:6379", False), ("redis://:hunter2@cache:6379", True)])
def test_an_address_in_a_json_file(text: str, is_secret: bool) -> None:
    config = {"baseUrl": URL, "port": 8103, "redisUrl": text, "database": {"host": "db"}, "redis": {"host": "cache"}}
    assert found(json.dumps(config), "medplum.config.json") == ([("error plaintext-secret", "redisUrl")] if is_secret else [])


def test_a_credential_of_another_service_is_reported_once() -> None:
    config = {"baseUrl": URL, "googleClientSecret": "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", "database": {}, "redis": {}}
    assert found(json.dumps(config), "medplum.config.json") == [("error live-credential", "googleClientSecret")]


# --- Defaults ------------------------------------------------------------------------------------------------------------------------

KEY = "AKIAZ3MQXCVBN5TRWP2K"


@pytest.mark.quick_cases(10)
@pytest.mark.parametrize("source", [one for one in SOURCES if one != "ecs"])
@pytest.mark.parametrize("reference", ["${PW:-%s}", "${PW-%s}", "${PW:=%s}", "${PW=%s}", "${A:-${B:-%s}}"])
def test_the_default_of_a_reference_is_what_is_published(source: str, reference: str) -> None:
    rule = f"error {SOURCES[source][2]}"
    assert given(source, MEDPLUM_DATABASE_PASSWORD=reference % "hunter2") == [(rule, "database.password")]
    assert given(source, MEDPLUM_DATABASE_PASSWORD=reference % "changeme") == []
    assert given(source, MEDPLUM_DATABASE_PASSWORD=reference % "") == []
    assert given(source, MEDPLUM_SMTP_PASSWORD=reference % KEY)[:1] == [("error live-credential", "smtp.password")]
    assert given(source, MEDPLUM_DEFAULT_SUPER_ADMIN_PASSWORD=reference % "medplum_admin") == [
        ("error published-credential", "defaultSuperAdminPassword")
    ]


@pytest.mark.parametrize("source", [one for one in SOURCES if one != "ecs"])
def test_a_default_that_is_a_reference_or_placeholder_is_not_a_secret(source: str) -> None:
    for text in ("${PW}", "${PW:?not set}", "${PW:-${OTHER}}", "${PW:-$OTHER}", "${PW:+set}", "${A:-x}${B}"):
        assert given(source, MEDPLUM_DATABASE_PASSWORD=text) == []


@pytest.mark.parametrize("host", ["postgres", "${DB_HOST:-postgres}", "db.hospital.example"])
def test_a_sample_as_the_default_of_a_connection_is_for_a_laptop(host: str) -> None:
    name, write, _ = SOURCES["compose"]
    given = {"MEDPLUM_DATABASE_HOST": host, "MEDPLUM_DATABASE_PASSWORD": "${PW:-medplum}", "MEDPLUM_REDIS_PASSWORD": "${PW:-medplum}"}
    assert [one for one in found(write({"MEDPLUM_BASE_URL": URL, **given}), name) if "password" in one[1]] == []


@pytest.mark.parametrize("source", ["dotenv", "compose", "workflow"])
def test_a_credential_of_another_program_as_a_default(source: str) -> None:
    assert given(source, AWS_ACCESS_KEY_ID=f"${{AWS_ACCESS_KEY_ID:-{KEY}}}") == [("error live-credential", "")]


def test_a_default_in_a_json_file() -> None:
    def config(password: str) -> str:
        return json.dumps({"baseUrl": URL, "port": 8103, "database": {"host": "db.hospital.example", "password": password}, "redis": {}})

    assert found(config("${PW:-hunter2}"), "medplum.config.json") == [("error plaintext-secret", "database.password")]
    assert found(config("${PW:-changeme}"), "medplum.config.json") == [("warning unfilled-placeholder", "database.password")]
    assert found(config("${PW}"), "medplum.config.json") == [("warning unfilled-placeholder", "database.password")]
    assert found(config("${PW}"), "medplum.template.json") == []


def test_the_default_of_an_expression_in_a_workflow() -> None:
    assert given("workflow", MEDPLUM_DATABASE_PASSWORD="${{ secrets.PW || 'hunter2' }}") == [
        ("error plaintext-secret", "database.password")
    ]
    assert given("workflow", MEDPLUM_DATABASE_PASSWORD="${{ secrets.PW || vars.PW }}") == []


@pytest.mark.parametrize(
    ("arguments", "value", "is_secret"),
    [
        ("FROM medplum/medplum-server\nARG PW=hunter2\n", "$PW", True),
        ("FROM medplum/medplum-server\nARG PW=hunter2\n", "${PW}", True),
        ("ARG PW=hunter2\nFROM medplum/medplum-server\nARG PW\n", "$PW", True),
        ("ARG PW=hunter2\nFROM medplum/medplum-server\n", "$PW", False),
        ("FROM medplum/medplum-server\nARG PW\n", "$PW", False),
        ("FROM medplum/medplum-server AS a\nARG PW=hunter2\nFROM medplum/medplum-server\n", "$PW", False),
    ],
)
def test_the_default_of_an_argument_of_an_image(arguments: str, value: str, is_secret: bool) -> None:
    text = f"{arguments}ENV MEDPLUM_BASE_URL={URL} MEDPLUM_REDIS_HOST=cache\nENV MEDPLUM_SMTP_PASSWORD={value}\n"
    assert found(text, "Dockerfile") == ([("error plaintext-secret", "smtp.password")] if is_secret else [])


# --- Jobs of CI ----------------------------------------------------------------------------------------------------------------------

POSTGRES = "services: {db: {image: 'postgres:16'}}"
STEP = "steps: [{env: {MEDPLUM_DATABASE_PASSWORD: hunter2}}]"
CACHE = "services: {cache: {image: 'redis:7'}}"


@pytest.mark.parametrize(
    ("lines", "variables", "wanted"),
    [
        ([POSTGRES], {"DATABASE_PASSWORD": "hunter2"}, []),
        ([POSTGRES], {"DATABASE_HOST": "db", "DATABASE_PASSWORD": "hunter2"}, []),
        ([POSTGRES], {"DATABASE_PASSWORD": "hunter2", "DEFAULT_SUPER_ADMIN_PASSWORD": "hunter2"}, []),
        ([CACHE], {"REDIS_PASSWORD": "hunter2"}, []),
        # What the service has nothing to do with.
        ([CACHE], {"DATABASE_PASSWORD": "hunter2"}, ["database.password"]),
        ([POSTGRES], {"REDIS_PASSWORD": "hunter2"}, ["redis.password"]),
        ([POSTGRES], {"SMTP_PASSWORD": "hunter2", "DATABASE_HOST": "db"}, ["smtp.password"]),
        ([POSTGRES], {"RECAPTCHA_SECRET_KEY": "hunter2"}, ["recaptchaSecretKey"]),
        (["services: {fhir: {image: acme/fhir}}"], {"DATABASE_PASSWORD": "hunter2"}, ["database.password"]),
        ([POSTGRES], {"DATABASE_HOST": "db.hospital.example", "DATABASE_PASSWORD": "hunter2"}, ["database.password"]),
        ([POSTGRES], {"DATABASE_HOST": "${{ vars.HOST }}", "DATABASE_PASSWORD": "hunter2"}, ["database.password"]),
        ([STEP], {"DATABASE_HOST": "localhost"}, []),
        ([POSTGRES, STEP], {"DATABASE_HOST": "db.hospital.example"}, ["database.password"]),
    ],
)  # fmt: skip
def test_a_secret_is_throwaway_only_if_it_opens_a_service_of_its_job(
    lines: list[str], variables: dict[str, str], wanted: list[str]
) -> None:
    given = {f"MEDPLUM_{name}": text for name, text in variables.items()}
    assert found(workflow(given, *lines), "deploy.yml") == [("error plaintext-secret", path) for path in wanted]


# --- What is shown ------------------------------------------------------------------------------------------------------------------


def test_a_message_shows_the_default_of_a_public_setting_alone() -> None:
    document = written("MEDPLUM_DATABASE_PASSWORD=${PW:-hunter2}\nMEDPLUM_LOG_LEVEL=${LEVEL:-DEBUG}\n", "server/env")

    def said(path: str) -> str:
        rule = Rule(rule_data({f"{path}@fallback": {"equals": "x"}}, "it is ${@fallback}"))
        return check(rule, document)[0].message

    assert said("database.password") == f"it is {MASK}"
    assert said("logLevel") == "it is DEBUG"
