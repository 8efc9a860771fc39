"""Output formats: one module per format, named after it (those that start with ``_`` are shared).

A reporter is a :class:`Reporter`, and imports only :mod:`linter.text`, :mod:`linter.model` and :mod:`linter.redaction.mask` of this
package; ``tests/test_reporter_contract.py`` checks that.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..typed import IO, TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from ..model import Result, Style


class Reporter(Protocol):
    """One output format: the interface of each module of this package whose name has no leading ``_``.

    A format that can express suppressed findings says ``SHOWS_SUPPRESSED = True``, and reports them if ``style.suppressed`` asks for it.
    One that shows controls says ``SHOWS_CONTROLS = True``, and gets a result with them.
    """

    __name__: str

    def report(self, result: Result, stream: IO[str], style: Style = ...) -> None:
        """Write a run to a stream, and nowhere else; the same run always gives the same output."""


def names() -> list[str]:
    """The output formats, sorted by name."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def reporter(name: str) -> Reporter:
    """The module of a format; only it is imported."""
    return cast("Reporter", import_module(f".{name}", __package__))
