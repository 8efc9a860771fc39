"""What reads reports: programs that parse them, and the runners of CI that search what a job prints for commands."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree

JSON: Final = ("gitlab", "json", "sarif")
"""The formats that are JSON."""
_COMMAND: Final = re.compile(r"^\s*::|##\[|##vso\[", re.IGNORECASE)
_OWN: Final = {"github": {"error", "warning", "notice"}, "azure": {"task.logissue"}}
"""The commands that a format is made of."""


class Command(NamedTuple):
    """A command to a runner, as that one reads it."""

    name: str
    properties: dict[str, str]
    data: str


def github_command(line: str) -> Command | None:
    """The command in a line, as ``ActionCommand.TryParseV2`` of actions/runner reads it."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, given = line[2:end].partition(" ")
    pairs = (pair.split("=", 1) for pair in given.split(",") if "=" in pair)
    properties = {key.strip(): _unescaped(value, {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}) for key, value in pairs}
    return Command(name, properties, _unescaped(line[end + 2 :], {"%0D": "\r", "%0A": "\n", "%25": "%"}))


def azure_command(line: str) -> Command | None:
    """The command in a line, as ``Command.TryParse`` of azure-pipelines-agent reads it."""
    start, end = line.find("##vso["), line.find("]")
    if start < 0 or end < start:
        return None
    name, _, given = line[start + 6 : end].partition(" ")
    escapes = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%AZP25": "%"}
    pairs = (pair.split("=", 1) for pair in given.split(";") if "=" in pair)
    return Command(name, {key.strip(): _unescaped(value, escapes) for key, value in pairs}, _unescaped(line[end + 1 :], escapes))


def _unescaped(text: str, escapes: dict[str, str]) -> str:
    for escape, char in escapes.items():
        text = text.replace(escape, char)
    return text


def commands(form: str, text: str) -> list[Command]:
    """The commands that a report in a format is made of."""
    parse = {"github": github_command, "azure": azure_command}[form]
    return [command for line in text.split("\n") if (command := parse(line)) is not None]


def foreign_commands(form: str, text: str) -> list[str]:
    """The lines of a report that a runner would take for commands, but for those that the format is made of."""
    return [line for line in text.split("\n") if _COMMAND.search(_without_own(form, line))]


def _without_own(form: str, line: str) -> str:
    if form == "github" and (command := github_command(line)) is not None and command.name in _OWN[form] and line.startswith("::"):
        return line[2:]
    if form == "azure" and (command := azure_command(line)) is not None and command.name in _OWN[form] and line.startswith("##vso["):
        return line[6:]
    return line


def parsed(form: str, text: str) -> Any:
    """A report as the programs read it that it is for; fails where they could not."""
    if form in JSON:
        return json.loads(text)
    if form == "junit":
        return ElementTree.fromstring(text)
    if form == "html":
        return tree(text)
    return text


class _Page(HTMLParser):
    """Checks that each element is closed, and keeps the parts of a page."""

    VOID: Final = {"meta", "input"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


class Tree(NamedTuple):
    """A page of HTML: its elements with their attributes, in order, and its text."""

    elements: list[tuple[str, dict[str, str | None]]]
    text: str


def tree(page: str) -> Tree:
    """A page, in which each element is closed where it should be."""
    parser = _Page()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return Tree(parser.elements, "".join(parser.texts))
