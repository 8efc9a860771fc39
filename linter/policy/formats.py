"""Named formats of the rule language: what a text must look like where operators cannot say it.

Each is one function from a text to the reason why it does not fit, which reads on after the setting's name, or None. The reason never
repeats the text, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .placeholders import is_unresolved

Format = Callable[[str], str | None]
FORMATS: dict[str, Format] = {}


def _format(name: str) -> Callable[[Format], Format]:
    def register(function: Format) -> Format:
        FORMATS[name] = function
        return function

    return register


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):(/*)")
_HOST = re.compile(r"(?:[^@\s]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^\s\[\]@<>\\^`{|}%]+)")


@_format("url")
def url(text: str) -> str | None:
    """An absolute http or https URL with a host, as the WHATWG parser of Node.js reads it, and without blanks."""
    if re.search(r"\s", text):
        return "must be a URL without blanks in or around it"
    match = _SCHEME.match(text)
    if match is None or (not match[2] and match[1].lower() not in ("http", "https")):
        return "must be an absolute URL, beginning with https:// (or http:// for local use)"
    if match[1].lower() not in ("http", "https"):
        return "must be an http or https URL"
    if len(match[2]) != 2:
        return f"must have two slashes after {match[1].lower()}:"
    return _authority(text[match.end() :])


def _authority(rest: str) -> str | None:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host, port = _host_and_port(authority)
    if not host:
        return "must name a host after the two slashes"
    if not _HOST.fullmatch(host):
        return "must name a valid host after the two slashes"
    if port is not None and not (port == "" or (port.isdecimal() and int(port) <= 65535)):
        return "must have a port between 0 and 65535 after the host"
    return None


def _host_and_port(authority: str) -> tuple[str, str | None]:
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port or "@" in port:
        return authority, None
    return host, port


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"


@_format("email")
def email(text: str) -> str | None:
    """One bare address, ``name@example.com``."""
    if re.fullmatch(rf"[^\s@<>()\[\]\\,;:\"]+@{_LABEL}(?:\.{_LABEL})*", text):
        return None
    return "must be one e-mail address such as support@example.com"


@_format("mailbox")
def mailbox(text: str) -> str | None:
    """One address, bare or with a display name: ``"Example" <support@example.com>`` (RFC 5322, section 3.4)."""
    named = re.fullmatch(r"[^<>]*<([^<>]*)>\s*", text)
    if email(named[1] if named else text.strip()) is None:
        return None
    return 'must be one e-mail address such as support@example.com or "Example" <support@example.com>'


@_format("hostname")
def hostname(text: str) -> str | None:
    """A bare host name or IP address: no scheme, no port, no path."""
    if "://" in text:
        return "must be a bare host name, without a scheme"
    if "/" in text:
        return "must be a bare host name, without a path"
    if re.fullmatch(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", text):
        return None
    if ":" in text:
        return "must be a bare host name, without a port"
    return None if re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?", text) else "must be a host name or an IP address"


@_format("port")
def port(text: str) -> str | None:
    """The decimal digits of a TCP port, 1 to 65535."""
    return None if text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535 else "must be a port number between 1 and 65535"


@_format("origin")
def origin(text: str) -> str | None:
    """An origin as a browser sends it (RFC 6454): scheme, host and perhaps a port; the server compares it as text."""
    if url(text) is not None:
        return "must be an origin such as https://app.example.com"
    if "*" in text:
        return "must be an exact origin: the server does not expand wildcards"
    if re.search(r"[/?#]", text.partition("://")[2]):
        return "must be an origin without a slash or path after the host"
    return None


@_format("arn")
def arn(text: str) -> str | None:
    """An Amazon Resource Name: ``arn:partition:service:region:account:resource``."""
    fits = re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12}|aws)?:\S+", text)
    return None if fits else "must be an ARN such as arn:aws:iam::123456789012:role/example"


_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}


@_format("bytes")
def size_in_bytes(text: str) -> str | None:
    """A size as the npm package ``bytes`` reads it: a number and b, kb, mb, gb, tb or pb. It reads "1m" as one byte."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([a-z]+)", text, re.IGNORECASE)
    if match and match[2].lower() in _UNITS and float(match[1]) > 0:
        return None
    return "must be a size with one of the units b, kb, mb, gb, tb, pb, such as 50mb"


_PEM = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\r?\n(?P<body>(?:[^-].*\r?\n|\r?\n)+)-----END (?P=label)-----")


@_format("pem")
def pem(text: str) -> str | None:
    """One or more PEM blocks with real line breaks (RFC 7468), as OpenSSL needs them."""
    if "-----BEGIN " not in text:
        return 'must be PEM text, which begins with "-----BEGIN "'
    if "\n" not in text and "\\n" in text:
        return "must have real line breaks: it holds a backslash and an n in their place"
    if "\n" not in text.strip():
        return "must have line breaks: the PEM stands on one line"
    return None if _PEM.search(text) else "must be whole PEM text, from -----BEGIN to the -----END of the same label"


@_format("resolved")
def resolved(text: str) -> str | None:
    """A value that is filled in: not ``${PORT}``, ``<your domain>`` or ``TODO``."""
    return "must be filled in: it is still a placeholder" if is_unresolved(text) else None


SEES_PLACEHOLDERS = frozenset({"resolved"})
"""Formats that judge what no other operator does."""
