"""Paths and places as code hosting platforms find them: relative to the root of the repository, revealing nothing else about the machine.

The root is the nearest folder above the file that contains ``.git``, whatever the working directory. A file in no repository is relative to
the root of the run's repository, or to the working directory: ``../x.json``. If that would reveal where on a machine they are, only the
name is kept: ``<outside>/x.json``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote_from_bytes

from ..files import is_name
from ..model import Finding, Level, Related, Result
from ..redaction.mask import shown_span
from ..text import Position, Span, count, inert, printable
from ..typed import Final, NamedTuple
from ._words import UNREAD, about_the_run, fix_of, line, message_of, of_holder, servers, shown, summary, unread

_SCHEME: Final = re.compile(r"https?://|aws:")
"""The beginning of the address of a running server, or of the name of a deployment."""
_OUTSIDE: Final = "<outside>"
_WINDOWS: Final = re.compile(r"[A-Za-z]:[\\/]|\\\\")
"""The beginning of an absolute Windows path, which elsewhere is only a name."""
_BACKSLASH: Final = re.compile(r"[\\/]")


class ReportedPath(NamedTuple):
    """A path with forward slashes, neither escaped nor quoted.

    ``relative``: it is relative to the root of the repository, or its substitute; otherwise it is only a name, such as ``<stdin>``, or
    what is read over the network.
    """

    path: str
    relative: bool

    @property
    def text(self) -> str:
        """The path, safe to print."""
        return printable(self.path)

    @property
    def uri(self) -> str:
        """The path as a relative reference of RFC 3986, percent-encoded from its bytes, or what is read over the network."""
        scheme = None if self.relative else _SCHEME.match(self.path)
        return _quoted(self.path) if scheme is None else scheme[0] + _quoted(self.path[scheme.end() :]).replace("%3A", ":")


def reported_path(path: str) -> ReportedPath:
    """How reports for platforms name a file (see above). ``path`` is the user's, relative to the working directory. Never fails."""
    if is_name(path):
        return ReportedPath(path, False)
    if _WINDOWS.match(path) and not os.path.lexists(path):  # the name of standard input, or a report made elsewhere
        return ReportedPath(f"{_OUTSIDE}/{_BACKSLASH.split(path)[-1]}", False)
    try:
        file = Path(os.path.abspath(path))
        relative = _in_repository(file) or _seen_from_here(file)
    except (OSError, ValueError):  # the working directory is gone; an impossible file name
        relative = None if os.path.isabs(path) else path
    if relative is None:
        return ReportedPath(f"{_OUTSIDE}/{os.path.basename(path)}", False)
    return ReportedPath(relative, True)


def _seen_from_here(file: Path) -> str | None:
    """The path from the root of the run's repository, or from the working directory; None if they share no folder.

    From ``/`` the rest would be the machine's own path.
    """
    here = Path.cwd()
    base = next((folder for folder in (here, *here.parents) if os.path.exists(folder / ".git")), here)
    shared = Path(os.path.commonpath([file, base]))
    return Path(os.path.relpath(file, base)).as_posix() if shared == base or len(shared.parts) > 1 else None


def _in_repository(file: Path) -> str | None:
    """The path from the root of the repository; for a link within it, the path of its target: GitHub cannot show a link."""
    root = next((folder for folder in file.parents if os.path.exists(folder / ".git")), None)
    if root is None:
        return None
    return _below(Path(os.path.realpath(file)), Path(os.path.realpath(root))) or _below(file, root)


def _below(file: Path, folder: Path) -> str | None:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else None


def _quoted(path: str) -> str:
    """Keep everything that a path segment may contain (RFC 3986, 3.3) but the colon, which would turn the first one into a scheme."""
    try:
        name = path.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        name = path.encode(errors="replace")
    return quote_from_bytes(name, safe="/!$&'()*+,;=@")


# --- Places ---------------------------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where something is, for people and platforms: the file, and the visible part of a span."""

    file: ReportedPath
    start: Position
    end: Position

    @property
    def text(self) -> str:
        """``path:line:column``."""
        return f"{self.file.text}:{self.start.line}:{self.start.column}"


class Placer:
    """Finds the places of findings, and of their related settings; for a masked value it is the first character.

    It looks up each path once, and lives as long as a report, because a path depends on the working directory.
    """

    def __init__(self) -> None:
        self.file = cache(reported_path)

    def __call__(self, finding: Finding | Related) -> Place:
        text = finding.document.text
        start, end = shown_span(finding.document, finding.path, finding.span)
        length = len(text.content)
        return Place(self.file(finding.document.uri), *text.positions(Span(min(start, length), min(max(start, end), length))))


def related(finding: Finding, place: Placer, most: int = 10) -> list[str]:
    """The other places of a finding, each with its text: the first of them, and how many more there are."""
    shown = finding.related[:most]
    places = [f"{place(one).text}: {line(one.message)}{of_holder(one.document)}" for one in shown]
    more = len(finding.related) - len(shown)
    return [*places, f"and {count(more, 'more place')}"] if more else places


Command = Callable[[Level, str, ReportedPath, "Place | None", Sequence[str]], str]
"""Makes a command for the runner of a CI service, from a severity, a rule, a file, the place in it, if that is known, and a message."""


def escaped(properties: Mapping[str, object], escapes: Mapping[int, str]) -> list[str]:
    """The non-empty properties of a command, with their values escaped."""
    return [f"{key}={inert(str(value)).translate(escapes)}" for key, value in properties.items() if value]


def logged(result: Result, command: Command, *, has_notes: bool, quiet: bool) -> Iterator[str]:
    """A log for a runner: the findings with their other places, each path that could not be read, and unless ``quiet`` plain lines.

    ``has_notes``: a note is a command as well; otherwise it is a line of the log.
    """
    place = Placer()
    for one in shown(result):
        where, rule, message = place(one), printable(one.rule), message_of(one)
        if one.severity == "note" and not has_notes:
            yield f"{inert(f'{where.text}: note[{rule}]: {message}')}\n"
        else:
            lines = [f"{where.text}: {rule}: {message}", *related(one, place), *filter(None, [fix_of(one)])]
            yield command(one.severity, rule, where.file, where, lines)
    for path, why in unread(result.files).items():
        file = place.file(path)
        yield command("error", UNREAD, file, None, [f"{file.text}: {why}"])
    if not quiet:
        last = [f"{summary(result)}."] if result.files else []
        yield from (f"{inert(line)}\n" for line in (*servers(result), *about_the_run(result), *last))
