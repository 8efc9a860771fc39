"""Source lines in reports: no secret is ever seen, whatever the file looks like, and the right characters are underlined."""

from __future__ import annotations

import json
import random
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE, compact

from linter import settings
from linter.documents.inputs import Input
from linter.documents.origin import visibility
from linter.model import Style
from linter.redaction.lines import MaskedLines
from linter.redaction.tokens import JsonTokens
from linter.redaction.values import Hidden, Public, Visibility
from linter.reporters import names, reporter
from linter.run import Options, Outcome, lint_input
from linter.run.load import load
from linter.syntax.json import parse_json
from linter.text import Excerpt, Span, Text

MARKER = "hunter2"
"""What every secret of these tests is or holds."""


def lint(text: str, kind: str | None = None, name: str = "medplum.config.json") -> Outcome:
    return lint_input(Input(name, text.encode("utf-8", "surrogatepass"), Path("/nowhere") / name), Options(EVERY_RULE, kind))


def reports(outcome: Outcome) -> dict[str, str]:
    """The run as each reporter writes it."""
    written = {}
    for name in names():
        stream = StringIO()
        reporter(name).report(outcome.result, stream, Style())
        written[name] = stream.getvalue()
    return written


def assert_no_secret(text: str, kind: str | None) -> None:
    outcome = lint(text, kind)
    assert outcome.bugs == ()
    assert [name for name, report in reports(outcome).items() if MARKER in report] == []
    assert not any(MARKER in error for error in outcome.errors)


# --- Configurations full of secrets. ------------------------------------------------------------------------------------------------

KNOWN = settings.catalogue()
SECRETS = [tuple(name.split(".")) for name in KNOWN.names() if KNOWN.is_secret(tuple(name.split(".")))]
UNKNOWN = [("databse", "password"), ("pasword",), ("x.y", ""), ("signingkey",), ("redis", "auth", "pass"), ("**",)]
URLS = [("baseUrl",), ("appBaseUrl",), ("storageBaseUrl",), ("tokenUrl",), ("vmContextBaseUrl",), ("database", "host"), ("corsOrigin",)]
HARMLESS = {
    "port": 8103,
    "supportEmail": "not an address",
    "allowedOrigins": ["https://a.example/", "b"],
    "logLevel": "${LEVEL}",
    "signingKeyId": "",
    "issuer": "http://localhost",
}
BEFORE = [
    "",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    '{"port": "',
    'a"b',
    "x: ",
    "${",
    "a\t",
    "https://",
    "\U0001f600",
    "\\",
    "//",
    "a, ",
    "AQIC",
]
AFTER = ["", "\n-----END RSA PRIVATE KEY-----\n", '"}', '": 1, "port": 1', "}", "/", "\u2028", " ", "*/", "@host/", "\\", "x" * 90]
USERS = ["https://{}@api.example.com", "http://{}@localhost:8103/", "HTTPS://user:{}@host/a/", "postgres://a:{}@", "https://{}:b@[::1]/@"]
WILD_USERS = ["https:a:{}@b", "https:\\\\{}@b", "https://a@{}@b", "https://a/{}@b/", "https://a?{}@b", "https://a b:{}@c", "a:{}@b"]


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a value, unless something else stands in the way; ``*`` is the first item of a list."""
    node: Any = tree
    for step, following in zip(path, (*path[1:], None), strict=True):
        new = value if following is None else [] if following == "*" else {}
        if isinstance(node, list):
            if not node:
                node.append(new)
            node = node[0]
        elif isinstance(node, dict):
            node = node.setdefault(step, new)


def configuration(chance: random.Random) -> dict[str, Any]:
    """Some secrets, some misspelt ones, some URLs with a password, and some harmless settings, in any order."""
    tree: dict[str, Any] = dict(chance.sample(sorted(HARMLESS.items(), key=str), 3))
    for path in chance.sample(SECRETS + UNKNOWN, 5):
        put(tree, path, f"{chance.choice(BEFORE)}{MARKER}{chance.choice(AFTER)}")
    for path in chance.sample(URLS, 3):
        put(tree, path, chance.choice(USERS).format(MARKER))
    return {name: tree[name] for name in chance.sample(sorted(tree), len(tree))}


def parameter(chance: random.Random, name: str, value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else json.dumps(value)
    more = {"Tier": chance.choice(["Standard", "Advanced"]), "Version": 1, "ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/medplum"}
    kind = chance.choice(["String", "SecureString", "StringList", "secret"])
    return {"Name": f"/medplum/{chance.choice(['prod', 'dev'])}/{name}", "Type": kind, "Value": text} | chance.choice([{}, more])


def flat(tree: dict[str, Any]) -> list[tuple[str, Any]]:
    """Members of objects by their dotted names, if that does not hide a secret under an unknown name."""
    return [
        (name if inner is None else f"{name}.{inner}", member)
        for name, value in tree.items()
        for inner, member in (value.items() if isinstance(value, dict) else [(None, value)])
    ]


def dump(chance: random.Random) -> Any:
    """A Parameter Store dump in one of the shapes in which people have it."""
    tree = configuration(chance)
    parameters = [parameter(chance, name, value) for name, value in (flat(tree) if chance.random() < 0.5 else tree.items())]
    shape = chance.randrange(5)
    if shape == 0:
        return {one["Name"]: one["Value"] for one in parameters}
    if shape == 1:
        return [[one["Name"], one["Value"]] for one in parameters]
    if shape == 2:
        return {"Parameter": parameters[0]}
    return {"Parameters": parameters} | chance.choice([{}, {"InvalidParameters": ["x"]}])


def as_text(chance: random.Random, value: Any) -> str:
    layout: dict[str, Any] = chance.choice([{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}])
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, **layout)
    return text.replace("/", "\\/") if chance.random() < 0.2 else text


def broken(chance: random.Random, text: str) -> str:
    """A text as a slip of the editor leaves it."""
    for _ in range(chance.randrange(1, 4)):
        slip = chance.randrange(6)
        at = chance.randrange(len(text) + 1)
        if slip == 0:
            text = without(chance, text, '"')
        elif slip == 1:
            text = without(chance, text, ",:{}[]\\")
        elif slip == 2:
            text = text[:at]
        elif slip == 3:
            text = text[:at] + chance.choice(["// a\n", "/* a */", "/*", "#", "\n", "\t", '"', "'", "\\", "\xa0", "\ufffd"]) + text[at:]
        else:
            text = text[:at] + text[at + 1 :]
    return text


def without(chance: random.Random, text: str, signs: str) -> str:
    """A text in which one of these signs is missing."""
    places = [at for at, char in enumerate(text) if char in signs]
    if not places:
        return text
    at = chance.choice(places)
    return text[:at] + text[at + 1 :]


def in_urls(text: str) -> int:
    """The number of secrets in the password of a URL; without the "@" they look like a host or a port."""
    return len(re.findall(rf"://[^/?#@\s\"]*{MARKER}[^/?#@\s\"]*@", text.replace("\\/", "/")))


def assert_no_secret_after_a_slip(chance: random.Random, text: str, kind: str) -> None:
    after = broken(chance, text)
    if in_urls(after) == in_urls(text):
        assert_no_secret(after, chance.choice([None, kind]))


CHANCE = st.integers(0, 2**64).map(random.Random)


@given(CHANCE)
def test_no_secret_of_a_json_file_is_shown(chance: random.Random) -> None:
    assert_no_secret(as_text(chance, configuration(chance)), None)


@given(CHANCE)
def test_no_secret_of_a_dump_is_shown(chance: random.Random) -> None:
    assert_no_secret(as_text(chance, dump(chance)), None)


@given(CHANCE)
def test_no_secret_of_a_broken_json_file_is_shown(chance: random.Random) -> None:
    assert_no_secret_after_a_slip(chance, as_text(chance, configuration(chance)), "server/json")


@given(CHANCE)
def test_no_secret_of_a_broken_dump_is_shown(chance: random.Random) -> None:
    assert_no_secret_after_a_slip(chance, as_text(chance, dump(chance)), "server/ssm")


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("path", SECRETS, ids=".".join)
@pytest.mark.parametrize("value", [MARKER, {"host": "db", "x": [{"password": MARKER}, MARKER]}], ids=compact)
def test_no_secret_setting_is_shown_whatever_its_type(path: tuple[str, ...], value: Any) -> None:
    tree: dict[str, Any] = {"baseUrl": "https://api.example.com"}
    put(tree, path, value)
    assert_no_secret(json.dumps(tree, indent=1), "server/json")
    parameters = [{"Name": f"/medplum/prod/{'.'.join(path)}", "Type": "String", "Value": value if value == MARKER else compact(value)}]
    assert_no_secret(compact({"Parameters": parameters}), "server/ssm")


@pytest.mark.parametrize("user", USERS)
def test_no_password_in_a_url_is_shown(user: str) -> None:
    text = compact({"baseUrl": user.format(MARKER), "database": {"host": user.format(MARKER)}, "port": 0})
    assert_no_secret(text, None)
    assert_no_secret(text.replace("/", "\\/"), None)
    assert_no_secret(text.replace("@", "\\u0040"), None)


# --- Values of any type, anywhere. --------------------------------------------------------------------------------------------------

STRANGE: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "x", [], {}, [[]], {"": {}}, ["x", "y"], "${X}", "\ud800", "9" * 5000, {"a": [1]}]


def reshaped(chance: random.Random, value: Any, likelihood: float = 0.08) -> Any:
    """A tree in which some values are others."""
    if chance.random() < likelihood:
        return chance.choice(STRANGE)
    if isinstance(value, dict):
        return {chance.choice([name] * 20 + ["x", ""]): reshaped(chance, member) for name, member in value.items()}
    return [reshaped(chance, member) for member in value] if isinstance(value, list) else value


def assert_no_bug(text: str, kind: str | None) -> None:
    outcome = lint(text, kind)
    assert outcome.bugs == ()
    assert reports(outcome)


@given(CHANCE)
def test_a_json_file_can_hold_any_value_anywhere(chance: random.Random) -> None:
    tree = reshaped(chance, configuration(chance) | {name: {"x": 1} for name in chance.sample(KNOWN.names(), 5)})
    assert_no_bug(json.dumps(tree), chance.choice([None, "server/json"]))


UNEXPECTED: list[Any] = [
    {"Parameters": [{"Name": "/medplum/prod/x", "Type": [], "Value": "y"}]},
    [["/medplum/prod/baseUrl", "a", ["b"]]],
    {"Parameters": [{"Name": "", "Value": "x"}, {"Name": "/medplum/prod/x", "Value": "y"}]},
    {"baseUrl": "https://x:" + "9" * 5000, "redis": {}},
    {"database": {"port": "9" * 5000}, "redis": {}},
]


@pytest.mark.parametrize("value", UNEXPECTED, ids=range(len(UNEXPECTED)))
def test_unexpected_values_do_not_crash(value: Any) -> None:
    assert_no_bug(json.dumps(value), None)


@given(CHANCE)
def test_a_dump_can_hold_any_value_anywhere(chance: random.Random) -> None:
    assert_no_bug(json.dumps(reshaped(chance, dump(chance))), chance.choice([None, "server/ssm"]))


# --- Single lines. ------------------------------------------------------------------------------------------------------------------

NAMES = frozenset({"port", "host", "origins", "baseUrl"})


def any_text(_text: str) -> bool:
    return True


def public(name: str) -> Public | None:
    """What may be shown after a name: any of these texts, whatever their settings are."""
    return any_text if name in NAMES else None


READ = Visibility(public, lambda _name: True)
UNREAD = Visibility(public, (NAMES | {"password"}).__contains__)


def excerpt(line: str, span: Span, anchor: int, visibility: Visibility = READ, show: Public | None = None) -> Excerpt:
    """An excerpt of a line."""
    return MaskedLines(Text(line), JsonTokens(line), visibility).excerpt(span, show, lambda: anchor)


def shown(line: str, visibility: Visibility = READ) -> str:
    """A line as it is shown for a finding at its first character."""
    return excerpt(line, Span(0, 1), 0, visibility).text


MASKED = {
    '{"host": "db", "port": 5432, "on": true}': '{"host": "db", "port": 5432, "on": true}',
    '"password": "hunter2", "port": 1': '"password": "••••••", "port": 1',
    '"password": {"host": "db", "x": "y"}': '"password": {"host": "db", "x": "••••••"}',
    '"host": {"x": "y", "z": 1}, "port": 1': '"host": {"x": "••••••", "z": ••••••}, "port": 1',
    '"origins": ["a", ["b"], "c"], "x": 1': '"origins": ["a", ["b"], "c"], "x": ••••••',
    '"origins": [{"x": "y"}, "z"]': '"origins": [{"x": "••••••"}, "••••••"]',
    '"a", "b"]': '"••••••", "••••••"]',
    'hunter2", "port": 1': '••••••"••••••"••••••"••••••"',
    '"host": db", "password": "hunter2"': '"host": db"••••••"••••••"••••••"••••••"••••••"',
    '"host": "db, "password": "hunter2"': '"host": "••••••"••••••"••••••"••••••"••••••"',
    '"host": "db" "password": "hunter2", "port": 1': '"host": "••••••" "••••••": "••••••", "port": ••••••',
    '"host": "a" "b"': '"host": "••••••" "••••••"',
    '"host": "db': '"host": "••••••"',
    '"host": : "x"': '"host": : "••••••"',
    '"port": 1, // "host": "db"': '"port": 1, // ••••••',
    '"port": /* "x" */ 1': '"port": /* ••••••',
    '"host": /db': '"host": /db',
    '"host": "a\\qb"': '"host": "••••••"',
    '"baseUrl": "https://user:pass@host/path", "port": 1': '"baseUrl": "https://••••••@host/path", "port": 1',
    '"baseUrl": "https:\\/\\/user:pass@host"': '"baseUrl": "••••••"',
    '"host": "-----BEGIN PRIVATE\\u0020KEY-----"': '"host": "••••••"',
    '"host": "\x1b[31m\u202e"': '"host": "\\u001b[31m\\u202e"',
    '\t"port":\t1\xa0,\x0b2': ' "port": 1\xa0,\\u000b••••••',
}


@pytest.mark.parametrize("line", MASKED)
def test_the_visible_part_of_a_line(line: str) -> None:
    assert shown(line) == MASKED[line]


def test_names_of_a_file_that_could_not_be_read_are_shown_if_they_are_known() -> None:
    assert shown('"password": "x", "hunter2": "y"', UNREAD) == '"password": "••••••", "••••••": "••••••"'


@pytest.mark.parametrize("user", USERS + WILD_USERS)
def test_no_password_in_a_url_is_part_of_a_line(user: str) -> None:
    for line in (json.dumps({"host": user.format(MARKER)}), json.dumps({"host": f"{'x' * 95}{user}{'y' * 200}".format(MARKER)})):
        assert MARKER not in shown(line)
        assert MARKER not in shown(line.replace("/", "\\/"))


@given(st.text(alphabet=st.sampled_from('"\\:,{}[] \t/*a1\u2028\U0001f600'), max_size=40))
def test_no_line_raises_and_what_is_underlined_is_there(line: str) -> None:
    for start in range(len(line)):
        made = excerpt(line, Span(start, len(line)), start, show=any_text if start % 2 == 0 else None)
        assert 0 <= made.start < made.end <= len(made.text) + 1


TREES = st.recursive(
    st.sampled_from(["x", 1, None]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["", "*", "0", "issuer", "clientSecret", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(["externalAuthProviders", "bots", "allowedOrigins", "x"]), st.lists(TREES, min_size=1, max_size=4))
@example("externalAuthProviders", [["x"], {"": "x"}])
@example("externalAuthProviders", [{"": "x"}, ["x"]])
def test_list_members_are_hidden_one_by_one(name: str, members: list[Any]) -> None:
    """The result for one setting applies to all that the catalogue treats the same."""

    def hidden(*written: str) -> list[Hidden | None]:
        text = f'{{"{name}": [{", ".join(written)}]}}'
        closed = visibility(KNOWN, parse_json(text)).closed
        found: list[Hidden | None] = []
        at = text.index("[") + 1
        for one in written:
            found += map(closed, range(at, at + len(one)))
            at += len(one) + 2
        return found

    texts = list(map(json.dumps, members))
    assert hidden(*texts) == [one for text in texts for one in hidden(text)]


def underlined(text: str, part: str, anchor: str = "", *, show: bool = True) -> str:
    """A line with what is underlined of it in marks."""
    start = text.index(part)
    span = Span(start, start + len(part))
    made = excerpt(text, span, text.index(anchor) if anchor else start, show=any_text if show else None)
    return f"{made.text[: made.start]}»{made.text[made.start : made.end]}«{made.text[made.end :]}"


UNDERLINED = [
    ('\t\t"port":\t"x"', '"x"', '  "port": »"x"«'),
    ('"password": "hunter2", "port": "x"', '"x"', '"password": "••••••", "port": »"x"«'),
    ('"password": "short", "port": "x"', '"port"', '"password": "••••••", »"port"«: "x"'),
    ('"name": "\U0001f600", "port": "x"', '"x"', '"name": "••••••", "port": »"x"«'),
    ('"host": "\u4f60\u597d", "port": "x"', '"x"', '"host": "\u4f60\u597d", "port": »"x"«'),
    ('"host": "\x1b", "port": "x"', '"x"', '"host": "\\u001b", "port": »"x"«'),
    ('"password": "hunter2"', '"hunter2"', '"password": »"hunter2"«'),
    ('"password": "hunter2", "x": 1', "hunter2", '"password": »"••••••"«, "x": ••••••'),
    ('"origins": ["a",\n  "b"]', '"b"', '  »"b"«]'),
    ('"x": {\n"port": 1}', '{\n"port": 1}', '"x": »{«'),
    ('"port": 1\n', "\n", '"port": 1»«'),
]


@pytest.mark.parametrize(("text", "part", "line"), UNDERLINED)
def test_what_is_underlined(text: str, part: str, line: str) -> None:
    assert underlined(text, part) == line


def test_a_value_whose_name_is_elsewhere_is_shown_only_if_requested() -> None:
    assert underlined('"x"', '"x"', show=True) == '»"x"«'
    assert underlined('"x"', '"x"', show=False) == '»"••••••"«'


def test_a_long_line_is_shown_from_the_name_on() -> None:
    line = '"password":"hunter2",' * 10 + '"port":"x",' + '"password":"hunter2",' * 10
    assert underlined(line, '"x"', '"port"') == '…"port":»"x"«,' + '"password":"••••••",' * 4 + '"password…'


@pytest.mark.parametrize("length", [1, 2, 20, 21, 22, 23, 40, 90, 100, 150, 160, 200, 1000])
def test_where_a_line_is_cut_does_not_tell_the_length_of_a_secret(length: int) -> None:
    for before, behind in ((1, 1), (1, 30), (30, 1), (30, 30), (0, 3), (3, 0)):
        lines = ["{" + '"port":1,' * before + f'"password":"{"a" * size}",' + '"port":1,' * behind + '"host":"z"}' for size in (8, length)]
        assert underlined(lines[0], '"password"') == underlined(lines[1], '"password"')


def test_a_long_line_is_cut_within_a_value() -> None:
    line = f'"port":"{"x" * 300}"'
    assert underlined(line, f'"{"x" * 300}"', '"port"') == f'"port":»"{"x" * 92}«…'
    assert underlined(line.replace("port", "pass"), f'"{"x" * 300}"', '"pass"') != line


def test_very_long_values_are_masked() -> None:
    line = f'"password": "{"x" * 9_990}{MARKER}", "port": "{MARKER}", {MARKER}'
    pieces = list(MaskedLines(Text(line), JsonTokens(line), READ).pieces(Span(0, len(line))))
    assert "".join(piece.text for piece in pieces) == '"password": "••••••"••••••'
    assert pieces[-1].end == len(line)


def test_a_place_within_a_long_secret_is_not_the_start_of_a_name() -> None:
    line = f'"password":"{"x" * 200}\\q\\"hunter2\\": \\"hunter2\\\\": 1, "port": 1'
    made = excerpt(line, Span(line.index("\\q"), line.index("\\q") + 2), line.index("\\q"))
    assert MARKER not in made.text


def test_an_escaped_quote_at_the_cut_is_not_the_end_of_a_name() -> None:
    for length in range(70, 100):
        line = f'"Value":"{"x" * length}hunter2\\": \\"x' + "x" * 200 + '"'
        assert MARKER not in shown(line)


# --- What is closed whatever the names in it are -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "shown"),
    [
        ('"smtp": {"auth": {"user": "hunter2"}}', '"smtp": {"auth": {"••••••": "••••••"}}'),
        ('"vault": {"id": "hunter2", "x": {"host": "hunter2"}}', '"vault": {"id": "••••••", "x": {"host": "••••••"}}'),
        ('"googleClientSecret": {"name": "hunter2"}', '"googleClientSecret": {"••••••": "••••••"}'),
        ('"signingKeyPassphrase": ["x", {"clientId": "hunter2"}]', '"signingKeyPassphrase": ["••••••", {"••••••": "••••••"}]'),
        ('"supportEmail": {"host": "hunter2"}', '"supportEmail": {"host": "••••••"}'),
        ('"redis": {"host": "cache", "engine": "hunter2"}', '"redis": {"host": "cache", "engine": "••••••"}'),
        ('"bots": [{"name": "my-bot"}]', '"bots": [{"name": "my-bot"}]'),
        ('"database": {"ssl": {"require": 1}, "host": "db"}', '"database": {"ssl": {"require": 1}, "host": "db"}'),
    ],
)
def test_a_name_that_is_public_elsewhere_opens_nothing(member: str, shown: str) -> None:
    content = f'{{"baseUrl": "https://a.example/",\n{member},\n"port": 1}}'
    [loaded] = load(Input("medplum.config.json", content.encode(), Path("medplum.config.json")), "server/json").loaded
    start = content.index("\n") + 1
    assert loaded.document.origin.excerpt(None, Span(start, start + 1)).text == f"{shown},"
