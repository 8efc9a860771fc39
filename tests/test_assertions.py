"""The operators of the rule language: true, false for a reason, or unknown; and how they are combined, in Kleene's logic."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare, compiled, deep, rule, verdict, written
from support.language import uses

from linter.conformance.mismatch import ASPECTS, OF_NAMES
from linter.formats import FORMATS
from linter.model import ABSENT, UNKNOWN, as_message
from linter.policy.errors import RuleError
from linter.policy.node import Node
from linter.policy.operators import OPERATORS
from linter.policy.tree import DEEPEST, WORDS

OTHERS = {
    "text": "abc",
    "slash": "/",
    "number": 5,
    "float": 1.0,
    "true": True,
    "none": None,
    "list": ["a"],
    "object": {"a": 1},
    "unread": UNKNOWN,
    "placeholder": "${HOST}",
    "database": {"password": "hunter2"},
    "size": "50mb",
}
"""The settings beside ``it``."""


def answer(assertion: Any, value: Any) -> bool | None | list[str]:
    return verdict(assertion, value, **OTHERS)


# --- Each operator. -----------------------------------------------------------------------------------------------------------------

ACCESS_KEY, RECAPTCHA_SECRET = "AKIAQYLPMN5HFZB3KR7W", "6LeQx3ZnAAAAAHk2Tq8Wv5Rb1Yc9Jd7Pf4Ls6Gm0"

HOLDS: list[tuple[Any, list[Any]]] = [
    ({"same_origin": "https://a.example/"}, ["https://A.example:443/x", "HTTPS://user@a.example", "https://a.example?q"]),
    ("present", [0, "", False, {}, UNKNOWN, "${X}"]),
    ("absent", [None]),
    ("absent", [ABSENT]),
    ({"present": True}, [""]),
    ({"present": False}, [ABSENT]),
    ({"type": "string"}, ["", "a"]),
    ({"type": "number"}, [0, 1.5, -1]),
    ({"type": "integer"}, [0, 2.0, 10**400]),
    ({"type": "boolean"}, [True, False]),
    ({"type": "object"}, [{}]),
    ({"type": "array"}, [[]]),
    ({"type": "null"}, [None]),
    ({"type": ["string", "null"]}, ["", None]),
    ({"equals": 1}, [1, 1.0]),
    ({"equals": "a"}, ["a"]),
    ({"equals": None}, [None]),
    ({"equals": True}, [True]),
    ({"equals": ["a", {"b": 1}]}, [["a", {"b": 1.0}]]),
    ({"equals": "${text}"}, ["abc"]),
    ({"equals": "${number}"}, [5, 5.0]),
    ({"equals": "${true}"}, [True]),
    ({"equals": "${none}"}, [None]),
    ({"equals": "${list}"}, [["a"]]),
    ({"equals": "${object}"}, [{"a": 1}]),
    ({"equals": "${text}${slash}${number}"}, ["abc/5"]),
    ({"equals": "$$5"}, ["$5"]),
    ({"equals": "${@key}"}, ["it"]),
    ({"one_of": [1, "a", None]}, [1, "a", None]),
    ({"one_of": ["${text}", "${unread}"]}, ["abc"]),
    ({"starts_with": "a"}, ["a", "abc"]),
    ({"starts_with": ["x", "a"]}, ["abc"]),
    ({"starts_with": "${text}"}, ["abcd"]),
    ({"starts_with": ["${unread}", "a"]}, ["abc"]),
    ({"ends_with": "/"}, ["/", "a/"]),
    ({"ends_with": ["${slash}", "\\"]}, ["a/", "a\\"]),
    ({"contains": "b"}, ["abc", ["a", "b"]]),
    ({"contains": 1}, [[0, 1.0], "a1"]),
    ({"contains": None}, [[None]]),
    ({"contains": ["x", "y"]}, ["xyz", ["y"]]),
    ({"matches": "a.c"}, ["abc"]),
    ({"matches": "a|b.*"}, ["a", "bcd"]),
    ({"matches": "(?s).*"}, ["", "a\nb", "\ud800", "\U0001f600"]),
    ({"format": "aws-account"}, ["000000000000", "123456789012"]),
    ({"format": "resolved"}, ["a", 5, True, [], {}]),
    ({"min": 1}, [1, 1.5, 10**400, float("inf")]),
    ({"min": "${number}", "max": "${number}"}, [5, 5.0]),
    ({"min": "1mb", "max": "1.5MB"}, ["1mb", "1024 kb", 1048576, "1048577", "1500000 of what?"]),
    ({"min": 1024, "max": 2048}, ["1kb", "1.5KB", "2048b"]),
    ({"max": "${size}"}, ["50mb", "51200kb", "7", 52428800]),
    ({"max": 1.5}, [1, 1.5, -(10**400)]),
    ({"min_length": 2}, ["ab", [1, 2]]),
    ({"max_length": 2}, ["", "ab", [], "\U0001f600\U0001f600"]),
    ({"keys": {"a": {"type": "string"}, "b": "absent"}}, [{"a": "x"}]),
    ({"only_keys": ["a", "b"]}, [{}, {"a": 1}, {"b": 1, "a": 2}]),
    ({"each": {"min_length": 2}}, ["ab, cd", "", "ab,,cd ", ["ab"], [], [["ab", 1]]]),
    ({"each": "present"}, ["a,b", ["a"]]),
    ({"min": "db.t3.large"}, ["t4g.large", "r6g.xlarge", "db.r5.24xlarge", "large"]),
    ({"max": "t4g.medium"}, ["db.t3.nano", "t4g.medium"]),
    ({"by_environment": {"prod": 5}}, []),
    ({"not": {"equals": 1}}, [2, "1", True]),
    ({"not": "absent"}, [1]),
    ({"if": {"type": "string"}, "then": {"min_length": 1}}, ["a", 5]),
    ({"type": "string", "min_length": 1}, ["a"]),
    (["absent", {"type": "null"}, {"min": 5}], [ABSENT, None, 5]),
    ({"fits": "range"}, [5]),
    ({"host": "local"}, ["http://localhost:8103/", "redis://user:p@ss@redis", "postgres", "http://[::1]/", "https://127.0.0.1", "0.0.0.0"]),
    (
        {"host": "private"},
        ["/cloudsql/a.b:c", "http://[fd00::1]:80", "10.1.2.3", "https://api.internal", "localhost", "a.svc.cluster.local"],
    ),
    ({"host": "reserved"}, ["https://api.EXAMPLE.com./", "example.org", '"Hospital, Inc" <a@b.example>, x@example.net']),
    ({"host": "medplum"}, ["https://Medplum.com", "api.medplum.com", '"Medplum" <support@medplum.com>', "a@b.example,c@medplum.com"]),
    (
        {"provider": {"kind": "database", "name": "Amazon RDS Proxy"}},
        ["p.proxy-a1.us-east-1.rds.amazonaws.com", "postgres://p.endpoint.proxy-a1.cn-north-1.rds.amazonaws.com.cn:5432/a"],
    ),
    (
        {"provider": {"kind": "database", "tls": "required"}},
        ["A.Postgres.Database.Azure.com.", "postgres://u:p@ep-x.us-east-2.aws.neon.tech/a"],
    ),
    ({"not": {"provider": {"kind": "database", "tls": "required"}}}, ["db.rds.amazonaws.com", "localhost", "/cloudsql/a:b:c", "", 5]),
    ({"not": {"provider": {"kind": "mail"}}}, ["mail.clinic.example", "smtp.sendgrid.net.clinic.example"]),
    ({"provider_takes": {"kind": "mail", "host": "smtp.sendgrid.net", "column": "username"}}, ["apikey"]),
    ({"provider_takes": {"kind": "mail", "host": "mail.clinic.example", "column": "username"}}, ["root", 5]),
    ({"provider_takes": {"kind": "mail", "host": "smtp.sendgrid.net", "column": "port"}}, ["root"]),
    ({"provider_takes": {"kind": "redis", "host": "a.b.redis.azure.net", "column": "port"}}, [10000, "10000"]),
    ({"not": {"host": "local"}}, ["https://api.clinic.example/", "https://10.0.0.1/", "http://[2001:db8::1]/", 5]),
    ({"not": {"host": "private"}}, ["172.32.0.1", "https://localhost.example/", "http://localhost@clinic.example"]),
    ({"not": {"host": "medplum"}}, ["https://notmedplum.com", "medplum.com@clinic.example", "https://clinic.example/medplum.com"]),
    ({"secret": "held"}, ["x", UNKNOWN]),
    ({"secret": "published"}, ["medplum", "medplum_admin"]),
    ({"secret": "issued"}, [f"id {ACCESS_KEY}"]),
    ({"secret": "real"}, [RECAPTCHA_SECRET]),
    ({"secret": "generated"}, ["Vq7Lk2mZr9TtWb4XcN8sEj6P"]),
    ({"not": {"secret": "issued"}}, ["AKIAIOSFODNN7EXAMPLE", 5, ["a"], {}]),
]

FAILS: list[tuple[Any, Any, list[str]]] = [
    ("present", ABSENT, ["is missing"]),
    ("absent", "", ["must not be set"]),
    ("absent", UNKNOWN, ["must not be set"]),
    ({"present": False}, "${X}", ["must not be set"]),
    ({"type": "string"}, 1, ["must be a string"]),
    ({"type": "number"}, True, ["must be a number"]),
    ({"type": "number"}, "1", ["must be a number"]),
    ({"type": "integer"}, 1.5, ["must be a whole number"]),
    ({"type": "integer"}, float("nan"), ["must be a whole number"]),
    ({"type": "integer"}, float("inf"), ["must be a whole number"]),
    ({"type": "boolean"}, 0, ["must be a boolean"]),
    ({"type": "object"}, [], ["must be an object"]),
    ({"type": "array"}, {}, ["must be an array"]),
    ({"type": "null"}, False, ["must be null"]),
    ({"type": ["array", "null"]}, "", ["must be an array or null"]),
    ({"equals": 1}, True, ["must be 1"]),
    ({"equals": 0}, False, ["must be 0"]),
    ({"equals": True}, 1, ["must be true"]),
    ({"equals": "a"}, ["a"], ['must be "a"']),
    ({"equals": None}, 0, ["must be null"]),
    ({"equals": {"a": ["é"]}}, {}, ['must be {"a": ["é"]}']),
    ({"equals": "${number}"}, "5", ['must be "••••••"']),
    ({"equals": "${database.password}"}, "x", ['must be "••••••"']),
    ({"equals": "${database.password}/${slash}"}, "x", ['must be "••••••/••••••"']),
    ({"one_of": ["a"]}, "b", ['must be "a"']),
    ({"each": {"min_length": 2}}, "ab, c, d", ["entry 2 must have at least 2 characters"]),
    ({"each": {"min_length": 2}}, 5, ["must be an array, or a string of items separated by commas"]),
    ({"min": "t3.large"}, "r6g.medium", ["must be at least t3.large"]),
    ({"one_of": [1, "a", None, True]}, "b", ['must be one of 1 or "a" or null or true']),
    ({"starts_with": "b"}, "abc", ['must start with "b"']),
    ({"same_origin": "https://a.example/"}, "http://a.example/", ['must begin with "https://a.example/"']),
    ({"same_origin": "https://a.example/"}, "https://a.example:8443", ['must begin with "https://a.example/"']),
    ({"same_origin": "https://a.example/"}, "https://a.example.org/", ['must begin with "https://a.example/"']),
    ({"same_origin": "https://a.example/"}, "a.example", ['must begin with "https://a.example/"']),
    ({"starts_with": ["b", "c"]}, "abc", ['must start with "b" or "c"']),
    ({"starts_with": "a"}, ["a"], ["must be a string"]),
    ({"ends_with": "/"}, "a/ ", ['must end with "/"']),
    ({"ends_with": "/"}, 5, ["must be a string"]),
    ({"contains": "d"}, "abc", ['must contain "d"']),
    ({"contains": "a"}, {"a": 1}, ['must contain "a"']),
    ({"contains": 1}, [True, "1"], ["must contain 1"]),
    ({"contains": "a"}, 5, ['must contain "a"']),
    ({"matches": "b"}, "abc", ["must match b"]),
    ({"matches": "abc"}, "abc\n", ["must match abc"]),
    ({"matches": "."}, "\n", ["must match ."]),
    ({"matches": ".*"}, 5, ["must be a string"]),
    ({"format": "aws-account"}, "0", ["must be the twelve digits of an AWS account"]),
    ({"format": "aws-account"}, 123456789012, ["must be a string"]),
    ({"format": "resolved"}, "${X}", ["is a reference that still has to be replaced by its value"]),
    ({"min": 1}, 0.5, ["must be at least 1"]),
    ({"min": 1}, "2", ["must be a number"]),
    ({"min": 1}, True, ["must be a number"]),
    ({"min": 1}, float("nan"), ["must be at least 1"]),
    ({"max": 1.5}, 2, ["must be at most 1.5"]),
    ({"max": "${number}"}, "6", ["must be a number"]),
    ({"max": "${number}"}, "6kb", ["must be at most ••••••"]),
    ({"max": "512mb"}, "513mb", ["must be at most 512mb"]),
    ({"max": "512mb"}, 536870913, ["must be at most 512mb"]),
    ({"min": "1kb"}, "1", ["must be at least 1kb"]),
    ({"min": "1kb"}, "large", ["must be a number"]),
    ({"min": "${size}"}, "49mb", ["must be at least ••••••"]),
    ({"max": 10**21}, 10**22, [f"must be at most 1{'0' * 21}"]),
    ({"min_length": 1000}, "a", ["must have at least 1,000 characters"]),
    ({"min_length": 1}, [], ["must have at least 1 members (it has 0)"]),
    ({"max_length": 2}, "abc", ["must have at most 2 characters"]),
    ({"max_length": 2}, {"a": 1}, ["must be a string or an array"]),
    ({"max_length": 2}, 1, ["must be a string or an array"]),
    ({"keys": {"a": {"type": "string"}, "b": "present"}}, {"a": 1}, ["a must be a string", "b is missing"]),
    ({"keys": {"a": {"keys": {"b": "absent"}}}}, {"a": {"b": 1}}, ["a.b must not be set"]),
    ({"keys": {"a": "present"}}, [], ["must be an object"]),
    ({"keys": {"a.b": "present"}}, {"a": {"b": 1}}, ['"a.b" is missing']),
    ({"keys": {"a": {"min": 1}, "b": "present"}}, {}, ["b is missing"]),
    ({"only_keys": ["a", "b"]}, {"c": 1, "a": 2, "d.e": 3}, ["c is not one of a, b", '"d.e" is not one of a, b']),
    ({"only_keys": ["a"]}, "a", ["must be an object"]),
    ({"not": "present"}, 1, ["must not be set"]),
    ({"not": "absent"}, ABSENT, ["must not be missing"]),
    ({"not": {"equals": "a"}}, "a", ['must not be "a"']),
    ({"not": {"one_of": ["a", 1]}}, 1, ['must not be one of "a" or 1']),
    ({"not": {"starts_with": ["a", "b"]}}, "abc", ['must not start with "a" or "b"']),
    ({"not": {"ends_with": "c"}}, "abc", ['must not end with "c"']),
    ({"not": {"contains": "b"}}, "abc", ['must not contain "b"']),
    ({"not": {"matches": "a.*"}}, "abc", ['must not match "a.*"']),
    ({"not": {"format": "aws-account"}}, "123456789012", ["must not be of the format aws-account"]),
    ({"not": {"type": ["null", "object"]}}, None, ["must not be null or an object"]),
    ({"not": {"min": 1}}, 1, ["must not be as it is"]),
    ({"host": "private"}, "8.8.8.8", ["must name a host of a private network"]),
    ({"host": "local"}, 5, ["must name a host of a single machine or Docker network"]),
    ({"provider": {"kind": "redis"}}, "db.rds.amazonaws.com", ["must be a host of such a provider"]),
    ({"not": {"provider": {"kind": "redis"}}}, "a.upstash.io", ["must not be a host of such a provider"]),
    (
        {"provider_takes": {"kind": "mail", "host": "smtp.sendgrid.net", "column": "username"}},
        "root",
        ['must be the word "apikey" for SendGrid'],
    ),
    ({"not": {"host": "reserved"}}, "https://example.com", ["must not have a host that is reserved for examples"]),
    ({"not": {"host": "medplum"}}, "a@medplum.com", ["must not have a host of Medplum"]),
    ({"secret": "published"}, "hunter2", ["must be a published secret"]),
    ({"secret": "issued"}, "hunter2", ["must contain a credential that a service issued"]),
    ({"secret": "real"}, 5, ["must be a private key or a secret of reCAPTCHA"]),
    ({"secret": "generated"}, RECAPTCHA_SECRET, ["must be a generated secret"]),
    ({"not": {"secret": "held"}}, "hunter2", ["must not be a secret"]),
    ({"not": {"secret": "published"}}, "top_secret", ["is the passphrase of Medplum's sample configuration"]),
    ({"not": {"secret": "issued"}}, f"{ACCESS_KEY}:x", ["contains an access key of an AWS account"]),
    ({"not": {"secret": "real"}}, RECAPTCHA_SECRET, ["is a secret of reCAPTCHA"]),
    ({"not": {"secret": "generated"}}, "Vq7Lk2mZr9TtWb4XcN8sEj6P", ["looks like a secret of a service"]),
    ({"not": [{"secret": "published"}, "absent"]}, "medplum", ["must not be as it is"]),
    ({"not": [{"equals": 1}, {"equals": 2}]}, 1, ["must not be as it is"]),
    ({"if": {"type": "string"}, "then": {"min_length": 1}}, "", ["must have at least 1 characters"]),
    ({"type": "string", "min_length": 1}, "", ["must have at least 1 characters"]),
    ({"min_length": 3, "max_length": 0, "type": "number"}, "a", ["must have at least 3 characters"]),
    (["absent", {"equals": "a"}, {"type": "null"}], "b", ['must not be set, or must be "a", or must be null']),
    ([{"equals": "a"}, {"equals": "a"}], "b", ['must be "a"']),
]

ABOUT_VALUES = [
    {"type": "string"},
    {"equals": "a"},
    {"one_of": ["a"]},
    {"starts_with": "a"},
    {"ends_with": "a"},
    {"contains": "a"},
    {"matches": "a"},
    {"format": "url"},
    {"min": 1},
    {"max": 1},
    {"min_length": 1},
    {"max_length": 1},
    {"keys": {"a": "present"}},
    {"only_keys": ["a"]},
    {"not": {"equals": "a"}},
    {"same_as": "server"},
    {"host": "local"},
    *({"secret": sort} for sort in ("issued", "real", "generated")),
]
"""Every operator that checks a value; whether one is published is asked of placeholders too, for some samples look like them."""
WITH_TEMPLATE = [{name: "${%s}"} for name in ("equals", "starts_with", "ends_with", "contains")] + [
    {"one_of": ["b", "${%s}"]},
    {"starts_with": ["b", "x${%s}"]},
]


def test_what_holds() -> None:
    answers = [(assertion, value, answer(assertion, value)) for assertion, values in HOLDS for value in values]
    assert [one for one in answers if one[2] is not True] == []


@pytest.mark.parametrize(("kind", "is_given"), [("server/json", False), ("infra/json", True)])
def test_null_is_given_except_to_a_server(kind: str, is_given: bool) -> None:
    node = Node.at(bare({"it": None}, kind), ("it",))
    assert (compiled("present")(None, node) is True, compiled("absent")(None, node) is True) == (is_given, not is_given)


@pytest.mark.parametrize(
    ("value", "holding"),
    [
        (ABSENT, {"absent", "missing", "disabled"}),
        ("", {"present", "missing", "disabled"}),
        (False, {"present", "given", "disabled"}),
        (True, {"present", "given", "enabled"}),
        ({}, {"present", "given", "enabled"}),
        ("x", {"present", "given", "enabled", "supplied"}),
        ("${HOST}", {"present", "supplied"}),
    ],
)
def test_what_words_mean(value: Any, holding: set[str]) -> None:
    node = Node.at(bare({} if value is ABSENT else {"it": value}), ("it",))
    assert {word for word in WORDS if compiled(word)(value, node) is True} == holding


def test_what_fails_and_why() -> None:
    answers = [(assertion, value, answer(assertion, value)) for assertion, value, _ in FAILS]
    assert answers == FAILS


def test_an_absent_or_unreadable_value_is_unknown() -> None:
    values = [ABSENT, UNKNOWN, "${HOST}", "<your domain>", "TODO"]
    answers = [(assertion, value, answer(assertion, value)) for assertion, value in product(ABOUT_VALUES, values)]
    assert [one for one in answers if one[2] is not None] == []


def test_a_comparison_with_an_unknown_setting_is_unknown() -> None:
    others = ["nowhere", "nowhere.at.all", "unread", "placeholder", "text.length", "nowhere@type", "it@tier"]
    filled = [json.loads(json.dumps(assertion).replace("%s", other)) for assertion, other in product(WITH_TEMPLATE, others)]
    assert [one for one in filled if answer(one, "a") is not None] == []


def test_a_bound_that_is_not_a_number_is_unknown() -> None:
    others = ["nowhere", "unread", "placeholder", "text", "true", "object"]
    bounds = [{name: f"${{{other}}}"} for name, other in product(["min", "max"], others)]
    assert [one for one in bounds if answer(one, 5) is not None] == []


@pytest.mark.parametrize("value", [ABSENT, UNKNOWN])
def test_formats_that_check_placeholders_do_not_check_absent_values(value: Any) -> None:
    assert answer({"format": "resolved"}, value) is None


def test_every_operator_is_tested() -> None:
    def words(assertion: Any) -> set[str]:
        if isinstance(assertion, list):
            return set().union(*map(words, assertion))
        return set(assertion) | set().union(*map(words, assertion.values())) if isinstance(assertion, dict) else set()

    tested = set().union(*(words(assertion) for assertion in [*ABOUT_VALUES, *(case[0] for case in [*HOLDS, *FAILS])]))
    missing = [
        f'nothing tests the operator "{name}": write the rule that needs it, whose examples test it, or add it to HOLDS and FAILS above'
        for name in sorted(OPERATORS.keys() - tested - uses().operators.keys())
    ]
    assert not missing, "\n".join(missing)


# --- Equality. ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "right"), [([1], [True]), ({"a": 0}, {"a": False})])
def test_true_is_not_1_inside_a_value_either(left: Any, right: Any) -> None:
    assert answer({"equals": left}, right) != True  # noqa: E712  # an answer of reasons is what is wanted


def test_values_that_are_nested_10_000_levels_deep_can_be_compared() -> None:
    node = Node.at(bare({"a": written(deep(10_000)).data, "b": written(deep(10_000)).data}), ("a",))
    assert compiled({"equals": "${b}"})(node.value, node) is True


@pytest.mark.parametrize(("operand", "value"), [("${true}", "true"), ("${float}", "1"), ("${none}", "null")])
def test_other_settings_are_written_as_javascript_does(operand: str, value: str) -> None:
    assert answer({"starts_with": operand}, value) is True


# --- Formats. -----------------------------------------------------------------------------------------------------------------------

LONG = [
    "9" * 5000,
    "https://x:" + "9" * 5000,
    "9" * 5000 + "mb",
    "\u0663\u00b2",
    "https://x:\u0663",
    "a" * 5000 + "@",
    "." * 5000,
    "-----BEGIN " * 500,
]


FITTING = {
    "cron": (
        ["0 3 * * *", "*/5 * * * *", "0 0 0 * * *", "0 0 L * *", "0 0 ? * 1#2", "0 0 * jan-MAR 5L", "0 0 29 2 *", "0 0 * * 7", "@daily"],
        [
            "60 * * * *",
            "0 24 * * *",
            "0 0 30 2 *",
            "0 0 * * 8",
            "* * * *",
            "@every 5m",
            "0 0 * foo *",
            "5-1 * * * *",
            "1,,2 * * * *",
            "",
            "*/0 * * * *",
        ],
    ),
    "date-time": (
        ["2025-01-31", "2024-02-29", "2025-01-31T00:00:00Z", "2025-01-31 00:00", "2025-01-31T24:00", "2025-01-31T12:30:00.5+01:00"],
        [
            "2025-02-29",
            "2025-06-31",
            "2025",
            "20250131",
            "2025-W05",
            "31.01.2025",
            "2025-01-31T24:00:00Z",
            "2025-01-31T25:00",
            " 2025-01-31",
            "2025-1-1",
        ],
    ),
    "origins": (
        ["https://a.example", "https://a.example:8443, http://localhost:3000", "*"],
        [
            "https://A.example",
            "HTTPS://a.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://a.example/",
            "https://*.a.example",
        ],
    ),
}
"""What the library takes, and what it does not: cron-parser 4.9.0; validator 13.15.35 and DuckDB 1.4; cors 2.8.6 and browsers."""


@pytest.mark.parametrize("name", FITTING)
def test_what_a_library_accepts(name: str) -> None:
    fits, does_not = FITTING[name]
    assert [text for text in fits if FORMATS[name].reason(text) is not None] == []
    assert [text for text in does_not if FORMATS[name].reason(text) is None] == []


def test_each_wrong_origin_is_named() -> None:
    reason = FORMATS["origins"].reason("https://A.example,https://b.example, https://c.example:443,,x,y")
    assert reason is not None
    assert as_message(reason).text == (
        "entry 1 must be in lower case, as browsers send origins; entry 3 must be without :443, which browsers leave out; "
        "entry 4 must not be empty; anything else never matches, and browsers block the requests"
    )


KNOWN_AS = [{"secret": sort} for sort in ("held", "published", "issued", "real", "generated")]
"""Assertions that say under \"not\" what a value is."""


@given(st.sampled_from(KNOWN_AS), st.text(), st.sampled_from(["", ACCESS_KEY, RECAPTCHA_SECRET]))
def test_no_reason_repeats_the_text(assertion: dict[str, Any], text: str, secret: str) -> None:
    for whole in (f"hunter2{text} {secret}", f"{secret}{text}hunter2"):
        found = answer({"not": assertion}, whole)
        assert not isinstance(found, list) or (
            "hunter2" not in found[0] and "\n" not in found[0] and (not secret or secret not in found[0])
        )


@given(st.sampled_from(sorted(FORMATS)), st.text() | st.text('a0.:/@-<>"[]\\ \n$,{}=%', max_size=30))
def test_no_format_raises_or_repeats_the_text(name: str, text: str) -> None:
    text = f"hunter2{text}"
    reason = FORMATS[name].reason(text)
    assert reason is None or ("hunter2" not in reason and "\n" not in reason and reason)


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_no_format_raises_on_long_or_strange_texts(text: str) -> None:
    failed = []
    for name, each in FORMATS.items():
        try:
            each.reason(text)
        except ValueError as error:
            failed.append(f"{name}: {error}")
    assert failed == []


# --- Kleene's logic, against a table of truth. --------------------------------------------------------------------------------------

FALSE, HALF, TRUE = 0, 1, 2
ATOMS: dict[int, list[Any]] = {
    TRUE: [{"type": "string"}, {"contains": "x"}, "present", {"min_length": 1}],
    FALSE: [{"type": "number"}, {"contains": "y"}, "absent", {"min": 1}, {"keys": {"a": "present"}}],
    HALF: [{"equals": "${nowhere}"}, {"contains": "${unread}"}, {"one_of": ["y", "${placeholder}"]}],
}
Formula = tuple[Any, int, int]
"""An assertion about the text "x", what it must answer, and how deep it is."""


@st.composite
def atoms(draw: st.DrawFn) -> Formula:
    truth = draw(st.sampled_from([FALSE, HALF, TRUE]))
    return draw(st.sampled_from(ATOMS[truth])), truth, 1


@st.composite
def combinations(draw: st.DrawFn, inner: st.SearchStrategy[Formula]) -> Formula:
    kind = draw(st.sampled_from(["not", "any", "if", "all"]))
    if kind == "any":
        parts = draw(st.lists(inner, min_size=1, max_size=4))
        return [part[0] for part in parts], max(part[1] for part in parts), 1 + max(part[2] for part in parts)
    (first, one, depth), (second, two, other_depth) = draw(inner), draw(inner)
    if kind == "not":
        return {"not": first}, TRUE - one, 1 + depth
    deepest = 1 + max(depth, other_depth)
    implied = max(TRUE - one, two)
    if kind == "if":
        return {"if": first, "then": second}, implied, deepest
    negated, three, third_depth = draw(inner)
    words = draw(st.permutations(["if", "then", "not", "type"]))
    whole = {"if": first, "then": second, "not": negated, "type": draw(st.sampled_from(["string", "number"]))}
    type_truth = TRUE if whole["type"] == "string" else FALSE
    return {word: whole[word] for word in words}, min(implied, TRUE - three, type_truth), max(deepest, 1 + third_depth)


FORMULAS = st.recursive(atoms(), combinations, max_leaves=10).filter(lambda formula: formula[2] <= DEEPEST)


def truth(given: bool | None | list[str]) -> int:
    return TRUE if given is True else HALF if given is None else FALSE


def test_combinations_of_two() -> None:
    """Kleene's tables, each pair in either order."""
    atoms = {TRUE: {"equals": "x"}, HALF: {"equals": "${unread}"}, FALSE: {"equals": "y"}}
    for (one, first), (two, second) in product(atoms.items(), repeat=2):
        assert truth(answer([first, second], "x")) == max(one, two)
        assert truth(answer({**first, "not": {"not": second}}, "x")) == min(one, two)
        assert truth(answer({"not": {"not": second}, **first}, "x")) == min(one, two)
        assert truth(answer({"if": first, "then": second}, "x")) == max(TRUE - one, two)


@given(FORMULAS)
def test_combinations(formula: Formula) -> None:
    found = answer(formula[0], "x")
    assert truth(found) == formula[1]
    assert not isinstance(found, list) or all(found)


@given(st.dictionaries(st.sampled_from("abc"), FORMULAS.filter(lambda formula: formula[2] < DEEPEST), min_size=1))
def test_all_members_must_fit_and_each_that_does_not_is_reported(formulas: dict[str, Formula]) -> None:
    found = answer({"keys": {key: formula[0] for key, formula in formulas.items()}}, dict.fromkeys("abc", "x"))
    assert truth(found) == min(formula[1] for formula in formulas.values())
    if isinstance(found, list):
        assert {line[0] for line in found} == {key for key, formula in formulas.items() if formula[1] == FALSE}


# --- Invalid assertions. ----------------------------------------------------------------------------------------------------------

NO_ASSERTIONS: list[tuple[Any, str, tuple[str | int, ...]]] = [
    ({"format": "e-mail"}, 'there is no format "e-mail"; did you mean "email"?', ("format",)),
    ({"fits": "ranges"}, 'there is no aspect "ranges"; did you mean "range"?', ("fits",)),
    ([{"not": {"fits": "ranges"}}], 'there is no aspect "ranges"; did you mean "range"?', (0, "not", "fits")),
    (
        {"keys": {"a": {"equals": "$5"}}},
        'a dollar in "$5" begins neither "${path}" nor "$$" (which is a dollar)',
        ("keys", "a", "equals"),
    ),
    ({"equals": "${**}"}, '"${**}" must lead to one setting: no "*", no "**", no tag', ("equals",)),
]
"""What fits the grammar, which is checked first: see ``tests/golden/rule-mistakes.txt``."""


@pytest.mark.parametrize(("assertion", "message", "place"), NO_ASSERTIONS)
def test_invalid_assertions(assertion: Any, message: str, place: tuple[str | int, ...]) -> None:
    with pytest.raises(RuleError) as caught:
        rule({"it": assertion})
    assert (caught.value.message, caught.value.path) == (message, ("must", "it", *place))


@pytest.mark.parametrize("make", [lambda inner: {"not": inner}, lambda inner: [inner], lambda inner: {"keys": {"a": inner}}])
def test_eight_levels_at_most(make: Any) -> None:
    assertion: Any = "present"
    for _ in range(DEEPEST - 1):
        assertion = make(assertion)
    compiled(assertion)
    with pytest.raises(RuleError, match="assertions are nested deeper than 8 levels"):
        compiled(make(assertion))


def test_a_bad_pattern() -> None:
    node = Node.at(bare({"it": "a"}), ("it",))
    with pytest.raises(RuleError, match=r"not a pattern that RE2 can read: missing \): \("):
        compiled({"matches": "("})("a", node)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_aspect_can_be_requested(aspect: str) -> None:
    assert answer({"fits": aspect}, ABSENT) is (True if aspect in OF_NAMES else None)
