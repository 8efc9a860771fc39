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
from typing import Any, NamedTuple

import pytest
from support.helpers import bare
from support.rules import built_in_files

from linter import settings
from linter.commands.examples import load_example
from linter.conformance.table import Entry
from linter.model import UNKNOWN, SettingPath, level_on
from linter.policy.engine import check
from linter.policy.rule import Case, Rule, kind_matches
from linter.policy.rule_file import RuleFile
from linter.release import ANY_SERVER, Release
from linter.settings import Setting
from linter.settings.env_names import variable_of
from linter.settings.kinds import COMPANIONS, catalogue_kind

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


def kind_of(source: RuleFile, example: Any) -> str:
    """The kind of an example: what it says, else the first that its rule is for, as JSON."""
    assert source.rule is not None
    kind: str = example.get("kind") or source.rule.info.kinds[0]
    return kind if "/" in kind or kind in ("deployment", *COMPANIONS) else f"{kind}/json"


def catalogue_of(kind: str, path: SettingPath) -> tuple[str, SettingPath]:
    """Where a setting of an example is described, and what it is called there."""
    return (KINDS.get(str(path[0]), ""), path[1:]) if kind == "deployment" else (kind, path)


def is_checked(case: Case, path: SettingPath) -> bool:
    """Whether a case checks a setting itself, so that it is for another rule to find it misspelt."""
    texts = [clause.text for clause in case.must]
    tagged = (one for one in texts if one.startswith("<") and "arn" not in one and not one.startswith("<redis>"))
    return any(tagged) or any(one in (".".join(map(str, path)), "**", "$") for one in texts)


def variants(case: Case, kind: str, data: Any) -> Iterator[tuple[SettingPath, Any, Any]]:
    """The data of an example with one setting misspelt; each with that setting and how it is written."""
    for path, value in leaves(data):
        described, inner = catalogue_of(kind, path)
        name = described if described.startswith("secret") else described.partition("/")[0]
        setting = settings.catalogue(name).get(inner) if name in settings.KINDS and inner else None
        if setting is None or is_checked(case, path):
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


def finds(rule: Rule, number: int, kind: str, example: Any, data: Any) -> list[str]:
    """What one case of a rule finds, as if it were alone."""
    found: list[str] = []
    for sample in load_example(json.dumps(data).encode(), kind):
        sample.document.now = datetime.fromisoformat(f"{example['now']}T12:00:00+00:00") if "now" in example else None
        severity = level_on(rule.cases[number].info.severity, sample.document.target)
        levels = tuple(severity if one == number else None for one in range(len(rule.cases)))
        found.extend(".".join(map(str, finding.document.owner(finding.path or ())[1])) for finding in check(rule, sample.document, levels))
    return sorted(found)


class Tried(NamedTuple):
    """An example of a rule, and a case of the rule that is for documents of its kind."""

    source: RuleFile
    case: int
    verdict: str
    number: int

    def __str__(self) -> str:
        return f"{self.source.data['id']}-{self.case}-{self.verdict}-{self.number}"

    @property
    def rule(self) -> Rule:
        assert self.source.rule is not None
        return self.source.rule

    @property
    def example(self) -> Any:
        return self.source.data["examples"][self.verdict][self.number]

    @property
    def kind(self) -> str:
        return kind_of(self.source, self.example)

    def variants(self) -> Iterator[tuple[SettingPath, Any, Any]]:
        return variants(self.rule.cases[self.case], self.kind, self.example["data"])


TRIED = [
    tried
    for source in built_in_files()
    if source.rule is not None and not source.rule.of_source
    for verdict in ("good", "bad")
    for number, example in enumerate(source.data["examples"][verdict])
    if isinstance(example.get("data"), dict) and "Parameters" not in json.dumps(example["data"])
    for case, one in enumerate(source.rule.cases)
    for tried in [Tried(source, case, verdict, number)]
    if any(kind_matches(tried.kind, kind) for kind in one.info.kinds)
]


def test_there_is_something_to_try() -> None:
    tried = {(one.source.data["id"], one.case) for one in TRIED if any(True for _ in one.variants())}
    assert len(tried) > 120
    assert {
        *(("unserved-oauth-url", 1), ("issuer-differs-from-base-url", 0), ("foreign-account-arn", 0), ("foreign-account-arn", 3)),
        *(("server-differs-from-infra", 1), ("server-differs-from-infra", 2), ("url-differs-from-domain", 0)),
        *(("sensitive-logs", 0), ("unencrypted-redis", 0), ("missing-ca-certificate", 0), ("url-differs-from-domain", 2)),
    } <= tried


@pytest.mark.quick_cases(100)
@pytest.mark.parametrize("tried", TRIED, ids=str)
def test_a_setting_that_is_misspelt_changes_nothing(tried: Tried) -> None:
    expected = finds(tried.rule, tried.case, tried.kind, tried.example, tried.example["data"])
    for path, spelling, data in tried.variants():
        assert finds(tried.rule, tried.case, tried.kind, tried.example, data) == expected, (path, spelling)


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
    found = Entry(bare({name: value}, kind), (name,)).meaning(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.quick_cases(9)
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
            Entry(document, tuple(0 if step == "*" else step for step in path)).meaning(value)
