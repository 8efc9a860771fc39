"""Several reports of one run: what ``--output`` means, what is refused, and where each report goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linter import reporters
from linter.cli import cli
from linter.options import Output, values
from linter.output import place_of
from linter.reporters import markdown
from linter.text import count

BAD = '{"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}'
SELECT = ("--select", "missing-trailing-slash")
RULE = "missing-trailing-slash"
INVALID = "Error: Invalid value for '--output' / '-o': "


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server.json").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def lint(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["server.json", *SELECT, *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def report(form: str) -> str:
    return lint("--format", form).stdout


def refused(*arguments: str) -> str:
    """The last line of the error for a refused command, which leaves no new file."""
    before = sorted(os.listdir())
    result = lint(*arguments)
    assert (result.exit_code, result.stdout, sorted(os.listdir())) == (2, "", before)
    return result.stderr.splitlines()[-1]


# --- What an output means -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="Windows reads these names otherwise")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("out.txt", Output("", "out.txt")),
        ("sarif:out.sarif", Output("sarif", "out.sarif")),
        ("markdown:-", Output("markdown", "-")),
        ("junit:a:b.xml", Output("junit", "a:b.xml")),
        ("html:/tmp/x.html", Output("html", "/tmp/x.html")),
        ("sarif:C:\\x.sarif", Output("sarif", "C:\\x.sarif")),
        ("C:\\x", Output("", "C:\\x")),
        ("c:/x", Output("", "c:/x")),
        ("foo:bar", Output("", "foo:bar")),
        ("./sarif:x", Output("", "./sarif:x")),
        ("sarif", Output("", "sarif")),
        (":x", Output("", ":x")),
        ("-", Output("", "-")),
    ],
)
def test_what_an_output_means(text: str, expected: Output) -> None:
    assert values.outputs((text,)) == (expected,)


@pytest.mark.parametrize("form", reporters.names())
def test_each_format_to_a_file_is_what_it_is_on_standard_output(form: str) -> None:
    assert lint("--output", f"{form}:out").stdout == report("text")
    assert Path("out").read_text(encoding="utf-8") == report(form)


def test_one_run_serves_log_upload_and_summary() -> None:
    done = lint("--format", "github", "--output", "sarif:out.sarif", "-o", "markdown:summary.md", "-o", "junit:out.xml")
    assert (done.exit_code, done.stdout, done.stderr) == (1, report("github"), "")
    for form, name in (("sarif", "out.sarif"), ("markdown", "summary.md"), ("junit", "out.xml")):
        assert Path(name).read_text(encoding="utf-8") == report(form)


def test_a_plain_file_has_the_report_of_the_format_and_standard_output_nothing() -> None:
    done = lint("--format", "json", "--output", "out.json", "--output", "sarif:out.sarif", "--output", "again.json")
    assert (done.stdout, done.stderr) == ("", "")
    assert Path("out.json").read_text() == Path("again.json").read_text() == report("json")
    assert json.loads(Path("out.sarif").read_text())["version"] == "2.1.0"


def test_another_format_may_have_standard_output() -> None:
    assert lint("--output", "sarif:-").stdout == report("sarif")
    assert lint("--format", "sarif", "--output", "sarif:-").stdout == report("sarif")
    assert lint("--output", "sarif:-", "--output", "text.txt").stdout == report("sarif")
    assert Path("text.txt").read_text() == report("text")


def test_a_file_named_like_a_format_is_noted() -> None:
    done = lint("--output", "sarif")
    assert (
        done.stderr
        == "medplum-lint: note: sarif: is a file that the report of --format goes to; --output sarif:FILE writes a sarif report\n"
    )
    assert Path("sarif").read_text() == report("text")
    assert lint("--output", "./sarif").stderr == ""


def test_a_file_whose_name_begins_with_no_format() -> None:
    if os.name == "posix":
        assert lint("--output", "foo:bar").stderr == ""
        assert Path("foo:bar").read_text() == report("text")


# --- What is refused ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", ""], f"{INVALID}it names no file"),
        (["-o", "sarif:"], f"{INVALID}sarif: needs a file name after the colon"),
        (
            ["-o", "sarfi:x"],
            f'{INVALID}there is no format "sarfi"; did you mean "sarif"? For a file of this name write ./sarfi:x',
        ),
        (
            ["-o", "SARIF:x"],
            f'{INVALID}there is no format "SARIF"; did you mean "sarif"? For a file of this name write ./SARIF:x',
        ),
        (["-o", "sarif:x", "-o", "junit:x"], "Error: --output: two reports cannot go to one file: x"),
        (["-o", "x", "-o", "junit:./y/../x"], "Error: --output: two reports cannot go to one file: ./y/../x"),
        (["-o", "-", "-o", "junit:-"], "Error: --output: two reports cannot go to one file: -"),
        (["-o", "sarif:-", "-o", "junit:-"], "Error: --output: two reports cannot go to one file: -"),
        (
            ["-f", "github", "-o", "sarif:-"],
            "Error: --format github and --output sarif:- both write to standard output: give one of them a file",
        ),
        (["-o", "junit:x", "--fix-script", "./x"], "Error: --fix-script needs a file of its own"),
        (["-o", "x", "--write-baseline", "./x"], "Error: --write-baseline needs a file of its own"),
        (["-o", "junit:y/../x", "--write-baseline", "x"], "Error: --write-baseline needs a file of its own"),
        (["--fix-script", "x", "--write-baseline", "x"], "Error: --write-baseline needs a file of its own"),
        (["--write-baseline", "/dev/stdout"], "Error: --write-baseline needs a file of its own"),
        (["--sarif-category", "a"], "Error: --sarif-category names a SARIF report: give --format sarif or --output sarif:FILE too"),
        (
            ["-f", "sarif", "--sarif-category", " / "],
            "Error: Invalid value for '--sarif-category': \" / \" is not a name such as medplum/production",
        ),
        (
            ["--show-suppressed"],
            "Error: --show-suppressed: no report of this run can show suppressed findings: give one of junit, markdown, sarif",
        ),
    ],
)
def test_what_is_refused(arguments: list[str], message: str) -> None:
    Path("y").mkdir()
    assert refused(*arguments) == message


@pytest.mark.skipif(os.name != "posix", reason="this is about Unix's files")
def test_one_file_by_two_names() -> None:
    Path("one").write_text("")
    Path("link").symlink_to("one")
    os.link("one", "hard")
    Path("dangling").symlink_to("new")
    assert all(place_of("one") == place_of(other) for other in ("./one", "link", "hard"))
    assert place_of("dangling") == place_of("new") and place_of("-") == place_of("/dev/stdout")
    assert place_of("/dev/fd/2") == place_of("/dev/stderr")
    assert not any(place_of("one") == place_of(other) for other in ("other", "-", "/dev/stderr", "a\0b"))
    assert place_of("/dev/null") != place_of("/dev/null")  # it takes any number of reports


def test_no_output_is_an_input() -> None:
    reason = "is one of the files that are read, and the report would overwrite it: write it to another file"
    for outputs in (["sarif:server.json"], ["junit:new.xml", "sarif:server.json"], ["new.txt", "html:server.json"]):
        assert refused(*(word for one in outputs for word in ("-o", one))) == f"medplum-lint: error: server.json: {reason}"
    assert Path("server.json").read_text() == BAD


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (["-o", "folder"], "text"),
        (["-f", "json", "-o", "folder"], "json"),
        (["-o", "sarif:folder"], "text"),
        (["-o", "new.txt", "-o", "sarif:folder"], "sarif"),
        (["-f", "sarif", "-o", "folder", "-o", "text:-"], "text"),
    ],
)
def test_a_folder_in_place_of_an_output_hides_no_finding(arguments: list[str], form: str) -> None:
    """A pull request may bring it: the files are checked, and the findings are on standard output if no output has it."""
    Path("folder").mkdir()
    done = lint(*arguments)
    assert (done.exit_code, done.stdout) == (2, report(form)) and RULE in done.stdout
    assert done.stderr == "medplum-lint: error: folder: cannot be written: is a directory\n"
    assert os.listdir("folder") == []


UNSAFE = {"--fix-script": ["--unsafe-fixes"]}


@pytest.mark.parametrize("option", ["--fix-script", "--write-baseline"])
def test_a_folder_in_place_of_what_is_written_beside(option: str) -> None:
    Path("folder").mkdir()
    dump = {"/medplum/prod/baseUrl": "https://api.hospital.example", "/medplum/prod/port": "8103"}
    Path("dump.json").write_text(json.dumps(dump))
    done = CliRunner().invoke(cli, ["dump.json", *SELECT, *UNSAFE.get(option, ()), option, "folder"])
    assert (done.exit_code, RULE in done.stdout) == (2, option == "--fix-script")
    assert "is a directory" in done.stderr and "Usage" not in done.stderr


# --- Links out of the working directory ---------------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside the working directory."""
    file = tmp_path_factory.mktemp("home") / "profile"
    file.write_text("old")
    return file


def link(how: str, target: Path) -> str:
    """A path in the working directory that leads to a file elsewhere by a link."""
    Path("sub").mkdir()
    if how == "folder":
        Path("out").symlink_to(target.parent)
        return f"out/{target.name}"
    if how == "folder and back":
        Path("out").symlink_to(target.parent / "inner")
        (target.parent / "inner").mkdir()
        return f"out/../{target.name}"
    if how == "two links":
        Path("middle").symlink_to(target)
        Path("results.sarif").symlink_to("sub/../middle")
    elif how == "relative":
        Path("results.sarif").symlink_to(os.path.relpath(target))
    else:
        Path("results.sarif").symlink_to(target)
    return (
        "sub/../results.sarif" if how == "round about" else str(Path("results.sarif").absolute() if how == "absolute" else "results.sarif")
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows has links for administrators only")
@pytest.mark.parametrize("how", ["file", "relative", "two links", "round about", "absolute", "folder", "folder and back"])
@pytest.mark.parametrize("option", ["-o", "--fix-script", "--write-baseline"])
def test_nothing_is_written_through_a_link_out_of_the_working_directory(option: str, how: str, outside: Path) -> None:
    """What is typed is the name of a file in the working directory, and the pull request brings the link."""
    dump = {"/medplum/prod/baseUrl": "https://api.hospital.example", "/medplum/prod/port": "8103"}
    Path("dump.json").write_text(json.dumps(dump))
    if option == "--write-baseline":
        outside.write_text("")  # a file that is not a baseline is not overwritten anyway
    before = outside.read_text()
    name = link(how, outside)
    done = CliRunner().invoke(cli, ["dump.json", *SELECT, *UNSAFE.get(option, ()), option, name])
    why = f"a link leads to {os.path.realpath(outside)}, outside the working directory: if that is meant, name that file itself"
    assert done.exit_code == 2
    assert f"medplum-lint: error: {name}: cannot be written: {why}" in done.stderr.splitlines()
    assert outside.read_text() == before
    assert (RULE in done.stdout) is (option != "--write-baseline")
    command = ["dump.json", *SELECT, *UNSAFE.get(option, ()), option, os.path.realpath(outside)]
    assert CliRunner().invoke(cli, command).exit_code == (0 if option == "--write-baseline" else 1)
    assert outside.read_text() != before


@pytest.mark.skipif(os.name != "posix", reason="Windows has links for administrators only")
def test_where_links_are_followed(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the working directory, by whatever name that is given, and on the way to what is typed outside of it."""
    Path("sub").mkdir()
    Path("inner.txt").symlink_to("sub/real.txt")
    assert lint("-o", "inner.txt", "-o", f"json:{outside.parent}/new.json").exit_code == 1
    (outside.parent / "here").symlink_to(Path.cwd())
    assert lint("-o", f"{outside.parent}/here/inner.txt").exit_code == 1
    (outside.parent / "there").symlink_to(outside.parent)
    assert lint("-o", f"{outside.parent}/there/new.txt").exit_code == 1
    monkeypatch.chdir("sub")
    Path("up.txt").symlink_to("../beside.txt")
    done = CliRunner().invoke(cli, ["../server.json", *SELECT, "-o", "up.txt", "-o", "../beside.txt"])
    assert done.exit_code == 2 and "two reports cannot go to one file" in done.stderr
    done = CliRunner().invoke(cli, ["../server.json", *SELECT, "-o", "up.txt"])
    assert done.exit_code == 2 and not Path("../beside.txt").exists()
    assert CliRunner().invoke(cli, ["../server.json", *SELECT, "-o", "../beside.txt"]).exit_code == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows has links for administrators only")
def test_no_fix_is_written_through_a_link_out_of_the_working_directory(outside: Path) -> None:
    outside.write_text(BAD)
    Path("medplum.config.json").symlink_to(outside)
    done = CliRunner().invoke(cli, [*SELECT, "--fix", "--unsafe-fixes", "medplum.config.json"])
    why = f"a link leads to {os.path.realpath(outside)}, outside the working directory: if that is meant, name that file itself"
    assert (done.exit_code, outside.read_text()) == (2, BAD)
    assert f"medplum-lint: error: medplum.config.json: cannot be written: {why}" in done.stderr.splitlines()
    assert CliRunner().invoke(cli, [*SELECT, "--fix", "--unsafe-fixes", str(outside), "--kind", "server/json"]).exit_code == 0
    assert outside.read_text() != BAD


def test_an_unwritable_report_does_not_prevent_others() -> None:
    done = lint("-o", "sarif:no/such/out.sarif", "-o", "junit:out.xml")
    assert (done.exit_code, done.stdout) == (2, report("text"))
    assert done.stderr == "medplum-lint: error: no/such/out.sarif: cannot be written: no such file or directory\n"
    assert Path("out.xml").read_text() == report("junit")


def test_a_bug_in_one_reporter_does_not_prevent_other_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    from linter.reporters import junit

    expected = report("sarif")
    monkeypatch.setattr(junit, "_of_finding", lambda *_: 1 / 0)
    done = lint("-o", "junit:out.xml", "-o", "sarif:out.sarif", "-q")
    assert done.exit_code == 3
    assert f"server.json: reporting {RULE} failed with ZeroDivisionError" in done.stderr
    assert RULE not in Path("out.xml").read_text() and RULE in done.stdout
    assert Path("out.sarif").read_text() == expected


def test_with_fixes(tmp_path: Path) -> None:
    done = lint("--fix", "--unsafe-fixes", "-o", "sarif:out.sarif", "-o", "junit:out.xml")
    assert done.exit_code == 0
    assert json.loads(Path("out.sarif").read_text())["runs"][0]["results"] == []


@pytest.mark.skipif(os.name != "posix", reason="this is about Unix's pipes")
def test_files_are_written_though_the_reader_of_standard_output_has_gone() -> None:
    command = f"{sys.executable} -m linter server.json -o sarif:out.sarif | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")
    assert RULE in Path("out.sarif").read_text()


# --- The summary of a step ----------------------------------------------------------------------------------------------------------


def test_the_summary_of_a_step_is_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step has a file of its own, but other commands of the step may have written to it, and a step may lint twice."""
    expected = report("markdown")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(Path("summary.md").absolute()))
    Path("summary.md").write_text("# Before")
    for _ in range(2):
        lint("-o", "markdown:summary.md", "-o", "markdown:other.md")
    assert Path("summary.md").read_text(encoding="utf-8") == f"# Before\n{expected}{expected}"
    assert Path("other.md").read_text(encoding="utf-8") == expected


def test_the_summary_of_a_step_stays_within_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("x" * (markdown.LIMIT - 1_150) + "\n")
    lint("-o", "markdown:summary.md")
    text = Path("summary.md").read_text(encoding="utf-8")
    assert text.endswith("findings in 1 file.**\n") is False
    assert f"{count(1, 'more finding')}, no more severe than these, is left out here." in text
    assert len(text.encode()) <= markdown.LIMIT


def test_a_summary_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "nowhere/summary.md", "new.md"):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", name)
        assert lint("-o", "markdown:out.md", "-q").exit_code == 1
    assert lint("-o", "markdown:new.md").exit_code == 1
    assert Path("new.md").read_text(encoding="utf-8") == report("markdown")
