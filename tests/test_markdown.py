"""Markdown: nothing in a name or a message is markup, and a summary is never longer than GitHub takes."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import accepted, document, finding, reported, result

from linter.model import LEVELS, FileStatus, Fix, Related, Style, sentence
from linter.reporters import markdown
from linter.reporters.markdown import code, escaped
from linter.text import Edit, printable


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("baseUrl must end with a slash (a.b), or not: see 3 # of it!", "baseUrl must end with a slash (a.b), or not: see 3 # of it!"),
        ("*a* _b_ `c` ~~d~~ $e$", "&#42;a&#42; &#95;b&#95; &#96;c&#96; &#126;&#126;d&#126;&#126; &#36;e&#36;"),
        ("[a](b) ![c](d)", "&#91;a&#93;(b) !&#91;c&#93;(d)"),
        ("<b>a</b> &amp; | \\", "&#60;b&#62;a&#60;/b&#62; &#38;amp; &#124; &#92;"),
        ("https://a.example HTTP://b ftp://c www.d.example", "https&#58;//a.example HTTP&#58;//b ftp&#58;//c www&#46;d.example"),
        ("@octocat #12 a@b.example", "@<!-- -->octocat #<!-- -->12 a@<!-- -->b.example"),
        ("##[error]x ##vso[a]", "&#92;u0023#&#91;error&#93;x &#92;u0023#<!-- -->vso&#91;a&#93;"),
    ],
)
def test_escapes(text: str, expected: str) -> None:
    assert escaped(text) == expected
    assert code(text) == f"<code>{expected}</code>"


@given(st.text())
def test_any_line_is_text(text: str) -> None:
    """A reader of HTML gets back what was written, and no sign that Markdown knows is left."""
    line = printable(text)
    made = escaped(line)
    plain = made.replace("<!-- -->", "")
    assert not re.search(r"[\\`*_{}\[\]<>|~$]|&(?!#\d+;)|\n", plain)
    if "##" not in line and "::" not in line:
        assert unescape(plain) == line


def rows(text: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\| \S+ (error|warning|note) ", line)]


def test_the_most_severe_come_first() -> None:
    where = document()
    text = reported("markdown", result(*(finding(f"it is {level}", where, level=level) for level in reversed(LEVELS))))
    assert [row[0] for row in rows(text)] == ["🔴 error", "🟠 warning", "🔵 note"]
    head = "### <code>server.json</code> (server/json, production)\n\n| | where | what |\n| --- | --- | --- |\n"
    assert text.startswith(f"## medplum-lint\n\n**1 error, 1 warning and 1 note in 1 file.**\n\n{head}")


def test_a_row() -> None:
    where = document(environment="prod")
    other = document(uri="other.json")
    related = Related(other, ("baseUrl",), other.locate(("baseUrl",)), "baseUrl is here")
    about = finding("a | b", where, related=(related,) * 7, fix=Fix((), False, "set it"))
    [[level, place, what]] = rows(reported("markdown", result(about)))
    assert (level, place) == ("🔴 error", "3:11")
    assert what.split("<br>") == [
        "**a &#124; b**",
        *["other.json:2:14: baseUrl is here"] * 5,
        "and 2 more places",
        "by hand: set it",
        "<code>acme/port</code>",
    ]


def test_a_row_has_the_parts_of_the_text_report_and_the_change() -> None:
    where = document()
    says = sentence("port is 8103", "nobody listens there", "set another", stops=True)
    fix = Fix((), False, "set port to 80", (Edit(where.locate(("port",)), "80"),), True)
    text = reported(
        "markdown", result(finding("late", where, level="warning"), finding("", where, level="error", fix=fix)._replace(says=says))
    )
    assert "(server/json, production): 1 of 2 findings keeps the server from starting\n" in text
    assert rows(text)[0][2].split("<br>") == [
        "**port is 8103**",
        "why: nobody listens there",
        "fix: set another",
        "fix with --unsafe-fixes: set port to 80",
        '<code>acme/port</code><pre lang="diff">-   "port": 8103,&#10;+   "port": 80,</pre>',
    ]


def test_each_file_has_a_table_and_the_most_severe_have_the_room() -> None:
    one, other = document(), document(uri="b.json", environment="prod")
    many = [finding(f"{'long ' * 20}{number}", one, level="note") for number in range(20)]
    text = reported("markdown", result(*many, finding("it is grave", other)), Style(before=markdown.LIMIT - 3_000))
    assert re.findall("^### .*$", text, re.MULTILINE) == [
        "### <code>server.json</code> (server/json, production)",
        "### <code>b.json</code> (server/json, environment prod, production)",
    ]
    assert rows(text)[-1][2].startswith("**it is grave**") and 0 < len(rows(text)) < 21 and len(text.encode()) <= 3_000


def test_suppressed_findings_on_request() -> None:
    run = result(finding("it is accepted", acceptance=accepted("why not", by="*Jane*", since=date(2026, 1, 31), until=date(2027, 1, 31))))
    assert rows(reported("markdown", run)) == []
    text = reported("markdown", run, Style(suppressed=True))
    assert (
        "<details><summary>1 suppressed finding</summary>\n\n### <code>server.json</code> (server/json, production)\n\n| | " in text
        and text.endswith("\n</details>\n")
    )
    assert rows(text)[0][2].split("<br>")[1] == "suppressed: why not (by &#42;Jane&#42;, since 2026-01-31, until 2027-01-31, lint.toml:3)"


def test_a_clean_run_and_an_empty_one() -> None:
    assert reported("markdown", result()) == "## medplum-lint\n\n**Nothing was checked.**\n"
    run = result(files=(FileStatus("a.json", "server/json", None, "production", "checked"),))
    assert reported("markdown", run) == "## medplum-lint\n\n**No findings in 1 file.**\n"


def test_it_is_no_longer_than_github_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least severe are left out, and the lines about the run do not push the findings out."""
    assert markdown.LIMIT == 1024 * 1024
    limit = 128 * 1024
    monkeypatch.setattr(markdown, "LIMIT", limit)
    where = document()
    levels = [LEVELS[number % 3] for number in range(1_200)]
    findings = [finding(f"é{number}: {'long ' * 20}", where, level=level) for number, level in enumerate(levels)]
    files = tuple(FileStatus(f"file-{number}.json", None, None, None, "failed", "no reason " * 10) for number in range(1_200))
    for run in (result(*findings), result(*findings, files=files)):
        text = reported("markdown", run)
        found = rows(text)
        assert 0.9 * limit / 1.4 < len(text.encode()) <= limit
        kept = [row[0].split()[1] for row in found]
        assert kept == sorted(kept, key=list[str](LEVELS).index) and kept[0] == "error"
        left_out = re.search(r"^([\d,]+) more findings, no more severe than these, are left out here\.$", text, re.MULTILINE)
        assert left_out is not None and int(left_out[1].replace(",", "")) + len(found) == 1_200
        assert not text.startswith("- …")


@pytest.mark.parametrize("room", [0, -5, 500, 1_500])
def test_a_small_room(room: int) -> None:
    text = reported("markdown", result(finding("port is 8103")), Style(before=markdown.LIMIT - room))
    assert "1 more finding, no more severe than these, is left out here." in text or rows(text)
    assert len(text) < max(room, 200)


def test_a_stream_that_lacks_characters() -> None:
    import io

    from linter.reporters import markdown

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    markdown.report(result(finding("é")), stream)
    stream.seek(0)
    assert "| &#128308; error | 3:11 | **&#233;**<br>" in stream.read()
