"""What is kept from one document to the next changes nothing: each document has the findings that it has when it is checked alone."""

from __future__ import annotations

import copy
import json
import random
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from operator import not_
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.helpers import BareOrigin
from support.helpers import rule as compiled
from support.rules import built_in_files

from linter.commands.examples import kind_of, load_example
from linter.conformance import mismatch
from linter.documents.inputs import Input
from linter.memo import Memo
from linter.model import ABSENT, PART, UNKNOWN, Document, Fact, Finding, Part, SettingPath, Target
from linter.policy import engine
from linter.policy.engine import Levels, applies, check
from linter.policy.evaluate import ask
from linter.policy.node import Node
from linter.policy.rule import Rule
from linter.policy.verdict import Verdict
from linter.run import Options, lint_paths, load_documents
from linter.server.defaults import BENEATH_BASE
from linter.text import Span

VALUES: list[Any] = ["", None, False, 0, 1, True, 1.0, "false", "8103", "http://localhost:8103", "${NAME}", [], {}, {"host": None}, UNKNOWN]
FACTS: list[dict[str, Fact]] = [{"type": "String"}, {"type": "SecureString"}, {"tier": "Advanced"}, {"raw": "x"}, {"length": 5_000}]


class Placed(BareOrigin):
    """An origin with another place for each part of each setting, and others for other data."""

    def __init__(self, facts: Mapping[SettingPath, Mapping[str, Fact]], data: dict[str, Any]) -> None:
        super().__init__(facts)
        self.every = facts
        self._seed = repr(data)

    def locate(self, path: SettingPath, part: Part) -> Span:
        return Span(0, zlib.crc32(f"{self._seed} {path} {part}".encode()))


def copied(document: Document, data: dict[str, Any], facts: Mapping[SettingPath, Mapping[str, Fact]]) -> Document:
    new = Document(document.uri, document.kind, document.text, copy.deepcopy(data), Placed(facts, data), unread=document.unread)
    new.environment, new.given, new.target, new.now = document.environment, document.given, document.target, document.now
    new.server = document.server
    return new


def facts_of(document: Document) -> dict[SettingPath, Mapping[str, Fact]]:
    """What the source says of the settings of a document down to their second level, which are all that it says anything of."""
    if isinstance(document.origin, Placed):
        return dict(document.origin.every)
    paths: list[SettingPath] = [(name,) for name in document.data]
    paths += [(name, inner) for name, value in document.data.items() if isinstance(value, dict) for inner in value]
    return {path: said for path in paths if (said := document.origin.facts(path))}


@cache
def documents() -> list[Document]:
    """The documents of all fixtures, and of all examples of rules."""
    files = sorted(one for one in (ROOT / "tests" / "fixtures").rglob("input.*") if one.stat().st_size < 20_000)
    found = load_documents([Input(one.name, one.read_bytes(), one) for one in files], None).documents
    for file in built_in_files():
        assert file.rule is not None
        for example in file.rule.examples:
            kind, content = kind_of(file.rule, example), example.text().encode(example.encoding)
            found += [sample.document for sample in load_example(content, kind, example.server)]
    return [one for one in found if not one.members and one.parts is None and one.data]


@cache
def checks(kind: str, target: Target) -> list[tuple[Rule, Levels]]:
    rules = [file.rule for file in built_in_files() if file.rule is not None]
    about = Document("x.json", kind, documents()[0].text, {}, BareOrigin({}))
    return [(rule, tuple(case.info.severity[target] or "note" for case in rule.cases)) for rule in rules if applies(rule, about)]


Said = list[tuple[Any, ...]]


def said(findings: Iterable[Finding]) -> Said:
    return [(one.rule, one.severity, one.message, one.path, one.fix, one.span, one.part, one.related) for one in findings]


def alone(document: Document) -> Said:
    return said(one for rule, levels in checks(document.kind, document.target) for one in check(rule, document, levels))


def in_turn(turn: Sequence[Document], rules: Sequence[tuple[Rule, Levels]] | None = None) -> tuple[list[Said], list[Counter[str]]]:
    """What is found in each of several documents, one checked after the other, and which rules were run on it."""
    memo = Memo()
    every: list[Said] = []
    runs: list[Counter[str]] = []

    def run(rule: Rule, document: Document, levels: Levels) -> list[Finding]:
        runs[-1][rule.info.id] += 1
        return check(rule, document, levels)

    for document in turn:
        found: list[Finding] = []
        runs.append(Counter())
        with memo.watching(document):
            for rule, levels in rules or checks(document.kind, document.target):
                found += memo.get(rule.info.id, partial(run, rule, document, levels), keep=not_)
        every.append(said(found))
    return every, runs


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
    """A document with some other values or facts, some other names, or the same names in another order."""
    data, facts = dict(document.data), dict(facts_of(document))
    for name in random.sample(list(data), min(len(data), random.randint(1, 3))):
        chance = random.random()
        if facts and chance < 0.3:
            path = random.choice(list(facts))
            facts[path] = {**facts[path], **random.choice(FACTS)}
        elif chance < 0.4:
            del data[name]
            facts = {path: said for path, said in facts.items() if path[0] != name}
        elif chance < 0.5:
            data = dict(random.sample(list(data.items()), len(data)))
        elif isinstance(data.get(name), dict) and data[name] and chance < 0.75:
            inner = random.choice(list(data[name]))
            data[name] = {**data[name], inner: random.choice(VALUES)}
        else:
            kind, other = random.choice([one for one in values() if one[0] == document.kind])
            other = random.choice([name, name, other])
            data[other] = random.choice([*values().get((kind, other), []), *VALUES])
    new = copied(document, data, facts)
    new.unread = random.choice([document.unread, document.unread, {} if document.unread else PART])
    new.environment = random.choice([document.environment, "staging"])
    new.uri = random.choice([document.uri, "config/medplum.prod.server.json", "sample.json"])
    return new


def compare(seed: int, number: int) -> None:
    rng = random.Random(seed)
    for _ in range(number):
        document = rng.choice(documents())
        document = copied(document, document.data, facts_of(document))
        document.target = rng.choice(["production", "development"])
        turn = [document]
        for _ in range(4):
            turn.append(changed(rng.choice(turn), rng))
        turn.append(copied(document, document.data, facts_of(document)))
        expected = [alone(one) for one in turn]
        again = [changed_back(one) for one in turn]
        assert in_turn(again)[0] == expected


def changed_back(document: Document) -> Document:
    """The same document without cached results."""
    new = copied(document, document.data, facts_of(document))
    new.unread, new.uri = document.unread, document.uri
    return new


def test_changed_documents() -> None:
    compare(1, 6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_many_changed_documents(seed: int) -> None:
    compare(seed, 400)


# --- What is saved ----------------------------------------------------------------------------------------------------------------------

CLEAN = ROOT / "tests" / "fixtures" / "clean-production-json" / "input.template.json"


def clean(**more: Any) -> Document:
    [document] = load_documents([Input("server.json", CLEAN.read_bytes(), Path("server.json"))], "server/json").documents
    return copied(document, {**document.data, **more}, {})


def test_the_same_again_runs_no_rule() -> None:
    document = clean()
    _, [first, second] = in_turn([document, clean()])
    every = [rule.info.id for rule, _ in checks(document.kind, document.target)]
    assert len(every) > 80
    assert (first, second) == (Counter(every), Counter())


def test_another_value_runs_the_rules_that_read_it() -> None:
    findings, [_, runs] = in_turn([clean(), clean(logLevel="loud")])
    assert [rule for rule, *_ in findings[1]] == ["unknown-value"]
    assert runs.total() < 20 and "missing-trailing-slash" not in runs


def test_what_was_found_once_is_looked_for_again() -> None:
    turn = [clean(logLevel="loud"), clean(logLevel="loud"), clean(), clean(logLevel="loud")]
    assert [[rule for rule, *_ in one] for one in in_turn(turn)[0]] == [["unknown-value"], ["unknown-value"], [], ["unknown-value"]]


def test_a_number_is_not_a_boolean() -> None:
    findings, _ = in_turn([clean(registerEnabled=False), clean(registerEnabled=0)])
    assert findings[0] == [] and [rule for rule, *_ in findings[1]] == ["misread-boolean"]


def parameter(type_: str, **data: str) -> Document:
    document = Document("dump.json", "server/ssm", documents()[0].text, data, BareOrigin({}), unread=PART)
    return copied(document, data, {(name,): {"name": f"/medplum/a/{name}", "raw": text, "type": type_} for name, text in data.items()})


def test_the_type_of_a_parameter_alone() -> None:
    findings, _ = in_turn([parameter(type_, recaptchaSecretKey="hunter2-hunter2") for type_ in ("SecureString", "String")])
    assert {rule for rule, *_ in findings[1]} - {rule for rule, *_ in findings[0]} == {"unencrypted-parameter"}


def bare(kind: str = "server/json", **data: Any) -> Document:
    return Document("x.json", kind, documents()[0].text, data, Placed({}, data))


def test_the_default_of_a_reference_alone() -> None:
    def variable(default: str) -> Document:
        facts: dict[SettingPath, Mapping[str, Fact]] = {("googleClientSecret",): {"fallback": default}}
        return copied(bare("server/env"), {"googleClientSecret": UNKNOWN}, facts)

    findings, _ = in_turn([variable("x"), variable("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")])
    assert "live-credential" in {rule for rule, *_ in findings[1]} - {rule for rule, *_ in findings[0]}


def test_the_name_of_a_file_that_is_uploaded_alone() -> None:
    turn = [bare("server/azure", databse={"host": "postgres"}) for _ in range(2)]
    for document, uri in zip(turn, ["x.json", "medplum.prod.server.json"], strict=True):
        document.uri, document.given = uri, ((("databse", "host"), "postgres"),)
    findings, _ = in_turn(turn)
    about = [[rule for rule, _, message, *_ in one if message.startswith("databse")] for one in findings]
    assert about == [["misnamed-setting"], ["unknown-setting"]]


BEFORE_AND_AFTER: dict[str, tuple[Rule, dict[str, Any], dict[str, Any]]] = {
    "a setting that its condition asks for": (compiled({"a": {"equals": 1}}, when={"b": "present"}), {"a": 2}, {"a": 2, "b": 1}),
    "a setting that it is compared with": (compiled({"a": {"equals": "${b}"}}), {"a": 1, "b": 1}, {"a": 1, "b": 2}),
    "a setting that is gone": (compiled({"a": {"present": True}}), {"a": 1}, {}),
    "a name that is new": (compiled({"$": {"only_keys": ["a"]}}), {"a": 1}, {"a": 1, "b": 1}),
    "a setting beneath any": (compiled({"**": {"not": {"equals": "x"}}}), {"a": {"b": 1}, "c": 1}, {"a": {"b": "x"}, "c": 1}),
    "a setting with a tag": (
        compiled({"<url>": {"starts_with": "https:"}}),
        {"baseUrl": "https://a/", "issuer": "https://a/"},
        {"baseUrl": "https://a/", "issuer": "http://a/"},
    ),
    "another fact": (compiled({"$@uploaded": {"equals": False}}), {}, {"uri": "medplum.prod.server.json"}),
    "a value that another setting makes unread": (
        compiled({"domainName": {"fits": "format"}}, **{"for": "infra"}),
        {"domainName": "no domain", "hostedZoneName": "example.com"},
        {"domainName": "no domain", "hostedZoneName": ""},
    ),
    "what the server stops at": (
        compiled({"**": {"not": {"equals": ""}}, "baseUrl": {"present": True}}, when={"baseUrl": {"format": "url"}}),
        {"baseUrl": "api", **{name: f"https://api.example.com/{name}" for name in BENEATH_BASE}},
        {"baseUrl": "https://api.example.com/", **dict.fromkeys(BENEATH_BASE, "")},
    ),
}


@pytest.mark.parametrize("what", BEFORE_AND_AFTER)
def test_what_depends_on_something_else_is_looked_for_again(what: str) -> None:
    one, *turn = BEFORE_AND_AFTER[what]
    kind = "infra/json" if one.info.kinds == ("infra",) else "server/json"
    both = [bare(kind, **{name: value for name, value in data.items() if name != "uri"}) for data in turn]
    both[1].uri = turn[1].get("uri", "x.json")
    found, runs = in_turn(both, [(one, ("error",))])
    assert found[0] == [] and found[1] != [] and runs[1]


def test_what_has_not_changed_beneath_any_setting_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = compiled({"**": {"not": {"equals": "x"}}})
    asked: list[Any] = []

    def noted(assertion: Any, value: Any, node: Node, mode: Any) -> Verdict:
        asked.append(value)
        return ask(assertion, value, node, mode)

    monkeypatch.setattr(engine, "ask", noted)
    in_turn([bare(port=1, appName="a", bots=[3]), bare(port=1, appName="b", bots=[3])], [(rule, ("error",))])
    assert asked == [1, "a", [3], 3, "b"]


def test_a_bug_shows_in_each_document(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_arguments: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(mismatch, "_answers", fail)
    for number in range(3):
        (tmp_path / f"medplum-{number}.config.json").write_bytes(CLEAN.read_bytes())
    outcome = lint_paths([str(tmp_path)], Options(isolated=True))
    for number in range(3):
        assert any(f"medplum-{number}.config.json: checking a setting on baseUrl failed" in bug for bug in outcome.bugs)


# --- What is noted ----------------------------------------------------------------------------------------------------------------------

WAYS: dict[str, Any] = {
    "get": lambda document: document.get(("a",)),
    "get of what is not given": lambda document: document.get(("d",)),
    "[]": lambda document: document.data["a"],
    "in": lambda document: "d" in document.data,
    "keys": lambda document: list(document.data.keys()),
    "values": lambda document: list(document.data.values()),
    "items": lambda document: list(document.data.items()),
    "iteration": lambda document: list(document.data),
    "len": lambda document: len(document.data),
    "truth": lambda document: bool(document.data),
    "a copy": lambda document: dict(document.data),
    "a deep copy": lambda document: copy.deepcopy(document.data),
    "a spread": lambda document: {**document.data},
    "a union": lambda document: document.data | {},
    "JSON": lambda document: json.dumps(document.data),
    "a fact": lambda document: document.fact(("b",), "raw"),
    "a question": lambda document: document.ask(lambda one: len(one.uri)),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_is_noted(way: str) -> None:
    memo, answers = Memo(), iter(range(9))
    before = copied(bare(), {"a": 1, "b": 2, "c": 3}, {("b",): {"raw": "2"}})
    after = copied(bare(), {"a": 4, "d": 2, "b": 2}, {("b",): {"raw": "3"}})
    after.uri = "another.json"

    def work_out(document: Document) -> int:
        WAYS[way](document)
        return next(answers)

    found = []
    for document in (before, before, after):
        with memo.watching(document):
            found.append(memo.get("key", partial(work_out, document)))
    assert found == [0, 0, 1]


def test_untraced_reads_are_not_kept_for_other_documents() -> None:
    memo, ran = Memo(), Counter[str]()
    document = bare(a=1)

    def work_out() -> Any:
        ran["all"] += 1
        return document.cached("name", lambda: len(document.origin.facts(("a",))))

    for _ in range(2):
        with memo.watching(document):
            assert [memo.get("key", work_out) for _ in range(2)] == [0, 0]
    assert ran["all"] == 2


def test_what_a_kept_result_asked_counts_for_the_result_that_uses_it() -> None:
    memo, ran = Memo(), Counter[str]()

    def inner(document: Document) -> Any:
        ran["inner"] += 1
        return document.get(("a",))

    def outer(name: str, document: Document) -> Any:
        ran[name] += 1
        return memo.get("inner", partial(inner, document))

    for value in (1, 1, 2):
        with memo.watching(document := bare(a=value)):
            assert [memo.get(name, partial(outer, name, document)) for name in ("one", "other")] == [value, value]
    assert ran == {"inner": 2, "one": 2, "other": 2}


def test_a_document_is_itself_again_when_its_check_is_over() -> None:
    document = bare(a=1)
    with pytest.raises(ZeroDivisionError), Memo().watching(document):
        assert document.get(("b",)) is ABSENT
        raise ZeroDivisionError
    assert type(document.data) is dict and document.memo is None


def test_the_questions_of_a_result_are_taken_over_once() -> None:
    """Each of a setting's members asks about the whole setting: as many questions as there are members."""

    class Questions(set[Any]):
        taken = 0

        def __ior__(self, others: Any) -> Questions:  # type: ignore[misc]
            Questions.taken += len(others)
            self.update(others)
            return self

    memo = Memo()
    memo.get("setting", lambda: list(map(memo.note, map(str, range(100)))))
    memo._asked = Questions()
    for _ in range(100):
        memo.get("setting", list)
    assert Questions.taken == 100 and len(memo._asked) == 101
