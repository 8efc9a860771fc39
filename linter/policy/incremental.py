"""Checking a document only as far as it differs from one that was checked before.

Of the documents of a run many are nearly the same: the environments of a dump, the files of a monorepo. And a document is checked again
with a few settings fixed. What is found in a setting depends on its value, on what the source says of it, and on the settings that the
rule compares it with (:mod:`linter.policy.reads`). A rule is run on the next document only where one of these is another, and what it has
found elsewhere is taken over.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from ..conformance import mismatch
from ..conformance.mismatch import is_read_alone, read_beside, unchecked
from ..conformance.names import needed_like
from ..model import Document, Fact, Finding, Level, SettingPath
from ..release import MAIN
from ..settings import KINDS, catalogue
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple
from .engine import DEEP
from .node import document_fact
from .rule import Rule

if TYPE_CHECKING:
    from .reads import Reads, Told

Within = Mapping[str, Any]
"""The settings at the top of a document among which a rule is to look: the others are as they were where it found nothing."""
Find = Callable[[Rule, Level, Within | None], Sequence[Finding]]
"""Runs a rule on the document at hand, on all of it or only within some settings."""
_Look = Callable[..., Sequence[Finding]]
"""Runs a rule of a level on all of the document at hand, or only beneath some names at its top."""

_WORTH: Final = 8
"""Documents after which it pays to compare the next ones, and to know what rules read; to work that out takes as long as to check two."""
_MOST_KEPT: Final = 200
"""Different sets of names of which it is known what they have run: with documents that have little in common there is no end of them."""

_Shape = tuple[tuple[str, ...], tuple[SettingPath, ...], bool, Any, Any]
"""What two documents must have in common to be compared: the names at the top, the settings of which there are facts, whether it is
complete, and what its path tells."""
_Facts = Mapping[str, tuple[Mapping[str, Fact], ...]]


class KnownDocument(NamedTuple):
    """A document that was checked, what the rules found in it, and the names of what agrees with the catalogue there.

    ``checks`` are the rules, each with its level. ``fitting`` is None where another document is not to be compared with it.
    """

    document: Document
    findings: Sequence[Finding]
    fitting: frozenset[str] | None
    checks: Sequence[tuple[Rule, Level]]


class _Base:
    """A document that another one is compared with: the ``values`` and the ``facts`` of these by the names at the top, what the rules have
    ``found`` in it, by their ids, the rules that met with a bug (``failing``), the names of what agrees with the catalogue (``fitting``),
    and what does not, as far as that is known (``mismatches``).
    """

    __slots__ = ("facts", "failing", "fitting", "found", "mismatches", "values")

    def __init__(
        self,
        values: Mapping[str, Any],
        facts: _Facts,
        findings: Iterable[Finding],
        failing: Collection[str],
        fitting: frozenset[str],
        mismatches: mismatch.ByName,
    ) -> None:
        self.values = values
        self.facts = facts
        self.found: dict[str, list[Finding]] = {}
        for finding in findings:
            self.found.setdefault(finding.rule, []).append(finding)
        self.failing = frozenset(failing)
        self.fitting = fitting
        self.mismatches = mismatches


class _Run(NamedTuple):
    """A rule to run, with its level and the names at the top beneath which it is to look: None for everywhere.

    ``keeps``: what it has found beneath other names in the last document is found in this one too.
    """

    rule: Rule
    level: Level
    names: frozenset[str] | None
    keeps: bool = False


class Incremental:
    """The checks of the documents of one kind, target and server, each rule with its level, and what was checked with them last.

    ``failing`` are the rules that have met with a bug: they are run on every document. The caller adds to them.
    """

    def __init__(self, checks: Sequence[tuple[Rule, Level]], kind: str) -> None:
        self._checks = checks
        self._kind = kind
        self._all = [_Run(rule, level, None) for rule, level in checks]
        self._runs: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], list[_Run]] = {}
        """What is to be run where some names at the top have changed, some rules have found something before, and some met with a bug."""
        self._read: dict[str, Reads | None] = {}
        self._told: dict[str, Told | None] = {}
        self._bases: dict[_Shape, _Base] = {}
        """The last document of each shape."""
        self._number = 0
        """How many documents were checked."""
        self._spelt: dict[tuple[str, ...], bool] = {}
        """Of the names of documents whether each is spelt as what it is."""
        self._path_and_told: tuple[str, tuple[Any, Any]] | None = None

    def found(self, document: Document, find: Find, failing: set[str], before: KnownDocument | None = None) -> KnownDocument:
        """What the rules find in a document, in their order. ``before`` is what it was when it was checked before, where that is known."""
        self._number += 1
        shape = self._shape(document) if self._number >= _WORTH else None
        if shape is None:
            return KnownDocument(document, [one for rule, level, *_ in self._all for one in find(rule, level, None)], None, self._checks)
        facts = _facts(document, shape[1])
        base = self._base_before(before, document, shape) or self._bases.get(shape)
        changed = _changed(document.data, facts, base, self._kind) if base is not None else frozenset(document.data)
        fitting = base.fitting - changed if base is not None else frozenset()
        mismatches = _unchanged_mismatches(base.mismatches, changed, self._kind) if base is not None else {}
        mismatch.take_over(document, fitting, mismatches)
        parts: dict[frozenset[str], Within] = {}

        def look(rule: Rule, level: Level, names: frozenset[str] | None = None) -> Sequence[Finding]:
            if names is None:
                return find(rule, level, None)
            if names not in parts:  # most rules look among the same
                parts[names] = {name: value for name, value in document.data.items() if name in names}
            return find(rule, level, parts[names])

        findings: list[Finding] = []
        for run in self._to_run(base, changed):
            if base is None or not run.keeps:
                findings += look(run.rule, run.level, run.names)
            else:
                findings += self._taken_over(run, base, changed, document, look)
        if unchecked(document):  # which is to be noted of every document
            self._bases.pop(shape, None)
            return KnownDocument(document, findings, None, self._checks)
        every = mismatch.by_name(document)  # None where no rule has asked for them
        if every is not None:
            mismatches, fitting = every, frozenset(document.data) - every.keys()
        self._bases[shape] = _Base(document.data, facts, findings, failing, fitting, mismatches)
        return KnownDocument(document, findings, None if failing else fitting, self._checks)

    def _base_before(self, before: KnownDocument | None, document: Document, shape: _Shape) -> _Base | None:
        """What a document was, where it has the same shape and was checked by the same rules for the same server."""
        if before is None or before.fitting is None or before.checks != self._checks:
            return None
        was = before.document
        if (was.target, was.server, was.now) != (document.target, document.server, document.now) or self._shape(was) != shape:
            return None
        return _Base(was.data, _facts(was, shape[1]), before.findings, (), before.fitting, mismatch.by_name(was) or {})

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
        return names, tuple(entries), document.complete, *self._told_by_path(document)

    def _told_by_path(self, document: Document) -> tuple[Any, Any]:
        """What the path of a document tells: one file can have many of them."""
        if self._path_and_told is None or self._path_and_told[0] != document.uri:
            told = document_fact(document, "uploaded"), document_fact(document, "template")
            self._path_and_told = document.uri, told
        return self._path_and_told[1]

    def _to_run(self, base: _Base | None, changed: frozenset[str]) -> list[_Run]:
        """The rules to run on a document in which the settings beneath some names are not as in the last one."""
        if base is None:
            return self._all
        key = changed, frozenset(base.found), base.failing
        if key not in self._runs:
            if len(self._runs) == _MOST_KEPT:
                self._runs.clear()
            every = (self._run(rule, level, base, changed) for rule, level in self._checks)
            self._runs[key] = [run for run in every if run.names is None or run.names or run.keeps]
        return self._runs[key]

    def _run(self, rule: Rule, level: Level, base: _Base, changed: frozenset[str]) -> _Run:
        """Where to run a rule, and whether it keeps what it has found."""
        names = self._where(rule, changed) if rule.info.id not in base.failing else None
        if names is None or rule.info.id not in base.found:
            return _Run(rule, level, names)
        told = self._told_by(rule)
        if told is None or not told.shared.isdisjoint(changed):
            return _Run(rule, level, None)
        return _Run(rule, level, names, keeps=True)

    def _where(self, rule: Rule, changed: frozenset[str]) -> frozenset[str] | None:
        """Beneath which names at the top a rule finds anything else than in the last document; None where that can be everywhere."""
        rule_id = rule.info.id
        if rule_id not in self._read:
            from .reads import reads_of  # only for a run with many documents

            self._read[rule_id] = reads_of(rule.data, self._kind) if rule.trusted else None
        reads = self._read[rule_id]
        if reads is None or not reads.shared.isdisjoint(changed):
            return None
        return changed if reads.anywhere else reads.places & changed

    def _told_by(self, rule: Rule) -> Told | None:
        rule_id = rule.info.id
        if rule_id not in self._told:
            from .reads import told_of

            self._told[rule_id] = told_of(rule.data, self._kind)
        return self._told[rule_id]

    def _taken_over(self, run: _Run, base: _Base, changed: frozenset[str], document: Document, look: _Look) -> Sequence[Finding]:
        """What a rule that has found something in the last document finds in this one, which it runs through only as far as it must."""
        rule, level, names, _ = run
        told, before = self._told_by(rule), base.found[rule.info.id]
        kept = _unchanged(before, changed, document, self._kind)
        if told is None or kept is None or (len(kept) < len(before) and not names):
            return look(rule, level)
        if told.of_names and not self._are_known(changed, base.values, document.data):
            return look(rule, level)
        found = look(rule, level, names) if names else ()
        if not kept or (not found and (told.apart or len(kept) == len(before))):
            return kept or found
        if not told.in_order or not told.apart:
            return look(rule, level)
        order = {name: number for number, name in enumerate(document.data)}
        return sorted([*kept, *found], key=lambda one: order.get(str(one.path[0]), -1) if one.path else -1)

    def _are_known(self, names: Iterable[str], *every: Mapping[str, Any]) -> bool:
        """Whether names at the top are those of settings that servers read, without members, so that none is meant for another one."""
        known = (catalogue(self._kind).get((name,)) for name in names)
        return all(one is not None and one.status != "obsolete" for one in known) and not any(
            isinstance(values[name], dict | list) for values in every for name in names
        )


def _unchanged_mismatches(every: mismatch.ByName, changed: Collection[str], kind: str) -> mismatch.ByName:
    return {name: some for name, some in every.items() if name not in changed and all(is_read_alone(kind, path) for path, _ in some)}


def _unchanged(before: Iterable[Finding], changed: frozenset[str], document: Document, kind: str) -> list[Finding] | None:
    """The findings about what has not changed, where that stands in another document; None where nobody can tell."""
    kept: list[Finding] = []
    for one in before:
        path = one.path
        # Of what is nested more deeply not every finding is reported.
        if path is None or len(path) > DEEP or one.related or not is_read_alone(kind, path):
            return None
        if path[0] not in changed:
            kept.append(one._replace(document=document, span=document.locate(path, one.part)))
    return kept


def _facts(document: Document, entries: Iterable[SettingPath]) -> _Facts:
    """What the source says of the settings beneath each name at the top, but for what their entries are called."""
    facts: _Facts = document.cached("facts by name", lambda: _facts_by_name(document, entries))
    return facts


def _facts_by_name(document: Document, entries: Iterable[SettingPath]) -> _Facts:
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
