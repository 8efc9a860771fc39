"""Checking one document: what its source and its rules find in it, and the edits and commands that make the fixes of findings."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from .choose import Plan, RuleSet
from .conformance.mismatch import unchecked
from .documents.source import Loaded, Place, Problem
from .log import Log
from .model import Document, Finding, Fix, SettingPath
from .policy.engine import Levels, check
from .policy.rule import Case, Rule
from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .memo import Memo

_SECRETS = "secrets"
"""The category of rules about secrets in plain sight, which do not depend on who reads them."""
_IN_PLAIN_TEXT = "external/cwe/cwe-312"
"""The tag of rules about what anyone can read in a file, whether or not a server gets it."""


class Checker:
    """Checks documents one after the other. ``several``: there are many, so that it pays to keep results from one to the next."""

    def __init__(self, log: Log, *, several: bool) -> None:
        self._log = log
        self._several = several
        self._memos: dict[int, Memo] = {}
        """The results that are kept, by the identity of the plan of their documents."""
        self._has_failed = False
        """Whether a rule has a bug, which is to be logged for every document."""

    def found_by_source(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        """The mistakes that a source found in a text."""
        for problem in loaded.problems:
            found = rules.case_reporting(problem.name, loaded.document.target)
            if found is not None:
                rule, number, level = found
                document = loaded.document.written_in(problem.path or (), "key")[0]
                fix = None
                with self._log.surviving(document.uri, f"the fix of {rule.info.id}"):
                    fix = fix_of(problem, rule.cases[number])
                yield Finding(rule.info.id, level, problem.message, document, problem.path, problem.span, fix, case=number)

    def found_by_rules(self, loaded: Loaded, rules: RuleSet, newest: Document) -> list[Finding]:
        """The findings of rules in a document. Those about secrets look into what the ``newest`` server makes of it."""
        document = loaded.document
        plan = rules.plan(document)
        if newest is document:
            found = self._found_with(plan, document)
        else:
            others = [(rule, levels) for rule, levels in plan.checks if rule.info.category != _SECRETS]
            found = [one for rule, levels in others for one in self.found_by(rule, document, levels)]
            found += self._secrets_found(document, newest, rules)
        found += self._found_in_overridden(loaded, rules)
        for path, error in unchecked(document).items():
            self._log.bug(error, document.uri, "checking a setting", path)
        return found

    def found_by(self, rule: Rule, document: Document, levels: Levels) -> list[Finding]:
        """The findings of one rule; a bug in it must not hide those of the others."""
        what = f"the rule {rule.info.id}"

        def failed(path: SettingPath, error: Exception) -> None:
            self._has_failed = True
            self._log.bug(error, document.uri, what, path)

        try:
            return check(rule, document, levels, failed)
        except Exception as error:
            failed((), error)
            return []

    def _found_with(self, plan: Plan, document: Document) -> list[Finding]:
        """The findings of a plan's rules. Those that found nothing in the last document run only if they would read anything else now."""
        if not self._several:
            return [one for rule, levels in plan.checks for one in self.found_by(rule, document, levels)]
        from .memo import Memo  # only for several documents

        found: list[Finding] = []
        memo = self._memos.setdefault(id(plan), Memo())
        with memo.watching(document):
            for rule, levels in plan.checks:
                if not memo.is_kept(rule.info.id):
                    found += memo.get(rule.info.id, partial(self.found_by, rule, document, levels), keep=operator.not_)
        if self._has_failed or unchecked(document):  # which is to be logged for every document
            memo.forget()
        return found

    def _secrets_found(self, document: Document, newest: Document, rules: RuleSet) -> Iterator[Finding]:
        """The findings of rules about secrets in what the newest server makes of a document."""
        shown = dict(zip((newest, *parts_of(newest)), (document, *parts_of(document)), strict=True))
        for one in shown:
            one.target, one.now = document.target, document.now
        for rule, levels in rules.plan(newest).checks:
            if rule.info.category == _SECRETS:
                yield from (one._replace(document=shown[one.document]) for one in self.found_by(rule, newest, levels))

    def _found_in_overridden(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        """Secrets in variables of parts that another part overrides: anyone can read them there."""
        parts = loaded.document.parts
        if parts is None or loaded.document.kind != "server/env":
            return
        for document in parts.documents:
            overridden = {path for path, _ in document.given or () if parts.giver(path, "value") is not document}
            for rule, levels in rules.plan(document).checks if overridden else ():
                if _IN_PLAIN_TEXT in rule.info.tags:
                    found = self.found_by(rule, document, levels)
                    yield from (one for one in found if one.path is not None and _is_in(one.path, overridden))


def parts_of(document: Document) -> tuple[Document, ...]:
    """The documents of the parts that a document is the sum of."""
    return document.parts.documents if document.parts is not None else ()


def _is_in(path: SettingPath, holders: set[SettingPath]) -> bool:
    return any(path[:length] in holders for length in range(1, len(path) + 1))


def fix_of(problem: Problem, case: Case) -> Fix | None:
    """The fix of what a source found; the case that reports it says whether it is safe. None where nothing puts it right."""
    repair = problem.repair
    if repair is None or not case.fix:
        return None
    edits = repair.edits() if repair.edits is not None else [] if repair.without_mark else None
    if not edits and not repair.without_mark and not repair.changes:
        return None
    return Fix(repair.changes, case.fix[0].safe, repair.says, None if edits is None else tuple(edits), without_mark=repair.without_mark)


class Texts(NamedTuple):
    """The texts of a run that fixes can change.

    ``loaded`` are the documents by themselves, ``given`` the files of the run by their paths in the report: no other one is ever edited.
    ``sums`` are the documents of which something at a place is a part; at a ``shared`` place sums have different parts, so that an edit
    would be meant for one of them.
    """

    loaded: Mapping[Document, Loaded]
    given: Collection[str]
    sums: Mapping[Place, Sequence[Document]]
    shared: Collection[Place]

    def fix_of(self, finding: Finding, log: Log) -> Fix | None:
        """The fix of a finding with the edits, or for a dump the commands, that would make it."""
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
        is_editable = document.uri in self.given and not any(place in self.shared for place in loaded.places)
        if edits is None and loaded.editor is not None and is_editable:
            edits = tuple(loaded.editor(fix.changes) or ()) or None
        if edits is None:
            return fix
        from .server.shown_edits import as_shown  # only for a finding that can be fixed

        made, shown = as_shown(document, fix.changes, edits)
        return fix._replace(edits=made, shown=shown and not loaded.hidden)

    def _is_in_one_place(self, fix: Fix, loaded: Loaded) -> bool:
        """Whether a fix of a part of sums changes nothing that another part of one of them gives too."""
        sums = (one.parts for place in loaded.places for one in self.sums.get(place, ()))
        paths = [path for change in fix.changes for path in (change.path, *([change.value] if change.action == "rename" else []))]
        givers = (giver for one in sums if one is not None for path in paths for giver in one.givers(path))
        return all(self.loaded[giver].places == loaded.places for giver in givers)
