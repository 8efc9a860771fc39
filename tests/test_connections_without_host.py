"""A section of a connection that has no host: its client connects to its own machine (run: pg 8.22.0, ioredis 5.8.2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.model import dotted
from linter.run import Options, lint_input

PUBLIC = "https://api.clinic.test/"
RULES = {"missing-host", "misnamed-setting", "unknown-setting", "missing-setting"}
SECTIONS = ("database", "readonlyDatabase", "redis", "cacheRedis", "rateLimitRedis", "pubSubRedis", "backgroundJobsRedis")
LISTED = {"database": {"host": "db"}, "redis": {"host": "cache"}}


def found(text: str, kind: str = "server/json") -> list[str]:
    """The findings about hosts and names of connections, each with its rule and setting."""
    file = Input(".env" if kind == "server/env" else "x.json", text.encode(), Path("nowhere/x"))
    findings = lint_input(file, Options(EVERY_RULE, kind)).result.findings
    about = [(one, dotted(one.path or ())) for one in findings if one.rule in RULES]
    return [f"{one.severity} {one.rule} {path}" for one, path in about if path.partition(".")[0] in SECTIONS]


@pytest.mark.quick_cases(10)
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("given", [{}, {"port": 1234}, {"host": None}, {"host": ""}])
def test_a_section_without_a_host(section: str, given: dict[str, Any]) -> None:
    assert found(json.dumps({"baseUrl": PUBLIC, **LISTED, section: given})) == [f"error missing-host {section}.host"]
    assert found(json.dumps({"baseUrl": "http://localhost:8103/", **LISTED, section: given})) == []
    assert found(json.dumps({"baseUrl": PUBLIC, **LISTED, section: {**given, "host": "localhost"}})) == []


@pytest.mark.parametrize("section", ["database", "readonlyDatabase", "redis", "cacheRedis", "pubSubRedis"])
def test_a_host_under_another_name_is_one_finding(section: str) -> None:
    for kind in ("server/json", "server/azure"):
        data = {"baseUrl": PUBLIC, **LISTED, section: {"hostname": "a"}}
        flat = {"baseUrl": PUBLIC, "database.host": "db", "redis.host": "cache", f"{section}.hostname": "a"}
        flat.pop(f"{section}.host", None)
        text = json.dumps(data if kind == "server/json" else flat)
        assert found(text, kind) == [f"error misnamed-setting {section}.hostname"]


@pytest.mark.parametrize(
    ("redis", "expected"),
    [
        ({"url": "redis://cache"}, ["error misnamed-setting redis.url"]),
        ({"path": "/run/redis.sock"}, []),
        ({"sentinels": [{"host": "a", "port": 26379}]}, []),
        ({"hostname": "localhost"}, ["warning unknown-setting redis.hostname"]),
        ({"host": "a", "user": "u", "pass": "${P}", "ssl": True}, ["warning unknown-setting redis.user"]),
    ],
)
def test_what_else_a_redis_may_have(redis: dict[str, Any], expected: list[str]) -> None:
    assert found(json.dumps({"baseUrl": PUBLIC, "database": {"host": "db"}, "redis": redis})) == expected


def test_variables_without_a_host() -> None:
    whole = f"MEDPLUM_BASE_URL={PUBLIC}\nMEDPLUM_DATABASE_HOST=db\nMEDPLUM_DATABASE_PASSWORD=$P\nMEDPLUM_REDIS_HOST=cache\n"
    assert found(whole + "MEDPLUM_CACHE_REDIS_PORT=6379\n", "server/env") == ["error missing-host cacheRedis.host"]
    assert found(whole.replace("REDIS_HOST=cache", "REDIS_PORT=6379"), "server/env") == []  # the rest may be given elsewhere
