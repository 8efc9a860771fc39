"""Suppression comments: what they cover, what they need, and that none is left over."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from test_variables import lint

from linter.documents.inputs import Input
from linter.model import Style
from linter.options.config import Overrides
from linter.release import NEWEST
from linter.reporters import reporter
from linter.run import Options, Outcome, lint_input

HOST = "MEDPLUM_REDIS_HOST=cache\n"
WRONG = "MEDPLUM_DATABASE_USER=a"
RULE = "misnamed-setting"


def comment(rules: str = RULE, reason: str = "our own patch reads it") -> str:
    return f"# medplum-lint: ignore[{rules}] {reason}"


def reported(text: str, name: str = ".env") -> list[tuple[str, int, str | None]]:
    """Rule, line and reason of each finding."""
    outcome = lint(text, name)
    assert outcome.bugs == ()
    return [(one.rule, one.document.position(one.span.start).line, one.suppressed) for one in outcome.result.findings]


def report(outcome: Outcome, name: str) -> str:
    stream = StringIO()
    reporter(name).report(outcome.result, stream, Style())
    return stream.getvalue()


REASON = "our own patch reads it"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HOST}{WRONG} {comment()}\n", REASON),
        (f"{HOST}{comment()}\n{WRONG}\n", REASON),
        (f"{HOST}{comment()}\n\n# another comment\n{WRONG}\n", REASON),
        (f"{HOST}  #medplum-lint:ignore [ {RULE} ]  {REASON}  \n{WRONG}", REASON),
        (f"{HOST}{WRONG}  # so. {comment()}\n", REASON),
        (f"{HOST}{comment(f'other-rule, {RULE}')}\n{WRONG}", REASON),
        (f"{HOST}{WRONG}\n{comment()}\n", None),
        (f"{HOST}{comment()}\nA=b\n{WRONG}\n", None),
        (f"{HOST}{comment('misread-boolean')}\n{WRONG}\n", None),
        (f"{HOST}{comment(reason='')}\n{WRONG}\n", None),
        (f"{HOST}A='{comment()}'\n{WRONG}\n", None),
        (f"{HOST}A=b{comment()}\n{WRONG}\n", None),
    ],
)
def test_what_a_comment_covers(text: str, reason: str | None) -> None:
    assert [suppressed for rule, _, suppressed in reported(text) if rule == RULE] == [reason]


def test_a_value_on_several_lines_is_covered_by_its_name() -> None:
    text = f'{HOST}{comment("malformed-pem, plaintext-secret")}\nMEDPLUM_SIGNING_KEY="-----BEGIN X-----\nA\n-----END X-----"\n'
    assert [suppressed for _, _, suppressed in reported(text)] == [REASON, REASON]


COMPOSE = """\
services:
  server:
    image: medplum/medplum-server
    command: env
    env_file: a
    environment:
      MEDPLUM_DATABASE_USER: a {0}
      {1}
      MEDPLUM_DATABASE_NAME: b
      MEDPLUM_SUPPORT_EMAIL: |-
        # medplum-lint: ignore[misnamed-setting] this is a part of the value
      MEDPLUM_DATABASE_DB_NAME: '{0}'
"""


def test_comments_of_yaml() -> None:
    found = [(line, suppressed) for rule, line, suppressed in reported(COMPOSE.format(comment(), comment()), "compose.yml") if rule == RULE]
    assert found == [(7, REASON), (9, REASON), (12, None)]


def test_above_an_item_the_whole_item_is_covered() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: medplum}\nspec:\n  containers:\n    - image: medplum-server\n      args: [env]\n"
        "      envFrom: [{configMapRef: {name: elsewhere}}]\n"
        f"      env:\n        {comment('unknown-value')}\n        - name: MEDPLUM_LOG_LEVEL\n          value: loud\n"
    )
    assert reported(text, "pod.yaml") == [("unknown-value", 12, REASON)]


@pytest.mark.parametrize(
    "wrong",
    [
        "ignore",
        "ignore[]",
        f"ignore[{RULE}]",
        "ignore[a b] why",
        "ignore[A] why",
        "disable[a] why",
        f"ignore {RULE} why",
        "ignore[a why",
        "",
    ],
)
def test_a_comment_that_suppresses_nothing_says_why(wrong: str) -> None:
    text = f"{HOST}MEDPLUM_REDIS_PORT=6379 # medplum-lint: {wrong}\n"
    assert reported(text) == [("invalid-suppression", 2, None)]


@pytest.mark.parametrize("harmless", ["# medplum-lint is good", "# see medplum-lint", "medplum-lint=1", "A=medplum-lint: ignore[x]"])
def test_comments_that_are_not_suppressions(harmless: str) -> None:
    assert reported(f"{HOST}{harmless}\n")[:1] in ([], [("invalid-environment-line", 2, None)])


# --- Left over -----------------------------------------------------------------------------------------------------------------------


def test_a_comment_that_nothing_needs_is_reported() -> None:
    text = f"{HOST}MEDPLUM_REDIS_PORT=6379 {comment('misread-number, misread-numbr, own-rule')}\n"
    outcome = lint(text)
    assert [finding.message for finding in outcome.result.findings] == [
        "the suppression comment for misread-number is unused, because the rule finds nothing here; delete it",
        'the suppression comment names the rule "misread-numbr", which does not exist; did you mean "misread-number"?',
        'the suppression comment names the rule "own-rule", which does not exist',
    ]
    assert {finding.rule for finding in outcome.result.findings} == {"unused-suppression"}
    assert {finding.severity for finding in outcome.result.findings} == {"warning"}


def test_of_two_comments_about_a_rule_the_one_that_nothing_needs_is_reported() -> None:
    assert reported(f"{HOST}{WRONG} {comment()}\nA=b {comment()}\n") == [(RULE, 2, REASON), ("unused-suppression", 3, None)]


@pytest.mark.parametrize("overrides", [Overrides(ignore=(RULE,)), Overrides(select=("unused-suppression", "misread-number"))])
def test_only_checked_rules_make_a_comment_unused(overrides: Overrides) -> None:
    given = Input(".env", f"{HOST}{WRONG} {comment()}\n".encode(), Path(".env"))
    assert lint_input(given, Options(overrides)).result.findings == ()


def test_a_rule_for_other_kinds_does_not_make_a_comment_unused() -> None:
    assert reported(f"{HOST}A=b {comment('server-differs-from-infra')}\n") == []


def test_what_one_service_needs_is_not_left_over_for_another() -> None:
    text = "x: &e\n  MEDPLUM_DATABASE_USER: a {}\nservices:\n  a: {{image: medplum-server, environment: *e, env_file: b, build: .}}\n"
    text += "  b: {{image: medplum-server, environment: {{MEDPLUM_PORT: '1'}}, env_file: b, build: .}}\n"
    findings = reported(text.format(comment()), "compose.yml")
    assert findings == [(RULE, 2, REASON)] or [one[0] for one in findings] == [RULE]


def test_the_comment_about_the_leftover_itself() -> None:
    text = f"{HOST}{comment('misread-number, unused-suppression')}\nMEDPLUM_REDIS_PORT=6379\n"
    assert {suppressed for _, _, suppressed in reported(text)} == {REASON}


# --- Reports -------------------------------------------------------------------------------------------------------------------------


def test_reports_leave_out_what_is_accepted() -> None:
    outcome = lint(f"{HOST}{WRONG} {comment()}\n")
    assert outcome.exit_code == 0
    assert report(outcome, "text") == f"No findings in 1 file (1 suppressed), checked against server {NEWEST} (the newest known release).\n"
    document = json.loads(report(outcome, "json"))
    assert [finding["suppressed"] for finding in document["findings"]] == [REASON]
    assert document["summary"] == {"files": 1, "errors": 0, "warnings": 0, "notes": 0, "suppressed": 1}
    assert json.loads(report(outcome, "sarif"))["runs"][0]["results"] == []
