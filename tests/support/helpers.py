"""What tests share: small documents and rules, verdicts and findings in a form that reads well in an assertion, and golden files."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from linter.documents.source import Loaded, SourceFile
from linter.model import ABSENT, Document, Fact, Finding, Part, SettingPath, Target, dotted
from linter.options.config import Overrides
from linter.policy.engine import check
from linter.policy.evaluate import Mode, ask
from linter.policy.node import Node
from linter.policy.rule import Rule, check_operands
from linter.policy.tree import parse_assertion
from linter.policy.verdict import Check
from linter.settings.releases import DATES, NEWEST
from linter.sources import source_of
from linter.text import Excerpt, Piece, Span, Text

EVERY_RULE: Final = Overrides(pedantic=True)
"""What a test says that is about rules: advice is given too."""
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
OWN_POLICY = """
id: acme/support-email-domain
title: supportEmail is not one of our addresses
severity: error
for: server
must:
  supportEmail: {format: email, ends_with: "@acme.example"}
message: "supportEmail ${@reason}"
docs: Patients must only ever receive mail from our own domain.
examples:
  good: [{data: {supportEmail: help@acme.example}}]
  bad: [{data: {supportEmail: help@gmail.example}, finds: [supportEmail]}]
"""
"""A policy of a user's own, as its file has it."""


class BareOrigin:
    """The origin of a document that is made of data alone: no text, and only the facts that it is given."""

    def __init__(self, facts: Mapping[SettingPath, Mapping[str, Fact]]) -> None:
        self._facts = facts

    def locate(self, path: SettingPath, part: Part) -> Span:
        return Span(0, 0)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        return self._facts.get(path, {})

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        raise AssertionError("this document has no text")

    def pieces(self, part: Span) -> Iterator[Piece]:
        raise AssertionError("this document has no text")


def bare(
    data: dict[str, Any],
    kind: str = "server/json",
    *,
    facts: Mapping[SettingPath, Mapping[str, Fact]] | None = None,
    target: Target = "production",
    environment: str | None = None,
    unread: Mapping[SettingPath, str] = {},
) -> Document:
    """A document of data alone, which may hold ``UNKNOWN``."""
    return Document("server.json", kind, Text(""), data, BareOrigin(facts or {}), target=target, environment=environment, unread=unread)


def loaded(text: str, kind: str = "server/json", uri: str = "server.json") -> list[Loaded]:
    """What the source of a kind makes of a text."""
    return source_of(kind).load(SourceFile(uri, text.encode("utf-8", "surrogatepass")), kind)


def written(text: str, kind: str = "server/json") -> Document:
    """The one document of a text."""
    return loaded(text, kind)[0].document


def rule_data(must: Mapping[str, Any], message: str = "${@path} ${@reason}", **more: Any) -> dict[str, Any]:
    """A whole rule, as its YAML would be read."""
    given = {
        "id": "acme/test",
        "title": "A rule",
        "severity": "error",
        "for": "server",
        "must": dict(must),
        "message": message,
        "docs": "Why.",
    }
    return given | more


def rule(must: Mapping[str, Any], message: str = "${@path} ${@reason}", **more: Any) -> Rule:
    """A compiled rule."""
    return checked_rule(rule_data(must, message, **more))


def checked_rule(data: Mapping[str, Any]) -> Rule:
    """The rule of some data, all of it compiled."""
    made = Rule(data)
    check_operands(made, built_in=False)
    return made


def messages(compiled: Rule, document: Document) -> list[str]:
    """The messages of a rule about a document."""
    return [finding.message for finding in check(compiled, document)]


def line_of(finding: Finding) -> str:
    """A finding in one line: ``line:column-line:column severity rule setting: message``, and its fix if it has one."""
    start, end = (finding.document.position(offset) for offset in finding.span)
    place = f"{start.line}:{start.column}-{end.line}:{end.column}"
    path = "-" if finding.path is None else dotted(finding.path)
    fix = "" if finding.fix is None else f" [{'safe' if finding.fix.safe else 'unsafe'}: {finding.fix.description}]"
    return f"{place} {finding.severity} {finding.rule} {path}: {finding.message}{fix}"


def compiled(assertion: Any) -> Check:
    """The check of an assertion as a rule writes it."""
    return partial(ask, parse_assertion(assertion), mode=Mode())


def verdict(assertion: Any, value: Any = ABSENT, **others: Any) -> bool | None | list[str]:
    """What an assertion answers for the setting ``it`` beside others: True, None (unknown) or the reasons why it is false."""
    data = others if value is ABSENT else {"it": value, **others}
    node = Node.at(bare(data), ("it",))
    answer = compiled(assertion)(node.value, node)
    if answer is True or answer is None:
        return answer
    return [" ".join(filter(None, (dotted(failure.path), failure.reason.text))) for failure in answer]


def golden(name: str, lines: Iterable[str]) -> None:
    """Compare lines with a file of ``tests/golden``; see :func:`compare_with`."""
    compare_with(GOLDEN / name, "".join(f"{line}\n" for line in lines))


_AS_THE_NEWEST: Final = re.compile(
    rf"(?<=server ){NEWEST}(?= \((?:the newest|--server-version\)))|(?<= to ){NEWEST}(?=:?\n)|(?<=\"to\": \"){NEWEST}(?=\")"
    rf"|(?<=no known release up to ){NEWEST} \({DATES[NEWEST]}\)"
)
"""Where an output says which release is the newest: what is checked against, up to where names are known, and where an upgrade ends."""


def compare_with(path: Path, text: str) -> None:
    """Fail where a golden file does not hold this text, with the difference and the command that accepts it.

    ``UPDATE_GOLDEN=1`` rewrites the file, to be read before it is committed. Where an output is about whichever release is the newest, the
    file has ``NEWEST`` in its place, so that a new release does not change it.
    """
    text = _AS_THE_NEWEST.sub("NEWEST", text)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    expected = path.read_text(encoding="utf-8") if path.exists() else ""
    if text == expected:
        return
    shown = path.relative_to(GOLDEN.parents[1]).as_posix()
    difference = "\n".join(difflib.unified_diff(expected.splitlines(), text.splitlines(), shown, "what is found now", lineterm="", n=1))
    test = os.environ.get("PYTEST_CURRENT_TEST", "tests").partition(" ")[0]
    pytest.fail(f"{difference}\n\nIf that is right, accept it with\n\n    UPDATE_GOLDEN=1 .venv/bin/pytest '{test}'\n", pytrace=False)


def deep(levels: int, inner: str = "1", opener: str = '{"a":', closer: str = "}") -> str:
    """JSON text that is nested so many levels deep."""
    return opener * levels + inner + closer * levels


@cache
def deep_data() -> dict[str, Any]:
    """Objects in objects, 100,000 levels deep: ``a.a. … .a.b``; the last holds a placeholder. Not to be changed."""
    data: dict[str, Any] = written(deep(99_999, '{"b": "${X}"}')).data
    return data


def compact(value: Any) -> str:
    """JSON text without any blank."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def within(error: jsonschema.ValidationError) -> list[jsonschema.ValidationError]:
    """An error of a JSON Schema; for a value with several possible types, those within the value if there are any, as editors show them."""
    inner = [one for cause in error.context or () for one in within(cause) if len(one.absolute_path) > len(error.absolute_path)]
    return inner or [error]
