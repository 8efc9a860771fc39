"""A server that reads several sources, as its start argument names them: one document for their combined content.

Rules see the sum. Each value is checked as its own source is read, and findings are about the source in which a value is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from ..documents.sums import Sum
from ..model import ABSENT, Document, Part, SettingPath
from ..server.start import merge
from ..typed import Final
from .members import MemberOrigin

NotRead = Mapping[SettingPath, str]
"""See :class:`linter.model.Document`."""
_SECRET: Final = "secret"
"""The kind of a layer that is a secret: no rule is for it, since the secret itself is checked."""


class Layers(Sum):
    """The sum of ``layers``, each overriding those before; one of them can be a sum itself. ``unread`` ones are ignored.

    Secrets are layers without a text here: they are documents of their own.
    """

    def __init__(self, layers: Sequence[Document], unread: Sequence[Document]) -> None:
        texts = dict.fromkeys(text for layer in (*layers, *unread) if not layer.members for text in layer.texts)
        super().__init__(tuple(texts), {}, ())
        self.layers = tuple(layers)
        written = [layer for layer in layers if not layer.members]
        # What none of them gives belongs in a file or a store rather than in a variable.
        self._main = min(written, key=lambda layer: layer.kind == "server/env")

    def layer(self, path: SettingPath) -> Document:
        """See :meth:`linter.model.Parts.layer`. Objects are merged; any other value replaces everything before it."""
        layers, giver = self.layers, self._main
        for length in range(1, len(path) + 1):
            given = [(layer, isinstance(value, dict)) for layer in layers if (value := layer.get(path[:length])) is not ABSENT]
            if not given:
                break
            giver, is_object = given[-1]
            whole = max((index for index, (_, merges) in enumerate(given) if not merges), default=-1)
            layers = tuple(layer for layer, _ in given[whole + 1 :]) if is_object else (giver,)
        return self._main if giver.members and giver.get(path) is ABSENT else giver  # what a secret lacks can be set beside it

    def giver(self, path: SettingPath, part: Part) -> Document:
        """See :meth:`linter.model.Parts.giver`."""
        layer = self.layer(path)
        return layer.parts.giver(path, part) if layer.parts is not None else layer

    def givers(self, path: SettingPath) -> tuple[Document, ...]:
        """See :meth:`linter.model.Parts.givers`."""
        return tuple(dict.fromkeys(giver for layer in self.layers for giver in _givers(layer, path)))


def _givers(layer: Document, path: SettingPath) -> Iterator[Document]:
    if layer.parts is not None:
        yield from layer.parts.givers(path)
    elif layer.get(path) is not ABSENT:
        yield layer.owner(path)[0]


def sum_of(layers: Sequence[Document], main: Document, unread: NotRead, kind: str) -> Document:
    """The document of a server that reads some sources, named after ``main``, which it may not read."""
    parts = Layers(layers, [main] if main not in layers else [])
    return Document(
        main.uri,
        kind,
        main.text,
        reduce(merge, (layer.data for layer in layers), {}),
        parts,
        environment=main.environment,
        unread=unread,
        server=main.server,
        parts=parts,
        holders=main.holders,
        trusts=any(layer.trusts for layer in (*layers, main)),
    )


def in_section(section: str, secret: Document) -> Document:
    """A secret as a layer that fills a section."""
    members = {section: secret}
    return Document(secret.uri, _SECRET, secret.text, {section: secret.data}, MemberOrigin(members), members=members)
