"""The commands that make the fixes of findings in dumps: as ``--diff`` prints them, and as a script (``--fix-script``).

Nothing in them is secret; see :mod:`linter.documents.parameter_commands`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from .. import __version__
from ..model import Command, Finding
from ..redaction.mask import environment_text
from ..text import inert, printable

MODE: Final = 0o700
"""Nobody else can change what its owner will run."""
_HEAD: Final = f"""\
#!/bin/sh
# Fixes in AWS Parameter Store, written by medplum-lint {__version__}. Read it before you run it.
# It needs the AWS CLI with access to the account that the dump is from, and can be run again.
# It holds no secret: those that it moves are read from AWS. A line with printf keeps them out of the list of processes.
set -eu
export AWS_PAGER=''
"""


class Script(NamedTuple):
    """The text of a script, how many findings it fixes, and how many it leaves because others change the same parameters."""

    text: str
    findings: int
    left: int


class _Group(NamedTuple):
    """What is fixed in one environment and region."""

    environment: str
    region: str | None
    findings: list[Finding]


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


def script(findings: Sequence[Finding]) -> Script:
    """The script that makes the fixes of some findings. Of several that change one parameter it makes the first."""
    groups = _groups(findings)
    body: list[str] = []
    asked: list[str] = []
    made = left = 0
    for group in groups:
        taken: dict[str, Finding] = {}
        region = f", region {group.region}" if group.region is not None else ""
        body += ["", f"# === {group.environment}{region} ==="]
        done: set[Command] = set()
        for finding in group.findings:
            commands = [command for command in _commands(finding) if command not in done]
            other = next((taken[name] for command in commands for name in command.names if name in taken), None)
            if other is not None:
                left += 1
                body += [
                    "",
                    f"# {_place(finding)}: is left, because {other.rule} changes the same parameter: check again after this script",
                ]
                continue
            made += 1
            taken.update((name, finding) for command in commands for name in command.names)
            body += ["", *_about(finding)]
            for step in (step for command in commands for step in command.steps):
                body += _lines(step, asked)
            done.update(commands)
    return Script(_HEAD + "".join(f"{line}\n" for line in (*_asking(asked), *body)), made, left)


def _asking(values: Sequence[str]) -> Iterator[str]:
    """The lines that name all variables that are not set, and stop the script before it changes anything."""
    if not values:
        return
    yield from ("", "# Set these before you run it.", "UNSET=")
    for number, value in enumerate(values, 1):
        yield f'[ -n "${{VALUE_{number}:-}}" ] || {{ echo {shlex.quote(f"VALUE_{number} is not set: {value}")} >&2; UNSET=1; }}'
    yield '[ -z "$UNSET" ] || exit 2'


def summary(written: Script, path: str) -> str:
    """What a script does, and what it does not."""
    left = f"; {written.left} more must wait for it: check again after it" if written.left else ""
    return f"{path}: fixes {written.findings} finding{'' if written.findings == 1 else 's'} in Parameter Store when you run it{left}"


def _commands(finding: Finding) -> tuple[Command, ...]:
    return (finding.fix.commands or ()) if finding.fix is not None else ()


def _description(finding: Finding) -> str:
    return printable(finding.fix.description) if finding.fix is not None else ""


def _groups(findings: Sequence[Finding]) -> list[_Group]:
    """The findings by environment and region, in the order of their names."""
    groups: dict[tuple[str, str], _Group] = {}
    for finding in findings:
        name = _environment(finding) or "Parameter Store"
        region = next((command.region for command in _commands(finding)), None)
        groups.setdefault((name, region or ""), _Group(name, region, [])).findings.append(finding)
    return [groups[key] for key in sorted(groups)]


def _environment(finding: Finding) -> str:
    return f"environment {environment_text(finding.document.environment)}" if finding.document.environment else ""


def _in_environment(finding: Finding) -> str:
    return f" ({_environment(finding)})" if finding.document.environment else ""


def _place(finding: Finding) -> str:
    place = finding.document.position(finding.span.start)
    return f"{printable(finding.document.uri)}:{place.line}: {finding.rule}"


def _about(finding: Finding) -> Iterator[str]:
    """Comments that say where, what and why."""
    yield f"# {_place(finding)}{_in_environment(finding)}"
    yield f"# What: {_description(finding)}"
    yield f"# Why: {printable(finding.message)}"


def _lines(command: Command, asked: list[str]) -> Iterator[str]:
    """The lines of a command, in a block where it is done once only; what a person is to give is added to ``asked``.

    They stand alone: ``set -e`` stops a script at a line that fails, but not within a list of ``&&``.
    """
    if command.value:
        asked.append(command.value)
        yield f"VALUE=$VALUE_{len(asked)}"
    lines = command.scripted or command.lines
    if not command.condition:
        yield from lines
        return
    yield f"if {command.condition}; then"
    yield from (f"  {line}" for line in lines)
    yield "fi"
