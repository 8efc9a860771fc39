"""What an assertion can answer: it holds, it fails for these reasons, or nobody can know.

A verdict is ``True``, ``None`` (unknown) or a tuple with at least one :class:`Failure`; ``and``, ``or`` and ``not`` are Kleene's.
"""

from __future__ import annotations

from collections.abc import Callable

from ..model import Message, Part, SettingPath, as_message
from ..typed import Any, Literal, NamedTuple
from .node import Node


class Failure(NamedTuple):
    """Why an assertion is false, in words that are worked out when they are asked for: of a condition nobody asks for them.

    ``path`` leads from the node that was checked to what is wrong in it; ``other`` from the root to what it was compared with.
    ``mistake`` and ``may_be_newer`` are those of :class:`~linter.conformance.answer.Mismatch`; a setting that is missing is ``absent``.
    """

    says: str | Message | Callable[[], str | Message]
    path: SettingPath = ()
    part: Part = "value"
    other: SettingPath = ()
    may_be_newer: bool = False
    mistake: str = ""

    @property
    def reason(self) -> Message:
        """The reason, which reads on after the setting's name: ``must end with "/"``."""
        return as_message(self.says() if callable(self.says) else self.says)


Verdict = Literal[True] | None | tuple[Failure, ...]
Check = Callable[[Any, Node], Verdict]
"""A compiled assertion: takes a value and the node that it belongs to."""


def every(checks: list[Check]) -> Check:
    """All of them: false by the first that is false, else unknown if any is unknown."""
    if len(checks) == 1:
        return checks[0]

    def check(value: Any, node: Node) -> Verdict:
        verdict: Verdict = True
        for one in checks:
            answer = one(value, node)
            if answer is None:
                verdict = None
            elif answer is not True:
                return answer
        return verdict

    return check


def any_of(checks: list[Check]) -> Check:
    """One of them: true by the first that is true, else unknown if any is unknown, else false for all their reasons."""

    def check(value: Any, node: Node) -> Verdict:
        unknown = False
        failures: list[Failure] = []
        for one in checks:
            answer = one(value, node)
            if answer is True:
                return True
            if answer is None:
                unknown = True
            else:
                failures.extend(answer)
        if unknown:
            return None
        return (failures[0]._replace(says=lambda: ", or ".join(dict.fromkeys(failure.reason.text for failure in failures))),)

    return check


def negation(check: Check, says: Callable[[Any], str]) -> Check:
    """True when the other is false, false (for what ``says`` makes of the value) when it is true, unknown when it is unknown."""

    def negated(value: Any, node: Node) -> Verdict:
        answer = check(value, node)
        if answer is None:
            return None
        return (Failure(lambda: says(value), mistake="absent" if value == "" else ""),) if answer is True else True

    return negated


def implication(condition: Check, consequence: Check) -> Check:
    """``then`` where ``if`` holds; true where it does not hold; unknown where that is unknown and it would matter."""

    def check(value: Any, node: Node) -> Verdict:
        answer = condition(value, node)
        if answer is True:
            return consequence(value, node)
        if answer is None:
            return True if consequence(value, node) is True else None
        return True

    return check
