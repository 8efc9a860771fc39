"""What the benchmark measures is what it says, and its numbers and tables come out right."""

from __future__ import annotations

import ast
import json
import math
import re
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from support.checkout import ROOT, run

from linter.run import Options, lint_paths

sys.path.insert(0, str(ROOT))

from benchmarks import inputs, profiled, results, rows  # noqa: E402
from benchmarks.growth import Series, grow  # noqa: E402
from benchmarks.growth import table as growth_table  # noqa: E402
from benchmarks.inputs import Parameter, Sizes  # noqa: E402
from benchmarks.install import NOW, NPM_TOOLS, PYTHON_TOOLS, Installed, Version  # noqa: E402
from benchmarks.measure import (  # noqa: E402
    Case,
    Limits,
    Measured,
    Run,
    clean_environment,
    is_due,
    measure,
    problem_of,
    run_once,
    wanted_runs,
)
from benchmarks.profiles import Profile  # noqa: E402
from benchmarks.profiles import tables as profile_tables  # noqa: E402
from benchmarks.results import Result  # noqa: E402
from benchmarks.rows import Goal, Row  # noqa: E402

SMALL = Sizes(files=3, parameters=60, environments=3, huge=100, wrong=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files that are measured, but few and small."""
    folder = tmp_path_factory.mktemp("files")
    for make in inputs.MAKERS.values():
        make(folder, SMALL)
    return folder


def lint(path: Path) -> dict[str, int]:
    """How many findings of each severity a run has."""
    outcome = lint_paths([str(path)], Options())
    assert (outcome.errors, outcome.bugs) == ((), ())
    return dict(Counter(finding.severity for finding in outcome.result.findings))


# What is measured


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("name", ["clean.json", "files", "dump.json", "same-key.json", "own-keys.json", "huge.json", "dump.yaml"])
def test_a_file_without_mistakes(name: str, files: Path) -> None:
    assert lint(files / name) == {}


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("seven.json", {"error": 6, "warning": 1}),
        ("ten.json", {"error": 8, "warning": 2}),
        ("wrong.json", {"error": inputs.MISTAKES * SMALL.wrong}),
        ("wrong-dump.json", {"error": 9 * SMALL.wrong, "warning": SMALL.wrong}),
    ],
)
def test_a_file_with_mistakes(name: str, levels: dict[str, int], files: Path) -> None:
    assert lint(files / name) == levels


def test_the_key_is_found_in_the_file_with_seven(files: Path) -> None:
    outcome = lint_paths([str(files / "seven.json")], Options())
    assert "plaintext-secret" in {finding.rule for finding in outcome.result.findings}


def parameters(path: Path) -> list[Any]:
    data: list[Any] = json.loads(path.read_text(encoding="utf-8"))["Parameters"]
    return data


def test_a_dump_has_as_many_parameters_as_it_says(files: Path) -> None:
    assert len(parameters(files / "dump.json")) == SMALL.parameters
    assert len(parameters(files / "huge.json")) == SMALL.huge
    assert (files / "dump.yaml").read_text(encoding="utf-8").count("\n- ARN: ") == 2 * SMALL.parameters
    for name, keys in (("same-key.json", 1), ("own-keys.json", SMALL.environments)):
        found = parameters(files / name)
        assert len(found) == SMALL.environments * inputs.PER_ENVIRONMENT
        assert len({one["Value"] for one in found if one["Name"].endswith("/signingKey")}) == keys


def test_a_dump_says_in_yaml_what_it_says_in_json(tmp_path: Path) -> None:
    given = [*inputs.environment("e0", key="-----BEGIN-----\nMII=\n-----END-----\n"), *inputs.wrong("e1"), *inputs.of_others(3)]
    for suffix in (".json", ".yaml"):
        inputs.write_dump((tmp_path / "dump").with_suffix(suffix), given)
    in_yaml = yaml.safe_load((tmp_path / "dump.yaml").read_text(encoding="utf-8"))["Parameters"]
    assert in_yaml == parameters(tmp_path / "dump.json")
    assert [Parameter(one["Name"], one["Value"], one["Type"] == "SecureString") for one in in_yaml] == given


def test_files_are_the_same_each_time(files: Path, tmp_path: Path) -> None:
    """But for what stands in their keys."""
    again = {path.relative_to(tmp_path) for make in inputs.MAKERS.values() if make(tmp_path, SMALL) is None for path in tmp_path.rglob("*")}
    for name in again:
        if (tmp_path / name).is_file():
            texts = [re.sub(r"(?s)-----BEGIN.*?-----END", "", (folder / name).read_text(encoding="utf-8")) for folder in (files, tmp_path)]
            assert texts[0] == texts[1], name


def test_a_key_opens_and_is_encrypted_as_openssl_does() -> None:
    keys = inputs.keys(3)
    assert len(set(keys)) == 3
    for key in keys:
        private = load_pem_private_key(key.encode(), inputs.PASSPHRASE.encode())
        assert isinstance(private, RSAPrivateKey) and private.key_size == 2_048
        rounds = bytes.fromhex("02020800")  # the integer 2048
        assert rounds in b64decode("".join(key.splitlines()[1:-1]))


def test_files_for_other_tools_have_the_requested_size() -> None:
    for size in (2_652, 400_000, 4_000_000):
        assert len(json.dumps(inputs.template(size), indent=2)) == pytest.approx(size, rel=0.05)
        assert len(inputs.template(size)["Resources"]) <= 500
    assert len(inputs.workflow(0, 2_652)) == pytest.approx(2_652, rel=0.15)
    assert set(yaml.safe_load(inputs.workflow(7, 2_652))) == {"name", True, "permissions", "concurrency", "jobs"}


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("name", inputs.GROWING)
def test_what_grows_has_as_many_as_it_says(name: str, tmp_path: Path) -> None:
    path = inputs.grown_path(tmp_path, name, 40)
    inputs.GROWING[name].write(path, 40)
    assert sum(lint(path).values()) == (40 if "findings" in name else 0)
    counted: dict[str, Callable[[], int]] = {
        "settings": lambda: path.read_text(encoding="utf-8").count("https://login"),
        "findings": lambda: path.read_text(encoding="utf-8").count('"login'),
        "findings-in-dump": lambda: inputs.MISTAKES * len({one["Name"].split("/")[2] for one in parameters(path)}),
        "files": lambda: len(list(path.iterdir())),
        "parameters": lambda: len(parameters(path)),
        "environments": lambda: len({one["Name"].split("/")[2] for one in parameters(path)}),
        "yaml": lambda: path.read_text(encoding="utf-8").count("- ARN: "),
    }
    assert counted[name]() == 40


def test_sizes_double() -> None:
    assert inputs.sizes_of("files", quick=False) == [250, 500, 1_000, 2_000]
    assert inputs.sizes_of("files", quick=True) == [20, 40, 80, 160]


# How it is measured

PYTHON = sys.executable
LIMITS = Limits(rounds=4, budget=20, timeout=30)


def test_each_command_is_run_in_every_round_in_which_it_is_due(tmp_path: Path) -> None:
    cases = [Case("one", [PYTHON, "-c", "print('said')"], says="said"), Case("two", [PYTHON, "-c", "raise SystemExit(1)"], (1,))]
    measured = measure(cases, tmp_path, LIMITS)
    assert [(one.case.name, sorted(one.runs), one.problem) for one in measured] == [("one", [0, 1, 2, 3], ""), ("two", [0, 1, 2, 3], "")]
    for one in measured:
        assert one.quartiles[0] <= one.median <= one.quartiles[1]
        assert all(run.status == one.case.statuses[0] and run.peak > 1 << 20 and run.processor > 0 for run in one.runs.values())


@pytest.mark.parametrize(
    ("code", "says", "problem"),
    [
        ("raise SystemExit('no such option')", "", "exit 1: no such option"),
        ("print('nothing read')", "read 3 files", "exit 0: nothing read"),
        ("import os; os.kill(os.getpid(), 9)", "", "exit -9: "),
    ],
)
def test_a_failing_command_does_not_count_as_a_fast_run(code: str, says: str, problem: str, tmp_path: Path) -> None:
    [one] = measure([Case("one", [PYTHON, "-c", code], says=says)], tmp_path, LIMITS)
    assert (one.runs, one.problem) == ({}, problem)


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    [one] = measure([Case("one", ["/no/such/command"])], tmp_path, LIMITS)
    assert one.runs == {} and one.problem == "cannot be run: FileNotFoundError: [Errno 2] No such file or directory: '/no/such/command'"


def test_what_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    start = time.monotonic()
    [one] = measure([Case("one", [PYTHON, "-c", code])], tmp_path, Limits(rounds=4, budget=20, timeout=0.5))
    assert time.monotonic() - start < 20
    assert [run.status for run in one.runs.values()] == [None] and one.median == pytest.approx(0.5, abs=0.4)


def test_memory_is_that_of_the_command_alone(tmp_path: Path) -> None:
    """Whoever measures may have more."""
    kept = bytearray(200 << 20)
    small, _ = run_once(Case("small", [PYTHON, "-I", "-S", "-c", "pass"]), tmp_path, 30)
    large, _ = run_once(Case("large", [PYTHON, "-I", "-S", "-c", "bytearray(100 << 20)"]), tmp_path, 30)
    assert len(kept) > small.peak and large.peak - small.peak == pytest.approx(100 << 20, rel=0.1)


def measured(name: str, *seconds: float, version: str = "", peak: int = 10 << 20, status: int | None = 0) -> Measured:
    """Runs that take so long."""
    return Measured(Case(name, [], version=version), {number: Run(taken, taken, peak, status) for number, taken in enumerate(seconds)})


def test_a_ratio_is_that_of_runs_in_one_round() -> None:
    """A moment that is twice as slow hits both."""
    assert measured("a", 2, 4, 2).ratio(measured("b", 1, 2, 1)) == 2
    late = Measured(Case("a", []), {1: Run(6, 6, 1, 0)})
    assert late.ratio(measured("b", 1, 2, 1)) == 3
    once = Measured(Case("a", []), {-1: Run(6, 6, 1, 0)})
    assert once.ratio(measured("b", 1, 2, 3)) == 3


def test_runs_are_spread_over_the_rounds() -> None:
    assert [[number for number in range(10) if is_due(number, count, 10)] for count in (0, 1, 4)] == [[], [9], [2, 4, 7, 9]]
    assert sum(is_due(number, 10, 10) for number in range(10)) == 10


def test_what_takes_long_is_run_less_often() -> None:
    limits = Limits(rounds=30, budget=4, timeout=60)

    def wanted(seconds: float, status: int | None = 0) -> tuple[int, int]:
        one = Measured(Case("a", []), {-1: Run(seconds, seconds, 1, status)})
        return wanted_runs(one, limits), len(one.runs)

    assert [wanted(0.01), wanted(1), wanted(3.9)] == [(30, 0), (4, 0), (1, 0)]
    assert [wanted(4.1), wanted(60, None)] == [(0, 1), (0, 1)], "its first run is all there is"


def test_the_environment_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV", "NODE_OPTIONS", "MEDPLUM_LINT_SERVER_VERSION"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HOME", "/home/somebody")
    kept = clean_environment()
    assert kept["HOME"] == "/home/somebody"
    assert not [name for name in kept if name.startswith(("PYTHON", "VIRTUAL_ENV", "NODE", "MEDPLUM"))]


# Rows


def installed(tools: Mapping[str, Path] | None = None) -> Installed:
    """What could be installed: two of our versions, and tools."""
    versions = [Version(NOW, "abc1234", Path("/now")), Version("0000000", "0000000", Path("/old"))]
    return Installed(versions, tools or {}, {"PyYAML": "6.0", "pip": "1"}, {"spectral": "there is no npm"})


TOOLS = {name: Path("/tools") / name for name in (*PYTHON_TOOLS, *NPM_TOOLS)}


def test_every_row_has_our_versions_and_a_goal(files: Path) -> None:
    for name, row in zip(rows.ROWS, rows.rows(installed(TOOLS), files, SMALL), strict=True):
        ours = [case for case in row.cases if case.version]
        assert row.name == name and {case.version for case in ours} == {NOW, "0000000"}
        assert row.goals and {goal.command for goal in row.goals} <= {case.name for case in ours if case.version == NOW}
        assert {goal.to for goal in row.goals if goal.to} <= {case.name for case in row.cases}
        assert (files / row.text).exists()


def test_the_tools_of_a_row(files: Path) -> None:
    by_name = {row.name: {case.name for case in row.cases if not case.version} for row in rows.rows(installed(TOOLS), files, SMALL)}
    assert by_name["clean"] == {rows.BARE, rows.LOAD, *TOOLS}
    assert by_name["files"] == {rows.LOAD, *TOOLS}
    assert by_name["dump"] == by_name["huge"] == {rows.BARE, rows.LOAD, *TOOLS} - {"zizmor"}
    assert {case.name for case in rows.proofs(installed(TOOLS))} == set(TOOLS)


def test_what_is_not_installed_is_in_no_row(files: Path) -> None:
    given = {name: path for name, path in TOOLS.items() if name != "spectral"}
    assert not [case for row in rows.rows(installed(given), files, SMALL) for case in row.cases if case.name == "spectral"]


@pytest.mark.slow
def test_what_our_commands_must_say(files: Path) -> None:
    """Each command of this checkout, run by this Python, is what its row asks for."""
    for row in rows.rows(installed(), files, SMALL):
        for case in row.cases:
            if case.version == NOW:
                ours = case._replace(command=[PYTHON, "-m", "linter", *case.command[1:]])
                with_ours = {**ours._asdict(), "command": [PYTHON, "-c", _HERE, *map(str, ours.command[3:])]}
                assert problem_of(case, *run_once(Case(**with_ours), files, 60)) == "", (row.name, case.name)


_HERE = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from linter.__main__ import main; main()"


# What is written


def result(*goals: Goal, text: int = 1 << 20) -> Result:
    runs = [
        measured(rows.BARE, 0.01, 0.01, peak=9 << 20),
        measured("yamllint", 60, status=None),
        Measured(Case("spectral", []), {}, "exit 2: no"),
        measured("medplum-lint", 0.05, 0.07, version=NOW, peak=14 << 20),
        measured("medplum-lint", 0.5, 0.7, version="0000000"),
    ]
    return Result(Row("clean", "One file", [one.case for one in runs], goals, note="Mind this."), runs, text)


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal("medplum-lint", "times", 5.8, rows.BARE), 6, False),
        (Goal("medplum-lint", "times", 6.1, rows.BARE), 6, True),
        (Goal("medplum-lint", "ms", 60), 60, True),
        (Goal("medplum-lint", "MiB", 13), 14, False),
        (Goal("medplum-lint", "MB/s", 8), (1 << 20) / 0.06 / 1e6, True),
        (Goal("medplum-lint", "MB/s", 20), (1 << 20) / 0.06 / 1e6, False),
        (Goal("medplum-lint", "of the text", 5), 5, True),
    ],
)
def test_a_goal(goal: Goal, value: float, met: bool) -> None:
    found = results.value_of(goal, result())
    assert found == pytest.approx(value) and found is not None
    assert results.is_met(goal._replace(limit=goal.limit), found + 1e-9 if goal.unit == "MB/s" else found - 1e-9) is met


def test_a_goal_of_what_was_not_measured() -> None:
    assert results.value_of(Goal("spectral", "ms", 1), result()) is None
    assert results.value_of(Goal("yamllint", "ms", 1), result()) is None


def test_the_page() -> None:
    assert "\n\n".join(results.sections([result(Goal("medplum-lint", "ms", 61))], installed(), quick=False)) == PAGE
    assert "Goals" not in "\n\n".join(results.sections([result()], installed(), quick=True))


PAGE = """\
## All tools

| milliseconds | `python -c pass` | yamllint | **medplum-lint** |
| --- | ---: | ---: | ---: |
| One file, 1.0 MB | 10.0 | > 60 s | **60** |

## Goals

| what | command | goal | measured | met |
| --- | ---: | ---: | ---: | ---: |
| One file | medplum-lint | ≤ 61 ms | 60.0 | yes |

## Older versions

| milliseconds | now | 0000000 | × now |
| --- | ---: | ---: | ---: |
| One file | 60 | 600 | 10.0 |

## Each row

### One file, 1.0 MB

Mind this.

| command | median, ms | half of the runs | × `python -c pass` | memory, MiB | runs |
| --- | ---: | ---: | ---: | ---: | ---: |
| `python -c pass` | 10.0 | 10.0 to 10.0 | 1.00 | 9 | 2 |
| **medplum-lint (now)** | 60 | 55 to 65 | 6.00 | 14 | 2 |
| medplum-lint (0000000) | 600 | 550 to 650 | 60.0 | 10 | 2 |
| yamllint | > 60 s |  | > 6,000 | 10 | stopped |
| spectral | exit 2: no |  |  |  |  |"""


def test_what_it_depends_on() -> None:
    text = results.versions_text(installed())
    assert text == "Versions of medplum-lint: now is abc1234, 0000000. Packages: PyYAML 6.0.\nMissing: spectral (there is no npm)."
    assert re.search(r"\d+ cores, \d+ GiB of memory; .*; Python 3\.\d+", results.machine())


def test_growth() -> None:
    sizes = (10, 20, 40, 80)
    linear = Series(
        "a", "files", sizes, [1_000 * size for size in sizes], [0.05 + size / 1_000 for size in sizes], [5_000 * n for n in sizes]
    )
    square = linear._replace(counted="pairs", seconds=[size**2 / 1_000 for size in sizes])
    assert linear.line == pytest.approx((0.001, 0.05))
    assert [linear.fit, linear.last_step, linear.memory] == pytest.approx([1, 2, 5])
    assert square.last_step == pytest.approx(4) and square.fit < 0.97
    assert growth_table([linear]).splitlines()[2:] == [
        "| files | 10: 60 ms | 20: 70 ms | 40: 90 ms | 80: 130 ms | 1,000.0 | 1.0000 | 2.00 | 5.0 |"
    ]
    assert math.isnan(linear._replace(seconds=[1, 2, 2, 3]).last_step)


@pytest.mark.slow
def test_what_fails_is_left_out_of_the_growth(tmp_path: Path) -> None:
    command = tmp_path / "medplum-lint"
    command.write_text('#!/bin/sh\ncase $1 in growing-findings-100.json) echo "out of order"; exit 3;; esac\n', encoding="utf-8")
    command.chmod(0o755)
    for name in inputs.GROWING:
        for size in inputs.sizes_of(name, quick=True):
            inputs.grown_path(tmp_path, name, size).write_bytes(b"x" * size)
    series, problems = grow(Version(NOW, "", tmp_path), tmp_path, Limits(rounds=1, budget=5, timeout=10), quick=True)
    assert [one.name for one in series] == [name for name in inputs.GROWING if name != "findings"]
    assert series[0].sizes == series[0].texts == [100, 200, 400, 800] and all(seconds > 0 for seconds in series[0].seconds)
    assert problems == ["findings 100: exit 3: out of order"]


# The profile


def test_what_is_counted_is_there() -> None:
    """Where a function got another name, its calls would count as none."""
    for names in profiled.COUNTED.values():
        for name in names:
            file, _, function = name.partition(":")
            tree = ast.parse((ROOT / "linter" / file).read_text(encoding="utf-8"))
            assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, (
                f"{name} is counted by benchmarks/profiled.py: write what it is called now"
            )


def test_time_in_c_counts_for_its_caller() -> None:
    linter, importing, c = ("/x/linter/policy/engine.py", 1, "_found"), ("/x/linter/model.py", 1, "<module>"), ("~", 0, "<built-in sorted>")
    found = profiled.summary(
        {
            linter: (3, 3, 1.0, 2.0, {}),
            importing: (1, 1, 0.25, 1.0, {}),
            c: (5, 5, 0.5, 0.5, {linter: (4, 4, 0.4, 0.4), importing: (1, 1, 0.1, 0.1)}),
        }
    )
    assert found["parts"] == {"linter.policy": pytest.approx(1.4), "imports": pytest.approx(0.35)}
    assert found["functions"][0] == ["policy/engine.py:_found", 3, pytest.approx(1.4)]
    assert (found["seconds"], found["counts"]["rules run"], found["counts"]["rules compiled"]) == (pytest.approx(1.75), 3, 0)


def test_the_parts_of_a_profile() -> None:
    def profile(version: str, **parts: float) -> Profile:
        counts = dict.fromkeys(profiled.COUNTED, 1_234)
        found = {"seconds": sum(parts.values()), "parts": parts, "functions": [["a:b", 2, 0.001]], "counts": counts, "modules": 90}
        return Profile(version, "clean.json", 12_300_000, found)

    text = profile_tables([profile("now", imports=0.02, tiny=0.0001), profile("old", imports=0.01, policy=0.08)])
    assert "| million instructions | 12.3 | 12.3 |" in text and "| rules run | 1,234 | 1,234 |" in text
    assert text.split("ms under the profiler")[1].split("\n\n")[0].splitlines()[2:] == [
        "| policy | 0.0 | 80.0 |",
        "| imports | 20.0 | 10.0 |",
        "| all else | 0.1 | 0.0 |",
        "| **all** | 20.1 | 90.0 |",
    ]


# The whole


def test_versions_are_pinned() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==([\d.]+)", (ROOT / "benchmarks" / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))
    assert {*PYTHON_TOOLS, "matplotlib"} <= set(pinned)
    wanted = json.loads((ROOT / "benchmarks" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((ROOT / "benchmarks" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert set(NPM_TOOLS.values()) <= set(wanted)
    assert all(locked[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())


def test_matplotlib_is_in_the_extra_for_benchmarks_alone() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    assert [name for name in extras if "matplotlib" in extras[name]] == ["benchmark"]
    assert "matplotlib" not in config["options"]["install_requires"]


@pytest.mark.slow
def test_a_run(tmp_path: Path) -> None:
    done = run(ROOT / "benchmarks" / "run", "--quick", "--only", "clean", "--folder", tmp_path, cwd=tmp_path, PIP_QUIET="1")
    assert re.search(r"(?m)^\| \*\*medplum-lint \(now\)\*\* \| [\d.]+ \|", done.stdout)
    assert not re.search(r"exit \d", done.stdout)
