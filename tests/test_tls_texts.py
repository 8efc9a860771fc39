"""A text in place of the options of TLS: what pg 8.22.0 and ioredis 5.8.2 make of it, as running them has shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.run import Options, lint_input

BASE = "https://api.clinic.test/"
WRONG = (
    "error[wrong-type] {0} must be true, or an object, without quotes: the database client asks for TLS and then fails, which stops the "
    "server; write a value of the documented type"
)
REFUSED = "is text, at which the database client asks for TLS and then fails, which stops the server"
ON = "counts as true, because the server keeps it as text and any text turns TLS on; to switch it off, leave it out"
LOST = (
    "stays text, because the server does not parse it here: it turns TLS on, but its options are ignored; "
    "give those that are text, such as ca, under names like {0}.ca"
)
OF_DATABASES = ("database.ssl", "readonlyDatabase.ssl")
OF_REDIS = ("redis.tls", "cacheRedis.tls", "rateLimitRedis.tls", "pubSubRedis.tls", "backgroundJobsRedis.tls")


def found(text: str, kind: str, setting: str) -> list[str]:
    """The findings at a setting, or the notes on it."""
    file = Input("x.json", text.encode(), Path("nowhere/x.json"))
    result = lint_input(file, Options(EVERY_RULE, kind)).result
    return [f"{one.severity}[{one.rule}] {one.message}" for one in result.findings if one.message.startswith(f"{setting} ")]


def flat(kind: str, setting: str, value: str) -> str:
    section = setting.partition(".")[0]
    given = {"baseUrl": BASE, f"{section}.host": "a.clinic.test", setting: value}
    return json.dumps({f"/medplum/prod/{name}": one for name, one in given.items()} if kind == "server/ssm" else given)


@pytest.mark.quick_cases(19)
@pytest.mark.parametrize("kind", ["server/ssm", "server/azure"])
@pytest.mark.parametrize("setting", OF_REDIS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, "") for text in ("true", "{}", "[]", " {} ", "yes", "1", "require", "RedisCloudFixed")),
        *((text, f"error[misread-boolean] {{0}} {ON}") for text in ("false", "False", "no", "0")),
        *((text, f"error[misread-object] {{0}} {LOST}") for text in ('{"servername": "x"}', "{rejectUnauthorized:false}", "a b")),
    ],
)
def test_a_text_for_redis_in_parameters(kind: str, setting: str, text: str, expected: str) -> None:
    assert found(flat(kind, setting, text), kind, setting) == ([expected.format(setting)] if expected else [])


@pytest.mark.parametrize(
    ("kind", "way_out"), [("server/ssm", "give its members as dotted parameters"), ("server/azure", "give its members under dotted names")]
)
@pytest.mark.parametrize("setting", OF_DATABASES)
@pytest.mark.parametrize("text", ["true", "false", "0", "{}", '{"require": true}', "yes", " true", "require"])
def test_a_text_for_the_database_in_parameters(kind: str, way_out: str, setting: str, text: str) -> None:
    instead = "to connect without TLS, leave it out" if text in ("false", "0") else way_out
    expected = [] if text == "true" else [f"error[misread-object] {setting} {REFUSED}; {instead}"]
    assert found(flat(kind, setting, text), kind, setting) == expected


@pytest.mark.parametrize("kind", ["server/ssm", "server/azure", "server/json"])
@pytest.mark.parametrize("setting", OF_DATABASES)
def test_the_text_that_turns_the_check_of_the_certificate_off(kind: str, setting: str) -> None:
    text = flat(kind, setting, "no-verify")
    if kind == "server/json":
        section, member = setting.split(".")
        text = json.dumps({"baseUrl": BASE, section: {"host": "a.clinic.test", member: "no-verify"}})
    assert [one.partition(":")[0] for one in found(text, kind, setting)] == [
        f"warning[unverified-certificate] {setting} turns the certificate check off"
    ]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("database.ssl", "yes", WRONG),
        ("database.ssl", '{"require": true}', WRONG),
        ("database.ssl", "false", f"error[misread-boolean] {{0}} {REFUSED}; write false without quotes"),
        (
            "database.ssl",
            "true",
            "note[inexact-value] {0} must be true without quotes; the server reads this text as true, like any other",
        ),
        ("database.ssl", True, ""),
        ("redis.tls", True, ""),
        (
            "redis.tls",
            "{}",
            "note[inexact-value] {0} must be true, or an object, without quotes; at this text, as at any, the server turns TLS on",
        ),
        (
            "redis.tls",
            '{"ca": "x"}',
            "error[wrong-type] {0} must be an object without quotes: as text it turns TLS on, but options in it are ignored; "
            "write a value of the documented type",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["server/json", "secret"])
def test_a_value_in_json(kind: str, setting: str, value: Any, expected: str) -> None:
    section, member = setting.split(".")
    inner = {"host": "a.clinic.test", "port": 5432, "password": "${PASSWORD}", "dbname": "d", "username": "u", member: value}
    data = {"baseUrl": BASE, section: inner} if kind == "server/json" else inner
    name = setting if kind == "server/json" else member
    messages = found(json.dumps(data), kind if kind == "server/json" else f"secret/{section}", name)
    assert messages == ([expected.format(name)] if expected else [])
