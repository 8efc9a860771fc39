"""docs/architecture.md, and what CONTRIBUTING.md says of generated files, name modules and files that are there."""

from __future__ import annotations

import re

import pytest
from support.checkout import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GENERATED = CONTRIBUTING.partition("\n### Generated files\n")[2].partition("\n### ")[0]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8") + GENERATED
CODE = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))
MODULES = [name for name in CODE if re.fullmatch(r"linter(?:\.[a-z_]+)+(?:\.[A-Z]\w+)?", name)]
PATHS = [name for name in CODE if re.fullmatch(r"(?:linter|tests|tools|docs|rules|schemas|benchmarks)/[\w./*-]*", name)]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_named_is_there(name: str) -> None:
    parts = name.split(".")
    member = parts.pop() if parts[-1][0].isupper() else ""
    path = ROOT.joinpath(*parts)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert file.is_file(), f"docs/architecture.md names {name}: write what the module is called now"
    assert f"class {member}" in file.read_text(encoding="utf-8") if member else True, (
        f"docs/architecture.md names {name}, which has no {member}"
    )


@pytest.mark.parametrize("name", PATHS)
def test_a_path_that_is_named_is_there(name: str) -> None:
    assert list(ROOT.glob(name.rstrip("/"))), f"docs/architecture.md names {name}: write what is there now"


def test_every_package_is_named() -> None:
    packages = {f"linter.{path.parent.name}" for path in (ROOT / "linter").glob("[a-z]*/__init__.py")}
    assert packages - set(MODULES) == set(), "name these packages in docs/architecture.md, with what they hold"
