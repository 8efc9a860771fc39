"""A guard lets every rule through that would find anything: with the guards is found what is found without them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.checkout import ROOT

from linter.config import Overrides
from linter.load import Input
from linter.policy import engine
from linter.policy.guard import guard_of
from linter.run import Options, Outcome, lint_input, lint_paths

OPTIONS = Options(Overrides(pedantic=True), isolated=True)
FIXTURES = ROOT / "tests" / "fixtures"


def found(lint: Callable[[], Outcome], guarded: bool, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str | None, str]]:
    with monkeypatch.context() as patch:
        if not guarded:
            patch.setattr(engine, "may_speak", lambda _guard, _document, _within: True)
        outcome = lint()
    assert not outcome.bugs
    return [(one.rule, one.document.uri, one.document.environment, one.message) for one in outcome.result.findings]


def compare(lint: Callable[[], Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(lint, True, monkeypatch) == found(lint, False, monkeypatch)


@pytest.mark.slow
def test_all_fixtures(monkeypatch: pytest.MonkeyPatch) -> None:
    compare(lambda: lint_paths([str(FIXTURES)], OPTIONS), monkeypatch)


@pytest.mark.parametrize("folder", ["deployment", "fixtures/real"])
def test_deployments(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(lambda: lint_paths([str(ROOT / "tests" / folder)], OPTIONS), monkeypatch)


WHOLE = {
    kind: json.loads((FIXTURES / f"clean-production-{name}" / "input.json").read_text(encoding="utf-8"))
    for kind, name in (("server/json", "json"), ("infra/json", "infra"), ("server/ssm", "ssm"))
}
VALUES: list[Any] = ["", None, False, 0, "false", "8103", "http://localhost:8103", "${NAME}", [], {}, "•", {"host": None}]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """A clean configuration with some of its members changed, renamed or taken out."""
    kind = draw(st.sampled_from(sorted(WHOLE)))
    data = copy.deepcopy(WHOLE[kind])
    for _ in range(draw(st.integers(1, 6))):
        node = draw(st.sampled_from(holders(data)))
        if not node:
            continue
        name = draw(st.sampled_from(sorted(node)))
        if draw(st.booleans()):
            node[name] = draw(st.sampled_from(VALUES))
        else:
            value = node.pop(name)
            if draw(st.booleans()):
                node[draw(st.sampled_from([name.lower(), f"{name}s", "database", "rdsInstances"]))] = value
    return kind, data


def holders(value: Any) -> list[dict[str, Any]]:
    members = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] * isinstance(value, dict) + [one for member in members for one in holders(member)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated())
def test_any_configuration(monkeypatch: pytest.MonkeyPatch, case: tuple[str, Any]) -> None:
    kind, data = case
    given_input = Input("config.json", json.dumps(data).encode(), Path("config.json"))
    compare(lambda: lint_input(given_input, OPTIONS._replace(kind=kind)), monkeypatch)


@pytest.mark.parametrize(
    ("rule", "guard"),
    [
        ({}, {"must": []}),
        ({"must": {"database.host": "present"}}, {"must": [["lacking", "database", "host"]]}),
        ({"must": {"database.host": "absent"}}, {"must": [["given", "database", "host"]]}),
        ({"must": {"database.host": {"present": True, "not": {"equals": ""}}}}, {"must": [["blank", "database", "host"]]}),
        ({"must": {"database.host": {"not": "present"}}}, {"must": [["given", "database", "host"]]}),
        ({"must": {"port": {"min": 1}}}, {"must": [["given", "port"]]}),
        ({"must": {"port": [{"min": 1}, "present"]}}, {"must": []}),
        ({"must": {"port": {"if": "absent", "then": "present"}}}, {"must": [["lacking", "port"]]}),
        ({"must": {"**": {"fits": "known"}}}, {"must": [["mismatch", "known"]]}),
        ({"must": {"**.password": {"min_length": 8}}}, {"must": [["name", "password"]]}),
        ({"must": {"<secret>": {"min_length": 8}}}, {"must": [["tagged", "secret"]]}),
        ({"must": {"<secret>@type": {"equals": "SecureString"}}}, {}),
        ({"must": {"externalAuthProviders.*.issuer": "present"}}, {"must": [["given", "externalAuthProviders"]]}),
        ({"must": {"$": {"keys": {"port": "present"}}}}, {}),
        ({"when": {"redis.tls": "present"}, "must": {"$": {"type": "object"}}}, {"when": [[["given", "redis", "tls"]]]}),
        ({"when": {"redis.tls": "absent"}, "must": {"$": {"type": "object"}}}, {}),
        ({"when": [{"a": {"equals": 1}}, {"b": "absent"}], "must": {"$": {"type": "object"}}}, {}),
        ({"when": [{"a": {"equals": 1}}, {"b": {"equals": 2}}], "must": {"c": "present"}},
         {"must": [["lacking", "c"]], "when": [[["given", "a"]], [["given", "b"]]]}),
    ],
)  # fmt: skip
def test_what_a_rule_needs(rule: dict[str, Any], guard: dict[str, Any]) -> None:
    assert guard_of(rule) == guard
