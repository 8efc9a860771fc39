"""What depends on the release of the server: a fact that changed from one release to another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from ..release import MAIN, OLDEST, Release
from ..typed import Any, Generic, TypeVar

T = TypeVar("T")


def has_begun(release: Release, first: Release, after: Release | None) -> bool | None:
    """Whether what holds from ``first`` on, and not yet in ``after``, holds in a release; None between them, where that is not known."""
    if release >= first:
        return True
    return None if after is not None and release > after else False


class ByRelease(Generic[T]):
    """A fact that depends on the release of the server. Immutable, but for what it remembers.

    ``before`` is what holds before the first release that is named; ``steps`` is what holds from a release on, by that release (as text,
    in order) until the next one.
    """

    def __init__(self, before: T, steps: Mapping[str, T] = MappingProxyType({})) -> None:
        self.before = before
        self.steps = steps

    @classmethod
    def of(cls, built: Any, before: T) -> ByRelease[T]:
        """The fact as the catalogue has it: a mapping from releases, or what always holds."""
        return cls(before, built) if isinstance(built, dict) else cls(built)

    @cached_property
    def newest(self) -> T:
        """What holds in ``MAIN``."""
        return self.values[-1]

    @cached_property
    def began(self) -> Release:
        """The release from which on the newest holds; ``OLDEST`` where nothing else is known to have held."""
        return self.since(MAIN)

    def since(self, release: Release) -> Release:
        """The release from which on that holds which holds in a release."""
        return max((first for first in map(Release.of, self.steps) if first <= release), default=OLDEST)

    @property
    def values(self) -> list[T]:
        """All that ever held, in order."""
        return [self.before, *self.steps.values()]

    def at(self, release: Release) -> T:
        """What holds in a release."""
        if release is MAIN or release >= self.began:
            return self.newest
        return next((value for first, value in reversed([*self.steps.items()]) if Release.of(first) <= release), self.before)

    def __repr__(self) -> str:
        return f"ByRelease({self.before!r}, {dict(self.steps)!r})"
