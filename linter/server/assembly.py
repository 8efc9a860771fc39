"""The configuration as the server's loaders put it together out of entries, one after another, and where they stop at that.

``setValue`` in ``packages/server/src/config/utils.ts``, and ``loadEnvConfig`` in ``loader.ts``.
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import settings
from ..model import ABSENT, Mark, SettingPath, dotted
from ..release import MAIN, Release
from ..settings.kinds import Coercion
from ..typed import Any, Final
from .loader import Owned, Stop, converted, holder_of, put


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
            continue
        node = holder_of(path, tree, own, _is_null_or_false if by == "ssm_coercion" else _is_null)
        if isinstance(node, dict | list):
            put(node, path[-1], held)
        elif not isinstance(node, Mark):
            stops.append(Stop(path, _TOO_LATE.format(dotted(path), dotted(path[:-1]))))
    return tree, stops


def _is_null(value: Any, _step: str | int) -> bool:
    return value is None


def _is_null_or_false(value: Any, _step: str | int) -> bool:
    return is_false(value)


_TOO_LATE: Final = '{} comes after a value of {} that can have no members: the server stops at start with "Cannot create property"'
