"""The operators of the rule language: what can be asked of one value. What holds other assertions is in :mod:`linter.policy.assertions`.

Each is one function in a module of this package, from its operand to a check of a value that is known. ``@operator`` gives it its name, the
JSON Schema of its operand and the sentence for the documentation. Adding one is adding such a function: no list names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...registry import Registry
from ...typed import Any, Final
from ..verdict import Check

Compile = Callable[[Any], Check]
Schema = Mapping[str, Any] | bool

ANYTHING: Final = True
TEXT: Final = {"$ref": "#/$defs/text"}
TEXTS: Final = {"$ref": "#/$defs/texts"}
NUMBER_OR_SETTING: Final = {"$ref": "#/$defs/numberOrSetting"}
"""Schemas of operands, by their definitions in :mod:`linter.policy.grammar`."""


def never(_operand: Any) -> bool:
    """The ``checks_unknown`` of all but a few operators: they are asked only of values that are known."""
    return False


def _be_as_it_is(_operand: Any) -> str:
    return "be as it is"


class Operator:
    """What can be asked of one value, by its name in a rule.

    ``compile``         makes the check for an operand; raises :class:`~linter.policy.errors.RuleError` for one that cannot be used
    ``schema``          the JSON Schema of the operand
    ``operand``         the operand as the documentation writes it: ``n``, ``[value, …]``
    ``says``            the documentation, in Markdown; reads on after "holds when the value". Operators that say the same share a row
    ``asks``            what it asks with an operand; reads on after "must not"
    ``checks_unknown``  whether with an operand it checks values too that are absent, cannot be read, are a placeholder, or are misread
    """

    __slots__ = ("asks", "compile", "checks_unknown", "operand", "says", "schema")

    def __init__(
        self, compile_: Compile, schema: Schema, operand: str, says: str, asks: Callable[[Any], str], checks_unknown: Callable[[Any], bool]
    ) -> None:
        self.compile = compile_
        self.schema = schema
        self.operand = operand
        self.says = says
        self.asks = asks
        self.checks_unknown = checks_unknown


OPERATORS: Registry[Operator] = Registry(__name__, __path__[0])
"""Every operator by its name."""


def operator(
    name: str,
    *,
    schema: Schema,
    operand: str,
    says: str,
    asks: Callable[[Any], str] = _be_as_it_is,
    checks_unknown: Callable[[Any], bool] = never,
) -> Callable[[Compile], Compile]:
    """Register a function as the operator ``name``; see :class:`Operator`."""

    def register(compile_: Compile) -> Compile:
        OPERATORS.add(name, Operator(compile_, schema, operand, says, asks, checks_unknown), compile_.__module__)
        return compile_

    return register
