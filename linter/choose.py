"""Choosing: which rules a document is checked with, how grave each is there, and for what target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from .config import Config, Settings, Severity
from .documents.deployment import KIND as DEPLOYMENT
from .model import Document, RuleInfo, Target
from .policy.engine import applies
from .policy.rule import Rule
from .policy.rule_set import Folder, FoundFolder, built_in_rules, rank, read_folders
from .server.target import target_of
from .sources import kinds


class Rules(NamedTuple):
    """The rules that a file is checked with, and all that there are."""

    active: tuple[Rule, ...]
    known: Mapping[str, RuleInfo]


def folders_of(config: Config) -> list[Folder]:
    """The folders of rules that a configuration names. Nobody vouches for those of one that was merely found."""
    if config.trusted or config.path is None:
        return list(config.rules)
    return [FoundFolder(folder, config.path.parent, f"{config.path}:{config.rules_line}") for folder in config.rules]


@lru_cache(maxsize=1)
def _built_in() -> tuple[Rule, ...]:
    return tuple(built_in_rules())


def rule_kinds() -> frozenset[str]:
    """Every kind of document that a rule can be for: those of the inputs, and deployments made of several."""
    return kinds() | {DEPLOYMENT}


def all_rules(folders: Iterable[Folder]) -> tuple[list[Rule], list[str]]:
    """The built-in rules and those of folders, in the order of the ids, and the errors in the latter."""
    folders = list(folders)
    rules = list(_built_in())
    if not folders:
        return rules, []
    own, errors = read_folders(folders, rule_kinds(), [rule.info.id for rule in rules], [rule.info.category for rule in rules])
    return sorted([*rules, *own], key=lambda rule: rule.info.id), errors


def is_selected(rule: Rule, settings: Settings) -> bool:
    """Whether a choice of rules covers a rule. The more exact of ``select`` and ``ignore`` counts; where neither is, ``ignore``."""
    ignored = rank(rule.info, settings.ignore or ())
    return not ignored if settings.select is None else rank(rule.info, settings.select) > ignored


def is_active(rule: Rule, settings: Settings) -> bool:
    """Whether a rule is checked: it is selected, and if it is off until it is asked for, by its id."""
    return is_selected(rule, settings) and (rule.enabled or rule.info.id in (settings.select or ()))


def target_for(settings: Settings, document: Document) -> Target:
    if settings.target in (None, "auto"):
        return target_of(document)
    return "production" if settings.target == "production" else "development"


def severity_of(info: RuleInfo, settings: Settings) -> Severity:
    return (settings.severity or {}).get(info.id, info.severity)


def checked_rules(rules: Rules, document: Document, settings: Settings) -> frozenset[str]:
    """The ids of the rules that are on for a document."""
    on = (rule.info for rule in rules.active if applies(rule, document))
    return frozenset(info.id for info in on if severity_of(info, settings)[document.target] is not None)
