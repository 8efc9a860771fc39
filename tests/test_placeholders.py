"""Which texts count as references that a program replaces, or as instructions to a person."""

from __future__ import annotations

import random
import string

import pytest

from linter.formats.placeholders import fallback_of, is_blank, is_reference, is_stock
from linter.formats.urls import url, with_other_host


@pytest.mark.parametrize(
    "text",
    [
        "$API_URL",
        "%API_URL%",
        "@@API_URL@@",
        "https://$API_HOST/",
        "https://%API_HOST%/fhir/R4",
        "https://@@API@@:8103/",
        "https://api.$DOMAIN/",
        "https://$ENV.example.com/",
        "https://${HOST}/",
    ],
)
def test_a_name_that_a_program_replaces(text: str) -> None:
    assert is_reference(text) and not is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        "$api_url",  # a name of a variable that a deployment replaces is in upper case
        "pa$WORD",
        "$WORD!",
        "%WORD",
        "100%",
        "WORD%40HOME%",
        "a@@b",
        "@@api@@",
        "$1",
        "$A",
        "$$NAME",
        "https://api.example.com/$PATH",
        "https://api.example.com/%2F%2F",
        "https://%61pi.example.com/",
        "postgres://app:$WORD@db.example.com/",
        "https://app@@home.example.com/",
        "",
    ],
)
def test_a_sign_alone_is_not_a_reference(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("${A:-b}", "b"),
        ("${A-b}", "b"),
        ("${A:=b}", "b"),
        ("${A=b}", "b"),
        ('${A:-{"a": {}}}', '{"a": {}}'),
        ("${A:-${B:-c}}", "c"),
        ("${{ secrets.A || 'it''s' }}", "it's"),
        ("${A:-${B}}", ""),
        ("${A:-$B}", ""),
        ("${A:-a}${B:-b}", ""),
        ("${A:-a}}", ""),
        ("${A:?b}", ""),
        ("${A:+b}", ""),
        ("${A}", ""),
        ("x${A:-b}", ""),
        ("${{ secrets.A || secrets.B }}", ""),
        ("${A:-" * 6 + "x" + "}" * 6, ""),
        ("", ""),
    ],
)
def test_the_default_of_a_reference(text: str, default: str) -> None:
    assert fallback_of(text) == default


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:wafv2:us-east-1:123456789012:ipset/...",
        "https://…",
        "PASTE_REAL_RECAPTCHA_SITE_KEY",
        "PASTE_REAL_STRIPE_KEY",
        "put-key-here",
        "put-your-key-here",
        "put-the-dashboard-token-here",
        "ENTER_PASSWORD",
        "ENTER_YOUR_PASSWORD",
        "Enter your password",
        "INSERT_KEY",
        "INSERT_API_KEY_HERE",
        "SET_IN_RENDER_DASHBOARD",
        "SET_IN_ENV",
        "SET_IN_COOLIFY",
        "SET_VIA_SECRETS_MANAGER",
        "REPLACE_WITH_SECRET",
        "REPLACE_BEFORE_DEPLOY",
        "REPLACE_ME",
        "replace-me",
        "replaceme",
        "REPLACEME",
        "changeme",
        "ChangeMe",
        "CHANGEME",
        "change_me",
        "change-this",
        "changethis",
        "change-this-password",
        "change-in-production",
        "REDACTED",
        "redacted",
        "[REDACTED]",
        "<redacted>",
        "***",
        "******",
        "xxx",
        "XXXX",
        "xxxxx",
        "sk-xxxxxxxxxxxx",
        "6LeXXXXXXXXXXXXXX",
        "AKIAXXXXXXXXXXXXXXXX",
        "dummy",
        "dummy-key",
        "DUMMY_SECRET",
        "your-postgres-password",
        "your-redis-port",
        "your-postgres-host",
        "YOUR_PASSWORD",
        "your_password",
        "yourpassword",
        "yourdomain.com",
        "https://your-domain.com/",
        "https://api.yourdomain.com/",
        "https://your.domain.com/",
        "your-medplum-host.com",
        "your-bucket",
        "s3:your-bucket",
        "s3:YOUR_BUCKET_NAME",
        "postgres://user:YOUR_PASSWORD@host/db",
        "postgres://user:your-password@host:5432/db",
        "redis://:ENTER_PASSWORD@cache:6379",
        "my-secret-key",
        "MY_PASSWORD",
        "my_password",
        "my-bucket",
        "s3:my-bucket",
        "your-super-long-random-phrase",
        "real-key-here",
        "KEY_HERE",
        "secret_goes_here",
        "password-here",
        "PUT_KEY_HERE",
        "ADD_KEY",
        "add-your-key",
        "FILL_ME",
        "fill-in-password",
        "fill_this_in",
        "provide-your-token",
        "SUPPLY_SECRET",
        "INJECTED_BY_CI",
        "LOADED_FROM_ENV",
        "support@your-domain.com",
        '"Your Company" <support@yourcompany.com>',
        "paste-real-stripe-key",
        "paste your key here",
        "-----BEGIN PRIVATE KEY-----\nPASTE_YOUR_KEY_HERE\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "arn:aws:acm:us-east-1:your-account:certificate/x",
        "change_me_please",
        "please-change-me",
        "placeholder",
        "PLACEHOLDER_KEY",
        "password-placeholder",
        "TODO",
        "TODO: ask ops",
        "set-me",
        "YourPassword1",
        "use-your-own-key",
        "enter-your-postmark-token",
        "paste-key",
        "replace-with-real-password",
        "your-secret-key-here-min-32-chars",
        "your-256-bit-secret",
        "replace_with_your_secret",
        "ChangeMe123!",
        "changeme123",
        "INSERT-HOST-HERE",
        "https://REPLACE_ME/",
        "https://<host>/",
        "your_jwt_secret",
        "redis.your-domain.internal",
        "<paste key>",
        "your-rds-endpoint.rds.amazonaws.com",
    ],
)
def test_words_that_request_a_value(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        "file:../..",
        "wait...",
        "https://a/...b",
        "Enter-Sandman-1991!",
        "Enter-Sandman",
        "Enter-Sandman-1991",
        "ENTER_SANDMAN",
        "Enter-the-Dragon-1973",
        "inserted9f8a7b6c5d4e3f2a",
        "inserted",
        "myrealm",
        "my-realm",
        "my-company-data",
        "s3:my-company-data",
        "enter.example.net",
        "https://enter.example.net/",
        "insert-coin.example.com",
        "my-redis-master",
        "my-redis",
        "my-postgres",
        "my-database",
        "my-db",
        "my-app",
        "my-server",
        "https://my-clinic.org/",
        "api.your-health.com",
        "yourhealth.org",
        "todo.example.com",
        "https://todo-app.example.com/",
        "dummy.hospital.org",
        "set-in-stone",
        "add-in.example.com",
        "change-data",
        "change-data-capture",
        "put-data",
        "update-server.example.net",
        "get-it.example.com",
        "replace.example.com",
        "add-on",
        "real-madrid",
        "realdb",
        "kilroy-was-here",
        "here.com",
        "https://maps.here.com/",
        "password",
        "secret",
        "medplum",
        "mypassword",
        "mysecretpassword",
        "hunter2",
        "Set-Me-Free-1967!",
        "correct-horse-battery-staple",
        "MIIEowIBAAKCAQEA",
        "p4ss-your",
        "adherence-db",
        "https://api.hospital.example/",
        "example.xxx",
        "use-case-bucket",
        "copy-bucket",
        "reality-check",
        "paste",
        "put",
        "enter",
        "filler",
        "additional",
        "input-output",
        "sunset-server",
        "mystery-key",
        "myKey9f8a",
        "real.example.com",
        "us-east-1",
        "a***B!x",
        "production",
        "set",
        "in",
        "change.org",
        "https://www.change.org/",
        "provider-data",
        "hereford-clinic",
        "db.heredia.cr",
        "support@enter.example.net",
        "todoist",
        "tododb",
        "dummydata",
        "putty-key",
        "medplum-real-time",
        "s3:replaceable-parts",
        "typewriter",
        "Add-Venture-77",
        "change-of-heart",
        "put-your",
        "mydata-bucket",
        "my.hospital.org",
        "my-key-cloak",
    ],
)
def test_words_alone_ask_for_nothing(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    "sample",
    ["YOUR_KEY", "PUT the key HERE", "__KEY__", "Change-Me", "XxXx", "xxxxxxxx", "****", "\u2022\u2022\u25cf*", "/...", "/\u2026"],
)
def test_each_sample_in_a_long_text(sample: str) -> None:
    key = "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC7 " * 5
    assert not is_blank(key) and is_blank(f"{key} {sample}")


WORDS = (
    "enter sandman paste insert inserted put set change changed add copy real reality yourself mystery correct horse battery staple "
    "river stone silver harbour quiet window company clinic data realm north autumn seven tiger"
).split()
"""What passphrases are made of, orders among them; none of them asks for anything."""


def test_no_generated_secret_is_mistaken_for_a_placeholder() -> None:
    chosen = random.Random(26)
    letters = string.ascii_letters + string.digits
    alphabets = (letters, letters + "+/", letters + "-_", string.hexdigits.lower()[:16], string.ascii_lowercase, letters + "!#%&*+?@^~")
    for _ in range(20_000):
        text = "".join(chosen.choices(chosen.choice(alphabets), k=chosen.randint(8, 64)))
        assert not is_blank(text), text


def test_no_passphrase_is_mistaken_for_a_placeholder() -> None:
    chosen = random.Random(27)
    for _ in range(20_000):
        words = chosen.choices(WORDS, k=chosen.randint(1, 5))
        text = chosen.choice("-_ .").join(chosen.choice((words, [one.title() for one in words])))
        assert not is_blank(text + chosen.choice(("", "1991", "-1991!"))), text


@pytest.mark.parametrize("text", ["CHANGE_ME", "<new secret>", "your-password", "PASTE_KEY_HERE"])
def test_stock_words_alone_can_be_shown(text: str) -> None:
    assert is_stock(text)


@pytest.mark.parametrize("text", ["PASTE_HUNTER_HERE", "your-hunter2-password", "changeme123", "CHANGE_ME: hunter", "****"])
def test_a_text_with_another_word_is_not_stock(text: str) -> None:
    assert not is_stock(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("https://your-domain.com", "https://host.invalid"),
        ("https://<host>/api", "https://host.invalid/api"),
        ("https://${HOST}/api", "https://host.invalid/api"),
        ("https://${HOST}", ""),  # which can end with a path
        ("https://${HOST:?must be given}/", ""),
        ("https://api.hospital.example/${PATH}", ""),
        ("https://<host>/${PATH}", ""),
        ("https://hospital.example/", ""),
        ("<host>", ""),
    ],
)
def test_the_rest_of_a_url_without_its_host(text: str, rest: str) -> None:
    assert with_other_host(text) == rest
    assert not rest or url(rest) is None
