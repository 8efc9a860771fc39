"""``tools/same_output.py`` finds what differs between two versions, and nothing else; its scenarios have every command and option."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from support.checkout import ROOT

from linter import reporters
from linter.cli import cli

sys.path.insert(0, str(ROOT / "tools"))

import same_output  # noqa: E402
from fuzz.scenarios import Scenario, Step, scenario  # noqa: E402
from same_output import Difference, outcome  # noqa: E402

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="versions are forked")

MASK = 'MASK = "••••••"'
VERSION = '__version__ = "'


def version(folder: Path, module: str, before: str, after: str) -> Path:
    """The commands of a version whose module has one text in place of another, as if it was installed."""
    site, commands = folder / "site", folder / "bin"
    shutil.copytree(ROOT / "linter", site / "linter", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "rules", site / "linter" / "rules")
    path = site / "linter" / module
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    commands.mkdir()
    own = f"#!/bin/sh\nPYTHONPATH='{site}' exec '{sys.executable}' "
    for name, words in (("python", '"$@"'), ("medplum-lint", '-m linter "$@"')):
        (commands / name).write_text(f"{own}{words}\n", encoding="utf-8")
        (commands / name).chmod(0o755)
    return commands


def compared(old: Path, new: Path, *options: str) -> tuple[int, str]:
    """The exit code of a comparison of a few scenarios, and what it prints."""
    command = [sys.executable, str(ROOT / "tools" / "same_output.py"), str(old), str(new), "--cases", "24", "--processes", "3", *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_version_does_the_same_as_itself(tmp_path: Path) -> None:
    same = version(tmp_path, "text.py", MASK, MASK)
    code, printed = compared(same, same / "medplum-lint")
    assert (code, printed.splitlines()[-1].rpartition(": ")[2]) == (0, "0 differ, in 0 ways")


@pytest.mark.slow
def test_a_changed_byte_is_found_and_can_be_allowed(tmp_path: Path) -> None:
    old = version(tmp_path / "old", "text.py", MASK, MASK)
    new = version(tmp_path / "new", "text.py", MASK, MASK.replace("••", "•*"))
    code, printed = compared(old, new, "--keep", str(tmp_path / "kept"))
    assert code == 1 and "1: standard output differs (--seed 0 --case " in printed
    assert "\\u2022\\u2022" in printed and "\\u2022*" in printed
    [kept, *_] = sorted((tmp_path / "kept").glob("*-forked"))
    assert {path.name for path in kept.iterdir()} == {"given", "new", "old", "steps"}
    number = kept.name.partition("-")[0]
    again = compared(old, new, "--case", number, "--keep", str(tmp_path / "again"))
    assert again[0] == 1 and f"--case {number}, forked" in again[1]
    assert {path.name for path in (tmp_path / "again").iterdir()} == {f"{number}-forked", f"{number}-started"}
    allowed = """\
# The mask has another form. The fingerprint of a line is made of the line as it is shown, and the digest of a file of what is masked.
(•|\\*|\\\\u2022|&#42;|\\\\\\*)+
LineHash": "[0-9a-f]+
"sha256": "[0-9a-f]+
"""
    (tmp_path / "allowed").write_text(allowed, encoding="utf-8")
    assert compared(old, new, "--allow", str(tmp_path / "allowed"))[0] == 0


@pytest.mark.slow
def test_the_version_number_is_not_a_difference(tmp_path: Path) -> None:
    old = version(tmp_path / "old", "__init__.py", VERSION, f"{VERSION}9.8.7")
    new = version(tmp_path / "new", "__init__.py", VERSION, f"{VERSION}10.0.")
    code, printed = compared(old, new)
    assert code == 0, printed


def test_a_version_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert compared(tmp_path, tmp_path) == (2, f"same_output: {tmp_path}/medplum-lint: there is no such command\n")


# What is compared


def test_everything_that_a_command_does_is_in_the_outcome(tmp_path: Path) -> None:
    def run(step: Step, environment: Mapping[str, str], stdout: str, folder: Path) -> int:
        here = folder / "case" / "here"
        assert (folder / "stdin").read_bytes() == step.stdin and environment["NO_COLOR"] == "1"
        with open(stdout, "w") as out:
            out.write("printed\n")
        (folder / "stderr").write_text("said")
        (here / "new.sh").write_text("#")
        (here / "new.sh").chmod(0o700)
        (here / "gone.json").unlink()
        return 3

    files: dict[str, bytes | str | None] = {"here": None, "here/gone.json": b"{}", "here/link": "gone.json"}
    given = Scenario("x", files, (Step(("show",), b"given", {"NO_COLOR": "1"}),))
    expected = {
        "1: standard output": b"printed\n",
        "1: standard error": b"said",
        "1: exit code": b"3",
        "here": b"a folder",
        "here/link": b"-> gone.json",
        "here/new.sh": b"#",
        "here/new.sh (mode)": b"0o100700",
    }
    assert outcome(given, run, tmp_path) == expected
    terminal = given._replace(steps=(given.steps[0]._replace(terminal=True),), files={**files, "here/gone.json": b""})
    assert outcome(terminal, run, tmp_path) == {**expected, "1: standard output": b"printed\r\n"}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": b"x\ny\n"}, {"a": b"x\ny\n"}, []),
        ({"a": b"x\ny\n"}, {"a": b"x\nz\n"}, [("a", (" x\\n", "-y\\n", "+z\\n"))]),
        ({"a": b"x"}, {"a": b"x\n"}, [("a", ("-x", "+x\\n"))]),
        ({"a": b"\xff"}, {"a": b"\xfe"}, [("a", ("-\\udcff", "+\\udcfe"))]),
        ({"a": b""}, {}, [("a", ("+(not there)",))]),
        ({}, {"a": b"x\r"}, [("a", ("-(not there)", "+x\\r"))]),
    ],
)
def test_what_differs(old: dict[str, bytes], new: dict[str, bytes], found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert list(same_output._differing(old, new)) == found


def test_differences_of_one_cause_have_one_key() -> None:
    lines = ("-a 1", "+b 1")
    assert Difference(1, "forked", "1: standard output", lines).key == "standard output: -a 0 +b 0"
    assert Difference(2, "started", "2: standard output", (" ", "-a 2", "+b 33")).key == "standard output: -a 0 +b 0"
    assert Difference(3, "forked", "here/x.json", lines).key == "a file: -a 0 +b 0"


# The scenarios


@pytest.mark.slow
def test_a_number_makes_the_same_scenario_each_time() -> None:
    for number in range(40):
        assert scenario(1, number) == scenario(1, number)
    assert scenario(1, 0) != scenario(2, 0) != scenario(2, 1)


@pytest.mark.slow
def test_every_command_option_and_format_is_tried() -> None:
    tried: set[tuple[str, str]] = set()
    for number in range(1_000):
        for step in scenario(0, number).steps:
            name = step.arguments[0] if step.arguments[:1] and step.arguments[0] in cli.commands else "check"
            tried |= {(name, ""), *((name, word) for word in step.arguments)}
    for name, command in cli.commands.items():
        assert (name, "") in tried
        for option in command.params:
            if isinstance(option, click.Option):
                assert any((name, word) in tried for word in option.opts), f"{name} {option.opts[0]}: add it to tools/fuzz/scenarios.py"
    assert {("check", form) for form in reporters.names()} <= tried
