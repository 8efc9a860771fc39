"""Globs, as expressions of RE2: linear time, whatever the glob. Python's own would try every way to share a path among ``**/*a*b*c*``."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import itemgetter

from ..files import identity
from ..typed import Final

LONGEST: Final = 1024
"""Characters of a glob at most."""

_PIECES: Final = re.compile(r"((?:\*\*/)+)|(\*\*)|(\*)|(\?)|\[(!?)(\]?[^\]]*)\]|(.)", re.DOTALL)


class Globs:
    """The globs of an option: ``folder/*.json`` is relative, ``*.json`` and ``folder/`` fit at any depth.

    ``*`` and ``?`` stand for characters of a name, ``[a-z]`` and ``[!a-z]`` for one, ``**/`` for any folders, ``**`` for anything.
    Raises :class:`ValueError` for a range that runs backwards, and for a glob that is too long.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = tuple(globs)
        self._matching = _matching(f"{_expression(_anchored(glob))}(?:/.*)?" for glob in self._globs)

    def fitting(self, path: str) -> tuple[str, ...]:
        """The globs that fit a relative path, or a folder above it, in their order."""
        indexes = self._matching(path) if path not in ("", ".") else ()
        return tuple(self._globs[index] for index in indexes)


def _anchored(glob: str) -> str:
    """A glob of a configuration as one of whole relative paths."""
    glob = glob.removeprefix("./")
    return glob.strip("/") if "/" in glob.rstrip("/") else f"**/{glob.rstrip('/')}"


def _expression(glob: str) -> str:
    """A glob as a regular expression."""
    if len(glob) > LONGEST:
        raise ValueError(f"a glob can have at most {LONGEST:,} characters")
    return "".join(map(_piece, _PIECES.finditer(glob)))


def _piece(match: re.Match[str]) -> str:
    folders, anything, name, character, negated, members, literal = match.groups()
    if literal or match[0] == "[]":
        return re.escape(match[0])
    if members is None:
        return "(?:.*/)?" if folders else ".*" if anything else "[^/]*" if name else "[^/]"
    ranges = re.findall("(.)(?:-(.))?", members, re.DOTALL)
    if any(last and last < first for first, last in ranges):
        raise ValueError("a range runs backwards")
    inner = "".join(re.escape(first) + (f"-{re.escape(last)}" if last else "") for first, last in ranges)
    return f"[^/{inner}]" if negated else f"[{inner}]"


def _matching(expressions: Iterable[str]) -> Callable[[str], list[int]]:
    """A function that gives the indexes of the regular expressions that match a whole text, in one pass."""
    import re2  # only for a configuration or a command line with a glob

    options = re2.Options()
    options.dot_nl, options.max_mem = True, 1 << 30  # of which few globs need next to nothing
    together = re2.Set.FullMatchSet(options)
    for expression in expressions:
        together.Add(expression)
    together.Compile()
    return lambda text: sorted(together.Match(text.encode("utf-8", "replace")) or ())


def files_matching(text: str) -> Iterator[str]:
    """The files that a glob of the command line fits, as a shell finds them: names that begin with a dot only where the glob has the dot.

    Each folder is read once, however many ways there are to share it among several ``**``.
    """
    text = re.sub("/+", "/", text.replace(os.sep, "/"))
    fixed = re.match(r"(?:[^/*?\[]*/)*", text)
    folder = fixed[0] if fixed else ""
    *parts, last = text[len(folder) :].split("/")
    if ".." in (*parts, last):
        from glob import iglob

        yield from (name for name in iglob(text, recursive=True) if os.path.isfile(name))
        return
    read, folders = cache(_entries), [folder]
    for part in (*parts, *(["**"] if last == "**" else [])):
        folders = _beneath(folders, read) if part == "**" else _fitting(part, folders, read, folder=True)
    yield from _fitting("" if last == "." else last, folders, read, folder=False)


_Read = Callable[[str], list[tuple[str, bool, bool]]]


def _fitting(part: str, folders: Iterable[str], read: _Read, *, folder: bool) -> list[str]:
    """The folders, each once, or files in some folders whose names a part of a glob fits."""
    if part == ".":
        return list(folders)
    # Beside other characters two stars are one to a shell.
    fits = _matching([_expression(re.sub(r"\*+", "*", part))])
    found = [
        (is_link, f"{base}{name}{'/' if folder else ''}")
        for base in folders
        for name, is_folder, is_link in read(base)
        if is_folder == folder and (part.startswith(".") or not name.startswith(".")) and fits(name)
    ]
    paths = [path for _, path in sorted(found, key=itemgetter(0), reverse=True)]
    return list({_identity(path): path for path in paths}.values()) if folder else paths


def _beneath(folders: Iterable[str], read: _Read) -> list[str]:
    """Some folders and all that are beneath them, hidden ones excepted. Links are followed last, so that folders have their own names."""
    found: dict[object, str] = {}
    waiting = deque(folders)
    while waiting:
        base = waiting.pop()
        if found.setdefault(_identity(base), base) is base:
            for name, is_folder, is_link in read(base):
                if is_folder and not name.startswith("."):
                    (waiting.appendleft if is_link else waiting.append)(f"{base}{name}/")
    return list(found.values())


def _identity(folder: str) -> object:
    return identity(folder or ".") or folder


def _entries(folder: str) -> list[tuple[str, bool, bool]]:
    """The names in a folder that are files or folders (whether folders, whether links); none where it cannot be read."""
    try:
        with os.scandir(folder or ".") as entries:
            return [(entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries if entry.is_dir() or entry.is_file()]
    except OSError:
        return []
