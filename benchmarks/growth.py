"""How the time of a run grows with its input: four sizes of each thing that can be many."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from .inputs import GROWING, grown_path, size_of, sizes_of
from .install import Version
from .measure import Case, Limits, Measured, clean_environment, measure

DRAW: Final = Path(__file__).with_name("plot.py")


class Series(NamedTuple):
    """What is counted, how many there are in each size, and the bytes of text, the seconds, and the bytes of memory that each takes."""

    name: str
    counted: str
    sizes: Sequence[int]
    texts: Sequence[int]
    seconds: Sequence[float]
    peaks: Sequence[int]

    @property
    def line(self) -> tuple[float, float]:
        """Seconds for one more, and for none: the straight line that fits best."""
        slope, intercept = statistics.linear_regression(self.sizes, self.seconds)
        return slope, intercept

    @property
    def fit(self) -> float:
        """How well that line fits: 1 is exactly."""
        return statistics.correlation(self.sizes, self.seconds) ** 2

    @property
    def memory(self) -> float:
        """Bytes of memory for one more of text."""
        return statistics.linear_regression(self.texts, self.peaks).slope

    @property
    def last_step(self) -> float:
        """How many times as long the last doubling takes as the one before it: linear time takes twice, quadratic four times as long."""
        *_, before, middle, last = self.seconds
        return (last - middle) / (middle - before) if middle > before else float("nan")


def grow(version: Version, folder: Path, limits: Limits, quick: bool) -> tuple[list[Series], list[str]]:
    """Measure all sizes in turn: the series, and what is wrong with the sizes for which others are left out."""
    commands = [version.commands / "medplum-lint"]
    cases = {
        name: [Case(f"{name} {size}", [*commands, grown_path(folder, name, size).name], (0, 1)) for size in sizes_of(name, quick)]
        for name in GROWING
    }
    found = {one.case.name: one for one in measure([case for each in cases.values() for case in each], folder, limits)}
    problems = {one.case.name: one.problem or "stopped" for one in found.values() if one.problem or one.was_stopped}
    series = [
        _series(name, sizes_of(name, quick), [found[case.name] for case in of_name], folder)
        for name, of_name in cases.items()
        if problems.keys().isdisjoint(case.name for case in of_name)
    ]
    return series, [f"{name}: {problem}" for name, problem in problems.items()]


def _series(name: str, sizes: Sequence[int], measured: Sequence[Measured], folder: Path) -> Series:
    """The shortest run of each size: what others of the machine do only adds to it."""
    seconds = [min(run.seconds for run in one.runs.values()) for one in measured]
    texts = [size_of(grown_path(folder, name, size)) for size in sizes]
    return Series(name, GROWING[name].counted, sizes, texts, seconds, [one.peak for one in measured])


def table(series: Sequence[Series]) -> str:
    """What was measured, as Markdown."""
    rows = [
        f"| {one.counted} | {_times(one)} | {1e6 * one.line[0]:,.1f} | {one.fit:.4f} | {one.last_step:.2f} | {one.memory:.1f} |"
        for one in series
    ]
    head = "| what grows | first size | second | third | fourth | µs for one more | R² | last step | memory |"
    return "\n".join([head, f"| --- |{' ---: |' * 8}", *rows])


def _times(one: Series) -> str:
    return " | ".join(f"{size:,}: {1000 * seconds:,.0f} ms" for size, seconds in zip(one.sizes, one.seconds, strict=True))


def draw(python: Path, series: Sequence[Series], picture: Path) -> None:
    """Draw what was measured, by a Python that has matplotlib."""
    data: list[dict[str, Any]] = [{**one._asdict(), "slope": one.line[0], "intercept": one.line[1], "fit": one.fit} for one in series]
    subprocess.run(
        [str(python), "-I", str(DRAW), str(picture)], input=json.dumps(data), encoding="utf-8", env=clean_environment(), check=True
    )
