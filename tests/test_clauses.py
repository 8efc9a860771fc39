"""Messages taken apart: what is wrong, what comes of it, what to do. Every message of the rules is, and reads well in parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contract import demand
from support.helpers import EVERY_RULE, GOLDEN, compare_with
from support.rules import built_in_files

from linter.choose import rule_kinds
from linter.commands.rules import load_example
from linter.load import Input
from linter.model import Finding, dotted
from linter.policy.engine import check, merged
from linter.policy.examples import _kind, _noon
from linter.policy.rule import sentence
from linter.policy.rule_file import RuleFile
from linter.reporters._clauses import Clauses, clauses, keeps_from_starting
from linter.run import Options, lint_input


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("port is odd", Clauses("port is odd")),
        ("port is odd: nothing works; set it to 8103", Clauses("port is odd", "nothing works", "set it to 8103")),
        ("port is odd, so nothing works; leave it out", Clauses("port is odd", "nothing works", "leave it out")),
        ("port is odd, so that nothing works", Clauses("port is odd, so that nothing works")),
        ("port is deprecated: use ports", Clauses("port is deprecated", "", "use ports")),
        ('port must be "a: b; c": d', Clauses('port must be "a: b; c"', "d")),
        (r'port must be "a\": b": d', Clauses(r'port must be "a\": b"', "d")),
        ("port must be one (a: b; c): d", Clauses("port must be one (a: b; c)", "d")),
        ("port is odd: the list is a: b; c", Clauses("port is odd", "the list is a: b; c")),
        ("port is odd: a; to stop, leave it out", Clauses("port is odd", "a", "to stop, leave it out")),
        ("prot is no setting; did you mean port?", Clauses("prot is no setting", "", "did you mean port?")),
        (
            "port is odd: a; use b; this is true of 2 ports: c and d",
            Clauses("port is odd", "a", "use b", "this is true of 2 ports: c and d"),
        ),
        ("2 ports are odd: a and b", Clauses("2 ports are odd", also="a and b")),
        ("2 ports are odd; delete them: a and b", Clauses("2 ports are odd", "", "delete them", "a and b")),
        ("2 ports are odd: nothing works: a and b", Clauses("2 ports are odd", "nothing works", also="a and b")),
        ("it must be s3: and a name: nothing works", Clauses("it must be s3: and a name", "nothing works")),
        ("", Clauses("")),
        (": ", Clauses("")),
        ("; ; ", Clauses("", "; ")),
    ],
)
def test_the_parts_of_a_message(message: str, parts: Clauses) -> None:
    assert clauses(message) == parts


def test_the_name_of_a_setting_is_not_taken_apart() -> None:
    assert clauses("a: use b; c is odd: d", "a: use b; c") == Clauses("a: use b; c is odd", "d")


@pytest.mark.parametrize(
    ("message", "stops"),
    [
        ("a is missing: the server does not start without it", True),
        ('a is odd: the server stops at start with "x"', True),
        ("a is odd: the server looks for it and stops; set it", True),
        ("a is odd: the deployment fails or the server does not start", False),
        ("a is odd: if the server receives b first, it fails and does not start, else it loses b", False),
        ("a is odd: the CDK stops", False),
        ('a is "the server does not start"', False),
        ("a is missing: the server starts, but nothing works", False),
        ("a is odd: the server stops reading at the first letter", False),
    ],
)
def test_what_keeps_the_server_from_starting(message: str, stops: bool) -> None:
    assert keeps_from_starting(message) == stops


def found(file: RuleFile) -> Iterator[Finding]:
    """The findings of a rule in its own bad examples, one by one and together."""
    rule = file.rule
    assert rule is not None
    for example in (one for one in rule.examples if not one.is_good):
        kind, content = _kind(rule, example, rule_kinds()), example.written().encode(example.encoding)
        if rule.found_by:
            given = Input("example", content, Path("/nowhere/example"))
            yield from (one for one in lint_input(given, Options(EVERY_RULE, kind)).result.findings if one.rule == rule.info.id)
            continue
        for sample in load_example(content, kind, example.server):
            sample.document.now = _noon(example.now) if example.now else None
            one_by_one = check(rule, sample.document) if sample.checkable else []
            yield from (*one_by_one, *merged(one_by_one, {rule.info.id: rule}))


def test_the_parts_of_a_rule_are_told_apart() -> None:
    """The reasons and remedies of the rules, which reports print each by itself."""
    for file in built_in_files():
        for case in ({**file.data, **own} for own in file.data.get("cases", [{}])):
            if "what" in case:
                why, remedy = case.get("why", ""), case.get("remedy", "")
                assert clauses(sentence("port is odd", why, remedy)) == Clauses("port is odd", why, remedy), file.path.name


def every_message() -> dict[str, dict[str, Clauses]]:
    """Each message of each rule, taken apart."""
    return {
        file.rule.info.id: {one.message: clauses(one.message, dotted(one.path or ())) for one in found(file)}
        for file in built_in_files()
        if file.rule is not None
    }


def test_each_remedy_is_shown_as_one() -> None:
    remedies = [
        (file.data["id"], one["remedy"]) for file in built_in_files() for one in (file.data, *file.data.get("cases", ())) if "remedy" in one
    ]
    demand(
        f"{rule}: the remedy is shown as a reason; let it begin with a word of ORDERS in linter/reporters/_clauses.py: {remedy}"
        for rule, remedy in remedies
        if clauses(f"port is odd: nothing works; {remedy}").fix != remedy
    )


def test_every_message_of_the_rules() -> None:
    """Read the difference before you accept it: each part is printed on its own, and has to read well."""
    messages = every_message()
    lines = []
    for rule, parted in sorted(messages.items()):
        for message, parts in sorted(parted.items()):
            stops = " [keeps the server from starting]" if keeps_from_starting(message) else ""
            lines += [f"{rule}{stops}", f"    {parts.headline}"]
            lines += [f"    = {name}: {part}" for name, part in zip(("why", "fix", "also"), parts[1:], strict=True) if part]
    demand(f"{rule}: its bad examples give no message" for rule, parted in messages.items() if not parted)
    demand(
        f"{rule}: say what comes of the mistake or what to do, behind a colon or a semicolon: {message}"
        for rule, parted in messages.items()
        for message, parts in parted.items()
        if not (parts.why or parts.fix or parts.also or " must " in message)
    )
    compare_with(GOLDEN / "clauses.txt", "\n".join(lines) + "\n")
