"""Digests of files that reveal nothing about their secrets, so that a report can identify what was checked."""

from __future__ import annotations

import re
from itertools import count

from ..model import Digest, Document
from ..text import MASK
from ..typed import Final

_SIGN: Final = rf"[^\w{MASK[0]}]"
_HIDDEN: Final = re.compile(rf"(?<!{_SIGN})(?:{_SIGN}*{MASK})+{_SIGN}*")
"""Masks with the punctuation and line ends around them, which would count the words and lines of a secret that is masked in pieces."""


def digest_of(document: Document) -> Digest:
    """The digest of the file of a document.

    Neither hidden characters nor their number enter it, because a short secret could be found by trying.
    """
    from hashlib import sha256

    text, lines = document.text, list[str]()
    is_masked = text.encoding != "utf-8"  # its bytes are not known here
    for number in count(1):
        try:
            pieces = list(document.origin.pieces(text.line_span(number)))
        except IndexError:
            break
        is_masked = is_masked or any(piece.masked for piece in pieces)
        lines.append("".join(piece.text for piece in pieces))
    data = _HIDDEN.sub(MASK, "\n".join(lines)) if is_masked else f"{text.bom}{text.content}"
    return Digest("masked content" if is_masked else "content", sha256(data.encode(errors="surrogateescape")).hexdigest())
