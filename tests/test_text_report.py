"""The report for people: its order, its width, its colours and links; and the other forms of it, by line and by rule."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.checkout import ROOT
from support.helpers import EVERY_RULE, GOLDEN, compare_with

from linter import cli
from linter.documents.inputs import Input
from linter.model import Style
from linter.output import progress
from linter.output import report as reports
from linter.reporters import concise, grouped, text
from linter.reporters._columns import fitting, width, wrapped
from linter.run import Options, lint_input, lint_paths
from linter.text import Excerpt

EXAMPLES = ("medplum.config.json", "medplum.prod.config.json", "ssm-dump.json")
VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def lint(data: object, name: str = "server.json", kind: str | None = "server/json") -> Any:
    content = data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False)
    return lint_input(Input(name, content.encode(), Path("/nowhere") / name), Options(EVERY_RULE, kind)).result


def printed(result: Any, style: Style = Style(), how: Callable[..., None] = text.report) -> str:
    stream = io.StringIO()
    how(result, stream, style)
    return stream.getvalue()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def plain(report: str) -> str:
    """A report without colours and links."""
    return re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\", "", report)


# --- The whole -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 140])
def test_the_examples_on_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples")
    result = lint_paths(list(EXAMPLES), Options(isolated=True)).result
    style = Style(color=True, width=columns, links=True, statistics=True)
    report = plain(printed(result, style))
    compare_with(GOLDEN / f"examples-{columns}.text", report)
    too_long = [line for line in report.splitlines() if len(line) > columns and not re.search(r"aws ssm|printf|delete-parameters", line)]
    assert too_long == []


@pytest.mark.parametrize("how", [concise.report, grouped.report])
def test_the_examples_in_other_forms(how: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples")
    result = lint_paths(list(EXAMPLES), Options(isolated=True)).result
    compare_with(GOLDEN / f"examples.{how.__module__.rpartition('.')[2]}", printed(result, how=how))


def labels(report: str) -> list[str]:
    return re.findall(r"^(?:error|warning|note)\[([^\]]+)\]", report, re.MULTILINE)


MIXED = {
    "port": 8103,
    "logLevel": "LOUD",
    "appBaseUrl": "http://app.clinic.example/",
    "defaultFhirQuota": "5",
    "audience": "x",
    "baseUrl": "api.clinic.example",
    "binaryStorage": "s3:files",
    "redis": {"host": "redis", "password": "aB3$aB3$aB3$xyz"},
}


def test_stopping_findings_come_first_then_the_most_severe() -> None:
    result = lint(MIXED)
    report = printed(result)
    assert report.startswith("server.json (server/json, production): 3 of ")
    order = labels(report)
    severity = {one.rule: one.severity for one in result.findings}
    missing = [one.rule for one in result.findings if one.is_missing]
    block = [index for index, rule in enumerate(order) if rule in missing]
    assert block == list(range(block[0], block[0] + len(missing)))  # in one block
    assert set(order[:2]) == {"unknown-value", "invalid-url"} and order[2] == "missing-setting"
    rest = [severity[rule] for rule in order if rule not in missing][2:]
    assert rest == sorted(rest)  # error, note, warning is not an order, but there is no note
    assert report.count("Missing here:\n") == 1 and "| {" not in report


def test_findings_at_one_place_share_its_source_line() -> None:
    report = printed(lint({**MIXED, "baseUrl": "http://api.clinic.example", "appBaseUrl": "https://app.clinic.example/"}))
    assert report.count('|   "baseUrl": "http://api.clinic.example"') == 1
    assert re.search(r'[^\n]\nerror\[missing-trailing-slash\]: baseUrl must end with "/"\n  = why: ', report)


def test_a_rule_is_explained_once() -> None:
    names = [f"maxSearchOffset{number}" for number in range(3)]
    report = printed(lint({**MIXED, **dict.fromkeys(names, 1), "bcryptHashSalt": "ten", "maxSearchOffset": "ten"}))
    assert "= see:" not in report and report.endswith("\nFor more about a rule, run: medplum-lint explain missing-setting\n")
    env = "MEDPLUM_BASE_URL=https://a.example/\n" + "".join(f"MEDPLUM_{name}=1e3\n" for name in ("PORT", "MAX_SEARCH_OFFSET"))
    report = printed(lint(env, "server.env", "server/env"))
    assert report.count("error[misread-number]") == 2 and report.count("= fix: write plain digits\n") == 1


def test_the_name_of_a_parameter_is_shown() -> None:
    dump = {"Parameters": [{"Name": "/medplum/prod/maxSearchOffset", "Type": "String", "Value": "1e6"}]}
    report = printed(lint(dump, "dump.json", None))
    assert '      "Name": "/medplum/prod/maxSearchOffset",\n...\n' in report
    assert '      "Value": "1e6"\n' in report


def test_the_name_stays_before_a_value_that_does_not_fit() -> None:
    dump = json.dumps({"Parameters": [{"Name": "/medplum/prod/maxSearchOffset", "Type": "String", "Value": "1e6", "Version": 12}]})
    report = printed(lint(dump, "dump.json", None), Style(width=75))
    assert '1 | …"/medplum/prod/maxSearchOffset"…ng", "Value": "1e6", "Version": 12}]}\n' in report
    env = f"MEDPLUM_REDIS_HOST=cache\nexport MEDPLUM_BASE_URL=https://{'clinic.' * 12}example\n"
    report = printed(lint(env, "server.env", "server/env"), Style(width=60))
    assert f"2 | … MEDPLUM_BASE_URL=https://{'clinic.' * 4}…\n" in report


def test_the_name_stays_before_a_value_on_a_very_long_line() -> None:
    """With an ARN the line is too long to be shown from its start, and its name was mistaken for a value."""
    name = "/medplum/prod/baseUrl"
    arn = f"arn:aws:ssm:us-east-1:123456789012:parameter{name}"
    data = {"Name": name, "Type": "String", "Value": "https://api.clinic.example", "Version": 1, "ARN": arn, "DataType": "text"}
    dump = f'{{"Parameters":[\n{json.dumps(data, separators=(",", ":"))}\n]}}'
    report = printed(lint(dump, "dump.json", None), Style(width=80))
    assert f'2 | …"{name}"…"https://api.clinic.example","Version":1,"ARN":"ar…\n' in report


@pytest.mark.parametrize(("form", "how"), [("text", "by the commands above, in sh, or by"), ("grouped", "by"), ("concise", "by")])
def test_only_a_report_with_commands_mentions_them(form: str, how: str) -> None:
    Path("dump.json").write_text(
        json.dumps([{"Name": "/medplum/prod/storageBaseUrl", "Type": "String", "Value": "https://s.example/binary"}])
    )
    text = run("dump.json", "-f", form).stdout
    assert re.search(rf"\n1 fixable {how} the script of --fix-script FILE( --unsafe-fixes)?\.\n", text) and (
        "aws ssm put-parameter" in text
    ) == (form == "text")


def test_what_a_service_lacks_is_missing_too() -> None:
    compose = (
        "services:\n  server:\n    image: medplum/medplum-server:5.1.20\n    command: env\n    environment:\n      MEDPLUM_PORT: '8103'\n"
    )
    report = printed(lint(compose, "compose.yml", None))
    assert "Missing here:\nerror[missing-setting]" in report and "-->" not in report.partition("Missing here:")[2]


def test_many_second_places_are_named_by_their_lines() -> None:
    report = printed(lint({f"unknown{number}": 1 for number in range(12)} | {"database": {}, "redis": {}, "baseUrl": "https://a.b/"}))
    assert report.count("---") > 5 and re.search(r"= also: lines \d+(, \d+){4}\n", report)


# --- Columns -------------------------------------------------------------------------------------------------------------------------

LONG = Excerpt(7, f'{"a" * 40}"database": {"b" * 60}', 40, 50)
WORDS = st.text(st.sampled_from("ab語é\u0301x "), max_size=60)


@given(WORDS, st.integers(1, 70), st.data())
def test_an_excerpt_fits(line: str, columns: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    shown = fitting(Excerpt(1, line, start, end), columns)
    assert width(shown.text) <= max(columns, 4)
    assert 0 <= shown.start <= shown.end <= len(shown.text) and (shown.start < shown.end or start == end)
    if start < len(line):
        assert shown.text[shown.start : shown.start + 1] in (line[start], "…", "")


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 100])
@pytest.mark.parametrize(
    "excerpt", [LONG, LONG._replace(start=0, end=5), LONG._replace(start=100, end=112), LONG._replace(start=0, end=112)]
)
def test_the_start_of_what_is_meant_is_seen(columns: int, excerpt: Excerpt) -> None:
    shown = fitting(excerpt, columns)
    assert len(shown.text) <= columns and shown.text[shown.start] in (excerpt.text[excerpt.start], "…")


@given(st.text(st.sampled_from("ab語/. "), max_size=200), st.integers(1, 100), st.integers(0, 30), st.integers(0, 8))
def test_lines_are_broken_at_blanks_alone(line: str, columns: int, first: int, indent: int) -> None:
    lines = wrapped(line, columns, first, indent)
    assert " ".join([lines[0], *(one[indent:] for one in lines[1:])]) == line
    for number, one in enumerate(lines):
        assert width(one) + (first if number == 0 else 0) <= max(columns, 24) or " " not in one.strip(" ")


HOSTILE = '{"baseUrl": "https://a.example/\\u202e", "port": "語\\u0000\\u200f",\t"x\u05d0\u05d1": 1, "y": "' + 5_000 * "z" + '"}'


@pytest.mark.parametrize("columns", [20, 25, 40, 80, 140])
def test_no_source_line_is_wider_than_the_terminal(columns: int) -> None:
    result = lint(HOSTILE)
    for style in (Style(width=columns), Style(width=columns, color=True, links=True)):
        report = plain(printed(result, style))
        drawn = [line for line in report.splitlines() if re.match(r" *\d* \|", line)]
        assert len(drawn) > 5 and max(map(width, drawn)) <= columns
        assert all(char == "\n" or char.isprintable() for char in report)


def test_a_name_that_is_longer_than_the_terminal_stays_whole() -> None:
    name = "a" * 100 + ".json"
    assert f"--> {name}:3:" in printed(lint(MIXED, name), Style(width=40))


# --- Colours and links ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "terminal", "colored"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": ""}, False, False),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0"}, True, True),
        ({"CLICOLOR": "0"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
    ],
)
def test_what_decides_on_colours(variables: dict[str, str], terminal: bool, colored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    assert reports._wants_color("auto", stream) is colored
    assert reports._wants_color("auto", None) is False
    assert reports._wants_color("always", None) is True
    assert reports._wants_color("never", stream) is False


def test_the_name_of_a_rule_is_a_link() -> None:
    result = lint(MIXED)
    report = printed(result, Style(color=True, width=80, links=True))
    assert "\x1b]8;;https://www.medplum.com/docs/" in report
    assert report.count("\x1b]8;;\x1b\\") * 2 == report.count("\x1b]8;;")
    rules = {name: rule._replace(links=("javascript:alert(1)", "https://a\x1b\\b")) for name, rule in result.rules.items()}
    assert "\x1b]8;;" not in printed(result._replace(rules=rules), Style(color=True, width=80, links=True))
    assert "\x1b]8;;" not in printed(result, Style(color=True))
    assert plain(report) == printed(result, Style(width=80))


# --- What is shown -------------------------------------------------------------------------------------------------------------------


def test_the_lowest_severity_that_is_shown() -> None:
    Path("server.json").write_text(json.dumps({**MIXED, "registerEnabled": True}))
    every, errors = run("server.json", "-f", "json"), run("server.json", "-f", "json", "--min-severity", "error")
    kept = [one for one in json.loads(every.stdout)["findings"] if one["severity"] == "error"]
    assert json.loads(errors.stdout)["findings"] == kept != json.loads(every.stdout)["findings"]
    assert errors.exit_code == every.exit_code == 1
    shown = run("server.json", "--min-severity", "error")
    assert "warning[" not in shown.stdout and re.search(r"\nNot shown for --min-severity: 2 warnings and 1 note\.\n", shown.stdout)
    assert shown.stderr == ""


def test_a_run_that_fails_for_what_it_does_not_show_says_so() -> None:
    only = ("server.json", "--select", "unknown-setting", "--min-severity", "error", "--quiet")
    Path("server.json").write_text(json.dumps({"baseUrl": "https://a.example/", "database": {}, "redis": {}, "nonsense": 1}))
    assert (run(*only).exit_code, run(*only).output) == (0, "")
    failed = run(*only, "--fail-on", "warning")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr == ("medplum-lint: note: the run fails for findings less severe than error, which --min-severity leaves out\n")
    assert "No findings to show in 1 file" in run(*only[:-1]).stdout


def test_the_table_of_the_rules() -> None:
    Path("server.json").write_text(json.dumps(MIXED))
    rows = [line for line in run("server.json", "--statistics").stdout.splitlines() if re.match(r" +\d+  (error|warning|note) ", line)]
    assert len(rows) == len({one.rule for one in lint(MIXED).findings}) or len(rows) > 5
    assert "findings  severity  rule" not in run("server.json").stdout
    refused = run("server.json", "--statistics", "-f", "json")
    assert refused.exit_code == 2 and "json has no table of the rules" in refused.stderr
    many = {"baseUrl": "https://a.example/", "database": {}, "redis": {}, "externalAuthProviders": [{"issuer": 1} for _ in range(20)]}
    Path("many.json").write_text(json.dumps(many))
    for form, has in (("text", True), ("grouped", True), ("concise", False)):
        assert ("findings  severity  rule\n" in run("many.json", "-f", form).stdout) == has, form
    assert "findings  severity  rule\n" not in run("many.json", "--no-statistics").stdout
    assert "findings  severity  rule\n" not in run("many.json", "--quiet").stdout


def test_one_line_a_finding() -> None:
    result = lint(MIXED)
    lines = printed(result, Style(quiet=True), concise.report).splitlines()
    assert len(lines) == len(result.findings)
    assert all(re.match(r"server\.json:\d+:\d+: (error|warning|note)\[[\w-]+\] ", line) for line in lines)


def test_a_line_names_the_environment_only_in_a_file_of_several() -> None:
    def lines(*environments: str) -> list[str]:
        parameters = [{"Name": f"/medplum/{one}/baseUrl", "Type": "String", "Value": "https://a.example"} for one in environments]
        result = lint({"Parameters": parameters}, "dump.json", None)
        return printed(result, Style(quiet=True), concise.report).splitlines()

    alone, shared = lines("prod"), lines("prod", "staging")
    assert alone and not any("environment prod" in line for line in alone)
    assert {line.rpartition(" (")[2] for line in shared} == {"environment prod)", "environment staging)"}
    services = "services:\n" + "".join(f"  {one}:\n    image: medplum/medplum-server:4.3.5\n" for one in ("a", "b"))
    result = lint(services, "compose.yaml", None)
    assert all(re.search(r"\(services? [ab]", line) for line in printed(result, Style(quiet=True), concise.report).splitlines())


def test_quiet_says_nothing_about_explain() -> None:
    for how in (text.report, grouped.report):
        assert "medplum-lint explain" not in printed(lint(MIXED), Style(quiet=True), how)
        assert printed(lint(MIXED), how=how).count("medplum-lint explain") == 1
    assert "medplum-lint explain" not in printed(lint({"baseUrl": 1}), how=concise.report)


# --- The progress --------------------------------------------------------------------------------------------------------------------


def test_a_short_run_shows_no_progress() -> None:
    stream = io.StringIO()
    with progress.shown(stream):
        pass
    assert stream.getvalue() == ""


def test_a_long_run_shows_its_progress_and_clears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "columns_of", lambda _stream: 50)
    stream = io.StringIO()
    with progress.shown(stream, after=0.01) as step:
        step("checking", 2, 1_000, "a/\x1b[2J語" + "b" * 100)
        deadline = time.monotonic() + 10
        while "checking" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    first, *_, last = stream.getvalue().split("\r")[1:]
    assert "\x1b[Kmedplum-lint: checking 3 of 1,000: a/\\u001b[2J語b" in stream.getvalue() and first.startswith("\x1b[K")
    assert last == "\x1b[K"
    assert all(width(one.removeprefix("\x1b[K")) < 50 for one in stream.getvalue().split("\r"))


def test_a_run_says_how_far_it_is() -> None:
    for name in ("a.json", "b.json"):
        Path(name).write_text(json.dumps(MIXED))
    steps: list[tuple[str, int, int, str]] = []
    lint_paths(["a.json", "b.json"], Options(isolated=True, on_step=lambda *step: steps.append(step)))
    assert steps == [(what, number, 2, name) for what in ("reading", "checking") for number, name in enumerate(("a.json", "b.json"))]
