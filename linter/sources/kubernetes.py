"""Kubernetes manifests that give variables to a Medplum server: ``ConfigMap``, ``Secret``, and the containers of pods.

A container is a document: of its ``env``, and of the objects of the run that it names in ``envFrom`` and ``valueFrom``, as the kubelet puts
them together. Of several sources of ``envFrom`` the last one counts, ``env`` counts over all of them, and so does the last of two entries
(``Container`` in the reference of the API). An object that no container names is a document of its own. A file may hold several objects,
also in a ``List``. A ``Service`` of Knative, as Cloud Run takes and exports it, has pods too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.command_lines import never_read, reads_variables
from ..documents.editors import editor_in
from ..documents.images import is_app_image, is_server_image
from ..documents.origin import Closed
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, Suppression
from ..documents.sums import Given, Piece, load_piece, load_sum
from ..documents.variables import Variable, VariableHolder, configures_server, holders_of_server, unless_kind
from ..documents.variables_in_yaml import (
    VariablePart,
    YamlValue,
    checked_as_text,
    has_prefixed,
    is_sound,
    lines_of,
    member_of,
    mentions_medplum,
    placed_variables,
    suppression_comments_of,
    text_problems,
)
from ..model import UNKNOWN
from ..settings.env_names import PREFIX
from ..typed import Any, Final, NamedTuple

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
_REFERENCES: Final = ("configMapRef", "secretRef", "configMapKeyRef", "secretKeyRef")
"""Words that stand in a container that gets variables from elsewhere."""
_OBJECTS: Final = {"configMapRef": "ConfigMap", "secretRef": "Secret", "configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_READER: Final = "where only text is accepted, so the manifest is refused"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file holds manifests, and variables of a server in them."""
    mentioned = mentions_medplum(file)
    if not mentioned and not _may_get_variables(file):
        return None
    objects = _objects(file)
    if any(_is_servers(part, file) for _, part in _candidates(file)):
        return Recognised("server/env", Confidence.LIKELY)
    if not objects or not mentioned:
        return None
    names = [name for _, part in _candidates(file) for name in _names(part, file)]
    note = f"Kubernetes manifests without variables of a Medplum server{unless_kind(names)}"
    return Recognised(None, Confidence.PLAUSIBLE, note, broken_off(file, *file.yaml))


def _may_get_variables(file: SourceFile) -> bool:
    """Whether a file that does not mention Medplum can name objects of the run that do: no other YAML is read for it."""
    if not any(word in file.text.content for word in _REFERENCES):
        return False
    return any(one.uri != file.uri for one in file.around.given(file, PREFIX))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each object or container; mistakes in the text are reported with the first."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    for one, holder in holders_of_server(_candidates(file), lambda pair: _is_servers(pair[1], file), lambda pair: _names(pair[1], file)):
        loaded.append(_load(file, one, holder, problems, comments.suppressions))
        problems = []
    return loaded


def _objects(file: SourceFile) -> tuple[YamlValue, ...]:
    """The objects of the file, those of lists included."""
    objects: tuple[YamlValue, ...] = file.for_all_servers("Kubernetes objects", lambda: tuple(_found_objects(file)))
    return objects


def _candidates(file: SourceFile) -> tuple[tuple[YamlValue, YamlValue], ...]:
    """What holds variables that may be a server's, each behind the object that it is, or is in."""

    def found() -> Iterator[tuple[YamlValue, YamlValue]]:
        return ((one, holder) for one in _objects(file) for holder in _holders(one) if _can_be_servers(holder))

    candidates: tuple[tuple[YamlValue, YamlValue], ...] = file.for_all_servers("Kubernetes holders", lambda: tuple(found()))
    return candidates


def _found_objects(file: SourceFile) -> Iterator[YamlValue]:
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


def _can_be_servers(holder: YamlValue) -> bool:
    """Whether variables that begin as those of a server do stand here, or may come from elsewhere: of others no name counts."""
    kind = _kind(holder)
    if not kind and holder.at("envFrom").value is not None:
        return True
    parts = ("data", "stringData") if kind == "Secret" else ("data",) if kind else ("env",)
    return any(has_prefixed(holder.at(part)) for part in parts)


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
    variables = _variables(holder, file.text.content)
    if not _kind(holder) and _refers(holder, variables):
        return [entry.variable.name for entry in _environment(holder, file).entries]
    return [variable.name for variable in variables]


def _refers(container: YamlValue, variables: list[Variable]) -> bool:
    return container.at("envFrom").value is not None or any(variable.text is None for variable in variables)


def _load(file: SourceFile, one: YamlValue, holder: YamlValue, problems: list[Problem], suppressions: tuple[Suppression, ...]) -> Loaded:
    piece = _piece(file, one, holder, problems, suppressions)
    if _kind(holder):
        part = piece.holder._replace(partial=True)  # whose container can have more, and is not known here
        return load_piece(piece._replace(holder=part, variables=tuple(_variables(holder, file.text.content))))
    ours = is_server_image(holder.at("image").value)
    reads = reads_variables(holder.at("command").value or None, holder.at("args").value) if ours else "unknown"
    if UNKNOWN in (holder.at("command").value, holder.at("args").value):
        reads = "unknown"
    environment = _environment(holder, file)
    place = piece.holder._replace(
        complete=reads == "only" and holder.yaml.whole and not environment.lacks,
        partial=environment.lacks,
        strict=ours,
        image=holder.at("image").value if ours else "",
    )
    name = holder.at("name").value
    never = never_read(reads, file.server, "container", name, _start(holder).head(), 'args: ["env"]')
    main = piece._replace(holder=place, problems=(*piece.problems, *never))
    given = [Given(entry.variable, entry.piece or main) for entry in environment.entries]
    return load_sum(main, given, also=environment.objects)


def _piece(file: SourceFile, one: YamlValue, holder: YamlValue, problems: list[Problem], suppressions: tuple[Suppression, ...]) -> Piece:
    """An object or a container as a place with variables, which are not read for it."""
    place = VariableHolder(
        environment=_name(one, holder),
        type=_kind(holder) or "container",
        start=_start(holder).head(),
        lines=lines_of(file),
        closed=_secrets(file).at,
        sound=is_sound(file),
    )
    editor = editor_in(file, holder, _variables, _parts)
    return Piece(file, holder.place().value.start, place, (), tuple(problems), suppressions, editor)


def _secrets(file: SourceFile) -> Closed:
    """The Secrets of a file, in which no value may be seen."""
    made: Closed = file.cached(
        "Secrets", lambda: Closed(lambda: [(one.place().value, "values") for one in _objects(file) if _kind(one) == "Secret"])
    )
    return made


# --- What a container gets from other objects ----------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """A variable that a container gets, and the object that gives it; None where it stands in the container."""

    variable: Variable
    piece: Piece | None


class _Environment(NamedTuple):
    """The variables of a container, in the order in which they count.

    ``lacks``: it gets some from what is not known here. ``objects`` are all that it names and that are known.
    """

    entries: list[_Entry]
    lacks: bool
    objects: list[Piece]


class _Object(NamedTuple):
    """A ``ConfigMap`` or a ``Secret`` of the run."""

    file: SourceFile
    value: YamlValue


def _environment(container: YamlValue, file: SourceFile) -> _Environment:
    """What a container gets; of ``envFrom`` and of ``valueFrom`` what the objects of the run say."""
    sources = container.at("envFrom")
    count = len(sources.value) if isinstance(sources.value, list) else 0
    found = _Environment([], sources.value is not None and not isinstance(sources.value, list), [])
    for index in range(count):
        source = sources.at(index)
        word = next((word for word in ("configMapRef", "secretRef") if source.at(word).value is not None), "")
        one, prefix = _object(word, source.at(word, "name").value, container, file), source.at("prefix").value
        if one is None or not isinstance(prefix, str | None):
            found = found._replace(lacks=True)
            continue
        piece = _piece_of(one, editable=not prefix)
        if not piece.is_given_to((file.uri, container.place().value.start)):
            found = found._replace(lacks=True)
            continue
        found.objects.append(piece)
        named = ((variable, f"{prefix or ''}{variable.name}") for variable in piece.variables)
        found.entries.extend(_Entry(variable._replace(name=name), piece) for variable, name in named if name.startswith(PREFIX))
    for variable in _variables(container, file.text.content):
        at = YamlValue(container.yaml, variable.at).at("valueFrom")
        found.entries.extend([_Entry(variable, None)] if at.value is None else _fetched(variable, at, container, file))
    found.objects.extend(entry.piece for entry in found.entries if entry.piece is not None)
    return found


def _fetched(variable: Variable, source: YamlValue, container: YamlValue, file: SourceFile) -> Iterator[_Entry]:
    """A variable that has the value of a key of an object: nothing where that may be missing, and is."""
    word = next((word for word in ("configMapKeyRef", "secretKeyRef") if source.at(word).value is not None), "")
    one, key = _object(word, source.at(word, "name").value, container, file), source.at(word, "key").value
    there = _of_key(one, key) if one is not None and isinstance(key, str) else None
    if one is not None and there is not None:
        yield _Entry(there._replace(name=variable.name), _piece_of(one, editable=False))
    elif one is None or source.at(word, "optional").value is not True or not one.value.yaml.whole:
        yield _Entry(variable, None)


def _of_key(one: _Object, key: str) -> Variable | None:
    """What stands under a key of an object, which need not be the name of a variable."""
    if _kind(one.value) != "Secret":
        return _checked_member(one.value.at("data"), key)
    plain, encoded = _checked_member(one.value.at("stringData"), key), _checked_member(one.value.at("data"), key)
    return plain or (_decoded(encoded) if encoded is not None else None)


def _checked_member(part: YamlValue, key: str) -> Variable | None:
    found = member_of(part, key)
    return checked_as_text(*found, _READER) if found is not None else None


def _object(word: str, name: Any, container: YamlValue, file: SourceFile) -> _Object | None:
    """The object that a reference names; None where it is not known, or several can be meant.

    It is one of the same file, else of the same folder, else of the run: there may be one of the name for each environment.
    """
    if word not in _OBJECTS or not isinstance(name, str):
        return None
    every: _Index = file.around.cached(("Kubernetes objects", file.release), lambda: _index(file))
    namespace = _namespace(_root_of(container))
    for scope in _scopes(file):
        names = [namespace, None] if namespace is not None else [_ANY]
        fitting = [one for own in names for one in every.get((scope, _OBJECTS[word], name, own), ())]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


_Index = dict[tuple[str, str, str, Any], list[_Object]]
_ANY: Final = "*"
"""Stands for any namespace, of which none is called so."""


def _index(file: SourceFile) -> _Index:
    """The objects of the run by scope, kind, name and namespace; of several with one name two, for nobody knows which is meant."""
    index: _Index = {}
    for other in file.around.given(file, "ConfigMap", "Secret"):
        for one in _objects(other):
            name = one.at("metadata", "name").value
            if _kind(one) not in ("ConfigMap", "Secret") or not isinstance(name, str):
                continue
            own = _namespace(one)
            for key in ((scope, _kind(one), name, named) for scope in _scopes(other) for named in (own, _ANY)):
                if len(index.setdefault(key, [])) < 2:
                    index[key].append(_Object(other, one))
    return index


def _scopes(file: SourceFile) -> tuple[str, str, str]:
    """Where an object is looked for: in the same file, in the same folder, in all of the run."""
    return f"file {file.uri}", f"folder {file.uri.rpartition('/')[0]}", ""


def _namespace(one: YamlValue) -> str | None:
    """The namespace of an object; None where that is said when it is applied."""
    name = one.at("metadata", "namespace").value
    return name if isinstance(name, str) else None


def _root_of(container: YamlValue) -> YamlValue:
    """The object in which a container stands."""
    return YamlValue(container.yaml, container.path[:2] if container.path[:1] == ("items",) else ())


def _piece_of(one: _Object, *, editable: bool) -> Piece:
    """An object as a place with variables of a container; where that has other names for them they are not edited."""

    def make() -> Piece:
        comments = suppression_comments_of(one.file)
        problems = [*text_problems(one.file), *comments.problems]
        piece = _piece(one.file, one.value, one.value, problems, comments.suppressions)
        return piece._replace(variables=tuple(_variables(one.value, one.file.text.content)))

    name = ("Kubernetes object", one.file.uri, one.file.release, one.value.place().value.start)
    piece: Piece = one.file.around.cached(name, make)
    return piece if editable else piece._replace(editor=None)


def _start(holder: YamlValue) -> YamlValue:
    return next((holder.at(name) for name in ("env", "data", "stringData") if holder.at(name).value is not None), holder)


def _name(one: YamlValue, holder: YamlValue) -> str | None:
    """The name of the object; of a container also its own, so that it is called the same whether or not there is another one beside it."""
    name = one.at("metadata", "name").value
    shown = name if isinstance(name, str) else None
    if one.path == holder.path or shown is None:
        return shown
    container = holder.at("name").value
    return f"{shown}/{container}" if isinstance(container, str) else shown
