"""How a container starts the server, and so where that reads its configuration.

The server has one argument, which says where its configuration is: ``file:…``, ``aws:…``, ``azure:…``, ``gcp:…`` or ``env``, several with
commas between; without it that is ``file:medplum.config.json`` (``packages/server/src/index.ts``), and no variable is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..typed import Any, Literal

Reads = Literal["only", "too", "never", "unknown"]
"""Whether the server reads variables: as its only configuration, besides another, never, or that is not known."""

_LONGEST_COMMAND = 10_000
"""Characters of a command that is one text: a longer one is a script, and shlex takes a word apart in quadratic time."""
_SOURCES = ("file:", "aws:", "azure:", "gcp:")


def reads_variables(arguments: Iterable[Any]) -> Reads:
    """Whether a server reads variables, by the arguments of a container with Medplum's own image: of its command and entry point."""
    words: list[str] = []
    for one in arguments:
        if one is None:
            continue
        given = one if isinstance(one, list) else _split(one)
        if given is None or not all(isinstance(word, str) for word in given):
            return "unknown"
        words.extend(given)
    if any(re.search(r"[\s;$&|{]", word) for word in words):
        return "unknown"  # a script, or a reference
    named = [word.split(",") for word in words]
    sources = [parts for parts in named if all(part == "env" or part.startswith(_SOURCES) for part in parts)]
    if len(sources) > 1 or (not sources and words):
        return "unknown"
    if not sources:
        return "never"
    return "only" if sources[0] == ["env"] else "too" if "env" in sources[0] else "never"


def _split(command: Any) -> list[str] | None:
    if not isinstance(command, str) or len(command) > _LONGEST_COMMAND:
        return None
    import shlex  # only for a command that is one text

    try:
        return shlex.split(command)
    except ValueError:
        return None
