"""Source lines that are safe to show.

A value is shown only right behind its name, and when that is known to be no secret's: an unknown name may be a misspelt secret. Where
the text could not be read, even names are shown only when they are known, for a quote in the wrong place can turn a secret into a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from ..patterns import pattern
from ..text import MASK, Excerpt, Piece, Span, Text, printable
from ..typed import Final, NamedTuple
from .values import Public, Visibility, shown_again, visible_text

WIDEST: Final = 160
"""Characters of a masked line at most that is shown from its start on."""
SHOWN_OF_LONG: Final = 100
"""Characters of a longer one that are shown."""
_FARTHEST: Final = 10_000
"""Characters of a line at most that is looked at as a whole, and behind a place of a longer one."""
_TOKEN = pattern(
    r'(?P<string>"(?:[^"\\\n\r]|\\.)*(?P<closed>")?)|(?P<blank>[^\S\n\r]+)|(?P<sign>[{}\[\]:,])'
    r'|(?P<word>(?:(?!//|/\*)[^\s{}\[\]:,"])+)|(?P<comment>/.)',
    re.DOTALL,
)
_COLON = pattern(r"[ \t\r\n]*:")
_ENDS_WELL = pattern(r"[^\S\r\n]*(?:[,\]}\r\n]|//|/\*|\Z)")
_WITHIN_A_STRING = pattern(r"[\x00-\x1f\\\ufffd]")
"""What a place inside of a string begins with: a character that must be escaped, a wrong escape, or what is not UTF-8."""
_SIGNS = " \t{}[]:,"
_MEMBER = pattern(
    r'(?P<blank>[^\S\n\r]*)(?P<name>"[^"\\\n\r]*"):(?P<space>[^\S\n\r]*)'
    r'(?P<value>(?P<quote>")[^"\\\n\r]*"|[^\s{}\[\]:,"/]+)(?P<comma>,?)'
)
"""A line as most are: a name and a value without an escape."""
_KEPT: Final = 512
"""Lines of which it is remembered what is shown."""
_HARMLESS_WORDS = frozenset({"true", "false", "null"})


class _Whole(NamedTuple):
    """A line that is shown from its start to its end: in pieces, and as a text. ``plain``: that is the line as it is written."""

    end: int
    pieces: tuple[Piece, ...]
    text: str
    plain: bool


class JsonExcerpts:
    """Excerpts of a JSON text, of which ``visibility`` says what may be shown.

    Of each line it is remembered whether that is shown whole, for there can be as many findings in one as it has characters; and of the
    last ones what is shown, for several reports, and the fingerprints of other lines, ask for the same.
    """

    def __init__(self, text: Text, visibility: Visibility) -> None:
        self._text = text
        self._visibility = visibility
        self._long: set[int] = set()
        """Where the lines start that are not shown whole."""
        self._kept: dict[int, _Whole] = {}
        """Lines that are shown whole, by where they start. What is in them depends on the text and its visibility alone."""

    def excerpt(self, span: Span, anchor: Callable[[], int] | None, *, show: Callable[[], Public | None]) -> Excerpt:
        """The line on which ``span`` starts, masked.

        ``anchor`` tells where the member's name starts if that is on the same line; a long line is shown from there on. ``show`` tells as
        which settings the value at ``span`` itself may be seen, although it stands under a name that this line does not give. Each is
        asked only where it matters, for it can take longer than all the rest.
        """
        content = self._text.content
        line, whole = self._text.line_around(span.start)
        shown = self._whole(whole)
        if shown is not None and shown.plain:
            start, end = min(span.start, whole.end) - whole.start, min(span.end, whole.end) - whole.start
            return Excerpt(line, shown.text, start, max(end, start + 1))
        if shown is not None:
            pieces: Iterable[Piece] = shown.pieces
            if any(piece.masked and piece.start == span.start for piece in pieces) and (public := show()) is not None:
                pieces = _Line(content, whole.end, self._visibility, span, public).pieces(*whole)
            return excerpt_of(line, whole, span, pieces, whole.start, WIDEST)
        near = span.start if anchor is None else anchor()
        start = near if whole.start <= near <= span.start and span.start - near < SHOWN_OF_LONG else span.start
        end = min(whole.end, start + _FARTHEST)
        reader = _Line(content, end, self._visibility, span, show())
        reader.lost = start > whole.start and _WITHIN_A_STRING.match(content, start) is not None
        return excerpt_of(line, whole, span, reader.pieces(start, end), start, SHOWN_OF_LONG)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """A part of one line, from its start on, in pieces; see :meth:`linter.model.Origin.pieces`."""
        signs = self._text.content[slice(*part)]
        if signs and not signs.strip(_SIGNS):  # as a third of the lines of most files, in which nothing is ever masked
            return iter((Piece(*part, signs.replace("\t", " ")),))
        known = self._kept.get(part.start)
        return iter(known.pieces) if known is not None and known.end == part.end else self._masked(part)

    def _masked(self, part: Span) -> Iterator[Piece]:
        return _Line(self._text.content, part.end, self._visibility, Span(0, 0), None).pieces(*part)

    def _whole(self, whole: Span) -> _Whole | None:
        """What is shown of a line that is shown whole; None of a longer one.

        What only ``show`` lets be seen of it is measured as it is here, masked as all else is.
        """
        known = self._kept.get(whole.start)
        if known is not None or whole.start in self._long:
            return known
        pieces = tuple(self._masked(whole)) if whole.end - whole.start <= _FARTHEST else ()
        if not is_shown_whole(whole, pieces):
            self._long.add(whole.start)
            return None
        if len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        text = "".join([piece.text for piece in pieces])
        plain = not any(piece.masked or len(piece.text) != piece.end - piece.start for piece in pieces)
        self._kept[whole.start] = known = _Whole(whole.end, pieces, text, plain)
        return known


def is_shown_whole(whole: Span, pieces: Iterable[Piece]) -> bool:
    """Whether a line is short enough to be shown from its start to its end.

    Only what is masked already is measured: where a line is cut must not tell how long that is which is masked.
    """
    shown, end = 0, whole.start
    for piece in pieces:
        shown, end = shown + len(piece.text), piece.end
        if shown > WIDEST:
            return False
    return end >= whole.end


def excerpt_of(line: int, whole: Span, span: Span, pieces: Iterable[Piece], start: int, width: int) -> Excerpt:
    """The masked line ``whole``, or ``width`` characters of what may be seen of it from ``start`` on, where ``pieces`` begin."""
    pieces = list(first_of(pieces, width))
    end = pieces[-1].end if pieces else whole.end
    lead, tail = "…" if start > whole.start else "", "…" if end < whole.end else ""
    under_start = len(lead) + column_of(pieces, span.start, at_end=False)
    under_end = len(lead) + column_of(pieces, min(span.end, end), at_end=True)
    hidden = is_masked(pieces, span) or end < min(span.end, whole.end)  # what is cut off may be masked
    shown_line = lead + "".join(piece.text for piece in pieces) + tail
    return Excerpt(line, shown_line, under_start, max(under_end, under_start + 1), hidden)


def first_of(pieces: Iterable[Piece], width: int) -> Iterator[Piece]:
    """The pieces of which the first ``width`` characters of a masked line are made; a mask among them is never cut."""
    left = width
    for piece in pieces:
        if left <= 0:
            return
        if len(piece.text) <= left:
            yield piece
        elif len(piece.text) == piece.end - piece.start and not piece.masked:
            yield Piece(piece.start, piece.start + left, piece.text[:left])
        else:
            text = piece.text[:left]
            text = f"{text.rstrip(MASK[0])}{MASK}" if text.endswith(MASK[0]) else text
            yield Piece(piece.start, max(piece.end - 1, piece.start + 1), text, piece.masked)
        left -= len(piece.text)


def is_masked(pieces: list[Piece], span: Span) -> bool:
    """Whether something at a span is not shown."""
    return any(piece.masked and piece.start < max(span.end, span.start + 1) and span.start < piece.end for piece in pieces)


def column_of(pieces: list[Piece], offset: int, *, at_end: bool) -> int:
    """The character of the masked line, from 0, at which one of the text stands; inside a masked piece its start or its end."""
    column = 0
    for piece in pieces:
        if offset < piece.end or (at_end and offset == piece.end):
            if not piece.masked and len(piece.text) == piece.end - piece.start:
                return column + max(offset - piece.start, 0)
            return column + (len(piece.text) if at_end else 0)
        column += len(piece.text)
    return column


class _Line:
    """Goes through the tokens of a line and keeps track of whose value each of them is."""

    def __init__(self, content: str, limit: int, visibility: Visibility, span: Span, show: Public | None) -> None:
        self._content = content
        self._limit = limit
        self._visibility = visibility
        self._span = span
        self._show = show
        self._public: Public | None = None
        """The settings of which the value that comes next, or the list that was begun, can be; None where it may not be shown."""
        self._lists = 0
        """How many lists of the value are open."""
        self._due = True
        """Whether a value can come next."""
        self._colon_due = False
        self.lost = False
        """Whether the tokens make no sense any more, or the line does not begin with one: then no value is taken for public."""

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        """The tokens from ``start`` to ``end`` with the text to show for each."""
        is_whole = self._content[end : end + 1] in ("", "\n", "\r")
        member = _MEMBER.fullmatch(self._content, start, end) if is_whole else None
        if member is None or not (member["comma"] or _COLON.match(self._content, end) is None):
            return self._tokens(start, end)
        return iter(self._member(member))

    def _member(self, member: re.Match[str]) -> list[Piece]:
        """The tokens of a line that is a member, which are those that :meth:`_tokens` finds one by one."""
        name, colon, value, comma = member.start("name"), member.end("name"), member.start("value"), member.start("comma")
        blank, space = member["blank"], member["space"]
        pieces = [Piece(member.start(), name, printable(blank.replace("\t", " ")))] if blank else []
        pieces += [Piece(name, colon, *self._name(member["name"], name)), Piece(colon, colon + 1, ":")]
        self._sign(":")
        if space:
            pieces.append(Piece(colon + 1, value, printable(space.replace("\t", " "))))
        shown = self._shown(member["value"], Span(value, comma), is_string=member["quote"] is not None, ends_well=True)
        pieces.append(Piece(value, comma, *shown))
        if member["comma"]:
            pieces.append(Piece(comma, comma + 1, ","))
        return pieces

    def _tokens(self, start: int, end: int) -> Iterator[Piece]:
        at = start
        while at < end:
            match = _TOKEN.match(self._content, at, self._limit)
            assert match is not None  # the kinds of token leave out no character of a line
            text, masked = self._text(match)
            stop = min(match.end(), end)
            if match.end() > end:
                text = text[: max(end - at, len(MASK) + 2)]
            yield Piece(at, stop, text, masked)
            at = stop
            if match.lastgroup == "comment" and at < end:
                # Nobody knows what a comment holds, or where it ends.
                yield Piece(at, end, f" {MASK}", masked=True)
                return

    def _text(self, match: re.Match[str]) -> tuple[str, bool]:
        """What to show for a token, and whether that is not all of it."""
        token = match[0]
        if match.lastgroup == "blank":
            return printable(token.replace("\t", " ")), False
        if match.lastgroup == "comment":
            return printable(token), False
        if match.lastgroup == "sign":
            self._sign(token)
            return token, False
        if match["closed"] and _COLON.match(self._content, match.end()):
            return self._name(token, match.start())
        ends_well = match["closed"] is not None and _ENDS_WELL.match(self._content, match.end()) is not None
        return self._shown(token, Span(*match.span()), is_string=match["string"] is not None, ends_well=ends_well)

    def _shown(self, token: str, span: Span, *, is_string: bool, ends_well: bool) -> tuple[str, bool]:
        """What to show for a value, and whether that is not all of it."""
        public = self._visibility.value_at(span.start, self._value())
        if public is None and self._show is not None and self._span == span:
            public = self._show
        if is_string:
            return _string(token, public if ends_well else None)
        return _word(token, public)

    def _name(self, token: str, at: int) -> tuple[str, bool]:
        name = token[1:-1]
        public = self._visibility.public(name)
        self._expected()
        self._public = None if self.lost else public
        self._lists, self._due, self._colon_due = 0, True, True
        shown = self._visibility.known(name) and (public is not None or not self.lost) and self._visibility.closed(at) != "all"
        return (printable(token), False) if shown else (f'"{MASK}"', True)

    def _value(self) -> Public | None:
        """Take a value; the settings of which it can be, or None where it may not be shown."""
        self._expected()
        public = None if self.lost else self._public
        self._due = False
        self._public = public if self._lists > 0 else None
        return public

    def _expected(self) -> None:
        """A name or a value comes: behind another one without a comma between, nobody knows what is what."""
        self.lost = self.lost or not self._due or self._colon_due

    def _sign(self, sign: str) -> None:
        if sign == ":":
            self.lost = self.lost or not self._colon_due
            self._colon_due = False
            return
        if sign == "[":
            self._lists += 1
        elif sign == "]":
            self._lists = max(self._lists - 1, 0)
        stays_in_list = sign == "[" or (sign in ",]" and self._lists > 0)
        self._public = self._public if stays_in_list else None
        self._due = sign in ",[{"


def _string(token: str, public: Public | None) -> tuple[str, bool]:
    """A string between its quotes as it may be shown, and whether something of it is masked."""
    if token == '""':
        return token, False
    value = "" if "\\" in token else token[1:-1]
    if not value and public is not None:
        with suppress(ValueError):  # a wrong escape
            value = str(json.loads(token, strict=False))
    shown = visible_text(value, public) if value else None
    if shown is None or (shown != value and "\\" in token):
        return f'"{MASK}"', True
    return printable(token if shown == value else f'"{shown}"'), shown != value


def _word(token: str, public: Public | None) -> tuple[str, bool]:
    """A number, or whatever stands without quotes."""
    if token in _HARMLESS_WORDS:
        return token, False
    shown = shown_again(token, public) if public is not None else None
    return (MASK, True) if shown is None else (printable(shown), shown != token)
