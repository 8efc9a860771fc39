"""Reports of many findings, worked out in several processes, each of which makes a share of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model import Style
from ..typed import Final, TypeVar

Item = TypeVar("Item")
Share = TypeVar("Share")
Made = TypeVar("Made")

WORTH_A_PROCESS: Final = 500
"""Findings for each process, from which on it pays to make one."""


def shares_of(items: Sequence[Item], style: Style) -> list[Sequence[Item]]:
    """The items in shares, one for each process: as many as ``style.jobs`` and their number allow; none of no items."""
    wanted = style.jobs
    jobs = len(items) // WORTH_A_PROCESS if wanted is None or wanted > 1 else 1
    if jobs > 1:
        from ..parallel import processes  # only for a report of many findings

        jobs = min(jobs, processes(wanted))
    size = max(-(-len(items) // max(jobs, 1)), 1)
    return [items[start : start + size] for start in range(0, len(items), size)]


def made_of(shares: Sequence[Share], work: Callable[[Share], Made]) -> list[Made]:
    """What ``work`` makes of each share, in their order. Where there are several that is done by as many processes.

    What it makes comes from another process, so it must be made of texts and numbers; where nothing comes, the share is worked out here.
    """
    if len(shares) < 2:
        return list(map(work, shares))
    from ..parallel import in_processes

    made = in_processes(shares, work, ())
    return [work(share) if one is None else one for share, one in zip(shares, made, strict=True)]
