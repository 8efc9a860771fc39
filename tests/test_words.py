"""Each word of the rule language has a user: a built-in rule, the catalogue, or a reason in docs/policy-words.md why it is for others."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.checkout import ROOT
from support.language import uses

from linter.conformance.mismatch import ASPECTS
from linter.formats import FORMATS
from linter.options.config import Overrides
from linter.policy.grammar import rule_schema
from linter.policy.node import FACTS_OF_A_DOCUMENT, FACTS_OF_A_SETTING
from linter.policy.operators import OPERATORS
from linter.run import Options, lint_paths
from linter.settings import KINDS, catalogue

SECTION = "For your own policies"


def reasons() -> dict[str, str]:
    """The words that docs/policy-words.md gives a reason for, with the reason."""
    page = (ROOT / "docs" / "policy-words.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {SECTION}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `@?([\w-]+)` \| (.+) \|$", section, re.MULTILINE))


def formats_of_the_catalogue() -> set[str]:
    known = (catalogue(kind).get(tuple(name.split("."))) for kind in KINDS for name in catalogue(kind).names())
    return {setting.format for setting in known if setting is not None}


def words() -> dict[str, tuple[set[str], set[str]]]:
    """For each sort of word those that there are, and those that have a user."""
    used = uses()
    properties, definitions = rule_schema()["properties"], rule_schema()["$defs"]
    keys = {*properties, *definitions["fix"]["properties"], *definitions["badExample"]["properties"]}
    return {
        "operator": (set(OPERATORS), set(used.operators)),
        "format": (set(FORMATS), {*used.operators["format"], *formats_of_the_catalogue()}),
        "aspect": (set(ASPECTS), set(used.operators["fits"])),
        "key": (keys, used.keys),
        "fact": ({*FACTS_OF_A_SETTING, *FACTS_OF_A_DOCUMENT}, used.facts),
    }


def test_every_word_has_a_user_or_a_reason() -> None:
    given = reasons()
    assert given
    idle = [
        f'no rule in rules/ uses the {sort} "{word}": write the rule that needs it, take it out of the language, or say what '
        f'policies of one\'s own need it for, in docs/policy-words.md, "{SECTION}"'
        for sort, (there, used) in words().items()
        for word in sorted(there - used - given.keys())
    ]
    assert not idle, "\n".join(idle)


def test_every_reason_is_needed() -> None:
    there, used = (set().union(*sets) for sets in zip(*words().values(), strict=True))
    wrong = [
        f'docs/policy-words.md, "{SECTION}", has "{word}": take the row out, for '
        f"{'a built-in rule uses it' if word in used else 'the language does not have it'}"
        for word in reasons()
        if word in used or word not in there
    ]
    assert not wrong, "\n".join(wrong)


def test_a_rule_that_is_not_enabled_is_checked_when_it_is_selected(tmp_path: Path) -> None:
    rule = {
        "id": "acme/https-only",
        "title": "baseUrl is not over https",
        "severity": "error",
        "for": "server",
        "enabled": False,
        "must": {"baseUrl": {"starts_with": "https://"}},
        "message": "${@path} ${@reason}",
        "docs": "An audit asks for it.",
        "examples": {
            "good": [{"data": {"baseUrl": "https://a.example/"}}],
            "bad": [{"data": {"baseUrl": "http://a.example/"}, "finds": ["baseUrl"]}],
        },
    }
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "https-only.yaml").write_text(json.dumps(rule, indent=2), encoding="utf-8")
    config = tmp_path / "medplum.config.json"
    config.write_text('{"baseUrl": "http://a.example/", "port": 8103}', encoding="utf-8")

    def found(select: tuple[str, ...] | None) -> set[str]:
        outcome = lint_paths([str(config)], Options(Overrides(select=select), rules=(policies,)))
        assert outcome.errors == ()
        return {finding.rule for finding in outcome.result.findings}

    assert "acme/https-only" not in found(None)
    assert found(("acme/https-only",)) == {"acme/https-only"}
