"""How a mistake in a rule is reported: as an exception with a place in the rule, which the reader turns into ``file:line: …``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class RuleError(Exception):
    """A rule that cannot be used. ``path`` leads to the mistake in the rule's YAML (keys and indexes), unless its ``line`` is known."""

    def __init__(self, message: str, path: Sequence[str | int] = (), line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)
        self.line = line


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the nearest known word, else nothing."""
    from .. import suggest  # only after a mistake

    return suggest.did_you_mean(word, known)
