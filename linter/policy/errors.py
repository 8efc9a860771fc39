"""How a mistake in a rule is told: as an exception with a place in the rule, turned into ``file:line: …`` by the reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class RuleError(Exception):
    """A rule that cannot be used. ``path`` leads to the mistake in the rule's YAML (keys and indexes)."""

    def __init__(self, message: str, path: Sequence[str | int] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the nearest known word, else nothing."""
    import difflib  # only after a mistake

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
