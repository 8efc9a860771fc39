"""``medplum-lint rules``: list the rules; and read rule files for the commands about single rules."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path

from ..model import TARGETS, RuleInfo
from ..options import Given
from ..output import width_of, write_standard_output
from ..output.say import fail_for
from ..policy.controls import catalogue, controls_of, covers
from ..policy.rule import Rule
from ..policy.rule_file import RuleFile, read_rule_file
from ..policy.rule_set import CONTROL, Folder, all_rules, check_selectors, files_of, rank, rule_files, rules_folder
from ..policy.severity import PEDANTIC
from ..reporters._columns import wrapped
from ..reporters._words import NO_PROMISE
from ..text import inert, printable
from .inputs import rule_folders
from .layout import columns, json_text


def run(given: Given) -> None:
    """List all rules, or those with the given ids and categories.

    Examples:
      medplum-lint rules tls missing-setting
      medplum-lint rules --control 164.312,AC-3
      # For a program, with your own policies
      medplum-lint rules --rules policies --format json
    """
    rules, errors = all_rules(rule_folders(given))
    fail_for(errors)
    for selectors in filter(None, (given.selectors, [f"{CONTROL}{control}" for control in given.control or ()])):
        fail_for(check_selectors(selectors, [rule.info for rule in rules]))
        rules = [rule for rule in rules if rank(rule.info, selectors)]
    if given.format == "json":
        write_standard_output(rules_as_json(rules))
    else:
        write_standard_output(rules_as_text(rules) if given.control is None else controls_as_text(rules, given.control))


def level_words(info: RuleInfo) -> list[str]:
    """The severity of a rule in words: one for all targets, or one each for production and development."""
    words = [PEDANTIC if target in info.pedantic else info.severity[target] or "off" for target in TARGETS]
    return words[:1] if len(set(words)) == 1 else words


def rules_as_text(rules: Iterable[Rule]) -> str:
    """A table of rules for each category: id, severity, title."""
    infos = sorted((rule.info for rule in rules), key=attrgetter("category"))
    return _tables([(info.category or "rules without a category", info, info.title) for info in infos])


def controls_as_text(rules: Iterable[Rule], wanted: Collection[str]) -> str:
    """A table of rules for each of the wanted controls that they support, or a part of it: id, severity, why."""
    maps = [(rule.info, controls_of(rule.info)) for rule in rules]
    shown = [one for one in catalogue().values() if any(covers(control, one.id) for control in wanted)]
    rows = [(f"{one.name} ({one.framework.name})", info, own[one.id]) for one in shown for info, own in maps if one.id in own]
    return f"{_tables(rows)}\n{NO_PROMISE}\n"


def _tables(rows: Sequence[tuple[str, RuleInfo, str]]) -> str:
    """A table for each heading: id and severity of the rules, and a text about each."""
    texts = [inert(printable(text)) for *_, text in rows]
    table = columns((one.id, "/".join(level_words(one)), text) for (_, one, _), text in zip(rows, texts, strict=True))
    terminal = width_of(sys.stdout)
    if terminal >= 60:  # on a narrower one it is easier to read as it is
        table = ["\n".join(wrapped(row, terminal, indent=len(row) - len(text))) for row, text in zip(table, texts, strict=True)]
    lines = iter(table)
    groups = groupby(rows, itemgetter(0))
    return "\n".join(f"{heading}:\n" + "".join(f"{next(lines)}\n" for _ in own) for heading, own in groups)


def rules_as_json(rules: Iterable[Rule]) -> str:
    """The rules for programs: a list of objects with ``id``, ``category``, ``severity`` (by target, null where off), ``kinds`` and more."""
    listed = [
        {
            "id": rule.info.id,
            "category": rule.info.category or None,
            "severity": dict(rule.info.severity),
            "pedantic": {target: target in rule.info.pedantic for target in TARGETS},
            "kinds": list(rule.info.kinds),
            "title": rule.info.title,
            "tags": list(rule.info.tags),
            "controls": dict(controls_of(rule.info)),
            "fixable": rule.info.fixable,
            "links": list(rule.info.links),
        }
        for rule in rules
    ]
    return json_text(listed)


def rule_file_of(rule_id: str, folders: Iterable[Folder]) -> RuleFile:
    """The file of an existing rule, built in or in the folders."""
    built_in = [_read_built_in(path) for path in rule_files(rules_folder()) if path.stem == rule_id]
    return next(file for file in built_in or read_rule_files(folders) if file.rule and file.rule.info.id == rule_id)


@cache
def built_in_rule_files() -> tuple[RuleFile, ...]:
    """Every built-in rule file, read strictly, sorted by id."""
    return tuple(sorted(map(_read_built_in, rule_files(rules_folder())), key=lambda rule_file: rule_file.path.stem))


def _read_built_in(path: Path) -> RuleFile:
    return read_rule_file(path, category=path.parent.name)  # a built-in rule is in the folder of its category


def read_rule_files(folders: Iterable[Folder]) -> list[RuleFile]:
    """Every rule file of a user's folders, read strictly."""
    return [read_rule_file(path, trusted=trusted) for path, trusted in files_of(folders)[0]]
