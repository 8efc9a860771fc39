"""Paths of the rule language: which places each of them leads to, in which order, and at what cost."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare, deep_data

from linter import settings
from linter.model import ABSENT, PART, UNKNOWN, Document, SettingPath, dotted
from linter.policy.errors import RuleError
from linter.policy.node import FACTS_OF_A_DOCUMENT, Node
from linter.policy.paths import parse_path

DATA = {
    "baseUrl": "https://x/",
    "database": {"host": "db", "ssl": {"ca": "x", "password": "p"}},
    "redis": {"password": "q"},
    "list": [{"issuer": "a"}, {"issuer": "b", "issuers": []}, "c"],
    "a.b": {"": 1, "**": 2, "0": 3, "$": {"@x": 4}},
    "text": "db",
    "unknown": UNKNOWN,
    "null": None,
}


def paths(text: str, document: Document | None = None, at: SettingPath = ()) -> list[str]:
    """Where a path leads to, as people write it; from the node ``at``."""
    document = document or bare(DATA)
    return [dotted(node.path) for node in parse_path(text).nodes(Node.at(document, at))]


def values(text: str, document: Document | None = None, at: SettingPath = ()) -> list[Any]:
    """What a path asks of the places it leads to."""
    path = parse_path(text)
    return [path.value(node) for node in path.nodes(Node.at(document or bare(DATA), at))]


# --- Where they lead. ---------------------------------------------------------------------------------------------------------------

LEADS = {
    "baseUrl": ["baseUrl"],
    "database.ssl.ca": ["database.ssl.ca"],
    "database.port": ["database.port"],
    "nowhere.at.all": ["nowhere.at.all"],
    "list.0.issuer": ["list.0.issuer"],
    "list.9.issuer": ["list.9.issuer"],
    "list.issuer": ["list.issuer"],
    "list.*.issuer": ["list.0.issuer", "list.1.issuer", "list.2.issuer"],
    "list.*": ["list.0", "list.1", "list.2"],
    "database.*": ["database.host", "database.ssl"],
    "text.*": [],
    "nowhere.*": [],
    "unknown.*": [],
    "null.*": [],
    "*.password": [f"{name}.password" for name in ("baseUrl", "database", "redis", "list", '"a.b"', "text", "unknown", "null")],
    "*.*.ca": ["database.host.ca", "database.ssl.ca", "redis.password.ca", "list.0.ca", "list.1.ca", "list.2.ca"]
    + ['"a.b"."".ca', '"a.b".**.ca', '"a.b".0.ca', '"a.b".$.ca'],
    "**.password": ["database.ssl.password", "redis.password"],
    "database.**.password": ["database.ssl.password"],
    "database.ssl.**": ["database.ssl.ca", "database.ssl.password"],
    "database.ssl.**.ca": ["database.ssl.ca"],
    "**.issuer": ["list.0.issuer", "list.1.issuer"],
    "**.0": ["list.0", '"a.b".0'],
    "**.issuers.*": [],
    "**.ssl.*": ["database.ssl.ca", "database.ssl.password"],
    "list.**": ["list.0", "list.0.issuer", "list.1", "list.1.issuer", "list.1.issuers", "list.2"],
    "text.**": [],
    "nowhere.**": [],
    '"a.b"': ['"a.b"'],
    '"a.b".""': ['"a.b".""'],
    '"a.b"."**"': ['"a.b".**'],
    '"a.b"."0"': ['"a.b".0'],
    '"a.b"."$"."@x"': ['"a.b".$.@x'],
    "a.b": ["a.b"],
    "$": [""],
    ".": [""],
    "^": [""],
    "^.baseUrl": ["baseUrl"],
}


@pytest.mark.parametrize("text", LEADS)
def test_where_a_path_leads(text: str) -> None:
    assert paths(text) == LEADS[text]


def test_two_stars_lead_to_everything_once_in_the_order_of_the_document() -> None:
    assert paths("**", bare({"a": {"b": [1, {"c": 2}]}, "d": 3})) == ["a", "a.b", "a.b.0", "a.b.1", "a.b.1.c", "d"]


def test_values() -> None:
    assert values("list.*.issuer") == ["a", "b", UNKNOWN]
    assert values("database.port") == [ABSENT]
    assert values("nowhere.at.all") == [ABSENT]
    assert values("list.9") == [ABSENT]
    assert values("list.first") == [UNKNOWN]  # a list has no such members: it is of the wrong type
    assert values("text.length") == [UNKNOWN]
    assert values("null.x") == [UNKNOWN]
    assert values("unknown.x") == [UNKNOWN]
    assert values("list.1.issuers") == [[]]


def test_from_the_node_at_hand() -> None:
    at = ("list", 1, "issuer")
    assert paths(".", at=at) == ["list.1.issuer"]
    assert paths("^", at=at) == ["list.1"]
    assert paths("^.issuers", at=at) == ["list.1.issuers"]
    assert paths("^.**", at=at) == ["list.1.issuer", "list.1.issuers"]
    assert paths("$", at=at) == [""]
    assert paths("baseUrl", at=at) == ["baseUrl"]
    assert paths("^.host", at=("nowhere", "at", "all")) == ["nowhere.at.host"]


@pytest.mark.parametrize("kind", ["server/json", "server/ssm"])
def test_a_tag_stands_for_every_setting_that_has_it(kind: str) -> None:
    secrets = settings.catalogue().tagged("secret")
    plain = [dotted(path) for path in secrets if "*" not in path]
    assert paths("<secret>", bare({}, kind)) == plain
    data = {"defaultOAuthClients": [{"secret": "x"}, {}], "database": "text"}
    assert [path for path in paths("<secret>", bare(data, kind)) if path not in plain] == [
        "defaultOAuthClients.0.secret",
        "defaultOAuthClients.1.secret",
    ]
    assert sorted(paths("<ssm-only>")) == [
        "BackgroundJobsRedisSecrets",
        "CacheRedisSecrets",
        "DatabaseSecrets",
        "PubSubRedisSecrets",
        "RateLimitRedisSecrets",
        "ReaderDatabaseSecrets",
        "RedisSecrets",
    ]


def test_a_tag_that_the_kind_does_not_have_leads_nowhere() -> None:
    assert paths("<ssm-only>", bare({}, "infra/json")) == []


def test_facts() -> None:
    document = bare(DATA, facts={("baseUrl",): {"type": "String", "name": "/medplum/prod/baseUrl"}}, environment="prod", unread=PART)
    assert values("baseUrl@type", document) == ["String"]
    assert values("baseUrl@tier", document) == [ABSENT]
    assert values("baseUrl@path", document) == ["baseUrl"]
    assert values("list.*@key", document) == ["0", "1", "2"]
    assert values("@key", document, at=("database", "ssl")) == ["ssl"]
    assert values("^@key", document, at=("database", "ssl")) == ["database"]
    assert values("$@target", document) == ["production"]
    assert values("$@kind", document) == ["server/json"]
    assert values("$@environment", document) == ["prod"]
    assert values("$@environment") == [ABSENT]
    assert [values(path, document) for path in ("baseUrl@state", "smtp@state")] == [["given"], ["not read"]]
    assert values('"a.b"."$"."@x"') == [4]
    assert {values(f"$@{fact}", document)[0] is ABSENT for fact in ("target", "kind", "environment")} == {False}
    assert {"target", "kind", "environment"} <= set(FACTS_OF_A_DOCUMENT)


# --- Against a plain reading of the definition. -------------------------------------------------------------------------------------

TREES = st.recursive(
    st.none() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0", "1"]), inner, max_size=3),
    max_leaves=15,
)
STEPS = st.lists(st.sampled_from(["a", "b", "0", "1", "*", "**"]), min_size=1, max_size=4).filter(lambda steps: steps.count("**") < 2)


def members(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []


def every_path(value: Any) -> list[SettingPath]:
    return [()] + [(key, *below) for key, member in members(value) for below in every_path(member)]


def fits(path: SettingPath, steps: list[str]) -> bool:
    if not steps:
        return path == ()
    if steps[0] == "**":
        return any(fits(path[cut:], steps[1:]) for cut in range(1 if steps[1:] == [] else 0, len(path) + 1))
    return bool(path) and steps[0] in ("*", str(path[0])) and fits(path[1:], steps[1:])


@given(st.dictionaries(st.sampled_from("ab"), TREES), STEPS)
def test_places_that_exist_are_found_once(data: dict[str, Any], steps: list[str]) -> None:
    document = bare(data)
    found = [node.path for node in parse_path(".".join(steps)).nodes(Node.at(document, ()))]
    existing = every_path(data)
    expected = [path for path in existing if fits(path, steps)]
    in_order = "**" not in steps[:-1]  # else in the order of the places beneath which they stand
    assert [path for path in found if path in existing] == expected if in_order else set(expected) == set(found) & set(existing)
    assert len(set(found)) == len(found)
    if "**" in steps:
        assert set(found) <= set(existing)
    assert all(document.get(path) in (ABSENT, UNKNOWN) for path in found if path not in existing)


@given(st.lists(st.text(min_size=0, max_size=5).filter(lambda name: '"' not in name), min_size=1, max_size=3))
def test_any_key_can_be_quoted(names: list[str]) -> None:
    (node,) = parse_path(".".join(f'"{name}"' for name in names)).nodes(Node.at(bare({}), ()))
    assert node.path == tuple(names)


# --- Invalid paths. ---------------------------------------------------------------------------------------------------------------

NO_PATHS = {
    "a..b": '"a..b" is not a path: it cannot be read from ".b" on (quote a key with dots or signs: "\\"a.b\\"")',
    "a.": '"a." is not a path: steps are separated by one dot each',
    ".a": '".a" is not a path: write "^.name" for a sibling, "$" for the root, "." for the setting, or quote the key',
    "$.a": '"$.a" is not a path: write "^.name" for a sibling, "$" for the root, "." for the setting, or quote the key',
    "^^.a": '"^^.a" is not a path: write "^.name" for a sibling, "$" for the root, "." for the setting, or quote the key',
    "**.a.**": '"**.a.**": a path can hold "**" once',
    "a*": '"a*" is not a path: steps are separated by one dot each',
    "***": '"***" is not a path: steps are separated by one dot each',
    '"a': '"\\"a" is not a path: it cannot be read from "\\"a" on (quote a key with dots or signs: "\\"a.b\\"")',
    "<secrets>": 'no setting is tagged "secrets"; did you mean "secret"?',
    "<>": 'no setting is tagged ""',
    "a@typ": '"a@typ": there is no fact "typ" of a setting; did you mean "type"?',
    "$@type": '"$@type": there is no fact "type" of a document',
    "$@targt": '"$@targt": there is no fact "targt" of a document; did you mean "target"?',
    "a@": '"a@" is not a path: steps are separated by one dot each',
    "a b": '"a b" is not a path: steps are separated by one dot each',
}


@pytest.mark.parametrize("text", NO_PATHS)
def test_texts_that_are_not_paths(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_path(text)
    assert caught.value.message.replace('"' + text + '"', json.dumps(text)) == NO_PATHS[text]


def test_a_path_is_text() -> None:
    with pytest.raises(RuleError, match="a path must be text, not 5"):
        parse_path(5)  # type: ignore[arg-type]


def test_an_empty_text_is_not_a_path() -> None:
    with pytest.raises(RuleError):
        parse_path("")


@pytest.mark.parametrize("step", ["\u00b2", "\u0663", "01", "1_0", "-1", "+1"])
def test_only_plain_digits_number_the_members_of_a_list(step: str) -> None:
    assert values(f"list.{step}") == [UNKNOWN]


@given(st.text('ab.*^$@"<>0 ', max_size=10))
def test_any_text_is_a_path_or_a_mistake(text: str) -> None:
    try:
        path = parse_path(text)
    except RuleError:
        return
    for node in path.nodes(Node.at(bare(DATA), ("list", 1))):
        path.value(node)


# --- Size. --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("text", "number"), [("**", 100_000), ("**.b", 1), ("**.a.a", 99_998)])
def test_100_000_levels_take_linear_time_and_memory(text: str, number: int) -> None:
    document = bare(deep_data())
    path = parse_path(text)
    tracemalloc.start()
    started = time.process_time()
    found = sum(1 for _ in path.nodes(Node.at(document, ())))
    taken, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == number
    assert taken < 5  # about a second under tracemalloc; a quadratic walk takes hours
    assert peak < 100_000 * 1_000  # bytes; paths as tuples would take 40 GB


@pytest.mark.slow
def test_a_place_100_000_levels_deep_is_named_in_linear_time() -> None:
    *_, last = parse_path("**").nodes(Node.at(bare(deep_data()), ()))
    assert last.path == (*["a"] * 99_999, "b")
    assert len(str(last.fact("path"))) == 199_999
