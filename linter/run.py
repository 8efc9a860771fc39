"""A run: load, check, filter, put in order. What every caller uses: the command line, tests, and later an editor."""

from __future__ import annotations

import operator
import os.path
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from . import __version__
from .choose import Checked, Choices, Plan, RuleSet, target_for
from .config import Config, ConfigError, Overrides
from .configurations import Configurations
from .conformance.mismatch import unchecked
from .discover import Found, find_files, what_is_searched_for
from .documents.source import Commander, Loaded, Place, Problem, Rewriter
from .files import LARGEST_INPUT, Identity, Unreadable, identity, read_file, read_regular
from .load import (
    Input,
    Nearby,
    Reading,
    Surroundings,
    around_inputs,
    as_text,
    breaks_off,
    bytes_of,
    described,
    load,
    parts_of_others,
    read_for,
    servers_in_images,
    shared_places,
    why_broken,
)
from .model import (
    LEVELS,
    Deployment,
    Document,
    FileStatus,
    Finding,
    Fix,
    Level,
    Notice,
    Result,
    RuleInfo,
    SettingPath,
    dotted,
)
from .policy.engine import Levels, check, merged, without_repetitions, without_rivals
from .policy.rule import Case, Rule
from .release import ANY_SERVER, MAIN, ServerVersion
from .server.target import Beside
from .settings import KINDS as CATALOGUES
from .settings import catalogue, declare_secrets
from .settings.kinds import DEPLOYMENT, catalogue_kind
from .suppress import RULE as UNUSED_SUPPRESSION
from .suppress import Suppressions
from .text import Span
from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from .accept import Acceptances
    from .baseline import Baselines, Known, Reach
    from .memo import Memo
    from .text import Edit

_SECRETS = "secrets"
"""The category of rules about secrets in plain sight, which do not depend on who reads them."""
_IN_PLAIN_TEXT = "external/cwe/cwe-312"
"""The tag of rules about what anyone can read in a file, whether or not a server gets it."""
_TOO_LARGE = "more than 64 MiB, too large for the search of a folder: name the file to check it"
"""Why a search leaves a file alone; see :data:`linter.discover.LARGEST_SEARCHED`."""


class Options(NamedTuple):
    """What the caller says for all files; it wins over configuration files. ``rules`` are folders, in addition to theirs."""

    overrides: Overrides = Overrides()
    kind: str | None = None
    rules: tuple[Path, ...] = ()
    now: datetime | None = None
    """The time to check certificates at; the machine's clock where None."""
    allow_unrecognized: bool = False
    """Whether a file that is named and of which nothing can be read is ignored, and a folder may hold nothing to read: for hooks."""
    config: Config | None = None
    """The configuration for all files; where None the nearest one of each file counts, or with ``isolated`` none."""
    isolated: bool = False
    max_size: int = LARGEST_INPUT
    """Bytes of an input at most."""
    keep_contents: bool = False
    """Whether the outcome has the bytes of the files: for those who change them."""
    instead: Mapping[str, bytes] = {}
    """What is to be taken for the content of some files, by their paths in the report."""
    baseline: Path | None = None
    """The file of findings that are not reported, for all files; where None that of the configuration of each file counts."""
    without_baseline: bool = False
    """Whether no baseline counts, not even that of a configuration."""
    write_baseline: Path | None = None
    """The baseline into which all findings are to be taken; the outcome has its text."""
    fail_on_stale_baseline: bool = False
    force_exclude: bool = False
    """Whether what a configuration excludes is passed over though it is named."""
    jobs: int = 1
    """Processes that check documents."""
    on_step: Callable[[str, int, int, str], object] | None = None
    """Is called when a file is taken up: with what is done to it, how many files are done, how many there are, and its path."""


class NewBaseline(NamedTuple):
    """The text of a baseline, the number of its entries, and how many of these are old ones that the run did not check.

    ``findings`` is how many findings of the run are in it: one about several places has an entry for each.
    """

    text: str
    entries: int
    kept: int
    findings: int


class Outcome(NamedTuple):
    """A run and what came of it. ``errors``: what could not be done as asked; ``bugs``: what went wrong in our own code."""

    result: Result
    errors: tuple[str, ...]
    bugs: tuple[str, ...]
    failed: bool
    """Whether a finding is as grave as ``fail-on`` asks."""
    started: bool = True
    """False when a mistake in the command, the configuration or a policy stopped the run before anything was linted."""
    inputs: frozenset[Identity] = frozenset()
    """The files that were read, configurations and rules too, whatever their names."""
    contents: Mapping[str, bytes] = {}
    """The bytes of each file that was read, by its path in the report; only where the options ask for them."""
    baseline: NewBaseline | None = None
    """The baseline to write, where the options ask for one and no bug can have kept findings from it."""
    overrides: Mapping[Document, Overrides] = {}
    """What counted for each document: what the command line and the configuration say together."""
    checkable: frozenset[Document] = frozenset()
    """The documents that rules could check."""
    rewriters: Mapping[Document, Rewriter] = {}
    """What tells what commands would make of a dump."""
    suppress: Callable[[Finding], Finding] | None = None
    """What gives a finding in one of the documents the reason of the comment that accepts it; None where there are no such comments."""
    sums: tuple[Document, ...] = ()
    """The documents of what servers get from several files, in whose parts findings are."""

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 0 nothing to fail on, 1 findings, 2 not run as asked, 3 a bug of ours."""
        if self.bugs:
            return 3
        if self.errors:
            return 2
        return 1 if self.failed else 0


def lint_paths(paths: list[str], options: Options) -> Outcome:
    """Lint files, folders and globs. Raises nothing for what they hold: what goes wrong is in the outcome."""
    run = _Run(options, _real_folders(paths))
    files, errors = find_files(paths, run.choices, may_be_empty=options.allow_unrecognized)
    if not run.prepare([file.path for file in files]):
        return run.outcome()
    run.errors.extend(errors)
    if not files and not errors and not run.choices.named_are_excluded and not options.allow_unrecognized:
        run.errors.append(f"{', '.join(paths)}: nothing is checked: the configuration excludes every file")
    run.surround(files)
    for number, file in enumerate(files):
        run.step("reading", number, len(files), _uri(file.path))
        known = len(run.files)
        given = run.read(file)
        read = given is not None and run.load(given)
        if not file.searched or read or len(run.files) > known:
            run.note_input(file.path, file.identity)
    run.check()
    if files and run.found_nothing:
        what = f"as {options.kind}" if options.kind is not None else "as a Medplum configuration"
        searched = f": {what_is_searched_for()}" if options.kind is None and run.has_searched and not run.files else ""
        run.errors.append(f"{', '.join(paths)}: no file is recognised {what}{searched}")
    return run.outcome()


def lint_input(given: Input, options: Options) -> Outcome:
    """Lint one text, such as standard input."""
    run = _Run(options)
    if run.prepare([given.path]):
        run.around = around_inputs([given])
        run.keep(given.uri, bytes_of(given))
        run.load(given)
        run.check()
    return run.outcome()


def _input(file: Found, data: bytes) -> Input:
    return Input(_uri(file.path), data, file.path, file.searched, by_content=file.by_content, included=file.included)


def _real_folders(paths: Iterable[str]) -> list[str]:
    """The real paths of those that are folders; none where the working folder is gone, which is reported when it is searched."""
    try:
        return [os.path.realpath(path) for path in paths if os.path.isdir(path)]
    except OSError:
        return []


def _is_in(path: SettingPath, holders: Collection[SettingPath]) -> bool:
    return any(path[:length] in holders for length in range(1, len(path) + 1))


def _parts_of(document: Document) -> tuple[Document, ...]:
    return document.parts.documents if document.parts is not None else ()


def _uri(path: Path) -> str:
    return path.as_posix()


_Said = tuple[str, str, Span, str]
"""What is said where: the rule, the file, the place and the message."""


def _said(finding: Finding) -> _Said:
    return finding.rule, finding.document.uri, finding.span, finding.message


class _File(NamedTuple):
    """An input that was read, and what counts for it."""

    given: Input
    config: Config
    rules: RuleSet
    reading: Reading


class _Subject:
    """A document to be checked, with its file, the rules that count for it, and what stands ``beside`` it in the file.

    ``newest_of_file`` gives the documents of the file as the newest server reads them, none where that is how they are read anyway.
    """

    __slots__ = ("beside", "file", "index", "loaded", "newest_of_file", "rules")

    def __init__(self, file: _File, index: int, rules: RuleSet, beside: Beside, newest_of_file: Callable[[], list[Document]]) -> None:
        self.file = file
        self.index = index
        self.loaded = file.reading.loaded[index]
        self.rules = rules
        self.beside = beside
        self.newest_of_file = newest_of_file

    def newest(self) -> Document:
        """The document as the newest server reads it."""
        newest = self.newest_of_file()
        return newest[self.index] if newest else self.loaded.document

    @property
    def documents(self) -> Iterator[Document]:
        """Those that a finding in it can be in."""
        for one in (self.loaded, *self.loaded.parts):
            yield from (one.document, *_parts_of(one.document))


_Found = tuple[list[Finding], list[str]]
"""What the rules found in a document, and the bugs that showed."""


class _Run:
    def __init__(self, options: Options, folders: Sequence[str] = ()) -> None:
        self.options = options
        self._folders = folders
        """The folders that are searched, without links."""
        self.errors: list[str] = []
        self.bugs: list[str] = []
        self._noted: set[str] = set()
        self.files: list[FileStatus] = []
        self.documents: list[Document] = []
        self.findings: list[Finding] = []
        self.rules: dict[str, RuleInfo] = {}
        self._failing: set[str] = set()
        """The rules in which there is a bug."""
        self._last_plan: Plan | None = None
        """That of the document before, whose rules are in the report: most documents of a run have the same."""
        self.failed = False
        self.started = False
        self._loaded: list[_File] = []
        self._aside: list[tuple[Input, Reading]] = []
        """What is not read, or only in part: whether that is to be reported is known when all files are."""
        self._given: set[str] = set()
        """The files of the run, by their paths in the report: no other one is ever edited."""
        self._in_sums: set[str] = set()
        """The files in which parts of sums stand: what is found in one by several ways is one finding."""
        self._seen: dict[_Said, tuple[Document, list[tuple[str, str]]]] = {}
        """Where each of these was found first, and of what it is true."""
        self._pending: list[tuple[list[Finding], RuleSet]] = []
        """What is found, until all is known of what it is true."""
        self._reported: set[Place] = set()
        """The places of parts whose status is in the report."""
        self._shared: set[Place] = set()
        """The places of which several sums have different parts: an edit there would be meant for one of them."""
        self._places: dict[Document, frozenset[Place]] = {}
        """Where each document stands that is a part of sums, or can be one."""
        self._sums_of: dict[Place, list[Document]] = {}
        self.around = Surroundings({})
        self._contents: dict[str, bytes] = {}
        self._editable: dict[Document, Loaded] = {}
        self._hidden: set[Document] = set()
        """The documents of which no value may be seen."""
        self._commanders: dict[Document, Commander] = {}
        self._rewriters: dict[Document, Rewriter] = {}
        self._passed_over = 0
        """How many files a search found and could not read, which is no reason to say that there was something."""
        self._checkable: list[tuple[Document, bool]] = []
        """The documents that rules could check, with whether a search found them."""
        self._are_several = False
        """Whether several documents are checked, so that it pays to keep results from one to the next."""
        self._memos: dict[int, Memo] = {}
        """The results that are kept, by the identity of the plan of their documents."""
        self._deployments: list[Deployment] = []
        self._suppressions = Suppressions()
        self._rules_of: dict[Document, RuleSet] = {}
        self._acceptances: Acceptances | None = None
        self._baselines: Baselines | None = None
        self._new_baseline: Known | None = None
        self._found_notices: list[Notice] = []
        configurations = Configurations(options.config, isolated=options.isolated)
        self.choices = Choices(
            options.overrides, options.rules, configurations, self._error, self.note_input, self._note, force_exclude=options.force_exclude
        )
        self._inputs: set[Identity] = set()

    # --- What can go wrong before a file is linted ---

    def prepare(self, files: list[Path]) -> bool:
        """Read the configurations and rules that files need; False, with errors noted, when one of them or the command has a mistake."""
        self.choices.prepare(files)
        self.started = not self.errors
        if self.started:
            for file in files:
                self.choices.check_selection(file)
        self.started = not self.errors
        if self.started:
            declare_secrets(name for config in self.choices.configs for name in config.secret_names)
            self._prepare_acceptances()
        self.started = not self.errors
        return self.started

    def _prepare_acceptances(self) -> None:
        """Read what says which findings are accepted, where anything does."""
        if any(config.accept for config in self.choices.configs):
            from datetime import date

            from .accept import Acceptances  # only for a configuration that has one

            today = self.options.now.date() if self.options.now is not None else date.today()
            self._acceptances = Acceptances(today, self.choices.note_accepted)
        given, new = self.options.baseline, self.options.write_baseline
        configured = not self.options.without_baseline and any(config.baseline for config in self.choices.configs)
        try:
            if given or new or configured:
                self._read_baselines(given, new)
        except ConfigError as error:
            self._error(str(error))
        if self.options.fail_on_stale_baseline and not self.errors and (self._baselines is None or not self._baselines.all):
            self._error("--fail-on-stale-baseline: there is no baseline: name one with --baseline, or in the configuration")

    def _read_baselines(self, given: Path | None, new: Path | None) -> None:
        from .baseline import Baselines, Known, read_baseline, replaced_baseline  # only where there is one

        named = None
        if new is not None:
            named = self._new_baseline = Known(new, replaced_baseline(new), taking=True)
        elif given is not None:
            named = Known(given, read_baseline(given))
            self.note_input(given)
        self._baselines = Baselines(named, self.choices.note_accepted)
        for config in self.choices.configs:
            path = self._baselines.read(config)
            if path is not None:
                self.note_input(path)

    @property
    def has_searched(self) -> bool:
        """Whether a folder was searched."""
        return bool(self._folders)

    @property
    def found_nothing(self) -> bool:
        """Whether a search came upon no file that it could say anything of."""
        if self.options.allow_unrecognized or self.errors:
            return False
        if len(self.files) == self._passed_over:
            return True
        return self.options.kind is not None and all(file.status == "ignored" for file in self.files)

    def step(self, what: str, done: int, total: int, uri: str) -> None:
        """Tell the caller how far the run is, where it asks for it."""
        if self.options.on_step is not None:
            self.options.on_step(what, done, total, uri)

    def keep(self, uri: str, data: bytes) -> None:
        """Keep the bytes of a file for the outcome, where the options ask for them."""
        if self.options.keep_contents:
            self._contents[uri] = data

    def read(self, file: Found) -> Input | None:
        """A file with its text, or None with an error noted, or with what a search found left alone."""
        uri = _uri(file.path)
        if file.too_large:
            self._note_unread(uri, _TOO_LARGE, passed_over=True)
            return None
        try:
            data = self.options.instead[uri] if uri in self.options.instead else self._bytes_of(file)
            self.keep(uri, data)
            return as_text(_input(file, data))
        except Unreadable as error:
            self.errors.append(f"{file.path}: cannot be read: {error}")
            self.files.append(FileStatus(_uri(file.path), None, None, None, "failed", f"cannot be read: {error}"))
            return None

    def _bytes_of(self, file: Found) -> bytes:
        """The bytes of a file: a search takes ordinary files only, and what is named may be a pipe."""
        return (read_regular if file.searched else read_file)(file.path, self.options.max_size)

    def surround(self, files: list[Found]) -> None:
        """Note which files there are, for what one says of another; a pipe can be read only once."""
        small = (file for file in files if not file.too_large and (file.identity or os.path.isfile(file.path)))
        inputs = {_uri(file.path): Nearby(file.path, partial(self._again, file.path)) for file in small}
        self.around = Surroundings(inputs, self.choices.excluded)

    def _again(self, path: Path) -> bytes | None:
        uri = _uri(path)
        try:
            return self.options.instead[uri] if uri in self.options.instead else read_regular(path, self.options.max_size)
        except Unreadable:
            return None  # which is reported where it is read for itself

    def note_input(self, path: Path, known: Identity | None = None) -> None:
        """Note that a file was read, so that no report takes its place; ``known`` is its identity, where somebody has it."""
        file = known or identity(path)
        if file is not None:
            self._inputs.add(file)

    def _note(self, notice: Notice) -> None:
        if notice not in self._found_notices:
            self._found_notices.append(notice)

    def _error(self, message: str) -> None:
        if message not in self.errors:
            self.errors.append(message)

    # --- One file ---

    def load(self, given: Input) -> bool:
        """Recognise a text and load its documents; whether there is anything to say of it."""
        config, rules = self.choices.of(given.path)
        try:
            reading = self._read_as(given, rules.overrides.server or ANY_SERVER)
        except Exception as error:  # a bug of ours must not keep other files from being linted
            self._bug(error, given.uri)
            self.files.append(FileStatus(given.uri, None, None, None, "failed", "a bug in medplum-lint"))
            return True
        self._given.add(given.uri)
        is_aside = reading.unread or (not reading.loaded and not reading.silent)
        if is_aside:
            self._aside.append((given, reading))
        if reading.loaded or reading.images:
            self._loaded.append(_File(given, config, rules, reading))
        return bool(reading.loaded) or is_aside

    def _report_aside(self, given: Input, reading: Reading) -> None:
        if reading.unread:
            self._note_unread(given.uri, reading.note, passed_over=given.searched and not reading.loaded)
        else:
            self.files.append(FileStatus(given.uri, None, None, None, "ignored", reading.note))

    def _read_as(self, given: Input, server: ServerVersion) -> Reading:
        return load(given, self.options.kind, server, guess=not self.options.allow_unrecognized, around=self.around)

    def check(self) -> None:
        """Check all documents that were loaded, each as the server reads it that it is for."""
        files, self._loaded = self._loaded, []
        try:
            files = self._for_servers(files)
        except Exception as error:  # a bug of ours: the newest server is judged by, and nothing is left unchecked
            self._bug(error, "all files", "finding out the server's version")
        every = [one for file in files for one in file.reading.loaded]
        covered = parts_of_others(every)
        self._in_sums = {uri for one in every if one.parts for uri, _ in one.places}
        self._shared = shared_places(one for one in every if one.document not in covered)
        for given, reading in self._aside:
            if reading.loaded or given.uri not in self._in_sums:
                self._report_aside(given, reading)
        subjects = [subject for file in files for subject in self._subjects(file, covered)]
        self._are_several = len(subjects) > 1
        ahead = self._found_by_processes(subjects)
        for number, subject in enumerate(subjects):
            file, one = subject.file, subject.loaded
            self.step("checking", number, len(subjects), file.given.uri)
            try:
                self._check(subject, ahead[number] if ahead else None)
            except Exception as error:
                self._bug(error, file.given.uri, "checking the file")
                continue
            self.choices.note_off(file.config, one.document, subject.rules)
            if one.checkable:
                self._checkable.append((one.document, file.given.searched))
        self._add_pending()
        for path in self.around.found.values():
            self.note_input(path)

    def _subjects(self, file: _File, covered: Collection[Document]) -> Iterator[_Subject]:
        """The documents of a file that are to be checked: all but those that are parts of others."""
        beside = Beside([one.document for one in file.reading.loaded])
        newest = cache(partial(self._newest, file))
        for index, one in enumerate(file.reading.loaded):
            if one.document in covered:
                continue
            try:
                rules = self._rules_for(file, one.document)
            except Exception as error:
                self._bug(error, file.given.uri, "checking the file")
                continue
            yield _Subject(file, index, rules, beside, newest)

    def _found_by_processes(self, subjects: list[_Subject]) -> Sequence[_Found | None]:
        """What rules find in each document, worked out by several processes; empty where one is enough."""
        jobs = min(self.options.jobs, len(subjects))
        if jobs < 2:
            return ()
        from .parallel import in_processes  # only where several processes are asked for

        self.step("checking", 0, len(subjects), subjects[0].file.given.uri)
        documents = [one for subject in subjects for one in subject.documents]
        return in_processes(jobs, len(subjects), lambda number: self._found_alone(subjects[number]), documents) or ()

    def _found_alone(self, subject: _Subject) -> _Found | None:
        """What rules find in a document, in a process that reports nothing itself; None where it cannot be checked at all."""
        known = len(self.bugs)
        try:
            self._aim(subject)
            return (self._found_by_rules(subject) if subject.loaded.checkable else []), self.bugs[known:]
        except Exception:  # which shows again, and is noted, when its turn comes
            return None
        finally:
            self._noted.difference_update(self.bugs[known:])
            del self.bugs[known:]

    def _for_servers(self, files: list[_File]) -> list[_File]:
        """The files with each document read as the server does that it is for, now that all images are known."""
        found: dict[Document, ServerVersion] = {}
        if any(file.reading.images for file in files):
            for file in files:
                documents = [one.document for one in file.reading.loaded]
                beside = Beside(documents)
                for document in documents:
                    document.target = target_for(self._rules_for(file, document).overrides, document, beside)
            found = servers_in_images((file.given, file.reading) for file in files)
        return [self._for_server(file, found) if file.config.environments or found else file for file in files]

    def _rules_for(self, file: _File, document: Document) -> RuleSet:
        """What counts for one document of a file."""
        return self.choices.of_document(file.config, file.rules, document)

    def _for_server(self, file: _File, found: Mapping[Document, ServerVersion]) -> _File:
        documents = [one.document for one in file.reading.loaded]
        wanted = [self.choices.server_of(file.config, file.rules.overrides, one) or found.get(one, one.server) for one in documents]
        loaded = read_for(file.reading.loaded, wanted, lambda server: self._read_as(file.given, server))
        return file._replace(reading=file.reading._replace(loaded=loaded))

    def _newest(self, file: _File) -> list[Document]:
        """The documents as the newest server reads them, where they are for an older one: a secret is one, whoever reads it."""
        documents = [one.document for one in file.reading.loaded]
        if all(one.server.release == MAIN or catalogue_kind(one.kind) != "server" for one in documents):
            return []
        try:
            newest = [one.document for one in self._read_as(file.given, ANY_SERVER).loaded]
        except Exception as error:
            self._bug(error, file.given.uri)
            return []
        for one, document in zip(newest, documents, strict=True):
            one.complete = document.complete
        return newest

    def _note_unread(self, uri: str, reason: str, *, passed_over: bool = False) -> None:
        """Note that a file, or a part of it, is not read: an error, unless a search may pass over it or the caller is ready for it."""
        self._passed_over += passed_over
        ignored = passed_over or self.options.allow_unrecognized
        self.files.append(FileStatus(uri, None, None, None, "ignored" if ignored else "failed", reason))
        if not ignored:
            self._error(f"{uri}: {reason}")

    def _check(self, subject: _Subject, ahead: _Found | None) -> None:
        """Check a document, whose findings by rules are known where they were worked out ahead."""
        loaded, document, rules = subject.loaded, subject.loaded.document, subject.rules
        self._aim(subject)
        self._rules_of[document] = rules
        for block in loaded.unread:
            self._note(Notice("unread-block", block.uri, block.line, block.why))
        findings = list(self._found_by_source(loaded, rules))
        for part in loaded.written:
            is_first = self._take(part, loaded, rules)
            findings += self._found_by_source(part, rules) if part is not loaded else ()
            if is_first and self._reported.isdisjoint(part.places):
                self._reported |= part.places
                self._report_status(part, rules, {finding.rule for finding in findings})
        plan = rules.plan(document)
        if loaded.checkable:
            findings += self._found_by_rules(subject) if ahead is None else self._taken(ahead)
            findings = without_rivals(without_repetitions(findings, rules.by_id))
        for part in loaded.written:
            self._suppressions.take(part, plan.ids, rules.known)
            if self._acceptances is not None or self._baselines is not None:
                self._note_acceptable(part, subject, plan.ids, complete=document.complete)
        if plan is not self._last_plan:
            self.rules.update(plan.infos)
            self._last_plan = plan
        self._pending.append(([finding for finding in findings if self._is_first(finding, document)], rules))

    def _aim(self, subject: _Subject) -> None:
        """Say in a document, and in what it is made of, what it is for, and when."""
        loaded = subject.loaded
        target = target_for(subject.rules.overrides, loaded.document, subject.beside)
        for one in (loaded.document, *(part.document for part in loaded.parts)):
            one.target = target
            one.now = self.options.now

    def _taken(self, ahead: _Found) -> list[Finding]:
        """What another process found; the bugs that showed are noted."""
        findings, bugs = ahead
        for bug in bugs:
            self._note_bug(bug)
        return findings

    def _found_by_rules(self, subject: _Subject) -> list[Finding]:
        """What the rules find in a document. Those about secrets look into what the newest server makes of it."""
        document, rules = subject.loaded.document, subject.rules
        newest = subject.newest()
        plan = rules.plan(document)
        if newest is document:
            found = self._found_with(plan, document)
        else:
            others = [(rule, levels) for rule, levels in plan.checks if rule.info.category != _SECRETS]
            found = [one for rule, levels in others for one in self._found_by(rule, document, levels)]
            found += self._secrets_found(document, newest, rules)
        found += self._found_in_overridden(subject.loaded, rules)
        for path, error in unchecked(document).items():
            self._bug(error, document.uri, "checking a setting", path)
        return found

    def _found_with(self, plan: Plan, document: Document) -> list[Finding]:
        """What the rules of a plan find. Those that found nothing in the last document run only if they would read anything else now."""
        found: list[Finding] = []
        if not self._are_several:
            return [one for rule, levels in plan.checks for one in self._found_by(rule, document, levels)]
        from .memo import Memo  # only for several documents

        memo = self._memos.setdefault(id(plan), Memo())
        with memo.watching(document):
            for rule, levels in plan.checks:
                if not memo.is_kept(rule.info.id):
                    found += memo.get(rule.info.id, partial(self._found_by, rule, document, levels), keep=operator.not_)
        if self._failing or unchecked(document):  # which is to be noted of every document
            memo.forget()
        return found

    def _secrets_found(self, document: Document, newest: Document, rules: RuleSet) -> Iterator[Finding]:
        """What the rules about secrets find in what the newest server makes of a document."""
        shown = dict(zip((newest, *_parts_of(newest)), (document, *_parts_of(document)), strict=True))
        for one in shown:
            one.target, one.now = document.target, document.now
        for rule, levels in rules.plan(newest).checks:
            if rule.info.category == _SECRETS:
                yield from (one._replace(document=shown[one.document]) for one in self._found_by(rule, newest, levels))

    def _found_in_overridden(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        """What is found in variables of parts that another part overrides: that they are secrets which anyone can read there."""
        parts = loaded.document.parts
        if parts is None or loaded.document.kind != "server/env":
            return
        for document in parts.documents:
            overridden = {path for path, _ in document.given or () if parts.giver(path, "value") is not document}
            for rule, levels in rules.plan(document).checks if overridden else ():
                if _IN_PLAIN_TEXT in rule.info.tags:
                    found = self._found_by(rule, document, levels)
                    yield from (one for one in found if one.path is not None and _is_in(one.path, overridden))

    def _take(self, part: Loaded, loaded: Loaded, rules: RuleSet) -> bool:
        """Note a document with a text of its own; False where it is known as a part of another sum."""
        document = part.document
        self._places[document] = part.places
        for place in part.places if part is not loaded else ():
            self._sums_of.setdefault(place, []).append(loaded.document)
        if document in self._rules_of and part is not loaded:
            return False
        self.documents.append(document)
        self._rules_of[document] = rules
        if part.editor is not None and document.uri in self._given and self._shared.isdisjoint(part.places):
            self._editable[document] = part
        if part.hidden:
            self._hidden.add(document)
        if part.commander is not None:
            self._commanders[document] = part.commander
        if part.rewriter is not None:
            self._rewriters[document] = part.rewriter
        return True

    def _report_status(self, part: Loaded, rules: RuleSet, reported: set[str]) -> None:
        """Report what became of a document; ``reported`` are the rules that found something in it."""
        document = part.document
        if breaks_off(part) and not any(problem.lossy and rules.reporting(problem.name) in reported for problem in part.problems):
            self._note_unread(document.uri, why_broken(part, rules.reporting))
            return
        name = (document.uri, document.kind, document.environment)
        self.files.append(FileStatus(*name, document.target, "checked", server=document.server, holders=document.holders))

    def _is_first(self, finding: Finding, of: Document) -> bool:
        """Whether the same was not found yet in a file in which parts of several sums stand; it is true ``of`` a document."""
        if finding.document.uri not in self._in_sums:
            return True
        is_first = _said(finding) not in self._seen
        first, holders = self._seen.setdefault(_said(finding), (finding.document, []))
        first.holders = tuple(dict.fromkeys((*first.holders, *of.holders)))
        holders.extend(one for one in of.holders if one not in holders)
        return is_first

    def _add_pending(self) -> None:
        """Take what was found into the report, each finding with what it is true of."""
        for findings, rules in self._pending:
            known = ((finding, self._seen.get(_said(finding))) for finding in findings)
            self._add([one if seen is None else one._replace(holders=tuple(seen[1])) for one, seen in known], rules)
        self._pending = []

    def _note_acceptable(self, loaded: Loaded, subject: _Subject, checked: frozenset[str], *, complete: bool) -> None:
        """Note for what says which findings are accepted that a document was checked, and with which rules."""
        document, file, rules = loaded.document, subject.file, subject.rules
        infos = (rule.info for rule in rules.active if DEPLOYMENT in rule.info.kinds)
        together = frozenset(info.id for info in infos if rules.level(info, document.target, document.server) is not None)
        given, known = file.given, frozenset(rules.known)
        path = given.path if document.uri == given.uri else Path(document.uri)
        whole = document.uri in self._given and not breaks_off(loaded)
        noted = Checked(document, path, checked, together, known, whole, given.searched, complete)
        if self._acceptances is not None:
            self._acceptances.take(file.config, noted)
        if self._baselines is not None:
            self._baselines.take(file.config, noted)

    def _accepted(self, finding: Finding) -> Finding:
        """A finding with the reason why it is accepted: by a comment, else by the configuration, else by a baseline."""
        finding = self._suppressions.apply(finding)
        if finding.suppressed is None and self._acceptances is not None:
            finding = self._acceptances.apply(finding)
        if finding.suppressed is None and self._baselines is not None:
            finding = self._baselines.apply(finding)
        return finding

    def _add(self, findings: list[Finding], rules: RuleSet) -> None:
        """Take findings into the report: what is accepted is so at one place, and what is left of a rule's is put together."""
        applied = [self._accepted(finding) for finding in findings]
        suppressed = [finding for finding in applied if finding.suppressed is not None and finding.accepted_by != "baseline"]
        kept = merged([finding for finding in applied if finding.suppressed is None], rules.by_id)
        if self._baselines is not None:
            kept = list(map(self._baselines.with_doubt, kept))
            # Put together as they would be without a baseline, so that each report counts the same.
            known = merged([finding for finding in applied if finding.accepted_by == "baseline"], rules.by_id)
            suppressed += known
            for finding in known:
                self._baselines.count(finding)
        findings = [self._with_commands(self._with_edits(finding)) for finding in kept] + suppressed
        self.findings.extend(findings)
        fail_on = rules.overrides.fail_on or "error"
        if fail_on != "never":
            bar = LEVELS.index(fail_on)
            self.failed = self.failed or any(LEVELS.index(finding.severity) <= bar for finding in findings if finding.suppressed is None)

    def _with_edits(self, finding: Finding) -> Finding:
        """A finding whose fix has the edits that would make it, and whether these may be shown."""
        fix, loaded = finding.fix, self._editable.get(finding.document)
        if fix is None or any(change.action == "store" for change in fix.changes):
            return finding
        if fix.edits is None and not self._is_in_one_place(finding.document, fix):
            return finding
        try:
            edits: Sequence[Edit] | None = fix.edits
            if edits is None and loaded is not None and loaded.editor is not None:
                edits = loaded.editor(fix.changes) or None
            if edits is None:
                return finding
            from .server.shown_edits import as_shown  # only for a finding that can be fixed

            made, shown = as_shown(finding.document, fix.changes, edits)
        except Exception as error:  # a bug of ours: the finding is there all the same
            self._bug(error, finding.document.uri, f"the fix of {finding.rule}", finding.path or ())
            return finding
        return finding._replace(fix=fix._replace(edits=made, shown=shown and finding.document not in self._hidden))

    def _is_in_one_place(self, document: Document, fix: Fix) -> bool:
        """Whether a fix of a part of sums changes nothing that another part of one of them gives too."""
        here = self._places[document]
        sums = (one.parts for place in here for one in self._sums_of.get(place, ()))
        paths = [path for change in fix.changes for path in (change.path, *([change.value] if change.action == "rename" else []))]
        return all(self._places[giver] == here for one in sums if one is not None for path in paths for giver in one.givers(path))

    def _with_commands(self, finding: Finding) -> Finding:
        """A finding in a dump whose fix has the commands that would make it in the store."""
        fix, commander = finding.fix, self._commanders.get(finding.document)
        if fix is None or commander is None:
            return finding
        try:
            commands = commander(fix.changes)
        except Exception as error:  # a bug of ours: the finding is there all the same
            self._bug(error, finding.document.uri, f"the fix of {finding.rule}", finding.path or ())
            return finding
        return finding._replace(fix=fix._replace(commands=tuple(commands))) if commands else finding

    def _compare(self) -> None:
        """Check the documents of each deployment against each other, with the rules and overrides of the server's file."""
        if len(self._checkable) < 2:
            return
        from .documents.deployment import Candidate, deployments, side_by_side  # only where there are several documents

        for deployment in deployments(Candidate(document, searched) for document, searched in self._checkable):
            self._deployments.append(deployment)
            for combined in side_by_side(deployment):
                main = combined.members.get("server", deployment.documents[0])
                rules = self._rules_of[main]
                plan = rules.plan(combined)
                found = [finding for rule, levels in plan.checks for finding in self._found_by(rule, combined, levels)]
                found = [one for one in without_repetitions(found, rules.by_id) if self._is_first(one, one.document)]
                self._add(found, rules)
                self.rules.update(plan.infos)
                if self._baselines is not None:
                    written = [one for document in combined.members.values() for one in (document, *_parts_of(document))]
                    compared = frozenset(rule.info.id for rule, _ in plan.checks if rule.members <= combined.members.keys())
                    self._baselines.compare(written, compared)

    def _add_unused_suppressions(self) -> None:
        """Report the suppression comments that cover nothing, now that all findings are known."""
        for unused in self._suppressions.unused():
            rules = self._rules_of[unused.document]
            rule = rules.by_id.get(UNUSED_SUPPRESSION)
            level = rules.level(rule.info, unused.document.target) if rule is not None else None
            if level is not None:
                self._add([Finding(UNUSED_SUPPRESSION, level, unused.message, unused.document, None, unused.span)], rules)

    def _found_by(self, rule: Rule, document: Document, levels: Levels) -> list[Finding]:
        try:
            return check(rule, document, levels, partial(self._failed, rule, document))
        except Exception as error:  # a bug of ours in one rule must not hide what the others find
            self._failing.add(rule.info.id)
            self._bug(error, document.uri, f"the rule {rule.info.id}")
            return []

    def _failed(self, rule: Rule, document: Document, path: SettingPath, error: Exception) -> None:
        """Note that a rule could not check one place."""
        self._failing.add(rule.info.id)
        self._bug(error, document.uri, f"the rule {rule.info.id}", path)

    def _found_by_source(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        for problem in loaded.problems:
            found = rules.case_reporting(problem.name, loaded.document.target)
            if found is not None:
                yield self._finding(problem, *found, loaded.document.written_in(problem.path or (), "key")[0])

    def _finding(self, problem: Problem, rule: Rule, number: int, level: Level, document: Document) -> Finding:
        fix = None
        try:
            fix = fix_of(problem, rule.cases[number])
        except Exception as error:  # a bug of ours: the finding is there all the same
            self._bug(error, document.uri, f"the fix of {rule.info.id}")
        return Finding(rule.info.id, level, problem.message, document, problem.path, problem.span, fix, case=number)

    def _bug(self, error: Exception, uri: str, what: str = "loading the file", on: SettingPath = ()) -> None:
        """Note a bug by its kind and place; its text is left out, for it may quote a value. Each is noted once, wherever it shows."""
        setting = f" on {dotted(on)}" if any(catalogue(kind).get(on) is not None for kind in CATALOGUES) else ""
        self._note_bug(f"{uri}: {what}{setting} failed with {described(error)}")

    def _note_bug(self, bug: str) -> None:
        if bug not in self._noted:
            self._noted.add(bug)
            self.bugs.append(bug)

    def outcome(self) -> Outcome:
        """The whole run, in the order in which it is reported."""
        for what, step in (
            ("comparing the documents", self._compare),
            ("looking for unused suppression comments", self._add_unused_suppressions),
            ("looking at what accepts findings", self._note_what_is_left_over),
        ):
            try:
                step()
            except Exception as error:  # a bug of ours must not hide what was found before
                self._bug(error, "all files", what)
        for path in self.choices.used:
            self.note_input(path)
        return Outcome(
            Result(
                version=__version__,
                files=tuple(sorted(self.files, key=lambda file: (file.path, file.environment or ""))),
                documents=tuple(self.documents),
                findings=tuple(sorted(self.findings, key=_order)),
                rules=dict(sorted(self.rules.items())),
                deployments=tuple(self._deployments),
                configurations=self.choices.configurations(),
                notices=tuple(sorted(self._found_notices)),
            ),
            tuple(self.errors),
            tuple(self.bugs),
            self.failed,
            self.started,
            frozenset(self._inputs),
            self._contents,
            self._baseline_to_write(),
            {document: rules.overrides for document, rules in self._rules_of.items()},
            frozenset(document for document, _ in self._checkable),
            self._rewriters,
            self._suppressions.apply if self._suppressions.are_there else None,
            tuple(document for document, _ in self._checkable if document.parts is not None),
        )

    def _searched(self, folder: Path) -> bool:
        """Whether all of a folder was searched."""
        real = Path(os.path.realpath(folder))
        return any(real.is_relative_to(one) for one in self._folders)

    def _unread(self) -> list[Path]:
        """The files of which the run says nothing."""
        return [Path(file.path) for file in self.files if file.status != "checked"]

    def _is_gone(self, path: Path) -> bool:
        """Whether a file is not there, in a folder that was searched for it."""
        return not os.path.lexists(path) and self._searched(path.parent)

    def _note_what_is_left_over(self) -> None:
        if self.started and not self.bugs:  # a bug can hide the finding that something is there for
            self._found_notices.extend(self._notices())

    def _notices(self) -> Iterator[Notice]:
        """What there is to tidy up in the configurations and baselines."""
        if self._acceptances is not None:
            yield from self._acceptances.notices(self._searched, self._unread())
        yield from self.choices.unused_patterns(self._searched)
        for known in self._baselines.all if self._baselines is not None and self._new_baseline is None else ():
            stale = list(known.stale(self._reach()))
            self.failed = self.failed or (bool(stale) and self.options.fail_on_stale_baseline)
            if stale:
                yield known.notice(stale)

    def _baseline_to_write(self) -> NewBaseline | None:
        if self._new_baseline is None or not self.started or self.bugs:
            return None
        return NewBaseline(*self._new_baseline.written(self._reach()), sum(one.accepted_by == "baseline" for one in self.findings))

    def _reach(self) -> Reach:
        from .baseline import Reach  # only where there is one

        return Reach(self._unread(), self._is_gone, self._searched)


def fix_of(problem: Problem, case: Case) -> Fix | None:
    """The fix of what a source found; the case that reports it says whether it is safe. None where nothing puts it right."""
    repair = problem.repair
    if repair is None or not case.fix:
        return None
    edits = repair.edits() if repair.edits is not None else [] if repair.without_mark else None
    if not edits and not repair.without_mark and not repair.changes:
        return None
    return Fix(repair.changes, case.fix[0].safe, repair.says, None if edits is None else tuple(edits), without_mark=repair.without_mark)


def _order(finding: Finding) -> tuple[object, ...]:
    document = finding.document
    path = tuple(str(step) for step in finding.path or ())
    return (document.uri, finding.span, finding.rule, document.environment or "", path)
