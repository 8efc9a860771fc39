"""What rules say of a configuration is what Medplum's own server did with it: ``tools/real_server`` wrote the outcomes down."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import ROOT
from support.keys import pem, rsa_key
from support.rules import built_in_files
from support.running_server import authority, certificate

from linter.documents.inputs import Input
from linter.model import Finding
from linter.options.config import Overrides
from linter.policy.rule import Rule
from linter.run import Options, lint_input
from linter.settings.releases import parse_server_version

sys.path.insert(0, str(ROOT / "tools"))
from real_server.states import configuration, states  # noqa: E402

OUTCOMES = yaml.safe_load((ROOT / "tests" / "data" / "outcomes.yaml").read_text(encoding="utf-8"))
TRUE_OF = {"stops": {"stops"}, "fails": {"fails", "stops"}}
"""The outcomes that a finding of a class is true of: a server that does not start fails at everything."""
PORTS = ("port", "postgresql", "postgresql_without_tls", "redis", "redis_tls", "guarded_redis", "nobody", "smtp")


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the texts of the states name."""
    served = certificate(tmp_path_factory.mktemp("served") / "server.pem", "localhost").read_text(encoding="utf-8")
    pems = {"authority": authority().decode(), "foreign": authority().decode(), "certificate": served, "key": pem(rsa_key())}
    ports = {name: 8103 + number for number, name in enumerate(PORTS)}
    return {**ports, **pems, "database": "medplum", "password": "of-a-test-only", "number": 0}


def found(config: dict[str, Any]) -> tuple[Finding, ...]:
    options = Options(Overrides(server=parse_server_version(OUTCOMES["release"], "outcomes.yaml")), isolated=True)
    name = "medplum.config.json"
    return lint_input(Input(name, json.dumps(config).encode(), Path(name)), options).result.findings


@cache
def rules() -> dict[str, Rule]:
    return {file.rule.info.id: file.rule for file in built_in_files() if file.rule is not None}


def class_of(finding: Finding) -> str:
    return str(rules()[finding.rule].cases[finding.case].data.get("class", ""))


def test_each_state_has_an_outcome() -> None:
    assert list(OUTCOMES["states"]) == list(states())
    assert OUTCOMES["states"]["usual"] == {"outcome": "works"}


@pytest.mark.parametrize("name", states())
def test_what_a_rule_says_has_happened(name: str, values: dict[str, Any]) -> None:
    claims = {f"{one.message} ({of})": of for one in found(configuration(states()[name], values)) if (of := class_of(one)) in TRUE_OF}
    outcome = OUTCOMES["states"][name]["outcome"]
    assert [claim for claim, of in claims.items() if outcome not in TRUE_OF[of]] == [], outcome
