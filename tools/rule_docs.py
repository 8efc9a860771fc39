"""``docs/rules.md``: every rule with its documentation and examples, from the rules themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from linter.commands.rules import built_in_sources
from linter.model import TARGETS, RuleInfo
from linter.policy.rule_file import RuleFile

_LONGEST = 110
_INTRODUCTION = """\
# Rules

<!-- Made by tools/generate.py from the files in rules/: edit those. -->

Every rule that medplum-lint comes with. A rule's page in the terminal: `medplum-lint explain ID`. A severity with two levels is that of a
production and that of a development server; what is what, the [README](../README.md#production-and-development) says. Policies of your own
are written in the same language: see [policies.md](policies.md).
"""


def build() -> str:
    """The text of the page; no rule may be missing because it cannot be read."""
    sources = built_in_sources()
    errors = [error for source in sources for error in source.errors]
    if errors:
        raise ValueError("\n".join(errors))
    lines = [_INTRODUCTION, "| rule | severity | for | says |", "| --- | --- | --- | --- |"]
    lines += [_row(_info(source)) for source in sources]
    for source in sources:
        lines += ["", *_section(source)]
    return "\n".join(lines) + "\n"


def _info(source: RuleFile) -> RuleInfo:
    assert source.rule is not None  # only such are asked for
    return source.rule.info


def _row(info: RuleInfo) -> str:
    return f"| [`{info.id}`](#{info.id}) | {_severity(info)} | {', '.join(info.kinds)} | {_cell(info.title)} |"


def _severity(info: RuleInfo) -> str:
    levels = [info.severity[target] or "off" for target in TARGETS]
    return levels[0] if len(set(levels)) == 1 else " / ".join(levels)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _section(source: RuleFile) -> Iterator[str]:
    info = _info(source)
    yield from (f"## {info.id}", "", f"{info.title}.", "")
    yield f"Severity: {_severity(info)}. For: {', '.join(f'`{kind}`' for kind in info.kinds)}.{_fix(source)}"
    yield from ("", info.docs, "")
    yield from _example("Wrong", source.data["examples"]["bad"][0])
    yield from _example("Right", source.data["examples"]["good"][0])
    yield "See " + ", ".join(f"<{link}>" for link in info.links) + "." if info.links else "No page describes it."


def _fix(source: RuleFile) -> str:
    fix = source.rule.fix if source.rule is not None else None
    return "" if fix is None else f" Fix: {'safe' if fix.safe else 'to be reviewed'}."


def _example(title: str, example: Mapping[str, Any]) -> Iterator[str]:
    name = f", {example['name']}" if "name" in example else ""
    text = example["text"] if "text" in example else json.dumps(example["data"], indent=2, ensure_ascii=False)
    lines = text.replace("\ufeff", "(U+FEFF)").rstrip("\n").split("\n")
    shown = [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…" for line in lines]
    yield from (f"{title}{name}:", "", "```json", *shown, "```", "")
