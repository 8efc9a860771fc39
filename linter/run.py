"""A run: load, check, filter, put in order. What every caller uses: the command line, tests, and later an editor."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import __version__
from .config import Config, ConfigError, Configurations, Settings, Severity
from .conformance.mismatch import unchecked
from .discover import Found, find_files
from .documents.deployment import KIND as DEPLOYMENT
from .documents.deployment import Candidate, deployments, side_by_side
from .documents.recognise import is_medplum_name
from .documents.source import Confidence, Loaded, Problem, Recognised, Source, SourceFile
from .files import LARGEST_INPUT, Identity, Unreadable, identity, read_file, reason_of
from .model import LEVELS, Configuration, Deployment, Document, FileStatus, Finding, Level, Result, RuleInfo, SettingPath, Target, dotted
from .policy.engine import applies, check
from .policy.rule import Rule
from .policy.rule_set import Folder, FoundFolder, built_in_rules, check_ids, files_of, read_folders
from .server.target import target_of
from .settings import KINDS as CATALOGUES
from .settings import catalogue
from .sources import kinds, modules_for, source_of
from .suppress import RULE as UNUSED_SUPPRESSION
from .suppress import Suppressions

if TYPE_CHECKING:
    from datetime import datetime

STANDARD_INPUT = "<stdin>"
TOO_LARGE = "more than 64 MiB, too large for a search: name it to have it checked"
"""Why a search leaves a file alone; see :data:`linter.discover.LARGEST_SEARCHED`."""


class Options(NamedTuple):
    """What the caller says for all files; it wins over configuration files. ``rules`` are folders, in addition to theirs."""

    settings: Settings = Settings()
    kind: str | None = None
    rules: tuple[Path, ...] = ()
    now: datetime | None = None
    """The time to judge certificates by; the machine's clock where None."""
    allow_unrecognized: bool = False
    """Whether a file that is named and of which nothing can be read is ignored, as hooks want it that are given every file."""
    config: Config | None = None
    """The configuration for all files; where None the nearest one of each file counts, or with ``isolated`` none."""
    isolated: bool = False
    max_size: int = LARGEST_INPUT
    """Bytes of an input at most."""


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

    @property
    def exit_code(self) -> int:
        """0 nothing to fail on, 1 findings, 2 not run as asked, 3 a bug of ours."""
        if self.bugs:
            return 3
        if self.errors:
            return 2
        return 1 if self.failed else 0


class Input(NamedTuple):
    """A text to lint. ``path`` is where its configuration is looked for; ``searched`` as in :class:`~linter.discover.Found`.

    ``piped``: it came by standard input.
    """

    uri: str
    data: bytes
    path: Path
    searched: bool = False
    piped: bool = False


class Reading(NamedTuple):
    """What was made of an input: its documents, which are none for what is left alone. ``note`` says in a few words what that is.

    ``unread``: the ``note`` is why the input, or a part of it, cannot be read though it should be.
    """

    loaded: list[Loaded]
    note: str = ""
    unread: bool = False


class Rules(NamedTuple):
    """The rules that a file is checked with, and all that there are."""

    active: tuple[Rule, ...]
    known: Mapping[str, RuleInfo]


def lint_paths(paths: list[str], options: Options) -> Outcome:
    """Lint files, folders and globs."""
    run = _Run(options)
    found, errors = find_files(paths, run.excluded)
    if not run.prepare([file.path for file in found]):
        return run.outcome()
    run.errors.extend(errors)
    if not found and not errors:
        run.errors.append(f"{', '.join(paths)}: nothing is checked: the configuration excludes every file")
    for file in found:
        data = run.read(file)
        known = len(run.files)
        if data is not None:
            run.lint(Input(_uri(file.path), data, file.path, file.searched))
        if not file.searched or len(run.files) > known:
            run.note_input(file.path)
    if found and run.found_nothing:
        what = f"as {options.kind}" if options.kind is not None else "as a Medplum configuration"
        run.errors.append(f"{', '.join(paths)}: no file is recognised {what}")
    return run.outcome()


def lint_input(given: Input, options: Options) -> Outcome:
    """Lint one text, such as standard input."""
    run = _Run(options)
    if run.prepare([given.path]):
        run.lint(given)
    return run.outcome()


def _uri(path: Path) -> str:
    return path.as_posix()


class _Run:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.errors: list[str] = []
        self.bugs: list[str] = []
        self._noted: set[str] = set()
        self.files: list[FileStatus] = []
        self.documents: list[Document] = []
        self.findings: list[Finding] = []
        self.rules: dict[str, RuleInfo] = {}
        self.failed = False
        self.started = False
        self._candidates: list[tuple[Candidate, Rules, Settings]] = []
        self._deployments: list[Deployment] = []
        self._rule_sets: dict[tuple[Folder, ...], list[Rule]] = {}
        self._suppressions = Suppressions()
        self._rules_of: dict[Document, tuple[Rules, Settings]] = {}
        self._configurations = Configurations(options.config, isolated=options.isolated)
        self._used: dict[Path, _Use] = {}
        self._inputs: set[Identity] = set()

    # --- What can go wrong before a file is linted ---

    def prepare(self, files: list[Path]) -> bool:
        """Read the configurations and rules that files need; False, with errors noted, when one of them or the command has a mistake."""
        configs = {config.path: config for file in files or [Path("any")] if (config := self._config(file)) is not None}
        known: set[str] = set()
        for config in configs.values():
            known.update(self._known_rules(config))
        if configs:
            given = self.options.settings
            for error in check_ids([*(given.select or ()), *(given.ignore or ())], known):
                self._error(error)
        self.started = not self.errors
        if self.started:
            for file in files:
                self._check_selection(file)
        self.started = not self.errors
        return self.started

    def _known_rules(self, config: Config) -> Iterable[str]:
        """The ids of the rules that there are under a configuration, which must not name others."""
        known = {rule.info.id: rule.info for rule in self._rule_set(config)}
        for rule_id, place in config.mentions():
            for error in check_ids([rule_id], known):
                self._error(f"{place}: {error}")
        return known

    def _check_selection(self, file: Path) -> None:
        """Refuse a choice of rules of which none is left: whatever is linted with it has no finding."""
        config = self._config(file)
        settings = self.options.settings.over(config.settings_for(file)) if config is not None else self.options.settings
        if settings.select is not None and set(settings.select) <= set(settings.ignore or ()):
            place = f"{config.path}: " if config is not None and config.path is not None else ""
            self._error(f"{place}no rule is left to check: every one that is selected is ignored too")

    @property
    def found_nothing(self) -> bool:
        """Whether a search came upon no file that it could say anything of."""
        if self.options.allow_unrecognized or self.errors:
            return False
        looked_at = [file for file in self.files if file.note != TOO_LARGE]
        return not looked_at or (self.options.kind is not None and all(file.status == "ignored" for file in looked_at))

    def excluded(self, path: Path) -> bool:
        """Whether the configuration of a path's folder excludes it."""
        config = self._config(path)
        if config is None:
            return True
        excluded = config.excludes(path)
        if excluded and config.path is not None:
            self._use(config).excluded.add(os.path.normpath(path))
        return excluded

    def read(self, file: Found) -> bytes | None:
        """The bytes of a file, or None with an error noted, or with what a search found left alone."""
        if file.too_large:
            self._unread(_uri(file.path), TOO_LARGE, passed_over=True)
            return None
        try:
            return read_file(file.path, self.options.max_size)
        except Unreadable as error:
            self.errors.append(f"{file.path}: cannot be read: {error}")
            self.files.append(FileStatus(_uri(file.path), None, None, None, "failed", f"cannot be read: {error}"))
            return None

    def note_input(self, path: Path) -> None:
        """Note that a file was read, so that no report takes its place."""
        found = identity(path)
        if found is not None:
            self._inputs.add(found)

    def _config(self, path: Path) -> Config | None:
        try:
            return self._configurations.of(path.absolute().parent)
        except ConfigError as error:
            self._error(str(error))
        except OSError as error:
            self._error(f"{error.filename or 'the working directory'}: cannot be read: {reason_of(error)}")
        return None

    def _use(self, config: Config) -> _Use:
        """What a configuration file did in this run."""
        assert config.path is not None  # one that is there
        return self._used.setdefault(config.path, _Use(config, set(), set()))

    def _error(self, message: str) -> None:
        if message not in self.errors:
            self.errors.append(message)

    def _rules(self, config: Config, settings: Settings) -> Rules:
        rules = self._rule_set(config)
        return Rules(tuple(rule for rule in rules if _is_active(rule, settings)), {rule.info.id: rule.info for rule in rules})

    def _rule_set(self, config: Config) -> list[Rule]:
        folders = (*folders_of(config), *self.options.rules)
        if folders not in self._rule_sets:
            self._rule_sets[folders], errors = all_rules(folders)
            for folder in folders:
                for path in files_of(folder)[0]:
                    self.note_input(path)
            for error in errors:
                self._error(error)
        return self._rule_sets[folders]

    # --- One file ---

    def lint(self, given: Input) -> None:
        """Lint one text: recognise it, load its documents, check each."""
        config = self._config(given.path)
        assert config is not None  # :meth:`prepare` has read it
        settings = self.options.settings.over(config.settings_for(given.path))
        rules = self._rules(config, settings)
        if config.path is not None:
            self._use(config)
        try:
            reading = load(given, self.options.kind, guess=not self.options.allow_unrecognized)
        except Exception as error:  # a bug of ours must not keep other files from being linted
            self._bug(error, given.uri)
            self.files.append(FileStatus(given.uri, None, None, None, "failed", "a bug of medplum-lint"))
            return
        if reading.unread:
            self._unread(given.uri, reading.note, passed_over=given.searched and not reading.loaded)
        elif not reading.loaded and reading is not NOTHING_FOUND:
            self.files.append(FileStatus(given.uri, None, None, None, "ignored", reading.note))
        for one in reading.loaded:
            try:
                self._check(one, rules, settings)
            except Exception as error:
                self._bug(error, given.uri, "checking the file")
                continue
            if config.path is not None:
                self._use(config).off.update(self._off(config, one.document, rules, settings))
            if one.checkable:
                self._candidates.append((Candidate(one.document, given.searched), rules, settings))

    def _unread(self, uri: str, reason: str, *, passed_over: bool = False) -> None:
        """Note that a file, or a part of it, is not read: an error, unless a search may pass over it or the caller is ready for it."""
        ignored = passed_over or self.options.allow_unrecognized
        self.files.append(FileStatus(uri, None, None, None, "ignored" if ignored else "failed", reason))
        if not ignored:
            self._error(f"{uri}: {reason}")

    def _check(self, loaded: Loaded, rules: Rules, settings: Settings) -> None:
        document = loaded.document
        document.target = _target(settings, document)
        document.now = self.options.now
        self.documents.append(document)
        self._rules_of[document] = (rules, settings)
        findings = list(self._found_by_source(loaded, rules, settings))
        reported = {finding.rule for finding in findings}
        if _breaks_off(loaded) and not any(problem.lossy and problem.rule in reported for problem in loaded.problems):
            self._unread(document.uri, _why_broken(loaded))
        else:
            self.files.append(FileStatus(document.uri, document.kind, document.environment, document.target, "checked"))
        if loaded.checkable:
            for rule in rules.active:
                findings.extend(self._check_rule(rule, document, settings))
            for path, error in unchecked(document).items():
                self._bug(error, document.uri, "checking a setting", path)
        self._suppressions.take(loaded, _checked(rules, document, settings), rules.known)
        self.rules.update((rule.info.id, rule.info) for rule in rules.active if applies(rule, document))
        self._add(findings, settings)

    def _off(self, config: Config, document: Document, rules: Rules, settings: Settings) -> frozenset[str]:
        """The rules that a document would be checked with, were it not for its configuration."""
        told = self.options.settings.over(Settings())
        target = _target(told, document)
        without = (rule.info for rule in self._rule_sets[(*folders_of(config), *self.options.rules)] if _is_active(rule, told))
        on = frozenset(rule.info.id for rule in rules.active if _severity(rule.info, settings)[document.target] is not None)
        return frozenset(info.id for info in without if info.severity[target] is not None) - on

    def _add(self, findings: list[Finding], settings: Settings) -> None:
        findings = [self._suppressions.apply(finding) for finding in findings]
        self.findings.extend(findings)
        fail_on = settings.fail_on or "error"
        if fail_on != "never":
            bar = LEVELS.index(fail_on)
            self.failed = self.failed or any(LEVELS.index(finding.severity) <= bar for finding in findings if finding.suppressed is None)

    def _compare(self) -> None:
        """Check the documents of each deployment against each other, with the rules and settings of the server's file."""
        if len(self._candidates) < 2:
            return
        by_document = {candidate.document: (rules, settings) for candidate, rules, settings in self._candidates}
        for deployment in deployments(candidate for candidate, _, _ in self._candidates):
            self._deployments.append(deployment)
            for combined in side_by_side(deployment):
                main = combined.members.get("server", deployment.documents[0])
                rules, settings = by_document[main]
                for rule in rules.active:
                    self._add(self._check_rule(rule, combined, settings), settings)
                self.rules.update((rule.info.id, rule.info) for rule in rules.active if applies(rule, combined))

    def _add_unused_suppressions(self) -> None:
        """Find the remarks that cover nothing, now that all findings are known."""
        for unused in self._suppressions.unused():
            rules, settings = self._rules_of[unused.document]
            info = next((rule.info for rule in rules.active if rule.info.id == UNUSED_SUPPRESSION), None)
            level = _severity(info, settings)[unused.document.target] if info is not None else None
            if level is not None:
                self._add([Finding(UNUSED_SUPPRESSION, level, unused.message, unused.document, None, unused.span)], settings)

    def _check_rule(self, rule: Rule, document: Document, settings: Settings) -> list[Finding]:
        try:
            return check(
                rule,
                document,
                _severity(rule.info, settings),
                lambda path, error: self._bug(error, document.uri, f"the rule {rule.info.id}", path),
            )
        except Exception as error:  # a bug of ours in one rule must not hide what the others find
            self._bug(error, document.uri, f"the rule {rule.info.id}")
            return []

    def _found_by_source(self, loaded: Loaded, rules: Rules, settings: Settings) -> Iterator[Finding]:
        active = {rule.info.id: rule.info for rule in rules.active}
        for problem in loaded.problems:
            info = active.get(problem.rule)
            level = _severity(info, settings)[loaded.document.target] if info is not None else None
            if level is not None:
                yield _finding(problem, level, loaded.document)

    def _bug(self, error: Exception, uri: str, what: str = "loading the file", on: SettingPath = ()) -> None:
        """Note a bug by its kind and place; its text is left out, for it may quote a value. Each is noted once, wherever it shows."""
        setting = f" on {dotted(on)}" if any(catalogue(kind).get(on) is not None for kind in CATALOGUES) else ""
        bug = f"{uri}: {what}{setting} failed with {described(error)}"
        if bug not in self._noted:
            self._noted.add(bug)
            self.bugs.append(bug)

    def outcome(self) -> Outcome:
        """The whole run, in the order in which it is reported."""
        for what, step in (("comparing the documents", self._compare), ("looking for unused remarks", self._add_unused_suppressions)):
            try:
                step()
            except Exception as error:  # a bug of ours must not hide what was found before
                self._bug(error, "all files", what)
        for path in self._used:
            self.note_input(path)
        return Outcome(
            Result(
                version=__version__,
                files=tuple(sorted(self.files, key=lambda file: (file.path, file.environment or ""))),
                documents=tuple(self.documents),
                findings=tuple(sorted(self.findings, key=_order)),
                rules=dict(sorted(self.rules.items())),
                deployments=tuple(self._deployments),
                configurations=tuple(sorted(self._configuration(use) for use in self._used.values())),
            ),
            tuple(self.errors),
            tuple(self.bugs),
            self.failed,
            self.started,
            frozenset(self._inputs),
        )

    def _configuration(self, use: _Use) -> Configuration:
        told = self.options.settings.fail_on is not None
        fail_on = None if told else use.config.general.fail_on
        assert use.config.path is not None  # a configuration that is used is there
        return Configuration(_relative(use.config.path), use.config.trusted, tuple(sorted(use.off)), len(use.excluded), fail_on)


class _Use(NamedTuple):
    """A configuration file, the rules that it switched off, and what a search passed over for it."""

    config: Config
    off: set[str]
    excluded: set[str]


def folders_of(config: Config) -> list[Folder]:
    """The folders of rules that a configuration names. Nobody vouches for those of one that was merely found."""
    if config.trusted or config.path is None:
        return list(config.rules)
    return [FoundFolder(folder, config.path.parent, f"{config.path}:{config.rules_line}") for folder in config.rules]


def _relative(path: Path) -> str:
    """A path as seen from the current folder, so that a report does not depend on where on a machine that is."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        return path.name


def without_what_cannot_be_reported(outcome: Outcome, report: Callable[[Outcome], object]) -> Outcome:
    """A run without the findings that a bug keeps from being reported, and with a bug noted for each of their files."""
    kept: list[Finding] = []
    bugs: dict[str, None] = {}
    for finding in outcome.result.findings:
        try:
            report(outcome._replace(result=outcome.result._replace(findings=(finding,))))
        except Exception as error:
            bugs[f"{finding.document.uri}: reporting {finding.rule} failed with {described(error)}"] = None
        else:
            kept.append(finding)
    return outcome._replace(result=outcome.result._replace(findings=tuple(kept)), bugs=(*outcome.bugs, *bugs))


def described(error: BaseException) -> str:
    """An exception by its kind and place; its text is left out, for it may quote a value."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


NOTHING_FOUND = Reading([])
"""What a search makes of a file that only is called as a configuration is: nothing that need be told."""


def load(given: Input, kind: str | None, *, guess: bool = True) -> Reading:
    """What is made of an input: documents of the given kind, else of the kind that its content shows.

    With ``guess`` broken JSON is taken for a configuration, whatever it is called; never in a search.
    """
    file = SourceFile(given.uri, given.data)
    if given.piped and not file.text.content.strip():
        return Reading([], _nothing_piped(), unread=True)
    answers = [(module, answer) for module in modules_for(file) if (answer := module.detect(file)) is not None]
    if kind is not None:
        return _load_as(file, kind, answers, named=not given.searched)
    if given.searched or not guess:
        answers = [answer for answer in answers if answer[1].confidence >= Confidence.GUESS]
    if not answers:
        return NOTHING_FOUND if given.searched else _unrecognised(file)
    # What is left alone only because no more could be read of it may be what another source takes it for.
    source, recognised = max(answers, key=_confidence)
    if recognised.kind is None and recognised.unread:
        sure = [(module, one) for module, one in answers if one.kind is not None and one.confidence >= Confidence.GUESS]
        source, recognised = max(sure, key=_confidence, default=(source, recognised))
        if recognised.kind is None and is_medplum_name(file.name) and not file.json.intact:
            source, recognised = source_of("server/json"), Recognised("server/json", Confidence.GUESS)
    if recognised.kind is None:
        return Reading([], recognised.unread or recognised.note, unread=bool(recognised.unread))
    return _reading(file, None, source.load(file, recognised.kind), recognised.unread, named=not given.searched)


def _load_as(file: SourceFile, kind: str, answers: list[tuple[Source, Recognised]], *, named: bool) -> Reading:
    """The documents of a kind that the user gives, unless the file evidently is another thing that holds nothing."""
    empty = next((answer.unread for _, answer in answers if answer.kind is None and answer.unread), "")
    fitting = [(module, answer) for module, answer in answers if kind in module.KINDS and answer.kind is not None]
    if fitting:
        source, recognised = max(fitting, key=_confidence)
        return _reading(file, kind, source.load(file, kind), recognised.unread, named=named)
    if empty and (file.json.intact or kind == "server/ssm"):
        return Reading([], empty, unread=True)
    return _reading(file, kind, source_of(kind).load(file, kind), "", named=named)


def _reading(file: SourceFile, kind: str | None, loaded: list[Loaded], unread: str, *, named: bool) -> Reading:
    """What to make of the documents of a file: broken JSON is told by findings, what evidently is no JSON at all by the reason."""
    if any(_is_read(one) for one in loaded):
        return Reading(loaded, unread, unread=bool(unread))
    as_json = is_medplum_name(file.name) or file.is_meant_as_json or file.json.intact
    if as_json and any(problem.lossy for one in loaded for problem in one.problems) and not (named and _evidently(file)):
        return Reading(loaded)
    return Reading([], unread or _why_unread(file, kind), unread=True)


def _is_read(loaded: Loaded) -> bool:
    """Whether something of a document stands in the file: a setting, or that it lacks them all."""
    document = loaded.document
    return loaded.checkable and bool(document.data or document.complete or any(problem.path is not None for problem in loaded.problems))


def _why_unread(file: SourceFile, kind: str | None) -> str:
    from .documents.unread import why_unread  # only after the fact

    return why_unread(file, kind)


def _unrecognised(file: SourceFile) -> Reading:
    from .documents.unread import foreign

    note = foreign(file) if not _evidently(file) else ""
    return Reading([], note or _why_unread(file, None), unread=not note)


def _evidently(file: SourceFile) -> str:
    from .documents.unread import evidently

    return evidently(file)


def _nothing_piped() -> str:
    from .documents.unread import NOTHING_PIPED

    return NOTHING_PIPED


def _confidence(answer: tuple[Source, Recognised]) -> int:
    return answer[1].confidence


def _breaks_off(loaded: Loaded) -> bool:
    """Whether not all of a document could be read."""
    return not loaded.checkable or (not loaded.document.complete and any(problem.lossy for problem in loaded.problems))


def _why_broken(loaded: Loaded) -> str:
    problem = next(problem for problem in loaded.problems if problem.lossy)
    line, column = loaded.document.position(problem.span.start)
    return f"not all of it can be checked (line {line}, column {column}), and {problem.rule}, which says why, is off"


class LoadedDocuments(NamedTuple):
    """The documents of files that are not linted, an error for each file that gives none, and what went wrong in our own code."""

    documents: list[Document]
    errors: list[str]
    bugs: list[str]


def load_documents(paths: Iterable[str | Input], kind: str | None, max_size: int = LARGEST_INPUT) -> LoadedDocuments:
    """The documents of files, without linting them."""
    documents: list[Document] = []
    errors: list[str] = []
    bugs: list[str] = []
    for path in paths:
        try:
            given = path if isinstance(path, Input) else Input(_uri(Path(path)), read_file(path, max_size), Path(path))
        except Unreadable as error:
            errors.append(f"{path}: cannot be read: {error}")
            continue
        try:
            reading = load(given, kind)
        except Exception as error:  # a bug of ours must not keep other files from being shown
            bugs.append(f"{given.uri}: loading the file failed with {described(error)}")
            continue
        documents.extend(one.document for one in reading.loaded if one.checkable)
        if reading.unread or not reading.loaded:
            errors.append(f"{given.uri}: {reading.note}")
        elif any(problem.fatal for one in reading.loaded for problem in one.problems):
            errors.append(f"{given.uri}: the server stops at a mistake in this text: lint it for the place")
        elif not any(one.checkable for one in reading.loaded):
            errors.append(f"{given.uri}: too much of it cannot be read: lint it for the reasons")
    return LoadedDocuments(documents, errors, bugs)


@lru_cache(maxsize=1)
def _built_in() -> tuple[Rule, ...]:
    return tuple(built_in_rules())


def rule_kinds() -> frozenset[str]:
    """Every kind of document that a rule can be for: those of the inputs, and deployments made of several."""
    return kinds() | {DEPLOYMENT}


def all_rules(folders: Iterable[Folder]) -> tuple[list[Rule], list[str]]:
    """The built-in rules and those of folders, in the order of the ids, and the errors in the latter."""
    folders = list(folders)
    rules = list(_built_in())
    own, errors = read_folders(folders, rule_kinds(), [rule.info.id for rule in rules]) if folders else ([], [])
    return sorted([*rules, *own], key=lambda rule: rule.info.id), errors


def _is_active(rule: Rule, settings: Settings) -> bool:
    rule_id = rule.info.id
    if settings.select is not None and rule_id not in settings.select:
        return False
    return rule_id not in (settings.ignore or ()) and (rule.enabled or settings.select is not None)


def _target(settings: Settings, document: Document) -> Target:
    if settings.target in (None, "auto"):
        return target_of(document)
    return "production" if settings.target == "production" else "development"


def _severity(info: RuleInfo, settings: Settings) -> Severity:
    return (settings.severity or {}).get(info.id, info.severity)


def _checked(rules: Rules, document: Document, settings: Settings) -> frozenset[str]:
    """The ids of the rules that are on for a document."""
    on = (rule.info for rule in rules.active if applies(rule, document))
    return frozenset(info.id for info in on if _severity(info, settings)[document.target] is not None)


def _finding(problem: Problem, level: Level, document: Document) -> Finding:
    return Finding(problem.rule, level, problem.message, document, problem.path, problem.span)


def _order(finding: Finding) -> tuple[object, ...]:
    document = finding.document
    path = tuple(str(step) for step in finding.path or ())
    return (document.uri, finding.span, finding.rule, document.environment or "", path)
