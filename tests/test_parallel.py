"""A run with several processes reports what one with a single process does, to the byte, whatever becomes of the processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.checkout import ROOT

from linter import parallel, run
from linter.cli import cli
from linter.config import Overrides
from linter.model import UNKNOWN, Document, Finding, Mark, Style
from linter.parallel import Turns, in_processes, in_turns, processes
from linter.policy import engine
from linter.policy.rule import Rule
from linter.report import write_all
from linter.reporters import _shares, names, reporter
from linter.run import Options, Outcome, lint_paths

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


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The processes that are made, one entry each."""
    made: list[int] = []
    fork = os.fork

    def counting() -> int:
        made.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", counting)
    yield made


def test_how_many_processes(folder: Path, forks: list[int]) -> None:
    for jobs, expected in ((None, 0), (1, 0), (2, 1), (3, 2), (50, 6)):
        forks.clear()
        lint_paths([str(folder)], Options(isolated=True, jobs=jobs))
        assert len(forks) == expected, jobs


def test_from_how_many_documents_on(folder: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "processes", lambda _wanted: 3)
    for worth, expected in ((4, 0), (3, 1), (2, 2), (1, 2)):
        forks.clear()
        monkeypatch.setattr(run, "_WORTH_A_PROCESS", worth)
        lint_paths([str(folder)], Options(isolated=True))
        assert len(forks) == expected, worth


def test_the_option(folder: Path, forks: list[int]) -> None:
    runner = CliRunner()
    alone = runner.invoke(cli, ["--jobs", "1", str(folder)])
    assert not forks
    both = runner.invoke(cli, ["--jobs", "2", str(folder)])
    assert len(forks) == 1 and (both.output, both.exit_code) == (alone.output, alone.exit_code) and both.exit_code == 1
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
    here, found_by = os.getpid(), engine.found_by

    def killed(rule: Rule, document: Document, *more: Any) -> list[Finding]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return found_by(rule, document, *more)

    monkeypatch.setattr(run, "found_by", killed)


@pytest.mark.usefixtures("_killed")
def test_a_process_that_is_killed(folder: Path) -> None:
    same_as_alone([str(folder)], Options(isolated=True), 3)


def test_bugs_are_noted_as_they_are_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found_by = engine.found_by

    def broken(rule: Rule, document: Document, *more: Any) -> list[Finding]:
        if rule.info.id == "base-url-without-trailing-slash" and "medplum-3" not in document.uri:
            raise ZeroDivisionError
        return found_by(rule, document, *more)

    monkeypatch.setattr(run, "found_by", broken)
    assert len(lint_paths([str(folder)], Options(isolated=True, jobs=3)).bugs) == 6
    same_as_alone([str(folder)], Options(isolated=True), 2, 3)


def test_a_value_that_cannot_be_known_stays_itself(tmp_path: Path) -> None:
    parameters = [{"Name": f"/medplum/{name}/{key}", "Type": "SecureString"} for name in "abcd" for key in ("port", "issuer")]
    (tmp_path / "ssm.json").write_text(json.dumps({"Parameters": parameters}))
    same_as_alone([str(tmp_path)], Options(isolated=True), 2)


# --- Reports of many findings -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report of two findings is worked out in shares."""
    monkeypatch.setattr(_shares, "WORTH_A_PROCESS", 1)


def written(outcome: Outcome, style: Style) -> dict[str, str]:
    made: dict[str, str] = {}
    for name in names():
        stream = StringIO()
        reporter(name).report(outcome.result, stream, style)
        made[name] = stream.getvalue()
    return made


@pytest.mark.parametrize("style", [Style(), Style(color=True, width=50, links=True, suppressed=True)])
@pytest.mark.parametrize("of", ["fixtures/real", "deployment", "sums"])
@pytest.mark.usefixtures("shared")
def test_a_report_in_shares_is_the_same(of: str, style: Style, forks: list[int]) -> None:
    outcome = lint_paths([str(ROOT / "tests" / of)], Options(Overrides(pedantic=True), isolated=True, jobs=1))
    alone = written(outcome, style._replace(jobs=1))
    assert not forks
    assert written(outcome, style._replace(jobs=2)) == alone
    assert written(outcome, style._replace(jobs=5)) == alone
    assert forks


@pytest.mark.usefixtures("shared")
def test_a_share_that_comes_to_nothing_is_made_up_for(folder: Path, monkeypatch: pytest.MonkeyPatch, forks: list[int]) -> None:
    outcome = lint_paths([str(folder)], Options(isolated=True))
    alone = written(outcome, Style(jobs=1))
    here = os.getpid()

    def dying(parts: Sequence[Any], work: Callable[[Any], object], objects: Sequence[object]) -> list[Any]:
        return in_processes(parts, lambda part: work(part) if os.getpid() == here else os.kill(os.getpid(), signal.SIGKILL), objects)

    monkeypatch.setattr(parallel, "in_processes", dying)
    assert written(outcome, Style(jobs=3)) == alone
    assert forks


@pytest.mark.usefixtures("shared")
def test_what_cannot_be_reported_is_left_out_of_a_report_in_shares(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcome = lint_paths([str(folder)], Options(isolated=True))
    [*_, broken] = (one for one in outcome.result.documents if one.uri.endswith("medplum-6.config.json"))
    monkeypatch.setattr(broken, "origin", None)
    reported = [
        write_all(outcome, [(name, str(tmp_path / name))], Style(jobs=jobs), "never") for jobs in (1, 3) for name in ("text", "sarif")
    ]
    assert {one.bugs for one in reported[:2]} == {one.bugs for one in reported[2:]} != {()}
    assert "medplum-5" in (tmp_path / "text").read_text() and "medplum-5" in (tmp_path / "sarif").read_text()


def test_from_how_many_findings_on(folder: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = lint_paths([str(folder)], Options(isolated=True))
    found = len(outcome.result.findings)
    for worth, jobs, expected in ((found, None, 0), (found // 2, None, 1), (1, None, 1), (1, 1, 0), (1, 3, 2), (found // 2, 3, 1)):
        forks.clear()
        monkeypatch.setattr(_shares, "WORTH_A_PROCESS", worth)
        monkeypatch.setattr(parallel, "processes", lambda wanted: wanted or 2)
        reporter("sarif").report(outcome.result, StringIO(), Style(jobs=jobs))
        assert len(forks) == expected, (worth, jobs)


@pytest.mark.usefixtures("shared")
def test_the_option_counts_for_reports(folder: Path, forks: list[int]) -> None:
    file = str(folder / "medplum-0.config.json")
    alone = CliRunner().invoke(cli, ["--format", "sarif", "--jobs", "1", file])
    assert not forks
    both = CliRunner().invoke(cli, ["--format", "sarif", "--jobs", "2", file])
    assert forks and (both.output, both.exit_code) == (alone.output, alone.exit_code)


# --- One large document -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_WORTH_SEVERAL", 3)


@pytest.mark.usefixtures("all_are_large")
def test_the_reports_of_each_file_are_the_same(folder: Path, forks: list[int]) -> None:
    for name in ("twelve-mistakes", "infra-mistakes"):
        forks.clear()
        same_as_alone([str(FIXTURES / name / "input.json")], Options(isolated=True), 2, 3)
        assert len(forks) == 3, name
    same_as_alone([str(folder / "medplum-1.config.json")], Options(isolated=True), 2)


@pytest.mark.slow
@pytest.mark.usefixtures("all_are_large")
def test_the_reports_of_every_file_are_the_same() -> None:
    for file in sorted(FIXTURES.glob("*/input*")):
        same_as_alone([str(file)], Options(Overrides(pedantic=True), isolated=True), 2)


def test_from_how_many_settings_on(tmp_path: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "processes", lambda wanted: wanted or 3)
    file = tmp_path / "medplum.config.json"
    for settings, jobs, expected in ((19_000, None, 0), (21_000, None, 2), (21_000, 1, 0), (21_000, 2, 1)):
        forks.clear()
        file.write_text(json.dumps({"baseUrl": "https://api.example.com/", "unknown": list(range(settings))}))
        lint_paths([str(file)], Options(isolated=True, kind="server/json", jobs=jobs))
        assert len(forks) == expected, (settings, jobs)


@pytest.mark.usefixtures("all_are_large", "_killed")
def test_rules_are_run_here_where_a_process_is_killed_or_cannot_be_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = str(folder / "medplum-1.config.json")
    same_as_alone([one], Options(isolated=True), 3)
    monkeypatch.setattr(os, "fork", lambda: (_ for _ in ()).throw(BlockingIOError))
    same_as_alone([one], Options(isolated=True), 3)


@pytest.mark.usefixtures("all_are_large")
def test_bugs_in_rules_of_one_document_are_noted_as_they_are_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found_by = engine.found_by

    def broken(rule: Rule, document: Document, *more: Any) -> list[Finding]:
        if "url" in rule.info.id:
            raise ZeroDivisionError
        return found_by(rule, document, *more)

    monkeypatch.setattr(run, "found_by", broken)
    one = str(folder / "medplum-1.config.json")
    assert len(lint_paths([one], Options(isolated=True, jobs=2)).bugs) > 3
    same_as_alone([one], Options(isolated=True), 2, 3)


# --- The processes ----------------------------------------------------------------------------------------------------------------------


def test_results_come_in_the_order_of_the_parts() -> None:
    assert in_processes([3, 1, 2], lambda number: [number] * number, []) == [[3, 3, 3], [1], [2, 2]]
    assert in_processes([], lambda _part: 1, []) == []


def test_a_large_result() -> None:
    [here, there] = in_processes([1, 2], lambda part: "x" * part * 5_000_000, [])
    assert len(there) == 2 * len(here) == 10_000_000


def test_what_is_shared_is_the_same_object() -> None:
    mark = Mark("ABSENT")
    results = in_processes([0, 1], lambda _part: {"a": (mark, UNKNOWN)}, [mark, UNKNOWN])
    assert results[1]["a"][0] is mark and results[1]["a"][1] is UNKNOWN


def test_an_object_of_such_a_kind_that_is_not_shared_is_an_error() -> None:
    assert in_processes([0, 1], lambda _part: Mark("other"), [UNKNOWN])[1] is None


def test_an_error_there_gives_nothing_and_one_here_is_raised() -> None:
    here = os.getpid()

    def work(_part: int) -> str:
        if os.getpid() != here:
            sys.exit("nobody sees this")
        return "here"

    assert in_processes([0, 1], work, []) == ["here", None]
    with pytest.raises(ZeroDivisionError):
        in_processes([0, 1], lambda part: 1 // part, [])
    with pytest.raises(ChildProcessError):  # all have been waited for
        os.waitpid(-1, os.WNOHANG)


def test_nothing_of_a_process_is_printed_twice(capfd: pytest.CaptureFixture[str]) -> None:
    print("once", end="")
    in_processes([0, 1, 2], lambda _part: None, [])
    sys.stdout.flush()
    assert capfd.readouterr().out == "once"


def test_one_for_each_core() -> None:
    assert 1 <= processes(None) <= (os.cpu_count() or 1)
    assert processes(7) == 7


def test_processes_that_work_on_parts_share_what_there_can_be() -> None:
    assert in_processes([1, 2], lambda _part: (processes(7), in_processes([1, 2, 3], lambda _inner: processes(7), [])), []) == [
        (3, [1, 1, 1]),
        (3, [1, 1, 1]),
    ]
    assert processes(7) == 7


def test_a_process_says_nothing() -> None:
    assert in_processes([1, 2], lambda _part: sys.stderr is None, []) == [False, True]


def test_one_where_there_is_no_fork(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delattr(os, "fork")
    assert processes(None) == processes(7) == 1
    same_as_alone([str(folder)], Options(isolated=True), 3)


def test_each_number_is_taken_once() -> None:
    numbers = list(range(1_999, -1, -1))
    turns = Turns(numbers)
    taken = in_processes(range(4), lambda _part: list(turns), [])
    turns.close()
    assert sorted(number for one in taken for number in one) == sorted(numbers)
    assert all(one == sorted(one, reverse=True) for one in taken)


def test_who_is_interrupted_waits_for_no_more_turns(tmp_path: Path) -> None:
    here = os.getpid()

    def work(number: int) -> None:
        if os.getpid() == here:
            raise KeyboardInterrupt
        (tmp_path / str(number)).touch()
        time.sleep(0.1)

    with pytest.raises(KeyboardInterrupt):
        in_turns(range(40), work, 3, ())
    assert len(list(tmp_path.iterdir())) < 20


def test_what_another_process_leaves_is_done_by_those_that_go_on() -> None:
    here = os.getpid()

    def work(number: int) -> int:
        if os.getpid() == here:
            time.sleep(0.02)
            return number
        raise ValueError

    assert len(in_turns(range(20), work, 2, ())) >= 19
