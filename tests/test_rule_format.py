"""``tools/format_rules.py``: the layout of rule files."""

from __future__ import annotations

import sys

import pytest
from support.checkout import ROOT
from support.contract import demand

from linter.policy.rule_set import rule_files, rules_folder

sys.path.insert(0, str(ROOT / "tools"))

from format_rules import formatted  # noqa: E402


def test_every_built_in_rule_is_formatted() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in rule_files(rules_folder())}
    demand(f"{path.name}: run python -m tools.format_rules" for path, text in texts.items() if formatted(text) != text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("must:\n  port:\n    min: 1\n", "must: {port: {min: 1}}\n"),
        ("tags: [\n  a, b]\nlinks:\n  - https://a.example\n", "tags: [a, b]\nlinks: [https://a.example]\n"),
        ("what: a, b\nsay: {this: 'it''s, so'}\n", "what: a, b\nsay: {this: 'it''s, so'}\n"),
        ("set:\n  what: a, b\n", 'set: {what: "a, b"}\n'),
        ("host:\n  name: ::1\n", 'host: {name: "::1"}\n'),
        ("when: # a reason\n  - a: 1\n    b: 2 # another\n", "when: # a reason\n  - a: 1\n    b: 2 # another\n"),
        ("cases:\n  - must:\n      port: {min: 1}\n", "cases:\n  - {must: {port: {min: 1}}}\n"),
        ("docs: |\n  One.\n\n    Two.\nid: x\n", "docs: |\n  One.\n\n    Two.\nid: x\n"),
        ("a:\n    b:\n        text: |\n            one\n", "a:\n  b:\n    text: |\n      one\n"),
        (f"a:\n  b: {'x' * 60}\n  c: {'y' * 50}\n", f"a:\n  b: {'x' * 60}\n  c: {'y' * 50}\n"),
    ],
)
def test_how_a_rule_file_is_formatted(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected
