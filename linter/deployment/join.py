"""Joining: from a start argument and the documents of a run to one document with everything that a server reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from posixpath import basename

from ..documents.source import Loaded, SourceFile, Started
from ..documents.sums import MOST_SHARED, may_share
from ..model import Document
from ..release import ANY_SERVER, ServerVersion
from ..server.start import Layer, fault, layers
from ..sources import load_configuration
from ..typed import NamedTuple
from .layers import join, sum_of


class Source(NamedTuple):
    """A document of a run, and the newest server's reading of it. ``whole``: it was read completely, and lacks nothing."""

    loaded: Loaded
    newest: Callable[[], Document]
    whole: bool

    @classmethod
    def of(cls, loaded: Loaded, newest: Callable[[], Document]) -> Source:
        """A document before it is joined with any other."""
        is_complete = loaded.document.complete or loaded.document.kind == "server/json"  # a file that a server reads has no other part
        return cls(loaded, newest, loaded.checkable and is_complete and not any(problem.lossy for problem in loaded.problems))


class Joined(NamedTuple):
    """Everything that a server reads, and the newest server's reading of it.

    It goes by the name of the document ``main`` and is made of the documents ``sources``; ``missing`` are the kinds of sources that were
    not given.
    """

    loaded: Loaded
    newest: Callable[[], Document]
    main: Document
    sources: Collection[Document]
    missing: Sequence[str]


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
    # The variables that cannot be read may include what is missing.
    is_lost = all(source is not main for source in known) and bool(main.loaded.document.data)
    is_whole = len(known) == len(named) and all(start.whole if source is own else source.whole for source in known) and not is_lost

    loaded = join([source.loaded for source in known], main.loaded, complete=is_whole)

    def newest() -> Document:
        made = {document: source.newest() for document, source in sources.items()}
        if all(made[document] is document for document in sources):
            return loaded.document
        return sum_of([made[source.loaded.document] for source in known], made[main.loaded.document], complete=is_whole)

    return Joined(loaded, newest, main.loaded.document, sources.keys(), [layer.kind for layer, source in named if source is None])


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
        return Source.of(load_configuration(file), lambda: load_configuration(newest).document)
    fitting = [source for source in every if _fits(layer, source.loaded)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(layer: Layer, loaded: Loaded) -> bool:
    """Whether a document can be the one that a source names. A secret in a vault does not say which vault it is from."""
    kind = loaded.document.kind
    if layer.kind == "aws":
        return kind == "server/ssm" and layer.path.rstrip("/") in (prefix for _, prefix in loaded.places)
    if layer.kind == "file":
        return kind == "server/json" and basename(loaded.document.uri) == layer.file_name
    return kind == ("server/env" if layer.kind == "env" else "server/azure")
