"""Connections that are written as one URL, split into the parts that the server reads."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..patterns import pattern
from ..typed import Any, Final

_URL = pattern(
    r"(?P<scheme>postgres|postgresql|redis|rediss)://"
    r"(?:(?P<username>[^:/\\?#\s]*)(?::(?P<password>[^/\\?#\s]*))?@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<name>[^/?#\s]*))?"
    r"(?:\?(?P<options>[^#\s]*))?",
    re.ASCII,
)
_TLS: Final = {"ssl=true": True, "ssl=1": True, "sslmode=require": True, "sslmode=verify-full": True, "sslmode=disable": False}
"""Options with one answer, and whether they ask for TLS. The server's client encrypts and checks the certificate for ``require`` as it does
with an ``ssl`` object (pg-connection-string 2 of pg 8); ``prefer`` and ``allow`` leave it to the database, ``no-verify`` checks nothing."""


_ENDPOINT = pattern(r"(?P<host>[A-Za-z0-9._-]+):(?P<port>[1-9][0-9]{0,4})", re.ASCII)


def endpoint_of(text: str) -> dict[str, Any] | None:
    """The host and port in ``host:port``; None for anything else."""
    match = _ENDPOINT.fullmatch(text.strip())
    return {"host": match["host"], "port": int(match["port"])} if match is not None and int(match["port"]) < 65_536 else None


def parts_of(url: str) -> dict[str, Any] | None:
    """The members of a connection in a URL, by dotted name: of PostgreSQL, with a database and a user, or of Redis.

    None if it has more than they can express (query parameters other than ``sslmode``), or less than a connection needs. The part before
    the last "@" is user and password, as for the clients.
    """
    match = _URL.fullmatch(url.strip())
    options = match["options"] if match is not None else None
    if match is None or (options and not (match["scheme"].startswith("postgres") and options in _TLS)):
        return None
    parts: dict[str, Any] = {"host": match["host"].strip("[]")}
    if match["port"]:
        parts["port"] = int(match["port"])
    login = {name: unquote(match[name]) for name in ("username", "password") if match[name]}
    if match["scheme"].startswith("postgres"):
        if not match["name"] or "username" not in login:
            return None
        return {**parts, "dbname": unquote(match["name"]), **login, **({"ssl.require": True} if _TLS.get(options or "") else {})}
    if (match["name"] and not match["name"].isdecimal()) or (login and "password" not in login):
        return None  # a user alone can be a password without its colon
    parts |= login
    if match["name"]:
        parts["db"] = int(match["name"])
    if match["scheme"] == "rediss":
        parts["tls"] = {}
    return parts
