"""A run with several processes reports what one with a single process does, to the byte, whatever becomes of the processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.checkout import ROOT
from support.helpers import BareOrigin

from linter import run
from linter.cli import cli
from linter.config import Overrides
from linter.model import ABSENT, UNKNOWN, Document, Finding, Style
from linter.parallel import in_processes
from linter.policy import engine
from linter.policy.rule import Rule
from linter.reporters import names, reporter
from linter.run import Options, Outcome, lint_paths
from linter.text import Text

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is one process on Windows")
FIXTURES = ROOT / "tests" / "fixtures"


def reports(outcome: Outcome) -> dict[str, str]:
    made: dict[str, str] = {}
    for name in names():
        stream = StringIO()
        reporter(name).report(outcome.result, stream, Style(suppressed=name == "sarif"))
        made[name] = stream.getvalue()
    return made


def same_as_alone(paths: list[str], options: Options, *jobs: int) -> None:
    alone = lint_paths(paths, options._replace(jobs=1))
    for number in jobs:
        outcome = lint_paths(paths, options._replace(jobs=number))
        assert (outcome.errors, outcome.bugs, outcome.exit_code) == (alone.errors, alone.bugs, alone.exit_code)
        assert reports(outcome) == reports(alone)


@pytest.mark.parametrize("folder", ["fixtures/real", "deployment", "sums"])
def test_the_reports_are_the_same(folder: str) -> None:
    same_as_alone([str(ROOT / "tests" / folder)], Options(isolated=True), 2, 3)


@pytest.mark.slow
def test_all_fixtures() -> None:
    same_as_alone([str(FIXTURES)], Options(Overrides(pedantic=True), isolated=True), 2, 5)


BAD = '{"baseUrl": "http://api.example.com", "database": {"host": "db"}, "redis": {"host": "r"}, "port": "80%d"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(7):
        (tmp_path / f"medplum-{number}.config.json").write_text(BAD % number)
    return tmp_path


def test_the_option(folder: Path) -> None:
    runner = CliRunner()
    alone = runner.invoke(cli, ["--jobs", "1", str(folder)])
    both = runner.invoke(cli, ["--jobs", "2", str(folder)])
    assert (both.output, both.exit_code) == (alone.output, alone.exit_code) and both.exit_code == 1
    for wrong in ("0", "-1", "many"):
        result = runner.invoke(cli, ["--jobs", wrong, str(folder)])
        assert result.exit_code == 2 and "--jobs" in result.stderr


def test_a_process_that_cannot_be_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    same_as_alone([str(folder)], Options(isolated=True), 3)


@pytest.fixture
def _killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process but this one is killed as soon as it runs a rule."""
    here, check = os.getpid(), engine.check

    def killed(rule: Rule, document: Document, *more: Any) -> list[Finding]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return check(rule, document, *more)

    monkeypatch.setattr(run, "check", killed)


@pytest.mark.usefixtures("_killed")
def test_a_process_that_is_killed(folder: Path) -> None:
    same_as_alone([str(folder)], Options(isolated=True), 3)


def test_bugs_are_noted_as_they_are_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = engine.check

    def broken(rule: Rule, document: Document, *more: Any) -> list[Finding]:
        if rule.info.id == "missing-trailing-slash" and "medplum-3" not in document.uri:
            raise ZeroDivisionError
        return check(rule, document, *more)

    monkeypatch.setattr(run, "check", broken)
    assert len(lint_paths([str(folder)], Options(isolated=True, jobs=3)).bugs) == 6
    same_as_alone([str(folder)], Options(isolated=True), 2, 3)


def test_a_value_that_cannot_be_known_stays_itself(tmp_path: Path) -> None:
    parameters = [{"Name": f"/medplum/{name}/{key}", "Type": "SecureString"} for name in "abcd" for key in ("port", "issuer")]
    (tmp_path / "ssm.json").write_text(json.dumps({"Parameters": parameters}))
    same_as_alone([str(tmp_path)], Options(isolated=True), 2)


def test_one_process_where_there_is_no_fork(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delattr(os, "fork")
    same_as_alone([str(folder)], Options(isolated=True), 3)


def test_results_come_in_the_order_of_their_numbers() -> None:
    assert in_processes(3, 50, lambda number: number * number, []) == [number * number for number in range(50)]


def test_documents_and_marks_are_the_same_objects() -> None:
    documents = [Document(str(number), "server/json", Text(""), {}, BareOrigin({})) for number in range(3)]
    made = in_processes(2, 3, lambda number: (documents[number], UNKNOWN, {"a": ABSENT}), documents)
    assert made is not None
    assert all(
        one is document and unknown is UNKNOWN and more["a"] is ABSENT
        for document, (one, unknown, more) in zip(documents, made, strict=True)
    )


def test_a_result_that_cannot_be_handed_over_is_none() -> None:
    unknown = Document("other", "server/json", Text(""), {}, BareOrigin({}))
    assert in_processes(2, 4, lambda _number: unknown, []) is None


def test_nothing_of_a_process_is_printed_twice(capfd: pytest.CaptureFixture[str]) -> None:
    print("once", end="")
    in_processes(3, 9, lambda _number: None, [])
    sys.stdout.flush()
    assert capfd.readouterr().out == "once"


@pytest.mark.slow
@pytest.mark.parametrize("everyone", [True, False])
def test_an_interrupted_check_ends_at_once_says_nothing_and_leaves_no_process(folder: Path, everyone: bool) -> None:
    for number in range(7, 400):
        (folder / f"medplum-{number}.config.json").write_text(BAD % number)
    command = [sys.executable, "-m", "linter", "--jobs", "3", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        time.sleep(0.7)
        (os.killpg if everyone else os.kill)(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)  # until the last process has closed its end
    assert b"Traceback" not in errors and process.returncode in (0, 1, 130)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is left over")
