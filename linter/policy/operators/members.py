"""The members of objects and lists, as a whole."""

from __future__ import annotations

from ...redaction.numbers import number_text
from ...typed import Any
from ..node import Node
from ..verdict import Check, Failure, Verdict, failed
from . import TEXT, operator
from .compare import is_number


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
            name = number_text(given) if is_number(given) else given  # a number that becomes a name is the same as its digits
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
