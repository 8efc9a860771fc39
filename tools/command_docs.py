"""What ``--help`` says, for ``docs/cli.md`` and the manual page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from linter.cli import cli, help_text, options_by_heading
from linter.output.say import PROGRAM

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
_ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)


class Described(NamedTuple):
    """A command as its help has it: how it is used, prose, examples, and options as names and texts under headings."""

    name: str
    usage: str
    paragraphs: list[str]
    examples: list[str]
    options: dict[str, list[tuple[str, str]]]


def commands() -> list[Described]:
    """Every command: the default one first, then in the order of the names."""
    names = sorted(cli.commands, key=lambda name: (name != "check", name))
    return [_described(name, cli.commands[name]) for name in names]


def _described(name: str, command: click.Command) -> Described:
    with cli.make_context(PROGRAM, [], resilient_parsing=True) as parent, click.Context(command, info_name=name, parent=parent) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        options = options_by_heading(command, context)
    text = help_text(command)
    shown = f"{PROGRAM} [check] {usage}" if name == "check" else f"{PROGRAM} {name} {usage}"
    return Described(name, shown, text.paragraphs, text.sections.get("Examples", []), options)


def root() -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """The prose, the examples and the exit codes of the help of all."""
    text = help_text(cli)
    codes = [line.split(None, 1) for line in text.sections["Exit codes"]]
    return text.paragraphs, text.sections["Examples"], [(code, meaning) for code, meaning in codes]


def table(title: str) -> list[tuple[str, str]]:
    """The rows of the table beneath a heading of the page: what stands in code marks, and the text beside it."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [(row[1], row[2]) for row in _ROW.finditer(section)]


def sections() -> str:
    """A section for each command, for the page."""
    return "\n".join(line for command in commands() for line in _section(command))


def _section(command: Described) -> Iterator[str]:
    yield from (f"## {command.name}", "", "```text", command.usage, "```", "")
    for paragraph in command.paragraphs:
        yield from (_prose(paragraph), "")
    yield from ("```sh", *command.examples, "```", "")
    for heading, records in command.options.items():
        yield from (f"| {heading.lower()} | |", "| --- | --- |")
        for names, text in records:
            yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {_prose(text)} |"
        yield ""


def _prose(text: str) -> str:
    """A text of the help in Markdown: options and files in code marks, and nothing that Markdown would take for its own."""
    text = re.sub(r"(?<![\w-])(--[a-z][a-z-]*|[\w*]+\.json(?:#\w+)?)", r"`\1`", text)
    return re.sub(r"  +(?=\[)", " ", text.replace("<", "&lt;").replace("|", "\\|"))
