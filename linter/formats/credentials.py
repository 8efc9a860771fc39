"""Recognises real credentials by their form: tokens that a service issued, private keys, and generated texts.

Each function says what a text is, in a clause that follows the setting's name and never repeats the text; None for any other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..patterns import pattern
from ..typed import Any, Final
from .placeholders import is_unresolved

_STARTS = "AKIA ASIA GOCSPX- SG. _live_ glpat- xox npm_ sk- key- ghp_ gho_ ghu_ ghs_ ghr_ github_pat_".split()
"""One of these is in every text that :func:`issued_credential` finds, so that hardly any text needs the pattern."""
_SHORTEST = 20
"""The minimum length of a generated text, in characters."""
_LENGTH_OF_AWS = 40
"""The length of an AWS secret access key, in base64 characters."""
SECRET_OF = "is the secret of the AWS access key beside it,"
"""The finding of :func:`is_secret_of`, as a clause."""
_BITS = 3.5
"""The minimum number of bits per character in such a text; English has fewer, and so has a word with its letters replaced."""


def issued_credential(text: str) -> str | None:
    """Which issued credential a text contains."""
    if not any(map(text.__contains__, _STARTS)):
        return None
    found = re.search(
        r"""(?<![\w-])(?:
          (?P<an_access_key_of_an_AWS_account>A(?:KIA|SIA)[A-Z2-7]{16}(?![A-Z0-9]))
        | (?P<a_client_secret_of_Google>GOCSPX-[\w-]{20,})
        | (?P<an_API_key_of_SendGrid>SG\.[\w-]{16,}\.[\w-]{16,})
        | (?P<a_secret_key_of_Stripe>[sr]k_live_[0-9A-Za-z]{16,})
        | (?P<a_token_of_GitHub>gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40,})
        | (?P<a_token_of_GitLab>glpat-[\w-]{20})
        | (?P<a_token_of_Slack>xox[abeoprs]-[\w-]{20,})
        | (?P<a_token_of_npm>npm_[A-Za-z0-9]{36})
        | (?P<an_API_key_of_an_AI_service>sk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,})
        | (?P<an_API_key_of_Mailgun>key-[0-9a-f]{32}(?![\w-]))
        )""",
        text,
        re.VERBOSE,
    )
    if found is None or found.lastgroup is None or _is_made_up(found[0]):
        return None
    return f"contains {found.lastgroup.replace('_', ' ')}"


def is_secret_of(key_id: Iterable[Any], text: Any) -> bool:
    """Whether a text has the form of an AWS secret access key, and one of the texts beside it is the id of such a key."""
    if not isinstance(text, str) or len(text) != _LENGTH_OF_AWS or not is_generated(text) or _is_made_up(text):
        return False
    return any(isinstance(one, str) and "AWS" in (issued_credential(one) or "") for one in key_id)


def real_secret(text: str) -> str | None:
    """Whether a text is a private key or a secret of reCAPTCHA, and was not made up for development."""
    if not ("-----BEGIN" in text or text.startswith("6L")) or _is_known(text):
        return None
    if re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=\s\\:,-]{200}", text):
        return "is a private key"
    return "is a secret of reCAPTCHA" if re.fullmatch(r"6L[A-Za-z0-9_-]{38}", text) and not _is_made_up(text) else None


def generated_secret(text: str) -> str | None:
    """Whether a text is a long random sequence of letters and digits, which no person would make up."""
    if not is_generated(text) or _is_known(text) or real_secret(text) is not None or _is_made_up(text):
        return None
    return "looks like a secret of a service"


def _is_known(text: str) -> bool:
    """Whether a text is still to be filled in, or is published, which is a finding of its own."""
    return is_unresolved(text) or published_secret(text) is not None


_MADE_UP: Final = pattern("example|sample|dummy|fake|test|local|demo|change|secret|password|medplum|x{4}|0{4}|1234|abcd", re.IGNORECASE)


def _is_made_up(text: str) -> bool:
    """Whether a text contains something that people write into samples."""
    return _MADE_UP.search(text) is not None


def is_generated(text: str) -> bool:
    """Whether a text is long, and mixes letters and digits as only a generator does."""
    kinds = (str.islower, str.isupper, str.isdigit)
    if len(text) < _SHORTEST or len(text.split()) > 1 or not all(any(map(kind, text)) for kind in kinds):
        return False
    from math import log2

    shares = [text.count(char) / len(text) for char in dict.fromkeys(text)]
    return -sum(share * log2(share) for share in shares) >= _BITS


_PUBLISHED = {
    # Words from sample configurations; they are not secret any more.
    "medplum": "is the password of Medplum's sample configuration",
    "medplum_admin": "is the published default password of the super admin",
    "admin@example.com": "is the published default address of the super admin",
    "top_secret": "is the passphrase of Medplum's sample configuration",
    "your-secure-secret-here": "is the placeholder of the documentation",
}
_PUBLISHED_HASHES = {
    "96b58aae94b8932c2d7766bd24a551ec8f5ad02a4ba8253e0faeece282ec479f": "is the private key of Medplum's sample configuration",
    "6c1d1fac06332ad3a5ce112fcc75b6e99c5c974a7969c395a544485d66519597": "is the reCAPTCHA secret of Medplum's sample configuration",
    "f5e95c9954635b65acab57e6d5ea663eb900f06dc8794a90358f5abb1c77d4e0": "is Google's reCAPTCHA secret for tests",
}
"""SHA-256 of the whole text, or of the first line of base64 of a PEM."""


def published_secret(text: str) -> str | None:
    """Where a secret is published, in a clause that follows the setting's name; None if it is not."""
    if text in _PUBLISHED:
        return _PUBLISHED[text]
    if "PRIVATE KEY" not in text and not text.startswith("6L"):
        return None  # the known ones are a key and secrets of reCAPTCHA
    import hashlib  # only for possible ones

    for part in (text.strip(), _first_base64_line(text)):
        reason = _PUBLISHED_HASHES.get(hashlib.sha256(part.encode("utf-8", "replace")).hexdigest())
        if reason is not None:
            return reason
    return None


def _first_base64_line(pem: str) -> str:
    match = re.search(r"(?:\A|\n|\\n)[^\S\n]*([A-Za-z0-9+/=]{20,})[^\S\n]*(?=\n|\\n|\Z)", pem)
    return match[1] if match is not None else ""
