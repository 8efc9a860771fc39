"""URLs and origins, as the server, its libraries and browsers read them, and the credentials in them."""

from __future__ import annotations

import re

from ..model import Message, as_message, sentence
from ..patterns import pattern
from ..typed import Final, NamedTuple
from . import format
from .placeholders import is_reference, is_unresolved

_WHITE_SPACE = pattern(r"\s")
_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+-]*):(/*)")
_USUAL_PORTS = {"http": 80, "https": 443}
_PLAIN = pattern(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?(?:[/?#]\S*)?")
"""A URL of the usual form."""
_HOST = pattern(r"\[[0-9A-Fa-f:.]+\]|[^\s\[\]@\uff20\ufe6b<>\\^`{|}%]+")
_LOOPBACK = pattern(r"localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\]", re.IGNORECASE)


_MARK: Final = pattern(r"@@[A-Z][A-Z0-9_]{0,60}@@(?![A-Za-z0-9])")
"""A reference that a program replaces by a value, such as ``@@HOST@@``; its signs separate nothing."""
_END: Final = pattern(r"[/\\?#]")
_BEFORE_AUTHORITY: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://")


HOST_LIKE: Final = r"(?:\*?\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?|localhost|\[[0-9A-Fa-f:.]+\])(?::\d{0,6})?"
URL_LIKE: Final = (
    rf"\s*(?:(?=//\S+\s*\Z)//{HOST_LIKE}\S*|[A-Za-z][A-Za-z0-9+.-]{{0,12}}:?[/\\]{{1,3}}\S.*|(?:https?|wss?):\S*"
    rf"|{HOST_LIKE}(?:[/\\?#]\S*)?)\s*"
)
"""A URL, or one of which a part is missing or wrong."""


class Authority(NamedTuple):
    """Offsets in a text: where the authority starts, where its host does, and where it ends.

    The part before the host, up to the last ``@``, is a credential: a user, a password or a token.
    """

    start: int
    host: int
    end: int


def authority_at(text: str, start: int) -> Authority:
    """The authority that starts at an offset, right after the slashes."""
    end = _END.search(text, start)
    stop = end.start() if end is not None else len(text)
    return Authority(start, last_at(text, start, stop) + 1 or start, stop)


def authority_of(url: str) -> Authority | None:
    """The authority of a URL with a scheme and two slashes; None if a text does not begin with these."""
    scheme = _BEFORE_AUTHORITY.match(url)
    return authority_at(url, scheme.end()) if scheme is not None else None


def last_at(text: str, start: int = 0, end: int | None = None) -> int:
    """The offset of the last ``@`` in a part of a text that is not inside a reference; -1 if there is none."""
    blanked = _MARK.sub(lambda mark: "x" * len(mark[0]), text) if "@@" in text else text
    return blanked.rfind("@", start, end)


def without_login(url: str) -> str:
    """A URL without the credential in its authority."""
    where = authority_of(url)
    return url if where is None else url[: where.start] + url[where.host :]


def with_other_host(url: str) -> str:
    """A URL with a host in place of a placeholder; empty if more of it is a placeholder.

    The replacement of a reference can end in a path, unless a path follows.
    """
    where = authority_of(url)
    host = url[where.host : where.end] if where is not None else ""
    if where is None or not is_unresolved(host) or (where.end == len(url) and is_reference(host)):
        return ""
    other = f"{url[: where.host]}host.invalid{url[where.end :]}"
    return "" if is_unresolved(other) else other


@format("url", "An absolute http or https URL with a host, as the WHATWG parser of Node.js reads it, and without white space.", URL_LIKE)
def url(text: str) -> str | None:
    if _PLAIN.fullmatch(text) is not None:
        return None
    if _WHITE_SPACE.search(text):
        return "must be a URL without white space in or around it"
    match = _SCHEME.match(text)
    if match is None or (not match[2] and match[1].lower() not in ("http", "https")):
        return "must be an absolute URL, beginning with https:// (or http:// for local use)"
    if match[1].lower() not in ("http", "https"):
        return "must be an http or https URL"
    if len(match[2]) != 2:
        return f"must have two slashes after {match[1].lower()}:"
    where = authority_at(text, match.end())
    host, port = _host_and_port(text[where.host : where.end])
    if not host:
        return "must name a host after the two slashes"
    if not _HOST.fullmatch(host) or text.startswith("\\", where.end):
        return "must name a valid host after the two slashes"
    if port and not (re.fullmatch(r"0*[0-9]{1,5}", port) and int(port[-5:]) <= 65535):
        return "must have a port between 0 and 65535 after the host"
    return None


def _host_and_port(address: str) -> tuple[str, str]:
    host, colon, port = address.rpartition(":")
    return (address, "") if not colon or "]" in port else (host, port)


def origin_of(text: str) -> tuple[str, str, int] | None:
    """The scheme, host and port of a URL as browsers compare them: in lower case, with an explicit port. None if it is not a URL."""
    where = authority_of(text)
    if where is None or url(text) is not None:
        return None
    scheme, (host, port) = text.partition(":")[0].lower(), _host_and_port(text[where.host : where.end])
    return scheme, host.lower(), int(port) if port else _USUAL_PORTS[scheme]


@format("websocket-url", "An absolute ws or wss URL.", URL_LIKE)
def websocket_url(text: str) -> str | None:
    if not re.match(r"wss?://", text, re.IGNORECASE):
        return "must be an absolute URL that begins with wss:// or ws://"
    return url(re.sub(r"^ws", "http", text, flags=re.IGNORECASE))


@format("base-url", "An absolute URL to which paths can be added: no query, no fragment.", URL_LIKE)
def base_url(text: str) -> Message | str | None:
    reason = url(text)
    if reason is None and ("?" in text or "#" in text):
        return sentence("must have neither a query nor a fragment", "paths are added at its end", by=", because ")
    return reason


@format(
    "redirect-uri",
    "A redirect URI of an OAuth client: exact, https or http on the user's own machine, or an app's own scheme (RFC 8252).",
    URL_LIKE,
    shown=r"https?:.*|[A-Za-z][\w.+-]*:/{1,3}[\w./-]*",
)
def redirect_uri(text: str) -> Message | str | None:
    if "*" in text:
        return sentence("must be one exact address", "redirect URIs are compared as text, without wildcards", by=", because ")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme is None:
        return "must be an absolute address such as https://app.example.com/callback"
    if scheme[1].lower() not in ("http", "https"):
        return None
    if (reason := url(text)) is not None:
        return reason
    if "#" in text:
        return "must have no fragment"
    origin = origin_of(text)
    if origin is not None and origin[0] == "http" and not _LOOPBACK.fullmatch(origin[1]):
        return sentence("must begin with https://", "over http anyone on the network path can read the code")
    return None


@format("url-without-path", "A URL that ends with its host, or with the slash after it.")
def url_without_path(text: str) -> str | None:
    where = authority_of(text)
    return "has a path" if where is not None and re.match(r"[/\\]+[^/\\?#]", text[where.end :]) else None


def _origin(text: str) -> Message | str | None:
    """An origin as a browser sends it (RFC 6454): scheme, host and perhaps a port. Returns the reason if a text is not one."""
    where = authority_of(text)
    if where is None or url(text) is not None:
        return "must be an origin such as https://app.example.com"
    if "*" in text:
        return sentence("must be an exact origin", "the server does not expand wildcards")
    if where.host > where.start:
        return "must be an origin without a user, password or token before the host"
    if where.end < len(text):
        return "must be an origin without a slash or path after the host"
    if text != text.lower():
        return "must be in lower case, as browsers send origins"
    scheme = text.partition(":")[0]
    if text.endswith(f":{_USUAL_PORTS[scheme]}"):
        return f"must be without :{_USUAL_PORTS[scheme]}, which browsers leave out"
    return None


_MOST_ENTRIES = 3
"""The maximum number of list entries whose mistakes a message names."""


@format(
    "origins",
    "Origins, separated by commas, or a single `*`. The server trims spaces and compares each as text (`cors.ts`).",
    URL_LIKE,
    lists=True,
)
def origins(text: str) -> Message | str | None:
    if text.strip() == "*":
        return None if text == "*" else "must be a single *, without spaces"
    entries = [one.strip() for one in text.split(",")]
    reasons = [(number, _origin(one) if one else "must not be empty") for number, one in enumerate(entries, 1)]
    said = [(number, as_message(reason)) for number, reason in reasons if reason is not None]
    if not said:
        return None
    first, *others = [reason.about(f"entry {number}") if len(entries) > 1 else reason for number, reason in said[:_MOST_ENTRIES]]
    return first.add("why", "; ".join([*(one.text for one in others), "anything else never matches, and browsers block the requests"]))
