"""The fixes of findings in a Parameter Store dump: commands that print no secret, and a script that a shell runs with what was meant."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.canaries import Planted, planted_files, printed
from support.checkout import ROOT
from support.helpers import golden

from linter import __version__, cli
from linter.documents.parameter_commands import _value
from linter.documents.source import SourceFile
from linter.fix import FixedDump
from linter.model import UNKNOWN, Change, Command, SettingPath
from linter.release import NEWEST, Release
from linter.server.loader import ssm_text, ssm_value
from linter.settings import catalogue
from linter.sources import cloudformation, server_ssm, terraform
from linter.text import inert

SECRET = "hunter2-of-nobody"
SHELL = shutil.which("dash") or shutil.which("sh")
needs_shell = pytest.mark.skipif(SHELL is None or os.name != "posix", reason="there is no POSIX shell")


def parameter(name: str, value: str, kind: str | None = "String", *, region: str = "us-east-1", **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:ssm:{region}:123456789012:parameter{name}"
    return {"Name": name, **({"Type": kind} if kind else {}), "Value": value, "ARN": arn, **more}


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


def test_a_secret_is_asked_for() -> None:
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
    assert command.names == ("/medplum/prod/port", "/medplum/prod/recaptchaSecretKey")
    assert "--type SecureString" in command.lines[1]
    assert "--overwrite" not in command.lines[1]
    assert command.lines[2] == f"aws ssm delete-parameters --names /medplum/prod/port {AT}"
    assert command.condition.startswith(f'[ "$(aws ssm get-parameters --names /medplum/prod/port {AT} --query')


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


def test_a_command_that_asks_takes_nothing_that_another_copied() -> None:
    data = [parameter("/medplum/prod/databaseProxyEndpoint", "proxy.example", "SecureString")]
    made = lines(data, *PROXY, put("supportEmail", "help@proxy.example"))
    assert made is not None
    assert made[0] == (': "${VALUE:?the new value of /medplum/prod/supportEmail, out of /medplum/prod/databaseProxyEndpoint}" && \\')
    assert [line.partition("=$(")[0] for line in made if "=$(" in line] == ["COPY"]
    assert made[-1].startswith("aws ssm delete-parameters")


def split(name: str, section: str) -> list[Change]:
    return [put(f"{section}.host", "db.example"), put(f"{section}.port", 1234), Change("remove", (name,))]


def test_of_two_fixes_in_one_each_takes_from_what_it_removes() -> None:
    data = [parameter(f"/medplum/prod/{name}", f"{SECRET}-{name}", "SecureString") for name in ("databaseUrl", "redisUrl")]
    made = commands(data, *split("databaseUrl", "database"), *split("redisUrl", "redis"))
    assert made is not None
    assert [step.value.removeprefix("the new value of /medplum/prod/") for command in made for step in command.steps if step.value] == [
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
def test_no_command_where_none_does_just_that(data: Any, change: Change) -> None:
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
    for command in made or ():
        assert words_of(command.lines[0]) == ["aws", "ssm", "delete-parameters", "--names", *command.names, *AT.split()]


# --- Secrets ----------------------------------------------------------------------------------------------------------------------------

NAMES = ("dump.json", "oneline.json", "map.json", "rows.json", "dump.jsonl", "dump-ssm.yaml", "map-ssm.yaml")
DUMPS = [(shift, one) for shift in (0, 11) for one in planted_files(shift) if one.name in NAMES]


@pytest.mark.parametrize(("shift", "planted"), DUMPS, ids=[f"{planted.name}-{shift}" for shift, planted in DUMPS])
def test_no_command_has_a_canary_in_it(shift: int, planted: Planted) -> None:
    """Whatever is done to any setting: written anew with more behind it, renamed, removed or stored again."""
    made = Counter[str]()
    for loaded in server_ssm.load(SourceFile(planted.name, planted.content.encode()), "server/ssm"):
        assert loaded.commander is not None
        for path, text in loaded.document.given or ():
            for change in _changes(path, text):
                for command in loaded.commander((change,)) or ():
                    made[change.action] += 1
                    assert not printed("\n".join((*command.printed, command.condition, *command.names))), (change.action, path)
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
        parameter("/medplum/prod/baseUrl", "https://api.clinic.example/"),
        parameter("/medplum/prod/storageBaseUrl", "https://storage.clinic.example/binary"),
        parameter("/medplum/prod/auditEventLogGroup", "logs"),
        parameter("/medplum/prod/recaptchaSecretKey", f"https://{SECRET}\n\n", Tier="Advanced"),
        parameter("/medplum/prod/database.password", f"-{SECRET}", "StringList"),
        parameter("/medplum/staging/baseUrl", "https://api.staging.clinic.example", region="eu-west-1"),
        parameter("/medplum/staging/auditEventLogStream", "logs", region="eu-west-1"),
        parameter("/medplum/other/auditEventLogStream", "logs", region="eu-west-1"),
    ]
}
SELECTED = "removed-setting,storage-base-url-without-trailing-slash,base-url-without-trailing-slash,secret-in-plain-string"


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
    assert fixes["storage-base-url-without-trailing-slash", "prod"] == {
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
    assert result.output.startswith("# ssm.json: a dump is not changed; these commands change Parameter Store\n# storage-base-url-without")
    assert "# base-url-without-trailing-slash (environment staging)" not in result.output
    assert "# base-url-without-trailing-slash (environment staging)" in run("ssm.json", "--diff", "--unsafe-fixes").output
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
    golden("dump-script.sh", script(folder, "--unsafe-fixes").replace(__version__, "VERSION").splitlines())
    assert "base-url-without-trailing-slash (environment staging)" not in script(folder)


@needs_shell
def test_shells_accept_the_script(folder: Path) -> None:
    script(folder, "--unsafe-fixes")
    for program in filter(None, (shutil.which("sh"), shutil.which("dash"), shutil.which("bash"), shutil.which("busybox"))):
        subprocess.run([program, *(["sh"] if program.endswith("busybox") else []), "-n", "fix.sh"], check=True)
    if shellcheck := shutil.which("shellcheck"):
        subprocess.run([shellcheck, "fix.sh"], check=True)


def test_the_script_of_a_pipe(folder: Path) -> None:
    result = run("-", "--fix-script", "fix.sh", given=Path("ssm.json").read_text(encoding="utf-8"))
    assert result.exit_code == 1
    assert "aws ssm delete-parameters" in Path("fix.sh").read_text(encoding="utf-8")


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


# --- Running it -------------------------------------------------------------------------------------------------------------------------

STRANGE = '"It\'s us" <help@example.com>'
Stored = dict[str, dict[str, str]]


def stored(folder: Path) -> Stored:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def keep(folder: Path, parameters: list[dict[str, Any]]) -> None:
    folder.mkdir()
    for one in parameters:
        region = one["ARN"].split(":")[3]
        held = {field: one[field] for field in ("Type", "Value", "Tier") if field in one}
        (folder / f"{region}{one['Name'].replace('/', '!')}.json").write_text(json.dumps(held), encoding="utf-8")


def execute(path: str, store: Path, shell: Sequence[str] = (SHELL or "sh",), **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script with an ``aws`` that keeps parameters in a folder."""
    environment = environment_with_aws(store, **variables)
    return subprocess.run([*shell, path], env=environment, capture_output=True, text=True, check=False, timeout=60)


def environment_with_aws(store: Path, **variables: str) -> dict[str, str]:
    bin_folder = store.parent / "bin"
    if not bin_folder.exists():
        bin_folder.mkdir()
        aws = bin_folder / "aws"
        aws.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests/support/fake_aws.py"} "$@"\n', encoding="utf-8")
        aws.chmod(0o700)
    return {"PATH": f"{bin_folder}:/usr/bin:/bin", "FAKE_AWS": str(store), **variables}


SHELLS = [
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
    environment = environment_with_aws(store, **variables)
    pasted = "".join(f"     {line}\n" for command in made for line in command.printed)
    return subprocess.run(shell, input=pasted, env=environment, capture_output=True, text=True, check=False, timeout=60)


@needs_shell
def test_the_script_does_what_is_meant_also_the_second_time(folder: Path) -> None:
    script(folder, "--unsafe-fixes")
    store = folder / "store"
    keep(store, DUMP["Parameters"])
    meant = stored(store)
    for name in (
        "us-east-1!medplum!prod!auditEventLogGroup",
        *(f"eu-west-1!medplum!{env}!auditEventLogStream" for env in ("staging", "other")),
    ):
        del meant[name]
    meant["us-east-1!medplum!prod!storageBaseUrl"]["Value"] = "https://storage.clinic.example/binary/"
    meant["eu-west-1!medplum!staging!baseUrl"]["Value"] = "https://api.staging.clinic.example/"
    for name in ("recaptchaSecretKey", "database.password"):
        meant[f"us-east-1!medplum!prod!{name}"]["Type"] = "SecureString"
    for _ in range(2):
        done = execute("fix.sh", store)
        assert done.returncode == 0, done.stderr
        assert stored(store) == meant
        assert SECRET not in done.stdout + done.stderr
    assert SECRET not in (store / "log").read_text(encoding="utf-8"), "a list of processes shows it"


@needs_shell
@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ([Change("rename", ("port",), ("recaptchaSecretKey",))], {"recaptchaSecretKey": {"Type": "SecureString", "Value": "-8103\n\n"}}),
        (
            [put("recaptchaSecretKey", "x"), Change("remove", ("port",))],
            {"recaptchaSecretKey": {"Type": "SecureString", "Value": "file:///x"}},
        ),
        (
            [put("supportEmail", STRANGE)],
            {"port": {"Type": "String", "Value": "-8103\n\n"}, "supportEmail": {"Type": "String", "Value": STRANGE}},
        ),
    ],
    ids=["renamed", "asked for", "a strange value"],
)
def test_changes_of_every_kind(tmp_path: Path, changes: list[Change], meant: Mapping[str, Any]) -> None:
    data = [parameter("/medplum/prod/port", "-8103\n\n")]
    keep(tmp_path / "store", data)
    text = script_of(tmp_path, data, changes)
    wanted = {f"us-east-1!medplum!prod!{name}": value for name, value in meant.items()}
    if "VALUE_1" in text:
        refused = execute(str(tmp_path / "fix.sh"), tmp_path / "store")
        assert refused.returncode != 0
        assert "the new value of /medplum/prod/recaptchaSecretKey" in refused.stderr
        assert list(stored(tmp_path / "store")) == ["us-east-1!medplum!prod!port"]
    for _ in range(2):
        done = execute(str(tmp_path / "fix.sh"), tmp_path / "store", VALUE_1="file:///x")
        assert done.returncode == 0, done.stderr
        assert stored(tmp_path / "store") == wanted


@needs_shell
def test_a_script_names_all_that_it_asks_for_before_it_changes_anything(tmp_path: Path) -> None:
    data = [parameter("/medplum/prod/databaseUrl", f"postgres://{SECRET}", "SecureString")]
    keep(tmp_path / "store", data)
    script_of(tmp_path, data, split("databaseUrl", "database"))
    refused = execute(str(tmp_path / "fix.sh"), tmp_path / "store", VALUE_2="5432")
    assert (refused.returncode, refused.stderr) == (
        2,
        "VALUE_1 is not set: the new value of /medplum/prod/database.host, out of /medplum/prod/databaseUrl\n",
    )
    both = execute(str(tmp_path / "fix.sh"), tmp_path / "store").stderr
    assert [line.partition(" ")[0] for line in both.splitlines()] == ["VALUE_1", "VALUE_2"]
    assert list(stored(tmp_path / "store")) == ["us-east-1!medplum!prod!databaseUrl"]


def script_of(folder: Path, data: list[dict[str, Any]], *fixes: list[Change]) -> str:
    """The script that makes some fixes, which is written to a folder as well."""
    from linter.commands import fix_script
    from linter.load import Input
    from linter.run import Options, lint_input

    given = Input("ssm.json", json.dumps({"Parameters": data}).encode(), folder / "ssm.json")
    finding = lint_input(given, Options(isolated=True)).result.findings[0]
    made = [_fix(changes, commands({"Parameters": data}, *changes)) for changes in fixes]
    findings = tuple(finding._replace(fix=fix) for fix in made)
    text = fix_script.script([FixedDump("ssm.json", (findings,))]).text
    (folder / "fix.sh").write_text(text, encoding="utf-8")
    return text


OLD, NEW = "us-east-1!medplum!prod!database_password", "us-east-1!medplum!prod!database.password"
STORED = {"Type": "SecureString", "Value": f"{SECRET}\n\n"}
TO_RENAME = [parameter("/medplum/prod/database_password", STORED["Value"], "SecureString"), *PORT]


@needs_shell
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("failing", ["get-parameter", "put-parameter", "delete-parameters", ""])
def test_what_is_pasted_deletes_nothing_that_was_not_copied(tmp_path: Path, shell: list[str], failing: str) -> None:
    store = tmp_path / "store"
    keep(store, TO_RENAME[:1])
    done = paste(shell, commands(TO_RENAME, PASSWORD), store, FAKE_AWS_FAILS=failing)
    meant = {"get-parameter": {OLD}, "put-parameter": {OLD}, "delete-parameters": {OLD, NEW}, "": {NEW}}[failing]
    assert stored(store) == dict.fromkeys(sorted(meant), STORED), done.stderr
    assert SECRET not in done.stdout + done.stderr


@needs_shell
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("values", [0, 3, 4])
def test_what_is_pasted_deletes_nothing_whose_parts_are_not_known(tmp_path: Path, shell: list[str], values: int) -> None:
    store = tmp_path / "store"
    data = [parameter("/medplum/prod/database.url", DATABASE_URL, "SecureString")]
    keep(store, data)
    given = {f"VALUE_{number}": f"part {number}" for number in range(1, values + 1)}
    done = paste(shell, commands(data, *URL), store, **given)
    parts = [f"us-east-1!medplum!prod!database.{name}" for name in ("host", "port", "username", "password")]
    if values == len(parts):
        assert stored(store) == {
            name: {"Type": "SecureString", "Value": f"part {number}"}
            for number, name in sorted(enumerate(parts, 1), key=lambda one: one[1])
        }
    else:
        assert list(stored(store)) == ["us-east-1!medplum!prod!database.url"]
        assert f"the new value of /medplum/prod/database.{'password' if values else 'host'}, out of" in done.stderr


@needs_shell
@pytest.mark.parametrize("shell", SHELLS[:2])
def test_a_script_that_was_stopped_before_it_deleted_goes_on(tmp_path: Path, shell: list[str]) -> None:
    store = tmp_path / "store"
    keep(store, TO_RENAME)
    script_of(tmp_path, TO_RENAME, [PASSWORD], [Change("remove", ("port",))])
    first = execute(str(tmp_path / "fix.sh"), store, shell, FAKE_AWS_FAILS="delete-parameters")
    assert first.returncode == 254
    assert {OLD, NEW} < stored(store).keys()
    for _ in range(2):
        again = execute(str(tmp_path / "fix.sh"), store, shell)
        assert again.returncode == 0, again.stderr
        assert stored(store) == {NEW: STORED}
    assert SECRET not in again.stdout + again.stderr + (store / "log").read_text(encoding="utf-8")


@needs_shell
@pytest.mark.parametrize("shell", SHELLS[:2])
@pytest.mark.parametrize("value", ["other", f"{SECRET}\n", f"{SECRET}\n\n\n", "-n", "!"])
def test_a_script_stops_where_the_name_has_another_value(tmp_path: Path, shell: list[str], value: str) -> None:
    store = tmp_path / "store"
    keep(store, [*TO_RENAME, parameter("/medplum/prod/database.password", value, "SecureString")])
    before = stored(store)
    script_of(tmp_path, TO_RENAME, [PASSWORD], [Change("remove", ("port",))])
    done = execute(str(tmp_path / "fix.sh"), store, shell)
    assert done.returncode == 1
    assert done.stderr == (
        "/medplum/prod/database_password and /medplum/prod/database.password both exist, with different values: "
        "delete the wrong one, then run this again\n"
    )
    assert stored(store) == before


@needs_shell
@pytest.mark.parametrize("failing", ["get-parameters", "get-parameter", "put-parameter"])
def test_a_script_stops_where_aws_does_not_answer(tmp_path: Path, failing: str) -> None:
    store = tmp_path / "store"
    keep(store, TO_RENAME)
    before = stored(store)
    script_of(tmp_path, TO_RENAME, [PASSWORD], [Change("remove", ("port",))])
    done = execute(str(tmp_path / "fix.sh"), store, FAKE_AWS_FAILS=failing)
    assert (done.returncode, stored(store)) == (254, before)
    assert "both exist" not in done.stderr


@needs_shell
@pytest.mark.parametrize("failing", ["get-parameter", "put-parameter", "delete-parameters", ""])
def test_a_script_moves_out_of_a_secure_string(tmp_path: Path, failing: str) -> None:
    store, data = tmp_path / "store", [parameter("/medplum/prod/databaseProxyEndpoint", "proxy.example", "SecureString")]
    keep(store, data)
    script_of(tmp_path, data, PROXY)
    if failing:
        assert execute(str(tmp_path / "fix.sh"), store, FAKE_AWS_FAILS=failing).returncode == 254
        assert "us-east-1!medplum!prod!databaseProxyEndpoint" in stored(store)
    for _ in range(2):
        done = execute(str(tmp_path / "fix.sh"), store)
        assert done.returncode == 0, done.stderr
        assert stored(store) == {
            "us-east-1!medplum!prod!database.host": {"Type": "SecureString", "Value": "proxy.example"},
            "us-east-1!medplum!prod!database.ssl.require": {"Type": "String", "Value": "true"},
        }
    assert "proxy.example" not in (tmp_path / "fix.sh").read_text(encoding="utf-8")


def _fix(changes: list[Change], made: list[Command] | None) -> Any:
    from linter.model import Fix

    assert made
    return Fix(tuple(changes), True, "a change", commands=tuple(made))
