"""Rule × document → findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from .. import settings
from ..conformance.mismatch import has_unknown_object, mismatch_of, mismatches
from ..conformance.table import Entry
from ..model import ABSENT, Document, Finding, Fix, Level, Message, Part, Related, SettingPath, dotted, gathered, level_on, prefixes
from ..settings.kinds import catalogue_kind
from ..text import printable
from ..typed import Final
from .display import shown
from .evaluate import AS_WRITTEN, ask, holds
from .node import Node
from .paths import Branch, Path
from .rule import Case, Rule, kind_matches
from .template import Together, cut
from .tree import Clause
from .verdict import Failure

_PART_OF_FACT: dict[str, Part] = {"type": "type", "tier": "tier", "name": "key", "key": "key"}


def applies(rule: Rule | Case, document: Document) -> bool:
    """Whether a rule, or a case of one, applies to documents of this kind."""
    return any(kind_matches(one, kind) for one in document.kinds for kind in rule.info.kinds)


DEEP: Final = 200
"""A depth of nesting that no configuration reaches."""
_MOST_DEEP: Final = 100
"""The maximum number of findings per rule at a greater depth: naming each takes as much as its levels, of which there can be as many."""

Failed = Callable[[SettingPath, Exception], object]
"""Called with each place that could not be checked because of a bug."""


Levels = tuple["Level | None", ...]
"""The severity of each case of a rule; None if it is not checked."""


def check(rule: Rule, document: Document, levels: Levels | None = None, failed: Failed | None = None) -> list[Finding]:
    """Every finding of a rule in a document. ``levels`` override the rule's own.

    With ``failed`` a bug in the check of one place affects only that place; without it, it is raised.
    """
    if levels is None:
        levels = tuple(level_on(case.info.severity, document.target) for case in rule.cases)
    findings = _found(rule, levels, seen_by(rule, document), failed)
    if rule.trusted:
        return findings
    from .trust import with_document

    return [with_document(finding, document) for finding in findings]


def seen_by(rule: Rule, document: Document) -> Document:
    """A document as a rule may see it, with the names that are meant."""
    if not rule.trusted:
        from .trust import public_view  # only for rules of a configuration that was merely found

        document = public_view(document)
    if not any(member.ask(has_unknown_object) for member in document.members.values() or [document]):
        return document
    if document.memo is not None:
        document.memo.note(document.memo.UNTRACED)  # it does not see the reads of a view
    from ..conformance.misspelt import as_meant  # only after a mistake in a name

    return as_meant(document)


def _found(rule: Rule, levels: Levels, document: Document, failed: Failed | None) -> list[Finding]:
    root, memo = Node(document, None, document.data), document.memo
    found: dict[SettingPath, Finding] = {}
    deep = 0

    def look_at(case: Case, finding: Callable[[Node, Failure], Finding], clause: Clause, nodes: Iterable[Node]) -> bool:
        """Add the first finding of each of some places; returns whether there is any, or any place could not be checked."""
        nonlocal deep
        fails = False
        assertion, value_at = clause.assertion, clause.path.value
        for node in nodes:
            try:
                verdict = ask(assertion, value_at(node), node, AS_WRITTEN)
                if verdict is True or verdict is None:
                    continue
                fails = True
                is_deep = node.is_deeper_than(DEEP)
                for failure in verdict:
                    deep += is_deep
                    where = Node.at(node.document, node.path + failure.path) if failure.path else node
                    layer = where.document.layer(where.path)
                    is_ours = layer is where.document or (not layer.members and applies(case, layer))  # a secret is checked by itself
                    is_ours = is_ours and document.has_target(where.path)
                    if is_ours and not (is_deep and deep > _MOST_DEEP) and where.path not in found:
                        found[where.path] = finding(where, failure)
            except Exception as error:
                if failed is None:
                    raise
                failed(node.path, error)
                fails = True
        return fails

    def look_in(look: Callable[[Iterable[Node]], bool], path: Path, branch: Branch) -> bool:
        return look(path.nodes_in(branch, root))

    pedantic_last = sorted(range(len(rule.cases)), key=lambda number: document.target in rule.cases[number].info.pedantic)
    for number in pedantic_last:  # so that they hide no others
        case, level = rule.cases[number], levels[number]
        if level is None or not applies(case, document) or holds(case.when, root) is not True:
            continue
        for index, clause in enumerate(case.must):
            look = partial(look_at, case, partial(_finding, case, number, level, clause), clause)
            if clause.aspect is not None:
                paths = (path for path, one in mismatches(document).items() if clause.aspect in (one.aspect, one.part))
                look(chain((Node.at(document, path) for path in paths), misspelt_names(document)))
            elif memo is None or clause.path.is_single:
                look(clause.path.nodes(root))
            else:  # kept per top-level setting, since most stay the same from one document to the next
                memo.each((case.info.id, number, index), clause.path.branches(root), partial(look_in, look, clause.path))
    return drop_conflicting_fixes(list(found.values()))


def misspelt_names(document: Document) -> Iterator[Node]:
    """The misspelt names, in the document as it is written, for which a view of it has the right ones."""
    if document.view_of is not None:
        written, names = document.view_of
        yield from misspelt_names(written)
        misspelt = set(names.values())
        yield from (Node.at(written, path) for path in mismatches(written) if not misspelt.isdisjoint(prefixes(path)))


def drop_conflicting_fixes(findings: list[Finding]) -> list[Finding]:
    """Drop the fixes of a document that would set one setting to several values, since it is not known which was meant.

    A value that the file gives under another name takes precedence over one that a fix would add.
    """
    moved = Counter(path for finding in findings if finding.fix is not None for path in _moved_to(finding.fix))

    def has_conflict(finding: Finding, fix: Fix) -> bool:
        own = _moved_to(fix)
        return any(moved[path] > (path in own) for path in own | _set_by(fix) if finding.document.get(path) is ABSENT)

    return [one._replace(fix=None) if one.fix is not None and has_conflict(one, one.fix) else one for one in findings]


def _moved_to(fix: Fix) -> set[SettingPath]:
    """The settings that a fix renames others to."""
    moved: set[SettingPath] = {change.value for change in fix.changes if change.action == "rename"}
    return moved | _set_by(fix) if any(change.action == "remove" for change in fix.changes) else moved


def _set_by(fix: Fix) -> set[SettingPath]:
    return {change.path for change in fix.changes if change.action == "set"}


def without_repetitions(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> list[Finding]:
    """Drop findings whose cause is reported by another finding of the document: see :attr:`Case.yields_to`.

    ``rules`` are the rules of the findings, by id. The other finding may be about the same setting, about a parent or the whole document,
    or about a member.
    """
    causes = [rules[finding.rule].cases[finding.case].yields_to if finding.rule in rules else () for finding in findings]
    named = {cause for ids in causes for cause in ids}
    places = {(finding.rule, finding.path or ()) for finding in findings if finding.rule in named}
    above = {(rule, one) for rule, path in places for one in _prefixes(path)}
    of_names = {
        (one.rule, one.path)
        for one in findings
        if one.rule in named and (mismatch := mismatch_of(one.document, one.path or ())) is not None and mismatch.lost
    }
    whole = places - of_names  # the name of an object is not the cause of what is wrong in it

    def is_repeated(path: SettingPath, ids: Iterable[str]) -> bool:
        return any((cause, path) in above or any((cause, one) in whole for one in _prefixes(path)) for cause in ids)

    return [one for one, ids in zip(findings, causes, strict=True) if one.path is None or not is_repeated(one.path, ids)]


def _prefixes(path: SettingPath) -> Iterator[SettingPath]:
    """A path and the paths of its parents, from the whole document on, down to the greatest depth of a configuration."""
    return (path[:length] for length in range(min(len(path), DEEP) + 1))


def merged(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> list[Finding]:
    """Merge the findings of each case that has a message for several (:attr:`Case.together`) into one.

    It is at the first place, with the others as related ones; its fix combines the fixes of those that have one. Names that a later release
    reads are kept apart. Of several missing settings the most severe comes first. ``rules`` are the rules of the findings, by id.
    """

    def together(one: Finding) -> Together | None:
        return rules[one.rule].cases[one.case].together if one.rule in rules else None

    def key(one: Finding) -> tuple[object, ...]:
        texts = together(one)
        if texts is not None and texts.over:
            return one.rule, one.document, None if one.is_missing else one.path
        return one.rule, one.case, one.severity, one.document, bool(_since(one))

    kept: list[Finding] = []
    for group in gathered((key(one), one) for one in findings).values():
        texts = together(group[0]) if len(group) > 1 else None
        if texts is not None and len(group) > texts.over:
            first = (lambda one: (one.severity_rank, one.span)) if texts.over else (lambda one: (0, one.span))
            group = [_merged(rules[group[0].rule], texts, sorted(group, key=first))]
        kept += group
    return kept


def _since(finding: Finding) -> str:
    """The release that first reads a name, for which the server is too old; empty for a finding about anything else."""
    return Entry(finding.document, finding.path).since if finding.part == "key" and finding.path else ""


def _message_for_another(finding: Finding, first: Finding) -> str:
    """The message for another place: the name of its setting, and the whole message if that is different."""
    name, of_first = dotted(finding.path or ()), dotted(first.path or ())
    same = bool(name) and finding.message.replace(name, "", 1) == first.message.replace(of_first, "", 1)
    return name if same else finding.message


def _as_first(message: Message) -> Message:
    """A message as the first clause of one about several places, with a question at its end put in brackets."""
    question = f"; {message.remedy}"
    if not message.remedy.endswith("?") or not message.text.endswith(question):
        return message._replace(text=message.text.rstrip("."))
    bracket = f" ({message.remedy})"
    message = message._replace(remedy="", text=message.text.removesuffix(question) + bracket)
    return message._replace(why=message.why + bracket) if message.why else message._replace(what=message.what + bracket)


def _merged(rule: Rule, together: Together, group: list[Finding]) -> Finding:
    """Several findings as one, whose fix combines theirs and says what it does not fix."""
    first, *others = group
    document = first.document
    since = [_since(finding) for finding in group]
    node = Node.at(seen_by(rule, document), first.path or ())
    notes = ["" if one == since[0] else one for one in since]
    fixes = [finding.fix for finding in group if finding.fix is not None]
    by_hand = ", ".join(printable(dotted(finding.path)) for finding in group if finding.fix is None and finding.path)
    says = ", ".join(dict.fromkeys(fix.description for fix in fixes)) + (f"; fix {by_hand} by hand" if by_hand else "")
    edits = [fix.edits for fix in fixes if fix.edits is not None]
    fix = Fix(
        tuple(change for fix in fixes for change in fix.changes),
        all(fix.safe for fix in fixes),
        cut(says),
        tuple(dict.fromkeys(edit for one in edits for edit in one)) if edits else None,
        without_mark=any(fix.without_mark for fix in fixes),
    )
    return first._replace(
        says=together.show(node, _as_first(first.says), [finding.path or () for finding in group], notes),
        related=tuple(Related(document, one.path or (), one.span, _message_for_another(one, first)) for one in others),
        fix=fix if fixes else None,
    )


def _finding(case: Case, number: int, level: Level, clause: Clause, node: Node, failure: Failure) -> Finding:
    from .make_fix import make_fix  # only if there is a finding

    part = failure.part if clause.path.fact is None else _PART_OF_FACT.get(clause.path.fact, "value")
    assert case.message is not None  # the schema requires a message in a rule that checks something
    document, path = node.document.written_in(node.path, part)
    return Finding(
        rule=case.info.id,
        severity=_severity(case, level, document, path, failure),
        says=case.message.show(node, failure.reason, failure.mistake),
        document=document,
        path=path or None,
        span=document.locate(path, part),
        fix=make_fix(case, node) if case.fix else None,
        related=tuple(_related(clause, node, failure, document)) if node.document.members or node.document.parts else (),
        part=part,
        case=number,
    )


def _severity(case: Case, level: Level, document: Document, path: SettingPath, failure: Failure) -> Level:
    """The level of a case, lowered if it is not known whether the server reads the setting, or which values it allows."""
    if failure.may_be_newer:
        return "note"
    setting = settings.catalogue().get(path) if catalogue_kind(document.kind) == "server" else None
    release = document.server.release
    is_unsure = setting is not None and (setting.is_read_by(release) is None or setting.may_allow_more(release))
    return "warning" if level == "error" and is_unsure and case.info.security_severity is None else level


def _related(clause: Clause, node: Node, failure: Failure, at: Document) -> Iterator[Related]:
    """The places of the settings that a setting was compared with in a deployment; in a sum only those in other texts."""
    others = [path.single(node) for path in clause.compared]
    if failure.other:
        others.append(Node.at(node.document, failure.other))
    for other in others:
        document, path = other.document.written_in(other.path)
        if other.value is not ABSENT and path and (node.document.members or document is not at):
            message = f"{dotted(other.path)} is {shown(other.document, other.path, other.value)}"
            yield Related(document, path, document.locate(path), message)
