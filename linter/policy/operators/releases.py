"""Releases of the server: the one that a document is checked against, and those that read a setting."""

from __future__ import annotations

import re
from functools import cache

from ...release import Clause, Release, ReleaseText, is_in_range
from ...typed import Any, Final
from ..errors import RuleError
from ..node import Node
from ..verdict import Check, Verdict, failed
from . import TEXT, operator

_LONGEST: Final = 100
"""The maximum length of a range, in characters."""
_RELEASE: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")


@operator(
    "server",
    schema=TEXT,
    operand="range",
    says='is a release of the server in this range, such as `">=5.0"` or `">=4.3,<5"`: `$@server`, `path@since` and `path@until` are',
    denial=lambda operand, _value: f"must not be a release {operand}",
)
def server(operand: str) -> Check:
    """The check that a release is in a range; a text that is not a release is in none."""
    if len(operand) > _LONGEST or not all(_RELEASE.fullmatch(Clause.of(text).number) for text in operand.split(",")):
        raise RuleError(f'"{operand}" is not a range of releases of the server, such as ">=5.0" or ">=4.3,<5"')

    @cache  # cached: the documents of a run are for few releases
    def is_within(release: Release) -> bool:
        return is_in_range(release, operand)

    failure = failed(f"must be a release {operand}")

    def check(value: Any, _node: Node) -> Verdict:
        release = value.release if isinstance(value, ReleaseText) else None
        if release is None and isinstance(value, str) and _RELEASE.fullmatch(value):
            release = Release.of(value)
        return True if release is not None and is_within(release) else failure

    return check
