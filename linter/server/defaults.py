"""What the server adds to a configuration once it is loaded (``addDefaults`` in ``packages/server/src/config/utils.ts``).

The tables are those of the newest server. An older release adds what they name of the settings that it reads, each with the default that
the catalogue has for that release.

Some defaults replace whatever JavaScript takes for false (``||=``): null, false, 0, NaN and the empty text. Others replace null alone
(``??=``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model import UNKNOWN
from ..release import MAIN, OLDEST, Release
from ..settings import catalogue
from ..typed import Any, Final
from .addresses import INVALID_URL, beneath
from .assembly import is_false
from .shown import GENERATED, GENERATED_KEY_ID

_FOR_EMPTY: Final[Mapping[str, Any]] = {
    "port": 8103,
    "maxJsonSize": "1mb",
    "maxBatchSize": "50mb",
    "awsRegion": "us-east-1",
    "botLambdaLayerName": "medplum-bot-layer",
    "bcryptHashSalt": 10,
}
"""What replaces all that counts as false."""
_FOR_NULL: Final[Mapping[str, Any]] = {
    "shutdownTimeoutMilliseconds": 30_000,
    "accurateCountThreshold": 1_000_000,
    "maxSearchOffset": 10_000,
    "defaultBotRuntimeVersion": "awslambda",
    "defaultProjectFeatures": [],
    "defaultProjectSystemSetting": [],
    "autoDownloadEnabled": True,
    "base64BinaryMaxBytes": 1_048_576,
    "inlineAttachmentsMaxTotalBytes": 0,
    "serverScopedSubscriptionsEnabled": False,
    "rateLimitsEnabled": True,
    "defaultRateLimit": 60_000,
    "defaultAuthRateLimit": 160,
    "defaultFhirQuota": 50_000,
    "defaultMaxUserWebSocketSubscriptions": 20,
    "asyncDelayScaling": 5,
    "aiRealtimeTranscriptionUrl": "wss://api.openai.com/v1/realtime?intent=transcription",
}
"""What replaces null alone."""
_FOR_NULL_ONCE: Final = ("maxCompartments", "defaultFhirInteractionLimit")
"""Old names for which the releases that read them replaced null alone (``config.ts`` in 3.2.8, ``config/utils.ts`` in 4.1.2 to 4.1.4)."""
_FILLED_IN_SINCE: Final[Mapping[str, Release]] = {"defaultRateLimit": Release((4, 1, 2)), "defaultAuthRateLimit": Release((4, 1, 2))}
"""The first release that fills in a setting, where older ones that read it left its default to the code that asks for it."""
BENEATH_BASE: Final[Mapping[str, str]] = {
    "jwksUrl": ".well-known/jwks.json",
    "authorizeUrl": "oauth2/authorize",
    "tokenUrl": "oauth2/token",
    "userInfoUrl": "oauth2/userinfo",
    "introspectUrl": "oauth2/introspect",
    "registerUrl": "oauth2/register",
    "storageBaseUrl": "storage",
}
"""The addresses that the server makes of ``baseUrl`` where they are not given."""
_CONCATENATED: Final[Mapping[str, str]] = {
    "jwksUrl": "/.well-known/jwks.json",
    "authorizeUrl": "/authorize",
    "tokenUrl": "/token",
    "userInfoUrl": "/userinfo",
    "storageBaseUrl": "/storage",
}
"""What releases before ``_BENEATH`` put behind ``baseUrl`` instead, as it is; so a final slash of it is there twice."""
_BENEATH: Final = Release((3, 2, 24))
_BULLMQ: Final[Mapping[str, Any]] = {"concurrency": 20, "removeOnComplete": {"count": 1}, "removeOnFail": {"count": 1}}
GENERATES_KEY: Final = Release((4, 5, 2))
"""The first release that makes up a signing key and its passphrase, where ``storageBaseUrl`` begins with ``baseUrl``."""


def with_defaults(config: Mapping[str, Any], release: Release = MAIN) -> dict[str, Any]:
    """The configuration that a release runs with. What depends on a value that cannot be known is ``UNKNOWN``.

    Without a ``baseUrl`` the server does not get this far; then what is made of it is left out.
    """
    held = dict(config)
    for name, default in _in(_FOR_EMPTY, release).items():
        if is_false(held.get(name)):
            held[name] = default
    for name, default in {**_in(_FOR_NULL, release), **_of(_FOR_NULL_ONCE, release)}.items():
        if held.get(name) is None:
            held[name] = default
    _add_addresses(held, release)
    held["bullmq"] = {**_in({"bullmq": _BULLMQ}, release)["bullmq"], **_spread(held.get("bullmq"))}
    if _is_read("emailProvider", release) and is_false(held.get("emailProvider")):
        smtp = held.get("smtp")
        held["emailProvider"] = UNKNOWN if smtp is UNKNOWN else "awsses" if is_false(smtp) else "smtp"
    if release >= GENERATES_KEY:
        _generate_key(held)
    return held


def _in(newest: Mapping[str, Any], release: Release) -> Mapping[str, Any]:
    """The defaults that a release fills in, out of those of the newest server."""
    return newest if release is MAIN else _of(newest, release)


def _of(names: Iterable[str], release: Release) -> Mapping[str, Any]:
    """The defaults that a release fills in for some settings, as far as it reads them."""
    if release is MAIN:
        return {}
    known = [setting for name in names if (setting := catalogue().get((name,))) is not None]
    read = [one for one in known if one.is_read_by(release) and release >= _FILLED_IN_SINCE.get(one.name, OLDEST)]
    return {one.name: one.default_in(release) for one in read if one.default_in(release) is not None}


def _is_read(name: str, release: Release) -> bool:
    setting = catalogue().get((name,))
    return setting is not None and setting.is_read_by(release) is True


def _add_addresses(held: dict[str, Any], release: Release) -> None:
    base = held.get("baseUrl")
    if base is None or (not isinstance(base, str) and base is not UNKNOWN):
        return
    if is_false(held.get("issuer")):
        held["issuer"] = base
    for name, path in (BENEATH_BASE if release >= _BENEATH else _CONCATENATED).items():
        if _is_read(name, release) and is_false(held.get(name)):
            held[name] = UNKNOWN if base is UNKNOWN else _address(base, path, release)


def _address(base: Any, path: str, release: Release) -> Any:
    if release < _BENEATH:
        return f"{base}{path}"
    address = beneath(base, path)
    return UNKNOWN if address is INVALID_URL else address


def _spread(value: Any) -> Mapping[str, Any]:
    """The members that ``...`` takes out of a value: those of an object, and the items of a list by number.

    Of a text it takes each character, by number too. They are left out: nothing reads them, and they would tell how long a secret is.
    """
    if isinstance(value, dict):
        return value
    return {str(index): one for index, one in enumerate(value)} if isinstance(value, list) else {}


def _generate_key(held: dict[str, Any]) -> None:
    """The temporary key of a server that serves its attachments itself and is given no key to sign their addresses with."""
    base, storage = held.get("baseUrl"), held.get("storageBaseUrl")
    if isinstance(base, str) and isinstance(storage, str) and storage.startswith(base) and is_false(held.get("signingKey")):
        held.update(signingKeyId=GENERATED_KEY_ID, signingKey=GENERATED, signingKeyPassphrase=GENERATED)
