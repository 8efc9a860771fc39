"""How a value does not fit its setting."""

from __future__ import annotations

from collections.abc import Callable

from ..model import Message, as_message
from ..typed import Final

_MISTAKES: Final = {"type": "type", "value": "word", "format": "form"}
"""What kind of mistake a mismatch in an aspect is, unless it is given."""


class Mismatch:
    """How a value does not fit: the aspect, one of :data:`~linter.conformance.mismatch.ASPECTS`, and the reason.

    The reason is a clause that reads on after the setting's name. It can be given as a function, which is called when it is asked for.
    ``part`` is the part of the aspect that it is in, where that has parts: another aspect, by which a rule can ask for it alone.
    ``mistake`` is the kind of mistake, one of ``MISTAKES`` in ``settings/build.py``; empty where the reason itself says what happens.
    ``may_be_newer`` says that no known release reads it, but that the server is newer than those: it is worth a note, whatever the rule.
    """

    __slots__ = ("_reason", "aspect", "may_be_newer", "mistake", "part")

    def __init__(
        self,
        aspect: str,
        reason: str | Message | Callable[[], Message],
        *,
        part: str = "",
        mistake: str | None = None,
        may_be_newer: bool = False,
    ) -> None:
        self.aspect = aspect
        self.part = part
        self.mistake = _MISTAKES.get(aspect, "") if mistake is None else mistake
        self._reason = reason
        self.may_be_newer = may_be_newer

    @property
    def reason(self) -> Message:
        """The reason, which reads on after the setting's name."""
        return as_message(self._reason() if callable(self._reason) else self._reason)
