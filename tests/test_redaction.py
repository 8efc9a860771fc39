"""What may be shown of a value: the credentials in a text, and the parts of a wrong value that a reader needs to see."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE

from linter import settings
from linter.documents.inputs import Input
from linter.model import Style
from linter.redaction.credentials import without_credentials
from linter.redaction.mask import environment_text
from linter.redaction.values import is_hidden, is_of_a_format, shown_text, shown_value, value_text
from linter.reporters import names, reporter
from linter.run import Options, lint_input
from linter.text import MASK

KNOWN = settings.catalogue()
CREDENTIALS = {
    "https://user:hunter2@host/path": "https://••••••@host/path",
    "https://hunter2@host/path": "https://••••••@host/path",
    "https:user:hunter2@host": "https:user:hunter2@host",  # replaced below: no slash after the colon, so all of it goes
    "https//user:hunter2@host": "https//••••••@host",
    "hunter2@api.example.com": "••••••@api.example.com",
    "hunter2:x-oauth-basic@github.com": "••••••@github.com",
    "https://a.example/?token=hunter2": "https://a.example/?token=••••••",
    "https://a.example/x?a=b&api_key=hunter2#top": "https://a.example/x?a=••••••",
    "https://a.example/?hunter2": "https://a.example/?••••••",
    "https://a.example/?X-Amz-Credential=hunter2%2Fx&X-Amz-Signature=hunter2": "https://a.example/?X-Amz-Credential=••••••",
    "https://a.example/#access_token=hunter2": "https://a.example/#••••••",
    "https://a.example/ # hunter2": "https://a.example/ # ••••••",
    "host=db user=medplum password=hunter2 dbname=x": "host=••••••",
    "jdbc:postgresql://db/x?user=medplum&password=hunter2": "jdbc:postgresql://db/x?user=••••••",
    "DefaultEndpointsProtocol=https;AccountKey=hunter2==;EndpointSuffix=x": "DefaultEndpointsProtocol=••••••",
    "8103 MEDPLUM_DATABASE_PASSWORD=hunter2": "8103 MEDPLUM_DATABASE_PASSWORD=••••••",
    "medplum -phunter2": "medplum -p••••••",
    "--password hunter2": "--password ••••••",
    "file:/x --key  hunter2": "file:/x --key  ••••••",
    "https://hooks.slack.com/services/T0/B0/hunter2": "https://hooks.slack.com/••••••",
    "https://acme.webhook.office.com/hunter2": "https://acme.webhook.office.com/••••••",
    "8103\nMEDPLUM_DATABASE_PASSWORD = hunter2": "8103\nMEDPLUM_DATABASE_PASSWORD = ••••••",
    "password: hunter2": "password: ••••••",
    '{"apiKey": "hunter2"}': '{"apiKey": ••••••',
    '{\\"password\\": \\"hunter2\\"}': '{\\"password\\": ••••••',
    "https://idp:${P}hunter2/": "https://idp:••••••",
    "9f86d081884c7d659a2feaa0c55ad015": "••••••",
    "Ab3-xY9-Kq2-Zz8-Lm4-Pp1": "••••••",
    "1234-5678-9012-3456": "••••••",
    "/kJ4jZ7qW3mXv9RpT2wYd5hLs": "••••••",
    "xkeysib-9f86d0": "••••••",
    "https://a.example:hunter2/x": "https://a.example:••••••",
    "https://a.example/x/hunter2Kx9tR2bQ7zWm4/y": "https://a.example/x/••••••",
    "s3:hunter2Kx9tR2bQ7zWm4": "s3:••••••",
    "wJalrX4/UtnFEMI7K/MDENGbPx9": "••••••",
    "1234567890123456": "••••••",
    "GOCSPX-hunter2": "••••••",
    "AKIAHUNTER2HUNTER2XX": "••••••",
    "x SG.hunter2.hunter2 y": "x •••••• y",
    "sk_live_hunter2": "••••••",
    "ghp_hunter2": "••••••",
    "xoxb-hunter2": "••••••",
    "eyJhunter2.hunter2.hunter2": "••••••",
    "Bearer hunter2": "••••••",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n": "••••••",
}
CREDENTIALS["https:user:hunter2@host"] = "https:••••••@host"


def test_credentials() -> None:
    assert {text: without_credentials(text) for text in CREDENTIALS} == CREDENTIALS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://api.example.com:8103/fhir/R4/",
        "https://api.example.com:${PORT}/, http://[::1]:8103",
        "MedplumProductionDatabaseSecret2024",
        "AuditEventLogGroup2",
        "BackEndLoadBalancer",
        "DatabaseClusterSecretD1FB63",
        "MedplumStack-BackEndAuditEventLogGroup1A2B3C4D-1xKq2Zj3M4n5",
        "medplumstack-storagebucket19db2ac5-1xk2zj3m4n5o",
        "https://acme.okta.com/oauth2/ausb4xKq7yTzW2mLp0h7/v1/authorize",
        "https://acme.b2clogin.com/acme.onmicrosoft.com/B2C_1_SignUpSignIn1/oauth2/v2.0/token",
        "medplum.cluster-c1abc2def3gh.us-east-1.rds.amazonaws.com",
        "/aws/ecs/MedplumProdServerAuditEvents2",
        "logs-123456789012-2024-01-01",
        "s3:my-bucket",
        "arn:aws:acm:us-east-1:123456789012:certificate/08c6903c-d8c0",
        "medplum/medplum-server:4.3.5",
        f"medplum/medplum-server@sha256:{'0a' * 32}",
        "what? no",
        "0 3 * * *",
        "TmV2ZXI==",
        "____________________",
        "-----BEGIN CERTIFICATE-----\nMIIB=\n-----END CERTIFICATE-----\n",
        "us-east-1",
        "/medplum/prod/database.password",
    ],
)
def test_texts_without_credentials_are_unchanged(text: str) -> None:
    assert without_credentials(text) == text


def test_an_address_is_one_only_where_mail_is_meant() -> None:
    assert without_credentials("support@example.com", is_mail=True) == "support@example.com"
    assert without_credentials("support@example.com") == "••••••@example.com"


@given(st.text(alphabet=st.sampled_from("ab:/@?&=# \n\\\"'{}sgSG._-1"), max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = without_credentials(text)
    assert without_credentials(once).replace(MASK, "") in once
    assert without_credentials(text + "@x").endswith(("@x", MASK))


LEGIBLE = {
    "baseUrl": [
        "https//api.example.com",
        "api.example.com",
        "https://api.example.com",
        "localhost:8103",
        "${URL}",
        "https://${HOST}/",
        "https://@@HOST@@/",
        "https://$API_HOST/",
        "%API_URL%",
    ],
    "port": ["8103/tcp", "many", "8103"],
    "defaultRateLimit": ["60000/minute", "1e6", "-1"],
    "logLevel": ["warn", "WARNING", "Info"],
    "registerEnabled": ["flase", "TRUE", "no", "1"],
    "supportEmail": ["support@example.com, a@b.com", "<a@example.com>", '"Clinic" <a@example.com>', "a@example"],
    "allowedOrigins": ["https://a.example,${ORIGIN}", "*", "https://a.example, https://b.example/x", "*.example.com"],
    "maxJsonSize": ["1m", "50 mb", "5mib", "50M", "50MiB"],
    "signingKeyId": ["<CloudFront public key id>", "K1234567890ABC"],
    "binaryStorage": ["s3://bucket", "./binary", "file"],
    "database.ssl.ca": ["./rds-ca.pem", "-----BEGIN CERTIFICATE-----\\nMIIB"],
    "defaultProjectFeatures": ['["bots","email"]'],
    "database.host": ["postgres://db:5432", "db:5432", "db.example.com/", "a.example,b.example", "db"],
    "database.username": ["medplum", "${DB_USER:-medplum}"],
    "database.dbname": ["medplum_prod", "MedplumDatabase2024"],
    "auditEventLogGroup": ["/aws/ecs/MedplumProdServerAuditEvents2"],
    "DatabaseSecrets": [
        "arn:aws:s3:::x",
        "medplum/prod/database",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:DatabaseClusterSecretD1FB-kX9tR2bQ7zWm4vLp",
    ],
    "defaultOAuthClients.*.name": ["My App (2)", "Clinic's Portal"],
    "mfaAuthenticatorWindow": ["2.5"],
    "infra:name": ["our prod"],
    "infra:region": ["us-east1", "US East 1", "eu central 1", "us-gov-west-1a"],
    "infra:serverImage": ["medplum-server", "medplum/medplum-server"],
    "infra:accountNumber": ["1234-5678-9012"],
}
ILLEGIBLE = {
    "baseUrl": ["hunter2", "Tr0ub4dor&3", '{"password": "hunter2"}', "${URL:-hunter2}"],
    "database.host": ["hunter2!", "correct horse battery", "/var/run hunter2"],
    "DatabaseSecrets": ['{"password": "hunter2"}', "hunter 2"],
    "port": ["hunter2", "1234hunter", "8103 hunter2"],
    "logLevel": ["hunter2", "correcthorsebattery", "INFOxyz9", "DEBUGpw1"],
    "awsRegion": ["us hunter2"],
    "defaultOAuthClients.*.redirectUris.*": ["medplum:Tr0ub4dor&3 xY!"],
    "registerEnabled": ["hunter2", "correcthorse"],
    "supportEmail": ["hunter2", "user:hunter2@example.com"],
    "allowedOrigins": ["hunter2", "https://a.example,hunter2"],
    "maxJsonSize": ["hunter2", "50hunter"],
    "signingKeyId": ["hunter2", "TODO hunter2", "<Tr0ub4dor&3xY!>", "<hunter2>"],
    "googleClientId": ["GOCSPX", "hunter2"],
    "recaptchaSiteKey": ["hunter2"],
    "database.ssl.ca": ["hunter2", "-----BEGIN PRIVAT KEY-----\nhunter2"],
    "bullmq": ['{"connection":{"password":"hunter2"}}', "hunter2"],
    "defaultProjectFeatures": ['["a", {"b": "hunter2"}]', "[hunter2", '["bots", "GOCSPX-hunter"]', '["xoxb-hunter"]'],
    "database.dbname": ["medplum 4829 hunter2", "1234567890123456", "Tr0ub4dor&3xY!"],
    "database.port": ["4829hunter2", "1234567890123456"],
    "binaryStorage": ["s3:bucket:hunter2", "azure:hunter2?"],
    "database.maxconnections": ["Tr0ub4dor&3xY!"],
    "publicRegistrationEnabled": ["Tr0ub4dor&3xY!"],
    "redis.secrets": ["Tr0ub4dor&3xY!"],
    "redis.port": ["$(printf hunter2)", '{{ .Values.p | default "hunter2" }}', "<hunter2Secret99>"],
    "mtlsCertHeader": ["p4ss$word!~x9"],
    "maxBatchSize": ["8472910365748291mb", "1.8472910365748291mb"],
    "infra:rdsInstanceVersion": ["Tr0ub4dor&3xY!"],
    "infra:name": ["prod hunter2"],
}


def setting(name: str) -> settings.Setting:
    kind, _, path = name.rpartition(":")
    found = settings.catalogue(kind or "server").get(tuple(path.split(".")))
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in LEGIBLE.items() for text in texts])
def test_a_wrong_value_that_a_reader_needs_is_shown(name: str, text: str) -> None:
    assert shown_text(text, [setting(name)]) == text


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in ILLEGIBLE.items() for text in texts])
def test_invalid_values_of_a_setting_are_masked(name: str, text: str) -> None:
    assert shown_text(text, [setting(name)]) is None


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        (("baseUrl",), "https://u:hunter2@host/", "https://••••••@host/"),
        (("baseUrl",), "", ""),
        (("baseUrl",), None, None),
        (("baseUrl",), 12345, MASK),
        (("baseUrl",), {"password": "hunter2"}, {"password": MASK}),
        (("baseUrl",), ["hunter2"], [MASK]),
        (("port",), 8103, 8103),
        (("registerEnabled",), False, False),
        (("database", "password"), "hunter2", MASK),
        (("database", "password"), "", ""),
        (("unheardOf",), 1, MASK),
        (("bullmq",), {"connection": {"password": "hunter2"}, "concurrency": 3}, {"connection": {"password": MASK}, "concurrency": 3}),
        (("workers", "enabled"), ["cron", "hunter2"], ["cron", MASK]),
        (("defaultProjectFeatures",), ["bots", {"a": "hunter2"}], ["bots", {"a": MASK}]),
        (("redis", "tls"), {}, {}),
    ],
)
def test_values_in_json(path: tuple[str, ...], value: Any, shown: Any) -> None:
    assert shown_value(KNOWN, path, value) == shown


def test_what_is_empty_hides_nothing() -> None:
    empty: list[Any] = ["", None, {}, []]
    full: list[Any] = ["x", 0, {"a": 1}, [1]]
    assert not any(is_hidden(KNOWN, ("database", "password"), value) for value in empty)
    assert all(is_hidden(KNOWN, ("database", "password"), value) for value in full)
    assert value_text(KNOWN, ("database", "password"), "") == ""


@given(st.text(max_size=200))
def test_the_value_in_a_message_is_one_short_line(text: str) -> None:
    shown = value_text(KNOWN, ("auditEventLogGroup",), text)
    assert len(shown) <= 80
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", shown)


@pytest.mark.parametrize(
    "url",
    ["https:a:{}@b", "https:\\\\{}@b", "https://a@{}@b", "https://a/{}@b/", "https://a?{}@b", "https://a b:{}@c", "a:{}@b", "https//{}@b"],
)
def test_no_password_of_a_malformed_url_is_shown(url: str) -> None:
    assert "hunter2" not in (shown_text(url.format("hunter2"), lambda _text: True) or "")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("prod", "prod"),
        ("acme/eu-prod.1", "acme/eu-prod.1"),
        ("${Environment}", "${Environment}"),
        ("our prod", "our prod"),
        ("prod hunter2", MASK),
        ("GOCSPX-hunter2", MASK),
        ("u:hunter2@host", MASK),
        ("prod\n::error::", MASK),
        ("", MASK),
    ],
)
def test_environments(name: str, shown: str) -> None:
    assert environment_text(name) == shown


# --- Behind a name of the file format, such as Key and Type ---

OWN_TEXTS = ("String", "SecurString", "Standard", "Advanced", "arn:aws:ssm:us-east-1:123456789012:parameter/medplum/prod/port", "12")
SECRETS = ("hunter2hunter2", "aHR0cHM6/aHVudGVyMg/x", "791036620578", "<hunter2>", "kvwqgwqvgjqx")


@pytest.mark.parametrize("text", OWN_TEXTS)
def test_what_a_file_format_says_is_shown(text: str) -> None:
    assert shown_text(text, is_of_a_format) == text


@pytest.mark.quick_cases(15)
@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("name", ["key", "Name", "n", "Type", "Version", "ARN", "KeyId", "Tier", "NextToken"])
def test_a_secret_under_a_name_of_the_file_format_is_masked(name: str, text: str) -> None:
    """A file that is read as a dump need not be one: its "key" can be a private key."""
    parameter = '{"Name": "/medplum/prod/port", "Type": "String", "Value": "8103"}'
    content = f'{{\n "{name}": "{text}", "x": 1 true,\n "Parameters": [{parameter}]}}'
    outcome = lint_input(Input("ssm.json", content.encode(), Path("ssm.json")), Options(kind="server/ssm"))
    assert "invalid-json" in {finding.rule for finding in outcome.result.findings}
    for form in names():
        stream = StringIO()
        reporter(form).report(outcome.result, stream, Style())
        assert text not in stream.getvalue(), form


def test_the_place_of_a_cut_value_does_not_reveal_its_length() -> None:
    """Of a long line a part is shown; whether the rest of a value is masked is not looked at, so its end is not given either."""

    def place(secret: str) -> dict[str, Any]:
        username = [{"a" * 120: secret}]
        text = json.dumps({"host": "db", "port": 5432, "dbname": "x", "username": username, "password": "${P}"})
        outcome = lint_input(Input("database.json", text.encode(), Path("database.json")), Options(kind="secret/database"))
        stream = StringIO()
        reporter("json").report(outcome.result, stream, Style())
        (finding,) = [one for one in json.loads(stream.getvalue())["findings"] if one["rule"] == "wrong-type"]
        return dict(finding["range"])

    assert place("hunter2") == place("hunter2hunter2hunter2")
    assert place("hunter2") == {"start": {"line": 1, "column": 57}, "end": {"line": 1, "column": 58}}


# --- What stands in the wrong place --------------------------------------------------------------------------------------------------


def test_a_number_where_a_switch_belongs_is_not_repeated() -> None:
    text = '{"baseUrl": "http://localhost:8103/", "database": {}, "logRequests": 480215773946021}'
    outcome = lint_input(Input("server.json", text.encode(), Path("server.json")), Options(EVERY_RULE))
    [message] = [finding.message for finding in outcome.result.findings if finding.rule == "inexact-value"]
    assert message == "logRequests must be true or false; the server reads this number as true"


@pytest.mark.parametrize("name", ["PORT", "P\udcffORT", "P-ORT", "", "a.b"])
def test_the_default_in_a_reference_is_no_less_secret_for_its_name(name: str) -> None:
    known = settings.catalogue("server")
    assert shown_value(known, ("baseUrl",), f"${{{name}:-hunter2-pa5sw0rd}}") == MASK


@pytest.mark.parametrize("text", ["re_9fKq2Zrt_WbP4nXeVgT7LmQs8YdHcJu3A", "4f0c1d9be8a72635419d0c7be2f8a1634d5e9b07"])
def test_a_key_in_place_of_a_user_name_is_not_shown(text: str) -> None:
    assert shown_text(text, [setting("smtp.username")]) is None
