"""The containers of a text: their images, and the words of what they are started and checked with.

A container is whatever has a member ``image``, so that Compose files, Kubernetes manifests, task definitions and the values of a Helm
chart are read alike; of a Dockerfile it is each stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from ..documents.images import is_server_image
from ..model import Document
from ..syntax.dockerfile import Dockerfile, Instruction, read_dockerfile, words
from ..syntax.yaml import Yaml, parse_yaml
from ..text import Span

Path = tuple[str | int, ...]
_COMMANDS: Final = ("entrypoint", "entryPoint", "command", "args")
_CHECKS: Final = ("healthcheck", "healthCheck", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
_OF_CHECK: Final = ("test", "command", "exec", "postStart", "preStop")
"""Members of a check that lead to a command line, or are one."""
_OF_STAGE: Final = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"})
_MOST_VALUES: Final = 100_000
"""Values of a text that are looked at: a file of containers has fewer."""
_SOFTWARE: Final = {"postgres": "PostgreSQL", "postgresql": "PostgreSQL", "redis": "Redis"}
_IMAGE: Final = re.compile(r"(?:\S*/)?(?P<name>postgres(?:ql)?|redis):v?(?P<version>\d+(?:\.\d+)*)(?![\w.])\S*")


class Word(NamedTuple):
    """A word of a command line, and its place."""

    text: str
    span: Span


class Container(NamedTuple):
    """A container: its image, the place of that, and the words of its command lines and checks."""

    image: str
    span: Span
    words: tuple[Word, ...]

    @property
    def is_server(self) -> bool:
        """Whether it runs Medplum's image, by whatever registry."""
        return is_server_image(self.image)

    @property
    def software(self) -> tuple[str, str] | None:
        """The name and the version of the software of its image, where its tag tells them; None for any other."""
        match = _IMAGE.fullmatch(self.image)
        return (_SOFTWARE[match["name"]], match["version"]) if match else None


def containers(document: Document) -> list[Container]:
    """The containers in the text of a document, in their order; none where it is not of a kind that has any."""
    if document.kind != "server/env":
        return []
    content = document.text.content
    if "dockerfile" in document.uri.rpartition("/")[2].lower():
        return list(_stages(read_dockerfile(content)))
    if '"image"' not in content and "image:" not in content:
        return []
    return [one for yaml in parse_yaml(content) for one in _in_yaml(yaml)]


def _in_yaml(yaml: Yaml) -> Iterator[Container]:
    waiting: list[tuple[Path, Any]] = [((), yaml.value)]
    seen = 0
    while waiting and seen < _MOST_VALUES:  # aliases can stand for more than a text has characters
        seen += 1
        path, value = waiting.pop()
        if isinstance(value, dict):
            image = _image(value.get("image"))
            if image:
                yield Container(image, _span(yaml, (*path, "image")), tuple(_words(yaml, path, value)))
            waiting.extend(((*path, name), member) for name, member in reversed(value.items()) if isinstance(member, dict | list))
        elif isinstance(value, list):
            waiting.extend(((*path, index), value[index]) for index in reversed(range(len(value))) if isinstance(value[index], dict | list))


def _image(value: Any) -> str:
    """The image that a value names: a text, or as charts have it a repository and a tag; empty where it names none."""
    if isinstance(value, dict) and isinstance(value.get("repository"), str):
        return f"{value['repository']}:{value.get('tag', '')}"
    return value if isinstance(value, str) else ""


def _words(yaml: Yaml, path: Path, container: dict[str, Any]) -> Iterator[Word]:
    for name in _COMMANDS:
        yield from _of_line(yaml, (*path, name), container.get(name))
    waiting: list[tuple[Path, Any]] = [((*path, name), container.get(name)) for name in _CHECKS]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*at, name), value[name]) for name in _OF_CHECK if name in value)
        elif isinstance(value, str) and at[-1] == "test":
            yield Word("CMD-SHELL", _span(yaml, at))  # as Compose takes a text
        else:
            yield from _of_line(yaml, at, value)


def _of_line(yaml: Yaml, path: Path, value: Any) -> Iterator[Word]:
    if isinstance(value, str):
        yield from (Word(word, _span(yaml, path)) for word in value.split())
    elif isinstance(value, list):
        yield from (Word(one, _span(yaml, (*path, index))) for index, one in enumerate(value) if isinstance(one, str))


def _span(yaml: Yaml, path: Path) -> Span:
    place = yaml.places.find(path)
    return place.value if place is not None else Span(0, 0)


def _stages(dockerfile: Dockerfile) -> Iterator[Container]:
    stage: list[Instruction] = []
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            yield from _stage(stage, dockerfile.escape)
            stage = []
        stage.append(instruction)
    yield from _stage(stage, dockerfile.escape)


def _stage(instructions: list[Instruction], escape: str) -> Iterator[Container]:
    first = next(iter(instructions), None)
    if first is None or first.keyword != "FROM":
        return
    image = next((word for word in words(first, escape) if not first.line.startswith("--", word.start)), None)
    if image is not None:
        text = first.line[image.start : image.end]
        yield Container(text, first.span(image.start, image.end), tuple(_of_stage(instructions, escape)))


def _of_stage(instructions: Iterable[Instruction], escape: str) -> Iterator[Word]:
    """The words of a stage's command lines. One that is no JSON array is a shell's."""
    for instruction in instructions:
        if instruction.keyword not in _OF_STAGE:
            continue
        rest = instruction.rest.removeprefix("CMD").lstrip() if instruction.keyword == "HEALTHCHECK" else instruction.rest
        if not rest.startswith("["):
            start = instruction.offset(0)
            yield Word("CMD-SHELL", Span(start, start + len(instruction.keyword)))
        for word in words(instruction, escape):
            yield Word(instruction.line[word.start : word.end].strip('[]",'), instruction.span(word.start, word.end))
