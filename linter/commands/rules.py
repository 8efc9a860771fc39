"""Listing, explaining and testing rules: what people ask of the rules themselves."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from ..acceptance.checked import Checked
from ..acceptance.comments import RULE as UNUSED_SUPPRESSION
from ..acceptance.comments import Suppressions
from ..choose import rule_kinds
from ..config import Config
from ..documents.deployment import side_by_side
from ..documents.source import Loaded, SourceFile
from ..model import TARGETS, Deployment, Document, RuleInfo, Target
from ..policy.engine import applies, check
from ..policy.examples import FailedExample, Sample, failures
from ..policy.rule import Case, Example, Rule
from ..policy.rule_file import RuleFile, read_rule_file
from ..policy.rule_set import Folder, built_in_rules, category_of, errors_of_ids, files_of, rule_files, rules_folder
from ..policy.severity import PEDANTIC
from ..release import ANY_SERVER
from ..server.target import target_of
from ..settings.kinds import DEPLOYMENT
from ..settings.releases import parse_server_version
from ..sources import maker_of
from ..syntax.edits import apply_to
from ..text import Span, inert, printable, printable_lines
from ..typed import Any, Final, NamedTuple


def level_words(info: RuleInfo) -> list[str]:
    """The severity of a rule in words: one for all targets, or that in production and that in development."""
    words = [PEDANTIC if _is_pedantic(info, target) else info.severity[target] or "off" for target in TARGETS]
    return words[:1] if len(set(words)) == 1 else words


def _is_pedantic(info: RuleInfo, target: Target) -> bool:
    return target in info.pedantic and info.severity[target] is not None


def rules_as_text(rules: Iterable[Rule]) -> str:
    """A table of rules for each category: id, severity, title."""
    infos = [one.info for one in rules]
    width = max(len(one.id) for one in infos)
    levels = {one.id: "/".join(level_words(one)) for one in infos}
    level = max(map(len, levels.values()))
    blocks = []
    for category in sorted({one.category for one in infos}):
        rows = (one for one in infos if one.category == category)
        lines = [f"{one.id.ljust(width)}  {levels[one.id].ljust(level)}  {inert(printable(one.title))}" for one in rows]
        blocks.append("\n".join([f"{category or 'rules without a category'}:", *lines]))
    return "\n\n".join(blocks) + "\n"


def rules_as_json(rules: Iterable[Rule]) -> str:
    """The rules for programs: a list of objects with ``id``, ``category``, ``severity`` (by target, null where off), ``kinds`` and more."""
    listed = [
        {
            "id": rule.info.id,
            "category": rule.info.category or None,
            "severity": dict(rule.info.severity),
            "pedantic": {target: _is_pedantic(rule.info, target) for target in TARGETS},
            "kinds": list(rule.info.kinds),
            "title": rule.info.title,
            "tags": list(rule.info.tags),
            "fixable": rule.info.fixable,
            "formerly": list(rule.info.formerly),
            "links": list(rule.info.links),
        }
        for rule in rules
    ]
    return inert(json.dumps(listed, indent=2)) + "\n"


def rule_file_of(rule_id: str, folders: Iterable[Folder]) -> RuleFile:
    """The file of a rule that exists, built in or in the folders."""
    built_in = [_read_built_in(path) for path in rule_files(rules_folder()) if path.stem == rule_id]
    return next(one for one in built_in or read_rule_files(folders) if one.rule and one.rule.info.id == rule_id)


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


class ExampleReport(NamedTuple):
    """What running examples gave: failures, errors and notes as ``file:line: …``, and one line that sums up."""

    failures: list[str]
    errors: list[str]
    notes: list[str]
    summary: str


def run_examples(folders: list[Folder]) -> ExampleReport:
    """Run the examples of every rule file in the folders; without a folder those of the built-in rules."""
    files = read_rule_files(folders) if folders else built_in_rule_files()
    errors = [error for rule_file in files for error in rule_file.errors] + files_of(folders)[1]
    if folders:
        built_in = [rule.info for rule in built_in_rules()]
        taken = errors_of_ids(files, (info.id for info in built_in), (info.category for info in built_in))
        errors += [error for of_file in taken.values() for error in of_file]
    failed: list[str] = []
    examples = 0
    for rule_file in files:
        if rule_file.rule is not None:
            examples += len(rule_file.rule.examples)
            failed.extend(_described(rule_file, rule_file.rule.info.id, one) for one in _failures(rule_file))
    rules = sum(rule_file.rule is not None for rule_file in files)
    result = f"{len(failed)} failed" if failed else "all passed"
    notes = [f"{one.path}:{line}: note: {says}" for one in files for line, says in one.notes]
    return ExampleReport(failed, errors, notes, f"{examples} example{'s' * (examples != 1)} of {rules} rule{'s' * (rules != 1)}: {result}.")


def _described(rule_file: RuleFile, rule_id: str, failed: FailedExample) -> str:
    """A failed example with its place, and the reasons in lines of their own."""
    first = f"{rule_file.path}:{rule_file.line(failed.place)}: {rule_id}: {failed.message}"
    return "\n".join([first, *(f"    line {rule_file.line(place or failed.place)}: {reason}" for place, reason in failed.reasons)])


def _failures(rule_file: RuleFile) -> list[FailedExample]:
    assert rule_file.rule is not None  # asked for by the caller
    return failures(rule_file.rule, load_example, rule_kinds())


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
    return apply_to(loaded.document.text, edits, bom=False if any(repair.without_mark for repair in repairs) else None)


def _unused_suppressions(loaded: Loaded) -> list[tuple[str, Span]]:
    """The suppression comments of an example that no built-in rule needs."""
    if not loaded.suppressions:
        return []
    rules = built_in_rules()
    ids = frozenset(rule.info.id for rule in rules)
    suppressions = Suppressions()
    known = {rule.info.id: rule.info for rule in rules}
    suppressions.take(Checked(loaded, Config(), Path(), ids, frozenset(), known, whole=True, complete=True))
    for finding in (finding for rule in rules if applies(rule, loaded.document) for finding in check(rule, loaded.document)):
        suppressions.apply(finding)
    return [(UNUSED_SUPPRESSION, unused.span) for unused in suppressions.unused()]


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


def built_in_rule_files() -> list[RuleFile]:
    """Every built-in rule file, read strictly, in the order of the ids."""
    return sorted(map(_read_built_in, rule_files(rules_folder())), key=lambda rule_file: rule_file.path.stem)


def _read_built_in(path: Path) -> RuleFile:
    return read_rule_file(path, rule_kinds(), category=category_of(path))


def read_rule_files(folders: Iterable[Folder]) -> list[RuleFile]:
    """Every rule file of a user's folders, read strictly."""
    return [read_rule_file(path, rule_kinds(), trusted=trusted) for path, trusted in files_of(folders)[0]]
