"""Edits of JSON and YAML that keep the rest of a text as it is written: indentation, line ends, quotes, comments, spelling."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ..text import Edit, Edits, Span
from ..typed import Any, NamedTuple
from .brackets import Brackets, Item, take_out
from .edits import grouped, value_at
from .places import JsonPath, Places

Order = Sequence[str] | Callable[[JsonPath], Sequence[str]]
"""The wanted order of member names; for one object, or as a function of the path of any object."""
New = Sequence[tuple[Any, Any]]
"""Members by their names and values, or items, whose names do not matter."""


class Block(NamedTuple):
    """A mapping or list whose members begin lines."""

    items: Sequence[Item]
    is_list: bool


class TreeEditor(ABC):
    """Makes edits of one document of a text.

    Each method returns the edits, possibly none; None if the text cannot be relied on, if nothing can be done at the path, or if the format
    cannot express a value. The subclass for a format raises :exc:`LookupError` for constructs that it leaves alone.
    """

    def __init__(self, content: str, value: Any, places: Places) -> None:
        self._content = content
        self._value = value
        self._places = places

    def set(self, path: JsonPath, value: Any, order: Order = ()) -> Edits:
        """Give the member at ``path`` a value, with the objects on the way to it. An index after the last item of a list appends one.

        A new member is written like its siblings, at its place in ``order``.
        """
        with suppress(LookupError, TypeError, ValueError):
            known = path
            while known and self._places.find(known) is None:
                known = known[:-1]
            if known == path:
                return self._checked(self._set(path, value, order), path, [(step, value) for step in path[-1:]])
            step, *inner = path[len(known) :]
            for name in reversed(inner):
                value = {name: value}
            if all(isinstance(name, str) for name in inner):
                return self._checked(self._add(known, {step: value}, order), (*known, step), [(step, value)])
        return None

    def insert(self, path: JsonPath, value: Any) -> Edits:
        """Insert an item into a list, in front of the one at ``path``, or after the last one."""
        with suppress(LookupError, TypeError, ValueError):
            return self._checked(self._add(path[:-1], {path[-1]: value}, ()), path, [("", value)], gone=0)
        return None

    def replace(self, path: JsonPath, new: New) -> Edits:
        """Replace the member or item at ``path`` by others, each written like it; the comment after it stays after the first."""
        with suppress(LookupError, TypeError, ValueError):
            (name, value), *others = new
            holder, (index,) = self._found(path)
            if holder.is_list or {item.step for item in holder.items}.isdisjoint(name for name, _ in others):
                edits = [] if holder.is_list else self._renamed(path, name)
                edits += [*self._set(path, value, ()), *(self._insert(path[:-1], index + 1, others) if others else ())]
                return self._checked(edits, path, new)
        return None

    def remove(self, path: JsonPath) -> Edits:
        """Remove the member or item at ``path``, and with it the lines and the comments that belong to it alone."""
        with suppress(LookupError, TypeError, ValueError):
            return self._checked(self._take_out(path[:-1], *self._found(path)), path, [])
        return None

    def rename(self, path: JsonPath, name: str) -> Edits:
        """Give the member at ``path`` another name, which no other member of the object has."""
        with suppress(LookupError, TypeError, ValueError):
            return self._checked(self._renamed(path, name), path, [(name, value_at(self._value, path))])
        return None

    def _renamed(self, path: JsonPath, name: str) -> list[Edit]:
        holder, (index,) = self._found(path)
        key = holder.items[index].key
        if key is None or (name != path[-1] and any(item.step == name for item in holder.items)):
            raise LookupError(name)
        return [Edit(key, self._name(path, key, name))] if name != path[-1] else []

    def _found(self, path: JsonPath) -> tuple[Brackets | Block, list[int]]:
        """The parent of a path, and its members at the path: several of one name."""
        holder = self._holder(path[:-1])
        indexes = [index for index, item in enumerate(holder.items) if item.step == path[-1]]
        if not indexes:
            raise LookupError(path)
        return holder, indexes

    def _add(self, path: JsonPath, new: Mapping[Any, Any], order: Order) -> list[Edit]:
        """Add members to an object that has none of their names, or an item to a list."""
        holder = self._holder(path)
        if holder.is_list:
            ((index, value),) = new.items()
            if index not in range(len(holder.items) + 1):
                raise LookupError(index)
            return self._insert(path, index, [("", value)])
        if not all(isinstance(name, str) for name in new):
            raise LookupError(path)
        groups = grouped(order(path) if callable(order) else order, [str(item.step) for item in holder.items], new)
        return [edit for index, names in groups.items() for edit in self._insert(path, index, [(name, new[name]) for name in names])]

    def _take_out(self, path: JsonPath, holder: Any, indexes: list[int]) -> list[Edit]:
        """Remove members or items; a format has its own way for those that are not between brackets."""
        return take_out(holder, indexes)

    # --- Provided by each format

    @abstractmethod
    def _holder(self, path: JsonPath) -> Brackets | Block:
        """The object or list at a path."""

    @abstractmethod
    def _name(self, path: JsonPath, key: Span, name: str) -> str:
        """A name, written like the one at ``key``."""

    @abstractmethod
    def _set(self, path: JsonPath, value: Any, order: Order) -> list[Edit]:
        """Give the node at a path another value."""

    @abstractmethod
    def _insert(self, path: JsonPath, index: int, new: New) -> list[Edit]:
        """Insert members or items in front of the one at an index."""

    def _checked(self, edits: list[Edit], path: JsonPath, new: New, gone: int = 1) -> list[Edit]:
        """The edits, if they only replace as many members at a path as are to be removed by ``new``."""
        return edits
