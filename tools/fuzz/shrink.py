"""Makes a failing case smaller: fewer lines, then fewer characters, as long as the same promise is broken by the same command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .cases import File
from .oracle import Case, Failure, Room, failures

_TRIES: Final = 250
_OF_SECRETS: Final = ("a secret", "a fingerprint", "another secret", "the length")
"""Promises for which a secret must stay whole, and after its name: only lines are left out."""


def smaller(case: Case, failure: Failure, room: Room, seed: int) -> Case:
    """A case of one file with as little in it as shows the failure; other cases are left as they are."""
    if len(case.files) != 1:
        return case
    tries = _TRIES

    def fails(parts: Sequence[Part]) -> bool:
        nonlocal tries
        tries -= 1
        return tries > 0 and any(one.key == failure.key for one in failures(_joined(case, parts), room, seed, only=failure.command))

    for split in (_lines, _characters):
        parts = split(case)
        if parts and (split is _lines or not failure.promise.startswith(_OF_SECRETS)):
            case = _joined(case, _least(parts, fails))
    return case


Part = tuple[bytes, ...]
"""A part of the file, and what stands for it in its twin and in that with longer secrets, if there is one."""


def _lines(case: Case) -> list[Part]:
    texts = [file.data.splitlines(keepends=True) for file in (*case.files, *case.twins, *case.longer)]
    return list(zip(*texts, strict=True)) if len({len(text) for text in texts}) == 1 else []


def _characters(case: Case) -> list[Part]:
    one, other = case.files[0].data, case.twins[0].data
    more = [b""] if case.longer else []
    return [(one[at : at + 1], other[at : at + 1], *more) for at in range(len(one))] if len(one) == len(other) else []


def _joined(case: Case, parts: Sequence[Part]) -> Case:
    def file(like: File, number: int) -> File:
        return like._replace(data=b"".join(part[number] for part in parts))

    longer = (file(case.longer[0], 2),) if case.longer else ()
    return case._replace(files=(file(case.files[0], 0),), twins=(file(case.twins[0], 1),), longer=longer)


def _least(parts: list[Part], fails: Callable[[Sequence[Part]], bool]) -> list[Part]:
    """Delta debugging: leave out halves, quarters, … as long as that fails too."""
    size = max(len(parts) // 2, 1)
    while parts:
        at = 0
        while at < len(parts):
            without = parts[:at] + parts[at + size :]
            if without and fails(without):
                parts = without
            else:
                at += size
        if size == 1:
            break
        size = max(size // 2, 1)
    return parts
