"""What the quick subset of the tests holds: all that a change of a rule, a source or a reporter is most likely to break."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from support.checkout import ROOT, run
from support.contract import source_names
from support.quick import FEW

from linter.reporters import names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collected() -> Counter[str]:
    """How many cases of each test are in it."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", "-m", "not slow"]
    lines = run(*command, cwd=ROOT).stdout.splitlines()
    return Counter(line.partition("[")[0] for line in lines if "::" in line)


def test_every_fixture_and_the_examples_of_every_rule(collected: Counter[str]) -> None:
    assert collected["tests/test_fixtures.py::test_findings"] == len([*(ROOT / "tests" / "fixtures").glob("*/input.*")])
    assert collected["tests/test_rule_file.py::test_every_built_in_rule_proves_itself"] == 1


def test_every_source_and_every_reporter(collected: Counter[str]) -> None:
    for test in ("test_it_has_a_fixture", "test_it_has_a_row_in_the_readme", "test_it_bears_hostile_bytes", "test_it_bears_random_changes"):
        assert collected[f"tests/test_source_contract.py::{test}"] == len(source_names())
    for test in ("test_its_golden_file", "test_it_writes_every_finding_that_counts", "test_it_gives_no_secret_away"):
        assert collected[f"tests/test_reporter_contract.py::{test}"] == len(names())


def test_a_few_cases_of_each_other_test(collected: Counter[str]) -> None:
    whole = (
        *("tests/test_source_contract.py", "tests/test_reporter_contract.py", "tests/test_fixtures.py"),
        "tests/test_rule_file.py::test_every_built_in_rule_is_in_block_style",
    )
    assert {test: cases for test, cases in collected.items() if cases > FEW and not test.startswith(whole)} == {}
    assert collected["tests/test_every_setting.py::test_a_wrong_value_in_json"] > FEW / 2
