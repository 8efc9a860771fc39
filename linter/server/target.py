"""Whether a configuration is for production or for somebody's own machine."""

from __future__ import annotations

from .. import settings
from ..formats.hosts import host_of, is_local_host
from ..formats.placeholders import is_unresolved
from ..model import UNKNOWN, Document, SettingPath, Target


def target_of(document: Document) -> Target:
    """``development`` when the server has URLs and each of them is local; in doubt ``production``. URLs with placeholders do not count."""
    if not document.kind.startswith("server"):
        return "production"
    hosts = [_host(_value(document, path)) for path in settings.catalogue().tagged("server-url")]
    known = [host for host in hosts if host is not None]
    return "development" if known and all(is_local_host(host) for host in known) else "production"


def _value(document: Document, path: SettingPath) -> object:
    """A value; of a reference such as ``${NAME:-default}``, which nobody can resolve, the default: it shows at least what it is for."""
    value = document.get(path)
    return document.origin.facts(path).get("fallback") if value is UNKNOWN else value


def _host(value: object) -> str | None:
    return host_of(value) if isinstance(value, str) and not is_unresolved(value) else None
