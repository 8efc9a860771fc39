"""What the server makes of a configuration: values and defaults as its own loader gives them, and where it stops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import EVERY_RULE, loaded

from linter import settings
from linter.commands import show
from linter.documents.inputs import Input
from linter.model import ABSENT, UNKNOWN, dotted
from linter.redaction.numbers import number_text
from linter.run import Options, lint_input
from linter.server.addresses import INVALID_URL, beneath
from linter.server.defaults import BENEATH_BASE, with_defaults
from linter.server.effective import effective_settings
from linter.server.loader import js_text
from linter.server.shown import GENERATED, GENERATED_KEY_ID

BASE = "https://api.clinic.test/"
NAMES = {"server/json": "medplum.config.json", "server/azure": "vault.json", "server/env": ".env", "server/ssm": "ssm.json"}


def text_of(kind: str, given: dict[str, Any]) -> str:
    """A file of a kind with these settings, or parameters, or variables without their prefix."""
    if kind == "server/ssm":
        return json.dumps({f"/medplum/prod/{name}": value for name, value in given.items()})
    if kind == "server/env":
        return "".join(f"MEDPLUM_{name}='{value}'\n" for name, value in given.items())
    return json.dumps(given)


def held(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The server's value of each setting, including defaults, by dotted name."""
    (one,) = loaded(text_of(kind, given), kind, NAMES[kind])
    return {dotted(row.path): row.effective for row in effective_settings(one.document, defaults=True)}


def found(kind: str, given: dict[str, Any]) -> dict[str, str]:
    """The errors and warnings by the rule and the setting that they are about, each with its message."""
    file = Input(NAMES[kind], text_of(kind, given).encode(), Path("nowhere") / NAMES[kind])
    findings = lint_input(file, Options(EVERY_RULE, kind)).result.findings
    return {f"{one.rule} {dotted(one.path or ())}": one.message for one in findings if one.severity != "note"}


# --- Defaults ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [None, False, 0, ""])
@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("port", 8103),
        ("bcryptHashSalt", 10),
        ("maxJsonSize", "1mb"),
        ("awsRegion", "us-east-1"),
        ("issuer", BASE),
        ("tokenUrl", f"{BASE}oauth2/token"),
        ("emailProvider", "awsses"),
    ],
)
def test_a_default_that_replaces_whatever_is_empty(name: str, default: Any, empty: Any) -> None:
    assert held("server/json", {"baseUrl": BASE, name: empty})[name] == default


@pytest.mark.parametrize(("given", "value"), [(None, 60_000), (0, 0), ("", ""), (False, False)])
def test_a_default_that_replaces_null_alone(given: Any, value: Any) -> None:
    rate_limit = held("server/json", {"baseUrl": BASE, "defaultRateLimit": given})["defaultRateLimit"]
    assert (rate_limit, type(rate_limit)) == (value, type(value))


def test_the_catalogue_has_the_defaults_that_the_server_fills_in() -> None:
    known = settings.catalogue()
    filled_in = with_defaults({})
    wrong = {
        name: value
        for name, value in filled_in.items()
        if name not in ("bullmq", "emailProvider") and getattr(known.get((name,)), "real_default", None) != value
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({}, {"concurrency": 20, "removeOnComplete.count": 1, "removeOnFail.count": 1}),
        ({"removeOnFail": {"age": 5}}, {"concurrency": 20, "removeOnComplete.count": 1, "removeOnFail.age": 5}),
        ({"concurrency": None}, {"concurrency": None, "removeOnComplete.count": 1, "removeOnFail.count": 1}),
    ],
)
def test_the_members_of_bullmq_are_merged_with_its_defaults(given: Any, value: dict[str, Any]) -> None:
    config = held("server/json", {"baseUrl": BASE, "bullmq": given})
    whole = config.pop("bullmq", None)
    if whole is not None:
        assert whole == {"concurrency": 20, "removeOnComplete": {"count": 1}, "removeOnFail": {"count": 1}}
    else:
        members = {name.removeprefix("bullmq."): one for name, one in config.items() if name.startswith("bullmq.")}
        assert {name: one for name, one in members.items() if name != "lockDuration"} == value


def test_a_text_in_place_of_bullmq_leaves_its_defaults_and_tells_nothing_of_itself() -> None:
    for text in ("a", '{"connection": {"password": "correct horse"}}'):
        assert held("server/ssm", {"baseUrl": BASE, "bullmq": text})["bullmq"] == {
            "concurrency": 20,
            "removeOnComplete": {"count": 1},
            "removeOnFail": {"count": 1},
        }


@pytest.mark.parametrize(
    ("given", "generated"),
    [
        ({}, True),
        ({"signingKey": ""}, True),
        ({"storageBaseUrl": f"{BASE}storage/"}, True),
        ({"signingKey": "key"}, False),
        ({"storageBaseUrl": "https://storage.clinic.test/binary/"}, False),
    ],
)
def test_a_temporary_key_replaces_id_and_passphrase(given: dict[str, str], generated: bool) -> None:
    config = held("server/json", {"baseUrl": BASE, "signingKeyId": "KABC", "signingKeyPassphrase": "words", **given})
    expected = (GENERATED_KEY_ID, GENERATED) if generated else ("KABC", "words")
    assert (config["signingKeyId"], config["signingKeyPassphrase"]) == expected


@pytest.mark.parametrize("kind", ["server/ssm", "server/azure"])
@pytest.mark.parametrize(("name", "generated"), [("signingKeyPassphrase", GENERATED), ("signingKeyId", GENERATED_KEY_ID)])
def test_what_replaces_a_whole_of_which_only_members_are_given(kind: str, name: str, generated: str) -> None:
    config = held(kind, {"baseUrl": BASE, f"{name}.x": "y"})
    assert (config[name], config[f"{name}.x"]) == (generated, ABSENT)
    (one,) = loaded(text_of(kind, {"baseUrl": BASE, f"{name}.x": "y"}), kind, NAMES[kind])
    table = show.as_text([one.document], only_changed=False, defaults=True)
    assert [line.split() for line in table.splitlines() if line.split()[0] == name] == [[name, *f'"{generated}" default'.split()]]


def test_no_default_is_known_of_a_section_that_a_secret_fills() -> None:
    config = held("server/ssm", {"baseUrl": BASE, "CacheRedisSecrets": "medplum/cache", "cacheRedis.db": "1", "redis.host": "r"})
    assert {name: value for name, value in config.items() if name.startswith("cacheRedis")} == {"cacheRedis.db": 1}
    assert config["redis.port"] == 6379


# --- Addresses --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://API.Clinic.test", "https://api.clinic.test/oauth2/token"),
        ("https://a.test:443/fhir", "https://a.test/fhir/oauth2/token"),
        ("https://a.test:0443/fhir", "https://a.test/fhir/oauth2/token"),
        ("http://a.test:08103/x/../y//", "http://a.test:8103/y//oauth2/token"),
        ("https://a.test/x/..", "https://a.test/oauth2/token"),
        ("https:a.test\\b/?q=1", "https://a.test/b/oauth2/token"),
        (" https://a.te\nst/", "https://a.test/oauth2/token"),
        ("https://1.2.3/", "https://1.2.0.3/oauth2/token"),
        ("https://0x7f.1", "https://127.0.0.1/oauth2/token"),
        ("api.clinic.test", INVALID_URL),
        ("localhost:8103", INVALID_URL),
        ("https://", INVALID_URL),
        ("https://a b/", INVALID_URL),
        ("https://a.test:x/", INVALID_URL),
        ("https://a.test:65536/", INVALID_URL),
        ("https://256.1.1.1/", INVALID_URL),
        ("https://08.1/", INVALID_URL),
        ("https://[::g]/", INVALID_URL),
        ("https://ä.test/", UNKNOWN),
        ("https://[::1]/", UNKNOWN),
        ("https://u:p@a.test/", UNKNOWN),
        ("https://a.test/ä/", UNKNOWN),
        ("file:///x", "file:///x/oauth2/token"),
        ("FILE:x\\..", "file:///oauth2/token"),
        ("file:/x?q", "file:///oauth2/token"),
        ("file://LocalHost/x y", "file:///x%20y/oauth2/token"),
        ("file:", "file:///oauth2/token"),
        ("file:///C:/..", UNKNOWN),
        ("file://a.test/x", UNKNOWN),
        ("git://a.test", UNKNOWN),
    ],
)
def test_an_address_beneath_another_one(base: str, address: Any) -> None:
    assert beneath(base, "oauth2/token") == address


def test_what_is_made_of_a_base_url_that_cannot_be_normalised_is_not_shown() -> None:
    config = held("server/json", {"baseUrl": "https://ä.test/", "jwksUrl": ""})
    assert config["jwksUrl"] is UNKNOWN
    assert "tokenUrl" not in config
    assert config["issuer"] == "https://ä.test/"


def test_a_base_url_without_a_host_has_addresses_beneath_it_too() -> None:
    config = held("server/json", {"baseUrl": "file:///x/"})
    assert [config[name] for name in URLS] == [f"file:///x/{BENEATH_BASE[name]}" for name in URLS]


# --- Texts ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("\u00a012", 12),
        ("\ufeff12", 12),
        ("\u3000+12x", 12),
        ("\u00858", None),
        ("\u001f8", None),
        ("\u200b8", None),
        ("-0", 0),
        ("9" * 20, 1e20),
    ],
)
def test_a_number_after_javascript_blanks(text: str, number: float | None) -> None:
    value = held("server/ssm", {"baseUrl": BASE, "redis.db": text})["redis.db"]
    assert value == number if number is not None else value != value


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("9007199254740993", "9007199254740992"),
        ("12345678901234567890", "12345678901234567000"),
        ("-12345678901234567890", "-12345678901234567000"),
        ("100000000000000000000", "100000000000000000000"),
        ("1e21", "1e+21"),
    ],
)
def test_a_number_that_no_double_holds_is_rounded(digits: str, text: str) -> None:
    (one,) = loaded(f'{{"baseUrl": "{BASE}", "maxSearchOffset": {digits}}}')
    assert number_text(one.document.get(("maxSearchOffset",))) == text


def test_a_list_in_a_text() -> None:
    config = held("server/env", {"BASE_URL": BASE, "DATA_WAREHOUSE_INCLUDE_RESOURCE_TYPES": "Patient, \ufeffTask\u0085,"})
    assert config["dataWarehouse.includeResourceTypes"] == ["Patient", "Task\u0085", ""]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("redis.tls", "{}", "{}"), ("tls", '{"a": 1}', {"a": 1}), ("require", "yes", False), ("database/host", "x", ABSENT)],
)
def test_a_parameter_by_its_whole_name(name: str, text: str, value: Any) -> None:
    assert held("server/ssm", {"baseUrl": BASE, "redis.host": "r", name: text})[name] == value


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("REDIS_TLS", "{}", "redis.tls", {}),
        ("SMTP_SSL", "null", "smtp.ssl", None),
        ("WORKERS_PORT", "8x", "workers.port", 8),
        ("DATABASE_REQUIRE", "true", "database.require", True),
    ],
)
def test_a_variable_by_the_rest_of_its_name(variable: str, text: str, name: str, value: Any) -> None:
    config = held("server/env", {"BASE_URL": BASE, "DATABASE_HOST": "h", variable: text})
    assert config[name] == value
    assert type(config[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("port", [[]], 8103),
        ("redis.port", {"a": 1}, "NaN"),
        ("redis.port", [6379, 1], 6379),
        ("registerEnabled", True, False),
        ("smtp", 1, 1),
        ("smtp", [[1]], 1),
    ],
)
def test_a_vault_value_that_is_not_a_text_is_converted(name: str, given: Any, value: Any) -> None:
    result = held("server/azure", {"baseUrl": BASE, "redis.host": "r", name: given})[name]
    assert number_text(result) == number_text(value)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("server/ssm", ("allowInsecureRestHookUrl", "allowInsecureExternalAuthUrl")),
        ("server/env", ("ALLOW_INSECURE_REST_HOOK_URL", "ALLOW_INSECURE_EXTERNAL_AUTH_URL")),
    ],
)
def test_a_switch_that_the_newest_server_has_replaced(kind: str, names: tuple[str, str]) -> None:
    """It stays text there, where nothing reads it; every release that reads it compares it with the text "true"."""
    base = "BASE_URL" if kind == "server/env" else "baseUrl"
    for text, misread in (("false", False), ("true", False), ("yes", True)):
        given = {base: BASE, **dict.fromkeys(names, text)}
        config = held(kind, given)
        paths = ("allowInsecureRestHookUrl", "allowInsecureExternalAuthUrl")
        assert [config[path] for path in paths] == [text, text]
        messages = [found(kind, given).get(f"misread-boolean {path}", "") for path in paths]
        start = "{} counts as false, because the server reads only exactly true, in lower case, as true"
        assert [message.partition(", so")[0] for message in messages] == [start.format(path) if misread else "" for path in paths]


def test_a_replaced_switch_in_a_variable_has_its_meaning() -> None:
    given = {
        "BASE_URL": BASE,
        "DATABASE_HOST": "db",
        "DATABASE_PASSWORD": "${PASSWORD}",
        "REDIS_HOST": "redis",
        "ALLOW_INSECURE_EXTERNAL_AUTH_URL": "false",
        "EXTERNAL_AUTH_PROVIDERS": '[{"issuer": "http://localhost:8080", "userInfoUrl": "http://localhost:8080/me"}]',
    }
    assert "unsafe-provider-url externalAuthProviders.0.userInfoUrl" in found("server/env", given)


def test_the_text_of_a_value() -> None:
    assert js_text([1, None, [True, []], {"a": 1}]) == "1,,true,,[object Object]"


# --- Wholes and members -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"smtp": '{"port": 25}', "smtp.host": "m"}, {"smtp": {"port": 25, "host": "m"}, "smtp.host": "m"}),
        ({"smtp.host": "m", "smtp": '{"port": 25}'}, {"smtp": {"port": 25}, "smtp.host": ABSENT}),
        (
            {"defaultProjectFeatures": '["bots"]', "defaultProjectFeatures.1": "cron", "defaultProjectFeatures.x": "email"},
            {"defaultProjectFeatures": ["bots", "cron"], "defaultProjectFeatures.1": "cron", "defaultProjectFeatures.x": ABSENT},
        ),
        (
            {"externalAuthProviders": '[{"issuer": "a"}]', "externalAuthProviders.0.issuer": "b"},
            {"externalAuthProviders": [{"issuer": "b"}], "externalAuthProviders.0.issuer": "b"},
        ),
        ({"redis": "", "redis.host": "r"}, {"redis": {"host": "r"}, "redis.host": "r"}),
        ({"redis.host": "r", "redis": "x"}, {"redis": "x", "redis.host": ABSENT}),
    ],
)
def test_the_last_of_a_whole_and_its_members_counts(given: dict[str, str], value: dict[str, Any]) -> None:
    config = held("server/azure", {"baseUrl": BASE, **given})
    assert {name: config[name] for name in value} == value


@pytest.mark.parametrize("kind", ["server/ssm", "server/azure"])
@pytest.mark.parametrize("first", [True, False])
def test_an_item_beside_its_list_makes_no_object_of_it(kind: str, first: bool) -> None:
    names = {"defaultProjectFeatures": "[]", "defaultProjectFeatures.0": "bots"}
    given = {"baseUrl": BASE, **dict(sorted(names.items(), reverse=not first))}
    assert held(kind, given)["defaultProjectFeatures"] == (["bots"] if first else [])
    assert not [one for one in found(kind, given) if one.startswith("wrong-type")]


@pytest.mark.parametrize("whole", ["[]", "{}", '{"bullmq": {}}'])
@pytest.mark.parametrize("first", [True, False])
def test_a_member_beside_its_whole_is_checked(whole: str, first: bool) -> None:
    given = dict(sorted({"WORKERS": whole, "WORKERS_BULLMQ": "off"}.items(), reverse=not first))
    message = "workers.bullmq must be an object in JSON; the server fails to parse this text and does not start; write it as JSON"
    assert found("server/env", {"BASE_URL": BASE, **given})["misread-object workers.bullmq"] == message


def test_what_the_server_changes_is_shown_as_it_was_written() -> None:
    given = {"baseUrl": BASE, "database": {"host": "a"}, "database.port": "1", "x": [{}], "x.0.a": "1"}
    (one,) = loaded(text_of("server/azure", given), "server/azure", "vault.json")
    rows = [(dotted(row.path), row.written, row.effective) for row in effective_settings(one.document, defaults=False)[1:]]
    assert rows == [("database.host", "a", "a"), ("database.port", "1", 1), ("x.0", {}, {"a": "1"}), ("x.0.a", "1", "1")]


def test_members_that_follow_their_object_in_a_vault_are_added_to_it() -> None:
    for given in ({"smtp": '{"port": 25}', "smtp.host": "m"}, {"defaultProjectFeatures": "[]", "defaultProjectFeatures.0": "bots"}):
        assert not [one for one in found("server/azure", {"baseUrl": BASE, **given}) if one.startswith("object-beside")]


def test_settings_without_effect_are_shown_as_nothing() -> None:
    (one,) = loaded(text_of("server/ssm", {"baseUrl": BASE, "database/host": "db", "port": ""}), "server/ssm", "ssm.json")
    table = show.as_text([one.document], only_changed=True, defaults=False)
    assert [line.split()[:4] for line in table.splitlines()[1:]] == [
        ["database/host", "••••••", "→", "(nothing)"],
        ["port", '""', "→", "8103"],
    ]
    rows = json.loads(show.as_json([one.document], only_changed=True, defaults=False))["documents"][0]["settings"]
    assert [row["effective"] for row in rows] == [None, 8103]


LATER = 'if the server receives {} first, it fails with "Cannot create property" and does not start, else it loses the members; delete {}'


@pytest.mark.parametrize(
    ("kind", "given", "path", "message"),
    [
        (
            "server/env",
            {"DATABASE": "x", "DATABASE_HOST": "h"},
            "database.host",
            f"MEDPLUM_DATABASE_HOST is given next to MEDPLUM_DATABASE: {LATER.format('MEDPLUM_DATABASE', 'MEDPLUM_DATABASE')}",
        ),
        (
            "server/env",
            {"SMTP": "{", "SMTP_HOST": "h"},
            "smtp.host",
            "MEDPLUM_SMTP_HOST is given next to MEDPLUM_SMTP: "
            "the server fails to parse MEDPLUM_SMTP, which must be JSON, and does not start",
        ),
        (
            "server/env",
            {"DATA_WAREHOUSE": "{}", "DATA_WAREHOUSE_CRON": "0 0 * * *"},
            "dataWarehouse.cron",
            "MEDPLUM_DATA_WAREHOUSE_CRON is given next to MEDPLUM_DATA_WAREHOUSE: whichever the server receives last overrides the other, "
            "in whatever order the environment has them; put the members into MEDPLUM_DATA_WAREHOUSE",
        ),
        (
            "server/ssm",
            {"redis": "x", "redis.host": "h"},
            "redis.host",
            f"redis.host is given next to redis: {LATER.format('redis', 'redis')}",
        ),
        (
            "server/ssm",
            {"redis": "", "redis.host": "h"},
            "redis.host",
            "redis.host is given next to redis: the members count if the server receives redis first, else it loses them; delete redis",
        ),
        (
            "server/azure",
            {"redis.host": "h", "redis": "x"},
            "redis.host",
            "redis.host is given next to redis: the server sets redis last, and loses the members; delete redis",
        ),
        (
            "server/azure",
            {"smtp.host": "h", "smtp": '{"port": 25}', "smtp.secure": "false"},
            "smtp.secure",
            "smtp.secure is given next to smtp: the server sets smtp after a member of it, which it loses; put the members into smtp",
        ),
        (
            "server/azure",
            {"smtp.host": "h", "smtp": 1, "smtp.port": "25"},
            "smtp.port",
            "smtp.port is given next to smtp: "
            'the server sets smtp first, fails with "Cannot create property" and does not start; delete it',
        ),
    ],
)
def test_a_whole_beside_its_members(kind: str, given: dict[str, Any], path: str, message: str) -> None:
    base = {"BASE_URL": BASE} if kind == "server/env" else {"baseUrl": BASE}
    assert found(kind, {**base, **given})[f"overlapping-settings {path}"] == message


# --- Where the server stops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "what", "error"),
    [
        ({"baseUrl": "api.clinic.test"}, "invalid-url baseUrl", "Invalid URL"),
        ({"baseUrl": "localhost:8103"}, "invalid-url baseUrl", "Invalid URL"),
        ({"baseUrl": " "}, "invalid-url baseUrl", "Missing required config setting: baseUrl"),
        ({"baseUrl": BASE, "storageBaseUrl": 1}, "wrong-type storageBaseUrl", "config.storageBaseUrl.startsWith is not a function"),
        ({"baseUrl": BASE, "storageBaseUrl": []}, "wrong-type storageBaseUrl", "config.storageBaseUrl.startsWith is not a function"),
        (
            {"baseUrl": BASE, "dataWarehouse": {"enabled": True, "cron": 5}},
            "wrong-type dataWarehouse.cron",
            "dw.cron?.trim is not a function",
        ),
        (
            {"baseUrl": BASE, "dataWarehouse": {"enabled": True, "excludeResourceTypes": {}}},
            "wrong-type dataWarehouse.excludeResourceTypes",
            "(dw.excludeResourceTypes ?? []) is not iterable",
        ),
    ],
)
def test_the_server_stops(given: dict[str, Any], what: str, error: str) -> None:
    assert f'the server stops at start with "{error}"' in found("server/json", given)[what]


URLS = ("jwksUrl", "authorizeUrl", "tokenUrl", "userInfoUrl", "introspectUrl", "registerUrl", "storageBaseUrl")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"baseUrl": "https:/a.test/"}, "invalid-url baseUrl"),
        ({"baseUrl": "api.clinic.test", **dict.fromkeys(URLS, BASE)}, "invalid-url baseUrl"),
        ({"baseUrl": BASE, "storageBaseUrl": 0}, "wrong-type storageBaseUrl"),
        ({"baseUrl": BASE, "dataWarehouse": {"cron": 5}}, "wrong-type dataWarehouse.cron"),
    ],
)
def test_the_server_goes_on(given: dict[str, Any], what: str) -> None:
    message = found("server/json", given)[what]
    assert "start" not in message.replace("beginning", "")


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "", "{a:1}", "x"])
@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("server/ssm", "tls", "tls"),
        ("server/ssm", "smtp", "smtp"),
        ("server/azure", "ssl", "ssl"),
        ("server/env", "SMTP_TLS", "smtp.tls"),
        ("server/env", "DATABASE_TLS", "database.tls"),
        ("server/env", "REDIS_SSL", "redis.ssl"),
        ("server/env", "CACHE_REDIS_TLS", "cacheRedis.tls"),
        ("server/env", "DEFAULT_PROJECT_FEATURES", "defaultProjectFeatures"),
    ],
)
def test_what_the_server_parses_must_be_json(kind: str, name: str, path: str, text: str) -> None:
    base = {"BASE_URL": BASE} if kind == "server/env" else {"baseUrl": BASE}
    message = found(kind, {**base, name: text})[f"misread-object {path}"]
    assert message.removesuffix("; write it as JSON").endswith("the server fails to parse this text and does not start")


@pytest.mark.parametrize(
    ("name", "value", "effect"),
    [
        ("dataWarehouse.includeResourceTypes", ["Patient"], "splits it at commas"),
        ("dataWarehouse.excludeResourceTypes", None, "splits it at commas"),
        ("defaultProjectFeatures", ["bots"], "parses it as JSON"),
        ("smtp", {}, "parses it as JSON"),
        ("tls", [], "parses it as JSON"),
    ],
)
def test_a_vault_value_that_is_not_a_text_stops_the_server(name: str, value: Any, effect: str) -> None:
    message = f"{name} is not text, and the server, which {effect}, does not start; put it in quotes"
    assert found("server/azure", {"baseUrl": BASE, "database.host": "db", name: value})[f"unquoted-value {name}"] == message


@pytest.mark.parametrize(("name", "value"), [("defaultProjectFeatures", None), ("smtp", [1]), ("smtp", True)])
def test_a_value_of_a_vault_whose_text_is_json_does_not(name: str, value: Any) -> None:
    assert f"unquoted-value {name}" not in found("server/azure", {"baseUrl": BASE, "database.host": "db", name: value})
