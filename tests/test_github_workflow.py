"""Workflows of GitHub Actions: whose variables they give, to which process, and which secrets are throwaway."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_variables import found, lint

from linter.documents.inputs import Input
from linter.documents.source import Loaded, SourceFile
from linter.model import UNKNOWN
from linter.run import Options, lint_input, lint_paths
from linter.sources import github_workflow

HOST = "{MEDPLUM_REDIS_HOST: cache}"


def load(text: str) -> list[Loaded]:
    return github_workflow.load(SourceFile("deploy.yml", text.encode()), "server/env")


def job(*lines: str, name: str = "deploy") -> str:
    return "\n".join(["on: push", "jobs:", f"  {name}:", "    runs-on: ubuntu-latest", *(f"    {line}" for line in lines), ""])


# --- Where variables are -------------------------------------------------------------------------------------------------------------


def test_the_variables_of_a_job() -> None:
    text = job(
        "env:",
        "  MEDPLUM_PORT: 8103",
        "  MEDPLUM_REGISTER_ENABLED: false",
        "  MEDPLUM_REDIS_HOST: cache",
        "  MEDPLUM_REDIS_PASSWORD: ${{ secrets.REDIS_PASSWORD }}",
        "  MEDPLUM_DATABASE_HOST: db.${{ vars.DOMAIN }}",
        "  MEDPLUM_CLIENT_ID: x",
    )
    (loaded,) = load(text)
    document = loaded.document
    assert (document.kind, document.environment, document.complete) == ("server/env", "deploy", False)
    assert document.data == {
        "port": 8103,
        "registerEnabled": False,
        "redis": {"host": "cache", "password": UNKNOWN},
        "database": {"host": UNKNOWN},
    }
    assert text[slice(*document.locate(("redis", "host")))] == "cache"
    assert text[slice(*document.locate(("redis", "password"), "key"))] == "MEDPLUM_REDIS_PASSWORD"
    assert text[slice(*document.locate(("smtp",)))] == "env"


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        (f"on: push\nenv: {HOST}\njobs: {{a: {{uses: ./b.yml}}}}\n", None),
        (job(f"env: {HOST}"), "deploy"),
        (job("environment: production", f"env: {HOST}", name="release"), "release"),
        (job(f"steps: [{{run: a}}, {{run: b, env: {HOST}}}]"), "deploy"),
        (job(f"container: {{image: node, env: {HOST}}}"), "deploy"),
        (job(f"services: {{fhir: {{image: acme/fhir, env: {HOST}}}}}"), "deploy"),
    ],
)
def test_each_env_is_a_document(text: str, environment: str | None) -> None:
    assert [(one.document.environment, one.document.data) for one in load(text)] == [(environment, {"redis": {"host": "cache"}})]


def test_only_those_of_a_server_are_read() -> None:
    text = job(
        "env: {MEDPLUM_BASE_URL: a, MEDPLUM_CLIENT_ID: b}",
        "services:",
        "  app: {image: medplum/medplum-app, env: {MEDPLUM_BASE_URL: a, MEDPLUM_PORT: 1, MEDPLUM_APP_BASE_URL: b}}",
        "  server:",
        "    image: medplum/medplum-server:5",
        "    command: file:a.json,env",
        "    volumes: ['./a.json:/usr/src/medplum/a.json']",
        "    env: {MEDPLUM_THEME: dark}",
        "steps:",
        "- {run: a, env: {MEDPLUM_REDIS_PORT: x}}",
    )
    assert [list(one.document.data) for one in load(text)] == [["theme"], ["redis"]]
    assert found(text, "deploy.yml") == ["unknown-setting theme", "misread-number redis.port"]


@pytest.mark.parametrize(
    "lines",
    [
        ["env: 1"],
        ["env: [a, MEDPLUM_REDIS_HOST=b]"],
        ["env: '${{ fromJSON(inputs.env) }}'"],
        ["env: {MEDPLUM_REDIS_HOST: {a: b}, MEDPLUM_REDIS_PORT: [1], 1: 2, MEDPLUM_PORT: !x y}"],
        ["services: [a]", "steps: {a: b}"],
        ["services: {a: 1}", "steps: [1, {env: 1}]", "container: node"],
        ["services: {a: {image: 1, env: {MEDPLUM_REDIS_HOST: b}}}", "environment: [a]"],
    ],
)
def test_odd_workflows_do_not_crash(lines: list[str]) -> None:
    found(job(*lines) + "# MEDPLUM_\n", "deploy.yml")


# --- Secrets -------------------------------------------------------------------------------------------------------------------------

REMOTE = "{MEDPLUM_DATABASE_PASSWORD: hunter2, MEDPLUM_DATABASE_HOST: db.clinic.example.org}"
SECRET = "plaintext-secret database.password"


@pytest.mark.parametrize(
    ("lines", "secret"),
    [
        (["env: {MEDPLUM_DATABASE_PASSWORD: hunter2}"], True),
        (["env: {MEDPLUM_DATABASE_PASSWORD: '${{ secrets.A }}'}"], False),
        (["env: {MEDPLUM_DATABASE_PASSWORD: ''}"], False),
        ([f"env: {REMOTE}"], True),
        (["env: {MEDPLUM_DATABASE_PASSWORD: hunter2, MEDPLUM_DATABASE_HOST: '${{ vars.A }}'}"], True),
        (["env: {MEDPLUM_DATABASE_PASSWORD: hunter2, MEDPLUM_DATABASE_HOST: localhost}"], False),
        (["services: {db: {image: postgres}}", "env: {MEDPLUM_DATABASE_PASSWORD: hunter2}"], False),
        (["services: {db: {image: postgres}}", "env: {MEDPLUM_DATABASE_PASSWORD: hunter2, MEDPLUM_DATABASE_HOST: db}"], False),
        (["services: {db: {image: postgres}}", "steps: [{env: {MEDPLUM_DATABASE_PASSWORD: hunter2}}]"], False),
        (["services: {db: {image: postgres}}", f"env: {REMOTE}"], True),
    ],
)
def test_the_password_of_a_throwaway_database_is_not_a_secret(lines: list[str], secret: bool) -> None:
    assert [one for one in found(job(*lines), "deploy.yml") if one.startswith("plaintext-secret ")] == ([SECRET] if secret else [])


# --- Whose file ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "known"),
    [
        (job(f"env: {HOST}"), "server/env", True),
        (job("env: {MEDPLUM_BASE_URL: a, MEDPLUM_CLIENT_ID: b}"), None, True),
        (job("env: {MEDPLUM_BASE_URL: a}"), None, True),
        (job("steps: [{run: 'echo MEDPLUM_REDIS_HOST'}]"), None, True),
        (job("env: {NODE_ENV: test}"), None, False),
        (f"jobs: {{a: {{env: {HOST}}}}}\n", None, False),
        (f"jobs: [{{runs-on: a, env: {HOST}}}]\n", None, False),
        (f"- jobs: {{a: {{runs-on: b, env: {HOST}}}}}\n", None, False),
        ("MEDPLUM_", None, False),
    ],
)
def test_which_files_are_recognised(text: str, kind: str | None, known: bool) -> None:
    answer = github_workflow.detect(SourceFile("deploy.yml", text.encode()))
    assert (answer is not None) == known
    assert answer is None or answer.kind == kind


def test_no_other_source_recognises_a_workflow(tmp_path: Path) -> None:
    two_jobs = f"{job('env: {MEDPLUM_PORT: 1}')}  other:\n    runs-on: a\n    env: {{MEDPLUM_APP_BASE_URL: b}}\n"
    (tmp_path / "deploy.yml").write_text(two_jobs)
    (file,) = lint_paths([str(tmp_path / "deploy.yml")], Options()).result.files
    assert (file.status, file.note.partition(";")[0]) == ("ignored", "a GitHub workflow without variables of a Medplum server")


def test_a_search_looks_into_the_folder_of_workflows(tmp_path: Path) -> None:
    for folder in (".github/workflows", ".gitlab", ".github/.hidden"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "deploy.yml").write_text(job(f"env: {HOST}"))
    files = lint_paths([str(tmp_path)], Options()).result.files
    assert [Path(file.path).relative_to(tmp_path).as_posix() for file in files] == [".github/workflows/deploy.yml"]


# --- How a service is started --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ("", "add command: env"),
        ("command: env,", ""),
        ("command: 'file:a.json',", "write command: file:a.json,env"),
        ("command: '${{ inputs.source }}',", ""),
        ("options: --health-retries 3 --entrypoint /start.sh,", ""),
        ("entrypoint: node,", ""),
        ("volumes: ['./a.json:/usr/src/medplum/medplum.config.json'],", "add command: file:medplum.config.json,env"),
    ],
)
def test_how_a_service_is_started(members: str, wanted: str) -> None:
    server = f"{{image: 'medplum/medplum-server:5.1.23', {members} env: {{MEDPLUM_PORT: 8103}}}}"
    text = job("services:", f"  api: {server}", f"container: {server}")
    findings = [one for one in lint(text, "deploy.yml").result.findings if one.rule == "ignored-environment"]
    assert [one.says.remedy for one in findings] == ([wanted] if wanted else [])


STEP = """\
on: push
jobs:
  e2e:
    runs-on: ubuntu-latest
    steps:
      - run: {run}
        env: {{MEDPLUM_DATABASE_HOST: localhost, MEDPLUM_REDIS_HOST: localhost, MEDPLUM_PORT: 8103}}
"""


@pytest.mark.parametrize(
    ("run", "wanted"),
    [
        ("node packages/server/dist/index.js env", []),
        ("node packages/server/dist/index.js file:medplum.config.json,env &", []),
        ("node packages/server/dist/index.js", ["ignored-environment: add env after the script"]),
        ("node packages/server/dist/index.js env env", ["ignored-environment: write env as the only word after the script"]),
        ('"npm ci\\nnode packages/server/dist/index.js &\\nsleep 5"', ["ignored-environment: add env after the script"]),
        (
            "node packages/server/dist/index.js medplum.config.json",
            ["invalid-start-argument: write a source, such as env or file:medplum.config.json"],
        ),
        ("node packages/server/dist/index.js $SOURCES", []),
        ('"node packages/server/dist/index.js\\nnode packages/server/dist/index.js env"', []),  # which of them gets the variables?
        ("docker run -d -e MEDPLUM_PORT medplum/medplum-server:5.1.12 env", []),
        ("docker run -d -e MEDPLUM_PORT medplum/medplum-server:5.1.12", ["ignored-environment: add env after the image"]),
        ("docker run -d --env=MEDPLUM_PORT medplum/medplum-server", ["ignored-environment: add env after the image"]),
        (
            "\"docker run -e MEDPLUM_PORT \\\\\\\\\\n medplum/medplum-server 'file:x, env'\"",
            ["invalid-start-argument: write a source, such as env or file:medplum.config.json"],
        ),
        (
            "\"cd e2e && docker run -e 'MEDPLUM_PORT' --name $NAME medplum/medplum-server | tee server.log\"",
            ["ignored-environment: add env after the image"],
        ),
        ("cd e2e && docker run -e MEDPLUM_PORT medplum/medplum-server env > server.log 2>&1 &", []),
        ("docker run -e MEDPLUM_PORT medplum/medplum-server $SOURCES", []),
        ("docker run -e MEDPLUM_PORT -e MEDPLUM_PORT=$PORT medplum/medplum-server env", []),  # gives some itself
        ("docker run -d medplum/medplum-server:5.1.12", []),  # without the variables
        ("docker run --entrypoint sh -e MEDPLUM_PORT medplum/medplum-server:5.1.12", []),
        ("npm test", []),
    ],
)
def test_how_a_step_starts_a_server(run: str, wanted: list[str]) -> None:
    outcome = lint_input(Input("e2e.yml", STEP.format(run=run).encode(), Path("e2e.yml")), Options())
    starts = [one for one in outcome.result.findings if one.rule in ("ignored-environment", "invalid-start-argument")]
    assert [f"{one.rule}: {one.says.remedy}" for one in starts] == wanted
    assert all(one.document.position(one.span.start) == (6, 9) for one in starts)
    assert outcome.bugs == ()
