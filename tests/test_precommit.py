"""The pre-commit hooks, installed by pre-commit from this working tree as a user would have them."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.checkout import ROOT, copy_of_repository, missing, needs_git, run

from linter.cli import cli
from linter.sources import file_names

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
CLEAN = (ROOT / "benchmarks" / "clean.json").read_text(encoding="utf-8")
WRONG = CLEAN.replace('"http://localhost:8103/"', '"http://localhost:8103"')
COMMA = CLEAN.rstrip().removesuffix("}").rstrip() + ",\n}\n"
POLICY = """\
id: acme/other-port
title: The server listens on another port than ours
severity: error
for: server
must: {port: {equals: 8103}}
message: port must be 8103
docs: Our load balancer asks this port.
examples:
  good: [{kind: server/json, data: {port: 8103}}]
  bad: [{kind: server/json, data: {port: EXPECTED}, finds: [port]}]
"""
COMPOSE = """\
services:
  server:
    image: medplum/medplum-server:5.1.23
    command: ["env"]
    env_file: [public.env, private.env]
"""
PUBLIC = "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_APP_BASE_URL=https://app.clinic.example/\nMEDPLUM_DATABASE_HOST=db.clinic.example\n"
PRIVATE = "MEDPLUM_REDIS_HOST=redis.clinic.example\nMEDPLUM_SUPPORT_EMAIL=support@clinic.example\n"


def git(*command: str, cwd: Path) -> str:
    return run("git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false", *command, cwd=cwd).stdout


def committed(folder: Path) -> Path:
    git("init", "--quiet", "--initial-branch=main", ".", cwd=folder)
    git("add", "--all", ".", cwd=folder)
    git("commit", "--quiet", "--message=All", cwd=folder)
    return folder


# Which changes start a hook

STARTS = [
    *(pattern.replace("*", "x") for pattern in file_names()),
    *(f"deploy/my site/{pattern.replace('*', 'x.y')}" for pattern in file_names()),
    "config/anything.jsonl",
    "ssm/UPPER.JSON",
    ".github/workflows/deploy.yml",
    ".medplum-lint.toml",
    "pyproject.toml",
    "policies/acme.yaml",
    "known-findings.jsonl",
]


@pytest.mark.parametrize("hook", ["medplum-lint", "medplum-lint-fix"])
def test_every_file_that_a_search_takes_starts_the_hook(hook: str) -> None:
    assert [name for name in STARTS if not re.search(HOOKS[hook]["files"], name)] == []
    assert [name for name in ("README.md", "src/env.py", "Dockerfiles/x.py", "a.json.md") if re.search(HOOKS[hook]["files"], name)] == []


def test_policies_and_configurations_start_the_hook_for_policies() -> None:
    pattern = HOOKS["medplum-lint-policies"]["files"]
    assert all(re.search(pattern, name) for name in ("policies/a b.yaml", "x.yml", ".medplum-lint.toml", "sub/pyproject.toml"))
    assert not any(re.search(pattern, name) for name in ("a.json", "Cargo.toml", "yaml"))


def test_a_hook_runs_once_and_sees_what_the_command_line_sees() -> None:
    assert sorted(HOOKS) == ["medplum-lint", "medplum-lint-fix", "medplum-lint-policies"]
    assert all((hook["require_serial"], hook["pass_filenames"], hook["language"]) == (True, False, "python") for hook in HOOKS.values())
    assert not any({"types", "types_or", "exclude", "always_run"} & set(hook) for hook in HOOKS.values())


# Run by pre-commit


class Project:
    """A user's repository, with the hooks of the working tree in its configuration."""

    def __init__(self, folder: Path, home: Path, hooks: Path) -> None:
        self.folder, self._home, self._hooks = folder, home, hooks

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")

    def commit(self, files: dict[str, str], *hooks: str | dict[str, Any]) -> None:
        """The first commit, with pre-commit's configuration."""
        listed = [{"id": hook} if isinstance(hook, str) else hook for hook in hooks]
        revision = git("rev-parse", "HEAD", cwd=self._hooks).strip()
        config = {"repos": [{"repo": str(self._hooks), "rev": revision, "hooks": listed}]}
        self.write({**files, ".pre-commit-config.yaml": yaml.safe_dump(config)})
        committed(self.folder)

    def run(self, *arguments: str, status: int) -> str:
        """What pre-commit prints, of all files or of those that are staged."""
        command = [sys.executable, "-m", "pre_commit", "run", "--color=never", *arguments]
        return run(*command, cwd=self.folder, status=status, PRE_COMMIT_HOME=str(self._home)).stdout


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with what the working tree has now."""
    if importlib.util.find_spec("pre_commit") is None:
        missing("pre-commit is not installed")
    needs_git()
    return committed(copy_of_repository(tmp_path_factory.mktemp("hooks")))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit installs the hooks, once for all tests."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def project(tmp_path: Path, home: Path, hooks: Path) -> Project:
    return Project(tmp_path, home, hooks)


def command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The findings that the command line prints in a folder, a line each."""
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(cli, ["--format", "concise"])
    return [line for line in result.stdout.splitlines() if re.match(r".+:\d+:\d+: ", line)]


CONCISE = {"id": "medplum-lint", "args": ["--format", "concise"]}


@pytest.mark.slow
def test_two_hundred_files_with_blanks_in_their_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one run: what it finds is what the command line finds, across files too."""
    sites = {f"{'a rather long name of a folder ' * 6}/site {number:03}/medplum config.json": CLEAN for number in range(200)}
    wrong = dict.fromkeys(list(sites)[::67], WRONG)
    assert len(wrong) == 3 and sum(map(len, sites)) > 40_000
    server = {"deploy/compose.yaml": COMPOSE, "deploy/public.env": PUBLIC, "deploy/private.env": PRIVATE}
    project.commit({**sites, **wrong, **server, "package.json": '{"name": "none of ours",}'}, CONCISE)
    output = project.run("--all-files", status=1)
    found = command_line(project.folder, monkeypatch)
    assert [line for line in output.splitlines() if re.match(r".+:\d+:\d+: ", line)] == found
    assert {line.partition(":")[0] for line in found} == {*wrong, "deploy/compose.yaml"}
    assert output.count("\nFound ") == 1

    project.write(sites)
    (project.folder / "deploy" / "compose.yaml").unlink()
    assert re.search(r"^medplum-lint\.+Passed$", project.run("--all-files", status=0), re.MULTILINE)


@pytest.mark.slow
def test_what_one_change_breaks_in_another_file(project: Project) -> None:
    """A file that was not changed is part of the server; a change to another file starts nothing."""
    project.commit({"compose.yaml": COMPOSE, "public.env": PUBLIC, "private.env": PRIVATE, "README.md": ""}, CONCISE)
    project.write({"README.md": "# Read me\n"})
    git("add", "README.md", cwd=project.folder)
    assert re.search(r"^medplum-lint\.+\(no files to check\)Skipped$", project.run(status=0), re.MULTILINE)

    project.write({"private.env": PRIVATE.replace("SUPPORT_EMAIL", "PORT").replace("support@clinic.example", "8103")})
    git("add", "private.env", cwd=project.folder)
    assert re.search(r"^compose\.yaml:2:3: error\[missing-setting\]", project.run(status=1), re.MULTILINE)


@pytest.mark.slow
def test_the_configuration_counts(project: Project) -> None:
    """Excluded files are not checked; where nothing is left, or nothing is a configuration of Medplum's, the hook passes."""
    project.commit({"medplum.config.json": WRONG, "other.json": "[]", ".medplum-lint.toml": 'exclude = ["medplum.config.json"]\n'}, CONCISE)
    assert re.search(r"^medplum-lint\.+Passed$", project.run("--all-files", status=0), re.MULTILINE)
    git("rm", "--quiet", "-f", "medplum.config.json", ".medplum-lint.toml", cwd=project.folder)
    assert re.search(r"^medplum-lint\.+Passed$", project.run("--all-files", status=0), re.MULTILINE)


@pytest.mark.slow
def test_only_the_files_that_have_changed(project: Project) -> None:
    """As docs/pipelines.md says: pre-commit names the files, and what the configuration excludes stays excluded."""
    changed = {"id": "medplum-lint", "pass_filenames": True, "args": ["--force-exclude", "--format", "concise"]}
    excluded = {".medplum-lint.toml": 'exclude = ["old/**"]\n', "old/medplum.config.json": WRONG}
    project.commit({"a medplum.config.json": CLEAN, "b medplum.config.json": WRONG, "package.json": "[]", **excluded}, changed)
    project.write({"a medplum.config.json": WRONG, "old/medplum.config.json": f"{WRONG}\n", "package.json": "{}"})
    git("add", "--all", cwd=project.folder)
    output = project.run(status=1)
    assert re.findall(r"^(.+?):\d+:\d+: ", output, re.MULTILINE) == ["a medplum.config.json"]


@pytest.mark.slow
def test_fixing(project: Project) -> None:
    """It fixes files, which fails the commit, and reports the rest; then it passes."""
    project.commit({"my medplum.config.json": COMMA}, "medplum-lint-fix")
    output = project.run("--all-files", status=1)
    assert "- files were modified by this hook" in output and "1 finding fixed in 1 file" in output
    json.loads((project.folder / "my medplum.config.json").read_text(encoding="utf-8"))
    assert re.search(r"^medplum-lint \(fix\)\.+Passed$", project.run("--all-files", status=0), re.MULTILINE)


@pytest.mark.slow
def test_policies(project: Project) -> None:
    """The examples of one's own policies are run; one that proves nothing fails, with its place, and so does a folder without any."""
    policies = {"our policies/other-port.yaml": POLICY.replace("EXPECTED", "80"), ".medplum-lint.toml": 'rules = ["our policies"]\n'}
    project.commit(policies, "medplum-lint-policies")
    assert re.search(r"^medplum-lint \(policies\)\.+Passed$", project.run("--all-files", status=0), re.MULTILINE)
    project.write({"our policies/other-port.yaml": POLICY.replace("EXPECTED", "8103")})
    output = project.run("--all-files", status=1)
    assert re.search(r"^.*our policies/other-port\.yaml:\d+: acme/other-port: ", output, re.MULTILINE)
    project.write({".medplum-lint.toml": 'rules = ["none"]\n', "none/README.md": "Policies of our own.\n"})
    assert "none: there is no rule file (*.yaml) in this folder" in project.run("--all-files", status=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        {},
        {"medplum.config.json": CLEAN},
        {"pyproject.toml": "[project]\n", ".medplum-lint.toml": ""},
        {"policies/labels.yaml": "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: labels}\n"},
    ],
)
def test_what_the_readme_shows_passes_on_a_clean_repository(project: Project, files: dict[str, str]) -> None:
    """Its hook as it is there, and the one for policies, in a repository that has nothing, or no policies."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = yaml.safe_load(readme.partition("<!-- pre-commit -->\n```yaml\n")[2].partition("```")[0])
    hooks = [*block["repos"][0]["hooks"], {"id": "medplum-lint-policies"}]
    project.commit(files, *hooks)
    output = project.run("--all-files", status=0)
    assert all(re.search(rf"^{re.escape(HOOKS[one['id']]['name'])}\.+Passed$", output, re.MULTILINE) for one in hooks)
