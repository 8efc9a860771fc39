"""Medplum's Helm chart: which version of it values are for, what that reads, and its own default values (``charts.yaml``)."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping
from functools import cache

from ...release import Release
from ...settings.env_names import variable_of
from ...syntax.places import JsonPath
from ...syntax.yaml import Yaml, parse_yaml
from ...text import Span
from ...typed import Any, Final, NamedTuple
from ..source import SourceFile, once_per_file
from ..variables.in_yaml import Node, roots

_TEMPLATES: Final = ("_helpers.tpl", "configmap.yaml", "deployment.yaml", "hpa.yaml", "ingress.yaml", "secret.yaml", "service.yaml")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*")
"""The name of a value that may be shown."""
_EMPTY: Final[tuple[Any, ...]] = (None, "", {}, [])
"""Values that never change anything."""


class Chart(NamedTuple):
    """Medplum's chart, as ``file``, a ``Chart.yaml``, names it: its ``version`` at ``span``, or None if that is unknown.

    ``within`` is where its values are in those of the chart of the file: a chart that depends on it has them under its name.
    """

    version: Release | None
    file: SourceFile
    span: Span
    within: JsonPath = ()

    @property
    def defaults(self) -> Node | None:
        """The chart's own values from which it makes variables, without places in the file; None if they are not known."""
        if self.version is None or "config.server.baseUrl" not in _read(self.version):
            return None
        return Node(SourceFile(self.file.uri, b"", self.file.server, self.file.around), _tree(), ("defaults",))

    def changes(self, name: str) -> bool:
        """Whether a value may mean something else than in Medplum's chart: in a modified template, or to Helm."""
        key = name.rpartition(".")[2]
        found = (self.file.around.find(self.file, f"templates/{name}") for name in _TEMPLATES if not self.within)
        texts = [template.text.content for template in found if template is not None]
        uses = [f"{at}{key}" for at in (f".Values.{name[: -len(key)]}", " .", "(.")]
        return name in self.file.text.content or any(use in text for text in texts for use in uses)


@once_per_file
def chart_beside(values: SourceFile) -> Chart | None:
    """The chart that ``Chart.yaml`` beside a values file is, or depends on; None if it is not Medplum's."""
    beside = values.around.find(values, "Chart.yaml")
    for root in roots(beside) if beside is not None and "medplum" in beside.text.content else ():
        if root.at("name").value == "medplum":
            return _chart(root, root.at("home"), ())
        for item in root.at("dependencies").items:
            if item.at("name").value == "medplum":
                alias = item.at("alias").value
                return _chart(item, item.at("repository"), (alias if isinstance(alias, str) else "medplum",))
    return None


def _chart(node: Node, address: Node, within: JsonPath) -> Chart:
    """The chart of a node with a version; one without Medplum's ``address`` may be another chart of this name."""
    written, version = node.at("version"), None
    text = written.text or ""
    if "medplum.com" in (address.text or "") and re.fullmatch(r"\d{1,4}(?:\.\d{1,4}){2}", text):
        version = Release.of(text)
    is_known = version is not None and _release("first") <= version <= _release("last")
    return Chart(version if is_known else None, node.file, written.place().value, within)


@cache
def _tree() -> Yaml:
    with open(os.path.join(os.path.dirname(__file__), "charts.yaml"), encoding="utf-8") as file:
        return parse_yaml(file.read())[0]


def _release(name: str) -> Release:
    return Release.of(_tree().value[name])


@cache
def _read(version: Release) -> frozenset[str]:
    """What a version reads."""
    steps: Mapping[str, str] = _tree().value["read"]
    return frozenset(name for first, names in steps.items() if Release.of(first) <= version for name in names.split())


@cache
def sections(version: Release | None) -> Mapping[str, frozenset[str]]:
    """The sections of ``config``, each with the names that a version makes variables of; for an unknown version those of the newest."""
    names = [name.split(".")[1:] for name in _read(version or _release("last")) if name.startswith("config.")]
    return {section: frozenset(name for owner, name in names if owner == section) for section in ("server", "database", "redis", "fission")}


@cache
def default_variables() -> Mapping[str, str]:
    """The variables that the chart makes of its own values, with their texts."""
    config: Mapping[str, Mapping[str, str]] = _tree().value["defaults"]["config"]
    paths = {((name,) if section == "server" else (section, name)): text for section in config for name, text in config[section].items()}
    return {variable_of(path): text for path, text in paths.items()}


def unread(values: Node, chart: Chart | None) -> Iterator[tuple[Node, str]]:
    """The values outside ``config`` that no template of the chart reads, each with what to use instead, or an empty text.

    Of a version that is not known these are those which moved before there were the others.
    """
    moved: dict[str, str] = _tree().value["moved"]
    for name, instead in moved.items():
        part = values.at(*name.split("."))
        if part.value not in _EMPTY and (chart is None or not chart.changes(name)):
            yield part, instead
    if chart is None or chart.version is None:
        return
    read = _read(chart.version)
    waiting = [(part, str(part.path[-1])) for part in reversed(values.members)]
    while waiting:
        part, name = waiting.pop()
        if any(path.startswith(f"{name}.") for path in read):
            waiting += [(member, f"{name}.{member.path[-1]}") for member in reversed(part.members)]
        elif name in read or name in moved or name.partition(".")[0] == "config" or part.value in _EMPTY:
            continue
        elif _NAME.fullmatch(name) is not None and not chart.changes(name):
            yield part, _instead(name, read)


def _instead(name: str, read: frozenset[str]) -> str:
    """The value that is read under another name: a common confusion, else the only one with the same last part."""
    alike = [path for path in read if path.rpartition(".")[2] == name.rpartition(".")[2]]
    return str(_tree().value["meant"].get(name, alike[0] if len(alike) == 1 else ""))
