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
_TURNS: Final = 8
"""Shares for each process: some findings take ten times as long as others, and those stand together."""


def jobs_for(count: int, style: Style) -> int:
    """The processes that work out a report of so many findings: as many as ``style.jobs`` allows and as it pays to make."""
    jobs = count // WORTH_A_PROCESS if style.jobs is None or style.jobs > 1 else 1
    if jobs < 2:
        return 1
    from ..parallel import processes  # only for a report of many findings

    return min(jobs, processes(style.jobs))


def shares_of(items: Sequence[Item], jobs: int) -> list[Sequence[Item]]:
    """The items in shares for so many processes, several for each; none of no items."""
    size = max(-(-len(items) // (jobs * _TURNS if jobs > 1 else 1)), 1)
    return [items[start : start + size] for start in range(0, len(items), size)]


def made_of(shares: Sequence[Share], work: Callable[[Share], Made], jobs: int) -> list[Made]:
    """What ``work`` makes of each share, in their order, done by so many processes, each of which takes the next share until none is left.

    What it makes comes from another process, so it must be made of texts and numbers; where nothing comes, the share is worked out here.
    """
    if jobs < 2:
        return list(map(work, shares))
    from ..parallel import in_turns

    made = in_turns(range(len(shares)), lambda number: work(shares[number]), jobs, ())
    return [made[number] if number in made else work(share) for number, share in enumerate(shares)]
