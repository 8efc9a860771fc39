"""Operators that hold other assertions, and ``present``, which :mod:`linter.policy.compile` asks only of what the server reads."""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ABSENT
from ...typed import Any, Final
from ..node import Node
from ..verdict import Check, Failure, Verdict, implication, negation
from . import ASSERTION, MEMBERS, Inner, always, never, operator

_CONDITION: Final = "satisfies the second if it satisfies the first"


@operator(
    "present",
    schema={"type": "boolean"},
    operand="true",
    says="is given; `false`: is not",
    asks=lambda operand: "be set" if operand else "be missing",
    checks_unknown=always,
    asks_value=never,
)
def present(operand: Any) -> Check:
    failure = (Failure("is missing", mistake="absent"),) if operand else (Failure("must not be set", part="key"),)
    return lambda value, _node: True if (value is not ABSENT) == operand else failure


@operator("not", schema=ASSERTION, operand="assertion", says="does not satisfy it", checks_unknown=always, asks_value=never)
def negated(inner: Sequence[Inner]) -> Check:
    return negation(inner[0].check, inner[0].denial)


@operator("if", schema=ASSERTION, operand="assertion", says=_CONDITION, checks_unknown=always, asks_value=never, needs="then")
def implied(inner: Sequence[Inner]) -> Check:
    return implication(inner[0].check, inner[1].check)


operator("then", schema=ASSERTION, operand="assertion", says=_CONDITION, asks_value=never, needs="if")(implied)


@operator("keys", schema=MEMBERS, operand="{name: assertion}", says="is an object whose members satisfy these", asks_value=never)
def keys(inner: Sequence[Inner]) -> Check:
    """The check that the members of an object satisfy assertions of their own; each that does not is a failure."""

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, dict):
            return (Failure("must be an object"),)
        unknown = False
        failures: list[Failure] = []
        for key, one, _ in inner:
            member = node.child(str(key))
            answer = one(member.value, member)
            if answer is None:
                unknown = True
            elif answer is not True:
                failures.extend(failure._replace(path=(*member.path[-1:], *failure.path)) for failure in answer)
        if failures:
            return tuple(failures)
        return None if unknown else True

    return check
