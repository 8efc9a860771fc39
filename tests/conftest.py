"""How hypothesis runs: always on the same examples, and without a clock. ``HYPOTHESIS_PROFILE=explore`` looks further."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from support.contract import incomplete

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_configure() -> None:
    """Stop at a source or reporter that is not one yet: every file of tests would fail for it, each in another way."""
    lacking = incomplete()
    if lacking:
        raise pytest.UsageError("\n".join(lacking))
