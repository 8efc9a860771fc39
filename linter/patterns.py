"""Regular expressions that are compiled when they are first used.

Compiling one takes as long as searching some thousand characters, and a run uses few of the expressions in the modules it imports.
"""

from __future__ import annotations

import re

from .typed import Any, cast


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """The regular expression that :func:`re.compile` would compile at once."""
    return cast("re.Pattern[str]", Uncompiled(text, flags))


class Uncompiled:
    """Stands for a regular expression; on first use it gets all attributes of the compiled one, and is as fast."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def compiled(self) -> re.Pattern[str]:
        """The regular expression itself."""
        return re.compile(self._text, self._flags)

    def __getattr__(self, name: str) -> Any:
        compiled = self.compiled()
        self.__dict__.update((part, getattr(compiled, part)) for part in dir(compiled) if part[0] != "_")
        return getattr(compiled, name)
