"""What the catalogue says happens because of a mistake: of each kind that can be found in a setting, and of no other value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.contract import demand
from support.helpers import bare, messages, rule

from linter.policy.errors import RuleError
from linter.release import MAIN, Release, ServerVersion
from linter.settings import KINDS, Setting, _setting, build, catalogue

UNKNOWN = {
    "server": {
        "maxJsonSize": ("form", "the reason says what becomes of the size"),
        "maxBatchSize": ("form", "the reason says what becomes of the size"),
        "database.idleTimeoutMs": ("low", "no source of a server that reads it was seen"),
        "database.connectionTimeoutMs": ("low", "no source of a server that reads it was seen"),
        "readonlyDatabase.idleTimeoutMs": ("low", "no source of a server that reads it was seen"),
        "readonlyDatabase.connectionTimeoutMs": ("low", "no source of a server that reads it was seen"),
        "defaultMfaRateLimit": ("low", "no source of a server that reads it was seen"),
    },
}
"""The settings without a consequence for a kind of mistake that can be found in them, with the reason."""
NOT_SEEN = "shards."
"""How the names of the settings begin whose server was not seen at all."""

MOST_WORDS = 20
OF_OTHER_MISTAKES = {
    "absent": r"\b(too|text|number in quotes|wrong|malformed|larger?|smaller|another word)\b",
    "below": r"\b(text|without it|missing|larger?|greater number|higher|unknown word|malformed)\b",
    "above": r"\b(text|without it|missing|smaller?|lower|negative|0|unknown word|malformed)\b",
    "type": r"\b(without it|missing|too|negative|unknown word|malformed)\b",
    "text": r"\b(without it|missing|too|a number|unknown word|malformed)\b",
    "number": r"\b(without it|missing|with text|unknown word|malformed)\b",
    "word": r"\b(without it|missing|too|number|malformed|wrong type)\b",
    "form": r"\b(without it|missing|too|number|wrong type|unknown word)\b",
}
"""The words that mention another mistake than the one that was made."""


def settings_of(kind: str) -> Iterator[Setting]:
    known = catalogue(kind)
    found = (known.get(tuple(name.split("."))) for name in known.names())
    return (setting for setting in found if setting is not None and setting.status != "obsolete")


def clauses() -> Iterator[tuple[str, str, str]]:
    """The setting, the kind of mistake, and what happens."""
    for kind in KINDS:
        for setting in settings_of(kind):
            for mistake, by_release in setting.consequence.items():
                yield from ((f"{kind} {setting.name}", mistake, clause) for clause in by_release.values if clause)


def can_be_made(setting: Setting) -> set[str]:
    """The kinds of mistake that the catalogue itself lets a rule find in a setting."""
    found = {
        "absent": setting.required,
        "below": setting.min is not None,
        "low": setting.advised_min is not None,
        "above": setting.max is not None or setting.advised_max is not None,
        "word": bool(setting.enum),
        "form": bool(setting.format),
    }
    return {mistake for mistake, holds in found.items() if holds}


def test_each_mistake_that_can_be_found_has_a_consequence() -> None:
    lacking = {
        (kind, setting.name, mistake)
        for kind in KINDS
        for setting in settings_of(kind)
        for mistake in can_be_made(setting)
        if not setting.name.startswith(NOT_SEEN) and not setting.consequence_of(mistake, MAIN)
    }
    known = {(kind, name, mistake) for kind, names in UNKNOWN.items() for name, (mistake, _) in names.items()}
    demand(f"linter/settings: {kind}: {name} has no consequence of {mistake}" for kind, name, mistake in sorted(lacking - known))
    demand(f"{kind}: {name} has one of {mistake}: take it off the list" for kind, name, mistake in sorted(known - lacking))


def test_no_mistake_has_a_consequence_that_cannot_be_found() -> None:
    demand(
        f"linter/settings: {kind}: {setting.name} can have no mistake of the kind {mistake}"
        for kind in KINDS
        for setting in settings_of(kind)
        for mistake in setting.consequence.keys() & {"below", "low", "above", "word", "form"}
        if mistake not in can_be_made(setting) and not (mistake == "below" and "low" in can_be_made(setting))
    )


def test_a_consequence_mentions_only_its_own_mistake() -> None:
    demand(
        f"linter/settings: {name}: what happens because of {mistake} is of another mistake: {clause}"
        for name, mistake, clause in clauses()
        if re.search(OF_OTHER_MISTAKES.get(mistake, "(?!)"), clause)
    )


def test_a_consequence_is_a_short_clause() -> None:
    demand(
        f"linter/settings: {name}: {mistake}: write a clause of at most {MOST_WORDS} words, without a full stop: {clause}"
        for name, mistake, clause in clauses()
        if len(clause.split()) > MOST_WORDS or clause.endswith(".") or re.search(r"[.;:] ", clause)
    )


MESSAGE = "${@path} ${@reason}: ${@consequence}"


def said(data: dict[str, Any], aspect: str, server: str) -> list[str]:
    """The messages of a rule about an aspect, for a server, that say what happens."""
    document = bare(data)
    document.server = ServerVersion(Release.of(server), Release.of(server))
    return messages(rule({"**": {"fits": aspect}}, MESSAGE), document)


@pytest.mark.parametrize(
    ("data", "aspect", "server", "message"),
    [
        ({"port": 70000}, "range", "5.1.23", "port must be at most 65,535, not 70000: there is no such port, so the server does not start"),
        (
            {"port": -1},
            "range",
            "5.1.23",
            "port must be at least 1, not -1: there is no such port, so the server does not start",
        ),
        ({"port": 0}, "range", "5.1.23", "port must be at least 1, not 0: the server listens on 8103"),
        (
            {"bcryptHashSalt": 32},
            "range",
            "5.1.23",
            "bcryptHashSalt must be at most 31, not 32: each check of a password takes seconds, or far longer",
        ),
        (
            {"emailProvider": "sendgrid"},
            "value",
            "5.1.23",
            "emailProvider must be one of none, awsses, smtp: without an smtp object the server silently sends no e-mail",
        ),
        (
            {"defaultRateLimit": "many"},
            "type",
            "5.1.7",
            "defaultRateLimit must be a whole number, not text: every request fails with status 500",
        ),
        (
            {"defaultRateLimit": "many"},
            "type",
            "5.1.8",
            "defaultRateLimit must be a whole number, not text: the server ignores it and uses its own limit",
        ),
        (
            {"defaultRateLimit": True},
            "type",
            "5.1.8",
            "defaultRateLimit must be a whole number, not true: the server ignores it and uses its own limit",
        ),
        (
            {"maxJsonSize": 5},
            "type",
            "5.1.22",
            "maxJsonSize must be text, not a number: it counts as bytes, but WebSocket messages have no limit",
        ),
        ({"smtp": "x"}, "type", "5.1.23", "smtp must be an object, not text: the server cannot send e-mail with it"),
        (
            {"database": {"dbname": 5}},
            "type",
            "5.1.23",
            "database.dbname must be text, not a number: the database client fails at it, so the server does not start",
        ),
        ({"issuer": 5}, "type", "5.1.23", "issuer must be text, not a number"),
        (
            {"shutdownTimeoutMilliseconds": "long"},
            "type",
            "5.1.23",
            "shutdownTimeoutMilliseconds must be a whole number, not text: the server can wait for open connections until its container "
            "is killed",
        ),
    ],
)
def test_a_message_says_what_happens_because_of_the_mistake_that_was_found(
    data: dict[str, Any], aspect: str, server: str, message: str
) -> None:
    assert said(data, aspect, server) == [message]


def test_a_type_is_harmful_if_the_consequence_is_known() -> None:
    data = {"issuer": 5, "supportEmail": 5, "redis": {"password": 5, "db": "x"}, "bullmq": {"concurrency": None}, "maxSearchOffset": "10"}
    assert [one.split(" ")[0] for one in said(data, "harmful-type", "5.1.23")] == ["supportEmail", "redis.db", "bullmq.concurrency"]
    assert [one.split(" ")[0] for one in said({"issuer": True, "defaultFhirQuota": "x"}, "harmful-type", "5.1.7")] == ["defaultFhirQuota"]


def test_what_is_missing_or_empty_is_absent() -> None:
    asks = rule({"smtp.host": {"present": True, "not": {"equals": ""}}}, MESSAGE)
    why = "the server looks for the mail server on its own machine, and no e-mail is sent"
    assert messages(asks, bare({"smtp": {}})) == [f"smtp.host is missing: {why}"]
    assert messages(asks, bare({"smtp": {"host": ""}})) == [f'smtp.host must not be "": {why}']


def test_limits_outside_the_catalogue_have_no_consequence() -> None:
    assert messages(rule({"port": {"min": 9000}}, MESSAGE), bare({"port": 8103})) == ["port must be at least 9000"]


def with_entry(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the catalogue built from one entry."""
    read = build.read_yaml
    monkeypatch.setattr(
        build, "read_yaml", lambda name: {"server.yaml": {"port": dict(entry)}, "schema.yaml": read("schema.yaml")}.get(name, {})
    )


@pytest.mark.parametrize(
    ("consequence", "problem"),
    [
        ({"belo": "x"}, "consequence: {'belo': 'x'} is not valid"),
        ({"below": 5}, "consequence: below: 5 is not"),
        ({"below": {"5.0.0": 5}}, "consequence: below: 5.0.0: 5 is not of type 'string'"),
        ({"below": {"5.0.0": "x", "4.1.0": "y"}}, "4.1.0 comes after 5.0.0: write the releases in order"),
        ({"5.0.0": "x", "4.1.0": "y"}, "4.1.0 comes after 5.0.0: write the releases in order"),
    ],
)
def test_a_mistake_in_the_catalogue_is_named(consequence: Any, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"type": "integer", "meaning": "A port.", "consequence": consequence}
    with_entry(entry, monkeypatch)
    with pytest.raises(ValueError, match=re.escape(f"server.yaml: port: {problem}")):
        build.read_catalogue()


def test_one_clause_can_apply_to_every_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"type": "integer", "meaning": "A port.", "consequence": "it fails"}
    with_entry(entry, monkeypatch)
    assert build.read_catalogue()["server"]["port"]["consequence"] == {"": "it fails"}
    setting = _setting(("port",), {"tags": [], "consequence": {"": "it fails"}})
    assert {setting.consequence_of(mistake, MAIN) for mistake in ("below", "text", "")} == {"it fails"}


def test_only_the_setting_of_a_finding_has_a_consequence() -> None:
    with pytest.raises(RuleError, match='"port@consequence": there is no fact "consequence" of a setting'):
        rule({"baseUrl": "present"}, "${@path} ${@reason}: ${port@consequence}")
