"""Services of a Docker Compose project that run a Medplum server; each is a document, named after the service.

The syntax is that of the Compose specification: ``environment`` is a mapping or a list, ``$NAME`` and ``${NAME:-default}`` are replaced,
``$$`` is a dollar. Compose combines a service from all of its files: the service that it ``extends``, its ``env_file``, the override file
beside the file, which Compose reads by default, and ``.env`` there, whose variables replace ``$NAME``. Any other file, such as ``docker-
compose.prod.yml``, overrides the project's own file beside it only if one of its services has neither an image nor a build, because Compose
refuses it alone. ``environment`` takes precedence over ``env_file``, the later of two files over the earlier, and a service over the one it
extends ("Merge" and "Services" of the specification; "Environment variables precedence" of Docker's manual). The shell in which Compose
runs takes precedence over ``.env``, and is not known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from fnmatch import translate

from ..documents.containers.command_lines import Start, problems_of_start
from ..documents.containers.documents import Container, Given, container, for_server, holder_in, load_servers, load_sum, recognised
from ..documents.containers.mounts import Mount, Mounts, target_of
from ..documents.containers.workload import Described, as_is, digits_of, may_lead_to_others, mebibytes, milliseconds, mounted_at, put_check
from ..documents.source import Loaded, Place, Recognised, SourceFile, Unread, once_per_file
from ..documents.sums import may_share
from ..documents.variables.documents import Variable, VariableHolder, unless_reference
from ..documents.variables.files import COMPOSE_FILES, environment_holder
from ..documents.variables.in_yaml import Block, Node, file_within, mentions_medplum, roots, text_problems, variables_in, yaml_roots
from ..model import UNKNOWN
from ..patterns import pattern
from ..settings.env_names import PREFIX
from ..text import printable
from ..typed import Any, Final, NamedTuple

KINDS = ("server/env",)
NAMES = ("docker-compose*.yml", "docker-compose*.yaml", "compose*.yml", "compose*.yaml")

_OVERRIDES: Final = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml")
"""The names of a project's override file."""
_NAMED: Final = pattern("|".join(map(translate, NAMES)))
"""The names of Compose files."""
_LONGEST: Final = 20
"""The maximum length of a chain of services that extend each other; Compose has no limit, and refuses a cycle."""


class _Project(NamedTuple):
    """A service combined from its files, whether parts of it are not known here, and which file it is named after.

    It has the service in each file, each overriding those before.
    """

    layers: tuple[Node, ...]
    lacks: bool
    main: int

    @property
    def name(self) -> str:
        """The name of the service."""
        return str(self.layers[-1].path[-1])

    def member(self, name: str) -> Node:
        """A member of the service in the last layer that has it: an image, a command."""
        members = (layer.at(name) for layer in reversed(self.layers))
        return next((member for member in members if member.value is not None), self.layers[-1].at(name))

    def given(self, name: str) -> Any:
        """The value of a member."""
        return self.member(name).value


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a Compose file with a service that runs a server."""
    mentioned = mentions_medplum(file)
    if not mentioned and not ("services" in file.text.content and _REFERENCES.search(file.text.content)):
        return None
    note = "a Compose file without a Medplum server that is configured by variables" if mentioned and any(_services(file)) else ""
    found = recognised(file, _containers(file), note)
    if found is None or found.kind is not None:
        return found
    outside = next((one for service in _services(file) for one in _outside(_project(service))), None)
    return found._replace(note=f"{found.note}; {outside.why}") if outside is not None else found


_REFERENCES: Final = re.compile("env_file|extends")
"""Words by which a service gets variables whose names are not in its file."""


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each service; mistakes in the text are reported with the first."""
    return load_servers(_containers(file), text_problems(file))


def _services(file: SourceFile) -> Iterator[Node]:
    return (member for root in yaml_roots(file) for member in root.at("services").members if isinstance(member.value, dict))


@once_per_file
def _containers(file: SourceFile) -> list[Container]:
    """The services of the file."""
    return list(map(_container, _services(file)))


def _container(service: Node) -> Container:
    file, project = service.file, _project(service)
    beside = _beside(file)
    image = _replaced_in(project.given("image"), beside)
    start = _start(project, image, beside)
    holders = [_holder(layer) for layer in project.layers]
    given, files, lacks = _from_files(project, (file.uri, holders[project.main].at))
    given += (one for layer, holder in zip(project.layers, holders, strict=True) for one in _from_layer(layer, holder, beside))

    has_variables = any(one.variable.name.startswith(PREFIX) for one in given)

    def load() -> Loaded:
        main = for_server(
            holders[project.main],
            image,
            start,
            whole=all(layer.tree.whole for layer in project.layers),
            lacks=lacks,
            has_variables=has_variables,
            where=project.member("image").file.uri,
        )
        loaded = load_sum(main, given, [*holders, *files])
        if main.strict and start.at is not None and start.at.file.uri != main.file.uri:
            shared = start._replace(name=None)  # several services can get it from there
            wrong = problems_of_start(shared, main.file.server, start.at.head(), has_variables=has_variables)
            loaded = loaded.with_problems_in(start.at.file.uri, wrong)
        unread = (*_outside(project), *start.unread())
        return loaded._replace(started=_is_started(project), unread=unread, start=start.started(whole=not lacks))

    return container([one.variable.name for one in given], image, load, is_started=start.is_known)


def _outside(project: _Project) -> Iterator[Unread]:
    """The files outside the repository that the layers of a service name, which are not read."""
    for layer in project.layers:
        for path in [*(path for path, _ in _env_files(layer) or ()), layer.at("extends", "file")]:
            file = path.file
            if path.text is not None and file.around.leads_out(file, path.text):
                line = file.text.position(path.place().value.start).line
                yield Unread(file.uri, line, f"{printable(path.text)} is not read: it lies outside the repository of this file")


def _is_started(project: _Project) -> bool:
    """Whether Compose starts the service with the project, whatever other files add: it can run, and is in no profile."""
    return any(project.given(name) is not None for name in ("image", "build")) and not project.given("profiles")


def _holder(service: Node) -> VariableHolder:
    """A service in one file as a holder of variables."""
    start = service.at("environment") if "environment" in service.value else service
    return holder_in(service, "service", start, _blocks)._replace(environment=str(service.path[-1]))


def _blocks(service: Node) -> tuple[Block]:
    return (Block(service.at("environment"), _resolve, write=lambda text: text.replace("$", "$$"), numbers=True),)


def _start(project: _Project, image: Any, beside: Mapping[str, Given] | None) -> Start:
    entry_point, command = (_replaced_in(project.given(name), beside) for name in ("entrypoint", "command"))
    is_written = entry_point is not None or command is not None
    return Start(
        "service",
        project.name,
        image if project.given("build") is None else None,
        UNKNOWN if not is_written and (project.lacks or project.given("build") is not None) else entry_point,
        command,
        "command: {}",
        project.member("entrypoint" if command is None else "command") if is_written else None,
        project.given("working_dir"),
        _mounts(project),
    )


def _replaced_in(value: Any, beside: Mapping[str, Given] | None) -> Any:
    """A text, or the words of a command, with the references in it replaced by the values in ``.env``, as far as these are known."""
    if isinstance(value, list):
        return [_replaced_in(word, beside) if isinstance(word, str) else word for word in value]
    return (_replaced(value, beside) or value) if isinstance(value, str) else value


def _mounts(project: _Project) -> Mounts:
    """The mounts of a service's container: folders and files beside its file, ``configs`` and ``secrets``."""
    kinds = ("volumes", "configs", "secrets")
    nodes = ((name, node) for layer in project.layers for name in kinds for node in layer.at(name).items)
    every = [_volume(node) if name == "volumes" else _mounted_file(node, name) for name, node in nodes]
    return Mounts(every, not project.lacks and project.given("build") is None and project.given("volumes_from") is None)


def _volume(node: Node) -> Mount:
    """A volume in the short or long form; the content of Docker's own volumes is not known."""
    target = target_of(node.value)
    source = (node.text.rpartition(f":{target}")[0] if node.text is not None else node.at("source").text) or ""
    is_path = source.startswith((".", "/"))
    return Mount(target, lambda beneath: node.file.around.find_named(node.file, posixpath.join(source, beneath)) if is_path else None)


def _file_at(path: Node) -> SourceFile | None:
    """The file at the path that is the text of a node; None if it is not known."""
    return path.file.around.find_named(path.file, path.text) if path.text is not None else None


def _mounted_file(node: Node, kind: str) -> Mount:
    """A ``config`` or a ``secret`` of the project, given by its name or with the path of the mount."""
    name, target = node.first("source").text, node.at("target").text
    if name is None:
        return Mount("")
    of_project = Node(node.file, node.tree).at(kind, name)
    path, content = of_project.at("file"), of_project.at("content")

    def found(beneath: str) -> SourceFile | None:
        if beneath:
            return None
        if path.text is not None:
            return _file_at(path)
        return file_within(content) if "$" not in str(content.value) else None

    return Mount(posixpath.join("/run/secrets/" if kind == "secrets" else "/", name if target is None else target), found)


# --- The environment of a service ----------------------------------------------------------------------------------------------------

_MEMBERS: Final = (
    ("entryPoint", "entrypoint", bool),
    ("gracePeriod", "stop_grace_period", milliseconds),
    ("memory", "mem_limit", mebibytes),
    ("memory", "deploy.resources.limits.memory", mebibytes),
    ("network", "network_mode", lambda mode: "host" if mode == "host" else "own" if mode in ("bridge", "default") else "shared"),
    ("readOnly", "read_only", as_is(bool)),
    ("replicas", "scale", as_is(int)),
    ("replicas", "deploy.replicas", as_is(int)),
)
"""The members of a service for :mod:`linter.documents.containers.workload`."""
_PORT: Final = re.compile(r"(?:(?:(?P<address>[\d.]+|\[[\da-fA-F:]+\]):)?(?P<published>\d{0,5}):)?(?P<target>\d{1,5})(?:/(?:tcp|udp))?")


def workloads(file: SourceFile) -> list[Described]:
    """Every service of the file, described for the environment of a server."""
    own = list(_services(file))
    files = {one.uri: one for one in (file, *(laid for service in own for laid in _combined_files(service)))}
    names = {service.path[-1] for service in own}
    others = [service for other in files.values() if other is not file for service in _services(other) if service.path[-1] not in names]
    every = list(map(_described, (*own, *others)))
    tops = [root for file in files.values() for root in roots(file)]
    is_open = any(top.at("include").value or any(member.at("external").value for member in top.at("networks").members) for top in tops)
    modes = [one.known(one.find("network_mode")) for one in every]
    joined = {mode.partition(":")[2] for mode in modes if isinstance(mode, str)}
    for one in every[: len(own)]:
        if UNKNOWN in modes or not one.hosts.isdisjoint(joined):
            one.put("network", UNKNOWN if one.hosts.isdisjoint(joined) else "shared", one.find("image"))
        if ("targets",) in one.leaves and (is_open or any(may_lead_to_others(other) for other in every if other is not one)):
            one.put("targets", UNKNOWN, one.find("ports"))
    return every[: len(own)]


def _described(service: Node) -> Described:
    project, beside = _project(service), _beside(service.file)

    def find(name: str, *others: str) -> Node:
        return project.member(name).at(*others)

    one = Described(_holder(project.layers[project.main]), find, lambda text: _replaced(text, beside))
    image = find("image")
    if find("build").value is None:
        one.read([("image", "image", as_is(str))])
    one.put("network", "own", image)
    one.read(_MEMBERS)
    one.hosts = {str(name) for name in (project.name, one.known(find("container_name"))) if name}
    one.working_folder = one.known(find("working_dir"))
    one.command = find("entrypoint"), find("command")
    for layer in project.layers:
        holder = _holder(layer)
        one.lacks = one.lacks or layer.at("env_file").value is not None
        one.give((given.variable for given in _from_layer(layer, holder, beside)), layer.file)
    mounts = [node for layer in project.layers for name in ("volumes", "tmpfs") for node in _listed(layer.at(name))]
    one.put_list("mounts", mounts, mounted_at)
    if find("volumes_from").value is not None:
        one.put("mounts", UNKNOWN, find("volumes_from"))
    ports = [node for layer in project.layers for node in layer.at("ports").items]
    for index, node in enumerate(ports):
        for name, value in _port(one.known(node)):
            one.put(f"ports.{index}.{name}", value, node)
    one.put_list("targets", ports, lambda value: dict(_port(value)).get("target", UNKNOWN))
    test = find("healthcheck", "test")
    words = test.value
    if isinstance(words, list) and words[:1] in (["CMD"], ["CMD-SHELL"]):
        words = words[1:] if words[0] == "CMD" else "".join(word for word in words[1:2] if isinstance(word, str))
    if words and words != ["NONE"] and find("healthcheck", "disable").value is None:
        put_check(one, "health", test, words)
    return one


def _listed(node: Node) -> list[Node]:
    return node.items if isinstance(node.value, list) else [node] if node.value is not None else []


def _port(value: Any) -> Iterator[tuple[str, Any]]:
    """The address, the published port and the target of an entry of ``ports``, as far as they are known."""
    match = _PORT.fullmatch(digits_of(value))
    given = value if isinstance(value, dict) else match.groupdict() if match is not None else {"target": UNKNOWN, "published": UNKNOWN}
    for name, member in (("address", "host_ip"), ("published", "published"), ("target", "target")):
        found = given.get(name, given.get(member))
        if found not in (None, ""):
            digits = re.fullmatch(r"\d{1,5}", digits_of(found))
            yield name, int(digits[0]) if digits is not None else found if name == "address" and isinstance(found, str) else UNKNOWN


# --- The files of a service -------------------------------------------------------------------------------------------------------


def _project(service: Node) -> _Project:
    """The layers of a service of a file: from the files that Compose combines it with, and the services they extend."""
    file, name = service.file, str(service.path[-1])
    layers: list[Node] = []
    lacks, mains = _is_base(file, name) or len(_files_over(service)) > 1, []
    for own in (service if other is file else _by_name(other).get(name) for other in _combined_files(service)):
        if own is not None:
            found, missing = _extended(own)
            layers, lacks = [*layers, *found], lacks or missing
            mains.append(len(layers) - 1)
    # A missing setting is reported in the project's own file, unless the user named another one.
    return _Project(tuple(layers), lacks, mains[0] if file.name in (*COMPOSE_FILES, *_OVERRIDES) else mains[-1])


def _combined_files(service: Node) -> list[SourceFile]:
    """The files that Compose combines if a service is in one of them: the project's own file, and one over it."""
    file, over = service.file, _files_over(service)
    if file.name in COMPOSE_FILES:
        return [file, *over] if len(over) == 1 else [file]
    is_over = file.name in _OVERRIDES or _is_part(file)
    own = file.around.first(file, COMPOSE_FILES) if is_over else None
    return [own, file] if own is not None else [file]


def _files_over(service: Node) -> list[SourceFile]:
    """The files that Compose can read over the project's own file: its override file, else those with the service that it refuses alone."""
    file, name = service.file, str(service.path[-1])
    if file.name not in COMPOSE_FILES or file.around.first(file, COMPOSE_FILES) is not file:
        return []
    override = file.around.first(file, _OVERRIDES)
    return [override] if override is not None else [one for one in _parts_beside(file) if name in _by_name(one)]


@once_per_file
def _parts_beside(file: SourceFile) -> list[SourceFile]:
    """The files in the folder of a project's own file that Compose refuses by themselves."""
    folder, named = posixpath.dirname(file.uri), file.around.near(file, ("",), _NAMED)
    return [one for one in named if posixpath.dirname(one.uri) == folder and one.name not in COMPOSE_FILES and _is_part(one)]


@once_per_file
def _is_part(file: SourceFile) -> bool:
    """Whether Compose refuses a file by itself: it does not say what one of its services runs."""
    is_named_so = _NAMED.fullmatch(file.name) is not None
    return is_named_so and any({"image", "build", "extends"}.isdisjoint(service.value) for service in _services(file))


def _is_base(file: SourceFile, name: str) -> bool:
    """Whether the project of the folder, or of the one above, extends a service of another file: its additions are not here."""
    return file.name not in (*COMPOSE_FILES, *_OVERRIDES) and (file.uri, name) in _bases_around(file)


@once_per_file
def _bases_around(file: SourceFile) -> set[tuple[str, str]]:
    """The services of other files that the projects around a file extend, each by its file and name."""
    found: set[tuple[str, str]] = set()
    for path in (f"{folder}{name}" for folder in ("", "../") for name in COMPOSE_FILES):
        project = file.around.find(file, path)
        for service in _services(project) if project is not None and "extends" in project.text.content else ():
            if (named := _named_base(service)) is not None:
                found.add((named[0].uri, named[1]))
    return found


@once_per_file
def _by_name(file: SourceFile) -> dict[str, Node]:
    """The services of the file by name."""
    return {str(service.path[-1]): service for service in _services(file)}


def _extended(service: Node) -> tuple[list[Node], bool]:
    """A service combined with the one it extends, and whether parts are not known here. A cycle, which Compose refuses, is ignored."""
    layers = [service]
    places = {_place(service)}
    while layers[0].at("extends").value is not None:
        base = _base(layers[0], _place(service))
        if base is None:
            return layers, True
        if _place(base) in places or len(layers) > _LONGEST:
            return [service], True
        layers.insert(0, base)
        places.add(_place(base))
    return layers, False


def _base(service: Node, server: Place) -> Node | None:
    """The service that another one extends, for a server; None if it is not known."""
    named = _named_base(service)
    base = _by_name(named[0]).get(named[1]) if named is not None else None
    is_usable = base is not None and may_share(_place(base), service.file, len(base.at("environment").value or ()), server)
    return base if is_usable else None


def _named_base(service: Node) -> tuple[SourceFile, str] | None:
    """The file, its own or another one, and the name of the service that one extends; None if they are not known."""
    name, path = service.at("extends").first("service").text, service.at("extends", "file")
    other = service.file if path.value is None else _file_at(path)
    return (other, name) if other is not None and name is not None else None


def _place(service: Node) -> Place:
    return service.file.uri, service.place().value.start


# --- The variables of a service
# -------------------------------------------------------------------------------------------------------------


def _from_files(project: _Project, server: Place) -> tuple[list[Given], list[VariableHolder], bool]:
    """The variables in the files that a service names, these files, and whether it has some that are not known here."""
    given: list[Given] = []
    known: list[VariableHolder] = []
    lacks = project.lacks
    for layer in project.layers:
        files = _env_files(layer)
        lacks = lacks or files is None
        for path, raw in files or ():
            holder = _file_holder(path, raw, server)
            if holder is None:
                lacks = True
                continue
            known.append(holder)
            given.extend(Given(variable, holder) for variable in holder.variables if variable.name.startswith(PREFIX))
    return given, known, lacks


def _env_files(service: Node) -> list[tuple[Node, bool]] | None:
    """The paths in ``env_file``, one or a list of paths and objects, each with whether the file is raw.

    None if a part is not understood.
    """
    files: list[tuple[Node, bool]] = []
    for item in _listed(service.at("env_file")):
        path, form = (item.at("path") if item.mapping else item), item.at("format").value
        if path.text is None or form not in (None, "raw"):
            return None
        files.append((path, form == "raw"))
    return files


def _file_holder(path: Node, raw: bool, server: Place) -> VariableHolder | None:
    """The variables of a file that a Compose file names for a server; None if that is not known.

    The file may not exist here, though it does where Compose runs, or be shared by too many servers.
    """
    file = path.file
    found = _file_at(path)
    if found is None or found.is_binary:
        return None
    name = ("environment file", found.uri, found.release, raw)
    holder = file.around.cached(name, lambda: environment_holder(found, raw=raw))
    return holder if may_share(holder.place, found, len(holder.variables), server) else None


def _beside(file: SourceFile) -> Mapping[str, Given] | None:
    """The variables of ``.env`` beside a Compose file, by name. Its editor must know what else it is for."""

    def read() -> Mapping[str, Given] | None:
        found = file.around.find(file, ".env")
        if found is None or found.is_binary:
            return None
        holder = environment_holder(found)._replace(editor=None)
        return {variable.name: Given(variable, holder) for variable in holder.variables}

    return file.around.cached((".env", file.uri.rpartition("/")[0], file.release), read)


def _from_layer(service: Node, holder: VariableHolder, beside: Mapping[str, Given] | None) -> Iterator[Given]:
    """The variables of ``environment``. One whose whole value is a reference to ``.env`` is written there."""
    for variable in variables_in(_blocks(service)):
        if variable.text is not None or beside is None:
            yield Given(variable, holder)
            continue
        written = _value_of(service, variable)
        whole = _REFERENCE.fullmatch(written) if written is not None else None
        sign = whole["sign"] or "" if whole is not None else ""
        name = variable.name if written is None else _named(whole) if whole is not None and "+" not in sign else ""
        there = beside.get(name)
        if there is not None and there.variable.text is not None and (there.variable.text or not sign):
            yield there._replace(variable=there.variable._replace(name=variable.name, mistake=variable.mistake))
        else:
            text = None if written is None else _replaced(written, beside)
            yield Given(variable if text is None else variable._replace(text=text, replaced=True), holder)


def _value_of(service: Node, variable: Variable) -> str | None:
    """The value of a variable; None if only its name is given."""
    given = service._replace(path=variable.at)
    if isinstance(service.at("environment").value, list):
        _, sign, value = str(given.value).partition("=")
        return value if sign else None
    return given.text


_REFERENCE: Final = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<sign>:?[-?+])(?P<word>[^{}]*))?\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))"
)


def _replaced(text: str, beside: Mapping[str, Given] | None) -> str | None:
    """A text with the references replaced by values in ``.env``; None if one of them is not known here.

    The default of a reference that ``.env`` lacks is not known: the shell may have the variable.
    """
    values = {match[0]: _value(match, beside or {}) for match in _REFERENCE.finditer(text)}
    is_known = None not in values.values() and "$" not in _REFERENCE.sub("", text)
    return _REFERENCE.sub(lambda match: values[match[0]] or "", text) if is_known else None


def _named(reference: re.Match[str]) -> str:
    """The name of the variable in a reference; empty for a dollar."""
    return reference["braced"] or reference["bare"] or ""


def _value(reference: re.Match[str], variables: Mapping[str, Given]) -> str | None:
    """Compose's replacement for a reference; None if it is not known."""
    if reference["dollar"]:
        return "$"
    found = variables.get(_named(reference))
    text = found.variable.text if found is not None else None
    sign, word = reference["sign"] or "", reference["word"] or ""
    if text is None or "$" in word:
        return None
    if sign.endswith("+"):
        return word if text or sign == "+" else ""
    if not text and sign.startswith(":"):
        return word if sign == ":-" else None
    return text


def _resolve(text: str) -> str | None:
    """``$$`` is a dollar; any other reference is replaced by a value that is not known here."""
    known = unless_reference(text)
    return known.replace("$$", "$") if known is not None else None
