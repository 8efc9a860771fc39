"""The layout of what commands print: columns, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ..text import inert
from ..typed import Any


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned cells; the last cell is not padded."""
    every = list(rows)
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)), row[-1]]) for row in every]


def json_text(data: Any) -> str:
    """Data as a JSON document."""
    return inert(json.dumps(data, indent=2)) + "\n"
