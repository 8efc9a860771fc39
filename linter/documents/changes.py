"""Edits of a text out of changes of its settings: what the editors of all kinds of documents share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model import Change
from ..syntax.edits import Overlap, apply_edits
from ..text import Edit, Span

EditOne = Callable[[str, Change], "list[Edit] | None"]
"""What makes edits of a text out of one change, or None where that cannot be done."""


def edits_of(content: str, changes: Sequence[Change], edit: EditOne) -> list[Edit] | None:
    """The edits that make the changes; those that meet in one place are made one after the other, as one edit of all between them."""
    apart = [edit(content, change) for change in changes]
    edits = [one for made in apart for one in made or ()]
    if None in apart:
        return None if len(changes) == 1 else _in_turn(content, changes, edit)
    try:
        apply_edits(content, edits)
    except Overlap:
        return _in_turn(content, changes, edit)
    return edits


def _in_turn(content: str, changes: Sequence[Change], edit: EditOne) -> list[Edit] | None:
    """One edit, from the first character that changes to the last one."""
    made = content
    for change in changes:
        edits = edit(made, change)
        if edits is None:
            return None
        made = apply_edits(made, edits)
    if made == content:
        return []
    start = next((at for at, (old, new) in enumerate(zip(content, made, strict=False)) if old != new), min(len(content), len(made)))
    end = 0
    while end < min(len(content), len(made)) - start and content[-1 - end] == made[-1 - end]:
        end += 1
    return [Edit(Span(start, len(content) - end), made[start : len(made) - end])]
