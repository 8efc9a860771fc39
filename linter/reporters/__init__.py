"""How results are written: one module per output format, called as its file (those that start with ``_`` are shared parts).

A reporter is a :class:`Reporter`, and imports nothing of ours but :mod:`linter.text`, :mod:`linter.model` and :mod:`linter.redaction.mask`;
``tests/test_reporter_contract.py`` sees to it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..typed import IO, TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from ..model import Result, Style


class Reporter(Protocol):
    """One output format: what every module of this package is that is called without ``_``.

    One that has a word for suppressed findings says ``SHOWS_SUPPRESSED = True``, and reports them where ``style.suppressed`` asks for it.
    """

    __name__: str

    def report(self, result: Result, stream: IO[str], style: Style = ...) -> None:
        """Write a run to a stream, and to nothing else; the same run is written the same."""


def names() -> list[str]:
    """The output formats, in the order of their names."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def reporter(name: str) -> Reporter:
    """The module of a format; only it is imported."""
    return cast("Reporter", import_module(f".{name}", __package__))
