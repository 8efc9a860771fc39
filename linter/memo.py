"""Results that are kept from one document to the next for as long as everything they were computed from stays the same.

While a rule runs, or the check of one setting, the memo records what it asks the document: the settings at the top that it reads, and any
other question (:meth:`linter.model.Document.ask`). A result is dropped as soon as a document answers one of these questions differently
from the document before. A rule never declares what it reads.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager

from .typed import Any, Final, Protocol, TypeVar

T = TypeVar("T")

Question = str | tuple[Any, ...]
"""The name of a setting at the top, or a function with its arguments behind the document."""
_ANYTHING: Final = ("any setting, and whatever is asked for other results",)
_UNTRACED: Final = ("untraced",)
"""Reads that the memo cannot see: a result that may depend on them is not kept for the next document."""


class Document(Protocol):
    """What a memo needs of :class:`linter.model.Document`."""

    data: dict[str, Any]
    memo: Memo | None


class Memo:
    """The results for documents that are checked one after the other by the same rules, for the same kind, target and server.

    Not for use by several threads.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Any, frozenset[Question]]] = {}
        """Results, each with the questions that were asked for it."""
        self._askers: dict[Question, set[Hashable]] = {}
        """The results for which each question was asked."""
        self._last: Document | None = None
        self._asked: set[Question] | None = None
        """What is asked for the result that is being worked out; None where none is."""

    @contextmanager
    def watching(self, document: Document) -> Iterator[None]:
        """Take up the next document, and note what it is asked until the context ends."""
        if self._last is not None:
            self._drop(list(self._differences(self._last, document)))
        self._last = document
        data = document.data
        document.data, document.memo = _Watched(data, self), self
        try:
            yield
        finally:
            document.data, document.memo = data, None

    def is_kept(self, key: Hashable) -> bool:
        """Whether the result under a key is kept; what was asked for it counts as asked again."""
        if key not in self._kept:
            return False
        if self._asked is not None:
            self._asked |= self._kept[key][1]
        return True

    def get(self, key: Hashable, work_out: Callable[[], T], keep: Callable[[T], bool] = lambda _result: True) -> T:
        """The result under a key, worked out unless it is kept. ``keep`` says whether the next document may have it too."""
        if self.is_kept(key):
            result: T = self._kept[key][0]
            return result
        around, self._asked = self._asked, set()
        try:
            result = work_out()
        finally:
            asked, self._asked = frozenset(self._asked), around
        if around is not None:
            around |= asked
        if keep(result):
            self._kept[key] = result, asked
            for question in asked:
                self._askers.setdefault(question, set()).add(key)
        return result

    def note_anything(self) -> None:
        """Note that the result that is being worked out may depend on any setting, and on all that is asked for other results."""
        self.note(_ANYTHING)

    def note_untraced(self) -> None:
        """Note that the result that is being worked out may depend on reads that the memo cannot see."""
        self.note(_UNTRACED)

    def forget(self) -> None:
        """Drop all results."""
        self._kept.clear()
        self._askers.clear()

    def note(self, question: Question) -> None:
        """Note that a question was asked for the result that is being worked out."""
        if self._asked is not None:
            self._asked.add(question)

    def _differences(self, before: Document, now: Document) -> Iterator[Question]:
        """The questions that two documents answer differently."""
        old, new = before.data, now.data
        changed: list[Question] = [name for name in old.keys() | new.keys() if not _is_same(old.get(name, ...), new.get(name, ...))]
        for question in self._askers:
            if isinstance(question, tuple) and callable(question[0]):
                function, *about = question
                if not _is_same(function(before, *about), function(now, *about)):
                    changed.append(question)
        yield from changed
        if changed or list(old) != list(new):
            yield _ANYTHING
        yield _UNTRACED

    def _drop(self, questions: Iterable[Question]) -> None:
        for question in questions:
            for key in self._askers.pop(question, ()):
                self._kept.pop(key, None)


class _Watched(dict[str, Any]):
    """The settings at the top of a document, which tell the memo what is asked for."""

    __slots__ = ("_memo",)

    def __init__(self, data: dict[str, Any], memo: Memo) -> None:
        super().__init__(data)
        self._memo = memo

    def get(self, name: str, default: Any = None) -> Any:
        self._memo.note(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._memo.note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._memo.note(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._memo.note_anything()
        return super().__iter__()

    def __len__(self) -> int:
        self._memo.note_anything()
        return super().__len__()

    def keys(self) -> Any:
        self._memo.note_anything()
        return super().keys()

    def values(self) -> Any:
        self._memo.note_anything()
        return super().values()

    def items(self) -> Any:
        self._memo.note_anything()
        return super().items()


def _is_same(value: Any, other: Any) -> bool:
    """Whether two values are the same to the last bit, with members in the same order: ``1`` is not ``1.0``."""
    if type(value) is not type(other):
        return False
    if not isinstance(value, dict | list | float):
        return bool(value == other)
    try:
        return marshal.dumps(value, 0) == marshal.dumps(other, 0)
    except ValueError:  # nested too deeply, or with a value that cannot be read
        return False
