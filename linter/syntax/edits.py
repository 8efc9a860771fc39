"""Edits of a text: some spans are replaced, and every other character stays as it is."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from itertools import chain

from ..model import gathered
from ..patterns import pattern
from ..text import Edit as Edit
from ..text import Span, Text
from ..typed import Any, Final, TypeVar
from .places import JsonPath

T = TypeVar("T")
_BREAK: Final = pattern(r"[\r\n]")


class Overlap(Exception):
    """Two edits replace the same characters, or insert at one place, so that no order of the two is right."""


def apply_edits(content: str, edits: Iterable[Edit]) -> str:
    """A text with all edits applied. Raises :exc:`Overlap`; a duplicate edit is applied once."""
    pieces: list[str] = []
    at = 0
    for edit in _in_order(edits):
        pieces += (content[at : edit.span.start], edit.text)
        at = edit.span.end
    return "".join((*pieces, content[at:]))


def apply_to(text: Text, edits: Iterable[Edit], *, without_mark: bool = False) -> str:
    """A whole file with all edits applied, and its byte order mark, unless that is removed."""
    return ("" if without_mark else text.bom) + apply_edits(text.content, edits)


class Taken:
    """Edits that are to be applied, and whether others conflict with them.

    An insertion next to an item relies on the item staying. Edits that both sides have do not conflict.
    """

    def __init__(self) -> None:
        self._ordered: list[Edit] = []

    def meet(self, others: Iterable[Edit]) -> bool:
        """Whether some edits touch others, apart from identical ones."""
        new = set(others)
        shared = {edit for edit in new if edit in self._near(edit)}
        return any(not shared.issuperset(self._near(edit)) for edit in new - shared)

    def _near(self, edit: Edit) -> list[Edit]:
        """The edits that touch one. Later ones do not: no edit in here is within another."""
        index = end = bisect_right(self._ordered, edit.span.end, key=lambda one: one.span.start)
        while index > 0 and self._ordered[index - 1].span.end >= edit.span.start:
            index -= 1
        return self._ordered[index:end]

    def add(self, edits: Iterable[Edit]) -> None:
        """Take more edits."""
        for edit in edits:
            if edit not in self._near(edit):
                insort(self._ordered, edit)


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    ordered = sorted(set(edits))
    for before, after in zip(ordered, ordered[1:], strict=False):
        if after.span.start < before.span.end or (after.span.start == before.span.start and _inserts(before) and _inserts(after)):
            raise Overlap(f"the edits of {_where(before)} and of {_where(after)} overlap")
    return ordered


def _where(edit: Edit) -> str:
    return f"characters {edit.span.start} to {edit.span.end}"  # not the text there, which may be a secret


def _inserts(edit: Edit) -> bool:
    return edit.span.start == edit.span.end


def nearest(items: Sequence[T], index: int) -> list[T]:
    """Items, those next to an index first."""
    return [item for _, item in sorted(enumerate(items), key=lambda numbered: abs(numbered[0] + 0.5 - index))]


def index_in(order: Sequence[str], names: Sequence[str], name: str) -> int:
    """Where a new name goes among ``names``: the index of the one after it, or their number.

    It goes after the nearest of those that precede it in the order, else before the nearest that follows it, else to the end.
    """
    if name not in order:
        return len(names)
    wanted, standing = order.index(name), {one: index for index, one in enumerate(names)}
    behind = (standing[one] + 1 for one in reversed(order[:wanted]) if one in standing)
    before = (standing[one] for one in order[wanted + 1 :] if one in standing)
    return next(chain(behind, before), len(names))


def grouped(order: Sequence[str], names: Sequence[str], new: Iterable[str]) -> dict[int, list[str]]:
    """New names by the index at which they go among ``names``, those of one index in the wanted order."""
    ranks = {name: rank for rank, name in enumerate(order)}
    return gathered((index_in(order, names, name), name) for name in sorted(new, key=lambda name: ranks.get(name, len(ranks))))


def value_at(value: Any, path: JsonPath) -> Any:
    """The value at a path; raises :exc:`LookupError` if there is none."""
    for step in path:
        if isinstance(value, dict) if isinstance(step, str) else isinstance(value, list) and step >= 0:
            value = value[step]
        else:
            raise LookupError(step)
    return value


# --- Lines ----------------------------------------------------------------------------------------------------------------------------


def line_start(content: str, at: int) -> int:
    """Where the line of a character starts."""
    return max(content.rfind("\n", 0, at), content.rfind("\r", 0, at)) + 1


def line_end(content: str, at: int) -> int:
    """Where the line of a character ends, before its line end."""
    found = _BREAK.search(content, at)
    return found.start() if found is not None else len(content)


def after_break(content: str, at: int) -> int:
    """The offset after the line end at ``at``, if there is one."""
    if content.startswith("\r\n", at):
        return at + 2
    return at + 1 if at < len(content) and content[at] in "\r\n" else at


def before_break(content: str, at: int, least: int = 0) -> int:
    """The offset of the line end that ends at ``at``."""
    return max(at - (2 if content.endswith("\r\n", least, at) else 1), least)


def after_blanks(content: str, at: int, blanks: str = " \t") -> int:
    """The offset after the spaces and tabs, or other given characters, at ``at``."""
    while at < len(content) and content[at] in blanks:
        at += 1
    return at


def before_blanks(content: str, at: int, least: int = 0) -> int:
    """The start of the spaces and tabs before ``at``."""
    while at > least and content[at - 1] in " \t":
        at -= 1
    return at


def indentation(content: str, at: int) -> str:
    """The spaces and tabs at the start of a character's line."""
    start = line_start(content, at)
    return content[start : after_blanks(content, start)]


def break_near(content: str, at: int) -> str:
    """The line end nearest to a character: before it, else after it; ``\\n`` if the text is one line."""
    start = line_start(content, at)
    end = line_end(content, at)
    return content[before_break(content, start) : start] or content[end : after_break(content, end)] or "\n"


def newline_at(content: str, end: int, at: int) -> str:
    """The line end at the end of a line, else the one used around ``at``."""
    return content[end : after_break(content, end)] or break_near(content, at)


def without_lines(content: str, start: int, end: int) -> Edit:
    """Remove lines, the last of which ends at ``end``; a text without a final line end stays that way."""
    if end < len(content):
        return Edit(Span(start, after_break(content, end)), "")
    return Edit(Span(before_break(content, start), end), "")


def has_break(text: str) -> bool:
    """Whether a text contains a line end."""
    return "\n" in text or "\r" in text
