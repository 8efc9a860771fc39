"""What a run needs of the packages that we depend on: a report of a JSON file only click."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from linter import reporters

ROOT = Path(__file__).parent.parent
CLEAN = ROOT / "benchmarks" / "clean.json"
BLOCKED = ("attr", "attrs", "cryptography", "jschema_to_python", "jsonpickle", "jsonschema", "pbr", "re2", "sarif_om", "setuptools", "yaml")

RUN = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

root, names, *arguments = sys.argv[1:]
blocked = set(names.split(","))
for name in [name for name in sys.modules if name.partition(".")[0] in blocked]:
    del sys.modules[name]  # what an installation imports at the start of Python
sys.path.insert(0, root)
sys.meta_path.insert(0, Missing())
sys.argv = ["medplum-lint", *arguments]
from linter.__main__ import main
main()
"""

BAD = '{"baseUrl": "https://api.hospital.example", "database": {"password": "correct-horse"}, "redis": {}, "emailAdress": "x"}'


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file with mistakes that no package is needed to find."""
    path = tmp_path / "medplum.config.json"
    path.write_text(BAD, encoding="utf-8")
    return path


def run(*arguments: str | Path, blocked: tuple[str, ...] = BLOCKED) -> subprocess.CompletedProcess[str]:
    """Run a command where these packages cannot be imported."""
    command = [sys.executable, "-I", "-c", RUN, ROOT, ",".join(blocked), *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("format_", [name for name in reporters.names() if name != "sarif"])
def test_a_report_needs_no_package_but_click(format_: str, bad: Path) -> None:
    for path, code in ((CLEAN, 0), (bad, 1)):
        without = run("--format", format_, path)
        assert (without.returncode, without.stderr) == (code, "")
        assert without.stdout == run("--format", format_, path, blocked=()).stdout != ""


@pytest.mark.parametrize("command", [["show"], ["show", "--format", "json"], ["schema"]])
def test_other_commands_need_none_either(command: list[str], bad: Path) -> None:
    arguments: list[str | Path] = [*command, *([bad] if command[0] == "show" else [])]
    without = run(*arguments)
    assert (without.returncode, without.stderr) == (0, "")
    assert without.stdout == run(*arguments, blocked=()).stdout != ""
