"""Keys and certificates: opened as the server opens them, checked at a given time, never shown."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timezone
from io import StringIO
from math import lcm
from operator import attrgetter
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from support.keys import pem, rsa_key

from linter import reporters
from linter.documents.inputs import Input
from linter.formats import credentials
from linter.model import UNKNOWN, Style
from linter.options.config import Overrides
from linter.policy import keys
from linter.policy.keys import cloudfront_key_problem, is_made_up, private_key_problem, public_key_problem
from linter.reporters import reporter
from linter.run import Options, Outcome, lint_input

PASSPHRASE = "correct-horse-battery"


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
def test_without_a_passphrase_nothing_is_reported_of_an_encrypted_key(passphrase: object) -> None:
    assert private_key_problem(pem(rsa_key(), PASSPHRASE), passphrase) is None


def test_keys_that_cloudfront_does_not_take() -> None:
    assert private_key_problem(pem(rsa_key(1024)), None) is None
    assert cloudfront_key_problem(pem(rsa_key(1024)), None) == "is an RSA key of 1,024 bits, but CloudFront accepts none below 2,048"
    assert (
        cloudfront_key_problem(pem(ec.generate_private_key(ec.SECP256R1())), None)
        == "must be an RSA key, because CloudFront accepts no other here"
    )


def test_a_frame_around_nothing_readable() -> None:
    broken = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkq\n-----END PRIVATE KEY-----\n"
    assert private_key_problem(broken, None) == "is not a private key that OpenSSL can read"


PARTS = ("n", "e", "d", "p", "q", "dp", "dq", "qi")
"""The numbers of an RSA key in the order in which it holds them (RFC 8017, A.1.2)."""


def der(tag: int, content: bytes) -> bytes:
    """An element of DER."""
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(long)]) + long) + content


def pem_of(**changed: int) -> str:
    """A key in PKCS#8 in which some numbers are other ones."""
    private = rsa_key().private_numbers()
    sound = (
        private.public_numbers.n,
        private.public_numbers.e,
        private.d,
        private.p,
        private.q,
        private.dmp1,
        private.dmq1,
        private.iqmp,
    )
    numbers = {**dict(zip(PARTS, sound, strict=True)), **changed}
    integers = b"".join(der(2, one.to_bytes(one.bit_length() // 8 + 1, "big")) for one in (0, *numbers.values()))
    key = der(0x30, der(2, b"\0") + bytes.fromhex("300d06092a864886f70d0101010500") + der(4, der(0x30, integers)))
    return f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(key).decode()}-----END PRIVATE KEY-----\n"


def number(part: str) -> int:
    private = rsa_key().private_numbers()
    names = {"n": "public_numbers.n", "e": "public_numbers.e", "dp": "dmp1", "dq": "dmq1", "qi": "iqmp"}
    return int(attrgetter(names.get(part, part))(private))


DAMAGED = "is damaged, so that no signature that is made with it can be verified"


@pytest.mark.parametrize("part", PARTS)
def test_a_damaged_key_is_what_the_server_cannot_sign_with(part: str) -> None:
    """What node does with each: it opens all of them, and signs with some as it does with the sound one."""
    harmless = part in ("d", "dp", "dq", "qi")  # OpenSSL gets to a signature by two ways, and takes the other where one fails
    for wrong in (number(part) ^ 1, 0):
        damaged = pem_of(**{part: wrong})
        assert private_key_problem(damaged, None) == (None if harmless else DAMAGED)
        assert cloudfront_key_problem(damaged, None) is None
        assert public_key_problem(public(rsa_key()), damaged, None) is None


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_node_signs_with_what_is_not_reported() -> None:
    keys_of = [pem_of(**{part: wrong}) for part in PARTS for wrong in (number(part) ^ 1, number(part) ^ 1 << 20, 0)]
    keys_of += [pem_of(), pem_of(p=number("q"), q=number("p")), pem_of(e=1), pem_of(e=3)]
    script = """
        const {createSign, createVerify} = require("crypto");
        const {keys, half} = JSON.parse(require("fs").readFileSync(0));
        const signs = key => {
            try {
                return createVerify("RSA-SHA1").update("x").verify(half, createSign("RSA-SHA1").update("x").sign(key));
            } catch (error) {
                return false;
            }
        };
        console.log(JSON.stringify(keys.map(signs)));
    """
    given = json.dumps({"keys": keys_of, "half": public(rsa_key())})
    node = subprocess.run(["node", "-e", script], input=given, capture_output=True, text=True, check=True)
    assert [private_key_problem(one, None) is None for one in keys_of] == json.loads(node.stdout)


def test_a_key_with_another_private_exponent_that_signs_alike() -> None:
    order = (number("p") - 1) * (number("q") - 1)
    for equal in (number("d") + order, pow(65537, -1, lcm(number("p") - 1, number("q") - 1))):
        assert private_key_problem(pem_of(d=equal), None) is None


def test_the_halves_of_a_pair() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert public_key_problem(public(rsa_key()), pem(rsa_key(), PASSPHRASE), PASSPHRASE) is None
    assert public_key_problem(public(other), pem(rsa_key()), None) == "does not belong to the private key"
    assert public_key_problem("no key", pem(rsa_key()), None) is None


def lint(now: str | None = None, **settings: object) -> Outcome:
    time = datetime.fromisoformat(now).replace(tzinfo=timezone.utc) if now else None
    content = json.dumps({"baseUrl": "https://api.hospital.example/", **settings}).encode()
    options = Options(
        Overrides(select=("unusable-ca-certificate", "expiring-ca-certificate", "unusable-signing-key")), "server/json", now=time
    )
    return lint_input(Input("server.json", content, Path("server.json")), options)


def reported(outcome: Outcome) -> list[str]:
    assert outcome.bugs == ()
    return [f"{finding.rule}: {finding.message.partition(':')[0]}" for finding in outcome.result.findings]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-06-01", []),
        ("2029-11-15", ["expiring-ca-certificate: database.ssl.ca expires on 2030-01-01"]),
        ("2031-01-01", ["unusable-ca-certificate: database.ssl.ca expired on 2030-01-01"]),
        ("2019-01-01", ["unusable-ca-certificate: database.ssl.ca is not valid before 2020-01-01"]),
    ],
)
def test_the_life_of_a_certificate(now: str, expected: list[str]) -> None:
    assert reported(lint(now, database={"ssl": {"ca": certificate(2020, 2030)}})) == expected


def test_a_server_certificate_is_not_an_authority() -> None:
    found = reported(lint("2025-06-01", database={"ssl": {"ca": certificate(2020, 2030) + certificate(2020, 2030, authority=False)}}))
    assert found == ["unusable-ca-certificate: database.ssl.ca (certificate 2 of 2) is not a CA certificate"]


def wrong_byte(text: str, at: int, byte: int) -> str:
    """A certificate in which one byte is another one."""
    block = re.search("-----BEGIN CERTIFICATE-----\n(.*)\n-----END CERTIFICATE-----", text, re.DOTALL)
    assert block is not None
    der = bytearray(base64.b64decode(block[1]))
    der[at % len(der)] = byte
    return f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("byte", [0x00, 0x02, 0x30, 0x7F, 0x80, 0xFF])
def test_a_certificate_with_one_wrong_byte(byte: int, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder) -> None:
    """Whatever cryptography raises of it, the certificate is checked, and nothing is written but the report."""
    sound = certificate(2020, 2030)
    seen = set()
    for at in range(len(sound) // 2):
        seen |= {*reported(lint("2025-06-01", database={"ssl": {"ca": wrong_byte(sound, at, byte)}}))}
    assert "unusable-ca-certificate: database.ssl.ca holds a certificate that cannot be parsed" in seen
    assert not any("Error" in one or "Invalid" in one for one in seen)
    assert capfd.readouterr() == ("", "") and list(recwarn) == []


def test_a_certificate_of_an_unknown_version_and_one_without_a_serial_number(recwarn: pytest.WarningsRecorder) -> None:
    """``InvalidVersion`` is no ``ValueError``; of a serial number that is not positive cryptography warns, with its own path."""
    sound = certificate(2020, 2030)
    at = base64.b64decode("".join(sound.splitlines()[1:-1])).index(bytes([0xA0, 3, 2, 1, 2])) + 4
    assert reported(lint("2025-06-01", database={"ssl": {"ca": wrong_byte(sound, at, 9)}})) == [
        "unusable-ca-certificate: database.ssl.ca holds a certificate that cannot be parsed"
    ]
    assert reported(lint("2025-06-01", database={"ssl": {"ca": wrong_byte(sound, at + 3, 0)}})) == []
    assert list(recwarn) == []


@pytest.mark.parametrize("wrong", ["\ud800", "\0", "٣", "\n" * 100, "A" * 9_000])
def test_texts_that_are_not_keys(wrong: str) -> None:
    frame = f"-----BEGIN PRIVATE KEY-----\n{wrong}\n-----END PRIVATE KEY-----\n"
    long = len(wrong) > 8_000
    assert private_key_problem(frame, None) == ("is longer than any key" if long else "is not a private key") + (
        " that signs links" if long else " that OpenSSL can read"
    )
    assert private_key_problem(pem(rsa_key(), PASSPHRASE), wrong) == "cannot be opened with signingKeyPassphrase"
    assert public_key_problem(wrong, frame, wrong) is None
    assert public_key_problem(public(rsa_key()), pem(rsa_key(), PASSPHRASE), wrong) is None


def test_a_key_is_opened_once_however_many_environments_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = MagicMock(side_effect=serialization.load_pem_private_key)
    monkeypatch.setattr(serialization, "load_pem_private_key", opened)
    key = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048), PASSPHRASE)
    values = {"baseUrl": "https://api.hospital.example/", "signingKey": key, "signingKeyPassphrase": PASSPHRASE}
    for environments in (2, 20):  # the second time it is known from the first
        parameters = [
            {"Name": f"/medplum/e{number}/{name}", "Type": "SecureString", "Value": value}
            for number in range(environments)
            for name, value in values.items()
        ]
        outcome = lint_input(Input("ssm.json", json.dumps({"Parameters": parameters}).encode(), Path("ssm.json")), Options())
        assert outcome.bugs == ()
    assert opened.call_count == 1


def test_each_of_many_keys_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = MagicMock(side_effect=ValueError)
    monkeypatch.setattr(serialization, "load_pem_private_key", opened)
    frames = [f"-----BEGIN PRIVATE KEY-----\n{number}\n-----END PRIVATE KEY-----\n" for number in range(1_000)]
    for _ in range(3):  # as a run and two more, in which the commands that it proposes are tried
        for frame in frames:
            assert private_key_problem(frame, None) and not cloudfront_key_problem(frame, None)
    assert opened.call_count == len(frames)


def test_nothing_of_a_key_is_cached_but_a_hash() -> None:
    key = pem(rsa_key(), PASSPHRASE)
    private_key_problem(key, PASSPHRASE)
    cached = repr(keys._cache)
    assert keys._cache and PASSPHRASE not in cached and key.splitlines()[1] not in cached
    assert len(keys._cache) <= keys._MOST_CACHED


@pytest.mark.parametrize("output_format", reporters.names())
def test_neither_key_nor_passphrase_is_shown(output_format: str) -> None:
    key = pem(rsa_key(), PASSPHRASE)
    outcome = lint(signingKey=key, signingKeyPassphrase="the-wrong-one")
    stream = StringIO()
    reporter(output_format).report(outcome.result, stream, Style())
    assert reported(outcome) == ["unusable-signing-key: signingKey cannot be opened with signingKeyPassphrase"]
    for secret in ("the-wrong-one", key.splitlines()[1]):
        assert secret not in stream.getvalue()


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\\n"])
def test_a_published_key_is_known_by_its_hash(separator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = pem(rsa_key()).splitlines()
    known = {hashlib.sha256(lines[1].encode()).hexdigest(): "is published"}
    monkeypatch.setattr(credentials, "_PUBLISHED_HASHES", known)
    assert credentials.published_secret(separator.join(lines)) == "is published"
    assert credentials.published_secret(separator.join(lines[:1] + lines[2:])) is None


@pytest.mark.parametrize(
    ("change", "made_up"),
    [
        (lambda pem: pem, False),
        (lambda pem: pem.replace("\n", "\\n"), False),  # an escape that stayed
        (lambda pem: pem.replace("\n", " "), False),  # on one line
        (lambda pem: pem.replace("\n", "\r\n"), False),
        (lambda pem: pem[:200] + pem[300:], True),
        (lambda pem: pem[:300], True),
        (lambda _: "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", True),
        (lambda _: "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n-----END ENCRYPTED PRIVATE KEY-----\n", True),
    ],
)
def test_a_key_that_openssl_cannot_read_is_made_up(change: Callable[[str], str], made_up: bool) -> None:
    assert is_made_up(change(pem(rsa_key()))) is made_up


def test_an_encrypted_key_may_be_real() -> None:
    assert not is_made_up(pem(rsa_key(), PASSPHRASE))
