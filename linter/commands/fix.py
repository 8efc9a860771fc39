"""``--diff``: what fixes would change in files, as a unified diff in which secrets are masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ..fixes.plan import FixedFile
from ..model import UNKNOWN, Document, prefixes
from ..patterns import pattern
from ..server.effective import leaves
from ..text import MASK, Span, inert, printable
from ..typed import Final

_LINE: Final = pattern(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_CONTEXT: Final = 3
"""Lines around a change, as diff(1) shows."""


def unified_diff(file: FixedFile) -> str:
    """The diff of a file.

    Lines are compared as they are and shown as in a report, so that no secret is visible. If something is masked in the removed lines, new
    settings in the added lines are masked too, unless the removed lines show their values: under another name, or taken out of a URL, a
    value may count as public.
    """
    old, new = (_LINE.findall(documents[0].text.content) for documents in (file.old, file.new))
    lines = [f"--- {printable(file.uri)}", f"+++ {printable(file.uri)}"]
    moved = _new_values(file)
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        gone = [number for tag, i1, i2, _, _ in group if tag != "equal" for number in range(i1, i2)]
        hidden = _masked_before(file.old, gone, moved)
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, i1, i2, j1, j2 in group:
            lines += _shown(file.old, " " if tag == "equal" else "-", i1, i2)
            lines += _shown(file.new, "+", j1, j2, hidden) if tag != "equal" else ()
    return "".join(f"{inert(line)}\n" for line in lines)


def _new_values(file: FixedFile) -> list[tuple[Span, str]]:
    """The texts and numbers of settings that are new in the file, in order: their places and values.

    A reference counts as a text, though its value is not known.
    """
    known = {parent for document in file.old for path, _ in leaves((), document.data) for parent in prefixes(path)}
    found = {
        (span := document.locate(path), document.text.content[span.start : span.end].strip("\"'") if value is UNKNOWN else str(value))
        for document in file.new
        for path, value in leaves((), document.data)
        if path not in known and (type(value) in (str, int, float) or value is UNKNOWN)
    }
    return sorted(found)


def _masked_before(documents: Sequence[Document], gone: Sequence[int], new: Sequence[tuple[Span, str]]) -> list[Span]:
    """Which of the new values are masked because the removed lines, counted from 0, hide something and do not show them."""
    if not new:
        return []
    text = documents[0].text
    lines = [text.line_span(number + 1) for number in gone]
    pieces = [piece for line in lines for document in documents for piece in document.origin.pieces(line)]
    masked = {(piece.start, piece.end) for piece in pieces if piece.masked}
    if not masked:
        return []
    seen = {text.content[piece.start : piece.end].strip("\"'") for piece in pieces if (piece.start, piece.end) not in masked}
    return [span for span, value in new if value not in seen]


def summary(files: Sequence[FixedFile], *, made: bool) -> str:
    """How many findings are fixed in how many files, or would be."""
    findings = sum(file.findings for file in files)
    fixed = "fixed" if made else "would be fixed"
    return f"{findings} finding{'' if findings == 1 else 's'} {fixed} in {len(files)} file{'' if len(files) == 1 else 's'}"


def _shown(documents: Sequence[Document], sign: str, first: int, last: int, hidden: Sequence[Span] = ()) -> Iterator[str]:
    text = documents[0].text
    for number in range(first + 1, last + 1):
        span = text.line_span(number)
        yield sign + _masked(documents, span, [one for one in hidden if one.start < span.end and span.start < one.end])
        if span.end == len(text.content):
            yield "\\ No newline at end of file"


def _masked(documents: Sequence[Document], line: Span, hidden: Sequence[Span]) -> str:
    """A line with everything masked that any document of its file masks: a Secret can share a file with other documents."""
    parts: list[str] = []
    at = line.start
    for span in hidden:
        text = documents[0].text.content[span.start : span.end]
        quote = text[0] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else ""
        parts += [_pieces(documents, Span(at, max(at, span.start))), f"{quote}{MASK}{quote}"]
        at = max(at, min(span.end, line.end))
    return "".join([*parts, _pieces(documents, Span(at, line.end))])


def _pieces(documents: Sequence[Document], part: Span) -> str:
    shown = [list(document.origin.pieces(part)) for document in documents]
    if len({tuple((piece.start, piece.end) for piece in pieces) for pieces in shown}) > 1:
        return MASK
    return "".join(next((piece for piece in same if piece.masked), same[0]).text for same in zip(*shown, strict=True))


def _range(start: int, end: int) -> str:
    """A range of lines as in diff(1): from 1, without the length if it is 1."""
    count = end - start
    return f"{start + (count > 0)}{'' if count == 1 else f',{count}'}"
