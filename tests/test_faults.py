"""``tools/faults.py``: every seeded fault fits its file, and one is really planted and caught."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.checkout import ROOT, needs_git

sys.path.insert(0, str(ROOT / "tools"))

from faults import Change, Fault, at_random, by_relevance, changes, main, outdated, read_faults, run  # noqa: E402

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


def project(root: Path, files: dict[str, str]) -> Path:
    """A project with these files, all of them known to git."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


PROJECT = {
    "linter/sums.py": "def plus(one, other):\n    return one + other  # and nothing else\n",
    "linter/signs.py": "def sign(number):\n    return -1 if number < 0 else 1\n",
    "tests/test_apart.py": "def test_of_none():\n    assert True\n",
    "tests/test_faults.py": "def test_it_fits():\n    assert 'nothing else' in open('linter/sums.py').read()\n",
    "tests/test_sums.py": "from linter.sums import plus\n\ndef test_plus():\n    assert plus(2, 2) == 4\n",
}
UNSEEN = Fault("not-seen", "nothing", "linter/sums.py", "nothing else", "no more", ("tests/test_apart.py",))
SEEN_BY_ANOTHER = UNSEEN._replace(name="seen-by-another", old="one + other", new="one - other")
SEEN = SEEN_BY_ANOTHER._replace(name="seen", tests=("tests/test_sums.py",))


@pytest.mark.slow
def test_a_fault_that_no_test_catches_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though ``tests/test_faults.py`` fails, as it does for every fault."""
    needs_git()
    assert run([UNSEEN, SEEN_BY_ANOTHER, SEEN], 1, project(tmp_path, PROJECT)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "NOT CAUGHT  not-seen, which breaks: nothing",
        "caught      seen-by-another by tests/test_sums.py::test_plus, not by tests/test_apart.py: name that test",
        "caught      seen by tests/test_sums.py::test_plus",
        "2 of 3 faults are caught",
    ]


@pytest.mark.slow
def test_a_test_that_fails_for_any_edit_catches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs_git()
    sizes = {"tests/test_sizes.py": "import os\n\ndef test_size():\n    assert os.path.getsize('linter/sums.py') == 64\n"}
    faults = [UNSEEN._replace(tests=("tests/test_sizes.py",)), SEEN]
    root = project(tmp_path, PROJECT | {"linter/sums.py": f"{PROJECT['linter/sums.py']:<63}\n"} | sizes)
    assert run(faults, 1, root) == 1
    assert capsys.readouterr().out.splitlines() == [
        "caught      not-seen by tests/test_sizes.py::test_size",
        "caught      seen by tests/test_sums.py::test_plus",
        "tests/test_sizes.py::test_size fails for any edit of linter/sums.py",
        "NOT CAUGHT  not-seen, which breaks: nothing",
        "1 of 2 faults are caught",
    ]


@pytest.mark.slow
def test_a_fault_is_planted_and_caught(capsys: pytest.CaptureFixture[str]) -> None:
    needs_git()
    assert main(["--jobs", "1", "junit-counts-no-failures"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("caught      junit-counts-no-failures by tests/test_junit.py::")
    assert last == "1 of 1 faults are caught"


# Faults at random

CODE = '''"""A docstring."""
from typing import Final

LEAST: Final["int"] = 0


def first(names: "list[str]") -> "str | None":
    """Another."""
    if names and not names[0].startswith("é") or len(names) > 1_000:
        return names[-1] + min(names)
    return None
'''


def test_what_may_change() -> None:
    assert [(change.line, change.old, change.new) for change in changes(CODE)] == [
        (4, "0", "1"),
        (9, "if", "if not"),
        (9, "and", "or"),
        (9, "not", ""),
        (9, "0", "1"),
        (9, "startswith", "endswith"),
        (9, '"é"', '"éx"'),
        (9, "or", "and"),
        (9, ">", ">="),
        (9, "1_000", "999"),
        (10, "names[-1] + min(names)", "None"),
        (10, "-", "+"),
        (10, "1", "0"),
        (10, "+", "-"),
        (10, "min", "max"),
    ]
    assert Change(10, 27, "min", "max").made(CODE) == CODE.replace("min(", "max(")


def test_the_same_seed_draws_the_same_faults(tmp_path: Path) -> None:
    root = project(tmp_path, PROJECT | {"linter/twice.py": "def one():\n    return 7\n\n\ndef two():\n    return 7\n"})
    drawn = at_random(100, 1, root)
    assert drawn == at_random(100, 1, root) and drawn != at_random(100, 2, root)
    assert at_random(3, 1, root) == drawn[:3]
    assert outdated(drawn, root) == []
    assert {(fault.old, fault.new) for fault in drawn if fault.file == "linter/twice.py"} == {
        ("def one():\n    return 7", "def one():\n    return 6"),
        ("def one():\n    return 7", "def one():\n    return None"),
        ("def two():\n    return 7", "def two():\n    return 6"),
        ("def two():\n    return 7", "def two():\n    return None"),
    }


def test_those_drawn_can_be_kept_and_planted_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.yaml"
    assert main(["--list", "--keep", str(kept), FAULTS[0].name, FAULTS[-1].name]) == 0
    listed = capsys.readouterr().out
    assert read_faults(kept) == [FAULTS[0], FAULTS[-1]]
    assert main(["--list", "--faults", str(kept)]) == 0 and capsys.readouterr().out == listed


def test_tests_of_a_file_come_first(tmp_path: Path) -> None:
    root = project(tmp_path, PROJECT)
    assert by_relevance("linter/sums.py", root)[0] == "tests/test_sums.py"
