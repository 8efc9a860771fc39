"""Digests of inputs from which nothing can be learnt about a secret, for reports that say what they are about."""

from __future__ import annotations

import re
from itertools import count

from ..model import Digest, Document
from ..text import MASK
from ..typed import Final

_SIGN: Final = rf"[^\w{MASK[0]}]"
_HIDDEN: Final = re.compile(rf"(?<!{_SIGN})(?:{_SIGN}*{MASK})+{_SIGN}*")
"""Masks with the signs and line ends around them: those between two can be of one secret, whose words and lines they would count."""


def digest_of(document: Document) -> Digest:
    """The digest of the file of a document.

    Neither the characters of what is hidden nor their number enter it, for a short secret could be found by trying.
    """
    from hashlib import sha256

    text, lines = document.text, list[str]()
    is_masked = text.encoding != "utf-8"  # whose bytes are not known here
    for number in count(1):
        try:
            pieces = list(document.origin.pieces(text.line_span(number)))
        except IndexError:
            break
        is_masked = is_masked or any(piece.masked for piece in pieces)
        lines.append("".join(piece.text for piece in pieces))
    data = _HIDDEN.sub(MASK, "\n".join(lines)) if is_masked else f"{text.bom}{text.content}"
    return Digest("masked content" if is_masked else "content", sha256(data.encode(errors="surrogateescape")).hexdigest())
