"""A document whose parts are in several places, such as the variables of a server in several files.

A container has the variables of its ``envFrom`` and its ``env``, a Compose service those of its ``env_file``, of the service it ``extends``
and of its ``environment``. Rules see the sum; findings are about the part in which a value is written
(:meth:`linter.model.Document.written_in`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..model import Document, Fact, Part, SettingPath
from ..text import Excerpt, Piece, Span
from ..typed import Final
from .source import Place, SourceFile

MOST_VARIABLES: Final = 500
"""The maximum number of variables that a place shares with several servers: no configuration has as many, and each server would have all of
them."""
MOST_SHARED: Final = 20_000
"""The maximum number of variables that a place gives to all servers together, counted per server: otherwise the work would grow with the
square of the text. Further servers get unknown variables; mistakes in the place itself are found with the first."""


def may_share(place: Place, file: SourceFile, count: int, server: Place, most: int = MOST_VARIABLES) -> bool:
    """Whether a server of a run can have the variables of a place, given their number; the answer for a server stays the same."""
    servers: set[Place] = file.around.cached(("servers that share", place), set)
    if server not in servers and count <= most and count * (len(servers) + 1) <= MOST_SHARED:
        servers.add(server)
    return server in servers


class Sum:
    """The :class:`~linter.model.Parts` of a sum, and the origin of its settings: those of its parts.

    ``owners`` are the documents that give the settings, ``every`` each with everything it gives. ``facts_of`` are further documents with
    facts about a setting, and ``facts`` computes facts that differ from the giver's.
    """

    layers: tuple[Document, ...] = ()

    def __init__(
        self,
        documents: tuple[Document, ...],
        owners: Mapping[SettingPath, Document],
        every: Iterable[tuple[SettingPath, Document]],
        facts_of: Mapping[tuple[SettingPath, Part], Document] = {},
        facts: Callable[[SettingPath], Mapping[str, Fact]] | None = None,
    ) -> None:
        self.documents = documents
        self._owners = owners
        self._every = tuple(every)
        self._facts_of = facts_of
        self._facts = facts

    def layer(self, path: SettingPath) -> Document:
        """Never called: there are no layers."""
        raise LookupError(path)

    def giver(self, path: SettingPath, part: Part) -> Document:
        """See :meth:`linter.model.Parts.giver`."""
        above = (self._owners.get(path[:length]) for length in range(len(path), 0, -1))
        known = self._facts_of.get((path, part)) or next(filter(None, above), None)
        beneath = (document for at, document in self._owners.items() if path and at[: len(path)] == path)
        return known or next(beneath, self.documents[0])

    def givers(self, path: SettingPath) -> tuple[Document, ...]:
        """See :meth:`linter.model.Parts.givers`."""
        whole = {at for at, _ in self._every}
        tops = [path, *(path[:length] for length in range(1, len(path)) if path[:length] in whole)]
        return tuple(dict.fromkeys(document for top in tops for at, document in self._every if at[: len(top)] == top))

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`: a place in the text of the part."""
        return self.giver(path, part).origin.locate(path, part)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """See :meth:`linter.model.Origin.facts`."""
        return self.giver(path, "value").origin.facts(path) if self._facts is None else self._facts(path)

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`; of the first part, since findings are about the parts."""
        return self.documents[0].origin.excerpt(path, span)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`; of the first part too."""
        return self.documents[0].origin.pieces(part)
