"""Which documents are only parts of others, and which places several of them share."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..documents.source import Loaded, Place
from ..model import Document, gathered


def parts_of_others(every: Iterable[Loaded]) -> set[Document]:
    """The documents that are only a part of another one, or the same: they are not checked by themselves."""
    every = list(every)
    sums = gathered((place, loaded) for loaded in every if loaded.parts for place in loaded.places)
    covered: set[Document] = set()
    for loaded in every if sums else ():
        rivals = min((sums.get(place, []) for place in loaded.places), key=len, default=[])
        if any(_covers(rival, loaded, covered) for rival in rivals):
            covered.add(loaded.document)
    return covered


def shared_places(every: Iterable[Loaded]) -> set[Place]:
    """The places that several sums share although their parts differ."""
    documents: dict[Place, Loaded] = {}
    shared: set[Place] = set()
    for loaded in every:
        for part in loaded.texts:
            for place in part.places:
                known = documents.setdefault(place, part)
                alone = not loaded.parts or known.started  # for a service by itself it is the same if nothing else is there
                if known.document is not part.document and not (alone and known.document.given == part.document.given):
                    shared.add(place)
    return shared


def _covers(rival: Loaded, loaded: Loaded, covered: Collection[Document]) -> bool:
    if rival.places == loaded.places:  # a sum found from both of its files counts in one of them, whichever is given first
        first, second = rival.document.uri, loaded.document.uri
        return rival is not loaded and (first < second or (first == second and rival.document not in covered))
    return loaded.places < rival.places and not (loaded.started and rival.document.uri == loaded.document.uri)
