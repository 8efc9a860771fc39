"""``--diff``: what fixes would change in files, as a unified diff in which secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from ..fix import FixedFile
from ..model import Document
from ..text import MASK, Span, inert, printable

_CONTEXT: Final = 3
"""Lines around a change, as diff(1) shows."""
_SHORTEST: Final = 4
"""Characters of a text that says something: what is shorter stands in too much else."""


def unified_diff(file: FixedFile) -> str:
    """The diff of a file. Lines are compared as they are and shown as a report shows them, so that nothing of a secret is seen.

    What is masked in a line that goes is masked in those that come, too: under another name it may be public.
    """
    old, new = _lines(file.old), _lines(file.new)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    lines = [f"--- {printable(file.uri)}", f"+++ {printable(file.uri)}"]
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        hidden = _hidden(file.old, [number for tag, i1, i2, _, _ in group if tag != "equal" for number in range(i1, i2)])
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += _shown(file.old, " ", i1, i2)
            else:
                lines += [*_shown(file.old, "-", i1, i2), *_shown(file.new, "+", j1, j2, hidden)]
    return "".join(f"{inert(line)}\n" for line in lines)


def _hidden(documents: Sequence[Document], numbers: Sequence[int]) -> re.Pattern[str] | None:
    """What finds the texts that are masked in lines, from 0, and the words in them: a URL is taken apart by some fixes."""
    texts: set[str] = set()
    text = documents[0].text
    for number in numbers:
        for document in documents:
            for piece in document.origin.pieces(text.line_span(number + 1)):
                if piece.masked:
                    raw = text.content[piece.start : piece.end].strip("\"' ")
                    texts |= {part for part in (raw, *re.split(r"[^\w.-]+", raw)) if len(part) >= _SHORTEST and part not in piece.text}
    return re.compile("|".join(re.escape(part) for part in sorted(texts, key=lambda part: (-len(part), part)))) if texts else None


def summary(files: Sequence[FixedFile], *, made: bool) -> str:
    """How many findings are fixed in how many files, or would be."""
    findings = sum(file.findings for file in files)
    fixed = "fixed" if made else "would be fixed"
    return f"{findings} finding{'' if findings == 1 else 's'} {fixed} in {len(files)} file{'' if len(files) == 1 else 's'}"


def _lines(documents: Sequence[Document]) -> list[str]:
    """The lines of a text, each with its line end, for what differs in that differs."""
    document = documents[0]
    content = document.text.content
    starts = [document.text.line_span(number).start for number in range(1, document.text.position(len(content)).line + 1)]
    return [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)], strict=True)]


def _shown(documents: Sequence[Document], sign: str, first: int, last: int, hidden: re.Pattern[str] | None = None) -> Iterator[str]:
    text = documents[0].text
    for number in range(first + 1, last + 1):
        span = text.line_span(number)
        if span.start < span.end or number < last or span.start < len(text.content):
            yield sign + _masked(documents, span, hidden)
            if span.end == len(text.content):
                yield "\\ No newline at end of file"


def _masked(documents: Sequence[Document], line: Span, hidden: re.Pattern[str] | None) -> str:
    """A line of which all is masked that any document of its file masks: one of them may be a Secret, beside others that are none."""
    shown = [list(document.origin.pieces(line)) for document in documents]
    if len({tuple((piece.start, piece.end) for piece in pieces) for pieces in shown}) > 1:
        return MASK
    pieces = [next((piece for piece in same if piece.masked), same[0]) for same in zip(*shown, strict=True)]
    if hidden is None:
        return "".join(piece.text for piece in pieces)
    return "".join(piece.text if piece.masked else hidden.sub(MASK, piece.text) for piece in pieces)


def _range(start: int, end: int) -> str:
    """Lines as diff(1) counts them: from 1, the number left out where it is one."""
    count = end - start
    return f"{start + 1 if count else start}" if count == 1 else f"{start + 1 if count else start},{count}"
