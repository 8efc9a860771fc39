"""For programs: a contract, described in docs/json.md. Names and meanings stay; new ones may be added under the same ``version``."""

from __future__ import annotations

from collections import Counter
from json import JSONEncoder

from ..model import Finding, Fix, Related, Result, RuleInfo, Style, dotted
from ..redaction.mask import environment_text, named_holders, shown_span
from ..text import Text, inert
from ..typed import IO, Any
from ._words import acceptance_terms, document_terms

VERSION = 1


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the result as one JSON document, in ASCII, so that any stream can hold it; ``quiet`` leaves nothing out."""
    stream.writelines(map(inert, JSONEncoder(indent=2).iterencode(_document(result))))
    stream.write("\n")


def _document(result: Result) -> dict[str, Any]:
    record = result.record()
    digests: dict[object, Any] = {(one.uri, one.kind, one.environment): digest._asdict() for one, digest in record.digests().items()}
    levels = Counter(finding.severity for finding in result.findings if finding.suppressed is None)
    return {
        "version": VERSION,
        "tool": {"name": "medplum-lint", "version": result.version, "data_sha256": record.data or None},
        "now": record.now,
        "files": [
            {
                **document_terms(file),
                "target": file.target,
                "status": file.status,
                "server_version": None if file.server is None else file.server.text,
                "server_version_from": None if file.server is None else file.server.why,
                "digest": digests.get((file.path, file.kind, file.environment)),
            }
            for file in result.files
        ],
        "deployments": [
            {
                "environment": None if deployment.name is None else environment_text(deployment.name),
                "documents": [document_terms(document) for document in deployment.documents],
            }
            for deployment in result.deployments
        ],
        "configurations": [configuration._asdict() for configuration in result.configurations],
        "options": [{"options": options, "paths": paths} for options, paths in record.options],
        "notices": [notice._asdict() for notice in result.notices],
        "rules": [
            {"rule": rule.rule.id, **status._asdict(), "documents": number} for rule in record.rules for status, number in rule.statuses
        ],
        "findings": [_finding(finding, result.rules.get(finding.rule)) for finding in result.findings],
        "summary": {
            "files": len({file.path for file in result.files}),
            "errors": levels["error"],
            "warnings": levels["warning"],
            "notes": levels["note"],
            "suppressed": sum(finding.suppressed is not None for finding in result.findings),
        },
    }


def _place(finding: Finding | Related) -> dict[str, Any]:
    document, path = finding.document, finding.path
    return {"setting": dotted(path) if path else None, "range": document.text.extent(shown_span(document, path, finding.span))}


def _fix(text: Text, fix: Fix) -> dict[str, Any]:
    """A fix. Its edits are null if they are impossible or may not be shown, its commands if there are none.

    A byte order mark is not a character of a line: a fix that removes it has an empty list.
    """
    edits = [{"range": text.extent(edit.span), "text": edit.text} for edit in fix.edits] if fix.shown and fix.edits is not None else None
    commands = None if fix.commands is None else [line for command in fix.commands for line in command.printed]
    return {"safe": fix.safe, "description": fix.description, "edits": edits, "commands": commands}


def _finding(finding: Finding, rule: RuleInfo | None) -> dict[str, Any]:
    document = finding.document
    return {
        "rule": finding.rule,
        "category": (rule.category or None) if rule is not None else None,
        "severity": finding.severity,
        "message": finding.message,
        **document_terms(document),
        "holders": named_holders(finding.held_by),
        **_place(finding),
        "related": [{"message": one.message, **document_terms(one.document), **_place(one)} for one in finding.related],
        "fixable": finding.fix is not None and finding.fix.can_be_made,
        "fix": None if finding.fix is None else _fix(document.text, finding.fix),
        "suppressed": finding.suppressed,
        "accepted_by": finding.accepted_by,
        "acceptance": None if finding.acceptance is None else acceptance_terms(finding.acceptance, finding.acceptance.file),
    }
