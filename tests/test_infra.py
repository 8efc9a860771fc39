"""The CDK's config: what is recognised, its external secrets, and for each of its settings a wrong value and what is found.

The table is ``data/wrong-infra-values.tsv``.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from support.helpers import EVERY_RULE, bare, messages, rule, verdict

from linter import settings
from linter.documents.inputs import Input
from linter.model import UNKNOWN, Finding
from linter.policy.grammar import rule_schema
from linter.policy.operators.aws import FARGATE_MEMORY
from linter.run import Options, Outcome, lint_input, lint_paths
from linter.settings.releases import DATES, NEWEST

TABLE = Path(__file__).parent / "data" / "wrong-infra-values.tsv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
CLEAN = json.loads((Path(__file__).parent / "fixtures" / "clean-production-infra" / "input.json").read_text(encoding="utf-8"))
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/0f1e"
ARNS = [name for name, value in sorted(CLEAN.items()) if str(value).startswith("arn:")]


def lint(content: Any, name: str = "medplum.prod.config.json", *, kind: str | None = None) -> Outcome:
    text = content if isinstance(content, str) else json.dumps(content)
    outcome = lint_input(Input(name, text.encode(), Path(name)), Options(EVERY_RULE, kind))
    assert outcome.bugs == () and outcome.errors == ()
    return outcome


def findings(change: dict[str, Any]) -> list[Finding]:
    """What is found in a clean config after a change; a member that is changed to ``...`` is left out."""
    content = {name: value for name, value in {**CLEAN, **change}.items() if value is not ...}
    return list(lint(content).result.findings)


def rules(change: dict[str, Any]) -> list[str]:
    return [f"{one.rule} {'.'.join(map(str, one.path or ()))}" for one in findings(change)]


def external(key: str = "/medplum/prod/x", type_: str = "string", system: str = "aws_ssm_parameter_store") -> dict[str, Any]:
    return {"system": system, "key": key, "type": type_}


# Every setting


def nested(path: list[str], value: Any) -> Any:
    for step in reversed(path):
        value = [value] if step == "*" else {step: value}
    return value


def test_every_setting_has_a_row() -> None:
    assert [row["setting"] for row in ROWS] == list(settings.catalogue("infra").names())


@pytest.mark.quick_cases(25)
@pytest.mark.parametrize("row", ROWS, ids=[row["setting"] for row in ROWS])
def test_a_wrong_value(row: dict[str, str]) -> None:
    document = nested(row["setting"].split("."), json.loads(row["value"]))
    found = [
        one.rule
        for one in lint(document, kind="infra/json").result.findings
        if one.path and ".".join("*" if isinstance(step, int) else step for step in one.path) == row["setting"]
    ]
    assert row["findings"]
    assert ",".join(found) == row["findings"]


@pytest.mark.parametrize("name", [name for name in CLEAN if name != "name"])
def test_any_value_but_the_region_may_be_an_external_secret(name: str) -> None:
    setting = settings.catalogue("infra").get((name,))
    assert setting is not None
    kinds = {"string": "string", "integer": "number", "boolean": "boolean"}
    if setting.types[0] in kinds:
        found = rules({name: external(type_=kinds[setting.types[0]])})
        assert found == (["invalid-external-secret region"] if name == "region" else [])


# What is recognised


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (CLEAN, "whatever.json", "infra/json"),
        ({"apiPort": 8103, "region": "us-east-1"}, "medplum.demo.config.json", "infra/json"),
        (
            {"stackName": "MedplumProd", "signingKeyId": "K2JCJMDEHXQW5F", "workers": {}, "domainName": "x", "maxAzs": 2, "apiPort": 1},
            "a.json",
            "infra/json",
        ),
        ({"apiPort": 8103, "port": 8103, "database": {}, "redis": {}}, "medplum.config.json", "server/json"),
        (
            {"port": 8103, "baseUrl": "https://a/", "appBaseUrl": "https://b/", "apiPort": 8103, "stackName": "x"},
            "medplum.config.json",
            "server/json",
        ),
        ({"bots": [], "apiPort": 8103}, "medplum.config.json", None),
        ({"baseUrl": "https://a/", "clientId": "x"}, "medplum.config.json", None),
    ],
)
def test_what_is_recognised(content: Any, name: str, kind: str | None) -> None:
    assert [file.kind for file in lint(content, name).result.files] == [kind]


def test_the_environment_is_its_name() -> None:
    (document,) = lint(CLEAN).result.documents
    assert document.environment == "prod"
    (document,) = lint({**CLEAN, "name": external()}).result.documents
    assert document.environment is None


def test_mistakes_in_the_text_name_the_cdk() -> None:
    text = json.dumps(CLEAN)
    (finding,) = lint(f"{text[:-1]},}}").result.findings
    assert finding.rule == "invalid-json"
    assert "the CDK and the CLI read their config with JSON.parse" in finding.message
    (finding,) = lint("[1]", kind="infra/json").result.findings
    assert (finding.rule, "the CDK finds no region" in finding.message) == ("invalid-json", True)


# External secrets


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"apiDomainName": external("apiDomainName")}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": external("medplum/prod/x")}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": external("/medplum/prod//x")}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": external("/medplum/prod/x:3")}, []),
        ({"apiDomainName": external("arn:aws:ssm:us-east-1:123456789012:parameter/medplum/x")}, []),
        ({"apiDomainName": external("/medplum/${ENV}/x")}, []),
        ({"apiDomainName": external(system="aws_secrets_manager")}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": external(type_="String")}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": external(type_="number")}, ["invalid-external-secret apiDomainName"]),
        ({"desiredServerCount": external(type_="string")}, ["invalid-external-secret desiredServerCount"]),
        ({"apiInternetFacing": external(type_="number")}, ["invalid-external-secret apiInternetFacing"]),
        ({"fargateAutoScaling": external()}, ["invalid-external-secret fargateAutoScaling"]),
        ({"additionalContainers": external()}, ["invalid-external-secret additionalContainers"]),
        ({"apiDomainName": {**external(), "note": "x"}}, []),
        ({"apiDomainName": {"system": "aws_ssm_parameter_store", "key": "/a"}}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": {"key": "/a", "type": "string"}}, ["invalid-external-secret apiDomainName"]),
        (
            {"apiDomainName": {"system": "aws_ssm_parameter_store", "name": "/a", "type": "string"}},
            ["invalid-external-secret apiDomainName"],
        ),
        ({"apiDomainName": {**external(), "key": 5}}, ["invalid-external-secret apiDomainName"]),
        ({"apiDomainName": {**external(), "type": None}}, ["invalid-external-secret apiDomainName"]),
        ({"environment": {"A": {"system": "aws_ssm_parameter_store", "key": "/a"}}}, ["invalid-external-secret environment.A"]),
        ({"environment": {"A": external("a")}}, ["invalid-external-secret environment.A"]),
        ({"environment": {"A": external()}}, []),
        ({"environment": {"A": external(type_="number")}}, ["invalid-external-secret environment.A"]),
        (
            {"additionalContainers": [{"name": "a", "image": "b:1.0", "environment": {"A": external(type_="boolean")}}]},
            ["invalid-external-secret additionalContainers.0.environment.A"],
        ),
        ({"fireLens": {"enabled": True, "logRouterConfig": {"type": "fluentbit"}}}, []),
        ({"apiDomain": external()}, ["unknown-setting apiDomain"]),
        ({"apiDomainName": {"a": 1}}, ["wrong-type apiDomainName"]),
        ({"workers": {"enabled": ["*", external("/a")]}}, []),
        ({"workers": {"enabled": [external("/a"), "b"]}}, []),
        ({"workers": {"enabled": ["*", {"system": "aws_ssm_parameter_store"}]}}, ["invalid-external-secret workers.enabled.1"]),
        ({"workerServices": [{"id": "a", "desiredCount": 1}, external("/a")]}, ["invalid-external-secret workerServices.1"]),
        ({"workerServices": [{"id": external("/a"), "desiredCount": external("/b", "number")}]}, []),
        ({"vpcId": None}, ["null-infra-value vpcId"]),
        ({"environment": {"A": None}}, ["null-infra-value environment.A"]),
        ({"anything": {"deep": [{"a": None}]}}, ["null-infra-value anything.deep.0.a", "unknown-setting anything"]),
    ],
)
def test_external_secrets(change: dict[str, Any], found: list[str]) -> None:
    assert sorted(rules(change)) == found


def test_what_is_fetched_is_unknown() -> None:
    (document,) = lint(CLEAN).result.documents
    assert document.get(("apiPort",)) is UNKNOWN
    assert document.get(("additionalContainers", 0, "command")) == ["--token", UNKNOWN]


def test_no_message_shows_the_key_of_an_external_secret() -> None:
    (finding,) = findings({"apiDomainName": external("hunter2")})
    assert "hunter2" not in finding.message


def test_a_deep_config_does_not_matter() -> None:
    assert lint('{"stackName": "a", "apiPort": 1, "x": ' + "[" * 1_500 + "]" * 1_500 + "}").result.findings


# Rules that look at more than one value


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"apiSslCertArn": CLEAN["appSslCertArn"]}, ["foreign-region-arn apiSslCertArn"]),
        ({"appSslCertArn": CLEAN["apiSslCertArn"]}, ["foreign-region-arn appSslCertArn"]),
        ({"storageSslCertArn": CLEAN["apiSslCertArn"]}, ["foreign-region-arn storageSslCertArn"]),
        ({"apiSslCertArn": "arn:aws:iam::012345678901:server-certificate/api"}, []),
        ({"apiSslCertArn": "159b257b-a180-49c6-b188-4dc962d8e708"}, ["invalid-arn apiSslCertArn"]),
        ({"appSslCertArn": ARN}, ["foreign-account-arn appSslCertArn"]),
        ({"apiWafIpSetArn": ""}, []),
        ({"appWafIpSetArn": CLEAN["apiWafIpSetArn"]}, ["foreign-region-arn appWafIpSetArn"]),
        ({"rdsSecretsArn": "TODO"}, ["unfilled-placeholder rdsSecretsArn"]),
        ({"rdsSecretsArn": "arn:aws:secretsmanager:us-east-1:012345678901:secret:x"}, ["foreign-region-arn rdsSecretsArn"]),
        ({"accountNumber": 12345678901}, ["wrong-type accountNumber"]),
        ({"accountNumber": 123456789012}, [*(f"foreign-account-arn {name}" for name in ARNS), "wrong-type accountNumber"]),
        ({"accountNumber": "${ACCOUNT}"}, ["unfilled-placeholder accountNumber"]),
        ({"storagePublicKey": ...}, ["missing-infra-setting storagePublicKey"]),
        ({"storagePublicKey": ..., "signingKeyId": "K2JCJMDEHXQW5F"}, []),
        (
            {"storagePublicKey": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"},
            ["misplaced-private-key storagePublicKey"],
        ),
        ({"baseUrl": ...}, ["missing-infra-setting baseUrl"]),
        ({"baseUrl": "https://api.hospital.example"}, ["missing-trailing-slash baseUrl"]),
        ({"baseUrl": "https://app.hospital.example/"}, ["url-differs-from-domain baseUrl"]),
        ({"baseUrl": "https://api.hospital.example:443/"}, []),
        ({"domainName": "hospital.co.uk", "hostedZoneName": ...}, ["missing-hosted-zone domainName"]),
        ({"domainName": "hospital.co.uk", "hostedZoneName": ..., "skipDns": True}, []),
        ({"domainName": "hospital.co.uk"}, []),
        ({"domainName": "staging.hospital.example", "hostedZoneName": ...}, ["missing-hosted-zone domainName"]),
        ({"maxAzs": 1}, ["too-few-zones maxAzs"]),
        ({"maxAzs": 1, "vpcId": "vpc-0123456789abcdef0"}, []),
        ({"maxAzs": 99}, []),
        ({"rdsInstances": ...}, ["missing-infra-size rdsInstances"]),
        ({"rdsInstances": ..., "rdsSecretsArn": "arn:aws:secretsmanager:eu-central-1:012345678901:secret:x"}, []),
        ({"serverCpu": 2048, "serverMemory": 4096}, []),
        ({"serverCpu": 4096, "serverMemory": 4096}, ["invalid-fargate-size serverMemory"]),
        ({"serverCpu": 256, "serverMemory": 512}, ["undersized-server serverCpu", "undersized-server serverMemory"]),
        ({"desiredServerCount": 9}, ["inconsistent-autoscaling desiredServerCount"]),
        (
            {"fargateAutoScaling": {**CLEAN["fargateAutoScaling"], "maxCapacity": 1}},
            ["inconsistent-autoscaling fargateAutoScaling.minCapacity"],
        ),
        (
            {"fargateAutoScaling": {"minCapacity": external("/a", "number"), "maxCapacity": 8}},
            ["incomplete-object fargateAutoScaling.targetUtilizationPercent"],
        ),
        ({"rdsPersistentParameterGroups": False}, ["conflicting-infra-settings rdsIdsMajorVersionSuffix"]),
        ({"environment": {"MEDPLUM_PORT": "1"}}, ["misplaced-setting environment.MEDPLUM_PORT"]),
        ({"environment": {"MEDPLUM_PORT": "1"}, "workerServices": [{"id": "a", "desiredCount": 1}]}, []),
        ({"clientId": "x", "registerEnabled": False, "dataWarehouse": {"tableBucketName": "x"}}, []),
        ({"serverMemry": 4096}, ["unknown-setting serverMemry"]),
    ],
)
def test_rules(change: dict[str, Any], found: list[str]) -> None:
    assert sorted(rules(change)) == found


@pytest.mark.parametrize(
    ("image", "moves"),
    [
        ("medplum/medplum-server:latest", True),
        ("medplum/medplum-server", True),
        ("medplum/medplum-server:4", True),
        ("medplum/medplum-server:v4", True),
        ("localhost:5000/medplum-server", True),
        ("medplum/medplum-server:4.0", False),
        ("medplum/medplum-server:4.2.0", False),
        ("medplum/medplum-server:4.2.0-abc1234", False),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/medplum:1a2b3c4", False),
        ("medplum/medplum-server@sha256:0f1e", False),
        ("medplum/medplum-server:latest@sha256:0f1e", False),
        ("medplum/medplum-server:${TAG}", None),
    ],
)
def test_image_tags_that_move(image: str, moves: bool | None) -> None:
    wanted = [] if moves is False else ["mutable-image-tag serverImage"] if moves else ["unfilled-placeholder serverImage"]
    assert rules({"serverImage": image}) == wanted


def test_each_member_that_is_missing_is_reported() -> None:
    needed = ["name", "stackName", "accountNumber", "region", "apiPort", "apiDomainName", "apiSslCertArn", "appDomainName"]
    needed += ["appSslCertArn", "storageDomainName", "storageSslCertArn", "storageBucketName", "serverImage"]
    for name in needed:
        assert f"missing-infra-setting {name}" in rules({name: ...})
    assert "missing-infra-setting domainName" in rules({"domainName": ..., "hostedZoneName": ...})
    assert "missing-infra-setting domainName" not in rules({"domainName": ...})


# What stops the synthesis of the stack, and what does not

CONTAINER: Final = {"name": "proxy", "image": "example/proxy:1.27.3"}
WORKER: Final = {"id": "jobs", "desiredCount": 1}
ROUTER: Final = {"enabled": True, "logRouterConfig": {"type": "fluentbit"}}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"additionalContainers": [{**CONTAINER, "name": 5}]}, ["wrong-type additionalContainers.0.name"]),
        ({"additionalContainers": [{**CONTAINER, "image": True}]}, ["wrong-type additionalContainers.0.image"]),
        ({"additionalContainers": [{**CONTAINER, "essential": "true"}]}, ["wrong-type additionalContainers.0.essential"]),
        ({"additionalContainers": [{**CONTAINER, "essential": 1}]}, ["wrong-type additionalContainers.0.essential"]),
        ({"additionalContainers": [{**CONTAINER, "command": "--x"}]}, ["wrong-type additionalContainers.0.command"]),
        ({"additionalContainers": [{**CONTAINER, "command": ["--x", 5]}]}, ["wrong-type additionalContainers.0.command.1"]),
        (
            {"additionalContainers": [{**CONTAINER, "environment": {"A": 5}}]},
            ["wrong-type additionalContainers.0.environment.A"],
        ),
        ({"additionalContainers": [{"name": "proxy"}]}, ["incomplete-object additionalContainers.0.image"]),
        ({"additionalContainers": [CONTAINER, CONTAINER]}, ["duplicate-entry additionalContainers.1.name"]),
        ({"workerServices": [{**WORKER, "desiredCount": "1"}]}, ["wrong-type workerServices.0.desiredCount"]),
        ({"workerServices": [{**WORKER, "serverCpu": True}]}, ["wrong-type workerServices.0.serverCpu"]),
        ({"workerServices": [{**WORKER, "serverCpu": 0}]}, ["unknown-value workerServices.0.serverCpu"]),
        ({"workerServices": [{**WORKER, "environment": {"A": 5}}]}, ["wrong-type workerServices.0.environment.A"]),
        ({"workerServices": [WORKER, WORKER]}, ["duplicate-entry workerServices.1.id"]),
        ({"fireLens": {"enabled": True}}, ["incomplete-object fireLens.logRouterConfig"]),
        ({"fireLens": {"enabled": True, "logRouterConfig": ""}}, ["wrong-type fireLens.logRouterConfig"]),
        ({"fireLens": {**ROUTER, "logRouterConfig": {"type": 5}}}, ["wrong-type fireLens.logRouterConfig.type"]),
        ({"fireLens": {**ROUTER, "environment": {"A": True}}}, ["wrong-type fireLens.environment.A"]),
        (
            {"fireLens": {**ROUTER, "logDriverConfig": {"options": {"a": 1}}}},
            ["wrong-type fireLens.logDriverConfig.options.a"],
        ),
        ({"environment": {"A": 5}}, ["wrong-type environment.A"]),
        (
            {"mtlsSslCertArn": CLEAN["apiSslCertArn"], "mtlsDomainName": "mtls.hospital.example"},
            ["conflicting-infra-settings wafLogGroupName"],
        ),
        ({"hostedZoneName": ""}, ["missing-hosted-zone hostedZoneName"]),
        ({"appDomainName": "App.hospital.example"}, ["invalid-hostname appDomainName"]),
        ({"storageBucketName": "hospital..storage"}, ["invalid-aws-value storageBucketName"]),
        ({"storageBucketName": "192.168.1.1"}, ["invalid-aws-value storageBucketName"]),
        (
            {"containerRegistryCredentialsSecretArn": "arn:aws:secretsmanager:eu-central-1:012345678901:secret:registry"},
            ["invalid-arn containerRegistryCredentialsSecretArn"],
        ),
        ({"rdsAutoMinorVersionUpgrade": ""}, ["wrong-type rdsAutoMinorVersionUpgrade"]),
        ({"stackName": "M" * 108}, ["invalid-aws-value stackName"]),
        ({"workerServices": [{**WORKER, "id": 1}, {**WORKER, "id": "1"}]}, ["duplicate-entry workerServices.1.id"]),
        (
            {"fireLens": {**ROUTER, "logRouterConfig": {"type": "fluentbit", "options": {"configFileType": "s3"}}}},
            ["incomplete-object fireLens.logRouterConfig.options.configFileValue"],
        ),
        ({"rdsInstances": 600}, ["number-out-of-range rdsInstances"]),
        ({"desiredServerCount": "2"}, ["wrong-type desiredServerCount"]),
        *(({name: 5}, [f"wrong-type {name}"]) for name in ("name", "accountNumber", "hostedZoneName", "mtlsDomainName", "mtlsWafIpSetArn")),
        ({"maxAzs": True}, ["wrong-type maxAzs"]),
        ({"workerServices": True}, ["wrong-type workerServices"]),
        ({"apiPort": 0}, ["number-out-of-range apiPort"]),
    ],
)
def test_what_stops_the_synthesis_is_an_error(change: dict[str, Any], found: list[str]) -> None:
    reported = [one for one in findings(change) if one.severity == "error"]
    assert [f"{one.rule} {'.'.join(map(str, one.path or ()))}" for one in reported] == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"serverMemory": "8192", "serverCpu": "4096"}, []),
        ({"rdsInstances": "2"}, []),
        ({"rdsInstances": 0}, ["inadvisable-number rdsInstances"]),
        ({"maxAzs": "3"}, []),
        ({"maxAzs": "three", "vpcId": "vpc-0123456789abcdef0"}, []),
        ({"maxAzs": 0, "vpcId": "vpc-0123456789abcdef0"}, []),
        ({"workerServices": [{**WORKER, "serverMemory": "8192"}]}, []),
        ({"domainName": ...}, []),
        ({"domainName": "https://hospital.example/"}, []),
        ({"domainName": 5}, []),
        ({"rdsSecretsArn": "medplum/prod/database"}, []),
        ({"fargateAutoScaling": {**CLEAN["fargateAutoScaling"], "minCapacity": 0}}, []),
        ({"workerServices": [{**WORKER, "desiredCount": 0}]}, []),
        ({"cacheEngine": "Redis"}, []),
        ({"storageBotInputExpirationDays": 30, "pinAdditionalContainerImages": True, "blockedEmailDomains": "example.org"}, []),
        ({"additionalContainers": [{"image": "example/proxy:1.27.3"}]}, []),
        ({"fireLens": ROUTER}, []),
        ({"fireLens": False}, ["inexact-value fireLens"]),
        ({"apiWafIpSetArn": False}, ["inexact-value apiWafIpSetArn"]),
        ({"cacheRedis": ""}, ["inexact-value cacheRedis"]),
        ({"mtlsSslCertArn": False}, ["inexact-value mtlsSslCertArn"]),
        ({"workers": 0}, ["inexact-value workers"]),
        ({"stackName": "M" * 107}, []),
        ({"baseUrl": "https://API.hospital.example:443/"}, []),
    ],
)
def test_a_config_that_deploys_is_not_an_error(change: dict[str, Any], found: list[str]) -> None:
    assert [f"{one.rule} {'.'.join(map(str, one.path or ()))}" for one in findings(change)] == found
    assert all(one.severity != "error" for one in findings(change))


# The operators


def test_an_arn_of_certain_parts() -> None:
    assert verdict({"arn": {"service": "acm", "region": "us-east-1", "account": "123456789012", "resource": "certificate/"}}, ARN) is True
    assert verdict({"arn": {"service": "iam"}}, ARN) == ['must be an ARN whose service is "iam"']
    assert verdict({"arn": {"resource": "role/"}}, ARN) == ['must be an ARN whose resource begins with "role/"']
    assert verdict({"arn": {"region": "${awsRegion}"}}, ARN, awsRegion="eu-central-1") == ['must be an ARN whose region is "eu-central-1"']
    assert verdict({"arn": {"region": "${awsRegion}"}}, ARN) is None
    assert verdict({"arn": {"region": "${awsRegion}", "service": "iam"}}, ARN) == ['must be an ARN whose service is "iam"']
    assert verdict({"arn": {"service": "acm"}}, "acm") == ["must be an ARN"]
    assert verdict({"arn": {"service": "acm"}}, 5) == ["must be an ARN"]
    assert verdict({"arn": {"service": "acm"}}) is None


def test_a_bound_may_be_that_of_another_setting() -> None:
    assert verdict({"max": "${port}"}, 3, port=3) is True
    assert verdict({"max": "${port}"}, 4, port=3) == ["must be at most 3"]
    assert verdict({"min": "${port}"}, 4, port=5) == ["must be at least 5"]
    assert verdict({"min": "${secret}"}, 4, secret=5) == ["must be at least ••••••"]
    assert verdict({"min": "${port}"}, 4) is None
    assert verdict({"min": "${port}"}, 4, port="many") is None
    assert verdict({"min": "${port}"}, "4", port=5) == ["must be a number"]


def test_the_memory_that_fargate_has() -> None:
    for cpu, sizes in FARGATE_MEMORY.items():
        assert all(verdict({"fargate_memory": cpu}, size) is True for size in sizes)
        assert verdict({"fargate_memory": cpu}, sizes[-1] + 1) != True  # noqa: E712  # it may also be a list
    assert {cpu: (sizes[0], sizes[-1], len(sizes)) for cpu, sizes in FARGATE_MEMORY.items()} == {
        256: (512, 2048, 3),
        512: (1024, 4096, 4),
        1024: (2048, 8192, 7),
        2048: (4096, 16384, 13),
        4096: (8192, 30720, 23),
        8192: (16384, 61440, 12),
        16384: (32768, 122880, 12),
    }
    assert verdict({"fargate_memory": "${cpu}"}, 513, cpu=256) == ["must be 512, 1024 or 2048 MiB with 256 CPU units"]
    assert verdict({"fargate_memory": "${cpu}"}, 513, cpu=1000) is None
    assert verdict({"fargate_memory": "${cpu}"}, 513) is None


@pytest.mark.parametrize(
    "assertion",
    [
        {"arn": "acm"},
        {"arn": {}},
        {"arn": {"servce": "acm"}},
        {"arn": {"region": 5}},
        {"min": "5x"},
        {"fargate_memory": "five"},
        {"max": True},
    ],
)
def test_a_wrong_operand_is_an_error(assertion: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator({"$ref": "#/$defs/assertion", "$defs": rule_schema()["$defs"]}).is_valid(assertion)


def test_messages_name_the_reader_of_the_config() -> None:
    document = bare({"apiDomain": "x", "skipDns": "false", "maxConnections": 5}, "infra/json")
    assert messages(rule({"**": {"fits": "known"}}, **{"for": "infra"}), document) == [
        f"apiDomain is not known to this version of medplum-lint: no known release up to {NEWEST} ({DATES[NEWEST]}) reads it; "
        "did you mean apiDomainName?"
    ]
    (message,) = messages(rule({"**": {"fits": "boolean"}}, **{"for": "infra"}), document)
    assert message == (
        "skipDns is text, and the CDK reads any text as true, so the CDK creates no DNS entries, and the host names do not resolve until "
        "you create them; write true or false without quotes"
    )
    (message,) = messages(rule({"**": {"fits": "current"}}, **{"for": "infra"}), document)
    assert message == "maxConnections is documented, but is not read by the CDK; remove it"


def test_unknown_list_items_have_no_fix(tmp_path: Path) -> None:
    path = tmp_path / "medplum.demo.config.json"
    path.write_text('{"name": "demo", "environment": {"A": [null]}}', encoding="utf-8")
    outcome = lint_paths([str(path)], Options(kind="infra/json", isolated=True))
    assert outcome.bugs == ()
    assert [one.fix for one in outcome.result.findings if one.rule == "wrong-type"] == [None]
