"""Links between the pages of the documentation lead to a file, and to a heading in it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from support.checkout import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])


@cache
def prose(page: Path) -> str:
    """A page without its blocks of code, and without what stands in code marks."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def headings(page: Path) -> set[str]:
    """The names by which GitHub links to the headings of a page."""
    titles = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            name, _, heading = link.partition("#")
            file = (page.parent / name).resolve() if name else page
            if not link.startswith("https://") and (not file.exists() or (heading and heading not in headings(file))):
                broken.append(f"{page.relative_to(ROOT).as_posix()}: {link}")
    assert broken == []


def test_the_pages_are_linked() -> None:
    """Whoever starts at the README finds every other page."""
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in found:
            found.add(page)
            links = (link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)))
            waiting += [(page.parent / link).resolve() for link in links if link.endswith(".md") and not link.startswith("https://")]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= found
