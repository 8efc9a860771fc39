"""What is read and how much of it: limits, devices, pipes, several names of one file, folders without an end, a folder that is gone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.formats import parsed

from linter import cli, files, reporters
from linter.files import Unreadable, parse_size, read_file, read_regular, read_standard_input
from linter.model import Document
from linter.options import choose
from linter.policy import engine
from linter.reporters import text as text_report
from linter.run import check as checking
from linter.run import compare as comparing
from linter.run import lint as stages
from linter.run import load as loading
from linter.run import read as reading
from linter.server.target import target_of
from linter.text import Text

COMMAND = (sys.executable, "-m", "linter")
BAD = '{"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}'
SELECT = ("--select", "missing-trailing-slash", "--quiet")
unix = pytest.mark.skipif(os.name != "posix", reason="this is about Unix's files")


MACHINES = [name for name in reporters.names() if name != "text"]
"""Formats that programs read."""
"""The formats for programs."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server.json").write_text(BAD)
    monkeypatch.chdir(tmp_path)


def lint(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments), input=given)


def shell(line: str, **how: object) -> subprocess.CompletedProcess[str]:
    """A line of the shell, in which ``$LINT`` is the command."""
    environment = {**os.environ, "LINT": " ".join(COMMAND)}
    given = {"capture_output": True, "text": True, "timeout": 60, "env": environment, **how}
    return subprocess.run(["bash", "-c", line], **given)  # type: ignore[call-overload,no-any-return]


def exit_and_errors(result: Result) -> tuple[int, list[str]]:
    return result.exit_code, result.stderr.splitlines()


# --- Limits -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("512MiB", 512 * 1024**2),
        ("64MB", 64_000_000),
        ("64 mb", 64_000_000),
        ("64M", 64 * 1024**2),
        ("10k", 10_240),
        ("3GiB", 3 * 1024**3),
        ("1T", 1024**4),
        ("100B", 100),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0MB", "-1", "1.5GB", "MiB", "12 parsecs", "1e6", "٣", "9" * 16, "1KiBs", "\n"])
def test_texts_that_are_not_sizes(text: str) -> None:
    result = lint("-", "--max-size", text, given="{}")
    assert (result.exit_code, "is not a size such as 64MiB" in result.stderr) == (2, True)


@given(st.text())
def test_any_text_is_a_size_or_none(text: str) -> None:
    with suppress(ValueError):
        assert parse_size(text) > 0


@pytest.mark.parametrize("command", [["check"], ["show"]])
def test_a_file_with_more_bytes_is_refused_by_its_size(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(BAD)
    assert "cannot be read" not in lint(*command, "server.json", "--max-size", str(size)).stderr
    monkeypatch.setattr(files, "read_within", lambda *_: pytest.fail("it was read"))
    result = lint(*command, "server.json", "--max-size", str(size - 1))
    message = f"medplum-lint: error: server.json: cannot be read: it has {size} bytes, more than the limit of {size - 1} bytes"
    assert exit_and_errors(result) == (2, [message])


def test_a_sparse_file_of_terabytes() -> None:
    with open("huge.json", "wb") as file:
        file.truncate(1 << 40)
    message = "cannot be read: it has 1,099,511,627,776 bytes, more than the limit of 536,870,912 bytes"
    for command in (["huge.json"], ["show", "huge.json"], ["diff", "huge.json", "server.json"]):
        assert exit_and_errors(lint(*command)) == (2, [f"medplum-lint: error: huge.json: {message}"])


def test_one_file_that_is_too_large_does_not_hide_the_others() -> None:
    Path("large.json").write_text(BAD + " " * 1_000)
    result = lint("large.json", "server.json", *SELECT, "--max-size", "1000", "-f", "concise")
    assert result.exit_code == 2
    assert result.stdout.startswith("server.json:1:13: error[missing-trailing-slash]")
    report = json.loads(lint("large.json", "--max-size", "1000", "-f", "json").stdout)
    assert [(file["path"], file["status"]) for file in report["files"]] == [("large.json", "failed")]


@pytest.mark.parametrize("chunk", [16, 1024 * 1024])
def test_standard_input_has_the_same_limit(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(files, "_CHUNK", chunk)
    message = f"medplum-lint: error: standard input: cannot be read: it has more than the limit of {len(BAD) - 1} bytes"
    assert exit_and_errors(lint("-", "--max-size", str(len(BAD) - 1), given=BAD)) == (2, [message])
    assert lint("-", "--max-size", str(len(BAD)), given=BAD).exit_code == 1


@unix
@pytest.mark.parametrize("command", ["-", "show -"])
def test_standard_input_that_is_not_a_file(command: str) -> None:
    say = "medplum-lint: error: standard input: cannot be read: "
    for where, reason in (
        ("< /dev/zero", "it is a device, not a file"),
        ("< /dev/urandom", "it is a device, not a file"),
        ("<&-", "it is closed"),
        ("< server.json --max-size 10", f"it has {len(BAD)} bytes, more than the limit of 10 bytes"),
        ("--max-size 1M < <(cat /dev/zero)", "it has more than the limit of 1,048,576 bytes"),
    ):
        done = shell(f"$LINT {command} {where}")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{say}{reason}\n")


# --- Devices and pipes --------------------------------------------------------------------------------------------------------------


@unix
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/urandom", "/dev/full", "zero"])
@pytest.mark.parametrize("command", [[], ["show"], ["diff", "server.json"]])
def test_a_device_is_refused(name: str, command: list[str]) -> None:
    os.symlink("/dev/zero", "zero")
    assert exit_and_errors(lint(*command, name)) == (2, [f"medplum-lint: error: {name}: cannot be read: it is a device, not a file"])


@unix
def test_the_null_device_is_an_empty_file() -> None:
    result = lint("/dev/null", "--kind", "server/json")
    assert (result.exit_code, result.stderr) == (2, "medplum-lint: error: /dev/null: the file is empty\n")


@unix
def test_what_a_shell_substitutes_is_read() -> None:
    done = shell(f"$LINT {' '.join(SELECT)} -f concise <(sleep 0.2; cat server.json)")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("/dev/fd/63:1:13: error[missing-trailing-slash]")
    done = shell(f"$LINT {' '.join(SELECT)} --kind server/json <(true)")
    assert (done.returncode, done.stderr) == (2, "medplum-lint: error: /dev/fd/63: the file is empty\n")
    done = shell("$LINT <(cat /dev/zero) --max-size 1M --quiet")
    message = "medplum-lint: error: /dev/fd/63: cannot be read: it has more than the limit of 1,048,576 bytes\n"
    assert (done.returncode, done.stderr) == (2, message)
    done = shell("$LINT diff <(cat server.json) <(cat server.json)")
    assert (done.returncode, done.stdout) == (0, "No differences.\n")


@unix
def test_a_named_pipe_is_read_when_it_has_a_writer() -> None:
    os.mkfifo("pipe")
    done = shell(f"(sleep 0.3; cat server.json) > pipe & $LINT {' '.join(SELECT)} pipe")
    assert (done.returncode, done.stderr) == (1, "")
    done = shell(f"(sleep 0.5; cat server.json > pipe) & $LINT {' '.join(SELECT)} pipe")
    assert (done.returncode, done.stderr) == (1, "")


@unix
@pytest.mark.parametrize("command", [[], ["show"], ["diff", "server.json"]])
def test_a_pipe_without_a_writer_is_not_waited_for(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_WRITER_TIMEOUT", 0.05)
    os.mkfifo("pipe")
    assert exit_and_errors(lint(*command, "pipe")) == (2, ["medplum-lint: error: pipe: cannot be read: no process writes to this pipe"])


@unix
def test_a_socket() -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert exit_and_errors(lint("socket")) == (2, ["medplum-lint: error: socket: cannot be read: it is a socket, not a file"])


@unix
def test_configurations_and_rules_must_be_files() -> None:
    os.mkfifo(".medplum-lint.toml")
    message = "medplum-lint: error: .medplum-lint.toml: cannot be read: it is a pipe, not a file"
    assert exit_and_errors(lint("-", given=BAD)) == (2, [message])
    os.remove(".medplum-lint.toml")
    os.symlink("/dev/zero", ".medplum-lint.toml")
    [line] = exit_and_errors(lint("-", "--config", ".medplum-lint.toml", given=BAD))[1]
    assert line.endswith("cannot be read: it is a device, not a file")
    os.remove(".medplum-lint.toml")
    os.mkdir("policies")
    os.symlink("/dev/zero", "policies/zero.yaml")
    lines = exit_and_errors(lint("-", "--rules", "policies", given=BAD))[1]
    assert lines == ["medplum-lint: error: policies/zero.yaml:1: cannot be read: it is a device, not a file"]


@unix
@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder"])
def test_a_file_replaced_before_it_is_opened_is_not_read(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    makers = {"pipe": os.mkfifo, "socket": lambda name: socket.socket(socket.AF_UNIX).bind(name), "folder": os.mkdir}
    says = {"pipe": "it is a pipe, not a file", "device": "it is a device, not a file", "folder": "is a directory"}
    check, swapped = files._check_kind, [False]

    def then_swap(mode: int, path: str, *, regular: bool) -> None:
        check(mode, path, regular=regular)
        if not swapped[0]:
            swapped[0] = True
            os.remove(path)
            makers.get(kind, lambda name: os.symlink("/dev/zero", name))(path)

    monkeypatch.setattr(files, "_check_kind", then_swap)
    with pytest.raises(Unreadable, match=says.get(kind, "no such device or address")):
        read_regular("server.json", 1000)


@unix
def test_an_env_file_that_is_a_pipe_is_not_read() -> None:
    variables = "environment: {MEDPLUM_REDIS_HOST: cache}"
    Path("compose.yml").write_text(f"services: {{a: {{image: medplum/medplum-server, command: env, env_file: a.env, {variables}}}}}\n")
    os.mkfifo("a.env")
    result = lint("compose.yml")
    assert (result.exit_code, result.stderr) == (0, "")


def test_configurations_and_rules_have_limits() -> None:
    Path("large.toml").write_text("# " + "x" * (1 << 20))
    [line] = exit_and_errors(lint("-", "--config", "large.toml", given=BAD))[1]
    assert line.endswith("large.toml: cannot be read: it has 1,048,578 bytes, more than the limit of 1,048,576 bytes")
    with pytest.raises(Unreadable):
        read_regular("large.toml", 10)


def test_a_name_that_no_file_can_have() -> None:
    for read in (read_file, read_regular):
        with pytest.raises(Unreadable, match="this cannot be the name of a file"):
            read("a\0b", 1)


# --- One file, several names --------------------------------------------------------------------------------------------------------


@unix
@pytest.mark.parametrize(
    "paths",
    [
        ["server.json", "server.json"],
        ["server.json", "./server.json"],
        ["server.json", "deploy/../server.json"],
        ["server.json", "link.json"],
        ["server.json", "hard.json"],
        ["server.json", "linked/server.json"],
        ["server.json", "*.json"],
        [".", "server.json"],
        ["server.json", "."],
        ["server.json", "**/server.json"],
    ],
)
def test_a_file_is_reported_once_by_the_first_name_that_the_user_gave(paths: list[str]) -> None:
    Path("deploy").mkdir()
    os.symlink("server.json", "link.json")
    os.symlink(".", "linked")
    os.link("server.json", "hard.json")
    report = json.loads(lint(*paths, "--format", "json").stdout)
    assert [file["path"] for file in report["files"]] == ["server.json"]


@unix
def test_a_search_names_a_file_by_itself_not_by_a_link() -> None:
    os.rename("server.json", "medplum.z.json")
    os.symlink("medplum.z.json", "medplum.a.json")
    assert [file["path"] for file in json.loads(lint(".", "--format", "json").stdout)["files"]] == ["medplum.z.json"]
    assert [file["path"] for file in json.loads(lint(".", "medplum.a.json", "--format", "json").stdout)["files"]] == ["medplum.a.json"]


def test_the_same_text_in_two_files_is_two_files() -> None:
    shutil.copy("server.json", "copy.json")
    assert len(json.loads(lint("server.json", "copy.json", "--format", "json").stdout)["files"]) == 2


# --- What has no end ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def removed(tmp_path: Path) -> Iterator[None]:
    """Remove what is too deep for shutil, and so for pytest."""
    yield
    subprocess.run(["rm", "-rf", *map(str, tmp_path.iterdir())], check=True)


@pytest.fixture
def deep_file(removed: None) -> str:
    """A file in 1,100 folders."""
    here = os.getcwd()
    for _ in range(1_100):
        os.mkdir("x")
        os.chdir("x")
    Path("medplum.config.json").write_text(BAD)
    os.chdir(here)
    return "x/" * 1_100 + "medplum.config.json"


@unix
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("command", [".", "**/*.json", "x/**"])
def test_folders_1100_deep(command: str, deep_file: str) -> None:
    result = lint(command, *SELECT)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith("x/" * 1_100 if command == "x/**" else ("x/" * 1_100, "server.json"))


@pytest.mark.slow
@unix
def test_a_file_1100_deep(deep_file: str) -> None:
    assert lint("show", deep_file).exit_code == 0
    for form in MACHINES:
        assert lint(deep_file, "--format", form).exit_code == 1


@unix
def test_folders_deeper_than_a_path_can_be(removed: None) -> None:
    here = os.getcwd()
    name = "x" * 200
    for _ in range(25):
        os.mkdir(name)
        os.chdir(name)
    os.chdir(here)
    code, [line] = exit_and_errors(lint(".", *SELECT))
    assert code == 2
    assert line.startswith(f"medplum-lint: error: {name}/{name}/") and line.endswith(f"/{name}: cannot be read: file name too long")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="a socket is no file there")
def test_standard_input_can_be_a_socket() -> None:
    """As what Node.js starts has it."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"{}")
    theirs.close()
    with open(ours.detach(), "rb") as stream:
        assert read_standard_input(stream) == b"{}"


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("form", reporters.names())
@pytest.mark.parametrize("name", ["a/" * 2_100 + "x.json", "x" * 300, "../" * 1_400 + "x.json", "/" * 5_000 + "x"])
def test_a_name_for_standard_input_of_any_length(name: str, form: str) -> None:
    result = lint("-", "--stdin-filename", name, "--format", form, *SELECT, given=BAD)
    assert (result.exit_code, result.stderr) == (1, "")


_PARTS = ".a" * (5_000 if sys.version_info >= (3, 11) else 900)
"""The parts of a long dotted key. tomli, which reads TOML on Python 3.10, refuses more than 1,000 by itself."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 5_000, ": not usable: lists or tables in it are nested too deeply"),
        ("x = " + "{a = " * 5_000, ": not usable: lists or tables in it are nested too deeply"),
        ("[" * 5_000, ":1: not valid TOML: "),
        ("fail-on" + _PARTS + " = 1", ":1: fail-on must be one of error, warning, note, never"),
        ("target" + _PARTS + " = 1", ":1: target must be one of auto, production, development"),
        (
            "severity.missing-host.production" + _PARTS + " = 1",
            ":1: the severity of missing-host must be one of error, warning, note, off",
        ),
        ("fail-on = " + "9" * 5_000, ": not valid TOML: "),
        ("select = [" + "1" * 5_000 + "]", ": not valid TOML: "),
        ("target = 2026-13-45", ":1: not valid TOML: "),
        ('exclude = ["' + "a" * 2_000 + '"]', " is not a glob"),
        ('exclude = ["[z-a]"]', ':1: "[z-a]" is not a glob'),
        ("[[per-file]]", ":1: per-file must be a table of globs"),
    ],
)
def test_a_configuration_that_is_hard_to_read(text: str, message: str) -> None:
    Path(".medplum-lint.toml").write_text(text)
    code, [line] = exit_and_errors(lint("-", *SELECT, given=BAD))
    assert code == 2
    assert line.startswith("medplum-lint: error: .medplum-lint.toml:") and message in line


@pytest.mark.parametrize("text", ["tool = 1", '[[tool]]\nx = """\n[tool.medplum-lint]\n"""', 'tool = "medplum-lint."\nmedplum-lint = 1'])
def test_a_project_that_has_another_tool(text: str) -> None:
    Path("pyproject.toml").write_text(f"{text}\n")
    assert lint("-", *SELECT, given=BAD).exit_code == 1


# --- A missing folder, names that are not text, terminals that cannot show them --------------------------------------------------

# not -c: its "" in sys.path makes extension modules fail there on Python 3.13
GONE = f"OLD=$PWD; mkdir gone; cd gone; rmdir ../gone; PYTHONPATH={Path(__file__).parent.parent} {sys.executable} -m linter"


@unix
@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("$OLD/server.json -q", 1),
        ("-q - < $OLD/server.json", 2),
        (".", 2),
        ("x.json", 2),
        ("rules", 2),
        ("schema", 0),
        ("show $OLD/server.json", 0),
    ],
)
def test_a_missing_working_folder(arguments: str, code: int) -> None:
    done = shell(f"{GONE} {arguments}")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "bug" not in done.stderr


@unix
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("form", MACHINES)
def test_a_report_in_a_missing_working_folder(form: str) -> None:
    done = shell(f"{GONE} $OLD/server.json -f {form}")
    assert (done.returncode, done.stderr) == (1, "")
    assert parsed(form, done.stdout)


@unix
@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("form", reporters.names())
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "C"])
def test_a_name_that_is_not_a_text(form: str, encoding: str) -> None:
    name = b"medplum-\xff\xe9\xe2\x80\xae-\xf0\x9f\x8f\xa5.json"
    with open(name, "wb") as file:
        file.write(BAD.replace("https://", "https://ü\u202e.").encode())
    more = {"LC_ALL": "C", "LANG": "C"} if encoding == "C" else {"PYTHONIOENCODING": encoding}
    environment = {**{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}, **more}
    for arguments in ([b"."], [name], [b"nowhere-" + name]):
        done = subprocess.run([*COMMAND, *arguments, b"-f", form.encode()], capture_output=True, env=environment, check=False)
        assert done.returncode == (2 if b"nowhere" in arguments[0] else 1)
        assert b"Traceback" not in done.stderr and b"bug" not in done.stderr
        text = done.stdout.decode(encoding if encoding != "C" else "utf-8")
        parsed(form, text)
    done = subprocess.run(
        [*COMMAND, b".", b"-f", form.encode(), b"-o", b"out-" + name + b".txt"], capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    with open(b"out-" + name + b".txt", "rb") as file:
        file.read().decode()


@unix
def test_sarif_on_a_stream_without_unicode_is_escaped() -> None:
    Path("medplum.ü.json").write_text('{"database": {"password": "secret"}, "redis": {}, "anhängsel": 1}', encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, ".", "-f", "sarif"], capture_output=True, env=environment, check=False)
    assert "anhängsel" in json.dumps(json.loads(done.stdout.decode("ascii")), ensure_ascii=False)


# --- A bug in one file hides nothing of the others ------------------------------------------------------------------------------------


def broken(*_: object) -> object:
    raise ZeroDivisionError("the secret value")


def breaks(name: str, original: Callable[..., object]) -> Callable[..., object]:
    """A function that fails for one document."""

    def failing(first: object, *others: object) -> object:
        document = next((one for one in (first, *others) if isinstance(one, Document)), None) or getattr(first, "document", None)
        if document is not None and document.uri == name:
            broken()
        return original(first, *others)

    return failing


@pytest.mark.quick_cases(22)
@pytest.mark.parametrize("where", ["load", "target_of", "check", "excerpt", "side_by_side", "unused"])
@pytest.mark.parametrize("form", reporters.names())
def test_a_bug_in_one_file_hides_nothing_of_the_others(where: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bug.json").write_text(f" {BAD}")
    if where == "load":
        load = loading.load
        monkeypatch.setattr(reading, "load", lambda given, *how, **more: broken() if given.uri == "bug.json" else load(given, *how, **more))
    elif where == "target_of":
        monkeypatch.setattr(choose, "target_of", breaks("bug.json", target_of))
    elif where == "check":
        monkeypatch.setattr(checking, "check", lambda rule, one, *more: breaks("bug.json", engine.check)(rule, one, *more))
    elif where == "excerpt":
        position = Text.position
        monkeypatch.setattr(Text, "position", lambda text, offset: broken() if text.content[0] == " " else position(text, offset))
    elif where == "side_by_side":
        monkeypatch.setattr(comparing, "deployments", broken)
    else:
        monkeypatch.setattr(stages, "unused", broken)
    result = lint("bug.json", "server.json", "--format", form, "--select", "missing-trailing-slash")
    assert result.exit_code == 3
    assert "medplum-lint: bug: " in result.stderr and "ZeroDivisionError at test_inputs.py:" in result.stderr
    assert "the secret value" not in result.output and "Traceback" not in result.output
    if form in ("text", "concise", "grouped"):
        assert "server.json:1:13" in result.stdout
    elif form == "json":
        found = {one["path"] for one in json.loads(result.stdout)["findings"]}
        assert "server.json" in found
    elif form == "gitlab":
        assert "server.json" in {one["location"]["path"] for one in json.loads(result.stdout)}
    elif form == "sarif":
        places = [
            one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in json.loads(result.stdout)["runs"][0]["results"]
        ]
        assert any(place.endswith("server.json") for place in places)
    else:
        place = "server.json:1:13" if form != "markdown" else "server.json</code>"
        assert place in result.stdout and "missing-trailing-slash" in result.stdout


def test_a_bug_in_one_file_hides_nothing_of_what_show_prints_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bug.json").write_text(BAD)
    load = loading.load
    monkeypatch.setattr(reading, "load", lambda given, *how, **more: broken() if given.uri == "bug.json" else load(given, *how, **more))
    result = lint("show", "bug.json", "server.json")
    assert result.exit_code == 3
    assert result.stdout.startswith("server.json (server/json)")
    assert "medplum-lint: bug: bug.json: loading the file failed with ZeroDivisionError at test_inputs.py:" in result.stderr


def test_a_bug_in_a_reporter_itself_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_report, "report", broken)
    with pytest.raises(SystemExit) as stop:
        cli.cli.main(["server.json"])
    assert stop.value.code == 3
