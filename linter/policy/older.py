"""Policies in the language of the release before: what they mean in today's, and what to write instead.

Each entry goes when the next release of medplum-lint is made.
"""

from __future__ import annotations

from ..model import TARGETS
from ..typed import Any, NamedTuple
from .severity import PEDANTIC


class Older(NamedTuple):
    """A key or word that is written otherwise today: its place in the data, and a sentence that says what to write."""

    place: tuple[str | int, ...]
    says: str


def modernized(data: Any) -> tuple[Any, list[Older]]:
    """The data of a rule in today's language, and what in it is older. What is not understood stays as it is."""
    if not isinstance(data, dict):
        return data, []
    older: list[Older] = []
    return _without_pedantic(data, older), older


def _without_pedantic(data: dict[str, Any], older: list[Older]) -> dict[str, Any]:
    """``severity: pedantic`` in place of the key ``pedantic`` beside a level."""
    given = data.get(PEDANTIC)
    by_target = given if isinstance(given, dict) else dict.fromkeys(TARGETS, given)
    severity = data.get("severity")
    levels = severity if isinstance(severity, dict) else dict.fromkeys(TARGETS, severity)
    if set(by_target) != set(TARGETS) or set(levels) != set(TARGETS) or not all(isinstance(one, bool) for one in by_target.values()):
        return data
    words = {target: PEDANTIC if by_target[target] and levels[target] != "off" else levels[target] for target in TARGETS}
    is_one = len(set(words.values())) == 1
    written = PEDANTIC if is_one else f"{{{', '.join(f'{target}: {word}' for target, word in words.items())}}}"
    older.append(Older((PEDANTIC,), f'"pedantic" is a severity now: write "severity: {written}" in place of both'))
    kept = {key: value for key, value in data.items() if key != PEDANTIC}
    return {**kept, "severity": words[TARGETS[0]] if is_one else words}
