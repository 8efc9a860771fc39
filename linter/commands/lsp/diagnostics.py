"""Findings as diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsprotocol import types

from ...model import Finding, Level, Related
from ...reporters._words import message_of
from ...typed import Final
from .positions import Positions
from .session import Checked

SOURCE: Final = "medplum-lint"
_SEVERITIES: Final[Mapping[Level, types.DiagnosticSeverity]] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
_TAGS: Final = {"deprecated": types.DiagnosticTag.Deprecated, "unnecessary": types.DiagnosticTag.Unnecessary}


def diagnostic(finding: Finding, checked: Checked, encoding: str) -> types.Diagnostic:
    """The diagnostic of a finding, with a link to documentation and with the other places that it is about."""
    rule = checked.outcome.result.rules.get(finding.rule)
    page = next((link for link in rule.links if link.startswith("https://")), None) if rule is not None else None

    def related(one: Related) -> types.DiagnosticRelatedInformation:
        name, place = one.document.uri, Positions(one.document.text, encoding).range(one.span)
        uri = checked.buffers[name].uri if name in checked.buffers else Path(name).absolute().as_uri()
        return types.DiagnosticRelatedInformation(types.Location(uri, place), one.message)

    return types.Diagnostic(
        Positions(finding.document.text, encoding).range(finding.span),
        message_of(finding),
        _SEVERITIES[finding.severity],
        finding.rule,
        types.CodeDescription(page) if page is not None else None,
        SOURCE,
        [tag for name, tag in _TAGS.items() if rule is not None and name in rule.tags] or None,
        list(map(related, finding.related)) or None,
    )
