"""Which edits a report shows, and that none of them tells a secret, or how long one is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linter import cli

WHOLE: dict[str, Any] = {
    "port": 8103,
    "baseUrl": "https://api.clinic.example/",
    "appBaseUrl": "https://app.clinic.example/",
    "binaryStorage": "s3:clinic-binary",
    "supportEmail": "help@clinic.example",
    "storageBaseUrl": "https://storage.clinic.example/binary/",
    "database": {"host": "localhost", "dbname": "clinic", "username": "clinic"},
    "redis": {"host": "localhost"},
}
SERVER = "medplum.config.json"


def config(extra: str, *without: str) -> str:
    """A configuration with these last lines, whose only findings are in them."""
    rest = json.dumps({name: value for name, value in WHOLE.items() if name not in without}, indent=2)
    return f"{rest[:-2]},\n  {extra}\n}}\n"


def report(text: str, name: str, form: str) -> Any:
    Path(name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli.cli, ["--pedantic", "--isolated", "--format", form, name])
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def edits(text: str, name: str) -> dict[str, list[str] | None]:
    """The edits that JSON has for each rule, as ``line:column-line:column text``."""

    def short(edit: Any) -> str:
        start, end = (f"{edit['range'][at]['line']}:{edit['range'][at]['column']}" for at in ("start", "end"))
        return f"{start}-{end} {edit['text']}".rstrip(" ")

    return {
        one["rule"]: None if one["fix"]["edits"] is None else [short(edit) for edit in one["fix"]["edits"]]
        for one in report(text, name, "json")["findings"]
        if one["fix"] is not None
    }


ENV = "MEDPLUM_BASE_URL=https://api.clinic.example/\n"
COMPOSE = "services:\n  server:\n    image: medplum/medplum-server:5.1.23\n    command: env\n    environment:\n"
MANIFEST = "apiVersion: v1\nkind: {}\nmetadata: {{name: medplum}}\n{}:\n  MEDPLUM_DATABASE_HOST: db\n"
INFRA = '{{"name": "demo", "stackName": "Demo", "region": "us-east-1", "accountNumber": "123456789012", "domainName": "c.example",\n{}}}'

SHOWN: list[tuple[str, str, str, list[str]]] = [
    ("invalid-json", SERVER, config('"logLevel": "WARN",'), ["16:21-16:22"]),
    ("duplicate-key", SERVER, config('"logLevel": "WARN",\n  "logLevel": "WARN"'), ["16:1-17:1"]),
    ("invalid-json", SERVER, config('// hello\n  "logLevel": "WARN"'), ["16:1-17:1"]),
    ("invalid-json", SERVER, config('"logLevel": "WARN" // hello'), ["16:21-17:1 \n"]),
    ("invalid-encoding", SERVER, "\ufeff" + config('"logLevel": "WARN"'), []),
    ("unknown-setting", SERVER, config('"logLevl": "WARN"'), ['16:3-16:12 "logLevel"']),
    ("misnamed-setting", SERVER, config('"base_url": "https://api.clinic.example/"', "baseUrl"), ['15:3-15:13 "baseUrl"']),
    ("wrong-type", SERVER, config('"defaultFhirQuota": "50 000"'), ["16:23-16:31 50000"]),
    ("misread-number", SERVER, config('"maxBatchSize": "50 megabytes"'), ['16:19-16:33 "50mb"']),
    (
        "invalid-email",
        SERVER,
        config('"supportEmail": "mailto:help@clinic.example"', "supportEmail"),
        ['15:19-15:47 "help@clinic.example"'],
    ),
    ("unknown-storage", SERVER, config('"binaryStorage": "S3:clinic/"', "binaryStorage"), ['15:20-15:32 "s3:clinic"']),
    ("null-infra-value", "medplum.demo.config.json", INFRA.format('"vpcId": null,\n"apiPort": 8103\n'), ["2:1-3:1"]),
    ("misnamed-setting", ".env", ENV + "MEDPLUM_BINARYSTORAGE=s3:clinic\n", ["2:1-2:22 MEDPLUM_BINARY_STORAGE"]),
    ("misnamed-setting", ".env", ENV + "MEDPLUM_DATABASE_USER=clinic\n", ["2:1-2:22 MEDPLUM_DATABASE_USERNAME"]),
    (
        "unquoted-value",
        "m.yaml",
        MANIFEST.format("ConfigMap", "data") + "  MEDPLUM_DATABASE_PORT: 5432\n",
        ['6:26-6:26 "', '6:30-6:30 "'],
    ),
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("rule", "name", "text", "shown"), SHOWN)
def test_an_edit_is_shown_where_there_is_no_secret_in_it(rule: str, name: str, text: str, shown: list[str]) -> None:
    assert edits(text, name)[rule] == shown


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize(("rule", "name", "text", "shown"), SHOWN)
def test_sarif_has_a_fix_where_json_has_edits(rule: str, name: str, text: str, shown: list[str]) -> None:
    (found,) = [one for one in report(text, name, "sarif")["runs"][0]["results"] if one["ruleId"] == rule]
    replacements = found["fixes"][0]["artifactChanges"][0]["replacements"]
    assert len(replacements) == max(len(shown), 1)
    if not shown:
        assert replacements == [{"deletedRegion": {"byteOffset": 0, "byteLength": 3}}]


HIDDEN: list[tuple[str, str, str]] = [
    ("duplicate-key", SERVER, config('"redis": {"host": "cache", "password": "hunter2",\n"password": "hunter2"}', "redis")),
    ("invalid-json", SERVER, config('/* hunter2 */ "logLevel": "WARN"')),
    ("unknown-setting", SERVER, config('"database_password": "hunter2"')),
    ("misnamed-setting", SERVER, config('"database": {"url": "postgres://me:hunter2@db.clinic.example/clinic"}', "database")),
    ("misnamed-setting", ".env", ENV + "MEDPLUM_REDIS_URL=redis://:hunter2@cache.clinic.example\n"),
    ("missing-trailing-slash", SERVER, config('"appBaseUrl": "https://me:hunter2@app.clinic.example"', "appBaseUrl")),
]


@pytest.mark.parametrize(("rule", "name", "text"), HIDDEN)
def test_an_edit_is_not_shown_where_something_in_it_is_masked(rule: str, name: str, text: str) -> None:
    assert edits(text, name)[rule] is None
    assert ["fixes" in one for one in report(text, name, "sarif")["runs"][0]["results"] if one["ruleId"] == rule] == [False]


# --- Secrets of any length ------------------------------------------------------------------------------------------------------------

LINES = [
    '"redis": {{"host": "cache", "password": "{0}", "password": "{0}"}},',
    '"redis": {{"host": "cache",\n    "password": "{0}",\n    "password": "{0}"\n  }},',
    '"smtp": {{"host": "mail.clinic.example", "pass": "{0}", "secur": true}},',
    '"database_password": "{0}",',
    '"database": {{"url": "postgres://me:{0}@db.clinic.example:5432/clinic"}},',
    '"databaseUrl": "postgres://me:{0}@db.clinic.example/clinic", // {0}',
    "/* {0} */",
    "// {0}",
    '"signingKey": "{0}", /* {0} */ "signingKey": "{0}",',
    '"signingKeyPassPhrase": "{0}", "logLevl": "WARN",',
    '"appBaseUrl": "https://me:{0}@app.clinic.example",',
    '"logLevl": "WARN", // {0}',
    '"auditEventLogGroup": "x", /* {0} */',
    '"maxBatchSize": "{0}",',
]
VARIABLES = [
    "MEDPLUM_REDIS_URL=redis://:{0}@cache.clinic.example:6379",
    'MEDPLUM_DATABASE_PASS="{0}" # {0}',
    "MEDPLUM_BINARYSTORAGE=s3:clinic # {0}",
    "MEDPLUM_SIGNINGKEY={0}",
    "MEDPLUM_APP_BASE_URL=https://me:{0}@app.clinic.example",
    "MEDPLUM_RECAPTCHASECRETKEY='{0}'",
    "MEDPLUM_LOG_LEVEL=WARN",
    "MEDPLUM_DATABASE_USER={0}",
]
SECRETS = st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=9, max_size=24).map(lambda text: f"Zq7{text}K4x")
SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def widths(found: Any) -> Any:
    """Findings without the columns at which something begins, which depend on what is before it."""
    for one in found:
        for edit in (one["fix"] or {}).get("edits") or ():
            start, end = edit["range"]["start"], edit["range"]["end"]
            end["column"] -= start["column"] if start["line"] == end["line"] else 0
            start["column"] = 0
    return [(one["rule"], one["fix"] and one["fix"]["edits"], one["fix"] and one["fix"]["description"]) for one in found]


def compared(name: str, template: str, secret: str, other: str) -> None:
    one, two = (report(template.replace("\0", text), name, "json")["findings"] for text in (secret, other))
    assert secret not in json.dumps(one)
    assert widths(one) == widths(two)


@SLOWLY
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=4, unique=True), SECRETS, SECRETS, st.booleans())
def test_no_edit_of_json_tells_a_secret(lines: list[str], secret: str, other: str, dense: bool) -> None:
    text = config("\n  ".join([*(line.format("\0") for line in lines), '"logLevel": "WARN"']))
    compared(SERVER, re.sub(r"(?<!0)\n *", " ", text) if dense and "//" not in text.replace("://", "") else text, secret, other)


@SLOWLY
@given(
    st.lists(st.sampled_from(VARIABLES), min_size=1, max_size=4, unique=True),
    SECRETS,
    SECRETS,
    st.sampled_from([".env", "c.yaml", "d.yaml"]),
)
def test_no_edit_of_variables_tells_a_secret(lines: list[str], secret: str, other: str, name: str) -> None:
    given_ = [line.format("\0") for line in lines]
    if name == ".env":
        compared(name, ENV + "\n".join(given_) + "\n", secret, other)
        return
    items = [f"      - {line}" if name == "c.yaml" else f"      {line.replace('=', ': ', 1)}" for line in given_]
    compared(name, COMPOSE + "\n".join(items) + "\n", secret, other)
