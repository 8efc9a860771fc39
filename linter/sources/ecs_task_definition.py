"""ECS task definitions, as ``aws ecs register-task-definition`` and deployment actions take them and the AWS CLI prints them.

The variables of a container are its ``environment``, and its ``secrets``, whose values ECS fetches when it starts the task. Each container
that runs a Medplum server is a document. Files named in ``environmentFiles`` are in S3, and are not read. A list of container definitions
alone, as Terraform takes it, is read too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.command_lines import never_read, reads_variables
from ..documents.editors import editor_in
from ..documents.images import is_app_image, is_server_image
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, Suppression
from ..documents.variables import Variable, VariableHolder, configures_server, holders_of_server, is_servers, load_variables, unless_kind
from ..documents.variables_in_yaml import (
    VariablePart,
    YamlValue,
    checked_as_text,
    is_sound,
    lines_of,
    placed_variables,
    suppression_comments_of,
    text_problems,
)
from ..server.start import Reads
from ..settings.env_names import setting_of
from ..text import printable
from ..typed import Any, Final, NamedTuple

KINDS = ("server/env",)
MARKS = ("containerDefinitions", "MEDPLUM_")
NAMES = ("*task*def*.json", "*task*def*.yaml", "*task*def*.yml")

_CONSEQUENCE: Final = "the AWS CLI cannot read the task definition"
_STRUCTURE: Final = frozenset(
    "containerDefinitions cpu entryPoint environmentFiles essential executionRoleArn family memory networkMode secrets taskDefinition "
    "taskDefinitionArn taskRoleArn".split()
)
"""Names of a task definition, beside those that other holders of variables have too."""
_READER: Final = "to ECS, which accepts only text here and refuses the task definition"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a task definition, and has a container that runs a server."""
    if not any(mark in file.text.content for mark in MARKS):
        return None
    containers = list(_containers(file))
    if any(_runs_server(one, file) for one in containers):
        return Recognised("server/env", Confidence.LIKELY)
    if not any(isinstance(task.at("containerDefinitions").value, list) for task in _tasks(file)):
        return None
    names = [name for one in containers for name in _names(one, file)]
    note = f"an ECS task definition without a Medplum server that is configured by variables{unless_kind(names)}"
    return Recognised(None, Confidence.PLAUSIBLE, note, broken_off(file, *file.documents))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each container that runs a server; mistakes in the text are reported with the first."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file, _CONSEQUENCE, _CONSEQUENCE), *comments.problems]
    loaded: list[Loaded] = []
    for one in holders_of_server(_containers(file), lambda one: _runs_server(one, file), lambda one: _names(one, file)):
        loaded.append(_load(file, one, problems, comments.suppressions))
        problems = []
    return loaded


def _tasks(file: SourceFile) -> Iterator[YamlValue]:
    """The task definitions of a file: each as it is registered, as it is printed, or as the list of its containers."""
    for parsed in file.documents:
        root = YamlValue(parsed, ())
        yield root.at("taskDefinition") if isinstance(root.at("taskDefinition").value, dict) else root


class TaskContainer(NamedTuple):
    """A container where its definition stands, and the task definition that it is in."""

    task: YamlValue
    at: YamlValue


def _containers(file: SourceFile) -> Iterator[TaskContainer]:
    """Every container of the file."""
    for task in _tasks(file):
        listed = task if isinstance(task.value, list) else task.at("containerDefinitions")
        given = listed.value
        for index in range(len(given) if isinstance(given, list) else 0):
            if isinstance(given[index], dict):
                yield TaskContainer(task, listed.at(index))


def _names(one: TaskContainer, file: SourceFile) -> list[str]:
    """The names of its variables; those of the app are none of a server."""
    if is_app_image(one.at.at("image").value):
        return []
    return [variable.name for variable in _variables(one.at, file.text.content)]


def _runs_server(one: TaskContainer, file: SourceFile) -> bool:
    """Whether variables of a server are given to a container, or it runs a server that reads nothing else."""
    names = _names(one, file)
    if is_server_image(one.at.at("image").value):
        return any(name.startswith("MEDPLUM_") for name in names) or _reads(one.at) == "only"
    return configures_server(names)


def _reads(container: YamlValue) -> Reads:
    return reads_variables(container.at("entryPoint").value or None, container.at("command").value)


def _load(file: SourceFile, one: TaskContainer, problems: list[Problem], suppressions: tuple[Suppression, ...]) -> Loaded:
    container = one.at
    given: Any = container.value
    ours = is_server_image(given.get("image"))
    reads = _reads(container) if ours else "unknown"
    holder = VariableHolder(
        environment=_name(one),
        type="task definition",
        start=_start(container).head(),
        lines=lines_of(file),
        names=_STRUCTURE,
        sound=is_sound(file),
        complete=reads == "only" and container.yaml.whole and not given.get("environmentFiles"),
        partial=bool(given.get("environmentFiles")),
        strict=ours,
        image=given["image"] if ours else "",
    )
    plain, fetched = _plain(container, file.text.content), _fetched(container, file.text.content)
    problems = [*problems, *_given_twice(plain, fetched, strict=ours)]
    problems += never_read(reads, file.server, "container", container.at("name").value, _start(container).head(), '"command": ["env"]')
    editor = editor_in(file, container, _variables, _parts)
    return load_variables(file, _each_once(plain, fetched), holder, problems, suppressions, editor)


def _start(container: YamlValue) -> YamlValue:
    return next((container.at(name) for name in ("environment", "secrets") if container.at(name).value is not None), container)


def _name(one: TaskContainer) -> str | None:
    """The family of the task definition; of a container beside others also its own name."""
    names = [name for name in (one.task.at("family").value, one.at.at("name").value) if isinstance(name, str)]
    siblings = YamlValue(one.at.yaml, one.at.path[:-1]).value
    return "/".join(names if len(siblings) > 1 else names[:1]) or None


# --- Variables -----------------------------------------------------------------------------------------------------------------------


def _variables(container: YamlValue, content: str) -> list[Variable]:
    """All variables, those with the name of a secret included."""
    return [*_plain(container, content), *_fetched(container, content)]


def _parts(container: YamlValue) -> Iterator[VariablePart]:
    yield VariablePart(container.at("environment"))


def _plain(container: YamlValue, content: str) -> list[Variable]:
    """The variables whose values stand in the task definition."""
    placed = placed_variables(container.at("environment"), content)
    return [checked_as_text(variable, value, _READER) for variable, value in placed]


def _fetched(container: YamlValue, content: str) -> list[Variable]:
    """The variables whose values ECS fetches when it starts the task: nobody knows them here."""
    return [variable._replace(text=None) for variable, _ in placed_variables(container.at("secrets"), content)]


def _each_once(plain: list[Variable], fetched: list[Variable]) -> list[Variable]:
    """All variables, but of those with the name of a secret only the secret."""
    secrets = {variable.name: variable for variable in fetched}
    return [*(variable for variable in plain if variable.name not in secrets), *secrets.values()]


def _given_twice(plain: list[Variable], fetched: list[Variable], *, strict: bool) -> Iterator[Problem]:
    """Secrets that have the name of another variable of the server."""
    seen = {variable.name: ("is given under environment too", "keep the one under secrets") for variable in plain}
    for variable in fetched:
        if variable.name in seen and is_servers(variable.name, strict=strict):
            what, remedy = seen[variable.name]
            message = f"{printable(variable.name)} {what}, and ECS refuses a secret that shares its name; {remedy}"
            yield Problem("duplicate-ecs-secret", message, variable.key, setting_of(variable.name))
        seen.setdefault(variable.name, ("is given twice under secrets", "keep one"))
