"""Rule × document → findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ..model import ABSENT, Document, Finding, Level, Part, Related, SettingPath, Target, dotted
from .display import shown
from .node import Node
from .rule import Clause, Rule, kind_matches, make_fix
from .verdict import Failure

_PART_OF_FACT: dict[str, Part] = {"type": "type", "tier": "tier", "name": "key", "key": "key"}


def applies(rule: Rule, document: Document) -> bool:
    """Whether a rule speaks about documents of this kind."""
    return any(kind_matches(document.kind, kind) for kind in rule.info.kinds)


_DEEP: Final = 200
"""Levels of nesting that no configuration has."""
_MOST_DEEP: Final = 100
"""Findings of one rule at most that are nested more deeply: to name each takes as much as its levels, of which there can be as many."""

Failed = Callable[[SettingPath, Exception], object]
"""Is told of a place that could not be checked, for a bug of ours."""


def check(
    rule: Rule, document: Document, severity: Mapping[Target, Level | None] | None = None, failed: Failed | None = None
) -> list[Finding]:
    """Every finding of one rule in one document. ``severity`` is that of the configuration, else the rule's own counts.

    With ``failed`` a bug in the check of one place is that place's alone; without it, it is raised.
    """
    level = (severity or rule.info.severity)[document.target]
    if level is None or not applies(rule, document):
        return []
    if not rule.trusted:
        from .trust import public_view, with_document  # only for rules that a configuration brought which nobody named

        return [with_document(finding, document) for finding in _found(rule, level, public_view(document), failed)]
    return _found(rule, level, document, failed)


def _found(rule: Rule, level: Level, document: Document, failed: Failed | None) -> list[Finding]:
    root = Node(document, None, document.data)
    if rule.when is not None and rule.when(root) is not True:
        return []
    findings: dict[SettingPath, Finding] = {}
    deep = 0
    for clause in rule.must:
        for node in clause.path.nodes(root):
            try:
                for failure in _failures(clause, node):
                    deep += (is_deep := node.is_deeper_than(_DEEP))
                    if is_deep and deep > _MOST_DEEP:
                        continue
                    where = Node.at(document, node.path + failure.path) if failure.path else node
                    if where.path not in findings:
                        findings[where.path] = _finding(rule, level, clause, where, failure)
            except Exception as error:
                if failed is None:
                    raise
                failed(node.path, error)
    return list(findings.values())


def _failures(clause: Clause, node: Node) -> tuple[Failure, ...]:
    verdict = clause.check(clause.path.value(node), node)
    return () if verdict is True or verdict is None else verdict


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
