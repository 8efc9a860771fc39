"""Values files of the Medplum Helm chart, and of other charts that give variables to a server.

The chart makes variables of ``config.server``, ``config.database``, ``config.redis`` and ``config.fission`` and adds the list
``deployment.env`` (``charts/templates/configmap.yaml``, ``secret.yaml``, ``deployment.yaml``); empty values make none. Other charts have
lists or mappings of variables under names such as ``env`` or ``extraEnv``; in a file that is named as a values file, they may also be under
names such as ``secret`` or ``configMap.data``, if the names in them are the server's. Other values can be given at installation: a document
is complete only if the version of Medplum's chart is known, from ``Chart.yaml`` beside the values, and it reads nothing else.

A values file such as ``values-prod.yaml`` overrides ``values.yaml`` beside it, else the values of the only chart of the run, like ``-f`` of
Helm: mappings are merged, any other value replaces the old one, and null removes it ("Values Files" in Helm's documentation).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from functools import cache, reduce
from itertools import takewhile

from .. import settings
from ..documents.containers.charts import Chart, chart_beside, default_variables, sections, unread
from ..documents.containers.command_lines import Start, never_read, unstartable_start
from ..documents.containers.documents import Container, Given, holder_in, load_servers, load_sum, recognised
from ..documents.containers.workload import Described, as_is, mebibytes
from ..documents.source import Confidence, Image, Loaded, Problem, Recognised, SourceFile, Unread, once_per_file
from ..documents.variables.documents import Variable, VariableHolder, configures_server, is_servers, unless_reference
from ..documents.variables.in_yaml import Block, Node, has_prefixed, mentions_medplum, text_problems, tokens_of, variables_in, yaml_roots
from ..model import UNKNOWN, gathered, sentence
from ..server.start import layers as sources_of
from ..settings.env_names import PREFIX, setting_of, variable_of
from ..syntax.places import JsonPath
from ..text import printable
from ..typed import Any, Final, NamedTuple

KINDS = ("server/env",)
NAMES = ("values*.yaml", "values*.yml", "*values.yaml", "*values.yml")

_LISTS: Final = frozenset({"env", "envs", "envVars", "environment", "extraEnv", "extraEnvVars", "extraEnvironment", "envSecrets"})
_SECRET: Final = frozenset({"googleClientSecret", "password", "recaptchaSecretKey", "signingKey", "signingKeyPassphrase"})
_DEEPEST: Final = 8
_ELSEWHERE_NAMED: Final = re.compile("[Ff]rom|[Rr]efs?$|[Kk]eys?$|[Ee]xternal|[Ee]xisting|[Ss]ealed|[Ee]ncrypted")
"""Words in the name of a mapping that says where each value is found."""
_ELSEWHERE: Final = "the values of a chart whose server reads its configuration from elsewhere"
_AS_SHIPPED: Final = "the values of Medplum's chart as it is shipped, which no server has"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file has values that make variables of a server."""
    if not _may_hold_values(file) and _beneath(file) is None:
        return None
    containers = _containers(file)
    note = "the values of a chart with variables of a client, not of a server"
    found = recognised(file, containers, note, Confidence.PROBABLE, Confidence.WEAK)
    if any(map(_is_as_shipped, _values(file))):
        return Recognised(None, Confidence.PROBABLE, _AS_SHIPPED)
    if found is None or found.kind is not None or any(is_servers(name) for container in containers for name in container.names):
        return found
    sources = (_release(root).source for root in _values(file))
    is_elsewhere = any(source is not None and source.value != "env" for source in sources)
    return Recognised(None, Confidence.WEAK, _ELSEWHERE) if is_elsewhere else None


def _may_hold_values(file: SourceFile) -> bool:
    return mentions_medplum(file) or "configSource" in file.text.content or "baseUrl" in file.text.content


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of each values document in the file."""
    return load_servers(_containers(file), text_problems(file))


@once_per_file
def _containers(file: SourceFile) -> list[Container]:
    return [container for root in _values(file) for container in _containers_of(root)]


class _Release(NamedTuple):
    """Values files that override each other, the last ones from the file itself, and the ``chart`` that they are for, if known.

    ``is_medplums``: it is certainly Medplum's.
    """

    layers: Sequence[Node]
    chart: Chart | None
    is_medplums: bool

    @property
    def sections(self) -> Mapping[str, frozenset[str]]:
        """The sections that the chart makes variables of."""
        return sections(self.chart.version if self.chart is not None else None) if self.is_medplums else {}

    @property
    def source(self) -> Node | None:
        """The start argument that Medplum's chart gives to the server; a parent chart overrides globals."""
        nodes = (one.at("global", "configSource", "type") for layer in reversed(self.layers) for one in (layer._replace(path=()), layer))
        return next((node for node in nodes if node.text is not None), None) if self.is_medplums else None

    @property
    def start(self) -> Start | None:
        """How Medplum's chart starts the server; None if that is not known."""
        argument = unless_reference(self.source.value) if self.source is not None else None
        return Start("chart", None, "medplum/medplum-server", None, [argument], "{}", self.source) if argument is not None else None

    @property
    def is_whole(self) -> bool:
        """Whether the server has no variables other than those of the values."""
        known = self.chart is not None and self.chart.version is not None
        return known and not any(layer.at("deployment", "envFrom").value or not layer.tree.whole for layer in self.layers)

    @property
    def image(self) -> Image | None:
        """The chart's own image, if the values name none."""
        if self.chart is None or self.chart.version is None or any(layer.at("deployment", "image").mapping for layer in self.layers):
            return None
        return Image(f"medplum/medplum-server:{self.chart.version}", where=self.chart.file.uri)


def _release(root: Node) -> _Release:
    """The values that a document overrides, and its own as the last."""
    beneath = _beneath(root.file)
    own = _values_of(beneath) if beneath is not None else None
    layers = [own, root] if own is not None else [root]
    chart = chart_beside(layers[0].file)
    defaults = chart.defaults if chart is not None else None
    if defaults is not None and root.path:
        layers = [defaults, *layers]
    elif defaults is not None and own is not None and _is_as_shipped(own):
        layers = [defaults, root]
    return _Release(layers, chart, any(map(_is_chart, layers)))


def _containers_of(root: Node) -> list[Container]:
    """The containers with variables of some values: the server of Medplum's chart, or each container of another chart."""
    release = _release(root)
    groups, missed = _groups(release), cache(lambda: tuple(_unread(release.layers)))
    return [_container(release, at, paths, missed, alone=len(groups) == 1) for at, paths in groups.items()]


def _container(
    release: _Release, at: JsonPath, paths: Sequence[JsonPath], unread: Callable[[], tuple[Unread, ...]], *, alone: bool
) -> Container:
    """A container with the variables of the blocks at some paths, either all or those beneath ``at``; ``unread`` are the others."""
    layers = release.layers
    is_server = release.is_medplums and (alone or at == _OF_SERVER)
    gathered = list(_gathered(layers, release.sections if is_server else {}, paths))
    is_dropped = not any(release.sections.values()) and any(layer.at("config", "server").mapping for layer in layers)
    start = release.start if is_server else None
    is_unread = start is not None and start.reads(layers[-1].file.release) == "never"
    counts = [one for one, _ in gathered if not (is_unread and _is_default(one))]
    wrong = list(_start_problems(release, start, counts)) if start is not None else []

    def load() -> Loaded:
        holders = {layer.file.uri: _holder(layer, release, paths, wrong if is_server else None) for layer in layers}
        if not alone:
            holders = {uri: one._replace(at=(one.at, at), environment=".".join(map(str, at)) or None) for uri, one in holders.items()}
        main, missed = holders[layers[-1].file.uri], unread()
        whole = is_server and release.is_whole and not missed and not is_dropped
        lacks = start is not None and start.argument != "env"
        main = main._replace(complete=whole and not lacks, partial=lacks, image=release.image if is_server else None)
        holders[main.file.uri] = main
        given = [Given(_placed(variable, uri, release), holders[uri]) for variable, uri in gathered]
        started = start.started(whole=whole) if start is not None else None
        return load_sum(main, given, holders.values())._replace(unread=missed, start=started)

    names = [count.name for count in counts]
    return Container(names, configures_server(names) or (is_server and bool(names or wrong or is_dropped)), load)


# --- The environment of the server ---------------------------------------------------------------------------------------------------

_MEMBERS: Final = (
    ("memory", "deployment.resources.limits.memory", mebibytes),
    ("readOnly", "securityContext.readOnlyRootFilesystem", as_is(bool)),
)
"""The values of Medplum's chart for :mod:`linter.documents.containers.workload` (``templates/deployment.yaml``)."""


def workloads(file: SourceFile) -> list[Described]:
    """The server of Medplum's chart, if its version is known, and with it everything else that the chart gives to the server."""
    releases = ((root, _release(root)) for root in _values(file))
    known = ((root, one) for root, one in releases if one.is_medplums and one.is_whole and len(_groups(one)) == 1)
    return [_described(root, one) for root, one in known if one.source is None or one.source.value == "env"]


def _described(root: Node, release: _Release) -> Described:
    def find(*path: str) -> Node:
        return next(reversed(_merged_value(release.layers, path)), root.at(*path))

    described = Described(_holder(root, release, (), ()), find)
    described.read(_MEMBERS)
    image = find("deployment", "image")
    repository, tag = (described.known(image.at(name)) for name in ("repository", "tag"))
    name = f"{repository or 'medplum/medplum-server'}{f':{tag}' if tag else ''}"
    described.put("image", UNKNOWN if UNKNOWN in (repository, tag) else name, image)
    is_scaled = find("deployment", "autoscaling", "enabled").value
    replicas = find("deployment", "autoscaling", "minReplicas") if is_scaled else find("deployment", "replicaCount")
    if type(replicas.value) is int:
        described.put("replicas", replicas.value, replicas)
    described.give(Block(find("deployment", "env")).variables, root.file)
    described.put("network", UNKNOWN if find("deployment", "sidecars").value else "own", root)
    described.put("mounts", UNKNOWN if find("volumeMounts").value else ["/tmp"], find("volumeMounts"))
    port = find("service", "targetPort")
    if type(port.value) is int:
        described.put("probes.liveness.port", port.value, port)
    return described


# --- Precedence of values files ----------------------------------------------------------------------------------------------------------


_OWN: Final = ("values.yaml", "values.yml")
"""The names of a chart's own values."""
_OTHERS: Final = ("values[-_.]*.yaml", "values[-_.]*.yml", "*[-_.]values.yaml", "*[-_.]values.yml")
"""The names of values that are given with ``-f``."""


@once_per_file
def _beneath(file: SourceFile) -> SourceFile | None:
    """The values that those of a file override: beside it, else a chart's, if the run has one."""
    if not any(fnmatch(file.name, pattern) for pattern in _OTHERS):
        return None
    beside = file.around.first(file, _OWN)
    if beside is not None:
        return beside if _values_of(beside) is not None else None
    charts = file.around.cached(("charts", file.release), lambda: _charts(file))
    return charts[0] if len(charts) == 1 else None


def _charts(file: SourceFile) -> list[SourceFile]:
    """The values of the run's charts."""
    own = [one for one in file.around.given(file, "configSource", "baseUrl", "MEDPLUM_") if one.name in _OWN]
    return [one for one in own if one.around.find(one, "Chart.yaml") is not None and _values_of(one) is not None]


def _values(file: SourceFile) -> list[Node]:
    """The documents of a file that may be values."""

    def is_other(root: Node) -> bool:
        members = root.mapping
        return {"apiVersion", "kind"} <= members.keys() or any(isinstance(members.get(name), dict) for name in ("services", "jobs"))

    found = [root for root in yaml_roots(file) if isinstance(root.value, dict) and not is_other(root)]
    chart = chart_beside(file) if found else None
    return [root.at(*chart.within) if root.at(*chart.within).mapping else root for root in found] if chart is not None else found


def _values_of(file: SourceFile) -> Node | None:
    """The values of a file that belong to a server."""
    values = _values(file) if _may_hold_values(file) else []
    return next((root for root in values if _is_chart(root) or configures_server(variable.name for variable in _variables(root))), None)


def _variables(root: Node) -> list[Variable]:
    """The variables of one file, as far as all versions of the chart and all charts make some."""
    return variables_in(_blocks(root, sections(None) if _is_chart(root) else {}, [part.path[len(root.path) :] for part in _lists(root)]))


def _gathered(layers: Sequence[Node], known: Mapping[str, frozenset[str]], paths: Iterable[JsonPath]) -> Iterator[tuple[Variable, str]]:
    """The combined variables of several values files, in order of precedence, each with its file.

    ``known`` are the sections of which the chart makes some, ``paths`` those of blocks.
    """
    for section, names in known.items():
        nodes = _merged_value(layers, ("config", section))
        yield from _merged([_section(node, section, names, nodes) for node in nodes])
    for path in paths:
        yield from _merged([_list(node) for node in _merged_value(layers, path)])


_OF_SERVER: Final[JsonPath] = ("deployment",)
"""The path above the server's blocks in Medplum's chart."""


def _groups(release: _Release) -> dict[JsonPath, list[JsonPath]]:
    """The paths of the blocks of each container, grouped by parent: all belong to one container, unless two mappings give one variable."""
    rivals = _ambiguous_blocks(release.layers)
    names = {path: own for path, own in _names(release.layers).items() if not rivals[path]}
    groups: dict[JsonPath, list[JsonPath]] = {_OF_SERVER: []} if release.is_medplums else {}
    groups |= gathered((path[:-1], path) for path in names)
    given = [set().union(*(names[path] for path in paths)) for paths in groups.values()]
    is_one = sum(map(len, given)) == len(set().union(*given))
    return {(): list(names)} if is_one else groups


def _merged_value(layers: Sequence[Node], path: JsonPath) -> Sequence[Node]:
    """The value at a path: the merged mappings of several files, or else the last file's value."""
    for step in path:
        given = [layer.at(step) for layer in layers if step in layer.mapping]
        mappings = list(takewhile(lambda one: isinstance(one.value, dict), reversed(given)))
        layers = mappings[::-1] or given[-1:]
    return layers


def _merged(blocks: Sequence[Block]) -> Iterator[tuple[Variable, str]]:
    """The variables of blocks, where a later block replaces members that an earlier one has too."""
    last = {name: block for block in blocks for name in block.at.mapping}
    for block in blocks:
        yield from ((variable, block.at.file.uri) for variable in block.variables if last.get(variable.at[-1], block) is block)


def _ambiguous_blocks(layers: Sequence[Node]) -> dict[JsonPath, str]:
    """The paths of all blocks of variables, each with a variable that another block gives too, unless it is certainly the server's.

    Such a block may be for another server, or for another environment, and is not read.
    """
    names = _names(layers)
    times = Counter(name for own in names.values() for name in own)
    return {path: "" if path[-1] in _LISTS else min((name for name in own if times[name] > 1), default="") for path, own in names.items()}


def _names(layers: Sequence[Node]) -> dict[JsonPath, set[str]]:
    """The names of variables with the server's prefix, by the paths of their blocks."""
    parts = gathered((part.path[len(layer.path) :], Block(part)) for layer in layers for part in _lists(layer))
    given = {path: variables_in(blocks) for path, blocks in parts.items()}
    return {path: {one.name for one in own if one.name.startswith(PREFIX)} for path, own in given.items()}


def _unread(layers: Sequence[Node]) -> Iterator[Unread]:
    """The blocks of variables that are not read."""
    for path, rival in _ambiguous_blocks(layers).items():
        for part in (layer.at(*path) for layer in layers if rival):
            if has_prefixed(part):
                block, line = printable(".".join(map(str, path))), part.file.text.position(part.head().start).line
                yield Unread(part.file.uri, line, f"{block} is not read: {printable(rival)} is given in another block too")


def _overlaid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in over.items():
        below = result.pop(name, None)
        if value is not None:
            result[name] = _overlaid(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _holds_values(path: JsonPath) -> bool:
    """Whether a block has the values that the server gets, and not where to find them, or perhaps base64."""
    name = str(path[-1])
    is_encoded = name == "data" and len(path) > 1 and "secret" in str(path[-2]).lower()
    return name in _LISTS or not (is_encoded or _ELSEWHERE_NAMED.search(name))


def _is_chart(root: Node) -> bool:
    """Whether these are values of the Medplum chart: it alone has a source of the configuration, and settings under these names."""
    given = root.at("config", "server").mapping
    known = sections(None)["server"].intersection(given) if given else ()
    return root.at("global", "configSource", "type").text is not None or len(known) > 1 or "baseUrl" in known


def _blocks(root: Node, known: Mapping[str, frozenset[str]], paths: Iterable[JsonPath]) -> list[Block]:
    """The variables of one file: members of the chart's own sections, and lists, which are copied into a manifest."""
    nodes = [(root.at("config", section), section, names) for section, names in known.items()]
    return [*(_section(node, section, names, [node]) for node, section, names in nodes), *(_list(root.at(*path)) for path in paths)]


def _section(node: Node, section: str, rendered: Iterable[str], standing: Sequence[Node]) -> Block:
    """A section of the chart; an object in it becomes one with its nested settings."""

    def read(variable: Variable) -> Variable:
        values = [one.value for one in _merged_value(standing, variable.at[-1:])]
        return variable._replace(text=_as_json(reduce(_overlaid, values))) if values and isinstance(values[-1], dict) else variable

    names = {name: variable_of(_path(section, name)) for name in rendered}
    return Block(node, read=read, numbers=True, booleans=True, names=names)


def _list(node: Node) -> Block:
    if _holds_values(node.path):
        return Block(node)
    return Block(node, read=lambda variable: variable._replace(text=None), is_editable=False)


def _path(section: str, name: str) -> tuple[str, ...]:
    """The path of the setting of a section's member."""
    return (name,) if section == "server" else (section, name)


def _as_json(value: dict[str, Any]) -> str | None:
    """The text that the chart makes of an object; None if its content is not known."""
    try:
        return unless_reference(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):  # a template or a tag; infinity, which JSON cannot express; nested too deeply
        return None


def _lists(root: Node) -> Iterator[Node]:
    """Every list or mapping of variables in values; in a file that is named as a values file also those with other names."""
    any_name = any(fnmatch(root.file.name, pattern) for pattern in (*NAMES, *_OTHERS))

    def beneath(part: Node, depth: int) -> Iterator[Node]:
        for member in part.members if depth else ():
            if member.path[-1] in _LISTS or (any_name and has_prefixed(member)):
                yield member
            else:
                yield from beneath(member, depth - 1)

    return beneath(root, _DEEPEST)


# --- Medplum's chart -----------------------------------------------------------------------------------------------------------------


_HOSTS: Final = {"MEDPLUM_DATABASE_HOST": "config.database.host", "MEDPLUM_REDIS_HOST": "config.redis.host"}


def _is_default(variable: Variable) -> bool:
    return variable.text is not None and default_variables().get(variable.name) == variable.text


def _placed(variable: Variable, uri: str, release: _Release) -> Variable:
    """A variable of a file; for a default of the chart the place is that of its version, and secrets are often given at installation."""
    chart = release.chart
    if chart is None or uri != chart.file.uri:
        return variable
    text = None if settings.catalogue().is_secret(setting_of(variable.name)) else variable.text
    return variable._replace(key=chart.span, value=chart.span, text=text, quoting="", at=())


def _is_as_shipped(root: Node) -> bool:
    """Whether these are the values of Medplum's chart in its own folder, with nothing edited that matters to the server."""
    chart = chart_beside(root.file) if root.file.name in _OWN else None
    if chart is None or chart.within or root.at("global", "configSource", "type").value not in (None, "env"):
        return False
    return {variable.name: variable.text for variable in _variables(root)} == default_variables()


def _start_problems(release: _Release, start: Start, variables: Sequence[Variable]) -> Iterator[Problem]:
    """The problems of the start argument for Medplum's chart, for variables that are meant for the server."""
    source, last = release.source or release.layers[-1], {variable.name: variable for variable in variables}
    server, span = source.file.server, source.place().value
    wrong = [shown for name, shown in _HOSTS.items() if name in last and _is_default(last[name])]
    can_be_right = any(layer.at("deployment", name).value for layer in release.layers for name in ("envFrom", "sidecars"))
    unstartable = unstartable_start(start, server)
    if unstartable is not None:
        yield Problem(*unstartable, span)
    elif start.reads(server.release) == "never" and any(map(is_servers, last)):
        remedy = "give these settings in what global.configSource.type names"
        message = sentence(never_read(start), "it ignores config and deployment.env", remedy, by=", so ")
        yield Problem("start-without-env", message, span)
    elif wrong and not can_be_right and [source.kind for source in sources_of(start.argument or "", server.release)][1:][-1:] == ["env"]:
        what = f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} localhost, as in the chart, and env overrides the other source"
        remedy, stops = "leave env out of global.configSource.type, or give the real host", _HOSTS["MEDPLUM_DATABASE_HOST"] in wrong
        effect = "looks in its own pod and does not start" if stops else "finds no Redis, and its cache and jobs fail"
        message = sentence(what, f"the server {effect}", remedy, by=", so ", stops=stops)
        yield Problem("chart-database-over-source" if stops else "chart-redis-over-source", message, span)


def _holder(root: Node, release: _Release, paths: Sequence[JsonPath], wrong: Iterable[Problem] | None) -> VariableHolder:
    """The values of one file as a holder of variables, with the problems of the start argument in ``wrong``; None for another container."""
    chart = release.chart
    if chart is not None and root is release.layers[0] and root.file.uri == chart.file.uri:
        return VariableHolder(chart.file, "values", chart.span, tokens_of(chart.file), at="defaults", names=frozenset({"version"}))
    known = release.sections if wrong is not None else {}
    names = frozenset().union(*sections(None).values())
    holder = holder_in(root, "values", root.first("config", "deployment"), lambda node: _blocks(node, known, paths))
    holder = holder._replace(names=names, public_names=names - _SECRET)
    if wrong is None:
        return holder
    here = wrong if release.source is not None and release.source.file.uri == root.file.uri else ()
    return holder._replace(problems=(*holder.problems, *here, *_dropped(root, release)))


def _misspelt(root: Node, release: _Release) -> Iterator[tuple[Node, str]]:
    """The parts of ``config`` whose names are near misses of the sections that the chart reads, each with the one that was meant."""
    for part in root.at("config").members:
        if (name := str(part.path[-1])) not in release.sections:
            from ..suggest import is_slip  # only after a mistake

            yield from ((part, f"config.{section}") for section in release.sections if is_slip(name, section))


def _dropped(root: Node, release: _Release) -> Iterator[Problem]:
    """Values that the chart does not know: settings that it passes to no container, and others that no template of it reads."""
    chart = release.chart
    if chart is not None and chart.version is None:  # another chart, or a newer one
        return
    for section, rendered in release.sections.items():
        for part in root.at("config", section).members:
            name = str(part.path[-1])
            is_known = name in rendered or (chart is not None and chart.changes(f"config.{section}.{name}"))
            if is_known or not re.fullmatch("[A-Za-z][A-Za-z0-9]*", name):
                continue
            path = _path(section, name)
            setting = settings.catalogue().get(path)
            shown = printable(f"config.{section}.{name}")
            what, remedy = f"{shown} is not a value of the Medplum chart, which makes no variable from it", ""
            if setting is not None and setting.status != "obsolete":
                remedy = f"give {variable_of(path)} under deployment.env"
            elif setting is not None and setting.use.rpartition(".")[2] in rendered:
                remedy = f"use config.{section}.{setting.use.rpartition('.')[2]}"
            message = sentence(what, "the server never sees it", remedy, by=", so ")
            yield Problem("value-not-in-chart", message, part.head(), path)
    for part, instead in (*_misspelt(root, release), *unread(root, chart)) if release.is_medplums else ():
        what = f"{printable('.'.join(map(str, part.path[len(root.path) :])))} is not a value of the Medplum chart"
        message = sentence(what, "no template reads it", f"use {instead}" if instead else "", by=", so ")
        yield Problem("value-not-in-chart", message, part.head())
