"""Which settings each built-in rule is about, and which page has each setting: what links the pages of rules and of settings.

A rule is about the settings that its ``must`` names, and about those that its bad examples report. One that asks whether any setting
is wrong in an aspect (``"**": {fits: …}``) is about those of the type that the aspect is about. Where that is none, it is about all of
them, and listed with none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from linter import _built
from linter.commands.rules import built_in_rule_files
from linter.model import RuleInfo
from linter.policy import rule_set
from linter.policy.paths import Path as RulePath
from linter.policy.paths import expanded, names_of
from linter.policy.rule import Case, Rule, kind_matches
from linter.settings import CATALOGUED, Setting, catalogue
from linter.settings.build import made_of as files_of_settings
from linter.settings.kinds import catalogue_kind

SECTIONS: Final = Path(__file__).resolve().parent.parent / "linter" / "settings" / "sections.yaml"
_TYPES: Final = {"unsafe-boolean": "boolean", "harmless-boolean": "boolean", "integer": "integer", "object": "object"}
"""The types of the settings that an aspect is about, of those that are about one type."""
_MEMBERS: Final = {
    "infra": "infra",
    "server": "server",
    "file": "server",
    "parameters": "server",
    "variables": "server",
    "database": "secret/database",
    "redis": "secret/redis",
    "workload": "workload",
    "live": "live",
}
"""The kinds of the members of a deployment."""
_MOST: Final = 100
"""A rule about more settings than this is about a kind of value, not about these settings."""


class Place(NamedTuple):
    """A setting: the kind of its catalogue, and its dotted name."""

    kind: str
    name: str


class Section(NamedTuple):
    """A page of settings, as :data:`SECTIONS` has it."""

    page: str
    title: str
    about: str
    settings: tuple[tuple[str, Setting], ...]
    """With the kind of the catalogue of each."""


@cache
def _data() -> Any:
    return yaml.safe_load(SECTIONS.read_text(encoding="utf-8"))


@cache
def sections() -> list[Section]:
    """Every page of settings. Raises ValueError, with the names, where a setting is on none or on two."""
    found = [_section(page, data) for page, data in _data()["sections"].items()]
    listed = [(kind, setting.name) for section in found for kind, setting in section.settings]
    wrong = sorted({f"{kind} {name}" for kind, name in listed if listed.count((kind, name)) > 1})
    wrong += sorted(
        {f"{kind} {setting.name}" for kind in CATALOGUED for setting in _settings(kind)} - {f"{kind} {name}" for kind, name in listed}
    )
    if wrong:
        raise ValueError(f"{SECTIONS.name}: {', '.join(wrong)}: write each name in one section")
    return found


def _section(page: str, data: Any) -> Section:
    obsolete = data.get("status") == "obsolete"
    settings: list[tuple[str, Setting]] = []
    for kind in CATALOGUED if obsolete else [data["kind"]]:
        found = [one for one in _settings(kind) if obsolete == (one.status == "obsolete")]
        names = data.get("names") or list(dict.fromkeys(one.name.split(".")[0] for one in found))
        settings += ((kind, one) for name in names for one in found if one.name.split(".")[0] == name)
    return Section(page, data["title"], data["about"], tuple(settings))


def _settings(kind: str) -> list[Setting]:
    known = catalogue(kind)
    found = (known.get(tuple(name.split("."))) for name in known.names())
    return [setting for setting in found if setting is not None]


@cache
def pages() -> dict[Place, str]:
    """The page of each setting, without its folder and ``.md``."""
    return {Place(kind, setting.name): section.page for section in sections() for kind, setting in section.settings}


def words_of(name: str) -> list[str]:
    """The words by which people look for a setting or a rule of this name. Raises ValueError where they are for one that does not exist."""
    return [word for word, names in _words().items() if name in names]


@cache
def _words() -> dict[str, list[str]]:
    known = {place.name for place in pages()} | {rule.info.id for rule in _rules()}
    words: dict[str, list[str]] = _data()["words"]
    wrong = sorted({name for names in words.values() for name in names} - known)
    if wrong:
        raise ValueError(f"{SECTIONS.name}: there is no setting or rule {', '.join(wrong)}")
    return words


@cache
def _rules() -> list[Rule]:
    return [rule_file.rule for rule_file in built_in_rule_files() if rule_file.rule is not None]


@cache
def settings_of(rule_id: str) -> list[Place]:
    """The settings that a rule is about, those that its examples report first."""
    [rule] = (rule for rule in _rules() if rule.info.id == rule_id)
    named = dict.fromkeys((*_reported(rule), *(place for case in rule.cases for place in _asked(case))))
    found = [place for place in named if place in pages()]
    return found if len(found) <= _MOST or _types(rule) else []


@cache
def rules_of(place: Place) -> list[RuleInfo]:
    """The rules about a setting, by their ids."""
    return sorted((rule.info for rule in _rules() if place in settings_of(rule.info.id)), key=lambda info: info.id)


def build() -> str:
    """The text of the built file: the rules about each setting, by the kind of its catalogue and its name."""
    found: dict[str, dict[str, list[str]]] = {}
    for place in sorted(pages()):
        rules = [info.id for info in rules_of(place)]
        if rules:
            found.setdefault(place.kind, {})[place.name] = rules
    return _built.text(json.dumps(found, indent=0), [*rule_set.made_of(), *files_of_settings()])


@cache
def rules_about_all() -> list[RuleInfo]:
    """The rules that ask something of every setting, whatever its type, by their ids."""
    general = (rule for rule in _rules() if any(clause.text == "**" for case in rule.cases for clause in case.must) and not _types(rule))
    return sorted((rule.info for rule in general), key=lambda info: info.id)


def heading(name: str) -> str:
    """The heading of a setting on its page. Links leave punctuation out, so there is more than the name where only that differs."""
    also = " (each)" if name.endswith(".*") else " (with a dot)" if "." in name and name.replace(".", "").lower() in _plain_names() else ""
    return f"`{name}`{also}"


@cache
def _plain_names() -> frozenset[str]:
    return frozenset(place.name.lower() for place in pages() if "." not in place.name)


def anchor(name: str) -> str:
    """The name by which that heading is linked to, as on GitHub."""
    return re.sub(r"[^\w -]", "", heading(name).lower()).replace(" ", "-")


def links_of(rule_id: str, most: int = 12) -> str:
    """The settings that a rule is about, as links from the page of the rule; empty where it is about none in particular."""
    places = settings_of(rule_id)
    links = [f"[`{place.name}`](../settings/{pages()[place]}.md#{anchor(place.name)})" for place in places[:most]]
    more = [f"{len(places) - most} more"] if len(places) > most else []
    return ", ".join([*links, *more])


def _types(rule: Rule) -> set[str]:
    return {_TYPES[clause.aspect] for case in rule.cases for clause in case.must if clause.aspect in _TYPES}


def _reported(rule: Rule) -> Iterator[Place]:
    if any(clause.text.startswith("**") for case in rule.cases for clause in case.must):
        return
    for example in rule.examples:
        for name in example.finds:
            names = names_of(name.split("."))
            for kind in [example.kind] if example.kind else rule.info.kinds:
                yield from (Place(known, ".".join(names)) for known in _catalogues(kind))


def _asked(case: Case) -> Iterator[Place]:
    for clause in case.must:
        if clause.aspect in _TYPES:
            yield from _of_type(case, _TYPES[clause.aspect])
        for kind in case.info.kinds:
            yield from _led_to(clause.path, kind)


def _of_type(case: Case, wanted: str) -> Iterator[Place]:
    for place, setting in ((Place(kind, one.name), one) for section in sections() for kind, one in section.settings):
        if wanted in setting.types and setting.status != "obsolete" and any(kind_matches(kind, place.kind) for kind in case.info.kinds):
            yield place


def _led_to(path: RulePath, kind: str) -> Iterator[Place]:
    """The settings of the catalogues of a kind that a path leads to."""
    steps = path.steps
    if kind == "deployment" and steps and str(steps[0]) in _MEMBERS:
        catalogues, steps = [_MEMBERS[str(steps[0])]], steps[1:]
    else:
        catalogues = _catalogues(kind)
    for known in catalogues:
        yield from (Place(known, ".".join(names_of(one))) for one in expanded(steps, known) if one)


def _catalogues(kind: str) -> list[str]:
    """The catalogues of the documents that a rule for ``kind`` is about."""
    return [one for one in CATALOGUED if one == catalogue_kind(kind) or kind_matches(one, kind) or kind_matches(kind, one)]
