"""Joining: from a start argument and the documents of a run to one document with everything that a server reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from posixpath import basename, normpath

from ..documents.source import Loaded, SourceFile, Started, Unread
from ..documents.sums import MOST_SHARED, may_share
from ..model import Document, SettingPath, gathered
from ..release import ANY_SERVER, ServerVersion
from ..server.start import Layer, fault, layers, shown
from ..sources import load_configuration
from ..typed import Final, NamedTuple
from .layers import NotRead, join, sum_of


class Source(NamedTuple):
    """A document of a run, and the newest server's reading of it."""

    loaded: Loaded
    newest: Callable[[], Document]

    @property
    def unread(self) -> NotRead:
        """What was not read of it. A file that a server reads has no other part."""
        if not self.loaded.checkable or any(problem.lossy for problem in self.loaded.problems):
            return {(): f"{self.loaded.document.uri} could not be read completely"}
        return self.loaded.document.unread if self.loaded.document.kind != "server/json" else {}


class Joined(NamedTuple):
    """Everything that a server reads, and the newest server's reading of it.

    It goes by the name of the document ``main`` and is made of the documents ``sources``.
    """

    loaded: Loaded
    newest: Callable[[], Document]
    main: Document
    sources: Collection[Document]


def join_sources(start: Started | None, server: ServerVersion, every: Collection[Source], own: Source | None) -> Joined | str:
    """What a server with a start argument reads, with ``own`` as its variables; or why there is nothing to join."""
    if start is None or (wrong := fault(start.argument, server.release)) is not None:
        return f"the argument {wrong}" if start is not None else ""
    named = [(layer, _source(layer, start, server, every, own)) for layer in layers(start.argument, server.release)]
    known = [source for _, source in named if source is not None]
    if not known or all(source is own for source in known):
        return "no input is one of the sources that it names"
    main = own or known[0]
    sources = {source.loaded.document: source for source in (*known, main)}
    unread = _unread(named, own, whole=start.whole)
    loaded = join([source.loaded for source in known], main.loaded, unread)
    missing = (Unread(main.loaded.document.uri, None, unread_source(layer)) for layer, source in named if source is None)
    loaded = loaded._replace(unread=(*loaded.unread, *missing))

    def newest() -> Document:
        made = {document: source.newest() for document, source in sources.items()}
        if all(made[document] is document for document in sources):
            return loaded.document
        return sum_of([made[source.loaded.document] for source in known], made[main.loaded.document], unread)

    return Joined(loaded, newest, main.loaded.document, sources.keys())


def unread_source(layer: Layer) -> str:
    """The reason why a source that a start argument names was not read, with the way out."""
    return f"{shown(f'{layer.kind}:{layer.address}')} is not read: give {_STANDS_FOR.get(layer.kind, 'the file')} too"


def alone(start: Started, server: ServerVersion) -> tuple[NotRead, list[str]]:
    """What is not read of a server whose only known source is its variables, and the notes on that; nothing if it does not start."""
    if fault(start.argument, server.release) is not None:
        return {}, []
    others = [layer for layer in layers(start.argument, server.release) if layer.kind != "env"]
    notes = [unread_source(one) for one in others if one.kind != "file" or not start.lacks(one.file(server.release, start.working_folder))]
    return ({(): unread_source(others[0])} if others else {}), notes


def readers_of(every: Sequence[Loaded]) -> dict[Document, list[Document]]:
    """The documents of dumps and vaults, each with those of the servers whose start arguments name it."""
    started = [(loaded, layers(loaded.start.argument, ANY_SERVER.release)) for loaded in every if loaded.start is not None]
    stores = [(layer, loaded.document) for loaded, named in started for layer in named if layer.kind not in ("env", "file")]
    return gathered((one.document, reader) for layer, reader in stores for one in every if _fits(layer, one))


_STANDS_FOR: Final = {
    "aws": "the output of aws ssm get-parameters-by-path",
    "azure": "the content of the secret",
    "gcp": "the content of the secret",
    "env": "the variables",
}
"""What to give for a source, by its kind."""


def _unread(named: Iterable[tuple[Layer, Source | None]], own: Source | None, *, whole: bool) -> NotRead:
    """The settings that a source may give which was not read, and those of variables that the server ignores."""
    unread: dict[SettingPath, str] = {}
    if own is not None and all(source is not own for _, source in named):
        unread.update((path, "the server reads no variables") for path, _ in own.loaded.document.given or ())
    for layer, source in named:
        if source is None:
            unread[()] = unread_source(layer)
        elif source is own:
            unread.update({} if whole else {(): "some of its variables are not known"})
        else:
            unread.update(source.unread)
    return unread


def _source(layer: Layer, start: Started, server: ServerVersion, every: Collection[Source], own: Source | None) -> Source | None:
    """The source that a part of a start argument names; None if it is not given, or ambiguous."""
    if own is not None and layer.kind == "env":
        return own
    if own is not None and layer.kind == "file":
        file = start.find(layer.file(server.release, start.working_folder))
        members = file.text.content.count(":") if file is not None else 0
        if file is None or not may_share((file.uri, file.part), file, members, min(own.loaded.places, key=str), MOST_SHARED):
            return None
        newest = SourceFile(file.uri, file.text, ANY_SERVER, file.around, file.part)
        return Source(load_configuration(file), lambda: load_configuration(newest).document)
    fitting = [source for source in every if _fits(layer, source.loaded)]
    of_path = [source for source in fitting if f"/{source.loaded.document.uri}".endswith(f"/{normpath(layer.address)}")]
    chosen = of_path or fitting
    return chosen[0] if len(chosen) == 1 else None


def _fits(layer: Layer, loaded: Loaded) -> bool:
    """Whether a document can be the one that a source names. A secret in a vault does not say which vault it is from."""
    kind = loaded.document.kind
    if layer.kind == "aws":
        return kind == "server/ssm" and layer.path.rstrip("/") in (prefix for _, prefix in loaded.places)
    if layer.kind == "file":
        return kind == "server/json" and basename(loaded.document.uri) == layer.file_name
    return kind == ("server/env" if layer.kind == "env" else "server/azure")
