"""What a user's configuration holds: options for all files and for some, folders of rules, and what a search leaves out."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from .model import LEVELS, TARGETS, Level, Target
from .release import ServerVersion

if TYPE_CHECKING:
    from datetime import date

    from .globs import Glob

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
    server: ServerVersion | None = None

    def over(self, other: Overrides) -> Overrides:
        """These options, and the other's where these are not given; severities are merged rule by rule."""
        return Overrides(
            self.select if self.select is not None else other.select,
            self.ignore if self.ignore is not None else other.ignore,
            {**(other.severity or {}), **(self.severity or {})},
            self.target or other.target,
            self.fail_on or other.fail_on,
            self.pedantic if self.pedantic is not None else other.pedantic,
            self.server or other.server,
        )


class Mention(NamedTuple):
    """A name in a configuration, with its place (``file:line``): a selector, which may be a category, or the id of a rule."""

    name: str
    place: str
    selects: bool


class Acceptance(NamedTuple):
    """Findings that a configuration accepts, and why: those of a rule, or only those that all else fits that is given.

    ``path`` is a glob, ``setting`` a dotted name in which ``*`` stands for any member of a list; empty is a finding about no setting.
    ``until`` is the last day on which it counts. ``line`` is where it stands in the file.
    """

    rule: str
    reason: str
    path: str | None = None
    setting: str | None = None
    environment: str | None = None
    until: date | None = None
    line: int = 1


class Config(NamedTuple):
    """One configuration file; ``path`` is None where there is none. ``rules`` are folders; ``per_file`` is in the file's order.

    ``environments`` is what it says of the documents of an environment, by its name.

    ``lines`` gives the line (from 1) of each rule or category that it names, ``rules_line`` that of ``rules``. ``base`` is the folder that
    globs are relative to, that of the file where it is None. ``trusted``: the command line names it. One that is merely found may be of
    anybody's making.
    """

    path: Path | None = None
    general: Overrides = Overrides()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file: tuple[tuple[str, Overrides], ...] = ()
    environments: Mapping[str, Overrides] = {}
    lines: Mapping[str, int] = {}
    base: Path | None = None
    trusted: bool = False
    rules_line: int = 1
    accept: tuple[Acceptance, ...] = ()
    baseline: Path | None = None
    baseline_line: int = 1

    def overrides_for(self, file: Path) -> Overrides:
        """What the configuration says for one file: of several matching globs the later wins."""
        overrides = self.general
        for glob, override in self.per_file:
            if self.matches(file, glob):
                overrides = override.over(overrides)
        return overrides

    def excludes(self, file: Path) -> bool:
        """Whether a glob of ``exclude`` matches a file or a folder."""
        return any(self.matches(file, glob) for glob in self.exclude)

    @property
    def folder(self) -> Path:
        """The folder that globs are relative to."""
        return self.base or (self.path.parent if self.path is not None else Path.cwd())

    def matches(self, file: Path, glob: str) -> bool:
        """Whether a glob of the configuration fits a file, or a folder above it."""
        try:
            relative = PurePosixPath(_normal(file).relative_to(self.folder).as_posix())
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
        for one in self.accept:
            yield Mention(one.rule, f"{self.path}:{one.line}", selects=False)


def matches(path: PurePosixPath, glob: str) -> bool:
    """Whether a glob fits a path, or a folder above it. Without a slash it fits a name at any depth; ``**`` fits any number of folders.

    Raises :exc:`ValueError` for a text that is no glob.
    """
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
