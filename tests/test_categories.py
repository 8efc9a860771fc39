"""Categories: the folder of a built-in rule, the name in front of the slash of another one. They choose rules, and reports name them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.checkout import ROOT
from support.helpers import rule_data

from linter import cli
from linter.policy.rule import Rule
from linter.policy.rule_set import all_rules, rank, read_folders, rule_files, rules_folder

sys.path.insert(0, str(ROOT / "tools"))

from rule_docs import CATEGORIES  # noqa: E402

WRONG = json.dumps(
    {
        "baseUrl": "https://api.hospital.example",
        "appBaseUrl": "http://app.hospital.example/",
        "port": "8103",
        "supportEmail": "nobody",
        "smtp": {"host": "smtp.hospital.example", "port": 587},
        "emailProvider": "awsses",
        "database": {"host": "db.hospital.example", "ssl": {"rejectUnauthorized": False}},
        "redis": {"host": "cache.hospital.example"},
    }
)
MAIL = {"invalid-email", "ignored-email-provider"}
TLS = {"unverified-certificate", "insecure-url", "unencrypted-redis"}
OWN: dict[str, dict[str, Any]] = {
    "port": {"must": {"port": "absent"}},
    "redis": {"must": {"redis": "absent"}},
    "quiet": {"must": {"database": "absent"}, "enabled": False},
}
"""Policies of the group acme, each of which finds something; the last only on request."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("server.json").write_text(WRONG)


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def found(*arguments: str) -> set[str]:
    """The rules that find something."""
    result = lint("server.json", "--format", "json", *arguments)
    assert result.stderr == ""
    return {finding["rule"] for finding in json.loads(result.stdout)["findings"]}


def configure(text: str) -> None:
    Path(".medplum-lint.toml").write_text(text)


def own_policies(policies: dict[str, dict[str, Any]] = OWN, group: str = "acme/") -> None:
    Path("policies").mkdir()
    for name, more in policies.items():
        examples = {"good": [{"data": {}}], "bad": [{"data": {"port": "x", "redis": {}, "database": {}}, "finds": ["port"]}]}
        data = rule_data(**{"id": f"{group}{name}", "examples": examples, **more})
        Path("policies", f"{name}.yaml").write_text(json.dumps(data))


# --- Every built-in rule has one. ---------------------------------------------------------------------------------------------------


def test_the_folder_of_a_rule_is_its_category() -> None:
    categories = {rule.info.id: rule.info.category for rule in all_rules([])[0]}
    assert categories == {path.stem: path.parent.name for path in rule_files(rules_folder())}
    assert {path.parent.parent for path in rule_files(rules_folder())} == {ROOT / "rules"}


def test_every_folder_is_a_category_with_a_page() -> None:
    folders = {path.name: len(list(path.iterdir())) for path in (ROOT / "rules").iterdir()}
    assert set(folders) == set(CATEGORIES), "a folder of rules is described in CATEGORIES of tools/rule_docs.py"
    assert {name: number for name, number in folders.items() if not 3 <= number <= 20} == {}
    assert all(one.title and one.reason.endswith(".") for one in CATEGORIES.values())
    pages = {path.name for path in (ROOT / "docs" / "rules").iterdir()}
    assert pages == {"README.md", *(f"{name}.md" for name in CATEGORIES)}


def test_no_rule_has_the_name_of_a_category() -> None:
    rules = all_rules([])[0]
    assert {rule.info.id for rule in rules} & {rule.info.category for rule in rules} == set()


def test_the_group_of_a_policy_is_the_name_in_front_of_its_slash() -> None:
    assert Rule(rule_data({}, id="acme/own-rule")).info.category == "acme"
    assert Rule(rule_data({}, id="own-rule")).info.category == ""


# --- They choose rules: on the command line and in the configuration. ---------------------------------------------------------------


def test_select_a_category() -> None:
    assert found("--select", "mail") == MAIL
    assert found("--select", "mail,tls") == MAIL | TLS


def test_ignore_a_category() -> None:
    every = found()
    assert every > MAIL | TLS
    assert found("--ignore", "mail") == every - MAIL


@pytest.mark.quick_cases(8)
@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ("tls", "insecure-url", TLS - {"insecure-url"}),
        ("ignored-email-provider", "mail", {"ignored-email-provider"}),
        ("tls,ignored-email-provider", "mail", TLS | {"ignored-email-provider"}),
        ("mail,ignored-email-provider", "mail", {"ignored-email-provider"}),
        ("tls,mail", "mail", TLS),
        ("tls,ignored-email-provider", "ignored-email-provider", TLS),
        ("tls,insecure-url", "insecure-url", TLS - {"insecure-url"}),
        ("mail/", "mismatched-smtp-port", MAIL),
        ("mail/*", "ignored-*", MAIL - {"ignored-email-provider"}),
        ("ignored-email-*", "mail", {"ignored-email-provider"}),
        ("ignored-*,tls", "ignored-email-*", TLS),
        ("ignored-email-*,tls", "ignored-*", TLS | {"ignored-email-provider"}),
        ("ignored-email-provider", "*-provider", {"ignored-email-provider"}),
        ("*-url,invalid-*", "tls,*-e*mail", {"insecure-url", "invalid-email"}),
        ("*", "*-email*", None),
    ],
)
def test_the_more_specific_wins_and_in_a_tie_ignore(select: str, ignore: str, expected: set[str] | None) -> None:
    if expected is None:
        expected = {rule for rule in found() if "-email" not in rule}
    assert found("--select", select, "--ignore", ignore) == expected
    configure(f"select = {json.dumps(select.split(','))}\nignore = {json.dumps(ignore.split(','))}\n")
    assert found() == expected
    configure(f"ignore = {json.dumps(ignore.split(','))}\n")
    assert found("--select", select) == expected
    configure(f'[per-file."server.json"]\nignore = {json.dumps(ignore.split(","))}\n')
    assert found("--select", select) == expected


def test_a_report_says_what_a_configuration_switches_off() -> None:
    configure('ignore = ["mail"]\n')
    [configuration] = json.loads(lint("server.json", "--format", "json").stdout)["configurations"]
    mail = {rule.info.id for rule in all_rules([])[0] if rule.info.category == "mail"}
    assert MAIL < set(configuration["rules_off"]) <= mail


def test_custom_policies_are_selected_by_their_group() -> None:
    own_policies()
    assert found("--rules", "policies", "--select", "acme") == {"acme/port", "acme/redis"}
    assert found("--rules", "policies", "--select", "acme", "--ignore", "acme/redis") == {"acme/port"}
    assert not {rule for rule in found("--rules", "policies", "--ignore", "acme") if rule.startswith("acme/")}


def test_a_pattern_chooses_policies_by_the_beginning_of_their_ids() -> None:
    own_policies()
    for group in ("acme", "acme/", "acme/*"):
        assert found("--rules", "policies", "--select", group) == {"acme/port", "acme/redis"}
        assert found("--rules", "policies", "--select", "acme/p*", "--ignore", group) == {"acme/port"}
        assert found("--rules", "policies", "--select", group, "--ignore", "acme/r*") == {"acme/port"}
    assert found("--rules", "policies", "--select", "acme/qu*,acme/port") == {"acme/port"}, "a pattern does not switch on what is off"
    result = lint("rules", "acme/*", "ignored-email-*", "--rules", "policies")
    assert [line.split()[0] for line in result.stdout.splitlines() if line] == [
        *("acme:", "acme/port", "acme/quiet", "acme/redis", "mail:", "ignored-email-provider"),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("ab-*?[]", max_size=8), st.text("ab-?[]", max_size=8))
def test_only_stars_mean_something_in_a_pattern(word: str, name: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, f"{word}*".split("*"))), name) is not None
    assert (rank(Rule(rule_data({})).info._replace(id=name, category=""), [f"{word}*"]) > 0) == expected


def test_many_stars_cost_no_more_than_few() -> None:
    assert not rank(Rule(rule_data({})).info._replace(id="a" * 100_000), ["*a" * 500 + "b*"])


def test_what_is_off_is_checked_only_when_its_id_is_selected() -> None:
    own_policies()
    assert found("--rules", "policies", "--select", "acme/quiet") == {"acme/quiet"}
    assert found("--rules", "policies", "--select", "acme,acme/quiet", "--ignore", "acme") == {"acme/quiet"}


def test_a_policy_may_join_a_category() -> None:
    own_policies({"port": OWN["port"]}, "mail/")
    assert found("--rules", "policies", "--select", "mail") == {*MAIL, "mail/port"}


# --- Mistakes. ----------------------------------------------------------------------------------------------------------------------


def refused(*arguments: str) -> list[str]:
    result = lint("server.json", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    return [line.removeprefix("medplum-lint: error: ") for line in result.stderr.splitlines()]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("hardning", 'there is no rule "hardning"; did you mean "hardening"?'),
        ("parameterstore", 'there is no rule "parameterstore"; did you mean "parameter-store"?'),
        ("ignored-email-provide", 'there is no rule "ignored-email-provide"; did you mean "ignored-email-provider"?'),
        ("TLS", 'there is no rule or category "TLS"'),
        ("mial/", 'there is no rule "mial/"; did you mean "mail"?'),
        ("missing-", 'there is no rule "missing-"; did you mean "missing-*"?'),
        ("ignored-email", 'there is no rule "ignored-email"; did you mean "ignored-email-*"?'),
        ("databse-*", 'no rule has an id that matches "databse-*"'),
        ("mail/smtp*", 'no rule has an id that matches "mail/smtp*"'),
        ("acme/*", 'no rule has an id that matches "acme/*"'),
        (
            "mail/ignored-email-provider",
            'there is no rule "mail/ignored-email-provider"; did you mean "ignored-email-provider"?',
        ),
    ],
)
def test_a_selector_that_names_nothing(word: str, message: str) -> None:
    for option in ("--select", "--ignore"):
        assert refused(option, f"mail,{word}") == [message]
    configure(f"\nignore = [{json.dumps(word)}]\n")
    assert refused() == [f".medplum-lint.toml:2: {message}"]
    result = lint("rules", word, "--isolated")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"medplum-lint: error: {message}\n")


def test_groups_of_custom_policies_are_suggested_too() -> None:
    own_policies()
    assert refused("--rules", "policies", "--select", "acm") == ['there is no rule "acm"; did you mean "acme"?']


@pytest.mark.parametrize(
    ("select", "ignore"),
    [
        ("mail", "mail"),
        ("ignored-email-provider,mail", "ignored-email-provider,mail"),
        (",".join(sorted(MAIL)), ",".join(sorted(MAIL))),
    ],
)
def test_no_rule_is_left(select: str, ignore: str) -> None:
    message = "no rule is left to check: every selected rule is also ignored"
    assert refused("--select", select, "--ignore", ignore) == [message]
    configure(f"ignore = {json.dumps(ignore.split(','))}\n")
    assert refused("--select", select) == [f".medplum-lint.toml: {message}"]


def test_every_rule_of_a_category_is_ignored() -> None:
    every = ",".join(rule.info.id for rule in all_rules([])[0] if rule.info.category == "mail")
    assert refused("--select", "mail", "--ignore", every) == ["no rule is left to check: every selected rule is also ignored"]
    assert found("--select", every, "--ignore", "mail") == MAIL


def test_none_of_a_group_is_on() -> None:
    own_policies({"quiet": OWN["quiet"]})
    assert refused("--rules", "policies", "--select", "acme") == [
        'no rule is left to check: what is selected is "enabled: false", and checked only when its id is selected'
    ]


def test_what_is_accepted_and_explained_is_a_rule() -> None:
    configure('\n[[accept]]\nreason = "so"\nrule = "mail"\n')
    assert refused() == ['.medplum-lint.toml:2: there is no rule "mail": that is a category']
    result = lint("explain", "mail", "--isolated")
    assert (result.exit_code, result.stderr) == (2, 'medplum-lint: error: there is no rule "mail": that is a category\n')


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ("mail", 'policies/mail.yaml:1: the id "mail" is taken by a category'),
        ("missing-host/own", 'policies/own.yaml:1: the name "missing-host" in front of the slash is taken by a built-in rule'),
    ],
)
def test_no_selector_has_two_meanings(id_: str, message: str) -> None:
    group, _, name = id_.rpartition("/")
    own_policies({name: OWN["port"]}, f"{group}/" if group else "")
    assert refused("--rules", "policies") == [message]


def test_no_custom_selector_has_two_meanings() -> None:
    own_policies({"port": OWN["port"], "acme": {**OWN["redis"], "id": "acme"}, "zebra": {**OWN["port"], "id": "zebra"}})
    Path("policies", "first").mkdir()
    Path("policies", "port.yaml").rename(Path("policies", "first", "port.yaml"))
    rules, errors = read_folders([Path("policies")])
    assert [rule.info.id for rule in rules] == ["acme", "zebra"]
    assert errors == ['policies/first/port.yaml:1: the name "acme" in front of the slash is taken by policies/acme.yaml']
    Path("policies", "first", "port.yaml").rename(Path("policies", "a.yaml"))
    Path("policies", "a.yaml").write_text(Path("policies", "a.yaml").read_text().replace("acme/port", "zebra/a"))
    rules, errors = read_folders([Path("policies")])
    assert [rule.info.id for rule in rules] == ["zebra/a", "acme"]
    assert errors == ['policies/zebra.yaml:1: the id "zebra" is taken by the name in front of the slash of zebra/a']


# --- They are shown. ----------------------------------------------------------------------------------------------------------------


def test_the_list_of_a_category() -> None:
    expected = [rule.info.id for rule in all_rules([])[0] if rule.info.category == "mail"]
    heading, *rows = lint("rules", "mail").stdout.splitlines()
    assert heading == "mail:" and [row.split()[0] for row in rows] == expected
    listed = json.loads(lint("rules", "mail", "--format", "json").stdout)
    assert [(rule["id"], rule["category"]) for rule in listed] == [(id_, "mail") for id_ in expected]


def test_the_list_of_several() -> None:
    listed = json.loads(lint("rules", "mail", "tls,missing-setting", "--format", "json").stdout)
    assert {rule["category"] for rule in listed} == {"mail", "tls", "settings"}
    assert [rule["id"] for rule in listed if rule["category"] == "settings"] == ["missing-setting"]
    own_policies()
    listed = json.loads(lint("rules", "acme", "--rules", "policies", "--format", "json").stdout)
    assert [(rule["id"], rule["category"]) for rule in listed] == [(f"acme/{name}", "acme") for name in sorted(OWN)]


def test_json_and_sarif_name_the_category() -> None:
    own_policies()
    options = ("server.json", "--select", "mail,acme", "--rules", "policies")
    findings = json.loads(lint(*options, "--format", "json").stdout)["findings"]
    expected = {**dict.fromkeys(MAIL, "mail"), "acme/port": "acme", "acme/redis": "acme"}
    assert {finding["rule"]: finding["category"] for finding in findings} == expected
    rules = json.loads(lint(*options, "--format", "sarif").stdout)["runs"][0]["tool"]["driver"]["rules"]
    tags = {rule["id"]: rule["properties"]["tags"] for rule in rules}
    assert set(tags) > set(expected)
    assert all(("acme" if id_.startswith("acme/") else "mail") in given for id_, given in tags.items())


def test_a_policy_without_a_group_has_no_category() -> None:
    own_policies({"port": OWN["port"]}, "")
    options = ("server.json", "--select", "port", "--rules", "policies")
    [finding] = json.loads(lint(*options, "--format", "json").stdout)["findings"]
    assert finding["category"] is None
    [rule] = json.loads(lint(*options, "--format", "sarif").stdout)["runs"][0]["tool"]["driver"]["rules"]
    assert rule["properties"]["tags"] == []
    [listed] = json.loads(lint("rules", "port", "--rules", "policies", "--format", "json").stdout)
    assert listed["category"] is None


def test_explain_says_the_category() -> None:
    assert "\nCategory: mail\n" in lint("explain", "ignored-email-provider").stdout
    own_policies()
    assert "\nCategory: acme\n" in lint("explain", "acme/port", "--rules", "policies").stdout


def test_names_of_rules_are_short_and_use_one_word_for_one_thing() -> None:
    """At most 30 letters; ``missing``, ``ignored`` and ``disabled`` are the words for what is absent, has no effect, or is off."""
    others = r"(^|-)(without|off|ineffective|unread|not)(-|$)|-in-production$|-by-default$"
    ids = [rule.info.id for rule in all_rules([])[0]]
    assert [one for one in ids if len(one) > 30 or re.search(others, one)] == []
    assert 110 <= len(ids) <= 180
