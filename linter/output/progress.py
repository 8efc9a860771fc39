"""A line on standard error that says how far a run is: after two seconds, on a terminal only, and gone at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..reporters._columns import width
from ..text import printable
from ..typed import IO, Final
from . import columns_of

_AFTER: Final = 2.0
"""Seconds of silence: a run that is shorter needs no line."""
_EVERY: Final = 0.2
"""Seconds between two looks at how far it is."""


@contextmanager
def shown(stream: IO[str], after: float = _AFTER) -> Iterator[Callable[[str, int, int, str], object]]:
    """Show on a stream, which is a terminal, how far the block is, and leave nothing of it.

    The block gets a function to call when a step begins: with what is done, how many of all are done, and with which file it goes on.
    """
    ended, text = threading.Event(), "searching for files"

    def step(what: str, done: int, total: int, name: str) -> None:
        nonlocal text
        text = f"{what} {done + 1:,} of {total:,}: {name}"

    def show() -> None:
        wait, written = after, ""
        with suppress(OSError, ValueError):  # a terminal that is gone is no reason to stop
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
