"""Merge: equal findings of several services become one, findings with one message become one, and fixes become edits and commands."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..acceptance.acceptors import Acceptors
from ..deployment.parts import shared_places
from ..documents.source import Loaded
from ..log import Log
from ..model import Document, Finding, Fix, gathered
from ..options.choose import RuleSet
from ..policy.engine import merged
from ..settings.kinds import COMPANIONS
from .state import Batch, Subject


def deduplicate(batches: list[Batch], in_sums: Collection[str]) -> list[Batch]:
    """The batches with one finding in place of equal ones of several services that share a file; it applies to all of them."""
    first: dict[tuple[object, ...], Finding] = {}
    holders: dict[tuple[object, ...], dict[tuple[str, str], None]] = {}

    def key(finding: Finding) -> tuple[object, ...]:
        return finding.rule, finding.document.uri, finding.span, finding.message

    def is_shared(finding: Finding) -> bool:
        return finding.document.uri in in_sums or finding.document.kind in COMPANIONS

    every = ((finding, batch.of or finding.document) for batch in batches for finding in batch.findings)
    for finding, of in ((finding, of) for finding, of in every if is_shared(finding)):
        document = first.setdefault(key(finding), finding).document
        document.holders = tuple(dict.fromkeys((*document.holders, *of.holders)))
        holders.setdefault(key(finding), {}).update(dict.fromkeys(of.holders))

    def kept(findings: list[Finding]) -> Iterator[Finding]:
        for finding in findings:
            if not is_shared(finding):
                yield finding
            elif first[key(finding)] is finding:
                yield finding._replace(holders=tuple(holders[key(finding)]))

    return [batch._replace(findings=list(kept(batch.findings))) for batch in batches]


class Texts:
    """The texts of a run that fixes can change, with the rules of each document: only ``given`` files are ever edited."""

    def __init__(self, subjects: list[Subject], given: Collection[str]) -> None:
        self._given = given
        self.loaded: dict[Document, Loaded] = {}
        """The documents by themselves."""
        self.rules_of: dict[Document, RuleSet] = {subject.document: subject.rules for subject in subjects}
        texts = [(text, subject) for subject in subjects for text in subject.loaded.texts]
        of_sums = ((text, subject.document) for text, subject in texts if text is not subject.loaded)
        self._sums = gathered((place, document) for text, document in of_sums for place in text.places)
        """The documents that a place is a part of."""
        self._shared = shared_places(subject.loaded for subject in subjects)
        """The places where sums have different parts, so that an edit would be meant for one of them."""
        for text, subject in texts:
            self.loaded.setdefault(text.document, text)
            self.rules_of.setdefault(text.document, subject.rules)

    def fix_of(self, finding: Finding, log: Log) -> Fix | None:
        """The fix of a finding with the edits, or for a dump the commands, that make it."""
        fix, loaded = finding.fix, self.loaded.get(finding.document)
        if fix is None or loaded is None:
            return fix
        with log.surviving(finding.document.uri, f"the fix of {finding.rule}", finding.path or ()):
            fix = self._with_edits(fix, loaded)
            commands = loaded.commander(fix.changes) if loaded.commander is not None else None
            return fix._replace(commands=tuple(commands)) if commands else fix
        return fix

    def _with_edits(self, fix: Fix, loaded: Loaded) -> Fix:
        """A fix with its edits, and whether these may be shown."""
        if any(change.action == "store" for change in fix.changes) or (fix.edits is None and not self._is_in_one_place(fix, loaded)):
            return fix
        document, edits = loaded.document, fix.edits
        is_editable = document.uri in self._given and not any(place in self._shared for place in loaded.places)
        if edits is None and loaded.editor is not None and is_editable:
            edits = tuple(loaded.editor(fix.changes) or ()) or None
        if edits is None:
            return fix
        from ..server.shown_edits import as_shown  # only for a finding that can be fixed

        made, shown = as_shown(document, fix.changes, edits)
        return fix._replace(edits=made, shown=shown and not loaded.hidden)

    def _is_in_one_place(self, fix: Fix, loaded: Loaded) -> bool:
        """Whether a fix of a part of sums changes nothing that another part of one of them gives too."""
        sums = (document.parts for place in loaded.places for document in self._sums.get(place, ()))
        paths = [path for change in fix.changes for path in change.paths]
        givers = (giver for parts in sums if parts is not None for path in paths for giver in parts.givers(path))
        return all(self.loaded[giver].places == loaded.places for giver in givers)


def merge(batch: Batch, texts: Texts, acceptors: Acceptors, log: Log) -> Batch:
    """A batch with findings merged if their rule has one message for several, with their fixes; comments accept single ones.

    Findings accepted by a baseline are merged as without one, so that each report counts the same.
    """
    by_id = batch.rules.active
    new = merged([finding for finding in batch.findings if finding.suppressed is None], by_id)
    kept = [one._replace(fix=texts.fix_of(one, log), related=(*one.related, *acceptors.alike(one))) for one in new]
    known = merged([finding for finding in batch.findings if finding.accepted_by == "baseline"], by_id)
    for finding in known:
        acceptors.baseline_of[finding.document].count(finding)
    others = [finding for finding in batch.findings if finding.accepted_by in ("comment", "configuration")]
    return batch._replace(findings=[*kept, *others, *known])
