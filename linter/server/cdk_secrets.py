"""External secrets: values of the CDK's config that it fetches from Parameter Store when it deploys.

``packages/cdk/src/config.ts`` defines how the CDK reads the objects in its config: an object whose ``system``, ``key`` and ``type`` are
texts is fetched; any other is a part of the config, and is passed to CloudFormation as it is. A list is a list of values, each of which may
be an external secret, if its first item is one; otherwise its items are objects, and only their members are examined. It stops at a null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import settings
from ..model import UNKNOWN, Message, SettingPath, as_message, dotted, sentence
from ..settings import Setting
from ..text import printable
from ..typed import Any, Final, Literal, NamedTuple

_SYSTEM: Final = "aws_ssm_parameter_store"
_MEMBERS: Final = ("system", "key", "type")
_TYPES: Final = {
    "string": ("text", frozenset({"string"})),
    "number": ("a number", frozenset({"integer", "number"})),
    "boolean": ("true or false", frozenset({"boolean"})),
}
"""The types of external secrets: their names, and the types of settings that they fit."""
_INVALID: Final = "invalid-external-secret"
_NOT_FETCHED: Final = "external-secret-not-fetched"
_WRONG_TYPE: Final = "external-secret-of-wrong-type"
_BARE_KEY: Final = "external-secret-with-bare-key"
_DEEPEST: Final = 20
"""The depth at which no configuration has external secrets any more."""
_PARAMETER = re.compile(r"(?:/[A-Za-z0-9_.-]+)+(?::[A-Za-z0-9_.-]+)?|arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/\S+")
"""The full name of a parameter, perhaps with a version or label (``GetParameter`` of AWS Systems Manager takes an ARN too)."""


class Flaw(NamedTuple):
    """A mistake in a value: the rule, a reason that follows the setting's name, and the member that is to blame."""

    rule: str
    path: SettingPath
    reason: str | Message
    member: str = ""


def resolved(data: dict[str, Any]) -> tuple[dict[str, Any], list[Flaw]]:
    """The configuration with ``UNKNOWN`` for each value that the CDK fetches (or fails at), and the mistakes in those."""
    flaws: list[Flaw] = []
    return {key: _value(value, (key,), flaws) for key, value in data.items()}, flaws


def _value(value: Any, path: SettingPath, flaws: list[Flaw], beside: Literal["", "values", "objects"] = "") -> Any:
    """A value as the CDK resolves it; for an item, ``beside`` is how the CDK classifies the list, by its first item."""
    if len(path) > _DEEPEST or not (value is None or isinstance(value, dict | list)):
        return value
    setting = settings.catalogue("infra").get(path)
    if value is None:
        flaws.append(Flaw("null-in-infra-config", path, "is null"))
    elif beside == "values" and not _is_external(value):
        reason = "is in a list of values, where an object must be an external secret with system, key and type"
        flaws.append(Flaw(_INVALID, path, reason))
    elif isinstance(value, list):
        holds_objects = bool(value) and isinstance(value[0], dict | list) and not _is_external(value[0])
        return [_value(item, (*path, index), flaws, "objects" if holds_objects else "values") for index, item in enumerate(value)]
    elif _is_external(value):
        flaws.extend(_flaws(value, path, setting) if beside != "objects" else [Flaw(_NOT_FETCHED, path, _BESIDE_OBJECTS)])
    elif beside != "objects" and _is_meant(value, setting):
        flaws.append(_incomplete(value, path))
    else:
        return {key: _value(member, (*path, key), flaws) for key, member in value.items()}
    return UNKNOWN


_PASSED_ON: Final = "the CDK passes on the object itself as the value, and the deployment fails"
_BESIDE_OBJECTS: Final = sentence("is an external secret in a list whose first item is not one", _PASSED_ON)


def _is_external(value: Any) -> bool:
    """``isExternalSecretLike`` of the CDK."""
    return isinstance(value, dict) and all(isinstance(value.get(member), str) for member in _MEMBERS)


def _is_meant(value: dict[str, Any], setting: Setting | None) -> bool:
    """Whether an object that the CDK does not treat as an external secret was meant to be one."""
    if value.get("system") == _SYSTEM:
        return True
    is_like_one = value.keys() <= set(_MEMBERS) and ("system" in value or (setting is not None and "key" in value))
    return is_like_one and not (setting is not None and setting.is_container)


def _incomplete(value: dict[str, Any], path: SettingPath) -> Flaw:
    lacking = [member for member in _MEMBERS if member not in value]
    if lacking:
        return Flaw(_NOT_FETCHED, path, sentence(f"is an external secret without {' and '.join(lacking)}", _PASSED_ON))
    wrong = next(member for member in _MEMBERS if not isinstance(value[member], str))
    return Flaw(_NOT_FETCHED, path, sentence(f"is an external secret whose {wrong} is not text", _PASSED_ON), wrong)


def _flaws(value: dict[str, Any], path: SettingPath, setting: Setting | None) -> Iterator[Flaw]:
    """The mistakes in an external secret; the type is only compared if it is one."""
    given = value["type"]
    if setting is not None and "literal-only" in setting.tags:
        what, why = "must be given here itself, not as an external secret", "the CDK needs it to fetch the others"
        yield Flaw(_INVALID, path, sentence(what, why, by=", because "))
        return
    if value["system"] != _SYSTEM:
        yield Flaw(_INVALID, path, f"is an external secret whose system must be {_SYSTEM}, the only one there is", "system")
    if key := _wrong_key(value["key"], path):
        yield Flaw(_INVALID if value["key"].startswith("/") else _BARE_KEY, path, key, "key")
    if given not in _TYPES:
        from .. import suggest  # only after a mistake

        near = suggest.nearest(_INSTEAD.get(given.lower(), given), _TYPES, 0.6)
        hint = f" (did you mean {near}?)" if near is not None else ""
        yield Flaw(_INVALID, path, f"is an external secret whose type must be string, number or boolean{hint}", "type")
    elif setting is not None and setting.status != "obsolete":
        fitting = [name for name, (_, types) in _TYPES.items() if not types.isdisjoint(setting.types)]
        if not fitting:
            container = "an object" if "object" in setting.types else "a list"
            yield Flaw(_WRONG_TYPE, path, f"must be {container}, but an external secret can only be text, a number, true or false")
        elif given not in fitting:
            what = f"is an external secret of the type {given}, but must be {_TYPES[fitting[0]][0]}"
            yield Flaw(_WRONG_TYPE, path, sentence(what, f"its type must be {' or '.join(fitting)}"), "type")
    elif path[-2:-1] == ("environment",) and given != "string":
        what = f"is an external secret of the type {given}, but a variable must be text"
        yield Flaw(_WRONG_TYPE, path, sentence(what, "its type must be string"), "type")


_INSTEAD: Final = {"int": "number", "integer": "number", "float": "number", "bool": "boolean", "text": "string", "str": "string"}


def _wrong_key(key: str, path: SettingPath) -> str | Message:
    if _PARAMETER.fullmatch(key) or "${" in key or "{{" in key or "<" in key:
        return ""
    if key.startswith("/"):
        return "is an external secret whose key cannot be the name of a parameter"
    name = printable(str(path[-1]))
    what = f"is an external secret whose key must be a full parameter name, such as /medplum/prod/{name}"
    return sentence(what, "the CDK adds no prefix", by=", because ")


def message(flaw: Flaw) -> Message:
    """The message of a finding about a flaw."""
    says = as_message(flaw.reason).about(printable(dotted(flaw.path)))
    if flaw.rule == "null-in-infra-config":
        why = """the CDK stops with "Cannot read properties of null (reading 'system')\""""
        return says.add("why", why, ": ").add("remedy", "leave the setting out")
    return says.add("why", _FAILS.get(flaw.rule, ""))


_FAILS: Final = {
    **dict.fromkeys((_INVALID, _WRONG_TYPE), "the deployment fails"),
    _BARE_KEY: "unless a parameter has just this name, the deployment fails",
}
