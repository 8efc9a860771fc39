"""Versions: the release and the target of the server that each document is for, and the documents as that server reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from functools import partial

from ..deployment.parts import parts_of_others
from ..documents.inputs import Input
from ..documents.source import Loaded, SourceFile
from ..model import Document, Notice
from ..options.choose import target_for
from ..release import ANY_SERVER, MAIN, ServerVersion
from ..server.target import evidence_in
from ..settings.kinds import LIVE, catalogue_kind
from .load import Reading
from .read import read_as
from .state import File, Run


def ask_server(run: Run, files: list[File]) -> tuple[list[File], Mapping[Document, ServerVersion]]:
    """What a running server answers, as a file, and its release for each document that configures it."""
    live = run.options.live
    if live is None:
        return [], {}
    documents = [loaded.document for file in files for loaded in file.reading.loaded]
    with run.log.surviving(live.uri, "asking the server"):
        run.step("asking", 0, 1, live.uri)
        answer = live.ask(documents, run.options.now)
        for notice in answer.notices:
            run.log.note(Notice("not-asked", live.uri, None, notice))
        for error in answer.errors:
            run.log.error(error)
        if answer.loaded is not None:
            [path] = run.options.addresses
            given = Input(live.uri, answer.loaded.document.text, path)
            said = {document: answer.version for document in live.serves(documents) if answer.version is not None}
            return [File(given, *run.choices.of(given.path), Reading([answer.loaded]))], said
        run.log.unchecked(live.uri, "failed", "no answer")
    return [], {}


def served(run: Run, documents: Collection[Document]) -> list[tuple[Document, Document]]:
    """What a running server answers, with each document that configures it."""
    live, answers = run.options.live, [document for document in documents if document.kind == LIVE]
    return [(answer, server) for answer in answers for server in (live.serves(documents) if live is not None else ())]


def set_targets(run: Run, files: list[File]) -> None:
    """Set the target of each document, which decides what the images in the files are for."""
    if not any(file.reading.images for file in files):
        return
    for file in files:
        documents = [loaded.document for loaded in file.reading.loaded]
        beside = evidence_in(documents)
        for document in documents:
            document.target = target_for(run.rules_for(file, document).overrides, document, beside)


def as_servers_read(run: Run, files: list[File], said: Mapping[Document, ServerVersion] = {}) -> list[File]:
    """The files with each document as its server reads it, now that all images are known, and what servers have ``said`` themselves."""
    found = _servers_in_images(files)
    of_start = next(iter(found.values())) if run.options.start is not None and len(set(found.values())) == 1 else None

    def wanted(file: File, document: Document) -> ServerVersion:
        by_hand = run.options.overrides.server or said.get(document) or run.rules_for(file, document).overrides.server
        return by_hand or found.get(document, of_start or document.server)

    read: list[File] = []
    for file in files:
        servers = [wanted(file, loaded.document) for loaded in file.reading.loaded]
        loaded = _read_for(file.reading.loaded, servers, partial(read_as, run, file.given))
        read.append(file._replace(reading=file.reading._replace(loaded=loaded)))
    return read


def _servers_in_images(files: Sequence[File]) -> dict[Document, ServerVersion]:
    """The server of each document, where an image named in the files gives it."""
    if not any(file.reading.images for file in files):
        return {}
    from ..deployment.servers import readers_of  # only where a file names an image
    from ..deployment.versions import versions_of

    every = [loaded for file in files for loaded in file.reading.loaded]
    covered = parts_of_others(every)
    own = {loaded.document: loaded.image for loaded in every if loaded.document not in covered}
    readers = readers_of(every) if any(loaded.start is not None for loaded in every) else {}
    return versions_of(own, {file.given.uri: file.reading.images for file in files}, readers)


def _read_for(every: list[Loaded], servers: Sequence[ServerVersion], read: Callable[[ServerVersion], Reading]) -> list[Loaded]:
    """The documents of a file, reloaded for each release other than the one that it was first loaded for."""
    of_release = {loaded.document.server.release: every for loaded in every}
    for server in servers:
        if server.release not in of_release:
            again = read(server).loaded  # of which another release may make nothing, or less
            of_release[server.release] = again if len(again) == len(every) else every
    chosen = [of_release[server.release][index] for index, server in enumerate(servers)]
    for loaded, server in zip(chosen, servers, strict=True):
        loaded.set_server(server)
    return chosen


def newest_reader(run: Run, files: Sequence[File]) -> Callable[[Document], Document]:
    """A function that gives a document as the newest server reads it, since a secret is one for every release."""
    file_of = {loaded.document: file for file in files for loaded in file.reading.loaded}
    newest: dict[Document, Document] = {}

    def read(document: Document) -> Document:
        if document.server.release == MAIN or catalogue_kind(document.kind) != "server":
            return document
        if document not in newest and document in file_of:
            given, _, _, reading = file_of[document]
            with run.log.surviving(given.uri):
                again = [loaded.document for loaded in read_as(run, given, ANY_SERVER).loaded]
                newest.update(zip((loaded.document for loaded in reading.loaded), again, strict=True))
        if document not in newest:  # a file that is mounted, or one that cannot be read again
            newest[document] = copy(document)
            newest[document].server, newest[document]._cached = ANY_SERVER, {}
        newest[document].unread = document.unread
        return newest[document]

    return read


def document_without_settings(given: Input, reading: Reading) -> Document:
    """The document of a file without settings, for the server that its images name."""
    from ..deployment.versions import versions_of  # only for such a file
    from ..documents.containers.images import document_without_settings as without

    document = without(SourceFile(given.uri, given.data))
    document.server = versions_of({document: None}, {given.uri: reading.images}).get(document, ANY_SERVER)
    return document
