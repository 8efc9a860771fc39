"""Services of a Docker Compose file that run a Medplum server; each is a document of its own, named after the service.

The forms are those of the Compose specification: ``environment`` as a mapping or as a list, ``$NAME`` and ``${NAME:-default}`` replaced,
``$$`` a dollar. Files named in ``env_file`` are not read; they are linted when they are given themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..documents.command_lines import never_read, reads_variables
from ..documents.editors import editor_in
from ..documents.images import is_app_image, is_server_image
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile
from ..documents.variables import (
    Variable,
    VariableHolder,
    configures_server,
    holders_of_server,
    load_variables,
    unless_kind,
    unless_reference,
)
from ..documents.variables_in_yaml import (
    VariablePart,
    YamlValue,
    is_sound,
    lines_of,
    mentions_medplum,
    suppression_comments_of,
    text_problems,
    variables_of,
)
from ..server.start import Reads
from ..settings.env_names import setting_of
from ..text import printable

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1", "[::1]")
KINDS = ("server/env",)
NAMES = ("docker-compose*.yml", "docker-compose*.yaml", "compose*.yml", "compose*.yaml")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a compose file, and has a service that runs a server."""
    if not mentions_medplum(file):
        return None
    services = list(_services(file))
    if not services:
        return None
    if any(_runs_server(service, file) for service in services):
        return Recognised("server/env", Confidence.LIKELY)
    names = [name for service in services for name in _names(service, file)]
    note = f"a Compose file without a Medplum server that is configured by variables{unless_kind(names)}"
    return Recognised(None, Confidence.PLAUSIBLE, note, broken_off(file, *file.yaml))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each service; mistakes in the text are reported with the first."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    for service in holders_of_server(_services(file), lambda one: _runs_server(one, file), lambda one: _names(one, file)):
        loaded.append(_load(file, service, problems, comments.suppressions))
        problems = []
    return loaded


def _services(file: SourceFile) -> Iterator[YamlValue]:
    for yaml in file.yaml:
        services = yaml.value.get("services") if isinstance(yaml.value, dict) else None
        if isinstance(services, dict):
            yield from (YamlValue(yaml, ("services", name)) for name, service in services.items() if isinstance(service, dict))


def _names(service: YamlValue, file: SourceFile) -> list[str]:
    """The names of its variables; those of the app are none of a server."""
    if is_app_image(service.at("image").value):
        return []
    return [variable.name for variable in variables_of(service.at("environment"), file.text.content)]


def _runs_server(service: YamlValue, file: SourceFile) -> bool:
    """Whether variables of a server are given to it, or it is a server that reads nothing else."""
    names = _names(service, file)
    given: Any = service.value
    if is_server_image(given.get("image")):
        return any(name.startswith("MEDPLUM_") for name in names) or _reads(given) == "only"
    return configures_server(names)


def _load(file: SourceFile, service: YamlValue, problems: list[Problem], suppressions: Any) -> Loaded:
    variables = _variables(service, file.text.content)
    given: Any = service.value
    ours = is_server_image(given.get("image"))
    reads = _reads(given) if ours else "unknown"
    name = str(service.path[-1])
    elsewhere = not {"env_file", "extends"}.isdisjoint(given)
    holder = VariableHolder(
        environment=name,
        type="service",
        start=service.at("environment").head() if "environment" in given else service.head(),
        lines=lines_of(file),
        sound=is_sound(file),
        complete=reads == "only" and service.yaml.whole and not elsewhere,
        partial=elsewhere,
        strict=ours,
        image=given["image"] if ours else "",
    )
    problems = [*problems, *never_read(reads, file.server, "service", name, service.at("environment").head(), "command: env")]
    if not isinstance(given.get("network_mode"), str):
        problems = [*problems, *_in_itself(variables)]
    return load_variables(file, variables, holder, problems, suppressions, editor_in(file, service, _variables, _parts))


def _variables(service: YamlValue, content: str) -> list[Variable]:
    return variables_of(service.at("environment"), content, _resolve)


def _parts(service: YamlValue) -> Iterator[VariablePart]:
    yield VariablePart(service.at("environment"), lambda text: text.replace("$", "$$"), numbers=True)


def _in_itself(variables: list[Variable]) -> Iterator[Problem]:
    """Hosts of the database and of Redis that are the container itself."""
    for variable in variables:
        path = setting_of(variable.name)
        if path[-1:] == ("host",) and variable.text in _LOOPBACK and path != ("smtp", "host"):
            message = (
                f"{printable(variable.name)} is {variable.text}, which is the container itself: the server finds nothing there "
                "and does not start; name the service"
            )
            yield Problem("localhost-in-container", message, variable.value, path)


def _reads(service: dict[str, Any]) -> Reads:
    if {"extends", "build"}.intersection(service) and not {"command", "entrypoint"}.intersection(service):
        return "unknown"
    entry_point, command = service.get("entrypoint"), service.get("command")
    # An empty entry point takes that of the image away, so that the command is the whole command line.
    return reads_variables(command, None) if entry_point in ("", []) else reads_variables(entry_point, command)


def _resolve(text: str) -> str | None:
    """``$$`` is a dollar; what else begins with one is replaced by a value that nobody knows here."""
    known = unless_reference(text)
    return known.replace("$$", "$") if known is not None else None
