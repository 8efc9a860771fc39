"""How a loader converts the text of a parameter or variable, and whether that is what was meant."""

from __future__ import annotations

import re

from ..model import SettingPath, sentence
from ..redaction.numbers import number_text
from ..server.loader import compares_with_true
from ..settings import Setting
from ..text import BLANKS
from ..typed import Any, Final
from . import tls
from .reader import Mismatch, Reader
from .values import EMPTY_SWITCH, MEANS_FALSE, MEANS_TRUE, misread_switch, outcome, so


def misread_text(text: str, value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a parameter's or variable's text that its loader misreads; ``value`` is the result."""
    coercion = reader.coercion(setting)
    kind = setting.types[0]
    if kind == "boolean":
        return _boolean_text(text, setting, reader)
    if kind == "integer" and coercion == "integer":
        return _integer_text(text, value, setting, reader)
    if kind == "integer" and "string" not in setting.types:
        return _unconverted_text(text, setting, reader)
    if kind not in ("object", "array") or coercion == "csv":
        return None
    if coercion == "none" and tls.takes_options(setting):
        return tls.unparsed_text(text, setting, way_out_of(setting, reader))
    return _object_text(text, value, setting, reader)


def _who(setting: Setting, reader: Reader, does: str, do: str) -> str:
    """Who does something with a text: the server, or servers older than the first that converts it."""
    history = reader.coercions(setting)
    is_old = reader.release < history.began and history.newest != "none"
    return f"servers before {history.began} {do}" if is_old else f"the server {does}"


def _boolean_text(text: str, setting: Setting, reader: Reader) -> Mismatch | None:
    word, release = text.strip().lower(), reader.release
    if compares_with_true(setting, reader.coercion(setting)):
        if text in ("true", "false"):
            return None
        if word in MEANS_FALSE or (not word and not setting.default_in(release)):
            reason = sentence("should be exactly false", "the server reads everything except exactly true as false")
            return Mismatch("boolean-spelling", reason)
        why = f"the server reads only exactly true, in lower case, as true{so(outcome(setting, False, release))}"
        return misread_switch(setting, False, sentence("counts as false", why, "write exactly true or false", by=", because "))
    if not text:
        return EMPTY_SWITCH
    if word in MEANS_TRUE:
        reason = sentence("should be exactly true", "the server reads any text as true here")
        return None if text == "true" else Mismatch("boolean-spelling", reason)
    why = f"{_who(setting, reader, 'keeps', 'keep')} it as text and any text is true{so(outcome(setting, True, release))}"
    reason = sentence("counts as true", why, by=", because ")
    if setting.real_default is True:
        reason = reason.add("why", "it is on by default, so only a JSON config file can switch it off")
    else:
        reason = reason.add("remedy", "to switch it off, leave it out")
    return misread_switch(setting, True, reason)


def _unconverted_text(text: str, setting: Setting, reader: Reader) -> Mismatch:
    """The mismatch of a number that stays text; with the consequence on servers older than the first that converts it."""
    given, release = text.strip(BLANKS), reader.release
    who = _who(setting, reader, "does", "do")
    plain = re.fullmatch(r"[+-]?[0-9]+", given) is not None
    said = setting.consequence_of("text", release) if who.startswith("servers before") else ""
    if said and (not re.fullmatch(r"[0-9]+", given) or _NEEDS_NUMBER in setting.tags):
        plain, effect = False, ""
    elif plain or re.fullmatch(r"[+-]?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", given):
        said, effect = "", ", and works only where JavaScript converts it by itself"
    else:
        said, effect = "", ", and is not a number (NaN) wherever it calculates with it"
    why = f"{who} not convert it to a number{effect}"
    reason = sentence("stays text", why, by=", because ", stops=bool(said) and setting.stops_with("text", release)).add("why", said, ": ")
    reason = reason.add("remedy", "leave it out or use a JSON config file")
    return Mismatch("integer-spelling" if plain else "integer", reason)


def _integer_text(text: str, value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    given, number = text.strip(BLANKS), number_text(value)
    if re.fullmatch(r"[+-]?[0-9]+", given):
        return None
    from ..redaction.values import is_legible  # only after a mistake

    effect = f"is read as {number}{f' ({setting.unit})' if setting.unit else ''}" if is_legible(text, setting) else "is read only in part"
    if setting.zero_means_default and number in ("0", "NaN"):
        effect = f"is read as {number}, for which the server uses its default, {setting.real_default}"
    elif number == "NaN":
        said = setting.consequence_of("nan", reader.release) or "the server finds no digits at its start"
        stops = setting.stops_with("nan", reader.release)
        return Mismatch("integer", sentence("is not a number (NaN)", said, "write plain digits", stops=stops))
    if re.fullmatch(r"[0-9]+\s*/\s*min(ute)?", given) and "per minute" in setting.unit:
        reason = sentence(f"{effect} by luck", "the server stops reading at the first non-digit", "write only the digits")
        return Mismatch("integer-spelling", reason)
    return Mismatch("integer", sentence(effect, "the server reads the leading digits and drops the rest", "write plain digits"))


_NEEDS_NUMBER: Final = "needs-number"
"""The tag of settings whose libraries fail on a number that is text."""


def unparsed(text: Any, path: SettingPath, reader: Reader) -> Mismatch | None:
    """The mismatch of a text that the loader fails to parse because of its name, though that is not a setting; None otherwise."""
    if reader.by is None or path[-1] not in _PARSED or not isinstance(text, str):
        return None
    from ..server.loader import coercion_of
    from ..syntax.json import is_valid_json

    if coercion_of(path, reader.by, reader.release) != "object" or is_valid_json(text):
        return None
    return Mismatch("object", sentence("is not a setting, and must be JSON all the same", _NOT_PARSED, stops=True))


_NOT_PARSED: Final = "the server fails to parse this text and does not start"
_PARSED = ("tls", "ssl")
"""Names that are not settings, but are parsed everywhere; see ``server-obsolete.yaml``."""


def way_out_of(setting: Setting, reader: Reader) -> str:
    """How to give an object that this loader does not parse; empty if a rule of its own explains that."""
    if reader.kind == "server/env":
        from .variables import members_of  # no other kind of document has variables

        return members_of(setting, reader) or "use a JSON config file"
    if "json-only" in setting.tags and reader.kind == "server/ssm":
        return ""
    if setting.pass_through and "tls" in setting.name:
        return f"give those that are text, such as ca, under names like {setting.name}.ca"
    if setting.types[:1] != ("object",):
        return "use a JSON config file"
    return "give its members as dotted parameters" if reader.kind == "server/ssm" else "give its members under dotted names"


def _object_text(text: str, value: Any, setting: Setting, reader: Reader) -> Mismatch | None:
    article, members = ("an array", "entries") if setting.types[0] == "array" else ("an object", "members")
    if reader.coercion(setting) != "object":
        way_out = way_out_of(setting, reader)
        why = f"{_who(setting, reader, 'does', 'do')} not parse it here, and none of its {members} has an effect"
        return Mismatch("object", sentence("stays text", why, way_out, by=", because ", then=": ")) if way_out else None
    if value == text:  # a parsed value is never the text itself
        return Mismatch("object", sentence(f"must be {article} in JSON", _NOT_PARSED, "write it as JSON", by="; ", stops=True))
    return None


_OLDER: Final = {
    "boolean": "read it as true, like any text",
    "integer": "keep it as text",
    "object": "keep it as text or fail on it",
    "array": "keep it as text or fail on it",
}
"""How older servers read a text in place of a value of each type."""


def older_versions(text: str, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a text that only loaders older than the current release misread; None if they read it as meant."""
    kind, server = setting.types[0], reader.server
    if reader.coercion(setting) == "none" or "string" in setting.types or (kind == "boolean" and text == "true") or kind not in _OLDER:
        return None
    began = reader.coercions(setting).since(server.release)
    known = setting.first if reader.by == "ssm_coercion" else max(setting.first, setting.env_unsettable.since(server.release))
    if began <= known or not server.may_be_before(began):
        return None
    reason = sentence(f"is read as meant only since {began}, or in a JSON config file", f"older servers {_OLDER[kind]}")
    return Mismatch("all-versions", reason)


def older_loaders(_text: str, setting: Setting, reader: Reader) -> Mismatch | None:
    """The mismatch of a variable that only newer loaders map to its setting; None if all that know the setting do."""
    server = reader.server
    began = setting.env_unsettable.since(server.release)
    is_late = began > setting.first and server.may_be_before(began) and not setting.env_unsettable.at(server.release)
    if reader.kind != "server/env" or not is_late:
        return None
    from .variables import portable

    everywhere = portable(setting, reader.catalogue, server.oldest)
    advice = f"{everywhere} works on all of them" if everywhere else ""
    return Mismatch("all-loaders", sentence(f"is ignored by servers before {began}, which do not know this variable", advice, by="; "))
