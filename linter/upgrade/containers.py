"""The containers of a text: their images, and the words of the commands that start and check them.

Anything with a member ``image`` is a container, so that Compose files, Kubernetes manifests, task definitions and the values of a Helm
chart are read alike; in a Dockerfile each stage is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import dropwhile

from ..documents.containers.images import is_server_image
from ..model import Document, children
from ..server.effective import leaves
from ..syntax.dockerfile import Dockerfile, Instruction, read_dockerfile, words
from ..syntax.yaml import Yaml, parse_yaml
from ..text import Span
from ..typed import Any, Final, Literal, NamedTuple, TypeVar

T = TypeVar("T")

Path = tuple[str | int, ...]
Part = Literal["program", "argument", "user", "mount"]
"""The role of a word: the program that is run, an argument, the name of a user, or a place in the container where something is put."""
_MEMBERS: Final = re.compile(
    r"(?P<program>entrypoint|entryPoint"
    r"|(?:health[cC]heck|(?:liveness|readiness|startup)Probe|lifecycle)(?:\.(?:test|command|exec|postStart|preStop))*)"
    r"|(?P<command>command)|(?P<argument>args)|(?P<user>user)"
    r"|(?P<mount>(?:volumes|configs|volumeMounts|mountPoints)(?:\.(?:target|mountPath|containerPath))?)"
)
"""The members of a container with words that count, by what the first one is: a command line, of its own or of a check, names the program.

They are those of Compose, Kubernetes and task definitions. In the lists of Kubernetes ``command`` is the entry point.
"""
_STARTS: Final = frozenset({"entrypoint", "entryPoint", "command", "args"})
"""The members with the start command of the image."""
_OF_KUBERNETES: Final = frozenset({"containers", "initContainers"})
_SHELL: Final = "CMD-SHELL"
"""The word with which Docker marks a shell command line."""
_OF_STAGE: Final[dict[str, Part | None]] = {
    "CMD": None,
    "ENTRYPOINT": None,
    "HEALTHCHECK": None,
    "RUN": None,
    "USER": "user",
    "COPY": "mount",
    "ADD": "mount",
}
"""The instructions with words that count: the role of the last one, and None for a command line."""
_MOST_VALUES: Final = 100_000
"""The maximum number of values of a text that are examined: a file of containers has fewer."""
_SOFTWARE: Final = {"postgres": "PostgreSQL", "postgresql": "PostgreSQL", "redis": "Redis"}
_IMAGE: Final = re.compile(r"(?:\S*/)?(?P<name>postgres(?:ql)?|redis):v?(?P<version>\d+(?:\.\d+)*)(?![\w.])\S*")


class Word(NamedTuple):
    """A word of a command line, or of another option of how a container runs, and its place."""

    text: str
    part: Part
    span: Span


class Container(NamedTuple):
    """A container: its image and the place of that, and the words of its command lines and checks."""

    image: str
    span: Span
    words: tuple[Word, ...]
    has_command: bool = False
    """Whether it sets the start command of the image itself."""

    @property
    def is_server(self) -> bool:
        """Whether it runs Medplum's image, from any registry."""
        return is_server_image(self.image)

    @property
    def software(self) -> tuple[str, str]:
        """The name and version of the software in its image, if its tag tells; empty otherwise."""
        match = _IMAGE.fullmatch(self.image)
        return (_SOFTWARE[match["name"]], match["version"]) if match else ("", "")


def containers(document: Document) -> list[Container]:
    """The containers in a document, in order; none if its kind has no containers."""
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
        if isinstance(value, dict) and (image := _image(value.get("image"))):
            words = tuple(Word(text, part, _span(yaml, at)) for text, part, at in _words(path, value))
            yield Container(image, _span(yaml, (*path, "image")), words, not _STARTS.isdisjoint(value))
        waiting.extend(((*path, step), member) for step, member in reversed([*children(value)]) if isinstance(member, dict | list))


def _span(yaml: Yaml, path: Path) -> Span:
    place = yaml.places.find(path)
    return place.value if place is not None else Span(0, 0)


def _image(value: Any) -> str:
    """The image that a value names: a text, or a repository and a tag as in charts; empty if it names none."""
    if isinstance(value, dict) and isinstance(value.get("repository"), str):
        return f"{value['repository']}:{value.get('tag', '')}"
    return value if isinstance(value, str) else ""


def _words(path: Path, container: dict[str, Any]) -> Iterator[tuple[str, Part, Path]]:
    """The words of a container, each with its role and its path."""
    lines: dict[tuple[str, str], list[tuple[str, Path]]] = {}
    for at, value in (leaf for name in container if _MEMBERS.match(str(name)) for leaf in leaves((name,), container[name])):
        member, is_item = ".".join(step for step in at if isinstance(step, str)), isinstance(at[-1], int)
        if isinstance(value, str) and (match := _MEMBERS.fullmatch(member)):
            if match["mount"]:
                words = value.split(":")[1:2] if is_item else [value]
            else:  # Compose runs a check that is a text in a shell
                words = [value] if is_item else [_SHELL] if at[-1] == "test" else value.split()
            lines.setdefault((str(match.lastgroup), member), []).extend((word, (*path, *at)) for word in words)
    in_pod = len(path) > 1 and path[-2] in _OF_KUBERNETES
    for (part, _), line in lines.items():
        if part in ("user", "mount"):
            yield from ((text, "user" if part == "user" else "mount", at) for text, at in line)
        else:
            yield from _parts(line, names_program=part == "program" or (part == "command" and in_pod))


def _parts(words: Iterable[tuple[str, T]], *, names_program: bool) -> Iterator[tuple[str, Part, T]]:
    """The role of each word of a line; the first one, after the word CMD of a check, can name the program."""
    line = dropwhile(lambda word: names_program and word[0] in ("CMD", "NONE"), words)
    return ((text, "program" if names_program and number == 0 else "argument", place) for number, (text, place) in enumerate(line))


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
            every = tuple(Word(*word) for one in stage for word in _of_instruction(one, dockerfile.escape))
            has_command = any(one.keyword in ("CMD", "ENTRYPOINT") for one in stage)
            yield Container(first.line[image.start : image.end], first.span(image.start, image.end), every, has_command)


def _of_instruction(instruction: Instruction, escape: str) -> Iterator[tuple[str, Part, Span]]:
    """The words of a command line, a user, or the target of a copy. A line that is not a JSON array runs in a shell."""
    keyword, line = instruction.keyword, instruction.line
    if keyword not in _OF_STAGE:
        return
    found = [(line[word.start : word.end], instruction.span(word.start, word.end), word.start) for word in words(instruction, escape)]
    if part := _OF_STAGE[keyword]:
        yield from ((text, part, span) for text, span, _ in found[-1:])
        return
    given = list(dropwhile(lambda one: one[0].startswith("--") or (keyword == "HEALTHCHECK" and one[0] == "CMD"), found))
    if given and given[0][0].startswith("["):
        listed = re.compile(r'"([^"]*)"').finditer(line, given[0][2])
        yield from _parts(((one[1], instruction.span(one.start(), one.end())) for one in listed), names_program=keyword != "CMD")
    elif [text for text, _, _ in given] not in ([], ["NONE"]):
        start = instruction.offset(0)
        yield _SHELL, "program", Span(start, start + len(keyword))
        yield from ((text, "argument", span) for text, span, _ in given)
