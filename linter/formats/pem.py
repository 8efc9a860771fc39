"""Keys and certificates in PEM, by their form; :mod:`linter.policy.keys` parses their content."""

from __future__ import annotations

from ..patterns import pattern
from ..typed import Final
from . import Check, format

_BEGIN = pattern(r"(?m)^\ufeff?-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n")
_WITHIN_A_LINE = pattern(r"[^\n]-----BEGIN ")


def _has_whole_pem(text: str) -> bool:
    """Whether some block goes from its BEGIN to the END of the same label, with no line between that starts with a hyphen."""
    for begin in _BEGIN.finditer(text):
        end = text.find("\n-", begin.end() - 1) + 1
        if end > begin.end() and text.startswith(f"-----END {begin[1]}-----", end):
            return True
    return False


def _pem(text: str) -> str | None:
    """One or more PEM blocks with real line breaks (RFC 7468), as OpenSSL needs them."""
    if "-----BEGIN " not in text:
        return 'must be PEM text, which begins with "-----BEGIN "'
    if "\n" not in text and "\\n" in text:
        return "must have real line breaks, but has a backslash and an n in their place"
    if "\n" not in text.strip():
        return "must have line breaks, but is on one line"
    if _has_whole_pem(text):
        return None
    if _WITHIN_A_LINE.search(text):
        return "must have -----BEGIN at the start of a line, but has spaces or other text before it"
    return "must be complete PEM text, from -----BEGIN to -----END with the same label"


def _pem_of(what: str, *labels: str) -> Check:
    def reason(text: str) -> str | None:
        if "-----BEGIN " in text and not any(label in text for label in labels):
            return f"must be {what}, but this is the PEM of something else"
        return _pem(text)

    return reason


format("pem-private-key", "A private key in PEM (PKCS#1, PKCS#8 or SEC1), not a public key and not a certificate.")(
    _pem_of("a private key", "PRIVATE KEY-----")
)
_FILE: Final = r"(?:\.{0,2}/|~/|[A-Za-z]:\\)[\w.@/\\ -]+\.(?:pem|crt|cer|cert|key|pub)"
format("pem-public-key", "A public key in PEM, as CloudFront accepts it.", _FILE, looks_random=True)(
    _pem_of("a public key", "PUBLIC KEY-----")
)
format("pem-certificates", "One or more X.509 certificates in PEM.", _FILE, looks_random=True)(
    _pem_of("certificates", "-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----")
)
