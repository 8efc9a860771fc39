"""App specs of DigitalOcean's App Platform: the variables of a component, ``envs``, override those of the app.

A variable of the scope ``BUILD_TIME`` does not reach the server, and a secret that was submitted once is encrypted, ``EV[…]``.
``${db.HOSTNAME}`` stands for a value that the platform knows. In a template for a button all of this is under ``spec``.
"""

from __future__ import annotations

from ..documents.containers.command_lines import Start, problems_of_start
from ..documents.containers.documents import Container, container, for_server, holder_in, load_servers, recognised
from ..documents.containers.mounts import Mounts
from ..documents.source import Loaded, Recognised, SourceFile
from ..documents.variables.documents import Variable, read_variables
from ..documents.variables.in_yaml import Block, Node, roots, text_problems
from ..typed import Final

KINDS = ("server/env",)
NAMES = ("*app*.yaml", "*app*.yml", "*spec*.yaml", "*spec*.yml", "*deploy*.yaml")

_COMPONENTS: Final = ("services", "workers", "jobs")
_STRUCTURE: Final = frozenset("envs http_port image jobs key repository run_command scope services spec tag type workers".split())


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is an app spec with a component that runs a server."""
    if "envs" not in file.text.content or "MEDPLUM_" not in file.text.content or not file.looks_like_yaml:
        return None
    containers = _containers(file)
    return recognised(file, containers, "an app spec without a Medplum server that is configured by variables") if containers else None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each component that runs a server."""
    return load_servers(_containers(file), text_problems(file))


def _containers(file: SourceFile) -> list[Container]:
    apps = [root.at("spec") if root.at("spec").mapping else root for root in roots(file)]
    return [_container(app, item) for app in apps for name in _COMPONENTS for item in app.at(name).items if item.mapping]


def _container(app: Node, node: Node) -> Container:
    parts = [node.at("image", name).value for name in ("registry", "repository")]
    image = f"{'/'.join(str(part) for part in parts if part)}:{node.at('image', 'tag').value or 'latest'}" if parts[1] else None
    command, name = node.at("run_command"), node.at("name").text
    at = command if command.value else None
    nothing = Mounts(complete=True)  # App Platform has no volumes
    start = Start("component", name, image, command.value or None, None, "{} at the end of run_command", at=at, mounts=nothing)
    given = {variable.name: variable for holder in (app, node) for variable in Block(holder.at("envs"), read=_read, key="key").variables}
    given = {name: one for name, one in given.items() if app._replace(path=one.at).at("scope").value != "BUILD_TIME"}

    def load() -> Loaded:
        holder = holder_in(node, "app spec", node.first("envs"), lambda _node: ())
        holder = for_server(holder._replace(at=(holder.at, node.path)), image, start, whole=node.tree.whole)
        built = problems_of_start(start, node.file.server, command.head()) if at and image is None and start.arguments is not None else []
        holder = holder._replace(environment=name, names=_STRUCTURE, editor=None)
        loaded = read_variables(holder._replace(problems=(*holder.problems, *built)), given.values())
        return loaded._replace(start=start.started(whole=node.tree.whole))

    return container(list(given), image, load)


def _read(variable: Variable) -> Variable:
    return variable._replace(text=None) if (variable.text or "").startswith("EV[") else variable
