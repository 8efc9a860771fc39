"""The built-in rules as their files have them, read once for all tests: to read each strictly takes a second."""

from __future__ import annotations

from functools import cache

from linter.commands.rules import built_in_rule_files
from linter.policy.rule_file import RuleFile


@cache
def built_in_files() -> tuple[RuleFile, ...]:
    """Every built-in rule file; not to be changed."""
    return tuple(built_in_rule_files())
