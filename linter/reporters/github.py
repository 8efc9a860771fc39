"""Workflow commands of GitHub Actions (``--format github``): each finding is an annotation in the pull request and a line of the log.

The form is that of "Workflow commands for GitHub Actions" in GitHub's documentation, the escapes are those of its runner
(actions/runner, ``ActionCommand.cs``) and of its toolkit (``packages/core/src/command.ts``). Where they leave a choice:

* **The message begins with the place and the rule**: the log shows nothing else of a command.
* **Columns are given for what is on one line only**: GitHub refuses an annotation that has them across lines.
* **Paths are relative to the root of the repository**; what is no file of it, such as standard input, has no ``file``.
* **Notes are notices.** GitHub shows ten annotations of each level a step; the log has them all, in the order of the places.
* **Suppressed findings are left out.**
* **What is reported about the run is plain text**, for each annotation that is no finding takes the place of one; a file that could not be
  read is an error.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Finding, Level, Result, Style
from ..text import inert, printable
from ..typed import IO, Final
from ._places import Place, logged
from ._words import UNREAD, fix_of, message_of

_COMMANDS: Final[dict[Level, str]] = {"error": "error", "warning": "warning", "note": "notice"}
_OF_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_OF_PROPERTIES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write a command for each finding, and unless ``quiet`` in plain text what else is to be known of the run."""
    stream.writelines(logged(result, quiet=style.quiet, of_finding=_finding, of_unread=_unread))


def _unread(name: str, relative: bool, says: str) -> str:
    return _command("error", {"file": name if relative else "", "title": _title(UNREAD)}, says)


def _finding(finding: Finding, place: Place, others: Iterable[str]) -> str:
    properties = {"file": place.path if place.relative else "", "line": str(place.start.line)}
    if place.end.line != place.start.line:
        properties["endLine"] = str(place.end.line)
    else:
        properties |= {"col": str(place.start.column), "endColumn": str(place.end.column)}
    lines = [f"{place.text}: {printable(finding.rule)}: {message_of(finding)}", *others, fix_of(finding)]
    return _command(_COMMANDS[finding.severity], properties | {"title": _title(finding.rule)}, "\n".join(filter(None, lines)))


def _title(rule: str) -> str:
    return f"medplum-lint ({printable(rule)})"


def _command(name: str, properties: dict[str, str], data: str) -> str:
    """A command, with those of its properties that have a value."""
    written = ",".join(f"{key}={inert(value).translate(_OF_PROPERTIES)}" for key, value in properties.items() if value)
    return f"::{name} {written}::{inert(data).translate(_OF_DATA)}\n"
