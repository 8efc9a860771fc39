"""``medplum-lint test --mutate``: which changes of a rule are tried, and how those that no example notices are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support.rules import built_in_files

from linter import cli
from linter.commands.mutate import mutate as mutate_rules
from linter.policy.mutants import mutants
from linter.policy.rule_set import built_in_rules

RULE = """\
id: acme/port
title: The port is not ours
severity: {production: error, development: note}
for: [server/json, server/env]
when: {server: ">=5.1.2", logLevel: present}
must: {port: {min: 8000, max: 9000, not: {one_of: [8080, 8443]}}}
what: "${@path} ${@reason}"
fix: {safe: true, set: {.: 8103}}
examples:
  good: [{data: {port: 8103, logLevel: INFO}}]
  bad: [{data: {port: 80, logLevel: INFO}, finds: {port: error safe}, fixed: {port: 8103, logLevel: INFO}}]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("port.yaml").write_text(RULE, encoding="utf-8")


def mutate(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, ["test", "--mutate", *arguments])


def names(data: dict[str, Any]) -> list[str]:
    return [mutant.name for mutant in mutants(data)]


def test_the_changes_of_a_rule() -> None:
    assert names(yaml.safe_load(RULE)) == [
        "severity.production: error -> warning",
        "severity.development: note -> warning",
        "for.1: server/json dropped",
        "for.2: server/env dropped",
        "when.server: >=5.1.2 dropped",
        "when.logLevel: present dropped",
        "when.server: >=5.1.2 -> >=5.1.1",
        "when.server: >=5.1.2 -> >=5.1.3",
        "when.logLevel: present -> absent",
        "must.port.min: 8000 dropped",
        "must.port.min: 8000 -> 8001",
        "must.port.min: 8000 -> 7999",
        "must.port.max: 9000 dropped",
        "must.port.max: 9000 -> 9001",
        "must.port.max: 9000 -> 8999",
        "must.port: not dropped",
        "must.port.not.one_of.1: 8080 dropped",
        "must.port.not.one_of.2: 8443 dropped",
        "fix.safe: true -> false",
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"class": "stops"}, ["class: stops -> refused"]),
        (
            {"class": {"production": "notable", "development": "off"}},
            ["class.production: notable -> unintended", "class.development: off -> unintended"],
        ),
        ({"class": "unintended"}, ["class: unintended -> notable"]),
        ({"together": "${@count}: ${@paths}"}, ["together: dropped"]),
        ({"together": {"over": 3, "also": "x"}}, ["together: dropped", "together.over: 3 -> 4", "together.over: 3 -> 2"]),
        ({"yields_to": ["invalid-url"]}, ["yields_to.1: invalid-url dropped"]),
        ({"found_by": ["a", "b"]}, ["found_by.1: a dropped", "found_by.2: b dropped"]),
        ({"class": "stops", "for": ["server", "infra"], "found_by": "a"}, ["class: stops -> unintended"]),
        ({"when": {"port": "given"}}, ["when: port dropped", "when.port: given -> missing"]),
        (
            {"when": [{"port": "absent"}, {"logLevel": "missing"}]},
            [
                "when.1: {port: absent} dropped",
                "when.2: {logLevel: missing} dropped",
                "when.1.port: absent -> present",
                "when.2.logLevel: missing -> given",
            ],
        ),
        (
            {"must": {"port": {"if": {"type": "integer"}, "then": {"min": 1}}}},
            ["must.port: if dropped", "must.port.then.min: 1 -> 2", "must.port.then.min: 1 -> 0"],
        ),
        (
            {"must": {"port": [{"min": 1}, {"equals": True}]}},
            [
                "must.port.1: {min: 1} dropped",
                "must.port.2: {equals: true} dropped",
                "must.port.1.min: 1 -> 2",
                "must.port.1.min: 1 -> 0",
                "must.port.2.equals: true -> false",
            ],
        ),
        (
            {"must": {"redis": {"keys": {"host": "present", "port": "present"}}}},
            [
                "must.redis.keys.host: present dropped",
                "must.redis.keys.port: present dropped",
                "must.redis.keys.host: present -> absent",
                "must.redis.keys.port: present -> absent",
            ],
        ),
        (
            {"must": {"**@until": {"server": "<=5.1,>4"}}},
            [
                "must.**@until.server: <=5.1 -> <=5.0.15",
                "must.**@until.server: <=5.1 -> <=5.1.1",
                "must.**@until.server: >4 -> >3.3.0",
                "must.**@until.server: >4 -> >4.0.1",
            ],
        ),
        ({"must": {"x": {"provider": {"kind": "redis", "tls": "required"}}}}, ["must.x.provider.tls: required dropped"]),
        (
            {"fix": [{"safe": False, "set": {"a": 1, "b": 2}}, {"safe": True, "remove": ["a", "b"]}]},
            [
                "fix.1: {safe: false, set: {a: 1, b: 2}} dropped",
                "fix.2: {safe: true, remove: [a, b]} dropped",
                "fix.1.safe: false -> true",
                "fix.1.set.a: 1 dropped",
                "fix.1.set.b: 2 dropped",
                "fix.2.safe: true -> false",
                "fix.2.remove.1: a dropped",
                "fix.2.remove.2: b dropped",
            ],
        ),
        ({"cases": [{"must": {"port": "given"}}]}, ["cases.1.must.port: given -> missing"]),
        ({"cases": [{"class": "fails"}, {}]}, ["cases.1: finds nothing", "cases.1.class: fails -> unintended", "cases.2: finds nothing"]),
        ({"what": "x", "docs": "y", "precision": "high", "title": "z"}, []),
    ],
)
def test_the_changes_of_a_part(part: dict[str, Any], expected: list[str]) -> None:
    assert names(part) == expected


@pytest.mark.parametrize("mutant", list(mutants(yaml.safe_load(RULE))), ids=lambda mutant: mutant.name)
def test_a_change_leaves_the_rest_as_it_is(mutant: Any) -> None:
    data = yaml.safe_load(RULE)
    changed = mutant.of(data)
    assert data == yaml.safe_load(RULE) != changed
    assert [key for key in data if changed.get(key) != data[key]] == [mutant.place[0]]


def test_what_no_example_notices() -> None:
    done = mutate("port.yaml")
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout == (
        "port.yaml:3: acme/port: no example notices severity.development: note -> warning\n"
        "port.yaml:4: acme/port: no example notices for.2: server/env dropped\n"
        "port.yaml:5: acme/port: no example notices when.server: >=5.1.2 dropped\n"
        "port.yaml:5: acme/port: no example notices when.logLevel: present dropped\n"
        "port.yaml:5: acme/port: no example notices when.server: >=5.1.2 -> >=5.1.1\n"
        "port.yaml:5: acme/port: no example notices when.server: >=5.1.2 -> >=5.1.3\n"
        "port.yaml:6: acme/port: no example notices must.port.min: 8000 -> 8001\n"
        "port.yaml:6: acme/port: no example notices must.port.min: 8000 -> 7999\n"
        "port.yaml:6: acme/port: no example notices must.port.max: 9000 dropped\n"
        "port.yaml:6: acme/port: no example notices must.port.max: 9000 -> 9001\n"
        "port.yaml:6: acme/port: no example notices must.port.max: 9000 -> 8999\n"
        "port.yaml:6: acme/port: no example notices must.port.not.one_of.1: 8080 dropped\n"
        "port.yaml:6: acme/port: no example notices must.port.not.one_of.2: 8443 dropped\n"
        "change   mutants  caught  equivalent  score\n"
        "bound    4        0       0           0.0 %\n"
        "class    2        1       0           50.0 %\n"
        "clause   4        1       0           25.0 %\n"
        "for      2        1       0           50.0 %\n"
        "list     2        0       0           0.0 %\n"
        "not      1        1       0           100.0 %\n"
        "present  1        1       0           100.0 %\n"
        "release  2        0       0           0.0 %\n"
        "safe     1        1       0           100.0 %\n"
        "all      19       6       0           31.6 %\n"
        "19 mutants of 1 rule\n"
    )


def test_all_are_noticed() -> None:
    examples = (
        RULE.partition("  good:")[0]
        + """\
  good:
    - data: {port: 8103, logLevel: INFO}
    - data: {port: 80}
    - {server: 5.1.1, data: {port: 80, logLevel: INFO}}
    - data: {port: 8000, logLevel: INFO}
    - data: {port: 9000, logLevel: INFO}
  bad:
    - {data: {port: 7999, logLevel: INFO}, finds: {port: error safe}, fixed: {port: 8103, logLevel: INFO}}
    - {data: {port: 9001, logLevel: INFO}, finds: {port: error safe}}
    - {data: {port: 8080, logLevel: INFO}, finds: {port: error safe}}
    - {data: {port: 8443, logLevel: INFO}, target: development, finds: {port: note safe}}
    - {server: 5.1.2, kind: server/env, text: "MEDPLUM_LOG_LEVEL=INFO\\nMEDPLUM_PORT=1", finds: {port: error safe}}
"""
    )
    Path("port.yaml").write_text(examples, encoding="utf-8")
    done = mutate("port.yaml", "--quiet")
    assert (done.exit_code, done.output) == (0, "")


def test_a_change_that_cannot_be_noticed_is_called_equivalent_with_a_reason() -> None:
    equivalent = (
        'equivalent:\n  "for.2: server/env dropped": no one sets it there\n  "must.port.min: 8000 dropped": it is noticed\n'
        '  "must.port.min: 8000 -> 8002": there is no such change\n'
    )
    Path("port.yaml").write_text(RULE.replace("examples:", f"{equivalent}examples:"), encoding="utf-8")
    lines = mutate("port.yaml").stdout.splitlines()
    assert lines[:2] == [
        'port.yaml:12: there is no mutant must.port.min: 8000 -> 8002; did you mean "must.port.min: 8000 -> 8001"?',
        "port.yaml:6: acme/port: is called equivalent, but an example catches it: must.port.min: 8000 dropped",
    ]
    assert not any("server/env dropped" in line for line in lines)
    assert "for      2        1       1           100.0 %" in lines


def test_some_are_drawn_by_a_seed() -> None:
    def drawn(*more: str) -> list[str]:
        return mutate("port.yaml", "--mutants", "5", *more).stdout.splitlines()

    assert drawn() == drawn("--seed", "1") != drawn("--seed", "2")
    assert drawn()[-1] == "5 mutants of 1 rule"
    assert mutate("port.yaml", "--mutants", "1000").stdout.splitlines()[-1] == "19 mutants of 1 rule"


def test_rules_are_selected() -> None:
    Path("other.yaml").write_text(RULE.replace("acme/port", "acme/other"), encoding="utf-8")
    assert mutate(".", "--select", "acme/other").stdout.splitlines()[-1] == "19 mutants of 1 rule"
    assert mutate(".", "--select", "acme/").stdout.splitlines()[-1] == "38 mutants of 2 rules"
    assert mutate("--select", "missing-host").stdout.splitlines()[-1].endswith("mutants of 1 rule")
    wrong = mutate(".", "--select", "acme/ports")
    assert (wrong.exit_code, wrong.stderr) == (2, 'medplum-lint: error: there is no rule "acme/ports"; did you mean "acme/port"?\n')
    assert CliRunner().invoke(cli.cli, ["test", ".", "--select", "acme/other"]).stdout == "2 examples of 1 rule: all passed.\n"


def test_a_rule_with_a_mistake_is_an_error() -> None:
    Path("other.yaml").write_text("id: [", encoding="utf-8")
    done = mutate(".")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "other.yaml:1: not valid YAML" in done.stderr


def test_what_the_language_does_not_allow_is_no_mutant() -> None:
    rule = RULE.replace(
        "must: {port: {min: 8000, max: 9000, not: {one_of: [8080, 8443]}}}", 'must: {port: {min: 1, matches: "${@x", not: {server: 5}}}'
    )
    Path("port.yaml").write_text(rule, encoding="utf-8")
    assert mutate("port.yaml").exit_code == 2


def test_examples_that_fail_come_first() -> None:
    """Each change would count as noticed by them."""
    Path("port.yaml").write_text(RULE.replace("finds: {port:", "finds: {logLevel:"), encoding="utf-8")
    result = mutate("port.yaml")
    assert result.exit_code == 1
    assert "bad example 1" in result.stdout and "mutants" not in result.stdout


# --- The built-in rules. ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [pytest.param(None, marks=pytest.mark.slow), 300])
def test_the_examples_of_built_in_rules_notice_their_changes(most: int | None) -> None:
    rules = [(file, file.rule) for file in built_in_files() if file.rule is not None]
    report = mutate_rules(rules, {rule.info.id: rule for rule in built_in_rules()}, most, seed=1)
    assert report.mistakes == []
    _, tried, caught, equivalent, *_ = report.summary[-2].split()
    assert int(equivalent) <= int(tried) / 20
    assert int(caught) >= 0.95 * (int(tried) - int(equivalent)), "\n".join(report.survivors)
