"""Recognising JSON objects by content, because the file name does not help (``medplum.config.json`` is used for four different things)."""

from __future__ import annotations

import re

from .. import settings
from ..typed import Any
from .source import Confidence, Recognised

SHARED_WITH_APPS = frozenset({"baseUrl", "clientId", "googleClientId", "recaptchaSiteKey", "registerEnabled", "storageBaseUrl"})
"""Server settings that the configuration of the Medplum app or of a client has too."""
GENERIC = frozenset({"port", "database", "redis", "smtp", "issuer", "logLevel", "workers", "shards", "audience", "allowedOrigins"})
"""Server settings that other programs' configurations have too."""
INFRA = frozenset(
    "stackName accountNumber apiDomainName appDomainName storageDomainName storageBucketName storagePublicKey apiSslCertArn "
    "appSslCertArn storageSslCertArn maxAzs rdsInstances rdsInstanceType rdsSecretsArn desiredServerCount serverImage serverMemory "
    "serverCpu fargateAutoScaling hostedZoneName apiPort apiInternetFacing apiWafIpSetArn appWafIpSetArn storageWafIpSetArn "
    "mtlsWafIpSetArn mtlsDomainName mtlsSslCertArn mtlsInternetFacing loadBalancerLoggingBucket loadBalancerLoggingPrefix "
    "clamscanEnabled clamscanLoggingBucket rdsClusterParameters rdsProxyEnabled rdsIdsMajorVersionSuffix rdsPersistentParameterGroups "
    "rdsReaderInstanceType rdsInstanceVersion guardDutyMalwareProtectionEnabled containerRegistryCredentialsSecretArn".split()
)
"""Settings that only an infra configuration has."""
_CORE = frozenset({"database", "redis", "binaryStorage"})
"""Settings that every server has, and nothing else has."""
_TELLING = frozenset({"baseUrl", "allowedOrigins"})
"""Settings that distinguish a server's from other programs' configurations, if everything beside them is a server's too."""
_FEWEST_BESIDE_BOTS = 2
"""The minimum number of server settings beside a list of bots that the CLI adds to the server's file."""
_MOST_OF_FRAGMENT = 3
_MOST_OF_INFRA_FRAGMENT = 5
_FOREIGN = {
    "package.json": ("dependencies", "devDependencies", "scripts", "version"),
    "a TypeScript configuration": ("compilerOptions",),
}


def is_medplum_name(name: str) -> bool:
    """Whether a file has a name of Medplum's own configurations."""
    return re.fullmatch(r"medplum([.-].*)?\.json", name) is not None


def recognise_object(value: dict[str, Any], name: str, broken: str = "") -> Recognised | None:
    """What a JSON object is, judging by its members; ``broken`` is why it may have more, so that absent ones prove nothing."""
    server = server_settings(value)
    if isinstance(value.get("bots"), list) and len(server) < _FEWEST_BESIDE_BOTS:
        return Recognised(None, Confidence.LIKELY, "a bots configuration")
    if is_infra(value):
        return None  # recognised by the source of infra configurations
    if server:
        confidence = _confidence(value, server, name)
        return Recognised("server/json", confidence, partial=_is_fragment(value)) if confidence is not None else None
    foreign = next((what for what, keys in _FOREIGN.items() if any(key in value for key in keys)), None)
    if foreign is not None:
        return Recognised(None, Confidence.PLAUSIBLE, foreign if not name.endswith(foreign) else "not a Medplum configuration")
    if SHARED_WITH_APPS.intersection(value) and value.keys() != {"registerEnabled"}:
        return Recognised(None, Confidence.POSSIBLE, "a configuration of the Medplum app or of a client", broken)
    if not value and is_medplum_name(name):
        return Recognised("server/json", Confidence.EMPTY)
    return None


def is_infra(value: dict[str, Any]) -> bool:
    """Whether an object is an infra configuration of the CDK: it has more settings that only the CDK has than ones only a server has.

    An object with most of a server's own objects is a server's, however many CDK settings were copied into it.
    """
    infra = INFRA.intersection(value)
    if not infra or isinstance(value.get("bots"), list) or len(_CORE.intersection(value)) > 1:
        return False
    return len(infra) > len(server_settings(value))


def server_settings(value: dict[str, Any]) -> frozenset[str]:
    """The members that only a server's configuration has."""
    return (settings.catalogue().top_level() | _RETIRED).intersection(value) - SHARED_WITH_APPS


def has_settings(value: dict[str, Any]) -> bool:
    """Whether some member is a setting, of a server, the CDK or an app."""
    return bool(server_settings(value)) or not (INFRA | SHARED_WITH_APPS).isdisjoint(value)


_RETIRED = frozenset(
    {"adminClientId", "maxUploadSize", "signingKeyPasscode", "chainedSearchWithReferenceTables", "disablePostDeployMigrations"}
)
"""Names that older servers read, and one that only Medplum's guide to rollbacks has."""


def _confidence(value: dict[str, Any], server: frozenset[str], name: str) -> Confidence | None:
    """How certain it is that an object with these server settings is a server's configuration; None if they are too few."""
    distinctive = server - GENERIC
    if len(distinctive) > 1 or (distinctive and len(server) > 1):
        return Confidence.PLAUSIBLE
    if is_medplum_name(name) or {"database", "redis"} <= server or ("baseUrl" in value and len(server) > 1):
        return Confidence.WEAK
    if distinctive:
        return Confidence.HINT
    if not _is_mostly_known(value):
        return None
    return Confidence.HINT if name.endswith(".config.json") and _TELLING.intersection(value) else Confidence.ANY


def _is_fragment(value: dict[str, Any]) -> bool:
    """Whether the settings are few, without the objects that every server needs: they override parts of another configuration."""
    known = settings.catalogue().top_level().intersection(value)
    return len(known) == 1 or (len(known) <= _MOST_OF_FRAGMENT and known.isdisjoint({"database", "redis"}))


def is_infra_fragment(value: dict[str, Any]) -> bool:
    """Whether the CDK settings are few, as in its documentation, to be added to a configuration."""
    return "accountNumber" not in value and len(settings.catalogue("infra").top_level().intersection(value)) <= _MOST_OF_INFRA_FRAGMENT


def _is_mostly_known(value: dict[str, Any]) -> bool:
    """Whether most names of an object are a server's settings, and not ones that any program has."""
    names = names_in(value)
    known = settings.catalogue().top_level() & names
    if "clientId" in names or len(names) >= 2 * len(known):
        return False
    return bool(_TELLING & known) or len(known) == len(names) > 1


def names_in(value: dict[str, Any]) -> frozenset[str]:
    """The names of an object except comments, which JSON can only express as members."""
    return frozenset(name for name in value if not name.startswith(("_comment", "$schema", "//")))
