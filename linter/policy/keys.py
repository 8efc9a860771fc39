"""Keys and certificates, looked into with the package ``cryptography``, which is imported only where there is one to look at.

Reasons never repeat anything of a key or passphrase; dates are given in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from hashlib import blake2b
from os import urandom

from ..model import UNKNOWN
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple
from .rsa import belong_together, rsa_bits

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers

LEAST_BITS: Final = 2048
"""The shortest RSA key that CloudFront takes (Amazon CloudFront Developer Guide, "Creating key pairs for your signers")."""
MOST_CERTIFICATES: Final = 3
"""More certificates than this in one value are a bundle: an authority, the next one, and perhaps an intermediate are none."""
SOON: Final = timedelta(days=60)
"""How long before its end a certificate expires "soon"."""


_LONGEST_KEY: Final = 8_000
"""Characters of a key in PEM at most: one of RSA with 8,192 bits has 6,500, and the time of a signature grows with the cube of the bits."""
_MOST_REMEMBERED: Final = 10_000
"""Keys and certificates of a run: a dump can hold those of hundreds of environments, and is checked again with what commands make of it."""
_SALT: Final = urandom(16)
_remembered: dict[bytes, Any] = {}
"""What was found of the keys and certificates that were looked into last. Of each only a hash with a salt of this process is kept, and
reasons and dates that repeat nothing: so that no secret outlives its document."""


def _once(what: str, texts: tuple[Any, ...], look: Callable[[], Any]) -> Any:
    """What ``look`` says of some texts. It is asked once: to open a key costs more than all else that is done with a document."""
    hashed = blake2b(what.encode(), key=_SALT)
    for text in texts:
        given = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
        hashed.update(f"{isinstance(text, str)} {len(given)} ".encode())
        hashed.update(given)
    seen = hashed.digest()
    if seen not in _remembered:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[seen] = look()
    return _remembered[seen]


def _tried(look: Callable[[], Any], otherwise: Any) -> Any:
    """What ``look`` gives; ``otherwise`` where cryptography raises whatever it raises, or its part in Rust panics.

    Its errors can quote a part of a key, and its warnings the path of its own file on this machine.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return look()
        except Exception:
            return otherwise
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            return otherwise


class _Key(NamedTuple):
    """What is asked of a private key that can be opened; ``rsa_bits`` is None where it is none of RSA.

    ``signs``: a signature that is made with it can be verified with its public half, also where a number in it is wrong that OpenSSL does
    without.
    """

    rsa_bits: int | None
    signs: bool


def cloudfront_key_problem(pem: str, passphrase: Any) -> str | None:
    """Why a private key in PEM that can be opened cannot sign links for CloudFront, or None; see :func:`private_key_problem`."""
    if not _can_be_looked_into(pem, passphrase):
        return None
    key = _private_key_facts(pem, passphrase)
    if key is None or not key.signs:
        return None  # which is said by itself
    if key.rsa_bits is None:
        return "must be an RSA key, because CloudFront accepts no other here"
    if key.rsa_bits < LEAST_BITS:
        return f"is an RSA key of {key.rsa_bits:,} bits, but CloudFront accepts none below {LEAST_BITS:,}"
    return None


def private_key_problem(pem: str, passphrase: Any) -> str | None:
    """Why a private key in PEM cannot sign, or None; also None where the passphrase is not known.

    ``passphrase`` is the text, ``UNKNOWN``, or None where none is given. Like the server, it takes the key as soon as it can be opened and
    its numbers are there; that these are primes nobody tests, which takes 100 times as long as all else. But where the numbers of an RSA
    key contradict each other, as they do when any of them is damaged, it signs something.
    """
    if not _can_be_looked_into(pem, passphrase):
        return None
    if len(pem) > _LONGEST_KEY:
        return "is longer than any key that signs links"
    key = _private_key_facts(pem, passphrase)
    if key is not None:
        return None if key.signs else "is damaged, so that no signature that is made with it can be verified"
    return "cannot be opened with signingKeyPassphrase" if _is_encrypted(pem) else "is not a private key that OpenSSL can read"


def _is_encrypted(pem: str) -> bool:
    return "ENCRYPTED" in pem


def _can_be_looked_into(pem: str, passphrase: Any) -> bool:
    return "PRIVATE KEY-----" in pem and (isinstance(passphrase, str) or not _is_encrypted(pem))


def _private_key_facts(pem: str, passphrase: Any) -> _Key | None:
    """The facts of a private key, or None where it cannot be opened."""
    secret = passphrase if _is_encrypted(pem) else None

    def look() -> _Key | None:
        bits = _tried(lambda: rsa_bits(pem, secret), None) if len(pem) <= _LONGEST_KEY else None
        if bits is not None:
            return _Key(bits, signs=True)
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        key = _private_key(pem, secret)
        return None if key is None else _Key(key.key_size if isinstance(key, RSAPrivateKey) else None, _signs(key))

    facts: _Key | None = _once("private", (pem, secret), look)
    return facts


def _private_key(pem: str, passphrase: str | None) -> Any:
    """The private key, or None where it cannot be opened; one of RSA as it stands, without a proof."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if len(pem) > _LONGEST_KEY:
        return None

    def load() -> Any:
        secret = passphrase.encode() if passphrase is not None else None
        return load_pem_private_key(pem.encode(), secret, unsafe_skip_rsa_key_validation=True)

    return _tried(load, None)


def _signs(key: Any) -> bool:
    """Whether what a key signs can be verified; of one of RSA where its numbers belong together, or else where a trial says so."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        return True
    return bool(_tried(lambda: _is_sound(key.private_numbers()), False) or _tried(lambda: _has_signed(key), False))


def _is_sound(numbers: RSAPrivateNumbers) -> bool:
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    return belong_together(n, e, numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)


def _has_signed(key: RSAPrivateKey) -> bool:
    """Whether a signature of a key can be verified; raises whatever cryptography does where not even a signature can be made."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    key.public_key().verify(key.sign(b"", PKCS1v15(), SHA256()), b"", PKCS1v15(), SHA256())
    return True


def public_key_problem(public: str, private: str, passphrase: Any) -> str | None:
    """Why a public key is not the half of a private one (both PEM), or None; also None where either cannot be read, or is damaged."""
    secret = passphrase if _is_encrypted(private) and isinstance(passphrase, str) else None
    problem: str | None = _once("public", (public, private, secret), lambda: _public_key_problem(public, private, secret))
    return problem


def _public_key_problem(public: str, private: str, passphrase: str | None) -> str | None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    key = _private_key(private, passphrase)

    def both() -> tuple[bytes, bytes]:
        halves = (load_pem_public_key(public.encode()), key.public_key())
        one, other = (half.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for half in halves)
        return one, other

    keys = _tried(both, None) if len(public) <= _LONGEST_KEY and key is not None and _signs(key) else None
    # Other rules say what is wrong with a key that cannot be read.
    return None if keys is None or keys[0] == keys[1] else "does not belong to the private key"


class _Certificate(NamedTuple):
    """What is asked of a certificate; ``authority`` is None where it cannot be known."""

    start: datetime
    end: datetime
    authority: bool | None


def _certificates(pem: str) -> list[_Certificate] | None:
    """The certificates of a text; None where one of them cannot be read to its end."""
    certificates: list[_Certificate] | None = _once("certificates", (pem,), lambda: _tried(lambda: _read_certificates(pem), None))
    return certificates


def _read_certificates(pem: str) -> list[_Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    return [
        _Certificate(one.not_valid_before_utc, one.not_valid_after_utc, _tried(partial(_is_authority, one), None))
        for one in load_pem_x509_certificates(pem.encode())
    ]


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
        if certificate.authority is False:  # with extensions that cannot be read it has the benefit of the doubt
            return f"{which}is not a CA certificate"
    return None


def _is_authority(certificate: Any) -> bool:
    """Whether a certificate may sign others; an old one (X.509 version 1) does not say so, and counts when it signed itself."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return bool(certificate.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except ExtensionNotFound:
        return bool(certificate.issuer == certificate.subject)


def _few(pem: str, _now: datetime) -> str | None:
    number = pem.count("-----BEGIN CERTIFICATE-----")
    return f"holds {number} certificates" if number > MOST_CERTIFICATES else None


def _lasting(pem: str, now: datetime) -> str | None:
    certificates = _certificates(pem) or []
    ends = [certificate.end for certificate in certificates]
    if not ends or max(ends) < now or max(ends) > now + SOON:
        return None
    return f"expires on {max(ends):%Y-%m-%d}"


CERTIFICATE_ASPECTS: Final[dict[str, Callable[[str, datetime], str | None]]] = {"usable": _usable, "few": _few, "lasting": _lasting}
"""What a rule can ask of certificates: that they are valid authorities, that there are few, that they last beyond 60 days."""


def utc(now: datetime | None) -> datetime:
    """The time to check dates against: the one that was given, else that of the machine."""
    return now if now is not None else datetime.now(timezone.utc)


def known_passphrase(value: Any) -> Any:
    """A passphrase operand: the text, None where it is empty, ``UNKNOWN`` where it is not known."""
    return value if value is UNKNOWN or isinstance(value, str) else None
