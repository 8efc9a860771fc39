"""Logging commands of Azure Pipelines (``--format azure``): errors and warnings of the build, with their places.

The form is that of "Logging commands" in Microsoft's documentation, the escapes are those of its task library (azure-pipelines-task-lib,
``taskcommand.ts``). Where they leave a choice:

* **Notes are plain lines of the log**: an issue is an error or a warning, and a note is neither.
* **The message begins with the place and the rule**, as Azure shows neither beside it.
* **Paths are relative to the root of the repository**; other inputs, such as standard input, have no ``sourcepath``.
* **Suppressed findings are left out.**
* **What is reported about the run is plain text**; a file that could not be read is an error. The exit code tells whether the step failed.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Level, Result, Style
from ..text import inert
from ..typed import IO, Any, Final
from ._places import Place, ReportedPath, escaped, logged

_OF_DATA: Final = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_OF_PROPERTIES: Final = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A", "]": "%5D", ";": "%3B"})


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write a command for each error and warning, a line for each note, and unless ``quiet`` further lines about the run."""
    stream.writelines(logged(result, _command, has_notes=False, quiet=style.quiet))


def _command(level: Level, rule: str, file: ReportedPath, place: Place | None, lines: Sequence[str]) -> str:
    properties: dict[str, Any] = {"type": level, "sourcepath": file.text if file.relative else ""}
    if place is not None:
        properties |= {"linenumber": place.start.line, "columnnumber": place.start.column}
    given = ";".join(escaped(properties | {"code": rule}, _OF_PROPERTIES))
    return f"##vso[task.logissue {given};]{inert('; '.join(lines)).translate(_OF_DATA)}\n"
