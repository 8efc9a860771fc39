"""A run: load, check, filter, put in order. What every caller uses: the command line, tests, and later an editor."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from . import __version__
from .config import Config, ConfigError, Settings, Severity, find_config
from .deployment import KIND as DEPLOYMENT
from .deployment import Candidate, deployments, side_by_side
from .discover import Found, find_files
from .model import LEVELS, Deployment, Document, FileStatus, Finding, Level, Result, RuleInfo, SettingPath, Target, dotted
from .policy.engine import applies, check
from .policy.judgement import not_judged
from .policy.library import built_in_rules, check_ids, read_folders
from .policy.rule import Rule
from .settings import KINDS as CATALOGUES
from .settings import catalogue
from .sources import kinds, modules_for, source_of
from .sources._source import GUESS, Loaded, Problem, Recognised, SourceFile
from .suppress import RULE as UNUSED_SUPPRESSION
from .suppress import Suppressions
from .target import target_of

if TYPE_CHECKING:
    from datetime import datetime

STANDARD_INPUT = "<stdin>"


class Options(NamedTuple):
    """What the caller says for all files; it wins over configuration files. ``rules`` are folders, in addition to theirs."""

    settings: Settings = Settings()
    kind: str | None = None
    rules: tuple[Path, ...] = ()
    now: datetime | None = None
    """The time to judge certificates by; the machine's clock where None."""


class Outcome(NamedTuple):
    """A run and what came of it. ``errors``: what could not be done as asked; ``bugs``: what went wrong in our own code."""

    result: Result
    errors: tuple[str, ...]
    bugs: tuple[str, ...]
    failed: bool
    """Whether a finding is as grave as ``fail-on`` asks."""

    @property
    def exit_code(self) -> int:
        """0 nothing to fail on, 1 findings, 2 not run as asked, 3 a bug of ours."""
        if self.bugs:
            return 3
        if self.errors:
            return 2
        return 1 if self.failed else 0


class Input(NamedTuple):
    """A text to lint. ``path`` is where its configuration is looked for; ``searched`` as in :class:`~linter.discover.Found`."""

    uri: str
    data: bytes
    path: Path
    searched: bool = False


class Rules(NamedTuple):
    """The rules that a file is checked with, and all that there are."""

    active: tuple[Rule, ...]
    known: Mapping[str, RuleInfo]


def lint_paths(paths: list[str], options: Options) -> Outcome:
    """Lint files, folders and globs."""
    run = _Run(options)
    found, errors = find_files(paths, run.excluded)
    run.errors.extend(errors)
    for file in found:
        data = run.read(file)
        if data is not None:
            run.lint(Input(_uri(file.path), data, file.path, file.searched))
    return run.outcome()


def lint_input(given: Input, options: Options) -> Outcome:
    """Lint one text, such as standard input."""
    run = _Run(options)
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
        self._candidates: list[tuple[Candidate, Rules, Settings]] = []
        self._deployments: list[Deployment] = []
        self._rule_sets: dict[tuple[Path, ...], list[Rule]] = {}
        self._checked_configs: set[Path | None] = set()
        self._suppressions = Suppressions()
        self._rules_of: dict[int, tuple[Rules, Settings]] = {}

    # --- What can go wrong before a file is linted ---

    def excluded(self, path: Path) -> bool:
        """Whether the configuration of a path's folder excludes it."""
        config = self._config(path)
        return config is None or config.excludes(path)

    def read(self, file: Found) -> bytes | None:
        """The bytes of a file, or None with an error noted."""
        try:
            return file.path.read_bytes()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            self.errors.append(f"{file.path}: cannot be read: {reason}")
            self.files.append(FileStatus(_uri(file.path), None, None, None, "failed", f"cannot be read: {reason}"))
            return None

    def _config(self, path: Path) -> Config | None:
        try:
            return find_config(path.absolute().parent)
        except ConfigError as error:
            self._error(str(error))
        except OSError as error:
            self._error(f"{error.filename}: cannot be read: {(error.strerror or '').lower()}")
        return None

    def _error(self, message: str) -> None:
        if message not in self.errors:
            self.errors.append(message)

    def _rules(self, config: Config, settings: Settings) -> Rules:
        folders = (*config.rules, *self.options.rules)
        if folders not in self._rule_sets:
            self._rule_sets[folders], errors = all_rules(folders)
            for error in errors:
                self._error(error)
        rules = self._rule_sets[folders]
        known = {rule.info.id: rule.info for rule in rules}
        self._check_ids(config, known)
        return Rules(tuple(rule for rule in rules if _is_active(rule, settings)), known)

    def _check_ids(self, config: Config, known: Mapping[str, RuleInfo]) -> None:
        if config.path in self._checked_configs:
            return
        self._checked_configs.add(config.path)
        for rule_id, place in config.mentions():
            for error in check_ids([rule_id], known):
                self._error(f"{place}: {error}")
        said = self.options.settings
        for error in check_ids([*(said.select or ()), *(said.ignore or ())], known):
            self._error(error)

    # --- One file ---

    def lint(self, given: Input) -> None:
        """Lint one text: recognise it, load its documents, check each."""
        config = self._config(given.path)
        if config is None:
            self.files.append(FileStatus(given.uri, None, None, None, "failed", "its configuration cannot be read"))
            return
        settings = self.options.settings.over(config.settings_for(given.path))
        rules = self._rules(config, settings)
        try:
            recognised, loaded = load(given, self.options.kind)
        except Exception as error:  # a bug of ours must not keep other files from being linted
            self._bug(error, given.uri)
            self.files.append(FileStatus(given.uri, None, None, None, "failed", "a bug of medplum-lint"))
            return
        if not loaded and not (given.searched and recognised is UNRECOGNISED):
            self.files.append(FileStatus(given.uri, None, None, None, "ignored", recognised.note))
        for one in loaded:
            self._check(one, rules, settings)
            if one.judge:
                self._candidates.append((Candidate(one.document, given.searched), rules, settings))

    def _check(self, loaded: Loaded, rules: Rules, settings: Settings) -> None:
        document = loaded.document
        document.target = _target(settings, document)
        document.now = self.options.now
        self.documents.append(document)
        self._rules_of[id(document)] = (rules, settings)
        self.files.append(FileStatus(document.uri, document.kind, document.environment, document.target, "checked"))
        findings = list(self._found_by_source(loaded, rules, settings))
        if loaded.judge:
            for rule in rules.active:
                findings.extend(self._check_rule(rule, document, settings))
            for path, error in not_judged(document).items():
                self._bug(error, document.uri, on=path)
        self._suppressions.take(loaded, _checked(rules, document, settings), rules.known)
        self.rules.update((rule.info.id, rule.info) for rule in rules.active if applies(rule, document))
        self._add(findings, settings)

    def _add(self, findings: list[Finding], settings: Settings) -> None:
        findings = [self._suppressions.apply(finding) for finding in findings]
        self.findings.extend(findings)
        fail_on = settings.fail_on or "error"
        if fail_on != "never":
            bar = LEVELS.index(fail_on)
            self.failed = self.failed or any(LEVELS.index(finding.severity) <= bar for finding in findings if finding.suppressed is None)

    def _compare(self) -> None:
        """Check the documents of each deployment against each other, with the rules and settings of the server's file."""
        by_document = {id(candidate.document): (rules, settings) for candidate, rules, settings in self._candidates}
        for deployment in deployments(candidate for candidate, _, _ in self._candidates):
            self._deployments.append(deployment)
            for combined in side_by_side(deployment):
                main = combined.members.get("server", deployment.documents[0])
                rules, settings = by_document[id(main)]
                for rule in rules.active:
                    self._add(self._check_rule(rule, combined, settings), settings)
                self.rules.update((rule.info.id, rule.info) for rule in rules.active if applies(rule, combined))

    def _add_unused_suppressions(self) -> None:
        """Find the remarks that cover nothing, now that all findings are known."""
        for unused in self._suppressions.unused():
            rules, settings = self._rules_of[id(unused.document)]
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
                lambda path, error: self._bug(error, document.uri, rule.info.id, path),
            )
        except Exception as error:  # a bug of ours in one rule must not hide what the others find
            self._bug(error, document.uri, rule.info.id)
            return []

    def _found_by_source(self, loaded: Loaded, rules: Rules, settings: Settings) -> Iterator[Finding]:
        active = {rule.info.id: rule.info for rule in rules.active}
        for problem in loaded.problems:
            info = active.get(problem.rule)
            level = _severity(info, settings)[loaded.document.target] if info is not None else None
            if level is not None:
                yield _finding(problem, level, loaded.document)

    def _bug(self, error: Exception, uri: str, rule: str | None = None, on: SettingPath = ()) -> None:
        """Note a bug by its kind and place; its text is left out, for it may quote a value. Each is noted once, wherever it shows."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        what = f"the rule {rule}" if rule else "checking a setting" if on else "loading the file"
        setting = f" on {dotted(on)}" if any(catalogue(kind).get(on) is not None for kind in CATALOGUES) else ""
        bug = f"{uri}: {what}{setting} failed with {type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
        if bug not in self._noted:
            self._noted.add(bug)
            self.bugs.append(bug)

    def outcome(self) -> Outcome:
        """The whole run, in the order in which it is reported."""
        if len(self._candidates) > 1:
            self._compare()
        self._add_unused_suppressions()
        return Outcome(
            Result(
                version=__version__,
                files=tuple(sorted(self.files, key=lambda file: (file.path, file.environment or ""))),
                documents=tuple(self.documents),
                findings=tuple(sorted(self.findings, key=_order)),
                rules=dict(sorted(self.rules.items())),
                deployments=tuple(self._deployments),
            ),
            tuple(self.errors),
            tuple(self.bugs),
            self.failed,
        )


UNRECOGNISED = Recognised(None, 0, "not recognised as a Medplum configuration; --kind lints it all the same")


def load(given: Input, kind: str | None) -> tuple[Recognised, list[Loaded]]:
    """What an input is, and its documents: of the given kind, else of the kind that its content shows; none if it is to be left alone."""
    file = SourceFile(given.uri, given.data)
    answers = [(module, answer) for module in modules_for(file) if (answer := module.detect(file)) is not None]
    if kind is not None:
        fitting = [(module, answer) for module, answer in answers if kind in module.KINDS and answer.kind is not None]
        source = max(fitting, key=_confidence)[0] if fitting else source_of(kind)
        return Recognised(kind, 100), source.load(file, kind)
    if given.searched:
        answers = [answer for answer in answers if answer[1].confidence >= GUESS]
    if not answers:
        return UNRECOGNISED, []
    source, recognised = max(answers, key=_confidence)
    return recognised, source.load(file, recognised.kind) if recognised.kind is not None else []


def _confidence(answer: tuple[ModuleType, Recognised]) -> int:
    return answer[1].confidence


_STOPS = frozenset({"invalid-json", "json-comment", "json-trailing-comma", "json-not-an-object", "byte-order-mark", "invalid-yaml"})
"""What a source finds that no reader of the file gets past."""


def load_documents(paths: Iterable[str | Input], kind: str | None) -> tuple[list[Document], list[str]]:
    """The documents of files, without linting them, and an error for each file that gives none."""
    documents: list[Document] = []
    errors: list[str] = []
    for path in paths:
        try:
            given = path if isinstance(path, Input) else Input(_uri(Path(path)), Path(path).read_bytes(), Path(path))
        except OSError as error:
            errors.append(f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}")
            continue
        recognised, loaded = load(given, kind)
        documents.extend(one.document for one in loaded if one.judge)
        if not loaded:
            errors.append(f"{given.uri}: {recognised.note}")
        elif any(problem.rule in _STOPS for one in loaded for problem in one.problems):
            errors.append(f"{given.uri}: the server stops at a mistake in this text: lint it for the place")
        elif not any(one.judge for one in loaded):
            errors.append(f"{given.uri}: too much of it cannot be read: lint it for the reasons")
    return documents, errors


@lru_cache(maxsize=1)
def _built_in() -> tuple[Rule, ...]:
    return tuple(built_in_rules())


def rule_kinds() -> frozenset[str]:
    """Every kind of document that a rule can be for: those of the inputs, and deployments made of several."""
    return kinds() | {DEPLOYMENT}


def all_rules(folders: Iterable[Path]) -> tuple[list[Rule], list[str]]:
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
