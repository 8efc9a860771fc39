"""Which hosts are somebody's own machine, and which are public."""

from __future__ import annotations

import re

_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)")


def host_of(url: str) -> str | None:
    """The host of an absolute URL, without port and credentials."""
    match = _HOST.match(url)
    return match[1] if match else None


def is_local_host(host: str) -> bool:
    """Localhost, a loopback address, or a name without a dot, as docker gives to the containers of one network."""
    name = host.lower().rstrip(".")
    if name.startswith("["):
        return name in ("[::1]", "[::]")
    if re.fullmatch(r"127(\.\d{1,3}){3}|0\.0\.0\.0", name):
        return True
    return "." not in name or name.endswith(".localhost") or name == "host.docker.internal"
