"""Reading untrusted files: with a size limit, never from an endless device, and never waiting forever."""

from __future__ import annotations

import os
import re
import stat
import time
from pathlib import Path

from .typed import BinaryIO, Final

STANDARD_INPUT: Final = "<stdin>"
"""The path of unnamed standard input in a report."""
STANDARD_OUTPUT: Final = "-"
"""The name of standard output in place of a file."""
LARGEST_INPUT: Final = 512 * 1024 * 1024
"""The maximum size of an input in bytes, unless ``--max-size`` says otherwise."""
LARGEST_CONFIGURATION: Final = 1024 * 1024
"""The maximum size of a configuration file in bytes: a ``pyproject.toml`` has many other tables."""

Identity = tuple[int, int]
"""The identity of a file under all of its names: its device and inode."""

_CHUNK: Final = 1024 * 1024
_WRITER_TIMEOUT: Final = 2.0
"""Seconds within which a writer must open a named pipe."""


class Unreadable(Exception):
    """A file that is not read; the text says why, to follow "cannot be read: "."""


class TooLarge(Unreadable):
    """A file over the size limit; ``size`` is None if only that is known."""

    def __init__(self, size: int | None, limit: int) -> None:
        super().__init__(f"it has {'more' if size is None else f'{size:,} bytes, more'} than the limit of {limit:,} bytes")
        self.size = size


def reason_of(error: OSError) -> str:
    """Why the system refused an operation, in its words."""
    return (error.strerror or type(error).__name__).lower()


def status_of(path: str | int | os.PathLike[str]) -> os.stat_result | None:
    """The status of the file that a path, over links, or a descriptor leads to; None if there is none."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def identity(path: str | int | os.PathLike[str]) -> Identity | None:
    """The device and inode of a file, as of :func:`status_of`."""
    status = status_of(path)
    return (status.st_dev, status.st_ino) if status is not None else None


def is_within(path: str, folder: str) -> bool:
    """Whether a real path is a folder or inside it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def file_and_environment(text: str) -> tuple[str, tuple[str, ...]]:
    """The path of a file, and the environment named after it, as in ``dump.json#prod``; none if a file has that name."""
    path, sign, name = text.rpartition("#")
    is_both = bool(sign) and not os.path.lexists(text) and os.path.lexists(path) and not os.path.isdir(path)
    return (path, (name,)) if is_both else (text, ())


def is_deployed(path: str) -> bool:
    """Whether a path names a deployment, ``aws:eu-west-1:/medplum/prod/``, and not a file, which a repository may have."""
    return path.startswith("aws:") and not os.path.lexists(path)


def is_address(path: str) -> bool:
    """Whether a path is the address of a running server, and not a file; :mod:`pathlib` leaves one of its slashes."""
    return path.startswith(("http:/", "https:/")) and not os.path.lexists(path)


def is_name(uri: str) -> bool:
    """Whether what is read is no file: standard input, a deployment or a running server, whose name is relative to nothing."""
    return uri == STANDARD_INPUT or is_deployed(uri) or is_address(uri)


def why_missing(path: str, what: str) -> str:
    """Why nothing can be read at a path, which should be ``what``."""
    if is_deployed(path):
        return "only check, show, diff and upgrade read AWS"
    return "only the command check asks a running server, and only for a report" if is_address(path) else f"no such {what}"


def environments_of_both(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The environments of a file that is named twice: an empty list stands for all of them."""
    return tuple(dict.fromkeys((*some, *others))) if some and others else ()


def relative_to_here(path: Path) -> str:
    """A path relative to the current folder, so that a report does not depend on where that is."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        return path.name


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """The bytes of an ordinary file, such as a rule or a configuration; raises :class:`Unreadable` as :func:`read_file` does."""
    return read_file(path, limit, regular=True)


def read_file(path: str | os.PathLike[str], limit: int = LARGEST_INPUT, *, regular: bool = False) -> bytes:
    """The bytes of a file or pipe; raises :class:`Unreadable` for a device, for more than ``limit`` bytes and for system errors.

    A file is refused by its size, before it is read; a pipe has no size, so it is read up to the limit. A named pipe without a writer is
    refused after two seconds. With ``regular`` every pipe is refused.
    """
    try:
        with opened(path, regular=regular) as file:
            return _content(file, str(path), limit)
    except ValueError:  # a name with a null character in it
        raise Unreadable("this cannot be the name of a file") from None
    except OSError as error:
        raise Unreadable(reason_of(error)) from None


def opened(path: str | os.PathLike[str], *, regular: bool, follow: bool = True) -> BinaryIO:
    """Open a file to read bytes, unbuffered. It never waits, as opening a pipe would until its other end is opened.

    Raises :class:`Unreadable` for a device or a socket, with ``regular`` also for a pipe, and for a link unless ``follow``. The file is
    examined before it is opened, because opening a device can have effects, and again afterwards, because it may have been replaced. Raises
    :class:`OSError` for system errors.
    """
    _check_kind(os.stat(path, follow_symlinks=follow).st_mode, str(path), regular=regular)
    flags = ("O_NONBLOCK", "O_BINARY", "O_NOCTTY", *(() if follow else ("O_NOFOLLOW",)))
    descriptor = os.open(path, sum(getattr(os, flag, 0) for flag in flags))
    try:
        _check_kind(os.fstat(descriptor).st_mode, str(path), regular=regular)
        return open(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def read_standard_input(stream: BinaryIO | None, limit: int = LARGEST_INPUT) -> bytes:
    """All of standard input; raises :class:`Unreadable` where it is closed, a device without an end, or more than ``limit`` bytes."""
    if stream is None:
        raise Unreadable("it is closed")
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return read_within(stream, limit)  # no file of the system, but one that a test made
    try:
        mode = os.fstat(number).st_mode
        if stat.S_ISCHR(mode) and not os.isatty(number):
            _check_kind(mode, f"/dev/fd/{number}")
        return _content(stream, f"/dev/fd/{number}", limit)
    except OSError as error:
        raise Unreadable(reason_of(error)) from None


def has_input() -> bool:
    """Whether standard input is a file or a pipe with something in it; False if that is not known."""
    try:
        status = os.fstat(0)
        if not stat.S_ISFIFO(status.st_mode):
            return stat.S_ISREG(status.st_mode) and status.st_size > 0
        import fcntl  # not on Windows
        import termios

        return any(fcntl.ioctl(0, termios.FIONREAD, bytes(4)))
    except (ImportError, OSError):
        return False


def _check_kind(mode: int, path: str, *, regular: bool = False) -> None:
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and identity(path) != identity(os.devnull)):
        raise Unreadable("it is a device, not a file")
    if stat.S_ISSOCK(mode):
        raise Unreadable("it is a socket, not a file")
    if stat.S_ISFIFO(mode) and regular:
        raise Unreadable("it is a pipe, not a file")
    if stat.S_ISLNK(mode):
        raise Unreadable("it is a link, not a file")


def _is_open_already(path: str) -> bool:
    """Whether a path names a descriptor, such as ``/dev/fd/63`` for a shell's ``<(command)``, which already has its writer."""
    return re.fullmatch(r"/dev/(?:fd/\d+|stdin)|/proc/(?:self|thread-self|\d+)/fd/\d+", path) is not None


def _content(file: BinaryIO, path: str, limit: int) -> bytes:
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) and status.st_size > limit:
        raise TooLarge(status.st_size, limit)
    if not stat.S_ISFIFO(status.st_mode):
        return read_within(file, limit)
    first = b"" if _is_open_already(path) else _first_of_pipe(file)
    os.set_blocking(file.fileno(), True)
    return first + read_within(file, limit, len(first))


def _first_of_pipe(file: BinaryIO) -> bytes:
    """The first bytes of a named pipe; empty if a writer has opened it but written nothing yet."""
    deadline = time.monotonic() + _WRITER_TIMEOUT
    while True:
        first = file.read(_CHUNK)
        if first is None:  # nothing yet, but a writer has opened it
            return b""
        if first:
            return bytes(first)
        if time.monotonic() > deadline:
            raise Unreadable("no process writes to this pipe")
        time.sleep(0.01)


def read_within(file: BinaryIO, limit: int, size: int = 0) -> bytes:
    """The rest of a file, of which ``size`` bytes have been read. Raises :class:`TooLarge` for more than ``limit`` in all."""
    chunks: list[bytes] = []
    while chunk := file.read(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise TooLarge(None, limit)
    return b"".join(chunks)


# --- Sizes -------------------------------------------------------------------------------------------------------------------------

_UNITS: Final[dict[str, int]] = {"": 1, "b": 1} | {
    f"{letter}{suffix}": base**power for power, letter in enumerate("kmgt", 1) for suffix, base in (("", 1024), ("b", 1000), ("ib", 1024))
}
"""Bytes in a unit: ``MB`` is a million and ``MiB`` is 1024 squared (IEC 80000-13), and so is a bare ``M``, as in GNU's tools."""


def parse_size(text: str) -> int:
    """The number of bytes in a size such as ``512MiB``, ``64 MB`` or ``1000000``; raises :class:`ValueError` for other texts."""
    match = re.fullmatch(r"\s*(\d{1,15})\s*([A-Za-z]{0,3})\s*", text, re.ASCII)
    factor = _UNITS.get(match[2].lower()) if match else None
    if match is None or factor is None or int(match[1]) == 0:
        raise ValueError(text)
    return int(match[1]) * factor
