"""Which server each document of a run is for, according to the images named in the files.

A document has the release of its own container; else of the servers that read it, of its file or of the documents it is summed with, of its
environment, of the documents it is checked with, or of its folder. If several are named in one place, or one that is not a release, it is
not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..documents.containers.images import version_of
from ..documents.source import Image, folder_of
from ..model import Document, gathered
from ..release import ANY_SERVER, ServerVersion
from ..settings.kinds import environment_in_name, source_in_name
from .members import deployments, environment_of

Versions = list[ServerVersion | None]
"""The combined versions of images, None for one that is not a release; empty if there is no image."""


def versions_of(
    documents: Mapping[Document, Image | None],
    images: Mapping[str, Sequence[Image]],
    readers: Mapping[Document, tuple[Sequence[Document], Sequence[Document]]] = {},
) -> dict[Document, ServerVersion]:
    """The version of each document for which an image gives one.

    ``documents`` have the images of their own containers, if any; ``images`` are those that files name, by the paths of these; ``readers``
    are the servers that read a dump or a vault, and those that read another one.
    """
    of_file = {uri: [version_of(image, uri) for image in named] for uri, named in images.items() if named}
    if not of_file:
        return {}
    of_folder = gathered((folder_of(uri), one) for one in of_file.items() for uri in one[:1])
    own = {document: _own(document, image, of_file) for document, image in documents.items()}
    loaded = {document.uri for document in documents}
    by_name = ((environment_in_name(uri), versions) for uri, versions in of_file.items() if uri not in loaded)
    of_environment = _joined((*((environment_of(document), versions) for document, versions in own.items()), *by_name))
    of_source = _joined((source, versions) for uri, versions in of_file.items() if (source := source_in_name(uri)))
    groups = [group.documents for group in deployments(documents)]
    of_deployment = {document: group for group in groups for document in group}

    def versions(document: Document) -> Versions:
        name = environment_of(document)
        own_readers, strangers = readers.get(document, ((), ()))
        elsewhere = {stranger.uri for stranger in strangers}
        places = [
            own[document],
            [version for reader in own_readers for version in own.get(reader, [])],
            of_source.get(source_in_name(document.uri), []),
            of_environment.get(name, []) if name else [],
            [version for member in of_deployment.get(document, ()) if member not in strangers for version in own[member]],
        ]
        if not name:  # whether a named environment runs in its folder is not known
            places.append([version for uri, own in of_folder.get(folder_of(document.uri), ()) if uri not in elsewhere for version in own])
        return next(filter(None, places), [])

    agreed = ((document, _agreed(versions(document))) for document in documents)
    return {document: version for document, version in agreed if version is not None}


def _own(document: Document, image: Image | None, of_file: Mapping[str, Versions]) -> Versions:
    if image is not None:
        return [version_of(image, document.uri)]
    uris = (document.uri, *(text.uri for text in reversed(document.texts)))
    return next((of_file[uri] for uri in uris if uri in of_file), [])


def _joined(versions: Iterable[tuple[str | None, Versions]]) -> dict[str | None, Versions]:
    """The combined images of the places with the same key."""
    return gathered((key, version) for key, own in versions for version in own)


def _agreed(versions: Versions) -> ServerVersion | None:
    """The version that images agree on; if they disagree, or it is not a release, the newest, with that as the reason."""
    if not versions:
        return None
    releases = {None if version is None else (version.oldest, version.release, version.newer) for version in versions}
    if len(releases) == 1 and versions[0] is not None:
        return versions[0]
    return ANY_SERVER._replace(reason=f"{ANY_SERVER.reason}; the images do not say which it is")
