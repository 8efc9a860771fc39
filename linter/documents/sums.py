"""Variables of one server that stand in several places: one document of what the server gets, and one of each place for its text.

A container has those of its ``envFrom`` and its ``env``, a service of Compose those of its ``env_file``, of what it ``extends`` and of its
``environment``. Rules see the sum; findings are about the part in which a value is written (:meth:`linter.model.Document.written_in`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..model import Document, Fact, Part, SettingPath
from ..settings.env_names import PREFIX, setting_of
from ..text import Excerpt, Piece, Span
from ..typed import Final, NamedTuple
from .source import Loaded, Place, Problem, SourceFile
from .variables import Variable, VariableHolder, is_servers, read_variables

_NOTHING: Final[Mapping[tuple[SettingPath, Part], Document]] = {}


MOST_VARIABLES: Final = 500
"""Variables at most that a place shares with several servers: no configuration has as many, and each server would have all of them."""
MOST_SHARED: Final = 20_000
"""Variables at most that a place gives to all servers together, each counted for each of them: or the work would grow with the square
of the text. Servers beyond that get what is not known; what is wrong in the place itself is found with the first of them."""


def may_share(place: Place, file: SourceFile, count: int, server: Place) -> bool:
    """Whether a server of a run can have the variables of a place, which has so many; the answer for a server stays the same."""
    servers: set[Place] = file.around.cached(("servers that share", place), set)
    if server not in servers and count <= MOST_VARIABLES and count * (len(servers) + 1) <= MOST_SHARED:
        servers.add(server)
    return server in servers


class Given(NamedTuple):
    """A variable as the server gets it, and the holder in which it is written; the name there may be another one."""

    variable: Variable
    holder: VariableHolder


def load_sum(main: VariableHolder, given: Sequence[Given], also: Iterable[VariableHolder], problems: Iterable[Problem]) -> Loaded:
    """The document of what a server gets: of two variables with one name the later one counts.

    ``main`` is the holder that has the name of the whole, and where what is missing would be written. ``also`` are holders that belong to
    it and may give nothing that counts. ``problems`` are mistakes in what is given, each with the setting that it is about.
    """
    # Of variables that come again, as where a file is named twice, the last one counts.
    last = {(one.holder.place, one.variable.name, one.variable.key): one for one in given}
    given = [one for one in given if last[one.holder.place, one.variable.name, one.variable.key] is one]
    holders: dict[Place, VariableHolder] = {main.place: main}
    for holder in (*(one.holder for one in given), *also):
        known = holders.setdefault(holder.place, holder)
        if holder.editor is None and known.editor is not None:  # of what is read in two ways, an edit for one must not touch the other
            holders[holder.place] = known._replace(editor=None)
    if len(holders) == 1:
        return read_variables(main._replace(problems=(*main.problems, *problems)), [one.variable for one in given])
    variables: dict[Place, list[Variable]] = {place: [] for place in holders}
    for one in given:
        variables[one.holder.place].append(one.variable)
    for place, holder in holders.items():
        # Others than the server's are there only for what is wrong with them for every reader.
        variables[place] += (one for one in holder.variables if not one.name.startswith(PREFIX))
    parts = {place: _part(holder, main, variables[place]) for place, holder in holders.items()}
    documents = {place: part.document for place, part in parts.items()}
    server = [one for one in given if is_servers(one.variable.name, strict=main.strict)]
    every = {(setting_of(one.variable.name, main.file.release), documents[one.holder.place]): None for one in server}
    owners: dict[SettingPath, Document] = {setting_of(one.variable.name, main.file.release): documents[one.holder.place] for one in server}
    of_parts = SumParts(tuple(documents.values()), owners, every)
    whole = read_variables(main, [one.variable for one in given], SumOrigin(of_parts), of_parts)
    for document in documents.values():
        document.holders = tuple(dict.fromkeys((*document.holders, *whole.document.holders)))

    def is_across(path: SettingPath) -> bool:
        """Whether a setting and what holds it stand in two places: within one its document has the mistake."""
        return any(of_parts.giver(path[:length], "key") is not of_parts.giver(path, "key") for length in range(1, len(path)))

    beside = (one for one in whole.problems if one.name == "object-beside-its-members" and one.path is not None and is_across(one.path))
    return Loaded(whole.document, (*problems, *beside), image=main.image, places=frozenset(documents), parts=tuple(parts.values()))


def _part(holder: VariableHolder, main: VariableHolder, variables: list[Variable]) -> Loaded:
    """The document of a holder, once for all sums that it is a part of in the same way."""
    alone = holder._replace(strict=main.strict, complete=False, partial=True)

    def read() -> Loaded:
        part = read_variables(alone, variables)
        part.document.holders = ()  # those of the sums
        return part

    if holder.place == main.place:
        return read()  # the name of the whole, and what may be missing in it, are its own
    signs = tuple((one.name, one.key, one.value, one.text) for one in variables)
    return holder.file.around.cached(("part", holder.place, holder.file.release, main.strict, signs), read)


class SumParts:
    """See :class:`linter.model.Parts`. ``owners`` are the documents that give the settings, ``every`` each with all that it gives.

    ``facts_of`` has those that say a fact of a setting which its giver does not.
    """

    def __init__(
        self,
        documents: tuple[Document, ...],
        owners: Mapping[SettingPath, Document],
        every: Iterable[tuple[SettingPath, Document]],
        facts_of: Mapping[tuple[SettingPath, Part], Document] = _NOTHING,
    ) -> None:
        self.documents = documents
        self._owners = owners
        self._every = tuple(every)
        self._facts_of = facts_of

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


class SumOrigin:
    """The way back from the settings of a sum: to the origins of its parts."""

    def __init__(self, parts: SumParts, facts: Callable[[SettingPath], Mapping[str, Fact]] | None = None) -> None:
        self._parts = parts
        self._facts = facts

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`: a place in the text of the part."""
        return self._parts.giver(path, part).origin.locate(path, part)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """See :meth:`linter.model.Origin.facts`."""
        return self._parts.giver(path, "value").origin.facts(path) if self._facts is None else self._facts(path)

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`: of the first part, for findings are about the parts."""
        return self._parts.documents[0].origin.excerpt(path, span)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`, of the first part too."""
        return self._parts.documents[0].origin.pieces(part)
