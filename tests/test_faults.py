"""``tools/faults.py``: every seeded fault fits its file, and one is really planted and caught."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.checkout import ROOT, needs_git

sys.path.insert(0, str(ROOT / "tools"))

from faults import Fault, main, outdated, read_faults  # noqa: E402

FAULTS = read_faults()
MADE_UP = Fault("made-up", "a promise", "file.py", "if one:\n\n    two", "if not one:\n    two", ())


def test_there_are_enough_each_with_a_name_of_its_own() -> None:
    names = Counter(fault.name for fault in FAULTS)
    assert len(names) >= 40
    assert {name: count for name, count in names.items() if count > 1 or re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", name) is None} == {}


def test_each_fits_its_file() -> None:
    assert outdated(FAULTS) == []


@pytest.mark.slow
def test_each_is_code_that_runs() -> None:
    for fault in FAULTS:
        if fault.file.endswith(".py"):
            ast.parse(fault.planted((ROOT / fault.file).read_text(encoding="utf-8")), fault.name)


def test_each_names_tests_that_are_there() -> None:
    named = {(fault.name, *test.partition("::")[::2]) for fault in FAULTS for test in fault.tests}
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for _, file, _ in named if (ROOT / file).is_file()}
    assert [one for one in named if one[1] not in sources or f"def {one[2].rpartition('::')[2]}" not in sources[one[1]]] == []
    assert [fault.name for fault in FAULTS if not fault.tests or fault.file.startswith("tests/")] == []


def test_lines_are_found_and_planted_as_they_are_indented() -> None:
    assert MADE_UP.planted("a\n    if one:\n\n        two()\n") == "a\n    if not one:\n        two()\n"


@pytest.mark.parametrize(("content", "count"), [("if one:\n\ntwo", 0), ("if one:\n\n    two\n" * 2, 2)])
def test_one_that_does_not_fit_is_named(tmp_path: Path, content: str, count: int) -> None:
    (tmp_path / "file.py").write_text(content, encoding="utf-8")
    assert outdated([MADE_UP], tmp_path) == [f"the fault made-up no longer fits file.py, where its text stands {count} times"]


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{one.name} ({one.file}): {one.breaks}" for one in FAULTS]


@pytest.mark.slow
def test_a_fault_is_planted_and_caught(capsys: pytest.CaptureFixture[str]) -> None:
    needs_git()
    assert main(["--jobs", "1", "junit-counts-no-failures"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("caught      junit-counts-no-failures by tests/test_junit.py::")
    assert last == "1 of 1 faults are caught"
