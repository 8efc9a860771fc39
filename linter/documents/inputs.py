"""Inputs of a run: texts to lint, with their bytes and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from ..files import LARGEST_INPUT, Unreadable, environments_of_both, file_and_environment, identity, read_file
from ..model import Notice
from ..text import Text
from ..typed import NamedTuple
from .source import Nearby, Surroundings


class Input(NamedTuple):
    """A text to lint.

    Its configuration is looked for at ``path``; ``searched`` is as in :class:`~linter.run.discover.Found`. ``data`` are its bytes, or their
    UTF-8 text (:func:`as_text`), so that a large one is not held twice. ``piped``: it came by standard input. ``by_content``, ``included``
    and ``environments`` are those of a file that was found.
    """

    uri: str
    data: bytes | Text
    path: Path
    searched: bool = False
    piped: bool = False
    by_content: bool = False
    included: bool = False
    environments: tuple[str, ...] = ()
    kind: str | None = None
    """What it is, if its source says so; the kind that the user names is then not used."""
    beside: bool = False
    """Whether it need not have settings: its images, and what surrounds a server, are worth reading too."""


class Inputs(NamedTuple):
    """The paths of a command line: files, and texts in place of those that are none.

    ``start`` is the start argument that joins them, ``notices`` say what is not read.
    """

    files: Sequence[str]
    read: list[Input]
    start: str | None = None
    notices: Sequence[Notice] = ()


def as_text(given: Input) -> Input:
    """An input with its text in place of its bytes; unchanged if these are not UTF-8."""
    if isinstance(given.data, Text):
        return given
    try:
        return given._replace(data=Text(given.data.decode("utf-8")))
    except UnicodeDecodeError:
        return given


def around_inputs(inputs: Iterable[Input]) -> Surroundings:
    """The surroundings of inputs that have all been read already."""
    return Surroundings({text.uri: Nearby(text.path, partial(bytes_of, text)) for text in inputs})


def bytes_of(given: Input) -> bytes:
    """The bytes of an input."""
    return given.data.encoded if isinstance(given.data, Text) else given.data


def read_inputs(paths: Iterable[str | Input], max_size: int = LARGEST_INPUT) -> tuple[list[Input], list[str]]:
    """The texts of files, and an error for each that cannot be read. An input that has its text already stays as it is."""
    inputs: dict[object, Input] = {}
    errors: list[str] = []
    for path in paths:
        name, environments = (path.uri, path.environments) if isinstance(path, Input) else file_and_environment(path)
        key = identity(name) or name
        try:
            if key not in inputs:  # else it is another name of a file that counts already
                given = path if isinstance(path, Input) else Input(Path(name).as_posix(), read_file(name, max_size), Path(name))
                inputs[key] = given._replace(environments=environments)
            inputs[key] = inputs[key]._replace(environments=environments_of_both(inputs[key].environments, environments))
        except Unreadable as error:
            errors.append(f"{name}: cannot be read: {error}")
    return list(inputs.values()), errors
