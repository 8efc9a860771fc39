"""The scalars of a YAML text that was read, by where they stand: only those near a place that is asked for are made."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ..text import Span
from .yaml import Yaml
from .yaml_events import Scalar
from .yaml_places import YamlTree


class ScalarLookup:
    """Finds the scalars of a text that :func:`~linter.syntax.yaml_events.scalars` gives, without going through all that stand before."""

    def __init__(self, tree: YamlTree) -> None:
        self._tree = tree
        self._children: dict[int, list[int]] = {}

    def within(self, part: Span) -> list[Scalar]:
        """The scalars that start in a part of the text, and the one that reaches into it, in their order."""
        tree = self._tree
        first, behind = bisect_left(tree.starts, part.start), bisect_left(tree.starts, part.end)
        if first and tree.ends[first - 1] > part.start:  # if anything but a scalar starts behind one, that has ended
            first -= 1
        return [self._scalar(index) for index in range(first, behind) if isinstance(tree.marks[index], str)]

    def has(self, at: int) -> bool:
        """Whether the character at an offset is a scalar's."""
        tree = self._tree
        before = bisect_right(tree.starts, at) - 1
        return before >= 0 and isinstance(tree.marks[before], str) and at < tree.ends[before]

    def _scalar(self, index: int) -> Scalar:
        """A scalar with what the collections around it say of it."""
        tree, text = self._tree, str(self._tree.marks[index])
        at = tree.roots[bisect_right(tree.roots, index) - 1]
        is_key, is_item, name = False, True, ""
        while at != index:
            children = self._children_of(at)
            number = bisect_right(children, index) - 1
            is_item = tree.is_list(at)
            is_key = not is_item and number % 2 == 0
            if is_key:
                name = ""
            elif not is_item:
                mark = tree.marks[children[number - 1]]
                name = mark if isinstance(mark, str) else ""
            at = children[number]
        return Scalar(tree.span(index), is_key, text if is_key else name, text, tree.style(index), is_item)

    def _children_of(self, index: int) -> list[int]:
        """The names and values in a mapping, or the items of a list."""
        if index not in self._children:
            self._children[index] = list(self._tree.items(index))
        return self._children[index]


def lookup_of(documents: tuple[Yaml, ...]) -> ScalarLookup | None:
    """What finds the scalars of a text of which all documents were read to their ends; None for any other, and where there are none."""
    return ScalarLookup(documents[0].places.tree) if documents and all(parsed.whole for parsed in documents) else None
