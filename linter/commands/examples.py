"""The examples of rules: the documents that they are, and whether a rule finds in them what they say."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

from ..acceptance import UNUSED_SUPPRESSION, Checked
from ..acceptance.comments import Comments
from ..deployment.members import side_by_side
from ..deployment.servers import Server, servers
from ..documents.origin import JsonOrigin
from ..documents.source import Loaded, Problem, SourceFile
from ..model import PART, Deployment, Document, Finding, Fix, dotted, level_on
from ..options.config import Config
from ..policy.engine import applies, check, merged, without_repetitions
from ..policy.example import JOINED, Example, Expected
from ..policy.make_fix import apply_change, members_first
from ..policy.proof import observed
from ..policy.rule import RULE_KINDS, Rule, kind_matches
from ..policy.rule_set import built_in_rules
from ..release import ANY_SERVER
from ..run.check import fix_of
from ..server.target import target_of, targets_of
from ..settings.kinds import COMPANIONS, DEPLOYMENT, DOCUMENT_KINDS
from ..settings.releases import parse_server_version
from ..sources import maker_of
from ..syntax.edits import apply_to
from ..typed import Any


def kind_of(rule: Rule, example: Example) -> str:
    """The kind of an example: the one it states, else the first that the rule applies to, preferring JSON."""
    wanted = example.kind or rule.info.kinds[0]
    return min((kind for kind in RULE_KINDS if kind_matches(kind, wanted)), key=lambda kind: (not kind.endswith("/json"), kind))


def documents_of(rule: Rule, example: Example) -> list[Loaded]:
    """The documents of an example of a rule. Raises ValueError if it is not what it says it is."""
    every = load_example(example.text().encode(example.encoding), kind_of(rule, example), example.server, example.file)
    for loaded in every:
        _set_up(loaded.document, example)
    if example.beside is not None:
        return [text for loaded in every for text in _read_with(loaded, json.dumps(example.beside))]
    if example.mounted:
        return [Server(loaded, (loaded,), loaded.document.unread, argument="").loaded for loaded in every]
    return every


def _read_with(loaded: Loaded, dump: str) -> Sequence[Loaded]:
    """The texts that a server reads as it is started, with a dump among the files."""
    made, _ = servers([loaded, *load_example(dump.encode(), "server/ssm")], None, lambda _uri: nullcontext())
    return next(joined for server, joined in made if server.main.document is loaded.document).texts


def _set_up(document: Document, example: Example) -> None:
    """Apply the fields of an example beside its content to a document. Raises ValueError if its content contradicts them."""
    environment = example.environment
    for member in (document, *document.members.values()):
        member.now = datetime.fromisoformat(f"{example.now}T12:00:00+00:00") if example.now else None
        member.target, member.targets = (example.target, {}) if example.target else (member.target, member.targets)
        member.unread = PART if example.partial else member.unread
        if environment is not None and not member.holders and member.environment not in (None, environment):
            raise ValueError(f"it says that its environment is {environment}, but by its content that is {member.environment}")
        if environment is not None:
            # A service or a container names no environment; the policy is checked as if it did.
            member.environment, member.holders = environment, ()


def load_example(content: bytes, kind: str, server: str = "", name: str = "rule") -> list[Loaded]:
    """Load the text of a file as documents of a kind, for the release ``server``, or the newest if that is empty.

    Raises ValueError if it is not of that kind.
    """
    if kind == DEPLOYMENT:
        return _deployment(json.loads(content), server)
    version = parse_server_version(server, "the example") if server else ANY_SERVER
    file = SourceFile(name, content, version)
    if kind in COMPANIONS:
        every = [Loaded(Document(file.uri, kind, file.text, file.json.value, JsonOrigin(file.text, file.json, kind), server=version), ())]
    else:
        every = list(maker_of(file, kind).load(file, kind))
    for document in (loaded.document for loaded in every):
        document.server, document.target = version, target_of(document) or "production"
        document.targets = targets_of(document)
        document.unread = {} if kind == "server/json" else document.unread  # an example is complete, however short it is
    return every


_KINDS_OF_MEMBERS = {one.beside or one.role: kind for kind, one in DOCUMENT_KINDS.items()}
"""The kinds of the members of a deployment by name; for ``parameters`` a secret in Key Vault comes last."""


def _deployment(members: Mapping[str, Any], server: str) -> list[Loaded]:
    """The documents of an example for rules about deployments: each member is the content of a separate file."""
    parts: list[Loaded] = []
    for name, data in members.items():
        text = data["text"] if "text" in data else json.dumps(data)
        kind = "server/ssm" if "Parameters" in data else _KINDS_OF_MEMBERS.get(name, "server/json")
        parts.extend(load_example(text.encode(), kind, server))
    documents = tuple(part.document for part in parts)
    return [Loaded(combined, (), parts=tuple(parts)) for combined in side_by_side(Deployment(None, documents))]


# --- What is found in them. --------------------------------------------------------------------------------------------------------


def problems_of(loaded: Loaded) -> list[Problem]:
    """What a source found, and the suppression comments that no built-in rule needs."""
    if not loaded.suppressions:
        return list(loaded.problems)
    rules = built_in_rules()
    known = {rule.info.id: rule.info for rule in rules}
    comments = Comments([Checked(loaded, Config(), Path(), frozenset(known), frozenset(), frozenset(), known, whole=True, complete=True)])
    for finding in (finding for rule in rules if applies(rule, loaded.document) for finding in check(rule, loaded.document)):
        comments.acceptance(finding)
    return [*loaded.problems, *(Problem(UNUSED_SUPPRESSION, unused.message, unused.span) for unused in comments.unused())]


def _findings(rule: Rule, loaded: Loaded) -> list[Finding]:
    """The findings of a rule in a document, before those about one thing are merged."""
    document = loaded.document
    found = [one for _ in document.each_target() for one in check(rule, document)] if loaded.checkable and not rule.of_source else []
    for problem in problems_of(loaded) if rule.found_by else ():
        number = rule.found_by.get(problem.name, 0)
        level = level_on(rule.cases[number].info.severity, document.target) if problem.name in rule.found_by else None
        if level is not None:
            fix = fix_of(problem, rule.cases[number])
            found.append(Finding(rule.info.id, level, problem.message, document, problem.path, problem.span, fix, case=number))
    return found


def observe(rule: Rule, loaded: Loaded) -> Iterator[tuple[Finding, Expected]]:
    """The findings of a rule in a document, each as an example can describe it."""
    single = _findings(rule, loaded)
    for finding in merged(single, {rule.info.id: rule}):
        seen = observed(finding, rule, loaded.document.target)
        if rule.cases[finding.case].found_by:
            seen = seen._replace(name="{}:{}".format(*loaded.document.position(finding.span.start)))
        elif finding not in single:
            seen = seen._replace(name=JOINED.join(dotted(path or ()) for path in (finding.path, *(one.path for one in finding.related))))
        yield finding, seen


def failure_of(rule: Rule, example: Example, every: Sequence[Loaded], others: Mapping[str, Rule]) -> str:
    """What is wrong with an example of a rule, with its documents; empty if nothing is. ``others`` are the rules that it can yield to."""
    seen = [item for loaded in every for item in observe(rule, loaded)]
    if example.yields_to:
        return _failure_to_yield(rule, every, [others[id_] for id_ in example.yields_to if id_ in others], example.yields_to)
    expected, found = difference(example, [as_seen for _, as_seen in seen])
    if expected or found:
        like = example.expected
        return f"finds {_list((as_seen for _, as_seen in seen), like)}, but should find {_list(like, like)}"
    fixes = [finding.fix for finding, _ in seen if finding.fix is not None]
    of_source = any(rule.cases[finding.case].found_by for finding, _ in seen)
    for wanted, made in ((example.fixed, [fix for fix in fixes if fix.safe]), (example.fixed_unsafely, fixes)):
        result = _fixed(every[0], made, of_source=of_source) if wanted is not None else None
        if result != wanted:
            how = "" if wanted is example.fixed else " by unsafe fixes"
            return f"is fixed{how} to {json.dumps(result)}, but should be fixed to {json.dumps(wanted)}"
    return ""


def difference(example: Example, seen: Sequence[Expected]) -> tuple[list[Expected], list[Expected]]:
    """The findings that an example says it has and has not, and those that it has and does not say."""
    missing, unexpected = list(example.expected), list[Expected]()
    for finding in seen:
        match = next((expected for expected in missing if finding.like(expected) == expected), None)
        if match is None:
            unexpected.append(finding)
        else:
            missing.remove(match)
    return missing, unexpected


def _list(findings: Iterable[Expected], like: Sequence[Expected]) -> str:
    """Findings in words, with what any of those says that they are compared with."""
    asked = Expected("", *(next((value for value in values if value is not None), None) for values in list(zip(*like, strict=True))[1:]))
    return ", ".join(sorted(finding.like(asked).text for finding in findings)) or "nothing"


def _failure_to_yield(rule: Rule, every: Sequence[Loaded], causes: Sequence[Rule], named: Sequence[str]) -> str:
    """Why a rule does not leave its findings in an example to those of other rules."""
    by_id = {one.info.id: one for one in (rule, *causes)}
    for loaded in every:
        own = _findings(rule, loaded)
        others = [finding for cause in causes for part in (loaded, *loaded.parts) for finding in _findings(cause, part)]
        kept = without_repetitions([*own, *others], by_id)
        left = [dotted(finding.path or ()) for finding in kept if finding.rule == rule.info.id]
        if left or not own:
            return f"finds {', '.join(left) or 'nothing even alone'}, but should yield to {', '.join(named)}"
    return ""


def _fixed(loaded: Loaded, fixes: Sequence[Fix], *, of_source: bool) -> Any:
    """What fixes make of a document: its settings, or for the mistakes that a source finds its text."""
    if not of_source:
        data = copy.deepcopy(loaded.document.data)
        for change in members_first([change for fix in fixes for change in fix.changes]):
            apply_change(data, change)
        return data
    edits = [edit for fix in fixes for edit in fix.edits or ()]
    changes = [change for fix in fixes if fix.edits is None for change in fix.changes]
    if changes and loaded.editor is not None:
        edits += loaded.editor(changes) or ()
    return apply_to(loaded.document.text, edits, without_mark=any(fix.without_mark for fix in fixes))
