"""Globs, matched in one pass: every character of a path is looked at once, whatever the glob.

A glob is a machine whose states are its positions; the bits of a number say in which of them it may be (Thompson 1968, as in agrep). A
regular expression of Python would try every way to share a path among ``**/*a*b*c*``, which takes longer than anybody waits.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator

from .files import identity
from .typed import Final

LONGEST: Final = 1024
"""Characters of a glob at most."""

_PIECE: Final = re.compile(r"(?P<folders>(?:\*\*/)+)|(?P<stars>\*\*|\*)|(?P<any>\?)|(?P<members>\[!?\]?[^\]]*\])|(?P<one>.)", re.DOTALL)
_Ranges = tuple[tuple[str, str], ...]


class Glob:
    """One or several globs, matched in the same pass.

    ``*`` and ``?`` stand for characters of a name, ``[a-z]`` and ``[!a-z]`` for one, ``**/`` for any folders, ``**`` for anything.
    Raises :class:`ValueError` for a range that runs backwards, and for a glob that is too long.
    """

    __slots__ = ("_dots", "_end", "_ends", "_except", "_folders", "_loops", "_members", "_names", "_of", "_optional", "_ones", "_start")

    def __init__(self, *globs: str) -> None:
        if any(len(glob) > LONGEST for glob in globs):
            raise ValueError(f"a glob can have at most {LONGEST:,} characters")
        self._ones: dict[str, int] = {}
        """Positions that this character leads on from."""
        self._members: list[tuple[int, bool, _Ranges]] = []
        """Positions that one of several characters leads on from, or any but these and "/"."""
        self._names = 0
        """Positions that any character but "/" leads on from."""
        self._loops = 0
        """Positions that any character but "/" leads back to."""
        self._folders = 0
        """Positions that "/" leads back to as well."""
        self._optional = 0
        """Positions that can be passed over."""
        self._except = 0
        """Positions before which, when they are passed over, the one behind them is too: ``**/`` has two."""
        self._dots = 0
        """Positions of a dot that begins a name."""
        self._of: dict[str, tuple[int, int]] = {}
        self._ends: dict[int, int] = {}
        """The glob that ends at a position, by its index."""
        self._end = 0
        start = at = 0
        for index, glob in enumerate(globs):
            start |= 1 << at
            for match in _PIECE.finditer(glob):
                at = self._add(match, at)
            self._end |= 1 << at
            self._ends[at] = index
            at += 1
        self._start = self._passed(start)

    def _add(self, match: re.Match[str], at: int) -> int:
        """Add a piece of the glob at a position; the position behind it."""
        bit, text = 1 << at, match[0]
        if match["folders"]:
            self._except |= bit
            self._optional |= bit
            self._loops |= bit << 1
            self._folders |= bit << 1
            self._ones["/"] = self._ones.get("/", 0) | bit << 1
            return at + 2
        if match["stars"]:
            if at and self._optional & self._loops & bit >> 1:
                bit, at = bit >> 1, at - 1  # stars in a row are one
            self._optional |= bit
            self._loops |= bit
            self._folders |= bit if len(text) > 1 else 0
        elif match["any"]:
            self._names |= bit
        elif match["members"] and len(text) > 2:
            self._members.append((bit, text[1] == "!", _ranges(text[1:-1])))
        else:
            if text == "." and match.string[: match.start()][-1:] in ("", "/"):
                self._dots |= bit
            for char in text:
                self._ones[char] = self._ones.get(char, 0) | 1 << at
                at += 1
            return at
        return at + 1

    def _passed(self, states: int) -> int:
        """The states, and those that are reached from them without a character."""
        while True:
            more = states | (states & self._optional) << 1 | (states & self._except) << 2
            if more == states:
                return states
            states = more

    def _step(self, states: int, char: str) -> int:
        """The states behind one more character."""
        if char not in self._of:
            self._of[char] = self._leads(char)
        on, stay = self._of[char]
        return self._passed((states & on) << 1 | states & stay)

    def _leads(self, char: str) -> tuple[int, int]:
        on = self._ones.get(char, 0) | (self._names if char != "/" else 0)
        for bit, negated, ranges in self._members:
            within = any(first <= char <= last for first, last in ranges)
            if (char != "/" and not within) if negated else within:
                on |= bit
        return on, self._folders if char == "/" else self._loops

    def matches_within(self, path: str) -> bool:
        """Whether a glob fits a relative path, or a folder above it."""
        return bool(self._ended_within(path))

    def fitting(self, path: str) -> list[int]:
        """The indices of the globs that fit a relative path, or a folder above it."""
        ended, found = self._ended_within(path), []
        while ended:
            lowest = ended & -ended
            found.append(self._ends[lowest.bit_length() - 1])
            ended ^= lowest
        return found

    def _ended_within(self, path: str) -> int:
        """The ends that are reached behind a path or a folder above it."""
        ended, states = 0, self._start if path not in ("", ".") else 0
        for char in path:
            if char == "/":
                ended |= states & self._end
            states = self._step(states, char)
            if not states:
                return ended
        return ended | states & self._end

    def after(self, text: str, states: int | None = None) -> int:
        """The states (a bit for each position of the glob) after the characters of ``text``; 0 where no path can begin so."""
        states = self._start if states is None else states
        for char in text:
            states = self._step(states, char)
        return states

    def ends(self, states: int) -> bool:
        """Whether a path that ends in these states fits."""
        return bool(states & self._end)

    def seeing(self, states: int, name: str) -> int:
        """Of the states those that lead into a name: into one that begins with a dot only where the glob has that dot."""
        return states & self._dots if name.startswith(".") else states


class Globs:
    """The globs of an option: ``folder/*.json`` is relative, ``*.json`` and ``folder/`` fit at any depth.

    Those of plain names (``folder/x.json``, ``x.json``, ``folder/**``) are looked up, all others matched in one pass.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = tuple(globs)
        self._plain: dict[str, list[int]] = {}
        others: dict[int, str] = {}
        for index, glob in enumerate(map(anchored, self._globs)):
            if (key := _plain_key(glob)) is not None:
                self._plain.setdefault(key, []).append(index)
            else:
                others[index] = glob
        self._others = tuple(others)
        self._machine = Glob(*others.values())

    def fitting(self, path: str) -> tuple[str, ...]:
        """The globs that fit a relative path, or a folder above it, in their order."""
        plain = (index for key in _keys(path) if key in self._plain for index in self._plain[key])
        return tuple(self._globs[index] for index in sorted({*plain, *(self._others[at] for at in self._machine.fitting(path))}))


def anchored(glob: str) -> str:
    """A glob of a configuration as one of whole relative paths."""
    glob = glob.removeprefix("./")
    return glob.strip("/") if "/" in glob.rstrip("/") else f"**/{glob.rstrip('/')}"


def _plain_key(glob: str) -> str | None:
    """What paths that an anchored glob of plain names fits have among their :func:`_keys`; None for any other glob."""
    name = glob.removeprefix("**/")
    plain = name[:-2] if name.endswith("/**") else name
    if any(sign in plain for sign in "*?[") or (name != glob and "/" in plain[:-1]):
        return None
    return plain if name != glob else f"/{plain}"


def _keys(path: str) -> Iterator[str]:
    """Each name in a relative path, and with a slash before it the path up to there; what has something beneath also with one behind it."""
    for part in re.finditer("[^/]+", path):
        above = path[: part.end()] if part.end() <= LONGEST else ""  # longer than any glob
        yield from (part[0], f"/{above}")
        if part.end() < len(path):
            yield from (f"{part[0]}/", f"/{above}/")


def _ranges(members: str) -> _Ranges:
    """The characters between brackets, as pairs of the first and the last."""
    members = members.removeprefix("!")
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(members):
        last = at + 2 if members[at + 1 : at + 2] == "-" and at + 2 < len(members) else at
        if members[last] < members[at]:
            raise ValueError("a range runs backwards")
        ranges.append((members[at], members[last]))
        at = last + 1
    return tuple(ranges)


def files_matching(text: str) -> Iterator[str]:
    """The files that a glob of the command line fits, as a shell finds them: names that begin with a dot only where the glob has the dot.

    Each folder is read once, however many ways there are to share it among several ``**``.
    """
    text = re.sub("/+", "/", text.replace(os.sep, "/"))
    fixed = re.match(r"(?:[^/*?\[]*/)*", text)
    folder = fixed[0] if fixed else ""
    parts = text[len(folder) :].split("/")
    if ".." in parts:
        from glob import iglob

        yield from (name for name in iglob(text, recursive=True) if os.path.isfile(name))
        return
    # Beside other characters two stars are one to a shell; a dot at the end, as a slash, says that a folder is meant.
    names = [_in_a_name(part) for part in parts[:-1] if part != "."]
    names.append("" if parts[-1] == "." else _in_a_name(parts[-1]))
    yield from _found(folder, Glob("/".join(names)))


def _in_a_name(part: str) -> str:
    return part if part == "**" else re.sub(r"\*+", "*", part)


def _found(folder: str, glob: Glob) -> Iterator[str]:
    waiting = deque([(folder, glob.after(""))])
    seen: set[tuple[object, int]] = set()
    while waiting:
        base, states = waiting.pop()
        if (_identity(base), states) in seen:
            continue  # reached over a link
        seen.add((_identity(base), states))
        for name, is_folder, is_link in _entries(base):
            behind = glob.after(name, glob.seeing(states, name))
            if not is_folder:
                if glob.ends(behind):
                    yield base + name
            elif within := glob.after("/", behind):
                # What a link leads to is looked at last, so that files are found under their own names.
                (waiting.appendleft if is_link else waiting.append)((f"{base}{name}/", within))


def _identity(folder: str) -> object:
    return identity(folder or ".") or folder


def _entries(folder: str) -> list[tuple[str, bool, bool]]:
    """The names in a folder that are files or folders (whether folders, whether links); none where it cannot be read."""
    try:
        with os.scandir(folder or ".") as entries:
            kept = [entry for entry in entries if entry.is_dir() or entry.is_file()]
            return [(entry.name, entry.is_dir(), entry.is_symlink()) for entry in kept]
    except OSError:
        return []
