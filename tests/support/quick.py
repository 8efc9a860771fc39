"""The quick subset, ``pytest -m "not slow"``: of a sweep over many cases it runs the first few."""

from __future__ import annotations

from typing import Any

import pytest


def sweep(quick: int, whole: int) -> list[Any]:
    """The numbers of a sweep, from 0, in two parts, of which the second one is slow: ``for seed in seeds`` in a test."""
    return [pytest.param(range(quick), id="quick"), pytest.param(range(quick, whole), id="rest", marks=pytest.mark.slow)]
