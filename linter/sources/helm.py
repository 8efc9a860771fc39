"""Values files of the Medplum Helm chart, and of other charts that give variables to a server.

The chart makes variables of ``config.server``, ``config.database``, ``config.redis`` and ``config.fission`` and adds the list
``deployment.env`` (``charts/templates/configmap.yaml``, ``secret.yaml``, ``deployment.yaml``); empty values make none. Other charts have
lists or mappings of variables under names such as ``env`` or ``extraEnv``. The defaults of the chart, and other values files, stand
elsewhere: a document is never complete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from .. import settings
from ..documents.editors import editor_in
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile
from ..documents.variables import (
    Variable,
    VariableHolder,
    configures_server,
    holders_of_server,
    is_servers,
    load_variables,
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
from ..settings.env_names import variable_of
from ..text import Span, printable

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
_ELSEWHERE: Final = "the values of a chart whose server reads its configuration from elsewhere"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file holds values that make variables of a server."""
    if not (mentions_medplum(file) or "configSource" in file.text.content or "baseUrl" in file.text.content):
        return None
    roots = [root for root in _roots(file) if _is_values(root)]
    if any(_is_servers(root, file) for root in roots):
        return Recognised("server/env", Confidence.PROBABLE)
    names = [name for root in roots for name in _names(root, file)]
    if not any(is_servers(name) for name in names):
        source = next((one for root in roots if isinstance(one := root.at("global", "configSource", "type").value, str)), None)
        return Recognised(None, Confidence.WEAK, _ELSEWHERE) if source not in (None, "env") else None
    note = f"the values of a chart with variables of a client, not of a server{unless_kind(names)}"
    return Recognised(None, Confidence.WEAK, note, broken_off(file, *file.yaml))


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of each values document in the file."""
    comments = suppression_comments_of(file)
    problems = [*text_problems(file), *comments.problems]
    loaded: list[Loaded] = []
    roots = filter(_is_values, _roots(file))
    for root in holders_of_server(roots, lambda one: _is_servers(one, file), lambda one: _names(one, file)):
        holder = VariableHolder(
            environment=None,
            type="values",
            start=_start(root),
            lines=lines_of(file),
            names=_NAMES,
            public_names=_PUBLIC,
            sound=is_sound(file),
        )
        variables = _variables(root, file.text.content)
        editor = editor_in(file, root, _variables, _parts)
        loaded.append(load_variables(file, variables, holder, [*problems, *_dropped(root)], comments.suppressions, editor))
        problems = []
    return loaded


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
    return configures_server(names) or (_is_chart(root) and bool(names))


def _names(root: YamlValue, file: SourceFile) -> list[str]:
    return [variable.name for variable in _variables(root, file.text.content)]


def _start(root: YamlValue) -> Span:
    return next((root.at(*path).head() for path in (("config",), ("deployment",)) if root.at(*path).value is not None), root.head())


def _variables(root: YamlValue, content: str) -> list[Variable]:
    rendered = [variable for section in _RENDERED for variable in _section(root.at("config", section), section)] if _is_chart(root) else []
    return rendered + [variable for part in _lists(root, _DEEPEST) for variable in variables_of(part, content)]


def _parts(root: YamlValue) -> Iterator[VariablePart]:
    """Where variables can be edited: as members of the chart's own sections, and in lists, which go into a manifest as they are."""
    if _is_chart(root):
        for section, names in _RENDERED.items():
            members = {variable_of((name,) if section == "server" else (section, name)): name for name in names}
            yield VariablePart(root.at("config", section), numbers=True, booleans=True, members=members)
    yield from map(VariablePart, _lists(root, _DEEPEST))


def _section(part: YamlValue, section: str) -> Iterator[Variable]:
    """The variables that the chart makes of the members of a section; of an empty text, null or nothing it makes none."""
    given = part.value
    for name, value in given.items() if isinstance(given, dict) else ():
        if name not in _RENDERED[section] or value in ("", None) or value is None:
            continue
        path = (name,) if section == "server" else (section, name)
        (variable,) = (one for one in variables_of(part, "") if one.name == name)
        text = _as_json(value) if isinstance(value, dict) else variable.text
        yield variable._replace(name=variable_of(path), text=text)


def _as_json(value: dict[str, Any]) -> str | None:
    """The text that the chart makes of an object; None where nobody knows what stands in it."""
    try:
        return unless_reference(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):  # a template or a tag; infinity, of which YAML has a word and JSON none
        return None


def _lists(part: YamlValue, depth: int) -> Iterator[YamlValue]:
    """Every list or mapping of variables beneath."""
    value = part.value
    if depth == 0 or not isinstance(value, dict):
        return
    for name in value:
        if name in _LISTS:
            yield part.at(name)
        else:
            yield from _lists(part.at(name), depth - 1)


def _dropped(root: YamlValue) -> Iterator[Problem]:
    """Settings that the chart does not know, and so gives to nobody."""
    if not _is_chart(root):
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
