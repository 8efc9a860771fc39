"""Secrets, and keys and certificates, which :mod:`linter.policy.keys` looks into; a text that is none by its form is left to ``format``."""

from __future__ import annotations

from collections.abc import Callable

from ... import settings
from ...conformance.secrets import holds_secret
from ...formats import FORMATS
from ...model import ABSENT, UNKNOWN
from ...settings.kinds import catalogue_kind
from ...typed import Any, Final
from ..errors import RuleError, did_you_mean
from ..node import Node
from ..template import compile_value
from ..verdict import Check, Failure, Verdict
from . import TEXT, operator

_HELD: Final = "held"
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
    return _of_a_text(operand)(value) if not _is_held(operand) and isinstance(value, str) else None


def _of_a_text(operand: str) -> Callable[[str], str | None]:
    """What says which secret a text is; each is imported when it is asked for the first time."""
    if operand == "published":
        from ...formats.published import published_secret

        return published_secret
    from ...formats import credentials

    of_a_text: dict[str, Callable[[str], str | None]] = {
        "issued": credentials.issued_credential,
        "generated": credentials.generated_secret,
        "real": credentials.real_secret,
    }
    return of_a_text[operand]


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
    if not _is_held(operand):
        found = _of_a_text(operand)
        return lambda value, _node: True if isinstance(value, str) and found(value) is not None else failure

    def held(_value: Any, node: Node) -> Verdict:
        if node.value is ABSENT:
            return None
        return True if _holds(node) else failure

    return held


def _holds(node: Node) -> bool:
    """Whether it does; what stands there is the default, the text of its own entry (beside which members can be given), or the value."""
    fallback = node.fact("fallback")
    if fallback is not ABSENT and _what("published", fallback) is not None:
        return False  # a sample for a laptop, in whose place a deployment has its own
    given = (fact for fact in (fallback, node.fact("raw")) if fact is not ABSENT)
    value = next(given, node.value)
    document, path = node.document.owner(node.path)
    kind = catalogue_kind(document.kind)
    return value is UNKNOWN or kind not in settings.KINDS or holds_secret(settings.catalogue(kind), path, value)


@operator(
    "private_key",
    schema={
        "type": "object",
        "properties": {"passphrase": TEXT, "use": {"enum": ["cloudfront"]}},
        "required": ["passphrase"],
        "additionalProperties": False,
    },
    operand='{passphrase: "${path}"}',
    says="is a private key that this passphrase opens; with `use: cloudfront`, if it does, one that CloudFront accepts: RSA, of 2,048 bits "
    "at least",
)
def private_key(operand: Any) -> Check:
    if not isinstance(operand, dict) or not {"passphrase"} <= operand.keys() <= {"passphrase", "use"}:
        raise RuleError('must be a mapping of "passphrase" and perhaps "use"')
    if operand.get("use", "cloudfront") != "cloudfront":
        raise RuleError('"use" must be "cloudfront"')
    passphrase = compile_value(operand["passphrase"])

    def check(value: Any, node: Node) -> Verdict:
        from ..keys import cloudfront_key_problem, private_key_problem

        if not isinstance(value, str) or FORMATS["pem-private-key"].reason(value) is not None:
            return None
        problem = cloudfront_key_problem if "use" in operand else private_key_problem
        reason = problem(value, passphrase(node))
        return True if reason is None else (Failure(reason),)

    return check


@operator(
    "public_key_of",
    schema={"type": "object"},
    operand='{key: "${path}", passphrase: "${path}"}',
    says="is the public half of that private key",
)
def public_key_of(operand: Any) -> Check:
    if not isinstance(operand, dict) or not {"key"} <= operand.keys() <= {"key", "passphrase"}:
        raise RuleError('must be a mapping of "key" and perhaps "passphrase"')
    key, passphrase = compile_value(operand["key"]), compile_value(operand.get("passphrase"))

    def check(value: Any, node: Node) -> Verdict:
        from ..keys import public_key_problem

        private = key(node)
        if not isinstance(value, str) or not isinstance(private, str):
            return None
        reason = public_key_problem(value, private, passphrase(node))
        return True if reason is None else (Failure(reason),)

    return check


@operator(
    "certificates",
    schema=TEXT,
    operand="usable",
    says="contains CA certificates that are valid now; `few`: at most three; `lasting`: valid for 60 more days",
)
def certificates(operand: Any) -> Check:
    from ..keys import CERTIFICATE_ASPECTS, certificate_problem

    if operand not in CERTIFICATE_ASPECTS:
        raise RuleError(f'there is no aspect "{operand}"{did_you_mean(str(operand), CERTIFICATE_ASPECTS)}')

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, str) or FORMATS["pem-certificates"].reason(value) is not None:
            return None
        reason = certificate_problem(operand, value, node.document.now)
        return True if reason is None else (Failure(reason),)

    return check
