"""``medplum-lint explain``: what a rule is about, and why it does or doesn't report something in a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from ..model import ABSENT, LEVELS, Document, Finding, dotted
from ..options import Given
from ..options.choose import is_active, levels_of, most_exact
from ..output import write_standard_output
from ..output.say import fail_for
from ..policy.controls import lines_about
from ..policy.display import flow
from ..policy.engine import applies, check, misspelt_names, seen_by
from ..policy.evaluate import AS_WRITTEN, IN_CONDITION, Mode, ask, ask_part, holds
from ..policy.example import Example
from ..policy.node import Node, document_fact
from ..policy.rule import Case, Rule
from ..policy.rule_file import RuleFile
from ..policy.rule_set import all_rules, check_ids
from ..policy.template import shown_at
from ..policy.tree import Assertion, Clause, Place
from ..policy.verdict import Failure, Verdict
from ..redaction.mask import environment_text
from ..reporters._words import of_holder, place
from ..run import Outcome
from ..run.record import (
    Subject,
    is_of,
    lack_of,
    named_by,
    place_in,
    severity_from,
    status_of,
    subjects_of,
    why_unknown,
    written_documents,
)
from ..server.shown import not_read
from ..server.target import evidence_of
from ..settings.kinds import DEPLOYMENT, WORKLOAD
from ..text import Span, clipped, count, inert, printable, printable_lines
from ..typed import Any, Final, Literal, NamedTuple
from .check import checker, run_options
from .inputs import rule_folders
from .layout import document_name, not_read_text
from .rules import level_words, rule_file_of

_MOST_FINDINGS: Final = 20
"""The maximum number of findings that are named one by one."""
_MOST_SETTINGS: Final = 3
"""The maximum number of settings in the outline of a message."""


def run(given: Given) -> None:
    """Explain a rule, with examples.

    With a PATH (a file, a folder, a glob, or "-") it shows for each document what the rule asks, what it finds and where, and what
    keeps it from applying: the kind, the target, a condition, the configuration, a comment.

    Examples:
      medplum-lint explain missing-trailing-slash
      medplum-lint explain --rules policies acme/support-email-domain
      medplum-lint explain unencrypted-database medplum.config.json
    """
    folders = rule_folders(given, given.paths)
    rules, errors = all_rules(folders)
    fail_for(errors)
    fail_for(check_ids([given.rule], [rule.info for rule in rules]))
    rule_file = rule_file_of(given.rule, folders)
    if not given.paths:
        write_standard_output(explanation(rule_file))
        return
    outcome = checker(given.paths, run_options(given))(None)
    if outcome.started and (outcome.result.documents or not outcome.errors):
        write_standard_output(explained(rule_file, outcome))
    fail_for(outcome.errors, outcome.bugs)


# --- The rule itself. ---------------------------------------------------------------------------------------------------------------


def explanation(rule_file: RuleFile) -> str:
    """The documentation of a rule, with its first good and bad example."""
    assert rule_file.rule is not None  # its file was chosen by its id
    info, examples = rule_file.rule.info, rule_file.rule.examples
    severity = " in production, ".join(level_words(info)) + " in development" * (len(level_words(info)) > 1)
    lines = [
        f"{info.id}: {info.title}",
        "",
        f"Severity: {severity}",
        f"For:      {', '.join(info.kinds)}",
        *([f"Category: {info.category}"] if info.category else []),
        *_fixes(rule_file.rule),
        "",
        *[f"* {line}" for line in outlines(rule_file.rule)],
        "",
        *([info.docs, ""] if info.docs else []),
        *(["This check supports:", *supported, ""] if (supported := lines_about(info)) else []),
        *_example("Wrong", next(example for example in examples if not example.is_good)),
        *_example("Right", next(example for example in examples if example.is_good)),
        *[f"See {link}" for link in info.links],
    ]
    return printable_lines("\n".join(lines)) + "\n"


def outlines(rule: Rule) -> list[str]:
    """The message of each case of a rule, with words in capitals for values of a finding; none if a source writes the message.

    A case shows its severity, kinds of document and settings if they differ from those of the rule.
    """
    lines = []
    for case in rule.cases:
        if case.message is None:
            continue
        words = ["/".join(level_words(case.info))] if level_words(case.info) != level_words(rule.info) else []
        words += [", ".join(case.info.kinds)] if case.info.kinds != rule.info.kinds else []
        lines.append(case.message.outline(_settings(case)) + (f" ({'; '.join(words)})" if words else ""))
    return list(dict.fromkeys(lines))


def _settings(case: Case) -> str:
    """The settings that a case is about, by name; ``SETTING`` if there are too many."""
    paths = [clause.text.partition("@")[0] for clause in case.must]
    if not 0 < len(paths) <= _MOST_SETTINGS or any("*" in path or path in ("$", "") for path in paths):
        return "SETTING"
    return " or ".join(path.replace('"', "") for path in paths)


def fix_words(safe: Collection[bool]) -> str:
    """Whether fixes can be applied without review."""
    return "safe" if all(safe) else "safe in part" if any(safe) else "review it before you apply it"


def _fixes(rule: Rule) -> Iterator[str]:
    """The ways to fix a finding of a rule, each with the reason it is safe or unsafe."""
    for number, plan in enumerate(rule.fixes):
        yield f"{'' if number else 'Fix:':10}{fix_words([plan.safe])}{plan.reason and f': {plan.reason}'}"


def _example(title: str, example: Example) -> list[str]:
    name = f" ({example.name})" if example.name else ""
    shown = [line if len(line) <= 120 else f"{line[:117]}..." for line in example.text(indent=2).rstrip("\n").split("\n")]
    finds = ["", f"    finds: {', '.join(example.finds)}"] if example.finds else []
    return [f"{title}{name}:", "", *(f"    {line}" for line in shown), *finds, ""]


# --- Its trace. ---------------------------------------------------------------------------------------------------------------------


def explained(rule_file: RuleFile, outcome: Outcome) -> str:
    """The trace of a rule for each document of a run, or for each deployment if the rule compares several documents."""
    rule = rule_file.rule
    assert rule is not None  # the caller has found it by its id
    blocks = [f"{rule.info.id}: {rule.info.title}\n"]
    for document, main in subjects_of(rule.info.kinds, outcome):
        subject = Subject.maker(document, main, outcome)(rule)
        blocks.append(f"{_name(document)}: {chr(10).join(_block(subject, outcome, rule_file))}\n")
    blocks += [f"{printable(file.path)}: left alone: {printable(file.note)}\n" for file in outcome.result.files if file.status == "ignored"]
    if len(blocks) == 1:
        several = "documents of one environment, with a server's among them: give all of them"
        kinds = several if DEPLOYMENT in rule.info.kinds else " or ".join(rule.info.kinds)
        blocks.append(f"Nothing to explain: the rule is for {kinds}.\n")
    return inert("\n".join(blocks))


def _name(document: Document) -> str:
    if document.members:
        return ", ".join(f"{member} {_name(one)}" for member, one in document.members.items())
    if document.kind == WORKLOAD:
        return f"what surrounds {document_name(document)}"
    if document.parts is not None:
        return " + ".join(dict.fromkeys(printable(text.uri) for text in written_documents(document))) + of_holder(document)
    return document_name(document)


def _block(subject: Subject, outcome: Outcome, rule_file: RuleFile) -> Iterator[str]:
    rule, document, overrides, *_ = subject
    findings = [finding for finding in outcome.result.findings if finding.rule == rule.info.id and is_of(finding, document)]
    status, cases = status_of(subject, outcome, findings), trace(rule, document)
    if not cases:
        yield f"silent: {status.why}"
        return
    levels, is_on = levels_of(rule, overrides, document), is_active(rule, overrides)
    # A connection with a target of its own can have findings of a rule that is off elsewhere.
    level = min(filter(None, (*levels, *(one.severity for one in findings))), key=LEVELS.index, default=None)
    left_out: list[tuple[Finding, str]] = []
    wrong = sum(clause.places["false"] for clause in asked_clauses(cases))
    is_checked = is_on and (document.members or document in outcome.checkable)
    if is_checked and wrong > sum(1 + len(finding.related) for finding in findings):
        known = {(finding.document.uri, finding.path) for finding in findings}
        known |= {(one.document.uri, one.path or None) for finding in findings for one in finding.related}
        others = (one for one in check(rule, document, levels) if (one.document.uri, one.path) not in known)
        left_out = [(one, _why_left_out(rule, outcome, one)) for one in others]
    shown = sum(finding.suppressed is None for finding in findings)
    yield count(shown, "finding") if shown else f"silent: {left_out[0][1] if left_out and not findings else status.why}"
    environment = document_fact(document, "environment")
    selected = most_exact(rule.info, overrides.select)
    rows = {
        "kind": document.kind,
        "environment": environment_text(environment) if isinstance(environment, str) else "not known",
        "target": f"{document.target or 'not known'} ({_why_target(subject)})",
        "server": document.server.described.removeprefix("server "),
        "severity": f"{level or 'off'} ({severity_from(subject)})",
        "checked": (f"yes: {named_by(subject, 'select', selected)}" if selected else "yes") if is_on else f"no: {status.why}",
    }
    yield from (f"  {name:12} {text}" for name, text in rows.items())
    unread = {why: names for member in document.members.values() or [document] for why, names in not_read(member).items()}
    yield from (f"  {'not read':12} {not_read_text(why, names)}" for why, names in unread.items())
    yield from _clause_lines(rule_file, len(rule.cases) > 1, cases)
    yield from _finding_lines(bool(document.members or document.parts), findings, left_out)


# --- Why a rule is or isn't checked. ------------------------------------------------------------------------------------------------


def _why_target(subject: Subject) -> str:
    if subject.overrides.target not in (None, "auto"):
        return "--target" if subject.given.target is not None else place_in(subject, "target")
    members = (member for member in subject.document.members.values() if member.kind.startswith("server"))
    evidence, target = evidence_of(next(members, subject.document)), subject.document.target
    says = evidence.says if evidence is not None else "nothing shows it" if target is None else "as the rest of the file"
    says += ": secrets are reported, and what applies to both" if target is None else ""
    own = [dotted(section) for section in subject.document.targets if section]
    return f"{says}; production for {' and '.join(own)}, by the host there" if own else says


# --- Clauses and findings. ---------------------------------------------------------------------------------------------------------


def _clause_lines(rule_file: RuleFile, several: bool, cases: Iterable[CaseTrace]) -> Iterator[str]:
    """The clauses of a rule with their answers."""
    for case in cases:
        if several:
            yield f"  case {case.number + 1}  [line {rule_file.line(('cases', case.number))}]"
        must = "must" if case.asked == "true" else "must (reported only where the condition holds)"
        groups = [("or when" if number else "when", clauses) for number, clauses in enumerate(case.conditions)]
        for title, clauses in [*groups, *([(must, case.clauses)] if case.clauses else [])]:
            yield f"  {title}"
            for clause in clauses:
                yield f"    {clause.text}  [line {rule_file.line(clause.place)}]"
                yield from clause.lines


def _finding_lines(several: bool, findings: list[Finding], left_out: list[tuple[Finding, str]]) -> Iterator[str]:
    accepted = [f" (accepted: {printable(finding.suppressed)})" if finding.suppressed is not None else "" for finding in findings]
    named = [(one, f"{one.severity}: {printable(one.message)}{how}") for one, how in zip(findings[:_MOST_FINDINGS], accepted, strict=False)]
    named += [(one, f"not reported: {why}") for one, why in left_out[:_MOST_FINDINGS]]
    if named:
        yield "  findings"
    yield from (f"    {position(one.document, one.span, several)} {says}" for one, says in named)
    more = len(findings) + len(left_out) - len(named)
    if more:
        yield f"    and {more} more"


def _why_left_out(rule: Rule, outcome: Outcome, finding: Finding) -> str:
    """Why a finding of a rule is not reported: its cause, or another finding, is. A cause is about the setting, its parent, or a member."""
    path = finding.path or ()
    for cause in rule.cases[finding.case].yields_to:
        for other in outcome.result.findings:
            shared = min(len(path), len(other.path or ()))
            if other.rule == cause and other.document.uri == finding.document.uri and (other.path or ())[:shared] == path[:shared]:
                return f"{rule.info.id} yields to {cause}, which names the cause at {position(other.document, other.span)}"
    return "another finding covers it"


# --- The verdicts of a rule's clauses. Nothing is decided here: the engine evaluates the clauses. ---------------------------------------

Word = Literal["true", "false", "unknown"]
_MOST_FALSE: Final = 8
_MOST_ALIKE: Final = 3
"""The maximum number of places of a clause that are named one by one: failing ones, and others with the same answer and reason."""
_LONGEST: Final = 100
"""The maximum length of an assertion as shown, in characters."""


class Answer(NamedTuple):
    """The verdict of a clause at one place, in ``lines``; the name of the setting in its own document, and what is wrong with it."""

    verdict: Word
    setting: str
    says: str
    lines: tuple[str, ...]


class ClauseTrace(NamedTuple):
    """A clause, with its place in the rule, and its answers, also as ``lines``; ``places`` counts all answers by verdict."""

    text: str
    place: Place
    answers: list[Answer]
    lines: list[str]
    places: Mapping[Word, int]

    @property
    def holds_somewhere(self) -> Word:
        """The answer of the clause in a condition, where one matching place is enough."""
        return "true" if "true" in self.places else "unknown" if "unknown" in self.places else "false"


class CaseTrace(NamedTuple):
    """A case of a rule on a document, with the index of the case.

    ``conditions`` are the alternatives of ``when``; ``asked``: one of them holds, or there is none.
    """

    number: int
    conditions: tuple[tuple[ClauseTrace, ...], ...]
    asked: Word
    clauses: tuple[ClauseTrace, ...]


def trace(rule: Rule, document: Document) -> list[CaseTrace]:
    """The answers of a rule's clauses for a document, in each case that applies to this kind of document."""
    seen = seen_by(rule, document)
    root = Node(seen, None, seen.data)
    return [_case(number, case, root) for number, case in enumerate(rule.cases) if applies(case, document)]


def asked_clauses(cases: Iterable[CaseTrace]) -> list[ClauseTrace]:
    """The clauses of all cases whose conditions hold."""
    return [clause for case in cases if case.asked == "true" for clause in case.clauses]


def _case(number: int, case: Case, root: Node) -> CaseTrace:
    conditions = tuple(tuple(_traced(clause, root, IN_CONDITION) for clause in clauses) for clauses in case.when)
    asked = _word(holds(case.when, root))
    return CaseTrace(number, conditions, asked, tuple(_traced(clause, root, AS_WRITTEN) for clause in case.must))


def _traced(clause: Clause, root: Node, mode: Mode) -> ClauseTrace:
    places: Counter[Word] = Counter()
    alike: Counter[str | Word] = Counter()
    answers = []
    for node in chain(clause.path.nodes(root), misspelt_names(root.document) if clause.aspect is not None else ()):
        verdict = ask(clause.assertion, clause.path.value(node), node, mode)
        word = _word(verdict)
        reason = why_unknown(clause.path.value(node), node, clause)[1] if verdict is None else word
        places[word] += 1
        alike[reason] += 1
        if alike[reason] <= (_MOST_FALSE if word == "false" else _MOST_ALIKE):
            answers.append(_answer(clause, node, verdict, mode))
    lines = [line for answer in answers for line in answer.lines]
    named = Counter(answer.verdict for answer in answers)
    lines += [f"      {word:8} at {count(more, 'more place')}" for word, more in (places - named).items()]
    if not places:
        lines = [f"      {'false' if mode else '-':8} the path leads to nothing in this document"]
    return ClauseTrace(f"{printable(clause.text)}: {assertion_text(clause.data)}", clause.place, answers, lines, places)


def _word(verdict: Verdict) -> Word:
    return "unknown" if verdict is None else "true" if verdict is True else "false"


def _answer(clause: Clause, node: Node, verdict: Verdict, mode: Mode) -> Answer:
    value, fact = clause.path.value(node), clause.path.fact
    path = node.path + (verdict[0].path if isinstance(verdict, tuple) and verdict else ())
    document, own_path = node.document.written_in(path)
    name = f"{printable(dotted(path))}{f'@{fact}' if fact else ''}" if path else ""
    shown = shown_at(node, fact)
    if fact is not None:
        shown = _ABSENT if value is ABSENT else str(value).lower() if isinstance(value, bool) else shown
    text = shown
    if own_path and not document.members:
        several = bool(node.document.members or node.document.parts)
        text = f"{name} at {position(document, document.locate(own_path), several)} {shown if shown == _ABSENT else f'is {shown}'}"
    says = f"{name or 'it'} {'is not given' if shown == _ABSENT else f'is {shown}'}"
    why = _why(value, node, verdict, clause)
    parts = () if verdict is None and lack_of(value) else _parts(clause.assertion, value, node, clause, mode)
    lines = (_line(6, verdict, text, why), *parts)
    return Answer(_word(verdict), dotted(own_path), f"{says}: {why}" if why and why not in says else says, lines)


def _line(indent: int, verdict: Verdict, text: str, why: str) -> str:
    return f"{' ' * indent}{_word(verdict):8} {text}{why and f': {why}'}"


_ABSENT: Final = "(absent)"


def position(document: Document, span: Span, several: bool = False) -> str:
    """The line and column of a place, with the file where there are ``several``."""
    return place(document, span) if several else "{}:{}".format(*document.position(span.start))


def _why(value: Any, node: Node, verdict: Verdict, clause: Clause) -> str:
    """Why an answer is not true."""
    if verdict is None:
        name, why = why_unknown(value, node, clause)
        return why if name == printable(dotted(node.path)) else f"{name} {why}"
    return "" if verdict is True else "; ".join(dict.fromkeys(map(_reason, verdict)))


def _reason(failure: Failure) -> str:
    return f"{printable(dotted(failure.path))} {failure.reason.text}" if failure.path else failure.reason.text


# --- The parts of an assertion. ----------------------------------------------------------------------------------------------------


def _parts(assertion: Assertion, value: Any, node: Node, clause: Clause, mode: Mode, indent: int = 10) -> Iterator[str]:
    """The parts of a compound assertion, each with its own answer."""

    def of(word: str, inner: Assertion, mode: Mode = mode, at: Node = node, given: Any = value, indent: int = indent) -> Iterator[str]:
        verdict = ask(inner, given, at, mode)
        yield _line(indent, verdict, f"{word} {assertion_text(inner.data)}", _why(given, at, verdict, clause))
        yield from _parts(inner, given, at, clause, mode, indent + 2)

    for alternative in assertion.alternatives:
        yield from of("or", alternative)
    for part in assertion.parts:
        if part.name == "if":
            (_, condition), (_, consequence) = part.inner
            yield from of("if", condition, IN_CONDITION)
            if not isinstance(ask(condition, value, node, IN_CONDITION), tuple):
                yield from of("then", consequence)
            continue
        deeper = indent
        if len(assertion.parts) > 1:
            verdict, deeper = ask_part(part, value, node, mode), indent + 2
            yield _line(indent, verdict, f"{part.name}: {assertion_text(part.operand)}", _why(value, node, verdict, clause))
        for member, one in part.inner if isinstance(value, dict) else ():
            if member is not None:
                child = node.child(member)
                yield from of(f"{member}:", one, at=child, given=child.value, indent=deeper)


def assertion_text(assertion: Any) -> str:
    """An assertion on one line of YAML, cut at 100 characters."""
    return printable(clipped(flow(assertion), _LONGEST))
