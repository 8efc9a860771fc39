"""``[[accept]]`` of a configuration: which findings it accepts, and which of its tables have expired or accept nothing.

A table that nothing needs is reported, so that it cannot hide a later mistake; but only where the run shows that: a hook that is given
some of the files knows nothing of the others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ..config import Acceptance, Config
from ..documents.deployment import names_of
from ..files import relative_to_here
from ..model import Document, Finding, Notice, dotted, members_as_one
from . import Checked, Reach

_Place = tuple["str | None", "str | None"]
"""The path and the environment of acceptances, each None for any."""
_Key = tuple[_Place, str, "str | None"]
"""What acceptances are looked up by: their place, rule and setting."""


class _Configured:
    """The acceptances of one configuration by their numbers, and what a run has shown of them."""

    def __init__(self, config: Config, today: date) -> None:
        self.config = config
        self.valid: dict[_Key, int] = {}
        self.expired: dict[_Key, list[int]] = {}
        self.used: set[int] = set()
        self.came_back: set[int] = set()
        """The expired ones whose finding is still there."""
        self.checked: dict[_Place, set[str] | None] = {}
        """The rules that were checked in each place; None where no document is there."""
        self.named: dict[str | None, set[str]] = {None: set()}
        """The rules that were checked in the one file that a path names."""
        self.unread: set[str | None] = set()
        """The paths of documents that could not be read to their ends."""
        for number, one in enumerate(config.accept):
            place = (one.path, one.environment)
            self.checked[place] = None
            self.named[one.path] = set()
            key = (place, one.rule, one.setting)
            if one.until is not None and one.until < today:
                self.expired.setdefault(key, []).append(number)
            else:
                self.valid.setdefault(key, number)

    def take(self, checked: Checked) -> list[_Place]:
        """Add a document; the places in which it is."""
        places: list[_Place] = []
        for path in (None, *self.config.fitting("accept", checked.path)):
            if not checked.whole:
                self.unread.add(path)
            if path is not None and _names(self.config, path, checked.path):
                self.named[path] |= checked.rules
            places += [place for name in (None, *names_of(checked.document)) if (place := (path, name)) in self.checked]
        for place in places:
            self.checked[place] = (self.checked[place] or set()) | checked.rules | checked.together
        return places

    def why_unused(self, number: int, *, whole: bool) -> str | None:
        """Why no finding needs an acceptance, and what to do; None where that is not certain. ``whole``: the whole folder was searched."""
        one = self.config.accept[number]
        checked, named = self.checked[one.path, one.environment], one.rule in self.named[one.path]
        if one.path in self.unread or not (named or (whole and (checked is None or one.rule in checked))):
            return None
        if checked is not None:
            return "the rule finds nothing there: delete it"
        file = None if named else _one_file(self.config, one.path or "")
        if file is not None:
            return None if os.path.lexists(file) else "there is no such file: delete it"
        unless = "" if named else ", unless it is for a file that a search does not take"
        return f"nothing that was checked fits it: delete it{unless}"


class Acceptances:
    """The acceptances of all configurations of a run, as of a day."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._of: dict[Path | None, _Configured] = {}
        self._places: dict[Document, tuple[_Configured, list[_Place]]] = {}

    def take(self, checked: Checked) -> None:
        """Add a document that was checked."""
        config = checked.config
        if not config.accept:
            return
        if config.path not in self._of:
            self._of[config.path] = _Configured(config, self._today)
        configured = self._of[config.path]
        self._places[checked.document] = configured, configured.take(checked)

    def reason(self, finding: Finding) -> str | None:
        """The reason of the first acceptance that covers a finding and has not expired."""
        if finding.document not in self._places:
            return None
        configured, places = self._places[finding.document]
        path = finding.path or ()
        settings = dict.fromkeys((None, dotted(path), dotted(members_as_one(path))))
        keys = [(place, finding.rule, setting) for place in places for setting in settings]
        number = min((configured.valid[key] for key in keys if key in configured.valid), default=None)
        if number is None:
            for key in keys:
                configured.came_back.update(configured.expired.pop(key, ()))
            return None
        configured.used.add(number)
        configured.config.use.accepted.append(finding.rule)
        return configured.config.accept[number].reason

    def notices(self, reach: Reach) -> Iterator[Notice]:
        """The acceptances that have expired or accept nothing, once :meth:`reason` has seen every finding."""
        for configured in self._of.values():
            config = configured.config
            assert config.path is not None  # there are none without a file
            whole, file = reach.searched(config.folder), relative_to_here(config.path)
            # What could not be read may hold what an acceptance of its path, or of every one, is for.
            configured.unread.update(path for one in reach.unread for path in (None, *config.fitting("accept", one)))
            for number, one in enumerate(config.accept):
                if number in configured.came_back:
                    why = f"expired on {one.until}: fix the finding, or decide again and give a later date"
                    yield Notice("expired-acceptance", file, one.line, f"the acceptance of {_described(one)} {why}")
                elif number not in configured.used and (reason := configured.why_unused(number, whole=whole)):
                    yield Notice("unused-acceptance", file, one.line, f"the acceptance of {_described(one)} is unused, because {reason}")


def _names(config: Config, glob: str, path: Path) -> bool:
    """Whether a glob is the path of one file, which it is only with a slash: without one it is a name at any depth."""
    one = _one_file(config, glob)
    return one is not None and os.path.normpath(one) == os.path.abspath(path)


def _one_file(config: Config, glob: str) -> Path | None:
    """The file that a glob is the path of, if it is none for several."""
    # The signs of a glob in brackets, as "medplum-lint accept" writes a name that holds them, stand for themselves.
    plain = re.sub(r"\[([*?[])\]", "", glob)
    if "/" not in glob or any(sign in plain for sign in "*?["):
        return None
    return config.folder / re.sub(r"\[([*?[])\]", r"\1", glob).strip("/")


def _described(acceptance: Acceptance) -> str:
    setting = f" at {acceptance.setting}" if acceptance.setting else ""
    path = f" in {acceptance.path}" if acceptance.path is not None else ""
    environment = f" (environment {acceptance.environment})" if acceptance.environment is not None else ""
    return f"{acceptance.rule}{setting}{path}{environment}"
