"""A rule proves itself: its examples are run as tests."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..model import Change, Document, SettingPath, dotted
from ..text import Span
from .engine import check
from .rule import Rule, is_fixable, kind_matches


class Sample(NamedTuple):
    """An example, loaded: a document with what its source found (``rule id``, place).

    ``mended`` gives the text of all of the example with what the source found under a rule's id put right.
    """

    document: Document
    found_by_source: list[tuple[str, Span]]
    checkable: bool
    mended: Callable[[str], str] = str


Load = Callable[[bytes, str, str], list[Sample]]
"""Loads the bytes of a file as a kind of document, for a release of the server (empty for the newest); given from outside, for this package
knows no sources. Raises ValueError for what is no release."""


Where = tuple[str | int, ...]


def failures(rule: Rule, data: Mapping[str, Any], load: Load, kinds: Iterable[str]) -> list[tuple[Where, str]]:
    """What is wrong with the examples of a rule: for each failure its place in the rule and a sentence."""
    failed: list[tuple[Where, str]] = []
    if "fix" in data and not is_fixable(data):
        failed.append((("fix",), 'no bad example has "fixed", which shows what the fix makes of it'))
    for verdict in ("good", "bad"):
        for index, example in enumerate(data["examples"][verdict]):
            place = ("examples", verdict, index)
            message = _failure(rule, example, load, _kind(rule, example, kinds))
            if message:
                name = f" ({example['name']})" if "name" in example else ""
                failed.append((place, f"{verdict} example {index + 1}{name}: {message}"))
    return failed


def _kind(rule: Rule, example: Mapping[str, Any], kinds: Iterable[str]) -> str:
    """The kind of an example: what it says, else the first that the rule is for, a JSON one before others."""
    wanted = str(example.get("kind", rule.info.kinds[0]))
    beneath = sorted((kind for kind in kinds if kind_matches(kind, wanted)), key=lambda kind: (not kind.endswith("/json"), kind))
    return beneath[0]


def _failure(rule: Rule, example: Mapping[str, Any], load: Load, kind: str) -> str:
    text = example["text"] if "text" in example else json.dumps(example["data"], ensure_ascii=False)
    try:
        samples = load(text.encode(example.get("encoding", "utf-8")), kind, example.get("server", ""))
    except ValueError as error:
        return str(error)
    for sample in samples:
        sample.document.now = _noon(example["now"]) if "now" in example else None
    expected = sorted(example.get("finds", ()))
    findings = sorted(name for sample in samples for name in _found(rule, sample))
    if findings != expected:
        return f"finds {_list(findings)}, but should find {_list(expected)}"
    if "fixed" not in example:
        return ""
    fixed = _fixed(rule, samples[0].document) if rule.must else samples[0].mended(rule.info.id)
    return "" if fixed == example["fixed"] else f"is fixed to {json.dumps(fixed)}, but should be fixed to {json.dumps(example['fixed'])}"


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def _found(rule: Rule, sample: Sample) -> list[str]:
    """Names of the settings found, or ``line:column`` where the source finds."""
    document = sample.document
    if not rule.must:
        return ["{}:{}".format(*document.position(span.start)) for rule_id, span in sample.found_by_source if rule_id == rule.info.id]
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
