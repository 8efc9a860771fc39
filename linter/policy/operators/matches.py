"""Patterns, on Google's RE2: linear time, so that no pattern of a rule can hang on any value."""

from __future__ import annotations

from ...typed import Any
from ..errors import RuleError
from ..node import Node
from ..template import literal_text
from ..verdict import Check, Failure, Verdict
from . import TEXT, operator


@operator(
    "matches",
    schema=TEXT,
    operand="pattern",
    says="is a text that matches from its first to its last character, in the [syntax of RE2](https://github.com/google/re2/wiki/Syntax)",
    has_templates=False,
    asks=lambda operand: f"match {literal_text(operand)}",
)
def matches(operand: Any) -> Check:
    pattern: list[Any] = []

    def compiled() -> Any:
        if not pattern:
            import re2  # 9 ms: only for a rule that uses it on a value that is there

            options = re2.Options()
            options.log_errors = False
            try:
                pattern.append(re2.compile(str(operand), options))
            except re2.error as error:
                detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
                raise RuleError(f"not a pattern that RE2 can read: {detail}") from None
        return pattern[0]

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, str):
            return (Failure("must be a string"),)
        text = value.encode("utf-8", "replace").decode("utf-8")
        return True if compiled().fullmatch(text) else (Failure(f"must match {operand}"),)

    check.prepare = compiled  # type: ignore[attr-defined]  # lets the reader of a user's rule find a bad pattern at once
    return check
