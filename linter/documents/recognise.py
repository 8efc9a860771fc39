"""Telling by content what a JSON object is: the file name does not (``medplum.config.json`` is the name of four different things)."""

from __future__ import annotations

import re
from typing import Any

from .. import settings
from .source import Confidence, Recognised

SHARED_WITH_APPS = frozenset({"baseUrl", "clientId", "googleClientId", "recaptchaSiteKey", "registerEnabled", "storageBaseUrl"})
"""Server settings that the configuration of the Medplum app or of a client has too."""
GENERIC = frozenset({"port", "database", "redis", "smtp", "issuer", "logLevel", "workers", "shards", "audience", "allowedOrigins"})
"""Server settings that other programs' configurations have too."""
INFRA = frozenset(
    {
        *("stackName", "accountNumber", "apiDomainName", "appDomainName", "storageDomainName", "storageBucketName", "storagePublicKey"),
        *("apiSslCertArn", "appSslCertArn", "storageSslCertArn", "maxAzs", "rdsInstances", "rdsInstanceType", "rdsSecretsArn"),
        *("desiredServerCount", "serverImage", "serverMemory", "serverCpu", "fargateAutoScaling", "hostedZoneName", "apiPort"),
    }
)
"""Settings that only an infra configuration has."""
_FOREIGN = {
    "package.json": ("dependencies", "devDependencies", "scripts", "version"),
    "a TypeScript configuration": ("compilerOptions",),
}


def is_medplum_name(name: str) -> bool:
    """Whether a file is called as Medplum's own configurations are."""
    return re.fullmatch(r"medplum([.-].*)?\.json", name) is not None


def recognise_object(value: dict[str, Any], name: str, broken: str = "") -> Recognised | None:
    """What the members of a JSON object say that it is; ``broken`` is why there are no more, so that what it lacks proves nothing."""
    if isinstance(value.get("bots"), list):
        return Recognised(None, Confidence.LIKELY, "a bots configuration")
    if is_infra(value):
        return None  # recognised by the source of infra configurations
    server = server_settings(value)
    if server:
        return _server(server, name, has_base_url="baseUrl" in value)
    foreign = next((what for what, keys in _FOREIGN.items() if any(key in value for key in keys)), None)
    if foreign is not None:
        return Recognised(None, Confidence.PLAUSIBLE, foreign if not name.endswith(foreign) else "not a Medplum configuration")
    if SHARED_WITH_APPS.intersection(value) and value.keys() != {"registerEnabled"}:
        return Recognised(None, Confidence.POSSIBLE, "a configuration of the Medplum app or of a client", broken)
    if not value and is_medplum_name(name):
        return Recognised("server/json", Confidence.EMPTY)
    return None


def is_infra(value: dict[str, Any]) -> bool:
    """Whether an object is an infra configuration of the CDK: it has more settings that are the CDK's own than ones of a server."""
    return not isinstance(value.get("bots"), list) and len(INFRA.intersection(value)) > len(server_settings(value))


def server_settings(value: dict[str, Any]) -> frozenset[str]:
    """The members that only a server's configuration has."""
    return (settings.catalogue().top_level() | _RETIRED).intersection(value) - SHARED_WITH_APPS


_RETIRED = frozenset({"adminClientId", "maxUploadSize", "signingKeyPasscode", "chainedSearchWithReferenceTables"})


def _server(names: frozenset[str], name: str, *, has_base_url: bool) -> Recognised | None:
    distinctive = names - GENERIC
    if len(distinctive) > 1 or (distinctive and len(names) > 1):
        return Recognised("server/json", Confidence.PLAUSIBLE)
    if is_medplum_name(name) or {"database", "redis"} <= names or (has_base_url and len(names) > 1):
        return Recognised("server/json", Confidence.WEAK)
    return Recognised("server/json", Confidence.HINT) if distinctive else None
