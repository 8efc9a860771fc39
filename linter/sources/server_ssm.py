"""``server/ssm``: what the AWS CLI prints of Parameter Store, as people save or pipe it: JSON, YAML, JSON Lines, or trimmed by ``--query``.

A parameter is called ``/medplum/{environment}/{setting}``, where the setting may be dotted; another path does as well, for it is an
argument of the server. One dump may hold several environments, and several dumps may stand in one file; each environment is a document
of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ..model import UNKNOWN, Part
from ._json import Json, JsonPath
from ._json_stream import json_documents
from ._parameters import FileLines, Given, Parameter, Spot, environments, load_parameters, text_of, type_of
from ._source import Loaded, Recognised, SourceFile
from ._yaml import Yaml
from ._yaml_variables import remarks_of

KINDS = ("server/ssm",)
MARKS = ("Parameter", '"/', '"\\/', "medplum/", "medplum\\/", "MEDPLUM/", "Medplum/")
NAMES = (
    "*ssm*.json",
    "*parameter*.json",
    "*medplum*.json",
    *(f"*{word}*.{end}" for word in ("ssm", "parameter") for end in ("yaml", "yml", "jsonl")),
)

_FIELDS: Final = {
    "name": ("Name", "name", "Key", "key", "n"),
    "value": ("Value", "value", "v"),
    "type": ("Type", "type", "t"),
    "tier": ("Tier", "tier"),
}
"""What the members of a parameter are called by AWS, and after people's ``--query 'Parameters[].{name: Name, …}'``."""
_AS_AWS: Final = {field: names[0] for field, names in _FIELDS.items()}
_PUBLIC_FIELDS: Final = frozenset(
    "Parameters InvalidParameters Parameter Name Type Version LastModifiedDate LastModifiedUser ARN DataType KeyId Tier NextToken "
    "name type tier Key key n t".split()
)
_OTHER_FIELDS: Final = frozenset({"Value", "value", "v", "Policies", "Description"})
_CONSEQUENCE: Final = "what follows cannot be read, and so not be checked; save the dump again"
_NAME: Final = re.compile(r"(?<![\w:/.])/[\w.-]+/|\bmedplum/", re.IGNORECASE)
"""What the name of a parameter with levels looks like."""


class _Dump(NamedTuple):
    parameters: list[Parameter]
    complete: bool
    missing: list[Parameter] = []
    single: bool = False
    """Whether it is one parameter without anything around it, as in JSON Lines."""


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a dump that holds parameters of a Medplum server."""
    given = _read(file).given
    if given is None:
        return None
    if environments([*given.parameters, *given.missing]):
        return Recognised("server/ssm", 90)
    if given.parameters or isinstance(file.json.value, dict):
        return Recognised(None, 85, "a Parameter Store dump without parameters of a Medplum server")
    return None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment of the dump; mistakes in the text are told with the first."""
    documents, found = _read(file)
    given = found or Given([])
    whole = all(parsed.intact if isinstance(parsed, Json) else parsed.whole for parsed in documents)
    lines = FileLines(file, _PUBLIC_FIELDS, _OTHER_FIELDS, [*given.parameters, *given.missing], whole=whole)
    remarks = remarks_of(file) if file.looks_like_yaml else None
    return load_parameters(
        file,
        documents,
        given,
        lines,
        _CONSEQUENCE,
        suppressions=remarks.suppressions if remarks is not None else (),
        problems=remarks.problems if remarks is not None else (),
    )


class _Read(NamedTuple):
    documents: list[Json | Yaml]
    given: Given | None


def _read(file: SourceFile) -> _Read:
    """The documents of a file and what they hold, worked out once."""

    def read() -> _Read:
        documents = _documents(file)
        return _Read(documents, _given(documents))

    found: _Read = file.derive("dump", read)
    return found


def _documents(file: SourceFile) -> list[Json | Yaml]:
    """The documents of the file, in JSON or YAML. YAML without anything like the name of a parameter is not read."""
    if file.looks_like_yaml:
        return list(file.yaml) if _NAME.search(file.text.content) else []
    return list(json_documents(file.text.content, file.json))


def _given(documents: list[Json | Yaml]) -> Given | None:
    """What all dumps of a file hold together; None when none of its documents is one."""
    dumps = [dump for parsed in documents if (dump := read_dump(parsed)) is not None]
    if not dumps:
        return None
    loop = len(dumps) > 1 and all(dump.single for dump in dumps)
    return Given(
        [parameter._replace(complete=dump.complete or loop) for dump in dumps for parameter in dump.parameters],
        [parameter for dump in dumps for parameter in dump.missing],
    )


def read_dump(parsed: Json | Yaml) -> _Dump | None:
    """The parameters of any of the shapes that the AWS CLI and people's scripts give; None for anything else."""
    value = parsed.value
    if isinstance(value, dict):
        return _read_object(parsed, value)
    if isinstance(value, list) and value and all(_is_item(item) for item in value):
        return _Dump(list(_items(parsed, value, ())), complete=True)
    return None


def _read_object(parsed: Json | Yaml, value: dict[str, Any]) -> _Dump | None:
    if isinstance(value.get("Parameters"), list):
        missing = value.get("InvalidParameters")
        absent = list(_items(parsed, missing, ("InvalidParameters",))) if isinstance(missing, list) else []
        partial = "InvalidParameters" in value or bool(value.get("NextToken"))
        return _Dump(list(_items(parsed, value["Parameters"], ("Parameters",))), complete=not partial, missing=absent)
    if isinstance(value.get("Parameter"), dict):
        return _Dump(list(_parameter(parsed, value["Parameter"], ("Parameter",))), complete=False)
    if _is_item(value) and len(value) > 1:
        return _Dump(list(_parameter(parsed, value, ())), complete=False, single=True)
    names = [name for name, member in value.items() if _is_name(name) and not isinstance(member, dict | list)]
    if names:
        return _Dump([_flat(parsed, name, value[name]) for name in names], complete=True)
    return None


def _is_name(name: Any) -> bool:
    """Whether this can be the name of a parameter of a server: it has levels."""
    return isinstance(name, str) and (name.startswith("/") or name.lower().startswith("medplum/"))


def _is_item(item: Any) -> bool:
    if isinstance(item, dict):
        return _is_name(item.get(_field(item, "name")))
    return _is_name(item[0] if isinstance(item, list) and 0 < len(item) < 5 else item)


def _field(item: dict[str, Any], field: str) -> str:
    """What a member is called in an item; the name that AWS gives it when it has none."""
    names = _FIELDS[field]
    return next((name for name in names if name in item), names[0])


def _items(parsed: Json | Yaml, items: list[Any], path: JsonPath) -> Iterator[Parameter]:
    for index, item in enumerate(items):
        at = (*path, index)
        if isinstance(item, dict):
            yield from _parameter(parsed, item, at)
        elif isinstance(item, list) and _is_item(item):
            yield _row(parsed, item, at)
        elif _is_name(item):
            spot = (parsed.places, at)
            yield Parameter(item, UNKNOWN, {"key": spot, "value": spot})


def _parameter(parsed: Json | Yaml, item: dict[str, Any], at: JsonPath) -> Iterator[Parameter]:
    """A parameter as AWS prints it, which may lack its value or its type."""
    names = _AS_AWS if "Name" in item else {field: _field(item, field) for field in _FIELDS}
    name, kind, tier = item.get(names["name"]), item.get(names["type"]), item.get(names["tier"])
    if not isinstance(name, str):
        return
    kind = type_of(kind)
    tier = tier if isinstance(tier, str) else None
    key: Spot = (parsed.places, (*at, names["name"]))
    places: dict[Part, Spot] = {"key": key, "value": (parsed.places, (*at, names["value"])) if names["value"] in item else key}
    if kind is not None:
        places["type"] = (parsed.places, (*at, names["type"]))
    if tier is not None:
        places["tier"] = (parsed.places, (*at, names["tier"]))
    version, arn = item.get("Version"), item.get("ARN")
    yield Parameter(
        name,
        _value(parsed, (*at, names["value"]), item.get(names["value"]), kind),
        places,
        type=kind,
        tier=tier,
        stored="ARN" in item or "LastModifiedDate" in item,
        version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        arn=arn if isinstance(arn, str) else None,
    )


def _row(parsed: Json | Yaml, item: list[Any], at: JsonPath) -> Parameter:
    """``--query 'Parameters[].[Name,Type,Value]'``: the name comes first, the others in any order."""
    kind = next(filter(None, map(type_of, item[1:])), None) if len(item) > 2 else None
    others = [index for index in range(1, len(item)) if kind is None or item[index] != kind]
    index = others[0] if others else 0
    places: dict[Part, Spot] = {"key": (parsed.places, (*at, 0)), "value": (parsed.places, (*at, index))}
    if kind is not None:
        places["type"] = (parsed.places, (*at, item.index(kind)))
    value = _value(parsed, (*at, index), item[index], kind) if index else UNKNOWN
    return Parameter(item[0], value, places, type=kind)


def _flat(parsed: Json | Yaml, name: str, value: Any) -> Parameter:
    spot = (parsed.places, (name,))
    return Parameter(name, _value(parsed, (name,), value, None), {"key": spot, "value": spot})


def _value(parsed: Json | Yaml, path: JsonPath, value: Any, kind: str | None) -> Any:
    """The text of a parameter; ``UNKNOWN`` for one that is not given, or is the ciphertext that AWS gives without --with-decryption.

    The server gets a StringList as AWS stores it: one text with commas.
    """
    if kind == "StringList" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    text = text_of(parsed.places, path, value)
    return UNKNOWN if isinstance(text, str) and kind in (None, "SecureString") and _is_ciphertext(text) else text


def _is_ciphertext(value: str) -> bool:
    return len(value) >= 80 and value.startswith("AQIC") and value.isascii() and not any(blank in value for blank in " \n-")
