"""Parameters of Parameter Store, in any format, and the servers that they configure.

The server reads all parameters directly beneath the path in its argument (``aws:REGION:/medplum/prod/``), and the rest of each name is a
dotted setting (``packages/server/src/cloud/aws/config.ts``). The limits of names and values are in the AWS Systems Manager documentation
("Creating Parameter Store parameters", "Managing parameter tiers").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable

from ... import settings
from ...model import Fact, Part, SettingPath, gathered
from ...redaction.values import Public, is_of_a_format
from ...server.loader import dotted_path
from ...syntax.places import JsonPath, Places
from ...syntax.yaml_places import YamlPlaces
from ...text import Span
from ...typed import TYPE_CHECKING, Any, Final, NamedTuple
from ..origin import public_at
from ..recognise import GENERIC, SHARED_WITH_APPS, server_settings

if TYPE_CHECKING:
    from datetime import datetime

KIND: Final = "server/ssm"
TYPES: Final = ("String", "StringList", "SecureString")
"""The types of parameters."""
LIMITS: Final = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""The maximum length of a parameter in each tier, in characters."""
_MOST_LEVELS: Final = 15
"""The maximum number of levels in the name of a parameter."""
_LONGEST_NAME: Final = 1011
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.\-/]")
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")


class Written(NamedTuple):
    """An object or list that describes a parameter: where it is, and the steps from there to each part that it gives."""

    places: Places
    at: JsonPath
    key: str | int
    value: str | int | None = None
    type: str | int | None = None
    tier: str | int | None = None


class Parameter(NamedTuple):
    """One parameter where it is written.

    ``text`` is its value, None if there is none, or it cannot be read. Of the places where it is ``written``, the first that gives a part
    counts.
    """

    name: str
    text: str | None
    written: tuple[Written, ...] = ()
    type: str | None = None
    tier: str | None = None
    stored: bool = False
    """Whether AWS holds it, so that its value fits whatever tier it has."""
    version: int | None = None
    arn: str | None = None
    key_id: str | None = None
    """The key of KMS that it is encrypted with."""
    modified: str | float | None = None
    """When it was last changed, as the AWS CLI prints it: ISO 8601 in version 2, seconds since 1970 in version 1."""
    complete: bool = False
    """Whether it was given together with all other parameters of its path."""
    missing: bool = False
    """Whether AWS found none of this name."""

    @classmethod
    def of(cls, name: str, text: str | None, written: Written, type: Any, tier: Any) -> Parameter:
        """A parameter from a file's data about it. A type that does not exist, or a tier that is not a text, counts as not given."""
        type, tier = type_of(type), tier if isinstance(tier, str) and tier else None
        written = written._replace(type=written.type if type else None, tier=written.tier if tier else None)
        return cls(name, text, (written,), type=type, tier=tier)

    @property
    def limit(self) -> int:
        """The most characters its value can have; AWS's default tier is Standard."""
        return LIMITS.get(str(self.tier), LIMITS["Advanced" if self.stored else "Standard"])

    def contradicts(self, other: Parameter, *fields: str) -> bool:
        """Whether two outputs give different values for one of some fields of a parameter."""
        pairs = ((getattr(self, field), getattr(other, field)) for field in fields)
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)

    def facts(self) -> dict[str, Fact]:
        """The facts that rules can ask for."""
        facts: dict[str, Fact | None] = {"name": self.name, "type": self.type, "tier": self.tier, "key_id": self.key_id}
        if self.text is not None:
            length = len(self.text)
            facts |= {"raw": self.text, "length": length, "limit": self.limit, "used": 100 * length / self.limit}
        return {name: fact for name, fact in facts.items() if fact is not None}

    def shown_as(self, path: SettingPath, span: Span) -> Public | None:
        """See :meth:`linter.documents.entries.Entry.shown_as`."""
        beside: tuple[Part, ...] = ("type", "tier")
        if any(self.giver(part) is not None and span == self.span(part) for part in beside):
            return is_of_a_format
        return public_at(settings.catalogue(), path)

    def giver(self, part: Part) -> Written | None:
        """The place that gives a part of it; None if it is not given."""
        return next((entry for entry in self.written if getattr(entry, part) is not None), None)

    def span(self, part: Part) -> Span:
        """The place of a part of it; of its name if the part is not given."""
        giver = self.giver(part)
        if giver is None:
            return self.span("key") if part != "key" else Span(0, 0)
        step: str | int = getattr(giver, part)
        place = giver.places.find((*giver.at, step))
        if place is None:
            return Span(0, 0)
        is_key = (part == "key" and step == self.name) or place.value.start == place.value.end
        return place.key if is_key and place.key is not None else place.value


class Environment(NamedTuple):
    """The parameters of one server.

    It never sees those that are meant for it, but have another path. In ``wrong_case`` the case of letters differs from ``prefix``, and
    ``strays`` are directly under ``/medplum``. ``asked``: the prefix is the path that the server reads, and no guess.
    """

    name: str
    prefix: str
    parameters: list[Parameter]
    wrong_case: list[Parameter]
    strays: list[Parameter]
    asked: bool = False

    def path(self, parameter: Parameter) -> SettingPath:
        """The path of the setting that a parameter gives. One that is nested too deeply is named ``database/host``."""
        setting = parameter.name[len(self.prefix) + 1 :]
        return (setting,) if "/" in setting else dotted_path(setting)


# --- Environments --------------------------------------------------------------------------------------------------------------------


def environments(
    given: Iterable[Any], read: Callable[[Any], Parameter] = lambda parameter: parameter, asked: str = ""
) -> list[Environment]:
    """The servers that parameters configure, in the order of the file, with those that AWS did not find.

    A dump can hold a hundred thousand parameters of other programs: everything but the ``name`` is ``read`` only for a server's. ``asked``
    is the path that the only server reads, if that is known.
    """
    if asked:
        return _of_path(asked.rstrip("/"), given, read)
    beneath = gathered((_prefix(parameter.name.rpartition("/")[0]), parameter) for parameter in given)
    ours = {prefix: own for prefix, own in beneath.items() if is_medplum(prefix) or _configures_server(prefix, own)}
    strays = _strays(beneath.get(_TOP, ())) if any(map(is_medplum, ours)) else []
    if strays:
        ours.pop(_TOP, None)
    for prefix, own in beneath.items():
        holder = _above(prefix, ours) if prefix not in ours else None
        if holder is not None:
            ours[holder] += own
    # Paths that differ only in case are one server's, which sees only the most common one.
    spellings = gathered((prefix.lower(), prefix) for prefix in ours)
    # Of two equally common ones it is the one with baseUrl, without which no server starts.
    names = (parameter.name for own in ours.values() for parameter in own)
    starting = {name.removesuffix("/baseUrl") for name in names if name.endswith("/baseUrl")}

    def rank(prefix: str) -> tuple[int, bool, bool]:
        return len(ours[prefix]), prefix in starting, prefix.startswith("/medplum/")

    spelt = {max(some, key=rank): some for some in spellings.values()}
    last = Counter(prefix.rpartition("/")[2] for prefix in spelt)
    first = next(filter(is_medplum, spelt), None)
    servers = []
    for prefix, some in spelt.items():
        # Each is named after the last level of its path, or after the whole path if that is ambiguous.
        name = prefix.rpartition("/")[2]
        name = name if last[name] == 1 else prefix.removeprefix("/")
        wrong_case = [parameter for other in some if other != prefix for parameter in ours[other]]
        groups = (ours[prefix], wrong_case, strays if prefix == first else ())
        own, wrong, beside = (list(map(read, group)) for group in groups)
        servers.append(Environment(name, prefix, own, wrong, beside))
    return servers


def _of_path(prefix: str, given: Iterable[Any], read: Callable[[Any], Parameter]) -> list[Environment]:
    """The server that reads a path. A path in another case that has a ``baseUrl`` is another server's."""
    own, wrong_case, top = [], [], []
    for parameter in given:
        if parameter.name.startswith(f"{prefix}/"):
            own.append(parameter)
        elif parameter.name.lower().startswith(f"{prefix.lower()}/"):
            wrong_case.append(parameter)
        elif is_medplum(prefix) and parameter.name.rpartition("/")[0] == _TOP:
            top.append(parameter)
    others = {parameter.name.rpartition("/")[0] for parameter in wrong_case if parameter.name.endswith("/baseUrl")}
    wrong_case = [parameter for parameter in wrong_case if not any(parameter.name.startswith(f"{other}/") for other in others)]
    named, wrong, strays = (list(map(read, group)) for group in (own, wrong_case, _strays(top)))
    return [Environment(prefix.rpartition("/")[2], prefix, named, wrong, strays, asked=True)] if own else []


def _strays(top: Iterable[Any]) -> list[Any]:
    """Settings directly beneath ``/medplum``, beside a server's own path; without a ``baseUrl`` they are not a server themselves."""
    names = [(parameter.name.rpartition("/")[2], parameter) for parameter in top]
    found = _settings_among(name for name, _ in names)
    return [] if "baseUrl" in found else [parameter for name, parameter in names if name in found]


_TOP: Final = "/medplum"
"""The start of servers' paths, in the CDK and the documentation."""


def _prefix(path: str) -> str:
    """The path of a server's parameters, given a path of some: two levels under ``/medplum``, all but the last level elsewhere."""
    levels = path.split("/")
    start = 0 if levels[0] else 1
    is_medplum = len(levels) >= start + 2 and levels[start].lower() == "medplum"
    return "/".join(levels[: start + 2]) if is_medplum else path


def is_medplum(prefix: str) -> bool:
    """Whether a path has the documented form, ignoring case."""
    parts = prefix.removeprefix("/").split("/")
    return len(parts) == 2 and parts[0].lower() == "medplum" and bool(parts[1])


def _configures_server(prefix: str, own: Iterable[Any]) -> bool:
    """Whether the names beneath another path are a server's: at least two, one of them unique to servers, unless the path says so."""
    if not prefix:
        return False
    known = _settings_among(parameter.name[len(prefix) + 1 :] for parameter in own)
    if len(known) < 2:
        return False
    dotted = {name for name in known if "." in name}
    return "medplum" in prefix.lower() or bool((server_settings(known) | dotted) - GENERIC - SHARED_WITH_APPS)


def _settings_among(names: Iterable[str]) -> dict[str, None]:
    """The names that are settings, in order."""
    known = settings.catalogue()
    return {name: None for name in names if known.get(tuple(name.split("."))) is not None}


def _above(prefix: str, known: Collection[str]) -> str | None:
    """The nearest known path above another one. AWS allows no name with as many levels as are examined here."""
    for _ in range(2 * _MOST_LEVELS):
        prefix, slash, _level = prefix.rpartition("/")
        if not slash or prefix in known:
            return prefix if slash else None
    return None


def merge(given: Iterable[Parameter]) -> tuple[list[Parameter], list[Parameter]]:
    """Each parameter once, combining everything about it, and those that differ from an earlier one, of which the last counts."""
    merged: dict[str, Parameter] = {}
    repeated: list[Parameter] = []
    for parameter in given:
        older = merged.get(parameter.name, parameter)
        is_history = older.contradicts(parameter, "version")
        if older.contradicts(parameter, "arn") or (not is_history and older.contradicts(parameter, "type", "text")):
            repeated.append(parameter)
            older = parameter
        merged[parameter.name] = _together(older, parameter)
    return list(merged.values()), repeated


def _together(older: Parameter, newer: Parameter) -> Parameter:
    """One parameter that two outputs describe, such as one with values and one with tiers. A newer version replaces an older one."""
    if older is newer:
        return older
    if (newer.version or 0) < (older.version or 0):
        older, newer = newer, older
    base, more = (older, newer) if newer.text is None and older.text is not None else (newer, older)
    either = {field: getattr(base, field) or getattr(more, field) for field in ("type", "tier", "stored", "arn", "key_id", "complete")}
    return base._replace(written=(*base.written, *more.written), **either)


def type_of(value: Any) -> str | None:
    """The type of a parameter, if a value is a valid one."""
    return value if value in TYPES else None


def text_of(places: Places, path: JsonPath, value: Any) -> str | None:
    """The text of a scalar as AWS gets it, whatever its type in YAML or JSON; None if it is not a scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        return None
    scalar = places.scalar(path) if isinstance(places, YamlPlaces) else None
    return scalar.raw if scalar is not None else repr(value)


def moment_of(printed: Any) -> datetime | None:
    """The time, in UTC, that the AWS CLI prints: as ISO 8601 in version 2, in seconds since 1970 in version 1. None for anything else."""
    from datetime import datetime, timezone  # only for a dump whose times are asked for

    try:
        if isinstance(printed, str):
            at = datetime.fromisoformat(printed.replace("Z", "+00:00"))
            return at.astimezone(timezone.utc) if at.tzinfo is not None else None
        return datetime.fromtimestamp(round(printed, 3), timezone.utc) if isinstance(printed, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None


def name_reason(name: str) -> str | None:
    """Why AWS refuses a name; None if it does not. Placeholders of a template are assumed to fit."""
    name = _VARIABLE.sub("x", name)
    if not name.startswith("/"):
        return "has levels and must begin with a slash"
    if not name.isascii() or _NOT_IN_NAMES.search(name):
        return "can hold letters, digits, dots, hyphens, underscores and slashes only"
    if "//" in name or name.endswith("/"):
        return "has a level without a name"
    if name.count("/") > _MOST_LEVELS:
        return f"has {name.count('/')} levels, and {_MOST_LEVELS} are allowed"
    return f"has {len(name):,} characters, and {_LONGEST_NAME:,} are allowed" if len(name) > _LONGEST_NAME else None


def has_reference(text: str) -> bool:
    """Whether AWS sees a reference to another parameter in a value, and so refuses it."""
    start = text.find("{{")
    return start >= 0 and text.find("}}", start + 2) >= 0
