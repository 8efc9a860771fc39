"""Keys and certificates: opened as the server opens them, judged at a given time, never shown."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from linter import formats
from linter.config import Settings
from linter.model import UNKNOWN, Style
from linter.policy.keys import private_key_problem, public_key_problem
from linter.reporters import reporter
from linter.run import Input, Options, Outcome, lint_input

PASSPHRASE = "correct-horse-battery"


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, encryption).decode()


def public(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(start: int, end: int, *, authority: bool = True) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hospital Example CA")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(start, 1, 1))
        .not_valid_after(datetime(end, 1, 1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_that_opens_is_right(form: PrivateFormat) -> None:
    assert private_key_problem(pem(rsa_key(), form=form), None) is None
    assert private_key_problem(pem(rsa_key(), PASSPHRASE, form), PASSPHRASE) is None


def test_a_wrong_passphrase() -> None:
    assert private_key_problem(pem(rsa_key(), PASSPHRASE), "wrong") == "cannot be opened with signingKeyPassphrase"


@pytest.mark.parametrize("passphrase", [None, UNKNOWN])
def test_without_a_passphrase_nothing_is_said_of_an_encrypted_key(passphrase: object) -> None:
    assert private_key_problem(pem(rsa_key(), PASSPHRASE), passphrase) is None


def test_keys_that_cloudfront_does_not_take() -> None:
    assert private_key_problem(pem(rsa_key(1024)), None) == "is an RSA key of 1,024 bits, where CloudFront takes none below 2,048"
    assert (
        private_key_problem(pem(ec.generate_private_key(ec.SECP256R1())), None) == "must be an RSA key, for CloudFront takes no other here"
    )


def test_a_frame_around_nothing_readable() -> None:
    broken = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkq\n-----END PRIVATE KEY-----\n"
    assert private_key_problem(broken, None) == "is no private key that OpenSSL can read"


def test_the_halves_of_a_pair() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert public_key_problem(public(rsa_key()), pem(rsa_key(), PASSPHRASE), PASSPHRASE) is None
    assert public_key_problem(public(other), pem(rsa_key()), None) == "does not belong to the private key"
    assert public_key_problem("no key", pem(rsa_key()), None) is None


def lint(now: str | None = None, **settings: object) -> Outcome:
    time = datetime.fromisoformat(now).replace(tzinfo=timezone.utc) if now else None
    content = json.dumps({"baseUrl": "https://api.hospital.example/", **settings}).encode()
    options = Options(
        Settings(select=("unusable-ca-certificate", "ca-certificate-expires-soon", "unusable-signing-key")), "server/json", now=time
    )
    return lint_input(Input("server.json", content, Path("server.json")), options)


def said(outcome: Outcome) -> list[str]:
    assert outcome.bugs == ()
    return [f"{finding.rule}: {finding.message.partition(':')[0]}" for finding in outcome.result.findings]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-06-01", []),
        ("2029-11-15", ["ca-certificate-expires-soon: database.ssl.ca expires on 2030-01-01"]),
        ("2031-01-01", ["unusable-ca-certificate: database.ssl.ca expired on 2030-01-01"]),
        ("2019-01-01", ["unusable-ca-certificate: database.ssl.ca is not valid before 2020-01-01"]),
    ],
)
def test_the_life_of_a_certificate(now: str, expected: list[str]) -> None:
    assert said(lint(now, database={"ssl": {"ca": certificate(2020, 2030)}})) == expected


def test_the_certificate_of_a_server_is_no_authority() -> None:
    found = said(lint("2025-06-01", database={"ssl": {"ca": certificate(2020, 2030) + certificate(2020, 2030, authority=False)}}))
    assert found == ["unusable-ca-certificate: database.ssl.ca (certificate 2 of 2) is not the certificate of an authority"]


@pytest.mark.parametrize("output_format", ["text", "json", "sarif"])
def test_neither_key_nor_passphrase_is_shown(output_format: str) -> None:
    key = pem(rsa_key(), PASSPHRASE)
    outcome = lint(signingKey=key, signingKeyPassphrase="the-wrong-one")
    stream = StringIO()
    reporter(output_format).report(outcome.result, stream, Style())
    assert said(outcome) == ["unusable-signing-key: signingKey cannot be opened with signingKeyPassphrase"]
    for secret in ("the-wrong-one", key.splitlines()[1]):
        assert secret not in stream.getvalue()


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\\n"])
def test_a_published_key_is_known_by_its_hash(separator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = pem(rsa_key()).splitlines()
    known = {hashlib.sha256(lines[1].encode()).hexdigest(): "is published"}
    monkeypatch.setattr(formats, "_PUBLISHED_HASHES", known)
    assert formats.not_published(separator.join(lines)) == "is published"
    assert formats.not_published(separator.join(lines[:1] + lines[2:])) is None
