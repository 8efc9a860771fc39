"""For editors and ``grep``: one line a finding, as compilers write it (``--format concise``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from ..model import Finding, Result, Style
from ..text import inert, printable
from ..typed import IO, Final
from ._words import first_lines, last_lines, of_holder, paint, place, shown, statistics

TABLE: Final = True
"""It can have a table of the rules."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write ``path:line:column: severity[rule] message`` for each finding, and unless ``quiet`` the files left alone and a summary."""
    findings = shown(result)
    about: list[str] = []
    if style.statistics:
        about += statistics(findings, style)
    if not style.quiet:
        about += [*first_lines(result), *last_lines(result, style)]
    names = {(document.uri, holder) for document in result.documents for holder in document.holders or [document.environment]}
    shared = {path for path, number in Counter(path for path, _ in names).items() if number > 1}
    lines = (*(_line(finding, style, shared) for finding in findings), *about)
    stream.writelines(f"{inert(line)}\n" for line in lines)


def _line(finding: Finding, style: Style, shared: Collection[str]) -> str:
    """One finding; in a file that several environments or services share, with the one it is about."""
    holder = of_holder(finding.document, finding.held_by) if finding.document.uri in shared else ""
    where = paint(f"{place(finding.document, finding.span)}:", "place", style)
    label = paint(f"{finding.severity}[{printable(finding.rule)}]", finding.severity, style)
    return f"{where} {label} {printable(finding.message)}{holder}"
