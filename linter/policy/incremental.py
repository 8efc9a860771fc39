"""Checking a document only as far as it differs from one that was checked before.

Of the documents of a run many are nearly the same: the environments of a dump, the files of a monorepo. What is found in a setting depends
on its value, on what the source says of it, and on the settings that the rule compares it with (:mod:`linter.policy.reads`). A rule that
has found nothing in one document is run on the next only where one of these is another.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..conformance.mismatch import leave_out, misfits, read_beside, unchecked
from ..conformance.names import needed_like
from ..model import Document, Fact, Finding, Level, SettingPath
from ..release import MAIN
from ..settings import KINDS
from ..typed import TYPE_CHECKING, Any, Final
from .node import document_fact
from .rule import Rule

if TYPE_CHECKING:
    from .reads import Reads

Within = Mapping[str, Any]
"""The settings at the top of a document among which a rule is to look: the others are as they were where it found nothing."""
Find = Callable[[Rule, Level, Within | None], Sequence[Finding]]
"""Runs a rule on the document at hand, on all of it or only within some settings."""

_WORTH: Final = 8
"""Documents after which it pays to compare the next ones, and to know what rules read; to work that out takes as long as to check two."""
_MOST_KEPT: Final = 200
"""Different sets of names of which it is known what they have run: with documents that have little in common there is no end of them."""

_Shape = tuple[tuple[str, ...], tuple[SettingPath, ...], bool, Any, Any]
"""What two documents must have in common to be compared: the names at the top, the settings of which there are facts, whether it is
complete, and what its path tells."""
_Run = tuple[Rule, Level, frozenset[str] | None]
"""A rule to run, with its level and the names at the top beneath which it is to look: None for everywhere."""
_Facts = Mapping[str, tuple[Mapping[str, Fact], ...]]


class _Base:
    """The last document of a shape: its ``values`` and the ``facts`` of these by the names at the top, the rules that found something in
    it (``finders``), and the names of what agrees with the catalogue (``fitting``).
    """

    __slots__ = ("facts", "finders", "fitting", "values")

    def __init__(self, values: Mapping[str, Any], facts: _Facts, finders: frozenset[str], fitting: frozenset[str]) -> None:
        self.values = values
        self.facts = facts
        self.finders = finders
        self.fitting = fitting


class Incremental:
    """The checks of the documents of one kind, target and server, each rule with its level, and what was checked with them last.

    ``failing`` are the rules that have met with a bug: they are run on every document. The caller adds to them.
    """

    def __init__(self, checks: Sequence[tuple[Rule, Level]], kind: str) -> None:
        self._checks = checks
        self._kind = kind
        self._all: list[_Run] = [(rule, level, None) for rule, level in checks]
        self._runs: dict[frozenset[str], list[_Run]] = {}
        """What is to be run where some names at the top have changed, and all rules have found nothing before."""
        self._read: dict[str, Reads | None] = {}
        self._bases: dict[_Shape, _Base] = {}
        self._number = 0
        """How many documents were checked."""
        self._spelt: dict[tuple[str, ...], bool] = {}
        """Of the names of documents whether each is spelt as what it is."""

    def found(self, document: Document, find: Find, failing: set[str]) -> Iterator[Finding]:
        """What the rules find in a document, in their order."""
        self._number += 1
        shape = self._shape(document) if self._number >= _WORTH else None
        if shape is None:
            for rule, level, _ in self._all:
                yield from find(rule, level, None)
            return
        facts = _facts(document, shape[1])
        base = self._bases.get(shape)
        changed = _changed(document.data, facts, base, self._kind) if base is not None else frozenset(document.data)
        fitting = base.fitting - changed if base is not None else frozenset()
        leave_out(document, fitting)
        finders: set[str] = set()
        for rule, level, names in self._to_run(base, changed):
            within = None if names is None else {name: value for name, value in document.data.items() if name in names}
            found = find(rule, level, within)
            if found:
                finders.add(rule.info.id)
                yield from found
        if unchecked(document):  # which is to be noted of every document
            self._bases.pop(shape, None)
            return
        misfit = misfits(document)  # None where no rule has asked for them
        fitting = frozenset(document.data) - misfit if misfit is not None else fitting
        self._bases[shape] = _Base(document.data, facts, frozenset(finders | failing), fitting)

    def _shape(self, document: Document) -> _Shape | None:
        """The shape of a document; None for one that is compared with no other: made of several, for an older server, or with a name that
        is taken for another one's.
        """
        entries = document.origin.with_facts()
        if entries is None or document.members or document.parts is not None or document.server.release != MAIN:
            return None
        if self._kind not in KINDS:
            return None
        names = tuple(document.data)
        if names not in self._spelt:
            self._spelt[names] = not any(map(needed_like, names))
        if not self._spelt[names]:
            return None
        uploaded, template = document_fact(document, "uploaded"), document_fact(document, "template")
        return names, tuple(entries), document.complete, uploaded, template

    def _to_run(self, base: _Base | None, changed: frozenset[str]) -> list[_Run]:
        """The rules to run on a document in which the settings beneath some names are not as in the last one."""
        if base is None:
            return self._all
        if changed not in self._runs:
            if len(self._runs) == _MOST_KEPT:
                self._runs.clear()
            every = ((rule, level, self._where(rule, changed)) for rule, level in self._checks)
            self._runs[changed] = [run for run in every if run[2] is None or run[2]]
        runs = self._runs[changed]
        if not base.finders:
            return runs
        known = {rule.info.id: (rule, level, names) for rule, level, names in runs}
        return [
            (rule, level, None) if rule.info.id in base.finders else known[rule.info.id]
            for rule, level in self._checks
            if rule.info.id in base.finders or rule.info.id in known
        ]

    def _where(self, rule: Rule, changed: frozenset[str]) -> frozenset[str] | None:
        """Beneath which names at the top a rule is to look that found nothing in the last document; None for everywhere."""
        rule_id = rule.info.id
        if rule_id not in self._read:
            from .reads import reads_of  # only for a run with many documents

            self._read[rule_id] = reads_of(rule.data, self._kind) if rule.trusted else None
        reads = self._read[rule_id]
        if reads is None or not reads.shared.isdisjoint(changed):
            return None
        return changed if reads.anywhere else reads.places & changed


def _facts(document: Document, entries: Iterable[SettingPath]) -> _Facts:
    """What the source says of the settings beneath each name at the top, but for what their entries are called."""
    facts: dict[str, tuple[Mapping[str, Fact], ...]] = {}
    for path in entries:
        said = document.origin.facts(path)
        if document.kind != "server/env":  # the names of variables are what they set
            said = {name: fact for name, fact in said.items() if name != "name"}
        name = str(path[0])
        facts[name] = (*facts.get(name, ()), said)
    return facts


def _changed(values: Mapping[str, Any], facts: Mapping[str, Any], base: _Base, kind: str) -> frozenset[str]:
    """The names at the top that have another value than in the last document, or of which the source says something else."""
    changed = {name for name, value in values.items() if not _same(value, base.values[name])}
    changed |= {name for name, said in facts.items() if said != base.facts[name]}
    changed |= {name for name, beside in read_beside(kind).items() if beside in changed and name in values}
    return frozenset(changed)


def _same(value: Any, other: Any) -> bool:
    """Whether two values are the same to the last bit and in the same order: ``1`` is not ``1.0``."""
    if type(value) is not type(other):
        return False
    if type(value) is str or type(value) is int or type(value) is bool:
        return bool(value == other)
    try:
        return marshal.dumps(value, 0) == marshal.dumps(other, 0)
    except ValueError:  # what is nested too deeply, or is not known
        return False
