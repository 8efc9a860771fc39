"""The catalogue says what Medplum's documentation says, keeps secrets apart, and is built from its sources."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from linter import settings
from linter.formats import FORMATS
from linter.model import SettingPath, dotted
from linter.release import Release
from linter.settings import KINDS, Setting, _setting, build, catalogue, page_link, public_settings
from linter.settings.env_names import setting_of, variable_of

HEADINGS = (Path(__file__).parent / "data" / "page-headings.txt").read_text(encoding="utf-8").splitlines()
"""Those of https://www.medplum.com/docs/self-hosting/server-config, in its order."""

TOPICS = {"AWS Secrets", "External Secrets", "Database SSL Configuration"}
"""The headings that are not of a setting."""

SECRETS = {
    "server": {
        # documented
        "signingKey",
        "signingKeyPassphrase",
        "googleClientSecret",
        "recaptchaSecretKey",
        "database",
        "database.password",
        "readonlyDatabase",
        "redis",
        "redis.password",
        "smtp",
        "smtp.password",
        "defaultSuperAdminPassword",
        "defaultSuperAdminClientSecret",
        "defaultOAuthClients",
        "defaultOAuthClients.*.secret",
        # undocumented
        "database.ssl.key",
        "readonlyDatabase.password",
        "readonlyDatabase.ssl.key",
        "cacheRedis",
        "cacheRedis.password",
        "rateLimitRedis",
        "rateLimitRedis.password",
        "pubSubRedis",
        "pubSubRedis.password",
        "backgroundJobsRedis",
        "backgroundJobsRedis.password",
        "sseCustomerKey",
        "externalAuthProviders.*.identityProvider.clientSecret",
        "externalAuthProviders.*.identityProvider.userInfoApiKey",
        "shards",
        "shards.*",
        *(f"shards.*.{connection}{member}" for connection in ("database", "readonlyDatabase") for member in ("", ".password", ".ssl.key")),
        # obsolete
        "databaseUrl",
        "redisUrl",
        "smtp.auth",
        "database.pass",
        "readonlyDatabase.pass",
        "smtp.pass",
        "redis.pass",
        "cacheRedis.pass",
        "rateLimitRedis.pass",
        "pubSubRedis.pass",
        "backgroundJobsRedis.pass",
        "tls",
        "ssl",
        "signingKeyPasscode",
        "superAdminPassword",
        "superAdminClientSecret",
        "adminPassword",
        "admin.password",
        "database.url",
        "redis.url",
        "pubsubRedis",
        "bullmqRedis",
        "defaultOauthClients",
    },
    "infra": set(),
    "secret/database": {"password", "ssl.key"},
    "secret/redis": {"password", "unused"},
}


def path_of(name: str) -> SettingPath:
    return tuple(name.split("."))


def settings_of(kind: str) -> Iterator[Setting]:
    known = catalogue(kind)
    for name in known.names():
        setting = known.get(path_of(name))
        assert setting is not None
        yield setting


def setting(name: str, kind: str = "server") -> Setting:
    found = catalogue(kind).get(path_of(name))
    assert found is not None
    return found


def tagged(tag: str, kind: str = "server") -> set[str]:
    return {dotted(path) for path in catalogue(kind).tagged(tag)}


def headings() -> dict[str, str]:
    """The mark ("required", "deprecated" or "") of each setting that has a heading."""
    return {name: mark.rstrip(")") for name, _, mark in (heading.partition(" (") for heading in HEADINGS if heading not in TOPICS)}


# --- against the documentation ----------------------------------------------------------------------------------------------------------


def test_every_heading_of_the_page_is_a_documented_setting_in_the_order_of_the_page() -> None:
    documented = [each.name for each in settings_of("server") if each.status == "documented"]
    assert [name for name in documented if name in headings()] == list(headings())


def test_every_documented_setting_has_a_heading_or_is_beneath_one() -> None:
    for each in settings_of("server"):
        if each.status == "documented":
            path = path_of(each.name)
            assert any(dotted(path[:length]) in headings() for length in range(1, len(path) + 1)), each.name


@pytest.mark.parametrize("mark", ["required", "deprecated"])
def test_marks_are_those_of_the_headings(mark: str) -> None:
    marked = {each.name for each in settings_of("server") if getattr(each, mark) and each.name in headings()}
    assert marked == {name for name, given in headings().items() if given == mark}


def test_links_lead_to_the_headings() -> None:
    anchors = {build.anchor(heading) for heading in HEADINGS}
    for each in settings_of("server"):
        if each.status == "documented":
            page, _, anchor = page_link(each).partition("#")
            assert page == "https://www.medplum.com/docs/self-hosting/server-config"
            assert anchor in anchors, each.name
            if each.name in headings():
                mark = headings()[each.name]
                assert anchor == build.anchor(f"{each.name} ({mark})" if mark else each.name)
        else:
            assert page_link(each) == "", each.name


def test_page_link() -> None:
    page = "https://www.medplum.com/docs/self-hosting/"
    assert page_link(setting("port")) == page + "server-config#port-required"
    assert page_link(setting("databaseProxyEndpoint")) == page + "server-config#databaseproxyendpoint-deprecated"
    assert page_link(setting("database.ssl.ca")) == page + "server-config#databasesslca"
    assert page_link(setting("database.host")) == page + "server-config#aws-secrets"
    assert page_link(setting("database.runMigrations")) == ""
    assert page_link(setting("host", "secret/database")) == page + "server-config#aws-secrets"
    assert page_link(setting("apiPort", "infra")) == page + "aws-cdk-settings#apiport"


def test_what_the_page_says_and_what_the_code_does() -> None:
    limit = setting("defaultAuthRateLimit")
    assert (limit.default, limit.real_default, limit.types, limit.unit) == ("60/minute", 160, ("integer",), "requests per minute")
    port = setting("port")
    assert (port.default, port.real_default, port.min, port.max, port.created_by) == ("8103", 8103, 1, 65535, "init")
    assert setting("logLevel").enum == ("NONE", "ERROR", "WARN", "INFO", "DEBUG")
    assert setting("logLevel").ignore_case
    assert setting("defaultRateLimit").special == (-1,)


# --- names and look-up ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_get_finds_every_setting_by_its_name(kind: str) -> None:
    for name in catalogue(kind).names():
        assert setting(name, kind).name == name


def test_get_accepts_any_list_index() -> None:
    known = catalogue()
    assert known.get(("externalAuthProviders", 7, "issuer")) is known.get(("externalAuthProviders", "*", "issuer"))


@pytest.mark.parametrize("path", [(), ("BaseUrl",), ("database.host",), ("database", 0), ("database", "host", "x"), (0,)])
def test_get_finds_nothing_else(path: SettingPath) -> None:
    assert catalogue().get(path) is None


def test_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        catalogue("server/json")


def test_the_top_of_a_document() -> None:
    assert {"baseUrl", "database", "workers", "ReaderDatabaseSecrets"} <= catalogue().top_level()
    assert {"audience", "admin", "host", "apiPort"}.isdisjoint(catalogue().top_level())
    assert {"apiPort", "stackName"} <= catalogue("infra").top_level()
    assert "maxConnections" not in catalogue("infra").top_level()


def test_a_setting_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        setting("port").secret = True


@pytest.mark.parametrize("kind", KINDS)
def test_fields_agree_with_each_other(kind: str) -> None:
    for each in settings_of(kind):
        if each.enum and isinstance(each.real_default, str) and " " not in each.real_default:
            assert each.real_default in each.enum, each.name
        if isinstance(each.real_default, int) and not isinstance(each.real_default, bool):
            assert each.min is None or each.min <= each.real_default or each.real_default in each.special, each.name
            assert each.max is None or each.real_default <= each.max, each.name
        if each.use:
            assert setting(each.use, kind).status != "obsolete", each.name
        if each.unread_beside:
            assert setting(each.unread_beside, kind), each.name
        if each.format:
            assert each.format in FORMATS, each.name
        assert {*each.enum_first, *each.enum_after} <= {str(word) for word in each.enum}, each.name
        assert set(each.stops) <= set(each.consequence), each.name
        assert all(release <= each.first for release in (each.after, each.back_ported) if release is not None), each.name
        assert each.first <= each.last and each.first != each.back_ported, each.name
        if len(each.path) > 1:
            holder = setting(dotted(each.path[:-1]), kind)
            assert each.status == "obsolete" or each.first >= holder.first, each.name
        for special in each.special:
            assert each.min is not None and special < each.min, each.name


# --- secrets ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_secrets_are_exactly_these(kind: str) -> None:
    assert tagged("secret", kind) == SECRETS[kind]
    assert {each.name for each in settings_of(kind) if catalogue(kind).is_secret(path_of(each.name))} == SECRETS[kind]


def test_what_is_beneath_a_secret_text_is_secret() -> None:
    known = catalogue()
    assert known.is_secret(("signingKey", "key"))
    assert known.is_secret(("defaultOAuthClients", 0, "secret", 0))
    assert known.is_secret(("database", "url", "host"))
    assert not known.is_secret(("database", "host"))
    assert not known.is_secret(("database", "unheardOf"))
    assert not known.is_secret(())


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_public_is_secret_or_holds_a_secret(kind: str) -> None:
    known = catalogue(kind)
    for name in known.names():
        if known.is_public(path_of(name)):
            assert not any(secret == name or secret.startswith(name + ".") for secret in SECRETS[kind]), name


@pytest.mark.parametrize(
    ("path", "public"),
    [
        (("baseUrl",), True),
        (("database", "host"), True),
        (("bullmq",), True),
        (("defaultOAuthClients", 0, "name"), True),
        (("audience",), True),
        (("signingKey",), False),
        (("database",), False),
        (("database", "ssl"), False),
        (("redis", "tls"), False),
        (("redis", "tls", "key"), False),
        (("externalAuthProviders",), False),
        (("defaultProjectSystemSetting",), False),
        (("admin",), False),
        (("unheardOf",), False),
        (("signingKey", "key"), False),
        (("baseUrl", "x"), False),
    ],
)
def test_only_what_can_hold_no_secret_is_public(path: SettingPath, public: bool) -> None:
    assert catalogue().is_public(path) is public


def test_a_near_miss_that_is_an_object_elsewhere_is_not_public() -> None:
    assert catalogue("server").get(("database",)) is not None
    assert catalogue("secret/database").is_public(("database",)) is False
    assert catalogue("secret/database").is_public(("hostname",)) is True


def test_known_public_names() -> None:
    assert all(public_settings(name) for name in ("baseUrl", "host", "port", "issuer", "dbname", "apiPort", "redirectUris"))
    secret = {str(path_of(name)[-1]) for names in SECRETS.values() for name in names}
    assert not any(public_settings(name) for name in (*secret, "ssl", "tls", "key", "environment", "admin", "*", "unheardOf"))
    assert {setting.name for setting in public_settings("redirectUris") or ()} == {
        "defaultOAuthClients.*.redirectUris",
        "defaultOAuthClients.*.redirectUris.*",
    }


FURTHER_REDIS = ("CacheRedisSecrets", "RateLimitRedisSecrets", "PubSubRedisSecrets", "BackgroundJobsRedisSecrets")

# --- tags -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("json-only", {"database", "redis"}),
        (
            "ssm-only",
            {"RedisSecrets", *FURTHER_REDIS}
            | {f"{shard}{name}" for shard in ("", "shards.*.") for name in ("DatabaseSecrets", "ReaderDatabaseSecrets")},
        ),
        ("cdk-created", {"signingKeyId", "botLambdaRoleArn", "DatabaseSecrets", "RedisSecrets", "awsRegion", *FURTHER_REDIS}),
        (
            "deprecated",
            {"databaseProxyEndpoint", "readonlyDatabaseProxyEndpoint", "allowInsecureExternalAuthUrl", "allowInsecureRestHookUrl"},
        ),
        ("removed", {"auditEventLogGroup", "auditEventLogStream"}),
        ("server-url", {"baseUrl", "appBaseUrl", "storageBaseUrl"}),
        ("oauth-url", {"issuer", "jwksUrl", "authorizeUrl", "tokenUrl", "userInfoUrl", "introspectUrl", "registerUrl"}),
        ("bytes", {"maxJsonSize", "maxBatchSize"}),
        (
            "required",
            {name for name, mark in headings().items() if mark == "required"}
            | {"externalAuthProviders.*.issuer", "externalAuthProviders.*.userInfoUrl", "defaultOAuthClients.*.resourceType"},
        ),
        (
            "older-version",
            {
                "audience",
                "adminClientId",
                "chainedSearchWithReferenceTables",
                "maxUploadSize",
                "corsMode",
                "logoutUrl",
                "dataWarehouse.resourceTypes",
                "slowQueryThresholdMilliseconds",
                "slowQuerySampleRate",
                "maxCompartments",
                "defaultFhirInteractionLimit",
                "systemRepositoryTokenReadStrategy",
                "defaultTokenReadStrategy",
            },
        ),
        (
            "docs-typo",
            {
                "signingKeyPasscode",
                "disablePostDeployMigrations",
                "database.ssl.reactUnauthorized",
                "readonlyDatabase.ssl.reactUnauthorized",
            },
        ),
        (
            "integer-or-string",
            {"port"}
            | {
                f"{connection}.port"
                for connection in (
                    "database",
                    "readonlyDatabase",
                    "redis",
                    "cacheRedis",
                    "rateLimitRedis",
                    "pubSubRedis",
                    "backgroundJobsRedis",
                    "smtp",
                    "shards.*.database",
                    "shards.*.readonlyDatabase",
                )
            },
        ),
        ("unheard-of", set()),
    ],
)
def test_tagged(tag: str, names: set[str]) -> None:
    assert tagged(tag) == names


def test_list_members_are_tagged_with_a_star() -> None:
    assert ("defaultOAuthClients", "*", "secret") in catalogue().tagged("secret")


def test_booleans_that_parameters_cannot_switch_off() -> None:
    assert tagged("ssm-uncoerced") & tagged("boolean") & tagged("documented") == {
        "saveAuditEvents",
        "autoDownloadEnabled",
        "introspectionEnabled",
        "vmContextBotsEnabled",
        "heartbeatEnabled",
        "preCommitSubscriptionsEnabled",
    }


def test_integers_that_parameters_leave_as_text() -> None:
    assert tagged("ssm-uncoerced") & tagged("integer") == {
        "asyncDelayScaling",
        "bullmq.lockDuration",
        "bullmq.removeOnComplete.age",
        "bullmq.removeOnComplete.count",
        "bullmq.removeOnFail.age",
        "bullmq.removeOnFail.count",
        "defaultLoginRateLimit",
        "defaultMaxUserWebSocketSubscriptions",
    }


def test_obsolete_names_have_no_tags_of_types() -> None:
    for kind in KINDS:
        for name in tagged("obsolete", kind):
            assert set(setting(name, kind).tags) <= {"obsolete", "secret", setting(name, kind).origin}


@pytest.mark.parametrize("kind", KINDS)
def test_tags_lists_what_tagged_finds(kind: str) -> None:
    known = catalogue(kind)
    assert known.tags() == {tag for each in settings_of(kind) for tag in each.tags}
    for tag in known.tags():
        assert {dotted(path) for path in known.tagged(tag)} == {each.name for each in settings_of(kind) if tag in each.tags}


# --- the environment --------------------------------------------------------------------------------------------------------------------


def test_the_variable_of_a_setting_lands_on_it_unless_the_catalogue_says_where_else() -> None:
    for each in settings_of("server"):
        if each.env:
            assert each.env == variable_of(tuple(each.name.split(".")))
            assert dotted(setting_of(each.env)) == (each.env_unsettable.newest or each.name)


# --- the build --------------------------------------------------------------------------------------------------------------------------


def test_what_is_built_is_what_is_written() -> None:
    assert json.loads(build.build())["content"] == build.read_catalogue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without entries in place of linter/settings."""
    shutil.copy(Path(settings.__file__).parent / "schema.yaml", tmp_path)
    monkeypatch.setattr(build, "FILES", (build.CatalogueFile("some.yaml", "server", "documented", "server-config"),))
    monkeypatch.setattr(build, "_HERE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("- port", "some.yaml: ['port'] is not of type 'object'"),
        ("port: 1", "some.yaml: port: 1 is not of type 'object'"),
        ("po rt: {type: integer, meaning: x}", "some.yaml: 'po rt' does not match"),
        ("port..x: {type: integer, meaning: x}", "some.yaml: 'port..x' does not match"),
        (
            "port: {type: integer, meaning: x, colour: red}",
            "some.yaml: port: Additional properties are not allowed ('colour' was unexpected)",
        ),
        ("port: {type: float, meaning: x}", "some.yaml: port: type: 'float' is not"),
        ("port: {type: [integer, float], meaning: x}", "some.yaml: port: type: 1: 'float' is not one of"),
        ("port: {type: integer, min: low, meaning: x}", "some.yaml: port: min: 'low' is not of type 'integer'"),
        ("port: {type: integer}", "some.yaml: port: 'meaning' is a required property"),
        ("port: {meaning: x}", "some.yaml: port: 'type' is a required property"),
        ("port: {type: integer, origin: near-miss, meaning: x}", "some.yaml: port: False schema does not allow 'near-miss'"),
        ("port: {status: obsolete, meaning: x}", "port: 'origin' is a required property"),
        ("port: {status: obsolete, type: string, origin: near-miss, meaning: x}", "port: 'last' is a dependency of 'type'"),
        ("port: {status: obsolete, origin: older-version, last: 4.3.5, meaning: x}", "port: 'type' is a dependency of 'last'"),
        ("port: {status: obsolete, origin: older-version, first: 4.3.5, meaning: x}", "port: 'last' is a dependency of 'first'"),
        ("port: {type: integer, unsafe_when: true, meaning: x}", "some.yaml: port: type: "),
        ("port: {type: boolean, unsafe_when: 1, meaning: x}", "some.yaml: port: unsafe_when: 1 is not"),
        ("port: {type: integer, coercion: {older: integer}, meaning: x}", "some.yaml: port: coercion: {'older': 'integer'} is not valid"),
        ("port: {type: integer, coercion: {4.3: integer}, meaning: x}", "4.3 is not one release of the server: give all three numbers"),
        (
            "port: {type: integer, coercion: {4.3.55: integer}, meaning: x}",
            "some.yaml: port: 4.3.55 is not a known release of the server; did",
        ),
        ("port: {type: integer, coercion: {4.3.5: int}, meaning: x}", "some.yaml: port: coercion: 4.3.5: 'int' is not one of"),
        (
            "port: {type: integer, coercion: {5.1.1: integer, 4.3.5: none}, meaning: x}",
            "4.3.5 comes after 5.1.1: write the releases in order",
        ),
        (
            "port: {type: integer, coercion: {env: {4.3.5: integer, 5.1.1: integer}}, meaning: x}",
            "some.yaml: port: 5.1.1 comes after 4.3.5: write the releases in order, and only where something changes",
        ),
        (
            "port: {type: integer, real_default: {main: 1, 4.3.5: 2}, meaning: x}",
            "port: 4.3.5 comes after main: write the releases in order",
        ),
        (
            "port: {type: integer, real_default: {4.3.55: 1}, meaning: x}",
            "4.3.55 is not a known release of the server; did you mean 4.3.15?",
        ),
        ("port: {type: integer, first: 4.3, meaning: x}", "some.yaml: port: first: 4.3 is not"),
        ("port: {type: integer, first: 4.1.13, meaning: x}", "4.1.13 is not a known release of the server; did you mean 4.1.12?"),
        ("port: {type: integer, last: 4.0.9, meaning: x}", "4.0.9 is not a known release of the server; did you mean 4.0.4?"),
        (
            "port: {type: integer, first: {by: 4.0.9, after: 4.0.4}, meaning: x}",
            "some.yaml: port: 4.0.9 is not a known release of the server",
        ),
        ("port: {type: integer, first: {after: 4.3.5}, meaning: x}", "some.yaml: port: first: "),
        ("port: {type: integer, first: {after: 4.3.5, by: 4.3.5}, meaning: x}", "some.yaml: port: after (4.3.5) is not before by (4.3.5)"),
        (
            "port: {type: integer, enum: [1], enum_first: {'1': {after: 5.1.1, by: 4.3.5}}, meaning: x}",
            "after (5.1.1) is not before by (4.3.5)",
        ),
        (
            "port: {status: obsolete, origin: older-version, type: integer, first: {after: 4.3.4, by: 4.3.7}, last: 4.3.9, meaning: x}",
            "port: first: {'after': '4.3.4', 'by': '4.3.7'} is not of type 'string'",
        ),
        ("port: {type: integer, coercion: int, meaning: x}", "some.yaml: port: coercion: 'int' is not"),
    ],
)
def test_mistakes_in_the_catalogue_are_found(folder: Path, text: str, mistake: str) -> None:
    (folder / "some.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        build.read_catalogue()
    assert mistake in str(error.value)


def test_of_a_first_release_only_a_span_may_be_known(folder: Path) -> None:
    span = "{after: 4.3.4, by: 5.0.0}"
    members = f"{{type: string, enum: [one, two], enum_first: {{two: {span}}}, meaning: x}}"
    text = f"a: {{type: object, first: {span}, meaning: x}}\na.b: {members}\n"
    (folder / "some.yaml").write_text(text, encoding="utf-8")
    rows = build.read_catalogue()["server"]
    assert [(row["first"], row["after"]) for row in rows.values()] == [("5.0.0", "4.3.4")] * 2
    made = _setting(("a", "b"), rows["a.b"])
    releases = [Release.of(text) for text in ("4.3.4", "4.3.5", "4.5.2", "5.0.0", "main")]
    assert [made.is_read_by(release) for release in releases] == [False, None, None, True, True]
    assert [made.enum_in(release) for release in releases] == [("one",), *[("one", "two")] * 4]
    assert made.read_from == "by 5.0.0 and later, but not yet by 4.3.4"


@pytest.mark.parametrize("file", [file.name for file in build.FILES])
def test_no_key_is_given_twice(file: str) -> None:
    """PyYAML takes the last one."""
    waiting = [yaml.compose((Path(settings.__file__).parent / file).read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if key.value != "<<"]
            assert len(keys) == len(set(keys)), f"{file}{node.start_mark}"
            waiting += [value for _, value in node.value]


def test_a_name_in_two_files_is_a_mistake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = build.CatalogueFile("other.yaml", "server", "undocumented", "")
    monkeypatch.setattr(build, "FILES", (*build.FILES, other))
    for file in ("some.yaml", "other.yaml"):
        (folder / file).write_text("port: {type: integer, meaning: x}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^other\.yaml: port: is already in another file$"):
        build.read_catalogue()


def test_nothing_heavy_is_imported() -> None:
    # An editable installation has imported modules of its own before.
    code = "import sys; before = set(sys.modules); import linter.settings; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"yaml", "json", "dataclasses", "pathlib", "linter.settings.build"}.isdisjoint(loaded)
    assert "linter.settings" in loaded
