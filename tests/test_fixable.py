"""Reports on fixes match ``--fix``: a finding that is reported as fixable is fixed, and no other changes its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.checkout import ROOT

from linter import cli

FILES: dict[str, str] = {
    "Dockerfile": """\
FROM medplum/medplum-server:5.1.20
ENV MEDPLUM_BASE_URL=https://api.acme.org MEDPLUM_DATABASE_HOST=db.acme.org MEDPLUM_DATABASE_USER=medplum
ENV MEDPLUM_DATABASE_URL=postgres://medplum:hunter2@db.acme.org:5432/medplum
CMD ["env"]
""",
    "compose.yaml": """\
x-env: &env
  MEDPLUM_BASE_URL: https://api.acme.org
  MEDPLUM_DATABASE_USER: me
services:
  server:
    image: medplum/medplum-server:5.1.20
    command: env
    environment:
      <<: *env
      MEDPLUM_APP_BASE_URL: &app https://app.acme.org
      MEDPLUM_STORAGE_BASE_URL: *app
      MEDPLUM_DATABASE_HOST: db
      MEDPLUM_REDIS_PASS:
      MEDPLUM_AUDIT_EVENT_LOG_GROUP: x
      MEDPLUM_AUDIT_EVENT_LOG_STREAM:
  other:
    image: medplum/medplum-server:5.1.20
    command: env
    environment: *env
""",
    "compose.list.yaml": """\
services:
  server:
    image: medplum/medplum-server:5.1.20
    command: env
    environment:
      - MEDPLUM_DATABASE_USER
      - MEDPLUM_DATABASE_HOST=db
      - MEDPLUM_REDIS_PASS
      - MEDPLUM_AUDIT_EVENT_LOG_GROUP
      - MEDPLUM_AUDIT_EVENT_LOG_STREAM=x
      - MEDPLUM_APP_BASE_URL=https://app.acme.org
""",
    "pod.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: m}
spec:
  containers:
    - name: s
      image: medplum/medplum-server:5.1.20
      args: ["env"]
      env:
        - &user {name: MEDPLUM_DATABASE_USER, value: x}
        - name: MEDPLUM_APP_BASE_URL
          value: &app https://app.acme.org
        - name: MEDPLUM_STORAGE_BASE_URL
          value: *app
        - name: MEDPLUM_REDIS_PASS
        - name: MEDPLUM_AUDIT_EVENT_LOG_GROUP
          valueFrom: {secretKeyRef: {name: x, key: y}}
        - name: MEDPLUM_PORT
          value: 8103
""",
    "a.env": """\
MEDPLUM_BASE_URL=https://api.acme.org
MEDPLUM_APP_BASE_URL=#nothing
MEDPLUM_AUDIT_EVENT_LOG_GROUP=${GROUP}
MEDPLUM_AUDIT_EVENT_LOG_STREAM=
MEDPLUM_DATABASE_URL=postgres://${USER}@db/x
MEDPLUM_DATABASE_USER=
MEDPLUM_REDIS_PASS
""",
    "task-definition.json": """\
{"containerDefinitions": [{"image": "medplum/medplum-server:5.1.20", "command": ["env"], "environment": [
  {"name": "MEDPLUM_BASE_URL", "value": "https://api.acme.org"},
  {"name": "MEDPLUM_DATABASE_USER"},
  {"name": "MEDPLUM_DATABASE_HOST", "value": "db"}
], "secrets": [{"name": "MEDPLUM_REDIS_PASS", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/redis"}]}]}
""",
}


def run(*arguments: str) -> str:
    return CliRunner().invoke(cli.cli, ["--isolated", "--color", "never", *arguments]).stdout


Key = tuple[str, str | None, str | None, int]


def findings(name: str, *options: str) -> dict[Key, list[bool]]:
    """Whether the findings of a file are reported as fixable, by rule, environment, setting and the number of other places.

    Those that commands fix are left out. For one about several places a fix can cover a part.
    """
    found: dict[Key, list[bool]] = {}
    for one in json.loads(run("--format", "json", *options, name))["findings"]:
        by_commands = one["fix"] is not None and one["fix"]["commands"] is not None
        if one["suppressed"] is None and not by_commands:
            found.setdefault((one["rule"], one["environment"], one["setting"], len(one["related"])), []).append(one["fixable"])
    return found


def check(name: str, text: bytes) -> None:
    """Each rule alone, because another rule may fix the same setting."""
    Path(name).write_bytes(text)
    for rule in {rule for rule, *_ in findings(name)}:
        Path(name).write_bytes(text)
        before = findings(name, "--select", rule)
        run("--fix", "--unsafe-fixes", "--select", rule, name)
        assert (Path(name).read_bytes() != text) == any(map(any, before.values())), rule
        assert {key for key, every in before.items() if all(every)}.isdisjoint(findings(name, "--select", rule)), rule


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("name", FILES)
def test_fixable_findings_are_fixed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(name, FILES[name].encode())
    Path(name).write_bytes(FILES[name].encode())
    assert run(name).count("= fix with --") == sum(map(sum, findings(name).values()))


FIXTURES = ROOT / "tests" / "fixtures"
PATHS = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.name not in ("expected.txt", "README.md"))


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_fixable_findings_in_a_fixture_are_fixed(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(path.name, path.read_bytes())
