"""Parameters that Terraform manages (``aws_ssm_parameter``): the JSON of ``terraform show`` for a state or a plan, and a state file.

The formats are those of "JSON Output Format" in Terraform's documentation: ``values`` of a state, ``planned_values`` and
``resource_changes`` of a plan, each resource with its address and its values; and ``resources`` of a ``terraform.tfstate``.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.parameter_documents import ParameterFile, load_parameters
from ..documents.parameters import Parameter, environments, named
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..model import UNKNOWN, sentence
from ..syntax.places import Json, JsonPath
from ..typed import Any, Final

KINDS = ("server/ssm",)
MARKS = ("terraform_version",)
NAMES = ("*plan*.json", "*tfstate*", "*terraform*.json")

_TYPE: Final = "aws_ssm_parameter"
_PUBLIC_FIELDS: Final = frozenset({"address", "mode", "name", "type", "tier", "data_type", "provider_name", "schema_version"})
_OTHER_FIELDS: Final = frozenset({"value", "insecure_value", "values", "after", "before", "attributes"})
_UNKNOWN_FORMAT: Final = "a Terraform state or plan in a format that is not read: give the output of terraform show -json"
_DEEPEST: Final = 200
"""Steps to a module at most, two for each that it is in: no configuration has as many."""
_CONSEQUENCE: Final = sentence("what follows can be neither read nor checked", remedy="write the JSON again with terraform show -json")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a state or plan with parameters of a Medplum server."""
    if '"terraform_version"' not in file.text.content or not _is_terraform(file.json.value):
        return None
    if _TYPE in file.text.content and environments(named(_parameters(file.json))):
        return Recognised("server/ssm", Confidence.CERTAIN)
    unread = broken_off(file, file.json) or ("" if _is_known(file.json.value) else _UNKNOWN_FORMAT)
    return Recognised(None, Confidence.LIKELY, "a Terraform state or plan without parameters of a Medplum server", unread)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment."""
    parsed = file.json
    given = named(_parameters(parsed) if _is_terraform(parsed.value) else ())
    return load_parameters(ParameterFile(file, [parsed], given, _PUBLIC_FIELDS, _OTHER_FIELDS, _CONSEQUENCE, parsed.intact))


def _is_terraform(value: Any) -> bool:
    return isinstance(value, dict) and "terraform_version" in value


def _is_known(value: dict[str, Any]) -> bool:
    """Whether resources are where they are looked for; the states of Terraform before 0.12 have them in ``modules``."""
    return "modules" not in value


def _parameters(parsed: Json) -> Iterator[Parameter]:
    value: dict[str, Any] = parsed.value
    if isinstance(value.get("resource_changes"), list):
        parameters = _changes(value["resource_changes"])
    elif "values" in value or "planned_values" in value:
        top = "values" if "values" in value else "planned_values"
        parameters = _modules(value[top], (top,))
    else:
        parameters = _instances(value.get("resources"))
    for values, unknown, at in parameters:
        name = values.get("name")
        if isinstance(name, str):
            yield _parameter(parsed, name, values, unknown, at)


def _changes(changes: list[Any]) -> Iterator[tuple[dict[str, Any], Any, JsonPath]]:
    """What a plan makes of each resource; nothing of those that it deletes."""
    for index, change in enumerate(changes):
        if _is_managed(change) and isinstance(change.get("change"), dict) and isinstance(change["change"].get("after"), dict):
            yield change["change"]["after"], change["change"].get("after_unknown"), ("resource_changes", index, "change", "after")


def _modules(values: Any, at: JsonPath) -> Iterator[tuple[dict[str, Any], Any, JsonPath]]:
    """The resources of the root module and of those beneath."""
    waiting: list[tuple[Any, JsonPath]] = [(values.get("root_module"), (*at, "root_module"))] if isinstance(values, dict) else []
    while waiting:
        module, path = waiting.pop()
        if not isinstance(module, dict) or len(path) > _DEEPEST:
            continue
        for index, resource in enumerate(_list(module.get("resources"))):
            if _is_managed(resource) and isinstance(resource.get("values"), dict):
                yield resource["values"], None, (*path, "resources", index, "values")
        inner = [(child, (*path, "child_modules", index)) for index, child in enumerate(_list(module.get("child_modules")))]
        waiting.extend(reversed(inner))


def _instances(resources: Any) -> Iterator[tuple[dict[str, Any], Any, JsonPath]]:
    """The resources of a state file."""
    for index, resource in enumerate(_list(resources)):
        for number, instance in enumerate(_list(resource.get("instances")) if _is_managed(resource) else []):
            if isinstance(instance, dict) and isinstance(instance.get("attributes"), dict):
                yield instance["attributes"], None, ("resources", index, "instances", number, "attributes")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_managed(resource: Any) -> bool:
    return isinstance(resource, dict) and resource.get("type") == _TYPE and resource.get("mode") == "managed"


def _parameter(parsed: Json, name: str, values: dict[str, Any], unknown: Any, at: JsonPath) -> Parameter:
    """A parameter; ``unknown`` are the values that the plan cannot tell yet."""
    open_fields = {field for field, is_open in unknown.items() if is_open is True} if isinstance(unknown, dict) else set()
    field = "value" if isinstance(values.get("value"), str) or not isinstance(values.get("insecure_value"), str) else "insecure_value"
    steps = {"key": "name", "value": field, "type": "type", "tier": "tier"}
    fields = {part: step for part, step in steps.items() if step in values}
    value = values.get(field) if field not in open_fields else None
    text = value if isinstance(value, str) else UNKNOWN
    return Parameter.of(name, text, parsed.places, at, fields, values.get("type"), values.get("tier"))
