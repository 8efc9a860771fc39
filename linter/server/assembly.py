"""The configuration as the server's loaders put it together out of entries, one after another, and where they stop at that.

``setValue`` in ``packages/server/src/config/utils.ts``, and ``loadEnvConfig`` in ``loader.ts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import settings
from ..model import ABSENT, UNKNOWN, Mark, SettingPath, dotted
from ..redaction.numbers import number_text
from ..release import MAIN, Release
from ..settings.kinds import Coercion
from ..syntax.json import INVALID, valid_value
from ..typed import Any, Final, NamedTuple
from .loader import Owned, coerce, owned, put


def is_false(value: Any) -> bool:
    """Whether JavaScript takes a value for false."""
    if isinstance(value, float) and value != value:
        return True
    return value is ABSENT or value is None or value is False or (isinstance(value, int | float | str) and not value)


def coercion_of(path: SettingPath, by: Coercion, release: Release = MAIN) -> str:
    """What the loader of a release does with the text that lands on a path, whether or not there is a setting.

    It looks for the whole name; in the environment also for what follows the section, so that ``tls`` is parsed in every section.
    """
    names = [path, path[-1:]] if by == "env_coercion" else [path]
    known = settings.catalogue()
    found = {getattr(setting, by).at(release) for name in names if (setting := known.get(name)) is not None}
    return next((one for one in ("integer", "number", "boolean", "object", "csv", "unknown") if one in found), "none")


class Stop(NamedTuple):
    """Where the server stops while it reads its configuration: the setting, and a reason that reads on after its name."""

    path: SettingPath
    reason: str


def assemble(given: Iterable[tuple[SettingPath, Any]], by: Coercion, release: Release = MAIN) -> tuple[dict[str, Any], list[Stop]]:
    """The tree that a release makes of entries, in their order, and where it stops. What cannot be set is left out.

    A value is the text of an entry, what JSON has in place of one, or ``UNKNOWN``.
    """
    tree: dict[str, Any] = {}
    own: Owned = {}
    stops: list[Stop] = []
    for path, value in given:
        held = converted(value, coercion_of(path, by, release))
        if isinstance(held, Stop):
            stops.append(held._replace(path=path))
        elif not _set(tree, path, held, by, own):
            stops.append(Stop(path, _TOO_LATE.format(dotted(path), dotted(path[:-1]))))
    return tree, stops


_TOO_LATE: Final = '{} comes after a value of {} that can have no members: the server stops at start with "Cannot create property"'
_NO_JSON: Final = "must be JSON, because the server parses whatever has this name; it fails to parse this value and does not start"
_NO_LIST: Final = "must be text with commas: the server calls split on it and does not start"


def converted(value: Any, coercion: str) -> Any:
    """What the loader makes of a text, or of what the secret of a vault holds in place of one; a :class:`Stop` where it fails."""
    if value is UNKNOWN or coercion == "unknown":
        return UNKNOWN
    if coercion == "none":
        return value
    if coercion == "boolean":
        return value == "true"
    if coercion == "csv":
        return coerce(value, coercion) if isinstance(value, str) else Stop((), _NO_LIST)
    text = js_text(value)
    if coercion in ("integer", "number"):
        return coerce(text, coercion)
    parsed = valid_value(text)
    return parsed if parsed is not INVALID else Stop((), _NO_JSON)


def js_text(value: Any) -> str:
    """What ``String(value)`` gives in JavaScript; of a list the items with commas between, of an object always the same words."""
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


def _set(tree: dict[str, Any], path: SettingPath, value: Any, by: Coercion, own: Owned) -> bool:
    """Set a value, and what is missing above it; False where the server fails at that.

    In the environment only what is null counts as missing, elsewhere all that is false.
    """
    node: Any = tree
    for length, step in enumerate(path[:-1], 1):
        below = owned(node, path[:length], own)
        if below is None or (by == "ssm_coercion" and is_false(below)):
            below = own[path[:length]] = {}
            put(node, step, below)
        if not isinstance(below, dict | list):
            return isinstance(below, Mark)
        node = below
    put(node, path[-1], value)
    return True
