"""For people in a terminal: by file what is wrong, what comes of it and what to do, with the source lines; and a summary of the run."""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Result, Style
from ..typed import IO, Final
from ._words import framed, shown

TABLE: Final = True
"""It can have a table of the rules."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the findings, and unless ``quiet`` the files left alone and a summary; with many findings also a table of the rules."""
    findings = shown(result)
    body: Iterable[str] = ()
    if findings:
        from ._report_by_file import by_file  # not needed on a clean run

        body = by_file(findings, result, style)
    stream.writelines(framed(result, style, body, with_commands=True))
