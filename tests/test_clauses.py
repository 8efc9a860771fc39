"""The parts of messages: what is wrong, what comes of it, what to do. Every message of the rules reads well in parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from support.contract import demand
from support.fixtures import CASES, linted
from support.helpers import EVERY_RULE, GOLDEN, compare_with
from support.rules import built_in_files

from linter.commands.examples import kind_of, load_example
from linter.documents.inputs import Input
from linter.model import Finding, Message, as_message, sentence
from linter.policy.engine import check, merged
from linter.policy.rule import Rule
from linter.policy.rule_file import RuleFile
from linter.run import Options, lint_paths


def test_the_clauses_of_a_message_are_one_sentence() -> None:
    assert sentence("port is odd", "nothing works", "set it to 8103").text == "port is odd: nothing works; set it to 8103"
    odd = sentence("port is odd", "nothing works", "leave it out", by=", so ", then=": ")
    assert odd.text == "port is odd, so nothing works: leave it out"
    assert sentence("port is odd", remedy="leave it out", then=": ").text == "port is odd: leave it out"
    assert sentence("port is odd").text == as_message("port is odd").text == "port is odd"


def test_clauses_are_added() -> None:
    message = sentence("is odd", "a").add("remedy", "b").add("why", "c", ": ").add("also", "").about("port")
    assert message == Message("port is odd", "port is odd: a; b: c", "a; c", "b")


def found(file: RuleFile) -> Iterator[Finding]:
    """The findings of a rule in its own bad examples, one by one and together."""
    rule = file.rule
    assert rule is not None
    for example in (one for one in rule.examples if not one.is_good):
        kind, content = kind_of(rule, example), example.text().encode(example.encoding)
        if rule.found_by:
            beside = {} if example.beside is None else {"dump.json": json.dumps(example.beside).encode()}
            texts = {"example": content, **beside}
            given = [Input(name, text, Path("/nowhere", name)) for name, text in texts.items()]
            options = Options(EVERY_RULE, None if beside else kind)
            yield from (one for one in lint_paths([], options, given).result.findings if one.rule == rule.info.id)
            continue
        for sample in load_example(content, kind, example.server):
            sample.document.now = datetime.fromisoformat(f"{example.now}T12:00:00+00:00") if example.now else None
            targets = sample.document.each_target() if sample.checkable else ()
            one_by_one = [one for _ in targets for one in check(rule, sample.document)]
            yield from (*one_by_one, *merged(one_by_one, {rule.info.id: rule}))


CLAIMS = {
    "stops": r"does not start|\bstops\b",
    "refused": r"refuses|refused|rejects|\bstops\b|fails|offers nothing else",
    "lost": r"\blost\b|cannot be opened again",
    "ignored": (
        r"ignore|not read|has no effect|have no effect|never read|reads? only|does not reach|turns nothing on|limits nothing|pads? .* only"
        r"|whenever|does not turn|any ssl|never sees|finds these parameters only|not a setting|not know|cop(y|ies) nothing"
        r"|\bno\b.* reads|is unused|found no parameter"
    ),
    "unreadable": r"cannot|fail|neither read nor checked|read",
    "deprecated": r"deprecated|supports|tests|up to|since|has no effect",
}
"""What the message of a finding says, by the class of its consequence."""
GRAVER = re.compile(r"(?:server|it) does not start|the deployment fails|(?:is|are) lost")
"""What only messages of the classes stops, refused and lost claim, unless they name a condition."""
CONDITION = re.compile(r"\b(if|unless|where|when|can|may|or|without)\b")


def classes(finding: Finding, rules: Mapping[str, Rule]) -> str:
    """The class of the consequence of a finding, on the target of its document. That the server does not start can be in the catalogue."""
    if finding.says.stops:
        return "stops"
    given = rules[finding.rule].cases[finding.case].data["class"]
    return str(given[finding.document.target] if isinstance(given, dict) else given)


def test_every_message_of_the_rules() -> None:
    """In their examples and in the fixtures. Read the difference before you accept it: each part has to read well on its own."""
    rules = {file.rule.info.id: file.rule for file in built_in_files() if file.rule is not None}
    messages = {file.rule.info.id: {one.message: one for one in found(file)} for file in built_in_files() if file.rule is not None}
    demand(f"{rule}: its bad examples give no message" for rule, parted in messages.items() if not parted)
    demand(
        f"{rule}: say what comes of the mistake or what to do: {message.text}"
        for rule, parted in messages.items()
        for message in (one.says for one in parted.values())
        if not (message.why or message.remedy or message.also or " must " in message.text)
    )
    for finding in (finding for case in CASES if not case.startswith("clean-") for finding in linted(case).result.findings):
        messages[finding.rule][finding.message] = finding
    lines: list[str] = []
    wrong: list[str] = []
    for rule, parted in sorted(messages.items()):
        for _, finding in sorted(parted.items(), key=lambda item: item[0]):
            message, name = finding.says, classes(finding, rules)
            claim = f"{message.what}; {message.why}"
            if not re.search(CLAIMS.get(name, ""), claim) or (
                name not in ("stops", "refused", "lost") and GRAVER.search(claim) and not CONDITION.search(claim)
            ):
                wrong.append(f"{rule} [{name}]: {claim}")
            lines += [f"{rule} [{name}]", f"    {message.what}"]
            parts = (("why", message.why), ("fix", message.remedy), ("also", message.also))
            lines += [f"    = {name}: {part}" for name, part in parts if part]
    demand(f"the message and the class of its consequence differ: {line}" for line in wrong)
    compare_with(GOLDEN / "clauses.txt", "\n".join(lines) + "\n")
