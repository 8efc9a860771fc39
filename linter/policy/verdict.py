"""The verdict of an assertion: it holds, it fails for these reasons, or that cannot be known.

A verdict is ``True``, ``None`` (unknown) or a tuple of :class:`Failure`; ``and``, ``or`` and ``not`` are Kleene's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..model import Message, Part, SettingPath, as_message
from ..typed import Any, Literal, NamedTuple
from .node import Node


class Failure(NamedTuple):
    """Why an assertion is false. The words are computed on demand, and never for a condition.

    ``path`` leads from the node that was checked to the value that is wrong; ``other`` from the root to the value it was compared with.
    ``mistake`` and ``may_be_newer`` are those of :class:`~linter.conformance.reader.Mismatch`; a missing setting is ``absent``.
    """

    says: str | Message | Callable[[], str | Message]
    path: SettingPath = ()
    part: Part = "value"
    other: SettingPath = ()
    may_be_newer: bool = False
    mistake: str = ""

    @property
    def reason(self) -> Message:
        """The reason, which follows the setting's name: ``must end with "/"``."""
        return as_message(self.says() if callable(self.says) else self.says)


Verdict = Literal[True] | None | tuple[Failure, ...]


def failed(says: str | Message | Callable[[], str]) -> Verdict:
    """The verdict of one :class:`Failure` of the value itself."""
    return (Failure(says),)


Check = Callable[[Any, Node], Verdict]
"""A compiled assertion: takes a value and the node that it belongs to."""


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """False for the first that is false, else unknown if any is unknown, else true."""
    result: Verdict = True
    for verdict in verdicts:
        if verdict is None:
            result = None
        elif verdict is not True:
            return verdict
    return result


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """True for the first that is true, else unknown if any is unknown, else false for all their reasons, of which there may be none."""
    unknown = False
    failures: list[Failure] = []
    for verdict in verdicts:
        if verdict is True:
            return True
        if verdict is None:
            unknown = True
        else:
            failures.extend(verdict)
    if unknown:
        return None
    return tuple(
        one._replace(says=lambda: ", or ".join(dict.fromkeys(failure.reason.text for failure in failures))) for one in failures[:1]
    )
