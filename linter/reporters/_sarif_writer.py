"""A SARIF log as JSON, safe to print and of any encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring, encode_basestring_ascii

from ..text import inert, printable
from ..typed import Any, Final
from ._json_writer import JsonWriter

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class SarifWriter:
    """Writes a log as indented JSON; with ``ascii_only`` in ASCII."""

    def __init__(self, ascii_only: bool) -> None:
        self._encoded = encode_basestring_ascii if ascii_only else encode_basestring
        self._writer = JsonWriter(self.string)

    def text(self, log: Any, depth: int = 0) -> str:
        """A log as JSON, or what is in so many objects and lists of one. Raises :exc:`TypeError` for a type that is none of JSON."""
        return self._writer.text(log, f"\n{'  ' * depth}")

    def listed(self, items: Sequence[str], depth: int) -> Iterator[str]:
        """The parts of the text of a list of values that are written already, each in so many objects and lists of a log."""
        before = f"\n{'  ' * depth}"
        for number, item in enumerate(items):
            yield f"{',' if number else '['}{before}"
            yield item
        yield f"{before[:-2]}]" if items else "[]"

    def string(self, value: str) -> str:
        """A text as a string of JSON."""
        text = self._encoded(value if value.isascii() else _SURROGATE.sub("\ufffd", value))
        plain = text.isascii() and "\x7f" not in text and "##" not in text
        return text if plain else inert(printable(text))  # an escape of JSON is written just as what is not printable is
