"""Kubernetes manifests that give variables to a Medplum server: ``ConfigMap``, ``Secret``, and the containers of pods.

A container is a document, made of its ``env`` and of the run's objects that it names in ``envFrom`` and ``valueFrom``, combined like the
kubelet does. Of several sources of ``envFrom`` the last one counts, ``env`` overrides all of them, and the last of two entries counts
(``Container`` in the API reference). An object that no container names is a document of its own. A file may have several objects, also in a
``List``. A ``Service`` of Knative, as Cloud Run takes and exports it, has pods too.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

from ..documents.containers.command_lines import start_in
from ..documents.containers.documents import Container, Given, container, for_server, holder_in, load_servers, load_sum, recognised
from ..documents.containers.images import is_server_image
from ..documents.containers.mounts import Mount, Mounts, target_of
from ..documents.containers.workload import Described, as_is, is_companion, mebibytes, milliseconds, mounted_at, put_check
from ..documents.source import Loaded, Recognised, SourceFile, folder_of, once_per_file
from ..documents.sums import may_share
from ..documents.variables.documents import Variable, VariableHolder
from ..documents.variables.in_yaml import Block, Node, file_within, has_prefixed, mentions_medplum, text_problems, variables_in, yaml_roots
from ..model import UNKNOWN, gathered, sentence
from ..redaction.values import Hidden
from ..settings.env_names import PREFIX
from ..text import lookup
from ..typed import Any, Final

KINDS = ("server/env",)
NAMES = ("*.yaml", "*.yml")

_POD_SPECS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys("Deployment StatefulSet DaemonSet ReplicaSet Job".split(), ("spec", "template", "spec")),
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_POD_SPECS_OF_OTHERS: Final = {
    ("serving.knative.dev", "Service"): ("spec", "template", "spec"),
    ("serving.knative.dev", "Configuration"): ("spec", "template", "spec"),
    ("serving.knative.dev", "Revision"): ("spec",),
    ("run.googleapis.com", "Job"): ("spec", "template", "spec", "template", "spec"),
}
"""Those of Knative, whose services Cloud Run runs, and of Cloud Run itself: their kinds have the same names as others of Kubernetes."""
_OBJECTS: Final = {"configMapRef": "ConfigMap", "secretRef": "Secret", "configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
"""The kinds of objects that give a container variables, by the words that name them."""
_READER: Final = sentence("where only text is accepted", "the manifest is refused", by=", so ")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file has manifests with variables of a server."""
    mentioned = mentions_medplum(file)
    if not mentioned and not _may_get_variables(file):
        return None
    note = "Kubernetes manifests without variables of a Medplum server" if mentioned and any(_objects(file)) else ""
    return recognised(file, _containers(file), note)


def _may_get_variables(file: SourceFile) -> bool:
    """Whether a file that does not mention Medplum can name objects of the run that do: other YAML is not parsed."""
    is_referring = any(word in file.text.content for word in _OBJECTS)
    return is_referring and any(one.uri != file.uri for one in file.around.given(file, PREFIX))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each object or container; mistakes in the text are reported with the first."""
    return load_servers(_containers(file), text_problems(file))


@once_per_file
def _containers(file: SourceFile) -> list[Container]:
    """The holders of variables that may be a server's: objects, and the containers in them."""
    return [_container(one, node) for one in _objects(file) for node in _holders(one) if _can_be_servers(node)]


def _objects(file: SourceFile) -> Iterator[Node]:
    """The objects of the file, including those in lists."""
    for root in yaml_roots(file):
        yield from (item for item in (root.at("items").items if _kind(root) == "List" else [root]) if _kind(item))


def _kind(node: Node) -> str:
    value = node.mapping
    kind = value.get("kind") if isinstance(value.get("apiVersion"), str) else None
    return kind if isinstance(kind, str) else ""


def _holders(node: Node) -> Iterator[Node]:
    """The holders of variables in an object: the object itself, or its containers."""
    kind = _kind(node)
    if kind in ("ConfigMap", "Secret"):
        yield node
    group = str(node.value["apiVersion"]).partition("/")[0]
    spec = _POD_SPECS_OF_OTHERS.get((group, kind)) or _POD_SPECS.get(kind)
    for name in ("containers", "initContainers") if spec is not None else ():
        yield from node.at(*spec or (), name).items


def _blocks(node: Node) -> tuple[Block, ...]:
    """The variables in an object or a container; a value that YAML does not read as text is a mistake."""
    kind = _kind(node)
    if kind != "Secret":
        return (Block(node.at("data" if kind else "env"), reader=_READER),)
    encoded = Block(node.at("data"), reader=_READER, read=_decoded, write=_encoded)
    return encoded, Block(node.at("stringData"), reader=_READER)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _decoded(variable: Variable) -> Variable:
    """A value of ``data`` of a ``Secret``, which is base64."""
    if variable.text is None or variable.mistake is not None:
        return variable
    try:
        decoded = base64.b64decode(variable.text.replace("\r", "").replace("\n", ""), validate=True)
    except ValueError:
        what, remedy = "is not base64, as the values under data of a Secret must be", "encode it, or move it under stringData"
        message = sentence(what, "Kubernetes refuses the Secret", remedy, by=", so ")
        return variable._replace(text=None, mistake=("invalid-base64", message))
    try:
        text: str | None = decoded.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    return variable._replace(text=text, quoting="encode the value with real line breaks and without backslashes")


def _can_be_servers(node: Node) -> bool:
    """Whether there are variables with the server's prefix, or some may come from elsewhere, or one of its files is mounted."""
    others = ("args", "envFrom", "volumeMounts") if is_server_image(node.at("image").value) else ("envFrom",)
    return any(node.at(name).value is not None for name in others) or any(has_prefixed(block.at) for block in _blocks(node))


def _container(one: Node, node: Node) -> Container:
    """A container, or a ``ConfigMap`` or ``Secret`` by itself, whose container can have more."""
    image = node.at("image").value
    given, objects, lacks = _gathered(one, node)
    mounts = Mounts([_mount(mount, one, node) for mount in node.at("volumeMounts").items], _is_whole(one, node))
    members = ("command", "args", "workingDir", "")
    start = start_in("container", node, members, 'args: ["{}"]')._replace(mounts=mounts)

    has_variables = any(one.variable.name.startswith(PREFIX) for one in given)

    def load() -> Loaded:
        holder = for_server(_holder(one, node), image, start, whole=node.tree.whole, lacks=lacks, has_variables=has_variables)
        return load_sum(holder, given, objects)._replace(start=start.started(whole=not lacks), unread=start.unread())

    return container([one.variable.name for one in given], image, load, is_started=start.is_known)


def _is_whole(one: Node, node: Node) -> bool:
    """Whether a container has no other mounts: its object is not a patch, which has no selector, and nothing injects any."""
    annotations = node.above(3).at("metadata", "annotations").mapping
    is_patch = _kind(one) in _SELECTING and one.at("spec", "selector").value is None
    return node.tree.whole and not is_patch and not any("inject" in str(name) for name in annotations)


_SELECTING: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
"""The objects that must select their pods."""


def _mount(mount: Node, node: Node, container: Node) -> Mount:
    """A ConfigMap or a Secret that is mounted as files, or as one with ``subPath``; the content of other volumes is not known."""
    volumes = container.above(2).at("volumes").items
    volume = next((volume for volume in volumes if volume.at("name").value == mount.at("name").value), None)
    part = mount.at("subPath").value

    def found(beneath: str) -> SourceFile | None:
        kind = next((kind for kind in _VOLUMES if volume is not None and volume.at(kind).value is not None), None)
        if volume is None or kind is None:
            return None
        word, name = _VOLUMES[kind]
        items, key = volume.at(kind, "items"), beneath if part is None else part
        if items.value is not None:
            key = next((item.at("key").value for item in items.items if item.at("path").value == key), None)
        named = _object(word, volume.at(kind, name).text, node) if isinstance(key, str) else None
        return file_within(named.at("stringData" if word == "Secret" else "data", key)) if named is not None else None

    return Mount(target_of(mount.value), found)


_VOLUMES: Final = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}
"""The volumes whose files are the values of an object: its kind, and the member that names it."""


# --- The environment of a container --------------------------------------------------------------------------------------------------

_MEMBERS: Final = (
    ("image", "image", as_is(str)),
    ("entryPoint", "command", bool),
    ("memory", "resources.limits.memory", mebibytes),
    ("readOnly", "securityContext.readOnlyRootFilesystem", as_is(bool)),
)
"""The members of a container for :mod:`linter.documents.containers.workload`."""


def workloads(file: SourceFile) -> list[Described]:
    """Every container of the file except init containers, described for the environment of a server."""
    return [_described(one, node) for one in _objects(file) for node in _holders(one) if node.path[-2:-1] == ("containers",)]


def _described(one: Node, node: Node) -> Described:
    spec = node.above(2)
    described = Described(_holder(one, node), node.at)
    described.read(_MEMBERS)
    described.put_read("replicas", one.at("spec", "replicas"), as_is(int))
    described.put_read("gracePeriod", spec.at("terminationGracePeriodSeconds"), milliseconds)
    count = sum(len(value) for name in ("containers", "initContainers") if isinstance(value := spec.at(name).value, list))
    shares = spec.at("hostNetwork").value
    described.put("network", UNKNOWN if shares not in (None, False) else "shared" if count > 1 else "own", node)
    described.working_folder = described.known(node.at("workingDir"))
    described.command = node.at("command"), node.at("args")
    described.lacks = node.at("envFrom").value is not None
    described.give(variables_in(_blocks(node)), node.file)
    if is_companion(described.image):
        described.hosts = set(_hosts(one))
    described.put_list("mounts", node.at("volumeMounts").items, mounted_at)
    for kind in ("liveness", "readiness", "startup"):
        _put_probe(described, kind, node.at(f"{kind}Probe"), is_pod=str(one.value["apiVersion"]) in ("apps/v1", "v1"))
    return described


def _hosts(node: Node) -> Iterator[str]:
    """The names of the services of a file that lead to the pods of an object."""
    labels = node.at("spec", "template", "metadata", "labels").mapping
    services = _by_selector(node.file)
    for label in labels.items():
        for selector, name, namespace in services.get(label, ()) if isinstance(label[1], str) else ():
            if namespace == _namespace(node) and all(labels.get(key) == value for key, value in selector.items()):
                yield name
                yield from (f"{name}.{namespace}{rest}" for rest in ("", ".svc", ".svc.cluster.local") if namespace is not None)


@once_per_file
def _by_selector(file: SourceFile) -> dict[Any, list[tuple[dict[Any, Any], str, str | None]]]:
    """The services of a file by the first label of their selector: the selector, their name and their namespace."""
    found: dict[Any, list[tuple[dict[Any, Any], str, str | None]]] = {}
    for service in _objects(file):
        selector, name = service.at("spec", "selector").mapping, service.at("metadata", "name").text
        first = next(iter(selector.items()), (None, None))
        if _kind(service) == "Service" and isinstance(first[1], str) and name is not None:
            found.setdefault(first, []).append((selector, name, _namespace(service)))
    return found


def _put_probe(described: Described, kind: str, probe: Node, *, is_pod: bool) -> None:
    asked, name = probe.first("httpGet", "tcpSocket"), f"probes.{kind}"
    if asked is not probe:
        port = asked.at("port").value
        ports = described.find("ports").items if isinstance(port, str) else []
        named = [item.at("containerPort").value for item in ports if item.at("name").value == port]
        described.put(f"{name}.port", as_is(int)(named[0] if named else port), asked.at("port"))
    if asked.path[-1] == "httpGet":
        path = described.known(asked.at("path"))
        path = path.partition("?")[0] if isinstance(path, str) else "/" if path is None else UNKNOWN
        described.put(f"{name}.path", path, asked.at("path"))
    put_check(described, kind, probe.at("exec", "command"), probe.at("exec", "command").value)
    defaults = {"initialDelaySeconds": 0, "periodSeconds": 10, "failureThreshold": 3}
    given = [probe.mapping.get(word, default) for word, default in defaults.items()]
    if is_pod and probe.mapping and all(type(number) is int for number in given):
        described.put(f"{name}.allows", given[0] + given[1] * given[2], probe)


def _holder(one: Node, node: Node) -> VariableHolder:
    """An object, or a container in it, as a holder of variables."""
    holder = holder_in(node, _kind(node) or "container", node.first("env", "data", "stringData"), _blocks)
    return holder._replace(environment=_name(one, node), closed=_in_secrets(node.file))


@once_per_file
def _in_secrets(file: SourceFile) -> Callable[[int], Hidden | None]:
    """A function that gives what is hidden at an offset: the values of each Secret, whatever the names are."""
    return lookup(lambda: [(one.place().value, "values") for one in _objects(file) if _kind(one) == "Secret"])


def _name(one: Node, node: Node) -> str | None:
    """The name of the object; for a container also its own, so that its name does not depend on whether there is another one."""
    name, own = one.at("metadata", "name").text, node.at("name").text
    return name if name is None or own is None or one.path == node.path else f"{name}/{own}"


# --- Variables from other objects ----------------------------------------------------------------------------------------


def _gathered(one: Node, node: Node) -> tuple[list[Given], list[VariableHolder], bool]:
    """The variables of a container in order of precedence, the known objects that it names, and whether some are not known."""
    own = _holder(one, node)
    given: list[Given] = []
    objects: list[VariableHolder] = []
    sources = node.at("envFrom")
    lacks = not isinstance(sources.value, list | None) or bool(_kind(node))
    for source in sources.items:
        named, prefix = _named(source, one), source.at("prefix").value
        holder = _object_holder(named, editable=not prefix) if named is not None and isinstance(prefix, str | None) else None
        if holder is None or not may_share(holder.place, holder.file, len(holder.variables), own.place):
            lacks = True
            continue
        objects.append(holder)
        renamed = (variable._replace(name=f"{prefix or ''}{variable.name}") for variable in holder.variables)
        given.extend(Given(variable, holder) for variable in renamed if variable.name.startswith(PREFIX))
    for variable in variables_in(_blocks(node)):
        source = node._replace(path=variable.at).at("valueFrom")
        given.extend([Given(variable, own)] if source.value is None else _fetched(Given(variable, own), source, one))
    return given, objects, lacks


def _fetched(given: Given, source: Node, node: Node) -> Iterator[Given]:
    """A variable with the value of an object's key: nothing if that is optional and missing."""
    named, reference = _named(source, node), source.first(*_OBJECTS)
    there = _of_key(named, reference.at("key").value) if named is not None else None
    if named is not None and there is not None:
        yield Given(there._replace(name=given.variable.name), _object_holder(named, editable=False))
    elif named is None or reference.at("optional").value is not True or not named.tree.whole:
        yield given


def _of_key(node: Node, key: Any) -> Variable | None:
    """The value of an object's key, which need not be the name of a variable."""
    blocks = (block for block in reversed(_blocks(node)) if isinstance(key, str) and key in block.at.mapping)
    return next((block.member(key) for block in blocks), None)


def _named(source: Node, node: Node) -> Node | None:
    """The object that a source of variables names for an object; None if it is not known, or ambiguous.

    It is in the same file, else in the same folder, else in the run: there may be one of the name for each environment.
    """
    reference = source.first(*_OBJECTS)
    return _object(_OBJECTS.get(str(reference.path[-1]), ""), reference.at("name").text, node)


def _object(kind: str, name: str | None, node: Node) -> Node | None:
    """The object of a kind and a name that another one refers to; see :func:`_named`."""
    if name is None:
        return None
    file, namespace = node.file, _namespace(node)
    every = file.around.cached(("Kubernetes objects", file.release), lambda: _index(file))
    alike = [one for one in every.get((kind, name), []) if namespace is None or _namespace(one) in (namespace, None)]
    same_file = [one for one in alike if one.file.uri == file.uri]
    fitting = same_file or [one for one in alike if folder_of(one.file.uri) == folder_of(file.uri)] or alike
    return fitting[0] if len(fitting) == 1 else None


def _index(file: SourceFile) -> dict[tuple[str, str], list[Node]]:
    """The objects of the run by kind and name."""
    every = (node for other in file.around.given(file, "ConfigMap", "Secret") for node in _objects(other))
    named = ((_kind(node), node.at("metadata", "name").text, node) for node in every)
    return gathered(((kind, name), node) for kind, name, node in named if kind in ("ConfigMap", "Secret") and name is not None)


def _namespace(node: Node) -> str | None:
    """The namespace of an object; None if it is given when it is applied."""
    return node.at("metadata", "namespace").text


def _object_holder(node: Node, *, editable: bool) -> VariableHolder:
    """An object that gives variables to a container; if that uses other names for them they are not edited."""
    name = ("Kubernetes object", node.file.uri, node.file.release, node.place().value.start)
    holder = node.file.around.cached(name, lambda: _holder(node, node)._replace(variables=tuple(variables_in(_blocks(node)))))
    return holder if editable else holder._replace(editor=None)
