"""What a run costs by part and by function, how many rules are run in it, and how many instructions it takes: for each version of ours."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from .install import Version
from .measure import clean_environment
from .profiled import COUNTED

PROFILED: Final = Path(__file__).with_name("profiled.py")
_RUNS: Final = 3
_LEAST: Final = 0.01
"""The share of a run below which a part is not listed separately."""


class Profile(NamedTuple):
    """A run of a version: what it was given, instructions if they were counted, and what the profiler found."""

    version: str
    given: str
    instructions: int | None
    found: dict[str, Any]


def profiles(versions: Sequence[Version], given: Sequence[str], folder: Path) -> list[Profile]:
    """The profile of each version with each input."""
    return [profile(version, name, folder) for name in given for version in versions]


def profile(version: Version, given: str, folder: Path) -> Profile:
    """The profile of a run; of several short ones that which took least time, because others of the machine disturbed it least."""
    is_long = (folder / given).is_dir()
    found = [_found(version, given, folder) for _ in range(1 if is_long else _RUNS)]
    least = min(found, key=lambda one: float(one["seconds"]))
    counted = None if is_long else instructions([version.commands / "medplum-lint", given], folder)
    return Profile(version.name, given, counted, least)


def _found(version: Version, given: str, folder: Path) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        command = [version.commands / "python", "-I", PROFILED, output.name, given]
        # Otherwise the process ends before the profile is written.
        environment = {**clean_environment(), "MEDPLUM_LINT_DEBUG": "1"}
        subprocess.run(list(map(str, command)), cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        loaded: dict[str, Any] = json.loads(Path(output.name).read_text(encoding="utf-8"))
        return loaded


def instructions(command: Sequence[str | Path], folder: Path) -> int | None:
    """How many instructions a command takes, by Valgrind, which counts them on every machine; None where there is none.

    What depends on the order in a set takes the same in each run.
    """
    if shutil.which("valgrind") is None:
        return None
    counting = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", *map(str, command)]
    environment = {**clean_environment(), "PYTHONHASHSEED": "0"}
    done = subprocess.run(counting, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    return int(found[1].replace(",", "")) if found else None


def tables(found: Sequence[Profile]) -> str:
    """What was found, as Markdown."""
    given = dict.fromkeys(one.given for one in found)
    return "\n\n".join(_tables([one for one in found if one.given == name]) for name in given)


def _tables(found: Sequence[Profile]) -> str:
    heads = " | ".join(one.version for one in found)
    line = f"| --- |{' ---: |' * len(found)}"
    counted = [f"{one.instructions / 1e6:,.1f}" for one in found if one.instructions]
    counts = [
        *([f"| million instructions | {_cells(counted)} |"] if len(counted) == len(found) else []),
        f"| modules imported | {_cells(one.found['modules'] for one in found)} |",
        *(f"| {says} | {_cells(format(one.found['counts'][says], ',') for one in found)} |" for says in COUNTED),
    ]
    parts = [f"| {part} | {_cells(f'{taken:,.1f}' for taken in row)} |" for part, row in _by_part(found)]
    functions = [
        f"{one.version}:\n\n| function | calls | ms |\n| --- | ---: | ---: |\n"
        + "\n".join(f"| `{name}` | {calls:,} | {1000 * seconds:.1f} |" for name, calls, seconds in one.found["functions"])
        for one in found
    ]
    return "\n\n".join(
        [
            f"### `{found[0].given}`",
            "\n".join([f"| a run | {heads} |", line, *counts]),
            "\n".join([f"| ms under the profiler, by part | {heads} |", line, *parts]),
            "The functions that take most, with what they call in C:",
            *functions,
        ]
    )


def _cells(values: Iterable[object]) -> str:
    return " | ".join(map(str, values))


def _by_part(found: Sequence[Profile]) -> list[tuple[str, list[float]]]:
    """The milliseconds of each part in each version: of those that count in one of them, of all else, and of all."""
    counts = {part for one in found for part, seconds in one.found["parts"].items() if seconds >= _LEAST * one.found["seconds"]}
    rows = [(part, [1000 * float(one.found["parts"].get(part, 0)) for one in found]) for part in counts]
    rows.sort(key=lambda row: -max(row[1]))
    sums = [1000 * float(one.found["seconds"]) for one in found]
    rest = [total - sum(row[number] for _, row in rows) for number, total in enumerate(sums)]
    return [*rows, ("all else", rest), ("**all**", sums)]
