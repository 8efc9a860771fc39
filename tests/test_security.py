"""SECURITY.md names tests that exist, and says what the README says."""

from __future__ import annotations

import re

from support.checkout import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_test_that_it_names_exists() -> None:
    named = re.findall(r"`(tests/\w+\.py)`", TEXT)
    assert len(named) > 8 and [name for name in named if not (ROOT / name).is_file()] == []


def test_its_links_lead_somewhere() -> None:
    for file, _, heading in re.findall(r"\]\(([\w./-]+)(#([\w-]+))?\)", TEXT):
        target = ROOT / file
        assert target.is_file(), file
        if heading:
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {title.lower().replace(" ", "-") for title in titles}


def test_every_promise_says_how_it_is_tested() -> None:
    rows = re.findall(r"^\| \*\*.*$", TEXT, re.MULTILINE)
    assert len(rows) == 12
    assert all(re.search(r"`tests/\w+\.py`[^|]*\|$", row) for row in rows)


def test_ci_fuzzes_for_a_minute_with_a_seed() -> None:
    assert '"$bin/python" -m tools.fuzz --seed 1 --seconds 60\n' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_no_person_is_named() -> None:
    assert "@" not in TEXT
