"""Keys and certificates, which :mod:`linter.policy.keys` looks into; a text that is none by its form is left to the format's rules."""

from __future__ import annotations

from ...formats import FORMATS
from ...typed import Any
from ..errors import RuleError, did_you_mean
from ..node import Node
from ..template import compile_value
from ..verdict import Check, Failure, Verdict
from . import TEXT, operator


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
        from ..keys import cloudfront_key_problem, known_passphrase, private_key_problem

        if not isinstance(value, str) or FORMATS["pem-private-key"].reason(value) is not None:
            return None
        problem = cloudfront_key_problem if "use" in operand else private_key_problem
        reason = problem(value, known_passphrase(passphrase(node)))
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
        from ..keys import known_passphrase, public_key_problem

        private = key(node)
        if not isinstance(value, str) or not isinstance(private, str):
            return None
        reason = public_key_problem(value, private, known_passphrase(passphrase(node)))
        return True if reason is None else (Failure(reason),)

    return check


@operator(
    "certificates",
    schema=TEXT,
    operand="usable",
    says="contains CA certificates that are valid now; `few`: at most three; `lasting`: valid for 60 more days",
)
def certificates(operand: Any) -> Check:
    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, str) or FORMATS["pem-certificates"].reason(value) is not None:
            return None
        from ..keys import CERTIFICATE_ASPECTS, utc

        reason = CERTIFICATE_ASPECTS[operand](value, utc(node.document.now))
        return True if reason is None else (Failure(reason),)

    aspects = ("usable", "few", "lasting")
    if operand not in aspects:
        raise RuleError(f'there is no aspect "{operand}"{did_you_mean(str(operand), aspects)}')
    return check
