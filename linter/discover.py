"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from .sources import modules

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages", "cdk.out"})
_LARGEST_SEARCHED = 64 * 1024 * 1024
"""Bytes: a larger file is read only when it is named itself."""


class Found(NamedTuple):
    """A file to read. ``searched``: it was found in a folder, so what it is not need not be told."""

    path: Path
    searched: bool


def find_files(paths: list[str], excluded: Callable[[Path], bool]) -> tuple[list[Found], list[str]]:
    """The files that paths, globs and folders stand for, each once, and an error for each that stands for nothing."""
    found: dict[str, Found] = {}
    errors: list[str] = []
    for text in paths:
        files, error = _files(text, excluded)
        for file in files:
            key = os.path.normpath(file.path)
            if key not in found or found[key].searched:
                found[key] = file
        if error:
            errors.append(error)
    return list(found.values()), errors


def _files(text: str, excluded: Callable[[Path], bool]) -> tuple[list[Found], str]:
    # os.path, for pathlib raises where a name is too long or a folder is closed.
    if os.path.isdir(text):
        return _searched(text, excluded)
    if os.path.lexists(text):
        return [Found(Path(text), False)], ""
    if any(sign in text for sign in "*?["):
        from glob import glob

        names = [name for name in sorted(glob(text, recursive=True)) if os.path.isfile(name)]
        files = [Found(Path(name), False) for name in names if not excluded(Path(name))]
        return files, "" if names else f"{text}: no file matches this glob"
    return [], f"{text or repr(text)}: no such file or folder"


def _searched(text: str, excluded: Callable[[Path], bool]) -> tuple[list[Found], str]:
    closed: list[OSError] = []
    files = [Found(file, True) for file in search_folder(Path(text), excluded, closed.append)]
    if closed:
        return files, f"{closed[0].filename}: cannot be read: {(closed[0].strerror or '').lower()}"
    return files, "" if files else f"{text}: no file in this folder is called as a Medplum configuration is"


def search_folder(folder: Path, excluded: Callable[[Path], bool], fail: Callable[[OSError], object]) -> Iterator[Path]:
    """The files beneath a folder that are called as configurations are, in the order of their names. Links to folders are not followed.

    ``fail`` is told of a folder that cannot be read.
    """
    names = tuple(name for module in modules() for name in module.NAMES)
    for base, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS and not excluded(Path(base, name))
        )
        for name in sorted(files):
            path = Path(base, name)
            if any(fnmatch(name, pattern) for pattern in names) and _is_plain_file(path) and not excluded(path):
                yield path


def _is_plain_file(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST_SEARCHED
