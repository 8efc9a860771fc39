"""Everything that an upgrade from one release to another changes for some documents, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from ..model import ABSENT, Document
from ..policy.evaluate import holds
from ..policy.node import Node
from ..policy.rule import kind_matches
from ..release import Release
from ..server.shown import visible
from ..text import Span
from ..typed import Any, Final
from .compare import History, change_of, pairs, read_changes
from .containers import containers
from .notes import KINDS, Note, Requirement, Stop, UpgradeChange, read_notes
from .servers import Group, groups


def _order(change: UpgradeChange) -> tuple[object, ...]:
    document, span = change.document, change.span
    return (change.release, KINDS.index(change.kind), document.uri if document is not None else "", span or Span(-1, -1), change.setting)


class Plan:
    """An upgrade of the server that some files are for.

    ``load`` gives the documents as a release loads them, ``without_settings`` are others that may describe containers.
    """

    def __init__(
        self, load: Callable[[Release], Iterable[Document]], oldest: Release, newest: Release, without_settings: Iterable[Document] = ()
    ) -> None:
        self.history = history = History(load, oldest, newest)
        self.releases = oldest, newest
        self.notes = notes = read_notes()
        self.pairs = pairs(history)
        self.groups = groups(history, self.pairs)
        by_file = {pair.new.document.uri: pair.new.document for pair in self.pairs}
        texts = [*by_file.values(), *without_settings]
        self.containers = [(document, container) for document in texts for container in containers(document)]
        self.has_image = any(one.is_server for _, one in self.containers)
        """Whether some container runs Medplum's image."""
        stops = [stop for stop in notes.stops if oldest < stop.before <= newest]
        self.stops = [stop for stop in stops if stop.migrations or oldest < stop.release]

    @property
    def is_whole(self) -> bool:
        """Whether the files show all of each configuration, so that absent settings are known to be absent."""
        return bool(self.groups) and all(group.whole for group in self.groups)

    def changes(self) -> list[UpgradeChange]:
        """The changes, ordered by release. If several documents share a change, the first one counts."""
        found: dict[object, UpgradeChange] = {}
        for change in self._changes():
            found.setdefault((*_order(change), change.message), change)
        return sorted(found.values(), key=_order)

    def _changes(self) -> Iterator[UpgradeChange]:
        """All of them, in no order."""
        yield from (self._step(stop) for stop in self.stops)
        for requirement in self.notes.requirements:
            if self._concerns(requirement.release, requirement.until):
                yield from self._requirement(requirement)
        for pair in self.pairs:
            yield from read_changes(self.history, pair, self.notes)
        for group in self.groups:
            if group.whole:
                yield from group.default_changes(self.history, self.notes)
        own = (max(stop.release, self.history.oldest) for stop in self.stops if stop.migrations and not stop.message)
        first_stop = next(own, None)  # whose data migrations start by themselves
        for note in self.notes.notes:
            release = note.release or first_stop
            concerns = release is not None and (note.release is None or self._concerns(release, note.until))
            if release is not None and concerns and not (note.unless_image and self.has_image):
                yield from self._of_containers(note, release) if note.words else self._of_groups(note, release)

    def _concerns(self, release: Release, until: Release) -> bool:
        """Whether something that one release brings, and another undoes, is new in the newest."""
        return self.history.oldest < release <= self.history.newest < until

    def _step(self, stop: Stop) -> UpgradeChange:
        there = max(stop.release, self.history.oldest)
        minor = ".".join(map(str, tuple(stop.before)[:2]))
        wait = f"wait until its data migrations ({stop.migrations}) are done: {stop.before} does not start while one is pending"
        if not stop.migrations:
            message = f"Upgrade to {stop.release} before you go on to {minor}: Medplum supports no upgrade that skips a minor version"
        elif stop.release <= self.history.oldest:
            message = f"Before you leave {there}, {stop.message or wait}"
        else:
            message = f"Upgrade to {stop.release} before you go on to {minor}, and {stop.message or wait}"
        return UpgradeChange(there, "step", message, stop.link, True)

    # --- Requirements -----------------------------------------------------------------------------------------------------------------

    def _requirement(self, requirement: Requirement) -> Iterator[UpgradeChange]:
        software, release, wanted = requirement.software, requirement.release, requirement.version
        change = partial(UpgradeChange, release, "requirement", link=requirement.link, after=wanted)
        if requirement.in_image:
            # Parameter Store and the CDK are for the image too.
            if not self.has_image and {pair.new.document.kind for pair in self.pairs}.isdisjoint({"infra/json", "server/ssm"}):
                message = f"{release} needs {software} {wanted}; Medplum's image includes it: without that image, install it"
                yield change(message=message, needs_hand=False)
            return
        found = list(self._found(software, release))
        needs, least = f"{release} needs {software} {wanted} or later", _numbers(wanted)
        for version, says, shown in found:
            if _numbers(version)[: len(least)] < least:
                yield change(message=f"{needs}, and {says}", needs_hand=True, before=version, **shown)
        if not found:
            yield change(message=f"{needs}: check which one your server uses, and upgrade it before the server", needs_hand=True)

    def _found(self, software: str, release: Release) -> Iterator[_Found]:
        """The versions of some software that documents show; if they leave them to the CDK, those of its release."""
        for document, one in self.containers:
            name, version = one.software
            if name == software:
                yield version, f"the image is {version}: {_UPGRADE}", {"document": document, "span": one.span}
        for group in self.groups:
            if group.main.new.document.kind == "infra/json" and software in _OF_INFRA:
                yield from _of_infra(group, release, _OF_INFRA[software])

    # --- What is known beyond the catalogue -------------------------------------------------------------------------------------------

    def _of_groups(self, note: Note, release: Release) -> Iterator[UpgradeChange]:
        for group in self.groups:
            fitting = (pair for pair in (group.giver(note.path), *group.pairs) if kind_matches(pair.new.document.kind, note.holders))
            pair = next(fitting, None)
            holding = group.at(release if note.release is None else self.history.newest)
            is_default = note.kind == "default"
            if pair is None or (is_default and (not group.whole or holding.gives(note.path))):
                continue
            view, path = pair.new, note.path
            held = holding.document(view.document, whole=group.whole)
            if holds(note.when, Node.at(held, ())) is not True:
                continue
            message = note.message.show(Node.at(held, path))
            if is_default and holding.ignores(path):
                message = message.replace(" is not given,", " is text, which the server ignores,", 1)
            given = visible(view.known, path, held.get(path)) if path else ABSENT
            before, after = (given if noted == "given" else ABSENT if noted is None else noted for noted in (note.before, note.after))
            yield change_of(view, path, release, note.kind, message, note, before, after)

    def _of_containers(self, note: Note, release: Release) -> Iterator[UpgradeChange]:
        for document, one in self.containers:
            if not one.is_server or (note.unless_command and one.has_command):
                continue
            span = next((word.span for word in one.words if word.part in note.words and note.words[word.part].fullmatch(word.text)), None)
            if span is not None:
                message = note.message.show(Node.at(document, ()))
                yield UpgradeChange(release, note.kind, message, note.link, note.hand, document=document, span=span)


_Found = tuple[str, str, dict[str, Any]]
"""The version of some software that a document shows, a clause that says so and what to do, and the place as fields of a change."""
_CACHE_VERSION: Final = "cacheEngineVersion"
_OF_INFRA: Final = {"PostgreSQL": "rdsInstanceVersion", "Redis": _CACHE_VERSION}
"""The settings of the CDK with the version of the software that it creates."""
_UPGRADE: Final = "upgrade it before the server"
_UPGRADE_IN_AWS: Final = f"upgrade it in AWS before the server, because the CDK reads {_CACHE_VERSION} only from 5.1.1 on; set it then"


def _of_infra(group: Group, release: Release, name: str) -> Iterator[_Found]:
    """The version in the CDK's config, or the CDK's default at that time."""
    view, path = group.main.new, (name,)
    document = view.document
    value = document.get(path)
    if value is ABSENT and (document.data.get("rdsSecretsArn") in (None, "", ABSENT) or name == _CACHE_VERSION):
        value = next((default for one in (release, view.release) if (default := group.at(one).default(path)) is not ABSENT), ABSENT)
    if not isinstance(value, str) or not _numbers(value) or visible(view.known, path, value) != value:
        return
    is_given = path in view.given
    clause = f"{name} is {value}" if is_given else f"without {name} the CDK creates {value}"
    says = f"{clause}: {_UPGRADE if is_given or name != _CACHE_VERSION else _UPGRADE_IN_AWS}"
    span = document.locate(path) if is_given else None
    yield value, says, {"setting": name, "document": document.written_in(path)[0], "path": path, "span": span}


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version starts with; it may end in words such as ``.x``."""
    numbers = re.match(r"(?:[0-9]{1,4}(?:\.|\Z))*", version)
    return tuple(map(int, numbers[0].rstrip(".").split("."))) if numbers is not None and numbers[0] else ()
