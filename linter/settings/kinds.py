"""The kinds of document: what describes each, how its values are read, and its role in a deployment. The only table of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..typed import Final, Literal, NamedTuple

Role = Literal["infra", "server", "database", "redis", "workload", "live"]
"""What a document configures."""
Coercion = Literal["ssm_coercion", "env_coercion"]
"""Which of a setting's coercions applies to the texts of a kind of document."""


class Kind(NamedTuple):
    """A kind of document: its settings, how its values are read, and what it configures.

    ``catalogue`` names the catalogue of its settings. ``coercion`` is the attribute of a setting that says how the server's loader converts
    its text, and None if values have types already. ``beside`` is its name in rules for deployments.
    """

    catalogue: str
    role: Role
    coercion: Coercion | None = None
    beside: str = ""


DOCUMENT_KINDS: Final[Mapping[str, Kind]] = {
    "server/json": Kind("server", "server", beside="file"),
    "server/ssm": Kind("server", "server", "ssm_coercion", "parameters"),
    "server/azure": Kind("server", "server", "ssm_coercion", "parameters"),
    "server/env": Kind("server", "server", "env_coercion", "variables"),
    "infra/json": Kind("infra", "infra"),
    "secret/database": Kind("secret/database", "database"),
    "secret/redis": Kind("secret/redis", "redis"),
    "workload": Kind("workload", "workload"),
    "live": Kind("live", "live"),
}
WORKLOAD: Final = "workload"
"""The kind of a document that describes the environment of a server; see :mod:`linter.documents.containers.workload`."""
LIVE: Final = "live"
"""The kind of a document that describes what a running server answers; see :mod:`linter.live.server`."""
COMPANIONS: Final = frozenset({WORKLOAD, LIVE})
"""The kinds of documents that are compared with the server that they belong to, whatever their environment."""
DEPLOYMENT: Final = "deployment"
"""The kind of a document that is made of those that configure one server; see :mod:`linter.deployment.members`."""


def catalogue_kind(kind: str) -> str:
    """The catalogue for documents of a kind; the target of a rule, such as all of ``server``, is a catalogue already."""
    known = DOCUMENT_KINDS.get(kind)
    return known.catalogue if known is not None else kind


def source_in_name(uri: str) -> str:
    """The ``aws:`` source that something was read from: ``aws:eu-west-1:/medplum/prod/``; empty for a file."""
    return uri.partition("#")[0] if uri.startswith("aws:") else ""


def is_uploaded(uri: str) -> bool:
    """Whether ``medplum aws update-config`` writes a file into Parameter Store, as its name says."""
    return re.search(r"(?:^|/)medplum\.[^/]+\.server(?:\.config)?\.json$", uri) is not None


def environment_in_name(uri: str) -> str | None:
    """The environment in the name of a file, such as ``medplum.prod.config.json``, or of what is deployed."""
    source = source_in_name(uri)
    if source.endswith("/"):
        return source.rstrip("/").rpartition("/")[2] or None
    match = re.fullmatch(r"medplum\.(?P<tag>[^.]+)\.(server\.)?(config\.)?json", uri.rpartition("/")[2])
    return match["tag"] if match and match["tag"] not in ("config", "server") else None
