"""``[[accept]]`` tables: which findings they accept, and which tables have expired or accept nothing.

An unneeded table is reported, so that it cannot hide a later mistake, but only if the run proves it: a hook that gets some of the files
knows nothing about the others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ..deployment.members import names_of
from ..files import is_name
from ..model import Acceptance, Finding, Notice, dotted, members_as_one
from ..options.config import Config
from . import Checked, Listed, Reach

_Place = tuple["str | None", "str | None"]
"""The path and the environment of acceptances, each None for any."""
_Key = tuple[_Place, str, "str | None"]
"""The key of acceptances: their place, rule and setting."""


class Acceptances:
    """What one configuration accepts in its documents as of a day, by the index of the table, and what a run has shown about each."""

    def __init__(self, documents: list[Checked], today: date | None) -> None:
        self._config = documents[0].config
        self._today = today
        self._tables = sorted(self._config.accept, key=lambda one: one.is_over(today))
        """The tables, with the expired ones last."""
        self._first: dict[_Key, int] = {}
        self._used: set[int] = set()
        self._checked: dict[_Place, set[str] | None] = {}
        """The rules that were checked in each place; None if no document is there."""
        self._named: dict[str | None, set[str]] = {None: set()}
        """The rules that were checked in the one file that a path names."""
        self._unread: set[str | None] = set()
        """The paths of documents that could not be read to the end."""
        for number, one in enumerate(self._tables):
            place = (one.path, one.environment)
            self._checked[place] = None
            self._named[one.path] = set()
            self._first.setdefault((place, one.rule, one.setting), number)
        self._places = {checked.document: self._places_of(checked) for checked in documents}

    def _places_of(self, checked: Checked) -> list[_Place]:
        """The places that a document is in; records what was checked there."""
        places: list[_Place] = []
        for path in (None, *self._config.fitting("accept", checked.path)):
            if not checked.whole:
                self._unread.add(path)
            if path is not None and _names(self._config, path, checked.path):
                self._named[path] |= checked.rules
            places += [place for name in (None, *names_of(checked.document)) if (place := (path, name)) in self._checked]
        for place in places:
            self._checked[place] = (self._checked[place] or set()) | checked.rules | checked.together
        return places

    def acceptance(self, finding: Finding) -> Acceptance | None:
        """The first table that covers a finding and has not expired; if all have, the first one."""
        path = finding.path or ()
        settings = dict.fromkeys((None, dotted(path), dotted(members_as_one(path))))
        keys = [(place, finding.rule, setting) for place in self._places[finding.document] for setting in settings]
        number = min((self._first[key] for key in keys if key in self._first), default=None)
        if number is None:
            return None
        self._used.add(number)
        if not self._tables[number].is_over(self._today):
            self._config.use.accepted.append(finding.rule)
        return self._tables[number]

    def listed(self, reach: Reach) -> Iterator[Listed]:
        """See :class:`~linter.acceptance.acceptors.Acceptor`."""
        config = self._config
        whole = reach.searched(config.folder)
        # A file that could not be read may have the finding that a table for its path, or for every path, accepts.
        self._unread.update(path for one in reach.unread for path in (None, *config.fitting("accept", one)))
        for number, one in enumerate(self._tables):
            is_used = number in self._used
            why_not = None if is_used else self._why_unused(one, whole=whole)
            if why_not or self._checked[one.path, one.environment] is not None:
                yield one, is_used, why_not

    def notices(self, reach: Reach) -> Iterator[Notice]:
        """The tables that accept nothing, once :meth:`acceptance` has seen every finding."""
        for one, _, why in self.listed(reach):
            if why:
                yield Notice("unused-acceptance", one.file, one.line, f"the acceptance of {one.described} is unused, because {why}")

    def _why_unused(self, acceptance: Acceptance, *, whole: bool) -> str | None:
        """Why no finding needs a table, and what to do; None if that is not certain. ``whole``: the whole folder was searched."""
        checked, named = self._checked[acceptance.path, acceptance.environment], acceptance.rule in self._named[acceptance.path]
        is_file = acceptance.path is None or not is_name(acceptance.path)  # others are in no folder that a run could have searched
        if acceptance.path in self._unread or not (named or (whole and is_file and (checked is None or acceptance.rule in checked))):
            return None
        if checked is not None:
            return "the rule finds nothing there: delete it"
        file = None if named else _one_file(self._config, acceptance.path or "")
        if file is not None:
            return None if os.path.lexists(file) else "there is no such file: delete it"
        unless = "" if named else ", unless it is for a file that a search skips"
        return f"nothing that was checked matches it: delete it{unless}"


def _names(config: Config, glob: str, path: Path) -> bool:
    """Whether a glob is the path of one file. It needs a slash: without one it is a name at any depth."""
    one = _one_file(config, glob)
    return one is not None and config.relative(one) == config.relative(path)


def _one_file(config: Config, glob: str) -> Path | None:
    """The file whose path the glob is; None if the glob can match several."""
    # "medplum-lint accept" puts wildcards of a file name in brackets, where they stand for themselves.
    plain = re.sub(r"\[([*?[])\]", "", glob)
    if "/" not in glob or any(sign in plain for sign in "*?["):
        return None
    name = re.sub(r"\[([*?[])\]", r"\1", glob)
    return Path(name) if is_name(name) else config.folder / name.strip("/")
