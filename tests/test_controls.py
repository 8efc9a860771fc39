"""Controls: the catalogue, which of them each rule supports, and how rules are chosen by them."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from support.checkout import ROOT
from support.helpers import OWN_POLICY
from support.rules import built_in_files

from linter import cli
from linter.options.choose import is_active, severity_of
from linter.options.config import Overrides
from linter.policy.controls import catalogue, controls_of, covers, supports
from linter.policy.rule_file import read_rule_file
from linter.policy.rule_set import all_rules, built_in_rules, check_selectors, rank

CATALOGUE = yaml.safe_load((ROOT / "linter/policy/controls.yaml").read_text(encoding="utf-8"))
INFOS = {rule.info.id: rule.info for rule in built_in_rules()}
PROMISE = re.compile(r"compl(y|ies|iant|iance)", re.IGNORECASE)


def own(tmp_path: Path, controls: str) -> Path:
    path = tmp_path / "support-email-domain.yaml"
    path.write_text(f"{OWN_POLICY}{controls}\n", encoding="utf-8")
    return path


def run(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    """The exit code of a command, and what it prints to standard output and standard error."""
    done = CliRunner().invoke(cli.cli, list(arguments), input=given)
    return done.exit_code, done.stdout, done.stderr


# The catalogue


def test_each_framework_says_where_its_ids_and_titles_are_from() -> None:
    assert [(one["name"], one["version"], one.get("date")) for one in CATALOGUE] == [
        ("HIPAA Security Rule", "45 CFR Part 164, Subpart C, as amended at 78 FR 5694", "2013-01-25"),
        ("NIST SP 800-53", "Revision 5, OSCAL catalogue 5.1.1+u4", "2024-02-13"),
        ("CIS AWS Foundations Benchmark", "5.0.0", None),
    ]
    assert all(one["url"].startswith("https://") and one["organization"] for one in CATALOGUE)


def test_titles_are_verbatim_and_those_of_cis_are_left_out() -> None:
    titles = {control.id: control.title for control in catalogue().values()}
    assert titles["164.312(a)(2)(iv)"] == "Encryption and decryption (Addressable)"
    assert titles["164.308(a)(7)(ii)(A)"] == "Data backup plan (Required)"
    assert titles["AC-6(10)"] == "Prohibit Non-privileged Users from Executing Privileged Functions"
    assert titles["IA-5(7)"] == "No Embedded Unencrypted Static Authenticators"
    assert [id_ for id_, title in titles.items() if not title] == [id_ for id_ in titles if id_.startswith("CIS-")] == ["CIS-2.2.4"]


def test_no_id_is_in_two_frameworks() -> None:
    assert len(catalogue()) == sum(len(one["controls"]) for one in CATALOGUE)


# The map


def test_each_built_in_rule_has_a_map_and_each_control_in_it_is_in_the_catalogue() -> None:
    """The reader of rule files refuses a rule without one: see below."""
    assert [one.errors for one in built_in_files() if one.errors] == []
    assert all(one.data["controls"] == "none" or one.data["controls"].keys() <= catalogue().keys() for one in built_in_files())


def test_the_built_file_has_what_the_files_of_the_rules_say() -> None:
    for one in built_in_files():
        assert one.rule is not None
        assert controls_of(INFOS[one.rule.info.id]) == one.rule.info.controls
        assert not INFOS[one.rule.info.id].controls, "the rules of a run do not have them"


def test_no_reason_promises_anything() -> None:
    for info in INFOS.values():
        for reason in controls_of(info).values():
            assert not PROMISE.search(reason)
            assert reason[0].islower() or reason.split()[0] in {"TLS", "SecureString"}
            assert not reason.endswith("."), "it is half a sentence"
            assert len(reason.split()) <= 20


@pytest.mark.parametrize(
    ("rule", "controls"),
    [
        ("unencrypted-database", ["164.312(e)(1)", "164.312(e)(2)(i)", "164.312(e)(2)(ii)", "SC-8(1)"]),
        ("local-file-storage", ["164.308(a)(7)(ii)(A)", "164.312(c)(1)", "CP-9"]),
        ("mangled-variable", ["CM-6"]),
        ("plaintext-secret", ["164.312(a)(1)", "164.312(d)", "IA-5(7)"]),
        ("disabled-audit-trail", ["164.308(a)(1)(ii)(D)", "164.312(b)", "AU-2", "AU-12"]),
        ("single-instance", ["SI-13(5)", "CIS-2.2.4"]),
        ("missing-setting", []),
    ],
)
def test_what_some_rules_support(rule: str, controls: list[str]) -> None:
    assert list(controls_of(INFOS[rule])) == controls


def test_a_built_in_rule_without_a_map_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "support-email-domain.yaml"
    path.write_text(OWN_POLICY, encoding="utf-8")
    assert read_rule_file(path, category="mail").errors == [
        f'{path}:2: lacks "controls": name each control that the rule supports, with why, or write "controls: none"'
    ]
    assert read_rule_file(path).errors == []


# Policies of one's own


@pytest.mark.parametrize(
    ("controls", "error"),
    [
        ("controls: none", None),
        ("controls: {AC-3: only staff get mail}", None),
        ("controls: {AC-33: why}", 'the catalogue has no control "AC-33"; did you mean "AC-3"?'),
        ("controls: {164.312(e): why}", 'the catalogue has no control "164.312(e)"; did you mean "164.312(d)"?'),
        ("controls: {AC-3: }", "AC-3 has no value"),
        ("controls: {}", "controls must not be empty"),
        ("controls: all", 'controls must be "none", or a mapping of controls that says why the rule supports each, not "all"'),
    ],
)
def test_the_controls_of_a_policy(controls: str, error: str | None, tmp_path: Path) -> None:
    path = own(tmp_path, controls)
    line = len(OWN_POLICY.splitlines()) + 1
    assert read_rule_file(path).errors == ([] if error is None else [f"{path}:{line}: {error}"])


def test_a_policy_is_chosen_by_its_controls(tmp_path: Path) -> None:
    rules = all_rules([own(tmp_path, "controls: {AC-2(1): only staff get mail}")]).rules
    assert [rule.info.id for rule in rules if supports(rule.info, "AC-2")] == ["acme/support-email-domain", "open-registration"]


# Choosing rules


@pytest.mark.parametrize(
    ("wanted", "control", "expected"),
    [
        ("AC-3", "AC-3", True),
        ("AC-3", "AC-3(7)", True),
        ("AC-3", "AC-30", False),
        ("AC-3(7)", "AC-3", False),
        ("AC", "AC-3", True),
        ("A", "AC-3", False),
        ("164.312", "164.312(a)(1)", True),
        ("164.31", "164.312(a)(1)", False),
        ("164.312(a)", "164.312(a)(2)(iv)", True),
        ("CIS", "CIS-2.2.4", True),
        ("CIS-2.2", "CIS-2.2.4", True),
        ("", "AC-3", False),
    ],
)
def test_what_a_control_covers(wanted: str, control: str, expected: bool) -> None:
    assert covers(wanted, control) == expected


def test_a_control_is_as_exact_as_a_category() -> None:
    info = INFOS["unencrypted-database"]
    ranks = [rank(info, [word]) for word in ("control:164.312", "tls", "control:AC-3", "unencrypted-*", "unencrypted-database")]
    assert ranks == [1, 1, 0, 14, 1_000]


def test_a_control_asks_for_pedantic_rules_as_an_id_does() -> None:
    info = INFOS["disabled-audit-trail"]
    for select, expected in (("hardening", None), ("control:164.312(b)", "note"), ("disabled-audit-trail", "note")):
        severity = severity_of(info, Overrides(select=(select,)))
        assert isinstance(severity, dict)
        assert severity["production"] == expected


def test_controls_are_ignored_too() -> None:
    ignored = Overrides(ignore=("control:SC-8",))
    off = [rule.info.id for rule in built_in_rules() if not is_active(rule, ignored)]
    assert off == [id_ for id_, info in INFOS.items() if any(one.startswith("SC-8") for one in controls_of(info))]
    assert "unencrypted-redis" in off


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("control:AC-3", None),
        ("control:164", None),
        ("control:AC-33", 'no rule supports the control "AC-33"; did you mean "AC-3"?'),
        ("control:PE-1", 'no rule supports the control "PE-1"'),
        ("control:", 'no rule supports the control ""'),
        ("control", 'there is no rule or category "control"'),
    ],
)
def test_an_unknown_control_is_an_error(word: str, error: str | None) -> None:
    assert check_selectors([word], INFOS.values()) == ([] if error is None else [error])


def test_a_configuration_chooses_by_controls_too(tmp_path: Path) -> None:
    config = tmp_path / "lint.toml"
    for line, expected in (
        ('select = ["control:164.312(b)"]', (0, "")),
        ('select = ["tls"]\nignore = ["control:AC-33"]', (2, f'{config}:2: no rule supports the control "AC-33"; did you mean "AC-3"?\n')),
    ):
        config.write_text(line, encoding="utf-8")
        arguments = ("--config", str(config), "--kind", "server/json", "--format", "concise", "-")
        code, report, error = run("check", *arguments, given='{"baseUrl": "https://api.clinic.test/"}')
        assert (code, error.removeprefix("medplum-lint: error: ")) == expected
        assert ("[disabled-audit-trail]" in report) == (code == 0)


# Commands


def test_rules_are_listed_by_control() -> None:
    assert run("rules", "--control", "SC-17,CIS-2") == (
        0,
        """\
SC-17, Public Key Infrastructure Certificates (NIST SP 800-53):
expiring-ca-certificate   warning       it says in time that a trusted certificate is to be replaced
oversized-ca-certificate  error         it finds trust in more certificate authorities than the database needs
refused-certificate       error         certificates that end, or are for other hosts, are to be replaced
unusable-ca-certificate   error         it finds trusted certificates that have expired, or are not valid yet

CIS-2.2.4 (CIS AWS Foundations Benchmark):
single-instance           pedantic/off  a cluster of one instance is in one zone only, which is the part of this rule about rdsInstances

A check supports a control. That it finds nothing does not show that the control is met.
""",
        "",
    )


def test_only_rules_that_are_requested_are_listed_by_control() -> None:
    _, listed, _ = run("rules", "tls", "--control", "164.312(e)(2)(ii)")
    assert re.findall(r"^[a-z-]+(?=  )", listed, re.MULTILINE) == ["insecure-url", "unencrypted-database", "unencrypted-redis"]
    assert run("rules", "mail", "--control", "AC-3") == (2, "", 'medplum-lint: error: no rule supports the control "AC-3"\n')


def test_programs_get_the_controls_of_each_rule() -> None:
    _, listed, _ = run("rules", "expiring-ca-certificate", "missing-host", "--format", "json")
    assert [(one["id"], one["controls"]) for one in json.loads(listed)] == [
        ("expiring-ca-certificate", {"SC-17": "it says in time that a trusted certificate is to be replaced"}),
        ("missing-host", {}),
    ]


def test_the_explanation_of_a_rule_has_its_controls() -> None:
    _, explained, _ = run("explain", "expiring-ca-certificate")
    assert (
        "\nThis check supports:\n"
        "* SC-17, Public Key Infrastructure Certificates: it says in time that a trusted certificate is to be replaced\n\n"
    ) in explained
    assert "supports" not in run("explain", "missing-host")[1]


def test_a_check_of_one_control() -> None:
    server = '{"baseUrl": "https://api.clinic.test/"}'
    code, report, _ = run("check", "--select", "control:164.312(b)", "--kind", "server/json", "--format", "concise", "-", given=server)
    assert (code, report.splitlines()[0].partition(" ")[2]) == (
        0,
        "note[disabled-audit-trail] saveAuditEvents and logAuditEvents are both off: nothing records who reads or changes which record, "
        "although HIPAA asks for that; switch one of them on",
    )


def test_a_plain_run_reads_no_controls(tmp_path: Path) -> None:
    """Nor do policies that name none."""
    code = f"""
import sys
read = []
sys.addaudithook(lambda event, arguments: read.append(str(arguments[0])) if event == "open" else None)
sys.path.insert(0, {str(ROOT)!r})
sys.argv = ["medplum-lint", *sys.argv[1:]]
from linter.__main__ import main
try:
    main()
finally:
    print([one for one in read if one.endswith(("rules.json", "controls.json"))])
"""
    policy, both = ["--rules", str(own(tmp_path, "controls: none"))], ["rules.json", "controls.json"]
    for more, expected in (([], both[:1]), (policy, both[:1]), (["--select", "control:AC-3"], both)):
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, "check", str(ROOT / "examples/medplum.prod.config.json"), *more],
            env=os.environ | {"MEDPLUM_LINT_DEBUG": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert [Path(one).name for one in ast.literal_eval(done.stdout.splitlines()[-1])] == expected


# Reports


def test_a_sarif_report_relates_rules_to_their_controls() -> None:
    """That reports get them at all; tests/test_sarif.py says how they look."""
    _, written, _ = run("check", "--kind", "server/json", "--format", "sarif", "-", given='{"baseUrl": "https://api.clinic.test/"}')
    [log] = json.loads(written)["runs"]
    related = {one["id"]: [to["target"]["id"] for to in one.get("relationships", ())] for one in log["tool"]["driver"]["rules"]}
    assert related["unencrypted-database"] == ["CWE-319", "164.312(e)(1)", "164.312(e)(2)(i)", "164.312(e)(2)(ii)", "SC-8(1)"]
    assert related["missing-setting"] == []
    assert [taxonomy["name"] for taxonomy in log["taxonomies"]] == ["CWE", "HIPAA Security Rule", "NIST SP 800-53"]
    assert not PROMISE.search(json.dumps(log["taxonomies"]))
