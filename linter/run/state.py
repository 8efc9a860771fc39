"""What callers give a run and get from it, and what its stages share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ..acceptance import Listed
from ..documents.inputs import Input
from ..documents.source import Loaded, Place, Rewriter, Surroundings
from ..files import LARGEST_INPUT, Identity
from ..log import Log
from ..model import Acceptance, Deployment, Document, Finding, Notice, Result, RuleInfo, SettingPath
from ..options.choose import Choices, Configurations, RuleSet, configured_environment
from ..options.config import Config, Overrides
from ..server.target import Evidence
from ..typed import TYPE_CHECKING, NamedTuple
from .discover import Search
from .load import Reading

if TYPE_CHECKING:
    from datetime import date, datetime

    from ..acceptance.baseline import Baseline
    from ..live.server import RunningServer


class Options(NamedTuple):
    """The caller's options for all files; they override configuration files. ``rules`` are folders, in addition to theirs."""

    overrides: Overrides = Overrides()
    kind: str | None = None
    rules: tuple[Path, ...] = ()
    now: datetime | None = None
    """The time to check certificates at; None for the machine's clock."""
    allow_unrecognized: bool = False
    """Whether a file that is named and of which nothing can be read is ignored, and a folder may hold nothing to read: for hooks."""
    config: Config | None = None
    """The configuration for all files; None for the nearest one of each file, or with ``isolated`` for none."""
    isolated: bool = False
    max_size: int = LARGEST_INPUT
    """The maximum size of an input, in bytes."""
    start: str | None = None
    """The start argument of the server that reads the inputs; None if the files say it."""
    notices: tuple[Notice, ...] = ()
    """What the caller found out while it read the inputs."""
    keep_contents: bool = False
    """Whether the outcome has the bytes of the files: for those who change them."""
    instead: Mapping[str, bytes] = {}
    """Content to use in place of some files, by their paths in the report."""
    baseline: Path | None = None
    """The file of findings that are not reported, for all files; None for that of each file's configuration."""
    without_baseline: bool = False
    """Whether no baseline counts, not even that of a configuration."""
    write_baseline: Path | None = None
    """The baseline to which all findings are added; the outcome has its text."""
    by: str | None = None
    """Who accepts the new entries of that baseline."""
    until: date | None = None
    """The last day on which these count."""
    fail_on_stale_baseline: bool = False
    force_exclude: bool = False
    """Whether exclusions of a configuration apply even to files that are named."""
    live: RunningServer | None = None
    """The running server to ask, and to compare with the files."""
    on_step: Callable[[str, int, int, str], object] | None = None
    """Called when a file is taken up: with the step, how many files are done, how many there are, and its path."""

    @property
    def addresses(self) -> list[Path]:
        """The address of the running server, for which the configuration of the current folder counts."""
        return [Path(self.live.uri)] if self.live is not None else []

    @property
    def today(self) -> date:
        """The day of ``now``."""
        from datetime import date  # which a run of files that accept nothing does not need

        return self.now.date() if self.now is not None else date.today()


class NewBaseline(NamedTuple):
    """The text of a baseline, the number of its entries, and how many of these are old ones that the run did not check.

    ``findings`` counts the findings of the run in it: one about several places has an entry for each.
    """

    text: str
    entries: int
    kept: int
    findings: int


class Outcome(NamedTuple):
    """A run and its result. ``errors``: requests that could not be met; ``bugs``: failures in our own code."""

    result: Result
    errors: tuple[str, ...]
    bugs: tuple[str, ...]
    failed: bool
    """Whether a finding is as severe as ``fail-on`` requires."""
    started: bool = True
    """False when a mistake in the command, the configuration or a policy stopped the run before anything was linted."""
    inputs: frozenset[Identity] = frozenset()
    """The files that were read, configurations and rules too, whatever their names."""
    contents: Mapping[str, bytes] = {}
    """The bytes of each file that was read, by its path in the report; only where the options ask for them."""
    baseline: NewBaseline | None = None
    """The baseline to write, where the options ask for one and no bug can have kept findings from it."""
    rules: Mapping[Document, RuleSet] = {}
    """The rules of each document, with the options of the command line and the configuration."""
    options: Options = Options()
    """The options of the command line."""
    config_of: Callable[[Path], Config] = lambda _path: Config()
    """Gives the configuration that applies to a file."""
    checkable: tuple[Document, ...] = ()
    """The documents that rules could check."""
    around: Sequence[tuple[Document, Document | None]] = ()
    """The environments of servers, and what running servers answer, each with the settings of its server if these are known."""
    rewriters: Mapping[Document, Rewriter] = {}
    """The functions that apply commands to a dump."""
    acceptances: Callable[[], Sequence[Listed]] = tuple
    """Lists what accepts findings in the documents; see :meth:`~linter.acceptance.acceptors.Acceptors.listed`."""
    suppress: Callable[[Finding], Acceptance | None] | None = None
    """Gives the comment that accepts a finding in one of the documents; None if there are no such comments."""

    @property
    def sums(self) -> list[Document]:
        """The documents that servers get from several files, whose parts have findings."""
        return [document for document in self.checkable if document.parts is not None]

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 0 nothing to fail on, 1 findings, 2 not run as asked, 3 a bug in medplum-lint."""
        if self.bugs:
            return 3
        if self.errors:
            return 2
        return 1 if self.failed else 0


class Run(NamedTuple):
    """State that all stages of a run share. ``folders`` are the real paths of the searched folders."""

    options: Options
    choices: Choices
    search: Search
    log: Log
    folders: tuple[str, ...]
    baselines: dict[Path | None, Baseline]
    contents: dict[str, bytes]
    around: Surroundings

    @classmethod
    def of(cls, options: Options, folders: Iterable[str] = ()) -> Run:
        """A run with some options."""
        log = Log()
        configurations = Configurations(options.config, isolated=options.isolated)
        choices = Choices(options.overrides, options.rules, configurations, log)
        search = Search(choices.config, force_exclude=options.force_exclude)
        return cls(options, choices, search, log, tuple(folders), {}, {}, Surroundings())

    def rules_for(self, file: File, document: Document) -> RuleSet:
        """The rules to check a document of a file with: those of its environment, if the configuration has some for it."""
        environment = configured_environment(file.config, document)
        return file.rules if environment is None else self.choices.of(file.given.path, environment)[1]

    def step(self, what: str, done: int, total: int, uri: str) -> None:
        """Report progress to the caller."""
        if self.options.on_step is not None:
            self.options.on_step(what, done, total, uri)


class File(NamedTuple):
    """An input that was read, and the configuration and rules that apply to it."""

    given: Input
    config: Config
    rules: RuleSet
    reading: Reading


class Subject(NamedTuple):
    """A document to check, and the findings of its source and its rules in it.

    ``newest`` is the same document as the newest server reads it; ``beside`` are documents in its file that show the target. ``container``
    is the place of the server that it is joined for, and ``server`` the server whose environment it describes. ``ignored`` are the
    settings that no server takes from it.
    """

    file: File
    loaded: Loaded
    rules: RuleSet
    beside: Mapping[str, Evidence]
    newest: Callable[[], Document]
    findings: list[Finding] = []
    ignored: Collection[SettingPath] = ()
    container: frozenset[Place] = frozenset()
    server: Document | None = None

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.loaded.document


class Batch(NamedTuple):
    """Findings of one file's rules in one document, or in one deployment; ``of`` are the holders they apply to."""

    findings: list[Finding]
    rules: RuleSet
    of: Document | None = None


class Compared(NamedTuple):
    """The deployments, the findings of comparing their documents, the rules that can do so, and those that did, by document."""

    deployments: list[Deployment]
    batches: list[Batch]
    infos: dict[str, RuleInfo]
    rules: dict[Document, set[str]]
