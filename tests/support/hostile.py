"""Values that no setting expects, as texts of JSON: what tests give every setting, in every source."""

from __future__ import annotations

import json
from typing import Final


def _deep(levels: int, opener: str = '{"a":', inner: str = "1", closer: str = "}") -> str:
    return opener * levels + inner + closer * levels


DIGITS: Final = (
    *("1" * 309, "-" + "1" * 309, "9" * 5_000, "-" + "9" * 5_000, "1" * 100_000, "0" * 400),
    *("1e400", "-1e400", "1E-400", "-0", "1e308", "-0.0"),
)
"""Numbers that JavaScript has as infinity or nothing, and more digits than Python converts."""

TEXTS: Final = (
    "\x1f8",  # blanks to a pattern, and none to int()
    "8\x1c",
    "",
    " ",
    "\n",
    "\0",
    "\ud800",
    "\udc00x",
    "\ufeff1",
    "٣",
    "²",
    "①",
    "½",
    "１２",
    "𝟏",
    "K",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "0x10",
    "1_000",
    "+1",
    "--1",
    "1 ",
    " 1",
    "1\n",
    "true",
    "TRUE",
    "null",
    "[]",
    "{}",
    '"x"',
    "[NaN]",
    "{",
    "[" * 2_000,
    _deep(1_500),
    "[" + "9" * 5_000 + "]",
    '{"a": ' + "1" * 309 + "}",
    "1" * 309 + "gb",
    "-" + "9" * 5_000 + "gb",
    "9" * 5_000,
    "-" + "9" * 5_000,
    "٣gb",
    "²gb",
    "9" * 400 + ".9" * 2,
    "1" * 309 + "/min",
    "a" * 100_000,
    "${A}",
    "{{ a }}",
    "${" * 500,
    "<a" * 500,
    "https://" + "1" * 400,
    "https://a:" + "9" * 5_000 + "/",
    "https://[" + ":" * 300,
    "http://a/\ud800",
    ":" * 3_000 + "x",
    ":" * 3_000 + "/",
    "arn:aws:s3:us-east-1:٣٣٣٣٣٣٣٣٣٣٣٣:x",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\n\ud800\n-----END RSA PRIVATE KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "-----BEGIN CERTIFICATE-----\n" + "AAAA\r\n" * 60 + "-----END OTHER-----\n",
    "-----BEGIN CERTIFICATE-----\n" + "\n" * 200,
    "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\n٣\ud800\n-----END CERTIFICATE-----\n",
    "S3:x",
    "s3:" + "a" * 300,
    "2025-02-30",
    "9999-99-99T99:99",
    "* * * * *" * 100,
    ",".join(["https://a.example"] * 300),
)
"""Texts with signs that are digits to some and not to others, without end, or with what no encoding holds."""

VALUES: Final = (
    *DIGITS,
    *(json.dumps(text) for text in TEXTS),
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "[[]]",
    '[null, 1, "a", {}, []]',
    '{"": ""}',
    '{"a.b": {"\\u0000": 1}}',
    '{"system": "aws_ssm_parameter_store", "key": "/a", "type": "string"}',
    '{"system": 1, "key": [], "type": {}}',
    _deep(1_100),
    _deep(1_100, "[", "", "]"),
    _deep(300, '{"issuer":', '"x"'),
    json.dumps([{"issuer": "x"}] * 200),
    '[{"issuer": ' + "1" * 400 + "}]",
    '{"host": ' + "1" * 5_000 + ', "port": {"a": [' + "9" * 400 + "]}}",
)
"""Every possible value of a name."""
