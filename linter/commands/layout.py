"""The layout of what commands print: columns, JSON, and the names of documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ..model import Document
from ..redaction.mask import environment_text
from ..text import inert, printable
from ..typed import Any


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned cells; the last cell is not padded."""
    every = list(rows)
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)), row[-1]]) for row in every]


def document_name(document: Document) -> str:
    """The path of a document, with its environment as an argument names it: ``dump.json#prod``."""
    return printable(document.uri) + (f"#{environment_text(document.environment)}" if document.environment else "")


def not_read_text(why: str, names: Sequence[str]) -> str:
    """What was not read, with the names of the settings that it may give if these are known."""
    return printable(f"{why} ({', '.join(names)})" if names else why)


def json_text(data: Any) -> str:
    """Data as a JSON document."""
    return inert(json.dumps(data, indent=2)) + "\n"
