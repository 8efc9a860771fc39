"""Parameters that a CloudFormation template declares (``AWS::SSM::Parameter``), in JSON and YAML, as ``server/ssm``.

CloudFormation cannot create a SecureString ("AWS::SSM::Parameter", Type). Functions (``!Ref``, ``!Sub``, ``Fn::ImportValue`` …) and dynamic
references (``{{resolve:…}}``) stand for values that are not known here; in names the unknown parts are shown as ``${Name}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import settings
from ..conformance.secrets import holds_secret
from ..documents.parameters.documents import ParameterFile, load_parameters
from ..documents.parameters.store import Parameter, Written, environments, text_of
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile
from ..documents.variables.in_yaml import Node, roots
from ..model import SettingPath, sentence
from ..server.loader import dotted_path
from ..syntax.yaml import Tagged
from ..text import printable
from ..typed import Any, Final

KINDS = ("server/ssm",)
MARKS = ("AWS::",)
NAMES = tuple(f"*{word}*.{end}" for word in ("template", "cloudformation", "stack") for end in ("json", "yaml", "yml")) + ("*.template",)

_TYPE: Final = "AWS::SSM::Parameter"
_PUBLIC_FIELDS: Final = frozenset({"Name", "Type", "Tier", "DataType", "AWSTemplateFormatVersion"})
_OTHER_FIELDS: Final = frozenset({"Resources", "Properties", "Value", "Description", "Ref", "Fn::Sub", "Fn::Join"})
_CONSEQUENCE: Final = "CloudFormation cannot read the template"
_FUNCTION: Final = re.compile(r"Ref|Condition|Fn::\w+")
_DEEPEST: Final = 20
"""The maximum depth of nested functions: CloudFormation allows few."""


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a template that declares parameters of a Medplum server."""
    if "AWS::" not in file.text.content:
        return None
    root = _template(file)
    if root is None:
        return None
    if _TYPE in file.text.content and environments(_parameters(root)):
        return Recognised("server/ssm", Confidence.CERTAIN)
    unread = broken_off(file, *file.documents)
    return Recognised(None, Confidence.LIKELY, "a CloudFormation template without parameters of a Medplum server", unread)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment of the template; mistakes in the text are reported with the first."""
    root = _template(file)
    given = [*_parameters(root)] if root is not None else []
    read = ParameterFile(file, file.documents, given, _PUBLIC_FIELDS, _OTHER_FIELDS, _CONSEQUENCE, check=_secret)
    return load_parameters(read)


def _template(file: SourceFile) -> Node | None:
    """The template in the file, if it is one."""

    def is_template(root: Node) -> bool:
        return any(str(member.mapping.get("Type")).startswith("AWS::") for member in root.at("Resources").members)

    return next(filter(is_template, roots(file)), None)


def _parameters(root: Node) -> Iterator[Parameter]:
    """The parameters with explicit names; CloudFormation makes up names for the others."""
    for resource in root.at("Resources").members:
        properties = resource.at("Properties")
        given = properties.mapping
        name = _text(given.get("Name")) if resource.mapping.get("Type") == _TYPE else None
        if name is None:
            continue
        steps = (step if step in given else None for step in ("Value", "Type", "Tier"))
        written = Written(root.tree.places, properties.path, "Name", *steps)
        # A secret that is not a SecureString is reported once, with the remedy for a template.
        is_secret = settings.catalogue().is_secret(dotted_path(name.rpartition("/")[2]))
        kind = given.get("Type") if not is_secret and given.get("Type") in ("String", "StringList") else None
        yield Parameter.of(name, _value(properties.at("Value")), written, kind, given.get("Tier"))


def _secret(parameter: Parameter, path: SettingPath) -> Problem | None:
    """A secret, which does not belong in a template, however it gets there; a placeholder is not one."""
    known = settings.catalogue()
    if not known.is_secret(path) or (parameter.text is not None and not holds_secret(known, path, parameter.text)):
        return None
    message = sentence(
        f"{printable('.'.join(map(str, path)))} is a secret, and CloudFormation cannot create a SecureString",
        "anyone who may read parameters sees it",
        "remove it from the template and create it with aws ssm put-parameter --type SecureString",
    )
    return Problem("secret-in-cloudformation", message, parameter.span("key"), path)


# --- Values of functions -------------------------------------------------------------------------------------------------------------


def _value(node: Node) -> str | None:
    """The text of a parameter; None for one that CloudFormation works out."""
    text = _text(node.value)
    if text is None:
        return text_of(node.tree.places, node.path, node.value)
    start = text.find("${") if text != node.value else -1
    return None if "{{resolve:" in text or (start >= 0 and text.find("}", start) >= 0) else text


def _text(value: Any, depth: int = 0) -> str | None:
    """The text that a value stands for, with ``${Name}`` for what is not known; None where nothing is known of it."""
    if isinstance(value, str):
        return value
    function = _function(value)
    if function is None or depth == _DEEPEST:
        return None
    name, argument = function
    if name == "Ref":
        return f"${{{argument}}}" if isinstance(argument, str) else None
    if name == "Sub":
        template = argument[0] if isinstance(argument, list) and argument else argument
        return template if isinstance(template, str) else None
    return _joined(argument, depth + 1) if name == "Join" else None


def _joined(argument: Any, depth: int) -> str | None:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not isinstance(argument[1], list):
        return None
    parts = [_text(part, depth) for part in argument[1]]
    return argument[0].join("${…}" if part is None else part for part in parts)


def _function(value: Any) -> tuple[str, Any] | None:
    """The function that a value calls, in its short or long form."""
    if isinstance(value, Tagged):
        return value.tag.removeprefix("!"), value.value
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if _FUNCTION.fullmatch(name):
            return name.removeprefix("Fn::"), argument
    return None
