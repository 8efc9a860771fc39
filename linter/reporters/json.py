"""For programs: a contract, described in README.md. Names and meanings stay; new ones may be added under the same ``version``."""

from __future__ import annotations

import json
from collections import Counter
from typing import IO, Any

from ..model import Finding, Result, Style, dotted

VERSION = 1


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the result as one JSON document, in ASCII, so that any stream can hold it."""
    json.dump(_document(result), stream, indent=2)
    stream.write("\n")


def _document(result: Result) -> dict[str, Any]:
    levels = Counter(finding.severity for finding in result.findings if finding.suppressed is None)
    return {
        "version": VERSION,
        "tool": {"name": "medplum-lint", "version": result.version},
        "files": [
            {"path": file.path, "kind": file.kind, "environment": file.environment, "target": file.target, "status": file.status}
            for file in result.files
        ],
        "findings": [_finding(finding) for finding in result.findings],
        "summary": {
            "files": len({file.path for file in result.files}),
            "errors": levels["error"],
            "warnings": levels["warning"],
            "notes": levels["note"],
            "suppressed": sum(finding.suppressed is not None for finding in result.findings),
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    document = finding.document
    start, end = (document.position(offset) for offset in finding.span)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "path": document.uri,
        "kind": document.kind,
        "environment": document.environment,
        "setting": None if finding.path is None else dotted(finding.path),
        "range": {"start": start._asdict(), "end": end._asdict()},
        "fixable": finding.fix is not None,
        "suppressed": finding.suppressed,
    }
