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
from functools import partial

from .. import settings
from ..documents.editors import editor_in
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, Unread
from ..documents.sums import Given, Piece, load_sum
from ..documents.variables import (
    Variable,
    VariableHolder,
    configures_server,
    holders_of_server,
    is_servers,
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
from ..settings.env_names import PREFIX, variable_of
from ..syntax.places import JsonPath
from ..text import Span, printable
from ..typed import Any, Final, NamedTuple

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
    roots = [root for root in _roots(file) if _is_values(root)]
    if any(_is_servers(root, file) for root in roots):
        return Recognised("server/env", Confidence.PROBABLE)
    names = [name for root in roots for name in _names(root, file)]
    if not any(is_servers(name) for name in names):
        sources = [layer.root.at("global", "configSource", "type").value for root in roots for layer in _layers(root, file)]
        source = next((one for one in reversed(sources) if isinstance(one, str)), None)
        return Recognised(None, Confidence.WEAK, _ELSEWHERE) if source not in (None, "env") else None
    note = f"the values of a chart with variables of a client, not of a server{unless_kind(names)}"
    return Recognised(None, Confidence.WEAK, note, broken_off(file, *file.yaml))


def _may_hold_values(file: SourceFile) -> bool:
    return mentions_medplum(file) or "configSource" in file.text.content or "baseUrl" in file.text.content


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of each values document in the file."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    roots = filter(_is_values, _roots(file))
    for root in holders_of_server(roots, lambda one: _is_servers(one, file), lambda one: _names(one, file)):
        layers = _layers(root, file)
        is_chart = _of_chart(layers)
        main = _piece(layers[-1], [*problems, *_dropped(root, is_chart)], comments.suppressions)
        pieces = [*(_piece_beneath(layer, is_chart) for layer in layers[:-1]), main]
        given = [Given(entry.variable, pieces[entry.layer]) for entry in _gathered(layers)]
        loaded.append(load_sum(main, given, also=pieces)._replace(unread=tuple(_unread(layers))))
        problems = []
    return loaded


class _Layer(NamedTuple):
    """The values of one file, which are read over those of another one, or under them."""

    file: SourceFile
    root: YamlValue


def _piece(layer: _Layer, problems: list[Problem], suppressions: Any) -> Piece:
    file, root = layer
    holder = VariableHolder(
        environment=None,
        type="values",
        start=_start(root),
        lines=lines_of(file),
        names=_NAMES,
        public_names=_PUBLIC,
        sound=is_sound(file),
    )
    is_so = _is_called_so(file)
    editor = editor_in(file, root, partial(_variables_in, any_name=is_so), partial(_parts, any_name=is_so))
    return Piece(file, root.place().value.start, holder, (), tuple(problems), suppressions, editor)


def _piece_beneath(layer: _Layer, is_chart: bool) -> Piece:
    """The values under those of another file."""
    comments = suppression_comments_of(layer.file)
    problems = [*text_problems(layer.file), *comments.problems, *_dropped(layer.root, is_chart)]
    return _piece(layer, problems, comments.suppressions)


# --- What is read over what ----------------------------------------------------------------------------------------------------------


_OWN: Final = ("values.yaml", "values.yml")
"""The names of a chart's own values."""
_OTHERS: Final = ("values[-_.]*.yaml", "values[-_.]*.yml", "*[-_.]values.yaml", "*[-_.]values.yml")
"""Those of values that are given with ``-f``."""


def _beneath(file: SourceFile) -> SourceFile | None:
    """The values that those of a file are read over: beside it, else those of a chart, where the run has one."""
    found: SourceFile | None = file.cached("values beneath", lambda: _found_beneath(file))
    return found


def _found_beneath(file: SourceFile) -> SourceFile | None:
    if not any(fnmatch(file.name, pattern) for pattern in _OTHERS):
        return None
    beside = next((found for name in _OWN if (found := file.around.find(file, name)) is not None), None)
    if beside is not None:
        return beside if _values_of(beside) is not None else None
    charts: list[SourceFile] = file.around.cached(("charts", file.release), lambda: _charts(file))
    return charts[0] if len(charts) == 1 else None


def _charts(file: SourceFile) -> list[SourceFile]:
    """The values of charts that the run has."""
    own = [one for one in file.around.given(file, "configSource", "baseUrl", "MEDPLUM_") if one.name in _OWN]
    return [one for one in own if one.around.find(one, "Chart.yaml") is not None and _values_of(one) is not None]


def _values_of(file: SourceFile) -> YamlValue | None:
    """The values of a file that are of a server."""
    roots = [root for root in _roots(file) if _is_values(root)] if _may_hold_values(file) else []
    return next((root for root in roots if _is_chart(root) or configures_server(one.name for one in _variables(root, file))), None)


def _layers(root: YamlValue, file: SourceFile) -> list[_Layer]:
    """The values under those of a document, and itself as the last."""
    beneath = _beneath(file)
    own = _values_of(beneath) if beneath is not None else None
    return [*([_Layer(beneath, own)] if beneath is not None and own is not None else []), _Layer(file, root)]


class _Entry(NamedTuple):
    """A variable, and the number of the layer that gives it."""

    variable: Variable
    layer: int


def _gathered(layers: Sequence[_Layer]) -> list[_Entry]:
    """The variables that are made of several values files together, in the order in which they count."""
    entries: list[_Entry] = []
    for section in _RENDERED if _of_chart(layers) else ():
        entries += _gathered_section(layers, section)
    for path in _paths_of_lists(layers):
        entries += _gathered_list(layers, path)
    return entries


def _paths_of_lists(layers: Sequence[_Layer]) -> Iterator[JsonPath]:
    """The paths of the lists and mappings of variables that are read."""
    return (path for path, rival in _blocks(layers).items() if not rival)


def _blocks(layers: Sequence[_Layer]) -> dict[JsonPath, str]:
    """The paths of all blocks of variables, each with a variable that another one gives too, if nothing says that it is the server's.

    Such a block may be for another server, or for another environment.
    """
    names = _names_in_lists(layers)
    times = Counter(name for own in names.values() for name in own)
    return {path: "" if path[-1] in _LISTS else min((name for name in own if times[name] > 1), default="") for path, own in names.items()}


def _unread(layers: Sequence[_Layer]) -> Iterator[Unread]:
    """The blocks of variables that are not read."""
    for path, rival in _blocks(layers).items():
        for layer in layers if rival else ():
            part = layer.root.at(*path)
            if _has_variables(part.value):
                block, line = printable(".".join(map(str, path))), layer.file.text.position(part.head().start).line
                yield Unread(layer.file.uri, line, f"{block} is not read: {printable(rival)} is given in another block too")


def _names_in_lists(layers: Sequence[_Layer]) -> dict[JsonPath, set[str]]:
    names: dict[JsonPath, set[str]] = {}
    for layer in layers:
        for part in _lists(layer.root, _DEEPEST, any_name=_is_called_so(layer.file)):
            given = (one.name for one in variables_of(part, layer.file.text.content))
            names.setdefault(part.path, set()).update(name for name in given if name.startswith(PREFIX))
    return names


def _is_called_so(file: SourceFile) -> bool:
    return any(fnmatch(file.name, pattern) for pattern in (*NAMES, *_OTHERS))


def _gathered_section(layers: Sequence[_Layer], section: str) -> Iterator[_Entry]:
    """The variables of a section. Of a member the last layer counts that has it, and an object is one with those under it."""
    path = ("config", section)
    winners: dict[str, int] = {}
    first = _first_that_counts(layers, path)
    for number in range(first, len(layers)):
        given = layers[number].root.at(*path).value
        winners.update(dict.fromkeys(given, number) if isinstance(given, dict) else {})
    for number in range(first, len(layers)):
        for name, variable in _section(layers[number].root.at(*path), section):
            if winners[name] == number:
                yield _Entry(_with_members(variable, layers[first : number + 1], (*path, name)), number)


def _with_members(variable: Variable, layers: Sequence[_Layer], path: tuple[str, ...]) -> Variable:
    """A variable whose value is an object, with the members that the layers under it give."""
    values = [layer.root.at(*path).value for layer in layers]
    if not isinstance(values[-1], dict) or not any(isinstance(value, dict) for value in values[:-1]):
        return variable
    merged: dict[str, Any] = {}
    for value in values:
        merged = _merged(merged, value) if isinstance(value, dict) else merged if value is None else {}
    return variable._replace(text=_as_json(merged))


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in over.items():
        below = result.pop(name, None)
        if value is not None:
            result[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _gathered_list(layers: Sequence[_Layer], path: JsonPath) -> Iterator[_Entry]:
    """The variables of a list, which takes the place of one under it; mappings are merged."""
    counting: list[int] = []
    for number in range(_first_that_counts(layers, path[:-1]), len(layers)):
        holder = layers[number].root.at(*path[:-1]).value
        if not isinstance(holder, dict) or path[-1] not in holder:
            continue
        value = holder[str(path[-1])]
        is_over = isinstance(value, dict) and bool(counting) and isinstance(layers[counting[-1]].root.at(*path).value, dict)
        counting = [*counting, number] if is_over else [number] if isinstance(value, dict | list) else []
    last = {name: number for number in counting for name in _members(layers[number].root.at(*path))}
    for number in counting:
        for variable in variables_of(layers[number].root.at(*path), layers[number].file.text.content):
            if last.get(variable.name, number) == number:
                yield _Entry(variable if _holds_values(path) else variable._replace(text=None), number)


def _holds_values(path: JsonPath) -> bool:
    """Whether what stands in a block is what the server gets: not where a value is found, nor perhaps base64."""
    name = str(path[-1])
    is_encoded = name == "data" and len(path) > 1 and "secret" in str(path[-2]).lower()
    return name in _LISTS or not (is_encoded or _ELSEWHERE_NAMED.search(name))


def _members(part: YamlValue) -> Iterator[str]:
    yield from part.value if isinstance(part.value, dict) else ()


def _first_that_counts(layers: Sequence[_Layer], path: JsonPath) -> int:
    """The first layer that is not taken away at a path: by null, or by what is no mapping, in a later one."""
    first = 0
    for number, layer in enumerate(layers):
        node = layer.root.value
        for step in path:
            if not isinstance(node, dict) or step not in node:
                break
            node = node[step]
            if not isinstance(node, dict):
                first = number
    return first


def _roots(file: SourceFile) -> Iterator[YamlValue]:
    yield from (YamlValue(yaml, ()) for yaml in file.yaml if isinstance(yaml.value, dict))


def _is_values(root: YamlValue) -> bool:
    value: Any = root.value
    return not ({"apiVersion", "kind"} <= value.keys() or any(isinstance(value.get(name), dict) for name in ("services", "jobs")))


def _is_chart(root: YamlValue) -> bool:
    """Whether these are values of the Medplum chart: it alone has a source of the configuration, and settings under these names."""
    source = root.at("global", "configSource", "type").value
    server = root.at("config", "server").value
    known = _RENDERED["server"].intersection(server) if isinstance(server, dict) else frozenset()
    return isinstance(source, str) or len(known) > 1 or "baseUrl" in known


def _is_servers(root: YamlValue, file: SourceFile) -> bool:
    names = _names(root, file)
    return configures_server(names) or (_of_chart(_layers(root, file)) and bool(names))


def _names(root: YamlValue, file: SourceFile) -> list[str]:
    return [entry.variable.name for entry in _gathered(_layers(root, file))]


def _of_chart(layers: Sequence[_Layer]) -> bool:
    return any(_is_chart(layer.root) for layer in layers)


def _start(root: YamlValue) -> Span:
    return next((root.at(*path).head() for path in (("config",), ("deployment",)) if root.at(*path).value is not None), root.head())


def _variables(root: YamlValue, file: SourceFile) -> list[Variable]:
    return _variables_in(root, file.text.content, any_name=_is_called_so(file))


def _variables_in(root: YamlValue, content: str, *, any_name: bool) -> list[Variable]:
    sections = [pair for section in _RENDERED for pair in _section(root.at("config", section), section)] if _is_chart(root) else []
    rendered = [variable for _, variable in sections]
    return rendered + [variable for part in _lists(root, _DEEPEST, any_name=any_name) for variable in variables_of(part, content)]


def _parts(root: YamlValue, *, any_name: bool) -> Iterator[VariablePart]:
    """Where variables can be edited: as members of the chart's own sections, and in lists, which go into a manifest as they are."""
    if _is_chart(root):
        for section, names in _RENDERED.items():
            members = {variable_of((name,) if section == "server" else (section, name)): name for name in names}
            yield VariablePart(root.at("config", section), numbers=True, booleans=True, members=members)
    yield from (VariablePart(part) for part in _lists(root, _DEEPEST, any_name=any_name) if _holds_values(part.path))


def _section(part: YamlValue, section: str) -> Iterator[tuple[str, Variable]]:
    """The variables that the chart makes of the members of a section, each with its name there; of an empty text or null it makes none."""
    given = part.value
    for name, value in given.items() if isinstance(given, dict) else ():
        if name not in _RENDERED[section] or value in ("", None) or value is None:
            continue
        path = (name,) if section == "server" else (section, name)
        (variable,) = (one for one in variables_of(part, "") if one.name == name)
        text = _as_json(value) if isinstance(value, dict) else variable.text
        yield name, variable._replace(name=variable_of(path), text=text)


def _as_json(value: dict[str, Any]) -> str | None:
    """The text that the chart makes of an object; None where nobody knows what stands in it."""
    try:
        return unless_reference(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):  # a template or a tag; infinity, for which JSON has no word; nested too deeply
        return None


def _lists(part: YamlValue, depth: int, *, any_name: bool) -> Iterator[YamlValue]:
    """Every list or mapping of variables beneath; with ``any_name`` also what is called otherwise, and holds names of variables."""
    value = part.value
    if depth == 0 or not isinstance(value, dict):
        return
    for name, member in value.items():
        if name in _LISTS or (any_name and _has_variables(member)):
            yield part.at(name)
        else:
            yield from _lists(part.at(name), depth - 1, any_name=any_name)


def _has_variables(value: Any) -> bool:
    """Whether a mapping or a list holds a variable of a server by its name."""
    items = value if isinstance(value, dict | list) else ()
    names = (one.get("name") if isinstance(one, dict) else one for one in items)
    return any(isinstance(name, str) and name.startswith(PREFIX) for name in names)


def _dropped(root: YamlValue, is_chart: bool) -> Iterator[Problem]:
    """Settings that the chart does not know, and so gives to nobody."""
    if not is_chart:
        return
    for section, rendered in _RENDERED.items():
        part = root.at("config", section)
        given = part.value
        for name in given if isinstance(given, dict) else ():
            if name not in rendered and re.fullmatch("[A-Za-z][A-Za-z0-9]*", name):
                yield _drop(part.at(name), section, str(name))


def _drop(part: YamlValue, section: str, name: str) -> Problem:
    path = (name,) if section == "server" else (section, name)
    setting = settings.catalogue().get(path)
    shown = printable(f"config.{section}.{name}")
    message = f"{shown} is not a value of the Medplum chart, which makes no variable from it, so the server never sees it"
    if setting is not None and setting.status != "obsolete":
        message += f"; give {variable_of(path)} under deployment.env"
    elif setting is not None and setting.use.rpartition(".")[2] in _RENDERED[section]:
        message += f"; use config.{section}.{setting.use.rpartition('.')[2]}"
    return Problem("value-not-in-chart", message, part.head(), path)
