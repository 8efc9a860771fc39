"""Source lines that are safe to show.

Everything except punctuation and blanks is masked unless it is a name or a value. A value is shown only after its name, if that is known
not to be a secret's: an unknown name may be a misspelt secret. A name is shown only if it is known, because a secret can end up as a name
(``password: {hunter2}``, or a misplaced quote).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from ..patterns import pattern
from ..text import MASK, Excerpt, Piece, Span, Text, printable
from ..typed import Final
from .credentials import without_credentials
from .tokens import Token, Tokens
from .values import LONGEST_LEGIBLE, Public, Visibility, shown_text, visible_text

_WIDEST: Final = 160
"""The maximum length of a masked line that is shown from its start on."""
_SHOWN_OF_LONG: Final = 100
"""The shown length of a longer one."""
_KEPT: Final = 64
"""The number of masked short lines that are cached: an excerpt, its place and a fingerprint use the same ones in a row."""
_SIGNS: Final = pattern(r"""(?:[\s\-:{}\[\],?="']|\bexport\b)*""")
_BLOCK_HEADER: Final = pattern(r"[|>][-+0-9]{0,2}")
_SUPPRESSION: Final = pattern(r"#+[ \t]*medplum-lint[ \t]*:.*", re.DOTALL)
_QUOTES: Final = frozenset("\"'")
_HARMLESS: Final = frozenset({"true", "false", "null", '""'})


class MaskedLines:
    """Lines of a text whose names and values are ``tokens``; ``visibility`` says what may be shown of these."""

    def __init__(self, text: Text, tokens: Tokens, visibility: Visibility) -> None:
        self._text = text
        self._tokens = tokens
        self._visibility = visibility
        self._short = lru_cache(maxsize=_KEPT)(self._short_line)

    def excerpt(self, span: Span, public: Public | None = None, anchor: Callable[[], int] | None = None) -> Excerpt:
        """The line on which ``span`` starts, masked. A name at the span itself is shown, because a finding is about it.

        ``public`` is the setting as which the value at ``span`` may be shown if the name before it does not tell, as for ``value:`` below
        ``name: MEDPLUM_PORT``. ``anchor`` is the start of the member's name, from which a long line is shown if that is near; by default
        the last name before.
        """
        line, whole = self._text.line_around(span.start)
        short = self._short(whole)
        if short is not None:
            is_masked = any(piece.masked and piece.start <= span.end and span.start <= piece.end for piece in short)
            return _excerpt(line, whole, span, self._pieces(whole, span, public) if is_masked else short, whole.start, _WIDEST)
        first = max(whole.start, span.start - _SHOWN_OF_LONG + 1)
        near = anchor() if anchor is not None else self._tokens.name_before(first, span.start)
        start = near if near is not None and first <= near <= span.start else span.start
        part = Span(start, min(whole.end, span.start + self._tokens.farthest))
        return _excerpt(line, whole, span, self._pieces(part, span, public), start, _SHOWN_OF_LONG)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """A part of one line, in pieces; see :meth:`linter.model.Origin.pieces`."""
        short = self._short(part)
        return self._pieces(part) if short is None else iter(short)

    def _short_line(self, part: Span) -> list[Piece] | None:
        """The pieces of a line that is short enough to be shown whole; None for a longer one.

        The length after masking counts: the cut must not reveal the length of the masked text.
        """
        pieces: list[Piece] = []
        shown = 0
        for piece in self._pieces(part):
            shown += len(piece.text)
            if shown > _WIDEST:
                return None
            pieces.append(piece)
        return pieces

    def _pieces(self, part: Span, span: Span | None = None, public: Public | None = None) -> Iterator[Piece]:
        at = part.start
        for token in self._tokens.within(part):
            seen = Span(max(token.span.start, part.start), min(token.span.end, part.end))
            if at < seen.start:
                yield from self._gap(at, seen.start)
            yield from self._token(token, seen, span, public)
            at = seen.end
        if at < part.end:
            yield from self._gap(at, part.end)

    def _gap(self, start: int, end: int) -> Iterator[Piece]:
        """The text between tokens: punctuation and blanks are shown; a comment, and anything else, can be secret."""
        content = self._text.content
        signs = _SIGNS.match(content, start, end)
        at = signs.end() if signs is not None else start
        if at > start:
            yield _piece(start, at, content[start:at])
        if content.startswith("#", at, end):
            comment = content[at:end]  # a suppression comment is shown
            shown = without_credentials(comment) if _SUPPRESSION.fullmatch(comment) else f"# {MASK}"
            yield _piece(at, end, shown, shown != comment)
        elif at < end:
            last = end
            while last > at and (content[last - 1].isspace() or content[last - 1] in "{["):
                last -= 1
            if last > at:
                yield _piece(at, last, MASK, True)
            if last < end:
                yield _piece(last, end, content[last:end])

    def _token(self, token: Token, seen: Span, span: Span | None, own: Public | None) -> Iterator[Piece]:
        """What to show for a token, of which ``seen`` is in the shown part of the line."""
        start, end = seen
        if token.role == "comment":
            yield _piece(start, start + 2, self._text.content[start : start + 2])
            if end > start + 2:
                yield _piece(start + 2, end, f" {MASK}", True)
            return
        written = self._text.content[start:end]
        is_start = start == token.span.start
        is_line = seen == token.span or self._text.is_in_a_line(token.span)
        shown: str | None = None
        if token.role in ("name", "member"):
            shown = written if seen == token.span and self._shows_name(token, span) else None
        else:
            public = self._visibility.value_at(token.span.start, token.name)
            if public is None and token.span == span:
                public = own
            if is_line:
                shown = _shown_value(token, written, public)
            elif is_start and written.startswith(("|", ">")):
                if _BLOCK_HEADER.fullmatch(written):  # else a comment follows it
                    yield _piece(start, end, written, not _is_public_json(token, public))
                    return
            elif _is_public_json(token, public):
                shown = written
        if shown is not None:
            yield _piece(start, end, shown, shown != written)
        elif is_start:
            quote = written[0] if token.role in ("member", "value") and is_line and written[0] in _QUOTES else ""
            yield _piece(start, end, f"{quote}{MASK}{quote}", True)
        else:  # a line that continues a value
            text = written.lstrip()
            if len(text) < len(written):
                yield _piece(start, end - len(text), " " * (len(written) - len(text)))
            yield _piece(end - len(text), end, MASK, True)

    def _shows_name(self, token: Token, span: Span | None) -> bool:
        """Whether a name may be shown: it is known, or public, or the name of a variable that a finding is about."""
        name = token.name or ""
        if token.role == "member":
            is_sure = not token.doubtful or self._visibility.public(name) is not None
            return is_sure and self._visibility.known(name) and self._visibility.closed(token.span.start) != "all"
        return token.span == span or self._visibility.known(name) or self._visibility.public(name) is not None


def _shown_value(token: Token, written: str, public: Public | None) -> str | None:
    """What may be shown of a written value; None if nothing."""
    if written in _HARMLESS or (written == "''" and token.role == "value"):
        return written
    if token.text is None:
        return None
    if token.doubtful:
        return written if public is not None and shown_text(token.text, public) == token.text else None
    shown = visible_text(token.text, public)
    if shown is None or shown == token.text:
        return None if shown is None else written
    quote = written[0] if written[0] in _QUOTES else ""
    return f"{quote}{shown}{quote}"


def _is_public_json(token: Token, public: Public | None) -> bool:
    """Whether a value is JSON that may be shown whole; no other value over several lines is shown."""
    text = token.text or ""
    if len(text) > LONGEST_LEGIBLE or not text.lstrip().startswith(("[", "{")) or public is None or callable(public):
        return False
    return shown_text(text, public) == text


def _piece(start: int, end: int, text: str, masked: bool = False) -> Piece:
    return Piece(start, end, printable(text.replace("\t", " ")), masked)


def _excerpt(line: int, whole: Span, span: Span, pieces: Iterable[Piece], start: int, width: int) -> Excerpt:
    """The masked line ``whole``, or ``width`` of its visible characters from ``start`` on, where ``pieces`` begin."""
    text = "…" if start > whole.start else ""
    width += len(text)
    first = last = -1
    end, seen, is_masked = whole.end, 0, False
    for piece in pieces:
        if len(text) >= width:
            break
        seen = piece.end
        piece = _cut(piece, width - len(text))
        end = piece.end
        is_masked = is_masked or (piece.masked and piece.start < max(span.end, span.start + 1) and span.start < end)
        is_as_written = not piece.masked and len(piece.text) == end - piece.start  # else the underlined part is all that represents it
        if first < 0 and span.start < end:
            first = len(text) + (max(span.start - piece.start, 0) if is_as_written else 0)
        if last < 0 and span.end <= end:
            last = len(text) + (max(span.end - piece.start, 0) if is_as_written else len(piece.text))
        text += piece.text
    first, last = (len(text) if at < 0 else at for at in (first, last))
    # The part of the span that is cut off may be masked.
    is_masked = is_masked or seen < min(span.end, whole.end)
    return Excerpt(line, f"{text}…" if end < whole.end else text, first, max(last, first + 1), is_masked)


def _cut(piece: Piece, width: int) -> Piece:
    """As much of a piece as there is room for. A mask is never cut."""
    text = piece.text[:width]
    if text == piece.text:
        return piece
    if not piece.masked and len(piece.text) == piece.end - piece.start:
        return Piece(piece.start, piece.start + width, text)
    if text.endswith(MASK[0]):
        text = f"{text.rstrip(MASK[0])}{MASK}"
    return Piece(piece.start, max(piece.end - 1, piece.start + 1), text, piece.masked)
