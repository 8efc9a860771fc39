"""Templates: what they give a fix or an operator, typed, and what they say to people."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare, rule

from linter.model import UNKNOWN, SettingPath
from linter.policy.engine import check
from linter.policy.errors import RuleError
from linter.policy.node import Node
from linter.policy.template import LONGEST_VALUE, Template, literal_text, operand_of
from linter.text import MASK

DATA = {
    "baseUrl": "https://api.example.com/",
    "port": 8103,
    "registerEnabled": False,
    "maxJsonSize": None,
    "fhirSearchMinLimit": 60000.0,
    "nan": float("nan"),
    "logLevel": "hunter2",
    "jwksUrl": "https://a.example/\x1b[31m\nb\u202e",
    "tokenUrl": "https://user:hunter2@example.com/",
    "supportEmail": "<your address>",
    "issuer": UNKNOWN,
    "appBaseUrl": "hunter2",
    "auditEventLogStream": "w" * 200,
    "storageBaseUrl": "-----BEGIN PRIVATE KEY-----",
    "list": ["a"],
    "database": {"password": "hunter2", "host": "db"},
    "unknownName": "hunter2",
    "a.b": 1,
}
FACTS: dict[SettingPath, dict[str, Any]] = {
    ("database", "host"): {"type": "String", "raw": "db", "length": 2, "used": 0.5},
    ("database", "password"): {"raw": "hunter2"},
}


def node(*path: str | int) -> Node:
    return Node.at(bare(DATA, facts=FACTS), path)


VALUES = {
    "": "",
    "plain": "plain",
    "$$": "$",
    "$${port}$$$$": "${port}$$",
    "${baseUrl}oauth2/token": "https://api.example.com/oauth2/token",
    "${.}": "db",
    "${^.port}": UNKNOWN,
    "${^.host}!": "db!",
    "${@key} ${@path}": "host database.host",
    "${@type}": "String",
    "${database.host@length}": 2,
    "${@used}": 0.5,
    "${@used} ${@length}": "0.5 2",
    "${@tier}": UNKNOWN,
    "${$@target}": "production",
    "${$@environment}": UNKNOWN,
    '${"a.b"}': 1,
    "${port}": 8103,
    "${port}0": "81030",
    "${registerEnabled}": False,
    "${registerEnabled}?": "false?",
    "${fhirSearchMinLimit}": 60000.0,
    "${fhirSearchMinLimit} ms": "60000 ms",
    "${nan} ms": "NaN ms",
    "${maxJsonSize}": None,
    "${maxJsonSize}!": UNKNOWN,
    "${list}": ["a"],
    "${list}!": UNKNOWN,
    "${database}": DATA["database"],
    "${database}!": UNKNOWN,
    "${list.0}!": "a!",
    "${list.1}": UNKNOWN,
    "${nowhere}": UNKNOWN,
    "${nowhere}!": UNKNOWN,
    "${issuer}": UNKNOWN,
    "${supportEmail}": UNKNOWN,
    "a ${supportEmail}": UNKNOWN,
    "${database.password}": "hunter2",
}


@pytest.mark.parametrize("text", VALUES)
def test_values(text: str) -> None:
    value = Template(text).value(node("database", "host"))
    assert (value, type(value)) == (VALUES[text], type(VALUES[text]))


SHOWN = {
    "$$ ${port} ${registerEnabled} ${maxJsonSize} ${fhirSearchMinLimit}": "$ 8103 false null 60000",
    "${.}, ${@key}, ${@path}, ${@type}, ${@length}, ${@tier}": "db, host, database.host, String, 2, (unknown)",
    "${@reason}": "must be so",
    "${nowhere} ${issuer} ${list} ${database}": "(absent) (unknown) a list an object",
    "${database.password} ${database.password@raw} ${unknownName}": f"{MASK} {MASK} {MASK}",
    "${@raw}": "db",
    "${tokenUrl}": f"https://{MASK}@example.com/",
    "${storageBaseUrl}": MASK,
    "${logLevel} ${appBaseUrl}": f"{MASK} {MASK}",
    "${jwksUrl}": "https://a.example/\\u001b[31m\\u000ab\\u202e",
    "${auditEventLogStream}": "w" * 79 + "…",
    "${supportEmail}": "<your address>",
    '${"a.b"}': MASK,
    "${$@target} ${$@environment}": "production (unknown)",
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_shown(text: str) -> None:
    assert Template(text).show(node("database", "host"), reason="must be so") == SHOWN[text]


@pytest.mark.parametrize("fact", ["path", "key", "name", "tier"])
def test_what_a_file_says_in_a_fact_cannot_steer_a_terminal(fact: str) -> None:
    name = "\x1b[31m\u202e"
    at = Node.at(bare({name: 1}, facts={(name,): {"name": name, "tier": name}}), (name,))
    assert "\x1b" not in Template(f"${{@{fact}}}").show(at)


NO_TEMPLATES = {
    "$": 'a dollar in "$" begins neither "${path}" nor "$$" (which is a dollar)',
    "a $b": 'a dollar in "a $b" begins neither "${path}" nor "$$" (which is a dollar)',
    "$$$": 'a dollar in "$$$" begins neither "${path}" nor "$$" (which is a dollar)',
    "${port": 'a dollar in "${port" begins neither "${path}" nor "$$" (which is a dollar)',
    "${*}": '"${*}" must lead to one setting: no "*", no "**", no tag',
    "${**.a}": '"${**.a}" must lead to one setting: no "*", no "**", no tag',
    "${<secret>}": '"${<secret>}" must lead to one setting: no "*", no "**", no tag',
    "${a b}": '"a b" is not a path: steps are separated by one dot each',
    "${@nonsense}": '"@nonsense": there is no fact "nonsense" of a setting',
}


@pytest.mark.parametrize("text", NO_TEMPLATES)
def test_texts_that_are_not_templates(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        Template(text)
    assert caught.value.message == NO_TEMPLATES[text]


@given(st.text("a$}.@ ", max_size=12))
def test_a_text_without_dollars_is_itself_and_dollars_can_be_escaped(text: str) -> None:
    written = text.replace("$", "$$")
    assert Template(written).value(node()) == text
    assert Template(written).show(node()) == text
    assert operand_of(written).value(node()) == text


@pytest.mark.parametrize("text", ["{{ x }}", "TODO", "<a> "])
def test_the_text_between_settings_is_never_a_placeholder(text: str) -> None:
    assert Template(f"{text}${{port}}").value(node()) == f"{text}8103"


@given(st.text('a${}.*@"<>^ ', max_size=12))
def test_any_text_is_a_template_or_a_mistake(text: str) -> None:
    try:
        template = Template(text)
    except RuleError:
        return
    template.value(node("port"))
    template.show(node("port"), reason="x")


@pytest.mark.parametrize("value", [None, True, 5, 1.5, ["$x"], {"a": "$x"}, "text"])
def test_a_literal_is_itself(value: Any) -> None:
    assert operand_of(value).value(node()) == value
    assert operand_of(value).quoted(node()) == literal_text(value)


def test_what_a_template_makes_is_bounded() -> None:
    """A value of megabytes, a hundred times over, is not made; the value itself, which needs no making, is given as it is."""
    long = "w" * (LONGEST_VALUE - 1)
    there = Node.at(bare({"baseUrl": long, "appBaseUrl": "y" * 8_000_000}), ("baseUrl",))
    assert Template("${.}!").value(there) == f"{long}!"
    assert Template("${.}!!").value(there) is UNKNOWN
    assert Template("${appBaseUrl}").value(there) is there.document.data["appBaseUrl"]
    tracemalloc.start()
    assert Template("${appBaseUrl}" * 100).value(there) is UNKNOWN
    assert Template("!${appBaseUrl}").value(there) is UNKNOWN
    shown = Template("${appBaseUrl}${@path}" * 1_000).show(there)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(shown) == 8_192 and shown.endswith("…")
    assert peak < 1_000_000


def test_a_fix_that_would_make_too_much_is_not_offered() -> None:
    document = bare({"baseUrl": "w" * 40_000, "appBaseUrl": "y" * 8_000_000})

    def fixes(**fix: Any) -> list[bool]:
        return [one.fix is not None for one in check(rule({"baseUrl": {"ends_with": "/"}}, fix={"safe": False, **fix}), document)]

    assert fixes(set={"baseUrl": "${.}/"}) == [True]
    assert fixes(set={"baseUrl": "${.}/", "issuer": "${.}/"}) == [False]
    assert fixes(set={"baseUrl": "${appBaseUrl}/"}) == [False]
    assert fixes(set={"baseUrl": "${appBaseUrl}", "issuer": "${appBaseUrl}"}) == [True]
