"""The values that the server adds to a configuration once it is loaded (``addDefaults`` in ``packages/server/src/config/utils.ts``).

A release adds those defaults of the tables whose settings it reads, each as the catalogue has it for that release. Some defaults replace
every JavaScript-falsy value (``||=``): null, false, 0, NaN and the empty text. Others replace null alone (``??=``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model import UNKNOWN
from ..release import MAIN, OLDEST, Release
from ..settings import catalogue
from ..typed import Any, Final
from .addresses import INVALID_URL, beneath
from .loader import is_false
from .shown import GENERATED, GENERATED_KEY_ID

_FOR_EMPTY: Final = ("port", "maxJsonSize", "maxBatchSize", "awsRegion", "botLambdaLayerName", "bcryptHashSalt")
"""The settings whose default replaces every falsy value."""
_FOR_NULL: Final = (
    "shutdownTimeoutMilliseconds accurateCountThreshold maxSearchOffset defaultBotRuntimeVersion defaultProjectFeatures "
    "defaultProjectSystemSetting autoDownloadEnabled base64BinaryMaxBytes inlineAttachmentsMaxTotalBytes serverScopedSubscriptionsEnabled "
    "rateLimitsEnabled defaultRateLimit defaultAuthRateLimit defaultFhirQuota defaultMaxUserWebSocketSubscriptions asyncDelayScaling "
    "aiRealtimeTranscriptionUrl "
    # Two that only older releases read (``config.ts`` in 3.2.8, ``config/utils.ts`` in 4.1.2 to 4.1.4):
    "maxCompartments defaultFhirInteractionLimit"
).split()
"""The settings whose default replaces null alone."""
_FILLED_IN_SINCE: Final[Mapping[str, Release]] = {"defaultRateLimit": Release((4, 1, 2)), "defaultAuthRateLimit": Release((4, 1, 2))}
"""The first release that fills in a setting, if older ones that read it left its default to the code that reads it."""
BENEATH_BASE: Final[Mapping[str, str]] = {
    "jwksUrl": ".well-known/jwks.json",
    "authorizeUrl": "oauth2/authorize",
    "tokenUrl": "oauth2/token",
    "userInfoUrl": "oauth2/userinfo",
    "introspectUrl": "oauth2/introspect",
    "registerUrl": "oauth2/register",
    "storageBaseUrl": "storage",
}
"""The addresses that the server derives from ``baseUrl`` if they are not given."""
_CONCATENATED: Final[Mapping[str, str]] = {
    "jwksUrl": "/.well-known/jwks.json",
    "authorizeUrl": "/authorize",
    "tokenUrl": "/token",
    "userInfoUrl": "/userinfo",
    "storageBaseUrl": "/storage",
}
"""The suffixes that releases before ``_BENEATH`` append to ``baseUrl`` as it is, which doubles a final slash."""
_BENEATH: Final = Release((3, 2, 24))
GENERATES_KEY: Final = Release((4, 5, 2))
"""The first release that generates a signing key and its passphrase, if ``storageBaseUrl`` begins with ``baseUrl``."""


def with_defaults(config: Mapping[str, Any], release: Release = MAIN) -> dict[str, Any]:
    """The configuration that a release runs with. A value that depends on an unknown one is ``UNKNOWN``.

    Without a ``baseUrl`` the server does not get this far; then values derived from it are left out.
    """
    held = dict(config)
    held.update((name, default) for name, default in _defaults(_FOR_EMPTY, release).items() if is_false(held.get(name)))
    held.update((name, default) for name, default in _defaults(_FOR_NULL, release).items() if held.get(name) is None)
    _add_addresses(held, release)
    held["bullmq"] = {**_defaults(["bullmq"], release)["bullmq"], **_spread(held.get("bullmq"))}
    if _is_read("emailProvider", release) and is_false(held.get("emailProvider")):
        held["emailProvider"] = mail_provider(held.get("smtp"))
    base, storage = held.get("baseUrl"), held.get("storageBaseUrl")
    serves_itself = isinstance(base, str) and isinstance(storage, str) and storage.startswith(base)
    if release >= GENERATES_KEY and serves_itself and is_false(held.get("signingKey")):
        held.update(signingKeyId=GENERATED_KEY_ID, signingKey=GENERATED, signingKeyPassphrase=GENERATED)
    return held


def _defaults(names: Iterable[str], release: Release) -> Mapping[str, Any]:
    """The defaults that a release fills in for some settings, if it reads them."""
    known = [setting for name in names if (setting := catalogue().get((name,))) is not None and setting.is_read_by(release)]
    found = {one.name: one.default_in(release) for one in known if release >= _FILLED_IN_SINCE.get(one.name, OLDEST)}
    return {name: default for name, default in found.items() if default is not None}


def _is_read(name: str, release: Release) -> bool:
    setting = catalogue().get((name,))
    return setting is not None and setting.is_read_by(release) is True


def mail_provider(smtp: Any) -> Any:
    """What the server sends mail with if ``emailProvider`` is not given."""
    return UNKNOWN if smtp is UNKNOWN else "awsses" if is_false(smtp) else "smtp"


def _add_addresses(held: dict[str, Any], release: Release) -> None:
    base = held.get("baseUrl")
    if base is None or (not isinstance(base, str) and base is not UNKNOWN):
        return
    if is_false(held.get("issuer")):
        held["issuer"] = base
    for name, path in (BENEATH_BASE if release >= _BENEATH else _CONCATENATED).items():
        if _is_read(name, release) and is_false(held.get(name)):
            address = beneath(base, path) if isinstance(base, str) and release >= _BENEATH else f"{base}{path}"
            held[name] = UNKNOWN if base is UNKNOWN or address is INVALID_URL else address


def _spread(value: Any) -> Mapping[str, Any]:
    """The members that ``...`` takes from a value: those of an object, and the items of a list by index.

    From a text it takes each character, by index too. They are left out: nothing reads them, and they would reveal how long a secret is.
    """
    if isinstance(value, dict):
        return value
    return {str(index): one for index, one in enumerate(value)} if isinstance(value, list) else {}
