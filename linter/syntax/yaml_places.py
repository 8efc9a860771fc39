"""Where the values of a YAML document stand and how they are written, by their paths.

A reader notes what it comes by in flat lists (:class:`YamlTree`); objects are made of that only on the way to what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..text import Span
from ..typed import Any, Literal, NamedTuple
from .places import JsonPath, Place

Style = Literal["plain", "single", "double", "literal", "folded"]
_STYLES: dict[str, Style] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


class Alias(NamedTuple):
    """What stands for another node: its index, None where nothing can be found that it stands for."""

    target: int | None


class YamlTree:
    """The nodes of a text in the order in which they begin, names among them: ``starts`` and ``ends`` in characters of ``content``.

    ``marks`` holds for a scalar its text, for a mapping the index of the first node behind it, for a list the same with a minus sign, and
    for an alias what it stands for. ``roots`` are the nodes that are documents. ``properties`` are the style of those scalars that
    begin with an anchor or a tag, with the tag; ``merge_names`` the names that are ``<<``; ``merged`` what these bring into a mapping:
    other mappings, in their order.
    """

    __slots__ = ("content", "ends", "marks", "merge_names", "merged", "nodes", "properties", "roots", "sizes", "starts")

    def __init__(self, content: str) -> None:
        self.content = content
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.marks: list[str | int | Alias] = []
        self.roots: list[int] = []
        self.properties: dict[int, tuple[Style, str | None]] = {}
        self.merge_names: set[int] = set()
        self.merged: dict[int, list[int]] = {}
        self.nodes: dict[int, YamlNode] = {}
        self.sizes: dict[int, int] = {}

    def add(self, span: Span, mark: int | Alias) -> int:
        """Note a collection or an alias that begins; gives its index."""
        self.starts.append(span.start)
        self.ends.append(span.end)
        self.marks.append(mark)
        return len(self.marks) - 1

    def node(self, index: int) -> YamlNode:
        """What stands at an index, which is no alias."""
        if index not in self.nodes:
            self.nodes[index] = YamlNode(self, index)
        return self.nodes[index]

    def resolved(self, index: int) -> int:
        """What stands at an index, or what that stands for."""
        mark = self.marks[index]
        return index if not isinstance(mark, Alias) or mark.target is None else mark.target

    def behind(self, index: int) -> int:
        """The index of the first node behind another one and all that is in it."""
        mark = self.marks[index]
        return abs(mark) if isinstance(mark, int) else index + 1

    def is_list(self, index: int) -> bool:
        """Whether a node is a list that was read to its end."""
        mark = self.marks[index]
        return isinstance(mark, int) and mark < 0

    def style(self, index: int) -> Style:
        """How a scalar is quoted. What has neither anchor nor tag shows that by its first character."""
        if index in self.properties:
            return self.properties[index][0]
        start = self.starts[index]
        if start == self.ends[index] or not isinstance(self.marks[index], str):
            return "plain"
        return _STYLES.get(self.content[start], "plain")

    def span(self, index: int) -> Span:
        """Where a node stands."""
        return Span(self.starts[index], self.ends[index])

    def items(self, index: int) -> Iterator[int]:
        """The indexes of the items of a list."""
        at, stop = index + 1, self.behind(index)
        while at < stop:
            yield at
            at = self.behind(at)

    def pairs(self, index: int) -> Iterator[tuple[int, int]]:
        """The indexes of the names of a mapping and of their values, in their order; without a name that breaks off."""
        nodes = self.items(index)
        return zip(nodes, nodes, strict=False)

    def named_pairs(self, index: int) -> Iterator[tuple[str, int, int]]:
        """Those pairs that make entries, each with its name: without what is merged, or has a collection in place of a name."""
        for key, value in self.pairs(index):
            name = self.name(key)
            if name is not None:
                yield name, key, value

    def name(self, key: int) -> str | None:
        """The name that a key gives; None for ``<<``, and for a collection."""
        mark = self.marks[self.resolved(key)]
        if isinstance(mark, str):
            return mark if key not in self.merge_names else None
        return "" if isinstance(mark, Alias) else None

    def members(self, index: int) -> dict[str | int, Member] | None:
        """The members of a collection, aliases followed; None for a scalar."""
        if not isinstance(self.marks[index], int):
            return None
        if self.is_list(index):
            return {number: self._member(None, item) for number, item in enumerate(self.items(index))}
        members: dict[str | int, Member] = {}
        for name, key, value in self.named_pairs(index):
            members.pop(name, None)  # of two the last counts, and stands where that does
            members[name] = self._member(self.span(key), value)
        for other in self.merged.get(index, ()):
            for step, member in (self.node(other).members or {}).items():
                members.setdefault(step, member)
        return members

    def _member(self, key: Span | None, value: int) -> Member:
        alias = self.span(value) if isinstance(self.marks[value], Alias) else None
        return Member(self.node(self.resolved(value)), key, alias)

    def size(self, index: int) -> int:
        """How many values a closed node holds, itself included, aliases counted as what they stand for, and names not at all."""
        index = self.resolved(index)
        waiting = [index]
        while waiting:
            at = waiting[-1]
            inner = self._values(at) if at not in self.sizes else []
            unknown = [one for one in inner if one not in self.sizes]
            waiting += unknown
            if not unknown:
                self.sizes.setdefault(at, 1 + sum(self.sizes[one] for one in inner))
                waiting.pop()
        return self.sizes[index]

    def _values(self, index: int) -> list[int]:
        """The nodes that are values in a collection, with those that are merged into it."""
        if not isinstance(self.marks[index], int):
            return []
        if self.is_list(index):
            return [self.resolved(item) for item in self.items(index)]
        return [*(self.resolved(value) for _, _, value in self.named_pairs(index)), *self._merged_values(index)]

    def _merged_values(self, index: int) -> Iterator[int]:
        names = {name for name, _, _ in self.named_pairs(index)} if index in self.merged else set()
        for other in self.merged.get(index, ()):
            for step, member in (self.node(other).members or {}).items():
                if isinstance(step, str) and step not in names:
                    names.add(step)
                    yield member.node.index


class YamlNode:
    """Where a value stands and how it was written. Aliases share the node that they stand for."""

    __slots__ = ("_members", "_tree", "index")

    def __init__(self, tree: YamlTree, index: int) -> None:
        self._tree = tree
        self._members: Any = _UNREAD
        self.index = index

    @property
    def start(self) -> int:
        """The offset of its first character, which can be that of an anchor or a tag."""
        return self._tree.starts[self.index]

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self._tree.ends[self.index]

    def note_members(self) -> None:
        """Find out its members, if they are not known."""
        if self._members is _UNREAD:
            self._members = self._tree.members(self.index)

    @property
    def members(self) -> dict[str | int, Member] | None:
        """The members of a collection, what is merged into it included; None for a scalar."""
        self.note_members()
        members: dict[str | int, Member] | None = self._members
        return members

    @property
    def raw(self) -> str:
        """The text of a scalar before it is taken for a number or the like."""
        mark = self._tree.marks[self.index]
        return mark if isinstance(mark, str) else ""

    @property
    def style(self) -> Style:
        """How a scalar is quoted."""
        return self._tree.style(self.index)


_UNREAD = object()


class Member(NamedTuple):
    """A member of a collection. ``key`` is its name, None in a list; ``alias`` is the alias that stands for it, if one does."""

    node: YamlNode
    key: Span | None
    alias: Span | None


class YamlPlaces:
    """Finds values again by their paths, with how they are written."""

    __slots__ = ("_root", "tree")

    def __init__(self, tree: YamlTree, root: int | None) -> None:
        self.tree = tree
        """All nodes of the text, those of its other documents included."""
        self._root = root

    def member(self, path: JsonPath) -> Member | None:
        """How a value is written, or None where nothing stands at the path."""
        member = Member(self.tree.node(self.tree.resolved(self._root)), None, None) if self._root is not None else None
        for step in path:
            members = member.node.members if member is not None else None
            if members is None:
                return None
            member = members.get(step)
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
