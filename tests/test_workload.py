"""The environment of a server: how each format describes it, which server it belongs to, and what is shown of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linter.documents.containers.workload import mebibytes, milliseconds, mounted_at, workload
from linter.documents.inputs import Input
from linter.documents.source import SourceFile
from linter.model import UNKNOWN, dotted
from linter.run import Options, Outcome, lint_input, lint_paths
from linter.sources import compose, ecs_task_definition, kubernetes

FIXTURES = Path(__file__).parent / "fixtures"


def lint(text: str, name: str = "compose.yml") -> Outcome:
    return lint_input(Input(name, text.encode("utf-8", "surrogatepass"), Path(name)), Options())


def found(outcome: Outcome) -> list[tuple[str, str]]:
    assert outcome.bugs == ()
    return [
        (f"{one.document.position(one.span.start).line} {one.rule}", dotted(one.path or ()))
        for one in outcome.result.findings
        if one.rule not in ("missing-setting", "implicit-database-tls")
    ]


def described(text: str, module: Any = compose, name: str = "compose.yml", at: int = 0) -> dict[str, Any]:
    every = module.workloads(SourceFile(name, text.encode()))
    return workload(every[at], every, None).document.data


# --- Values --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [("10s", 10_000), ("1m30s", 90_000), ("1h", 3_600_000), (30, 30_000), (True, UNKNOWN), ("", UNKNOWN), ("soon", UNKNOWN), ([], UNKNOWN)],
)
def test_times(value: Any, expected: Any) -> None:
    assert milliseconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("512m", 512), ("1g", 1024), ("2Gi", 2048), ("512Mi", 512), (1073741824, 1024), ("1.5g", UNKNOWN), (10**30, UNKNOWN), (None, UNKNOWN)],
)
def test_sizes(value: Any, expected: Any) -> None:
    assert mebibytes(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("files:/data:ro", "/data"),
        ("/data", "/data"),
        ({"target": "/data", "source": "files"}, "/data"),
        ({"mountPath": "/data"}, "/data"),
        ({"containerPath": "/data"}, "/data"),
        ({"target": "/${FOLDER}"}, UNKNOWN),
        ({"target": 5}, UNKNOWN),
        (5, UNKNOWN),
    ],
)
def test_mounts(value: Any, expected: Any) -> None:
    assert mounted_at(value) == expected


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("8103:8104", {"published": 8103, "target": 8104}),
        ("127.0.0.1:80:8103/tcp", {"address": "127.0.0.1", "published": 80, "target": 8103}),
        ("[::1]:80:8103", {"address": "[::1]", "published": 80, "target": 8103}),
        ("8103", {"target": 8103}),
        (8103, {"target": 8103}),
        ({"target": 8103, "published": "80", "host_ip": "10.0.0.1"}, {"address": "10.0.0.1", "published": 80, "target": 8103}),
        ("${PORT}:8103", {"published": UNKNOWN, "target": UNKNOWN}),
        ("8000-8010:8103", {"published": UNKNOWN, "target": UNKNOWN}),
        (10**400, {"published": UNKNOWN, "target": UNKNOWN}),
    ],
)
def test_ports_of_compose(port: Any, expected: dict[str, Any]) -> None:
    service = {"image": "medplum/medplum-server:5", "ports": [port]}
    assert described(yaml.safe_dump({"services": {"server": service}}))["ports"] == {"0": expected}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (["CMD", "node", "-e", "fetch('http://localhost:8103/healthcheck')"], {"programs": ["node"], "port": 8103, "path": "/healthcheck"}),
        (["CMD-SHELL", "curl -f http://127.0.0.1:80/x || exit 1"], {"programs": ["sh", "curl"], "port": 80, "path": "/x"}),
        ("wget -q http://localhost/", {"programs": ["sh", "wget"], "port": 80, "path": "/"}),
        ("curl x || node check.js", {"programs": ["sh"]}),
        (["CMD", "sh", "-c", "curl x"], {"programs": ["sh", "curl"]}),
        (["CMD", "curl", "http://localhost:${PORT}/"], {"programs": ["curl"]}),
        (["CMD", "${CHECK}"], {"programs": UNKNOWN}),
        (["NONE"], None),
        (["CMD-SHELL"], None),
        (["CMD", 5], None),
        (5, None),
    ],
)
def test_health_checks_of_compose(test: Any, expected: Any) -> None:
    service = {"image": "medplum/medplum-server:5", "healthcheck": {"test": test}}
    probes = described(yaml.safe_dump({"services": {"server": service}})).get("probes", {})
    assert probes.get("health") == expected


def test_other_formats_say_the_same() -> None:
    text = (FIXTURES / "workload-kubernetes-mistakes" / "input.yaml").read_text()
    server = described(text, kubernetes, "server.yaml", 1)
    assert (server["replicas"], server["gracePeriod"], server["memory"], server["network"]) == (3, 10_000, 512, "own")
    assert server["probes"]["liveness"] == {"port": 8080, "path": "/healthz", "allows": 40}
    text = (FIXTURES / "workload-ecs-mistakes" / "input.json").read_text()
    server = described(text, ecs_task_definition, "task.json")
    assert (server["gracePeriod"], server["memory"], server["network"], server["readOnly"]) == (20_000, 512, "own", True)
    assert (server["targets"], server["probes"]["health"]["programs"]) == ([3000], ["sh", "curl"])


# --- Which server it belongs to --------------------------------------------------------------------------------------------------------

MOUNTED = """\
services:
  postgres: {image: "postgres:12"}
  server:
    image: medplum/medplum-server:5.1.2
    command: file:/etc/medplum.json
    volumes: ["./medplum.json:/etc/medplum.json:ro"]
    ports: ["8103:8000"]
"""


def test_a_server_that_reads_a_mounted_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("compose.yml").write_text(MOUNTED)
    config = {"baseUrl": "https://api.hospital.example/", "port": 8103, "database": {"host": "postgres"}, "redis": {"host": "localhost"}}
    Path("medplum.json").write_text(json.dumps(config))
    outcome = lint_paths(["compose.yml"], Options())
    assert [(one.document.uri, one.rule) for one in outcome.result.findings if one.rule != "missing-setting"] == [
        ("compose.yml", "outdated-companion"),
        ("compose.yml", "unreached-port"),
        ("medplum.json", "incomplete-connection"),
        ("medplum.json", "unreachable-localhost"),
    ]


IMAGE_ALONE = """\
services:
  server:
    image: medplum/medplum-server:5.0.10
    command: "aws:us-east-1:/medplum/prod/"
    healthcheck:
      test: [CMD, curl, "http://localhost:8103/healthcheck"]
  other:
    image: example.com/thing:1
    healthcheck:
      test: [CMD, curl, "http://localhost:8103/healthcheck"]
"""


def test_a_server_of_which_only_the_image_is_known() -> None:
    outcome = lint(IMAGE_ALONE)
    assert found(outcome) == [("6 missing-probe-program", "probes.health.programs")]
    [finding] = outcome.result.findings
    assert (finding.document.server.text, finding.document.holders) == ("5.0.10", (("service", "server"),))
    assert [(file.status, file.kind) for file in outcome.result.files] == [("checked", "server/env")]
    [notice] = outcome.result.notices
    assert notice.text.endswith(": aws:us-east-1:/medplum/prod/ is not read: give the output of aws ssm get-parameters-by-path too")


def test_what_two_servers_share_is_reported_once() -> None:
    text = (FIXTURES / "workload-compose-mistakes" / "input.yml").read_text()
    again = text + "".join(f"  {line}\n" for line in ("copy:", "  extends: medplum-server"))
    outcomes = [lint(one) for one in (text, again)]
    databases = [[one for one in outcome.result.findings if one.rule == "outdated-companion"] for outcome in outcomes]
    assert [len(one) for one in databases] == [2, 2]
    assert databases[1][0].held_by == (("service", "medplum-server"), ("service", "copy"))


def test_a_volume_answers_for_a_relative_folder() -> None:
    text = (FIXTURES / "workload-compose-corrected" / "input.yml").read_text()
    assert found(lint(text)) == []
    without = text.replace("attachments:/usr/src/medplum/binary", "attachments:/elsewhere")
    assert found(lint(without)) == [("31 local-file-storage", "binaryStorage")]
    assert found(lint(without.replace("attachments:/elsewhere", "attachments:${FOLDER}"))) == []
    assert found(lint(without.replace("    volumes:", "    volumes_from: [files]\n    volumes:"))) == []


ALONE = """\
services:
  postgres: {image: "postgres:16", ports: ["5432:5432"]}
  server:
    image: medplum/medplum-server:5.1.2
    command: env
    ports: ["127.0.0.1:9229:9229"]
    environment:
      MEDPLUM_PORT: "8103"
      MEDPLUM_BASE_URL: https://api.hospital.example/
      MEDPLUM_DATABASE_HOST: 127.0.0.1
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", {"unreached-port", "unreachable-localhost"}),
        ('  app: {image: "medplum/medplum-app:5.1.2", ports: ["3000:3000"]}', {"unreached-port", "unreachable-localhost"}),
        ('  caddy: {image: "caddy:2", ports: ["443:443"]}', {"unreachable-localhost"}),
        ("  tunnel: {image: cloudflare/cloudflared}", {"unreachable-localhost"}),
        ("networks: {proxy: {external: true}}", {"unreachable-localhost"}),
        ("include: [proxy.yml]", {"unreachable-localhost"}),
        ('  proxy: {image: cloud-sql-proxy, network_mode: "service:server"}', set()),
        ('  proxy: {image: cloud-sql-proxy, network_mode: "${MODE}"}', set()),
    ],
)
def test_what_is_beside_a_server(more: str, expected: set[str]) -> None:
    rules = {rule.split()[1] for rule, _ in found(lint(ALONE + more))}
    assert rules & {"unreached-port", "unreachable-localhost"} == expected


@pytest.mark.parametrize(
    ("test", "more", "expected"),
    [
        (["CMD", "/busybox/wget"], {}, ["wget"]),
        (["CMD", "/busybox/wget"], {"volumes": ["./busybox:/busybox"]}, UNKNOWN),
        (["CMD", "curl"], {"volumes": ["./curl:/usr/bin/curl"]}, UNKNOWN),
        (["CMD-SHELL", "/busybox/wget x"], {"volumes": ["./busybox:/busybox"]}, UNKNOWN),
        (["CMD-SHELL", "curl x"], {"volumes": ["tools:/usr/bin/"]}, UNKNOWN),
        (["CMD-SHELL", "curl x"], {"volumes": ["files:/data"]}, ["sh", "curl"]),
        (["CMD", "curl"], {"volumes_from": ["tools"]}, UNKNOWN),
        (["CMD", "curl"], {"volumes": ["tools:/tools"], "environment": {"PATH": "/tools"}}, UNKNOWN),
    ],
)
def test_a_program_that_is_mounted(test: Any, more: Any, expected: Any) -> None:
    service = {"image": "medplum/medplum-server:5", "healthcheck": {"test": test}, **more}
    assert described(yaml.safe_dump({"services": {"server": service}}))["probes"]["health"]["programs"] == expected


def test_an_app_with_pages_of_its_own() -> None:
    app = '  app: {image: "medplum/medplum-app:5.1.2"}'
    mounted = app.replace("}", ', volumes: ["./dist:/usr/share/nginx/html"]}')
    rules = [{rule.split()[1] for rule, _ in found(lint(ALONE + one))} for one in (app, mounted)]
    assert ["app-differs-from-server" in one for one in rules] == [True, False]


def test_a_comment_accepts_a_finding() -> None:
    accepted = IMAGE_ALONE.replace('healthcheck"]\n  other', 'healthcheck"]  # medplum-lint: ignore[missing-probe-program] a stub\n  other')
    [finding] = lint(accepted).result.findings
    assert finding.suppressed == "a stub"


# --- What is shown -------------------------------------------------------------------------------------------------------------------


BOTH_PASSWORDS = ["redis.samePassword", "postgres.samePassword"]


def lint_passwords(text: str) -> list[str]:
    return [path for rule, path in found(lint(text)) if rule.endswith(" mismatched-companion-password")]


def test_no_password_is_in_the_document_or_the_report() -> None:
    text = """\
services:
  redis: {image: "redis:7", command: redis-server --requirepass fuchsia-kettle}
  postgres: {image: "postgres:16", environment: {POSTGRES_USER: medplum, POSTGRES_PASSWORD: marble-otter}}
  server:
    image: medplum/medplum-server:5.1.2
    command: env
    environment:
      MEDPLUM_BASE_URL: http://localhost:8103/
      MEDPLUM_REDIS_HOST: redis
      MEDPLUM_REDIS_PASSWORD: copper-lantern
      MEDPLUM_DATABASE_HOST: postgres
      MEDPLUM_DATABASE_USERNAME: medplum
      MEDPLUM_DATABASE_PASSWORD: velvet-anchor
      THIRD_PARTY_KEY: amber-thistle
"""
    assert lint_passwords(text.replace("POSTGRES_USER: ", "POSTGRES_HOST_AUTH_METHOD: trust, POSTGRES_USER: ")) == ["redis.samePassword"]
    assert lint_passwords(text.replace("POSTGRES_USER: ", "POSTGRES_HOST_AUTH_METHOD: md5, POSTGRES_USER: ")) == BOTH_PASSWORDS
    assert lint_passwords(f"{text}      MEDPLUM_REDIS_USERNAME: medplum\n") == ["postgres.samePassword"]
    assert lint_passwords(f"{text}      MEDPLUM_REDIS_USERNAME: default\n") == BOTH_PASSWORDS
    outcome = lint(text)
    mismatched = [one for one in outcome.result.findings if one.rule == "mismatched-companion-password"]
    assert [(dotted(one.path or ()), one.severity) for one in mismatched] == list(zip(BOTH_PASSWORDS, ("error", "warning"), strict=True))
    for one in outcome.result.findings:
        shown = one.document.origin.excerpt(one.path, one.span).text + one.message
        assert not any(secret in shown for secret in ("fuchsia", "marble", "copper", "velvet", "amber"))
        if one.document.kind == "workload":
            assert "kettle" not in str(one.document.data) and "thistle" not in str(one.document.data)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["${X}", "8103:8103", "CMD", "sh", "-c"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["target", "host_ip", "mountPath", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS = (
    "image entrypoint command ports volumes tmpfs deploy scale mem_limit network_mode read_only container_name working_dir healthcheck "
    "stop_grace_period env_file environment build extends volumes_from"
).split()


@given(st.dictionaries(st.sampled_from(MEMBERS), ANYTHING, max_size=5))
def test_any_member_of_a_service_can_be_anything(members: dict[str, Any]) -> None:
    tree = yaml.safe_load((FIXTURES / "workload-compose-mistakes" / "input.yml").read_text())
    tree["services"]["medplum-server"].update(members)
    tree["services"]["redis"].update(members)
    assert lint(yaml.safe_dump(tree)).bugs == ()


CONTAINER = "image command args ports env envFrom livenessProbe startupProbe resources securityContext volumeMounts workingDir".split()


@given(st.dictionaries(st.sampled_from(CONTAINER), ANYTHING, max_size=5), ANYTHING, ANYTHING)
def test_any_member_of_a_pod_can_be_anything(members: dict[str, Any], selector: Any, period: Any) -> None:
    trees = list(yaml.safe_load_all((FIXTURES / "workload-kubernetes-mistakes" / "input.yaml").read_text()))
    trees[0]["spec"]["selector"] = selector
    pod = trees[2]["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = period
    pod["containers"][0].update(members)
    assert lint(yaml.safe_dump_all(trees), "server.yaml").bugs == ()


@pytest.mark.parametrize(
    ("own", "of_file", "is_found"),
    [
        ("NODE_EXTRA_CA_CERTS: /rds.pem", "", False),
        ("NODE_ENV: production", "NODE_OPTIONS=--use-openssl-ca", False),
        ("NODE_ENV: production", "NODE_OPTIONS=--max-old-space-size=4096", True),
    ],
)
def test_a_server_that_may_trust_the_authority(own: str, of_file: str, tmp_path: Path, *, is_found: bool) -> None:
    variables = {"MEDPLUM_DATABASE_HOST": "db.eu-central-1.rds.amazonaws.com", "MEDPLUM_DATABASE_SSL_REQUIRE": "true"}
    service: dict[str, Any] = {"image": "medplum/medplum-server:5.1.14", "command": ["env"], "env_file": "a.env"}
    service["environment"] = {**variables, **yaml.safe_load(own)}
    (tmp_path / "a.env").write_text(of_file)
    (tmp_path / "compose.yml").write_text(yaml.safe_dump({"services": {"server": service}}))
    rules = {one.rule for one in lint_paths([str(tmp_path / "compose.yml")], Options()).result.findings}
    assert ("missing-ca-certificate" in rules) == is_found
