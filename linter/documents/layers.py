"""A server that reads several sources, as its start argument names them: one document for their combined content.

Rules see the sum. Each value is checked as its own source is read, and findings are about the source in which a value is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from ..model import ABSENT, Document, Part, SettingPath
from ..server.start import merge
from .source import Loaded
from .sums import Sum


class Layers(Sum):
    """The sum of ``layers``, each overriding those before; one of them can be a sum itself. ``unread`` ones are ignored."""

    def __init__(self, layers: Sequence[Document], unread: Sequence[Document]) -> None:
        super().__init__(tuple(dict.fromkeys(text for layer in (*layers, *unread) for text in _texts(layer))), {}, ())
        self.layers = tuple(layers)

    def layer(self, path: SettingPath) -> Document:
        """See :meth:`linter.model.Parts.layer`. Objects are merged; any other value replaces everything before it."""
        layers, giver = self.layers, self.layers[0]
        for length in range(1, len(path) + 1):
            given = [(layer, isinstance(value, dict)) for layer in layers if (value := layer.get(path[:length])) is not ABSENT]
            if not given:
                break
            giver, is_object = given[-1]
            whole = max((index for index, (_, merges) in enumerate(given) if not merges), default=-1)
            layers = tuple(layer for layer, _ in given[whole + 1 :]) if is_object else (giver,)
        return giver

    def giver(self, path: SettingPath, part: Part) -> Document:
        """See :meth:`linter.model.Parts.giver`."""
        layer = self.layer(path)
        return layer.parts.giver(path, part) if layer.parts is not None else layer

    def givers(self, path: SettingPath) -> tuple[Document, ...]:
        """See :meth:`linter.model.Parts.givers`."""
        return tuple(dict.fromkeys(one for layer in self.layers for one in _givers(layer, path)))


def _texts(layer: Document) -> tuple[Document, ...]:
    return layer.parts.documents if layer.parts is not None else (layer,)


def _givers(layer: Document, path: SettingPath) -> Iterator[Document]:
    if layer.parts is not None:
        yield from layer.parts.givers(path)
    elif layer.get(path) is not ABSENT:
        yield layer


def sum_of(layers: Sequence[Document], main: Document, *, complete: bool) -> Document:
    """The document of a server that reads some sources, named after ``main``, which it may not read.

    A setting missing from one source can be in another, so none of them is complete by itself any more.
    """
    for layer in layers:
        layer.complete = False
    parts = Layers(layers, [main] if main not in layers else [])
    return Document(
        main.uri,
        layers[0].kind,
        main.text,
        reduce(merge, (layer.data for layer in layers), {}),
        parts,
        environment=main.environment,
        complete=complete,
        server=main.server,
        parts=parts,
        holders=main.holders,
        trusts=any(one.trusts for one in (*layers, main)),
    )


def join(layers: Sequence[Loaded], main: Loaded, *, complete: bool) -> Loaded:
    """The sum of the sources of a server, with all that is known about their texts."""
    texts = {one.document: one for one in (*layers, main)}.values()
    return Loaded(
        sum_of([one.document for one in layers], main.document, complete=complete),
        tuple(problem for one in texts if one.parts for problem in one.problems),
        checkable=all(one.checkable for one in layers),
        image=main.image,
        places=frozenset(place for one in texts for place in one.places),
        parts=tuple(part for one in texts for part in one.written),
        started=main.started,
        unread=main.unread,
    )
