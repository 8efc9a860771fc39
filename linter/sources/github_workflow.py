"""GitHub Actions workflows that give variables to a Medplum server: ``env`` of the workflow, jobs, steps, containers and services.

Each ``env`` is a document: which of them reach the same process is not tracked. So is each command of a step that starts a container with
variables of its own. ``${{ secrets.NAME }}`` and other expressions are references. Other jobs, such as one that deploys bots, have
variables of clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..documents.containers.command_lines import Start, arguments_of, problems_of_start, start_in, words_of
from ..documents.containers.documents import Container, container, for_server, holder_in, load_servers, recognised
from ..documents.containers.images import is_server_image
from ..documents.containers.mounts import Mounts
from ..documents.containers.run_scripts import Command, commands_in
from ..documents.containers.workload import Described, Leaf
from ..documents.source import Loaded, Recognised, SourceFile, once_per_file
from ..documents.variables.documents import Variable, VariableHolder, is_servers, read_variables
from ..documents.variables.in_yaml import Block, Node, text_problems, variables_in, written_as_is, yaml_roots
from ..model import UNKNOWN, SettingPath
from ..settings.env_names import PREFIX, variable_of
from ..syntax.places import Place as Written
from ..typed import Final

KINDS = ("server/env",)
NAMES = ("*.yaml", "*.yml")

_STRUCTURE: Final = frozenset("jobs on run runs-on steps uses with".split())
"""Names in a workflow, besides those that other holders of variables have too."""
_OF_JOBS: Final = frozenset({"runs-on", "steps", "uses"})
"""Members, one of which each job has."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a workflow with variables of a server."""
    if "MEDPLUM_" not in file.text.content or not any(map(_jobs, yaml_roots(file))):
        return None
    return recognised(file, _containers(file), "a GitHub workflow without variables of a Medplum server")


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each ``env`` of a server; mistakes in the text are reported with the first."""
    return load_servers(_containers(file), text_problems(file))


@once_per_file
def _containers(file: SourceFile) -> list[Container]:
    """The parts that have variables: the workflow, its jobs, and their parts."""
    found: list[Container] = []
    for root in yaml_roots(file):
        jobs, hosts = _jobs(root), _hosts(root)
        if jobs:
            found.append(_container(root, None, _throwaway(_LOOPBACK, frozenset(), hosts)))
        for job in jobs:
            names, sections = _services_of(job)
            outer = (_hosts(job.at("container")), _hosts(job), hosts)
            inner = (job.at("services"), job.at("steps"))
            for node in (job, job.at("container"), *(member for part in inner for member in (*part.members, *part.items))):
                found.append(_container(node, job, _throwaway(names, sections, _hosts(node), *outer)))
                for command in _commands(node):
                    found.append(_of_command(node, job, command, _throwaway(names, sections, _among(command.variables))))
    return found


def _container(node: Node, job: Node | None, throwaway: frozenset[SettingPath]) -> Container:
    """A part with ``env``, in a job or for all of them."""
    image, variables = node.at("image").value, variables_in(_blocks(node))
    names = [variable.name for variable in variables if not is_server_image(image) or is_servers(variable.name, strict=True)]

    is_service = node.path[-2:-1] == ("services",)  # a job and its container run the commands of its steps

    def load() -> Loaded:
        holder = holder_in(node, "workflow", node.at("env"), _blocks)
        name = str(job.path[-1]) if job is not None else None
        holder = holder._replace(at=(holder.at, node.path), environment=name, names=_STRUCTURE, throwaway=throwaway)
        run = node.at("run")
        starts = _started_by(run.text or "")
        wrong = [one for start in starts[:1] if len(starts) == 1 for one in problems_of_start(start, node.file.server, run.head())]
        holder = holder._replace(problems=(*holder.problems, *wrong))
        return read_variables(for_server(holder, image, _start(node) if is_service else None), variables)

    return container(names, image, load)


def _commands(step: Node) -> list[Command]:
    """The commands of a step that start servers with variables of their own."""
    run = step.at("run")
    span = written_as_is(run) if PREFIX in str(run.value) else None
    found = commands_in(step.file.text.content[slice(*span)], span.start) if span is not None else ()
    return [one for one in found if _gives(one)]


def _gives(command: Command) -> bool:
    """Whether a command gives variables of a server itself."""
    return any(variable.name.startswith(PREFIX) for variable in command.variables)


def _of_command(step: Node, job: Node, command: Command, throwaway: frozenset[SettingPath]) -> Container:
    """The container that a command of a step starts."""
    image, variables = command.start.image, command.variables

    def load() -> Loaded:
        holder = _holder_of(step, job, command)._replace(throwaway=throwaway)
        return read_variables(for_server(holder, image, command.start, lacks=command.lacks), variables)

    return container([variable.name for variable in variables], image, load)


def _holder_of(step: Node, job: Node, command: Command) -> VariableHolder:
    holder = holder_in(step, "workflow", step.at("run"), lambda _node: ())
    name = str(job.path[-1])
    return holder._replace(at=(holder.at, command.at), start=command.at, environment=name, names=_STRUCTURE, editor=None)


def workloads(file: SourceFile) -> list[Described]:
    """The environments of the servers that commands start."""
    jobs = [job for root in yaml_roots(file) for job in _jobs(root)]
    return [_described(step, job, command) for job in jobs for step in job.at("steps").items for command in _commands(step)]


def _described(step: Node, job: Node, command: Command) -> Described:
    described = Described(_holder_of(step, job, command), step.at)
    place = Written(command.at, None)
    described.leaves = {("image",): Leaf(command.start.image, place), ("network",): Leaf(command.network, place)}
    described.lacks = command.lacks
    described.give(command.variables, step.file)
    return described


def _start(service: Node) -> Start:
    """How a service is started: it has Compose's ``entrypoint`` and ``command``, or an entry point among its options."""
    start = start_in("service", service, ("entrypoint", "command", "", "volumes"), "command: {}")
    options = str(service.at("options").value)
    mounts = Mounts() if any(part in options for part in ("-v", "--mount", "$")) else start.mounts
    return start._replace(name=service.path[-1], entry_point=UNKNOWN if "--entrypoint" in options else start.entry_point, mounts=mounts)


def _started_by(script: str) -> list[Start]:
    """How a script starts servers with the variables of its step: with Node.js, or in a container that it passes some to."""
    lines = (words_of(line.strip().removesuffix("&").rstrip()) or [] for line in script.replace("\\\n", " ").splitlines())
    by_node = (words for words in lines if arguments_of(None, words, None) is not None)
    given = (command for command in commands_in(script, 0) if any(name.startswith(PREFIX) for name in command.handed))
    in_containers = (command.start for command in given if not _gives(command))
    starts = (Start("step", None, None, words, None, "{} after the script") for words in by_node)
    return [*in_containers, *starts]


def _jobs(root: Node) -> list[Node]:
    """The jobs of a document; none if it is not a workflow."""
    return [job for job in root.at("jobs").members if not job.mapping.keys().isdisjoint(_OF_JOBS)]


def _blocks(node: Node) -> tuple[Block]:
    return (Block(node.at("env"), numbers=True, booleans=True),)


_DATABASES: Final = ("postgres", "timescale", "pgvector", "postgis", "alloydb")
_CONNECTIONS: Final = {"database": _DATABASES, "readonlyDatabase": _DATABASES, "redis": ("redis", "valkey", "keydb", "dragonfly")}
"""The sections with the password of a service, and the name of such a service's image."""
_OF_SUPER_ADMIN: Final = frozenset({("defaultSuperAdminPassword",), ("defaultSuperAdminClientSecret",)})
"""Secrets that are written into the database, and end with it."""


def _throwaway(names: frozenset[str], sections: frozenset[str], *hosts: Mapping[str, Variable]) -> frozenset[SettingPath]:
    """The settings whose secrets only open a container of the job, which is gone afterwards.

    ``names`` are the hosts of its services and its own machine, ``sections`` the settings that some service provides, and ``hosts`` the
    given hosts, innermost first. A service that the job uses for something else does not matter to a database elsewhere.
    """
    host = {name: one for given in reversed(hosts) for name, one in given.items()}
    # If no host is given, whether a service would be the one.
    here = {name for name in _CONNECTIONS if (host[name].text in names if name in host else name in sections)}
    own = {(section, "password") for section in here}
    return frozenset(own | _OF_SUPER_ADMIN) if ("database", "password") in own else frozenset(own)


def _services_of(job: Node) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the services of a job and of its own machine, and the sections of settings that some of the services provide."""
    services = job.at("services")
    images = [(member.at("image").text or "").lower() for member in services.members]
    sections = (section for section, called in _CONNECTIONS.items() if any(one in image for image in images for one in called))
    return _LOOPBACK.union(map(str, services.mapping)), frozenset(sections)


def _hosts(node: Node) -> dict[str, Variable]:
    """The hosts in a holder, by their sections."""
    return _among(Block(node.at("env")).variables)


def _among(variables: Iterable[Variable]) -> dict[str, Variable]:
    """The hosts among variables, by their sections."""
    sections = {variable_of((section, "host")): section for section in _CONNECTIONS}
    return {sections[variable.name]: variable for variable in variables if variable.name in sections}
