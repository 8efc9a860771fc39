"""Whether a configuration is for production or for a developer's machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import settings
from ..formats.hosts import host_of, is_developers_host
from ..formats.placeholders import is_unresolved
from ..model import UNKNOWN, Document, Target


def hosts_of(documents: Iterable[Document]) -> Mapping[str, list[str]]:
    """The hosts of the URLs in documents, by kind of document: for those beside them that have none of their own."""
    hosts: dict[str, list[str]] = {}
    for one in documents:
        hosts.setdefault(one.kind, []).extend(_hosts(one))
    return hosts


def target_of(document: Document, beside: Mapping[str, list[str]] | None = None) -> Target:
    """The target: ``development`` when each URL of the server leads to a developer's machine or network, in doubt ``production``.

    URLs with placeholders do not count. A document without any, such as a Secret of Kubernetes, is for what those ``beside`` it in the file
    are for, whose hosts these are.
    """
    if not document.kind.startswith("server"):
        return "production"
    hosts = _hosts(document) or (beside or {}).get(document.kind, [])
    return "development" if hosts and all(is_developers_host(host) for host in hosts) else "production"


def _hosts(document: Document) -> list[str]:
    hosts = []
    for path in settings.catalogue().tagged("server-url"):
        value = document.get(path)
        if value is UNKNOWN:  # of a reference such as ``${NAME:-default}`` the default shows at least what it is for
            value = document.origin.facts(path).get("fallback")
        host = host_of(value) if isinstance(value, str) and not is_unresolved(value) else None
        hosts += [host] if host is not None else []
    return hosts
