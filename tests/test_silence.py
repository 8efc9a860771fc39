"""Nothing passes in silence: what is named or piped and is not read is exit code 2 with the reason, never a clean run."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support.quick import part_and_all

from linter import cli, reporters
from linter.documents.inputs import Input
from linter.release import NEWEST
from linter.run import Options, Outcome, discover, lint_input
from linter.sources import kinds

FIXTURES = Path(__file__).parent / "fixtures"
CLEAN = (FIXTURES / "clean-production-json" / "input.template.json").read_text(encoding="utf-8")
SLASH = "missing-trailing-slash"
KINDS = sorted(kinds())


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lint(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments), input=given)


def write(name: str, content: str | bytes) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def parameter(name: str, value: str = "8103", **more: Any) -> dict[str, Any]:
    return {"Name": f"/medplum/prod/{name}", "Type": "String", "Value": value, **more}


# --- What is named or piped and is not read -----------------------------------------------------------------------------------------

CHECKED_AGAINST = f", checked against server {NEWEST} (the newest known release)"
NO_PARAMETER = "AWS found no parameter at this path: names are case-sensitive, and each belongs to one account and region"
NONE_OF_THESE = "AWS found none of these parameters: names are case-sensitive, and each belongs to one account and region"
NO_SECRET = "AWS found no secret: names are case-sensitive, and each belongs to one account and region"
TEXT = "this is the AWS CLI's text output: use --output json"
TABLE = "this is the AWS CLI's table output: use --output json"
TERRAFORM = "this is Terraform's own language: give the output of terraform show -json"
NOT_RECOGNISED = "not recognised as a Medplum configuration: "
NO_FORMAT = f"{NOT_RECOGNISED}it is neither JSON nor YAML nor a list of variables of a Medplum server"


def say_kind(lacking: str) -> str:
    """The reason of what has a format that is read, but too little in it."""
    return f"{NOT_RECOGNISED}{lacking}; say with --kind what it is, or leave it out"


NO_SETTING = say_kind("its only name is not a setting")
NO_LIST = say_kind("it names MEDPLUM_ variables, but is no list of them")
UTF16 = "this is UTF-16, as PowerShell writes it: save it as UTF-8"
DASHES = "-" * 35
TABLE_TEXT = f"{DASHES}\n|       GetParametersByPath       |\n+{'-' * 33}+\n||          Parameters           ||\n|+{'-' * 31}+|\n"
TEXT_LINE = "PARAMETERS\tarn:aws:ssm:us-east-1:1:parameter/medplum/prod/port\ttext\t2024-01-01\t/medplum/prod/port\tString\t8103\t1\n"
HCL = 'resource "aws_ssm_parameter" "port" {\n  name  = "/medplum/prod/port"\n  value = "8103"\n}\n'

OF_ANY_KIND: list[tuple[str, str | bytes, str]] = [
    ("empty.json", '{"Parameters": []}', NO_PARAMETER),
    ("pretty.json", '{\n    "Parameters": []\n}\n', NO_PARAMETER),
    ("token.json", '{"Parameters": [], "NextToken": "x"}', NO_PARAMETER),
    ("secrets.json", '{"SecretValues": []}', NO_SECRET),
    ("errors.json", '{"SecretValues": [], "Errors": []}', NO_SECRET),
    ("table.txt", TABLE_TEXT, TABLE),
    ("table.json", TABLE_TEXT.replace("\n", "\r\n"), TABLE),
    ("coloured.txt", f"\x1b[1m{TABLE_TEXT}\x1b[0m", TABLE),
    ("text.txt", TEXT_LINE, TEXT),
    ("text.json", TEXT_LINE, TEXT),
    ("medplum-dump.json", TEXT_LINE, TEXT),
    ("one.txt", TEXT_LINE.replace("PARAMETERS", "PARAMETER"), TEXT),
    ("invalid.txt", "INVALIDPARAMETERS\t/medplum/prod/x\n", TEXT),
    ("rows.txt", "/medplum/prod/port\tString\t8103\n", TEXT),
    ("secret.txt", 'arn:aws:secretsmanager:us-east-1:1:secret:a-b\t1.5\ta\t{"host": "db"}\tv\nVERSIONSTAGES\tAWSCURRENT\n', TEXT),
    ("batch.txt", "SECRETVALUES\tarn:aws:secretsmanager:us-east-1:1:secret:a-b\t1.5\ta\t{}\tv\n", TEXT),
    (
        "denied.txt",
        "\nAn error occurred (AccessDeniedException) when calling the GetParametersByPath operation: no\n",
        "this is an error message from the AWS CLI, not its output: run the command by itself",
    ),
    ("main.tf", HCL, TERRAFORM),
    ("notes", HCL, TERRAFORM),
    ("prod.tfvars", 'port = "8103"\n', TERRAFORM),
    ("nothing.json", "", "the file is empty"),
    (".env", "", "the file is empty"),
    ("blanks.yaml", " \n\t\r\n", "the file contains nothing but white space"),
    ("mark.json", b"\xef\xbb\xbf", "the file contains nothing but a byte order mark"),
    ("utf16le.json", CLEAN.encode("utf-16-le"), UTF16),
    ("utf16be.json", CLEAN.encode("utf-16-be"), UTF16),
    ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "this is not text"),
    ("noise.bin", bytes(range(128, 256)) * 4, "this is not text"),
]


@pytest.mark.quick_cases(28)
@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize(("name", "content", "reason"), OF_ANY_KIND, ids=[name for name, _, _ in OF_ANY_KIND])
def test_what_is_evidently_something_else(name: str, content: str | bytes, reason: str, kind: str | None) -> None:
    """Whatever kind is given: exit 2 with the reason, ``failed`` in the report, and no finding."""
    options = [] if kind is None else ["--kind", kind]
    result = lint(write(name, content), *options)
    expected = f"{name}: failed: {reason}\nNo findings in 0 files, 1 failed.\n"
    assert (result.exit_code, result.stderr, result.stdout) == (2, f"medplum-lint: error: {name}: {reason}\n", expected)


JSON_OBJECT = "no JSON object of settings can be read from it"
UNREADABLE = {
    None: NO_FORMAT,
    "infra/json": JSON_OBJECT,
    "secret/database": "no JSON object with the connection to a database can be read from it",
    "secret/redis": "no JSON object with the connection to Redis can be read from it",
    "server/azure": "no JSON object of names and texts can be read from it",
    "server/env": "no variable of a Medplum server (MEDPLUM_…) can be read from it",
    "server/json": JSON_OBJECT,
    "server/ssm": "no parameter of a Medplum server can be read from it",
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", "# Title\n\nNote: the server reads [a file](x).\n\n    key: value\n"),
        ("start.py", 'os.environ["MEDPLUM_PORT"] = "8103"\n'),
        ("index.js", "module.exports = {\n  port: 8103,\n};\n"),
        ("template.txt", "{{ if .x }}\n{{ .y }}\n{{ end }}\n"),
        ("settings.toml", "[server]\nport = 8103\n"),
        ("page.json", "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"),
    ],
)
def test_a_text_of_no_format(name: str, content: str, kind: str | None) -> None:
    result = lint(write(name, content), *([] if kind is None else ["--kind", kind]))
    assert (result.exit_code, result.stderr) == (
        2,
        f"medplum-lint: error: {name}: {NO_LIST if kind is None and 'MEDPLUM_' in content else UNREADABLE[kind]}\n",
    )
    assert "No findings in 0 files, 1 failed." in result.stdout


def test_every_kind_has_its_sentence() -> None:
    assert set(UNREADABLE) == {None, *KINDS}


TAB = "not valid YAML (line 2, column 1: a tab is where YAML expects spaces (indent with spaces only))"


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize(
    "content",
    [
        "services:\n\tserver:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_PORT: 8103\n",
        "apiVersion: v1\n\tkind: ConfigMap\ndata:\n  MEDPLUM_REDIS_HOST: redis\n",
        "Parameters:\n\t- Name: /medplum/prod/port\n",
        "config:\n\tserver:\n    baseUrl: https://x.example/\n",
        "AWSTemplateFormatVersion: '2010-09-09'\n\tResources:\n  A: {Type: 'AWS::SSM::Parameter'}\n",
    ],
)
def test_yaml_that_breaks_off_before_its_first_setting(content: str, kind: str | None) -> None:
    result = lint(write("broken.yaml", content), *([] if kind is None else ["--kind", kind]))
    message = TAB if kind is None else f"{UNREADABLE[kind]}; it is {TAB}"
    assert (result.exit_code, result.stderr.removeprefix("medplum-lint: error: broken.yaml: ")) in ((2, f"{message}\n"), (2, f"{TAB}\n"))


def test_yaml_that_breaks_off_after_its_first_setting_is_a_finding() -> None:
    text = "services:\n  server:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_REDIS_HOST: a\n      x: %\n"
    assert "error[invalid-yaml]" in lint(write("compose.yml", text)).stdout
    assert lint("compose.yml").exit_code == 1


UNRECOGNISED = [
    ("object.json", '{"foo": 1}', NO_SETTING),
    ("list.json", "[1, 2]", say_kind("it is a list, not an object of settings")),
    ("text.json", '"x"', say_kind("it is text, not an object of settings")),
    ("null.json", "null", "this is null, which the AWS CLI prints when --query finds nothing"),
    ("none.json", "[]\n", "this is an empty list, which the AWS CLI prints when --query finds nothing"),
    ("variables.txt", "MEDPLUM_BASE_URL=https://x.example/\n", say_kind("its MEDPLUM_ variables are ones that clients have too")),
    (
        "Dockerfile",
        'FROM node:22\nENV NODE_ENV=production\nCMD ["node"]\n',
        f"{NOT_RECOGNISED}its ENV sets no variable of a Medplum server",
    ),
    ("values.yaml", "replicaCount: 1\n", say_kind("it has no parameter or variable of a Medplum server")),
    (".env", "POSTGRES_PASSWORD=x\n", NO_FORMAT),
    ("none.json", json.dumps({"Parameters": [], "InvalidParameters": ["baseUrl"]}), NONE_OF_THESE),
    ("other.json", json.dumps({"Parameters": [], "InvalidParameters": ["/acme/x"]}), NONE_OF_THESE),
    ("empty.yaml", "Parameters: []\n", NO_PARAMETER),
    (
        "nameless.json",
        '{"Parameters": [{"Value": "8103"}]}',
        "an entry of Parameters has no name that can be read: keep Name in the --query of the AWS CLI",
    ),
    ("binary.json", '{"Name": "medplum/db", "SecretBinary": "aA=="}', "this secret is binary: the server reads SecretString, a text"),
    (
        "list-secrets.json",
        '{"SecretList": [{"Name": "a"}]}',
        "this is a list of secrets without their values: use aws secretsmanager get-secret-value",
    ),
    (
        "refused.json",
        '{"SecretValues": [], "Errors": [{"SecretId": "a"}]}',
        "AWS could not return every secret: see Errors in its response for the reasons",
    ),
    (
        "state.json",
        '{"version": 3, "terraform_version": "0.11.0", "modules": [{"resources": {"aws_ssm_parameter.x": {}}}]}',
        "a Terraform state or plan in a format that is not read: give the output of terraform show -json",
    ),
    (
        "map.json",
        '{"kind": "ConfigMap", "apiVersion": "v1", "data": {"MEDPLUM_REDIS_HOST": "x"}}',
        "these are Kubernetes manifests in JSON, but only YAML is read: use kubectl --output yaml",
    ),
    (
        "compose.json",
        '{"services": {"server": {"environment": {"MEDPLUM_REDIS_HOST": "x"}}}}',
        "this is a Compose file in JSON, but only YAML is read: give the YAML",
    ),
    (
        "cut.json",
        '{"Parameters": [{"Name": "/medp',
        "not valid JSON (line 1, column 26: a string is not closed)",
    ),
    (
        "client.json",
        '{"baseUrl": "https://x.example/", "clientId": ',
        "not valid JSON (line 1, column 46: the file ends where a value is expected)",
    ),
]


def test_what_is_not_recognised() -> None:
    for name, content, reason in UNRECOGNISED:
        result = lint(write(name, content))
        assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {name}: {reason}\n")
        assert result.stdout == f"{name}: failed: {reason}\nNo findings in 0 files, 1 failed.\n"


@pytest.mark.parametrize(("name", "content", "reason"), OF_ANY_KIND, ids=[name for name, _, _ in OF_ANY_KIND])
def test_standard_input(name: str, content: str | bytes, reason: str) -> None:
    result = lint("-", given=content)
    if name.startswith("prod."):  # recognised by its name only
        reason = NO_FORMAT
    if not (content.strip() if isinstance(content, str) else content.replace(b"\xef\xbb\xbf", b"")):
        reason = "standard input is empty: the command before the pipe failed or found nothing"
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: <stdin>: {reason}\n")


@pytest.mark.parametrize("options", [[], ["--kind", "server/ssm"], ["--kind", "server/json"], ["--stdin-filename", "medplum.config.json"]])
@pytest.mark.parametrize("given", ["", "\n", "\ufeff"])
def test_an_empty_pipe(given: str, options: list[str]) -> None:
    result = lint("-", *options, given=given)
    name = options[1] if "--stdin-filename" in options else "<stdin>"
    message = f"medplum-lint: error: {name}: standard input is empty: the command before the pipe failed or found nothing\n"
    assert (result.exit_code, result.stderr) == (2, message)


def test_show_and_diff_give_the_same_reason() -> None:
    write("medplum.config.json", CLEAN)
    for name, content, reason in OF_ANY_KIND:
        write(name, content)
        message = f"medplum-lint: error: {name}: {reason}\n"
        for arguments in (["show", name], ["show", name, "--kind", "server/ssm"], ["diff", "medplum.config.json", name]):
            assert (lint(*arguments).exit_code, lint(*arguments).stderr) == (2, message)
    message = "medplum-lint: error: <stdin>: standard input is empty: the command before the pipe failed or found nothing\n"
    assert (lint("show", "-", given="").stderr, lint("diff", "-", "medplum.config.json", given="").stderr) == (message, message)


def test_the_other_files_are_still_checked() -> None:
    write("bad.json", '{"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}')
    write("empty.json", '{"Parameters": []}')
    result = lint("empty.json", "bad.json", "--select", SLASH, "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == 2
    assert [(file["path"], file["status"]) for file in report["files"]] == [("bad.json", "checked"), ("empty.json", "failed")]
    assert [finding["path"] for finding in report["findings"]] == ["bad.json"]


def test_sarif_says_it_as_a_notification() -> None:
    report = json.loads(lint(write("empty.json", '{"Parameters": []}'), "--format", "sarif").stdout)
    [notification] = report["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "file-not-read"
    assert notification["message"]["text"] == f"'empty.json' could not be read: {NO_PARAMETER}."


def test_globs_name_files_that_a_search_skips() -> None:
    write("deploy/medplum.template.json", CLEAN)
    write("deploy/app.config.json", '{"foo": 1}')
    write("deploy/ssm.json", '{"Parameters": []}')
    write("deploy/notes.md", "# Notes\n")
    assert lint("deploy").exit_code == 0
    assert lint("deploy").stdout == f"deploy/ssm.json: ignored: {NO_PARAMETER}\nNo findings in 1 file, 1 ignored{CHECKED_AGAINST}.\n"
    assert lint("deploy/*.json").stderr == (
        f"medplum-lint: error: deploy/app.config.json: {NO_SETTING}\nmedplum-lint: error: deploy/ssm.json: {NO_PARAMETER}\n"
    )
    assert lint("deploy/*").exit_code == 2
    assert "notes.md" in lint("deploy/*").stderr


@pytest.mark.parametrize(("options", "what"), [([], "a Medplum configuration"), (["--kind", "server/ssm"], "server/ssm")])
def test_a_folder_in_which_nothing_is_recognised(options: list[str], what: str) -> None:
    write("deploy/app.config.json", '{"foo": 1}')
    result = lint("deploy", *options)
    searched = "" if options else f": {discover.what_is_searched_for()}"
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: deploy: no file is recognised as {what}{searched}\n")
    assert lint("deploy", "--allow-unrecognized", *options).exit_code == 0


def test_a_folder_with_nothing_but_an_answer_that_is_empty() -> None:
    write("deploy/x-ssm.json", '{"Parameters": []}')
    result = lint("deploy")
    assert (result.exit_code, result.stderr) == (2, "medplum-lint: error: deploy: no file is recognised as a Medplum configuration\n")
    assert "deploy/x-ssm.json: ignored: AWS found no parameter at this path" in result.stdout
    write("deploy/medplum.config.json", CLEAN)
    assert lint("deploy").exit_code == 0


def test_a_search_says_which_file_is_too_large_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "LARGEST_SEARCHED", len(CLEAN))
    write("deploy/large.config.json", json.dumps({**json.loads(CLEAN), "supportEmail": "a" * len(CLEAN)}))
    alone = lint("deploy")
    assert (alone.exit_code, alone.stderr) == (2, "medplum-lint: error: deploy: no file is recognised as a Medplum configuration\n")
    assert (
        "deploy/large.config.json: ignored: more than 64 MiB, too large for the search of a folder: name the file to check it"
        in alone.stdout
    )
    write("deploy/medplum.config.json", CLEAN)
    assert (lint("deploy").exit_code, lint("deploy/large.config.json").exit_code) == (0, 1)


def test_when_the_configuration_excludes_all() -> None:
    write(".medplum-lint.toml", 'exclude = ["old/**"]')
    write("old/medplum.template.json", CLEAN)
    result = lint("old/*.json")
    assert (result.exit_code, result.stderr) == (
        2,
        "medplum-lint: error: old/*.json: nothing is checked: the configuration excludes every file\n",
    )
    assert lint("old/medplum.template.json").stdout.endswith(f"\nNo findings in 1 file{CHECKED_AGAINST}.\n")  # named: it is meant


# --- What is read, or is left alone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("medplum.template.json", '{"bots": []}', "a bots configuration"),
        ("bots.json", '{"bots": [{"name": "a"}', "a bots configuration"),
        ("package.json", '{"name": "x",}', "not a Medplum configuration"),
        ("package.json", '{"name": "x", "version": "1"}', "not a Medplum configuration"),
        ("tsconfig.json", "{\n  // strict\n}", "not a Medplum configuration"),
        (
            "compose.yml",
            "services:\n  db:\n    image: postgres\n",
            "a Compose file without a Medplum server that is configured by variables",
        ),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\n", "Kubernetes manifests without variables of a Medplum server"),
        ("pod.json", '{"apiVersion": "v1", "kind": "Pod"}', "Kubernetes manifests without variables of a Medplum server"),
        ("state.json", '{"terraform_version": "1.9.5"}', "a Terraform state or plan without parameters of a Medplum server"),
        ("a.json", '{"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}', "a CloudFormation template without parameters of a Medplum server"),
        (
            "dump.json",
            '{"Parameters": [{"Name": "/acme/x", "Value": "1"}]}',
            "a Parameter Store dump without parameters of a Medplum server",
        ),
        (".env", "MEDPLUM_CLIENT_ID=x\n", "an environment file with variables of a client, not of a server"),
    ],
)
def test_what_is_recognised_as_something_else(name: str, content: str, note: str) -> None:
    result = lint(write(name, content))
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{name}: ignored: {note}\nNo findings in 0 files, 1 ignored.\n", "")


def test_a_parameter_of_no_environment_is_not_passed_over() -> None:
    dump = '{"Parameters": [{"Name": "/medplum/port", "Type": "String", "Value": "8103"}]}'
    result = lint(write("dump.json", dump))
    why = "/medplum/port has no environment in its name, as /medplum/prod/port has, so no server reads it"
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: dump.json: {why}\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("medplum.config.json", ""),
        ("medplum.config.json", "baseUrl = x"),
        ("medplum.prod.config.json", '{"foo": 1, '),
        ("server.json", '{"baseUrl": "https://x.example/", "port": 8103,, "database": {}}'),
        ("server.json", "{port: 8103}"),
        ("server.json", "{'port': 8103}"),
        ("server.json", '"port": 8103, "database": {}'),
        ("server", '// the server\n{"port": 8103 "database": {}'),
        ("server.json", '{"port": 8103'),
        ("server.json", '[{"port": 8103},'),
    ],
)
def test_broken_json_is_still_a_finding(name: str, content: str) -> None:
    result = lint(write(name, content))
    assert (result.exit_code, result.stderr) == (1, "")
    assert "error[invalid-json]" in result.stdout


@pytest.mark.parametrize("options", [[], ["--kind", "server/json"]], ids=["recognised", "given"])
def test_a_broken_file_of_medplum_with_little_in_it_is_a_finding(options: list[str]) -> None:
    content = '{"baseUrl": "https://api.example.com/", "x": "\\q"}\n'
    result = lint(*options, write("medplum.config.json", content))
    assert (result.exit_code, result.stderr) == (1, "")
    assert "error[invalid-json]" in result.stdout and " --> medplum.config.json:1:47\n" in result.stdout


def test_a_medplum_file_in_utf_16_is_still_a_finding() -> None:
    result = lint(write("medplum.config.json", CLEAN.encode("utf-16")))
    assert (result.exit_code, result.stderr) == (1, "")
    assert "error[invalid-encoding]" in result.stdout


LOWER = {"parameters": [{"name": "/medplum/prod/baseUrl", "type": "String", "value": "https://x.example"}]}


@pytest.mark.parametrize(
    "answer",
    [
        {"Parameters": [parameter("baseUrl", "https://x.example")]},
        LOWER,
        {"parameters": [{"Name": "/medplum/prod/baseUrl", "Value": "https://x.example"}]},
        {"PARAMETERS": [{"NAME": "/medplum/prod/baseUrl", "VALUE": "https://x.example"}]},
        {"parameter": LOWER["parameters"][0]},
        [{"Parameters": [parameter("baseUrl", "https://x.example")]}, {"Parameters": [parameter("port")]}],
        {**LOWER, "invalidParameters": ["/medplum/prod/port"]},
    ],
)
def test_an_answer_of_aws_whatever_the_case_of_its_names(answer: Any) -> None:
    write("dump.json", json.dumps(answer))
    write("dump.yaml", yaml.safe_dump(answer))
    for name in ("dump.json", "dump.yaml"):
        result = lint(name, "--format", "json", "--select", f"{SLASH},ignored-parameter")
        report = json.loads(result.stdout)
        assert [(file["kind"], file["environment"], file["status"]) for file in report["files"]] == [("server/ssm", "prod", "checked")]
        assert [one["setting"] for one in report["findings"] if one["rule"] == SLASH] == ["baseUrl"]
        assert ("ignored-parameter" in {one["rule"] for one in report["findings"]}) is ("invalidParameters" in answer)


def test_the_value_of_a_secret_in_lower_case_is_not_shown() -> None:
    items = [{"name": "/medplum/prod/signingKey", "value": "Tr0ub4dor&3"}, {"NAME": "/medplum/prod/baseUrl", "VALUE": "https://x.example"}]
    for text in (json.dumps({"parameters": items}), json.dumps({"parameters": items}, indent=1), yaml.safe_dump({"parameters": items})):
        name = "dump.json" if text.startswith("{") else "dump.yaml"
        for output in reporters.names():
            assert "Tr0ub4dor" not in lint(write(name, text), "--format", output).output


def test_names_that_aws_did_not_find_are_findings_and_the_answer_is_empty() -> None:
    write("dump.json", json.dumps({"InvalidParameters": ["/medplum/prod/port"], "Parameters": []}))
    result = lint("dump.json")
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: dump.json: {NONE_OF_THESE}\n")
    assert "warning[ignored-parameter]: there is no parameter /medplum/prod/port" in result.stdout


# --- A part that is not read --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "two.json",
            json.dumps({"Parameters": [parameter("port")]}) + "\n" + '{"Parameters": []}\n',
            f"line 2: {NO_PARAMETER}",
        ),
        ("two.yaml", "Parameters:\n- Name: /medplum/prod/port\n  Value: '1'\n---\nParameters: []\n", f"line 5: {NO_PARAMETER}"),
        (
            "mixed.json",
            json.dumps({"Parameters": [parameter("port")]}) + '\n{"message": "denied"}\n',
            "line 2: this is not a response of Parameter Store",
        ),
        (
            "nameless.json",
            json.dumps({"Parameters": [parameter("port"), {"Value": "x"}]}),
            "an entry of Parameters has no name that can be read: keep Name in the --query of the AWS CLI",
        ),
        (
            "object.json",
            json.dumps({"Parameters": [parameter("port"), parameter("database", value={"host": "db"})]}),  # type: ignore[arg-type]
            "the value of a parameter is not text here: give the output of the AWS CLI",
        ),
        (
            "flat.json",
            '{"/medplum/prod/port": "8103", "/medplum/prod/database": {"host": "db"}}',
            "the value of a parameter is not text here: give the output of the AWS CLI",
        ),
        (
            "secrets.json",
            json.dumps(
                {
                    "SecretValues": [{"Name": "medplum/prod/redis", "SecretString": '{"host": "r.cache.amazonaws.com", "password": "p"}'}],
                    "Errors": [{"SecretId": "medplum/prod/database", "ErrorCode": "ResourceNotFoundException"}],
                }
            ),
            "AWS could not return every secret: see Errors in its response for the reasons",
        ),
    ],
)
def test_a_part_that_is_not_read(name: str, content: str, reason: str) -> None:
    result = lint(write(name, content), "--format", "json")
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {name}: {reason}\n")
    assert sorted(file["status"] for file in json.loads(result.stdout)["files"]) == ["checked", "failed"]
    assert lint("show", name).stderr == result.stderr


def test_every_document_of_a_stream_is_read() -> None:
    database = {"Name": "medplum/prod/database", "SecretString": '{"host": "db", "dbname": "m", "username": "u", "password": "p"}'}
    redis = {"Name": "medplum/prod/redis", "SecretString": '{"host": "r.cache.amazonaws.com", "password": "p", "tls": {}}'}
    outcome = lint_input(Input("s.yaml", yaml.safe_dump_all([database, redis]).encode(), Path("s.yaml")), Options())
    assert [file.kind for file in outcome.result.files] == ["secret/database", "secret/redis"]
    template = "Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: {Name: /medplum/prod/port, Value: '8103'}}}\n---\n\tx\n"
    outcome = lint_input(Input("t.yaml", template.encode(), Path("t.yaml")), Options())
    assert "invalid-yaml" in {finding.rule for finding in outcome.result.findings}


@pytest.mark.parametrize("option", ["--select", "--ignore"])
@pytest.mark.parametrize(
    ("name", "content", "rule", "place"),
    [
        ("medplum.config.json", '{"port": 8103', "invalid-json", "line 1, column 1"),
        ("medplum.config.json", "[]", "invalid-json", "line 1, column 1"),
        ("dump.yaml", "Parameters:\n- Name: /medplum/prod/port\n  Value: '8103'\n- Name: %\n", "invalid-yaml", "line 4, column 9"),
        ("medplum.prod.config.json", '{"name": "prod", "stackName": "x"', "invalid-json", "line 1, column 1"),
    ],
)
def test_a_text_that_breaks_off_is_reported_though_its_rule_is_off(option: str, name: str, content: str, rule: str, place: str) -> None:
    """Else a run that looks for one rule says of a file that it could not read that it has no findings."""
    result = lint(write(name, content), option, SLASH if option == "--select" else rule)
    reason = f"not all of it can be checked ({place}), and {rule}, which says why, is off"
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {name}: {reason}\n")


# --- For hooks ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "content", "reason"), OF_ANY_KIND, ids=[name for name, _, _ in OF_ANY_KIND])
def test_what_is_not_recognised_can_be_allowed(name: str, content: str | bytes, reason: str) -> None:
    for options in ([], ["--kind", "server/ssm"]):
        result = lint(write(name, content), "--allow-unrecognized", *options)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == f"{name}: ignored: {reason}\nNo findings in 0 files, 1 ignored.\n"


def test_a_hook_still_finds_what_is_wrong() -> None:
    bad = '{"baseUrl": "https://x.example", "database": {}, "redis": {}}'
    assert lint(write("medplum.config.json", bad), "--allow-unrecognized").exit_code == 1
    assert lint(write("medplum.config.json", '{"port": '), "--allow-unrecognized").exit_code == 1
    assert lint(write("other.json", '{"a": '), "--allow-unrecognized").exit_code == 0
    result = lint("missing.json", "--allow-unrecognized")
    assert (result.exit_code, result.stderr) == (2, "medplum-lint: error: missing.json: no such file or folder\n")


def test_a_folder_with_nothing_to_read_can_be_allowed() -> None:
    write("app/package.json", "{}")
    for options in ([], ["--kind", "server/ssm"]):
        assert lint("app", *options).exit_code == 2
        result = lint("app", "--allow-unrecognized", *options)
        assert (result.exit_code, result.output) == (0, "")
    write("app/.medplum-lint.toml", 'exclude = ["*.yaml"]\n')
    write("app/compose.yaml", "services: {}\n")
    assert lint("app").exit_code == 2
    assert lint("app", "--allow-unrecognized").exit_code == 0
    assert lint("app/*.conf", "--allow-unrecognized").exit_code == 2


def test_the_hooks_that_check_allow_it() -> None:
    hooks = yaml.safe_load((Path(__file__).parent.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    checking = [hook["entry"].split() for hook in hooks if not hook["entry"].startswith("medplum-lint test ")]
    assert len(checking) == 2 and all("--allow-unrecognized" in entry for entry in checking)


# --- Every source, cut and changed at random ----------------------------------------------------------------------------------------

INPUTS = sorted(FIXTURES.glob("*/input.*"))
ALWAYS_KNOWN = "a bots configuration"
"""What a file is by what it has, however it ends; all other notes are of what a file lacks."""


def is_whole(name: str, text: str) -> bool:
    """Whether other readers get through a text; in a list of variables each line is one."""
    if name.endswith((".yaml", ".yml")):
        try:
            # PyYAML knows no tab at the end of a line, or within a plain scalar.
            return all(True for _ in yaml.parse(re.sub(r"(?<=\w)\t(?=\w)", " ", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))))
        except yaml.YAMLError:
            return False
    if not name.endswith((".json", ".jsonl")):
        return True
    decoder, at, text = json.JSONDecoder(), 0, text.lstrip("\ufeff")
    try:
        while text[at:].strip():
            at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))[1]
    except ValueError:
        return False
    return True


def changed(text: str, chance: random.Random) -> list[str]:
    """Texts that begin like one, and texts in which one character is another, or is missing, or is one too many."""
    cut = [text[: chance.randrange(len(text))] for _ in range(12)]
    for _ in range(12):
        at, new = chance.randrange(len(text)), chance.choice("\"'{}[]:,\t\n #-\\&*")
        cut.append(text[:at] + chance.choice([new, ""]) + text[at + chance.choice([0, 1]) :])
    return cut


def is_green(outcome: Outcome) -> bool:
    """Whether a run gives the impression that all is well."""
    notes = {file.note for file in outcome.result.files}
    return outcome.exit_code != 2 and not outcome.result.findings and notes != {ALWAYS_KNOWN}


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("path", INPUTS, ids=[path.parent.name for path in INPUTS])
def test_never_less_is_read_than_is_there(path: Path) -> None:
    """What breaks off, anywhere, is a finding or exit code 2: it has no findings only where another reader finds all of it whole."""
    chance = random.Random(path.parent.name)
    for text in changed(path.read_text(encoding="utf-8"), chance):
        outcome = lint_input(Input(path.name, text.encode(), path), Options())
        assert outcome.bugs == ()
        assert outcome.result.files, text
        if is_green(outcome):
            assert is_whole(path.name, text), text


@pytest.mark.parametrize("part", part_and_all(12))
@pytest.mark.parametrize("kind", KINDS)
def test_with_a_kind_a_run_is_never_green_on_what_it_did_not_read(kind: str, part: slice) -> None:
    for path in INPUTS[part]:
        text = path.read_text(encoding="utf-8")
        for given in (text, text[: len(text) // 2], text[: len(text) // 9]):
            outcome = lint_input(Input(path.name, given.encode(), path), Options(kind=kind))
            assert outcome.bugs == ()
            assert [file for file in outcome.result.files if file.status == "ignored"] == []
            if outcome.exit_code != 2 and not outcome.result.findings:
                assert is_whole(path.name, given), (path, given)
                assert {str(file.kind).partition("/")[0] for file in outcome.result.files} == {kind.partition("/")[0]}
