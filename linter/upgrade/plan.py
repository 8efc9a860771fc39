"""All that an upgrade from one release to another changes for some documents, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from ..documents.deployment import role
from ..model import ABSENT, Document, SettingPath
from ..policy.node import Node
from ..policy.rule import kind_matches
from ..release import Release
from ..server.shown import shown_name, visible
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .compare import History, Pair, View, default_changes, pairs, read_changes
from .containers import containers
from .notes import KINDS, Note, Requirement, Stop, UpgradeChange, read_notes
from .servers import servers


def _order(change: UpgradeChange) -> tuple[object, ...]:
    document, span = change.document, change.span
    return (change.release, KINDS.index(change.kind), document.uri if document is not None else "", span or Span(-1, -1), change.setting)


class _Found(NamedTuple):
    """A version of some software that a document shows, and where: as a clause, with how to come to a newer one."""

    software: str
    version: str
    clause: str
    document: Document
    setting: str = ""
    span: Span | None = None
    way: str = "upgrade it before the server"


class Plan:
    """An upgrade of the server that some files are for.

    ``load`` gives the documents as a release loads them, ``without_settings`` are others, in which containers are looked at.
    """

    def __init__(
        self, load: Callable[[Release], Iterable[Document]], oldest: Release, newest: Release, without_settings: Iterable[Document] = ()
    ) -> None:
        self.history = history = History(load, oldest, newest)
        self.notes = notes = read_notes()
        self.pairs = pairs(history)
        self.servers = servers(history, self.pairs)
        by_file = {pair.new.document.uri: pair.new.document for pair in self.pairs}
        texts = [*by_file.values(), *without_settings]
        self.containers = [(document, one) for document in texts for one in containers(document)]
        self.has_image = any(one.is_server for _, one in self.containers)
        """Whether some container runs Medplum's image."""
        stops = [stop for stop in notes.stops if oldest < stop.before <= newest]
        self.stops = [stop for stop in stops if stop.migrations or oldest < stop.release]

    @property
    def is_whole(self) -> bool:
        """Whether the files show all of each configuration, so that it is known what they do not give."""
        of_others = [pair.new.document.complete for pair in self.pairs if role(pair.new.document) != "server"]
        return bool(self.pairs) and all([*of_others, *(server.whole for server in self.servers)])

    def changes(self) -> list[UpgradeChange]:
        """What the upgrade changes, ordered by release. Of changes that several documents share the first counts."""
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
            if role(pair.new.document) != "server" and pair.new.document.complete:
                views = partial(self.history.view, pair)
                yield from default_changes(self.history, pair, self.notes, views)
        for server in self.servers:
            if server.whole:
                yield from default_changes(self.history, server.main, self.notes, server.at)
        own = (max(one.release, self.history.oldest) for one in self.stops if one.migrations and not one.message)
        first_stop = next(own, None)  # whose data migrations start by themselves
        for note in self.notes.notes:
            release = note.release or first_stop
            concerns = release is not None and (note.release is None or self._concerns(release, note.until))
            if release is not None and concerns and not (note.unless_image and self.has_image):
                yield from self._of_containers(note, release) if note.words else self._of_servers(note, release)

    def _concerns(self, release: Release, until: Release) -> bool:
        """Whether what a release brings, and another undoes, is new to the newest one."""
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
                message = f"{release} needs {software} {wanted}; Medplum's image brings it: install it where you run without"
                yield change(message=message, needs_hand=False)
            return
        found = [one for one in self._found(release) if one.software == software]
        needs = f"{release} needs {software} {wanted} or later"
        for one in found:
            numbers = _numbers(wanted)
            if _numbers(one.version)[: len(numbers)] < numbers:
                path: SettingPath | None = (one.setting,) if one.setting else None
                too_old = change(message=f"{needs}, and {one.clause}: {one.way}", needs_hand=True)
                yield too_old._replace(setting=one.setting, before=one.version, document=one.document, path=path, span=one.span)
        if not found:
            yield change(message=f"{needs}: check which one your server uses, and upgrade it before the server", needs_hand=True)

    def _found(self, release: Release) -> Iterator[_Found]:
        """The versions that documents show; where they leave them to the CDK, those of its release."""
        for document, one in self.containers:
            if one.software is not None:
                software, version = one.software
                yield _Found(software, version, f"the image is {version}", document, span=one.span)
        for pair in self.pairs:
            if pair.new.document.kind == "infra/json":
                yield from _of_infra(pair, self.history.view(pair, release))

    # --- What is known beyond the catalogue -------------------------------------------------------------------------------------------

    def _of_servers(self, note: Note, release: Release) -> Iterator[UpgradeChange]:
        for server in self.servers:
            giver = server.giver(note.path)
            fitting = (one for one in (giver, *server.pairs) if any(kind_matches(one.new.document.kind, kind) for kind in note.kinds))
            pair = next(fitting, None)
            holding = server.at(release if note.release is None else self.history.newest)
            is_default = note.kind == "default"
            if pair is None or (is_default and (not server.whole or holding.gives(note.path))):
                continue
            held = holding.document(pair.new.document, whole=server.whole)
            if note.when is not None and note.when(Node.at(held, ())) is not True:
                continue
            message = note.message.show(Node.at(held, note.path))
            if is_default and holding.ignores(note.path):
                message = message.replace(" is not given,", " is text, which the server ignores,", 1)
            yield _of_server(note, release, message, pair.new, held)

    def _of_containers(self, note: Note, release: Release) -> Iterator[UpgradeChange]:
        for document, one in self.containers:
            if not one.is_server or (note.unless_command and one.has_command):
                continue
            span = next((word.span for word in one.words if word.part in note.words and note.words[word.part].fullmatch(word.text)), None)
            if span is not None:
                message = note.message.show(Node.at(document, ()))
                yield UpgradeChange(release, note.kind, message, note.link, note.needs_hand, document=document, span=span)


def _of_server(note: Note, release: Release, message: str, view: View, held: Document) -> UpgradeChange:
    """What a note says of a server, shown in one of its documents; ``held`` is what it holds of all of them."""
    document, known, path = view.document, view.known, note.path

    def shown(noted: Any) -> Any:
        """A value of a note: what it says, what the server holds, or nothing."""
        if noted == "given":
            return visible(known, path, held.get(path) if path else ABSENT)
        return ABSENT if noted is None else noted

    return UpgradeChange(
        release,
        note.kind,
        message,
        note.link,
        note.needs_hand,
        shown_name(known, path) if path else "",
        shown(note.before),
        shown(note.after),
        document.written_in(path)[0],
        path or None,
        document.locate(path) if path in view.given else None,
    )


def _of_infra(pair: Pair, then: View) -> Iterator[_Found]:
    """The versions that the CDK's config says, or those that the CDK uses by then where it says none."""
    document = pair.new.document
    own = document.data.get("rdsSecretsArn") in (None, "", ABSENT)
    for software, name in (("PostgreSQL", "rdsInstanceVersion"), ("Redis", _CACHE_VERSION)):
        path: SettingPath = (name,)
        value = document.get(path)
        if value is ABSENT and (own or software == "Redis"):
            value = then.default(path) if then.default(path) is not ABSENT else pair.new.default(path)
        if isinstance(value, str) and _numbers(value) and visible(pair.new.known, path, value) == value:
            found = _Found(software, value, f"{name} is {value}", document.written_in(path)[0], name)
            if path in pair.new.given:
                yield found._replace(span=document.locate(path))
            else:
                way = f"upgrade it in AWS before the server, for the CDK takes {name} from 5.1.1 on only; set it then"
                created = found._replace(clause=f"without {name} the CDK creates {value}")
                yield created._replace(way=way) if name == _CACHE_VERSION else created


_CACHE_VERSION: Final = "cacheEngineVersion"


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with, which may end in words such as ``.x``."""
    numbers = re.match(r"(?:[0-9]{1,4}(?:\.|\Z))*", version)
    return tuple(map(int, numbers[0].rstrip(".").split("."))) if numbers is not None and numbers[0] else ()
