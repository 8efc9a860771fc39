"""The places of a YAML document's values and how they are written, by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..text import Span
from ..typed import Any, Literal, NamedTuple
from .places import JsonPath, Place

Style = Literal["plain", "single", "double", "literal", "folded"]


class YamlNode:
    """A scalar, collection or alias where it is written. Names are nodes too.

    ``start`` is the offset of its first character, which can be an anchor's or a tag's. ``raw`` is the text of a scalar before it is parsed
    as a number or the like, ``style`` its quotes. ``name`` is its name as a key: None for ``<<``, and for a collection.
    """

    children: list[YamlNode] | None = None
    """The items of a list, or the alternating names and values of a mapping; None for a scalar, and for an alias."""
    is_list: bool = False
    is_flow: bool = False
    is_merge: bool = False
    """Whether it is the name ``<<``."""
    is_alias: bool = False
    target: YamlNode | None = None
    """The node that an alias stands for; None if there is none."""
    tag: str | None = None
    entries: Mapping[str, tuple[YamlNode, YamlNode]] = {}
    """The last name and value of each entry that a mapping has itself, by its name."""
    merged: tuple[YamlNode, ...] = ()
    """The mappings that ``<<`` merges into this one, the first of which counts."""
    size: int = 1
    """How many values it contains, including itself, with aliases expanded."""
    _members: Members | None = None

    def __init__(self, start: int, end: int, name: str | None, value: Any = None, raw: str = "", style: Style = "plain") -> None:
        self.start = start
        self.end = end
        self.name = name
        self.value = value
        self.raw = raw
        self.style = style

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)

    @property
    def is_scalar(self) -> bool:
        """Whether it is a scalar that is written here."""
        return self.children is None and not self.is_alias

    @property
    def resolved(self) -> YamlNode:
        """The node itself, or the one that an alias stands for."""
        return self if self.target is None else self.target

    @property
    def members(self) -> Members | None:
        """The names and values of a collection, including merged ones; None for a scalar. In a list there are no names."""
        if self._members is None and self.children is not None:
            self._members = {index: (None, item) for index, item in enumerate(self.children)} if self.is_list else dict(self.entries)
            for other in self.merged:
                self._members = {**(other.members or {}), **self._members}
        return self._members


Members = dict[Any, tuple["YamlNode | None", YamlNode]]


class Scalar(NamedTuple):
    """A scalar and its place. ``name`` is the key that it is the value of, or in the list of; for a key it is the key itself.

    ``in_list``: it is an item of a list.
    """

    span: Span
    is_key: bool
    name: str
    text: str
    style: Style
    in_list: bool


class YamlPlaces:
    """Locates values by their paths, with how they are written."""

    def __init__(self, root: YamlNode | None) -> None:
        self._root = root

    def member(self, path: JsonPath) -> tuple[YamlNode | None, YamlNode] | None:
        """The name and the value, or its alias, at a path."""
        member: tuple[YamlNode | None, YamlNode] | None = None if self._root is None else (None, self._root)
        for step in path:
            members = member[1].resolved.members if member is not None else None
            member = None if members is None else members.get(step)
        return member

    def find(self, path: JsonPath) -> Place | None:
        """The place of a value, or None if there is none at the path. A value that is left out is an empty place."""
        key, value = self.member(path) or (None, None)
        return None if value is None else Place(value.span, None if key is None else key.span)

    def scalar(self, path: JsonPath) -> YamlNode | None:
        """The scalar at a path, following aliases: its text before it is parsed as a number or the like, and its quotes."""
        _, value = self.member(path) or (None, None)
        return value.resolved if value is not None and value.resolved.children is None else None

    def scalars(self) -> Iterator[Scalar]:
        """The scalars of the document in order, including names; aliases, tags and comments are left out."""
        waiting = [] if self._root is None else [(self._root, "", False, True)]
        while waiting:
            node, name, is_key, in_list = waiting.pop()
            if node.is_alias:
                continue
            if node.children is None:
                yield Scalar(node.span, is_key, node.raw if is_key else name, node.raw, node.style, in_list)
            elif node.is_list:
                waiting += [(item, name, False, True) for item in reversed(node.children)]
            else:
                names = ["", *(one.raw for one in node.children)]
                members = reversed([*enumerate(node.children)])
                waiting += ((one, "" if at % 2 == 0 else names[at], at % 2 == 0, False) for at, one in members)
