"""Small changes of a rule, each of which one of its examples should notice: ``medplum-lint test --mutate`` makes them.

A mutant is the data of a rule file with one change. Everything that decides what a rule finds is changed: its kinds, conditions, bounds,
lists and releases, its severities, its fixes, and its relations to other rules. Texts of messages are not.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import reduce

from ..model import TARGETS
from ..release import Clause, Release
from ..settings.releases import RELEASES
from ..text import clipped
from ..typed import Any, Final, NamedTuple
from .display import flow
from .operators import ASSERTION, MEMBERS, OPERATORS, listed
from .severity import CLASSES, STOPS
from .tree import Place

REMOVED: Final = object()
"""Stands for a place that a change takes away."""
_OPPOSITE: Final = {
    **{"present": "absent", "absent": "present", "given": "missing", "missing": "given", "supplied": "missing"},
    **{"enabled": "disabled", "disabled": "enabled"},
}
"""The words for assertions, each with one that holds where it does not."""


class Mutant(NamedTuple):
    """A change of a rule: its kind, the place in the data, what it says, and the new value, or :data:`REMOVED`."""

    kind: str
    place: Place
    says: str
    value: Any

    @property
    def name(self) -> str:
        """The place and what changes there, in one line: a rule file calls it equivalent by this name."""
        return f"{'.'.join(str(step + 1 if isinstance(step, int) else step) for step in self.place)}: {self.says}"

    def of(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data of the rule with the change."""
        changed: Any = copy.deepcopy(dict(data))
        *above, last = self.place
        holder = reduce(lambda node, step: node[step], above, changed)
        if self.value is REMOVED:
            del holder[last]
        else:
            holder[last] = self.value
        return dict(changed)


def mutants(data: Mapping[str, Any]) -> Iterator[Mutant]:
    """The changes of a rule, in the order of its file."""
    for name, value in data.items():
        if name == "cases":
            for number, case in enumerate(value):
                place: Place = ("cases", number)
                if len(value) > 1:
                    off = {key: kept for key, kept in case.items() if key != "class"} | {"severity": dict.fromkeys(TARGETS, "off")}
                    yield Mutant("case", place, "finds nothing", off)
                yield from (mutant for key, inner in case.items() for mutant in _of_key(key, inner, (*place, key)))
        else:
            yield from _of_key(name, value, (name,))


def _of_key(name: str, value: Any, place: Place) -> Iterator[Mutant]:
    """The changes of the value of a key, of a rule or of one of its cases."""
    if name in ("for", "found_by", "yields_to"):
        yield from _dropped({"for": "kind", "found_by": "mistake", "yields_to": "yields_to"}[name], value, place, least=name != "yields_to")
    elif name in ("class", "severity"):
        yield from _graded(name, value, place)
    elif name == "together":
        yield Mutant(name, place, "dropped", REMOVED)
        if isinstance(value, dict) and "over" in value:
            yield from _moved(value["over"], (*place, "over"))
    elif name == "when":
        yield from _condition(value, place)
    elif name == "must":
        yield from _clauses(value, place)
    elif name == "fix":
        yield from _fixes(value, place)


def _dropped(kind: str, value: Any, place: Place, *, least: int = 1) -> Iterator[Mutant]:
    """A list without each of its items, if ``least`` are left."""
    if isinstance(value, list) and len(value) > least:
        yield from (Mutant(kind, (*place, index), f"{_shown(item)} dropped", REMOVED) for index, item in enumerate(value))


def _graded(name: str, value: Any, place: Place) -> Iterator[Mutant]:
    """Another severity, on each target for itself if they differ."""
    for target, word in value.items() if isinstance(value, dict) else [(None, value)]:
        word = word or "off"
        if name == "severity":
            other = "note" if word == "warning" else "warning"
        elif word == STOPS:
            other = "refused"
        else:
            other = next(known for known in ("unintended", "notable") if _levels(known, target) != _levels(word, target))
        yield Mutant("class", place if target is None else (*place, target), f"{word} -> {other}", other)


def _levels(word: str, target: str | None) -> list[str]:
    return [getattr(CLASSES[word], one) for one in (listed(target) if target else TARGETS)]


def _fixes(value: Any, place: Place) -> Iterator[Mutant]:
    """Another safety of each fix, and a fix, or a part of one, dropped."""
    yield from _dropped("fix", value, place)
    for index, fix in enumerate(listed(value)):
        where = (*place, index) if isinstance(value, list) else place
        yield Mutant("safe", (*where, "safe"), f"{str(fix['safe']).lower()} -> {str(not fix['safe']).lower()}", not fix["safe"])
        for key, inner in fix.items():
            if key == "when":
                yield from _condition(inner, (*where, key))
            elif isinstance(inner, dict | list) and len(inner) > 1:
                steps = inner if isinstance(inner, dict) else range(len(inner))
                yield from (Mutant("fix", (*where, key, step), "dropped", REMOVED) for step in steps)


def _condition(value: Any, place: Place) -> Iterator[Mutant]:
    """A condition without each of its alternatives, and changes of its clauses."""
    yield from _dropped("clause", value, place)
    for index, clauses in enumerate(listed(value)):
        yield from _clauses(clauses, (*place, index) if isinstance(value, list) else place, in_condition=True)


def _clauses(value: Mapping[str, Any], place: Place, *, in_condition: bool = False) -> Iterator[Mutant]:
    """Clauses without each of them, and changes of each."""
    for path, assertion in value.items():
        where = (*place, path)
        if len(value) > 1:
            yield Mutant("clause", where, f"{_shown(assertion)} dropped", REMOVED)
        elif in_condition and "when" in place[-1:]:
            yield Mutant("clause", place, f"{path} dropped", REMOVED)
        if in_condition and path == "server" and isinstance(assertion, str) and assertion not in _OPPOSITE:
            yield from _ranges(assertion, where)
        else:
            yield from _assertion(assertion, where)


def _assertion(value: Any, place: Place) -> Iterator[Mutant]:
    """Changes of an assertion."""
    if isinstance(value, str):
        if value in _OPPOSITE:
            yield Mutant("present", place, f"{value} -> {_OPPOSITE[value]}", _OPPOSITE[value])
        return
    if isinstance(value, list):
        yield from _dropped("clause", value, place)
        for index, item in enumerate(value):
            yield from _assertion(item, (*place, index))
        return
    for name, operand in value.items():
        where = (*place, name)
        others = {key: other for key, other in value.items() if key not in (name, "then" if name == "if" else name)}
        if name == "if":
            merged = _joined(value["then"], others)
            if merged is not None:
                yield Mutant("if", place, "if dropped", merged)
        elif name == "not":
            merged = _joined(operand, others)
            if merged is not None:
                yield Mutant("not", place, "not dropped", merged)
        elif others and name != "then":
            yield Mutant("clause", where, f"{_shown(operand)} dropped", REMOVED)
        yield from _operand(name, operand, where)


def _joined(inner: Any, others: dict[str, Any]) -> Any:
    """An assertion in place of what it was an operand of, with the operators beside that; None if both have one operator."""
    if not others:
        return inner
    return {**others, **inner} if isinstance(inner, dict) and not others.keys() & inner.keys() else None


def _operand(name: str, operand: Any, place: Place) -> Iterator[Mutant]:
    """Changes of the operand of an operator."""
    schema = OPERATORS[name].schema if name in OPERATORS else ASSERTION
    if schema is MEMBERS:
        yield from _clauses(operand, place)
    elif schema is ASSERTION:
        yield from _assertion(operand, place)
    elif name == "server":
        yield from _ranges(operand, place)
    elif isinstance(operand, bool):
        yield Mutant(
            "present" if name == "present" else "switch", place, f"{str(operand).lower()} -> {str(not operand).lower()}", not operand
        )
    elif isinstance(operand, int | float):
        yield from _moved(operand, place)
    elif isinstance(operand, list):
        yield from _dropped("list", operand, place)
    elif isinstance(operand, dict):
        for key, inner in operand.items():
            if len(operand) > 1 and key not in (schema.get("required", ()) if isinstance(schema, Mapping) else ()):
                yield Mutant("list", (*place, key), f"{_shown(inner)} dropped", REMOVED)
            if isinstance(inner, list):
                yield from _dropped("list", inner, (*place, key))


def _moved(bound: float, place: Place) -> Iterator[Mutant]:
    """A bound one higher and one lower."""
    yield from (Mutant("bound", place, f"{bound} -> {bound + step}", bound + step) for step in (1, -1) if bound + step >= 0 or bound < 0)


def _ranges(text: str, place: Place) -> Iterator[Mutant]:
    """A range of releases with each bound moved to the known releases before and after it."""
    clauses = text.split(",")
    for index, clause in enumerate(clauses):
        bound = Clause.of(clause)
        at = Release((*Release.of(bound.number), 0, 0)[:3])
        near = (max((one for one in RELEASES if one < at), default=None), min((one for one in RELEASES if one > at), default=None))
        for release in filter(None, near):
            moved = clause.replace(bound.number, str(release))
            yield Mutant(
                "release", place, f"{clause.strip()} -> {moved.strip()}", ",".join([*clauses[:index], moved, *clauses[index + 1 :]])
            )


def _shown(value: Any) -> str:
    return clipped(value if isinstance(value, str) else flow(value), 40)
