"""The fixes of findings in a Parameter Store dump: commands that print no secret, and a script that a shell runs with what was meant."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.canaries import Planted, planted_files, printed
from support.helpers import golden
from support.stores import SHELL, environment_with_aws, keep, needs_aws, needs_shell, parameter, stored

from linter import __version__, cli
from linter.documents.parameters.commands import _value
from linter.documents.source import SourceFile
from linter.model import UNKNOWN, Change, Command, SettingPath
from linter.release import NEWEST, Release
from linter.server.loader import ssm_text, ssm_value
from linter.settings import catalogue
from linter.sources import cloudformation, server_ssm, terraform
from linter.text import inert

SECRET = "hunter2-of-nobody"


def commands(data: Any, *changes: Change) -> list[Command] | None:
    file = SourceFile("dump.json", json.dumps(data).encode())
    commander = server_ssm.load(file, "server/ssm")[0].commander
    assert commander is not None
    return commander(changes)


def lines(data: Any, *changes: Change) -> list[str] | None:
    made = commands(data, *changes)
    return None if made is None else [line for command in made for line in command.printed]


def put(path: str, value: Any) -> Change:
    return Change("set", tuple(path.split(".")), value)


def words_of(line: str) -> list[str]:
    """What a shell makes of a line."""
    assert SHELL is not None
    return subprocess.run([SHELL, "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout.decode().split("\0")[:-1]


# --- One command at a time --------------------------------------------------------------------------------------------------------------

PORT = [parameter("/medplum/prod/port", "8103")]
AT = "--region us-east-1"


@pytest.mark.parametrize(
    ("data", "change", "expected"),
    [
        (PORT, put("port", 5000), f"aws ssm put-parameter --name /medplum/prod/port --type String --overwrite {AT} --value 5000"),
        (
            PORT,
            put("supportEmail", '"It\'s us" <help@example.com>'),
            "aws ssm put-parameter --name /medplum/prod/supportEmail --type String --overwrite "
            f"{AT} --value '\"It'\"'\"'s us\" <help@example.com>'",
        ),
        (
            PORT,
            put("baseUrl", "https://api.example.com/"),
            "aws ssm put-parameter --name /medplum/prod/baseUrl --type String --overwrite "
            f'{AT} --cli-input-json \'{{"Value": "https://api.example.com/"}}\'',
        ),
        (
            {"/medplum/prod/database.ssl.require": "false"},
            put("database.ssl.require", True),
            "aws ssm put-parameter --name /medplum/prod/database.ssl.require --overwrite --value true",
        ),
        (
            [parameter("/medplum/prod/port", "8103", "SecureString", KeyId="alias/own", Tier="Advanced")],
            put("port", 5000),
            f"aws ssm put-parameter --name /medplum/prod/port --type SecureString --tier Advanced --key-id alias/own --overwrite {AT} "
            "--value 5000",
        ),
        (PORT, Change("remove", ("port",)), f"aws ssm delete-parameters --names /medplum/prod/port {AT}"),
    ],
    ids=["a number", "quotes", "an address", "a flat map, and a switch", "a SecureString with a key of its own", "removed"],
)
def test_a_command(data: Any, change: Change, expected: str) -> None:
    assert lines(data, change) == [expected]


def test_a_list_is_written_as_the_loader_reads_it() -> None:
    data = [parameter("/medplum/prod/dataWarehouse.includeResourceTypes", "Patient, Task")]
    made = lines(data, Change("set", ("dataWarehouse", "includeResourceTypes", 1), "Observation"))
    name = "/medplum/prod/dataWarehouse.includeResourceTypes"
    assert made == [f"aws ssm put-parameter --name {name} --type String --overwrite {AT} --value Patient,Observation"]


PROVIDER = {"issuer": "https://login.clinic.example", "userInfoUrl": "https://login.clinic.example/me"}


@needs_shell
def test_json_keeps_what_is_not_changed() -> None:
    data = [parameter("/medplum/prod/externalAuthProviders", json.dumps([PROVIDER]))]
    made = lines(data, *(Change("set", ("externalAuthProviders", 0, name), "https://other.example/") for name in ("issuer", "userInfoUrl")))
    assert made is not None
    words = words_of(made[0])
    assert json.loads(words[-1]) == [dict.fromkeys(PROVIDER, "https://other.example/")]


def test_no_json_with_a_secret_is_printed() -> None:
    data = [parameter("/medplum/prod/externalAuthProviders", json.dumps([PROVIDER | {"clientSecret": SECRET}]))]
    assert lines(data, Change("set", ("externalAuthProviders", 0, "issuer"), "https://other.example/")) is None


def test_an_object_is_written_as_its_members() -> None:
    assert lines(PORT, put("database.ssl", {"require": True, "rejectUnauthorized": False})) == [
        f"aws ssm put-parameter --name /medplum/prod/database.ssl.require --type String --overwrite {AT} --value true",
        f"aws ssm put-parameter --name /medplum/prod/database.ssl.rejectUnauthorized --type String --overwrite {AT} --value false",
    ]


def test_a_removed_section_takes_its_members_along() -> None:
    data = [parameter(f"/medplum/prod/redis.{name}", "x") for name in ("host", "tls")]
    made = lines(data, Change("remove", ("redis",)))
    assert made == [f"aws ssm delete-parameters --names /medplum/prod/redis.{name} {AT}" for name in ("host", "tls")]


def test_the_user_is_asked_for_a_secret() -> None:
    made = lines(PORT, put("recaptchaSecretKey", SECRET))
    assert made == [
        ': "${VALUE:?the new value of /medplum/prod/recaptchaSecretKey}" && \\',
        'printf %s "$VALUE" | aws ssm put-parameter --name /medplum/prod/recaptchaSecretKey --type SecureString --overwrite '
        f"{AT} --value file:///dev/stdin",
    ]


def test_a_secret_is_stored_again_without_being_seen() -> None:
    made = lines([parameter("/medplum/prod/recaptchaSecretKey", SECRET)], Change("store", ("recaptchaSecretKey",), "SecureString"))
    assert made == [
        f"COPY=$(aws ssm get-parameter --name /medplum/prod/recaptchaSecretKey {AT} --with-decryption "
        "--query Parameter.Value --output text && printf x) && \\",
        'printf %s "${COPY%?x}" | aws ssm put-parameter --name /medplum/prod/recaptchaSecretKey --type SecureString --overwrite '
        f"{AT} --value file:///dev/stdin",
    ]


def test_a_name_is_changed_by_a_copy_that_overwrites_nothing() -> None:
    made = commands(PORT, Change("rename", ("port",), ("recaptchaSecretKey",)))
    assert made is not None
    (command,) = made
    copy, delete = command.operations
    assert "--type SecureString" in copy.lines[1]
    assert "--overwrite" not in copy.lines[1]
    assert delete.lines[0] == f"aws ssm delete-parameters --names /medplum/prod/port {AT}"
    assert [(one.action, one.name) for one in command.operations] == [
        ("copy", "/medplum/prod/recaptchaSecretKey"),
        ("delete", "/medplum/prod/port"),
    ]


def test_what_is_renamed_is_deleted_only_after_it_was_copied() -> None:
    made = lines([parameter("/medplum/prod/database_password", SECRET, "SecureString")], PASSWORD)
    assert made == [
        f"COPY=$(aws ssm get-parameter --name /medplum/prod/database_password {AT} --with-decryption "
        "--query Parameter.Value --output text && printf x) && \\",
        'printf %s "${COPY%?x}" | aws ssm put-parameter --name /medplum/prod/database.password --type SecureString '
        f"{AT} --value file:///dev/stdin && \\",
        f"aws ssm delete-parameters --names /medplum/prod/database_password {AT}",
    ]


PASSWORD = Change("rename", ("database_password",), ("database", "password"))
PROXY = [put("database.host", "proxy.example"), put("database.ssl.require", True), Change("remove", ("databaseProxyEndpoint",))]
URL = [
    put("database.host", "db.example"),
    put("database.port", 5433),
    put("database.username", "nobody"),
    put("database.password", SECRET),
    Change("remove", ("database", "url")),
]
DATABASE_URL = f"postgres://nobody:{SECRET}@db.example:5433/medplum"


def test_what_is_replaced_is_deleted_only_after_all_else_was_written() -> None:
    put_parameter = "aws ssm put-parameter --name /medplum/prod/database"
    assert lines([parameter("/medplum/prod/databaseProxyEndpoint", "proxy.example")], *PROXY) == [
        f"{put_parameter}.host --type String --overwrite {AT} --value proxy.example && \\",
        f"{put_parameter}.ssl.require --type String --overwrite {AT} --value true && \\",
        f"aws ssm delete-parameters --names /medplum/prod/databaseProxyEndpoint {AT}",
    ]


def test_what_is_replaced_is_deleted_after_json_was_written() -> None:
    data = [parameter("/medplum/prod/redis", '{"port": 6379}'), parameter("/medplum/prod/redisHost", "cache.example")]
    assert lines(data, put("redis.host", "cache.example"), Change("remove", ("redisHost",))) is None, "what no report shows is not in JSON"
    data = [parameter("/medplum/prod/externalAuthProviders", json.dumps([PROVIDER])), *PORT]
    assert lines(data, Change("remove", ("port",)), Change("remove", ("externalAuthProviders", 0, "userInfoUrl"))) == [
        f"aws ssm put-parameter --name /medplum/prod/externalAuthProviders --type String --overwrite {AT} "
        '--value \'[{"issuer": "https://login.clinic.example"}]\' && \\',
        f"aws ssm delete-parameters --names /medplum/prod/port {AT}",
    ]


def test_a_command_that_asks_never_uses_a_copied_value() -> None:
    data = [parameter("/medplum/prod/databaseProxyEndpoint", "proxy.example", "SecureString")]
    made = lines(data, *PROXY, put("supportEmail", "help@proxy.example"))
    assert made is not None
    assert made[0] == (': "${VALUE:?the new value of /medplum/prod/supportEmail, out of /medplum/prod/databaseProxyEndpoint}" && \\')
    assert [line.partition("=$(")[0] for line in made if "=$(" in line] == ["COPY"]
    assert made[-1].startswith("aws ssm delete-parameters")


def split(name: str, section: str) -> list[Change]:
    return [put(f"{section}.host", "db.example"), put(f"{section}.port", 1234), Change("remove", (name,))]


def test_each_of_two_combined_fixes_uses_what_it_removes() -> None:
    data = [parameter(f"/medplum/prod/{name}", f"{SECRET}-{name}", "SecureString") for name in ("databaseUrl", "redisUrl")]
    made = commands(data, *split("databaseUrl", "database"), *split("redisUrl", "redis"))
    assert made is not None
    assert [one.asks.removeprefix("the new value of /medplum/prod/") for command in made for one in command.operations if one.asks] == [
        "database.host, out of /medplum/prod/databaseUrl",
        "database.port, out of /medplum/prod/databaseUrl",
        "redis.host, out of /medplum/prod/redisUrl",
        "redis.port, out of /medplum/prod/redisUrl",
    ]


def test_the_region_of_one_parameter_is_that_of_the_others_unless_there_are_two() -> None:
    arns = {"a": "eu-west-1", "b": "us-east-1"}
    data = [parameter(f"/medplum/prod/{name}", "x", region=region) for name, region in arns.items()]
    other = {"Name": "/medplum/prod/port", "Type": "String", "Value": "8103"}
    put_port = "aws ssm put-parameter --name /medplum/prod/port --type String --overwrite"
    assert lines([data[0], other], put("port", 5000)) == [f"{put_port} --region eu-west-1 --value 5000"]
    assert lines([*data, other], put("port", 5000)) == [f"{put_port} --value 5000"]


def test_a_value_that_moves_out_of_a_secure_string_is_copied() -> None:
    data = [parameter("/medplum/prod/databaseProxyEndpoint", "proxy.example", "SecureString", KeyId="alias/own")]
    assert lines(data, *PROXY) == [
        f"COPY=$(aws ssm get-parameter --name /medplum/prod/databaseProxyEndpoint {AT} --with-decryption "
        "--query Parameter.Value --output text && printf x) && \\",
        'printf %s "${COPY%?x}" | aws ssm put-parameter --name /medplum/prod/database.host --type SecureString --key-id alias/own '
        f"--overwrite {AT} --value file:///dev/stdin && \\",
        f"aws ssm put-parameter --name /medplum/prod/database.ssl.require --type String --overwrite {AT} --value true && \\",
        f"aws ssm delete-parameters --names /medplum/prod/databaseProxyEndpoint {AT}",
    ]


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("SecureString", ["SecureString"] * 4),
        ("String", ["String", "String", "String", "SecureString"]),
        (None, ["SecureString"] * 4),
    ],
)
def test_no_part_of_a_secret_is_shown(kind: str | None, kinds: list[str]) -> None:
    names = [f"/medplum/prod/database.{name}" for name in ("host", "port", "username", "password")]
    assert lines([parameter("/medplum/prod/database.url", DATABASE_URL, kind)], *URL) == [
        *(
            f': "${{VALUE_{number}:?the new value of {name}, out of /medplum/prod/database.url}}" && \\'
            for number, name in enumerate(names, 1)
        ),
        *(
            f'printf %s "$VALUE_{number}" | aws ssm put-parameter --name {name} --type {stored_as} --overwrite {AT} '
            "--value file:///dev/stdin && \\"
            for number, (name, stored_as) in enumerate(zip(names, kinds, strict=True), 1)
        ),
        f"aws ssm delete-parameters --names /medplum/prod/database.url {AT}",
    ]


def test_json_in_a_secure_string_loses_what_reports_show() -> None:
    """Only what it keeps is written, and every report shows that."""
    data = [parameter("/medplum/prod/externalAuthProviders", json.dumps([PROVIDER]), "SecureString")]
    assert lines(data, Change("remove", ("externalAuthProviders", 0, "userInfoUrl"))) == [
        f"aws ssm put-parameter --name /medplum/prod/externalAuthProviders --type SecureString --overwrite {AT} "
        '--value \'[{"issuer": "https://login.clinic.example"}]\''
    ]
    data = [parameter("/medplum/prod/redis", json.dumps({"url": f"redis://:{SECRET}@cache.example"}), "SecureString")]
    assert lines(data, put("redis.host", "cache.example"), Change("remove", ("redis", "url"))) is None


@pytest.mark.parametrize(
    ("data", "change"),
    [
        (PORT, put("supportEmail", "")),
        (PORT, put("supportEmail", "{{ssm:x}}")),
        (PORT, put("supportEmail", "x" * 9_000)),
        (PORT, put("port", UNKNOWN)),
        (PORT, put("port", "many")),
        (PORT, put("noSettingOfMedplum", "x")),
        (PORT, Change("remove", ("supportEmail",))),
        (PORT, Change("rename", ("supportEmail",), ("appBaseUrl",))),
        ([*PORT, parameter("/medplum/prod/appBaseUrl", "x")], Change("rename", ("port",), ("appBaseUrl",))),
        ([parameter("/medplum/prod/signingKey", "a\r\nb")], Change("store", ("signingKey",), "SecureString")),
        ([parameter("medplum/prod/port", "8103"), parameter("medplum/prod/baseUrl", "x")], put("port", 5)),
    ],
    ids=lambda one: one.action if isinstance(one, Change) else "",
)
def test_no_command_if_none_does_exactly_that(data: Any, change: Change) -> None:
    assert lines(data, change) is None


def test_a_long_value_needs_another_tier() -> None:
    made = lines(PORT, put("allowedOrigins", ",".join(f"https://app{number}.clinic.example" for number in range(150))))
    assert made is not None
    assert "--type String --tier Advanced --overwrite" in made[0]


def test_a_new_parameter_is_put_where_all_others_are() -> None:
    both = [*PORT, parameter("/medplum/prod/baseUrl", "https://x.example/", region="eu-west-1")]
    made = lines(both, put("supportEmail", "a@example.com"))
    assert made is not None
    assert "--region" not in made[0]
    china = [{**PORT[0], "ARN": "arn:aws-cn:ssm:cn-north-1:1:parameter/x"}]
    assert "--region cn-north-1" in (lines(china, put("port", 1)) or [""])[0]
    strange = [{**PORT[0], "ARN": "arn:aws:ssm:$(reboot):1:parameter/x"}]
    assert "region" not in (lines(strange, put("port", 1)) or [""])[0]


def test_only_what_the_aws_cli_prints_has_commands() -> None:
    state = {"type": "aws_ssm_parameter", "mode": "managed", "values": {"name": "/medplum/prod/port", "value": "1", "type": "String"}}
    plan = SourceFile("p.json", json.dumps({"terraform_version": "1", "values": {"root_module": {"resources": [state]}}}).encode())
    resource = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/medplum/prod/port", "Type": "String", "Value": "1"}}
    template = SourceFile("t.json", json.dumps({"Resources": {"A": resource}}).encode())
    broken = SourceFile("dump.json", json.dumps(PORT).encode()[:-3])
    loaded = [*terraform.load(plan, "server/ssm"), *cloudformation.load(template, "server/ssm"), *server_ssm.load(broken, "server/ssm")]
    assert [(one.commander, one.editor) for one in loaded] == [(None, None)] * 3


# --- Texts and values -------------------------------------------------------------------------------------------------------------------

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=30), st.booleans(), st.integers(-(10**15), 10**15), st.lists(st.text(max_size=5), max_size=3)
)


@given(st.sampled_from(sorted(catalogue().names())), VALUES, st.sampled_from([(3, 0, 0), (4, 1, 0), (5, 1, 23)]))
def test_a_text_is_read_as_the_value_that_it_is_written_for(name: str, value: Any, version: tuple[int, int, int]) -> None:
    setting, of = catalogue().get(tuple(name.split("."))), Release(version)
    text = ssm_text(value, setting, of)
    assert text is None or ssm_value(text, setting, of) == value


@needs_shell
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_a_value_goes_through_a_shell_unchanged(value: str) -> None:
    line = _value(value)
    assert line.isprintable()
    assert inert(line) == line
    option, given = words_of(line)
    assert value == (given if option == "--value" else json.loads(given)["Value"])
    assert option == "--cli-input-json" or not given.startswith(("-", "file://", "fileb://", "http://", "https://"))


@needs_shell
@settings(max_examples=200, deadline=None)
@given(st.text("abcXYZ019._-/", min_size=1, max_size=30))
def test_a_name_goes_through_a_shell_unchanged(name: str) -> None:
    made = commands([*PORT, parameter(f"/medplum/prod/{name}", "x")], Change("remove", tuple(name.split("."))))
    for one in (one for command in made or () for one in command.operations):
        assert words_of(one.lines[0]) == ["aws", "ssm", "delete-parameters", "--names", one.name, *AT.split()]


# --- Secrets ----------------------------------------------------------------------------------------------------------------------------

NAMES = ("dump.json", "oneline.json", "map.json", "rows.json", "dump.jsonl", "dump-ssm.yaml", "map-ssm.yaml")
DUMPS = [(shift, one) for shift in (0, 11) for one in planted_files(shift) if one.name in NAMES]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(("shift", "planted"), DUMPS, ids=[f"{planted.name}-{shift}" for shift, planted in DUMPS])
def test_no_command_has_a_canary_in_it(shift: int, planted: Planted) -> None:
    """Whatever is done to any setting: rewritten with a suffix, renamed, removed or stored again."""
    made = Counter[str]()
    for loaded in server_ssm.load(SourceFile(planted.name, planted.content.encode()), "server/ssm"):
        assert loaded.commander is not None
        for path, text in loaded.document.given or ():
            for change in _changes(path, text):
                for command in loaded.commander((change,)) or ():
                    made[change.action] += 1
                    assert not printed("\n".join((*command.printed, repr(command.operations)))), (change.action, path)
    assert min(made[action] for action in ("set", "remove", "rename", "store")) > 20


def _changes(path: SettingPath, text: Any) -> list[Change]:
    values = [text, f"{text}/", [text], {"x": text}] if isinstance(text, str) else []
    return [
        *(Change("set", path, value) for value in values),
        *(Change("set", (*path, "host"), value) for value in values),
        Change("remove", path),
        Change("rename", path, ("newName",)),
        Change("store", path, "SecureString"),
    ]


# --- Reports and the script -------------------------------------------------------------------------------------------------------------

DUMP = {
    "Parameters": [
        parameter("/medplum/prod/baseUrl", "https://api.clinic.example/", Version=1),
        parameter("/medplum/prod/storageBaseUrl", "https://storage.clinic.example/binary", Version=3),
        parameter("/medplum/prod/auditEventLogGroup", "logs", Version=1),
        parameter("/medplum/prod/recaptchaSecretKey", f"https://{SECRET}\n\n", Tier="Advanced", Version=2),
        parameter("/medplum/prod/database.password", f"-{SECRET}", "StringList", LastModifiedDate="2026-03-01T10:00:00.123000+01:00"),
        parameter("/medplum/staging/baseUrl", "https://api.staging.clinic.example", region="eu-west-1"),
        parameter("/medplum/staging/auditEventLogStream", "logs", region="eu-west-1"),
        parameter("/medplum/other/auditEventLogStream", "logs", region="eu-west-1"),
    ]
}
SELECTED = "ignored-setting,missing-trailing-slash,unencrypted-parameter"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("ssm.json").write_text(json.dumps(DUMP, indent=1), encoding="utf-8")
    return tmp_path


def run(*arguments: str, given: str | None = None) -> Result:
    """A run that knows which server it is: else no old setting is deleted."""
    return CliRunner().invoke(cli.cli, ["--isolated", "--server-version", str(NEWEST), "--select", SELECTED, *arguments], input=given)


def test_the_report_for_people(folder: Path) -> None:
    result = run("ssm.json")
    assert result.exit_code == 1
    golden("dump-commands.txt", result.output.splitlines())


def test_the_report_for_programs(folder: Path) -> None:
    report = json.loads(run("ssm.json", "-f", "json").stdout)
    fixes = {(one["rule"], one["environment"]): one["fix"] for one in report["findings"]}
    assert fixes["missing-trailing-slash", "prod"] == {
        "safe": True,
        "description": 'set storageBaseUrl to "https://storage.clinic.example/binary/"',
        "edits": None,
        "commands": [
            f"aws ssm put-parameter --name /medplum/prod/storageBaseUrl --type String --overwrite {AT} "
            '--cli-input-json \'{"Value": "https://storage.clinic.example/binary/"}\''
        ],
    }
    assert SECRET not in json.dumps(report)


@pytest.mark.parametrize("output_format", ["text", "json", "sarif", "gitlab"])
def test_no_report_has_a_secret_in_it(folder: Path, output_format: str) -> None:
    result = run("ssm.json", "-f", output_format, "--fix-script", "fix.sh", "--unsafe-fixes")
    assert SECRET not in result.output
    assert SECRET not in Path("fix.sh").read_text(encoding="utf-8")
    assert SECRET not in run("ssm.json", "--diff", "--unsafe-fixes").output


def test_a_dump_is_never_edited(folder: Path) -> None:
    before = Path("ssm.json").read_bytes()
    assert run("ssm.json", "--fix", "--unsafe-fixes").exit_code == 1
    assert Path("ssm.json").read_bytes() == before


def test_a_diff_prints_the_commands_and_fails(folder: Path) -> None:
    result = run("ssm.json", "--diff", "--fail-on", "never")
    assert result.exit_code == 1
    assert result.output.splitlines()[:2] == [
        "# ssm.json: a dump is not changed; these commands for sh change Parameter Store",
        '# missing-trailing-slash (environment prod): set storageBaseUrl to "https://storage.clinic.example/binary/"',
    ]
    assert "# missing-trailing-slash (environment staging)" not in result.output
    assert "# missing-trailing-slash (environment staging)" in run("ssm.json", "--diff", "--unsafe-fixes").output
    fine = {"Parameters": [parameter("/medplum/prod/baseUrl", "https://api.clinic.example/")]}
    Path("ssm.json").write_text(json.dumps(fine), encoding="utf-8")
    assert run("ssm.json", "--diff", "--fail-on", "never").exit_code == 0


def script(folder: Path, *arguments: str) -> str:
    result = run("ssm.json", "--fix-script", "fix.sh", *arguments)
    assert result.exit_code == 1, result.output
    assert stat.S_IMODE(Path("fix.sh").stat().st_mode) == 0o700 or os.name != "posix"
    return Path("fix.sh").read_text(encoding="utf-8")


def test_the_script(folder: Path) -> None:
    Path("fix.sh").write_text("old", encoding="utf-8")
    text = script(folder, "--unsafe-fixes")
    golden("dump-script.sh", text.partition("\n# ---")[0].replace(__version__, "VERSION").splitlines())
    assert "missing-trailing-slash (environment staging)" not in script(folder)


def test_the_script_of_a_pipe(folder: Path) -> None:
    result = run("-", "--fix-script", "fix.sh", given=Path("ssm.json").read_text(encoding="utf-8"))
    assert result.exit_code == 1
    assert "  delete /medplum/prod/auditEventLogGroup" in Path("fix.sh").read_text(encoding="utf-8")


def test_no_script_where_there_is_nothing_to_fix(folder: Path) -> None:
    Path("ssm.json").write_text(json.dumps({"Parameters": PORT}), encoding="utf-8")
    result = run("ssm.json", "--fix-script", "fix.sh")
    assert result.exit_code == 0
    assert "fix.sh: is not written, because no finding can be fixed in Parameter Store" in result.output
    assert not Path("fix.sh").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fix-script", "ssm.json"], "ssm.json: is one of the files that are read"),
        (["--fix-script", "-"], "--fix-script needs a file of its own"),
        (["--fix-script", "x", "-o", "x"], "--fix-script needs a file of its own"),
        (["--fix-script", "none/x"], "none/x: cannot be written"),
        (["--unsafe-fixes"], "give --fix, --diff or --fix-script too"),
    ],
)
def test_a_script_that_cannot_be_written(folder: Path, arguments: list[str], said: str) -> None:
    before = Path("ssm.json").read_bytes()
    result = run("ssm.json", *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert Path("ssm.json").read_bytes() == before


# --- Pasting it -------------------------------------------------------------------------------------------------------------------------

PASTED = [
    pytest.param([path, *more], id=" ".join([name, *more]))
    for name, path, more in (
        ("sh", SHELL, []),
        ("bash", shutil.which("bash"), []),
        ("sh", SHELL, ["-i"]),
        ("bash", shutil.which("bash"), ["--norc", "-i"]),
    )
    if path is not None
]


def paste(shell: list[str], made: list[Command] | None, store: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Paste what is printed into a shell, which does not stop at a line that fails if it is interactive."""
    assert made is not None
    pasted = "".join(f"     {line}\n" for command in made for line in command.printed)
    with environment_with_aws(store, variables) as environment:
        return subprocess.run(shell, input=pasted, env=environment, capture_output=True, text=True, check=False, timeout=60)


OLD, NEW = "us-east-1/medplum/prod/database_password", "us-east-1/medplum/prod/database.password"
STORED = {"Type": "SecureString", "Value": f"{SECRET}\n\n"}
TO_RENAME = [parameter("/medplum/prod/database_password", STORED["Value"], "SecureString"), *PORT]


@needs_aws
@pytest.mark.parametrize("shell", PASTED)
@pytest.mark.parametrize("failing", ["get-parameter", "put-parameter", "delete-parameters", ""])
def test_pasted_commands_delete_nothing_that_was_not_copied(tmp_path: Path, shell: list[str], failing: str) -> None:
    store = tmp_path / "store"
    keep(store, TO_RENAME[:1])
    done = paste(shell, commands(TO_RENAME, PASSWORD), store, FAKE_AWS_FAILS=failing)
    meant = {"get-parameter": {OLD}, "put-parameter": {OLD}, "delete-parameters": {OLD, NEW}, "": {NEW}}[failing]
    assert stored(store) == dict.fromkeys(sorted(meant), STORED), done.stderr
    assert SECRET not in done.stdout + done.stderr


@needs_aws
@pytest.mark.parametrize("shell", PASTED)
@pytest.mark.parametrize("values", [0, 3, 4])
def test_pasted_commands_delete_nothing_with_unknown_parts(tmp_path: Path, shell: list[str], values: int) -> None:
    store = tmp_path / "store"
    data = [parameter("/medplum/prod/database.url", DATABASE_URL, "SecureString")]
    keep(store, data)
    given = {f"VALUE_{number}": f"part {number}" for number in range(1, values + 1)}
    done = paste(shell, commands(data, *URL), store, **given)
    parts = [f"us-east-1/medplum/prod/database.{name}" for name in ("host", "port", "username", "password")]
    if values == len(parts):
        assert stored(store) == {
            name: {"Type": "SecureString", "Value": f"part {number}"}
            for number, name in sorted(enumerate(parts, 1), key=lambda one: one[1])
        }
    else:
        assert list(stored(store)) == ["us-east-1/medplum/prod/database.url"]
        assert f"the new value of /medplum/prod/database.{'password' if values else 'host'}, out of" in done.stderr
