"""Where the values of a YAML document stand and how they are written, by their paths."""

from __future__ import annotations

from ..text import Span
from ..typed import Literal, NamedTuple
from .places import JsonPath, Place

Style = Literal["plain", "single", "double", "literal", "folded"]


class YamlNode:
    """Where a value stands and how it was written; ``members`` is None for a scalar. Aliases share the node that they stand for."""

    __slots__ = ("end", "members", "raw", "size", "start", "style")

    def __init__(self, start: int, end: int, members: dict[str | int, Member] | None = None) -> None:
        self.start = start
        self.end = end
        self.members = members
        self.raw = ""
        self.style: Style = "plain"
        self.size = 1
        """How many values it holds, itself included, aliases counted as what they stand for."""


class Member(NamedTuple):
    """A member of a collection. ``key`` is its name, None in a list; ``alias`` is the alias that stands for it, if one does."""

    node: YamlNode
    key: Span | None
    alias: Span | None


class YamlPlaces:
    """Finds values again by their paths, with how they are written."""

    def __init__(self, root: YamlNode | None) -> None:
        self._root = root

    def member(self, path: JsonPath) -> Member | None:
        """How a value is written, or None where nothing stands at the path."""
        member = Member(self._root, None, None) if self._root is not None else None
        for step in path:
            if member is None or member.node.members is None:
                return None
            member = member.node.members.get(step)
        return member

    def find(self, path: JsonPath) -> Place | None:
        """The place of a value, or None where nothing stands at the path. A value that is left out is an empty place."""
        member = self.member(path)
        if member is None:
            return None
        return Place(member.alias or Span(member.node.start, member.node.end), member.key)

    def raw(self, path: JsonPath) -> str | None:
        """The text of a scalar before it is taken for a number or the like (``"0123"``, ``"on"``, ``""``); None for anything else."""
        member = self.member(path)
        return member.node.raw if member is not None and member.node.members is None else None

    def style(self, path: JsonPath) -> Style | None:
        """How a scalar is quoted; None for anything else."""
        member = self.member(path)
        return member.node.style if member is not None and member.node.members is None else None
