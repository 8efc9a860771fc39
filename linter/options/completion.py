"""What a shell can complete: one function for each :data:`linter.options.table.Completion`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from click import Context
from click.shell_completion import CompletionItem

from ..choose import all_rules, folders_of
from ..config import ConfigError
from ..configurations import Configurations, named_config
from ..model import RuleInfo
from ..sources import kinds as known_kinds
from ..text import printable


def paths(_context: Context, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell knows."""
    return [CompletionItem(incomplete, type="file")]


def folders(_context: Context, incomplete: str) -> list[CompletionItem]:
    """Folders, which the shell knows."""
    return [CompletionItem(incomplete, type="dir")]


def kinds(_context: Context, incomplete: str) -> list[CompletionItem]:
    """The kinds of document that begin with the text."""
    return _completed(dict.fromkeys(sorted(known_kinds())), incomplete)


def servers(_context: Context, incomplete: str) -> list[CompletionItem]:
    """The server releases that begin with the text, the newest first."""
    from ..settings.releases import RELEASES

    return _completed(dict.fromkeys([*map(str, reversed(RELEASES)), "latest"]), incomplete)


def rule(context: Context, incomplete: str) -> list[CompletionItem]:
    """The rules whose ids begin with the text, with their titles."""
    return _completed({rule.id: rule.title for rule in _rules(context)}, incomplete)


def selectors(context: Context, incomplete: str) -> list[CompletionItem]:
    """The categories and rules that begin with the text after the last comma."""
    before, comma, word = incomplete.rpartition(",")
    rules = _rules(context)
    categories = {name: f"all rules of the category {name}" for name in sorted({rule.category for rule in rules}) if name}
    return _completed({**categories, **{rule.id: rule.title for rule in rules}}, word, before + comma)


def _completed(known: Mapping[str, str | None], word: str, before: str = "") -> list[CompletionItem]:
    return [CompletionItem(before + name, help=title and printable(title)) for name, title in known.items() if name.startswith(word)]


def _rules(context: Context) -> list[RuleInfo]:
    """The built-in rules, and those of the folders that the options and the configuration name."""
    named, isolated = context.params.get("config"), bool(context.params.get("isolated"))
    try:
        configurations = Configurations(named_config(Path(named)) if named else None, isolated=isolated)
        configured = folders_of(configurations.of(Path(os.curdir)))
    except (ConfigError, OSError):  # the command will say so
        configured = []
    return [rule.info for rule in all_rules([*configured, *(context.params.get("rules") or ())]).rules]
