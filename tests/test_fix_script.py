"""The script of ``--fix-script`` does what a careful operator would, against an ``aws`` that keeps parameters in a folder.

It stops unless account and parameters are those of the dump, saves what it changes, deletes last, stops at any call that fails, and can be
run again from anywhere. What it writes is :mod:`tests.test_dump_commands` and :mod:`tests.test_tried_commands`.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from support.checkout import ROOT
from support.stores import (
    SHELLS,
    Parameter,
    Stored,
    calls,
    everything,
    execute,
    keep,
    needs_aws,
    needs_shell,
    parameter,
    stored,
)

from linter import cli
from linter.commands import fix_script
from linter.documents.inputs import Input
from linter.documents.source import SourceFile
from linter.fixes.store_plan import FixedDump
from linter.model import Change, Command, Fix, Operation
from linter.options.config import Overrides
from linter.release import NEWEST
from linter.run import Options, lint_input
from linter.sources import server_ssm

pytestmark = needs_aws
SECRET = "hunter2-of-nobody"
TAGS = [{"Key": "team", "Value": "it's ours"}]
EXPIRATION = '[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2030-01-01T00:00:00Z"}}]'
RICH: Mapping[str, Any] = {
    "Tags": TAGS,
    "Description": 'the "clinic"\'s\nown',
    "AllowedPattern": ".*",
    "Tier": "Advanced",
    "Policies": EXPIRATION,
    "DataType": "text",
}
"""All that AWS says of a parameter beside its type, its value and its key."""
KEY = "arn:aws:kms:us-east-1:123456789012:key/own"
PORT = parameter("/medplum/prod/port", "8103", Version=1)
BASE = parameter("/medplum/prod/baseUrl", "https://api.clinic.example/", Version=1)
PROD, STAGING = "us-east-1/medplum/prod/", "eu-west-1/medplum/staging/"


class Case(NamedTuple):
    """Parameters in a store with a dump, their expected values, and the user's input.

    ``wanted`` are those that the script changes, None for one that is deleted.
    """

    parameters: list[Parameter]
    wanted: Mapping[str, Mapping[str, Any] | None]
    values: Mapping[str, str] = {}


RENAMED = Case(
    [BASE, parameter("/medplum/prod/database_password", f"-{SECRET}\n\n", "SecureString", Version=4, KeyId=KEY, **RICH)],
    {
        f"{PROD}database_password": None,
        f"{PROD}database.password": {"Type": "SecureString", "Value": f"-{SECRET}\n\n", "KeyId": KEY, **RICH},
    },
)
ENCRYPTED = Case(
    [BASE, parameter("/medplum/prod/recaptchaSecretKey", f"file://{SECRET}\n\n", Version=2, **RICH)],
    {f"{PROD}recaptchaSecretKey": {"Type": "SecureString", "Value": f"file://{SECRET}\n\n", "KeyId": "alias/aws/ssm", **RICH}},
)
EDITED = Case(
    [
        parameter("/medplum/prod/baseUrl", "https://api.clinic.example", Version=1, **RICH),
        parameter("/medplum/prod/issuer", "https://api.clinic.example", Version=7),
        parameter("/medplum/staging/baseUrl", "https://api.staging.clinic.example/", region="eu-west-1", Version=1),
        parameter("/medplum/staging/storageBaseUrl", "https://storage.example/x", region="eu-west-1", Version=1),
    ],
    {
        f"{PROD}baseUrl": {"Type": "String", "Value": "https://api.clinic.example/", **RICH},
        f"{PROD}issuer": {"Type": "String", "Value": "https://api.clinic.example/"},
        f"{STAGING}storageBaseUrl": {"Type": "String", "Value": "https://storage.example/x/"},
    },
)
SPLIT = Case(
    [BASE, parameter("/medplum/prod/redis.url", f"rediss://:{SECRET}@cache.example:6379", "SecureString", Version=2, KeyId=KEY)],
    {
        f"{PROD}redis.url": None,
        **{
            f"{PROD}redis.{name}": {"Type": "SecureString", "Value": value, "KeyId": KEY}
            for name, value in (("host", "cache.example"), ("port", "6379"), ("password", SECRET), ("tls", "true"))
        },
    },
    {"VALUE_1": "cache.example", "VALUE_2": "6379", "VALUE_3": SECRET},
)
DELETED = Case(
    [BASE, parameter("/medplum/prod/auditEventLogGroup", "logs", Version=2, **RICH)],
    {f"{PROD}auditEventLogGroup": None},
)
MOVED = Case(
    [BASE, parameter("/medplum/prod/databaseProxyEndpoint", "proxy.example", Version=2, **RICH)],
    {
        f"{PROD}databaseProxyEndpoint": None,
        f"{PROD}database.host": {"Type": "String", "Value": "proxy.example", **RICH},
        f"{PROD}database.ssl.require": {"Type": "String", "Value": "true"},
    },
)
CASES = {
    "renamed": RENAMED,
    "encrypted": ENCRYPTED,
    "edited": EDITED,
    "split": SPLIT,
    "deleted": DELETED,
    "moved": MOVED,
}
every_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def in_shells(*names: str) -> pytest.MarkDecorator:
    """Cases in all shells, half of them only in the long run."""
    pairs = [(name, shell, (number + other) % len(SHELLS)) for number, name in enumerate(names) for other, shell in enumerate(SHELLS)]
    return pytest.mark.parametrize(
        ("case", "shell"),
        [
            pytest.param(CASES[name], shell, id=f"{name}-{Path(shell[0]).name}", marks=[pytest.mark.slow] if later else [])
            for name, shell, later in pairs
        ],
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*arguments: str) -> Result:
    fixed = ["--isolated", "--pedantic", "--server-version", str(NEWEST), "--unsafe-fixes", "--fix-script", "fix.sh", "-o", "report.txt"]
    return CliRunner().invoke(cli.cli, [*fixed, *arguments])


IN_DUMP = ("Name", "Type", "Value", "Version", "LastModifiedDate", "ARN")


def write_script(parameters: list[Parameter], *fields: str, without: tuple[str, ...] = ()) -> str:
    """The script for what ``get-parameters-by-path`` prints of parameters."""
    shown = [{name: one[name] for name in fields or IN_DUMP if name in one and name not in without} for one in parameters]
    Path("ssm.json").write_text(json.dumps({"Parameters": shown}), encoding="utf-8")
    result = lint("ssm.json")
    assert Path("fix.sh").exists(), result.output
    return Path("fix.sh").read_text(encoding="utf-8")


def wanted_of(store: Path, case: Case) -> Stored:
    """What is in the store after the script."""
    aws = {"Tier": "Standard", "DataType": "text", "Tags": []}
    wanted = everything(store) | {name: dict(one) for name, one in case.wanted.items() if one is not None}
    return {name: aws | one for name, one in wanted.items() if name not in case.wanted or case.wanted[name] is not None}


def found(store: Path) -> Stored:
    aws = {"Tier": "Standard", "DataType": "text", "Tags": []}
    return {name: aws | one for name, one in everything(store).items()}


def backups() -> list[Path]:
    return sorted(Path().glob("fix.sh.*"))


# --- What it does -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(3)
@in_shells(*CASES)
def test_it_works_and_does_nothing_on_the_second_run(case: Case, shell: list[str]) -> None:
    store = keep(Path("store").resolve(), case.parameters)
    text = write_script(case.parameters)
    wanted = wanted_of(store, case)
    first = execute("fix.sh", store, shell=shell, variables=case.values)
    assert (first.returncode, first.stderr) == (0, ""), first.stdout
    assert found(store) == wanted
    (backup,) = backups()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    log = calls(store)
    writes = [number for number, call in enumerate(log) if call[0] == "put-parameter"]
    deletes = [number for number, call in enumerate(log) if call[0] == "delete-parameters"]
    assert max(writes, default=0) < min(deletes, default=len(log))
    reached = {path: path.read_bytes() for path in store.glob("*.json")}
    for values in (case.values, {}) if case.values else ({},):
        again = execute("fix.sh", store, shell=shell, variables=values)
        assert (again.returncode, again.stderr) == (0, ""), again.stdout
        assert {path: path.read_bytes() for path in store.glob("*.json")} == reached, "nothing is written, not even the same"
    assert backups() == [backup]
    assert SECRET not in text + backup.read_text(encoding="utf-8") + first.stdout + again.stdout + json.dumps(log)


def test_it_says_each_step_on_one_line() -> None:
    store = keep(Path("store").resolve(), RENAMED.parameters)
    write_script(RENAMED.parameters)
    new, old = "/medplum/prod/database.password", "/medplum/prod/database_password"
    assert execute("fix.sh", store).stdout.splitlines() == [
        "account 123456789012",
        f"{new}: unchanged since the dump",
        f"{old}: unchanged since the dump",
        f"{old}: saved, except for its value, which is secret",
        "saved in fix.sh.backup-1",
        f"{new}: written, version 1",
        f"{new}: has the value of {old}",
        f"{old}: deleted",
        "done",
    ]


@every_shell
def test_shells_accept_the_script(shell: list[str]) -> None:
    write_script([one for case in CASES.values() for one in case.parameters[1:]])
    subprocess.run([*shell, "-n", "fix.sh"], check=True)
    if shellcheck := shutil.which("shellcheck"):
        subprocess.run([shellcheck, "fix.sh"], check=True)


# --- Whatever fails -------------------------------------------------------------------------------------------------------------------


WRITES = {"put-parameter", "delete-parameters"}


def fresh_store(case: Case) -> Path:
    shutil.rmtree("store", ignore_errors=True)
    for backup in backups():
        backup.unlink()
    return keep(Path("store").resolve(), case.parameters)


def calls_of_a_run(case: Case) -> list[str]:
    store = fresh_store(case)
    assert execute("fix.sh", store, variables=case.values).returncode == 0
    return [call[0] for call in calls(store)]


def fail_and_go_on(case: Case, number: int, how: str) -> None:
    """Run the script with a call that fails, and then again."""
    shell = SHELLS[number % len(SHELLS)]
    store = fresh_store(case)
    before, wanted = stored(store), wanted_of(store, case)
    failed = execute("fix.sh", store, shell=shell, variables={**case.values, how: str(number)})
    log = calls(store)
    assert failed.returncode != 0, log[-1]
    assert len(log) == number, "no call is made after one that failed"
    held = {one["Value"] for one in stored(store).values()}
    assert {one["Value"] for one in before.values() if SECRET in one["Value"] and case is not SPLIT} <= held, "no secret is lost"
    said = failed.stdout + failed.stderr
    if WRITES.isdisjoint(call[0] for call in log):
        assert stored(store) == before
    else:
        if any(call[0] == "delete-parameters" for call in log):
            missing = [name for name, one in case.wanted.items() if one is not None and found(store).get(name) != wanted[name]]
            assert not missing, "nothing is deleted before all is written"
        again = execute("fix.sh", store, shell=shell, variables=case.values)
        assert again.returncode == 0, again.stderr
        assert found(store) == wanted
        said += again.stdout + again.stderr
    assert SECRET not in said + "".join(backup.read_text(encoding="utf-8") for backup in backups()) + json.dumps(log)


def test_it_goes_on_after_any_of_some_failures() -> None:
    """A write, what is read to compare, and a deletion."""
    write_script(RENAMED.parameters)
    made = calls_of_a_run(RENAMED)
    write, deletion = made.index("put-parameter") + 1, made.index("delete-parameters") + 1
    for number, how in ((write, "FAKE_AWS_FAILS_AFTER"), (deletion - 1, "FAKE_AWS_FAILS"), (deletion, "FAKE_AWS_FAILS_AFTER")):
        fail_and_go_on(RENAMED, number, how)


@pytest.mark.slow
@every_case
def test_it_goes_on_after_any_failure(case: Case) -> None:
    """Each call does not do its work, and each that changes something does and says that it did not."""
    write_script(case.parameters)
    for number, call in enumerate(calls_of_a_run(case), 1):
        fail_and_go_on(case, number, "FAKE_AWS_FAILS")
        if call in WRITES:
            fail_and_go_on(case, number, "FAKE_AWS_FAILS_AFTER")


# --- Account --------------------------------------------------------------------------------------------------------------------------


def unchanged(store: Path, before: Stored) -> None:
    assert everything(store) == before
    assert WRITES.isdisjoint(call[0] for call in calls(store))
    assert backups() == []


def refused(store: Path) -> str:
    """What the script says where it stops without changing anything."""
    before = everything(store)
    done = execute("fix.sh", store)
    assert done.returncode == 1
    unchanged(store, before)
    return done.stderr


@pytest.mark.parametrize(
    ("arn", "arguments", "signed_in", "code", "said"),
    [
        (True, [], "123456789012", 0, ""),
        (True, [], "999999999999", 1, "the AWS CLI is signed in to account 999999999999, and this is for account 123456789012\n"),
        (True, ["999999999999"], "123456789012", 1, "signed in to account 123456789012, and this is for account 999999999999\n"),
        (False, [], "123456789012", 2, "ssm.json does not say which account it is from: run fix.sh ACCOUNT\n"),
        (False, ["123456789012"], "123456789012", 0, ""),
        (False, ["123456789012"], "999999999999", 1, "signed in to account 999999999999, and this is for account 123456789012\n"),
    ],
)
def test_the_account(arn: bool, arguments: list[str], signed_in: str, code: int, said: str) -> None:
    parameters = DELETED.parameters if arn else [{k: v for k, v in one.items() if k != "ARN"} for one in DELETED.parameters]
    store = keep(Path("store").resolve(), parameters)
    before = everything(store)
    write_script(parameters)
    done = execute("fix.sh", store, *arguments, variables={"FAKE_AWS_ACCOUNT": signed_in})
    assert (done.returncode, done.stderr.endswith(said)) == (code, True), done.stderr
    if code:
        unchanged(store, before)


def with_account(account: str, one: Parameter) -> Parameter:
    return one | {"ARN": one["ARN"].replace("123456789012", account)}


def test_dumps_of_two_accounts_have_no_script() -> None:
    Path("a-ssm.json").write_text(json.dumps({"Parameters": DELETED.parameters}), encoding="utf-8")
    other = [with_account("999999999999", one) for one in EDITED.parameters[2:]]
    Path("b-ssm.json").write_text(json.dumps({"Parameters": other}), encoding="utf-8")
    result = lint("a-ssm.json", "b-ssm.json")
    assert result.exit_code == 2
    said = "the dumps are from the accounts 123456789012 and 999999999999: give those of one account at a time"
    assert f"fix.sh: is not written: {said}" in result.output
    assert not Path("fix.sh").exists()


def test_a_dump_that_names_no_account_beside_one_that_does() -> None:
    Path("a-ssm.json").write_text(json.dumps({"Parameters": DELETED.parameters}), encoding="utf-8")
    other = [{name: one[name] for name in ("Name", "Type", "Value")} for one in EDITED.parameters[2:]]
    Path("b-ssm.json").write_text(json.dumps({"Parameters": other}), encoding="utf-8")
    lint("a-ssm.json", "b-ssm.json")
    store = keep(Path("store").resolve(), [*DELETED.parameters, *other])
    refused = execute("fix.sh", store)
    assert (refused.returncode, refused.stderr) == (2, "b-ssm.json does not say which account it is from: run fix.sh ACCOUNT\n")
    assert execute("fix.sh", store, "123456789012").returncode == 0


@pytest.mark.parametrize(("partition", "region"), [("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")])
def test_other_partitions(partition: str, region: str) -> None:
    parameters = [one | {"ARN": f"arn:{partition}:ssm:{region}:123456789012:parameter{one['Name']}"} for one in DELETED.parameters]
    store = keep(Path("store").resolve(), parameters)
    write_script(parameters)
    assert execute("fix.sh", store).returncode == 0
    assert stored(store).keys() == {f"{region}/medplum/prod/baseUrl"}


# --- Changed since the dump -----------------------------------------------------------------------------------------------------------


@in_shells(*CASES)
def test_it_stops_if_the_version_differs(case: Case, shell: list[str]) -> None:
    parameters = [one | {"Version": one["Version"] + 1} if index else one for index, one in enumerate(case.parameters)]
    store = keep(Path("store").resolve(), parameters)
    before = everything(store)
    write_script(case.parameters)
    done = execute("fix.sh", store, shell=shell, variables=case.values)
    assert done.returncode == 1
    changed = [
        one
        for one in parameters[1:]
        if one["Name"] in {name.partition("/medplum")[1] + name.partition("/medplum")[2] for name in case.wanted}
    ]
    for one in changed:
        who = f'"version {one["Version"]} of 2026-01-01T00:00:00.250000+00:00 by arn:aws:iam::1:user/x"'
        assert f"{one['Name']}: has changed since the dump: it is now {who}\n" in done.stderr
    assert changed
    unchanged(store, before)


def test_it_stops_if_a_parameter_is_missing() -> None:
    write_script(ENCRYPTED.parameters)
    store = keep(Path("store").resolve(), ENCRYPTED.parameters[:1])
    assert refused(store) == "/medplum/prod/recaptchaSecretKey: is gone since the dump\n"


@pytest.mark.parametrize(("value", "kind"), [("other", "SecureString"), (f"-{SECRET}\n", "SecureString"), (f"-{SECRET}\n\n", "String")])
def test_it_stops_if_the_new_name_is_taken(value: str, kind: str) -> None:
    write_script(RENAMED.parameters)
    store = keep(Path("store").resolve(), [*RENAMED.parameters, parameter("/medplum/prod/database.password", value, kind)])
    before = everything(store)
    done = execute("fix.sh", store)
    assert (done.returncode, done.stderr) == (
        1,
        "/medplum/prod/database_password and /medplum/prod/database.password both exist, with different values or types: "
        "delete the wrong one, then run this again\n",
    )
    unchanged(store, before)


def test_it_stops_if_the_moved_parameter_is_missing() -> None:
    write_script(RENAMED.parameters)
    store = keep(Path("store").resolve(), RENAMED.parameters[:1])
    done = execute("fix.sh", store)
    gone = "/medplum/prod/database_password: is gone since the dump, and /medplum/prod/database.password does not have its value\n"
    assert (done.returncode, done.stderr) == (1, gone)


def test_a_public_value_is_compared_where_there_is_no_version() -> None:
    parameters = DELETED.parameters
    text = write_script(parameters, without=("Version",))
    assert "delete /medplum/prod/auditEventLogGroup public value logs\n" in text
    store = keep(Path("store").resolve(), [parameters[0], parameters[1] | {"Value": "others"}])
    assert refused(store).startswith("/medplum/prod/auditEventLogGroup: has changed since the dump")
    shutil.rmtree(store)
    assert execute("fix.sh", keep(store, parameters)).returncode == 0
    assert everything(store).keys() == {f"{PROD}baseUrl"}


DATES = [
    ("2026-03-01T10:00:00.123000+01:00", "2026-03-01T09:00:00.123000+00:00"),
    ("2026-03-01T10:00:00.123000+01:00", "2026-03-01T10:00:00.123000+01:00"),
    ("2026-03-01T10:00:00.123000+01:00", 1772355600.123),
    (1772355600.123, "2026-03-01T09:00:00.123000+00:00"),
    (1772355600.123, 1772355600.123),
    (1772355600, "2026-03-01T09:00:00+00:00"),
    ("2026-03-01T09:00:00Z", 1772355600.0),
]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(("of_dump", "now"), DATES)
def test_the_date_of_a_secret_is_compared_where_there_is_no_version(of_dump: Any, now: Any) -> None:
    """Version 2 of the CLI prints it in the time zone of its user, version 1 in seconds."""
    parameters = [BASE, RENAMED.parameters[1] | {"LastModifiedDate": of_dump}]
    write_script(parameters, without=("Version",))
    store = keep(Path("store").resolve(), [BASE, parameters[1] | {"LastModifiedDate": "2026-03-02T09:00:00.123000+00:00"}])
    assert refused(store).startswith("/medplum/prod/database_password: has changed since the dump")
    shutil.rmtree(store)
    keep(store, [BASE, parameters[1] | {"LastModifiedDate": now}])
    assert execute("fix.sh", store).returncode == 0
    assert f"{PROD}database_password" not in stored(store)


@pytest.mark.parametrize("date", [None, "", "yesterday", SECRET, 1e300, True])
def test_an_invalid_date_is_ignored(date: Any) -> None:
    text = write_script([BASE, RENAMED.parameters[1] | {"LastModifiedDate": date}], without=("Version",))
    assert "  delete /medplum/prod/database_password secret unknown\n" in text
    assert SECRET not in text


def test_a_secret_without_version_or_date_must_be_confirmed() -> None:
    parameters = [BASE, RENAMED.parameters[1], ENCRYPTED.parameters[1]]
    write_script(parameters, without=("Version",))
    names = ["/medplum/prod/database_password", "/medplum/prod/recaptchaSecretKey"]
    store = keep(Path("store").resolve(), parameters)
    before = everything(store)
    for confirmed, missing in (("", names), (f"{names[1]}x {names[0]}", names[1:])):
        done = execute("fix.sh", store, variables={"CONFIRM": confirmed})
        assert done.returncode == 1
        versions = {"/medplum/prod/database_password": 4, "/medplum/prod/recaptchaSecretKey": 2}
        assert done.stderr.splitlines() == [
            *(
                f'{name}: the dump does not say whether it has changed: it is now "version {versions[name]} of '
                '2026-01-01T00:00:00.250000+00:00 by arn:aws:iam::1:user/x"'
                for name in missing
            ),
            f"If they are as the dump has them, run this again with CONFIRM='{' '.join(missing)}'",
        ]
        unchanged(store, before)
    assert execute("fix.sh", store, variables={"CONFIRM": " ".join(names)}).returncode == 0
    assert execute("fix.sh", store).returncode == 0, "what is done needs no confirmation"
    assert set(names) & {name.removeprefix("us-east-1") for name in stored(store)} == {names[1]}


def test_input_is_requested_before_anything_changes() -> None:
    write_script(SPLIT.parameters)
    store = keep(Path("store").resolve(), SPLIT.parameters)
    before = everything(store)
    done = execute("fix.sh", store, variables={"VALUE_1": "x", "VALUE_2": "1"})
    said = "VALUE_3 is not set: the new value of /medplum/prod/redis.password, out of /medplum/prod/redis.url\n"
    assert (done.returncode, done.stderr) == (2, said)
    unchanged(store, before)


def test_a_new_parameter_gets_into_the_region_of_the_dump() -> None:
    """A dump without ARNs does not say which that is: what it has must be there."""
    parameters = [
        {"Name": f"/medplum/prod/{name}", "Type": "String", "Value": value, "Version": 1}
        for name, value in (("baseUrl", "https://api.example.com/"), ("redis.host", "master.x.use1.cache.amazonaws.com"))
    ]
    write_script(parameters)
    store = keep(Path("store").resolve(), [])
    done = execute("fix.sh", store, "123456789012")
    assert (done.returncode, done.stderr) == (1, "/medplum/prod/baseUrl: is gone since the dump, or in another region\n")
    shutil.rmtree(store)
    assert execute("fix.sh", keep(store, parameters), "123456789012").returncode == 0
    assert stored(store)["default/medplum/prod/redis.tls"]["Value"] == "true"


# --- The backup -----------------------------------------------------------------------------------------------------------------------


@in_shells("encrypted", "edited", "deleted", "moved")
def test_the_backup_restores_what_was_there(case: Case, shell: list[str]) -> None:
    store = keep(Path("store").resolve(), case.parameters)
    before = found(store)
    write_script(case.parameters)
    assert execute("fix.sh", store, shell=shell, variables=case.values).returncode == 0
    assert found(store) != before
    (backup,) = backups()
    other = execute(backup, store, shell=shell, variables={"FAKE_AWS_ACCOUNT": "999999999999"})
    assert (other.returncode, "signed in to account 999999999999" in other.stderr) == (1, True)
    for _ in range(2):
        done = execute(backup, store, shell=shell)
        assert (done.returncode, done.stderr) == (0, "")
        assert found(store) == before
    assert SECRET not in done.stdout + json.dumps(calls(store))


def test_the_backup_of_a_secret_that_is_deleted_claims_no_restore() -> None:
    store = keep(Path("store").resolve(), [*RENAMED.parameters, SPLIT.parameters[1]])
    write_script([*RENAMED.parameters, SPLIT.parameters[1]])
    assert execute("fix.sh", store, variables=SPLIT.values).returncode == 0
    reached = found(store)
    (backup,) = backups()
    assert execute(backup, store).returncode == 0
    assert found(store) == reached
    text = backup.read_text(encoding="utf-8")
    for name in ("database_password", "redis.url"):
        assert f"# /medplum/prod/{name} is secret and deleted with its history, so its value is not here. It was:\n" in text
    for what in (KEY, "Advanced", r"the \"clinic\"'s\nown", "Expiration", "it's ours"):
        assert re.search(rf"^# .*{re.escape(what)}", text, re.MULTILINE)


def test_a_backup_is_never_written_over() -> None:
    write_script(EDITED.parameters)
    write = calls_of_a_run(EDITED).index("put-parameter") + 1
    store = fresh_store(EDITED)
    before = found(store)
    assert execute("fix.sh", store, variables={"FAKE_AWS_FAILS_AFTER": str(write)}).returncode != 0
    (first,) = backups()
    text = first.read_bytes()
    assert execute("fix.sh", store).returncode == 0
    assert [path.name for path in backups()] == ["fix.sh.backup-1", "fix.sh.backup-2"]
    assert first.read_bytes() == text
    assert execute(first, store).returncode == 0
    assert found(store) == before, "the first has all"


def test_it_stops_if_the_backup_cannot_be_written() -> None:
    write_script(EDITED.parameters)
    store = keep(Path("store").resolve(), EDITED.parameters)
    before = everything(store)
    Path("fix.sh.backup-1").symlink_to("nowhere/at/all")
    assert execute("fix.sh", store).returncode != 0
    assert everything(store) == before


# --- Changes of every kind ------------------------------------------------------------------------------------------------------------


def script_of(data: list[Parameter], *fixes: list[Change]) -> str:
    """The script that makes some fixes."""
    commander = server_ssm.load(SourceFile("ssm.json", json.dumps({"Parameters": data}).encode()), "server/ssm")[0].commander
    assert commander is not None
    commands = [commander(changes) for changes in fixes]
    assert all(commands)
    return written([tuple(made or ()) for made in commands])


def script_of_commands(*operations: Operation) -> str:
    """The script that does something with parameters."""
    return written([(Command(operations),)])


def written(fixes: Sequence[tuple[Command, ...]]) -> str:
    """The script of the commands of some fixes."""
    given = Input("ssm.json", json.dumps({"Parameters": [BASE, PORT]}).encode(), Path("ssm.json"))
    finding = lint_input(given, Options(Overrides(pedantic=True), isolated=True)).result.findings[0]
    findings = [finding._replace(fix=Fix((), True, "a change", commands=commands)) for commands in fixes]
    text = fix_script.script([FixedDump("ssm.json", tuple(findings))]).text
    Path("fix.sh").write_text(text, encoding="utf-8")
    return text


def put(path: str, value: Any) -> Change:
    return Change("set", tuple(path.split(".")), value)


STRANGE = '-"It\'s us" \\0101 %s `x` $(y) ##[error] \u00e9\u202e <help@example.com>'


@every_shell
def test_a_value_is_written_as_it_is(shell: list[str]) -> None:
    values = [STRANGE, "file:///etc/passwd", "https://x.example/", "'", "\\", "!", "*", "a\n\nb\n", " x "]
    wanted = {f"/medplum/prod/{number}": value for number, value in enumerate(values)}
    text = script_of_commands(*(Operation("put", name, (), ("absent",), type="String", text=value) for name, value in wanted.items()))
    assert "##[" not in text and "\u202e" not in text and text.isascii()
    store = keep(Path("store").resolve(), [])
    for _ in range(2):
        done = execute("fix.sh", store, "123456789012", shell=shell)
        assert (done.returncode, done.stderr) == (0, "")
        assert {name.removeprefix("default"): one["Value"] for name, one in stored(store).items()} == wanted


def test_a_value_that_is_there_already_is_kept() -> None:
    parameters = [*MOVED.parameters, parameter("/medplum/prod/database.host", "proxy.example", Version=3)]
    store = keep(Path("store").resolve(), parameters)
    script_of(parameters, [put("database.host", "proxy.example"), Change("remove", ("databaseProxyEndpoint",))])
    for _ in range(2):
        done = execute("fix.sh", store)
        assert (done.returncode, done.stderr) == (0, "")
        assert stored(store, "Value", "Version") == {
            f"{PROD}baseUrl": {"Value": "https://api.clinic.example/", "Version": 1},
            f"{PROD}database.host": {"Value": "proxy.example", "Version": 3},
        }


def test_a_copy_is_never_less_encrypted_than_its_original() -> None:
    """A dump without types does not tell that this public value is in a SecureString."""
    given = {"Name": "/medplum/prod/databaseProxyEndpoint", "Value": "proxy.example"}
    script_of([given], [put("database.host", "proxy.example"), Change("remove", ("databaseProxyEndpoint",))])
    store = keep(Path("store").resolve(), [given | {"Type": "SecureString", "KeyId": KEY}])
    assert execute("fix.sh", store, "123456789012", variables={"CONFIRM": given["Name"]}).returncode == 0
    held = stored(store, "Type", "Value", "KeyId")
    assert held == {"default/medplum/prod/database.host": {"Type": "SecureString", "Value": "proxy.example", "KeyId": KEY}}
    assert "proxy.example" not in backups()[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "key"), [("SecureString", KEY), ("String", "alias/aws/ssm")])
def test_a_part_of_a_secret_keeps_its_key(kind: str, key: str) -> None:
    data = [parameter("/medplum/prod/databaseUrl", f"postgres://{SECRET}", kind, Version=1) | ({"KeyId": key} if key is KEY else {})]
    store = keep(Path("store").resolve(), data)
    script_of([{k: v for k, v in data[0].items() if k != "KeyId"}], [put("database.password", SECRET), Change("remove", ("databaseUrl",))])
    assert execute("fix.sh", store, variables={"VALUE_1": "new"}).returncode == 0
    assert stored(store, "Type", "Value", "KeyId") == {f"{PROD}database.password": {"Type": "SecureString", "Value": "new", "KeyId": key}}


def test_a_long_value_gets_another_tier_and_goes_back() -> None:
    data = [parameter("/medplum/prod/allowedOrigins", "https://a.example", Version=1, Tags=TAGS)]
    origins = ",".join(f"https://app{number}.clinic.example" for number in range(150))
    store = keep(Path("store").resolve(), data)
    before = found(store)
    script_of(data, [put("allowedOrigins", origins)])
    assert execute("fix.sh", store).returncode == 0
    assert found(store)[f"{PROD}allowedOrigins"] == before[f"{PROD}allowedOrigins"] | {"Tier": "Advanced", "Value": origins}
    assert execute(backups()[0], store).returncode == 0
    assert found(store) == before


def test_each_parameter_is_changed_in_its_own_region() -> None:
    data = [PORT, parameter("/medplum/prod/supportEmail", "x@example.com", region="eu-west-1", Version=1)]
    text = script_of(data, [put("supportEmail", "help@example.com"), put("port", 5000)])
    store = keep(Path("store").resolve(), data)
    assert execute("fix.sh", store).returncode == 0, text
    assert {name: one["Value"] for name, one in stored(store).items()} == {
        "eu-west-1/medplum/prod/supportEmail": "help@example.com",
        f"{PROD}port": "5000",
    }


def test_what_is_written_twice_is_written_once() -> None:
    data = [parameter("/medplum/prod/port", "1", Version=1)]
    text = script_of(data, [put("port", 2)], [Change("store", ("port",), "SecureString")], [put("port", 3)])
    assert text.count("# A step below does this too.") == 2
    store = keep(Path("store").resolve(), data)
    for _ in range(2):
        assert execute("fix.sh", store).returncode == 0
        assert stored(store, "Type", "Value", "Version") == {f"{PROD}port": {"Type": "SecureString", "Value": "3", "Version": 2}}


def test_fixes_that_depend_on_an_uncombinable_change_are_left() -> None:
    text = script_of([PORT, BASE], [put("port", 2)], [Change("remove", ("port",))], [put("baseUrl", "https://x.example/")])
    assert text.count("is left, because it depends on the commands before it: check again after them") == 2
    assert "  put /medplum/prod/port same 2 public version 1\n" in text
    assert "delete /medplum/prod/port" not in text


@needs_shell
def test_the_functions_are_in_the_package() -> None:
    assert (ROOT / "linter/commands/fix_script.sh").read_text(encoding="utf-8") in write_script(DELETED.parameters)
