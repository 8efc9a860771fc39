"""Results that are kept from one document to the next as long as everything they were computed from stays the same.

While a rule runs, or the check of one setting, the memo records what it asks the document: the top-level settings that it reads, and any
other question (:meth:`linter.model.Document.ask`). A result is dropped as soon as a document answers one of these questions differently
from the document before. A rule never declares what it reads.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from .typed import Any, Final, Protocol, TypeVar

M = TypeVar("M")
T = TypeVar("T")

Question = str | tuple[Any, ...]
"""The name of a top-level setting, or a function with its arguments after the document."""


class Document(Protocol):
    """The part of :class:`linter.model.Document` that a memo needs."""

    data: dict[str, Any]
    memo: Memo | None


class Memo:
    """Results for documents that are checked one after the other by the same rules, for the same kind, target and server.

    Not thread-safe.
    """

    ANYTHING: Final = ("any setting, and whatever is asked for other results",)
    """What a result asks for that may depend on any setting, and on everything asked for other results."""
    UNTRACED: Final = ("untraced",)
    """Reads that the memo cannot see: a result that may depend on them is not kept for the next document."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Any, frozenset[Question]]] = {}
        """Results, each with the questions that were asked for it."""
        self._clean: dict[Hashable, dict[Any, frozenset[Question]]] = {}
        """The members in which nothing was found, by the key of their search, each with the questions that were asked for it."""
        self._last: Document | None = None
        self._asked: set[Question] = set()
        """The questions asked for the result that is being computed."""

    @contextmanager
    def watching(self, document: Document) -> Iterator[None]:
        """Start on the next document, and record what it is asked until the context ends."""
        if self._last is not None:
            changed = self._changed(self._last, document)
            for key, clean in self._clean.items():
                for member in [member for member, asked in clean.items() if not changed.isdisjoint(asked)]:
                    del clean[member]
                    changed.add(("used", key))
            self._kept = {key: kept for key, kept in self._kept.items() if changed.isdisjoint(kept[1])}
        self._last, self._asked = document, set()
        data = document.data
        document.data, document.memo = _Watched(data, self), self
        try:
            yield
        finally:
            document.data, document.memo = data, None

    def get(self, key: Hashable, work_out: Callable[[], T], keep: Callable[[T], bool] = lambda _result: True) -> T:
        """The result under a key, computed unless it is kept. ``keep`` says whether to keep it for the next document.

        Using a kept result counts as asking its questions again.
        """
        if key in self._kept:
            kept: T
            kept, asked = self._kept[key]
            used = ("used", key)
            if used not in self._asked:  # a setting with many members is asked about once for each of them
                self._asked |= asked
                self._asked.add(used)
            return kept
        result, asked = self._watched(work_out)
        if keep(result):
            self._kept[key] = result, asked
        return result

    def each(self, key: Hashable, members: Iterable[M], finds: Callable[[M], bool]) -> None:
        """Call ``finds`` with each member, except those in which it found nothing and whose questions have the same answers now."""
        clean = self._clean.setdefault(key, {})
        for member in [member for member in members if member not in clean]:
            found, asked = self._watched(partial(finds, member))
            if not found:
                clean[member] = asked
        self._asked.add(("used", key))

    def _watched(self, work_out: Callable[[], T]) -> tuple[T, frozenset[Question]]:
        """A result, and the questions asked for it."""
        around, self._asked = self._asked, set()
        try:
            return work_out(), frozenset(self._asked)
        finally:
            around |= self._asked
            self._asked = around

    def forget(self) -> None:
        """Drop all results."""
        self._kept.clear()
        self._clean.clear()

    def note(self, question: Question) -> None:
        """Record that a question was asked for the result being computed."""
        self._asked.add(question)

    def _changed(self, before: Document, now: Document) -> set[Question]:
        """The questions that two documents answer differently."""
        old, new = before.data, now.data
        changed: set[Question] = {name for name in old.keys() | new.keys() if not _is_same(old.get(name, ...), new.get(name, ...))}
        clean = (asked for members in self._clean.values() for asked in members.values())
        for question in frozenset[Question]().union(*clean, *(asked for _, asked in self._kept.values())):
            if isinstance(question, tuple) and callable(question[0]):
                function, *about = question
                if not _is_same(function(before, *about), function(now, *about)):
                    changed.add(question)
        anything = {Memo.ANYTHING} if changed or list(old) != list(new) else set()
        return {*changed, *anything, Memo.UNTRACED}


def _noted(name: str, *, is_of_one: bool) -> Any:
    """A method of dict that tells the memo which setting is asked for, or that any may be."""

    def method(self: _Watched, *arguments: Any) -> Any:
        self.memo.note(arguments[0] if is_of_one else Memo.ANYTHING)
        return getattr(dict, name)(self, *arguments)

    return method


class _Watched(dict[str, Any]):
    """The top-level settings of a document, which tell the memo what is asked for."""

    __slots__ = ("memo",)

    def __init__(self, data: dict[str, Any], memo: Memo) -> None:
        super().__init__(data)
        self.memo = memo

    get, __getitem__, __contains__ = (_noted(name, is_of_one=True) for name in ("get", "__getitem__", "__contains__"))
    __iter__, __len__, keys, values, items = (_noted(name, is_of_one=False) for name in ("__iter__", "__len__", "keys", "values", "items"))


def _is_same(value: Any, other: Any) -> bool:
    """Whether two values are identical, with members in the same order: ``1`` is not ``1.0``."""
    if type(value) is not type(other):
        return False
    if not isinstance(value, dict | list | float):
        return bool(value == other)
    try:
        return marshal.dumps(value, 0) == marshal.dumps(other, 0)
    except ValueError:  # nested too deeply, or with a value that cannot be read
        return False
