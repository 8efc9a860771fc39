"""requirements.txt locks what setup.cfg asks for, and ``tools/lock.py --check`` tells when it does not."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from packaging.markers import Marker
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from lock import LOCK, LOCKS, PYTHONS, locked, mistakes, wanted  # noqa: E402

TEXT = LOCK.read_text(encoding="utf-8")


def without(name: str) -> str:
    """The lock without the entries of a package."""
    return re.sub(rf"^{name}==.*\n(?: +--hash.*\n)+", "", TEXT, flags=re.MULTILINE)


def test_requested_packages_are_locked() -> None:
    assert mistakes(TEXT) == []
    names = {one.name for one in locked(TEXT)}
    assert {"click", "cryptography", "google-re2", "jsonschema", "pyyaml", "sarif-om", "setuptools", "tomli"} <= names


def test_every_supported_python_is_checked() -> None:
    pythons = re.findall(r"Programming Language :: Python :: (3\.\d+)", (ROOT / "setup.cfg").read_text(encoding="utf-8"))
    assert tuple(pythons) == PYTHONS


def test_every_text_names_the_same_pythons() -> None:
    """Where it names the oldest, or the oldest and the newest: in documentation, checks, workflows, and the settings of tools."""
    oldest, newest = PYTHONS[0], PYTHONS[-1]
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md", ROOT / ".ci" / "run"]
    named = {path.name: re.findall(r"Python (?:from )?(3\.\d+)( to 3\.\d+| or later)", path.read_text(encoding="utf-8")) for path in texts}
    assert {len(named[name]) for name in ("CONTRIBUTING.md", "README.md", "get-started.md", "dependencies.md", "run")} == {1}
    assert {range_ for found in named.values() for range_ in found} == {(oldest, f" to {newest}"), (oldest, " or later")}
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    check, platforms = workflow["jobs"]["check"], workflow["jobs"]["platforms"]
    assert [step["with"]["python-version"].split() for step in check["steps"] if "python" in step.get("uses", "")] == [list(PYTHONS)]
    assert platforms["strategy"]["matrix"]["python"] == [oldest, newest]
    config = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert f"python_requires = >={oldest}\n" in config and f"python_version = {oldest}\n" in config
    assert f'target-version = "py{oldest.replace(".", "")}"' in (ROOT / "ruff.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_has_the_requested_packages(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert mistakes(text, LOCKS[name]) == []
    assert mistakes("", LOCKS[name]) != []


def test_the_site_is_not_part_of_a_run() -> None:
    assert {one.name for one in wanted()}.isdisjoint(
        one.name for extra in ("docs", "release") for one in wanted(extra) if one.name != "setuptools"
    )
    assert not {"mkdocs", "mkdocs-material", "twine"} & {one.name for one in locked(TEXT)}


def test_ci_checks_the_lock() -> None:
    assert '"$bin/python" tools/lock.py --check\n' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert subprocess.run([sys.executable, ROOT / "tools" / "lock.py", "--check"], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted({re.sub("[-_.]+", "-", one.name).lower() for one in wanted()}))
def test_a_package_that_is_missing(name: str) -> None:
    errors = mistakes(without(name))
    assert errors and all(re.match(rf"{name} is not locked on Python 3\.1\d \(\w+, \w+\)$", each, re.IGNORECASE) for each in errors)
    assert len(errors) == (6 if name == "tomli" else 30)


def test_a_version_that_is_too_old() -> None:
    errors = mistakes(re.sub("^click==.*? ", "click==8.0 ", TEXT, flags=re.MULTILINE))
    assert errors[0] == "click 8.0 is locked on Python 3.10 (linux, x86_64), but >=8.1 is required" and len(errors) == 30


def test_a_package_for_some_pythons_only() -> None:
    errors = mistakes(re.sub("^(click==[^ ]*) ", r"\1 ; python_version < '3.14' ", TEXT, flags=re.MULTILINE))
    assert errors == [
        f"click is not locked on Python 3.14 ({platform})"
        for platform in ("linux, x86_64", "linux, aarch64", "darwin, x86_64", "darwin, arm64", "win32, AMD64", "win32, ARM64")
    ]


def test_an_entry_without_hashes() -> None:
    assert mistakes(without("click") + "click==8.1\n") == ["click 8.1 has no hash"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example.com/simple",
        "--extra-index-url=https://packages.example.com/simple",
        "--find-links /wheels",
        "click>=8.1 --hash=sha256:" + "0" * 64,
        "click==8.1 --hash=md5:" + "0" * 32,
        "click @ https://packages.example.com/click.whl --hash=sha256:" + "0" * 64,
    ],
)
def test_lines_that_are_not_locked_packages(line: str) -> None:
    with pytest.raises(ValueError, match="no entry with hashes"):
        mistakes(f"{TEXT}{line}\n")


def test_markers_are_read() -> None:
    [tomli] = [one for one in locked(TEXT) if one.name == "tomli"]
    assert tomli.marker == Marker("python_full_version < '3.11'")
