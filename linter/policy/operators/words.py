"""Operators that contain other assertions or ask about members, and ``present``; see :mod:`linter.policy.evaluate`."""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ABSENT
from ...redaction.numbers import number_text
from ...typed import Any, Final
from ..node import Node
from ..verdict import Check, Failure, Verdict, all_of, failed
from . import ASSERTION, MEMBERS, TEXT, Inner, always, never, operator
from .compare import is_number

_CONDITION: Final = "satisfies the second if it satisfies the first"


@operator(
    "present",
    schema={"type": "boolean"},
    operand="true",
    says="is given; `false`: is not",
    denial=lambda operand, _value: "must not be set" if operand else "must not be missing",
    checks_unknown=always,
    asks_value=never,
)
def present(operand: bool) -> Check:
    failure = (Failure("is missing", mistake="absent"),) if operand else (Failure("must not be set", part="key"),)
    return lambda value, _node: True if (value is not ABSENT) == operand else failure


@operator("not", schema=ASSERTION, operand="assertion", says="does not satisfy it", checks_unknown=always, asks_value=never)
def negated(inner: Sequence[Inner]) -> Check:
    """True if the other is false, false if it is true, unknown if it is unknown."""
    [(_, asked, denial)] = inner

    def check(value: Any, node: Node) -> Verdict:
        answer = asked(value, node)
        if answer is True:
            return (Failure(lambda: denial(value), mistake="absent" if value == "" else ""),)
        return None if answer is None else True

    return check


@operator("if", schema=ASSERTION, operand="assertion", says=_CONDITION, checks_unknown=always, asks_value=never, needs="then")
def implied(inner: Sequence[Inner]) -> Check:
    """The second if the first holds; true if it does not; unknown if that is unknown and would matter."""
    (_, condition, _), (_, consequence, _) = inner

    def check(value: Any, node: Node) -> Verdict:
        answer = condition(value, node)
        if answer is True:
            return consequence(value, node)
        return None if answer is None and consequence(value, node) is not True else True

    return check


operator("then", schema=ASSERTION, operand="assertion", says=_CONDITION, asks_value=never, needs="if")(implied)


@operator("keys", schema=MEMBERS, operand="{name: assertion}", says="is an object whose members satisfy these", asks_value=never)
def keys(inner: Sequence[Inner]) -> Check:
    """The check that the members of an object satisfy assertions of their own; each one that does not is a failure."""

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, dict):
            return failed("must be an object")
        answers = {str(key): one((member := node.child(str(key))).value, member) for key, one, _ in inner}
        wrong = [(key, failure) for key, answer in answers.items() if isinstance(answer, tuple) for failure in answer]
        failures = (failure._replace(path=(key, *failure.path)) for key, failure in wrong)
        return tuple(failures) or all_of(answers.values())

    return check


@operator(
    "each",
    schema=ASSERTION,
    operand="assertion",
    says="is a list, or a text of items separated by commas, each of which satisfies it: `a, b` has the items `a` and `b`",
    asks_value=never,
)
def each(inner: Sequence[Inner]) -> Check:
    """The check of every item; in a text, blank items and blanks around items are ignored."""
    [(_, asked, _)] = inner

    def check(value: Any, node: Node) -> Verdict:
        if isinstance(value, list):
            answers = [asked(member.value, member) for member in map(node.child, range(len(value)))]
        elif isinstance(value, str):
            answers = [asked(item, node) if item else True for item in map(str.strip, value.split(","))]
        else:
            return failed("must be an array, or a string of items separated by commas")
        wrong = [(number, failure) for number, answer in enumerate(answers) if isinstance(answer, tuple) for failure in answer]
        if isinstance(value, str):
            return tuple(one._replace(says=f"entry {number + 1} {one.reason.text}") for number, one in wrong[:1]) or all_of(answers)
        return tuple(one._replace(path=(number, *one.path)) for number, one in wrong) or all_of(answers)

    return check


@operator(
    "unique_by",
    schema=TEXT,
    operand="key",
    says="is a list of objects, no two of which have the same value in this member",
)
def unique_by(operand: str) -> Check:
    """The check that no two members share a value; of two that do the later one fails."""

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, list):
            return failed("must be an array")
        seen: set[str] = set()
        failures: list[Failure] = []
        for index, one in enumerate(value):
            given = one.get(operand) if isinstance(one, dict) else None
            name = number_text(given) if is_number(given) else given  # as names, a number and its digits are the same
            if isinstance(name, str) and name in seen:
                failures.append(Failure(f"has the same {operand} as an earlier entry", (index, operand)))
            elif isinstance(name, str):
                seen.add(name)
        return tuple(failures) or True

    return check


@operator(
    "only_keys",
    schema={"type": "array", "items": TEXT},
    operand="[name, …]",
    says="is an object without any other members",
)
def only_keys(operand: list[str]) -> Check:
    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, dict):
            return failed("must be an object")
        return tuple(Failure(f"is not one of {', '.join(operand)}", (key,), "key") for key in value if key not in operand) or True

    return check
