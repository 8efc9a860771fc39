"""The built-in rules as their files have them, which are read once: to read each strictly takes a second."""

from __future__ import annotations

from linter.commands.rules import built_in_rule_files as built_in_files

__all__ = ["built_in_files"]
