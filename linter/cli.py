"""The command line as a whole: the group of commands, and the code with which it exits."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence

import click

from . import __version__
from .console import HELP_NAMES, Command, help_text, options_by_heading, write_help
from .files import reason_of
from .options import COMMANDS, COMPLETE_VARIABLE
from .output import drop
from .say import PROGRAM, cannot_write, finished, quietly, say, without_traceback
from .text import inert, printable
from .typed import Any, Final, NoReturn

_OF_WRITING: Final = frozenset(getattr(errno, name, None) for name in ("ENOSPC", "EBADF", "EFBIG", "EIO", "EDQUOT"))
"""The errors of a write. Click writes the help itself; :mod:`linter.output` writes everything else."""


class Commands(click.Group):
    """A group whose ``check`` command need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See :meth:`click.Group.parse_args`. Raises :exc:`click.UsageError` for a word that is no path and nearly a command."""
        if ctx.resilient_parsing and not args:  # completion: what comes first may be a command
            return super().parse_args(ctx, args)
        word = args[0] if args else ""
        if word in (*COMMANDS, "--help", "-h", "--version"):
            return super().parse_args(ctx, args)
        if not ctx.resilient_parsing and word[:1] != "-" and word.replace("-", "").isalpha() and not os.path.lexists(word):
            from .suggest import did_you_mean  # "medplum-lint tset policies" would check policies

            near = did_you_mean(word, COMMANDS)
            if near:
                raise click.UsageError(f'there is no command and no file "{word}"{near}')
        return super().parse_args(ctx, ["check", *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """What can come first: a command, a path, or an option of ``check``."""
        from click.shell_completion import CompletionItem

        with self.commands["check"].make_context("check", [], parent=ctx, resilient_parsing=True) as check:
            options = check.command.shell_complete(check, incomplete)
        files = [] if incomplete.startswith("-") else [CompletionItem(incomplete, type="file")]
        commands = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        # bash forgets what it was told before a file.
        return [*files, *commands, *click.Command.shell_complete(self, ctx, incomplete), *options]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage of ``check``, which need not be named, and of the other commands."""
        formatter.write_usage(PROGRAM, "[check] [OPTIONS] [PATH]...")
        formatter.write_usage(PROGRAM, "COMMAND [OPTIONS] ...")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :meth:`click.Command.format_help`: the commands, and the options of ``check``."""
        self.format_usage(ctx, formatter)
        options = options_by_heading(self.commands["check"], ctx, self.params)
        write_help(formatter, help_text(self), {"Commands": list(COMMANDS.items()), **options})

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *others: Any, **more: Any) -> NoReturn:
        """Run a command and exit. Names in click's own messages are made printable, as in ours."""
        if os.environ.get(COMPLETE_VARIABLE):  # a shell asks what can be completed
            _check_completion(os.environ[COMPLETE_VARIABLE])
            _keep_commas_in_fish()
            super().main(args, prog_name, *others, **more)
        sys.exit(finished(lambda: self._code(prog_name, args, more)))

    def _code(self, prog_name: str | None, args: Sequence[str] | None, more: Mapping[str, Any]) -> int | None:
        """The exit code of a command."""
        try:
            with self.make_context(prog_name or PROGRAM, list(sys.argv[1:] if args is None else args), **more) as context:
                code: int | None = self.invoke(context)
                return code
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


def _check_completion(asked: str) -> None:
    """Stop if the variable asks for a shell that click does not know: click would say nothing."""
    from click.shell_completion import get_completion_class

    shell, _, what = asked.partition("_")
    known = get_completion_class(shell) is not None
    if not known or what not in ("source", "complete") or (what == "complete" and not {"COMP_WORDS", "COMP_CWORD"} <= set(os.environ)):
        say("error", f'{COMPLETE_VARIABLE} is "{asked}": bash_source, zsh_source and fish_source print what a shell needs')
        sys.exit(2)


def _keep_commas_in_fish() -> None:
    """Have click's script for fish keep what follows a comma, as in ``--select tls,mail`` and in the titles of rules."""
    from click.shell_completion import FishComplete, add_completion_class

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
    context_settings={**HELP_NAMES, "max_content_width": 120},
    help="""Check the configuration of a self-hosted Medplum server: JSON config files, dumps of AWS Parameter Store, variables.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.

    Examples:
      # Check a file, or a folder with all that is recognised in it
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


def main(run: Callable[..., Any] = cli) -> None:
    """The console script."""
    sys.exit(without_traceback(lambda: run(prog_name=PROGRAM)))
