"""docs/recipes.md, whose blocks are the files of ``recipes/`` that people copy: ``<!-- recipe: NAME -->`` before a block says which."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "recipes.md"
RECIPES: Final = ROOT / "recipes"
BLOCK: Final = re.compile(r"<!-- recipe: (?P<name>[^>]+) -->\n```(?P<language>\w+)\n.*?^```$", re.DOTALL | re.MULTILINE)


def build() -> str:
    """The page with every recipe as its file is now."""
    return BLOCK.sub(_filled, PAGE.read_text(encoding="utf-8"))


def _filled(match: re.Match[str]) -> str:
    text = (RECIPES / match["name"]).read_text(encoding="utf-8")
    return f"<!-- recipe: {match['name']} -->\n```{match['language']}\n{text}```"
