"""Whether a configuration is for production or for a developer's machine, and what shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .. import settings
from ..formats.hosts import host_of, is_developers_host, is_private_host
from ..formats.placeholders import is_unresolved
from ..model import UNKNOWN, Document, SettingPath, Target, dotted
from ..typed import Final, NamedTuple

_STORES: Final = ("server/ssm", "server/azure")
"""The stores of a cloud, which no developer's machine starts from."""


class Evidence(NamedTuple):
    """A target, and its evidence, in words that name settings and no values."""

    target: Target
    says: str


def evidence_of(document: Document) -> Evidence | None:
    """The evidence in a document itself; None if there is none, or if it depends on other documents.

    A URL or a database on a public host outweighs URLs that lead to a developer's machine or network. Placeholders do not count. A whole
    configuration without any URL lacks what a server needs, or gets it at deployment.
    """
    if not document.kind.startswith("server"):
        return Evidence("production", "only a server can be for development")
    urls = list(_hosts(document, "server-url"))
    public = [path for path, host in urls if not is_developers_host(host)]
    public += [path for tag in ("host-or-socket", "hostname") for path, host in _hosts(document, tag) if _is_deployed(path, host)]
    if public:
        return Evidence("production", f"{dotted(public[0])} is not local")
    if urls:
        return Evidence("development", "all its URLs are local")
    if document.kind in _STORES:
        return Evidence("production", "it is in the store of a cloud")
    return Evidence("production", "it is a whole configuration without a local URL") if document.complete else None


def evidence_in(documents: Iterable[Document]) -> Mapping[str, Evidence]:
    """The combined evidence of a file's documents, by kind: for those without evidence of their own."""
    found: dict[str, Evidence] = {}
    for document in documents:
        own = evidence_of(document)
        if own is not None and (own.target == "production" or document.kind not in found):
            found[document.kind] = own
    return found


def target_of(document: Document, beside: Mapping[str, Evidence] | None = None) -> Target | None:
    """The target of a document, by its own evidence or that of documents ``beside`` it in its file; None if there is none."""
    evidence = evidence_of(document) or (beside or {}).get(document.kind)
    return evidence.target if evidence is not None else None


def _hosts(document: Document, tag: str) -> Iterator[tuple[SettingPath, str]]:
    """The hosts in settings with a tag, which can be URLs or bare hosts."""
    for path in settings.catalogue().tagged(tag):
        value = document.get(path)
        if value is UNKNOWN:  # the default of a reference such as ``${NAME:-default}`` at least shows its purpose
            value = document.origin.facts(path).get("fallback")
        if isinstance(value, str) and value and not is_unresolved(value):
            host = host_of(value) or (host_of(f"x://{value}") or value if tag != "server-url" else None)
            if host:
                yield path, host


def _is_deployed(path: SettingPath, host: str) -> bool:
    """Whether a host of a database or Redis is one that a deployed server uses; a developer sends mail by any provider."""
    return path[0] != "smtp" and (not is_private_host(host) or (host.startswith("/") and bool(settings.provider_of("database", host))))
