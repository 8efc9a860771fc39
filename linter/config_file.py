"""Reading a configuration file: ``.medplum-lint.toml``, or the table ``[tool.medplum-lint]`` of a ``pyproject.toml``."""

from __future__ import annotations

import os.path
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from .config import FAIL_ON_CHOICES, TARGET_CHOICES, Acceptance, Config, ConfigError, Overrides, Severity, matches, pattern_key
from .files import LARGEST_CONFIGURATION, Unreadable, read_regular
from .model import LEVELS, TARGETS
from .policy.errors import did_you_mean
from .policy.rule_set import PACKAGE
from .release import ServerVersion
from .suggest import choice_meant
from .text import printable
from .typed import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import date

_PROJECT_TABLE: Final = ("tool", "medplum-lint")
OF_SOME: Final = ("select", "extend-select", "ignore", "severity", "target", "pedantic", "server-version")
"""The options that can be given for some files, and for the documents of an environment."""
_OF_RUNS: Final = ("rules", "include", "exclude", "force-exclude", "secret-names", "baseline", "fail-on")
OF_ALL: Final = (*_OF_RUNS, *OF_SOME, "per-file", "environment", "accept")
"""Every option."""
OF_ACCEPTANCES: Final = ("rule", "path", "setting", "environment", "reason", "until")
_SETTING: Final = re.compile(r"[A-Za-z_][\w-]*(\.(\*|[A-Za-z_][\w-]*))*", re.ASCII)
_WORD: Final = re.compile(r"[\w-]+")
_TABLE: Final = re.compile(
    rb"""
    ^ (?:\xef\xbb\xbf)? [ \t]*
    (?: \[{1,2} [ \t]* ["']?tool["']? [ \t]* \. [ \t]* ["']?medplum-lint\b  # the header of the table, or of one in it, or of a list
    | ["']?tool["']? [ \t]* = [^\n]* \b medplum-lint \b          # [tool] on one line
    | (?:tool [ \t]* \. [ \t]*)? ["']?medplum-lint["']? [ \t]* [.=] )     # a key in [tool], or at the top
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Where a pyproject.toml begins to speak of us, so that one that does not need not be read as TOML."""


def read_own_file(path: Path, folder: Path) -> Config | None:
    """The configuration in a file of our own in a folder, from which it must not lead out. Raises :exc:`ConfigError`."""
    return _parsed(path, _content(path, within=folder), ())


def read_project(path: Path, folder: Path) -> Config | None:
    """The configuration in the ``pyproject.toml`` of a folder; None where it has none. Raises :exc:`ConfigError`."""
    content = _content(path)
    if not _TABLE.search(content):
        _check_spelling(path, content)
        return None
    config = _parsed(path, content, _PROJECT_TABLE)
    if config is not None:
        _check_stays(path, folder)
    return config


def read_named(path: Path, *, is_project: bool) -> Config:
    """The configuration in a file, wherever that leads. Raises :exc:`ConfigError`, also where the file has none."""
    config = _parsed(path, _content(path), _PROJECT_TABLE if is_project else ())
    if config is None:
        raise ConfigError(f"{path}: there is no table [tool.medplum-lint] in this file")
    return config


def places_in(config: Config) -> ConfigChecker:
    """What tells the lines of a configuration's file. Raises :exc:`ConfigError` where that cannot be read any more."""
    assert config.path is not None  # one that is there
    return ConfigChecker(config.path, _content(config.path).decode("utf-8-sig", "replace"))


def parsed_file(path: Path, content: bytes, *, is_project: bool) -> Config | None:
    """The configuration that a file would hold with some content; None where it would have no such table. Raises :exc:`ConfigError`."""
    return _parsed(path, content, _PROJECT_TABLE if is_project else ())


def _check_spelling(path: Path, content: bytes) -> None:
    """Refuse the name of the command as a Python name: whoever writes that would find all of it ignored."""
    if b"medplum_lint" not in content:
        return
    misspelt = re.search(rb"""^[ \t]*\[{1,2}[ \t]*["']?tool["']?[ \t]*\.[ \t]*["']?medplum_lint\b""", content, re.MULTILINE)
    if misspelt is not None:
        line = content.count(b"\n", 0, misspelt.start()) + 1
        raise ConfigError(f"{path}:{line}: the table of medplum-lint is [tool.medplum-lint], with a hyphen")


def _content(path: Path, *, within: Path | None = None) -> bytes:
    if within is not None:
        _check_stays(path, within)
    try:
        return read_regular(path, LARGEST_CONFIGURATION)
    except Unreadable as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _check_stays(path: Path, folder: Path) -> None:
    """Refuse a link that leads elsewhere: whoever wrote it would have us quote the keys of a file that is not theirs."""
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise ConfigError(f"{path}: is a link to a file outside its folder; name that file with --config")


def _parsed(path: Path, content: bytes, table: tuple[str, ...]) -> Config | None:
    """The configuration in a file; None where it has no such table."""
    try:
        import tomllib  # only when there is a file to read
    except ModuleNotFoundError:
        import tomli as tomllib  # type: ignore[no-redef]  # Python 3.10

    try:
        text = content.decode("utf-8-sig")
        data: Any = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{content[: error.start].count(10) + 1}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = int(line[1]) if line else text.count("\n") + 1
        reason = str(error).partition(" (at ")[0]
        raise ConfigError(f"{path}:{place}: not valid TOML: {reason[:1].lower()}{reason[1:]}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not usable: lists or tables in it are nested too deeply") from None
    except ValueError as error:  # a number or a date that Python cannot hold
        raise ConfigError(f"{path}: not valid TOML: {_short(str(error))}") from None
    for name in table:
        data = _beneath(data, name)
        if data is None:  # it is another table that is called so
            return None
    return ConfigChecker(path, text).config(data)


def _beneath(data: Any, name: str) -> Any:
    """What a table has under a name, or None. A list of tables, one of which has it, is given itself: it is a mistake to be reported."""
    if isinstance(data, list):
        return data if any(isinstance(one, dict) and name in one for one in data) else None
    return data.get(name) if isinstance(data, dict) else None


def _short(text: str) -> str:
    text = text.partition(":")[0]
    return f"{text[:1].lower()}{text[1:]}"


class ConfigChecker:
    """Checks what a configuration says, with the line of each mistake (TOML's readers give no places)."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = [line.partition("#")[0] for line in text.split("\n")]
        own = [number for number, line in enumerate(self._lines) if _TABLE.search(line.encode())]
        self._start = own[0] if own else 0

    @property
    def _shown_path(self) -> str:
        """The path as seen from the current folder, so that a report does not depend on where on a machine that is."""
        try:
            return printable(Path(os.path.relpath(self._path)).as_posix())
        except (OSError, ValueError):  # the current folder is gone, or on another drive
            return self._path.name

    @cached_property
    def _words(self) -> Mapping[str, list[int]]:
        """The lines of each word, so that a line is not looked for in all of them for each key."""
        words: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines):
            for word in set(_WORD.findall(line)):
                words.setdefault(word, []).append(number)
        return words

    def _first(self, text: str, start: int, holds: Callable[[str], object]) -> int | None:
        """The index of the first line from one on that holds a text; only the lines with its rarest word are looked at."""
        lines = min((self._words.get(word, []) for word in _WORD.findall(text)), key=len, default=range(len(self._lines)))
        return next((lines[at] for at in range(bisect_left(lines, start), len(lines)) if holds(self._lines[lines[at]])), None)

    def line(self, *keys: str) -> int:
        """The line of a key beneath other keys: the first that has it, from the line of the key above it on."""
        at = self._start
        for key in keys:
            word = rf"""\s*(?:{re.escape(key)}|"{re.escape(key)}"|'{re.escape(key)}')\s*"""
            pattern = re.compile(rf"(?:^|[{{,.]){word}[=.]|^\s*\[(?:.*[.\[])?{word}[.\]]")
            found = self._first(key, at, pattern.search)
            at = at if found is None else found
        return at + 1

    def _line_of(self, name: str) -> int:
        """The first line that names a rule or category, as a key or in a list."""
        pattern = re.compile(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])")
        found = self._first(name, self._start, pattern.search)
        return 1 if found is None else found + 1

    def _error(self, keys: tuple[str, ...], message: str) -> ConfigError:
        return ConfigError(f"{self._path}:{self.line(*keys)}: {message}")

    def config(self, data: Any) -> Config:
        """The configuration that a table holds. Raises :exc:`ConfigError`, with file and line, for the first mistake in it."""
        if not isinstance(data, dict):
            raise self._error(("medplum-lint",), "tool.medplum-lint must be a table")
        self._known((), data, OF_ALL)
        config = Config(
            path=self._path,
            general=self._overrides((), data),
            rules=tuple(self._folder(name) for name in self._texts((), data, "rules") or ()),
            exclude=self._globs(data, "exclude"),
            include=self._globs(data, "include"),
            force_exclude=self._truth((), data, "force-exclude") or False,
            secret_names=tuple(self._secret_names(data)),
            per_file=tuple(self._per_file(data.get("per-file", {}))),
            environments=dict(self._environments(data.get("environment", {}))),
            rules_line=self.line("rules") if "rules" in data else 1,
            accept=tuple(self._acceptances(data.get("accept", []))),
            baseline=self._file((), data, "baseline"),
            baseline_line=self.line("baseline") if "baseline" in data else 1,
        )
        patterns = {pattern_key(option, pattern): self._line_of_pattern(option, pattern) for option, pattern in config.patterns()}
        return config._replace(lines={mention.name: self._line_of(mention.name) for mention in config.mentions()} | patterns)

    def _globs(self, data: Mapping[str, Any], key: str) -> tuple[str, ...]:
        globs = self._texts((), data, key) or ()
        for glob in globs:
            self.check_glob((key,), glob)
        return globs

    def _secret_names(self, data: Mapping[str, Any]) -> Iterable[str]:
        for name in self._texts((), data, "secret-names") or ():
            if name.startswith("MEDPLUM_"):
                from .settings.env_names import setting_of

                meant = ".".join(setting_of(name))
                raise self._error(("secret-names",), f'"{name}" is a variable: write the name of its setting, "{meant}"')
            if not _SETTING.fullmatch(name):
                raise self._error(("secret-names",), f'"{name}" is not the name of a setting, such as "acme.apiToken"')
            yield name

    def _line_of_pattern(self, option: str, pattern: str) -> int:
        """The line of a member of a list, or of the table of an environment or of some files."""
        if option in ("per-file", "environment"):
            return self.line(option, pattern)
        first = self.line(option) - 1
        found = self._first(pattern, first, lambda line: f'"{pattern}"' in line or f"'{pattern}'" in line)
        return (first if found is None else found) + 1

    def _folder(self, name: str) -> Path:
        """A folder of rules, which is seen from the file, or an installed package, which is wherever it is."""
        return Path(name) if name.startswith(PACKAGE) else self._path.parent / name

    def _per_file(self, data: Any) -> Iterable[tuple[str, Overrides]]:
        if not isinstance(data, dict):
            raise self._error(("per-file",), "per-file must be a table of globs")
        for glob, override in data.items():
            above = ("per-file", glob)
            self.check_glob(above, glob)
            if not isinstance(override, dict):
                raise self._error(above, f'per-file "{glob}" must be a table')
            yield glob, self._some(above, override, "per file")

    def _some(self, above: tuple[str, ...], data: Mapping[str, Any], when: str) -> Overrides:
        """The options for some of what is checked."""
        if "fail-on" in data:
            raise self._error((*above, "fail-on"), f"fail-on applies to the whole run and cannot be set {when}")
        self._known(above, data, OF_SOME)
        return self._overrides(above, data)

    def _environments(self, data: Any) -> Iterable[tuple[str, Overrides]]:
        if not isinstance(data, dict):
            raise self._error(("environment",), "environment must be a table of environments")
        for name, override in data.items():
            above = ("environment", name)
            if not isinstance(override, dict):
                raise self._error(above, f'environment "{name}" must be a table')
            yield name, self._some(above, override, "for an environment")

    def _acceptances(self, data: Any) -> Iterable[Acceptance]:
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise self._error(("accept",), "accept must be a list of tables: write each finding that you accept beneath [[accept]]")
        lines = self._lines_of_acceptances(len(data))
        for one, line in zip(data, lines, strict=True):
            yield self._acceptance(one, line)

    def _acceptance(self, data: Mapping[str, Any], line: int) -> Acceptance:
        def wrong(key: str, message: str) -> ConfigError:
            return ConfigError(f"{self._path}:{self._line_within(line, key)}: {message}")

        for key, value in data.items():
            if key not in OF_ACCEPTANCES:
                raise wrong(key, f'there is no option "{key}"{did_you_mean(key, OF_ACCEPTANCES)}')
            if key != "until" and not isinstance(value, str):
                raise wrong(key, f"{key} must be text")
        if "rule" not in data:
            raise wrong("accept", "an acceptance needs a rule: the id of the one whose findings are accepted")
        if not data.get("reason", "").strip():
            raise wrong("reason", f"the acceptance of {data['rule']} needs a reason, for whoever reads it later")
        for key in ("path", "environment"):
            if data.get(key) == "":
                raise wrong(key, f"{key} is empty: leave it out to accept the findings of every {key}")
        if "path" in data and not _is_glob(data["path"]):
            raise wrong("path", f'"{data["path"]}" is not a glob')
        until = _day(data["until"]) if "until" in data else None
        if "until" in data and until is None:
            raise wrong("until", "until must be a date, such as 2026-01-31")
        path, setting, environment = (data.get(key) for key in ("path", "setting", "environment"))
        return Acceptance(data["rule"], data["reason"].strip(), path, setting, environment, until, line)

    def _lines_of_acceptances(self, count: int) -> list[int]:
        """The line of each acceptance; where several are on one line, or one is on several, that of their list."""
        header = re.compile(r"""\s*\[\[\s*(?:.*\.\s*)?["']?accept["']?\s*\]\]""")
        found = [number + 1 for number in range(self._start, len(self._lines)) if header.match(self._lines[number])]
        if len(found) != count:
            first = self.line("accept")
            inline = re.compile(r"""\{\s*(?:.*,\s*)?["']?rule["']?\s*=""")
            found = [number + 1 for number in range(first - 1, len(self._lines)) if inline.search(self._lines[number])]
        return found if len(found) == count else [self.line("accept")] * count

    def _line_within(self, first: int, key: str) -> int:
        """The line of a key of an acceptance that begins at a line; that line where the key is not to be found before the next table."""
        word = re.compile(rf"""(?:^|[{{,])\s*["']?{re.escape(key)}["']?\s*=""")
        for number in range(first - 1, len(self._lines)):
            if number >= first and self._lines[number].lstrip().startswith("["):
                break
            if word.search(self._lines[number]):
                return number + 1
        return first

    def check_glob(self, above: tuple[str, ...], glob: str) -> None:
        """Raise :exc:`ConfigError`, at the key that ``above`` leads to, for a text that is no glob."""
        if not _is_glob(glob):
            raise self._error(above, f'"{glob}" is not a glob')

    def _known(self, above: tuple[str, ...], data: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for key in data:
            if key not in names:
                raise self._error((*above, key), f'there is no option "{key}"{did_you_mean(key, names)}')

    def _overrides(self, above: tuple[str, ...], data: Mapping[str, Any]) -> Overrides:
        return Overrides(
            select=self._selected(above, data),
            ignore=self._texts(above, data, "ignore"),
            severity=self._severity((*above, "severity"), data.get("severity")),
            target=self._choice(above, data, "target", TARGET_CHOICES),
            fail_on=self._choice(above, data, "fail-on", FAIL_ON_CHOICES),
            pedantic=self._truth(above, data, "pedantic"),
            server=self._server(above, data),
            extend_select=self._texts(above, data, "extend-select"),
        )

    def _server(self, above: tuple[str, ...], data: Mapping[str, Any]) -> ServerVersion | None:
        text = data.get("server-version")
        if text is None:
            return None
        where = (*above, "server-version")
        if not isinstance(text, str):
            raise self._error(where, 'server-version must be text, such as "5.1.23"')
        from .settings.releases import parse_server_version  # only for a configuration that names one

        try:
            return parse_server_version(text, f"server-version in {self._shown_path}{f' for {above[-1]}' if above else ''}")
        except ValueError as error:
            raise self._error(where, f"server-version: {error}") from None

    def _selected(self, above: tuple[str, ...], data: Mapping[str, Any]) -> tuple[str, ...] | None:
        ids = self._texts(above, data, "select")
        if ids == ():
            raise self._error((*above, "select"), "select names no rule, so nothing would be checked: leave it out to check all")
        return ids

    def _texts(self, above: tuple[str, ...], data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        value = data.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._error((*above, key), f"{key} must be a list of strings")
        return tuple(value)

    def _file(self, above: tuple[str, ...], data: Mapping[str, Any], key: str) -> Path | None:
        """A path relative to the file of the configuration."""
        value = data.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self._error((*above, key), f"{key} must be the path of a file")
        return None if value is None else Path(os.path.normpath(self._path.parent / value))

    def _choice(self, above: tuple[str, ...], data: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
        value = data.get(key)
        if value is not None and value not in choices:
            raise self._error((*above, key), f"{key} must be one of {', '.join(choices)}{_near(value, choices)}")
        return value

    def _truth(self, above: tuple[str, ...], data: Mapping[str, Any], key: str) -> bool | None:
        value = data.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._error((*above, key), f"{key} must be true or false")
        return value

    def _severity(self, above: tuple[str, ...], data: Any) -> Mapping[str, Severity] | None:
        if data is None:
            return None
        if not isinstance(data, dict):
            raise self._error(above, "severity must be a table of rules or categories and levels")
        return {rule_id: self._levels((*above, rule_id), rule_id, value) for rule_id, value in data.items()}

    def _levels(self, above: tuple[str, ...], rule_id: str, value: Any) -> Severity:
        given = value if isinstance(value, dict) else dict.fromkeys(TARGETS, value)
        self._known(above, given, TARGETS)
        choices = (*LEVELS, "off")
        for target, level in given.items():
            if level not in choices:
                near = _near(level, choices)
                place = (*above, target) if given is value else above
                raise self._error(place, f"the severity of {rule_id} must be one of {', '.join(choices)}{near}")
        if set(given) != set(TARGETS):
            raise self._error(above, f"the severity of {rule_id} must be given for both {' and '.join(TARGETS)}")
        return {target: None if given[target] == "off" else given[target] for target in TARGETS}


def _is_glob(text: str) -> bool:
    try:
        matches(PurePosixPath("x"), text)
    except ValueError:
        return False
    return True


def _day(value: object) -> date | None:
    """A date as TOML writes it, or as text; None for anything else, such as a date with a time."""
    from datetime import date, datetime  # only for an acceptance that ends

    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) else None
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _near(value: object, choices: Iterable[str]) -> str:
    """The choice that was meant, also by a list of it. A table can be nested too deeply to be written as text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return choice_meant(value, choices) if isinstance(value, str) else ""
