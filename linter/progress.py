"""A line on standard error that says how far a run is: after two seconds, on a terminal only, and gone at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .text import printable
from .typed import IO, Final

_AFTER: Final = 2.0
"""Seconds of silence: a run that is shorter needs no line."""
_EVERY: Final = 0.2
"""Seconds between two looks at how far it is."""


class Progress:
    """How far a run is: a run sets it, and another thread reads it."""

    def __init__(self) -> None:
        self.what = "searching for files"
        self.done = 0
        self.total = 0
        self.name = ""

    def step(self, what: str, done: int, total: int, name: str = "") -> None:
        """Note that a step begins: what is done, how many of all are done, and with which file it goes on."""
        self.what, self.done, self.total, self.name = what, done, total, name

    def line(self, columns: int) -> str:
        """It as one line of so many columns at most."""
        text = f"medplum-lint: {self.what} {self.done + 1:,} of {self.total:,}" if self.total else f"medplum-lint: {self.what}"
        line = printable(f"{text}: {self.name}" if self.name else text)
        from .reporters._columns import width  # only where a run takes long

        while line and width(line) >= columns:
            line = line[:-1]
        return line


@contextmanager
def shown(progress: Progress, stream: IO[str], after: float = _AFTER) -> Iterator[None]:
    """Show the progress on a stream, which is a terminal, while the block runs, and leave nothing of it."""
    import threading  # not needed where standard error is no terminal

    ended = threading.Event()

    def show() -> None:
        wait, written = after, ""
        with suppress(OSError, ValueError):  # a terminal that is gone is no reason to stop
            while not ended.wait(wait):
                wait, line = _EVERY, progress.line(_columns(stream))
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
        yield
    finally:
        ended.set()
        thread.join()


def _columns(stream: IO[str]) -> int:
    """The columns of the terminal that a stream is: standard output may be elsewhere."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
