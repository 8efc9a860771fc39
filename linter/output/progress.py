"""A progress line on standard error: after two seconds, on a terminal only, and removed at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..reporters._columns import width
from ..text import printable
from ..typed import IO, Final
from . import columns_of

_AFTER: Final = 2.0
"""Seconds before the line appears: a shorter run needs none."""
_EVERY: Final = 0.2
"""Seconds between two updates."""


@contextmanager
def shown(stream: IO[str], after: float = _AFTER) -> Iterator[Callable[[str, int, int, str], object]]:
    """Show the progress of the block on a stream, which is a terminal, and remove it at the end.

    The block gets a function to call when a step begins: with the kind of step, how many of how many are done, and the current file.
    """
    ended, text = threading.Event(), "searching for files"

    def step(what: str, done: int, total: int, name: str) -> None:
        nonlocal text
        text = f"{what} {done + 1:,} of {total:,}: {name}"

    def show() -> None:
        wait, written = after, ""
        with suppress(OSError, ValueError):  # a closed terminal is no reason to stop
            while not ended.wait(wait):
                wait, line = _EVERY, printable(f"medplum-lint: {text}")
                while line and width(line) >= (columns_of(stream) or 80):
                    line = line[:-1]
                if line != written:
                    stream.write(f"\r\033[K{line}")
                    stream.flush()
                written = line
            if written:
                stream.write("\r\033[K")
                stream.flush()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield step
    finally:
        ended.set()
        thread.join()
