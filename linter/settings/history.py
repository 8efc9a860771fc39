"""What depends on the release of the server: a release, and a fact that changed from one release to another.

Which releases there are is known by :mod:`linter.settings.releases`, which a run on the newest server does not import.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class Release(tuple[int, ...]):
    """A release of the server: its three numbers, so that the later of two is the greater one. Immutable."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> Release:
        """The release of a text that is known to be one, such as one of the catalogue: ``4.3.5`` or ``main``.

        For a text that somebody wrote there is :func:`linter.settings.releases.parse_release`.
        """
        return MAIN if text == _MAIN else cls(map(int, text.split(".")))

    def __str__(self) -> str:
        return _MAIN if self == MAIN else ".".join(map(str, self))

    def __repr__(self) -> str:
        return f"Release({str(self)!r})"


_MAIN: Final = "main"
OLDEST: Final = Release((3, 0, 0))
"""The oldest release that was looked at. What is so since this one may be older."""
MAIN: Final = Release((1_000_000, 0, 0))
"""Not a release: the main branch after the newest one, as the catalogue was last compared with it. It sorts after all releases."""


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
        return list(self.steps.values())[-1] if self.steps else self.before

    @cached_property
    def began(self) -> Release:
        """The release from which on the newest holds; ``OLDEST`` where nothing else is known to have held."""
        return Release.of(list(self.steps)[-1]) if self.steps else OLDEST

    @property
    def values(self) -> list[T]:
        """All that ever held, in order."""
        return [self.before, *self.steps.values()]

    def at(self, release: Release) -> T:
        """What holds in a release."""
        if release is MAIN or release >= self.began:
            return self.newest
        held = self.before
        for first, value in self.steps.items():
            if Release.of(first) > release:
                break
            held = value
        return held

    def __repr__(self) -> str:
        return f"ByRelease({self.before!r}, {dict(self.steps)!r})"
