"""The command line as a whole: a group of commands, their help, what is said on standard error, and the code with which it exits.

A command's docstring is its help. A paragraph that is a title with a colon and indented lines, such as ``Examples:``, is a section of its
own, whose lines stay as they are. An option names the heading that it stands under: :func:`option`.
"""

from __future__ import annotations

import errno
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import get_args

import click

from .files import reason_of
from .output import drop
from .say import PROGRAM, cannot_write, quietly, say, written
from .text import inert, printable
from .typed import TYPE_CHECKING, Any, Final, Literal, NamedTuple, NoReturn, TypeVar

if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # which takes no type before click 8.2


class Choice(_Choice):
    """One of several words. The refusal of any other says which of them was meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See :meth:`click.Choice.convert`."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            from .suggest import choice_meant

            near = choice_meant(str(value), self.choices)
            raise click.BadParameter(f"{error.message.removesuffix('.')}{near}", error.ctx, error.param) from None


Heading = Literal["Input", "Rules", "Configuration", "Findings", "Fixes", "Report", "Exit code", "Help"]
"""What options stand under in the help, in this order."""
HEADINGS: Final[tuple[str, ...]] = get_args(Heading)
_COMPLETE: Final = "_MEDPLUM_LINT_COMPLETE"  # the variable by which a shell asks, as click calls it
_COLUMN: Final = 28  # where the texts of options begin: 50 characters of an 80 column terminal are left
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Option(click.Option):
    """An option that knows its heading in the help."""

    def __init__(self, *args: Any, heading: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The names and the text; what can be chosen is in the text, where it wraps, and not in the names."""
        record = super().get_help_record(ctx)
        if record is None or self.metavar or not isinstance(self.type, click.Choice):
            return record
        long = max(self.opts, key=len)
        return f"{', '.join(sorted(self.opts, key=len))} {_CHOSEN.get(long, long.strip('-').upper())}", _with_choices(record[1], self.type)


_CHOSEN: Final = {"--fail-on": "SEVERITY", "--color": "WHEN"}
"""What the value of an option that offers a choice is called, where that is not the option's name."""


def _with_choices(text: str, choice: click.Choice[Any]) -> str:
    """The text of an option with what can be chosen, at the end of its first sentence."""
    *words, last = map(str, choice.choices)
    says, bracket, default = text.partition("  [")
    sentence, stop, more = says.partition(". ")
    chosen = f"{sentence.removesuffix('.')}: {', '.join(words)} or {last}."
    return f"{chosen}{' ' * bool(stop)}{more}{bracket}{default}" if words else text


def option(*names: str, heading: Heading, **attributes: Any) -> Callable[[_Function], _Function]:
    """A decorator as :func:`click.option`, for an option that stands under a heading of the help."""
    return click.option(*names, cls=Option, heading=heading, **attributes)


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


def options_by_heading(
    command: click.Command, ctx: click.Context, more: Iterable[click.Parameter] = ()
) -> dict[str, list[tuple[str, str]]]:
    """The names and texts of the options of a command, and of ``more``, under the headings that they name."""
    found: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
    for parameter in (*command.get_params(ctx), *more):
        record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
        if record is not None:
            found.setdefault(getattr(parameter, "heading", "Help"), []).append(record)
    return {heading: records for heading, records in found.items() if records}


class Command(click.Command):
    """A command whose help has examples, and its options under headings."""

    def get_short_help_str(self, limit: int = 100) -> str:
        """The first sentence of the help, whole: the list of commands wraps, and shells cut what they have no room for."""
        return super().get_short_help_str(limit)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :meth:`click.Command.format_help`."""
        self.format_usage(ctx, formatter)
        _write_help(formatter, help_text(self), options_by_heading(self, ctx))


class Commands(click.Group):
    """A group whose ``check`` command need not be named."""

    command_class = Command

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """See :meth:`click.Group.add_command`. Whatever a command lets choose is a :class:`Choice`, so that no option can forget it."""
        for param in cmd.params:
            if type(param.type) is click.Choice:
                param.type = Choice(param.type.choices, param.type.case_sensitive)
        super().add_command(cmd, name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See :meth:`click.Group.parse_args`. Raises :exc:`click.UsageError` for what is no path and nearly a command."""
        if ctx.resilient_parsing and not args:  # completion: what comes first may be a command
            return super().parse_args(ctx, args)
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            if not ctx.resilient_parsing:
                self._refuse_slip(args)
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def _refuse_slip(self, args: list[str]) -> None:
        """Refuse what is no path and nearly a command: ``medplum-lint tset policies`` would lint policies."""
        word = args[0] if args else ""
        if word.replace("-", "").isalpha() and word[0] != "-" and not os.path.lexists(word):
            from .policy.errors import did_you_mean

            near = did_you_mean(word, self.commands)
            if near:
                raise click.UsageError(f'there is no command and no file "{word}"{near}')

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """What can come first: a command, a path, or an option of ``check``."""
        from click.shell_completion import CompletionItem

        with self.commands["check"].make_context("check", [], parent=ctx, resilient_parsing=True) as check:
            options = check.command.shell_complete(check, incomplete)
        files = [] if incomplete.startswith("-") else [CompletionItem(incomplete, type="file")]
        # bash forgets what it was told before a file.
        return [*files, *super().shell_complete(ctx, incomplete), *options]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage of ``check``, which need not be named, and of the other commands."""
        formatter.write_usage(PROGRAM, "[check] [OPTIONS] [PATH]...")
        formatter.write_usage(PROGRAM, "COMMAND [OPTIONS] ...")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :meth:`click.Command.format_help`: the commands, and the options of ``check``."""
        self.format_usage(ctx, formatter)
        options = options_by_heading(self.commands["check"], ctx, self.params)
        commands = [(name, self.commands[name].get_short_help_str()) for name in self.list_commands(ctx)]
        _write_help(formatter, help_text(self), {"Commands": commands, **options})

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *others: Any, **more: Any) -> NoReturn:
        """Run a command and exit: 130 for Ctrl-C, 141 where the reader of the output has gone, 2 where it cannot be written.

        Names in click's own messages are made printable, as in ours.
        """
        if os.environ.get(_COMPLETE):  # a shell asks what can be completed
            _check_completion(os.environ[_COMPLETE])
            _keep_commas_in_fish()
            super().main(args, prog_name, *others, **more)
        sys.exit(written(lambda: self._code(prog_name, args, more)))

    def _code(self, prog_name: str | None, args: Sequence[str] | None, more: Mapping[str, Any]) -> int:
        """The exit code of a command."""
        try:
            with self.make_context(prog_name or PROGRAM, list(sys.argv[1:] if args is None else args), **more) as context:
                self.invoke(context)
        except click.exceptions.Exit as stop:
            return stop.exit_code if sys.stdout is not None else cannot_write("it is closed")
        except click.ClickException as error:
            quietly(click.UsageError(inert(printable(error.format_message())), getattr(error, "ctx", None)).show)
            return error.exit_code
        except click.Abort:
            return 130
        except OSError as error:
            if error.errno not in _OF_WRITING:
                raise
            drop(sys.stdout)
            return cannot_write(reason_of(error))
        return 0


def _check_completion(asked: str) -> None:
    """Stop where a shell that click does not know is asked for, which click would do without a word."""
    from click.shell_completion import get_completion_class

    shell, _, what = asked.partition("_")
    known = get_completion_class(shell) is not None
    if not known or what not in ("source", "complete") or (what == "complete" and not {"COMP_WORDS", "COMP_CWORD"} <= set(os.environ)):
        say("error", f'{_COMPLETE} is "{asked}": bash_source, zsh_source and fish_source print what a shell needs')
        sys.exit(2)


def _keep_commas_in_fish() -> None:
    """Have click's script for fish read what follows a comma, as in ``--select tls,mail`` and in the titles of rules."""
    from click.shell_completion import FishComplete, add_completion_class

    class Fish(FishComplete):
        source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')

    add_completion_class(Fish)


def _write_help(formatter: click.HelpFormatter, text: HelpText, entries: dict[str, list[tuple[str, str]]]) -> None:
    """Write what follows the usage: the prose, examples, commands, options, whose texts begin in one column, and what else there is."""
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


def _column(records: list[tuple[str, str]]) -> int:
    """Where the texts beside names begin."""
    return min(_COLUMN, max(len(names) for names, _ in records) + 4)


def _write_lines(formatter: click.HelpFormatter, title: str, lines: list[str]) -> None:
    if lines:
        with formatter.section(title):
            formatter.write("".join(f"  {line}".rstrip() + "\n" for line in lines))


def _write_records(formatter: click.HelpFormatter, records: list[tuple[str, str]], column: int) -> None:
    """Write names and texts in two columns."""
    for names, text in records:
        first = f"  {names}"
        if len(first) > column - 2:
            formatter.write(f"{first}\n")
            first = ""
        for line in click.wrap_text(text, max(formatter.width - column - 1, 20)).splitlines() or [""]:
            formatter.write(f"{first:{column}}{line}\n")
            first = ""


_OF_WRITING = frozenset(getattr(errno, name, None) for name in ("ENOSPC", "EBADF", "EFBIG", "EIO", "EDQUOT"))
"""What a write can fail with: that of the help, which click writes itself. All else is written by :mod:`linter.output`."""
