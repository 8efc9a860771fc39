"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from ..files import Identity, environments_of_both, file_and_environment, identity, reason_of, status_of, why_missing
from ..options.config import Config
from ..sources import file_names
from ..typed import Final, NamedTuple

SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages", "cdk.out"})
"""Names of folders that a search skips, besides hidden ones."""
_WORKFLOWS: Final = ".github"
"""The one hidden folder that is searched: CI's variables are in it."""
BY_CONTENT: Final = ("config", "medplum", "ssm")
"""Names of folders in which, and in whose subfolders, a search examines the content of files, whatever their names."""
_OF_TEXT: Final = (".env", ".json", ".jsonl", ".yaml", ".yml")
"""The file name extensions that are examined there."""
LARGEST_SEARCHED: Final = 64 * 1024 * 1024
"""Bytes: a larger file is read only when it is named itself."""
_NO_CONFIG: Final = Config()


class Found(NamedTuple):
    """A file to read.

    ``searched``: it was found in a folder, so it need not be reported if it is something else. ``too_large``: it is larger than a search
    reads. ``by_content``: only the name of its folder suggests that it is a configuration. ``included``: the user has asked for it.
    ``pattern`` is what matched it. ``identity`` is that of an ordinary file found by a search. ``environments`` are the environments in it
    that the user names; empty for all.
    """

    path: Path
    searched: bool
    too_large: bool = False
    by_content: bool = False
    included: bool = False
    pattern: str = ""
    identity: Identity | None = None
    environments: tuple[str, ...] = ()


class LeftOut(NamedTuple):
    """A file or folder that is left out: by a ``glob`` of a configuration, else because of the folder's name.

    ``named``: the command line names it.
    """

    path: Path
    config: Config
    glob: str = ""
    named: bool = False


class Search:
    """A search for files.

    ``config`` gives the configuration for a file, or None if it cannot be read. With ``force_exclude``, exclusions apply even to files
    named on the command line, which hooks need because they are given every file.
    """

    def __init__(self, config: Callable[[Path], Config | None] = lambda _path: _NO_CONFIG, *, force_exclude: bool = False) -> None:
        self._config = config
        self._force_exclude = force_exclude
        self.left_out: list[LeftOut] = []
        self.looked_at = 0
        """The number of files in the searched folders."""

    def find(self, paths: Iterable[str], *, may_be_empty: bool = False) -> tuple[list[Found], list[str]]:
        """The files that paths, globs and folders stand for, each once whatever its names, and an error for each that stands for nothing.

        ``may_be_empty``: a folder in which nothing is found is not an error.
        """
        by_identity: dict[object, Found] = {}
        errors: list[str] = []
        for text in paths:
            files, error = self._files(text, may_be_empty=may_be_empty)
            for file in files:
                key = file.identity or identity(file.path) or os.path.normpath(file.path)
                known = by_identity.get(key, file)
                environments = environments_of_both(known.environments, file.environments)
                by_identity[key] = min(known, file, key=_rank)._replace(environments=environments)
            if error:
                errors.append(error)
        return list(by_identity.values()), errors

    def excluded(self, path: Path, *, named: bool = False) -> bool:
        """Whether the configuration of a path's folder excludes it."""
        config = self._config(path)
        if config is None:
            return True
        globs = config.fitting("exclude", path)
        if globs:
            config.use.excluded.add(os.path.normpath(path))
            config.use.patterns.update(("exclude", glob) for glob in globs)
            self.left_out.append(LeftOut(path, config, globs[0], named))
        return bool(globs)

    def _files(self, text: str, *, may_be_empty: bool) -> tuple[list[Found], str]:
        # os.path, for pathlib raises where a name is too long or a folder is closed.
        if os.path.isdir(text):
            closed: list[OSError] = []
            files = list(self._in_folder(Path(text), closed.append))
            if closed:
                return files, f"{closed[0].filename}: cannot be read: {reason_of(closed[0])}"
            if files or may_be_empty:
                return files, ""
            return files, f"{text}: no file in this folder has the name of a Medplum configuration: {what_is_searched_for()}"
        name, environments = file_and_environment(text)
        if os.path.lexists(name):
            path, config = Path(name), self._config(Path(name))
            forced = config is not None and (config.force_exclude or self._force_exclude)
            return [] if forced and self.excluded(path, named=True) else [Found(path, False, environments=environments)], ""
        if any(sign in text for sign in "*?["):
            from ..options.globs import files_matching

            try:
                names = sorted(files_matching(text))
            except ValueError as error:
                return [], f"{text}: is not a glob: {error}"
            files = [Found(Path(name), False) for name in names if not self.excluded(Path(name))]
            return files, "" if names else f"{text}: no file matches this glob"
        return [], f"{text or repr(text)}: {why_missing(text, 'file or folder')}"

    def _in_folder(self, folder: Path, fail: Callable[[OSError], object]) -> Iterator[Found]:
        """The files beneath a folder that a search takes, sorted by name. Links to folders are not followed.

        ``fail`` is called with each folder that cannot be read. A loop, because folders can be nested more deeply than Python's stack
        allows.
        """
        globs = NameGlobs(file_names())
        waiting: list[tuple[str, tuple[str, ...]]] = [(str(folder), _last_names(folder))]
        while waiting:
            base, above = waiting.pop()
            folders, files = _entries(base, fail)
            self.looked_at += len(files)
            config = self._config(Path(base, "any"))
            by_content = any(name in BY_CONTENT for name in above)
            for name in files:
                found = _taken(base, name, globs, config, by_content=by_content)
                status = status_of(found.path) if found is not None else None
                if found is not None and status is not None and stat.S_ISREG(status.st_mode) and not self.excluded(found.path):
                    yield found._replace(too_large=status.st_size > LARGEST_SEARCHED, identity=(status.st_dev, status.st_ino))
            inner = [Path(base, name) for name in folders]
            entered = [path for path in inner if self._is_entered(path) and not self.excluded(path)]
            waiting.extend((str(path), (*above[-1:], path.name)) for path in reversed(entered))

    def _is_entered(self, folder: Path) -> bool:
        """Whether a search descends into a folder: by its name, or because the configuration includes it."""
        name = folder.name
        if (not name.startswith(".") or name == _WORKFLOWS) and name not in SKIPPED_FOLDERS:
            return True
        config = self._config(folder)
        if config is None:
            return False
        config.use.patterns.update(("exclude", glob) for glob in config.fitting("exclude", folder))  # they are not left over
        is_included = config.leads_to_included(folder)
        if not is_included:
            self.left_out.append(LeftOut(folder, config))
        return is_included


def _rank(file: Found) -> tuple[bool, bool]:
    """Which name of a file is used if it has several (links, hard links), lowest first: one the user gave, and one that is not a link."""
    return file.searched, os.path.islink(file.path)


def what_is_searched_for() -> str:
    """The names that a search looks for, and what to do about other names, as a clause."""
    ends, folders = ", ".join(_OF_TEXT[:-1]), ", ".join(BY_CONTENT[:-1])
    patterns = file_names()
    told = [pattern for pattern in patterns if not any(fnmatch(pattern, other) for other in patterns if other != pattern)]
    return (
        f"a search takes {', '.join(told)}, and by its content what ends in {ends} or {_OF_TEXT[-1]} in a folder called "
        f'{folders} or {BY_CONTENT[-1]}; name the file itself, or add it to "include" in the configuration'
    )


class NameGlobs:
    """Globs of file names, optimised for the many files in a search whose ending no glob can match."""

    def __init__(self, globs: Sequence[str]) -> None:
        ends = [(glob, os.path.normcase(glob[max(map(glob.rfind, "*?]")) + 1 :])) for glob in globs]
        self._globs = ends
        self._ends = tuple(end for _, end in ends if end)
        self._open = [glob for glob, end in ends if not end]

    def fitting(self, name: str) -> str:
        """The first glob that matches a name; empty if none does."""
        given = os.path.normcase(name)
        if not given.endswith(self._ends) and not any(fnmatch(name, glob) for glob in self._open):
            return ""
        return next((glob for glob, end in self._globs if given.endswith(end) and fnmatch(name, glob)), "")


def _taken(base: str, name: str, globs: NameGlobs, config: Config | None, *, by_content: bool) -> Found | None:
    """A file of a folder, if a search takes it."""
    if config is not None and config.include:
        path = Path(base, name)
        included = config.fitting("include", path)
        if included:
            config.use.patterns.update(("include", glob) for glob in included)
            return Found(path, True, included=True)
    pattern = globs.fitting(name)
    if pattern or (by_content and name.endswith(_OF_TEXT)):
        return Found(Path(base, name), True, by_content=not pattern, pattern=pattern)
    return None


def _last_names(folder: Path) -> tuple[str, ...]:
    """The names of a folder and its parent, also if the folder is given as a dot. As given if the working folder is gone."""
    try:
        return Path(os.path.abspath(folder)).parts[-2:]
    except OSError:
        return folder.parts[-2:]


def _entries(folder: str, fail: Callable[[OSError], object]) -> tuple[list[str], list[str]]:
    """The names of the folders and of everything else in a folder, both sorted."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    except OSError as error:
        fail(error)
    return sorted(folders), sorted(files)
