"""The compiler: closures of the assertions, clauses and conditions of the tree of a rule.

Absence is unknown: every operator but a few answers "unknown" for a value that is absent, cannot be read, or is still a placeholder; and
also where it compares with a setting that is. A value of the wrong type is false, not skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..formats.placeholders import is_unresolved
from ..model import ABSENT, UNKNOWN
from ..typed import Any, NamedTuple
from .conforming import is_given_otherwise_at, is_misread_at, is_unread_at, may_be_elsewhere, meant_at, switch_at
from .errors import RuleError
from .node import Node
from .operators import Inner
from .paths import Path
from .tree import Assertion, Condition, Part
from .verdict import Check, Verdict, all_of, any_of

Holds = Callable[[Node], Verdict]
"""A compiled condition."""


class Mode(NamedTuple):
    """How to compile.

    ``condition``: for a condition (``when``, ``if``), in which a value with a mistake of its own is taken as it is meant.
    ``asks_of_parts``: what is absent is asked for as well where the input shows only a part of the configuration.
    """

    condition: bool = False
    asks_of_parts: bool = False


def compile_condition(condition: Condition, mode: Mode) -> Holds:
    """A condition, compiled. A path with ``*`` holds where any of its places does."""
    alternatives = [[(clause.path, compile_assertion(clause.assertion, mode)) for clause in clauses] for clauses in condition]

    def holds_somewhere(path: Path, check: Check, node: Node) -> Verdict:
        return any_of(check(path.value(one), one) for one in path.nodes(node))

    return lambda node: any_of(all_of(holds_somewhere(*clause, node) for clause in clauses) for clauses in alternatives)


def compile_assertion(assertion: Assertion, mode: Mode) -> Check:
    """The check for an assertion. Raises :exc:`RuleError`, with the place in the rule, where it cannot be used."""
    inner = [*(compile_assertion(one, mode) for one in assertion.alternatives), *(compile_part(part, mode) for part in assertion.parts)]
    if len(inner) == 1 and not assertion.alternatives:
        return inner[0]
    combined = any_of if assertion.alternatives else all_of
    return lambda value, node: combined(check(value, node) for check in inner)


def compile_part(part: Part, mode: Mode) -> Check:
    """The check for one operator of an assertion."""
    compiled = partial(compile_operator, part, mode)
    if part.name == "present":
        return _of_what_is_read(compiled(), mode)
    return compiled() if part.operator.checks_unknown(part.operand) else _known_only(compiled, mode)


def compile_operator(part: Part, mode: Mode) -> Check:
    """The check that an operator makes of its operand. Raises :exc:`RuleError`, with the place in the rule, where it cannot."""
    inner = [
        # The assertion of an "if" is a condition.
        Inner(
            member,
            compile_assertion(one, mode._replace(condition=True) if part.name == "if" and not index else mode),
            partial(_denial, one),
        )
        for index, (member, one) in enumerate(part.inner)
    ]
    try:
        return part.operator.compile(inner or part.operand)
    except RuleError as error:
        raise RuleError(error.message, error.path or part.place) from None


def _denial(assertion: Assertion, value: Any) -> str:
    """Why a value for which an assertion holds must not be as it is."""
    if len(assertion.parts) != 1:
        return "must not be as it is"
    return assertion.parts[0].operator.denial(assertion.parts[0].operand, value)


def _known_only(compiled: Callable[[], Check], mode: Mode) -> Check:
    """The check of a value that is known, compiled for the first one: most settings of most rules are not given.

    What has a mistake of its own is checked no further, but others are compared with its meaning; a switch that is read as meant is too.
    """
    check: Check | None = None

    def known(value: Any, node: Node) -> Verdict:
        nonlocal check
        if value is ABSENT or value is UNKNOWN or is_unresolved(value):
            return None
        if node.value is value:
            if mode.condition or node.document.members:
                value = meant_at(node)
            elif is_misread_at(node):
                value = switch_at(node)
            if value is UNKNOWN:
                return None
        if check is None:
            check = compiled()
        return check(value, node)

    return known


def _of_what_is_read(check: Check, mode: Mode) -> Check:
    """The check whether a setting is given, of one that the server reads.

    One that the server is too old to read is absent to a condition, and nothing asks for it. Nothing asks either for one that is absent
    from an input which shows only a part of the configuration, unless the rule says so.
    """

    needs_whole = not mode.condition and not mode.asks_of_parts

    def read(value: Any, node: Node) -> Verdict:
        if value is ABSENT and (is_given_otherwise_at(node) or (needs_whole and may_be_elsewhere(node))):
            return None
        if value is node.value and is_unread_at(node):
            return check(ABSENT, node) if mode.condition else None
        return check(value, node)

    return read
