"""The command line as a whole: a group of commands, what it says on standard error, and the code with which it exits."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

import click

from .files import reason_of
from .output import Unwritable, drop
from .text import inert, printable

PROGRAM: Final = "medplum-lint"


class Commands(click.Group):
    """A group whose ``check`` command need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See :meth:`click.Group.parse_args`. Raises :exc:`click.UsageError` for what is no path and nearly a command."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            self._refuse_slip(args)
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def _refuse_slip(self, args: list[str]) -> None:
        """Refuse what is no path and nearly a command: ``medplum-lint tset policies`` would lint policies."""
        word = args[0] if args else ""
        if word.isalpha() and not os.path.lexists(word):
            from .policy.errors import did_you_mean

            near = did_you_mean(word, self.commands)
            if near:
                raise click.UsageError(f'there is no command and no file "{word}"{near}')

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage of ``check``, which need not be named, and of the other commands."""
        formatter.write_usage(PROGRAM, "[check] [OPTIONS] [PATH]...")
        formatter.write_usage(PROGRAM, "COMMAND [OPTIONS] ...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of ``check``, and the commands."""
        self.commands["check"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *others: Any, **more: Any) -> NoReturn:
        """Run a command and exit: 130 for Ctrl-C, 141 where the reader of the output has gone, 2 where it cannot be written.

        Names in click's own messages are made printable, as in ours.
        """
        if "_MEDPLUM_LINT_COMPLETE" in os.environ:  # a shell asks what can be completed
            super().main(args, prog_name, *others, **more)
        code = 0
        try:
            with self.make_context(prog_name or PROGRAM, list(sys.argv[1:] if args is None else args), **more) as context:
                self.invoke(context)
        except click.exceptions.Exit as stop:
            code = stop.exit_code if sys.stdout is not None else cannot_write("it is closed")
        except click.ClickException as error:
            quietly(click.UsageError(inert(printable(error.format_message())), getattr(error, "ctx", None)).show)
            code = error.exit_code
        except (KeyboardInterrupt, click.Abort):
            code = 130
        except BrokenPipeError:
            drop(sys.stdout)
            code = 141
        except Unwritable as error:
            code = cannot_write(str(error))
        except OSError as error:
            if error.errno not in _OF_WRITING:
                raise
            drop(sys.stdout)
            code = cannot_write(reason_of(error))
        sys.exit(code)


def cannot_write(reason: str) -> int:
    """Say on standard error why standard output cannot be written; the exit code for it."""
    say("error", f"standard output: cannot be written: {reason}")
    return 2


_OF_WRITING = frozenset(getattr(errno, name, None) for name in ("ENOSPC", "EBADF", "EFBIG", "EIO", "EDQUOT"))
"""What a write can fail with: that of the help, which click writes itself. All else is written by :mod:`linter.output`."""


def say(what: str, text: str) -> None:
    """Write ``medplum-lint: WHAT: TEXT`` to standard error, in one line, whatever names it holds."""
    quietly(lambda: click.echo(inert(f"{PROGRAM}: {what}: {printable(text)}"), err=True))


def quietly(say: Callable[[], object]) -> None:
    """Call what writes to standard error; where that is full or gone, the exit code still says what went wrong."""
    if sys.stderr is None:
        return
    try:
        say()
    except (OSError, ValueError):
        drop(sys.stderr)
