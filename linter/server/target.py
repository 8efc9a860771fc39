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
    """A target, None where the evidence disagrees, and that evidence, in words that name settings and no values."""

    target: Target | None
    says: str


def evidence_of(document: Document) -> Evidence | None:
    """The evidence in a document itself; None if there is none, or if it depends on other documents.

    The URLs of a server say what it is for; a remote database only decides about its own connection (:func:`targets_of`). Among
    public URLs, a single one that leads to a developer's machine or network is a mistake, and so is any beside a public base URL.
    Placeholders do not count. A whole configuration without any URL lacks what a server needs, or gets it at deployment.
    """
    if not document.kind.startswith("server"):
        return Evidence("production", "only a server can be for development")
    urls = dict(_hosts(document, "server-url"))
    local = [path for path, host in urls.items() if is_developers_host(host)]
    public = [path for path in urls if path not in local]
    if public:
        is_sure = ("baseUrl",) in public or len(public) > len(local) or document.kind in _STORES
        against = f", although {dotted(local[0])} is" if local else ""
        return Evidence("production" if is_sure else None, f"{dotted(public[0])} is not local{against}")
    if local:
        return Evidence("development", "all its URLs are local")
    if document.kind in _STORES:
        return Evidence("production", "it is in the store of a cloud")
    return Evidence("production", "it is a whole configuration without a local URL") if document.complete else None


def targets_of(document: Document) -> dict[SettingPath, Target | None]:
    """The :attr:`~linter.model.Document.targets` of a document whose own is set: a connection to a deployed host is for production."""
    deployed = {path[:1] for path, host in _hosts(document, "host-or-socket", "hostname") if _is_deployed(path, host)}
    return {**dict.fromkeys(sorted(deployed), "production"), (): document.target} if deployed and document.target != "production" else {}


def evidence_in(documents: Iterable[Document]) -> Mapping[str, Evidence]:
    """The combined evidence of a file's documents, by kind: for those without evidence of their own."""
    found: dict[str, Evidence] = {}
    for kind, own in ((document.kind, evidence_of(document)) for document in documents):
        if own is not None and found.setdefault(kind, own).target != own.target:
            found[kind] = Evidence(None, "the documents of its file disagree")
    return found


def target_of(document: Document, beside: Mapping[str, Evidence] | None = None) -> Target | None:
    """The target of a document, by its own evidence or that of documents ``beside`` it in its file; None if there is none."""
    evidence = evidence_of(document) or (beside or {}).get(document.kind)
    return evidence.target if evidence is not None else None


def _hosts(document: Document, *tags: str) -> Iterator[tuple[SettingPath, str]]:
    """The hosts in settings with one of these tags: those of URLs, or bare hosts, which can be URLs."""
    for path, tag in ((path, one) for one in tags for path in settings.catalogue().tagged(one)):
        value = document.get(path)
        if value is UNKNOWN:  # the default of a reference such as ``${NAME:-default}`` at least shows its purpose
            value = document.origin.facts(path).get("fallback")
        if isinstance(value, str) and value and not is_unresolved(value):
            host = host_of(value) or (host_of(f"x://{value}") or value if tag != "server-url" else None)
            yield from [(path, host)] if host else ()


def _is_deployed(path: SettingPath, host: str) -> bool:
    """Whether a host of a database or Redis is one that a deployed server uses; a developer sends mail by any provider."""
    return path[0] != "smtp" and (not is_private_host(host) or (host.startswith("/") and bool(settings.provider_of("database", host))))
