"""Lines of a file as they may be shown: what every origin shows them by. What masks them is imported when a line is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from ..text import Excerpt, Piece, Span, Text
from ..typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..redaction.json_line import JsonExcerpts
    from ..redaction.token_line import LineExcerpts
    from ..redaction.values import Public, Visibility


def never() -> None:
    """What a value may be seen as that may not be seen."""


class Lines(Protocol):
    """Lines of a file as they may be shown: all that may be secret is masked."""

    def excerpt(self, span: Span, *, show: Callable[[], Public | None]) -> Excerpt:
        """The line on which a span starts; the value that stands there may be seen as one of the settings that ``show`` gives.

        That is asked only where the line itself does not tell what its value is.
        """

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""


class JsonLines:
    """Lines of a JSON text. ``visibility`` says what may be shown of it; it is asked once."""

    def __init__(self, text: Text, visibility: Callable[[], Visibility]) -> None:
        self._text = text
        self._ask = visibility

    @cached_property
    def _lines(self) -> JsonExcerpts:
        from ..redaction.json_line import JsonExcerpts

        return JsonExcerpts(self._text, self._ask())

    def excerpt(self, span: Span, *, show: Callable[[], Public | None], anchor: Callable[[], int] | None = None) -> Excerpt:
        """See :meth:`Lines.excerpt`; ``anchor`` gives where a long line is shown from, if that is not the span itself."""
        return self._lines.excerpt(span, anchor, show=show)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`Lines.pieces`."""
        return self._lines.pieces(part)


class TokenLines:
    """Lines of YAML, or of a list of variables; the tokens are looked for once, and ``visibility`` is asked once."""

    def __init__(self, lines: Callable[[], LineExcerpts], visibility: Callable[[], Visibility]) -> None:
        self._read = lines
        self._ask = visibility
        self._last: tuple[object, Excerpt] | None = None

    @cached_property
    def _lines(self) -> LineExcerpts:
        return self._read()

    @cached_property
    def _visibility(self) -> Visibility:
        return self._ask()

    def excerpt(self, span: Span, *, show: Callable[[], Public | None]) -> Excerpt:
        """See :meth:`Lines.excerpt`."""
        shown = show()
        if self._last is None or self._last[0] != (span, shown):
            self._last = (span, shown), self._lines.excerpt(span, self._visibility, show=shown)
        return self._last[1]

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`Lines.pieces`."""
        return self._lines.pieces(part, self._visibility)
