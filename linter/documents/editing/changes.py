"""From changes of settings to edits of a text: what the editors of all kinds of documents share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from os.path import commonprefix

from ...model import Change
from ...syntax.edits import Overlap, Taken, apply_edits
from ...text import Edit, Edits, Span

EditChanges = Callable[[str, Sequence[Change]], Edits]
"""Turns a change, or a whole split, into edits of a text; None if that is not possible."""


def split_of(changes: Sequence[Change], rank: Callable[[Change], int | None]) -> tuple[Change, ...]:
    """The changes that replace the only removed setting by several new ones, after the change that removes it; or none.

    ``rank`` is the place of a new setting in the order of the documentation; None if it does not belong there.
    """
    removed = [change for change in changes if change.action == "remove"]
    ranked = [(place, change) for change in changes if change.action == "set" and (place := rank(change)) is not None]
    return (removed[0], *(change for _, change in sorted(ranked, key=lambda pair: pair[0]))) if len(removed) == 1 and ranked else ()


def edits_of(content: str, changes: Sequence[Change], split: Sequence[Change], edit: EditChanges) -> Edits:
    """The edits that make the changes; a split is made in one step if possible."""
    singly = [[change] for change in changes]
    made = _edits_of(content, [split, *(single for single in singly if single[0] not in split)], edit) if split else None
    return _edits_of(content, singly, edit) if made is None else made


def _edits_of(content: str, steps: Sequence[Sequence[Change]], edit: EditChanges) -> Edits:
    """The edits of several steps; steps that touch the same place are applied one after the other, as one edit that spans them."""
    apart = [edit(content, step) for step in steps]
    if len(steps) == 1:
        return apart[0]
    edits = [made_edit for made in apart for made_edit in made or ()]
    if None not in apart and not _meet(apart):
        return edits
    in_turn = content
    for step in steps:
        made = edit(in_turn, step)
        if made is None:
            return None
        in_turn = apply_edits(in_turn, made)
    with suppress(Overlap):
        if None not in apart and apply_edits(content, edits) == in_turn:
            return edits  # they only touch
    return as_one(content, in_turn)


def _meet(apart: Sequence[Edits]) -> bool:
    """Whether the edits of one step conflict with those of another."""
    taken = Taken()
    for made in apart:
        if taken.meet(made or ()):
            return True
        taken.add(made or ())
    return False


def as_one(content: str, made: str) -> list[Edit]:
    """One edit, from the first changed character to the last."""
    start = len(commonprefix((content, made)))
    end = len(commonprefix((content[start:][::-1], made[start:][::-1])))
    return [Edit(Span(start, len(content) - end), made[start : len(made) - end])] if made != content else []
