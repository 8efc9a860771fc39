"""The commands that make the fixes of findings in dumps: as ``--diff`` prints them, and as a script (``--fix-script``).

Nothing in them is secret; see :mod:`linter.documents.parameter_commands`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from .. import __version__
from ..fix import Check, FixedDump, commanded
from ..model import Command, Finding
from ..redaction.mask import environment_text
from ..run import Outcome
from ..text import inert, printable
from ..typed import Final, NamedTuple

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
    """The text of a script, how many findings it fixes, and how many it leaves because only another check can say what to write."""

    text: str
    findings: int
    left: int


class _Group(NamedTuple):
    """What is fixed in one environment and region, in one round."""

    environment: str
    region: str | None
    findings: list[Finding]


def tried(
    outcome: Outcome, check: Check, *, unsafe: bool, first: Outcome | None = None
) -> tuple[Outcome, Sequence[FixedDump], Sequence[str]]:
    """The outcome of a check without the commands that bring something worse, the dumps that others change, and why some are left out.

    A report shows the commands of unsafe fixes too: without ``unsafe`` they are tried as well, but not for the dumps that are changed.
    ``first`` is as in :func:`linter.fix.commanded`.
    """
    fixes = [finding.fix for finding in outcome.result.findings if finding.suppressed is None and finding.fix and finding.fix.commands]
    kinds = sorted({unsafe, *(unsafe or not fix.safe for fix in fixes)} if fixes else ())
    first = check({}) if first is None and kinds else first
    results = {one: commanded(check, unsafe=one, first=first) for one in kinds}

    def as_left(finding: Finding) -> Finding:
        fix = finding.fix
        if fix is None or fix.commands is None or finding.suppressed is not None or not results[unsafe or not fix.safe].leaves_out(finding):
            return finding
        return finding._replace(fix=fix._replace(commands=None))

    result = outcome.result._replace(findings=tuple(map(as_left, outcome.result.findings)))
    notes = dict.fromkeys(note for one in results.values() for note in one.notes)
    bugs = dict.fromkeys(bug for one in results.values() for bug in one.bugs)
    dumps = results[unsafe].dumps if results else ()
    return outcome._replace(result=result, bugs=(*outcome.bugs, *bugs)), dumps, tuple(notes)


def printed(dumps: Sequence[FixedDump]) -> str:
    """The commands for each file, each finding in a comment."""
    lines: list[str] = []
    for dump in dumps:
        lines.append(f"# {printable(dump.uri)}: a dump is not changed; these commands change Parameter Store")
        for finding in (finding for findings in dump.rounds for finding in findings):
            lines += [f"# {finding.rule}{_in_environment(finding)}: {_description(finding)}"]
            lines += [printable(line) for command in _commands(finding) for line in command.printed]
        lines += [f"# {line}" for line in map(_waiting, dump.waiting)]
    return "".join(f"{inert(line)}\n" for line in lines)


def script(dumps: Sequence[FixedDump]) -> Script:
    """The script that makes the fixes of dumps, round by round: what is fixed in one can be what another one waits for."""
    body: list[str] = []
    asked: list[str] = []
    heading = ""
    for number in range(max((len(dump.rounds) for dump in dumps), default=0)):
        for group in _groups([finding for dump in dumps for finding in (*dump.rounds, *[()] * number)[number]]):
            region = f", region {group.region}" if group.region is not None else ""
            if heading != (heading := f"# === {group.environment}{region} ==="):
                body += ["", heading]
            for finding in group.findings:
                body += ["", *_about(finding)]
                for step in (step for command in _commands(finding) for step in command.steps):
                    body += _lines(step, asked)
    waiting = [finding for dump in dumps for finding in dump.waiting]
    if waiting:
        body += ["", *(f"# {_waiting(finding)}" for finding in waiting)]
    made = sum(len(findings) for dump in dumps for findings in dump.rounds)
    return Script(_HEAD + "".join(f"{line}\n" for line in (*_asking(asked), *body)), made, len(waiting))


def _waiting(finding: Finding) -> str:
    """What is to be said of a finding that commands can fix when others were run."""
    why = "is left, because it depends on the commands before it: check again after them"
    return f"{_place(finding)}{_in_environment(finding)}: {why}"


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
