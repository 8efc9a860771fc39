"""Which tests are slow: the quick suite, ``pytest``, runs all others, and ``pytest -m slow`` runs these.

A test is slow if it is marked so, or is a case that its mark ``quick_cases(n)`` leaves out. What hypothesis tries runs in both, on few
examples in the quick suite.
"""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest


def is_quick(config: pytest.Config) -> bool:
    """Whether only the quick suite is asked for."""
    return bool(config.option.markexpr == "not slow")


def mark_slow(items: list[pytest.Item], *, quick: bool) -> None:
    """Mark what the quick suite leaves out: of each test with ``quick_cases(n)`` all but n cases, spread evenly."""
    by_test: dict[str, list[pytest.Item]] = {}
    for item in items:
        if not quick and hypothesis.is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("slow")
        elif item.get_closest_marker("slow") is None and item.get_closest_marker("quick_cases") is not None:
            by_test.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for cases in by_test.values():
        mark = cases[0].get_closest_marker("quick_cases")
        assert mark is not None
        step = -(-len(cases) // mark.args[0])
        for number, item in enumerate(cases):
            if number % step:
                item.add_marker("slow")


def part_and_all(step: int) -> list[Any]:
    """For a test that loops over cases: every ``step``-th of them, and all, which is slow; ``cases[part]`` in the test."""
    return [pytest.param(slice(None, None, step), id="some"), pytest.param(slice(None), id="all", marks=pytest.mark.slow)]
