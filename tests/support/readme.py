"""What README.md says, as the tests read it."""

from __future__ import annotations

import re

from .checkout import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text beneath a heading of the second rank."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of each row of a section's tables, heads included."""
    lines = re.findall(r"^\| (.*) \|$", section(title), re.MULTILINE)
    return [re.split(r"(?<!\\) \| ", line) for line in lines]


def code(cell: str) -> list[str]:
    """What stands in code marks."""
    return re.findall(r"`([^`]+)`", cell)


def first_column(title: str) -> list[str]:
    """What stands in code marks in the first column of a section's tables."""
    return [word for row in rows(title) if row[0].startswith("`") for word in code(row[0])]
