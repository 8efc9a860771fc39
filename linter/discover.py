"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from .files import Identity, identity, reason_of
from .sources import file_names
from .typed import Final, NamedTuple, Protocol

SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages", "cdk.out"})
"""What folders are called that a search does not go into, as it does not into hidden ones."""
_WORKFLOWS: Final = ".github"
"""The one hidden folder that is searched: CI's variables are in it."""
BY_CONTENT: Final = ("config", "medplum", "ssm")
"""What folders are called in which a search looks at the content of files, whatever they are called; and in the folders right in them."""
_OF_TEXT: Final = (".env", ".json", ".jsonl", ".yaml", ".yml")
"""How files end that are looked at there."""
LARGEST_SEARCHED: Final = 64 * 1024 * 1024
"""Bytes: a larger file is read only when it is named itself."""


class Found(NamedTuple):
    """A file to read. ``searched``: it was found in a folder, so what it is not need not be reported.

    ``too_large``: it has more bytes than a search reads. ``by_content``: only the folder that it lies in speaks for it. ``included``: the
    user has said that a search takes it. ``pattern`` is what took it. ``identity`` is that of an ordinary file, where a search found it.
    """

    path: Path
    searched: bool
    too_large: bool = False
    by_content: bool = False
    included: bool = False
    pattern: str = ""
    identity: Identity | None = None


class Wishes(Protocol):
    """What a user says of a search."""

    def excluded(self, path: Path) -> bool:
        """Whether to pass over a folder or file."""

    def excludes_named(self, path: Path) -> bool:
        """Whether to pass over a file though it is named."""

    def included_in(self, folder: Path) -> Callable[[Path], bool] | None:
        """What says of the files right in a folder whether to take one whatever it is called; None where it would say so of none."""

    def leads_to_included(self, folder: Path) -> bool:
        """Whether to go into a folder that a search passes over by its name."""

    def passed_over(self, folder: Path) -> object:
        """Is called with each folder that is passed over by its name."""


class NoWishes:
    """The wishes of a user who has none, but perhaps for what is to be excluded."""

    def __init__(self, excluded: Callable[[Path], bool] = lambda _path: False) -> None:
        self.excluded = excluded
        self.excludes_named = self.leads_to_included = lambda _path: False
        self.included_in = lambda _folder: None
        self.passed_over = lambda _folder: None


def find_files(paths: Iterable[str], wishes: Wishes, *, may_be_empty: bool = False) -> tuple[list[Found], list[str]]:
    """The files that paths, globs and folders stand for, each once whatever its names, and an error for each that stands for nothing.

    ``may_be_empty``: a folder in which a search takes nothing is no error.
    """
    by_identity: dict[object, Found] = {}
    errors: list[str] = []
    for text in paths:
        files, error = _files(text, wishes, may_be_empty=may_be_empty)
        for file in files:
            key = file.identity or identity(file.path) or os.path.normpath(file.path)
            if key not in by_identity or _rank(file) < _rank(by_identity[key]):
                by_identity[key] = file
        if error:
            errors.append(error)
    return list(by_identity.values()), errors


def _rank(file: Found) -> tuple[bool, bool]:
    """Of several names of a file, links and hard links included, the lowest counts: one that the user gave, and one that is no link."""
    return file.searched, os.path.islink(file.path)


def _files(text: str, wishes: Wishes, *, may_be_empty: bool) -> tuple[list[Found], str]:
    # os.path, for pathlib raises where a name is too long or a folder is closed.
    if os.path.isdir(text):
        return _searched(text, wishes, may_be_empty=may_be_empty)
    if os.path.lexists(text):
        return [] if wishes.excludes_named(Path(text)) else [Found(Path(text), False)], ""
    if any(sign in text for sign in "*?["):
        from .globs import files_matching

        try:
            names = sorted(files_matching(text))
        except ValueError as error:
            return [], f"{text}: is not a glob: {error}"
        files = [Found(Path(name), False) for name in names if not wishes.excluded(Path(name))]
        return files, "" if names else f"{text}: no file matches this glob"
    return [], f"{text or repr(text)}: no such file or folder"


def _searched(text: str, wishes: Wishes, *, may_be_empty: bool) -> tuple[list[Found], str]:
    closed: list[OSError] = []
    files = list(search_folder(Path(text), wishes, closed.append))
    if closed:
        return files, f"{closed[0].filename}: cannot be read: {reason_of(closed[0])}"
    if files or may_be_empty:
        return files, ""
    return files, f"{text}: no file in this folder has the name of a Medplum configuration: {what_is_searched_for()}"


def what_is_searched_for() -> str:
    """The names that a search takes, and the way out for other ones, as a clause."""
    ends, folders = ", ".join(_OF_TEXT[:-1]), ", ".join(BY_CONTENT[:-1])
    patterns = file_names()
    told = [one for one in patterns if not any(fnmatch(one, other) for other in patterns if other != one)]
    return (
        f"a search takes {', '.join(told)}, and by its content what ends in {ends} or {_OF_TEXT[-1]} in a folder called "
        f'{folders} or {BY_CONTENT[-1]}; name the file itself, or add it to "include" in the configuration'
    )


def search_folder(folder: Path, wishes: Wishes, fail: Callable[[OSError], object]) -> Iterator[Found]:
    """The files beneath a folder that a search takes, in the order of their names. Links to folders are not followed.

    ``fail`` is called with each folder that cannot be read. A loop, for folders can be nested deeper than Python's functions can.
    """
    globs = NameGlobs(file_names())
    waiting: list[tuple[str, tuple[str, ...]]] = [(str(folder), _last_names(folder))]
    while waiting:
        base, above = waiting.pop()
        folders, files = _entries(base, fail)
        by_content = any(name in BY_CONTENT for name in above)
        included = wishes.included_in(Path(base))
        for name in files:
            found = _taken(base, name, globs, included, by_content=by_content)
            status = _status(found.path) if found is not None else None
            if found is not None and status is not None and stat.S_ISREG(status.st_mode) and not wishes.excluded(found.path):
                yield found._replace(too_large=status.st_size > LARGEST_SEARCHED, identity=(status.st_dev, status.st_ino))
        inner = [Path(base, name) for name in folders]
        entered = [path for path in inner if _is_entered(path, wishes) and not wishes.excluded(path)]
        waiting.extend((str(path), (*above[-1:], path.name)) for path in reversed(entered))


class NameGlobs:
    """Globs of the names of files, of which most that a search comes upon end like none that one of these fits."""

    def __init__(self, globs: Sequence[str]) -> None:
        ends = [(glob, os.path.normcase(glob[max(map(glob.rfind, "*?]")) + 1 :])) for glob in globs]
        self._globs = ends
        self._ends = tuple(end for _, end in ends if end)
        self._open = [glob for glob, end in ends if not end]

    def fitting(self, name: str) -> str:
        """The first that fits a name; empty where none does."""
        given = os.path.normcase(name)
        if not given.endswith(self._ends) and not any(fnmatch(name, glob) for glob in self._open):
            return ""
        return next((glob for glob, end in self._globs if given.endswith(end) and fnmatch(name, glob)), "")


def _taken(base: str, name: str, globs: NameGlobs, included: Callable[[Path], bool] | None, *, by_content: bool) -> Found | None:
    """A file of a folder as a search takes it, if it does."""
    if included is not None and included(path := Path(base, name)):
        return Found(path, True, included=True)
    pattern = globs.fitting(name)
    if pattern or (by_content and name.endswith(_OF_TEXT)):
        return Found(Path(base, name), True, by_content=not pattern, pattern=pattern)
    return None


def _is_entered(folder: Path, wishes: Wishes) -> bool:
    name = folder.name
    if (not name.startswith(".") or name == _WORKFLOWS) and name not in SKIPPED_FOLDERS:
        return True
    wishes.passed_over(folder)
    return wishes.leads_to_included(folder)


def _last_names(folder: Path) -> tuple[str, ...]:
    """What a folder and the one that holds it are called, however it is given, also as a dot.

    Where the working folder is gone it is called as it is given.
    """
    try:
        return Path(os.path.abspath(folder)).parts[-2:]
    except OSError:
        return folder.parts[-2:]


def _entries(folder: str, fail: Callable[[OSError], object]) -> tuple[list[str], list[str]]:
    """The names of the folders and of all else in a folder, each in order."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    except OSError as error:
        fail(error)
    return sorted(folders), sorted(files)


def _status(path: Path) -> os.stat_result | None:
    """What the system says of a file; None where it is gone."""
    try:
        return os.stat(path)
    except OSError:
        return None
