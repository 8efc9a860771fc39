"""The table of providers: each row says where it is from and can be reached, and each rule that names one finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from linter.policy.rule_set import all_rules
from linter.settings import PROVIDED, provider_of, providers

ROWS = [(kind, row) for kind in PROVIDED for row in providers()[kind]]
COLUMNS = {"name", "host", "source", "tls", "tls_port", "ca", "options", "pooler_port", "login", "cdn", "means"}
TAKEN = {"username", "password", "port", "issuer", "path"}


def test_the_table_has_a_row_for_each_kind() -> None:
    assert set(providers()) == set(PROVIDED)


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=[f"{kind} {row['name']}" for kind, row in ROWS])
def test_a_row_is_whole_and_reached(kind: str, row: dict[str, Any]) -> None:
    assert row["source"].startswith("https://")
    assert row.keys() <= COLUMNS | TAKEN
    assert row.get("means", {}).keys() == row.keys() & TAKEN, "say in words what the globs ask for"
    for glob in row["host"]:
        assert glob == glob.lower()
        assert provider_of(kind, glob.replace("*", "a:b:c" if "/" in glob else "x1")) is row, "an earlier row hides it"


@pytest.mark.parametrize(
    ("kind", "host", "name"),
    [
        ("database", "medplum.c1x2y3.eu-central-1.rds.amazonaws.com", "Amazon RDS"),
        ("database", "Medplum.proxy-c1x2y3.eu-central-1.rds.amazonaws.com.", "Amazon RDS Proxy"),
        ("database", "evil.rds.amazonaws.com.example", None),
        ("database", "rds.amazonaws.com", None),
        ("database", "/var/run/postgresql", None),
        ("redis", "replica.a.b.use1.cache.amazonaws.com", "Amazon ElastiCache"),
        ("mail", "xsmtp.sendgrid.net", None),
        ("storage", "medplum.s3.eu-central-1.amazonaws.com", "Amazon S3"),
        ("storage", "s3.eu-central-1.amazonaws.com", "Amazon S3"),
    ],
)
def test_a_host_is_recognised_by_its_name(kind: str, host: str, name: str | None) -> None:
    assert provider_of(kind, host).get("name") == name


def asked(data: Any) -> Iterator[dict[str, Any]]:
    """Every operand of ``provider`` and ``provider_takes`` in the data of a rule."""
    if isinstance(data, dict):
        yield from (data[name] for name in ("provider", "provider_takes") if isinstance(data.get(name), dict))
    for one in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from asked(one)


def test_rules_ask_for_what_the_table_has() -> None:
    operands = [operand for rule in all_rules([])[0] for operand in asked(rule._data)]
    assert operands
    for operand in operands:
        rows = providers()[operand["kind"]]
        if "column" in operand:
            assert any(operand["column"] in row for row in rows), operand
        else:
            assert any(all(row.get(name) == value for name, value in operand.items() if name != "kind") for row in rows), operand
