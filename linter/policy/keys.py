"""Keys and certificates, looked into with the package ``cryptography``, which is imported only where there is one to look at.

Reasons never repeat anything of a key or passphrase; dates are given in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ..model import UNKNOWN

LEAST_BITS: Final = 2048
"""The shortest RSA key that CloudFront takes (Amazon CloudFront Developer Guide, "Creating key pairs for your signers")."""
MOST_CERTIFICATES: Final = 3
"""More certificates than this in one value are a bundle: an authority, the next one, and perhaps an intermediate are none."""
SOON: Final = timedelta(days=60)
"""How long before its end a certificate expires "soon"."""


def private_key_problem(pem: str, passphrase: Any) -> str | None:
    """Why a private key in PEM cannot sign links for CloudFront, or None; also None where the passphrase is not known.

    ``passphrase`` is the text, ``UNKNOWN``, or None where none is given.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = "ENCRYPTED" in pem
    if "PRIVATE KEY-----" not in pem or (encrypted and not isinstance(passphrase, str)):
        return None
    try:
        key = load_pem_private_key(pem.encode(), passphrase.encode() if encrypted and isinstance(passphrase, str) else None)
    except Exception:  # whatever it is, its text may hold a part of the key
        return "cannot be opened with signingKeyPassphrase" if encrypted else "is no private key that OpenSSL can read"
    if not isinstance(key, RSAPrivateKey):
        return "must be an RSA key, for CloudFront takes no other here"
    if key.key_size < LEAST_BITS:
        return f"is an RSA key of {key.key_size:,} bits, where CloudFront takes none below {LEAST_BITS:,}"
    return None


def public_key_problem(public: str, private: str, passphrase: Any) -> str | None:
    """``public`` is not the public half of ``private`` (both PEM), or None; also None where either cannot be read."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key

    secret = passphrase.encode() if "ENCRYPTED" in private and isinstance(passphrase, str) else None
    try:
        halves = (load_pem_public_key(public.encode()), load_pem_private_key(private.encode(), secret).public_key())
    except Exception:  # other rules say what is wrong with a key that cannot be read
        return None
    one, other = (half.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for half in halves)
    return None if one == other else "does not belong to the private key"


def _certificates(pem: str) -> Any:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem.encode())
    except ValueError:
        return None


def _usable(pem: str, now: datetime) -> str | None:
    certificates = _certificates(pem)
    if certificates is None:
        return "holds a certificate that cannot be parsed"
    for number, certificate in enumerate(certificates, 1):
        which = "" if len(certificates) == 1 else f"(certificate {number} of {len(certificates)}) "
        if certificate.not_valid_after_utc < now:
            return f"{which}expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        if certificate.not_valid_before_utc > now:
            return f"{which}is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        if not _is_authority(certificate):
            return f"{which}is not the certificate of an authority"
    return None


def _is_authority(certificate: Any) -> bool:
    """Whether a certificate may sign others; an old one (X.509 version 1) does not say so, and counts when it signed itself."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return bool(certificate.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except ExtensionNotFound:
        return bool(certificate.issuer == certificate.subject)
    except ValueError:
        return True  # extensions that cannot be read: benefit of the doubt


def _few(pem: str, _now: datetime) -> str | None:
    number = pem.count("-----BEGIN CERTIFICATE-----")
    return f"holds {number} certificates" if number > MOST_CERTIFICATES else None


def _lasting(pem: str, now: datetime) -> str | None:
    certificates = _certificates(pem) or []
    ends = [certificate.not_valid_after_utc for certificate in certificates]
    if not ends or max(ends) < now or max(ends) > now + SOON:
        return None
    return f"expires on {max(ends):%Y-%m-%d}"


CERTIFICATE_ASPECTS: Final[dict[str, Callable[[str, datetime], str | None]]] = {"usable": _usable, "few": _few, "lasting": _lasting}
"""What a rule can ask of certificates: that they are valid authorities, that there are few, that they last beyond 60 days."""


def utc(now: datetime | None) -> datetime:
    """The time to judge by: the one that was given, else that of the machine."""
    return now if now is not None else datetime.now(timezone.utc)


def known_passphrase(value: Any) -> Any:
    """A passphrase operand: the text, None where it is empty, ``UNKNOWN`` where it is not known."""
    return value if value is UNKNOWN or isinstance(value, str) else None
