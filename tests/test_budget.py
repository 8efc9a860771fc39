"""``benchmarks/budget.py``: what has grown is named by run and module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT))

from benchmarks import budget  # noqa: E402

RUNS = budget.runs
BEFORE = {"clean file": {"": 1_000, "linter.a": 600, "linter.b": 400}}


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ({"linter.a": 600, "linter.b": 450}, []),
        ({"linter.a": 550, "linter.b": 400}, []),
        (
            {"linter.a": 600, "linter.b": 451},
            ["clean file: 1,000 calls before, 1,051 now (+5.1%)\n  linter.b: 400 before, 451 now"],
        ),
        (
            {"linter.a": 400, "linter.b": 400, "linter.c": 20},
            ["clean file: 1,000 calls before, 820 now (-18.0%)\n  linter.a: 600 before, 400 now\n  linter.c: 0 before, 20 now"],
        ),
    ],
)
def test_what_has_changed_is_named(after: dict[str, int], says: list[str]) -> None:
    assert budget.changed(BEFORE, {"clean file": after}) == says


def test_numbers_are_read_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "BUDGET", tmp_path / "budget.tsv")
    budget.BUDGET.write_text(budget.text_of({"clean file": {"linter.b": 400, "linter.a": 600}}), encoding="utf-8")
    assert budget.read() == (f"{sys.version_info.major}.{sys.version_info.minor}", BEFORE)


@pytest.mark.slow
def test_there_are_numbers_for_each_run(tmp_path: Path) -> None:
    assert list(budget.read()[1]) == [name for name, _ in budget.runs(tmp_path)]


@pytest.mark.slow
def test_a_module_that_makes_more_calls_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, kept = budget.read()
    own = {name: calls for name, calls in kept["clean file"].items() if name}
    largest = max(own, key=own.__getitem__)
    before = {"clean file": {**own, largest: 1, "": sum(own.values()) - own[largest] + 1}}
    monkeypatch.setattr(budget, "read", lambda: (f"{sys.version_info.major}.{sys.version_info.minor}", before))
    monkeypatch.setattr(budget, "runs", lambda folder: list(RUNS(folder))[:1])
    assert budget.main([]) == 1
    assert f"\n  {largest}: 1 before, " in capsys.readouterr().out
