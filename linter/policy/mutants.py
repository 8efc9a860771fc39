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
from .operators import ASSERTION, MEMBERS, OPERATORS
from .severity import CLASSES, STOPS
from .tree import WORDS, Place, each

REMOVED: Final = object()
"""Stands for a place that a change takes away."""
_OPPOSITES: Final = (("present", "absent"), ("given", "missing"), ("enabled", "disabled"), ("supplied", "missing"))
_OTHER_WORD: Final = {word: other for one, another in reversed(_OPPOSITES) for word, other in ((one, another), (another, one))}
"""The words for assertions, each with one that holds where it does not."""


class Mutant(NamedTuple):
    """A change of a rule: its kind, the place in the data, what it says, and the new value, or :data:`REMOVED`."""

    kind: str
    place: Place
    says: str
    value: Any = REMOVED

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


def mutants(data: Mapping[str, Any], place: Place = (), *, by_source: bool = False) -> Iterator[Mutant]:
    """The changes of a rule, or of the case of one at a place, in the order of its file.

    Where the source of a document makes the findings (``by_source``), it decides what they are about, and whether the server stops.
    """
    by_source = by_source or all("found_by" in case for case in data.get("cases", [data]))
    for name, value in data.items():
        if name == "cases":
            for number, case in enumerate(value):
                if len(value) > 1:
                    off = {key: kept for key, kept in case.items() if key != "class"} | {"severity": dict.fromkeys(TARGETS, "off")}
                    yield Mutant("case", (name, number), "finds nothing", off)
                yield from mutants(case, (name, number), by_source=by_source)
        elif name in ("class", "severity"):
            yield from _grades(name, value, (*place, name), by_source=by_source)
        elif name != "for" or not by_source:
            yield from _of_key(name, value, (*place, name))


def _of_key(name: str, value: Any, place: Place) -> Iterator[Mutant]:
    """The changes of the value of a key."""
    if name in ("for", "found_by", "yields_to"):
        yield from _drops(name, value, place, least=0 if name == "yields_to" else 1)
    elif name == "together":
        yield Mutant(name, place, "dropped")
        yield from _bounds(value["over"], (*place, "over")) if "over" in value and isinstance(value, dict) else ()
    elif name == "when":
        yield from _conditions(value, place)
    elif name == "must":
        yield from _clauses(value, place)
    elif name == "fix":
        yield from _drops(name, value, place) if isinstance(value, list) else ()
        for fix, where in each(value, place):
            yield Mutant("safe", (*where, "safe"), f"{flow(fix['safe'])} -> {flow(not fix['safe'])}", not fix["safe"])
            for key, inner in fix.items():
                yield from _conditions(inner, (*where, key)) if key == "when" else _drops(name, inner, (*where, key))


def _shown(value: Any) -> str:
    return clipped(value if isinstance(value, str) else flow(value), 40)


def _drops(kind: str, value: Any, place: Place, *, least: int = 1) -> Iterator[Mutant]:
    """A list or mapping without each of its items, if at least so many are left."""
    if isinstance(value, dict | list) and len(value) > least:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        yield from (Mutant(kind, (*place, step), f"{_shown(item)} dropped") for step, item in items)


def _grades(name: str, value: Any, place: Place, *, by_source: bool) -> Iterator[Mutant]:
    """Another severity, on each target for itself if the rule has one for each."""
    for target, word in value.items() if isinstance(value, dict) else [(None, value)]:
        if name == "severity":
            other = "note" if word == "warning" else "warning"
        elif word == STOPS and not by_source:
            other = "refused"
        else:
            targets = TARGETS if target is None else (target,)
            same = [known for known, one in CLASSES.items() if all(getattr(one, on) == getattr(CLASSES[word], on) for on in targets)]
            other = next(known for known in ("unintended", "notable") if known not in same)
        yield Mutant("class", place if target is None else (*place, target), f"{word} -> {other}", other)


def _conditions(value: Any, place: Place) -> Iterator[Mutant]:
    """A condition without each of its alternatives, and changes of its clauses."""
    yield from _drops("clause", value, place) if isinstance(value, list) else ()
    for clauses, where in each(value, place):
        if where == place and len(clauses) == 1:
            yield Mutant("clause", place, f"{next(iter(clauses))} dropped")
        yield from _clauses(clauses, where, in_condition=True)


def _clauses(value: Mapping[str, Any], place: Place, *, in_condition: bool = False) -> Iterator[Mutant]:
    """Clauses without each of them, and changes of each."""
    yield from _drops("clause", value, place)
    for path, assertion in value.items():
        is_range = in_condition and path == "server" and isinstance(assertion, str) and assertion not in WORDS
        yield from (_ranges if is_range else _assertions)(assertion, (*place, path))


def _assertions(value: Any, place: Place) -> Iterator[Mutant]:
    """Changes of an assertion."""
    if isinstance(value, str):
        yield Mutant("present", place, f"{value} -> {_OTHER_WORD[value]}", _OTHER_WORD[value])
    elif isinstance(value, list):
        yield from _drops("clause", value, place)
        for item, where in each(value, place):
            yield from _assertions(item, where)
    else:
        for name, operand in value.items():
            others = {key: other for key, other in value.items() if key not in (name, "then" if name == "if" else name)}
            if name in ("if", "not"):  # what it is about stays
                inner = value["then"] if name == "if" else operand
                joined = {**others, **inner} if others and isinstance(inner, dict) else inner
                if not others or (isinstance(inner, dict) and not others.keys() & inner.keys()):
                    yield Mutant(name, place, f"{name} dropped", joined)
            elif others and name != "then":
                yield Mutant("clause", (*place, name), f"{_shown(operand)} dropped")
            yield from _operands(name, operand, (*place, name))


def _operands(name: str, operand: Any, place: Place) -> Iterator[Mutant]:
    """Changes of the operand of an operator."""
    schema = OPERATORS[name].schema if name != "then" else ASSERTION
    if schema is MEMBERS:
        yield from _clauses(operand, place)
    elif schema is ASSERTION:
        yield from _assertions(operand, place)
    elif name == "server":
        yield from _ranges(operand, place)
    elif isinstance(operand, bool):
        yield Mutant("switch", place, f"{flow(operand)} -> {flow(not operand)}", not operand)
    elif isinstance(operand, int | float):
        yield from _bounds(operand, place)
    else:
        needed = schema.get("required", ()) if isinstance(schema, Mapping) else ()
        yield from (mutant for mutant in _drops("list", operand, place) if mutant.place[-1] not in needed)
        for key, inner in operand.items() if isinstance(operand, dict) else ():
            yield from _drops("list", inner, (*place, key))


def _bounds(bound: float, place: Place) -> Iterator[Mutant]:
    """A bound one higher and one lower."""
    yield from (Mutant("bound", place, f"{bound} -> {bound + step}", bound + step) for step in (1, -1) if bound + step >= 0)


def _ranges(text: str, place: Place) -> Iterator[Mutant]:
    """A range of releases with each bound moved to the known releases before and after it."""
    clauses = text.split(",")
    for index, clause in enumerate(clauses):
        number = Clause.of(clause).number
        at = Release((*Release.of(number), 0, 0)[:3])
        for near in (max((one for one in RELEASES if one < at), default=None), min((one for one in RELEASES if one > at), default=None)):
            if near is not None:
                moved = clause.replace(number, str(near))
                value = ",".join([*clauses[:index], moved, *clauses[index + 1 :]])
                yield Mutant("release", place, f"{clause.strip()} -> {moved.strip()}", value)
