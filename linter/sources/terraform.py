"""Parameters that Terraform manages (``aws_ssm_parameter``): the JSON of ``terraform show`` for a state or a plan, and a state file.

The formats are those of "JSON Output Format" in Terraform's documentation: ``values`` of a state, ``planned_values`` and
``resource_changes`` of a plan, each resource with its address and its values; and ``resources`` of a ``terraform.tfstate``.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.parameters.documents import ParameterFile, load_parameters
from ..documents.parameters.store import Parameter, Written, environments
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..documents.variables.in_yaml import Node
from ..model import sentence
from ..typed import Final

KINDS = ("server/ssm",)
MARKS = ("terraform_version",)
NAMES = ("*plan*.json", "*tfstate*", "*terraform*.json")

_TYPE: Final = "aws_ssm_parameter"
_PUBLIC_FIELDS: Final = frozenset({"address", "mode", "name", "type", "tier", "data_type", "provider_name", "schema_version"})
_OTHER_FIELDS: Final = frozenset({"value", "insecure_value", "values", "after", "before", "attributes"})
_UNKNOWN_FORMAT: Final = "a Terraform state or plan in a format that is not read: give the output of terraform show -json"
_DEEPEST: Final = 200
"""The maximum number of steps to a module, two for each level: no configuration has as many."""
_CONSEQUENCE: Final = sentence("what follows can be neither read nor checked", remedy="write the JSON again with terraform show -json")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a state or plan with parameters of a Medplum server."""
    root = Node(file, file.json)
    if '"terraform_version"' not in file.text.content or "terraform_version" not in root.mapping:
        return None
    if _TYPE in file.text.content and environments(_parameters(root)):
        return Recognised("server/ssm", Confidence.CERTAIN)
    # The states of Terraform before 0.12 have their resources in modules.
    unread = broken_off(file, file.json) or (_UNKNOWN_FORMAT if "modules" in root.mapping else "")
    return Recognised(None, Confidence.LIKELY, "a Terraform state or plan without parameters of a Medplum server", unread)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment."""
    root = Node(file, file.json)
    given = [*_parameters(root)] if "terraform_version" in root.mapping else []
    return load_parameters(ParameterFile(file, [file.json], given, _PUBLIC_FIELDS, _OTHER_FIELDS, _CONSEQUENCE))


def _parameters(root: Node) -> Iterator[Parameter]:
    for node, unknown in _resources(root):
        values, of_plan = node.mapping, unknown.mapping
        if not isinstance(values.get("name"), str):
            continue
        field = "value" if isinstance(values.get("value"), str) or not isinstance(values.get("insecure_value"), str) else "insecure_value"
        steps = (step if step in values else None for step in (field, "type", "tier"))
        written = Written(node.tree.places, node.path, "name", *steps)
        text = values.get(field) if of_plan.get(field) is not True else None  # not known until the plan is applied
        one = Parameter.of(values["name"], text if isinstance(text, str) else None, written, values.get("type"), values.get("tier"))
        yield one._replace(key_id=key if isinstance(key := values.get("key_id"), str) and key else None)


def _resources(root: Node) -> Iterator[tuple[Node, Node]]:
    """The values of the parameters in a plan or a state, each with those that are not known yet."""
    changes = root.at("resource_changes")
    if isinstance(changes.value, list):
        # The planned values of each resource; nothing for those that it deletes.
        yield from ((one.at("change", "after"), one.at("change", "after_unknown")) for one in _managed(changes))
    elif "values" in root.mapping or "planned_values" in root.mapping:
        waiting = [root.at("values" if "values" in root.mapping else "planned_values", "root_module")]
        while waiting:
            module = waiting.pop()
            if len(module.path) <= _DEEPEST:
                yield from ((one.at("values"), one.at("")) for one in _managed(module.at("resources")))
                waiting.extend(reversed(module.at("child_modules").items))
    else:
        instances = (item for resource in _managed(root.at("resources")) for item in resource.at("instances").items)
        yield from ((instance.at("attributes"), instance.at("")) for instance in instances)


def _managed(resources: Node) -> Iterator[Node]:
    """The parameters among resources that Terraform manages."""
    return (item for item in resources.items if item.mapping.get("type") == _TYPE and item.mapping.get("mode") == "managed")
