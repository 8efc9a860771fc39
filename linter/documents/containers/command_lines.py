"""How a container starts Medplum's server, judging by its entry point and command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import dropwhile
from posixpath import basename

from ...model import Message, sentence
from ...release import ANY_SERVER, MAIN, Release, ServerVersion
from ...server.start import (
    DEFAULT,
    SEVERAL,
    WORKING_FOLDER,
    Reads,
    argument_of,
    fault,
    layers,
    names_source,
    reads_variables,
    shown,
    with_variables,
)
from ...text import Span, printable
from ...typed import Any, Final, NamedTuple
from ..source import Problem, Started, Unread
from ..variables.in_yaml import Node
from .images import WITHOUT_SHELL, is_own_image, lacks_shell
from .mounts import Mount, Mounts, target_of

_LONGEST: Final = 10_000
"""The maximum length of a command that is one text: a longer one is a script, and shlex splits a word in quadratic time."""
_WITH_VALUE: Final = frozenset({"-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C", "--conditions"})
"""Options of Node.js whose value is the next word."""
_REPLACED: Final = re.compile(r"[${]")
"""Parts of a word that a template or Kubernetes replaces."""
_OF_SHELL: Final = re.compile(r"[$`;&|<>(){}]")
"""Characters in a command that is one text and that a shell would interpret."""
_IN_SCRIPT: Final = re.compile(r"[\n#*?\[~]")
"""The same, for a text that certainly runs in a shell."""
_INIT: Final = re.compile(r"(?:.*/)?(?:dumb-init|tini(?:-static)?)")
"""A program that starts the command after its options."""
_SCRIPT: Final = re.compile(r"(?:.*/)?index\.[cm]?js|(?:.*/)?server(?:/.*)?\.[cm]?js")
"""The server's script, as its image or a custom build names it; any other can start it in its own way."""
_SHELL: Final = re.compile(r"(?:/(?:usr/)?bin/)?(?:ba|da|a)?sh")
TOOLS: Final = re.compile(r"/(?:usr(?:/local)?/?)?|/(?:usr/(?:local/)?)?s?bin(?:/.*)?")
"""The folders that may contain a shell, and those above them."""
CONFIGURATION: Final = "/medplum.config.json"
"""The end of the path of a configuration file."""

IGNORES: Final = "ignores its variables and reads medplum.config.json, or what its argument names"
"""The behaviour of a server whose start argument does not name the variables."""


_BEFORE_5: Final = Release((4, 5, 2))
"""A release that looks for files in another folder than the newest one does."""


class Start(NamedTuple):
    """How a container starts a server.

    It has the kind and name of the container; its image, and its entry point and command (None if the image's apply); and the ``spelling``
    in the file of the start argument ``{}``. ``at`` is where the command is written, or else the entry point. ``folder`` is the working
    directory (None if the image's applies), and ``mounts`` are the volumes of the container.
    """

    word: str
    name: Any
    image: Any
    entry_point: Any
    command: Any
    spelling: str
    at: Node | None = None
    folder: Any = None
    mounts: Mounts = Mounts()

    @property
    def arguments(self) -> tuple[str, ...] | None:
        """The arguments of the server; None if they are not known."""
        return arguments_of(self.image, self.entry_point, self.command)

    @property
    def line(self) -> list[str] | None:
        """The command line, if its first word is known; None otherwise, or if it is the image's."""
        own, given = (words.split() if isinstance(words, str) else words or [] for words in (self.entry_point, self.command))
        line: list[Any] = [*own, *given] if isinstance(own, list) and isinstance(given, list) else [None]
        return line if self.entry_point is not None and all(isinstance(word, str) for word in line) else None

    @property
    def argument(self) -> str | None:
        """The start argument; None if it is not known."""
        return argument_of(arguments) if (arguments := self.arguments) is not None else None

    @property
    def working_folder(self) -> str | None:
        """The working directory of the server; None if it is not known."""
        if self.folder is None:
            return WORKING_FOLDER if is_own_image(self.image) else None
        is_known = isinstance(self.folder, str) and self.folder.startswith("/") and not _REPLACED.search(self.folder)
        return self.folder if is_known else None

    @property
    def is_whole(self) -> bool:
        """Whether an argument can only follow the script, and is not in a command of its own."""
        own = words_of(self.entry_point) if self.entry_point is not None else None
        return own is not None and (_arguments_of_server(own) != [] or any(map(_SHELL.fullmatch, own)))

    def reads(self, release: Release) -> Reads:
        """Whether a release reads variables when started this way."""
        return reads_variables(self.argument, release)

    @property
    def subject(self) -> str:
        """A name for the container, for messages."""
        return f"the {self.word} {printable(self.name)}" if isinstance(self.name, str) else f"the {self.word}"

    def sources(self, release: Release) -> Sequence[str]:
        """The arguments for the server, or else the one for the configuration file that is evidently mounted."""
        line = self.line or ()
        given = (line if any(map(names_source, line[:1])) else self.arguments) or ()
        behind = _arguments_of_server(given)
        meant = (_unwrapped(given) or given) if behind is None else behind
        if meant:
            return meant
        (default,) = layers(DEFAULT, release)
        path = next((mount.target for mount in self.mounts.every if mount.target.endswith(CONFIGURATION)), "")
        is_default = path == default.file(release, self.working_folder or "")
        return [DEFAULT if is_default else f"file:{path}"] if path else []

    def files(self, release: Release) -> list[str]:
        """The absolute paths of the files that the server reads, in its container; empty if they are not known."""
        argument, folder = self.argument, self.working_folder
        if argument is None or folder is None or fault(argument, release) is not None:
            return []
        return [layer.file(release, folder) for layer in layers(argument, release) if layer.kind == "file"]

    def missing_file(self, release: Release) -> str:
        """The path of a file that the server will not find though its argument names it, or that is mounted elsewhere; else empty."""
        mounted = {basename(mount.target) for mount in self.mounts.every}
        return next((path for path in self._lacking(release) if self.arguments or basename(path) in mounted), "")

    def lacks_settings(self, release: Release) -> bool:
        """Whether the server certainly finds none, because all that it reads are files that are not there."""
        lacking = self._lacking(release)
        return bool(lacking) and len(lacking) == len(layers(self.argument or "", release))

    def _lacking(self, release: Release) -> list[str]:
        """The paths of the files that the server reads and certainly does not find: its image has none, and they are not mounted."""
        return list(filter(self.mounts.lack, self.files(release))) if is_own_image(self.image) else []

    @property
    def is_known(self) -> bool:
        """Whether it names variables or a store; or a file that the server reads, or its program, is known or certainly missing.

        In any release, so that all find the same servers.
        """
        if any(layer.kind != "file" and names_source(layer.kind) for layer in layers(self.argument or "", MAIN)):
            return True
        paths = (path for release in (_BEFORE_5, MAIN) for path in self.files(release))
        is_missing = bool(_missing_program(self, ANY_SERVER)) or any(map(self.missing_file, (_BEFORE_5, MAIN)))
        return is_missing or any(self.mounts.find(path) is not None for path in paths)

    def unread(self) -> tuple[Unread, ...]:
        """The note at the server's argument, if that is not known."""
        if self.at is None or self.arguments is not None or not is_own_image(self.image) or _missing_program(self, ANY_SERVER):
            return ()
        line = self.at.file.text.position(self.at.head().start).line
        why = f"how {self.subject} is started is not known here, so what its argument names beside its variables is not checked with them"
        return (Unread(self.at.file.uri, line, why),)

    def started(self, *, whole: bool) -> Started | None:
        """What is needed to join the sources of the server; None if they are not known. ``whole``: all of its variables are known."""
        if self.argument is None:
            return None
        lacks = self.mounts.lack if is_own_image(self.image) else lambda _path: False
        at = (self.at.file.uri, self.at.head()) if self.at is not None else None
        return Started(self.argument, self.mounts.find, whole, self.working_folder or "", lacks, at)


def start_in(word: str, node: Node, members: Sequence[str], spelling: str) -> Start:
    """How a container is started whose entry point, command, working directory and mounts are in these members.

    An empty entry point stands for the image's.
    """
    entry_point, command, folder, mounts = map(node.at, members)
    at = next((command_line for command_line in (command, entry_point) if command_line.value), None)
    is_whole = node.at("volumesFrom").value is None and (mounts.value is None or isinstance(mounts.value, list))
    every = Mounts([Mount(target_of(item.value)) for item in mounts.items], is_whole)
    name, image = node.at("name").value, node.at("image").value
    return Start(word, name, image, entry_point.value or None, command.value, spelling, at, folder.value, every)


def arguments_of(image: Any, entry_point: Any, command: Any) -> tuple[str, ...] | None:
    """The words after the server's script, from the entry point of its container (None: that of its ``image``) and its command.

    None if they are not known: if something else is started, or through a shell or a template; and for an ``image`` other than Medplum's
    own, whose entry point is not known, if the command names no source.
    """
    own = [] if entry_point is None else words_of(entry_point)
    given = [] if command is None else words_of(command)
    if own is None or given is None:
        return None
    words = given if entry_point is None else _arguments_of_server([*own, *given])
    if words is None or (entry_point is None and words and not is_own_image(image) and not any(map(names_source, words))):
        return None
    # A shell between the server and its argument splits words, whatever is in them.
    is_known = not any(map(_REPLACED.search, words)) or (entry_point is None and _SHELL.fullmatch(words[0]) is not None)
    return tuple(words) if is_known else None


def problems_of_start(start: Start, server: ServerVersion, at: Span, *, has_variables: bool = True) -> list[Problem]:
    """What is wrong with how a server is started that may have variables."""
    unstartable = unstartable_start(start, server)
    if unstartable is not None:
        return [Problem(*unstartable, at)]
    if start.reads(server.release) == "never" and (has_variables or "env" in start.sources(server.release)):
        stops = start.lacks_settings(server.release)
        effect = "it reads no settings and does not start" if stops else f"it {IGNORES}"
        message = sentence(never_read(start), effect, remedy_of(start, server), by=", so ", stops=stops)
        return [Problem("environment-not-read" if stops else "start-without-env", message, at)]
    path = start.missing_file(server.release)
    if not path:
        return []
    remedy = f"mount the file {f'at {path}' if path in _USUAL else 'where the argument names it'}"
    what = f"nothing is mounted where {start.subject} looks for its configuration"
    return [Problem("misplaced-config-file", sentence(what, "the server does not start", remedy, by=", so ", stops=True), at)]


_USUAL: Final = frozenset(WORKING_FOLDER + folder + CONFIGURATION for folder in ("", "/packages/server"))
"""Paths that may be shown: any other one was written by the user."""


def never_read(start: Start) -> str:
    """The problem of a server that reads no variables."""
    count = len(start.arguments or ())
    if count > 1:
        return f"{start.subject} gives the server {count} arguments, and it accepts an argument only if it is the only one"
    return f"{start.subject} starts the server without the argument env"


def remedy_of(start: Start, server: ServerVersion) -> str:
    """What to write instead, so that the server reads variables too, along with its other sources."""
    argument = with_variables(start.sources(server.release), server.release)
    spelt = f"{argument} as the only word after the script" if start.is_whole else start.spelling.format(argument)
    remedy = f"{'write' if start.arguments or start.is_whole else 'add'} {spelt}"
    if server.release < SEVERAL and any(source != "env" and names_source(source) for source in start.sources(server.release)):
        return f"{remedy} and give all settings as variables, or move these to the other source: before {SEVERAL} the server reads only one"
    return remedy


def unstartable_start(start: Start, server: ServerVersion) -> tuple[str, Message] | None:
    """The problem that keeps a server from starting, with its message: its image lacks a program, or its argument is invalid."""
    program = _missing_program(start, server)
    if program:
        sources = start.sources(server.release)
        argument = with_variables(sources, server.release) if server.release >= SEVERAL or not sources else shown(sources[0])
        remedy = f"leave the entry point to the image, and write {start.spelling.format(argument)}"
        return "missing-program", sentence(program, "the container does not start", remedy, by=", so ", stops=True)
    wrong = fault(start.argument, server.release) if start.argument is not None else None
    if wrong is None:
        return None
    what, remedy = f"the start argument of {start.subject} {wrong}", "write a source, such as env or file:medplum.config.json"
    return "invalid-start-argument", sentence(what, "the server does not start", remedy, by=", so ", stops=True)


def _missing_program(start: Start, server: ServerVersion) -> str:
    """The message for a container whose image lacks the program that it starts; empty unless that is certain."""
    line = start.line
    if line == [] and is_own_image(start.image):
        return f"{start.subject} has neither an entry point nor a command"
    if line and names_source(line[0]) and (":" in line[0] or line == ["env"]):
        return f"{start.subject} starts a source of its configuration as a program, in place of the image's entry point"
    return missing_shell(start.subject, start, server) if line and _SHELL.fullmatch(line[0]) else ""


def missing_shell(subject: str, start: Start, server: ServerVersion) -> str:
    """The message for a container that starts a shell it does not have; empty if there may be one."""
    is_missing = lacks_shell(start.image, server) and not any(TOOLS.fullmatch(mount.target) for mount in start.mounts.every)
    return f"{subject} starts a shell, which Medplum's image does not have from {WITHOUT_SHELL} on" if is_missing else ""


def words_of(command: Any) -> list[str] | None:
    """The words of a command, either a list of texts or a text; None if it is neither."""
    if isinstance(command, list):
        return command if all(isinstance(word, str) for word in command) else None
    return _split(command) if isinstance(command, str) else None


@lru_cache(maxsize=16)
def _split(command: str) -> list[str] | None:
    if len(command) > _LONGEST or _OF_SHELL.search(command):
        return None
    import shlex  # only for a command that is one text

    try:
        return shlex.split(command)
    except ValueError:
        return None


def _arguments_of_server(words: Sequence[str]) -> list[str] | None:
    """The words after the server's script on a command line of Node.js; None if it starts something else."""
    words = _unwrapped(words) or ()
    if not words or re.fullmatch(r"(?:.*/)?node(?:js)?", words[0]) is None:
        return None
    at = 1
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return list(words[at + 1 :]) if at < len(words) and _SCRIPT.fullmatch(words[at]) is not None else None


def _unwrapped(words: Sequence[str]) -> Sequence[str] | None:
    """The command inside common wrappers: an init program, or a shell with one simple command."""
    if words and _INIT.fullmatch(words[0]):
        words = list(dropwhile(lambda word: word.startswith("-"), words[1:]))
    if len(words) < 3 or _SHELL.fullmatch(words[0]) is None:
        return words
    script = words[2].strip()
    is_simple = re.fullmatch("-[a-z]*c", words[1]) is not None and _IN_SCRIPT.search(script) is None
    line = words_of(script) if is_simple else None
    return line[1:] if line and line[0] == "exec" else line
