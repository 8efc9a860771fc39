"""Releases and ranges of them; and what the catalogue says of older ones."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from linter.model import dotted
from linter.settings import Setting, catalogue
from linter.settings.env_names import landings, variable_of
from linter.settings.history import MAIN, OLDEST, ByRelease, Release
from linter.settings.releases import DATES, NEWEST, RELEASES, parse_range, parse_release


def setting(name: str) -> Setting:
    found = catalogue().get(tuple(name.split(".")))
    assert found is not None
    return found


# --- releases ---------------------------------------------------------------------------------------------------------------------------


def test_the_known_releases() -> None:
    assert (str(RELEASES[0]), str(NEWEST), len(RELEASES)) == ("3.0.0", "5.1.23", 151)
    assert list(RELEASES) == sorted(set(RELEASES))
    assert RELEASES[0] == OLDEST and MAIN > NEWEST == RELEASES[-1]
    assert (DATES[OLDEST], DATES[NEWEST]) == ("2024-01-17", "2026-07-01")


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


NO_RELEASES = {
    "4.3.55": "4.3.55 is not a known release of the server; did you mean 4.3.15?",
    "4.1.13": "4.1.13 is not a known release of the server; did you mean 4.1.12?",
    "4.6.0": "4.6.0 is not a known release of the server; did you mean 4.5.2?",
    "5.1.24": "5.1.24 is not a known release of the server; did you mean 5.1.23?",
    "2.9.9": "2.9.9 is not a known release of the server; did you mean 3.0.0?",
    "4.3": "4.3 is not one release of the server: give all three numbers, such as 4.3.15",
    "v4.3.5": "'v4.3.5' is not a release of the server, such as 5.1.23; did you mean 4.3.5?",
    "4.03.5": "'4.03.5' is not a release of the server, such as 5.1.23; did you mean 4.3.5?",
    "4.3.5\n": "'4.3.5\\n' is not a release of the server, such as 5.1.23; did you mean 4.3.5?",
    "latest": "'latest' is not a release of the server, such as 5.1.23",
    "": "'' is not a release of the server, such as 5.1.23",
}


def test_what_is_no_release() -> None:
    for text, message in NO_RELEASES.items():
        with pytest.raises(ValueError) as error:
            parse_release(text)
        assert str(error.value) == message


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("4.3.5", "4.3.5", "4.3.5", 1),
        ("=4.3.5", "4.3.5", "4.3.5", 1),
        ("4.3", "4.3.0", "4.3.15", 16),
        ("4", "4.0.0", "4.5.2", 50),
        ("latest", "5.1.23", "main", 2),
        (" main ", "main", "main", 1),
        (">=4.3,<5", "4.3.0", "4.5.2", 23),
        ("> 4.2 , <= 4.3", "4.3.0", "4.3.15", 16),
        (">=5.1.22", "5.1.22", "main", 3),
        (">5.1.23", "main", "main", 1),
        (">=6", "main", "main", 1),
        ("<3.0.2", "3.0.0", "3.0.1", 2),
        ("<6", "3.0.0", "5.1.23", 151),
    ],
)
def test_a_range(text: str, first: str, last: str, count: int) -> None:
    found = parse_range(text)
    assert (str(found[0]), str(found[-1]), len(found)) == (first, last, count)
    assert list(found) == sorted(found)


NEITHER = "is neither a release of the server nor a range such as 5.1.23, 4.3, latest or >=4.3,<5"
NO_RANGES = {
    "4.3.55": "4.3.55 is not a known release of the server; did you mean 4.3.15?",
    "4.6": "4.6 is not a known release of the server; did you mean 4.5.2?",
    ">=4.3.55": "4.3.55 is not a known release of the server; did you mean 4.3.15?",
    "5.1.24": "5.1.24 is not a known release of the server; did you mean 5.1.23?",
    "~4.3": f"'~4.3' {NEITHER}; did you mean 4.3.15?",
    ">=4.3 <5": f"'>=4.3 <5' {NEITHER}; did you mean 4.3.15?",
    ">=": f"'>=' {NEITHER}",
    "4.3.5,": f"'' {NEITHER}",
    "newest": f"'newest' {NEITHER}",
    ">=4.4,<4.3": "no known release of the server is in >=4.4,<4.3",
}


def test_what_is_no_range() -> None:
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


@pytest.mark.quick_cases(20)
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


@pytest.mark.quick_cases(20)
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
        ("allowUnsafeOutbound", "main", "5.1.23"),
        ("audience", "", "3.0.0 4.3.5 main"),
        ("readonlyDatabase.runMigrations", "", "3.2.0 main"),
    ],
)
def test_which_releases_read_a_setting(name: str, known: str, unknown: str) -> None:
    for text in known.split():
        assert setting(name).is_read_by(Release.of(text)), text
    for text in unknown.split():
        assert not setting(name).is_read_by(Release.of(text)), text


def test_defaults_that_changed() -> None:
    connections = setting("database.maxConnections")
    found = {text: connections.default_in(Release.of(text)) for text in ("3.1.3", "3.1.4", "3.1.11", "5.1.21", "5.1.22", "main")}
    assert found == {"3.1.3": 10, "3.1.4": 50, "3.1.11": 100, "5.1.21": 100, "5.1.22": 50, "main": 50}
    assert [setting("maxSearchOffset").default_in(Release.of(text)) for text in ("4.3.14", "4.3.15")] == [None, 10_000]
    assert setting("port").default_in(OLDEST) == 8103


def test_the_newest_default_is_the_last_of_its_history() -> None:
    known = [setting(name) for name in catalogue().names()]
    changed = [one for one in known if one.default_history is not None]
    assert len(changed) == 11
    assert [one.name for one in changed if one.default_in(MAIN) != one.real_default] == []


def test_the_table_of_releases_is_not_read_for_the_newest() -> None:
    code = "import sys, linter.settings.env_names, linter.server.defaults; print('linter.settings.releases' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
