"""The scripts of action.yml, run as GitHub runs them: with bash, and with the inputs in the environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import ROOT, copy_of_repository, environment, offline

from linter import __version__

sys.path.insert(0, str(ROOT / "tools"))

from lock import locked  # noqa: E402

STEPS: list[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
EXAMPLE = ROOT / "examples" / "medplum.config.json"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the action brings its own Python, which has -P"),
]


def test_inputs_are_no_part_of_a_script() -> None:
    assert all("${{" not in step.get("run", "") for step in STEPS)


def step(folder: Path, name: str, **variables: str) -> tuple[int, str, dict[str, str]]:
    """Run a step in a folder: its exit code, what it prints and its outputs."""
    [script] = [step["run"] for step in STEPS if step.get("name") == name]
    outputs = folder / "outputs"
    outputs.touch()
    given = {"GITHUB_OUTPUT": str(outputs), "RUNNER_TEMP": str(folder), "PYTHON": sys.executable, **variables}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment(**given),
        capture_output=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout + done.stderr, dict(line.split("=", 1) for line in outputs.read_text().splitlines())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with what the action would have installed, and a module that must not be taken for ours."""
    os.symlink(ROOT, tmp_path / "medplum-lint", target_is_directory=True)
    (tmp_path / "linter").mkdir()
    (tmp_path / "linter" / "__main__.py").write_text("raise SystemExit('the wrong one')")
    shutil.copy(EXAMPLE, tmp_path / "medplum.config.json")
    shutil.copy(ROOT / "benchmarks" / "clean.json", tmp_path / "medplum.clean.json")
    return tmp_path


def check(workspace: Path, paths: str, options: str = "") -> tuple[int, str, str]:
    code, output, outputs = step(workspace, "Check", CHECK_PATHS=paths, CHECK_ARGS=options, SARIF_FILE="out.sarif")
    assert code == 0, output
    return int(outputs["exit-code"]), output, outputs["exit-code"]


# Installing

LOCK = [*locked((ROOT / "requirements.txt").read_text(encoding="utf-8"))]


def install(folder: Path) -> tuple[int, str]:
    """Run the step that installs, in a checkout that has modules of its own which must not be imported."""
    for name in ("pip", "linter", "setuptools", "logging"):
        (folder / name).mkdir()
        for module in ("__init__", "__main__"):
            (folder / name / f"{module}.py").write_text("raise SystemExit('the wrong one')")
    code, output, _ = step(folder, "Install medplum-lint", GITHUB_ACTION_PATH=str(folder / "action"), PIP_DISABLE_PIP_VERSION_CHECK="1")
    return code, output


def test_the_locked_packages_are_installed_and_no_others(tmp_path: Path) -> None:
    copy_of_repository(tmp_path / "action")
    code, output = install(tmp_path)
    offline(output)
    assert code == 0, output
    found = {one.name.replace("_", "-").lower(): one.version for one in distributions(path=[str(tmp_path / "medplum-lint")])}
    wanted = {one.name: str(one.version) for one in LOCK if one.marker is None or one.marker.evaluate()}
    assert found == {**wanted, "medplum-lint": __version__}


def test_a_package_that_was_replaced_is_refused(tmp_path: Path) -> None:
    lock = copy_of_repository(tmp_path / "action") / "requirements.txt"
    lock.write_text(re.sub("sha256:[0-9a-f]", "sha256:", lock.read_text()).replace("sha256:", "sha256:0"))
    code, output = install(tmp_path)
    offline(output)
    assert code == 1 and "THESE PACKAGES DO NOT MATCH THE HASHES" in output
    assert not (tmp_path / "medplum-lint").exists()


def test_only_the_first_command_may_use_the_network() -> None:
    [script] = [each["run"] for each in STEPS if each.get("name") == "Install medplum-lint"]
    folder, function, *installs = script.splitlines()
    assert folder == 'folder="$RUNNER_TEMP/medplum-lint"'
    assert function.startswith('install() { "$PYTHON" -P -m pip install ')
    assert installs == [
        'install --require-hashes --only-binary :all: --requirement "$GITHUB_ACTION_PATH/requirements.txt"',
        'PYTHONPATH="$folder" install --no-index --no-deps --no-build-isolation "$GITHUB_ACTION_PATH"',
    ]


# Checking


def test_findings(workspace: Path) -> None:
    code, output, _ = check(workspace, "medplum.config.json")
    assert code == 1 and "error[base-url-without-trailing-slash]" in output
    assert json.loads((workspace / "out.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]


def test_options_and_several_paths(workspace: Path) -> None:
    code, output, _ = check(workspace, "medplum.clean.json\nmedplum.config.json", "--fail-on never --select invalid-json")
    assert (code, output) == (0, "No findings in 2 files, judged by server 5.1.23 (the newest known release).\n")


def test_clean(workspace: Path) -> None:
    assert check(workspace, "medplum.clean.json")[:2] == (0, "No findings in 1 file, judged by server 5.1.23 (the newest known release).\n")


def test_a_path_that_is_not_there(workspace: Path) -> None:
    code, output, _ = check(workspace, "nothing.json")
    assert code == 2 and "no such file" in output


def test_nothing_is_executed(workspace: Path) -> None:
    code, _, _ = check(workspace, "$(touch${IFS}pwned);touch${IFS}pwned", "")
    assert code == 2 and not (workspace / "pwned").exists()


def test_the_last_step_fails_as_the_tool_did(workspace: Path) -> None:
    assert [step(workspace, "Fail on findings", CODE=code)[0] for code in ("0", "1", "2")] == [0, 1, 2]
