"""For each setting of the documentation a wrong value, in JSON and in Parameter Store, and the findings that it gets.

The table is ``data/wrong-values.tsv``; "-" in it says that any value is right there, or that the setting is inside another's JSON.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from linter import settings
from linter.documents.inputs import Input
from linter.options.config import Overrides
from linter.run import Options, lint_input

TABLE = Path(__file__).parent / "data" / "wrong-values.tsv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def nested(path: list[str], value: Any) -> Any:
    for step in reversed(path):
        value = [value] if step == "*" else {step: value}
    return value


def findings(document: Any, kind: str, setting: str) -> str:
    options = Options(Overrides(target="production", ignore=("plaintext-secret",), pedantic=True), kind)
    outcome = lint_input(Input("config.json", json.dumps(document).encode(), Path("config.json")), options)
    assert outcome.bugs == ()
    found = [
        one
        for one in outcome.result.findings
        if one.path and ".".join("*" if isinstance(step, int) else step for step in one.path) == setting
    ]
    return ",".join(one.rule for one in found)


def test_every_documented_setting_has_a_row() -> None:
    known = settings.catalogue()
    documented = [name for name in known.names() if (setting := known.get(tuple(name.split(".")))) and setting.status == "documented"]
    assert [row["setting"] for row in ROWS] == documented


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize("row", ROWS, ids=[row["setting"] for row in ROWS])
def test_a_wrong_value_in_json(row: dict[str, str]) -> None:
    document = nested(row["setting"].split("."), json.loads(row["json_value"]))
    assert row["json_findings"]
    assert findings(document, "server/json", row["setting"]) == row["json_findings"]


@pytest.mark.quick_cases(31)
@pytest.mark.parametrize("row", [row for row in ROWS if row["ssm_value"] != "-"], ids=lambda row: row["setting"])
def test_a_wrong_value_in_parameter_store(row: dict[str, str]) -> None:
    parameter = {"Name": f"/medplum/prod/{row['setting']}", "Type": "SecureString", "Value": row["ssm_value"]}
    assert row["ssm_findings"]
    assert findings({"Parameters": [parameter]}, "server/ssm", row["setting"]) == row["ssm_findings"]
