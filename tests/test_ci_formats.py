"""Commands to the runners of CI, as those read them: what they are told is what was found, whatever stands in a name or a message."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.formats import Command, azure_command, commands, foreign_commands, github_command
from support.runs import RULE, accepted, document, finding, reported, result

from linter.model import FileStatus, Fix, Level, Related, Style
from linter.text import Span, inert, printable


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def only(form: str, text: str) -> Command:
    [command] = commands(form, text)
    return command


def test_github() -> None:
    where = document(uri="deploy/a,b:c%.json", environment="prod")
    other = document(uri="other.json")
    related = Related(other, ("baseUrl",), other.locate(("baseUrl",)), "baseUrl is here")
    fix = Fix((), True, "set port to 1")
    assert only("github", reported("github", result(finding("100% a: b, c", where, fix=fix, related=(related,))))) == (
        "error",
        {"file": "deploy/a,b:c%.json", "line": "3", "col": "11", "endColumn": "15", "title": "medplum-lint (acme/port)"},
        "deploy/a,b:c%.json:3:11: acme/port: 100% a: b, c (environment prod)\nother.json:2:14: baseUrl is here\nfix: set port to 1",
    )


def test_azure() -> None:
    where = document(uri="deploy/a;b]c%.json", environment="prod")
    other = document(uri="other.json")
    related = Related(other, ("baseUrl",), other.locate(("baseUrl",)), "baseUrl is here")
    fix = Fix((), False, "set it")
    assert only("azure", reported("azure", result(finding("100% a; b] c", where, fix=fix, related=(related,))))) == (
        "task.logissue",
        {"type": "error", "sourcepath": "deploy/a;b]c%.json", "linenumber": "3", "columnnumber": "11", "code": "acme/port"},
        "deploy/a;b]c%.json:3:11: acme/port: 100% a; b] c (environment prod); other.json:2:14: baseUrl is here; possible fix: set it",
    )


@pytest.mark.parametrize("form", ["github", "azure"])
def test_very_many_places_are_counted(form: str) -> None:
    """A platform cuts a long message, perhaps before the fix."""
    where = document()
    about = finding("x", where, related=(Related(where, ("baseUrl",), where.locate(("baseUrl",)), "here"),) * 1_200, fix=Fix((), True, "y"))
    said = only(form, reported(form, result(about))).data
    assert said.count("server.json:2:14: here") == 10 and "and 1,190 more places" in said and said.endswith("fix: y")


@pytest.mark.parametrize(
    ("level", "github", "azure"), [("error", "error", "error"), ("warning", "warning", "warning"), ("note", "notice", "")]
)
def test_levels(level: Level, github: str, azure: str) -> None:
    run = result(finding("port is 8103", level=level))
    assert only("github", reported("github", run))[0] == github
    assert [command.properties["type"] for command in commands("azure", reported("azure", run))] == ([azure] if azure else [])
    assert "server.json:3:11: note[acme/port]: port is 8103\n" in reported("azure", run) or azure


def test_several_lines_have_no_columns() -> None:
    """GitHub refuses an annotation that has columns and is about several lines."""
    where = document()
    about = finding("the file is large", where, None, span=Span(0, len(where.text.content)))
    assert only("github", reported("github", result(about)))[1] == {
        "file": "server.json",
        "line": "1",
        "endLine": "6",
        "title": "medplum-lint (acme/port)",
    }


def test_standard_input_is_not_a_file_of_the_repository() -> None:
    run = result(finding("port is 8103", document(uri="<stdin>")))
    assert "file" not in only("github", reported("github", run))[1]
    assert "sourcepath" not in only("azure", reported("azure", run))[1]
    assert only("github", reported("github", run))[2].startswith("<stdin>:3:11: ")


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deploy").mkdir()
    monkeypatch.chdir("deploy")
    run = result(finding("port is 8103"))
    assert only("github", reported("github", run))[1]["file"] == "deploy/server.json"
    assert only("azure", reported("azure", run))[1]["sourcepath"] == "deploy/server.json"


def test_a_file_that_could_not_be_read_is_an_error() -> None:
    run = result(files=(FileStatus("a.json", None, None, None, "failed", "it is empty"),))
    assert only("github", reported("github", run)) == (
        "error",
        {"file": "a.json", "title": "medplum-lint (file-not-read)"},
        "a.json: could not be read: it is empty",
    )
    assert only("azure", reported("azure", run)) == (
        "task.logissue",
        {"type": "error", "sourcepath": "a.json", "code": "file-not-read"},
        "a.json: could not be read: it is empty",
    )


@pytest.mark.parametrize("form", ["github", "azure"])
def test_quiet_writes_commands_only(form: str) -> None:
    run = result(finding("port is 8103"), finding("it is accepted", acceptance=accepted("why not")))
    assert reported(form, run).endswith("\n1 error in 1 file (1 suppressed).\n")
    text = reported(form, run, Style(quiet=True))
    assert (len(commands(form, text)), text.count("\n")) == (1, 1)


HOSTILE = st.text(st.sampled_from(":%,;]=#[vsoVSO \n\r\x1b\u2028\ud800é/") | st.characters(), max_size=30)


@pytest.mark.parametrize("form", ["github", "azure"])
@given(HOSTILE, HOSTILE)
def test_any_text_comes_through_as_it_is(form: str, name: str, message: str) -> None:
    """It neither ends a property or the command, nor begins another one; only what is not printable is shown as an escape."""
    where = document(uri=f"x{name.replace('/', '_')}.json")
    text = reported(form, result(finding(f"m{message}m", where)))
    assert foreign_commands(form, text) == []
    command = only(form, text.split("\n")[0])
    path = command.properties["file" if form == "github" else "sourcepath"]
    assert path == inert(printable(where.uri))
    assert command.data.startswith(f"{path}:3:11: {RULE.id}: m") and command.data.endswith("m")
    assert "\n" not in command.data


def test_what_runners_read() -> None:
    """The readers of these tests have teeth."""
    assert github_command("  ::error file=a%2Cb,line=1::x%0Ay") == ("error", {"file": "a,b", "line": "1"}, "x\ny")
    assert github_command("a ::error::") is None
    assert azure_command("a ##vso[task.logissue type=error;code=a%5Db;]x%AZP25") == (
        "task.logissue",
        {"type": "error", "code": "a]b"},
        "x%",
    )
    assert azure_command("##vso[x") is None
    assert foreign_commands("github", "::error::x\n::set-output name=x::y\n ::error::x\n::error::##[warning]") == [
        "::set-output name=x::y",
        " ::error::x",
        "::error::##[warning]",
    ]
    assert foreign_commands("text", "a\n::error::x\n##VSO[task.complete]") == ["::error::x", "##VSO[task.complete]"]
    assert foreign_commands("azure", "##vso[task.logissue type=error;]##[x]\n##vso[task.complete]\n::error::x") == [
        "##vso[task.logissue type=error;]##[x]",
        "##vso[task.complete]",
        "::error::x",
    ]
