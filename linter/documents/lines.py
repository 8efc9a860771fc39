"""Lines of a file as they may be shown: what every origin shows them by. What masks them is imported when a line is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from ..text import Excerpt, Piece, Span, Text
from ..typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..redaction.token_line import LineExcerpts
    from ..redaction.values import Public, Visibility


class Lines(Protocol):
    """Lines of a file as they may be shown: all that may be secret is masked."""

    def excerpt(self, span: Span, *, show: Public | None) -> Excerpt:
        """The line on which a span starts; with ``show`` the value that stands there may be seen as one of these settings."""

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""


class JsonLines:
    """Lines of a JSON text. ``visibility`` says what may be shown of it; it is asked once."""

    def __init__(self, text: Text, visibility: Callable[[], Visibility]) -> None:
        self._text = text
        self._ask = visibility
        self._short: dict[int, bool] = {}
        self._last: tuple[object, Excerpt] | None = None
        """The excerpt that was asked for last: reports ask whether something is masked, and then for the line."""

    @cached_property
    def _visibility(self) -> Visibility:
        return self._ask()

    def excerpt(self, span: Span, *, show: Public | None, anchor: int | None = None) -> Excerpt:
        """See :meth:`Lines.excerpt`; ``anchor`` is where a long line is shown from, if that is not the span itself."""
        asked = (span, show, anchor)
        if self._last is None or self._last[0] != asked:
            from ..redaction.json_line import excerpt

            near = span.start if anchor is None else anchor
            self._last = asked, excerpt(self._text, span, near, self._visibility, show=show, short=self._short)
        return self._last[1]

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`Lines.pieces`."""
        from ..redaction.json_line import line_pieces

        return line_pieces(self._text, part, self._visibility)


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

    def excerpt(self, span: Span, *, show: Public | None) -> Excerpt:
        """See :meth:`Lines.excerpt`."""
        if self._last is None or self._last[0] != (span, show):
            self._last = (span, show), self._lines.excerpt(span, self._visibility, show=show)
        return self._last[1]

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`Lines.pieces`."""
        return self._lines.pieces(part, self._visibility)
