"""What is said of an RSA key without the reader of keys of ``cryptography`` is what that one says of it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from support.checkout import ROOT
from support.keys import pem, rsa_key

from linter.policy import keys
from linter.policy.rsa import rsa_bits

PASSPHRASE = "correct-horse-bättery"


@cache
def plain(bits: int = 1024) -> str:
    return pem(rsa_key(bits))


@cache
def encrypted(bits: int = 1024) -> str:
    return pem(rsa_key(bits), PASSPHRASE)


def proved(text: str, passphrase: str | None) -> int | None:
    """What cryptography says of a key, by a whole proof."""
    try:
        loaded = load_pem_private_key(text.encode(), passphrase.encode() if passphrase is not None else None)
    except Exception:
        return None
    return loaded.key_size if isinstance(loaded, rsa.RSAPrivateKey) else None


def framed(content: bytes, label: str) -> str:
    """A text in PEM."""
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def unframed(text: str) -> bytes:
    return base64.b64decode("".join(text.splitlines()[1:-1]))


@pytest.mark.parametrize("bits", [1024, 1032, 2048, 3072, 4096])
def test_what_openssl_and_cryptography_write_is_known(bits: int) -> None:
    assert rsa_bits(plain(bits), None) == proved(plain(bits), None) == bits
    assert rsa_bits(encrypted(bits), PASSPHRASE) == proved(encrypted(bits), PASSPHRASE) == bits
    assert framed(unframed(plain(bits)), "PRIVATE KEY") == plain(bits)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
@pytest.mark.parametrize("cipher", ["aes128", "aes192", "aes256"])
@pytest.mark.parametrize("prf", ["hmacWithSHA1", "hmacWithSHA256", "hmacWithSHA512"])
def test_each_way_of_openssl_to_encrypt_a_key_is_known(cipher: str, prf: str) -> None:
    command = ["openssl", "pkcs8", "-topk8", "-v2", cipher, "-v2prf", prf, "-passout", f"pass:{PASSPHRASE}"]
    text = subprocess.run(command, input=plain(), capture_output=True, text=True, check=True).stdout
    assert rsa_bits(text, PASSPHRASE) == proved(text, PASSPHRASE) == 1024
    assert rsa_bits(text, "another") is None and rsa_bits(text, "") is None and rsa_bits(text, None) is None


def test_what_is_left_to_cryptography() -> None:
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    old = pem(rsa_key(1024), form=PrivateFormat.TraditionalOpenSSL)
    short = framed(unframed(plain()), "RSA PRIVATE KEY")
    for text in (
        "",
        "\n",
        other,
        old,
        short,
        plain().replace("\n", "\r\n"),
        f"key:\n{plain()}",
        plain() * 2,
        plain().replace("\n", "\n\n"),
    ):
        assert rsa_bits(text, None) is None
    for passphrase in ("", "wrong", "\ud800", PASSPHRASE.upper()):
        assert rsa_bits(encrypted(), passphrase) is None
    for form in (plain(), encrypted()):
        assert rsa_bits(form, "" if form == plain() else None) is None


@given(st.integers(0, 2**32), st.integers(0, 255), st.sampled_from(["replaced", "inserted", "removed", "cut", "doubled"]))
def test_no_changed_key_is_taken_for_a_sound_one(at: int, byte: int, how: str) -> None:
    content = unframed(plain())
    at %= len(content)
    changed = {
        "replaced": content[:at] + bytes([byte]) + content[at + 1 :],
        "inserted": content[:at] + bytes([byte]) + content[at:],
        "removed": content[:at] + content[at + 1 :],
        "cut": content[:at],
        "doubled": content + content[:at],
    }[how]
    text = framed(changed, "PRIVATE KEY")
    bits = rsa_bits(text, None)
    assert bits is None or (bits == proved(text, None) and changed == content)


@given(st.integers(0, 2**32), st.integers(0, 255))
def test_no_changed_encrypted_key_is_taken_for_a_sound_one(at: int, byte: int) -> None:
    content = unframed(encrypted())
    at %= len(content)
    changed = content[:at] + bytes([byte]) + content[at + 1 :]
    bits = rsa_bits(framed(changed, "ENCRYPTED PRIVATE KEY"), PASSPHRASE)
    assert bits is None or (bits == proved(encrypted(), PASSPHRASE) and changed == content)


@given(st.integers(0, 2**32), st.characters(codec="utf-8"), st.booleans())
def test_no_changed_text_is_read_where_cryptography_does_not(at: int, char: str, instead: bool) -> None:
    text = plain()
    at %= len(text)
    changed = text[:at] + char + text[at + instead :]
    bits = rsa_bits(changed, None)
    assert bits is None or bits == proved(changed, None)


def test_a_key_is_opened_without_what_reads_all_keys(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    path.write_text(json.dumps({"baseUrl": "https://api.hospital.example/", "signingKey": encrypted(), "signingKeyPassphrase": PASSPHRASE}))
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from linter import plain
try:
    plain.command([{str(path)!r}, "-q"])()
except SystemExit:
    print(sorted(name for name in ("cryptography.hazmat.primitives.serialization", "inspect", "hashlib") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.endswith("['hashlib']\n")


def test_what_is_known_is_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialization, "load_pem_private_key", lambda *_given, **_named: pytest.fail("opened"))
    monkeypatch.setattr(keys, "_remembered", {})
    assert keys.private_key_problem(encrypted(), PASSPHRASE) is None
    assert keys.cloudfront_key_problem(encrypted(), PASSPHRASE) == "is an RSA key of 1,024 bits, but CloudFront accepts none below 2,048"
