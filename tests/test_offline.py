"""No command opens a connection, unless an argument names what to read over the network."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.endpoint import ARGUMENT, PATH, REGION
from support.offline import refused

from linter import check, cli
from linter.options import COMMANDS


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


FILES = {
    "accept": "accept medplum.config.json missing-trailing-slash --reason x",
    "accepted": "accepted .",
    "aws-policy": "aws-policy eu-west-1 /medplum/prod/",
    "check": "check . --pedantic",
    "diff": "diff medplum.config.json dump.json",
    "explain": "explain missing-trailing-slash .",
    "init": "init",
    "lsp": "lsp",
    "new-rule": "new-rule acme/x",
    "rules": "rules",
    "schema": "schema",
    "show": "show medplum.config.json dump.json",
    "test": "test",
    "upgrade": "upgrade --from 4.3.5 .",
}


@pytest.mark.parametrize("command", [pytest.param(one, marks=pytest.mark.slow) if one == "test" else one for one in COMMANDS])
def test_no_other_command_opens_a_connection(command: str) -> None:
    values = {"baseUrl": "https://api.hospital.example.net", "awsRegion": REGION, "DatabaseSecrets": "arn:aws:secretsmanager:x"}
    Path("medplum.config.json").write_text(json.dumps(values), encoding="utf-8")
    Path("dump.json").write_text(json.dumps({f"{PATH}{name}": value for name, value in values.items()}), encoding="utf-8")
    assert lint(*FILES[command].split()).exit_code in (0, 1)
    assert refused == []


@pytest.mark.parametrize("command", ["accepted {}", "explain missing-setting {}", "--show-files {}"])
def test_other_commands_say_that_they_do_not_read_aws(command: str) -> None:
    result = lint(*command.format(ARGUMENT).split())
    assert result.exit_code == 2 and "only check, show, diff and upgrade read AWS" in result.stderr
    assert refused == []


def test_only_the_command_line_asks_a_server() -> None:
    """A path in Python's interface, and those of other commands, are paths."""
    url, why = "https://api.hospital.example.net/", "only the command check asks a running server, and only for a report"
    assert [why in one for one in check(url).errors] == [True]
    asking = ["explain insecure-url {}", "accepted {}", "--show-files {}", "--show-settings {}", "accept {} insecure-url --reason x"]
    for command in ("show {}", "upgrade {}", *asking):
        result = lint(*command.format(url).split())
        says = "cannot be read: no such file" if command == "show {}" else why
        assert result.exit_code == 2 and f"{url}: {says}" in result.stderr, command
    assert refused == []


def test_a_file_of_that_name_is_a_file() -> None:
    Path("aws:").mkdir()
    Path("aws:/medplum.config.json").write_text('{"port": 8103, "baseUrl": "https://api.hospital.example.net"}', encoding="utf-8")
    for command in ([], ["show"]):
        assert "api.hospital.example.net" in lint(*command, "aws:/medplum.config.json").stdout
    assert refused == []


@pytest.mark.parametrize("argument", [ARGUMENT, "https://api.hospital.example.net/"])
def test_the_guard_sees_what_an_argument_does(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert lint(argument).exit_code >= 2
    assert refused


@pytest.mark.loopback
@pytest.mark.parametrize("host", ["192.0.2.1", "api.hospital.example.net", "2001:db8::1", "127.0.0.1.example.net", ""])
def test_a_test_that_may_connect_does_so_only_on_this_machine(host: str) -> None:
    with pytest.raises(AssertionError, match="only on this machine"):
        socket.create_connection((host, 443), timeout=0.1)
    assert refused


@pytest.mark.loopback
def test_such_a_test_reaches_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(("localhost", listening.getsockname()[1])):
        assert refused == []
