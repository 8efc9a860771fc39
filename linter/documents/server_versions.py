"""Which server each document of a run is for, as the images that the files name say.

A document has the release of its own container; else that of its file or of those that it is the sum with, of its environment, of the
documents that are checked with it, of its folder, or of all files that the user named. Where two of them are named in one place, or one
that is no release, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..model import Document
from ..release import ANY_SERVER, ServerVersion
from ..typed import NamedTuple
from .deployment import Candidate, deployments, environment_of
from .images import version_of
from .source import Image


class Placed(NamedTuple):
    """A document, the image of its own container, if it has one, and whether a search found it."""

    document: Document
    image: Image | None
    searched: bool


class FileImages(NamedTuple):
    """The images of servers that a file names."""

    uri: str
    images: tuple[Image, ...]
    searched: bool


Answer = tuple[()] | tuple[ServerVersion] | None
"""What a place says: its version, an empty one where its images are of no release or of several; None where it names no image."""


def versions_of(documents: Sequence[Placed], files: Iterable[FileImages]) -> list[ServerVersion | None]:
    """The version of each document; None where no image says it."""
    by_file = {file.uri: file for file in files if file.images}
    if not by_file:
        return [None] * len(documents)
    return _Versions(documents, by_file).all()


class _Versions:
    """Every place is asked once, however many documents there are."""

    def __init__(self, documents: Sequence[Placed], files: Mapping[str, FileImages]) -> None:
        self.documents = documents
        self.of_file = {uri: _agreed([version_of(image, uri) for image in file.images]) for uri, file in files.items()}
        self.of_folder = _by(((uri.rpartition("/")[0], answer) for uri, answer in self.of_file.items()))
        self.of_all = None if any(file.searched for file in files.values()) else _together(self.of_file.values())
        own = {one.document: self._own(one) for one in documents}
        self.own = own
        names = ((environment_of(one.document), own[one.document]) for one in documents)
        self.of_environment = _by((name, answer) for name, answer in names if name)
        candidates = (Candidate(one.document, one.searched) for one in documents)
        groups = [group.documents for group in deployments(candidates)]
        self.of_deployment = {document: _together(own[one] for one in group) for group in groups for document in group}

    def all(self) -> list[ServerVersion | None]:
        """The version of each document, in their order; where images are named that do not say it, the newest, with that as the reason."""
        return [_version(answer) for answer in map(self._answer, self.documents)]

    def _answer(self, placed: Placed) -> Answer:
        document = placed.document
        name = environment_of(document)
        places = [self.own[document], self.of_environment.get(name) if name else None, self.of_deployment.get(document)]
        if not name:  # of a named environment nobody knows whether it is what runs in its folder
            places.append(self.of_folder.get(document.uri.rpartition("/")[0]))
            places.append(None if placed.searched else self.of_all)
        return next((answer for answer in places if answer is not None), None)

    def _own(self, placed: Placed) -> Answer:
        document = placed.document
        if placed.image is not None:
            return _agreed([version_of(placed.image, document.uri)])
        parts = document.parts.documents if document.parts is not None else ()
        answers = (self.of_file.get(uri) for uri in (document.uri, *(one.uri for one in reversed(parts))))
        return next((answer for answer in answers if answer is not None), None)


def _version(answer: Answer) -> ServerVersion | None:
    if answer is None:
        return None
    return answer[0] if answer else ANY_SERVER._replace(reason=f"{ANY_SERVER.reason}; the images do not say which it is")


def _by(answers: Iterable[tuple[str | None, Answer]]) -> dict[str | None, Answer]:
    """What the places of each name say together."""
    found: dict[str | None, list[Answer]] = {}
    for name, answer in answers:
        found.setdefault(name, []).append(answer)
    return {name: _together(one) for name, one in found.items()}


def _agreed(versions: Iterable[ServerVersion | None]) -> Answer:
    """What images together say: all of them must be of one release."""
    found = list(versions)
    releases = {None if one is None else (one.oldest, one.release, one.newer) for one in found}
    first = found[0]
    return (first,) if len(releases) == 1 and first is not None else ()


def _together(answers: Iterable[Answer]) -> Answer:
    """What several places together say; those that name no image say nothing."""
    given = [answer for answer in answers if answer is not None]
    if not given:
        return None
    return _agreed([answer[0] if answer else None for answer in given])
