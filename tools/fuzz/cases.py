"""Cases: files of every kind, changed at random, with secrets planted where a report must not show them."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

import yaml

from linter import settings

from . import corpus
from .canaries import Canaries, public_text, secret_text
from .mutate import mutate_bytes, mutate_tree, odd_number
from .renderers import RENDERERS, dumped

Tree = dict[str, Any]

PUBLIC_CREDENTIALS = 0.08
"""How many public values become credentials."""
OBJECTS = 0.03
"""How many become objects with a secret in them."""
MISPLACED = 0.04
"""How many become just a secret, if that cannot be mistaken for a value."""


class File(NamedTuple):
    """An input: its name, its bytes, and the kind that it is meant to be, if that is known.

    ``whole``: no byte was changed, so that it is the same with secrets of other lengths.
    """

    name: str
    data: bytes
    kind: str | None
    whole: bool


def make(seed: int, canaries: Canaries) -> File:
    """The file of a seed. All but the secrets depends on the seed alone; the secrets come from ``canaries``."""
    random = Random(seed)
    made = random.choice([_generated, _generated, _generated, _from_corpus])
    name, text, kind = made(random, canaries)
    text = _planted_in_text(text, name, random, canaries)
    data = mutate_bytes(text, canaries.made, canaries.credentials, random)
    return File(_named(name, random), data, kind, whole=data == text.encode("utf-8", "surrogatepass"))


_ODD_NAMES: Final = (
    "{}",
    "a b {}",
    "\x1b[31m{}",
    "x\n::error::{}",
    "é\u202e{}",
    "%0A{}",
    "-{}",
    "[a]{}",
    "a#b{}",
    "~{}",
    "'\"{}",
)


def _named(name: str, random: Random) -> str:
    return random.choice(_ODD_NAMES).format(name) if random.random() < 0.15 else name


# Configurations from the catalogue


def _generated(random: Random, canaries: Canaries) -> tuple[str, str, str]:
    catalogue = random.choice(["server"] * 6 + ["infra", "secret/database", "secret/redis"])
    name, kind, render = random.choice(RENDERERS[catalogue])
    tree = configuration(catalogue, random)
    if random.random() < 0.5:
        tree = mutate_tree(tree, random)
    if not isinstance(tree, dict):
        tree = {"baseUrl": tree}
    _plant(tree, catalogue, random, canaries)
    return name, render(tree, random), kind


def configuration(catalogue: str, random: Random) -> Tree:
    """Some settings, with values that rules are tested with, and now and then a whole example of a rule among them."""
    values, known = corpus.values(catalogue), settings.catalogue(catalogue)
    tree: Tree = copy.deepcopy(random.choice(corpus.configurations(catalogue))) if random.random() < 0.5 else {}
    for holder, key, path in list(_places(tree, ())):
        holder[key] = _value(known.get(path), (holder[key],), random)
    first = ["baseUrl", "database.host", "database.port", "redis.host"] if catalogue == "server" else []
    chosen = [name for name in [*first, *random.sample(list(values), min(random.randint(2, 25), len(values)))] if name in values]
    for name in chosen:
        put(tree, name.split("."), _value(known.get(tuple(name.split("."))), values[name], random))
    return tree


def _value(setting: settings.Setting | None, tried: tuple[Any, ...], random: Random) -> Any:
    """A value that rules are tested with; of a number now and then one of another size."""
    if setting is not None and random.random() < 0.2 and (setting.format == "bytes" or {"integer", "number"} & set(setting.types)):
        return odd_number(random)
    return copy.deepcopy(random.choice(tried))


def put(tree: Tree, steps: list[str], value: Any) -> None:
    """Give a setting a value, where the objects on the way to it are objects."""
    for step in steps[:-1]:
        inner = tree.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    if not isinstance(tree.get(steps[-1]), dict):
        tree[steps[-1]] = value


_UNKNOWN: Final = (
    "databasePassword",
    "dbPassword",
    "apiToken",
    "pasword",
    "secretKey",
    "signingKeyPassphrse",
    "googleClientSecert",
    "x",
    "stripeKey",
    "redisUrl",
    "MEDPLUM_DATABASE_PASSWORD",
    "a.b",
    "",
    "é",
)
_MEMBERS: Final = ("password", "passwd", "token", "secret", "x", "connectionString", "")


def _plant(tree: Tree, catalogue: str, random: Random, canaries: Canaries) -> None:
    """Put secrets into a configuration of the server, the CDK or an external secret."""
    for holder, key, path in list(_places(tree, ())):
        _plant_at(holder, key, path, catalogue, random, canaries)
    for _ in range(random.choice([0, 1, 1, 2])):
        tree[random.choice(_UNKNOWN)] = _secret_value(random, canaries)
    for section in ("database", "redis", "bullmq", "smtp"):
        inner = tree.get(section)
        if isinstance(inner, dict) and random.random() < 0.3:
            inner[random.choice(_UNKNOWN)] = _secret_value(random, canaries)


def _secret_value(random: Random, canaries: Canaries) -> Any:
    """A text, and now and then a number, list or object with a secret in it."""
    form = random.random()
    canaries.label = "no text"
    if form < 0.75:
        return secret_text(random, canaries)
    if form < 0.8:
        return int(canaries.new("digits", 12))
    if form < 0.85:
        return -int(canaries.new("digits", 12))
    if form < 0.9:
        return [canaries.new(), {"x": canaries.new()}]
    return {random.choice(_MEMBERS): secret_text(random, canaries), "nested": {random.choice(_MEMBERS): canaries.new()}}


def _plant_at(holder: Any, key: Any, path: tuple[Any, ...], catalogue: str, random: Random, canaries: Canaries) -> None:
    setting = settings.catalogue(catalogue).get(path)
    is_public = settings.catalogue(catalogue).is_public(path)
    chance = random.random()
    if setting is not None and setting.secret:
        # Of what is public in another kind, as which it may be read, a number may be shown.
        if chance < 0.85:
            public_elsewhere = corpus.is_public(str(_name_of(path)))
            holder[key] = secret_text(random, canaries) if public_elsewhere else _secret_value(random, canaries)
    elif not is_public and not corpus.is_public(str(_name_of(path))):
        if chance < 0.5:
            holder[key] = _secret_value(random, canaries)
    elif is_public and setting is not None:
        if chance < PUBLIC_CREDENTIALS:
            mail = setting.format in ("email", "email-list", "mailbox")
            free = "string" in setting.types and not setting.format and not setting.enum
            holder[key] = public_text(random, canaries, mail=mail, free=free)
        elif chance < PUBLIC_CREDENTIALS + OBJECTS:
            holder[key] = {random.choice(_MEMBERS): secret_text(random, canaries)}
        elif chance < PUBLIC_CREDENTIALS + OBJECTS + MISPLACED and corpus.refuses_words(str(_name_of(path))):
            canaries.label = f"misplaced, {setting.format or setting.types[0]}"
            holder[key] = canaries.new()


def _name_of(path: tuple[Any, ...]) -> Any:
    """The last name on a path: that of the list for a member of one."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
    """Every member except non-empty objects and lists: its parent, its key, and its path."""
    if len(path) > 40:
        return
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        if isinstance(member, dict | list) and member:
            yield from _places(member, (*path, key))
        else:
            yield value, key, (*path, key)


# Files of the corpus


def _from_corpus(random: Random, canaries: Canaries) -> tuple[str, str, None]:
    name, content = random.choice(corpus.texts())
    trees = _read(name, content)
    if trees is None:
        return name, _planted_in_lines(content, random, canaries), None
    if random.random() < 0.6:
        trees = [mutate_tree(tree, random) for tree in trees]
    for tree in trees:
        _plant_anywhere(tree, random, canaries)
    return name, _written(name, trees, random), None


def _read(name: str, content: str) -> list[Any] | None:
    """The documents of a text, None if it is neither JSON nor YAML."""
    try:
        if name.endswith((".yaml", ".yml")):
            return [one for one in yaml.safe_load_all(content) if one is not None]
        return [json.loads(content)]
    except (ValueError, yaml.YAMLError):
        return None


def _written(name: str, trees: list[Any], random: Random) -> str:
    if name.endswith(".json"):
        return json.dumps(trees[0], indent=random.choice([None, 2]))
    style, flow = random.choice([None, None, '"', "'", "|"]), random.choice([False, False, None, True])
    return "---\n".join(dumped(tree, style, flow) for tree in trees)


_ASSIGNMENT: Final = re.compile(r"(?:export +)?([A-Za-z_][A-Za-z0-9_]*)=")


def _plant_anywhere(tree: Any, random: Random, canaries: Canaries) -> None:
    """Put secrets into a document of any form, by what its names say."""
    encoded = isinstance(tree, dict) and tree.get("kind") == "Secret"
    for holder, key, path in list(_places(tree, ())):
        if random.random() > 0.4:
            continue
        value = holder[key]
        assignment = _ASSIGNMENT.match(value) if isinstance(value, str) and isinstance(key, int) else None
        name = _named_by(holder, key, path)
        if assignment is not None:
            if not corpus.is_public(assignment[1]):
                holder[key] = assignment[0] + secret_text(random, canaries)
        elif name and not corpus.is_public(name):
            text = secret_text(random, canaries)
            holder[key] = base64.b64encode(text.encode()).decode() if encoded and path[0] == "data" else text


def _named_by(holder: Any, key: Any, path: tuple[Any, ...]) -> str:
    """The name that says what a value is: that beside it (``Name`` and ``Value``), else its own."""
    if isinstance(holder, dict) and isinstance(key, str) and key.lower() in ("value", "insecure_value", "secretstring", "secret_string"):
        beside = [holder[name] for name in ("Name", "name") if isinstance(holder.get(name), str)]
        return beside[0] if beside else ""
    return str(_name_of(path))


def _planted_in_lines(content: str, random: Random, canaries: Canaries) -> str:
    """Put secrets into a list of variables."""
    lines = content.split("\n")
    for number, line in enumerate(lines):
        assignment = _ASSIGNMENT.match(line)
        if assignment is not None and not corpus.is_public(assignment[1]) and random.random() < 0.5:
            text = secret_text(random, canaries).replace("\n", "\\n").replace("\r", "\\r")
            lines[number] = assignment[0] + random.choice([text, f"'{text}'" if "'" not in text else text])
    return "\n".join(lines)


# Texts around the values

_SECRET_LINES: Final[dict[str, tuple[str, ...]]] = {
    "json": (
        "// password: {}",
        "/* {} */",
        "// {}",
        '"password": "{}"',
        '"databasePassword": "{}",',
        "password: {}",
        "'token': '{}',",
        '"{}',
    ),
    "yaml": (
        "# password: {}",
        "# {}",
        "MEDPLUM_DATABASE_PASSWORD={}",
        "      MEDPLUM_DATABASE_PASSWORD: {}",
        "      - MEDPLUM_PORT=8103 MEDPLUM_DATABASE_PASSWORD={}",
        '      - "MEDPLUM_DATABASE_PASWORD=a\\"{}"',
        "  token: [{}, {{x: {}}}]",
        "x-secret: &anchor {}\nx-other: *anchor",
        "x-secret: !!str {}",
        "x-secret: !Custom {}",
        "\tx-secret: {}",
        "x-secret: |-\n  {}\n  {}",
        "x-secret: >\n   {}\n  {}",
        "? {}\n: {}",
        "{}",
        "@{}",
        '"{}',
    ),
    "env": (
        "# MEDPLUM_DATABASE_PASSWORD={}",
        "# {}",
        "MEDPLUM_DATABASE_PASSWORD={} # {}",
        "export MEDPLUM_REDIS_PASSWORD='{}'",
        "MEDPLUM_PORT=8103 MEDPLUM_DATABASE_PASSWORD={}",
        "MEDPLUM_SIGNING_KEY='{}",
        'MEDPLUM_SIGNING_KEY="{}\\"{}',
        "MEDPLUM_SIGNING_KEY={}\\\n{}",
        "MEDPLUM_DATABASE_PASSWORD: {}",
        "MEDPLUM_DATABASE_PASSWORD {}",
        "{}",
        "MEDPLUM_DATABASE_PASSWORD=`{}`",
        'MEDPLUM_PORT="8103\nMEDPLUM_DATABASE_PASSWORD={}',
        'MEDPLUM_BULLMQ={{"connection":{{"password":"{}"}}}}',
    ),
}
"""Lines that hold secrets, or swallow one, by the form of the file."""


def _planted_in_text(text: str, name: str, random: Random, canaries: Canaries) -> str:
    """Add comments and broken lines with secrets in them."""
    form = "env" if name.endswith(".env") else "yaml" if name.endswith((".yaml", ".yml")) else "json"
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        lines = text.split("\n")
        pattern = random.choice(_SECRET_LINES[form])
        canaries.label = f"line {pattern!r}"
        line = re.sub(r"\{\}", lambda _: canaries.new(), pattern)
        lines.insert(_between_values(lines, form, random), line.replace("{{", "{").replace("}}", "}"))
        text = "\n".join(lines)
    return text


def _between_values(lines: list[str], form: str, random: Random) -> int:
    """A line at which no value of a public name goes on: at the end, or anywhere in JSON."""
    return random.randint(0, len(lines)) if form == "json" else random.choice([0, len(lines)])
