"""A plain command line does the same without click as with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.checkout import ROOT

from linter import cli, options, reporters
from linter.__main__ import command
from linter.commands import check
from linter.release import NEWEST

FIXTURES = sorted((ROOT / "tests" / "fixtures").glob("*/input.*"))
CLEAN = ROOT / "benchmarks" / "clean.json"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDPLUM_LINT_SERVER_VERSION", raising=False)


def ended(run: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as stop:
        run()
    printed = capsys.readouterr()
    return stop.value.code, printed.out, printed.err


def compare(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = options.read_plain(arguments)
    assert given is not None
    monkeypatch.setattr(sys, "argv", ["medplum-lint", *arguments])
    without = ended(command(arguments), capsys)
    assert without == ended(cli.main, capsys) and (without[1] or without[2] or "-q" in arguments)


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parent.name)
def test_each_fixture(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    compare([str(path)], capsys, monkeypatch)


@pytest.mark.quick_cases(10)
@pytest.mark.parametrize(
    "arguments",
    [
        ["./deploy"],
        ["deploy"],
        ["deploy", "broken.json", "plain"],
        ["./deploy", "broken.json", "other.txt"],
        ["other.txt"],
        ["--allow-unrecognized", "other.txt"],
        ["--quiet", "broken.json"],
        ["-q", "server.json"],
        ["server.json", "--force-exclude"],
        [],
        *(["--format", name, "./deploy", "server.json"] for name in reporters.names()),
        ["-q", "./deploy", "-f", "concise"],
        ["--format", "sarif", "broken.json", "other.txt"],
    ],
    ids=" ".join,
)
def test_switches_and_folders(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deploy").mkdir()
    Path("deploy/medplum.config.json").write_text(json.dumps({"baseUrl": "https://api.clinic.example", "database": {}, "redis": {}}))
    Path("server.json").write_bytes(CLEAN.read_bytes())
    Path("broken.json").write_text('{"baseUrl": "https://api.clinic.example/", "database": {')
    Path("plain").write_text('{"baseUrl": "https://api.clinic.example"}')
    Path("other.txt").write_text("nothing\n")
    Path(".medplum-lint.toml").write_text('exclude = ["server.json", "nothing/**"]\nignore = ["missing-setting"]\n')
    compare(arguments, capsys, monkeypatch)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["show", "x.json"],
        ["--format", "jso", "x.json"],
        ["-f", "json", "-f", "text", "x.json"],
        ["x.json", "-f"],
        ["-"],
        ["--help"],
        ["y"],
        ["x", "show"],
        ["no/such.json"],
        ["--quiet=1"],
        ["./pipe"],
    ],
    ids=" ".join,
)
def test_what_is_left_to_click(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("x.json", "x", "check", "show"):
        Path(name).write_text("{}")
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
    assert options.read_plain(arguments) is None


@pytest.mark.parametrize("name", [options.SERVER_VARIABLE, options.COMPLETE_VARIABLE])
def test_variables_are_left_to_click(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "4.3.5")
    assert options.read_plain([str(CLEAN)]) is None


def test_all_commands_are_left_to_click() -> None:
    assert all(options.read_plain([name]) is None for name in cli.cli.commands)


def test_a_plain_run_imports_no_click() -> None:
    code = "import sys, linter.__main__ as main\ntry: main.main()\nexcept SystemExit: print('click' in sys.modules)"
    environment = os.environ | {"MEDPLUM_LINT_DEBUG": "1"}
    done = subprocess.run([sys.executable, "-c", code, str(CLEAN)], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(("variable", "waited"), [("", ""), ("1", "the end\n")])
def test_the_end_of_python_is_waited_for_only_to_debug(variable: str, waited: str) -> None:
    code = "import atexit, linter.__main__ as main; atexit.register(print, 'the end'); main.main()"
    environment = os.environ | {"MEDPLUM_LINT_DEBUG": variable}
    done = subprocess.run([sys.executable, "-c", code, str(CLEAN)], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"No findings in 1 file, checked against server {NEWEST} (the newest known release).\n{waited}"


def test_a_bug_is_reported_without_a_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(check, "checks", fail)
    monkeypatch.delenv("MEDPLUM_LINT_DEBUG", raising=False)
    code, out, err = ended(command([str(CLEAN)]), capsys)
    assert (code, out) == (3, "") and err.startswith("medplum-lint: bug: ") and "secret" not in err and "Traceback" not in err
