"""All that an upgrade from one release to another changes for some documents, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..documents.deployment import role
from ..model import ABSENT, Document, SettingPath
from ..policy.node import Node
from ..policy.rule import kind_matches
from ..release import Release
from ..server.shown import shown_name, visible
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .change import KINDS, UpgradeChange
from .compare import History, Pair, View, default_changes, pairs, read_changes
from .containers import Container, containers
from .notes import Note, Requirement, Stop, read_notes
from .servers import Server, default_changes_of, servers

_DATABASE_VERSION: Final = "rdsInstanceVersion"
_CACHE_VERSION: Final = "cacheEngineVersion"
"""The settings of the CDK that say which PostgreSQL and which Redis there is."""


def _identity(change: UpgradeChange) -> tuple[object, ...]:
    document = change.document
    return (change.release, change.kind, change.setting, change.message, document.uri if document is not None else "", change.span)


def _order(change: UpgradeChange) -> tuple[object, ...]:
    document, span = change.document, change.span
    return (change.release, KINDS.index(change.kind), document.uri if document is not None else "", span or Span(-1, -1), change.setting)


class _Found(NamedTuple):
    """A version of some software that a document shows, and where."""

    software: str
    version: str
    document: Document
    path: SettingPath | None
    span: Span | None


class Plan:
    """An upgrade of the server that some files are for.

    ``load`` gives the documents as a release loads them, ``without_settings`` are others, in which containers are looked at.
    """

    def __init__(
        self, load: Callable[[Release], Iterable[Document]], oldest: Release, newest: Release, without_settings: Iterable[Document] = ()
    ) -> None:
        self.history = History(load, oldest, newest)
        self.notes = notes = read_notes()
        self.pairs = pairs(self.history)
        self.servers = servers(self.pairs)
        history = self.history
        by_file = {pair.new.document.uri: pair.new.document for pair in self.pairs}
        texts = [*by_file.values(), *without_settings]
        self.containers = [(document, one) for document in texts for one in containers(document)]
        stops = [stop for stop in notes.stops if history.oldest < stop.before <= history.newest]
        self.stops = [stop for stop in stops if stop.migrations or history.oldest < stop.release]

    @property
    def is_whole(self) -> bool:
        """Whether the files show all of each configuration, so that it is known what they do not give."""
        of_others = [pair.new.document.complete for pair in self.pairs if role(pair.new.document) != "server"]
        return bool(self.pairs) and all([*of_others, *(server.whole for server in self.servers)])

    def changes(self) -> list[UpgradeChange]:
        """What the upgrade changes, ordered by release. Of changes that several documents share the first counts."""
        found: dict[object, UpgradeChange] = {}
        for change in self._changes():
            found.setdefault(_identity(change), change)
        return sorted(found.values(), key=_order)

    def _changes(self) -> Iterator[UpgradeChange]:
        """All of them, in no order."""
        yield from (self._step(stop) for stop in self.stops)
        for requirement in self.notes.requirements:
            if self._concerns(requirement.release, requirement.until):
                yield from self._requirement(requirement)
        for pair in self.pairs:
            yield from read_changes(self.history, pair, self.notes)
        for pair in self.pairs:
            if role(pair.new.document) != "server" and pair.new.document.complete:
                yield from default_changes(self.history, pair, self.notes)
        for server in self.servers:
            yield from default_changes_of(self.history, server, self.notes)
            yield from self._noted(server)
        yield from self._of_containers()

    def _concerns(self, release: Release, until: Release) -> bool:
        """Whether what a release brings, and another undoes, is new to the newest one."""
        return self.history.oldest < release <= self.history.newest < until

    # --- Steps ------------------------------------------------------------------------------------------------------------------------

    def _step(self, stop: Stop) -> UpgradeChange:
        there = max(stop.release, self.history.oldest)
        minor = ".".join(map(str, tuple(stop.before)[:2]))
        wait = f"wait until its data migrations ({stop.migrations}) are done: {stop.before} does not start while one is pending"
        if not stop.migrations:
            message = f"Upgrade to {stop.release} before you go on to {minor}: Medplum supports no upgrade that skips a minor version"
        elif there > stop.release or self.history.oldest == stop.release:
            message = f"Before you leave {there}, {stop.message or wait}"
        else:
            message = f"Upgrade to {stop.release} before you go on to {minor}, and {stop.message or wait}"
        return UpgradeChange(there, "step", message, stop.link, True)

    # --- Requirements -----------------------------------------------------------------------------------------------------------------

    def _requirement(self, requirement: Requirement) -> Iterator[UpgradeChange]:
        software, release = requirement.software, requirement.release
        if requirement.in_image:
            if not self._runs_image():
                message = f"{release} needs {software} {requirement.version}; Medplum's image brings it: install it where you run without"
                yield UpgradeChange(release, "requirement", message, requirement.link, False, after=requirement.version)
            return
        found = [one for one in self._found(release) if one.software == software]
        needs = f"{release} needs {software} {requirement.version} or later"
        for one in found:
            if not _is_at_least(one.version, requirement.version):
                yield UpgradeChange(
                    release,
                    "requirement",
                    f"{needs}, and {_what(one)}: {_way_to(one)}",
                    requirement.link,
                    True,
                    _setting_of(one),
                    one.version,
                    requirement.version,
                    one.document,
                    one.path,
                    one.span,
                )
        if not found:
            message = f"{needs}: check which one your server uses, and upgrade it before the server"
            yield UpgradeChange(release, "requirement", message, requirement.link, True, after=requirement.version)

    def _runs_image(self) -> bool:
        """Whether the server is known to run Medplum's image. Parameter Store and the CDK are for that image."""
        kinds = {pair.new.document.kind for pair in self.pairs}
        return not kinds.isdisjoint({"infra/json", "server/ssm"}) or any(one.is_server for _, one in self.containers)

    def _found(self, release: Release) -> Iterator[_Found]:
        """The versions that documents show; where they leave them to the CDK, those of its release."""
        for document, one in self.containers:
            if one.software is not None:
                yield _Found(*one.software, document, None, one.span)
        for pair in self.pairs:
            if pair.new.document.kind == "infra/json":
                yield from _of_infra(pair, self.history.at(release).get(pair.key, pair.new))

    # --- What is known beyond the catalogue -------------------------------------------------------------------------------------------

    def _noted(self, server: Server) -> Iterator[UpgradeChange]:
        for note, release in self._notes():
            pair = _shown_in(note, server)
            holding = server.at(release if note.release is None else self.history.newest, self.history)
            if pair is not None and (note.kind != "default" or (server.whole and not holding.gives(note.path))):
                for change in _of_server(note, release, pair, holding.document(pair.new.document, whole=server.whole)):
                    yield _of_ignored(change) if note.kind == "default" and holding.ignores(note.path) else change

    def _notes(self) -> Iterator[tuple[Note, Release]]:
        """The notes that concern this upgrade, each with its release."""
        by_image = any(one.is_server for _, one in self.containers)
        for note in self.notes.notes:
            release = note.release or self._first_stop()
            concerns = release is not None and (note.release is None or self._concerns(release, note.until))
            if release is not None and concerns and not (note.unless_image and by_image):
                yield note, release

    def _first_stop(self) -> Release | None:
        """The first stop whose data migrations start by themselves."""
        return next((max(one.release, self.history.oldest) for one in self.stops if one.migrations and not one.message), None)

    def _of_containers(self) -> Iterator[UpgradeChange]:
        servers = [(document, one) for document, one in self.containers if one.is_server]
        for note, release in self._notes():
            for document, one in servers if note.words else ():
                span = _span_of(note, one)
                if span is not None:
                    message = note.message.show(Node.at(document, ()))
                    yield UpgradeChange(release, note.kind, message, note.link, note.needs_hand, document=document, span=span)


def _setting_of(found: _Found) -> str:
    """The setting that shows a version; empty where an image does."""
    return str(found.path[0]) if found.path is not None else ""


def _what(found: _Found) -> str:
    """What has a version that is too old, as a clause."""
    if found.path is not None and found.span is None:
        return f"without {_setting_of(found)} the CDK creates {found.version}"
    return f"{_setting_of(found) or 'the image'} is {found.version}"


def _way_to(found: _Found) -> str:
    """How to come to a newer version."""
    if found.path == (_CACHE_VERSION,) and found.span is None:
        return f"upgrade it in AWS before the server, for the CDK takes {_CACHE_VERSION} from 5.1.1 on only; set it then"
    return "upgrade it before the server"


def _of_ignored(change: UpgradeChange) -> UpgradeChange:
    """What is told of a default where a text is given that the server passes over."""
    return change._replace(message=change.message.replace(" is not given,", " is text, which the server ignores,", 1))


def _shown_in(note: Note, server: Server) -> Pair | None:
    """The document of a server in which a note is shown; None where it is about none of them."""
    pair = server.giver(note.path)
    if note.words:
        return None
    fitting = [one for one in (pair, *server.pairs) if any(kind_matches(one.new.document.kind, kind) for kind in note.kinds)]
    return next(iter(fitting), None)


def _of_server(note: Note, release: Release, pair: Pair, held: Document) -> Iterator[UpgradeChange]:
    """What a note says where its condition is true of what a server holds."""
    if note.when is not None and note.when(Node.at(held, ())) is not True:
        return
    document, known = pair.new.document, pair.new.known
    value = held.get(note.path) if note.path else ABSENT
    yield UpgradeChange(
        release,
        note.kind,
        note.message.show(Node.at(held, note.path)),
        note.link,
        note.needs_hand,
        shown_name(known, note.path) if note.path else "",
        _value(note.before, known, note.path, value),
        _value(note.after, known, note.path, value),
        document.written_in(note.path)[0],
        note.path or None,
        document.locate(note.path) if note.path in pair.new.given else None,
    )


def _value(noted: Any, known: Any, path: SettingPath, given: Any) -> Any:
    """A value of a note: what it says, what the server holds (``given``), or nothing."""
    if noted == "given":
        return visible(known, path, given)
    return ABSENT if noted is None else noted


def _span_of(note: Note, container: Container) -> Span | None:
    """Where a container runs as a note says; None where it does not."""
    if note.unless_command and container.has_command:
        return None
    fitting = (word.span for word in container.words if word.part in note.words and note.words[word.part].fullmatch(word.text))
    return next(fitting, None)


def _of_infra(pair: Pair, then: View) -> Iterator[_Found]:
    """The versions that the CDK's config says, or those that the CDK uses by then where it says none."""
    document = pair.new.document
    own = document.data.get("rdsSecretsArn") in (None, "", ABSENT)
    for software, name in (("PostgreSQL", _DATABASE_VERSION), ("Redis", _CACHE_VERSION)):
        path: SettingPath = (name,)
        value = document.get(path)
        if value is ABSENT and (own or software == "Redis"):
            value = then.default(path) if then.default(path) is not ABSENT else pair.new.default(path)
        if isinstance(value, str) and _numbers(value) and visible(pair.new.known, path, value) == value:
            yield _Found(software, value, document.written_in(path)[0], path, document.locate(path) if path in pair.new.given else None)


def _is_at_least(version: str, needed: str) -> bool:
    """Whether a version, which may end in words such as ``.x``, is as new as another one; only as many numbers are compared as that has."""
    wanted = _numbers(needed)
    return _numbers(version)[: len(wanted)] >= wanted


def _numbers(version: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isascii() or not part.isdecimal() or len(part) > 4:
            break
        numbers.append(int(part))
    return tuple(numbers)
