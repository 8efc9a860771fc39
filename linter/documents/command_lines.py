"""How a container starts Medplum's server where its command line of Node.js is written out: what follows the script is the argument."""

from __future__ import annotations

import re

from ..model import Message, sentence
from ..release import Release, ServerVersion
from ..server import start
from ..server.start import Reads
from ..text import Span, printable
from ..typed import Any, Final, NamedTuple
from .source import Problem

_LONGEST: Final = 10_000
"""Characters of a command that is one text: a longer one is a script."""
_WITH_VALUE: Final = frozenset({"-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C", "--conditions"})
"""Options of Node.js whose value is the next word."""


def reads_variables(entry_point: Any, command: Any) -> Reads:
    """Whether a server reads variables, by the entry point of its container (None: that of Medplum's image) and its command.

    What follows the script in the entry point is an argument as the command is: without one the server reads no variables.
    """
    words = _words(entry_point)
    arguments = _arguments_of_server(words) if words else None
    return start.reads_variables((entry_point if arguments is None else arguments, command))


class Start(NamedTuple):
    """How a container starts a server: in what it is started, by word and name, and what to add where it reads no variables."""

    reads: Reads
    word: str
    name: Any
    remedy: str


def never_read(start: Start, server: ServerVersion, at: Span) -> list[Problem]:
    """The problem of variables that their server does not read."""
    named = f"the {start.word} {printable(start.name)}" if isinstance(start.name, str) else f"the {start.word}"
    if start.reads == "never":
        why = "it ignores these variables and reads medplum.config.json, or what its argument names"
        message = sentence(f"{named} starts the server without the argument env", why, f"add {start.remedy}", by=", so ")
    elif takes_sources_for_one(start.reads, server):
        message = sources_for_one(named, server, start.remedy)
    else:
        return []
    return [Problem("environment-not-read", message, at)]


def takes_sources_for_one(reads: Reads, server: ServerVersion) -> bool:
    """Whether an argument names several sources to a server that is too old to read more than one."""
    return reads == "too" and server.release < _SEVERAL_SOURCES


_SEVERAL_SOURCES: Final = Release((5, 1, 2))
"""The first release that reads more than one."""


def sources_for_one(holder: str, server: ServerVersion, remedy: str) -> Message:
    """The message about a holder of variables that names several sources where :func:`takes_sources_for_one`."""
    what = f"{holder} names several sources, which are read from {_SEVERAL_SOURCES} on"
    why = f"your server, {server.text}, takes them for the name of one and does not start"
    return sentence(what, why, f"write {remedy}", by="; ", then=": ", stops=True)


def _words(entry_point: Any) -> list[Any]:
    if isinstance(entry_point, list):
        return entry_point
    is_plain = isinstance(entry_point, str) and len(entry_point) <= _LONGEST and not re.search(r"""['"\\$`;&|<>()]""", entry_point)
    return entry_point.split() if is_plain else []


def _arguments_of_server(words: list[Any]) -> list[str] | None:
    """What follows the server's script on a command line of Node.js; None where it starts something else."""
    if not all(isinstance(word, str) for word in words) or re.fullmatch(r"(?:.*/)?node(?:js)?", words[0]) is None:
        return None
    at = 1
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return words[at + 1 :] if at < len(words) and _is_server(words[at]) else None


def _is_server(script: str) -> bool:
    """Whether a script is the server, as its image or a build of one's own has it; any other can start it as it likes."""
    return re.fullmatch(r"(?:.*/)?index\.[cm]?js|(?:.*/)?server(?:/.*)?\.[cm]?js", script) is not None
