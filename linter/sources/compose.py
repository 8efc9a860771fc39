"""Services of a Docker Compose project that run a Medplum server; each is a document, named after the service.

The forms are those of the Compose specification: ``environment`` as a mapping or as a list, ``$NAME`` and ``${NAME:-default}`` replaced,
``$$`` a dollar. A service is what Compose makes of all of its files: what it ``extends``, its ``env_file``, the override file beside the
file, which Compose reads unasked, and ``.env`` there, whose variables it puts in the place of ``$NAME``. A file that is called as
``docker-compose.prod.yml`` is laid over the project's own file beside it where both have the service, and so is one whose service has
neither an image nor a build, for Compose refuses it alone.

``environment`` counts over ``env_file``, the later of two files over the earlier, and a service over what it extends ("Merge" and
"Services" of the specification; "Environment variables precedence" of Docker's manual). The shell in which Compose runs counts over
``.env``, and is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch

from ..documents.command_lines import never_read, reads_variables
from ..documents.editors import editor_in
from ..documents.environment_files import COMPOSE_FILES, environment_piece, read_environment
from ..documents.images import is_app_image, is_server_image
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Place, Problem, Recognised, SourceFile, Unread
from ..documents.sums import Given, Piece, load_sum, may_share
from ..documents.variables import Variable, VariableHolder, configures_server, holders_of_server, unless_kind, unless_reference
from ..documents.variables_in_yaml import (
    VariablePart,
    YamlValue,
    has_prefixed,
    is_sound,
    lines_of,
    mentions_medplum,
    suppression_comments_of,
    text_problems,
    variables_of,
)
from ..server.start import Reads
from ..settings.env_names import PREFIX, setting_of
from ..text import printable
from ..typed import Any, Final, NamedTuple

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1", "[::1]")
KINDS = ("server/env",)
NAMES = ("docker-compose*.yml", "docker-compose*.yaml", "compose*.yml", "compose*.yaml")

_OWN: Final = COMPOSE_FILES
_OVERRIDES: Final = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml")
"""Those of the file that it lays over that one."""
_OVERLAY: Final = re.compile(r"(?:docker-)?compose\..+\.ya?ml")
"""Those of files that are given with ``-f`` behind that one, such as ``docker-compose.prod.yml``."""
_LONGEST: Final = 20
"""Services at most of which each extends the one before it; Compose has no limit, and refuses a circle."""


class _Layer(NamedTuple):
    """A service as one file has it: of what a service is made of, each is laid over those before it."""

    file: SourceFile
    service: YamlValue


class _Project(NamedTuple):
    """What Compose makes of a service: its layers, whether some of them are not known here, and which of them is named after it."""

    layers: tuple[_Layer, ...]
    lacks: bool
    main: int

    @property
    def name(self) -> str:
        """The name of the service."""
        return str(self.layers[-1].service.path[-1])

    def given(self, name: str) -> Any:
        """A member of the service that the last layer with one has: an image, a command."""
        values = (one.service.at(name).value for one in reversed(self.layers))
        return next((value for value in values if value is not None), None)

    def giver(self, name: str) -> SourceFile:
        """The file of the last layer that has a member."""
        files = (one.file for one in reversed(self.layers) if one.service.at(name).value is not None)
        return next(files, self.layers[-1].file)


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a compose file, and has a service that runs a server."""
    mentioned = mentions_medplum(file)
    if not mentioned and not ("services" in file.text.content and _REFERENCES.search(file.text.content)):
        return None
    services = any(True for _ in _services(file))
    if any(_runs_server(service, file) for service in _candidates(file)):
        return Recognised("server/env", Confidence.LIKELY)
    if not services or not mentioned:
        return None
    names = [name for service in _candidates(file) for name in _names(service, file)]
    note = f"a Compose file without a Medplum server that is configured by variables{unless_kind(names)}"
    outside = next((one for service in _candidates(file) for one in _outside(_project(file, service))), None)
    note += f"; {outside.why}" if outside is not None else ""
    return Recognised(None, Confidence.PLAUSIBLE, note, broken_off(file, *file.yaml))


_REFERENCES: Final = re.compile("env_file|extends")
"""Words by which a service gets variables whose names are not in its file."""


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each service; mistakes in the text are reported with the first."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    for service in holders_of_server(_candidates(file), lambda one: _runs_server(one, file), lambda one: _names(one, file)):
        loaded.append(_load(file, service, problems, comments.suppressions))
        problems = []
    return loaded


def _services(file: SourceFile) -> Iterator[YamlValue]:
    for yaml in file.yaml:
        services = yaml.value.get("services") if isinstance(yaml.value, dict) else None
        if isinstance(services, dict):
            yield from (YamlValue(yaml, ("services", name)) for name, service in services.items() if isinstance(service, dict))


def _candidates(file: SourceFile) -> tuple[YamlValue, ...]:
    """The services of the file that may be a server."""
    found = (service for service in _services(file) if _can_be_server(service, file))
    candidates: tuple[YamlValue, ...] = file.for_all_servers("services", lambda: tuple(found))
    return candidates


def _names(service: YamlValue, file: SourceFile) -> list[str]:
    """The names of its variables; those of the app are none of a server."""
    project = _project(file, service)
    if is_app_image(_image(project, file)):
        return []
    return [entry.variable.name for entry in _environment(project, file).entries]


def _can_be_server(service: YamlValue, file: SourceFile) -> bool:
    """Whether a service has a server's image, or variables that begin as those of one do, or gets some from elsewhere.

    Of all others no name counts. Which files are around is found out for them too: none of those may be written over.
    """
    _beside(file)
    if _is_base(file, str(service.path[-1])) or _beneath(file, service) or _over(file):
        return True
    value = service.value
    if "extends" in value or "env_file" in value or has_prefixed(service.at("environment")):
        return True
    image = value.get("image")
    return isinstance(image, str) and ("$" in image or is_server_image(image))


def _runs_server(service: YamlValue, file: SourceFile) -> bool:
    """Whether variables of a server are given to it, or it is a server that reads nothing else."""
    project, names = _project(file, service), _names(service, file)
    if is_server_image(_image(project, file)):
        return any(name.startswith("MEDPLUM_") for name in names) or _reads(project) == "only"
    return configures_server(names)


def _image(project: _Project, file: SourceFile) -> Any:
    """The image of a service, its references replaced where ``.env`` says what by."""
    image = project.given("image")
    return _replaced(image, _beside(file)) or image if isinstance(image, str) else image


def _load(file: SourceFile, service: YamlValue, problems: list[Problem], suppressions: Any) -> Loaded:
    project = _project(file, service)
    environment = _environment(project, file)
    image = _image(project, file)
    ours = is_server_image(image)
    reads = _reads(project) if ours else "unknown"
    whole = all(one.service.yaml.whole for one in project.layers)
    pieces = [_piece(one, problems if one.file is file else None, suppressions) for one in project.layers]
    holder = pieces[project.main].holder
    main = pieces[project.main]._replace(
        holder=holder._replace(
            environment=project.name,
            complete=reads == "only" and whole and not environment.lacks,
            partial=environment.lacks,
            strict=ours,
            image=image if ours else "",
            image_in=project.giver("image").uri if ours else "",
        ),
        problems=(*pieces[project.main].problems, *never_read(reads, file.server, "service", project.name, holder.start, "command: env")),
    )
    pieces[project.main] = main
    given = [Given(entry.variable, pieces[entry.at] if isinstance(entry.at, int) else entry.at) for entry in environment.entries]
    wrong = _in_itself([one.variable for one in given]) if not isinstance(project.given("network_mode"), str) else ()
    loaded = load_sum(main, given, also=[*pieces, *environment.files], problems=wrong)
    return loaded._replace(started=_is_started(project), unread=tuple(_outside(project)))


def _outside(project: _Project) -> Iterator[Unread]:
    """The files outside of the repository that the layers of a service name, which are not read."""
    for file, service in project.layers:
        named = [(one.path, one.place) for one in _env_files(service.at("env_file")) or ()]
        base = service.at("extends", "file")
        for path, place in [*named, (base.value, base)]:
            if isinstance(path, str) and file.around.leads_out(file, path):
                line = file.text.position(place.place().value.start).line
                yield Unread(file.uri, line, f"{printable(path)} is not read: it lies outside the repository of this file")


def _is_started(project: _Project) -> bool:
    """Whether Compose starts the service with the project, whatever is made of it beside: it can be run, and is in no profile."""
    return any(project.given(name) is not None for name in ("image", "build")) and not project.given("profiles")


def _piece(layer: _Layer, problems: list[Problem] | None, suppressions: Any) -> Piece:
    """A service in one file as a place with variables; ``problems`` are those of the text where they are known already."""
    file, service = layer
    if problems is None:
        comments = suppression_comments_of(file)
        problems, suppressions = [*text_problems(file), *comments.problems], comments.suppressions
    holder = VariableHolder(
        environment=str(service.path[-1]),
        type="service",
        start=service.at("environment").head() if "environment" in service.value else service.head(),
        lines=lines_of(file),
        sound=is_sound(file),
    )
    return Piece(file, service.place().value.start, holder, (), tuple(problems), suppressions, editor_in(file, service, _variables, _parts))


def _variables(service: YamlValue, content: str) -> list[Variable]:
    return variables_of(service.at("environment"), content, _resolve)


def _parts(service: YamlValue) -> Iterator[VariablePart]:
    yield VariablePart(service.at("environment"), lambda text: text.replace("$", "$$"), numbers=True)


def _in_itself(variables: list[Variable]) -> Iterator[Problem]:
    """Hosts of the database and of Redis that are the container itself."""
    last = {variable.name: variable for variable in variables}
    for variable in last.values():
        path = setting_of(variable.name)
        if path[-1:] == ("host",) and variable.text in _LOOPBACK and path != ("smtp", "host"):
            message = (
                f"{printable(variable.name)} is {variable.text}, which is the container itself: the server finds nothing there "
                "and does not start; name the service"
            )
            yield Problem("localhost-in-container", message, variable.value, path)


def _reads(project: _Project) -> Reads:
    entry_point, command = project.given("entrypoint"), project.given("command")
    if (project.lacks or project.given("build") is not None) and entry_point is None and command is None:
        return "unknown"
    # An empty entry point takes that of the image away, so that the command is the whole command line.
    return reads_variables(command, None) if entry_point in ("", []) else reads_variables(entry_point, command)


# --- What a service is made of -------------------------------------------------------------------------------------------------------


def _project(file: SourceFile, service: YamlValue) -> _Project:
    """The layers of a service of a file, worked out once: those of the files that Compose lays under and over it, and what they extend."""
    project: _Project = file.cached(f"service {service.place().value.start}", lambda: _layers(file, service))
    return project


def _layers(file: SourceFile, service: YamlValue) -> _Project:
    name = str(service.path[-1])
    layers: list[_Layer] = []
    lacks, mains = _is_base(file, name), []
    for one in (*_beneath(file, service), file, *_over(file)):
        own = service if one is file else _service(one, name)
        if own is not None:
            found, missing = _extended(_Layer(one, own))
            layers, lacks = [*layers, *found], lacks or missing
            mains.append(len(layers) - 1)
    # What is missing is missing in the project's own file, unless another one was named in its place.
    return _Project(tuple(layers), lacks, mains[0] if file.name in (*_OWN, *_OVERRIDES) else mains[-1])


def _is_base(file: SourceFile, name: str) -> bool:
    """Whether the project of the folder, or of the one above, extends a service of another file: what that adds is not here."""
    if file.name in (*_OWN, *_OVERRIDES):
        return False
    bases: set[tuple[str, str]] = file.cached("bases", lambda: set(_bases_around(file)))
    return (file.uri, name) in bases


def _bases_around(file: SourceFile) -> Iterator[tuple[str, str]]:
    """The services of other files that the projects around a file extend, each by its file and name."""
    for path in (f"{folder}{name}" for folder in ("", "../") for name in _OWN):
        project = file.around.find(file, path)
        for service in _services(project) if project is not None and "extends" in project.text.content else ():
            name, other = service.at("extends", "service").value, service.at("extends", "file").value
            found = file.around.find_named(project, other) if project is not None and isinstance(other, str) else None
            if found is not None and isinstance(name, str):
                yield found.uri, name


def _service(file: SourceFile, name: str) -> YamlValue | None:
    services: dict[str, YamlValue] = file.cached("services", lambda: {str(one.path[-1]): one for one in _services(file)})
    return services.get(name)


def _beneath(file: SourceFile, service: YamlValue) -> list[SourceFile]:
    """The project's own file, if a service is laid over it: one of an override file, or one of which nothing says what it runs."""
    is_named_so = file.name in _OVERRIDES or (_OVERLAY.fullmatch(file.name) is not None and "extends" not in service.value)
    if file.name in _OWN or not (is_named_so or (_is_called_so(file) and {"image", "build", "extends"}.isdisjoint(service.value))):
        return []
    own = _own(file)
    return [own] if own is not None and _service(own, str(service.path[-1])) is not None else []


def _is_called_so(file: SourceFile) -> bool:
    return any(fnmatch(file.name, pattern) for pattern in NAMES)


def _own(file: SourceFile) -> SourceFile | None:
    """The project's own file in the folder of a file."""
    return _first(file, _OWN)


def _over(file: SourceFile) -> list[SourceFile]:
    """The override file that Compose lays over the project's own one."""
    if file.name not in _OWN:
        return []
    own = _own(file)
    override = _first(file, _OVERRIDES) if own is not None and own.uri == file.uri else None
    return [override] if override is not None else []


def _first(file: SourceFile, names: tuple[str, ...]) -> SourceFile | None:
    """The first file of some names that is in the folder of a file, looked for once."""
    found: list[SourceFile] = file.cached(names[0], lambda: [one for name in names if (one := file.around.find(file, name)) is not None])
    return found[0] if found else None


def _extended(layer: _Layer) -> tuple[list[_Layer], bool]:
    """A service over what it extends, and whether not all of that is known here. Compose refuses a circle, so nothing of it is."""
    layers = [layer]
    places = {_place(layer)}
    while (extends := layers[0].service.at("extends")).value is not None:
        base = _base(layers[0].file, extends, _place(layer))
        if base is None:
            return layers, True
        if _place(base) in places or len(layers) > _LONGEST:
            return [layer], True
        layers.insert(0, base)
        places.add(_place(base))
    return layers, False


def _base(file: SourceFile, extends: YamlValue, server: Place) -> _Layer | None:
    """The service of its own or of another file that another one extends, for a server; None where it is not known."""
    name, path = extends.value, None
    if not isinstance(name, str):
        name, path = extends.at("service").value, extends.at("file").value
    other = file if path is None else file.around.find_named(file, path) if isinstance(path, str) else None
    service = _service(other, name) if other is not None and isinstance(name, str) else None
    if other is None or service is None:
        return None
    layer = _Layer(other, service)
    return layer if may_share(file, _place(layer), len(service.at("environment").value or ()), server) else None


def _place(layer: _Layer) -> Place:
    return layer.file.uri, layer.service.place().value.start


# --- What a service gets -------------------------------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """A variable that a service gets, and the number of the layer or the file that gives it."""

    variable: Variable
    at: int | Piece


class _Environment(NamedTuple):
    """The variables of a service in the order in which they count. ``lacks``: not all that it names is known. ``files`` are what is."""

    entries: list[_Entry]
    lacks: bool
    files: list[Piece]


class _EnvFile(NamedTuple):
    path: str
    raw: bool
    place: YamlValue


def _environment(project: _Project, file: SourceFile) -> _Environment:
    start = project.layers[project.main].service.place().value.start
    environment: _Environment = file.cached(f"environment {start}", lambda: _gathered(project, file, start))
    return environment


def _gathered(project: _Project, file: SourceFile, start: int) -> _Environment:
    found = _Environment([], project.lacks, [])
    for layer in project.layers:
        files = _env_files(layer.service.at("env_file"))
        pieces = [_file_piece(layer.file, one, (file.uri, start)) for one in files or ()]
        known = [piece for piece in pieces if piece is not None]
        found.files.extend(known)
        found.entries.extend(_Entry(one, piece) for piece in known for one in piece.variables if one.name.startswith(PREFIX))
        found = found._replace(lacks=found.lacks or files is None or len(known) < len(pieces))
    beside = _beside(file)
    for number, layer in enumerate(project.layers):
        found.entries.extend(_from_layer(layer, number, beside))
    return found


def _env_files(part: YamlValue) -> list[_EnvFile] | None:
    """The files that ``env_file`` names: a path, or a list of paths and of objects; None where something in it is not to be understood."""
    value = part.value
    files: list[_EnvFile] = []
    for one in [part.at(index) for index in range(len(value))] if isinstance(value, list) else [] if value is None else [part]:
        place, form = (one.at("path"), one.value.get("format")) if isinstance(one.value, dict) else (one, None)
        if not isinstance(place.value, str) or form not in (None, "raw"):
            return None
        files.append(_EnvFile(place.value, form == "raw", place))
    return files


def _file_piece(file: SourceFile, one: _EnvFile, server: Place) -> Piece | None:
    """The variables of a file that a compose file names for a server; None where that is not known.

    It may not be found here, which need not be so where Compose runs, or be shared by too many servers.
    """
    found = file.around.find_named(file, one.path)
    if found is None or found.is_no_text:
        return None
    name = ("environment file", found.uri, found.release, one.raw)
    piece: Piece = file.around.cached(name, lambda: environment_piece(found, raw=one.raw))
    return piece if piece.is_given_to(server) else None


class _Beside(NamedTuple):
    """``.env`` beside a compose file: what its variables are, and the place that gives them."""

    variables: Mapping[str, Variable]
    piece: Piece


def _beside(file: SourceFile) -> _Beside | None:
    """``.env`` beside a compose file. Who edits it must know what else it is for."""

    def read() -> _Beside | None:
        found = file.around.find(file, ".env")
        if found is None or found.is_no_text:
            return None
        piece = environment_piece(found)
        return _Beside({variable.name: variable for variable in read_environment(found).variables}, piece._replace(editor=None))

    beside: _Beside | None = file.around.cached((".env", file.uri.rpartition("/")[0], file.release), read)
    return beside


def _from_layer(layer: _Layer, number: int, beside: _Beside | None) -> Iterator[_Entry]:
    """The variables of ``environment``. One whose whole value is one of ``.env`` is written there."""
    for variable in _variables(layer.service, layer.file.text.content):
        if variable.text is not None or beside is None:
            yield _Entry(variable, number)
            continue
        written = _written(layer.service, variable)
        named = _WHOLE.fullmatch(written) if written is not None else None
        there = beside.variables.get(variable.name if written is None else named["braced"] or named["bare"] if named is not None else "")
        if there is not None and there.text is not None and (there.text or named is None or not named["default"]):
            yield _Entry(there._replace(name=variable.name, mistake=variable.mistake), beside.piece)
        else:
            text = None if written is None else _replaced(written, beside)
            yield _Entry(variable if text is None else variable._replace(text=text, replaced=True), number)


def _written(service: YamlValue, variable: Variable) -> str | None:
    """What stands for the value of a variable; None where only its name does."""
    value = YamlValue(service.yaml, variable.at).value
    if isinstance(service.at("environment").value, list):
        _, sign, value = str(value).partition("=")
        return value if sign else None
    return value if isinstance(value, str) else None


_WHOLE: Final = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:?[-?][^{}]*)?\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))")
"""A value that is one reference, of which the variable counts where it is given."""
_REFERENCE: Final = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<sign>:?[-?+])(?P<word>[^{}$]*))?\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))"
)


def _replaced(text: str, beside: _Beside | None) -> str | None:
    """A text with the references replaced by what ``.env`` says; None where nobody knows one of them here.

    The default of what ``.env`` lacks is none of those: the shell may have the variable.
    """
    variables = beside.variables if beside is not None else {}
    parts: list[str] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        value = "$" if match["dollar"] else _value(match, variables)
        if value is None:
            return None
        parts += [text[at : match.start()], value]
        at = match.end()
    parts.append(text[at:])
    return None if any("$" in part for part in parts[::2]) else "".join(parts)


def _value(reference: re.Match[str], variables: Mapping[str, Variable]) -> str | None:
    """What Compose puts in the place of a reference; None where that is not known."""
    found = variables.get(reference["braced"] or reference["bare"])
    text = found.text if found is not None else None
    sign, word = reference["sign"] or "", reference["word"] or ""
    if text is None:
        return None
    if sign.endswith("+"):
        return word if text or sign == "+" else ""
    if not text and sign.startswith(":"):
        return word if sign == ":-" else None
    return text


def _resolve(text: str) -> str | None:
    """``$$`` is a dollar; what else begins with one is replaced by a value that nobody knows here."""
    known = unless_reference(text)
    return known.replace("$$", "$") if known is not None else None
