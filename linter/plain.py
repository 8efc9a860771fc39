"""The command line as hooks and most people write it: files, folders, a few switches, and the format of the report.

It is read here, because to import click and make all options of all commands takes more than a third of the time of a run on a small file.
What is anything else is left to :mod:`linter.cli`, which does the same with it: ``tests/test_plain.py`` holds the two together.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from .checking import said_of, watched, with_commands, with_contents
from .config import Overrides
from .model import Style
from .output import STANDARD_OUTPUT
from .report import write_all
from .run import Options, Outcome, lint_paths
from .say import without_traceback, written
from .typed import Final, NamedTuple, NoReturn

_SWITCHES: Final = frozenset({"--allow-unrecognized", "--force-exclude", "--quiet", "-q"})
_COMMANDS: Final = frozenset("accept check diff explain init new-rule rules schema show test upgrade".split())
"""What a word is of :mod:`linter.cli`, though there may be a file or folder that is called so."""
_VARIABLES: Final = ("MEDPLUM_LINT_SERVER_VERSION", "_MEDPLUM_LINT_COMPLETE")
"""The variables that only click looks at."""


_FORMAT: Final = ("--format", "-f")


class Plain(NamedTuple):
    """What such a command line asks for: the switches that are given, files and folders that are there, and the format of the report."""

    switches: frozenset[str]
    paths: tuple[str, ...]
    output_format: str = "text"


def parsed(arguments: Sequence[str]) -> Plain | None:
    """What a command line asks for, as far as that can be said without click; None where it cannot."""
    if any(os.environ.get(name) for name in _VARIABLES):
        return None
    output_format, arguments = _with_format(arguments)
    switches = [one for one in arguments if one.startswith("-")]
    paths = [one for one in arguments if not one.startswith("-")]
    if not _SWITCHES.issuperset(switches) or not all(one not in _COMMANDS and _is_ordinary(one) for one in paths):
        return None
    return Plain(frozenset(switches), tuple(paths) or (".",), output_format)


def _with_format(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The format that a command line names, and the rest of it; all of it is the rest where it does not name one, and only one, plainly."""
    at = next((index for index, one in enumerate(arguments) if one in _FORMAT), None)
    if at is None or at + 1 == len(arguments):
        return "text", arguments
    from .reporters import names  # only where one is named

    name = arguments[at + 1]
    return (name, [*arguments[:at], *arguments[at + 2 :]]) if name in names() else ("text", arguments)


def _is_ordinary(path: str) -> bool:
    """Whether a path is that of a file or folder, as click's own answer would be: a name that no file can have is refused by it."""
    return os.path.isfile(path) or os.path.isdir(path)


def run(given: Plain) -> int:
    """Check what is given, report it on standard output, and return the exit code."""
    return without_traceback(partial(written, partial(_check, given)))


def _check(given: Plain) -> int:
    quiet = not given.switches.isdisjoint(("--quiet", "-q"))
    options = Options(
        Overrides(),
        allow_unrecognized="--allow-unrecognized" in given.switches,
        force_exclude="--force-exclude" in given.switches,
    )

    def check(contents: Mapping[str, bytes] | None) -> Outcome:
        return watched(partial(lint_paths, list(given.paths)), with_contents(options, contents))

    outcome = with_commands(check(None), check, unsafe=False, as_they_are=True).outcome
    if outcome.started:
        outcome = write_all(outcome, [(given.output_format, STANDARD_OUTPUT)], Style(quiet=quiet), "auto")
    said_of(outcome, quiet=quiet)
    return outcome.exit_code


def command(arguments: Sequence[str]) -> Callable[[], NoReturn | None]:
    """What runs a command line and exits, with all imported that it needs: by click where it is not a plain one."""
    given = parsed(arguments)
    if given is not None:
        return lambda: sys.exit(run(given))
    from .cli import main

    return main
