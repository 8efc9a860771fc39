"""Globs, as in ``fnmatch`` for each name of a path, on RE2 if that is installed: it matches all of them in one pass.

Without it each glob is matched name by name. Neither can be slowed down by a malicious glob.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from functools import cache
from itertools import starmap
from operator import itemgetter

from ..files import identity
from ..typed import Final

LONGEST: Final = 1024
"""The maximum length of a glob, in characters."""

_CLASSES: Final = re.compile(r"\[(!?)(\]?[^\]]*)\]", re.DOTALL)
_PIECES: Final = re.compile(rf"(\*+)|(\?)|{_CLASSES.pattern}|(.)", re.DOTALL)


class Globs:
    """The globs of an option: ``folder/*.json`` is relative, ``*.json`` and ``folder/`` match at any depth.

    ``*`` and ``?`` stand for characters of a name, ``[a-z]`` and ``[!a-z]`` for one, and ``**`` for any folders, or at the end for
    everything in a folder. Raises :class:`ValueError` for a range that runs backwards, and for a glob that is too long.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = tuple(globs)
        self._matching = _matching([_names(glob) for glob in self._globs])

    def fitting(self, path: str) -> tuple[str, ...]:
        """The globs that match a relative path, or a folder above it, in order."""
        indexes = self._matching(path) if path not in ("", ".") else ()
        return tuple(self._globs[index] for index in indexes)


def _names(glob: str) -> list[str]:
    """The names of a glob of a configuration, starting in its folder."""
    if len(glob) > LONGEST:
        raise ValueError(f"a glob can have at most {LONGEST:,} characters")
    glob = glob.removeprefix("./")
    names = list(filter(None, glob.split("/"))) if "/" in glob.rstrip("/") else ["**", glob.rstrip("/")]
    for _, members in _CLASSES.findall(glob):
        if any(last and last < first for first, last in _ranges(members)):
            raise ValueError("a range runs backwards")
    return names


def _ranges(members: str) -> list[tuple[str, str]]:
    """The characters of a class, each with the last one of its range, if it begins one."""
    return re.findall("(.)(?:-(.))?", members, re.DOTALL)


def _matching(globs: Sequence[Sequence[str]]) -> Callable[[str], Sequence[int]]:
    """A function that gives the indexes of the globs that match a path or a folder above it."""
    try:
        import re2  # only for a configuration with a glob
    except ModuleNotFoundError:
        every = [[*(None if name == "**" else _part(name) for name in names[:-1]), _part(names[-1])] for names in globs]
        return lambda path: [index for index, parts in enumerate(every) if _fits(parts, path.split("/"))]
    options = re2.Options()
    options.dot_nl, options.max_mem = True, 1 << 30  # a few globs need next to nothing of it
    together = re2.Set.FullMatchSet(options)
    for *above, last in globs:
        folders = "".join("(?:.*/)?" if name == "**" else f"{_expression(name)}/" for name in above)
        together.Add(f"{folders}{_expression(last)}(?:/.*)?")
    together.Compile()
    return lambda path: sorted(together.Match(path.encode("utf-8", "replace")) or ())


def _expression(name: str) -> str:
    """The RE2 expression for the names that a part of a glob matches."""

    def piece(match: re.Match[str]) -> str:
        name, character, negated, members, literal = match.groups()
        if literal or match[0] == "[]":
            return re.escape(match[0])
        if members is None:
            return "[^/]*" if name else "[^/]"
        inner = "".join(starmap(_in_class, _ranges(members)))
        return f"[^/{inner}]" if negated else f"[{inner}]"

    return _PIECES.sub(piece, name)


def _in_class(first: str, last: str) -> str:
    """A character or a range in a class. A range goes around the slash, which is in no name."""
    dash = "-.0-" if first < "/" < last else "-" * bool(last)
    return re.escape(first) + dash + re.escape(last)


_Part = Callable[[str], object]
"""Whether a name fits a part of a glob."""


def _part(name: str) -> _Part:
    """The matcher for the names that a part of a glob matches."""
    return re.compile(translate(name)).match


def _fits(parts: Sequence[_Part | None], names: Sequence[str]) -> bool:
    """Whether parts, None for ``**``, match all names of a path, or its first ones, which form a folder above it."""
    taken: Sequence[int] = [0]  # how many names the parts so far can match, in order
    for part in parts:
        if part is None:
            taken = range(taken[0], len(names)) if taken else []
        else:
            taken = [number + 1 for number in taken if number < len(names) and part(names[number])]
    return bool(taken)


def files_matching(text: str) -> Iterator[str]:
    """The files that a glob of the command line matches, as a shell expands it: dot files only if the glob has the dot.

    Each folder is read once, however many ways there are to split a path among several ``**``.
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
    """The folders, each once, or files in some folders whose names a part of a glob matches."""
    if part == ".":
        return list(folders)
    fits = _part(part)
    found = [
        (is_link, f"{base}{name}{'/' if folder else ''}")
        for base in folders
        for name, is_folder, is_link in read(base)
        if is_folder == folder and (part.startswith(".") or not name.startswith(".")) and fits(name)
    ]
    paths = [path for _, path in sorted(found, key=itemgetter(0), reverse=True)]
    return list({_identity(path): path for path in paths}.values()) if folder else paths


def _beneath(folders: Iterable[str], read: _Read) -> list[str]:
    """Some folders and everything beneath them, except hidden ones. Links are followed last, so that folders keep their own names."""
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
    """The names in a folder that are files or folders (whether folders, whether links); none if it cannot be read."""
    try:
        with os.scandir(folder or ".") as entries:
            return [(entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries if entry.is_dir() or entry.is_file()]
    except OSError:
        return []
