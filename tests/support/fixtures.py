"""Realistic inputs: ``fixtures/CASE/input.*``."""

from __future__ import annotations

from linter.documents.inputs import Input
from linter.run import Options, Outcome, lint_input

from .contract import FIXTURES
from .helpers import EVERY_RULE

CASES = sorted(path.parent.name for path in FIXTURES.glob("*/input.*"))


def linted(case: str) -> Outcome:
    """What every rule finds in a fixture."""
    (path,) = (FIXTURES / case).glob("input.*")
    return lint_input(Input(path.name, path.read_bytes(), path), Options(EVERY_RULE))
