"""Types, equality, parts of texts, bounds."""

from __future__ import annotations

from collections.abc import Callable

from ...model import UNKNOWN
from ...redaction.numbers import number_text
from ...typed import Any
from ..display import is_shown_whole
from ..errors import RuleError, did_you_mean
from ..node import Node
from ..template import Template, compile_value, compile_written, literal_text, show_value
from ..verdict import Check, Failure, Verdict
from . import ANYTHING, TEXTS, operator

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: is_number(value),
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_ARTICLES = {"integer": "a whole number", "object": "an object", "array": "an array", "null": "null"}


def is_number(value: Any) -> bool:
    """Whether a value is a number as JSON means it: ``true`` is none."""
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


def is_partly_unknown(value: Any) -> bool:
    """Whether a value cannot be read, or an object or list holds one that cannot, so that it is not known what it is equal to."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if one is UNKNOWN:
            return True
        if isinstance(one, dict | list):
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return False


def number_operand(operand: Any) -> Callable[[Node], Any]:
    """A function that gives the operand at a node: a number, or the value that a template leads to. Raises :exc:`RuleError` for others."""
    if not is_number(operand) and not _is_setting(operand):
        raise RuleError('must be a number, or the number of another setting: "${path}"')
    return compile_value(operand)


def _is_setting(operand: Any) -> bool:
    return isinstance(operand, str) and "${" in operand


def _as_text(value: Any) -> str:
    """An operand that is compared with a part of a text; a setting that is no text as JavaScript writes it."""
    return value if isinstance(value, str) else number_text(value)


def _type_text(operand: Any) -> str:
    names = operand if isinstance(operand, list) else [operand]
    return " or ".join(_ARTICLES.get(name, f"a {name}") for name in names)


def _asking(words: str) -> Callable[[Any], str]:
    def asks(operand: Any) -> str:
        return f"{words} {' or '.join(map(literal_text, operand)) if isinstance(operand, list) else literal_text(operand)}"

    return asks


_TYPE = {"enum": list(_TYPES)}


@operator(
    "type",
    schema={"if": {"type": "array"}, "then": {"items": _TYPE, "minItems": 1}, "else": _TYPE},
    operand="T",
    says="is a `string`, `number`, `integer`, `boolean`, `object`, `array` or `null`; a list: any of them",
    asks=lambda operand: f"be {_type_text(operand)}",
)
def has_type(operand: Any) -> Check:
    names = operand if isinstance(operand, list) else [operand]
    for name in names:
        if name not in _TYPES:
            raise RuleError(f'there is no type "{name}"{did_you_mean(str(name), _TYPES)}')
    tests = [_TYPES[name] for name in names]
    failure = (Failure(f"must be {_type_text(operand)}"),)
    return lambda value, _node: True if any(test(value) for test in tests) else failure


@operator(
    "equals",
    schema=ANYTHING,
    operand="value",
    says="is equal, as JSON means it (`true` is not `1`)",
    asks=_asking("be"),
)
def equals(operand: Any) -> Check:
    value = compile_value(operand)
    written = compile_written(operand)
    name = show_value(operand)

    def check(given: Any, node: Node) -> Verdict:
        wanted = value(node)
        if wanted is UNKNOWN:
            return None
        if same(given, wanted) or (written is not None and same(given, written(node))):
            return True
        return None if is_partly_unknown(given) else (Failure(lambda: f"must be {name(node)}"),)

    return check


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
        if unknown or is_partly_unknown(value):
            return None
        return (Failure(lambda: f"must {words} {' or '.join(name(node) for name in names)}"),)

    return check


@operator(
    "one_of",
    schema={"type": "array", "minItems": 1},
    operand="[value, …]",
    says="is one of these",
    asks=_asking("be one of"),
)
def one_of(operand: Any) -> Check:
    return _alternatives(operand, same, "be" if len(operand) == 1 else "be one of", needs_text=False)


_END = "is a text that does; a list of texts: any of them"


@operator("starts_with", schema=TEXTS, operand="text", says=_END, asks=_asking("start with"))
def starts_with(operand: Any) -> Check:
    return _alternatives(operand, lambda value, start: value.startswith(_as_text(start)), "start with", needs_text=True)


@operator("ends_with", schema=TEXTS, operand="text", says=_END, asks=_asking("end with"))
def ends_with(operand: Any) -> Check:
    return _alternatives(operand, lambda value, end: value.endswith(_as_text(end)), "end with", needs_text=True)


@operator(
    "contains",
    schema=ANYTHING,
    operand="value",
    says="is a text that contains this, or a list with this member",
    asks=_asking("contain"),
)
def contains(operand: Any) -> Check:
    def holds(value: Any, wanted: Any) -> bool:
        if isinstance(value, str):
            return _as_text(wanted) in value
        return isinstance(value, list) and any(same(member, wanted) for member in value)

    return _alternatives(operand, holds, "contain", needs_text=False)


def _bound(words: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any], Check]:
    """A bound that is a number, a size, or what another setting is (``"${fargateAutoScaling.maxCapacity}"``)."""

    def bound_of(operand: Any) -> Check:
        bound = _bound_operand(operand)
        name = Template(operand).show if _is_setting(operand) else lambda _node: _as_text(operand)

        def check(value: Any, node: Node) -> Verdict:
            other = bound(node)
            amount = _amount(value, with_unit=is_number(other))
            if amount is None:
                return (Failure("must be a number"),)
            limit = _amount(other)
            if limit is None:
                return None
            return True if holds(amount, limit) else (Failure(lambda: f"must be {words} {name(node)}"),)

        return check

    return bound_of


def _bound_operand(operand: Any) -> Callable[[Node], Any]:
    if not _is_setting(operand) and _amount(operand, with_unit=True) is None:
        raise RuleError('must be a number, a size such as 50mb, or another setting: "${path}"')
    return compile_value(operand)


def _amount(value: Any, *, with_unit: bool = False) -> Any:
    """A number, or the bytes of a size; None for anything else. Beside a number a text is a size only if it has a unit."""
    if not isinstance(value, str):
        return value if is_number(value) else None
    from ...formats.sizes import parsed_size, size_with_unit  # only for sizes

    return size_with_unit(value) if with_unit else parsed_size(value)


_BOUND_SCHEMA = {
    "type": ["number", "string"],
    "pattern": r"\$\{|^[0-9]+(\.[0-9]+)? *([kKmMgGtTpP]?[bB])$",
    "description": 'must be a number, a size such as 50mb, or another setting: "${path}"',
}
_BOUND = 'is a number, or a size such as `50mb`, within this bound; the bound may be another setting: `"${path}"`'
operator("min", schema=_BOUND_SCHEMA, operand="n", says=_BOUND)(_bound("at least", lambda value, bound: value >= bound))
operator("max", schema=_BOUND_SCHEMA, operand="n", says=_BOUND)(_bound("at most", lambda value, bound: value <= bound))


def _length(words: str, holds: Callable[[int, int], bool]) -> Callable[[Any], Check]:
    def length_of(operand: Any) -> Check:
        if not isinstance(operand, int) or isinstance(operand, bool) or operand < 0:
            raise RuleError("must be a whole number, 0 or more")

        def check(value: Any, node: Node) -> Verdict:
            if not isinstance(value, str | list):
                return (Failure("must be a string or an array"),)
            return True if holds(len(value), operand) else (Failure(lambda: f"must have {words} {_size(value, node, operand)}"),)

        return check

    return length_of


def _size(value: str | list[Any], node: Node, wanted: int) -> str:
    """The size that is wanted, and the one that a value has; how long a text is that may be secret is not said."""
    if isinstance(value, list):
        return f"{wanted:,} members (it has {len(value):,})"
    return f"{wanted:,} characters{f' (it has {len(value):,})' if is_shown_whole(node.document, node.path, value) else ''}"


_COUNT = {"type": "integer", "minimum": 0}
_LENGTH = "is a text of at least or at most this many characters, or a list of this many members"
operator("min_length", schema=_COUNT, operand="n", says=_LENGTH)(_length("at least", lambda size, bound: size >= bound))
operator("max_length", schema=_COUNT, operand="n", says=_LENGTH)(_length("at most", lambda size, bound: size <= bound))
