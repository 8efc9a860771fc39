"""A release of the server, and which one a document is judged by.

Which releases there are is known by :mod:`linter.settings.releases`, which a run on the newest server does not import.
"""

from __future__ import annotations

from typing import Final, NamedTuple


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
NEWEST: Final = Release((5, 1, 23))
"""The newest release that is known, the last one of :data:`linter.settings.releases.RELEASES`."""
MAIN: Final = Release((1_000_000, 0, 0))
"""Not a release: the main branch after the newest one, as the catalogue was last compared with it. It sorts after all releases."""


class ServerVersion(NamedTuple):
    """Which server a document is for: the releases that it may be, of which the newest, ``release``, is what it is judged by.

    ``reason`` says where that is known from, for people: ``--server-version``, ``the image in compose.yaml``.
    """

    oldest: Release = OLDEST
    release: Release = MAIN
    reason: str = "the newest known release"
    newer: str = ""
    """The release that it is said to be, where that is newer than any that is known: it is judged by the newest."""

    @property
    def text(self) -> str:
        """The release that is judged by, for people; what is known of the main branch is said of the newest release."""
        return str(NEWEST if self.release == MAIN and self.oldest != MAIN else self.release)

    @property
    def is_known(self) -> bool:
        """Whether anything says which server it is."""
        return self != ANY_SERVER

    def may_be_before(self, release: Release) -> bool:
        """Whether it can be an older server than this release."""
        return self.oldest < release


ANY_SERVER: Final = ServerVersion()
"""Nothing says which server it is: it is judged by the newest, and may be any."""
