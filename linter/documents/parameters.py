"""Parameters of Parameter Store, wherever they are written, and the servers that they configure.

The server reads all parameters directly beneath the path that its argument names (``aws:REGION:/medplum/prod/``), and takes the rest of
each name for a dotted setting (``packages/server/src/cloud/aws/config.ts``). What names and values can be is in the AWS Systems
Manager documentation ("Creating Parameter Store parameters", "Managing parameter tiers").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from .. import settings
from ..model import UNKNOWN, Fact, Part, SettingPath
from ..redaction.values import Public, is_of_a_format
from ..server.loader import dotted_path
from ..syntax.places import JsonPath, Place, Places
from ..syntax.yaml_places import YamlPlaces
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .origin import public_at
from .recognise import GENERIC, SHARED_WITH_APPS, server_settings

KIND: Final = "server/ssm"
TYPES: Final = {name: name for name in ("String", "StringList", "SecureString")}
"""The types of parameters, each as the one text that all parameters have for it."""
LIMITS: Final = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""Characters that a parameter of each tier can hold."""
MOST_LEVELS: Final = 15
"""Levels that the name of a parameter can have."""

Spot = tuple[Places, JsonPath]
"""A place in one of the documents of a file."""


class Spots(Mapping[Part, Spot]):
    """Where the parts of a parameter stand that is an object: ``fields`` are the names of the members of that, which many share."""

    __slots__ = ("_at", "_fields", "_places")

    def __init__(self, places: Places, at: JsonPath, fields: Mapping[Part, str]) -> None:
        self._places = places
        self._at = at
        self._fields = fields

    def __getitem__(self, part: Part) -> Spot:
        return self._places, (*self._at, self._fields[part])

    def __contains__(self, part: object) -> bool:
        return part in self._fields

    def __iter__(self) -> Iterator[Part]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Parameter(NamedTuple):
    """One parameter where it is written. ``value`` is ``UNKNOWN`` where there is none, or it cannot be read."""

    name: str
    value: Any
    places: Mapping[Part, Spot]
    type: str | None = None
    tier: str | None = None
    stored: bool = False
    """Whether AWS holds it, so that its value fits whatever tier it has."""
    version: int | None = None
    arn: str | None = None
    key_id: str | None = None
    """The key of KMS that it is encrypted with."""
    modified: str | float | None = None
    """When it was changed last, as the AWS CLI prints it: ISO 8601 in version 2, seconds since 1970 in version 1."""
    complete: bool = False
    """Whether it was given together with all other parameters of its path."""
    missing: bool = False
    """Whether AWS found none of this name."""

    @classmethod
    def of(cls, name: str, value: Any, fields: Mapping[str, Any], spots: Mapping[Part, Spot]) -> Parameter:
        """A parameter out of what a file says of it: ``fields`` are its ``type`` and ``tier``, ``spots`` where all is.

        A type that is none, or a tier that is no text, is taken for not given.
        """
        kind, tier = type_of(fields.get("type")), fields.get("tier")
        tier = tier if isinstance(tier, str) and tier else None
        places: dict[Part, Spot] = {"key": spots["key"], "value": spots.get("value", spots["key"])}
        if kind is not None:
            places["type"] = spots["type"]
        if tier is not None:
            places["tier"] = spots["tier"]
        return cls(name, value, places, type=kind, tier=tier)

    @property
    def limit(self) -> int:
        """The characters that its value can have; without a tier it is taken for Standard, as AWS does."""
        return LIMITS.get(str(self.tier), LIMITS["Advanced" if self.stored else "Standard"])

    def facts(self) -> dict[str, Fact]:
        """What rules may ask of it."""
        facts: dict[str, Fact] = {"name": self.name}
        if self.type is not None:
            facts["type"] = self.type
        if self.tier is not None:
            facts["tier"] = self.tier
        if isinstance(self.value, str):
            length = len(self.value)
            facts |= {"raw": self.value, "length": length, "limit": self.limit, "used": 100 * length / self.limit}
        return facts

    @property
    def text(self) -> str | None:
        """The text in which members are looked for."""
        return self.value if isinstance(self.value, str) else None

    def shown_as(self, path: SettingPath, span: Span) -> Public | None:
        """See :meth:`linter.documents.entries.Entry.shown_as`."""
        beside: tuple[Part, ...] = ("type", "tier")
        if any(part in self.places and span == self.span(part) for part in beside):
            return is_of_a_format
        return public_at(settings.catalogue(), path)

    def spot(self, part: Part) -> tuple[Place | None, Spot]:
        """Where a part of it stands; the name where the part is not given."""
        spot = self.places.get(part, self.places["key"])
        return spot[0].find(spot[1]), spot

    def span(self, part: Part) -> Span:
        """The characters where a part of it stands; the name where the part is not given."""
        place, (_, path) = self.spot(part)
        if place is None:
            return Span(0, 0)
        is_key = place.key is not None and (part == "key" and path[-1:] == (self.name,) or place.value.start == place.value.end)
        return place.key if is_key and place.key is not None else place.value


class Environment(NamedTuple):
    """The parameters of one server. It never sees those that are meant for it, but have another path.

    In ``wrong_case`` upper and lower case differ in ``prefix``, and ``strays`` stand directly beneath ``/medplum``.
    """

    name: str
    prefix: str
    parameters: list[Parameter]
    wrong_case: list[Parameter]
    strays: list[Parameter] = []

    def path(self, parameter: Parameter) -> SettingPath:
        """The path of the setting that a parameter gives. One that is nested too deeply is called ``database/host``."""
        return _path(parameter.name[len(self.prefix) + 1 :])


@lru_cache(maxsize=4096)
def _path(setting: str) -> SettingPath:
    """The path of a setting, which is the same in each environment."""
    return (setting,) if "/" in setting else dotted_path(setting)


class Parameters:
    """Parameters in their order, of which all names are known. What else is written of one is read when somebody asks for it."""

    def __init__(self, names: Sequence[str], read: Callable[[int], Parameter]) -> None:
        self.names = names
        self._read = read
        self._known: list[Parameter | None] = [None] * len(names)

    @classmethod
    def of(cls, parameters: Iterable[Parameter]) -> Parameters:
        """Parameters that are read already."""
        every = list(parameters)
        return cls([one.name for one in every], every.__getitem__)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Parameter:
        parameter = self._known[index]
        if parameter is None:
            parameter = self._known[index] = self._read(index)
        return parameter

    def __iter__(self) -> Iterator[Parameter]:
        return map(self.__getitem__, range(len(self.names)))


_NONE: Final = Parameters.of(())


class Given:
    """What a file holds: its parameters, and names that AWS did not find."""

    def __init__(self, parameters: Parameters, missing: Parameters = _NONE) -> None:
        self.parameters = parameters
        self.missing = missing

    @property
    def names(self) -> list[str]:
        """The names of all of them."""
        return [*self.parameters.names, *self.missing.names]

    @cached_property
    def environments(self) -> list[Environment]:
        """The servers that they configure; see :func:`environments`."""
        return environments(self.parameters, self.missing)


# --- Environments --------------------------------------------------------------------------------------------------------------------


def environments(parameters: Parameters, missing: Parameters = _NONE) -> list[Environment]:
    """The servers that parameters configure, in the order of the file, with those that AWS did not find.

    Parameters of other programs are left out: nothing but their names is looked at, for a dump can hold a hundred thousand of them.
    """
    names = [*parameters.names, *missing.names] if len(missing) else parameters.names
    ours = _ours(names)
    strays = _strays(names, ours)
    if strays:
        ours = [prefix for prefix in ours if prefix != _TOP]
    given: dict[str, list[int]] = {prefix: [] for prefix in ours}
    beneath: dict[str, dict[str, list[int]]] = {}
    tops = _tops(ours)
    of_path: dict[str, str] = {}
    for index, name in enumerate(names) if ours else ():
        if not name.startswith(tops):
            continue
        above = name.rpartition("/")[0]
        prefix = of_path.get(above)
        if prefix is None:
            prefix = of_path[above] = _prefix(name)
        if prefix in given:
            given[prefix].append(index)
        elif (holder := _above(prefix, given)) is not None:
            beneath.setdefault(holder, {}).setdefault(prefix, []).append(index)
    of_server = {
        prefix: [*own, *(index for inner in beneath.get(prefix, {}).values() for index in inner)]
        for prefix, own in sorted(given.items(), key=lambda item: item[1])
    }

    def read(indexes: Iterable[int]) -> list[Parameter]:
        known = len(parameters)
        return [parameters[index] if index < known else missing[index - known]._replace(missing=True) for index in indexes]

    servers = _named([(prefix, read(own), read(wrong_case)) for prefix, own, wrong_case in _by_spelling(of_server)])
    first = next((index for index, one in enumerate(servers) if _is_medplum(one.prefix)), None) if strays else None
    return [one._replace(strays=read(strays)) if index == first else one for index, one in enumerate(servers)]


def _ours(names: Iterable[str]) -> list[str]:
    """The paths of servers' parameters."""
    first_steps = {name.partition(".")[0] for name in settings.catalogue().names()}
    candidates: dict[str, dict[str, None]] = {}
    of_path: dict[str, str | None] = {}
    for name in names:
        above, _, last = name.rpartition("/")
        if above not in of_path:
            of_path[above] = _prefix(name) if _may_be_medplum(name) else None
        prefix = of_path[above]
        if prefix is not None:
            above = prefix
        elif last.partition(".")[0] not in first_steps:
            continue  # it says nothing of whether the path is that of a server
        candidates.setdefault(above, {})[name[len(above) + 1 :]] = None
    return [prefix for prefix, beneath in candidates.items() if _is_medplum(prefix) or _configures_server(prefix, beneath)]


def _strays(names: Sequence[str], ours: Iterable[str]) -> list[int]:
    """Settings that stand directly beneath ``/medplum``, beside a server's own path there, and are no server without a ``baseUrl``."""
    if not any(map(_is_medplum, ours)):
        return []
    start = f"{_TOP}/"
    found = [index for index, name in enumerate(names) if name.startswith(start) and _is_setting(name[len(start) :])]
    return [] if any(names[index] == f"{_TOP}/baseUrl" for index in found) else found


def _is_setting(name: str) -> bool:
    return "/" not in name and settings.catalogue().get(tuple(name.split("."))) is not None


def _tops(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The beginnings that the names beneath some paths have; empty ones where these are too many to look for."""
    tops = {prefix[: prefix.find("/", 1) + 1] for prefix in prefixes}
    return tuple(tops) if len(tops) <= _MOST_TOPS else ("",)


_MOST_TOPS: Final = 8
_TOP: Final = "/medplum"
"""What the paths of servers begin with, as the CDK and the documentation have them."""
_LONGEST_START: Final = len("/medplum/")


def _may_be_medplum(name: str) -> bool:
    return name[:_LONGEST_START].lower().startswith(("/medplum/", "medplum/"))


def _prefix(name: str) -> str:
    """The path of a server's parameters: two levels under ``/medplum``, all but the last level elsewhere.

    It is the same for all names that differ only in the last level.
    """
    if _may_be_medplum(name):
        parts = name.split("/")
        start = 0 if parts[0] else 1
        if len(parts) > start + 2:
            return "/".join(parts[: start + 2])
    return name.rpartition("/")[0]


def _is_medplum(prefix: str) -> bool:
    parts = prefix.removeprefix("/").split("/")
    return len(parts) == 2 and parts[0].lower() == "medplum" and bool(parts[1])


def _configures_server(prefix: str, names: Iterable[str]) -> bool:
    """Whether the names beneath another path are a server's: at least two, of which one is nobody else's, unless the path says so."""
    known = {name: None for name in names if settings.catalogue().get(tuple(name.split("."))) is not None}
    if not prefix or len(known) < 2:
        return False
    dotted = {name for name in known if "." in name}
    return "medplum" in prefix.lower() or bool((server_settings(known) | dotted) - GENERIC - SHARED_WITH_APPS)


def _above(prefix: str, known: Collection[str]) -> str | None:
    """The nearest path above another one that is known. AWS takes no name with as many levels as are looked at here."""
    for _ in range(2 * MOST_LEVELS):
        prefix, slash, _level = prefix.rpartition("/")
        if not slash or prefix in known:
            return prefix if slash else None
    return None


def _by_spelling(ours: Mapping[str, list[int]]) -> Iterator[tuple[str, list[int], list[int]]]:
    """Paths that differ in upper and lower case only are one server's, to which all but the most usual are lost."""
    spellings: dict[str, list[str]] = {}
    for prefix in ours:
        spellings.setdefault(prefix.lower(), []).append(prefix)
    for prefixes in spellings.values():
        main = max(prefixes, key=lambda prefix: (len(ours[prefix]), prefix.startswith("/medplum/")))
        yield main, ours[main], [index for prefix in prefixes if prefix != main for index in ours[prefix]]


def _named(servers: list[tuple[str, list[Parameter], list[Parameter]]]) -> list[Environment]:
    """Each is called by the last level of its path, or if that is not enough by the whole of it."""
    last = Counter(prefix.rpartition("/")[2] for prefix, _, _ in servers)
    return [
        Environment(name if last[name := prefix.rpartition("/")[2]] == 1 else prefix.removeprefix("/"), prefix, given, wrong_case)
        for prefix, given, wrong_case in servers
    ]


def type_of(value: Any) -> str | None:
    """The type of a parameter, if that is what a value says."""
    return TYPES.get(value) if isinstance(value, str) else None


def text_of(places: Places, path: JsonPath, value: Any) -> Any:
    """The text of a scalar as AWS gets it, whatever YAML or JSON takes it for; ``UNKNOWN`` for what is no scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        return UNKNOWN
    raw = places.raw(path) if isinstance(places, YamlPlaces) else None
    return raw if raw is not None else repr(value)
