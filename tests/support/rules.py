"""The built-in rules as their files have them, which are read once: to read each strictly takes a second; and the examples of rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from linter.commands.rules import built_in_rule_files as built_in_files
from linter.commands.test import examples_of, read_rules
from linter.policy.rule_set import Folder

__all__ = ["built_in_files", "run_examples"]


class ExampleReport(NamedTuple):
    """The failures of examples, the errors of rule files, and a summary line."""

    failures: list[str]
    errors: list[str]
    summary: str


def run_examples(folders: Sequence[Folder]) -> ExampleReport:
    """Run the examples of the rules in folders, or without any of all built-in ones."""
    read = read_rules(folders)
    failures, summary = examples_of(read)
    return ExampleReport(failures, read.errors, summary)
