"""What a run needs of the packages that we depend on: a report of a JSON file only click."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.helpers import OWN_POLICY

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


# --- Without google-re2, which has no wheels for Alpine Linux. ----------------------------------------------------------------------


def test_built_in_rules_have_patterns_without_re2() -> None:
    """Each rule with patterns finds the same: its own examples are run."""
    without = run("test", blocked=("re2",))
    assert (without.returncode, without.stderr) == (0, "")
    assert without.stdout == run("test", blocked=()).stdout


def test_a_configuration_has_globs_without_re2(tmp_path: Path) -> None:
    (tmp_path / ".medplum-lint.toml").write_text('exclude = ["old/**/*.json"]\n', encoding="utf-8")
    for name in ("medplum.config.json", "old/a/b/medplum.config.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BAD, encoding="utf-8")
    without = run("--format", "concise", tmp_path, blocked=("re2",))
    assert without.returncode == 1 and "old/a/b" not in without.stdout
    assert without.stdout == run("--format", "concise", tmp_path, blocked=()).stdout


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("pattern", ["", "(*"])
def test_a_policy_with_a_pattern_needs_re2(tmp_path: Path, trusted: bool, pattern: str) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    (tmp_path / "medplum.config.json").write_text(BAD, encoding="utf-8")
    asked = OWN_POLICY.replace('ends_with: "', f'matches: "{pattern}')
    (policies / "support-email-domain.yaml").write_text(asked, encoding="utf-8")
    if not trusted:
        (tmp_path / ".medplum-lint.toml").write_text('rules = ["policies"]\n', encoding="utf-8")
    more: list[str | Path] = ["--rules", policies] if trusted else []
    without = run(*more, tmp_path / "medplum.config.json", blocked=("re2",))
    assert (without.returncode, without.stdout) == (2, "")
    needs = "a pattern needs the package google-re2, which is not installed: pip install google-re2\n"
    assert without.stderr.endswith(f"policies/support-email-domain.yaml:7: {needs}")
    assert "google-re2" not in run(*more, tmp_path / "medplum.config.json", blocked=()).stderr
