"""How long a whole run takes on a small clean file, next to a bare interpreter and to two other linters.

python benchmarks/startup.py [--runs 40] [--imports]

Everything is installed in one new virtual environment: the wheel of this checkout, yamllint and check-jsonschema. Each command is the
environment's own python or console script, and is run in turn with all others, so that a busy moment of the machine hits all alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "benchmarks" / "clean.json"
SCHEMA = ROOT / "schemas" / "medplum-server-config.schema.json"
OTHERS = ("yamllint", "check-jsonschema")
_LONG_LINES = "{extends: default, rules: {line-length: disable, braces: disable, brackets: disable, document-start: disable}}"


class Case(NamedTuple):
    """What is measured: a name for people, and a command that succeeds."""

    name: str
    command: Sequence[str | Path]


def main() -> None:
    """Install, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40, help="how often each command is timed (default 40)")
    parser.add_argument("--imports", action="store_true", help="print the most expensive imports of ours instead")
    options = parser.parse_args()
    # Without byte code every run would compile all modules again, which no user's runs do.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        commands = install(Path(folder))
        if options.imports:
            print(imports(commands))
        else:
            print(table(measure(cases(commands), options.runs), commands, options.runs))


def install(folder: Path) -> Path:
    """A new environment with all that is compared; the folder of its commands."""
    _run(sys.executable, "-m", "venv", folder / "venv")
    commands = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(".*", "node_modules", "build", "*.egg-info"))
    _run(commands / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, folder / "source")
    _run(commands / "python", "-m", "pip", "install", "--quiet", *folder.glob("*.whl"), *OTHERS)
    return commands


def cases(commands: Path) -> list[Case]:
    """The commands to compare; the first is what the others are related to."""
    python = commands / "python"
    return [
        Case("`python -c pass`", [python, "-c", "pass"]),
        Case('`python -c "import click"`', [python, "-c", "import click"]),
        Case("**`medplum-lint clean.json`**", [commands / "medplum-lint", FILE]),
        Case("`yamllint clean.json`", [commands / "yamllint", "-d", _LONG_LINES, FILE]),
        Case("`check-jsonschema clean.json`", [commands / "check-jsonschema", "--schemafile", SCHEMA, FILE]),
    ]


def measure(compared: list[Case], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each run of each case. Two rounds before the first that counts write byte code and warm the disk's cache."""
    times: dict[str, list[float]] = {case.name: [] for case in compared}
    for number in range(-2, runs):
        for case in compared:
            start = time.perf_counter()
            _run(*case.command)
            if number >= 0:
                times[case.name].append(1000 * (time.perf_counter() - start))
    return times


def table(times: dict[str, list[float]], commands: Path, runs: int) -> str:
    """The medians as a Markdown table, with what they depend on."""
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    bare = next(iter(medians.values()))
    rows = [f"| {name} | {median:.0f} | {median / bare:.1f} |" for name, median in medians.items()]
    versions = ", ".join(f"{name} {_version(commands, name)}" for name in ("medplum-lint", "click", *OTHERS))
    return "\n".join(
        [
            "| command | median, ms | × bare interpreter |",
            "| --- | ---: | ---: |",
            *rows,
            "",
            f"{runs} interleaved runs of each; Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
            f"{os.cpu_count()} cores; {versions}; a file of {FILE.stat().st_size:,} bytes.",
        ]
    )


def imports(commands: Path, most: int = 25) -> str:
    """The modules that take longest to import in one of our runs, by their own time, in microseconds."""
    command = [str(commands / "python"), "-X", "importtime", str(commands / "medplum-lint"), str(FILE)]
    _run(*command)
    said = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stderr
    found = re.findall(r"import time: +(\d+) \| +(\d+) \| +(\S+)", said)
    slowest = sorted(((int(own), int(total), name) for own, total, name in found), reverse=True)[:most]
    return "\n".join(["    own   total  module", *(f"{own:7} {total:7}  {name}" for own, total, name in slowest)])


def _version(commands: Path, name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return _run(commands / "python", "-c", code).strip()


def _run(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, encoding="utf-8", cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
