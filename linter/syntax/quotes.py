"""Quoted texts with escapes, of any length: where one ends, and the meaning of its escapes.

A regular expression that chooses at each character (``(?:[^"\\\\]|\\\\.)*``) remembers every choice, at 60 bytes each; and replacing all
escapes at once takes as much for each of them. These functions take no more than the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..patterns import pattern
from ..typed import Final

_BLOCK: Final = 1 << 16
"""The number of characters in which escapes are replaced at once."""
_ESCAPE: Final = pattern(r"\\.", re.DOTALL)


def closing_quote(content: str, start: int, *, escapes: bool = True) -> int:
    """The offset of the quote that closes the one at ``start``; -1 if there is none. With ``escapes`` one after a backslash does not."""
    quote = content[start]
    at = content.find(quote, start + 1)
    while escapes and at >= 0 and _is_escaped(content, start + 1, at):
        at = content.find(quote, at + 1)
    return at


def _is_escaped(content: str, start: int, at: int) -> bool:
    """Whether an odd number of backslashes precedes a character. Each backslash is examined for one quote only."""
    before = at
    while before > start and content[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def is_nothing_but_references(text: str) -> bool:
    """Whether a text is just ``${NAME}``, or several of them: it is meant to be replaced, whatever quotes it is in."""
    return text.lstrip().startswith("${") and text.rstrip().endswith("}")


def replace_escapes(text: str, meaning: Callable[[re.Match[str]], str]) -> str:
    """A text with each backslash and the character after it replaced by ``meaning``."""
    if "\\" not in text:
        return text
    blocks: list[str] = []
    at = 0
    while at < len(text):
        end = min(at + _BLOCK, len(text))
        end += _is_escaped(text, at, end)
        blocks.append(_ESCAPE.sub(meaning, text[at:end]))
        at = end
    return "".join(blocks)
