"""Changes by upgrades that the catalogue does not know, read from ``notes.yaml``, which explains each entry."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping
from functools import cache

from .. import _built
from ..model import ABSENT, Document, SettingPath
from ..policy.template import Template
from ..policy.tree import Condition, parse_condition
from ..release import MAIN, Release
from ..settings.releases import parse_release
from ..text import Span
from ..typed import Any, Final, Literal, NamedTuple, TypeVar
from .containers import Part

T = TypeVar("T")
Kind = Literal["step", "requirement", "removed", "added", "read-differently", "default"]
KINDS: Final[tuple[Kind, ...]] = ("step", "requirement", "removed", "added", "read-differently", "default")
"""The kinds of changes, in the order in which they are reported for a release."""


class UpgradeChange(NamedTuple):
    """A change: the ``release`` that brings it, and a ``message`` of one sentence in which secrets are masked.

    ``before`` and ``after`` are values as they may be shown, ``HIDDEN`` if they may not be, and ``ABSENT`` if there is none. ``setting`` is
    the name as it may be shown, empty if it is about none. ``document`` is None if it concerns every upgrade, and ``span`` if nothing in
    the document's text shows it.
    """

    release: Release
    kind: Kind
    message: str
    link: str
    needs_hand: bool
    setting: str = ""
    before: Any = ABSENT
    after: Any = ABSENT
    document: Document | None = None
    path: SettingPath | None = None
    span: Span | None = None


FILE: Final = os.path.join(os.path.dirname(__file__), "notes.yaml")


class Stop(NamedTuple):
    """A release at which an upgrade has to stop, on the way to ``before`` or beyond.

    ``migrations`` are the data migrations that must finish there, possibly none. ``message`` is what to do other than wait for them.
    """

    release: Release
    before: Release
    link: str
    migrations: str = ""
    message: str = ""


class Requirement(NamedTuple):
    """The oldest ``version`` of some ``software`` that a release works with.

    ``until``: another requirement replaces it from that release on. ``in_image``: Medplum's image includes it.
    """

    release: Release
    software: str
    version: str
    link: str
    until: Release = MAIN
    in_image: bool = False


class SettingNote(NamedTuple):
    """The end of the sentence that says that a setting is removed, or that its default changes.

    ``default``: its default matters to operators. ``hand``: the change needs a decision.
    """

    message: str
    default: bool = False
    hand: bool = False
    link: str = ""


class Note(NamedTuple):
    """A change for documents of some kinds, ``holders``, on which a condition holds, as the newer release loads them.

    ``release`` is None for what matters at the first stop with data migrations. ``until``: a release that undoes it. ``words`` are patterns
    for a word of how a container with Medplum's image runs, by its role. ``unless_image``: it matters only if no such container is given.
    ``unless_command``: only if the container has no command.
    """

    release: Release | None
    kind: Kind
    message: Template
    link: str
    path: SettingPath = ()
    holders: str = "server"
    until: Release = MAIN
    when: Condition = ()
    words: Mapping[Part, re.Pattern[str]] = {}
    before: Any = None
    after: Any = None
    hand: bool = True
    unless_image: bool = False
    unless_command: bool = False


class Notes(NamedTuple):
    """The whole file. ``settings`` are by catalogue and name."""

    stops: tuple[Stop, ...]
    requirements: tuple[Requirement, ...]
    settings: Mapping[str, Mapping[str, SettingNote]]
    notes: tuple[Note, ...]


@cache
def read_notes() -> Notes:
    """The content of the file; not to be changed. Raises ValueError, KeyError or TypeError for a mistake in it."""
    data = _built.read_yaml(FILE)
    return Notes(
        tuple(_record(Stop, one, before=parse_release) for one in data["stops"]),
        tuple(_record(Requirement, one) for one in data["requirements"]),
        {kind: {name: _record(SettingNote, one) for name, one in own.items()} for kind, own in data["settings"].items()},
        tuple(_record(Note, one, message=Template) for one in data["notes"]),
    )


_FIELDS: Final[Mapping[str, str]] = {"setting": "path", "for": "holders"}
"""The fields of a record that have other names in the file."""
_DECODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "release": lambda text: None if text == "first-stop" else parse_release(text),
    "until": parse_release,
    "setting": lambda name: tuple(name.split(".")),
    "when": lambda condition: parse_condition(condition, ("when",)),
    "words": lambda patterns: {part: re.compile(pattern) for part, pattern in patterns.items()},
}


def _record(make: Callable[..., T], entry: Mapping[str, Any], **own: Callable[[Any], Any]) -> T:
    """The record of an entry; ``own`` are the decoders of fields that are special to it."""
    decoders = {**_DECODERS, **own}
    given = {name: value for name, value in entry.items() if name != "evidence"}
    return make(**{_FIELDS.get(name, name): decoders[name](value) if name in decoders else value for name, value in given.items()})
