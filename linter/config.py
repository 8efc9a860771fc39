"""The user's configuration: ``.medplum-lint.toml``, or ``[tool.medplum-lint]`` in ``pyproject.toml``, nearest to each file."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .files import LARGEST_CONFIGURATION, Unreadable, read_regular
from .model import LEVELS, TARGETS, Level, Target
from .policy.errors import did_you_mean

if TYPE_CHECKING:
    from .globs import Glob

OWN_FILE = ".medplum-lint.toml"
TARGET_CHOICES = ("auto", *TARGETS)
FAIL_ON_CHOICES = (*LEVELS, "never")
Severity = Mapping[Target, Level | None]


class ConfigError(Exception):
    """A configuration that cannot be used; the text is ``file:line: what is wrong``."""


class Overrides(NamedTuple):
    """Options that can be given for all files, for some (``per-file``), and on the command line. None: not given."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    severity: Mapping[str, Severity] | None = None
    target: str | None = None
    fail_on: str | None = None
    pedantic: bool | None = None

    def over(self, other: Overrides) -> Overrides:
        """These options, and the other's where these are not given; severities are merged rule by rule."""
        return Overrides(
            self.select if self.select is not None else other.select,
            self.ignore if self.ignore is not None else other.ignore,
            {**(other.severity or {}), **(self.severity or {})},
            self.target or other.target,
            self.fail_on or other.fail_on,
            self.pedantic if self.pedantic is not None else other.pedantic,
        )


class Mention(NamedTuple):
    """A name in a configuration, with its place (``file:line``): a selector, which may be a category, or the id of a rule."""

    name: str
    place: str
    selects: bool


class Config(NamedTuple):
    """One configuration file; ``path`` is None where there is none. ``rules`` are folders; ``per_file`` is in the file's order.

    ``base`` is the folder that globs are relative to, that of the file where it is None. ``trusted``: the command line names it. One
    that is merely found may be of anybody's making.
    """

    path: Path | None = None
    general: Overrides = Overrides()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file: tuple[tuple[str, Overrides], ...] = ()
    lines: Mapping[str, int] = {}
    base: Path | None = None
    trusted: bool = False
    rules_line: int = 1

    def overrides_for(self, file: Path) -> Overrides:
        """What the configuration says for one file: of several matching globs the later wins."""
        overrides = self.general
        for glob, override in self.per_file:
            if self._matches(file, glob):
                overrides = override.over(overrides)
        return overrides

    def excludes(self, file: Path) -> bool:
        """Whether a glob of ``exclude`` matches a file or a folder."""
        return any(self._matches(file, glob) for glob in self.exclude)

    def _matches(self, file: Path, glob: str) -> bool:
        base = self.base or (self.path.parent if self.path is not None else Path.cwd())
        try:
            relative = PurePosixPath(_normal(file).relative_to(base).as_posix())
        except ValueError:
            return False
        return matches(relative, glob)

    def mentions(self) -> Iterable[Mention]:
        """Every rule and category that the configuration names."""
        for overrides in (self.general, *(override for _, override in self.per_file)):
            for name in (*(overrides.select or ()), *(overrides.ignore or ())):
                yield Mention(name, f"{self.path}:{self.lines.get(name, 1)}", selects=True)
            for name in overrides.severity or ():
                yield Mention(name, f"{self.path}:{self.lines.get(name, 1)}", selects=False)


def matches(path: PurePosixPath, glob: str) -> bool:
    """Whether a glob fits a path, or a folder above it. Without a slash it fits a name at any depth; ``**`` fits any number of folders."""
    return _compiled(glob).matches_within(str(path))


@cache
def _compiled(glob: str) -> Glob:
    """The glob, ready to match; raises :class:`ValueError` for a range that runs backwards."""
    from .globs import Glob  # only for a configuration that has one

    glob = glob.removeprefix("./")
    return Glob(glob.strip("/") if "/" in glob.rstrip("/") else f"**/{glob.rstrip('/')}")


def _normal(path: Path) -> Path:
    """The absolute path without ``..``, so that what is above a file is above it."""
    return Path(os.path.abspath(path))


class Configurations:
    """Which configuration counts for a folder: the one that the command line names, else the nearest one upwards; none if ``isolated``."""

    def __init__(self, named: Config | None = None, *, isolated: bool = False) -> None:
        self._always = Config() if isolated else named
        self._known: dict[str, Config] = {}

    def of(self, folder: Path) -> Config:
        """The configuration for the files of a folder; raises :class:`ConfigError`. A loop: folders can be nested without end."""
        if self._always is not None:
            return self._always
        passed: list[str] = []
        at = os.path.abspath(folder)
        while at not in self._known:
            passed.append(at)
            above = os.path.dirname(at)
            own = _find(Path(at))
            if own is not None or above == at:
                self._known[at] = own or Config()
            at = at if at in self._known else above
        config = self._known[at]
        self._known.update(dict.fromkeys(passed, config))
        return config


def named_config(path: Path) -> Config:
    """The configuration in a file that the command line names; its globs are relative to the current folder."""
    table = ("tool", "medplum-lint") if path.name == "pyproject.toml" else ()
    config = _read(path, _content(path), table)
    if config is None:
        raise ConfigError(f"{path}: there is no table [tool.medplum-lint] in this file")
    return config._replace(base=Path.cwd(), trusted=True)


def _find(folder: Path) -> Config | None:
    """The configuration in a folder."""
    own = folder / OWN_FILE
    if os.path.lexists(own):
        return _read(own, _content(own, within=folder), ())
    project = folder / "pyproject.toml"
    if os.path.isfile(project):
        content = _content(project)
        if _TABLE.search(content):
            config = _read(project, content, ("tool", "medplum-lint"))
            if config is not None:
                _check_stays(project, folder)
            return config
        _check_spelling(project, content)
    return None


def _check_spelling(path: Path, content: bytes) -> None:
    """Refuse the name of the command as a Python name: whoever writes that would find all of it ignored."""
    if b"medplum_lint" not in content:
        return
    misspelt = re.search(rb"""^[ \t]*\[{1,2}[ \t]*["']?tool["']?[ \t]*\.[ \t]*["']?medplum_lint\b""", content, re.MULTILINE)
    if misspelt is not None:
        line = content.count(b"\n", 0, misspelt.start()) + 1
        raise ConfigError(f"{path}:{line}: the table of medplum-lint is [tool.medplum-lint], with a hyphen")


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


def _read(path: Path, content: bytes, table: tuple[str, ...]) -> Config | None:
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
        self.path = path
        self.lines = [line.partition("#")[0] for line in text.split("\n")]
        own = [number for number, line in enumerate(self.lines) if _TABLE.search(line.encode())]
        self.start = own[0] if own else 0

    def line(self, *keys: str) -> int:
        """The line of a key beneath other keys: the first that has it, from the line of the key above it on."""
        at = self.start
        for key in keys:
            word = rf"""\s*(?:{re.escape(key)}|"{re.escape(key)}"|'{re.escape(key)}')\s*"""
            pattern = re.compile(rf"(?:^|[{{,.]){word}[=.]|^\s*\[(?:.*[.\[])?{word}[.\]]")
            at = next((number for number in range(at, len(self.lines)) if pattern.search(self.lines[number])), at)
        return at + 1

    def line_of(self, name: str) -> int:
        """The first line that names a rule or category, as a key or in a list."""
        pattern = re.compile(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])")
        return next((number + 1 for number in range(self.start, len(self.lines)) if pattern.search(self.lines[number])), 1)

    def error(self, keys: tuple[str, ...], message: str) -> ConfigError:
        return ConfigError(f"{self.path}:{self.line(*keys)}: {message}")

    def config(self, data: Any) -> Config:
        if not isinstance(data, dict):
            raise self.error(("medplum-lint",), "tool.medplum-lint must be a table")
        self.known((), data, ("rules", "exclude", "per-file", *_OVERRIDES))
        config = Config(
            path=self.path,
            general=self.overrides((), data),
            rules=tuple(self.path.parent / folder for folder in self.texts((), data, "rules") or ()),
            exclude=self.texts((), data, "exclude") or (),
            per_file=tuple(self.per_file(data.get("per-file", {}))),
            rules_line=self.line("rules") if "rules" in data else 1,
        )
        for glob in config.exclude:
            self.check_glob(("exclude",), glob)
        return config._replace(lines={mention.name: self.line_of(mention.name) for mention in config.mentions()})

    def per_file(self, data: Any) -> Iterable[tuple[str, Overrides]]:
        if not isinstance(data, dict):
            raise self.error(("per-file",), "per-file must be a table of globs")
        for glob, override in data.items():
            above = ("per-file", glob)
            self.check_glob(above, glob)
            if not isinstance(override, dict):
                raise self.error(above, f'per-file "{glob}" must be a table')
            if "fail-on" in override:
                raise self.error((*above, "fail-on"), "fail-on applies to the whole run and cannot be set per file")
            self.known(above, override, _OVERRIDES)
            yield glob, self.overrides(above, override)

    def check_glob(self, above: tuple[str, ...], glob: str) -> None:
        try:
            matches(PurePosixPath("x"), glob)
        except ValueError:
            raise self.error(above, f'"{glob}" is not a glob') from None

    def known(self, above: tuple[str, ...], data: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for key in data:
            if key not in names:
                raise self.error((*above, key), f'there is no option "{key}"{did_you_mean(key, names)}')

    def overrides(self, above: tuple[str, ...], data: Mapping[str, Any]) -> Overrides:
        return Overrides(
            select=self.selected(above, data),
            ignore=self.texts(above, data, "ignore"),
            severity=self.severity((*above, "severity"), data.get("severity")),
            target=self.choice(above, data, "target", TARGET_CHOICES),
            fail_on=self.choice(above, data, "fail-on", FAIL_ON_CHOICES),
            pedantic=self.truth(above, data, "pedantic"),
        )

    def selected(self, above: tuple[str, ...], data: Mapping[str, Any]) -> tuple[str, ...] | None:
        ids = self.texts(above, data, "select")
        if ids == ():
            raise self.error((*above, "select"), "select names no rule, so nothing would be checked: leave it out to check all")
        return ids

    def texts(self, above: tuple[str, ...], data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        value = data.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.error((*above, key), f"{key} must be a list of strings")
        return tuple(value)

    def choice(self, above: tuple[str, ...], data: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
        value = data.get(key)
        if value is not None and value not in choices:
            raise self.error((*above, key), f"{key} must be one of {', '.join(choices)}{_near(value, choices)}")
        return value

    def truth(self, above: tuple[str, ...], data: Mapping[str, Any], key: str) -> bool | None:
        value = data.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error((*above, key), f"{key} must be true or false")
        return value

    def severity(self, above: tuple[str, ...], data: Any) -> Mapping[str, Severity] | None:
        if data is None:
            return None
        if not isinstance(data, dict):
            raise self.error(above, "severity must be a table of rule ids and levels")
        return {rule_id: self.levels((*above, rule_id), rule_id, value) for rule_id, value in data.items()}

    def levels(self, above: tuple[str, ...], rule_id: str, value: Any) -> Severity:
        given = value if isinstance(value, dict) else dict.fromkeys(TARGETS, value)
        self.known(above, given, TARGETS)
        choices = (*LEVELS, "off")
        for target, level in given.items():
            if level not in choices:
                near = _near(level, choices)
                place = (*above, target) if given is value else above
                raise self.error(place, f"the severity of {rule_id} must be one of {', '.join(choices)}{near}")
        if set(given) != set(TARGETS):
            raise self.error(above, f"the severity of {rule_id} must be given for both {' and '.join(TARGETS)}")
        return {target: None if given[target] == "off" else given[target] for target in TARGETS}


def _near(value: object, choices: Iterable[str]) -> str:
    """The choice that was meant, also by a list of it. A table can be nested too deeply to be written as text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return did_you_mean(value, choices) if isinstance(value, str) else ""


_OVERRIDES = ("select", "ignore", "severity", "target", "fail-on", "pedantic")
