"""Choose which fixes to apply, and verify each result before it is kept.

Fixes are applied in rounds until none is left. The result is kept if every document reads as meant and no new finding is as severe as one
that is fixed. Otherwise the fixes are bisected: each is tried on top of those already kept, and rejected with a note if it fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..model import Document, Finding, gathered
from ..run import Outcome
from ..syntax.edits import Taken, apply_to
from ..typed import Final, NamedTuple
from .verify import (
    Check,
    Identity,
    Key,
    Pair,
    Place,
    by_file,
    configured_together,
    identity,
    is_as_meant,
    is_as_severe,
    key_of,
    keys_of,
    new_places,
    own_places,
    uncovered_by,
)

MOST_ROUNDS: Final = 100
"""The maximum number of rounds: one fix can wait for another, and fixes within the JSON of one variable take a round each."""


class FixedFile(NamedTuple):
    """A file that fixes change: its bytes and documents before and after, and how many findings are fixed in it."""

    uri: str
    before: bytes
    after: bytes
    old: tuple[Document, ...]
    new: tuple[Document, ...]
    findings: int


class Fixes(NamedTuple):
    """The result of fixes, and the check of what is left.

    ``before`` is the check of the files as they are. ``refused`` explains which fixes are not made; their findings are still reported.
    ``bugs`` explains why a file is left as it is because of a bug in medplum-lint.
    """

    before: Outcome
    outcome: Outcome
    files: tuple[FixedFile, ...]
    refused: tuple[str, ...] = ()
    bugs: tuple[str, ...] = ()


def fixed(check: Check, *, unsafe: bool) -> Fixes:
    """The files with all safe fixes made, or with ``unsafe`` all fixes. Nothing is written."""
    first, plan = check({}), Plan(check, unsafe=unsafe)
    last = plan.run(first)
    after = {uri: data for uri, data in sorted(last.contents.items()) if first.contents[uri] != data}
    old, new, made = by_file(first.result.documents), by_file(last.outcome.result.documents), by_file(last.fixes)
    files = tuple(
        FixedFile(uri, first.contents[uri], data, tuple(old.get(uri, ())), tuple(new.get(uri, ())), len(made[uri]))
        for uri, data in after.items()
    )
    findings = tuple(map(plan.without_rejected_edits, last.outcome.result.findings))
    outcome = last.outcome._replace(result=last.outcome.result._replace(findings=findings))
    return Fixes(first, outcome, files, tuple(plan.notes()), tuple(plan.bugs.values()))


def left(fixes: Fixes) -> Outcome:
    """The check of the files as they are, without the findings that fixes would remove. All places are those of the unchanged files."""
    after = {key_of(finding): finding for finding in fixes.outcome.result.findings}
    before = fixes.before.result
    known = {key for finding in before.findings for key in keys_of(finding)}
    there = {place.key for finding in after.values() for place in own_places(finding)}
    moved = {key._replace(path=path) for key in there - known for path in (None, (key.path or ())[-1:])}

    def is_kept(finding: Finding) -> bool:
        keys = [place.key for place in own_places(finding)]
        name = None if finding.fix is None else (finding.path or ())[-1:]  # of a finding with a fix only the objects above can move
        is_moved = keys[0]._replace(path=name) in moved
        return is_moved or not there.isdisjoint(keys)

    kept = [finding for finding in before.findings if is_kept(finding)] if fixes.files else before.findings
    return fixes.before._replace(result=before._replace(findings=tuple(_without_lost_fix(after.get(key_of(one)), one) for one in kept)))


def _without_lost_fix(after: Finding | None, before: Finding) -> Finding:
    """A finding without the fix, or the edits, that are gone after all other fixes."""
    if after is None or before.fix is None or (after.fix is not None and after.fix.edits is not None):
        return before
    return before._replace(fix=None if after.fix is None else before.fix._replace(edits=None))


class State(NamedTuple):
    """A check of the files with some fixes applied; ``contents`` are the new bytes of each changed file, ``fixes`` the fixed findings."""

    outcome: Outcome
    contents: Mapping[str, bytes] = {}
    fixes: tuple[Finding, ...] = ()


class _Note(NamedTuple):
    """Why fixes are left out: ``why`` completes "the fixes of ... are left out, because". ``at_line``: the note names their lines."""

    why: str
    at_line: bool = False
    is_bug: bool = False


_UNKNOWN: Final = _Note("a value that they change is not known, and so neither is the result", at_line=True)
_BUG: Final = _Note("do not have the intended result, so the file is left as it is", is_bug=True)


class _Problem(Exception):
    """The result cannot be kept; ``suspects`` are the fixes that may be the cause."""

    def __init__(self, note: _Note, suspects: Sequence[Finding]) -> None:
        super().__init__(note.why)
        self.note = note
        self.suspects = suspects


class Plan:
    """Applies fixes to the texts of files, and remembers which are rejected."""

    def __init__(self, check: Check, *, unsafe: bool) -> None:
        self.check = check
        self.unsafe = unsafe
        self.bugs: dict[str, str] = {}
        self.rejected: dict[Key, tuple[Finding, _Note]] = {}

    def run(self, first: Outcome) -> State:
        """The state after all fixes.

        A fix that one pass rejects can be right after the others, so passes repeat until one changes nothing. If a fix hits a bug, its file
        is left as it is, and all others start again: a fix in one file can depend on another file.
        """
        while True:
            known, state = len(self.bugs), State(first)
            for _ in range(MOST_ROUNDS):
                before, self.rejected = state.contents, {}
                state = self._pass(state)
                if not self.rejected or state.contents == before:
                    break
            if len(self.bugs) == known:
                return state

    def _pass(self, state: State) -> State:
        for _ in range(MOST_ROUNDS):
            try:
                return self._attempt(state)
            except _Problem as problem:
                state = self._keep(state, problem.suspects)
        return state

    def _keep(self, state: State, suspects: Sequence[Finding]) -> State:
        """Apply as many of some fixes as can be kept, and reject the others."""
        for rounds in (MOST_ROUNDS, 1) if len(suspects) == 1 else (MOST_ROUNDS,):  # a fix made possible by one of these can be the cause
            try:
                return self._attempt(state, suspects, rounds)
            except _Problem as problem:
                note = problem.note
        if len(suspects) > 1:
            middle = len(suspects) // 2
            return self._keep(self._keep(state, suspects[:middle]), suspects[middle:])
        (finding,) = suspects
        if note.is_bug:
            self.bugs[finding.document.uri] = f"{finding.document.uri}: the fixes of {finding.rule} {note.why}"
        else:
            self.rejected[key_of(finding)] = finding, note
        return state

    def _attempt(self, start: State, only: Sequence[Finding] | None = None, rounds: int = MOST_ROUNDS) -> State:
        """Apply fixes until none is left, or until they undo each other; of the initial ones only those in ``only``."""
        there = {key_of(finding) for finding in start.outcome.result.findings}
        held_back = frozenset() if only is None else there.difference(map(key_of, only))
        state, seen, uncovered = start, list[Mapping[str, bytes]](), set[Key]()
        try:
            while len(seen) < rounds and state.contents not in seen and (batch := self.batch(state, held_back)):
                seen.append(state.contents)
                made = {uri: self.made(findings, state.outcome) for uri, findings in by_file(batch).items()}
                contents = {**state.contents, **made}
                before, state = state, State(self.check(contents), contents, (*state.fixes, *batch))
                self._read(batch, before.outcome, state.outcome)
                uncovered_by(batch, before.outcome, state.outcome, uncovered)
            self._compare(start, state, uncovered)
        except _Problem as problem:
            made_first = [fix for fix in state.fixes[len(start.fixes) :] if key_of(fix) in there]
            near = {suspect.document.uri for suspect in problem.suspects}
            problem.suspects = [one for one in made_first if one.document.uri in near] or made_first
            raise
        return state

    def batch(self, state: State, held_back: Collection[Key]) -> tuple[Finding, ...]:
        """The findings to fix at once; of fixes that meet in one place the first."""
        chosen: list[Finding] = []
        taken: dict[str, tuple[Taken, set[str]]] = {}
        waiting = self.waiting(state)
        for finding in state.outcome.result.findings:
            fix, document = finding.fix, finding.document
            if fix is None or not self.is_wanted(finding, state.outcome) or key_of(finding) in held_back or identity(document) in waiting:
                continue
            edits, parameters = taken.setdefault(document.uri, (Taken(), set()))
            names = {operation.name for operation in finding.operations}
            if not edits.meet(fix.edits or ()) and names.isdisjoint(parameters):
                edits.add(fix.edits or ())
                parameters |= names
                chosen.append(finding)
        return tuple(chosen)

    def is_wanted(self, finding: Finding, outcome: Outcome) -> bool:
        """Whether a finding has a fix to make that is not rejected."""
        fix = finding.fix
        if fix is None or not (fix.safe or self.unsafe) or finding.suppressed is not None or self.is_rejected(finding):
            return False
        return self.can_be_made(finding, outcome)

    def is_rejected(self, finding: Finding) -> bool:
        """Whether the fix of a finding is given up."""
        return key_of(finding) in self.rejected or finding.document.uri in self.bugs

    def without_rejected_edits(self, finding: Finding) -> Finding:
        """A finding as it is reported: no report offers ``--fix`` for a rejected fix."""
        fix = finding.fix
        if fix is None or fix.edits is None or not (fix.safe or self.unsafe) or not self.is_rejected(finding):
            return finding
        return finding._replace(fix=fix._replace(edits=None))

    # --- What differs for dumps

    def can_be_made(self, finding: Finding, outcome: Outcome) -> bool:
        """Whether there are edits for the fix of a finding."""
        return finding.fix is not None and finding.fix.edits is not None and finding.document.uri in outcome.contents

    def waiting(self, state: State) -> Collection[Identity]:
        """The identities of documents in which nothing more is fixed before another check."""
        return ()

    def made(self, findings: Sequence[Finding], outcome: Outcome) -> bytes:
        """The bytes of a file with the fixes of some findings applied."""
        fixes = [finding.fix for finding in findings if finding.fix is not None]
        edits = [edit for fix in fixes for edit in fix.edits or ()]
        text, without_mark = findings[0].document.text, any(fix.without_mark for fix in fixes)
        made = apply_to(text, edits, without_mark=without_mark)
        return made.encode("utf-8" if without_mark else text.encoding, "surrogatepass")

    def paired(self, old: Sequence[Document], new: Sequence[Document]) -> list[Pair] | None:
        """The documents of a file, each paired with its result; None if the documents differ."""
        return list(zip(old, new, strict=True)) if list(map(identity, old)) == list(map(identity, new)) else None

    def where(self, new: Place, uri: str, after: Outcome) -> str:
        """The place of a new finding, for a note about the fixes of a file."""
        document = new.finding.document
        line, column = document.position(new.span.start)
        return f"{'' if document.uri == uri else f'in {document.uri} '}at line {line}, column {column}"

    # --- Verification

    def _read(self, batch: Sequence[Finding], before: Outcome, after: Outcome) -> None:
        """Check that the documents after a round read as meant."""
        fixes, documents = by_file(batch), by_file(after.result.documents)
        for uri, old in by_file(before.result.documents).items():
            own, new = fixes.get(uri, []), documents.get(uri, [])
            pairs = self.paired(old, new)
            if pairs is None and (not own or not new or any(one.given is not None for one in old)):
                suspects = own or batch  # the file is not recognised any more
                where = "there" if all(suspect.document.uri == uri for suspect in suspects) else f"in {uri}"
                raise _Problem(_Note(f"they would leave no setting of a server {where}", at_line=True), suspects)
            as_meant = pairs is not None and (not own or is_as_meant(own, pairs))
            if not as_meant:
                raise _Problem(_UNKNOWN if as_meant is None else _BUG, own)

    def _compare(self, start: State, state: State, uncovered: Collection[Key]) -> None:
        """Look for a new finding that is as severe as a fixed one."""
        made = state.fixes[len(start.fixes) :]
        places = [place for place in new_places(start.outcome, state.outcome) if place.key not in uncovered] if made else []
        together = configured_together(start.outcome, state.outcome) if places else {}
        waiting = self.waiting(state)
        for new in places:
            finding, uri = new.finding, new.finding.document.uri
            if identity(finding.document) in waiting and self.is_wanted(finding, state.outcome):
                continue  # the commands that fix it come after these
            near = [one for one in made if one.document.uri in together.get(uri, {uri})]
            if near and is_as_severe(finding, near):
                where = self.where(new, near[0].document.uri, state.outcome)
                raise _Problem(_Note(f"they would cause {finding.severity}[{finding.rule}] {where}"), near)

    def notes(self) -> Iterator[str]:
        """Which fixes are not made, and why."""
        rejected = sorted(self.rejected.values(), key=lambda one: (one[0].document.uri, one[0].span.start))
        for (uri, note), findings in gathered(((one.document.uri, note), one) for one, note in rejected).items():
            rules = ", ".join(dict.fromkeys(finding.rule for finding in findings))
            lines = dict.fromkeys(str(finding.document.position(finding.span.start).line) for finding in findings) if note.at_line else ()
            at = f" at line{'s' if len(lines) > 1 else ''} {', '.join(lines)}" if lines else ""
            yield f"{uri}: the fixes of {rules}{at} are left out, because {note.why}"
