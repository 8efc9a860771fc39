"""Servers: the processes of Medplum that are started with the files of a run, and what each of them is given, by whom.

The sources of a server are those in its start argument (:mod:`linter.server.start`), from left to right; objects are merged, any other
value replaces the one before. The variables of a container, a service or a unit are a source, too. A file that is given without anything
that starts it is a server that reads this file alone. Each source is one of three things:

* *read*: it is among the inputs, or mounted and found beside them. Its settings are given, and each document knows which ones it gives.
* *named, but not read*: it is not given, it cannot be read, or it is not in the tree. What it may give is ``unread``, with the reason.
* *not used*: it is given, but this server does not read it. That is a finding, and its values are not checked.

A secret that parameters name (:data:`~linter.server.loader.SECRETS`) is a source before them: it fills a section, of which parameters then
replace members. Several servers can read the same source; each is checked, and equal findings become one.

So a setting of a server is given, unknown (its value cannot be read), not read, or absent (:data:`linter.model.State`), and only what is
absent is missing. Rules see one document for each server (:mod:`linter.deployment.layers`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from posixpath import basename, normpath

from ..documents.source import Loaded, Place, Problem, Started, Unread, folder_of
from ..documents.sums import MOST_SHARED, may_share
from ..model import ABSENT, Document, Message, SettingPath, gathered, sentence
from ..release import ANY_SERVER, Release
from ..server.effective import leaves
from ..server.loader import SECRETS
from ..server.start import DEFAULT, Layer, fault, folded, layers, reads_variables, shown
from ..settings.kinds import source_in_name
from ..sources import load_configuration
from ..text import Span, printable
from ..typed import Final, NamedTuple
from .layers import NotRead, in_section, sum_of
from .members import environment_of
from .parts import parts_of_others

Secrets = Mapping[Document, Mapping[str, Document]]
"""The secrets that parameters name, by the sections that they fill, of each document with parameters."""
_TLS: Final[tuple[SettingPath, ...]] = (("tls",), ("ssl",))
"""The settings that are usual beside a secret: one that is missing is missing from the server, and not from the secret."""
_CONNECTIONS: Final = frozenset({"database", "redis"})
"""What every server needs, so that a file with both is a whole configuration, and one with neither a part."""
_STANDS_FOR: Final = {
    "aws": "the output of aws ssm get-parameters-by-path",
    "azure": "the content of the secret",
    "gcp": "the content of the secret",
    "env": "the variables",
}
"""What to give for a source, by its kind."""


class Server(NamedTuple):
    """A server. It goes by the name of ``main``, which need not be one of its ``sources``: those that are read, in order.

    ``unread`` is what other sources may give, and ``notes`` say which. ``ignored`` are settings of ``main`` that no server takes from it.
    ``argument`` is the start argument; None if nothing says how it is started.
    """

    main: Loaded
    sources: tuple[Loaded, ...]
    unread: NotRead
    notes: tuple[Unread, ...] = ()
    ignored: Collection[SettingPath] = ()
    secrets: Secrets = {}
    argument: str | None = None

    def document(self, read: Callable[[Document], Document] = lambda document: document) -> Document:
        """Everything that it is given, of documents as another release may ``read`` them. Alone, a document is its own sum."""
        main, given = read(self.main.document), list[Document]()
        for source in (source.document for source in self.sources):
            given += (in_section(section, read(secret)) for section, secret in self.secrets.get(source, {}).items())
            given.append(read(source))
        if given != [main] or self.argument is not None:
            return sum_of(given, main, self.unread, self.sources[0].document.kind)
        main.unread = self.unread
        return main

    @property
    def loaded(self) -> Loaded:
        """Its document, with all that is known about the texts in which it is written."""
        texts = {text.document: text for text in (*self.sources, self.main)}.values()
        known = (one for text in texts for one in text.unread if _still_counts(one.why, text.document.unread, self.unread))
        document, notes = self.document(), tuple(dict.fromkeys((*known, *self.notes)))
        if document is self.main.document:
            return self.main._replace(unread=notes)
        return Loaded(
            document,
            tuple(problem for text in texts if text.parts for problem in text.problems),
            checkable=all(source.checkable for source in self.sources),
            image=self.main.image,
            places=frozenset(place for text in texts for place in text.places),
            parts=tuple(part for text in texts for part in text.texts),
            started=self.main.started,
            unread=notes,
        )

    @property
    def container(self) -> frozenset[Place]:
        """The place of what starts it, if that is known."""
        return self.main.texts[0].places if self.argument is not None else frozenset()


Made = tuple[Server, Loaded]
"""A server, and its document with all that is known about its texts, which is made once."""
Surviving = Callable[[str], AbstractContextManager[object]]
"""Takes the path of a file, and contains and logs a bug of ours in what is done with it."""


def servers(every: Sequence[Loaded], argument: str | None, surviving: Surviving, *, alone: bool = True) -> tuple[list[Made], str]:
    """The servers that documents configure, and for each document of another kind what stands for one; and what is wrong with an
    ``argument`` given by hand.

    ``alone``: secrets that parameters name are checked by themselves, too.
    """
    secrets = secrets_in(every)
    joined, unjoined, wrong = list[Made](), list[Server](), ""
    for loaded in every if argument is None else every[:1]:
        start, own = (loaded.start, loaded) if argument is None else (Started(argument), None)
        with surviving(loaded.document.uri):
            made = _started(every, secrets, start, own, loaded.document.server.release) if start is not None else ""
            if isinstance(made, str):
                wrong = made if own is None else wrong
            elif made.argument is not None:
                joined.append(_made(made))
            else:
                unjoined.append(made)
    covered = {text.document for server, _ in joined for text in (*server.sources, server.main)}
    covered |= parts_of_others((*every, *(loaded for _, loaded in joined)))
    covered |= set() if alone else {secret for named in secrets.values() for secret in named.values()}
    by_main = {server.main.document: server for server in (*_as_parts(every, covered), *unjoined)}
    rest = {one.document: _made(by_main.get(one.document) or _alone(one, secrets)) for one in every if one.document not in covered}
    readers = gathered(pair for server, loaded in (*rest.values(), *joined) for pair in _secrets_of(server, loaded))
    rest.update((secret, _made(_as_secret(rest[secret][0].main, of_secret))) for secret, of_secret in readers.items() if secret in rest)
    return [*rest.values(), *joined], wrong


def _made(server: Server) -> Made:
    """A server, with its document. What its secrets lack is reported at them, and not once more as missing from the server."""
    loaded = server.loaded
    sections = {section for _, (section, _) in _secrets_of(server, loaded)}
    form = (path for source in server.sources for path in source.document.unread if sections.intersection(path[:1]))
    lacking = (path for path in form if path[1:] not in _TLS and loaded.document.get(path) is ABSENT)
    return server._replace(ignored={*server.ignored, *lacking}), loaded


def _secrets_of(server: Server, loaded: Loaded) -> Iterator[tuple[Document, tuple[str, Document]]]:
    """Each secret that a server reads, with its section in the server's document, and that."""
    for source in server.sources:
        for section, secret in server.secrets.get(source.document, {}).items():
            yield secret, (section, loaded.document)


def _started(every: Sequence[Loaded], secrets: Secrets, start: Started, own: Loaded | None, release: Release) -> Server | str:
    """The server with a start argument, and with ``own`` as its variables; or why there is none."""
    if (wrong := fault(start.argument, release)) is not None:
        return f"the argument {wrong}"
    named = [(layer, _source(layer, start, release, every, own)) for layer in layers(start.argument, release)]
    misnamed = [one for layer, source in named if (one := source and _misnamed_path(layer, source, alone=len(named) == 1))]
    if misnamed and start.at is None:
        return misnamed[0].text
    known = [source for _, source in named if source is not None]
    missing = [layer for layer, source in named if source is None]
    main = own or next(iter(known), None)
    if main is None or (all(source is own for source in known) and (main.image is None or not missing)):
        return "no input is one of the sources that it names"
    unread = _unread(named, secrets, own, whole=start.whole)
    noted = [layer for layer in missing if layer.kind != "file" or not start.lacks(layer.file(release, start.working_folder))]
    notes = tuple(Unread(main.document.uri, None, unread_source(layer)) for layer in noted)
    if any(source is not own for source in known):
        uri, span = start.at or ("", Span(0, 0))
        problems = [Problem("misnamed-path" if one.stops else "misnamed-path-in-list", one, span) for one in misnamed]
        return Server(main.with_problems_in(uri, problems), tuple(known), unread, notes, secrets=secrets, argument=start.argument)
    # Of its sources only the variables are known. Without an argument they are what was meant to be read.
    is_meant = start.argument == DEFAULT or reads_variables(start.argument, release) != "never"
    return Server(main, (main,), unread, notes, () if is_meant else {path for path, _ in main.document.given or ()})


def _alone(loaded: Loaded, secrets: Secrets) -> Server:
    """The server that reads one document, or what else that configures, with the secrets that it names."""
    return Server(loaded, (loaded,), without_sections(loaded.document.unread, secrets.get(loaded.document, {})), secrets=secrets)


def _as_secret(loaded: Loaded, readers: Iterable[tuple[str, Document]]) -> Server:
    """A secret, checked by itself but for what all ``readers`` are given elsewhere: each is a section, and a server with that."""
    secret = loaded.document
    elsewhere = set.intersection(*(set(_given_beside(secret, section, server)) for section, server in readers))
    beside = dict.fromkeys((*elsewhere, *_TLS), "the server can be given it beside the secret")
    return Server(loaded, (loaded,), {**secret.unread, **beside}, ignored=elsewhere)


def _given_beside(secret: Document, section: str, server: Document) -> Iterator[SettingPath]:
    """The settings of a section that another source than the secret gives, beneath the section."""
    for path, _ in leaves((section,), server.data.get(section)):
        if server.layer(path).members.get(section) is not secret:
            yield path[1:]


def _as_parts(every: Sequence[Loaded], covered: Collection[Document]) -> Iterator[Server]:
    """The JSON files that lack both connections, if only one file in their folder has them, over which they may be read."""
    files = [one for one in every if one.document.kind == "server/json" and not one.parts and one.document not in covered]
    parts = [file for file in files if file.document.data and file.document.data.keys().isdisjoint(_CONNECTIONS)]
    wholes = (file.document for file in files if parts and file.document.data.keys() >= _CONNECTIONS)
    by_folder = gathered((folder_of(whole.uri), whole) for whole in wholes)
    for part in parts:
        document = part.document
        beside = by_folder.get(folder_of(document.uri), [])
        if len(beside) == 1 and len({environment_of(document), environment_of(beside[0])} - {None}) < 2:
            name, of_base = (printable(one.uri.rpartition("/")[2]) for one in (document, beside[0]))
            way_out = f"--start file:{of_base},file:{name} checks both as one server"
            why = f"checked as a part of a configuration, because {of_base} has the rest; {way_out}"
            yield Server(part, (part,), {(): f"{beside[0].uri} may give it"}, (Unread(document.uri, None, why),))


# --- What is read, and what is not. -------------------------------------------------------------------------------------------------------


def unread_source(layer: Layer) -> str:
    """The reason why a source that a start argument names was not read, with the way out."""
    name = shown(f"{layer.kind}:{layer.address}")
    return f"{f'{layer.kind}:' if name == '…' else ''}{name} is not read: give {_STANDS_FOR.get(layer.kind, 'the file')} too"


def without_sections(unread: NotRead, sections: Collection[str]) -> NotRead:
    """What is not read, without the sections that are given after all."""
    return {path: why for path, why in unread.items() if not path or path[0] not in sections}


def _still_counts(why: str, of_source: NotRead, of_server: NotRead) -> bool:
    """Whether a note on what is not read of a source applies to a server, which may have read that elsewhere."""
    return why in of_server.values() or why not in of_source.values()


def _unread(named: Sequence[tuple[Layer, Loaded | None]], secrets: Secrets, own: Loaded | None, *, whole: bool) -> NotRead:
    """The settings that a source may give which was not read, and those of variables that the server does not use."""
    unread: dict[SettingPath, str] = {}
    if own is not None and all(source is not own for _, source in named):
        unread.update((path, "the server reads no variables") for path, _ in own.document.given or ())
    for layer, source in named:
        if source is None:
            unread[()] = unread_source(layer)
        elif source is own:
            unread.update({} if whole else {(): "some of its variables are not known"})
        elif not source.checkable or any(problem.lossy for problem in source.problems):
            unread[()] = f"{source.document.uri} could not be read completely"
        elif source.document.kind != "server/json":  # a file that a server reads has no other part
            unread.update(without_sections(source.document.unread, secrets.get(source.document, {})))
    return unread


def _source(layer: Layer, start: Started, release: Release, every: Sequence[Loaded], own: Loaded | None) -> Loaded | None:
    """The document that a part of a start argument names; None if it is not given, or ambiguous."""
    if own is not None and layer.kind == "env":
        return own
    if own is not None and layer.kind == "file":
        file = start.find(layer.file(release, start.working_folder))
        members = file.text.content.count(":") if file is not None else 0
        if file is None or not may_share((file.uri, file.part), file, members, min(own.places, key=str), MOST_SHARED):
            return None
        return load_configuration(file)
    fitting = [loaded for loaded in every if _fits(layer, loaded) and (own is None or loaded.document.kind != "server/env")]
    of_path = [loaded for loaded in fitting if f"/{loaded.document.uri}".endswith(f"/{normpath(layer.address)}")]
    exact = [loaded for loaded in fitting if _misnamed_path(layer, loaded) is None]
    chosen = of_path or exact or fitting
    # A region that an argument names is meant if another server reads the same path in the other one.
    regions = {loaded.region for loaded in chosen} - {layer.region} if ":" in layer.address else ()
    elsewhere = [one for one in _layers_of(every) if one.path == layer.path and one.region in regions] if regions else ()
    return chosen[0] if len(chosen) == 1 and not elsewhere else None


def _misnamed_path(layer: Layer, loaded: Loaded, *, alone: bool = False) -> Message | None:
    """The message about an ``aws:`` source that is meant for parameters at another path; ``alone``: the server has no other source."""
    if layer.kind != "aws":
        return None
    path, region = f"{next(iter(loaded.places))[1]}/", loaded.region or layer.region
    if (layer.path, layer.region) == (path, region):
        return None
    there, effect = printable(path), "the server finds none of them"
    what = f"the start argument names {shown(f'aws:{layer.region}:{layer.path}')}, but the parameters are at {there}"
    what += f" in {region}" if layer.region != region else ""
    return sentence(what, f"{effect} and does not start" if alone else effect, f"write aws:{region}:{there}", stops=alone)


def _fits(layer: Layer, loaded: Loaded) -> bool:
    """Whether a document can be the one that a source names, or is meant to. A secret in a vault does not say which vault it is from."""
    kind = loaded.document.kind
    if layer.kind == "aws":
        return kind == "server/ssm" and folded(layer.path) in (folded(str(prefix)) for _, prefix in loaded.places)
    if layer.kind == "file":
        return kind == "server/json" and basename(loaded.document.uri) == layer.file_name
    return kind == ("server/env" if layer.kind == "env" else "server/azure")


def _layers_of(every: Iterable[Loaded]) -> list[Layer]:
    """The sources in the start arguments of documents."""
    return [layer for loaded in every if loaded.start is not None for layer in layers(loaded.start.argument, ANY_SERVER.release)]


def readers_of(every: Sequence[Loaded]) -> dict[Document, tuple[list[Document], list[Document]]]:
    """The dumps and vaults, each with the servers whose start arguments name it, and with those that certainly read another one."""
    servers = {loaded.document: [layer for layer in _layers_of([loaded]) if layer.kind not in ("env", "file")] for loaded in every}
    stores = [one for one in every if one.document.kind in ("server/ssm", "server/azure")]
    found: dict[Document, tuple[list[Document], list[Document]]] = {}
    for store in stores:
        reads = {server: any(_fits(layer, store) for layer in named) for server, named in servers.items() if named}
        is_known = store.document.kind != "server/ssm" or all(str(prefix).startswith("/") for _, prefix in store.places)
        found[store.document] = [one for one in reads if reads[one]], [one for one in reads if is_known and not reads[one]]
    return found


def secrets_in(every: Sequence[Loaded]) -> Secrets:
    """The secrets that parameters name; each takes the name of the section that it fills."""
    secrets = [loaded for loaded in every if loaded.names]
    found: dict[Document, dict[str, Document]] = {}
    for document in (loaded.document for loaded in every if secrets and loaded.document.kind == "server/ssm"):
        own = [secret for secret in secrets if source_in_name(secret.document.uri) == source_in_name(document.uri)]
        for name, section in SECRETS.items():
            secret = next((one.document for one in own if document.get((name,)) in one.names), None)
            if secret is not None:
                secret.section = secret.section or section
                found.setdefault(document, {})[section] = secret
    return found
