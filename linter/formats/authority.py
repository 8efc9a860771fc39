"""The authority of a URL: where it ends, and what in it is a credential, as the WHATWG parser of Node.js and of browsers reads it."""

from __future__ import annotations

from ..patterns import pattern
from ..typed import Final, NamedTuple

MARK: Final = pattern(r"@@[A-Z][A-Z0-9_]{0,60}@@(?![A-Za-z0-9])")
"""A reference in whose place a program puts a value, such as ``@@HOST@@``; its signs separate nothing."""
_END: Final = pattern(r"[/\\?#]")
_SCHEME: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Authority(NamedTuple):
    """Offsets in a text: where the authority starts, where its host does, and where it ends.

    What stands before the host, up to the last ``@``, is a credential: a user, a password or a token.
    """

    start: int
    host: int
    end: int


def authority_at(text: str, start: int) -> Authority:
    """The authority that starts at an offset, right behind the slashes."""
    end = _END.search(text, start)
    stop = end.start() if end is not None else len(text)
    return Authority(start, last_at(text, start, stop) + 1 or start, stop)


def authority_of(url: str) -> Authority | None:
    """The authority of a URL with a scheme and two slashes; None where a text does not begin with these."""
    scheme = _SCHEME.match(url)
    return authority_at(url, scheme.end()) if scheme is not None else None


def last_at(text: str, start: int = 0, end: int | None = None) -> int:
    """The offset of the last ``@`` in a part of a text that belongs to no reference; -1 where there is none."""
    blanked = MARK.sub(lambda mark: "x" * len(mark[0]), text) if "@@" in text else text
    return blanked.rfind("@", start, end)


def without_login(url: str) -> str:
    """A URL without the credential in its authority."""
    where = authority_of(url)
    return url if where is None else url[: where.start] + url[where.host :]
