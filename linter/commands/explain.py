"""``medplum-lint explain``: what a rule is about, and why it reports something of a document, or does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from ..choose import all_rules, is_active, is_selected, levels_of, relative_to_here
from ..config import Config, Overrides
from ..configurations import Configurations
from ..documents.deployment import side_by_side
from ..model import LEVELS, TARGETS, Document, Finding, RuleInfo
from ..options import Given
from ..output import write_standard_output
from ..policy.engine import check
from ..policy.node import document_fact
from ..policy.rule import Case, Example, Rule
from ..policy.rule_file import RuleFile
from ..policy.rule_set import check_ids, rank
from ..policy.trace import Answer, ClauseTrace, PartAnswer, Trace, trace
from ..redaction.mask import environment_text, holder_text
from ..run import Options, Outcome
from ..say import fail_for
from ..settings.kinds import DEPLOYMENT
from ..text import inert, printable, printable_lines
from ..typed import Final, NamedTuple
from .check import checker
from .inputs import config_named_by, rule_folders
from .rules import level_words, rule_file_of

_MOST_FINDINGS: Final = 20
"""Findings at most that are named one by one."""


def run(given: Given) -> None:
    """Explain a rule, with examples.

    With a PATH (a file, a folder, a glob, or "-") it says for each document what the rule asks, what it finds at which place, and what
    keeps it from speaking: the kind, the target, a condition, the configuration, a comment.

    Examples:
      medplum-lint explain missing-trailing-slash
      medplum-lint explain --rules policies acme/support-email-domain
      medplum-lint explain unencrypted-database medplum.config.json
    """
    folders = rule_folders(given, given.paths)
    rules, errors, _ = all_rules(folders)
    fail_for(errors)
    fail_for(check_ids([given.rule], [rule.info for rule in rules]))
    rule_file = rule_file_of(given.rule, folders)
    if not given.paths:
        write_standard_output(explanation(rule_file))
        return
    overrides = Overrides(given.select, given.ignore, target=given.target, pedantic=given.pedantic or None, server=given.server_version)
    named = config_named_by(given)
    options = Options(overrides, given.kind, given.rules, config=named, isolated=given.isolated, max_size=given.max_size)
    outcome = checker(given.paths, options)(None)
    if outcome.started and (outcome.result.documents or not outcome.errors):
        write_standard_output(explained(rule_file, outcome, overrides, Configurations(named, isolated=given.isolated).of))
    fail_for(outcome.errors, outcome.bugs)


# --- The rule itself. ---------------------------------------------------------------------------------------------------------------


def explanation(rule_file: RuleFile) -> str:
    """The documentation of a rule, with its first good and bad example."""
    assert rule_file.rule is not None  # its file was chosen by its id
    info, examples = rule_file.rule.info, rule_file.rule.examples
    lines = [
        f"{info.id}: {info.title}",
        "",
        f"Severity: {_severity_sentence(info)}",
        f"For:      {', '.join(info.kinds)}",
        *([f"Category: {info.category}"] if info.category else []),
        *_fixes(rule_file.rule),
        "",
        *[f"* {line}" for line in said(rule_file.rule)],
        "",
        *([info.docs, ""] if info.docs else []),
        *_example("Wrong", next(one for one in examples if not one.is_good)),
        *_example("Right", next(one for one in examples if one.is_good)),
        *[f"See {link}" for link in info.links],
    ]
    return printable_lines("\n".join(lines)) + "\n"


def said(rule: Rule) -> list[str]:
    """What a rule says in each of its cases, with words in capitals for what depends on the finding; nothing where a source says it.

    Of several cases each has its severity, its kinds of document and its settings where these are not those of the whole rule.
    """
    lines = [f"{case.message.outline(_settings(case))}{_of_case(case.info, rule.info)}" for case in rule.cases if case.message is not None]
    return list(dict.fromkeys(lines))


_MOST_SETTINGS: Final = 3


def _settings(case: Case) -> str:
    """The settings that a case is about, as its paths name them; ``SETTING`` where these are too many."""
    paths = [clause.text.partition("@")[0] for clause in case.must]
    if not 0 < len(paths) <= _MOST_SETTINGS or any("*" in path or path in ("$", "") for path in paths):
        return "SETTING"
    return " or ".join(path.replace('"', "") for path in paths)


def _of_case(case: RuleInfo, rule: RuleInfo) -> str:
    """What tells a case from its rule, in brackets."""
    words = ["/".join(level_words(case))] if level_words(case) != level_words(rule) else []
    words += [", ".join(case.kinds)] if case.kinds != rule.kinds else []
    return f" ({'; '.join(words)})" if words else ""


def fix_words(rule: Rule) -> str:
    """Whether the fixes of a rule can be made unseen."""
    safe = {plan.safe for plan in rule.fixes}
    return "safe" if safe == {True} else "review it before you apply it" if safe == {False} else "safe in part"


def _fixes(rule: Rule) -> Iterator[str]:
    """The ways to fix a finding of a rule, each with the reason why it is safe, or is not."""
    for number, plan in enumerate(rule.fixes):
        words = "safe" if plan.safe else "review it before you apply it"
        yield f"{'          ' if number else 'Fix:      '}{words}{f': {plan.reason}' if plan.reason else ''}"


def _severity_sentence(info: RuleInfo) -> str:
    words = level_words(info)
    return words[0] if len(words) == 1 else f"{words[0]} in production, {words[1]} in development"


def _example(title: str, example: Example) -> list[str]:
    name = f" ({example.name})" if example.name else ""
    text = example.written(indent=2)
    shown = [line if len(line) <= 120 else f"{line[:117]}..." for line in text.rstrip("\n").split("\n")]
    finds = [f"    finds: {', '.join(example.finds)}"] if example.finds else []
    return [f"{title}{name}:", "", *(f"    {line}" for line in shown), *([""] if finds else []), *finds, ""]


# --- Its trace. ---------------------------------------------------------------------------------------------------------------------


class _Subject(NamedTuple):
    """A document that the rule is asked about, or the documents of a deployment together; ``main`` is whose choice of rules counts."""

    document: Document
    main: Document
    name: str


def explained(rule_file: RuleFile, outcome: Outcome, given: Overrides, config_of: Callable[[Path], Config]) -> str:
    """The trace of a rule for each document of a run, or for each deployment where the rule compares several documents.

    ``given`` is what the command line says, ``config_of`` gives the configuration for the files of a folder.
    """
    assert rule_file.rule is not None  # the caller has found it by its id
    info = rule_file.rule.info
    blocks = [f"{info.id}: {info.title}\n"]
    for subject in _subjects(rule_file.rule, outcome):
        blocks.append(_block(rule_file, outcome, subject, given, config_of(Path(subject.main.uri, os.pardir))))
    blocks += [f"{printable(one.path)}: left alone: {printable(one.note)}\n" for one in outcome.result.files if one.status == "ignored"]
    if len(blocks) == 1:
        kinds = " or ".join(info.kinds)
        several = "documents of one environment, with a server's among them: give all of them" if DEPLOYMENT in info.kinds else kinds
        blocks.append(f"Nothing to explain: the rule is for {several}.\n")
    return inert("\n".join(blocks))


def _subjects(rule: Rule, outcome: Outcome) -> Iterator[_Subject]:
    if rule.info.kinds != (DEPLOYMENT,):
        for document in _whole(outcome):
            yield _Subject(document, document, _name(document))
    if DEPLOYMENT in rule.info.kinds:
        for deployment in outcome.result.deployments:
            for combined in side_by_side(deployment):
                names = ", ".join(f"{member} {_name(one)}" for member, one in combined.members.items())
                yield _Subject(combined, combined.members.get("server", deployment.documents[0]), names)


def _whole(outcome: Outcome) -> Iterator[Document]:
    """The documents that rules are asked about: of what is a part of sums those, each once."""
    sums: dict[Document, list[Document]] = {}
    for one in outcome.sums:
        for part in _parts(one):
            sums.setdefault(part, []).append(one)
    yield from dict.fromkeys(one for document in outcome.result.documents for one in sums.get(document, [document]))


def _parts(document: Document) -> tuple[Document, ...]:
    return document.parts.documents if document.parts is not None else ()


def _name(document: Document) -> str:
    if document.parts is not None:
        files = dict.fromkeys(printable(one.uri) for one in document.parts.documents)
        holder = holder_text(document)
        return f"{' + '.join(files)}{f' ({holder})' if holder else ''}"
    environment = f"#{environment_text(document.environment)}" if document.environment else ""
    return f"{printable(document.uri)}{environment}"


def _block(rule_file: RuleFile, outcome: Outcome, subject: _Subject, given: Overrides, config: Config) -> str:
    rule, overrides = rule_file.rule, outcome.overrides[subject.main]
    assert rule is not None
    found = trace(rule, subject.document)
    findings = [one for one in outcome.result.findings if one.rule == rule.info.id and _is_of(one, subject.document)]
    chosen = _Choice(rule, overrides, given, config)
    levels = levels_of(rule, overrides, subject.document)
    level = min(filter(None, levels), key=LEVELS.index, default=None)
    readable = bool(subject.document.members) or subject.document in outcome.checkable
    silent = chosen.why_not or (chosen.why_off(subject.document) if level is None else "")
    by_source = rule.found_by
    if not silent and not readable and not by_source:
        silent = "too much of the document cannot be read"
    wrong = 0 if silent else sum(clause.places["false"] for clause in found.clauses)
    reported = sum(1 + len(one.related) for one in findings)
    left_out = _left_out(rule, outcome, subject.document, overrides, findings) if wrong > reported else []
    lines = [f"{subject.name}: {_verdict(rule, found, findings, silent, left_out, subject.document)}"]
    if found.cases:
        rows = _facts(subject.document, overrides, given, config)
        rows.append(("severity", f"{level or 'off'} ({chosen.severity})"))
        rows.append(("checked", f"no: {chosen.why_not}" if chosen.why_not else chosen.why))
        lines += [f"  {name.ljust(12)} {text}" for name, text in rows]
        several = bool(subject.document.members or subject.document.parts)
        lines += _clause_lines(rule_file, found, several=several)
        lines += _finding_lines(findings, left_out, several=several)
    return "\n".join(lines) + "\n"


def _documents(document: Document) -> Collection[Document]:
    return document.members.values() or _parts(document) or (document,)


def _is_of(finding: Finding, document: Document) -> bool:
    """Whether a finding is one of a document: where services have a file in common, it can be at a place that was first seen in another."""
    uris = {one.uri for one in _documents(document)}
    if finding.holders is not None and document.holders:
        return finding.document.uri in uris and not set(document.holders).isdisjoint(finding.holders)
    return finding.document in _documents(document)


def _verdict(
    rule: Rule, found: Trace, findings: list[Finding], silent: str, left_out: list[tuple[Finding, str]], document: Document
) -> str:
    """In one clause whether the rule speaks, and if not, why."""
    if not found.cases:
        return f"silent: the rule is for {' or '.join(rule.info.kinds)}, and this is {document.kind}"
    shown = [one for one in findings if one.suppressed is None]
    if shown:
        return f"{len(shown)} finding{'s' * (len(shown) > 1)}"
    if silent:
        return f"silent: {silent}"
    if findings:
        return "silent: what it finds is accepted"
    if left_out:
        return f"silent: {left_out[0][1]}"
    if rule.found_by:
        return "silent: what reads the file found nothing of this"
    if found.asked != "true":
        return "silent: its condition does not hold" if found.asked == "false" else "silent: it is not known whether its condition holds"
    unknown = sum(clause.places["unknown"] - clause.absent for clause in found.clauses)
    if unknown:
        return f"silent: nothing is known to be wrong, but {unknown} answer{'s are' if unknown > 1 else ' is'} unknown"
    if any(clause.places["true"] for clause in found.clauses):
        return f"silent: every clause holds{' of what is given' if any(clause.absent for clause in found.clauses) else ''}"
    return "silent: what it asks about is not given"


# --- What holds for a document. ----------------------------------------------------------------------------------------------------


def _facts(document: Document, overrides: Overrides, given: Overrides, config: Config) -> list[tuple[str, str]]:
    environment = document_fact(document, "environment")
    return [
        ("kind", document.kind),
        ("environment", environment_text(environment) if isinstance(environment, str) else "not known"),
        ("target", f"{document.target} ({_why_target(document, overrides, given, config)})"),
        ("server", document.server.described.removeprefix("server ")),
    ]


def _why_target(document: Document, overrides: Overrides, given: Overrides, config: Config) -> str:
    if overrides.target not in (None, "auto"):
        return "--target" if given.target is not None else _file(config)
    if document.target == "development":
        return "all its URLs are local"
    return (
        "not all of its URLs are local"
        if document.kind.startswith("server") or document.members
        else "only a server can be for development"
    )


def _file(config: Config, name: str = "") -> str:
    """The configuration file, with the line that names something."""
    if config.path is None:
        return "the configuration"
    line = f":{config.selectors[name]}" if name in config.selectors else ""
    return f"{printable(relative_to_here(config.path))}{line}"


class _Choice:
    """Why a rule is checked, or is not, and where its severity is from."""

    def __init__(self, rule: Rule, overrides: Overrides, given: Overrides, config: Config) -> None:
        self._overrides, self._given, self._config = overrides, given, config
        self._info = rule.info
        self.why_not = "" if is_active(rule, overrides) else self._reason(rule)

    @property
    def why(self) -> str:
        """Why it is checked."""
        selected = self._exact(self._overrides.select)
        return f"yes: {self._said('select', selected)}" if selected else "yes"

    @property
    def severity(self) -> str:
        """Where the severity is from."""
        info = self._info
        if info.id in (self._overrides.severity or {}):
            return f"severity in {_file(self._config, info.id)}"
        levels = {target: info.severity[target] or "off" for target in TARGETS}
        if len(set(levels.values())) == 1 and not info.pedantic:
            return "the rule"
        words = (f"{levels[one]}{' when asked for' * (one in info.pedantic)} in {one}" for one in TARGETS)
        return f"the rule: {', '.join(words)}"

    def why_off(self, document: Document) -> str:
        """Why it is off for the target of a document."""
        info, target = self._info, document.target
        if info.id not in (self._overrides.severity or {}) and target in info.pedantic and info.severity[target] is not None:
            return f"it is pedantic, and so checked only when it is asked for: --pedantic, or --select {info.id}"
        return f"it is off in {target} ({self.severity})"

    def _reason(self, rule: Rule) -> str:
        selected, ignored = self._exact(self._overrides.select), self._exact(self._overrides.ignore)
        if is_selected(rule, self._overrides):
            return f"the rule has enabled: false, and is checked only when it is selected by its id: --select {self._info.id}"
        if ignored:
            return self._said("ignore", ignored)
        return f"{self._where('select')} names other rules" if not selected else self._said("select", selected)

    def _exact(self, words: Iterable[str] | None) -> str:
        """The word that names the rule most exactly; empty where none does."""
        ranks = {word: rank(self._info, (word,)) for word in words or ()}
        return max((word for word in ranks if ranks[word]), key=ranks.__getitem__, default="")

    def _where(self, option: str, word: str = "") -> str:
        on_command_line = getattr(self._given, option) is not None
        return f"--{option}" if on_command_line else f"{option} in {_file(self._config, word)}"

    def _said(self, option: str, word: str) -> str:
        return f"{self._where(option, word)} names {printable(word)}"


# --- Clauses and findings. ---------------------------------------------------------------------------------------------------------


def _clause_lines(rule_file: RuleFile, found: Trace, *, several: bool) -> Iterator[str]:
    """The clauses of a rule with their answers. With ``several`` files each place names its own."""
    assert rule_file.rule is not None  # the caller has found it by its id
    for case in found.cases:
        if len(rule_file.rule.cases) > 1:
            yield f"  case {case.number + 1}  [line {rule_file.line(('cases', case.number))}]"
        for number, clauses in enumerate(case.conditions):
            yield f"  {'when' if number == 0 else 'or when'}"
            for clause in clauses:
                yield from _lines_of(clause, rule_file.line(clause.place), several=several)
        if case.clauses:
            yield "  must" if case.asked == "true" else "  must (reported only where the condition holds)"
        for clause in case.clauses:
            yield from _lines_of(clause, rule_file.line(clause.place), several=several)


def _lines_of(clause: ClauseTrace, line: int, *, several: bool) -> Iterator[str]:
    """A clause, with its line in the rule, and beneath it what it answers at each place."""
    yield f"    {clause.text}  [line {line}]"
    if not clause.places:
        nothing = "false" if "when" in clause.place[:3:2] else "-"
        yield f"      {nothing.ljust(8)} the path leads to nothing in this document"
    for answer in clause.answers:
        yield f"      {_answer(answer, several=several)}"
        yield from _part_lines(answer.parts, 10)
    for word, count in clause.places.items():
        more = count - sum(answer.verdict == word for answer in clause.answers)
        if more:
            yield f"      {word.ljust(8)} at {more} more place{'s' * (more > 1)}"


def _answer(answer: Answer, *, several: bool) -> str:
    place = ""
    if answer.span is not None:
        position = answer.document.position(answer.span.start)
        file = f"{printable(answer.document.uri)}:" if several else ""
        place = f"{answer.name} at {file}{position.line}:{position.column} "
    stands = "(absent)" if answer.value == "(absent)" else f"is {answer.value}" if place else answer.value
    why = f": {answer.why}" if answer.why else ""
    return f"{answer.verdict.ljust(8)} {place}{stands}{why}"


def _part_lines(parts: Iterable[PartAnswer], indent: int) -> Iterator[str]:
    for part in parts:
        why = f": {part.why}" if part.why else ""
        yield f"{' ' * indent}{part.verdict.ljust(8)} {part.text}{why}"
        yield from _part_lines(part.parts, indent + 2)


def _finding_lines(findings: list[Finding], left_out: list[tuple[Finding, str]], *, several: bool) -> Iterator[str]:
    if findings or left_out:
        yield "  findings"
    for finding in findings[:_MOST_FINDINGS]:
        accepted = f" (accepted: {printable(finding.suppressed)})" if finding.suppressed is not None else ""
        yield f"    {_place(finding, several=several)} {finding.severity}: {printable(finding.message)}{accepted}"
    for finding, why in left_out[:_MOST_FINDINGS]:
        yield f"    {_place(finding, several=several)} not reported: {why}"
    more = max(len(findings) - _MOST_FINDINGS, 0) + max(len(left_out) - _MOST_FINDINGS, 0)
    if more:
        yield f"    and {more} more"


def _place(finding: Finding, *, several: bool = False) -> str:
    """Its line and column, of ``several`` files with the name of its own."""
    position = finding.document.position(finding.span.start)
    return f"{f'{printable(finding.document.uri)}:' if several else ''}{position.line}:{position.column}"


def _left_out(rule: Rule, outcome: Outcome, document: Document, overrides: Overrides, reported: list[Finding]) -> list[tuple[Finding, str]]:
    """What the rule finds by itself and the report does not have, each with the reason."""
    known = {(finding.document.uri, finding.path) for finding in reported}
    known |= {(one.document.uri, one.path or None) for finding in reported for one in finding.related}
    findings = check(rule, document, levels_of(rule, overrides, document))
    return [
        (finding, _why_left_out(rule.info, rule.cases[finding.case].yields_to, outcome, finding))
        for finding in findings
        if (finding.document.uri, finding.path) not in known
    ]


def _why_left_out(info: RuleInfo, causes: Iterable[str], outcome: Outcome, finding: Finding) -> str:
    for cause in causes:
        for other in outcome.result.findings:
            if other.rule == cause and other.document.uri == finding.document.uri and _is_about(other, finding):
                return f"{info.id} yields to {cause}, which names the cause at {_place(other)}"
    return "another finding stands for it"


def _is_about(cause: Finding, finding: Finding) -> bool:
    """Whether one finding is about the setting of another, about what holds it, or about something in it."""
    one, other = cause.path or (), finding.path or ()
    return one == other[: len(one)] or other == one[: len(other)]
