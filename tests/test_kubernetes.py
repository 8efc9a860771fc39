"""Kubernetes manifests: which objects give variables to a server, and what base64 hides."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from test_variables import MARKER, assert_no_secret, found, lint, messages, reports

from linter.documents.source import Loaded, SourceFile
from linter.model import UNKNOWN
from linter.run import Options, lint_paths
from linter.sources import kubernetes


def load(text: str) -> list[Loaded]:
    return kubernetes.load(SourceFile("medplum.yaml", text.encode()), "server/env")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config_map(*lines: str, kind: str = "ConfigMap", member: str = "data") -> str:
    return "\n".join(["apiVersion: v1", f"kind: {kind}", "metadata: {name: medplum}", f"{member}:", *(f"  {line}" for line in lines), ""])


def deployment(container: str, kind: str = "Deployment", version: str = "apps/v1") -> str:
    inner = "\n".join(f"        {line}" for line in container.splitlines())
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: api}}\nspec:\n  template:\n    spec:\n      containers:\n{inner}\n"


SERVER = "- name: server\n  image: medplum/medplum-server:5\n"


# --- What the objects give -----------------------------------------------------------------------------------------------------------


def test_a_secret_is_decoded_and_its_places_are_those_of_the_base64() -> None:
    text = config_map(f"MEDPLUM_REDIS_HOST: {encoded('cache')}", f"MEDPLUM_PORT: {encoded('8103')}", kind="Secret")
    text += "stringData: {MEDPLUM_REDIS_PASSWORD: x}\n"
    (loaded,) = load(text)
    assert loaded.document.data == {"redis": {"host": "cache", "password": "x"}, "port": 8103}
    assert text[slice(*loaded.document.locate(("port",)))] == encoded("8103")
    assert loaded.document.origin.facts(("redis", "password"))["type"] == "Secret"


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        (encoded("x\n"), "mangled-variable redis.password"),
        ("not base64!", "invalid-manifest redis.password"),
        ("YQ", "invalid-manifest redis.password"),
        ("ä", "invalid-manifest redis.password"),
        (base64.b64encode(b"\xff\xfe").decode(), ""),
        ("''", ""),
        (f"|\n    {encoded('x')}\n", ""),
        ("${PASSWORD}", ""),
        ("5", "unquoted-value redis.password"),
        (encoded("-----BEGIN X-----\nA\n-----END X-----\n"), ""),
    ],
)
def test_base64(value: str, finding: str) -> None:
    assert found(config_map(f"MEDPLUM_REDIS_PASSWORD: {value}", kind="Secret"), "s.yaml") == ([finding] if finding else [])


def test_nothing_of_a_secret_is_shown_not_even_what_is_public() -> None:
    text = config_map(f"MEDPLUM_LOG_LEVEL: {encoded('loud')}", f"MEDPLUM_REDIS_PASSWORD: {encoded(MARKER + chr(10))}", kind="Secret")
    assert len(found(text, "s.yaml")) == 2
    shown = reports(lint(text, "s.yaml"))
    assert encoded("loud") not in shown and MARKER not in shown
    assert_no_secret(text, "s.yaml")


@pytest.mark.parametrize("value", ["8103", "true", "1.5", "no"])
def test_kubernetes_refuses_values_that_are_not_texts(value: str) -> None:
    rules = [] if value == "no" else ["unquoted-value"]
    assert [line.split()[0] for line in found(config_map(f"MEDPLUM_REDIS_USERNAME: {value}"), "c.yaml")] == rules
    assert [line.split()[0] for line in found(config_map(f"MEDPLUM_REDIS_USERNAME: '{value}'"), "c.yaml")] == []
    elsewhere = "envFrom: [{configMapRef: {name: elsewhere}}]"
    container = f"{SERVER}  args: [env]\n  {elsewhere}\n  env: [{{name: MEDPLUM_REDIS_USERNAME, value: {value}}}]"
    assert [line.split()[0] for line in found(deployment(container), "d.yaml")] == rules


def test_a_secret_in_a_config_map() -> None:
    text = config_map("MEDPLUM_BASE_URL: https://api.hospital.example/", "MEDPLUM_REDIS_PASSWORD: x", "MEDPLUM_SIGNING_KEY: ''")
    assert found(text, "c.yaml") == ["plaintext-secret redis.password"]
    assert found(text.replace("https://api.hospital.example", "http://localhost:8103"), "c.yaml") == []


CONTAINER = f"""\
{SERVER}  args: ["env"]
  env:
    - name: MEDPLUM_REDIS_HOST
      value: cache
    - {{name: MEDPLUM_REDIS_PASSWORD, valueFrom: {{secretKeyRef: {{name: a, key: b}}}}}}
    - name: MEDPLUM_DATABASE_HOST
      value: $(DB_HOST)
    - name: MEDPLUM_LOG_LEVEL
    - name: PORT
      value: "1\""""


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
        ("serving.knative.dev/v1", "Service"),
        ("serving.knative.dev/v1", "Configuration"),
    ],
)
def test_a_container(version: str, kind: str) -> None:
    text = deployment(CONTAINER, kind, version)
    (loaded,) = load(text)
    document = loaded.document
    assert (document.environment, document.complete) == ("api/server", True)
    assert document.data == {"redis": {"host": "cache", "password": UNKNOWN}, "database": {"host": UNKNOWN}, "logLevel": UNKNOWN}
    assert text[slice(*document.locate(("redis", "host")))] == "cache"
    assert text[slice(*document.locate(("redis", "password"), "key"))] == "MEDPLUM_REDIS_PASSWORD"
    assert text[slice(*document.locate(("smtp",)))] == "env"


def test_a_pod_a_cron_job_and_a_list() -> None:
    containers = "[{image: medplum-server, env: [{name: MEDPLUM_PORT, value: '1'}]}]"
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: {containers}}}"
    cron = (
        "apiVersion: v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {initContainers: "
        "[{env: [{name: MEDPLUM_REDIS_HOST, value: a}]}]}}}}}"
    )
    items = f"apiVersion: v1\nkind: List\nitems:\n- {re.sub(chr(10), chr(10) + '  ', pod)}\n- {re.sub(chr(10), chr(10) + '  ', cron)}\n"
    assert [one.document.data for one in load(f"{pod}\n---\n{cron}\n")] == [{"port": 1}, {"redis": {"host": "a"}}]
    assert [one.document.environment for one in load(items)] == ["p", None]


CLOUD_RUN = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: api}
spec:
  template:
    spec:
      containers:
        - image: medplum/medplum-server:5
          args: [env]
          env:
            - name: MEDPLUM_PORT
              value: 8103
            - name: MEDPLUM_BASE_URL
              value: https://api.clinic.example
            - name: MEDPLUM_DATABASE_PASSWORD
              valueFrom: {secretKeyRef: {name: password, key: latest}}
            - name: MEDPLUM_REDIS_PASSWORD
              value: hunter2
"""


def test_a_service_of_cloud_run() -> None:
    (loaded,) = load(CLOUD_RUN)
    document = loaded.document
    assert (document.environment, document.complete) == ("api", True)
    assert document.data["database"] == {"password": UNKNOWN}
    image, container = CLOUD_RUN.split("          args: [env]\n")
    assert found(f"{image}{container}", "service.yaml") == [
        "ignored-environment",
        "unquoted-value port",
        "missing-trailing-slash baseUrl",
        "plaintext-secret redis.password",
    ]


def test_jobs_and_revisions_of_cloud_run() -> None:
    containers = "containers: [{image: medplum-server, env: [{name: MEDPLUM_PORT, value: '1'}]}]"
    job = f"apiVersion: run.googleapis.com/v1\nkind: Job\nspec: {{template: {{spec: {{template: {{spec: {{{containers}}}}}}}}}}}\n"
    revision = f"apiVersion: serving.knative.dev/v1beta1\nkind: Revision\nspec: {{{containers}}}\n"
    assert [one.document.data for one in load(f"{job}---\n{revision}")] == [{"port": 1}, {"port": 1}]


def test_a_service_of_kubernetes_has_no_containers() -> None:
    assert load(CLOUD_RUN.replace("serving.knative.dev/v1", "v1")) == []


@pytest.mark.parametrize(
    ("lines", "rule", "complete"),
    [
        ("", True, False),
        ("  args: [file:medplum.config.json]\n", True, False),
        ("  args: [env]\n", False, True),
        ("  args: [env]\n  envFrom: [{configMapRef: {name: a}}]\n", False, False),
        ("  command: [node, index.js]\n  args: ['file:a.json,env']\n", False, False),
        ("  command: [sh, -c, 'node index.js env']\n", False, True),
        ("  command: [node, packages/server/dist/index.js]\n", True, False),
        ("  command: [node, packages/server/dist/index.js, env]\n", False, True),
        ("  command: []\n", True, False),
    ],
)
def test_how_the_server_is_started(lines: str, rule: bool, complete: bool) -> None:
    text = deployment(f"{SERVER}{lines}  env: [{{name: MEDPLUM_REDIS_HOST, value: a}}]")
    assert ("ignored-environment" in found(text, "d.yaml")) == rule
    assert load(text)[0].document.complete == complete


def test_containers_side_by_side_have_names_of_their_own() -> None:
    two = (
        f"{SERVER}  env: [{{name: MEDPLUM_PORT, value: '1'}}]\n- name: worker\n  image: a\n  env: [{{name: MEDPLUM_REDIS_HOST, value: b}}]"
    )
    assert [one.document.environment for one in load(deployment(two))] == ["api/server", "api/worker"]


def test_a_key_with_escapes_in_base64() -> None:
    text = config_map(f"MEDPLUM_SIGNING_KEY: {encoded('-----BEGIN X-----' + chr(92) + 'nA' + chr(92) + 'n-----END X-----')}", kind="Secret")
    assert "encode the value with real line breaks" in messages(text, "s.yaml")


# --- Whose file ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "known"),
    [
        (config_map("MEDPLUM_DATABASE_HOST: db"), "server/env", True),
        (config_map("MEDPLUM_BASE_URL: https://a", "MEDPLUM_CLIENT_ID: b"), None, True),
        (config_map("medplum.config.json: '{}'"), None, True),
        (config_map("A: b").replace("medplum", "other"), None, False),
        (deployment("- image: medplum/medplum-app\n  env: [{name: MEDPLUM_BASE_URL, value: a}]"), None, True),
        (deployment(SERVER), None, True),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: medplum}\n", None, True),
        ("kind: ConfigMap\ndata: {MEDPLUM_DATABASE_HOST: db}\n", None, False),
        ("apiVersion: 1\nkind: [medplum]\n", None, False),
        ("medplum\n---\n- medplum\n---\n", None, False),
    ],
)
def test_which_files_are_recognised(text: str, kind: str | None, known: bool) -> None:
    answer = kubernetes.detect(SourceFile("a.yaml", text.encode()))
    assert (answer is not None) == known
    assert answer is None or answer.kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\ndata: [MEDPLUM_PORT]\n",
        "apiVersion: v1\nkind: ConfigMap\ndata: {MEDPLUM_PORT: {a: b}, MEDPLUM_REDIS_HOST: [c], MEDPLUM_A: null, MEDPLUM_B: !x y}\n",
        "apiVersion: v1\nkind: Secret\ndata: MEDPLUM_PORT\nstringData: [{name: MEDPLUM_REDIS_HOST}]\n",
        "apiVersion: v1\nkind: Secret\ndata: {MEDPLUM_REDIS_HOST: {a: b}, MEDPLUM_PORT: true}\nmetadata: medplum\n",
        "apiVersion: v1\nkind: List\nitems: [medplum, null, {kind: Pod}]\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: {medplum: 1}}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [medplum, {env: {MEDPLUM_REDIS_HOST: a}}, {env: [1, {name: A, value: [3]}]}]}\n",
        "apiVersion: v1\nkind: ConfigMap\ndata: {MEDPLUM_REDIS_HOST: a, MEDPLUM_REDIS_PORT: 'b",
    ],
)
def test_odd_manifests_do_not_crash(text: str) -> None:
    outcome = lint(text, "medplum.yaml")
    assert outcome.bugs == () and outcome.errors == ()


def test_chart_templates_are_not_manifests(tmp_path: Path) -> None:
    template = (
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  {{- with .Values.config }}\n  MEDPLUM_DATABASE_HOST: {{ .host | quote }}\n  {{- end }}\n"
    )
    (tmp_path / "configmap.yaml").write_text(template)
    assert [finding.rule for finding in lint_paths([str(tmp_path)], Options()).result.findings] == []


def test_a_container_without_variables_that_does_not_start() -> None:
    text = deployment(f"{SERVER}  command: ['file:/a/medplum.config.json']\n  volumeMounts: [{{name: a, mountPath: /a}}]")
    assert found(text, "d.yaml") == ["missing-program"]
    assert load(deployment(f"{SERVER}  args: [a]\n  volumeMounts: [{{name: a, mountPath: /etc/medplum}}]")) == []
