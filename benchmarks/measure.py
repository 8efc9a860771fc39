"""Runs of commands, in turn with each other: how long each takes, and how it compares with another in the same round."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

SPAWN: Final = Path(__file__).with_name("spawn.py")
WARM_UPS: Final = 2
"""Runs that count for nothing, of a command that is quick: they write byte code and fill the disk's cache."""


class Case(NamedTuple):
    """A command: its name in tables, what is run, its exit codes, a pattern that its output must have, and the version if it is ours.

    Any other exit code or output means that it has failed, and does not count as a fast run.
    """

    name: str
    command: Sequence[str | Path]
    statuses: tuple[int, ...] = (0,)
    says: str = ""
    version: str = ""


class Run(NamedTuple):
    """What one run took: seconds by the clock and of the processor, and bytes at most. The status is None if it was stopped."""

    seconds: float
    processor: float
    peak: int
    status: int | None


class Measured(NamedTuple):
    """The runs of a command by round, or why there are none."""

    case: Case
    runs: dict[int, Run]
    problem: str = ""

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(run.seconds for run in self.runs.values())

    @property
    def quartiles(self) -> tuple[float, float]:
        """Seconds between which half of the runs are."""
        taken = [run.seconds for run in self.runs.values()]
        if len(taken) < 2:
            return taken[0], taken[0]
        first, _, third = statistics.quantiles(taken, n=4, method="inclusive")
        return first, third

    @property
    def was_stopped(self) -> bool:
        """Whether it took longer than the timeout."""
        return any(run.status is None for run in self.runs.values())

    @property
    def peak(self) -> int:
        """Bytes."""
        return max(run.peak for run in self.runs.values())

    def ratio(self, other: Measured) -> float:
        """How many times as long as another: the median of the ratios in the rounds that both have, or of the medians if there is none."""
        both = [run.seconds / other.runs[number].seconds for number, run in self.runs.items() if number in other.runs]
        return statistics.median(both) if both else self.median / other.median


class Limits(NamedTuple):
    """How long to measure: rounds, seconds for all runs of one command, seconds after which one run is stopped."""

    rounds: int
    budget: float
    timeout: float


def clean_environment() -> dict[str, str]:
    """Ours, without what changes how Python, Node.js or a linter runs: byte code is written, and nothing of this process is on the path."""
    return {
        name: value
        for name, value in os.environ.items()
        if not re.match("PYTHON|VIRTUAL_ENV|NODE_|MEDPLUM_LINT|NO_COLOR|FORCE_COLOR", name)
    }


def run_once(case: Case, folder: Path, timeout: float) -> tuple[Run, str]:
    """Run a command; what it took, and what it wrote."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as output:
        command = [sys.executable, "-I", "-S", str(SPAWN), str(timeout), str(folder), output.name, *map(str, case.command)]
        done = subprocess.run(command, env=clean_environment(), capture_output=True, encoding="utf-8", check=True)
        return Run(**json.loads(done.stdout)), Path(output.name).read_text(encoding="utf-8", errors="replace")


def problem_of(case: Case, run: Run, output: str) -> str:
    """Why a run is not what was asked for; empty if it is."""
    if run.status is None:
        return ""
    if run.status not in case.statuses or not re.search(case.says, output):
        last = " / ".join(output.strip().splitlines()[-3:])
        return f"exit {run.status}: {last[-300:]}"
    return ""


def measure(cases: Iterable[Case], folder: Path, limits: Limits) -> list[Measured]:
    """Run each command in turn with the others, as often as the limits let it."""
    measured = [_warm(case, folder, limits) for case in cases]
    wanted = [0 if one.problem else wanted_runs(one, limits) for one in measured]
    for number in range(limits.rounds):
        turn = list(zip(measured, wanted, strict=True))
        for one, count in turn if number % 2 else reversed(turn):
            if is_due(number, count, limits.rounds):
                one.runs[number], _ = run_once(one.case, folder, limits.timeout)
    return measured


def _warm(case: Case, folder: Path, limits: Limits) -> Measured:
    """The command with its first run, which counts only if there will be no other."""
    try:
        run, output = run_once(case, folder, limits.timeout)
    except subprocess.CalledProcessError as error:
        return Measured(case, {}, f"cannot be run: {error.stderr.strip().splitlines()[-1]}")
    problem = problem_of(case, run, output)
    if problem or run.status is None or run.seconds > limits.budget:
        return Measured(case, {} if problem else {-1: run}, problem)
    for _ in range(WARM_UPS - 1 if run.seconds < limits.budget / 20 else 0):
        run, _ = run_once(case, folder, limits.timeout)
    return Measured(case, {-1: run}, problem)


def wanted_runs(one: Measured, limits: Limits) -> int:
    """How many runs there is time for. What was run once and has time for more forgets that run."""
    [run] = one.runs.values()
    if run.status is None or run.seconds > limits.budget:
        return 0
    one.runs.clear()
    return min(limits.rounds, max(int(limits.budget / run.seconds), 1))


def is_due(number: int, count: int, rounds: int) -> bool:
    """Whether a command that is run so many times has a run in this round: they are spread over all rounds."""
    return (number + 1) * count // rounds > number * count // rounds
