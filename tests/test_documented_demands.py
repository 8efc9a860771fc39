"""Each demand of the documentation's page on the server's settings, and the only finding for the smallest input that violates it.

The demands are in ``data/documented-demands.yaml``. Where the page itself lies beside the checkout, each of its sentences that sounds like
a demand must be among them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from linter.documents.inputs import Input
from linter.model import dotted
from linter.options.config import Overrides
from linter.run import Options, lint_input

TESTS = Path(__file__).parent
PAGE = TESTS.parents[1] / "shared" / "seed" / "server-config.md"
DEMANDS: list[dict[str, Any]] = yaml.safe_load((TESTS / "data" / "documented-demands.yaml").read_text(encoding="utf-8"))
CHECKED = [one for one in DEMANDS if "not_checked" not in one]
HEALTHY: dict[str, Any] = {
    "server/json": json.loads((TESTS / "fixtures" / "clean-production-json" / "input.template.json").read_text(encoding="utf-8")),
    "server/ssm": json.loads((TESTS / "fixtures" / "clean-production-ssm" / "input.json").read_text(encoding="utf-8")),
    "secret/database": {"host": "db.internal", "port": 5432, "dbname": "medplum", "username": "medplum", "password": "${PASSWORD}"},
    "secret/redis": {"host": "redis.internal", "port": "6379", "password": "${PASSWORD}", "tls": {}},
}
PATH = "/medplum/prod/"
DEMANDING = re.compile(
    r"\b(must|should|requires?|required|recommended|deprecated|limit|maximum|max|at most|only|supports|uses the convention|in general"
    r"|you must add|too high|too low|can be one of)\b",
    re.IGNORECASE,
)


def violating(demand: dict[str, Any]) -> dict[str, Any]:
    """The healthy configuration of a kind, with what violates a demand."""
    kind, violates, without = demand["source"], demand.get("violates", {}), demand.get("without", ())
    if kind != "server/ssm":
        return {name: value for name, value in {**HEALTHY[kind], **violates}.items() if name not in without}
    changed = {one["Name"]: stored(one) for one in violates}
    left_out = {*changed, *(f"{PATH}{name}" for name in without)}
    parameters = [*(one for one in HEALTHY[kind]["Parameters"] if one["Name"] not in left_out), *changed.values()]
    return {"Parameters": [{**one, "Name": one["Name"].replace(PATH, demand.get("path", PATH))} for one in parameters]}


def stored(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter whose value may be written as a text that is repeated."""
    value = parameter["Value"]
    return parameter if isinstance(value, str) else {**parameter, "Value": value["repeat"] * value["times"]}


def findings(document: dict[str, Any], kind: str, *, pedantic: bool = False) -> list[dict[str, str]]:
    options = Options(Overrides(target="production", ignore=("plaintext-secret", "unfilled-placeholder"), pedantic=pedantic), kind)
    outcome = lint_input(Input("config.json", json.dumps(document).encode(), Path("config.json")), options)
    assert outcome.bugs == () and outcome.errors == ()
    return [{"rule": one.rule, "setting": dotted(one.path or ()), "severity": one.severity} for one in outcome.result.findings]


def cases() -> Iterator[Any]:
    for number, demand in enumerate(CHECKED):
        gap = pytest.mark.xfail(strict=True, reason="nothing reports it by default")
        yield pytest.param(demand, id=f"{number}-{demand['finds']['setting']}", marks=gap if demand.get("gap") else ())


@pytest.mark.parametrize("kind", HEALTHY)
def test_what_meets_every_demand_has_no_finding(kind: str) -> None:
    assert findings(HEALTHY[kind], kind) == []


@pytest.mark.quick_cases(13)
@pytest.mark.parametrize("demand", list(cases()))
def test_what_violates_a_demand_has_one_finding(demand: dict[str, Any]) -> None:
    pedantic = demand.get("pedantic", False)
    before = findings(HEALTHY[demand["source"]], demand["source"], pedantic=pedantic)
    found = findings(violating(demand), demand["source"], pedantic=pedantic)
    assert [one for one in found if one not in before] == [demand["finds"]]


def test_each_demand_is_complete() -> None:
    for demand in DEMANDS:
        keys = demand.keys() - {"violates", "without", "path", "gap", "pedantic"} - {"heading", "demand", "digest"}
        assert keys == {"not_checked"} or (keys == {"source", "finds"} and demand.keys() & {"violates", "without", "path"}), demand


def sentences(page: str) -> Iterator[tuple[str, str]]:
    """The sentences of the page with the headings above them: headings, items, cells' rows and the rest, but no examples."""
    text = re.sub(r"\A---\n.*?\n---\n|^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    heading = ""
    for block in re.split(r"\n\s*\n|\n(?=[-|#*:]|\d+\. )", text):
        joined = " ".join(block.split())
        if joined.startswith("#"):
            heading = joined.lstrip("# ")
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z`\"])", joined):
            yield heading, sentence


@pytest.mark.skipif(not PAGE.exists(), reason="the page is not beside the checkout")
def test_every_demanding_sentence_is_here() -> None:
    on_page = [
        (heading, hashlib.sha256(sentence.encode()).hexdigest()[:12], sentence)
        for heading, sentence in sentences(PAGE.read_text(encoding="utf-8"))
    ]
    covered = {one["digest"] for one in DEMANDS}
    assert [sentence for _, digest, sentence in on_page if DEMANDING.search(sentence) and digest not in covered] == []
    assert {(one["heading"], one["digest"]) for one in DEMANDS} - {(heading, digest) for heading, digest, _ in on_page} == set()
