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


def in_processes(jobs: int, count: int, work: Callable[[int], Made], documents: Sequence[Document]) -> list[Made] | None:
    """What ``work`` makes of the numbers below ``count``, in their order; None where processes cannot be had or came to nothing.

    ``documents`` are those that a result can hold. The first share is done here, where ``work`` may raise.
    """
    if not hasattr(os, "fork"):
        return None
    from multiprocessing import get_context
    from multiprocessing.reduction import ForkingPickler

    ForkingPickler.register(Document, lambda document: (_document, (_numbers[document],)))
    ForkingPickler.register(Mark, lambda mark: (_mark, (mark.name,)))
    _documents[:] = documents
    _numbers.update((document, number) for number, document in enumerate(documents))
    context = get_context("fork")
    size = -(-count // jobs)
    first, *others = (range(start, min(start + size, count)) for start in range(0, count, size))
    receivers = []
    try:
        for share in others:
            receiver, sender = context.Pipe(duplex=False)
            receivers.append(receiver)
            context.Process(target=_send, args=(sender, receivers, work, share), daemon=True).start()
            sender.close()
        made = list(map(work, first))
        for receiver in receivers:
            made += receiver.recv()
        return made
    except (EOFError, OSError):  # a process was killed or cannot be made, or could not hand over what it made
        return None
    finally:
        _documents.clear()
        _numbers.clear()


def _send(sender: Any, receivers: Sequence[Any], work: Callable[[int], object], share: range) -> None:
    """Do a share in a process of its own, which ends silently on Ctrl-C, and if its results can no longer be received."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for receiver in receivers:  # of this process: with one of them open it would wait for itself
        receiver.close()
    try:
        sender.send(list(map(work, share)))
    finally:
        os._exit(0)


def _document(number: int) -> Document:
    return _documents[number]


def _mark(name: str) -> Mark:
    return _MARKS[name]
