"""Secrets, keys and certificates, parsed by :mod:`linter.policy.keys`; a text in another form is left to ``format``."""

from __future__ import annotations

from collections.abc import Callable

from ...conformance.mismatch import COMMENTS
from ...conformance.secrets import holds_secret
from ...formats import FORMATS
from ...formats.credentials import SECRET_OF
from ...model import ABSENT, UNKNOWN
from ...typed import Any, Final
from ..display import described_by
from ..node import Node
from ..template import operand_of
from ..verdict import Check, Verdict, failed
from . import TEXT, operator

_HELD: Final = "held"
_SORTS: Final = {
    _HELD: ("be a secret", ""),
    "published": ("be a published secret", "published_secret"),
    "issued": ("contain a credential that a service issued", "issued_credential"),
    "generated": ("be a generated secret", "generated_secret"),
    "real": ("be a private key or a secret of reCAPTCHA", "real_secret"),
}
"""The requirement for each sort, after "must", and the function of :mod:`linter.formats.credentials` that identifies such a secret."""


def _found(operand: str, value: Any) -> str | None:
    """Which secret of a sort a value is."""
    from ...formats import credentials  # only for a rule that needs it

    find: Callable[[str], str | None] = getattr(credentials, _SORTS[operand][1])
    found = find(value) if isinstance(value, str) else None
    if found is not None and operand == "real" and "PRIVATE KEY-----" in value:
        from ..keys import is_made_up

        return None if is_made_up(value) else found
    return found


@operator(
    "secret",
    schema={"enum": list(_SORTS)},
    operand="held",
    says="is a secret of the setting, not an empty text, a placeholder, or an object or address without a secret; of a reference with a "
    "default, such as `${NAME:-default}`, the default counts, unless it is published as a sample; a value that cannot be read does too. "
    "`published`: is one in Medplum's repository or documentation; `issued`: contains a credential that a service issued, such as AWS, "
    "Google, Stripe or GitHub; `real`: is a private key or a secret of reCAPTCHA that was not made up for development; `generated`: is a "
    "long text of random letters and digits",
    denial=lambda operand, value: (
        (operand != _HELD and _found(operand, value)) or (SECRET_OF if operand == "issued" else f"must not {_SORTS[operand][0]}")
    ),
    checks_unknown=lambda operand: operand in (_HELD, "published"),
)
def secret(operand: str) -> Check:
    """The check for a sort of secret. Whether the setting itself contains one is checked whatever fact of it the path names."""
    failure = failed(f"must {_SORTS[operand][0]}")
    if operand == _HELD:
        return lambda _value, node: None if node.value is ABSENT else True if _holds(node) else failure
    if operand == "issued":
        return lambda value, node: True if _found(operand, value) is not None or _is_beside_key_id(value, node) else failure
    return lambda value, _node: None if value is UNKNOWN else failure if _found(operand, value) is None else True


def _is_beside_key_id(value: Any, node: Node) -> bool:
    """Whether a value is an AWS secret access key whose id is another member of the same object."""
    if not isinstance(value, str) or len(value) != 40 or not node.path:
        return False
    from ...formats.credentials import is_secret_of

    holder = node.document.get(node.path[:-1]) if len(node.path) > 1 else node.document.data
    return isinstance(holder, dict) and is_secret_of(holder.values(), value)


def _holds(node: Node) -> bool:
    """Whether a setting holds a secret: its default, the text of its own entry (which can have members beside it), or its value."""
    fallback = node.fact("fallback")
    if _found("published", fallback) is not None:
        return False  # a sample for a laptop, which a deployment replaces by its own
    if any(str(step).startswith(COMMENTS) for step in node.path) or _is_made_up(node):
        return False
    value = next((one for one in (fallback, node.fact("raw")) if one is not ABSENT), node.value)
    known, path, _ = described_by(node.document, node.path)
    return value is UNKNOWN or known is None or holds_secret(known, path, value)


def _is_made_up(node: Node) -> bool:
    """Whether a value is a private key that OpenSSL cannot read, or the passphrase of one.

    In Parameter Store not even such a value may be in plain text.
    """
    key = node.document.get((*node.path[:-1], "signingKey")) if node.path[-1:] == ("signingKeyPassphrase",) else node.value
    if not isinstance(key, str) or "PRIVATE KEY-----" not in key or node.document.kind == "server/ssm":
        return False
    from ..keys import is_made_up  # only for a key

    return is_made_up(key)


_OF_PEM: Final = {"type": "object", "additionalProperties": False}


@operator(
    "private_key",
    schema={**_OF_PEM, "properties": {"passphrase": TEXT, "use": {"enum": ["cloudfront"]}}, "required": ["passphrase"]},
    operand='{passphrase: "${path}"}',
    says="is a private key that this passphrase opens; with `use: cloudfront`, if it does, one that CloudFront accepts: RSA, of 2,048 bits "
    "at least",
)
def private_key(operand: dict[str, str]) -> Check:
    from ..keys import cloudfront_key_problem, private_key_problem

    problem = cloudfront_key_problem if "use" in operand else private_key_problem
    passphrase = operand_of(operand["passphrase"])
    return _of_pem("pem-private-key", lambda value, node: problem(value, passphrase.value(node)))


@operator(
    "public_key_of",
    schema={**_OF_PEM, "properties": {"key": TEXT, "passphrase": TEXT}, "required": ["key"]},
    operand='{key: "${path}", passphrase: "${path}"}',
    says="is the public half of that private key",
)
def public_key_of(operand: dict[str, str]) -> Check:
    from ..keys import public_key_problem

    key, passphrase = operand_of(operand["key"]), operand_of(operand.get("passphrase"))

    def problem(value: str, node: Node) -> str | None:
        private = key.value(node)
        return public_key_problem(value, private, passphrase.value(node)) if isinstance(private, str) else None

    return _of_pem(None, problem)


@operator(
    "certificates",
    schema={"enum": ["usable", "few", "lasting"]},
    operand="usable",
    says="contains CA certificates that are valid now; `few`: at most three; `lasting`: valid for 60 more days",
)
def certificates(operand: str) -> Check:
    from ..keys import certificate_problem

    return _of_pem("pem-certificates", lambda value, node: certificate_problem(operand, value, node.document.now))


def _of_pem(form: str | None, problem: Callable[[str, Node], str | None]) -> Check:
    """The check for a problem of a text; a text without the given form is not checked."""

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, str) or (form is not None and FORMATS[form].reason(value) is not None):
            return None
        reason = problem(value, node)
        return True if reason is None else failed(reason)

    return check
