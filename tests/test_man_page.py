"""The manual page says what ``--help`` says, and is what ``man`` can show. (tests/test_generated.py sees that it is fresh.)"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import click
import pytest
from support.checkout import ROOT

from linter.cli import cli

sys.path.insert(0, str(ROOT / "tools"))

import command_docs  # noqa: E402
import man_page  # noqa: E402

PAGE = ROOT / "man" / "medplum-lint.1"
TEXT = PAGE.read_text(encoding="utf-8")
PLAIN = TEXT.replace("\\-", "-")


def test_it_has_the_sections_that_readers_expect() -> None:
    assert re.findall(r"^\.SH (.*)$", TEXT, re.MULTILINE) == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO",
    ]  # fmt: skip
    assert "\n.SH NAME\nmedplum\\-lint \\- " in TEXT  # what apropos looks for


@pytest.mark.parametrize("name", cli.commands)
def test_every_option_of_every_command_is_there(name: str) -> None:
    part = PLAIN.partition("\n.SH COMMANDS\n")[0] if name == "check" else PLAIN.partition(f"\n.SS {name}\n")[2].partition("\n.S")[0]
    for option in cli.commands[name].params:
        if isinstance(option, click.Option):
            assert f"\\fB{max(option.opts, key=len)}\\fR" in part


def test_the_tables_of_the_page_are_there() -> None:
    rows = [*command_docs.table("Environment"), *command_docs.table("Files")]
    assert len(rows) >= 6
    assert all(f"\n.TP\n.B {man_page._text(name)}\n" in TEXT for name, _ in rows)
    assert "](" not in TEXT and "`" not in TEXT


def test_every_variable_that_is_read_is_there() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "linter").rglob("*.py"))
    read = re.findall(r'environ(?:\.get\(|\[)"(\w+)"|"(\w+)" (?:not )?in os\.environ|_VARIABLE = "(\w+)"', code)
    names = {name for match in read for name in match if name}
    assert {"MEDPLUM_LINT_DEBUG", "MEDPLUM_LINT_SERVER_VERSION", "NO_COLOR"} <= names
    lost = names - {name for name, _ in command_docs.table("Environment")}
    assert lost == set(), f"docs/cli.md: say under Environment what {', '.join(sorted(lost))} does"


def test_it_is_text_that_every_man_reads() -> None:
    assert TEXT.isascii() and max(map(len, TEXT.splitlines())) < 1000
    known = {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".RS", ".RE", ".nf", ".fi", ".nh", ".ad", '.\\"'}
    assert {line.split()[0] for line in TEXT.splitlines() if line.startswith(".")} <= known


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("--kind", "\\-\\-kind"),
        (".env", "\\&.env"),
        ("'quoted'", "\\(aqquoted\\(aq"),
        ("a \\ b", "a \\e b"),
        ('"$x" ~ ^ `c`', "\\(dq$x\\(dq \\(ti \\(ha \\(gac\\(ga"),
    ],
)
def test_its_text_is_escaped(text: str, written: str) -> None:
    assert man_page._text(text) == written


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_reports_nothing() -> None:
    done = subprocess.run(["groff", "-man", "-ww", "-Tascii", PAGE], capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    shown = re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)
    assert "--server-version VERSION" in shown and "medplum-lint diff [OPTIONS] FIRST SECOND" in shown
