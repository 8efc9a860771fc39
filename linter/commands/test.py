"""``medplum-lint test``: run the examples of rules as tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path

from ..documents.source import Loaded
from ..model import level_on
from ..options import Given
from ..output import write_standard_output
from ..output.say import fail_for, say
from ..policy.engine import applies
from ..policy.errors import did_you_mean
from ..policy.example import JOINED, Example, Expected
from ..policy.rule import Rule
from ..policy.rule_file import RuleFile
from ..policy.rule_set import Folder, built_in_rules, check_selectors, errors_of_ids, files_of, rank, rules_folder
from ..policy.tree import Place
from ..text import count, printable_lines
from ..typed import NamedTuple
from .examples import difference, documents_of, failure_of, observe, problems_of
from .inputs import rule_folders
from .new_rule import POLICIES
from .rules import built_in_rule_files, read_rule_files


def run(given: Given) -> int:
    """Run the examples in rule files: in the given files and folders, in those of the configuration file, or in those of policies/.

    Without any of these, it runs those of the built-in rules.

    package:NAME stands for the rules of an installed package. A folder is searched recursively. Each failure is printed with
    the clause that caused it, and what it found instead.

    Examples:
      medplum-lint test policies
    """
    tested = list[Folder](given.folders) or rule_folders(given)
    if given.no_built_in and not tested:  # a folder that is not configured may contain the policies of another program
        if not given.quiet:
            say("note", 'there are no policies to test: name their folder in "rules" of the configuration, or as a PATH')
        return 0
    read = read_rules(tested or ([POLICIES] if not given.isolated and any(POLICIES.rglob("*.y*ml")) else []), given.select)
    failures, last = examples_of(read)
    if given.mutate and not failures and not read.errors:  # an example that fails would notice every change
        from .mutate import mutate  # only on request

        others = {rule.info.id: rule for rule in (*built_in_rules(), *(rule for _, rule in read.rules))}
        mutated = mutate(read.rules, others, given.mutants, given.seed)
        failures, summary = [*mutated.mistakes, *mutated.survivors], mutated.summary
    else:
        summary = [] if read.errors else [last]
    lines = [*map(printable_lines, failures), *([] if given.quiet else summary)]
    write_standard_output("".join(f"{line}\n" for line in lines))
    fail_for(read.errors)
    return 1 if failures else 0


class ReadFiles(NamedTuple):
    """The rule files to test that have no error, each with its rule, and the errors of the others as ``file:line: …``."""

    rules: list[tuple[RuleFile, Rule]]
    errors: list[str]


def read_rules(folders: Sequence[Folder], selectors: Sequence[str] | None = None) -> ReadFiles:
    """Read the rule files in the folders, which may be built-in rules; without folders all built-in rules. ``selectors`` choose some."""
    home = rules_folder().resolve()
    asked = {(folder if isinstance(folder, Path) else folder.path).resolve() for folder in folders}
    is_built_in = all(home in (path, *path.parents) for path in asked)
    files = list(built_in_rule_files()) if is_built_in else read_rule_files(folders)
    if is_built_in and asked:
        files = [file for file in files if asked & {file.path.resolve(), *file.path.resolve().parents}]
    errors = [error for file in files for error in file.errors] + files_of(folders)[1]
    if not is_built_in:
        errors += errors_of_ids(files).values()
    rules = [(file, file.rule) for file in files if file.rule is not None]
    if selectors is not None:
        errors += check_selectors(selectors, [rule.info for _, rule in rules])
        rules = [(file, rule) for file, rule in rules if rank(rule.info, selectors)]
    return ReadFiles(rules, errors)


def examples_of(read: ReadFiles) -> tuple[list[str], str]:
    """Run the examples of rule files: the failures as ``file:line: …``, and a summary line."""
    failed = [failure for file, rule in read.rules for failure in _failed(file, rule)]
    examples = f"{count(sum(len(rule.examples) for _, rule in read.rules), 'example')} of {count(len(read.rules), 'rule')}"
    return failed, f"{examples}: {f'{len(failed)} failed' if failed else 'all passed'}."


def _failed(file: RuleFile, rule: Rule) -> Iterator[str]:
    """Each example that fails, with its place, what is wrong, and the reasons on separate lines."""
    if any(rule.fixes) and not rule.info.fixable:
        says = 'no bad example has "fixed", which shows the result of the fix'
        yield f"{file.path}:{file.line(('fix',))}: {rule.info.id}: {says}"
    for example in rule.examples:
        message, reasons = _failure(rule, example)
        if message:
            _, verdict, index = example.place
            name = f" ({example.name})" if example.name else ""
            first = f"{file.path}:{file.line(example.place)}: {rule.info.id}: {verdict} example {int(index) + 1}{name}: {message}"
            yield "\n".join([first, *(f"    line {file.line(place or example.place)}: {reason}" for place, reason in reasons)])


def _failure(rule: Rule, example: Example) -> tuple[str, list[tuple[Place, str]]]:
    """What is wrong with an example (empty if nothing is), and the reasons, each with its place in the rule."""
    try:
        every = documents_of(rule, example)
    except ValueError as error:
        return str(error), []
    message = failure_of(rule, example, every, {other.info.id: other for other in built_in_rules()} if example.yields_to else {})
    if not message or example.yields_to:
        return message, []
    reasons: list[tuple[Place, str]] = []
    for loaded in every:
        missing, unexpected = difference(example, [seen for _, seen in observe(rule, loaded)])
        reasons += _reasons(rule, loaded, _names(unexpected), _names(missing))
    return message, reasons


def _names(findings: Iterable[Expected]) -> set[str]:
    """The names of the settings that findings are about."""
    return {name for finding in findings for name in finding.name.split(JOINED)}


def _reasons(rule: Rule, loaded: Loaded, unexpected: Set[str], missing: Set[str]) -> Iterator[tuple[Place, str]]:
    """Why a rule finds what it should not, or does not find what it should."""
    from .explain import asked_clauses, trace  # only for an example that fails

    document = loaded.document
    if rule.of_source or not loaded.checkable:
        others = [f"{problem.name} at {'{}:{}'.format(*document.position(problem.span.start))}" for problem in problems_of(loaded)]
        lost = "" if loaded.checkable else ", and too much of it cannot be read"
        yield (), f"reading the text reports {', '.join(others) or 'nothing'}{lost}"
        return
    if not applies(rule, document):
        yield ("for",), f"the rule is not for {document.kind}, which the example is"
        return
    if level_on(rule.info.severity, document.target) is None:
        yield ("severity",), f"the rule is off in {document.target}, which the example is for"
        return
    cases = trace(rule, document)
    if missing and all(case.asked != "true" for case in cases):
        for clause in (clause for case in cases for clauses in case.conditions for clause in clauses):
            if clause.holds_somewhere != "true":
                why = next((answer.says for answer in clause.answers), "its path leads to nothing")
                yield clause.place, f"the condition {clause.text} is {clause.holds_somewhere}: {why}"
        return
    asked = set()
    for clause, answer in ((traced, answer) for traced in asked_clauses(cases) for answer in traced.answers):
        asked.add(answer.setting)
        allowed = {"true": "allows", "unknown": "cannot decide", "false": "does not allow"}[answer.verdict]
        if answer.setting in (unexpected if answer.verdict == "false" else missing):
            yield clause.place, f"{answer.says}, which {clause.text} {allowed}"
    for name in missing:
        if name not in asked:
            yield ("must",), f"no path of must leads to {name}{did_you_mean(name, asked)}"
