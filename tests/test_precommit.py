"""The pre-commit hooks, installed by pre-commit from this working tree as a user would have them."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import ROOT, copy_of_repository, missing, needs_git, run

pytestmark = pytest.mark.slow

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
CLEAN = ROOT / "benchmarks" / "clean.json"
DUMP = {
    "Parameters": [
        {"Name": f"/medplum/prod/{name}", "Type": kind, "Value": value}
        for name, kind, value in (
            ("port", "String", "8103"),
            ("baseUrl", "String", "https://api.clinic.example/"),
            ("appBaseUrl", "String", "https://app.clinic.example/"),
            ("supportEmail", "String", "support@clinic.example"),
            ("binaryStorage", "String", "s3:clinic-binary-storage"),
            ("storageBaseUrl", "String", "https://storage.clinic.example/binary/"),
            ("signingKeyId", "String", "K0EXAMPLE0000"),
            ("signingKey", "SecureString", "${SIGNING_KEY}"),
            ("signingKeyPassphrase", "SecureString", "not-a-real-passphrase"),
            ("DatabaseSecrets", "String", "clinic/prod/database"),
            ("RedisSecrets", "String", "clinic/prod/redis"),
        )
    ]
}


def git(*command: str, cwd: Path) -> None:
    run("git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false", *command, cwd=cwd)


def committed(folder: Path) -> Path:
    git("init", "--quiet", "--initial-branch=main", ".", cwd=folder)
    git("add", "--all", ".", cwd=folder)
    git("commit", "--quiet", "--message=All", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with what the working tree has now."""
    if importlib.util.find_spec("pre_commit") is None:
        missing("pre-commit is not installed")
    needs_git()
    return committed(copy_of_repository(tmp_path_factory.mktemp("hooks")))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's repository."""
    shutil.copy(CLEAN, tmp_path / "medplum.config.json")
    (tmp_path / "prod-ssm.json").write_text(json.dumps(DUMP))
    (tmp_path / "package.json").write_text('{"name": "none of ours",}')
    (tmp_path / "medplum.bots.config.json").write_text('{"bots": [{"name": "b", "id": "1", "source": "b.ts"}]}')
    return committed(tmp_path)


def test_hooks(hooks: Path, home: Path, project: Path) -> None:
    """Both pass on what is right and fail on what is wrong, and say where."""

    def tried(status: int) -> str:
        command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "--all-files", "--color=never"]
        return run(*command, cwd=project, status=status, PRE_COMMIT_HOME=str(home)).stdout

    output = tried(0)
    assert re.search(r"^medplum-lint\.+Passed$", output, re.MULTILINE)
    assert re.search(r"^medplum-lint \(Parameter Store\)\.+Passed$", output, re.MULTILINE)

    for name in ("medplum.config.json", "prod-ssm.json"):
        text = (project / name).read_text()
        (project / name).write_text(re.sub(r'(https://api.clinic.example|"http://localhost:8103)/"', r'\1"', text))
    output = tried(1)
    assert re.search(r"^medplum\.config\.json:\d+:\d+: error\[base-url-without-trailing-slash\]", output, re.MULTILINE)
    assert re.search(r"^prod-ssm\.json:\d+:\d+: error\[base-url-without-trailing-slash\]", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("hook", "path", "takes"),
    [
        ("medplum-lint", "medplum.config.json", True),
        ("medplum-lint", "deploy/medplum.prod.config.json", True),
        ("medplum-lint", "medplum/package.json", False),
        ("medplum-lint", "config/prod-medplum.json", True),
        ("medplum-lint", "medplum.yaml", False),
        ("medplum-lint", "package.json", False),
        ("medplum-lint-ssm", "prod-ssm.json", True),
        ("medplum-lint-ssm", "dumps/ssm.prod.json", True),
        ("medplum-lint-ssm", "parameter-store.json", True),
        ("medplum-lint-ssm", "ssm/package.json", False),
    ],
)
def test_file_names(hook: str, path: str, takes: bool) -> None:
    [pattern] = [one["files"] for one in HOOKS if one["id"] == hook]
    assert bool(re.search(pattern, path)) is takes
