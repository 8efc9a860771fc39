"""Runs commands of medplum-lint, in this process for speed, or each in one of its own."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from linter import cli

from .corpus import ROOT

_INTERRUPTED = 130


class Run(NamedTuple):
    """What a command did. ``crash`` is the traceback of an uncaught exception, empty if there was none."""

    code: int
    out: bytes
    err: bytes
    crash: str = ""

    @property
    def report(self) -> str:
        """Standard output as text."""
        return self.out.decode("utf-8", "replace")

    @property
    def complaints(self) -> str:
        """Standard error as text."""
        return self.err.decode("utf-8", "replace")


class _Stream(io.TextIOWrapper):
    """A standard stream that keeps its bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)

    def taken(self) -> bytes:
        self.flush()
        kept = self.buffer
        assert isinstance(kept, io.BytesIO)
        return kept.getvalue()


@contextmanager
def _streams(arguments: Sequence[str], given: bytes) -> Iterator[tuple[_Stream, _Stream]]:
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    out, err = _Stream(), _Stream()
    sys.argv = ["medplum-lint", *arguments]
    sys.stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
    sys.stdout, sys.stderr = out, err
    try:
        yield out, err
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before


def inside(arguments: Sequence[str], given: bytes = b"") -> Run:
    """Run a command in this process, with ``given`` as standard input."""
    code, crash = 0, ""
    with _streams(arguments, given) as (out, err), warnings.catch_warnings():
        warnings.simplefilter("always")
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except Exception as error:
            code, crash = -1, "".join(traceback.format_exception(error))
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        return Run(code, out.taken(), err.taken(), crash)


def outside(arguments: Sequence[str], given: bytes = b"") -> Run:
    """Run a command in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not re.match("MEDPLUM_LINT|PYTHON", name)}
    done = subprocess.run(
        [sys.executable, "-W", "always", "-m", "linter", *arguments],
        input=given,
        capture_output=True,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )
    return Run(done.returncode, done.stdout, done.stderr)
