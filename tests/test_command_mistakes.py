"""A mistake in the command, the configuration or a policy stops a run before anything is linted: exit code 2, and only the error."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.helpers import OWN_POLICY as POLICY

from linter import cli
from linter.options import options_of
from linter.options.choose import OWN_FILE

CLEAN = (Path(__file__).parent / "fixtures" / "clean-production-json" / "input.template.json").read_text(encoding="utf-8")
SLIP = 'there is no rule "missing-baseurl"; did you mean "missing-setting"?'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a clean file, which is green but for the mistake."""
    monkeypatch.chdir(tmp_path)
    write("medplum.config.json", CLEAN)


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def lint(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments), input=given)


def stops(*arguments: str) -> str:
    """What a command says that does nothing else: no summary, and no report, however it is asked for."""
    for paths in (["medplum.config.json"], ["."], ["*.json"], ["-"], ["medplum.config.json", "missing.json"]):
        for report in ([], ["--format", "json"], ["--format", "sarif", "--output", "out.sarif"]):
            result = lint(*paths, *report, *arguments, given=CLEAN)
            assert (result.exit_code, result.stdout) == (2, "")
            assert not Path("out.sarif").exists()
    return result.stderr


def error(message: str) -> str:
    return f"medplum-lint: error: {message}\n"


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_does_not_exist(option: str) -> None:
    assert stops(option, "missing-baseurl") == error(SLIP)
    assert stops(option, "missing-host,missing-baseurl", option, "no-such") == error(SLIP) + error('there is no rule or category "no-such"')


@pytest.mark.parametrize("option", ["--select", "--ignore"])
@pytest.mark.parametrize("value", ["", ",", ",,", " ", " , "])
def test_an_option_that_names_no_rule(option: str, value: str) -> None:
    assert stops(option, value).endswith(f"Error: Invalid value for '{option}': it names no rule\n")
    assert stops(option, "missing-host", option, value).endswith("it names no rule\n")


def test_an_extra_comma_is_ignored() -> None:
    assert lint("medplum.config.json", "--select", "missing-host,").exit_code == 0


def test_no_rule_is_left() -> None:
    assert stops("--select", "missing-host", "--ignore", "missing-host") == error(
        "no rule is left to check: every selected rule is also ignored"
    )
    write(OWN_FILE, 'ignore = ["missing-host"]\n')
    assert "no rule is left to check" in stops("--select", "missing-host")


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("nowhere", "nowhere: no such file or folder"),
        ("empty", "empty: there is no rule file (*.yaml) in this folder"),
        ("medplum.config.json", "medplum.config.json: is not a rule file (*.yaml)"),
    ],
)
def test_a_folder_of_policies_without_policies(folder: str, message: str) -> None:
    Path("empty").mkdir()
    assert stops("--rules", folder) == error(message)
    write(OWN_FILE, f'rules = ["{folder}"]\n')
    assert stops() == error(f"{message}")


@pytest.mark.parametrize("command", ["check", "rules", "test"])
def test_the_name_of_a_folder_that_is_empty(command: str) -> None:
    """As ``--rules "$FOLDER"`` is with a variable that is not set: else the current folder is read."""
    result = lint(command, *(["--rules"] if command != "test" else []), "")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("it names no folder\n")


def test_a_broken_policy() -> None:
    write("policies/support-email-domain.yaml", POLICY.replace("ends_with", "end_with"))
    message = error('policies/support-email-domain.yaml:7: there is no operator "end_with"; did you mean "ends_with"?')
    assert stops("--rules", "policies") == message
    for command in (["rules", "--rules", "policies"], ["test", "policies"], ["explain", "missing-host", "--rules", "policies"]):
        result = lint(*command)
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)


def test_examples_of_nothing_have_not_passed() -> None:
    result = lint("test", "nowhere")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", error("nowhere: no such file or folder"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('select = ["missing-baseurl"]\n', 1, SLIP),
        ('\nignore = ["missing-baseurl"]\n', 2, SLIP),
        ('[severity]\nmissing-baseurl = "off"\n', 2, SLIP),
        ('[per-file."other/*"]\nignore = ["missing-baseurl"]\n', 2, SLIP),
        ('[per-file."other/*"]\nselect = ["missing-baseurl"]\n', 2, SLIP),
        ('[per-file."other/*".severity]\nmissing-baseurl = "note"\n', 2, SLIP),
        ("\nselect = []\n", 2, "select names no rule, so nothing would be checked: leave it out to check all"),
        ('[per-file."*.json"]\nselect = []\n', 2, "select names no rule, so nothing would be checked: leave it out to check all"),
        ('select = [""]\n', 1, 'there is no rule or category ""'),
        ('severty = "x"\n', 1, 'there is no option "severty"; did you mean "severity"?'),
        ("exclude = ['[b-a]']\n", 1, '"[b-a]" is not a glob'),
        ('fail-on = "errors"\n', 1, 'fail-on must be one of error, warning, note, never; did you mean "error"?'),
    ],
)
def test_a_mistake_in_the_configuration(text: str, line: int, message: str) -> None:
    write(OWN_FILE, text)
    assert stops() == error(f"{OWN_FILE}:{line}: {message}")


def test_a_mistake_in_the_configuration_of_one_folder_stops_the_whole_run() -> None:
    write("deploy/medplum.config.json", CLEAN)
    write(f"deploy/{OWN_FILE}", 'ignore = ["missing-baseurl"]\n')
    message = error(f"deploy/{OWN_FILE}:1: {SLIP}")
    for paths in (["."], ["medplum.config.json", "deploy"], ["medplum.config.json", "deploy/medplum.config.json"]):
        result = lint(*paths)
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)
    assert lint("medplum.config.json").exit_code == 0


def test_a_rule_that_one_configuration_of_several_knows() -> None:
    write("a/medplum.config.json", CLEAN)
    write("b/medplum.config.json", CLEAN)
    write("b/policies/support-email-domain.yaml", POLICY)
    write(f"b/{OWN_FILE}", 'rules = ["policies"]\n')
    assert lint("a", "b", "--ignore", "acme/support-email-domain").exit_code == 0
    assert lint("a", "--ignore", "acme/support-email-domain").exit_code == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_configuration_that_is_not_a_file() -> None:
    Path(OWN_FILE).mkdir()
    assert stops() == error(f"{OWN_FILE}: cannot be read: is a directory")
    Path(OWN_FILE).rmdir()
    os.symlink("nowhere.toml", OWN_FILE)
    assert stops() == error(f"{OWN_FILE}: cannot be read: no such file or directory")
    Path(OWN_FILE).unlink()
    os.mkfifo(OWN_FILE)
    assert stops() == error(f"{OWN_FILE}: cannot be read: it is a pipe, not a file")
    Path(OWN_FILE).unlink()
    write("shared.toml", 'ignore = ["missing-host"]\n')
    os.symlink("shared.toml", OWN_FILE)
    assert lint("medplum.config.json").exit_code == 0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[[tool.medplum-lint]]\nignore = ["x"]\n', 1, "tool.medplum-lint must be a table"),
        ('[project]\nname = "x"\n\n[[ tool."medplum-lint" ]]\n', 4, "tool.medplum-lint must be a table"),
        ('[[tool]]\nmedplum-lint = {ignore = ["x"]}\n', 2, "tool.medplum-lint must be a table"),
        ('[[tool.medplum-lint.per-file]]\nglob = "x"\n', 1, "per-file must be a table of globs"),
        ('tool = {medplum-lint = {ignore = ["missing-baseurl"]}}\n', 1, SLIP),
        ('tool.medplum-lint.ignore = ["missing-baseurl"]\n', 1, SLIP),
        ('[tool]\nmedplum-lint.ignore = ["missing-baseurl"]\n', 2, SLIP),
        ("[project]\n[tool.medplum_lint]\nignore = []\n", 2, "the table of medplum-lint is [tool.medplum-lint], with a hyphen"),
    ],
)
def test_an_invalid_table_of_pyproject(text: str, line: int, message: str) -> None:
    write("pyproject.toml", text)
    assert stops() == error(f"pyproject.toml:{line}: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "server/smm"], 'did you mean "server/ssm"?'),
        (["--kind", "ENV"], 'did you mean "server/env"?'),
        (["--kind", "json"], 'did you mean "infra/json" or "server/json"?'),
        (["--kind", "server"], "secret/redis, server/azure, server/env, server/json, server/ssm\n"),
        (["--kind", "secret/db"], "secret/redis, server/azure, server/env, server/json, server/ssm\n"),
        (["--kind", ""], '"" is not one of'),
        (["--now", "tomorrow"], '"tomorrow" is not a date such as 2026-01-31'),
        (["--now", ""], '"" is not a date such as 2026-01-31'),
        (["--fail-on", "errors"], "'errors' is not one of 'error', 'warning', 'note', 'never'; did you mean \"error\"?"),
        (["--target", "prodution"], "'prodution' is not one of 'auto', 'production', 'development'; did you mean \"production\"?"),
        (["--target", "DEV"], 'did you mean "development"?'),
        (["--target", "prod"], 'did you mean "production"?'),
        (["--target", "x"], "'x' is not one of 'auto', 'production', 'development'\n"),
        (["--target", "Development"], 'did you mean "development"?'),
        (["--color", "allways"], 'did you mean "always"?'),
        (["--target", ""], "'' is not one of"),
        (["--format", ""], "'' is not one of"),
    ],
)
def test_a_wrong_value_of_an_option(arguments: list[str], message: str) -> None:
    assert message in stops(*arguments)


def test_an_empty_name_for_standard_input() -> None:
    result = lint("-", "--stdin-filename", "", given=CLEAN)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("Error: --stdin-filename is empty: give a name, or leave it out\n")


@pytest.mark.parametrize(
    ("word", "near"), [("chekc", "check"), ("tset", "test"), ("shwo", "show"), ("dif", "diff"), ("explian", "explain"), ("rule", "rules")]
)
def test_a_misspelt_command_is_not_a_path(word: str, near: str) -> None:
    for more in ([], ["medplum.config.json"]):
        result = lint(word, *more)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.endswith(f'Error: there is no command and no file "{word}"; did you mean "{near}"?\n')
    write(word, CLEAN)
    assert lint(word).exit_code == 0


@pytest.mark.parametrize("name", cli.cli.commands)
def test_whatever_a_command_lets_choose_has_a_near_miss(name: str) -> None:
    for option in options_of(name):
        for first in option.words[:1]:
            word = f"{first}x" if option.is_argument else f"{option.names.split()[0]}={first}x"
            assert lint(name, word).stderr.endswith(f'; did you mean "{first}"?\n'), option.names


@pytest.mark.parametrize("rule_id", ["", "missing-baseurl", "acme/x"])
def test_a_rule_that_cannot_be_explained(rule_id: str) -> None:
    result = lint("explain", rule_id)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f'medplum-lint: error: there is no rule "{rule_id}"')


def test_a_report_that_is_there_stays() -> None:
    write("out.json", "an older report")
    assert lint("medplum.config.json", "--output", "out.json", "--select", "missing-baseurl").exit_code == 2
    assert Path("out.json").read_text() == "an older report"
    assert lint("medplum.config.json", "--format", "json", "--output", "out.json").exit_code == 0
    assert json.loads(Path("out.json").read_text())["summary"]["files"] == 1


# --- What is not read. --------------------------------------------------------------------------------------------------------------


NOT_READ = 'medplum-lint: note: standard input is not read: to check it, give the path "-"\n'


@pytest.mark.parametrize(
    ("arguments", "given", "wanted"),
    [
        ([], CLEAN, NOT_READ),
        (["--quiet"], CLEAN, ""),
        (["."], CLEAN, ""),
        (["-"], CLEAN, ""),
        ([], "", ""),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_standard_input_that_is_not_read(arguments: list[str], given: str, wanted: str, as_file: bool) -> None:
    command = [sys.executable, "-m", "linter", *arguments]
    if as_file:
        with Path(write("../input.json", given)).open() as stream:
            result = subprocess.run(command, stdin=stream, capture_output=True, text=True, check=False)
    else:
        result = subprocess.run(
            f'printf %s "$GIVEN" | {shlex.join(command)}',
            shell=True,
            env={**os.environ, "GIVEN": given},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (result.returncode, result.stderr) == (0, wanted)


def test_a_closed_standard_input_is_not_an_error() -> None:
    result = subprocess.run([sys.executable, "-m", "linter"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
