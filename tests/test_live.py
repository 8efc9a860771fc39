"""``aws:`` arguments: what is read from AWS, what is said of it, and what goes wrong."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader
from click.testing import CliRunner, Result
from support.endpoint import ARGUMENT, CHANGED, PATH, REGION, Endpoint, Refusal, serving
from support.running_server import running
from test_dependencies import run as run_without

from linter import cli
from linter.live.arguments import asked
from linter.live.aws import ALLOWED, Aws, Forbidden
from linter.reporters import names as formats

pytestmark = pytest.mark.loopback

LOADER = create_loader()
SECRETS = ("kUnpyqW7rTz2", "Zz81-geheim-redis", "BEGIN-8731-key", "opaque-33-text")
DATABASE = {"host": "db.hospital.example.net", "port": 5432, "dbname": "medplum", "username": "clusteradmin", "password": SECRETS[0]}
REDIS = {"host": "redis.hospital.example.net", "port": "6379", "password": SECRETS[1], "tls": {}}


@pytest.fixture(autouse=True)
def _account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and credentials that come from nowhere else."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("botocore.session.create_loader", lambda *_paths: LOADER)  # which reads each description of a service once
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An account with a server as Medplum's CDK makes it, whose tasks started after the last change."""
    endpoint = Endpoint()
    for name, value in {
        "baseUrl": "https://api.hospital.example.net/",
        "appBaseUrl": "https://app.hospital.example.net/",
        "storageBaseUrl": "https://storage.hospital.example.net/binary/",
        "binaryStorage": "s3:hospital-storage",
        "supportEmail": "help@hospital.example.net",
        "port": "8103",
    }.items():
        endpoint.put(name, value)
    endpoint.put("recaptchaSecretKey", SECRETS[3], "SecureString", KeyId="alias/aws/ssm")
    endpoint.secret("DatabaseSecrets", json.dumps(DATABASE))
    endpoint.secret("RedisSecrets", json.dumps(REDIS))
    endpoint.started = [CHANGED + 60, CHANGED + 90]
    with serving(endpoint):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        yield endpoint


def lint(*arguments: str) -> Result:
    result = CliRunner().invoke(cli.cli, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "bug" not in result.stderr and "Traceback" not in result.output
    return result


def report(*arguments: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(lint("--format", "json", *arguments).stdout)
    return read


def rules(found: dict[str, Any]) -> set[str]:
    return {one["rule"] for one in found["findings"]}


def notes(result: Result) -> list[str]:
    return re.findall(r"^medplum-lint: note: (.*)$", result.stderr, re.MULTILINE)


def dump(aws: Endpoint, name: str = "dump.json") -> str:
    """The parameters as the AWS CLI saves them."""
    Path(name).write_text(json.dumps({"Parameters": [*aws.parameters.values()]}, indent=4), encoding="utf-8")
    return name


# --- What is read. ------------------------------------------------------------------------------------------------------------------


def test_show_prints_what_it_prints_of_a_dump(aws: Endpoint) -> None:
    aws.started = []
    files = [dump(aws)]
    for number, secret in enumerate(aws.secrets.values()):
        files.append(f"secret{number}.json")
        Path(files[-1]).write_text(json.dumps({name: secret[name] for name in ("ARN", "Name", "SecretString")}), encoding="utf-8")
    [live], [saved] = (json.loads(lint("show", "--format", "json", *paths).stdout)["documents"] for paths in ([ARGUMENT], files))
    own = [f"{section}.{name}" for section, secret in (("database", DATABASE), ("redis", REDIS)) for name in secret]
    assert [one["setting"] for one in saved["settings"]] == [*own, *aws.parameters]
    assert [{**one, "line": 0, "file": ""} for one in live["settings"]] == [{**one, "line": 0, "file": ""} for one in saved["settings"]]
    assert (live["path"], live["environment"]) == (ARGUMENT, saved["environment"])


def test_a_secret_fills_its_section_before_parameters_are_set(aws: Endpoint) -> None:
    aws.put("database.host", "other.hospital.example.net")
    aws.secret("ReaderDatabaseSecrets", json.dumps({**DATABASE, "host": "reader.hospital.example.net"}))
    aws.secret("CacheRedisSecrets", json.dumps(REDIS))
    shown = lint("show", ARGUMENT).stdout
    assert re.search(r'database\.host +"other\.hospital\.example\.net" +aws:eu-west-1:/medplum/prod/:\d+ \(ssm\)', shown)
    assert re.search(r'database\.dbname +"medplum" +aws:eu-west-1:/medplum/prod/#DatabaseSecrets:4 \(secret\)', shown)
    assert re.search(r'readonlyDatabase\.host +"reader\.hospital\.example\.net" +\S+#ReaderDatabaseSecrets:4 \(secret\)', shown)
    assert re.search(r"cacheRedis\.password +•+ +\S+#CacheRedisSecrets:4 \(secret\)", shown)


def test_rules_see_a_secret_in_its_section(aws: Endpoint) -> None:
    aws.secret("DatabaseSecrets", json.dumps({**DATABASE, "ssl": {"require": True}}))
    aws.put("database.host", "other.hospital.example.net")
    assert "unencrypted-database" not in rules(report(ARGUMENT))
    del aws.parameters["database.host"]
    aws.secret("DatabaseSecrets", json.dumps(DATABASE))
    [found] = [one for one in report(ARGUMENT)["findings"] if one["rule"] == "unencrypted-database"]
    assert (found["path"], found["setting"], found["severity"]) == (ARGUMENT, "database.ssl", "error")
    aws.put("database.ssl.require", "true")
    assert "unencrypted-database" not in rules(report(ARGUMENT))


def test_each_secret_is_checked_in_the_place_of_its_own_section(aws: Endpoint) -> None:
    aws.put("database.host", "db.hospital.example.net")
    aws.secret("ReaderDatabaseSecrets", json.dumps({**DATABASE, "host": "reader.hospital.example.net"}))
    assert "parameter-differs-from-secret" not in rules(report(ARGUMENT))
    aws.secret("BackgroundJobsRedisSecrets", json.dumps(REDIS)[:-1])
    found = [(one["rule"], one["path"]) for one in report(ARGUMENT)["findings"] if "BackgroundJobs" in one["path"]]
    assert found == [("invalid-json", f"{ARGUMENT}#BackgroundJobsRedisSecrets")]


def test_everything_that_a_server_gets_is_read(aws: Endpoint) -> None:
    found = report(ARGUMENT)
    assert [(one["path"], one["kind"], one["environment"]) for one in found["files"]] == [
        (ARGUMENT, "server/ssm", "prod"),
        (f"{ARGUMENT}#DatabaseSecrets", "secret/database", None),
        (f"{ARGUMENT}#RedisSecrets", "secret/redis", None),
        (f"{ARGUMENT}#task-definition/MedplumProdBackEndTaskDefinition", "server/env", None),
    ]
    assert found["notices"] == [] and "unapplied-parameter" not in rules(found)
    assert {one["server_version"] for one in found["files"]} == {"5.1.13"}
    assert aws.calls.keys() == {one for operations in ALLOWED.values() for one in operations} - {"DescribeSecret"}
    assert {name for name, count in aws.calls.items() if count > 1} == {"GetSecretValue"}


def test_a_report_has_places_and_commands(aws: Endpoint) -> None:
    aws.put("baseUrl", "https://api.hospital.example.net")
    result = lint(ARGUMENT)
    assert f"\n --> {ARGUMENT}:6:22\n" in result.stdout and "aws ssm put-parameter --name /medplum/prod/baseUrl" in result.stdout
    assert result.exit_code == 1
    assert lint(ARGUMENT, "--fix-script", "fix.sh", "--unsafe-fixes").exit_code == 1
    assert "/medplum/prod/baseUrl" in Path("fix.sh").read_text(encoding="utf-8")
    assert sorted(path.name for path in Path().iterdir()) == ["fix.sh"]


def test_nothing_is_written_to_aws(aws: Endpoint) -> None:
    aws.put("baseUrl", "https://api.hospital.example.net")
    result = lint("--fix", ARGUMENT)
    assert result.exit_code == 2 and "nothing in AWS is changed: give --fix-script, or --diff" in result.stderr
    assert not aws.calls
    assert "put-parameter --name /medplum/prod/baseUrl" in lint("--diff", "--unsafe-fixes", ARGUMENT).stdout


def test_changes_after_the_tasks_started(aws: Endpoint) -> None:
    aws.put("port", "8104", modified=CHANGED + 3600)
    aws.put("logLevel", "INFO", modified=CHANGED + 70)
    messages = [one["message"] for one in report(ARGUMENT)["findings"] if one["rule"] == "unapplied-parameter"]
    assert len(messages) == 1
    assert messages[0].startswith("port was written at 2026-05-01 11:00 UTC, after all running tasks started: a server reads ")
    assert messages[0].endswith("; 2 parameters are newer than a running task")


def test_the_rule_knows_how_many_tasks_are_older(aws: Endpoint) -> None:
    aws.put("logLevel", "INFO", modified=CHANGED + 70)
    assert "UTC, after 1 of 2 running tasks started" in lint(ARGUMENT).stdout.replace("\n    ", " ")
    aws.started = [CHANGED + 60]
    assert "UTC, after the running task started" in lint(ARGUMENT).stdout.replace("\n    ", " ")


@pytest.mark.parametrize("decrypts", [True, False])
@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"DeletedDate": CHANGED}, "is marked for deletion"),
        ({"VersionIdsToStages": {"v1": ["AWSPREVIOUS"]}}, "does not exist or has no current version"),
    ],
)
def test_a_secret_that_the_server_cannot_fetch(aws: Endpoint, facts: dict[str, Any], says: str, decrypts: bool) -> None:
    aws.secret("RedisSecrets", json.dumps(REDIS), **facts)
    result = lint(ARGUMENT, *([] if decrypts else ["--no-decryption"]))
    assert f"error[unreadable-secret]: RedisSecrets names a secret that {says}" in result.stdout.replace("\n    ", " ")
    assert "does not start" in result.stdout and len(notes(result)) == (not decrypts)
    aws.secrets.clear()
    gone = report(ARGUMENT, *([] if decrypts else ["--no-decryption"]))
    assert [one["setting"] for one in gone["findings"] if one["rule"] == "unreadable-secret"] == ["DatabaseSecrets", "RedisSecrets"]


@pytest.mark.parametrize("workers", [[], [f"{ARGUMENT},env"]])
@pytest.mark.parametrize("name", ["RedisSecrets", "DatabaseSecrets"])
def test_what_a_secret_that_cannot_be_fetched_would_give_is_not_missing(aws: Endpoint, name: str, workers: list[str]) -> None:
    """Neither from the server nor from a worker, which stop before they look anywhere."""
    before = {(one["rule"], one["setting"]) for one in report(ARGUMENT)["findings"]}
    aws.secret(name, json.dumps(REDIS), DeletedDate=CHANGED)
    aws.workers = workers
    assert {(one["rule"], one["setting"]) for one in report(ARGUMENT)["findings"]} - before == {("unreadable-secret", name)}


def test_a_secret_without_a_text(aws: Endpoint) -> None:
    aws.secret("DatabaseSecrets", None)
    assert "DatabaseSecrets names a secret that has no text" in lint(ARGUMENT).stdout.replace("\n    ", " ")
    aws.secret("DatabaseSecrets", "{}")
    assert "incomplete-connection-secret" in rules(report(ARGUMENT))


def test_a_parameter_wins_over_the_secret(aws: Endpoint) -> None:
    aws.put("database.host", "other.hospital.example.net")
    assert "parameter-differs-from-secret" in rules(report(ARGUMENT))


def test_an_infra_config_is_compared_with_what_is_deployed(aws: Endpoint) -> None:
    infra = {
        "name": "prod",
        "accountNumber": "123456789012",
        "apiDomainName": "api.other.example.net",
        "apiPort": 8104,
        "storageBucketName": "hospital-storage",
    }
    Path("medplum.prod.config.json").write_text(json.dumps(infra), encoding="utf-8")
    assert {"url-differs-from-domain", "server-differs-from-infra"} <= rules(report(ARGUMENT, "medplum.prod.config.json"))


def test_a_running_server_is_compared_with_what_is_deployed(aws: Endpoint) -> None:
    with running() as server:
        aws.put("baseUrl", server.url)
        assert "differs-from-running-server" not in rules(report(server.url, ARGUMENT))
        server.announce(issuer="https://old.hospital.example.net/")
        [found] = [one for one in report(server.url, ARGUMENT)["findings"] if one["rule"] == "differs-from-running-server"]
    assert (found["path"], found["setting"], found["severity"]) == (ARGUMENT, "baseUrl", "warning")


def test_parameters_that_the_server_never_reads(aws: Endpoint) -> None:
    for name in ("/medplum/Prod/supportEmail", "/Medplum/prod/port", "/medplum/logLevel", "/medplum/release", "/medplum/staging/port"):
        aws.parameters[name] = {"Name": name, "Type": "String", "Value": SECRETS[3], "Tier": "Standard"}
    found = [one["message"] for one in report(ARGUMENT)["findings"] if one["rule"] == "ignored-parameter"]
    assert found == [
        "the server never sees /medplum/Prod/supportEmail: names are case-sensitive, and the others of this environment begin with "
        "/medplum/prod/; rename it; 2 names have the wrong case",
        "/medplum/logLevel has no environment in its name: the server does not read it; put the environment into the name, as in "
        "/medplum/prod/logLevel",
    ]
    for name in ("/medplum/Prod/baseUrl", "/Medplum/prod/baseUrl"):  # another server's
        aws.parameters[name] = {"Name": name, "Type": "String", "Value": "x", "Tier": "Standard"}
    assert "wrong case" not in lint(ARGUMENT).stdout


def test_the_argument_is_the_path_of_the_server(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its levels, and whether or not it is the documented one."""
    own = {name: {**one, "Name": f"/Medplum/eu/prod/{name}"} for name, one in aws.parameters.items()}
    aws.parameters = own
    found = report(f"aws:{REGION}:/Medplum/eu/prod/")
    assert [one["rule"] for one in found["findings"] if one["category"] == "parameter-store"] == []
    assert {one["environment"] for one in found["files"]} == {"prod", None}


def test_a_secret_belongs_to_the_parameter_that_names_it(aws: Endpoint) -> None:
    """Not to one whose value is the start of its name."""
    for parameter, name in {"DatabaseSecrets": "prod-db", "ReaderDatabaseSecrets": "prod-db-reader"}.items():
        aws.put(parameter, name)
        facts = {
            "Name": name,
            "ARN": f"arn:aws:secretsmanager:{REGION}:1:secret:{name}-AbCdEf",
            "VersionIdsToStages": {"v1": ["AWSCURRENT"]},
        }
        aws.secrets[name] = {**facts, "SecretString": json.dumps({**DATABASE, "host": f"{name}.hospital.example.net"})}
    shown = lint("show", ARGUMENT).stdout
    assert re.search(r'^  database.host +"prod-db.hospital.example.net"', shown, re.MULTILINE)
    assert re.search(r'^  readonlyDatabase.host +"prod-db-reader.hospital.example.net"', shown, re.MULTILINE)


def test_a_secret_that_two_parameters_name_is_read_once(aws: Endpoint) -> None:
    aws.put("ReaderDatabaseSecrets", "MedplumDatabaseSecrets")
    aws.secrets["MedplumDatabaseSecrets"] = next(one for one in aws.secrets.values() if one["Name"] == "MedplumDatabaseSecrets")
    [shown] = json.loads(lint("show", "--format", "json", ARGUMENT).stdout)["documents"]
    assert {"database.host", "readonlyDatabase.host"} <= {one["setting"] for one in shown["settings"]}
    assert lint("diff", ARGUMENT, ARGUMENT).stdout == "No differences.\n"


def test_secrets_of_one_region_are_not_those_of_another(aws: Endpoint) -> None:
    aws.put("DatabaseSecrets", "medplum-db")
    facts = {
        "Name": "medplum-db",
        "ARN": "arn:aws:secretsmanager:x:1:secret:medplum-db-AbCdEf",
        "VersionIdsToStages": {"v1": ["AWSCURRENT"]},
    }
    hosts = iter(("first", "second"))

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        return {**facts, "SecretString": json.dumps({**DATABASE, "host": f"{next(hosts)}.hospital.example.net"})}

    aws.secrets.clear()
    del aws.parameters["RedisSecrets"]
    aws._GetSecretValue = answer  # type: ignore[method-assign]
    shown = json.loads(lint("show", "--format", "json", ARGUMENT, f"aws:eu-central-1:{PATH}").stdout)["documents"]
    found = {one["path"]: [row["written"] for row in one["settings"] if row["setting"] == "database.host"] for one in shown}
    assert found == {ARGUMENT: ["first.hospital.example.net"], f"aws:eu-central-1:{PATH}": ["second.hospital.example.net"]}


def test_the_server_is_checked_beside_its_workers(aws: Endpoint) -> None:
    """Medplum's CDK starts the workers with variables, and the server without."""
    aws.workers = [f"{ARGUMENT},env"]
    del aws.parameters["supportEmail"]
    found = [(one["setting"], one["path"]) for one in report(ARGUMENT)["findings"] if one["rule"] == "missing-setting"]
    assert found == [("supportEmail", ARGUMENT)]
    assert "no task definition" not in lint("show", f"{ARGUMENT},env").stderr


def test_an_image_that_is_not_that_of_the_stack(aws: Endpoint) -> None:
    infra = {"name": "prod", "accountNumber": "123456789012", "serverImage": "medplum/medplum-server:5.1.14"}
    Path("medplum.prod.config.json").write_text(json.dumps(infra), encoding="utf-8")
    found = report(ARGUMENT, "medplum.prod.config.json")
    [differs] = [one for one in found["findings"] if one["rule"] == "image-differs-from-infra"]
    assert differs["message"].startswith(
        "the server runs medplum/medplum-server:5.1.13, but the CDK's serverImage is medplum/medplum-server:5.1.14: "
    )
    assert {one["server_version"] for one in found["files"] if one["path"] == ARGUMENT} == {"5.1.13"}


def test_a_policy_can_ask_for_a_key(aws: Endpoint) -> None:
    Path("policies").mkdir()
    policy = """id: acme/own-key
title: A SecureString has the default key of the account
severity: error
for: server/ssm
must:
  "**@key_id": {not: {equals: alias/aws/ssm}}
message: "${@path} is encrypted with the default key"
docs: Our own key can be revoked.
examples:
  good: [{data: {Parameters: [{Name: /medplum/prod/a, KeyId: alias/medplum}]}}]
  bad: [{data: {Parameters: [{Name: /medplum/prod/a, KeyId: alias/aws/ssm}]}, finds: [a]}]
"""
    Path("policies/own-key.yaml").write_text(policy, encoding="utf-8")
    found = report(ARGUMENT, "--rules", "policies")
    assert [one["setting"] for one in found["findings"] if one["rule"] == "acme/own-key"] == ["recaptchaSecretKey"]


def test_the_variables_of_the_task_are_joined(aws: Endpoint) -> None:
    aws.command, aws.environment = [f"{ARGUMENT},env"], [{"name": "MEDPLUM_LOG_LEVEL", "value": "DEBUG"}]
    result = lint("show", f"{ARGUMENT},env")
    assert notes(result) == []
    assert re.search(r"logLevel +\"DEBUG\" .*task-definition/MedplumProdBackEndTaskDefinition:\d+ \(env\)", result.stdout)
    assert re.search(rf"port +8103 .*{re.escape(ARGUMENT)}:\d+ \(ssm\)", result.stdout)


@pytest.mark.parametrize(
    ("argument", "rule"),
    [
        (f"aws:{REGION}:/medplum/Prod/", "misnamed-parameter-path"),
        ("aws:/medplum/prod/", "misnamed-parameter-path"),
        ("aws:us-east-2:/medplum/prod/", "misnamed-parameter-path"),
        (f"aws:{REGION}:/medplum/prod", "invalid-start-argument"),
        (f"aws:{REGION}:/medplum/staging/", ""),
    ],
)
def test_a_service_that_is_started_with_nearly_the_same_path(aws: Endpoint, argument: str, rule: str) -> None:
    def found() -> set[tuple[str, str, str]]:
        return {(one["rule"], one["path"], one["severity"]) for one in report(ARGUMENT)["findings"]}

    before = found()
    aws.command, aws.started = [argument], [CHANGED - 60]  # what the task does not read cannot be unapplied
    also = {(rule, f"{ARGUMENT}#task-definition/MedplumProdBackEndTaskDefinition", "error")} if rule else set()
    assert found() == before | also
    assert len(notes(lint(ARGUMENT))) == (not rule)


def test_a_worker_that_is_started_with_nearly_the_same_path(aws: Endpoint) -> None:
    for worker, rules in ((f"aws:{REGION}:/medplum/PROD/,env", ["misnamed-parameter-path"]), ("aws:us-east-2:/medplum/prod/,env", [])):
        aws.workers = [worker]
        found = report(ARGUMENT)["findings"]
        assert [one["rule"] for one in found if one["path"] != ARGUMENT] == rules


def test_a_cluster_can_be_named(aws: Endpoint) -> None:
    aws.cluster = aws.cluster.replace("MedplumProd-", "hospital-")
    missing = lint(ARGUMENT)
    assert notes(missing) == [
        f"{ARGUMENT}: no ECS service in a cluster with medplum in its name starts a server with {ARGUMENT}: "
        "the running tasks are not known; --cluster names a cluster"
    ]
    assert aws.calls["ListServices"] == 0
    assert notes(lint(ARGUMENT, "--cluster", aws.cluster.rpartition("/")[2])) == []
    aws.command = [f"aws:{REGION}:/medplum/staging/"]
    assert "no ECS service of the cluster" in notes(lint(ARGUMENT, "--cluster", aws.cluster))[0]


def test_diff_compares_what_is_deployed(aws: Endpoint) -> None:
    dump(aws)
    aws.put("logLevel", "WARN")
    result = lint("diff", "dump.json", ARGUMENT)
    assert result.exit_code == 1 and re.search(r"^logLevel +\"INFO\" \(default\) +\"WARN\"$", result.stdout, re.MULTILINE)
    assert "database.host" not in result.stdout, "what the secret gives is not known of the dump"
    assert "the secret that DatabaseSecrets names is not read" in result.stderr
    assert aws.calls.keys() == {"GetParametersByPath", "DescribeParameters", "GetSecretValue"}


def test_upgrade_begins_at_the_release_that_runs(aws: Endpoint) -> None:
    result = lint("upgrade", ARGUMENT, "--to", "5.1.14")
    assert result.stdout.startswith("From 5.1.13 to 5.1.14"), result.output


# --- Values that are not decrypted. -------------------------------------------------------------------------------------------------


def test_nothing_is_decrypted_unless_asked(aws: Endpoint) -> None:
    shown = lint("show", ARGUMENT, "--no-decryption")
    assert notes(shown) == [
        f"{ARGUMENT}: with --no-decryption no encrypted value and no secret is read: rules that need one are not decided"
    ]
    assert re.search(r"recaptchaSecretKey +\(value not in the input\)", shown.stdout)
    assert aws.calls["GetSecretValue"] == 0 and aws.calls["DescribeSecret"] == 2
    aws.put("signingKey", SECRETS[2], "SecureString")
    assert "malformed-pem" in rules(report(ARGUMENT)) and "malformed-pem" not in rules(report(ARGUMENT, "--no-decryption"))


# --- Secrets. -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("format_", formats())
def test_no_secret_is_printed(aws: Endpoint, format_: str) -> None:
    aws.put("signingKey", SECRETS[2], "SecureString")
    aws.put("unknown", SECRETS[3])
    result = lint("--format", format_, "--pedantic", ARGUMENT, "--fix-script", "fix.sh")
    texts = result.output + Path("fix.sh").read_text(encoding="utf-8") if Path("fix.sh").exists() else result.output
    assert result.exit_code == 1 and ARGUMENT.split(":")[1] in texts
    assert [secret for secret in SECRETS if secret in texts] == []


@pytest.mark.parametrize("command", ["show {0}", "show --format json {0}", "diff {0} {0}", "--diff {0}", "upgrade --from 4.3.5 {0}"])
def test_no_other_command_prints_a_secret(aws: Endpoint, command: str) -> None:
    result = lint(*command.format(ARGUMENT).split())
    assert result.stdout and [secret for secret in SECRETS if secret in result.output] == []


# --- Lists. -------------------------------------------------------------------------------------------------------------------------


def test_variables_that_the_task_does_not_read_are_noted(aws: Endpoint) -> None:
    aws.environment = [{"name": "MEDPLUM_LOG_LEVEL", "value": "DEBUG"}]
    shown = lint("show", f"{ARGUMENT},env")
    assert notes(shown) == [f"{ARGUMENT}: env: no task definition starts a server with variables: name a file that holds them"]
    assert "ignored-environment" in rules(report(f"{ARGUMENT},env"))


def test_a_list_has_the_release_that_runs(aws: Endpoint) -> None:
    Path("prod.env").write_text("MEDPLUM_LOG_LEVEL=DEBUG\nMEDPLUM_PORT=8103\n", encoding="utf-8")
    found = report(f"{ARGUMENT},prod.env")
    assert {one["server_version"] for one in found["files"] if "#task" not in one["path"]} == {"5.1.13"}
    assert lint("upgrade", f"{ARGUMENT},prod.env", "--to", "5.1.14").stdout.startswith("From 5.1.13 to 5.1.14")


def test_sources_of_a_list_are_joined(aws: Endpoint) -> None:
    Path("prod.env").write_text("MEDPLUM_LOG_LEVEL=DEBUG\n", encoding="utf-8")
    shown = lint("show", f"{ARGUMENT},prod.env").stdout
    assert re.search(r'logLevel +"DEBUG" +prod.env:1 \(env\)', shown) and "8103" in shown
    Path("medplum.config.json").write_text('{"logLevel": "WARN"}', encoding="utf-8")
    shown = lint("show", f"file:medplum.config.json,{ARGUMENT}").stdout
    assert shown == ""  # it does not begin with aws:, so it is a path
    shown = lint("show", f"{ARGUMENT},file:medplum.config.json").stdout
    assert re.search(r'logLevel +"WARN" +medplum.config.json:1 \(json\)', shown)


def test_variables_that_no_file_holds_are_noted(aws: Endpoint) -> None:
    aws.started = []
    result = lint("show", f"{ARGUMENT},env")
    assert f"{ARGUMENT}: env: no task definition starts a server with variables: name a file that holds them" in notes(result)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("aws:eu-west-1:/medplum/prod", "names a path that does not end with a slash: no setting is found under it"),
        ("aws::/medplum/prod/", "names a region that does not exist"),
        ("aws:eu west:/medplum/prod/", "names a region that does not exist"),
        ("aws:medplum/prod/", "names no path of Parameter Store, which begins with a slash"),
        (f"{ARGUMENT},gcp:project:secret", "gcp: is not read: save the secret to a file, and give that with --start"),
        (f"{ARGUMENT},file:", "the source names no file"),
    ],
)
def test_an_argument_that_cannot_be_read(argument: str, reason: str) -> None:
    Path("dump.json").write_text(f'{{"{PATH}port": "8103"}}', encoding="utf-8")
    for command in ((), ("show",), ("upgrade",), ("diff", "dump.json")):
        result = lint(*command, argument)
        assert (result.exit_code, result.stdout) == (2, "") and f"{argument}: {reason}\n" in result.stderr


def test_the_region_is_that_of_the_server() -> None:
    assert {text: layer.region for text, layer in asked("aws:/medplum/prod/").sources.items()} == {"aws:/medplum/prod/": "us-east-1"}


def test_two_lists_are_refused(aws: Endpoint) -> None:
    Path("prod.env").write_text("MEDPLUM_LOG_LEVEL=DEBUG\n", encoding="utf-8")
    result = lint(f"{ARGUMENT},prod.env", f"aws:{REGION}:/medplum/staging/,prod.env")
    assert result.exit_code == 2 and "several arguments have several sources each" in result.stderr


# --- What goes wrong. ---------------------------------------------------------------------------------------------------------------

DENIED = Refusal("AccessDeniedException", f"User: arn:aws:iam::1:user/x is not authorized to perform: x {SECRETS[0]}")


def fails(*arguments: str) -> str:
    """Why a run fails: in one line, for every command."""
    for command in (("show",), ("upgrade",), ("diff", "dump.json"), ()):
        result = lint(*command, ARGUMENT, *arguments)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.output
        assert [secret for secret in SECRETS if secret in result.stderr] == []
    return result.stderr.removeprefix(f"medplum-lint: error: {ARGUMENT}: ").strip()


def test_rights_that_parameters_need(aws: Endpoint) -> None:
    dump(aws)
    aws.refusals["GetParametersByPath"] = DENIED
    assert fails() == f"ssm:GetParametersByPath is not allowed on arn:aws:ssm:{REGION}:*:parameter{PATH}*"
    key = "The ciphertext refers to a customer master key that does not exist, or you are not allowed to access."
    aws.refusals["GetParametersByPath"] = Refusal("AccessDeniedException", key)
    assert fails() == f"kms:Decrypt is not allowed on arn:aws:ssm:{REGION}:*:parameter{PATH}*: --no-decryption reads only what needs no key"


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    ("operation", "note"),
    [
        (
            "DescribeParameters",
            "tiers, keys and parameters at other paths are not read: ssm:DescribeParameters is not allowed on *",
        ),
        (
            "GetSecretValue",
            "the secret that DatabaseSecrets names is not read: secretsmanager:GetSecretValue is not allowed on the secret "
            "that DatabaseSecrets names",
        ),
        ("ListClusters", "the running tasks are not read: ecs:ListClusters is not allowed on *"),
        ("DescribeTaskDefinition", "the running tasks are not read: ecs:DescribeTaskDefinition is not allowed on *"),
    ],
)
def test_rights_without_which_the_rest_is_checked(aws: Endpoint, operation: str, note: str) -> None:
    aws.put("baseUrl", "https://api.hospital.example.net")
    aws.refusals[operation] = DENIED
    found = report(ARGUMENT)
    assert note in [one["message"] for one in found["notices"]]
    assert "missing-trailing-slash" in rules(found) and lint(ARGUMENT).exit_code == 1
    assert f"{ARGUMENT}: {note}" in notes(lint("show", ARGUMENT))


@pytest.mark.parametrize("option", [["--no-decryption"], []])
def test_a_secret_that_is_not_read_is_not_expected_to_give_tls(aws: Endpoint, option: list[str]) -> None:
    """Of a dump without its secret the same is reported: only what the documented form of the secret has is not known."""
    aws.secret("DatabaseSecrets", json.dumps({**DATABASE, "host": "db.c1.eu-west-1.rds.amazonaws.com"}))
    aws.put("database.ssl.require", "true")
    if not option:
        aws.refusals["GetSecretValue"] = DENIED
    tls = {"missing-ca-certificate", "unencrypted-database"}
    assert rules(report(ARGUMENT, *option)) & tls == {"missing-ca-certificate"}
    del aws.parameters["database.ssl.require"]
    assert rules(report(ARGUMENT, *option)) & tls == {"unencrypted-database"}
    assert "missing-setting" not in rules(report(ARGUMENT, *option))


def test_a_key_that_may_not_be_used(aws: Endpoint) -> None:
    text = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/2"
    aws.refusals["GetParametersByPath"] = Refusal("AccessDeniedException", text)
    result = lint("show", ARGUMENT)
    assert "kms:Decrypt is not allowed on arn:" in result.stderr and "--no-decryption reads only what needs no key" in result.stderr


def test_tasks_that_may_not_be_described_leave_their_definition(aws: Endpoint) -> None:
    aws.refusals["DescribeTasks"] = DENIED
    result = report(ARGUMENT)
    assert [one["message"] for one in result["notices"]] == [
        f"when the tasks started is not known: ecs:DescribeTasks is not allowed on {aws.cluster}"
    ]
    assert {one["server_version"] for one in result["files"]} == {"5.1.13"}


STRANGE = "the configuration of AWS, or its answer, cannot be read: check the profile, the variables, and --endpoint-url"
ANSWERS: list[Any] = [
    [],
    {},
    {"Parameters": 5},
    {"Parameters": [{}]},
    {"Parameters": [5]},
    {"__type": 5},
    {"tasks": 1, "services": [{}]},
    {"taskDefinition": {"family": "x"}},
    "x",
]


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    "operation", ["DescribeParameters", "DescribeServices", "DescribeTaskDefinition", "DescribeTasks", "GetSecretValue"]
)
def test_an_answer_that_is_none_of_aws_is_a_note(aws: Endpoint, operation: str, answer: Any) -> None:
    setattr(aws, f"_{operation}", lambda _asked: answer)
    result = lint("show", ARGUMENT)
    assert result.exit_code == 0 and len(notes(result)) >= 1 and "baseUrl" in result.stdout


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("answer", ANSWERS)
def test_parameters_that_are_none_of_aws_are_an_error(aws: Endpoint, answer: Any) -> None:
    dump(aws)
    aws._GetParametersByPath = lambda _asked: answer  # type: ignore[assignment, method-assign]
    assert fails() == STRANGE


def test_a_program_or_a_file_of_the_configuration_that_is_missing(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    dump(aws)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    Path("config").write_text("[default]\ncredential_process = /nonexistent/program\n", encoding="utf-8")
    assert fails() == "AWS cannot be asked: no such file or directory"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ExpiredTokenException", "the credentials have expired: sign in again, as for the AWS CLI"),
        ("UnrecognizedClientException", "AWS refuses the credentials: sign in again, as for the AWS CLI, and check the region"),
        ("ThrottlingException", "AWS limits how often it is asked, and still does after all retries: try again later"),
        ("InternalServerError", "AWS answers ssm:GetParametersByPath with InternalServerError"),
    ],
)
def test_refusals(aws: Endpoint, code: str, reason: str) -> None:
    dump(aws)
    aws.refusals[""] = Refusal(code, SECRETS[0])
    assert fails() == reason


def test_throttling_is_retried(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, refused = aws.answer, iter([Refusal("ThrottlingException")] * 2)

    def limited(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        for refusal in refused:
            raise refusal
        return answer(operation, asked)

    monkeypatch.setattr(aws, "answer", limited)
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    assert lint("show", ARGUMENT).exit_code == 0


def test_credentials(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    dump(aws)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "credentials" in fails()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert fails() == "no credentials are found: sign in as for the AWS CLI, or set AWS_PROFILE"
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert fails() == "there is no such profile as AWS_PROFILE names"
    Path("credentials").write_text("[nobody]\naws_access_key_id = a\naws_secret_access_key = b\n", encoding="utf-8")
    assert lint("show", ARGUMENT).exit_code == 0


def test_endpoints(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    dump(aws)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    unreachable = "AWS cannot be reached: check the region, the network and --endpoint-url"
    assert fails("--endpoint-url", f"http://user:{SECRETS[0]}@127.0.0.1:{port}") == unreachable
    assert fails("--endpoint-url", "nowhere") == "the endpoint is not an address"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert lint("show", ARGUMENT, "--endpoint-url", aws.url).exit_code == 0


def test_a_path_without_parameters(aws: Endpoint) -> None:
    other = lint("show", f"aws:{REGION}:/medplum/Prod/")
    assert "AWS finds no parameter at this path, but has some at /medplum/prod/: names are case-sensitive" in other.stderr
    aws.parameters.clear()
    for command in ((), ("show",)):
        result = lint(*command, ARGUMENT)
        reason = "AWS finds no parameter at this path: names are case-sensitive, and each belongs to one account and region"
        assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {ARGUMENT}: {reason}\n")


def test_the_limit_of_an_input(aws: Endpoint) -> None:
    result = lint("show", ARGUMENT, "--max-size", "1KiB")
    assert result.exit_code == 2 and re.search(r"it has [\d,]+ bytes, more than the limit of 1,024 bytes", result.stderr)


def test_boto3_is_an_extra() -> None:
    for command in (["show"], []):
        result = run_without(*command, ARGUMENT, blocked=("boto3", "botocore"))
        said = f"{ARGUMENT}: reading AWS needs the package boto3, which is not installed: pip install 'medplum-lint[aws]'"
        assert (result.returncode, result.stdout, result.stderr) == (2, "", f"medplum-lint: error: {said}\n")


# --- Pages. -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [43, pytest.param(2_000, marks=pytest.mark.slow)])
def test_parameters_come_in_pages(aws: Endpoint, count: int) -> None:
    aws.parameters.clear()
    aws.put("baseUrl", "https://api.hospital.example.net")
    for number in range(count - 1):
        aws.put(f"other/p{number}", "x")
    found = report(ARGUMENT)
    assert "missing-trailing-slash" in rules(found)
    assert (aws.calls["GetParametersByPath"], aws.calls["DescribeParameters"]) == (-(-count // 10), -(-count // 50))


# --- Only these calls, and only with such an argument. ------------------------------------------------------------------------------


def test_no_allowed_operation_writes() -> None:
    every = [one for operations in ALLOWED.values() for one in operations]
    assert every and [one for one in every if not re.match("(Get|List|Describe|BatchGet)[A-Z]", one)] == []


@pytest.mark.parametrize(
    ("service", "method", "asked"),
    [
        ("ssm", "put_parameter", {"Name": "/a", "Value": "b", "Type": "String"}),
        ("ssm", "get_parameter", {"Name": "/a"}),
        ("secretsmanager", "delete_secret", {"SecretId": "a"}),
        ("ecs", "update_service", {"service": "a"}),
        ("sts", "get_caller_identity", {}),
    ],
)
def test_another_operation_never_leaves_the_client(aws: Endpoint, service: str, method: str, asked: dict[str, Any]) -> None:
    client = Aws(REGION, aws.url)._client(service)
    with pytest.raises(Forbidden):
        getattr(client, method)(**asked)
    assert not aws.calls


def test_every_client_comes_from_one_place() -> None:
    """So that none lacks the guard."""
    package = Path(cli.__file__ or "").parent
    source = {path.relative_to(package).as_posix(): path.read_text(encoding="utf-8") for path in package.glob("**/*.py")}
    assert [name for name, text in source.items() if re.search(r"\bboto3\b.*\.|\.client\(", text)] == ["live/aws.py"]


def test_the_policy_allows_what_is_called_and_nothing_else() -> None:
    policy = json.loads(lint("aws-policy", REGION, PATH, "MedplumDatabase").stdout)
    allowed = [one for statement in policy["Statement"] for one in statement["Action"]]
    assert sorted(one for one in allowed if one != "kms:Decrypt") == sorted(f"{name}:{one}" for name in ALLOWED for one in ALLOWED[name])
    by_name = {one["Sid"]: one for one in policy["Statement"]}
    assert by_name["Parameters"]["Resource"] == [f"arn:aws:ssm:{REGION}:*:parameter{PATH}*"]
    assert by_name["Secrets"]["Resource"] == [f"arn:aws:secretsmanager:{REGION}:*:secret:MedplumDatabase-??????"]
    assert {one["Effect"] for one in policy["Statement"]} == {"Allow"}
    assert all("Condition" in one for one in policy["Statement"] if one["Action"] == ["kms:Decrypt"])


def test_the_policy_for_an_arn() -> None:
    """A parameter may have an ARN without the six characters, and IAM compares the whole one."""
    arn = f"arn:aws:secretsmanager:{REGION}:1:secret:prod-db"
    policy = json.loads(lint("aws-policy", REGION, PATH, arn).stdout)
    assert {one["Sid"]: one for one in policy["Statement"]}["Secrets"]["Resource"] == [arn, f"{arn}-??????"]


@pytest.mark.parametrize("arguments", [("", PATH), (REGION, "/medplum/*/"), (REGION, PATH, "prod-*"), ("eu west", PATH)])
def test_a_policy_for_more_than_one_deployment_is_refused(arguments: tuple[str, ...]) -> None:
    result = lint("aws-policy", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_policy_of_another_partition() -> None:
    result = lint("aws-policy", "us-gov-west-1", "/medplum/prod/")
    assert '"arn:aws-us-gov:secretsmanager:us-gov-west-1:*:secret:*"' in result.stdout and "allows all secrets" in result.stderr
    assert lint("aws-policy", REGION, "/medplum/prod").exit_code == 2
