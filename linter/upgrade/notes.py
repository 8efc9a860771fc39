"""What an upgrade can change, and what is known of that beyond the catalogue, read from ``notes.yaml``, where each entry is explained."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping

from ..model import ABSENT, Document, SettingPath
from ..policy.compile import Holds, Mode, compile_condition
from ..policy.template import Template
from ..policy.tree import parse_condition
from ..release import MAIN, Release
from ..settings.releases import parse_release
from ..text import Span
from ..typed import Any, Final, Literal, NamedTuple, cast
from .containers import PARTS, Part

Kind = Literal["step", "requirement", "removed", "added", "read-differently", "default"]
KINDS: Final[tuple[Kind, ...]] = ("step", "requirement", "removed", "added", "read-differently", "default")
"""What can change, in the order in which it is reported for a release."""


class UpgradeChange(NamedTuple):
    """A change: the ``release`` that brings it, and a ``message`` of one sentence in which secrets are masked.

    ``before`` and ``after`` are values as they may be shown, ``HIDDEN`` where they may not be, and ``ABSENT`` where there is none.
    ``setting`` is the name as it may be shown; empty where it is about none. ``document`` is None where it concerns every upgrade, and
    ``span`` where nothing of the document's text shows it.
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

    ``migrations`` are the data migrations that must be done there, empty where there are none. ``message`` is what there is to do
    where that is more than to wait for them.
    """

    release: Release
    before: Release
    migrations: str
    message: str
    link: str


class Requirement(NamedTuple):
    """The oldest ``version`` of some ``software`` with which a release works.

    ``until``: from that release on another requirement says more. ``in_image``: Medplum's image brings it.
    """

    release: Release
    software: str
    version: str
    until: Release
    in_image: bool
    link: str


class SettingNote(NamedTuple):
    """What there is to say when a setting goes, or its default changes: how a sentence goes on that says so.

    ``default``: its default matters to those who run a server.
    """

    message: str
    default: bool
    needs_hand: bool
    link: str


class Note(NamedTuple):
    """A change that concerns the documents of some kinds on which a condition holds, as the newer release loads them.

    ``release`` is None for what matters at the first stop with data migrations. ``until``: a release that undoes it. ``words`` are patterns
    for a word that says how a container with Medplum's image runs, by what it is. ``unless_image``: it matters only where no such container
    is given. ``unless_command``: only where the container does not say what it is started with.
    """

    release: Release | None
    until: Release
    kind: Kind
    path: SettingPath
    kinds: tuple[str, ...]
    when: Holds | None
    words: Mapping[Part, re.Pattern[str]]
    before: Any
    after: Any
    message: Template
    needs_hand: bool
    unless_image: bool
    unless_command: bool
    link: str


class Notes(NamedTuple):
    """All of it. ``settings`` are by catalogue and name."""

    stops: tuple[Stop, ...]
    requirements: tuple[Requirement, ...]
    settings: Mapping[str, Mapping[str, SettingNote]]
    notes: tuple[Note, ...]


def read_notes() -> Notes:
    """What the file says. Raises ValueError for a mistake in it."""
    import yaml

    with open(FILE, "rb") as stream:
        data = yaml.safe_load(stream)
    return Notes(
        tuple(
            Stop(parse_release(one["release"]), parse_release(one["before"]), one.get("migrations", ""), _message(one), one["link"])
            for one in data["stops"]
        ),
        tuple(
            Requirement(parse_release(one["release"]), one["software"], one["version"], _until(one), bool(one.get("in_image")), one["link"])
            for one in data["requirements"]
        ),
        {
            kind: {
                name: SettingNote(_message(one), bool(one.get("default")), bool(one.get("hand")), one.get("link", ""))
                for name, one in settings.items()
            }
            for kind, settings in data["settings"].items()
        },
        tuple(map(_note, data["notes"])),
    )


def _note(fields: dict[str, Any]) -> Note:
    if fields["kind"] not in KINDS:
        raise ValueError(f"{fields['kind']!r} is not one of {', '.join(KINDS)}")
    kinds = fields.get("for", "server")
    when = fields.get("when")
    return Note(
        None if fields["release"] == "first-stop" else parse_release(fields["release"]),
        _until(fields),
        cast("Kind", fields["kind"]),
        tuple(fields["setting"].split(".")) if "setting" in fields else (),
        (kinds,) if isinstance(kinds, str) else tuple(kinds),
        compile_condition(parse_condition(when, ("when",)), Mode(condition=True)) if when is not None else None,
        {part: re.compile(fields[part]) for part in PARTS if part in fields},
        fields.get("before"),
        fields.get("after"),
        Template(_message(fields)),
        bool(fields.get("hand", True)),
        bool(fields.get("unless_image")),
        bool(fields.get("unless_command")),
        fields["link"],
    )


def _until(fields: Mapping[str, Any]) -> Release:
    return parse_release(fields["until"]) if "until" in fields else MAIN


def _message(fields: Mapping[str, Any]) -> str:
    return " ".join(fields.get("message", "").split())
