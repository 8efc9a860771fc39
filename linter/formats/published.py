"""Secrets that everybody can read in Medplum's repository or documentation."""

from __future__ import annotations

import re

_PUBLISHED = {
    # Words that a sample configuration gives; they are no secrets any more.
    "medplum": "is the password of Medplum's sample configuration",
    "medplum_admin": "is the published default password of the super admin",
    "admin@example.com": "is the published default address of the super admin",
    "top_secret": "is the passphrase of Medplum's sample configuration",
    "your-secure-secret-here": "is the placeholder of the documentation",
}
_PUBLISHED_HASHES = {
    "96b58aae94b8932c2d7766bd24a551ec8f5ad02a4ba8253e0faeece282ec479f": "is the private key of Medplum's sample configuration",
    "6c1d1fac06332ad3a5ce112fcc75b6e99c5c974a7969c395a544485d66519597": "is the reCAPTCHA secret of Medplum's sample configuration",
}
"""SHA-256 of the whole text, or of the first line of base64 of a PEM."""


def published_secret(text: str) -> str | None:
    """Where a secret is published, in a clause that reads on after the setting's name; None for one that is not."""
    if text in _PUBLISHED:
        return _PUBLISHED[text]
    if "PRIVATE KEY" not in text and not text.startswith("6L"):
        return None  # the two that are known are a key and a secret of reCAPTCHA
    import hashlib  # only for what can be one of them

    for part in (text.strip(), _first_base64_line(text)):
        reason = _PUBLISHED_HASHES.get(hashlib.sha256(part.encode("utf-8", "replace")).hexdigest())
        if reason is not None:
            return reason
    return None


def _first_base64_line(pem: str) -> str:
    match = re.search(r"(?:\A|\n|\\n)[^\S\n]*([A-Za-z0-9+/=]{20,})[^\S\n]*(?=\n|\\n|\Z)", pem)
    return match[1] if match is not None else ""
