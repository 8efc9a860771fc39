"""How a value does not fit its setting."""

from __future__ import annotations

from collections.abc import Callable

from ..model import Message, as_message
from ..typed import Final, NamedTuple

_MISTAKES: Final = {"type": "type", "value": "word", "format": "form"}
"""What kind of mistake a mismatch in an aspect is, unless it is given."""


class Mismatch(NamedTuple):
    """How a value does not fit: the aspect, one of :data:`~linter.conformance.mismatch.ASPECTS`, and the reason.

    The reason is a clause that reads on after the setting's name. It can be given as a function, which is called when it is asked for.
    ``part`` is the part of the aspect that it is in, where that has parts: another aspect, by which a rule can ask for it alone.
    ``may_be_newer`` says that no known release reads it, but that the server is newer than those: it is worth a note, whatever the rule.
    """

    aspect: str
    says: str | Message | Callable[[], Message]
    part: str = ""
    may_be_newer: bool = False
    kind: str | None = None
    """The kind of mistake, if it is not that of the aspect."""

    @property
    def reason(self) -> Message:
        """The reason, which reads on after the setting's name."""
        return as_message(self.says() if callable(self.says) else self.says)

    @property
    def mistake(self) -> str:
        """The kind of mistake, one of ``MISTAKES`` in ``settings/build.py``; empty where the reason itself says what happens."""
        return _MISTAKES.get(self.aspect, "") if self.kind is None else self.kind
