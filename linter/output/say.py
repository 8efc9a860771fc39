"""Messages on standard error, and the exit codes of commands that stop early. Does not import click."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from ..log import described
from ..options.config import ConfigError
from ..text import inert, printable
from ..typed import Final
from . import Unwritable, drop

PROGRAM: Final = "medplum-lint"


def say(what: str, *texts: str) -> None:
    """Write ``medplum-lint: WHAT: TEXT`` to standard error for each text, on one line, whatever names it contains."""
    for text in texts:
        quietly(partial(print, inert(f"{PROGRAM}: {what}: {printable(text)}"), file=sys.stderr, flush=True))


def say_all(errors: Iterable[str], bugs: Iterable[str]) -> None:
    """Print errors."""
    say("error", *errors)
    say("bug", *(f"{bug}; please report it" for bug in bugs))


def quietly(write: Callable[[], object]) -> None:
    """Write to standard error, ignoring failures: the exit code still tells what went wrong."""
    if sys.stderr is None:
        return
    try:
        write()
    except (OSError, ValueError):
        drop(sys.stderr)


@contextmanager
def on_terminal() -> Iterator[Callable[[str, int, int, str], object]]:
    """A function to call with how far a block is, which shows that on a terminal; see :func:`linter.output.progress.shown`."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda *_how_far: None
        return
    from .progress import shown  # only on a terminal

    with shown(sys.stderr) as step:
        yield step


class UsageError(Exception):
    """A command line that cannot be used; the text says why."""


class Failed(Exception):
    """Errors of a command, and bugs in our own code; it ends the command."""

    def __init__(self, *errors: str, bugs: Sequence[str] = ()) -> None:
        super().__init__(*errors)
        self.errors, self.bugs = errors, bugs


def fail_for(errors: Iterable[str], bugs: Sequence[str] = ()) -> None:
    """Raise :exc:`Failed` if there is an error or a bug."""
    failed = Failed(*errors, bugs=bugs)
    if failed.errors or bugs:
        raise failed


def finished(run: Callable[[], int | None]) -> int:
    """The exit code of a command: its own, or that of the exception that ended it, which is reported.

    141: the reader of standard output has gone. 3 is a bug in medplum-lint. No traceback of it reaches the user; set MEDPLUM_LINT_DEBUG to
    see one (it may show values of your files).
    """
    try:
        return run() or 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        drop(sys.stdout)
        return 141
    except (ConfigError, Unwritable) as error:
        say("error", str(error))
        return 2
    except Failed as failed:
        say_all(failed.errors, failed.bugs)
        return 3 if failed.bugs else 2
    except Exception as error:
        if os.environ.get("MEDPLUM_LINT_DEBUG"):
            raise
        say_all([], [described(error)])
        return 3
