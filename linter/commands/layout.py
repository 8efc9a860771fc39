"""The layout of what commands print: columns, JSON, and numbers with nouns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ..text import inert
from ..typed import Any


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines whose cells stand in columns; the last one is not padded."""
    every = list(rows)
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)), row[-1]]) for row in every]


def json_text(data: Any) -> str:
    """Data as a JSON document."""
    return inert(json.dumps(data, indent=2)) + "\n"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with a noun, such as ``1 finding`` or ``2 findings``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
