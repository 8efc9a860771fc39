"""What reports say in the same words: how many findings there are, where each one is, and what is to be known of a run as a whole.

All of it is safe to print (:func:`linter.text.printable`), in one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from ..model import LEVELS, Document, FileStatus, Finding, Result, SettingPath
from ..redaction.mask import holder_text, shown_span
from ..text import Position, Span, inert, printable
from ..typed import NamedTuple
from ._about_run import count, judged, series, together, used
from ._paths import reported_path
from ._sarif_texts import one_line

UNREAD = "file-not-read"
"""What stands for the rule where a file could not be read."""
USED = "configuration-used"
"""What stands for the rule where a configuration file was used."""


class Place(NamedTuple):
    """Where something is, as people and platforms read it: a path from the root of the repository, and what may be shown of a span.

    ``relative``: the path is one of the repository; otherwise it is only a name, such as ``<stdin>``.
    """

    path: str
    relative: bool
    start: Position
    end: Position

    @property
    def text(self) -> str:
        """``path:line:column``."""
        return f"{self.path}:{self.start.line}:{self.start.column}"


Placer = Callable[[Document, SettingPath | None, Span], Place]


def placer() -> Placer:
    """What finds the place of a finding, or of what it is compared with; of what is masked it is the first character.

    It looks up each path once, and lives as long as a report, for a path depends on the working directory.
    """
    named = cache(reported)

    def place(document: Document, path: SettingPath | None, span: Span) -> Place:
        start, end = document.text.positions(shown_span(document, path, span))
        name, relative = named(document.uri)
        return Place(name, relative, start, max(start, end))

    return place


def reported(uri: str) -> tuple[str, bool]:
    """A path as platforms find it, safe to print, and whether it is one of the repository."""
    path = reported_path(uri)
    return printable(path.path), path.relative


def line(text: str) -> str:
    """Any text as one line that is safe to print."""
    return printable(one_line(text))


def message_of(finding: Finding) -> str:
    """What a finding says, with the environment that its document is of."""
    return line(finding.message) + environment_of(finding.document, finding.held_by)


def environment_of(document: Document, holders: Sequence[tuple[str, str]] | None = None) -> str:
    """``(environment prod)`` or ``(service server)`` with a blank before it; empty where a document has none."""
    name = holder_text(document, holders)
    return f" ({name})" if name else ""


def fix_of(finding: Finding) -> str:
    """What would put a finding right: ``fix: …``, or ``possible fix: …`` where that needs a look; empty where nothing is known."""
    if finding.fix is None:
        return ""
    return f"{'fix' if finding.fix.safe else 'possible fix'}: {line(finding.fix.description)}"


def related(finding: Finding, place: Placer, most: int = 10) -> list[str]:
    """The other places of a finding, each with what is there: the first of them, and how many more there are."""
    shown = finding.related[:most]
    places = [f"{place(one.document, one.path, one.span).text}: {line(one.message)}{environment_of(one.document)}" for one in shown]
    more = len(finding.related) - len(shown)
    return [*places, f"and {count(more, 'more place')}"] if more else places


def unread(files: Iterable[FileStatus]) -> dict[str, str]:
    """Each path that could not be read, as the user gave it, with what is to be said of it."""
    failed = {file.path: line(file.note) for file in files if file.status == "failed"}
    return {path: f"could not be read{f': {note}' if note else ''}" for path, note in failed.items()}


def servers(result: Result) -> Iterator[str]:
    """Each server that files were judged by, with those files where there are several servers."""
    paths = judged(result)
    for server, files in paths.items():
        yield f"Judged by {server}." if len(paths) == 1 else f"{series(list(files))}: judged by {server}."


def summary(result: Result) -> str:
    """How many findings of each severity there are, in how many files."""
    checked = {file.path for file in result.files if file.status == "checked"}
    others = Counter(file.status for file in result.files if file.status != "checked")
    files = count(len(checked), "file") + "".join(f", {number:,} {status}" for status, number in sorted(others.items()))
    levels = Counter(finding.severity for finding in result.findings if finding.suppressed is None)
    hidden = len(result.findings) - levels.total()
    counts = [count(levels[level], level) for level in LEVELS if levels[level]]
    return f"{series(counts) if counts else 'No findings'} in {files}{f' ({hidden:,} suppressed)' if hidden else ''}"


def logged(
    result: Result, *, quiet: bool, of_finding: Callable[[Finding, Place, list[str]], str], of_unread: Callable[[str, bool, str], str]
) -> Iterator[str]:
    """A log for a runner, which reads commands in it: of each finding with its other places, and of each path that could not be read.

    ``of_unread`` gets the path, whether it is one of the repository, and what is to be said of it. Unless ``quiet`` plain lines follow.
    """
    place = placer()
    for finding in result.findings:
        if finding.suppressed is None:
            yield of_finding(finding, place(finding.document, finding.path, finding.span), related(finding, place))
    for path, why in unread(result.files).items():
        name, relative = reported(path)
        yield of_unread(name, relative, f"{name}: {why}")
    if not quiet:
        yield from (f"{inert(one)}\n" for one in about_the_run(result))


def about_the_run(result: Result) -> Iterator[str]:
    """What a log says below the findings: servers, files that were left alone, deployments, configuration files, and a summary."""
    yield from servers(result)
    for file in result.files:
        if file.status == "ignored":
            yield f"{printable(file.path)}: ignored: {line(file.note)}"
    yield from map(together, result.deployments)
    for one in result.configurations:
        yield f"Configuration {printable(one.path)}: {used(one)}."
    if result.files:
        yield f"{summary(result)}."
