"""A document that is checked only as far as it differs from the one before has the same findings as by itself."""

from __future__ import annotations

import copy
import json
import random
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.helpers import BareOrigin
from support.helpers import rule as compiled
from support.rules import built_in_files

from linter.choose import rule_kinds
from linter.commands.rules import load_example
from linter.conformance import mismatch
from linter.load import Input, load_documents
from linter.model import Document, Fact, Finding, Level, Part, SettingPath
from linter.policy import incremental
from linter.policy.engine import applies, found_by
from linter.policy.examples import _kind
from linter.policy.incremental import Incremental, KnownDocument, Within
from linter.policy.reads import Reads, Told, reads_of, told_of
from linter.policy.rule import Rule
from linter.release import Release, ServerVersion
from linter.run import Options, lint_paths
from linter.server.defaults import BENEATH_BASE
from linter.settings.kinds import catalogue_kind
from linter.text import Span

VALUES: list[Any] = ["", None, False, 0, 1, True, 1.0, "false", "8103", "http://localhost:8103", "${NAME}", [], {}, {"host": None}]


@pytest.fixture(autouse=True)
def from_the_second_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incremental, "_WORTH", 0)


class Placed(BareOrigin):
    """An origin with another place for each part of each setting, and others for other data."""

    def __init__(self, facts: Mapping[SettingPath, Mapping[str, Fact]], data: dict[str, Any]) -> None:
        super().__init__(facts)
        self._seed = repr(data)

    def locate(self, path: SettingPath, part: Part) -> Span:
        return Span(0, zlib.crc32(f"{self._seed} {path} {part}".encode()))


def copied(document: Document, data: dict[str, Any], facts: Mapping[SettingPath, Mapping[str, Fact]]) -> Document:
    new = Document(document.uri, document.kind, document.text, copy.deepcopy(data), Placed(facts, data), complete=document.complete)
    new.environment, new.given, new.target, new.now = document.environment, document.given, document.target, document.now
    return new


def facts_of(document: Document) -> dict[SettingPath, Mapping[str, Fact]]:
    return {path: document.origin.facts(path) for path in document.origin.with_facts() or ()}


@cache
def documents() -> list[Document]:
    """The documents of all fixtures, and of all examples of rules."""
    files = sorted(one for one in (ROOT / "tests" / "fixtures").rglob("input.*") if one.stat().st_size < 20_000)
    found = load_documents([Input(one.name, one.read_bytes(), one) for one in files], None).documents
    for file in built_in_files():
        assert file.rule is not None
        for example in (*file.data["examples"]["good"], *file.data["examples"]["bad"]):
            text = example["text"] if "text" in example else json.dumps(example["data"], ensure_ascii=False)
            kind, content = _kind(file.rule, example, rule_kinds()), text.encode(example.get("encoding", "utf-8"))
            found += [sample.document for sample in load_example(content, kind, example.get("server", ""))]
    return [one for one in found if not one.members and one.parts is None and one.origin.with_facts() is not None and one.data]


@cache
def checks(kind: str, target: str) -> list[tuple[Rule, Level]]:
    rules = [file.rule for file in built_in_files() if file.rule is not None]
    about = Document("x.json", kind, documents()[0].text, {}, BareOrigin({}))
    return [(rule, rule.info.severity[target] or "note") for rule in rules if applies(rule, about)]  # type: ignore[index]


Said = list[tuple[Any, ...]]


def said(findings: Iterable[Finding]) -> Said:
    return [(one.rule, one.severity, one.message, one.path, one.fix, one.span, one.part, one.related) for one in findings]


def alone(document: Document) -> Said:
    return said(one for rule, level in checks(document.kind, document.target) for one in found_by(rule, document, level))


def in_turn(turn: Sequence[Document]) -> tuple[list[Said], int]:
    """What is found in each of several documents, one checked after the other, and how often a rule is run."""
    checker = Incremental(checks(turn[0].kind, turn[0].target), catalogue_kind(turn[0].kind))
    runs = 0
    every: list[Said] = []
    for one in turn:

        def find(rule: Rule, level: Level, within: Within | None, document: Document = one) -> list[Finding]:
            nonlocal runs
            runs += 1
            return found_by(rule, document, level, None, within)

        every.append(said(checker.found(one, find, set()).findings))
    return every, runs


def checked(document: Document, before: KnownDocument | None = None) -> KnownDocument:
    """What is found in a document that is the first of its run, but may have been checked before."""
    checker = Incremental(checks(document.kind, document.target), catalogue_kind(document.kind))
    return checker.found(document, partial(found_by_rule, document), set(), before)


@cache
def values() -> dict[tuple[str, str], list[Any]]:
    """Every value that a setting at the top has in some document of a kind."""
    known: dict[tuple[str, str], list[Any]] = {}
    for document in documents():
        for name, value in document.data.items():
            given = known.setdefault((document.kind, name), [])
            if value not in given:
                given.append(value)
    return known


def changed(document: Document, random: random.Random) -> Document:
    """A document with the same names and with some other values, or other facts of them."""
    data, facts = dict(document.data), dict(facts_of(document))
    for name in random.sample(list(data), min(len(data), random.randint(1, 3))):
        if facts and random.random() < 0.4:
            path = random.choice(list(facts))
            other: dict[str, Fact] = random.choice(
                [{"type": "String"}, {"type": "SecureString"}, {"tier": "Advanced"}, {"raw": "x"}, {"length": 5_000}]
            )
            facts[path] = {**facts[path], **other}
        elif isinstance(data[name], dict) and data[name] and random.random() < 0.6:
            inner = random.choice(list(data[name]))
            data[name] = {**data[name], inner: random.choice(VALUES)}
        else:
            data[name] = random.choice([*values()[document.kind, name], *VALUES])
    return copied(document, data, facts)


def compare(seed: int, number: int) -> None:
    rng = random.Random(seed)
    for _ in range(number):
        document = rng.choice(documents())
        document = copied(document, document.data, facts_of(document))
        document.target = rng.choice(["production", "development"])
        turn = [document, *(changed(document, rng) for _ in range(3))]
        again = [copied(one, one.data, facts_of(one)) for one in (*turn, document)]
        expected = [alone(one) for one in (*turn, document)]
        assert in_turn(again)[0] == expected
        known = checked(copied(document, document.data, facts_of(document)))
        once_more = [copied(one, one.data, facts_of(one)) for one in (*turn, document)]
        assert [said(checked(one, known).findings) for one in once_more] == expected


def test_changed_documents() -> None:
    compare(1, 150)


def test_other_defaults_of_references() -> None:
    found = 0
    for document in documents():
        names = [name for name in document.data if "fallback" in document.origin.facts((name,))]
        for name in names if document.kind == "server/env" else ():
            turn = [copied(document, document.data, facts_of(document))]
            for default in ("x", "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", "medplum_admin"):
                facts = facts_of(document)
                turn.append(copied(document, document.data, {**facts, (name,): {**facts[name,], "fallback": default}}))
            expected = list(map(alone, turn))
            assert in_turn([copied(one, one.data, facts_of(one)) for one in turn])[0] == expected
            found += sum(rule == "live-credential" for rule, *_ in expected[2])
    assert found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 10))
def test_many_changed_documents(seed: int) -> None:
    compare(seed, 400)


# --- What is saved ----------------------------------------------------------------------------------------------------------------------

CLEAN = ROOT / "tests" / "fixtures" / "clean-production-json" / "input.json"


def clean(**more: Any) -> Document:
    [document] = load_documents([Input("server.json", CLEAN.read_bytes(), Path("server.json"))], "server/json").documents
    return copied(document, {**document.data, **more}, {})


def test_the_same_again_runs_only_what_cannot_be_told() -> None:
    first = in_turn([clean()])[1]
    untraced = in_turn([clean(), clean()])[1] - first
    assert (first > 100, untraced) == (True, 0)


def test_one_other_value_runs_the_rules_that_read_it() -> None:
    once = in_turn([clean()])[1]
    findings, runs = in_turn([clean(), clean(logLevel="loud")])
    assert [rule for rule, *_ in findings[1]] == ["unknown-value"]
    assert runs - once < 40


def test_what_was_found_is_not_looked_for_where_nothing_has_changed() -> None:
    wrong = {"logLevel": "loud", "maxJsonSize": "1 megabyte", "emailAdress": "help@example.com"}
    once = in_turn([clean(**wrong)])[1]
    [first, *others], runs = in_turn([clean(**wrong), clean(**wrong), clean(**wrong, port=8104)])
    assert {rule for rule, *_ in first} == {"unknown-value", "misread-size", "unknown-setting"}
    assert [[one[:5] for one in found] for found in others] == [[one[:5] for one in first]] * 2
    assert runs - once < 40


def test_a_document_is_compared_with_itself_before_others() -> None:
    first, other = (clean(baseUrl=f"https://{name}.hospital.org/", logLevel="loud") for name in "ab")
    fixed = clean(baseUrl="https://a.hospital.org/", logLevel="info")
    known = checked(first)
    runs: list[str] = []

    def find(rule: Rule, level: Level, within: Within | None) -> list[Finding]:
        runs.append(rule.info.id)
        return found_by(rule, fixed, level, None, within)

    checker = Incremental(checks(other.kind, other.target), "server")
    checker.found(other, partial(found_by_rule, other), set())
    assert not checker.found(fixed, find, set(), known).findings
    assert "unknown-value" in runs and "base-url-without-trailing-slash" not in runs


@pytest.mark.parametrize("what", ["target", "server", "checks", "bug"])
def test_what_was_checked_otherwise_is_not_compared_with(what: str) -> None:
    first, again = clean(logLevel="loud"), clean(logLevel="loud")
    known = checked(first)
    if what == "target":
        first.target = "development"
    elif what == "server":
        first.server = ServerVersion(Release.of("4.3.0"), Release.of("4.3.0"))
    elif what == "checks":
        known = known._replace(checks=known.checks[1:])
    else:
        known = known._replace(fitting=None)
    runs: list[str] = []

    def find(rule: Rule, level: Level, within: Within | None) -> list[Finding]:
        runs.append(rule.info.id)
        return found_by(rule, again, level, None, within)

    checker = Incremental(checks(again.kind, again.target), "server")
    assert [rule for rule, *_ in said(checker.found(again, find, set(), known).findings)] == ["unknown-value"]
    assert len(runs) == len(checks(again.kind, again.target))


def test_of_two_names_for_one_setting_none_is_renamed() -> None:
    alone_, both = clean(suportEmail="help@example.com", loglevel=1), clean(suportEmail="help@example.com", loglevel=1)
    for one in (alone_, both):
        del one.data["supportEmail"]
    both.data["loglevel"] = "info"
    turn = [copied(one, one.data, {}) for one in (alone_, both, alone_)]
    assert in_turn(turn)[0] == [alone(one) for one in turn]


def test_what_was_found_once_is_looked_for_again() -> None:
    wrong = clean(logLevel="loud")
    assert [len(one) for one in in_turn([wrong, copied(wrong, wrong.data, {}), clean(), wrong])[0]] == [1, 1, 0, 1]


def test_a_number_is_not_the_truth() -> None:
    findings, _ = in_turn([clean(registerEnabled=False), clean(registerEnabled=0)])
    assert findings[0] == [] and [rule for rule, *_ in findings[1]] == ["inexact-boolean"]


def test_the_type_of_a_parameter_alone() -> None:
    def parameter(environment: str, type_: str) -> dict[SettingPath, Mapping[str, Fact]]:
        return {("recaptchaSecretKey",): {"name": f"/medplum/{environment}/x", "raw": "hunter2-hunter2", "type": type_}}

    data = {"recaptchaSecretKey": "hunter2-hunter2"}
    document = Document("dump.json", "server/ssm", documents()[0].text, data, BareOrigin({}), complete=False)
    turn = [copied(document, data, parameter("a", "SecureString")), copied(document, data, parameter("b", "String"))]
    findings, _ = in_turn(turn)
    new = {rule for rule, *_ in findings[1]} - {rule for rule, *_ in findings[0]}
    assert new == {"secret-in-plain-string"}


def test_what_is_checked_only_where_another_setting_is_not_given() -> None:
    zone = {"name": "prod", "domainName": "no domain", "hostedZoneName": "example.com"}
    document = Document("infra.json", "infra/json", documents()[0].text, zone, BareOrigin({}))
    findings, _ = in_turn([document, copied(document, {**zone, "hostedZoneName": ""}, {})])
    assert "invalid-domain-name" in {rule for rule, *_ in findings[1]} - {rule for rule, *_ in findings[0]}


def test_what_did_not_change_is_not_taken_for_missing() -> None:
    both = compiled({"name": {"present": True}, "port": {"equals": 1}})
    checker = Incremental([(both, "error")], "server")
    found = [said(checker.found(one, partial(found_by_rule, one), set()).findings) for one in (bare_of(1), bare_of(2), bare_of(1))]
    assert [[path for _, _, _, path, *_ in one] for one in found] == [[], [("port",)], []]


def bare_of(port: int) -> Document:
    return Document("server.json", "server/json", documents()[0].text, {"name": "a", "port": port}, BareOrigin({}))


def found_by_rule(document: Document, rule: Rule, level: Level, within: Within | None) -> list[Finding]:
    return found_by(rule, document, level, None, within)


BEFORE_AND_AFTER: dict[str, tuple[Rule, dict[str, Any], dict[str, Any]]] = {
    "another setting that the message names": (
        compiled({"port": {"equals": 1}}, "${@path} ${logLevel}"),
        {"port": 2, "logLevel": "INFO"},
        {"port": 2, "logLevel": "WARN"},
    ),
    "another setting that a fix names": (
        compiled({"a": {"equals": 1}}, fix={"safe": False, "reason": "x", "set": {".": "${b}"}}),
        {"a": 2, "b": 1},
        {"a": 2, "b": 3},
    ),
    "a setting that was meant by a name": (
        compiled({"**": {"fits": "known"}}, fix={"safe": False, "reason": "x", "rename": {".": "${@meant_name}"}}),
        {"smtp_host": "mail.example.com", "smtp": {"port": 25}},
        {"smtp_host": "mail.example.com", "smtp": {"host": "mail.example.com"}},
    ),
    "a rival for a name that is gone": (
        compiled({"*": {"not": {"equals": "x"}}}, fix={"safe": False, "reason": "x", "rename": {".": "port"}}),
        {"a": "x", "b": "x"},
        {"a": "x", "b": "y"},
    ),
    "the order of clauses": (compiled({"b": {"equals": 1}, "a": {"equals": 1}}), {"a": 2, "b": 1}, {"a": 2, "b": 2}),
    "the order of names": (compiled({"*": {"equals": 1}}), {"a": 1, "b": 2}, {"a": 2, "b": 2}),
    "a port that is given beside a host": (
        compiled({"apiDomainName": {"fits": "format"}}, fix={"safe": False, "reason": "x", "set": {".": "${@meant}"}}, **{"for": "infra"}),
        {"apiDomainName": "https://api.example.com:8103/", "port": 8103},
        {"apiDomainName": "https://api.example.com:8103/", "port": 8104},
    ),
    "what the server stops at": (
        compiled({"baseUrl": {"fits": "format"}}),
        {"baseUrl": "api", **{name: f"https://api.example.com/{name}" for name in BENEATH_BASE}},
        {"baseUrl": "api", **dict.fromkeys(BENEATH_BASE, "")},
    ),
}


@pytest.mark.parametrize("what", BEFORE_AND_AFTER)
def test_what_depends_on_something_else_is_looked_for_again(what: str) -> None:
    one, *turn = BEFORE_AND_AFTER[what]
    kind = "infra/json" if one.info.kinds == ("infra",) else "server/json"
    [first, second] = (Document("x.json", kind, documents()[0].text, data, Placed({}, data)) for data in turn)
    checker = Incremental([(one, "error")], catalogue_kind(kind))
    found = [said(checker.found(document, partial(found_by_rule, document), set()).findings) for document in (first, second)]
    [first, second] = (Document("x.json", kind, documents()[0].text, data, Placed({}, data)) for data in turn)
    assert found == [said(found_by(one, document, "error")) for document in (first, second)]
    assert found[0] and [each[:5] for each in found[0]] != [each[:5] for each in found[1]]


def test_documents_that_are_compared_with_no_other() -> None:
    once = in_turn([clean()])[1]
    misspelt = clean(base_url="https://api.example.com/")
    del misspelt.data["baseUrl"]
    old = clean()
    old.server = ServerVersion(Release.of("4.3.0"), Release.of("4.3.0"))
    for one in (misspelt, old):
        assert in_turn([one, one])[1] == 2 * once


def test_a_few_documents_are_each_checked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incremental, "_WORTH", 8)
    once = in_turn([clean()])[1]
    assert in_turn([clean()] * 8)[1] == 8 * once
    assert in_turn([clean()] * 9)[1] == 8 * once


def test_a_bug_shows_in_each_document(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_arguments: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(mismatch._Checker, "_mismatch", fail)
    for number in range(3):
        (tmp_path / f"medplum-{number}.config.json").write_bytes(CLEAN.read_bytes())
    outcome = lint_paths([str(tmp_path)], Options(isolated=True))
    for number in range(3):
        assert any(f"medplum-{number}.config.json: checking a setting on baseUrl failed" in bug for bug in outcome.bugs)


# --- What a rule reads ------------------------------------------------------------------------------------------------------------------


PRODUCTION = {"$@target": {"equals": "production"}}


def reads(shared: str = "", places: str = "", *, anywhere: bool = False) -> Reads:
    return Reads(frozenset(shared.split()), frozenset(places.split()), anywhere)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"must": {"baseUrl": {"format": "url"}}}, reads("", "baseUrl")),
        ({"must": {"database.ssl.ca": "present"}, "when": {"redis.host": "present"}}, reads("redis", "database")),
        ({"must": {"issuer": {"equals": "${baseUrl}"}}}, reads("baseUrl", "issuer")),
        ({"must": {"a.b": {"equals": "${^.c}"}}}, reads("c", "a")),
        ({"must": {"a": {"if": {"one_of": ["x", "${b.c}"]}, "then": "present"}}}, reads("b", "a")),
        ({"must": {"a": "present"}, "when": [{"b": "present"}, {"c": "absent", "server": ">=5"}]}, reads("b c", "a")),
        ({"must": {"**": {"type": "string"}, "a@raw": "present"}}, reads("", "a", anywhere=True)),
        ({"must": {"*.b": {"type": "string"}}, "when": PRODUCTION}, reads(anywhere=True)),
        ({"must": {"$@uploaded": {"equals": True}}}, reads()),
        ({"must": {"$@environment": "present"}}, None),
        ({"must": {"a": {"equals": "${$@environment}"}}}, None),
        ({"must": {"a@name": "present"}}, reads("", "a")),
        ({"must": {"a@name": {"matches": "x"}}}, None),
        ({"must": {"a": "present"}, "when": {"b@name": "absent"}}, reads("b", "a")),
        ({"must": {"a": "present"}, "when": {"b@name": {"equals": "x"}}}, None),
        ({"must": {"$": {"only_keys": ["a"]}}}, None),
        ({"must": {"a": {"matches": "[${}]+"}}}, None),
        ({"must": {"a": "present"}, "when": {"**": "present"}}, None),
    ],
)
def test_what_a_rule_reads(data: Mapping[str, Any], expected: Reads | None) -> None:
    assert reads_of(data, "server") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"message": "${@path} ${@reason} ${.}"}, Told(frozenset(), in_order=True, apart=True, of_names=False)),
        ({"message": "${.} is not ${baseUrl}"}, Told(frozenset(["baseUrl"]), in_order=True, apart=True, of_names=False)),
        ({"fix": {"set": {".": "${@meant}"}}}, Told(frozenset(), in_order=True, apart=True, of_names=False)),
        ({"fix": {"set": {"^.b": "${c.d}"}}}, Told(frozenset("bc"), in_order=True, apart=True, of_names=False)),
        ({"fix": [{"when": {"b": "present"}, "remove": ["."]}]}, Told(frozenset("b"), in_order=True, apart=False, of_names=False)),
        ({"fix": {"rename": {".": "${@meant_name}"}}}, Told(frozenset(), in_order=True, apart=False, of_names=True)),
        ({"fix": {"rename": {".": "b"}}}, Told(frozenset("b"), in_order=True, apart=False, of_names=False)),
        ({"must": {"a": "present", "b": "present"}}, Told(frozenset(), in_order=False, apart=True, of_names=False)),
        ({"must": {"<url>": {"fits": "format"}}}, Told(frozenset(), in_order=False, apart=True, of_names=False)),
        ({"message": "${@name}"}, None),
        ({"message": "${$@environment}"}, None),
        ({"message": "${b@meant}"}, None),
        ({"fix": {"rename": {".": "${.}"}}}, None),
        ({"fix": {"split": {".": "^"}}}, None),
    ],
)
def test_what_a_finding_tells(data: Mapping[str, Any], expected: Told | None) -> None:
    assert told_of({"must": {"**": {"type": "string"}}, "message": "", **data}, "server") == expected


def test_nearly_every_rule_can_be_traced() -> None:
    rules = [rule for rule, _ in checks("server/json", "production")]
    assert [rule.info.id for rule in rules if rule.must and reads_of(rule.data, "server") is None] == []
