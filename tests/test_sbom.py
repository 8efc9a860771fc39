"""The bill of materials that a release has: the steps of the workflow that build it, run as GitHub runs them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name
from support.checkout import ROOT, copy_of_repository, missing, new_environment, run
from support.dependencies import declared_licence, extras, installed, licences, names, spdx

from linter import __version__

sys.path.insert(0, str(ROOT / "tools"))

from lock import LOCK, locked  # noqa: E402

RELEASE: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
BILL = "sbom/medplum-lint.cdx.json"


@pytest.mark.slow
def test_the_bill_of_a_release(tmp_path: Path) -> None:
    """One test, for what it looks at takes a minute to build."""
    if shutil.which("bash") is None:
        missing("bash is not installed")
    source, commands = as_tagged(copy_of_repository(tmp_path / "source")), new_environment(tmp_path / "venv")
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    _on_main, _agrees, install, build = (step["run"] for step in RELEASE["jobs"]["build"]["steps"] if "run" in step)
    for script in (install, build):
        run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, cwd=source, PATH=path)
    text = (source / BILL).read_text(encoding="utf-8")
    bill = json.loads(text)

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["serialNumber"] and bill["metadata"]["timestamp"]
    assert str(tmp_path) not in text and "file:" not in text
    the_subject_is_the_wheel(bill["metadata"]["component"])
    the_parts_are_those_that_are_locked(bill["components"])
    every_part_is_required(bill)
    the_licences_of_the_tools(tmp_path / "venv")

    [wheel] = (source / "dist").glob("*.whl")
    day = run("git", "log", "-1", "--format=%ct", cwd=source).stdout.strip()
    run(commands / "python", ROOT / "tools" / "sbom.py", wheel, tmp_path / "again.json", cwd=tmp_path, SOURCE_DATE_EPOCH=day)
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == text


def as_tagged(folder: Path) -> Path:
    """A copy as a checkout with one commit."""
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "x"]):
        run("git", "-c", "user.name=x", "-c", "user.email=x@y.test", *words, cwd=folder)
    return folder


def the_subject_is_the_wheel(subject: dict[str, Any]) -> None:
    assert (subject["name"], subject["version"], subject["type"]) == ("medplum-lint", __version__, "application")
    assert (subject["purl"], licence(subject)) == (f"pkg:pypi/medplum-lint@{__version__}", "Apache-2.0")


def the_parts_are_those_that_are_locked(parts: list[dict[str, Any]]) -> None:
    """On this Python and platform; with the licences of docs/dependencies.md."""
    here = [one for one in locked(LOCK.read_text(encoding="utf-8")) if one.marker is None or one.marker.evaluate()]
    found = {canonicalize_name(part["name"]): (part["version"], part["purl"], licence(part)) for part in parts}
    said = licences()
    assert found == {one.name: (str(one.version), f"pkg:pypi/{one.name}@{one.version}", said[one.name]) for one in here}
    assert len(found) == len(parts)


def every_part_is_required(bill: dict[str, Any]) -> None:
    """By medplum-lint, or by something that it requires."""
    required = {one["ref"]: set(one.get("dependsOn", [])) for one in bill["dependencies"]}
    of = {part["bom-ref"]: canonicalize_name(part["name"]) for part in bill["components"]}
    subject = bill["metadata"]["component"]["bom-ref"]
    here = [one for one in extras()[""] + extras()["patterns"] if one.marker is None or one.marker.evaluate()]
    assert {of[ref] for ref in required[subject]} == names(here)
    reached, left = {subject}, {subject}
    while left := set().union(*(required[ref] for ref in left)) - reached:
        reached |= left
    assert reached == {subject, *of}


def the_licences_of_the_tools(environment: Path) -> None:
    """Of the extra that this environment has, which that of the other tests has not."""
    found = installed(*map(str, environment.rglob("site-packages")))
    asked = names(extras()["release"])
    assert {name: declared_licence(found[name]) for name in asked} == {name: licences()[name] for name in asked}


def licence(part: dict[str, Any]) -> str:
    """The licence of a part, of which there is one."""
    [one] = part["licenses"]
    return str(one["expression"] if "expression" in one else one["license"].get("id") or spdx(one["license"]["name"]))


def test_how_it_is_used(tmp_path: Path) -> None:
    usage = run(sys.executable, ROOT / "tools" / "sbom.py", cwd=tmp_path, status=2).stdout
    assert usage == "usage: python tools/sbom.py WHEEL FILE\n"


def test_the_bill_goes_where_the_wheel_goes() -> None:
    """It is made where the files are, is attested itself and as what is in them, and is beside them in the release, but not on PyPI."""
    jobs = RELEASE["jobs"]
    assert [step["run"] for step in jobs["build"]["steps"] if f"tools/sbom.py dist/*.whl {BILL}\n" in step.get("run", "")] != []
    kept = {step["with"]["name"]: step["with"]["path"] for step in jobs["build"]["steps"] if "upload-artifact" in step.get("uses", "")}
    assert kept["sbom"] == "sbom/"
    attested = [step["with"] for step in jobs["attest"]["steps"] if "/attest@" in step["uses"]]
    assert attested == [{"subject-path": "dist/*\nsbom/*\nvsix/*\n"}, {"subject-path": "dist/*", "sbom-path": BILL}]
    assert "dist/* sbom/* " in jobs["github"]["steps"][-1]["run"]
    assert jobs["pypi"]["steps"][0]["with"] == {"name": "dist", "path": "dist/"}
