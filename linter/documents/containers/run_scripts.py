"""Commands in a script that start servers in containers with variables: ``docker run`` and ``gcloud run deploy``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...model import UNKNOWN, gathered
from ...text import Span
from ...typed import Any, Final, NamedTuple
from ..variables.documents import Variable
from .command_lines import Start
from .images import is_server_image
from .mounts import Mounts

_TEXT: Final = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\$\{\{[^}\n]*\}\}|\\[^\n]|[^\s"'\\;&|])+"""
_REDIRECTION: Final = rf"(?<!\S)\d*[<>]+(?:&[\d-]+|[^\S\n]*{_TEXT})"
_WORD: Final = re.compile(rf"(?P<end>(?<!\\)\n|[;&|]+|(?<!\S)\#[^\n]*)|{_REDIRECTION}|(?P<word>{_TEXT})", re.DOTALL)
_UNKNOWN: Final = re.compile(r"[$`\\]")
"""References that a shell replaces."""
_UNREAD: Final = re.compile(r"[\"'`\\]")
"""Characters in a word that a shell interprets."""
_ASSIGNED: Final = re.compile(r"(?P<quote>[\"']?)(?P<name>[A-Za-z_]\w*)=(?P<value>.*?)(?P=quote)", re.DOTALL)
_LONGEST: Final = 20_000
"""The maximum length of a script, in characters."""


class Word(NamedTuple):
    """A word of a command as it is written, and where it begins."""

    raw: str
    at: int

    @property
    def text(self) -> str:
        """The word as the shell reads it, if it is in one pair of quotes or in none."""
        return self.raw[1:-1] if len(self.raw) > 1 and self.raw[0] == self.raw[-1] and self.raw[0] in "\"'" else self.raw

    @property
    def inner(self) -> Word:
        """The word without the quotes around it."""
        return Word(self.text, self.at + (self.text != self.raw))


class Command(NamedTuple):
    """A command that starts a server: how, with which variables, and whether it has others that are not known.

    ``at`` is its image, and ``network`` has the values for the catalogue of workloads. ``handed`` are the names of the variables that it
    passes on from the step.
    """

    start: Start
    variables: list[Variable]
    lacks: bool
    at: Span
    network: str = "own"
    handed: tuple[str, ...] = ()


def commands_in(script: str, at: int) -> Iterator[Command]:
    """The commands of a script that starts at an offset of its file, where it is unescaped."""
    for words in _commands(script, at) if len(script) <= _LONGEST else ():
        texts = [word.text for word in words]
        is_gcloud = texts[:1] == ["gcloud"] and "run" in texts[1:3] and "deploy" in texts[2:4]
        read = _of_docker(words) if texts[:2] == ["docker", "run"] else _of_gcloud(words) if is_gcloud else None
        if read is not None:
            yield read


def _commands(script: str, at: int) -> Iterator[list[Word]]:
    words: list[Word] = []
    for match in _WORD.finditer(script):
        if match["word"]:
            words.append(Word(match["word"], at + match.start()))
        elif match["end"] and words:
            yield words
            words = []
    yield words


def _of_docker(words: Sequence[Word]) -> Command | None:
    index = next((index for index, word in enumerate(words) if is_server_image(word.text)), None)
    if index is None:
        return None
    given = list(_options(words[2:index], {"-e": "--env", "--net": "--network"}))
    env = [value for name, value in given if name == "--env"]
    variables = [variable for value in env if (variable := _assigned(value)) is not None]
    handed = tuple(value.raw for value in env if "=" not in value.raw)
    entry_point = UNKNOWN if any(name == "--entrypoint" for name, _ in given) else None
    texts = [word.text for word in words[index + 1 :]]
    command = UNKNOWN if any(map(_UNREAD.search, texts)) else texts
    mounts = Mounts(complete=not any(name.startswith(("-v", "--volume", "--mount")) for name, _ in given))
    start = Start("step", None, words[index].text, entry_point, command, "{} after the image", mounts=mounts)
    networks = {value.text for name, value in given if name == "--network"}
    network = "host" if "host" in networks else "shared" if any(name.startswith("container:") for name in networks) else "own"
    return Command(start, variables, any(name == "--env-file" for name, _ in given), _span(words[index]), network, handed)


def _of_gcloud(words: Sequence[Word]) -> Command | None:
    given = list(_options(words, {}))
    image = next((value for name, value in given if name == "--image"), None)
    if image is None or not is_server_image(image.text):
        return None
    lists = gathered((name, item) for name, value in given for item in _items(value))
    assigned = [_assigned(assignment) for name in ("--set-env-vars", "--update-env-vars") for assignment in lists.get(name, ())]
    secrets = [_assigned(assignment) for name in ("--set-secrets", "--update-secrets") for assignment in lists.get(name, ())]
    variables = [*filter(None, assigned), *(secret._replace(text=None) for secret in secrets if secret is not None)]
    entry_point, command = (_texts(lists.get(name)) for name in ("--command", "--args"))
    start = Start("step", None, image.text, entry_point or None, command, "--args={}")
    is_replaced = any(name in lists for name in ("--set-env-vars", "--env-vars-file"))  # else it keeps those of the last deployment
    network = "shared" if "--container" in lists else "own"
    return Command(start, variables, "--env-vars-file" in lists or not is_replaced, _span(image), network)


def _options(words: Sequence[Word], long: dict[str, str]) -> Iterator[tuple[str, Word]]:
    """The options among words, each with its value: after ``=``, or the next word."""
    for word, following in zip(words, [*words[1:], Word("", 0)], strict=False):  # words may be empty
        name, sign, _ = word.inner.raw.partition("=")
        if name.startswith("-"):
            at = word.inner.at + len(name) + 1
            yield long.get(name, name), (Word(word.inner.raw[len(name) + 1 :], at) if sign else following).inner


def _items(value: Word) -> Iterator[Word]:
    """The items of a list as gcloud splits it: at commas, or at a delimiter given between two ``^`` in front."""
    mark = re.match(r"\^([^^]+)\^", value.raw)
    at = mark.end() if mark else 0
    for item in value.raw[at:].split(mark[1] if mark else ","):
        yield Word(item, value.at + at)
        at += len(item) + len(mark[1] if mark else ",")


def _texts(words: Sequence[Word] | None) -> Any:
    return None if words is None else [word.text for word in words if word.text]


def _assigned(word: Word) -> Variable | None:
    """The variable that a word assigns; None if it only has a name, whose value comes from the surrounding process."""
    match = _ASSIGNED.fullmatch(word.raw)
    if match is None:
        return None
    value = Word(match["value"], word.at + match.start("value")).inner
    key = Span(word.at + match.start("name"), word.at + match.end("name"))
    return Variable(match["name"], None if _UNKNOWN.search(value.raw) else value.raw, key, _span(value) if value.raw else key)


def _span(word: Word) -> Span:
    return Span(word.at, word.at + len(word.raw))
