"""What was measured, as Markdown, with all that it depends on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from .install import NOW, Installed
from .measure import Measured
from .rows import BARE, LOAD, Goal, Row

_MIB: Final = 1 << 20
_OURS: Final = "medplum-lint"
_NOT_TOLD: Final = frozenset({_OURS, "pip", "setuptools"})
_SHORT: Final = ("clean", "files", "dump", "huge")
"""The rows that all tools are in."""
_TOOLS: Final = (BARE, LOAD, "jsonvet", "biome", "zizmor", "yamllint", "check-jsonschema", "ajv", "spectral", "cfn-lint")


class Result(NamedTuple):
    """A row with what was measured, and the bytes of its text."""

    row: Row
    measured: Sequence[Measured]
    size: int

    def of(self, command: str, version: str = NOW) -> Measured | None:
        """What was measured of a command, of ours in that version; None if nothing was."""
        for one in self.measured:
            if one.case.name == command and one.case.version in ("", version) and one.runs:
                return one
        return None


# --- Numbers ---


def milliseconds(one: Measured | None) -> str:
    """The median; of what was stopped, when it was."""
    if one is None:
        return ""
    if one.was_stopped:
        return f"> {one.median:,.0f} s"
    return _in_ms(one.median)


def _in_ms(seconds: float) -> str:
    taken = 1000 * seconds
    return f"{taken:.1f}" if taken < 20 else f"{taken:,.0f}"


def ratio(one: Measured, other: Measured) -> str:
    """How many times as long, at least that if it was stopped."""
    if other.was_stopped:
        return ""
    return f"{'> ' if one.was_stopped else ''}{_short(one.ratio(other))}"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def value_of(goal: Goal, result: Result) -> float | None:
    """What a goal is about, in its unit; None if it was not measured."""
    one, bare = result.of(goal.command), result.of(BARE)
    if one is None or one.was_stopped:
        return None
    if goal.unit == "times":
        other = result.of(goal.to)
        return one.ratio(other) if other is not None else None
    if goal.unit == "ms":
        return 1000 * one.median
    if goal.unit == "MiB":
        return one.peak / _MIB
    if goal.unit == "MB/s":
        return result.size / one.median / 1e6
    return (one.peak - bare.peak) / result.size if bare is not None else None


def is_met(goal: Goal, value: float) -> bool:
    """Whether a value keeps to a goal."""
    return value >= goal.limit if goal.unit == "MB/s" else value <= goal.limit


_UNITS: Final[Mapping[str, str]] = {"ms": " ms", "MiB": " MiB at most in memory", "MB/s": " MB/s", "of the text": " × the text in memory"}


def _goal(goal: Goal) -> str:
    unit = f" × {goal.to}" if goal.unit == "times" else _UNITS[goal.unit]
    return f"{'≥' if goal.unit == 'MB/s' else '≤'} {goal.limit:,g}{unit}"


# --- Tables ---


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, whose first column is text."""
    line = f"| --- |{' ---: |' * (len(heads) - 1)}"
    return "\n".join([f"| {' | '.join(heads)} |", line, *(f"| {' | '.join(cells)} |" for cells in rows)])


def short_table(results: Sequence[Result]) -> str:
    """Every tool on the inputs that all of them read, in milliseconds."""
    shown = [result for result in results if result.row.name in _SHORT]
    tools = [tool for tool in _TOOLS if any(result.of(tool) for result in shown)]
    rows = [
        [_title(result), *(milliseconds(result.of(tool)) for tool in tools), f"**{milliseconds(result.of(_OURS))}**"] for result in shown
    ]
    return _table(["milliseconds", *(f"`{tool}`" if tool in (BARE, LOAD) else tool for tool in tools), f"**{_OURS}**"], rows)


def _title(result: Result) -> str:
    return f"{result.row.title}, {_size(result.size)}" if result.size > 10_000 and result.row.text != "files" else result.row.title


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 1e8 else f"{size / 1e6:,.0f} MB"


def goals_table(results: Sequence[Result]) -> str:
    """Each goal, and what was measured."""
    rows = []
    for result in results:
        for goal in result.row.goals:
            value = value_of(goal, result)
            met = "not measured" if value is None else "yes" if is_met(goal, value) else "**no**"
            rows.append([result.row.title, goal.command, _goal(goal), "" if value is None else _short(value), met])
    return _table(["what", "command", "goal", "measured", "met"], rows)


def sides_table(results: Sequence[Result], versions: Sequence[str]) -> str:
    """Our versions side by side, in milliseconds; the ratios are those of the rounds that both had."""
    now, *older = versions
    rows = []
    for result in results:
        for command in dict.fromkeys(one.case.name for one in result.measured if one.case.version):
            new = result.of(command)
            cells = [f"{result.row.title}: {command}" if command != _OURS else result.row.title, milliseconds(new)]
            for version in older:
                old = result.of(command, version)
                cells += [milliseconds(old), ratio(old, new) if old and new else ""]
            if any(cells[2:]):
                rows.append(cells)
    return _table(["milliseconds", now, *(head for version in older for head in (version, f"× {now}"))], rows)


def row_table(result: Result) -> str:
    """All that was measured of a row: the commands in the order of their medians."""
    first = next((one for one in result.measured if one.runs), None)
    rows = []
    for one in sorted(result.measured, key=lambda one: one.median if one.runs else float("inf")):
        name = f"**{_named(one)}**" if one.case.version == NOW else _named(one)
        if not one.runs or first is None:
            rows.append([name, one.problem, "", "", "", ""])
            continue
        low, high = one.quartiles
        spread = "" if len(one.runs) < 2 else f"{_in_ms(low)} to {_in_ms(high)}"
        count = "stopped" if one.was_stopped else str(len(one.runs))
        rows.append([name, milliseconds(one), spread, ratio(one, first), f"{one.peak / _MIB:,.0f}", count])
    base = f"× {_named(first)}" if first is not None else ""
    return _table(["command", "median, ms", "half of the runs", base, "memory, MiB", "runs"], rows)


def _named(one: Measured) -> str:
    if not one.case.version:
        return f"`{one.case.name}`" if one.case.name in (BARE, LOAD) else one.case.name
    return f"{one.case.name} ({one.case.version})"


# --- The page ---


def machine() -> str:
    """What the numbers depend on of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory; "
        f"{platform.system()} {platform.release()} {platform.machine()}; Python {platform.python_version()}"
    )


def _processor() -> str:
    """The model, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "a processor of unknown model"


def versions_text(installed: Installed) -> str:
    """What was measured, by version, and what could not be."""
    ours = ", ".join(f"{version.name} is {version.commit}" if version.name == NOW else version.name for version in installed.versions)
    names = sorted(set(installed.packages) - _NOT_TOLD, key=str.lower)
    packages = ", ".join(f"{name} {installed.packages[name]}" for name in names)
    missing = "".join(f"\nMissing: {name} ({reason})." for name, reason in installed.missing.items())
    return f"Versions of medplum-lint: {ours}. Packages: {packages}.{missing}"


def sections(results: Sequence[Result], installed: Installed, quick: bool) -> list[str]:
    """The part of the page that is made of rows. The goals are about files of full size."""
    versions = [version.name for version in installed.versions]
    made = [f"## All tools\n\n{short_table(results)}"] if any(result.row.name in _SHORT for result in results) else []
    if not quick:
        made.append(f"## Goals\n\n{goals_table(results)}")
    if len(versions) > 1:
        made.append(f"## Older versions\n\n{sides_table(results, versions)}")
    made.append("## Each row")
    for result in results:
        note = f"\n\n{result.row.note}" if result.row.note else ""
        made.append(f"### {_title(result)}{note}\n\n{row_table(result)}")
    return made
