"""Patterns, on Google's RE2: linear time, so that no pattern of a policy can hang on any value.

If it is not installed, since it has no wheels for Alpine Linux, Python's own engine runs the patterns of the built-in rules, and no others.
"""

from __future__ import annotations

import re

from ...typed import Any
from ..errors import RuleError
from ..node import Node
from ..template import literal_text
from ..verdict import Check, Verdict, failed
from . import TEXT, operator


def _without_re2() -> str:
    try:
        import re2  # noqa: F401
    except ModuleNotFoundError:
        return "a pattern needs the package google-re2, which is not installed: pip install google-re2"
    return ""


@operator(
    "matches",
    schema=TEXT,
    operand="pattern",
    says="is a text that matches from its first to its last character, in the [syntax of RE2](https://github.com/google/re2/wiki/Syntax)",
    has_templates=False,
    unsafe_here=_without_re2,
    denial=lambda operand, _value: f"must not match {literal_text(operand)}",
)
def matches(operand: str) -> Check:
    pattern = _compiled(operand)

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, str):
            return failed("must be a string")
        return True if pattern.fullmatch(value.encode("utf-8", "replace").decode()) else failed(f"must match {operand}")

    return check


def _compiled(operand: str) -> Any:
    try:
        import re2  # 9 ms: only for a rule that uses it on a given value
    except ModuleNotFoundError:
        return re.compile(operand)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(operand, options)
    except re2.error as error:
        detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise RuleError(f"not a pattern that RE2 can read: {detail}") from None
