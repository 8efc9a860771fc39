"""``--fix``, ``--unsafe-fixes`` and ``--diff``: what is changed in a file, what is not, and when nothing is."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.canaries import Planted, infra_files, server_files
from support.checkout import ROOT

from linter import cli, files, output
from linter.commands import check as check_command
from linter.documents.inputs import Input
from linter.fixes.plan import Fixes, fixed
from linter.fixes.store_plan import commanded
from linter.model import Change, Document
from linter.options.config import Overrides
from linter.release import NEWEST
from linter.run import Options, Outcome, lint_input, lint_paths
from linter.text import Edit, Span

SLASHES = "missing-trailing-slash,ignored-setting"
KNOWN = ("--server-version", str(NEWEST))
"""An old setting is deleted only where it is known which server it is."""
BASE: Mapping[str, Any] = {"baseUrl": "https://api.clinic.example/", "database": {}, "redis": {}}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "medplum.config.json") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def fix(*arguments: str) -> Result:
    return run("--fix", *KNOWN, "--select", SLASHES, *arguments)


# --- What is changed ------------------------------------------------------------------------------------------------------------------

STYLES = {
    "two blanks": (
        '{\n  "appBaseUrl": "https://a.clinic.example",\n  "auditEventLogGroup": "x",\n  "database": {},\n  "redis": {}\n}\n',
        '{\n  "appBaseUrl": "https://a.clinic.example/",\n  "database": {},\n  "redis": {}\n}\n',
    ),
    "tabs, CRLF and a byte order mark": (
        '\ufeff{\r\n\t"redis":{},\r\n\r\n\t"database":{},\r\n\t"appBaseUrl" :  "https://a.clinic.example"\r\n}',
        '\ufeff{\r\n\t"redis":{},\r\n\r\n\t"database":{},\r\n\t"appBaseUrl" :  "https://a.clinic.example/"\r\n}',
    ),
    "one line": (
        '{"database":{"port":5.432e3},"redis":{},"auditEventLogStream":"x","appBaseUrl":"https:\\/\\/a.clinic.example"}',
        '{"database":{"port":5.432e3},"redis":{},"appBaseUrl":"https:\\/\\/a.clinic.example/"}',
    ),
    "the last member": (
        '{"database": {}, "redis": {}, "appBaseUrl": "https://a.clinic.example/",\n    "auditEventLogGroup": "x"\n}\n',
        '{"database": {}, "redis": {}, "appBaseUrl": "https://a.clinic.example/"\n}\n',
    ),
}


COMMENTS = {
    "of another setting on the line": (
        '{\n  "auditEventLogGroup": "x", /* keep it */ "logLevel": "WARN",\n  "database": {}, "redis": {}\n}\n',
        '{\n  /* keep it */ "logLevel": "WARN",\n  "database": {}, "redis": {}\n}\n',
    ),
    "of what is given twice": (
        '{\n  // why\n  "logLevel": "WARN", // ticket 1\n  "logLevel": "WARN", // ticket 2\n  "database": {}, "redis": {}\n}\n',
        '{\n  // why\n  // ticket 1\n  "logLevel": "WARN", // ticket 2\n  "database": {}, "redis": {}\n}\n',
    ),
    "within what is given twice": (
        '{\n  "redis": {/* ours */ "host": "cache"},\n  "redis": {"host": "cache"}, "database": {}\n}\n',
        '{\n  "redis": {/* ours */ "host": "cache"},\n  "redis": {"host": "cache"}, "database": {}\n}\n',
    ),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_safe_fix_takes_no_comment_about_what_stays(name: str) -> None:
    before, after = COMMENTS[name]
    path = write(before)
    run("--fix", *KNOWN, "--select", "ignored-setting,duplicate-key", path.name)
    assert path.read_text() == after


@pytest.mark.parametrize("name", STYLES)
def test_nothing_but_the_fix_changes(name: str) -> None:
    before, after = STYLES[name]
    path = write(before)
    result = fix(path.name)
    assert path.read_bytes().decode() == after
    assert result.exit_code == 0 and "fixed in 1 file" in result.stderr
    again = fix(path.name)
    assert path.read_bytes().decode() == after and again.stderr == ""


def test_safe_fixes_alone_unless_others_are_requested() -> None:
    text = json.dumps({**BASE, "baseUrl": "https://api.clinic.example"})
    path = write(text)
    assert (fix(path.name).exit_code, path.read_text()) == (1, text)
    assert fix("--unsafe-fixes", path.name).exit_code == 0
    assert json.loads(path.read_text()) == BASE


def test_what_is_left_is_reported() -> None:
    path = write(json.dumps({**BASE, "baseUrl": "https://api.clinic.example", "appBaseUrl": "https://app.clinic.example"}))
    result = fix(path.name)
    assert result.stdout.count("[missing-trailing-slash]") == 1 and "appBaseUrl must end" not in result.stdout
    assert "baseUrl must end" in result.stdout
    assert result.stderr == "medplum-lint: note: 1 finding fixed in 1 file\n"


def test_a_diff_changes_nothing_and_hides_secrets() -> None:
    redis = {"password": "hunter2hunter2"}
    data = {"database": {}, "redis": redis, "auditEventLogGroup": "x", "appBaseUrl": "https://a.clinic.example"}
    text = json.dumps(data, indent=2)
    path = write(text)
    result = run("--diff", *KNOWN, "--select", SLASHES, path.name)
    assert (result.exit_code, path.read_text()) == (1, text)
    assert result.stdout == (
        "--- medplum.config.json\n"
        "+++ medplum.config.json\n"
        "@@ -3,6 +3,5 @@\n"
        '   "redis": {\n'
        '     "password": "••••••"\n'
        "   },\n"
        '-  "auditEventLogGroup": "x",\n'
        '-  "appBaseUrl": "https://a.clinic.example"\n'
        '+  "appBaseUrl": "https://a.clinic.example/"\n'
        " }\n"
        "\\ No newline at end of file\n"
        f"Checked against server {NEWEST} (--server-version).\n"
        "\n"
        "No findings in 1 file.\n"
    )
    assert result.stderr == "medplum-lint: note: 2 findings would be fixed in 1 file\n"


def test_what_a_diff_leaves_is_reported_where_it_is_now() -> None:
    text = '{\n"auditEventLogGroup": "x",\n"baseUrl": "https://a.example/",\n"database": {},\n"redis": {"port": 70000}\n}\n'
    path = write(text)
    rules = *KNOWN, "--select", "ignored-setting,number-out-of-range"
    found = json.loads(run("--diff", *rules, "--format", "json", path.name).stdout)["findings"]
    assert [(one["rule"], one["range"]["start"]) for one in found] == [("number-out-of-range", {"line": 5, "column": 19})]
    result = run("--diff", *rules, "--format", "sarif", path.name)
    assert result.stderr.startswith("--- medplum.config.json\n") and len(json.loads(result.stdout)["runs"][0]["results"]) == 1
    result = run("--diff", *rules, "--format", "json", "--output", "report.json", path.name)
    assert result.stdout.startswith("--- medplum.config.json\n") and path.read_text() == text


def test_a_diff_of_standard_input() -> None:
    text = json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"})
    result = CliRunner().invoke(cli.cli, ["--diff", "--select", SLASHES, "-"], input=text)
    assert result.exit_code == 1 and '"https://a.clinic.example/"' in result.stdout.splitlines()[5]


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("server.env", "MEDPLUM_DATABASE_HOSTT=vX8jJ8vG4\n", "+MEDPLUM_DATABASE_HOST=••••••"),
        ("medplum.config.json", '{"database": {"hostt": "vX8jJ8vG4"}}\n', '+{"database": {"host": "••••••"}}'),
    ],
)
def test_what_a_wrong_name_masks_stays_masked_under_the_right_one(name: str, text: str, shown: str) -> None:
    lines = run("--diff", "--unsafe-fixes", "--select", "unknown-setting", write(text, name).name).stdout.splitlines()
    assert lines[4] == shown and "vX8" not in "".join(lines)


def test_a_diff_does_not_tell_a_secret_by_what_else_is_masked() -> None:
    path = write('{"baseUrl": "https://api.pass.example", "database": {}, "redis": {"url": "redis://:pass@r.example"}}\n')
    lines = run("--diff", "--unsafe-fixes", path.name).stdout.splitlines()
    assert [line for line in lines if line[:2] in ("-{", "+{")] == [
        '-{"baseUrl": "https://api.pass.example", "database": {}, "redis": {"url": "••••••"}}',
        '+{"baseUrl": "https://api.pass.example/", "database": {}, "redis": {"host": "••••••", "password": "••••••"}}',
    ]


def test_a_diff_of_nothing() -> None:
    path = write(json.dumps(BASE))
    result = run("--diff", "--select", SLASHES, path.name)
    assert (result.exit_code, result.stdout.startswith("No findings"), result.stderr) == (0, True, "")


def test_a_diff_without_a_line_end_at_the_end() -> None:
    path = write('{"database": {}, "redis": {}, "appBaseUrl": "https://a.clinic.example"}')
    assert run("--diff", "--select", SLASHES, path.name).stdout.splitlines()[2:7] == [
        "@@ -1 +1 @@",
        '-{"database": {}, "redis": {}, "appBaseUrl": "https://a.clinic.example"}',
        "\\ No newline at end of file",
        '+{"database": {}, "redis": {}, "appBaseUrl": "https://a.clinic.example/"}',
        "\\ No newline at end of file",
    ]


def test_a_diff_counts_the_lines_that_it_shows() -> None:
    path = write('{"database": {}, "redis": {}, "appBaseUrl": "https://a.clinic.example"}\n')
    lines = run("--diff", "--select", SLASHES, path.name).stdout.splitlines()
    assert lines[2] == "@@ -1 +1 @@" and [line[:1] for line in lines[3:5]] == ["-", "+"]


def test_each_file_of_a_folder_is_fixed() -> None:
    paths = [write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}), f"{name}/medplum.config.json") for name in "ab"]
    assert fix(".").stderr == "medplum-lint: note: 2 findings fixed in 2 files\n"
    assert [json.loads(path.read_text())["appBaseUrl"] for path in paths] == ["https://a.clinic.example/"] * 2


def test_an_accepted_finding_is_left_alone() -> None:
    write('ignore = ["missing-trailing-slash"]', ".medplum-lint.toml")
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    run("--fix", path.name)
    assert json.loads(path.read_text())["appBaseUrl"] == "https://a.clinic.example"


# --- When nothing is changed ------------------------------------------------------------------------------------------------------------


def test_options_that_make_no_sense_together() -> None:
    assert "--unsafe-fixes says which fixes to make: give --fix" in run("--unsafe-fixes", "x").stderr
    assert "standard input cannot be changed" in run("--fix", "-").stderr


def test_a_file_that_cannot_be_written_is_an_error_and_the_others_are_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}), f"{name}/medplum.config.json") for name in "ab"]
    writable = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("a/") and writable(path, mode))
    result = fix("a/medplum.config.json", "b/medplum.config.json")
    assert result.exit_code == 2 and "a/medplum.config.json: cannot be written: permission denied" in result.stderr
    assert [json.loads(path.read_text())["appBaseUrl"][-1] for path in paths] == ["e", "/"]
    assert "a/medplum.config.json:1:" in result.stdout and "b/medplum.config.json:1:" not in result.stdout
    assert "note: 1 finding fixed in 1 file" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("--fix", "--output"), ("--fix", "--format", "json", "--output"), ("--fix", "--fix-script"), ("--diff", "--output")]
)
def test_no_output_replaces_an_input(arguments: tuple[str, ...]) -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    before = path.read_text()
    result = run(*arguments, f"./{path.name}", path.name)
    assert (result.exit_code, path.read_text()) == (2, before)
    assert "is one of the files that are read" in result.stderr


def test_two_outputs_are_two_files() -> None:
    assert "--fix-script needs a file of its own" in run("--fix-script", "x", "--output", "./x").stderr


def test_a_file_that_changes_meanwhile_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    replace = output.write_file

    def changed(name: str, content: bytes, *, before: bytes) -> None:
        path.write_text("{}")
        replace(name, content, before=before)

    monkeypatch.setattr(check_command, "write_file", changed)
    result = fix(path.name)
    assert (result.exit_code, path.read_text()) == (2, "{}") and "has changed since it was read" in result.stderr
    assert os.listdir() == [path.name]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("swap", "says"),
    {
        "pipe": (lambda name: os.mkfifo(name), "it is a pipe, not a file"),
        "folder": (os.mkdir, "is a directory"),
        "link": (lambda name: os.symlink("/dev/zero", name), "it is a link, not a file"),
        "link to a file": (lambda name: os.symlink("b.config.json", name), "it is a link, not a file"),
        "socket": (lambda name: socket.socket(socket.AF_UNIX).bind(name), "it is a socket, not a file"),
        "nothing": (lambda name: None, "no such file or directory"),
    }.values(),
)
@pytest.mark.parametrize("late", [False, True])
def test_a_replaced_file_is_left_alone_and_the_others_are_fixed(
    swap: Callable[[str], object], says: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while signals are held back, when waiting for the other end of a pipe could not be interrupted."""
    text = json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"})
    paths = [write(text, name) for name in ("a.config.json", "b.config.json")]
    write_all, replace = output._write_all, output.write_file

    def swapped() -> None:
        if not Path("aside").exists():
            os.rename(paths[0].name, "aside")
            swap(paths[0].name)

    def meanwhile(descriptor: int, report: bytes) -> None:
        swapped()
        write_all(descriptor, report)

    def at_first(name: str, content: bytes, *, before: bytes) -> None:
        swapped()
        replace(name, content, before=before)

    monkeypatch.setattr(files, "_WRITER_TIMEOUT", 0.05)
    monkeypatch.setattr(*((output, "_write_all", meanwhile) if late else (check_command, "write_file", at_first)))
    result = run("--fix", "--kind", "server/json", "--select", SLASHES, *(path.name for path in paths))
    assert result.exit_code == 2
    if late:
        assert f"error: a.config.json: cannot be written: {says}" in result.stderr
    assert Path("aside").read_text() == text
    assert paths[1].read_text() == text.replace("a.clinic.example", "a.clinic.example/")
    assert "1 finding fixed in 1 file" in result.stderr
    assert not any(name.endswith(".tmp") for name in os.listdir())


def with_edits(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    """Have the editor of JSON files make other edits than it should."""
    from linter.documents.editing import json as json_editor

    monkeypatch.setattr(json_editor, "json_edits", make)


def test_a_fix_that_changes_another_setting_is_a_bug_and_the_file_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    before = path.read_text()
    at = before.index("{}")
    with_edits(monkeypatch, lambda *_: [Edit(Span(at, at + 2), '{"port": 1}')])
    result = fix(path.name)
    assert (result.exit_code, path.read_text()) == (3, before)
    assert "the fixes of missing-trailing-slash do not have the intended result" in result.stderr


def test_the_name_of_an_infra_config_can_be_fixed() -> None:
    path = write('{"names": "ward", "apiPort": 8103}', "infra.json")
    result = run("--fix", "--unsafe-fixes", "--kind", "infra/json", path.name)
    assert (result.exit_code, json.loads(path.read_text())) == (1, {"name": "ward", "apiPort": 8103})


def test_a_fix_that_breaks_the_text_is_a_bug_and_the_file_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    before = path.read_text()
    with_edits(monkeypatch, lambda *_: [Edit(Span(0, 1), "[")])
    assert (fix(path.name).exit_code, path.read_text()) == (3, before)


def test_a_fix_that_causes_an_equally_severe_finding_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(json.dumps({**BASE, "auditEventLogGroup": "x"}))
    before = path.read_text()
    from linter.policy import make_fix as making

    make = making.make_fix

    def worse(plan: Any, node: Any) -> Any:
        made = make(plan, node)
        return made._replace(changes=(Change("set", ("port",), "web"),)) if made is not None else None

    monkeypatch.setattr(making, "make_fix", worse)
    result = run("--fix", *KNOWN, "--select", "ignored-setting,wrong-type", path.name)
    assert (result.exit_code, path.read_text()) == (0, before)
    assert result.stderr == (
        "medplum-lint: note: medplum.config.json: the fixes of ignored-setting are left out, "
        "because they would cause error[wrong-type] at line 1, column 10\n"
    )
    assert "[ignored-setting]" in result.stdout and "fixable" not in result.stdout


# --- What counts as new -----------------------------------------------------------------------------------------------------------------


def left(path: Path, *arguments: str) -> list[tuple[str, str]]:
    """What is left after all fixes, by rule and setting; a second run must find nothing to fix."""
    result = run("--fix", "--unsafe-fixes", "--format", "json", *arguments, path.name)
    assert result.exit_code in (0, 1) and "because" not in result.stderr
    after = path.read_bytes()
    assert "fixed in" not in run("--fix", "--unsafe-fixes", *arguments, path.name).stderr and path.read_bytes() == after
    return [(finding["rule"], finding["setting"]) for finding in json.loads(result.stdout)["findings"]]


WHOLE: Mapping[str, Any] = {
    "port": 8103,
    "baseUrl": "https://api.clinic.example/",
    "appBaseUrl": "https://app.clinic.example/",
    "supportEmail": "help@clinic.example",
    "binaryStorage": "s3:clinic-files",
    "storageBaseUrl": "https://storage.clinic.example/binary/",
    "signingKeyId": "K2JCJMDEHXQW5F",
    "signingKey": "${SIGNING_KEY}",
    "signingKeyPassphrase": "${SIGNING_KEY_PASSPHRASE}",
    "database": {"host": "db", "dbname": "clinic", "username": "me", "password": "${DATABASE_PASSWORD}", "ssl": {"require": True}},
    "redis": {"host": "cache"},
}
MOVED: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a name": ({"redis_password": "hunter2"}, {"redis": {"host": "cache", "password": "hunter2"}}),
    "a member": ({"smtp": {"host": "mail", "pass": "hunter2"}}, {"smtp": {"host": "mail", "password": "hunter2"}}),
    "a URL": (
        {"database": {"url": "postgres://me:hunter2@db/clinic", "ssl": {"require": True}}},
        {"database": {"host": "db", "dbname": "clinic", "username": "me", "password": "hunter2", "ssl": {"require": True}}},
    ),
    "a URL at the top": (
        {"database": {"ssl": {"require": True}}, "databaseUrl": "postgres://me:hunter2@db/clinic"},
        {"database": {"host": "db", "dbname": "clinic", "username": "me", "password": "hunter2", "ssl": {"require": True}}},
    ),
    "several names in one finding": (
        {"redis_password": "hunter2", "RegisterEnabled": False},
        {"redis": {"host": "cache", "password": "hunter2"}, "registerEnabled": False},
    ),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_moved_secret_is_not_a_new_finding(name: str) -> None:
    before, after = MOVED[name]
    path = write(json.dumps({**WHOLE, **before}))
    [rule] = {rule for rule, _ in left(path) if "secret" in rule}
    assert rule == "plaintext-secret"
    assert json.loads(path.read_text()) == {**WHOLE, **after}


def test_a_secret_moved_in_variables_is_not_a_new_finding() -> None:
    path = write("MEDPLUM_REDIS_URL=redis://:hunter2@cache.clinic.example:6379/1\n", ".env")
    assert left(path) == [("plaintext-secret", "redis.password")]
    assert path.read_text() == (
        "MEDPLUM_REDIS_HOST=cache.clinic.example\nMEDPLUM_REDIS_PORT=6379\nMEDPLUM_REDIS_PASSWORD=hunter2\nMEDPLUM_REDIS_DB=1\n"
    )


SPLIT = {
    "MEDPLUM_BASE_URL": "https://api.clinic.example",
    "MEDPLUM_DATABASE_URL": "postgres://me:hunter2@db.example:5432/clinic",
    "MEDPLUM_REDIS_URL": "redis://:hunter3@cache.example:6379",
    "MEDPLUM_STORAGE_BASE_URL": "https://storage.clinic.example/binary",
}
FILES = {
    ".env": "".join(f"{name}={value}\n" for name, value in SPLIT.items()),
    "compose.yml": "services:\n  medplum:\n    image: medplum/medplum-server:5.1.10\n    command: env\n    environment:\n"
    + "".join(f"      {name}: {value}\n" for name, value in SPLIT.items()),
}


@pytest.mark.parametrize("name", FILES)
def test_two_secrets_moved_in_turn_are_not_new_findings(name: str) -> None:
    """They are one finding, whose place is that of the first, and which of them that is changes with what is fixed."""
    path = write(FILES[name], name)
    assert [one for one in left(path) if "missing" not in one[0]] == [
        ("unencrypted-database", "database.ssl"),  # as the URL had none
        ("unencrypted-redis", "redis.tls"),
        ("plaintext-secret", "database.password"),
    ]
    text = path.read_text()
    assert "_URL" not in text.replace("_BASE_URL", "") and "hunter2" in text and "hunter3" in text


def test_what_a_diff_leaves_of_secrets_that_would_move_is_reported() -> None:
    path = write(FILES[".env"], ".env")
    found = json.loads(run("--diff", "--unsafe-fixes", "--format", "json", path.name).stdout)["findings"]
    assert [(one["rule"], one["setting"], one["range"]["start"]["line"]) for one in found] == [("plaintext-secret", "database.url", 2)]


def test_a_secret_in_a_text_turned_into_an_object_is_not_a_new_finding() -> None:
    path = write(json.dumps({**WHOLE, "redis": '{"host": "cache", "password": "hunter2"}'}))
    assert left(path, "--kind", "server/json", "--ignore", "unfilled-placeholder") == [("plaintext-secret", "redis.password")]
    assert json.loads(path.read_text()) == {**WHOLE, "redis": {"host": "cache", "password": "hunter2"}}


@pytest.mark.parametrize(
    ("other", "value"),
    [("MEDPLUM_DATABASE__HOST", "other.example"), ("MEDPLUM_DATABASE__HOST", "db.example"), ("MEDPLUM_DATABASE_HOSTNAME", "db.example")],
)
def test_what_two_names_were_meant_for_is_fixed_from_neither(other: str, value: str) -> None:
    """No impossible fix is offered, and it is not known which of two values counts."""
    path = write(f"MEDPLUM_DATABASE_URL=postgres://me:hunter2@db.example:5432/clinic\n{other}={value}\n", ".env")
    before = path.read_text()
    found = json.loads(run("--format", "json", path.name).stdout)["findings"]
    assert [(one["rule"], one["fix"]) for one in found if one["rule"] == "misnamed-setting"] == 2 * [("misnamed-setting", None)]
    left(path)
    assert path.read_text() == before


def test_a_fix_of_some_names_says_which_it_leaves() -> None:
    text = '{"database.host": "db", "redis.host": "cache", "registerenabled": false, "port": 8103, "database": {"host": "db2"}}'
    path = write(text)
    rules = ("--select", "unknown-setting", "--kind", "server/json", "--format", "json", path.name)
    [finding] = json.loads(run(*rules).stdout)["findings"]
    assert finding["fix"]["description"] == (
        'rename "redis.host" to redis.host, rename registerenabled to registerEnabled; fix "database.host" by hand'
    )
    [after] = json.loads(run("--diff", "--unsafe-fixes", *rules).stdout)["findings"]
    assert after["setting"] == '"database.host"' and after["fix"] is None


@pytest.mark.parametrize("other", ["", 'MEDPLUM_APPROVED_SENDER_EMAILS="a@clinic.example, b@clinic.example"\n'])
def test_a_fix_is_made_or_not_whatever_else_is_fixed(other: str) -> None:
    """The less severe finding that it causes is as severe as another, unrelated one that is fixed."""
    base = "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_REDIS_HOST=cache\nMEDPLUM_AWS_REGION=eu-central-1\n"
    path = write(f"{base}MEDPLUM_KEEP_ALIVE_TIMEOUT=1_000\n{other}", ".env")
    assert left(path) == [("short-keep-alive", "keepAliveTimeout")]
    assert path.read_text() == f"{base}MEDPLUM_KEEP_ALIVE_TIMEOUT=1000\n{other.replace(', ', ',')}"


def test_a_workflow_is_fixed_in_one_run() -> None:
    text = (
        'e: >\n"jobs":\n y:\n    n: >\n    "steps":\n    - u: >\n      "env":\n        "MEDPLUM_CACHE_REDIS": >-\n'
        '        "MEDPLUM_APP_BASE_URL":  https:/.example.com/\n        "MEDPLUM_AUDIENCE": >'
    )
    path = write(text, "deploy.yml")
    assert left(path, *KNOWN) == [("misread-object", "cacheRedis"), ("sample-host", "appBaseUrl")]
    assert '"MEDPLUM_APP_BASE_URL":  https://.example.com/' in path.read_text()


INFRA: Mapping[str, Any] = {"name": "clinic", "stackName": "Clinic", "maxAzs": 1, "vpcId": None, "apiInternetFacing": "false"}


def test_only_the_fix_that_causes_a_finding_elsewhere_is_left_out() -> None:
    """Without its ``vpcId``, which is null, the stack makes a network, for which ``maxAzs`` is too small; the other fix is made."""
    path = write(json.dumps(INFRA), "clinic.config.json")
    options = ("--kind", "infra/json", "--select", "null-infra-value,wrong-type,misread-boolean,too-few-zones", "--unsafe-fixes")
    shown = run("--diff", *options, path.name)
    result = run("--fix", *options, path.name)
    where = "because they would cause error[too-few-zones] at line 1, column 53"
    note = f"medplum-lint: note: clinic.config.json: the fixes of null-infra-value are left out, {where}\n"
    assert (result.exit_code, result.stderr) == (1, f"{note}medplum-lint: note: 1 finding fixed in 1 file\n")
    assert (shown.exit_code, shown.stderr) == (1, f"{note}medplum-lint: note: 1 finding would be fixed in 1 file\n")
    assert json.loads(path.read_text()) == {**INFRA, "apiInternetFacing": False}
    assert "[null-infra-value]" in result.stdout and "fixable" not in result.stdout + shown.stdout


TWICE = "services:\n  server:\n    image: medplum/medplum-server:5.1.23\n    command: env\n    environment:\n{}"
REPEATED = {
    "equal": ("      MEDPLUM_LOG_LEVEL: WARN\n      MEDPLUM_PORT: 8103\n      MEDPLUM_LOG_LEVEL: WARN\n", 0),
    "three times": ("      MEDPLUM_LOG_LEVEL: WARN\n      MEDPLUM_LOG_LEVEL: WARN\n      MEDPLUM_LOG_LEVEL: WARN\n", 0),
    "in other quotes": ("      MEDPLUM_LOG_LEVEL: 'WARN'\n      MEDPLUM_LOG_LEVEL: WARN\n", 0),
    "other values": ("      MEDPLUM_LOG_LEVEL: INFO\n      MEDPLUM_LOG_LEVEL: WARN\n", None),
    "a number and a text": ("      MEDPLUM_PORT: 8103\n      MEDPLUM_PORT: '8103'\n", None),
    "with a comment": ("      MEDPLUM_LOG_LEVEL: WARN # ticket 1\n      MEDPLUM_LOG_LEVEL: WARN\n", None),
    "on one line": ("      {MEDPLUM_LOG_LEVEL: WARN, MEDPLUM_LOG_LEVEL: WARN}\n", None),
    "over lines": ("      MEDPLUM_LOG_LEVEL: |\n        WARN\n      MEDPLUM_LOG_LEVEL: |\n        WARN\n", None),
    "with an anchor": ("      MEDPLUM_LOG_LEVEL: &level WARN\n      MEDPLUM_LOG_LEVEL: *level\n", None),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_yaml_gives_twice_is_kept_once_where_it_is_the_same_on_a_line_of_its_own(name: str) -> None:
    variables, gone = REPEATED[name]
    path = write(TWICE.format(variables), "compose.yaml")
    run("--fix", "--select", "duplicate-key", path.name)
    kept = variables if gone is None else "".join(dict.fromkeys(variables.replace("'", "").splitlines(keepends=True)[::-1]))
    assert sorted(path.read_text().splitlines()) == sorted(TWICE.format(kept).splitlines())


def test_an_object_and_a_member_of_it_are_not_given_in_one_round() -> None:
    """The one name is a slip for the whole object, the other a slip for a member: together they would be something else."""
    text = 'MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_REJECT_UNAUTHORIZED=false\nMEDPLUM_DATABASE.X=\'{"host": "db"}\'\n'
    path = write(text, ".env")
    result = run("--fix", "--unsafe-fixes", path.name)
    assert "bug" not in result.stderr
    assert path.read_text() == text.replace("_REJECT_UNAUTHORIZED", "_DATABASE_SSL_REJECT_UNAUTHORIZED")


def test_what_only_one_round_after_the_other_can_fix_is_fixed_in_one_run() -> None:
    """Each fix within the JSON of a variable rewrites all of it."""
    text = "MEDPLUM_REDIS_HOST=cache\nMEDPLUM_EXTERNAL_AUTH_PROVIDERS={}\n"
    providers = [{"issuer": f"https://{number}.clinic.example", "userInfoUrl": " https://login.clinic.example/me"} for number in range(12)]
    path = write(text.format(json.dumps(providers)), ".env")
    options = ("--fix", "--unsafe-fixes", "--select", "invalid-url", path.name)
    result = run(*options)
    assert (result.exit_code, result.stderr) == (0, "medplum-lint: note: 12 findings fixed in 1 file\n")
    assert path.read_text() == text.format(json.dumps(providers).replace('" https', '"https'))
    assert run(*options).stderr == ""


def test_a_file_keeps_what_it_is_recognised_by() -> None:
    text = '{"baseUrl": "https://api.clinic.example", "authorizeUrl": "https://auth.clinic.example/oauth2/authorize"}'
    path = write(text, "medplum.prod.server.config.json")
    result = run("--fix", "--unsafe-fixes", path.name)
    assert path.read_text() == text.replace("api.clinic.example", "api.clinic.example/")
    where = f"medplum-lint: note: {path.name}: the fixes of unserved-oauth-url at line 1"
    assert f"{where} are left out, because they would leave no setting of a server there\n" in result.stderr
    assert "bug" not in result.stderr


MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {}
data:
"""
WHOLE_MAP = (
    MAP.format("c")
    + """\
  MEDPLUM_BASE_URL: "https://api.clinic.example/"
  MEDPLUM_APP_BASE_URL: "https://app.clinic.example"
  MEDPLUM_BINARY_STORAGE: s3:clinic-binary
  MEDPLUM_DATABASE_HOST: db
  MEDPLUM_REDIS_HOST: cache
  MEDPLUM_SUPPORT_EMAIL: help@clinic.example
"""
)


def test_a_fix_that_would_empty_a_document_is_left_out() -> None:
    other = "---\n" + MAP.format("d") + "  MEDPLUM_AUDIT_EVENT_LOG_GROUP: x\n"
    path = write(WHOLE_MAP + other, "manifest.yaml")
    result = fix("--fail-on", "never", path.name)
    assert path.read_text() == WHOLE_MAP.replace("app.clinic.example", "app.clinic.example/") + other
    assert "the fixes of ignored-setting at line 18 are left out, because they would leave no setting of a server there" in result.stderr
    assert "1 finding fixed in 1 file" in result.stderr
    assert result.stdout.count("warning[ignored-setting]") == 1 and "fixable with" not in result.stdout


def test_a_file_in_which_fixes_would_leave_nothing_stays() -> None:
    text = MAP.format("d") + "  MEDPLUM_AUDIT_EVENT_LOG_GROUP: x\n"
    path = write(text, "manifest.yaml")
    result = fix("--fail-on", "never", path.name)
    assert path.read_text() == text
    assert "the fixes of ignored-setting at line 6 are left out, because they would leave no setting of a server there" in result.stderr


def test_a_part_of_a_configuration_is_not_edited_where_the_rest_would_matter() -> None:
    text = '{"baseUrl":"https://api.clinic.example/","databaseProxyEndpoint":"proxy.clinic.internal"}'
    path = write(text)
    assert left(path, "--pedantic") == [("deprecated-proxy-endpoint", "databaseProxyEndpoint")]
    assert path.read_text() == text


def test_a_fix_that_completes_variables_may_leave_settings_missing() -> None:
    lines = ["BASE_URL=https://api.clinic.example/", "PORT=8103", "REDIS_HOST=cache", "DATABASE_URL=postgres://me:hunter2@db/clinic"]
    path = write("".join(f"MEDPLUM_{line}\n" for line in lines), ".env")
    assert {"missing-setting", "plaintext-secret"} <= {rule for rule, _ in left(path)}
    assert "MEDPLUM_DATABASE_PASSWORD=hunter2\n" in path.read_text()


def test_a_bug_in_an_editor_leaves_the_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))

    def fail(*_: object) -> list[Edit]:
        raise ZeroDivisionError("hunter2")

    with_edits(monkeypatch, fail)
    result = fix(path.name)
    assert result.exit_code == 3 and "hunter2" not in result.output and "[missing-trailing-slash]" in result.output


def test_what_is_broken_is_not_fixed() -> None:
    path = write('{"appBaseUrl": "https://a.clinic.example", "database": {}, "redis": {}')
    before = path.read_text()
    fix(path.name)
    assert path.read_text() == before


# --- Secrets ----------------------------------------------------------------------------------------------------------------------------


def test_an_edit_that_holds_a_secret_is_in_no_report() -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://user:hunter2hunter2@a.clinic.example"}))
    for form in ("text", "json", "sarif", "gitlab"):
        assert "hunter2" not in run("--format", form, path.name).output
    report = json.loads(run("--format", "json", "--select", SLASHES, path.name).stdout)
    [finding] = report["findings"]
    assert (finding["fixable"], finding["fix"]["edits"]) == (True, None)
    assert "hunter2" not in run("--diff", path.name).output
    fix(path.name)
    assert json.loads(path.read_text())["appBaseUrl"] == "https://user:hunter2hunter2@a.clinic.example/"


# --- Writing ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes and links are those of POSIX")
def test_mode_and_links_are_kept() -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}), "real/config.json")
    path.chmod(0o640)
    os.symlink("real/config.json", "medplum.config.json")
    fix("medplum.config.json")
    assert os.path.islink("medplum.config.json") and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert json.loads(path.read_text())["appBaseUrl"] == "https://a.clinic.example/"
    assert os.listdir("real") == ["config.json"]


@pytest.mark.skipif(os.name != "posix", reason="links are those of POSIX")
def test_a_file_with_two_names_is_left_alone() -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    os.link(path, "other.json")
    before = path.read_text()
    result = fix(path.name)
    assert (result.exit_code, path.read_text()) == (2, before) and "it has more than one name (hard links)" in result.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to somebody else")
@pytest.mark.parametrize(("owner", "group", "what"), [(12345, 0, "owner (12345)"), (0, 12345, "group (12345)")])
def test_a_file_whose_owner_could_not_be_kept_is_left_alone(owner: int, group: int, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    os.chown(path, owner, group)
    fix_as_root = path.read_text().replace("a.clinic.example", "a.clinic.example/")

    def refused(*_arguments: int) -> None:
        raise PermissionError

    with monkeypatch.context() as context:
        context.setattr(os, "fchown", refused)
        before, result = path.read_text(), fix(path.name)
    assert (result.exit_code, path.read_text(), os.listdir(".")) == (2, before, [path.name])
    assert f"{path.name}: cannot be written: you may write to it, but not give it back its {what}" in result.stderr
    fix(path.name)
    status = path.stat()
    assert (status.st_uid, status.st_gid, path.read_text()) == (owner, group, fix_as_root)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="attributes are those of Linux")
def test_attributes_are_kept() -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    try:
        os.setxattr(path, "user.owner", b"ward")
    except OSError:
        pytest.skip("this file system has no attributes")
    fix(path.name)
    assert os.getxattr(path, "user.owner") == b"ward" and path.read_text().endswith('example/"}')


WRITER = """
import sys
from linter.output import write_file
old, new = (letter * 200_000 for letter in (b"a", b"b"))
print("ready", flush=True)
while True:
    write_file(sys.argv[1], new, before=old)
    write_file(sys.argv[1], old, before=new)
"""


@pytest.mark.skipif(os.name != "posix", reason="a process is killed as POSIX does")
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one() -> None:
    path = Path("medplum.config.json")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = set()
    for attempt in range(21):
        path.write_bytes(b"a" * 200_000)
        process = subprocess.Popen([sys.executable, "-c", WRITER, path.name], stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None and process.stdout.readline()
        time.sleep(0.003 + attempt % 7 * 0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        content = path.read_bytes()
        assert len(content) == 200_000 and content in (b"a" * 200_000, b"b" * 200_000)
        found.add(content[:1])
    assert found == {b"a", b"b"}


# --- The engine -------------------------------------------------------------------------------------------------------------------------


def check(contents: Mapping[str, bytes]) -> Outcome:
    options = Options(Overrides(select=tuple(SLASHES.split(","))), keep_contents=True, instead=contents)
    return lint_paths(["medplum.config.json"], options)


def test_the_engine_writes_nothing() -> None:
    path = write(json.dumps({**BASE, "appBaseUrl": "https://a.clinic.example"}))
    before = path.read_bytes()
    fixes = fixed(check, unsafe=False)
    assert path.read_bytes() == before
    [file] = fixes.files
    assert (file.before, json.loads(file.after)["appBaseUrl"], file.findings) == (before, "https://a.clinic.example/", 1)
    assert all(isinstance(one, Document) for one in file.old) and fixes.outcome.result.findings == ()


# --- Inputs about which nothing can be proved --------------------------------------------------------------------------------------------

MARKED = [
    *server_files({("baseUrl",): "https://api.clinic.test", ("database", "host"): "db.clinic.test", ("port",): "8103"}),
    *infra_files({("name",): "prod", ("baseUrl",): "https://api.clinic.test", ("region",): "us-east-1"}),
]


def fixes_of(name: str, content: bytes, kind: str | None, *, unsafe: bool = True) -> Fixes:
    def check(instead: Mapping[str, bytes]) -> Outcome:
        data = instead.get(name, content)
        outcome = lint_input(Input(name, data, Path("/nowhere") / name), Options(Overrides(pedantic=True), kind, isolated=True))
        assert outcome.bugs == ()
        return outcome._replace(contents={name: data})

    fixes = fixed(check, unsafe=unsafe)
    assert (fixes.bugs, commanded(check, check({}), unsafe=unsafe).bugs) == ((), ())
    return fixes


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("planted", MARKED, ids=lambda planted: planted.name)
def test_byte_order_marks_do_not_crash_any_format(planted: Planted) -> None:
    """At the start they do not count; a further one stays where it is."""
    content, mark = planted.content.encode(), "\ufeff".encode()
    one = [file.after.lstrip(mark) for file in fixes_of(planted.name, mark + content, planted.kind).files]
    for number in (2, 3):
        assert [file.after.lstrip(mark) for file in fixes_of(planted.name, mark * number + content, planted.kind).files] == one
    for odd in (b" " + mark + content, mark + b"\n" + mark + content, content + mark, content.replace(b"api", mark + b"api", 1)):
        fixes_of(planted.name, odd, planted.kind)


def test_several_byte_order_marks_are_one_finding_and_go_at_once() -> None:
    path = write(f"\ufeff\ufeff\ufeff{json.dumps(BASE)}")
    reports = json.loads(run(path.name, "--select", "invalid-encoding", "--format", "sarif").stdout)
    (found,) = reports["runs"][0]["results"]
    (change,) = found["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [{"deletedRegion": {"byteLength": 9, "byteOffset": 0}}]
    assert run(path.name, "--fix", "--select", "invalid-encoding").exit_code == 0
    assert json.loads(path.read_text()) == BASE


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("text", ["{{x}}", "{{ x }}", "https://{{x}}/", "x{{y}}z", " {{x}}", "{{", "}}", "{{}}"])
@pytest.mark.parametrize("name", ["redisUrl", "databaseUrl", "database/password", "databasePassword", "signingkey", "redis.url", "baseurl"])
def test_an_unknown_value_does_not_crash(name: str, text: str) -> None:
    """AWS refuses it in an invalid name, and for a secret a template should have it."""
    names = {"/medplum/prod/baseUrl": "https://api.clinic.test", f"/medplum/prod/{name}": text}
    fields = [{"Name": one, "Type": "String", "Value": value} for one, value in names.items()]
    for content in (json.dumps(names), json.dumps({"Parameters": fields})):
        fixes_of("ssm.json", content.encode(), None)


def test_a_fix_that_cannot_be_proved_is_left_out_and_the_others_are_made() -> None:
    names = {"/medplum/prod/baseUrl": "https://api.clinic.test", "/medplum/prod/signingkey": "{{x}}"}
    fields = [{"Name": one, "Type": "String", "Value": value} for one, value in names.items()]
    path = write(json.dumps({"Parameters": fields}), "ssm.json")
    result = run(path.name, "--diff", "--unsafe-fixes")
    assert result.exit_code == 1
    assert "the fixes of unknown-setting at line 1 are left out, because a value that they change is not known" in result.stderr
    assert "--name /medplum/prod/baseUrl " in result.stdout
    assert "/medplum/prod/signingKey" not in result.stdout


# --- TLS of the database --------------------------------------------------------------------------------------------------------------

PROXY = "m.proxy-cxyz.eu-central-1.rds.amazonaws.com"
OF_OTHERS = (
    "203.0.113.7",
    "2001:db8::7",
    "db.clinic.test",
    "m.cxyz.eu-central-1.rds.amazonaws.com",
    "proxy-cxyz.rds.amazonaws.com.evil.test",
)


def fixed_json(data: Mapping[str, Any]) -> Any:
    """A server's configuration with all fixes made."""
    text = json.dumps({"baseUrl": "https://api.clinic.test/", "appBaseUrl": "https://app.clinic.test/", "redis": {"host": "cache"}, **data})
    files = fixes_of("medplum.config.json", text.encode(), None).files
    return json.loads(files[0].after if files else text)


@pytest.mark.parametrize("host", OF_OTHERS)
@pytest.mark.parametrize("ssl", [{}, {"ssl": None}, {"ssl": ""}])
def test_tls_is_not_switched_on_where_the_client_would_refuse_the_certificate(host: str, ssl: Mapping[str, Any]) -> None:
    assert fixed_json({"database": {"host": host, **ssl}})["database"] == {"host": host, **ssl}


def test_tls_is_switched_on_at_an_rds_proxy() -> None:
    database = {"host": PROXY, "disableConnectionConfiguration": True}
    assert fixed_json({"database": database})["database"] == {**database, "ssl": {"require": True}}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("options", ["sslmode=require", "sslmode=verify-full", "ssl=true", "ssl=1"])
@pytest.mark.parametrize("key", ["database.url", "databaseUrl"])
def test_a_url_with_tls_is_split_only_with_a_ca_or_at_an_rds_proxy(options: str, key: str) -> None:
    def split(host: str, **ssl: str) -> Any:
        url = f"postgres://me:hunter2@{host}/clinic?{options}"
        rest = {"ssl": ssl} if ssl else {}
        return fixed_json({"database": {"url": url, **rest}} if "." in key else {"databaseUrl": url, "database": rest})["database"]

    assert split("db.clinic.test", ca="${CA}")["ssl"] == {"ca": "${CA}", "require": True}
    for host in ("203.0.113.7", "[2001:db8::7]"):
        assert "require" not in split(host, ca="${CA}")["ssl"]
    for host in ("203.0.113.7", "db.clinic.test", "db.clinic.test:5432"):
        assert "ssl" not in split(host) and "host" not in split(host)


@pytest.mark.parametrize("name", ["database", "readonlyDatabase"])
@pytest.mark.parametrize("host", [PROXY, "203.0.113.7", "proxy.clinic.test"])
def test_a_proxy_endpoint_is_moved_wherever_it_is_because_the_server_does_the_same(name: str, host: str) -> None:
    """The server reads it as the host and sets ``ssl.require``, so that the connection is the same afterwards."""
    database = {"host": "db", "disableConnectionConfiguration": True}
    made = fixed_json({"database": database, name: database, f"{name}ProxyEndpoint": host})
    assert made[name] == {**database, "host": host, "ssl": {"require": True}}
    assert f"{name}ProxyEndpoint" not in made
