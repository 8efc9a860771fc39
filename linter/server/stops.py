"""Values at which the server stops after its loader, while it fills in defaults or validates."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import UNKNOWN, SettingPath
from ..release import Release
from ..typed import Any, Final
from .addresses import INVALID_URL, beneath
from .defaults import BENEATH_BASE, GENERATES_KEY
from .loader import is_false, js_text

_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {"local": ("localBasePath",), "s3tables": ("awsS3TableArn", "namespace")}
"""The texts that each destination of the data warehouse requires."""


def why_it_stops(config: Mapping[str, Any], path: SettingPath, release: Release) -> str:
    """The error with which a release stops at a setting, as a clause; empty if it does not stop, or that is not known.

    ``packages/server/src/config/utils.ts`` and ``validate-config.ts``.
    """
    value = config.get(str(path[0]))
    if value is UNKNOWN:
        return ""
    if path == ("baseUrl",):
        error = _base_url(config, value, release)
    elif path == ("storageBaseUrl",):
        asked = release >= GENERATES_KEY and not is_false(value) and not isinstance(value, str)
        error = "config.storageBaseUrl.startsWith is not a function" if asked else ""
    else:
        error = _data_warehouse(value, str(path[1])) if len(path) == 2 and path[0] == "dataWarehouse" else ""
    return f'the server stops at start with "{error}"' if error else ""


_CHECKS_BASE_URL: Final = Release((4, 1, 5))
"""The first release that requires a ``baseUrl`` when it starts."""
_PARSES_BASE_URL: Final = Release((3, 2, 24))
"""The first release that parses it."""


def _base_url(config: Mapping[str, Any], value: Any, release: Release) -> str:
    if release >= _CHECKS_BASE_URL and (not isinstance(value, str) or not value.strip()):
        return "Missing required config setting: baseUrl"
    used = release >= _PARSES_BASE_URL and any(is_false(config.get(name)) for name in BENEATH_BASE)
    return "Invalid URL" if used and value is not None and beneath(js_text(value), "storage") is INVALID_URL else ""


def _data_warehouse(config: Any, name: str) -> str:
    """Checked only if the copy is enabled."""
    if not isinstance(config, dict) or config.get("enabled") is UNKNOWN or is_false(config.get("enabled")):
        return ""
    value = config.get(name)
    if value is None or value is UNKNOWN or isinstance(value, str):
        return ""
    destination = config.get("destination")
    if name == "cron" or (isinstance(destination, str) and name in _TEXTS.get(destination, ())):
        return f"dw.{name}?.trim is not a function"
    if name == "startDate":
        return "" if is_false(value) else "Expected a string"
    if name in ("includeResourceTypes", "excludeResourceTypes"):
        return "" if isinstance(value, list) else f"(dw.{name} ?? []) is not iterable"
    return ""
