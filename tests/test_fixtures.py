"""Realistic inputs with what is found in them, one finding a line: ``fixtures/CASE/input.*`` and ``expected.txt``.

Their messages are in ``golden/clauses.txt``, once for all of them.

``UPDATE_GOLDEN=1 python -m pytest tests/test_fixtures.py tests/test_clauses.py`` writes what is found now; read the difference before you
keep it.
"""

from __future__ import annotations

import pytest
from support.contract import FIXTURES
from support.fixtures import CASES, linted
from support.helpers import compare_with

from linter.model import dotted
from linter.run import Outcome


def lines(outcome: Outcome) -> list[str]:
    """The status of each file, then each finding with its place, environment and setting."""
    found = [
        f"{file.path}: {' '.join(filter(None, (file.status, file.kind, file.environment, file.target, file.note)))}"
        for file in outcome.result.files
    ]
    for finding in outcome.result.findings:
        place = "{}:{}".format(*finding.document.position(finding.span.start))
        end = "{}:{}".format(*finding.document.position(finding.span.end))
        environment = f"{finding.document.environment}: " if finding.document.environment else ""
        setting = "-" if finding.path is None else dotted(finding.path)
        suppressed = "" if finding.suppressed is None else f" (suppressed: {finding.suppressed})"
        found.append(f"{place}-{end} {finding.severity}[{finding.rule}] {environment}{setting}{suppressed}")
    return found


@pytest.mark.parametrize("case", CASES)
def test_findings(case: str) -> None:
    outcome = linted(case)
    assert outcome.errors == () and outcome.bugs == ()
    assert not case.startswith("clean-") or outcome.result.findings == ()
    compare_with(FIXTURES / case / "expected.txt", "".join(f"{line}\n" for line in lines(outcome)))


def test_the_local_sample_has_only_notes() -> None:
    assert {finding.severity for finding in linted("local-sample").result.findings} <= {"note"}
