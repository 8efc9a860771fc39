"""Commands for a dump are tried on what it holds: what brings something worse is left out, and a script goes on until nothing is left."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.canaries import planted_files, printed
from support.checkout import ROOT
from support.stores import execute, keep, needs_aws, stored

from linter import cli
from linter.commands import fix_script
from linter.documents.inputs import Input
from linter.fixes.store_plan import Commanded, commanded
from linter.model import Document, Finding
from linter.options.config import Overrides
from linter.run import Options, Outcome, lint_input
from linter.settings.releases import NEWEST, parse_server_version

FIXTURES = ROOT / "tests" / "fixtures"
BASE = {"baseUrl": "https://api.clinic.example/"}
PASSWORD = "hunter2-of-nobody"


def dump(values: Mapping[str, str], environment: str = "prod", kinds: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    kinds = kinds or {}
    return [{"Name": f"/medplum/{environment}/{name}", "Type": kinds.get(name, "String"), "Value": value} for name, value in values.items()]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*values: Mapping[str, str], kinds: Mapping[str, str] | None = None) -> None:
    parameters = [one for number, some in enumerate(values) for one in dump(some, ["prod", "staging"][number], kinds)]
    Path("ssm.json").write_text(json.dumps({"Parameters": parameters}), encoding="utf-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, ["--isolated", "--pedantic", "ssm.json", *arguments])


def script(*arguments: str) -> str:
    Path("fix.sh").unlink(missing_ok=True)
    run("--fix-script", "fix.sh", *arguments)
    return Path("fix.sh").read_text(encoding="utf-8") if Path("fix.sh").exists() else ""


def changed(text: str) -> list[str]:
    """The parameters that the calls of a script change, in their order. What they are made of stands in front of them."""
    lines = [line.split() for line in text.partition("\n}\n")[0].splitlines() if line.startswith("  ") and "#" not in line]
    names = [[word.removeprefix("/medplum/") for word in line if word.startswith("/medplum/")] for line in lines]
    return [some[line[0] == "copy" or line[0].endswith("_part")] for line, some in zip(lines, names, strict=True) if some]


def commanded_names(text: str) -> list[str]:
    """The parameters that commands of the AWS CLI change, in their order."""
    return re.findall(r"^[^#].* (?:put-parameter --name|delete-parameters --names) /medplum/(\S+)", text, re.MULTILINE)


def commands_of(*arguments: str) -> dict[str, list[str] | None]:
    report = json.loads(run("-f", "json", *arguments).stdout)
    return {one["rule"]: one["fix"]["commands"] for one in report["findings"] if one["fix"]}


# --- What brings something worse --------------------------------------------------------------------------------------------------------

WORSE = [
    pytest.param({"emailProvider": "SMTP"}, "unknown-value", "error[unusable-email-provider]", id="unsafe"),
    pytest.param({"defaultRateLimit": "60000/minute"}, "inexact-value", "note[version-dependent-setting]", id="safe"),
]


@pytest.mark.parametrize(("values", "rule", "brings"), WORSE)
def test_no_output_has_commands_that_bring_something_worse(values: dict[str, str], rule: str, brings: str) -> None:
    write(BASE | values)
    name = next(iter(values))
    said = f"ssm.json: the fixes of {rule} are left out, because they would cause {brings} in environment prod"
    assert commands_of()[rule] is None
    for arguments in ([], ["--diff", "--unsafe-fixes"], ["--fix", "--unsafe-fixes"], ["--fix-script", "fix.sh", "--unsafe-fixes"]):
        result = run(*arguments)
        assert result.output.count(said) == bool(arguments), "a note is for those who ask for fixes"
        assert f"prod/{name} " not in result.output
        assert f"= by hand: set {name} to" in result.output
    assert not Path("fix.sh").exists()


def test_what_is_innocent_is_fixed_all_the_same() -> None:
    write(BASE | {"emailProvider": "SMTP", "storageBaseUrl": "https://st.clinic.example/binary"}, BASE | {"auditEventLogGroup": "x"})
    known = ("--server-version", str(NEWEST))  # an old setting is deleted only where it is known which server it is
    assert changed(script("--unsafe-fixes", *known)) == ["prod/storageBaseUrl", "staging/auditEventLogGroup"]


# --- Rounds -----------------------------------------------------------------------------------------------------------------------------

ISSUER = {"baseUrl": "https://api.clinic.example", "issuer": "https://api.clinic.example"}


def test_commands_are_tried_beside_a_file_of_variables_that_two_releases_read() -> None:
    service = "{image: medplum/medplum-server:%s, command: env, env_file: app.env}"
    Path("compose.yaml").write_text(f"services:\n  a: {service % '4.0.0'}\n  b: {service % '5.1.0'}\n", encoding="utf-8")
    Path("app.env").write_text("MEDPLUM_BASE_URL=https://api.clinic.example/\n", encoding="utf-8")
    write({"baseUrl": "https://api.clinic.example"})
    result = run("compose.yaml")
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    assert "aws ssm put-parameter --name /medplum/prod/baseUrl" in result.stdout


def test_a_script_goes_on_until_nothing_is_left() -> None:
    write(ISSUER)
    text = script("--unsafe-fixes")
    assert changed(text) == ["prod/baseUrl", "prod/issuer"]
    assert commanded_names(run("--diff", "--unsafe-fixes", "-o", "report.txt").stdout) == ["prod/baseUrl", "prod/issuer"]
    assert text.count("# === environment prod ===") == 1
    assert "  # ssm.json:1: issuer-differs-from-base-url (environment prod)\n  # What: set issuer to" in text
    assert "fixes 2 findings in Parameter Store" in run("--fix-script", "fix.sh", "--unsafe-fixes").output


def test_nothing_is_made_of_what_a_command_hides() -> None:
    """What gets another name may be seen under that: no later command is to show it."""
    write(BASE | {"base_url": PASSWORD, "storage_base_url": f"https://{PASSWORD}.example/binary"})
    text = script("--unsafe-fixes")
    assert PASSWORD not in text
    assert "prod/storageBaseUrl" in changed(text)
    assert "is left, because it depends on the commands before it: check again after them" in text
    result = run("--fix-script", "fix.sh", "--unsafe-fixes", "--diff")
    assert "more must wait for it: check again after it" in result.output
    assert "check again after them" in result.stdout
    assert PASSWORD not in result.output


def test_what_a_comment_of_a_dump_accepts_is_left_alone(folder: Path) -> None:
    lines = [
        "Parameters:",
        "- Name: /medplum/prod/baseUrl",
        "  Value: https://api.clinic.example",
        "- Name: /medplum/prod/issuer",
        "  # medplum-lint: ignore[issuer-differs-from-base-url] an old client",
        "  Value: https://api.clinic.example/x",
        "- Name: /medplum/prod/storageBaseUrl",
        "  Value: https://storage.clinic.example/binary",
    ]
    Path("ssm.yaml").write_text("\n".join(lines), encoding="utf-8")
    CliRunner().invoke(cli.cli, ["--isolated", "ssm.yaml", "--unsafe-fixes", "--fix-script", "fix.sh"])
    assert changed(Path("fix.sh").read_text(encoding="utf-8")) == ["prod/baseUrl", "prod/storageBaseUrl"]


def test_dumps_of_one_environment_have_one_round() -> None:
    """What describe-parameters prints beside the values: nothing tells what both would be afterwards."""
    write(ISSUER)
    described = [{"Name": one["Name"], "Type": "String", "Tier": "Standard"} for one in dump(ISSUER)]
    Path("medplum-parameters.json").write_text(json.dumps({"Parameters": described}), encoding="utf-8")
    arguments = ["--isolated", "ssm.json", "medplum-parameters.json", "--unsafe-fixes", "--fix-script", "fix.sh"]
    CliRunner().invoke(cli.cli, arguments)
    assert changed(Path("fix.sh").read_text(encoding="utf-8"))[:1] == ["prod/baseUrl"]


# --- What no parameter can hold ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["redis.url", "redisUrl", "redis.uri"])
def test_a_split_keeps_the_encryption(name: str) -> None:
    write(BASE | {name: f"rediss://:{PASSWORD}@cache.clinic.example:6379/3"})
    text = script("--unsafe-fixes")
    parts = [f"prod/redis.{part}" for part in ("host", "port", "password", "db", "tls")]
    assert changed(text) == [*parts, f"prod/{name}"], "and nothing more is done to what is gone"
    assert f"  put_part /medplum/prod/{name} /medplum/prod/redis.tls SecureString true absent\n" in text
    assert PASSWORD not in text


def test_encryption_is_switched_on_by_a_text() -> None:
    write(BASE | {"redis.host": "master.x.use1.cache.amazonaws.com"})
    commands = commands_of()["unencrypted-redis"]
    assert commands == ["aws ssm put-parameter --name /medplum/prod/redis.tls --type SecureString --overwrite --value true"]


# --- Safe and unsafe fixes at once --------------------------------------------------------------------------------------------------------


WRONG = {**BASE, "appBaseUrl": "https://app.clinic.example", "maxJsonSize": "1 megabyte", "emailAdress": "x@clinic.example"}


# --- All fixtures -----------------------------------------------------------------------------------------------------------------------


def check(name: str, content: bytes, contents: Mapping[str, bytes]) -> Outcome:
    known = parse_server_version(str(NEWEST), "--server-version")  # an old setting is deleted only where it is known which server it is
    options = Options(Overrides(pedantic=True, server=known), isolated=True, keep_contents=True, allow_unrecognized=True)
    return lint_input(Input(name, contents.get(name, content), Path(name)), options)


def fixes_of(name: str, content: bytes, *, unsafe: bool = True) -> Commanded:
    return commanded(partial(check, name, content), check(name, content, {}), unsafe=unsafe)


def after(name: str, content: bytes, fixes: Commanded) -> bytes:
    """The dump that the commands leave."""
    for dump in fixes.dumps:
        rewriter = next(iter(check(name, content, {}).rewriters.values()))
        content = rewriter([one for finding in dump.findings for one in leaves(finding)])
    return content


def leaves(finding: Finding) -> list[Any]:
    assert finding.fix is not None
    return [one for command in finding.fix.commands or () for one in command.leaves]


DUMPS = [
    path
    for path in sorted(FIXTURES.rglob("*"))
    if path.suffix in (".json", ".jsonl", ".yaml") and any(part.startswith(("ssm", "two-", "real")) for part in path.parts)
]


@pytest.mark.quick_cases(7)
@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_fixture(path: Path, unsafe: bool) -> None:
    fixes = fixes_of(path.name, path.read_bytes(), unsafe=unsafe)
    assert fixes.bugs == ()
    again = fixes_of(path.name, after(path.name, path.read_bytes(), fixes), unsafe=unsafe)
    assert again.bugs == ()
    assert [finding.rule for dump in again.dumps for finding in dump.findings] == [
        finding.rule for dump in fixes.dumps for finding in dump.waiting
    ]


@pytest.mark.slow
def test_there_are_dumps_among_the_fixtures() -> None:
    assert len([*islice((path for path in DUMPS if fixes_of(path.name, path.read_bytes()).dumps), 6)]) == 6


NAMES = ("dump.json", "oneline.json", "map.json", "rows.json", "dump.jsonl", "dump-ssm.yaml", "map-ssm.yaml")


@pytest.mark.parametrize(("shift", "every"), [(0, 4), pytest.param(11, 1, marks=pytest.mark.slow)])
def test_no_round_shows_a_canary(shift: int, every: int) -> None:
    made = 0
    for planted in planted_files(shift, every):
        if planted.name not in NAMES:
            continue
        fixes = fixes_of(planted.name, planted.content.encode())
        made += fix_script.script(fixes.dumps).findings
        assert not printed(fix_script.script(fixes.dumps).text + fix_script.printed(fixes.dumps) + "".join(fixes.notes))
    assert made > 20


# --- A dump after commands, and what commands do ----------------------------------------------------------------------------------------

WRONG = {
    "baseUrl": "https://api.clinic.example",
    "base_url": "https://api.clinic.example",
    "issuer": "https://api.clinic.example",
    "storageBaseUrl": "https://storage.clinic.example/binary",
    "storage_base_url": "https://storage.clinic.example/binary",
    "auditEventLogGroup": "logs",
    "recaptchaSecretKey": PASSWORD,
    "databaseProxyEndpoint": "proxy.example.com",
    "databaseUrl": f"postgres://nobody:{PASSWORD}@db.example:5433/medplum",
    "database.url": f"postgres://nobody:{PASSWORD}@db.example:5433/medplum",
    "redisUrl": f"rediss://:{PASSWORD}@cache.example:6380/1",
    "redis.url": f"rediss://:{PASSWORD}@cache.example:6380/1",
    "emailProvider": "SES",
    "binaryStorage": "s3://bucket/",
    "supportEmail": " a@clinic.example ",
    "defaultRateLimit": "60,000",
    "registerEnabled": "False",
    "logLevel": "warn",
    "allowedOrigins": "https://a.example/,https://b.example/",
    "maxBatchSize": "50MB",
}


@st.composite
def dumps(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(sorted(WRONG)), min_size=1, max_size=8, unique=True))
    made = dump({name: WRONG[name] for name in names}, draw(st.sampled_from(["prod", "staging"])))
    for one in made:
        one["Type"] = draw(st.sampled_from(["String", "SecureString"]))
    return [*made, *dump({"port": "8103", "appBaseUrl": "https://app.clinic.example"}, "prod")]


@needs_aws
@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(dumps())
def test_a_script_does_what_was_tried(folder: Path, parameters: list[dict[str, Any]]) -> None:
    """What the store holds after the script is what was checked, and nothing else: parameter by parameter."""
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    keep(store, parameters)
    content = json.dumps({"Parameters": parameters}).encode()
    fixes = fixes_of("ssm.json", content)
    assert fixes.bugs == ()
    text = fix_script.script(fixes.dumps).text
    assert PASSWORD not in text
    wanted = {one["Name"]: (one["Type"], one["Value"]) for one in json.loads(after("ssm.json", content, fixes))["Parameters"]}
    (folder / "run.sh").write_text(text, encoding="utf-8")
    secrets = " ".join(one["Name"] for one in parameters)
    for _ in range(2):
        done = execute(folder / "run.sh", store, "123456789012", variables={**values(text, wanted), "CONFIRM": secrets})
        assert done.returncode == 0, done.stderr + text
        assert {name.removeprefix("default"): (one["Type"], one["Value"]) for name, one in stored(store).items()} == wanted


def values(text: str, wanted: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """What a person gives for each value that the script asks for."""
    return {variable: wanted[name][1] for variable, name in re.findall("^# (VALUE_[0-9]+): the new value of (.*)$", text, re.MULTILINE)}


def test_environments_keep_their_order_and_what_is_partly_known_stays_so() -> None:
    """Also where the first parameter of one goes, and others of them came from another call."""
    part = {"Parameters": dump({"auditEventLogGroup": "x", "baseUrl": "https://a.example/"}, "a"), "InvalidParameters": ["/medplum/a/port"]}
    whole = {"Parameters": dump({"log_level": "WARN", "baseUrl": "https://b.example/"}, "b")}
    content = f"{json.dumps(part)}\n{json.dumps(whole)}".encode()
    fixes = fixes_of("ssm.json", content)
    assert (fixes.bugs, [len(one.findings) for one in fixes.dumps]) == ((), [2])
    made = check("ssm.json", after("ssm.json", content, fixes), {}).result.documents

    def seen(documents: tuple[Document, ...]) -> list[tuple[str | None, bool]]:
        return [(one.environment, one.complete) for one in documents]

    assert seen(made) == seen(check("ssm.json", content, {}).result.documents) == [("a", False), ("b", True)]
    assert made[1].data == {"logLevel": "WARN", "baseUrl": "https://b.example/"}


def test_a_finding_fixed_by_a_later_command_does_not_reject_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of a secret URL comes a host without TLS, as it was before: the next check asks for TLS."""
    monkeypatch.chdir(tmp_path)
    url = f"postgres://me:{PASSWORD}@clinic.proxy-cxyz.eu-central-1.rds.amazonaws.com:5432/clinic"
    values = {**BASE, "database.disableConnectionConfiguration": "true", "databaseUrl": url}
    Path("dump.json").write_text(json.dumps({"Parameters": dump(values, kinds={"databaseUrl": "SecureString"})}))
    result = CliRunner().invoke(cli.cli, ["dump.json", "--unsafe-fixes", "--fix-script", "fix.sh"])
    assert "are left out" not in result.stderr
    script = Path("fix.sh").read_text()
    assert " /medplum/prod/database.password SecureString " in script and PASSWORD not in script
    assert "unencrypted-database (environment prod): is left, because it depends on the commands before it" in script
