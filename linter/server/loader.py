"""How the server's loaders read texts, and flat lists of names, and where they stop.

``setValue`` in ``packages/server/src/config/utils.ts``, and ``loadEnvConfig`` in ``loader.ts``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from .. import settings
from ..formats.placeholders import is_blank
from ..model import ABSENT, UNKNOWN, Mark, SettingPath, dotted, prefixes
from ..redaction.numbers import number_text
from ..release import MAIN, Release
from ..settings import Setting
from ..settings.kinds import Coercion
from ..syntax.json import INVALID, valid_value
from ..syntax.places import whole_number
from ..text import BLANKS
from ..typed import Any, Final, NamedTuple


class Stop(NamedTuple):
    """Where the server stops while it reads its configuration: the setting, and a reason that follows its name."""

    path: SettingPath
    reason: str


_NO_JSON: Final = "must be JSON, because the server parses whatever has this name; it fails to parse this value and does not start"
_NO_LIST: Final = "must be text with commas: the server calls split on it and does not start"


def converted(value: Any, coercion: str) -> Any:
    """The value that the loader makes of a text, or of a value in a vault's secret; a :class:`Stop` if it fails.

    ``coercion`` is one of those of :attr:`linter.settings.Setting.ssm_coercion`.
    """
    if value is UNKNOWN or coercion == "unknown":
        return UNKNOWN
    if coercion == "boolean":
        return value == "true"
    if coercion == "csv":
        return [one.strip(BLANKS) for one in value.split(",")] if isinstance(value, str) else Stop((), _NO_LIST)
    if coercion == "integer":
        return parse_int(js_text(value))
    if coercion == "number":
        return parse_float(js_text(value))
    if coercion == "object":
        parsed = valid_value(js_text(value))
        return parsed if parsed is not INVALID else Stop((), _NO_JSON)
    return value


def js_text(value: Any) -> str:
    """The result of ``String(value)`` in JavaScript; for a list the items joined by commas, for an object always the same words."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_items(value))
    return "[object Object]" if isinstance(value, dict) else number_text(value)


def _items(value: list[Any]) -> Iterator[str]:
    """The texts of the items of a list and of the lists in it, however deeply they are nested."""
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list) and one:
            waiting.extend(reversed(one))
        else:
            yield "" if one is None or isinstance(one, list) else js_text(one)


def ssm_value(text: str, setting: Setting | None, release: Release = MAIN) -> Any:
    """The value that the Parameter Store loader of a release makes of a parameter's text; text for an unknown name."""
    return loaded_value(text, setting, setting.ssm_coercion.at(release)) if setting is not None else text


def ssm_text(value: Any, setting: Setting | None, release: Release = MAIN) -> str | None:
    """The text of a parameter that the loader of a release reads as a value; None if there is none."""
    for text in _texts(value):
        read = ssm_value(text, setting, release)
        if text and isinstance(read, bool) == isinstance(value, bool) and read == value:
            return text
    return None


def _texts(value: Any) -> Iterator[str]:
    """The texts that may be read as a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int | float):
        yield number_text(value)
    elif isinstance(value, list | dict):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield ",".join(value)
        with suppress(ValueError, TypeError):  # a number that JSON cannot express, or an unknown member
            yield json.dumps(value, ensure_ascii=False, allow_nan=False)


def loaded_value(text: str, setting: Setting, coercion: str) -> Any:
    """The value that rules check: the server's, but for a switch that stays text, whether it is on; or ``UNKNOWN``.

    This concerns "true", and switches read only by servers that compare their text with "true". A text that should be JSON and is not stays
    text here, though the server does not start with it. The value of a placeholder is not known.
    """
    if coercion != "unknown" and setting.types[:1] == ("boolean",) and (text == "true" or compares_with_true(setting, coercion)):
        return UNKNOWN if is_blank(text) else text == "true"
    made = converted(text, coercion)
    if isinstance(made, Stop):
        return text
    return made if isinstance(made, str | dict | list) or not is_blank(text) else UNKNOWN


def compares_with_true(setting: Setting, coercion: str) -> bool:
    """Whether each server that reads a switch treats exactly the text "true" as true, and any other as false.

    ``coercion`` is the newest server's. To that one a deprecated switch is a name like any other, which it leaves alone and does not read;
    older ones compare it (``booleanKeys`` of ``packages/server/src/config/utils.ts`` in 5.1.14 to 5.1.26).
    """
    return coercion == "boolean" or (coercion == "none" and setting.deprecated)


def parse_int(text: str) -> int | float:
    """JavaScript's ``parseInt(text, 10)``: leading blanks, a sign and digits; what follows is dropped; NaN without a digit."""
    match = re.match(r"[+-]?[0-9]+", text.lstrip(BLANKS))
    return whole_number(match[0]) if match is not None else float("nan")


def parse_float(text: str) -> float:
    """JavaScript's ``parseFloat(text)``: leading blanks and a decimal number or ``Infinity``; what follows is dropped; NaN without one."""
    match = re.match(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)", text.lstrip(BLANKS))
    return float(match[0]) if match is not None else float("nan")


# --- The tree ---------------------------------------------------------------------------------------------------------------------------

MOST_STEPS: Final = 50
"""The maximum number of steps of a dotted name. No setting has as many, and a name of thousands would make thousands of objects, each with
a path."""


def dotted_path(name: str) -> SettingPath:
    """The path of a dotted name; a name with more dots than any setting has is one step."""
    return tuple(name.split(".")) if name.count(".") < MOST_STEPS else (name,)


def build_tree(given: Iterable[tuple[SettingPath, Any]]) -> dict[str, Any]:
    """The tree with each value at its path, set in order, but so that every given value is checked: a whole never hides its members.

    A text does not replace an object of the same name that has members, an object is merged with it, and a member replaces a list that
    cannot hold it.
    """
    tree: dict[str, Any] = {}
    own: Owned = {}
    for path, value in given:
        node = holder_of(path, tree, own, _cannot_hold)
        held = own.get(path)
        if held is not None and isinstance(node, dict) and node.get(path[-1]) is held:
            value = own[path] = _with_members(held, value)
        put(node, path[-1], value)
    return tree


def _with_members(held: Any, whole: Any) -> Any:
    """A whole value, merged with the object that its members have already made."""
    if not isinstance(held, dict):
        return whole
    if isinstance(whole, dict):
        return {**whole, **held}
    return whole if isinstance(whole, list) and all(_index(step) >= 0 for step in held) else held


Owned = dict[SettingPath, Any]
"""The objects and lists that belong to a tree itself, by their paths; any other belongs to an entry, and must not change."""


def holder_of(path: SettingPath, tree: dict[str, Any], own: Owned, is_missing: Callable[[Any, str | int], bool]) -> Any:
    """The object or list that contains the last step of a path, or a scalar above it that cannot have members.

    ``is_missing`` says whether an object replaces the value at a step so that the next step is possible; None means no value.
    """
    node: Any = tree
    for length, step in enumerate(path[:-1], 1):
        below = _owned(node, path[:length], own)
        if is_missing(below, path[length]):
            below = own[path[:length]] = {}
            put(node, step, below)
        if not isinstance(below, dict | list):
            return below
        node = below
    return node


def _cannot_hold(value: Any, step: str | int) -> bool:
    return not isinstance(value, dict) and not (isinstance(value, list) and 0 <= _index(step) <= len(value))


def _owned(node: Any, path: SettingPath, own: Owned) -> Any:
    """The value of a node at the last step of a path; None if there is none. An object or list of an entry is copied first."""
    step, index = path[-1], _index(path[-1])
    below = node.get(step) if isinstance(node, dict) else node[index] if 0 <= index < len(node) else None
    if isinstance(below, dict | list) and own.get(path) is not below:
        below = own[path] = below.copy()
        put(node, step, below)
    return below


def put(node: Any, step: str | int, value: Any) -> None:
    """Set a member of an object, or an item of a list by its index, or append one. Other members of a list are never read again."""
    if isinstance(node, dict):
        node[step] = value
    elif (index := _index(step)) <= len(node) and index >= 0:
        node[index : index + 1] = [value]


def _index(step: str | int) -> int:
    """The list index that a step is in JavaScript, such as 1 but not 01; -1 if it is none."""
    name = str(step)
    number = name.isascii() and name.isdecimal() and len(name) < _MOST_DIGITS and (name == "0" or name[0] != "0")
    return int(name) if number else -1


_MOST_DIGITS: Final = 10
"""No list has as many items as a number with more digits says."""


def has_wholes(given: Collection[SettingPath]) -> bool:
    """Whether one of these paths is a member of another one."""
    return any(parent in given for path in given for parent in prefixes(path[:-1]))


SECRETS: Final = {
    "DatabaseSecrets": "database",
    "ReaderDatabaseSecrets": "readonlyDatabase",
    "RedisSecrets": "redis",
    "CacheRedisSecrets": "cacheRedis",
    "RateLimitRedisSecrets": "rateLimitRedis",
    "PubSubRedisSecrets": "pubSubRedis",
    "BackgroundJobsRedisSecrets": "backgroundJobsRedis",
}
"""The section that Parameter Store's loader fills from the secret named in a parameter, before it sets any parameter."""
SECRET_MEMBERS: Final = {
    "database": ("host", "port", "dbname", "username", "password", "queryTimeout"),
    "redis": ("host", "port", "username", "password", "tls"),
}
"""The settings that such a secret gives to a database and to Redis, as the documentation shows it ("AWS Secrets")."""
SECRET_FAULTS: Final = {
    "ResourceNotFoundException": "does not exist or has no current version",
    "InvalidRequestException": "is marked for deletion",
    "InvalidParameterException": "cannot be there, since no secret has such a name",
    "ValidationException": "cannot be there, since no secret has such a name",
    "NoSecretString": "has no text",
}
"""Why the loader cannot use a secret, by the error codes of Secrets Manager; the last code is ours."""


# --- The server's tree ----------------------------------------------------------------------------------------------------


def is_false(value: Any) -> bool:
    """Whether a value is falsy in JavaScript."""
    if isinstance(value, float) and value != value:
        return True
    return value is ABSENT or value is None or value is False or (isinstance(value, int | float | str) and not value)


def coercion_of(path: SettingPath, by: Coercion, release: Release = MAIN) -> str:
    """How the loader of a release converts the text at a path, whether or not there is a setting.

    It looks up the whole name; in the environment also the part after the section, so that ``tls`` is parsed in every section.
    """
    names = [path, path[-1:]] if by == "env_coercion" else [path]
    known = settings.catalogue()
    found = {getattr(setting, by).at(release) for name in names if (setting := known.get(name)) is not None}
    return next((one for one in ("integer", "number", "boolean", "object", "csv", "unknown") if one in found), "none")


def assemble(given: Iterable[tuple[SettingPath, Any]], by: Coercion, release: Release = MAIN) -> tuple[dict[str, Any], list[Stop]]:
    """The tree that a release makes of entries, in order, and where it stops. Entries that cannot be set are left out.

    A value is the text of an entry, its JSON value, or ``UNKNOWN``.
    """
    tree: dict[str, Any] = {}
    own: Owned = {}
    stops: list[Stop] = []
    for path, value in given:
        held = converted(value, coercion_of(path, by, release))
        if isinstance(held, Stop):
            stops.append(held._replace(path=path))
            continue
        node = holder_of(path, tree, own, lambda above, _: above is None or (by == "ssm_coercion" and is_false(above)))
        if isinstance(node, dict | list):
            put(node, path[-1], held)
        elif not isinstance(node, Mark):
            stops.append(Stop(path, _TOO_LATE.format(dotted(path), dotted(path[:-1]))))
    return tree, stops


_TOO_LATE: Final = '{} comes after a value of {} that can have no members: the server stops at start with "Cannot create property"'
