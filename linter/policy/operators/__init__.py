"""The operators of the rule language: what can be asked of one value.

Each is one function in a module of this package, from its operand to a check. ``@operator`` gives it its name, the JSON Schema of its
operand, its sentence in the documentation and its other properties. To add one, add such a function: no list names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...registry import Registry
from ...typed import Any, Final, NamedTuple, TypeVar
from ..verdict import Check

Compile = Callable[[Any], Check]
Combine = Callable[["Sequence[Inner]"], Check]
Schema = Mapping[str, Any] | bool

ANYTHING: Final = True
TEXT: Final = {"$ref": "#/$defs/text"}
TEXTS: Final = {"$ref": "#/$defs/texts"}
NUMBER_OR_SETTING: Final = {"$ref": "#/$defs/numberOrSetting"}
"""Schemas of operands, by their definitions in :mod:`linter.policy.grammar`."""
ASSERTION: Final = {"$ref": "#/$defs/assertion"}
"""The schema of an operand that is an assertion about the same value."""
MEMBERS: Final = {"$ref": "#/$defs/clauses"}
"""The schema of an operand that has an assertion for each of several members of the value."""


def never(_operand: Any) -> bool:
    """The ``checks_unknown`` of all but a few operators: they are asked only of values that are known."""
    return False


def always(_operand: Any) -> bool:
    """The ``checks_unknown`` of an operator that is asked of every value, and the ``asks_value`` of most."""
    return True


def _be_as_it_is(_operand: Any) -> str:
    return "be as it is"


def _nothing_more(_operand: Any, _value: Any) -> None:
    """The ``denial`` of most operators."""


class Inner(NamedTuple):
    """An assertion in an operand, compiled: about the value itself, or about the ``member`` that has this name.

    ``denial`` says why a value for which it holds must not be as it is.
    """

    member: str | None
    check: Check
    denial: Callable[[Any], str]


class Operator:
    """What can be asked of one value, by its name in a rule.

    ``compile``         makes the check for an operand; raises :class:`~linter.policy.errors.RuleError` for one that cannot be used.
                        Where ``schema`` is ``ASSERTION`` or ``MEMBERS``, it takes the assertions in the operand, compiled
    ``schema``          the JSON Schema of the operand
    ``operand``         the operand as the documentation writes it: ``n``, ``[value, …]``
    ``says``            the documentation, in Markdown; reads on after "holds when the value". Operators that say the same share a row
    ``asks``            what it asks with an operand; reads on after "must not"
    ``denial``          what a value is that satisfies it with an operand, for ``not``; None where "must not" and ``asks`` say it
    ``checks_unknown``  whether with an operand it checks values too that are absent, cannot be read, are a placeholder, or are misread
    ``asks_value``      whether its answer depends on what the value is; if not, a policy that is not trusted may ask it of a secret
    ``has_templates``   whether ``${path}`` in the texts of its operand is the value of a setting
    ``needs``           the operator that must stand beside it, empty for most
    """

    __slots__ = ("asks", "asks_value", "checks_unknown", "compile", "denial", "has_templates", "needs", "operand", "says", "schema")

    def __init__(
        self,
        compile_: Compile | Combine,
        schema: Schema,
        operand: str,
        says: str,
        asks: Callable[[Any], str],
        denial: Callable[[Any, Any], str | None],
        checks_unknown: Callable[[Any], bool],
        asks_value: Callable[[Any], bool],
        has_templates: bool,
        needs: str,
    ) -> None:
        self.compile: Any = compile_
        self.schema = schema
        self.operand = operand
        self.says = says
        self.asks = asks
        self.denial = denial
        self.checks_unknown = checks_unknown
        self.asks_value = asks_value
        self.has_templates = has_templates
        self.needs = needs


_Function = TypeVar("_Function", bound="Compile | Combine")
OPERATORS: Registry[Operator] = Registry(__name__, __path__[0])
"""Every operator by its name."""


def operator(
    name: str,
    *,
    schema: Schema,
    operand: str,
    says: str,
    asks: Callable[[Any], str] = _be_as_it_is,
    denial: Callable[[Any, Any], str | None] = _nothing_more,
    checks_unknown: Callable[[Any], bool] = never,
    asks_value: Callable[[Any], bool] = always,
    has_templates: bool = True,
    needs: str = "",
) -> Callable[[_Function], _Function]:
    """Register a function as the operator ``name``; see :class:`Operator`."""

    def register(compile_: _Function) -> _Function:
        made = Operator(compile_, schema, operand, says, asks, denial, checks_unknown, asks_value, has_templates, needs)
        OPERATORS.add(name, made, compile_.__module__)
        return compile_

    return register
