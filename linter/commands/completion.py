"""What a shell can complete."""

from __future__ import annotations

from collections.abc import Mapping

from click import Context
from click.shell_completion import CompletionItem

from ..model import RuleInfo
from ..options import Given, Option
from ..options.config import ConfigError
from ..output.say import UsageError
from ..policy.controls import catalogue
from ..policy.rule_set import all_rules
from ..sources import kinds
from ..text import printable
from .inputs import rule_folders


def complete(option: Option, context: Context, incomplete: str) -> list[CompletionItem]:
    """The values of an option that begin with a text. Paths are left to the shell."""
    what = option.complete
    if what in ("paths", "folders"):
        return [CompletionItem(incomplete, type="file" if what == "paths" else "dir")]
    before, comma, word = incomplete.rpartition(",") if what in ("controls", "selectors") else ("", "", incomplete)
    found = [(name, title) for name, title in _known(option, context).items() if name.startswith(word)]
    return [CompletionItem(f"{before}{comma}{name}", help=title and printable(title)) for name, title in found]


def _known(option: Option, context: Context) -> Mapping[str, str | None]:
    """What there is, with titles: choices, kinds of document, server releases, controls, or rules, for ``selectors`` categories too."""
    what = option.complete
    if option.choices:
        return dict.fromkeys(option.words)
    if what == "kinds":
        return dict.fromkeys(sorted(kinds()))
    if what == "servers":
        from ..settings.releases import RELEASES

        return dict.fromkeys([*map(str, reversed(RELEASES)), "latest"])
    if what == "controls":
        return {control.id: control.title for control in catalogue().values()}
    rules = _rules(context)
    categories = sorted({rule.category for rule in rules} - {""}) if what == "selectors" else []
    return {name: f"all rules of the category {name}" for name in categories} | {rule.id: rule.title for rule in rules}


def _rules(context: Context) -> list[RuleInfo]:
    """The built-in rules, and those of the folders that the options and the configuration name."""
    given = Given(**{"config": None, "isolated": False, "rules": ()} | context.params)
    try:
        folders = rule_folders(given)
    except (ConfigError, UsageError):  # the command will report it
        folders = [*given.rules]
    return [rule.info for rule in all_rules(folders).rules]
