"""A SARIF log read into the objects of Microsoft's sarif-om, and what these say: the names, the order and the defaults are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attr
import sarif_om as om

_CLASSES: Final[Mapping[str, type]] = {
    "artifactChanges": om.ArtifactChange,
    "artifactLocation": om.ArtifactLocation,
    "automationDetails": om.RunAutomationDetails,
    "defaultConfiguration": om.ReportingConfiguration,
    "deletedRegion": om.Region,
    "description": om.Message,
    "descriptor": om.ReportingDescriptorReference,
    "driver": om.ToolComponent,
    "fixes": om.Fix,
    "fullDescription": om.MultiformatMessageString,
    "help": om.MultiformatMessageString,
    "insertedContent": om.ArtifactContent,
    "invocations": om.Invocation,
    "locations": om.Location,
    "logicalLocations": om.LogicalLocation,
    "message": om.Message,
    "messageStrings": om.MultiformatMessageString,
    "originalUriBaseIds": om.ArtifactLocation,
    "physicalLocation": om.PhysicalLocation,
    "region": om.Region,
    "relatedLocations": om.Location,
    "relationships": om.ReportingDescriptorRelationship,
    "replacements": om.Replacement,
    "results": om.Result,
    "rules": om.ReportingDescriptor,
    "runs": om.Run,
    "shortDescription": om.MultiformatMessageString,
    "supportedTaxonomies": om.ToolComponentReference,
    "target": om.ReportingDescriptorReference,
    "taxa": om.ReportingDescriptor,
    "taxonomies": om.ToolComponent,
    "tool": om.Tool,
    "toolComponent": om.ToolComponentReference,
    "toolConfigurationNotifications": om.Notification,
    "toolExecutionNotifications": om.Notification,
}
"""The class of each member that is an object, a list of objects, or objects by names of our own (:data:`_BY_NAME`)."""
_BY_NAME: Final = frozenset({"messageStrings", "originalUriBaseIds"})
_PLAIN: Final = frozenset({"partialFingerprints", "properties", "suppressions"})
"""Members of which the content is taken as it is; sarif-om's ``Suppression`` says ``state`` where SARIF 2.1.0 has ``status``."""
_FIRST: Final = ("$schema", "version")


def as_objects_say(log: Mapping[str, Any]) -> Any:
    """A log as the objects of sarif-om have it, in the order of their fields and without what is a default; ``level`` is always said.

    Raises :exc:`KeyError` for a member that the class has not, and :exc:`TypeError` where one is missing that it needs.
    """
    return _said(_read(om.SarifLog, log))


def _read(class_: type, value: Any) -> Any:
    if isinstance(value, list):
        return [_read(class_, one) for one in value]
    names = {field.metadata["schema_property_name"]: field.name for field in attr.fields(class_)}
    return class_(**{names[name]: _member(name, item) for name, item in value.items()})


def _member(name: str, value: Any) -> Any:
    if name in _BY_NAME:
        return {key: _read(_CLASSES[name], item) for key, item in value.items()}
    return value if name in _PLAIN or not _holds_objects(value) else _read(_CLASSES[name], value)


def _holds_objects(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_objects, value)))


def _said(value: Any) -> Any:
    if isinstance(value, list):
        return [_said(one) for one in value]
    if isinstance(value, dict):
        return {name: _said(item) for name, item in value.items()}
    if not attr.has(type(value)):
        return value
    fields = [(field.metadata["schema_property_name"], getattr(value, field.name), _default(field)) for field in attr.fields(type(value))]
    said = [(name, item) for name, item, default in fields if item is not None and (item != default or name == "level")]
    said.sort(key=lambda member: _FIRST.index(member[0]) if member[0] in _FIRST else len(_FIRST))
    return {name: _said(item) for name, item in said}


def _default(field: Any) -> Any:
    factory = getattr(field.default, "factory", None)
    return factory() if factory else field.default
