"""How a value does not fit its setting."""

from __future__ import annotations

from collections.abc import Callable


class Mismatch:
    """How a value does not fit: the aspect, one of :data:`~linter.conformance.mismatch.ASPECTS`, and the reason.

    The reason is a clause that reads on after the setting's name. It can be given as a function, which is called when it is asked for.
    ``part`` is the part of the aspect that it is in, where that has parts: another aspect, by which a rule can ask for it alone.
    ``may_be_newer`` says that no known release reads it, but that the server is newer than those: it is worth a note, whatever the rule.
    """

    __slots__ = ("_reason", "aspect", "may_be_newer", "part")

    def __init__(self, aspect: str, reason: str | Callable[[], str], *, part: str = "", may_be_newer: bool = False) -> None:
        self.aspect = aspect
        self.part = part
        self._reason = reason
        self.may_be_newer = may_be_newer

    @property
    def reason(self) -> str:
        """The reason, as a clause."""
        return self._reason if isinstance(self._reason, str) else self._reason()
