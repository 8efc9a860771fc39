"""Whether a configuration is for production or for a developer's machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from .. import settings
from ..formats.hosts import host_of, is_developers_host
from ..formats.placeholders import is_unresolved
from ..model import UNKNOWN, Document, Target
from ..typed import Final


class Beside:
    """The documents of a file, whose hosts are looked up once for all that have none of their own."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents = documents

    @cached_property
    def hosts(self) -> Mapping[str, list[str]]:
        """The hosts of the URLs in them, by kind of document."""
        hosts: dict[str, list[str]] = {}
        for one in self._documents:
            hosts.setdefault(one.kind, []).extend(_hosts(one))
        return hosts


NOTHING_BESIDE: Final = Beside()


def target_of(document: Document, beside: Beside = NOTHING_BESIDE) -> Target:
    """The target: ``development`` when each URL of the server leads to a developer's machine or network, in doubt ``production``.

    URLs with placeholders do not count.

    A document without any, such as a Secret of Kubernetes, is for what those ``beside`` it in the file are for.
    """
    if not document.kind.startswith("server"):
        return "production"
    hosts = _hosts(document) or beside.hosts.get(document.kind, [])
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
