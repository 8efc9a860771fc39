"""A check as both command lines run it: watched by who waits for it, its commands tried, and with what is said of it beside the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from .run import Options, Outcome
from .say import say, say_all
from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .fixes.store_plan import FixedDump

Check = Callable[[Mapping[str, bytes] | None], Outcome]
"""What checks the inputs of a run, some of them with other contents; None keeps none of the contents."""


class Tried(NamedTuple):
    """A check whose dumps have only such commands as bring nothing worse, the dumps that these change, and why others are left out."""

    outcome: Outcome
    dumps: Sequence[FixedDump] = ()
    notes: Sequence[str] = ()


def watched(lint: Callable[[Options], Outcome], options: Options) -> Outcome:
    """A run, with a line that says how far it is where it takes long and somebody sees it."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return lint(options)
    from . import progress  # not needed where nobody sees it

    seen = progress.Progress()
    with progress.shown(seen, sys.stderr):
        return lint(options._replace(on_step=seen.step))


def said_of(outcome: Outcome, *, quiet: bool, stale_baseline: bool = False) -> None:
    """Say what there is to tidy up, unless ``quiet``, and what went wrong; stale entries of a baseline too where the run fails for them.

    The report says what a configuration switches off. Where it is ``quiet`` that is said here, unless the command line names the file.
    """
    for one in outcome.result.configurations:
        if quiet and one.rules_off and not one.named:
            say("note", f"{one.path}: switches off {len(one.rules_off)} {'rule' if len(one.rules_off) == 1 else 'rules'}")
    for notice in outcome.result.notices:
        if not quiet or (notice.kind == "stale-baseline" and stale_baseline):
            say("note", notice.text)
    say_all(outcome.errors, outcome.bugs)


def with_contents(options: Options, contents: Mapping[str, bytes] | None) -> Options:
    """The options for a run in which some files have other contents."""
    return options if contents is None else options._replace(keep_contents=True, instead=contents)


def with_commands(outcome: Outcome, check_again: Check, unsafe: bool, *, as_they_are: bool = False) -> Tried:
    """The outcome of a check, with the commands for its dumps tried on what these hold.

    ``as_they_are``: it is what a check of the files as they are gives, so that no other one is needed.
    """
    if all(finding.fix is None or finding.fix.commands is None for finding in outcome.result.findings):
        return Tried(outcome)
    from .commands.fix_script import tried

    return Tried(*tried(outcome, check_again, unsafe=unsafe, first=outcome if as_they_are else None))
