"""Releases of the server, the release that a document is checked against, and facts that depend on the release.

:mod:`linter.settings.releases` knows which releases exist; a run on the newest server does not import it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

from .typed import Any, Final, Generic, NamedTuple, TypeVar


class Release(tuple[int, ...]):
    """A release of the server: its three numbers, ordered. Immutable."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> Release:
        """The release in a text that is known to be one, such as in the catalogue: ``4.3.5`` or ``main``.

        For user input there is :func:`linter.settings.releases.parse_release`.
        """
        return MAIN if text == _MAIN else cls(map(int, text.split(".")))

    def __str__(self) -> str:
        return _MAIN if self == MAIN else ".".join(map(str, self))

    def __repr__(self) -> str:
        return f"Release({str(self)!r})"


_MAIN: Final = "main"
OLDEST: Final = Release((3, 0, 0))
"""The oldest release that was examined. Facts since this one may be older."""
NEWEST: Final = Release((5, 2, 13))
"""The newest release that is known, the last one of :data:`linter.settings.releases.RELEASES`."""
LAST_READ: Final = Release((5, 1, 23))
"""The newest release whose source was read: no release before it is missing, and the catalogue's types, texts, values and defaults are
proved for it. They apply to later ones, which are known from pull requests, tests and types, unless a change is known."""
PATCHED: Final = Release((4, 1, 0))
"""The oldest release whose line still gets patches: if the server is not known, older ones are not mentioned."""
MAIN: Final = Release((1_000_000, 0, 0))
"""Not a release: the main branch after the newest one, as the catalogue was last compared with it. It sorts after all releases."""


_SIGNS: Final[Mapping[str, Callable[[Release, Release], bool]]] = {
    ">=": Release.__ge__,
    "<=": Release.__le__,
    ">": Release.__gt__,
    "<": Release.__lt__,
    "=": Release.__eq__,
}


class Clause(NamedTuple):
    """One part of a range, such as ``>=4.3``: an operator, and the text that should be a release or a prefix of one."""

    sign: str
    number: str

    @classmethod
    def of(cls, text: str) -> Clause:
        """The clause in a text, which is valid only if it has a ``number``."""
        text = text.strip()
        sign = next((sign for sign in _SIGNS if text.startswith(sign)), "")
        return cls(sign or "=", text[len(sign) :].lstrip())

    def holds_for(self, release: Release, bound: Release) -> bool:
        """Whether it contains a release. Only as many numbers are compared as the bound has, so ``<=4.3`` contains all patches of 4.3."""
        return _SIGNS[self.sign](Release(release[: len(bound)]), bound)


_AFTER_NEWEST: Final = Release((*NEWEST[:2], NEWEST[2] + 1))


class ReleaseText(str):
    """A release as a message names it, which compares as ``release``: the main branch is reported as the newest release."""

    release: Release

    @classmethod
    def of(cls, text: str, release: Release) -> ReleaseText:
        """The text for a release."""
        made = cls(text)
        made.release = release
        return made


def is_in_range(release: Release, text: str) -> bool:
    """Whether a release is in a range that is known to be valid, such as a rule's: ``>=4.3,<5``.

    Commits on the main branch after the newest release count as its next patch, so that ``<6`` includes them.
    """
    if release == MAIN:
        release = _AFTER_NEWEST
    clauses = map(Clause.of, text.split(","))
    return all(clause.holds_for(release, Release.of(clause.number)) for clause in clauses)


class ServerVersion(NamedTuple):
    """The server that a document is for: the releases it may be, and ``release``, the newest of them, which is checked against.

    ``reason`` says how that is known, for people: ``--server-version``, ``the image in compose.yaml``.
    """

    oldest: Release = PATCHED
    release: Release = MAIN
    reason: str = "the newest known release"
    newer: str = ""
    """The stated release, if it is newer than all known ones: it is checked against the newest."""
    is_known: bool = True
    """Whether the server is known; if not, it is checked against the newest, and may be any."""

    @property
    def text(self) -> str:
        """The release that is checked against, for people; the main branch is reported as the newest release."""
        return str(NEWEST if self.release == MAIN and self.oldest != MAIN else self.release)

    @property
    def why(self) -> str:
        """How that is known; for a newer release, that the newest known one is checked instead."""
        return f"the newest known release; {self.reason} says {self.newer}" if self.newer else self.reason

    @property
    def described(self) -> str:
        """The server in a few words, with the reason, and the oldest of several releases: rules about older servers name none before it."""
        several = "" if not self.is_known or str(self.oldest) == self.text else f", {self.oldest} or later"
        return f"server {self.text} ({self.why}{several})"

    def may_be_before(self, release: Release) -> bool:
        """Whether it can be an older server than this release."""
        return self.oldest < release


ANY_SERVER: Final = ServerVersion(is_known=False)
"""An unknown server: it is checked against the newest, and may be any."""


T = TypeVar("T")


def has_begun(release: Release, first: Release, after: Release | None) -> bool | None:
    """Whether a change between ``after`` and ``first`` is in a release; None between the two, where that is not known."""
    if release >= first:
        return True
    return None if after is not None and release > after else False


class ByRelease(Generic[T]):
    """A fact that depends on the release of the server. Immutable, but for its cache.

    ``before`` is the value before the first release named; ``steps`` maps a release (as text, in order) to the value from then on.
    """

    def __init__(self, before: T, steps: Mapping[str, T] = MappingProxyType({})) -> None:
        self.before = before
        self.steps = steps

    @classmethod
    def of(cls, built: Any, before: T) -> ByRelease[T]:
        """The fact from the catalogue: a mapping from releases, or one value for all."""
        return cls(before, built) if isinstance(built, dict) else cls(built)

    @cached_property
    def newest(self) -> T:
        """The value in ``MAIN``."""
        return self.values[-1]

    @cached_property
    def began(self) -> Release:
        """The release from which the newest value applies; ``OLDEST`` if no other is known."""
        return self.since(MAIN)

    def since(self, release: Release) -> Release:
        """The first release with the value of this release."""
        return max((first for first in map(Release.of, self.steps) if first <= release), default=OLDEST)

    @property
    def values(self) -> list[T]:
        """All values, in order."""
        return [self.before, *self.steps.values()]

    def at(self, release: Release) -> T:
        """The value in a release."""
        return next((value for first, value in reversed([*self.steps.items()]) if Release.of(first) <= release), self.before)
