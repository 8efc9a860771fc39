"""Addresses beneath a base URL, as the WHATWG parser of Node.js makes them: normalised, or refused."""

from __future__ import annotations

import re

from ..model import UNKNOWN, Mark
from ..patterns import pattern
from ..typed import Final

INVALID_URL: Final = Mark("INVALID_URL")
"""The parser refuses the base: "Invalid URL"."""

_PORTS: Final = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
"""The special schemes, but for ``file``, with the port that is left out."""
_FORBIDDEN: Final = pattern(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
"""Characters that no host may contain after its escapes are resolved."""
_UNSURE: Final = pattern(r"[^\x21-\x7e]|[\"'^`{|}]")
"""Characters of paths that parsers of different ages escape differently, or that only the real one handles."""
_DRIVE: Final = pattern(r"(?:^|[/\\])[A-Za-z]:")
"""A drive letter, above which no dot step leads."""
_DOT: Final = pattern(r"\.|%2e", re.IGNORECASE)


def beneath(base: str, path: str) -> str | Mark:
    """The address of ``path`` (relative) beneath ``base``, to which a slash is added if it does not end in one.

    ``INVALID_URL`` if the parser refuses the base. ``UNKNOWN`` if the base may be valid, but its normalisation is not implemented here:
    other schemes, IPv6, names outside ASCII, files of another machine or with a drive letter.
    """
    text = re.sub(r"[\t\n\r]", "", (base if base.endswith("/") else base + "/").strip("".join(map(chr, range(0x21)))))
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if match is None:
        return INVALID_URL
    scheme, rest = match[1].lower(), text[match.end() :]
    if scheme == "file":
        return _file(rest, path)
    if scheme not in _PORTS:
        return UNKNOWN if rest.startswith("/") else INVALID_URL
    authority, tail = _split(rest.lstrip("/\\"))
    credentials, at, address = authority.rpartition("@")
    host = _address(address, _PORTS[scheme])
    if isinstance(host, Mark):
        return host
    above = _directory(tail)
    if at and _UNSURE.search(credentials):
        return UNKNOWN
    return UNKNOWN if above is None or at else f"{scheme}://{host}{above}{path}"


def _file(rest: str, path: str) -> str | Mark:
    """The address of a file, which needs no host: ``file:x``, ``file:/x`` and ``file://localhost/x`` are all ``file:///x``."""
    host, tail = _split(rest[2:]) if re.match(r"[/\\]{2}", rest) else ("", rest if re.match(r"[/\\?#]", rest) else f"/{rest}")
    above = _directory(tail)
    known = host.lower() in ("", "localhost") and _DRIVE.search(tail) is None
    return f"file://{above}{path}" if known and above is not None else UNKNOWN


def _split(rest: str) -> tuple[str, str]:
    end = re.search(r"[/\\?#]", rest)
    at = end.start() if end is not None else len(rest)
    return rest[:at], rest[at:]


def _address(address: str, default_port: str) -> str | Mark:
    """Host and port as they are printed."""
    if address.startswith("["):
        return UNKNOWN if re.fullmatch(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?", address) else INVALID_URL
    host, _, port = address.partition(":")
    if not host or re.fullmatch(r"[0-9]*", port) is None or len(port.lstrip("0")) > 5 or int(port or "0") > 65535:
        return INVALID_URL
    name = _host(host.lower())
    if isinstance(name, Mark):
        return name
    port = str(int(port)) if port else ""
    return name if port in ("", default_port) else f"{name}:{port}"


def _host(host: str) -> str | Mark:
    if re.search("%(?![0-9a-f]{2})", host):
        return INVALID_URL
    if "%" in host or not host.isascii() or "xn--" in host:
        return UNKNOWN
    if _FORBIDDEN.search(host):
        return INVALID_URL
    labels = host.split(".")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]) is None:
        return host
    return _ipv4(labels)


def _ipv4(parts: list[str]) -> str | Mark:
    """An address of numbers, decimal or as in C, the last of which fills the remaining bytes: ``1.2.3`` is ``1.2.0.3``."""
    import socket  # only for such a host

    try:
        return socket.inet_ntoa(socket.inet_aton(".".join("0" if part == "0x" else part for part in parts)))
    except OSError:
        return INVALID_URL


def _directory(tail: str) -> str | None:
    """The path up to its last slash, without dot steps; None if it has characters that only the real parser handles."""
    path = re.split(r"[?#]", tail, maxsplit=1)[0].replace("\\", "/")
    if _UNSURE.search(path.replace(" ", "")):
        return None
    steps: list[str] = []
    *directories, last = path.split("/")[1:] or [""]
    for step in [*directories, *([last] if _DOT.sub(".", last) == ".." else [])]:
        plain = _DOT.sub(".", step)
        if plain == "..":
            del steps[-1:]
        elif plain != ".":
            steps.append(step.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E"))
    return "/" + "".join(f"{step}/" for step in steps)
