"""The commands that make the fixes of findings in dumps, as ``--diff`` prints them.

Nothing in them is secret; see :mod:`linter.documents.parameter_commands`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..model import Command, Finding
from ..redaction.mask import environment_text
from ..text import inert, printable


def with_commands(findings: Iterable[Finding], *, unsafe: bool) -> list[Finding]:
    """The findings that commands fix and no comment accepts; without ``unsafe`` only those whose fix is safe."""
    return [
        finding
        for finding in findings
        if finding.suppressed is None and finding.fix is not None and finding.fix.commands and (finding.fix.safe or unsafe)
    ]


def printed(findings: Sequence[Finding]) -> str:
    """The commands for each file, each finding in a comment."""
    lines: list[str] = []
    for uri in dict.fromkeys(finding.document.uri for finding in findings):
        lines.append(f"# {printable(uri)}: a dump is not changed; these commands change Parameter Store")
        for finding in findings:
            if finding.document.uri == uri:
                lines += [f"# {finding.rule}{_in_environment(finding)}: {_description(finding)}"]
                lines += [printable(line) for command in _commands(finding) for line in command.printed]
    return "".join(f"{inert(line)}\n" for line in lines)


def _commands(finding: Finding) -> tuple[Command, ...]:
    return (finding.fix.commands or ()) if finding.fix is not None else ()


def _description(finding: Finding) -> str:
    return printable(finding.fix.description) if finding.fix is not None else ""


def _environment(finding: Finding) -> str:
    return f"environment {environment_text(finding.document.environment)}" if finding.document.environment else ""


def _in_environment(finding: Finding) -> str:
    return f" ({_environment(finding)})" if finding.document.environment else ""
