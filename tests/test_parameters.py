"""Any value in place of a parameter, its name or its value is read or left alone, and nothing crashes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.run import Options, lint_input
from linter.syntax.json import json_documents, parse_json
from linter.syntax.yaml import Tagged, parse_yaml

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(path for kind in ("ssm", "cloudformation", "terraform") for path in FIXTURES.glob(f"{kind}-*/input.*"))
STRANGE: list[Any] = [
    None,
    True,
    0,
    -1.5,
    10**30,
    "",
    "/",
    "//",
    "x",
    [],
    {},
    [[]],
    {"": {}},
    {"Ref": []},
    {"Fn::Sub": {}},
    ["/a/b"],
    "9" * 5000,
]


def plain(value: Any) -> Any:
    """A value without tags."""
    if isinstance(value, Tagged):
        return {f"Fn::{value.tag.removeprefix('!')}": plain(value.value)}
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list) else value


def documents(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    return [plain(parsed.value) for parsed in (parse_yaml(text) if path.suffix == ".yaml" else json_documents(text, parse_json(text)))]


def reshaped(chance: random.Random, value: Any) -> Any:
    """A tree in which some values are others."""
    if chance.random() < 0.05:
        return chance.choice(STRANGE)
    if isinstance(value, dict):
        return {chance.choice([name] * 30 + ["x", ""]): reshaped(chance, member) for name, member in value.items()}
    return [reshaped(chance, member) for member in value] if isinstance(value, list) else value


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("path", [path for path in CASES if path.suffix != ".jsonl"], ids=lambda path: path.parent.name)
@given(st.integers(0, 2**32).map(random.Random))
def test_any_value_can_be_anywhere(path: Path, chance: random.Random) -> None:
    trees = [reshaped(chance, tree) for tree in documents(path)]
    texts = {
        "dump.json": "\n".join(json.dumps(tree) for tree in trees),
        "template.yaml": yaml.dump_all(trees, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)),
    }
    for name, text in texts.items():
        for kind in (None, "server/ssm"):
            assert lint_input(Input(name, text.encode(), Path("/nowhere") / name), Options(EVERY_RULE, kind)).bugs == ()
