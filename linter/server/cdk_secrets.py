"""External secrets: values of the CDK's config that it fetches from Parameter Store when it deploys.

What the CDK makes of the objects in its config is read in ``packages/cdk/src/config.ts``: an object whose ``system``, ``key`` and
``type`` are texts is fetched; any other is taken for a part of the config, and goes on to CloudFormation as it is. A list is a list of
values, each of which may be an external secret, when its first item is one; otherwise its items are objects, of which only the members
are looked at. At a null it stops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import settings
from ..model import UNKNOWN, Message, SettingPath, as_message, dotted, sentence
from ..settings import Setting
from ..text import printable
from ..typed import Any, Final, NamedTuple

_SYSTEM: Final = "aws_ssm_parameter_store"
_MEMBERS: Final = ("system", "key", "type")
_TYPES: Final = {"string": "string", "number": "integer or number", "boolean": "boolean"}
_NAMES: Final = {"string": "text", "number": "a number", "boolean": "true or false"}
_DEEPEST: Final = 20
"""Levels of nesting at which no configuration has an external secret any more."""
_PARAMETER = re.compile(r"(?:/[A-Za-z0-9_.-]+)+(?::[A-Za-z0-9_.-]+)?|arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/\S+")
"""The full name of a parameter, perhaps with a version or label (``GetParameter`` of AWS Systems Manager takes an ARN too)."""


class Flaw(NamedTuple):
    """What is wrong with a value: the rule, a reason that reads on after the setting's name, and the member that is to blame."""

    rule: str
    path: SettingPath
    reason: str | Message
    member: str = ""


def resolved(data: dict[str, Any]) -> tuple[dict[str, Any], list[Flaw]]:
    """The configuration with ``UNKNOWN`` for each value that the CDK fetches (or fails at), and what is wrong with those."""
    flaws: list[Flaw] = []
    return _object(data, (), flaws), flaws


def _object(members: dict[str, Any], path: SettingPath, flaws: list[Flaw]) -> dict[str, Any]:
    return {key: _value(value, (*path, key), flaws) for key, value in members.items()}


def _value(value: Any, path: SettingPath, flaws: list[Flaw]) -> Any:
    if len(path) > _DEEPEST:
        return value
    if value is None:
        flaws.append(Flaw("null-in-infra-config", path, "is null"))
        return UNKNOWN
    if isinstance(value, list) and value:
        return _list(value, path, flaws)
    if not isinstance(value, dict):
        return value
    setting = settings.catalogue("infra").get(path)
    if _is_external(value):
        flaws.extend(_flaws(value, path, setting))
        return UNKNOWN
    if _is_meant(value, setting):
        flaws.append(_incomplete(value, path))
        return UNKNOWN
    return _object(value, path, flaws)


def _list(items: list[Any], path: SettingPath, flaws: list[Flaw]) -> list[Any]:
    first = items[0]
    if first is None or not isinstance(first, dict | list) or _is_external(first):
        return [_item_of_values(item, (*path, index), flaws) for index, item in enumerate(items)]
    return [_item_of_objects(item, (*path, index), flaws) for index, item in enumerate(items)]


def _item_of_values(item: Any, path: SettingPath, flaws: list[Flaw]) -> Any:
    """An item of a list whose first one is a value or an external secret: the CDK fetches each object in it, or fails."""
    if isinstance(item, dict | list) and not _is_external(item):
        reason = "is in a list of values, where an object must be an external secret with system, key and type"
        flaws.append(Flaw("invalid-external-secret", path, reason))
        return UNKNOWN
    return _value(item, path, flaws)


def _item_of_objects(item: Any, path: SettingPath, flaws: list[Flaw]) -> Any:
    """An item behind a first one that is an object of its own: the CDK looks at its members only."""
    if isinstance(item, dict) and _is_external(item):
        reason = sentence(
            "is an external secret in a list whose first item is not one",
            "the CDK looks only at the members of such items, and passes the object on as it is",
        )
        flaws.append(Flaw("external-secret-not-fetched", path, reason))
        return UNKNOWN
    return _object(item, path, flaws) if isinstance(item, dict) else _value(item, path, flaws)


def _is_external(value: Any) -> bool:
    """``isExternalSecretLike`` of the CDK."""
    return isinstance(value, dict) and all(isinstance(value.get(member), str) for member in _MEMBERS)


def _is_meant(value: dict[str, Any], setting: Setting | None) -> bool:
    """Whether an object that the CDK does not take for an external secret was meant to be one."""
    if not value or (setting is not None and setting.is_container and value.get("system") != _SYSTEM):
        return False
    if value.get("system") == _SYSTEM:
        return True
    return value.keys() <= set(_MEMBERS) and ("system" in value or (setting is not None and "key" in value))


def _incomplete(value: dict[str, Any], path: SettingPath) -> Flaw:
    lacking = [member for member in _MEMBERS if member not in value]
    if lacking:
        return Flaw("external-secret-not-fetched", path, sentence(f"is an external secret without {' and '.join(lacking)}", _PASSED_ON))
    wrong = next(member for member in _MEMBERS if not isinstance(value[member], str))
    return Flaw("external-secret-not-fetched", path, sentence(f"is an external secret whose {wrong} is not text", _PASSED_ON), wrong)


_PASSED_ON: Final = "the CDK does not recognise it as one and passes on the object itself as the value"


def _flaws(value: dict[str, Any], path: SettingPath, setting: Setting | None) -> Iterator[Flaw]:
    """What is wrong with an external secret; the type is compared only where it is one."""
    if setting is not None and "literal-only" in setting.tags:
        what, why = "must be given here itself, not as an external secret", "the CDK needs it to fetch the others"
        reason = sentence(what, why, by=", because ")
        yield Flaw("invalid-external-secret", path, reason)
        return
    if value["system"] != _SYSTEM:
        yield Flaw(
            "invalid-external-secret", path, f"is an external secret whose system must be {_SYSTEM}, the only one there is", "system"
        )
    key = _wrong_key(value["key"], path)
    if key:
        yield Flaw("invalid-external-secret", path, key, "key")
    if value["type"] not in _TYPES:
        from .. import suggest  # only after a mistake

        near = suggest.nearest(_INSTEAD.get(value["type"].lower(), value["type"]), _TYPES, 0.6)
        hint = f" (did you mean {near}?)" if near is not None else ""
        yield Flaw("invalid-external-secret", path, f"is an external secret whose type must be string, number or boolean{hint}", "type")
    elif setting is not None and setting.status != "obsolete":
        yield from _wrong_type(value["type"], path, setting)
    elif path[-2:-1] == ("environment",) and value["type"] != "string":
        reason = sentence(f"is an external secret of the type {value['type']}, but a variable must be text", "its type must be string")
        yield Flaw("external-secret-of-wrong-type", path, reason, "type")


_INSTEAD: Final = {"int": "number", "integer": "number", "float": "number", "bool": "boolean", "text": "string", "str": "string"}


def _wrong_key(key: str, path: SettingPath) -> str | Message:
    if _PARAMETER.fullmatch(key) or "${" in key or "{{" in key or "<" in key:
        return ""
    if key.startswith("/"):
        return "is an external secret whose key cannot be the name of a parameter"
    name = printable(str(path[-1]))
    what = f"is an external secret whose key must be a full parameter name, such as /medplum/prod/{name}"
    return sentence(what, "the CDK adds no prefix", by=", because ")


def _wrong_type(given: str, path: SettingPath, setting: Setting) -> Iterator[Flaw]:
    fitting = [name for name, types in _TYPES.items() if any(one in types.split() for one in setting.types)]
    if given in fitting:
        return
    if not fitting:
        what = "an object" if "object" in setting.types else "a list"
        yield Flaw(
            "external-secret-of-wrong-type", path, f"must be {what}, but an external secret can only be text, a number, true or false"
        )
        return
    what = f"is an external secret of the type {given}, but must be {_NAMES[fitting[0]]}"
    reason = sentence(what, f"its type must be {' or '.join(fitting)}")
    yield Flaw("external-secret-of-wrong-type", path, reason, "type")


def message(flaw: Flaw) -> Message:
    """The message of a finding about a flaw."""
    says = as_message(flaw.reason).about(printable(dotted(flaw.path)))
    if flaw.rule == "null-in-infra-config":
        why = """the CDK stops with "Cannot read properties of null (reading 'system')\""""
        return says.add("why", why, ": ").add("remedy", "leave the setting out")
    return says.add("why", "the deployment fails" if flaw.rule == "invalid-external-secret" else "")
