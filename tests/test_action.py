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
from linter.release import NEWEST

sys.path.insert(0, str(ROOT / "tools"))

from lock import locked  # noqa: E402

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
EXAMPLE = ROOT / "examples" / "medplum.config.json"

pytestmark = [
    pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the action brings its own Python, which has -P"),
]


def test_inputs_are_not_part_of_a_script() -> None:
    assert all("${{" not in step.get("run", "") for step in STEPS)


def test_every_input_is_used_and_every_action_is_pinned() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert [name for name in ACTION["inputs"] if f"inputs.{name} }}}}" not in text] == []
    assert len(re.findall(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)) == text.count("uses:")


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
    """A folder with what the action would have installed, and a module that must not be mistaken for ours."""
    os.symlink(ROOT, tmp_path / "medplum-lint", target_is_directory=True)
    (tmp_path / "linter").mkdir()
    (tmp_path / "linter" / "__main__.py").write_text("raise SystemExit('the wrong one')")
    shutil.copy(EXAMPLE, tmp_path / "medplum.config.json")
    shutil.copy(ROOT / "benchmarks" / "clean.json", tmp_path / "medplum.clean.json")
    return tmp_path


def check(workspace: Path, paths: str = ".", options: str = "", **variables: str) -> tuple[dict[str, str], str]:
    """Run the step that checks, as after inputs that are not given: its outputs, and what it prints."""
    given = {
        "CHECK_PATHS": paths,
        "CHECK_ARGS": options,
        "CHECK_CONFIG": "",
        "CHECK_BASELINE": "",
        "CHECK_FAIL_ON": "",
        "CHECK_UPLOAD": "auto",
        "CATEGORY": "medplum-lint",
        "SARIF_FILE": "",
        "FROM_FORK": "false",
        "GITHUB_STEP_SUMMARY": str(workspace / "summary.md"),
        **variables,
    }
    code, output, outputs = step(workspace, "Check", **given)
    assert code == 0, output
    assert outputs.pop("sarif-file") == (variables.get("SARIF_FILE") or f"{workspace}/medplum-lint.sarif")
    return outputs, output


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


@pytest.mark.slow
def test_the_locked_packages_are_installed_and_no_others(tmp_path: Path) -> None:
    copy_of_repository(tmp_path / "action")
    code, output = install(tmp_path)
    offline(output)
    assert code == 0, output
    found = {one.name.replace("_", "-").lower(): one.version for one in distributions(path=[str(tmp_path / "medplum-lint")])}
    wanted = {one.name: str(one.version) for one in LOCK if one.marker is None or one.marker.evaluate()}
    assert found == {**wanted, "medplum-lint": __version__}


@pytest.mark.slow
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


def sarif(workspace: Path) -> Any:
    [run] = json.loads((workspace / "medplum-lint.sarif").read_text(encoding="utf-8"))["runs"]
    return run


def test_one_run_makes_annotations_a_summary_and_alerts(workspace: Path) -> None:
    (workspace / "summary.md").write_text("# Of a step before\n")
    outputs, output = check(workspace, "medplum.config.json")
    assert outputs == {"exit-code": "1", "upload": "auto"}
    assert "\n::error file=medplum.config.json,line=3,col=14," in f"\n{output}" and "missing-trailing-slash" in output
    summary = (workspace / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# Of a step before\n") and "missing-trailing-slash" in summary
    assert "missing-trailing-slash" in {result["ruleId"] for result in sarif(workspace)["results"]}
    assert sarif(workspace)["automationDetails"] == {"id": "medplum-lint/"}


def test_the_findings_are_written_outside_the_checkout(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pull request can bring a link in place of the file; a file that the workflow names is refused there, with the findings."""
    secret = tmp_path_factory.mktemp("home") / "profile"
    secret.write_text("old")
    (workspace / "medplum-lint.sarif").symlink_to(secret)
    temporary = tmp_path_factory.mktemp("temporary")
    os.symlink(ROOT, temporary / "medplum-lint", target_is_directory=True)
    given = {"CHECK_PATHS": "medplum.config.json", "CHECK_UPLOAD": "auto", "CHECK_ARGS": "", "RUNNER_TEMP": str(temporary)}
    code, output, outputs = step(workspace, "Check", **given)
    assert (code, outputs) == (0, {"exit-code": "1", "upload": "auto", "sarif-file": f"{temporary}/medplum-lint.sarif"}), output
    assert json.loads((temporary / "medplum-lint.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    code, output, outputs = step(workspace, "Check", **given, SARIF_FILE="medplum-lint.sarif")
    assert (code, outputs["exit-code"], outputs["upload"]) == (0, "2", "false")
    assert "missing-trailing-slash" in output and f"a link leads to {secret}, outside the working directory" in output
    assert secret.read_text() == "old"


def test_a_runner_without_summaries(workspace: Path) -> None:
    assert check(workspace, "medplum.clean.json", GITHUB_STEP_SUMMARY="")[0]["exit-code"] == "0"


def test_paths_with_blanks_one_a_line(workspace: Path) -> None:
    (workspace / "our site").mkdir()
    shutil.copy(EXAMPLE, workspace / "our site" / "my medplum config.json")
    shutil.copy(EXAMPLE, workspace / "-f.json")
    outputs, output = check(workspace, "\n  our site/my *.json\r\n\nmedplum.clean.json\n-f.json\n", CATEGORY="")
    assert outputs["exit-code"] == "1" and "automationDetails" not in sarif(workspace)
    assert {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in sarif(workspace)["results"]} == {
        "our%20site/my%20medplum%20config.json",
        "-f.json",
    }
    assert "No findings" not in output


@pytest.mark.parametrize("paths", ["", " \n"])
def test_without_a_path_the_folder_is_checked(workspace: Path, paths: str) -> None:
    assert check(workspace, paths)[0]["exit-code"] == "1"


def test_inputs_of_their_own(workspace: Path) -> None:
    (workspace / "our settings.toml").write_text('select = ["missing-trailing-slash"]\n')
    config = {"CHECK_CONFIG": "our settings.toml"}
    assert check(workspace, "medplum.config.json", **config)[0]["exit-code"] == "1"
    assert [result["ruleId"] for result in sarif(workspace)["results"]] == ["missing-trailing-slash"] * 2
    assert check(workspace, "medplum.config.json", CHECK_FAIL_ON="never", **config)[0] == {"exit-code": "0", "upload": "auto"}

    (workspace / "known findings.jsonl").write_text("")
    written = ["--write-baseline", "known findings.jsonl", "medplum.config.json"]
    subprocess.run(
        [sys.executable, "-m", "linter", *written], cwd=workspace, env=environment(PYTHONPATH=str(ROOT), PYTHONSAFEPATH="1"), check=True
    )
    outputs, _ = check(workspace, "medplum.config.json", CHECK_BASELINE="known findings.jsonl")
    assert outputs["exit-code"] == "0" and sarif(workspace)["results"] == []


def test_further_options_as_in_a_shell(workspace: Path) -> None:
    (workspace / "our policies").mkdir()
    options = "--select 'invalid-json'\n--fail-on never --rules \"our policies\" --quiet"
    outputs, output = check(workspace, "medplum.clean.json\nmedplum.config.json", options)
    assert (outputs["exit-code"], output) == ("2", "medplum-lint: error: our policies: there is no rule file (*.yaml) in this folder\n")
    outputs, output = check(workspace, "medplum.clean.json", "--select tls --format text")
    assert output == f"No findings in 1 file, checked against server {NEWEST} (the newest known release).\n"


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"CHECK_UPLOAD": "yes"}, 'The input "upload" has to be auto, true or false.'),
        ({"CHECK_ARGS": "--rules 'x"}, 'The input "args" has a quote'),
    ],
)
def test_an_input_that_cannot_be_read(workspace: Path, variables: dict[str, str], reason: str) -> None:
    code, output, outputs = step(workspace, "Check", **{"CHECK_UPLOAD": "auto", "CHECK_ARGS": "", **variables})
    assert code == 2 and output.startswith(f"::error title=medplum-lint::{reason}") and output.count("\n") == 1 and outputs == {}


def test_a_path_that_is_not_there(workspace: Path) -> None:
    outputs, output = check(workspace, "nothing.json", CHECK_UPLOAD="true")
    assert outputs == {"exit-code": "2", "upload": "false"} and "nothing.json: no such file" in output


HOSTILE = "$(touch${IFS}pwned);touch${IFS}pwned `touch pwned`\" '; touch pwned #"


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    "name", ["CHECK_PATHS", "CHECK_CONFIG", "CHECK_BASELINE", "CHECK_FAIL_ON", "CHECK_ARGS", "CATEGORY", "SARIF_FILE", "FROM_FORK"]
)
def test_nothing_is_executed(workspace: Path, name: str) -> None:
    text = HOSTILE if name != "CHECK_ARGS" else HOSTILE.replace("'", "").replace('"', "")
    check(workspace, **{"paths": "medplum.clean.json", "paths" if name == "CHECK_PATHS" else name: text})
    assert not (workspace / "pwned").exists()


# Uploading


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("upload", "from_fork", "decided"),
    [
        ("auto", "false", "auto"),
        ("auto", "true", "false"),
        ("true", "false", "true"),
        ("true", "true", "true"),
        ("false", "false", "false"),
    ],
)
def test_whether_to_upload(workspace: Path, upload: str, from_fork: str, decided: str) -> None:
    outputs, output = check(workspace, "medplum.clean.json", CHECK_UPLOAD=upload, FROM_FORK=from_fork)
    assert outputs == {"exit-code": "0", "upload": decided}
    assert ("a pull request of a fork may not" in output) is (upload == "auto" and from_fork == "true")


def test_an_upload_that_was_not_requested_fails_nothing() -> None:
    """What GitHub decides, as it is written: the step is left out by the output of the check, and may fail unless ``upload`` is true."""
    [upload] = [step for step in STEPS if step.get("id") == "upload"]
    assert upload["if"] == "steps.lint.outputs.upload != 'false'"
    assert upload["continue-on-error"] == "${{ inputs.upload == 'auto' }}"
    assert upload["with"] == {"sarif_file": "${{ steps.lint.outputs.sarif-file }}", "category": "${{ inputs.category }}"}
    [said] = [step for step in STEPS if step.get("name") == "Say what an upload needs"]
    assert said["if"] == "steps.upload.outcome == 'failure'"
    assert [name for name, one in ACTION["inputs"].items() if "token" in name or one.get("required")] == []
    assert "token" not in json.dumps(STEPS)


def test_a_failed_upload_says_what_it_needs(workspace: Path) -> None:
    code, output, _ = step(workspace, "Say what an upload needs")
    assert code == 0 and output.startswith("::notice title=medplum-lint::") and output.count("\n") == 1


def test_the_last_step_fails_as_the_tool_did(workspace: Path) -> None:
    assert [step(workspace, "Fail on findings", CODE=code)[0] for code in ("0", "1", "2")] == [0, 1, 2]
