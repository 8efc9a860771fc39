"""Texts for SARIF and GitHub: one-line sentences, without markup except in ``help.markdown``."""

from __future__ import annotations

import re

from ..typed import Final
from ._words import one_line

_DESCRIPTION: Final = 1024
"""The number of characters of a description that GitHub shows."""
_PLAIN: Final = str.maketrans("{}[]", "()()")
_FENCE: Final = re.compile(r"^[ \t]*(```|~~~).*\n?", re.MULTILINE)
_LINK: Final = re.compile(r"\[([^][]*)\]\(([^()\s]*)\)")


def plain(text: str) -> str:
    """The text without anything that SARIF would read as a placeholder or a link."""
    return text.translate(_PLAIN)


def sentence(text: str) -> str:
    """One line that ends with a period, if it says anything."""
    line = plain(one_line(text)).rstrip(":;,")
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."


def shortened(text: str) -> str:
    """A description, cut at the 1,024 characters that GitHub shows."""
    return text if len(text) <= _DESCRIPTION else f"{text[: _DESCRIPTION - 3]}..."


def plain_markdown(markdown: str) -> str:
    """Markdown as plain text: links written out, code in quotes, no fences."""
    text = _LINK.sub(r"\1 (\2)", _FENCE.sub("", markdown))
    return plain(re.sub("`+", "'", text)).strip()


def first_paragraph(text: str) -> str:
    """The text before the first empty line."""
    return re.split(r"\n\s*\n", text, maxsplit=1)[0]
