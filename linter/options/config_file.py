"""Configuration files: ``.medplum-lint.toml``, or the table ``[tool.medplum-lint]`` of a ``pyproject.toml``.

Their options are one table, with the type of each as JSON Schema, its reader, a description, and an example. From it are made the reader of
a file, the schema for editors, in draft 7, which TOML editors support (taplo, Even Better TOML), and the template of a new file. The schema
knows names, types and choices; only the reader knows whether a glob or a version is valid.
"""

from __future__ import annotations

import json
import os.path
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from ..files import LARGEST_CONFIGURATION, Unreadable, is_within, read_regular, relative_to_here
from ..model import LEVELS, TARGETS, Acceptance
from ..policy.rule_set import PACKAGE
from ..release import ServerVersion
from ..suggest import choice_meant, did_you_mean
from ..text import day_of, printable
from ..typed import Any, Final, NamedTuple, TypeVar
from .config import FAIL_ON_CHOICES, PROJECT_FILE, TARGET_CHOICES, Config, ConfigError, Keys, Overrides, Severity, line_in
from .globs import Globs

T = TypeVar("T")
Schema = dict[str, Any]
Read = Callable[[Keys, Any, Path], Any]
"""Reads the value of an option, with the keys that lead to it, of a file. Raises :exc:`Mistake`."""
_SETTING: Final = r"[A-Za-z_][A-Za-z0-9_-]*(\.(\*|[A-Za-z_][A-Za-z0-9_-]*))*"


class Mistake(Exception):
    """An invalid value of an option, with the keys that lead to it."""

    def __init__(self, keys: Keys, message: str) -> None:
        super().__init__(message)
        self.keys = keys


class ConfigOption(NamedTuple):
    """An option: its type as JSON Schema, its reader, a description, and an example in TOML."""

    name: str
    schema: Schema
    read: Read
    description: str
    example: str = ""
    dest: str = ""

    @property
    def field(self) -> str:
        """The field of :class:`~linter.options.config.Overrides`, ``Config`` or ``Acceptance`` that holds the value."""
        return self.dest or self.name.replace("-", "_")

    @property
    def some(self) -> bool:
        """Whether it can be set for some files and for the documents of an environment too; ``fail-on`` is for the whole run."""
        return self.field in Overrides._fields and self.name != "fail-on"


# --- Reading values. ----------------------------------------------------------------------------------------------------------------


def _of_type(kind: type[T], what: str, keys: Keys, value: Any, _file: Path) -> T:
    """A value of a type; ``what`` names that in the message."""
    if not isinstance(value, kind):
        raise Mistake(keys, f"{keys[-1]} must be {what}")
    return value


_text: Final = partial(_of_type, str, "text")


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
    """Raise :exc:`Mistake` for an invalid glob."""
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
            from ..settings.env_names import setting_of

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
    """The choices, with "did you mean" for an unknown word, or for a list of one word."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return f"{', '.join(choices)}{choice_meant(value, choices) if isinstance(value, str) else ''}"


def _server(keys: Keys, value: Any, file: Path) -> ServerVersion:
    text = _of_type(str, 'text, such as "5.1.23"', keys, value, file)
    from ..settings.releases import parse_server_version  # only for a configuration that names one

    try:
        where = f" for {keys[-2]}" if len(keys) > 1 else ""
        return parse_server_version(text, f"server-version in {printable(relative_to_here(file))}{where}")
    except ValueError as error:
        raise Mistake(keys, f"server-version: {error}") from None


def _severity(keys: Keys, value: Any, file: Path) -> Mapping[str, Severity]:
    table = _of_type(dict, "a table of rules or categories and levels", keys, value, file)
    return {name: _levels((*keys, name), level) for name, level in table.items()}


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
    """Raise :exc:`Mistake` for a name in a table that is not an option."""
    for name in table:
        if name not in names:
            raise Mistake((*keys, name), f'there is no option "{name}"{did_you_mean(name, names)}')


def _tables(keys: Keys, value: Any, file: Path) -> dict[str, Overrides]:
    """Tables of options, by the globs of files or by environments."""
    of_files = keys[-1] == "per-file"
    found = {}
    for name, table in _of_type(dict, f"a table of {'globs' if of_files else 'environments'}", keys, value, file).items():
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
        raise Mistake(keys, "accept must be a list of tables: write each finding that you accept under [[accept]]")
    return tuple(_acceptance((*keys, number), one, file) for number, one in enumerate(value))


def _acceptance(keys: Keys, table: Mapping[str, Any], file: Path) -> Acceptance:
    values = values_in(keys, table, OF_ACCEPTANCES, file)
    if "rule" not in values:
        raise Mistake(keys, "an acceptance needs a rule: the id of the one whose findings are accepted")
    reason = values.get("reason", "").strip()
    if not reason:
        raise Mistake((*keys, "reason"), f"the acceptance of {values['rule']} needs a reason, for later readers")
    if not values.get("by", "-").strip():
        raise Mistake((*keys, "by"), "by is empty: leave it out where it is not known who accepts the findings")
    for key in ("path", "environment"):
        if values.get(key) == "":
            raise Mistake((*keys, key), f"{key} is empty: leave it out to accept the findings of every {key}")
    if "path" in values:
        check_glob((*keys, "path"), values["path"])
    return Acceptance(**values | {"reason": reason})


def _day(keys: Keys, value: Any, _file: Path) -> date:
    """A TOML date, or a text with one; not one with a time."""
    day = day_of(str(value))
    if day is None:
        raise Mistake(keys, f"{keys[-1]} must be a date, such as 2026-01-31")
    return day


# --- The table. ---------------------------------------------------------------------------------------------------------------------


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _one_of(choices: tuple[str, ...]) -> tuple[Schema, Read]:
    return {"enum": list(choices)}, partial(_choice, choices)


_LEVELS: Final = (*LEVELS, "off")
_TEXT: Final[Schema] = {"type": "string"}
_PATH: Final[Schema] = {"type": "string", "minLength": 1}
_TRUTH: Final[tuple[Schema, Read]] = {"type": "boolean"}, partial(_of_type, bool, "true or false")
_SELECTORS: Final = _list({"$ref": "#/definitions/selector"})
_SOME: Final[Schema] = {"type": "object", "additionalProperties": {"$ref": "#/definitions/some"}}

OPTIONS: Final = (
    ConfigOption("rules", _list(_TEXT), _folders, "Folders of policies of your own, relative to this file.", 'rules = ["policies"]'),
    ConfigOption(
        "select",
        {**_SELECTORS, "minItems": 1},
        _texts,
        "Check these rules only, by id, category or control.",
        'select = ["syntax", "tls", "missing-setting"]',
    ),
    ConfigOption(
        "extend-select",
        _SELECTORS,
        _texts,
        "Check these rules too, even if they are off by default.",
        'extend-select = ["disabled-audit-trail"]',
    ),
    ConfigOption("ignore", _SELECTORS, _texts, "Do not check these rules.", 'ignore = ["invalid-encoding"]'),
    ConfigOption("include", _list(_TEXT), _globs, "Globs of more files for a search to include.", 'include = ["deploy/*.conf"]'),
    ConfigOption("exclude", _list(_TEXT), _globs, "Globs of files and folders for a search to skip.", 'exclude = ["old/**", "*.bak.json"]'),
    ConfigOption("force-exclude", *_TRUTH, "Also skip excluded files that are named.", "force-exclude = true"),
    ConfigOption(
        "secret-names",
        _list({"type": "string", "pattern": f"^(?!MEDPLUM_){_SETTING}$"}),
        _secret_names,
        "More settings that hold a secret.",
        'secret-names = ["acme.apiToken", "externalAuthProviders.*.acmeKey"]',
    ),
    ConfigOption("baseline", _PATH, _path, "Report only findings that are not in this baseline.", 'baseline = "known-findings.jsonl"'),
    ConfigOption("fail-on", *_one_of(FAIL_ON_CHOICES), "The lowest severity that gives exit code 1.", 'fail-on = "warning"'),
    ConfigOption(
        "target",
        *_one_of(TARGET_CHOICES),
        "What the configuration is for; auto: development if all of its URLs are local.",
        'target = "auto"',
    ),
    ConfigOption("pedantic", *_TRUTH, "Also give advice that applies to almost every installation.", "pedantic = true"),
    ConfigOption(
        "server-version",
        _TEXT,
        _server,
        "The server that reads the configuration: a release such as 5.1.23, a range, or latest.",
        'server-version = ">=5.1,<5.2"',
        dest="server",
    ),
    ConfigOption(
        "severity",
        {"$ref": "#/definitions/severity"},
        _severity,
        "The severity of rules or categories: error, warning, note or off, or one for each target.",
        'severity = { hardening = "warning", missing-setting = { production = "error", development = "off" } }',
    ),
    ConfigOption(
        "per-file",
        _SOME,
        _tables,
        "Options for the files that match a glob; if several globs match, the last one wins.",
        '[per-file."staging/*.json"]\nignore = ["plaintext-secret"]',
    ),
    ConfigOption(
        "environment",
        _SOME,
        _tables,
        "Options for the documents of an environment; they take precedence over those for files.",
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
"""Every option, in the order of a file: tables come last."""
OF_ACCEPTANCES: Final = (
    ConfigOption("rule", {"$ref": "#/definitions/rule"}, _text, "The id of the rule whose findings are accepted."),
    ConfigOption("reason", {"type": "string", "pattern": r"\S"}, _text, "Why they are accepted, for later readers."),
    ConfigOption("path", _PATH, _text, "A glob of the files that they are in. Default: all."),
    ConfigOption("setting", _TEXT, _text, "The setting that they are about, such as database.ssl; empty for none. Default: all."),
    ConfigOption("environment", _PATH, _text, "The environment, service, container or job that they are in. Default: all."),
    ConfigOption("by", {"type": "string", "pattern": r"\S"}, _text, "Who accepts them."),
    ConfigOption("until", {"type": "string", "format": "date"}, _day, "The last day on which they are accepted, such as 2030-06-30."),
    ConfigOption("since", {"type": "string", "format": "date"}, _day, "The day on which they were accepted."),
)


_PROJECT_TABLE: Final = ("tool", "medplum-lint")
_TABLE: Final = re.compile(
    rb"""
    ^ (?:\xef\xbb\xbf)? [ \t]*
    (?: \[{1,2} [ \t]* ["']?tool["']? [ \t]* \. [ \t]* ["']?medplum[-_]lint\b  # the header of the table, or of one in it, or of a list
    | ["']?tool["']? [ \t]* = [^\n]* \b medplum-lint \b          # [tool] on one line
    | (?:tool [ \t]* \. [ \t]*)? ["']?medplum-lint["']? [ \t]* [.=] )     # a key in [tool], or at the top
    """,
    re.MULTILINE | re.VERBOSE,
)
"""The start of our table in a pyproject.toml. A file without it is not read as TOML."""
_TOKEN: Final = re.compile(
    r"""
    "{3} (?: [^\\] | \\. )*? "{3,5} | '{3} .*? '{3,5} | " (?: [^"\\\n] | \\. )* " | ' [^'\n]* '  # texts
    | \#[^\n]* | \n | [][{}=,.] | [^][{}=,.\#"'\s]+
    """,
    re.DOTALL | re.VERBOSE,
)


_DEEPEST: Final = 8
"""More keys than lead to any option."""


def read_config(path: Path, within: Path | None = None) -> Config | None:
    """The configuration in a file; None for a ``pyproject.toml`` without one. Raises :exc:`ConfigError`.

    With ``within``, the file was found in this folder, and must not link to a file outside it.
    """
    is_project = path.name == PROJECT_FILE
    if within is not None and not is_project:
        _check_inside(path, within)
    try:
        content = read_regular(path, LARGEST_CONFIGURATION)
    except Unreadable as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    config = parsed_file(path, content) if within is None or not is_project or _TABLE.search(content) else None
    if within is not None and is_project and config is not None:
        _check_inside(path, within)
    return config


def _check_inside(path: Path, folder: Path) -> None:
    """Refuse a link out of the folder: its author could make us quote the keys of someone else's file."""
    if path.is_symlink() and not is_within(os.path.realpath(path), os.path.realpath(folder)):
        raise ConfigError(f"{path}: is a link to a file outside its folder; name that file with --config")


def parsed_file(path: Path, content: bytes) -> Config | None:
    """The configuration in the content of a file; None if it has no such table. Raises :exc:`ConfigError`."""
    if sys.version_info >= (3, 11):  # here, because most runs have no file to read
        import tomllib
    else:
        import tomli as tomllib

    try:
        text = content.decode("utf-8-sig")
        data: Any = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{content[: error.start].count(10) + 1}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = int(line[1]) if line else text.count("\n") + 1
        raise ConfigError(f"{path}:{place}: not valid TOML: {_uncapitalized(str(error).partition(' (at ')[0])}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not usable: lists or tables in it are nested too deeply") from None
    except ValueError as error:  # a number or a date that Python cannot represent
        raise ConfigError(f"{path}: not valid TOML: {_uncapitalized(str(error).partition(':')[0])}") from None
    places = _places(text)
    try:
        if path.name == PROJECT_FILE:
            data = _project_table(data, places)
            places = {keys[2:]: line for keys, line in places.items() if keys[:2] == _PROJECT_TABLE}
        if data is None:
            return None
        if not isinstance(data, dict):
            raise Mistake((), "tool.medplum-lint must be a table")
        values = values_in((), data, OPTIONS, path)
    except Mistake as mistake:
        raise ConfigError(f"{path}:{line_in(places, mistake.keys)}: {mistake}") from None
    general = {field: values.pop(field) for field in Overrides._fields if field in values}
    given, file = values.pop("accept", ()), relative_to_here(path)
    accept = tuple(one._replace(line=line_in(places, ("accept", number)), file=file) for number, one in enumerate(given))
    return Config(path, Overrides(**general), accept=accept, places=places, **values)


def _uncapitalized(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _project_table(data: Any, places: Iterable[Keys]) -> Any:
    """Our table of a ``pyproject.toml``, or None. Raises :exc:`Mistake` if it uses the command's name as a Python name."""
    tool = data.get("tool")
    if not isinstance(tool, dict):  # perhaps a list of tables, one of which is ours
        for keys in places:
            if keys[0::2] == _PROJECT_TABLE:
                raise Mistake(keys, "tool.medplum-lint must be a table")
        return None
    if "medplum_lint" in tool and "medplum-lint" not in tool:
        raise Mistake(("tool", "medplum_lint"), "the table of medplum-lint is [tool.medplum-lint], with a hyphen")
    return tool.get("medplum-lint")


def _places(text: str) -> dict[Keys, int]:
    """The line of each key, table and member of a list in a valid TOML document, which TOML parsers do not give."""
    places: dict[Keys, int] = {}
    tokens = deque(_tokens(text))

    def note(keys: Keys, line: int) -> None:
        for length in range(min(len(keys), _DEEPEST) + 1):
            places.setdefault(keys[:length], line)

    def names(end: str) -> Iterator[str]:
        """The parts of a key up to a sign, which is consumed too."""
        while (token := tokens.popleft()[0]) != end:
            if token not in ".[":
                yield _name(token)

    def pair(table: Keys) -> None:
        line = tokens[0][1]
        value((*table, *names("=")), line)

    def value(keys: Keys, line: int) -> None:
        note(keys, line)
        opening, number = tokens.popleft()[0], 0
        while (token := tokens[0][0]) not in ("]}" if opening in "[{" else "\n,]}"):
            if opening not in "[{" or token in "\n,":
                tokens.popleft()
            elif opening == "{":
                pair(keys)
            else:
                value((*keys, number), tokens[0][1])
                number += 1
        if opening in "[{":
            tokens.popleft()

    numbers: dict[Keys, int] = {}
    table: Keys = ()
    while tokens:
        token, line = tokens[0]
        if token == "[":
            tokens.popleft()
            is_member = tokens[0][0] == "["
            table = ()
            for name in names("]"):
                table = (*table, numbers[table], name) if table in numbers else (*table, name)
            if is_member:
                tokens.popleft()
                numbers[table] = numbers.get(table, -1) + 1
                table = (*table, numbers[table])
            note(table, line)
        elif token == "\n":
            tokens.popleft()
        else:
            pair(table)
    return places


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """The tokens of a TOML document except comments, each with its line, and the end of the last line."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match[0][0] != "#":
            yield match[0], line
        line += match[0].count("\n")
    yield "\n", line


def _name(token: str) -> str:
    """The name in a part of a key."""
    if token[0] not in "\"'":
        return token
    try:
        return str(json.loads(token))
    except ValueError:
        return token[1:-1]


_ID: Final = "https://medplum-lint.invalid/medplum-lint.schema.json"
_OWN_NAME: Final = "^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)?$"
"""The form of the ids of custom policies, and of their categories."""


def schema_text(rules: Iterable[str], categories: Iterable[str]) -> str:
    """The schema as a JSON document; editors suggest the given rules and categories."""
    return json.dumps(configuration_schema(rules, categories), indent=2, ensure_ascii=False) + "\n"


def configuration_schema(rules: Iterable[str], categories: Iterable[str]) -> Schema:
    """The schema of ``.medplum-lint.toml`` and of the table ``[tool.medplum-lint]``."""
    ids, groups = sorted(rules), sorted(categories)
    level: Schema = {"enum": list(_LEVELS)}
    levels = {"type": "object", "required": list(TARGETS), "properties": dict.fromkeys(TARGETS, level), "additionalProperties": False}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": _ID,
        "title": "The configuration of medplum-lint",
        "description": "The file .medplum-lint.toml, or the table [tool.medplum-lint] of a pyproject.toml.",
        **_table(OPTIONS),
        "definitions": {
            "rule": {"anyOf": [{"enum": ids}, {"type": "string", "pattern": _OWN_NAME}]},
            "selector": {"anyOf": [{"enum": [*groups, *ids]}, {"type": "string"}]},
            "level": {"anyOf": [level, levels]},
            "severity": {
                "type": "object",
                "properties": {name: {"$ref": "#/definitions/level"} for name in [*groups, *ids]},
                "additionalProperties": {"$ref": "#/definitions/level"},
            },
            "some": _table(one for one in OPTIONS if one.some),
            "acceptance": _table(OF_ACCEPTANCES, required=["rule", "reason"]),
        },
    }


def _table(options: Iterable[ConfigOption], **more: Any) -> Schema:
    # In draft 7 everything beside a reference is ignored, so it goes into a list of one.
    schemas = ((one, {"allOf": [one.schema]} if "$ref" in one.schema else one.schema) for one in options)
    properties = {one.name: {"description": one.description, **schema} for one, schema in schemas}
    return {"type": "object", **more, "properties": properties, "additionalProperties": False}


BEGINNING: Final = """\
# What medplum-lint checks here, and how: delete the number sign in front of an option to set it.
# The nearest such file above a checked file counts, and the command line overrides it.
# medplum-lint --show-settings FILE prints the options for a file, and medplum-lint --show-files the files that a search includes.
#
# For completion in your editor run medplum-lint schema configuration > .medplum-lint.schema.json, and use this line:
# #:schema ./.medplum-lint.schema.json
"""


def beginning() -> str:
    """An empty configuration file, with each option in a comment."""
    lines = [["", one.description, *one.example.split("\n")] for one in OPTIONS]
    return BEGINNING + "".join(f"# {line}\n" if line else "\n" for option in lines for line in option)
