"""What the quick suite holds: all that a change of a rule, a source, a reporter or a command is most likely to break."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from support.checkout import ROOT, run
from support.contract import source_names

from linter.reporters import names

pytestmark = pytest.mark.slow


def collected(marks: str) -> frozenset[str]:
    """The tests that ``-m`` chooses."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--numprocesses", "0", "--collect-only", "-q", "-m", marks]
    return frozenset(line for line in run(*command, cwd=ROOT).stdout.splitlines() if "::" in line)


@pytest.fixture(scope="module")
def quick() -> frozenset[str]:
    """The tests that ``pytest`` runs."""
    return collected("not slow")


@pytest.fixture(scope="module")
def slow() -> frozenset[str]:
    """The tests that ``pytest -m slow`` runs."""
    return collected("slow")


@pytest.fixture(scope="module")
def cases(quick: frozenset[str]) -> Counter[str]:
    """How many cases of each test are in it."""
    return Counter(test.partition("[")[0] for test in quick)


def test_every_test_is_quick_or_slow(quick: frozenset[str], slow: frozenset[str]) -> None:
    """What hypothesis tries is both."""
    assert quick | slow == collected("")
    assert quick & slow == quick & collected("hypothesis")


def test_every_fixture_and_the_examples_of_every_rule(cases: Counter[str]) -> None:
    assert cases["tests/test_fixtures.py::test_findings"] == len([*(ROOT / "tests" / "fixtures").glob("*/input.*")])
    assert cases["tests/test_rule_file.py::test_every_built_in_rule_proves_itself"] == 1


def test_every_source_and_every_reporter(cases: Counter[str]) -> None:
    for test in (
        "test_it_has_a_fixture",
        "test_it_has_a_row_among_the_inputs",
        "test_it_survives_hostile_bytes",
        "test_it_survives_random_changes",
    ):
        assert cases[f"tests/test_source_contract.py::{test}"] == len(source_names())
    for test in ("test_its_golden_file", "test_it_writes_every_finding_that_counts", "test_it_reveals_no_secret"):
        assert cases[f"tests/test_reporter_contract.py::{test}"] >= len(names())


@pytest.mark.parametrize("name", ["docs", "generated", "help", "command_mistakes", "cli", "output", "outputs"])
def test_every_command_and_the_whole_readme(quick: frozenset[str], slow: frozenset[str], name: str) -> None:
    assert [test for test in quick if test.startswith(f"tests/test_{name}.py::")] != []
    assert [test for test in slow - quick if test.startswith(f"tests/test_{name}.py::")] == []
