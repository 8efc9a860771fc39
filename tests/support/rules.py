"""The built-in rules as their files have them, read once for all tests: to read each strictly takes a second."""

from __future__ import annotations

from functools import cache

from linter.commands.rules import read_sources
from linter.policy.rule_file import RuleFile
from linter.policy.rule_set import rules_folder


@cache
def built_in_files() -> tuple[RuleFile, ...]:
    """Every built-in rule file; not to be changed."""
    return tuple(read_sources([rules_folder()]))
