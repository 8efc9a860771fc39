"""The command line: the commands for click, their help, and the exit code.

The docstring of a command is its help. A paragraph that consists of a title with a colon and indented lines, such as ``Examples:``, becomes
a section whose lines stay as they are.
"""

from __future__ import annotations

import errno
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module

import click

from . import __version__
from .files import reason_of
from .options import COMMANDS, COMPLETE_VARIABLE, HEADINGS, Given, Option, options_of
from .options.parameters import parameter
from .output import Unwritable, drop
from .output.say import PROGRAM, Failed, UsageError, finished, quietly
from .text import inert, printable
from .typed import Any, Final, NamedTuple, NoReturn

Records = list[tuple[str, str]]
"""Names, such as those of an option, and the texts beside them."""
_LONGEST: Final = 24
"""The maximum width of names with texts beside them: 50 of an 80 column terminal are left."""
_OF_WRITING: Final = (errno.ENOSPC, errno.EBADF, errno.EFBIG, errno.EIO, errno.EDQUOT)
"""The errors of a write. Click writes the help itself; :mod:`linter.output` writes everything else."""


class HelpText(NamedTuple):
    """The help of a command: paragraphs of prose, and the lines of its sections by title, such as ``Examples``."""

    paragraphs: list[str]
    sections: dict[str, list[str]]


def help_text(command: click.Command) -> HelpText:
    """The help of a command, from its docstring."""
    text = HelpText([], {})
    for block in inspect.cleandoc((command.function.__doc__ if isinstance(command, Command) else command.help) or "").split("\n\n"):
        title, *lines = block.split("\n")
        if title.endswith(":") and lines and all(line.startswith("  ") for line in lines):
            text.sections[title[:-1]] = [line[2:] for line in lines]
        else:
            text.paragraphs.append(" ".join(block.split()))
    return text


def options_by_heading(command: click.Command, ctx: click.Context, more: Iterable[click.Parameter] = ()) -> dict[str, Records]:
    """The names and help texts of the options of a command, and of ``more``, under their headings."""
    options = [one for one in (*command.get_params(ctx), *more) if isinstance(one, click.Option)]
    records = [(getattr(one, "heading", "Help"), one.get_help_record(ctx)) for one in options]
    found = {heading: [record for its, record in records if its == heading and record is not None] for heading in HEADINGS}
    return {heading: own for heading, own in found.items() if own}


def _write_help(formatter: click.HelpFormatter, text: HelpText, options: Mapping[str, Records], commands: Records) -> None:
    """Write everything after the usage: prose, examples, commands and options, whose texts start in one column, and the other sections."""
    with formatter.indentation():
        for paragraph in text.paragraphs:
            formatter.write_paragraph()
            formatter.write_text(paragraph)
    examples, *others = text.sections.items()
    _write_lines(formatter, *examples)
    if commands:
        with formatter.section("Commands"):
            formatter.write_dl(commands)
    longest = max(len(name) for records in options.values() for name, _ in records)
    for heading, records in options.items():
        with formatter.section(heading):
            formatter.write_dl([(name.ljust(min(longest, _LONGEST)), says) for name, says in records], _LONGEST)
    for section in others:
        _write_lines(formatter, *section)


def _write_lines(formatter: click.HelpFormatter, title: str, lines: list[str]) -> None:
    with formatter.section(title):
        formatter.write("".join(f"  {line}".rstrip() + "\n" for line in lines))


def _completions(option: Option, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
    from .commands.completion import complete  # only a shell asks for it

    return complete(option, ctx, incomplete)


class Command(click.Command):
    """A command of :mod:`linter.commands`. Its module is imported when it is run or its help is shown."""

    def __init__(self, name: str) -> None:
        super().__init__(name, callback=self._run, params=[parameter(option, _completions) for option in options_of(name)])

    @property
    def function(self) -> Callable[[Given], int | None]:
        """The function that runs it."""
        run: Callable[[Given], int | None] = import_module(f".commands.{str(self.name).replace('-', '_')}", __package__).run
        return run

    def _run(self, **given: Any) -> int | None:
        try:
            return self.function(Given(**given))
        except UsageError as error:
            raise click.UsageError(str(error)) from None

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :meth:`click.Command.format_help`: examples, and options under headings."""
        self.format_usage(ctx, formatter)
        _write_help(formatter, help_text(self), options_by_heading(self, ctx), [])


class Commands(click.Group):
    """A group whose ``check`` command need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See :meth:`click.Group.parse_args`. Raises :exc:`click.UsageError` for a word that is not a path but nearly a command."""
        word = args[0] if args else ""
        is_named = word in (*COMMANDS, "--help", "-h", "--version") or (ctx.resilient_parsing and not args)  # completion may begin with one
        if not (is_named or ctx.resilient_parsing) and word[:1] != "-" and word.replace("-", "").isalpha() and not os.path.lexists(word):
            from .suggest import did_you_mean  # "medplum-lint tset policies" would check policies

            if near := did_you_mean(word, COMMANDS):
                raise click.UsageError(f'there is no command and no file "{word}"{near}')
        return super().parse_args(ctx, args if is_named else ["check", *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """What can come first: a command, a path, or an option of ``check``."""
        from click.shell_completion import CompletionItem

        with self.commands["check"].make_context("check", [], parent=ctx, resilient_parsing=True) as check:
            options = check.command.shell_complete(check, incomplete)
        files = [] if incomplete.startswith("-") else [CompletionItem(incomplete, type="file")]
        commands = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        # bash forgets what comes before a file.
        return [*files, *commands, *click.Command.shell_complete(self, ctx, incomplete), *options]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage of ``check``, whose name can be left out, and of the other commands."""
        formatter.write_usage(PROGRAM, "[check] [OPTIONS] [PATH]...")
        formatter.write_usage(PROGRAM, "COMMAND [OPTIONS] ...")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :meth:`click.Command.format_help`: the commands, and the options of ``check``."""
        self.format_usage(ctx, formatter)
        _write_help(formatter, help_text(self), options_by_heading(self.commands["check"], ctx, self.params), list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **more: Any) -> NoReturn:  # type: ignore[override]
        """Run a command and exit. Names in click's own messages are made printable, as in ours."""
        sys.exit(finished(lambda: self._code(args, prog_name or PROGRAM, more)))

    def _code(self, args: Sequence[str] | None, prog_name: str, more: Mapping[str, Any]) -> int | None:
        """The exit code of a command."""
        if os.environ.get(COMPLETE_VARIABLE):  # a shell asks what can be completed
            _prepare_completion(os.environ[COMPLETE_VARIABLE])
            super().main(args, prog_name, **more)
        try:
            with self.make_context(prog_name, list(sys.argv[1:] if args is None else args), **more) as context:
                code: int | None = self.invoke(context)
                return code
        except click.exceptions.Exit as stop:
            if sys.stdout is None:
                raise Unwritable("standard output", "it is closed") from None
            return stop.exit_code
        except click.ClickException as error:
            quietly(click.UsageError(inert(printable(error.format_message())), getattr(error, "ctx", None)).show)
            return error.exit_code
        except OSError as error:
            if error.errno not in _OF_WRITING:
                raise
            drop(sys.stdout)
            raise Unwritable("standard output", reason_of(error)) from None


def _prepare_completion(asked: str) -> None:
    """Make click's script for fish keep what precedes a comma, as in ``--select tls,mail`` and in the titles of rules.

    Raises :exc:`Failed` if the variable asks for a shell that click does not know: click would print nothing.
    """
    from click.shell_completion import FishComplete, add_completion_class, get_completion_class

    shell, _, what = asked.partition("_")
    is_complete = what == "source" or (what == "complete" and {"COMP_WORDS", "COMP_CWORD"} <= set(os.environ))
    if get_completion_class(shell) is None or not is_complete:
        raise Failed(f'{COMPLETE_VARIABLE} is "{asked}": bash_source, zsh_source and fish_source print what a shell needs')

    class Fish(FishComplete):
        source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')

    add_completion_class(Fish)


def _show_version(context: click.Context, _parameter: click.Parameter, is_asked: bool) -> None:
    if not is_asked or context.resilient_parsing:
        return
    from .settings.releases import KNOWN  # only here

    click.echo(f"{PROGRAM} {__version__}\nKnows the {KNOWN}.")
    context.exit()


_VERSION: Final = click.Option(
    ["--version"],
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
cli: Final = Commands(
    "cli",
    commands={name: Command(name) for name in COMMANDS},
    params=[_VERSION],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Check the configuration of a self-hosted Medplum server: JSON config files, dumps of AWS Parameter Store, variables.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.
    dump.json#prod is one environment of a file, or one of its services or containers. aws:eu-west-1:/medplum/prod/ is what is deployed.

    Examples:
      # Check a file, or every file that is recognised in a folder
      medplum-lint medplum.config.json
      medplum-lint deploy --fail-on warning
      # Check standard input
      medplum-lint - < dump.json
      # Ask what a rule is about
      medplum-lint explain missing-trailing-slash

    Exit codes:
      0  no finding as severe as --fail-on
      1  findings
      2  could not run as asked
      3  a bug in medplum-lint
    """,
)


def main() -> NoReturn:
    """The console script."""
    cli.main()
