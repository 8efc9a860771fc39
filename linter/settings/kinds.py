"""The kinds of document: what describes each, how its values are read, and what it is in a deployment. The one table of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..typed import Final, Literal, NamedTuple

Role = Literal["infra", "server", "database", "redis", "workload"]
"""What a document configures."""
Coercion = Literal["ssm_coercion", "env_coercion"]
"""Which of a setting's coercions the texts of a kind of document get."""


class Kind(NamedTuple):
    """What the settings of a kind of document are, how its values are read, and what it configures.

    ``catalogue`` names the catalogue that describes its settings. ``coercion`` is the attribute of a setting that says how the server's
    loader turns its text into a value, and None where values have types of their own. ``beside`` is what the rules for deployments call it
    beside other documents of the same server.
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
}
WORKLOAD: Final = "workload"
"""The kind of a document that says what stands around a server; see :mod:`linter.documents.workload`."""
DEPLOYMENT: Final = "deployment"
"""The kind of a document that is made of those that configure one server; see :mod:`linter.documents.deployment`."""


def catalogue_kind(kind: str) -> str:
    """The catalogue that describes documents of a kind; what a rule is for, such as all of ``server``, is a catalogue already."""
    known = DOCUMENT_KINDS.get(kind)
    return known.catalogue if known is not None else kind


def environment_in_name(uri: str) -> str | None:
    """The environment that the name of a file names, as in ``medplum.prod.config.json`` and ``medplum.prod.server.json``."""
    match = re.fullmatch(r"medplum\.(?P<tag>[^.]+)\.(server\.)?(config\.)?json", uri.rpartition("/")[2])
    return match["tag"] if match and match["tag"] not in ("config", "server") else None
