"""Check: the findings of sources and rules in each document, and in what surrounds its server."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from ..conformance.mismatch import unchecked
from ..documents.source import Loaded, Place, Problem
from ..log import Log
from ..model import Document, FileStatus, Finding, Fix, SettingPath, prefixes
from ..options.choose import RuleSet, target_for
from ..policy.engine import Levels, check, drop_conflicting_fixes, without_repetitions
from ..policy.rule import Case, Rule
from ..release import ServerVersion
from ..server.target import targets_of
from ..typed import TYPE_CHECKING, NamedTuple
from .load import breaks_off, why_broken
from .read import report_unread
from .state import File, Run, Subject
from .versions import document_without_settings

if TYPE_CHECKING:
    from ..documents.containers.workload import Described
    from ..memo import Memo

_SECRETS = "secrets"
"""The category of rules about secrets in plain sight, which do not depend on who reads them."""
_IN_PLAIN_TEXT = "external/cwe/cwe-312"
"""The tag of rules about what anyone can read in a file, whether or not a server gets it."""


def check_all(run: Run, subjects: list[Subject]) -> list[Subject]:
    """Check each document, and report its status and that of its parts; returns those that could be checked, with the findings."""
    checker = Checker(run.log, several=len(subjects) > 1)
    found: list[Subject] = []
    known: set[Document] = set()
    reported: set[Place] = set()
    for number, subject in enumerate(subjects):
        uri = subject.file.given.uri
        run.step("checking", number, len(subjects), uri)
        with run.log.surviving(uri, "checking the file"):
            loaded, rules = subject.loaded, subject.rules
            _set_server(run, subject)
            findings = [finding for text in (loaded, *loaded.parts) for finding in checker.found_by_source(text, rules)]
            for text in loaded.texts:
                if (text is loaded or text.document not in known) and reported.isdisjoint(text.places):
                    reported |= text.places
                    _report_status(run, text, rules)
                known.add(text.document)
            if loaded.checkable:
                findings += checker.found_by_rules(loaded, rules, subject.newest())
                findings = [one for one in findings if not _is_ignored(one, subject)]
                findings = drop_conflicting_fixes(without_repetitions(findings, rules.active))
            found.append(subject._replace(findings=findings))
            run.choices.note_off(subject.file.config, subject.document, rules)
    return found


def _is_ignored(finding: Finding, subject: Subject) -> bool:
    """Whether no server takes the value that a finding is about, and it is no secret that anyone can read."""
    is_ignored = any(path in subject.ignored for path in prefixes(finding.path or ()))
    return is_ignored and _IN_PLAIN_TEXT not in subject.rules.active[finding.rule].info.tags


def _set_server(run: Run, subject: Subject) -> None:
    """Set the target, the time and the server of a document and its parts."""
    server = subject.document.server
    target = target_for(subject.rules.overrides, subject.document, subject.beside)
    for document in (subject.document, *(part.document for part in subject.loaded.parts)):
        document.target, document.now = target, run.options.now
        if document.server.release == server.release:  # a file that several servers read has the status of the first
            document.server = server
    subject.document.targets = targets_of(subject.document) if subject.rules.overrides.target in (None, "auto") else {}


def _report_status(run: Run, text: Loaded, rules: RuleSet) -> None:
    """Report the status of the document of a text."""
    document = text.document
    lossy = [problem.name for problem in text.problems if problem.lossy]
    if breaks_off(text) and not any(rules.case_reporting(name, document.target) for name in lossy):
        report_unread(run, document.uri, why_broken(text, rules.reporting))
        return
    name = (document.uri, document.kind, document.environment)
    run.log.files.append(FileStatus(*name, document.target, "checked", server=document.server, holders=document.holders))


class Around(NamedTuple):
    """A container in a file that runs a server, with ``every`` container of the file, and the server's document if one is checked."""

    file: File
    every: Sequence[Described]
    own: Described
    server: Document | None


def around_servers(run: Run, files: Iterable[File], subjects: Iterable[Subject]) -> list[Around]:
    """The environments of servers in files; a server without readable settings counts if its image is Medplum's."""
    described: list[tuple[File, Sequence[Described]]] = []
    for file in files:
        with run.log.surviving(file.given.uri, "reading what surrounds a server"):
            described.append((file, file.reading.workloads()))
    if not any(containers for _, containers in described):
        return []
    from ..documents.containers.images import is_server_image

    subjects = sorted(subjects, key=lambda subject: bool(subject.container))  # a joined document takes precedence over its sources
    servers = {place: subject.document for subject in subjects for place in subject.container or subject.loaded.texts[0].places}
    others = {place for subject in subjects for place in subject.loaded.places}
    found: list[Around] = []
    for file, every, own in ((file, containers, own) for file, containers in described for own in containers):
        if file.given.environments and own.holder.environment not in file.given.environments:
            continue
        server = servers.get(own.holder.place)
        if server is not None or (is_server_image(own.image) and own.holder.place not in others):
            found.append(Around(file, every, own, server))
        if server is not None:
            server.contained = True
    return found


def check_around(run: Run, around: Iterable[Around]) -> Iterator[Subject]:
    """Check the environment of each server. It is not a file of its own, so it is not reported as checked."""
    checker, versions = Checker(run.log, several=False), dict[str, ServerVersion]()
    for file, every, own, server in around:
        with run.log.surviving(file.given.uri, "checking what surrounds a server"):
            from ..documents.containers.workload import workload

            loaded = workload(own, every, server)
            document = loaded.document
            if server is None:
                uri = file.given.uri
                document.server = versions[uri] if uri in versions else document_without_settings(file.given, file.reading).server
                versions[uri] = document.server
                document.holders = ((own.holder.type, own.holder.environment),) if own.holder.environment is not None else ()
            rules = run.rules_for(file, server or document)
            document.server = rules.overrides.server or document.server
            document.target = server.target if server is not None else target_for(rules.overrides, document)
            findings = checker.found_by_rules(loaded, rules, document)
            findings = without_repetitions(findings, rules.active)
            yield Subject(file, loaded, rules, {}, newest=partial(getattr, loaded, "document"), findings=findings, server=server)


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
        """The findings of rules in a document, at each of its targets. Rules about secrets check it as the ``newest`` server reads it."""
        document = loaded.document
        check_once = self._found_again if newest is document else partial(self._found_in_both, newest=newest)
        found = [finding for _ in document.each_target() for finding in check_once(document, rules)]
        found += self._found_in_overridden(loaded, rules)
        for path, error in unchecked(document).items():
            self._log.bug(error, document.uri, "checking a setting", path)
        return found

    def found_with(self, checks: Iterable[tuple[Rule, Levels]], document: Document) -> list[Finding]:
        """The findings of rules, each with the levels of its cases."""
        return [finding for rule, levels in checks for finding in self.found_by(rule, document, levels)]

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

    def _found_again(self, document: Document, rules: RuleSet) -> list[Finding]:
        """The findings of rules. One that found nothing in the last document runs only if it would read something else now."""
        plan = rules.plan(document)
        if not self._several or len(document.layers) > 1:  # the memo does not see the reads of layers
            return self.found_with(plan.checks, document)
        from ..memo import Memo  # only for several documents

        found: list[Finding] = []
        memo = self._memos.setdefault(id(plan), Memo())
        with memo.watching(document):
            for rule, levels in plan.checks:
                found += memo.get(rule.info.id, partial(self.found_by, rule, document, levels), keep=operator.not_)
        if self._has_failed or unchecked(document):  # which is to be logged for every document
            memo.forget()
        return found

    def _found_in_both(self, document: Document, rules: RuleSet, newest: Document) -> list[Finding]:
        """The findings of rules in a document; of those about secrets in it as the newest server reads it."""
        found = self.found_with((one for one in rules.plan(document).checks if one[0].info.category != _SECRETS), document)
        shown = dict(zip((newest, *newest.texts), (document, *document.texts), strict=True))
        for other in shown:
            other.target, other.targets, other.now = document.target, document.targets, document.now
        secrets = self.found_with((one for one in rules.plan(newest).checks if one[0].info.category == _SECRETS), newest)
        return found + [finding._replace(document=shown[finding.document]) for finding in secrets]

    def _found_in_overridden(self, loaded: Loaded, rules: RuleSet) -> Iterator[Finding]:
        """What is wrong with values that another part overrides: secrets, which anyone can read there, and texts that are no JSON, at which
        the server stops before it merges the parts. The target is that of the part itself."""
        parts = loaded.document.parts
        for document in parts.documents if parts is not None else ():
            overridden = {path for path in _settings_in(document) if parts is not None and not _is_of(parts.giver(path, "value"), document)}
            if overridden:
                of_sum, document.target = document.target, target_for(rules.overrides, document) or document.target
                checks = [one for one in rules.plan(document).checks if _IN_PLAIN_TEXT in one[0].info.tags or _is_of_parsing(one[0])]
                found = self.found_with(checks, document)
                document.target = of_sum
                yield from (finding for finding in found if not overridden.isdisjoint(prefixes(finding.path or ())))


def _is_of(giver: Document, document: Document) -> bool:
    """Whether the value that counts is the document's own, or that of the same parameter in another dump."""
    return giver is document or (giver.kind == document.kind == "server/ssm" and giver.environment == document.environment)


def _is_of_parsing(rule: Rule) -> bool:
    """Whether a rule is about texts that the server fails to parse as JSON."""
    return any(clause.aspect == "object" for case in rule.cases for clause in case.must)


def _settings_in(document: Document) -> Iterator[SettingPath]:
    """The settings in a source: parameters, variables, and members of JSON."""
    if document.kind in ("server/env", "server/ssm"):
        yield from (path for path, _ in document.given or ())
    elif document.kind == "server/json":
        from ..server.effective import leaves  # only for a file that is joined

        yield from (path for path, _ in leaves((), document.data))


def fix_of(problem: Problem, case: Case) -> Fix | None:
    """The fix of what a source found; the case that reports it says whether it is safe. None where nothing puts it right."""
    repair = problem.repair
    if repair is None or not case.fix:
        return None
    edits = repair.edits() if repair.edits is not None else [] if repair.without_mark else None
    if not edits and not repair.without_mark and not repair.changes:
        return None
    return Fix(repair.changes, case.fix[0].safe, repair.says, None if edits is None else tuple(edits), without_mark=repair.without_mark)
