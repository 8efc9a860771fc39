"""Whether a configuration is for production or for somebody's own machine."""

from __future__ import annotations

import re

from . import settings
from .model import UNKNOWN, Document, SettingPath, Target
from .policy.placeholders import is_unresolved

_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)")


def target_of(document: Document) -> Target:
    """``development`` when the server has URLs and each of them is local; in doubt ``production``. URLs with placeholders do not count."""
    if not document.kind.startswith("server"):
        return "production"
    hosts = [_host(_value(document, path)) for path in settings.catalogue().tagged("server-url")]
    known = [host for host in hosts if host is not None]
    return "development" if known and all(is_local_host(host) for host in known) else "production"


def _value(document: Document, path: SettingPath) -> object:
    """A value; of a reference such as ``${NAME:-default}``, which nobody can judge, the default tells at least what it is for."""
    value = document.get(path)
    return document.origin.facts(path).get("fallback") if value is UNKNOWN else value


def _host(value: object) -> str | None:
    match = _HOST.match(value) if isinstance(value, str) and not is_unresolved(value) else None
    return match[1] if match else None


def is_local_host(host: str) -> bool:
    """Localhost, a loopback address, or a name without a dot, as docker gives to the containers of one network."""
    name = host.lower().rstrip(".")
    if name.startswith("["):
        return name in ("[::1]", "[::]")
    if re.fullmatch(r"127(\.\d{1,3}){3}|0\.0\.0\.0", name):
        return True
    return "." not in name or name.endswith(".localhost") or name == "host.docker.internal"
