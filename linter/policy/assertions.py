"""The operators of the rule language, in one table, and the compiler that makes closures of assertions.

Absence is unknown: every operator but ``present`` answers "unknown" for a value that is absent, cannot be read, or is still a
placeholder; and also where it compares with a setting that is. A value of the wrong type is false, not skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import ABSENT, UNKNOWN, Part
from .display import number_text
from .errors import RuleError, did_you_mean
from .formats import FORMATS, SEES_PLACEHOLDERS
from .judgement import ASPECTS, is_misread, misfits
from .node import Node
from .placeholders import is_unresolved
from .template import compile_value, literal_text, show_value
from .verdict import Check, Failure, Verdict, any_of, every, implication, negation

DEEPEST = 8
MOST_CLAUSES = 100

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: _is_number(value),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_ARTICLES = {"integer": "a whole number", "object": "an object", "array": "an array", "null": "null"}


def compile_assertion(assertion: Any, path: tuple[str | int, ...] = (), depth: int = 1) -> Check:
    """The closure for an assertion of a rule; ``path`` says where in the rule it stands, for errors (:class:`RuleError`)."""
    if depth > DEEPEST:
        raise RuleError(f"assertions are nested deeper than {DEEPEST} levels", path)
    if assertion == "present" or assertion == "absent":
        return _present(assertion == "present")
    if isinstance(assertion, list):
        if not assertion:
            raise RuleError("a list of assertions must hold at least one", path)
        return any_of([compile_assertion(one, (*path, index), depth + 1) for index, one in enumerate(assertion)])
    if not isinstance(assertion, dict) or not assertion:
        raise RuleError('an assertion is "present", "absent", a mapping of operators or a list of assertions', path)
    return every(list(_operators(assertion, path, depth)))


def _operators(assertion: dict[str, Any], path: tuple[str | int, ...], depth: int) -> Any:
    for name, operand in assertion.items():
        where = (*path, name)
        if name in ("if", "then"):
            if name == "if":
                yield _conditional(assertion, path, depth)
            elif "if" not in assertion:
                raise RuleError('"then" needs an "if"', where)
        elif name == "not":
            yield negation(compile_assertion(operand, where, depth + 1), f"must not {_describe(operand)}")
        elif name == "present":
            yield _present(operand)
        elif name == "fits":
            yield _fits(operand, where)
        elif name == "same_as":
            yield _known_only(_same_as(operand))
        elif name in _NESTED:
            yield _NESTED[name](operand, where, depth)
        elif name in OPERATORS:
            check = _compiled(name, operand, where)
            yield check if name == "format" and operand in SEES_PLACEHOLDERS else _known_only(check)
        else:
            raise RuleError(f'there is no operator "{name}"{did_you_mean(name, operator_names())}', where)


def _compiled(name: str, operand: Any, where: tuple[str | int, ...]) -> Check:
    try:
        return OPERATORS[name](operand)
    except RuleError as error:
        raise RuleError(error.message, error.path or where) from None


def operator_names() -> list[str]:
    """Every word that can stand as a key in an assertion."""
    return sorted([*OPERATORS, *_NESTED, "fits", "same_as", "if", "then", "not", "present"])


def _known_only(check: Check) -> Check:
    def known(value: Any, node: Node) -> Verdict:
        if value is ABSENT or value is UNKNOWN or is_unresolved(value) or (node.value is value and is_misread(node.document, node.path)):
            return None
        return check(value, node)

    return known


def _present(wanted: bool) -> Check:
    failure = (Failure("is missing"),) if wanted else (Failure("must not be set", part="key"),)

    def check(value: Any, _node: Node) -> Verdict:
        return True if (value is not ABSENT) == wanted else failure

    return check


def _fits(operand: Any, where: tuple[str | int, ...]) -> Check:
    """The value fits what the catalogue says of its setting, in one aspect; see :mod:`linter.policy.judgement`."""
    if operand not in ASPECTS:
        raise RuleError(f'there is no aspect "{operand}"{did_you_mean(str(operand), ASPECTS)}', where)
    part: Part = "key" if operand in ("known", "current") else "value"

    def check(_value: Any, node: Node) -> Verdict:
        misfit = misfits(node.document).get(node.path)
        return True if misfit is None or misfit.aspect != operand else (Failure(misfit.reason, part=part),)

    return check


def _same_as(operand: Any) -> Check:
    """The setting has the same value in another member of the deployment, if that gives it too; objects are compared by their members."""

    def check(value: Any, node: Node) -> Verdict:
        path = (str(operand), *node.path[1:])
        other = node.document.get(path)
        if other is ABSENT or other is UNKNOWN or is_unresolved(other) or is_misread(node.document, path):
            return None
        if isinstance(value, dict | list) or isinstance(other, dict | list):
            return True
        return True if same(value, other) else (Failure(f"is not the same as in {operand}", other=path),)

    return check


def _conditional(assertion: dict[str, Any], path: tuple[str | int, ...], depth: int) -> Check:
    if "then" not in assertion:
        raise RuleError('"if" needs a "then"', (*path, "if"))
    return implication(
        compile_assertion(assertion["if"], (*path, "if"), depth + 1),
        compile_assertion(assertion["then"], (*path, "then"), depth + 1),
    )


def _describe(assertion: Any) -> str:
    """What an assertion asks, after "must not": only the operators that people negate are put in words."""
    if isinstance(assertion, dict) and len(assertion) == 1:
        ((name, operand),) = assertion.items()
        word = {
            "equals": "be",
            "one_of": "be one of",
            "starts_with": "start with",
            "ends_with": "end with",
            "contains": "contain",
            "matches": "match",
        }.get(name)
        if word is not None:
            return f"{word} {_list_text(operand)}"
        if name == "format":
            return f"be of the format {operand}"
        if name == "type":
            return f"be {_type_text(operand)}"
    if assertion in ("present", "absent"):
        return "be set" if assertion == "present" else "be missing"
    return "be as it is"


def _list_text(operand: Any) -> str:
    return " or ".join(literal_text(one) for one in operand) if isinstance(operand, list) else literal_text(operand)


def _type_text(operand: Any) -> str:
    names = operand if isinstance(operand, list) else [operand]
    return " or ".join(_ARTICLES.get(name, f"a {name}") for name in names)


# --- Operators: each takes its operand and gives a check of a value that is known. -------------------------------------------------


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(left: Any, right: Any) -> bool:
    """Equality as JSON means it: ``true`` is not ``1``, ``1`` is ``1.0``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _type(operand: Any) -> Check:
    names = operand if isinstance(operand, list) else [operand]
    for name in names:
        if name not in _TYPES:
            raise RuleError(f'there is no type "{name}"{did_you_mean(str(name), _TYPES)}')
    tests = [_TYPES[name] for name in names]
    failure = (Failure(f"must be {_type_text(operand)}"),)
    return lambda value, _node: True if any(test(value) for test in tests) else failure


def _alternatives(operand: Any, holds: Callable[[Any, Any], bool], words: str, *, needs_text: bool) -> Check:
    """A comparison with one operand or with any of several, each a literal or a template."""
    operands = operand if isinstance(operand, list) else [operand]
    values = [compile_value(one) for one in operands]
    names = [show_value(one) for one in operands]

    def check(value: Any, node: Node) -> Verdict:
        if needs_text and not isinstance(value, str):
            return (Failure("must be a string"),)
        unknown = False
        for wanted in values:
            other = wanted(node)
            if other is UNKNOWN:
                unknown = True
            elif holds(value, other):
                return True
        if unknown:
            return None
        return (Failure(f"must {words} {' or '.join(name(node) for name in names)}"),)

    return check


def _equals(operand: Any) -> Check:
    value = compile_value(operand)
    name = show_value(operand)

    def check(given: Any, node: Node) -> Verdict:
        wanted = value(node)
        if wanted is UNKNOWN:
            return None
        return True if same(given, wanted) else (Failure(f"must be {name(node)}"),)

    return check


def _one_of(operand: Any) -> Check:
    return _alternatives(operand, same, "be" if len(operand) == 1 else "be one of", needs_text=False)


def _starts_with(operand: Any) -> Check:
    return _alternatives(operand, lambda value, start: value.startswith(str(start)), "start with", needs_text=True)


def _ends_with(operand: Any) -> Check:
    return _alternatives(operand, lambda value, end: value.endswith(str(end)), "end with", needs_text=True)


def _contains(operand: Any) -> Check:
    def holds(value: Any, wanted: Any) -> bool:
        if isinstance(value, str):
            return str(wanted) in value
        return isinstance(value, list) and any(same(member, wanted) for member in value)

    return _alternatives(operand, holds, "contain", needs_text=False)


def _matches(operand: Any) -> Check:
    """Google's RE2: linear time, so that no pattern of a rule can hang on any value. The whole value must match."""
    pattern: list[Any] = []

    def compiled() -> Any:
        if not pattern:
            import re2  # 9 ms: only for a rule that uses it on a value that is there

            options = re2.Options()
            options.log_errors = False
            try:
                pattern.append(re2.compile(str(operand), options))
            except re2.error as error:
                detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
                raise RuleError(f"not a pattern that RE2 can read: {detail}") from None
        return pattern[0]

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, str):
            return (Failure("must be a string"),)
        text = value.encode("utf-8", "replace").decode("utf-8")
        return True if compiled().fullmatch(text) else (Failure(f"must match {operand}"),)

    check.prepare = compiled  # type: ignore[attr-defined]  # lets the reader of a user's rule find a bad pattern at once
    return check


def _format(operand: Any) -> Check:
    if operand not in FORMATS:
        raise RuleError(f'there is no format "{operand}"{did_you_mean(str(operand), FORMATS)}')
    test = FORMATS[operand]

    def check(value: Any, _node: Node) -> Verdict:
        if value is ABSENT or value is UNKNOWN:
            return None
        if not isinstance(value, str):
            return True if operand in SEES_PLACEHOLDERS else (Failure("must be a string"),)
        reason = test(value)
        return True if reason is None else (Failure(reason),)

    return check


def _bound(words: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any], Check]:
    def operator(operand: Any) -> Check:
        if not _is_number(operand):
            raise RuleError("must be a number")

        def check(value: Any, _node: Node) -> Verdict:
            if not _is_number(value):
                return (Failure("must be a number"),)
            return True if holds(value, operand) else (Failure(f"must be {words} {number_text(operand)}"),)

        return check

    return operator


def _length(words: str, holds: Callable[[int, int], bool]) -> Callable[[Any], Check]:
    def operator(operand: Any) -> Check:
        if not isinstance(operand, int) or isinstance(operand, bool) or operand < 0:
            raise RuleError("must be a whole number from 0")

        def check(value: Any, _node: Node) -> Verdict:
            if not isinstance(value, str | list):
                return (Failure("must be a string or an array"),)
            unit = "characters" if isinstance(value, str) else "members"
            size = len(value)
            return True if holds(size, operand) else (Failure(f"must have {words} {operand:,} {unit} (it has {size:,})"),)

        return check

    return operator


OPERATORS: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "equals": _equals,
    "one_of": _one_of,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "contains": _contains,
    "matches": _matches,
    "format": _format,
    "min": _bound("at least", lambda value, bound: value >= bound),
    "max": _bound("at most", lambda value, bound: value <= bound),
    "min_length": _length("at least", lambda size, bound: size >= bound),
    "max_length": _length("at most", lambda size, bound: size <= bound),
}


# --- Operators about the members of an object. --------------------------------------------------------------------------------------


def _keys(operand: dict[str, Any], where: tuple[str | int, ...], depth: int) -> Check:
    checks = {key: compile_assertion(one, (*where, key), depth + 1) for key, one in operand.items()}

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, dict):
            return (Failure("must be an object"),)
        unknown = False
        failures: list[Failure] = []
        for key, one in checks.items():
            member = node.child(key)
            answer = one(member.value, member)
            if answer is None:
                unknown = True
            elif answer is not True:
                failures.extend(failure._replace(path=(key, *failure.path)) for failure in answer)
        if failures:
            return tuple(failures)
        return None if unknown else True

    return _known_only(check)


def _only_keys(operand: list[str], _where: tuple[str | int, ...], _depth: int) -> Check:
    known = list(operand)

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, dict):
            return (Failure("must be an object"),)
        extra = [key for key in value if key not in known]
        return tuple(Failure(f"is not one of {', '.join(known)}", (key,), "key") for key in extra) or True

    return _known_only(check)


_NESTED: dict[str, Callable[[Any, tuple[str | int, ...], int], Check]] = {"keys": _keys, "only_keys": _only_keys}
