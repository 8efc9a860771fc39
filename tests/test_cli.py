"""The command line, as a user sees it: options, outputs, exit codes, and what is printed when something cannot be done."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.helpers import OWN_POLICY

from linter import __version__, cli, reporters
from linter.commands import diff
from linter.files import Unreadable, read_file
from linter.model import Document
from linter.output import report
from linter.policy import engine
from linter.policy.rule import Rule
from linter.release import NEWEST
from linter.run import check as checking
from linter.run import load_documents
from linter.run import read as reading
from linter.run.discover import what_is_searched_for
from linter.settings.releases import KNOWN

CLEAN = (Path(__file__).parent / "fixtures" / "clean-production-json" / "input.template.json").read_text(encoding="utf-8")
BOTS = '{"bots": []}'
BAD = '{"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}'
SLASH = "missing-trailing-slash"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has an empty folder of its own, and no configuration that another one has read."""
    monkeypatch.chdir(tmp_path)


def lint(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments), input=given)


def write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


# --- What is linted -----------------------------------------------------------------------------------------------------------------


def test_a_clean_file_says_so_in_one_line() -> None:
    result = lint(write("server.template.json", CLEAN))
    assert (result.exit_code, result.output) == (0, f"No findings in 1 file, checked against server {NEWEST} (the newest known release).\n")


def test_a_finding_with_its_line_and_its_fix() -> None:
    result = lint(write("server.json", BAD), "--select", SLASH)
    assert result.exit_code == 1
    assert result.output == (
        "server.json (server/json, production)\n"
        "\n"
        f'error[{SLASH}]: baseUrl must end with "/"\n'
        " --> server.json:1:13\n"
        "  |\n"
        '1 | {"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}\n'
        "  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  = why: where the server appends a path, the slash is missing\n"
        "         (https://api.hospital.examplefhir/R4)\n"
        '  = fix with --unsafe-fixes: set baseUrl to "https://api.hospital.example/"\n'
        '    - {"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}\n'
        '    + {"baseUrl": "https://api.hospital.example/", "database": {}, "redis": {}}\n'
        "\n"
        f"Found 1 error in 1 file, checked against server {NEWEST} (the newest known release).\n"
        "1 fixable with --fix --unsafe-fixes.\n"
        f"For more about a rule, run: medplum-lint explain {SLASH}\n"
    )


def test_check_is_the_default_command() -> None:
    write("server.json", BAD)
    assert lint("check", "server.json").output == lint("server.json").output


def test_without_a_path_the_current_folder_is_searched() -> None:
    write("deploy/medplum.config.json", BAD)
    write("deploy/tsconfig.json", "{}")
    write("deploy/node_modules/medplum.config.json", BAD)
    result = lint("--format", "json")
    assert [file["path"] for file in json.loads(result.output)["files"]] == ["deploy/medplum.config.json"]


def test_standard_input_has_a_name() -> None:
    assert lint("-", "--select", SLASH, "-f", "concise", given=BAD).output.startswith("<stdin>:1:13: error")
    assert lint("-", "--stdin-filename", "a/b.json", "--select", SLASH, "-f", "concise", given=BAD).output.startswith(
        "a/b.json:1:13: error"
    )


def test_other_files_are_left_alone() -> None:
    result = lint(write("medplum.config.json", BOTS))
    assert (result.exit_code, result.output) == (
        0,
        "medplum.config.json: ignored: a bots configuration\nNo findings in 0 files, 1 ignored.\n",
    )
    assert lint("medplum.config.json", "--quiet").output == ""
    files = json.loads(lint("medplum.config.json", "--format", "json").output)["files"]
    assert files == [
        {
            "path": "medplum.config.json",
            "kind": None,
            "environment": None,
            "holders": [],
            "target": None,
            "status": "ignored",
            "server_version": None,
            "server_version_from": None,
            "digest": None,
        }
    ]


def test_a_kind_overrules_the_content() -> None:
    result = lint(write("medplum.config.json", BOTS), "--kind", "server/json", "--select", "missing-setting", "-f", "concise")
    assert result.exit_code == 1
    assert result.output.startswith("medplum.config.json:1:1: error[missing-setting] baseUrl is missing")


@pytest.mark.parametrize(("target", "level"), [("production", "error"), ("development", "note"), ("auto", "error")])
def test_the_target(target: str, level: str) -> None:
    text = f'{BAD[:-1]}, "port": 8103}}'
    result = lint(write("server.json", text), "--target", target, "--select", "missing-setting", "-f", "concise")
    assert f"\nserver.json:1:1: {level}[missing-setting] supportEmail is missing" in result.output


# --- Exit codes ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("note", 1), ("never", 0)])
def test_fail_on(fail_on: str, code: int) -> None:
    write("server.json", '{"database": {}, "redis": {}, "emailAdress": "x"}')
    assert lint("server.json", "--select", "unknown-setting", "--fail-on", fail_on).exit_code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json"], "medplum-lint: error: missing.json: no such file or folder\n"),
        (["<stdin>"], "medplum-lint: error: <stdin>: no such file or folder\n"),
        (["*.json"], "medplum-lint: error: *.json: no file matches this glob\n"),
        (
            ["."],
            f"medplum-lint: error: .: no file in this folder has the name of a Medplum configuration: {what_is_searched_for()}\n",
        ),
        (
            ["--select", "missing-trailing-slas", "-"],
            f'medplum-lint: error: there is no rule "missing-trailing-slas"; did you mean "{SLASH}"?\n',
        ),
        (["--rules", "policies", "-"], "medplum-lint: error: policies: no such file or folder\n"),
    ],
)
def test_what_could_not_be_done_as_asked(arguments: list[str], message: str) -> None:
    result = lint(*arguments, given=CLEAN)
    assert (result.exit_code, result.stderr) == (2, message)


@pytest.mark.parametrize(
    "arguments", [["--format", "xml"], ["--kind", "server/jsn", "-"], ["--nonsense"], ["--stdin-filename", "x", "y"], ["-", "y"]]
)
def test_bad_options_are_exit_2(arguments: list[str]) -> None:
    result = lint(*arguments, given="{}")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_one_unreadable_file_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.json", BAD)
    write("b.json", BAD)

    def refuse(path: Path, limit: int) -> bytes:
        if path.name == "a.json":
            raise Unreadable("permission denied")
        return read_file(path, limit)

    monkeypatch.setattr(reading, "read_file", refuse)
    result = lint("a.json", "b.json", "--select", SLASH)
    assert result.exit_code == 2
    assert result.stderr == "medplum-lint: error: a.json: cannot be read: permission denied\n"
    assert " --> b.json:1:13\n" in result.stdout
    assert "a.json: failed: cannot be read: permission denied" in result.stdout


def test_a_bug_in_one_rule_is_exit_3_and_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    check = engine.check

    def broken(rule: Rule, document: Document, *arguments: object) -> object:
        if rule.info.id == "missing-setting":
            raise ZeroDivisionError("the secret value")
        return check(rule, document, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "check", broken)
    result = lint(write("server.json", BAD), "--select", f"missing-setting,{SLASH}")
    assert result.exit_code == 3
    assert " --> server.json:1:13\n" in result.stdout
    assert result.stderr.startswith(
        "medplum-lint: bug: server.json: the rule missing-setting failed with ZeroDivisionError at test_cli.py:"
    )
    assert "secret" not in result.output
    assert lint("server.json", "nowhere.json").exit_code == 3


# --- Output -------------------------------------------------------------------------------------------------------------------------


def test_a_report_is_written_to_a_file_whole_or_not_at_all() -> None:
    result = lint(write("server.json", BAD), "--format", "sarif", "--output", "out.sarif")
    assert (result.exit_code, result.output) == (1, "")
    assert json.loads(Path("out.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert sorted(os.listdir()) == ["out.sarif", "server.json"]
    result = lint("server.json", "--output", "no/such/folder.txt")
    assert (result.exit_code, result.stderr) == (
        2,
        "medplum-lint: error: no/such/folder.txt: cannot be written: no such file or directory\n",
    )


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    write("server.json", BAD)
    assert "\033[" not in lint("server.json").output
    assert "\033[1;31merror" in CliRunner().invoke(cli.cli, ["server.json", "--color", "always"], color=True).output
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    assert report._wants_color("auto", stream) is (os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR"))
    monkeypatch.setenv("NO_COLOR", "1")
    assert report._wants_color("auto", stream) is False
    assert report._wants_color("always", stream) is True


def test_the_json_contract() -> None:
    text = f'{BAD[:-1]}, "port": 8103, "appBaseUrl": "https://app.hospital.example/", "binaryStorage": "s3:files", "storageBaseUrl": "https://storage.hospital.example/binary/"}}'
    result = json.loads(lint(write("server.json", text), "--format", "json", "--select", f"{SLASH},missing-setting").output)
    assert {one["rule"] for one in result.pop("rules") if one["status"] == "found"} == {SLASH, "missing-setting"}
    assert re.fullmatch("[0-9a-f]{64}", result["tool"].pop("data_sha256"))
    assert result["files"][0].pop("digest") == {"of": "content", "sha256": sha256(text.encode()).hexdigest()}
    assert result == {
        "version": 1,
        "tool": {"name": "medplum-lint", "version": __version__},
        "now": None,
        "files": [
            {
                "path": "server.json",
                "kind": "server/json",
                "environment": None,
                "holders": [],
                "target": "production",
                "status": "checked",
                "server_version": str(NEWEST),
                "server_version_from": "the newest known release",
            }
        ],
        "deployments": [],
        "configurations": [],
        "options": [{"options": {"select": [SLASH, "missing-setting"]}, "paths": ["server.json"]}],
        "notices": [],
        "findings": [
            {
                "rule": "missing-setting",
                "category": "settings",
                "severity": "error",
                "message": "supportEmail is missing: invitations and password resets have no sender, which SES and other services "
                "refuse; set it to the address that mail comes from",
                "path": "server.json",
                "kind": "server/json",
                "environment": None,
                "holders": [],
                "setting": "supportEmail",
                "range": {"start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 2}},
                "related": [],
                "fixable": False,
                "fix": None,
                "suppressed": None,
                "accepted_by": None,
                "acceptance": None,
            },
            {
                "rule": SLASH,
                "category": "urls",
                "severity": "error",
                "message": 'baseUrl must end with "/": where the server appends a path, the slash is missing (https://api.hospital.examplefhir/R4)',
                "path": "server.json",
                "kind": "server/json",
                "environment": None,
                "holders": [],
                "setting": "baseUrl",
                "range": {"start": {"line": 1, "column": 13}, "end": {"line": 1, "column": 43}},
                "related": [],
                "fixable": True,
                "fix": {
                    "safe": False,
                    "description": 'set baseUrl to "https://api.hospital.example/"',
                    "edits": [
                        {
                            "range": {"start": {"line": 1, "column": 13}, "end": {"line": 1, "column": 43}},
                            "text": '"https://api.hospital.example/"',
                        }
                    ],
                    "commands": None,
                },
                "suppressed": None,
                "accepted_by": None,
                "acceptance": None,
            },
        ],
        "summary": {"files": 1, "errors": 2, "warnings": 0, "notes": 0, "suppressed": 0},
    }


def test_two_runs_give_the_same_bytes() -> None:
    write("b.json", BAD)
    write("a.json", BAD)
    for output_format in reporters.names():
        assert lint("b.json", "a.json", "-f", output_format).stdout_bytes == lint("a.json", "b.json", "-f", output_format).stdout_bytes


def test_an_ascii_terminal_gets_no_traceback() -> None:
    write("server.json", BAD.replace("{}", '{"password": "secret"}', 1))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-m", "linter", "server.json"], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b'"password": "??????"' in done.stdout


def test_a_closed_pipe_is_not_an_error() -> None:
    write("server.json", BAD)
    done = subprocess.run(f"{sys.executable} -m linter server.json 2>&1 >&- | cat", shell=True, capture_output=True, check=False)
    assert b"Traceback" not in done.stdout


# --- Configuration ------------------------------------------------------------------------------------------------------------------


def test_the_command_line_wins_over_the_configuration() -> None:
    write(".medplum-lint.toml", f'select = ["{SLASH}"]\nfail-on = "never"\n')
    write("server.json", BAD)
    assert lint("server.json").exit_code == 0
    assert f"error[{SLASH}]" in lint("server.json").output
    result = lint("server.json", "--select", "missing-setting", "--fail-on", "error")
    assert result.exit_code == 1
    assert SLASH not in result.output


def test_a_broken_configuration_is_exit_2() -> None:
    write(".medplum-lint.toml", "ignore = []\nseverty = {}\n")
    result = lint(write("server.json", BAD))
    assert result.exit_code == 2
    assert result.stderr == 'medplum-lint: error: .medplum-lint.toml:2: there is no option "severty"; did you mean "severity"?\n'


# --- The rules themselves -----------------------------------------------------------------------------------------------------------


def test_rules_lists_every_rule_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """By category, in 100 columns, and in those of a narrower terminal."""
    lines = lint("rules").output.splitlines()
    folders = sorted(path for path in (Path(__file__).parent.parent / "rules").iterdir() if any(path.glob("*.yaml")))
    listed = [[f"{folder.name}:", *sorted(path.stem for path in folder.glob("*.yaml"))] for folder in folders]
    assert [line.split()[0] for line in lines if line] == [word for block in listed for word in block]
    assert max(map(len, lines)) <= 100
    monkeypatch.setattr("linter.commands.rules.width_of", lambda _: 80)
    narrow = lint("rules").output
    assert max(map(len, narrow.splitlines())) <= 80 and " ".join(narrow.split()) == " ".join(" ".join(lines).split())
    ids = [rule["id"] for rule in json.loads(lint("rules", "--format", "json").output)]
    assert ids == sorted(one for _, *block in listed for one in block)


def test_explain() -> None:
    output = lint("explain", SLASH).output
    assert output.startswith(f"{SLASH}: The server appends paths to a URL as it is\n\nSeverity: error\nFor:      server, infra\n")
    assert '      "storageBaseUrl": "https://storage.example.com/binary",\n' in output
    result = lint("explain", "missing-baseurl")
    assert (result.exit_code, result.stderr) == (
        2,
        'medplum-lint: error: there is no rule "missing-baseurl"; did you mean "missing-setting"?\n',
    )


def test_a_custom_policy() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY)
    write("server.json", '{"supportEmail": "help@gmail.example", "database": {}, "redis": {}}')
    result = lint("server.json", "--rules", "policies", "--select", "acme/support-email-domain", "-f", "concise")
    assert result.output.splitlines()[0] == 'server.json:1:18: error[acme/support-email-domain] supportEmail must end with "@acme.example"'
    assert lint("test", "policies").output == "2 examples of 1 rule: all passed.\n"
    assert lint("explain", "acme/support-email-domain", "--rules", "policies").exit_code == 0


def test_an_example_that_does_not_hold_is_named() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY.replace("help@acme.example}}]", "help@other.example}}]"))
    result = lint("test", "policies")
    assert result.exit_code == 1
    assert result.output == (
        "policies/support-email-domain.yaml:11: acme/support-email-domain: good example 1: finds supportEmail, but should find nothing\n"
        '    line 7: supportEmail is help@other.example: must end with "@acme.example", '
        'which supportEmail: {format: email, ends_with: "@acme.example"} does not allow\n'
        "2 examples of 1 rule: 1 failed.\n"
    )


def test_a_broken_policy_is_exit_2_with_its_line() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY.replace("ends_with", "end_with"))
    result = lint("-", "--rules", "policies", given=CLEAN)
    assert result.exit_code == 2
    assert (
        result.stderr
        == 'medplum-lint: error: policies/support-email-domain.yaml:7: there is no operator "end_with"; did you mean "ends_with"?\n'
    )


# --- Showing ------------------------------------------------------------------------------------------------------------------------


DUMP = json.dumps(
    {
        "Parameters": [
            {"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://api.hospital.example/"},
            {"Name": "/medplum/prod/maxSearchOffset", "Type": "String", "Value": "1e6"},
            {"Name": "/medplum/prod/saveAuditEvents", "Type": "String", "Value": "false"},
            {"Name": "/medplum/prod/signingKey", "Type": "SecureString", "Value": "k" * 1704},
            {"Name": "/medplum/prod/port", "Type": "String", "Value": "web"},
            {"Name": "/medplum/prod/accurateCountThreshold", "Type": "String", "Value": "many"},
        ]
    },
    indent=1,
)


def test_show_prints_the_configuration_in_effect() -> None:
    output = lint("show", write("dump.json", DUMP)).output
    assert output.splitlines()[:2] == [
        "dump.json (server/ssm, environment prod)",
        '  baseUrl                 "https://api.hospital.example/"  line 6',
    ]
    assert '"1e6" → 1 ' in output
    (signing_key,) = (line for line in output.splitlines() if "signingKey " in line)
    assert "••••••" in signing_key and "1,704" not in output
    assert "kkk" not in output


def test_show_as_json_is_a_contract() -> None:
    result = json.loads(lint("show", write("dump.json", DUMP), "--format", "json", "--only-changed").output)
    assert result == {
        "version": 1,
        "documents": [
            {
                "path": "dump.json",
                "kind": "server/ssm",
                "environment": "prod",
                "holders": [],
                "server_version": str(NEWEST),
                "server_version_from": "the newest known release",
                "settings": [
                    {
                        "setting": "maxSearchOffset",
                        "written": "1e6",
                        "effective": 1,
                        "from": "written",
                        "line": 11,
                        "file": "dump.json",
                        "secret": False,
                    },
                    {
                        "setting": "port",
                        "written": "web",
                        "effective": 8103,
                        "from": "written",
                        "line": 26,
                        "file": "dump.json",
                        "secret": False,
                    },
                    {
                        "setting": "accurateCountThreshold",
                        "written": "many",
                        "effective": "NaN",
                        "from": "written",
                        "line": 31,
                        "file": "dump.json",
                        "secret": False,
                    },
                ],
                "not_read": [],
            }
        ],
    }


def test_show_adds_defaults_on_demand() -> None:
    result = json.loads(lint("show", write("server.json", BAD), "--format", "json", "--defaults").output)
    rows = {row["setting"]: row for row in result["documents"][0]["settings"]}
    assert rows["issuer"] == {
        "setting": "issuer",
        "written": None,
        "effective": "https://api.hospital.example",
        "from": "default",
        "line": None,
        "file": None,
        "secret": False,
    }
    assert rows["defaultSuperAdminPassword"] == {
        "setting": "defaultSuperAdminPassword",
        "written": None,
        "effective": None,
        "from": "default",
        "line": None,
        "file": None,
        "secret": True,
    }
    assert "medplum_admin" not in lint("show", "server.json", "--defaults").output


def test_show_of_a_file_that_is_not_a_configuration() -> None:
    result = lint("show", write("medplum.config.json", BOTS))
    assert (result.exit_code, result.stderr) == (2, "medplum-lint: error: medplum.config.json: a bots configuration\n")


def test_version_and_help() -> None:
    assert lint("--version").output == f"medplum-lint {__version__}\nKnows the {KNOWN}.\n"
    output = lint("--help").output
    assert output.startswith("Usage: medplum-lint [check] [OPTIONS] [PATH]...\n")
    for word in ("--fail-on", "explain", "rules", "show", "test", "Exit codes"):
        assert word in output


# --- Comparing ----------------------------------------------------------------------------------------------------------------------


def dump(*parameters: tuple[str, str]) -> str:
    return json.dumps({"Parameters": [{"Name": name, "Type": "SecureString", "Value": value} for name, value in parameters]})


TWO = dump(
    ("/medplum/prod/baseUrl", "https://api.hospital.example/"),
    ("/medplum/prod/port", "8103"),
    ("/medplum/prod/signingKey", "one-secret"),
    ("/medplum/staging/baseUrl", "https://api.staging.example/"),
    ("/medplum/staging/signingKey", "another-secret"),
    ("/medplum/staging/registerEnabled", "no"),
)


def test_diff_compares_the_configurations_in_effect() -> None:
    write("dump.json", TWO)
    result = lint("diff", "dump.json#prod", "dump.json#staging")
    lines = [line.split(maxsplit=1) for line in result.output.splitlines()[1:-1]]
    rows = {name: " ".join(rest.split()) for name, rest in lines}
    assert result.exit_code == 1
    assert rows["baseUrl"] == '"https://api.hospital.example/" "https://api.staging.example/"'
    assert rows["registerEnabled"] == "true (default) false"
    assert rows["signingKey"] == "•••••• (differs) •••••• (differs)"
    assert "port" not in rows  # the default of the one is the value of the other
    assert "secret" not in result.output


LONG = "https://one.hospital.example,https://two.hospital.example,https://three.hospital.example,https://{}.hospital.example"


@pytest.mark.parametrize("terminal", [0, 20, 60, 80, 200])
def test_diff_fits_the_terminal(terminal: int) -> None:
    """Values that are too wide to fit side by side are below each other; a long one is cut where nothing differs."""
    for name in ("four", "five"):
        write(f"{name}.json", json.dumps({"baseUrl": f"https://{name}.example/", "allowedOrigins": LONG.format(name), "supportEmail": "ü"}))
    documents = [load_documents([f"{name}.json"], None).documents[0] for name in ("four", "five")]
    lines = diff.as_text(documents[0], documents[1], terminal).splitlines()
    assert not terminal or max(map(len, lines)) <= max(terminal, 30)
    joined = "".join(line.strip() for line in lines)
    assert ("https://four.hospital" in joined, "https://one.hospital" in joined, lines[-1][-16:]) == (True, False, "settings differ.")
    if terminal in (60, 80):
        assert lines[:7] == [
            "  - four.json",
            "  + five.json",
            "allowedOrigins",
            '  - …al.example,https://four.hospital.example"',
            '  + …al.example,https://five.hospital.example"',
            "authorizeUrl",
            '  - "https://four.example/oauth2/authorize" (default)',
        ]
    elif terminal != 20:
        assert [line.split()[0] for line in lines[:3]] == ["four.json", "allowedOrigins", "authorizeUrl"]


def test_diff_of_values_that_differ_where_they_are_masked() -> None:
    for name in ("one", "two"):
        write(f"{name}.json", json.dumps({"baseUrl": f"https://user:{name}@hospital.example/", "database": {}, "redis": {}}))
    result = lint("diff", "one.json", "two.json")
    rows = {line.split()[0]: line for line in result.output.splitlines()[1:-1]}
    assert rows["baseUrl"].count("(differs)") == 2 and "one@" not in result.output


def test_diff_as_json_is_a_contract() -> None:
    write("dump.json", TWO)
    write(
        "server.json", '{"baseUrl": "https://api.hospital.example/", "port": 8103, "signingKey": "one-secret", "database": {}, "redis": {}}'
    )
    result = lint("diff", "dump.json#prod", "server.json", "--format", "json")
    report = json.loads(result.output)
    assert report["first"] == {"path": "dump.json", "kind": "server/ssm", "environment": "prod", "holders": []}
    assert report["second"] == {"path": "server.json", "kind": "server/json", "environment": None, "holders": []}
    assert [one["setting"] for one in report["differences"] if not one["setting"].startswith(("database", "redis"))] == []


def test_diff_as_json_says_what_only_one_has() -> None:
    write("a.json", BAD)
    write("b.json", BAD.replace("{", '{"logoUrl": "https://api.hospital.example/logo.png", ', 1))
    [found] = json.loads(lint("diff", "a.json", "b.json", "--format", "json").output)["differences"]
    assert (found["setting"], found["first"], found["only_in"]) == ("logoUrl", None, "second")


def test_diff_of_the_same_is_exit_0() -> None:
    write("dump.json", TWO)
    result = lint("diff", "dump.json#prod", "dump.json#prod")
    assert (result.exit_code, result.output) == (0, "No differences.\n")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("dump.json", "dump.json: there are several environments: write dump.json#NAME with one of prod, staging"),
        ("dump.json#test", "dump.json: there is no environment test: write dump.json#NAME with one of prod, staging"),
        ("missing.json", "missing.json: cannot be read: no such file or directory"),
    ],
)
def test_diff_needs_one_configuration_on_each_side(first: str, message: str) -> None:
    write("dump.json", TWO)
    result = lint("diff", first, "dump.json#prod")
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {message}\n")


def test_diff_of_an_environment_that_a_file_without_any_does_not_have() -> None:
    write("server.json", '{"baseUrl": "https://api.example.com/", "database": {}, "redis": {}}')
    result = lint("diff", "server.json#prod", "server.json")
    message = "server.json: there is no environment prod: write server.json, which has one configuration without a name"
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {message}\n")


# --- Bad input ----------------------------------------------------------------------------------------------------------------------


def test_broken_files_in_a_folder_are_never_skipped() -> None:
    Path("medplum.utf16.json").write_bytes('{"port": 8103}'.encode("utf-16"))
    Path("medplum.binary.json").write_bytes(bytes(range(256)))
    write("medplum.empty.json", "")
    write("medplum.list.json", "[1, 2]")
    write("medplum.deep.json", '{"baseUrl": ' + "[" * 20_000 + "]" * 20_000 + ', "database": {}, "redis": {}}')
    write("data.json", "[1, 2]")
    os.mkfifo("medplum.pipe.json")
    os.symlink(".", "loop")
    os.symlink("/nowhere", "medplum.dangling.json")
    result = lint("--format", "json", "--select", "invalid-encoding,invalid-json,wrong-type")
    found = [(one["path"], one["rule"], tuple(one["range"]["start"].values())) for one in json.loads(result.stdout)["findings"]]
    assert found == [
        ("medplum.binary.json", "invalid-encoding", (3, 115)),
        ("medplum.deep.json", "wrong-type", (1, 13)),
        ("medplum.empty.json", "invalid-json", (1, 1)),
        ("medplum.list.json", "invalid-json", (1, 1)),
        ("medplum.utf16.json", "invalid-encoding", (1, 1)),
    ]
    assert result.exit_code == 1
