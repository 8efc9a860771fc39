"""How the server names its settings in the environment: ``MEDPLUM_DATABASE_HOST`` is ``database.host``.

The server removes ``MEDPLUM_``, then the prefix of a section that it knows, and converts the rest to camelCase. Which sections it knows
depends on its release, so a variable can map to a setting that does not exist: see :func:`setting_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..release import MAIN, OLDEST, Release
from ..typed import Final

PREFIX: Final = "MEDPLUM_"

_SECTIONS: Final[Mapping[str, tuple[Release, tuple[str, ...]]]] = {
    "DATABASE_": (OLDEST, ("database",)),
    "REDIS_": (OLDEST, ("redis",)),
    "SMTP_": (Release((4, 1, 8)), ("smtp",)),
    "FISSION_": (Release((4, 3, 4)), ("fission",)),
    "CACHE_REDIS_": (Release((5, 1, 1)), ("cacheRedis",)),
    "RATE_LIMIT_REDIS_": (Release((5, 1, 1)), ("rateLimitRedis",)),
    "PUBSUB_REDIS_": (Release((5, 1, 1)), ("pubSubRedis",)),
    "BACKGROUND_JOBS_REDIS_": (Release((5, 1, 1)), ("backgroundJobsRedis",)),
    "BULLMQ_": (Release((5, 0, 5)), ("bullmq",)),
    "WORKERS_": (Release((5, 1, 2)), ("workers",)),
    "READONLY_DATABASE_": (Release((5, 1, 14)), ("readonlyDatabase",)),
    "DATABASE_SSL_": (Release((5, 1, 14)), ("database", "ssl")),
    "READONLY_DATABASE_SSL_": (Release((5, 1, 14)), ("readonlyDatabase", "ssl")),
    "DATA_WAREHOUSE_": (Release((5, 1, 14)), ("dataWarehouse",)),
}
"""The section of variables with a prefix, and the first release with that mapping (``loadEnvConfig`` of each release)."""


def sections(release: Release) -> Mapping[str, tuple[str, ...]]:
    """The sections that a release knows, by the prefix of their variables."""
    return {prefix: path for prefix, (first, path) in _SECTIONS.items() if first <= release}


def setting_of(variable: str, release: Release = MAIN) -> tuple[str, ...]:
    """The setting that a variable maps to in a release; an empty path if the variable is not for the server."""
    if not variable.startswith(PREFIX):
        return ()
    rest = variable[len(PREFIX) :]
    known = sections(release)
    section = max((prefix for prefix in known if rest.startswith(prefix)), key=len, default="")
    return (*known.get(section, ()), re.sub("_([a-z])", lambda match: match[1].upper(), rest[len(section) :].lower()))


def landings(variable: str) -> Mapping[Release, tuple[str, ...]]:
    """The settings that a variable has mapped to, each by the first release with that mapping, in order."""
    found: dict[Release, tuple[str, ...]] = {}
    for release in sorted({first for first, _ in _SECTIONS.values()}):
        path = setting_of(variable, release)
        if not found or path != list(found.values())[-1]:
            found[release] = path
    return found


def variable_of(path: tuple[str, ...], release: Release = MAIN) -> str:
    """The variable that sets a setting in a release, or the one that people would try if there is none."""
    for section, parent in sections(release).items():
        if parent == path[:-1]:
            return PREFIX + section + _snake_case(path[-1])
    return PREFIX + "_".join(_snake_case(step) for step in path)


def _snake_case(name: str) -> str:
    return re.sub("(?<!^)([A-Z])", r"_\1", name).upper()
