"""Values files of the Medplum Helm chart, and of other charts that give variables to a server.

The chart makes variables of ``config.server``, ``config.database``, ``config.redis`` and ``config.fission`` and adds the list
``deployment.env`` (``charts/templates/configmap.yaml``, ``secret.yaml``, ``deployment.yaml``); empty values make none. Other charts have
lists or mappings of variables under names such as ``env`` or ``extraEnv``, and under names of their own, such as ``secret`` or
``configMap.data``, by which a file that is called as one of values holds variables where their names are those of the server's. Other
values can be given when it is installed: a document is never complete.

A values file such as ``values-prod.yaml`` is read over ``values.yaml`` beside it, else over that of the one chart of the run, as Helm
reads it with ``-f``: mappings are merged, anything else takes the place of what was there, and null takes it away ("Values Files" in
Helm's documentation).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import reduce
from itertools import takewhile

from .. import settings
from ..documents.containers import Container, Given, holder_in, load_servers, load_sum, recognised
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, Unread
from ..documents.variables import Variable, VariableHolder, configures_server, is_servers, unless_reference
from ..documents.variables_in_yaml import Block, Node, has_prefixed, mentions_medplum, roots, text_problems, variables_in
from ..model import sentence
from ..settings.env_names import PREFIX, variable_of
from ..syntax.places import JsonPath
from ..text import printable
from ..typed import Any, Final

KINDS = ("server/env",)
NAMES = ("values*.yaml", "values*.yml", "*values.yaml", "*values.yml")

_RENDERED: Final = {
    "server": frozenset(
        "allowedOrigins appBaseUrl baseUrl binaryStorage defaultBotRuntimeVersion googleClientId googleClientSecret "
        "introspectionEnabled maxBatchSize maxJsonSize port recaptchaSecretKey recaptchaSiteKey signingKey signingKeyId "
        "signingKeyPassphrase storageBaseUrl supportEmail vmContextBotsEnabled".split()
    ),
    "database": frozenset("dbname host password port username".split()),
    "redis": frozenset("host password port".split()),
    "fission": frozenset("environmentName fieldManager namespace routerHost routerPort".split()),
}
"""What the chart makes variables of; anything else under these names is dropped without a word."""
_LISTS: Final = frozenset({"env", "envs", "envVars", "environment", "extraEnv", "extraEnvVars", "extraEnvironment", "envSecrets"})
_NAMES: Final[frozenset[str]] = frozenset().union(*_RENDERED.values())
_PUBLIC: Final = _NAMES - {
    "googleClientSecret",
    "password",
    "recaptchaSecretKey",
    "signingKey",
    "signingKeyPassphrase",
    "tls",
}
_DEEPEST: Final = 8
_ELSEWHERE_NAMED: Final = re.compile("[Ff]rom|[Rr]efs?$|[Kk]eys?$|[Ee]xternal|[Ee]xisting|[Ss]ealed|[Ee]ncrypted")
"""What is in the name of a mapping that says where each value is found."""
_ELSEWHERE: Final = "the values of a chart whose server reads its configuration from elsewhere"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file holds values that make variables of a server."""
    if not _may_hold_values(file) and _beneath(file) is None:
        return None
    containers = _containers(file)
    note = "the values of a chart with variables of a client, not of a server"
    found = recognised(file, containers, note, Confidence.PROBABLE, Confidence.WEAK)
    if found is None or found.kind is not None or any(is_servers(name) for one in containers for name in one.names):
        return found
    sources = [layer.at("global", "configSource", "type").value for root in _values(file) for layer in _layers(root)]
    source = next((one for one in reversed(sources) if isinstance(one, str)), None)
    return Recognised(None, Confidence.WEAK, _ELSEWHERE) if source not in (None, "env") else None


def _may_hold_values(file: SourceFile) -> bool:
    return mentions_medplum(file) or "configSource" in file.text.content or "baseUrl" in file.text.content


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of each values document in the file."""
    return load_servers(_containers(file), text_problems(file))


def _containers(file: SourceFile) -> list[Container]:
    return file.cached("values", lambda: list(map(_container, _values(file))))


def _container(root: Node) -> Container:
    layers = _layers(root)
    is_chart = any(map(_is_chart, layers))
    holders = {layer.file.uri: _holder(layer, is_chart) for layer in layers}
    given = [Given(variable, holders[uri]) for variable, uri in _gathered(layers, is_chart)]
    names = [one.variable.name for one in given]

    def load() -> Loaded:
        return load_sum(holders[root.file.uri], given, holders.values(), ())._replace(unread=tuple(_unread(layers)))

    return Container(names, configures_server(names) or (is_chart and bool(names)), load)


def _holder(root: Node, is_chart: bool) -> VariableHolder:
    """The values of one file as what variables stand in."""
    holder = holder_in(root, "values", root.first("config", "deployment"), _blocks)
    dropped = _dropped(root) if is_chart else ()
    return holder._replace(names=_NAMES, public_names=_PUBLIC, problems=(*holder.problems, *dropped))


# --- What is read over what ----------------------------------------------------------------------------------------------------------


_OWN: Final = ("values.yaml", "values.yml")
"""The names of a chart's own values."""
_OTHERS: Final = ("values[-_.]*.yaml", "values[-_.]*.yml", "*[-_.]values.yaml", "*[-_.]values.yml")
"""Those of values that are given with ``-f``."""


def _beneath(file: SourceFile) -> SourceFile | None:
    """The values that those of a file are read over: beside it, else those of a chart, where the run has one."""
    return file.cached("values beneath", lambda: _found_beneath(file))


def _found_beneath(file: SourceFile) -> SourceFile | None:
    if not any(fnmatch(file.name, pattern) for pattern in _OTHERS):
        return None
    beside = next((found for name in _OWN if (found := file.around.find(file, name)) is not None), None)
    if beside is not None:
        return beside if _values_of(beside) is not None else None
    charts = file.around.cached(("charts", file.release), lambda: _charts(file))
    return charts[0] if len(charts) == 1 else None


def _charts(file: SourceFile) -> list[SourceFile]:
    """The values of charts that the run has."""
    own = [one for one in file.around.given(file, "configSource", "baseUrl", "MEDPLUM_") if one.name in _OWN]
    return [one for one in own if one.around.find(one, "Chart.yaml") is not None and _values_of(one) is not None]


def _values(file: SourceFile) -> list[Node]:
    """The documents of a file that may be values."""

    def is_values(value: Any) -> bool:
        is_other = isinstance(value, dict) and any(isinstance(value.get(name), dict) for name in ("services", "jobs"))
        return isinstance(value, dict) and not is_other and not {"apiVersion", "kind"} <= value.keys()

    return [root for root in roots(file) if is_values(root.value)] if file.looks_like_yaml else []


def _values_of(file: SourceFile) -> Node | None:
    """The values of a file that are of a server."""
    values = _values(file) if _may_hold_values(file) else []
    return next((root for root in values if _is_chart(root) or configures_server(one.name for one in variables_in(_blocks(root)))), None)


def _layers(root: Node) -> list[Node]:
    """The values under those of a document, and itself as the last."""
    beneath = _beneath(root.file)
    own = _values_of(beneath) if beneath is not None else None
    return [own, root] if own is not None else [root]


def _gathered(layers: Sequence[Node], is_chart: bool) -> Iterator[tuple[Variable, str]]:
    """The variables that several values files make together, in the order in which they count, each with its file."""
    for section in _RENDERED if is_chart else ():
        nodes = _standing(layers, ("config", section))
        yield from _merged([_section(node, section, nodes) for node in nodes])
    for path, rival in _rivals(layers).items():
        if not rival:
            yield from _merged([_list(node) for node in _standing(layers, path)])


def _standing(layers: Sequence[Node], path: JsonPath) -> Sequence[Node]:
    """What stands at a path: the mappings of several files, which are merged, or else what the last file has there."""
    for step in path:
        given = [layer.at(step) for layer in layers if step in layer.mapping]
        mappings = list(takewhile(lambda one: isinstance(one.value, dict), reversed(given)))
        layers = mappings[::-1] or given[-1:]
    return layers


def _merged(blocks: Sequence[Block]) -> Iterator[tuple[Variable, str]]:
    """The variables of blocks of which a later one takes the place of the members that it has too."""
    last = {name: block for block in blocks for name in block.at.mapping}
    for block in blocks:
        yield from ((one, block.at.file.uri) for one in block.variables if last.get(one.at[-1], block) is block)


def _rivals(layers: Sequence[Node]) -> dict[JsonPath, str]:
    """The paths of all blocks of variables, each with a variable that another one gives too, if nothing says that it is the server's.

    Such a block may be for another server, or for another environment, and is not read.
    """
    names: dict[JsonPath, set[str]] = {}
    for part in (part for layer in layers for part in _lists(layer)):
        names.setdefault(part.path, set()).update(one.name for one in Block(part).variables if one.name.startswith(PREFIX))
    times = Counter(name for own in names.values() for name in own)
    return {path: "" if path[-1] in _LISTS else min((name for name in own if times[name] > 1), default="") for path, own in names.items()}


def _unread(layers: Sequence[Node]) -> Iterator[Unread]:
    """The blocks of variables that are not read."""
    for path, rival in _rivals(layers).items():
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
    """Whether what stands in a block is what the server gets: not where a value is found, nor perhaps base64."""
    name = str(path[-1])
    is_encoded = name == "data" and len(path) > 1 and "secret" in str(path[-2]).lower()
    return name in _LISTS or not (is_encoded or _ELSEWHERE_NAMED.search(name))


def _is_chart(root: Node) -> bool:
    """Whether these are values of the Medplum chart: it alone has a source of the configuration, and settings under these names."""
    known = _RENDERED["server"].intersection(root.at("config", "server").mapping)
    return isinstance(root.at("global", "configSource", "type").value, str) or len(known) > 1 or "baseUrl" in known


def _blocks(root: Node) -> list[Block]:
    """The variables of one file: members of the chart's own sections, and lists, which go into a manifest as they are."""
    nodes = [(root.at("config", section), section) for section in (_RENDERED if _is_chart(root) else ())]
    return [*(_section(node, section, [node]) for node, section in nodes), *map(_list, _lists(root))]


def _section(node: Node, section: str, standing: Sequence[Node]) -> Block:
    """A section of the chart's, of which an object is one with those that stand under it."""

    def read(variable: Variable) -> Variable:
        values = [one.value for one in _standing(standing, variable.at[-1:])]
        return variable._replace(text=_as_json(reduce(_overlaid, values))) if values and isinstance(values[-1], dict) else variable

    names = {name: variable_of(_path(section, name)) for name in _RENDERED[section]}
    return Block(node, read=read, numbers=True, booleans=True, names=names)


def _list(node: Node) -> Block:
    if _holds_values(node.path):
        return Block(node)
    return Block(node, read=lambda variable: variable._replace(text=None), is_editable=False)


def _path(section: str, name: str) -> tuple[str, ...]:
    """The path of the setting that a member of a section gives."""
    return (name,) if section == "server" else (section, name)


def _as_json(value: dict[str, Any]) -> str | None:
    """The text that the chart makes of an object; None where it is not known what stands in it."""
    try:
        return unless_reference(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):  # a template or a tag; infinity, for which JSON has no word; nested too deeply
        return None


def _lists(root: Node) -> Iterator[Node]:
    """Every list or mapping of variables in values; in a file that is called as one also what is called otherwise, and holds variables."""
    any_name = any(fnmatch(root.file.name, pattern) for pattern in (*NAMES, *_OTHERS))

    def beneath(part: Node, depth: int) -> Iterator[Node]:
        for member in part.members if depth else ():
            if member.path[-1] in _LISTS or (any_name and has_prefixed(member)):
                yield member
            else:
                yield from beneath(member, depth - 1)

    return beneath(root, _DEEPEST)


def _dropped(root: Node) -> Iterator[Problem]:
    """Settings that the chart does not know, and so gives to no container."""
    for section, rendered in _RENDERED.items():
        for part in root.at("config", section).members:
            name = str(part.path[-1])
            if name in rendered or not re.fullmatch("[A-Za-z][A-Za-z0-9]*", name):
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
