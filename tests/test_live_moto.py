"""``aws:`` arguments against moto, an AWS of others' making: parameters, secrets, and the rights of a user."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.loaders import create_loader
from click.testing import CliRunner, Result
from moto.server import ThreadedMotoServer
from support.endpoint import ARGUMENT, PATH, REGION, Endpoint, serving

from linter import cli
from linter.reporters import names as formats

pytestmark = pytest.mark.loopback

DATABASE = {"host": "db.hospital.example.net", "dbname": "medplum", "username": "clusteradmin", "password": "kUnpyqW7rTz2"}
REDIS = {"host": "redis.hospital.example.net", "port": "6379", "password": "Zz81-geheim-redis", "tls": {}}
PARAMETERS = {
    "baseUrl": ("String", "https://api.hospital.example.net/"),
    "appBaseUrl": ("String", "https://app.hospital.example.net/"),
    "supportEmail": ("String", "help@hospital.example.net"),
    "port": ("String", "8103"),
    "adminClientId": ("StringList", "a,b"),
    "recaptchaSecretKey": ("SecureString", "opaque-33-text"),
    "nested/name": ("String", "x"),
    **{f"shards.{number}.host": ("String", f"db{number}.hospital.example.net") for number in range(12)},
}
SECRETS = ("kUnpyqW7rTz2", "Zz81-geheim-redis", "opaque-33-text", "BEGIN-8731-key")
LOADER = create_loader()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def account(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session in an account with a stack as Medplum's CDK makes it."""
    for name, value in {"ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "SECRET_ACCESS_KEY": "x" * 40, "ENDPOINT_URL": moto}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("botocore.session.create_loader", lambda *_paths: LOADER)
    monkeypatch.chdir(tmp_path)
    session = boto3.session.Session(region_name=REGION)
    ssm, secrets = session.client("ssm"), session.client("secretsmanager")
    for name, (kind, text) in PARAMETERS.items():
        ssm.put_parameter(Name=f"{PATH}{name}", Type=kind, Value=text)
    for name, content in {"DatabaseSecrets": DATABASE, "RedisSecrets": REDIS}.items():
        arn = secrets.create_secret(Name=f"Medplum{name}", SecretString=json.dumps(content))["ARN"]
        ssm.put_parameter(Name=f"{PATH}{name}", Type="String", Value=arn)
    ssm.put_parameter(Name="/medplum/staging/baseUrl", Type="String", Value="http://staging.example.net")
    yield session
    send(moto, "reset")


def lint(*arguments: str) -> Result:
    result = CliRunner().invoke(cli.cli, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def dump(session: Any) -> str:
    """The parameters as ``aws ssm get-parameters-by-path --recursive --with-decryption`` saves them, and how describe-parameters does."""
    paths = {"Path": PATH, "Recursive": True, "WithDecryption": True}
    beneath = [{"Key": "Path", "Option": "Recursive", "Values": [PATH.rstrip("/")]}]
    ssm = session.client("ssm")
    values = [one for page in ssm.get_paginator("get_parameters_by_path").paginate(**paths) for one in page["Parameters"]]
    facts = [one for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=beneath) for one in page["Parameters"]]
    for name, parameters in (("ssm.json", values), ("ssm-described.json", facts)):
        Path(name).write_text(json.dumps({"Parameters": parameters}, default=lambda at: at.isoformat()), encoding="utf-8")
    return "ssm.json"


def save_secret(session: Any, parameter: str) -> str:
    """A secret as ``aws secretsmanager get-secret-value`` saves it."""
    answer = session.client("secretsmanager").get_secret_value(SecretId=f"Medplum{parameter}")
    known = {name: answer[name] for name in ("ARN", "Name", "SecretString")}
    Path(f"{parameter}.json").write_text(json.dumps(known), encoding="utf-8")
    return f"{parameter}.json"


def send(url: str, path: str, body: str = "") -> None:
    """Tell moto something about itself."""
    urlopen(Request(f"{url}/moto-api/{path}", body.encode(), {"Content-Type": "text/plain"}, method="POST")).close()


def findings(*arguments: str) -> list[tuple[str, str | None, str]]:
    found = json.loads(lint("--format", "json", "--ignore", "missing-setting", *arguments).stdout)["findings"]
    return sorted((one["rule"], one["setting"] or "", one["message"]) for one in found)


@pytest.mark.slow
def test_what_is_deployed_is_shown_and_checked_as_a_dump_of_it(account: Any) -> None:
    path = dump(account)
    secrets = [save_secret(account, name) for name in ("DatabaseSecrets", "RedisSecrets")]
    shown = ([ARGUMENT], [path, *secrets])
    [live], [saved] = (json.loads(lint("show", "--format", "json", *paths).stdout)["documents"] for paths in shown)
    own = [f"{section}.{name}" for section, secret in (("database", DATABASE), ("redis", REDIS)) for name in secret]
    assert [one["setting"] for one in saved["settings"]] == [*own, *PARAMETERS, "DatabaseSecrets", "RedisSecrets"]
    plain = ({**one, "settings": [{**row, "line": 0, "file": ""} for row in one["settings"]], "path": ""} for one in (live, saved))
    assert next(plain) == next(plain)
    assert findings(ARGUMENT) == findings(path, "ssm-described.json", *secrets) != []


def test_secrets_that_are_gone(account: Any) -> None:
    secrets, ssm = account.client("secretsmanager"), account.client("ssm")
    secrets.delete_secret(SecretId="MedplumRedisSecrets", RecoveryWindowInDays=7)
    empty = secrets.create_secret(Name="empty")["ARN"]
    ssm.put_parameter(Name=f"{PATH}DatabaseSecrets", Value=empty, Overwrite=True)
    ssm.put_parameter(Name=f"{PATH}ReaderDatabaseSecrets", Type="String", Value=empty.replace("empty", "no-such"))
    found = {setting: message for rule, setting, message in findings(ARGUMENT) if rule == "unreadable-secret"}
    assert {name: message.split(": ")[0] for name, message in found.items()} == {
        "DatabaseSecrets": "DatabaseSecrets names a secret that does not exist or has no current version",
        "ReaderDatabaseSecrets": "ReaderDatabaseSecrets names a secret that does not exist or has no current version",
        "RedisSecrets": "RedisSecrets names a secret that is marked for deletion",
    }


def test_diff_of_two_environments(account: Any) -> None:
    result = lint("diff", f"aws:{REGION}:/medplum/staging/", ARGUMENT)
    assert result.exit_code == 1 and "http://staging.example.net" in result.stdout and "settings differ" in result.stdout
    assert "geheim" not in result.output and "opaque" not in result.output


@pytest.mark.slow
def test_faults_that_no_file_shows(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack as the CDK makes it, after some changes in the console, with the CDK's config beside it; moto's tasks have no times."""
    infra = {
        "name": "prod",
        "region": REGION,
        "apiDomainName": "api.other.example.net",
        "apiPort": 8103,
        "storageBucketName": "hospital-storage",
        "serverImage": "medplum/medplum-server:5.1.14",
        "rdsSecretsArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:another-AbCdEf",
    }
    Path("medplum.prod.config.json").write_text(json.dumps(infra), encoding="utf-8")
    secrets, ssm = account.client("secretsmanager"), account.client("ssm")

    def put(name: str, value: str, **more: Any) -> None:
        ssm.put_parameter(**{"Name": f"{PATH}{name}", "Value": value, "Type": "String", "Overwrite": True, **more})

    put("signingKey", "BEGIN-8731-key")
    put("database.host", "other.hospital.example.net")
    put("binaryStorage", "s3:old-storage")
    put("", "x", Name="/medplum/Prod/supportEmail")
    secrets.put_secret_value(SecretId="MedplumDatabaseSecrets", SecretString=json.dumps({**DATABASE, "dbname": ""}))
    secrets.delete_secret(SecretId="MedplumRedisSecrets", RecoveryWindowInDays=7)
    ecs = Endpoint()
    ecs.environment = [{"name": "MEDPLUM_LOG_LEVEL", "value": "DEBUG"}]
    ecs.started = [time.time()]
    put("port", "8104")
    with serving(ecs):
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", ecs.url)
        found = {(rule, setting) for rule, setting, _ in findings(ARGUMENT, "medplum.prod.config.json")}
        printed = "".join(lint("--format", form, "--pedantic", ARGUMENT, "medplum.prod.config.json").output for form in formats())
    assert {
        ("unapplied-parameter", "port"),  # it was changed after the task started
        ("unreached-port", "targets"),  # and the task definition does not open it
        ("server-differs-from-infra", "port"),  # nor is it that of the CDK's config
        ("server-differs-from-infra", "binaryStorage"),
        ("server-differs-from-infra", "DatabaseSecrets"),
        ("image-differs-from-infra", "image"),  # the release of the running task
        ("url-differs-from-domain", "baseUrl"),
        ("ignored-environment", ""),  # a variable of the task definition, which is started without env
        ("unreadable-secret", "RedisSecrets"),
        ("incomplete-connection-secret", "dbname"),
        ("parameter-differs-from-secret", "database.host"),
        ("unencrypted-parameter", "signingKey"),
        ("ignored-parameter", ""),  # /medplum/Prod/supportEmail
        ("ignored-parameter", "nested/name"),
    } - found == set()
    assert [secret for secret in SECRETS if secret in printed] == []


@pytest.mark.slow
def test_the_printed_policy_is_enough_and_each_part_is_needed(account: Any, moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its actions: moto asks for all resources, and for no condition."""
    policy = json.loads(lint("aws-policy", REGION, PATH).stdout)
    iam = account.client("iam")
    iam.create_user(UserName="linter")
    key = iam.create_access_key(UserName="linter")["AccessKey"]

    def allowed(*left_out: str) -> Result:
        send(moto, "reset-auth", "1")  # so that the next call is let through
        statements = [{**one, "Resource": "*"} for one in policy["Statement"] if one["Sid"] not in left_out]
        document = json.dumps({**policy, "Statement": statements})
        iam.put_user_policy(UserName="linter", PolicyName="read", PolicyDocument=document)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        return lint("show", ARGUMENT)

    try:
        complete = allowed()
        assert (complete.exit_code, "not allowed" in complete.stderr) == (0, False), complete.stderr
        for left_out, action in {
            "ParameterFacts": "ssm:DescribeParameters",
            "Secrets": "secretsmanager:GetSecretValue",
            "Tasks": "ecs:ListClusters",
        }.items():
            result = allowed(left_out)
            assert result.exit_code == 0 and result.stdout and f"{action} is not allowed" in result.stderr
        nothing = allowed("Parameters")
        assert (nothing.exit_code, nothing.stdout) == (2, "") and "ssm:GetParametersByPath is not allowed" in nothing.stderr
    finally:
        send(moto, "reset-auth", "inf")
