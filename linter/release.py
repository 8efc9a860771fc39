"""A release of the server, which one a document is judged by, and facts that depend on the release.

Which releases there are is known by :mod:`linter.settings.releases`, which a run on the newest server does not import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

from .typed import Any, Final, Generic, NamedTuple, TypeVar


class Release(tuple[int, ...]):
    """A release of the server: its three numbers, so that the later of two is the greater one. Immutable."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> Release:
        """The release of a text that is known to be one, such as one of the catalogue: ``4.3.5`` or ``main``.

        For a text that a user wrote there is :func:`linter.settings.releases.parse_release`.
        """
        return MAIN if text == _MAIN else cls(map(int, text.split(".")))

    def __str__(self) -> str:
        return _MAIN if self == MAIN else ".".join(map(str, self))

    def __repr__(self) -> str:
        return f"Release({str(self)!r})"


_MAIN: Final = "main"
OLDEST: Final = Release((3, 0, 0))
"""The oldest release that was looked at. What is so since this one may be older."""
NEWEST: Final = Release((5, 2, 13))
"""The newest release that is known, the last one of :data:`linter.settings.releases.RELEASES`."""
LAST_READ: Final = Release((5, 1, 23))
"""The newest release whose source was read: no release before it is missing, and what the catalogue says of types, texts, values and
defaults is proved for it. It holds for later ones, which are known from pull requests, tests and types, unless a change is known."""
PATCHED: Final = Release((4, 1, 0))
"""The oldest release whose line still gets patches: where nothing says which server it is, older ones are not spoken of."""
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
    """One part of a range, such as ``>=4.3``: a sign, and the text that should be a release or the numbers that releases begin with."""

    sign: str
    number: str

    @classmethod
    def of(cls, text: str) -> Clause:
        """The clause of a text, which is right only if its ``number`` is one."""
        text = text.strip()
        sign = next((sign for sign in _SIGNS if text.startswith(sign)), "")
        return cls(sign or "=", text[len(sign) :].lstrip())

    def holds_for(self, release: Release, bound: Release) -> bool:
        """Whether a release is in it. As many numbers are compared as the bound has, so ``<=4.3`` has all patches of 4.3."""
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
    """Whether a release is in a range that is known to be one, such as one of a rule: ``>=4.3,<5``.

    What came after the newest release on the main branch is taken for its next patch, so that ``<6`` includes it.
    """
    if release == MAIN:
        release = _AFTER_NEWEST
    clauses = map(Clause.of, text.split(","))
    return all(clause.holds_for(release, Release.of(clause.number)) for clause in clauses)


class ServerVersion(NamedTuple):
    """Which server a document is for: the releases that it may be, of which the newest, ``release``, is the one that it is checked against.

    ``reason`` says where that is known from, for people: ``--server-version``, ``the image in compose.yaml``.
    """

    oldest: Release = PATCHED
    release: Release = MAIN
    reason: str = "the newest known release"
    newer: str = ""
    """The release that it is said to be, where that is newer than any that is known: it is checked against the newest."""
    is_known: bool = True
    """Whether anything says which server it is; else it is checked against the newest, and may be any."""

    @property
    def text(self) -> str:
        """The release that is checked against, for people; what is known of the main branch is reported for the newest release."""
        return str(NEWEST if self.release == MAIN and self.oldest != MAIN else self.release)

    @property
    def why(self) -> str:
        """Where that is known from; of a newer release, that it is checked against the newest that is known."""
        return f"the newest known release; {self.reason} says {self.newer}" if self.newer else self.reason

    @property
    def described(self) -> str:
        """The server in a few words, with why, and of several releases the oldest: rules about older servers name none before it."""
        several = "" if not self.is_known or str(self.oldest) == self.text else f", {self.oldest} or later"
        return f"server {self.text} ({self.why}{several})"

    def may_be_before(self, release: Release) -> bool:
        """Whether it can be an older server than this release."""
        return self.oldest < release


ANY_SERVER: Final = ServerVersion(is_known=False)
"""Nothing says which server it is: it is checked against the newest, and may be any."""


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
        return next((value for first, value in reversed([*self.steps.items()]) if Release.of(first) <= release), self.before)
