"""The operators of the rule language, in one table, and the compiler that makes closures of assertions.

Absence is unknown: every operator but ``present`` answers "unknown" for a value that is absent, cannot be read, or is still a
placeholder; and also where it compares with a setting that is. A value of the wrong type is false, not skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..conformance.meaning import meant
from ..conformance.mismatch import ASPECTS
from ..formats import FORMATS
from ..formats.placeholders import is_unresolved
from ..model import ABSENT, UNKNOWN, Part
from ..redaction.numbers import number_text
from .conforming import is_misread_at, meant_at, mismatch_at
from .errors import RuleError, did_you_mean
from .node import Node
from .template import Template, compile_value, compile_written, literal_text, show_value
from .verdict import Check, Failure, Verdict, any_of, every, implication, negation

DEEPEST = 8
MOST_CLAUSES = 100
_DEEPEST_COMPARED = 100
"""Levels of nesting that no setting has. To look up each of more in another document takes as much as all before it together."""

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


class Place(NamedTuple):
    """Where in a rule an assertion stands, for errors; and whether its patterns are to be compiled at once (``prepare``).

    ``condition``: it decides whether a rule speaks, so that a value with a mistake of its own is taken as it is meant.
    """

    path: tuple[str | int, ...] = ()
    depth: int = 1
    prepare: bool = False
    condition: bool = False

    def inner(self, *steps: str | int) -> Place:
        """The place of an assertion inside of this one."""
        return Place((*self.path, *steps), self.depth + 1, self.prepare, self.condition)


def compile_assertion(assertion: Any, place: Place = Place()) -> Check:  # noqa: B008  # immutable
    """The closure for an assertion of a rule; raises :class:`RuleError` with its place where it cannot be used."""
    path = place.path
    if place.depth > DEEPEST:
        raise RuleError(f"assertions are nested deeper than {DEEPEST} levels", path)
    if assertion == "present" or assertion == "absent":
        return _present(assertion == "present")
    if isinstance(assertion, list):
        if not assertion:
            raise RuleError("a list of assertions must hold at least one", path)
        return any_of([compile_assertion(one, place.inner(index)) for index, one in enumerate(assertion)])
    if not isinstance(assertion, dict) or not assertion:
        raise RuleError('an assertion is "present", "absent", a mapping of operators or a list of assertions', path)
    return every(list(_operators(assertion, place)))


def _operators(assertion: dict[str, Any], place: Place) -> Iterator[Check]:
    for name, operand in assertion.items():
        where = (*place.path, name)
        if name == "if":
            yield _conditional(assertion, place)
        elif name == "then":
            if "if" not in assertion:
                raise RuleError('"then" needs an "if"', where)
        elif name == "not":
            yield negation(compile_assertion(operand, place.inner(name)), f"must not {_describe(operand)}")
        elif name == "present":
            yield _present(operand)
        elif name == "fits":
            yield _fits(operand, where)
        elif name == "same_as":
            yield _known_only(_same_as(operand), place)
        elif name in _NESTED:
            yield _NESTED[name](operand, place.inner(name))
        elif name in OPERATORS:
            check = _compiled(name, operand, place)
            yield check if name == "format" and FORMATS[operand].sees_placeholders else _known_only(check, place)
        else:
            raise RuleError(f'there is no operator "{name}"{did_you_mean(name, operator_names())}', where)


def _compiled(name: str, operand: Any, place: Place) -> Check:
    try:
        check = OPERATORS[name](operand)
        if place.prepare and hasattr(check, "prepare"):
            check.prepare()
        return check
    except RuleError as error:
        raise RuleError(error.message, error.path or (*place.path, name)) from None


def operator_names() -> list[str]:
    """Every word that can stand as a key in an assertion."""
    return sorted([*OPERATORS, *_NESTED, "fits", "same_as", "if", "then", "not", "present"])


def _known_only(check: Check, place: Place) -> Check:
    """The check of a value that is known. What has a mistake of its own is judged no further, but others are compared with its meaning."""

    def known(value: Any, node: Node) -> Verdict:
        if value is ABSENT or value is UNKNOWN or is_unresolved(value):
            return None
        if node.value is value:
            if place.condition or node.document.members:
                value = meant_at(node)
                if value is UNKNOWN:
                    return None
            elif is_misread_at(node):
                return None
        return check(value, node)

    return known


def _present(wanted: bool) -> Check:
    failure = (Failure("is missing"),) if wanted else (Failure("must not be set", part="key"),)

    def check(value: Any, _node: Node) -> Verdict:
        return True if (value is not ABSENT) == wanted else failure

    return check


def _fits(operand: Any, where: tuple[str | int, ...]) -> Check:
    """The value fits what the catalogue says of its setting, in one aspect; see :mod:`linter.conformance.mismatch`."""
    if operand not in ASPECTS:
        raise RuleError(f'there is no aspect "{operand}"{did_you_mean(str(operand), ASPECTS)}', where)
    part: Part = "key" if operand in ("known", "variable", "current", "all-loaders") else "value"

    def check(_value: Any, node: Node) -> Verdict:
        mismatch = mismatch_at(node)
        return True if mismatch is None or mismatch.aspect != operand else (Failure(mismatch.reason, part=part),)

    return check


def _same_as(operand: Any) -> Check:
    """The setting has the same value in another member of the deployment, if that gives it too; objects are compared by their members."""

    def check(value: Any, node: Node) -> Verdict:
        if node.is_deeper_than(_DEEPEST_COMPARED):
            return None
        path = (str(operand), *node.path[1:])
        other = node.document.get(path)
        if other is ABSENT or other is UNKNOWN or is_unresolved(other):
            return None
        other = meant(node.document, path, other)
        if other is UNKNOWN:
            return None
        if isinstance(value, dict | list) or isinstance(other, dict | list):
            return True
        return True if same(value, other) else (Failure(f"is not the same as in {operand}", other=path),)

    return check


def _conditional(assertion: dict[str, Any], place: Place) -> Check:
    if "then" not in assertion:
        raise RuleError('"if" needs a "then"', (*place.path, "if"))
    return implication(compile_assertion(assertion["if"], place.inner("if")), compile_assertion(assertion["then"], place.inner("then")))


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
    """Equality as JSON means it: ``true`` is not ``1``, ``1`` is ``1.0``. A loop, for values can be nested without end."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            waiting.extend((member, other[key]) for key, member in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            waiting.extend(zip(one, other, strict=True))
        elif isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif isinstance(one, dict | list) or isinstance(other, dict | list) or one != other:
            return False
    return True


def as_text(value: Any) -> str:
    """An operand that is compared with a part of a text; a setting that is no text as JavaScript writes it."""
    return value if isinstance(value, str) else number_text(value)


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
            if other is UNKNOWN or (needs_text and other == ""):
                unknown = True  # with a setting that is empty nothing is compared: every text begins with it
            elif holds(value, other):
                return True
        if unknown:
            return None
        return (Failure(f"must {words} {' or '.join(name(node) for name in names)}"),)

    return check


def _equals(operand: Any) -> Check:
    value = compile_value(operand)
    written = compile_written(operand)
    name = show_value(operand)

    def check(given: Any, node: Node) -> Verdict:
        wanted = value(node)
        if wanted is UNKNOWN:
            return None
        return True if same(given, wanted) or (written is not None and same(given, written(node))) else (Failure(f"must be {name(node)}"),)

    return check


def _one_of(operand: Any) -> Check:
    return _alternatives(operand, same, "be" if len(operand) == 1 else "be one of", needs_text=False)


def _starts_with(operand: Any) -> Check:
    return _alternatives(operand, lambda value, start: value.startswith(as_text(start)), "start with", needs_text=True)


def _ends_with(operand: Any) -> Check:
    return _alternatives(operand, lambda value, end: value.endswith(as_text(end)), "end with", needs_text=True)


def _contains(operand: Any) -> Check:
    def holds(value: Any, wanted: Any) -> bool:
        if isinstance(value, str):
            return as_text(wanted) in value
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
    form = FORMATS[operand]

    def check(value: Any, _node: Node) -> Verdict:
        if value is ABSENT or value is UNKNOWN:
            return None
        if not isinstance(value, str):
            return True if form.sees_placeholders else (Failure("must be a string"),)
        reason = form.reason(value)
        return True if reason is None else (Failure(reason),)

    return check


def _bound(words: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any], Check]:
    """A bound that is a number, or the number that another setting has (``"${fargateAutoScaling.maxCapacity}"``)."""

    def operator(operand: Any) -> Check:
        bound = _number_operand(operand)
        name = Template(operand).show if isinstance(operand, str) else lambda _node: number_text(operand)

        def check(value: Any, node: Node) -> Verdict:
            if not _is_number(value):
                return (Failure("must be a number"),)
            other = bound(node)
            if not _is_number(other):
                return None
            return True if holds(value, other) else (Failure(f"must be {words} {name(node)}"),)

        return check

    return operator


def _number_operand(operand: Any) -> Callable[[Node], Any]:
    """An operand that is a number, or a template that leads to one."""
    if not _is_number(operand) and not (isinstance(operand, str) and "${" in operand):
        raise RuleError('must be a number, or the number of another setting: "${path}"')
    return compile_value(operand)


_ARN_PARTS = {"service": 2, "region": 3, "account": 4, "resource": 5}
"""Where the parts of an ARN stand between its colons (AWS General Reference, "ARN format")."""


def _arn(operand: Any) -> Check:
    """An ARN of this ``service``, ``region`` and ``account``, whose ``resource`` begins so; each a literal or a template."""
    if not isinstance(operand, dict) or not operand:
        raise RuleError(f"must be a mapping with {', '.join(_ARN_PARTS)}")
    for name, wanted in operand.items():
        if name not in _ARN_PARTS or not isinstance(wanted, str):
            raise RuleError(f'an ARN has no part "{name}"{did_you_mean(str(name), _ARN_PARTS)}: it has {", ".join(_ARN_PARTS)}')
    parts = [(name, compile_value(wanted), show_value(wanted)) for name, wanted in operand.items()]

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, str) or FORMATS["arn"].reason(value) is not None:
            return (Failure("must be an ARN"),)
        fields = value.split(":", 5)
        unknown = False
        for name, wanted, shown in parts:
            other = wanted(node)
            if not isinstance(other, str):
                unknown = True
            elif not (fields[5].startswith(other) if name == "resource" else fields[_ARN_PARTS[name]] == other):
                return (Failure(f"must be an ARN whose {name} {'begins with' if name == 'resource' else 'is'} {shown(node)}"),)
        return None if unknown else True

    return check


_GIB = 1024
_FARGATE_MEMORY = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""MiB of memory that a task on Fargate can have with so many CPU units (Amazon ECS Developer Guide, "Task CPU and memory")."""


def _fargate_memory(operand: Any) -> Check:
    """So many MiB of memory as AWS Fargate has together with these CPU units, a number or that of another setting."""
    cpu = _number_operand(operand)

    def check(value: Any, node: Node) -> Verdict:
        units = cpu(node)
        sizes = _FARGATE_MEMORY.get(units) if _is_number(units) else None
        if sizes is None:
            return None
        return True if _is_number(value) and value in sizes else (Failure(f"must be {_sizes_text(sizes)} with {units:g} CPU units"),)

    return check


def _sizes_text(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 4:
        return f"{', '.join(str(size) for size in sizes[:-1])} or {sizes[-1]} MiB"
    return f"{sizes[0]} to {sizes[-1]} MiB in steps of {sizes[1] - sizes[0]}"


def _length(words: str, holds: Callable[[int, int], bool]) -> Callable[[Any], Check]:
    def operator(operand: Any) -> Check:
        if not isinstance(operand, int) or isinstance(operand, bool) or operand < 0:
            raise RuleError("must be a whole number, 0 or more")

        def check(value: Any, _node: Node) -> Verdict:
            if not isinstance(value, str | list):
                return (Failure("must be a string or an array"),)
            unit = "characters" if isinstance(value, str) else "members"
            size = len(value)
            return True if holds(size, operand) else (Failure(f"must have {words} {operand:,} {unit} (it has {size:,})"),)

        return check

    return operator


def _private_key(operand: Any) -> Check:
    """A private key that CloudFront takes and that the passphrase (the operand, a template) opens; see :mod:`linter.policy.keys`."""
    passphrase = compile_value(operand)

    def check(value: Any, node: Node) -> Verdict:
        from .keys import known_passphrase, private_key_problem

        if not isinstance(value, str) or FORMATS["pem-private-key"].reason(value) is not None:
            return None
        reason = private_key_problem(value, known_passphrase(passphrase(node)))
        return True if reason is None else (Failure(reason),)

    return check


def _public_key_of(operand: Any) -> Check:
    """The public half of a private key: ``{key: template, passphrase: template}``."""
    if not isinstance(operand, dict) or not {"key"} <= operand.keys() <= {"key", "passphrase"}:
        raise RuleError('must be a mapping of "key" and perhaps "passphrase"')
    key, passphrase = compile_value(operand["key"]), compile_value(operand.get("passphrase"))

    def check(value: Any, node: Node) -> Verdict:
        from .keys import known_passphrase, public_key_problem

        private = key(node)
        if not isinstance(value, str) or not isinstance(private, str):
            return None
        reason = public_key_problem(value, private, known_passphrase(passphrase(node)))
        return True if reason is None else (Failure(reason),)

    return check


def _certificates(operand: Any) -> Check:
    """Certificates in PEM that are ``usable``, ``few`` or ``lasting``; see :mod:`linter.policy.keys`."""

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, str) or FORMATS["pem-certificates"].reason(value) is not None:
            return None
        from .keys import CERTIFICATE_ASPECTS, utc

        reason = CERTIFICATE_ASPECTS[operand](value, utc(node.document.now))
        return True if reason is None else (Failure(reason),)

    aspects = ("usable", "few", "lasting")
    if operand not in aspects:
        raise RuleError(f'there is no aspect "{operand}"{did_you_mean(str(operand), aspects)}')
    return check


def _not_smaller_than(operand: Any) -> Check:
    """A size (as the npm package ``bytes`` reads it) that is at least another one."""
    from ..formats.sizes import parsed_size

    other = compile_value(operand)
    name = show_value(operand)

    def check(value: Any, node: Node) -> Verdict:
        given = other(node)
        sizes = [parsed_size(text) if isinstance(text, str) else None for text in (value, given)]
        if sizes[0] is None or sizes[1] is None:
            return None
        return True if sizes[0] >= sizes[1] else (Failure(f"must not be smaller than {name(node)}"),)

    return check


def _unique_by(operand: Any) -> Check:
    """A list of objects, no two of which have the same value in this member; the later one fails."""

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, list):
            return (Failure("must be an array"),)
        seen: set[str] = set()
        failures: list[Failure] = []
        for index, one in enumerate(value):
            name = one.get(operand) if isinstance(one, dict) else None
            if isinstance(name, str) and name in seen:
                failures.append(Failure(f"has the same {operand} as an earlier entry", (index, str(operand))))
            elif isinstance(name, str):
                seen.add(name)
        return tuple(failures) or True

    return check


def _without_origin_of(operand: Any) -> Check:
    """A comma list of origins that does not repeat the origin of a URL (a template)."""
    other = compile_value(operand)

    def check(value: Any, node: Node) -> Verdict:
        url = other(node)
        if not isinstance(value, str) or not isinstance(url, str):
            return None
        whole = f"{url.rstrip('/')}/"
        repeated = any(one.strip() and whole.startswith(f"{one.strip().rstrip('/')}/") for one in value.split(","))
        return (Failure(f"repeats the origin of {show_value(operand)(node)}"),) if repeated else True

    return check


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
    "arn": _arn,
    "fargate_memory": _fargate_memory,
    "max_length": _length("at most", lambda size, bound: size <= bound),
    "private_key": _private_key,
    "public_key_of": _public_key_of,
    "certificates": _certificates,
    "not_smaller_than": _not_smaller_than,
    "unique_by": _unique_by,
    "without_origin_of": _without_origin_of,
}


# --- Operators about the members of an object. --------------------------------------------------------------------------------------


def _keys(operand: dict[str, Any], place: Place) -> Check:
    checks = {key: compile_assertion(one, place._replace(path=(*place.path, key))) for key, one in operand.items()}

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

    return _known_only(check, place)


def _only_keys(operand: list[str], place: Place) -> Check:
    known = list(operand)

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, dict):
            return (Failure("must be an object"),)
        extra = [key for key in value if key not in known]
        return tuple(Failure(f"is not one of {', '.join(known)}", (key,), "key") for key in extra) or True

    return _known_only(check, place)


_NESTED: dict[str, Callable[[Any, Place], Check]] = {"keys": _keys, "only_keys": _only_keys}
