"""Rules against documents: every finding exactly, with its place, message and fix; and never a secret in any of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare, checked_rule, compact, deep_data, line_of, loaded, messages, rule, rule_data, written

from linter import settings
from linter.model import UNKNOWN, Change, Document, Level, Target
from linter.policy.engine import check
from linter.policy.errors import RuleError
from linter.policy.make_fix import apply_change
from linter.policy.rule import Rule

TEXT = """\
{
  "baseUrl": "https://api.example.com",
  "supportEmail": "help@example.com",
  "database": {"host": "db", "password": "hunter2", "ssl": {}},
  "redis": "a text",
  "externalAuthProviders": [{"issuer": "https://a"}, {"issuer": "https://b/", "x": 1}],
  "extra": null
}
"""


def lines(compiled: Rule, document: Document | None = None) -> list[str]:
    return [line_of(finding) for finding in check(compiled, document or written(TEXT))]


# --- Findings and their places. -----------------------------------------------------------------------------------------------------


def test_a_value_that_is_wrong() -> None:
    assert lines(rule({"baseUrl": {"ends_with": "/"}})) == ['2:14-2:39 error acme/test baseUrl: baseUrl must end with "/"']


def test_a_setting_that_must_not_be_given_is_marked_at_its_name() -> None:
    assert lines(rule({"supportEmail": "absent"})) == ["3:3-3:17 error acme/test supportEmail: supportEmail must not be set"]


def test_a_missing_setting_is_marked_where_it_would_be() -> None:
    assert lines(rule({"port": "present", "database.ssl.ca": "present", "smtp.host": "present"})) == [
        "1:1-1:2 error acme/test port: port is missing",
        "4:60-4:61 error acme/test database.ssl.ca: database.ssl.ca is missing",
        "1:1-1:2 error acme/test smtp.host: smtp.host is missing",
    ]


def test_a_setting_within_one_of_the_wrong_type_is_unknown() -> None:
    assert lines(rule({"redis.host": {"type": "string"}})) == []


def test_every_place_is_checked_on_its_own() -> None:
    assert lines(rule({"externalAuthProviders.*.issuer": {"ends_with": "/"}})) == [
        '6:40-6:51 error acme/test externalAuthProviders.0.issuer: externalAuthProviders.0.issuer must end with "/"'
    ]


def test_members_are_marked_in_their_place() -> None:
    assert lines(rule({"database": {"keys": {"port": "present", "password": "absent", "host": {"min_length": 3}}}})) == [
        "4:15-4:16 error acme/test database.port: database.port is missing",
        "4:30-4:40 error acme/test database.password: database.password must not be set",
        "4:24-4:28 error acme/test database.host: database.host must have at least 3 characters (it has 2)",
    ]
    assert lines(rule({"externalAuthProviders.*": {"only_keys": ["issuer"]}})) == [
        "6:79-6:82 error acme/test externalAuthProviders.1.x: externalAuthProviders.1.x is not one of issuer"
    ]


def test_one_finding_for_each_place_the_first_reason_counts() -> None:
    compiled = rule({"baseUrl": {"ends_with": "/", "starts_with": "http:"}, "**": {"not": {"contains": "api"}}, "*": {"max_length": 3}})
    document = written('{"baseUrl": "https://api", "x": "api", "yy": "long"}')
    assert messages(compiled, document) == [
        'baseUrl must end with "/"',
        'x must not contain "api"',
        "yy must have at most 3 characters",
    ]


def test_the_length_of_a_possible_secret_is_not_reported() -> None:
    compiled = rule(
        {"database.password": {"min_length": 20}, "own": {"max_length": 1}, "appBaseUrl": {"max_length": 1}, "logLevel": {"max_length": 1}}
    )
    document = written('{"database": {"password": "hunter2"}, "own": "abc", "appBaseUrl": "https://u:pw@x.test/", "logLevel": "DEBUG"}')
    assert messages(compiled, document) == [
        "database.password must have at least 20 characters",
        "own must have at most 1 characters",
        "appBaseUrl must have at most 1 characters",
        "logLevel must have at most 1 characters (it has 5)",
    ]


def test_the_document_itself() -> None:
    assert lines(rule({"$@target": {"equals": "development"}}, "for ${$@target}")) == ["1:1-8:2 error acme/test -: for production"]
    assert lines(rule({"$": {"only_keys": ["baseUrl", "supportEmail", "database", "redis", "extra"]}})) == [
        "6:3-6:26 error acme/test externalAuthProviders: externalAuthProviders is not one of baseUrl, supportEmail, database, redis, extra"
    ]


DUMP = """\
{"Parameters": [
  {"Name": "/medplum/prod/database.password", "Type": "String", "Value": "hunter2"},
  {"Name": "/medplum/prod/baseUrl", "Type": "SecureString", "Value": "https://a", "Tier": "Standard"},
  {"Name": "/medplum/dev/baseUrl", "Type": "String", "Value": "https://b"}
]}
"""


def test_facts_are_marked_where_the_source_gives_them() -> None:
    compiled = rule({"<secret>@type": {"equals": "SecureString"}, "baseUrl@tier": "absent", "baseUrl@name": {"ends_with": "x"}})
    found = [line for one in loaded(DUMP, "server/ssm") for line in lines(compiled, one.document)]
    assert found == [
        '2:55-2:63 error acme/test database.password: database.password must be "SecureString"',
        "3:91-3:101 error acme/test baseUrl: baseUrl must not be set",
        '4:12-4:34 error acme/test baseUrl: baseUrl must end with "x"',
    ]


# --- For whom, when and how gravely. ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "kind", "applies"),
    [
        ("server", "server/json", True),
        ("server/json", "server/json", True),
        ("server/ssm", "server/json", False),
        ("serve", "server/json", False),
        ("server/js", "server/json", False),
        (["infra", "server/ssm"], "server/ssm", True),
        ("secret/database", "secret/database", True),
    ],
)
def test_the_kinds_that_a_rule_is_for(wanted: Any, kind: str, applies: bool) -> None:
    compiled = rule({"host": "present"}, **{"for": wanted})
    assert bool(check(compiled, bare({}, kind))) == applies


TARGETS: tuple[Target, ...] = ("production", "development")


@pytest.mark.parametrize(
    ("severity", "levels"),
    [
        ("warning", ["warning", "warning"]),
        ({"production": "error", "development": "off"}, ["error", None]),
        ({"production": "off", "development": "note"}, [None, "note"]),
        ({"production": False, "development": "note"}, [None, "note"]),  # YAML 1.1 reads a plain off as false
    ],
)
def test_severity_by_target(severity: Any, levels: list[Level | None]) -> None:
    compiled = rule({"port": "present"}, severity=severity)
    found = [[finding.severity for finding in check(compiled, bare({}, target=target))] for target in TARGETS]
    assert found == [[level] if level else [] for level in levels]


def test_the_severity_of_the_configuration_goes_before() -> None:
    compiled = rule({"port": "present"}, severity={"production": "off", "development": "off"})
    assert [finding.severity for finding in check(compiled, bare({}), ("note",))] == ["note"]
    assert check(compiled, bare({}), (None,)) == []


WHEN: list[tuple[Any, dict[str, Any], bool]] = [
    ({"a": "present", "b": "present"}, {"a": 1, "b": 1}, True),
    ({"a": "present", "b": "present"}, {"a": 1}, False),
    ([{"a": "present"}, {"b": "present"}], {"b": 1}, True),
    ([{"a": "present"}, {"b": "present"}], {}, False),
    ([{"a": {"equals": 1}, "b": "present"}, {"c": "present"}], {"a": 1, "c": 1}, True),
    ({"a": {"equals": 1}}, {}, False),
    ({"a": {"not": {"equals": 1}}}, {}, False),
    ({"a": {"equals": "${b}"}}, {"a": 1}, False),
    ([{"a": {"equals": "${b}"}}, {"a": {"equals": 1}}], {"a": 1}, True),
    ({"a": ["absent", {"equals": 1}]}, {}, True),
    ({"a.*": {"equals": 1}}, {"a": [2, 1]}, True),
    ({"a.*": {"equals": 1}}, {"a": [2, UNKNOWN]}, False),
    ({"a.*": {"equals": 1}}, {"a": []}, False),
    ({"a.*": {"not": {"equals": 1}}}, {"a": []}, False),
    ({"**.b": "present"}, {"a": {"b": None}}, False),
    ({"**.b": "absent"}, {"a": {"b": None}}, True),
    ({"**.b": "absent"}, {}, False),
    ({"<secret>": "present"}, {"database": {"password": "x"}}, True),
    ({"<secret>": "present"}, {"database.password": "x"}, False),
    ({"a@state": {"equals": "absent"}}, {}, True),
    ({"$@target": {"equals": "development"}}, {}, False),
    ({"$@environment": "absent"}, {}, True),
    ({"a@type": "present"}, {"a": 1}, False),
]


def test_when() -> None:
    found = [(when, data, messages(rule({"it": "present"}, when=when), bare(data))) for when, data, _ in WHEN]
    assert found == [(when, data, ["it is missing"] if applies else []) for when, data, applies in WHEN]


def test_what_is_unknown_is_never_reported() -> None:
    clauses = {
        "missing": {"equals": 1},
        "unread": {"type": "string"},
        "placeholder": {"format": "url"},
        "known": {"equals": "${missing}"},
        "unread.below": "present",
        "*@type": {"equals": "String"},
    }
    assert messages(rule(clauses), bare({"unread": UNKNOWN, "placeholder": "${URL}", "known": 1})) == []


# --- Messages. ----------------------------------------------------------------------------------------------------------------------

DATA: dict[str, Any] = {"port": 8103, "database": {"host": "db", "password": "hunter2"}, "unknown": "hunter2", "extra": {"a": [1]}}
MESSAGES = {
    "${@path} ${@reason}.": "port must be at least 9000.",
    "${@key}: ${.} for $$5": "port: 8103 for $5",
    "${database.host} and ${database.password} and ${unknown}": "db and •••••• and ••••••",
    "${extra} ${extra.a} ${nowhere} ${@type}": "an object a list (absent) (unknown)",
    "${^.port} ${^.database.host} ${$@kind}": "8103 db server/json",
    "what says nothing leaves no blank ${extra@meaning}": "what says nothing leaves no blank",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_messages(message: str) -> None:
    assert messages(rule({"port": {"min": 9000}}, message), bare(DATA)) == [MESSAGES[message]]


@pytest.mark.parametrize("message", ["$5", "${port", "${*}", "${nonsense@fact}"])
def test_a_bad_message_is_a_mistake_of_the_rule(message: str) -> None:
    with pytest.raises(RuleError) as caught:
        rule({"port": "present"}, message)
    assert caught.value.path == ("message",)


# --- Fixes. -------------------------------------------------------------------------------------------------------------------------


def fixes(fix: Any, data: dict[str, Any], must: Any = None) -> list[Any]:
    """The fixes of the findings: None or whether it is safe, its changes, and its description."""
    found = check(rule(must or {"port": "absent"}, fix=fix), bare(data))
    return [finding.fix and (finding.fix.safe, finding.fix.changes, finding.fix.description) for finding in found]


def test_set_and_remove() -> None:
    fix = {
        "safe": True,
        "set": {"database.host": "${databaseProxyEndpoint}", "database.ssl.require": True},
        "remove": ["databaseProxyEndpoint", "^.extra"],
    }
    assert fixes(fix, {"databaseProxyEndpoint": "db"}, {"databaseProxyEndpoint": "absent"}) == [
        (
            True,
            (
                Change("set", ("database", "host"), "db"),
                Change("set", ("database", "ssl", "require"), True),
                Change("remove", ("databaseProxyEndpoint",)),
                Change("remove", ("extra",)),
            ),
            'set database.host to "db", set database.ssl.require to true, remove databaseProxyEndpoint, remove extra',
        )
    ]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${port}", 8103),
        ("${port}0", "81030"),
        ("$${port}", "${port}"),
        ("${nothing}", None),
        ("${list}", ["a"]),
        (5, 5),
        (None, None),
        ({"a": "$x"}, {"a": "$x"}),
    ],
)
def test_new_values_have_a_type(template: Any, value: Any) -> None:
    (fix,) = fixes({"safe": False, "set": {".": template}}, {"port": 8103, "nothing": None, "list": ["a"]})
    assert fix[1] == (Change("set", ("port",), value),)


@pytest.mark.parametrize("template", ["${missing}", "${unread}/", "${placeholder}", "${list}!"])
def test_no_fix_where_its_value_is_unknown(template: str) -> None:
    data = {"port": 1, "unread": UNKNOWN, "placeholder": "${X}", "list": []}
    assert fixes({"safe": True, "set": {"x": 1, "y": template}}, data) == [None]


@pytest.mark.parametrize(
    ("when", "applies"),
    [({".": {"min": 1}}, True), ({".": {"max": 1}}, False), ({"^.x": {"equals": 1}}, False), ([{".": "absent"}, {"x": "absent"}], True)],
)
def test_no_fix_unless_its_condition_holds(when: Any, applies: bool) -> None:
    (fix,) = fixes({"safe": True, "when": when, "remove": ["."]}, {"port": 5})
    assert (fix is not None) == applies


def test_a_fix_says_how_a_parameter_is_stored() -> None:
    assert fixes({"safe": True, "store": "SecureString"}, {"port": 5}) == [
        (True, (Change("store", ("port",), "SecureString"),), "store port as SecureString")
    ]


def test_how_a_parameter_is_stored_is_not_in_its_value() -> None:
    data = {"signingKey": "x"}
    apply_change(data, Change("store", ("signingKey",), "SecureString"))
    assert data == {"signingKey": "x"}


def test_a_change_leaves_the_value_that_it_sets_as_it_is() -> None:
    """It is that of the rule, which sets it in other documents too."""
    change = Change("set", ("database", "ssl"), {"require": True})
    data: dict[str, Any] = {}
    apply_change(data, change)
    apply_change(data, Change("set", ("database", "ssl", "rejectUnauthorized"), False))
    assert data == {"database": {"ssl": {"require": True, "rejectUnauthorized": False}}}
    assert change.value == {"require": True}


def test_each_finding_has_a_fix_of_its_own() -> None:
    found = fixes(
        {"safe": True, "set": {"^.new": "${.}", "^.copy": "${^@key}"}, "remove": ["."]},
        {"a": {"old": 1}, "b": [{"old": "x"}]},
        {"**.old": "absent"},
    )
    assert [fix[1] for fix in found] == [
        (Change("set", ("a", "new"), 1), Change("set", ("a", "copy"), "a"), Change("remove", ("a", "old"))),
        (Change("set", ("b", 0, "new"), "x"), Change("set", ("b", 0, "copy"), "0"), Change("remove", ("b", 0, "old"))),
    ]


@pytest.mark.parametrize("path", ["*", "a.**", "<secret>", "a@type"])
def test_a_fix_changes_single_settings(path: str) -> None:
    for fix, place in (
        ({"safe": True, "set": {path: 1}}, ("fix", "set", path)),
        ({"safe": True, "remove": ["x", path]}, ("fix", "remove", 1)),
    ):
        with pytest.raises(RuleError, match="must lead to one setting") as caught:
            checked_rule(rule_data({"a": "present"}, fix=fix))
        assert caught.value.path == place


def test_changes_of_a_tree() -> None:
    data: dict[str, Any] = {"a": {"b": 1}, "list": [1, 2, 3]}
    for change in [
        Change("set", ("a", "b"), 2),
        Change("set", ("c", "d", "e"), 3),
        Change("set", ("list", 0), 9),
        Change("remove", ("list", 1)),
        Change("remove", ("a", "nowhere")),
        Change("rename", ("a", "b"), ("a", "z")),
        Change("rename", ("c", "d"), ("new", "d")),
    ]:
        apply_change(data, change)
    assert data == {"a": {"z": 2}, "list": [9, 3], "c": {}, "new": {"d": {"e": 3}}}


def test_renamed_to_a_path_or_to_what_a_text_gives() -> None:
    data = {"a": {"old": 1, "to": "b.new"}, "b": {}}
    for target, path in {"^.new": ("a", "new"), "b.new": ("b", "new"), "${a.to}": ("b", "new")}.items():
        assert fixes({"safe": True, "rename": {".": target}}, data, {"a.old": "absent"}) == [
            (True, (Change("rename", ("a", "old"), path),), f"rename a.old to {'.'.join(path)}")
        ]


@pytest.mark.parametrize("target", ["^.taken", "a.taken.inner", "${a.nowhere}", "${a.number}"])
def test_nothing_is_renamed_to_what_is_there_or_unknown(target: str) -> None:
    data = {"a": {"old": 1, "taken": "x", "number": 5}}
    assert fixes({"safe": True, "rename": {".": target}}, data, {"a.old": "absent"}) == [None]


def test_two_settings_are_not_renamed_to_the_same_name() -> None:
    data = {"a": {"old": 1, "older": 2, "oldest": 3}}
    fix = {"safe": True, "rename": {".": "^.new"}}
    assert fixes(fix, data, {"a.old": "absent", "a.older": "absent"}) == [None, None]


def test_the_first_fix_that_can_be_made_is_offered() -> None:
    ways = [
        {"safe": False, "set": {".": "${missing}"}},
        {"safe": False, "when": {".": {"min": 9000}}, "remove": ["."]},
        {"safe": True, "set": {".": 1}},
        {"safe": False, "set": {".": 2}},
    ]
    assert fixes(ways, {"port": 80}) == [(True, (Change("set", ("port",), 1),), "set port to 1")]
    assert fixes(ways, {"port": 9100}) == [(False, (Change("remove", ("port",)),), "remove port")]


def test_a_url_is_split_and_what_is_given_stays() -> None:
    url = "postgres://me:hunter2@db:5432/medplum"
    fix = {"safe": False, "split": {".": "^"}}
    must = {'database."url"': "absent"}
    ((safe, changes, description),) = fixes(fix, {"database": {"url": url, "port": 5432}}, must)
    assert (safe, [(change.action, change.path[-1], change.value) for change in changes]) == (
        False,
        [
            ("set", "host", "db"),
            ("set", "dbname", "medplum"),
            ("set", "username", "me"),
            ("set", "password", "hunter2"),
            ("remove", "url", None),
        ],
    )
    assert "hunter2" not in description
    for database in ({"url": url, "host": "other"}, {"url": url, "password": UNKNOWN}, {"url": "${URL}"}, {"url": UNKNOWN}, {"url": 5}):
        assert fixes(fix, {"database": database}, must) == [None]


def test_a_number_or_switch_as_text() -> None:
    fix = {"safe": True, "set": {".": "${@text}"}}
    found = fixes(fix, {"a": {"x": True, "y": 1.0, "z": "text", "list": []}}, {"a.*": {"type": "null"}})
    assert [one and one[1][0].value for one in found] == ["true", "1", "text", []]


def test_what_is_left_out_is_removed() -> None:
    compiled = rule({"**": {"fits": "boolean-spelling"}}, fix={"safe": True, "set": {".": "${@meant}"}}, **{"for": "infra"})
    (finding,) = check(compiled, bare({"region": "us-east-1", "apiWafIpSetArn": False}, "infra/json"))
    assert finding.fix is not None
    assert (finding.fix.changes, finding.fix.description) == ((Change("remove", ("apiWafIpSetArn",)),), "remove apiWafIpSetArn")


def test_what_was_meant_keeps_its_type_and_a_secret_stays_masked() -> None:
    fix = {"safe": True, "set": {".": "${@meant}"}}
    assert fixes(fix, {"bcryptHashSalt": "10", "redis": {"password": 12345}}, {"**": {"fits": "type"}}) == [
        (True, (Change("set", ("bcryptHashSalt",), 10),), "set bcryptHashSalt to 10"),
        (True, (Change("set", ("redis", "password"), "12345"),), "set redis.password to ••••••"),
    ]


# --- Secrets. -----------------------------------------------------------------------------------------------------------------------

MARKER = "hunter2"
PLACES = ["${.}", "${@raw}", "${database.password}", "${^.password}", "${redis}", "${pasword}", "${database.password@raw}"]
KNOWN = settings.catalogue()
SECRETS = [tuple(name.split(".")) for name in KNOWN.names() if KNOWN.is_secret(tuple(name.split("."))) and "*" not in name]


def spoken(document: Document, compiled: Rule) -> str:
    """All that findings say."""
    findings = check(compiled, document)
    assert findings
    related = [other.message for finding in findings for other in finding.related]
    return "\n".join([*(finding.message + (finding.fix.description if finding.fix else "") for finding in findings), *related])


def checking(operand: str) -> dict[str, Any]:
    """Clauses that fail, and name an operand in their reasons."""
    return {
        "**": [{"equals": f"{operand}x"}, {"one_of": [operand + "y", "z"]}, {"ends_with": f"y{operand}"}, {"contains": f"z{operand}"}],
        "*": [{"not": "present"}, {"max_length": 0}, {"format": "uuid"}, {"matches": "q"}],
    }


@given(st.sampled_from(SECRETS), st.text(max_size=5), st.sampled_from(PLACES), st.sampled_from(PLACES), st.sampled_from(["json", "ssm"]))
def test_no_message_reason_or_fix_contains_a_secret(path: tuple[str, ...], more: str, shown: str, operand: str, kind: str) -> None:
    value = f"{MARKER}{more}"
    members = {path: value, ("database", "password"): value, ("redis", "password"): value, ("pasword",): value}
    if kind == "ssm":
        parameters = [{"Name": f"/medplum/prod/{'.'.join(at)}", "Type": "String", "Value": text} for at, text in members.items()]
        document = written(compact({"Parameters": parameters}), "server/ssm")
    else:
        tree: dict[str, Any] = {}
        for at, text in sorted(members.items()):
            if isinstance(tree.get(at[0], {}), dict):
                apply_change(tree, Change("set", at, text))
        document = written(compact(tree))
    fix = {"safe": True, "set": {".": f"{operand}x", "x.y": operand}}
    assert MARKER not in spoken(document, rule(checking(operand), f"{shown} ${{@path}} ${{@reason}} {shown}", fix=fix))


def test_no_fix_contains_a_secret_that_it_moves_to_a_public_setting() -> None:
    document = written(compact({"supportEmail": "x", "database": {"password": MARKER}}))
    compiled = rule({"supportEmail": {"equals": "y"}}, fix={"safe": True, "set": {".": "${database.password}"}})
    assert MARKER not in spoken(document, compiled)


@pytest.mark.parametrize("name", ["min", "max"])
def test_no_bound_contains_a_secret(name: str) -> None:
    data = {"port": 5, "pin": 1 if name == "max" else 123456}
    assert str(data["pin"]) not in spoken(written(compact(data)), rule({"port": {name: "${pin}"}}, "${@reason}"))


# --- Size. --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_100_000_levels_take_linear_time() -> None:
    document = bare(deep_data())
    started = time.process_time()
    (finding,) = check(rule({"**": {"format": "resolved"}}), document)
    assert time.process_time() - started < 5
    assert len(finding.path or ()) == 100_000


@pytest.mark.slow
def test_many_findings_take_linear_time() -> None:
    document = written(compact({f"_comment{number}": number for number in range(20_000)}))
    started = time.process_time()
    assert len(check(rule({"**": {"type": "string"}}), document)) == 20_000
    assert time.process_time() - started < 5
