"""ECS task definitions: which containers run a server, what stands in them and what is fetched, and how the server is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.checkout import ROOT
from test_variables import MARKER, assert_no_secret, found, lint, messages, reports

from linter.cli import cli
from linter.documents.source import Loaded, SourceFile
from linter.model import UNKNOWN
from linter.sources import ecs_task_definition

Given = dict[str, Any] | list[tuple[str, Any]] | None

NAME = "task-definition.json"
IMAGE = "medplum/medplum-server:5"


def load(text: str, name: str = NAME) -> list[Loaded]:
    return ecs_task_definition.load(SourceFile(name, text.encode()), "server/env")


def entries(field: str, given: Given) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    return [{"name": name, field: value} for name, value in (given.items() if isinstance(given, dict) else given)]


def container(environment: Given = None, secrets: Given = None, **more: Any) -> dict[str, Any]:
    """A container that is started with env; None leaves a member out."""
    made = {
        "name": "server",
        "image": IMAGE,
        "command": ["env"],
        "environment": entries("value", environment),
        "secrets": entries("valueFrom", secrets),
        **more,
    }
    return {name: value for name, value in made.items() if value is not None}


def task(*containers: dict[str, Any], **more: Any) -> str:
    return json.dumps({"family": "medplum", "containerDefinitions": containers, **more})


# --- What a container gives ----------------------------------------------------------------------------------------------------------

GIVEN = container({"MEDPLUM_REDIS_HOST": "cache", "MEDPLUM_PORT": "8103", "PATH": "/bin"}, {"MEDPLUM_REDIS_PASSWORD": "/redis"})


@pytest.mark.parametrize(
    ("text", "name", "environment"),
    [
        (task(GIVEN), NAME, "medplum"),
        (json.dumps({"taskDefinition": json.loads(task(GIVEN)), "tags": []}, indent=4), "described.json", "medplum"),
        (json.dumps([GIVEN]), "container-definitions.json", "server"),
        (yaml.safe_dump(json.loads(task(GIVEN))), "task-definition.yaml", "medplum"),
        (yaml.safe_dump({"taskDefinition": json.loads(task(GIVEN))}), "<stdin>", "medplum"),
    ],
)
def test_every_form(text: str, name: str, environment: str) -> None:
    file = SourceFile(name, text.encode())
    answer = ecs_task_definition.detect(file)
    assert answer is not None and answer.kind == "server/env"
    (document,) = (one.document for one in ecs_task_definition.load(file, "server/env"))
    assert (document.environment, document.complete) == (environment, True)
    assert document.data == {"redis": {"host": "cache", "password": UNKNOWN}, "port": 8103}
    assert text[slice(*document.locate(("redis", "host")))].strip('"') == "cache"
    assert text[slice(*document.locate(("redis", "host"), "key"))].strip('"') == "MEDPLUM_REDIS_HOST"
    assert text[slice(*document.locate(("redis", "password"), "key"))].strip('"') == "MEDPLUM_REDIS_PASSWORD"
    assert text[slice(*document.locate(("smtp",)))].strip('"') == "environment"


def test_a_finding_has_the_place_of_the_value() -> None:
    text = json.dumps(json.loads(task(container({"MEDPLUM_PORT": "8103", "MEDPLUM_LOG_LEVEL": "loud"}))), indent=2)
    (finding,) = (one for one in lint(text, NAME).result.findings if one.rule == "unknown-value")
    lines = text.splitlines()
    line, column = finding.document.position(finding.span.start)
    assert lines[line - 1][column - 1 :] == '"loud"' and lines[line - 2].strip() == '"name": "MEDPLUM_LOG_LEVEL",'


def test_a_file_without_environment_points_at_what_it_has() -> None:
    for one, pointed in ((container(None, {"MEDPLUM_PORT": "a"}), '"secrets"'), (container({}, {}), '"environment"'), (container(), "{")):
        text = task(one)
        (loaded,) = load(text)
        assert text[slice(*loaded.document.locate(("redis",)))] == pointed


@pytest.mark.parametrize("value", [8103, True, 1.5])
def test_ecs_refuses_values_that_are_not_texts(value: Any) -> None:
    text = task(container({"MEDPLUM_REDIS_USERNAME": value}, environmentFiles=[{}]))
    assert found(text, NAME) == ["unquoted-value redis.username"]
    assert "to ECS, which accepts only text here and refuses the task definition; put the value in quotes" in messages(text, NAME)


def test_escapes_that_are_kept() -> None:
    key = "-----BEGIN X-----\\nA\\n-----END X-----"
    text = task(container({"MEDPLUM_SIGNING_KEY": key, "MEDPLUM_REDIS_TLS": '{\\"ca\\":1}'}, environmentFiles=[{}]))
    assert [one for one in found(text, NAME) if one.startswith("mangled-variable")] == [
        "mangled-variable signingKey",
        "mangled-variable redis.tls",
    ]
    assert "write one backslash, not two" in messages(text, NAME) and "write one backslash, not three" in messages(text, NAME)


# --- What is fetched -----------------------------------------------------------------------------------------------------------------


def test_fetched_values_are_not_checked() -> None:
    """Neither as a value nor as a secret in plain text, whatever stands in ``valueFrom``."""
    fetched = {"MEDPLUM_REDIS_PASSWORD": "hunter2", "MEDPLUM_PORT": "arn:x", "MEDPLUM_BASE_URL": "no url", "MEDPLUM_LOG_LEVEL": ""}
    text = task(container({}, fetched, environmentFiles=[{}]))
    assert found(text, NAME) == []
    assert load(text)[0].document.data == {"redis": {"password": UNKNOWN}, "port": UNKNOWN, "baseUrl": UNKNOWN, "logLevel": UNKNOWN}


def test_a_name_that_has_no_effect_is_found_among_them() -> None:
    text = task(container({}, {"MEDPLUM_DATABASE_USER": "/db"}, environmentFiles=[{}]))
    (finding,) = lint(text, NAME).result.findings
    assert (finding.rule, text[slice(*finding.span)]) == ("misnamed-setting", '"MEDPLUM_DATABASE_USER"')


@pytest.mark.parametrize(
    ("url", "reported"), [("https://api.hospital.example/", True), ("http://localhost:8103/", False), ("${BASE_URL}", True)]
)
def test_a_secret_in_plain_text(url: str, reported: bool) -> None:
    text = task(container({"MEDPLUM_BASE_URL": url, "MEDPLUM_REDIS_PASSWORD": "x", "MEDPLUM_SMTP_PASSWORD": "${X}"}, environmentFiles=[{}]))
    findings = lint(text, NAME).result.findings
    described = [(one.severity, one.rule, text[slice(*one.span)]) for one in findings]
    assert described == ([("error", "plaintext-secret", '"x"')] if reported else [])
    assert all("ecs:DescribeTaskDefinition" in one.message for one in findings)


def test_names_that_ecs_refuses() -> None:
    secrets = [(name, "/a") for name in ("MEDPLUM_REDIS_PASSWORD", "MEDPLUM_SIGNING_KEY", "MEDPLUM_SIGNING_KEY", "A")]
    text = task(container({"MEDPLUM_REDIS_PASSWORD": "x", "MEDPLUM_PORT": "1", "A": "b"}, secrets, environmentFiles=[{}]))
    findings = lint(text, NAME).result.findings
    assert [(one.rule, one.path) for one in findings] == [
        ("invalid-manifest", ("redis", "password")),
        ("invalid-manifest", ("signingKey",)),
    ]
    assert [one.span.start for one in findings] == [text.rindex('"MEDPLUM_REDIS_PASSWORD"'), text.rindex('"MEDPLUM_SIGNING_KEY"')]
    assert "is given under environment too" in findings[0].message and "is given twice under secrets" in findings[1].message


def test_the_last_of_two_variables_counts() -> None:
    text = task(container([("MEDPLUM_REDIS_HOST", "a"), ("MEDPLUM_REDIS_HOST", "b")], environmentFiles=[{}]))
    assert found(text, NAME) == ["duplicate-key redis.host"]
    assert load(text)[0].document.data == {"redis": {"host": "b"}}


# --- Containers ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "rule", "complete"),
    [
        ({"command": None}, True, False),
        ({"command": []}, True, False),
        ({"command": ["file:medplum.config.json"]}, True, False),
        ({"command": ["aws:us-east-1:/medplum/prod/"]}, True, False),
        ({"command": ["aws:/medplum/prod/"]}, True, False),
        ({"command": ["aws:us-east-1:/medplum/prod/,env"]}, False, False),
        ({"command": ["env"]}, False, True),
        ({"command": ["env"], "environmentFiles": []}, False, True),
        ({"command": ["env"], "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::a/b.env"}]}, False, False),
        ({"entryPoint": ["node", "packages/server/dist/index.js"], "command": ["env"]}, False, True),
        ({"entryPoint": ["node", "packages/server/dist/index.js"], "command": None}, True, False),
        ({"entryPoint": [], "command": ["env"]}, False, True),
        ({"entryPoint": ["sh", "-c"], "command": ["node index.js env"]}, False, True),
        ({"command": ["${SOURCE}"]}, False, False),
        ({"image": "acme/api:1", "command": None}, False, False),
    ],
)
def test_how_the_server_is_started(more: dict[str, Any], rule: bool, complete: bool) -> None:
    text = task(container({"MEDPLUM_REDIS_HOST": "cache"}, **more))
    assert ("ignored-environment" in found(text, NAME)) == rule
    assert load(text)[0].document.complete == complete


def test_the_place_and_the_way_out_of_a_server_that_reads_no_variables() -> None:
    text = task(container({"MEDPLUM_REDIS_HOST": "cache"}, command=["aws:/medplum/prod/"]))
    (finding,) = lint(text, NAME).result.findings
    assert text[slice(*finding.span)] == '"command"'
    assert "the container server starts" in finding.message and finding.message.endswith('write "command": ["aws:/medplum/prod/,env"]')


def test_only_containers_that_run_a_server() -> None:
    own = container({"MEDPLUM_PORT": "1"}, name="api")
    copied = container({"MEDPLUM_REDIS_HOST": "b"}, name="worker", image="1234.dkr.ecr.eu-west-1.amazonaws.com/acme:1")
    fetched = container({}, {"MEDPLUM_DATABASE_PASSWORD": "/db"}, name="migrate", image="acme")
    bare = container({}, name="empty")
    app = container({"MEDPLUM_BASE_URL": "https://a.example/", "MEDPLUM_CLIENT_ID": "x"}, name="app", image="medplum/medplum-app")
    aws = container({}, name="cdk", command=["aws:/medplum/prod/"])
    text = task(app, own, copied, fetched, bare, aws, {"name": "x"}, family=None)
    assert [one.document.environment for one in load(text)] == ["api", "worker", "migrate", "empty", "cdk"]
    assert [one.document.environment for one in load(task(own, app))] == ["medplum/api"]


@pytest.mark.parametrize(
    ("text", "kind", "known"),
    [
        (task(container({"MEDPLUM_REDIS_HOST": "x"}, image=None)), "server/env", True),
        (task(container()), "server/env", True),
        (task(container(command=["aws:/medplum/prod/"])), "server/env", True),
        (task(container(command=["gcp:project:secret"])), "server/env", True),
        (task(container({"MEDPLUM_BASE_URL": "x"}, image="nginx")), None, True),
        (task(), None, True),
        ('{"taskDefinition": {"containerDefinitions": [{"name": "nginx"}]}}', None, True),
        (json.dumps([container({"MEDPLUM_REDIS_HOST": "x"})]), "server/env", True),
        (json.dumps([container({"A": "x"}, image="nginx")]), None, False),
        ('[{"name": "MEDPLUM_PORT"}]', None, False),
        ('{"containerDefinitions": {"environment": []}}', None, False),
        ('{"ContainerDefinitions": [{"Environment": [{"Name": "MEDPLUM_PORT", "Value": "1"}]}]}', None, False),
        ('{"baseUrl": "containerDefinitions MEDPLUM_"}', None, False),
    ],
)
def test_which_files_are_recognised(text: str, kind: str | None, known: bool) -> None:
    answer = ecs_task_definition.detect(SourceFile("a.json", text.encode()))
    assert (answer is not None) == known
    assert answer is None or answer.kind == kind


def test_a_resource_of_cloudformation_is_left_to_its_source() -> None:
    container = {"Image": IMAGE, "Environment": [{"Name": "MEDPLUM_REDIS_PASSWORD", "Value": "x"}]}
    template = {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [container]}}}}
    outcome = lint(json.dumps(template), "template.json")
    assert [file.note for file in outcome.result.files] == ["a CloudFormation template without parameters of a Medplum server"]


@pytest.mark.parametrize(
    "text",
    [
        '{"containerDefinitions": [null, 1, {"environment": {"MEDPLUM_REDIS_HOST": ["a"], "MEDPLUM_PORT": null}, "secrets": "x"}]}',
        '{"containerDefinitions": [{"image": ["medplum-server"], "environment": [1, "MEDPLUM_REDIS_HOST=a", {"name": 3}, {"value": 1}]}]}',
        '{"containerDefinitions": [{"image": "medplum-server", "command": "env", "environment": [{"name": "MEDPLUM_PORT", "value": []}]}]}',
        '{"family": ["x"], "containerDefinitions": [{"name": {}, "environment": [{"name": "MEDPLUM_REDIS_HOST"}]}]}',
        '{"taskDefinition": [{"containerDefinitions": []}], "containerDefinitions": [{"environment": [{"name": "MEDPLUM_REDIS_HOST"}]}]}',
    ],
)
def test_odd_task_definitions_do_not_crash(text: str) -> None:
    outcome = lint(text, NAME)
    assert outcome.bugs == () and outcome.errors == ()


# --- Mistakes in the text ------------------------------------------------------------------------------------------------------------


def test_mistakes_in_json() -> None:
    text = task(
        container({"MEDPLUM_REDIS_HOST": "a"}, environmentFiles=[{}]), container({"MEDPLUM_REDIS_HOST": "b"}, environmentFiles=[{}])
    )
    assert found(text[:-1] + ', "family": "other"}', NAME) == ["duplicate-key family"]
    assert found(text[:-2] + ",]}", NAME) == ["invalid-json"]
    assert found("\ufeff" + text, NAME) == []
    assert "the AWS CLI cannot read the task definition" in messages(text[:-2] + ",]}", NAME)


def test_nothing_is_shown_of_a_file_that_breaks_off() -> None:
    text = task(container({"MEDPLUM_LOG_LEVEL": "INFOO", "MEDPLUM_REDIS_HOST": "a b"}))
    assert '"INFOO"' in reports(lint(text, NAME))
    broken = text.replace('"value": "a b"', '"value: "a b"')
    outcome = lint(broken, NAME)
    assert {"invalid-json", "unknown-value"} <= {one.rule for one in outcome.result.findings}
    assert "INFOO" not in reports(outcome)


def test_a_file_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text('{"family": "medplum", "containerDefinitions": [{"name": "server", "environ')
    result = CliRunner().invoke(cli, [str(path)])
    assert result.exit_code == 2 and "not valid JSON (line 1, column 67: a string is not closed)" in result.stderr


def test_the_visible_part_of_a_line() -> None:
    """The names of variables, and what is public; nothing of another program's."""
    text = task(
        container({"MEDPLUM_LOG_LEVEL": "INFOO", "MEDPLUM_REDIS_PASSWORD": MARKER, "TOKEN": MARKER}, {"MEDPLUM_PORT": MARKER}),
        description=MARKER,
    )
    text = text.replace('{"name"', '\n{"name"')
    shown = reports(lint(text, NAME))
    assert '{"name": "MEDPLUM_LOG_LEVEL", "value": "INFOO"}' in shown
    assert '{"name": "MEDPLUM_REDIS_PASSWORD", "value": "••••••"}' in shown
    assert_no_secret(text, NAME)


def test_a_comment_in_yaml_accepts_a_finding() -> None:
    text = yaml.safe_dump({"containerDefinitions": [container({"MEDPLUM_REDIS_PASSWORD": "x"}, environmentFiles=[{}])]})
    text = text.replace("value: x", "value: x # medplum-lint: ignore[plaintext-secret] rotated by the deployment")
    (finding,) = lint(text, "task-definition.yml").result.findings
    assert finding.suppressed == "rotated by the deployment"


# --- Commands ------------------------------------------------------------------------------------------------------------------------


def test_show_and_diff(tmp_path: Path) -> None:
    text = (ROOT / "tests/fixtures/clean-production-ecs/input.json").read_text(encoding="utf-8")
    (one := tmp_path / "one.json").write_text(text, encoding="utf-8")
    (other := tmp_path / "other.json").write_text(text.replace("cache.hospital", "redis.hospital"), encoding="utf-8")
    shown = json.loads(CliRunner().invoke(cli, ["show", str(one), "--format", "json"]).stdout)
    (document,) = shown["documents"]
    settings = {given["setting"]: (given["written"], given["effective"], given["line"]) for given in document["settings"]}
    assert (document["environment"], document["holders"]) == (None, [{"type": "task definition", "name": "medplum-prod/server"}])
    assert settings["database.port"] == ("5432", 5432, 25)
    assert settings["redis.password"] == (None, None, 45)
    result = CliRunner().invoke(cli, ["diff", str(one), str(other)])
    changed = [line.split() for line in result.stdout.splitlines() if "redis" in line]
    assert (result.exit_code, changed) == (1, [["redis.host", '"cache.hospital.example"', '"redis.hospital.example"']])
