"""The evaluation of an assertion, of a clause or an operand, on the value at a place of a document.

Absence is unknown: all but a few operators answer "unknown" for a value that is absent, cannot be read, or is still a placeholder, and if
they compare with such a setting. A value of the wrong type is false, not skipped.
"""

from __future__ import annotations

from functools import partial

from ..formats.placeholders import is_unresolved
from ..formats.urls import with_other_host
from ..model import ABSENT, UNKNOWN
from ..typed import Any, Final
from .errors import RuleError
from .node import Node
from .operators import Inner
from .tree import Assertion, Clause, Condition, Part
from .verdict import Check, Verdict, all_of, any_of

Mode = bool
"""How to evaluate: whether for a condition (``when``, ``if``), which interprets an invalid value as it was meant."""
IN_CONDITION: Final = True
AS_WRITTEN: Final = False


def holds(condition: Condition, node: Node, mode: Mode = IN_CONDITION) -> Verdict:
    """Whether a condition holds; one without alternatives does."""
    return not condition or any_of(all_of(_holds_at(clause, node, mode) for clause in clauses) for clauses in condition)


def _holds_at(clause: Clause, node: Node, mode: Mode) -> Verdict:
    """Whether a clause of a condition holds; one whose path has ``*`` holds if it does at any of its places."""
    path = clause.path
    if path.is_single:
        one = path.single(node)
        return ask(clause.assertion, path.value(one), one, mode)
    return any_of(ask(clause.assertion, path.value(one), one, mode) for one in path.nodes(node))


def ask(assertion: Assertion, value: Any, node: Node, mode: Mode) -> Verdict:
    """The verdict of an assertion on a value, which is the value of a node or a fact about it."""
    if assertion.alternatives:
        return any_of(ask(one, value, node, mode) for one in assertion.alternatives)
    if len(assertion.parts) == 1:  # the usual case
        return ask_part(assertion.parts[0], value, node, mode)
    return all_of(ask_part(part, value, node, mode) for part in assertion.parts)


def ask_part(part: Part, value: Any, node: Node, mode: Mode) -> Verdict:
    """The verdict of one operator of an assertion.

    A value with a mistake of its own is not checked further, but others are compared with its meaning; a switch that is read as meant is
    too. A setting that the server is too old to read is absent in a condition, and is not required. One that may be given by what was not
    read is not known to be absent. To the server null is absent.
    """
    if value is None and part.name not in _ABOUT_NULL and _is_nothing(node):
        value = ABSENT
    if part.name == "present":
        if value is ABSENT and (node.entry.is_given_otherwise or (node.value is not None and node.entry.may_be_elsewhere)):
            return None
        if value is node.value and node.entry.since:
            if not mode:
                return None
            value = ABSENT
    elif not part.checks_unknown:
        if value is ABSENT or value is UNKNOWN:
            return None
        if is_unresolved(value) and not (part.operator.asks_rest(part.operand) and (value := with_other_host(value))):
            return None
        if value is node.value:
            if mode or node.document.members:
                meaning = node.entry.meaning(value)
                if meaning is not UNKNOWN or node.entry.is_misread:
                    value = meaning
            elif node.entry.is_misread:
                value = node.entry.switch(value)
            if value is UNKNOWN:
                return None
    return (part.checks.get(mode) or check_of(part, mode))(value, node)


_ABOUT_NULL: Final = frozenset({"type", "equals", "one_of", "not", "if", "then"})
"""The operators that can check for null, or pass it on to others."""


def check_of(part: Part, mode: Mode) -> Check:
    """The check that an operator makes of its operand, made for the first known value: most settings of most rules are absent.

    Raises :exc:`RuleError`, with the place in the rule, if it cannot be made.
    """
    if mode not in part.checks:
        asked = [Inner(member, partial(ask, one, mode=mode), partial(_denial, one)) for member, one in part.inner]
        if part.name == "if":  # its first assertion is a condition
            asked[0] = asked[0]._replace(check=partial(ask, part.inner[0].assertion, mode=IN_CONDITION))
        try:
            part.checks[mode] = part.operator.compile(asked or part.operand)
        except RuleError as error:
            raise RuleError(error.message, error.path or part.place) from None
    return part.checks[mode]


def _denial(assertion: Assertion, value: Any) -> str:
    """Why a value for which an assertion holds must be different."""
    if len(assertion.parts) != 1:
        return "must not be as it is"
    return assertion.parts[0].operator.denial(assertion.parts[0].operand, value)


def _is_nothing(node: Node) -> bool:
    """Whether null at a node is the same to the server as an absent setting (``addDefaults`` in ``config/utils.ts``)."""
    is_member = node.value is None and bool(node.path) and isinstance(node.path[-1], str)
    return is_member and node.entry.document.kind.startswith(("server", "secret")) and not node.entry.is_misread
