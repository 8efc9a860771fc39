"""The three ways to accept a finding, one module each, and what they need to know about a run."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from pathlib import Path

from ..documents.source import Loaded
from ..files import is_within
from ..model import Acceptance, Document, RuleInfo
from ..options.config import Config
from ..typed import Final, NamedTuple

UNUSED_SUPPRESSION: Final = "unused-suppression"
"""The rule under whose id unneeded suppression comments are reported."""


Listed = tuple[Acceptance, bool, "str | None"]
"""An acceptance, whether it matches a finding, and why it does not, if the run shows that."""


class Checked(NamedTuple):
    """A document that was checked.

    ``path`` is the path of its file, ``config`` the configuration that applies to it. ``rules`` are the ids of the rules it was checked
    with, ``together`` those of rules that compare it with other documents, ``compared`` those of the rules that did, and ``known`` all
    rules. ``whole``: its file was given and could be read to the end; ``complete``: its server has no other sources.
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
    """How far a run went: the real paths of the folders it searched, and the files it could not read."""

    folders: tuple[str, ...]
    unread: tuple[Path, ...]

    def searched(self, folder: Path) -> bool:
        """Whether a whole folder was searched."""
        real = os.path.realpath(folder)
        return any(is_within(real, folder) for folder in self.folders)

    def is_gone(self, path: Path) -> bool:
        """Whether a file is missing from a folder that was searched for it."""
        return not os.path.lexists(path) and self.searched(path.parent)
