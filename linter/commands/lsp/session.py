"""The texts of an editor, checked together with the files beside them, as one run of the command line would check them.

Nothing here knows the protocol. Content of buffers takes the place of their files; what else belongs to them is read from the disk.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from ...documents.inputs import Input
from ...files import Unreadable, read_regular
from ...fixes.plan import fixed
from ...model import Document, Finding, gathered
from ...options.choose import Configurations
from ...options.config import ConfigError, Overrides
from ...run import Check, Options, Outcome, checks
from ...run.discover import LARGEST_SEARCHED
from ...settings.releases import parse_server_version
from ...sources import file_names
from ...typed import Any, Final, NamedTuple

_MOST_BESIDE: Final = 40
"""The most files of a folder that are checked with a buffer in it: what belongs to a server is in few files."""


class Buffer(NamedTuple):
    """A text that is open in the editor: its URI and its path, its content, and the version that the editor gives it."""

    uri: str
    path: Path
    text: str
    version: int | None = None

    @property
    def name(self) -> str:
        """Its path in reports."""
        return self.path.as_posix()


class Checked(NamedTuple):
    """The check of some buffers, which are by their paths, as the findings and the documents are."""

    outcome: Outcome
    buffers: Mapping[str, Buffer]
    findings: Mapping[str, Sequence[Finding]]
    documents: Mapping[str, Sequence[Document]]
    check: Check

    def fixed(self, name: str) -> str | None:
        """The text of a buffer with all of its safe fixes, made as ``--fix`` makes them; None if that is what it has."""
        after = next((file.after for file in fixed(self.check, unsafe=False).files if file.uri == name), None)
        return after.decode("utf-8", "surrogatepass") if after is not None else None


def options_of(settings: Any) -> Options:
    """The options that the editor's settings ask for. Raises :exc:`ValueError`, with the reason, for a value that cannot be used."""
    if not isinstance(settings, Mapping):
        raise ValueError("the settings must be an object")
    version, pedantic = settings.get("serverVersion"), settings.get("pedantic")
    if pedantic not in (None, True, False):
        raise ValueError("pedantic must be true or false")
    try:
        server = parse_server_version(str(version), "serverVersion") if version else None
    except ValueError as error:
        raise ValueError(f"serverVersion: {error}") from None
    return Options(Overrides(server=server, pedantic=pedantic or None), allow_unrecognized=True)


def checked(buffers: Iterable[Buffer], options: Options) -> Checked:
    """Check buffers."""
    configurations = Configurations(options.config, isolated=options.isolated)
    texts = {buffer.name: buffer for buffer in buffers if not _is_excluded(buffer.path, configurations)}
    given = [Input(name, one.text.encode("utf-8", "surrogatepass"), one.path) for name, one in texts.items()]
    beside = {one.uri: one for buffer in texts.values() for one in _beside(buffer.path, texts, configurations)}
    check = checks([], options, [*given, *beside.values()])
    outcome = check(None)
    findings = gathered((finding.document.uri, finding) for finding in outcome.result.findings if finding.acceptance is None)
    documents = gathered((document.uri, document) for document in outcome.result.documents)
    return Checked(outcome, texts, findings, documents, check)


def _is_excluded(path: Path, configurations: Configurations) -> bool:
    try:
        return bool(configurations.of(path).fitting("exclude", path))
    except ConfigError:
        return False  # the run says what is wrong with it


def _beside(path: Path, texts: Collection[str], configurations: Configurations) -> Iterator[Input]:
    """The other files in the folder of a buffer that a search would find there; none if there are many."""
    try:
        names = [one for one in os.listdir(path.parent) if any(fnmatch(one, glob) for glob in file_names())]
    except OSError:
        return
    for other in (path.parent / name for name in names if len(names) <= _MOST_BESIDE):
        if other.as_posix() not in texts and not _is_excluded(other, configurations):
            try:
                yield Input(other.as_posix(), read_regular(other, LARGEST_SEARCHED), other, searched=True)
            except Unreadable:
                continue
