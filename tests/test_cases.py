"""Several cases under one id, each with its own condition, texts, fix, severity and kinds of document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.checkout import ROOT
from support.contract import demand
from support.helpers import bare, checked_rule, compare_with, rule_data
from support.rules import built_in_files

from linter.cli import cli
from linter.model import PART, TARGETS, UNKNOWN, SettingPath, state_of
from linter.options.choose import levels_of
from linter.options.config import Overrides
from linter.policy.engine import check, merged, without_repetitions
from linter.policy.make_fix import apply_change
from linter.policy.rule import Rule
from linter.policy.rule_file import read_rule_file
from linter.policy.rule_set import read_folders
from linter.policy.severity import CLASSES

SLASH = {"ends_with": "/"}
EXAMPLES = {"good": [{"data": {}}], "bad": [{"data": {"port": 0}, "finds": ["port"]}]}


def rule(*cases: dict[str, Any], **more: Any) -> Rule:
    data = {key: value for key, value in rule_data({}).items() if key not in ("must", "message")}
    return checked_rule({**data, "what": "${@path} is wrong", "cases": list(cases), **more})


def found(given: Rule, data: dict[str, Any], kind: str = "server/json", **more: Any) -> list[str]:
    return [f"{one.severity} {one.case} {one.message}" for one in check(given, bare(data, kind=kind), **more)]


def test_each_case_has_its_own_condition_severity_and_texts() -> None:
    given = rule(
        {
            "when": {"port": {"min": 1}},
            "must": {"port": {"max": 9}},
            "what": "${@path} is high",
            "why": "a",
            "remedy": "b",
            "class": "unintended",
        },
        {"must": {"baseUrl": SLASH}, "severity": "note"},
        {"must": {"appBaseUrl": SLASH}},
    )
    assert found(given, {"port": 10, "baseUrl": "x", "appBaseUrl": "y"}) == [
        "warning 0 port is high: a; b",
        "note 1 baseUrl is wrong",
        "error 2 appBaseUrl is wrong",
    ]
    assert found(given, {"port": 0, "baseUrl": "x/"}) == []


def test_the_condition_of_a_rule_holds_for_its_cases_too() -> None:
    given = rule(
        {"must": {"port": "absent"}},
        {"when": {"logLevel": {"equals": "INFO"}}, "must": {"baseUrl": "absent"}},
        {"when": [{"logLevel": {"equals": "DEBUG"}}, {"region": "present"}], "must": {"appBaseUrl": "absent"}},
        when=[{"database": "present"}, {"redis": "present"}],
    )
    urls = {"port": 1, "baseUrl": "x", "appBaseUrl": "y"}
    assert found(given, urls) == found(given, {**urls, "logLevel": "INFO", "region": "x"}) == []
    assert found(given, {**urls, "redis": {}}) == ["error 0 port is wrong"]
    assert found(given, {**urls, "redis": {}, "logLevel": "INFO"}) == ["error 0 port is wrong", "error 1 baseUrl is wrong"]
    assert found(given, {**urls, "database": {}, "region": "x"}) == ["error 0 port is wrong", "error 2 appBaseUrl is wrong"]
    assert [[clause.place[:2] for clause in clauses] for clauses in given.cases[1].when] == [
        [("when", 0), ("cases", 1)],
        [("when", 1), ("cases", 1)],
    ]


def test_the_first_case_that_finds_a_place_counts() -> None:
    given = rule({"must": {"port": {"max": 100}}, "what": "first"}, {"must": {"port": {"max": 10}}, "what": "second"})
    assert found(given, {"port": 1000}) == ["error 0 first"]
    assert found(given, {"port": 50}) == ["error 1 second"]


def test_a_case_is_for_its_own_kinds() -> None:
    given = rule({"must": {"port": "absent"}}, {"for": "infra", "must": {"apiPort": "absent"}})
    assert found(given, {"port": 1, "apiPort": 1}) == ["error 0 port is wrong"]
    assert found(given, {"port": 1, "apiPort": 1}, kind="infra/json") == ["error 1 apiPort is wrong"]
    assert given.info.kinds == ("server", "infra")


def test_the_severity_of_the_rule_is_that_of_its_most_severe_case() -> None:
    given = rule({"must": {"port": "absent"}, "severity": "pedantic"}, {"must": {"baseUrl": "absent"}, "class": "exposed"})
    assert given.info.severity == {"production": "error", "development": "note"}
    assert given.info.pedantic == {"development"}


@pytest.mark.parametrize(
    ("overrides", "levels"),
    [
        (Overrides(), (None, "error", "warning")),
        (Overrides(pedantic=True), ("note", "error", "warning")),
        (Overrides(select=("acme/a",)), ("note", "error", "warning")),
        (Overrides(severity={"acme/a": {"production": "note", "development": None}}), (None, "note", "note")),
    ],
)
def test_a_configuration_applies_to_all_cases(overrides: Overrides, levels: tuple[str | None, ...]) -> None:
    must = {"must": {"port": "absent"}}
    given = rule({**must, "class": "hygiene"}, {**must, "class": "fails"}, {**must, "class": "unguarded"}, id="acme/a")
    assert levels_of(given, overrides, bare({})) == levels


def test_each_case_has_its_own_fix() -> None:
    given = rule(
        {"must": {"baseUrl": SLASH}, "fix": {"safe": False, "set": {".": "${.}/"}}},
        {"must": {"port": "absent"}, "fix": {"safe": True, "remove": ["."]}},
    )
    data = {"baseUrl": "x", "port": 1}
    fixes = [one.fix for one in check(given, bare(data))]
    assert [fix.safe for fix in fixes if fix] == [False, True]
    for change in (change for fix in fixes if fix for change in fix.changes):
        apply_change(data, change)
    assert data == {"baseUrl": "x/"}


def test_each_case_merges_and_yields_separately() -> None:
    first = {"must": {"port": "absent", "baseUrl": "absent"}, "together": "${@count} together"}
    given = rule(first, {"must": {"appBaseUrl": "absent", "logLevel": "absent"}, "yields_to": ["cause"]})
    cause = rule({"must": {"logLevel": "absent", "port": "absent"}}, id="cause")
    by_id = {one.info.id: one for one in (given, cause)}
    document = bare({"port": 1, "baseUrl": "x", "appBaseUrl": "y", "logLevel": "z"})
    both = [*check(given, document), *check(cause, document)]
    left = merged(without_repetitions(both, by_id), by_id)
    assert [(one.rule, one.message) for one in left if one.rule != "cause"] == [
        (given.info.id, "2 together"),
        (given.info.id, "appBaseUrl is wrong"),
    ]


MISTAKES = {
    "a case without must": ({"what": "x"}, ':1: case 1 lacks "must"'),
    "an unknown key": ({"must": {"port": "absent"}, "docs": "x"}, ':1: "docs" is not a key of item 1 of cases'),
    "said twice": ({"must": {"port": "absent"}, "message": "x", "what": "y"}, ':1: write either "message", or "what", "why" and "remedy"'),
    "graded twice": (
        {"must": {"port": "absent"}, "what": "x", "severity": "note", "class": "notable"},
        ':1: write either "severity", or the "class" that it follows from',
    ),
    "a wrong operator": ({"must": {"port": {"mx": 1}}, "what": "x"}, ':1: there is no operator "mx"; did you mean "max"?'),
    "a wrong name": (
        {"must": {"prot": "absent"}, "what": "x"},
        ':1: there is no setting "prot"; did you mean "port"? (quote a name to use it as it is)',
    ),
    "a wrong template": ({"must": {"port": "absent"}, "what": "${a b}"}, ":1: "),
    "found by a source": (
        {"found_by": "x", "must": {"port": "absent"}},
        ':1: "found_by" is for rules whose findings medplum-lint makes itself',
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_case_has_its_place(name: str, tmp_path: Path) -> None:
    case, error = MISTAKES[name]
    data = {"id": "acme/a", "title": "x", "for": "server", "class": "fails", "cases": [case], "examples": EXAMPLES}
    (tmp_path / "a.yaml").write_text(json.dumps(data))
    errors = read_rule_file(tmp_path / "a.yaml").errors
    assert len(errors) == 1 and error in errors[0], errors


POLICY = """\
id: acme/a
title: A
for: server
class: fails
what: wrong
cases:
  - must:
      port: {max: 1}
  - when:
      port: absent
    must:
      logLevel: absent
examples:
  good:
    - data: {}
  bad:
    - data: {port: 2}
      finds: {port: 1}
    - data: {logLevel: INFO}
      finds: {logLevel: 2}
"""


def test_explain_shows_each_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p").mkdir()
    Path("p/a.yaml").write_text(POLICY)
    Path("x.json").write_text('{"baseUrl": "https://a.example/", "port": 2, "logLevel": "INFO"}')
    printed = CliRunner().invoke(cli, ["explain", "acme/a", "x.json", "--rules", "p"]).stdout
    assert printed.partition("  case 1")[2] == (
        "  [line 7]\n  must\n    port: {max: 1}  [line 8]\n      false    port at 1:43 is 2: must be at most 1\n"
        "  case 2  [line 9]\n  when\n    port: absent  [line 10]\n      false    port at 1:43 is 2: must not be set\n"
        "  must (reported only where the condition holds)\n    logLevel: absent  [line 12]\n"
        "      false    logLevel at 1:58 is INFO: must not be set\n"
        "  findings\n    1:43 error: wrong\n"
    )


def test_the_classes_agree_with_what_a_severity_claims() -> None:
    """As docs/policies.md has them: what stops the server or exposes a secret is an error, and advice is only given on request."""
    assert {name: (one.production, one.development) for name, one in CLASSES.items()} == {
        "stops": ("error", "error"),
        "refused": ("error", "error"),
        "unreadable": ("error", "error"),
        "fails": ("error", "error"),
        "lost": ("error", "error"),
        "opposite": ("error", "error"),
        "exposed": ("error", "off"),
        "leaked": ("error", "error"),
        "unguarded": ("warning", "off"),
        "ignored": ("warning", "warning"),
        "unintended": ("warning", "warning"),
        "deprecated": ("warning", "warning"),
        "notable": ("note", "note"),
        "hygiene": ("pedantic", "pedantic"),
        "off": ("off", "off"),
    }


def severities() -> str:
    """The table of the classes, in production and in development, with their severities and with the rules of each, and their cases."""
    table: dict[tuple[str, str], dict[str, list[str]]] = {}
    for rule_id, number, several, of in classes():
        cases = table.setdefault((of["production"], of["development"]), {}).setdefault(rule_id, [])
        cases += [str(number)] if several else []
    blocks = [f"{name}: {one.says}: {one.production}, in development {one.development}" for name, one in CLASSES.items()]
    order = list(CLASSES)
    for production, development in sorted(table, key=lambda names: (order.index(names[0]), order.index(names[1]))):
        name = production if production == development else f"{production}, in development {development}"
        level = f"{CLASSES[production].production}/{CLASSES[development].development}"
        rules = [
            f"    {rule_id}{' (' * bool(cases)}{', '.join(cases)}{')' * bool(cases)}"
            for rule_id, cases in table[production, development].items()
        ]
        blocks.append("\n".join([f"\n{name}: {level}", *rules]))
    return "\n".join(blocks) + "\n"


def classes() -> Iterator[tuple[str, int, bool, dict[str, str]]]:
    """The id of each rule, the number of a case, whether there are several, and the class of the case by target."""
    for file in built_in_files():
        cases = file.data.get("cases", [{}])
        for number, own in enumerate(cases, 1):
            case = {**file.data, **own}
            demand([f"{file.path.name}: case {number} writes out its severity: name its class"] if "severity" in case else [])
            of = case["class"] if isinstance(case["class"], dict) else dict.fromkeys(TARGETS, case["class"])
            yield file.path.stem, number, len(cases) > 1, {target: of[target] or "off" for target in TARGETS}


def test_each_rule_names_the_class_of_its_consequence() -> None:
    """Read what a change moves from one severity to another: each is a claim about what happens."""
    compare_with(ROOT / "tests" / "golden" / "severities.txt", severities())


@pytest.mark.parametrize(
    ("must", "of_part"),
    [({"logLevel": "present"}, []), ({"logLevel@state": {"one_of": ["given", "unknown"]}}, ["logLevel is missing"])],
)
def test_what_may_be_given_elsewhere_is_not_missing_unless_the_rule_asks_for_its_state(must: dict[str, Any], of_part: list[str]) -> None:
    given = rule({"must": must, "what": "${@path} is missing"})
    assert [one.message for one in check(given, bare({"port": 1}))] == ["logLevel is missing"]
    assert [one.message for one in check(given, bare({"port": 1}, unread=PART))] == of_part
    assert [one.message for one in check(given, bare({"port": 1}, unread={("database",): "a secret"}))] == ["logLevel is missing"]


@pytest.mark.parametrize(
    ("unread", "messages"),
    [
        ({}, ["port must not be set"]),
        (PART, []),
        ({("redis",): "a"}, []),
        ({("redis", "host"): "a"}, []),
        ({("smtp",): "a"}, ["port must not be set"]),
    ],
)
def test_a_condition_does_not_take_what_was_not_read_for_absent(unread: dict[SettingPath, str], messages: list[str]) -> None:
    given = rule({"when": {"redis": "absent"}, "must": {"port": "absent"}, "what": "${@path} ${@reason}"})
    assert [one.message for one in check(given, bare({"port": 1}, unread=unread))] == messages


def test_the_states_of_a_setting() -> None:
    document = bare({"port": 1, "database": {"host": UNKNOWN}}, unread={("redis",): "a secret"})
    paths: list[SettingPath] = [("port",), ("database", "host"), ("redis", "tls"), ("redis",), ("smtp",)]
    assert [state_of(document, path) for path in paths] == ["given", "unknown", "not read", "not read", "absent"]


@pytest.mark.parametrize(("release", "severity"), [("4.1.2", "error"), ("5.1.4", "error"), ("5.1.8", "warning")])
def test_the_class_can_depend_on_the_release(release: str, severity: str, tmp_path: Path) -> None:
    """A rate limit as text lets four requests a minute through, then fails each of them, and has been ignored since 5.1.8."""
    (tmp_path / "server.json").write_text('{"baseUrl": "https://a.example/", "defaultRateLimit": "60000/minute"}')
    arguments = [str(tmp_path / "server.json"), "-f", "json", "--select", "wrong-type", "--server-version", release]
    [finding] = json.loads(CliRunner().invoke(cli, arguments).stdout)["findings"]
    assert (finding["rule"], finding["severity"]) == ("wrong-type", severity)


# --- Which case counts, and for whom. -------------------------------------------------------------------------------------------------


def test_advice_hides_nothing_that_another_case_finds() -> None:
    given = rule({"must": {"port": "absent"}, "severity": "pedantic", "what": "advice"}, {"must": {"port": "absent"}, "what": "error"})
    assert found(given, {"port": 1}) == ["error 1 error"]


def test_a_case_has_its_own_severity_and_sentence_in_place_of_those_of_the_rule() -> None:
    given = rule({"must": {"port": "absent"}, "class": "notable", "message": "${@path} is there"}, why="never", remedy="never")
    assert found(given, {"port": 1}) == ["note 0 port is there"]


def test_a_severity_of_the_configuration_is_that_of_the_cases_that_are_checked() -> None:
    must = {"must": {"port": "absent"}}
    mixed = rule({**must, "class": "hygiene"}, {**must, "class": {"production": "notable", "development": "off"}}, id="acme/a")
    raised = Overrides(severity={"acme/a": {"production": "error", "development": "error"}})
    assert levels_of(mixed, raised, bare({})) == (None, "error")
    assert levels_of(mixed, raised, bare({}, target="development")) == ("error", "error")  # where nothing else is checked


@pytest.mark.parametrize(
    "data",
    [{"redis": {"host": "a"}}, {"defaultOAuthClients": [{"id": "a"}]}],
)
def test_a_value_in_one_piece_has_all_of_its_members(data: dict[str, Any]) -> None:
    given = rule({"must": {"redis.tls": "present", "defaultOAuthClients.*.name": "present"}, "what": "${@path} is missing"})
    names = [one.message for one in check(given, bare(data, unread=PART))]
    assert names == [f"{'redis.tls' if 'redis' in data else 'defaultOAuthClients.0.name'} is missing"]


@pytest.mark.parametrize("other", ["acme/a", "acme/b"])
def test_a_rule_does_not_yield_in_a_circle(other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, causes in (("a", [other]), ("b", ["acme/a"] if other == "acme/b" else [])):
        data = {**rule_data({"port": "absent"}), "id": f"acme/{name}", "examples": EXAMPLES}
        Path(f"{name}.yaml").write_text(json.dumps({**data, **({"yields_to": causes} if causes else {})}))
    says = "itself" if other == "acme/a" else '"acme/b", which yields to it'
    assert f"a.yaml:1: a rule cannot yield to {says}" in read_folders([Path()]).errors
