"""What stands where a secret belongs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ... import settings
from ...conformance.secrets import holds_secret
from ...formats.credentials import generated_secret, issued_credential, real_secret
from ...formats.published import published_secret
from ...model import ABSENT, UNKNOWN
from ...settings.kinds import catalogue_kind
from ...typed import Any, Final
from ..errors import RuleError, did_you_mean
from ..node import Node
from ..verdict import Check, Failure, Verdict
from . import operator

_HELD: Final = "held"
_OF_A_TEXT: Final[Mapping[str, Callable[[str], str | None]]] = {
    "published": published_secret,
    "issued": issued_credential,
    "generated": generated_secret,
    "real": real_secret,
}
_ASKS: Final = {
    _HELD: "be a secret",
    "published": "be a published secret",
    "issued": "contain a credential that a service issued",
    "generated": "be a generated secret",
    "real": "be a private key or a secret of reCAPTCHA",
}


def _is_held(operand: Any) -> bool:
    return bool(operand == _HELD)


def _what(operand: Any, value: Any) -> str | None:
    """What a value is that is such a secret; None for any other, and for one that is asked for as that of its setting."""
    return _OF_A_TEXT[operand](value) if operand in _OF_A_TEXT and isinstance(value, str) else None


@operator(
    "secret",
    schema={"enum": list(_ASKS)},
    operand="held",
    says="is a secret of the setting: no empty text or placeholder, and no object or address without a secret in it; of a reference with a "
    "default, such as `${NAME:-default}`, the default is, unless it is published as a sample; a value that cannot be read is one. "
    "`published`: is one in Medplum's repository or documentation; `issued`: contains a credential that a service issued, such as AWS, "
    "Google, Stripe or GitHub; `real`: is a private key or a secret of reCAPTCHA that was not made up for development; `generated`: is a "
    "long text of random letters and digits",
    asks=lambda operand: _ASKS[operand],
    denial=_what,
    checks_unknown=_is_held,
)
def secret(operand: Any) -> Check:
    """The check for a sort of secret. That the setting at hand holds one is asked of it whatever fact of it the path asks for."""
    if operand not in _ASKS:
        raise RuleError(f'there is no secret "{operand}"{did_you_mean(str(operand), _ASKS)}')
    failure = (Failure(f"must {_ASKS[operand]}"),)

    def held(_value: Any, node: Node) -> Verdict:
        if node.value is ABSENT:
            return None
        return True if _holds(node) else failure

    return held if _is_held(operand) else lambda value, _node: True if _what(operand, value) is not None else failure


def _holds(node: Node) -> bool:
    """Whether it does; what stands there is the default, the text of its own entry (beside which members can be given), or the value."""
    fallback = node.fact("fallback")
    if fallback is not ABSENT and published_secret(fallback) is not None:
        return False  # a sample for a laptop, in whose place a deployment has its own
    given = (fact for fact in (fallback, node.fact("raw")) if fact is not ABSENT)
    value = next(given, node.value)
    document, path = node.document.owner(node.path)
    kind = catalogue_kind(document.kind)
    return value is UNKNOWN or kind not in settings.KINDS or holds_secret(settings.catalogue(kind), path, value)
