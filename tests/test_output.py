"""Where a report goes: files, links, devices, pipes, what is closed or full, and what must not be written over."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import pytest

from linter.output import Unwritable, write_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this is about Unix's files")

COMMAND = (sys.executable, "-m", "linter")
BAD = '{"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}'
SELECT = ("--select", "missing-trailing-slash", "--quiet")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server.json").write_text(BAD)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, command: tuple[str, ...] = COMMAND, **how: object) -> subprocess.CompletedProcess[bytes]:
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "check": False, "timeout": 60, **how}
    return subprocess.run([*command, *arguments], **given)  # type: ignore[call-overload,no-any-return]


def shell(line: str) -> subprocess.CompletedProcess[bytes]:
    """A line of the shell, in which ``$LINT`` is the command."""
    return run("-c", line, command=("bash",), env={**os.environ, "LINT": " ".join(COMMAND)}, start_new_session=True)


@cache
def the_report() -> bytes:
    return run("server.json", *SELECT).stdout


# --- What is written ----------------------------------------------------------------------------------------------------------------


def test_a_new_file_has_the_mode_of_the_umask() -> None:
    before = os.umask(0o027)
    try:
        run("server.json", *SELECT, "-o", "out.txt")
    finally:
        os.umask(before)
    assert Path("out.txt").read_bytes() == the_report() != b""
    assert stat.S_IMODE(os.stat("out.txt").st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o755, 0o2664])
def test_a_file_keeps_its_mode(mode: int) -> None:
    Path("out.txt").write_text("old")
    Path("out.txt").chmod(mode)
    assert run("server.json", *SELECT, "-o", "out.txt").returncode == 1
    assert (Path("out.txt").read_bytes(), stat.S_IMODE(os.stat("out.txt").st_mode)) == (the_report(), mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_keeps_its_owner() -> None:
    Path("out.txt").write_text("old")
    os.chown("out.txt", 12_345, 54_321)
    Path("out.txt").chmod(0o4755)
    run("server.json", *SELECT, "-o", "out.txt")
    status = os.stat("out.txt")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12_345, 54_321, 0o4755)


@pytest.mark.parametrize("target", ["real.txt", "sub/real.txt", "missing.txt"])
def test_a_link_stays_and_its_target_is_written(target: str) -> None:
    Path("sub").mkdir()
    if target != "missing.txt":
        Path(target).write_text("old")
        Path(target).chmod(0o600)
    Path("middle").symlink_to(target)
    Path("out.txt").symlink_to("middle")
    assert run("server.json", *SELECT, "-o", "out.txt").returncode == 1
    assert Path("out.txt").is_symlink() and Path("middle").is_symlink()
    assert Path(target).read_bytes() == the_report()
    assert sorted(os.listdir()) == sorted({"server.json", "out.txt", "middle", "sub", target.partition("/")[0]})


def test_links_in_a_circle() -> None:
    Path("out.txt").symlink_to("other")
    Path("other").symlink_to("out.txt")
    done = run("server.json", *SELECT, "-o", "out.txt")
    assert (done.returncode, done.stderr) == (2, b"medplum-lint: error: out.txt: cannot be written: too many levels of symbolic links\n")


def test_a_pipe_is_written_through() -> None:
    os.mkfifo("pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    assert run("server.json", *SELECT, "-o", "pipe").returncode == 1
    reader.join(30)
    assert read == [the_report()]
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_a_closed_pipe_is_141() -> None:
    os.mkfifo("pipe")
    Path("server.json").write_text('{"baseUrl": "https://x.example", ' + ", ".join(f'"unheard{n}": 1' for n in range(500)) + "}")
    reader = subprocess.Popen(["head", "-c", "10", "pipe"], stdout=subprocess.DEVNULL)
    done = run("server.json", "--kind", "server/json", "-o", "json:pipe")
    reader.wait(30)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-"])
@pytest.mark.parametrize("where", ["a pipe", "a file", "the end of a file"])
def test_standard_output_by_its_names(name: str, where: str) -> None:
    """What is redirected to a file is appended to it, not replaced by it: the file is the shell's."""
    expected = the_report()
    if where == "a pipe":
        done = run("server.json", *SELECT, "-o", name)
        assert (done.returncode, done.stdout) == (1, expected)
        return
    Path("log").write_bytes(b"before\n")
    number = os.stat("log").st_ino
    with open("log", "ab" if where == "the end of a file" else "wb") as log:
        assert run("server.json", *SELECT, "-o", name, stdout=log).returncode == 1
    assert Path("log").read_bytes() == (b"before\n" if where == "the end of a file" else b"") + expected
    assert os.stat("log").st_ino == number


def test_devices() -> None:
    before = os.lstat("/dev/null")
    assert run("server.json", *SELECT, "-o", "/dev/null").returncode == 1
    assert os.path.samestat(before, os.lstat("/dev/null"))
    done = run("server.json", *SELECT, "-o", "/dev/stderr")
    assert (done.stdout, done.stderr) == (b"", the_report())
    done = run("server.json", *SELECT, "-o", "/dev/full")
    assert (done.returncode, done.stderr) == (2, b"medplum-lint: error: /dev/full: cannot be written: no space left on device\n")


def test_what_a_shell_offers() -> None:
    assert shell("$LINT server.json --quiet -o >(cat > copy); sleep 0.3").returncode == 0
    assert b"missing-trailing-slash" in Path("copy").read_bytes()


@pytest.mark.parametrize("length", [250, 255])
def test_a_name_of_any_length(length: int) -> None:
    assert run("server.json", *SELECT, "-o", "x" * length).returncode == 1
    assert Path("x" * length).read_bytes() == the_report()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Error: Invalid value for '--output' / '-o': it names no file"),
        ("x" * 256, f"medplum-lint: error: {'x' * 256}: cannot be written: file name too long"),
        ("no/such/folder.txt", "medplum-lint: error: no/such/folder.txt: cannot be written: no such file or directory"),
        ("new/", "medplum-lint: error: new/: cannot be written: is a directory"),
        ("server.json/x", "medplum-lint: error: server.json/x: cannot be written: not a directory"),
    ],
)
def test_what_cannot_be_written(name: str, message: str) -> None:
    done = run("server.json", *SELECT, "-o", name)
    assert (done.returncode, done.stdout, done.stderr.decode().splitlines()[-1]) == (2, the_report() if name else b"", message)
    assert os.listdir() == ["server.json"]


def test_a_file_that_may_not_be_written_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """(``access`` lets root write everything.)"""
    Path("out.txt").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Unwritable, match="permission denied"):
        write_file("out.txt", b"new")
    assert Path("out.txt").read_text() == "old"


# --- What must not be written -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["server.json", "./server.json", "link.json", "hard.json", "sub/../server.json"])
@pytest.mark.parametrize("paths", [["server.json"], ["hard.json"], ["link.json"], ["*.json"], ["-"]])
def test_an_output_that_is_an_input_is_refused(name: str, paths: list[str]) -> None:
    Path("sub").mkdir()
    Path("link.json").symlink_to("server.json")
    os.link("server.json", "hard.json")
    with open("server.json") as given:
        done = run(*paths, *SELECT, "-o", name, stdin=given)
    assert done.stderr.decode() == (
        f"medplum-lint: error: {name}: is one of the files that are read, and the report would overwrite it: write it to another file\n"
    )
    assert (done.returncode, done.stdout, Path("server.json").read_text()) == (2, b"", BAD)


POLICY = """id: acme/a
title: A policy
severity: note
for: server
must: {port: {min: 1}}
message: ${@path} ${@reason}
docs: Why.
examples: {good: [{data: {port: 1}}], bad: [{data: {port: 0}, finds: [port]}]}
"""


def test_a_configuration_and_a_policy_are_inputs_too() -> None:
    Path("policies").mkdir()
    Path("policies/a.yaml").write_text(POLICY)
    Path(".medplum-lint.toml").write_text('rules = ["policies"]')
    for name in (".medplum-lint.toml", "policies/a.yaml"):
        done = run("server.json", "-o", name)
        assert done.returncode == 2 and b"is one of the files that are read" in done.stderr
    assert Path("policies/a.yaml").read_text() == POLICY


def test_a_report_may_take_the_place_of_the_last_one_in_a_folder_that_is_searched() -> None:
    Path("server.json").rename("medplum.config.json")
    for _ in range(2):
        done = run(".", *SELECT, "--format", "json", "-o", "medplum-report.json")
        assert (done.returncode, done.stderr) == (1, b"")
    done = run(".", *SELECT, "-o", "medplum.config.json")
    assert (done.returncode, Path("medplum.config.json").read_text()) == (2, BAD)


# --- Whole or not at all ------------------------------------------------------------------------------------------------------------


def test_two_runs_at_once() -> None:
    started = [subprocess.Popen([*COMMAND, "server.json", *SELECT, "-o", "out.txt"]) for _ in range(4)]
    assert [one.wait(60) for one in started] == [1] * 4
    assert Path("out.txt").read_bytes() == the_report()
    assert sorted(os.listdir()) == ["out.txt", "server.json"]


def test_the_name_of_the_new_file_cannot_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int]] = []
    open_ = os.open

    def note(path: str, flags: int, mode: int = 0o777) -> int:
        opened.append((path, flags))
        return open_(path, flags, mode)

    monkeypatch.setattr(os, "open", note)
    for _ in range(2):
        write_file("out.txt", b"x")
    names = {path for path, _ in opened}
    assert len(names) == 2 and all(len(name) < 60 for name in names)
    assert all(flags & os.O_EXCL and flags & os.O_NOFOLLOW for _, flags in opened)


def test_what_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out.txt").write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("write", "replace", "fchmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(Unwritable, match="no space left on device"):
                write_file("out.txt", b"new")
    assert Path("out.txt").read_text() == "old"
    assert sorted(os.listdir()) == ["out.txt", "server.json"]


def test_a_kill_leaves_the_old_report_or_the_new_one() -> None:
    run("server.json", *SELECT, "-o", "out.txt")
    whole = Path("out.txt").read_bytes()
    for delay in range(6):
        Path("out.txt").write_bytes(b"old")
        started = subprocess.Popen([*COMMAND, "server.json", *SELECT, "-o", "out.txt"])
        time.sleep(0.06 * delay)
        started.kill()
        started.wait(30)
        assert Path("out.txt").read_bytes() in (b"old", whole)


# --- Standard output and standard error that are closed or full ---------------------------------------------------------------------

CLOSED = "medplum-lint: error: standard output: cannot be written: it is closed\n"
FULL = "medplum-lint: error: standard output: cannot be written: no space left on device\n"


@pytest.mark.parametrize(
    "command",
    [
        "server.json",
        "server.json -f json",
        "server.json -f sarif",
        "rules",
        "explain missing-host",
        "schema",
        "show server.json",
        "--help",
        "test policies",
    ],
)
def test_a_report_that_cannot_be_written_is_exit_2(command: str) -> None:
    Path("policies").mkdir()
    Path("policies/a.yaml").write_text(POLICY)
    for where, message in ((">&-", CLOSED), (">/dev/full", FULL)):
        done = shell(f"$LINT {command} {where}")
        assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", message)


@pytest.mark.parametrize(
    "command", ["server.json", "rules", "explain missing-host", "schema", "show server.json", "--help", "check --help", "--version"]
)
def test_a_reader_that_closes_is_141(command: str) -> None:
    done = shell(f"($LINT {command}; echo $? >code) | true; sleep 0.1; cat code")
    assert (done.stdout, done.stderr) == (b"141\n", b"")


@pytest.mark.parametrize(
    ("arguments", "code"), [("nowhere.json", 2), ("--nonsense", 2), ("server.json --quiet -o /dev/null", 1), ("show nowhere.json", 2)]
)
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_the_exit_code_tells_where_standard_error_cannot(arguments: str, code: int, where: str) -> None:
    done = shell(f"$LINT {arguments} {where}")
    assert (done.returncode, done.stdout) == (code, b"")


def test_everything_closed() -> None:
    assert shell("$LINT server.json <&- >&- 2>&-").returncode == 2
    assert shell("$LINT server.json -o out.txt <&- >&- 2>&-").returncode == 1
    assert Path("out.txt").read_bytes().startswith(b"server.json (server/json, ")


# --- Ctrl-C -------------------------------------------------------------------------------------------------------------------------


def interrupted(after: float, *arguments: str, stdin: int | None = None) -> tuple[int, bytes]:
    started = subprocess.Popen([*COMMAND, *arguments], stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(after)
    started.send_signal(signal.SIGINT)
    errors = started.communicate(timeout=60)[1]
    return started.returncode, errors


def test_ctrl_c_while_it_waits_is_130() -> None:
    assert interrupted(1.0, "-", stdin=subprocess.PIPE) == (130, b"")


def test_ctrl_c_in_an_import_or_anywhere_is_130() -> None:
    """From where our own code begins: what Python does before that is Python's."""
    script = "import sys\nfrom linter.__main__ import main\nprint('ready', file=sys.stderr, flush=True)\nmain()\n"
    codes = set()
    for delay in range(6):
        command = [sys.executable, "-c", script, "server.json", *SELECT]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert started.stderr is not None and started.stderr.readline() == b"ready\n"
        time.sleep(0.005 + delay * 0.03)
        started.send_signal(signal.SIGINT)
        errors = started.communicate(timeout=60)[1]
        assert (started.returncode, errors) in ((130, b""), (1, b""), (-signal.SIGINT, b""))  # the last when Python itself is at its end
        codes.add(started.returncode)
    assert 130 in codes


def test_ctrl_c_that_is_ignored_stays_so() -> None:
    done = shell(
        "trap '' INT; ($LINT - --kind server/json --quiet; echo $?) < <(sleep 0.6; echo '{}') & sleep 0.3; kill -INT 0; wait; echo end"
    )
    assert b"end" in done.stdout and b"130" not in done.stdout
