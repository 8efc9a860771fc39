"""``--help``: examples that run, options under headings, and lines that fit into 80 columns."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.checkout import ROOT

from linter.cli import Command, cli, help_text
from linter.options import HEADINGS, OPTIONS, Option, options_of
from linter.options.parameters import with_choices

COMMANDS = {"": cli, **cli.commands}


def help_of(name: str, columns: int = 80) -> str:
    done = CliRunner().invoke(cli, [*name.split(), "--help"], prog_name="medplum-lint", terminal_width=columns)
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.names)
def test_every_option_is_under_a_heading(option: Option) -> None:
    assert option.is_argument or option.heading in HEADINGS, f"{option.names}: give it one of the headings {', '.join(HEADINGS)}"


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("name", COMMANDS)
def test_it_fits_into_the_terminal(name: str, columns: int) -> None:
    assert [line for line in help_of(name, columns).splitlines() if len(line) > columns] == []
    assert cli.context_settings["max_content_width"] == 100


@pytest.mark.parametrize("columns", [20, 40, 60, 200])
def test_it_wraps_to_any_width(columns: int) -> None:
    text = help_of("", columns)
    assert all(re.search(rf"^  {re.escape(name)}( |$)", text, re.MULTILINE) for name in (*cli.commands, "--kind", "-f, --format"))
    assert max(map(len, text.splitlines())) <= max(columns, 80)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_shown_once(name: str) -> None:
    command = cli.commands["check"] if not name else COMMANDS[name]
    shown = [line.split("  ")[1] for line in help_of(name).splitlines() if line.startswith("  -")]
    longs = [word.split()[0] for line in shown for word in line.split(", ") if word.startswith("--")]
    expected = [max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)]
    assert sorted(longs) == sorted([*expected, "--help", *(["--version"] if not name else [])])


@pytest.mark.parametrize("name", cli.commands)
def test_what_can_be_chosen_is_in_the_text(name: str) -> None:
    text = " ".join(help_of(name).split())
    for option in options_of(name):
        if option.choices:
            *words, last = option.words
            assert f": {', '.join(words)} or {last}." in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Report format.  [default: a]", "Report format: a, b or c.  [default: a]"),
        ("Report format  [default: a]", "Report format: a, b or c.  [default: a]"),
        ("Report format. Repeatable.", "Report format: a, b or c. Repeatable."),
        ("How to read .env files", "How to read .env files: a, b or c."),
    ],
)
def test_choices_come_after_the_first_sentence(text: str, shown: str) -> None:
    assert with_choices(text, ["a", "b", "c"]) == shown


def test_the_root_has_the_commands_and_the_exit_codes() -> None:
    text = help_of("")
    assert [line.split()[0] for line in text.partition("\nCommands:\n")[2].partition("\n\n")[0].splitlines()] == sorted(cli.commands)
    assert "\nExit codes:\n  0  no finding" in text and text.index("\nCommands:") < text.index("\nInput:") < text.index("\nExit codes:")


def test_every_command_is_one_of_ours() -> None:
    assert [name for name, command in cli.commands.items() if not isinstance(command, Command)] == []


# Examples


def examples(command: click.Command) -> list[str]:
    """The commands in the examples of a command."""
    return [line for line in help_text(command).sections.get("Examples", []) if not line.startswith("#")]


EXAMPLES = [(name, line) for name, command in COMMANDS.items() for line in examples(command)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples(name: str) -> None:
    lines = examples(COMMANDS[name])
    assert lines, f'the docstring of "{name}" in linter/commands/ has no paragraph "Examples:" with indented commands'
    assert all(line.startswith(f"medplum-lint {name}".rstrip() if name != "check" else "medplum-lint ") for line in lines)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name."""
    for name in ("medplum.config.json", "deploy/medplum.config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "benchmarks" / "clean.json", tmp_path / name)
    shutil.copy(ROOT / "examples" / "ssm-dump.json", tmp_path / "dump.json")
    (tmp_path / ".env").write_text("MEDPLUM_BASE_URL=https://api.hospital.example/\n")
    (tmp_path / "deploy" / "compose.yaml").write_text(
        "services: {api: {image: medplum/medplum-server:4.3.5, environment: {MEDPLUM_BASE_URL: https://api.hospital.example/}}}\n"
    )
    page = (ROOT / "docs" / "your-policies.md").read_text(encoding="utf-8")
    policy = page.partition("<!-- policy: support-email-domain -->\n```yaml\n")[2].partition("```")[0]
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "support-email-domain.yaml").write_text(policy, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_every_example_runs(name: str, line: str, folder: Path) -> None:
    program, *words = shlex.split(line)
    given = None
    if "<" in words:
        given = (folder / words[words.index("<") + 1]).read_bytes()
        words = words[: words.index("<")]
    if ">" in words:
        words = words[: words.index(">")]
    done = CliRunner().invoke(cli, words, input=given)
    assert program == "medplum-lint" and done.exit_code in (0, 1), done.output
    assert "error:" not in done.stderr
