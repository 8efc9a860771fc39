"""Variables of the server, from whatever input: which are its own, what they become, which have no effect, and what is never shown."""

from __future__ import annotations

import base64
import json
import random
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE, written

from linter import settings
from linter.documents.inputs import Input
from linter.documents.variables.documents import configures_server, is_servers
from linter.model import UNKNOWN, Style, dotted
from linter.reporters import names, reporter
from linter.run import Options, Outcome, lint_input
from linter.settings.env_names import PREFIX, setting_of, variable_of

KNOWN = settings.catalogue()
PATHS = [tuple(name.split(".")) for name in KNOWN.names() if "*" not in name]


def lint(text: str, name: str = ".env", kind: str | None = None) -> Outcome:
    return lint_input(Input(name, text.encode("utf-8", "surrogatepass"), Path("/nowhere") / name), Options(EVERY_RULE, kind))


def found(text: str, name: str = ".env") -> list[str]:
    """``rule setting`` of each finding that is not suppressed."""
    outcome = lint(text, name)
    assert outcome.bugs == ()
    return [f"{one.rule} {'.'.join(map(str, one.path or ()))}".strip() for one in outcome.result.findings if one.suppressed is None]


def messages(text: str, name: str = ".env") -> str:
    return "\n".join(finding.message for finding in lint(text, name).result.findings)


def reports(outcome: Outcome) -> str:
    stream = StringIO()
    for name in names():
        reporter(name).report(outcome.result, stream, Style())
    return stream.getvalue()


# --- Names ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(82)
@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_the_variable_of_a_setting_leads_back_to_it_or_to_where_the_catalogue_says(path: tuple[str, ...]) -> None:
    setting = KNOWN.get(path)
    assert setting is not None
    landed = ".".join(setting_of(variable_of(path)))
    assert landed == (setting.env_unsettable.newest or setting.name)


@pytest.mark.parametrize(
    ("variable", "setting"),
    [
        ("MEDPLUM_BASEURL", "baseUrl"),
        ("MEDPLUM_PUB_SUB_REDIS_HOST", "pubSubRedis.host"),
        ("MEDPLUM_DATABASE__HOST", "database.host"),
        ("MEDPLUM_ACME", ""),
    ],
)
def test_a_name_with_the_letters_of_a_setting_means_it(variable: str, setting: str) -> None:
    assert [dotted(path) for path in KNOWN.spelt((variable.removeprefix(PREFIX),))] == ([setting] if setting else [])


USELESS = {
    "MEDPLUM_DEFAULT_OAUTH_CLIENTS": "use MEDPLUM_DEFAULT_O_AUTH_CLIENTS",
    "MEDPLUM_DATABASE_PROXY_ENDPOINT": "use MEDPLUM_DATABASE_HOST",
    "MEDPLUM_READONLY_DATABASE_PROXY_ENDPOINT": "use MEDPLUM_READONLY_DATABASE_HOST",
    "MEDPLUM_DATABASE_SECRETS": "DatabaseSecrets is read only from Parameter Store; give the connection itself, in MEDPLUM_DATABASE_HOST",
    "MEDPLUM_REDIS_SECRETS": "RedisSecrets is read only from Parameter Store; give the connection itself, in MEDPLUM_REDIS_HOST",
    "MEDPLUM_READER_DATABASE_SECRETS": "ReaderDatabaseSecrets is read only from Parameter Store",
    "MEDPLUM_DATABASE_DB_NAME": "use MEDPLUM_DATABASE_DBNAME",
    "MEDPLUM_DATABASE_NAME": "use MEDPLUM_DATABASE_DBNAME",
    "MEDPLUM_DATABASE_USER": "use MEDPLUM_DATABASE_USERNAME",
    "MEDPLUM_DATABASE_URL": "the server expects host, port, dbname, username and password separately",
    "MEDPLUM_DATABASE_MAXCONNECTIONS": "use MEDPLUM_DATABASE_MAX_CONNECTIONS",
    "MEDPLUM_PUB_SUB_REDIS_HOST": "use MEDPLUM_PUBSUB_REDIS_HOST",
    "MEDPLUM_PUB_SUB_REDIS_PASSWORD": "use MEDPLUM_PUBSUB_REDIS_PASSWORD",
    "MEDPLUM_PUBSUB_REDIS": "give each member in a variable of its own, such as MEDPLUM_PUBSUB_REDIS_HOST",
    "MEDPLUM_SUPER_ADMIN_EMAIL": "use MEDPLUM_DEFAULT_SUPER_ADMIN_EMAIL",
    "MEDPLUM_SUPER_ADMIN_PASSWORD": "use MEDPLUM_DEFAULT_SUPER_ADMIN_PASSWORD",
    "MEDPLUM_CORS_ORIGIN": "use MEDPLUM_ALLOWED_ORIGINS",
    "MEDPLUM_SIGNING_KEY_PASSCODE": "use MEDPLUM_SIGNING_KEY_PASSPHRASE",
    "MEDPLUM_BULLMQ_REMOVE_ON_COMPLETE_COUNT": "no variable sets bullmq.removeOnComplete.count, only a JSON config file does",
}


@pytest.mark.parametrize("variable", USELESS)
def test_a_variable_without_effect_is_reported_once_with_what_works(variable: str) -> None:
    outcome = lint(f"MEDPLUM_REDIS_PORT=6379\n{variable}=1\nMEDPLUM_BASE_URL=http://localhost:8103/\n")
    (finding,) = outcome.result.findings
    of_a_connection = variable.startswith(("MEDPLUM_DATABASE_", "MEDPLUM_REDIS_", "MEDPLUM_READONLY_DATABASE_"))
    assert (finding.rule, finding.severity) == ("misnamed-setting", "error" if of_a_connection else "warning")
    assert finding.message.startswith(f"{variable} sets ") and USELESS[variable] in finding.message


COMPOSE = """\
services:
  server:
    image: medplum/medplum-server:5.1.23
    command: [env]
    environment:
      MEDPLUM_BASE_URL: https://api.clinic.health/
      MEDPLUM_APP_BASE_URL: https://app.clinic.health/
      MEDPLUM_BINARY_STORAGE: s3:clinic-storage
      MEDPLUM_STORAGE_BASE_URL: https://storage.clinic.health/binary/
      MEDPLUM_SUPPORT_EMAIL: help@clinic.health
      MEDPLUM_DATABASE_HOST: db.clinic.health
      MEDPLUM_REDIS_HOST: cache.clinic.health
"""
"""A container that shows all that its server reads."""
_HOST = "the server looks for {} on its own machine"
_NO_DATABASE = _HOST.format("its database") + " and stops"


@pytest.mark.parametrize(
    ("right", "wrong", "lacks", "stops"),
    [
        ("BASE_URL", "BASEURL", "baseUrl is missing, and the server does not start without it", True),
        ("APP_BASE_URL", "APP_BASEURL", "appBaseUrl is missing, and without it the server refuses every browser", False),
        ("BINARY_STORAGE", "BINARYSTORAGE", "binaryStorage is missing, and without it every upload fails", False),
        ("SUPPORT_EMAIL", "SUPPORTEMAIL", "supportEmail is missing, and without it mail has no sender", False),
        ("DATABASE_HOST", "DATABASE_HOSTNAME", f"database.host is missing, and {_NO_DATABASE}", True),
        ("DATABASE_HOST", "DATABASEHOST", f"database.host is missing, and {_NO_DATABASE}", True),
        ("DATABASE_HOST", "DATABASE_URL", f"database.host is missing, and {_NO_DATABASE}", True),
        ("DATABASE_HOST", "DATABASE_SECRETS", f"database.host is missing, and {_NO_DATABASE}", True),
        ("REDIS_HOST", "REDIS_SECRETS", f"redis.host is missing, and {_HOST.format('Redis')}", False),
        ("REDIS_HOST", "REDISHOST", f"redis.host is missing, and {_HOST.format('Redis')}", False),
    ],
)
def test_a_needed_setting_under_another_variable_is_one_finding(right: str, wrong: str, lacks: str, stops: bool) -> None:
    found = lint(COMPOSE.replace(f"MEDPLUM_{right}:", f"MEDPLUM_{wrong}:"), "compose.yaml").result.findings
    findings = [one for one in found if one.rule in ("misnamed-setting", "missing-setting", "missing-host")]
    assert [(one.rule, one.severity, one.says.stops) for one in findings] == [("misnamed-setting", "error", stops)]
    assert f"so the server ignores it; {lacks}" in findings[0].message


def test_a_variable_beside_the_right_one_lacks_nothing() -> None:
    text = f"{COMPOSE}      MEDPLUM_BASEURL: https://api.clinic.health/\n      MEDPLUM_SUPPORTEMAIL: help@clinic.health\n"
    findings = [one for one in lint(text, "compose.yaml").result.findings if one.rule == "misnamed-setting"]
    assert [(one.severity, one.says.stops, "missing" in one.message) for one in findings] == [
        ("error", False, False),
        ("warning", False, False),
    ]


def test_variables_beside_another_configuration_lack_nothing() -> None:
    message = lint("MEDPLUM_BASEURL=https://api.clinic.health/\nMEDPLUM_REDIS_HOST=cache\n").result.findings[0].message
    assert message == "MEDPLUM_BASEURL sets baseurl, which is not a setting, so the server ignores it: use MEDPLUM_BASE_URL"


def test_the_variable_that_is_advised_works() -> None:
    for variable, advice in USELESS.items():
        if advice.startswith("use "):
            setting = KNOWN.get(setting_of(advice.removeprefix("use ")))
            assert setting is not None and setting.status != "obsolete", variable


@pytest.mark.quick_cases(30)
@pytest.mark.parametrize("path", [path for path in PATHS if (one := KNOWN.get(path)) and one.status == "obsolete"], ids=".".join)
def test_no_obsolete_name_is_skipped(path: tuple[str, ...]) -> None:
    text = f"MEDPLUM_REDIS_HOST=cache\n{variable_of(path)}=1\nMEDPLUM_BASE_URL=http://localhost:8103/\n"
    rules = {line.split()[0] for line in found(text)}
    assert rules and rules <= {"misnamed-setting", "ignored-setting"}


def test_what_older_servers_read_is_reported_with_what_works_on_all() -> None:
    text = "MEDPLUM_DATABASE_SSL_REQUIRE=true\nMEDPLUM_SMTP_HOST=mail\nMEDPLUM_DATABASE_SSL_CA=${CA}\nMEDPLUM_DATABASE_PORT=5432\n"
    assert found(text) == ["version-dependent-setting database.ssl.require", "version-dependent-setting smtp.host"]
    assert "MEDPLUM_DATABASE_SSL='{\"require\": true}' works on all" in messages(text)
    assert "is ignored by servers before 4.1.8, which" in messages(text)


def test_a_variable_of_a_setting_that_is_as_new_as_its_section_is_not_reported() -> None:
    assert found("MEDPLUM_CACHE_REDIS_HOST=cache\nMEDPLUM_DATABASE_PORT=5432\nMEDPLUM_BASE_URL=http://localhost:8103/\n") == []


def test_a_slip_is_reported_with_what_was_probably_meant() -> None:
    assert "MEDPLUM_SUPPORT_EMIAL; did you mean MEDPLUM_SUPPORT_EMAIL?" in messages(
        "MEDPLUM_REDIS_HOST=a\nMEDPLUM_SUPPORT_EMIAL=a@b.example\n"
    )


# --- Whose variables -----------------------------------------------------------------------------------------------------------------

OTHERS = "CLIENT_ID CLIENT_SECRET VERSION CONFIG_PATH DB_PASSWORD TOKEN PROJECT_ID".split()


@pytest.mark.parametrize("strict", [True, False])
def test_variables_of_other_programs_are_not_the_servers(strict: bool) -> None:
    assert not any(is_servers(f"MEDPLUM_{name}", strict=strict) for name in OTHERS)
    assert not is_servers("POSTGRES_PASSWORD", strict=strict) and not is_servers("medplum_port", strict=strict)


def test_client_variables_do_not_make_a_server() -> None:
    assert not configures_server(["MEDPLUM_BASE_URL", "MEDPLUM_CLIENT_ID", "MEDPLUM_APP_BASE_URL", "MEDPLUM_THEME", "PORT"])
    assert configures_server(["MEDPLUM_BASE_URL", "MEDPLUM_DATABASE_HOST"])
    assert configures_server(["MEDPLUM_SIGNING_KEY"]) and configures_server(["MEDPLUM_DATABASE_NAME"])


def test_an_unknown_name_is_a_mistake_only_if_a_server_certainly_gets_it() -> None:
    assert found("MEDPLUM_REDIS_HOST=a\nMEDPLUM_THEME=dark\n") == []
    compose = "services: {s: {image: medplum/medplum-server, command: env, env_file: a, environment: {MEDPLUM_THEME: dark}}}"
    assert found(compose, "compose.yml") == ["unknown-setting theme"]


# --- Values --------------------------------------------------------------------------------------------------------------------------


def test_texts_become_what_the_newest_loader_makes_of_them() -> None:
    document = written(
        "MEDPLUM_PORT=8103\nMEDPLUM_REGISTER_ENABLED=False\nMEDPLUM_INTROSPECTION_ENABLED=false\nMEDPLUM_REDIS_TLS={}\n"
        "MEDPLUM_DATABASE_PORT=5432x\nMEDPLUM_DATABASE_SSL='{\"require\":true}'\nMEDPLUM_BASE_URL=\n",
        "server/env",
    )
    assert document.data == {
        "port": 8103,
        "registerEnabled": False,
        "introspectionEnabled": "false",
        "redis": {"tls": {}},
        "database": {"port": 5432, "ssl": {"require": True}},
        "baseUrl": "",
    }
    assert document.origin.facts(("port",)) == {"name": "MEDPLUM_PORT", "raw": "8103", "type": "file"}
    assert document.origin.facts(("database", "ssl", "require")) == {} and document.origin.facts(("database",)) == {}
    assert not document.complete


REFERENCES = ["${A}", "${A:-b}", "https://${HOST}/", "$HOST", "$(HOST)", "{{ .Values.host }}", "${A:?why}", "x$A"]


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_is_never_checked(reference: str) -> None:
    text = f"MEDPLUM_BASE_URL={reference}\nMEDPLUM_DATABASE_PASSWORD={reference}\nMEDPLUM_REGISTER_ENABLED={reference}\n"
    document = written(text, "server/env")
    assert document.data == {"baseUrl": UNKNOWN, "database": {"password": UNKNOWN}, "registerEnabled": UNKNOWN}
    # Of all that a reference holds only the default of a secret is looked at: it is published.
    assert found(text) == (["plaintext-secret database.password"] if ":-" in reference else [])


def test_the_default_of_a_reference_tells_what_the_file_is_for() -> None:
    text = "MEDPLUM_BASE_URL=${BASE_URL:-http://localhost:8103/}\nMEDPLUM_DATABASE_PASSWORD=medplum\n"
    assert lint(text).result.documents[0].target == "development"
    assert found(text) == []  # a sample password does no harm on a developer's machine
    assert found(text.replace("http://localhost:8103/", "https://api.hospital.example")) == [
        "published-credential database.password",
    ]


def test_each_place_is_that_of_the_variable() -> None:
    text = "# a\nMEDPLUM_DATABASE_SSL='{\"ca\": 1}'\nMEDPLUM_DATABASE_HOST=db\n"
    document = written(text, "server/env")

    def at(*path: str, part: str = "value") -> str:
        return text[slice(*document.locate(path, part))]  # type: ignore[arg-type]

    assert at("database", "host") == "db"
    assert at("database", "host", part="key") == "MEDPLUM_DATABASE_HOST"
    assert at("database", "ssl", "ca") == "'{\"ca\": 1}'"
    assert at("database") == "MEDPLUM_DATABASE_SSL"
    assert at("redis") == "M" and at() == "M"


def test_no_setting_is_reported_twice() -> None:
    """One variable, one finding, whatever is wrong with it; that a secret can be read, or a name will go, is another matter."""
    text = "".join(f"{variable_of(path)}=%\n" for path in PATHS if len(path) == 1 or path[0] in ("database", "redis"))
    reported = [line.split()[1] for line in found(text) if not line.startswith(("plaintext-secret ", "deprecated-"))]
    assert len(reported) == len(set(reported)) > 60


# --- Escapes and line breaks ---------------------------------------------------------------------------------------------------------

PEM = "-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (f"'{PEM}'", ["mangled-variable signingKey"]),
        (PEM, ["mangled-variable signingKey"]),
        (f'"{PEM}"', []),
        (f'"{PEM}\\n"', []),
        (f'"{PEM}"'.replace("\\n", "\n"), []),
        ("'C:\\new\\key.pem'", ["malformed-pem signingKey"]),
    ],
)
def test_line_breaks_of_a_key(value: str, rules: list[str]) -> None:
    reported = found(f"MEDPLUM_BASE_URL=http://localhost:8103/\nMEDPLUM_SIGNING_KEY={value}\n")
    assert [one for one in reported if not one.startswith("unusable-signing-key")] == rules  # the content of the frame is not a key


def test_quotes_with_backslashes() -> None:
    assert found("MEDPLUM_DATABASE_SSL='{\\\"require\\\":true}'\n") == ["mangled-variable database.ssl"]
    assert found('MEDPLUM_DATABASE_SSL="{\\"require\\":true}"\n') == []
    assert found('MEDPLUM_DATABASE_SSL=\'{"ca": "a\\"b"}\'\n')[:1] != ["mangled-variable database.ssl"]


def test_a_line_break_at_the_end() -> None:
    assert found('MEDPLUM_DATABASE_HOST="db\n"\n') == ["mangled-variable database.host"]


# --- Secrets -------------------------------------------------------------------------------------------------------------------------

MARKER = "hunter2"
SECRET_PATHS = [path for path in PATHS if KNOWN.is_secret(path)]
WRAPPED = [
    "{}",
    "a{}b",
    '{{"a": "{}"}}',
    "-----BEGIN RSA PRIVATE KEY-----\\n{}\\n-----END",
    "$${}",
    "{}\\n",
    "x: {}",
    "postgres://a:{}@b/c",
    "{} # a",
]


def forms_of(text: str) -> set[str]:
    """What a secret looks like in base64, at whatever place of the encoded text it stands."""
    forms = {text}
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + text.encode() + b"\0\0\0").decode()
        forms.add(encoded[4 if lead else 0 : (lead + len(text)) * 4 // 3])
    return forms


def assert_no_secret(text: str, name: str) -> None:
    outcome = lint(text, name)
    assert outcome.bugs == ()
    written_out = reports(outcome) + "".join(outcome.errors)
    assert [form for form in forms_of(MARKER) if form in written_out] == []


def variables(chance: random.Random) -> dict[str, str]:
    """Secrets under their own and misspelt names, and some harmless variables."""
    names_of_secrets = [variable_of(path) for path in chance.sample(SECRET_PATHS, 4)]
    misspelt = ["MEDPLUM_DATABASE_PASSWROD", "MEDPLUM_SIGNINGKEY", "MEDPLUM_REDIS_AUTH", "MEDPLUM_DATABASE_URL", "SECRET"]
    given_names = [*names_of_secrets, chance.choice(misspelt)]
    secrets = {one: chance.choice(WRAPPED).replace("{{", "{").replace("}}", "}").replace("{}", MARKER) for one in given_names}
    harmless = {"MEDPLUM_DATABASE_HOST": "db", "MEDPLUM_PORT": "x", "MEDPLUM_BASE_URL": f"https://a:{MARKER}@b.hospital.example"}
    return dict(chance.sample(sorted((secrets | harmless).items()), len(secrets | harmless)))


def quoted(chance: random.Random, text: str) -> str:
    """A value in YAML, mostly well-formed."""
    plain = text if not any(sign in text for sign in ":#{}'\"\n") else f"'{text.replace(chr(39), chr(39) * 2)}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return chance.choice([plain, f'"{escaped}"', f"'{text}", f"|\n        {text}\n        {text}"])


def as_dotenv(chance: random.Random, given_variables: dict[str, str]) -> str:
    lines = []
    for name, text in given_variables.items():
        quote = chance.choice(["", "'", '"', '"\n'])
        lines.append(f"{chance.choice(['', 'export '])}{name}={quote}{text}{quote[::-1]}{chance.choice(['', f' # {MARKER}'])}")
    return "\n".join(lines)


def as_compose(chance: random.Random, given_variables: dict[str, str]) -> str:
    lines = "".join(f"      {name}: {quoted(chance, text)}\n" for name, text in given_variables.items())
    if chance.random() < 0.5:
        lines = "".join(f"      - {chance.choice(['', chr(34)])}{name}={text}\n" for name, text in given_variables.items())
    return f"services:\n  server:\n    image: medplum/medplum-server # {MARKER}\n    command: env\n    environment:\n{lines}"


def as_manifest(chance: random.Random, given_variables: dict[str, str]) -> str:
    kind = chance.choice(["ConfigMap", "Secret"])
    lines = "".join(f"  {name}: {quoted(chance, text)}\n" for name, text in given_variables.items())
    if kind == "Secret" and chance.random() < 0.8:
        lines = "".join(f"  {name}: {base64.b64encode(text.encode()).decode()}\n" for name, text in given_variables.items())
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: medplum}}\ndata:\n{lines}"


def as_values(chance: random.Random, given_variables: dict[str, str]) -> str:
    items = "".join(f"    - name: {name}\n      value: {quoted(chance, text)}\n" for name, text in given_variables.items())
    server = f"config:\n  server: {{baseUrl: x, signingKey: {MARKER}, logLevel: {MARKER}}}\n  redis: {{password: {MARKER}}}\n"
    return f"{server}deployment:\n  env:\n{items}"


def as_task_definition(chance: random.Random, given_variables: dict[str, str]) -> str:
    items = [json.dumps({"name": name, "value": text}) for name, text in given_variables.items()]
    secrets = json.dumps([{"name": "MEDPLUM_SIGNING_KEY_PASSPHRASE", "valueFrom": MARKER, "value": MARKER}])
    listed = chance.choice([", ", ",\n  "]).join(items)
    return f'{{"containerDefinitions": [{{"image": "medplum/medplum-server",\n "environment": [{listed}],\n "secrets": {secrets}}}]}}'


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("writer", "name"),
    [
        (as_dotenv, ".env"),
        (as_compose, "compose.yml"),
        (as_manifest, "medplum.yaml"),
        (as_values, "values.yaml"),
        (as_task_definition, "task-definition.json"),
    ],
)
@given(seed=st.integers(0, 10**6))
def test_no_secret_is_ever_shown(writer: object, name: str, seed: int) -> None:
    chance = random.Random(seed)
    text = writer(chance, variables(chance))  # type: ignore[operator]
    if chance.random() < 0.4:
        at = chance.choice([at for at, sign in enumerate(text) if sign not in "@#"])  # without these nothing tells what is what
        text = text[:at] + chance.choice(["", "\n", '"', "'", "#", ":", "{", "-"]) + text[at + chance.randrange(2) :]
    assert_no_secret(text, name)
