"""The ECS service that runs a server, and its running tasks.

Medplum's CDK leaves the names of cluster and service to CloudFormation, so both begin with the name of the stack, such as ``MedplumProd``
(``packages/cdk/src/backend.ts``). Which service it is, its start argument says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..release import MAIN
from ..server.start import Layer, folded, layers
from ..typed import Any, Final, NamedTuple
from .aws import Aws, Unread, sound

_AT_ONCE: Final = 10
"""Services that one call can describe."""
_TASKS_AT_ONCE: Final = 100


class Running(NamedTuple):
    """The task definitions of services, and the facts of their running tasks, each as the AWS CLI prints it."""

    definitions: list[dict[str, Any]]
    tasks: list[dict[str, Any]]

    @property
    def reads_variables(self) -> bool:
        """Whether a server of these reads variables."""
        return any(source.kind == "env" for definition in self.definitions for source in _sources(definition))


def running(aws: Aws, layer: Layer, cluster: str | None, note: Callable[[str], object]) -> Running:
    """The services that are started with a source, in a cluster, or in those whose name has "medplum" in it.

    One whose path differs only in case or slashes, or whose region differs, is meant for it too. ``note`` is called with what is not known.
    """
    found = Running([], [])
    try:
        for service in _services(aws, cluster):
            asked = {"taskDefinition": service["taskDefinition"]}
            answer = aws.ask("ecs", "DescribeTaskDefinition", "*", ("taskDefinition",), **asked)
            definition = sound(answer["taskDefinition"], ("containerDefinitions",))
            named = [source for source in _sources(definition) if source.kind == "aws" and folded(source.path) == folded(layer.path)]
            if not named:
                continue
            found.definitions.append(definition)
            if not any((source.region, source.path) == (layer.region, layer.path) for source in named):
                continue  # its tasks do not read these parameters, whenever they started
            try:
                found.tasks.extend(_tasks(aws, service["clusterArn"], service["serviceName"]))
            except Unread as why:
                note(f"when the tasks started is not known: {why}")
    except Unread as why:
        note(f"the running tasks are not read: {why}")
    else:
        if not found.definitions:
            where = f"of the cluster {cluster}" if cluster else "in a cluster with medplum in its name"
            argument = f"aws:{layer.region}:{layer.path}"
            note(f"no ECS service {where} starts a server with {argument}: the running tasks are not known; --cluster names a cluster")
    return found


def _services(aws: Aws, cluster: str | None) -> Iterator[dict[str, Any]]:
    every = [cluster] if cluster is not None else aws.listed("ecs", "ListClusters", "*", "clusterArns")
    for name in every:
        if cluster is not None or "medplum" in name.rpartition("/")[2].lower():
            services = list(aws.listed("ecs", "ListServices", name, "serviceArns", cluster=name))
            for some in _portions(services, _AT_ONCE):
                known = ("clusterArn", "serviceName", "taskDefinition")
                yield from aws.listed("ecs", "DescribeServices", name, "services", known, cluster=name, services=some)


def _tasks(aws: Aws, cluster: str, service: str) -> Iterator[dict[str, Any]]:
    """The facts of a service's running tasks that a check needs; when it was started, a task that is about to start does not say."""
    names = list(aws.listed("ecs", "ListTasks", cluster, "taskArns", cluster=cluster, serviceName=service))
    for some in _portions(names, _TASKS_AT_ONCE):
        for task in aws.listed("ecs", "DescribeTasks", cluster, "tasks", ("taskArn",), cluster=cluster, tasks=some):
            yield {name: task[name] for name in ("taskArn", "taskDefinitionArn", "lastStatus", "startedAt") if name in task}


def _portions(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


def _sources(definition: Mapping[str, Any]) -> Iterator[Layer]:
    """The sources that the commands of a task definition name."""
    words = (word for one in definition["containerDefinitions"] for word in one.get("command") or ())
    return (source for word in words for source in layers(word, MAIN))
