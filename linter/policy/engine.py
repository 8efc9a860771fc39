"""Rule × document → findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import ABSENT, Document, Finding, Level, Part, Related, SettingPath, Target, dotted
from .display import shown
from .node import Node
from .rule import Clause, Rule, kind_matches, make_fix
from .verdict import Failure

_PART_OF_FACT: dict[str, Part] = {"type": "type", "tier": "tier", "name": "key", "key": "key"}


def applies(rule: Rule, document: Document) -> bool:
    """Whether a rule speaks about documents of this kind."""
    return any(kind_matches(document.kind, kind) for kind in rule.info.kinds)


def check(rule: Rule, document: Document, severity: Mapping[Target, Level | None] | None = None) -> list[Finding]:
    """Every finding of one rule in one document. ``severity`` is that of the configuration, else the rule's own counts."""
    level = (severity or rule.info.severity)[document.target]
    if level is None or not applies(rule, document):
        return []
    if not rule.trusted:
        from .trust import public_view, with_document  # only for rules that a configuration brought which nobody named

        return [with_document(finding, document) for finding in _found(rule, level, public_view(document))]
    return _found(rule, level, document)


def _found(rule: Rule, level: Level, document: Document) -> list[Finding]:
    root = Node(document, None, document.data)
    if rule.when is not None and rule.when(root) is not True:
        return []
    findings: dict[SettingPath, Finding] = {}
    for clause in rule.must:
        for node, failure in _failures(clause, root):
            where = Node.at(document, node.path + failure.path) if failure.path else node
            if where.path not in findings:
                findings[where.path] = _finding(rule, level, clause, where, failure)
    return list(findings.values())


def _failures(clause: Clause, root: Node) -> Iterator[tuple[Node, Failure]]:
    for node in clause.path.nodes(root):
        verdict = clause.check(clause.path.value(node), node)
        if verdict is not True and verdict is not None:
            for failure in verdict:
                yield node, failure


def _finding(rule: Rule, level: Level, clause: Clause, node: Node, failure: Failure) -> Finding:
    part = failure.part if clause.path.fact is None else _PART_OF_FACT.get(clause.path.fact, "value")
    assert rule.message is not None  # a rule that checks something says something: the schema asks for it
    document, path = node.document.owner(node.path)
    return Finding(
        rule=rule.info.id,
        severity=level,
        message=rule.message.show(node, failure.reason).rstrip(),  # a fact that says nothing leaves no blank at the end
        document=document,
        path=path or None,
        span=document.locate(path, part),
        fix=make_fix(rule.fix, node) if rule.fix is not None else None,
        related=tuple(_related(clause, node, failure)) if node.document.members else (),
    )


def _related(clause: Clause, node: Node, failure: Failure) -> Iterator[Related]:
    """The places of the settings that a setting of one member of a deployment was compared with."""
    others = [reference.single(node) for reference in clause.references]
    if failure.other:
        others.append(Node.at(node.document, failure.other))
    for found in others:
        document, path = found.document.owner(found.path)
        if found.value is not ABSENT and path:
            message = f"{dotted(found.path)} is {shown(found.document, found.path, found.value)}"
            yield Related(document, path, document.locate(path), message)
