"""The options of a configuration file: one table, with the type of each as JSON Schema, its reader, a description, and an example."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path

from .config import FAIL_ON_CHOICES, TARGET_CHOICES, Acceptance, Keys, Overrides, Severity
from .files import relative_to_here
from .globs import Globs
from .model import LEVELS, TARGETS
from .policy.rule_set import PACKAGE
from .release import ServerVersion
from .suggest import choice_meant, did_you_mean
from .text import printable
from .typed import Any, Final, NamedTuple

Schema = dict[str, Any]
Read = Callable[[Keys, Any, Path], Any]
"""Reads the value of an option, with the keys that lead to it, of a file. Raises :exc:`Mistake`."""
_SETTING: Final = r"[A-Za-z_][A-Za-z0-9_-]*(\.(\*|[A-Za-z_][A-Za-z0-9_-]*))*"


class Mistake(Exception):
    """A value that an option cannot have, with the keys that lead to it."""

    def __init__(self, keys: Keys, message: str) -> None:
        super().__init__(message)
        self.keys = keys


class ConfigOption(NamedTuple):
    """An option: its type as JSON Schema, its reader, a description, and an example in TOML.

    ``some``: it can be given for some files and for the documents of an environment too.
    """

    name: str
    schema: Schema
    read: Read
    description: str
    example: str = ""
    some: bool = False
    dest: str = ""

    @property
    def field(self) -> str:
        """The field of :class:`~linter.config.Overrides`, ``Config`` or ``Acceptance`` that has the value."""
        return self.dest or self.name.replace("-", "_")


# --- Reading values. ----------------------------------------------------------------------------------------------------------------


def _texts(keys: Keys, value: Any, _file: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Mistake(keys, f"{keys[-1]} must be a list of strings")
    if not value and keys[-1] == "select":
        raise Mistake(keys, "select names no rule, so nothing would be checked: leave it out to check all")
    return tuple(value)


def _globs(keys: Keys, value: Any, file: Path) -> tuple[str, ...]:
    globs = _texts(keys, value, file)
    for glob in globs:
        check_glob(keys, glob)
    return globs


def check_glob(keys: Keys, glob: str) -> None:
    """Raise :exc:`Mistake` for a text that is no glob."""
    try:
        Globs([glob])
    except ValueError:
        raise Mistake(keys, f'"{glob}" is not a glob') from None


def _folders(keys: Keys, value: Any, file: Path) -> tuple[Path, ...]:
    """Folders of rules, relative to the file, and installed packages."""
    return tuple(Path(name) if name.startswith(PACKAGE) else file.parent / name for name in _texts(keys, value, file))


def _path(keys: Keys, value: Any, file: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise Mistake(keys, f"{keys[-1]} must be the path of a file")
    return Path(os.path.normpath(file.parent / value))


def _secret_names(keys: Keys, value: Any, file: Path) -> tuple[str, ...]:
    for name in _texts(keys, value, file):
        if name.startswith("MEDPLUM_"):
            from .settings.env_names import setting_of

            meant = ".".join(setting_of(name))
            raise Mistake(keys, f'"{name}" is a variable: write the name of its setting, "{meant}"')
        if not re.fullmatch(_SETTING, name):
            raise Mistake(keys, f'"{name}" is not the name of a setting, such as "acme.apiToken"')
    return tuple(value)


def _choice(choices: tuple[str, ...], keys: Keys, value: Any, _file: Path) -> str:
    if value not in choices:
        raise Mistake(keys, f"{keys[-1]} must be one of {_list_of(choices, value)}")
    return str(value)


def _list_of(choices: tuple[str, ...], value: Any) -> str:
    """The choices, and "did you mean" for a word, or a list of one word."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return f"{', '.join(choices)}{choice_meant(value, choices) if isinstance(value, str) else ''}"


def _truth(keys: Keys, value: Any, _file: Path) -> bool:
    if not isinstance(value, bool):
        raise Mistake(keys, f"{keys[-1]} must be true or false")
    return value


def _server(keys: Keys, value: Any, file: Path) -> ServerVersion:
    if not isinstance(value, str):
        raise Mistake(keys, 'server-version must be text, such as "5.1.23"')
    from .settings.releases import parse_server_version  # only for a configuration that names one

    try:
        where = f" for {keys[-2]}" if len(keys) > 1 else ""
        return parse_server_version(value, f"server-version in {printable(relative_to_here(file))}{where}")
    except ValueError as error:
        raise Mistake(keys, f"server-version: {error}") from None


def _severity(keys: Keys, value: Any, _file: Path) -> Mapping[str, Severity]:
    if not isinstance(value, dict):
        raise Mistake(keys, "severity must be a table of rules or categories and levels")
    return {name: _levels((*keys, name), level) for name, level in value.items()}


def _levels(keys: Keys, value: Any) -> Severity:
    given = value if isinstance(value, dict) else dict.fromkeys(TARGETS, value)
    check_names(keys, given, TARGETS)
    for target, level in given.items():
        if level not in _LEVELS:
            raise Mistake((*keys, target), f"the severity of {keys[-1]} must be one of {_list_of(_LEVELS, level)}")
    if set(given) != set(TARGETS):
        raise Mistake(keys, f"the severity of {keys[-1]} must be given for both {' and '.join(TARGETS)}")
    return {target: None if given[target] == "off" else given[target] for target in TARGETS}


def check_names(keys: Keys, table: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise :exc:`Mistake` for a name in a table that is no option."""
    for name in table:
        if name not in names:
            raise Mistake((*keys, name), f'there is no option "{name}"{did_you_mean(name, names)}')


def _tables(keys: Keys, value: Any, file: Path) -> dict[str, Overrides]:
    """Tables of options, by the globs of files or by environments."""
    of_files = keys[-1] == "per-file"
    if not isinstance(value, dict):
        raise Mistake(keys, f"{keys[-1]} must be a table of {'globs' if of_files else 'environments'}")
    found = {}
    for name, table in value.items():
        above = (*keys, name)
        if of_files:
            check_glob(above, name)
        if not isinstance(table, dict):
            raise Mistake(above, f'{keys[-1]} "{name}" must be a table')
        if "fail-on" in table:
            when = "per file" if of_files else "for an environment"
            raise Mistake((*above, "fail-on"), f"fail-on applies to the whole run and cannot be set {when}")
        found[name] = Overrides(**values_in(above, table, [one for one in OPTIONS if one.some], file))
    return found


def values_in(keys: Keys, table: Mapping[str, Any], options: Iterable[ConfigOption], file: Path) -> dict[str, Any]:
    """The values of options in a table, by the names of their fields. Raises :exc:`Mistake`."""
    known = {one.name: one for one in options}
    check_names(keys, table, known)
    return {one.field: one.read((*keys, name), table[name], file) for name, one in known.items() if name in table}


def _acceptances(keys: Keys, value: Any, file: Path) -> tuple[Acceptance, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Mistake(keys, "accept must be a list of tables: write each finding that you accept beneath [[accept]]")
    return tuple(_acceptance((*keys, number), one, file) for number, one in enumerate(value))


def _acceptance(keys: Keys, table: Mapping[str, Any], file: Path) -> Acceptance:
    values = values_in(keys, table, OF_ACCEPTANCES, file)
    if "rule" not in values:
        raise Mistake(keys, "an acceptance needs a rule: the id of the one whose findings are accepted")
    reason = values.get("reason", "").strip()
    if not reason:
        raise Mistake((*keys, "reason"), f"the acceptance of {values['rule']} needs a reason, for whoever reads it later")
    for key in ("path", "environment"):
        if values.get(key) == "":
            raise Mistake((*keys, key), f"{key} is empty: leave it out to accept the findings of every {key}")
    if "path" in values:
        check_glob((*keys, "path"), values["path"])
    return Acceptance(**values | {"reason": reason})


def _text(keys: Keys, value: Any, _file: Path) -> str:
    if not isinstance(value, str):
        raise Mistake(keys, f"{keys[-1]} must be text")
    return value


def _day(keys: Keys, value: Any, _file: Path) -> date:
    """A date as TOML writes it, or as text; not one with a time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) else "")
    except (ValueError, TypeError):
        raise Mistake(keys, "until must be a date, such as 2026-01-31") from None


# --- The table. ---------------------------------------------------------------------------------------------------------------------


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _one_of(choices: tuple[str, ...]) -> tuple[Schema, Read]:
    return {"enum": list(choices)}, partial(_choice, choices)


_LEVELS: Final = (*LEVELS, "off")
_TEXT: Final[Schema] = {"type": "string"}
_PATH: Final[Schema] = {"type": "string", "minLength": 1}
_TRUTH: Final[Schema] = {"type": "boolean"}
_SELECTORS: Final = _list({"$ref": "#/definitions/selector"})
_SOME: Final[Schema] = {"type": "object", "additionalProperties": {"$ref": "#/definitions/some"}}

OPTIONS: Final = (
    ConfigOption("rules", _list(_TEXT), _folders, "Folders of policies of your own, relative to this file.", 'rules = ["policies"]'),
    ConfigOption(
        "select",
        {**_SELECTORS, "minItems": 1},
        _texts,
        "Check these rules only, by id or category.",
        'select = ["syntax", "tls", "missing-setting"]',
        some=True,
    ),
    ConfigOption(
        "extend-select",
        _SELECTORS,
        _texts,
        "Check these rules too, also those that are off until they are asked for.",
        'extend-select = ["disabled-audit-trail"]',
        some=True,
    ),
    ConfigOption("ignore", _SELECTORS, _texts, "Do not check these rules.", 'ignore = ["invalid-encoding"]', some=True),
    ConfigOption(
        "include", _list(_TEXT), _globs, "Globs of files that a search takes too, whatever they are called.", 'include = ["deploy/*.conf"]'
    ),
    ConfigOption(
        "exclude", _list(_TEXT), _globs, "Globs of files and folders that a search passes over.", 'exclude = ["old/**", "*.bak.json"]'
    ),
    ConfigOption("force-exclude", _TRUTH, _truth, "Pass over what is excluded also where it is named.", "force-exclude = true"),
    ConfigOption(
        "secret-names",
        _list({"type": "string", "pattern": f"^(?!MEDPLUM_){_SETTING}$"}),
        _secret_names,
        "Settings that hold a secret, beside those that are known to.",
        'secret-names = ["acme.apiToken", "externalAuthProviders.*.acmeKey"]',
    ),
    ConfigOption("baseline", _PATH, _path, "Report only findings that are not in this baseline.", 'baseline = "known-findings.jsonl"'),
    ConfigOption("fail-on", *_one_of(FAIL_ON_CHOICES), "The lowest severity that gives exit code 1.", 'fail-on = "warning"'),
    ConfigOption(
        "target",
        *_one_of(TARGET_CHOICES),
        "What the configuration is for; auto: development if all of its URLs are local.",
        'target = "auto"',
        some=True,
    ),
    ConfigOption("pedantic", _TRUTH, _truth, "Also give advice that applies to almost every installation.", "pedantic = true", some=True),
    ConfigOption(
        "server-version",
        _TEXT,
        _server,
        "The server that reads the configuration: a release such as 5.1.23, a range, or latest.",
        'server-version = ">=5.1,<5.2"',
        some=True,
        dest="server",
    ),
    ConfigOption(
        "severity",
        {"$ref": "#/definitions/severity"},
        _severity,
        "The severity of rules or categories: error, warning, note or off, or one for each target.",
        'severity = { hardening = "warning", missing-setting = { production = "error", development = "off" } }',
        some=True,
    ),
    ConfigOption(
        "per-file",
        _SOME,
        _tables,
        "What holds for the files that a glob fits; of several globs the later wins.",
        '[per-file."staging/*.json"]\nignore = ["plaintext-secret"]',
    ),
    ConfigOption(
        "environment",
        _SOME,
        _tables,
        "What holds for the documents of an environment; it wins over what holds for files.",
        '[environment.staging]\ntarget = "development"\nseverity.tls = "note"',
        dest="environments",
    ),
    ConfigOption(
        "accept",
        _list({"$ref": "#/definitions/acceptance"}),
        _acceptances,
        "Findings that are right as they are.",
        '[[accept]]\nrule = "missing-trailing-slash"\npath = "legacy/medplum.config.json"\nsetting = "baseUrl"\n'
        'reason = "the proxy adds the slash"\nuntil = 2030-06-30',
    ),
)
"""Every option, in the order in which a file has them: tables come last."""
OF_ACCEPTANCES: Final = (
    ConfigOption("rule", {"$ref": "#/definitions/rule"}, _text, "The id of the rule whose findings are accepted."),
    ConfigOption("reason", {"type": "string", "pattern": r"\S"}, _text, "Why they are accepted, for whoever reads it later."),
    ConfigOption("path", _PATH, _text, "A glob of the files in which they are; without it all."),
    ConfigOption("setting", _TEXT, _text, "The setting, such as database.ssl, that they are about; empty for none, without it all."),
    ConfigOption("environment", _PATH, _text, "The environment, or the service, container or job, in which they are; without it all."),
    ConfigOption("until", {"type": "string", "format": "date"}, _day, "The last day on which they are accepted, such as 2030-06-30."),
)
