"""Which documents configure the same server, and how they are combined for the rules ``for: deployment``.

Documents belong together when they are of the same environment, as given by the parameters' names, the infra config's ``name``, or the
file's name (``medplum.prod.config.json``, ``medplum.prod.server.json``). A document without an environment joins the only one in its
folder.

It makes no difference whether the user named a file or a search found it: a hook names those that happen to have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..documents.source import folder_of
from ..model import Deployment, Document, Fact, Part, SettingPath, gathered
from ..settings.kinds import COMPANIONS, DEPLOYMENT, DOCUMENT_KINDS, environment_in_name
from ..text import Excerpt, Piece, Span, Text

_SECRETS = ("database", "redis")


def role(document: Document) -> str:
    """The role of a document in a deployment, a :data:`~linter.settings.kinds.Role` or the section of a secret; empty if it has none."""
    if document.section:
        return document.section
    kind = DOCUMENT_KINDS.get(document.kind)
    return kind.role if kind is not None else ""


def environment_of(document: Document) -> str | None:
    """The name of the environment that a document is for, if anything names it; that of a joined server is its sources'."""
    if _is_joined(document) and (name := next(filter(None, map(environment_of, document.layers)), None)) is not None:
        return name
    if role(document) == "infra" and isinstance(document.data.get("name"), str):
        return str(document.data["name"])
    if document.environment is not None and not document.holders:
        return document.environment
    return environment_in_name(document.uri)


def names_of(document: Document) -> dict[str, None]:
    """The names of a document in reports: of its environment, service, container and so on."""
    names = (document.environment, environment_of(document), *(own for _, own in document.holders))
    return dict.fromkeys(name for name in names if name is not None)


def deployments(documents: Iterable[Document]) -> list[Deployment]:
    """The groups of documents that can be checked against each other, sorted by name."""
    named = gathered((environment_of(document), document) for document in documents if role(document) and document.kind not in COMPANIONS)
    groups = _with_unnamed(named, named.pop(None, []))
    ordered = sorted(groups.items(), key=lambda item: item[0] or "")
    return [Deployment(name, tuple(one)) for name, group in ordered for one in _by_server(group) if _comparable(one)]


def _by_server(group: list[Document]) -> list[list[Document]]:
    """The documents of an environment with each of the servers that several sources make, such as an API and its workers."""
    servers = [document for document in group if _is_joined(document)]
    return [[one for one in group if one is server or one not in servers] for server in servers] or [group]


def _is_joined(document: Document) -> bool:
    return document.parts is not None and bool(document.parts.layers)


def _with_unnamed(groups: dict[str | None, list[Document]], unnamed: list[Document]) -> dict[str | None, list[Document]]:
    if len(groups) > 1 or not unnamed:
        return groups
    name, group = next(iter(groups.items()), (None, []))
    together = [*group, *unnamed]
    local = any(document.target == "development" for document in unnamed)
    if (local and group) or any(map(_ambiguous, _by_server(together))) or len({folder_of(document.uri) for document in together}) > 1:
        return groups
    return {name: together}


def _ambiguous(documents: list[Document]) -> bool:
    """Whether two documents have one role, so that it is not known which one counts; a joined server has all roles."""
    is_whole = any(map(_is_joined, documents))
    places = [role(document) if role(document) != "server" or is_whole else document.kind for document in documents]
    return len(places) != len(set(places))


def _comparable(documents: list[Document]) -> bool:
    return not _ambiguous(documents) and len(documents) > 1 and any(role(document) == "server" for document in documents)


def side_by_side(deployment: Deployment) -> Iterator[Document]:
    """The documents for the rules: each server document combined with its companions, and one that combines its sources."""
    others = {role(document): document for document in deployment.documents if role(document) != "server"}
    servers = [document for document in deployment.documents if role(document) == "server"]
    for server in servers:
        yield _combined(server, {**others, "server": server})
    beside = {DOCUMENT_KINDS[server.kind].beside: server for server in servers}
    secrets = {name: document for name, document in others.items() if name in _SECRETS}
    if len(beside) > 1 or secrets:
        yield _combined(servers[0], {**secrets, **beside})


def beside(companions: Iterable[tuple[Document, Document | None]], groups: Iterable[Deployment]) -> Iterator[Deployment]:
    """Each server with one of its companions, and with the infra config of its deployment."""
    of_infra = ((document, group) for group in groups for document in group.documents if role(document) == "infra")
    infra = {server: document for document, group in of_infra for server in group.documents}
    for companion, server in companions:
        if server is not None:
            yield Deployment(None, (server, companion, *([infra[server]] if server in infra else [])))


def _combined(server: Document, members: Mapping[str, Document]) -> Document:
    data = {name: document.data for name, document in members.items()}
    unread = {(name, *path): why for name, document in members.items() for path, why in document.unread.items()}
    return Document(
        server.uri,
        DEPLOYMENT,
        Text(""),
        data,
        MemberOrigin(members),
        environment=server.environment if not server.holders else None,
        unread=unread,
        target=server.target,
        members=members,
        server=server.server,
    )


class MemberOrigin:
    """From a setting of a document that is made of others back to the one that holds it."""

    def __init__(self, members: Mapping[str, Document]) -> None:
        self._members = members

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`: a place in the member's own text."""
        return self._members[str(path[0])].origin.locate(path[1:], part)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """The facts that the member's source knows."""
        return self._members[str(path[0])].origin.facts(path[1:]) if path and str(path[0]) in self._members else {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """Never called: findings are about the members."""
        raise LookupError("what is made of other documents has no text of its own")

    def pieces(self, part: Span) -> Iterator[Piece]:
        """Never called either."""
        raise LookupError("what is made of other documents has no text of its own")
