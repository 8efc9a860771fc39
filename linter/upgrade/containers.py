"""The containers of a text: their images, and the words of what they are started and checked with.

A container is whatever has a member ``image``, so that Compose files, Kubernetes manifests, task definitions and the values of a Helm
chart are read alike; of a Dockerfile it is each stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import dropwhile

from ..documents.images import is_server_image
from ..model import Document
from ..syntax.dockerfile import Dockerfile, Instruction, read_dockerfile, words
from ..syntax.yaml import Yaml, parse_yaml
from ..text import Span
from ..typed import Any, Final, Literal, NamedTuple

Path = tuple[str | int, ...]
Part = Literal["program", "argument", "user", "mount"]
PARTS: Final[tuple[Part, ...]] = ("program", "argument", "user", "mount")
"""What a word is: the program that is run, an argument, the name of a user, or a place in the container where something is put."""
_LINES: Final = ("entrypoint", "entryPoint", "command", "args")
"""The members with what the image is started with: the first two name what is run, and ``command`` does in the lists of Kubernetes."""
_OF_KUBERNETES: Final = frozenset({"containers", "initContainers"})
_SHELL: Final = "CMD-SHELL"
"""The word with which Docker marks a command line that is a shell's."""
_CHECKS: Final = ("healthcheck", "healthCheck", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
_OF_CHECK: Final = ("test", "command", "exec", "postStart", "preStop")
"""Members of a check that lead to a command line, or are one."""
_OF_STAGE: Final = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"})
_OTHERS_OF_STAGE: Final[dict[str, Part]] = {"USER": "user", "COPY": "mount", "ADD": "mount"}
_MOST_VALUES: Final = 100_000
"""Values of a text that are looked at: a file of containers has fewer."""
_SOFTWARE: Final = {"postgres": "PostgreSQL", "postgresql": "PostgreSQL", "redis": "Redis"}
_IMAGE: Final = re.compile(r"(?:\S*/)?(?P<name>postgres(?:ql)?|redis):v?(?P<version>\d+(?:\.\d+)*)(?![\w.])\S*")


class Word(NamedTuple):
    """A word of a command line, or another one that says how a container runs, and its place."""

    text: str
    span: Span
    part: Part = "argument"


class Container(NamedTuple):
    """A container: its image, the place of that, and the words of its command lines and checks."""

    image: str
    span: Span
    words: tuple[Word, ...]
    has_command: bool = False
    """Whether it says itself what the image is started with."""

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
                has_command = any(name in value for name in _LINES)
                yield Container(image, _span(yaml, (*path, "image")), tuple(_words(yaml, path, value)), has_command)
            waiting.extend(((*path, name), member) for name, member in reversed(value.items()) if isinstance(member, dict | list))
        elif isinstance(value, list):
            waiting.extend(((*path, index), value[index]) for index in reversed(range(len(value))) if isinstance(value[index], dict | list))


def _image(value: Any) -> str:
    """The image that a value names: a text, or as charts have it a repository and a tag; empty where it names none."""
    if isinstance(value, dict) and isinstance(value.get("repository"), str):
        return f"{value['repository']}:{value.get('tag', '')}"
    return value if isinstance(value, str) else ""


def _words(yaml: Yaml, path: Path, container: dict[str, Any]) -> Iterator[Word]:
    for name in _LINES:
        line = _of_line(yaml, (*path, name), container.get(name))
        names_program = name in _LINES[:2] or (name == "command" and len(path) > 1 and path[-2] in _OF_KUBERNETES)
        yield from _as_command(line) if names_program else line
    waiting: list[tuple[Path, Any]] = [((*path, name), container.get(name)) for name in _CHECKS]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*at, name), value[name]) for name in _OF_CHECK if name in value)
        elif isinstance(value, str) and at[-1] == "test":
            yield Word(_SHELL, _span(yaml, at), "program")  # as Compose takes a text
        else:
            yield from _as_command(_of_line(yaml, at, value))
    yield from (word._replace(part="user") for word in _of_line(yaml, (*path, "user"), container.get("user")))
    yield from _mounts(yaml, path, container)


def _as_command(words: Iterable[Word]) -> Iterator[Word]:
    """The words of a line that names what is run: its first one, behind the word CMD of a check."""
    program: Part = "program"
    for word in words:
        if word.text in ("CMD", "NONE") and program == "program":
            continue
        yield word._replace(part=program)
        program = "argument"


def _mounts(yaml: Yaml, path: Path, container: dict[str, Any]) -> Iterator[Word]:
    """The places in a container where something is mounted, in the words of Compose, Kubernetes and task definitions."""
    for name in ("volumes", "configs", "volumeMounts", "mountPoints"):
        mounts = container.get(name)
        for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            at: Path = (*path, name, index)
            if isinstance(mount, str):
                yield from (Word(part, _span(yaml, at), "mount") for part in mount.split(":")[1:2])
            elif isinstance(mount, dict):
                keys = [key for key in ("target", "mountPath", "containerPath") if isinstance(mount.get(key), str)]
                yield from (Word(mount[key], _span(yaml, (*at, key)), "mount") for key in keys)


def _of_line(yaml: Yaml, path: Path, value: Any) -> Iterator[Word]:
    if isinstance(value, str):
        yield from (Word(word, _span(yaml, path)) for word in value.split())
    elif isinstance(value, list):
        yield from (Word(one, _span(yaml, (*path, index))) for index, one in enumerate(value) if isinstance(one, str))


def _span(yaml: Yaml, path: Path) -> Span:
    place = yaml.places.find(path)
    return place.value if place is not None else Span(0, 0)


def _stages(dockerfile: Dockerfile) -> Iterator[Container]:
    stages: list[list[Instruction]] = []
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    for stage in stages:
        first = stage[0]
        image = next((word for word in words(first, dockerfile.escape) if not first.line.startswith("--", word.start)), None)
        if image is not None:
            span, every = first.span(image.start, image.end), tuple(_of_stage(stage, dockerfile.escape))
            has_command = any(one.keyword in ("CMD", "ENTRYPOINT") for one in stage)
            yield Container(first.line[image.start : image.end], span, every, has_command)


def _of_stage(instructions: Iterable[Instruction], escape: str) -> Iterator[Word]:
    """The words of a stage's command lines, its user, and where it copies to. A line that is no JSON array is a shell's."""
    for instruction in instructions:
        if instruction.keyword in _OF_STAGE:
            yield from _of_instruction(instruction, escape)
        elif instruction.keyword in _OTHERS_OF_STAGE:
            for last in list(words(instruction, escape))[-1:]:
                span = instruction.span(last.start, last.end)
                yield Word(instruction.line[last.start : last.end], span, _OTHERS_OF_STAGE[instruction.keyword])


def _of_instruction(instruction: Instruction, escape: str) -> Iterator[Word]:
    line, is_check = instruction.line, instruction.keyword == "HEALTHCHECK"
    found = [(line[word.start : word.end], instruction.span(word.start, word.end), word.start) for word in words(instruction, escape)]
    given = list(dropwhile(lambda one: one[0].startswith("--") or (is_check and one[0] == "CMD"), found))
    if given and given[0][0].startswith("["):
        start = given[0][2]
        listed = [Word(one[1], instruction.span(one.start(), one.end())) for one in re.compile(r'"([^"]*)"').finditer(line, start)]
        yield from listed if instruction.keyword == "CMD" else _as_command(listed)
    elif [text for text, _, _ in given] not in ([], ["NONE"]):
        start = instruction.offset(0)
        yield Word(_SHELL, Span(start, start + len(instruction.keyword)), "program")
        yield from (Word(text, span) for text, span, _ in given)
