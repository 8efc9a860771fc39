"""Kubernetes manifests that give variables to a Medplum server: ``ConfigMap``, ``Secret``, and the containers of pods.

Each object, and each container with variables of its own, is a document: which of them reach the same server is not followed. A file may
hold several objects, also in a ``List``. A ``Service`` of Knative, as Cloud Run takes and exports it, has pods too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..documents.command_lines import never_read, reads_variables
from ..documents.editors import editor_in
from ..documents.images import is_app_image, is_server_image
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, Suppression
from ..documents.variables import Variable, VariableHolder, configures_server, holders_of_server, load_variables, unless_kind
from ..documents.variables_in_yaml import (
    VariablePart,
    YamlValue,
    checked_as_text,
    is_sound,
    lines_of,
    mentions_medplum,
    placed_variables,
    suppression_comments_of,
    text_problems,
)
from ..model import UNKNOWN

KINDS = ("server/env",)
NAMES = ("*.yaml", "*.yml")

_POD_SPECS: Final = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_POD_SPECS_OF_OTHERS: Final = {
    ("serving.knative.dev", "Service"): ("spec", "template", "spec"),
    ("serving.knative.dev", "Configuration"): ("spec", "template", "spec"),
    ("serving.knative.dev", "Revision"): ("spec",),
    ("run.googleapis.com", "Job"): ("spec", "template", "spec", "template", "spec"),
}
"""Those of Knative, whose services Cloud Run runs, and of Cloud Run itself: their kinds are called as others of Kubernetes are."""
_READER: Final = "where only text is accepted, so the manifest is refused"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file holds manifests, and variables of a server in them."""
    if not mentions_medplum(file):
        return None
    objects = list(_objects(file))
    if not objects:
        return None
    if any(_is_servers(part, file) for one in objects for part in _holders(one)):
        return Recognised("server/env", Confidence.LIKELY)
    names = [name for one in objects for part in _holders(one) for name in _names(part, file)]
    note = f"Kubernetes manifests without variables of a Medplum server{unless_kind(names)}"
    return Recognised(None, Confidence.PLAUSIBLE, note, broken_off(file, *file.yaml))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each object or container; mistakes in the text are reported with the first."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    every = ((one, holder) for one in _objects(file) for holder in _holders(one))
    for one, holder in holders_of_server(every, lambda pair: _is_servers(pair[1], file), lambda pair: _names(pair[1], file)):
        loaded.append(_load(file, one, holder, problems, comments.suppressions))
        problems = []
    return loaded


def _objects(file: SourceFile) -> Iterator[YamlValue]:
    """The objects of the file, those of lists included."""
    for yaml in file.yaml:
        root = YamlValue(yaml, ())
        items = root.at("items").value
        if _kind(root) == "List" and isinstance(items, list):
            yield from (root.at("items", index) for index in range(len(items)) if _kind(root.at("items", index)))
        elif _kind(root):
            yield root


def _kind(part: YamlValue) -> str:
    value = part.value
    if not isinstance(value, dict) or not isinstance(value.get("apiVersion"), str):
        return ""
    kind = value.get("kind")
    return kind if isinstance(kind, str) else ""


def _holders(one: YamlValue) -> Iterator[YamlValue]:
    """What holds variables in an object: the object itself, or its containers."""
    kind = _kind(one)
    if kind in ("ConfigMap", "Secret"):
        yield one
    group = str(one.value["apiVersion"]).partition("/")[0]
    spec = _POD_SPECS_OF_OTHERS.get((group, kind)) or _POD_SPECS.get(kind)
    if spec is None:
        return
    for name in ("containers", "initContainers"):
        containers = one.at(*spec, name)
        given = containers.value
        yield from (containers.at(index) for index in range(len(given) if isinstance(given, list) else 0))


def _variables(holder: YamlValue, content: str) -> list[Variable]:
    kind = _kind(holder)
    if kind == "Secret":
        return [
            *(_decoded(one) for one in _checked(holder.at("data"), content)),
            *_checked(holder.at("stringData"), content),
        ]
    return _checked(holder.at("data" if kind else "env"), content)


def _checked(part: YamlValue, content: str) -> list[Variable]:
    """The variables of a mapping or list; a value that YAML takes for something else than text is a mistake."""
    return [checked_as_text(variable, value, _READER) for variable, value in placed_variables(part, content)]


def _decoded(variable: Variable) -> Variable:
    """A value of ``data`` of a ``Secret``, which is base64."""
    if variable.text is None or variable.mistake is not None:
        return variable
    import base64  # no other format needs it

    try:
        decoded = base64.b64decode(variable.text.replace("\r", "").replace("\n", ""), validate=True)
    except ValueError:
        message = "is not base64, as the values under data of a Secret must be; encode it, or move it under stringData"
        return variable._replace(text=None, mistake=("invalid-base64", message))
    try:
        text: str | None = decoded.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    return variable._replace(text=text, quoting="encode the value with real line breaks and without backslashes")


def _parts(holder: YamlValue) -> Iterator[VariablePart]:
    """Where variables can be edited. Their texts must be texts to YAML too."""
    if _kind(holder) == "Secret":
        yield VariablePart(holder.at("stringData"))
        yield VariablePart(holder.at("data"), _encoded)
    else:
        yield VariablePart(holder.at("data" if _kind(holder) else "env"))


def _encoded(text: str) -> str:
    import base64

    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _is_servers(holder: YamlValue, file: SourceFile) -> bool:
    """Whether variables of a server are given here; to a container with the server's image all that begin so are."""
    names = _names(holder, file)
    image = holder.at("image").value
    if is_server_image(image) and any(name.startswith("MEDPLUM_") for name in names):
        return True
    return configures_server(names)


def _names(holder: YamlValue, file: SourceFile) -> list[str]:
    """The names of the variables; those of the app are none of a server."""
    if is_app_image(holder.at("image").value):
        return []
    return [variable.name for variable in _variables(holder, file.text.content)]


def _load(file: SourceFile, one: YamlValue, holder: YamlValue, problems: list[Problem], suppressions: tuple[Suppression, ...]) -> Loaded:
    ours = is_server_image(holder.at("image").value)
    reads = reads_variables(holder.at("command").value or None, holder.at("args").value) if ours else "unknown"
    if UNKNOWN in (holder.at("command").value, holder.at("args").value):
        reads = "unknown"
    elsewhere = holder.at("envFrom").value is not None
    place = VariableHolder(
        environment=_name(one, holder),
        type=_kind(holder) or "container",
        start=_start(holder).head(),
        lines=lines_of(file),
        sound=is_sound(file),
        complete=reads == "only" and holder.yaml.whole and not elsewhere,
        partial=elsewhere,
        strict=ours,
        image=holder.at("image").value if ours else "",
    )
    name = holder.at("name").value
    problems = [*problems, *never_read(reads, file.server, "container", name, _start(holder).head(), 'args: ["env"]')]
    variables = _variables(holder, file.text.content)
    return load_variables(file, variables, place, problems, suppressions, editor_in(file, holder, _variables, _parts))


def _start(holder: YamlValue) -> YamlValue:
    return next((holder.at(name) for name in ("env", "data", "stringData") if holder.at(name).value is not None), holder)


def _name(one: YamlValue, holder: YamlValue) -> str | None:
    """The name of the object; of a container beside others also its own."""
    name = one.at("metadata", "name").value
    shown = name if isinstance(name, str) else None
    if one.path == holder.path or shown is None:
        return shown
    container = holder.at("name").value
    siblings = YamlValue(holder.yaml, holder.path[:-1]).value
    return f"{shown}/{container}" if isinstance(container, str) and len(siblings) > 1 else shown
