"""Code Quality reports of GitLab (``--format gitlab``): what a merge request shows, as ``artifacts:reports:codequality``.

The form is that of "Code Quality report format" in GitLab's documentation, a part of Code Climate's. Where that leaves a choice:

* **Paths are relative to the root of the repository**, as in SARIF (:mod:`._places`): GitLab links to them.
* **Fingerprints identify the subject of a finding**, not its line (:mod:`._fingerprint`): by them GitLab knows what a merge request adds
  and what it resolves, and of two findings with one fingerprint it shows one.
* **The description begins with the rule**: in a merge request GitLab shows nothing else that tells it.
* **Suppressed findings are left out**: GitLab has no word for them.
* **Files that could not be read, and configuration files that were used, are issues** too, because nothing else in a report can say so. A
  configuration that takes away more or less than before has another fingerprint, so that a merge request shows it.
"""

from __future__ import annotations

from json import JSONEncoder

from ..model import Configuration, Level, Result, Style
from ..text import inert, printable
from ..typed import IO, Any, Final
from ._fingerprint import hash_of, identities
from ._places import Placer
from ._words import UNREAD, USED, message_of, shown, unread

_SEVERITIES: Final[dict[Level, str]] = {"error": "critical", "warning": "major", "note": "info"}
"""GitLab has ``info``, ``minor``, ``major``, ``critical`` and ``blocker``."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the issues as one JSON array, in ASCII, so that any stream can hold it; ``quiet`` leaves nothing out."""
    findings, place, issues = shown(result), Placer(), []

    def path(uri: str) -> str:
        return place.file(uri).text

    for finding, fingerprint in zip(findings, identities(findings, path), strict=True):
        where = place(finding)
        message = message_of(finding)
        issues.append(_issue(finding.rule, message, fingerprint, _SEVERITIES[finding.severity], where.file.text, where.start.line))
    for name, why in {path(uri): why for uri, why in unread(result.files).items()}.items():
        issues.append(_issue(UNREAD, f"this file {why}", hash_of((UNREAD, name)), "critical", name))
    issues += [_used(configuration, path(configuration.path)) for configuration in result.configurations]
    stream.writelines(map(inert, JSONEncoder(indent=2).iterencode(issues)))
    stream.write("\n")


def _used(configuration: Configuration, path: str) -> dict[str, Any]:
    """A configuration that had an effect, and what it removed from the run."""
    never = ", fail-on never" if configuration.fail_on == "never" else ""
    accepted = (f"findings accepted: {configuration.accepted}",) if configuration.accepted else ()
    off = ", ".join((f"rules off: {len(configuration.rules_off)}", f"paths excluded: {configuration.excluded}", *accepted))
    message = f"this file configures medplum-lint: {off}{never}"
    fingerprint = hash_of((USED, path, *configuration.rules_off, str(configuration.excluded), str(configuration.fail_on), *accepted))
    return _issue(USED, message, fingerprint, "info", path)


def _issue(check: str, message: str, fingerprint: str, severity: str, path: str, line: int = 1) -> dict[str, Any]:
    return {
        "description": printable(f"{check}: {message}"),
        "check_name": printable(check),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
