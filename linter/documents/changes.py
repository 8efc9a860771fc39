"""Edits of a text out of changes of its settings: what the editors of all kinds of documents share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from ..syntax.edits import Overlap, Taken, apply_edits
from ..text import Edit, Span
from ..typed import TypeVar

Step = TypeVar("Step")
"""A change, or several that are made at once."""
EditOne = Callable[[str, Step], "list[Edit] | None"]
"""What makes edits of a text out of one change, or None where that cannot be done."""


def edits_of(content: str, changes: Sequence[Step], edit: EditOne[Step]) -> list[Edit] | None:
    """The edits that make the changes; those that meet in one place are made one after the other, as one edit of all between them."""
    apart = [edit(content, change) for change in changes]
    if len(changes) == 1:
        return apart[0]
    edits = [one for made in apart for one in made or ()]
    if None not in apart and not _meet(apart):
        return edits
    in_turn = _made_in_turn(content, changes, edit)
    if in_turn is None:
        return None
    with suppress(Overlap):
        if None not in apart and apply_edits(content, edits) == in_turn:
            return edits  # they only touch
    return as_one(content, in_turn)


def _meet(apart: Sequence[list[Edit] | None]) -> bool:
    """Whether the edits of one change stand in the way of those of another."""
    taken = Taken()
    for made in apart:
        if taken.meet(made or ()):
            return True
        taken.add(made or ())
    return False


def _made_in_turn(content: str, changes: Sequence[Step], edit: EditOne[Step]) -> str | None:
    """The text with one change made after the other."""
    for change in changes:
        edits = edit(content, change)
        if edits is None:
            return None
        content = apply_edits(content, edits)
    return content


def as_one(content: str, made: str) -> list[Edit]:
    """One edit, from the first character that changes to the last one."""
    if made == content:
        return []
    start = next((at for at, (old, new) in enumerate(zip(content, made, strict=False)) if old != new), min(len(content), len(made)))
    end = 0
    while end < min(len(content), len(made)) - start and content[-1 - end] == made[-1 - end]:
        end += 1
    return [Edit(Span(start, len(content) - end), made[start : len(made) - end])]
