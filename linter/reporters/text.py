"""For people in a terminal: by file what is wrong, what comes of it and what to do, with the source lines; and a summary of the run."""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Result, Style
from ..text import inert
from ..typed import IO, Final
from ._about_run import MANY, about_the_run, folded, servers, shown, statistics

TABLE: Final = True
"""It can have a table of the rules."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the findings, and unless ``quiet`` what was left alone and a summary; with many findings also a table of the rules."""
    findings = shown(result)
    if not style.quiet:
        _write(folded(servers(result), style), stream)
    if findings:
        from ._report_by_file import by_file  # nothing of it is needed on a clean run

        stream.writelines(by_file(findings, result, style))
    if findings and (style.statistics or (style.statistics is None and len(findings) > MANY and not style.quiet)):
        _write([*statistics(findings, style), ""], stream)
    if not style.quiet:
        _write(folded(about_the_run(result, style, with_commands=True), style), stream)


def _write(lines: Iterable[str], stream: IO[str]) -> None:
    stream.writelines(f"{inert(line)}\n" for line in lines)
