"""The quick subset, ``pytest -m "not slow"``: of a sweep over many cases it runs some."""

from __future__ import annotations

from typing import Any

import pytest

FEW = 8
"""Cases of a test in the quick subset at most, unless its mark ``quick_cases`` says otherwise."""


def is_quick(config: pytest.Config) -> bool:
    """Whether only the quick subset is asked for."""
    return bool(config.option.markexpr == "not slow")


def keep_few_cases(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect all but a few cases of each test, spread evenly."""
    by_test: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_test.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for cases in by_test.values():
        mark = cases[0].get_closest_marker("quick_cases")
        step = -(-len(cases) // (mark.args[0] if mark is not None else FEW))
        for number, item in enumerate(cases):
            (dropped if number % step else kept).append(item)
    config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def part_and_all(step: int) -> list[Any]:
    """For a test that loops over cases: every ``step``-th of them, and all, which is slow; ``cases[part]`` in the test."""
    return [pytest.param(slice(None, None, step), id="some"), pytest.param(slice(None), id="all", marks=pytest.mark.slow)]
