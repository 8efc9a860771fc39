"""Processor time is measured in all processes of a run, and limited if an option says so."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processor time is measured on Unix")

CONFTEST = """
from support.processor_time import ProcessorTime, add_options as pytest_addoption

def pytest_configure(config):
    config.pluginmanager.register(ProcessorTime(config))
"""
TESTS = """
import subprocess, sys, time

BUSY = "import time\\nwhile time.process_time() < 1: pass"

def test_cheap(): pass

def test_that_waits(): time.sleep(1)

def test_in_a_child(): subprocess.run([sys.executable, "-S", "-c", BUSY], check=True)
"""
SAYS = " s of processor time, and a quick test may take 0.2 s: make it cheaper, or mark it slow"


@pytest.mark.parametrize("workers", [pytest.param("0", marks=pytest.mark.slow), "1"])
def test_a_test_that_takes_too_long_fails_the_run(tmp_path: Path, workers: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-p", "xdist", "-p", "no:cacheprovider", "-n", workers, "--rootdir", tmp_path, tmp_path)
    limits = ("--cpu-limit", "0.2", "--cpu-budget", "0.1")
    failed = run(*command, *limits, cwd=tmp_path, status=1, PYTHONPATH=str(ROOT / "tests"), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").stdout
    said = [line for line in failed.splitlines() if "make " in line]
    assert [line.partition(" takes ")[0] for line in said[:-1]] == ["test_it.py::test_in_a_child"]
    assert said[0].endswith(SAYS)
    assert said[-1].startswith("all tests take ") and "may take 0.1 s" in said[-1]
    assert "3 passed" in failed
