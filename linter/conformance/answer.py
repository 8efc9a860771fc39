"""How a value does not fit its setting."""

from __future__ import annotations

from collections.abc import Callable


class Mismatch:
    """How a value does not fit: the aspect, one of :data:`~linter.conformance.mismatch.ASPECTS`, and the reason.

    The reason is a clause that reads on after the setting's name. It can be given as a function, which is called when it is asked for.
    """

    __slots__ = ("_reason", "aspect")

    def __init__(self, aspect: str, reason: str | Callable[[], str]) -> None:
        self.aspect = aspect
        self._reason = reason

    @property
    def reason(self) -> str:
        """The reason, as a clause."""
        return self._reason if isinstance(self._reason, str) else self._reason()
