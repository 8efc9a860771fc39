"""Hosts, bare or in a URL or e-mail address: local, private, reserved or Medplum's."""

from __future__ import annotations

import re

from ..patterns import pattern
from ..typed import Final
from . import format
from .urls import URL_LIKE, authority_of

_HOST = pattern(r"\[[^\]]*\]|[^:]*")


def host_of(url: str) -> str | None:
    """The host of an absolute URL, without port and credentials."""
    where = authority_of(url)
    host = _HOST.match(url, where.host, where.end) if where is not None else None
    return host[0] if host is not None else None


def hosts_in(text: str) -> list[str]:
    """The host of a URL, or the hosts of e-mail addresses separated by commas; any other text is a host itself."""
    host = host_of(text)
    if host is not None:
        return [host]
    return [one.rpartition("@")[2].rstrip("> ") for one in text.split(",") if "@" in one] if "@" in text else [text]


def is_local_host(host: str) -> bool:
    """Localhost, a loopback address, or a name without a dot, like those of containers in a Docker network."""
    name = host.lower().rstrip(".")
    if name.startswith("["):
        return name in ("[::1]", "[::]")
    if name[:1].isdigit() and re.fullmatch(r"127(\.\d{1,3}){3}|0\.0\.0\.0", name):
        return True
    return "." not in name or name.endswith(".localhost") or name == "host.docker.internal"


_PRIVATE_ENDS = frozenset({"internal", "svc", "local", "lan", "home", "intern", "private", "docker"})
_PRIVATE_ADDRESS = pattern(r"10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|f[cd][0-9a-f]{2}:.*")


def _is_private(host: str) -> bool:
    """Whether a name or address only exists in a private network (RFC 1918, RFC 4193, ``.internal``, Kubernetes services)."""
    if "\n" not in host and (host.rpartition(".")[2] in _PRIVATE_ENDS or ".svc." in host):
        return True
    return host.startswith(("10.", "192.168.", "172.", "fc", "fd")) and _PRIVATE_ADDRESS.fullmatch(host) is not None


_TUNNELS = (".ngrok.io", ".ngrok.app", ".ngrok-free.app", ".ngrok-free.dev", ".trycloudflare.com", ".loca.lt", ".lhr.life")
"""Hosts of services that lead to a developer's machine."""


def is_developers_host(host: str) -> bool:
    """A local host, an address of a private network (RFC 1918), or a tunnel to a developer's machine."""
    name = host.lower().rstrip(".")
    return is_local_host(name) or name.endswith(_TUNNELS) or (name[:1].isdigit() and is_private_host(name))


def is_private_host(host: str) -> bool:
    """Whether a name or address is on the same machine, a Docker network or a private network, or the folder of a UNIX socket."""
    name = host.lower().rstrip(".")
    return name.startswith("/") or is_local_host(name) or _is_private(name.strip("[]"))


_LEGIBLE: Final = rf"{URL_LIKE}|[A-Za-z0-9-]+:\d{{1,6}}|/[\w./-]+"


@format("hostname", "A bare host name or IP address: no scheme, no port, no path.", _LEGIBLE, lists=True)
def hostname(text: str) -> str | None:
    if "://" in text:
        return "must be a bare host name, without a scheme"
    if "/" in text:
        return "must be a bare host name, without a path"
    if ":" in text:
        is_address = re.fullmatch(r"[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*", text)
        return None if is_address else "must be a bare host name, without a port"
    return None if re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?", text) else "must be a host name or an IP address"


@format(
    "host-or-socket",
    "A bare host name or IP address, or the folder of a UNIX socket, such as `/cloudsql/PROJECT:REGION:INSTANCE`.",
    _LEGIBLE,
    shown=r"[^/].*|/[\w./-]+",
    lists=True,
)
def host_or_socket(text: str) -> str | None:
    if text.count(":") > 1 and _INSTANCE.fullmatch(text):
        return "must begin with /cloudsql/, for the socket of a Cloud SQL instance"
    return None if text.startswith("/") else hostname(text)


_INSTANCE = pattern(r"[a-z][a-z0-9.:-]*:[a-z]+-[a-z]+[0-9]+:[a-z][a-z0-9-]*")
"""The connection name of an instance of Cloud SQL: ``PROJECT:REGION:INSTANCE``."""


def is_address(host: str) -> bool:
    """Whether a host is an IP address: PostgreSQL's client (pg 8.22) accepts no certificate for one, since it checks for ``localhost``."""
    return ":" in host or re.fullmatch(r"[0-9.]+", host) is not None


def is_reserved_host(host: str) -> bool:
    """Whether a host is one that RFC 2606 reserves for documentation."""
    name = host.lower().rstrip(".")
    return name.endswith(("example.com", "example.org", "example.net")) and re.search(r"(^|\.)example\.(com|org|net)$", name) is not None


def is_medplums_host(host: str) -> bool:
    """Whether a host belongs to Medplum's own service."""
    return f".{host.lower().rstrip('.')}".endswith(".medplum.com")
