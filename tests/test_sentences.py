"""Messages are one short sentence each, without a full stop: in every rule, in the catalogue's words, and in what the fixtures give."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.contract import demand
from support.helpers import EVERY_RULE, GOLDEN
from support.rules import built_in_files

from linter import settings
from linter.cli import cli
from linter.documents.inputs import Input
from linter.model import Style
from linter.output import width_of
from linter.reporters import text as text_report
from linter.run import Options, lint_input
from linter.text import as_clause


def stops(message: str) -> bool:
    """Whether a message ends with a full stop, or continues after the end of a sentence."""
    without_texts = re.sub(r'"[^"]*"', '""', message)
    return without_texts.endswith((".", ". ")) or re.search(r"""[a-z0-9)}"'`][.!?]\s+[A-Z$]""", without_texts) is not None


PARTS = ("what", "why", "remedy")
LONGEST = 30
"""Words of the parts of a message at most, before names and values are filled in."""

UNSAID: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "${@reason} says what to write": (
        ("remedy",),
        (
            *("ignored-setting 3", "invalid-aws-value 1", "invalid-email 1", "invalid-email 2", "invalid-hostname 1"),
            *("invalid-url 1", "missing-trailing-slash 1", "missing-trailing-slash 2", "missing-trailing-slash 3"),
            *("missing-trailing-slash 4", "refused-smtp-login 1", "unknown-storage 1"),
            *("unserved-port 1", "unserved-port 2", "unserved-port 3", "unmatchable-sender 1"),
        ),
    ),
    "${@reason} says what comes of it": (
        ("why",),
        ("invalid-url 2", "misplaced-setting 1", "misplaced-setting 2", "version-dependent-setting 1", "version-dependent-setting 2"),
    ),
    "${@reason} says both, as far as they are known": (
        ("why", "remedy"),
        (
            *("ignored-setting 2", "inexact-value 1", "inexact-value 2", "misnamed-setting 1", "misnamed-setting 8", "misnamed-setting 9"),
            *("misnamed-setting 12", "misnamed-setting 13", "misnamed-setting 14", "misnamed-setting 15"),
            *("misread-boolean 1", "misread-boolean 2", "misread-number 1", "misread-object 1", "misread-object 2"),
            *("unknown-setting 1", "unknown-setting 2", "unknown-setting 3", "unmatchable-origin 1"),
        ),
    ),
}
"""Why cases of rules have only some of the parts: which parts are not written, and the cases by their numbers."""


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """The data of each case of the rules that read settings, by the rule and its number; what a source finds has a message of its own."""
    for file in built_in_files():
        for number, own in enumerate(file.data.get("cases", [{}]), 1):
            case = {**file.data, **own}
            if "must" in case:
                yield f"{case['id']} {number}", case


def test_the_message_of_a_rule_is_one_sentence() -> None:
    demand(
        f"{name}: {key} is more than one sentence, or has a full stop at its end: use a comma or a semicolon"
        for name, case in cases()
        for key in (*PARTS, "together")
        if stops(" ".join(str(case.get(key, "")).split()))
    )


def test_the_message_of_a_rule_is_short() -> None:
    long = {name: sum(len(case[key].split()) for key in PARTS if key in case) for name, case in cases()}
    demand(
        f"{name}: what, why and remedy have {words} words together: at most {LONGEST}" for name, words in long.items() if words > LONGEST
    )


def test_a_message_has_a_problem_a_consequence_and_a_remedy() -> None:
    lacks = {name: tuple(key for key in PARTS if key not in case) for name, case in cases()}
    known = {name: keys for keys, names in UNSAID.values() for name in names}
    demand(f"{name}: write {' and '.join(keys)}, or say in UNSAID why not" for name, keys in lacks.items() if keys != known.get(name, ()))
    assert known.keys() <= lacks.keys()


def test_a_reason_says_what_the_rule_does_not() -> None:
    by_reason = {name for why, (_, names) in UNSAID.items() for name in names if why.startswith("${@reason}")}
    demand(f"{name}: its what has no ${{@reason}}" for name, case in cases() if name in by_reason and "${@reason}" not in case["what"])


def test_a_message_is_one_sentence() -> None:
    lines = [line for line in (GOLDEN / "clauses.txt").read_text(encoding="utf-8").splitlines() if line.startswith(" ")]
    assert len(lines) > 1_000
    demand(f"not one sentence: {line}" for line in lines if stops(line))


def clauses() -> list[str]:
    """Every sentence of the catalogue that a message can take, as it takes it."""
    every = [
        one
        for kind in settings.KINDS
        for name in settings.catalogue(kind).names()
        if (one := settings.catalogue(kind).get(tuple(name.split("."))))
    ]
    consequences = [clause for one in every for by_release in one.consequence.values() for clause in by_release.values]
    return [as_clause(text) for text in (*consequences, *(one.meaning for one in every)) if text]


def test_what_the_catalogue_says_is_a_clause_in_a_message() -> None:
    demand(f"not a clause: {clause}" for clause in clauses() if stops(clause))


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("Without it nothing works.", "without it nothing works"),
        ("A is wrong. If B is, C fails.", "a is wrong; if B is, C fails"),
        ("AWS refuses it. CloudFront too. Redis as well.", "AWS refuses it; CloudFront too; Redis as well"),
        ("Node.js reads it, e.g. here.", "Node.js reads it, e.g. here"),
        ("MEDPLUM_* is read.", "MEDPLUM_* is read"),
        ("", ""),
    ],
)
def test_a_clause(text: str, clause: str) -> None:
    assert as_clause(text) == clause


def messages(data: dict[str, object], name: str = "medplum.config.json") -> dict[str, str]:
    outcome = lint_input(Input(name, json.dumps(data).encode(), Path("/nowhere") / name), Options(EVERY_RULE))
    return {one.rule: one.message for one in outcome.result.findings}


SERVER = {"baseUrl": "https://api.hospital.example/", "port": 8103, "database": {"host": "db"}, "redis": {"host": "r"}}


def test_one_of_a_unit() -> None:
    found = messages({**SERVER, "shutdownTimeoutMilliseconds": 0, "bullmq": {"defaultConcurrency": 1}})
    assert not any("at least 1 milliseconds" in message for message in found.values())


def test_a_fraction_is_not_a_whole_number() -> None:
    assert messages({**SERVER, "port": 81.5})["wrong-type"].startswith("port must be a whole number or text, not a fraction: ")


def test_a_section_without_a_host_says_what_happens() -> None:
    found = messages({**SERVER, "appBaseUrl": "https://app.hospital.example/", "smtp": {"port": 587}})
    why = "the server looks for the mail server on its own machine, and no e-mail is sent"
    assert found["incomplete-object"] == f"smtp.host is missing: {why}; write the host of the mail server"


def test_what_is_left_to_defaults_is_one_finding_of_servers_and_one_of_the_database() -> None:
    outcome = lint_input(
        Input(
            "medplum.prod.config.json", json.dumps({"name": "prod", "stackName": "M", "region": "us-east-1"}).encode(), Path("/nowhere/a")
        ),
        Options(EVERY_RULE, kind="infra/json"),
    )
    found = [one.message.rpartition("; ")[2] for one in outcome.result.findings if one.rule == "missing-infra-size"]
    assert found == [
        "4 such settings are missing: maxAzs, desiredServerCount, serverMemory and serverCpu",
        "3 such settings are missing: rdsInstances, rdsInstanceType and rdsInstanceVersion",
    ]


# --- The terminal --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["rules", "--help"], ["test", "--help"]])
def test_help_fits_into_a_terminal(arguments: list[str]) -> None:
    printed = CliRunner().invoke(cli, arguments, terminal_width=80).stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert not any(line.rstrip().endswith("...") for line in printed.splitlines() if not line.startswith("Usage"))


def test_an_argument_of_rules_can_be_a_category() -> None:
    assert CliRunner().invoke(cli, ["rules", "acme"]).stderr == 'medplum-lint: error: there is no rule or category "acme"\n'


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("", 0), ("x", 0), ("-3", 0)])
def test_the_width_of_the_terminal(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            raise OSError

    monkeypatch.setitem(os.environ, "COLUMNS", columns)
    assert width_of(Terminal()) == width
    assert width_of(None) == width_of(io.StringIO()) == 0


def test_on_a_terminal_a_file_that_could_not_be_read_is_named_by_standard_error_alone() -> None:
    result = lint_input(Input("a.json", b"", Path("/nowhere/a.json")), Options(EVERY_RULE)).result
    for width, named in ((0, True), (80, False)):
        stream = io.StringIO()
        text_report.report(result, stream, Style(width=width))
        assert ("a.json: failed" in stream.getvalue()) == named
        assert "1 failed" in stream.getvalue()
