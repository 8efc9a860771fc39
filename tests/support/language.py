"""The words of the rule language, and those that the built-in rules use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from linter.policy.rule import fixes_of

from .rules import built_in_files


class Uses(NamedTuple):
    """What the built-in rules use: operators with their operands, keys of a rule, of its fix and its examples, and facts."""

    operators: dict[str, list[Any]]
    keys: set[str]
    facts: set[str]


@cache
def uses() -> Uses:
    """Looked up in all rule files."""
    found = Uses({}, set(), set())
    for file in built_in_files():
        rule = file.data
        fixes = [fix for _, fix in fixes_of(rule)]
        examples = [example for examples in rule["examples"].values() for example in examples]
        found.keys.update(rule, *fixes, *examples)
        conditions = [rule.get("must", {}), rule.get("when", {}), *(fix.get("when", {}) for fix in fixes)]
        for assertion in (assertion for condition in conditions for assertion in _assertions(condition)):
            for name, operand in _operators(assertion):
                found.operators.setdefault(name, []).append(operand)
        spoken = str({key: rule.get(key) for key in ("when", "must", "message", "together", "fix")})
        found.facts.update(re.findall(r"@([a-z_]+)", spoken.replace("'server': '", "@server ")))
    return found


def _assertions(condition: Any) -> Iterator[Any]:
    for clauses in condition if isinstance(condition, list) else [condition]:
        for path, assertion in clauses.items():
            yield {"server": assertion} if path == "server" and isinstance(assertion, str) else assertion


def _operators(assertion: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(assertion, list):
        for one in assertion:
            yield from _operators(one)
    elif isinstance(assertion, str):
        yield "present", assertion == "present"
    elif isinstance(assertion, dict):
        for name, operand in assertion.items():
            yield name, operand
            if name in ("not", "if", "then"):
                yield from _operators(operand)
            elif name == "keys":
                for one in operand.values():
                    yield from _operators(one)
