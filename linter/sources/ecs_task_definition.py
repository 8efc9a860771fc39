"""ECS task definitions, as input to ``aws ecs register-task-definition`` and deployment actions, and as printed by the AWS CLI.

The variables of a container are its ``environment``, and its ``secrets``, whose values ECS fetches when it starts the task. Each container
that runs a Medplum server is a document. Files named in ``environmentFiles`` are in S3, and are not read. A list of container definitions
alone, as Terraform uses it, is read too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.containers.command_lines import start_in
from ..documents.containers.documents import Container, container, for_server, holder_in, load_servers, recognised
from ..documents.containers.images import is_server_image
from ..documents.containers.workload import Described, as_is, milliseconds, mounted_at, put_check
from ..documents.source import Loaded, Problem, Recognised, SourceFile
from ..documents.variables.documents import Variable, VariableHolder, is_servers, read_variables
from ..documents.variables.in_yaml import Block, Node, roots, text_problems, variables_in
from ..model import sentence
from ..settings.env_names import PREFIX, setting_of
from ..text import printable
from ..typed import Final

KINDS = ("server/env",)
MARKS = ("containerDefinitions", "MEDPLUM_")
NAMES = ("*task*def*.json", "*task*def*.yaml", "*task*def*.yml")

_CONSEQUENCE: Final = "the AWS CLI cannot read the task definition"
_STRUCTURE: Final = frozenset(
    "containerDefinitions cpu entryPoint environmentFiles essential executionRoleArn family memory networkMode secrets taskDefinition "
    "taskDefinitionArn taskRoleArn".split()
)
"""Names in a task definition, besides those that other holders of variables have too."""
_READER: Final = sentence("to ECS, which accepts only text here and refuses the task definition")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a task definition with a container that runs a server."""
    if not any(mark in file.text.content for mark in MARKS):
        return None
    is_task = any(isinstance(task.at("containerDefinitions").value, list) for task in _tasks(file))
    note = "an ECS task definition without a Medplum server that is configured by variables" if is_task else ""
    return recognised(file, _containers(file), note)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each container that runs a server; mistakes in the text are reported with the first."""
    return load_servers(_containers(file), text_problems(file, _CONSEQUENCE))


def _tasks(file: SourceFile) -> Iterator[Node]:
    """The task definitions of a file: each as it is registered, as it is printed, or as the list of its containers."""
    for root in roots(file):
        yield root.at("taskDefinition") if isinstance(root.at("taskDefinition").value, dict) else root


def _containers(file: SourceFile) -> list[Container]:
    """Every container of the file."""
    return list(map(_container, _nodes(file)))


def _nodes(file: SourceFile) -> Iterator[Node]:
    """The definitions of containers in the file."""
    lists = (task if isinstance(task.value, list) else task.at("containerDefinitions") for task in _tasks(file))
    return (item for definitions in lists for item in definitions.items if isinstance(item.value, dict))


def _container(node: Node) -> Container:
    image, (plain, fetched) = node.at("image").value, (block.variables for block in _blocks(node))
    members = ("entryPoint", "command", "workingDirectory", "mountPoints")
    start = start_in("container", node, members, '"command": ["{}"]')

    def load() -> Loaded:
        holder = _holder(node)
        holder = holder._replace(problems=(*holder.problems, *_duplicates(plain, fetched, strict=is_server_image(image))))
        lacks = bool(node.at("environmentFiles").value)
        has_variables = lacks or any(one.name.startswith(PREFIX) for one in (*plain, *fetched))
        holder = for_server(holder, image, start, whole=node.tree.whole, lacks=lacks, has_variables=has_variables)
        # If a secret has the same name, only the secret counts.
        secrets = {variable.name: variable for variable in fetched}
        given = [*(variable for variable in plain if variable.name not in secrets), *secrets.values()]
        return read_variables(holder, given)._replace(start=start.started(whole=not lacks), unread=start.unread())

    return container([one.name for one in (*plain, *fetched)], image, load, is_started=start.is_known)


def _holder(node: Node) -> VariableHolder:
    """A container as a holder of variables."""
    holder = holder_in(node, "task definition", node.first("environment", "secrets"), _blocks, _CONSEQUENCE)
    return holder._replace(at=(holder.at, node.path), environment=_name(node), names=_STRUCTURE)


_MEMBERS: Final = (
    ("image", "image", as_is(str)),
    ("entryPoint", "entryPoint", bool),
    ("gracePeriod", "stopTimeout", milliseconds),
    ("memory", "memory", as_is(int)),
    ("readOnly", "readonlyRootFilesystem", as_is(bool)),
)
"""The members of a container for :mod:`linter.documents.containers.workload`."""


def workloads(file: SourceFile) -> list[Described]:
    """Every container of the file, described for the environment of a server."""
    return list(map(_described, _nodes(file)))


def _described(node: Node) -> Described:
    described = Described(_holder(node), node.at)
    described.read(_MEMBERS)
    if len(node.above(1).items) == 1 and node.above(2).at("networkMode").value in ("awsvpc", "bridge"):
        described.put("network", "own", node)
    described.working_folder = described.known(node.at("workingDirectory"))
    described.give(variables_in(_blocks(node)), node.file)
    described.put_list("mounts", node.at("mountPoints").items, mounted_at)
    described.put_list("targets", [port.at("containerPort") for port in node.at("portMappings").items], as_is(int))
    test = node.at("healthCheck", "command")
    words = test.value if isinstance(test.value, list) else []
    if words[:1] in (["CMD"], ["CMD-SHELL"]):
        put_check(described, "health", test, words[1:] if words[0] == "CMD" else words[-1])
    return described


def _name(node: Node) -> str | None:
    """The family of the task definition; for a container beside others also its own name."""
    names = [name for name in (node.above(2).at("family").text, node.at("name").text) if name is not None]
    return "/".join(names if len(node.above(1).items) > 1 else names[:1]) or None


# --- Variables -----------------------------------------------------------------------------------------------------------------------


def _blocks(node: Node) -> tuple[Block, Block]:
    """The variables with values in the task definition, and those that ECS fetches when it starts the task."""
    fetched = Block(node.at("secrets"), read=lambda variable: variable._replace(text=None), is_editable=False)
    return Block(node.at("environment"), reader=_READER), fetched


def _duplicates(plain: list[Variable], fetched: list[Variable], *, strict: bool) -> Iterator[Problem]:
    """Secrets with the name of another variable of the server."""
    seen = {variable.name: ("is given under environment too", "keep the one under secrets") for variable in plain}
    for variable in fetched:
        if variable.name in seen and is_servers(variable.name, strict=strict):
            what, remedy = seen[variable.name]
            what = f"{printable(variable.name)} {what}, and ECS refuses a secret that shares its name"
            message = sentence(what, remedy=remedy)
            yield Problem("duplicate-ecs-secret", message, variable.key, setting_of(variable.name))
        seen.setdefault(variable.name, ("is given twice under secrets", "keep one"))
