"""What every source is given and gives back."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from ..model import Document, SettingPath, Span, Text
from ._json import Json, parse_json


class SourceFile:
    """One input: its ``uri`` (path with forward slashes, or the name given for standard input) and its text."""

    def __init__(self, uri: str, data: bytes) -> None:
        self.uri = uri
        self.encoding_error: int | None = None
        try:
            content = data.decode("utf-8")
        except UnicodeDecodeError as error:
            # As Node.js reads it: a byte that is not UTF-8 becomes U+FFFD.
            self.encoding_error = len(data[: error.start].decode("utf-8"))
            content = data.decode("utf-8", "replace")
        self.text = Text(content)
        if self.encoding_error is not None and self.text.bom:
            self.encoding_error -= 1

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.uri.rpartition("/")[2]

    @cached_property
    def json(self) -> Json:
        """The text read as JSON, once for all sources."""
        return parse_json(self.text.content)


class Problem(NamedTuple):
    """What a source itself finds wrong, under the id of a rule that is ``found_by: source``."""

    rule: str
    message: str
    span: Span
    path: SettingPath | None = None


class Suppression(NamedTuple):
    """A remark in a file that findings of some rules are known and accepted, where ``span`` begins to where it ends."""

    span: Span
    rules: frozenset[str]
    reason: str


class Loaded(NamedTuple):
    """One document of a file. ``judge`` is False when too little of it could be read for rules to judge it."""

    document: Document
    problems: tuple[Problem, ...]
    judge: bool = True
    suppressions: tuple[Suppression, ...] = ()


GUESS = 10
"""A confidence below this is a mere guess."""


class Recognised(NamedTuple):
    """What a source takes a file for. ``kind`` is None for what it knows and leaves alone; ``note`` says in a few words what that is.

    The highest ``confidence`` of all sources (1 to 100) wins.
    """

    kind: str | None
    confidence: int
    note: str = ""
