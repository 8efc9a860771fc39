"""The rule language as a tree: the assertions and changes of a rule, parsed once from the data of its file.

Evaluation, "did you mean", trust, ``explain`` and the tests of the language walk it; nothing else interprets the data of a rule. Each
operator describes its operand where it is defined (:mod:`linter.policy.operators`), so a new one needs no change here. Each part knows its
place in the data, a path of keys and indexes, which :meth:`linter.policy.rule_file.RuleFile.line` turns into a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..typed import Any, Final, NamedTuple, TypeVar
from .errors import RuleError
from .operators import ASSERTION, MEMBERS, OPERATORS, Operator
from .paths import Path, each_path, parse_path
from .template import Template, operand_of, template_of
from .verdict import Check

Place = tuple[str | int, ...]
T = TypeVar("T")

DEEPEST: Final = 8
"""The maximum depth of assertions."""
MOST_CLAUSES: Final = 100
"""The maximum number of clauses of a case."""
MOST_CASES: Final = 100
"""The maximum number of cases of a rule."""


class Assertion(NamedTuple):
    """Requirements for one value: all of its ``parts``, or, if the rule has a list, any of its ``alternatives``."""

    data: Any
    place: Place
    parts: tuple[Part, ...] = ()
    alternatives: tuple[Assertion, ...] = ()


class Part(NamedTuple):
    """An operator with its operand. ``inner`` are the assertions in the operand.

    ``checks_unknown`` is the operator's answer for the operand. ``checks`` are the checks made from it, see
    :func:`linter.policy.evaluate.check_of`.
    """

    name: str
    operator: Operator
    operand: Any
    place: Place
    inner: tuple[Inner, ...]
    checks_unknown: bool
    checks: dict[Any, Check]


class Inner(NamedTuple):
    """An assertion in an operand: about the same value, or about its ``member`` of this name."""

    member: str | None
    assertion: Assertion


class Clause(NamedTuple):
    """A path and the assertion about each place that it leads to. ``text`` and ``data`` are as in the rule."""

    text: str
    path: Path
    assertion: Assertion
    place: Place
    data: Any

    @property
    def aspect(self) -> str | None:
        """The aspect in which all settings must fit, if the clause requires nothing else: ``"**": {fits: known}``."""
        parts = self.assertion.parts
        return parts[0].operand if self.text == "**" and len(parts) == 1 and parts[0].name == "fits" else None

    @property
    def compared(self) -> list[Path]:
        """The settings that its places are compared with."""
        named = (path for asked in walk(self) for template, _ in references(asked.part) for path in template.paths)
        return [path for path in named if path.fact is None]


Condition = tuple[tuple[Clause, ...], ...]
"""Alternatives, one of which must hold; each holds if all of its clauses do."""


class Mention(NamedTuple):
    """A path in a rule, from the root if that is known, with the text that contains it.

    ``asks``: the result of the rule depends on the value. ``changes``: a fix gives the setting a value, or moves its value.
    """

    path: Path
    text: str
    place: Place
    asks: bool = False
    changes: bool = False

    def seen_from(self, at: Path | None) -> Mention:
        """The mention for a finding at a place."""
        return self._replace(path=self.path.seen_from(at))


class Step(NamedTuple):
    """A change by a fix: ``set``, ``remove``, ``rename`` or ``split`` a setting.

    ``to`` is its new value, literal or as a template; its new name, or a template for it; or the object that gets the parts of a URL.
    """

    action: str
    setting: Mention
    to: Any = None


class FixSpec(NamedTuple):
    """One way to fix a finding. ``reason`` says why it is safe or unsafe; ``store`` is the new type of a parameter."""

    safe: bool
    reason: str
    when: Condition
    steps: tuple[Step, ...]
    store: str | None


# --- Walking -----------------------------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """A part of an assertion, and its setting: the resolved path, and the path as the rule writes it."""

    path: Path
    text: str
    part: Part


def walk(clause: Clause) -> Iterator[Asked]:
    """Every part of the assertion of a clause, including those in operands of others, in the order of the rule."""
    yield from _walk(clause.assertion, clause.path, clause.text)


def _walk(assertion: Assertion, path: Path, text: str) -> Iterator[Asked]:
    for alternative in assertion.alternatives:
        yield from _walk(alternative, path, text)
    for part in assertion.parts:
        yield Asked(path, text, part)
        for member, inner in part.inner:
            if member is None:
                yield from _walk(inner, path, text)
            else:
                yield from _walk(inner, path._replace(steps=(*path.steps, member)), f"{text}.{member}")


def references(part: Part) -> Iterator[tuple[Template, Place]]:
    """The templates in the operand of a part, each with its place; none if its texts are not templates, or if it has assertions."""
    if part.operator.has_templates and not part.inner:
        yield from templates_in(part.operand, part.place)


def templates_in(value: Any, place: Place) -> Iterator[tuple[Template, Place]]:
    """The templates in an operand or in the new value of a fix, each with its place."""
    if isinstance(value, Template):
        yield value, place
        value = [one for one in value.pieces if isinstance(one, dict | list)]
    if isinstance(value, str) and "${" in value:
        yield template_of(value), place
    elif isinstance(value, dict | list):
        for step, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from templates_in(one, (*place, step))


def clauses_of(condition: Condition) -> Iterator[Clause]:
    """The clauses of all alternatives of a condition."""
    yield from (clause for clauses in condition for clause in clauses)


def mentions(clause: Clause, at: Path | None = None) -> Iterator[Mention]:
    """The paths that a clause names; ``at`` is the place at which it is evaluated, if that is not the root."""
    yield Mention(clause.path.seen_from(at), clause.text, clause.place)
    for path, text, part in walk(clause):
        here = path.seen_from(at)
        yield Mention(here, text, part.place, asks=part.operator.asks_value(part.operand))
        for template, place in references(part):
            yield from mentions_in(template, place, here)
        for member, inner in part.inner:
            if member is not None:
                yield Mention(here._replace(steps=(*here.steps, member)), text, inner.place)


def mentions_in(template: Template, place: Place, at: Path | None) -> Iterator[Mention]:
    """The paths in a template."""
    yield from (Mention(path.seen_from(at), template.text, place, asks=True) for path in template.paths)


def mentions_of_fix(fix: FixSpec, at: Path | None) -> Iterator[Mention]:
    """The paths that a fix names, for a finding at a place."""
    for clause in clauses_of(fix.when):
        yield from mentions(clause, at)
    for _, setting, to in fix.steps:
        yield setting.seen_from(at)
        if isinstance(to, Mention):
            yield to.seen_from(at)
        for template, where in templates_in(to, setting.place) if not isinstance(to, Mention) else ():
            yield from mentions_in(template, where, at)


# --- Parsing -----------------------------------------------------------------------------------------------------------------------


def each(data: Any, place: Place) -> list[tuple[Any, Place]]:
    """One thing or a list of several, as a list, each with its place."""
    return [(one, (*place, index)) for index, one in enumerate(data)] if isinstance(data, list) else [(data, place)]


def parse_condition(data: Any, place: Place) -> Condition:
    """Parse a condition: a mapping, or a list of mappings."""
    return tuple(tuple(_clauses(one, where, in_condition=True)) for one, where in each(data, place))


def _clauses(data: Mapping[str, Any], place: Place, *, in_condition: bool = False) -> Iterator[Clause]:
    for key, given in data.items():
        where = (*place, key)
        for text in _at(where, each_path, key):
            name, assertion = text, given
            if in_condition and text == "server" and isinstance(given, str) and given not in WORDS:
                name, assertion = "$@server", {"server": given}  # the short form for the release of the server: ``server: ">=5.0"``
            yield Clause(text, _at(where, parse_path, name), parse_assertion(assertion, where), where, given)


WORDS: Final[Mapping[str, Any]] = {
    "present": {"present": True},
    "absent": {"present": False},
    "given": {"present": True, "not": {"one_of": [None, ""]}},
    "missing": [{"present": False}, {"one_of": [None, ""]}],
    "supplied": [{"min_length": 1}, {"not": {"format": "resolved"}}],
    "enabled": {"present": True, "not": {"one_of": [False, None, ""]}},
    "disabled": [{"present": False}, {"one_of": [False, None, ""]}],
}
"""The assertions that are a word, and their meaning."""


def parse_assertion(data: Any, place: Place = (), depth: int = 1) -> Assertion:
    """Parse an assertion; its shape has been checked by the grammar."""
    if depth > DEEPEST:
        raise RuleError(f"assertions are nested deeper than {DEEPEST} levels", place)
    if isinstance(data, str) and data in WORDS:
        return parse_assertion(WORDS[data], place)._replace(data=data)
    if isinstance(data, list):
        return Assertion(data, place, alternatives=tuple(parse_assertion(one, where, depth + 1) for one, where in each(data, place)))
    return Assertion(data, place, tuple(_parts(data, place, depth)))


def _parts(data: Mapping[str, Any], place: Place, depth: int) -> Iterator[Part]:
    for name, operand in data.items():
        where = (*place, name)
        operator = OPERATORS[name]
        inner: Iterable[Inner] = ()
        if operator.schema is MEMBERS:
            inner = (Inner(member, parse_assertion(one, (*where, member), depth + 1)) for member, one in operand.items())
        elif operator.schema is ASSERTION:
            keys = (name, operator.needs) if operator.needs else (name,)
            inner = (Inner(None, parse_assertion(data[key], (*place, key), depth + 1)) for key in keys)
        if name != "then":  # it belongs to its "if"
            yield Part(name, operator, operand, where, tuple(inner), operator.checks_unknown(operand), {})


def parse_clauses(data: Mapping[str, Any], place: Place) -> tuple[Clause, ...]:
    """The clauses of ``must``."""
    clauses = tuple(_clauses(data, place))
    if len(clauses) > MOST_CLAUSES:
        raise RuleError(f"a rule can have at most {MOST_CLAUSES} clauses", place)
    return clauses


def parse_fixes(data: Any, place: Place) -> tuple[FixSpec, ...]:
    """The ways to fix a finding, in the order in which they are tried."""
    return tuple(_fix(one, where) for one, where in each(data, place))


def _fix(data: Mapping[str, Any], place: Place) -> FixSpec:
    when = parse_condition(data["when"], (*place, "when")) if "when" in data else ()
    return FixSpec(data["safe"], str(data.get("reason", "")).strip(), when, tuple(_steps(data, place)), data.get("store"))


def _steps(data: Mapping[str, Any], place: Place) -> Iterator[Step]:
    for action in ("set", "remove", "rename", "split"):
        given = data.get(action, {})
        for index, text in enumerate(given):
            to: Any = given[text] if isinstance(given, dict) else None
            where = (*place, action, text if isinstance(given, dict) else index)
            if action == "split" or (action == "rename" and "${" not in to):
                to = _changed(to, where, changes=action == "rename")
            elif action != "remove":
                to = _at(where, operand_of, to)
            yield Step(action, _changed(text, where, asks=action == "split", changes=action in ("set", "rename")), to)


def _changed(text: str, place: Place, *, asks: bool = False, changes: bool = False) -> Mention:
    path = _at(place, parse_path, text)
    if not path.is_single or path.fact is not None:
        raise RuleError(f'"{text}" must lead to one setting: no "*", no "**", no tag, no fact', place)
    return Mention(path, text, place, asks, changes)


def parse_template(text: str, place: Place) -> Template:
    """Parse a template of a rule."""
    return _at(place, Template, text)


def _at(place: Place, parse: Callable[[str], T], text: str) -> T:
    """Parse a text; a mistake in it gets its place in the rule."""
    try:
        return parse(text)
    except RuleError as error:
        raise RuleError(error.message, place) from None
