"""What the documents of a deployment say of the same setting."""

from __future__ import annotations

from ...conformance.meaning import meant
from ...formats.placeholders import is_unresolved
from ...model import ABSENT, UNKNOWN
from ...typed import Any
from ..node import Node
from ..verdict import Check, Failure, Verdict
from . import TEXT, operator
from .compare import same

_DEEPEST_COMPARED = 100
"""Levels of nesting that no setting has. To look up each of more in another document takes as much as all before it together."""


@operator(
    "same_as",
    schema=TEXT,
    operand="member",
    says="is the same in another member of the deployment, if that member has it",
)
def same_as(operand: Any) -> Check:
    """The check that another document gives the same value; objects are compared by their members."""

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
