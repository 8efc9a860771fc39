"""Commands that fix findings in dumps: as ``--diff`` prints them, and as a script (``--fix-script``).

They contain no secrets; see :mod:`linter.documents.parameters.commands`. Precautions of the script, such as checking that nothing has
changed since the dump, are in ``fix_script.sh``; this module only writes the calls to its functions.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from .. import __version__
from ..fixes.store_plan import FixedDump
from ..model import Finding, Operation
from ..redaction.mask import environment_text
from ..text import inert, printable
from ..typed import Final, NamedTuple

MODE: Final = 0o700
"""Only its owner can change a script that the owner will run."""
_HEAD: Final = """\
#!/bin/sh
# Fixes in AWS Parameter Store, written by medplum-lint {version}. Read it before you run it{call}.
# It needs a POSIX shell: on Windows run it in Git Bash or WSL, not in PowerShell.
#
# It changes nothing unless the AWS CLI is signed in to {account} and the parameters below are as in the dump.
# It saves what it is about to change to a file beside it, which ends in .backup-1 and restores everything but deleted secrets when you
# run it with sh. Deletions come last, and what was moved is deleted only if its copy has the same value. The script stops at the first
# call of AWS that fails. Run it again to continue: what is done is not done twice.
# It contains no secret. It reads those that it moves from AWS, and passes them on so that no list of processes shows them.
"""


class SeveralAccounts(Exception):
    """The dumps are from several accounts, so no script can fix them in one run."""


class Script(NamedTuple):
    """The text of a script, how many findings it fixes, and how many it leaves because what to write depends on another check."""

    text: str
    findings: int
    left: int


Planned = tuple[Finding, dict[str, Operation]]
"""A finding and the operations that fix it, by the names of their parameters."""


def printed(dumps: Sequence[FixedDump]) -> str:
    """The commands for each file, each finding in a comment."""
    lines: list[str] = []
    for dump in dumps:
        lines.append(f"# {printable(dump.uri)}: a dump is not changed; these commands for sh change Parameter Store")
        for finding in dump.findings:
            lines += [f"# {finding.rule}{_in_environment(finding)}: {_description(finding)}"]
            lines += [printable(line) for command in finding.commands for line in command.printed]
        lines += [f"# {line}" for line in map(_waiting, dump.waiting)]
    return "".join(f"{inert(line)}\n" for line in lines)


def script(dumps: Sequence[FixedDump]) -> Script:
    """The script that fixes dumps; :class:`SeveralAccounts` if they are from more than one account.

    A parameter that a later round changes again is written once, with its final value. Anything else that depends on an earlier change is
    left for another check.
    """
    accounts, unnamed = _accounts(dumps)
    if len(accounts) > 1:
        raise SeveralAccounts(f"the dumps are from the accounts {' and '.join(accounts)}: give those of one account at a time")
    plans = [_planned(dump) for dump in dumps]
    planned = sorted((one for made, _ in plans for one in made), key=lambda one: _place_in_store(one[0]))
    left = [finding for dump, (_, some) in zip(dumps, plans, strict=True) for finding in (*some, *dump.waiting)]
    body: list[str] = []
    asked: list[str] = []
    region: str | None = None  # fixes is called several times, so its first line sets it
    for place, group in groupby(planned, key=lambda one: _place_in_store(one[0])):
        body += ["", f"# === {place[0]}{f', region {place[1]}' if place[1] else ''} ==="]
        if region != place[1]:
            body.append(f"region {shlex.quote(region := place[1])}")
        for finding, operations in group:
            body += ["", *_about(finding)]
            for operation in operations.values():
                if region != (operation.region or ""):
                    body.append(f"region {shlex.quote(region := operation.region or '')}")
                body.append(_call(operation, asked))
            if not operations:
                body.append("# A step below does this too.")
    if left:
        body += ["", *(f"# {_waiting(finding)}" for finding in left)]
    functions = Path(__file__).with_name("fix_script.sh").read_text(encoding="utf-8")
    lines = [*_head(accounts, unnamed, asked), "", "fixes() {", *(f"  {line}".rstrip() for line in body[1:]), "}", "", functions]
    return Script("\n".join(lines), len(planned), len(left))


def summary(written: Script, path: str) -> str:
    """What a script does, and what it does not."""
    left = f"; {written.left} more must wait for it: check again after it" if written.left else ""
    what = f"{path}: fixes {written.findings} finding{'' if written.findings == 1 else 's'} in Parameter Store"
    return f"{what} when you run it with sh (on Windows in Git Bash or WSL){left}"


# --- What a script does -----------------------------------------------------------------------------------------------------------------


def _accounts(dumps: Sequence[FixedDump]) -> tuple[list[str], list[str]]:
    """The accounts of dumps, and the dumps that do not name one. Only dumps with fixes count."""
    of_dump = {
        printable(dump.uri): {account for finding in dump.findings for operation in finding.operations for account in operation.accounts}
        for dump in dumps
    }
    return sorted(set().union(*of_dump.values())), [uri for uri, accounts in of_dump.items() if not accounts]


def _planned(dump: FixedDump) -> tuple[list[Planned], list[Finding]]:
    """The operations that fix the findings of a dump, and the findings that are left.

    If a parameter is written twice, only the last write stays. If two changes to a parameter cannot be combined, the second is left, with
    everything after it in the environment.
    """
    made: list[Planned] = []
    left: list[Finding] = []
    writers: dict[str | None, dict[str, dict[str, Operation]]] = {}
    stopped: set[str | None] = set()
    for finding in dump.findings:
        environment, own = finding.document.environment, finding.operations
        before = writers.setdefault(environment, {})
        after = {one.name: _after(before[one.name][one.name], one) if one.name in before else one for one in own}
        operations = {name: one for name, one in after.items() if one is not None}
        if environment in stopped or len(operations) < len(own) or any(one.source in before for one in own):
            stopped.add(environment)
            left.append(finding)
            continue
        for name in operations.keys() & before.keys():
            del before[name][name]
        before |= dict.fromkeys(operations, operations)
        made.append((finding, operations))
    return made, left


def _after(first: Operation, second: Operation) -> Operation | None:
    """Two operations on a parameter combined into one; None if that is not possible."""
    if not {first.action, second.action} <= {"put", "encrypt"}:
        return None
    kind = "SecureString" if "encrypt" in (first.action, second.action) else second.type if second.type != "same" else first.type
    last = first if second.action == "encrypt" else second
    return last._replace(dump=first.dump, type=kind)


def _call(operation: Operation, asked: list[str]) -> str:
    """A call to a function of the script; a parameter whose value the user has to enter is added to ``asked``."""
    name, kind = operation.name, operation.type
    part, source = ("_part", [operation.source]) if operation.source else ("", [])
    value = ""
    if operation.action == "put":
        words = [f"put{part}", *source, name, kind, _escaped(operation.text)]
    elif operation.action == "ask":
        asked.append(name)
        variable = f"VALUE_{len(asked)}"
        words, value = [f"ask{part}", *source, variable, name, kind], f'"${{{variable}:-}}"'
    elif operation.action == "copy":
        words = ["copy", "public" if operation.source_is_public else "secret", operation.source, name, kind]
    else:
        words = [operation.action, name]
    return " ".join(filter(None, [*map(shlex.quote, words), value, *map(shlex.quote, map(_escaped, operation.dump))]))


def _escaped(text: str) -> str:
    """A text for ``printf %b``: printable, on one line, and not a command to a CI runner."""
    plain = text.replace("\\", "\\\\")
    plain = re.sub("[^ -~]", lambda one: "".join(f"\\0{byte:03o}" for byte in one[0].encode("utf-8", "surrogatepass")), plain)
    return plain.replace("##", r"#\0043").replace("::", r":\0072")


# --- What it says -----------------------------------------------------------------------------------------------------------------------


def _head(accounts: Sequence[str], unnamed: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    """The lines that say what the script does and needs."""
    call = ", then give it the account: ./fix.sh ACCOUNT" if unnamed else ""
    account = f"account {accounts[0]}" if accounts else "the account that you give"
    yield from _HEAD.format(version=__version__, call=call, account=account).splitlines()
    yield f"ACCOUNT={''.join(accounts)}"
    yield f"UNNAMED={shlex.quote(', '.join(unnamed))}"
    if asked:
        yield from ("", "# Set these before you run it.")
        yield from (f"# VALUE_{number}: the new value of {name}" for number, name in enumerate(asked, 1))


def _waiting(finding: Finding) -> str:
    """The line about a finding that commands can only fix after others have run."""
    why = "is left, because it depends on the commands before it: check again after them"
    return f"{_place(finding)}{_in_environment(finding)}: {why}"


def _description(finding: Finding) -> str:
    return printable(finding.fix.description) if finding.fix is not None else ""


def _place_in_store(finding: Finding) -> tuple[str, str]:
    """The environment and region where a finding is fixed."""
    return _environment(finding) or "Parameter Store", next((operation.region for operation in finding.operations), None) or ""


def _environment(finding: Finding) -> str:
    return f"environment {environment_text(finding.document.environment)}" if finding.document.environment else ""


def _in_environment(finding: Finding) -> str:
    return f" ({_environment(finding)})" if finding.document.environment else ""


def _place(finding: Finding) -> str:
    place = finding.document.position(finding.span.start)
    return f"{printable(finding.document.uri)}:{place.line}: {finding.rule}"


def _about(finding: Finding) -> Iterator[str]:
    """Comments with the place, the problem and the reason."""
    yield f"# {_place(finding)}{_in_environment(finding)}"
    yield f"# What: {_description(finding)}"
    yield f"# Why: {printable(finding.message)}"
