"""What the catalogue says of each value of a document, as the server will see it: the ``fits`` operator of the rule language.

Each place gets at most one misfit: the first aspect, in the order of :data:`ASPECTS`, in which it does not fit. So one cause gives one
finding, and what is misread is not judged any further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from math import inf
from typing import Any, Final, NamedTuple

from .. import settings
from ..formats import FORMATS
from ..formats.placeholders import is_unresolved
from ..model import UNKNOWN, Document, SettingPath, dotted, printable
from ..redaction.numbers import number_text
from ..settings import Catalogue, Setting
from .node import Node, catalogue_kind
from .variables import members_of, near_variable, portable, why_useless

ASPECTS: Final = {
    "known": "the server reads a setting of this name",
    "variable": "the server puts the environment variable on a setting",
    "current": "the name is none of an older version",
    "own-value": "the value is no external secret of the CDK",
    "boolean": "the server takes the value for true or false as it was meant",
    "boolean-spelling": "true and false are written as they should be",
    "integer": "the server reads the number that is written",
    "integer-spelling": "whole numbers are written as they should be",
    "object": "an object or array in a text is parsed by the server",
    "type": "the value has the type that the server wants",
    "value": "the value is one of those that are allowed",
    "range": "the number works",
    "advice": "the number is advisable",
    "format": "the text has the form that it should have",
    "all-loaders": "older servers put the environment variable on its setting too",
    "all-versions": "older servers read the value as the newest does",
}
"""The aspects in which a value can fit its setting, in the order in which they are judged, with what each asks."""
MISREAD: Final = frozenset({"own-value", "boolean", "boolean-spelling", "integer", "integer-spelling", "object", "type"})
"""Where a value does not fit in one of these, no other rule judges it."""

_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
}
_MEANS_FALSE = frozenset({"false", "no", "off", "0", "n", "f", "disabled", "none"})
_MEANS_TRUE = frozenset({"true", "yes", "on", "1", "y", "t", "enabled"})
_GENERATIONS = (("the servers of late 2025", "late_2025"), ("the servers of mid-2025", "mid_2025"))
_REMARKS = ("_comment", "$schema", "//")


class Misfit:
    """How a value does not fit: the aspect, and a reason that reads on after the setting's name, worked out when it is asked for."""

    __slots__ = ("_reason", "aspect")

    def __init__(self, aspect: str, reason: str | Callable[[], str]) -> None:
        self.aspect = aspect
        self._reason = reason

    @property
    def reason(self) -> str:
        """The reason, as a clause."""
        return self._reason if isinstance(self._reason, str) else self._reason()


def misfits(document: Document) -> Mapping[SettingPath, Misfit]:
    """Every misfit of a document by its path; worked out once for each document."""
    found: Mapping[SettingPath, Misfit] = document.derive("misfits", lambda: dict(_judge(document)))
    return found


def not_judged(document: Document) -> dict[SettingPath, Exception]:
    """The settings of a document whose misfit could not be worked out, for a bug of ours, with what went wrong.

    It is theirs alone: all others are judged. Empty as long as nobody has asked for misfits.
    """
    failed: dict[SettingPath, Exception] = document.derive("not_judged", dict)
    return failed


_DEEPEST: Final = 100
"""Levels of nesting of what is judged. No setting is nested as deeply, and to name each of more takes as much as all before it together."""


def _judge(document: Document) -> Iterator[tuple[SettingPath, Misfit]]:
    """Walk the settings that the catalogue knows; beneath an unknown one nothing is judged."""
    if catalogue_kind(document.kind) not in settings.KINDS:
        return
    judge = _Judge(document)
    waiting: list[tuple[SettingPath, Any]] = [((key,), value) for key, value in reversed(document.data.items())]
    while waiting:
        path, value = waiting.pop()
        try:
            misfit, descend = judge.judge(path, value)
        except Exception as error:  # a bug of ours in one setting must not hide the others
            not_judged(document)[path] = error
            continue
        if misfit is not None:
            yield path, misfit
        if descend and len(path) < _DEEPEST:
            members: Any = value.items() if isinstance(value, dict) else enumerate(value)
            waiting.extend(reversed([((*path, step), member) for step, member in members]))


_LOADERS: Final = {"server/ssm": "ssm_coercion", "server/azure": "ssm_coercion", "server/env": "env_coercion"}
"""For kinds of document whose values are texts: what says how the server's loader turns them into values."""


def reader_of(catalogue: Catalogue) -> str:
    """Who reads documents with these settings."""
    return "the CDK" if catalogue.kind == "infra" else "the server"


class _Judge:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.catalogue = settings.catalogue(catalogue_kind(document.kind))
        self.reader = reader_of(self.catalogue)
        self.loader = _LOADERS.get(document.kind)

    def judge(self, path: SettingPath, value: Any) -> tuple[Misfit | None, bool]:
        """The misfit of one value, and whether its members are to be judged too."""
        setting = self.catalogue.get(path)
        if setting is None or setting.status == "obsolete":
            return self._unknown(path, value, setting)
        if value is UNKNOWN or value is None or is_unresolved(value):
            return None, False
        misfit = _first(self._misfits(path, value, setting))
        container = isinstance(value, dict | list)
        return misfit, container and (misfit is None or misfit.aspect not in MISREAD)

    def _unknown(self, path: SettingPath, value: Any, setting: Setting | None) -> tuple[Misfit | None, bool]:
        holder = self.catalogue.get(path[:-1]) if len(path) > 1 else None
        if (setting is None and holder is not None and holder.pass_through) or str(path[-1]).startswith(_REMARKS) or "/" in str(path[-1]):
            return None, False
        if self.loader is not None and isinstance(value, dict) and len(path) < _DEEPEST and "raw" not in self.document.origin.facts(path):
            return None, True  # no parameter of its own: what is unknown is beneath it
        if setting is not None and setting.origin in ("older-version", "never-read"):
            return Misfit("current", _instead(setting, self.reader)), False
        variable = self.document.origin.facts(path).get("name") if self.document.kind == "server/env" else None
        if variable is not None:
            return _useless_variable(str(variable), path, setting, self.catalogue), False
        return Misfit("known", lambda: _unknown_reason(path, setting, self.catalogue)), False

    def _misfits(self, path: SettingPath, value: Any, setting: Setting) -> Iterator[Misfit | None]:
        """The answers in the order of the aspects, each worked out only if the ones before it are None."""
        text = self.document.origin.facts(path).get("raw") if self.loader is not None else None
        coercion: settings.ByGeneration = getattr(setting, self.loader or "ssm_coercion")
        if isinstance(text, str):
            yield _misread_text(text, value, setting, coercion.newest, _way_out(setting, self.catalogue, self.document.kind))
            yield _type(value, setting) if coercion.newest == "object" else None
        else:
            yield _external_secret(value)
            yield _boolean_in_json(value, setting, self.reader)
            yield _type(value, setting)
        yield _enum(value, setting)
        yield _range(value, setting)
        yield _format(value, setting)
        if isinstance(text, str):
            yield _older_loaders(setting, self.catalogue) if self.document.kind == "server/env" else None
            yield _older_versions(text, setting, coercion)


def _first(answers: Iterator[Misfit | None]) -> Misfit | None:
    return next((answer for answer in answers if answer is not None), None)


# --- Names ---------------------------------------------------------------------------------------------------------------------------


def _instead(setting: Setting, reader: str) -> str:
    readers = "current servers" if reader == "the server" else reader
    return f"is not read by {readers}{f': use {setting.use}' if setting.use else ''}"


def _unknown_reason(path: SettingPath, setting: Setting | None, catalogue: Catalogue) -> str:
    reader = reader_of(catalogue)
    if setting is not None:
        return f"is no setting of {reader}{f'; did you mean {setting.use}?' if setting.use else f': {setting.meaning}'}"
    meant = _meant(path, catalogue)
    return f"is no setting of {reader}, which ignores it{f'; {meant}' if meant else ''}"


def _useless_variable(variable: str, path: SettingPath, setting: Setting | None, catalogue: Catalogue) -> Misfit:
    name = dotted(path)
    reason = why_useless(variable, name, setting, catalogue)
    if reason is not None:
        return Misfit("variable", reason)
    near = near_variable(variable, catalogue)
    hint = f"; did you mean {near}?" if near else ""
    return Misfit("known", f"is no setting of the server, which ignores {printable(variable)}{hint}")


def _meant(path: SettingPath, catalogue: Catalogue) -> str:
    """What was probably meant by an unknown name."""
    name = str(path[-1])
    dotted_path = tuple(part for step in path for part in str(step).split("."))
    if "." in name and catalogue.get(dotted_path) is not None:
        return f"in a JSON file {printable(name)} is written as an object in an object"
    names = _live_names(catalogue)
    near = _near(name, names.members.get(tuple("*" if isinstance(step, int) else step for step in path[:-1]), ()))
    if near:
        return f"did you mean {'.'.join([*map(str, path[:-1]), near])}?"
    elsewhere = names.ending.get(name, [])
    return f"did you mean {elsewhere[0]}?" if len(elsewhere) == 1 else ""


class _Names(NamedTuple):
    """The names of the settings that exist: the last steps by those before them, and the whole names by their last steps."""

    members: Mapping[SettingPath, tuple[str, ...]]
    ending: Mapping[str, list[str]]


@cache
def _live_names(catalogue: Catalogue) -> _Names:
    members: dict[SettingPath, tuple[str, ...]] = {}
    ending: dict[str, list[str]] = {}
    for name in catalogue.names():
        path = tuple(name.split("."))
        setting = catalogue.get(path)
        if setting is not None and setting.status != "obsolete":
            members[path[:-1]] = (*members.get(path[:-1], ()), path[-1])
            ending.setdefault(path[-1], []).append(name)
    return _Names(members, ending)


def _near(name: str, known: tuple[str, ...]) -> str:
    """The known name that differs in upper and lower case only, else the one that is most like this one; empty when none is."""
    from .. import suggest  # only after a mistake

    by_lower: dict[str, str] = {}
    for one in reversed(known):
        by_lower[one.lower()] = one
    near = suggest.nearest(name.lower(), by_lower, 0.7)
    return by_lower[near] if near is not None else ""


# --- Types ---------------------------------------------------------------------------------------------------------------------------


def _external_secret(value: Any) -> Misfit | None:
    if isinstance(value, dict) and {"system", "key"} <= value.keys() <= {"system", "key", "type"}:
        return Misfit("own-value", "is given as an external secret, which only the CDK resolves, in its own config")
    return None


def _boolean_in_json(value: Any, setting: Setting, reader: str) -> Misfit | None:
    if "boolean" not in setting.types or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        another_text = setting.types[0] != "boolean" and value.lower() not in _MEANS_FALSE | _MEANS_TRUE
        return None if another_text else _text_for_boolean(value, setting, reader)
    if "integer" in setting.types:
        return None
    return Misfit(
        "boolean-spelling", f"must be true or false; {reader} takes the number {number_text(value)} for {number_text(bool(value))}"
    )


def _text_for_boolean(value: str, setting: Setting, reader: str) -> Misfit:
    if not value:
        return Misfit("boolean-spelling", "must be true or false, not an empty text, which counts now as false, now as not given")
    if value.strip().lower() in _MEANS_TRUE:
        return Misfit("boolean-spelling", f"must be true without quotes; {reader} takes this text for true, like any other")
    return Misfit("boolean", f"is text, and {reader} takes any text for true{_outcome(setting, True)}; write true or false without quotes")


def _outcome(setting: Setting, value: bool) -> str:
    """What a switch does when it is on or off, to be added to a sentence."""
    effect = setting.if_true if value else setting.if_false
    return f", so {effect}" if effect else ""


def _type(value: Any, setting: Setting) -> Misfit | None:
    if setting.types[0] == "integer" and isinstance(value, str) and "string" in setting.types:
        # The port of a client library: each of them reads digits in quotes (V: pg, ioredis, nodemailer).
        return None if value.isascii() and value.isdecimal() else Misfit("type", f"must be a whole number, not {_kind_of(value)}")
    if any(_has_type(value, name) for name in setting.types):
        return None
    wanted = " or ".join(_TYPE_NAMES[name] for name in setting.types)
    return Misfit("type", f"must be {wanted}, not {_kind_of(value)}")


def _has_type(value: Any, name: str) -> bool:
    if name == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if name == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[str, type | tuple[type, ...]] = {"string": str, "number": (int, float), "object": dict, "array": list}
    return isinstance(value, types[name])


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return number_text(value)
    if isinstance(value, str):
        return "a number in quotes" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else "text" if value else "an empty text"
    if isinstance(value, int | float):
        return "a number" if abs(value) != inf else f"{number_text(value)}, which the server makes of a number that is as large as this"
    return "an array" if isinstance(value, list) else "an object"


# --- Texts that a loader makes values of ---------------------------------------------------------------------------------------------


def _misread_text(text: str, value: Any, setting: Setting, coercion: str, way_out: str) -> Misfit | None:
    """How the newest loader misreads a parameter's or variable's text; ``value`` is what it makes of it.

    ``way_out`` is how to give an object that stays text; empty where another rule tells it.
    """
    kind = setting.types[0] if setting.types else "string"
    if kind == "boolean":
        return _boolean_text(text, setting, coerced=coercion == "boolean")
    if kind == "integer" and "string" not in setting.types:
        return _integer_text(text, value, setting, coerced=coercion == "integer")
    if kind in ("object", "array"):
        return _object_text(text, value, setting, coercion, way_out)
    if kind == "integer":
        return _integer_text(text, value, setting, coerced=True) if coercion == "integer" else None
    return None


def _boolean_text(text: str, setting: Setting, *, coerced: bool) -> Misfit | None:
    word = text.strip().lower()
    if coerced:
        if text in ("true", "false"):
            return None
        if word in _MEANS_FALSE:
            return Misfit("boolean-spelling", "should be exactly false: the server takes everything but exactly true for false")
        effect = _outcome(setting, False)
        return Misfit("boolean", f"counts as false, for the server takes nothing but exactly true, in lower case, for true{effect}")
    if word in _MEANS_TRUE:
        return None if text == "true" else Misfit("boolean-spelling", "should be exactly true: the server takes any text for true here")
    way_out = (
        "it is on by default, so only a JSON config file can switch it off" if setting.real_default else "to switch it off, leave it out"
    )
    return Misfit("boolean", f"counts as true, for the server keeps it as text, and any text is true{_outcome(setting, True)}; {way_out}")


def _integer_text(text: str, value: Any, setting: Setting, *, coerced: bool) -> Misfit | None:
    plain = re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) is not None
    if not coerced:
        reason = "stays text, for the server does not make a number of it; leave it out or use a JSON config file"
        return Misfit("integer-spelling" if plain else "integer", reason)
    if plain:
        return None
    effect = _integer_effect(value, setting)
    if re.fullmatch(r"\s*[0-9]+\s*/\s*min(ute)?\s*", text) and "per minute" in setting.unit:
        return Misfit(
            "integer-spelling", f"{effect}, by luck: the server stops reading at the first sign that is no digit; write the digits alone"
        )
    return Misfit("integer", f"{effect}: the server reads the digits that it begins with and drops the rest; write plain digits")


def _integer_effect(value: Any, setting: Setting) -> str:
    number = number_text(value)
    if number == "NaN":
        return "is not a number (NaN)"
    return f"becomes {number}{f' ({setting.unit})' if setting.unit else ''}"


def _way_out(setting: Setting, catalogue: Catalogue, kind: str) -> str:
    """How to give an object that this loader does not parse; empty where a rule of its own tells it."""
    if kind == "server/env":
        return members_of(setting, catalogue) or "use a JSON config file"
    if "json-only" in setting.tags and kind == "server/ssm":
        return ""
    if setting.pass_through and "tls" in setting.name:
        return "it switches TLS on, but no option in it counts; give RedisSecrets or a JSON config file if options matter"
    if setting.types[:1] != ("object",):
        return "use a JSON config file"
    return "give its members in dotted parameters" if kind == "server/ssm" else "give its members under dotted names"


def _object_text(text: str, value: Any, setting: Setting, coercion: str, way_out: str) -> Misfit | None:
    article = "an array" if setting.types[0] == "array" else "an object"
    if setting.pass_through and "tls" in setting.name and text.strip() == "{}":
        return None  # stays text, but any text switches TLS on, and no option is lost
    if coercion != "object":
        return Misfit("object", f"stays text, for the server does not parse it here: {way_out}") if way_out else None
    if value == text:  # what can be parsed is never the text itself
        return Misfit("object", f"must be {article} in JSON; the server fails to parse this text and does not start")
    return None


def _older_versions(text: str, setting: Setting, coercion: settings.ByGeneration) -> Misfit | None:
    """Texts that only the newest loader reads as they are meant."""
    kind = setting.types[0] if setting.types else "string"
    older = [name for name, field in _GENERATIONS if getattr(coercion, field) != coercion.newest]
    if not older or "string" in setting.types or (kind == "boolean" and text == "true"):
        return None
    effect = {
        "boolean": "take it for true, as any text",
        "integer": "keep it as text",
        "object": "keep it as text, or fail on it",
        "array": "keep it as text, or fail on it",
    }.get(kind)
    return Misfit("all-versions", f"is read by the newest servers only: {' and '.join(older)} {effect}") if effect else None


def _older_loaders(setting: Setting, catalogue: Catalogue) -> Misfit | None:
    """Variables that only newer loaders put on their setting."""
    older = [name for name, field in _GENERATIONS if getattr(setting.env_unsettable, field)]
    if not older:
        return None
    everywhere = portable(setting, catalogue)
    advice = f"; {everywhere} works on all" if everywhere else ""
    return Misfit("all-loaders", f"is ignored by {' and '.join(older)}, which know no such variable{advice}")


# --- Values --------------------------------------------------------------------------------------------------------------------------


def _enum(value: Any, setting: Setting) -> Misfit | None:
    if not setting.enum or isinstance(value, dict | list) or value == "":
        return None
    allowed = [str(one) for one in setting.enum]
    given = str(value)
    if given in allowed or (setting.ignore_case and given.upper() in (one.upper() for one in allowed)):
        return None
    near = _near(given, tuple(allowed)) if isinstance(value, str) else ""
    hint = f" (did you mean {near}?)" if near else ""
    return Misfit("value", f"must be {'one of ' if len(allowed) > 1 else ''}{', '.join(allowed)}{hint}")


def _range(value: Any, setting: Setting) -> Misfit | None:
    if isinstance(value, str) and setting.types[0] == "integer" and re.fullmatch(r"[0-9]{1,20}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value in setting.special or value != value:
        return None
    unit = f" {setting.unit}" if setting.unit else ""
    for aspect, low, high, verb in (
        ("range", setting.min, setting.max, "must be"),
        ("advice", setting.advised_min, setting.advised_max, "should be"),
    ):
        if low is not None and value < low:
            return Misfit(aspect, f"{verb} at least {low:,}{unit}, not {number_text(value)}")
        if high is not None and value > high:
            return Misfit(aspect, f"{verb} at most {high:,}{unit}, not {number_text(value)}{_tolerance(value, setting)}")
    return None


def _tolerance(value: float, setting: Setting) -> str:
    step = re.fullmatch(r"time steps of (\d+) seconds", setting.unit) if abs(value) != inf else None
    return f": codes up to {number_text(value * int(step[1]))} seconds old or early are taken" if step else ""


def _format(value: Any, setting: Setting) -> Misfit | None:
    if not setting.format or not isinstance(value, str) or (value == "" and setting.format != "bytes"):
        return None
    reason = FORMATS[setting.format](value)
    return Misfit("format", reason) if reason is not None else None


def misfit_at(node: Node) -> Misfit | None:
    """The misfit of a node of an ordinary document. Far below the deepest of them not even the path is made out."""
    found = misfits(node.document)
    deepest: int = node.document.derive("deepest_misfit", lambda: max(map(len, found), default=-1))
    return None if node.is_deeper_than(deepest) else found.get(node.path)


def is_misread_at(node: Node) -> bool:
    """See :func:`is_misread`."""
    if node.document.members:
        return is_misread(node.document, node.path)
    misfit = misfit_at(node)
    return misfit is not None and misfit.aspect in MISREAD


def is_misread(document: Document, path: SettingPath) -> bool:
    """Whether the server makes something else of a value than was meant, so that no rule can judge it."""
    owner, inner = document.owner(path)
    misfit = misfits(owner).get(inner)
    return misfit is not None and misfit.aspect in MISREAD


# --- What is meant all the same ------------------------------------------------------------------------------------------------------


def meant(document: Document, path: SettingPath, value: Any) -> Any:
    """What a value that does not fit plainly stands for, for those who compare with it; ``UNKNOWN`` where nobody can tell.

    ``"accountNumber": 123456789012`` is reported once, as a number where text belongs, and hides no ARN of another account.
    """
    owner, inner = document.owner(path)
    found = misfits(owner).get(inner)
    setting = settings.catalogue(catalogue_kind(owner.kind)).get(inner) if catalogue_kind(owner.kind) in settings.KINDS else None
    if setting is None or (found is None and not isinstance(value, str)):
        return UNKNOWN if found is not None and found.aspect in MISREAD else value
    if found is not None and found.aspect in MISREAD:
        return _spelt_otherwise(value, setting, found.aspect)
    if found is not None and found.aspect == "format":
        return _read_otherwise(value, setting)
    if "server-url" in setting.tags:
        return _with_slash(value)
    return value.removesuffix(".") if setting.format == "hostname" else value


def _spelt_otherwise(value: Any, setting: Setting, aspect: str) -> Any:
    """A value of the wrong type whose meaning is plain: digits, and words for true that the server too takes for true."""
    if aspect == "boolean-spelling":
        if isinstance(value, str):
            return True if value.strip().lower() in _MEANS_TRUE else UNKNOWN
        return bool(value)
    if aspect not in ("type", "integer-spelling") or isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int | float):
        return value if setting.types[0] != "string" else _digits(value, setting)
    if isinstance(value, str) and {"integer", "number"}.intersection(setting.types) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    return UNKNOWN


def _digits(value: float, setting: Setting) -> Any:
    """The text that a number was meant to be; that of an account has lost its leading zeros, of which few have more than one."""
    if not 0 <= value < 1e15 or value != int(value):
        return UNKNOWN
    text = str(int(value))
    if setting.format != "aws-account":
        return text
    return text.zfill(12) if 9 <= len(text) <= 12 else UNKNOWN


_AROUND_HOST: Final = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^@/\s]*@)?([^/@:\s]+?)\.?(?::[0-9]*)?(?:/\S*)?\s*")
_LONGEST_NAME: Final = 1_000
"""Characters that no name of a host, bucket, region or account has."""
_AROUND_BUCKET: Final = re.compile(r"\s*(?:s3://|s3:|arn:aws[a-z-]*:s3:::)([^/\s]+)/?\s*")


def _read_otherwise(value: Any, setting: Setting) -> Any:
    """A text in another form than it should have, in which what others compare with can be read all the same."""
    if not isinstance(value, str) or setting.format not in ("aws-account", "aws-region", "hostname", "s3-bucket"):
        return value
    if len(value) > _LONGEST_NAME:
        return UNKNOWN
    if setting.format == "aws-account":
        text = re.sub(r"[\s-]", "", value)
    elif setting.format == "aws-region":
        text = value.strip().lower()
    else:
        around = (_AROUND_HOST if setting.format == "hostname" else _AROUND_BUCKET).fullmatch(value)
        text = around[1] if around is not None else ""
    return text if FORMATS[setting.format](text) is None else UNKNOWN


def _with_slash(url: Any) -> Any:
    """A base URL with the slash that it should end with: that it lacks is reported, and what is beneath it is known all the same."""
    return f"{url}/" if isinstance(url, str) and not url.endswith("/") and FORMATS["base-url"](url) is None else url


_DEEPEST_SETTING: Final = 8
"""Levels beneath which the catalogue knows nothing."""


def meant_at(node: Node) -> Any:
    """The same of a node, for a condition: a text of which no other reading is known is taken as it is."""
    if node.is_deeper_than(_DEEPEST_SETTING):
        return node.value
    value = meant(node.document, node.path, node.value)
    return node.value if value is UNKNOWN and not is_misread(node.document, node.path) else value
