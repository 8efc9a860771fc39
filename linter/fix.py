"""Fixing files: the edits of findings, made until none is left, and each file checked again before it is written.

What is made of a file must read as what was meant: the settings that a fix changes are changed, all others are what they were, and no new
finding is as grave as the one that is gone for it, whichever file it is in. A fix that brings one is left out, and a file in which
something else changed stays as it is.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from .conformance.written import holder
from .documents.source import Rewriter
from .formats.connections import parts_of
from .model import LEVELS, UNKNOWN, Change, Document, Finding, SettingPath
from .policy.examples import apply_change
from .policy.operators.compare import same
from .redaction.mask import named_environment
from .run import Outcome
from .server.loader import loaded_value
from .server.shown import catalogue_of
from .settings.kinds import DOCUMENT_KINDS
from .syntax.edits import Taken, apply_to
from .text import Span
from .typed import Any, Final, NamedTuple, TypeVar

MOST_ROUNDS: Final = 100
"""Rounds at most: a fix can be what another one waits for, and of those within the JSON of one variable each takes a round."""

T = TypeVar("T")
T_Found = TypeVar("T_Found", bound="Document | Finding")
_Identity = tuple[str, str | None]
"""What tells a document from others in its file, whatever becomes of them."""
_DocumentKey = tuple[str, _Identity]
"""What tells a document from all others: its file, and its identity there."""
Check = Callable[[Mapping[str, bytes]], Outcome]
"""A check of all files, some of them with other contents, by their paths in the report."""


class FixedFile(NamedTuple):
    """A file that fixes change: what it holds, what it will hold, the documents of each, and how many findings are fixed in it."""

    uri: str
    before: bytes
    after: bytes
    old: tuple[Document, ...]
    new: tuple[Document, ...]
    findings: int


class FixedDump(NamedTuple):
    """A dump of which commands change the store: the findings that they fix, by the rounds in which they are to be run, and what must wait.

    All places are those of the dump. What waits can be fixed only when it was checked again, for it may be about values that may not be
    seen and that a command before it gives another name.
    """

    uri: str
    rounds: tuple[tuple[Finding, ...], ...]
    waiting: tuple[Finding, ...] = ()


class Commanded(NamedTuple):
    """What the commands of fixes make of the stores of dumps: see :class:`Fixes`, and which findings they are not to be run for."""

    dumps: tuple[FixedDump, ...]
    left_out: frozenset[Key]
    notes: tuple[str, ...]
    bugs: tuple[str, ...]

    def leaves_out(self, finding: Finding) -> bool:
        """Whether the commands of a finding of the dumps as they are are not to be run."""
        return _key(finding) in self.left_out


class Fixes(NamedTuple):
    """What fixes make of files, and the check of what is left.

    ``before`` is the check of the files as they are. ``refused`` says which fixes are not made, and why: it is for people to know, and no
    failure, for what is not mended is still reported. ``bugs`` says why a file is left as it is where the reason is a bug of ours.
    """

    before: Outcome
    outcome: Outcome
    files: tuple[FixedFile, ...]
    refused: tuple[str, ...] = ()
    bugs: tuple[str, ...] = ()


def fixed(check: Check, *, unsafe: bool) -> Fixes:
    """The files with all fixes made that are safe, or with ``unsafe`` all. Nothing is written."""
    return _Fixing(check, unsafe=unsafe).run()


def commanded(check: Check, *, unsafe: bool, first: Outcome | None = None) -> Commanded:
    """The fixes of dumps that are safe, or with ``unsafe`` all, as the commands that make them; checked as fixes of files are.

    ``first`` is the check of all files as they are, where that was made already.
    """
    return _Fixing(check, unsafe=unsafe, by_commands=True).run_commands(check({}) if first is None else first)


def left(fixes: Fixes) -> Outcome:
    """The check of the files as they are, without what fixes would mend. All places are those of the files, to which nothing is written."""
    after = {_key(finding): finding for finding in fixes.outcome.result.findings}
    before = fixes.before.result
    known = {place.key for finding in before.findings for place in _places(finding)}
    there = {place.key for finding in after.values() for place in _own_places(finding)}
    moved = {key._replace(path=None) for key in there - known}

    def is_kept(finding: Finding) -> bool:
        keys = [place.key for place in _own_places(finding)]
        is_moved = finding.fix is None and keys[0]._replace(path=None) in moved
        return is_moved or not there.isdisjoint(keys)

    kept = [finding for finding in before.findings if is_kept(finding)] if fixes.files else before.findings
    return fixes.before._replace(result=before._replace(findings=tuple(_as_fixable_as(after.get(_key(one)), one) for one in kept)))


def _as_fixable_as(after: Finding | None, before: Finding) -> Finding:
    """A finding as it is, with no more to fix than there is after all others: none, or none by edits because these are left out."""
    if after is None or before.fix is None or (after.fix is not None and after.fix.edits is not None):
        return before
    if after.fix is None:
        return before._replace(fix=None)
    return before._replace(fix=before.fix._replace(edits=None))


class _Round(NamedTuple):
    """The fixes that were made at once, and what the files held before."""

    findings: tuple[Finding, ...]
    before: Mapping[str, bytes]


class _LeftOut(NamedTuple):
    """Fixes of a file that are not made, and what they would bring."""

    uri: str
    rules: str
    brings: str


class _Fixing:
    def __init__(self, check: Check, *, unsafe: bool, by_commands: bool = False) -> None:
        self.check = check
        self.unsafe = unsafe
        self.by_commands = by_commands
        """Whether commands are run on the stores of dumps, each tried on its dump; else the texts of files are edited."""
        self.rewriters: dict[Document, Rewriter] = {}
        self.bugs: dict[str, str] = {}
        self._keep({}, ())

    def _keep(self, contents: Mapping[str, bytes], rounds: Sequence[_Round]) -> None:
        """Start a pass on what fixes have made of files, in which all others are tried."""
        self.kept = contents, rounds
        self.refused: dict[str, str] = {}
        self.left_out: set[Key] = set()
        self.bringing: list[_LeftOut] = []
        self.notes: list[str] = []
        self._start_again()

    def _start_again(self) -> None:
        """Take back all fixes of a pass: a fix in one file can depend on another file."""
        contents, rounds = self.kept
        self.contents = dict(contents)
        self.rounds = list(rounds)
        self.hiding: set[_DocumentKey] = set()
        """The documents in which what a round fixed gives a value another name that may not be seen."""
        self.brought: dict[Key, _Round] = {}
        """The round that brought a finding."""
        self.no_news: set[Key] = set()
        """The findings that fixes uncover, and do not cause."""

    def run(self) -> Fixes:
        """Passes until one changes nothing: what is left out in one may be right after all that the others make."""
        first = self.check({})
        outcome = self._until_stable(first)
        while (self.left_out or self.refused) and self.contents != self.kept[0]:
            self._keep(self.contents, self.rounds)
            outcome = self._until_stable(outcome)
        changed = sorted(uri for uri, after in self.contents.items() if first.contents[uri] != after)
        old, new, mended = _by_file(first.result.documents), _by_file(outcome.result.documents), _by_file(self._fixed())
        files = tuple(
            FixedFile(uri, first.contents[uri], self.contents[uri], tuple(old.get(uri, ())), tuple(new.get(uri, ())), len(mended[uri]))
            for uri in changed
        )
        outcome = outcome._replace(result=outcome.result._replace(findings=tuple(map(self._as_left, outcome.result.findings))))
        return Fixes(first, outcome, files, self._said(), tuple(self.bugs.values()))

    def run_commands(self, first: Outcome) -> Commanded:
        """The same for dumps, of which nothing is changed."""
        placed = _placer(first)
        self.check = _check_of_stores(self.check, first, placed)
        last = self._until_stable(first)
        waiting = _by_file(finding for finding in last.result.findings if self._is_wanted(finding, last))
        rounds = [_by_file(one.findings) for one in self.rounds]
        dumps = tuple(
            FixedDump(
                uri,
                tuple(tuple(map(placed, findings[uri])) for findings in rounds if uri in findings),
                tuple(map(placed, waiting.get(uri, ()))),
            )
            for uri in sorted({uri for findings in rounds for uri in findings})
        )
        left_out = frozenset(_key(finding) for finding in first.result.findings if self._is_given_up(finding))
        return Commanded((*dumps, *self._untried(first)), left_out, self._said(), tuple(self.bugs.values()))

    def _untried(self, first: Outcome) -> Iterator[FixedDump]:
        """The dumps of which several say one environment: as nothing tells what each would be afterwards, they have one round only."""
        found = [
            finding
            for finding in first.result.findings
            if finding.fix is not None and finding.fix.commands and (finding.fix.safe or self.unsafe) and finding.suppressed is None
        ]
        untried = [finding for finding in found if finding.document not in first.rewriters]
        for uri, its_own in _by_file(untried).items():
            taken: set[str] = set()
            chosen: list[Finding] = []
            waiting: list[Finding] = []
            for finding in its_own:
                names = {name for command in (finding.fix and finding.fix.commands) or () for name in command.names}
                (chosen if taken.isdisjoint(names) else waiting).append(finding)
                taken |= names
            yield FixedDump(uri, (tuple(chosen),), tuple(waiting))

    def _said(self) -> tuple[str, ...]:
        """Which fixes are not made, and why."""
        return (*self.refused.values(), *self.notes, *map(self._described, self.bringing))

    def _described(self, one: _LeftOut) -> str:
        if self.by_commands or one.uri in self.contents:
            return f"{one.uri}: the fixes of {one.rules} are left out, because they would bring {one.brings}"
        return f"{one.uri}: is left as it is, because the fixes of {one.rules} would bring {one.brings}"

    def _fixed(self) -> list[Finding]:
        return [finding for one in self.rounds for finding in one.findings]

    def _until_stable(self, first: Outcome) -> Outcome:
        outcome = self._rounds(first)
        while self._leave_out_worse(first, outcome):
            self._start_again()
            outcome = self._rounds(first)
        return outcome

    def _as_left(self, finding: Finding) -> Finding:
        """A finding as it is reported: where its fix is not made, nobody is told to make it with ``--fix``."""
        fix = finding.fix
        if fix is None or fix.edits is None or not (fix.safe or self.unsafe) or not self._is_given_up(finding):
            return finding
        return finding._replace(fix=fix._replace(edits=None))

    def _is_given_up(self, finding: Finding) -> bool:
        uri = finding.document.uri
        return _key(finding) in self.left_out or uri in self.refused or uri in self.bugs

    def _rounds(self, first: Outcome) -> Outcome:
        """Rounds until nothing is left to fix, or until the files hold what they did before: then fixes undo each other."""
        outcome = first
        for _ in range(MOST_ROUNDS if first.started else 0):
            chosen = self._chosen(outcome)
            if not chosen or (self.rounds and self.contents in (one.before for one in self.rounds)):
                break
            outcome = self._round(first, outcome, chosen)
        return outcome

    def _chosen(self, outcome: Outcome) -> dict[str, list[Finding]]:
        """The findings to fix now, by file: of fixes that meet in one place the first."""
        chosen: dict[str, list[Finding]] = {}
        taken: dict[str, Taken] = {}
        settled: dict[Document, _Settled] = {}
        named: dict[str, set[str]] = {}
        for finding in outcome.result.findings:
            fix, uri = finding.fix, finding.document.uri
            if fix is None or not self._is_wanted(finding, outcome) or self._waits(finding):
                continue
            edits, names = taken.setdefault(uri, Taken()), named.setdefault(uri, set())
            paths = settled.setdefault(finding.document, _Settled())
            changed, own_names = _changed_by(fix.changes), {name for command in fix.commands or () for name in command.names}
            if not edits.meet(fix.edits or ()) and not paths.meet(changed) and names.isdisjoint(own_names):
                edits.add(fix.edits or ())
                paths.add(changed)
                names.update(own_names)
                chosen.setdefault(uri, []).append(finding)
        return chosen

    def _is_wanted(self, finding: Finding, outcome: Outcome) -> bool:
        """Whether a finding is one to fix that nothing here has failed to."""
        fix = finding.fix
        if fix is None or not (fix.safe or self.unsafe) or finding.suppressed is not None:
            return False
        if finding.document not in outcome.rewriters if self.by_commands else finding.document.uri not in outcome.contents:
            return False
        can_be_made = fix.commands is not None if self.by_commands else fix.edits is not None
        return can_be_made and not self._is_given_up(finding)

    def _waits(self, finding: Finding) -> bool:
        """Whether a round before has given a value another name that may not be seen: under that it might be, in this environment."""
        return _place_of(finding.document) in self.hiding

    def _round(self, first: Outcome, outcome: Outcome, chosen: Mapping[str, list[Finding]]) -> Outcome:
        """The check with the chosen findings fixed; with none of them where some are to be given up first."""
        self.rewriters.update(outcome.rewriters)
        findings = [finding for its_own in chosen.values() for finding in its_own]
        made, contents = _Round(tuple(findings), self.contents), self._with(findings, self.contents)
        after = self.check(contents)
        documents = self._compared(outcome, after)
        if [uri for uri, compared in documents.items() if self._leave_out_emptying(uri, findings, compared)]:
            return outcome
        if [uri for uri, its_own in chosen.items() if self._leave_out_unproved(uri, its_own, documents[uri], outcome)]:
            return outcome
        if [uri for uri, its_own in chosen.items() if self._is_wrong(uri, its_own, documents[uri])]:
            self._start_again()
            return first
        self.contents = contents
        self.rounds.append(made)
        self.hiding.update(_place_of(finding.document) for finding in findings if _hides(finding))
        self._note_new(made, documents.values(), outcome, after)
        return after

    def _with(self, findings: Iterable[Finding], contents: Mapping[str, bytes]) -> dict[str, bytes]:
        """What files hold with the fixes of some findings made."""
        return {**contents, **{uri: self._made(its_own) for uri, its_own in _by_file(findings).items()}}

    def _made(self, findings: Sequence[Finding]) -> bytes:
        """The bytes of a file with the fixes of some findings made, or of a dump of the store after their commands."""
        if not self.by_commands:
            return _edited(findings)
        steps = (step for one in findings if one.fix is not None for command in one.fix.commands or () for step in command.steps)
        return self.rewriters[findings[0].document]([stored for step in steps for stored in step.leaves])

    def _compared(self, before: Outcome, after: Outcome) -> dict[str, _Compared]:
        """The documents of each file before a round and after it.

        An environment of a dump is there for its parameters, and may go with the last of them.
        """
        old, new = _by_file(before.result.documents), _by_file(after.result.documents)
        make = _with_emptied if self.by_commands else _Compared
        return {uri: make(old.get(uri, []), new.get(uri, [])) for uri in old}

    def _note_new(self, made: _Round, documents: Iterable[_Compared], before: Outcome, after: Outcome) -> None:
        """Note for each finding that a round brings what was fixed, and whether that is to be blamed for it at all."""
        known = {key for finding in before.result.findings for key in _keys(finding)}
        uncovered = _Uncovered(made.findings, documents, _made_whole(before, after))
        for finding in after.result.findings:
            if not finding.related and _key(finding) in known:  # which is so of nearly all
                continue
            for place in (place for place in _own_places(finding) if place.key not in known):
                self.brought[place.key] = made
                # One that was uncovered, is gone, and comes back by another fix is the doing of that one.
                (self.no_news.add if place in uncovered else self.no_news.discard)(place.key)

    def _leave_out_emptying(self, uri: str, every: Sequence[Finding], documents: _Compared) -> bool:
        """Whether some fixes would leave nothing of the server in a document of a file; these are left out, and that is noted.

        Where they are all that is fixed in the file, it is for :meth:`_is_wrong` to say so.
        """
        if self.by_commands or not _are_others(*documents):
            return False  # of a dump an environment can go with its last parameter
        own = [finding for finding in every if finding.document.uri == uri]
        if own and not _can_be_emptied(documents):
            return False
        was = _Was(uri, documents.old)
        blamed = [one for part in _by_document(own) if self._empties(part, was) for one in self._part_that(self._empties, part, was)]
        if not blamed and not (own and self._empties(own, was)):  # it is the doing of a file that is a part of this one's documents
            blamed = self._part_that(self._empties, list(every), was)
        if not blamed or (blamed == own and uri not in self.contents):
            return False
        for file, its_own in _by_file(blamed).items():
            self._leave_out(file, its_own, f"they would leave no setting of a server {'there' if file == uri else f'in {uri}'}")
        return True

    def _empties(self, findings: Sequence[Finding], was: _Was) -> bool:
        """Whether some fixes leave other documents in a file than there were."""
        after = self.check(self._with(findings, self.contents))
        return _are_others(was.documents, [document for document in after.result.documents if document.uri == was.uri])

    def _leave_out_unproved(self, uri: str, findings: Sequence[Finding], documents: _Compared, before: Outcome) -> bool:
        """Whether some fixes of a file cannot be verified, because a value is known only before them or only after them.

        They are left out, with a note.
        """
        if _are_others(*documents) or _is_as_meant(findings, *documents) is not None:
            return False
        parts = [part for part in _by_document(findings) if self._is_unproved(part, before)]
        blamed = [one for part in parts for one in self._part_that(self._is_unproved, part, before)] or findings
        self._leave_out(uri, blamed, "a value that they change cannot be known, and so neither can what comes of it")
        return True

    def _is_unproved(self, findings: list[Finding], before: Outcome) -> bool:
        """Whether some fixes of a file cannot be verified by themselves."""
        uri = findings[0].document.uri
        documents = self._compared(before, self.check(self._with(findings, self.contents)))[uri]
        return not _are_others(*documents) and _is_as_meant(findings, *documents) is None

    def _leave_out(self, uri: str, blamed: Sequence[Finding], why: str) -> None:
        self.left_out.update(map(_key, blamed))
        lines = dict.fromkeys(str(one.document.position(one.span.start).line) for one in blamed)
        where = f"at line{'s' if len(lines) > 1 else ''} {', '.join(lines)}"
        self.notes.append(f"{uri}: the fixes of {_rules(blamed)} {where} are left out, because {why}")

    def _is_wrong(self, uri: str, findings: Sequence[Finding], documents: _Compared) -> bool:
        """Whether the fixes of a file do something else than they should; it is noted."""
        (old, new), rules = documents, _rules(findings)
        if _are_others(old, new):
            if _can_be_emptied(documents):
                self.refused[uri] = f"{uri}: is left as it is, because the fixes of {rules} would leave no server's configuration in it"
                return True
        elif _is_as_meant(findings, old, new):
            return False
        self.bugs[uri] = f"{uri}: the fixes of {rules} do not make of it what they should, so it is left as it is"
        return True

    def _leave_out_worse(self, first: Outcome, last: Outcome) -> bool:
        """Whether fixes bring a new finding that is as severe as one that they fix; they are left out, with a note."""
        new = _new_places(first, last) if self.contents else {}
        together = _together(first, last) if new else {}
        return bool([uri for uri, places in new.items() if self._is_worse(places, together.get(uri, {uri}), last)])

    def _is_worse(self, places: Iterable[_Place], files: Collection[str], last: Outcome) -> bool:
        """The same for the new findings of one file; ``files`` are those that it configures servers together with."""
        for new, blamed in self._grave(places, files, last):
            self.left_out.update(map(_key, blamed))
            for uri, its_own in _by_file(blamed).items():
                where = self._place(new, uri)
                self.bringing.append(_LeftOut(uri, _rules(its_own), f"{new.finding.severity}[{new.finding.rule}] {where}"))
            return True  # what else is new can go with it
        return False

    def _place(self, new: _Place, uri: str) -> str:
        """Where a new finding is, for a reader of a file; one in what becomes of a dump is in no file."""
        if self.by_commands and new.document.uri in {dump.uri for dump in self.rewriters}:
            name = named_environment(new.document)
            return f"in environment {name}" if name else "in the store"
        line, column = new.document.position(new.span.start)
        return f"{'' if new.document.uri == uri else f'in {new.document.uri} '}at line {line}, column {column}"

    def _grave(self, places: Iterable[_Place], files: Collection[str], last: Outcome) -> Iterator[tuple[_Place, list[Finding]]]:
        """Those of the places of new findings that are as grave as one that is mended for them, each with those.

        Only fixes that can bring it are compared: otherwise one fix would be made or not because of another.
        """
        for new in places:
            if self.by_commands and self._is_wanted(new.finding, last) and self._waits(new.finding):
                continue  # the commands that mend it come after these: whoever checks again has them
            made = self.brought.get(new.key)
            fixed = [one for one in (made.findings if made is not None else self._fixed()) if one.document.uri in files]
            if new.key not in self.no_news and fixed and _is_as_grave(new.finding, fixed):
                blamed = self._blamed(new, made, fixed)
                if _is_as_grave(new.finding, blamed):
                    yield new, blamed

    def _blamed(self, new: _Place, made: _Round | None, fixed: list[Finding]) -> list[Finding]:
        """Those of the fixes of a round that bring a new finding: of its setting or its file, if these do it alone."""
        own = [one for one in fixed if one.document.uri == new.document.uri]
        at_setting = [one for one in own if one.fix is not None and _meet(_changed_by(one.fix.changes), new.key.path)]
        if made is None:
            return at_setting or own or fixed
        brought = _Brought(new.key, made.before)
        if at_setting and self._brings(at_setting, brought):
            return at_setting
        alone = own and (len(own) == len(fixed) or self._brings(own, brought))
        return self._part_that(self._brings, own if alone else fixed, brought)

    def _part_that(self, does: Callable[[list[Finding], T], bool], fixed: list[Finding], what: T) -> list[Finding]:
        """Of what a round fixed the part that does something, found by halves; all where it takes both of them."""
        while len(fixed) > 1:
            middle = len(fixed) // 2
            part = next((part for part in (fixed[:middle], fixed[middle:]) if does(part, what)), None)
            if part is None:
                break
            fixed = part
        return fixed

    def _brings(self, fixed: list[Finding], new: _Brought) -> bool:
        """Whether some fixes of a round bring a finding."""
        outcome = self.check(self._with(fixed, new.before))
        return any(place.key == new.key for finding in outcome.result.findings for place in _own_places(finding))


def _hides(finding: Finding) -> bool:
    """Whether commands write a value that may not be seen to a parameter that did not have it."""
    fix = finding.fix
    if fix is None or all(change.action == "store" for change in fix.changes):
        return False
    steps = [step for command in fix.commands or () for step in command.steps]
    written = [one for step in steps for one in step.operations]
    return any(one.action == "ask" or (one.action == "copy" and not one.source_is_public) for one in written)


class _Was(NamedTuple):
    """A file and the documents that it had before a round."""

    uri: str
    documents: Sequence[Document]


class _Brought(NamedTuple):
    """What a finding that a round brought is known by, and what the files held before."""

    key: Key
    before: Mapping[str, bytes]


class _Compared(NamedTuple):
    """The documents of a file before a round and after it."""

    old: list[Document]
    new: list[Document]


def _can_be_emptied(documents: _Compared) -> bool:
    """Whether a file that has other documents may just have lost settings: without them it is not recognised any more."""
    return not documents.new or any(document.given is not None for document in documents.old)


def _with_emptied(old: list[Document], new: list[Document]) -> _Compared:
    """The environments of a dump, with one without settings for each that is gone."""
    found: dict[_Identity, list[Document]] = {}  # other files can have several of one name, such as a ConfigMap and a Secret
    for document in reversed(new):
        found.setdefault(_identity(document), []).append(document)
    there = [found[_identity(document)].pop() if found.get(_identity(document)) else _emptied(document) for document in old]
    known = set(there)
    return _Compared(old, [*there, *(one for one in new if one not in known)])


def _emptied(document: Document) -> Document:
    """A document without settings in place of one that is gone with its last one."""
    environment, complete = document.environment, document.complete
    return Document(document.uri, document.kind, document.text, {}, document.origin, environment=environment, complete=complete, given=())


def _placer(first: Outcome) -> Callable[[Finding], Finding]:
    """What puts a finding of what a dump will be where its setting is in the dump as it is."""
    known = {(document.uri, _identity(document)): document for document in first.result.documents}

    def placed(finding: Finding) -> Finding:
        document = known.get((finding.document.uri, _identity(finding.document)), finding.document)
        if finding.document is document:
            return finding
        return finding._replace(document=document, span=document.locate(finding.path or ()), related=())

    return placed


def _check_of_stores(check: Check, first: Outcome, placed: Callable[[Finding], Finding]) -> Check:
    """The check of dumps as commands leave them, which have not the comments that accept what is found at a place."""
    accepted = {_key(finding): finding.suppressed for finding in first.result.findings if finding.suppressed is not None}

    suppress = first.suppress
    if not accepted and suppress is None:
        return check

    def as_accepted(finding: Finding) -> Finding:
        reason = accepted.get(_key(finding))
        if reason is None and suppress is not None:
            reason = suppress(placed(finding)).suppressed
        return finding._replace(suppressed=reason)

    def checked(contents: Mapping[str, bytes]) -> Outcome:
        outcome = check(contents)
        findings = tuple(
            finding if finding.document.uri not in contents or finding.suppressed is not None else as_accepted(finding)
            for finding in outcome.result.findings
        )
        return outcome._replace(result=outcome.result._replace(findings=findings))

    return checked


class _Settled:
    """Settings that fixes of a round change: another fix must change none of them, nothing inside of one, and nothing that holds one."""

    def __init__(self) -> None:
        self._paths: set[SettingPath] = set()
        self._above: set[SettingPath] = set()

    def add(self, paths: Iterable[SettingPath]) -> None:
        for path in paths:
            self._paths.add(path)
            self._above.update(path[:length] for length in range(len(path)))

    def meet(self, paths: Iterable[SettingPath]) -> bool:
        return any(path in self._above or any(path[: length + 1] in self._paths for length in range(len(path))) for path in paths)


class _Uncovered:
    """The findings that a round of fixes in a file brings to light, and that are about what was there before.

    A value that a fix moves, by a rename, out of a URL or out of a text in JSON, was in the file already: what is found at its new place,
    such as that it is a secret in plain text, was as true before, and only now anyone can see it. And what makes a whole configuration of
    what seemed a part of one brings all that is asked of a whole; of that only what is about the settings that it changed is its doing.
    """

    def __init__(self, fixed: Iterable[Finding], documents: Iterable[_Compared], whole: Mapping[Document, Sequence[Document]]) -> None:
        after = {old: new for compared in documents for old, new in zip(*compared, strict=True)}
        self._moved: dict[Document, set[SettingPath]] = {}
        self._changed: dict[Document, set[SettingPath]] = {}
        self._whole = whole
        for finding in fixed:
            if finding.fix is not None:
                made = after[finding.document]
                self._moved.setdefault(made, set()).update(_moved_by(finding.document, finding.fix.changes))
                self._changed.setdefault(made, set()).update(_changed_by(finding.fix.changes))

    def __contains__(self, place: _Place) -> bool:
        document, path = place.document, place.key.path
        if path is None:
            return False
        if _is_in(path, self._moved.get(document, ())):
            return True
        return document in self._whole and not any(_is_in(path, self._changed.get(one, ())) for one in self._whole[document])


def _made_whole(before: Outcome, after: Outcome) -> dict[Document, Sequence[Document]]:
    """The documents that a round makes a whole configuration, or a part of one, each with all parts of that."""
    old, new = ({_place_of(one): one for one in (*outcome.result.documents, *outcome.sums)} for outcome in (before, after))
    wholes = [one for place, one in new.items() if one.complete and place in old and not old[place].complete]
    parts = [one.parts.documents if one.parts is not None else (one,) for one in wholes]
    return {part: documents for documents in parts for part in documents}


def _together(*outcomes: Outcome) -> dict[str, set[str]]:
    """The files that configure a server together, by each of them; there is no entry for one that does so alone."""
    groups: dict[str, set[str]] = {}
    for outcome in outcomes:
        sums = (one.parts.documents for one in outcome.sums if one.parts is not None)
        for documents in (*sums, *(one.documents for one in outcome.result.deployments)):
            files = {document.uri for document in documents}
            group = files.union(*(groups.get(uri, ()) for uri in files))
            groups.update(dict.fromkeys(group, group))
    return groups


def _moved_by(document: Document, changes: Sequence[Change]) -> Iterator[SettingPath]:
    """The settings to which changes move a value of a document from another one.

    Out of a URL it is the whole connection that is moved: what that lacks the URL lacked too.
    """
    removed = [document.get(change.path) for change in changes if change.action == "remove"]
    is_connection = any(isinstance(value, str) and parts_of(value) is not None for value in removed)
    for change in changes:
        if change.action == "rename":
            yield change.value
        elif change.action == "set" and (
            any(_is_of(change.value, value) for value in removed) or _is_read_from(change.value, document.get(change.path))
        ):
            yield change.path[:-1] if is_connection and len(change.path) > 1 else change.path


def _is_of(value: Any, other: Any) -> bool:
    """Whether a value is another one, what that is the JSON of, or a member of the connection that it is the URL of."""
    parts = (parts_of(other) or {}).values() if isinstance(other, str) else ()
    return any(one is not UNKNOWN and same(value, one) for one in (other, *parts)) or _is_read_from(value, other)


def _is_read_from(value: Any, text: Any) -> bool:
    """Whether a value is what a text is the JSON of."""
    return isinstance(text, str) and same(value, holder(text))


def _is_as_grave(new: Finding, mended: Iterable[Finding]) -> bool:
    """Whether a new finding is as grave as the least grave of those that are mended."""
    return LEVELS.index(new.severity) <= max(LEVELS.index(finding.severity) for finding in mended)


def _rules(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.rule for finding in findings))


def _meet(paths: Iterable[SettingPath], path: SettingPath | None) -> bool:
    """Whether a setting is one of these, or is inside of one, or the other way round."""
    return path is not None and any(path[: len(one)] == one[: len(path)] for one in paths)


def _changed_by(changes: Sequence[Change]) -> set[SettingPath]:
    """The settings that changes give a value or take away."""
    return {path for change in changes for path in (change.path, *([change.value] if change.action == "rename" else []))}


def _edited(findings: Sequence[Finding]) -> bytes:
    """The bytes of a file with the fixes of some findings made."""
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    edits = [edit for fix in fixes for edit in fix.edits or ()]
    bom = False if any(fix.without_mark for fix in fixes) else None
    return apply_to(findings[0].document.text, edits, bom=bom).encode("utf-8", "surrogatepass")


def _by_file(found: Iterable[T_Found]) -> dict[str, list[T_Found]]:
    """Documents, or findings, by the file that they are in."""
    files: dict[str, list[T_Found]] = {}
    for one in found:
        files.setdefault(one.uri if isinstance(one, Document) else one.document.uri, []).append(one)
    return files


def _by_document(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Findings, those of each document together."""
    groups: dict[Document, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.document, []).append(finding)
    yield from groups.values()


def _are_others(old: Sequence[Document], new: Sequence[Document]) -> bool:
    """Whether documents of a file are others than those that it had."""
    return list(map(_identity, old)) != list(map(_identity, new))


def _identity(document: Document) -> _Identity:
    return document.kind, _environment(document)


def _place_of(document: Document) -> _DocumentKey:
    return document.uri, _identity(document)


def _environment(document: Document) -> str | None:
    """The environment that tells a document from others in its file; an infra config is alone, and its environment a setting to fix."""
    return None if document.kind == "infra/json" else document.environment


def _is_as_meant(findings: Sequence[Finding], before: Sequence[Document], after: Sequence[Document]) -> bool | None:
    """Whether the documents of a file hold what the changes make of their settings, and nothing else; None if that is not known."""
    changes: dict[Document, list[Change]] = {}
    for finding in findings:
        changes.setdefault(finding.document, []).extend(finding.fix.changes if finding.fix is not None else ())
    return _all(_holds(new, old, changes.get(old, ())) for old, new in zip(before, after, strict=True))


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Whether all answers are yes; None where some are not known, and none is no."""
    found = set(answers)
    return False if False in found else None if None in found else True


def _holds(new: Document, old: Document, changes: Sequence[Change]) -> bool | None:
    """Whether a document holds what changes make of an old one; of a flat list of names all that they do not touch has the same text."""
    return _all((_same(_changed(old, changes), new.data), _untouched(old, changes) == _untouched(new, changes)))


def _untouched(document: Document, changes: Sequence[Change]) -> list[tuple[SettingPath, Any]]:
    """The entries of a flat list of names that changes have nothing to do with, each with its text."""
    touched = _Settled()
    touched.add(_changed_by(changes))
    return [entry for entry in document.given or () if not touched.meet([entry[0]])]


def _is_in(path: SettingPath, others: Collection[SettingPath]) -> bool:
    """Whether a setting is one of others, or is inside of one."""
    return bool(others) and any(path[:length] in others for length in range(len(path) + 1))


def _changed(document: Document, changes: Sequence[Change]) -> dict[str, Any]:
    """What changes make of the settings of a document."""
    data: dict[str, Any] = copy.deepcopy(document.data) if changes else document.data
    for change in changes:
        apply_change(data, change)
        if change.action == "rename":
            _read_again(document, change, data)
        if document.given is not None and change.action != "set":
            _drop_emptied(document, change.path, data)
    return data


def _read_again(document: Document, change: Change, data: dict[str, Any]) -> None:
    """Give a renamed entry of a flat list the value that the loader makes of its text under the new name."""
    text, coercion = _given(document).get(change.path), DOCUMENT_KINDS[document.kind].coercion
    setting = catalogue_of(document).get(change.value)
    if isinstance(text, str) and coercion is not None and setting is not None:
        steps = getattr(setting, coercion)
        apply_change(data, Change("set", change.value, loaded_value(text, setting, steps.at(document.server.release))))


def _given(document: Document) -> Mapping[SettingPath, Any]:
    """The entries of a flat list of names by their settings."""
    given: Mapping[SettingPath, Any] = document.cached("given entries", lambda: dict(document.given or ()))
    return given


def _drop_emptied(document: Document, path: SettingPath, data: dict[str, Any]) -> None:
    """Take out the objects above an entry that is gone, which are there only for what they hold; what an entry gives stays."""
    given = _given(document)
    for length in range(len(path) - 1, 0, -1):
        holder: Any = data
        for step in path[: length - 1]:
            holder = holder[step]
        if any(path[:above] in given for above in range(1, length + 1)) or holder[path[length - 1]] != {}:
            return
        del holder[path[length - 1]]


def _same(wanted: Any, found: Any) -> bool | None:
    """Whether two trees are the same; None if a value is known in one of them only. What is not a number (NaN) equals itself."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and _all(_same(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and _all(map(_same, wanted, found))
    if wanted is UNKNOWN or found is UNKNOWN:
        return True if wanted is found else None
    if wanted != wanted:  # a text that the loader reads no number in
        return bool(found != found)
    return wanted is found or same(wanted, found)


class Key(NamedTuple):
    """What a finding is known by, whatever becomes of its place in the text."""

    rule: str
    uri: str
    environment: str | None
    path: SettingPath | None


class _Place(NamedTuple):
    """One of the places that a finding is about."""

    finding: Finding
    document: Document
    span: Span
    key: Key


def _new_places(before: Outcome, after: Outcome) -> dict[str, list[_Place]]:
    """The places of which something is found that was not before, by their files."""
    known = Counter(key for finding in before.result.findings for key in _keys(finding))
    new: dict[str, list[_Place]] = {}
    for finding in after.result.findings:
        if finding.suppressed is not None:
            continue
        key = _key(finding)
        if not finding.related and known[key] > 0:  # which is so of nearly all
            known[key] -= 1
            continue
        for place in _own_places(finding):
            known[place.key] -= 1
            if known[place.key] < 0:
                new.setdefault(finding.document.uri, []).append(place)
    return new


def _keys(finding: Finding) -> Sequence[Key]:
    """The keys of the places that a finding is about."""
    return [place.key for place in _places(finding)] if finding.related else (_key(finding),)


def _places(finding: Finding) -> Iterator[_Place]:
    """The place of a finding, and the other ones that it is about: it would be at these if the first was fixed."""
    yield _Place(finding, finding.document, finding.span, _key(finding))
    for other in finding.related:
        key = Key(finding.rule, other.document.uri, _environment(other.document), other.path or None)
        yield _Place(finding, other.document, other.span, key)


def _own_places(finding: Finding) -> Iterator[_Place]:
    """The places in the finding's own document: one finding of several settings there is as many."""
    return (place for place in _places(finding) if place.document is finding.document)


def _key(finding: Finding) -> Key:
    return Key(finding.rule, finding.document.uri, _environment(finding.document), finding.path)
