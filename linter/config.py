"""The user's configuration: ``.medplum-lint.toml``, or ``[tool.medplum-lint]`` in ``pyproject.toml``, nearest to each file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from .model import LEVELS, TARGETS, Level, Target
from .policy.errors import did_you_mean

OWN_FILE = ".medplum-lint.toml"
TARGET_CHOICES = ("auto", *TARGETS)
FAIL_ON_CHOICES = (*LEVELS, "never")
Severity = Mapping[Target, Level | None]


class ConfigError(Exception):
    """A configuration that cannot be used; the text is ``file:line: what is wrong``."""


class Settings(NamedTuple):
    """What can be said for all files, for some (``per-file``), and on the command line. None: nothing is said."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    severity: Mapping[str, Severity] | None = None
    target: str | None = None
    fail_on: str | None = None

    def over(self, other: Settings) -> Settings:
        """These settings, and the other's where these say nothing; severities are merged rule by rule."""
        return Settings(
            self.select if self.select is not None else other.select,
            self.ignore if self.ignore is not None else other.ignore,
            {**(other.severity or {}), **(self.severity or {})},
            self.target or other.target,
            self.fail_on or other.fail_on,
        )


class Config(NamedTuple):
    """One configuration file; ``path`` is None where there is none. ``rules`` are folders; ``per_file`` is in the file's order."""

    path: Path | None = None
    general: Settings = Settings()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file: tuple[tuple[str, Settings], ...] = ()
    lines: Mapping[str, int] = {}

    def settings_for(self, file: Path) -> Settings:
        """What the configuration says for one file: of several matching globs the later wins."""
        settings = self.general
        for glob, override in self.per_file:
            if self._matches(file, glob):
                settings = override.over(settings)
        return settings

    def excludes(self, file: Path) -> bool:
        """Whether a glob of ``exclude`` matches a file or a folder."""
        return any(self._matches(file, glob) for glob in self.exclude)

    def _matches(self, file: Path, glob: str) -> bool:
        base = self.path.parent if self.path is not None else Path.cwd()
        try:
            relative = PurePosixPath(file.absolute().relative_to(base).as_posix())
        except ValueError:
            return False
        return matches(relative, glob)

    def mentions(self) -> Iterable[tuple[str, str]]:
        """Every rule id that the configuration names, with its place (``file:line``)."""
        for settings in (self.general, *(override for _, override in self.per_file)):
            for rule_id in (*(settings.select or ()), *(settings.ignore or ()), *(settings.severity or ())):
                yield rule_id, f"{self.path}:{self.lines.get(rule_id, 1)}"


def matches(path: PurePosixPath, glob: str) -> bool:
    """Whether a glob fits a path, or a folder above it. Without a slash it fits a name at any depth; ``**`` fits any number of folders."""
    pattern = _glob_pattern(glob.strip("/") if "/" in glob.rstrip("/") else f"**/{glob.rstrip('/')}")
    return any(pattern.fullmatch(str(part)) for part in (path, *path.parents))


@cache
def _glob_pattern(glob: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", glob)
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(special.get(piece) or (piece if piece.startswith("[") and piece.endswith("]") else re.escape(piece)) for piece in pieces)
    )


def find_config(folder: Path) -> Config:
    """The configuration for the files of a folder: the first one found from there upwards; raises :class:`ConfigError`."""
    return _find(folder.absolute())


@cache
def _find(folder: Path) -> Config:
    own = folder / OWN_FILE
    if own.is_file():
        return _read(own, own.read_bytes(), ())
    project = folder / "pyproject.toml"
    if project.is_file():
        content = project.read_bytes()
        if re.search(rb"""(?m)^\s*\[\s*"?tool"?\s*\.\s*["']?medplum-lint""", content):
            return _read(project, content, ("tool", "medplum-lint"))
    return Config() if folder == folder.parent else _find(folder.parent)


def _read(path: Path, content: bytes, table: tuple[str, ...]) -> Config:
    try:
        import tomllib  # only when there is a file to read
    except ModuleNotFoundError:
        import tomli as tomllib  # type: ignore[no-redef]  # Python 3.10

    try:
        text = content.decode("utf-8")
        data: Any = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{content[: error.start].count(10) + 1}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = int(line[1]) if line else text.count("\n") + 1
        raise ConfigError(f"{path}:{place}: not valid TOML: {str(error).partition(' (at ')[0].lower()}") from None
    for name in table:
        data = data.get(name, {})
    return _Reader(path, text).config(data)


class _Reader:
    """Checks what a configuration says, with the line of each mistake."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text_lines = text.splitlines()

    def line(self, word: str) -> int:
        """The first line that names a key, a glob or an id (TOML's readers give no places)."""
        pattern = re.compile(rf"""(?<![\w-])["']?{re.escape(word)}["']?(?![\w-])""")
        return next((number for number, line in enumerate(self.text_lines, 1) if pattern.search(line.partition("#")[0])), 1)

    def error(self, word: str, message: str) -> ConfigError:
        return ConfigError(f"{self.path}:{self.line(word)}: {message}")

    def config(self, data: Any) -> Config:
        if not isinstance(data, dict):
            raise self.error("medplum-lint", "tool.medplum-lint must be a table")
        self.known(data, ("rules", "exclude", "per-file", *_SETTINGS))
        config = Config(
            path=self.path,
            general=self.settings(data),
            rules=tuple(self.path.parent / folder for folder in self.texts(data, "rules") or ()),
            exclude=self.texts(data, "exclude") or (),
            per_file=tuple(self.per_file(data.get("per-file", {}))),
        )
        return config._replace(lines={rule_id: self.line(rule_id) for rule_id, _ in config.mentions()})

    def per_file(self, data: Any) -> Iterable[tuple[str, Settings]]:
        if not isinstance(data, dict):
            raise self.error("per-file", "per-file must be a table of globs")
        for glob, override in data.items():
            if not isinstance(override, dict):
                raise self.error(glob, f'per-file "{glob}" must be a table')
            self.known(override, tuple(name for name in _SETTINGS if name != "fail-on"))
            yield glob, self.settings(override)

    def known(self, data: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for key in data:
            if key not in names:
                raise self.error(key, f'there is no option "{key}"{did_you_mean(key, names)}')

    def settings(self, data: Mapping[str, Any]) -> Settings:
        return Settings(
            select=self.texts(data, "select"),
            ignore=self.texts(data, "ignore"),
            severity=self.severity(data.get("severity")),
            target=self.choice(data, "target", TARGET_CHOICES),
            fail_on=self.choice(data, "fail-on", FAIL_ON_CHOICES),
        )

    def texts(self, data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        value = data.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.error(key, f"{key} must be a list of texts")
        return tuple(value)

    def choice(self, data: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
        value = data.get(key)
        if value is not None and value not in choices:
            raise self.error(key, f"{key} must be one of {', '.join(choices)}{did_you_mean(str(value), choices)}")
        return value

    def severity(self, data: Any) -> Mapping[str, Severity] | None:
        if data is None:
            return None
        if not isinstance(data, dict):
            raise self.error("severity", "severity must be a table of rule ids and levels")
        return {rule_id: self.levels(rule_id, value) for rule_id, value in data.items()}

    def levels(self, rule_id: str, value: Any) -> Severity:
        given = value if isinstance(value, dict) else dict.fromkeys(TARGETS, value)
        self.known(given, TARGETS)
        choices = (*LEVELS, "off")
        for level in given.values():
            if level not in choices:
                raise self.error(
                    rule_id, f"the severity of {rule_id} must be one of {', '.join(choices)}{did_you_mean(str(level), choices)}"
                )
        if set(given) != set(TARGETS):
            raise self.error(rule_id, f"the severity of {rule_id} must be given for both {' and '.join(TARGETS)}")
        return {target: None if given[target] == "off" else given[target] for target in TARGETS}


_SETTINGS = ("select", "ignore", "severity", "target", "fail-on")
