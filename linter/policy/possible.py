"""Conditions of a rule that can never hold, which its examples need not show: what excludes itself, and values that a setting never has.

A name in quotes is meant as it is, and so is what it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import ABSENT, TARGETS, Document
from ..settings import Setting
from ..typed import Any, Final, cast
from .errors import RuleError, did_you_mean
from .evaluate import IN_CONDITION, check_of
from .known import setting_at
from .node import Node
from .operators import listed
from .operators.compare import place_in_order
from .rule import RULE_KINDS, Rule
from .tree import Asked, Assertion, Part, clauses_of, references, walk

_TRIED: Final = frozenset(
    "equals one_of not min max min_length max_length starts_with ends_with contains type format matches host each arn present".split()
)
"""The operators whose answer about a value depends on nothing else."""
_NOWHERE: Final = Node(cast(Document, None), None, ABSENT)
_OF_FACTS: Final = {"target": TARGETS, "kind": RULE_KINDS, **dict.fromkeys(("complete", "uploaded", "template", "mounted"), (True, False))}
"""What a fact about a document can be."""


def check_possible(rule: Rule) -> None:
    """Raise :class:`RuleError`, with its place, for the first condition of a rule that can never hold."""
    for case in rule.cases:
        conditions = [clause for one in (case.when, *(fix.when for fix in case.fix)) for clause in clauses_of(one)]
        asked = [one for clause in (*case.must, *conditions) for one in walk(clause)]
        ifs = [(one.text, one.part.inner[0].assertion) for one in asked if one.part.name == "if"]
        for text, assertion in [*((clause.text, clause.assertion) for clause in conditions), *ifs]:
            if _excludes_itself(assertion):
                raise RuleError(f"this can never hold: what it asks of {text} excludes itself", assertion.place)
        for one in asked:
            found = [setting for kind in case.info.kinds if one.path.fact is None and (setting := setting_at(one.path, kind))]
            _check_values(one, [] if '"' in one.text else found)


def _excludes_itself(assertion: Assertion) -> bool:
    """Whether no value satisfies an assertion."""
    if assertion.alternatives:
        return all(map(_excludes_itself, assertion.alternatives))
    parts = {part.name: part for part in assertion.parts}
    if "present" in parts and not parts["present"].operand:
        return any(not part.checks_unknown for part in assertion.parts)
    low_high = ([parts[name].operand for name in pair if name in parts] for pair in (("min", "max"), ("min_length", "max_length")))
    if any(len(pair) == 2 and all(isinstance(one, int | float) for one in pair) and pair[0] > pair[1] for pair in low_high):
        return True
    tried = [part for part in assertion.parts if _can_be_tried(part)]
    values = [listed(part.operand) if part.name == "one_of" else [part.operand] for part in tried if part.name in ("equals", "one_of")]
    return any(all(any(_fails(part, value) for part in tried) for value in some) for some in values)


def _can_be_tried(part: Part) -> bool:
    inner = (one for member in part.inner for other in (member.assertion, *member.assertion.alternatives) for one in other.parts)
    return part.name in _TRIED and not any(references(part)) and all(map(_can_be_tried, inner))


def _fails(part: Part, value: Any) -> bool:
    return isinstance(check_of(part, IN_CONDITION)(value, _NOWHERE), tuple)


def _check_values(asked: Asked, known: list[Setting]) -> None:
    """Raise :class:`RuleError` for a literal that is none of the words, or of another type than any, of what it is compared with."""
    part, choices = asked.part, _OF_FACTS.get(asked.path.fact or "", ()) if not asked.path.steps else ()
    for literal in _literals(part):
        is_possible = any(_can_be(one, literal) for one in known) if known else not choices or literal in choices
        if not is_possible:
            words = [str(one).lower() if isinstance(one, bool) else str(one) for one in choices or known[0].enum or known[0].types]
            near = did_you_mean(str(literal), words)
            raise RuleError(f'{asked.text} is never "{literal}", but {" or ".join(words)}{near}', part.place)
        if part.name in ("at_least", "at_most") and place_in_order(literal, known[0].enum if known else ()) is None:
            raise RuleError(f'"{literal}" has no place in a known order: write {{value: {literal}, order: […]}}', part.place)


def _literals(part: Part) -> Iterator[Any]:
    values = [part.operand] if part.name in ("equals", "at_least", "at_most") else part.operand if part.name == "one_of" else []
    if part.name == "by_environment":
        values = [value for some in part.operand.values() for value in listed(some)]
    yield from (one for one in values if one not in (None, "") and not isinstance(one, dict | list) and "${" not in str(one))


def _can_be(setting: Setting, literal: Any) -> bool:
    if setting.enum and isinstance(literal, str):
        return literal.lower() in [str(one).lower() for one in setting.enum] if setting.ignore_case else literal in setting.enum
    return isinstance(literal, bool) or setting.types != ("boolean",)  # of others there can be texts that no loader parses
