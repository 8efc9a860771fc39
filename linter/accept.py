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
from .config import Acceptance, Config, matches
from .documents.deployment import is_called
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
    """What a run has shown of an acceptance: whether it was needed, by a finding that is there in spite of it too, and where it fits."""

    def __init__(self) -> None:
        self.used = False
        self.came_back = False
        self.fits = False
        """Whether it fits some document."""
        self.checked = False
        """Whether its rule was checked in one that it fits."""
        self.named = False
        """Whether its path is that of a file in which the rule was checked, and so of no other one."""
        self.unread = False
        """Whether not all of a document that it fits could be read."""


class Acceptances:
    """The acceptances of all configurations of a run, as of a day; ``count`` is called for each that is accepted, with its rule."""

    def __init__(self, today: date, count: Callable[[Config, str], object]) -> None:
        self._today = today
        self._count = count
        self._configs: dict[Path | None, Config] = {}
        self._seen: dict[tuple[Path | None, int], _Seen] = {}
        self._of_files: dict[tuple[Path | None, Path], list[tuple[int, Acceptance]]] = {}
        self._fitting: dict[Document, tuple[Config, dict[_Name, _Fitting]]] = {}

    def take(self, config: Config, checked: Checked) -> None:
        """Note a document, and the configuration that counts for it."""
        if not config.accept:
            return
        document = checked.document
        self._configs[config.path] = config
        by_name: dict[_Name, _Fitting] = {}
        for index, one in self._in_file(config, checked.path):
            seen = self._seen[config.path, index]
            seen.named |= one.rule in checked.rules and _names(config, one, checked.path)
            seen.unread |= not checked.whole
            if is_called(document, one.environment):
                fitting = by_name.setdefault((one.rule, one.setting), _Fitting())
                if self._is_over(one):
                    fitting.over.append(index)
                elif fitting.valid is None:
                    fitting.valid = index
                seen.fits = True
                seen.checked |= one.rule in checked.rules or one.rule in checked.together
        self._fitting[document] = config, by_name

    def _in_file(self, config: Config, path: Path) -> list[tuple[int, Acceptance]]:
        """The acceptances whose path fits a file, each with its index; worked out once for all documents of the file."""
        if (config.path, path) not in self._of_files:
            relative = config.relative(path)
            self._of_files[config.path, path] = [
                (index, one)
                for index, one in enumerate(config.accept)
                if one.path is None or (relative is not None and matches(relative, one.path))
            ]
            for index in range(len(config.accept)):
                self._seen.setdefault((config.path, index), _Seen())
        return self._of_files[config.path, path]

    def apply(self, finding: Finding) -> Finding:
        """The finding, with the reason of the first acceptance that covers it and is not over."""
        if finding.document not in self._fitting:
            return finding
        config, by_name = self._fitting[finding.document]
        covering = [by_name[name] for name in _names_of(finding) if name in by_name]
        valid = min((one.valid for one in covering if one.valid is not None), default=None)
        if valid is None:
            for one in covering:
                while one.over:  # once is enough
                    self._seen[config.path, one.over.pop()].came_back = True
            return finding
        self._seen[config.path, valid].used = True
        self._count(config, finding.rule)
        return finding._replace(suppressed=config.accept[valid].reason, accepted_by="configuration")

    def _is_over(self, acceptance: Acceptance) -> bool:
        return acceptance.until is not None and acceptance.until < self._today

    def notices(self, searched: Callable[[Path], bool], unread: Iterable[Path]) -> Iterator[Notice]:
        """What is to be said of acceptances that are over or accept nothing; to be asked when :meth:`apply` has seen every finding.

        ``searched`` tells whether all of a folder was, ``unread`` are the files that could not be read.
        """
        unread = list(unread)
        for config in self._configs.values():
            assert config.path is not None  # there are none without a file
            whole = searched(config.folder)
            for index, one in enumerate(config.accept):
                seen = self._seen[config.path, index]
                path, what = relative_to_here(config.path), _described(one)
                if seen.came_back:
                    message = f"the acceptance of {what} expired on {one.until}: fix the finding, or decide again and give a later date"
                    yield Notice("expired-acceptance", path, one.line, message)
                elif not seen.used and _is_unused(seen, whole=whole) and not _may_be_unread(config, one, unread):
                    why = _why_unused(config, one, seen)
                    if why is not None:
                        yield Notice("unused-acceptance", path, one.line, f"the acceptance of {what} is unused, because {why}")


def _names_of(finding: Finding) -> dict[_Name, None]:
    """The rule of a finding with each setting that acceptances of it can give."""
    path = finding.path or ()
    return dict.fromkeys((finding.rule, setting) for setting in (None, dotted(path), dotted(members_as_one(path))))


def _names(config: Config, acceptance: Acceptance, path: Path) -> bool:
    """Whether the path of an acceptance is that of one file, which it is only with a slash: without one it is a name at any depth."""
    one = _one_file(config, acceptance)
    return one is not None and os.path.normpath(one) == os.path.abspath(path)


def _one_file(config: Config, acceptance: Acceptance) -> Path | None:
    """The file that the path of an acceptance is that of, if it is no glob for several."""
    glob = acceptance.path or ""
    # The signs of a glob in brackets, as "medplum-lint accept" writes a name that holds them, stand for themselves.
    plain = re.sub(r"\[([*?[])\]", "", glob)
    if "/" not in glob or any(sign in plain for sign in "*?["):
        return None
    return config.folder / re.sub(r"\[([*?[])\]", r"\1", glob).strip("/")


def _why_unused(config: Config, acceptance: Acceptance, seen: _Seen) -> str | None:
    """The reason why an acceptance accepts nothing, and what is to be done; None where it may be for a file that no search takes."""
    if seen.fits:
        return "the rule finds nothing there: delete it"
    nothing = "nothing that was checked fits it"
    if seen.named:
        return f"{nothing}: delete it"
    file = _one_file(config, acceptance)
    if file is None:
        return f"{nothing}: delete it, unless it is for a file that a search does not take"
    return None if os.path.lexists(file) else "there is no such file: delete it"


def _is_unused(seen: _Seen, *, whole: bool) -> bool:
    """Whether it is certain that an acceptance which was not needed in a run is not needed at all."""
    if seen.unread:
        return False
    return seen.named or (whole and (seen.checked or not seen.fits))


def _may_be_unread(config: Config, acceptance: Acceptance, unread: Iterable[Path]) -> bool:
    return any(acceptance.path is None or config.matches(path, acceptance.path) for path in unread)


def _described(acceptance: Acceptance) -> str:
    setting = f" at {acceptance.setting}" if acceptance.setting else ""
    path = f" in {acceptance.path}" if acceptance.path is not None else ""
    environment = f" (environment {acceptance.environment})" if acceptance.environment is not None else ""
    return f"{acceptance.rule}{setting}{path}{environment}"
