"""The recipes for pipelines and the image: what they install, and that their commands make the reports which their platforms look for."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml
from support.checkout import ROOT, copy_of_repository, environment, missing, run
from support.pages import section

from linter import __version__

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
from blocks import BLOCK, block  # noqa: E402

RECIPES = ROOT / "recipes"
PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def text(name: str) -> str:
    return (RECIPES / name).read_text(encoding="utf-8")


def parsed(name: str) -> Any:
    return yaml.safe_load(text(name))


class Recipe(NamedTuple):
    """What a recipe runs: the script that installs, the one that checks, and the files in which the platform looks for reports."""

    install: str
    check: str
    reports: dict[str, str]
    """By the format that the platform reads."""


def gitlab() -> Recipe:
    [job] = parsed("gitlab-ci.yml").values()
    reports = job["artifacts"]["reports"]
    found = {"gitlab": reports["codequality"], "junit": reports["junit"]}
    return Recipe("\n".join(["set -e", *job["before_script"]]), "\n".join(["set -e", *job["script"]]), found)


def azure() -> Recipe:
    steps = parsed("azure-pipelines.yml")["steps"]
    install, check = (step["bash"] for step in steps if "bash" in step)
    [publish] = [step for step in steps if step.get("task") == "PublishTestResults@2"]
    assert publish["condition"] == "succeededOrFailed()" and publish["inputs"]["testResultsFormat"] == "JUnit"
    return Recipe(install, check, {"junit": publish["inputs"]["testResultsFiles"].replace("$(Agent.TempDirectory)", "temporary")})


def jenkins() -> Recipe:
    install, check = re.findall(r"sh '''\n(.*?)'''", text("Jenkinsfile"), re.DOTALL)
    [junit] = re.findall(r"junit testResults: '([^']+)', skipMarkingBuildUnstable: true$", text("Jenkinsfile"), re.MULTILINE)
    [page] = re.findall(r"archiveArtifacts artifacts: '([^']+)'$", text("Jenkinsfile"), re.MULTILINE)
    return Recipe(install, f"set -e\n{check}", {"junit": junit, "html": page})


def circleci() -> Recipe:
    steps = parsed("circleci.yml")["jobs"]["medplum-lint"]["steps"]
    install, check = (step["run"]["command"] for step in steps if "run" in step)
    [results] = [step["store_test_results"]["path"] for step in steps if "store_test_results" in step]
    [page] = [step["store_artifacts"]["path"] for step in steps if "store_artifacts" in step]
    return Recipe(f"set -e\n{install}", f"set -e\n{check}", {"junit": f"{results}/medplum-lint/results.xml", "html": page})


READ = {"gitlab-ci.yml": gitlab, "azure-pipelines.yml": azure, "Jenkinsfile": jenkins, "circleci.yml": circleci}
GITHUB = "github-without-code-scanning.yml"


def test_every_recipe_is_read_here_and_on_the_page() -> None:
    assert {path.name for path in RECIPES.iterdir()} == {*READ, GITHUB}
    assert sorted(re.findall(r"^<!-- recipe: (\S+) -->$", PAGE, re.MULTILINE)) == sorted([*READ, GITHUB])


def test_what_is_copied_is_of_this_version() -> None:
    for name in (*READ, GITHUB):
        assert re.findall(r"0{40} # (v\d+\.\d+\.\d+)$", text(name), re.MULTILINE) == [f"v{__version__}"], f"{name}: write the version"
    named = set(re.findall(r"\bv\d+\.\d+\.\d+\b", BLOCK.sub("", PAGE)))
    assert named == {f"v{__version__}"}, "docs/pipelines.md: write the version"


@pytest.mark.parametrize("name", READ)
def test_a_commit_is_installed_with_the_locked_dependencies(name: str) -> None:
    """The commands of the page, on a checkout of the commit."""
    commands = [shlex.split(line, comments=True) for line in READ[name]().install.splitlines()]
    clone, checkout, locked, package = (words for words in commands if words and words[0] in ("git", "pip"))
    folder = clone[-1]
    assert clone == ["git", "clone", "--quiet", address.filled_in(address.repository()), folder]
    assert checkout == ["git", "-C", folder, "checkout", "--quiet", "0" * 40]
    for words, command in zip((locked, package), block("installation").splitlines(), strict=True):
        wanted = [f"{folder}/{word}" if word.endswith(".txt") else folder if word == "." else word for word in shlex.split(command)]
        assert [word for word in words if word != "--quiet"] == wanted


# Run

BASH = shutil.which("bash")


def in_folder(script: str, folder: Path) -> tuple[str, dict[str, str]]:
    """A script with the folders of a machine in one folder, and the variables that the platforms set."""
    script = re.sub(r"/tmp/\w[\w-]*", lambda match: f"temporary{match[0]}", script)
    return script, {"AGENT_TEMPDIRECTORY": "temporary", "WORKSPACE_TMP": "temporary", "CI_PROJECT_DIR": str(folder)}


def execute(script: str, folder: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    script, variables = in_folder(script, folder)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script],
        cwd=folder,
        env=environment(PATH=path, PYTHONPATH=str(ROOT), **variables),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """medplum-lint, and programs in place of those that need the network, which write down that they are called."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program(folder, "medplum-lint", f'exec "{sys.executable}" -m linter "$@"')
    for name in ("git", "pip", "python"):
        program(folder, name, f'echo "{name} $*" >> "{tmp_path}/calls"')
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "temporary" / "tmp").mkdir(parents=True)
    shutil.copy(ROOT / "examples" / "medplum.config.json", folder / "medplum.config.json")
    return folder


def findings(form: str, path: Path) -> int:
    """How many findings a report has, read as its platform does."""
    content = path.read_text(encoding="utf-8")
    if form == "junit":
        return sum(len(case) for case in ElementTree.fromstring(content).iter("testcase"))
    if form == "gitlab":
        return len(json.loads(content))
    return content.count("<article")


@pytest.mark.quick_cases(2)
@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@pytest.mark.parametrize("name", READ)
def test_a_recipe_makes_its_reports_and_fails_on_errors(name: str, project: Path, programs: Path, tmp_path: Path) -> None:
    recipe = READ[name]()
    done = execute(recipe.install, project, programs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [line.split()[0] for line in (tmp_path / "calls").read_text().splitlines() if "venv" not in line] == ["git", "git", "pip", "pip"]
    for folder in (project / "temporary").rglob("venv"):
        (folder / "bin").mkdir(parents=True, exist_ok=True)
    if name == "circleci.yml":  # it calls the program by its path
        (project / "temporary" / "tmp" / "venv" / "bin").mkdir(parents=True)
        shutil.copy(programs / "medplum-lint", project / "temporary" / "tmp" / "venv" / "bin")

    done = execute(recipe.check, project, programs)
    assert done.returncode == 1 and "missing-trailing-slash" in done.stdout and "Traceback" not in done.stderr
    if name == "azure-pipelines.yml":
        assert "##vso[task.logissue type=error;sourcepath=medplum.config.json;" in done.stdout
    reports = {form: project / re.sub("^/tmp/", "temporary/tmp/", path) for form, path in recipe.reports.items()}
    assert {form: findings(form, path) > 5 for form, path in reports.items()} == dict.fromkeys(reports, True)

    shutil.copy(ROOT / "benchmarks" / "clean.json", project / "medplum.config.json")
    assert execute(recipe.check, project, programs).returncode == 0


# What else the page says


def test_the_page_has_every_input_of_the_action_with_its_default() -> None:
    table = PAGE.partition("| input | what it is | default |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| `(\S+)` \| .* \| (.*)\|$", table, re.MULTILINE)
    rows = {name: default.strip() for name, default in cells}
    assert list(rows) == list(ACTION["inputs"])
    given = {name: value.strip("`") for name, value in rows.items() if value.startswith("`")}
    assert given == {name: one["default"] for name, one in ACTION["inputs"].items() if one["default"]}
    for name in ACTION["outputs"]:
        assert f"`{name}`" in PAGE


def test_the_page_has_every_hook() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == re.findall(r"^\| `(medplum-lint[a-z-]*)` \|", PAGE, re.MULTILINE)


def test_the_job_without_code_scanning_needs_no_permission() -> None:
    [job] = parsed(GITHUB)["jobs"].values()
    [_, scanning] = yaml.safe_load(block("workflow"))["jobs"]["lint"]["steps"]
    assert job["permissions"] == {"contents": "read"}
    assert job["steps"][1] == {**scanning, "with": {"upload": "false"}} and set(job["steps"][1]["with"]) <= set(ACTION["inputs"])


def test_the_readme_leads_to_the_page() -> None:
    assert "](docs/pipelines.md)" in section("README.md", "GitHub")


# The image


class Stage(NamedTuple):
    """The instructions of a stage, in order, each as its name and the rest."""

    base: str
    instructions: list[tuple[str, str]]

    def of(self, name: str) -> list[str]:
        return [rest for one, rest in self.instructions if one == name]


def stages() -> list[Stage]:
    found: list[Stage] = []
    joined = re.sub(r"\\\n\s*", "", re.sub("^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    for line in filter(None, joined.splitlines()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append(Stage(rest, []))
        elif found:
            found[-1].instructions.append((name, rest))
    return found


def test_the_image_is_small_and_its_user_is_not_root() -> None:
    assert re.search(r"^ARG PYTHON=python:3\.13-slim$", DOCKERFILE, re.MULTILINE)
    build, image = stages()
    assert (build.base, image.base) == ("${PYTHON} AS build", "${PYTHON}")
    assert image.of("USER") == ["65532:65532"] and image.of("ENTRYPOINT") == ['["medplum-lint"]'] and image.of("RUN") == []
    assert image.of("COPY") == ["--from=build /opt/medplum-lint /opt/medplum-lint"]
    assert image.of("WORKDIR") == ["/work"] and "PIP_NO_CACHE_DIR=1" in build.of("ENV")[0]


def test_what_the_image_is_built_of_reaches_the_build() -> None:
    """.dockerignore takes what COPY names, and nothing else."""
    listed = [line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")]
    copied = [name.removeprefix("./") for rest in stages()[0].of("COPY") for name in rest.split()[:-1]]
    assert sorted(listed) == sorted(copied)


def test_hadolint_reports_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        missing("hadolint is not installed")
    assert run(hadolint, "--no-color", ROOT / "Dockerfile", cwd=ROOT).stdout == ""


@pytest.mark.slow
def test_the_commands_of_the_image(tmp_path: Path) -> None:
    """Without Docker: what COPY names is copied, RUN is run, each in a folder in place of the root; then a read-only folder is checked."""
    checkout = copy_of_repository(tmp_path / "checkout")
    source, target, work = tmp_path / "source", tmp_path / "opt", tmp_path / "work"
    source.mkdir()
    for name, rest in stages()[0].instructions:
        if name == "COPY":
            copy_as_docker(rest.split(), checkout, source)
        elif name == "RUN":
            script = rest.replace("/opt/medplum-lint", str(target)).replace("python -m venv", f'"{sys.executable}" -m venv')
            run("sh", "-ec", script, cwd=source)

    work.mkdir()
    shutil.copy(ROOT / "examples" / "medplum.config.json", work)
    work.chmod(0o555)
    done = run(target / "bin" / "medplum-lint", cwd=work, status=1, HOME="/", PYTHONDONTWRITEBYTECODE="1")
    assert "missing-trailing-slash" in done.stdout and done.stderr == ""
    run(target / "bin" / "medplum-lint", "--format", "sarif", cwd=work, status=1)
    run(target / "bin" / "medplum-lint", "test", cwd=work)
    work.chmod(0o755)


def copy_as_docker(words: list[str], checkout: Path, source: Path) -> None:
    """Files go into the folder that is named last; of a folder what is in it."""
    *names, folder = words
    for one in names:
        if (checkout / one).is_dir():
            shutil.copytree(checkout / one, source / folder, dirs_exist_ok=True)
        else:
            shutil.copy(checkout / one, source / folder)
