"""Writing a report: atomically to a file, or straight through to a device or pipe."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..files import STANDARD_OUTPUT, TooLarge, Unreadable, is_within, opened, read_within, reason_of
from ..typed import IO, Final

_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_MOST_LINKS: Final = 40
"""Links to follow, as many as Linux does (path_resolution(7))."""


class Unwritable(Exception):
    """An output that cannot be written; the text says which, and why."""

    def __init__(self, path: str, reason: str, what: str = "cannot be written: ") -> None:
        super().__init__(f"{path}: {what}{reason}")


class _Refused(Exception):
    """A file that must not be written; the text says why, to follow "cannot be written: "."""


class _Changed(Exception):
    """A file that has changed since it was read."""


def write_file(path: str, content: bytes, mode: int | None = None, *, before: bytes | None = None) -> None:
    """Write a file; raises :class:`Unwritable`, and :class:`BrokenPipeError` if its reader has gone.

    An ordinary file is replaced by a complete one, which has this mode or keeps its own, and if allowed its owner; a half-written file is
    never visible. A link is kept, and its target is written, but not if that is outside the working directory. Devices, pipes and
    descriptors (``/dev/stdout``, ``/dev/fd/3``) are written through. With ``before`` only an ordinary file is written that still has this
    content. The new one is on the disk when this returns, and the old one stays if its owner cannot be kept.
    """
    with _explained(path):
        _check_links(path)
        target = _followed(path)
        descriptor = _descriptor(target)
        status = os.stat(target) if before is not None or os.path.lexists(target) else None
        is_ordinary = descriptor is None and (status is None or stat.S_ISREG(status.st_mode))
        if before is not None and not is_ordinary:
            raise _Refused("it is a device or a pipe, not a file")
        if before is not None and status is not None and status.st_nlink > 1:
            raise _Refused("it has more than one name (hard links), and the others would keep the old content")
        if status is None and target.endswith("/"):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if is_ordinary:
            _replace(target, content, status, before, mode)
        elif descriptor is None:
            _write_through(target, content)
        else:
            sys.stdout.flush() if descriptor == 1 and sys.stdout is not None else None
            _write_all(descriptor, content)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Raise :class:`Unwritable` for system errors, except for a reader that has gone."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (_Changed, TooLarge):
        raise Unwritable(path, "run the command again", "has changed since it was read, so it is left as it is: ") from None
    except ValueError:  # a name with a null character in it
        raise Unwritable(path, "this cannot be the name of a file") from None
    except OSError as error:
        raise Unwritable(path, reason_of(error)) from None
    except (_Refused, Unreadable) as error:
        raise Unwritable(path, str(error)) from None


def place_of(path: str) -> object:
    """What identifies an output under all of its names: a descriptor, a file's identity, or the path of a new file.

    Two outputs are one file or stream if this is equal for both; a device such as ``/dev/null`` takes any number of reports.
    """
    try:
        descriptor = 1 if path == STANDARD_OUTPUT else _descriptor(_followed(path))
        if descriptor is not None:
            return descriptor
        status = os.stat(path)
        return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else object()
    except OSError:
        return os.path.realpath(path)
    except ValueError:  # an impossible file name
        return path


def _check_links(path: str) -> None:
    """Refuse a path with a link out of the working directory, which may come from the checked-out files.

    Links above a path outside that directory are the system's, such as ``/tmp`` on macOS.
    """
    here, real = os.path.realpath(os.curdir), os.path.realpath(path)
    if _descriptor(path) is not None or is_within(real, here):
        return
    at = os.path.join(here, path)
    above = map(str, Path(at).parents)
    is_led = os.path.islink(at) or is_within(os.path.abspath(path), here)
    is_led |= any(os.path.islink(one) and is_within(os.path.realpath(os.path.dirname(one)), here) for one in above)
    if is_led:
        raise _Refused(f"a link leads to {real}, outside the working directory: if that is meant, name that file itself")


def _followed(path: str) -> str:
    """A path with its links resolved, if they are on a disk: a link of ``/proc`` says what is open, not where it is."""
    for _ in range(_MOST_LINKS):
        if _descriptor(path) is not None or not os.path.islink(path):
            return path
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _descriptor(path: str) -> int | None:
    """The number of a descriptor of this process that a path names; None for any other path."""
    if os.name != "posix":
        return None
    match = re.fullmatch(r"/dev/(?:fd/(\d+)|stdout|stderr)|/proc/(self|thread-self|\d+)/fd/(\d+)", path)
    if match is None or match[2] not in (None, "self", "thread-self", str(os.getpid())):
        return None
    return int(match[1] or match[3] or ("/dev/stdout", "/dev/stderr").index(path) + 1)


def _write_through(path: str, content: bytes) -> None:
    flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | _NO_LINK  # without the flags that create or truncate a file
    with open(path, "wb", buffering=0, opener=lambda name, _how: os.open(name, flags)) as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # only a part of it would be overwritten
            raise _Refused("it was replaced by a file just now")
        _write_all(file.fileno(), content)


def _write_all(descriptor: int, report: bytes) -> None:
    waiting = memoryview(report)
    while waiting:
        try:
            waiting = waiting[os.write(descriptor, waiting) :]
        except BlockingIOError:
            os.set_blocking(descriptor, True)


def _replace(path: str, content: bytes, status: os.stat_result | None, expected: bytes | None, mode: int | None) -> None:
    """Put a new file in place of an old one, or of none; if that must have the content ``expected``, it is on the disk first."""
    folder = os.path.dirname(path) or os.curdir
    if status is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    # Not named after the output, whose name may have the maximum length. Unpredictable, so that no link can have been put there.
    temporary = os.path.join(folder, f".medplum-lint.{os.urandom(8).hex()}.tmp")
    at_first = 0o666 if status is None and mode is None else 0o600
    with _uninterrupted():
        try:
            with open(temporary, "xb", buffering=0, opener=lambda name, how: os.open(name, how | _NO_LINK, at_first)) as file:
                descriptor = file.fileno()
                _write_all(descriptor, content)
                if status is not None:
                    _keep_owner(descriptor, status, needed=expected is not None)
                    _keep_attributes(path, descriptor)
                    mode = stat.S_IMODE(status.st_mode) if mode is None else mode
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(descriptor, mode)  # after the owner: changing that clears bits of the mode
                if expected is not None:
                    os.fsync(descriptor)
            if expected is not None:
                _check_content(path, expected)
            os.replace(temporary, path)
            if expected is not None:
                _flush_folder(folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise


def _check_content(path: str, expected: bytes) -> None:
    """Raise :class:`_Changed` or :class:`~linter.files.TooLarge` if a file has other content.

    It may have become a pipe, which must not block: signals are held back.
    """
    with opened(path, regular=True, follow=False) as file:
        if read_within(file, len(expected)) != expected:
            raise _Changed


def _flush_folder(folder: str) -> None:
    """Flush the new name to the disk too, on systems that let folders be flushed."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keep_owner(descriptor: int, before: os.stat_result, *, needed: bool) -> None:
    """Give a file the owner and the group of the file that it is to replace, as far as allowed; refuse to go on without if ``needed``."""
    for owner in (before.st_uid, -1) if hasattr(os, "fchown") else ():
        with suppress(OSError):  # only root may give files away
            os.fchown(descriptor, owner, before.st_gid)
            break
    after = os.fstat(descriptor)
    for what, its, was in (("owner", after.st_uid, before.st_uid), ("group", after.st_gid, before.st_gid)):
        if needed and its != was:
            raise _Refused(f"you may write to it, but not give it back its {what} ({was}): run the command as its owner")


def _keep_attributes(path: str, descriptor: int) -> None:
    """Keep extended attributes on Linux, such as access rights (POSIX ACLs), as far as allowed."""
    with suppress(OSError):
        for name in os.listxattr(path) if hasattr(os, "listxattr") else ():
            with suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(path, name))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C until the file is complete and in its place."""
    if not hasattr(os, "fork"):
        yield
        return
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- Standard output ---------------------------------------------------------------------------------------------------------------


def write_standard_output(text: str) -> None:
    """Write to standard output in any encoding; raises :class:`Unwritable`, and :class:`BrokenPipeError` if its reader has gone.

    Unwritten data is dropped, or Python would try again at exit and complain.
    """
    stream = sys.stdout
    if stream is None:
        raise Unwritable("standard output", "it is closed")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        drop(stream)
        if isinstance(error, BrokenPipeError):
            raise
        raise Unwritable("standard output", reason_of(error)) from None


def columns_of(stream: IO[str]) -> int:
    """The columns of the terminal that a stream is; 0 if it is not one."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns
    return 0


def width_of(stream: IO[str] | None) -> int:
    """The columns to use on a terminal; 0 for other streams, so that redirected output always has the same lines."""
    if stream is None or not stream.isatty():
        return 0
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else columns_of(stream)


def drop(stream: object) -> None:
    """Discard what a stream still holds, and everything that is written to it later."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[attr-defined]  # absent in a test's stream
        os.close(null)
