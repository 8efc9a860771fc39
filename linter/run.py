"""A run, in stages: discover, read, load, versions, join, check, compare, accept, merge, attach fixes.

Each stage is a function from the list of the previous stage to that of the next. All callers use :func:`lint_paths` and :func:`lint_input`:
the command line, the language server, and tests.
"""

from __future__ import annotations

import operator
import os.path
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from . import __version__
from .acceptance import UNUSED_SUPPRESSION, Checked, Listed, Reach
from .acceptance.acceptors import Acceptors
from .conformance.mismatch import unchecked
from .deployment.parts import parts_of_others, shared_places
from .discover import Found, Search, what_is_searched_for
from .documents.inputs import Input, around_inputs, as_text, bytes_of, read_inputs
from .documents.source import Loaded, Nearby, Place, Problem, Rewriter, Started, Surroundings
from .files import LARGEST_INPUT, Identity, Unreadable, read_file, read_regular
from .load import Reading, breaks_off, document_without_settings, error_of, load, read_for, servers_in_images, why_broken
from .log import Log
from .model import LEVELS, Acceptance, Deployment, Document, FileStatus, Finding, Fix, Notice, Result, RuleInfo, SettingPath
from .options.choose import Choices, Configurations, Plan, RuleSet, configured_environment, target_for
from .options.config import Config, ConfigError, Overrides
from .policy.engine import Levels, check, drop_conflicting_fixes, merged, without_repetitions
from .policy.rule import Case, Rule
from .release import ANY_SERVER, MAIN, ServerVersion
from .server.target import Evidence, evidence_in
from .settings import declare_secrets
from .settings.kinds import COMPANIONS, LIVE, WORKLOAD, catalogue_kind
from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime

    from .acceptance.baseline import Baseline
    from .documents.containers.workload import Described
    from .live.server import RunningServer
    from .memo import Memo

Check = Callable[[Mapping[str, bytes] | None], "Outcome"]
"""Checks the inputs of a run, some of them with other contents; with None the contents are not kept."""
_TOO_LARGE = "more than 64 MiB, too large for the search of a folder: name the file to check it"
"""Why a search leaves a file alone; see :data:`linter.discover.LARGEST_SEARCHED`."""


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
    given: Overrides = Overrides()
    """The options of the command line."""
    now: datetime | None = None
    """The time that the command line gives."""
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


class _Run(NamedTuple):
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
    def of(cls, options: Options, folders: Iterable[str] = ()) -> _Run:
        """A run with some options."""
        log = Log()
        configurations = Configurations(options.config, isolated=options.isolated)
        choices = Choices(options.overrides, options.rules, configurations, log)
        return cls(
            options, choices, Search(choices.config, force_exclude=options.force_exclude), log, tuple(folders), {}, {}, Surroundings()
        )

    def step(self, what: str, done: int, total: int, uri: str) -> None:
        """Report progress to the caller."""
        if self.options.on_step is not None:
            self.options.on_step(what, done, total, uri)


class _File(NamedTuple):
    """An input that was read, and the configuration and rules that apply to it."""

    given: Input
    config: Config
    rules: RuleSet
    reading: Reading


class _Subject(NamedTuple):
    """A document to check, and the findings of its source and its rules in it.

    ``newest`` is the same document as the newest server reads it; ``beside`` are documents in its file that show the target. ``container``
    is the place of the server that it is joined for, and ``server`` the server whose environment it describes.
    """

    file: _File
    loaded: Loaded
    rules: RuleSet
    beside: Mapping[str, Evidence]
    newest: Callable[[], Document]
    findings: list[Finding] = []
    container: frozenset[Place] = frozenset()
    server: Document | None = None

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.loaded.document


class _Batch(NamedTuple):
    """Findings of one file's rules in one document, or in one deployment; ``of`` are the holders they apply to."""

    findings: list[Finding]
    rules: RuleSet
    of: Document | None = None


def checks(paths: list[str], options: Options, given: Sequence[Input] = ()) -> Check:
    """The function that checks paths, and texts that are read already, repeatedly: also with the changes of fixes."""

    def check(contents: Mapping[str, bytes] | None) -> Outcome:
        asked = options if contents is None else options._replace(keep_contents=True, instead=contents)
        return lint_paths(paths, asked, given)

    return check


def lint_paths(paths: list[str], options: Options, given: Sequence[Input] = ()) -> Outcome:
    """Lint files, folders and globs, and texts that are read already. Never raises because of their content."""
    given = [one._replace(data=options.instead.get(one.uri, one.data)) for one in given]
    run = _Run.of(options, _real_folders(paths))
    found, errors = run.search.find(paths, may_be_empty=options.allow_unrecognized)
    if not _prepare(run, [*(one.path for one in found), *(one.path for one in given), *_typed(options)]):
        return _not_started(run)
    run.log.errors.extend(errors)
    run.log.notices.extend(options.notices)
    names = ", ".join(paths)
    is_left_out = any(one.named for one in run.search.left_out)
    if paths and not found and not errors and not is_left_out and not options.allow_unrecognized:
        run.log.errors.append(f"{names}: nothing is checked: the configuration excludes every file")
    run = run._replace(around=_around(run, found, given))
    run.contents.update({one.uri: bytes_of(one) for one in given} if options.keep_contents else {})
    outcome = _lint(run, [*filter(None, (_load(run, one) for one in given)), *_read_all(run, found)])
    if found and _found_nothing(run):
        what = f"as {options.kind}" if options.kind is not None else "as a Medplum configuration"
        searched = f": {what_is_searched_for()}" if options.kind is None and run.folders and not run.log.files else ""
        outcome = outcome._replace(errors=(*outcome.errors, f"{names}: no file is recognised {what}{searched}"))
    return outcome


def lint_input(given: Input, options: Options) -> Outcome:
    """Lint one text, such as standard input."""
    return lint_paths([], options, [given])


def read_paths(paths: list[str], options: Options) -> tuple[_Run, list[str], dict[Found, Reading | None]]:
    """Find and read files as a run does, without checking: the run, its errors so far, and the readings of each file.

    Files that are too large for a search, or unreadable, have no reading; the log of the run names them.
    """
    run = _Run.of(options)
    found, errors = run.search.find(paths)
    run.choices.prepare([one.path for one in found])
    found, errors = [] if run.log.errors else found, [*run.log.errors, *errors]
    files = {file.given.path: file.reading for file in _read_all(run._replace(around=_around(run, found)), found)}
    return run, errors, {one: files.get(one.path) for one in found}


class LoadedDocuments(NamedTuple):
    """The documents of files that are not linted, an error for each file without one, and failures in our own code.

    ``without_settings`` are the documents of files that name server images and give no settings, such as a Compose file that mounts a
    configuration, each by the error that says so. ``notices`` are notes on what is not read.
    """

    documents: list[Document]
    errors: list[str]
    bugs: list[str]
    without_settings: Mapping[str, Document] = {}
    notices: Sequence[Notice] = ()


def load_documents(
    paths: Iterable[str | Input],
    kind: str | None,
    max_size: int = LARGEST_INPUT,
    server: ServerVersion | None = None,
    *,
    joined: bool = False,
    start: str | None = None,
) -> LoadedDocuments:
    """The documents of files as a server reads them, without linting; ``joined``: combined as start arguments say.

    Without a ``server`` it is the one that a configuration names, else the one that images name, else the newest. Raises
    :exc:`~linter.options.config.ConfigError` for an invalid configuration.
    """
    run = _Run.of(Options(Overrides(server=server), kind, max_size=max_size, start=start))
    inputs, errors = read_inputs(paths, max_size)
    configs = [run.choices.config(given.path) for given in inputs]
    if run.log.errors:
        raise ConfigError(run.log.errors[0])
    declare_secrets(name for config in configs if config is not None for name in config.secret_names)
    run = run._replace(around=around_inputs(inputs))
    files = list(filter(None, (_load(run, given) for given in inputs)))
    with run.log.surviving("all files", "finding out the server's version"):
        files = _as_servers_read(run, files)
    every = [one for file in files for one in file.reading.loaded]
    subjects = _join(run, files, alone=False) if joined else _subjects(run, files, parts_of_others(every))
    in_sums = _in_sums((*every, *(one.loaded for one in subjects)))
    without_settings = {
        f"{given.uri}: {reading.note}": document_without_settings(given, reading)
        for given, _, _, reading in files
        if reading.images and given.uri not in in_sums and not any(map(_has_settings, reading.loaded))
    }
    errors += [*filter(None, (error_of(file.given, file.reading, in_sums) for file in files)), *run.log.errors]
    documents = [one.document for one in subjects if one.loaded.checkable and _has_settings(one.loaded)]
    return LoadedDocuments(documents, errors, run.log.bugs, without_settings, run.log.notices)


def _has_settings(loaded: Loaded) -> bool:
    """Whether a document contains more than how its server is started."""
    return loaded.start is None or bool(loaded.document.data) or loaded.document.complete


def _in_sums(loaded: Iterable[Loaded]) -> set[str]:
    """The files that contribute to a server's sum of several files."""
    return {uri for one in loaded if one.parts for uri, _ in one.places}


def _typed(options: Options) -> list[Path]:
    """The address of the running server, for which the configuration of the current folder counts."""
    return [Path(options.live.uri)] if options.live is not None else []


def _real_folders(paths: Iterable[str]) -> list[str]:
    """The real paths of those that are folders; none if the working folder is gone, which the search reports."""
    try:
        return [os.path.realpath(path) for path in paths if os.path.isdir(path)]
    except OSError:
        return []


# --- Prepare: the configurations, the rules, and the baselines ---


def _prepare(run: _Run, files: list[Path]) -> bool:
    """Read the configurations, rules and baselines that files need; False, with errors logged, if one has a mistake."""
    options, log = run.options, run.log
    configs = run.choices.prepare(files)
    if log.errors:
        return False
    declare_secrets(name for config in configs for name in config.secret_names)
    if options.baseline or options.write_baseline or (not options.without_baseline and any(config.baseline for config in configs)):
        from .acceptance.baseline import read_baselines  # only where there is one

        try:
            terms = {"by": options.by, "until": options.until, "since": options.today}
            run.baselines.update(read_baselines(configs, options.baseline, options.write_baseline, terms))
        except ConfigError as error:
            log.error(str(error))
    read = [one.path for one in run.baselines.values() if one.new is None]
    for path in read:
        log.read(path)
    if options.fail_on_stale_baseline and not log.errors and not read:
        log.error("--fail-on-stale-baseline: there is no baseline: name one with --baseline, or in the configuration")
    return not log.errors


# --- Read and load ---


def _around(run: _Run, found: Iterable[Found], given: Iterable[Input] = ()) -> Surroundings:
    """The surroundings of the run's files and texts; a pipe can be read only once."""
    small = (file for file in found if not file.too_large and (file.identity or os.path.isfile(file.path)))
    inputs = {file.path.as_posix(): Nearby(file.path, partial(_read_again, run.options, file.path)) for file in small}
    inputs |= {one.uri: Nearby(one.path, partial(bytes_of, one)) for one in given}
    return Surroundings(inputs, run.search.excluded)


def _read_again(options: Options, path: Path) -> bytes | None:
    try:
        return _bytes_of(options, path, read_regular)
    except Unreadable:
        return None  # reported when the file itself is read


def _bytes_of(options: Options, path: Path, read: Callable[[Path, int], bytes]) -> bytes:
    uri = path.as_posix()
    return options.instead[uri] if uri in options.instead else read(path, options.max_size)


def _read_all(run: _Run, found: list[Found]) -> list[_File]:
    """The files with their documents."""
    files: list[_File] = []
    for number, one in enumerate(found):
        run.step("reading", number, len(found), one.path.as_posix())
        reported = len(run.log.files)
        given = _read(run, one)
        file = _load(run, given) if given is not None else None
        if file is not None:
            files.append(file)
        if not one.searched or (file is not None and not file.reading.silent) or len(run.log.files) > reported:
            run.log.read(one.path, one.identity)
    return files


def _read(run: _Run, file: Found) -> Input | None:
    """A file with its text; None, which is logged, if it cannot be read or is too large for a search."""
    uri = file.path.as_posix()
    if file.too_large:
        _report_unread(run, uri, _TOO_LARGE, skipped=True)
        return None
    try:
        # A search only takes ordinary files, but a named path may be a pipe.
        data = _bytes_of(run.options, file.path, read_regular if file.searched else read_file)
    except Unreadable as error:
        run.log.errors.append(f"{file.path}: cannot be read: {error}")
        run.log.unchecked(uri, "failed", f"cannot be read: {error}")
        return None
    if run.options.keep_contents:
        run.contents[uri] = data
    return as_text(
        Input(uri, data, file.path, file.searched, by_content=file.by_content, included=file.included, environments=file.environments)
    )


def _load(run: _Run, given: Input) -> _File | None:
    """Recognise a text and load its documents; None for a bug in medplum-lint."""
    config, rules = run.choices.of(given.path)
    with run.log.surviving(given.uri):
        reading = _read_as(run, given, rules.overrides.server or ANY_SERVER)
        # Nothing else is needed for files that are left alone, and there can be many.
        given = given._replace(data=b"") if reading.silent and not reading.images else given
        return _File(given, config, rules, reading)
    run.log.unchecked(given.uri, "failed", "a bug in medplum-lint")
    return None


def _read_as(run: _Run, given: Input, server: ServerVersion) -> Reading:
    kind = given.kind or (None if given.beside else run.options.kind)
    reading = load(given, kind, server, guess=not run.options.allow_unrecognized, around=run.around)
    if reading.loaded or given.searched or run.options.start is None:
        return reading
    # Files given with a start argument are a server's, though a client could have them too.
    from .server.start import layers  # only with a start argument

    is_file = given.path.name in (one.file_name for one in layers(run.options.start, server.release))
    as_servers = load(given, "server/json" if is_file else "server/env", server, around=run.around)
    return as_servers if any(one.document.given or one.document.data for one in as_servers.loaded) else reading


# --- Versions and sums ---


def _ask(run: _Run, files: list[_File]) -> tuple[list[_File], Mapping[Document, ServerVersion]]:
    """What a running server answers, as a file, and its release for each document that configures it."""
    live = run.options.live
    if live is None:
        return [], {}
    documents = [one.document for file in files for one in file.reading.loaded]
    with run.log.surviving(live.uri, "asking the server"):
        run.step("asking", 0, 1, live.uri)
        asked = live.ask(documents, run.options.now)
        for notice in asked.notices:
            run.log.note(Notice("not-asked", live.uri, None, notice))
        for error in asked.errors:
            run.log.error(error)
        if asked.loaded is not None:
            [path] = _typed(run.options)
            given = Input(live.uri, asked.loaded.document.text, path)
            said = {one: asked.version for one in live.serves(documents) if asked.version is not None}
            return [_File(given, *run.choices.of(given.path), Reading([asked.loaded]))], said
        run.log.unchecked(live.uri, "failed", "no answer")
    return [], {}


def _set_targets(run: _Run, files: list[_File]) -> None:
    """Set the target of each document, which decides what the images in the files are for."""
    if not any(file.reading.images for file in files):
        return
    for file in files:
        documents = [one.document for one in file.reading.loaded]
        beside = evidence_in(documents)
        for document in documents:
            document.target = target_for(_rules_for(run, file, document).overrides, document, beside)


def _as_servers_read(run: _Run, files: list[_File], said: Mapping[Document, ServerVersion] = {}) -> list[_File]:
    """The files with each document as its server reads it, now that all images are known, and what servers have ``said`` themselves."""
    found = servers_in_images([(file.given, file.reading) for file in files])
    of_start = next(iter(found.values())) if run.options.start is not None and len(set(found.values())) == 1 else None
    read: list[_File] = []
    for file in files:
        documents = [one.document for one in file.reading.loaded]
        given = [run.options.overrides.server or said.get(one) or _rules_for(run, file, one).overrides.server for one in documents]
        wanted = [by_hand or found.get(one, of_start or one.server) for by_hand, one in zip(given, documents, strict=True)]
        loaded = read_for(file.reading.loaded, wanted, partial(_read_as, run, file.given))
        read.append(file._replace(reading=file.reading._replace(loaded=loaded)))
    return read


def _rules_for(run: _Run, file: _File, document: Document) -> RuleSet:
    environment = configured_environment(file.config, document)
    return file.rules if environment is None else run.choices.of(file.given.path, environment)[1]


def _newest(run: _Run, file: _File) -> list[Document]:
    """The documents as the newest server reads them: a secret is one for every release."""
    documents = [one.document for one in file.reading.loaded]
    if all(one.server.release == MAIN or catalogue_kind(one.kind) != "server" for one in documents):
        return documents
    newest = documents
    with run.log.surviving(file.given.uri):
        newest = [one.document for one in _read_as(run, file.given, ANY_SERVER).loaded]
    for one, document in zip(newest, documents, strict=True):
        one.complete = document.complete
    return newest


def _join(run: _Run, files: list[_File], *, alone: bool = True) -> list[_Subject]:
    """The documents to check: all except parts of others. ``alone``: secrets that parameters name are checked by themselves, too."""
    covered = parts_of_others(one for file in files for one in file.reading.loaded)
    subjects = _with_secrets(_subjects(run, files, covered), alone=alone)
    by_hand = Started(run.options.start) if run.options.start is not None else None
    started = subjects[:1] if by_hand is not None else [one for one in subjects if one.loaded.start is not None]
    if not started:
        return subjects
    from .deployment.join import Source, join_sources  # only where a start argument names sources

    every = {one.document: Source.of(one.loaded, one.newest) for one in subjects}
    others = [source for document, source in every.items() if by_hand is not None or document.kind != "server/env"]
    sums: list[_Subject] = []
    for one in started:
        with run.log.surviving(one.file.given.uri, "joining what its server reads"):
            own = every[one.document] if by_hand is None else None
            joined = join_sources(by_hand or one.loaded.start, one.document.server, others, own)
            if not isinstance(joined, str):
                covered.update(joined.sources)
                main = one if by_hand is None else next(other for other in subjects if other.document is joined.main)
                container = one.loaded.written[0].places if by_hand is None else frozenset()
                sums.append(main._replace(loaded=joined.loaded, newest=joined.newest, container=container))
                for kind in joined.missing if by_hand is not None else ():
                    why = f"no input, or more than one, can be its {kind} source, which is left out"
                    run.log.note(Notice("unread-block", "--start", None, why))
            elif by_hand is not None:
                run.log.error(f"--start: {joined}")
    covered |= parts_of_others(one.loaded for one in (*subjects, *sums)) - {one.document for one in sums}
    return [one for one in (*subjects, *sums) if one.document not in covered]


def _with_secrets(subjects: list[_Subject], *, alone: bool) -> list[_Subject]:
    """The documents, each with the secrets that its parameters name; ``alone``: these are documents of their own, too."""
    secrets = [one.loaded for one in subjects if one.loaded.names]
    if not secrets:
        return subjects
    from .deployment.layers import secrets_of, with_secrets  # only where there is a secret

    named = {one.document: secrets_of(one.document, secrets) for one in subjects if one.document.kind == "server/ssm"}
    for section, secret in (one for sections in named.values() for one in sections.items()):
        secret.section = secret.section or section
    covered = {secret for sections in named.values() for secret in sections.values()}

    def filled(one: _Subject) -> _Subject:
        sections = named.get(one.document)
        if not sections:
            return one
        loaded = one.loaded._replace(document=with_secrets(one.document, sections), parts=one.loaded.written)
        return one._replace(loaded=loaded, newest=lambda: with_secrets(one.newest(), sections))

    return [filled(one) for one in subjects if alone or one.document not in covered]


def _subjects(run: _Run, files: list[_File], covered: Collection[Document]) -> list[_Subject]:
    """The documents of files, except those that are ``covered``, each with the rules to check it with."""
    subjects: list[_Subject] = []
    for file in files:
        documents = [one.document for one in file.reading.loaded]
        beside = evidence_in(documents)
        newest = cache(partial(_newest, run, file))
        for index, one in enumerate(file.reading.loaded):
            if one.document not in covered:
                with run.log.surviving(file.given.uri, "checking the file"):
                    rules = _rules_for(run, file, one.document)
                    subjects.append(_Subject(file, one, rules, beside, partial(_at, newest, index)))
    return subjects


def _at(documents: Callable[[], list[Document]], index: int) -> Document:
    return documents()[index]


def _report_unloaded(run: _Run, files: Iterable[_File], in_sums: Collection[str]) -> None:
    """Report the files, and parts of files, that are not read, unless they are parts of other documents."""
    for file in files:
        reading, uri = file.reading, file.given.uri
        asked = bool(file.given.environments)
        is_read = not reading.unread if reading.loaded or file.given.beside else uri in in_sums and not asked
        if reading.silent or is_read:
            continue
        if reading.unread:
            _report_unread(run, uri, reading.note, skipped=file.given.searched and not reading.loaded, asked=asked)
        else:
            run.log.unchecked(uri, "ignored", reading.note)


def _report_unread(run: _Run, uri: str, reason: str, *, skipped: bool = False, asked: bool = False) -> None:
    """Report that a file, or a part of it, is not read: an error, unless a search may skip it or the caller handles it.

    ``asked``: the user names what is in it.
    """
    run.log.skipped += skipped
    ignored = skipped or (run.options.allow_unrecognized and not asked)
    run.log.unchecked(uri, "ignored" if ignored else "failed", reason)
    if not ignored:
        run.log.error(f"{uri}: {reason}")


def _found_nothing(run: _Run) -> bool:
    """Whether a search found no file that is worth reporting."""
    if run.options.allow_unrecognized or run.log.errors:
        return False
    files = [one for one in run.log.files if Path(one.path) not in _typed(run.options)]
    if len(files) == run.log.skipped:
        return True
    return run.options.kind is not None and all(file.status == "ignored" for file in files)


# --- Check ---


class _Around(NamedTuple):
    """A container in a file that runs a server, with ``every`` container of the file, and the server's document if one is checked."""

    file: _File
    every: Sequence[Described]
    own: Described
    server: Document | None


def _around_servers(run: _Run, files: Iterable[_File], subjects: Iterable[_Subject]) -> list[_Around]:
    """The environments of servers in files; a server without readable settings counts if its image is Medplum's."""
    described: list[tuple[_File, Sequence[Described]]] = []
    for file in files:
        with run.log.surviving(file.given.uri, "reading what surrounds a server"):
            described.append((file, file.reading.workloads()))
    if not any(every for _, every in described):
        return []
    from .documents.containers.images import is_server_image

    subjects = sorted(subjects, key=lambda one: bool(one.container))  # a joined document takes precedence over its sources
    servers = {place: one.document for one in subjects for place in one.container or one.loaded.written[0].places}
    others = {place for one in subjects for place in one.loaded.places}
    found: list[_Around] = []
    for file, every, own in ((file, containers, own) for file, containers in described for own in containers):
        if file.given.environments and own.holder.environment not in file.given.environments:
            continue
        server = servers.get(own.holder.place)
        if server is not None or (is_server_image(own.image) and own.holder.place not in others):
            found.append(_Around(file, every, own, server))
        if server is not None:
            server.contained = True
    return found


def _check_around(run: _Run, around: Iterable[_Around]) -> Iterator[_Subject]:
    """Check the environment of each server. It is not a file of its own, so it is not reported as checked."""
    checker, versions = Checker(run.log, several=False), dict[str, ServerVersion]()
    for file, every, own, server in around:
        with run.log.surviving(file.given.uri, "checking what surrounds a server"):
            from .documents.containers.workload import workload

            loaded = workload(own, every, server)
            document = loaded.document
            if server is None:
                uri = file.given.uri
                document.server = versions[uri] if uri in versions else document_without_settings(file.given, file.reading).server
                versions[uri] = document.server
                document.holders = ((own.holder.type, own.holder.environment),) if own.holder.environment is not None else ()
            rules = _rules_for(run, file, server or document)
            document.server = rules.overrides.server or document.server
            document.target = server.target if server is not None else target_for(rules.overrides, document)
            findings = checker.found_by_rules(loaded, rules, document)
            findings = without_repetitions(findings, rules.by_id)
            yield _Subject(file, loaded, rules, {}, newest=partial(getattr, loaded, "document"), findings=findings, server=server)


def _check(run: _Run, subjects: list[_Subject]) -> list[_Subject]:
    """Check each document, and report its status and that of its parts; returns those that could be checked, with the findings."""
    checker = Checker(run.log, several=len(subjects) > 1)
    found: list[_Subject] = []
    known: set[Document] = set()
    reported: set[Place] = set()
    for number, subject in enumerate(subjects):
        uri = subject.file.given.uri
        run.step("checking", number, len(subjects), uri)
        with run.log.surviving(uri, "checking the file"):
            loaded, document, rules = subject.loaded, subject.document, subject.rules
            target = target_for(rules.overrides, document, subject.beside)
            for one in (document, *(part.document for part in loaded.parts)):
                one.target, one.now = target, run.options.now
                if one.server.release == document.server.release:  # a file that several servers read has the status of the first
                    one.server = document.server
            for block in loaded.unread:
                run.log.note(Notice("unread-block", block.uri, block.line, block.why))
            findings = [one for text in (loaded, *loaded.parts) for one in checker.found_by_source(text, rules)]
            for part in loaded.written:
                if (part is loaded or part.document not in known) and reported.isdisjoint(part.places):
                    reported |= part.places
                    _report_status(run, part, rules)
                known.add(part.document)
            if loaded.checkable:
                findings += checker.found_by_rules(loaded, rules, subject.newest())
                findings = drop_conflicting_fixes(without_repetitions(findings, rules.by_id))
            found.append(subject._replace(findings=findings))
            run.choices.note_off(subject.file.config, document, rules)
    return found


def _report_status(run: _Run, part: Loaded, rules: RuleSet) -> None:
    """Report the status of a document."""
    document = part.document
    lossy = [problem.name for problem in part.problems if problem.lossy]
    if breaks_off(part) and not any(rules.case_reporting(name, document.target) for name in lossy):
        _report_unread(run, document.uri, why_broken(part, rules.reporting))
        return
    name = (document.uri, document.kind, document.environment)
    run.log.files.append(FileStatus(*name, document.target, "checked", server=document.server, holders=document.holders))


class _Compared(NamedTuple):
    """The deployments, the findings of comparing their documents, the rules that can do so, and those that did, by document."""

    deployments: list[Deployment]
    batches: list[_Batch]
    infos: dict[str, RuleInfo]
    rules: dict[Document, set[str]]


def _compare(run: _Run, found: list[_Subject], companions: Iterable[tuple[Document, Document]]) -> _Compared:
    """Compare the documents of each deployment, and each server with its ``companions``, by the rules of the server's file."""
    compared = _Compared([], [], {}, {})
    checkable = [one for one in found if one.loaded.checkable]
    if len(checkable) < 2:
        return compared
    from .deployment.members import beside, deployments, side_by_side  # only where there are several documents

    rules_of = {one.document: one.rules for one in checkable}
    found_in = {one.document: one.findings for one in checkable}
    checker = Checker(run.log, several=False)
    compared.deployments.extend(deployments(rules_of))
    pairs = beside(((companion, server) for companion, server in companions if server in rules_of), compared.deployments)
    for deployment in (*compared.deployments, *pairs):
        for combined in side_by_side(deployment):
            rules = rules_of[combined.members.get("server", deployment.documents[0])]
            plan = rules.plan(combined)
            nearby = COMPANIONS & combined.members.keys()
            checks = [one for one in plan.checks if nearby <= one[0].members]
            findings = [one for rule, levels in checks for one in checker.found_by(rule, combined, levels)]
            # The environment of a server can explain findings in its settings, and the settings other findings in the environment.
            own = found_in[combined.members["server"]] if nearby else []
            kept, others = without_repetitions([*own, *findings], rules.by_id), {*map(id, findings)}
            compared.batches.append(_Batch([one for one in kept if id(one) in others], rules))
            own[:] = [one for one in kept if id(one) not in others]
            compared.infos.update(plan.infos)
            ran = {rule.info.id for rule, _ in plan.checks if rule.members <= combined.members.keys()}
            for document in combined.members.values():
                for one in (document, *parts_of(document)):
                    compared.rules.setdefault(one, set()).update(ran)
    return compared


def _served(run: _Run, documents: Collection[Document]) -> list[tuple[Document, Document]]:
    """What a running server answers, with each document that configures it."""
    live, answers = run.options.live, [one for one in documents if one.kind == LIVE]
    return [(answer, server) for answer in answers for server in (live.serves(documents) if live is not None else ())]


def _deduplicate(batches: list[_Batch], in_sums: Collection[str]) -> list[_Batch]:
    """The batches with one finding in place of equal ones of several services that share a file; it applies to all of them."""
    first: dict[tuple[object, ...], Finding] = {}
    holders: dict[tuple[object, ...], dict[tuple[str, str], None]] = {}

    def key(finding: Finding) -> tuple[object, ...]:
        return finding.rule, finding.document.uri, finding.span, finding.message

    def is_shared(finding: Finding) -> bool:
        return finding.document.uri in in_sums or finding.document.kind in COMPANIONS

    for one, of in ((one, batch.of or one.document) for batch in batches for one in batch.findings if is_shared(one)):
        document = first.setdefault(key(one), one).document
        document.holders = tuple(dict.fromkeys((*document.holders, *of.holders)))
        holders.setdefault(key(one), {}).update(dict.fromkeys(of.holders))

    def held(finding: Finding) -> Iterator[Finding]:
        if not is_shared(finding):
            yield finding
        elif first[key(finding)] is finding:
            yield finding._replace(holders=tuple(holders[key(finding)]))

    return [batch._replace(findings=[one for finding in batch.findings for one in held(finding)]) for batch in batches]


# --- Accept, merge, attach ---


def _checked(found: Iterable[_Subject], compared: Mapping[Document, set[str]], given: Collection[str]) -> Iterator[Checked]:
    """The checked documents, each with its rules, for acceptances."""
    for subject in found:
        plan = subject.rules.plan(subject.document)
        for part in subject.loaded.written:
            file, uri = subject.file, part.document.uri
            path = file.given.path if uri == file.given.uri else Path(uri)
            rules = plan.ids, plan.together, frozenset(compared.get(part.document, ()))
            whole = uri in given and not breaks_off(part)
            yield Checked(part, file.config, path, *rules, subject.rules.known, whole, subject.document.complete)


def _accept(batches: Iterable[_Batch], acceptors: Acceptors) -> list[_Batch]:
    """The batches with the reason for each finding that is accepted."""
    return [batch._replace(findings=list(map(acceptors.accept, batch.findings))) for batch in batches]


def _merge(batch: _Batch, texts: Texts, acceptors: Acceptors, log: Log) -> _Batch:
    """A batch with findings merged if their rule has one message for several, with their fixes; comments accept single ones.

    Findings accepted by a baseline are merged as without one, so that each report counts the same.
    """
    by_id = batch.rules.by_id
    kept = [
        one._replace(fix=texts.fix_of(one, log), related=(*one.related, *acceptors.alike(one)))
        for one in merged([one for one in batch.findings if one.suppressed is None], by_id)
    ]
    known = merged([one for one in batch.findings if one.accepted_by == "baseline"], by_id)
    for one in known:
        acceptors.count(one)
    others = [one for one in batch.findings if one.accepted_by in ("comment", "configuration")]
    return batch._replace(findings=[*kept, *others, *known])


def _unused(acceptors: Acceptors, rules_of: Mapping[Document, RuleSet], in_part: Collection[str]) -> Iterator[_Batch]:
    """The suppression comments that cover nothing, once all findings are known; for a file checked ``in_part`` that is unknown."""
    every = (one for comments in acceptors.comments for one in comments.unused())
    for document, span, message in (one for one in every if one.document.uri not in in_part):
        rules = rules_of[document]
        rule = rules.by_id.get(UNUSED_SUPPRESSION)
        level = rules.level(rule.info, document.target) if rule is not None else None
        if level is not None:
            yield _Batch([Finding(UNUSED_SUPPRESSION, level, message, document, None, span)], rules)


def _fails(batch: _Batch) -> bool:
    """Whether an unaccepted finding is as severe as ``fail-on`` requires."""
    fail_on = batch.rules.overrides.fail_on or "error"
    levels = LEVELS[: LEVELS.index(fail_on) + 1] if fail_on != "never" else ()
    return any(one.severity in levels for one in batch.findings if one.suppressed is None)


# --- All stages ---


def _lint(run: _Run, files: list[_File]) -> Outcome:
    """Everything after reading: from the files with their documents to the outcome."""
    log = run.log
    live, said = _ask(run, files)
    with log.surviving("all files", "finding out the server's version"):
        _set_targets(run, files)
        files = _as_servers_read(run, files, said)
    files = [*files, *live]
    subjects = _join(run, files)
    # The other environments of a file may need a shared comment or value, which is not known.
    in_part = {uri for one in subjects if one.file.given.environments for uri, _ in one.loaded.places}
    given = {file.given.uri for file in files if not file.given.environments} - in_part
    in_sums = _in_sums(one.loaded for one in subjects)
    _report_unloaded(run, files, in_sums)
    around = _around_servers(run, files, subjects)
    found = _check(run, subjects)
    beside = list(_check_around(run, around))
    found += beside
    for path in run.around.found.values():
        log.read(path)
    served = _served(run, [one.document for one in found if one.loaded.checkable])
    compared = _Compared([], [], {}, {})
    with log.surviving("all files", "comparing the documents"):
        compared = _compare(run, found, [*((one.document, one.server) for one in beside if one.server is not None), *served])
    infos = {name: info for one in found for name, info in one.rules.plan(one.document).infos.items()} | compared.infos
    today = run.options.now.date() if run.options.now is not None else None
    acceptors = Acceptors(list(_checked(found, compared.rules, given)), run.baselines, today)
    texts = Texts(found, given)
    batches = [_Batch(one.findings, one.rules, one.document) for one in found]
    batches = _accept(_deduplicate([*batches, *compared.batches], in_sums), acceptors)
    with log.surviving("all files", "looking for unused suppression comments"):
        batches += _accept(_unused(acceptors, texts.rules_of, in_part), acceptors)
    batches = [_merge(batch, texts, acceptors, log) for batch in batches]
    findings = [one for batch in batches for one in batch.findings]
    reach = Reach(run.folders, tuple(Path(file.path) for file in log.files if file.status != "checked"))
    stale = _note_leftovers(run, acceptors, reach, list(texts.loaded))
    documents = tuple(one for one in texts.loaded if one.kind != WORKLOAD)
    outcome = _outcome(run, documents, findings, infos, tuple(compared.deployments))
    return outcome._replace(
        failed=any(map(_fails, batches)) or stale,
        contents=run.contents,
        baseline=_new_baseline(acceptors, reach, findings) if not log.bugs else None,
        rules=texts.rules_of,
        given=run.options.overrides,
        now=run.options.now,
        config_of=run.choices.config_of,
        checkable=tuple(one.document for one in found if one.loaded.checkable),
        around=(*((one.document, one.server) for one in beside), *served),
        rewriters={document: one.rewriter for document, one in texts.loaded.items() if one.rewriter is not None},
        acceptances=partial(acceptors.listed, reach),
        suppress=acceptors.by_comment if acceptors.comments else None,
    )


def _note_leftovers(run: _Run, acceptors: Acceptors, reach: Reach, documents: list[Document]) -> bool:
    """Record what there is to tidy up in configurations and baselines; returns whether the run fails because of it."""
    if run.log.bugs:  # a bug can hide the finding that an entry accepts
        return False
    found: list[Notice] = []
    with run.log.surviving("all files", "looking at what accepts findings"):
        found = [*acceptors.notices(reach), *run.choices.unused_patterns(reach.searched, documents)]
    run.log.notices.extend(found)
    return run.options.fail_on_stale_baseline and any(one.kind == "stale-baseline" for one in found)


def _new_baseline(acceptors: Acceptors, reach: Reach, findings: Iterable[Finding]) -> NewBaseline | None:
    written = acceptors.written.written(reach) if acceptors.written is not None else None
    return NewBaseline(*written, sum(one.accepted_by == "baseline" for one in findings)) if written is not None else None


def _not_started(run: _Run) -> Outcome:
    return _outcome(run, (), [], {}, ())._replace(started=False)


def _outcome(
    run: _Run, documents: tuple[Document, ...], findings: list[Finding], rules: Mapping[str, RuleInfo], deployments: tuple[Deployment, ...]
) -> Outcome:
    """The outcome of a run, in reporting order."""
    for config in run.choices.used():
        run.log.read(config.path or Path())
    result = Result(
        version=__version__,
        files=tuple(sorted(run.log.files, key=lambda file: (file.path, file.environment or ""))),
        documents=documents,
        findings=tuple(sorted(findings, key=_order)),
        rules=dict(sorted(rules.items())),
        deployments=deployments,
        configurations=run.choices.configurations(),
        notices=tuple(sorted(run.log.notices)),
    )
    return Outcome(result, tuple(run.log.errors), tuple(run.log.bugs), failed=False, inputs=frozenset(run.log.inputs))


def _order(finding: Finding) -> tuple[object, ...]:
    document = finding.document
    path = tuple(str(step) for step in finding.path or ())
    return (document.uri, finding.span, finding.rule, document.environment or "", path)


_SECRETS = "secrets"
"""The category of rules about secrets in plain sight, which do not depend on who reads them."""
_IN_PLAIN_TEXT = "external/cwe/cwe-312"
"""The tag of rules about what anyone can read in a file, whether or not a server gets it."""


class Checker:
    """Checks documents one after the other. ``several``: there are many, so that it pays to keep results from one to the next."""

    def __init__(self, log: Log, *, several: bool) -> None:
        self._log = log
        self._several = several
        self._memos: dict[int, Memo] = {}
        """The results that are kept, by the identity of the plan of their documents."""
        self._has_failed = False
        """Whether a rule has a bug, which is to be logged for every document."""

    def found_by_source(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        """The mistakes that a source found in a text."""
        for problem in loaded.problems:
            found = rules.case_reporting(problem.name, loaded.document.target)
            if found is not None:
                rule, number, level = found
                document = loaded.document.written_in(problem.path or (), "key")[0]
                fix = None
                with self._log.surviving(document.uri, f"the fix of {rule.info.id}"):
                    fix = fix_of(problem, rule.cases[number])
                yield Finding(rule.info.id, level, problem.message, document, problem.path, problem.span, fix, case=number)

    def found_by_rules(self, loaded: Loaded, rules: RuleSet, newest: Document) -> list[Finding]:
        """The findings of rules in a document. Rules about secrets check it as the ``newest`` server reads it."""
        document = loaded.document
        plan = rules.plan(document)
        if newest is document:
            found = self._found_with(plan, document)
        else:
            others = [(rule, levels) for rule, levels in plan.checks if rule.info.category != _SECRETS]
            found = [one for rule, levels in others for one in self.found_by(rule, document, levels)]
            found += self._secrets_found(document, newest, rules)
        found += self._found_in_overridden(loaded, rules)
        for path, error in unchecked(document).items():
            self._log.bug(error, document.uri, "checking a setting", path)
        return found

    def found_by(self, rule: Rule, document: Document, levels: Levels) -> list[Finding]:
        """The findings of one rule; a bug in it must not hide those of the others."""
        what = f"the rule {rule.info.id}"

        def failed(path: SettingPath, error: Exception) -> None:
            self._has_failed = True
            self._log.bug(error, document.uri, what, path)

        try:
            return check(rule, document, levels, failed)
        except Exception as error:
            failed((), error)
            return []

    def _found_with(self, plan: Plan, document: Document) -> list[Finding]:
        """The findings of a plan's rules. A rule that found nothing in the last document runs only if it would read something else now."""
        if not self._several or len(document.layers) > 1:  # the memo does not see the reads of layers
            return [one for rule, levels in plan.checks for one in self.found_by(rule, document, levels)]
        from .memo import Memo  # only for several documents

        found: list[Finding] = []
        memo = self._memos.setdefault(id(plan), Memo())
        with memo.watching(document):
            for rule, levels in plan.checks:
                found += memo.get(rule.info.id, partial(self.found_by, rule, document, levels), keep=operator.not_)
        if self._has_failed or unchecked(document):  # which is to be logged for every document
            memo.forget()
        return found

    def _secrets_found(self, document: Document, newest: Document, rules: RuleSet) -> Iterator[Finding]:
        """The findings of rules about secrets in a document as the newest server reads it."""
        shown = dict(zip((newest, *parts_of(newest)), (document, *parts_of(document)), strict=True))
        for one in shown:
            one.target, one.now = document.target, document.now
        for rule, levels in rules.plan(newest).checks:
            if rule.info.category == _SECRETS:
                yield from (one._replace(document=shown[one.document]) for one in self.found_by(rule, newest, levels))

    def _found_in_overridden(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        """Secrets in parts that another part overrides: anyone can read them there."""
        parts = loaded.document.parts
        if parts is None:
            return
        for document in parts.documents:
            overridden = {path for path in _written_in(document) if parts.giver(path, "value") is not document}
            for rule, levels in rules.plan(document).checks if overridden else ():
                if _IN_PLAIN_TEXT in rule.info.tags:
                    found = self.found_by(rule, document, levels)
                    yield from (one for one in found if one.path is not None and _is_in(one.path, overridden))


def _written_in(document: Document) -> Iterator[SettingPath]:
    """The settings whose values are in plain text in a file: variables, and members of JSON."""
    if document.kind == "server/env":
        yield from (path for path, _ in document.given or ())
    elif document.kind == "server/json":
        from .server.effective import leaves  # only for a file that is joined

        yield from (path for path, _ in leaves((), document.data))


def parts_of(document: Document) -> tuple[Document, ...]:
    """The documents of the parts of a sum."""
    return document.parts.documents if document.parts is not None else ()


def _is_in(path: SettingPath, holders: set[SettingPath]) -> bool:
    return any(path[:length] in holders for length in range(1, len(path) + 1))


def fix_of(problem: Problem, case: Case) -> Fix | None:
    """The fix of what a source found; the case that reports it says whether it is safe. None where nothing puts it right."""
    repair = problem.repair
    if repair is None or not case.fix:
        return None
    edits = repair.edits() if repair.edits is not None else [] if repair.without_mark else None
    if not edits and not repair.without_mark and not repair.changes:
        return None
    return Fix(repair.changes, case.fix[0].safe, repair.says, None if edits is None else tuple(edits), without_mark=repair.without_mark)


class Texts:
    """The texts of a run that fixes can change, with the rules of each document: only ``given`` files are ever edited."""

    def __init__(self, found: list[_Subject], given: Collection[str]) -> None:
        self._given = given
        self.loaded: dict[Document, Loaded] = {}
        """The documents by themselves."""
        self.rules_of: dict[Document, RuleSet] = {one.document: one.rules for one in found}
        self._sums: dict[Place, list[Document]] = {}
        """The documents that a place is a part of."""
        self._shared = shared_places(one.loaded for one in found)
        """The places where sums have different parts, so that an edit would be meant for one of them."""
        for one in found:
            for part in one.loaded.written:
                self.loaded.setdefault(part.document, part)
                self.rules_of.setdefault(part.document, one.rules)
                for place in part.places if part is not one.loaded else ():
                    self._sums.setdefault(place, []).append(one.document)

    def fix_of(self, finding: Finding, log: Log) -> Fix | None:
        """The fix of a finding with the edits, or for a dump the commands, that make it."""
        fix, loaded = finding.fix, self.loaded.get(finding.document)
        if fix is None or loaded is None:
            return fix
        with log.surviving(finding.document.uri, f"the fix of {finding.rule}", finding.path or ()):
            fix = self._with_edits(fix, loaded)
            commands = loaded.commander(fix.changes) if loaded.commander is not None else None
            return fix._replace(commands=tuple(commands)) if commands else fix
        return fix

    def _with_edits(self, fix: Fix, loaded: Loaded) -> Fix:
        """A fix with its edits, and whether these may be shown."""
        if any(change.action == "store" for change in fix.changes) or (fix.edits is None and not self._is_in_one_place(fix, loaded)):
            return fix
        document, edits = loaded.document, fix.edits
        is_editable = document.uri in self._given and not any(place in self._shared for place in loaded.places)
        if edits is None and loaded.editor is not None and is_editable:
            edits = tuple(loaded.editor(fix.changes) or ()) or None
        if edits is None:
            return fix
        from .server.shown_edits import as_shown  # only for a finding that can be fixed

        made, shown = as_shown(document, fix.changes, edits)
        return fix._replace(edits=made, shown=shown and not loaded.hidden)

    def _is_in_one_place(self, fix: Fix, loaded: Loaded) -> bool:
        """Whether a fix of a part of sums changes nothing that another part of one of them gives too."""
        sums = (one.parts for place in loaded.places for one in self._sums.get(place, ()))
        paths = [path for change in fix.changes for path in (change.path, *([change.value] if change.action == "rename" else []))]
        givers = (giver for one in sums if one is not None for path in paths for giver in one.givers(path))
        return all(self.loaded[giver].places == loaded.places for giver in givers)
