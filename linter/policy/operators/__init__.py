"""The operators of the rule language: what can be asserted about one value.

Each is a function in a module of this package, from its operand to a check. ``@operator`` gives it its name, the JSON Schema of its
operand, its sentence in the documentation and its other properties. To add one, add such a function: no list names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...registry import Registry
from ...typed import Any, Final, NamedTuple, TypeVar
from ..verdict import Check

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
    """The ``checks_unknown`` of most operators: they only check known values."""
    return False


def always(_operand: Any) -> bool:
    """The ``checks_unknown`` of an operator that checks every value, and the ``asks_value`` of most."""
    return True


class Inner(NamedTuple):
    """An assertion in an operand, compiled: about the value itself, or about the ``member`` of this name.

    ``denial`` says why a value for which it holds must be different.
    """

    member: str | None
    check: Check
    denial: Callable[[Any], str]


class Operator(NamedTuple):
    """An assertion about one value, by its name in a rule."""

    compile: Callable[[Any], Check]
    """Makes the check for an operand that fits the schema, or for the assertions in it (a list of :class:`Inner`) if the schema is
    ``ASSERTION`` or ``MEMBERS``. Raises :class:`~linter.policy.errors.RuleError` for an invalid one."""
    schema: Schema
    """The JSON Schema of the operand."""
    operand: str
    """The operand as the documentation writes it: ``n``, ``[value, …]``."""
    says: str
    """The documentation, in Markdown; follows "holds when the value". Operators with the same text share a row."""
    denial: Callable[[Any, Any], str] = lambda _operand, _value: "must not be as it is"
    """Why a value that satisfies it with an operand must be different, for ``not``."""
    checks_unknown: Callable[[Any], bool] = never
    """Whether with an operand it checks values too that are absent, cannot be read, are a placeholder, or are misread."""
    asks_rest: Callable[[Any], bool] = never
    """Whether with an operand it checks the rest of a URL whose host still has to be filled in."""
    asks_value: Callable[[Any], bool] = always
    """Whether its answer depends on the value; if not, an untrusted policy may use it on a secret."""
    has_templates: bool = True
    """Whether ``${path}`` in the texts of its operand is the value of a setting."""
    unsafe_here: Callable[[], str] = lambda: ""
    """Why no policy can use it on this machine; empty if policies can. The built-in rules always can."""
    needs: str = ""
    """The operator that must stand beside it, empty for most."""


_Function = TypeVar("_Function", bound=Callable[[Any], Check])
OPERATORS: Registry[Operator] = Registry(__name__, __path__[0])
"""Every operator by its name."""


def operator(name: str, **described: Any) -> Callable[[_Function], _Function]:
    """Register a function as the operator ``name``, described by the fields of :class:`Operator`."""

    def register(compile_: _Function) -> _Function:
        OPERATORS.add(name, Operator(compile_, **described), compile_.__module__)
        return compile_

    return register


def listed(given: Any) -> list[Any]:
    """One thing or a list of several, as a list."""
    return given if isinstance(given, list) else [given]
