"""The commands as click has them, and their help.

The docstring of a command is its help. A paragraph that is a title with a colon and indented lines, such as ``Examples:``, is a section of
its own, whose lines stay as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any, Final

import click

from .options import HEADINGS, Given
from .options.parameters import parameters_of
from .say import UsageError
from .typed import NamedTuple

Records = list[tuple[str, str]]
"""Names, such as those of an option, and the texts beside them."""
HELP_NAMES: Final = {"help_option_names": ["-h", "--help"]}
_COLUMN: Final = 28  # where the texts of options begin: 50 characters of an 80 column terminal are left


class HelpText(NamedTuple):
    """The help of a command: paragraphs of prose, and the lines of its sections by title, such as ``Examples``."""

    paragraphs: list[str]
    sections: dict[str, list[str]]


def help_text(command: click.Command) -> HelpText:
    """The help of a command, from its docstring."""
    paragraphs, sections = [], {}
    for block in inspect.cleandoc(command.help or "").split("\n\n"):
        title, *lines = block.split("\n")
        if title.endswith(":") and lines and all(line.startswith("  ") for line in lines):
            sections[title[:-1]] = [line[2:] for line in lines]
        else:
            paragraphs.append(" ".join(block.split()))
    return HelpText(paragraphs, sections)


def options_by_heading(command: click.Command, ctx: click.Context, more: Iterable[click.Parameter] = ()) -> dict[str, Records]:
    """The names and texts of the options of a command, and of ``more``, under their headings."""
    found: dict[str, Records] = {heading: [] for heading in HEADINGS}
    for parameter in (*command.get_params(ctx), *more):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)) is not None:
            found[getattr(parameter, "heading", "Help")].append(record)
    return {heading: records for heading, records in found.items() if records}


class Command(click.Command):
    """A command of :mod:`linter.commands`, which is imported when it is run or its help is shown."""

    def __init__(self, name: str) -> None:
        super().__init__(name, context_settings=HELP_NAMES, callback=self._run, params=parameters_of(name))
        del self.help

    @cached_property
    def _function(self) -> Callable[[Given], int | None]:
        run: Callable[[Given], int | None] = import_module(f".commands.{str(self.name).replace('-', '_')}", __package__).run
        return run

    def _run(self, **given: Any) -> int | None:
        try:
            return self._function(Given(**given))
        except UsageError as error:
            raise click.UsageError(str(error)) from None

    @cached_property
    def help(self) -> str | None:  # type: ignore[override]
        """The docstring of its function."""
        return self._function.__doc__

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :meth:`click.Command.format_help`: examples, and options under headings."""
        self.format_usage(ctx, formatter)
        write_help(formatter, help_text(self), options_by_heading(self, ctx))


def write_help(formatter: click.HelpFormatter, text: HelpText, entries: Mapping[str, Records]) -> None:
    """Write what follows the usage: prose, examples, commands and options, whose texts begin in one column, and the other sections."""
    with formatter.indentation():
        for paragraph in text.paragraphs:
            formatter.write_paragraph()
            formatter.write_text(paragraph)
    _write_lines(formatter, "Examples", text.sections.get("Examples", []))
    options = _column([record for heading, records in entries.items() if heading != "Commands" for record in records])
    for heading, records in entries.items():
        with formatter.section(heading):
            _write_records(formatter, records, _column(records) if heading == "Commands" else options)
    for title, lines in text.sections.items():
        if title != "Examples":
            _write_lines(formatter, title, lines)


def _column(records: Records) -> int:
    """Where the texts beside names begin."""
    return min(_COLUMN, max(len(names) for names, _ in records) + 4)


def _write_lines(formatter: click.HelpFormatter, title: str, lines: list[str]) -> None:
    if lines:
        with formatter.section(title):
            formatter.write("".join(f"  {line}".rstrip() + "\n" for line in lines))


def _write_records(formatter: click.HelpFormatter, records: Records, column: int) -> None:
    """Write names and texts in two columns."""
    for names, text in records:
        first = f"  {names}"
        if len(first) > column - 2:
            formatter.write(f"{first}\n")
            first = ""
        for line in click.wrap_text(text, max(formatter.width - column - 1, 20)).splitlines() or [""]:
            formatter.write(f"{first:{column}}{line}\n")
            first = ""
