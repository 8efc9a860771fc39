"""Several cases under one id, each with its own condition, texts, fix, severity and kinds of document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.checkout import ROOT
from support.contract import demand
from support.helpers import bare, checked_rule, compare_with, rule_data
from support.rules import built_in_files

from linter.cli import cli
from linter.model import TARGETS
from linter.options.choose import levels_of
from linter.options.config import Overrides
from linter.policy.engine import check, merged, without_repetitions
from linter.policy.make_fix import apply_change
from linter.policy.older import modernized
from linter.policy.rule import Rule
from linter.policy.rule_file import read_rule_file
from linter.policy.rule_set import read_folders
from linter.policy.severity import CLASSES

SLASH = {"ends_with": "/"}
RDS_PROXY = {"kind": "database", "name": "Amazon RDS Proxy"}
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
    given = rule({**must, "class": "hygiene"}, {**must, "class": "broken"}, {**must, "class": "unguarded"}, id="acme/a")
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
    data = {"id": "acme/a", "title": "x", "for": "server", "class": "broken", "cases": [case], "examples": EXAMPLES}
    (tmp_path / "a.yaml").write_text(json.dumps(data))
    errors = read_rule_file(tmp_path / "a.yaml").errors
    assert len(errors) == 1 and error in errors[0], errors


POLICY = """\
id: acme/a
title: A
for: server
class: broken
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
      finds: [port]
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
        "broken": ("error", "error"),
        "opposite": ("error", "error"),
        "exposed": ("error", "off"),
        "leaked": ("error", "error"),
        "unguarded": ("warning", "off"),
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


OLDER = {
    "everywhere": (
        "severity: note\npedantic: true\n",
        {"production": "note", "development": "note"},
        'write "severity: pedantic" in place of both',
    ),
    "in development": (
        "severity: {production: warning, development: note}\npedantic: {production: false, development: true}\n",
        {"production": "warning", "development": "note"},
        'write "severity: {production: warning, development: pedantic}" in place of both',
    ),
}


@pytest.mark.parametrize("name", OLDER)
def test_a_policy_of_the_release_before_is_read_with_a_note(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, levels, says = OLDER[name]
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(
        "id: acme/a\ntitle: A\nfor: server\nmust: {port: absent}\nmessage: ${@path} is wrong\ndocs: x\n"
        f"examples: {{good: [{{data: {{}}}}], bad: [{{data: {{port: 1}}, finds: [port]}}]}}\n{written}"
    )
    read = read_rule_file(Path("a.yaml"))
    assert read.rule is not None and read.rule.info.severity == levels
    Path("x.json").write_text('{"baseUrl": "https://a.example/", "port": 8103}')
    report = json.loads(CliRunner().invoke(cli, ["x.json", "--rules", "a.yaml", "-f", "json"]).stdout)
    assert [one for one in report["notices"] if one["kind"] == "older-policy"] == [
        {"kind": "older-policy", "path": "a.yaml", "line": 9, "message": f'"pedantic" is a severity now: {says}'}
    ]
    tested = CliRunner().invoke(cli, ["test", "a.yaml"])
    assert tested.exit_code == 0
    assert tested.stdout == f'a.yaml:9: note: "pedantic" is a severity now: {says}\n2 examples of 1 rule: all passed.\n'


IDS = ["397236612778-c0b5tnjv98frbo1tfuuha5vkme3cmq4s.apps.googleusercontent.com", "6LfHdsYdAAAAAC0uLnnRrDrhcXnziiUwKd8VtLNq"]
WORDS: dict[str, tuple[Any, Any, list[str]]] = {
    "a size": ({"not_smaller_than": "513mb"}, {"min": "513mb"}, ['write "min: "513mb"" in place of "not_smaller_than: "513mb""']),
    "a key": (
        {"private_key": "${a}"},
        {"private_key": {"passphrase": "${a}"}},
        ['write "private_key: {passphrase: "${a}"}" in place of "private_key: "${a}""'],
    ),
    "a key for CloudFront": (
        {"type": "string", "cloudfront_key": "${a}"},
        {"type": "string", "private_key": {"passphrase": "${a}", "use": "cloudfront"}},
        ['write "private_key: {passphrase: "${a}", use: cloudfront}" in place of "cloudfront_key: "${a}""'],
    ),
    "a published secret": (
        {"format": "not-published"},
        {"not": {"secret": "published"}},
        ['write "not: {secret: published}" in place of "format: not-published"'],
    ),
    "a host": (
        {"keys": {"a": {"format": "private-name"}, "b": {"format": "rds-proxy"}, "c": {"format": "public-host"}}},
        {"keys": {"a": {"host": "private"}, "b": {"provider": RDS_PROXY}, "c": {"not": {"host": "local"}}}},
        [
            'write "host: private" in place of "format: private-name"',
            'write "provider: {kind: database, name: Amazon RDS Proxy}" in place of "format: rds-proxy"',
            'write "not: {host: local}" in place of "format: public-host"',
        ],
    ),
    "a host of an example": (
        [{"format": "real-host"}, {"format": "real-mail-host", "not": {"host": "medplum"}}],
        [{"not": {"host": "reserved"}}, {"not": [{"host": "medplum"}, {"host": "reserved"}]}],
        [
            'write "not: {host: reserved}" in place of "format: real-host"',
            'write "not: {host: reserved}" in place of "format: real-mail-host"',
        ],
    ),
    "https": (
        {"format": "https-or-local"},
        {"if": {"starts_with": ["http://", "Http://", "HTTP://"]}, "then": {"host": "local"}},
        [
            'write "if: {starts_with: ["http://", "Http://", "HTTP://"]}, then: {host: local}" in place of "format: https-or-local"',
        ],
    ),
    "https, of some": (
        {"if": "present", "then": "given", "format": "https-or-private"},
        {
            "if": "present",
            "then": "given",
            "not": [{"not": {"if": {"starts_with": ["http://", "Http://", "HTTP://"]}, "then": {"host": "private"}}}],
        },
        [
            'write "if: {starts_with: ["http://", "Http://", "HTTP://"]}, then: {host: private}" in place of "format: https-or-private"',
        ],
    ),
    "what is Medplum's": (
        {"format": "not-of-medplum"},
        {"not": [{"host": "medplum"}, {"one_of": IDS}]},
        [f'write "not: [{{host: medplum}}, {{one_of: ["{IDS[0]}", "{IDS[1]}"]}}]" in place of "format: not-of-medplum"'],
    ),
    "other secrets": (
        [{"format": "no-real-secret"}, {"format": "no-generated-secret"}, {"format": "no-issued-credential"}],
        [{"not": {"secret": "real"}}, {"not": {"secret": "generated"}}, {"not": {"secret": "issued"}}],
        [
            'write "not: {secret: real}" in place of "format: no-real-secret"',
            'write "not: {secret: generated}" in place of "format: no-generated-secret"',
            'write "not: {secret: issued}" in place of "format: no-issued-credential"',
        ],
    ),
    "a secret of the setting": (
        {"if": {"holds_secret": True}, "then": {"holds_secret": False, "not": ["absent", {"holds_secret": False}]}},
        {"if": {"secret": "held"}, "then": {"not": ["absent", {"not": {"secret": "held"}}, {"secret": "held"}]}},
        [
            'write "secret: held" in place of "holds_secret: true"',
            'write "not: {secret: held}" in place of "holds_secret: false"',
            'write "not: {secret: held}" in place of "holds_secret: false"',
        ],
    ),
    "both": (
        {"min": "1kb", "not_smaller_than": "${a}", "not": "absent"},
        {"min": "1kb", "not": ["absent", {"not": {"min": "${a}"}}]},
        ['write "min: "${a}"" in place of "not_smaller_than: "${a}""'],
    ),
}
"""Assertions in the words of the release before, in today's, and the notes."""


@pytest.mark.parametrize("name", WORDS)
def test_the_words_of_the_release_before_stand_for_those_of_today(name: str) -> None:
    older, today, says = WORDS[name]
    written, notes = modernized({"must": {"a": older}})
    assert (written, [one[1] for one in notes]) == ({"must": {"a": today}}, says)
    assert modernized(written) == (written, [])


OLD, NEW = {"not_smaller_than": "1kb"}, {"min": "1kb"}
PLACES: list[tuple[Callable[[Any], Any], tuple[str | int, ...]]] = [
    (lambda one: {"must": {"a": one}}, ("must", "a")),
    (lambda one: {"when": {"a": one}}, ("when", "a")),
    (lambda one: {"when": [{"b": "absent"}, {"a": one}]}, ("when", 1, "a")),
    (lambda one: {"must": {"a": [one, "absent"]}}, ("must", "a", 0)),
    (lambda one: {"must": {"a": {"not": one}}}, ("must", "a", "not")),
    (lambda one: {"must": {"a": {"if": one, "then": "absent"}}}, ("must", "a", "if")),
    (lambda one: {"must": {"a": {"if": "present", "then": [one]}}}, ("must", "a", "then", 0)),
    (lambda one: {"must": {"a": {"keys": {"b": one}}}}, ("must", "a", "keys", "b")),
    (lambda one: {"fix": {"safe": True, "when": {".": one}}}, ("fix", "when", ".")),
    (lambda one: {"fix": [{"remove": ["."], "when": [{".": one}]}]}, ("fix", 0, "when", 0, ".")),
    (lambda one: {"cases": [{"must": {"a": one}}]}, ("cases", 0, "must", "a")),
    (
        lambda one: {"cases": [{}, {"fix": [{"when": {"a": {"not": {"keys": {"b": one}}}}}]}]},
        ("cases", 1, "fix", 0, "when", "a", "not", "keys", "b"),
    ),
]


@pytest.mark.parametrize(("within", "place"), PLACES, ids=[".".join(map(str, place)) for _, place in PLACES])
def test_an_older_word_is_known_wherever_an_assertion_is(within: Callable[[Any], Any], place: tuple[str | int, ...]) -> None:
    written, notes = modernized(within(OLD))
    assert written == within(NEW)
    assert [one[0] for one in notes] == [(*place, "not_smaller_than")]


def test_words_outside_assertions_are_not_outdated() -> None:
    """Nor is an invalid rule, which the grammar refuses afterwards."""
    for data in (
        {"must": {"a": {"equals": OLD, "only_keys": ["private_key"]}}, "what": "not_smaller_than", "examples": {"good": [{"data": OLD}]}},
        {"must": OLD, "when": "not_smaller_than", "fix": [None, {"when": 5, "set": OLD}], "cases": {"must": 1}},
        {"must": {"private_key": "absent", "a": {"keys": {"private_key": "present"}, "private_key": {"passphrase": "${a}"}}}},
        {"must": [OLD], "cases": [1, [OLD]]},
        {"must": {"a": {"format": ["not-published"], "holds_secret": "true"}, "b": {"format": "url"}}},
    ):
        assert modernized(data) == (data, [])


def test_a_policy_in_older_words_finds_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        """\
id: acme/a
title: A
for: server
class: broken
must:
  maxBatchSize: {not_smaller_than: "${maxJsonSize}"}
what: "${@path} ${@reason}"
examples:
  good:
    - data: {maxBatchSize: 2mb, maxJsonSize: 1mb}
  bad:
    - data: {maxBatchSize: 1mb, maxJsonSize: 2mb}
      finds: [maxBatchSize]
"""
    )
    read = read_rule_file(tmp_path / "a.yaml")
    assert read.notes == ((6, 'write "min: "${maxJsonSize}"" in place of "not_smaller_than: "${maxJsonSize}""'),)
    assert read.rule is not None
    assert found(read.rule, {"maxBatchSize": "1mb", "maxJsonSize": "2mb"}) == ["error 0 maxBatchSize must be at least 2mb"]


@pytest.mark.parametrize(
    ("when", "messages"),
    [({}, []), ({"$@complete": {"equals": True}}, []), ({"$@complete": "present"}, ["logLevel is missing"])],
)
def test_required_settings_are_demanded_of_parts_only_if_the_rule_says_so(when: dict[str, Any], messages: list[str]) -> None:
    given = rule({"must": {"logLevel": "present"}, "what": "${@path} ${@reason}", **({"when": when} if when else {})})
    whole = bare({"port": 1})
    assert [one.message for one in check(given, whole)] == ["logLevel is missing"]
    part = bare({"port": 1}, complete=False)
    assert [one.message for one in check(given, part)] == messages


@pytest.mark.parametrize(("release", "severity"), [("4.1.2", "error"), ("5.1.4", "error"), ("5.1.8", "warning")])
def test_the_class_can_depend_on_the_release(release: str, severity: str, tmp_path: Path) -> None:
    """A rate limit as text lets four requests a minute through, then fails each of them, and has been ignored since 5.1.8."""
    (tmp_path / "server.json").write_text('{"baseUrl": "https://a.example/", "defaultRateLimit": "60000/minute"}')
    arguments = [str(tmp_path / "server.json"), "-f", "json", "--select", "wrong-type", "--server-version", release]
    [finding] = json.loads(CliRunner().invoke(cli, arguments).stdout)["findings"]
    assert (finding["rule"], finding["severity"]) == ("wrong-type", severity)


def test_the_changelog_lists_the_former_ids() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    rules = [file.data for file in built_in_files() if "formerly" in file.data]
    demand(
        f"CHANGELOG.md, Names of rules, lacks: {line}"
        for line in (f"| `{one['id']}` | {', '.join(f'`{former}`' for former in sorted(one['formerly']))} |" for one in rules)
        if line not in text
    )


def test_a_former_id_gets_the_new_one() -> None:
    """On the command line, in a configuration and in a comment."""
    for arguments in (["rules", "base-url-without-trailing-slash"], ["explain", "base-url-without-trailing-slash"]):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 2
        assert 'there is no rule "base-url-without-trailing-slash"; did you mean "missing-trailing-slash"?' in result.stderr


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
    ("data", "kind", "complete"),
    [
        ({"redis": {"host": "a"}}, "server/json", False),
        ({"defaultOAuthClients": [{"id": "a"}]}, "server/json", False),
    ],
)
def test_a_value_in_one_piece_has_all_of_its_members(data: dict[str, Any], kind: str, *, complete: bool) -> None:
    given = rule({"must": {"redis.tls": "present", "defaultOAuthClients.*.name": "present"}, "what": "${@path} is missing"})
    names = [one.message for one in check(given, bare(data, kind=kind, complete=complete))]
    assert names == [f"{'redis.tls' if 'redis' in data else 'defaultOAuthClients.0.name'} is missing"]


@pytest.mark.parametrize("other", ["acme/a", "acme/b"])
def test_a_rule_does_not_yield_in_a_circle(other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, causes in (("a", [other]), ("b", ["acme/a"] if other == "acme/b" else [])):
        data = {**rule_data({"port": "absent"}), "id": f"acme/{name}", "examples": EXAMPLES}
        Path(f"{name}.yaml").write_text(json.dumps({**data, **({"yields_to": causes} if causes else {})}))
    says = "itself" if other == "acme/a" else '"acme/b", which yields to it'
    assert f"a.yaml:1: a rule cannot yield to {says}" in read_folders([Path()]).errors


def test_explain_compiles_a_case_as_the_check_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = {**rule_data({"logLevel": "present"}), "id": "acme/a", "when": {"$@complete": "present"}}
    bad = {"data": {"port": 1}, "finds": ["logLevel"]}
    Path("a.yaml").write_text(json.dumps({**data, "examples": {"good": [{"data": {"logLevel": "INFO"}}], "bad": [bad]}}))
    Path("x.env").write_text("MEDPLUM_REDIS_HOST=cache.example\n")
    printed = CliRunner().invoke(cli, ["explain", "acme/a", "x.env", "--rules", "a.yaml"]).stdout
    assert "false    logLevel at 1:1 (absent): is missing" in printed
