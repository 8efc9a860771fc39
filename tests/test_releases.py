"""Releases and ranges of them; and what the catalogue and the loaders say of older ones.

The claims were chosen from what the loaders of 36 releases did when they were run.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from support.checkout import ROOT

from linter.model import dotted
from linter.release import MAIN, OLDEST, ByRelease, Release
from linter.server.defaults import with_defaults
from linter.server.loader import Stop, assemble, coercion_of, parse_float, ssm_value
from linter.server.shown import GENERATED
from linter.server.stops import why_it_stops
from linter.settings import Setting, catalogue
from linter.settings.env_names import landings, setting_of, variable_of
from linter.settings.releases import DATES, NEWEST, RELEASES, parse_range, parse_release


def setting(name: str, kind: str = "server") -> Setting:
    found = catalogue(kind).get(tuple(name.split(".")))
    assert found is not None
    return found


# --- releases ---------------------------------------------------------------------------------------------------------------------------


def test_the_known_releases() -> None:
    assert str(RELEASES[0]) == "3.0.0" and len(RELEASES) >= 151
    assert list(RELEASES) == sorted(set(RELEASES))
    assert RELEASES[0] == OLDEST and MAIN > NEWEST == RELEASES[-1]
    assert (DATES[OLDEST], DATES[Release.of("5.1.23")]) == ("2024-01-17", "2026-07-01")


def test_each_release_is_later_than_the_one_before_it_in_its_line() -> None:
    for one, following in pairwise(RELEASES):
        if one[:2] == following[:2]:
            assert DATES[one] <= DATES[following], following


def test_a_release_compares_by_its_numbers_and_cannot_be_changed() -> None:
    assert Release.of("4.3.5") < Release.of("4.3.14") < Release.of("5.0.0")
    assert {Release.of("4.3.5")} == {Release((4, 3, 5))}
    assert repr(Release.of("4.3.5")) == "Release('4.3.5')"
    with pytest.raises((AttributeError, TypeError)):
        Release.of("4.3.5").patch = 6  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["3.0.0", "4.3.5", "5.1.23", "main"])
def test_a_release_is_printed_as_it_is_written(text: str) -> None:
    assert str(parse_release(text)) == str(Release.of(text)) == text


@pytest.mark.parametrize("text", ["5.2.3", "5.2.5", "5.2.12", "5.1.45"])
def test_a_release_that_the_table_lacks_lies_between_its_neighbours(text: str) -> None:
    release = Release.of(text)
    assert release not in RELEASES and parse_release(text) == release
    assert parse_range(text) == (release,)
    assert parse_range(f">={text},<=5.2.13") == tuple(one for one in sorted((*RELEASES, release)) if release <= one <= Release.of("5.2.13"))


NEXT = ".".join(map(str, (*NEWEST[:2], NEWEST[2] + 1)))
"""A release that is not known yet."""
NO_RELEASES = {
    "4.3.55": "4.3.55 is not a known release of the server; did you mean 4.3.15?",
    "4.1.13": "4.1.13 is not a known release of the server; did you mean 4.1.12?",
    "4.6.0": "4.6.0 is not a known release of the server; did you mean 4.5.2?",
    NEXT: f"{NEXT} is not a known release of the server; did you mean {NEWEST}?",
    "2.9.9": "2.9.9 is not a known release of the server; did you mean 3.0.0?",
    "4.3": "4.3 is not one release of the server: give all three numbers, such as 4.3.15",
    "v4.3.5": f"'v4.3.5' is not a release of the server, such as {NEWEST}; did you mean 4.3.5?",
    "4.03.5": f"'4.03.5' is not a release of the server, such as {NEWEST}; did you mean 4.3.5?",
    "4.3.5\n": f"'4.3.5\\n' is not a release of the server, such as {NEWEST}; did you mean 4.3.5?",
    "latest": f"'latest' is not a release of the server, such as {NEWEST}",
    "": f"'' is not a release of the server, such as {NEWEST}",
}


def test_texts_that_are_not_releases() -> None:
    for text, message in NO_RELEASES.items():
        with pytest.raises(ValueError) as error:
            parse_release(text)
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("4.3.5", "4.3.5", "4.3.5", 1),
        ("=4.3.5", "4.3.5", "4.3.5", 1),
        ("4.3", "4.3.0", "4.3.15", 16),
        ("4", "4.0.0", "4.5.2", 50),
        ("latest", str(NEWEST), "main", 2),
        (" main ", "main", "main", 1),
        (">=4.3,<5", "4.3.0", "4.5.2", 23),
        ("> 4.2 , <= 4.3", "4.3.0", "4.3.15", 16),
        (f">={NEWEST}", str(NEWEST), "main", 2),
        (f">{NEWEST}", "main", "main", 1),
        (">=6", "main", "main", 1),
        ("<3.0.2", "3.0.0", "3.0.1", 2),
        ("<6", "3.0.0", str(NEWEST), len(RELEASES)),
    ],
)
def test_a_range(text: str, first: str, last: str, count: int) -> None:
    found = parse_range(text)
    assert (str(found[0]), str(found[-1]), len(found)) == (first, last, count)
    assert list(found) == sorted(found)


NEITHER = f"is neither a release of the server nor a range such as {NEWEST}, 4.3, latest or >=4.3,<5"
NO_RANGES = {
    "4.3.55": "4.3.55 is not a known release of the server; did you mean 4.3.15?",
    "4.6": "4.6 is not a known release of the server; did you mean 4.5.2?",
    ">=4.3.55": "4.3.55 is not a known release of the server; did you mean 4.3.15?",
    NEXT: f"{NEXT} is not a known release of the server; did you mean {NEWEST}?",
    "~4.3": f"'~4.3' {NEITHER}; did you mean 4.3.15?",
    ">=4.3 <5": f"'>=4.3 <5' {NEITHER}; did you mean 4.3.15?",
    ">=": f"'>=' {NEITHER}",
    "4.3.5,": f"'' {NEITHER}",
    "newest": f"'newest' {NEITHER}",
    ">=4.4,<4.3": "no known release of the server is in >=4.4,<4.3; did you mean 4.4.3?",
}


def test_texts_that_are_not_ranges() -> None:
    for text, message in NO_RANGES.items():
        with pytest.raises(ValueError) as error:
            parse_range(text)
        assert str(error.value) == message


# --- a fact by release ------------------------------------------------------------------------------------------------------------------


def test_a_fact_that_changed_twice() -> None:
    fact = ByRelease("none", {"5.1.14": "boolean", "main": "text"})
    found = {text: fact.at(Release.of(text)) for text in ("3.0.0", "5.1.13", "5.1.14", "5.1.23", "main")}
    assert found == {"3.0.0": "none", "5.1.13": "none", "5.1.14": "boolean", "5.1.23": "boolean", "main": "text"}
    assert (fact.newest, fact.began, fact.values) == ("text", MAIN, ["none", "boolean", "text"])


def test_a_fact_that_never_changed() -> None:
    fact = ByRelease("integer")
    assert (fact.at(OLDEST), fact.at(MAIN), fact.newest, fact.began) == ("integer", "integer", "integer", OLDEST)


# --- what the catalogue says of older releases --------------------------------------------------------------------------------------------

CLAIMS = """
ssm port 4.1.0 integer
env port 4.1.0 integer
ssm database.port 4.3.4 none
ssm database.port 4.3.5 integer
env database.port 4.1.0 integer
ssm database.queryTimeout 4.3.5 integer
env database.queryTimeout 5.0.15 none
env database.queryTimeout 5.1.1 integer
env database.ssl 4.1.0 object
ssm database.ssl main none
env database.ssl.require 5.1.13 > database.sslRequire
env database.ssl.require 5.1.14 boolean
ssm database.ssl.require 4.1.0 boolean
env database.ssl.ca 4.1.0 > database.sslCa
env database.ssl.ca 5.1.14 none
env database.runMigrations 5.1.0 none
env database.runMigrations 5.1.1 boolean
env database.maxConnections 5.1.1 integer
env databaseProxyEndpoint 4.1.0 > database.proxyEndpoint
env readonlyDatabase.host 5.1.13 > readonlyDatabaseHost
env readonlyDatabase.port 5.1.14 integer
env readonlyDatabase.ssl 5.1.13 > readonlyDatabaseSsl
env readonlyDatabaseProxyEndpoint 5.1.13 none
env readonlyDatabaseProxyEndpoint 5.1.14 > readonlyDatabase.proxyEndpoint
ssm redis.db 4.3.5 integer
env redis.db 5.1.0 none
env redis.tls 4.1.0 object
env cacheRedis.tls 5.1.0 > cacheRedisTls
env cacheRedis.tls 5.1.1 object
env pubSubRedis.port 5.1.0 > pubsubRedisPort
ssm smtp 4.1.12 none
ssm smtp 4.1.18 object
ssm smtp 4.3.13 none
ssm smtp 4.3.14 object
env smtp 4.3.14 object
env smtp.port 4.1.7 > smtpPort
env smtp.port 4.1.8 integer
env smtp.secure 4.1.8 none
env bullmq.concurrency 5.0.4 > bullmqConcurrency
env bullmq.concurrency 5.0.5 none
env bullmq.concurrency 5.1.1 integer
env bullmq.removeOnFail.age 5.0.5 > bullmq.removeOnFailAge
ssm bcryptHashSalt 4.3.4 none
ssm bcryptHashSalt 4.3.5 integer
env bcryptHashSalt 4.3.5 integer
ssm defaultRateLimit 4.1.4 none
ssm defaultRateLimit 4.1.5 integer
ssm externalAuthProviders 5.1.9 object
ssm defaultProjectFeatures 5.1.11 none
env defaultProjectFeatures 5.1.12 object
env workers.enabled 5.1.1 > workersEnabled
env workers.enabled 5.1.2 object
env fission.routerPort 4.3.3 > fissionRouterPort
env fission.routerPort 4.3.4 none
env fission.routerPort 5.1.1 integer
ssm allowInsecureRestHookUrl 5.1.23 boolean
ssm allowInsecureRestHookUrl main none
ssm dataWarehouse.resourceTypes 5.1.15 object
ssm dataWarehouse.resourceTypes 5.1.16 none
env dataWarehouse.includeResourceTypes 5.1.13 > dataWarehouseIncludeResourceTypes
env dataWarehouse.includeResourceTypes 5.1.16 csv
env fhirSearchMinLimit 4.1.16 integer
env fhirSearchMinLimit 4.4.2 none
env fhirSearchMinLimit 4.4.3 integer
ssm slowQueryThresholdMilliseconds 3.2.5 integer
env slowQueryThresholdMilliseconds 3.2.5 none
env slowQueryThresholdMilliseconds 3.2.9 integer
env slowQueryThresholdMilliseconds 3.2.10 none
ssm slowQuerySampleRate 3.2.9 none
env slowQuerySampleRate 3.2.6 number
env slowQuerySampleRate main none
ssm maxCompartments 3.2.8 none
env maxCompartments 3.2.8 integer
ssm defaultFhirInteractionLimit 4.1.4 none
env defaultFhirInteractionLimit 4.1.4 none
ssm registerEnabled 4.1.0 boolean
ssm heartbeatEnabled main none
"""
"""Source, setting, release, and how the release reads the text, or where it puts a variable instead."""


def test_how_releases_read_texts() -> None:
    claims = [line.split(maxsplit=3) for line in CLAIMS.split("\n") if line]
    assert len(claims) == 77
    wrong = []
    for source, name, text, claim in claims:
        release, path = parse_release(text), tuple(name.split("."))
        landed = setting_of(variable_of(path), release) if source == "env" else path
        read = coercion_of(path, "env_coercion" if source == "env" else "ssm_coercion", release)
        found = read if landed == path else f"> {dotted(landed)}"
        if found != claim:
            wrong.append(f"{source} {name} {text} {found}, not {claim}")
    assert wrong == []


@pytest.mark.parametrize(
    ("variable", "landed"),
    [
        ("MEDPLUM_PORT", {"3.0.0": "port"}),
        ("MEDPLUM_BASE_URL", {"3.0.0": "baseUrl"}),
        ("MEDPLUM_DATABASE_HOST", {"3.0.0": "database.host"}),
        ("MEDPLUM_DATABASE_SSL", {"3.0.0": "database.ssl"}),
        ("MEDPLUM_DATABASE_SSL_CA", {"3.0.0": "database.sslCa", "5.1.14": "database.ssl.ca"}),
        ("MEDPLUM_READONLY_DATABASE_SSL_CA", {"3.0.0": "readonlyDatabaseSslCa", "5.1.14": "readonlyDatabase.ssl.ca"}),
        ("MEDPLUM_PUBSUB_REDIS_HOST", {"3.0.0": "pubsubRedisHost", "5.1.1": "pubSubRedis.host"}),
        ("MEDPLUM_BULLMQ_CONCURRENCY", {"3.0.0": "bullmqConcurrency", "5.0.5": "bullmq.concurrency"}),
        ("MEDPLUM_WORKERS_ENABLED", {"3.0.0": "workersEnabled", "5.1.2": "workers.enabled"}),
        ("MEDPLUM_FISSION_NAMESPACE", {"3.0.0": "fissionNamespace", "4.3.4": "fission.namespace"}),
        ("MEDPLUM_DATABASE_SECRETS", {"3.0.0": "database.secrets"}),
        ("MEDPLUM_DEFAULT_OAUTH_CLIENTS", {"3.0.0": "defaultOauthClients"}),
        ("MEDPLUM_DEFAULT_O_AUTH_CLIENTS", {"3.0.0": "defaultOAuthClients"}),
        ("PORT", {"3.0.0": ""}),
    ],
)
def test_where_a_variable_has_landed(variable: str, landed: dict[str, str]) -> None:
    assert {str(release): dotted(path) for release, path in landings(variable).items()} == landed


def test_the_variable_that_people_would_try_in_an_older_release() -> None:
    path = ("pubSubRedis", "host")
    assert [variable_of(path, Release.of(text)) for text in ("5.1.0", "5.1.1")] == [
        "MEDPLUM_PUB_SUB_REDIS_HOST",
        "MEDPLUM_PUBSUB_REDIS_HOST",
    ]


@pytest.mark.parametrize(
    ("name", "known", "unknown"),
    [
        ("baseUrl", "3.0.0 main", ""),
        ("aiRealtimeTranscriptionUrl", "5.1.10 main", "3.0.0 5.1.9"),
        ("fission.routerPort", "4.3.4 main", "4.3.3"),
        ("cacheRedis.username", "5.1.1 main", "5.1.0"),
        ("auditEventLogGroup", "3.0.0 4.5.2", "5.0.0 main"),
        ("chainedSearchWithReferenceTables", "3.0.12 3.3.0", "3.0.11 4.0.0 main"),
        ("dataWarehouse.resourceTypes", "5.1.15", "5.1.14 5.1.16 main"),
        ("fhirSearchMinLimit", "4.1.16 4.1.18 4.4.3 main", "4.1.12 4.2.0 4.4.2"),
        ("maxCompartments", "3.2.8", "3.2.7 3.2.9 main"),
        ("slowQueryThresholdMilliseconds", "3.2.5 3.2.9", "3.2.4 3.2.10 main"),
        ("slowQuerySampleRate", "3.2.6 3.2.9", "3.2.5 3.2.10 main"),
        ("defaultFhirInteractionLimit", "4.1.2 4.1.4", "4.1.1 4.1.5 main"),
        ("systemRepositoryTokenReadStrategy", "4.1.3 4.1.12 4.1.18", "4.1.2 4.2.0 main"),
        ("defaultTokenReadStrategy", "4.1.11 4.1.18", "4.1.10 4.2.0 main"),
        ("disablePostDeployMigrations", "", "3.0.0 5.1.9 main"),
        ("allowUnsafeOutbound", "5.1.27 5.2.5 main", "5.1.23 5.1.26"),
        ("allowInsecureRestHookUrl", "5.1.14 5.1.26", "5.1.13 5.1.27 5.2.13 main"),
        ("blockedEmailDomains", "5.1.37 main", "5.1.36"),
        ("database.idleTimeoutMs", "5.1.28 5.2.13 main", "5.1.23 5.1.27"),
        ("storeBotInput", "5.2.13 main", "5.1.23 5.1.38"),
        ("shards", "5.2.13 main", "5.1.23 5.1.38"),
        ("audience", "", "3.0.0 4.3.5 main"),
        ("readonlyDatabase.runMigrations", "", "3.2.0 main"),
    ],
)
def test_which_releases_read_a_setting(name: str, known: str, unknown: str) -> None:
    for text in known.split():
        assert setting(name).is_read_by(Release.of(text)) is True, text
    for text in unknown.split():
        assert setting(name).is_read_by(Release.of(text)) is False, text


@pytest.mark.parametrize(
    ("name", "releases"),
    [
        ("storeBotInput", "5.1.39 5.1.44 5.2.0 5.2.5 5.2.12"),
        ("shards", "5.1.39 5.2.4"),
        ("disableChainedSearch", "5.1.44 5.2.4"),
        ("dispatchEnabled", "5.1.25 5.1.26"),
        ("expungeDeletesBinaryStorage", "5.1.24 5.2.13"),
    ],
)
def test_of_which_releases_it_is_not_known_whether_they_read_a_setting(name: str, releases: str) -> None:
    assert [text for text in releases.split() if setting(name).is_read_by(Release.of(text)) is not None] == []


@pytest.mark.parametrize(
    ("name", "known", "unknown"),
    [
        ("stackName", "3.0.0 main", ""),
        ("apiWafIpSetArn", "3.2.3", "3.2.2"),
        ("rdsClusterParameters", "3.2.9 main", "3.2.8"),
        ("rdsInstanceParameters", "3.2.7 3.2.8", "3.2.6 3.2.9 main"),
        ("containerInsights", "3.2.0 4.5.2", "3.1.11 5.0.0 main"),
        ("containerInsightsV2", "4.3.12 main", "4.3.11"),
        ("additionalContainers.*.name", "3.0.0 main", ""),
        ("additionalContainers.*.essential", "3.2.19 main", "3.2.18"),
        ("fireLens.logRouterConfig.options", "4.3.7", "4.3.6"),
        ("backgroundJobsRedis.engineVersion", "5.1.1", "5.1.0"),
        ("workerServices.*.additionalContainers.*.essential", "5.1.2", "5.1.1"),
        ("workerServices.*.fargateAutoScaling.minCapacity", "5.1.2", "3.0.10 5.1.1"),
        ("pinAdditionalContainerImages", "5.2.13 main", "5.1.23 5.1.39"),
        ("maxConnections", "", "3.0.0 3.2.9 main"),
    ],
)
def test_which_releases_of_the_cdk_read_a_setting(name: str, known: str, unknown: str) -> None:
    found = setting(name, "infra")
    assert [text for text in known.split() if found.is_read_by(Release.of(text)) is not True] == []
    assert [text for text in unknown.split() if found.is_read_by(Release.of(text)) is not False] == []


def test_what_a_maintenance_line_had_and_the_next_line_had_not() -> None:
    releases = ("4.1.12", "4.1.16", "4.1.18", "4.2.0", "4.3.13", "4.3.14")
    assert [setting("smtp").ssm_coercion.at(Release.of(text)) for text in releases] == [
        "none",
        "object",
        "object",
        "none",
        "none",
        "object",
    ]


def test_defaults_that_changed() -> None:
    connections = setting("database.maxConnections")
    found = {text: connections.default_in(Release.of(text)) for text in ("3.1.3", "3.1.4", "3.1.11", "5.1.21", "5.1.22", "main")}
    assert found == {"3.1.3": 10, "3.1.4": 50, "3.1.11": 100, "5.1.21": 100, "5.1.22": 50, "main": 50}
    assert [setting("maxSearchOffset").default_in(Release.of(text)) for text in ("4.3.14", "4.3.15")] == [None, 10_000]
    assert setting("port").default_in(OLDEST) == 8103


def test_defaults_of_the_cdk_that_changed() -> None:
    def defaults(name: str, *releases: str) -> list[Any]:
        return [setting(name, "infra").default_in(Release.of(text)) for text in releases]

    assert defaults("rdsInstanceVersion", "3.0.0", "4.3.13", "4.3.14", "main") == ["12.9", "12.9", "16.9", "16.9"]
    assert defaults("additionalContainers.*.essential", "3.2.18", "3.2.19", "main") == [True, False, False]
    parameters = {"statement_timeout": "60000", "default_transaction_isolation": "REPEATABLE READ"}
    assert defaults("rdsClusterParameters", "3.2.12", "3.2.13") == [None, parameters]
    assert defaults("cacheNodeType", "3.0.0", "main") == ["cache.t2.medium", "cache.t4g.medium"]
    assert defaults("cacheRedis.nodeType", "5.1.26", "5.1.27") == ["cache.t2.medium", "cache.t4g.medium"]


def test_the_newest_default_is_the_last_of_its_history() -> None:
    known = [setting(name) for name in catalogue().names()]
    changed = [one for one in known if one.default_history is not None]
    assert len(changed) == 11
    assert [one.name for one in changed if one.default_in(MAIN) != one.real_default] == []


def test_what_comes_of_a_value_by_release() -> None:
    limit = setting("defaultRateLimit")
    said = [limit.consequence_of("text", Release.of(text)) for text in ("4.1.1", "4.1.2", "5.1.3", "5.1.4", "5.1.8", "main")]
    assert [words.split()[-2:] for words in said] == [
        ["every", "request"],
        ["a", "minute"],
        ["a", "minute"],
        ["status", "500"],
        ["own", "limit"],
        ["own", "limit"],
    ]
    assert setting("port").consequence_of("above", OLDEST) == setting("port").consequence_of("above", MAIN) != ""
    assert setting("port").consequence_of("word", MAIN) == ""


def test_every_release_that_reads_the_setting_has_a_message() -> None:
    clauses = [
        (one, clause)
        for one in map(setting, catalogue().names())
        for clause in (*(by for mistake, by in one.consequence.items() if mistake != "nan"), one.if_true, one.if_false)
    ]  # no text is NaN to a server that keeps it
    changed = [(one, clause) for one, clause in clauses if clause.steps]
    assert len(changed) > 10
    assert [one.name for one, clause in changed if not clause.at(one.first)] == []


def test_the_words_that_a_release_knows() -> None:
    runtime = setting("defaultBotRuntimeVersion")
    found = {text: runtime.enum_in(Release.of(text)) for text in ("4.3.3", "4.3.4", "main")}
    assert found == {
        "4.3.3": ("awslambda", "vmcontext"),
        "4.3.4": ("awslambda", "vmcontext", "fission"),
        "main": ("awslambda", "vmcontext", "fission"),
    }


HISTORIES = {
    "port": [],
    "aiRealtimeTranscriptionUrl": ["since 5.1.10"],
    "auditEventLogGroup": ["up to 4.5.2"],
    "chainedSearchWithReferenceTables": ["from 3.0.12 to 3.3.0"],
    "dataWarehouse.resourceTypes": ["only in 5.1.15", "as JSON from Parameter Store and from a variable"],
    "allowUnsafeOutbound": ["since 5.1.27"],
    "allowInsecureExternalAuthUrl": ["from 5.1.23 to 5.1.26"],
    "storeBotInput": ["by 5.2.13, not yet in 5.1.38"],
    "expungeDeletesBinaryStorage": [f"after {NEWEST}, not yet in 5.1.23"],
    "slowQueryThresholdMilliseconds": ["from 3.2.5 to 3.2.9", "as an integer from Parameter Store, from a variable since 3.2.6"],
    "slowQuerySampleRate": ["from 3.2.6 to 3.2.9", "as a number from a variable"],
    "disablePostDeployMigrations": [],
    "rdsInstanceVersion": ["default `12.9`, `16.9` since 4.3.14"],
    "rdsInstanceParameters": ["from 3.2.7 to 3.2.8"],
    "containerInsights": ["from 3.2.0 to 4.5.2"],
    "additionalContainers.*.essential": ["since 3.2.19", "default `true`, `false` since 3.2.19"],
    "pinAdditionalContainerImages": ["by 5.2.13, not yet in 5.1.39"],
    "dataWarehouse.tableBucketName": [f"after {NEWEST}"],
    "fhirSearchMinLimit": ["since 4.4.3", "in 4.1 since 4.1.16"],
    "database.ssl.require": ["its variable sets it since 5.1.14"],
    "readonlyDatabaseProxyEndpoint": ["since 3.2.0", "its variable sets `readonlyDatabase.proxyEndpoint` instead since 5.1.14"],
    "maxSearchOffset": [
        "since 3.2.7",
        "as an integer from Parameter Store and from a variable since 4.3.5",
        "default `10000` since 4.3.15",
    ],
    "database.maxConnections": [
        "since 3.2.7",
        "as an integer from Parameter Store since 4.3.5, from a variable since 5.1.1",
        "default `10`, `50` since 3.1.4, `100` since 3.1.11, `50` since 5.1.22",
    ],
    "smtp": [
        "as JSON from Parameter Store and from a variable since 4.1.16",
        "as text from Parameter Store and from a variable since 4.2.0",
        "as JSON from Parameter Store and from a variable since 4.3.14",
    ],
}


def test_the_page_tells_the_history_of_a_setting() -> None:
    pages = [
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "settings").glob("*.md"), reverse=True)
    ]  # the CDK's first
    sections = {part.partition("`")[0]: part for page in pages for part in page.split("\n## `")}
    lines = {name: [line for line in sections[name].splitlines() if line.startswith("- History: ")] for name in HISTORIES}
    assert lines == {name: [f"- History: {'; '.join(steps)}"] if steps else [] for name, steps in HISTORIES.items()}


# --- what an older release holds --------------------------------------------------------------------------------------------------------


def test_what_a_parameter_becomes() -> None:
    salt = setting("bcryptHashSalt")
    assert [ssm_value("12", salt, Release.of(text)) for text in ("4.3.4", "4.3.5", "main")] == ["12", 12, 12]
    assert ssm_value("12", salt) == 12


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.25", 0.25), (" 1", 1.0), ("-.5x", -0.5), ("1.", 1.0), ("2e-1%", 0.2), ("2e", 2.0), ("Infinity", float("inf")), ("+3,5", 3.0)],
)
def test_a_number_as_parse_float_reads_it(text: str, number: float) -> None:
    assert ssm_value(text, None) == text
    assert assemble([(("slowQuerySampleRate",), text)], "env_coercion", Release.of("3.2.6"))[0] == {"slowQuerySampleRate": number}


def test_texts_that_are_not_numbers_to_parse_float() -> None:
    for text in ("", "x", ".", "e1", "infinity"):
        number = parse_float(text)
        assert number != number, text


def test_what_a_release_makes_of_entries() -> None:
    given = [(("smtp",), '{"host": "mail"}'), (("database", "queryTimeout"), "60s"), (("tls",), "{")]
    newest: dict[str, Any] = {"smtp": {"host": "mail"}, "database": {"queryTimeout": 60}}
    assert assemble(given, "ssm_coercion")[0] == assemble(given, "ssm_coercion", Release.of("4.3.14"))[0] == newest
    older, stops = assemble(given, "ssm_coercion", Release.of("4.3.4"))
    assert older == {"smtp": '{"host": "mail"}', "database": {"queryTimeout": "60s"}}
    assert [(type(stop), stop.path) for stop in stops] == [(Stop, ("tls",))]


def test_the_defaults_of_an_older_release() -> None:
    base = "https://api.clinic.test/"
    assert with_defaults({"baseUrl": base}, Release.of("3.0.0")) == {
        "baseUrl": base,
        "issuer": base,
        "port": 8103,
        "maxJsonSize": "1mb",
        "awsRegion": "us-east-1",
        "botLambdaLayerName": "medplum-bot-layer",
        "bcryptHashSalt": 10,
        "shutdownTimeoutMilliseconds": 30_000,
        "jwksUrl": f"{base}/.well-known/jwks.json",
        "authorizeUrl": f"{base}/authorize",
        "tokenUrl": f"{base}/token",
        "userInfoUrl": f"{base}/userinfo",
        "storageBaseUrl": f"{base}/storage",
        "bullmq": {"concurrency": 10, "removeOnComplete": {"count": 1}, "removeOnFail": {"count": 1}},
    }


def test_what_each_release_adds() -> None:
    base = {"baseUrl": "https://api.clinic.test/"}
    held = {
        text: with_defaults(base, Release.of(text)) for text in ("3.2.23", "3.2.24", "4.1.1", "4.1.2", "4.5.1", "4.5.2", "5.1.23", "main")
    }
    assert set(held["3.2.24"]) == set(held["3.2.23"])
    assert held["3.2.24"]["tokenUrl"] == "https://api.clinic.test/oauth2/token"
    assert "introspectUrl" not in held["3.2.24"] and "maxSearchOffset" not in held["3.2.24"]
    assert set(held["4.1.2"]) - set(held["4.1.1"]) == {"defaultRateLimit", "defaultAuthRateLimit", "defaultFhirInteractionLimit"}
    assert "signingKey" not in held["4.5.1"] and held["4.5.2"]["signingKey"] == GENERATED
    assert held["4.5.1"]["bullmq"]["concurrency"] == 20 and held["4.5.1"]["maxSearchOffset"] == 10_000
    assert set(held["main"]) - set(held["5.1.23"]) == {"serverScopedSubscriptionsEnabled"}
    assert held["main"] == with_defaults(base)


def test_the_defaults_of_old_names() -> None:
    base = {"baseUrl": "https://api.clinic.test/"}

    def held(name: str, *releases: str, **given: Any) -> list[Any]:
        return [with_defaults({**base, **given}, Release.of(text)).get(name) for text in releases]

    assert held("maxCompartments", "3.2.7", "3.2.8", "3.2.9", "main") == [None, 10, None, None]
    assert held("defaultFhirInteractionLimit", "4.1.1", "4.1.2", "4.1.4", "4.1.5", "main") == [None, 50_000, 50_000, None, None]
    assert held("defaultFhirQuota", "4.1.4", "4.1.5", "main") == [None, 50_000, 50_000]
    assert held("defaultFhirInteractionLimit", "4.1.2", "main", defaultFhirInteractionLimit=0) == [0, 0]
    assert held("slowQuerySampleRate", "3.2.6") == [None]  # the search that asks for it has the default, not the loader


def test_the_table_of_releases_is_not_read_for_the_newest() -> None:
    code = "import sys, linter.settings.env_names, linter.server.defaults; print('linter.settings.releases' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("release", "given", "path", "error"),
    [
        ("3.2.23", {"baseUrl": 1}, "baseUrl", ""),
        ("3.2.24", {"baseUrl": 1}, "baseUrl", "Invalid URL"),
        ("4.1.4", {"baseUrl": [True]}, "baseUrl", "Invalid URL"),
        ("4.1.4", {"baseUrl": " "}, "baseUrl", "Invalid URL"),
        ("4.1.4", {"baseUrl": ["https://api.clinic.test/"]}, "baseUrl", ""),
        ("4.1.5", {"baseUrl": 1}, "baseUrl", "Missing required config setting: baseUrl"),
        ("4.5.1", {"storageBaseUrl": 1}, "storageBaseUrl", ""),
        ("4.5.2", {"storageBaseUrl": 1}, "storageBaseUrl", "config.storageBaseUrl.startsWith is not a function"),
    ],
)
def test_where_each_release_stops(release: str, given: dict[str, Any], path: str, error: str) -> None:
    wanted = f'the server stops at start with "{error}"' if error else ""
    assert why_it_stops(given, (path,), Release.of(release)) == wanted
