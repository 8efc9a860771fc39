"""For people in a terminal: by file what is wrong, what comes of it and what to do, with the source lines; and a summary of the run."""

from __future__ import annotations

from ..model import Result, Style
from ..typed import IO, Final
from ._about_run import MANY, about_the_run, as_text, folded, servers, shown, statistics

TABLE: Final = True
"""It can have a table of the rules."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the findings, and unless ``quiet`` what was left alone and a summary; with many findings also a table of the rules."""
    findings = shown(result)
    if not style.quiet:
        stream.write(as_text(folded(servers(result), style)))
    if findings:
        from ._report_by_file import by_file  # nothing of it is needed on a clean run

        stream.writelines(by_file(findings, result, style))
    if findings and (style.statistics or (style.statistics is None and len(findings) > MANY and not style.quiet)):
        stream.write(as_text([*statistics(findings, style), ""]))
    if not style.quiet:
        stream.write(as_text(folded(about_the_run(result, style, with_commands=True), style)))
