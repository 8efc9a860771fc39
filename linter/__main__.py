"""``medplum-lint``, which is also ``python -m linter``."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from .typed import NoReturn


def _stop(*_: object) -> NoReturn:
    """Exit at once and silently: Ctrl-C can arrive anywhere, even in an import, where Python would only print the exception and go on."""
    os._exit(130)


_GC_THRESHOLD = 50_000
"""Allocations between garbage collections, instead of 700: a run makes almost no garbage, and collecting took a fifth of its time. A small
file allocates up to 28,000 objects, and one collection takes as long as two findings."""


def main() -> None:
    """Run the command line, and end the process.

    The garbage collector stays off until everything is imported: none of that is garbage, and looking for it takes a tenth of a whole run.
    At exit Python would release objects one by one that the system frees at once, which takes as long again. With MEDPLUM_LINT_DEBUG it
    does so, because a profiler may hook into a normal exit.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    gc.disable()
    run = command(sys.argv[1:])
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, *gc.get_threshold()[1:])
    gc.enable()
    try:
        run()
    except SystemExit as stop:
        if not os.environ.get("MEDPLUM_LINT_DEBUG"):
            _leave(stop.code)
        raise


def command(arguments: Sequence[str]) -> Callable[[], NoReturn | None]:
    """The function that runs a command line and exits, with everything imported that it needs; click only where it is needed."""
    from .options import read_plain

    given = read_plain(arguments)
    if given is None:
        from .cli import main

        return main
    from .commands import check
    from .output.say import finished

    return lambda: sys.exit(finished(partial(check.run, given)))


def _leave(code: object) -> None:
    """Exit at once with an exit code. Does nothing if that is not a number, or if output is left that cannot be written."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return  # Python says so at its own end
    if isinstance(code, int):
        os._exit(code)


if __name__ == "__main__":
    main()
