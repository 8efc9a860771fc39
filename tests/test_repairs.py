"""What was meant by what is written otherwise than the server reads it; and what must not be guessed."""

from __future__ import annotations

from typing import Any

import pytest
from support.helpers import bare, written

from linter.conformance import spellings as texts
from linter.conformance.repairs import meant_name, meant_value
from linter.formats.connections import parts_of
from linter.model import ABSENT, LEFT_OUT, UNKNOWN, Document, dotted
from linter.text import MASK

# --- Texts. -------------------------------------------------------------------------------------------------------------------------

NUMBERS: dict[str, int | None] = {
    "8103": 8103,
    " 8103 ": 8103,
    "+5": 5,
    "-1": -1,
    "0": 0,
    "10.0": 10,
    "1_000": 1000,
    "10 000": 10000,
    "1'000'000": 1000000,
    "1e6": 1000000,
    "5E+3": 5000,
    "": None,
    "-": None,
    "NaN": None,
    "Infinity": None,
    "0x10": None,
    "007": None,
    "1.5": None,
    "1.5e": None,
    "1e": None,
    "1e-3": None,
    "1e99": None,
    "10,000": None,
    "10.00": 10,
    "10.0000": 10,
    "1234.000": 1234,
    "0.000": 0,
    "1.000": None,  # a thousand to every other reader
    "10.000": None,
    "-10.000": None,
    "100.000": None,
    "1_0": None,
    "1__000": None,
    "1_000 000": None,
    "1 000_000": None,
    "ten": None,
    "12 apples": None,
    "٣": None,
    "9" * 16: None,
    "9" * 100_000: None,
}


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: text[:20])
def test_whole_numbers(text: str) -> None:
    assert texts.whole_number(text) == NUMBERS[text]


IN_UNITS: list[tuple[str, str, int | None]] = [
    ("60000/minute", "requests per minute", 60000),
    ("60000 / min", "points per minute", 60000),
    ("60000 per minute", "requests per minute", 60000),
    ("1000/second", "requests per minute", None),
    ("60000/hour", "requests per minute", None),
    ("60000/minute", "milliseconds", None),
    ("90s", "milliseconds", 90000),
    ("90 seconds", "seconds", 90),
    ("2min", "seconds", 120),
    ("500ms", "milliseconds", 500),
    ("500ms", "seconds", None),
    ("1h", "milliseconds", 3600000),
    ("90s", "", None),
    ("90s", "rows", None),
    ("5m", "milliseconds", None),  # minutes to some, a thousandth of nothing to others
    ("90 parsecs", "seconds", None),
]


@pytest.mark.parametrize(("text", "unit", "number"), IN_UNITS)
def test_whole_numbers_in_the_unit_of_their_setting(text: str, unit: str, number: int | None) -> None:
    assert texts.whole_number(text, unit) == number


SWITCHES: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE", " true ", "yes", "on", "1", "enabled"), True),
    **dict.fromkeys(("false", "False", "no", "OFF", "0", "disabled"), False),
    **dict.fromkeys(("", "none", "null", "2", "maybe", "truth", "yes please"), None),
}


def test_switches() -> None:
    assert {text: texts.switch(text) for text in SWITCHES} == SWITCHES


FORMS: list[tuple[str, str, str | None]] = [
    ("bytes", "1m", "1mb"),
    ("bytes", "50 MiB", "50mb"),
    ("bytes", "10 megabytes", "10mb"),
    ("bytes", "0.5g", "0.5gb"),
    ("bytes", "0.125g", "0.125gb"),
    ("bytes", "1.500 m", None),
    ("bytes", "50.000k", None),
    ("bytes", "unlimited", None),
    ("bytes", "10,5m", None),
    ("bytes", "0m", None),
    ("bytes", "10 x", None),
    ("origins", "https://App.example.com/", "https://app.example.com"),
    ("origins", "https://a.example:443, https://b.example/x, https://a.example", "https://a.example, https://b.example"),
    ("origins", "https://a.example;https://b.example,", "https://a.example,https://b.example"),
    ("origins", " * ", "*"),
    ("origins", "https://a.example,https://*.example.org/", None),
    ("origins", "a.example/", None),
    ("email-list", "a@example.com, b@example.com", "a@example.com,b@example.com"),
    ("email-list", "a@example.com; b@example.com;", "a@example.com,b@example.com"),
    ("email-list", "a@example.com, b at example.com", None),
    ("email", "mailto:a@example.com", "a@example.com"),
    ("mailbox", "support at example.com", None),
    ("hostname", "https://api.example.com/", "api.example.com"),
    ("hostname", "postgres://db.example.com", "db.example.com"),
    ("hostname", " db ", "db"),
    ("hostname", "postgres://me:secret@db", None),
    ("hostname", "rediss://cache", None),  # it says too that TLS is on
    ("hostname", "db.example.com/medplum", None),
    ("hostname", "two hosts", None),
    ("binary-storage", "s3://medplum-storage", "s3:medplum-storage"),
    ("binary-storage", "s3://medplum-storage/", "s3:medplum-storage"),
    ("binary-storage", "S3:medplum-storage", "s3:medplum-storage"),
    ("binary-storage", "gs://medplum-storage", "gs:medplum-storage"),
    ("binary-storage", "arn:aws:s3:::medplum-storage", "s3:medplum-storage"),
    ("binary-storage", "s3://medplum-storage/binary", None),
    ("binary-storage", "medplum-storage", None),
    ("binary-storage", "azure:medplum", None),
    ("s3-bucket", "s3://example-storage", "example-storage"),
    ("s3-bucket", "s3:Example", None),
    ("aws-region", "us-east-1a", "us-east-1"),
    ("aws-region", " EU-Central-1", "eu-central-1"),
    ("aws-region", "Frankfurt", None),
    ("aws-account", "1234-5678-9012", "123456789012"),
    ("aws-account", "12345678901", None),
    ("url", "https:/app.example.com/", "https://app.example.com/"),
    ("url", "https:///app.example.com/", "https://app.example.com/"),
    ("url", " https://app.example.com/ ", "https://app.example.com/"),
    ("url", "app.example.com", None),
    ("url", "ftp://app.example.com/", None),
    ("url", "https://", None),
    ("websocket-url", "https://api.example.com/", "wss://api.example.com/"),
    ("lambda-layer-name", "arn:aws:lambda:us-east-1:123456789012:layer:bots", "bots"),
    ("lambda-layer-name", "arn:aws:lambda:us-east-1:123456789012:layer:bots:3", None),
    ("uuid", "no uuid", None),
    ("cron", " 0 0 * * * ", "0 0 * * *"),
]


@pytest.mark.parametrize(("name", "text", "meant"), FORMS)
def test_forms(name: str, text: str, meant: str | None) -> None:
    assert texts.in_form(name, text) == meant


BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
KEY = f"-----BEGIN PRIVATE KEY-----\n{BODY}\nMIIE\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [KEY.replace("\n", "\\n"), KEY.replace("\n", "\\r\\n"), f'"{KEY}"', KEY.replace("\n", "\\n") + "\\n"],
)
def test_line_breaks_of_pem(text: str) -> None:
    assert str(texts.in_form("pem-private-key", text)).strip() == KEY


def test_pem_on_one_line() -> None:
    assert texts.in_form("pem-private-key", KEY.replace("\n", " ")) == f"{KEY}\n"
    assert texts.in_form("pem-private-key", KEY.replace("\n", "")) == f"{KEY}\n"


@pytest.mark.parametrize(
    "text",
    [
        "MIIE",
        KEY.replace("-----END PRIVATE KEY-----", ""),
        KEY.replace("END PRIVATE", "END RSA PRIVATE").replace("\n", " "),
        f"key: {KEY}".replace("\n", " "),
        KEY.replace("PRIVATE", "PUBLIC").replace("\n", "\\n"),
        "-----BEGIN PRIVATE KEY----- Proc-Type: 4,ENCRYPTED MIIE -----END PRIVATE KEY-----",
    ],
)
def test_incomplete_pem_is_not_completed(text: str) -> None:
    assert texts.in_form("pem-private-key", text) is None


# --- Values. ------------------------------------------------------------------------------------------------------------------------


def value(document: Document, name: str) -> Any:
    return meant_value(document, tuple(int(step) if step.isdecimal() else step for step in name.split(".")))


IN_JSON: list[tuple[str, Any, Any]] = [
    ("registerEnabled", "false", False),
    ("registerEnabled", "yes", True),
    ("registerEnabled", "maybe", ABSENT),
    ("registerEnabled", "", ABSENT),
    ("registerEnabled", 1, True),
    ("registerEnabled", 2, ABSENT),
    ("registerEnabled", True, ABSENT),
    ("bcryptHashSalt", "10", 10),
    ("bcryptHashSalt", "ten", ABSENT),
    ("bcryptHashSalt", "-5", ABSENT),
    ("bcryptHashSalt", None, ABSENT),
    ("bcryptHashSalt", UNKNOWN, ABSENT),
    ("bcryptHashSalt", [10], ABSENT),
    ("defaultRateLimit", "60000/minute", 60000),
    ("allowedOrigins", ["https://a.example", "https://b.example"], "https://a.example,https://b.example"),
    ("allowedOrigins", ["https://a.example", 5], ABSENT),
    ("allowedOrigins", ["https://a.example/"], ABSENT),
    ("allowedOrigins", [], ABSENT),
    ("allowedOrigins", ["*"], ABSENT),
    ("allowedOrigins", ["https://a.example", "*"], ABSENT),
    ("approvedSenderEmails", "a@example.com, b@example.com", "a@example.com,b@example.com"),
    ("supportEmail", 5, ABSENT),
    ("supportEmail", ["a@example.com"], ABSENT),
    ("defaultProjectFeatures", '["bots"]', ["bots"]),
    ("defaultProjectFeatures", "bots", ABSENT),
    ("smtp", "mail.example.com", ABSENT),
    ("smtp", '{"host": "mail.example.com"}', {"host": "mail.example.com"}),
    ("logLevel", "warning", "WARN"),
    ("logLevel", "verbose", ABSENT),
    ("emailProvider", "sendgrid", ABSENT),
    ("port", "${PORT}", ABSENT),
    ("port", 70000, ABSENT),
    ("acme", "8103", ABSENT),
]


@pytest.mark.parametrize(("name", "given", "meant"), IN_JSON)
def test_values_in_json(name: str, given: Any, meant: Any) -> None:
    found = value(bare({name: given}), name)
    assert (type(found), found) == (type(meant), meant)


AS_TEXT: list[tuple[str, str, Any]] = [
    ("registerEnabled", "False", False),
    ("registerEnabled", "Yes", True),
    ("registerEnabled", "sure", ABSENT),
    ("saveAuditEvents", "yes", True),
    ("saveAuditEvents", "false", LEFT_OUT),
    ("heartbeatEnabled", "false", ABSENT),  # it is on by default, and any text is on
    ("maxSearchOffset", "1e6", 1000000),
    ("maxSearchOffset", "10,000", ABSENT),
    ("keepAliveTimeout", "90s", 90000),
    ("port", "web", ABSENT),
    ("port", "99_999", ABSENT),
]


@pytest.mark.parametrize(("name", "text", "meant"), AS_TEXT)
def test_values_of_parameters(name: str, text: str, meant: Any) -> None:
    document = written(f'{{"Parameters": [{{"Name": "/medplum/prod/{name}", "Type": "String", "Value": "{text}"}}]}}', "server/ssm")
    found = value(document, name)
    assert (type(found), found) == (type(meant), meant)


def test_a_host_with_a_port_is_fixed_only_if_the_port_is_given_too() -> None:
    assert value(bare({"redis": {"host": "cache:6379"}}), "redis.host") is ABSENT
    assert value(bare({"redis": {"host": "cache:6379", "port": 6379}}), "redis.host") == "cache"
    assert value(bare({"redis": {"host": "cache:6379", "port": 6380}}), "redis.host") is ABSENT
    assert value(bare({"apiDomainName": "api.example.com:443"}, "infra/json"), "apiDomainName") == "api.example.com"
    assert value(bare({"apiDomainName": "api.example.com:8443"}, "infra/json"), "apiDomainName") is ABSENT


def test_zero_is_not_false_for_a_default_of_true() -> None:
    assert value(bare({"heartbeatEnabled": 0, "mcpEnabled": 0}), "heartbeatEnabled") is ABSENT
    assert value(bare({"heartbeatEnabled": 0, "mcpEnabled": 0}), "mcpEnabled") is False


def test_the_origin_of_the_app_is_removed() -> None:
    data = {"appBaseUrl": "https://app.example.com/", "allowedOrigins": "https://app.example.com, https://b.example"}
    assert value(bare(data), "allowedOrigins") == "https://b.example"
    assert value(bare({**data, "allowedOrigins": "https://app.example.com"}), "allowedOrigins") is LEFT_OUT
    assert value(bare({**data, "appBaseUrl": "${APP}"}), "allowedOrigins") is ABSENT


CONNECTIONS: dict[str, dict[str, Any] | None] = {
    "postgres://me:p%40ss@db:5433/medplum": {"host": "db", "port": 5433, "dbname": "medplum", "username": "me", "password": "p@ss"},
    "postgresql://me@db/medplum": {"host": "db", "dbname": "medplum", "username": "me"},
    "postgres://me:x@[::1]:5432/medplum": {"host": "::1", "port": 5432, "dbname": "medplum", "username": "me", "password": "x"},
    "postgres://db:5432/medplum": None,
    "postgres://me:x@db": None,
    **dict.fromkeys(
        (
            "postgres://me:x@db/medplum?sslmode=require",
            "postgres://me:x@db/medplum?sslmode=verify-full",
            "postgres://me:x@db/medplum?ssl=true",
        ),
        {"host": "db", "dbname": "medplum", "username": "me", "password": "x", "ssl.require": True},
    ),
    "postgres://me:x@db/medplum?sslmode=disable": {"host": "db", "dbname": "medplum", "username": "me", "password": "x"},
    "postgres://me:x@db/medplum?": {"host": "db", "dbname": "medplum", "username": "me", "password": "x"},
    "postgres://me:x@db/medplum?sslmode=prefer": None,
    "postgres://me:x@db/medplum?sslmode=no-verify": None,
    "postgres://me:x@db/medplum?sslmode=require&sslrootcert=ca.pem": None,
    "redis://cache?sslmode=require": None,
    "postgres://me:x@db/medplum/more": None,
    "mysql://me:x@db/medplum": None,
    "redis://cache": {"host": "cache"},
    "redis://:x@cache:6379/1": {"host": "cache", "port": 6379, "password": "x", "db": 1},
    "rediss://default:x@cache:6380": {"host": "cache", "port": 6380, "username": "default", "password": "x", "tls": {}},
    "postgres://me:p@ss@db/medplum": {"host": "db", "dbname": "medplum", "username": "me", "password": "p@ss"},
    "postgres://me@tenant:x@db/medplum": {"host": "db", "dbname": "medplum", "username": "me@tenant", "password": "x"},
    "postgres://me:p/ss@db/medplum": None,
    "postgres://me:p?ss@db/medplum": None,
    "redis://:p@ss@cache": {"host": "cache", "password": "p@ss"},
    "redis://token@cache": None,
    "redis://cache/first": None,
    "cache:6379": None,
    "": None,
}


@pytest.mark.parametrize("url", CONNECTIONS)
def test_connections(url: str) -> None:
    assert parts_of(url) == CONNECTIONS[url]


# --- Names. -------------------------------------------------------------------------------------------------------------------------

NAMES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"suportEmail": "a@example.com"}, "suportEmail", "supportEmail"),
    ({"baseURL": "https://a.example/"}, "baseURL", "baseUrl"),
    ({"redis_tls": {}}, "redis_tls", "redis.tls"),
    ({"databaseHost": "db"}, "databaseHost", "database.host"),
    ({"database.host": "db"}, "database.host", "database.host"),
    ({"database": {"database": "medplum"}}, "database.database", "database.dbname"),
    ({"database": {"user": "medplum"}}, "database.user", "database.username"),
    ({"redis": {"ssl": {}}}, "redis.ssl", "redis.tls"),
    ({"suportEmail": 5}, "suportEmail", None),  # would be wrong there too
    ({"suportEmail": "a@example.com", "supportEmail": "b@example.com"}, "suportEmail", None),
    ({"suportEmail": "a@example.com", "supportEmial": "b@example.com"}, "suportEmail", None),
    ({"databaseUrl": "postgres://db/medplum"}, "databaseUrl", None),
    ({"database": "text", "databaseHost": "db"}, "databaseHost", None),
    ({"clientId": "x"}, "clientId", None),
    ({"acme": "x"}, "acme", None),
    ({"readonlyDatabase": {"runMigrations": False}}, "readonlyDatabase.runMigrations", None),  # the other database's is another
    ({"baseUrlToken": "x"}, "baseUrlToken", None),
    ({"database": {"secrets": "medplum/prod"}}, "database.secrets", None),  # read from Parameter Store only
    ({"suportEmail": "${MAIL}"}, "suportEmail", "supportEmail"),
    ({"bullmq": {"concurency": 20}}, "bullmq.concurency", "bullmq.concurrency"),
    ({"bullmq": {"concurency": "20"}}, "bullmq.concurency", None),  # the type does not fit
    ({"bullmq": {"concurency": "many"}}, "bullmq.concurency", None),
    ({"BinaryStorage": "s3://bucket-x"}, "BinaryStorage", "binaryStorage"),
    ({"BinaryStorage": "bucket-x"}, "BinaryStorage", None),
    ({"registerEnable": False}, "registerEnable", "registerEnabled"),
    ({"registerEnable": "false"}, "registerEnable", None),  # would open the registration
    ({"registerEnable": "yes"}, "registerEnable", None),
    ({"registerEnable": "perhaps"}, "registerEnable", None),
    ({"heartbeatEnable": 0}, "heartbeatEnable", None),  # on by default, and only false is off
    ({"support_email": "${MAIL}"}, "support_email", "supportEmail"),
    ({"supprtEmails": "a@example.com"}, "supprtEmails", None),  # two letters are a guess
    ({"supprtEmails": "${MAIL}"}, "supprtEmails", None),
    ({"serverMem": 4096}, "serverMem", None),
    ({"support-email": "a@example.com"}, "support-email", "supportEmail"),
    ({"SupportMail": "a@example.com"}, "SupportMail", "supportEmail"),
    ({"clientSecret": "x"}, "clientSecret", None),  # of whom?
    ({"googleClientSecrets": "x"}, "googleClientSecrets", "googleClientSecret"),
    ({"googleClientId_": "x"}, "googleClientId_", None),  # not the form of one
    ({"smtp": {"auth": "me"}}, "smtp.auth", None),  # a secret in place of a public name
    ({"smtp": {"user": "me"}}, "smtp.user", "smtp.username"),
    ({"smtp": {"pass": "x"}}, "smtp.pass", "smtp.password"),
    ({"appBaseUri": "https://a.example/"}, "appBaseUri", "appBaseUrl"),
]


@pytest.mark.parametrize(("data", "name", "meant"), NAMES)
def test_names(data: dict[str, Any], name: str, meant: str | None) -> None:
    path = (name,) if name in data else tuple(name.split("."))
    found = meant_name(bare(data), path)
    assert (None if found is None else dotted(found)) == meant


def test_an_object_is_not_meant_where_a_member_of_it_is() -> None:
    whole: dict[str, Any] = {"databaseSsl": {}}
    member: dict[str, Any] = {"databaseSslRequire": True}
    assert meant_name(bare(whole), ("databaseSsl",)) == ("database", "ssl")
    assert meant_name(bare(member), ("databaseSslRequire",)) == ("database", "ssl", "require")
    both = bare({**whole, **member, "suportEmail": "a@example.com"})
    assert [meant_name(both, (name,)) for name in both.data] == [None, ("database", "ssl", "require"), ("supportEmail",)]


def test_names_of_variables() -> None:
    text = "MEDPLUM_BASEURL=https://a.example/\nMEDPLUM_DATABASE_USER=me\nMEDPLUM_DATABASE_PROXY_ENDPOINT=p\nMEDPLUM_BCRYPT_HASH_SALTS=10\n"
    document = written(text, "server/env")
    found = {given: meant_name(document, given) for given, _ in document.given or ()}
    assert found == {
        ("baseurl",): ("baseUrl",),
        ("database", "user"): ("database", "username"),
        ("database", "proxyEndpoint"): None,  # stands for two settings
        ("bcryptHashSalts",): None,  # stays text there, and would be a number
    }


VARIABLES: dict[str, str | None] = {
    "MEDPLUM_DATABASE_URL=${DATABASE_URL}": None,  # no slip for database.ssl
    "MEDPLUM_DATABASE_URI=${DATABASE_URL}": None,
    "MEDPLUM_REDIS_URL=${REDIS_URL}": None,
    "MEDPLUM_DATABASE_ACME=arn:aws:rds:us-east-1:123456789012:db:x": None,
    "MEDPLUM_DATABASE_PORTAL=${PORTAL}": None,
    "MEDPLUM_DATABASE_HOTS=${HOST}": "database.host",
    "MEDPLUM_DATABASE_PASWORD=${PASSWORD}": "database.password",
    "MEDPLUM_DATABASE_PASSWRDS=${PASSWORD}": None,
    "MEDPLUM_DATABASE_USER=${USER}": "database.username",
    "MEDPLUM_DATABSE_HOST=${HOST}": "database.host",
    "MEDPLUM_SUPORT_EMAIL=${MAIL}": "supportEmail",
    "MEDPLUM_SUPORT_EMAIL=help@example.com": "supportEmail",
}


@pytest.mark.parametrize("text", VARIABLES)
def test_a_likeness_of_variables_does_not_do_where_the_value_is_not_known(text: str) -> None:
    document = written(f"MEDPLUM_PORT=8103\n{text}\n", "server/env")
    found = [meant_name(document, path) for path, _ in document.given or () if path != ("port",)]
    assert [None if one is None else dotted(one) for one in found] == [VARIABLES[text]]


def test_nothing_is_meant_where_nothing_is_known() -> None:
    assert meant_value(bare({"server": {}}, "deployment"), ("server",)) is ABSENT
    assert meant_name(bare({"server": {}}, "deployment"), ("server",)) is None


def test_what_is_meant_by_a_secret_is_not_shown() -> None:
    from support.helpers import messages, rule

    document = bare({"signingKey": KEY.replace("\n", "\\n"), "redis": {"password": 12345}})
    assert messages(rule({"**": {"fits": "format"}}, "${@meant}"), document) == [MASK]
    assert messages(rule({"**": {"fits": "type"}}, "${@meant}"), document) == [MASK]


@pytest.mark.parametrize("section", ["database", "readonlyDatabase", "redis", "smtp"])
def test_what_libraries_call_the_password_is_meant_for_it(section: str) -> None:
    from support.helpers import messages, rule

    (message,) = messages(rule({"**": {"fits": "known"}}, "${@path} ${@reason}"), bare({section: {"host": "x", "pass": "y"}}))
    assert message.endswith(f"did you mean {section}.password?")
    assert meant_name(bare({section: {"host": "x", "pass": "y"}}), (section, "pass")) == (section, "password")
