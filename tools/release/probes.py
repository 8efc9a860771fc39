"""What a loader does with each setting, found by giving it texts and looking at what comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from linter.model import ABSENT, SettingPath
from linter.release import Release
from linter.server.loader import Stop, converted, is_false
from linter.server.start import WORKING_FOLDER, Layer, layers
from linter.settings import catalogue
from linter.settings.build import read_yaml
from linter.settings.env_names import PREFIX, setting_of, variable_of

from .checkout import Unusable
from .loader import Case, Loader, Outcome

BASE: Final = {"baseUrl": "https://server.example/", "signingKey": "given"}
"""What every probe gives besides the setting; with a key, so that the server makes up none."""
TEXTS: Final = ("8127", "true", "12.5abc", '{"a":1}', "a, b")
"""The texts that each setting is given. No two coercions make the same of all, and the first two show where each of them puts it."""
EMPTIES: Final = (None, False, 0, "")
"""What JavaScript takes for false, as a default may replace it."""
COERCIONS: Final[tuple[str, ...]] = tuple(read_yaml("schema.yaml")["$defs"]["coercion"]["enum"])
"""What a loader can do with a text."""
SECTION_PROBE: Final = "ZQ_PROBE"
"""What follows the prefix of a section, and is the name of nothing."""
_PROBED: Final = "zqProbe"


ARGUMENTS: Final = (
    *("env", "ENV", " env", "env:x", "", "x", "https://server.example/"),
    *("file", "file:", "file:a.json", "file:./b/../a.json", "file:/etc/a.json"),
    *("aws", "aws:", "aws:/p/", "aws:eu-west-1:/p/", "aws:eu-west-1", "aws:p/"),
    *("gcp", "gcp:a", "gcp:a:b", "gcp::b"),
    *("azure", "azure:a.vault.example", "azure:a.vault.example:b", "azure:https://a.vault.example:b"),
    *(
        "file:a.json,env",
        "env,file:a.json",
        "env, env",
        ",env",
        "env,,env,",
        ",",
        "env,x",
        "file:a,b.json",
        "gcp:a:b,aws:eu-west-1:/p/,env",
    ),
)
"""Start arguments that the grammars of the releases tell apart."""


class Read(NamedTuple):
    """How a loader reads one setting: a coercion, or in words what it makes of the texts; and where the value is then."""

    coercion: str
    landed: SettingPath


class Observed(NamedTuple):
    """All that was found. ``ssm`` and ``env`` are by the name of the setting, ``sections`` by the prefix of the variables, as in
    ``env_names``; ``secrets`` has the section that the secret of a parameter fills, and ``empties`` what each default replaces. ``starts``
    is by the start argument: what the loader reads, in its order, as :func:`reads_of` has it."""

    ssm: Mapping[str, Read]
    env: Mapping[str, Read]
    sections: Mapping[str, SettingPath]
    secrets: Mapping[str, str]
    defaults: Mapping[str, Any]
    empties: Mapping[str, tuple[Any, ...]]
    starts: Mapping[str, tuple[str, ...]]


def observe(loader: Loader, typed: Iterable[str], texts: Iterable[str], release: Release) -> Observed:
    """Probe the settings of the catalogue, those of the type, and what the sources name in quotes."""
    literals = _literals(texts)
    named = sorted(word for word in literals if word[0].islower() or word.endswith("Secrets"))
    known = [name for name in catalogue().names() if "*" not in name]
    names = list(dict.fromkeys([*known, *(name for name in typed if "*" not in name), *named]))
    names.remove("baseUrl")  # each case has it, and the loader stops if it is not an address
    defaults = _config(loader.run([_file_case({"baseUrl": BASE["baseUrl"]})])[0])
    sections = _sections(loader, [*known, *typed], literals)
    ssm, secrets = _probe_parameters(loader, names)
    env = _probe_variables(loader, names, release)
    return Observed(ssm, env, sections, secrets, defaults, _empties(loader, defaults), _starts(loader))


def _literals(texts: Iterable[str]) -> set[str]:
    """What stands in quotes in the sources and can be a name, a prefix of variables, or the parameter of a secret."""
    return {match[1] for text in texts for match in re.finditer(r"'([A-Za-z][A-Za-z0-9._]*)'", text)}


def _case(source: str, entries: Mapping[str, str]) -> Case:
    return {"source": source, "entries": dict(entries)}


def _file_case(data: Mapping[str, Any]) -> Case:
    return {"source": "file", "text": json.dumps(data)}


def _config(outcome: Outcome) -> Mapping[str, Any]:
    """The configuration of a case that has to work."""
    if "config" not in outcome:
        raise Unusable(f"the loader stops at a configuration with nothing but baseUrl: {outcome['error']}")
    config: Mapping[str, Any] = outcome["config"]
    return config


# --- one setting ------------------------------------------------------------------------------------------------------------------------


def _probe_parameters(loader: Loader, names: Sequence[str]) -> tuple[dict[str, Read], dict[str, str]]:
    base = _config(loader.run([_case("ssm", BASE)])[0])
    outcomes = loader.run([_case("ssm", {**BASE, name: text}) for name in names for text in TEXTS])
    found, secrets = {}, {}
    for place, name in enumerate(names):
        own = outcomes[place * len(TEXTS) : (place + 1) * len(TEXTS)]
        section = _fetched(own[0])
        if section:
            secrets[name] = section
        found[name] = Read("secret", _path(name)) if section else read(own, base, _path(name))
    return found, secrets


def _fetched(outcome: Outcome) -> str:
    """The section that a secret has filled; empty where none was asked for."""
    held = outcome.get("config", {})
    return next((name for name, value in held.items() if isinstance(value, dict) and "fetched" in value), "")


def _probe_variables(loader: Loader, names: Sequence[str], release: Release) -> dict[str, Read]:
    given = {variable_of(_path(name)): text for name, text in BASE.items()}
    base = _config(loader.run([_case("env", given)])[0])
    variables = {name: variable_of(_path(name)) for name in names}
    outcomes = loader.run([_case("env", {**given, variable: text}) for variable in variables.values() for text in TEXTS])
    found = {}
    for place, (name, variable) in enumerate(variables.items()):
        own = outcomes[place * len(TEXTS) : (place + 1) * len(TEXTS)]
        found[name] = read(own, base, setting_of(variable, release))
    return found


def read(outcomes: Sequence[Outcome], base: Mapping[str, Any], expected: SettingPath) -> Read:
    """How a setting is read, from what came of each of ``TEXTS``, and of none of them (``base``).

    ``expected`` is where the value should be; it is looked for elsewhere only where nothing has changed there.
    """
    configs = [outcome.get("config") for outcome in outcomes]
    landed = _landed([config for config in configs[:2] if config is not None], base, expected)
    held = [ABSENT if config is None else _at(config, landed) for config in configs]
    return Read(classify(held, _at(base, landed)) if landed else "nothing", landed)


def _landed(configs: Sequence[Mapping[str, Any]], base: Mapping[str, Any], expected: SettingPath) -> SettingPath:
    """Where a probe has changed something."""
    if any(not same(_at(config, expected), _at(base, expected)) for config in configs):
        return expected
    for config in configs:
        for path, value in _leaves(config):
            is_ours = any(same(value, made) for made in ("8127", 8127, "true", True, False, float("nan")))
            if is_ours and not same(value, _at(base, path)):
                return path[:-1] if isinstance(path[-1], int) else path
    return ()


def classify(held: Sequence[Any], default: Any) -> str:
    """The coercion that makes these values of ``TEXTS``; else in words what was made of them.

    A value is ``ABSENT`` where the loader stopped. It may be the ``default`` where the loader replaces what JavaScript takes for false,
    and has the members of the default where the loader merges the two.
    """
    for coercion in COERCIONS:
        if all(_comes_of(value, converted(text, coercion), default) for text, value in zip(TEXTS, held, strict=True)):
            return coercion
    made = ("a stop" if value is ABSENT else json.dumps(value) for value in held)
    return "like no other: " + ", ".join(f"{text!r} is {value}" for text, value in zip(TEXTS, made, strict=True))


def _comes_of(value: Any, wanted: Any, default: Any) -> bool:
    if isinstance(wanted, Stop):
        return value is ABSENT
    merged = {**default, **_spread(wanted)} if isinstance(default, dict) else wanted
    is_replaced = is_false(wanted) and default is not ABSENT
    return same(value, wanted) or same(value, merged) or (is_replaced and same(value, default))


def _spread(value: Any) -> dict[str, Any]:
    """What ``...`` takes out of a value in an object."""
    if isinstance(value, dict):
        return value
    return {str(index): one for index, one in enumerate(value)} if isinstance(value, str | list) else {}


# --- sections and defaults --------------------------------------------------------------------------------------------------------------


def _sections(loader: Loader, names: Iterable[str], literals: Iterable[str]) -> dict[str, SettingPath]:
    """The prefixes of variables that lead into a section, each with where."""
    words = {word for word in literals if re.fullmatch("[A-Z][A-Z_]*_", word)}
    holders = {_path(name)[:-1] for name in names if "*" not in name and "." in name}
    prefixes = sorted({*words, *(a + b for a in words for b in words), *(f"{variable_of(path)[len(PREFIX) :]}_" for path in holders)})
    given = {variable_of(_path(name)): text for name, text in BASE.items()}
    outcomes = loader.run([_case("env", {**given, f"{PREFIX}{prefix}{SECTION_PROBE}": "text"}) for prefix in prefixes])
    found = {}
    for prefix, outcome in zip(prefixes, outcomes, strict=True):
        landed = next((path for path, _ in _leaves(outcome.get("config", {})) if path[-1] == _PROBED), ())
        if len(landed) > 1:
            found[prefix] = landed[:-1]
    return found


def _empties(loader: Loader, defaults: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Which of ``EMPTIES`` each default takes the place of."""
    names = [name for name in defaults if name not in BASE]
    outcomes = loader.run([_file_case({**BASE, name: empty}) for name in names for empty in EMPTIES])
    found = {}
    for place, name in enumerate(names):
        own = outcomes[place * len(EMPTIES) : (place + 1) * len(EMPTIES)]
        held = [one.get("config", {}).get(name, ABSENT) for one in own]
        found[name] = tuple(empty for empty, value in zip(EMPTIES, held, strict=True) if not same(empty, value))
    return found


# --- start arguments --------------------------------------------------------------------------------------------------------------------

STOP: Final = "(stop)"
"""Where a loader fails, at the end of what it has read."""


def _starts(loader: Loader) -> dict[str, tuple[str, ...]]:
    outcomes = loader.run([{"source": "start", "argument": argument} for argument in ARGUMENTS])
    home = str(loader.folder)
    return {
        argument: tuple(one.replace(home, WORKING_FOLDER) for one in outcome["asked"]) + ((STOP,) if outcome["stops"] else ())
        for argument, outcome in zip(ARGUMENTS, outcomes, strict=True)
    }


def reads_of(argument: str, release: Release) -> tuple[str, ...]:
    """What a release reads for a start argument, as ``linter/server/start.py`` has it, until it stops."""
    reads: list[str] = []
    for layer in layers(argument, release):
        if layer.fault(release) is not None:
            return *reads, STOP
        reads.append(_asked(layer, release))
    return tuple(reads) or (STOP,)


def _asked(layer: Layer, release: Release) -> str:
    first, _, second = (layer.address or "").partition(":")
    return {
        "env": "env",
        "file": f"file {layer.file(release)}",
        "aws": f"aws {layer.region} {layer.path}",
        "gcp": f"gcp projects/{first}/secrets/{second}/versions/latest",
        "azure": f"azure https://{first} {second}",
    }[layer.kind]


# --- trees ------------------------------------------------------------------------------------------------------------------------------


def _path(name: str) -> tuple[str, ...]:
    return tuple(name.split("."))


def _at(tree: Any, path: SettingPath) -> Any:
    for step in path:
        tree = tree.get(step, ABSENT) if isinstance(tree, dict) else ABSENT
    return tree


def _leaves(tree: Any, path: SettingPath = ()) -> Iterator[tuple[SettingPath, Any]]:
    if isinstance(tree, dict | list) and tree:
        for step, member in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _leaves(member, (*path, step))
    else:
        yield path, tree


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to JavaScript, in all that they hold: true is not 1, but 12.0 is 12; and NaN is like NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or (one != one and other != other)
