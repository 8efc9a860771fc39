"""Types, equality (also with another document of a deployment), parts of texts, bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import ge, le

from ...formats.placeholders import is_unresolved
from ...model import ABSENT, UNKNOWN, is_same, scalars_in
from ...redaction.numbers import number_text
from ...settings.kinds import DOCUMENT_KINDS
from ...typed import Any, Final
from ..display import is_shown_whole
from ..errors import RuleError, did_you_mean
from ..node import Node
from ..template import literal_text, operand_of
from ..verdict import Check, Failure, Verdict, failed
from . import ANYTHING, OPERATORS, TEXT, TEXTS, always, listed, operator

_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "number": ("a number", lambda value: is_number(value)),
    "integer": ("a whole number", lambda value: is_number(value) and (isinstance(value, int) or value.is_integer())),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "array": ("an array", lambda value: isinstance(value, list)),
    "null": ("null", lambda value: value is None),
}


def is_number(value: Any) -> bool:
    """Whether a value is a number in JSON; ``true`` is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_partly_unknown(value: Any) -> bool:
    """Whether a value cannot be read, or an object or list contains one that cannot, so that it cannot be compared."""
    return any(scalar is UNKNOWN for scalar in scalars_in(value))


def _as_text(value: Any) -> str:
    """An operand that is compared with a part of a text; a setting that is not a text is converted as in JavaScript."""
    return value if isinstance(value, str) else number_text(value)


def _type_text(operand: Any) -> str:
    return " or ".join(_TYPES[name][0] for name in listed(operand))


_TYPE = {"enum": list(_TYPES)}


@operator(
    "type",
    schema={"if": {"type": "array"}, "then": {"items": _TYPE, "minItems": 1}, "else": _TYPE},
    operand="T",
    says="is a `string`, `number`, `integer`, `boolean`, `object`, `array` or `null`; a list: any of them",
    denial=lambda operand, _value: f"must not be {_type_text(operand)}",
)
def has_type(operand: Any) -> Check:
    tests = [_TYPES[name][1] for name in listed(operand)]
    failure = failed(f"must be {_type_text(operand)}")
    return lambda value, _node: True if any(test(value) for test in tests) else failure


def _comparison(
    name: str, words: str, holds: Callable[[Any, Any], bool], *, several: bool = True, of_texts: bool = False, **described: Any
) -> None:
    """Make an operator that compares with one operand or, unless it is not for ``several``, with any in a list."""

    def compiled(operand: Any) -> Check:
        operands = [operand_of(one) for one in (listed(operand) if several else [operand])]

        def check(value: Any, node: Node) -> Verdict:
            if of_texts and not isinstance(value, str):
                return failed("must be a string")
            unknown = False
            for one in operands:
                other = one.value(node)
                if other is UNKNOWN or (of_texts and other == ""):
                    unknown = True  # an empty setting is not compared with: every text begins with it
                elif holds(value, other) or (not several and holds(value, one.literal(node))):
                    return True
            if unknown or is_partly_unknown(value):
                return None
            verb = "be" if words == "be one of" and len(operands) == 1 else words
            return failed(lambda: f"must {verb} {' or '.join(one.quoted(node) for one in operands)}")

        return check

    def denial(operand: Any, _value: Any) -> str:
        return f"must not {words} {' or '.join(map(literal_text, listed(operand)))}"

    operator(name, denial=denial, **described)(compiled)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return _as_text(wanted) in value
    return isinstance(value, list) and any(is_same(member, wanted) for member in value)


_END: Final = "is a text that does; a list of texts: any of them"
_OF_TEXTS: Final[Mapping[str, Any]] = {"of_texts": True, "schema": TEXTS, "operand": "text", "says": _END}
_comparison("equals", "be", is_same, several=False, schema=ANYTHING, operand="value", says="is equal, as JSON means it (`true` is not `1`)")
_comparison("one_of", "be one of", is_same, schema={"type": "array", "minItems": 1}, operand="[value, …]", says="is one of these")
_comparison("starts_with", "start with", lambda value, start: value.startswith(_as_text(start)), **_OF_TEXTS)
_comparison("ends_with", "end with", lambda value, end: value.endswith(_as_text(end)), asks_rest=always, **_OF_TEXTS)
_MEMBER = "is a text that contains this, or a list with this member"
_comparison("contains", "contain", _contains, schema=ANYTHING, operand="value", says=_MEMBER)


def _bound(name: str, words: str, holds: Callable[[Any, Any], bool]) -> None:
    """Make an operator for a bound that is a number, a size, or another setting (``"${fargateAutoScaling.maxCapacity}"``)."""

    def compiled(operand: Any) -> Check:
        bound = operand_of(operand)
        shown = bound.show if bound.paths else lambda _node: _as_text(operand)
        is_word = is_word_of_an_order(operand)

        def check(value: Any, node: Node) -> Verdict:
            if is_word:
                order = node.setting.enum if node.setting is not None else ()
                place, last = place_in_order(str(value), order), place_in_order(operand, order)
                return None if place is None or last is None else True if holds(place, last) else failed(f"must be {words} {operand}")
            other = bound.value(node)
            amount, limit = _amount(value, with_unit=is_number(other)), _amount(other)
            if amount is None:
                return failed("must be a number")
            if limit is None:
                return None
            return True if holds(amount, limit) else failed(lambda: f"must be {words} {shown(node)}")

        return check

    operator(
        name,
        schema={
            "type": ["number", "string"],
            "pattern": r"\$\{|^[0-9]+(\.[0-9]+)? *([kKmMgGtTpP]?[bB])$|^[A-Za-z]",
            "description": 'must be a number, a size such as 50mb, another setting: "${path}", or a word that has an order',
        },
        operand="n",
        says="is a number, or a size such as `50mb`, within this bound; the bound may be a word such as `WARN`, by the catalogue's order, "
        'an AWS instance type such as `db.t3.large`, by its size alone, or another setting: `"${path}"`',
    )(compiled)


def is_word_of_an_order(bound: Any) -> bool:
    """Whether a bound is neither a number, nor a size or a setting."""
    return isinstance(bound, str) and re.match("[A-Za-z]", bound) is not None


def _amount(value: Any, *, with_unit: bool = False) -> Any:
    """A number, or the bytes of a size; None for anything else. Next to a number a text is a size only if it has a unit."""
    if not isinstance(value, str):
        return value if is_number(value) else None
    from ...formats.sizes import parsed_size, size_with_unit  # only for sizes

    return size_with_unit(value) if with_unit else parsed_size(value)


_SIZES: Final = ("nano", "micro", "small", "medium", "large", "xlarge")


def place_in_order(word: str, words: Sequence[Any]) -> int | None:
    """The place of a word among those of its setting, ignoring case; without an order the size of an instance type."""
    order = [str(one).lower() for one in words]
    size = re.search(r"(?:^|\.)([0-9]{0,3})(nano|micro|small|medium|large|xlarge)$", "" if order else word)
    if size is not None:
        return _SIZES.index(size[2]) + int(size[1] or 1)
    return order.index(word.lower()) if word.lower() in order else None


def _length(name: str, words: str, holds: Callable[[Any, Any], bool]) -> None:
    """Make an operator for a bound of a length. The length of a text that may be secret is not reported."""

    def compiled(operand: int) -> Check:
        def check(value: Any, node: Node) -> Verdict:
            if not isinstance(value, str | list):
                return failed("must be a string or an array")
            return True if holds(len(value), operand) else failed(lambda: f"must have {words} {operand:,} {unit(value, node)}")

        return check

    def unit(value: str | list[Any], node: Node) -> str:
        is_shown = isinstance(value, list) or is_shown_whole(node.document, node.path, value)
        return f"{'members' if isinstance(value, list) else 'characters'}{f' (it has {len(value):,})' if is_shown else ''}"

    says = "is a text of at least or at most this many characters, or a list of this many members"
    operator(name, schema={"type": "integer", "minimum": 0}, operand="n", says=says)(compiled)


_bound("min", "at least", ge)
_bound("max", "at most", le)
_length("min_length", "at least", ge)
_length("max_length", "at most", le)


@operator(
    "by_environment",
    schema={"type": "object", "minProperties": 1, "additionalProperties": {"if": {"type": "array"}, "then": {"minItems": 1}}},
    operand="{prod: value, …}",
    says="is equal to the value for the environment (`$@environment`); a list: to any of them; for other environments it requires nothing",
)
def by_environment(operand: Mapping[str, Any]) -> Check:
    checks = {name: OPERATORS["one_of"].compile(listed(wanted)) for name, wanted in operand.items()}

    def check(value: Any, node: Node) -> Verdict:
        asked = checks.get(str(Node.at(node.document.owner(node.path)[0], ()).fact("environment")))
        return None if asked is None else asked(value, node)

    return check


_DEEPEST_COMPARED = 100
"""A depth that no setting reaches. The cost of looking up one more level in another document equals that of all before it."""


@operator(
    "same_as",
    schema=TEXT,
    operand="member",
    says="is the same in another member of the deployment, if that member has it",
)
def same_as(operand: Any) -> Check:
    """The check that another document gives the same value; objects are compared by their members."""
    members = {name for kind in DOCUMENT_KINDS.values() for name in (kind.role, kind.beside) if name}
    if operand not in members:
        raise RuleError(f'a deployment has no member "{operand}"{did_you_mean(operand, sorted(members))}')

    def check(value: Any, node: Node) -> Verdict:
        if node.is_deeper_than(_DEEPEST_COMPARED):
            return None
        path = (str(operand), *node.path[1:])
        other = node.document.get(path)
        if other is ABSENT or other is UNKNOWN or is_unresolved(other):
            return None
        other = Node.at(node.document, path).entry.meaning(other)
        if other is UNKNOWN:
            return None
        if isinstance(value, dict | list) or isinstance(other, dict | list):
            return True
        return True if is_same(value, other) else (Failure(f"is not the same as in {operand}", other=path),)

    return check
