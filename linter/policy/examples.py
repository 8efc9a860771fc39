"""A rule proves itself: its examples are run as tests."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from ..model import Change, Document, SettingPath, dotted
from ..text import Span
from ..typed import Any, NamedTuple
from .engine import applies, check
from .errors import did_you_mean
from .rule import Example, Rule, kind_matches
from .tree import Place


class Sample(NamedTuple):
    """An example, loaded: a document with what its source found (the name of the mistake, place).

    ``mended`` gives the text of all of the example with mistakes of some names put right.
    """

    document: Document
    found_by_source: list[tuple[str, Span]]
    checkable: bool
    mended: Callable[[Collection[str]], str] = str


Load = Callable[[bytes, str, str], list[Sample]]
"""Loads the bytes of a file as a kind of document, for a release of the server (empty for the newest); given from outside, for this package
knows no sources. Raises ValueError for what is no release."""


class FailedExample(NamedTuple):
    """What is wrong with an example: its place in the rule, a sentence, and the reasons, each with its own place in the rule."""

    place: Place
    message: str
    reasons: tuple[tuple[Place, str], ...] = ()


def failures(rule: Rule, load: Load, kinds: Iterable[str]) -> Iterator[FailedExample]:
    """What is wrong with the examples of a rule."""
    if any(rule.fixes) and not rule.info.fixable:
        yield FailedExample(("fix",), 'no bad example has "fixed", which shows what the fix makes of it')
    for example in rule.examples:
        message, reasons = _failure(rule, example, load, _kind(rule, example, kinds))
        if message:
            _, verdict, index = example.place
            name = f" ({example.name})" if example.name else ""
            yield FailedExample(example.place, f"{verdict} example {int(index) + 1}{name}: {message}", tuple(reasons))


def _kind(rule: Rule, example: Example, kinds: Iterable[str]) -> str:
    """The kind of an example: what it says, else the first that the rule is for, a JSON one before others."""
    wanted = example.kind or rule.info.kinds[0]
    beneath = sorted((kind for kind in kinds if kind_matches(kind, wanted)), key=lambda kind: (not kind.endswith("/json"), kind))
    return beneath[0]


def _failure(rule: Rule, example: Example, load: Load, kind: str) -> tuple[str, list[tuple[Place, str]]]:
    """What is wrong with an example, empty for nothing, and the reasons."""
    try:
        samples = load(example.written().encode(example.encoding), kind, example.server)
        for sample in samples:
            _set_up(sample.document, example)
    except ValueError as error:
        return str(error), []
    expected = Counter(map(str, example.finds))
    found = Counter(name for sample in samples for name in _found(rule, sample))
    if found != expected:
        reasons = [reason for sample in samples for reason in _reasons(rule, sample, found - expected, expected - found)]
        return f"finds {_list(sorted(found.elements()))}, but should find {_list(sorted(expected.elements()))}", reasons
    fixed = None
    if example.fixed is not None:
        fixed = samples[0].mended(rule.found_by) if rule.found_by else _fixed(rule, samples[0].document)
    return "" if fixed == example.fixed else f"is fixed to {json.dumps(fixed)}, but should be fixed to {json.dumps(example.fixed)}", []


def _set_up(document: Document, example: Example) -> None:
    """Make a document what an example says of it beside its content. Raises ValueError where its content says otherwise."""
    environment = example.environment
    for one in (document, *document.members.values()):
        one.now = datetime.fromisoformat(f"{example.now}T12:00:00+00:00") if example.now else None
        one.target = example.target or one.target
        if environment is not None and not one.holders and one.environment not in (None, environment):
            raise ValueError(f"it says that its environment is {environment}, but by its content that is {one.environment}")
        if environment is not None:
            # A service or a container names no environment; the policy is asked as if one was known.
            one.environment, one.holders = environment, ()


def _reasons(rule: Rule, sample: Sample, unexpected: Counter[str], missing: Counter[str]) -> Iterator[tuple[Place, str]]:
    """Why a rule finds what it should not, and does not find what it should."""
    from .trace import trace  # only for an example that fails

    document = sample.document
    if rule.found_by or not sample.checkable:
        others = [f"{name} at {'{}:{}'.format(*document.position(span.start))}" for name, span in sample.found_by_source]
        yield (), f"what reads the text reports {_list(others)}{'' if sample.checkable else ', and too much of it cannot be read'}"
        return
    if not applies(rule, document):
        yield ("for",), f"the rule is not for {document.kind}, which the example is"
        return
    if rule.info.severity[document.target] is None:
        yield ("severity",), f"the rule is off in {document.target}, which the example is for"
        return
    found = trace(rule, document)
    if missing and found.asked != "true":
        for clause in (one for case in found.cases for clauses in case.conditions for one in clauses):
            if clause.holds_somewhere != "true":
                why = next((answer.says for answer in clause.answers), "its path leads to nothing")
                yield clause.place, f"the condition {clause.text} is {clause.holds_somewhere}: {why}"
        return
    asked = set()
    for clause, answer in ((one, answer) for one in found.clauses for answer in one.answers):
        asked.add(answer.setting)
        allowed = {"true": "allows", "unknown": "cannot judge", "false": "does not allow"}[answer.verdict]
        if (unexpected if answer.verdict == "false" else missing)[answer.setting]:
            yield clause.place, f"{answer.says}, which {clause.text} {allowed}"
    for name in missing:
        if name not in asked:
            yield ("must",), f"no path of must leads to {name}{did_you_mean(name, asked)}"


def _found(rule: Rule, sample: Sample) -> list[str]:
    """Names of the settings found, or ``line:column`` where the source finds."""
    document = sample.document
    if rule.found_by:
        return ["{}:{}".format(*document.position(span.start)) for name, span in sample.found_by_source if name in rule.found_by]
    if not sample.checkable:
        return []
    return [dotted(finding.path or ()) for finding in check(rule, document)]


def _list(names: list[str]) -> str:
    return ", ".join(names) if names else "nothing"


def _fixed(rule: Rule, document: Document) -> dict[str, Any]:
    data = copy.deepcopy(document.data)
    for finding in check(rule, document):
        for change in finding.fix.changes if finding.fix else ():
            apply_change(data, change)
    return data


def apply_change(data: dict[str, Any], change: Change) -> None:
    """Carry out one change on a tree of settings; objects on the way are made where they are missing. How one is stored is not in it."""
    if change.action == "store":
        return
    if change.action == "rename":
        value = _holder(data, change.path)[change.path[-1]]
        apply_change(data, Change("remove", change.path))
        apply_change(data, Change("set", change.value, value))
        return
    node, last = _holder(data, change.path), change.path[-1]
    if change.action == "set":
        node[last] = copy.deepcopy(change.value)  # a rule has it for all documents, and another change can be of a member of it
    elif isinstance(node, dict):
        node.pop(last, None)
    else:
        del node[last]


def _holder(data: dict[str, Any], path: SettingPath) -> Any:
    """What holds, or is to hold, the setting at a path."""
    node: Any = data
    for step in path[:-1]:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    return node
