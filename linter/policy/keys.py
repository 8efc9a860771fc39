"""Keys and certificates, parsed with the package ``cryptography``, which is imported only if there is one to parse.

Reasons never repeat anything of a key or passphrase; dates are given in UTC.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from os import urandom

from ..typed import Any, Final, NamedTuple, TypeVar

T = TypeVar("T")

LEAST_BITS: Final = 2048
"""The shortest RSA key that CloudFront accepts (Amazon CloudFront Developer Guide, "Creating key pairs for your signers")."""
MOST_CERTIFICATES: Final = 3
"""The maximum number of certificates in one value that is not a bundle: an authority, the next one, and perhaps an intermediate."""
SOON: Final = timedelta(days=60)
"""How long before its end a certificate expires "soon"."""

_LONGEST_KEY: Final = 8_000
"""The maximum length of a key in PEM: RSA with 8,192 bits has 6,500 characters, and the time of a signature grows with the cube of the
bits."""
_SHORTEST_KEY: Final = 150
"""The minimum length of an encrypted key in PEM: one of an elliptic curve has 200 characters."""
_MOST_CACHED: Final = 10_000
"""The maximum number of cached keys and certificates: a dump can have those of hundreds of environments, and is checked again after
commands."""
_SALT: Final = urandom(16)
_cache: dict[bytes, Any] = {}
"""Results for keys and certificates, by hashes with a salt of this process: no secret outlives its document."""


def _once(look: Callable[..., T], *texts: str | None) -> T | None:
    """Cache a function of texts: opening a key costs more than everything else that is done with a document."""
    key = blake2b(ascii((look.__name__, texts)).encode(), key=_SALT).digest()
    if key not in _cache:
        if len(_cache) >= _MOST_CACHED:
            _cache.clear()
        _cache[key] = _tried(look, *texts)
    found: T | None = _cache[key]
    return found


def _tried(look: Callable[..., T], *arguments: Any) -> T | None:
    """The result of ``look``; None if cryptography raises anything, or its Rust part panics.

    Its errors can quote a part of a key, and its warnings the path of its own file on this machine.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return look(*arguments)
        except Exception:
            return None
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            return None


class _Key(NamedTuple):
    """A private key that can be opened: its bits, None if it is not RSA; whether its signatures can be verified; its public half."""

    rsa_bits: int | None
    signs: bool
    public: bytes | None


def cloudfront_key_problem(pem: str, passphrase: Any) -> str | None:
    """Why a private key in PEM that can be opened cannot sign links for CloudFront, or None; see :func:`private_key_problem`."""
    key = _opened(pem, passphrase) if _can_be_opened(pem, passphrase) else None
    if key is None or not key.signs:
        return None  # reported separately
    if key.rsa_bits is None:
        return "must be an RSA key, because CloudFront accepts no other here"
    if key.rsa_bits < LEAST_BITS:
        return f"is an RSA key of {key.rsa_bits:,} bits, but CloudFront accepts none below {LEAST_BITS:,}"
    return None


def private_key_problem(pem: str, passphrase: Any) -> str | None:
    """Why a private key in PEM cannot sign, or None; also None if the passphrase is not a text, so that it is absent or unknown.

    The server accepts a key as soon as it can be opened, but signatures of a key with a damaged number cannot be verified.
    """
    if not _can_be_opened(pem, passphrase):
        return None
    if len(pem) > _LONGEST_KEY:
        return "is longer than any key that signs links"
    key = _opened(pem, passphrase)
    if key is not None:
        return None if key.signs else "is damaged, so that no signature that is made with it can be verified"
    return "cannot be opened with signingKeyPassphrase" if _is_encrypted(pem) else "is not a private key that OpenSSL can read"


def is_made_up(pem: str) -> bool:
    """Whether a text in the armour of a private key contains none that OpenSSL can read, even after repairing its line breaks.

    For an encrypted key only its length is checked.
    """
    found = re.search(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END", pem, re.DOTALL)
    if found is None:
        return True
    if _is_encrypted(pem):
        return len(found[2]) < _SHORTEST_KEY
    body = re.sub(r"\\[nrt]|\s", "", found[2])
    return _opened(f"-----BEGIN {found[1]}-----\n{body}\n-----END {found[1]}-----\n", None) is None


def public_key_problem(public: str, private: str, passphrase: Any) -> str | None:
    """Why a public key does not match a private one (both PEM), or None; also None if either cannot be read, or is damaged."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _opened(private, passphrase)
    half = _tried(lambda: _in_der(load_pem_public_key(public.encode()))) if len(public) <= _LONGEST_KEY else None
    is_other = key is not None and key.signs and None is not half != key.public
    return "does not belong to the private key" if is_other else None


def _can_be_opened(pem: str, passphrase: Any) -> bool:
    return "PRIVATE KEY-----" in pem and (isinstance(passphrase, str) or not _is_encrypted(pem))


def _is_encrypted(pem: str) -> bool:
    return "ENCRYPTED" in pem


def _opened(pem: str, passphrase: Any) -> _Key | None:
    """What is known about a private key; None if it cannot be opened."""
    return _once(_private_key, pem, passphrase if _is_encrypted(pem) and isinstance(passphrase, str) else None)


def _private_key(pem: str, passphrase: str | None) -> _Key | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if len(pem) > _LONGEST_KEY:
        return None
    secret = passphrase.encode() if passphrase is not None else None
    # Without checking that the numbers of an RSA key are primes, which takes 100 times as long.
    key: Any = load_pem_private_key(pem.encode(), secret, unsafe_skip_rsa_key_validation=True)
    is_rsa = isinstance(key, RSAPrivateKey)
    return _Key(key.key_size if is_rsa else None, not is_rsa or _tried(_has_signed, key) is True, _tried(lambda: _in_der(key.public_key())))


def _in_der(public: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _has_signed(key: Any) -> bool:
    """Whether a signature by an RSA key verifies; raises cryptography's exception if it cannot even sign."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    key.public_key().verify(key.sign(b"", PKCS1v15(), SHA256()), b"", PKCS1v15(), SHA256())
    return True


class _Certificate(NamedTuple):
    """Properties of a certificate; ``is_authority`` is None if it cannot be known."""

    start: datetime
    end: datetime
    is_authority: bool | None


def _certificates(pem: str) -> list[_Certificate] | None:
    """The certificates of a text; None if one of them cannot be read to its end."""
    from cryptography.x509 import load_pem_x509_certificates

    def read(pem: str) -> list[_Certificate]:
        found = load_pem_x509_certificates(pem.encode())
        return [_Certificate(one.not_valid_before_utc, one.not_valid_after_utc, _tried(_is_authority, one)) for one in found]

    return _once(read, pem)


def _is_authority(certificate: Any) -> bool:
    """Whether a certificate may sign others; an old one (X.509 version 1) does not say so, and counts if it signed itself."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return bool(certificate.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except ExtensionNotFound:
        return bool(certificate.issuer == certificate.subject)


def _usable(pem: str, now: datetime) -> str | None:
    certificates = _certificates(pem)
    if certificates is None:
        return "holds a certificate that cannot be parsed"
    for number, certificate in enumerate(certificates, 1):
        which = "" if len(certificates) == 1 else f"(certificate {number} of {len(certificates)}) "
        if certificate.end < now:
            return f"{which}expired on {certificate.end:%Y-%m-%d}"
        if certificate.start > now:
            return f"{which}is not valid before {certificate.start:%Y-%m-%d}"
        if certificate.is_authority is False:  # with extensions that cannot be read it has the benefit of the doubt
            return f"{which}is not a CA certificate"
    return None


def _few(pem: str, _now: datetime) -> str | None:
    number = pem.count("-----BEGIN CERTIFICATE-----")
    return f"holds {number} certificates" if number > MOST_CERTIFICATES else None


def _lasting(pem: str, now: datetime) -> str | None:
    ends = [certificate.end for certificate in _certificates(pem) or []]
    return f"expires on {max(ends):%Y-%m-%d}" if ends and now <= max(ends) <= now + SOON else None


CERTIFICATE_ASPECTS: Final[dict[str, Callable[[str, datetime], str | None]]] = {"usable": _usable, "few": _few, "lasting": _lasting}
"""The aspects of certificates that a rule can check: that they are valid authorities, few, and valid for more than 60 days."""


def certificate_problem(aspect: str, pem: str, now: datetime | None) -> str | None:
    """Why certificates fail one of the :data:`CERTIFICATE_ASPECTS` at a time (by default now), or None."""
    return CERTIFICATE_ASPECTS[aspect](pem, now or datetime.now(timezone.utc))
