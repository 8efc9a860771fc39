"""``server/ssm``: what the AWS CLI prints of Parameter Store, as people save or pipe it.

A parameter is called ``/medplum/{environment}/{setting}``, where the setting may be dotted. One dump may hold several environments;
each is a document of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from .. import settings
from ..model import UNKNOWN, Document, Excerpt, Fact, Part, SettingPath, Span, Text
from ._coercion import ssm_value
from ._excerpt import Visibility, excerpt
from ._json import Json, JsonPath
from ._problems import encoding_problems, json_problems
from ._source import Loaded, Recognised, SourceFile

KINDS = ("server/ssm",)
NAMES = ("*ssm*.json", "*parameter*.json", "*medplum*.json")

_LIMITS = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""Characters that a parameter of each tier can hold (AWS Systems Manager, "Managing parameter tiers")."""
_AWS_FIELDS = frozenset(
    "Parameters InvalidParameters Parameter Name Type Value Version LastModifiedDate LastModifiedUser ARN DataType KeyId Tier "
    "Policies Description NextToken".split()
)
_TYPES = frozenset({"String", "StringList", "SecureString"})
_CONSEQUENCE = "what follows cannot be read, and so not be checked; save the dump again"


class Parameter(NamedTuple):
    """One parameter of a dump. ``value`` is ``UNKNOWN`` where the dump has none; ``places`` are paths into the dump, by part."""

    name: str
    value: Any
    facts: Mapping[str, Fact]
    places: Mapping[Part, JsonPath]


class _Dump(NamedTuple):
    parameters: list[Parameter]
    complete: bool


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a dump that holds parameters of a Medplum server."""
    dump = read_dump(file.json.value)
    if dump is None:
        return None
    if _environments(dump.parameters):
        return Recognised("server/ssm", 90)
    if dump.parameters or isinstance(file.json.value, dict):
        return Recognised(None, 85, "a Parameter Store dump without parameters of a Medplum server")
    return None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment of the dump; mistakes in the text are told with the first."""
    parsed = file.json
    dump = read_dump(parsed.value) or _Dump([], complete=False)
    problems = (*encoding_problems(file, _CONSEQUENCE), *json_problems(parsed, _CONSEQUENCE))
    environments = _environments(dump.parameters) or {None: []}
    loaded: list[Loaded] = []
    for name, parameters in environments.items():
        origin = SsmOrigin(file.text, parsed, parameters)
        complete = dump.complete and parsed.whole
        document = Document(file.uri, kind, file.text, _tree(parameters), origin, environment=name, complete=complete)
        loaded.append(Loaded(document, problems if not loaded else (), judge=name is not None))
    return loaded


def read_dump(value: Any) -> _Dump | None:
    """The parameters of any of the shapes that the AWS CLI and people's scripts give; None for anything else."""
    if isinstance(value, dict):
        if isinstance(value.get("Parameters"), list):
            partial = "InvalidParameters" in value or "NextToken" in value
            return _Dump(list(_items(value["Parameters"], ("Parameters",))), complete=not partial)
        if isinstance(value.get("Parameter"), dict):
            return _Dump(list(_items([value["Parameter"]], ("Parameter",), single=True)), complete=False)
        names = [name for name in value if name.startswith("/")]
        if names:
            return _Dump(list(_flat(value, names)), complete=True)
        return None
    if isinstance(value, list) and value and all(_is_item(item) for item in value):
        return _Dump(list(_items(value, ())), complete=True)
    return None


def _is_item(item: Any) -> bool:
    name = item.get("Name") if isinstance(item, dict) else item[0] if isinstance(item, list) and len(item) == 2 else None
    return isinstance(name, str) and name.startswith("/")


def _items(items: list[Any], path: JsonPath, *, single: bool = False) -> Iterator[Parameter]:
    for index, item in enumerate(items):
        at = path if single else (*path, index)
        if isinstance(item, dict) and isinstance(item.get("Name"), str):
            yield _parameter(item, at)
        elif isinstance(item, list) and _is_item(item):
            value = _value(item[1], None)
            yield Parameter(item[0], value, _with_length({"name": item[0]}, value), {"key": (*at, 0), "value": (*at, 1)})


def _parameter(item: dict[str, Any], at: JsonPath) -> Parameter:
    kind = item.get("Type") if item.get("Type") in _TYPES else None
    value = _value(item.get("Value", UNKNOWN), kind)
    facts: dict[str, Fact] = {"name": item["Name"]}
    places: dict[Part, JsonPath] = {"key": (*at, "Name"), "value": (*at, "Value") if "Value" in item else (*at, "Name")}
    if kind is not None:
        facts["type"] = kind
        places["type"] = (*at, "Type")
    if isinstance(item.get("Tier"), str):
        facts["tier"] = item["Tier"]
        places["tier"] = (*at, "Tier")
    return Parameter(item["Name"], value, _with_length(facts, value), places)


def _flat(members: dict[str, Any], names: list[str]) -> Iterator[Parameter]:
    for name in names:
        value = _value(members[name], None)
        yield Parameter(name, value, _with_length({"name": name}, value), {"key": (name,), "value": (name,)})


def _with_length(facts: dict[str, Fact], value: Any) -> dict[str, Fact]:
    """Add what the limit of the parameter's tier says of its value; without a tier it is taken for Standard, as AWS does."""
    if isinstance(value, str):
        limit = _LIMITS.get(str(facts.get("tier")), _LIMITS["Standard"])
        facts |= {"raw": value, "length": len(value), "limit": limit, "used": 100 * len(value) / limit}
    return facts


def _value(value: Any, kind: str | None) -> Any:
    """The text of a parameter; ``UNKNOWN`` for one that is not text, or is the ciphertext that AWS gives without --with-decryption."""
    if not isinstance(value, str) or (kind == "SecureString" and _is_ciphertext(value)):
        return UNKNOWN
    return value


def _is_ciphertext(value: str) -> bool:
    return len(value) >= 80 and value.startswith("AQIC") and value.isascii() and not any(blank in value for blank in " \n-")


def _environments(parameters: list[Parameter]) -> dict[str | None, list[Parameter]]:
    """The parameters of Medplum servers by environment, in the order of the dump."""
    environments: dict[str | None, list[Parameter]] = {}
    for parameter in parameters:
        environment, _ = split_name(parameter.name)
        if environment is not None:
            environments.setdefault(environment, []).append(parameter)
    return environments


def split_name(name: str) -> tuple[str | None, str]:
    """The environment and the setting that a parameter is for: ``/medplum/prod/baseUrl`` → ``("prod", "baseUrl")``.

    The environment is None for a parameter of another program. A name with more parts (``/medplum/prod/database/host``) belongs to
    the environment, though the server, whose read is not recursive, never sees it: its setting is called ``database/host``.
    """
    parts = name.split("/")
    if len(parts) >= 4 and parts[0] == "" and parts[1] == "medplum" and parts[2]:
        return parts[2], "/".join(parts[3:])
    return None, name


def _tree(parameters: list[Parameter]) -> dict[str, Any]:
    """The configuration that the parameters make: each set at its dotted path, in order, as the server's loader does."""
    known = settings.catalogue()
    tree: dict[str, Any] = {}
    for parameter in parameters:
        path = setting_path(parameter)
        value = ssm_value(parameter.value, known.get(path)) if isinstance(parameter.value, str) else parameter.value
        node = tree
        for step in path[:-1]:
            below = node.get(step)
            if not isinstance(below, dict):
                below = node[step] = {}
            node = below
        if not (isinstance(node.get(path[-1]), dict) and not isinstance(value, dict)):
            node[path[-1]] = value
    return tree


def setting_path(parameter: Parameter) -> tuple[str, ...]:
    """The path of the setting that a parameter gives."""
    setting = split_name(parameter.name)[1]
    return (setting,) if "/" in setting else tuple(setting.split("."))


class SsmOrigin:
    """The way back from settings to the parameters of one environment and their places in the dump."""

    def __init__(self, text: Text, parsed: Json, parameters: list[Parameter]) -> None:
        self._text = text
        self._parsed = parsed
        self._parameters: dict[SettingPath, Parameter] = {setting_path(parameter): parameter for parameter in parameters}

    def _holder(self, path: SettingPath) -> Parameter | None:
        """The parameter whose value holds a setting: its own, or that of an object above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._parameters:
                return self._parameters[path[:length]]
        return None

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        parameter = self._holder(path)
        if parameter is None:
            inner = next((one for at, one in self._parameters.items() if path and at[: len(path)] == path), None)
            if inner is None:
                return self._start()
            parameter, part = inner, "key"
        at = parameter.places.get(part, parameter.places["key"])
        place = self._parsed.places.find(at)
        if place is None:
            return self._start()
        return place.key if part == "key" and place.key is not None and at[-1] == parameter.name else place.value

    def _start(self) -> Span:
        root = self._parsed.places.find(())
        start = root.value.start if root is not None else 0
        return Span(start, start + 1)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """``name``, ``type``, ``tier``, ``raw``, ``length``, ``limit`` and ``used`` of the setting's own parameter, if it has one.

        What stands inside the JSON of a parameter has none: one parameter of the wrong type is one mistake.
        """
        parameter = self._parameters.get(path)
        return parameter.facts if parameter is not None else {}

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`."""
        known = settings.catalogue()
        holder = self._holder(path) if path else None
        show = holder is not None and known.is_public(setting_path(holder))
        return excerpt(self._text, span, span.start, self._visibility, show=show)

    @cached_property
    def _visibility(self) -> Visibility:
        known = settings.catalogue()

        def public(name: str) -> bool:
            if name in _AWS_FIELDS:
                return name not in ("Value", "Policies", "Description")
            environment, setting = split_name(name)
            return environment is not None and known.is_public(tuple(setting.split(".")))

        def nameable(name: str) -> bool:
            return self._parsed.whole or name in _AWS_FIELDS

        return Visibility(public, nameable)
