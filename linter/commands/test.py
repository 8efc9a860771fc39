"""``medplum-lint test``: run the examples in rule files."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

from ..acceptance import UNUSED_SUPPRESSION, Checked
from ..acceptance.comments import Comments
from ..choose import rule_kinds
from ..config import Config
from ..documents.deployment import side_by_side
from ..documents.source import Loaded, SourceFile
from ..model import Deployment, Document
from ..options import Given
from ..output import write_standard_output
from ..policy.engine import applies, check
from ..policy.examples import FailedExample, Sample, failures
from ..policy.rule import Rule
from ..policy.rule_file import RuleFile
from ..policy.rule_set import Folder, built_in_rules, errors_of_ids, files_of
from ..release import ANY_SERVER
from ..say import Failed, fail_for
from ..server.target import target_of
from ..settings.kinds import DEPLOYMENT
from ..settings.releases import parse_server_version
from ..sources import maker_of
from ..syntax.edits import apply_to
from ..text import Span, printable_lines
from ..typed import Any, NamedTuple
from .inputs import rule_folders
from .layout import count
from .rules import built_in_rule_files, read_rule_files


def run(given: Given) -> int:
    """Run the examples in rule files: in the given files and folders, in those of the configuration file, or in the built-in rules.

    package:NAME stands for the rules of an installed package. A folder is searched with all the folders in it. What fails is printed with
    the clause that is the reason, and what it found instead.

    Examples:
      medplum-lint test policies
    """
    tested = list[Folder](given.folders) or rule_folders(given)
    if given.no_built_in and not tested:
        raise Failed('there are no policies to test: name their folder in "rules" of the configuration, or as a PATH')
    report = run_examples(tested)
    lines = [*map(printable_lines, [*report.notes, *report.failures]), *([] if given.quiet or report.errors else [report.summary])]
    write_standard_output("".join(f"{line}\n" for line in lines))
    fail_for(report.errors)
    return 1 if report.failures else 0


class ExampleReport(NamedTuple):
    """What running examples gave: failures, errors and notes as ``file:line: …``, and one line that sums up."""

    failures: list[str]
    errors: list[str]
    notes: list[str]
    summary: str


def run_examples(folders: list[Folder]) -> ExampleReport:
    """Run the examples of every rule file in the folders; without a folder those of the built-in rules."""
    files = read_rule_files(folders) if folders else built_in_rule_files()
    errors = [error for one in files for error in one.errors] + files_of(folders)[1]
    if folders:
        built_in = [rule.info for rule in built_in_rules()]
        errors += errors_of_ids(files, (info.id for info in built_in), (info.category for info in built_in)).values()
    rules = [(one, one.rule) for one in files if one.rule is not None]
    failed = [_described(file, rule, failure) for file, rule in rules for failure in failures(rule, load_example, rule_kinds())]
    notes = [f"{one.path}:{line}: note: {text}" for one in files for line, text in one.notes]
    examples = f"{count(sum(len(rule.examples) for _, rule in rules), 'example')} of {count(len(rules), 'rule')}"
    return ExampleReport(failed, errors, notes, f"{examples}: {f'{len(failed)} failed' if failed else 'all passed'}.")


def _described(rule_file: RuleFile, rule: Rule, failed: FailedExample) -> str:
    """A failed example with its place, and the reasons in lines of their own."""
    first = f"{rule_file.path}:{rule_file.line(failed.place)}: {rule.info.id}: {failed.message}"
    return "\n".join([first, *(f"    line {rule_file.line(place or failed.place)}: {reason}" for place, reason in failed.reasons)])


def load_example(content: bytes, kind: str, server: str = "") -> list[Sample]:
    """The documents of an example's text, loaded as a kind, each with what its source reports of it.

    ``server`` is the release that reads it, the newest where it is empty. Raises ValueError where it is none.
    """
    if kind == DEPLOYMENT:
        return _deployment(json.loads(content), server)
    samples = []
    version = parse_server_version(server, "the example") if server else ANY_SERVER
    file = SourceFile("rule", content, version)
    for loaded in maker_of(file, kind).load(file, kind):
        loaded.document.server = version
        loaded.document.target = target_of(loaded.document)
        loaded.document.complete = loaded.document.complete or kind == "server/json"  # an example is a whole, however short it is
        problems = [(problem.name, problem.span) for problem in loaded.problems]
        samples.append(Sample(loaded.document, [*problems, *_unused_suppressions(loaded)], loaded.checkable, partial(_mended, loaded)))
    return samples


def _mended(loaded: Loaded, names: Collection[str]) -> str:
    """The text of a document with the mistakes of some names that its source found put right."""
    repairs = [problem.repair for problem in loaded.problems if problem.name in names and problem.repair is not None]
    edits = [edit for repair in repairs if repair.edits is not None for edit in repair.edits() or ()]
    changes = [change for repair in repairs for change in repair.changes]
    if changes and loaded.editor is not None:
        edits += loaded.editor(changes) or ()
    return apply_to(loaded.document.text, edits, without_mark=any(repair.without_mark for repair in repairs))


def _unused_suppressions(loaded: Loaded) -> list[tuple[str, Span]]:
    """The suppression comments of an example that no built-in rule needs."""
    if not loaded.suppressions:
        return []
    rules = built_in_rules()
    ids = frozenset(rule.info.id for rule in rules)
    known = {rule.info.id: rule.info for rule in rules}
    comments = Comments([Checked(loaded, Config(), Path(), ids, frozenset(), frozenset(), known, whole=True, complete=True)])
    for finding in (finding for rule in rules if applies(rule, loaded.document) for finding in check(rule, loaded.document)):
        comments.reason(finding)
    return [(UNUSED_SUPPRESSION, unused.span) for unused in comments.unused()]


_KINDS_OF_MEMBERS = {
    "infra": "infra/json",
    "database": "secret/database",
    "redis": "secret/redis",
    "variables": "server/env",
    "parameters": "server/azure",  # what has no Parameters is no answer of Parameter Store
}


def _deployment(members: Mapping[str, Any], server: str) -> list[Sample]:
    """The documents of an example for rules about deployments: each member is what a file of its own would hold."""
    documents: list[Document] = []
    for name, data in members.items():
        text = data["text"] if "text" in data else json.dumps(data)
        kind = "server/ssm" if "Parameters" in data else _KINDS_OF_MEMBERS.get(name, "server/json")
        documents.extend(sample.document for sample in load_example(text.encode(), kind, server))
    return [Sample(combined, [], True) for combined in side_by_side(Deployment(None, tuple(documents)))]
