"""Lines of YAML and of lists of variables in reports: no secret is ever seen, and the right characters are underlined."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linter.redaction.lines import MaskedLines
from linter.redaction.tokens import ListedTokens, Token, yaml_tokens
from linter.redaction.values import Visibility
from linter.syntax.yaml import parse_yaml
from linter.text import Span, Text

MARKER = "hunter2"
PUBLIC = frozenset({"port", "baseUrl", "name", "MEDPLUM_PORT", "MEDPLUM_BASE_URL", "allowedOrigins", "key"})
KNOWN = PUBLIC | {"value", "password", "database", "MEDPLUM_DATABASE_PASSWORD", "environment"}


def any_text(_text: str) -> bool:
    return True


READ = Visibility(lambda name: any_text if name in PUBLIC else None, KNOWN.__contains__)


def underlined(text: str, part: str, *, show: bool = False, assignments: bool = False) -> str:
    """The line of a part of a YAML text as it is shown, with the part between » and «."""
    start = text.index(part)
    lines = MaskedLines(Text(text), yaml_tokens(text, parse_yaml(text), assignments=assignments), READ)
    made = lines.excerpt(Span(start, start + len(part)), any_text if show else None)
    return f"{made.text[: made.start]}»{made.text[made.start : made.end]}«{made.text[made.end :]}"


@pytest.mark.parametrize(
    ("text", "part", "shown"),
    [
        ("port: 8103", "8103", "port: »8103«"),
        ("password: hunter2", "hunter2", "password: »••••••«"),
        ('password: "hunter2"', '"hunter2"', 'password: »"••••••"«'),
        ("password: 'hunter2' # hunter2", "'hunter2'", "password: »'••••••'« # ••••••"),
        ("port: 8103 # hunter2", "port", "»port«: 8103 # ••••••"),
        ("hunter2: x", "x", "••••••: »••••••«"),
        ("misspelt: x", "misspelt", "»misspelt«: ••••••"),
        ("password: {hunter2}", "password", "»password«: {••••••}"),
        ("{password: hunter2, port: 1}", "1", "{password: ••••••, port: »1«}"),
        ("- name: MEDPLUM_PORT", "MEDPLUM_PORT", "- name: »MEDPLUM_PORT«"),
        ("baseUrl: https://me:hunter2@host/", "https://me:hunter2@host/", "baseUrl: »https://••••••@host/«"),
        ("baseUrl: 'https://me:hunter2@host/'", "baseUrl", "»baseUrl«: 'https://••••••@host/'"),
        ('baseUrl: "https://me:hunter2\\x40host/"', "baseUrl", '»baseUrl«: "https://••••••@host/"'),
        ("password: |\n  hunter2\n  port: hunter2", "|", "password: »|«"),
        ("password: |\n  hunter2\n  port: hunter2", "port: hunter2", "  »••••••«"),
        ("port: |-2 # hunter2\n   hunter2", "|-2", "port: »••••••«"),
        ("port: hunter2\n  hunter2", "port", "»port«: ••••••"),
        ("allowedOrigins: [a, b]", "b", "allowedOrigins: [a, »b«]"),
        ("allowedOrigins:\n  - a", "a", "»a«llowedOrigins:"),
        ("database: &hunter2 {port: 1}", "1", "database: •••••• {port: »1«}"),
        ("database: *hunter2", "database", "»database«: ••••••"),
        ("password: @hunter2", "@", "password: »••••••«"),
        ("password: true", "true", "password: »true«"),
        ("port: !Ref hunter2x", "port", "»port«: !Ref hunter2x"),
        ("password: !Sub hunter2", "password", "»password«: ••••••"),
        ("\tport: 1", "\t", "» «••••••"),
        ("key: '-----BEGIN PRIVATE KEY-----'", "key", "»key«: '••••••'"),
    ],
)
def test_lines(text: str, part: str, shown: str) -> None:
    assert underlined(text, part) == shown


def test_the_value_at_the_place_itself_can_be_shown() -> None:
    assert underlined("- {name: MEDPLUM_PORT, value: '8103'}", "'8103'", show=True) == "- {name: MEDPLUM_PORT, value: »'8103'«}"
    assert underlined("value: a\nvalue: b", "b", show=True) == "value: »b«"


@pytest.mark.parametrize(
    ("line", "part", "shown"),
    [
        ("- MEDPLUM_PORT=8103", "8103", "- MEDPLUM_PORT=»8103«"),
        ("- 'MEDPLUM_PORT=8103'", "MEDPLUM_PORT", "- '»MEDPLUM_PORT«=8103'"),
        ("- MEDPLUM_DATABASE_PASSWORD=hunter2", "hunter2", "- MEDPLUM_DATABASE_PASSWORD=»••••••«"),
        ("- aHVudGVyMg==", "aHVudGVyMg==", "- »••••••=••••••«"),
        ('- "MEDPLUM_PORT=\\"8103\\""', "MEDPLUM_PORT", '- "»MEDPLUM_PORT«=\\"8103\\""'),
        ('- "MEDPLUM_DATABASE_PASSWORD=a\\"hunter2"', "MEDPLUM_DATABASE_PASSWORD", '- "»MEDPLUM_DATABASE_PASSWORD«=••••••"'),
        ("- MEDPLUM_BASE_URL=https://me:hunter2@host/", "MEDPLUM_BASE_URL", "- »MEDPLUM_BASE_URL«=https://••••••@host/"),
    ],
)
def test_assignments_in_lists(line: str, part: str, shown: str) -> None:
    assert underlined(f"environment:\n  {line}", part, assignments=True).strip() == shown


def test_lists_of_variables() -> None:
    text = Text('export MEDPLUM_PORT="8103" # hunter2\nMEDPLUM_DATABASE_PASSWORD=hunter2')
    tokens = [
        Token(Span(7, 19), "name", "MEDPLUM_PORT", "MEDPLUM_PORT"),
        Token(Span(20, 26), "value", "MEDPLUM_PORT", "8103"),
        Token(Span(37, 62), "name", "MEDPLUM_DATABASE_PASSWORD", "MEDPLUM_DATABASE_PASSWORD"),
        Token(Span(63, 70), "value", "MEDPLUM_DATABASE_PASSWORD", MARKER),
    ]
    lines = MaskedLines(text, ListedTokens(tokens), READ)
    assert lines.excerpt(Span(20, 26)) == (1, 'export MEDPLUM_PORT="8103" # ••••••', 20, 26, False)
    assert lines.excerpt(Span(63, 70)) == (2, "MEDPLUM_DATABASE_PASSWORD=••••••", 26, 32, True)


def test_a_long_line_is_cut() -> None:
    text = "{" + "password: hunter2, " * 30 + "port: " + "x" * 300 + ", password: hunter2}"
    assert underlined(text, "x" * 300) == "…port: »" + "x" * 94 + "«…"
    assert underlined(text, "port") == "…»port«: " + "x" * 94 + "…"
    assert underlined(f"password: {'a' * 150}b{'c' * 150}", "b") == "password: »••••••«"
    assert underlined(f"password: {'a' * 350}", "password") == "»password«: ••••••"


@pytest.mark.parametrize("length", [1, 2, 20, 21, 40, 90, 100, 150, 160, 200, 1000])
def test_where_a_line_is_cut_does_not_tell_the_length_of_a_secret(length: int) -> None:
    for before, behind in ((1, 1), (1, 30), (30, 1), (30, 30), (0, 3), (3, 0)):
        lines = ["{" + "port: 1, " * before + f"password: {'a' * size}, " + "port: 1, " * behind + "host: z}" for size in (8, length)]
        assert underlined(lines[0], "password") == underlined(lines[1], "password")


NAMES = st.sampled_from(sorted(KNOWN - PUBLIC) + ["pasword", "x", "KEY", "", "a b"])
SECRETS = st.sampled_from(
    ["{}", "{}: port", "port: {}", "a\nport: {}\n", "- {}", "MEDPLUM_PORT={}x\n", "{{{}}}", "# {}", "'{}'", '"{}"', "\n{}", " {} ", "é\t{}"]
).map(lambda secret: secret.format(MARKER))
TREES = st.recursive(SECRETS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8)
STYLES = st.sampled_from([None, "'", '"', "|", ">"])


@given(TREES, st.integers(0, 2**32).map(random.Random), STYLES, st.booleans())
def test_no_secret_is_seen(tree: Any, chance: random.Random, style: Any, flow: bool) -> None:
    text = yaml.safe_dump({"port": 1, "database": tree}, default_style=style, default_flow_style=flow, width=chance.choice([20, 1000]))
    for _ in range(chance.randrange(3)):  # what is not well formed any more must not show more
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(["", "", "'", '"', ":", "\n", "\t", "#", "{", "- ", "&"]) + text[at + chance.randrange(2) :]
    for assignments in (True, False):
        tokens = yaml_tokens(text, parse_yaml(text), assignments=assignments)
        if any(token.role == "value" and token.name in PUBLIC and MARKER in str(token.text) for token in tokens.within(Span(0, len(text)))):
            return  # it has become the value of a name that is no secret's
        lines = MaskedLines(Text(text), tokens, READ)
        for at in range(len(text)):
            made = lines.excerpt(Span(at, at + 1))
            assert MARKER not in made.text
            assert 0 <= made.start < made.end
