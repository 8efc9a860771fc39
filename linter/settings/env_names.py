"""How the server names its settings in the environment: ``MEDPLUM_DATABASE_HOST`` is ``database.host``.

The server takes off ``MEDPLUM_``, then the prefix of a section that it knows, and turns what remains into camelCase. Which sections it
knows depends on its age, so a variable can land on a setting that does not exist: see :func:`setting_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

Generation = Literal["newest", "late-2025", "mid-2025"]
"""An age of the server's loader."""

GENERATIONS: Final[tuple[Generation, ...]] = ("newest", "late-2025", "mid-2025")
PREFIX: Final = "MEDPLUM_"

Sections = dict[str, tuple[str, ...]]
"""Where the variables that begin with a prefix go."""

_MID_2025: Final[Sections] = {
    "DATABASE_": ("database",),
    "REDIS_": ("redis",),
    "SMTP_": ("smtp",),
    "FISSION_": ("fission",),
}
_LATE_2025: Final[Sections] = {
    **_MID_2025,
    "CACHE_REDIS_": ("cacheRedis",),
    "RATE_LIMIT_REDIS_": ("rateLimitRedis",),
    "PUBSUB_REDIS_": ("pubSubRedis",),
    "BACKGROUND_JOBS_REDIS_": ("backgroundJobsRedis",),
    "BULLMQ_": ("bullmq",),
    "WORKERS_": ("workers",),
}
_NEWEST: Final[Sections] = {
    **_LATE_2025,
    "READONLY_DATABASE_": ("readonlyDatabase",),
    "DATABASE_SSL_": ("database", "ssl"),
    "READONLY_DATABASE_SSL_": ("readonlyDatabase", "ssl"),
    "DATA_WAREHOUSE_": ("dataWarehouse",),
}
_SECTIONS: Final[dict[Generation, Sections]] = {
    "newest": _NEWEST,
    "late-2025": _LATE_2025,
    "mid-2025": _MID_2025,
}


def setting_of(variable: str, generation: Generation = "newest") -> tuple[str, ...]:
    """The setting on which the server puts a variable; an empty path when the variable is not for the server."""
    if not variable.startswith(PREFIX):
        return ()
    rest = variable[len(PREFIX) :]
    sections = _SECTIONS[generation]
    section = max((prefix for prefix in sections if rest.startswith(prefix)), key=len, default="")
    return (*sections.get(section, ()), _camel_case(rest[len(section) :]))


def variable_of(path: tuple[str, ...]) -> str:
    """The variable that sets a setting in the newest server, or the one that people would try where none does."""
    for section, parent in _NEWEST.items():
        if parent == path[:-1]:
            return PREFIX + section + _snake_case(path[-1])
    return PREFIX + "_".join(_snake_case(step) for step in path)


def meant_by(variable: str, names: Iterable[str]) -> tuple[str, ...]:
    """The one of these settings whose name has the same letters as a variable: ``MEDPLUM_BASEURL``, ``MEDPLUM_PUB_SUB_REDIS_HOST``."""
    return _by_letters(tuple(names)).get(variable.removeprefix(PREFIX).replace("_", "").lower(), ())


@lru_cache(maxsize=8)
def _by_letters(names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """The first setting of each spelling; the names are those of a catalogue."""
    paths: dict[str, tuple[str, ...]] = {}
    for name in names:
        paths.setdefault(name.replace(".", "").lower(), tuple(name.split(".")))
    return paths


def _camel_case(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name.lower())


def _snake_case(name: str) -> str:
    return re.sub("(?<!^)([A-Z])", r"_\1", name).upper()
