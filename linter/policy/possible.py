"""Conditions of a rule that can never hold, though its examples may not show it: contradictions, and words that a setting never has.

A name in quotes is literal, and so is the value that it is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import ABSENT, TARGETS, Document
from ..typed import Any, Final, cast
from .errors import RuleError, did_you_mean
from .evaluate import IN_CONDITION, check_of
from .known import setting_at
from .node import Node
from .operators import listed
from .operators.compare import is_word_of_an_order, place_in_order
from .rule import RULE_KINDS, Rule
from .tree import Asked, Assertion, Part, clauses_of, references, walk

_TRIED: Final = frozenset(
    "equals one_of not min max min_length max_length starts_with ends_with contains type format matches host each arn present".split()
)
"""The operators whose answer depends on the value alone."""
_NOWHERE: Final = Node(cast(Document, None), None, ABSENT)
_OF_FACTS: Final[dict[str, Sequence[str]]] = {"target": TARGETS, "kind": RULE_KINDS}


def check_possible(rule: Rule) -> None:
    """Raise :class:`RuleError`, with its place, for the first condition of a rule that can never hold."""
    for case in rule.cases:
        conditions = [clause for one in (case.when, *(fix.when for fix in case.fix)) for clause in clauses_of(one)]
        asked = [one for clause in (*case.must, *conditions) for one in walk(clause)]
        ifs = [(one.text, one.part.inner[0].assertion) for one in asked if one.part.name == "if"]
        for text, assertion in [*((clause.text, clause.assertion) for clause in conditions), *ifs]:
            if _excludes_itself(assertion):
                raise RuleError(f"this can never be true: its conditions on {text} exclude each other", assertion.place)
        # No setting has a value that it never has.
        denied = {id(part) for one in asked if one.part.name == "not" for part in _inner(one.part)}
        for one in asked:
            if id(one.part) not in denied:
                _check_words(one, case.info.kinds)


def _excludes_itself(assertion: Assertion) -> bool:
    """Whether no value satisfies an assertion."""
    if assertion.alternatives:
        return all(map(_excludes_itself, assertion.alternatives))
    operands = {part.name: part.operand for part in assertion.parts}
    if operands.get("present") is False:
        return any(not part.checks_unknown for part in assertion.parts)
    pairs = ([operands[name] for name in pair.split() if name in operands] for pair in ("min max", "min_length max_length"))
    tried = [part for part in assertion.parts if _can_be_tried(part)]
    sets = [listed(part.operand) if part.name == "one_of" else [part.operand] for part in tried if part.name in ("equals", "one_of")]
    if any(all(isinstance(one, int | float) for one in pair) and pair != sorted(pair) for pair in pairs):
        return True
    return any(all(any(_fails(part, value) for part in tried) for value in values) for values in sets)


def _inner(part: Part) -> list[Part]:
    return [one for member in part.inner for other in (member.assertion, *member.assertion.alternatives) for one in other.parts]


def _can_be_tried(part: Part) -> bool:
    return part.name in _TRIED and not any(references(part)) and all(map(_can_be_tried, _inner(part)))


def _fails(part: Part, value: Any) -> bool:
    return isinstance(check_of(part, IN_CONDITION)(value, _NOWHERE), tuple)


def _check_words(asked: Asked, kinds: Sequence[str]) -> None:
    """Raise :class:`RuleError` for a word that is not one of a setting's or fact's values, or has no rank among them."""
    words, (name, _, operand, *_) = _words(asked, kinds), asked.part
    is_bound = name in ("min", "max") and is_word_of_an_order(operand)
    given = [one for some in operand.values() for one in listed(some)] if name == "by_environment" else listed(operand)
    for word in given if is_bound or name in ("equals", "one_of", "by_environment") else ():
        if not isinstance(word, str) or not word or "${" in word:
            continue
        if words and word.lower() not in [str(one).lower() for one in words if not isinstance(one, bool)]:
            shown = [str(one).lower() if isinstance(one, bool) else str(one) for one in words]
            raise RuleError(f'{asked.text} is never "{word}", only {" or ".join(shown)}{did_you_mean(word, shown)}', asked.part.place)
        if is_bound and place_in_order(word, words) is None:
            raise RuleError(
                f'"{word}" is neither a number nor a word with an order here: write one_of with all accepted values', asked.part.place
            )


def _words(asked: Asked, kinds: Sequence[str]) -> Sequence[Any]:
    """The possible values of a setting or fact; none if there can be others too."""
    if asked.path.fact is not None or '"' in asked.text:
        return _OF_FACTS.get(asked.path.fact or "", ())
    known = [one for kind in kinds if (one := setting_at(asked.path, kind)) is not None]
    each = [one.enum or ((True, False) if one.types == ("boolean",) else ()) for one in known]
    return [word for words in each for word in words] if all(each) else ()
