"""The three ways to accept a finding, a module for each, and what they are told about a run."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from pathlib import Path

from ..documents.source import Loaded
from ..files import is_within
from ..model import Document, RuleInfo
from ..options.config import Config
from ..typed import Final, NamedTuple

UNUSED_SUPPRESSION: Final = "unused-suppression"
"""The rule under whose id suppression comments are reported that nothing needs."""


class Checked(NamedTuple):
    """A document that was checked. ``path`` is that of its file, ``config`` the configuration that counts for it.

    ``rules`` are the ids of the rules that it was checked with, ``together`` of those that compare it with others, ``compared`` of those
    that did, ``known`` all rules. ``whole``: its file is one of the run and could be read to its end; ``complete``: the server that it is
    a part of has nothing else.
    """

    loaded: Loaded
    config: Config
    path: Path
    rules: frozenset[str]
    together: frozenset[str]
    compared: frozenset[str]
    known: Mapping[str, RuleInfo]
    whole: bool
    complete: bool

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.loaded.document


class Reach(NamedTuple):
    """How far a run went: the real paths of the folders that were searched, and the files that could not be read."""

    folders: tuple[str, ...]
    unread: tuple[Path, ...]

    def searched(self, folder: Path) -> bool:
        """Whether all of a folder was searched."""
        real = os.path.realpath(folder)
        return any(is_within(real, one) for one in self.folders)

    def is_gone(self, path: Path) -> bool:
        """Whether a file is missing in a folder that was searched for it."""
        return not os.path.lexists(path) and self.searched(path.parent)
