"""Reports of many findings, worked out in several processes, each of which makes a share of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model import Style
from ..typed import Final, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

WORTH_A_PROCESS: Final = 500
"""Findings for each process, from which on it pays to make one."""


def in_shares(items: Sequence[Item], work: Callable[[Sequence[Item]], Made], style: Style) -> list[Made]:
    """What ``work`` makes of each share of the items, one for each process, in their order; nothing of no items.

    There are as many shares as ``style.jobs`` and the number of items allow, so ``work`` must make of two shares what it makes of both
    together. What it makes comes from another process, so it must be made of texts and numbers; where nothing comes, it is made here.
    """
    wanted = style.jobs
    jobs = len(items) // WORTH_A_PROCESS if wanted is None or wanted > 1 else 1
    if jobs > 1:
        from ..parallel import in_processes, processes  # only for a report of many findings

        jobs = min(jobs, processes(wanted))
    size = max(-(-len(items) // max(jobs, 1)), 1)
    shares = [items[start : start + size] for start in range(0, len(items), size)]
    if len(shares) < 2:
        return list(map(work, shares))
    made = in_processes(shares, work, ())
    return [work(share) if one is None else one for share, one in zip(shares, made, strict=True)]
