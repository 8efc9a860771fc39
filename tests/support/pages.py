"""What the pages of the documentation say, as the tests read it."""

from __future__ import annotations

import re

from .checkout import ROOT


def text_of(page: str) -> str:
    """A page of ``docs/`` by its name, or README.md."""
    return (ROOT / page if page == "README.md" else ROOT / "docs" / page).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """The text beneath a heading of the second rank."""
    return text_of(page).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of a text's tables, heads included."""
    lines = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)
    return [re.split(r"(?<!\\) \| ", line) for line in lines]


def code(cell: str) -> list[str]:
    """What stands in code marks."""
    return re.findall(r"`([^`]+)`", cell)


def first_column(text: str) -> list[str]:
    """What stands in code marks in the first column of a text's tables."""
    return [word for row in rows(text) if row[0].startswith("`") for word in code(row[0])]
