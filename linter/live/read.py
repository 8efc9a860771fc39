"""From an ``aws:`` argument to inputs, which are in memory only, and whose paths in reports are the argument."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ..documents.inputs import Input, Inputs
from ..model import Notice
from ..server.loader import SECRETS
from ..server.start import Layer
from ..text import printable
from ..typed import Any, Final, NamedTuple
from .arguments import Asked, asked
from .aws import Aws, Unread
from .parameters import Step, parameters
from .secrets import secrets
from .tasks import Running, running

_NOWHERE: Final = "names are case-sensitive, and each belongs to one account and region"


class Wanted(NamedTuple):
    """What the options ask for. ``tasks``: whether tasks are read."""

    endpoint: str | None = None
    decrypt: bool = True
    cluster: str | None = None
    max_size: int = 0
    tasks: bool = True


def read(arguments: Sequence[str], wanted: Wanted, step: Step) -> Inputs:
    """What arguments name, and what they stand for. ``start`` is that of the one that has several sources.

    Raises :exc:`~linter.live.aws.Unread`, with the argument, for one that cannot be read.
    """
    named = {argument: _asked(argument) for argument in arguments}
    starts = [one.start for one in named.values() if one.start is not None]
    if len(starts) > 1:
        raise Unread("several arguments have several sources each, and one run joins those of one server: give one of them")
    notices: list[Notice] = []
    found = Inputs([file for one in named.values() for file in one.files], [], next(iter(starts), None), notices)
    for argument, one in named.items():
        try:
            for text, layer in one.sources.items():
                found.read.extend(_inputs(text, layer, one, wanted, step, notices))
        except Unread as why:
            raise Unread(f"{argument}: {why}") from None
    return found


def _asked(argument: str) -> Asked:
    try:
        return asked(argument)
    except ValueError as why:
        raise Unread(f"{argument}: {why}") from None


def _inputs(text: str, layer: Layer, named: Asked, wanted: Wanted, step: Step, notices: list[Notice]) -> Iterable[Input]:
    """The inputs of one source of an argument: its parameters, the secrets that these name, and the task definitions that name it."""

    def note(message: str) -> None:
        notices.append(Notice("unread-block", text, None, message))

    step("reading", 0, 1, text)
    aws = Aws(layer.region, wanted.endpoint)
    given = list(parameters(aws, layer, decrypt=wanted.decrypt, step=step, note=note))
    if not any(one["Name"].startswith(layer.path) for one in given):
        other = next((one["Name"] for one in given if one["Name"].lower().startswith(layer.path.lower())), "").rpartition("/")[0]
        hint = f", but has some at {printable(other)}/: names are case-sensitive" if other else f": {_NOWHERE}"
        raise Unread(f"AWS finds no parameter at this path{hint}")
    if not wanted.decrypt and any(one.get("Type") == "SecureString" or one["Name"].removeprefix(layer.path) in SECRETS for one in given):
        note("with --no-decryption no encrypted value and no secret is read: rules that need one are not decided")
    step("reading secrets and tasks", 0, 1, text)
    held = secrets(aws, layer, given, decrypt=wanted.decrypt, note=note)
    tasks = running(aws, layer, wanted.cluster, note) if wanted.tasks else Running([], [])
    if named.variables and wanted.tasks and not tasks.reads_variables:
        note("env: no task definition starts a server with variables: name a file that holds them")
    beside = {"Parameters": given, "Path": layer.path, "tasks": tasks.tasks, "Errors": held.errors}
    yield _input(text, {name: some for name, some in beside.items() if some}, wanted)._replace(kind="server/ssm")
    for name, answer in held.answers.items():
        kind = "secret/redis" if name.endswith("RedisSecrets") else "secret/database"
        yield _input(f"{text}#{name}", answer, wanted)._replace(kind=kind)
    for definition in tasks.definitions:
        uri = f"{text}#task-definition/{definition.get('family', '')}"
        known = definition if named.start is None else _without_variables(definition)  # those of a file count
        yield _input(uri, {"taskDefinition": known}, wanted)._replace(beside=True)


def _without_variables(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A task definition for its image: its variables are not those that a list names."""
    variables = ("command", "environment", "environmentFiles", "secrets")
    containers = [{name: one[name] for name in one if name not in variables} for one in definition["containerDefinitions"]]
    return {**definition, "containerDefinitions": containers}


def _input(uri: str, answer: dict[str, Any], wanted: Wanted) -> Input:
    """A response of AWS as its CLI prints it."""
    data = json.dumps(answer, indent=4, ensure_ascii=False, default=_time).encode("utf-8", "surrogatepass")
    if len(data) > wanted.max_size > 0:
        raise Unread(f"it has {len(data):,} bytes, more than the limit of {wanted.max_size:,} bytes")
    return Input(uri, data, Path(uri))


def _time(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
