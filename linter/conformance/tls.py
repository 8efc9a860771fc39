"""How the clients of PostgreSQL and Redis read a text in place of TLS options.

Where nothing parses them, ``database.ssl`` and ``redis.tls`` are passed on as they are. With pg 8.22.0 the text ``true`` turns TLS on, and
``no-verify`` does so without checking the certificate; any other text asks for TLS and then fails, with an uncaught exception ("Cannot use
'in' operator"), or because the database has no TLS. With ioredis 5.8.2 any text turns TLS on, and options in it are ignored.
"""

from __future__ import annotations

from ..model import sentence
from ..patterns import pattern
from ..settings import Setting
from ..syntax.json import valid_value
from ..typed import Any, Final
from . import values
from .reader import Mismatch, Reader
from .values import HARMFUL_TYPE, MEANS_FALSE, misread_switch

_OF_PG: Final = frozenset({"true", "no-verify", ""})
"""The texts with which pg connects; with an empty one it does not encrypt."""
_WORD: Final = pattern(r"\s*[A-Za-z0-9_-]+\s*")
_FAILS: Final = "the database client asks for TLS and then fails, which stops the server"
_REFUSED: Final = f"is text, at which {_FAILS}"
ON: Final = "true"
"""The text with which both clients encrypt as for an empty object."""
_NOTHING: Final[tuple[Any, ...]] = ({}, [])
"""Empty options."""


def takes_options(setting: Setting) -> bool:
    """Whether a setting holds the TLS options of a connection, in place of which a client has its own reading of a text."""
    return setting.types[:1] == ("object",) and "boolean" in setting.types and setting.name.rpartition(".")[2] in ("ssl", "tls")


def unparsed_text(text: str, setting: Setting, way_out: str) -> Mismatch | None:
    """The mismatch of a parameter's text that stays text; None if it works. ``way_out`` says how to give the options."""
    off = text.strip().lower() in MEANS_FALSE
    if not setting.pass_through:  # the options of PostgreSQL; those of Redis are passed on
        remedy = "to connect without TLS, leave it out" if off else way_out
        return None if text in _OF_PG else Mismatch("object", sentence(_REFUSED, remedy=remedy, stops=True))
    if off:
        why, remedy = "the server keeps it as text and any text turns TLS on", "to switch it off, leave it out"
        return misread_switch(setting, True, sentence("counts as true", why, remedy, by=", because "))
    if not text.strip() or _only_enables_tls(text):
        return None
    reason = sentence("stays text", "the server does not parse it here", by=", because ")
    return Mismatch("object", reason.add("why", "it turns TLS on, but its options are ignored", ": ").add("remedy", way_out))


def text_in_json(value: Any, setting: Setting, _reader: Reader) -> Mismatch | None:
    """The mismatch of a text in a file whose values are not converted; None if it is read as in any other switch."""
    if not isinstance(value, str) or not takes_options(setting) or value in ("true", ""):
        return None
    off = value.strip().lower() in MEANS_FALSE
    if not setting.pass_through:
        if value in _OF_PG:
            return None
        if off:
            return misread_switch(setting, True, sentence(_REFUSED, remedy="write false without quotes", stops=True))
        return Mismatch("type", sentence("must be true, or an object, without quotes", _FAILS, stops=True), part=HARMFUL_TYPE)
    if off:
        return None
    if _only_enables_tls(value):
        why = "at this text, as at any, the server turns TLS on"
        return Mismatch("boolean-spelling", sentence("must be true, or an object, without quotes", why, by="; "))
    reason = sentence("must be an object without quotes", "as text it turns TLS on, but options in it are ignored")
    return Mismatch("type", reason, part=HARMFUL_TYPE)


def _only_enables_tls(text: str) -> bool:
    """Whether a text says no more than that TLS is wanted."""
    return _WORD.fullmatch(text) is not None or valid_value(text) in _NOTHING


def wrong_type(value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a value that has none of the setting's types, nor is a text that works as well."""
    is_as_good = value == "no-verify" and takes_options(setting) and not setting.pass_through
    return None if is_as_good else values.wrong_type(value, setting, reader)
