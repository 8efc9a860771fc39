"""Containers and whatever else has variables, in any format; which of them run a server, and the documents these make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...model import Change, SettingPath
from ...settings.env_names import PREFIX, setting_of
from ...text import Edits
from ...typed import Any, NamedTuple
from ..problems import broken_off
from ..source import BESIDE, Confidence, Image, Loaded, Place, Problem, Recognised, SourceFile
from ..sums import Sum
from ..variables.documents import Variable, VariableHolder, configures_server, is_servers, read_variables, unless_kind
from ..variables.in_yaml import Block, Node, is_sound, named_values, suppression_comments_of, text_problems, tokens_of
from .command_lines import Start, problems_of_start
from .images import is_app_image, is_server_image


def holder_in(node: Node, type: str, start: Node, blocks: Callable[[Node], Iterable[Block]], consequence: str = "") -> VariableHolder:
    """A place in YAML or JSON that has variables.

    ``blocks`` finds them in it. ``start`` is where to point for what is not given; ``consequence`` as in :func:`text_problems`.
    """
    file = node.file

    def edit(changes: Sequence[Change]) -> Edits:
        from ..editing.tree import tree_edits  # only for a finding that has a fix

        return tree_edits(node, blocks, changes)

    return VariableHolder(
        file=file,
        type=type,
        start=start.head(),
        tokens=tokens_of(file),
        named=lambda: named_values(file),
        at=node.place().value.start,
        sound=is_sound(file),
        problems=text_problems(file, consequence),
        suppressions=suppression_comments_of(file).suppressions,
        editor=edit,
    )


class Container(NamedTuple):
    """Something that has variables, such as a service. ``load`` makes its document; ``is_server``: it certainly runs a server."""

    names: Sequence[str]
    is_server: bool
    load: Callable[[], Loaded]


def container(names: Sequence[str], image: Any, load: Callable[[], Loaded], *, is_started: bool = False) -> Container:
    """A container with variables of some names. Variables of the app do not count as a server's.

    One with the server's image runs a server if it has any variable with the server's prefix, or if its start shows where its configuration
    is.
    """
    if is_app_image(image):
        return Container((), False, load)
    is_ours = is_server_image(image) and (is_started or any(name.startswith(PREFIX) for name in names))
    return Container(names, is_ours or (not is_server_image(image) and configures_server(names)), load)


def recognised(
    file: SourceFile,
    containers: Iterable[Container],
    note: str,
    confidence: Confidence = Confidence.LIKELY,
    otherwise: Confidence = Confidence.PLAUSIBLE,
) -> Recognised | None:
    """What a file with these containers is; ``note`` says so if none of them runs a server, and is empty if unknown."""
    every = list(containers)
    if any(container.is_server for container in every):
        return Recognised("server/env", confidence)
    if not note:
        return None
    names = [name for container in every for name in container.names]
    return Recognised(None, otherwise, f"{note}{unless_kind(names)}", broken_off(file, *file.documents))


def load_servers(containers: Sequence[Container], problems: Sequence[Problem]) -> list[Loaded]:
    """The documents of the containers that run a server; ``problems`` are those of the text, which are reported with the first.

    If none runs a server, and the user says that the file is a server's, these are the containers with variables that a server has too.
    """
    running = [container for container in containers if container.is_server]
    servers = running or [container for container in containers if any(map(is_servers, container.names))]
    known = set(map(id, problems))
    loaded = [server.load()._replace(of_text=tuple(problems)) for server in servers]
    others = (one.with_problems(problem for problem in one.texts[0].problems if id(problem) not in known) for one in loaded[1:])
    return [*loaded[:1], *others]


class Given(NamedTuple):
    """A variable as the server gets it, and the holder in which it is written; its name there may differ."""

    variable: Variable
    holder: VariableHolder


def load_sum(main: VariableHolder, given: Sequence[Given], also: Iterable[VariableHolder]) -> Loaded:
    """The document of the variables that a server gets: of two with one name the later one counts.

    ``main`` is the holder that has the name of the whole, where missing settings would be written. ``also`` are holders that belong to it
    but may give nothing that counts.
    """
    # If a variable is repeated, as when a file is named twice, the last one counts.
    last = {(placed.holder.place, placed.variable.name, placed.variable.key): placed for placed in given}
    given = [placed for placed in given if last[placed.holder.place, placed.variable.name, placed.variable.key] is placed]
    holders: dict[Place, VariableHolder] = {main.place: main}
    for holder in (*(placed.holder for placed in given), *also):
        known = holders.setdefault(holder.place, holder)
        if holder.editor is None and known.editor is not None:  # if it is read in two ways, an edit for one must not affect the other
            holders[holder.place] = known._replace(editor=None)
    if len(holders) == 1:
        return read_variables(main, [placed.variable for placed in given])
    variables: dict[Place, list[Variable]] = {place: [] for place in holders}
    for placed in given:
        variables[placed.holder.place].append(placed.variable)
    for place, holder in holders.items():
        # Other programs' variables are only there for mistakes that affect every reader.
        variables[place] += (variable for variable in holder.variables if not variable.name.startswith(PREFIX))
    parts = {place: _part(holder, main, variables[place]) for place, holder in holders.items()}
    documents = {place: part.document for place, part in parts.items()}
    server = [placed for placed in given if is_servers(placed.variable.name, strict=main.strict)]
    every = [(setting_of(placed.variable.name, main.file.release), documents[placed.holder.place]) for placed in server]
    of_parts = Sum(tuple(documents.values()), dict(every), every)
    whole = read_variables(main, [placed.variable for placed in given], of_parts)
    for document in documents.values():
        document.holders = tuple(dict.fromkeys((*document.holders, *whole.document.holders)))

    def is_across(path: SettingPath) -> bool:
        """Whether a setting and its parent are in two places: within one place its own document has the mistake."""
        return any(of_parts.giver(path[:length], "key") is not of_parts.giver(path, "key") for length in range(1, len(path)))

    beside = tuple(one for one in whole.problems if one.name in BESIDE and one.path is not None and is_across(one.path))
    return Loaded(whole.document, beside, image=main.image, places=frozenset(documents), parts=tuple(parts.values()))


def _part(holder: VariableHolder, main: VariableHolder, variables: list[Variable]) -> Loaded:
    """The document of a holder, shared by all sums that use it in the same way."""
    alone = holder._replace(strict=main.strict, complete=False, partial=True)

    def read() -> Loaded:
        part = read_variables(alone, variables)
        part.document.holders = ()  # those of the sums
        return part

    if holder.place == main.place:
        return read()  # it has the name of the whole, and what may be missing in it
    signs = tuple((variable.name, variable.key, variable.value, variable.text) for variable in variables)
    return holder.file.around.cached(("part", holder.place, holder.file.release, main.strict, signs), read)


def for_server(
    holder: VariableHolder,
    image: Any,
    start: Start | None = None,
    *,
    whole: bool = True,
    lacks: bool = False,
    where: str = "",
    has_variables: bool = True,
) -> VariableHolder:
    """The holder of a container with an image, with the problem of a server in it that reads no variables.

    ``whole``: its text was read to its end. ``lacks``: it gets variables that are not known here. ``where`` is the other file that names
    the image.
    """
    ours = is_server_image(image)
    server = holder.file.server
    at = start.at if start is not None else None
    is_here = at is None or at.file.uri == holder.file.uri
    place = at.head() if at else holder.start
    wrong = problems_of_start(start, server, place, has_variables=has_variables) if ours and start and is_here else []
    reads = start.reads(server.release) if start is not None else "unknown"
    return holder._replace(
        complete=ours and reads == "only" and whole and not lacks,
        partial=lacks,
        strict=ours,
        image=Image(image, where=where) if ours else None,
        problems=(*holder.problems, *wrong),
    )
