"""What variables are given to, in whatever format: which of them run a server, and the documents that these make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..model import Change
from ..server.start import Reads
from ..settings.env_names import PREFIX
from ..text import Edit
from ..typed import Any, NamedTuple
from .command_lines import never_read
from .images import is_app_image, is_server_image
from .problems import broken_off
from .source import Confidence, Image, Loaded, Problem, Recognised, SourceFile
from .variables import VariableHolder, configures_server, is_servers, unless_kind
from .variables_in_yaml import Block, Node, is_sound, named_values, suppression_comments_of, text_problems, tokens_of


def holder_in(node: Node, type: str, start: Node, blocks: Callable[[Node], Iterable[Block]], consequence: str = "") -> VariableHolder:
    """What variables stand in, in YAML or JSON.

    ``blocks`` finds them in it. ``start`` is where to point for what is not given; ``consequence`` as in :func:`text_problems`.
    """
    file = node.file

    def edit(changes: Sequence[Change]) -> list[Edit] | None:
        from .tree_editor import tree_edits  # only for a finding that has a fix

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
    """What variables are given to, such as a service. ``load`` makes its document; ``is_server``: it certainly runs a server."""

    names: Sequence[str]
    is_server: bool
    load: Callable[[], Loaded]


def container(names: Sequence[str], image: Any, load: Callable[[], Loaded], reads: Reads = "unknown") -> Container:
    """A container that gets variables of some names. The variables of the app are none of a server.

    One with the server's image runs a server if it gets any variable that begins as the server's do, or reads nothing else.
    """
    if is_app_image(image):
        return Container((), False, load)
    is_ours = is_server_image(image) and (reads == "only" or any(name.startswith(PREFIX) for name in names))
    return Container(names, is_ours or (not is_server_image(image) and configures_server(names)), load)


def recognised(
    file: SourceFile,
    containers: Iterable[Container],
    note: str,
    confidence: Confidence = Confidence.LIKELY,
    otherwise: Confidence = Confidence.PLAUSIBLE,
) -> Recognised | None:
    """What a file with these containers is; ``note`` says what that is where none of them runs a server, and is empty if unknown."""
    every = list(containers)
    if any(one.is_server for one in every):
        return Recognised("server/env", confidence)
    if not note:
        return None
    names = [name for one in every for name in one.names]
    return Recognised(None, otherwise, f"{note}{unless_kind(names)}", broken_off(file, *file.documents))


def load_servers(containers: Sequence[Container], problems: Sequence[Problem]) -> list[Loaded]:
    """The documents of the containers that run a server; ``problems`` are those of the text, which are reported with the first.

    Where none runs a server, and the file is read because the user says that it is a server's, these are the containers with variables
    that a server has too.
    """
    servers = [one for one in containers if one.is_server] or [one for one in containers if any(map(is_servers, one.names))]
    known = set(map(id, problems))
    loaded = [one.load() for one in servers]
    return [*loaded[:1], *(_without(one, known) for one in loaded[1:])]


def _without(loaded: Loaded, known: set[int]) -> Loaded:
    if loaded.parts:
        return loaded._replace(parts=(_without(loaded.parts[0], known), *loaded.parts[1:]))
    return loaded._replace(problems=tuple(one for one in loaded.problems if id(one) not in known))


class Start(NamedTuple):
    """How a container starts a server: in what it is started, by word and name, and what to add where it reads no variables."""

    reads: Reads
    word: str
    name: Any
    remedy: str


def for_server(
    holder: VariableHolder, image: Any, start: Start | None = None, *, whole: bool = True, lacks: bool = False, where: str = ""
) -> VariableHolder:
    """The holder of a container with an image, with the problem of a server in it that reads no variables.

    ``whole``: its text was read to its end. ``lacks``: it gets variables that are not known here. ``where`` is the other file in which the
    image stands.
    """
    ours = is_server_image(image)
    never = never_read(start.reads, holder.file.server, start.word, start.name, holder.start, start.remedy) if ours and start else []
    return holder._replace(
        complete=ours and start is not None and start.reads == "only" and whole and not lacks,
        partial=lacks,
        strict=ours,
        image=Image(image, where=where) if ours else None,
        problems=(*holder.problems, *never),
    )
