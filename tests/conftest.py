"""Which tests are slow, which may connect, and how hypothesis runs: on the same examples, on fewer in the quick suite, without a clock.

``HYPOTHESIS_PROFILE=explore`` looks further.
"""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings
from support import offline
from support.contract import incomplete
from support.processor_time import ProcessorTime, add_options
from support.quick import is_quick, mark_slow

from linter.settings import declare_secrets

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("quick", settings.get_profile("steady"), max_examples=5)
settings.register_profile("explore", max_examples=5_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that limit processor time."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how hypothesis runs, and stop at a source or reporter that is not one yet, for which every test would fail in its own way."""
    offline.guard()
    config.pluginmanager.register(ProcessorTime(config))
    usual = "quick" if is_quick(config) else "steady"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))
    lacking = incomplete()
    if lacking:
        raise pytest.UsageError("\n".join(lacking))


def pytest_collection() -> None:
    """Turn the garbage collector off during collection: nothing that is made there is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Turn it on again, and keep it from walking over the collected tests each time."""
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test connect only if it is marked."""
    offline.allow(loopback=item.get_closest_marker("loopback") is not None)


def pytest_runtest_teardown() -> None:
    """Let no test find settings that the configuration of an earlier one calls secret."""
    declare_secrets(())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow, before ``-m`` counts."""
    mark_slow(items, quick=is_quick(config))
