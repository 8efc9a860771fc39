"""RSA private keys in the form in which OpenSSL writes them, opened with a cipher alone.

What ``cryptography`` opens keys with imports all that could ever be in one, and Python's ``inspect`` beside it: 20 ms, half a small run.
This knows PKCS#8 in PEM (RFC 5958), plain or encrypted with PBKDF2 and AES (RFC 8018), and only ever says yes: what is anything else, or
wrong in any way, :mod:`linter.policy.keys` has opened by ``cryptography``, whose word then counts.
"""

from __future__ import annotations

from ..typed import Final

_LINE: Final = 64
"""Characters in each line of a PEM text (RFC 7468) but the last one."""
_MOST_ROUNDS: Final = 10_000_000
"""Rounds of PBKDF2: more would take seconds."""
_BITS: Final = range(1_024, 16_385)
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_SEQUENCE: Final = 0x30
_OF_RSA: Final = bytes.fromhex("020100300d06092a864886f70d0101010500")
"""The version of PKCS#8, and ``rsaEncryption`` without parameters."""
_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("06092a864886f70d01050c")
_HASHES: Final = {
    b"": "sha1",  # the default
    bytes.fromhex("300c06082a864886f70d02070500"): "sha1",
    bytes.fromhex("300c06082a864886f70d02090500"): "sha256",
    bytes.fromhex("300c06082a864886f70d020b0500"): "sha512",
}
"""The hashes of PBKDF2 by what names them."""
_KEY_SIZES: Final = {bytes.fromhex(f"06096086480165030401{last}"): size for last, size in (("02", 16), ("16", 24), ("2a", 32))}
"""Bytes of the keys of AES in CBC mode by what names the cipher."""


class _Other(Exception):
    """Something else than what this knows."""


def rsa_bits(pem: str, passphrase: str | None) -> int | None:
    """The bits of a sound RSA key that a PEM text holds, opened with the passphrase if there is one; None where that is not certain."""
    try:
        content = _content(pem, "PRIVATE KEY") if passphrase is None else _opened(_content(pem, "ENCRYPTED PRIVATE KEY"), passphrase)
        numbers = _numbers(content)
    except (_Other, ValueError):  # the latter of a text that cannot be encoded, or of the cipher
        return None
    size = numbers[0].bit_length()
    return size if size in _BITS and belong_together(*numbers) else None


def belong_together(n: int, e: int, d: int, p: int, q: int, dp: int, dq: int, qi: int) -> bool:
    """Whether the numbers of a key are what RFC 8017 (3.1, 3.2) says of them, but for that ``p`` and ``q`` are primes."""
    return (
        e > 1 < min(p, q)
        and n == p * q
        and e * d % (p - 1) == e * d % (q - 1) == 1
        and (dp, dq) == (d % (p - 1), d % (q - 1))
        and qi * q % p == 1
    )


def _content(pem: str, label: str) -> bytes:
    """What is between the only two boundaries of a PEM text, which are these."""
    from binascii import a2b_base64, b2a_base64

    first, *lines, last = pem.strip("\n").split("\n")
    if (
        (first, last) != (f"-----BEGIN {label}-----", f"-----END {label}-----")
        or not lines
        or any(len(line) != _LINE for line in lines[:-1])
    ):
        raise _Other
    text = "".join(lines).encode("ascii")
    content = a2b_base64(text)
    if len(lines[-1]) > _LINE or b2a_base64(content, newline=False) != text:  # base64 is read with anything else in it, too
        raise _Other
    return content


def _opened(content: bytes, passphrase: str) -> bytes:
    """What is encrypted in an ``EncryptedPrivateKeyInfo``."""
    from hashlib import pbkdf2_hmac

    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    algorithm, encrypted = _all(_only(content, _SEQUENCE), _SEQUENCE, _OCTETS)
    derivation, cipher = _all(_only(_behind(_PBES2, algorithm), _SEQUENCE), _SEQUENCE, _SEQUENCE)
    salt, rounds, rest = _some(_only(_behind(_PBKDF2, derivation), _SEQUENCE), _OCTETS, _INTEGER)
    name = next((name for name in _KEY_SIZES if cipher.startswith(name)), b"")
    if rest not in _HASHES or not name or _number(rounds) > _MOST_ROUNDS or not passphrase:
        raise _Other
    key = pbkdf2_hmac(_HASHES[rest], passphrase.encode(), salt, _number(rounds), _KEY_SIZES[name])
    decryptor = Cipher(AES(key), CBC(_only(_behind(name, cipher), _OCTETS))).decryptor()
    padded = decryptor.update(encrypted) + decryptor.finalize()
    padding = padded[-1:] * padded[-1] if padded else b""
    if not 1 <= len(padding) <= 16 or not padded.endswith(padding):
        raise _Other
    return padded[: -len(padding)]


def _numbers(content: bytes) -> list[int]:
    """The numbers of a ``PrivateKeyInfo`` with an RSA key of two primes: n, e, d, p, q, and those that follow from them."""
    key = _only(_only(_behind(_OF_RSA, _only(content, _SEQUENCE)), _OCTETS), _SEQUENCE)
    version, *numbers = map(_number, _all(key, *(_INTEGER,) * 9))
    if version != 0:
        raise _Other
    return numbers


# --- DER (X.690) -----------------------------------------------------------------------------------------------------------------------


def _only(content: bytes, tag: int) -> bytes:
    """What is in an element, behind which nothing stands."""
    [inner] = _all(content, tag)
    return inner


def _all(content: bytes, *tags: int) -> list[bytes]:
    """What is in each of some elements, behind which nothing stands."""
    *found, rest = _some(content, *tags)
    if rest:
        raise _Other
    return found


def _some(content: bytes, *tags: int) -> list[bytes]:
    """What is in each of some elements, and what stands behind them."""
    found: list[bytes] = []
    for tag in tags:
        if len(content) < 2 or content[0] != tag:
            raise _Other
        start, size = 2, content[1]
        if size >= 0x80:
            start = 2 + size - 0x80
            size = int.from_bytes(content[2:start], "big")
            if not 2 < start <= 4 or size < (0x80 if start == 3 else 0x100):  # not the shortest form
                raise _Other
        if len(content) < start + size:
            raise _Other
        found.append(content[start : start + size])
        content = content[start + size :]
    return [*found, content]


def _number(content: bytes) -> int:
    """A number that is not negative, in its shortest form."""
    if not content or content[0] >= 0x80 or (content[0] == 0 and len(content) > 1 and content[1] < 0x80):
        raise _Other
    return int.from_bytes(content, "big")


def _behind(name: bytes, content: bytes) -> bytes:
    """What stands behind the name of what this knows."""
    if not content.startswith(name):
        raise _Other
    return content[len(name) :]
