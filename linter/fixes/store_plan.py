"""Choose which commands for Parameter Store to offer, each verified on the dump that it would lead to; see :mod:`linter.fixes.plan`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ..model import Document, Finding, gathered
from ..redaction.mask import named_environment
from ..run import Outcome
from ..typed import NamedTuple
from .plan import Plan, State
from .verify import Check, Identity, Key, Pair, Place, by_file, identity, key_of


class FixedDump(NamedTuple):
    """A dump whose store commands change: the findings that they fix, in order, and the findings that must wait.

    All places are in the unchanged dump. Findings that wait can be fixed only after another check: they may be about hidden values that an
    earlier command renames.
    """

    uri: str
    findings: tuple[Finding, ...]
    waiting: tuple[Finding, ...] = ()


class Commanded(NamedTuple):
    """The result of commands on the stores of dumps; ``left_out`` are the findings whose commands are not offered.

    ``notes`` and ``bugs`` are as in :class:`linter.fixes.plan.Fixes`.
    """

    dumps: tuple[FixedDump, ...]
    left_out: frozenset[Key]
    notes: tuple[str, ...]
    bugs: tuple[str, ...]


def tried(
    outcome: Outcome, check: Check, *, unsafe: bool, first: Outcome | None = None
) -> tuple[Outcome, Sequence[FixedDump], Sequence[str]]:
    """The outcome of a check without harmful commands, the dumps that the others change, and why some are left out.

    A report shows the commands of unsafe fixes too: without ``unsafe`` they are verified as well, but not for the changed dumps. ``first``
    is the check of all files as they are, if there was one already.
    """
    fixes = [finding.fix for finding in outcome.result.findings if finding.fix and finding.commands and finding.suppressed is None]
    if not fixes:
        return outcome, (), ()
    first = check({}) if first is None else first
    results = {one: commanded(check, first, unsafe=one) for one in sorted({unsafe, *(unsafe or not fix.safe for fix in fixes)})}

    def as_left(finding: Finding) -> Finding:
        fix = finding.fix
        if fix is None or fix.commands is None or finding.suppressed is not None:
            return finding
        is_left_out = key_of(finding) in results[unsafe or not fix.safe].left_out
        return finding._replace(fix=fix._replace(commands=None)) if is_left_out else finding

    result = outcome.result._replace(findings=tuple(map(as_left, outcome.result.findings)))
    bugs = dict.fromkeys((*outcome.bugs, *(bug for result in results.values() for bug in result.bugs)))
    notes = dict.fromkeys(note for result in results.values() for note in result.notes)
    return outcome._replace(result=result, bugs=tuple(bugs)), results[unsafe].dumps, tuple(notes)


def commanded(check: Check, first: Outcome, *, unsafe: bool) -> Commanded:
    """The commands that make all safe fixes of dumps, or with ``unsafe`` all fixes. ``first`` is the check of all files as they are."""
    placed = _placer(first)
    plan = _StorePlan(_check_of_stores(check, first, placed), unsafe=unsafe)
    last = plan.run(first)
    waiting = by_file(placed(finding) for finding in last.outcome.result.findings if plan.is_wanted(finding, last.outcome))
    dumps = [FixedDump(uri, tuple(some), tuple(waiting.get(uri, ()))) for uri, some in sorted(by_file(map(placed, last.fixes)).items())]
    # If several dumps describe one environment, the new content of each is unknown, so each parameter is changed only once.
    once = _PlanOnce(check, unsafe=unsafe)
    chosen = once.batch(State(first), ())
    known = set(map(id, chosen))
    waiting = by_file(finding for finding in first.result.findings if id(finding) not in known and once.is_wanted(finding, first))
    dumps += [FixedDump(uri, tuple(some), tuple(waiting.get(uri, ()))) for uri, some in by_file(chosen).items()]
    left_out = frozenset(key_of(finding) for finding in first.result.findings if plan.is_rejected(finding))
    return Commanded(tuple(dumps), left_out, tuple(plan.notes()), tuple(plan.bugs.values()))


class _StorePlan(Plan):
    """Runs commands on the stores of dumps, and keeps each dump as the commands would leave it."""

    def can_be_made(self, finding: Finding, outcome: Outcome) -> bool:
        return bool(finding.commands) and finding.document in outcome.rewriters

    def made(self, findings: Sequence[Finding], outcome: Outcome) -> bytes:
        commands = (command for finding in findings for command in finding.commands)
        return outcome.rewriters[findings[0].document](stored for command in commands for stored in command.leaves)

    def waiting(self, state: State) -> Collection[Identity]:
        """The environments in which a command renames a hidden value, which might be shown under its new name."""
        return {identity(finding.document) for finding in state.fixes if _hides(finding)}

    def paired(self, old: Sequence[Document], new: Sequence[Document]) -> list[Pair] | None:
        """An environment of a dump exists only through its parameters, and may disappear with the last of them."""
        found = gathered((identity(one), one) for one in reversed(new))  # several of one name, such as a ConfigMap and a Secret
        pairs = [(one, found[identity(one)].pop() if found.get(identity(one)) else None) for one in old]
        return None if any(found.values()) else pairs

    def where(self, new: Place, uri: str, after: Outcome) -> str:
        """A finding in a changed dump is in no file."""
        if new.finding.document not in after.rewriters:
            return super().where(new, uri, after)
        name = named_environment(new.finding.document)
        return f"in environment {name}" if name else "in the store"


class _PlanOnce(Plan):
    """Chooses commands that cannot be verified."""

    def can_be_made(self, finding: Finding, outcome: Outcome) -> bool:
        return bool(finding.commands) and finding.document not in outcome.rewriters


def _hides(finding: Finding) -> bool:
    """Whether commands write a hidden value to a parameter that did not have it."""
    if finding.fix is None or all(change.action == "store" for change in finding.fix.changes):
        return False
    return any(one.action == "ask" or (one.action == "copy" and not one.source_is_public) for one in finding.operations)


def _placer(first: Outcome) -> Callable[[Finding], Finding]:
    """A function that moves a finding in a dump after commands to the place of its setting in the unchanged dump."""
    known = {identity(document): document for document in first.result.documents}

    def placed(finding: Finding) -> Finding:
        document = known.get(identity(finding.document), finding.document)
        if finding.document is document:
            return finding
        return finding._replace(document=document, span=document.locate(finding.path or ()), related=())

    return placed


def _check_of_stores(check: Check, first: Outcome, placed: Callable[[Finding], Finding]) -> Check:
    """The check of dumps as commands leave them, which lack the comments that accept findings in the unchanged dumps."""
    suppress = first.suppress
    if suppress is None:
        return check

    def checked(contents: Mapping[str, bytes]) -> Outcome:
        def accepted(finding: Finding) -> Finding:
            may_be = finding.document.uri in contents and finding.suppressed is None
            return finding._replace(acceptance=suppress(placed(finding))) if may_be else finding

        outcome = check(contents)
        return outcome._replace(result=outcome.result._replace(findings=tuple(map(accepted, outcome.result.findings))))

    return checked
