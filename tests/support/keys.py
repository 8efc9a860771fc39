"""Private keys for tests, generated in the run and never used elsewhere."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of so many bits, the same one whenever it is asked for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """A key in PEM, encrypted where there is a passphrase."""
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, encryption).decode()
