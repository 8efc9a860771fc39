"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, NamedTuple

from .files import identity, reason_of
from .sources import modules

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages", "cdk.out"})
_WORKFLOWS: Final = ".github"
"""The one hidden folder that is searched: CI's variables are in it."""
LARGEST_SEARCHED: Final = 64 * 1024 * 1024
"""Bytes: a larger file is read only when it is named itself."""


class Found(NamedTuple):
    """A file to read. ``searched``: it was found in a folder, so what it is not need not be reported.

    ``too_large``: it has more bytes than a search reads.
    """

    path: Path
    searched: bool
    too_large: bool = False


def find_files(paths: list[str], excluded: Callable[[Path], bool]) -> tuple[list[Found], list[str]]:
    """The files that paths, globs and folders stand for, each once whatever its names, and an error for each that stands for nothing."""
    by_identity: dict[object, Found] = {}
    errors: list[str] = []
    for text in paths:
        files, error = _files(text, excluded)
        for file in files:
            key = identity(file.path) or os.path.normpath(file.path)
            if key not in by_identity or _rank(file) < _rank(by_identity[key]):
                by_identity[key] = file
        if error:
            errors.append(error)
    return list(by_identity.values()), errors


def _rank(file: Found) -> tuple[bool, bool]:
    """Of several names of a file, links and hard links included, the lowest counts: one that the user gave, and one that is no link."""
    return file.searched, os.path.islink(file.path)


def _files(text: str, excluded: Callable[[Path], bool]) -> tuple[list[Found], str]:
    # os.path, for pathlib raises where a name is too long or a folder is closed.
    if os.path.isdir(text):
        return _searched(text, excluded)
    if os.path.lexists(text):
        return [Found(Path(text), False)], ""
    if any(sign in text for sign in "*?["):
        from .globs import files_matching

        try:
            names = sorted(files_matching(text))
        except ValueError as error:
            return [], f"{text}: is not a glob: {error}"
        files = [Found(Path(name), False) for name in names if not excluded(Path(name))]
        return files, "" if names else f"{text}: no file matches this glob"
    return [], f"{text or repr(text)}: no such file or folder"


def _searched(text: str, excluded: Callable[[Path], bool]) -> tuple[list[Found], str]:
    closed: list[OSError] = []
    files = [Found(file, True, _size(file) > LARGEST_SEARCHED) for file in search_folder(Path(text), excluded, closed.append)]
    if closed:
        return files, f"{closed[0].filename}: cannot be read: {reason_of(closed[0])}"
    return files, "" if files else f"{text}: no file in this folder has the name of a Medplum configuration"


def search_folder(folder: Path, excluded: Callable[[Path], bool], fail: Callable[[OSError], object]) -> Iterator[Path]:
    """The files beneath a folder that are called as configurations are, in the order of their names. Links to folders are not followed.

    ``excluded`` says of a folder or file whether to pass it over; ``fail`` is called with each folder that cannot be read. A loop, for
    folders can be nested deeper than Python's functions can.
    """
    names = tuple(name for module in modules() for name in module.NAMES)
    waiting = [str(folder)]
    while waiting:
        base = waiting.pop()
        folders, files = _entries(base, fail)
        for name in files:
            path = Path(base, name)
            if any(fnmatch(name, pattern) for pattern in names) and _is_plain_file(path) and not excluded(path):
                yield path
        inner = [name for name in folders if (not name.startswith(".") or name == _WORKFLOWS) and name not in _SKIPPED_FOLDERS]
        waiting.extend(os.path.join(base, name) for name in reversed(inner) if not excluded(Path(base, name)))


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


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _size(path: Path) -> int:
    """Bytes; 0 for a file that is gone, which reading it reports."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
