"""Workflows of GitHub Actions that give variables to a Medplum server: ``env`` of the workflow, of jobs, steps, containers and services.

Each ``env`` is a document: which of them reach the same process is not followed. ``${{ secrets.NAME }}`` and other expressions are
references. Other jobs, such as one that deploys bots, have variables of clients.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.editors import editor_in
from ..documents.images import is_app_image, is_server_image
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile
from ..documents.suppression_comments import SuppressionComments
from ..documents.variables import Variable, VariableHolder, configures_server, holders_of_server, is_servers, load_variables, unless_kind
from ..documents.variables_in_yaml import (
    VariablePart,
    YamlValue,
    is_sound,
    lines_of,
    suppression_comments_of,
    text_problems,
    variables_of,
)
from ..model import SettingPath
from ..settings.env_names import variable_of
from ..typed import Any, Final, NamedTuple

KINDS = ("server/env",)
NAMES = ("*.yaml", "*.yml")

_STRUCTURE: Final = frozenset("jobs on run runs-on steps uses with".split())
"""Names of a workflow, beside those that other holders of variables have too."""
_OF_JOBS: Final = frozenset({"runs-on", "steps", "uses"})
"""Of which a job has one."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Env(NamedTuple):
    """Variables, and what they are given to: the ``holder`` of ``env``, in a ``job`` or for all of them."""

    holder: YamlValue
    job: YamlValue | None


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a workflow, and has variables of a server."""
    if "MEDPLUM_" not in file.text.content:
        return None
    every = list(_every_env(file))
    if not any(map(_jobs, file.yaml)):
        return None
    if any(_is_servers(env, file) for env in every):
        return Recognised("server/env", Confidence.LIKELY)
    names = [name for env in every for name in _names(env, file)]
    note = f"a GitHub workflow without variables of a Medplum server{unless_kind(names)}"
    return Recognised(None, Confidence.PLAUSIBLE, note, broken_off(file, *file.yaml))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each ``env`` of a server; mistakes in the text are reported with the first."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    for env in holders_of_server(_every_env(file), lambda one: _is_servers(one, file), lambda one: _names(one, file)):
        loaded.append(_load(file, env, problems, comments))
        problems = []
    return loaded


def _load(file: SourceFile, env: _Env, problems: list[Problem], comments: SuppressionComments) -> Loaded:
    variables = _variables(env.holder, file.text.content)
    image = env.holder.at("image").value
    holder = VariableHolder(
        environment=str(env.job.path[-1]) if env.job is not None else None,
        type="workflow",
        start=env.holder.at("env").head(),
        lines=lines_of(file),
        names=_STRUCTURE,
        sound=is_sound(file),
        strict=is_server_image(image),
        image=image if is_server_image(image) else "",
        throwaway=_throwaway(env, file),
    )
    return load_variables(file, variables, holder, problems, comments.suppressions, editor_in(file, env.holder, _variables, _parts))


def _jobs(yaml: Any) -> dict[str, Any]:
    """The jobs of a document; none where it is no workflow."""
    jobs = yaml.value.get("jobs") if isinstance(yaml.value, dict) else None
    if not isinstance(jobs, dict):
        return {}
    return {str(name): job for name, job in jobs.items() if isinstance(job, dict) and not job.keys().isdisjoint(_OF_JOBS)}


def _every_env(file: SourceFile) -> Iterator[_Env]:
    for yaml in file.yaml:
        jobs = _jobs(yaml)
        if jobs:
            yield _Env(YamlValue(yaml, ()), None)
        for name in jobs:
            job = YamlValue(yaml, ("jobs", name))
            yield from (_Env(holder, job) for holder in (job, job.at("container"), *_below(job.at("services")), *_below(job.at("steps"))))


def _below(part: YamlValue) -> Iterator[YamlValue]:
    """The members of a mapping or list."""
    given = part.value
    for step in given if isinstance(given, dict) else range(len(given) if isinstance(given, list) else 0):
        yield part.at(step)


def _variables(holder: YamlValue, content: str) -> list[Variable]:
    return variables_of(holder.at("env"), content)


def _parts(holder: YamlValue) -> Iterator[VariablePart]:
    yield VariablePart(holder.at("env"), numbers=True, booleans=True)


def _names(env: _Env, file: SourceFile) -> list[str]:
    """The names of the variables; those of the app are none of a server."""
    if is_app_image(env.holder.at("image").value):
        return []
    return [variable.name for variable in _variables(env.holder, file.text.content)]


def _is_servers(env: _Env, file: SourceFile) -> bool:
    """Whether these are variables of a server; to a service with its image all that begin so are."""
    names = _names(env, file)
    if is_server_image(env.holder.at("image").value):
        return any(is_servers(name, strict=True) for name in names)
    return configures_server(names)


_DATABASES: Final = ("postgres", "timescale", "pgvector", "postgis", "alloydb")
_CONNECTIONS: Final = {"database": _DATABASES, "readonlyDatabase": _DATABASES, "redis": ("redis", "valkey", "keydb", "dragonfly")}
"""The sections with the password of a service, and what the image of such a service is called."""
_OF_SUPER_ADMIN: Final = frozenset({("defaultSuperAdminPassword",), ("defaultSuperAdminClientSecret",)})
"""Secrets that are written into the database, and end with it."""


def _throwaway(env: _Env, file: SourceFile) -> frozenset[SettingPath]:
    """The settings whose secrets open nothing but a container of the job, which is gone with it.

    A service that the job has for something else says nothing of a database elsewhere.
    """
    services = _services_of(env.job, file)
    own = {(section, "password") for section in _CONNECTIONS if _is_of_job(_host_of(section, env, file), services, section)}
    return frozenset(own | _OF_SUPER_ADMIN) if ("database", "password") in own else frozenset(own)


class _Services(NamedTuple):
    """The services of a job: their names, with those of the job's own machine, and the sections of settings that some lead to."""

    names: frozenset[str]
    sections: frozenset[str]


def _services_of(job: YamlValue | None, file: SourceFile) -> _Services:
    """The services of a job; looked at once, for all that has variables in it asks for them."""
    services = job.at("services") if job is not None else None
    given = services.value if services is not None else None
    if services is None or not isinstance(given, dict):
        return _Services(_LOOPBACK, frozenset())
    cached: dict[int, _Services] = file.cached("services", dict)
    at = services.head().start
    if at not in cached:
        images = (one.get("image") if isinstance(one, dict) else None for one in given.values())
        texts = [image.lower() for image in images if isinstance(image, str)]
        sections = (section for section, called in _CONNECTIONS.items() if any(one in image for image in texts for one in called))
        cached[at] = _Services(_LOOPBACK.union(map(str, given)), frozenset(sections))
    return cached[at]


def _host_of(section: str, env: _Env, file: SourceFile) -> Variable | None:
    """The variable of a host that reaches a holder: its own, else that of its job, else that of the workflow."""
    name = variable_of((section, "host"))
    job = env.job
    holders = [env.holder, *([job.at("container"), job] if job is not None else []), YamlValue(env.holder.yaml, ())]
    return next((hosts[name] for hosts in (_hosts(holder, file) for holder in holders) if name in hosts), None)


def _hosts(holder: YamlValue, file: SourceFile) -> dict[str, Variable]:
    """The hosts that a holder gives, by the names of the variables; looked for once, for every step of a job asks for those of the job."""
    given = holder.at("env")
    if not given.value:
        return {}
    cached: dict[int, dict[str, Variable]] = file.cached("hosts", dict)
    at = given.head().start
    if at not in cached:
        names = {variable_of((section, "host")) for section in _CONNECTIONS}
        cached[at] = {one.name: one for one in variables_of(given, file.text.content) if one.name in names}
    return cached[at]


def _is_of_job(host: Variable | None, services: _Services, section: str) -> bool:
    """Whether a host is the job's own machine or service; where none is given, whether a service is what it would lead to."""
    return host.text in services.names if host is not None else section in services.sections
