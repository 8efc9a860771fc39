"""The content of a user's configuration: options for all files and for some, rule folders, and what a search leaves out."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath

from ..files import is_name
from ..model import LEVELS, TARGETS, Acceptance, Level, Target, gathered
from ..release import ServerVersion
from ..typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .globs import Globs

TARGET_CHOICES = ("auto", *TARGETS)
FAIL_ON_CHOICES = (*LEVELS, "never")
PROJECT_FILE = "pyproject.toml"
Severity = Mapping[Target, Level | None]
Keys = tuple[str | int, ...]
"""The names and numbers that lead to a place in a configuration file."""


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
    server: ServerVersion | None = None
    extend_select: tuple[str, ...] | None = None

    def over(self, other: Overrides) -> Overrides:
        """These options, with the other's where these are not given; severities are merged rule by rule.

        ``extend_select`` is added to the other's selection, unless these options have a ``select`` of their own.
        """
        merged = Overrides._make(theirs if mine is None else mine for mine, theirs in zip(self, other, strict=True))
        added = other.extend_select if self.select is None else None
        severity = {**(other.severity or {}), **(self.severity or {})}
        return merged._replace(severity=severity, extend_select=(*(added or ()), *(self.extend_select or ())) or None)


class _Config(NamedTuple):
    """One configuration file; ``path`` is None if there is none.

    ``rules`` are folders; ``per_file`` has options by globs, in the order of the file, ``environments`` by environments. ``include`` are
    globs of further files for a search; with ``force_exclude`` a file is skipped even though the command line names it. ``secret_names``
    are further secret settings. ``places`` are the lines of everything in the file. ``base`` is the folder that globs are relative to, the
    file's if it is None. ``trusted``: the command line names the file. A file that is merely found may be anyone's.
    """

    path: Path | None = None
    general: Overrides = Overrides()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    force_exclude: bool = False
    secret_names: tuple[str, ...] = ()
    per_file: Mapping[str, Overrides] = {}
    environments: Mapping[str, Overrides] = {}
    accept: tuple[Acceptance, ...] = ()
    baseline: Path | None = None
    places: Mapping[Keys, int] = {}
    base: Path | None = None
    trusted: bool = False


class Use:
    """The effect of a configuration in a run, and whether it applied to any file.

    ``off`` are the rules that it switched off, ``excluded`` the paths that it left out, ``accepted`` the rules of the findings that it
    accepted, one for each, and ``patterns`` its patterns that matched something, each with its option.
    """

    def __init__(self) -> None:
        self.counts = False
        self.off: set[str] = set()
        self.excluded: set[str] = set()
        self.accepted: list[str] = []
        self.patterns: set[tuple[str, str]] = set()


class Config(_Config):
    """A configuration, with its options for a file or a folder."""

    @cached_property
    def use(self) -> Use:
        """Its effect in the run that it was read for."""
        return Use()

    @cached_property
    def _globs(self) -> Mapping[str, Globs]:
        """The globs of each option that has any, by its name."""
        from .globs import Globs  # only for a configuration that has one

        accepted = dict.fromkeys(one.path for one in self.accept if one.path is not None)
        every = {"exclude": self.exclude, "include": self.include, "per-file": self.per_file, "accept": accepted}
        return {option: Globs(globs) for option, globs in every.items() if globs}

    @cached_property
    def _included_folders(self) -> frozenset[tuple[str, ...]]:
        """The folders that globs of ``include`` name before the first star, and those above them."""
        named = [glob.removeprefix("./").strip("/").split("/")[:-1] for glob in self.include]
        plain = (tuple(takewhile(lambda part: not set(part) & set("*?["), folders)) for folders in named)
        return frozenset(folders[:depth] for folders in plain for depth in range(len(folders) + 1))

    def fitting(self, option: str, path: Path) -> tuple[str, ...]:
        """The globs of an option (``exclude``, ``include``, ``per-file``, ``accept``) that match a file or a folder, in order."""
        if not getattr(self, option.replace("-", "_")) or option not in self._globs or (relative := self.relative(path)) is None:
            return ()
        return self._globs[option].fitting(str(relative))

    def overrides_for(self, file: Path, environment: str | None = None) -> Overrides:
        """The options for one file, or for one of its environments: of several matching globs the later wins."""
        overrides = self.general
        for glob in self.fitting("per-file", file):
            overrides = self.per_file[glob].over(overrides)
        return overrides if environment is None else self.environments[environment].over(overrides)

    def leads_to_included(self, folder: Path) -> bool:
        """Whether a glob of ``include`` names a folder before its first star, so that a search enters it whatever its name."""
        relative = self.relative(folder)
        return relative is not None and relative.parts in self._included_folders

    def line(self, *keys: str | int) -> int:
        """The line in the file of an option, or of a name or member in it; its parent's, if it has none."""
        return line_in(self.places, keys)

    def patterns(self) -> Iterator[tuple[str, str, int]]:
        """Every pattern, with the option in front of it and its line behind, in the order of the options."""
        for option, globs in (("exclude", self.exclude), ("include", self.include)):
            yield from ((option, glob, self.line(option, number)) for number, glob in enumerate(globs))
        for option, names in (("per-file", self.per_file), ("environment", self.environments)):
            yield from ((option, name, self.line(option, name)) for name in names)

    @property
    def folder(self) -> Path:
        """The folder that globs are relative to."""
        return self.base or (self.path.parent if self.path is not None else Path.cwd())

    def relative(self, path: Path) -> PurePosixPath | None:
        """A path as globs see it; None if it is not in the folder."""
        try:
            return PurePosixPath(path if is_name(path.as_posix()) else Path(os.path.abspath(path)).relative_to(self.folder).as_posix())
        except ValueError:
            return None

    @cached_property
    def _named(self) -> Mapping[tuple[Keys, str, str], int]:
        """The lines that name rules and categories: by the table, the option, and the name."""
        tables: list[tuple[Keys, Overrides]] = [((), self.general), *((("per-file", glob), one) for glob, one in self.per_file.items())]
        tables += [(("environment", name), one) for name, one in self.environments.items()]
        return {
            (keys, option, name): self.line(*keys, option, name if option == "severity" else number)
            for keys, overrides in tables
            for option in ("select", "extend-select", "ignore", "severity")
            for number, name in enumerate(getattr(overrides, option.replace("-", "_")) or ())
        }

    @cached_property
    def selectors(self) -> Mapping[str, int]:
        """The rules and categories that the options name, each with the first line that names it."""
        lines = gathered((name, line) for (_, _, name), line in self._named.items())
        return {name: min(own) for name, own in lines.items()}

    def tables_for(self, file: Path, environment: str | None) -> list[Keys]:
        """The tables that can have options for a file, or for one of its environments, each of which counts before those in front of it."""
        return [(), *(("per-file", glob) for glob in self.fitting("per-file", file)), ("environment", environment or "")]

    def line_for(self, file: Path, environment: str | None, option: str, name: str = "") -> int | None:
        """The line that gives an option, or names a rule or category in it, in the table that counts for a file; None if none does."""
        tables = self.tables_for(file, environment)[::-1]
        lines = self._named if name else {(keys, option, ""): self.line(*keys, option) for keys in tables if (*keys, option) in self.places}
        return next((lines[keys, option, name] for keys in tables if (keys, option, name) in lines), None)


def line_in(places: Mapping[Keys, int], keys: Keys) -> int:
    """The line of the place at a path of keys, or of its nearest existing parent."""
    return next((places[keys[:length]] for length in range(len(keys), -1, -1) if keys[:length] in places), 1)
