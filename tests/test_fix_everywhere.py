"""Fixing every fixture, alone, with the files beside it, and spread over several files.

No fix crashes, fixing twice is the same as fixing once, and no new finding is as severe as a fixed one.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.checkout import ROOT

from linter.cli import cli
from linter.fixes.plan import Fixes, fixed
from linter.model import LEVELS, Finding
from linter.options.config import Overrides
from linter.run import Options, Outcome, lint_paths

FIXTURES = ROOT / "tests" / "fixtures"
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.name not in ("expected.txt", "verdicts.txt", "README.md"))
LEFT_OUT = {"env-mistakes/input.env", "infra-mistakes/input.json", "kubernetes-mistakes/input.yaml", "twelve-mistakes/input.json"}
"""Where a safe fix would bring another finding, so that it is left out."""


def fix(*paths: Path, instead: Mapping[str, bytes] | None = None, unsafe: bool = True) -> Fixes:
    def check(contents: Mapping[str, bytes]) -> Outcome:
        options = Options(Overrides(pedantic=True), keep_contents=True, instead={**(instead or {}), **contents}, allow_unrecognized=True)
        return lint_paths(list(map(str, paths)), options)

    return fixed(check, unsafe=unsafe)


def fix_twice(*paths: Path, unsafe: bool) -> Fixes:
    """The fixes of files, which are all that there are: made again they change nothing, and what is left has no fix."""
    fixes = fix(*paths, unsafe=unsafe)
    again = fix(*paths, instead={file.uri: file.after for file in fixes.files}, unsafe=unsafe)
    assert (fixes.bugs, again.bugs, again.files) == ((), (), ())
    assert [finding.rule for finding in again.outcome.result.findings if is_fixable(finding, unsafe=unsafe)] == []
    return fixes


def is_fixable(finding: Finding, *, unsafe: bool) -> bool:
    """Whether it is said that an option would fix a finding; of one whose fix would bring something worse it is not."""
    return finding.suppressed is None and finding.fix is not None and finding.fix.edits is not None and (unsafe or finding.fix.safe)


def by_rule(outcome: Outcome) -> Counter[str]:
    return Counter(finding.rule for finding in outcome.result.findings)


def gravest(outcome: Outcome, rules: Counter[str]) -> int:
    """The level of the most severe finding of some rules; a number after all levels if there is none."""
    return min((LEVELS.index(finding.severity) for finding in outcome.result.findings if finding.rule in rules), default=len(LEVELS))


def is_made_whole(fixes: Fixes) -> bool:
    return any(new.complete and not old.complete for file in fixes.files for old, new in zip(file.old, file.new, strict=True))


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_fixture(path: Path) -> None:
    plain = lint_paths([str(path)], Options(Overrides(pedantic=True), allow_unrecognized=True))
    found = by_rule(plain)
    for unsafe in (False, True):
        fixes = fix_twice(path, unsafe=unsafe)
        assert unsafe or bool(fixes.refused) == (path.relative_to(FIXTURES).as_posix() in LEFT_OUT)
        left = by_rule(fixes.outcome)
        assert left <= found or is_made_whole(fixes) or gravest(fixes.outcome, left - found) > gravest(plain, found - left)


# --- Several files --------------------------------------------------------------------------------------------------------------------

FOLDERS = [
    *(path for path in sorted((ROOT / "tests" / "sums").iterdir())),
    *(ROOT / "tests" / name for name in ("deployment", "data/server-4.1.12", "data/upgrade")),
    *(path for path in (FIXTURES / "real").iterdir() if sum(one.is_file() for one in path.rglob("*")) > 2),
]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_folder(folder: Path, unsafe: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command itself: after one run a second one writes nothing and names no option that would fix more."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    options = ["--fix", *(["--unsafe-fixes"] if unsafe else []), "--pedantic", "--fail-on", "never", "."]
    assert CliRunner().invoke(cli, options).exit_code == 0
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = CliRunner().invoke(cli, options)
    assert again.exit_code == 0 and "fixed in" not in again.stderr
    assert re.findall(r"fixable with --fix(?: --unsafe-fixes)?\.", again.stdout) in (
        [],
        *([["fixable with --fix --unsafe-fixes."]] if not unsafe else []),
    )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == after


def variables() -> list[tuple[str, str]]:
    """The variables of all fixtures."""
    texts = [path.read_text() for path in FILES if path.suffix == ".env" or path.name.startswith(".env") or path.suffix == ".yml"]
    found = [one for text in texts for one in re.findall(r"^[\s-]*(?:export )?(MEDPLUM_\w+)(?:=|: *)(.*)$", text, re.MULTILINE)]
    return [(name, value.strip("'\"")) for name, value in found]


SLIPS = [
    ("BASE_URL", "https://api.hospital.health"),
    ("MEDPLUM_BASEURL", "https://api.hospital.health/"),
    ("MEDPLUM_BASE_URL", "https://api.hospital.health"),
    ("MEDPLUM_APP_BASE_URL", "http://localhost:3000"),
    ("MEDPLUM_AUDIENCE", "http://localhost:8103/"),
    ("MEDPLUM_BINARY_STORAGE", "file:./binary/"),
    ("MEDPLUM_DATABASE_URL", "postgres://medplum:x@db:5432/medplum"),
    ("MEDPLUM_DEFAULT_BOT_RUNTIME_VERSION", "vmcontext"),
    ("MEDPLUM_INTROSPECTION_ENABLED", "false"),
    ("MEDPLUM_PUB_SUB_REDIS_HOST", "cache"),
    ("MEDPLUM_REDIS_PORT", "1e3"),
    ("MEDPLUM_REDIS_URL", "redis://:x@cache:6379"),
    ("MEDPLUM_STORAGE_BASE_URL", "http://localhost:8103/storage"),
    ("MEDPLUM_VM_CONTEXT_BOTS_ENABLED", "false"),
    ("MEDPLUM_VM_CONTEXT_BOTS_ENABLED", "true"),
]
"""Of which a fix of one brings what is wrong with another to light, or is what makes that wrong."""
IMAGES = ["medplum/medplum-server:5.1.23", "medplum/medplum-server", "medplum/medplum-server:4.1.12"]


def spread(chance: random.Random) -> dict[str, str]:
    """A Compose project whose services share an ``env_file``; variables are in it, in the services and in an override."""
    known = variables()

    def some(*sizes: int) -> dict[str, str]:
        return dict(chance.sample(chance.choice([known, SLIPS]), chance.choice(sizes)))

    def service(variables: Mapping[str, str], text: str = "") -> str:
        return text + "".join(
            ["    environment:\n", *(f"      {name}: {json.dumps(value)}\n" for name, value in variables.items())] if variables else []
        )

    services = ""
    for number in range(chance.choice([1, 1, 2])):
        command = chance.choice(["    command: env\n", "    command: [file:medplum.config.json]\n"])
        services += service(some(0, 1, 6), f"  s{number}:\n    image: {chance.choice(IMAGES)}\n{command}    env_file: [a.env, b.env]\n")
    files = {name: "".join(f"{one}={value}\n" for one, value in some(1, 3, 8).items()) for name in ("a.env", "b.env")}
    files["compose.yml"] = f"services:\n{services}"
    if chance.random() < 0.4:
        files["compose.override.yml"] = service(some(1, 3), "services:\n  s0:\n")
    return files


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("seed", range(200))
def test_variables_spread_over_files(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chance = random.Random(seed)
    files = spread(chance)
    for name, text in files.items():
        Path(name).write_text(text)
    fix_twice(*map(Path, files), unsafe=chance.random() < 0.8)
