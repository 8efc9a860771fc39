"""Source lines as they may be shown, for every origin. The masking code is imported when a line is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ..text import Text
from ..typed import TYPE_CHECKING

if TYPE_CHECKING:
    from ..redaction.lines import MaskedLines
    from ..redaction.tokens import Tokens
    from ..redaction.values import Visibility


class Lines:
    """Lines of a file with everything masked that may be secret.

    ``visibility`` says what may be shown of them, and ``tokens`` what their names and values are; JSON needs none. Each is called once.
    """

    def __init__(self, text: Text, visibility: Callable[[], Visibility], tokens: Callable[[], Tokens] | None = None) -> None:
        self.text = text
        self._visibility = visibility
        self._tokens = tokens

    @cached_property
    def masked(self) -> MaskedLines:
        """The lines with everything masked, worked out when the first is asked for."""
        from ..redaction.lines import MaskedLines
        from ..redaction.tokens import JsonTokens

        tokens = JsonTokens(self.text.content) if self._tokens is None else self._tokens()
        return MaskedLines(self.text, tokens, self._visibility())
