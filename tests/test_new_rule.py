"""``medplum-lint new-rule`` writes a rule that is complete, and nothing over what is there; ``schema rule`` is what editors check it by."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result
from support.checkout import ROOT
from support.quick import part_and_all
from support.rules import built_in_files, run_examples

from linter import cli
from linter.commands.new_rule import SCHEMA_NAME, rule_text
from linter.options import options_of
from linter.settings import catalogue

SERVER = {"supportEmail": "help@gmail.example", "database": {}, "redis": {}}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def refused(*arguments: str) -> str:
    before = sorted(Path().rglob("*"))
    result = run("new-rule", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sorted(Path().rglob("*")) == before
    return result.stderr.removeprefix("medplum-lint: error: ").rstrip("\n")


# --- What is written. ---------------------------------------------------------------------------------------------------------------


def test_what_it_says_to_do() -> None:
    result = run("new-rule", "acme/own-mail")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "wrote policies/own-mail.yaml\n"
        "wrote policies/rule.schema.json, with which editors complete rules\n"
        "Edit the rule, and then\n"
        "  medplum-lint test policies/own-mail.yaml\n"
        "  medplum-lint --rules policies YOUR-CONFIG\n"
    )


@pytest.mark.parametrize("kind", next(option.words for option in options_of("new-rule") if option.key == "kind"))
@pytest.mark.parametrize("rule_id", ["acme/own-mail", "a1/2", "no-1-clinic/x-y-z", "mail/own"])
def test_a_new_rule_proves_itself(kind: str, rule_id: str) -> None:
    assert run("new-rule", rule_id, "--for", kind).exit_code == 0
    [path] = Path("policies").glob("*.yaml")
    assert path.stem == rule_id.partition("/")[2]
    tested = run("test", "policies")
    assert (tested.exit_code, tested.stderr) == (0, "") and tested.stdout.endswith("examples of 1 rule: all passed.\n")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema=./{SCHEMA_NAME}\nid: {rule_id}\n")
    schema = json.loads((path.parent / SCHEMA_NAME).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))
    assert run("explain", rule_id, "--rules", "policies").exit_code == 0


@pytest.mark.parametrize(
    ("name", "kind", "asked"),
    [
        ("logLevel", "server", {"equals": "NONE"}),
        ("registerEnabled", "server", {"equals": False}),
        ("database.maxConnections", "server", {"max": 1}),
        ("signingKey", "server", {"equals": "agreed"}),
        ("externalAuthProviders", "server", {"equals": []}),
        ("desiredServerCount", "infra", None),
        ("infra.region", "deployment", {"equals": "agreed"}),
        ("server.logLevel", "deployment", {"equals": "NONE"}),
    ],
)
def test_a_new_rule_about_a_setting_proves_itself(name: str, kind: str, asked: Any) -> None:
    assert run("new-rule", "acme/own", "--for", kind, "--setting", name).exit_code == 0
    rule = yaml.safe_load(Path("policies/own.yaml").read_text(encoding="utf-8"))
    assert rule["for"] == kind and list(rule["must"]) == [name] and asked in (None, rule["must"][name])
    tested = run("test")
    assert (tested.exit_code, tested.stdout, tested.stderr) == (0, "2 examples of 1 rule: all passed.\n", "")


@pytest.mark.parametrize("part", part_and_all(4))
def test_a_rule_for_each_setting_proves_itself(part: slice) -> None:
    for name in [*catalogue("server").names()][part]:
        if "*" not in name:
            Path("own.yaml").write_text(rule_text("acme/own", "server", name), encoding="utf-8")
            report = run_examples([Path("own.yaml")])
            assert (report.errors, report.failures) == ([], []), name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("logLevl", '"logLevl" is not a setting of server; did you mean "logLevel"?'),
        ("externalAuthProviders.*.issuer", '"externalAuthProviders.*.issuer" is not a setting of server'),
        ("logLevel@type", '"logLevel@type" is not a setting of server'),
        ("<secret>", '"<secret>" is not a setting of server'),
        ("", "a path must not be empty"),
    ],
)
def test_a_setting_that_there_is_not_is_refused(name: str, says: str) -> None:
    assert refused("acme/own", "--setting", name).startswith(says)


def test_it_is_checked_with_at_once() -> None:
    Path("server.json").write_text(json.dumps(SERVER))
    run("new-rule", "acme/own-mail")
    for arguments in (["--rules", "policies"], ["--rules", "policies/own-mail.yaml"]):
        result = run("server.json", "--select", "acme/", "--format", "concise", *arguments)
        assert result.stdout.splitlines()[0] == (
            'server.json:1:18: error[acme/own-mail] supportEmail must end with "@acme.example": '
            "patients get mail from an address that is not ours; use an address at our own domain"
        )


def test_the_folder_of_the_configuration_is_taken() -> None:
    Path("config/team").mkdir(parents=True)
    Path(".medplum-lint.toml").write_text('rules = ["config/team"]\n')
    assert run("new-rule", "acme/first").stdout.endswith("  medplum-lint test config/team/first.yaml\n  medplum-lint YOUR-CONFIG\n")
    assert run("new-rule", "acme/second").stdout.startswith("wrote config/team/second.yaml\nEdit")
    assert run("new-rule", "acme/third", "--folder", "deep/er").stdout.startswith(
        "wrote deep/er/third.yaml\nwrote deep/er/rule.schema.json"
    )
    assert run("test").output == "6 examples of 2 rules: all passed.\n"


def test_the_schema_is_updated_and_another_file_stays() -> None:
    path = Path("policies") / SCHEMA_NAME
    run("new-rule", "acme/first")
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:400], encoding="utf-8")
    assert "rule.schema.json" in run("new-rule", "acme/second").stdout
    assert path.read_text(encoding="utf-8") == whole
    path.write_text("{}")
    assert "rule.schema.json" not in run("new-rule", "acme/third").stdout
    assert path.read_text() == "{}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_the_schema_is_not_waited_for() -> None:
    Path("policies").mkdir()
    os.mkfifo(Path("policies") / SCHEMA_NAME)
    assert run("new-rule", "acme/first").exit_code == 0


# --- What is refused. ---------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_not_overwritten() -> None:
    run("new-rule", "acme/own-mail")
    Path("policies/own-mail.yaml").write_text("mine")
    assert refused("acme/own-mail") == "policies/own-mail.yaml: already exists and is not overwritten: choose another id, or edit that rule"
    assert refused("other/own-mail").startswith("policies/own-mail.yaml: already exists")
    Path("policies/link.yaml").symlink_to("nowhere.yaml")
    assert refused("acme/link").startswith("policies/link.yaml: already exists")
    assert Path("policies/own-mail.yaml").read_text() == "mine" and not Path("policies/nowhere.yaml").exists()


FORM = "write lower-case words joined by hyphens, with the name of your organisation in front, as in acme/support-email"


@pytest.mark.parametrize(
    ("rule_id", "message"),
    [
        ("Acme/SupportEmail", f'"Acme/SupportEmail" is not the id of a rule of your own: {FORM}; did you mean "acme/support-email"?'),
        ("acme/own_mail", f'"acme/own_mail" is not the id of a rule of your own: {FORM}; did you mean "acme/own-mail"?'),
        ("acme/own mail.yaml", f'"acme/own mail.yaml" is not the id of a rule of your own: {FORM}; did you mean "acme/own-mail-yaml"?'),
        (
            "own-mail",
            f'"own-mail" is not the id of a rule of your own: {FORM}; did you mean "acme/own-mail", with your name in place of acme?',
        ),
        ("../../etc/passwd", f'"../../etc/passwd" is not the id of a rule of your own: {FORM}; did you mean "etc/passwd"?'),
        ("acme/../x", f'"acme/../x" is not the id of a rule of your own: {FORM}; did you mean "acme/x"?'),
        ("a/b/c", f'"a/b/c" is not the id of a rule of your own: {FORM}'),
        ("acme/", f'"acme/" is not the id of a rule of your own: {FORM}'),
        ("", f'"" is not the id of a rule of your own: {FORM}'),
        ("äcme/x", f'"äcme/x" is not the id of a rule of your own: {FORM}; did you mean "cme/x"?'),
        ("acme/x\n", f'"acme/x\\u000a" is not the id of a rule of your own: {FORM}; did you mean "acme/x"?'),
        ("acme/" + "x" * 96, "the id is too long: write at most 100 characters"),
        ("missing-host", 'the id "missing-host" is taken: choose another one'),
        ("missing-host/x", 'the name "missing-host" in front of the slash is that of a rule: write the name of your organisation'),
    ],
)
def test_invalid_ids(rule_id: str, message: str) -> None:
    assert refused(rule_id) == message


def test_an_id_that_is_taken_by_a_rule_elsewhere() -> None:
    run("new-rule", "acme/own-mail", "--folder", "policies/team")
    Path(".medplum-lint.toml").write_text('rules = ["policies"]\n')
    assert refused("acme/own-mail") == 'the id "acme/own-mail" is taken: choose another one'


def test_an_invalid_folder() -> None:
    Path("file").write_text("")
    assert refused("acme/x", "--folder", "file") == "file: is a file, not a folder for rules"
    assert refused("acme/x", "--folder", "file/deep") == "file/deep/x.yaml: cannot be written: not a directory"
    assert refused("acme/x", "--folder", "") == "--folder is empty"
    Path("policies").write_text("")
    assert refused("acme/x") == "policies: is a file, not a folder for rules"
    assert refused("acme/x", "--for", "servr").endswith('did you mean "server"?')


# --- The schema. --------------------------------------------------------------------------------------------------------------------


def test_the_schema_is_printed_as_it_is_published() -> None:
    published = (ROOT / "schemas" / "medplum-lint-rule.schema.json").read_text(encoding="utf-8")
    assert run("schema", "rule").stdout == published
    jsonschema.Draft202012Validator.check_schema(json.loads(published))
    server = (ROOT / "schemas" / "medplum-server-config.schema.json").read_text(encoding="utf-8")
    assert run("schema").stdout == run("schema", "server").stdout == server
    assert run("schema", "infra").stdout == (ROOT / "schemas" / "medplum-infra-config.schema.json").read_text(encoding="utf-8")
    assert 'did you mean "rule"?' in run("schema", "rules").stderr


def test_every_rule_fits_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(run("schema", "rule").stdout))
    for file in built_in_files():
        assert list(validator.iter_errors(file.data)) == [], file.path.name
