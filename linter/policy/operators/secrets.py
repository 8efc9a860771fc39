"""What stands where a secret belongs."""

from __future__ import annotations

from ... import settings
from ...conformance.secrets import holds_secret
from ...formats.published import not_published
from ...model import ABSENT, UNKNOWN
from ...settings.kinds import catalogue_kind
from ...typed import Any
from ..node import Node
from ..verdict import Check, Failure, Verdict
from . import always, operator


@operator(
    "holds_secret",
    schema={"type": "boolean"},
    operand="true",
    says="is a secret of the setting: no empty text or placeholder, and no object or address without a secret in it; of a reference with a "
    "default, such as `${NAME:-default}`, the default is, unless it is published as a sample; a value that cannot be read is one. "
    "`false`: is none",
    asks=lambda operand: f"be {'a' if operand else 'no'} secret",
    checks_unknown=always,
)
def is_secret(operand: Any) -> Check:
    """The check that the setting at hand holds a secret, whatever fact of it the path asks for."""

    def check(_value: Any, node: Node) -> Verdict:
        if node.value is ABSENT:
            return None
        return True if _holds(node) == operand else (Failure("must be no secret" if not operand else "must be a secret"),)

    return check


def _holds(node: Node) -> bool:
    """Whether it does; what stands there is the default, the text of its own entry (beside which members can be given), or the value."""
    fallback = node.fact("fallback")
    if fallback is not ABSENT and not_published(fallback) is not None:
        return False  # a sample for a laptop, in whose place a deployment has its own
    given = (fact for fact in (fallback, node.fact("raw")) if fact is not ABSENT)
    value = next(given, node.value)
    document, path = node.document.owner(node.path)
    kind = catalogue_kind(document.kind)
    return value is UNKNOWN or kind not in settings.KINDS or holds_secret(settings.catalogue(kind), path, value)
