"""One mistake hides no other: a rule that compares with a setting speaks as well where that is spelt otherwise and its meaning is plain.

Each example of each rule is tried again with every setting misspelt that the rule does not check itself: a number in quotes, a text of
digits without them, a switch as text, a base URL without its slash, a host with scheme and port, a region in upper case. What a rule finds
must stay, and what it does not find must stay unfound.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from support.helpers import bare
from support.rules import built_in_files

from linter import settings
from linter.commands.rules import load_example
from linter.conformance.meaning import meant
from linter.model import UNKNOWN, SettingPath
from linter.policy.engine import check
from linter.policy.rule import Rule
from linter.policy.rule_file import RuleFile
from linter.release import ANY_SERVER, Release
from linter.settings import Setting
from linter.settings.env_names import variable_of
from linter.settings.kinds import catalogue_kind

KINDS = {"infra": "infra/json", "server": "server/json", "database": "secret/database", "redis": "secret/redis"}
OWN = frozenset({"fits", "format"})
"""Operators by which a rule reports a misspelling itself."""


def misspelt(value: Any, setting: Setting) -> Iterator[Any]:
    """The same value as people write it by mistake; nothing for one that can only be written as it is."""
    kind = setting.types[0] if setting.types else ""
    if isinstance(value, bool):
        yield from ["true", 1] if value and setting.types == ("boolean",) else []
    elif isinstance(value, int) and kind in ("integer", "number") and "string" not in setting.types:
        yield str(value)
    elif isinstance(value, str) and setting.types == ("string",) and value.isdecimal():
        yield int(value)
    if not isinstance(value, str) or "$" in value or "<" in value:
        return
    if "server-url" in setting.tags and value.endswith("/"):
        yield value.rstrip("/")
    elif setting.format in ("hostname", "host-or-socket") and "://" not in value and ":" not in value and "." in value.rstrip("."):
        yield from (f"https://{value}", f"{value}:8443", f"https://{value}/", f"{value.rstrip('.')}.")
    elif setting.format == "aws-region" and value.islower():
        yield value.upper()
    elif setting.format == "s3-bucket" and "/" not in value:
        yield f"s3://{value}"


def leaves(value: Any, path: SettingPath = ()) -> Iterator[tuple[SettingPath, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*path, key))
    elif not isinstance(value, list):
        yield path, value


def catalogue_of(source: RuleFile, path: SettingPath) -> tuple[str, SettingPath]:
    """Where a setting of an example is described, and what it is called there."""
    assert source.rule is not None
    kind = source.rule.info.kinds[0]
    if kind == "deployment":
        return KINDS.get(str(path[0]), ""), path[1:]
    return kind if "/" in kind else f"{kind}/json", path


def is_checked(source: RuleFile, path: SettingPath) -> bool:
    """Whether a rule checks a setting itself, so that it is for another rule to find it misspelt."""
    assert source.rule is not None
    texts = [clause.text for case in source.rule.cases for clause in case.must]
    return any(one in (".".join(map(str, path)), "**", "$") or one.startswith("<") and "arn" not in one for one in texts)


def variants(source: RuleFile, data: Any) -> Iterator[tuple[SettingPath, Any, Any]]:
    """The data of an example with one setting misspelt; each with that setting and how it is written."""
    for path, value in leaves(data):
        kind, inner = catalogue_of(source, path)
        name = kind if kind.startswith("secret") else kind.partition("/")[0]
        setting = settings.catalogue(name).get(inner) if name in settings.KINDS and inner else None
        if setting is None or is_checked(source, path):
            continue
        for spelling in misspelt(value, setting):
            if spelling in [other for _, other in leaves(data)]:
                continue  # the two agree to the letter
            changed = copy.deepcopy(data)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = spelling
            yield path, spelling, changed


def finds(source: RuleFile, rule: Rule, example: Any, data: Any) -> list[str]:
    kind = example.get("kind") or catalogue_of(source, ("x", "x"))[0] if rule.info.kinds[0] != "deployment" else "deployment"
    found: list[str] = []
    for sample in load_example(json.dumps(data).encode(), kind):
        sample.document.now = datetime.fromisoformat(f"{example['now']}T12:00:00+00:00") if "now" in example else None
        found.extend(".".join(map(str, finding.document.owner(finding.path or ())[1])) for finding in check(rule, sample.document))
    return sorted(found)


CASES = [
    (source, verdict, number)
    for source in built_in_files()
    if source.rule is not None and not source.rule.found_by
    for verdict in ("good", "bad")
    for number, example in enumerate(source.data["examples"][verdict])
    if isinstance(example.get("data"), dict) and "Parameters" not in json.dumps(example["data"])
]


def test_there_is_something_to_try() -> None:
    tried = {
        source.data["id"] for source, verdict, number in CASES for _ in variants(source, source.data["examples"][verdict][number]["data"])
    }
    assert len(tried) > 60
    assert {
        *("unserved-oauth-url", "issuer-differs-from-base-url", "foreign-account-arn", "foreign-account-arn"),
        *("server-differs-from-infra", "server-differs-from-infra", "url-differs-from-domain"),
        *("sensitive-logs", "unencrypted-redis", "missing-ca-certificate", "url-differs-from-domain"),
    } <= tried


@pytest.mark.parametrize(
    ("source", "verdict", "number"), CASES, ids=[f"{one.data['id']}-{verdict}-{number}" for one, verdict, number in CASES]
)
def test_a_setting_that_is_misspelt_changes_nothing(source: RuleFile, verdict: str, number: int) -> None:
    assert source.rule is not None
    example = source.data["examples"][verdict][number]
    expected = finds(source, source.rule, example, example["data"])
    for path, spelling, data in variants(source, example["data"]):
        assert finds(source, source.rule, example, data) == expected, (path, spelling)


@pytest.mark.parametrize(
    ("kind", "name", "value", "expected"),
    [
        ("infra/json", "accountNumber", 123456789012, "123456789012"),
        ("infra/json", "accountNumber", 12345678901, "012345678901"),
        ("infra/json", "accountNumber", 12345, UNKNOWN),
        ("infra/json", "accountNumber", 1.5, UNKNOWN),
        ("infra/json", "accountNumber", float("nan"), UNKNOWN),
        ("infra/json", "accountNumber", -123456789012, UNKNOWN),
        ("infra/json", "accountNumber", True, UNKNOWN),
        ("infra/json", "accountNumber", "1234-5678-9012", "123456789012"),
        ("infra/json", "accountNumber", "12345", UNKNOWN),
        ("infra/json", "accountNumber", 10**400, UNKNOWN),
        ("infra/json", "apiPort", "8103", 8103),
        ("infra/json", "apiPort", "80 ", 80),
        ("infra/json", "apiPort", "web", UNKNOWN),
        ("infra/json", "apiPort", "9" * 400, UNKNOWN),
        ("infra/json", "apiDomainName", "https://api.example.com:8443/x", "api.example.com"),
        ("infra/json", "apiDomainName", "api example com", UNKNOWN),
        ("infra/json", "apiDomainName", "api.example.com.", "api.example.com"),
        ("infra/json", "region", "US-East-1", "us-east-1"),
        ("infra/json", "region", "us-east-1a", UNKNOWN),
        ("infra/json", "storageBucketName", "arn:aws:s3:::files", "files"),
        ("infra/json", "skipDns", "false", UNKNOWN),
        ("server/json", "baseUrl", "https://x.example", "https://x.example/"),
        ("server/json", "baseUrl", "https://x.example/?a", "https://x.example/?a"),
        ("server/json", "baseUrl", "x.example", "x.example"),
        ("server/json", "logAuditEvents", "yes", True),
        ("server/json", "logAuditEvents", "", UNKNOWN),
        ("server/json", "logAuditEvents", 0, False),
        ("server/json", "redis", "localhost", UNKNOWN),
        ("server/json", "noSuchSetting", 5, 5),
    ],
)
def test_what_is_meant(kind: str, name: str, value: Any, expected: Any) -> None:
    found = meant(bare({name: value}, kind), (name,), value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("kind", ["server/json", "server/env", "server/ssm", "infra/json", "secret/database", "secret/redis"])
@pytest.mark.parametrize("oldest", ["3.0.0", "4.1.0", "main"])
def test_any_value_of_any_setting_means_something(kind: str, oldest: str) -> None:
    for name in settings.catalogue(catalogue_kind(kind)).names():
        path = tuple(name.split("."))
        for value in (True, 5, 1.5, None, "x", "", UNKNOWN, ["x"], {"x": 1}):
            data: Any = value
            for step in reversed(path):
                data = [data] if step == "*" else {step: data}
            document = bare(data, kind, facts={path: {"name": variable_of(path), "raw": "x", "type": "file"}})
            document.server = ANY_SERVER._replace(oldest=Release.of(oldest))
            meant(document, tuple(0 if step == "*" else step for step in path), value)
