"""A check as both command lines run it: watched by who waits for it, and with what is said of it beside the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from .run import Options, Outcome
from .say import say, say_all


def watched(lint: Callable[[Options], Outcome], options: Options) -> Outcome:
    """A run, with a line that says how far it is where it takes long and somebody sees it."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return lint(options)
    from . import progress  # not needed where nobody sees it

    seen = progress.Progress()
    with progress.shown(seen, sys.stderr):
        return lint(options._replace(on_step=seen.step))


def said_of(outcome: Outcome, *, quiet: bool, stale_baseline: bool = False) -> None:
    """Say what there is to tidy up, unless ``quiet``, and what went wrong; stale entries of a baseline too where the run fails for them."""
    for notice in outcome.result.notices:
        if not quiet or (notice.kind == "stale-baseline" and stale_baseline):
            say("note", notice.text)
    say_all(outcome.errors, outcome.bugs)
