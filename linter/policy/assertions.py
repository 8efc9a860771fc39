"""The language of assertions: the words that hold other assertions, and the compiler that makes closures of them and of the operators.

Absence is unknown: every operator but ``present`` answers "unknown" for a value that is absent, cannot be read, or is still a
placeholder; and also where it compares with a setting that is. A value of the wrong type is false, not skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ..formats.placeholders import is_unresolved
from ..model import ABSENT, UNKNOWN
from ..typed import Any, Final, NamedTuple
from .conforming import is_given_otherwise_at, is_misread_at, is_unread_at, meant_at
from .errors import RuleError, did_you_mean
from .node import Node
from .operators import OPERATORS, Operator
from .verdict import Check, Failure, Verdict, any_of, every, implication, negation

DEEPEST: Final = 8
MOST_CLAUSES: Final = 100
WORDS: Final = ("if", "keys", "not", "present", "then")
"""The words of an assertion that are no operators, since they are about other assertions or about a value that is absent."""


class RuleContext(NamedTuple):
    """Where in a rule an assertion stands, for errors; and whether its patterns are to be compiled at once (``prepare``).

    ``condition``: it decides whether a rule speaks, so that a value with a mistake of its own is taken as it is meant.
    """

    path: tuple[str | int, ...] = ()
    depth: int = 1
    prepare: bool = False
    condition: bool = False

    def inner(self, *steps: str | int) -> RuleContext:
        """The place of an assertion inside of this one."""
        return RuleContext((*self.path, *steps), self.depth + 1, self.prepare, self.condition)


def compile_assertion(assertion: Any, context: RuleContext = RuleContext()) -> Check:  # noqa: B008  # immutable
    """The check for an assertion of a rule. Raises :exc:`RuleError`, with the place in the rule, where it cannot be used."""
    path = context.path
    if context.depth > DEEPEST:
        raise RuleError(f"assertions are nested deeper than {DEEPEST} levels", path)
    if assertion == "present" or assertion == "absent":
        return _present(assertion == "present", context)
    if isinstance(assertion, list):
        if not assertion:
            raise RuleError("a list of assertions must hold at least one", path)
        return any_of([compile_assertion(one, context.inner(index)) for index, one in enumerate(assertion)])
    if not isinstance(assertion, dict) or not assertion:
        raise RuleError('an assertion is "present", "absent", a mapping of operators or a list of assertions', path)
    return every(list(_parts(assertion, context)))


def _parts(assertion: dict[str, Any], context: RuleContext) -> Iterator[Check]:
    for name, operand in assertion.items():
        where = (*context.path, name)
        if name == "if":
            yield _conditional(assertion, context)
        elif name == "then":
            if "if" not in assertion:
                raise RuleError('"then" needs an "if"', where)
        elif name == "not":
            yield negation(compile_assertion(operand, context.inner(name)), partial(_must_not, operand))
        elif name == "present":
            yield _present(operand, context)
        elif name == "keys":
            yield _known_only(partial(_keys, operand, context.inner(name)), context)
        elif (operator := OPERATORS.get(name)) is not None:
            compiled = partial(_compiled, operator, name, operand, context)
            yield compiled() if operator.checks_unknown(operand) else _known_only(compiled, context)
        else:
            raise RuleError(f'there is no operator "{name}"{did_you_mean(name, operator_names())}', where)


def _compiled(operator: Operator, name: str, operand: Any, context: RuleContext) -> Check:
    try:
        check = operator.compile(operand)
        if context.prepare and hasattr(check, "prepare"):
            check.prepare()
        return check
    except RuleError as error:
        raise RuleError(error.message, error.path or (*context.path, name)) from None


def operator_names() -> list[str]:
    """Every word that can stand as a key in an assertion."""
    return sorted([*OPERATORS, *WORDS])


def _known_only(compiled: Callable[[], Check], context: RuleContext) -> Check:
    """The check of a value that is known, compiled for the first one: most settings of most rules are not given.

    What has a mistake of its own is checked no further, but others are compared with its meaning.
    """
    check = compiled() if context.prepare else None

    def known(value: Any, node: Node) -> Verdict:
        nonlocal check
        if value is ABSENT or value is UNKNOWN or is_unresolved(value):
            return None
        if node.value is value:
            if context.condition or node.document.members:
                value = meant_at(node)
                if value is UNKNOWN:
                    return None
            elif is_misread_at(node):
                return None
        if check is None:
            check = compiled()
        return check(value, node)

    return known


def _present(wanted: bool, context: RuleContext) -> Check:
    """The check that a setting is given, or is not.

    One that the server is too old to read is absent to a condition, and nothing asks for it.
    """
    failure = (Failure("is missing"),) if wanted else (Failure("must not be set", part="key"),)

    def check(value: Any, node: Node) -> Verdict:
        if value is ABSENT and is_given_otherwise_at(node):
            return None
        if value is node.value and is_unread_at(node):
            return (failure if wanted else True) if context.condition else None
        return True if (value is not ABSENT) == wanted else failure

    return check


def _conditional(assertion: dict[str, Any], context: RuleContext) -> Check:
    if "then" not in assertion:
        raise RuleError('"if" needs a "then"', (*context.path, "if"))
    return implication(compile_assertion(assertion["if"], context.inner("if")), compile_assertion(assertion["then"], context.inner("then")))


def _keys(operand: dict[str, Any], context: RuleContext) -> Check:
    """The members of an object satisfy assertions of their own, and each that does not is a failure."""
    checks = {key: compile_assertion(one, context._replace(path=(*context.path, key))) for key, one in operand.items()}

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, dict):
            return (Failure("must be an object"),)
        unknown = False
        failures: list[Failure] = []
        for key, one in checks.items():
            member = node.child(key)
            answer = one(member.value, member)
            if answer is None:
                unknown = True
            elif answer is not True:
                failures.extend(failure._replace(path=(key, *failure.path)) for failure in answer)
        if failures:
            return tuple(failures)
        return None if unknown else True

    return check


def _must_not(assertion: Any) -> str:
    return f"must not {_describe(assertion)}"


def _describe(assertion: Any) -> str:
    """What an assertion asks, after "must not"."""
    if isinstance(assertion, dict) and len(assertion) == 1:
        ((name, operand),) = assertion.items()
        if name in OPERATORS:
            return OPERATORS[name].asks(operand)
    if assertion in ("present", "absent"):
        return "be set" if assertion == "present" else "be missing"
    return "be as it is"
