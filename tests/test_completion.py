"""What a shell completes: commands, options, rules, categories, kinds, releases; paths by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from support.checkout import ROOT, environment

from linter.cli import cli
from linter.reporters import names as formats
from linter.sources import kinds

PATHS = {"file", "dir"}


def completed(*words: str) -> list[str]:
    """What could stand for the last word; ``<file>`` and ``<dir>`` where the shell looks for itself."""
    *before, last = words
    items = ShellComplete(cli, {}, "medplum-lint", "_MEDPLUM_LINT_COMPLETE").get_completions(before, last)
    return [f"<{item.type}>" if item.type in PATHS else item.value for item in items]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a configuration."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], ["<file>", *sorted(cli.commands)]),
        (["sh"], ["<file>", "show"]),
        (["--pe"], ["--pedantic"]),
        (["--ver"], ["--version"]),
        (["check", "--unsafe"], ["--unsafe-fixes"]),
        (["show", "--only"], ["--only-changed"]),
        (["medplum.config.json", "--pe"], ["--pedantic"]),
        (["show", ""], ["<file>"]),
        (["diff", "a.json", "b"], ["<file>"]),
        (["test", ""], ["<file>"]),
        (["--rules", ""], ["<file>"]),
        (["--config", ""], ["<file>"]),
        (["--output", ""], ["<file>"]),
        (["--kind", ""], sorted(kinds())),
        (["show", "--kind", "secret/"], ["secret/database", "secret/redis"]),
        (["upgrade", "--kind", "infra"], ["infra/json"]),
        (["--format", ""], formats()),
        (["--server-version", "4.2.4"], ["4.2.4"]),
        (["--server-version", "la"], ["latest"]),
        (["upgrade", "--from", "5.0.1"], ["5.0.15", "5.0.14", "5.0.13", "5.0.12", "5.0.11", "5.0.10", "5.0.1"]),
        (["upgrade", "--to", "3.3"], ["3.3.0"]),
        (["explain", "missing-t"], ["missing-trailing-slash"]),
        (["explain", "tls"], []),
        (["rules", "tls"], ["tls"]),
        (["--select", "missing-s"], ["missing-setting", "missing-signing-key", "missing-smtp-login"]),
        (["--ignore", "tls,missing-s"], ["tls,missing-setting", "tls,missing-signing-key", "tls,missing-smtp-login"]),
        (["--select", "tls", "--ignore", "tls,mai"], ["tls,mail"]),
        (["explain", "no-such-rule"], []),
        (["tset", ""], ["<file>"]),
        (["--kind", "nonsense", "--pe"], ["--pedantic"]),
        (["--server-version", "nonsense", "--pe"], ["--pedantic"]),
    ],
)
def test_completed(words: list[str], expected: list[str]) -> None:
    assert completed(*words) == expected


POLICY = """\
id: acme/no-bots
title: Bots are on
severity: error
for: server
must: {vmContextBotsEnabled: {equals: false}}
message: "${@path} is on: set it to false"
docs: We run no bots.
examples:
  good: [{data: {vmContextBotsEnabled: false}}]
  bad: [{data: {vmContextBotsEnabled: true}, finds: [vmContextBotsEnabled]}]
"""


def test_custom_policies(nowhere: Path) -> None:
    (nowhere / "policies").mkdir()
    (nowhere / "policies" / "no-bots.yaml").write_text(POLICY)
    assert completed("explain", "acme") == []
    assert completed("explain", "--rules", "policies", "acme") == ["acme/no-bots"]
    assert completed("--rules", "policies", "--select", "acm") == ["acme", "acme/no-bots"]
    (nowhere / ".medplum-lint.toml").write_text('rules = ["policies"]\n')
    assert completed("explain", "acme") == ["acme/no-bots"]
    assert completed("explain", "--isolated", "acme") == []


@pytest.mark.parametrize("text", ["rules = 1", "[[[", 'rules = ["missing"]', 'rules = ["/"]'])
def test_a_configuration_that_cannot_be_read_stops_nothing(nowhere: Path, text: str) -> None:
    (nowhere / ".medplum-lint.toml").write_text(text)
    assert completed("explain", "missing-sett") == ["missing-setting"]
    assert completed("--config", "none.toml", "--ignore", "missing-sett") == ["missing-setting"]


def test_every_option_with_names_of_ours_is_completed() -> None:
    """An option whose value is a rule, a kind, a release, a file or a folder completes it."""
    for name, command in cli.commands.items():
        for one in command.params:
            metavar = re.sub(r"[\[\].]|,", "", one.metavar or "")
            if metavar in ("RULE", "ID", "KIND", "VERSION", "FILE", "DIR", "PATH", "FIRST", "SECOND"):
                words = [name, *([one.opts[0]] if one.opts[0].startswith("-") else []), ""]
                assert completed(*words), (
                    f"medplum-lint {name}: nothing is completed for {one.opts[0]} {one.metavar}: give it shell_complete"
                )


# In the shells themselves


def script(shell: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "linter"],
        env=environment(_MEDPLUM_LINT_COMPLETE=f"{shell}_source", PYTHONPATH=str(ROOT)),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with our command on it."""
    command = tmp_path / "bin" / "medplum-lint"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m linter "$@"\n')
    command.chmod(0o755)
    return f"{command.parent}{os.pathsep}{os.environ['PATH']}"


def in_shell(shell: str, text: str, path: str) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-c", text], env=environment(PATH=path), capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("asked", ["tcsh_source", "bash", "bash_sauce", "1", "bash_complete", "zsh_\x1b[31m"])
def test_what_no_shell_asks(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COMP_WORDS", "COMP_CWORD"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(cli, [], env={"_MEDPLUM_LINT_COMPLETE": asked}, prog_name="medplum-lint")
    assert done.exit_code == 2 and "\x1b" not in done.output
    assert "bash_source, zsh_source and fish_source print what a shell needs" in done.output


def test_bash(path: str) -> None:
    text = script("bash") + (
        "complete() { :; }; compopt() { :; }; COMP_WORDS=(medplum-lint --select tls,missing-s); COMP_CWORD=2\n"
        '_medplum_lint_completion medplum-lint; echo "${COMPREPLY[*]}"\n'
    )
    assert in_shell("bash", text, path) == "tls,missing-setting tls,missing-signing-key tls,missing-smtp-login\n"


def test_fish(path: str) -> None:
    text = script("fish") + 'complete -C "medplum-lint --select tls,missing-s"\ncomplete -C "medplum-lint explain duplicate-k"\n'
    assert in_shell("fish", text, path).splitlines() == [
        "tls,missing-setting\tA required setting is missing",
        "tls,missing-signing-key\tLinks to attachments fail without a signing key",
        "tls,missing-smtp-login\tThe mail server does not send without a login",
        "duplicate-key\tA name is given twice, and only the last one counts",
    ]


def test_zsh(path: str) -> None:
    text = (
        "compdef() { :; }\n"
        + script("zsh")
        + (
            "_describe() { print -rl -- $completions_with_descriptions; }\n"
            "words=(medplum-lint explain duplicate-k); CURRENT=3\n"
            "_medplum_lint_completion\n"
        )
    )
    assert in_shell("zsh", text, path) == "duplicate-key:A name is given twice, and only the last one counts\n"
