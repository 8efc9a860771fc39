"""How a container starts Medplum's server: by the entry point and the command that are written for it."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..model import Message, sentence
from ..release import Release, ServerVersion
from ..server.start import Reads, argument_of, fault, names_source, reads_variables, with_variables
from ..text import Span, printable
from ..typed import Any, Final, NamedTuple
from .images import is_own_image
from .source import Problem

_LONGEST: Final = 10_000
"""Characters of a command that is one text: a longer one is a script, and shlex takes a word apart in quadratic time."""
_WITH_VALUE: Final = frozenset({"-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C", "--conditions"})
"""Options of Node.js whose value is the next word."""
_REPLACED: Final = re.compile(r"[${]")
"""What is in a word that a template or Kubernetes replaces."""
_OF_SHELL: Final = re.compile(r"[$`;&|<>(){}]")
"""What is in a command that is one text and of which a shell would make something else."""

IGNORES: Final = "ignores these variables and reads medplum.config.json, or what its argument names"
"""What a server does whose start argument does not name the variables."""


class Start(NamedTuple):
    """How a container starts a server: in what it is started, by word and name, its ``arguments`` (None where they are not known), and
    how the file spells a start ``argument``."""

    word: str
    name: Any
    arguments: tuple[str, ...] | None
    spell: Callable[[str], str]

    @property
    def argument(self) -> str | None:
        """The start argument; None where it is not known."""
        return argument_of(self.arguments) if self.arguments is not None else None

    def reads(self, release: Release) -> Reads:
        """Whether a release reads variables."""
        return reads_variables(self.argument, release)

    @property
    def subject(self) -> str:
        """What starts the server, for messages."""
        return f"the {self.word} {printable(self.name)}" if isinstance(self.name, str) else f"the {self.word}"


def arguments_of(image: Any, entry_point: Any, command: Any) -> tuple[str, ...] | None:
    """What follows the server's script, by the entry point of its container (None: that of its ``image``) and its command.

    None where that is not known: where something else is started, or a shell or a template has a say in it; and of another ``image`` than
    Medplum's own, whose entry point is not known, where the command names no source.
    """
    own = [] if entry_point is None else _arguments_of_server(_words(entry_point))
    given = [] if command is None else _words(command)
    if own is None or given is None:
        return None
    words = [*own, *given]
    if entry_point is None and words and not is_own_image(image) and not any(map(names_source, words)):
        return None
    return None if any(map(_REPLACED.search, words)) else tuple(words)


def problems_of_start(start: Start, server: ServerVersion, at: Span) -> list[Problem]:
    """What is wrong with how a server is started that is given variables."""
    invalid = invalid_argument(start, server)
    if invalid is not None:
        return [Problem("invalid-start-argument", invalid, at)]
    if start.reads(server.release) != "never":
        return []
    return [Problem("environment-not-read", sentence(never_read(start), f"it {IGNORES}", remedy_of(start, server), by=", so "), at)]


def never_read(start: Start) -> str:
    """What is wrong where the server reads no variables."""
    count = len(start.arguments or ())
    if count > 1:
        return f"{start.subject} gives the server {count} arguments, and it accepts an argument only if it is the only one"
    return f"{start.subject} starts the server without the argument env"


def remedy_of(start: Start, server: ServerVersion) -> str:
    """What to write instead, so that the server reads variables too."""
    return f"{'write' if start.arguments else 'add'} {start.spell(with_variables(start.arguments or (), server.release))}"


def invalid_argument(start: Start, server: ServerVersion) -> Message | None:
    """The message about a start argument that the server cannot read; None where it can."""
    wrong = fault(start.argument, server.release) if start.argument is not None else None
    if wrong is None:
        return None
    return sentence(f"the start argument of {start.subject} {wrong}", "the server does not start", by=", so ", stops=True)


def _words(command: Any) -> list[str] | None:
    """The words of a command that is a list of texts, or a text; None where it is neither."""
    if isinstance(command, list):
        return command if all(isinstance(word, str) for word in command) else None
    if not isinstance(command, str) or len(command) > _LONGEST or _OF_SHELL.search(command):
        return None
    import shlex  # only for a command that is one text

    try:
        return shlex.split(command)
    except ValueError:
        return None


def _arguments_of_server(words: list[str] | None) -> list[str] | None:
    """What follows the server's script on a command line of Node.js; None where it starts something else."""
    if not words or re.fullmatch(r"(?:.*/)?node(?:js)?", words[0]) is None:
        return None
    at = 1
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return words[at + 1 :] if at < len(words) and _is_server(words[at]) else None


def _is_server(script: str) -> bool:
    """Whether a script is the server, as its image or a build of one's own has it; any other can start it as it likes."""
    return re.fullmatch(r"(?:.*/)?index\.[cm]?js|(?:.*/)?server(?:/.*)?\.[cm]?js", script) is not None
