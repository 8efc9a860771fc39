"""Which hosts are somebody's own machine, and which are public."""

from __future__ import annotations

import re

from ..patterns import pattern
from . import format
from .urls import authority_of

_HOST = pattern(r"\[[^\]]*\]|[^:]*")


def host_of(url: str) -> str | None:
    """The host of an absolute URL, without port and credentials."""
    where = authority_of(url)
    host = _HOST.match(url, where.host, where.end) if where is not None else None
    return host[0] if host is not None else None


def is_local_host(host: str) -> bool:
    """Localhost, a loopback address, or a name without a dot, as docker gives to the containers of one network."""
    name = host.lower().rstrip(".")
    if name.startswith("["):
        return name in ("[::1]", "[::]")
    if name[:1].isdigit() and re.fullmatch(r"127(\.\d{1,3}){3}|0\.0\.0\.0", name):
        return True
    return "." not in name or name.endswith(".localhost") or name == "host.docker.internal"


_PRIVATE_ENDS = frozenset({"internal", "svc", "local", "lan", "home", "intern", "private", "docker"})
_PRIVATE_ADDRESS = pattern(r"10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|f[cd][0-9a-f]{2}:.*")


def _is_private(host: str) -> bool:
    """Whether only a private network knows a name or address (RFC 1918, RFC 4193, ``.internal``, the services of Kubernetes)."""
    if "\n" not in host and (host.rpartition(".")[2] in _PRIVATE_ENDS or ".svc." in host):
        return True
    return host.startswith(("10.", "192.168.", "172.", "fc", "fd")) and _PRIVATE_ADDRESS.fullmatch(host) is not None


_TUNNELS = (".ngrok.io", ".ngrok.app", ".ngrok-free.app", ".ngrok-free.dev", ".trycloudflare.com", ".loca.lt", ".lhr.life")
"""Hosts of services that lead to a developer's machine."""


def is_developers_host(host: str) -> bool:
    """A local host, an address of a private network (RFC 1918), or a tunnel to a developer's machine."""
    name = host.lower().rstrip(".")
    return is_local_host(name) or name.endswith(_TUNNELS) or (name[:1].isdigit() and private_name(name) is None)


@format("private-name", "A host name or address on the same machine, on a Docker network or on a private network.")
def private_name(text: str) -> str | None:
    host = text.lower().rstrip(".")
    if host.startswith("/"):
        return None  # the folder of a UNIX socket
    return None if is_local_host(host) or _is_private(host) else "is on another network"


@format("hostname", "A bare host name or IP address: no scheme, no port, no path.")
def hostname(text: str) -> str | None:
    if "://" in text:
        return "must be a bare host name, without a scheme"
    if "/" in text:
        return "must be a bare host name, without a path"
    if ":" in text:
        is_address = re.fullmatch(r"[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*", text)
        return None if is_address else "must be a bare host name, without a port"
    return None if re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?", text) else "must be a host name or an IP address"


@format("host-or-socket", "A bare host name or IP address, or the folder of a UNIX socket, such as `/cloudsql/PROJECT:REGION:INSTANCE`.")
def host_or_socket(text: str) -> str | None:
    return None if text.startswith("/") else hostname(text)


_RDS_PROXY = pattern(r"[a-z0-9-]+\.(?:endpoint\.)?proxy-[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(?:\.cn)?\.?", re.IGNORECASE)


@format("rds-proxy", "The host name of an RDS Proxy, which has a certificate that Node.js trusts.")
def rds_proxy(text: str) -> str | None:
    return None if _RDS_PROXY.fullmatch(text) is not None else "must be the host name of an RDS Proxy"


def is_address(host: str) -> bool:
    """Whether a host is an IP address: PostgreSQL's client (pg 8.22) finds no certificate for one right, for it looks for ``localhost``."""
    return ":" in host or re.fullmatch(r"[0-9.]+", host) is not None


@format("https-or-local", "A URL over https, or over http to the user's own machine.")
def https_or_local(text: str) -> str | None:
    if not text.lower().startswith("http://") or is_local_host(host_of(text) or ""):
        return None
    return "is not over https"


@format("https-or-private", "A URL over https, or over http to a host that only a private network knows.")
def https_or_private(text: str) -> str | None:
    if not text.lower().startswith("http://") or private_name((host_of(text) or "").strip("[]")) is None:
        return None
    return "is not over https"


@format("public-host", "A URL whose host is neither the user's own machine nor on a Docker network.")
def public_host(text: str) -> str | None:
    return "names a host of a single machine or Docker network" if is_local_host(host_of(text) or "") else None


@format("real-host", "A URL whose host is not reserved for documentation (RFC 2606).")
def real_host(text: str) -> str | None:
    return "has a host from the documentation's examples" if _is_example((host_of(text) or "").lower().rstrip(".")) else None


@format("real-mail-host", "An e-mail address whose host is not reserved for documentation (RFC 2606).")
def real_mail_host(text: str) -> str | None:
    host = text.rpartition("@")[2].lower().rstrip("> .")
    return "has a host from the documentation's examples" if _is_example(host) else None


def _is_example(host: str) -> bool:
    return host.endswith(("example.com", "example.org", "example.net")) and re.search(r"(^|\.)example\.(com|org|net)$", host) is not None
