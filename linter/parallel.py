"""Work in several processes, each a copy of this one: it knows all that this one knows, and only what comes of the work is handed over.

That is ``fork``, which Windows does not have: there, and where a process cannot be made or comes to nothing, the caller does the work.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence

from .typed import Any, Final, TypeVar

Part = TypeVar("Part")

_CHUNK: Final = 1 << 20
"""Bytes that are read from a process at once."""

_working = 1
"""How many processes share what there can be with this one, itself included."""


def processes(wanted: int | None) -> int:
    """How many processes there can be for this one: as many as are wanted, else one for each core; 1 without ``fork``.

    Those that work on parts already have a share each.
    """
    if not hasattr(os, "fork"):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, (cores if wanted is None else wanted) // _working)


def in_processes(parts: Sequence[Part], work: Callable[[Part], object], shared: Sequence[object]) -> list[Any]:
    """What ``work`` makes of each part, in their order; None for a part of which nothing came.

    The first part is done here, each other one in a process of its own. What ``shared`` holds is not copied on the way: in the results
    it is the very object that it is here. Where ``work`` raises anything here, that is raised.
    """
    global _working
    numbers = {one: number for number, one in enumerate(shared)}
    before, _working = _working, _working * max(1, len(parts))
    running: list[_Process] = []
    try:
        running += (_start(part, work, numbers) for part in parts[1:])
        first = [work(part) for part in parts[:1]]
        return first + [_result(one, shared) for one in running]
    finally:
        _working = before
        for one in running:
            _end(one)


def in_turns(numbers: Sequence[int], work: Callable[[int], Any], jobs: int, shared: Sequence[object]) -> dict[int, Any]:
    """What ``work`` makes of numbers, by these: so many processes take the next one until none is left.

    Those are missing of which nothing came. ``shared`` is as for :func:`in_processes`. Where ``work`` raises anything here, the other
    processes take no more.
    """
    turns = Turns(numbers)

    def take(process: int) -> list[tuple[int, Any]]:
        try:
            return [(number, work(number)) for number in turns]
        except BaseException:
            if process == 0:  # this one: what another one leaves is for those that go on
                turns.empty()
            raise

    try:
        made = in_processes(range(jobs), take, shared)
    finally:
        turns.close()
    return dict(one for several in made if several is not None for one in several)


class Turns:
    """Numbers that several processes take, each number once, and each process as many as it comes to.

    They are in a pipe that all copies of this process have: to read from it is to take one.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self._pipe, write = os.pipe()
        try:
            os.write(write, b"".join(number.to_bytes(_NUMBER, "big") for number in numbers[:_MOST_NUMBERS]))
        finally:
            os.close(write)

    def __iter__(self) -> Iterator[int]:
        while taken := os.read(self._pipe, _NUMBER):
            yield int.from_bytes(taken, "big")

    def empty(self) -> None:
        """Take all numbers that nobody has taken."""
        for _ in self:
            pass

    def close(self) -> None:
        """Take no more in this process."""
        os.close(self._pipe)


_NUMBER: Final = 2
"""Bytes of a number in a pipe."""
_MOST_NUMBERS: Final = 2_000
"""Numbers that a pipe holds on every system, without a reader; more are left out."""


class _Process:
    """A process, and the pipe in which its result comes. ``number`` is 0 for one that could not be made, or has been waited for."""

    __slots__ = ("number", "pipe")

    def __init__(self, number: int, pipe: int) -> None:
        self.number = number
        self.pipe = pipe


def _start(part: Part, work: Callable[[Part], object], numbers: dict[object, int]) -> _Process:
    read, write = os.pipe()
    try:
        number = os.fork()
    except OSError:  # too many processes, or not enough memory for one more
        os.close(write)
        return _Process(0, read)
    if number:
        os.close(write)
        return _Process(number, read)
    code = 1
    sys.stderr = None  # who waits sees how far the first process is
    try:
        os.close(read)
        buffer = io.BytesIO()
        _Pickler(buffer, numbers).dump(work(part))
        left = memoryview(buffer.getvalue())
        while left:
            left = left[os.write(write, left) :]
        code = 0
    finally:  # nothing that this process was copied from may run here too: no handler, no flush, no clean-up
        os._exit(code)


def _result(process: _Process, shared: Sequence[object]) -> Any:
    """What a process made; None where it came to nothing."""
    buffer = bytearray()
    while chunk := os.read(process.pipe, _CHUNK):
        buffer += chunk
    if _end(process) != 0:
        return None
    return _Unpickler(io.BytesIO(buffer), shared).load()


def _end(process: _Process) -> int:
    """Wait for a process that has nothing more to say; its exit code, 0 only where all went well."""
    if process.pipe < 0:
        return 1
    os.close(process.pipe)
    process.pipe = -1
    return os.waitstatus_to_exitcode(os.waitpid(process.number, 0)[1]) if process.number else 1


class _Pickler(pickle.Pickler):
    """Writes what is shared as its number."""

    def __init__(self, file: io.BytesIO, numbers: dict[object, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers = numbers
        self._kinds = tuple({type(one) for one in numbers})

    def persistent_id(self, obj: object) -> int | None:
        """The number of a shared object; for one of their kind that is not shared an error, for it would be another one over there."""
        return self._numbers[obj] if isinstance(obj, self._kinds) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: Sequence[object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: int) -> object:
        """The shared object of a number."""
        return self._shared[pid]
