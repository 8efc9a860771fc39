"""Releases of the server: that which a document is judged by, and those that read a setting."""

from __future__ import annotations

import re

from ...release import Clause, Release, ReleaseText, is_in_range
from ...typed import Any, Final
from ..errors import RuleError
from ..node import Node
from ..verdict import Check, Failure, Verdict
from . import TEXT, operator

_LONGEST: Final = 100
"""Characters of a range at most."""
_RELEASE: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}")


@operator(
    "server",
    schema=TEXT,
    operand="range",
    says='is a release of the server in this range, such as `">=5.0"` or `">=4.3,<5"`: `$@server`, `path@since` and `path@until` are',
    asks=lambda operand: f"be a release {operand}",
)
def server(operand: Any) -> Check:
    """The check that a release is in a range; a text that is no release is in none."""
    if len(str(operand)) > _LONGEST or not all(_RELEASE.fullmatch(Clause.of(text).number) for text in str(operand).split(",")):
        raise RuleError(f'"{operand}" is not a range of releases of the server, such as ">=5.0" or ">=4.3,<5"')

    failure = (Failure(f"must be a release {operand}"),)
    answers: dict[Release, bool] = {}  # the documents of a run are for few releases

    def check(value: Any, _node: Node) -> Verdict:
        release = value.release if isinstance(value, ReleaseText) else _release(value)
        if release is None:
            return failure
        if release not in answers:
            answers[release] = is_in_range(release, operand)
        return True if answers[release] else failure

    return check


def _release(value: Any) -> Release | None:
    return Release.of(value) if isinstance(value, str) and _RELEASE.fullmatch(value) else None
