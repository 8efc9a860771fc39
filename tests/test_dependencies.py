"""What a run needs of the packages that we depend on: a report of a JSON file only click. And what docs/dependencies.md says of each."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import pages
from support.checkout import ROOT, installation
from support.dependencies import BROUGHT, EXTRAS, USED, declared_licence, extras, installed, licences, names, package, table
from support.helpers import OWN_POLICY
from support.imports import FILES, imports, part

from linter import reporters
from linter.cli import cli

sys.path.insert(0, str(ROOT / "tools"))

from lock import LOCK, locked  # noqa: E402

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
    command = [sys.executable, "-I", "-c", RUN, installation(), ",".join(blocked), *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", check=False)


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("format_", [name for name in reporters.names() if name != "sarif"])
def test_a_report_needs_no_package_but_click(format_: str, bad: Path) -> None:
    arguments = ["--format", format_, str(CLEAN), str(bad)]
    without = run(*arguments)
    assert (without.returncode, without.stderr) == (1, "")
    assert without.stdout == CliRunner().invoke(cli, arguments).stdout != ""


@pytest.mark.parametrize("command", [["show"], ["show", "--format", "json"], ["schema"]])
def test_other_commands_need_none_either(command: list[str], bad: Path) -> None:
    arguments: list[str | Path] = [*command, *([bad] if command[0] == "show" else [])]
    without = run(*arguments)
    assert (without.returncode, without.stderr) == (0, "")
    assert without.stdout == run(*arguments, blocked=()).stdout != ""


# --- Without google-re2, which has no wheels for Alpine Linux. ----------------------------------------------------------------------


@pytest.mark.slow
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


@pytest.mark.quick_cases(2)
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


# --- What is declared is what is used. --------------------------------------------------------------------------------------------------

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
INPUTS = {
    "compose.yaml": "services:\n  server:\n    image: medplum/medplum-server:5.1.23\n    environment: {MEDPLUM_BASE_URL: x}\n",
    "medplum.config.json": json.dumps({"baseUrl": "https://x.example/", "database": {"ssl": {"ca": PEM}}}),
    "bad.json": BAD,
    "policies/support-email-domain.yaml": OWN_POLICY,
    "configured/medplum.config.json": BAD,
    "configured/.medplum-lint.toml": "exclude = []\n",
}
RUNS = {
    "attrs": ("attr", ["--format", "sarif", "bad.json"]),
    "click": ("click", ["--help"]),
    "cryptography": ("cryptography", ["medplum.config.json"]),
    "jsonschema": ("jsonschema", ["--rules", "policies", "bad.json"]),
    "pyyaml": ("yaml", ["compose.yaml"]),
    "sarif-om": ("sarif_om", ["--format", "sarif", "bad.json"]),
    "tomli": ("tomli", ["configured"]),
}
"""For each package the module that it is imported as, and a command of a user that imports it."""


@pytest.mark.slow
def test_what_is_imported_is_what_is_declared() -> None:
    """By the linter, not by tests or tools; ``typing_extensions`` is for a type checker alone."""
    found = {part(name) for path in FILES for name in imports(path)} - sys.stdlib_module_names - {"linter", "tomllib", "typing_extensions"}
    packages = {module: name for name, (module, _) in RUNS.items()} | {"re2": "google-re2", "botocore": "boto3"}
    assert {packages.get(name, name) for name in found} == names(extras()[""] + extras()["aws"] + extras()["lsp"] + extras()["patterns"])


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("name", sorted(names(extras()[""])))
def test_every_package_is_used_by_a_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "tomli" and sys.version_info >= (3, 11):
        pytest.skip("Python reads TOML itself")
    for file, text in INPUTS.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    module, arguments = RUNS[name]
    assert run(*arguments, blocked=()).returncode in (0, 1)
    assert "ModuleNotFoundError" in run(*arguments, blocked=(module,)).stderr


# --- What the page says of each. --------------------------------------------------------------------------------------------------------


def runtime() -> dict[str, set[str]]:
    """What a run needs on this Python, and what each of these packages requires, on any Python."""
    found: dict[str, set[str]] = {}
    left = {one.name for one in extras()[""] if one.marker is None or one.marker.evaluate()}
    while left:
        name = canonicalize_name(left.pop())
        asked = [Requirement(text) for text in distribution(name).requires or []]
        found[name] = names(one for one in asked if "extra" not in str(one.marker))
        left |= {one.name for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})} - found.keys()
    return found


def test_every_package_has_a_row() -> None:
    assert {package(row[0]) for row in table(USED)} == names(extras()[""])
    brought = {one.name for one in locked(LOCK.read_text(encoding="utf-8"))} - names(extras()[""] + extras()["patterns"])
    assert {package(row[0]) for row in table(BROUGHT)} == brought
    assert {(*pages.code(row[0]), package(row[1])) for row in table(EXTRAS)} == {
        (extra, name) for extra, asked in extras().items() if extra for name in names(asked)
    }


def test_every_row_is_complete() -> None:
    assert [row for title in (USED, BROUGHT, EXTRAS) for row in table(title) if not all(row)] == []


def test_what_requires_a_package() -> None:
    needed = runtime()
    for name, required_by, *_ in table(BROUGHT):
        said = {canonicalize_name(one) for one in pages.code(required_by)}
        assert said == {one for one, asked in needed.items() if package(name) in asked}, name


def test_the_licences_are_those_that_the_packages_declare() -> None:
    """Of those that are installed: the others are only in the environments that build the site, draw the charts, or build a release."""
    declared = {name: declared_licence(found) for name, found in installed().items() if name in licences()}
    assert runtime().keys() <= declared.keys()
    assert {name: licences()[name] for name in declared} == declared
