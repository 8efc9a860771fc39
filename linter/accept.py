"""Acceptances: which findings a configuration accepts (``[[accept]]``), and which of its acceptances are over or accept nothing.

As with suppression comments one that nothing needs is reported, so that it cannot hide a later mistake; but only where the run shows that:
a hook that is given some of the files knows nothing of the others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

from .choose import Checked, relative_to_here
from .config import Acceptance, Config
from .documents.deployment import names_of
from .model import Document, Finding, Notice, dotted, members_as_one

_Name = tuple[str, str | None]
"""The rule and the setting of acceptances, by which those of a finding are looked up."""


class _Fitting:
    """The acceptances of one name that a document is in the place of, by their indices in the configuration."""

    def __init__(self) -> None:
        self.valid: int | None = None
        """The first that is not over."""
        self.over: list[int] = []


class _Seen:
    """What a run has shown of an acceptance: whether a finding needed it, and whether one came back after it had expired."""

    def __init__(self) -> None:
        self.used = False
        self.came_back = False


class _Place:
    """The acceptances of a configuration for one path and environment, and what a run has shown of these."""

    def __init__(self) -> None:
        self.by_name: dict[_Name, _Fitting] = {}
        self.fits = False
        """Whether some document is there."""
        self.checked: set[str] = set()
        """The rules that were checked there."""


class _Paths:
    """The acceptances of a configuration for one path, or for every one, and what a run has shown of the files that it fits."""

    def __init__(self) -> None:
        self.places: dict[str | None, _Place] = {}
        """By the environment; None is any."""
        self.named: set[str] = set()
        """The rules that were checked in the one file that the path is that of."""
        self.unread = False
        """Whether not all of a document could be read."""


class _Accepting:
    """A configuration and what a run has shown of its acceptances, which are found by their path, environment, rule and setting."""

    def __init__(self, config: Config, today: date) -> None:
        self.config = config
        self.seen = [_Seen() for _ in config.accept]
        self.paths: dict[str | None, _Paths] = {}
        for index, one in enumerate(config.accept):
            place = self.paths.setdefault(one.path, _Paths()).places.setdefault(one.environment, _Place())
            fitting = place.by_name.setdefault((one.rule, one.setting), _Fitting())
            if one.until is not None and one.until < today:
                fitting.over.append(index)
            elif fitting.valid is None:
                fitting.valid = index


class Acceptances:
    """The acceptances of all configurations of a run, as of a day; ``count`` is called for each that is accepted, with its rule."""

    def __init__(self, today: date, count: Callable[[Config, str], object]) -> None:
        self._today = today
        self._count = count
        self._accepting: dict[Path | None, _Accepting] = {}
        self._places: dict[Document, tuple[_Accepting, list[_Place]]] = {}

    def take(self, config: Config, checked: Checked) -> None:
        """Note a document, and the configuration that counts for it."""
        if not config.accept:
            return
        if config.path not in self._accepting:
            self._accepting[config.path] = _Accepting(config, self._today)
        accepting = self._accepting[config.path]
        found: list[_Place] = []
        for path in (None, *config.fitting("accept", checked.path)):
            if (paths := accepting.paths.get(path)) is None:
                continue
            paths.unread |= not checked.whole
            if path is not None and _names(config, path, checked.path):
                paths.named |= checked.rules
            for environment in (None, *names_of(checked.document)):
                if (place := paths.places.get(environment)) is not None:
                    place.fits = True
                    place.checked |= checked.rules | checked.together
                    found.append(place)
        self._places[checked.document] = accepting, found

    def apply(self, finding: Finding) -> Finding:
        """The finding, with the reason of the first acceptance that covers it and is not over."""
        if finding.document not in self._places:
            return finding
        accepting, places = self._places[finding.document]
        names = _names_of(finding)
        covering = [place.by_name[name] for place in places for name in names if name in place.by_name]
        valid = min((one.valid for one in covering if one.valid is not None), default=None)
        if valid is None:
            for one in covering:
                while one.over:  # once is enough
                    accepting.seen[one.over.pop()].came_back = True
            return finding
        accepting.seen[valid].used = True
        self._count(accepting.config, finding.rule)
        return finding._replace(suppressed=accepting.config.accept[valid].reason, accepted_by="configuration")

    def notices(self, searched: Callable[[Path], bool], unread: Iterable[Path]) -> Iterator[Notice]:
        """What is to be said of acceptances that are over or accept nothing; to be asked when :meth:`apply` has seen every finding.

        ``searched`` tells whether all of a folder was, ``unread`` are the files that could not be read.
        """
        unread = list(unread)
        for accepting in self._accepting.values():
            config = accepting.config
            assert config.path is not None  # there are none without a file
            whole, file = searched(config.folder), relative_to_here(config.path)
            # What could not be read may hold what an acceptance of its path, or of every one, is for.
            open_paths = {path for one in unread for path in (None, *config.fitting("accept", one))}
            for one, seen in zip(config.accept, accepting.seen, strict=True):
                if seen.came_back:
                    message = f"expired on {one.until}: fix the finding, or decide again and give a later date"
                    yield Notice("expired-acceptance", file, one.line, f"the acceptance of {_described(one)} {message}")
                elif not seen.used and one.path not in open_paths:
                    why = _why_unused(config, one, accepting.paths[one.path], whole=whole)
                    if why is not None:
                        yield Notice("unused-acceptance", file, one.line, f"the acceptance of {_described(one)} is unused, because {why}")


def _names_of(finding: Finding) -> dict[_Name, None]:
    """The rule of a finding with each setting that acceptances of it can give."""
    path = finding.path or ()
    return dict.fromkeys((finding.rule, setting) for setting in (None, dotted(path), dotted(members_as_one(path))))


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


def _why_unused(config: Config, acceptance: Acceptance, paths: _Paths, *, whole: bool) -> str | None:
    """The reason why an acceptance that a run did not need is not needed at all, and what is to be done.

    None where that is not certain, as where it may be for a file that no search takes. ``whole``: all of the configuration's folder was
    searched.
    """
    place, named = paths.places[acceptance.environment], acceptance.rule in paths.named
    if paths.unread or not (named or (whole and (acceptance.rule in place.checked or not place.fits))):
        return None
    if place.fits:
        return "the rule finds nothing there: delete it"
    nothing = "nothing that was checked fits it"
    if named:
        return f"{nothing}: delete it"
    file = _one_file(config, acceptance.path or "")
    if file is None:
        return f"{nothing}: delete it, unless it is for a file that a search does not take"
    return None if os.path.lexists(file) else "there is no such file: delete it"


def _described(acceptance: Acceptance) -> str:
    setting = f" at {acceptance.setting}" if acceptance.setting else ""
    path = f" in {acceptance.path}" if acceptance.path is not None else ""
    environment = f" (environment {acceptance.environment})" if acceptance.environment is not None else ""
    return f"{acceptance.rule}{setting}{path}{environment}"
