"""What a loader makes of the text of a parameter or variable, and whether that is what was meant."""

from __future__ import annotations

import re

from ..model import SettingPath, sentence
from ..redaction.numbers import number_text
from ..release import Release, ServerVersion
from ..server.loader import compares_with_true
from ..settings import Catalogue, Setting
from ..settings.history import ByRelease
from ..settings.kinds import Coercion
from ..text import BLANKS
from ..typed import Any, Final
from . import tls
from .answer import Mismatch
from .values import EMPTY_SWITCH, MEANS_FALSE, MEANS_TRUE, misread_switch, outcome, so


def misread_text(text: str, value: Any, setting: Setting, by: Coercion, release: Release, way_out: str) -> Mismatch | None:
    """The mismatch of a parameter's or variable's text that the loader of a release misreads; ``value`` is what it makes of it.

    ``way_out`` is how to give an object that stays text; empty where another rule says it.
    """
    coercions: ByRelease[str] = getattr(setting, by)
    coercion = coercions.at(release)
    old = f"servers before {coercions.began}" if release < coercions.began and coercions.newest != "none" else ""
    kind = setting.types[0] if setting.types else "string"
    if kind == "boolean":
        return _boolean_text(text, setting, release, old, coerced=compares_with_true(setting, coercion))
    if kind == "integer" and "string" not in setting.types:
        return _integer_text(text, value, setting) if coercion == "integer" else _unconverted_text(text, setting, release, old)
    if kind in ("object", "array"):
        if coercion == "csv":
            return None
        if coercion == "none" and tls.takes_options(setting):
            return tls.unparsed_text(text, setting, way_out)
        return _object_text(text, value, setting, coercion, old, way_out)
    if kind == "integer":
        return _integer_text(text, value, setting) if coercion == "integer" else None
    return None


def _boolean_text(text: str, setting: Setting, release: Release, old: str, *, coerced: bool) -> Mismatch | None:
    word = text.strip().lower()
    if coerced:
        if text in ("true", "false"):
            return None
        if word in MEANS_FALSE or (not word and not setting.default_in(release)):
            reason = sentence("should be exactly false", "the server reads everything except exactly true as false")
            return Mismatch("boolean-spelling", reason)
        why = f"the server reads only exactly true, in lower case, as true{so(outcome(setting, False, release))}"
        return misread_switch(setting, False, sentence("counts as false", why, by=", because "))
    if not text:
        return EMPTY_SWITCH
    if word in MEANS_TRUE:
        reason = sentence("should be exactly true", "the server reads any text as true here")
        return None if text == "true" else Mismatch("boolean-spelling", reason)
    keeps = f"{old} keep" if old else "the server keeps"
    why = f"{keeps} it as text and any text is true{so(outcome(setting, True, release))}"
    reason = sentence("counts as true", why, by=", because ")
    if setting.real_default:
        reason = reason.add("why", "it is on by default, so only a JSON config file can switch it off")
    else:
        reason = reason.add("remedy", "to switch it off, leave it out")
    return misread_switch(setting, True, reason)


def _unconverted_text(text: str, setting: Setting, release: Release, old: str) -> Mismatch:
    """The mismatch of a number that stays text; of the ``old`` servers that later ones follow which convert it, what comes of that too."""
    given = text.strip(BLANKS)
    plain = re.fullmatch(r"[+-]?[0-9]+", given) is not None
    said = setting.consequence_of("text", release) if old else ""
    if said and (not re.fullmatch(r"[0-9]+", given) or _NEEDS_NUMBER in setting.tags):
        plain, effect = False, ""
    elif plain or re.fullmatch(r"[+-]?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", given):
        said, effect = "", ", and works only where JavaScript converts it by itself"
    else:
        said, effect = "", ", and is not a number (NaN) wherever it calculates with it"
    why = f"{f'{old} do' if old else 'the server does'} not convert it to a number{effect}"
    reason = sentence("stays text", why, by=", because ", stops=bool(said) and setting.stops_with("text", release)).add("why", said, ": ")
    reason = reason.add("remedy", "leave it out or use a JSON config file")
    return Mismatch("integer-spelling" if plain else "integer", reason)


def _integer_text(text: str, value: Any, setting: Setting) -> Mismatch | None:
    given = text.strip(BLANKS)
    if re.fullmatch(r"[+-]?[0-9]+", given):
        return None
    effect = _integer_effect(text, value, setting)
    if re.fullmatch(r"[0-9]+\s*/\s*min(ute)?", given) and "per minute" in setting.unit:
        reason = sentence(f"{effect} by luck", "the server stops reading at the first non-digit", "write only the digits")
        return Mismatch("integer-spelling", reason)
    return Mismatch("integer", sentence(effect, "the server reads the leading digits and drops the rest", "write plain digits"))


_NEEDS_NUMBER: Final = "needs-number"
"""The tag of settings whose libraries fail on a number that is text."""


def _integer_effect(text: str, value: Any, setting: Setting) -> str:
    number = number_text(value)
    if setting.zero_means_default and number in ("0", "NaN"):
        return f"becomes {number}, for which the server uses its default, {setting.real_default}"
    if number == "NaN":
        return "is not a number (NaN), and no comparison with it is true"
    from ..redaction.values import is_legible  # only after a mistake

    if not is_legible(text, setting):
        return "becomes another number"
    return f"becomes {number}{f' ({setting.unit})' if setting.unit else ''}"


def unparsed(text: Any, path: SettingPath, by: Coercion, release: Release) -> Mismatch | None:
    """The mismatch of a text that the loader parses for its name, though it is that of no setting, and cannot; None for all else."""
    if path[-1] not in _PARSED or not isinstance(text, str):
        return None
    from ..server.assembly import coercion_of
    from ..syntax.json import is_valid_json

    if coercion_of(path, by, release) != "object" or is_valid_json(text):
        return None
    return Mismatch("object", sentence("is not a setting, and must be JSON all the same", _NOT_PARSED, stops=True))


_NOT_PARSED: Final = "the server fails to parse this text and does not start"
_PARSED = ("tls", "ssl")
"""Names that are no setting everywhere, and are parsed everywhere; see ``server-obsolete.yaml``."""


def way_out_of(setting: Setting, catalogue: Catalogue, kind: str, release: Release) -> str:
    """How to give an object that this loader does not parse; empty where a rule of its own says it."""
    if kind == "server/env":
        from .variables import members_of  # no other kind of document has variables

        return members_of(setting, catalogue, release) or "use a JSON config file"
    if "json-only" in setting.tags and kind == "server/ssm":
        return ""
    if setting.pass_through and "tls" in setting.name:
        return f"give those that are text, such as ca, under names like {setting.name}.ca"
    if setting.types[:1] != ("object",):
        return "use a JSON config file"
    return "give its members as dotted parameters" if kind == "server/ssm" else "give its members under dotted names"


def _object_text(text: str, value: Any, setting: Setting, coercion: str, old: str, way_out: str) -> Mismatch | None:
    article = "an array" if setting.types[0] == "array" else "an object"
    if coercion != "object":
        parses = f"{old} do not parse" if old else "the server does not parse"
        why = f"{parses} it here, and none of its {'entries' if article == 'an array' else 'members'} has an effect"
        return Mismatch("object", sentence("stays text", why, way_out, by=", because ", then=": ")) if way_out else None
    if value == text:  # what can be parsed is never the text itself
        return Mismatch("object", sentence(f"must be {article} in JSON", _NOT_PARSED, by="; ", stops=True))
    return None


def older_versions(text: str, setting: Setting, by: Coercion, server: ServerVersion) -> Mismatch | None:
    """The mismatch of a text that loaders misread which are older than the one that is judged by; None where they read it as meant too."""
    kind = setting.types[0] if setting.types else "string"
    coercion: ByRelease[str] = getattr(setting, by)
    began = coercion.since(server.release)
    known = setting.first if by == "ssm_coercion" else max(setting.first, setting.env_unsettable.since(server.release))
    if coercion.at(server.release) == "none" or "string" in setting.types or (kind == "boolean" and text == "true"):
        return None
    if began <= known or not server.may_be_before(began):
        return None
    effect = {
        "boolean": "read it as true, like any text",
        "integer": "keep it as text",
        "object": "keep it as text or fail on it",
        "array": "keep it as text or fail on it",
    }.get(kind)
    if effect is None:
        return None
    reason = sentence(f"is read as meant only since {began}, or in a JSON config file", f"older servers {effect}")
    return Mismatch("all-versions", reason)


def older_loaders(setting: Setting, catalogue: Catalogue, server: ServerVersion) -> Mismatch | None:
    """The mismatch of a variable that only newer loaders put on its setting; None where all that know the setting do."""
    began = setting.env_unsettable.since(server.release)
    if setting.env_unsettable.at(server.release) or began <= setting.first or not server.may_be_before(began):
        return None
    from .variables import portable

    everywhere = portable(setting, catalogue, server.oldest)
    advice = f"{everywhere} works on all of them" if everywhere else ""
    return Mismatch("all-loaders", sentence(f"is ignored by servers before {began}, which do not know this variable", advice, by="; "))
