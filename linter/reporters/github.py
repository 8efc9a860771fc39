"""Workflow commands of GitHub Actions (``--format github``): each finding is an annotation in the pull request and a line of the log.

The form is that of "Workflow commands for GitHub Actions" in GitHub's documentation, the escapes are those of its runner
(actions/runner, ``ActionCommand.cs``) and of its toolkit (``packages/core/src/command.ts``). Where they leave a choice:

* **The message begins with the place and the rule**: the log shows nothing else of a command.
* **Columns are given for what is on one line only**: GitHub refuses an annotation that has them across lines.
* **Paths are relative to the root of the repository**; other inputs, such as standard input, have no ``file``.
* **Notes are notices.** GitHub shows ten annotations of each level a step; the log has them all, in the order of the places.
* **Suppressed findings are left out.**
* **What is reported about the run is plain text**, because each other annotation would displace a finding; a file that could not be read
  is an error.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Level, Result, Style
from ..text import inert
from ..typed import IO, Any, Final
from ._places import Place, ReportedPath, escaped, logged

_COMMANDS: Final[dict[Level, str]] = {"error": "error", "warning": "warning", "note": "notice"}
_OF_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_OF_PROPERTIES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write a command for each finding, and unless ``quiet`` further plain lines about the run."""
    stream.writelines(logged(result, _command, has_notes=True, quiet=style.quiet))


def _command(level: Level, rule: str, file: ReportedPath, place: Place | None, lines: Sequence[str]) -> str:
    properties: dict[str, Any] = {"file": file.text if file.relative else ""}
    if place is not None:
        start, end = place.start, place.end
        properties["line"] = start.line
        properties |= {"endLine": end.line} if end.line != start.line else {"col": start.column, "endColumn": end.column}
    given = ",".join(escaped(properties | {"title": f"medplum-lint ({rule})"}, _OF_PROPERTIES))
    data = inert("\n".join(lines)).translate(_OF_DATA)
    return f"::{_COMMANDS[level]} {given}::{data}\n"
