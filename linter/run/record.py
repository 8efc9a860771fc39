"""What a report records besides its findings, to show what a clean one covers: the status of each rule and why, the options in force, and
digests of the files and the rules.

Nothing here changes a finding: the rules are evaluated again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path

from .. import _built
from ..deployment.members import beside, side_by_side
from ..files import relative_to_here
from ..formats.placeholders import is_unresolved
from ..memo import Memo
from ..model import (
    ABSENT,
    TARGETS,
    UNKNOWN,
    Digest,
    Document,
    Finding,
    Record,
    RuleCoverage,
    RuleInfo,
    RuleStatus,
    Status,
    dotted,
    gathered,
    scalars_in,
)
from ..options.choose import configured_environment, is_active, is_selected, levels_of, most_exact
from ..options.config import Config, Overrides
from ..policy.engine import Levels, applies, seen_by
from ..policy.evaluate import AS_WRITTEN, IN_CONDITION, ask, holds
from ..policy.node import Node
from ..policy.rule import Rule
from ..policy.tree import Clause
from ..redaction.digest import digest_of
from ..settings.kinds import DEPLOYMENT, WORKLOAD
from ..text import printable
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from . import Outcome

_ORDER: Final[tuple[Status, ...]] = ("found", "undecided", "checked", "off", "not-applicable")
_ANY: Final = ""
"""Stands for all kinds of documents that are files, or parts of one."""
_TOGETHER: Final = frozenset({DEPLOYMENT, WORKLOAD})
_MOST_REASONS: Final = 3
"""The maximum number of reasons that are named."""
NOT_GIVEN: Final = "is not given"
_TOO_OLD: Final = "is not read by this server, which is too old for it"
_REPORTED: Final = ", which has a finding of its own"


class Subject(NamedTuple):
    """A rule and the document to evaluate it on, which can be the combined documents of a deployment.

    ``overrides`` are the options that apply to it, ``given`` those of the command line and ``config`` its configuration.
    """

    rule: Rule
    document: Document
    overrides: Overrides
    given: Overrides
    config: Config

    @classmethod
    def maker(cls, document: Document, main: Document, outcome: Outcome) -> Callable[[Rule], Subject]:
        """A function that makes subjects of rules and a document; ``main`` is the document whose rule selection applies."""
        overrides, config = outcome.rules[main].overrides, outcome.config_of(Path(main.uri))
        return partial(cls, document=document, overrides=overrides, given=outcome.options.overrides, config=config)


def record(outcome: Outcome) -> Record:
    """The record of a run."""
    now, digests = outcome.options.now, cache(lambda: _digests(outcome.result.documents))
    return Record(coverage(outcome), tuple(_in_force(outcome)), digests, _built.sha256(), now.isoformat() if now is not None else None)


def _in_force(outcome: Outcome) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """The options that differ from the defaults, each group with the paths of the files that it applies to."""
    for rules, paths in gathered((rules, document.uri) for document, rules in outcome.rules.items()).items():
        given = rules.overrides._asdict() | {"server": rules.overrides.server and rules.overrides.server.text}
        options = {name.replace("_", "-"): value for name, value in given.items() if value not in (None, (), {})}
        if options:
            yield options, tuple(dict.fromkeys(paths))


def _digests(documents: Sequence[Document]) -> dict[Document, Digest]:
    one_of = {document.text: document for document in reversed(documents)}  # of several documents of one text each masks the same
    known = {text: digest_of(document) for text, document in one_of.items()}
    return {document: known[document.text] for document in documents}


def coverage(outcome: Outcome) -> tuple[RuleCoverage, ...]:
    """The statuses of every rule of a run, sorted by id."""
    rules = {id_: rule for rule_set in outcome.rules.values() for id_, rule in rule_set.every.items()}
    statuses: dict[str, Counter[RuleStatus]] = {id_: Counter() for id_ in sorted(rules)}
    own = gathered(((finding.rule, finding.document), finding) for finding in outcome.result.findings if finding.holders is None)
    shared = gathered((finding.rule, finding) for finding in outcome.result.findings if finding.holders is not None)
    memos: dict[int, Memo] = {}
    for kind in (DEPLOYMENT, WORKLOAD, _ANY):
        group = [rule for rule in rules.values() if (kind in rule.info.kinds if kind else not _TOGETHER.issuperset(rule.info.kinds))]
        for document, main in subjects_of([kind], outcome):
            chosen, texts = outcome.rules[main], written_documents(document)
            subject_of = Subject.maker(document, main, outcome)
            memo = memos.setdefault(id(chosen.plan(document)), Memo()) if kind == _ANY and len(document.layers) == 1 else None
            with memo.watching(document) if memo is not None else nullcontext():
                for id_, rule in ((rule.info.id, chosen.every.get(rule.info.id, rule)) for rule in group):
                    found = [finding for text in texts for finding in own.get((id_, text), ())]
                    found += [finding for finding in shared.get(id_, ()) if is_of(finding, document)]
                    statuses[id_][_survived(subject_of(rule), outcome, found, memo)] += 1
    return tuple(_coverage(rules[id_].info, counted) for id_, counted in statuses.items())


def _survived(subject: Subject, outcome: Outcome, findings: Sequence[Finding], memo: Memo | None) -> RuleStatus:
    try:
        return status_of(subject, outcome, findings, memo)
    except Exception:  # which the run has logged where it was checked
        return RuleStatus("undecided", "a bug in medplum-lint")


def _coverage(info: RuleInfo, statuses: Counter[RuleStatus]) -> RuleCoverage:
    if not statuses:
        several = "it compares several documents of one server, and no two are here"
        statuses[RuleStatus("not-applicable", several if DEPLOYMENT in info.kinds else f"the rule is for {' or '.join(info.kinds)}")] = 0
    return RuleCoverage(info, tuple(sorted(statuses.items(), key=lambda item: (_ORDER.index(item[0].status), item[0].why))))


def subjects_of(kinds: Collection[str], outcome: Outcome) -> Iterator[tuple[Document, Document]]:
    """The documents of a run to evaluate a rule for some kinds on, each with the document whose rule selection applies."""
    sums = gathered((part, combined) for combined in outcome.sums for part in written_documents(combined))
    whole = dict.fromkeys(part for document in outcome.result.documents for part in sums.get(document, [document]))
    for document in whole if not _TOGETHER.issuperset(kinds) else ():
        yield document, document
    for document, _ in outcome.around if WORKLOAD in kinds else ():
        if document.kind == WORKLOAD:
            yield document, document
    pairs = beside(outcome.around, outcome.result.deployments)
    for deployment in (*outcome.result.deployments, *pairs) if DEPLOYMENT in kinds else ():
        for combined in side_by_side(deployment):
            yield combined, combined.members.get("server", deployment.documents[0])


def written_documents(document: Document) -> Collection[Document]:
    """The documents in which parts of a document are written."""
    return document.members.values() or document.texts


def is_of(finding: Finding, document: Document) -> bool:
    """Whether a finding belongs to a document: services can share a file, so it may be at a place that was first seen in another."""
    if finding.holders is not None and document.holders:
        in_file = finding.document.uri in {text.uri for text in written_documents(document)}
        return in_file and not set(document.holders).isdisjoint(finding.holders)
    return finding.document in written_documents(document)


# --- Why a rule is not checked ---


def status_of(subject: Subject, outcome: Outcome, findings: Sequence[Finding], memo: Memo | None = None) -> RuleStatus:
    """The status of a rule on a document in which it has these findings: the one that says most, where connections have a target of
    their own. A ``memo`` keeps the decision for the last document."""
    decide = partial(_status_on_target, subject, outcome, findings, memo)
    on_each = subject.document.targets and [decide() for _ in subject.document.each_target()]
    return min(reversed(on_each), key=lambda one: _ORDER.index(one.status)) if on_each else decide()


def _status_on_target(subject: Subject, outcome: Outcome, findings: Sequence[Finding], memo: Memo | None) -> RuleStatus:
    rule, document, overrides, *_ = subject
    if not applies(rule, document):
        return RuleStatus("not-applicable", f"the rule is for {' or '.join(rule.info.kinds)}, and this is {document.kind}")
    if findings:
        return RuleStatus("found", "" if any(finding.suppressed is None for finding in findings) else "what it finds is accepted")
    if not is_active(rule, overrides):
        return RuleStatus("off", why_unchecked(subject))
    levels = levels_of(rule, overrides, document)
    if not any(levels):
        return why_off(subject)
    if not document.members and document not in outcome.checkable:
        return RuleStatus("undecided", "too much of the document cannot be read")
    read = RuleStatus("checked", "reading the file found nothing of this kind")
    if rule.of_source:
        return read
    decide = partial(decided, rule, document, levels)
    status = decide() if memo is None else memo.get((rule.info.id, document.target), decide)
    return read if rule.found_by and status.status == "not-applicable" else status


def why_off(subject: Subject) -> RuleStatus:
    """Why a rule is off for the target of a document."""
    rule, document, overrides, *_ = subject
    info, target = rule.info, document.target
    is_configured = bool(overrides.severity) and any(levels_of(rule, overrides._replace(severity=None), document))
    if info.pedantic and not is_configured and any(levels_of(rule, overrides._replace(pedantic=True, severity=None), document)):
        return RuleStatus("off", f"it is pedantic, so it is checked only on request: --pedantic, or --select {info.id}")
    why = f"it is off in {target or 'one of the targets'} ({severity_from(subject)})"
    return RuleStatus("off" if is_configured else "not-applicable", why)


def severity_from(subject: Subject) -> str:
    """What sets the severity."""
    info = subject.rule.info
    name = most_exact(info, subject.overrides.severity)
    if name and (name == info.id or any(levels_of(subject.rule, subject.overrides._replace(severity=None), subject.document))):
        return f"severity in {place_in(subject, 'severity', name)}{'' if name == info.id else f' names {printable(name)}'}"
    levels = {target: info.severity[target] or "off" for target in TARGETS}
    if len(set(levels.values())) == 1 and not info.pedantic:
        return "the rule"
    words = (f"{levels[target]}{' on request' * (target in info.pedantic)} in {target}" for target in TARGETS)
    return f"the rule: {', '.join(words)}"


def why_unchecked(subject: Subject) -> str:
    """Why a rule is not selected."""
    info, overrides = subject.rule.info, subject.overrides
    if is_selected(subject.rule, overrides):
        return f"the rule has enabled: false, and is checked only when it is selected by its id: --select {info.id}"
    ignored = most_exact(info, overrides.ignore)
    return named_by(subject, "ignore", ignored) if ignored else named_by(subject, "select", most_exact(info, overrides.select))


def named_by(subject: Subject, option: str, word: str = "") -> str:
    """The sentence that an option names a selector, or names only other rules, with where the option is set."""
    given = getattr(subject.given, option) is not None
    where = f"--{option}" if given else f"{option} in {place_in(subject, option, word)}"
    return f"{where} names {printable(word) or 'other rules'}"


def place_in(subject: Subject, option: str, name: str = "") -> str:
    """The configuration file, with the line of the option that applies to a document, or that names something there."""
    config, document = subject.config, subject.document
    if config.path is None:
        return "the configuration"
    environment, file = configured_environment(config, document), Path(document.uri)
    options = (option, "extend-select") if option == "select" and name else (option,)
    lines = (config.line_for(file, environment, option, name) for option in options)
    line = next((line for line in lines if line is not None), config.selectors.get(name))
    return f"{printable(relative_to_here(config.path))}{'' if line is None else f':{line}'}"


# --- What the clauses of a rule decide ---


def decided(rule: Rule, document: Document, levels: Levels) -> RuleStatus:
    """The status of a rule that finds nothing in a document: checked, not applicable or undecided. ``levels`` are those of its cases."""
    seen = seen_by(rule, document)
    root = Node(seen, None, seen.data)
    is_satisfied = False
    reasons: dict[str, dict[str, None]] = {}
    for case in (case for case, level in zip(rule.cases, levels, strict=True) if level is not None and applies(case, document)):
        asked = holds(case.when, root)
        if isinstance(asked, tuple):
            continue
        clauses = case.must if asked else [clause for clauses in case.when for clause in clauses]
        for clause in clauses:
            for node in [one for one in clause.path.nodes(root) if not document.targets or document.has_target(one.path)]:
                verdict = ask(clause.assertion, clause.path.value(node), node, AS_WRITTEN if asked else IN_CONDITION)
                if verdict is None:
                    name, why = why_unknown(clause.path.value(node), node, clause)
                    reasons.setdefault(NOT_GIVEN if why == _TOO_OLD and node.value is ABSENT else why, {})[name] = None
                is_satisfied = is_satisfied or (asked is True and verdict is not None)
    absent, too_old = (reasons.pop(reason, None) for reason in (NOT_GIVEN, _TOO_OLD))
    unknown = {why: names for why, names in reasons.items() if not (is_satisfied and why.endswith(_REPORTED))}
    if unknown:
        return RuleStatus("undecided", _listed(f"{name} {why}".strip() for why, names in unknown.items() for name in names))
    if is_satisfied:
        return RuleStatus("checked", "every clause is satisfied by what is given" if absent else "every clause is satisfied")
    if too_old:
        return RuleStatus("not-applicable", f"this server is too old to read {_listed(too_old)}")
    return RuleStatus("not-applicable", "what it asks about is not given" if absent else "its condition does not hold")


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    more = [f"{len(every) - _MOST_REASONS:,} more"] if len(every) > _MOST_REASONS else []
    return "; ".join((*every[:_MOST_REASONS], *more))


def why_unknown(value: Any, node: Node, clause: Clause) -> tuple[str, str]:
    """Why a clause is unknown for the value at a node: the name of a setting, and why its value is not known."""
    name = printable(dotted(node.path))
    if node.value is ABSENT and node.entry.is_given_otherwise:
        return name, f"is given under another name{_REPORTED}"
    if value is node.value and node.entry.since:
        return name, _TOO_OLD
    if value is ABSENT and any(part.name == "present" and part.operand for part in clause.assertion.parts) and node.entry.may_be_elsewhere:
        return name, "is not given in the part of the configuration that is here"
    lack = lack_of(value)
    if lack:
        return name, lack
    if value is node.value and node.entry.is_misread:
        return name, f"does not fit the catalogue{_REPORTED}"
    for reference in clause.compared:
        other = reference.single(node)
        lack = lack_of(reference.value(other))
        if lack or other.entry.is_misread:
            return printable(dotted(other.path)), lack or "does not fit the catalogue, and what is meant is not clear"
    return name, "cannot be determined from what is given" if any(map(lack_of, scalars_in(value))) else NOT_GIVEN


def lack_of(value: Any) -> str:
    """Why a value is not known, as a clause about its setting."""
    if value is ABSENT:
        return NOT_GIVEN
    if value is UNKNOWN:
        return "has a value that cannot be read here"
    return "still has to be filled in" if is_unresolved(value) else ""
