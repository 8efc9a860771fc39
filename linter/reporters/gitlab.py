"""Code Quality reports of GitLab (``--format gitlab``): what a merge request shows, as ``artifacts:reports:codequality``.

The form is that of "Code Quality report format" in GitLab's documentation, a part of Code Climate's. Where that leaves a choice:

* **Paths are relative to the root of the repository**, as in SARIF (:mod:`._paths`): GitLab links to them.
* **Fingerprints tell what a finding is about**, not on which line (:mod:`._identity`): by them GitLab knows what a merge request adds and
  what it resolves, and of two findings with one fingerprint it shows one.
* **The description begins with the rule**: in a merge request GitLab shows nothing else that tells it.
* **Suppressed findings are left out**: GitLab has no word for them.
* **Files that could not be read, and configuration files that were used, are issues** too, for there is nothing else in a report that could
  say so. A configuration that takes away more or less than before has another fingerprint, so that a merge request shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from ..model import Configuration, FileStatus, Finding, Level, Result, Style
from ..redaction.mask import holder_text, shown_span
from ..text import inert, printable
from ..typed import IO, Any, Final
from ._identity import hash_of, identities
from ._paths import reported_path
from ._sarif_texts import one_line

Issue = dict[str, Any]
_SEVERITIES: Final[dict[Level, str]] = {"error": "critical", "warning": "major", "note": "info"}
"""GitLab has ``info``, ``minor``, ``major``, ``critical`` and ``blocker``."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the issues as one JSON array, in ASCII, so that any stream can hold it; ``quiet`` leaves nothing out."""
    findings = [finding for finding in result.findings if finding.suppressed is None]
    path = cache(_path)
    fingerprints = identities(findings, path)
    issues = [
        *(_finding(one, fingerprint, path(one.document.uri)) for one, fingerprint in zip(findings, fingerprints, strict=True)),
        *_unread(result.files, path),
        *(_used(one, path(one.path)) for one in result.configurations),
    ]
    stream.writelines(map(inert, json.JSONEncoder(indent=2).iterencode(issues)))
    stream.write("\n")


def _path(uri: str) -> str:
    return printable(reported_path(uri).path)


def _finding(finding: Finding, fingerprint: str, path: str) -> Issue:
    document = finding.document
    holder = holder_text(document, finding.held_by)
    message = one_line(finding.message) + (f" ({holder})" if holder else "")
    line = document.position(shown_span(document, finding.path, finding.span).start).line
    return _issue(finding.rule, message, fingerprint, _SEVERITIES[finding.severity], path, line)


def _unread(files: Iterable[FileStatus], path: Callable[[str], str]) -> Iterator[Issue]:
    """Each file that could not be read, once."""
    failed = {path(file.path): file.note for file in files if file.status == "failed"}
    for name, note in failed.items():
        reason = f": {one_line(note)}" if note else ""
        yield _issue("file-not-read", f"this file could not be read{reason}", hash_of(("file-not-read", name)), "critical", name)


def _used(one: Configuration, path: str) -> Issue:
    """A configuration that counted, and what it took away from the run."""
    never = ", fail-on never" if one.fail_on == "never" else ""
    accepted = (f"findings accepted: {one.accepted}",) if one.accepted else ()
    off = ", ".join((f"rules off: {len(one.rules_off)}", f"paths excluded: {one.excluded}", *accepted))
    message = f"this file configures medplum-lint: {off}{never}"
    fingerprint = hash_of(("configuration-used", path, *one.rules_off, str(one.excluded), str(one.fail_on), *accepted))
    return _issue("configuration-used", message, fingerprint, "info", path)


def _issue(check: str, message: str, fingerprint: str, severity: str, path: str, line: int = 1) -> Issue:
    return {
        "description": printable(f"{check}: {message}"),
        "check_name": printable(check),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
