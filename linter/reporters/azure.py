"""Logging commands of Azure Pipelines (``--format azure``): errors and warnings of the build, with their places.

The form is that of "Logging commands" in Microsoft's documentation, the escapes are those of its task library (azure-pipelines-task-lib,
``taskcommand.ts``). Where they leave a choice:

* **Notes are plain lines of the log**: an issue is an error or a warning, and a note is neither.
* **The message begins with the place and the rule**, as Azure shows neither beside it.
* **Paths are relative to the root of the repository**; what is no file of it, such as standard input, has no ``sourcepath``.
* **Suppressed findings are left out.**
* **What is reported about the run is plain text**; a file that could not be read is an error. The exit code tells whether the step failed.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Finding, Result, Style
from ..text import inert, printable
from ..typed import IO, Final
from ._places import Place, logged
from ._words import UNREAD, fix_of, message_of

_OF_DATA: Final = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_OF_PROPERTIES: Final = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A", "]": "%5D", ";": "%3B"})


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write a command for each error and warning, a line for each note, and unless ``quiet`` what else is to be known of the run."""
    stream.writelines(logged(result, quiet=style.quiet, of_finding=_finding, of_unread=_unread))


def _unread(name: str, relative: bool, says: str) -> str:
    return _issue("error", {"sourcepath": name if relative else "", "code": UNREAD}, says)


def _finding(finding: Finding, place: Place, others: Iterable[str]) -> str:
    rule = printable(finding.rule)
    if finding.severity == "note":
        return f"{inert(f'{place.text}: note[{rule}]: {message_of(finding)}')}\n"
    properties = {
        "sourcepath": place.path if place.relative else "",
        "linenumber": str(place.start.line),
        "columnnumber": str(place.start.column),
        "code": rule,
    }
    parts = [f"{place.text}: {rule}: {message_of(finding)}", *others, fix_of(finding)]
    return _issue(finding.severity, properties, "; ".join(filter(None, parts)))


def _issue(kind: str, properties: dict[str, str], data: str) -> str:
    """A command, with those of its properties that have a value."""
    given = {"type": kind} | {key: value for key, value in properties.items() if value}
    written = "".join(f"{key}={inert(value).translate(_OF_PROPERTIES)};" for key, value in given.items())
    return f"##vso[task.logissue {written}]{inert(data).translate(_OF_DATA)}\n"
