"""What cases are made of: the fixtures of the tests, the examples of the rules, and the values that they give to each setting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from linter import settings
from linter.policy.rule import Rule
from linter.policy.rule_file import filled

ROOT = Path(__file__).resolve().parents[2]

KIND_OF_CATALOGUE = {
    "server": "server/json",
    "infra": "infra/json",
    "secret/database": "secret/database",
    "secret/redis": "secret/redis",
}


class Text(NamedTuple):
    """A file of the corpus: its name, and its text."""

    name: str
    content: str


@cache
def texts() -> tuple[Text, ...]:
    """The fixtures, the deployment of the tests, the examples of the README, and the texts in the examples of rules."""
    files = [
        *sorted((ROOT / "tests/fixtures").rglob("input.*")),
        *sorted((ROOT / "tests/deployment").rglob("*.json")),
        *sorted((ROOT / "examples").glob("*.json")),
    ]
    found = [Text(path.name, path.read_text(encoding="utf-8")) for path in files]
    return (*found, *(Text(one.name, one.given["text"]) for one in examples() if isinstance(one.given.get("text"), str)))


_SUFFIXES = {"server/env": "input.env", "server/ssm": "input.json"}


class Example(NamedTuple):
    """An example of a rule: the rule's id and the kinds that it is for, a name for the text of the example, and what the rule file says."""

    rule: str
    kinds: tuple[str, ...]
    name: str
    given: dict[str, Any]


@cache
def examples() -> tuple[Example, ...]:
    """Each example of each rule that is about files: the environment of a server is not a file."""
    return tuple(_read_examples())


def _read_examples() -> Iterator[Example]:
    for path in sorted((ROOT / "rules").rglob("*.yaml")):
        rule = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        kinds = Rule(rule).info.kinds
        for given in filled(rule["examples"], ()).values():
            for one in given:
                kind = one.get("kind", kinds[0])
                if kind == "workload" or (kind == "deployment" and "workload" in one.get("data", {})):
                    continue
                yield Example(rule["id"], kinds, _SUFFIXES.get(kind, "input.json"), one)


@cache
def configurations(catalogue: str) -> tuple[dict[str, Any], ...]:
    """Whole configurations that rules for a kind of catalogue are tested with: settings that have to do with each other."""
    found = (one.given.get("data") for one in examples() if any(kind.startswith(catalogue) for kind in one.kinds))
    return tuple(data for data in found if isinstance(data, dict) and "Parameters" not in data)


@cache
def values(kind: str) -> dict[str, tuple[Any, ...]]:
    """Values that rules are tested with, good and bad, by the dotted name of the setting, for one kind of catalogue."""
    found: dict[str, list[Any]] = {}
    for example in examples():
        data = example.given.get("data")
        members = data.values() if isinstance(data, dict) and {"server", "infra"} & data.keys() else [data]
        for member in members:
            for name, value in leaves(member):
                if value not in found.setdefault(name, []):
                    found[name].append(value)
    known = settings.catalogue(kind)
    return {name: tuple(found.get(name, ())) or _made_up(known.get(tuple(name.split(".")))) for name in known.names() if "*" not in name}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The values of a configuration except objects, by their dotted names."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from leaves(member, (*path, str(name)))
    elif path:
        yield ".".join(path), value


def _made_up(setting: settings.Setting | None) -> tuple[Any, ...]:
    types = setting.types if setting is not None else ("string",)
    samples: dict[str, Any] = {"string": "x", "integer": 5, "number": 0.5, "boolean": True, "array": ["x"], "object": {}}
    return tuple(samples[one] for one in types if one in samples) or ("x",)


@cache
def public_names() -> frozenset[str]:
    """The letters of every name, dotted or not, under which some kind of document has a value that may be shown."""
    found = set()
    for kind in settings.KINDS:
        known = settings.catalogue(kind)
        for name in known.names():
            if known.is_public(tuple(name.split("."))):
                steps = [step for step in name.split(".") if step != "*"]
                found |= {letters(steps[-1]), letters("".join(steps))}
    return frozenset(found)


@cache
def refuses_words(name: str) -> bool:
    """Whether no setting of this last name, of whatever kind of document, takes a word or a secret for its value."""
    found = [
        known.get(tuple(each.split(".")))
        for known in map(settings.catalogue, settings.KINDS)
        for each in known.names()
        if each.split(".")[-1] == name
    ]
    return all(setting is None or setting.secret or _refuses_words(setting) for setting in found)


def _refuses_words(setting: settings.Setting) -> bool:
    return bool(setting.enum) or setting.types[:1] in (("integer",), ("number",), ("boolean",)) or setting.format in _TELLING


_TELLING = frozenset(
    "arn aws-account aws-region base-url binary-storage bytes cron date-time email google-client-id mailbox pem-certificates pem-public-key"
    " port redirect-uri url uuid vpc-id websocket-url".split()
)
"""Formats that no secret has."""


def letters(name: str) -> str:
    """A name as all spellings of it have it: ``databasehost`` for ``database.host`` and for ``MEDPLUM_DATABASE_HOST``."""
    return "".join(char for char in name.removeprefix("MEDPLUM_") if char.isalnum()).lower()


_OUR_WORDS = frozenset(
    letters(name)
    for name in (
        "Name Type Tier ARN Version Path LastModifiedDate LastModifiedUser DataType KeyId NextToken CreatedDate "
        "VersionId VersionStages kind apiVersion id key system status mode address image resourceType format_version "
        "terraform_version provider_name schema_version secret_id version_stages family"
    ).split()
)
"""Names that the formats themselves have, and that a report may need to show."""


def is_public(name: str) -> bool:
    """Whether the value of a name, a parameter or a variable is public somewhere, so that it says nothing about secrets to see it."""
    last = name.rpartition("/")[2]
    return letters(last) in public_names() | _OUR_WORDS or letters(last.rpartition(".")[2]) in public_names() | _OUR_WORDS


def as_json(value: Any) -> str:
    """A value as the text that a parameter or variable holds."""
    if isinstance(value, str):
        return value
    return json.dumps(value)
