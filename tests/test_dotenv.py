"""``.env`` files: what each line sets, invalid lines, and which files are recognised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.documents.inputs import Input
from linter.documents.source import SourceFile
from linter.documents.variables.files import EnvironmentLines
from linter.run import Options, lint_input, lint_paths
from linter.sources import dotenv
from linter.text import Text


def read(text: str) -> dict[str, str | None]:
    """The variables of a file; None for one whose value is not known."""
    return {variable.name: variable.text for variable in EnvironmentLines(Text(text)).variables}


def problems(text: str) -> list[str]:
    """``line:column rule`` of each problem of a file that holds variables of a server."""
    file = SourceFile(".env", f"MEDPLUM_REDIS_HOST=cache\n{text}".encode())
    (loaded,) = dotenv.load(file, "server/env")
    return ["{}:{} {}".format(*loaded.document.position(problem.span.start), problem.name) for problem in loaded.problems]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("  export\tA = b  ", "b"),
        ("A=", ""),
        ("A=''", ""),
        ("A=b c", "b c"),
        ("A=b # c", "b"),
        ("A=b#c", None),
        ("A= # c", ""),
        ("A=#c", None),
        ("A='b' # c", "b"),
        ("A='b \\n $c'", "b \\n $c"),
        ('A="b \\n\\t\\" \\\\ \\$c \\x"', 'b \n\t" \\ $c \\x'),
        ('A="b\nc"', "b\nc"),
        ("A='b\nc'", "b\nc"),
        ("A='b' c", None),
        ("A='b", None),
        ("A=b'c", "b'c"),
        ('A={"b": 1}', '{"b": 1}'),
        ("A=${B}", None),
        ('A="x${B:-c}"', None),
        ("A='${B}'", None),
        ("A='${B}-${C:-d}'", None),
        ("A='p${B}'", "p${B}"),
        ("A=a$$b", "a$$b"),
        ("A=http://x/?a=b&c=d", "http://x/?a=b&c=d"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line(line: str, value: str | None, end: str) -> None:
    assert read(line + end) == {"A": value}


@pytest.mark.parametrize("text", ["", "\n\r\n", "# A=b", "  # A=b\n", "A: b", "A", "export", "=b", "1A=b", "- A=b", "\ufeff", "A B=c"])
def test_what_sets_nothing(text: str) -> None:
    assert read(text) == {}


def test_lines_one_after_the_other() -> None:
    text = "\ufeffA=1\r\n\r\n# B=2\r\n  C='3'\r\nD=\"4\r\n5\" # 6\r\nnonsense\r\nE=7"
    assert read(text) == {"A": "1", "C": "3", "D": "4\r\n5", "E": "7"}


def test_mistakes_have_their_places() -> None:
    assert problems("A: b\n") == ["2:1 invalid-environment-line"]
    assert problems("  A\nB=c\n") == ["2:3 invalid-environment-line"]
    assert problems('MEDPLUM_REDIS_PORT="1\n') == ["2:20 invalid-environment-line"]
    assert problems("MEDPLUM_REDIS_PORT='1'2\n") == ["2:23 invalid-environment-line"]
    assert problems("MEDPLUM_REDIS_HOST=b\n") == ["2:1 duplicate-variable"]
    assert problems("A=1\nA=2\n") == []


def test_an_unquoted_key_is_one_finding() -> None:
    key = "\n".join(["MEDPLUM_SIGNING_KEY=-----BEGIN RSA PRIVATE KEY-----", *["MIIEowIBAAKCAQEA/+x"] * 20, "-----END RSA PRIVATE KEY-----"])
    assert problems(key) == ["3:1 invalid-environment-line"]


def test_a_byte_order_mark_and_invalid_bytes() -> None:
    outcome = lint_input(Input(".env", b"\xef\xbb\xbfMEDPLUM_REDIS_HOST=caf\xe9\n", Path(".env")), Options())
    assert [finding.rule for finding in outcome.result.findings] == ["invalid-hostname", "invalid-encoding"]


# --- Quotes that are not closed ---------------------------------------------------------------------------------------------------------


def places(text: str) -> list[str]:
    """``line:column rule`` of what is found in a file."""
    outcome = lint_input(Input(".env", text.encode(), Path("/nowhere/.env")), Options())
    assert outcome.bugs == ()
    listed = [(finding.document.position(finding.span.start), finding.rule) for finding in outcome.result.findings]
    return [f"{place.line}:{place.column} {rule}" for place, rule in listed]


PEM = "-----BEGIN CERTIFICATE-----\nMIIB+x/y\nabcd==\n-----END CERTIFICATE-----"
UNCLOSED, MISREAD = "invalid-environment-line", "misread-number"


@pytest.mark.quick_cases(13)
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Never closed.
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\nMEDPLUM_PORT=81x\n", [f"1:25 {UNCLOSED}", f"2:14 {MISREAD}"]),
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2", [f"1:25 {UNCLOSED}"]),
        ("\n\n\nMEDPLUM_DATABASE_DBNAME=Qhunter2\n\n# Ports\nMEDPLUM_PORT=81x", [f"4:25 {UNCLOSED}", f"7:14 {MISREAD}"]),
        # Closed by the quote that opens the value of a later line.
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\nMEDPLUM_PORT=Q81xQ\n", [f"1:25 {UNCLOSED}", f"2:14 {MISREAD}"]),
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\nexport MEDPLUM_PORT=Q81xQ\n", [f"1:25 {UNCLOSED}", f"2:21 {MISREAD}"]),
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\r\nMEDPLUM_PORT=Q81xQ\r\n", [f"1:25 {UNCLOSED}", f"2:14 {MISREAD}"]),
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\nMEDPLUM_PORT=Q\n81xQ\n", [f"1:25 {UNCLOSED}", f"2:14 {MISREAD}"]),
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\nPOSTGRES_DB=Qhunter2Q\nMEDPLUM_PORT=81x", [f"1:25 {UNCLOSED}", f"3:14 {MISREAD}"]),
        ("POSTGRES_DB=Qhunter2\nMEDPLUM_DATABASE_DBNAME=QxQ\nMEDPLUM_PORT=81x", [f"1:13 {UNCLOSED}", f"3:14 {MISREAD}"]),
        ("POSTGRES_DB=Qhunter2\nPOSTGRES_USER=QhunterQ\nMEDPLUM_PORT=81x", [f"1:13 {UNCLOSED}", f"3:14 {MISREAD}"]),
        (
            "MEDPLUM_DATABASE_DBNAME=Qhunter2\nMEDPLUM_REDIS_USERNAME=Qhunter2\nMEDPLUM_PORT=Q81xQ",
            [
                f"1:25 {UNCLOSED}",
                f"2:24 {UNCLOSED}",
                f"3:14 {MISREAD}",
            ],
        ),
        # Closed by a quote in a comment, or at the end of a line that sets another variable.
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\n# so QcalledQ\nMEDPLUM_PORT=81x", [f"1:25 {UNCLOSED}", f"3:14 {MISREAD}"]),
        ("MEDPLUM_DATABASE_DBNAME=Qhunter2\nPOSTGRES_DB=hunter2Q\nMEDPLUM_PORT=81x", [f"1:25 {UNCLOSED}", f"3:14 {MISREAD}"]),
        # A key without its closing quote is one mistake.
        (f"MEDPLUM_DATABASE_SSL_CERT=Q{PEM}\nMEDPLUM_PORT=81x\n", [f"1:27 {UNCLOSED}", f"5:14 {MISREAD}"]),
        # Values over several lines.
        (f"MEDPLUM_DATABASE_SSL_CERT=Q{PEM}Q\nMEDPLUM_PORT=81x\n", [f"5:14 {MISREAD}"]),
        (f"MEDPLUM_DATABASE_SSL_CERT=Q{PEM}Q # hunter2\nMEDPLUM_PORT=81x\n", [f"5:14 {MISREAD}"]),
        (f"MEDPLUM_DATABASE_SSL_CERT=Q{PEM}Q hunter2\nMEDPLUM_PORT=81x\n", [f"4:27 {UNCLOSED}", f"5:14 {MISREAD}"]),
        (f"OTHER_KEY=Q{PEM}\nQ\nMEDPLUM_PORT=81x\n", [f"6:14 {MISREAD}"]),
        ("NGINX=Q\nserver {{\n  A=b\n}}\nQ\nMEDPLUM_PORT=81x\n", [f"6:14 {MISREAD}"]),
    ],
)
def test_a_quote_that_is_not_closed_is_reported_where_it_is_opened(text: str, quote: str, expected: list[str]) -> None:
    given_text = f"{text}\nMEDPLUM_REDIS_HOST=cache\n".replace("Q", quote)
    only = {UNCLOSED, MISREAD}
    assert [one for one in places(given_text) if one.partition(" ")[2] in only] == expected
    outcome = lint_input(Input(".env", given_text.encode(), Path("/nowhere/.env")), Options())
    shown = [finding.document.origin.excerpt(finding.path, finding.span).text + finding.message for finding in outcome.result.findings]
    assert not any("hunter2" in text for text in shown)


@given(
    st.lists(st.sampled_from(["A=", "MEDPLUM_PORT=", '"', "'", "\\", "x", "\n", "#", " ", "MEDPLUM_REDIS_HOST=", PEM]), max_size=24).map(
        "".join
    )
)
def test_every_line_that_sets_a_variable_by_itself_is_read(text: str) -> None:
    content = f"{text}\nMEDPLUM_DATABASE_HOST=db\n"
    assert EnvironmentLines(Text(content)).variables[-1].name == "MEDPLUM_DATABASE_HOST"


# --- Round trips ---------------------------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85\ufeff") | st.sampled_from("\n\t'\"\\$# {}=")
)


def in_double_quotes(text: str) -> str:
    for sign, escape in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n")):
        text = text.replace(sign, escape)
    return f'"{text}"'


@given(
    st.dictionaries(NAMES, TEXTS, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "export "]),
    st.sampled_from(["", " # a 'comment'", "  "]),
)
def test_what_is_written_is_read(variables: dict[str, str], end: str, export: str, comment: str) -> None:
    known = {name: text for name, text in variables.items() if "{{" not in text}
    lines = [f"{export}{name}={in_double_quotes(text)}{comment}{end}" for name, text in known.items()]
    assert read(f"{end}# a comment{end}".join(lines)) == known


@given(st.dictionaries(NAMES, st.from_regex(r"[^\s'\"$#{\\][^\r\n'\"$#{\\\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*", fullmatch=True), max_size=6))
def test_what_needs_no_quotes_is_read_without(variables: dict[str, str]) -> None:
    assert read("\n".join(f"{name}={text}" for name, text in variables.items())) == {
        name: text.rstrip() for name, text in variables.items()
    }


@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=6))
def test_every_place_holds_what_was_written(variables: dict[str, str]) -> None:
    content = "\n".join(f"{name}={in_double_quotes(text)}" for name, text in variables.items())
    for variable in EnvironmentLines(Text(content)).variables:
        assert content[slice(*variable.key)] == variable.name
        assert content[slice(*variable.value)] == in_double_quotes(variables[variable.name])


PIECES = st.sampled_from(
    [
        "MEDPLUM_DATABASE_HOST",
        "MEDPLUM_REDIS_TLS",
        "MEDPLUM_SIGNING_KEY",
        "A",
        "=",
        "'",
        '"',
        "\\",
        "\n",
        "\r",
        " ",
        "#",
        "${",
        "}",
        "{",
        "export ",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join))
def test_nothing_makes_it_fail(text: str) -> None:
    given_text = Input(".env", text.encode("utf-8", "surrogatepass"), Path(".env"))
    for kind in (None, "server/env"):
        outcome = lint_input(given_text, Options(kind=kind))
        assert outcome.bugs == ()
        for finding in outcome.result.findings:
            assert 0 <= finding.span.start <= finding.span.end <= len(text) + 1
            finding.document.origin.excerpt(finding.path, finding.span)


# --- Whose file ----------------------------------------------------------------------------------------------------------------------

SERVER = "MEDPLUM_DATABASE_HOST=db\n"
CLIENT = "MEDPLUM_BASE_URL=https://api.example.com\nMEDPLUM_CLIENT_ID=x\nMEDPLUM_CLIENT_SECRET=y\n"


@pytest.mark.parametrize(
    ("name", "text", "kind", "known"),
    [
        (".env", SERVER, "server/env", True),
        (".env.production", SERVER, "server/env", True),
        ("server.env", SERVER + CLIENT, "server/env", True),
        (".env", CLIENT, None, True),
        (".env", "POSTGRES_PASSWORD=x\n", None, False),
        (".env", "", None, False),
        ("notes.txt", "Set MEDPLUM_DATABASE_HOST as you like.\n", None, False),
        ("start.sh", f"#!/bin/sh\nset -e\nexport {SERVER}exec node index.js env\n", None, False),
        ("<stdin>", f"# ours\nexport {SERVER}", "server/env", True),
        ("Dockerfile", "FROM node\nENV MEDPLUM_DATABASE_HOST=db\n", None, False),
        ("README.md", "# Setup\n```sh\nMEDPLUM_CLIENT_ID=a\n```\n", None, False),
    ],
)
def test_which_files_are_recognised(name: str, text: str, kind: str | None, known: bool) -> None:
    answer = dotenv.detect(SourceFile(name, text.encode()))
    assert (answer is not None) == known
    assert answer is None or answer.kind == kind


def test_a_folder_is_searched_for_them(tmp_path: Path) -> None:
    for name, text in ((".env", SERVER), (".env.local", CLIENT), ("prod.env", SERVER), ("env.txt", SERVER), ("other/.env", "A=b\n")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files = lint_paths([str(tmp_path)], Options()).result.files
    assert {Path(file.path).name: file.status for file in files} == {".env": "checked", "prod.env": "checked", ".env.local": "ignored"}


def test_a_reference_in_single_quotes() -> None:
    """In a password the signs of one are as they stand, as to Compose, dotenv and a shell; an address with one is a template."""
    text = "MEDPLUM_DATABASE_PASSWORD='p${X}'\nMEDPLUM_BASE_URL='https://${HOST}/'\nMEDPLUM_REDIS_PASSWORD='${X}'\n"
    assert read(text) == {"MEDPLUM_DATABASE_PASSWORD": "p${X}", "MEDPLUM_BASE_URL": None, "MEDPLUM_REDIS_PASSWORD": None}
