"""The words of the rule language, and those that the built-in rules use."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from linter.policy.tree import clauses_of, walk

from .rules import built_in_files


class Uses(NamedTuple):
    """What the built-in rules use: operators with their operands, keys of a rule, of its fix and its examples, and facts."""

    operators: dict[str, list[Any]]
    keys: set[str]
    facts: set[str]


_SPOKEN = ("when", "must", "what", "why", "remedy", "message", "together", "fix")


@cache
def uses() -> Uses:
    """Looked up in all rule files."""
    found = Uses({}, set(), set())
    for file in built_in_files():
        assert file.rule is not None
        rule = file.rule
        examples = [example for examples in file.data["examples"].values() for example in examples]
        parts = [file.data, *file.data.get("cases", [])]
        given = [part.get("fix", []) for part in parts]
        fixes = [fix for one in given for fix in (one if isinstance(one, list) else [one])]
        found.keys.update(*parts, *fixes, *examples)
        conditions = (*(case.when for case in rule.cases), *(fix.when for fix in rule.fixes))
        clauses = [clause for case in rule.cases for clause in case.must]
        for clause in (*clauses, *(clause for condition in conditions for clause in clauses_of(condition))):
            for asked in walk(clause):
                found.operators.setdefault(asked.part.name, []).append(asked.part.operand)
                if asked.part.name == "if":
                    found.operators.setdefault("then", []).append(asked.part.inner[1].assertion.data)
        spoken = str([{key: part.get(key) for key in _SPOKEN} for part in parts])
        found.facts.update(re.findall(r"@([a-z_]+)", spoken.replace("'server': '", "@server ")))
    return found
