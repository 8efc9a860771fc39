"""Fixing every fixture: no fix is a bug, fixing twice is fixing once, and no rule finds anything new in what it has fixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.checkout import ROOT

from linter.config import Overrides
from linter.fix import Fixes, fixed
from linter.run import Options, Outcome, lint_paths

FIXTURES = ROOT / "tests" / "fixtures"
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.name not in ("expected.txt", "verdicts.txt", "README.md"))


def fix(path: Path, instead: Mapping[str, bytes] | None = None, *, unsafe: bool = True) -> Fixes:
    def check(contents: Mapping[str, bytes]) -> Outcome:
        options = Options(Overrides(pedantic=True), keep_contents=True, instead={**(instead or {}), **contents}, allow_unrecognized=True)
        return lint_paths([str(path)], options)

    return fixed(check, unsafe=unsafe)


def by_rule(fixes: Fixes) -> Counter[str]:
    return Counter(finding.rule for finding in fixes.outcome.result.findings)


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_fixture(path: Path) -> None:
    plain = lint_paths([str(path)], Options(Overrides(pedantic=True), allow_unrecognized=True))
    found = Counter(finding.rule for finding in plain.result.findings)
    for unsafe in (False, True):
        fixes = fix(path, unsafe=unsafe)
        assert fixes.bugs == () and (unsafe or fixes.refused == ())
        assert by_rule(fixes) <= found
        again = fix(path, {file.uri: file.after for file in fixes.files}, unsafe=unsafe)
        assert again.files == ()
