"""The wheel holds all that a run needs, and its command works anywhere."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from support.checkout import ROOT, copy_of_repository, new_environment, run

import linter
from linter import reporters

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "examples" / "medplum.config.json"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout."""
    return copy_of_repository(tmp_path_factory.mktemp("checkout") / "source")


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution, which so is known to be complete."""
    folder = tmp_path_factory.mktemp("build")
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", source, cwd=folder)
    [built] = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a new virtual environment with the wheel in it."""
    commands = new_environment(tmp_path_factory.mktemp("installed") / "venv")
    run(commands / "python", "-m", "pip", "install", "--quiet", wheel, cwd=commands)
    return commands


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_every_file_that_is_read_is_in_the_wheel(names: set[str]) -> None:
    rules = {f"linter/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "rules").rglob("*.yaml")}
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "linter" / "_built").glob("*.json")}
    assert rules and data and (rules | data | {"linter/upgrade/notes.yaml"}) <= names
    assert "linter/py.typed" in names


def test_every_module_is_in_the_wheel(names: set[str]) -> None:
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "linter").rglob("*.py")} <= names


def test_nothing_else_is_in_the_wheel(names: set[str]) -> None:
    package = f"medplum_lint-{linter.__version__}"
    assert {name.partition("/")[0] for name in names} == {"linter", f"{package}.dist-info", f"{package}.data"}
    assert [name for name in names if ".data/" in name] == [f"{package}.data/data/share/man/man1/medplum-lint.1"]
    assert {Path(name).suffix for name in names if name.startswith("linter/")} <= {
        ".py",
        ".json",
        ".yaml",
        ".sh",
        ".css",
        ".js",
        ".pem",
        ".typed",
    }


def test_building_leaves_nothing_in_the_checkout(source: Path, wheel: Path, bin_: Path) -> None:
    run(bin_ / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheel.parent, source, cwd=source.parent)
    assert [*source.glob("build"), *source.rglob("*.egg-info")] == []


def test_the_manual_page_is_installed(bin_: Path) -> None:
    installed = bin_.parent / "share" / "man" / "man1" / "medplum-lint.1"
    assert installed.read_bytes() == (ROOT / "man" / "medplum-lint.1").read_bytes()


# What a page such as that on PyPI shows


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    [name] = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(zipfile.ZipFile(wheel).read(name))


def test_the_links_beside_the_package(metadata: Message) -> None:
    urls = dict(text.split(", ") for text in metadata.get_all("Project-URL", []))
    assert set(urls) >= {"Documentation", "Source", "Issues", "Changelog"}
    assert urls["Source"] == address.repository() and urls["Documentation"] == address.site()
    assert all(
        re.match(rf"https://({re.escape(address.owner())}\.github\.io|github\.com/{re.escape(address.owner())})/", url)
        for url in urls.values()
    )


def test_the_readme_stands_by_itself(metadata: Message) -> None:
    """Links that are relative in the repository lead to the files of this release."""
    text = re.sub(r"^```.*?^```$", "", str(metadata.get_payload()), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert [link for link in links if not re.match("https://|#", link)] == []
    ours = f"{address.repository()}/blob/v{linter.__version__}/"
    files = {link.removeprefix(ours).partition("#")[0] for link in links if link.startswith(ours)}
    assert {"docs/policies.md", "docs/cli.md", "CHANGELOG.md"} <= files and all((ROOT / name).exists() for name in files)


def test_it_is_imported_from_the_wheel(bin_: Path, tmp_path: Path) -> None:
    where = run(bin_ / "python", "-c", "import linter; print(linter.__file__)", cwd=tmp_path).stdout
    assert Path(where.strip()).is_relative_to(bin_.parent)


def test_version(bin_: Path, tmp_path: Path) -> None:
    assert run(bin_ / "medplum-lint", "--version", cwd=tmp_path).stdout.startswith(f"medplum-lint {linter.__version__}\n")
    assert run(bin_ / "python", "-m", "linter", "--version", cwd=tmp_path).stdout.startswith(f"medplum-lint {linter.__version__}\n")


def test_every_rule_is_listed(bin_: Path, tmp_path: Path) -> None:
    listed = json.loads(run(bin_ / "medplum-lint", "rules", "--format", "json", cwd=tmp_path).stdout)
    assert sorted(rule["id"] for rule in listed) == sorted(path.stem for path in (ROOT / "rules").rglob("*.yaml"))


def test_rules_prove_themselves(bin_: Path, tmp_path: Path) -> None:
    assert "all passed" in run(bin_ / "medplum-lint", "test", cwd=tmp_path).stdout


def test_formats_agree_from_another_folder(bin_: Path, tmp_path: Path) -> None:
    """The example has its mistakes in each output; the wheel says what the checkout says."""
    lint = [bin_ / "medplum-lint", EXAMPLE]
    text = run(*lint, cwd=tmp_path, status=1).stdout
    found = json.loads(run(*lint, "--format", "json", cwd=tmp_path, status=1).stdout)["findings"]
    sarif = json.loads(run(*lint, "--format", "sarif", cwd=tmp_path, status=1).stdout)["runs"][0]["results"]
    ids = [finding["rule"] for finding in found]
    assert len(set(ids)) >= 10
    assert sorted(result["ruleId"] for result in sarif) == sorted(ids)
    assert all(f"[{rule}]" in text for rule in ids)
    assert text == run(sys.executable, "-m", "linter", EXAMPLE, cwd=tmp_path, status=1, PYTHONPATH=str(ROOT)).stdout


def test_a_dump_of_two_environments(bin_: Path, tmp_path: Path) -> None:
    dump = ROOT / "examples" / "ssm-dump.json"
    report = json.loads(run(bin_ / "medplum-lint", dump, "--format", "json", cwd=tmp_path, status=1).stdout)
    assert [file["environment"] for file in report["files"]] == ["prod", "staging"]
    assert {finding["environment"] for finding in report["findings"]} == {"prod", "staging"}


def test_no_example_secret_is_printed(bin_: Path, tmp_path: Path) -> None:
    for name in ("medplum.config.json", "ssm-dump.json"):
        for output in reporters.names():
            output = run(bin_ / "medplum-lint", ROOT / "examples" / name, "--format", output, cwd=tmp_path, status=1).stdout
            assert "not-a-real" not in output and "Tm90IGEga2V5" not in output
