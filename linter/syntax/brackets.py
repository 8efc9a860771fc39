"""The items between brackets, in JSON or in a flow collection of YAML: inserting some in the style of the others, and removing some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from ..text import Span
from ..typed import NamedTuple
from .edits import Edit, after_blanks, after_break, before_blanks, before_break, has_break


class Item(NamedTuple):
    """A member or item from its first character to its last; ``comma`` is the place of the comma after it, -1 if there is none.

    ``step`` is its name or index, ``key`` the place of the name, quotes included; ``value`` is where the value begins.
    """

    step: str | int
    start: int
    end: int
    comma: int = -1
    key: Span | None = None
    value: int = 0


class Brackets(NamedTuple):
    """A pair of brackets in a text, and the items between them; ``comment`` matches a comment."""

    content: str
    opener: int
    closer: int
    items: tuple[Item, ...]
    comment: re.Pattern[str]

    @property
    def is_list(self) -> bool:
        """Whether its items have no names."""
        return self.content[self.opener] == "["

    @property
    def inside(self) -> str:
        """The text between the brackets."""
        return self.content[self.opener + 1 : self.closer]


class Separator(NamedTuple):
    """The text around a comma between two items: blanks, or a line end and an indentation."""

    before: str
    after: str

    @property
    def breaks(self) -> bool:
        """Whether an item begins on a line of its own."""
        return has_break(self.before) or has_break(self.after)

    @property
    def indent(self) -> str:
        """The indentation of an item's line."""
        return (self.after if has_break(self.after) else self.before).lstrip("\r\n")

    def join(self, items: Iterable[str]) -> str:
        """Items separated by this."""
        return f"{self.before},{self.after}".join(items)


class _Gap(NamedTuple):
    """The text between two tokens.

    ``line`` is the start of its last line, if the next token begins that line, apart from comments; ``commented``: there are comments
    before that line, or anywhere if there is none.
    """

    line: int | None
    commented: bool
    breaks: bool


class _Tail(NamedTuple):
    """The rest of a line: blanks and comments up to ``end``, the last comment up to ``comments``; ``ended``: nothing else follows."""

    end: int
    comments: int
    ended: bool


def _gap(brackets: Brackets, start: int, end: int) -> _Gap:
    line: int | None = None
    commented = breaks = since = False  # since: whether there are comments since the line began
    while start < end:
        comment = brackets.comment.match(brackets.content, start)
        behind = after_break(brackets.content, start)
        if comment is not None:
            behind, since = comment.end(), True
            line, breaks = (None, True) if has_break(comment[0]) else (line, breaks)
        elif behind > start:
            line, commented, breaks, since = behind, commented or since, True, False
        start = max(behind, start + 1)
    return _Gap(line, commented or (since and line is None), breaks)


def _tail(brackets: Brackets, at: int) -> _Tail:
    content, comments = brackets.content, at
    while True:
        at = after_blanks(content, at)
        comment = brackets.comment.match(content, at)
        if comment is None or has_break(comment[0]):
            return _Tail(at, comments, at == len(content) or content[at] in "\r\n")
        at = comments = comment.end()


# --- Inserting -----------------------------------------------------------------------------------------------------------------------


def separator_at(brackets: Brackets, index: int, usual: str) -> Separator:
    """The separator between an item that is inserted at ``index`` and its neighbours; ``usual``: after a comma, by default."""
    items = brackets.items
    if not items:
        return Separator("", usual)
    lead = _reduced(brackets, brackets.opener + 1, items[0].start)
    if len(items) < 2 or (index == 0 and has_break(lead)):
        return Separator("", lead if has_break(lead) else usual)
    before, after = items[max(index - 1, 0)], items[min(index, len(items) - 1)]
    if before is after:
        before, after = (items[0], items[1]) if index == 0 else (items[-2], items[-1])
    return Separator(_reduced(brackets, before.end, before.comma), _reduced(brackets, before.comma + 1, after.start))


def _reduced(brackets: Brackets, start: int, end: int) -> str:
    """The text between two tokens, without comments and empty lines."""
    content, line = brackets.content, _gap(brackets, start, end).line
    if line is not None:
        return content[before_break(content, line, start) : after_blanks(content, line)]
    gap = content[start:end]
    return gap if gap.strip(" \t") == "" else " "


def insert(brackets: Brackets, index: int, texts: Sequence[str], separator: Separator, closing: str = "", pad: str = "") -> list[Edit]:
    """Insert items in front of the one at ``index``, or after the last one.

    If there are none, ``closing`` goes in front of the closing bracket if items have lines of their own, otherwise ``pad`` inside both
    brackets.
    """
    if not brackets.items:
        return [_fill(brackets, texts, separator, closing, pad)]
    if index == 0:
        return [_in_front(brackets, texts, separator)]
    item = brackets.items[index - 1]
    lines_begin_with_comma = has_break(separator.before)
    if lines_begin_with_comma or not has_break(separator.after):
        tail = _tail(brackets, item.end)
        at = (tail.end if lines_begin_with_comma else item.end) if tail.ended else tail.comments
        return [_put(at, _ending_as(brackets, at, separator).join(["", *texts]))]
    tail = _tail(brackets, item.end if item.comma < 0 else item.comma + 1)
    separator = _ending_as(brackets, tail.end, separator)
    text = separator.after + separator.join(texts)
    if item.comma >= 0:
        return [_put(tail.end if tail.ended else item.comma + 1, f"{text},")]
    if not tail.ended or tail.end == item.end:
        return [_put(item.end, f",{text}")]
    return [_put(item.end, ","), _put(tail.end, text)]  # the rest of the item's line stays there


def _ending_as(brackets: Brackets, at: int, separator: Separator) -> Separator:
    """A separator with the local line end, if there is one: whole lines are inserted, not line ends."""
    end = brackets.content[at : after_break(brackets.content, at)]
    if not end:
        return separator
    return Separator(*(end + blanks.lstrip("\r\n") if has_break(blanks) else blanks for blanks in separator))


def _in_front(brackets: Brackets, texts: Sequence[str], separator: Separator) -> Edit:
    first = brackets.items[0]
    if _gap(brackets, brackets.opener + 1, first.start).line is None:
        return _put(first.start, separator.join([*texts, ""]))
    tail = _tail(brackets, brackets.opener + 1)
    separator = _ending_as(brackets, tail.end, separator)
    return _put(tail.end if tail.ended else brackets.opener + 1, f"{separator.after}{separator.join(texts)},")


def _fill(brackets: Brackets, texts: Sequence[str], separator: Separator, closing: str, pad: str) -> Edit:
    """Insert items if there are none. Comments stay, before the items."""
    inside, items = brackets.inside, separator.join(texts)
    if not inside.strip():
        text = f"{separator.after}{items}{closing}" if separator.breaks else f"{pad}{items}{pad}"
        return Edit(Span(brackets.opener + 1, brackets.closer), text)
    last = brackets.opener + 1 + len(inside.rstrip(" \t\r\n"))
    if separator.breaks:
        return Edit(Span(last, brackets.closer), separator.after + items + closing)
    return _put(last, f" {items}")


def _put(at: int, text: str) -> Edit:
    return Edit(Span(at, at), text)


# --- Removing -----------------------------------------------------------------------------------------------------------------------


def take_out(brackets: Brackets, gone: Iterable[int]) -> list[Edit]:
    """Remove items, with the lines and comments that belong to them alone. No new trailing comma is left."""
    indexes = sorted(gone)
    if len(indexes) == len(brackets.items):
        return [_emptied(brackets)]
    runs = [[index for _, index in run] for _, run in groupby(enumerate(indexes), lambda numbered: numbered[1] - numbered[0])]
    return [edit for first, *_, last in ([*run, run[-1]] for run in runs) for edit in _take_run(brackets, first, last)]


def _take_run(brackets: Brackets, first: int, last: int) -> list[Edit]:
    """Remove consecutive items; others stay before or after them."""
    content, items, item, final = brackets.content, brackets.items, brackets.items[first], brackets.items[last]
    if not first:
        return _take_first(brackets, last)
    previous, is_end = items[first - 1], last + 1 == len(items)
    lead = _gap(brackets, previous.comma + 1, item.start)
    comma_line = _gap(brackets, previous.end, previous.comma).line if lead.line is None else None
    tail = _tail(brackets, final.end if comma_line is not None or final.comma < 0 else final.comma + 1)
    comma = _take_comma(content, previous)
    if comma_line is not None and tail.ended:
        return [_take(comma_line, after_break(content, tail.end))]
    if lead.line is not None and tail.ended:
        return [*([comma] if final.comma < 0 else []), _take(lead.line, after_break(content, tail.end))]
    if final.comma < 0 and lead.commented and lead.breaks:
        return [comma, _take(before_blanks(content, item.start), tail.comments)]
    if final.comma < 0:
        return [_take(comma.span.start, tail.comments)]
    if lead.line is not None and not is_end:
        return [_take(item.start, after_blanks(content, final.comma + 1))]
    if (is_end or comma_line is None) and not content[final.end : final.comma].strip():
        return [_take(comma.span.start, final.end)]
    return [_take(before_blanks(content, item.start) if lead.breaks else previous.comma + 1, final.comma + 1)]


def _take_first(brackets: Brackets, last: int) -> list[Edit]:
    """Remove the first items. Unless they have lines of their own, the next item takes their place."""
    content, item, final, following = brackets.content, brackets.items[0], brackets.items[last], brackets.items[last + 1]
    lead, tail = _gap(brackets, brackets.opener + 1, item.start), _tail(brackets, final.comma + 1)
    if lead.line is not None and tail.ended:
        return [_take(lead.line, after_break(content, tail.end))]
    own = _tail(brackets, final.end)
    if own.ended and content[own.end : final.comma].strip():  # comments in front of the comma are about the next item
        return [_take(before_blanks(content, item.start), own.comments), _take(final.comma, after_blanks(content, final.comma + 1))]
    end = tail.comments if tail.ended else after_blanks(content, final.comma + 1)
    return [_take(item.start, end if content[end : following.start].strip() else following.start)]


def _take_comma(content: str, item: Item) -> Edit:
    """Remove the comma after an item that becomes the last one."""
    start = before_blanks(content, item.comma, item.end)
    return _take(item.end if not content[item.end : start].strip() else start, item.comma + 1)


def _emptied(brackets: Brackets) -> Edit:
    """Remove all items; only separate comments stay."""
    content, first, last = brackets.content, brackets.items[0], brackets.items[-1]
    lead = _gap(brackets, brackets.opener + 1, first.start)
    tail = _tail(brackets, last.end if last.comma < 0 else last.comma + 1)
    if not lead.commented and not content[tail.comments : brackets.closer].strip():
        return _take(brackets.opener + 1, brackets.closer)
    if lead.line is not None and tail.ended:
        return _take(lead.line, after_break(content, tail.end))
    return _take(before_blanks(content, first.start), tail.comments)


def _take(start: int, end: int) -> Edit:
    return Edit(Span(start, end), "")
