"""What a run records beside its findings: errors, our own bugs, notices, the fate of each file, and which files were read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import Identity, identity
from .model import FileStatus, Notice, SettingPath, dotted
from .settings import KINDS, catalogue
from .typed import Literal


class Log:
    """``errors`` are what could not be done as asked, ``skipped`` counts the unreadable files that a search skipped."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.bugs: list[str] = []
        self.notices: list[Notice] = []
        self.files: list[FileStatus] = []
        self.skipped = 0
        self.inputs: set[Identity] = set()

    def error(self, message: str) -> None:
        """Record an error once."""
        if message not in self.errors:
            self.errors.append(message)

    def note(self, notice: Notice) -> None:
        """Record a notice once."""
        if notice not in self.notices:
            self.notices.append(notice)

    def unchecked(self, uri: str, status: Literal["ignored", "failed"], note: str) -> None:
        """Record a file that is not checked, and why."""
        self.files.append(FileStatus(uri, None, None, None, status, note))

    def read(self, path: Path, known: Identity | None = None) -> None:
        """Record that a file was read, so that no report overwrites it; ``known`` is its identity, if the caller has it."""
        file = known or identity(path)
        if file is not None:
            self.inputs.add(file)

    def bug(self, error: Exception, uri: str, what: str = "loading the file", on: SettingPath = ()) -> None:
        """Record a bug in medplum-lint by its kind and place, once; its text is left out, because it may quote a value."""
        setting = f" on {dotted(on)}" if any(catalogue(kind).get(on) is not None for kind in KINDS) else ""
        bug = f"{uri}: {what}{setting} failed with {described(error)}"
        if bug not in self.bugs:
            self.bugs.append(bug)

    @contextmanager
    def surviving(self, uri: str, what: str = "loading the file", on: SettingPath = ()) -> Iterator[None]:
        """Record an exception that ends the block instead of raising it: it must not keep anything else from being checked."""
        try:
            yield
        except Exception as error:
            self.bug(error, uri, what, on)


def described(error: BaseException) -> str:
    """An exception by its kind and place; its text is left out, because it may quote a value."""
    import traceback  # only for a bug

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
