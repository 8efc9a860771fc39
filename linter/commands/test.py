"""``medplum-lint test``: run the examples of rules as tests."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from ..acceptance import UNUSED_SUPPRESSION, Checked
from ..acceptance.comments import Comments
from ..deployment.members import side_by_side
from ..documents.origin import JsonOrigin
from ..documents.source import Loaded, SourceFile
from ..model import Deployment, Document, dotted, level_on
from ..options import Given
from ..options.config import Config
from ..output import write_standard_output
from ..output.say import fail_for, say
from ..policy.engine import applies, check
from ..policy.errors import did_you_mean
from ..policy.make_fix import apply_change
from ..policy.rule import RULE_KINDS, Example, Rule, kind_matches
from ..policy.rule_file import RuleFile
from ..policy.rule_set import Folder, built_in_rules, errors_of_ids, files_of, rules_folder
from ..policy.tree import Place
from ..release import ANY_SERVER
from ..server.target import target_of
from ..settings.kinds import COMPANIONS, DEPLOYMENT, DOCUMENT_KINDS
from ..settings.releases import parse_server_version
from ..sources import maker_of
from ..syntax.edits import apply_to
from ..text import Span, count, printable_lines
from ..typed import Any, NamedTuple
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
    report = run_examples(tested or ([POLICIES] if not given.isolated and any(POLICIES.rglob("*.y*ml")) else []))
    lines = [*map(printable_lines, report.failures), *([] if given.quiet or report.errors else [report.summary])]
    write_standard_output("".join(f"{line}\n" for line in lines))
    fail_for(report.errors)
    return 1 if report.failures else 0


class ExampleReport(NamedTuple):
    """The result of running examples: failures and errors as ``file:line: …``, and a summary line."""

    failures: list[str]
    errors: list[str]
    summary: str


def run_examples(folders: list[Folder]) -> ExampleReport:
    """Run the examples of every rule file in the folders, which may be built-in rules; without folders those of all built-in rules."""
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
    failed = [failure for file, rule in rules for failure in _failed(file, rule)]
    examples = f"{count(sum(len(rule.examples) for _, rule in rules), 'example')} of {count(len(rules), 'rule')}"
    return ExampleReport(failed, errors, f"{examples}: {f'{len(failed)} failed' if failed else 'all passed'}.")


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


def kind_of(rule: Rule, example: Example) -> str:
    """The kind of an example: the one it states, else the first that the rule applies to, preferring JSON."""
    wanted = example.kind or rule.info.kinds[0]
    return min((kind for kind in RULE_KINDS if kind_matches(kind, wanted)), key=lambda kind: (not kind.endswith("/json"), kind))


def _failure(rule: Rule, example: Example) -> tuple[str, list[tuple[Place, str]]]:
    """What is wrong with an example (empty if nothing is), and the reasons, each with its place in the rule."""
    try:
        every = load_example(example.text().encode(example.encoding), kind_of(rule, example), example.server)
        for loaded in every:
            _set_up(loaded.document, example)
    except ValueError as error:
        return str(error), []
    expected = Counter(map(str, example.finds))
    found = Counter(name for loaded in every for name in _found(rule, loaded))
    if found != expected:
        reasons = [reason for loaded in every for reason in _reasons(rule, loaded, found - expected, expected - found)]
        return f"finds {_list(sorted(found.elements()))}, but should find {_list(sorted(expected.elements()))}", reasons
    fixed = None
    if example.fixed is not None:
        fixed = _repaired(every[0], rule.found_by) if rule.found_by else _fixed(rule, every[0].document)
    return "" if fixed == example.fixed else f"is fixed to {json.dumps(fixed)}, but should be fixed to {json.dumps(example.fixed)}", []


def _set_up(document: Document, example: Example) -> None:
    """Apply the fields of an example beside its content to a document. Raises ValueError if its content contradicts them."""
    environment = example.environment
    for member in (document, *document.members.values()):
        member.now = datetime.fromisoformat(f"{example.now}T12:00:00+00:00") if example.now else None
        member.target = example.target or member.target
        if environment is not None and not member.holders and member.environment not in (None, environment):
            raise ValueError(f"it says that its environment is {environment}, but by its content that is {member.environment}")
        if environment is not None:
            # A service or a container names no environment; the policy is checked as if it did.
            member.environment, member.holders = environment, ()


def _reasons(rule: Rule, loaded: Loaded, unexpected: Counter[str], missing: Counter[str]) -> Iterator[tuple[Place, str]]:
    """Why a rule finds what it should not, or does not find what it should."""
    from .explain import trace  # only for an example that fails

    document = loaded.document
    if rule.found_by or not loaded.checkable:
        others = [f"{name} at {'{}:{}'.format(*document.position(span.start))}" for name, span in _found_by_source(loaded)]
        yield (), f"reading the text reports {_list(others)}{'' if loaded.checkable else ', and too much of it cannot be read'}"
        return
    if not applies(rule, document):
        yield ("for",), f"the rule is not for {document.kind}, which the example is"
        return
    if level_on(rule.info.severity, document.target) is None:
        yield ("severity",), f"the rule is off in {document.target}, which the example is for"
        return
    found = trace(rule, document)
    if missing and found.asked != "true":
        for clause in (clause for case in found.cases for clauses in case.conditions for clause in clauses):
            if clause.holds_somewhere != "true":
                why = next((answer.says for answer in clause.answers), "its path leads to nothing")
                yield clause.place, f"the condition {clause.text} is {clause.holds_somewhere}: {why}"
        return
    asked = set()
    for clause, answer in ((traced, answer) for traced in found.clauses for answer in traced.answers):
        asked.add(answer.setting)
        allowed = {"true": "allows", "unknown": "cannot decide", "false": "does not allow"}[answer.verdict]
        if (unexpected if answer.verdict == "false" else missing)[answer.setting]:
            yield clause.place, f"{answer.says}, which {clause.text} {allowed}"
    for name in missing:
        if name not in asked:
            yield ("must",), f"no path of must leads to {name}{did_you_mean(name, asked)}"


def _found(rule: Rule, loaded: Loaded) -> list[str]:
    """Names of the settings found, or ``line:column`` where the source finds."""
    if rule.found_by:
        return ["{}:{}".format(*loaded.document.position(span.start)) for name, span in _found_by_source(loaded) if name in rule.found_by]
    return [dotted(finding.path or ()) for finding in check(rule, loaded.document)] if loaded.checkable else []


def _list(names: list[str]) -> str:
    return ", ".join(names) if names else "nothing"


def _fixed(rule: Rule, document: Document) -> dict[str, Any]:
    data = copy.deepcopy(document.data)
    for finding in check(rule, document):
        for change in finding.fix.changes if finding.fix else ():
            apply_change(data, change)
    return data


def _repaired(loaded: Loaded, names: Collection[str]) -> str:
    """The text of a document with the named source-found mistakes fixed."""
    repairs = [problem.repair for problem in loaded.problems if problem.name in names and problem.repair is not None]
    edits = [edit for repair in repairs if repair.edits is not None for edit in repair.edits() or ()]
    changes = [change for repair in repairs for change in repair.changes]
    if changes and loaded.editor is not None:
        edits += loaded.editor(changes) or ()
    return apply_to(loaded.document.text, edits, without_mark=any(repair.without_mark for repair in repairs))


def load_example(content: bytes, kind: str, server: str = "") -> list[Loaded]:
    """Load the text of an example as documents of a kind, for the release ``server``, or the newest if that is empty.

    Raises ValueError if it is not of that kind.
    """
    if kind == DEPLOYMENT:
        return _deployment(json.loads(content), server)
    version = parse_server_version(server, "the example") if server else ANY_SERVER
    file = SourceFile("rule", content, version)
    if kind in COMPANIONS:
        every = [Loaded(Document(file.uri, kind, file.text, file.json.value, JsonOrigin(file.text, file.json, kind), server=version), ())]
    else:
        every = list(maker_of(file, kind).load(file, kind))
    for document in (loaded.document for loaded in every):
        document.server, document.target = version, target_of(document) or "production"
        document.complete = document.complete or kind == "server/json"  # an example is complete, however short it is
    return every


def _found_by_source(loaded: Loaded) -> list[tuple[str, Span]]:
    """What a source found, by the name of the mistake, and the suppression comments that no built-in rule needs."""
    found = [(problem.name, problem.span) for problem in loaded.problems]
    if not loaded.suppressions:
        return found
    rules = built_in_rules()
    known = {rule.info.id: rule.info for rule in rules}
    comments = Comments([Checked(loaded, Config(), Path(), frozenset(known), frozenset(), frozenset(), known, whole=True, complete=True)])
    for finding in (finding for rule in rules if applies(rule, loaded.document) for finding in check(rule, loaded.document)):
        comments.acceptance(finding)
    return found + [(UNUSED_SUPPRESSION, unused.span) for unused in comments.unused()]


_KINDS_OF_MEMBERS = {one.beside or one.role: kind for kind, one in DOCUMENT_KINDS.items()}
"""The kinds of the members of a deployment by name; for ``parameters`` a secret in Key Vault comes last."""


def _deployment(members: Mapping[str, Any], server: str) -> list[Loaded]:
    """The documents of an example for rules about deployments: each member is the content of a separate file."""
    documents: list[Document] = []
    for name, data in members.items():
        text = data["text"] if "text" in data else json.dumps(data)
        kind = "server/ssm" if "Parameters" in data else _KINDS_OF_MEMBERS.get(name, "server/json")
        documents.extend(loaded.document for loaded in load_example(text.encode(), kind, server))
    return [Loaded(combined, ()) for combined in side_by_side(Deployment(None, tuple(documents)))]
