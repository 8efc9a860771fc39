"""Fixing every fixture: no fix is a bug, fixing twice is fixing once, and nothing new that is found is as grave as what is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.checkout import ROOT

from linter.config import Overrides
from linter.fix import Fixes, fixed
from linter.model import LEVELS
from linter.run import Options, Outcome, lint_paths

FIXTURES = ROOT / "tests" / "fixtures"
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.name not in ("expected.txt", "verdicts.txt", "README.md"))
LEFT_OUT = {"env-mistakes/input.env", "infra-mistakes/input.json", "kubernetes-mistakes/input.yaml", "twelve-mistakes/input.json"}
"""Where a safe fix would bring another finding, so that it is left out."""


def fix(path: Path, instead: Mapping[str, bytes] | None = None, *, unsafe: bool = True) -> Fixes:
    def check(contents: Mapping[str, bytes]) -> Outcome:
        options = Options(Overrides(pedantic=True), keep_contents=True, instead={**(instead or {}), **contents}, allow_unrecognized=True)
        return lint_paths([str(path)], options)

    return fixed(check, unsafe=unsafe)


def by_rule(outcome: Outcome) -> Counter[str]:
    return Counter(finding.rule for finding in outcome.result.findings)


def gravest(outcome: Outcome, rules: Counter[str]) -> int:
    """The level of the gravest finding of some rules; a number behind those of all levels where there is none."""
    return min((LEVELS.index(finding.severity) for finding in outcome.result.findings if finding.rule in rules), default=len(LEVELS))


def is_made_whole(fixes: Fixes) -> bool:
    return any(new.complete and not old.complete for file in fixes.files for old, new in zip(file.old, file.new, strict=True))


@pytest.mark.quick_cases(38)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_fixture(path: Path) -> None:
    plain = lint_paths([str(path)], Options(Overrides(pedantic=True), allow_unrecognized=True))
    found = by_rule(plain)
    for unsafe in (False, True):
        fixes = fix(path, unsafe=unsafe)
        assert fixes.bugs == ()
        assert unsafe or bool(fixes.refused) == (path.relative_to(FIXTURES).as_posix() in LEFT_OUT)
        left = by_rule(fixes.outcome)
        assert left <= found or is_made_whole(fixes) or gravest(fixes.outcome, left - found) > gravest(plain, found - left)
        again = fix(path, {file.uri: file.after for file in fixes.files}, unsafe=unsafe)
        assert again.files == ()
