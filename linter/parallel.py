"""A check of many documents by several processes (``--jobs``), each a copy of this one that knows all documents already."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence

from .model import ABSENT, LEFT_OUT, UNKNOWN, Document, Mark
from .typed import Any, TypeVar

Made = TypeVar("Made")

_MARKS = {mark.name: mark for mark in (ABSENT, UNKNOWN, LEFT_OUT)}
_documents: list[Document] = []
"""The documents that the processes have in common: in a result each is only its number."""
_numbers: dict[Document, int] = {}
_work: Callable[[int], Any] = lambda _number: None  # noqa: E731  # replaced for each run


def in_processes(jobs: int, count: int, work: Callable[[int], Made], documents: Sequence[Document]) -> list[Made] | None:
    """What ``work`` makes of the numbers below ``count``, in their order; None where processes cannot be had or came to nothing.

    ``documents`` are those that a result can hold. ``work`` raises nothing.
    """
    global _work
    if not hasattr(os, "fork"):
        return None
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from multiprocessing.reduction import ForkingPickler

    ForkingPickler.register(Document, lambda document: (_document, (_numbers[document],)))
    ForkingPickler.register(Mark, lambda mark: (_mark, (mark.name,)))
    _documents[:] = documents
    _numbers.update((document, number) for number, document in enumerate(documents))
    _work = work
    try:
        with ProcessPoolExecutor(jobs, get_context("fork"), signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
            return list(pool.map(_worked, range(count), chunksize=-(-count // (4 * jobs))))
    except Exception:  # a process was killed or cannot be made, or a result cannot be handed over: the caller works it out
        return None
    finally:
        _documents.clear()
        _numbers.clear()


def _worked(number: int) -> Any:
    return _work(number)


def _document(number: int) -> Document:
    return _documents[number]


def _mark(name: str) -> Mark:
    return _MARKS[name]
